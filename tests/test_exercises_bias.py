"""The exercises on bias, the figures of WEAT and the demo that moves its words."""

import numpy as np
import pandas as pd
import pytest

from course_lib.demos.weat_words import WeatWordsDemo
from course_lib.errors import CourseError
from course_lib.evaluation import exercises_bias as bias
from course_lib.evaluation.stereoset import name_of
from course_lib.evaluation.weat import weat_effects, word_associations
from course_lib.evaluation.weat_figures import plot_associations, plot_effects
from course_lib.evaluation.word_sets import load_word_tests, words_of
from course_lib.exercises import check, solution
from course_lib.language import text
from course_lib.measures import Estimate

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


def pairs_of(*rates):
    """40 pairs a model, "a" first, the stereotype preferred in the given share of them."""
    from datasets import Dataset

    frames = [
        pd.DataFrame(
            {
                "id": range(40), "model": model, "lang": "en", "less_shared": 0.0,
                "more_shared": [1.0 if i < 40 * rate else -1.0 for i in range(40)],
                "more_sentence": 0.0, "less_sentence": 0.0,
            }
        )
        for model, rate in zip("abcdefghi", rates, strict=False)
    ]  # fmt: skip
    return Dataset.from_pandas(pd.concat(frames), preserve_index=False)


def test_a_test_that_cannot_decide_does_not_contradict_the_other(lang):
    from course_lib.evaluation.bias_tables import sentence_findings

    ends = {"with": (60.0, 80.0), "against": (20.0, 40.0), "open": (40.0, 60.0)}
    rates = {"with": 0.9, "against": 0.1, "open": 0.5}
    both = [(first, second) for first in ends for second in ends]
    scores = pd.DataFrame(
        {
            "model": list("abcdefghi"), "lang": "en", "ss": 50.0, "n": 64,
            "ss_low": [ends[first][0] for first, _ in both],
            "ss_high": [ends[first][1] for first, _ in both],
        }
    )  # fmt: skip
    said = sentence_findings(scores, pairs_of(*(rates[second] for _, second in both)))
    for (first, second), line in zip(both, said.data.splitlines(), strict=True):
        clusters = ("StereoSet", text("stereoset.few_clusters", n=64))
        pairs = ("CrowS-Pairs", text("stereoset.few_pairs", n=40))
        if first == second:
            expected = text(f"stereoset.meaning_{first}")
        elif "open" not in (first, second):
            expected = text("stereoset.meaning_differ")
        else:
            side = first if second == "open" else second
            sure, other = (clusters, pairs) if second == "open" else (pairs, clusters)
            side = text(f"stereoset.side_{side}")
            expected = text(
                "stereoset.meaning_one", leaning=sure[0], side=side, other=other[0], few=other[1]
            )
        assert line.endswith(expected), (first, second)
    differ = text("stereoset.meaning_differ")
    assert said.data.count(differ) == 2


def test_fifty_by_guessing_is_not_called_fair(lang):
    from course_lib.evaluation.bias_tables import guessing_findings

    rows = pd.DataFrame(
        {
            "model": ["guesser", "reader"], "lang": "en", "n": 64,
            "lms": [62.0, 90.0], "lms_low": [52.0, 80.0], "lms_high": [72.0, 97.0],
            "ss": [50.0, 70.0], "ss_low": [35.0, 55.0], "ss_high": [65.0, 85.0],
            "icat": [62.0, 54.0], "icat_low": 30.0, "icat_high": 80.0,
        }
    )  # fmt: skip

    def said(**changes):
        return guessing_findings(rows.assign(**changes)).data

    def meaning(kind, ss_low=35.0, ss_high=65.0, icat=62.0):
        ss, icat = Estimate(50.0, ss_low, ss_high, 64), Estimate(icat, 30.0, 80.0, 64)
        fields = {"ss": f"{ss:.1f}", "icat": f"{icat:.1f}", "beaten": "reader"}
        return text(f"stereoset.guesser_{kind}", **fields)

    assert meaning("beats_even") in said() and len(said().splitlines()) == 1
    # Each part by itself: a better icat without an ss near 50, 50 without it, and neither.
    low, leaning = {"icat": [50.0, 54.0]}, {"ss_low": [10.0, 55.0], "ss_high": [45.0, 85.0]}
    assert meaning("beats", 10.0, 45.0) in said(**leaning)
    assert meaning("even", icat=50.0) in said(**low)
    assert meaning("other", 10.0, 45.0, 50.0) in said(**low, **leaning)
    # To be above another that guesses is nothing; to be the only one, neither.
    both = said(lms_low=[52.0, 55.0]).splitlines()
    assert len(both) == 2 and both[0].endswith(meaning("even"))
    assert guessing_findings(rows.head(1)).data.endswith(meaning("even"))
    assert said(lms_low=[61.0, 80.0]) == text("stereoset.no_guesser", where=name_of("en"))


