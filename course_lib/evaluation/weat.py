"""WEAT, the Word Embedding Association Test.

Caliskan, Bryson & Narayanan, "Semantics derived automatically from language corpora contain
human-like biases", Science 356 (2017), "Methods": the formulas below are theirs.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import comb

import numpy as np
import pandas as pd
import scipy
from scipy import stats

from ..errors import CourseError, choice
from ..kept import kept
from ..language import phrases, text
from ..measures import Estimate
from ..paths import data_dir
from ..tables import need_finite
from .word_sets import WordTest, as_tests

MISSING = ("drop", "balance", "error")
ALTERNATIVES = ("greater", "less", "two-sided")
# Differences of cosines smaller than this are rounding.
_ROUNDING = 1e-12
_LONG = 10_000  # divisions from which on a p is kept on disk: they take a tenth of a second


# ---- the formulas -------------------------------------------------------------------------


def cosines(vectors: Mapping[str, Sequence[float]], rows, columns) -> np.ndarray:
    """Cosine similarity of each of the words ``rows`` with each of ``columns``.

    vectors: anything that gives a vector for a word, ``vectors[word]``: a dict, or gensim's
    KeyedVectors. Returns an array of shape = (n_rows, n_columns). Raises CourseError where
    there are no rows or no columns, for a word without a vector, and for a vector that has no
    direction (zeros), is not finite, or has another length than the others.
    """
    rows, columns = list(rows), list(columns)
    if not rows or not columns:
        raise CourseError("weat.no_words")
    unit = {word: _unit(vectors, word) for word in dict.fromkeys(rows + columns)}
    first = next(iter(unit))
    for word, vector in unit.items():
        if len(vector) != len(unit[first]):
            raise CourseError(
                "weat.dimensions", word=word, n=len(vector), other=first, expected=len(unit[first])
            )
    return np.stack([unit[w] for w in rows]) @ np.stack([unit[w] for w in columns]).T


def associations(vectors, words, a, b) -> np.ndarray:
    """s(w, A, B) = mean cosine of w with the words a, minus that with b; shape = (n_words,)."""
    a, b = list(a), list(b)
    similar = cosines(vectors, words, a + b)
    return similar[:, : len(a)].mean(1) - similar[:, len(a) :].mean(1)


def differential_association(x, y) -> float:
    """The test statistic S(X, Y, A, B): the sum of the associations x of X, minus that of Y."""
    return float(np.sum(x) - np.sum(y))


def effect_size(x, y) -> float:
    """d: the difference of the means of x and y, in standard deviations over X and Y together.

    x, y: associations of the targets, shapes (n_x,) and (n_y,). The deviation is the
    sample's, with n - 1 (ddof=1), as in the published figures; dividing by n gives values up
    to 0.06 larger on sets of eight. |d| stays below 2 where the sets are of one size, so it
    is not Cohen's d, whose deviation is that within the groups and which has no bound.
    NaN where all associations are equal.
    """
    both = np.concatenate([x, y])
    spread = both.std(ddof=1)
    return float((np.mean(x) - np.mean(y)) / spread) if spread > _ROUNDING else float("nan")


def permutation_test(x, y, draws: int = 20_000, alternative: str = "greater", seed: int = 0):
    """How often a random division of the targets does as well: (p, partitions, exact).

    x, y: associations of the targets, shapes (n_x,) and (n_y,). The words are divided anew
    into sets of these sizes; p is the share of divisions whose difference is at least as
    large as the one found (one-sided, as in the paper). The paper counts only larger ones;
    ties are counted here, so that p is never 0. Sets of different sizes are compared by
    their means, which for equal sizes is the paper's statistic.

    Where there are at most ``draws`` divisions (two sets of 8: 12,870) all are tried:
    ``exact``. Otherwise that many are drawn and p = (count + 1) / (draws + 1) (Phipson &
    Smyth 2010). "two-sided" doubles the smaller of the two one-sided p.

    The p of long computations is kept on disk. Raises CourseError where an association is not
    finite.
    """
    choice(alternative, ALTERNATIVES, "weat.unknown_alternative")
    _check_draws(draws)
    x, y = need_finite(x, "x"), need_finite(y, "y")
    n_all = comb(len(x) + len(y), len(x))
    arguments = (x, y, draws, alternative, seed)
    if min(n_all, draws) < _LONG:
        p = _permutation_p(*arguments)
    else:
        p = _kept_p(*arguments, (scipy.__version__, np.__version__))
    return p, min(n_all, draws), n_all <= draws


@kept()
def _kept_p(x, y, draws: int, alternative: str, seed: int, _versions: tuple) -> float:
    return _permutation_p(x, y, draws, alternative, seed)


def _permutation_p(x, y, draws: int, alternative: str, seed: int) -> float:
    found = stats.permutation_test(
        (x, y),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        n_resamples=draws,
        batch=5_000,
        alternative=alternative,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def bootstrap_interval(
    similar_a: np.ndarray,
    similar_b: np.ndarray,
    n_x: int,
    level: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of d over other words that might have stood in the four lists.

    similar_a, similar_b: cosines of the targets (X first, n_x of them, then Y) with A and
    B, shapes (n_targets, n_a) and (n_targets, n_b). Each draw takes the words of each of the
    four sets anew, with replacement. The permutation test keeps the words fixed and asks
    whether the division matters; this asks how much the choice of words does, and may well
    hold 0 where p is small. On constructed data with sets of 8 and 25 it covered the true d
    in 85 to 98 % of cases, mostly 92 to 97. Drawing the targets alone covered less, and
    correcting for bias and acceleration (BCa) far less where the effect is strong. NaN where
    no draw varies.
    """
    _check_draws(draws)
    rng = np.random.default_rng(seed)
    n = len(similar_a)

    def mean_over_drawn(similar):
        n_words = similar.shape[1]
        counts = rng.multinomial(n_words, np.full(n_words, 1 / n_words), draws)
        return similar @ counts.T / n_words

    s = mean_over_drawn(similar_a) - mean_over_drawn(similar_b)  # (n_targets, draws)
    x = np.take_along_axis(s, rng.integers(0, n_x, (n_x, draws)), 0)
    y = np.take_along_axis(s, rng.integers(n_x, n, (n - n_x, draws)), 0)
    spread = np.concatenate([x, y]).std(0, ddof=1)
    usable = spread > _ROUNDING
    d = (x.mean(0) - y.mean(0))[usable] / spread[usable]
    if not usable.any():
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(d, [tail, 1 - tail])
    return float(low), float(high)


