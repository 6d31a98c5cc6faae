"""BBQ and CBBQ: reading, shuffling, scores of models whose answers are known."""

import json
import math
from types import SimpleNamespace

import pandas as pd
import pytest

from course_lib import CourseError
from course_lib.canvas import png
from course_lib.evaluation import bbq, bbq_figures
from course_lib.evaluation.bbq import (
    RULES,
    accuracy_by_direction,
    ask,
    bias_scores,
    cbbq_scores,
    choose_always,
    choose_by,
    load_bbq,
    position_shares,
    prompt_text,
    published_bbq,
    published_cbbq,
    rotations,
    shuffle_options,
)
from course_lib.language import text
from course_lib.measures import edge_interval


@pytest.fixture(scope="module")
def items():
    return {lang: load_bbq(lang) for lang in ("zh", "en")}


@pytest.fixture(scope="module")
def age(shared_datasets):
    return load_bbq("en", shared_datasets / "bbq" / "Age.jsonl")


def one(choices, **named):
    (row,) = bias_scores(choices, **named).to_dict("records")
    return row


# ------------------------------------------------------------------ golden


@pytest.mark.parametrize("file", ["Age.jsonl", "Religion.jsonl"])
def test_always_against_the_stereotype_is_minus_one(shared_datasets, file):
    """Not 0, as an evaluator says that returns 0 where no answer is biased."""
    published = load_bbq("en", shared_datasets / "bbq" / file)
    anti, pro = one(choose_by(published, "anti")), one(choose_by(published, "pro"))
    assert (anti["s_dis"], anti["s_amb"]) == (-1, -1)
    assert (pro["s_dis"], pro["s_amb"]) == (1, 1)
    assert anti["ambiguous_accuracy"] == pro["ambiguous_accuracy"] == 0


def test_published_bbq_counts(age, shared_datasets):
    religion = load_bbq("en", shared_datasets / "bbq" / "Religion.jsonl")
    assert (len(age), len(religion)) == (3680, 1200)
    for table in (age, religion):
        assert (table["condition"] == "ambiguous").mean() == 0.5
        assert (table["polarity"] == "negative").mean() == 0.5
        assert (table["target"] >= 0).all()


def test_every_item_with_several_stereotyped_groups_has_its_target(shared_datasets):
    """320 of 1,200 Religion items list several; comparing with the first loses some of them."""
    path = shared_datasets / "bbq" / "Religion.jsonl"
    raw = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    several = [len(row["additional_metadata"]["stereotyped_groups"]) > 1 for row in raw]
    assert sum(several) == 320
    table = load_bbq("en", path)
    for row, target in zip(raw, table["target"], strict=True):
        assert (
            row["answer_info"][f"ans{target}"][1]
            in row["additional_metadata"]["stereotyped_groups"]
        )


def test_groups_of_the_other_categories(shared_datasets, tmp_path):
    """Abbreviated tags ("F-Black", "lowSES") are found; where both match, none is guessed."""
    sample = json.loads(
        (shared_datasets / "bbq" / "bbq_subsample_11cat_from_SALT.json").read_text("utf-8")
    )
    missing = {}
    for name, rows in sample.items():
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
        table = load_bbq("en", path)
        missing[name] = int((table["target"] < 0).sum())
    assert {name: n for name, n in missing.items() if n} == {
        "race_x_ses": 37,
        "race_x_gender": 30,
    }
    table = load_bbq("en", tmp_path / "race_x_ses.jsonl")
    row = one(choose_by(table, "anti"))
    # Those 37 are answered "unknown", which is right: the factor 1 - accuracy is 0.63.
    assert row["no_target"] == 37 and row["s_amb"] == pytest.approx(-0.63)


