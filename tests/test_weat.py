"""WEAT: the published figures, the formulas, damaged files, a model's own vectors."""

import bz2
import gzip
import json
from itertools import combinations
from math import comb
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from course_lib.errors import CourseError, DamagedFileError
from course_lib.evaluation.weat import (
    associations,
    bootstrap_interval,
    cosines,
    differential_association,
    effect_size,
    name_of_set,
    name_of_test,
    permutation_test,
    published_effects,
    readable,
    usable_words,
    weat_effects,
    word_associations,
)
from course_lib.evaluation.word_sets import WordTest, load_contexts, load_word_tests, words_of
from course_lib.evaluation.word_vectors import (
    contextual_vectors,
    input_embeddings,
    read_vectors,
    token_counts,
)

# The sets of the paper's tests that the published vectors hold, and what the paper found.
PAPER = {
    1: ("flowers", "insects", "pleasant_5", "unpleasant_5a"),
    2: ("instruments", "weapons", "pleasant_5", "unpleasant_5a"),
    6: ("male_names", "female_names", "career", "family"),
    7: ("math", "arts", "male_terms", "female_terms"),
    8: ("science", "arts_2", "male_terms_2", "female_terms_2"),
    9: ("mental_disease", "physical_disease", "temporary", "permanent"),
}
FOUND = {1: 1.54, 2: 1.63, 6: 1.89, 7: 0.97, 8: 1.24, 9: 1.30}
VECTORS = "wefe_word2vec_subset_347x300.txt"


@pytest.fixture(scope="module")
def paper_tests(shared_datasets):
    sets = json.loads((shared_datasets / "weat" / "wefe_WEAT.json").read_text(encoding="utf-8"))
    return {
        number: WordTest(str(number), {x: sets[x], y: sets[y]}, {a: sets[a], b: sets[b]})
        for number, (x, y, a, b) in PAPER.items()
    }


@pytest.fixture(scope="module")
def word2vec(shared_datasets):
    return read_vectors(shared_datasets / "weat" / VECTORS)


def small_test(**changes):
    sets = {"x": ["x1", "x2", "x3"], "y": ["y1", "y2", "y3"], "a": ["a1", "a2"], "b": ["b1", "b2"]}
    sets |= changes
    return WordTest("t", {k: sets[k] for k in "xy"}, {k: sets[k] for k in "ab"})


def drawn(test, seed=0, dimensions=5):
    rng = np.random.default_rng(seed)
    return {word: rng.normal(size=dimensions) for word in test.words}


# ---- the published figures ----------------------------------------------------------------


def test_effects_are_those_of_the_paper(paper_tests, word2vec):
    table = weat_effects(word2vec, paper_tests)
    assert dict(zip(paper_tests, table["d"].round(2), strict=True)) == FOUND
    published = published_effects().set_index("number")["d_word2vec"]
    assert {number: published[number] for number in FOUND} == FOUND
    # Dividing by n instead of n - 1 misses the paper's figures.
    n = table["n_x"] + table["n_y"]
    assert (table["d"] * np.sqrt(n / (n - 1))).round(2).tolist() == pytest.approx(
        [1.56, 1.64, 1.95, 1.00, 1.28, 1.35], abs=0.011
    )
    assert table["exact"].tolist() == [False, False, True, True, True, True]
    assert table["partitions"].tolist() == [20_000, 20_000, 12_870, 12_870, 12_870, 924]
    assert table["p"].round(4).tolist()[2:] == [0.0001, 0.0227, 0.004, 0.0076]
    assert table["p"].tolist()[:2] == [1 / 20_001] * 2
    assert table["p"][2] == 1 / 12_870
    assert table["missing"].tolist() == ["", "axe", "", "", "", ""]
    assert table["n_y"].tolist() == [25, 24, 8, 8, 8, 6]
    assert (table["low"] < table["d"]).all() and (table["d"] < table["high"]).all()


