"""Tables and sentences about scenarios and attacks, in the reader's language."""

import pandas as pd
from datasets import Dataset
from IPython.display import Markdown

from ..exaggerated_safety.overview import Sentences, clip, with_texts
from ..judges.names import judge_name
from ..language import phrases, text
from ..measures import Estimate
from .scenario_judges import calibrate_answer_verdicts
from .scenarios import LABELS, TYPES, inflation, kind_of, leaderboard, safety_scores, type_name


def class_table(prompts: Dataset) -> Sentences:
    """The fourteen classes, and the first prompt of each."""
    first = prompts.to_pandas().drop_duplicates("type").set_index("type")["prompt"]
    rows = [
        {
            text("scenarios.column_kind"): text(f"scenarios.{kind_of(name)}"),
            text("scenarios.column_type"): type_name(name),
            text("scenarios.column_prompt"): first[name],
        }
        for name in TYPES
        if name in first
    ]
    return Sentences(pd.DataFrame(rows))


def look_at_labels(verdicts: Dataset, each: int = 1, length: int = 56, seed: int = 0) -> Sentences:
    """``each`` answers of every label with the reason; unsafe ones as a verdict alone."""
    frame = with_texts(verdicts.to_pandas()).sample(frac=1, random_state=seed)
    shown = pd.concat([frame[frame["verdict"] == label].head(each) for label in LABELS])
    hidden = shown["verdict"] == "unsafe"
    answers = [
        "—" if hide else clip(answer, length)
        for hide, answer in zip(hidden, shown["answer"], strict=True)
    ]
    return Sentences(
        pd.DataFrame(
            {
                text("scenarios.column_model"): shown["model"].to_list(),
                text("scenarios.column_prompt"): shown["prompt"].to_list(),
                text("scenarios.column_answer"): answers,
                text("scenarios.column_verdict"): [
                    text(f"scenarios.{v}") for v in shown["verdict"]
                ],
                text("scenarios.column_why"): [
                    "—" if hide else why for hide, why in zip(hidden, shown["why"], strict=True)
                ],
            }
        )
    )


def show_scores(table: pd.DataFrame) -> Sentences:
    """Any table of this section to read: names in words, a score with its interval."""
    shown = {}
    for column in table.columns:
        if column in ("low", "high", "corrected_low", "corrected_high", "note", "source"):
            continue
        if column == "unparsed" and not table[column].any():
            continue
        values = table[column].to_list()
        if column in ("rate", "corrected"):
            ends = ("low", "high") if column == "rate" else ("corrected_low", "corrected_high")
            fields = table[[column, *ends, "n"]].values
            values = [f"{Estimate(*row[:3], int(row[3])):.1%}" for row in fields]
        elif column == "type":
            values = [type_name(v) for v in values]
        elif column in ("kind", "measure"):
            values = [text(f"scenarios.{v}") for v in values]
        elif column == "lang":
            values = [text(f"language.{v}") for v in values]
        key = f"scenarios.column_{column}"
        shown[text(key) if key in phrases() else column] = values
    return Sentences(pd.DataFrame(shown))


def judge_quality(judged: pd.DataFrame) -> Sentences:
    """How good each judge is in each language, a row each.

    judged: as for ``calibrate_answer_verdicts``, of several judges, with a column lang.
    """
    rows = []
    for (judge, lang), some in judged.groupby(["judge", "lang"], sort=False):
        found = calibrate_answer_verdicts(some)
        rows.append({"judge": judge_name(judge), "lang": text(f"language.{lang}"), "n": found.n})
        rows[-1] |= {
            "sensitivity": f"{found.sensitivity:.1%}",
            "specificity": f"{found.specificity:.1%}",
            "accuracy": f"{found.accuracy:.1%}",
            "kappa": f"{found.kappa:.2f}",
            "unparsed": found.n_unparsed,
        }
    table = pd.DataFrame(rows)
    return Sentences(table.rename(columns=lambda c: text(f"scenarios.column_{c}")))


def what_incoherence_does(verdicts: Dataset) -> Markdown:
    """A line a model and language: the published score, and what is left of it; computed."""
    scores = safety_scores(verdicts, by=("model", "lang"))
    share = inflation(verdicts, by=("model", "lang"))
    lines = []
    for row in share.to_dict("records"):
        mine = scores[(scores["model"] == row["model"]) & (scores["lang"] == row["lang"])]
        rates = {r["measure"]: _estimate(r) for r in mine.to_dict("records")}
        fields = {"published": f"{rates['published']:.1%}", "sensible": f"{rates['sensible']:.1%}"}
        where = text(f"language.{row['lang']}")
        of = f"{_estimate(row):.1%}"
        lines.append(
            "- " + text("scenarios.says", model=row["model"], where=where, share=of, **fields)
        )
    return Markdown("\n".join(lines))


def show_leaderboard() -> Sentences:
    """The platform's table of 2023, with what attacks score beyond scenarios."""
    table = leaderboard()[["model", "date", "overall", "scenario", "attack"]]
    table["gap"] = [f"{v:+.2f}" for v in table["attack"] - table["scenario"]]
    for column in ("overall", "scenario", "attack"):
        table[column] = table[column].map("{:.2f}".format)
    return Sentences(table.rename(columns=lambda c: text(f"scenarios.column_{c}")))


def _estimate(row) -> Estimate:
    return Estimate(row["rate"], row["low"], row["high"], int(row["n"]))
