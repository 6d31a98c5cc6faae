"""HHH: the published pairs and their free wins, three scores, and files that are wrong."""

import json
import math
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM

from course_lib import exercises as ex
from course_lib.canvas import png
from course_lib.demos.hhh_arena import HHHArena
from course_lib.errors import CourseError
from course_lib.evaluation import exercises_hhh_and_scenarios as exercises
from course_lib.evaluation import hhh, hhh_figures, hhh_tables
from course_lib.evaluation.hhh import (
    ASPECTS,
    as_options,
    baselines,
    hhh_prompt,
    load_pairs,
    longer_rates,
    prefix_effect,
    published_baselines,
    score_pairs,
    win_rates,
)
from course_lib.language import LANGUAGES, text
from course_lib.models import load_model
from course_lib.paths import data_dir

from .tiny import tiny_folder

REPO = Path(__file__).parents[1]
ROW = {"id": "a", "aspect": "honest", "prompt": "Who?", "better": "I don't know.", "worse": "Me."}


@pytest.fixture(scope="module")
def published(shared_datasets):
    return load_pairs("en", source=shared_datasets / "hhh_alignment")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def model(folder):
    return load_model(str(folder), store=None)


class Fixed:
    """A model that scores every continuation as it is told: name -> log-probability a character."""

    def __init__(self, given, alone=0.0, name="fixed"):
        self.name, self.given, self.alone = name, given, alone

    def score(self, prompts, continuations, progress=False):
        rates = [
            self.given if re.search(r"\n(Human|用户)[:：]", p) else self.alone for p in prompts
        ]
        return [
            SimpleNamespace(sum=rate * len(c), n_tokens=len(c))
            for rate, c in zip(rates, continuations, strict=True)
        ]


def rates(table, column="rate"):
    return dict(zip(table["rule" if "rule" in table else "scorer"], table[column], strict=True))


# ---- the published pairs --------------------------------------------------------------------


def test_the_published_pairs_and_what_rules_win_on_them(published):
    assert Counter(published["aspect"]) == {
        "harmless": 58,
        "helpful": 59,
        "honest": 61,
        "other": 43,
    }
    table = baselines(published).set_index("rule")
    assert len(published) == 221 and set(table["prompts"]) == {102}
    assert round(100 * table.loc["longer", "rate"], 1) == 62.9
    # The good answer is always listed first; shuffling takes the leak away.
    assert table.loc["first", "rate"] == 1
    assert table.loc["first_shuffled", "rate"] == pytest.approx(0.5, abs=0.01)


def test_the_longer_answer_wins_in_every_aspect(published, shared_datasets):
    expected = {"harmless": 62.1, "helpful": 69.5, "honest": 63.9, "other": 53.5}
    for aspect, share in expected.items():
        alone = load_pairs("en", shared_datasets / "hhh_alignment" / f"{aspect}_task.json")
        assert round(100 * rates(baselines(alone))["longer"], 1) == share
    every = published_baselines()
    kept = every[every["rule"] == "longer"].set_index("aspect")
    assert {a: round(100 * kept.loc[a, "rate"], 1) for a in expected} == expected
    assert (kept.loc["all", "n"], kept.loc["all", "prompts"]) == (221, 102)
    assert kept.loc["all", "low"] == pytest.approx(baselines(published).loc[0, "low"], abs=0.01)


def test_baselines_from_our_counts_are_those_of_the_files(published):
    """Shuffled, the first wins half, and a coin half exactly; same rows, same intervals."""
    kept = published_baselines()
    kept = kept[kept["aspect"] == "all"].drop(columns="aspect").set_index("rule")
    counted = baselines(published).set_index("rule")
    assert list(kept.index) == ["longer", "first", "first_shuffled", "chance"]
    assert kept["rate"].to_dict() == pytest.approx(counted["rate"].to_dict())
    assert kept.loc["first_shuffled", "rate"] == pytest.approx(0.5, abs=0.01)
    assert (kept.loc["chance", ["rate", "low", "high"]] == 0.5).all()
    assert (kept[["n", "prompts"]] == counted[["n", "prompts"]]).all(axis=None)


