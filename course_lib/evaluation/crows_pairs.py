"""CrowS-Pairs: two sentences that differ in the group they name.

Nangia, Vania, Bhalerao & Bowman, "CrowS-Pairs: A Challenge Dataset for Measuring Social
Biases in Masked Language Models", EMNLP 2020, section 3. The paper asks a masked model how
likely the words are that both sentences share; a model that writes from left to right is
asked the same (``shared``), and how likely the whole sentences are (``sentence``, which is
what lm-evaluation-harness computes).
"""

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import pandas as pd
from datasets import Dataset

from ..errors import CourseError, choice
from ..kept import kept, kept_of
from ..language import phrases, text
from ..measures import Estimate, wilson_interval
from ..prompts.files import need_language, read_rows, set_file
from ..tables import names_of, need_columns, need_finite, need_once, need_rows
from .stereoset import name_of, say_left_out

COLUMNS = ("id", "domain", "more_stereotypical", "less_stereotypical", "lang")
MEASURES = ("shared", "sentence", "mean")
_SIDES = ("more", "less")
_THEIR_NAMES = {
    "": "id",
    "bias_type": "domain",
    "sent_more": "more_stereotypical",
    "sent_less": "less_stereotypical",
}


def load_pairs(lang: str = "en", source: str | Path = "course") -> Dataset:
    """Pairs of sentences, as a ``datasets.Dataset``.

    source: "course" (our own, written for each language), or the path of a .jsonl or .csv
    file of ours or of the authors (``crows_pairs_anonymized.csv``; in it too ``sent_more`` is
    the more stereotypical sentence, whatever ``stereo_antistereo`` says).

    Columns: id, domain, more_stereotypical, less_stereotypical, lang. Pairs with an empty or
    twice the same sentence are left out, and how many is printed. Raises CourseError for a
    file without the columns, with rows that say they are of another language, or with no
    usable pair.
    """
    path = set_file("crows_pairs", lang, source)
    rows = read_rows(path)
    need_language(rows, lang, path.name)
    pairs, left_out = [], Counter()
    for number, row in enumerate(rows, 1):
        row = {_THEIR_NAMES.get(name, name): value for name, value in row.items()}
        row = {"id": number, **row, "lang": lang}
        missing = [name for name in COLUMNS if name not in row]
        if missing:
            fields = {"missing": ", ".join(missing), "found": ", ".join(map(str, row))}
            raise CourseError("stereoset.missing_columns", file=path.name, row=number, **fields)
        pair = {name: str("" if row[name] is None else row[name]).strip() for name in COLUMNS}
        if not all(pair.values()):
            left_out["empty"] += 1
        elif pair["more_stereotypical"] == pair["less_stereotypical"]:
            left_out["same_pair"] += 1
        else:
            pairs.append(pair)
    say_left_out(left_out, path, pairs, "stereoset.left_out_pairs")
    return Dataset.from_dict({name: [pair[name] for pair in pairs] for name in COLUMNS})


def pair_likelihoods(model, pairs: Dataset, progress: bool = True) -> Dataset:
    """The pairs with log-probabilities of both sentences, and ``model``.

    New columns for either side (``more_``, ``less_``): ``sentence``, the sum over all tokens;
    ``shared``, the sum over the tokens that both sentences have in common, in order;
    ``tokens``, how many there are in all.
    """
    sentences = [pairs[f"{side}_stereotypical"][:] for side in _SIDES]
    everything = sentences[0] + sentences[1]
    scores = model.score([""] * len(everything), everything, progress=progress)
    both = [scores[: len(pairs)], scores[len(pairs) :]]
    new = {"model": [model.name] * len(pairs)}
    for side, own in zip(_SIDES, both, strict=True):
        new[f"{side}_sentence"] = [score.sum for score in own]
        new[f"{side}_tokens"] = [score.n_tokens for score in own]
    blocks = kept_of(_common_tokens, model, *sentences)
    shared = [_shared(*each) for each in zip(blocks, *both, strict=True)]
    for place, side in enumerate(_SIDES):
        new[f"{side}_shared"] = [values[place] for values in shared]
    return Dataset.from_dict({**pairs.to_dict(), **new})


