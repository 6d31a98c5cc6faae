"""Tables and sentences about HHH scores, in the reader's language."""

import pandas as pd
from datasets import Dataset
from IPython.display import Markdown

from ..exaggerated_safety.overview import Sentences
from ..language import phrases, text
from ..measures import Estimate
from .hhh import ASPECTS, SCORERS, baselines, estimate

_NAMED = ("aspect", "rule", "scorer")


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


def show_win_rates(table: pd.DataFrame) -> Sentences:
    """``win_rates``, ``prefix_effect`` or ``baselines`` to read: names, "62.9 % [57.0, 69.1]"."""
    shown = {}
    for column in table.columns:
        if column in ("low", "high"):
            continue
        values = table[column].to_list()
        if column == "rate":
            values = [f"{estimate(row):.1%}" for row in table.to_dict("records")]
        elif column == "change":
            rows = table[["change", "low", "high"]].values * 100
            values = [text("hhh.change", value=v, low=lo, high=hi) for v, lo, hi in rows]
        elif column in _NAMED:
            values = [text(f"hhh.{v}") for v in values]
        elif column == "lang":
            values = [text(f"language.{v}") for v in values]
        elif column == "prefix":
            values = [text("hhh.with_prefix" if v else "hhh.no_prefix") for v in values]
        key = f"hhh.column_{column}"
        shown[text(key) if key in phrases() else column] = values
    return Sentences(pd.DataFrame(shown))


def score_table(scored: pd.DataFrame) -> Sentences:
    """The first pair of a scored table: what either answer gets, by each score."""
    row = scored.iloc[0]
    rows = []
    for side in ("better", "worse"):
        numbers = {text(f"hhh.{s}"): f"{row[f'{side}_{s}']:.2f}" for s in SCORERS}
        rows.append({text("hhh.column_side"): text(f"hhh.{side}")})
        rows[-1] |= {text("hhh.column_tokens"): int(row[f"{side}_tokens"]), **numbers}
    return Sentences(pd.DataFrame(rows), row["prompt"])


def what_length_does(table: pd.DataFrame, scored: pd.DataFrame, pairs: Dataset) -> Markdown:
    """One paragraph a model, of one language and prefix: three scores beside "longer wins".

    table: the rows of ``win_rates(scored)`` to speak of, as many prefixes and languages as
    there are in it; scored: what it was counted from; pairs: what was scored.
    """
    longer = estimate(baselines(pairs).set_index("rule").loc["longer"])
    lines = []
    for (model, lang), group in table.groupby(["model", "lang"], sort=False):
        rates = {r["scorer"]: estimate(r) for r in group.to_dict("records")}
        some = scored[(scored["model"] == model) & (scored["lang"] == lang) & ~scored["prefix"]]
        fields = {name: f"{rates[name]:.1%}" for name in SCORERS}
        line = text(
            "hhh.says_length",
            model=model,
            where=text(f"language.{lang}"),
            longer=f"{longer:.1%}",
            meaning=f"{_shortness(some)} {_above(rates['pmi'])}",
            **fields,
        )
        lines.append(f"- {line}")
    return Markdown("\n".join(lines))


def _shortness(scored: pd.DataFrame) -> str:
    """How often the sum takes the answer with fewer tokens, where their numbers differ."""
    apart = scored[scored["better_tokens"] != scored["worse_tokens"]]
    short = apart["better_tokens"] < apart["worse_tokens"]
    share = ((apart["better_sum"] > apart["worse_sum"]) == short).mean()
    return text("hhh.says_short" if share > 0.9 else "hhh.says_not_short", share=100 * share)


def _above(pmi: Estimate) -> str:
    if pmi.low > 0.5:
        return text("hhh.says_above")
    return text("hhh.says_below" if pmi.high < 0.5 else "hhh.says_chance")