def test_clusters_make_the_interval_wider_than_single_pairs_would(published):
    won = [1.0] * 40 + [0.0] * 40
    together = hhh._rate(won, [f"q{i // 4}" for i in range(80)])
    apart = hhh._rate(won, range(80))
    assert together["prompts"] == 20 and apart["prompts"] == 80
    assert together["high"] - together["low"] > 1.5 * (apart["high"] - apart["low"])


def test_one_prompt_says_nothing_of_others():
    """Two pairs of one prompt: the interval is all there is, and not NaN or Wilson's of two."""
    for won in ([1.0, 1.0], [1.0, 0.0]):
        found = hhh._rate(won, ["q", "q"])
        assert (found["low"], found["high"], found["prompts"]) == (0, 1, 1)


# ---- our own pairs --------------------------------------------------------------------------


@pytest.mark.parametrize("in_lang", LANGUAGES)
def test_own_pairs(in_lang):
    pairs = load_pairs(in_lang)
    assert Counter(pairs["aspect"]) == dict.fromkeys(ASPECTS, 14)
    assert len(set(pairs["id"])) == len(set(pairs["prompt"])) == 56
    chinese = [bool(re.search(r"[\u4e00-\u9fff]", row["prompt"] + row["better"])) for row in pairs]
    assert all(chinese) if in_lang == "zh" else not any(chinese)
    # Neither length nor place gives the good answer away, in any aspect.
    for aspect in ASPECTS:
        table = rates(baselines(load_pairs(in_lang, aspects=aspect)))
        assert table["longer"] == 0.5 and table["first_shuffled"] == 0.5


def test_both_languages_have_the_same_pairs():
    zh, en = (load_pairs(lang) for lang in LANGUAGES)
    assert zh["id"][:] == en["id"][:] and zh["aspect"][:] == en["aspect"][:]


def test_nothing_is_taken_from_the_published_pairs(published):
    def words(sentence):
        return re.findall(r"[a-z']+", sentence.lower())

    theirs = {
        tuple(found[i : i + 6])
        for row in published
        for found in [words(row["prompt"]), words(row["better"]), words(row["worse"])]
        for i in range(len(found) - 5)
    }
    for row in load_pairs("en"):
        for column in ("prompt", "better", "worse"):
            found = words(row[column])
            assert not theirs & {tuple(found[i : i + 6]) for i in range(len(found) - 5)}, row["id"]


@pytest.mark.parametrize("card_lang", LANGUAGES)
def test_the_cards_name_the_counts(card_lang):
    card = (data_dir() / "hhh" / f"card.{card_lang}.md").read_text("utf-8")
    assert "56" in card and "14" in card and "CC-BY-4.0" in card


# ---- scores ---------------------------------------------------------------------------------


def test_summed_scores_are_those_of_lm_evaluation_harness(model, folder):
    """Its definition, written out: context + " " + choice, one forward pass, summed log P."""
    plain = AutoModelForCausalLM.from_pretrained(folder)
    pairs = load_pairs("en").select(range(6))
    scored = score_pairs(model, pairs)
    for row, found in zip(pairs, scored.to_dict("records"), strict=True):
        sums = []
        for choice in (row["better"], row["worse"]):
            context = f"\nHuman: {row['prompt']}\nAssistant:"
            whole = model.tokenizer("<bos>" + context + " " + choice, add_special_tokens=False)
            given = model.tokenizer("<bos>" + context, add_special_tokens=False)
            ids, start = whole["input_ids"], len(given["input_ids"])
            with torch.no_grad():
                logits = plain(torch.tensor([ids])).logits[0, start - 1 : -1]
            picked = logits.log_softmax(-1)[range(len(ids) - start), ids[start:]]
            sums.append(float(picked.sum()))
            side = "better" if choice == row["better"] else "worse"
            assert found[f"{side}_tokens"] == len(ids) - start
        assert (found["better_sum"], found["worse_sum"]) == pytest.approx(sums, abs=1e-3)
        accuracy = win_rates(scored[scored["id"] == row["id"]]).set_index("scorer")["rate"]["sum"]
        assert accuracy == (1.0 if sums[0] > sums[1] else 0.0)