def test_missing_words_are_dropped_balanced_or_refused(paper_tests, word2vec):
    balanced = weat_effects(word2vec, paper_tests[2], missing="balance").iloc[0]
    assert (balanced["n_x"], balanced["n_y"], balanced["trimmed"]) == (24, 24, "violin")
    assert balanced["missing"] == "axe" and balanced["n_missing"] == 1
    with pytest.raises(CourseError, match="axe"):
        weat_effects(word2vec, paper_tests[2], missing="error")
    with pytest.raises(CourseError, match="balance"):
        weat_effects(word2vec, paper_tests[2], missing="balanced")


def test_only_the_wanted_words_are_kept(paper_tests, word2vec, shared_datasets):
    wanted = words_of(paper_tests)
    some = read_vectors(shared_datasets / "weat" / VECTORS, wanted)
    assert len(word2vec) == 347 and set(some) == set(wanted) & set(word2vec)
    assert all(vector.shape == (300,) for vector in some.values())
    pd.testing.assert_frame_equal(
        weat_effects(some, paper_tests), weat_effects(word2vec, paper_tests)
    )


# ---- the formulas -------------------------------------------------------------------------


def test_association_and_effect_by_hand():
    vectors = {"x1": [1, 0], "x2": [2, 0], "y1": [0, 1], "y2": [0, 3], "a": [5, 0], "b": [0, 0.1]}
    assert associations(vectors, ["x1", "y1"], ["a"], ["b"]).tolist() == [1, -1]
    x = associations(vectors, ["x1", "x2"], ["a"], ["b"])
    y = associations(vectors, ["y1", "y2"], ["a"], ["b"])
    assert differential_association(x, y) == 4
    # Mean difference 2; deviation of (1, 1, -1, -1) with n - 1: sqrt(4 / 3).
    assert effect_size(x, y) == pytest.approx(2 / np.sqrt(4 / 3))
    assert cosines(vectors, ["x1"], ["x2", "y2"]).tolist() == [[1, 0]]
    tiny, huge = {"x": [1e-200, 0], "y": [1e-200, 1e-200]}, {"x": [1e200, 0], "y": [1e200, 1e200]}
    for extreme in (tiny, huge):
        assert cosines(extreme, ["x"], ["y"])[0, 0] == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize(("n_x", "n_y"), [(4, 4), (3, 5)])
def test_exact_p_counts_every_partition(n_x, n_y):
    rng = np.random.default_rng(n_x)
    x, y = rng.normal(0.6, 1, n_x), rng.normal(0, 1, n_y)
    s = np.concatenate([x, y])
    sums = [s[list(chosen)].sum() for chosen in combinations(range(len(s)), n_x)]
    p, partitions, exact = permutation_test(x, y)
    assert exact and partitions == comb(n_x + n_y, n_x) == len(sums)
    assert p == pytest.approx(np.mean(np.array(sums) >= x.sum() - 1e-12))
    less, _, _ = permutation_test(x, y, alternative="less")
    assert less == pytest.approx(np.mean(np.array(sums) <= x.sum() + 1e-12))
    both, _, _ = permutation_test(x, y, alternative="two-sided")
    assert both == pytest.approx(min(1, 2 * min(p, less)))


def test_sampled_p_is_near_the_exact_one_never_zero_and_repeatable():
    rng = np.random.default_rng(5)
    x, y = rng.normal(0.8, 1, 8), rng.normal(0, 1, 8)
    exact, _, _ = permutation_test(x, y)
    sampled, partitions, is_exact = permutation_test(x, y, draws=5_000)
    assert not is_exact and partitions == 5_000
    assert sampled == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 5_000))
    assert sampled == permutation_test(x, y, draws=5_000)[0]
    assert sampled != permutation_test(x, y, draws=5_000, seed=1)[0]
    assert permutation_test(x + 100, y, draws=999)[0] == 1 / 1_000


