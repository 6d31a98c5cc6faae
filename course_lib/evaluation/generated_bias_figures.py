"""Figures and tables of bias in generated text, in the reader's language."""

import pandas as pd
from matplotlib.patches import Patch

from ..canvas import INK, CourseFigure, new_page, styled
from ..errors import CourseError
from ..exaggerated_safety.overview import Sentences, with_texts
from ..language import text
from ..measures import Estimate
from ..tables import need_columns
from .bbq import domain_name
from .dots import Panel, plot_dots
from .generated_bias import REGARDS

# Blue against orange, told apart with any kind of colour vision; the middle is grey.
REGARD_COLOURS = {"negative": "#D55E00", "neutral": "#DCDCDC", "positive": "#0072B2"}


def show_prompts(prompts: pd.DataFrame, n: int = 4) -> Sentences:
    """The first ``n`` templates, and under them the groups that each is written for."""
    domains = prompts.drop_duplicates(["domain", "group"]).groupby("domain", sort=False)
    groups = [
        f"{domain_name(domain)}{text('generated_bias.colon')}"
        + text("generated_bias.comma").join(rows["group"])
        for domain, rows in domains
    ]
    first = prompts.drop_duplicates("id").head(n)
    rows = [
        {text("generated_bias.column_prompt"): row["template"].replace("{group}", "……")}
        for row in first.to_dict("records")
    ]
    return Sentences(pd.DataFrame(rows), text("generated_bias.semicolon").join(groups))


def look_at(scored: pd.DataFrame, n: int = 6, seed: int = 0) -> Sentences:
    """Some continuations with their verdicts. Those scored as toxic are not shown."""
    scored = with_texts(scored)
    if not len(scored):
        raise CourseError("generated_bias.empty")
    shown = scored.sample(min(n, len(scored)), random_state=seed)
    written = [
        text("generated_bias.hidden") if toxic or listed else _clipped(one)
        for one, toxic, listed in zip(
            shown["continuation"], shown["toxic"], shown["listed"], strict=True
        )
    ]
    return Sentences(
        pd.DataFrame(
            {
                text("generated_bias.column_prompt"): list(shown["prompt"]),
                text("generated_bias.column_continuation"): written,
                text("generated_bias.column_regard"): [
                    text(f"toxicity.{label}") for label in shown["regard"]
                ],
                text("generated_bias.column_score"): shown["regard_score"].map("{:.2f}".format),
            }
        )
    )


def show_rates(table: pd.DataFrame) -> pd.DataFrame:
    """``group_rates`` in words: toxic share and mean regard with their intervals."""
    rows = table.to_dict("records")
    shown = pd.DataFrame(index=_names(table))
    shown["n"] = table["n"].to_list()
    for column, form, key in (
        ("toxic", ".0%", "column_toxic"),
        ("toxic_corrected", ".0%", "column_toxic_corrected"),
        ("regard", ".2f", "column_mean_regard"),
    ):
        shown[text(f"generated_bias.{key}")] = [
            format(_estimate(row, column), form) for row in rows
        ]
    return shown


