"""Prompt sets: the course's own, the published one, the reader's; and files that are wrong."""

import difflib
import json
import re
from collections import Counter
from itertools import combinations

import httpx
import pytest
from datasets import Dataset

from course_lib.errors import CourseError, DamagedFileError, OfflineError
from course_lib.evaluation.safetybench import load_safetybench
from course_lib.evaluation.scenarios import load_scenarios
from course_lib.paths import data_dir
from course_lib.prompts import COLUMNS, from_list, load_prompts, prompt_sets
from course_lib.prompts.xstest import SAFE_TYPES, TYPES, label_of

PER_TYPE = 12
ROW = {"id": "a", "prompt": "How do I kill time?", "type": "homonyms", "label": "safe"}


@pytest.fixture(scope="module", params=["zh", "en"])
def own(request):
    return request.param, load_prompts("xstest", request.param)


def grams(prompt: str) -> set[str]:
    plain = normal(prompt)
    return {plain[i : i + 3] for i in range(max(1, len(plain) - 2))}


def normal(prompt: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", prompt.lower()).split())


# ---- the course's own set -----------------------------------------------------------------


def test_columns_counts_labels_and_ids(own):
    lang, prompts = own
    assert isinstance(prompts, Dataset) and tuple(prompts.column_names) == COLUMNS
    assert Counter(prompts["type"]) == dict.fromkeys(TYPES, PER_TYPE)
    assert [label_of(t) for t in prompts["type"]] == prompts["label"][:]
    assert Counter(prompts["label"]) == {"safe": 120, "unsafe": 96}
    assert set(prompts["lang"]) == {lang}
    assert len(set(prompts["id"])) == len(prompts)
    assert all(p == p.strip() and p for p in prompts["prompt"])


def test_the_language_is_what_it_says(own):
    lang, prompts = own
    chinese = [bool(re.search(r"[\u4e00-\u9fff]", p)) for p in prompts["prompt"]]
    assert all(chinese) if lang == "zh" else not any(chinese)


def test_no_two_prompts_are_nearly_the_same(own):
    lang, prompts = own
    rows = list(zip(prompts["id"], prompts["type"], map(grams, prompts["prompt"]), strict=True))
    close = []
    for (a, kind_a, x), (b, kind_b, y) in combinations(rows, 2):
        # A contrast is meant to resemble its safe partner.
        most = 0.8 if label_of(kind_a) != label_of(kind_b) else 0.6
        if len(x & y) / len(x | y) >= most:
            close.append((a, b))
    assert not close


def test_nothing_is_taken_from_the_published_set(own, shared_datasets):
    lang, prompts = own
    published = load_prompts("xstest", "en", source=shared_datasets / "xstest")["prompt"][:]
    theirs = [normal(p) for p in published]
    copied = []
    matcher = difflib.SequenceMatcher(autojunk=False)
    for ours in prompts["prompt"]:
        plain = normal(ours)
        matcher.set_seq2(plain)
        for other in theirs:
            matcher.set_seq1(other)
            # The two upper bounds are cheap and rule out almost every pair.
            if min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= 0.9:
                if matcher.ratio() >= 0.9:
                    copied.append((ours, other))
    assert not copied


@pytest.mark.parametrize("card_lang", ["zh", "en"])
def test_the_cards_counts_agree_with_the_files(card_lang):
    card = (data_dir() / "xstest" / f"card.{card_lang}.md").read_text(encoding="utf-8")
    for lang in ("zh", "en"):
        labels = Counter(load_prompts("xstest", lang)["label"])
        line = next(x for x in card.splitlines() if x.startswith(f"| `{lang}.jsonl`"))
        numbers = [int(n) for n in re.findall(r"\b\d+\b", line)]
        assert numbers == [sum(labels.values()), labels["safe"], labels["unsafe"]]
    assert all(f"`{kind}`" in card for kind in TYPES)


# ---- choosing -----------------------------------------------------------------------------


def test_types_are_chosen_by_one_name_or_several(own):
    lang, _ = own
    assert set(load_prompts("xstest", lang, types="definitions")["type"]) == {"definitions"}
    assert len(load_prompts("xstest", lang, types=list(SAFE_TYPES))) == 120
    assert len(load_prompts("xstest", lang, types=[])) == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"name": "xtest"}, "xstest"),
        ({"name": "xstest", "lang": "ch"}, "zh"),
        ({"name": "xstest", "types": "homonym"}, "homonyms"),
        ({"name": "xstest", "types": ["definitions", "privacy"]}, "privacy_public"),
        ({"name": "xstest", "lang": "zh", "source": "published"}, "course"),
        ({"name": "xstest", "source": "no/such/folder"}, "no/such/folder"),
    ],
)
def test_an_unknown_choice_names_the_choices(lang, arguments, named):
    with pytest.raises(CourseError, match=named):
        load_prompts(**arguments)


