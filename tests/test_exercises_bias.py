"""The exercises on bias, the figures of WEAT and the demo that moves its words."""

import numpy as np
import pandas as pd
import pytest

from course_lib.demos.weat_words import WeatWordsDemo
from course_lib.errors import CourseError
from course_lib.evaluation import exercises_bias as bias
from course_lib.evaluation.weat import weat_effects, word_associations
from course_lib.evaluation.weat_figures import plot_associations, plot_effects
from course_lib.evaluation.word_sets import load_word_tests, words_of
from course_lib.exercises import check, solution
from course_lib.language import text

# ---- exercises ----------------------------------------------------------------------------


def test_the_solutions_pass(lang):
    bias.effect_size()
    bias.even_score()
    bias.bbq_score()
    assert check("effect_size", bias.my_effect_size).passed
    assert check("even_score", "b").passed
    assert check("bbq_score", bias.my_s(19, 96, 20)).passed
    for name in ("effect_size", "even_score", "bbq_score"):
        assert check(name, ...).status == "unanswered"
        assert solution(name).prose


@pytest.mark.parametrize(
    ("slip", "answer"),
    [
        ("population", lambda g: float((g[0].mean() - g[1].mean()) / np.concatenate(g).std())),
        ("sign", lambda g: -bias.my_effect_size(g)),
        ("within", lambda g: bias._cohens_d(*g)),
        ("difference", lambda g: float(g[0].mean() - g[1].mean())),
    ],
)
def test_effect_size_names_the_slip(lang, slip, answer):
    bias.effect_size()
    feedback = check("effect_size", answer)
    assert feedback.status == "wrong"
    assert text(f"exercises_bias.effect_size_{slip}") in feedback.message


def test_wrong_answers_fail(lang):
    bias.even_score()
    bias.bbq_score()
    assert not any(check("even_score", option).passed for option in "ACDE")
    assert not any(check("bbq_score", value).passed for value in (0, -1, 19 / 76, 2 * 19 / 96 - 1))


# ---- figures ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    return {w: rng.normal(size=6) for lang in ("zh", "en") for w in words_of(load_word_tests(lang))}


def test_effects_are_drawn_and_told(lang, vectors):
    tests = load_word_tests("zh")
    some = weat_effects(
        vectors, [tests["age"], tests["gender_career"]], draws=99, bootstrap_draws=50
    )
    table = pd.concat([some.assign(lang="zh", vectors="a"), some.assign(lang="zh", vectors="b")])
    fig = plot_effects(table, hue="vectors")
    assert f"{some['d'][0]:.1f}" in fig.course_alt and text("weat.test_age") in fig.course_alt
    with pytest.raises(CourseError, match="model"):
        plot_effects(table, hue="model")


def test_words_are_drawn_and_told(lang, vectors):
    test = load_word_tests("en")["gender_career"]
    words = word_associations(vectors, test)
    fig = plot_associations(words, list(test.attributes))
    top = words.loc[words["association"].idxmax(), "word"]
    assert top in fig.course_alt and text("weat.set_career") in fig.course_alt
    with pytest.raises(CourseError):
        plot_associations(words.iloc[:0], ["a", "b"])


# ---- the demo -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from course_lib.models import load_model

    from .tiny import tiny_folder

    return load_model(str(tiny_folder(tmp_path_factory.mktemp("tiny"))), store=None)


def test_moving_words_changes_the_effect(lang, model):
    test = load_word_tests(lang)["gender_career"]
    demo = WeatWordsDemo(model, test)
    x, y = test.targets
    before = demo.shown()
    assert before == demo.result.value and "<img alt=" in before and "d = " in before
    moved = demo.board.sets[x][:2]
    # As the browser does it: the board has new sets, and nothing else is called.
    demo.board.set_state(
        {"sets": demo.board.sets | {x: demo.board.sets[x][2:], y: demo.board.sets[y] + moved}}
    )
    assert len(demo.board.sets[x]) == len(test.targets[x]) - 2
    assert demo.result.value != before
    after = demo.result.value
    demo.move(moved, x)
    demo.move(moved, y)
    assert demo.board.sets[y][-2:] == moved and demo.result.value == after
    demo.reset.click()
    assert demo.result.value == before


def test_words_of_the_readers_own_and_too_few_left(lang, model):
    test = load_word_tests(lang)["age"]
    demo = WeatWordsDemo(model, test)
    demo.word.value = "zebra"
    assert demo.board.sets["aside"] == ["zebra"] and demo.word.value == ""
    x = next(iter(test.targets))
    demo.move(demo.board.sets[x][1:], "aside")
    assert "color:#D55E00" in demo.shown() and x in demo.shown()


def test_the_still_picture_names_the_words(lang, model):
    test = load_word_tests(lang)["gender_science"]
    still = WeatWordsDemo(model, test).still()
    assert all(word in still for words in test.sets.values() for word in words)
    assert still.count("<img alt=") == 1


