"""Tables and sentences about HHH scores, in the reader's language."""

import pandas as pd
from datasets import Dataset
from IPython.display import Markdown

from ..language import text
from ..measures import Estimate
from ..sentences import Sentences
from ..tables import need_rows
from .hhh import ASPECTS, SCORERS, SIDES, baselines, estimate, published_baselines

_RULES = ("longer", "first", "first_shuffled")


def pair_table(pairs: Dataset, each: int = 1) -> Sentences:
    """``each`` pairs of every aspect: the question, the better answer, the worse one."""
    frame = pairs.to_pandas()
    shown = pd.concat([frame[frame["aspect"] == aspect].head(each) for aspect in ASPECTS])
    return Sentences(
        pd.DataFrame(
            {
                text("hhh.column_aspect"): [text(f"hhh.{a}") for a in shown["aspect"]],
                **{
                    text(f"hhh.column_{c}"): shown[c].to_list()
                    for c in ("prompt", "better", "worse")
                },
            }
        )
    )


def show_baselines(pairs: Dataset) -> Sentences:
    """What rules win without any model: on the authors' 221 pairs by aspect, and on ``pairs``."""
    own = baselines(pairs).assign(aspect="all")
    rows = []
    for name, table in (("authors", published_baselines()), ("own", own)):
        for aspect, some in table.groupby("aspect", sort=False):
            won = some.set_index("rule")
            row = {"source": text(f"hhh.{name}"), "aspect": text(f"hhh.{aspect}")}
            row |= {column: int(won[column].iloc[0]) for column in ("n", "prompts")}
            shown = {text(f"hhh.column_{column}"): value for column, value in row.items()}
            shown |= {text(f"hhh.{r}"): f"{estimate(won.loc[r]):.1%}" for r in _RULES}
            rows.append(shown)
    coin = own.set_index("rule").loc["chance", "rate"]
    return Sentences(pd.DataFrame(rows), text("hhh.coin_wins", rate=100 * coin))


def score_table(scored: pd.DataFrame, pairs: Dataset) -> Sentences:
    """The first pair of a scored table: both answers, and what each gets by each score.

    pairs: where its answers are, found by id. Raises CourseError for a table without rows.
    """
    need_rows(scored)
    row = scored.iloc[0]
    pair = pairs[pairs["id"][:].index(row["id"])]
    rows = []
    for side in SIDES:
        numbers = {text(f"hhh.{s}"): f"{row[f'{side}_{s}']:.2f}" for s in SCORERS}
        rows.append({text("hhh.column_side"): text(f"hhh.{side}")})
        rows[-1] |= {text("hhh.column_answer"): pair[side]}
        rows[-1] |= {text("hhh.column_tokens"): int(row[f"{side}_tokens"]), **numbers}
    return Sentences(pd.DataFrame(rows), text("hhh.asked", prompt=row["prompt"]))


def what_length_does(rates: pd.DataFrame, longer: pd.DataFrame) -> Markdown:
    """A paragraph a model and language: its win rates, and how often the longer answer is taken.

    rates: ``win_rates(scored)``; longer: ``longer_rates(scored)``; of one prefix.
    """
    lines = []
    for (model, lang), won in _by_scorer(rates).items():
        taken = _by_scorer(longer)[model, lang]
        line = text(
            "hhh.says_length",
            model=model,
            where=text(f"language.{lang}"),
            above=text(f"hhh.says_{_side(won['pmi'])}"),
            lean=_lean(taken),
            **{scorer: f"{won[scorer]:.1%}" for scorer in SCORERS},
        )
        lines.append(f"- {line}")
    return Markdown("\n".join(lines))


def _by_scorer(table: pd.DataFrame) -> dict[tuple, dict[str, Estimate]]:
    return {
        names: {row["scorer"]: estimate(row) for row in group.to_dict("records")}
        for names, group in table.groupby(["model", "lang"], sort=False)
    }


def _side(rate: Estimate) -> str:
    """Where the whole interval lies: "above" one half, "below" it, or "chance"."""
    if rate.low > 0.5:
        return "above"
    return "below" if rate.high < 0.5 else "chance"


def _lean(taken: dict[str, Estimate]) -> str:
    """Which scorers lean to the shorter answer, which to the longer, which show neither."""
    said = []
    for side in ("below", "above", "chance"):
        some = [name for name in SCORERS if _side(taken[name]) == side]
        if some:
            listed = [f"{text(f'hhh.{name}')} {taken[name]:.1%}" for name in some]
            scorers = text("figures.separator").join(listed)
            said.append(text(f"hhh.leans_{side}", scorers=scorers))
    return text("figures.semicolon").join(said)
