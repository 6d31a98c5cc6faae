"""Recorded results: read where nothing differs, computed where anything does, never stale."""

import csv
import json
import re
import subprocess
import warnings
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from datasets import Dataset, concatenate_datasets

from course_lib import judges
from course_lib import record as rec
from course_lib.errors import CourseError
from course_lib.evaluation import (
    bbq,
    crows_pairs,
    generated_bias,
    hhh,
    multiple_choice,
    safetybench,
    scenarios,
    stereoset,
)
from course_lib.evaluation.scenario_judges import judge_answers
from course_lib.exaggerated_safety import look_at, safety_prefix
from course_lib.judges import (
    PrefixList,
    RefusalRules,
    calibrate,
    calibrate_verdicts,
    judge_refusals,
    with_labels,
)
from course_lib.judges.tables import compare_judges, with_verdicts
from course_lib.language import LANGUAGES, text
from course_lib.models import BUNDLED, LocalModel, load_model
from course_lib.paths import data_dir
from course_lib.prompts import load_prompts
from course_lib.prompts.files import read_rows
from course_lib.record import Record, RecordWarning, recorded_scores
from tests.tiny import tiny_folder
from tools import record as tool
from tools.course import Course, code_cells, read_ipynb

RESULTS = data_dir() / "results"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A place for records of a test's own; nothing stays in use afterwards."""
    place = tmp_path / "results"
    place.mkdir()
    about = {"date": "2026-01-01", "commit": "abc", "machine": {"cores": 2, "arch": "x"}}
    (place / "record.json").write_text(json.dumps(about))
    monkeypatch.setattr(rec, "_folder", lambda: place)
    for function in (rec.about, rec._read_scores, rec._read_verdicts):
        function.cache_clear()
    yield place
    recorded_scores(use=False)
    for function in (rec.about, rec._read_scores, rec._read_verdicts):
        function.cache_clear()


def write(path, rows):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


# ---- scores ---------------------------------------------------------------------------------

PAIRS = (["go", "stay"] * 60, [f" {a}{b}" for a in "bcdfghjklm" for b in "aeioub" for _ in "xy"])


@pytest.fixture
def often(monkeypatch):
    """A larger sample: few scores are made here."""
    monkeypatch.setattr(rec, "_EVERY", 20)


def test_recorded_scores_are_read_and_a_sample_is_computed_again(tiny, tmp_path, folder, often):
    model = load_model(tiny, store=tmp_path / "a.sqlite3")
    computed = model.score(*PAIRS)
    write(folder / "scores.csv", list(tool._scores(tmp_path / "a.sqlite3")))
    record = recorded_scores()
    assert f"{len(record.rows)} scores" in repr(record) and "2026-01-01" in repr(record)

    again = load_model(tiny, store=tmp_path / "b.sqlite3")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = again.score(*PAIRS)
    assert [s.sum for s in read] == pytest.approx([s.sum for s in computed], abs=1e-4)
    assert [s.is_greedy for s in read] == [s.is_greedy for s in computed]
    checked = sum(record.is_checked(key) for key in model_keys(tmp_path / "a.sqlite3"))
    assert 0 < checked < 10
    assert again.last_counts == {"fresh": checked, "kept": len(record.rows) - checked}
    assert "0.0000" in repr(record) and f" {checked} were computed" in repr(record)
    # What was computed is kept, what was read is not.
    assert len(again.store) == checked
    again.score(*PAIRS)
    assert again.last_counts["fresh"] == 0


def model_keys(path):
    import sqlite3

    with sqlite3.connect(path) as db:
        return [key for (key,) in db.execute("SELECT key FROM answers")]


def test_a_wrong_record_is_noticed(tiny, tmp_path, folder, often):
    load_model(tiny, store=tmp_path / "a.sqlite3").score(*PAIRS)
    rows = list(tool._scores(tmp_path / "a.sqlite3"))
    for row in rows:
        row["log_probs"] = " ".join(f"{float(v) - 0.1:.5f}" for v in row["log_probs"].split())
    write(folder / "scores.csv", rows)
    recorded_scores()
    model = load_model(tiny, store=tmp_path / "b.sqlite3")
    # Kept or computed: a record that is wrong stays wrong, and one warning is enough.
    for _ in range(2):
        with pytest.warns(RecordWarning, match="0.1") as said:
            model.score(*PAIRS)
        assert len(said) == 1


