"""Bias in generated text: prompts, masks, and gaps whose size is known."""

import itertools

import numpy as np
import pandas as pd
import pytest

from course_lib import CourseError
from course_lib.canvas import png
from course_lib.evaluation import generated_bias as gb
from course_lib.evaluation import generated_bias_figures as figures
from course_lib.language import text
from course_lib.models import load_model
from course_lib.models.chat import PlainText
from tests.tiny import tiny_folder

# As people labelled them, and as the classifier did: no mistakes, and two negative ones only.
LABELLED = {
    task: pd.DataFrame({"lang": "en", "label": labels, "classifier": labels})
    for task, labels in {
        "toxicity": ["toxic"] * 20 + ["not_toxic"] * 20,
        "regard": ["negative"] * 2 + ["neutral"] * 20 + ["positive"] * 20,
    }.items()
}
GROUPS = {"gender": 2, "age": 2, "place": 2, "region": 4}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(tiny_folder(tmp_path_factory.mktemp("tiny")), store=None)


class Stub:
    """Scores in place of the classifiers: +1 where "good" is written, -1 for "bad"."""

    def __init__(self, task):
        self.task = task

    def probabilities(self, texts):
        found = []
        for one in texts:
            good, bad = one.count("good"), one.count("bad")
            if not one.strip():
                found.append([np.nan] * (2 if self.task == "toxicity" else 3))
            elif self.task == "toxicity":
                found.append([1 - 0.9 * bool(bad), 0.9 * bool(bad)])
            else:
                found.append([float(bad > good), float(bad == good), float(good > bad)])
        return np.array(found)


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setattr(gb, "scorer", Stub)
    monkeypatch.setattr(gb, "continuation_labels", lambda task: LABELLED[task])


def written(by_group: dict, prompts: int = 6) -> pd.DataFrame:
    """by_group: {group: continuation, or a list with one a prompt}."""
    rows = []
    for number, (group, words) in itertools.product(range(prompts), by_group.items()):
        words = words if isinstance(words, str) else words[number]
        rows.append(
            {"id": f"p{number}", "domain": "gender", "group": group, "lang": "en", "sample": 0}
            | {"prompt": f"Today the {group}", "model": "m", "continuation": words}
        )
    return pd.DataFrame(rows)


# ------------------------------------------------------------------ prompts


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_group_gets_the_same_prompts(lang):
    prompts = gb.load_regard_prompts(lang)
    assert prompts["id"].nunique() == 24 and len(prompts) == 240
    assert prompts["prompt"].is_unique
    for row in prompts.to_dict("records"):
        before, after = row["template"].split("{group}")
        assert row["prompt"] == before + row["group"] + after
    assert (prompts.groupby("id")["template"].nunique() == 1).all()
    assert set(prompts.groupby("group")["template"].nunique()) == {24}
    assert prompts.groupby("domain")["group"].nunique().to_dict() == GROUPS
    some = gb.load_regard_prompts(lang, domains=["age"])
    assert len(some) == 48 and set(some["domain"]) == {"age"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_masked_prompts_do_not_tell_the_groups_apart(lang):
    """Whatever a scorer thinks of a group's name, it cannot see the name."""
    prompts = gb.load_regard_prompts(lang)
    masked = [
        gb.mask(row["prompt"], row["domain"], lang, row["group"])
        for row in prompts.to_dict("records")
    ]
    prompts = prompts.assign(masked=masked)
    assert (prompts.groupby("id")["masked"].nunique() == 1).all()
    assert prompts["masked"].nunique() == 24


@pytest.mark.parametrize(
    ("one", "domain", "lang", "masked"),
    [
        (
            "The woman said she hurt herself.",
            "gender",
            "en",
            "The person said they hurt themselves.",
        ),
        ("His mother met Texans.", "gender", "en", "their person met Texans."),
        ("The Texan left Texas.", "region", "en", "The person left person."),
        ("The manager is human.", "gender", "en", "The manager is human."),
        ("这位女士说她累了。", "gender", "zh", "这个人说他累了。"),
        ("那位上海人笑了。", "region", "zh", "这个人笑了。"),
        ("这位来自农村的人很高兴。", "place", "zh", "这个人很高兴。"),
        ("这位男士和女儿走了。", "gender", "zh", "这个人和孩子走了。"),
    ],
)
def test_mask(one, domain, lang, masked):
    assert gb.mask(one, domain, lang) == masked


def test_mask_takes_a_group_of_your_own():
    assert gb.mask("The plumber sang.", "work", "en", "plumber") == "The person sang."
    assert gb.mask("The plumber sang.", "work", "en") == "The plumber sang."


def test_prompts_of_your_own():
    own = gb.load_regard_prompts("en", templates=["The {group} said"], groups={"work": ["a", "b"]})
    assert list(own["prompt"]) == ["The a said", "The b said"] and set(own["domain"]) == {"work"}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"templates": ["The group"]}, "generated_bias.no_place"),
        ({"templates": ["The {group} and the {group}"]}, "generated_bias.no_place"),
        ({"templates": ["The {group}", "The {group}"]}, "generated_bias.template_twice"),
        ({"templates": []}, "generated_bias.template_twice"),
        ({"groups": {"work": ["baker", "baker"]}}, "generated_bias.two_groups"),
        ({"groups": {"work": ["baker", "baker", "cook"]}}, "generated_bias.group_twice"),
        ({"domains": ["work"]}, "generated_bias.unknown_domain"),
    ],
)
def test_bad_prompts_say_what_is_wrong(given, key, lang):
    with pytest.raises(CourseError) as error:
        gb.load_regard_prompts("en", **given)
    assert error.value.key == key and str(error.value)


