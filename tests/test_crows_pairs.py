"""CrowS-Pairs: shared tokens by hand, rates and ties, files, own pairs."""

import json
import math
from collections import Counter
from types import SimpleNamespace

import pandas as pd
import pytest

from course_lib.errors import CourseError
from course_lib.evaluation.crows_pairs import (
    load_pairs,
    pair_likelihoods,
    pair_rates,
    readable,
)
from course_lib.models import Score


class WordModel:
    """A token a word, each with the log-probability it is given; without a context."""

    name = "words"

    def __init__(self, log_p, first=True):
        self.log_p, self.first, self.ids = log_p, first, {}

    def tokenizer(self, sentence, add_special_tokens):
        words = sentence.split()
        return SimpleNamespace(input_ids=[self.ids.setdefault(w, len(self.ids)) for w in words])

    def score(self, prompts, continuations, progress):
        assert not any(prompts)
        # Without a beginning-of-text token nothing predicts the first word.
        rows = [[self.log_p[w] for w in c.split()][not self.first :] for c in continuations]
        return [Score(sum(row), tuple(row), len(row), False) for row in rows]


def pairs(*texts):
    from datasets import Dataset

    columns = {"id": list(map(str, range(len(texts)))), "domain": ["d"] * len(texts)}
    for name, sentences in zip(("more", "less"), zip(*texts, strict=True), strict=True):
        columns[f"{name}_stereotypical"] = list(sentences)
    return Dataset.from_dict(columns | {"lang": ["en"] * len(texts)})


LOG_P = {
    "the": -1.0,
    "old": -5.0,
    "young": -2.0,
    "man": -1.5,
    "his": -0.5,
    "her": -4.0,
    "hat": -3.0,
}


def test_shared_tokens_leave_out_what_differs():
    both = pairs(("the old man his hat", "the young man her hat"))
    row = pair_likelihoods(WordModel(LOG_P), both)[0]
    assert row["more_sentence"] == -11 and row["less_sentence"] == -11.5
    # "the", "man" and "hat" stand in both, on either side of two changes.
    assert row["more_shared"] == row["less_shared"] == -5.5
    assert row["more_tokens"] == row["less_tokens"] == 5
    late = pair_likelihoods(WordModel(LOG_P, first=False), both)[0]
    assert late["more_shared"] == -4.5 and late["more_tokens"] == 4


def test_rates_and_ties_by_measure():
    both = pairs(
        ("the old man", "the young man"), ("the young man", "the old man"), ("hat", "his hat")
    )
    scored = pair_likelihoods(WordModel(LOG_P), both)
    rates = {m: pair_rates(scored, measure=m).iloc[0] for m in ("shared", "sentence", "mean")}
    # Words without a context: what both share is level, in the third pair too.
    assert rates["shared"]["rate"] == 0 and rates["shared"]["ties"] == 3
    assert rates["sentence"]["rate"] == pytest.approx(2 / 3)
    assert rates["mean"]["rate"] == pytest.approx(1 / 3)
    assert rates["sentence"]["low"] < 2 / 3 < rates["sentence"]["high"]
    with pytest.raises(CourseError, match="shared, sentence, mean"):
        pair_rates(scored, measure="words")
    with pytest.raises(CourseError, match="model"):
        pair_rates(scored, by="models")


@pytest.mark.parametrize("measure", ["shared", "sentence", "mean"])
def test_numbers_that_are_none_are_no_lost_pairs(measure, lang):
    """NaN is not above anything: a model that overflows would prefer no stereotype at all."""
    table = pair_likelihoods(WordModel(LOG_P), pairs(("old man", "young man"))).to_pandas()
    column = "shared" if measure == "shared" else "sentence"
    for side in ("more", "less"):
        with pytest.raises(CourseError) as error:
            pair_rates(table.assign(**{f"{side}_{column}": math.nan}), measure=measure)
        assert error.value.key == "tables.not_finite"
        assert error.value.fields["what"] == f"{side}_{column}"


def test_a_pair_counts_once_in_a_group(lang):
    both = pairs(("old man", "young man"), ("young man", "old man"))
    table = pair_likelihoods(WordModel(LOG_P), both).to_pandas()
    two = pd.concat([table, table.assign(model="other")])
    assert pair_rates(two)["n"].tolist() == [2, 2]
    with pytest.raises(CourseError) as error:
        pair_rates(two, by="lang")
    assert error.value.key == "tables.twice"
    # Other languages may use the same numbers for other pairs.
    languages = pd.concat([table, table.assign(lang="zh")])
    assert pair_rates(languages, by="model")["n"].tolist() == [4]


