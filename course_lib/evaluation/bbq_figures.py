"""Figures and tables of BBQ, in the reader's language."""

import pandas as pd

from ..canvas import CourseFigure
from ..errors import choice
from ..exaggerated_safety.overview import Sentences
from ..language import text
from ..measures import Estimate
from ..tables import need_columns
from .bbq import domain_name, load_bbq, published_bbq
from .bbq_items import CONDITIONS, NO_TARGET
from .dots import Panel, plot_dots


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


def show_scores(table: pd.DataFrame) -> pd.DataFrame:
    """``bias_scores`` in words: every value with its interval, columns in the reader's language."""
    shown = pd.DataFrame(index=_names(table))
    for column, form in (
        ("ambiguous_accuracy", ".0%"),
        ("disambiguated_accuracy", ".0%"),
        ("s_amb", ".2f"),
        ("s_dis", ".2f"),
    ):
        shown[text(f"bbq.{column}")] = [
            format(_estimate(row, column), form) for row in table.to_dict("records")
        ]
    return shown


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


def plot_bias_scores(table: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """s_AMB and s_DIS with their intervals, a row a model and language; table: ``bias_scores``."""
    panels = [
        Panel(text(f"bbq.panel_{name}"), _points(table, name, 1), {text("bbq.no_bias"): 0.0})
        for name in ("s_amb", "s_dis")
    ]
    title = title or text("bbq.title_scores")
    footer = [text("bbq.footer_scores", n=_templates(table))]
    return plot_dots(title, panels, text("bbq.axis_score"), footer, (-1, 1))


def plot_bbq_accuracy(table: pd.DataFrame, title: str | None = None) -> CourseFigure:
    """Accuracy in either kind of context beside guessing; table: ``bias_scores``."""
    panels = [
        Panel(
            text(f"bbq.panel_{name}"),
            _points(table, f"{name}_accuracy", 100),
            {text("bbq.chance"): 100 / 3},
        )
        for name in CONDITIONS
    ]
    title = title or text("bbq.title_accuracy")
    footer = [text("bbq.footer_accuracy", n=_templates(table))]
    return plot_dots(title, panels, text("bbq.axis_accuracy"), footer)


def _points(table: pd.DataFrame, column: str, scale: float) -> pd.DataFrame:
    need_columns(table, [column])
    ends = {end: scale * table[f"{column}_{end}"] for end in ("low", "high")}
    return pd.DataFrame({"row": _names(table), "hue": "", "value": scale * table[column], **ends})


def _names(table: pd.DataFrame) -> list[str]:
    """What a row is called: its model and, where there is one, its language or domain."""
    found = []
    for row in table.to_dict("records"):
        parts = [str(row["model"])] if "model" in row else []
        parts += [text(f"language.{row['lang']}")] if "lang" in row else []
        parts += [domain_name(row["domain"])] if "domain" in row else []
        found.append(text("figures.separator").join(parts))
    return found


def _estimate(row: dict, column: str) -> Estimate:
    ends = (row[f"{column}_low"], row[f"{column}_high"])
    return Estimate(row[column], *ends, row["templates"], row["note"])


def _templates(table: pd.DataFrame) -> str:
    return "/".join(map(str, sorted(set(table["templates"]))))
