"""Figures and tables of BBQ, in the reader's language."""

import numpy as np
import pandas as pd

from ..canvas import CourseFigure
from ..errors import choice
from ..language import text
from ..measures import Estimate
from ..sentences import Sentences
from ..tables import need_columns
from .bbq import (
    bias_scores,
    cbbq_scores,
    choose_always,
    domain_name,
    load_bbq,
    published_bbq,
    published_cbbq,
    shuffle_options,
)
from .bbq_items import CONDITIONS, NO_TARGET
from .dots import Panel, plot_dots, span

_SCORES = (
    ("ambiguous_accuracy", ".0%"),
    ("disambiguated_accuracy", ".0%"),
    ("s_amb", "z.2f"),  # z: no "-0.00"
    ("s_dis", "z.2f"),
)


def show_item(lang: str, template: str | None = None) -> Sentences:
    """One template: its two contexts, two questions and options, and what is right where.

    template: an id of the course's set ("bbq-01" to "bbq-48"); None takes the first.
    """
    items = load_bbq(lang)
    template = template or items["template"].iloc[0]
    choice(template, items["template"].unique(), "bbq.unknown_template")
    rows = items[items["template"] == template].to_dict("records")
    shown = pd.DataFrame(
        {
            text("bbq.column_condition"): [text(f"bbq.{row['condition']}") for row in rows],
            text("bbq.column_context"): [row["context"] for row in rows],
            text("bbq.column_question"): [row["question"] for row in rows],
            text("bbq.column_right"): [row["options"][row["answer"]] for row in rows],
            text("bbq.column_biased"): [_biased_option(row) for row in rows],
        }
    )
    return Sentences(shown, text("bbq.item_caption", domain=domain_name(rows[0]["domain"])))


def _biased_option(row: dict) -> str:
    if row["target"] == NO_TARGET:
        return "—"
    other = 3 - row["unknown"] - row["target"]
    return row["options"][row["target"] if row["polarity"] == "negative" else other]


def show_rules(by_rule: pd.DataFrame, draws: int = 2_000) -> Sentences:
    """What every score is for rules that nobody stands behind: BBQ's scores and CBBQ's.

    by_rule: from ``choose_by`` and ``choose_always``, on the same questions. Two rows more:
    always C on the published CBBQ, as it is and with its options shuffled.
    """
    published = published_cbbq()
    leaks = [
        choose_always(items, "C").assign(model=text(f"bbq.rule_{name}", n=len(items)))
        for name, items in (
            ("published", published),
            ("shuffled", shuffle_options(published)),
        )
    ]
    both = pd.concat([by_rule, *leaks], ignore_index=True)
    ours, theirs = (score(both, "model", draws) for score in (bias_scores, cbbq_scores))
    shown = pd.DataFrame({text("bbq.column_rule"): ours["model"]})
    for column, form in _SCORES:
        shown[text(f"bbq.{column}")] = _values(ours, column, form)
    for column in ("s_amb", "s_disamb"):
        shown[text(f"bbq.cbbq_{column}")] = _values(theirs, column, ".2f")
    return Sentences(shown, _notes(ours))


def show_scores(table: pd.DataFrame) -> Sentences:
    """``bias_scores`` in words: every value with its interval, columns in the reader's language.

    By model, and where the table has them by language, domain and way of asking.
    """
    shown = pd.DataFrame({text("bbq.column_model"): _names(table)})
    if "prompt" in table:
        shown[text("bbq.column_prompt")] = [text(f"bbq.by_{name}") for name in table["prompt"]]
    for column, form in (*_SCORES[:2], ("named_accuracy", ".0%"), *_SCORES[2:]):
        shown[text(f"bbq.{column}")] = _values(table, column, form)
    return Sentences(shown, _notes(table))


def _values(table: pd.DataFrame, column: str, form: str) -> list[str]:
    """Each value with its interval; a dash where there is none, the reason stands below."""
    found = []
    for row in table.to_dict("records"):
        value, low, high = (row[column + end] for end in ("", "_low", "_high"))
        shown = (
            "—" if np.isnan(value) else format(Estimate(value, low, high, row["templates"]), form)
        )
        found.append(shown.replace(", ", ",\u00a0"))  # no line ends within an interval
    return found


def _notes(table: pd.DataFrame) -> str:
    """Why some values are dashes, each reason once."""
    return text("bbq.join").join(dict.fromkeys(filter(None, table["note"])))


def show_published() -> pd.DataFrame:
    """The published shares of "unknown" on ambiguous questions, in words."""
    table = published_bbq()
    rows = table.to_dict("records")
    return pd.DataFrame(
        {
            text("bbq.column_model"): table["model"],
            text("bbq.column_form"): [text(f"bbq.form_{row['form']}") for row in rows],
            text("bbq.column_reasoning"): [text(f"bbq.{row['reasoning']}") for row in rows],
            text("bbq.ambiguous_accuracy"): [
                format(Estimate(row["rate"], row["low"], row["high"], row["questions"]), ".1%")
                for row in rows
            ],
            text("bbq.column_source"): table["source"],
        }
    )


def plot_bbq_accuracy(table: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """Accuracy in either kind of context beside guessing; table: ``bias_scores``.

    A row a model and language, a colour each way of asking. The second line, for contexts that
    tell: who always names one of the two people has half of them right without reading.
    """
    guess = {text("bbq.chance"): 100 / 3}
    lines = {"ambiguous": guess, "disambiguated": guess | {text("bbq.coin"): 50.0}}
    panels = [
        Panel(text(f"bbq.panel_{name}"), _points(table, f"{name}_accuracy"), lines[name])
        for name in CONDITIONS
    ]
    title = title or text("bbq.title_accuracy")
    footer = [text("bbq.footer_accuracy", n=span(table["templates"]))]
    return plot_dots(title, panels, text("bbq.axis_accuracy"), footer)


def _points(table: pd.DataFrame, column: str) -> pd.DataFrame:
    need_columns(table, [column])
    ends = {end: 100 * table[f"{column}_{end}"] for end in ("low", "high")}
    ways = [text(f"bbq.by_{name}") for name in table["prompt"]] if "prompt" in table else ""
    return pd.DataFrame(
        {"row": _names(table), "hue": ways, "value": 100 * table[column].to_numpy()}
    ).assign(**{end: values.to_numpy() for end, values in ends.items()})


def _names(table: pd.DataFrame) -> list[str]:
    """What a row is called: its model and, where there is one, its language or domain."""
    found = []
    for row in table.to_dict("records"):
        parts = [str(row["model"])] if "model" in row else []
        parts += [text(f"language.{row['lang']}")] if "lang" in row else []
        parts += [domain_name(row["domain"])] if "domain" in row else []
        found.append(text("figures.separator").join(parts))
    return found