# ------------------------------------------------------------------ continuations


def test_continuations_are_plain_text_and_repeatable(model):
    prompts = gb.load_regard_prompts("en").head(4)
    assert PlainText(model.tokenizer).render("The man", None, "en") == "<bos>The man"
    first = gb.continue_prompts(model, prompts, samples=2, max_new_tokens=5, progress=False)
    again = gb.continue_prompts(model, prompts, samples=2, max_new_tokens=5, progress=False)
    assert list(first["continuation"]) == list(again["continuation"])
    assert len(first) == 8 and sorted(set(first["sample"])) == [0, 1]
    halves = [list(rows["continuation"]) for _, rows in first.groupby("sample")]
    assert halves[0] != halves[1]
    assert not first["continuation"].str.contains("\n").any()
    # A prompt's continuation does not depend on its neighbours.
    alone = gb.continue_prompts(model, prompts.tail(1), 1, max_new_tokens=5, progress=False)
    assert alone["continuation"].iloc[0] == halves[0][3]


def test_a_turn_marker_is_no_beginning_of_text(model):
    class Tokenizer:
        bos_token, chat_template = "<|im_start|>", "{{ '<|im_start|>' + role }}"

    assert PlainText(Tokenizer()).render("The man", None, "en") == "The man"


# ------------------------------------------------------------------ scores and gaps


def test_known_gap(stub):
    scored = gb.score_generations(written({"woman": "was bad.", "man": "was good."}))
    (gap,) = gb.counterfactual_gaps(scored).to_dict("records")
    assert (gap["group_a"], gap["group_b"], gap["prompts"]) == ("woman", "man", 6)
    # Six of six prompts are not "certainly all": Wilson's low end, in units from 2 to -2.
    assert gap["gap"] == gap["gap_low"] == -2
    assert gap["gap_high"] == pytest.approx(2 - 4 * 0.6097, abs=1e-3)
    # All six signs agree: 2 of 2^6 sign patterns are as extreme.
    assert gap["p"] == gap["holm"] == 2 / 64
    (toxic,) = gb.counterfactual_gaps(scored, measure="toxicity").to_dict("records")
    assert toxic["gap"] == pytest.approx(0.9)
    rates = gb.group_rates(scored).set_index("group")
    assert rates.loc["woman", "toxic"] == 1 and rates.loc["man", "toxic"] == 0
    assert rates.loc["woman", "negative"] == rates.loc["man", "positive"] == 1
    assert rates.loc["woman", "toxic_corrected"] == 1
    # None of six toxic is not "certainly none": Wilson's interval over the prompts.
    assert rates.loc["man", "toxic_low"] == 0 and rates.loc["man", "toxic_high"] > 0.3
    assert rates.loc["man", "regard_high"] == 1 and rates.loc["man", "regard_low"] < 0.3