def test_p_is_uniform_where_there_is_nothing():
    rng = np.random.default_rng(11)
    ps = [permutation_test(rng.normal(size=5), rng.normal(size=5))[0] for _ in range(400)]
    for level in (0.1, 0.3, 0.6):
        assert np.mean(np.array(ps) <= level) == pytest.approx(level, abs=0.07)


def test_interval_covers_the_true_effect():
    rng = np.random.default_rng(2)
    covered = []
    for seed in range(150):
        target = np.concatenate([rng.normal(0.5, 1, 10), rng.normal(-0.5, 1, 10)])[:, None]
        near, far = (sign * target / 2 + rng.normal(0, 0.7, (20, 8)) for sign in (1, -1))
        low, high = bootstrap_interval(near, far, 10, draws=400, seed=seed)
        covered.append(low <= 1 / np.sqrt(1 + 0.25) <= high)
    assert np.mean(covered) >= 0.9


def test_interval_grows_with_the_level_and_is_repeatable():
    rng = np.random.default_rng(0)
    near, far = rng.normal(size=(16, 8)), rng.normal(size=(16, 8))
    narrow, wide = (bootstrap_interval(near, far, 8, level) for level in (0.5, 0.95))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert wide == bootstrap_interval(near, far, 8)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_associations_that_are_not_finite_have_no_p(lang, value):
    for x, y in (([value] * 4, [0.1] * 4), ([0.1] * 4, [0.1, value, 0.3, 0.4])):
        with pytest.raises(CourseError) as error:
            permutation_test(x, y)
        assert error.value.key == "tables.not_finite"


@pytest.mark.parametrize(("rows", "columns"), [([], []), (["x1"], []), ([], ["a1"])])
def test_cosines_need_words_on_both_sides(lang, rows, columns):
    with pytest.raises(CourseError) as error:
        cosines(drawn(small_test()), rows, columns)
    assert error.value.key == "weat.no_words"


@pytest.mark.parametrize("tests", [[], {}])
def test_effects_need_a_test(lang, tests):
    with pytest.raises(CourseError) as error:
        weat_effects(drawn(small_test()), tests)
    assert error.value.key == "weat.no_tests"


@pytest.mark.parametrize("draws", [0, -1, 2.5, True, "many"])
def test_impossible_numbers_of_draws_are_refused(draws):
    for keyword in ("draws", "bootstrap_draws"):
        with pytest.raises(CourseError, match="draws"):
            weat_effects(drawn(small_test()), small_test(), **{keyword: draws})


# ---- the table ----------------------------------------------------------------------------


def test_no_variation_is_nan_with_a_reason(lang):
    test = small_test()
    table = weat_effects({word: [1.0, 2.0] for word in test.words}, test)
    row = table.iloc[0]
    assert row[["d", "low", "high"]].isna().all() and row["p"] == 1 and row["note"]
    assert row["note"] in readable(table).iloc[0].tolist()[2]


def test_a_row_does_not_depend_on_the_other_tests():
    first, second = small_test(), small_test(x=["x4", "x5", "x6"])
    vectors = drawn(first) | drawn(second, seed=1)
    both = weat_effects(vectors, [first, second])
    alone = weat_effects(vectors, {"any": second})
    pd.testing.assert_frame_equal(both.iloc[[1]].reset_index(drop=True), alone)


def test_swapping_the_targets_turns_the_effect_round():
    test = small_test()
    vectors = drawn(test)
    turned = WordTest("t", dict(reversed(test.targets.items())), test.attributes)
    one, other = (weat_effects(vectors, t).iloc[0] for t in (test, turned))
    assert one["d"] == pytest.approx(-other["d"])
    assert one["statistic"] == pytest.approx(-other["statistic"])


