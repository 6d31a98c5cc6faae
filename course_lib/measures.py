"""Numbers with their uncertainty: rates, corrected rates, agreement.

Every measure returns an :class:`Estimate`. Where there is nothing to count the estimate is
NaN with a note that says why; a mistake of the caller raises :class:`CourseError`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from .errors import CourseError
from .language import text


@dataclass(frozen=True)
class Estimate:
    """A value, its 95 % interval, and the number of observations behind it.

    ``value``, ``low`` and ``high`` are plain fractions (0.125, not 12.5); ``n`` is a count.
    A value of NaN means "cannot be known from these data" and ``note`` says why.

    ``str(e)`` and ``f"{e:.1%}"`` give "12.5 % [7.1, 20.9]"; ``f"{e:.2f}"`` gives
    "0.85 [0.80, 0.90]", for kappa and other measures that are no percentages.
    """

    value: float
    low: float
    high: float
    n: int
    note: str = ""

    def __str__(self) -> str:
        return format(self, ".1%")

    def __format__(self, spec: str) -> str:
        if math.isnan(self.value):
            return text("measures.undefined", note=self.note or text("measures.no_data"))
        spec = spec or ".1%"
        # The percent sign stands once, after the value, not on each of three numbers.
        percent = spec.endswith("%")
        scale, digits = (100, spec[:-1] + "f") if percent else (1, spec)
        numbers = {
            name: format(scale * getattr(self, name), digits) for name in ("value", "low", "high")
        }
        if math.isnan(self.low):
            key = "measures.percent_alone" if percent else "measures.number_alone"
            return text(key, value=numbers["value"], note=self.note)
        return text("measures.percent" if percent else "measures.number", **numbers)


def undefined(note: str, n: int = 0) -> Estimate:
    """The NaN estimate, with the reason for it."""
    return Estimate(math.nan, math.nan, math.nan, n, note)


def wilson_interval(successes, n, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of one or many proportions: arrays (low, high), NaN where n is 0.

    Wilson (1927). Unlike value ± 1.96 standard errors it stays inside [0, 1] and keeps its
    coverage at the small counts (12 prompts of a type) and extreme rates of these tests.
    """
    _check_level(level)
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    # Written so that NaN fails too.
    if not np.all((k >= 0) & (k <= n) & (k % 1 == 0) & (n % 1 == 0)):
        raise CourseError("measures.counts", successes=successes, n=n)
    safe_n = np.where(n > 0, n, 1)
    low, high = proportion_confint(np.where(n > 0, k, 0), safe_n, 1 - level, method="wilson")
    # The bound at 0 of n and n of n is exact; rounding leaves it at 1e-17 or 1 - 1e-16.
    low, high = np.where(k == 0, 0.0, low), np.where(k == n, 1.0, high)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def wilson(successes: int, n: int, level: float = 0.95) -> Estimate:
    """The proportion ``successes / n`` with its Wilson score interval."""
    low, high = wilson_interval(successes, n, level)
    if n == 0:
        return undefined(text("measures.no_data"))
    return Estimate(successes / n, float(low), float(high), int(n))


def corrected_rate(
    successes: int, n: int, sensitivity, specificity, level: float = 0.95
) -> Estimate:
    """The true rate behind a rate that an imperfect judge counted.

    Rogan & Gladen (1978): true = (observed + Sp - 1) / (Se + Sp - 1), clipped to [0, 1].
    ``sensitivity`` and ``specificity`` are an :class:`Estimate`, a pair (successes, n), or a
    number, which is then taken as known exactly. The interval, of Lang & Reiczigel (2014),
    carries all three uncertainties: of the observed rate, of Se and of Sp.

    An observed rate above Se or below 1 - Sp is more than this judge could make of any
    answers: its calibration does not fit them. The interval is then widened to hold the
    observed rate's own Wilson interval on that side, instead of shrinking to 0 or 1.

    NaN with a note where n is 0, where Se or Sp is unknown, and where Se + Sp <= 1.
    """
    observed = wilson(successes, n, level)
    se, se_n = _proportion(sensitivity, "sensitivity")
    sp, sp_n = _proportion(specificity, "specificity")
    if n == 0:
        return observed
    if math.isnan(se) or math.isnan(sp):
        return undefined(text("measures.no_calibration"), n)
    if se + sp <= 1:
        return undefined(text("measures.chance"), n)
    value = min(max((observed.value + sp - 1) / (se + sp - 1), 0), 1)

    # Pseudo-counts as in Agresti & Coull: z²/2 for the rate, 1 for either side of Se and Sp.
    z = norm.ppf((1 + level) / 2)
    p = (successes + z**2 / 2) / (n + z**2)
    p_variance = p * (1 - p) / (n + z**2)
    se, se_variance = _shrunk(se, se_n)
    sp, sp_variance = _shrunk(sp, sp_n)
    youden = se + sp - 1
    if youden <= 0:
        return Estimate(value, 0.0, 1.0, int(n))
    true = (p + sp - 1) / youden
    shift = 2 * z**2 * (true * se_variance - (1 - true) * sp_variance)
    spread = z / youden
    spread *= math.sqrt(p_variance + true**2 * se_variance + (1 - true) ** 2 * sp_variance)
    low = min(max(true + shift - spread, 0), value)
    high = max(min(true + shift + spread, 1), value)
    if observed.value > se:
        low = min(low, observed.low)
    if observed.value < 1 - sp:
        high = max(high, observed.high)
    return Estimate(float(value), float(low), float(high), int(n))


