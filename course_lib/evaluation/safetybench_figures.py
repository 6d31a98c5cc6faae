"""SafetyBench's figures, reading tables, and sentences computed from the tables."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.patches import Patch

from ..canvas import INK, LINE, CourseFigure, new_page, styled
from ..errors import choice
from ..figures import COLOURS
from ..language import LANGUAGES, phrases, text
from ..measures import Estimate
from ..sentences import Sentences, clip
from .dots import Panel, plot_dots
from .multiple_choice import LETTERS
from .safetybench import accuracy, category_name, difference, grade

# Right is the dark end of one hue; every way of failing to answer is its own grey.
_OUTCOME_COLOURS = {
    "right": "#0072B2",
    "wrong": "#BFD9EA",
    "empty": "#8C8C8C",
    "no_choice": "#A8A8A8",
    "several": "#C2C2C2",
    "contradiction": "#D6D6D6",
    "out_of_range": "#E8E8E8",
}


def shots_name(shots: int) -> str:
    """ "zero-shot", "5-shot", in the reader's language."""
    return text("safetybench.shots_0") if not shots else text("safetybench.shots_n", n=shots)


def model_name(name: str) -> str:
    """A model's own name; that of a baseline in the reader's language."""
    if name in ("chance", "longest"):
        return text(f"safetybench.{name}")
    if name.startswith("always_"):
        return text("safetybench.always", letter=name[-1])
    return name


def lang_name(lang: str) -> str:
    return text(f"language.{lang}")


# ---- figures ------------------------------------------------------------------------------


def plot_accuracy(
    table: pd.DataFrame, floor: pd.DataFrame, published: pd.DataFrame | None = None
) -> CourseFigure:
    """Accuracy of models and of those who do not read; a panel a language.

    table: ``accuracy(answers, by=("model", "lang", "shots"))``; zero- and five-shot are told
        apart by colour. floor: ``accuracy(baselines(questions), by=("model", "lang"))``; its
        chance and best constant letter are drawn as lines, too.
    published: from ``published_accuracy``, as grey rows below.
    """
    panels = []
    grey = []
    for lang in _langs(table):
        ours = _points(table[table["lang"] == lang], "model", "shots")
        ours = _with_absent(ours, list(dict.fromkeys(table["model"])))
        without = floor[floor["lang"] == lang]
        points = [ours]
        if published is not None:
            theirs = published[(published["lang"] == lang) & (published["set"] == "full")]
            names = [
                text("safetybench.published_row", model=row["model"], date=row["date"])
                for row in theirs.to_dict("records")
            ]
            grey += names
            hue = ours["hue"].iloc[0]
            points.append(_points(theirs.assign(model=names), "model", None).assign(hue=hue))
        values = dict(zip(without["model"], 100 * without["accuracy"], strict=True))
        letters = {name: value for name, value in values.items() if name.startswith("always_")}
        best = max(letters, key=letters.get)
        lines = {model_name("chance"): values["chance"]}
        lines |= {text("safetybench.best_letter"): letters[best]}
        lines |= {model_name("longest"): values["longest"]}
        panels.append(Panel(lang_name(lang), pd.concat(points), lines))
    footer = [_counted(table), text("safetybench.footer_interval")]
    footer += [text("safetybench.footer_published")] * (published is not None)
    title = text("safetybench.accuracy_title")
    fig = plot_dots(title, panels, text("safetybench.accuracy_axis"), footer, grey=grey)
    # The published rows borrow the first colour's place, but not its number of examples.
    first = panels[0].points["hue"].iloc[0] + text("figures.separator")
    for name in grey:
        fig.course_alt = fig.course_alt.replace(first + name, name)
    return fig


def plot_categories(table: pd.DataFrame, floor: pd.DataFrame) -> CourseFigure:
    """Accuracy by category, a panel a language, a colour a model; the line is chance.

    table: ``accuracy(answers, by=("model", "lang", "category"))``; floor: as in
    ``plot_accuracy``.
    """
    panels = []
    for lang in _langs(table):
        some = table[table["lang"] == lang]
        named = some.assign(category=[category_name(c) for c in some["category"]])
        chance = floor[(floor["lang"] == lang) & (floor["model"] == "chance")]["accuracy"]
        lines = {model_name("chance"): 100 * float(chance.mean())}
        panels.append(Panel(lang_name(lang), _points(named, "category", "model"), lines))
    footer = [_counted(table), text("safetybench.footer_interval")]
    title = text("safetybench.category_title")
    return plot_dots(title, panels, text("safetybench.accuracy_axis"), footer)