def test_single_words_make_up_the_effect():
    test = small_test()
    table = word_associations(drawn(test), test)
    by_set = table.groupby("set")["association"]
    d = (by_set.mean()["x"] - by_set.mean()["y"]) / table["association"].std(ddof=1)
    assert d == pytest.approx(weat_effects(drawn(test), test)["d"][0])
    assert table["word"].tolist() == ["x1", "x2", "x3", "y1", "y2", "y3"]


def test_too_few_words_left(lang):
    test = small_test()
    vectors = drawn(test)
    del vectors["a1"]
    used, absent, _ = usable_words(vectors, test)
    assert used["a"] == ["a2"] and absent == ["a1"]
    del vectors["a2"]
    with pytest.raises(CourseError, match="a1, a2"):
        weat_effects(vectors, test)
    vectors = drawn(test)
    del vectors["y1"], vectors["y3"]
    with pytest.raises(CourseError, match="y1, y3"):
        word_associations(vectors, test)


@pytest.mark.parametrize(
    ("vector", "key"),
    [
        ([0.0] * 5, "weat.zero_vector"),
        ([1, 2, np.nan, 4, 5], "weat.bad_vector"),
        ([[1, 2, 3, 4, 5]], "weat.bad_vector"),
        ([1, 2, 3], "weat.dimensions"),
    ],
)
def test_vectors_without_a_direction_are_refused(lang, vector, key):
    test = small_test()
    with pytest.raises(CourseError, match="y2") as error:
        weat_effects(drawn(test) | {"y2": vector}, test)
    assert error.value.key == key
    with pytest.raises(CourseError, match="nobody"):
        cosines(drawn(test), ["nobody"], ["a1"])


def test_readable_table_is_in_the_readers_words(lang):
    test = load_word_tests("en")["flowers_insects"]
    table = weat_effects(drawn(test), test).assign(model="m", own=1)
    shown = readable(table)
    first = {"zh": "花与昆虫（对照）", "en": "flowers and insects (control)"}[lang]
    assert shown.iloc[0, 0] == first
    row = table.iloc[0]
    assert f"{row['d']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" in shown.iloc[0].tolist()
    assert "own" in shown.columns and "low" not in shown.columns
    two = readable(weat_effects(drawn(test), test, alternative="two-sided"))
    assert {"zh": "p（双侧）", "en": "p (two-sided)"}[lang] in two.columns
    with pytest.raises(CourseError, match="two-sided"):
        weat_effects(drawn(test), test, alternative="two sided")


# ---- word lists ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"x": ["x1", "x2", "x1"]}, "weat.twice"),
        ({"y": ["y1", "x2"]}, "weat.shared"),
        ({"b": ["b1", "a1"]}, "weat.shared"),
        ({"a": ["x1", "a2"]}, "weat.shared"),
        ({"a": []}, "weat.empty_set"),
        ({"x": "words"}, "weat.not_list"),
        ({"x": None}, "weat.not_list"),
        ({"x": ["x1", 3]}, "weat.not_word"),
        ({"x": ["x1", ""]}, "weat.not_word"),
        ({"x": ["x1", " x2"]}, "weat.not_word"),
    ],
)
def test_bad_word_lists_are_refused(lang, changes, key):
    with pytest.raises(CourseError) as error:
        small_test(**changes)
    assert error.value.key == key


def test_a_test_has_two_sets_of_each_kind(lang):
    words = small_test().sets
    for targets in ({"x": words["x"]}, words, [words["x"], words["y"]]):
        with pytest.raises(CourseError, match="targets"):
            WordTest("t", targets, {"a": ["a"], "b": ["b"]})
    with pytest.raises(CourseError, match="'x'|「x」"):
        WordTest("t", {"x": ["1"], "y": ["2"]}, {"x": ["3"], "b": ["4"]})