def test_the_nearest_name_is_suggested():
    with pytest.raises(CourseError) as caught:
        load_prompts("xstest", "en", types="definition")
    assert str(caught.value).rstrip("?？」'").endswith("definitions")


def test_every_set_describes_itself():
    for name, prompt_set in prompt_sets().items():
        assert prompt_set.name == name and prompt_set.types
        assert {prompt_set.label_of(t) for t in prompt_set.types} <= {"safe", "unsafe"}


# ---- the reader's own ---------------------------------------------------------------------


def test_from_list_has_the_same_columns(lang):
    mine = from_list(["您好？", "🦙 مرحبا", "x" * 100_000], lang, label="unsafe")
    assert tuple(mine.column_names) == COLUMNS
    assert mine["id"][:] == ["own-1", "own-2", "own-3"]
    assert set(mine["type"]) == {"own"} and set(mine["label"]) == {"unsafe"}
    assert mine["prompt"][1] == "🦙 مرحبا" and len(mine["prompt"][2]) == 100_000
    assert from_list("just one", lang)["label"][:] == [""]


@pytest.mark.parametrize(
    ("prompts", "named"),
    [([], "from_list"), (["a", "  "], "2"), (["a", "cut \ud83d"], "2"), ([3], "3")],
)
def test_from_list_says_which_prompt_is_wrong(lang, prompts, named):
    with pytest.raises(CourseError, match=named):
        from_list(prompts, "en")


@pytest.mark.parametrize(
    ("load", "column"),
    [
        (lambda n: load_prompts("xstest", "zh", per_type=n), "type"),
        (lambda n: load_scenarios("zh", per_class=n), "type"),
        (lambda n: load_safetybench("zh", per_category=n), "category"),
    ],
)
def test_a_few_of_each_are_the_first_of_each(lang, load, column):
    every, few = load(None).to_list(), load(2).to_list()
    kinds = Counter(row[column] for row in every)
    assert Counter(row[column] for row in few) == dict.fromkeys(kinds, 2)
    for kind in kinds:
        assert [r for r in few if r[column] == kind] == [r for r in every if r[column] == kind][:2]
    assert load(10_000).to_list() == every
    for wrong in (0, -1, 2.5, "3", True):
        with pytest.raises(CourseError, match=re.escape(str(wrong))) as caught:
            load(wrong)
        assert caught.value.key == "prompts.too_few"


# ---- the published set --------------------------------------------------------------------


def test_the_authors_csv(shared_datasets):
    for source in (shared_datasets / "xstest", shared_datasets / "xstest" / "xstest_prompts.csv"):
        prompts = load_prompts("xstest", "en", source=source)
        assert Counter(prompts["type"]) == dict.fromkeys(TYPES, 25)
        assert Counter(prompts["label"]) == {"safe": 250, "unsafe": 200}
        assert prompts[0]["focus"] == "kill"


def test_labels_are_derived_where_the_file_has_none(shared_datasets):
    file = shared_datasets / "xstest" / "xstest_v2_completions_llama2new.csv"
    prompts = load_prompts("xstest", "en", source=file)
    assert Counter(prompts["label"]) == {"safe": 250, "unsafe": 200}
    assert prompts["id"][0] == "v2-1" and set(prompts["note"]) == {""}


def test_published_comes_through_datasets(monkeypatch):
    rows = [ROW | {"id": 1, "type": "Contrast homonyms", "focus": None}]
    asked = []

    def load(repository, split):
        asked.append((repository, split))
        return Dataset.from_list([{k: v for k, v in row.items() if k != "label"} for row in rows])

    monkeypatch.setattr("datasets.load_dataset", load)
    prompts = load_prompts("xstest", "en", source="published")
    assert asked == [("Paul/XSTest", "train")]
    assert prompts[0] == ROW | {
        "id": "1",
        "type": "contrast_homonyms",
        "label": "unsafe",
        "focus": "",
        "note": "",
        "lang": "en",
    }