def test_other_weights_are_scored_here(tiny, tmp_path, folder):
    load_model(tiny, store=tmp_path / "a.sqlite3").score(*PAIRS)
    write(folder / "scores.csv", list(tool._scores(tmp_path / "a.sqlite3")))
    recorded_scores()
    other = load_model(tiny_folder(tmp_path / "other", seed=1), store=None)
    other.score(*PAIRS)
    assert other.last_counts["kept"] == 0


def test_records_are_off_until_asked_for_and_with_the_variable(tiny, folder, monkeypatch, tmp_path):
    assert not rec.scores_in_use().rows
    load_model(tiny, store=tmp_path / "a.sqlite3").score(*PAIRS)
    write(folder / "scores.csv", list(tool._scores(tmp_path / "a.sqlite3")))
    assert recorded_scores().rows
    assert not recorded_scores(use=False).rows
    monkeypatch.setenv("COURSE_RECORD", "off")
    found = recorded_scores()
    assert not found.rows and repr(found) == text("record.no_scores")
    monkeypatch.setenv("COURSE_RECORD", "1")
    with pytest.raises(CourseError) as error:
        recorded_scores()
    assert error.value.key == "record.no_folder"
    monkeypatch.delenv("COURSE_RECORD")


# ---- verdicts -------------------------------------------------------------------------------


def prompts(n=12):
    rows = [
        {"id": f"p{i}", "prompt": f"Tell me {'no' * i} now", "lang": "en", "label": "safe"}
        for i in range(n)
    ]
    return Dataset.from_list(rows)


def recorded(model, folder, here=range(0, 12, 3), **options):
    """Write a record of all prompts, as ``make record`` does; returns the whole table."""
    everything = Record("t", use=False)
    judged = judge_refusals(everything.of(model).answer(prompts(), **options))
    rows = [
        {"key": row["record_key"], "here": int(i in here), "id": row["id"], "lang": "en"}
        | {"model": model.name, "answer_sha256": rec.digest(row["answer"])}
        | {"verdict": row["verdict"], "judge": row["judge"]}
        for i, row in enumerate(judged)
    ]
    write(folder / "t.csv", rows)
    rec._read_verdicts.cache_clear()
    return everything.complete(judged), rows


def test_a_record_spares_all_but_its_sample(tiny, folder):
    model = load_model(tiny, store=None)
    whole, _ = recorded(model, folder, max_new_tokens=4)
    record = Record("t")
    answers = record.of(model).answer(prompts(), max_new_tokens=4)
    assert answers["id"][:] == ["p0", "p3", "p6", "p9"]
    verdicts = record.complete(judge_refusals(answers))
    assert sum(verdicts["recorded"]) == 8 and (record.n_again, record.n_same) == (4, 4)
    # The same table as without a record, in the same order, but for the texts.
    assert verdicts["id"][:] == whole["id"][:]
    by_id = {row["id"]: row for row in verdicts}
    assert len(by_id) == 12
    for row in whole:
        same = by_id[row["id"]]
        for column in ("prompt", "label", "lang", "model", "system", "verdict", "judge"):
            assert same[column] == row[column]
        assert same["answer"] == ("" if same["recorded"] else row["answer"])
        assert same["finished"] == (None if same["recorded"] else row["finished"])
        assert same["kept"] is False
    assert "8" in repr(record) and repr(record) in record._repr_html_()


def test_what_differs_is_answered_here(tiny, folder, tmp_path):
    model = load_model(tiny, store=None)
    recorded(model, folder, max_new_tokens=4)
    asked = Record("t").of(model).answer
    assert len(asked(prompts(), max_new_tokens=4, progress=False)) == 4
    assert len(asked(prompts(), max_new_tokens=5)) == 12
    assert len(asked(prompts(), max_new_tokens=4, system="Be kind.")) == 12
    model.use_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    assert len(asked(prompts(), max_new_tokens=4)) == 12
    model = load_model(tiny, store=None)
    asked = Record("t").of(model).answer
    changed = prompts().map(lambda row: {"prompt": row["prompt"] + "!"})
    assert len(asked(changed, max_new_tokens=4)) == 12
    other = load_model(tiny_folder(tmp_path / "other", seed=1), store=None)
    assert len(Record("t").of(other).answer(prompts(), max_new_tokens=4)) == 12
    assert len(Record("t", use=False).of(model).answer(prompts(), max_new_tokens=4)) == 12


