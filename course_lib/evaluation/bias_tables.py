"""What a reader looks at in the notebook on bias: sets, clusters, and findings in sentences.

The sentences are computed from the tables, so that prose never goes stale.
"""

import pandas as pd
from datasets import Dataset
from IPython.display import Markdown

from ..language import text
from ..measures import Estimate
from ..sentences import Sentences
from .crows_pairs import pair_rates
from .stereoset import OPTIONS, context_change, load_defects, name_of, readable
from .weat import name_of_set, name_of_test, published_effects
from .word_sets import WordTest

_JOINT = "stereoset.comma"
_CONTROL = "flowers_insects"
# lms by guessing, and how far above it an interval has to begin before ss is worth reading.
_GUESSING, _MARGIN = 50, 10


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


def guessing_findings(scores: pd.DataFrame) -> Markdown:
    """Which models' ss and icat cannot be trusted, because lms is near that of guessing.

    scores: ``stereoset_scores(scored)``, by model and lang. A line a model whose interval of
    lms begins less than ten points above 50, and one for a language without such a model.
    """
    lines = []
    for lang, group in scores.groupby("lang", sort=False):
        where = name_of(lang)
        near = group["lms_low"] < _GUESSING + _MARGIN
        guessers, readers = group[near], group[~near]
        if not len(guessers):
            lines.append(text("stereoset.no_guesser", where=where))
        for row in guessers.to_dict("records"):
            beaten = readers.loc[readers["icat"] < row["icat"], "model"].tolist()
            even = row["ss_low"] <= 50 <= row["ss_high"]
            names = [name for name, holds in (("beats", beaten), ("even", even)) if holds]
            meaning = "_".join(names) or "other"
            shown = {name: f"{_estimate(row, name, 'n'):.1f}" for name in ("lms", "ss", "icat")}
            lines.append(
                text(
                    "stereoset.guesser",
                    model=row["model"],
                    where=where,
                    lms=shown["lms"],
                    bound=_GUESSING + _MARGIN,
                    meaning=text(
                        f"stereoset.guesser_{meaning}", beaten=text(_JOINT).join(beaten), **shown
                    ),
                )
            )
    return Markdown("\n".join(lines))


def show_context(given, removed) -> Sentences:
    """ss with and without the context, the change by pairs, and below it what that shows.

    given, removed: see :func:`~course_lib.evaluation.stereoset.context_change`.
    """
    table = context_change(given, removed)
    kinds = {
        "falls": table["change_high"] < 0,
        "rises": table["change_low"] > 0,
        "open": (table["change_low"] <= 0) & (table["change_high"] >= 0),
        "alone": table["removed_low"] > 50,
    }
    said = [
        text(f"stereoset.change_{kind}", who=_who(table, which))
        for kind, which in kinds.items()
        if which.any()
    ]
    found = text("stereoset.change_found", said=text("stereoset.separator").join(said))
    return Sentences(readable(table), found)


def _who(table: pd.DataFrame, which: pd.Series) -> str:
    """The models and languages of some rows of a table, in words."""
    if which.all():
        return text("stereoset.who_all")
    names = [
        text("stereoset.who", model=row["model"], where=name_of(row["lang"]))
        for row in table[which].to_dict("records")
    ]
    return text(_JOINT).join(names)


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
        lines.append(
            text(
                "stereoset.found_sentences",
                model=row["model"],
                where=name_of(row["lang"]),
                ss=f"{ss:.1f}",
                crows=f"{crows:.1f}",
                meaning=_meaning(ss, crows),
            )
        )
    return Markdown("\n".join(lines))