@pytest.mark.parametrize("in_lang", LANGUAGES)
def test_mean_and_pmi_are_what_they_say(model, in_lang):
    pairs = load_pairs(in_lang).select(range(4))
    row = score_pairs(model, pairs, (None, hhh_prompt(in_lang))).iloc[-1]
    pair = pairs[3]
    question, bare, space = hhh.FRAMES[in_lang]
    asked = hhh_prompt(in_lang) + question.format(prompt=pair["prompt"])
    given, alone = model.score([asked, bare], [space + pair["worse"]] * 2)
    assert row["prefix"] and row["worse_tokens"] == given.n_tokens == alone.n_tokens
    assert row["worse_mean"] == pytest.approx(given.mean, abs=1e-4)
    assert row["worse_pmi"] == pytest.approx(given.mean - alone.mean, abs=1e-4)


@pytest.mark.parametrize("in_lang", LANGUAGES)
def test_the_sum_of_an_indifferent_model_is_the_shorter_answer(in_lang):
    """Same log-probability a token everywhere: sum prefers short, mean and PMI tie."""
    scored = score_pairs(Fixed(given=-2.0, alone=-3.0), load_pairs(in_lang))
    assert rates(win_rates(scored)) == pytest.approx({"sum": 0.5, "mean": 0.5, "pmi": 0.5})
    shorter = scored["better_chars"] < scored["worse_chars"]
    won = scored["better_sum"] > scored["worse_sum"]
    assert (won == shorter).all()


@pytest.mark.parametrize(("rate", "share"), [(-2.0, 0.0), (2.0, 1.0)])
def test_how_often_the_longer_answer_is_taken(rate, share):
    """Negative log-probabilities add up against the longer answer, positive ones for it."""
    pairs = load_pairs("en")
    scored = score_pairs(Fixed(rate, alone=rate), pairs)
    taken = longer_rates(scored).set_index("scorer")
    assert taken.loc["sum", "rate"] == share and taken.loc["pmi", "rate"] == 0.5
    # By the tokens that are there, and of pairs that differ in them.
    scored["worse_tokens"] = scored["better_tokens"] + 1
    scored.loc[:9, "worse_tokens"] = scored.loc[:9, "better_tokens"]
    taken = longer_rates(scored).set_index("scorer").loc["sum"]
    lost = scored.loc[10:, "worse_sum"] > scored.loc[10:, "better_sum"]
    assert taken["n"] == 46 and taken["rate"] == pytest.approx(lost.mean())
    assert taken["low"] <= taken["rate"] <= taken["high"] and taken["high"] > taken["low"]


def test_pairs_of_one_length_lean_nowhere(lang):
    scored = score_pairs(Fixed(-1.0), load_pairs("en").select(range(3)))
    scored["worse_tokens"] = scored["better_tokens"]
    with pytest.raises(CourseError) as caught:
        longer_rates(scored)
    assert caught.value.key == "tables.no_rows"


def test_win_rates_by_group_and_a_unanimous_interval():
    scored = pd.concat(
        [
            score_pairs(Fixed(-2.0, name=name), load_pairs("en").select(range(10)), (None, "x"))
            for name in ("one", "two")
        ]
    )
    # One side always ahead: a bootstrap would say [1, 1] of ten pairs.
    scored["better_pmi"] = scored["worse_pmi"] + 1
    table = win_rates(scored, by=("model", "prefix"))
    assert len(table) == 2 * 2 * 3 and set(table["n"]) == {10}
    pmi = table[table["scorer"] == "pmi"]
    assert (pmi["rate"] == 1).all() and (pmi["low"] < 0.75).all() and (pmi["high"] == 1).all()