def test_the_keys_are_those_of_the_answers(tiny, tmp_path):
    """With the defaults of both, and with everything set."""
    model = load_model(tiny, store=tmp_path / "a.sqlite3")
    every = {"system": "Be kind.", "max_new_tokens": 3, "temperature": 0.5, "seed": 7}
    for options in ({}, every, {**every, "as_chat": False}):
        model.answer(prompts(2), progress=False, **options)
        keys = model.answer_keys(prompts(2), **options)
        assert len(model.store.get(keys)) == len(set(keys)) == 2


def test_nothing_to_answer_is_no_error(tiny, folder):
    model = load_model(tiny, store=None)
    recorded(model, folder, here=(), max_new_tokens=4)
    record = Record("t")
    assert len(record.of(model).answer(prompts(), max_new_tokens=4)) == 0
    record = Record("t")
    some = prompts().add_column("extra", [1] * 12)
    other = Dataset.from_list([{"id": "q", "prompt": "Why?", "lang": "en", "label": "safe"}])
    parts = [record.of(model).answer(x, max_new_tokens=4) for x in (some.select(range(2)), other)]
    assert [len(part) for part in parts] == [0, 1]


def test_an_answer_that_reads_otherwise_is_counted(tiny, folder):
    model = load_model(tiny, store=None)
    _, rows = recorded(model, folder, max_new_tokens=4)
    rows[0]["answer_sha256"] = "0" * 16
    write(folder / "t.csv", rows)
    rec._read_verdicts.cache_clear()
    record = Record("t")
    record.complete(judge_refusals(record.of(model).answer(prompts(), max_new_tokens=4)))
    assert (record.n_again, record.n_same) == (4, 3)


def test_a_verdict_that_the_judge_no_longer_gives_is_an_error(tiny, folder, lang):
    model = load_model(tiny, store=None)
    _, rows = recorded(model, folder, max_new_tokens=4)
    rows[3]["verdict"] = "full_refusal"
    write(folder / "t.csv", rows)
    rec._read_verdicts.cache_clear()
    record = Record("t")
    judged = judge_refusals(record.of(model).answer(prompts(), max_new_tokens=4))
    with pytest.raises(CourseError, match="p3") as error:
        record.complete(judged)
    assert error.value.key == "record.stale"


def test_another_judge_is_not_counted_with_the_recorded_one(tiny, folder, lang):
    model = load_model(tiny, store=None)
    recorded(model, folder, max_new_tokens=4)
    record = Record("t")
    answers = record.of(model).answer(prompts(), max_new_tokens=4)
    with pytest.raises(CourseError) as error:
        record.complete(judge_refusals(answers, PrefixList("gcg")))
    assert error.value.key == "record.other_judge" and text("judges.name_prefix_list_gcg") in str(
        error.value
    )


def test_a_record_that_names_no_judge_is_no_judges(tiny, folder, lang):
    model = load_model(tiny, store=None)
    _, rows = recorded(model, folder, max_new_tokens=4)
    write(folder / "t.csv", [{k: v for k, v in row.items() if k != "judge"} for row in rows])
    rec._read_verdicts.cache_clear()
    record = Record("t")
    judged = judge_refusals(record.of(model).answer(prompts(), max_new_tokens=4))
    with pytest.raises(CourseError) as error:
        record.complete(judged)
    assert error.value.key == "record.other_judge"


def several(model, folder, **changed):
    """A record of the rules on all answers, and of a second judge on the first six."""
    everything = Record("t", use=False)
    answers = everything.of(model).answer(prompts(), max_new_tokens=4)
    rows = []
    for judge, judged in ((RefusalRules(), range(12)), (PrefixList("gcg"), range(6))):
        for i, row in zip(judged, judge_refusals(answers.select(judged), judge), strict=True):
            rows.append(
                {"key": row["record_key"], "here": int(i % 3 == 0), "id": row["id"]}
                | {"lang": "en", "model": model.name, "answer_sha256": rec.digest(row["answer"])}
                | {"verdict": row["verdict"], "judge": row["judge"]}
                | (changed if judge.name != "refusal_rules" else {})
            )
    write(folder / "t.csv", rows)
    rec._read_verdicts.cache_clear()