# ---- tables and findings ------------------------------------------------------------------


def test_sets_clusters_and_defects_are_shown(lang):
    from course_lib.evaluation import bias_tables
    from course_lib.evaluation.stereoset import load_stereoset

    test = load_word_tests(lang)["age"]
    sets = bias_tables.show_sets(test).frame
    assert len(sets) == 4 and test.sets["lively"][-1] in sets.iloc[2, 1]
    clusters = load_stereoset(lang)
    shown = bias_tables.show_clusters(clusters).frame
    assert len(shown) == 8 and clusters[0]["stereotype"] in shown.iloc[0].tolist()
    assert len(bias_tables.show_defects(lang).frame) == 7
    published = bias_tables.show_published_words().frame
    assert len(published) == 10 and published.iloc[0, -3:].tolist() == ["1.35", "1.50", "1.54"]
    assert published.iloc[3, -3] == "–"


def test_one_cluster_with_its_likelihoods(lang):
    from course_lib.evaluation.bias_tables import show_likelihoods
    from course_lib.evaluation.stereoset import load_stereoset, shortest

    table = show_likelihoods(shortest(load_stereoset(lang)), 2)
    assert table.shape == (3, 5) and (table.iloc[:, 2] == table.iloc[:, 4]).all()


def test_findings_follow_the_intervals(lang):
    from datasets import Dataset

    from course_lib.evaluation.bias_tables import sentence_findings, word_findings

    effects = pd.DataFrame(
        {
            "vectors": "v", "lang": "en", "test": ["age", "gender_career", "urban_rural"],
            "low": [0.1, -0.5, -2.0], "high": [1.0, 0.5, -0.1],
        }
    )  # fmt: skip
    said = word_findings(effects).data
    places = [
        said.index(text(f"weat.test_{name}")) for name in ("age", "urban_rural", "gender_career")
    ]
    assert places == sorted(places)
    unseen = text("stereoset.found_no_control")
    assert unseen not in said
    control = effects.assign(test=["flowers_insects", "age", "urban_rural"])
    assert unseen not in word_findings(control).data
    assert unseen in word_findings(control.assign(low=-0.1)).data
    scores = pd.DataFrame(
        {
            "model": ["m", "k"],
            "lang": "en",
            "ss": 60.0,
            "ss_low": [52.0, 45.0],
            "ss_high": 70.0,
            "n": 64,
        }
    )
    pairs = Dataset.from_dict(
        {
            "id": [*range(40)] * 2, "model": ["m"] * 40 + ["k"] * 40, "lang": ["en"] * 80,
            "more_shared": [1.0] * 40 + [1.0, -1.0] * 20, "less_shared": [0.0] * 80,
            "more_sentence": [0.0] * 80, "less_sentence": [0.0] * 80,
        }
    )  # fmt: skip
    first, second = sentence_findings(scores, pairs).data.splitlines()
    assert text("stereoset.meaning_with") in first and "100.0 [" in first
    assert text("stereoset.meaning_open") in second
    opposed = sentence_findings(scores.assign(ss_low=[40.0, 52.0]), pairs).data
    assert opposed.count(text("stereoset.meaning_differ")) == 2


def test_question_findings_ask_first_whether_the_model_reads(lang):
    from course_lib.evaluation.bias_tables import question_findings

    rows = pd.DataFrame({"model": list("abcd"), "lang": "en", "templates": 48, "note": ""})
    for name, values in {
        "disambiguated_accuracy": [(0.35, 0.3, 0.4), *[(0.6, 0.5, 0.7)] * 3],
        "s_dis": [(0.5, 0.4, 0.6), (0.5, 0.4, 0.6), (-0.5, -0.6, -0.4), (0.1, -0.1, 0.3)],
        "s_amb": [(0.0, -0.1, 0.1)] * 4,
    }.items():
        rows[[name, f"{name}_low", f"{name}_high"]] = values
    said = question_findings(rows).data.splitlines()
    kinds = ("cannot_read", "leans", "leans_away", "open")
    for line, kind in zip(said, kinds, strict=True):
        assert text(f"stereoset.answers_{kind}") in line


def test_gap_findings_name_what_is_left(lang):
    from course_lib.evaluation.bias_tables import gap_findings

    gaps = pd.DataFrame(
        {
            "model": "m", "lang": "en", "group_a": ["woman", "old person"],
            "group_b": ["man", "young person"], "gap": [0.4, -0.6], "gap_low": [0.1, -0.8],
            "gap_high": [0.7, -0.4], "prompts": 6, "p": [0.03, 0.001], "holm": [0.06, 0.002],
        }
    )  # fmt: skip
    first, second = gap_findings(gaps).data.splitlines()
    assert [n for n in first if n.isdigit()][-1] == "1" and second.index("young") < second.index(
        "old"
    )
