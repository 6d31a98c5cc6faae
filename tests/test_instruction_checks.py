"""The rules that decide whether an instruction was followed, on answers good and bad."""

import pytest

from course_lib.alignment.checks import RULES, passes
from course_lib.alignment.data import load_rows

LANGS = ("zh", "en")
each_lang = pytest.mark.parametrize("in_lang", LANGS)


def share(in_lang, answer_of):
    """Of the held-out tasks, the share passed by ``answer_of(number, rows)``."""
    rows = load_rows("instruction_checks", in_lang)
    passed = [passes(answer_of(i, rows), row["check"], in_lang) for i, row in enumerate(rows)]
    return sum(passed) / len(passed)


# ---- the held-out tasks ---------------------------------------------------------------------


@each_lang
def test_every_example_answer_passes_its_own_check(in_lang):
    assert share(in_lang, lambda i, rows: rows[i]["answer"]) == 1


@each_lang
def test_nothing_and_the_question_itself_pass_no_check(in_lang):
    for nothing in ("", " \n", "“”", "..."):
        assert share(in_lang, lambda i, rows, answer=nothing: answer) == 0
    assert share(in_lang, lambda i, rows: rows[i]["prompt"]) == 0


@each_lang
def test_the_answer_to_another_task_passes_hardly_ever(in_lang):
    assert share(in_lang, lambda i, rows: rows[(i + 1) % len(rows)]["answer"]) == 0
    assert share(in_lang, lambda i, rows: rows[(i + 60) % len(rows)]["answer"]) == 0
    rows = load_rows("instruction_checks", in_lang)
    others = [(a, b) for a in rows for b in rows if a is not b]
    passed = [(a, b) for a, b in others if passes(b["answer"], a["check"], in_lang)]
    assert len(passed) <= 0.025 * len(others)
    # Any yes will do for a yes, any three items for three items; elsewhere it is chance.
    open_kinds = ("yes_no", "list", "count", "arithmetic")
    assert sum(a["kind"] not in open_kinds for a, _ in passed) <= 0.0015 * len(others)


@pytest.mark.parametrize(
    ("in_lang", "answer", "passed"),
    [
        ("en", "Yes.", 8),
        ("en", "No.", 7),
        ("en", "Sure!", 0),
        ("en", "I don't know.", 0),
        ("en", "I'm sorry, I can't help with that.", 0),
        ("en", "a, b, c", 8),
        ("en", "4", 4),
        ("zh", "是的。", 8),
        ("zh", "不是。", 7),
        ("zh", "好的！", 0),
        ("zh", "我不知道。", 0),
        ("zh", "对不起，这个我不能帮忙。", 0),
        ("zh", "甲、乙、丙", 8),
        ("zh", "4", 4),
    ],
)
def test_one_answer_to_everything_passes_few_of_the_120(in_lang, answer, passed):
    assert round(120 * share(in_lang, lambda i, rows: answer)) == passed


@each_lang
def test_only_the_right_option_and_verdict_pass(in_lang):
    verdicts = {"zh": {"yes": "是的。", "no": "不是。"}, "en": {"yes": "Yes.", "no": "No."}}[
        in_lang
    ]
    for row in load_rows("instruction_checks", in_lang):
        check = row["check"]
        if check["rule"] == "one_of":
            right = [o for o in check["options"] if passes(f"{o}.", check, in_lang)]
            assert right == [check["value"]], row["id"]
            assert not passes(", ".join(check["options"]), check, in_lang), row["id"]
        if check["rule"] == "yes_no":
            right = [v for v, answer in verdicts.items() if passes(answer, check, in_lang)]
            assert right == [check["value"]], row["id"]
        if check["rule"] == "number":
            near = [n for n in range(200) if passes(f"{n}.", check, in_lang)]
            assert near == [check["value"]], row["id"]
        if check["rule"] == "items":
            sizes = [
                n for n in range(1, 9) if passes("、".join("甲乙丙丁戊己庚辛"[:n]), check, "zh")
            ]
            assert sizes == [check["n"]], row["id"]