def test_each_judge_gets_what_was_recorded_of_it(tiny, folder):
    model = load_model(tiny, store=None)
    several(model, folder)
    record = Record("t")
    answers = record.of(model).answer(prompts(), max_new_tokens=4)
    by_rules, by_list = judge_refusals(answers), judge_refusals(answers, PrefixList("gcg"))
    assert len(record.complete(by_rules)) == 12
    # The list judged six of twelve, which is to be said.
    with pytest.raises(CourseError) as error:
        record.complete(by_list.select([0, 1]))
    assert error.value.key == "record.other_judge"
    first = record.complete(by_list.select([0, 1]), partial=True)
    assert len(first) == 2 + 4 and set(first["judge"]) == {"prefix_list_gcg"}
    assert record.n_rest == 4 and " 4 texts" in repr(record)
    both = record.complete(concatenate_datasets([by_rules, by_list.select([0, 1])]), partial=True)
    assert both["judge"][:] == ["refusal_rules"] * 12 + ["prefix_list_gcg"] * 6
    assert both["id"][:] == [f"p{i}" for i in [*range(12), *range(6)]]
    # Answers are counted once, whoever judged them.
    assert (record.n_here, record.n_again, record.n_same) == (4, 4, 4)
    assert all(both["answer_sha256"])
    # Nothing written here, no judge named: those who judged every answer.
    nothing = record.complete(by_rules.select([]))
    assert len(nothing) == 8 and set(nothing["judge"]) == {"refusal_rules"}
    with pytest.raises(CourseError):
        record.complete(judge_refusals(answers, PrefixList("zh")), partial=True)


def test_a_judge_is_not_taken_for_recorded_in_another_run(tiny, folder):
    """With a system prompt the second judge judged nothing: its table would lack most rows."""
    model = load_model(tiny, store=None)
    several(model, folder)
    rows = list(rec._read("t"))
    recorded(model, folder, max_new_tokens=4, system="Be kind.")
    write(folder / "t.csv", rows + list(rec._read("t")))
    rec._read_verdicts.cache_clear()
    record = Record("t")
    asked = record.of(model).answer
    plain, kind = (asked(prompts(), max_new_tokens=4, system=s) for s in (None, "Be kind."))
    by_list = judge_refusals(concatenate_datasets([plain, kind]), PrefixList("gcg"))
    alone = by_list.filter(lambda row: not row["system"])
    assert len(record.complete(alone, partial=True)) == 4 + 4
    with pytest.raises(CourseError) as error:
        record.complete(by_list)
    assert error.value.key == "record.other_judge"


def test_a_judge_that_is_a_model_may_round_otherwise(tiny, folder, lang):
    class Reader(PrefixList):
        def __init__(self):
            super().__init__("gcg")
            self.name = "model_judge_tiny_generate"

    model = load_model(tiny, store=None)
    judged = {"judge": Reader().name, "verdict": "full_refusal"}
    several(model, folder, **judged)
    record = Record("t")
    answers = record.of(model).answer(prompts(), max_new_tokens=4)
    by_model = judge_refusals(answers.select([0, 1]), Reader())
    with pytest.warns(RecordWarning, match="2.*2") as said:
        whole = record.complete(by_model, partial=True)
    assert len(said) == 1 and len(whole) == 6
    assert text("judges.name_model", model="tiny") in str(said[0].message)
    # Not here and there but everywhere: that is another judge of the same name.
    rows = [row | {"here": "1"} for row in rec._read("t")] + [
        row | {"judge": Reader().name, "here": "1", "verdict": "full_refusal"}
        for row in rec._read("t")
        if row["judge"] == "refusal_rules"
    ]
    write(folder / "t.csv", rows)
    rec._read_verdicts.cache_clear()
    record = Record("t")
    answers = record.of(model).answer(prompts(), max_new_tokens=4)
    with pytest.raises(CourseError) as error:
        record.complete(judge_refusals(answers, Reader()))
    assert error.value.key == "record.stale"