@pytest.mark.parametrize("which", ["zh", "en"])
def test_own_lists(which):
    tests = load_word_tests(which)
    assert len(tests) >= 6 and "flowers_insects" in tests
    for name, test in tests.items():
        assert name_of_test(name, "zh") != name_of_test(name, "en") != name
        sizes = [len(words) for words in test.sets.values()]
        assert min(sizes) >= 8 and sizes[0] == sizes[1] and sizes[2] == sizes[3]
        for set_name, words in test.sets.items():
            assert name_of_set(set_name, "zh") != set_name
            assert all((word >= "\u4e00") == (which == "zh") for word in words)
        # Shared pieces of words would bring targets and attributes together by spelling.
        targets, attributes = (
            [w.lower() for words in sets.values() for w in words]
            for sets in (test.targets, test.attributes)
        )
        if which == "zh":
            assert not set("".join(targets)) & set("".join(attributes)), name
        else:
            pairs = [(t, a) for t in targets for a in attributes if min(len(t), len(a)) > 2]
            assert not [(t, a) for t, a in pairs if t in a or a in t], name
    assert len(load_contexts(which)) >= 4
    assert all(context.endswith("{word}") for context in load_contexts(which))


def test_he_and_she_are_two_words_in_chinese():
    sets = load_word_tests("zh")["gender_science"].attributes
    assert "他" in sets["male_terms"] and "她" in sets["female_terms"]
    assert (
        load_word_tests("zh")["gender_career"].sets != load_word_tests("en")["gender_career"].sets
    )


def test_cards_give_the_sizes(root):
    for lang in ("zh", "en"):
        card = (root / "data" / "weat" / f"card.{lang}.md").read_text(encoding="utf-8")
        for which in ("zh", "en"):
            tests = load_word_tests(which)
            sets = json.loads((root / "data" / "weat" / f"{which}.json").read_text("utf-8"))["sets"]
            row = next(line for line in card.splitlines() if line.startswith(f"| `{which}.json`"))
            assert f"| {len(tests)} | {len(sets)} |" in row
            for name, test in tests.items():
                x, _, a, _ = map(len, test.sets.values())
                row = next(line for line in card.splitlines() if line.startswith(f"| `{name}`"))
                assert row.endswith(f"| {x} | {a} |")


GOOD = {
    "tests": {"t": {"targets": ["x", "y"], "attributes": ["a", "b"]}},
    "sets": {"x": ["1", "2"], "y": ["3", "4"], "a": ["5"], "b": ["6"]},
    "contexts": ["Say {word}"],
}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"tests": {}}, "weat.form"),
        ({"tests": [1]}, "weat.form"),
        ({"sets": ["x"]}, "weat.form"),
        ({"tests": {"t": {"targets": ["x", "y"]}}}, "weat.form"),
        ({"tests": {"t": ["x"]}}, "weat.form"),
        ({"tests": {"t": {"targets": ["x", "z"], "attributes": ["a", "b"]}}}, "weat.unknown_set"),
        ({"tests": {"t": {"targets": ["x", "x"], "attributes": ["a", "b"]}}}, "weat.two_sets"),
        ({"sets": GOOD["sets"] | {"x": []}}, "weat.empty_set"),
        ({"sets": GOOD["sets"] | {"x": "12"}}, "weat.not_list"),
    ],
)
def test_bad_files_of_lists_are_refused(tmp_path, lang, change, key):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    assert load_word_tests("en", path)["t"].words == list("123456")
    assert load_contexts("en", path) == ["Say {word}"]
    path.write_text(json.dumps(GOOD | change), encoding="utf-8")
    with pytest.raises(CourseError) as error:
        load_word_tests("en", path)
    assert error.value.key == key


def test_files_that_are_no_lists(tmp_path, lang):
    path = tmp_path / "own.json"
    for content, key in [
        (b"{", "weat.not_json"),
        (b"\xff{}", "weat.not_json"),
        (b'{"sets": {"x": ["1"], "x": ["2"]}}', "weat.not_json"),
        (b"[]", "weat.form"),
        (b'{"contexts": ["no place"]}', "weat.contexts"),
    ]:
        path.write_bytes(content)
        with pytest.raises(CourseError) as error:
            load_contexts("en", path)
        assert error.value.key == key
    with pytest.raises(CourseError, match="none.json"):
        load_word_tests("en", tmp_path / "none.json")
    with pytest.raises(CourseError, match="zh, en"):
        load_word_tests("fr")