@styled
def plot_letters(shares: pd.DataFrame) -> CourseFigure:
    """How often each letter was chosen: a panel a language, a group of bars a model.

    shares: from ``letter_shares(answers)``.
    """
    letters = list(dict.fromkeys(shares["letter"]))
    langs = _langs(shares)
    title = text("safetybench.letters_title")
    legend = [Patch(facecolor=COLOURS[k], label=letter) for k, letter in enumerate(letters)]
    footer = [_counted(shares), text("safetybench.footer_letters")]
    fig, axes = new_page(title, legend, footer, len(langs), 1.9)
    said = []
    for axis, lang in zip(axes, langs, strict=True):
        values = []
        here = shares[shares["lang"] == lang]
        models = list(dict.fromkeys(here["model"]))
        for place, model in enumerate(models):
            some = here[here["model"] == model]
            for k, row in enumerate(some.to_dict("records")):
                at, gid = place + (k - (len(letters) - 1) / 2) * 0.2, f"{lang}|{model}|{k}"
                axis.bar(at, 100 * row["chosen"], width=0.18, color=COLOURS[k], gid=gid)
                axis.vlines(at, 100 * row["low"], 100 * row["high"], color=INK, linewidth=1)
            listed = (
                text("figures.alt_value", name=letter, value=f"{100 * share:.0f}%")
                for letter, share in zip(some["letter"], some["chosen"], strict=True)
            )
            said_of = text("figures.separator").join(listed)
            values.append(text("figures.alt_value", name=model, value=said_of))
        axis.axhline(100 / len(letters), color=INK, linestyle="--", linewidth=1)
        axis.set_ylim(0, 100)
        axis.set_xticks(range(len(models)), models)
        axis.tick_params(axis="x", labelcolor=INK)
        axis.grid(axis="y", color=LINE, linewidth=0.8)
        axis.set_ylabel(text("safetybench.chosen_axis"))
        axis.set_title(lang_name(lang))
        listed = text("figures.semicolon").join(values)
        said.append(text("figures.alt_panel", panel=lang_name(lang), values=listed))
    for axis in axes[1:]:
        axis.set_ylabel("")
    fig.course_alt = text("figures.alt", title=title, panels="".join(said)).strip()
    return fig


@styled
def plot_outcomes(table: pd.DataFrame) -> CourseFigure:
    """Right, wrong, and each way of not being parsed, as shares of a bar; a panel a language.

    table: ``outcomes(answers, by=("model", "lang", "method"))``.
    """
    kinds = [kind for kind in _OUTCOME_COLOURS if kind in table.columns]
    langs = _langs(table)
    table = table.assign(
        row=[
            text("figures.separator").join(
                (row["model"], text(f"safetybench.method_{row['method']}"))
            )
            for row in table.to_dict("records")
        ]
    )
    rows = list(dict.fromkeys(table["row"]))
    title = text("safetybench.outcomes_title")
    legend = [Patch(facecolor=_OUTCOME_COLOURS[k], label=outcome_name(k)) for k in kinds]
    fig, axes = new_page(title, legend, [_counted(table)], len(langs), 0.36 * len(rows))
    said = []
    for axis, lang in zip(axes, langs, strict=True):
        values = []
        for row in table[table["lang"] == lang].to_dict("records"):
            start = 0.0
            for kind in kinds:
                share = 100 * row[kind]
                gid = f"{lang}|{row['row']}|{kind}"
                colour = _OUTCOME_COLOURS[kind]
                axis.barh(rows.index(row["row"]), share, 0.7, start, color=colour, gid=gid)
                if share >= 9:
                    ink = "white" if kind == "right" else INK
                    spot = (start + share / 2, rows.index(row["row"]))
                    axis.text(*spot, f"{share:.0f}", ha="center", va="center", color=ink, size=8.5)
                start += share
            shares = (
                text("figures.alt_value", name=outcome_name(k), value=f"{100 * row[k]:.0f}%")
                for k in kinds
            )
            listed = text("figures.separator").join(shares)
            values.append(text("figures.alt_value", name=row["row"], value=listed))
        axis.set_yticks(range(len(rows)), rows)
        axis.set_ylim(len(rows) - 0.45, -0.55)
        axis.set_xlim(0, 100)
        axis.set_xlabel(text("safetybench.share_axis"), loc="left")
        axis.set_title(lang_name(lang))
        listed = text("figures.semicolon").join(values)
        said.append(text("figures.alt_panel", panel=lang_name(lang), values=listed))
    for axis in axes[1:]:
        axis.set_yticklabels([])
    fig.course_alt = text("figures.alt", title=title, panels="".join(said)).strip()
    return fig


def outcome_name(kind: str) -> str:
    if kind in ("right", "wrong"):
        return text(f"safetybench.{kind}")
    return text(f"safetybench.why_{kind}")


