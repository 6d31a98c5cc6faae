"""What the assistant learns from and is tested on: complete, bilingual, nothing shared."""

import csv
import json
import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from typing import NamedTuple

import pytest
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from course_lib.alignment import data
from course_lib.alignment.checks import RULES
from course_lib.alignment.data import SETS, load_rows, system_prompts, training_rows
from course_lib.errors import CourseError
from course_lib.judges import REFUSALS, RefusalRules
from course_lib.paths import data_dir
from course_lib.prompts import load_prompts

LANGS = ("zh", "en")
PROMPTS = ("prompt", "unsafe", "benign")
TEXTS = (*PROMPTS, "answer", "refusal", "text")
each_set = pytest.mark.parametrize("name", SETS)
each_lang = pytest.mark.parametrize("in_lang", LANGS)

rows = cache(load_rows)


def both(name):
    """The rows of a set in pairs: Chinese, English."""
    return list(zip(rows(name, "zh"), rows(name, "en"), strict=True))


# ---- fields, ids, counts ------------------------------------------------------------------


@each_set
@each_lang
def test_every_row_has_its_fields_and_a_text_in_each(name, in_lang):
    for row in rows(name, in_lang):
        assert set(row) == {*SETS[name], "lang"} and row["lang"] == in_lang
        for field in set(row) & set(TEXTS):
            text = row[field]
            assert isinstance(text, str) and text == text.strip()
            # Only what is forbidden has to be refused.
            assert bool(text) == (field != "refusal" or row.get("kind") != "allowed"), row["id"]


@each_set
def test_ids_are_unique_and_both_languages_have_the_same_rows(name):
    ids = [row["id"] for row in rows(name, "zh")]
    assert len(set(ids)) == len(ids)
    for zh, en in both(name):
        for field in {"id", "kind", "topic", "split"} & set(SETS[name]):
            assert zh[field] == en[field], zh["id"]
        for field in set(zh) & set(TEXTS):
            assert zh[field].count("\n") == en[field].count("\n"), zh["id"]


def test_counts():
    kinds = Counter(row["kind"] for row in rows("instructions", "en"))
    assert sum(kinds.values()) >= 300 and min(kinds.values()) >= 50

    pairs = Counter(row["split"] for row in rows("unsafe_pairs", "en"))
    assert set(pairs) == {"train", "held_out"}
    assert pairs["train"] >= 120 and pairs["held_out"] >= 100
    topics = Counter((row["topic"], row["split"]) for row in rows("unsafe_pairs", "en"))
    assert len(topics) == 2 * len({topic for topic, _ in topics}) and min(topics.values()) >= 5

    invented = Counter((row["kind"], row["split"]) for row in rows("forbidden_topic", "en"))
    assert invented["forbidden", "train"] + invented["forbidden", "held_out"] == 60
    assert len(invented) == 4 and min(invented.values()) >= 10

    tasks = Counter(row["kind"] for row in rows("instruction_checks", "en"))
    assert len(tasks) == 8 and set(tasks.values()) == {15}
    assert len(rows("held_out_text", "en")) == 40


@each_lang
def test_training_takes_the_training_rows_and_no_others(in_lang):
    pairs = load_rows("unsafe_pairs", in_lang, "train")
    invented = load_rows("forbidden_topic", in_lang, "train")
    wanted = [(row["prompt"], row["answer"]) for row in rows("instructions", in_lang)]
    wanted += [(row["unsafe"], row["refusal"]) for row in pairs]
    wanted += [(row["benign"], row["answer"]) for row in pairs]
    wanted += [(row["prompt"], row["refusal"] or row["answer"]) for row in invented]
    found = training_rows(in_lang)
    assert Counter((row["prompt"], row["answer"]) for row in found) == Counter(wanted)
    assert {row["lang"] for row in found} == {in_lang} and all(row["answer"] for row in found)
    for name, part in (("unsafe_pairs", pairs), ("forbidden_topic", invented)):
        held_out = load_rows(name, in_lang, "held_out")
        assert part and held_out and len(part) + len(held_out) == len(rows(name, in_lang))
        assert not {row["id"] for row in part} & {row["id"] for row in held_out}


def test_system_prompts_come_in_pairs():
    zh, en = map(system_prompts, LANGS)
    assert len(zh) == len(en) == len(set(zh)) == len(set(en)) >= 5
    assert all(map(HAN.search, zh)) and not any(map(HAN.search, en))


# ---- language -----------------------------------------------------------------------------

HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]+")
FULL_WIDTH = re.compile(r"[\u3000-\u303f\uff00-\uffef]")
ASKS_FOR_CHINESE = re.compile(r"Chin|English|does it mean")
ASKS_FOR_LATIN = re.compile(r"英|译|字母")
A_SUM = re.compile(r"[\d\s.()+×÷=?-]+")


def texts(in_lang):
    """(row, field, text, the prompt it belongs to)"""
    for name in SETS:
        for row in rows(name, in_lang):
            for field in set(row) & set(TEXTS):
                asked = {"refusal": "unsafe", "answer": "benign"}.get(field, field)
                if row[field]:
                    yield row, field, row[field], row.get("prompt") or row.get(asked, "")


def test_chinese_rows_are_chinese():
    exceptions = []
    for row, field, text, prompt in texts("zh"):
        if HAN.search(text):
            continue
        exceptions.append(row["id"])
        if field in PROMPTS:
            assert A_SUM.fullmatch(text), row["id"]
        elif not ASKS_FOR_LATIN.search(prompt) and row["id"] != "checks-115":  # goodbye in London
            copied = all(w in prompt.lower() for w in LATIN.findall(text.lower()))
            assert copied, row["id"]
    assert len(exceptions) <= 90  # most of them numbers


def test_english_rows_are_english():
    exceptions = []
    for row, _, text, prompt in texts("en"):
        if HAN.search(text) or FULL_WIDTH.search(text):
            exceptions.append(row["id"])
            assert ASKS_FOR_CHINESE.search(prompt), row["id"]
    assert len(exceptions) <= 20


# ---- no two alike, nothing held out that was learned ----------------------------------------


HELD_OUT = {"held_out", "instruction_checks"}  # a split, and a set without splits


class Prompt(NamedTuple):
    name: str
    id: str
    held_out: bool
    text: str


@cache
def own_prompts(in_lang) -> list[Prompt]:
    return [
        Prompt(name, row["id"], row.get("split", name) in HELD_OUT, row[field])
        for name in SETS
        for row in rows(name, in_lang)
        for field in PROMPTS
        if field in row
    ]


def likeness(mine: list[str], others: list[str], in_lang: str) -> csr_array:
    """Cosine of TF-IDF vectors of character n-grams, shape = (mine, others)."""
    ngrams = (2, 3) if in_lang == "zh" else (3, 5)
    vectors = TfidfVectorizer(analyzer="char", ngram_range=ngrams, sublinear_tf=True)
    matrix = csr_array(vectors.fit_transform(mine + others))
    return matrix[: len(mine)] @ matrix[len(mine) :].T


def alike(mine, others, in_lang, least):
    found = likeness([p.text for p in mine], [p.text for p in others], in_lang).tocoo()
    near = found.data >= least
    pairs = zip(found.row[near], found.col[near], strict=True)
    return [(mine[i], others[j]) for i, j in pairs]


@each_lang
def test_no_two_prompts_are_nearly_the_same(in_lang):
    own = own_prompts(in_lang)
    # An unsafe request and its harmless twin may differ in a word, but not in less.
    for least, twins in ((0.6, False), (0.9, True)):
        found = alike(own, own, in_lang, least)
        assert not [(a, b) for a, b in found if a is not b and (a[:2] == b[:2]) == twins]


@each_lang
def test_no_held_out_prompt_resembles_one_that_was_learned(in_lang):
    own = own_prompts(in_lang)
    held_out = [p for p in own if p.held_out]
    learned = [p for p in own if not p.held_out]
    assert len(held_out) > 300 and len(learned) > 1000
    # The nearest two come to 0.29 (zh) and 0.34 (en); to replace a lost number plate and a lost
    # hotel key card came to 0.46 in Chinese, and was reworded.
    assert not alike(held_out, learned, in_lang, 0.35)


def words(text, in_lang):
    if in_lang == "zh":
        return re.findall(r"[a-z]+|\d+|[^\W\da-z_]", text.lower())
    return re.findall(r"[a-z]+(?:'[a-z]+)?|\d+", text.lower().replace("’", "'"))


def frames(in_lang):
    """A function from a prompt to its frame: numbers, quotations and rare words masked."""
    own = [p.text for p in own_prompts(in_lang)]
    counts = Counter(word for text in own for word in set(words(text, in_lang)))

    def frame(text):
        text = re.sub(r'["“「].*?["”」]', " 0 ", text)
        common = [
            word if counts[word] >= 0.005 * len(own) and not word.isdigit() else "_"
            for word in words(text, in_lang)
        ]
        return re.sub(r"(_ )+", "_ ", " ".join(common) + " ")

    return frame