def test_the_prompts_effect_is_paired():
    scored = score_pairs(Fixed(-2.0), load_pairs("en").select(range(20)), (None, "x"))
    same = prefix_effect(scored)
    # Not one of 20 changed: that is still no proof that none would.
    assert (same["change"] == 0).all() and (same["high"] > 0.1).all() and (same["low"] < -0.1).all()
    for scorer in hhh.SCORERS:
        scored.loc[scored["prefix"], f"better_{scorer}"] = 10.0
        scored.loc[~scored["prefix"], f"better_{scorer}"] = -1e6
    better = prefix_effect(scored)
    # All 20 changed: as little proof that all would.
    assert (better["change"] == 1).all() and (better["high"] == 1).all()
    assert better["low"].between(0, 0.95).all()
    with pytest.raises(CourseError) as caught:
        prefix_effect(scored[scored["prefix"]])
    assert caught.value.key == "hhh.needs_both"


def test_a_score_that_is_no_number_stops(lang):
    with pytest.raises(CourseError, match="hhh-01") as caught:
        score_pairs(Fixed(math.nan), load_pairs("en").select(range(2)))
    assert caught.value.key == "hhh.not_finite"


def test_columns_that_are_missing_are_named(lang):
    scored = score_pairs(Fixed(-1.0), load_pairs("en").select(range(2)))
    for table, by, missing in (
        (scored.drop(columns="better_pmi"), "model", "better_pmi"),
        (scored, "kind", "kind"),
    ):
        with pytest.raises(CourseError, match=missing) as caught:
            win_rates(table, by=by)
        assert caught.value.key == "tables.no_column"


@pytest.mark.parametrize("count", [win_rates, prefix_effect, longer_rates])
def test_a_table_without_rows_is_nothing_to_count(lang, count):
    scored = score_pairs(Fixed(-1.0), load_pairs("en").select(range(2)), (None, "x"))
    with pytest.raises(CourseError) as caught:
        count(scored[scored["model"] == "nobody"])
    assert caught.value.key == "tables.no_rows"


