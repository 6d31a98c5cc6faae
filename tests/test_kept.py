"""What is computed once and kept: the same again, and anew when anything it hangs on changes."""

import os

import numpy as np
import pytest

from course_lib import kept as kept_module
from course_lib.kept import kept

calls = []


@kept("model")
def squares(model, fingerprint, numbers):
    calls.append(numbers)
    return np.array(numbers) ** 2


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    calls.clear()


def results(tmp_path):
    return sorted(tmp_path.rglob("output.pkl"))


def test_a_second_call_computes_nothing(tmp_path):
    first = squares("a model", "f1", [1, 2])
    assert (squares("another object", "f1", [1, 2]) == first).all() and calls == [[1, 2]]
    assert len(results(tmp_path)) == 1


def test_other_arguments_are_other_results():
    assert squares(None, "f1", [1, 2]).tolist() == [1, 4]
    assert squares(None, "f2", [1, 2]).tolist() == [1, 4]
    assert squares(None, "f1", [1, 3]).tolist() == [1, 9]
    assert len(calls) == 3


def test_a_result_hangs_on_the_code(tmp_path, monkeypatch):
    own, used = tmp_path / "own.py", tmp_path / "used.py"
    own.write_text("a = 1")
    used.write_text("b = 1")
    monkeypatch.setattr(kept_module, "_PACKAGE", tmp_path)
    seen = [kept_module._version_of(own, ("used*",)), kept_module._version_of(own, ("used*",))]
    own.write_text("a = 2")
    seen.append(kept_module._version_of(own, ("used*",)))
    used.write_text("b = 2")
    seen.append(kept_module._version_of(own, ("used*",)))
    monkeypatch.setattr(kept_module, "__version__", "another")
    seen.append(kept_module._version_of(own, ("used*",)))
    assert seen[0] == seen[1] and len(set(seen)) == 4


@pytest.mark.filterwarnings("ignore::UserWarning")  # joblib says that it computes again
def test_a_damaged_result_is_computed_anew(tmp_path):
    squares(None, "f1", [3])
    (file,) = results(tmp_path)
    file.write_bytes(file.read_bytes()[:20])
    assert squares(None, "f1", [3]).tolist() == [9] and len(calls) == 2


def test_an_error_is_not_kept():
    for _ in range(2):
        with pytest.raises(TypeError):
            squares(None, "f1", ["x"])
    assert len(calls) == 2


@pytest.mark.parametrize("why", ["no folder", "another owner"])
def test_without_a_folder_of_ones_own_nothing_is_kept(tmp_path, monkeypatch, why):
    if why == "no folder":
        (tmp_path / "results").write_text("a file in the way")
    else:
        monkeypatch.setattr(os, "getuid", lambda: -1, raising=False)
    for _ in range(2):
        assert squares(None, "f1", [3]).tolist() == [9]
    assert len(calls) == 2 and not results(tmp_path)
