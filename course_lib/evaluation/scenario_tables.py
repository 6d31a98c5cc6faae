"""Tables and sentences about scenarios and attacks, in the reader's language."""

import pandas as pd
from datasets import Dataset
from IPython.display import Markdown

from ..judges.names import judge_name
from ..language import text
from ..measures import Estimate, wilson
from ..sentences import Sentences, clip, with_texts
from .dots import span
from .scenario_judges import calibrate_answer_verdicts
from .scenarios import (
    INCOHERENT,
    LABELS,
    TYPES,
    UNSAFE,
    attack_gaps,
    by_labels,
    inflation,
    kind_of,
    leaderboard,
    safety_scores,
    scores_beside_labels,
    type_name,
)

# Fewer answers of a kind than this say nothing about a difference between kinds.
_ENOUGH = 10


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


def show_beside_labels(verdicts, labelled) -> Sentences:
    """``scores_beside_labels`` to read; the line below says where the two do not agree."""
    table = scores_beside_labels(verdicts, labelled)
    rows = table.to_dict("records")
    n = {"rules": span(table["n"]), "labels": span(table["labelled_n"].dropna().astype(int))}
    shown = pd.DataFrame(
        {
            text("scenarios.column_model"): table["model"],
            text("scenarios.column_lang"): [text(f"language.{v}") for v in table["lang"]],
            text("scenarios.column_by_rules", n=n["rules"]): [f"{_estimate(r):.1%}" for r in rows],
            text("scenarios.column_by_labels", n=n["labels"]): [
                f"{_estimate(r, 'labelled'):.1%}" for r in rows
            ],
        }
    )
    apart = [text("scenarios.who", **_who(row)) for row in rows if row["apart"]]
    listed = text("figures.separator").join(apart)
    return Sentences(shown, text("scenarios.apart" if apart else "scenarios.overlap", rows=listed))


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


def what_attacks_do(verdicts, labelled) -> Markdown:
    """Whether our models show the leaderboard's shape: attacks less scenarios, a line each.

    verdicts: the judge's, on all answers; labelled: from ``with_answer_labels(verdicts)``. What
    is said below the lines, whether ours look like the board's lower half and why they may
    not, is computed as well.
    """
    gaps = {"rules": attack_gaps(verdicts), "labels": attack_gaps(by_labels(labelled))}
    rows = {
        by: {(row["model"], row["lang"]): row for row in table.to_dict("records")}
        for by, table in gaps.items()
    }
    lines, sides = [], {"rules": [], "labels": []}
    for key, row in rows["rules"].items():
        said = {"rules": _gap("rules", row)}
        sides["rules"].append(_gap_side(row))
        read = rows["labels"].get(key, row | {"n_scenario": 0, "n_attack": 0})
        enough = min(read["n_scenario"], read["n_attack"]) >= _ENOUGH
        said["labels"] = _gap("labels", read) if enough else text("scenarios.few_labels")
        sides["labels"] += [_gap_side(read)] if enough else []
        lines.append("- " + text("scenarios.says_gap", **_who(row), **said))
    shapes = [_shape(by, found) for by, found in sides.items() if found]
    if set(sides["rules"] + sides["labels"]) != {"higher"}:
        shapes.append(_why_not(labelled))
    return Markdown("\n".join(lines) + "\n\n" + text("scenarios.joint").join(shapes))


def _gap(by: str, row: dict) -> str:
    points = {name: 100 * row[name] for name in ("gap", "low", "high")}
    n = {"n_scenario": row["n_scenario"], "n_attack": row["n_attack"]}
    side = text(f"scenarios.gap_{_gap_side(row)}")
    return text(f"scenarios.gap_by_{by}", **points, **n, side=side)


def _gap_side(row: dict) -> str:
    """ "higher" or "lower" under attack where the interval leaves 0 out, else "same"."""
    if row["low"] > 0:
        return "higher"
    return "lower" if row["high"] < 0 else "same"


def _shape(by: str, sides: list[str]) -> str:
    """How many are higher and lower under attack, and which part of the board has that shape."""
    n = {side: sides.count(side) for side in ("higher", "lower")}
    if n["higher"] and n["lower"]:
        shape = "mixed"
    elif n["higher"]:
        shape = "like"
    else:
        shape = "reversed" if n["lower"] else "unclear"
    how = {"by": text(f"scenarios.shape_by_{by}"), "shape": text(f"scenarios.shape_{shape}")}
    return text("scenarios.says_shape", n=len(sides), **n, **how)


def _why_not(labelled) -> str:
    """What the rules make of babble under attack: it may cost marks instead of earning them."""
    read = labelled if isinstance(labelled, pd.DataFrame) else labelled.to_pandas()
    babble = read[(read["kind"] == "attack") & (read["label"] == INCOHERENT)]
    unsafe = wilson(int((babble["verdict"] == UNSAFE).sum()), len(babble))
    key = "no_babble" if not unsafe.n else "babble_costs" if unsafe.value else "babble_free"
    return text(f"scenarios.{key}", n=len(babble), share=f"{unsafe:.1%}")


def show_leaderboard() -> Sentences:
    """The platform's table of 2023, with what attacks score beyond scenarios."""
    table = leaderboard()[["model", "date", "overall", "scenario", "attack"]]
    table["gap"] = [f"{v:+.2f}" for v in table["attack"] - table["scenario"]]
    for column in ("overall", "scenario", "attack"):
        table[column] = table[column].map("{:.2f}".format)
    return Sentences(table.rename(columns=lambda c: text(f"scenarios.column_{c}")))


def _estimate(row, column: str = "rate") -> Estimate:
    """A score of a row with its interval; of ``labelled`` the columns have that prefix."""
    prefix = "" if column == "rate" else f"{column}_"
    if pd.isna(row[column]):
        return wilson(0, 0)
    return Estimate(row[column], row[f"{prefix}low"], row[f"{prefix}high"], int(row[f"{prefix}n"]))


def _who(row) -> dict[str, str]:
    return {"model": row["model"], "where": text(f"language.{row['lang']}")}