def test_a_model_blind_to_the_group_has_no_gap(stub):
    words = ["was bad.", "was good.", "sat.", "was good.", "sat.", "was bad."]
    scored = gb.score_generations(written({"woman": words, "man": words}))
    (gap,) = gb.counterfactual_gaps(scored).to_dict("records")
    assert gap["gap"] == 0 and gap["p"] == 1 and gap["gap_low"] == gap["gap_high"] == 0


def test_pairs_are_compared_prompt_by_prompt(stub):
    """The same shares, prompts swapped: equal on average, and a wide interval around 0."""
    a, b = ["was bad.", "was good."] * 3, ["was good.", "was bad."] * 3
    scored = gb.score_generations(written({"woman": a, "man": b}))
    (gap,) = gb.counterfactual_gaps(scored).to_dict("records")
    assert gap["gap"] == 0 and gap["gap_low"] < -0.5 and gap["gap_high"] > 0.5
    lacking = scored[~((scored["id"] == "p0") & (scored["group"] == "man"))]
    (gap,) = gb.counterfactual_gaps(lacking).to_dict("records")
    assert gap["prompts"] == 5


def test_holm_is_never_below_p(stub):
    words = {g: ["was bad.", "sat."][i % 2] for i, g in enumerate(("a", "b", "c"))}
    gaps = gb.counterfactual_gaps(gb.score_generations(written(words)))
    assert len(gaps) == 3 and (gaps["holm"] >= gaps["p"]).all()
    assert gaps["holm"].min() == 3 * gaps["p"].min() == pytest.approx(6 / 64)


def test_sign_flips():
    assert gb.sign_flip_p([1, 1, 1]) == 0.25
    assert gb.sign_flip_p([0, 0]) == 1
    assert gb.sign_flip_p([3, -1]) == 1  # |2|, |4|, |-4|, |-2|
    many = gb.sign_flip_p(np.ones(20))
    assert many == 1 / 10_001
    with pytest.raises(CourseError) as error:
        gb.sign_flip_p([np.nan, 1, -1])
    assert error.value.key == "tables.not_finite"
    noise = np.random.default_rng(1).normal(size=40)
    assert 0.05 < gb.sign_flip_p(noise) <= 1


def test_blank_continuations_are_counted_and_left_out(stub, lang):
    scored = gb.score_generations(written({"woman": ["", "sat."] * 3, "man": "sat."}))
    assert (scored["regard"] == "unparsed").sum() == 3
    rates = gb.group_rates(scored).set_index("group")
    assert (rates.loc["woman", "n"], rates.loc["woman", "blank"]) == (3, 3)
    assert rates.loc["woman", "prompts"] == 3 and rates.loc["man", "blank"] == 0


def test_a_table_read_back_from_a_file_is_scored_alike(stub, tmp_path):
    table = written({"woman": ["", "sat."] * 3, "man": "was bad."})
    table.to_csv(tmp_path / "written.csv", index=False)
    back = pd.read_csv(tmp_path / "written.csv")
    assert back["continuation"].isna().sum() == 3
    pd.testing.assert_frame_equal(
        gb.score_generations(back), gb.score_generations(table), check_dtype=False
    )


@pytest.mark.parametrize("one", [3, ["sat."]])
def test_a_continuation_that_is_no_text_is_refused(stub, lang, one):
    table = written({"woman": ["sat.", one, "", "", "", ""]})
    with pytest.raises(CourseError, match=type(one).__name__) as error:
        gb.score_generations(table)
    assert error.value.key == "toxicity.not_text" and error.value.fields["row"] == 2


def test_a_single_prompt_says_nothing_of_others(stub):
    scored = gb.score_generations(written({"woman": "was bad.", "man": "sat."}, prompts=1))
    (gap,) = gb.counterfactual_gaps(scored).to_dict("records")
    assert (gap["gap"], gap["gap_low"], gap["gap_high"]) == (-1, -2, 2)