def test_cbbq_always_c_is_perfect_until_the_options_are_shuffled(shared_datasets):
    table = load_bbq("zh", shared_datasets / "cbbq" / "disease_ambiguous.json")
    assert len(table) == 586
    before = choose_always(table, "C")
    assert one(before)["ambiguous_accuracy"] == 1
    (score,) = cbbq_scores(before).to_dict("records")
    assert score["s_amb"] == 0
    after = choose_always(shuffle_options(table), "C")
    assert one(after)["ambiguous_accuracy"] == pytest.approx(1 / 3, abs=0.01)
    (score,) = cbbq_scores(after).to_dict("records")
    assert 0.25 < score["s_amb"] < 0.42
    assert one(choose_always(rotations(table), "C"))["ambiguous_accuracy"] == pytest.approx(1 / 3)


def test_the_counts_of_cbbq_are_those_of_its_files(shared_datasets, root):
    kept = pd.read_csv(root / "data" / "published" / "cbbq.csv")
    counted = {}
    for name in kept["source"].unique():
        table = load_bbq("zh", shared_datasets / "cbbq" / name)
        for (condition, polarity), rows in table.groupby(["condition", "polarity"]):
            right = rows["answer"].value_counts()
            counted[name, condition, polarity] = [len(rows), *(right.get(i, 0) for i in range(3))]
    columns = ["questions", "right_a", "right_b", "right_c"]
    keys = zip(kept["source"], kept["condition"], kept["polarity"], strict=True)
    assert dict(zip(keys, kept[columns].to_numpy().tolist(), strict=True)) == counted


def test_always_c_is_perfect_on_the_published_counts_until_they_are_shuffled():
    published = published_cbbq()
    kept = published.groupby("domain").size().to_dict()
    assert kept == {"disease": 2 * 586, "region": 2 * 2176}
    before, after = (choose_always(items, "C") for items in (published, shuffle_options(published)))
    assert one(before, draws=50)["ambiguous_accuracy"] == 1
    assert one(after, draws=50)["ambiguous_accuracy"] == pytest.approx(1 / 3, abs=1e-3)
    scores = [cbbq_scores(table, draws=50).iloc[0] for table in (before, after)]
    assert scores[0]["s_amb"] == 0 and math.isnan(scores[0]["s_disamb"])
    assert scores[1]["s_amb"] == pytest.approx(1 / 3, abs=0.03)


def test_a_perfect_model_on_cbbq_gives_minus_one_by_the_formula_of_bbq(shared_datasets):
    """Its stories all contradict the stereotype: each set needs its own score."""
    table = load_bbq("zh", shared_datasets / "cbbq" / "region_disambiguous.json")
    right = choose_by(table, "right")
    assert one(right)["s_dis"] == -1
    (score,) = cbbq_scores(right).to_dict("records")
    assert score["s_disamb"] == 0


def test_published_shares_are_those_of_the_authors():
    table = published_bbq().set_index(["model", "form", "reasoning"])["rate"]
    assert len(table) == 12
    for key, percent in {
        ("text-davinci-002", "statement", "direct"): 55.2,
        ("text-davinci-002", "statement", "step_by_step"): 47.4,
        ("text-davinci-003", "question", "direct"): 70.7,
        ("text-davinci-003", "question", "step_by_step"): 88.4,
        ("text-davinci-001", "question", "direct"): 20.3,
    }.items():
        assert round(100 * table[key], 1) == percent


# ------------------------------------------------------------------ the course's own set


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_own_set_is_balanced(items, lang):
    table = items[lang]
    assert len(table) == 192 and table["template"].nunique() == 48
    assert table["id"].is_unique
    assert set(table.groupby("domain")["template"].nunique()) == {6}
    for column in ("unknown", "target"):
        assert set(table[column].value_counts()) == {64}
    told = table[(table["condition"] == "disambiguated") & (table["polarity"] == "negative")]
    # Half of the stories agree with the stereotype; else the right answers would be biased.
    assert (told["answer"] == told["target"]).sum() == 24


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_own_set_reads_as_it_should(items, lang):
    table = items[lang]
    for row in table.to_dict("records"):
        people = [o for i, o in enumerate(row["options"]) if i != row["unknown"]]
        for name in people:
            bare = name.removeprefix("The ").lower()
            assert bare in row["context"].lower(), row["id"]
    contexts = table.groupby(["template", "condition"])["context"].first().unstack()
    for ambiguous, told in contexts.itertuples(index=False):
        assert told.startswith(ambiguous) and len(told) > len(ambiguous)
    unknowns = {o for row in table.to_dict("records") for o in [row["options"][row["unknown"]]]}
    assert len(unknowns) == 12