# ---- the rules one by one -------------------------------------------------------------------

GOODBYE = {"rule": "contains_any", "values": ["bye", "see you"]}
SUN = {"rule": "contains_any", "values": ["sun"]}
SNOW = {"rule": "contains_any", "values": ["雪"]}
PIANO = {"rule": "one_of", "value": "piano", "options": ["spoon", "chair", "piano"]}
LARGEST = {"rule": "one_of", "value": "30", "options": ["12", "5", "30"]}
UMBRELLA = {"rule": "one_of", "value": "伞", "options": ["墨镜", "扇子", "伞"]}
YES, NO = ({"rule": "yes_no", "value": value} for value in ("yes", "no"))
TWELVE, NINETY_NINE, HUNDRED = ({"rule": "number", "value": n} for n in (12, 99, 100))
THREE = {"rule": "items", "n": 3}
QUIET = {"rule": "max_words", "n": 3, "contains_any": ["quiet"]}
MILK = {"rule": "max_words", "n": 6, "contains_any": ["奶"]}
THANKS = {"rule": "starts_with", "value": "Thank you"}
ONCE = {"rule": "starts_with", "value": "从前"}
TOGETHER = {"rule": "ends_with", "value": "together"}
QUESTION = {"rule": "ends_with", "value": "？"}
SWIM = {"rule": "exactly", "value": "swim"}
TRAIN = {"rule": "exactly", "value": "火车"}