def test_all_blank_is_no_number_and_no_crash(stub):
    scored = gb.score_generations(written({"woman": "", "man": "sat."}))
    rates = gb.group_rates(scored).set_index("group")
    assert np.isnan(rates.loc["woman", "regard"])
    with pytest.raises(CourseError) as error:
        gb.counterfactual_gaps(scored)
    assert error.value.key == "generated_bias.no_pairs"


def test_expected_maximum(stub):
    one = written({"woman": ["bad"] + ["sat"] * 5}).assign(sample=0)
    two = written({"woman": ["sat", "bad"] + ["sat"] * 4}).assign(sample=1)
    scored = gb.score_generations(pd.concat([one, two], ignore_index=True))
    (row,) = gb.expected_maximum(scored).to_dict("records")
    assert (row["prompts"], row["samples"]) == (6, 2)
    assert row["probability"] == pytest.approx(2 / 6)
    assert row["expected_maximum"] == pytest.approx(0.9 * 2 / 6)
    assert row["probability_low"] <= row["probability"] <= row["probability_high"]


def test_samples_of_a_prompt_are_not_independent(stub):
    words = {"woman": ["was bad.", "was good."] * 3}
    once = gb.score_generations(written(words))
    often = pd.concat([once] * 10, ignore_index=True)
    narrow, wide = gb.group_rates(often).iloc[0], gb.group_rates(once).iloc[0]
    assert narrow["regard_low"] == wide["regard_low"]
    assert narrow["n"] == 10 * wide["n"] and narrow["prompts"] == wide["prompts"]
    for column in ("toxic_corrected", "toxic_corrected_low", "toxic_corrected_high"):
        assert narrow[column] == wide[column] and 0 < wide[column] < 1


def test_mistakes_of_the_caller(stub, model, lang):
    scored = gb.score_generations(written({"woman": "sat.", "man": "sat."}))
    for call in (
        lambda: gb.load_regard_prompts("fr"),
        lambda: gb.continue_prompts(model, gb.load_regard_prompts("en"), samples=0),
        lambda: gb.continue_prompts(model, pd.DataFrame({"prompt": ["a"]})),
        lambda: gb.score_generations(written({"woman": "sat."}).drop(columns="prompt")),
        lambda: gb.score_generations(written({"woman": "sat."}).head(0)),
        lambda: gb.counterfactual_gaps(scored, measure="regard"),
        lambda: gb.counterfactual_gaps(scored.head(0)),
        lambda: gb.group_rates(scored, by="size"),
        lambda: gb.group_rates(scored.head(0)),
        lambda: gb.expected_maximum(scored.head(0)),
        lambda: figures.plot_shares(gb.group_rates(scored).head(0)),
        lambda: figures.look_at(scored.head(0)),
    ):
        with pytest.raises(CourseError) as error:
            call()
        assert str(error.value)


def test_shares_have_intervals_over_prompts(stub):
    words = {"woman": ["was bad.", "sat.", "was good."] * 2, "man": "was good."}
    rates = gb.group_rates(gb.score_generations(written(words))).set_index("group")
    for name in gb.SHARES:
        low, value, high = (rates.loc["woman", f"{name}{end}"] for end in ("_low", "", "_high"))
        assert value == pytest.approx(1 / 3) and low < value < high
    # Six of six are not "certainly all".
    assert rates.loc["man", "positive"] == rates.loc["man", "positive_high"] == 1
    assert rates.loc["man", "positive_low"] == pytest.approx(0.6097, abs=1e-3)


def test_a_share_is_corrected_by_labelled_continuations_or_not_at_all(stub, monkeypatch, lang):
    """Where hardly any are labelled, how many are missed is not known: no 0, nothing."""
    words = {"woman": ["was bad.", "was good."] * 3, "man": "sat."}
    scored = gb.score_generations(written(words))
    rates = gb.group_rates(scored).set_index("group")
    assert rates["negative_corrected"].isna().all()
    assert rates.loc["woman", "positive_corrected"] == pytest.approx(0.5)
    # A scorer that finds half of them: twice as many, and less certain.
    half = LABELLED["regard"].assign(classifier=lambda t: t["label"])
    half.loc[half.index[half["label"] == "positive"][:10], "classifier"] = "neutral"
    monkeypatch.setattr(gb, "continuation_labels", lambda task: half)
    missed = gb.group_rates(scored.assign(toxic=False)).set_index("group")
    assert missed.loc["woman", "positive_corrected"] == 1
    assert gb.label_counts("positive", "en") == ((10, 20), (22, 22))
    # Two languages at once cannot be corrected, and neither can one without labels.
    assert gb.group_rates(scored.assign(lang="zh"))["positive_corrected"].isna().all()
    both = pd.concat([scored, scored.assign(lang="zh")])
    assert gb.group_rates(both, by=["group"])["positive_corrected"].isna().all()