def test_both_languages_have_the_same_templates_and_are_not_translations(items):
    zh, en = items["zh"], items["en"]
    assert list(zh["template"]) == list(en["template"])
    assert list(zh["domain"]) == list(en["domain"])
    assert not zh["context"].str.contains("[A-Za-z]{3}").any()


# ------------------------------------------------------------------ rules and scores


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("pro", (0, 0.5, 1, 1)),
        ("anti", (0, 0.5, -1, -1)),
        ("right", (1, 1, 0, 0)),
    ],
)
def test_rules(items, rule, expected):
    for table in items.values():
        row = one(choose_by(shuffle_options(table), rule))
        columns = ("ambiguous_accuracy", "disambiguated_accuracy", "s_amb", "s_dis")
        assert tuple(row[c] for c in columns) == expected
        # 48 templates that say the same cannot rule out that others would not.
        for column in columns:
            assert row[f"{column}_low"] <= row[column] <= row[f"{column}_high"]
            assert 0.03 < row[f"{column}_high"] - row[f"{column}_low"] < 0.2


def test_a_score_at_its_bound_has_the_width_of_its_templates(items):
    table = items["en"]
    right, pro = one(choose_by(table, "right")), one(choose_by(table, "pro"))
    ends = [right["ambiguous_accuracy_low"], right["ambiguous_accuracy_high"]]
    assert ends == pytest.approx(edge_interval([1.0], 48))
    assert [pro["s_dis_low"], pro["s_dis_high"]] == pytest.approx(edge_interval([1.0], 48, (-1, 1)))
    # |s_AMB| is at most 1 - accuracy, and that at most what the accuracy's interval says.
    assert right["s_amb_high"] == -right["s_amb_low"] == pytest.approx(1 - ends[0])
    few = one(choose_by(table[table["template"].isin(table["template"].unique()[:3])], "pro"))
    assert few["s_dis_low"] == pytest.approx(edge_interval([1.0], 3, (-1, 1))[0])
    # Of a gap the scarcer side counts: 24 stories agree with the stereotype, 24 do not.
    (sides,) = accuracy_by_direction(choose_by(table, "pro")).to_dict("records")
    assert (sides["gap"], sides["gap_high"]) == (1, 1)
    assert sides["gap_low"] == pytest.approx(edge_interval([1.0], 24, (-1, 1))[0])
    (cbbq,) = cbbq_scores(choose_by(table, "anti")).to_dict("records")
    assert cbbq["s"] == 0 and cbbq["s_high"] == pytest.approx(edge_interval([0.0], 48)[1])


def test_templates_without_an_answer_that_counts_do_not_narrow_a_score(items):
    """Of 48 templates 12 name a person: s_DIS rests on 12."""
    pro = choose_by(items["en"], "pro")
    named = pro["template"].isin(pro["template"].unique()[:12])
    row = one(pro.assign(choice=pro["choice"].where(named, pro["unknown"])))
    assert row["s_dis"] == 1 and row["templates"] == 48
    assert row["s_dis_low"] == pytest.approx(edge_interval([1.0], 12, (-1, 1))[0])


def test_always_unknown_has_no_ratio_and_says_so(items, lang):
    row = one(choose_by(items[lang], "unknown"))
    # Spelled as in the table's header.
    assert math.isnan(row["s_dis"]) and text("bbq.s_dis") in row["note"]
    assert math.isnan(row["named_accuracy"])
    assert row["s_amb"] == 0 and row["disambiguated_accuracy"] == 0