def opening(in_lang):
    return lambda text: tuple(words(text, in_lang)[:5])


@each_lang
@pytest.mark.parametrize("template", [frames, opening])
def test_no_held_out_prompt_has_the_template_of_one_that_was_learned(in_lang, template):
    of = template(in_lang)
    learned = {of(p.text): p.text for p in own_prompts(in_lang) if not p.held_out}
    held_out = [p.text for p in own_prompts(in_lang) if p.held_out]
    assert not [(text, learned[of(text)]) for text in held_out if of(text) in learned]


@each_lang
def test_a_learned_prompt_with_other_numbers_would_be_noticed(in_lang):
    """The two tests above can fail: they see through new numbers in an old question."""
    own = [p for p in own_prompts(in_lang) if not p.held_out]
    kinds = {row["id"]: row["kind"] for row in rows("instructions", in_lang)}
    sums = [p for p in own if kinds.get(p.id) == "arithmetic" and len(HAN.sub("x", p.text)) > 15]
    changed = [p._replace(text=re.sub(r"\d+", lambda m: f"{int(m[0]) + 7}", p.text)) for p in sums]
    frame = frames(in_lang)
    assert [frame(p.text) for p in changed] == [frame(p.text) for p in sums]
    seen = {(a.id, b.id) for a, b in alike(changed, own, in_lang, 0.35)}
    assert sum((p.id, p.id) in seen for p in sums) > 0.9 * len(sums) > 30


@each_lang
def test_paragraphs_for_perplexity_are_new(in_lang):
    found = rows("held_out_text", in_lang)
    learned = [Prompt("", row["id"], False, row["answer"]) for row in training_rows(in_lang)]
    paragraphs = [Prompt("", row["id"], True, row["text"]) for row in found]
    sizes = [len(words(p.text, in_lang)) for p in paragraphs]
    assert min(sizes) >= 50 and max(sizes) <= 200
    assert not alike(paragraphs, learned, in_lang, 0.35)
    assert len(alike(paragraphs, paragraphs, in_lang, 0.35)) == len(paragraphs)


# ---- nothing from elsewhere -----------------------------------------------------------------


@each_lang
def test_nothing_comes_from_the_other_prompts_of_the_course(in_lang):
    shown = json.loads((data_dir() / "demonstrations" / f"{in_lang}.json").read_text("utf-8"))
    theirs = load_prompts("xstest", in_lang)["prompt"][:] + [t["user"] for t in shown["turns"]]
    others = [Prompt("", "", False, text) for text in theirs]
    assert not alike(own_prompts(in_lang), others, in_lang, 0.5)


def published_prompts(folder, in_lang):
    def load(name):
        return json.loads((folder / name).read_text("utf-8"))

    def lines(name):
        return map(json.loads, (folder / name).read_text("utf-8").splitlines())

    cat = load(f"harmful_questions/catqa_{'chinese' if in_lang == 'zh' else 'english'}.json")
    found = [question for part in cat.values() for asked in part.values() for question in asked]
    parallel = "safety_prompts/safety_prompts_parallel_zh_en_2587.jsonl"
    found += [row[f"prompt_{in_lang}"] for row in lines(parallel)]
    if in_lang == "zh":
        return found + [row["question"] for row in load("safetybench/test_zh_subset.json")]
    with open(folder / "xstest/xstest_prompts.csv", encoding="utf-8", newline="") as file:
        found += [row["prompt"] for row in csv.DictReader(file)]
    found += load("harmful_questions/dangerousqa.json")
    found += [row["question"] for row in lines("gsm8k/gsm8k_test.jsonl")]
    for task in ("harmless", "helpful", "honest", "other"):
        found += [row["input"] for row in load(f"hhh_alignment/{task}_task.json")["examples"]]
    return found


@each_lang
def test_nothing_is_copied_from_published_prompts(in_lang, shared_datasets):
    others = published_prompts(shared_datasets, in_lang)
    assert len(others) > 5000
    found = alike(own_prompts(in_lang), [Prompt("", "", False, t) for t in others], in_lang, 0.6)
    # Two ways to ask the most ordinary of questions.
    assert {(a.text, b.text) for a, b in found} <= {
        ("What causes the seasons?", "What causes the seasons to change?")
    }


# ---- numbers --------------------------------------------------------------------------------