def test_context_findings_follow_the_change(lang):
    from course_lib.evaluation.bias_tables import show_context

    def clusters(n, model):
        """32 clusters, two a target; the stereotype is likelier in the first n."""
        frame = pd.DataFrame({"id": range(32), "target": [i // 2 for i in range(32)]})
        frame["stereotype_sum"] = [-1.0 if i < n else -3.0 for i in range(32)]
        frame["anti_stereotype_sum"], frame["unrelated_sum"] = -2.0, -4.0
        tokens = dict.fromkeys(
            ("stereotype_tokens", "anti_stereotype_tokens", "unrelated_tokens"), 1
        )
        return frame.assign(model=model, lang="en", **tokens)

    given = pd.concat([clusters(n, m) for m, n in {"falls": 31, "rises": 1, "open": 16}.items()])
    removed = pd.concat([clusters(n, m) for m, n in {"falls": 4, "rises": 31, "open": 17}.items()])
    said = show_context(given, removed)

    def line(kind, model):
        who = text("stereoset.who", model=model, where=name_of("en"))
        return text(f"stereoset.change_{kind}", who=who)

    for kind in ("falls", "rises", "open"):
        assert line(kind, kind) in said.caption
    assert line("alone", "rises") in said.caption and len(said.frame) == 3
    one = [rows[rows["model"] == "open"] for rows in (given, removed)]
    every = text("stereoset.who_all")
    assert text("stereoset.change_open", who=every) in show_context(*one).caption


def asked_questions(models: str = "abcd") -> pd.DataFrame:
    """What ``bias_scores`` gives, by letter: a reads nothing, b leans, c leans away, d does not."""
    rows = pd.DataFrame(
        {"model": list("abcd"), "lang": "en", "prompt": "listed", "templates": 48, "note": ""}
    )
    for name, values in {
        "ambiguous_accuracy": [(0.3, 0.2, 0.4)] * 4,
        # a: half of them right, by naming one of two people without reading.
        "disambiguated_accuracy": [(0.5, 0.45, 0.55), *[(0.6, 0.5, 0.7)] * 3],
        "named_accuracy": [(0.5, 0.45, 0.55), *[(0.7, 0.6, 0.8)] * 3],
        "s_dis": [(0.5, 0.4, 0.6), (0.5, 0.4, 0.6), (-0.5, -0.6, -0.4), (0.1, -0.1, 0.3)],
        "s_amb": [(0.0, -0.1, 0.1)] * 4,
    }.items():
        rows[[name, f"{name}_low", f"{name}_high"]] = values
    return rows[rows["model"].isin(list(models))]


def test_question_findings_ask_first_whether_the_model_reads(lang):
    from course_lib.evaluation.bias_tables import question_findings

    rows = asked_questions()
    said = question_findings(rows).data.splitlines()
    kinds = ("cannot_read", "leans", "leans_away", "open")
    for line, kind in zip(said, kinds, strict=True):
        assert text(f"stereoset.answers_{kind}") in line
    # What holds for all is said once, after them; what differs by the way of asking, by way.
    alike = pd.concat([rows.head(1), rows.head(1).assign(lang="zh")])
    *lines, last = question_findings(alike).data.splitlines()
    meaning = text("stereoset.answers_cannot_read")
    assert len(lines) == 2 and not any(meaning in line for line in lines)
    assert last == text("bbq.found_all", meaning=meaning)
    ways = pd.concat([rows.head(1), rows[rows["model"] == "b"].assign(model="a", prompt="text")])
    (line,) = question_findings(ways).data.splitlines()
    for way, kind in (("listed", "cannot_read"), ("text", "leans")):
        meaning = text(f"stereoset.answers_{kind}")
        assert text("bbq.found_meaning", way=text(f"bbq.by_{way}"), meaning=meaning) in line
    nobody = rows.head(1).assign(named_accuracy=float("nan"), named_accuracy_low=float("nan"))
    said = question_findings(nobody).data
    assert text("bbq.found_named_nobody", way=text("bbq.by_listed")) in said and "nan" not in said


def test_question_findings_hold_options_without_text_against_those_with(lang):
    from course_lib.evaluation.bias_tables import question_findings

    rows = asked_questions("ab")

    def last(alone_a, alone_b):
        alone = rows.assign(prompt="alone")
        name = "ambiguous_accuracy"
        alone[[name, f"{name}_low", f"{name}_high"]] = [alone_a, alone_b]
        ways = pd.concat([rows, rows.assign(prompt="text"), alone])
        return question_findings(ways).data.splitlines()[-1]

    far, near = (0.6, 0.5, 0.7), (0.35, 0.25, 0.45)
    for kind, given in (("moves", (far, far)), ("some", (far, near)), ("stays", (near, near))):
        assert text(f"bbq.alone_{kind}") in last(*given)


def test_gap_findings_name_what_is_left(lang):
    from course_lib.evaluation.bias_tables import gap_findings

    gaps = pd.DataFrame(
        {
            "model": "m", "lang": "en", "group_a": ["woman", "old person"],
            "group_b": ["man", "young person"], "gap": [0.4, -0.6], "gap_low": [0.1, -0.8],
            "gap_high": [0.7, -0.4], "prompts": 6, "p": [0.03, 0.001], "holm": [0.06, 0.002],
            "measure": "regard_score",
        }
    )  # fmt: skip
    first, second = gap_findings(gaps).data.splitlines()
    assert [n for n in first if n.isdigit()][-1] == "1" and second.index("young") < second.index(
        "old"
    )
    assert "0.60 [0.40, 0.80]" in second  # told as what the kinder side has more
    _, toxic = gap_findings(gaps.assign(measure="toxicity")).data.splitlines()
    gap = {"model": "m", "where": name_of("en"), "gap": "0.60 [0.40, 0.80]"}
    worse = {"worse": "young person", "other": "old person"}
    assert toxic == text("generated_bias.found_gap_toxicity", **gap, **worse)