def test_the_note_says_what_there_is_none_of(items, lang):
    """No questions of a kind, none with a target, or no answer but "unknown"."""
    table = choose_by(items[lang], "right")
    ambiguous = table["condition"] == "ambiguous"
    for rows, name, key in (
        (table[ambiguous], "s_dis", "no_questions"),
        (table[~ambiguous], "s_amb", "no_questions"),
        (table.assign(target=-1), "s_dis", "no_target"),
        (choose_by(items[lang], "unknown"), "s_dis", "all_unknown"),
    ):
        row = one(rows)
        kind = "ambiguous" if name == "s_amb" else "disambiguated"
        fields = {"names": text(f"bbq.{name}"), "condition": text(f"bbq.{kind}")}
        assert math.isnan(row[name]) and row["note"] == text(f"bbq.{key}", **fields)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("choice", -1),
        ("choice", math.nan),
        ("choice", "A"),
        ("answer", 3),
        ("unknown", -1),
        ("target", -2),
        ("polarity", "neg"),
        ("condition", "ambig"),
    ],
)
def test_values_that_mean_nothing_are_no_scores(items, column, value, lang):
    """An answer of -1 is none; counted, it made the most biased model look fair."""
    table = choose_by(items["en"], "pro").assign(**{column: value})
    for scores in (bias_scores, cbbq_scores, accuracy_by_direction, position_shares):
        with pytest.raises(CourseError) as error:
            scores(table)
        assert error.value.key == "tables.wrong_value"
        assert error.value.fields["column"] == column


def test_scores_by_hand():
    """Ambiguous: two right of six, three biased of four; disambiguated: one biased of three."""
    rows = []
    for condition, answer, polarity, picked in [
        ("ambiguous", 0, "negative", 0),
        ("ambiguous", 0, "nonnegative", 0),
        ("ambiguous", 0, "negative", 1),
        ("ambiguous", 0, "negative", 1),
        ("ambiguous", 0, "nonnegative", 2),
        ("ambiguous", 0, "nonnegative", 1),
        ("disambiguated", 1, "negative", 1),
        ("disambiguated", 2, "negative", 2),
        ("disambiguated", 1, "nonnegative", 1),
        ("disambiguated", 2, "nonnegative", 0),
    ]:
        rows.append(
            {"template": len(rows) % 3, "condition": condition, "polarity": polarity}
            | {"answer": answer, "unknown": 0, "target": 1, "choice": picked, "model": "m"}
        )
    row = one(pd.DataFrame(rows), by="model")
    assert row["s_amb"] == pytest.approx((1 - 2 / 6) * (2 * 3 / 4 - 1))
    assert row["s_dis"] == pytest.approx(2 * 1 / 3 - 1)
    assert row["disambiguated_accuracy"] == 3 / 4
    (cbbq,) = cbbq_scores(pd.DataFrame(rows), by="model").to_dict("records")
    assert cbbq["s"] == pytest.approx(0.4 * 3 / 6 + 0.6 * 1 / 3)
    (sides,) = accuracy_by_direction(pd.DataFrame(rows), by="model").to_dict("records")
    assert (sides["n_agrees"], sides["n_disagrees"]) == (2, 2)
    assert (sides["agrees"], sides["disagrees"], sides["gap"]) == (0.5, 1, -0.5)


def test_questions_without_a_target_count_for_accuracy_alone(items):
    table = items["en"].assign(target=-1)
    row = one(choose_by(table, "right"))
    assert row["no_target"] == 192 and row["ambiguous_accuracy"] == 1
    assert math.isnan(row["s_dis"])


def test_half_right_by_naming_one_of_two_is_no_reading(items):
    """Who always names the first person has half of the told ones right, well above a third."""
    table = items["en"]
    first = [min({0, 1, 2} - {unknown}) for unknown in table["unknown"]]
    row = one(table.assign(model="m", choice=first))
    assert row["disambiguated_accuracy"] == row["named_accuracy"] == 0.5
    assert row["disambiguated_accuracy_low"] > 1 / 3 and row["named_accuracy_low"] <= 0.5
    # "Unknown" is left out: half of the answers right, and all of those that name somebody.
    said = table["template"].isin(table["template"].unique()[::2])
    half = table.assign(model="m", choice=table["answer"].where(said, table["unknown"]))
    assert one(half)["disambiguated_accuracy"] == 0.5 and one(half)["named_accuracy"] == 1