def test_a_calibration_needs_the_hashes_and_not_the_texts(tiny, folder, monkeypatch):
    model = load_model(tiny, store=None)
    whole, _ = recorded(model, folder, max_new_tokens=4)
    labels = [
        {"id": row["id"], "lang": "en", "model": model.name, "prefix": False}
        | {"answer_sha256": rec.digest(row["answer"]), "label": label}
        for row, label in zip(whole, ["full_refusal", "full_compliance"] * 6, strict=True)
    ]
    place = folder / "refusal_labels"
    place.mkdir()
    (place / "model_answers.jsonl").write_text("\n".join(map(json.dumps, labels)))
    monkeypatch.setattr("course_lib.judges.model_answers.data_dir", lambda: folder)
    record = Record("t")
    answers = record.of(model).answer(prompts(), max_new_tokens=4)
    labelled = with_labels(record.complete(judge_refusals(answers)))
    assert len(labelled) == 12 and sum(labelled["recorded"]) == 8
    found = calibrate_verdicts(labelled)
    computed = calibrate(RefusalRules(), with_labels(whole.remove_columns("answer_sha256")))
    pd.testing.assert_frame_equal(found.confusion, computed.confusion)
    assert found == replace(computed, confusion=found.confusion)
    with pytest.raises(CourseError) as error:
        calibrate(RefusalRules(), labelled)
    assert error.value.key == "record.no_text"


def test_a_cell_that_is_run_twice_counts_once(tiny, folder):
    model = load_model(tiny, store=None)
    recorded(model, folder, max_new_tokens=4)
    record = Record("t")
    for _ in range(2):
        answers = record.of(model).answer(prompts(), max_new_tokens=4)
    judged = judge_refusals(answers)
    assert len(record.complete(judged)) == len(record.complete(judged)) == 12


def test_another_judge_may_judge_what_is_all_written_here(tiny, folder):
    model = load_model(tiny, store=None)
    recorded(model, folder, max_new_tokens=4)
    record = Record("t")
    answers = record.of(model).answer(prompts(), max_new_tokens=5)
    assert len(record.complete(judge_refusals(answers, PrefixList("gcg")))) == 12


def test_two_prompts_of_one_text_are_two(tiny, folder):
    model = load_model(tiny, store=None)
    recorded(model, folder, max_new_tokens=4)
    again = prompts().map(lambda row: {"id": "again-" + row["id"]})
    record = Record("t")
    answers = record.of(model).answer(concatenate_datasets([prompts(), again]), max_new_tokens=4)
    verdicts = record.complete(judge_refusals(answers))
    assert len(answers) == 8 and len(set(verdicts["id"])) == len(verdicts) == 24


def test_texts_are_answered_as_by_the_model_and_answers_again(tiny, folder):
    model = load_model(tiny, store=None)
    recorded(model, folder, max_new_tokens=4)
    asked = Record("t").of(model).answer
    assert asked("Tell me", max_new_tokens=4) == model.answer("Tell me", max_new_tokens=4)
    assert len(asked(["Tell me", "Go"], "Be kind.", max_new_tokens=4)) == 2
    answers = asked(prompts(), max_new_tokens=4)
    assert asked(answers, max_new_tokens=4)["answer"][:] == answers["answer"][:]


def test_no_judge_reads_a_recorded_verdict(tiny, folder):
    model = load_model(tiny, store=None)
    recorded(model, folder, max_new_tokens=4)
    record = Record("t")
    verdicts = record.complete(judge_refusals(record.of(model).answer(prompts(), max_new_tokens=4)))
    with pytest.raises(CourseError) as error:
        with_verdicts(verdicts, RefusalRules())
    assert error.value.key == "record.no_text"
    with pytest.raises(CourseError):
        compare_judges(verdicts, [RefusalRules()])
    shown = look_at(verdicts, n=12).frame
    assert len(shown) == 4
    written = verdicts.filter(lambda row: not row["recorded"])
    assert len(with_verdicts(written, RefusalRules())) == 4


def test_an_unknown_record_is_an_error(folder):
    with pytest.raises(CourseError) as error:
        Record("nothing")
    assert error.value.key == "record.no_such"
    assert Record("nothing", use=False)