# ---- the test -----------------------------------------------------------------------------


def weat_effects(
    vectors: Mapping[str, Sequence[float]],
    tests: Mapping[str, WordTest] | Iterable[WordTest] | WordTest,
    missing: str = "drop",
    alternative: str = "greater",
    draws: int = 20_000,
    bootstrap_draws: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """The association tests on these vectors, one row a test.

    vectors: see :func:`cosines`. tests: one :class:`WordTest`, several, or {name: test}.
    missing: what to do with words that have no vector: "drop" leaves them out, "balance"
    also leaves out the last words of the longer target set until both are equally long, and
    "error" raises. What is left out is always named in the table.

    Columns: test; x, y, a, b (names of the sets); n_x, n_y, n_a, n_b (words used); d with
    its 95 % interval low, high (see :func:`bootstrap_interval`); statistic (the paper's S);
    p, partitions, exact, alternative (see :func:`permutation_test`); missing, n_missing
    (words without a vector); trimmed (words left out for balance); note (why d is NaN). p is
    not corrected for the number of tests. Effects of sets of different sizes, or of different
    vectors, cannot be compared as strengths of a bias.

    Raises CourseError where there is no test, and where fewer than two targets or no attribute
    of a set are left.
    """
    choice(missing, MISSING, "weat.unknown_missing")
    tests = as_tests(tests)
    if not tests:
        raise CourseError("weat.no_tests")
    rows = []
    for test in tests:
        used, absent, trimmed = usable_words(vectors, test, missing)
        x, y, a, b = used.values()
        similar = cosines(vectors, x + y, a + b)
        similar_a, similar_b = similar[:, : len(a)], similar[:, len(a) :]
        s = similar_a.mean(1) - similar_b.mean(1)
        s_x, s_y = s[: len(x)], s[len(x) :]
        d = effect_size(s_x, s_y)
        low, high = bootstrap_interval(
            similar_a, similar_b, len(x), draws=bootstrap_draws, seed=seed
        )
        known = not np.isnan(d)
        p, partitions, exact = permutation_test(s_x, s_y, draws, alternative, seed)
        rows.append(
            {
                "test": test.name,
                **dict(zip("xyab", used, strict=True)),
                **{f"n_{k}": len(w) for k, w in zip("xyab", used.values(), strict=True)},
                "d": d,
                "low": low if known else np.nan,
                "high": high if known else np.nan,
                "statistic": differential_association(s_x, s_y),
                "p": p,
                "partitions": partitions,
                "exact": exact,
                "alternative": alternative,
                "missing": ", ".join(absent),
                "n_missing": len(absent),
                "trimmed": ", ".join(trimmed),
                "note": "" if known else text("weat.no_variation"),
            }
        )
    return pd.DataFrame(rows)


def usable_words(
    vectors, test: WordTest, missing: str = "drop"
) -> tuple[dict[str, list[str]], list[str], list[str]]:
    """(words used of each set, words without a vector, words left out for balance)."""
    used = {name: [w for w in words if w in vectors] for name, words in test.sets.items()}
    absent = [word for word in test.words if word not in vectors]
    if absent and missing == "error":
        raise CourseError("weat.missing", test=test.name, words=", ".join(absent))
    for name, words in used.items():
        fewest = 2 if name in test.targets else 1
        if len(words) < fewest:
            lost = [word for word in test.sets[name] if word not in vectors]
            raise CourseError(
                "weat.too_few",
                test=test.name,
                set=name,
                n=len(words),
                fewest=fewest,
                words=", ".join(lost) or "-",
            )
    trimmed = []
    if missing == "balance":
        length = min(len(used[name]) for name in test.targets)
        for name in test.targets:
            trimmed += used[name][length:]
            used[name] = used[name][:length]
    return used, absent, trimmed


def word_associations(vectors, test: WordTest) -> pd.DataFrame:
    """s(w, A, B) of each target word that has a vector, to look at single words.

    Columns: word, set, association (difference of two cosines, -2 to 2; positive: nearer
    to A). Raises CourseError as :func:`weat_effects` does.
    """
    used, _, _ = usable_words(vectors, test)
    targets = [(word, name) for name in test.targets for word in used[name]]
    a, b = (used[name] for name in test.attributes)
    table = pd.DataFrame(targets, columns=["word", "set"])
    table["association"] = associations(vectors, table["word"], a, b)
    return table


# ---- published figures, and words for the reader ------------------------------------------


def published_effects() -> pd.DataFrame:
    """d of the paper's ten tests: on GloVe (its table 1), on word2vec (its supplement).

    Columns: number (1 to 10); x, y, a, b (names of the sets); d_people (what the Implicit
    Association Tests had found with people, where the paper gives it: another scale, with
    people and not words as the units); d_glove; d_word2vec (Google News).
    """
    return pd.read_csv(data_dir() / "published" / "weat.csv")


def name_of_set(name: str, lang: str | None = None) -> str:
    """What a set is called in the reader's language; a set of the reader's own as it is."""
    key = f"weat.set_{name}"
    return text(key, lang) if key in phrases() else name


def name_of_test(name: str, lang: str | None = None) -> str:
    """What a test is called in the reader's language; a test of the reader's own as it is."""
    key = f"weat.test_{name}"
    return text(key, lang) if key in phrases() else name


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table of :func:`weat_effects` for reading: words, and "1.54 [1.31, 1.72]" for d.

    Columns that the course does not know keep their names and values.
    """
    shown = pd.DataFrame(index=table.index)
    known = {"x", "y", "a", "b", "n_x", "n_y", "n_a", "n_b", "low", "high", "statistic"}
    known |= {"partitions", "exact", "alternative", "n_missing", "note"}
    for column in table.columns:
        if column in known:
            continue
        if column == "test":
            shown[text("weat.column_test")] = table["test"].map(name_of_test)
            shown[text("weat.column_sets")] = [
                text("weat.sets", **{k: name_of_set(row[k]) for k in "xyab"})
                for row in table.to_dict("records")
            ]
        elif column == "d":
            shown[text("weat.column_d")] = [
                f"{Estimate(r.d, r.low, r.high, r.n_x + r.n_y, r.note):.2f}"
                for r in table.itertuples()
            ]
        elif column == "p":
            two = "two-sided" in set(table["alternative"])
            shown[text(f"weat.column_p_{'two' if two else 'one'}")] = [
                text("weat.p_exact" if r.exact else "weat.p_drawn", p=_decimal(r.p))
                for r in table.itertuples()
            ]
            shown[text("weat.column_n")] = [
                f"{r.n_x}/{r.n_y}, {r.n_a}/{r.n_b}" for r in table.itertuples()
            ]
        else:
            key = f"weat.column_{column}"
            shown[text(key) if key in phrases() else column] = table[column]
    return shown


def _decimal(p: float) -> str:
    return f"{p:.2g}" if p >= 0.001 else f"{p:.5f}"


def _check_draws(draws) -> None:
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
        raise CourseError("weat.draws", value=draws)


def _unit(vectors, word: str) -> np.ndarray:
    """The word's vector at length 1; CourseError where it has none."""
    if word not in vectors:
        raise CourseError("weat.no_vector", word=word)
    vector = np.asarray(vectors[word], dtype=float)
    if vector.ndim != 1 or not np.isfinite(vector).all():
        raise CourseError("weat.bad_vector", word=word)
    # Divided by the largest number first: squares of very large or small ones run over.
    largest = np.abs(vector).max(initial=0)
    if largest == 0:
        raise CourseError("weat.zero_vector", word=word)
    vector = vector / largest
    return vector / np.linalg.norm(vector)