def paired_difference(won: int, lost: int, n: int, level: float = 0.95) -> Estimate:
    """Difference of two shares counted on the same ``n`` things: (won - lost) / n, -1 to 1.

    won: things that the first has and the second has not; lost: the reverse. The interval is
    Agresti & Min's (2005): half a pair is added to each of the four cells, so that it keeps a
    width where the two agree on all. NaN where n is 0.
    """
    _check_level(level)
    if min(won, lost) < 0 or won + lost > n:
        raise CourseError("measures.pairs", won=won, lost=lost, n=n)
    if n == 0:
        return undefined(text("measures.no_data"))
    difference, pairs = (won - lost) / (n + 2), n + 2
    variance = (won + lost + 1) / pairs - difference**2
    half = norm.ppf((1 + level) / 2) * math.sqrt(variance / pairs)
    low, high = max(difference - half, -1.0), min(difference + half, 1.0)
    return Estimate((won - lost) / n, float(low), float(high), int(n))


def cohens_kappa(a: Sequence, b: Sequence, level: float = 0.95) -> Estimate:
    """Agreement of two raters beyond chance, on any labels.

    Cohen (1960), with the large-sample variance of Fleiss, Cohen & Everitt (1969). NaN where
    nobody rated anything or where both raters use one and the same class throughout.
    """
    _check_level(level)
    a, b = list(a), list(b)
    if len(a) != len(b):
        raise CourseError("measures.lengths", a=len(a), b=len(b))
    n = len(a)
    if n == 0:
        return undefined(text("measures.no_data"))
    position = {label: i for i, label in enumerate(dict.fromkeys(a + b))}
    p = np.zeros((len(position), len(position)))
    for x, y in zip(a, b, strict=True):
        p[position[x], position[y]] += 1 / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, by_chance = np.trace(p), rows @ columns
    if len(position) == 1:
        return undefined(text("measures.no_agreement"), n)
    kappa = (observed - by_chance) / (1 - by_chance)

    agree = np.diag(p) @ (1 - (rows + columns) * (1 - kappa)) ** 2
    off = p * (columns[:, None] + rows[None, :]) ** 2
    disagree = (1 - kappa) ** 2 * (off.sum() - np.trace(off))
    chance = (kappa - by_chance * (1 - kappa)) ** 2
    variance = max(agree + disagree - chance, 0) / (n * (1 - by_chance) ** 2)
    half = norm.ppf((1 + level) / 2) * math.sqrt(variance)
    return Estimate(float(kappa), float(max(kappa - half, -1)), float(min(kappa + half, 1)), n)


def cluster_bootstrap(
    values: Sequence[float],
    clusters: Sequence,
    statistic: Callable[[np.ndarray], float] = np.mean,
    level: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """``statistic(values)`` with a percentile interval that draws whole clusters.

    Rows that share a prompt, a template or a dialogue are not independent; drawing rows one
    by one would make the interval too narrow. ``n`` of the result is the number of clusters.

    bounds: the least and the greatest value there can be. With it, values that all lie on one
    bound get ``edge_interval``'s interval, and a single cluster the whole range; without it
    the interval of a single cluster is NaN.
    """
    _check_level(level)
    values, clusters = np.asarray(values), np.asarray(clusters)
    if len(values) != len(clusters):
        raise CourseError("measures.lengths", a=len(values), b=len(clusters))
    if len(values) == 0:
        return undefined(text("measures.no_data"))
    names, which = np.unique(clusters, return_inverse=True)
    if len(names) == 1:
        low, high = bounds or (math.nan, math.nan)
        note = text("measures.one_cluster")
        return Estimate(float(statistic(values)), float(low), float(high), 1, note)
    if bounds and (ends := edge_interval(values, len(names), bounds, level)):
        return Estimate(float(statistic(values)), *ends, len(names))
    picks = np.random.default_rng(seed).integers(len(names), size=(draws, len(names)))
    if statistic is np.mean:
        # All draws at once: a mean needs each cluster's sum and size alone.
        sums, sizes = np.bincount(which, values), np.bincount(which)
        drawn = sums[picks].sum(1) / sizes[picks].sum(1)
    else:
        members = [np.flatnonzero(which == i) for i in range(len(names))]
        drawn = [statistic(values[np.concatenate([members[i] for i in each])]) for each in picks]
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(float(statistic(values)), float(low), float(high), len(names))


def edge_interval(
    values: Sequence[float],
    n: int,
    bounds: tuple[float, float] = (0.0, 1.0),
    level: float = 0.95,
) -> tuple[float, float] | None:
    """The interval where every value is one and the same bound; None where it is not so.

    Redrawing such values finds nothing else, and a bootstrap's interval would have no width.
    This one goes as far as none (or all) of n could by chance: Wilson's, in the bounds' units.
    n: how many independent things the values come from.
    """
    least, greatest = map(float, bounds)
    first = float(values[0])
    if first not in (least, greatest) or any(float(v) != first for v in values):
        return None
    low, high = wilson_interval(n if first == greatest else 0, n, level)
    width = greatest - least
    return least + width * float(low), least + width * float(high)


def _proportion(given, name: str) -> tuple[float, int | None]:
    """(rate, n) of an Estimate, a pair (successes, n), or a number; n None: known exactly."""
    if isinstance(given, Estimate):
        rate, n = given.value, given.n
    elif isinstance(given, (tuple, list)):
        successes, n = given
        rate = successes / n if n else math.nan
    else:
        rate, n = given, None
    if not isinstance(rate, (int, float, np.number)) or rate < 0 or rate > 1:
        raise CourseError("measures.proportion", name=name, value=given)
    return float(rate), n


def _shrunk(rate: float, n: int | None) -> tuple[float, float]:
    """A measured proportion with one pseudo-count a side, and its variance; 0 if exact."""
    if n is None:
        return rate, 0.0
    shrunk = (rate * n + 1) / (n + 2)
    return shrunk, shrunk * (1 - shrunk) / (n + 2)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise CourseError("measures.level", level=level)