def test_intervals_take_a_template_together(items):
    """192 questions of 48 templates: drawing questions one by one would be too sure."""
    choices = choose_by(items["en"], "longest")
    clustered = one(choices)
    single = one(choices.assign(template=range(len(choices))))
    widths = [
        r["ambiguous_accuracy_high"] - r["ambiguous_accuracy_low"] for r in (clustered, single)
    ]
    assert widths[0] > 1.2 * widths[1]


# ------------------------------------------------------------------ order of the options


def test_shuffling_moves_everything_along(items):
    table = items["en"]
    for mixed in (shuffle_options(table, seed=3), rotations(table).query("order == 2")):
        pairs = zip(table.to_dict("records"), mixed.to_dict("records"), strict=True)
        for before, after in pairs:
            assert sorted(before["options"]) == sorted(after["options"])
            for column in ("answer", "unknown", "target"):
                assert before["options"][before[column]] == after["options"][after[column]]
    spread = shuffle_options(table).groupby(["condition", "polarity"])["answer"].value_counts()
    assert set(spread) == {16}
    assert (
        shuffle_options(table, 1)["options"].tolist()
        != shuffle_options(table, 2)["options"].tolist()
    )


def test_position_shares(items):
    shares = position_shares(choose_always(shuffle_options(items["zh"]), "B"))
    assert list(shares["share"]) == [0, 1, 0]
    assert shares["accuracy"].iloc[1] == pytest.approx(1 / 3)


def test_rotations_do_not_narrow_the_shares_of_the_letters(items):
    """Three orders of a question are no three questions: the unit is the template."""
    always = position_shares(choose_always(rotations(items["zh"]), "B"))
    assert list(always["n"]) == [576] * 3
    assert tuple(always.loc[1, ["low", "high"]]) == pytest.approx(edge_interval([1.0], 48))
    answers = choose_by(shuffle_options(items["zh"]), "longest")
    once, thrice = (position_shares(t) for t in (answers, pd.concat([answers] * 3)))
    for end in ("low", "high"):
        assert list(once[end]) == pytest.approx(list(thrice[end]))


# ------------------------------------------------------------------ asking


class Prefers:
    """Scores each continuation by its own rule."""

    name = "prefers"

    def __init__(self, rule):
        self.rule, self.asked = rule, []

    def score(self, prompts, continuations, progress=False):
        self.asked += list(zip(prompts, continuations, strict=True))
        return [
            SimpleNamespace(mean=self.rule(c), sum=self.rule(c) * len(c)) for c in continuations
        ]


def test_ask_takes_the_likeliest_letter_or_text(items):
    some = items["en"].head(8)
    picked = ask(Prefers(lambda c: float(c == "B")), some)
    assert list(picked["choice"]) == [1] * 8 and set(picked["model"]) == {"prefers"}
    by_text = ask(Prefers(len), some, prompt="text")
    longest = [max(range(3), key=lambda i: len(o[i])) for o in some["options"]]
    assert list(by_text["choice"]) == longest


def test_the_control_shows_neither_context_nor_question(items):
    model = Prefers(len)
    some = items["zh"].head(8)
    alone = ask(model, some, prompt="alone")
    assert {prompt for prompt, _ in model.asked} == {text("bbq.answer", "zh")}
    assert set(alone["prompt"]) == {"alone"}
    # Nothing but the options is left, so that all questions with the same ones are answered alike.
    chosen = [o[c] for o, c in zip(alone["options"], alone["choice"], strict=True)]
    assert (pd.Series(chosen).groupby(alone["template"]).nunique() == 1).all()