GOOD, BAD = True, False
CASES = [
    ("en", GOODBYE, GOOD, ["Bye!", "“See you.”", "You would say BYE there."]),
    ("en", GOODBYE, BAD, ["Bystander.", "Seeing you was nice.", "Hello."]),
    ("en", SUN, GOOD, ["The sun.", "Suns, like all stars"]),
    ("en", SUN, BAD, ["On Sunday.", "Sunny weather"]),
    ("zh", SNOW, GOOD, ["是雪花。", "「雪」"]),
    ("zh", SNOW, BAD, ["是雨。"]),
    ("en", PIANO, GOOD, ["The piano.", "The PIANO! Not the chair.", "Pianos"]),
    ("en", PIANO, BAD, ["The piano, not the chair.", "pianoforte", "It is heavy. The piano."]),
    ("en", LARGEST, GOOD, ["30", "Number 30 wins.", "３０"]),
    ("en", LARGEST, BAD, ["300", "12 or 30", "5"]),
    ("zh", UMBRELLA, GOOD, ["拿伞。", "伞！墨镜就算了。"]),
    ("zh", UMBRELLA, BAD, ["伞或者扇子。", "雨衣。"]),
    ("en", YES, GOOD, ["Yes, it does.", "YES", "“Yes.”"]),
    ("en", YES, BAD, ["Yesterday", "No.", "I think yes"]),
    ("en", NO, GOOD, ["No", "NO!", "no, it isn't", "'No.'"]),
    ("en", NO, BAD, ["Not sure", "No problem", "Nope", "North", "yes"]),
    ("zh", YES, GOOD, ["是的。", "对，八条腿", "会的", "没错！", "当然可以", "没问题", "“是”"]),
    ("zh", YES, BAD, ["对不起", "是否", "不是", "有些人", "当然不", "能不能吃要看情况", "不知道"]),
    ("zh", NO, GOOD, ["不对", "否。", "没有", "当然不能"]),
    ("zh", NO, BAD, ["没错", "不错", "不知道", "不好意思", "没问题"]),
    (
        "en",
        TWELVE,
        GOOD,
        ["12", "Twelve.", "There are 12 months.", "Twelve. Not 13.", "1 + 11 = 12"],
    ),
    ("en", TWELVE, BAD, ["120", "12 or 13", "twenty-two", "I am not sure.", "Not 13. 12."]),
    ("zh", TWELVE, GOOD, ["十二个", "12 个。", "一共十二个相框。", "需要１２个"]),
    ("zh", TWELVE, BAD, ["二十", "十二三个"]),
    ("en", NINETY_NINE, GOOD, ["ninety-nine", "Ninety nine", "It shows 99."]),
    ("zh", NINETY_NINE, GOOD, ["九十九"]),
    ("en", HUNDRED, GOOD, ["one hundred", "a hundred centimetres", "100 cm"]),
    ("zh", HUNDRED, GOOD, ["一百厘米"]),
    (
        "en",
        THREE,
        GOOD,
        ["Cow, pig, and sheep.", "Three: cow, pig, sheep", "1. Cow\n2. Pig\n3. Sheep"],
    ),
    ("en", THREE, GOOD, ["- cow\n- pig\n- sheep", "1. cow 2. pig 3. sheep", "cow; pig; sheep"]),
    ("en", THREE, BAD, ["cow, pig", "cow, Cow, pig", "a, b, c, d"]),
    (
        "en",
        THREE,
        BAD,
        ["I like cows, pigs and sheep", "Cows are big animals that live, eat, sleep"],
    ),
    (
        "zh",
        THREE,
        GOOD,
        ["1、牛 2、猪 3、羊", "牛、猪和羊。", "三种动物：牛、猪、羊。", "（1）牛（2）猪（3）羊"],
    ),
    ("zh", THREE, BAD, ["牛、猪", "牛、牛、猪", "对不起，我不能，帮你"]),
    ("en", QUIET, GOOD, ["Quiet, please.", "QUIET!", "Please be quiet"]),
    ("en", QUIET, BAD, ["Please be very quiet", "Please whisper", "Quietly now"]),
    ("zh", MILK, GOOD, ["牛奶没了！", "记得买，牛奶！"]),
    ("zh", MILK, BAD, ["牛奶喝完了快去买", "记得买鸡蛋"]),
    ("en", THANKS, GOOD, ["Thank you, aunt!", "“Thank you for it.”"]),
    ("en", THANKS, BAD, ["Thank you.", "Many thanks", "Dear aunt, thank you"]),
    ("zh", ONCE, GOOD, ["从前，有一只狐狸。"]),
    ("zh", ONCE, BAD, ["从前。", "很久从前"]),
    ("en", TOGETHER, GOOD, ["We win together!", "We learn together"]),
    ("en", TOGETHER, BAD, ["Together", "together we win"]),
    ("zh", QUESTION, GOOD, ["你好吗?", "那边冷吗？"]),
    ("zh", QUESTION, BAD, ["你好。", "？", "冷吗？告诉我。"]),
    ("en", SWIM, GOOD, ["“Swim.”", '"swim".', "SWIM"]),
    ("en", SWIM, BAD, ["to swim", "swimming", "Swim. Swim."]),
    ("zh", TRAIN, GOOD, ["“火车”。", "火车"]),
    ("zh", TRAIN, BAD, ["是火车", "火车站"]),
]


@pytest.mark.parametrize(("in_lang", "check", "expected", "answers"), CASES)
def test_a_rule_accepts_and_rejects(in_lang, check, expected, answers):
    assert not [answer for answer in answers if passes(answer, check, in_lang) is not expected]


def test_every_rule_has_cases_on_either_side_in_each_language():
    seen = {(check["rule"], in_lang, expected) for in_lang, check, expected, _ in CASES}
    assert seen == {(rule, lang, side) for rule in RULES for lang in LANGS for side in (GOOD, BAD)}
    used = {row["check"]["rule"] for lang in LANGS for row in load_rows("instruction_checks", lang)}
    assert used == set(RULES)


@each_lang
def test_case_width_and_quotation_marks_do_not_matter(in_lang):
    for row in load_rows("instruction_checks", in_lang):
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in row["answer"])
        for answer in (row["answer"].upper(), wide, f"“{row['answer']}”", f" {row['answer']}\n"):
            assert passes(answer, row["check"], in_lang), (row["id"], answer)