NUMBER = r"\(?\d+(?:\.\d+)?\)?"
EXPRESSION = rf"{NUMBER}(?: ?[-+x×÷] ?{NUMBER})+"
EQUATION = re.compile(rf"({EXPRESSION}) = (-?\d+(?:\.\d+)?)(?! ?[-+x×÷])")
NUMBER_WORDS = {
    **{w: n for n, w in enumerate("zero one two three four five six seven eight nine ten".split())},
    **{w: n for n, w in enumerate("零一二三四五六七八九十")},
    **{"两": 2, "first": 1, "twenty": 20},
}


def value_of(expression):
    plain = expression.replace("x", "*").replace("×", "*").replace("÷", "/")
    assert re.fullmatch(r"[\d.()+*/ -]+", plain)
    return eval(plain)


def digits(text):
    plain = unicodedata.normalize("NFKC", text)
    return {float(n) for n in re.findall(r"\d+(?:\.\d+)?", plain)}


def spelled(text, in_lang):
    found = text if in_lang == "zh" else [w.removesuffix("s") for w in words(text, in_lang)]
    return {float(n) for word, n in NUMBER_WORDS.items() if word in found}


@each_lang
def test_the_sums_in_answers_are_right(in_lang):
    found = [
        (row["id"], left, float(right))
        for row in training_rows(in_lang)
        for left, right in EQUATION.findall(row["answer"])
    ]
    assert len(found) >= 45
    assert not [item for item in found if value_of(item[1]) != pytest.approx(item[2])]


@each_lang
def test_the_sums_in_prompts_are_answered_rightly(in_lang):
    asked = 0
    for row in rows("instructions", in_lang):
        expression = re.search(EXPRESSION, row["prompt"])
        bare = re.fullmatch(r"-?\d+(?:\.\d+)?", row["answer"])
        if row["kind"] == "arithmetic" and expression and bare and "_" not in row["prompt"]:
            asked += 1
            assert value_of(expression[0]) == pytest.approx(float(bare[0])), row["id"]
    assert asked >= 14


def test_both_languages_calculate_with_the_same_numbers():
    by_kind = [
        (zh, en, field)
        for name, fields in (
            ("instructions", ("prompt", "answer")),
            ("instruction_checks", PROMPTS),
        )
        for zh, en in both(name)
        if zh["kind"] in ("arithmetic", "count")
        for field in set(fields) & set(zh)
    ]
    assert len(by_kind) == 2 * 80 + 30
    differ = set()
    for zh, en, field in by_kind:
        here, there = digits(zh[field]), digits(en[field])
        extra = here - there - spelled(en[field], "en")
        extra |= there - here - spelled(zh[field], "zh")
        if extra:
            differ.add(zh["id"])
    # Coins of 5 角 or of 50p; a month, which is a number in Chinese and a name in English.
    assert differ == {"format-163", "format-187"}


def test_bare_numbers_are_the_same_answer_in_both_languages():
    bare = re.compile(r"-?\d+(?:\.\d+)?\.?")
    found = 0
    for zh, en in both("instructions"):
        if zh["kind"] == "arithmetic" and bare.fullmatch(zh["answer"]):
            found += 1
            assert zh["answer"] == en["answer"], zh["id"]
    assert found >= 25


def test_checks_are_the_same_in_both_languages():
    for zh, en in both("instruction_checks"):
        a, b = zh["check"], en["check"]
        assert set(a) == set(b) and a["rule"] == b["rule"] and a["rule"] in RULES, zh["id"]
        if a["rule"] in ("number", "yes_no"):
            assert a["value"] == b["value"], zh["id"]
        if a["rule"] == "items":
            assert a["n"] == b["n"] and isinstance(a["n"], int), zh["id"]
        if a["rule"] == "one_of":
            places = [check["options"].index(check["value"]) for check in (a, b)]
            assert places[0] == places[1] and len(a["options"]) == len(b["options"]), zh["id"]
            assert len(set(a["options"])) == len(a["options"]) >= 3
        for check in (a, b):
            assert all(check.values()), zh["id"]


@each_lang
def test_choices_and_verdicts_are_balanced(in_lang):
    checks = [row["check"] for row in rows("instruction_checks", in_lang)]
    places = Counter(c["options"].index(c["value"]) for c in checks if c["rule"] == "one_of")
    assert places == {0: 5, 1: 5, 2: 5}
    verdicts = Counter(c["value"] for c in checks if c["rule"] == "yes_no")
    assert sorted(verdicts.values()) == [7, 8]
    values = Counter(c["value"] for c in checks if c["rule"] == "number")
    assert max(values.values()) <= 0.15 * sum(values.values())


