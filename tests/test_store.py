"""Kept answers: nothing lost, nothing doubled, nothing damaged handed out."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from course_lib.errors import CourseError
from course_lib.models import AnswerStore, StoreWarning, load_model
from course_lib.models.store import key_of

from .tiny import tiny_folder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.sqlite3"


def test_what_is_put_is_got(path):
    store = AnswerStore(path)
    store.put("a", "答 🙂", 3, True)
    store.put("a", "答 🙂", 3, True)
    assert AnswerStore(path).get(["a", "b"]) == {"a": ("答 🙂", 3, True)}
    assert len(store) == 1


def test_keys_depend_on_everything():
    base = dict(model="m", chat="c", decoding=[1, 0.0], library="1")
    keys = {key_of(**base)} | {key_of(**{**base, name: "other"}) for name in base}
    assert len(keys) == 5


def test_a_changed_answer_is_never_handed_out(path):
    store = AnswerStore(path)
    store.put("a", "as it was", 3, True)
    store.put("b", "untouched", 2, True)
    store.db.execute("UPDATE answers SET answer = 'as it is not' WHERE key = 'a'")
    with pytest.warns(StoreWarning):
        found = store.get(["a", "b"])
    assert set(found) == {"b"}
    assert len(store) == 1


@pytest.mark.parametrize("damage", ["text", "torn", "foreign"])
def test_a_damaged_store_is_set_aside(path, damage):
    store = AnswerStore(path)
    for i in range(300):
        store.put(f"k{i}", "x" * 200, 1, True)
    store.close()
    if damage == "text":
        path.write_text("this is no database")
    elif damage == "torn":
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        path.write_bytes(content)
    else:
        path.unlink()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE answers (something TEXT)")
        db.close()
    if damage == "foreign":
        with pytest.raises(CourseError):
            AnswerStore(path)
        return
    with pytest.warns(StoreWarning):
        fresh = AnswerStore(path)
    assert len(fresh) == 0
    fresh.put("a", "b", 1, True)
    assert fresh.get(["a"])
    assert [p for p in path.parent.iterdir() if "damaged" in p.name]


def _write(path, first):
    store = AnswerStore(path)
    for i in range(first, first + 100):
        store.put(f"k{i}", "answer", 1, True)


def test_two_writers_at_once(path):
    AnswerStore(path).close()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, first)) for first in (0, 50)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(AnswerStore(path)) == 150


def test_a_full_disk_is_a_clear_error(path, lang):
    store = AnswerStore(path)
    store.db.execute("PRAGMA max_page_count = 3")
    with pytest.raises(CourseError) as caught:
        for i in range(100):
            store.put(f"k{i}", "x" * 1000, 1, True)
    assert caught.value.key == "models.disk_full"


_RUN = """
import sys
from course_lib.models import load_model
model = load_model("smollm2", store=sys.argv[1])
print("loaded", flush=True)
asked = [f"What is {n} plus {n}?" for n in range(60)]
model.answer(asked, max_new_tokens=12, batch_size=4, progress=False)
"""


@pytest.mark.model
@pytest.mark.slow
def test_a_killed_run_resumes_with_nothing_lost_or_doubled(path):
    process = subprocess.Popen([sys.executable, "-c", _RUN, path], stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"loaded"
    store = AnswerStore(path)
    until = time.monotonic() + 120
    while len(store) < 8 and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = len(AnswerStore(path))
    assert 8 <= kept < 60

    model = load_model("smollm2", store=path)
    asked = [f"What is {n} plus {n}?" for n in range(60)]
    resumed = model.answer(asked, max_new_tokens=12, batch_size=4, progress=False)
    assert model.last_counts == {"fresh": 60 - kept, "kept": kept}
    assert len(AnswerStore(path)) == 60
    clean = load_model("smollm2", store=None)
    assert resumed == clean.answer(asked, max_new_tokens=12, progress=False)
    assert model.answer(asked, max_new_tokens=12, progress=False) == resumed
    assert model.last_counts == {"fresh": 0, "kept": 60}


@pytest.mark.model
def test_columns_and_counts(path, lang, capsys):
    from course_lib.prompts import load_prompts

    model = load_model("smollm2", store=path)
    prompts = load_prompts("xstest", lang="en").select(range(3))
    first = model.answer(prompts, max_new_tokens=2)
    again = model.answer(prompts, system="Be brief.", max_new_tokens=2)
    assert {"answer", "model", "system", "finished", "kept"} <= set(first.column_names)
    assert first["kept"][:] == [False] * 3
    assert again["system"][:] == ["Be brief."] * 3
    assert model.answer(prompts, max_new_tokens=2)["kept"][:] == [True] * 3
    assert "3" in capsys.readouterr().out


def test_a_kept_score_is_the_score_and_is_made_once(path, tmp_path):
    folder = tiny_folder(tmp_path / "tiny")
    model = load_model(folder, store=path)
    asked, tails = ["one", "two", "one"], [" three", " four five", " three"]
    first = model.score(asked, tails)
    assert model.last_counts == {"fresh": 2, "kept": 0}
    again = load_model(folder, store=path)
    assert again.score(asked, tails) == first
    assert again.last_counts == {"fresh": 0, "kept": 2}
    # The same tokens cut elsewhere are another question.
    assert again.score([""], ["one three"])[0].n_tokens > first[0].n_tokens
    assert again.last_counts == {"fresh": 1, "kept": 0}
    assert load_model(folder, store=None).score(asked, tails) == first


def test_scores_arrive_on_disk_batch_by_batch(path, tmp_path):
    model = load_model(tiny_folder(tmp_path / "tiny"), store=path)
    put, n = model.store.put, 0

    def interrupted(*row):
        nonlocal n
        n += 1
        if n > 3:
            raise KeyboardInterrupt
        put(*row)

    model.store.put = interrupted
    tails = [f" {a}{b}" for a in "bcd" for b in "aeiou"]
    with pytest.raises(KeyboardInterrupt):
        model.score([""] * 15, tails, batch_size=1)
    model.store.put = put
    model.score([""] * 15, tails)
    assert model.last_counts == {"fresh": 12, "kept": 3}


def test_another_precision_is_another_model(path, tmp_path):
    folder = tiny_folder(tmp_path / "tiny")
    with pytest.raises(CourseError, match="float31.*float32") as error:
        load_model(folder, dtype="float31", store=None)
    assert error.value.key == "models.unknown_dtype"
    exact, rounded = (load_model(folder, dtype=d, store=path) for d in ("float32", "bfloat16"))
    assert exact.fingerprint != rounded.fingerprint
    assert exact.score(["one"], [" two"]) != rounded.score(["one"], [" two"])


def test_a_click_in_jupyterlab_comes_in_a_thread_of_its_own(tmp_path):
    import threading

    store, found = AnswerStore(tmp_path / "answers.sqlite"), {}
    store.put("a", "kept", 1, True)

    def click():
        store.put("b", "written elsewhere", 2, False)
        found.update(store.get(["a", "b"]))

    thread = threading.Thread(target=click)
    thread.start()
    thread.join()
    assert found == {"a": ("kept", 1, True), "b": ("written elsewhere", 2, False)}