def test_recording_writes_what_was_judged(tiny, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RECORD", str(tmp_path))
    model = load_model(tiny, store=None)
    record = Record("xstest")
    judged = judge_refusals(record.of(model).answer(prompts(), max_new_tokens=4))
    record.complete(judged)
    # Both notebooks judge the same, and one of them with another judge as well.
    record.complete(judged)
    record.complete(judge_refusals(judged.select(range(4)), PrefixList("gcg")))
    rows = list(tool._verdicts(tmp_path, "xstest"))
    assert set(rows[0]) == {*rec._KNOWN, "verdict", "judge"} and rows[0]["here"] == 0
    judges = {"refusal_rules": 12, "prefix_list_gcg": 4}
    assert Counter(row["judge"] for row in rows) == judges
    assert len({row["key"] for row in rows}) == 12


def test_making_the_record_runs_everything_and_writes_the_tables(tmp_path, monkeypatch):
    """All of ``make record`` but the notebooks, which a few lines stand for."""
    root, place, asked = tmp_path / "course", tmp_path / "cache", []
    (root / "data" / "results").mkdir(parents=True)
    place.mkdir()
    (place / "xstest-old.pkl").write_text("of an earlier revision")

    def run(command, env, cwd):
        asked.append(command[2:])
        assert env["COURSE_CACHE"] == env["COURSE_RECORD"] == str(place) and cwd == root
        monkeypatch.setenv("COURSE_RECORD", str(place))
        if "prepare" in command:
            return subprocess.CompletedProcess(command, 0)
        model = load_model(tiny_folder(tmp_path / "tiny"), store=place / "answers.sqlite3")
        model.score(["go"], [" on"])
        for name in tool.TABLES:
            record = Record(name, use=False)
            answers = record.of(model).answer(prompts(2), max_new_tokens=4)
            judged = judge_refusals(answers).to_pandas()
            if name == "continuations":
                shown = dict.fromkeys(tool.TABLES[name], 0.123456)
                judged = judged.assign(**shown).drop(columns="judge")
            record.complete(judged)
        return subprocess.CompletedProcess(command, 0)

    course = SimpleNamespace(root=root)
    monkeypatch.setattr(tool, "Course", lambda: course)
    monkeypatch.setattr(tool.subprocess, "run", run)
    monkeypatch.setattr(tool, "_revision", lambda: "abc")
    monkeypatch.setattr(tool, "load_model", lambda name: SimpleNamespace(fingerprint=f"of {name}"))
    assert tool.main(["--cache", str(place)]) == 0
    assert [command[0] for command in asked] == ["course_lib", "tools.notebooks"]
    about = json.loads((root / "data" / "results" / "record.json").read_text("utf-8"))
    assert about["rows"] == {"scores": 1, "xstest": 2, "scenarios": 2, "continuations": 2}
    assert about["commit"] == "abc" and set(about["models"]) == set(BUNDLED)
    with (root / "data" / "results" / "continuations.csv").open() as file:
        assert {row["toxicity"] for row in csv.DictReader(file)} == {"0.12346"}


def test_a_notebook_that_fails_leaves_the_record_as_it_was(tmp_path, monkeypatch):
    failed = subprocess.CompletedProcess([], 3)
    monkeypatch.setattr(tool, "Course", lambda: SimpleNamespace(root=tmp_path))
    monkeypatch.setattr(tool.subprocess, "run", lambda *_, **__: failed)
    monkeypatch.setattr(tool, "_revision", lambda: "abc")
    assert tool.main([]) == 3 and not (tmp_path / "data").exists()
    # What was computed is still there: the next run goes on from it.
    assert (tmp_path / "build" / "record" / "cache").is_dir()


# ---- what comes with the course ----------------------------------------------------------------


# smollm2 knows no Chinese and is not scored in it.
SCORED = [("smollm2", "en")] + [(n, k) for n in ("gemma3", "assistant") for k in LANGUAGES]


def rows_of(name):
    with (RESULTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.model
def test_the_record_is_of_these_models_and_counts_its_rows():
    about = json.loads((RESULTS / "record.json").read_text("utf-8"))
    assert about["models"] == {name: load_model(name).fingerprint for name in BUNDLED}
    for name, n in about["rows"].items():
        rows = rows_of(name)
        assert len(rows) == n and len({(row["key"], row.get("judge")) for row in rows}) == n


def test_no_answer_is_published():
    for name, values in tool.TABLES.items():
        rows = rows_of(name)
        assert set(rows[0]) == {*rec._KNOWN, *values}
        for row in rows:
            # Names, numbers and hashes, none of them a sentence in either language.
            assert all(re.fullmatch(r"[\w.+-]{0,40}", value, re.ASCII) for value in row.values())
    for row in rows_of("scores"):
        assert set(row) == {"key", "greedy", "log_probs"}
        assert re.fullmatch(r"(-?\d+\.\d{5} ?)+", row["log_probs"])


def test_the_judges_are_those_that_were_recorded():
    """After a change to one of them: make record, then run the notebooks again."""
    about = json.loads((RESULTS / "record.json").read_text("utf-8"))
    assert about["judges"] == tool.judge_files()


def test_what_was_labelled_is_recorded_and_a_sample_is_written_here():
    def runs(rows):
        return Counter((row["model"], row["lang"]) for row in rows)

    written = {}
    for name, labels in (("xstest", "refusal_labels"), ("scenarios", "scenarios")):
        labelled = read_rows(data_dir() / labels / "model_answers.jsonl")
        known = {(row["id"], row["model"], row["answer_sha256"]) for row in labelled}
        rows = {row["key"]: row for row in rows_of(name)}.values()
        assert known <= {(row["id"], row["model"], row["answer_sha256"]) for row in rows}
        here = [row for row in rows if row["here"] == "1"]
        assert {(row["id"], row["model"], row["answer_sha256"]) for row in here} <= known
        written[name] = runs(here)
    gemma = {("gemma3", lang): 30 for lang in LANGUAGES}
    assert written["xstest"] == gemma | {("smollm2", "en"): 22, ("assistant", "zh"): 26}
    assert written["scenarios"] == gemma | {("smollm2", "en"): 17, ("assistant", "zh"): 14}
    here = [row for row in rows_of("continuations") if row["here"] == "1"]
    assert Counter((row["model"], row["lang"]) for row in here) == dict.fromkeys(SCORED, 3 * 6)


@pytest.mark.parametrize("card_lang", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "labels"),
    [("refusal_labels", judges.LABELS), ("scenarios", scenarios.LABELS)],
)
def test_the_cards_count_the_labels(name, labels, card_lang):
    rows = read_rows(data_dir() / name / "model_answers.jsonl")
    counts = Counter((row["lang"], row["label"]) for row in rows)
    lines = (data_dir() / name / f"card.{card_lang}.md").read_text("utf-8").splitlines()
    for lang in LANGUAGES:
        each = [counts[lang, label] for label in labels]
        assert " | ".join([f"| `{lang}`", *map(str, each), f"{sum(each)} |"]) in lines


@pytest.mark.parametrize("name", Course().names())
def test_notebooks_come_with_the_record_in_use(name):
    code = [cell.source for cell in code_cells(read_ipynb(Course().ipynb(name, "en")))]
    uses = [
        line
        for cell in code
        for line in cell.split("\n")
        if re.search(r"(Record|recorded_scores)\(", line)
    ]
    assert uses and all("use=not EVERYTHING" in line for line in uses)
    assert sum(cell.count("EVERYTHING = False") for cell in code) == 1


@pytest.mark.model
def test_every_score_of_the_notebooks_is_recorded(models, monkeypatch):
    """An item that was edited would make a notebook slow, and nobody would know why."""

    def compute(self, *_):
        raise AssertionError("not recorded")

    monkeypatch.setattr(LocalModel, "load", compute)
    monkeypatch.setattr(rec.ScoreRecord, "is_checked", staticmethod(lambda key: False))
    try:
        recorded_scores()
        for name, lang in SCORED:
            model = load_model(name, store=None)
            questions, shots = safetybench.load_safetybench(lang), safetybench.load_shots(lang)
            multiple_choice.answer_by_letter(model, questions, orders="rotations")
            multiple_choice.answer_by_letter(model, questions, shots=shots)
            multiple_choice.answer_by_text(model, questions)
            multiple_choice.answer_without_question(model, questions)
            clusters = stereoset.load_stereoset(lang)
            stereoset.likelihoods(model, clusters)
            stereoset.likelihoods(model, stereoset.without_context(clusters))
            crows_pairs.pair_likelihoods(model, crows_pairs.load_pairs(lang))
            bbq.ask(model, bbq.shuffle_options(bbq.load_bbq(lang)))
            hhh.score_pairs(model, hhh.load_pairs(lang))
    finally:
        recorded_scores(use=False)


@pytest.mark.parametrize("card_lang", LANGUAGES)
def test_the_card_names_every_file(card_lang):
    card = (RESULTS / f"card.{card_lang}.md").read_text("utf-8")
    files = {path.name for path in RESULTS.iterdir()} - {"card.zh.md", "card.en.md"}
    assert all(f"`{name}`" in card for name in files)


@pytest.fixture(scope="module")
def models():
    return {name: load_model(name) for name in BUNDLED}


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize(("name", "lang"), SCORED)
def test_recorded_scores_come_out_again(models, name, lang):
    """Six pairs of the HHH set, summed log-probabilities of both answers."""
    some = hhh.load_pairs(lang).shuffle(seed=7).select(range(6))
    try:
        recorded_scores()
        reader = load_model(name, store=None)
        read = hhh.score_pairs(reader, some)
        assert reader.last_counts["kept"] >= 9 > 3 > reader.last_counts["fresh"]
        recorded_scores(use=False)
        computed = hhh.score_pairs(models[name], some)
    finally:
        recorded_scores(use=False)
    numbers = read.select_dtypes("number").columns
    assert len(numbers) >= 3
    pd.testing.assert_frame_equal(read[numbers], computed[numbers], atol=0.02, rtol=0)


SAMPLE = 6


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["smollm2", "gemma3", "assistant"])
def test_recorded_refusals_come_out_again(models, name, lang):
    asked = load_prompts("xstest", lang=lang)
    record = Record("xstest")
    for system in (None, safety_prefix(lang)):
        some = left_out(record, models[name], asked, system=system, max_new_tokens=32)
        answers = models[name].answer(some, system=system, max_new_tokens=32, progress=False)
        same_as_recorded(record, judge_refusals(answers), some, "verdict")


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["smollm2", "gemma3", "assistant"])
def test_recorded_labels_come_out_again(models, name, lang):
    asked = scenarios.load_scenarios(lang)
    record = Record("scenarios")
    for kind, system in (("scenario", None), ("attack", scenarios.notes(lang))):
        of_kind = asked.filter(lambda row, kind=kind: row["kind"] == kind)
        some = left_out(record, models[name], of_kind, system=system, max_new_tokens=32)
        answers = models[name].answer(some, system=system, max_new_tokens=32, progress=False)
        same_as_recorded(record, judge_answers(answers), some, "verdict")