def test_tables_without_what_is_compared(lang):
    table = pair_likelihoods(WordModel(LOG_P), pairs(("old man", "young man"))).to_pandas()
    for column, measure in (
        ("more_shared", "shared"),
        ("less_sentence", "sentence"),
        ("less_tokens", "mean"),
    ):
        with pytest.raises(CourseError, match=column) as error:
            pair_rates(table.drop(columns=column), measure=measure)
        assert error.value.key == "tables.no_column"
    with pytest.raises(CourseError) as error:
        pair_rates(table.head(0))
    assert error.value.key == "tables.no_rows"


def test_pairs_keep_their_language(tmp_path, lang):
    path = tmp_path / "p.jsonl"
    pair = {"domain": "age", "more_stereotypical": "a b", "less_stereotypical": "c b"}
    path.write_text(json.dumps(pair | {"lang": "en"}), "utf-8")
    assert load_pairs("en", path)["lang"][:] == ["en"]
    with pytest.raises(CourseError) as error:
        load_pairs("zh", path)
    assert error.value.key == "prompts.other_language"


def test_readable(lang):
    scored = pair_likelihoods(WordModel(LOG_P), pairs(("old", "young"), ("young", "old")))
    table = pair_rates(scored, measure="sentence")
    shown = readable(table)
    assert "50.0" in shown.iloc[0].tolist()[3] and {"zh": "英文", "en": "English"}[lang] in str(
        shown
    )


def test_a_course_model_conditions_on_the_group(tmp_path):
    from course_lib.models import load_model

    from .tiny import tiny_folder

    model = load_model(str(tiny_folder(tmp_path)), store=None)
    some = load_pairs("en").select(range(3))
    scored = pair_likelihoods(model, some, progress=False)
    for row in scored:
        assert row["more_shared"] != row["less_shared"]
        assert row["more_sentence"] < row["more_shared"] < 0
    alone = model.score([""], [some[1]["less_stereotypical"]])[0]
    assert scored[1]["less_sentence"] == pytest.approx(alone.sum, abs=1e-4)


def test_published_pairs(shared_datasets):
    found = load_pairs("en", shared_datasets / "crows_pairs" / "crows_pairs_anonymized.csv")
    assert len(found) == 1508
    counts = Counter(found["domain"])
    assert (counts["race-color"], counts["gender"], counts["disability"]) == (516, 262, 60)
    words = [
        len(row["more_stereotypical"].split()) != len(row["less_stereotypical"].split())
        for row in found
    ]
    assert sum(words) / len(words) == pytest.approx(0.14, abs=0.01)


@pytest.mark.parametrize("which", ["zh", "en"])
def test_own_pairs_name_each_group_in_both_roles(which, root):
    found = load_pairs(which)
    assert len(found) == 32 and set(Counter(found["domain"]).values()) == {8}
    lines = (root / "data" / "crows_pairs" / f"{which}.jsonl").read_text("utf-8").splitlines()
    directions = Counter()
    for row in map(json.loads, lines):
        a, b = row["differs"]
        more, less = row["more_stereotypical"], row["less_stereotypical"]
        assert more.count(a) == 1 and more.replace(a, b) == less, row["id"]
        directions[a.lower(), b.lower()] += 1
    # A model that always likes the same word better prefers half of the pairs.
    assert all(n == directions[b, a] for (a, b), n in directions.items())


@pytest.mark.parametrize(("which", "fewest"), [("zh", 7), ("en", 5)])
def test_own_pairs_name_the_group_before_what_is_said_of_it(which, fewest, root):
    """From left to right, only the shared words behind the group can tell the two apart."""
    lines = (root / "data" / "crows_pairs" / f"{which}.jsonl").read_text("utf-8").splitlines()
    for row in map(json.loads, lines):
        before, after = row["more_stereotypical"].split(row["differs"][0])
        if which == "en":
            before, after = before.split(), after.split()
        assert len(after) > len(before) and len(after) >= fewest, row["id"]


def test_unusable_pairs(tmp_path, lang, capsys):
    good = {"domain": "age", "more_stereotypical": "a b", "less_stereotypical": "c b"}
    rows = [good, good | {"less_stereotypical": "a b"}, good | {"less_stereotypical": ""}]
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert len(load_pairs("en", path)) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
    path.write_text("\n".join(map(json.dumps, rows[1:])), "utf-8")
    with pytest.raises(CourseError, match="p.jsonl"):
        load_pairs("en", path)
    path.write_text(json.dumps({"domain": "age"}), "utf-8")
    with pytest.raises(CourseError, match="more_stereotypical"):
        load_pairs("en", path)
    with pytest.raises(CourseError, match="none.csv"):
        load_pairs("en", tmp_path / "none.csv")


def test_cards_give_the_counts(root):
    for which in ("zh", "en"):
        card = (root / "data" / "crows_pairs" / f"card.{which}.md").read_text("utf-8")
        for domain, n in Counter(load_pairs(which)["domain"]).items():
            row = next(line for line in card.splitlines() if line.startswith(f"| `{domain}`"))
            assert row.split("|")[-2].strip() == str(n)
