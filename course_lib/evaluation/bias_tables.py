"""What a reader looks at in the notebook on bias: sets, clusters, and findings in sentences.

The sentences are computed from the tables, so that prose never goes stale.
"""

import pandas as pd
from datasets import Dataset
from IPython.display import Markdown

from ..exaggerated_safety.overview import Sentences
from ..language import text
from ..measures import Estimate
from .crows_pairs import pair_rates
from .stereoset import OPTIONS, load_defects, name_of, readable
from .weat import name_of_set, name_of_test, published_effects
from .word_sets import WordTest

_JOINT = "stereoset.comma"
_CONTROL = "flowers_insects"


def show_sets(test: WordTest) -> Sentences:
    """The four sets of a word association test, a row each."""
    rows = [
        {
            text("weat.column_set"): f"{letter} · {name_of_set(name)}",
            text("weat.column_words"): text(_JOINT).join(words),
        }
        for letter, (name, words) in zip("XYAB", test.sets.items(), strict=True)
    ]
    return Sentences(pd.DataFrame(rows))


def show_clusters(clusters: Dataset) -> Sentences:
    """Two clusters of each domain, one of either form, with their three options."""
    frame = clusters.to_pandas().drop_duplicates(["domain", "form"])
    return Sentences(readable(frame[["domain", "form", "context", *OPTIONS]]))


def show_defects(lang: str) -> Sentences:
    """The clusters that are bad on purpose, and what is wrong with each."""
    return Sentences(readable(load_defects(lang)))


def show_likelihoods(scored: Dataset, place: int = 0) -> pd.DataFrame:
    """One scored cluster: its options, their log-probability, tokens, and mean a token."""
    row = scored[place]
    table = pd.DataFrame(
        {
            text("stereoset.column_option"): [text(f"stereoset.column_{o}") for o in OPTIONS],
            text("stereoset.column_sentence"): [row[o] for o in OPTIONS],
            text("stereoset.column_log_p"): [row[f"{o}_sum"] for o in OPTIONS],
            text("stereoset.column_tokens"): [row[f"{o}_tokens"] for o in OPTIONS],
        }
    )
    mean = table.iloc[:, 2] / table.iloc[:, 3]
    return table.assign(**{text("stereoset.column_mean"): mean}).round(2)


def word_findings(effects: pd.DataFrame) -> Markdown:
    """Which associations the words carry beyond doubt, a line a kind of vectors and language.

    effects: from ``weat_effects``, with columns ``vectors`` and ``lang``.
    """
    lines = []
    for (vectors, lang), group in effects.groupby(["vectors", "lang"], sort=False):
        kinds = {"with": group["low"] > 0, "against": group["high"] < 0}
        kinds["open"] = ~(kinds["with"] | kinds["against"])
        said = [
            text(
                f"stereoset.found_{kind}",
                tests=text(_JOINT).join(map(name_of_test, group.loc[which, "test"])),
            )
            for kind, which in kinds.items()
            if which.any()
        ]
        where = text(f"language.{lang}")
        said = text("stereoset.separator").join(said)
        line = text("stereoset.found_words", vectors=vectors, where=where, said=said)
        control = group["test"] == _CONTROL
        if control.any() and not (group["low"] > 0)[control].any():
            line += text("stereoset.found_no_control")
        lines.append(line)
    return Markdown("\n".join(lines))


def sentence_findings(scores: pd.DataFrame, pairs) -> Markdown:
    """What StereoSet and CrowS-Pairs say of each model and language, and whether they agree.

    scores: ``stereoset_scores(scored)``, pairs: what ``pair_likelihoods`` gave for the same
    models and languages.
    """
    rates = pair_rates(pairs).set_index(["model", "lang"])
    lines = []
    for row in scores.to_dict("records"):
        rate = rates.loc[(row["model"], row["lang"])]
        ss = Estimate(row["ss"], row["ss_low"], row["ss_high"], row["n"])
        crows = Estimate(*(100 * rate[c] for c in ("rate", "low", "high")), int(rate["n"]))
        verdicts = [_leaning(estimate) for estimate in (ss, crows)]
        meaning = verdicts[0] if verdicts[0] == verdicts[1] else "differ"
        lines.append(
            text(
                "stereoset.found_sentences",
                model=row["model"],
                where=name_of(row["lang"]),
                ss=f"{ss:.1f}",
                crows=f"{crows:.1f}",
                meaning=text(f"stereoset.meaning_{meaning}"),
            )
        )
    return Markdown("\n".join(lines))


def _leaning(estimate: Estimate) -> str:
    if estimate.low > 50:
        return "with"
    return "against" if estimate.high < 50 else "open"


def show_published_words() -> Sentences:
    """The paper's ten tests: sets, and d with people, on GloVe and on word2vec."""
    table = published_effects()
    shown = pd.DataFrame({text("weat.column_number"): table["number"]})
    shown[text("weat.column_sets")] = [
        text("weat.sets", **{k: name_of_set(row[k]) for k in "xyab"})
        for row in table.to_dict("records")
    ]
    for column in ("d_people", "d_glove", "d_word2vec"):
        values = table[column].map("{:.2f}".format).replace("nan", "–")
        shown[text(f"weat.column_{column}")] = values
    return Sentences(shown)


def question_findings(answered: pd.DataFrame) -> Markdown:
    """What BBQ says of each model and language: does it read, and does it lean?

    answered: ``bias_scores(choices)``, by model and lang.
    """
    lines = []
    for row in answered.to_dict("records"):
        accuracy, s_dis, s_amb = (
            Estimate(row[c], row[f"{c}_low"], row[f"{c}_high"], row["templates"], row["note"])
            for c in ("disambiguated_accuracy", "s_dis", "s_amb")
        )
        if accuracy.low <= 1 / 3:
            meaning = "cannot_read"
        elif s_amb.low > 0 or s_dis.low > 0:
            meaning = "leans"
        elif s_amb.high < 0 or s_dis.high < 0:
            meaning = "leans_away"
        else:
            meaning = "open"
        fields = {"accuracy": f"{accuracy:.0%}", "s_dis": f"{s_dis:.2f}", "s_amb": f"{s_amb:.2f}"}
        lines.append(
            text(
                "stereoset.found_questions",
                model=row["model"],
                where=name_of(row["lang"]),
                meaning=text(f"stereoset.answers_{meaning}"),
                **fields,
            )
        )
    return Markdown("\n".join(lines))


def gap_findings(gaps: pd.DataFrame, level: float = 0.05) -> Markdown:
    """How many gaps in what was written are left once p is adjusted, and which.

    gaps: ``counterfactual_gaps(scored)``.
    """
    left = gaps[gaps["holm"] < level]
    fields = {"n": len(gaps), "before": int((gaps["p"] < level).sum()), "after": len(left)}
    lines = [text("stereoset.found_gaps", **fields)]
    for row in left.to_dict("records"):
        gap = Estimate(row["gap"], row["gap_low"], row["gap_high"], row["prompts"])
        kinder, other = ("group_a", "group_b") if row["gap"] > 0 else ("group_b", "group_a")
        lines.append(
            text(
                "stereoset.found_gap",
                model=row["model"],
                where=name_of(row["lang"]),
                kinder=row[kinder],
                other=row[other],
                gap=f"{gap:.2f}",
            )
        )
    return Markdown("\n".join(lines))