@kept("model", uses=("models/*.py",))
def _common_tokens(model, _version, more: list[str], less: list[str]) -> list[tuple]:
    """For each pair: the tokens of either side, and where runs of the same tokens stand."""
    found = []
    for pair in zip(more, less, strict=True):
        ids = [model.tokenizer(s, add_special_tokens=False).input_ids for s in pair]
        blocks = SequenceMatcher(None, *ids, autojunk=False).get_matching_blocks()
        found.append((*map(len, ids), [tuple(block) for block in blocks]))
    return found


def _shared(common: tuple, more_score, less_score) -> tuple[float, float]:
    """Sums over the tokens that stand in both sentences, as the authors' ``get_span`` does."""
    *lengths, blocks = common
    # A model without a beginning-of-text token gives the first token no probability.
    first, second = (
        [0.0] * (n - score.n_tokens) + list(score.per_token)
        for n, score in zip(lengths, (more_score, less_score), strict=True)
    )
    in_more, in_less = 0.0, 0.0
    for a, b, size in blocks:
        in_more += sum(first[a : a + size])
        in_less += sum(second[b : b + size])
    return in_more, in_less


def pair_rates(
    scored, by: Sequence[str] = ("model", "lang"), measure: str = "shared"
) -> pd.DataFrame:
    """Share of pairs whose more stereotypical sentence is the likelier; 0.5 is ideal.

    measure: "shared" (the paper's), "sentence" (sums over all tokens), or "mean" (the same a
    token). Ties count in the denominator and for neither side, as in the authors' code; their
    number stands beside. Columns: groups, n, preferred, rate, low, high (Wilson 95 %), ties.

    Raises CourseError for a missing column, a table without rows, a number that is not finite,
    and where a group has a pair twice (of two models, say, when ``by`` does not tell them apart).
    """
    choice(measure, MEASURES, "stereoset.unknown_measure")
    frame = scored.to_pandas() if isinstance(scored, Dataset) else scored.copy()
    by = names_of(by)
    column = "shared" if measure == "shared" else "sentence"
    used = (column, "tokens") if measure == "mean" else (column,)
    numbers = [f"{side}_{name}" for name in used for side in _SIDES]
    need_columns(frame, (*by, "lang", "id", *numbers))
    need_rows(frame)
    need_once(frame, dict.fromkeys([*by, "lang", "id"]))
    more, less = (frame[f"{side}_{column}"].astype(float) for side in _SIDES)
    if measure == "mean":
        more, less = more / frame["more_tokens"], less / frame["less_tokens"]
    more, less = need_finite(more, f"more_{column}"), need_finite(less, f"less_{column}")
    frame["preferred"], frame["ties"] = more > less, more == less
    table = frame.groupby(by, sort=False).agg(
        n=("preferred", "size"), preferred=("preferred", "sum"), ties=("ties", "sum")
    )
    table = table.reset_index()
    table["rate"] = table["preferred"] / table["n"]
    table["low"], table["high"] = wilson_interval(table["preferred"], table["n"])
    return table[[*by, "n", "preferred", "rate", "low", "high", "ties"]]


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """A table of :func:`pair_rates` for reading: words, and "56.2 % [39.3, 71.8]"."""
    shown = pd.DataFrame(index=table.index)
    for column in table.columns:
        values, key = table[column], f"stereoset.column_{column}"
        if column in ("low", "high", "preferred"):
            continue
        if column == "rate":
            fields = table[["rate", "low", "high"]].to_numpy()
            values = [str(Estimate(*row, 0)) for row in fields]
        elif not pd.api.types.is_numeric_dtype(values):
            values = values.map(name_of)
        shown[text(key) if key in phrases() else column] = values
    return shown