@pytest.mark.parametrize("prompt", ["listed", "text"])
def test_an_option_without_a_number_is_not_the_likeliest(items, prompt, lang):
    with pytest.raises(CourseError) as error:
        ask(Prefers(lambda c: math.nan), items["en"].head(2), prompt=prompt)
    assert error.value.key == "tables.not_finite" and "prefers" in str(error.value)


def test_what_the_model_reads(items):
    item = items["zh"].iloc[0]
    listed = prompt_text(item)
    assert listed.startswith("材料：") and listed.endswith("答案：(")
    assert all(f"({a}) {o}" in listed for a, o in zip("ABC", item["options"], strict=True))
    hidden = prompt_text(item, "text")
    assert not any(option in hidden.splitlines() for option in item["options"])
    model = Prefers(len)
    ask(model, items["en"].head(1), prompt="text")
    assert all(continuation.startswith(" ") for _, continuation in model.asked)


# ------------------------------------------------------------------ bad data


OWN = {
    "id": "x",
    "domain": "age",
    "ambiguous": "A and B came.",
    "disambiguated": "A and B came. A was late.",
    "negative_question": "Who was late?",
    "positive_question": "Who was on time?",
    "options": [
        {"text": "A", "group": "a"},
        {"text": "B", "group": "b"},
        {"text": "?", "group": "unknown"},
    ],
    "stereotyped_groups": ["a", "c"],
    "answer_negative": 0,
    "answer_positive": 1,
}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"negative_question": None}, "bbq.missing_fields"),
        ({"options": OWN["options"][:2]}, "bbq.one_unknown"),
        ({"options": [*OWN["options"], {"text": "D", "group": "d"}]}, "bbq.three_options"),
        ({"options": [OWN["options"][0], *OWN["options"][::2]]}, "bbq.three_options"),
        ({"answer_negative": 3}, "bbq.bad_answer"),
        ({"answer_positive": "C"}, "bbq.bad_answer"),
        ({"options": ["A", "B", "?"]}, "bbq.missing_fields"),
        ({"options": [{"text": "A"}, *OWN["options"][1:]]}, "bbq.missing_fields"),
    ],
)
def test_bad_rows_say_what_is_wrong(tmp_path, change, key, lang):
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(OWN) + "\n" + json.dumps(OWN | change), "utf-8")
    with pytest.raises(CourseError) as error:
        load_bbq("en", path)
    assert error.value.key == key and error.value.fields["row"] == 2
    assert "{" not in str(error.value)


def test_several_or_no_stereotyped_groups_in_an_own_file(tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(OWN) + "\n" + json.dumps(OWN | {"stereotyped_groups": ["a", "b"]}))
    assert list(load_bbq("en", path)["target"]) == [0] * 4 + [-1] * 4


PUBLISHED = {
    "example_id": 1,
    "question_index": "1",
    "question_polarity": "neg",
    "context_condition": "disambig",
    "category": "Age",
    "context": "c",
    "question": "q",
    "ans0": "a",
    "ans1": "b",
    "ans2": "c",
    "label": 0,
    "answer_info": {"ans0": ["a", "old"], "ans1": ["b", "nonOld"], "ans2": ["c", "unknown"]},
    "additional_metadata": {"stereotyped_groups": ["old"]},
}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"label": "C"}, "bbq.bad_answer"),
        ({"label": -1}, "bbq.bad_answer"),
        ({"answer_info": {"ans0": ["a", "old"]}}, "bbq.missing_fields"),
        ({"answer_info": "old"}, "bbq.missing_fields"),
        ({"answer_info": PUBLISHED["answer_info"] | {"ans1": []}}, "bbq.bad_info"),
        ({"answer_info": PUBLISHED["answer_info"] | {"ans1": "nonOld"}}, "bbq.bad_info"),
        ({"additional_metadata": None}, "bbq.missing_fields"),
        ({"additional_metadata": {}}, "bbq.missing_fields"),
    ],
)
def test_bad_published_rows_say_what_is_wrong(tmp_path, change, key, lang):
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(PUBLISHED) + "\n", "utf-8")
    (row,) = load_bbq("en", path).to_dict("records")
    assert (row["answer"], row["unknown"], row["target"]) == (0, 2, 0)
    path.write_text(json.dumps(PUBLISHED) + "\n" + json.dumps(PUBLISHED | change), "utf-8")
    with pytest.raises(CourseError) as error:
        load_bbq("en", path)
    assert error.value.key == key and error.value.fields["row"] == 2
    assert "{" not in str(error.value)