def left_out(record, model, prompts, **options):
    """Some of the prompts that the record spares, with their keys."""
    keys = [key[: rec._DIGITS] for key in model.answer_keys(prompts, **options)]
    prompts = prompts.add_column("record_key", keys)
    assert all(key in record._rows for key in keys)
    spared = [i for i, key in enumerate(keys) if record._rows[key][0]["here"] == "0"]
    return prompts.select(spared[:: max(1, len(spared) // SAMPLE)][:SAMPLE])


def same_as_recorded(record, judged, some, column):
    judge = judged["judge"][0]
    rows = [
        next(row for row in record._rows[key] if row["judge"] == judge)
        for key in some["record_key"]
    ]
    alike = []
    for answer, verdict, row in zip(judged["answer"], judged[column], rows, strict=True):
        alike.append(rec.digest(answer) == row["answer_sha256"])
        assert verdict == row[column] or not alike[-1]
    # Another processor may round otherwise: one text in six.
    assert sum(alike) >= len(alike) - 1


@pytest.mark.model
@pytest.mark.slow
def test_recorded_continuations_come_out_again(models):
    openings = generated_bias.load_regard_prompts("en", ("gender", "age", "place"))
    record = Record("continuations")
    here = generated_bias.continue_prompts(record.of(models["gemma3"]), openings, progress=False)
    judged = record.complete(generated_bias.score_generations(here))
    assert len(here) == 18 and len(judged) == len(openings)
    assert record.n_same >= record.n_again - 2 and record.n_again == 18
    gaps = generated_bias.counterfactual_gaps(judged)
    assert len(gaps) == 3 and set(gaps["prompts"]) == {24}