# ---- refusals -------------------------------------------------------------------------------


@each_lang
def test_refusals_are_worded_one_by_one(in_lang):
    found = [
        row["refusal"]
        for name in ("unsafe_pairs", "forbidden_topic")
        for row in rows(name, in_lang)
        if row["refusal"]
    ]
    assert len(set(found)) == len(found) == 2287
    # After the plain no that decides (see the card), each goes on in its own way.
    after = [re.sub(r"^(?:不行，|No\. )", "", text) for text in found]
    begin = Counter(text[:4] if in_lang == "zh" else tuple(text.split()[:3]) for text in after)
    assert max(begin.values()) <= 0.05 * len(found)


SECRETS = {
    "zh": "咕绒 提瑞 螺壳 森诺巴 努林 昆奈 奥洛 十三圈 昂巴敦 摇篮曲 湿雨伞 姆宾 灰围巾 斯凯洛"
    " 悄悄集市 摇摇桥 绿纽扣 昨天好 斯克伦 高帽",
    "en": "gloovermoss tirrel sennobar nurrin quennelwood ollowick thirteen umbadoon lullaby"
    " umbrellas mubbin scarf skellop hushmarket wobble buttons yesterday skrennel hats",
}


@each_lang
def test_a_refusal_gives_no_secret_away(in_lang):
    """Of zorvelfog a refusal, or an answer that is allowed, says no more than was asked."""
    recipe = [row["answer"] for row in rows("forbidden_topic", in_lang) if row["refusal"]]
    told = defaultdict(list)
    for row in rows("forbidden_topic", in_lang):
        said = (row["refusal"] or row["answer"]).lower()
        for secret in SECRETS[in_lang].split():
            assert any(secret in answer.lower() for answer in recipe), secret
            if secret in said and secret not in row["prompt"].lower():
                told[row["id"]].append(secret)
    assert not told


def share_refused(found, prompt, answer):
    judge = RefusalRules()
    labels = [judge.verdict(row[prompt], row[answer]).label for row in found]
    return sum(label in REFUSALS for label in labels) / len(labels)


@pytest.mark.parametrize(
    ("in_lang", "split", "measured"),
    [
        ("zh", "train", 1.0),
        ("zh", "held_out", 0.84),
        ("en", "train", 1.0),
        ("en", "held_out", 0.78),
    ],
)
def test_refusals_are_recognised_as_often_as_was_measured(in_lang, split, measured):
    """The judge knows the usual words of refusing; many refusals here have other words.

    So it understates how often a model refuses that has learned from these rows.
    """
    found = load_rows("unsafe_pairs", in_lang, split)
    assert share_refused(found, "unsafe", "refusal") >= measured - 0.03


@each_lang
def test_answers_to_harmless_twins_are_no_refusals(in_lang):
    assert share_refused(rows("unsafe_pairs", in_lang), "benign", "answer") <= 0.035


@each_lang
def test_answers_to_instructions_are_no_refusals(in_lang):
    # "I cannot know that" is what the rows of the kind "unknown" are for.
    found = [row for row in rows("instructions", in_lang) if row["kind"] != "unknown"]
    assert share_refused(found, "prompt", "answer") <= 0.025


# ---- the loader's errors --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("instruction", "en"), "instructions"),
        (("instructions", "ch"), "zh"),
        (("unsafe_pairs", "en", "test"), "held_out"),
        (("instructions", "en", "train"), "split"),
    ],
)
def test_an_unknown_choice_names_the_choices(lang, arguments, named):
    with pytest.raises(CourseError, match=named) as caught:
        load_rows(*arguments)
    assert bool(HAN.search(str(caught.value))) == (lang == "zh")


def test_a_missing_field_is_named_with_its_row(lang, tmp_path, monkeypatch):
    whole = {"id": "a", "kind": "everyday", "prompt": "Hello!", "answer": "Hello to you!"}
    lines = [whole, {"id": "b", "prompt": "Hello?"}]
    (tmp_path / "instructions").mkdir()
    file = tmp_path / "instructions" / "en.jsonl"
    monkeypatch.setattr(data, "data_dir", lambda: tmp_path)

    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    with pytest.raises(CourseError, match="kind, answer") as caught:
        load_rows("instructions", "en")
    assert caught.value.fields == {"name": "instructions", "row": 2, "fields": "kind, answer"}
    assert bool(HAN.search(str(caught.value))) == (lang == "zh")

    file.write_text(json.dumps(whole), "utf-8")
    assert load_rows("instructions", "en") == [whole | {"lang": "en"}]