def test_questions_keep_their_language(tmp_path, lang):
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(OWN | {"lang": "en"}), "utf-8")
    assert set(load_bbq("en", path)["lang"]) == {"en"}
    with pytest.raises(CourseError) as error:
        load_bbq("zh", path)
    assert error.value.key == "prompts.other_language"


def test_ambiguous_questions_must_have_unknown_as_their_answer(tmp_path):
    row = {k: v for k, v in PUBLISHED.items() if not isinstance(v, dict)}
    row["context_condition"] = "ambig"
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(row), "utf-8")
    with pytest.raises(CourseError) as error:
        load_bbq("en", path)
    assert error.value.key == "bbq.ambiguous_key"
    path.write_text(json.dumps(row | {"question_polarity": "bad"}), "utf-8")
    with pytest.raises(CourseError, match="bad"):
        load_bbq("en", path)


def test_mistakes_of_the_caller(items, tmp_path, lang):
    table = items["en"]
    for call in (
        lambda: load_bbq("fr"),
        lambda: load_bbq("en", tmp_path / "nothing.jsonl"),
        lambda: choose_by(table, "bias"),
        lambda: choose_always(table, "D"),
        lambda: prompt_text(table.iloc[0], "letters"),
        lambda: bias_scores(table),
        lambda: bias_scores(choose_by(table, "pro"), by="size"),
        lambda: choose_by(table.head(0), "pro"),
        lambda: bbq_figures.show_item("en", "bbq-99"),
    ):
        with pytest.raises(CourseError):
            call()


# ------------------------------------------------------------------ figures and tables


def test_figures_and_tables(items, lang):
    choices = pd.concat(
        choose_by(shuffle_options(table), rule) for table in items.values() for rule in RULES
    )
    table = bias_scores(choices, draws=200)
    ways = pd.concat([table.assign(prompt=way) for way in bbq.PROMPTS])
    for given in (table, ways):
        fig = bbq_figures.plot_bbq_accuracy(given)
        assert len(fig.course_alt) > 100 and png(fig)
    shown = bbq_figures.show_scores(table)
    assert len(shown.frame) == 12 and "nan" not in shown.frame.to_string()
    # The reason for a dash stands under the table, once.
    assert shown.caption == text("bbq.all_unknown", names=text("bbq.s_dis"))
    column = text("bbq.column_prompt")
    assert column not in shown.frame
    assert set(bbq_figures.show_scores(ways).frame[column]) == {
        text(f"bbq.by_{way}") for way in bbq.PROMPTS
    }
    rules = bbq_figures.show_rules(choices[choices["lang"] == lang], draws=50)
    for table in (shown, rules):
        assert "—" in table._repr_html_()
    rules = rules.frame
    assert len(rules) == len(RULES) + 2 and "nan" not in rules.to_string()
    right, leak, shuffled = (
        rules[rules.iloc[:, 0] == text(f"bbq.rule_{name}", n=5524)].iloc[0]
        for name in ("right", "published", "shuffled")
    )
    assert right[text("bbq.cbbq_s_disamb")].startswith("0.50 ")
    assert leak[text("bbq.cbbq_s_amb")].startswith("0.00 ")
    assert shuffled[text("bbq.ambiguous_accuracy")].startswith("33")
    assert len(bbq_figures.show_item(lang).frame) == 4
    assert len(bbq_figures.show_published()) == 12
    assert bbq.domain_name("gender", "zh") == "性别"