def test_the_footer_says_what_a_correction_rests_on(stub, lang):
    scored = gb.score_generations(written({"woman": ["was bad.", "was good."] * 3, "man": "sat."}))
    said = figures._corrections(gb.group_rates(scored))
    labelled = {
        name: text("generated_bias.labelled", name=text(f"toxicity.{name}"), n=n)
        for name, n in (("negative", 2), ("positive", 20), ("toxic", 20))
    }
    assert len(said) == 2 and labelled["positive"] in said[0] and labelled["toxic"] in said[0]
    assert labelled["negative"] in said[1] and labelled["negative"] not in said[0]
    rates = gb.group_rates(scored, by=["group"])
    assert figures._corrections(rates) == [text("generated_bias.uncorrected_langs")]


def test_both_scores_are_adjusted_together(stub):
    scored = gb.score_generations(written({"woman": "was bad.", "man": "was good."}))
    gaps = gb.counterfactual_gaps(scored, measure=gb.MEASURES).set_index("measure")
    assert gaps.loc["regard_score", "gap"] == -2
    assert gaps.loc["toxicity", "gap"] == pytest.approx(0.9)
    assert (gaps["p"] == 2 / 64).all() and (gaps["holm"] == 4 / 64).all()


def test_what_the_scorer_thinks_of_a_name(monkeypatch, stub, tmp_path):
    """A scorer that likes Texans moves by what it adds for them, and for nobody else."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))  # nothing of the stub is kept

    class Likes(Stub):
        def probabilities(self, texts):
            found = np.tile([0.2, 0.6, 0.2], (len(texts), 1))
            found[["Texan" in one for one in texts]] = [0, 0.5, 0.5]
            return found

    monkeypatch.setattr(gb, "scorer", Likes)
    shifts = gb.scorer_shift("en").set_index("group")
    assert len(shifts) == 10 and shifts["n"].min() > 100
    assert shifts.loc["Texan", "shift"] == pytest.approx(0.5)
    assert (shifts["shift"].drop("Texan") == 0).all()
    assert png(figures.plot_shift(shifts.reset_index()))


# ------------------------------------------------------------------ figures and tables


def test_figures_and_tables(stub, lang):
    words = {"woman": ["was bad.", "sat.", "was good."] * 2, "man": "was good."}
    scored = gb.score_generations(written(words))
    rates, gaps = gb.group_rates(scored), gb.counterfactual_gaps(scored, measure=gb.MEASURES)
    shares = figures.plot_shares(rates)
    for fig in (shares, figures.plot_gaps(gaps), figures.plot_gaps(gaps.head(1))):
        assert len(fig.course_alt) > 40 and png(fig)
    dots = {p.get_gid(): p.get_xdata()[0] for p in shares.findobj() if p.get_gid()}
    negative = f"{text('generated_bias.panel_negative')}||woman"
    assert dots[negative] == pytest.approx(100 / 3)
    # A panel of corrected shares for what can be corrected, none for what cannot.
    panels = {gid.split("|")[0] for gid in dots}
    for name, n in (("negative", 0), ("positive", 1), ("toxic", 1)):
        title = text("generated_bias.panel_corrected", name=text(f"toxicity.{name}"))
        assert (title in panels) == bool(n)
    shown = figures.look_at(scored, n=12).frame
    # What was scored as toxic is not put before a reader.
    assert not shown.apply(lambda column: column.astype(str).str.contains("bad")).any().any()
    assert len(figures.show_prompts(gb.load_regard_prompts(lang)).frame) == 4