def _meaning(ss: Estimate, crows: Estimate) -> str:
    """What the two say together. A test that cannot decide does not contradict the other."""
    by_clusters, by_pairs = _leaning(ss), _leaning(crows)
    if by_clusters == by_pairs:
        return text(f"stereoset.meaning_{by_clusters}")
    if "open" not in (by_clusters, by_pairs):
        return text("stereoset.meaning_differ")
    tests = [
        ("StereoSet", by_clusters, text("stereoset.few_clusters", n=ss.n)),
        ("CrowS-Pairs", by_pairs, text("stereoset.few_pairs", n=crows.n)),
    ]
    (other, _, few), (leaning, side, _) = sorted(tests, key=lambda test: test[1] != "open")
    side = text(f"stereoset.side_{side}")
    return text("stereoset.meaning_one", leaning=leaning, side=side, other=other, few=few)


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

    answered: ``bias_scores(choices, by=["model", "lang", "prompt"])``. Whether it reads is asked
    of the answers that name somebody: by a coin, half of them are right, and who never says
    "unknown" has half of the disambiguated questions right without reading any.
    """
    asked = answered[answered["prompt"] != "alone"]
    found = [
        (model, lang, rows.to_dict("records"))
        for (model, lang), rows in asked.groupby(["model", "lang"], sort=False)
    ]
    meanings = [_meanings(rows) for _, _, rows in found]
    same = len(set(meanings)) == 1 and len(meanings) > 1  # then it is said once
    lines = [
        text(
            "stereoset.found_questions",
            model=model,
            where=name_of(lang),
            said=text("stereoset.separator").join(map(_answers, rows)),
            meaning="" if same else meaning,
        ).strip()
        for (model, lang, rows), meaning in zip(found, meanings, strict=True)
    ]
    if same:
        lines.append(text("bbq.found_all", meaning=meanings[0]))
    return Markdown("\n".join([*lines, *_words_alone(answered)]))


def _meanings(rows: list[dict]) -> str:
    """What the answers of a model in a language mean: once, or for each way of asking."""
    said = {row["prompt"]: text(f"stereoset.answers_{_reading(row)}") for row in rows}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return text("bbq.join").join(
        text("bbq.found_meaning", way=text(f"bbq.by_{way}"), meaning=meaning)
        for way, meaning in said.items()
    )


def _answers(row: dict) -> str:
    way = text(f"bbq.by_{row['prompt']}")
    accuracy, named = (_estimate(row, f"{name}_accuracy") for name in ("disambiguated", "named"))
    if pd.isna(named.value):
        return text("bbq.found_named_nobody", way=way)
    return text("bbq.found_way", way=way, accuracy=f"{accuracy:.0%}", named=f"{named:.0%}")


def _reading(row: dict) -> str:
    if not row["named_accuracy_low"] > 1 / 2:
        return "cannot_read"
    s_dis, s_amb = _estimate(row, "s_dis"), _estimate(row, "s_amb")
    if s_amb.low > 0 or s_dis.low > 0:
        return "leans"
    return "leans_away" if s_amb.high < 0 or s_dis.high < 0 else "open"


def _estimate(row: dict, name: str, n: str = "templates") -> Estimate:
    return Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], row[n], row.get("note", ""))


def _words_alone(answered: pd.DataFrame) -> list[str]:
    """How often "unknown" is chosen by its words with nothing to read, and with the text."""
    by_way = {way: rows.set_index(["model", "lang"]) for way, rows in answered.groupby("prompt")}
    if not {"alone", "text"} <= set(by_way):
        return []
    name = "ambiguous_accuracy"  # there, "unknown" is what is right
    both = by_way["alone"].index.intersection(by_way["text"].index)
    alone, told = by_way["alone"].loc[both], by_way["text"].loc[both]
    apart = (alone[f"{name}_low"] > told[f"{name}_high"]) | (
        alone[f"{name}_high"] < told[f"{name}_low"]
    )
    kind = "moves" if apart.all() else "some" if apart.any() else "stays"
    ends = {
        f"{way}_{end}": f"{100 * value:.0f}"
        for way, table in (("alone", alone), ("text", told))
        for end, value in (("low", table[name].min()), ("high", table[name].max()))
    }
    return [text("bbq.found_alone", meaning=text(f"bbq.alone_{kind}"), **ends)]


def gap_findings(gaps: pd.DataFrame, level: float = 0.05) -> Markdown:
    """How many gaps in what was written are left once p is adjusted, and which.

    gaps: ``counterfactual_gaps(scored)``, by model and lang, of one measure or several.
    """
    left = gaps[gaps["holm"] < level]
    fields = {"n": len(gaps), "before": int((gaps["p"] < level).sum()), "after": len(left)}
    lines = [text("stereoset.found_gaps", **fields)]
    for row in left.to_dict("records"):
        # Told from the group with the higher score, so that the gap is positive.
        sign = 1 if row["gap"] > 0 else -1
        more, less = (row["group_a"], row["group_b"])[::sign]
        ends = sorted(sign * row[f"gap_{end}"] for end in ("low", "high"))
        gap = Estimate(sign * row["gap"], *ends, row["prompts"])
        about = {"model": row["model"], "where": name_of(row["lang"]), "gap": f"{gap:.2f}"}
        if row["measure"] == "toxicity":
            lines.append(text("generated_bias.found_gap_toxicity", worse=more, other=less, **about))
        else:
            lines.append(text("stereoset.found_gap", kinder=more, other=less, **about))
    return Markdown("\n".join(lines))