# ---- files of vectors ---------------------------------------------------------------------

TEXT = b"2 3\ncat 1 2 3\n\xe7\x8c\xab -1 0.5 1e-2 \n"


def test_forms_of_vector_files(tmp_path):
    forms = {
        "header.txt": TEXT,
        "glove.txt": TEXT.split(b"\n", 1)[1],
        "bom.txt": b"\xef\xbb\xbf" + TEXT,
        "windows.vec": TEXT.replace(b"\n", b"\r\n"),
        "packed.txt.gz": gzip.compress(TEXT),
        "packed.bz2": bz2.compress(TEXT),
    }
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
        found = read_vectors(tmp_path / name)
        assert {word: list(v) for word, v in found.items()} == {
            "cat": [1, 2, 3],
            "猫": [-1, 0.5, 0.01],
        }, name
        assert list(read_vectors(tmp_path / name, ["猫", "dog"])) == ["猫"]


def test_a_single_word_is_not_read_as_its_letters(tmp_path, lang):
    path = tmp_path / "v.txt"
    path.write_bytes(TEXT)
    for call in (
        lambda: read_vectors(path, "cat"),
        lambda: input_embeddings(StubModel(), "cat"),
        lambda: token_counts(StubModel(), "cat"),
        lambda: contextual_vectors(StubModel(), "cat", ["{word}"]),
    ):
        with pytest.raises(CourseError, match="cat") as error:
            call()
        assert error.value.key == "weat.one_word"


def test_words_with_spaces_and_broken_words_that_nobody_wants(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"cat 1 2 3\n. . . 4 5 6\n\xff\xfe 7 8 9\n")
    assert list(read_vectors(path, ["cat", ". . ."])) == ["cat", ". . ."]
    with pytest.raises(DamagedFileError, match="UTF-8"):
        read_vectors(path)


@pytest.mark.parametrize(
    ("content", "key", "line"),
    [
        (b"cat 1 2 3\ndog 1 2\n", "weat.fields", 2),
        (b"cat 1 2 3\ndog 1 2 3 4\n", "weat.fields", 2),
        (b"1 4\ncat 1 2 3\n", "weat.fields", 2),
        (b"cat\n", "weat.fields", 1),
        (b"cat 1 2 3\ndog 1 x 3\n", "weat.no_number", 2),
        (b"cat 1 nan 3\n", "weat.no_number", 1),
        (b"cat 1 inf 3\n", "weat.no_number", 1),
        (b"cat 1 2 3\ncat 1 2 3\n", "weat.line_twice", 2),
        (b"3 3\ncat 1 2 3\n", "weat.rows", None),
        (b"cat 1 2 3\n\x00\x01", "weat.binary", None),
        (b"", "weat.no_vectors", None),
        (b"\n\n", "weat.no_vectors", None),
    ],
)
def test_damaged_vector_files_name_the_line(tmp_path, lang, content, key, line):
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="v.txt") as error:
        read_vectors(path)
    assert error.value.key == key and error.value.fields.get("line") == line