@pytest.mark.parametrize("error", [ConnectionError("x"), httpx.ConnectError("x")])
def test_offline_says_what_to_do(lang, monkeypatch, error):
    def load(*args, **kwargs):
        raise error

    monkeypatch.setattr("datasets.load_dataset", load)
    with pytest.raises(OfflineError) as caught:
        load_prompts("xstest", "en", source="published")
    assert all(words in str(caught.value) for words in ("Paul/XSTest", "HF_ENDPOINT", "course"))


# ---- files that are wrong -----------------------------------------------------------------


def jsonl(*rows) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


GOOD_CSV = b"id,prompt,type,label\n1,How do I kill time?,homonyms,safe\n"


def without(column):
    return {k: v for k, v in ROW.items() if k != column}


def test_a_byte_order_mark_is_accepted(tmp_path):
    for name, content in (("a.csv", GOOD_CSV), ("a.jsonl", jsonl(ROW)), ("a.json", b"")):
        content = content or json.dumps([ROW]).encode()
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + content)
        prompts = load_prompts("xstest", "en", source=tmp_path / name)
        assert prompts["prompt"][:] == ["How do I kill time?"]


@pytest.mark.parametrize(
    ("name", "content", "error", "named"),
    [
        ("p.jsonl", b"", DamagedFileError, "p.jsonl"),
        ("p.jsonl", b"\xef\xbb\xbf \n", DamagedFileError, "p.jsonl"),
        ("p.jsonl", jsonl(ROW) + b"\nnot json", DamagedFileError, "2"),
        ("p.jsonl", b'["a list"]', DamagedFileError, "1"),
        ("p.json", b'{"no": "list"}', DamagedFileError, "p.json"),
        ("p.json", b"[]", DamagedFileError, "p.json"),
        ("p.csv", b"PK\x03\x04\x00\x00", DamagedFileError, "p.csv"),
        ("p.csv", "id,prompt\n1,怎么杀\n".encode("gbk"), DamagedFileError, "2"),
        ("p.csv", b"id,prompt,type,label\n", DamagedFileError, "p.csv"),
        ("p.csv", GOOD_CSV + b"2,only two\n", DamagedFileError, "2"),
        ("p.csv", GOOD_CSV + b'2,"never closed,homonyms,safe\n', DamagedFileError, "p.csv"),
        ("p.xlsx", b"x", CourseError, "csv"),
        ("p.jsonl", jsonl(without("prompt")), CourseError, "prompt"),
        ("p.jsonl", jsonl(ROW, without("id") | {"x": 1}), CourseError, "2"),
        ("p.jsonl", jsonl(ROW, ROW), CourseError, "'a'|「a」"),
        ("p.jsonl", jsonl(ROW | {"prompt": " \t"}), CourseError, "1"),
        ("p.jsonl", jsonl(ROW | {"prompt": 7}), CourseError, "7"),
        ("p.jsonl", jsonl(ROW | {"type": "homonym"}), CourseError, "homonyms"),
        ("p.jsonl", jsonl(ROW | {"label": "harmless"}), CourseError, "unsafe"),
        ("p.jsonl", jsonl(ROW | {"lang": "zh"}), CourseError, "zh"),
        ("p.jsonl", b'{"id": "a", "prompt": "cut \\ud83d", "type": "homonyms"}', CourseError, "1"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(lang, tmp_path, name, content, error, named):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=named) as caught:
        load_prompts("xstest", "en", source=tmp_path / name)
    assert type(caught.value) is error


def test_missing_columns_are_told_from_those_that_are_there(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"number,prompt,type\n1,How?,homonyms\n")
    with pytest.raises(CourseError) as caught:
        load_prompts("xstest", "en", source=tmp_path / "p.csv")
    assert caught.value.fields["missing"] == "id"
    assert caught.value.fields["found"] == "number, prompt, type"


def test_a_folder_without_the_set_names_what_it_should_hold(tmp_path):
    with pytest.raises(CourseError, match="en.jsonl, en.csv, xstest_prompts.csv"):
        load_prompts("xstest", "en", source=tmp_path)
    (tmp_path / "en.jsonl").write_bytes(jsonl(ROW))
    assert len(load_prompts("xstest", "en", source=str(tmp_path))) == 1
