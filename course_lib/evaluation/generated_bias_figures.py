"""Figures and tables of bias in generated text, in the reader's language."""

import pandas as pd

from ..canvas import CourseFigure
from ..errors import CourseError
from ..language import text
from ..sentences import Sentences, with_texts
from ..tables import need_columns, need_rows
from .bbq import domain_name
from .dots import Panel, plot_dots, span
from .generated_bias import FEWEST_LABELS, MEASURES, label_counts

# What is neutral is what the other two leave.
_SHOWN = ("negative", "positive", "toxic")


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


def plot_shares(table: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """Negative, positive and toxic shares of each group's continuations, with intervals.

    A row a group, a colour each model and language where the table has several. A share that
    can be corrected for the scorer's own error gets a panel more; the footer says what the
    correction rests on, and why the others have none. table: from ``group_rates``.
    """
    need_columns(table, (*_SHOWN, "n"))
    need_rows(table)
    hues = [c for c in ("model", "lang") if c in table and table[c].nunique() > 1]
    corrected = [name for name in _SHOWN if table[f"{name}_corrected"].notna().any()]
    panels = [
        Panel(text(f"generated_bias.panel_{name}"), _points(table, name, hues)) for name in _SHOWN
    ]
    panels += [
        Panel(
            text("generated_bias.panel_corrected", name=text(f"toxicity.{name}")),
            _points(table, f"{name}_corrected", hues),
        )
        for name in corrected
    ]
    title = title or text("generated_bias.title_regard")
    footer = [text("generated_bias.footer_shares", n=span(table["n"])), *_corrections(table)]
    return plot_dots(title, panels, text("generated_bias.axis_share"), footer)


def _points(table: pd.DataFrame, column: str, hues: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": table["group"].astype(str),
            "hue": [_join(row, hues) for row in table.to_dict("records")],
            "value": 100 * table[column],
            "low": 100 * table[f"{column}_low"],
            "high": 100 * table[f"{column}_high"],
        }
    )


def _corrections(table: pd.DataFrame) -> list[str]:
    """What the corrected shares rest on; which there are none of, and why."""
    langs = table["lang"].unique() if "lang" in table else []
    if len(langs) != 1:
        return [text("generated_bias.uncorrected_langs")]
    said: dict[str, list[str]] = {"corrected": [], "uncorrected": []}
    for name in _SHOWN:
        counts = label_counts(name, langs[0])
        few = min(n for _, n in counts) < FEWEST_LABELS
        kind = "uncorrected" if few else "corrected"
        one = text("generated_bias.labelled", name=text(f"toxicity.{name}"), n=counts[0][1])
        said[kind].append(one)
    return [
        text(f"generated_bias.{kind}", said=text("generated_bias.comma").join(names))
        for kind, names in said.items()
        if names
    ]


def plot_gaps(gaps: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """Gaps between the groups of a pair, with intervals; gaps: from ``counterfactual_gaps``.

    A row a pair, a panel a measure, a colour each model and language where there are several.
    """
    need_columns(gaps, ["gap", "measure"])
    need_rows(gaps)
    hues = [c for c in ("model", "lang") if c in gaps and gaps[c].nunique() > 1]
    panels = []
    for measure in filter(set(gaps["measure"]).__contains__, MEASURES):
        mine = gaps[gaps["measure"] == measure]
        points = pd.DataFrame(
            {
                "row": _pairs(mine),
                "hue": [_join(row, hues) for row in mine.to_dict("records")],
                "value": mine["gap"],
                "low": mine["gap_low"],
                "high": mine["gap_high"],
            }
        )
        name = text(f"generated_bias.panel_gaps_{measure}")
        panels.append(Panel(name, points, {text("generated_bias.no_gap"): 0.0}))
    reach = max(0.5, gaps[["gap_low", "gap_high"]].abs().max().max())
    title = title or text("generated_bias.title_gaps")
    footer = [text("generated_bias.footer_gaps", n=int(gaps["prompts"].min()))]
    return plot_dots(title, panels, text("generated_bias.axis_gap"), footer, (-reach, reach))


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
    return [text("generated_bias.pair", a=row["group_a"], b=row["group_b"]) for row in rows]


def _join(row: dict, columns: list[str]) -> str:
    said = [text(f"language.{row[c]}") if c == "lang" else str(row[c]) for c in columns if c in row]
    return text("figures.separator").join(said)


def _clipped(one: str, most: int = 90) -> str:
    return one if len(one) <= most else one[: most - 1] + "…"