@styled
def plot_regard(table: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """Negative, neutral and positive continuations as shares of a bar, one bar a group.

    table: from ``group_rates``.
    """
    need_columns(table, (*REGARDS, "n"))
    if not len(table):
        raise CourseError("generated_bias.empty")
    names = _names(table)
    title = title or text("generated_bias.title_regard")
    legend = [Patch(facecolor=REGARD_COLOURS[r], label=text(f"toxicity.{r}")) for r in REGARDS]
    low, high = int(table["n"].min()), int(table["n"].max())
    n = str(low) if low == high else text("figures.range", low=low, high=high)
    footer = [text("generated_bias.footer_regard", n=n)]
    fig, (axis,) = new_page(title, legend, footer, 1, 0.3 * len(table))
    said = []
    for place, row in enumerate(table.to_dict("records")):
        start, shares = 0.0, []
        for name in REGARDS:
            share = 100 * row[name]
            gid = f"{names[place]}|{name}"
            axis.barh(place, share, left=start, height=0.7, color=REGARD_COLOURS[name], gid=gid)
            if share >= 8:
                ink = INK if name == "neutral" else "white"
                middle = start + share / 2
                axis.text(middle, place, f"{share:.0f}", ha="center", va="center", color=ink)
            start += share
            shares.append(f"{text(f'toxicity.{name}')} {share:.0f}%")
        value = text("figures.separator").join(shares)
        said.append(text("figures.alt_value", name=names[place], value=value))
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(0, 100)
    axis.set_xlabel(text("generated_bias.axis_share"), loc="left")
    panels = text("figures.semicolon").join(said)
    fig.course_alt = text("figures.alt", title=title, panels=panels).strip()
    return fig


def plot_gaps(gaps: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """Gaps between the groups of a pair, with intervals; gaps: from ``counterfactual_gaps``.

    A row a pair, a colour each model and language where the table has several.
    """
    need_columns(gaps, ["gap"])
    hues = [c for c in ("model", "lang") if c in gaps and gaps[c].nunique() > 1]
    points = pd.DataFrame(
        {
            "row": _pairs(gaps.drop(columns=hues)),
            "hue": [_join(row, hues) for row in gaps.to_dict("records")],
            "value": gaps["gap"],
            "low": gaps["gap_low"],
            "high": gaps["gap_high"],
        }
    )
    reach = max(0.5, points[["low", "high"]].abs().max().max())
    panel = Panel(text("generated_bias.panel_gaps"), points, {text("generated_bias.no_gap"): 0.0})
    title = title or text("generated_bias.title_gaps")
    footer = [text("generated_bias.footer_gaps", n=int(gaps["prompts"].min()))]
    return plot_dots(title, [panel], text("generated_bias.axis_gap"), footer, (-reach, reach))


def plot_shift(shifts: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """How far a group's mere name moves the scorer; shifts: from ``scorer_shift``."""
    need_columns(shifts, ["shift"])
    points = pd.DataFrame(
        {
            "row": shifts["group"],
            "hue": "",
            "value": shifts["shift"],
            "low": shifts["shift_low"],
            "high": shifts["shift_high"],
        }
    )
    reach = max(0.2, points[["low", "high"]].abs().max().max())
    panel = Panel(text("generated_bias.panel_shift"), points, {text("generated_bias.no_gap"): 0.0})
    title = title or text("generated_bias.title_shift")
    footer = [text("generated_bias.footer_shift", n=int(shifts["n"].min()))]
    return plot_dots(title, [panel], text("generated_bias.axis_shift"), footer, (-reach, reach))


def _pairs(gaps: pd.DataFrame) -> list[str]:
    rows = gaps.to_dict("records")
    keys = [c for c in ("model", "lang") if c in gaps and gaps[c].nunique() > 1]
    pairs = [text("generated_bias.pair", a=row["group_a"], b=row["group_b"]) for row in rows]
    return [
        text("figures.separator").join(filter(None, (_join(row, keys), pair)))
        for row, pair in zip(rows, pairs, strict=True)
    ]


def _names(table: pd.DataFrame) -> list[str]:
    """What a row is called; a column with a single value in all rows is left out."""
    columns = [c for c in ("model", "lang", "domain", "group") if c in table]
    several = [c for c in columns if table[c].nunique() > 1 and c != "domain"] or columns[:1]
    return [_join(row, several) for row in table.to_dict("records")]


def _join(row: dict, columns: list[str]) -> str:
    said = [text(f"language.{row[c]}") if c == "lang" else str(row[c]) for c in columns if c in row]
    return text("figures.separator").join(said)


def _estimate(row: dict, column: str) -> Estimate:
    return Estimate(row[column], row[f"{column}_low"], row[f"{column}_high"], int(row["n"]))


def _clipped(one: str, most: int = 90) -> str:
    return one if len(one) <= most else one[: most - 1] + "…"
