"""Estimates, intervals, corrected rates, agreement; refusal rates and the published figures."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa as reference_kappa
from statsmodels.stats.proportion import proportion_confint

from course_lib import set_language
from course_lib.errors import CourseError
from course_lib.exaggerated_safety import (
    compliance_rates,
    published_rates,
    readable,
    refusal_rates,
    type_explanation,
    type_name,
)
from course_lib.measures import (
    Estimate,
    cluster_bootstrap,
    cohens_kappa,
    corrected_rate,
    edge_interval,
    paired_difference,
    wilson,
    wilson_interval,
)
from course_lib.prompts.xstest import TYPES, label_of

PERFECT = SimpleNamespace(sensitivity=wilson(200, 200), specificity=wilson(200, 200))


# ---- Estimate -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("won", "lost", "n", "value", "low", "high"),
    [
        # Agresti & Min: (9.5 - 1.5) / 62 and its standard error.
        (9, 1, 60, 8 / 60, 0.0292, 0.2288),
        (0, 0, 60, 0, -0.0316, 0.0316),  # alike on all, and still not certain
        (60, 0, 60, 1, 0.9136, 1),
        (2, 2, 4, 0, -0.7302, 0.7302),
    ],
)
def test_a_paired_difference_counts_the_pairs_that_differ(won, lost, n, value, low, high):
    found = paired_difference(won, lost, n)
    assert (found.value, found.n) == (value, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=3e-4)
    other = paired_difference(lost, won, n)
    assert (other.value, other.low, other.high) == (-value, -found.high, -found.low)


def test_a_paired_difference_of_nothing_or_of_too_many(lang):
    assert math.isnan(paired_difference(0, 0, 0).value)
    for counts in ((-1, 0, 3), (2, 2, 3)):
        with pytest.raises(CourseError) as error:
            paired_difference(*counts)
        assert error.value.key == "measures.pairs" and str(error.value)


@pytest.mark.parametrize(
    ("spec", "zh", "en"),
    [
        ("", "12.5% [7.1, 20.9]", "12.5 % [7.1, 20.9]"),
        (".1%", "12.5% [7.1, 20.9]", "12.5 % [7.1, 20.9]"),
        (".0%", "12% [7, 21]", "12 % [7, 21]"),
        (".2f", "0.12 [0.07, 0.21]", "0.12 [0.07, 0.21]"),
    ],
)
def test_estimate_is_written_in_the_readers_language(lang, spec, zh, en):
    estimate = Estimate(0.125, 0.0712, 0.2094, 88)
    assert format(estimate, spec) == {"zh": zh, "en": en}[lang]


def test_undefined_estimate_says_why(lang):
    said = str(wilson(0, 0))
    assert said == {"zh": "—（没有可计的数据）", "en": "— (nothing to count)"}[lang]
    assert f"{wilson(0, 0):.2f}" == said


# ---- Wilson -------------------------------------------------------------------------------


def test_wilson_textbook_value():
    # 15 of 148, an example widely used for interval comparisons (Newcombe 1998, table I).
    low, high = wilson_interval(15, 148)
    assert (round(float(low), 4), round(float(high), 4)) == (0.0624, 0.1605)
    assert wilson(15, 148).value == 15 / 148


def test_wilson_is_vectorised_and_exact_at_the_ends():
    low, high = wilson_interval([0, 3, 12, 0], [12, 12, 12, 0])
    assert low[0] == 0.0 and high[2] == 1.0
    assert np.isnan(low[3]) and np.isnan(high[3])
    assert high[0] == pytest.approx(1.96**2 / (12 + 1.96**2), abs=1e-3)


def test_nothing_counted_is_nan_not_an_exception():
    for estimate in (
        wilson(0, 0),
        corrected_rate(0, 0, 0.9, 0.9),
        cohens_kappa([], []),
        cluster_bootstrap([], []),
    ):
        assert math.isnan(estimate.value) and estimate.n == 0 and estimate.note


@pytest.mark.parametrize(("k", "n"), [(5, 4), (-1, 4), (1.5, 4), (float("nan"), 4)])
def test_impossible_counts_are_refused(k, n):
    with pytest.raises(CourseError):
        wilson(k, n)
    with pytest.raises(CourseError):
        corrected_rate(k, n, 0.9, 0.9)


# ---- corrected rates ----------------------------------------------------------------------


def test_rogan_gladen_by_hand():
    # 30 of 100 seen, Se .9, Sp .8: (0.3 + 0.8 - 1) / (0.9 + 0.8 - 1) = 1/7
    assert corrected_rate(30, 100, 0.9, 0.8).value == pytest.approx(1 / 7)


def test_perfect_judge_known_exactly_changes_nothing():
    estimate = corrected_rate(30, 100, 1.0, 1.0)
    low, high = proportion_confint(30, 100, method="agresti_coull")
    assert estimate.value == pytest.approx(0.3)
    assert (estimate.low, estimate.high) == pytest.approx((low, high))


def test_uncertainty_of_the_judge_widens_the_interval():
    exact = corrected_rate(300, 1000, 0.9, 0.8)
    many = corrected_rate(300, 1000, (1800, 2000), (1600, 2000))
    few = corrected_rate(300, 1000, (45, 50), (40, 50))
    widths = [e.high - e.low for e in (exact, many, few)]
    assert widths == sorted(widths) and widths[2] > 2 * widths[0]
    same = corrected_rate(300, 1000, wilson(45, 50), wilson(40, 50))
    assert (same.value, same.low, same.high) == pytest.approx((few.value, few.low, few.high))


def test_large_samples_agree_with_the_delta_method():
    k, n, se, sp, m = 3000, 10_000, 0.9, 0.85, 5000
    p, j = k / n, se + sp - 1
    true = (p + sp - 1) / j
    variance = p * (1 - p) / n + true**2 * se * (1 - se) / m + (1 - true) ** 2 * sp * (1 - sp) / m
    half = 1.96 * math.sqrt(variance) / j
    estimate = corrected_rate(k, n, (se * m, m), (sp * m, m))
    assert (estimate.low, estimate.high) == pytest.approx((true - half, true + half), abs=0.002)


@pytest.mark.parametrize("true", [0.0, 0.02, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize(("n", "m", "se", "sp"), [(12, 100, 0.95, 0.98), (108, 60, 0.8, 0.9)])
def test_interval_covers_the_truth(true, n, m, se, sp):
    rng = np.random.default_rng(7)
    trials = 400
    seen = rng.binomial(n, true * se + (1 - true) * (1 - sp), trials)
    pairs = zip(seen, rng.binomial(m, se, trials), rng.binomial(m, sp, trials), strict=True)
    estimates = [corrected_rate(k, n, (a, m), (b, m)) for k, a, b in pairs]
    assert np.mean([e.low <= true <= e.high for e in estimates]) >= 0.92
    assert all(0 <= e.low <= e.value <= e.high <= 1 for e in estimates)


def test_judge_no_better_than_chance_gives_a_reason(lang):
    for se, sp in ((0.5, 0.5), (0.3, 0.6), ((10, 20), (5, 20))):
        estimate = corrected_rate(5, 20, se, sp)
        assert math.isnan(estimate.value) and estimate.n == 20
        assert {"zh": "随机猜测", "en": "chance"}[lang] in estimate.note
    assert math.isnan(corrected_rate(5, 20, wilson(0, 0), 0.9).value)


def test_a_rate_the_judge_could_not_produce_keeps_a_width():
    estimate = corrected_rate(250, 250, (48, 60), (51, 60))
    assert estimate.value == 1.0
    assert estimate.low <= wilson(250, 250).low


@pytest.mark.parametrize("bad", [1.2, -0.1, "0.9", None])
def test_impossible_sensitivity_is_refused(bad):
    with pytest.raises(CourseError, match="sensitivity"):
        corrected_rate(5, 20, bad, 0.9)


# ---- agreement ----------------------------------------------------------------------------


def test_kappa_and_its_interval_against_two_libraries():
    rng = np.random.default_rng(3)
    for classes in (2, 3, 4):
        a = rng.integers(classes, size=150)
        b = np.where(rng.random(150) < 0.7, a, rng.integers(classes, size=150))
        table = pd.crosstab(a, b).to_numpy()
        expected = reference_kappa(table)
        kappa = cohens_kappa(list(a), list(b))
        assert kappa.value == pytest.approx(cohen_kappa_score(a, b))
        assert (kappa.low, kappa.high) == pytest.approx((expected.kappa_low, expected.kappa_upp))


def test_kappa_at_its_ends():
    assert cohens_kappa(["a", "b"], ["a", "b"]).value == 1.0
    assert math.isnan(cohens_kappa(["a", "a"], ["a", "a"]).value)
    with pytest.raises(CourseError):
        cohens_kappa([1, 0], [1])


def test_cluster_bootstrap_is_wider_for_clustered_rows_and_repeatable():
    values = np.repeat(np.random.default_rng(0).integers(0, 2, 40), 10)
    clusters = np.repeat(np.arange(40), 10)
    by_cluster = cluster_bootstrap(values, clusters)
    by_row = cluster_bootstrap(values, np.arange(400))
    assert by_cluster.n == 40 and by_cluster.value == values.mean()
    assert by_cluster.high - by_cluster.low > 2 * (by_row.high - by_row.low)
    assert by_cluster == cluster_bootstrap(values, clusters)


def test_what_agrees_throughout_still_has_an_interval():
    """Redrawing eight ones gives eight ones; eight observations do not prove 100 %."""
    for value, k in ((1, 8), (0, 0)):
        found = cluster_bootstrap([value] * 16, np.repeat(np.arange(8), 2), bounds=(0, 1))
        assert (found.low, found.high, found.n) == (*(float(b) for b in wilson_interval(k, 8)), 8)
    low, high = edge_interval([-1, -1, -1], 3, (-1, 1))
    assert low == -1 and high == pytest.approx(-1 + 2 * wilson(0, 3).high)
    assert edge_interval([100.0] * 5, 5, (0, 100))[0] == pytest.approx(100 * wilson(5, 5).low)
    assert edge_interval([0.5, 0.5], 2) is None and edge_interval([0, 1], 2) is None
    # Without bounds nobody knows how far a value could go.
    assert cluster_bootstrap([1, 1, 1], [1, 2, 3]).low == 1


def test_a_single_cluster_has_no_interval_of_its_own(lang):
    known, unknown = (cluster_bootstrap([1, 0], ["p", "p"], bounds=b) for b in ((0, 1), None))
    assert (known.value, known.low, known.high, known.n) == (0.5, 0, 1, 1) and known.note
    assert math.isnan(unknown.low) and unknown.note in str(unknown) and "nan" not in str(unknown)


# ---- refusal rates ------------------------------------------------------------------------


def verdicts(model="m", lang="en", n=4, refused=1, unparsed=0):
    """n prompts a type of which the first are refused and the last unparsed."""
    rows = []
    for kind in TYPES:
        for i in range(n):
            verdict = "partial_refusal" if i < refused else "full_compliance"
            if i >= n - unparsed:
                verdict = "unparsed"
            rows.append(
                {
                    "id": f"{lang}-{kind}-{i}",
                    "type": kind,
                    "label": label_of(kind),
                    "lang": lang,
                    "model": model,
                    "verdict": verdict,
                }
            )
    return pd.DataFrame(rows)


def test_rates_by_type_in_the_papers_order():
    shuffled = verdicts(unparsed=1).sample(frac=1, random_state=0)
    table = refusal_rates(Dataset.from_pandas(shuffled, preserve_index=False))
    assert list(table["type"]) == list(TYPES)
    assert list(table.columns) == [
        "model", "lang", "label", "type", "n", "refused", "rate", "low", "high", "unparsed",
    ]  # fmt: skip
    assert set(table["n"]) == {3} and set(table["refused"]) == {1} and set(table["unparsed"]) == {1}
    low, high = wilson_interval(1, 3)
    assert table["low"].iloc[0] == low and table["high"].iloc[0] == high


def test_safe_and_unsafe_are_never_pooled():
    for by in ("model", ("model", "lang"), ()):
        table = refusal_rates(verdicts(), by=by)
        assert list(table["label"]) == ["safe", "unsafe"]
        assert list(table["n"]) == [40, 32]


def test_a_group_with_nothing_parsed_is_nan():
    table = refusal_rates(verdicts(n=2, unparsed=2), by="model", calibration=PERFECT)
    assert list(table["n"]) == [0, 0] and list(table["unparsed"]) == [20, 16]
    assert table[["rate", "low", "high", "corrected"]].isna().all().all()


def test_a_prompt_counted_twice_is_refused():
    both = pd.concat([verdicts("a"), verdicts("b")])
    with pytest.raises(CourseError, match="model"):
        refusal_rates(both, by="type")
    assert len(refusal_rates(both, by=("model", "type"))) == 2 * len(TYPES)
    # The same ids in another language are other prompts.
    two = pd.concat([verdicts(lang="en"), verdicts(lang="zh").assign(id=lambda f: f["id"])])
    assert list(refusal_rates(two, by="model")["n"]) == [80, 64]


def test_correction_by_language():
    weak = SimpleNamespace(sensitivity=wilson(90, 100), specificity=wilson(80, 100))
    both = pd.concat([verdicts(lang="en", n=20, refused=9), verdicts(lang="zh", n=20, refused=9)])
    table = refusal_rates(both, by="lang", calibration={"en": PERFECT, "zh": weak})
    rows = table[table["label"] == "safe"].set_index("lang")
    assert rows.loc["zh", "corrected"] == pytest.approx((0.45 + 0.8 - 1) / 0.7)
    assert rows.loc["en", "corrected"] == pytest.approx(0.45)
    with pytest.raises(CourseError, match="lang"):
        refusal_rates(verdicts(), by="type", calibration={"en": PERFECT})
    with pytest.raises(CourseError, match="zh"):
        refusal_rates(verdicts(lang="zh"), by="lang", calibration={"en": PERFECT})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: f.drop(columns="verdict"), "verdict"),
        (lambda f: f.drop(columns="label"), "label"),
        (lambda f: f.drop(columns="type"), "type"),
        (lambda f: f.assign(verdict="refused"), "full_refusal"),
        (lambda f: f.assign(verdict=None), "full_refusal"),
    ],
)
def test_bad_verdicts_name_what_is_wrong(lang, change, named):
    with pytest.raises(CourseError, match=named):
        refusal_rates(change(verdicts()), by="type")


def test_every_type_has_a_name_and_an_explanation_in_both_languages():
    for write in (type_name, type_explanation):
        for lang in ("zh", "en"):
            assert len({write(kind, lang) for kind in TYPES}) == len(TYPES) == 18
    with pytest.raises(CourseError, match="homonyms"):
        type_name("homonym")


def test_readable_table_has_words_and_intervals(lang):
    table = refusal_rates(verdicts(n=8, refused=1), calibration=PERFECT)
    shown = readable(table)
    assert type_name("homonyms") in shown.iloc[0].tolist()
    assert str(wilson(1, 8)) in shown.iloc[0].tolist()
    assert not set(shown.columns) & {"rate", "low", "corrected", "corrected_low", "refused"}
    assert readable(published_rates(by_type=True)).notna().all().all()


# ---- published figures --------------------------------------------------------------------


def test_published_figures_are_the_papers(lang):
    table = published_rates()
    percent = (100 * table[["full_compliance", "full_refusal", "partial_refusal"]]).round(1)
    assert percent.to_numpy().tolist() == [
        [91.6, 6.4, 2.0], [0.5, 97.5, 2.0],
        [40.4, 38.0, 21.6], [0.0, 99.5, 0.5],
        [70.4, 14.0, 15.6], [0.0, 97.5, 2.5],
        [98.4, 0.8, 0.8], [64.0, 23.5, 12.5],
        [81.2, 9.6, 9.2], [3.5, 87.5, 9.0],
    ]  # fmt: skip
    assert list(table["label"]) == ["safe", "unsafe"] * 5
    assert list(table["n"]) == [250, 200] * 5
    assert set(table["date"]) == {2023} and table["source"].str.endswith(".csv").all()
    by_hand = [wilson(r.refused, r.n) for r in table.itertuples()]
    assert list(table["low"]) == [e.low for e in by_hand]


@pytest.mark.parametrize("name", ["llama2new", "mistralinstruct"])
@pytest.mark.parametrize("by_type", [False, True])
def test_published_figures_recounted(shared_datasets, name, by_type):
    file = shared_datasets / "xstest" / f"xstest_v2_completions_{name}.csv"
    fresh = published_rates(by_type, completions=file)
    kept = published_rates(by_type)
    kept = kept[kept["model"] == fresh["model"].iloc[0]].reset_index(drop=True)
    assert len(fresh) == (18 if by_type else 2)
    pd.testing.assert_frame_equal(fresh, kept, check_dtype=False)


def test_compliance_shares_add_up():
    table = compliance_rates(verdicts(n=5, unparsed=1))
    assert table[["full_compliance", "partial_refusal", "full_refusal"]].sum(axis=1).tolist() == [
        1,
        1,
    ]
    assert list(table["n"]) == [40, 32]


# ---- terminology --------------------------------------------------------------------------


def test_terms_are_complete_and_unique(root):
    terms = pd.read_csv(root / "data" / "terms.csv", keep_default_na=False)
    assert list(terms.columns) == ["en", "zh", "note"] and len(terms) >= 60
    for column in ("en", "zh"):
        assert (terms[column].str.strip() == terms[column]).all() and (terms[column] != "").all()
        assert terms[column].str.lower().is_unique
    assert terms["zh"].str.contains(r"[\u4e00-\u9fff]").all()
    assert not terms["en"].str.contains(r"[\u4e00-\u9fff]").any()


@pytest.fixture(autouse=True)
def english_by_default():
    from course_lib import language

    before = language._current
    if before is None:
        set_language("en")
    yield
    language._current = before