def _points(table: pd.DataFrame, row: str, hue: str | None) -> pd.DataFrame:
    hues = table[hue] if hue else [""] * len(table)
    if hue == "shots":
        hues = [shots_name(shots) for shots in hues]
    points = pd.DataFrame({"row": [model_name(r) for r in table[row]], "hue": list(hues)})
    for target, column in (("value", "accuracy"), ("low", "low"), ("high", "high")):
        points[target] = 100 * table[column].to_numpy(float)
    return points


def _with_absent(points: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """Empty points for models that did not sit this exam: every panel has the same rows."""
    absent = [name for name in models if name not in set(points["row"])]
    empty = pd.DataFrame({"row": absent, "hue": points["hue"].iloc[0]})
    empty = empty.assign(value=np.nan, low=np.nan, high=np.nan)
    return pd.concat([points, empty]).sort_values("row", key=lambda r: r.map(models.index))


def _langs(table: pd.DataFrame) -> list[str]:
    return [lang for lang in LANGUAGES if lang in set(table["lang"])]


def _counted(table: pd.DataFrame) -> str:
    low, high = int(table["n"].min()), int(table["n"].max())
    n = str(low) if low == high else text("figures.range", low=low, high=high)
    return text("safetybench.footer_n", n=n)


# ---- tables -------------------------------------------------------------------------------


def show_accuracy(table: pd.DataFrame) -> Sentences:
    """A table of accuracies, or of shares, to read: words, and "52.1 % [44, 60]"."""
    shown = pd.DataFrame(index=table.index)
    for column in table.columns:
        if column.endswith(("low", "high")):
            continue
        values = table[column]
        low, high = ("low", "high") if column == "accuracy" else (f"{column}_low", f"{column}_high")
        if low in table:
            fields = zip(values, table[low], table[high], table["n"], strict=True)
            values = [f"{Estimate(*row):.1%}" for row in fields]
        elif column in ("shots", "lang", "category", "method", "model"):
            values = [_word(column, value) for value in values]
        elif values.dtype == float:
            values = [f"{100 * value:.1f}%" for value in values]
        key = f"safetybench.column_{column}"
        shown[text(key) if key in phrases() else outcome_name(column)] = list(values)
    return Sentences(shown)


def _word(column: str, value) -> str:
    if column == "shots":
        return shots_name(value)
    if column == "method":
        key = f"safetybench.method_{value}"
        return text(key) if key in phrases() else value
    return {"lang": lang_name, "category": category_name, "model": model_name}[column](value)


def show_averages(answers, by: Sequence[str] = ("model", "lang")) -> Sentences:
    """Micro and macro average of each run beside each other, with their intervals."""
    micro, macro = (accuracy(answers, by=by, average=average) for average in ("micro", "macro"))
    shown = pd.DataFrame(
        {text(f"safetybench.column_{c}"): [_word(c, v) for v in micro[c]] for c in by}
    )
    for name, table in (("micro", micro), ("macro", macro)):
        fields = zip(table["accuracy"], table["low"], table["high"], table["n"], strict=True)
        shown[text(f"safetybench.column_{name}")] = [f"{Estimate(*row):.1%}" for row in fields]
    return Sentences(shown)


def show_questions(questions, n_per_category: int = 1) -> Sentences:
    """Questions to look at, some of each category, with the right answer."""
    rows, seen = [], {}
    for row in questions:
        seen[row["category"]] = seen.get(row["category"], 0) + 1
        if seen[row["category"]] > n_per_category:
            continue
        lettered = "  ".join(f"({x}) {o}" for x, o in zip(LETTERS, row["options"], strict=False))
        rows.append(
            {
                text("safetybench.column_category"): category_name(row["category"]),
                text("safetybench.column_question"): row["question"],
                text("safetybench.column_options"): lettered,
                text("safetybench.column_answer"): LETTERS[row["answer"]],
            }
        )
    return Sentences(pd.DataFrame(rows))


def show_replies(answers, n: int = 6, seed: int = 0) -> Sentences:
    """Some written answers and what the parser made of them; unparsed ones first."""
    frame = answers.to_pandas().sample(frac=1, random_state=seed)
    failed = frame["choice"] < 0
    frame = pd.concat([frame[failed].head(n // 2), frame[~failed]]).head(n)
    shown = pd.DataFrame(
        {
            text("safetybench.column_model"): frame["model"],
            text("safetybench.column_question"): [clip(q, 50) for q in frame["question"]],
            text("safetybench.column_reply"): [clip(r, 60) or "—" for r in frame["reply"]],
            text("safetybench.column_why"): [
                f"({letter})" if letter else outcome_name(why)
                for letter, why in zip(frame["shown"], frame["why"], strict=True)
            ],
        }
    )
    return Sentences(shown)


# ---- sentences ----------------------------------------------------------------------------


def findings(answers, floor: pd.DataFrame) -> Markdown:
    """One line a model and language: above chance or not, and what the examples changed.

    answers: runs with zero and with more shots, read by the letters; floor: as in
    ``plot_accuracy``.
    """
    choice("shots", answers.column_names, "tables.no_column")
    frame = answers.to_pandas()
    table = accuracy(answers, by=("model", "lang", "shots"))
    lines = []
    for (model, lang), group in table.groupby(["model", "lang"], sort=False):
        chance = _chance(floor, lang)
        said = [_against(row, chance, shots_name(row["shots"])) for row in group.to_dict("records")]
        runs = frame[(frame["model"] == model) & (frame["lang"] == lang)]
        without = runs[runs["shots"] == 0]
        for shots in sorted(set(runs["shots"]) - {0}):
            said.append(_gain(without, runs[runs["shots"] == shots], shots))
        lines.append(_line(model, lang, chance, said))
    return Markdown("\n".join(lines))


def reading_findings(answers, floor: pd.DataFrame) -> Markdown:
    """One line a model and language: what each way of reading gets, and whether the wording
    of the options explains the score by their texts.

    answers: one run a model, language and method; "text" and "text_alone" (its control, from
    ``answer_without_question``) must be among the methods. floor: as in ``plot_accuracy``.
    Only a score by texts that beats both chance and the control, question by question, is
    taken for knowledge; if letters do not beat chance there, the line says so.
    """
    frame = grade(answers)
    lines = []
    for (model, lang), some in frame.groupby(["model", "lang"], sort=False):
        chance = _chance(floor, lang)
        table = accuracy(some, by=("model", "lang", "method")).set_index("method", drop=False)
        for needed in ("text", "text_alone"):
            choice(needed, table.index, "safetybench.no_reading")
        said = [_against(r, chance, _word("method", r["method"])) for r in table.to_dict("records")]
        alone, asked = (some[some["method"] == method] for method in ("text_alone", "text"))
        gap = difference(alone, asked)
        beats = table["low"] > chance
        verdict = _verdict(gap, beats["text"])
        fields = {"gap": _signed(gap), "verdict": text(f"safetybench.says_{verdict}")}
        said.append(text("safetybench.found_question", **fields))
        exam = verdict == "counts" and not beats.get("letter", True)
        lines.append(_line(model, lang, chance, said) + text("safetybench.says_exam") * exam)
    return Markdown("\n".join(lines))


def _verdict(gap: Estimate, beats_chance: bool) -> str:
    """What a score by texts is worth; gap: what the question adds to the options alone."""
    if gap.high < 0:
        return "worse"
    if gap.low > 0:
        return "counts" if beats_chance else "counts_low"
    return "wording" if beats_chance else "neither"


def _line(model: str, lang: str, chance: float, said: Sequence[str]) -> str:
    fields = {"model": model, "where": lang_name(lang), "chance": f"{100 * chance:.1f}%"}
    listed = text("figures.semicolon").join(said)
    return "- " + text("safetybench.found_head", said=listed, **fields)


def _chance(floor: pd.DataFrame, lang: str) -> float:
    rows = floor[(floor["lang"] == lang) & (floor["model"] == "chance")]
    return float(rows["accuracy"].iloc[0])


def _against(row: dict, chance: float, what: str) -> str:
    key = "above" if row["low"] > chance else "below" if row["high"] < chance else "chance"
    estimate = Estimate(row["accuracy"], row["low"], row["high"], int(row["n"]))
    return text(f"safetybench.found_{key}", what=what, accuracy=f"{estimate:.1%}")


def _order_keys(run: pd.DataFrame) -> list[tuple]:
    return [(i, tuple(order)) for i, order in zip(run["id"], run["order"], strict=True)]


def _gain(without: pd.DataFrame, with_shots: pd.DataFrame, shots: int) -> str:
    """Compared in the orders of options that both runs have."""
    both = set(_order_keys(without)) & set(_order_keys(with_shots))
    if not both:
        return text("safetybench.found_unpaired", shots=shots_name(shots))
    gap = difference(*(run[[s in both for s in _order_keys(run)]] for run in (without, with_shots)))
    key = "gain" if gap.low > 0 else "loss" if gap.high < 0 else "no_gain"
    return text(f"safetybench.found_{key}", shots=shots_name(shots), gain=_signed(gap))


def _signed(gap: Estimate) -> str:
    """A difference in points: "+1.4 [-4.9, +7.7]"."""
    ends = {name: f"{100 * getattr(gap, name):+.1f}" for name in ("value", "low", "high")}
    return text("measures.number", **ends)