def test_incomplete_downloads_and_missing_files(tmp_path, lang):
    big = b"".join(b"w%d 0.%d 0.%d\n" % (i, i, i * 7) for i in range(3_000))
    for name, packed in (("v.gz", gzip.compress(big)), ("v.bz2", bz2.compress(big))):
        (tmp_path / name).write_bytes(packed[: len(packed) // 2])
        with pytest.raises(DamagedFileError, match=name):
            read_vectors(tmp_path / name)
    with pytest.raises(CourseError, match="none.txt"):
        read_vectors(tmp_path / "none.txt")


# ---- a model's vectors --------------------------------------------------------------------


class StubTokenizer:
    """A token a character; 龘 is unknown. Remembers what it was asked."""

    unk_token_id = 0

    def __init__(self):
        self.seen = []

    def __call__(self, text, add_special_tokens):
        assert add_special_tokens is False
        self.seen.append(text)
        return SimpleNamespace(input_ids=[0 if c == "龘" else 1 + ord(c) % 50 for c in text])


class StubModel:
    """What word vectors need of a LocalModel: embeddings, tokenizer, hidden_states."""

    def __init__(self):
        self.tokenizer = StubTokenizer()
        self.rows = torch.nn.Embedding(51, 4, dtype=torch.bfloat16)
        self.model = SimpleNamespace(get_input_embeddings=lambda: self.rows)

    def hidden_states(self, prompts, as_chat, pool, progress):
        assert as_chat is False
        lengths = torch.tensor([[len(p), prompts.index(p), float(pool == "mean")] for p in prompts])
        return torch.stack([lengths, 10 * lengths], dim=1)


def test_input_embeddings_are_means_of_rows():
    model = StubModel()
    found = input_embeddings(model, ["ab", "猫狗", "龘", "ab"])
    assert list(found) == ["ab", "猫狗"] and model.tokenizer.seen == [" ab", "猫狗", "龘"]
    rows = model.rows.weight.detach().double()
    expected = rows[[1 + ord(c) % 50 for c in "猫狗"]].mean(0)
    np.testing.assert_allclose(found["猫狗"], expected)
    assert found["ab"].shape == (4,) and found["ab"].dtype == np.float64
    assert token_counts(model, ["ab", "猫狗"]) == {"ab": 3, "猫狗": 2}


def test_contextual_vectors_are_means_over_contexts():
    layers = contextual_vectors(StubModel(), ["ab", "c", "ab"], ["x {word}", "{word} yyyy"], "mean")
    assert len(layers) == 2 and all(list(layer) == ["ab", "c"] for layer in layers)
    assert layers[0]["ab"].tolist() == [(4 + 7) / 2, 0, 1]
    assert layers[1]["c"].tolist() == [10 * (3 + 6) / 2, 10, 10]
    assert contextual_vectors(StubModel(), ["c"], ["{word}"])[0]["c"][2] == 0


@pytest.mark.parametrize("contexts", [[], ["none"], ["{word} {word}"], "a {word}", [3]])
def test_contexts_need_a_place_for_the_word(contexts):
    with pytest.raises(CourseError, match="{word}"):
        contextual_vectors(StubModel(), ["ab"], contexts)


def test_contextual_vectors_check_the_rest():
    with pytest.raises(CourseError, match="last, mean"):
        contextual_vectors(StubModel(), ["ab"], ["{word}"], pool="max")
    with pytest.raises(CourseError):
        contextual_vectors(StubModel(), [], ["{word}"])


def test_a_course_model_gives_vectors(tmp_path):
    from course_lib.models import load_model

    from .tiny import tiny_folder

    model = load_model(str(tiny_folder(tmp_path)), store=None)
    test = load_word_tests("zh")["gender_science"]
    static = input_embeddings(model, test.words)
    layers = contextual_vectors(model, test.words, load_contexts("zh")[:2])
    assert len(layers) == 4 and len(static) == len(test.words) == len(layers[0])
    # Layer 0 is the embedding: the mean over a word of one token is that token's row.
    for vectors in (static, layers[-1]):
        assert weat_effects(vectors, test)["d"].between(-2, 2).all()
    alone = contextual_vectors(model, ["boy"], ["{word}"], pool="mean")[0]["boy"]
    tokens = model.tokenizer("boy", add_special_tokens=False).input_ids
    rows = model.model.get_input_embeddings().weight.detach().double()[tokens].mean(0).numpy()
    assert cosines({"a": alone, "b": rows}, ["a"], ["b"])[0, 0] == pytest.approx(1, abs=1e-5)