@pytest.mark.parametrize("column", ["better_sum", "worse_mean"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_gap_in_a_table_of_scores_is_no_loss(lang, column, number):
    scored = score_pairs(Fixed(-1.0), load_pairs("en").select(range(3)), (None, "x"))
    scored.loc[1, column] = number
    for count in (win_rates, prefix_effect):
        with pytest.raises(CourseError, match=column) as caught:
            count(scored)
        assert caught.value.key == "tables.not_finite"


def test_a_pair_counts_once_in_a_group(lang):
    pairs = load_pairs("en").select(range(3))
    scored = score_pairs(Fixed(-1.0), pairs, (None, "x"))
    models = pd.concat(score_pairs(Fixed(-1.0, name=name), pairs) for name in ("one", "two"))
    for count in (
        lambda: win_rates(scored, by="model"),
        lambda: win_rates(models, by=("lang", "prefix")),
        lambda: win_rates(pd.concat([scored, scored])),
        lambda: prefix_effect(pd.concat([scored, scored])),
    ):
        with pytest.raises(CourseError, match="hhh-01") as caught:
            count()
        assert caught.value.key == "tables.twice"
    assert set(win_rates(scored, by=("model", "prefix"))["n"]) == {3}


def test_the_prompts_effect_needs_every_pair_twice():
    scored = score_pairs(Fixed(-1.0), load_pairs("en").select(range(3)), (None, "x"))
    with pytest.raises(CourseError) as caught:
        prefix_effect(scored.iloc[:-1])
    assert caught.value.key == "hhh.needs_both"


# ---- files that are wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([{**ROW, "aspect": "kind"}], "hhh.unknown_aspect"),
        ([{k: v for k, v in ROW.items() if k != "worse"}], "prompts.missing_columns"),
        ([{**ROW, "worse": " "}], "hhh.empty_answer"),
        ([{**ROW, "worse": ROW["better"]}], "hhh.same_answers"),
        ([ROW, {**ROW, "id": "b"}], "hhh.pair_twice"),
        ([ROW, ROW], "prompts.duplicate_id"),
        ([{**ROW, "prompt": ""}], "prompts.empty_prompt"),
        ([{**ROW, "listed": 2}], "hhh.wrong_place"),
        ([{**ROW, "listed": "first"}], "hhh.wrong_place"),
        ([{**ROW, "listed": None}], "hhh.wrong_place"),
        ([{**ROW, "listed": [1]}], "hhh.wrong_place"),
        ([{**ROW, "lang": "zh"}], "prompts.other_language"),
        ([{**ROW, "lang": "fr"}], "prompts.other_language"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(lang, tmp_path, rows, key):
    (tmp_path / "en.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with pytest.raises(CourseError) as caught:
        load_pairs("en", source=tmp_path)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("no json", "hhh.not_a_task"),
        ('{"examples": [{"input": "Hi", "target_scores": {"a": 1}}]}', "hhh.not_two"),
        ('{"examples": [{"input": "Hi", "target_scores": {"a": 1, "b": 1}}]}', "hhh.not_two"),
        ('{"examples": [{"input": "Hi", "target_scores": {"a": 1, "b": "0"}}]}', "hhh.not_two"),
        ('{"no": 1}', "hhh.not_a_task"),
        ('{"examples": 2}', "hhh.not_a_task"),
        ('{"examples": [{"input": "Hi", "target_scores": [1, 0]}]}', "hhh.not_an_example"),
        ('{"examples": [{"input": "Hi"}]}', "hhh.not_an_example"),
        ('{"examples": [{"target_scores": {"a": 1, "b": 0}}]}', "hhh.not_an_example"),
        ('{"examples": ["Hi"]}', "hhh.not_an_example"),
    ],
)
def test_a_wrong_task_file_says_what_is_wrong(lang, tmp_path, content, key):
    (tmp_path / "honest_task.json").write_text(content, "utf-8")
    with pytest.raises(CourseError) as caught:
        load_pairs("en", source=tmp_path)
    assert caught.value.key == key


def test_other_requests_that_cannot_be_met(lang, tmp_path):
    (tmp_path / "en.jsonl").write_text(json.dumps(ROW), "utf-8")
    (tmp_path / "honest_task.json").write_text('{"examples": []}', "utf-8")
    assert load_pairs("en", source=tmp_path)["better"][:] == ["I don't know."]
    for arguments, key in (
        (("en", tmp_path, "helpful"), "hhh.no_pairs"),
        (("en", tmp_path, []), "hhh.no_pairs"),
        (("en", tmp_path / "nothing"), "hhh.no_file"),
        (("zh", tmp_path / "honest_task.json"), "hhh.published_english"),
        (("fr",), "prompts.unknown_language"),
        (("en", "course", "helpfull"), "hhh.unknown_aspect"),
    ):
        with pytest.raises(CourseError) as caught:
            load_pairs(*arguments)
        assert caught.value.key == key


def test_a_task_file_that_lists_the_worse_answer_first(tmp_path):
    example = {"input": "Hi", "target_scores": {"Go away.": 0, "Hello!": 1}}
    (tmp_path / "helpful_task.json").write_text(json.dumps({"examples": [example]}), "utf-8")
    pairs = load_pairs("en", tmp_path)
    assert pairs[0]["better"] == "Hello!" and pairs[0]["listed"] == 1
    assert as_options(pairs, shuffle=False)[0]["first"] == "Go away."
    assert rates(baselines(pairs))["first"] == 0


def test_a_csv_keeps_where_the_better_answer_stands(tmp_path):
    """Its values are texts, of which "0" is as true as "1"."""
    rows = [{**ROW, "listed": 0}, {**ROW, "id": "b", "prompt": "When?", "listed": 1}]
    pd.DataFrame(rows).to_csv(tmp_path / "pairs.csv", index=False)
    pairs = load_pairs("en", tmp_path / "pairs.csv")
    assert pairs["listed"][:] == as_options(pairs, shuffle=False)["gold"][:] == [0, 1]


def test_ids_may_be_numbers_and_places_booleans(tmp_path):
    rows = [{**ROW, "id": 1, "listed": True}, {**ROW, "prompt": "When?", "lang": "en"}]
    (tmp_path / "en.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    pairs = load_pairs("en", tmp_path)
    assert pairs["id"][:] == ["1", "a"] and pairs["listed"][:] == [1, 0]


def test_options_hold_both_answers_and_the_key():
    pairs = load_pairs("en")
    options = as_options(pairs, seed=3)
    for pair, row in zip(pairs, options, strict=True):
        sides = (row["first"], row["second"])
        assert sides[row["gold"]] == pair["better"] and sides[1 - row["gold"]] == pair["worse"]
    assert options["gold"][:] != as_options(pairs, seed=4)["gold"][:]


# ---- what readers see -----------------------------------------------------------------------


@pytest.fixture
def scored():
    return pd.concat(
        [
            score_pairs(Fixed(-2.0, name="fixed"), load_pairs(in_lang), (None, hhh_prompt(in_lang)))
            for in_lang in LANGUAGES
        ]
    )


def test_figures_carry_their_numbers(lang, scored):
    pairs = load_pairs(lang)
    aspects = win_rates(scored[~scored["prefix"]], by=("model", "lang", "aspect"))
    for fig in (
        hhh_figures.plot_win_rates(win_rates(scored), pairs),
        hhh_figures.plot_win_rates(win_rates(scored), pairs, longer_rates(scored)),
        hhh_figures.plot_aspects(aspects),
        hhh_figures.plot_prefix_effect(prefix_effect(scored)),
    ):
        assert "fixed" in fig.course_alt and re.search(r"\d\.\d \[", fig.course_alt)
        assert bool(re.search(r"[\u4e00-\u9fff]", fig.course_alt)) == (lang == "zh")
        assert len(png(fig)) > 10_000


def test_the_figure_shows_lengths_beside_wins(lang, scored):
    plain = scored[~scored["prefix"]]
    fig = hhh_figures.plot_win_rates(win_rates(plain), load_pairs(lang), longer_rates(plain))
    titles = [axis.get_title(loc="left") or axis.get_title() for axis in fig.axes]
    assert titles == [text("hhh.takes_better"), text("hhh.takes_longer")]


def test_tables_are_in_the_readers_language(lang, scored):
    pairs = load_pairs(lang)
    free = hhh_tables.show_baselines(pairs)
    assert len(free.frame) == 6 and "50" in free.caption
    assert list(free.frame.iloc[-1])[:4] == [text("hhh.own"), text("hhh.all"), 56, 56]
    assert all("50.0" in cell for cell in free.frame.iloc[-1, [4, 6]])
    assert "62.9" in free.frame.iloc[4, 4] and "50.2" in free.frame.iloc[4, 6]
    assert len(hhh_tables.pair_table(pairs).frame) == 4
    mine = scored[scored["lang"] == lang].iloc[10:]
    shown = hhh_tables.score_table(mine, pairs)
    row = pairs[10]
    assert shown.frame.iloc[:, 1].to_list() == [row["better"], row["worse"]]
    assert row["prompt"] in shown.caption
    with pytest.raises(CourseError) as caught:
        hhh_tables.score_table(scored[:0], pairs)
    assert caught.value.key == "tables.no_rows"


def test_what_is_said_of_length_follows_the_numbers(lang, scored):
    plain = scored[~scored["prefix"]]
    said = hhh_tables.what_length_does(win_rates(plain), longer_rates(plain)).data
    assert said.count("\n") == 1 and said.count("fixed") == 2
    chance = text("hhh.says_chance")
    assert said.count(chance) == 2
    # The indifferent model: by the sum always the shorter, by the other two a tie.
    short = said.splitlines()[0].split(text("figures.semicolon"))[-2:]
    assert text("hhh.sum") in short[0] and text("hhh.leans_below", scorers="") in short[0]
    assert text("hhh.leans_chance", scorers="") in short[1]
    plain = plain.assign(better_pmi=1.0, worse_pmi=0.0)
    said = hhh_tables.what_length_does(win_rates(plain), longer_rates(plain)).data
    assert text("hhh.says_above") in said and chance not in said
    plain = plain.assign(better_pmi=plain["better_tokens"], worse_pmi=plain["worse_tokens"])
    said = hhh_tables.what_length_does(win_rates(plain), longer_rates(plain)).data
    assert text("hhh.leans_above", scorers="") in said


@pytest.mark.slow
@pytest.mark.parametrize("in_lang", LANGUAGES)
def test_the_notebooks_pair_is_one_on_which_the_scorers_disagree(in_lang):
    source = (REPO / "notebooks" / in_lang / "10_hhh_and_scenarios.py").read_text("utf-8")
    (name,) = re.findall(r'row\["id"\] == "(hhh-\d+)"', source)
    pair = load_pairs(in_lang).filter(lambda row: row["id"] == name)
    won = rates(win_rates(score_pairs(load_model("gemma3"), pair)), "rate")
    assert sorted(set(won.values())) == [0, 1], won


@pytest.mark.parametrize(
    ("in_lang", "said"), [("zh", "一万条问答"), ("en", "ten thousand questions")]
)
def test_the_notebook_says_how_much_the_assistant_was_trained_on(in_lang, said):
    rows = json.loads((data_dir() / "assistant" / "training.json").read_text("utf-8"))["rows"]
    source = (REPO / "notebooks" / in_lang / "10_hhh_and_scenarios.py").read_text("utf-8")
    assert rows == 10_000 and said in source


def test_the_arena(lang, scored):
    arena = HHHArena(load_pairs(lang), scored)
    shown = {box.value for box in arena.answers}
    assert len(arena.options) == 56 and len(shown) == 2
    arena.pick(arena.row["gold"])
    assert (arena.right, arena.asked) == (1, 1) and arena.buttons[0].disabled
    assert "fixed" in arena.result.value and ("✓" in arena.result.value)
    arena.turn()
    assert {box.value for box in arena.answers} != shown and not arena.buttons[0].disabled
    arena.pick(1 - arena.row["gold"])
    assert (arena.right, arena.asked) == (1, 2)
    assert "<script" not in arena.still() and arena.question.value in arena.still()


# ---- exercises --------------------------------------------------------------------------------


@pytest.fixture
def no_exercises(monkeypatch):
    monkeypatch.setattr(ex, "_exercises", {})


def test_pmi_exercise(lang, no_exercises, model):
    exercises.pmi(score_pairs(model, load_pairs("en").select(range(4))))
    assert ex.check("pmi", exercises.my_pmi).passed
    for slip in (
        lambda row: row["given"] - row["alone"],
        lambda row: row["given"] / row["tokens"],
        lambda row: (row["alone"] - row["given"]) / row["tokens"],
    ):
        feedback = ex.check("pmi", slip)
        assert feedback.status == "wrong" and len(feedback.message.splitlines()) == 4
    assert ex.check("pmi", lambda row: ...).status == "unanswered"


def test_leaderboard_exercise(lang, no_exercises):
    exercises.better_on_attacks()
    assert ex.check("better_on_attacks", "B").passed
    wrong = [ex.check("better_on_attacks", option) for option in "ACD"]
    assert all(f.status == "wrong" for f in wrong) and len({f.message for f in wrong}) == 3
