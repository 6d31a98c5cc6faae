"""The three lists of versions agree, the wheel carries all it needs, the commands are there."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_lib.errors import DamagedFileError
from tools import lock

PIN = re.compile(r"==[^,;]+$")


def pins(lines):
    """``{name: version}``; each line must be one exact pin."""
    found = {}
    for line in lines:
        requirement = Requirement(line)
        assert PIN.fullmatch(str(requirement.specifier)), f"not an exact pin: {line}"
        name = canonicalize_name(requirement.name)
        assert name not in found, f"pinned twice: {line}"
        found[name] = str(requirement.specifier).removeprefix("==")
    return found


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def locked(root):
    lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return pins(line for line in lines if not line.startswith("#"))


# ------------------------------------------------------------------ versions


def test_lock_holds_every_direct_pin(project, locked):
    direct = pins(project["dependencies"] + project["optional-dependencies"]["dev"])
    assert direct.items() <= locked.items()


def test_environment_has_the_pins_of_the_project(project, root):
    environment = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))
    *conda, by_pip = environment["dependencies"]
    *lines, last = by_pip["pip"]
    assert pins(lines) == pins(project["dependencies"])
    assert last == "-e ."
    assert conda == ["python=3.11", "pip"]


def test_build_system_is_the_locked_one(root, locked):
    """``pip install --no-build-isolation -e .`` builds with what the lock installed."""
    build = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert pins(build["requires"]).items() <= locked.items()


def test_lock_is_for_any_machine(root, locked):
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text and "--" not in text and " @ " not in text
    assert not [name for name in locked if name.startswith(lock.ONLY_CUDA)]
    assert "+" not in locked["torch"]


def test_lock_is_what_is_installed(root):
    if sys.platform != "linux" or sys.version_info[:2] != (3, 11):
        pytest.skip("the lock is taken on Linux with Python 3.11; other systems need others")
    assert lock.lock_text() == (root / "requirements.lock").read_text(encoding="utf-8")


def test_lock_refuses_another_version():
    with pytest.raises(SystemExit, match="numpy==0.1: .* is installed"):
        lock.closure([Requirement("numpy==0.1")])
    with pytest.raises(SystemExit, match="no-such-package==1: not installed"):
        lock.closure([Requirement("no-such-package==1")])


def test_lock_follows_extras(monkeypatch):
    """A requirement that only an extra asks for is found, even when the bare package was first."""

    class Installed:
        version = "1.0+cpu"

        def __init__(self, *requires):
            self.requires = requires

    packages = {
        "a": Installed("b", "b[more]", "nvidia-thing==1; sys_platform == 'linux'"),
        "b": Installed("c; extra == 'more'", "d; extra == 'other'"),
        "c": Installed(),
    }
    monkeypatch.setattr(lock, "distribution", packages.__getitem__)
    assert lock.closure([Requirement("a")]) == {"a": "1.0", "b": "1.0", "c": "1.0"}


# ------------------------------------------------------------------ the wheel


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The wheel, built from a copy so that the checkout stays clean."""
    source = tmp_path_factory.mktemp("source") / "course"
    unneeded = (".git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".ipynb_checkpoints")
    shutil.copytree(root, source, ignore=shutil.ignore_patterns(*unneeded))
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--no-index", "--wheel-dir", target, source], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = target.glob("llm_safety_course-*.whl")
    return path


def test_wheel_carries_words_data_and_licences(wheel, root):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (root / "course_lib" / "text").glob("*.toml"):
        assert f"course_lib/text/{path.name}" in names
    data = [path for path in (root / "data").rglob("*.jsonl")]
    assert data
    for path in data:
        assert f"course_lib/_data/{path.relative_to(root / 'data').as_posix()}" in names
    for name in ("LICENSE", "LICENSE-DATA", "NOTICE"):
        assert any(entry.endswith(f".dist-info/licenses/{name}") for entry in names)
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"course_lib"}
    weights = [name for name in names if name.endswith((".pyc", ".gguf", ".safetensors"))]
    # No base model; the adapter that this course trained is part of its data.
    assert weights == ["course_lib/_data/assistant/adapter_model.safetensors"]


PROGRAM = """
import course_lib, course_lib.exercises
from course_lib.paths import data_dir
from pathlib import Path
home = Path(course_lib.__file__).resolve().parent
assert data_dir() == home / "_data", data_dir()
assert list(data_dir().rglob("*.jsonl"))
course_lib.set_language("zh")
print(home.parent)
print(course_lib.text("exercises.right"))
"""


def test_wheel_works_outside_the_checkout(wheel, tmp_path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONUTF8": "1"}

    def python(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            encoding="utf-8",
        )

    done = python("-c", PROGRAM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(site.resolve()), "正确。"]

    done = python("-m", "course_lib", "version")
    assert done.stdout == f"llm-safety-course {wheel.name.split('-')[1]}\n", done.stderr


# ------------------------------------------------------------------ the commands


def test_make_help_names_every_command(root):
    """Without arguments make explains itself, each command in both languages."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
    assert {"lab", "test", "run", "check", "help", "slides", "bench", "lock"} <= set(phony)
    done = subprocess.run(["make", "-C", root], capture_output=True, encoding="utf-8", check=True)
    lines = dict(re.findall(r"^ +make (\w+) +(.+)$", done.stdout, re.MULTILINE))
    assert sorted(lines) == sorted(phony)
    assert all(re.search(r"[\u4e00-\u9fff].*/ [A-Za-z]", line) for line in lines.values())


def test_make_says_which_python_it_needs(root, tmp_path):
    """An old or absent Python is told in both languages; nothing is left behind."""
    for python in ("", "/no/such/python"):
        done = subprocess.run(
            ["make", "-C", root, f"VENV={tmp_path}/env", f"PYTHON={python}", "check"],
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode != 0
        assert "3.11" in done.stderr and re.search(r"[\u4e00-\u9fff]", done.stderr)
        assert not (tmp_path / "env").exists()


def test_ci_script(root):
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert script.read_text(encoding="utf-8").rstrip().endswith("make test")


# ------------------------------------------------------------------ the command line


def python_m_course_lib(*arguments, lang="zh"):
    return subprocess.run(
        [sys.executable, "-m", "course_lib", "--lang", lang, *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )


@pytest.mark.parametrize("arguments", [["prepar"], ["version", "extra"]])
def test_bad_command_is_a_message(arguments):
    done = python_m_course_lib(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert re.search(r"[\u4e00-\u9fff]", done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "error, status, key",
    [
        (OSError(28, "No space left on device", "/tmp/x"), 3, "cli.disk_full"),
        (KeyboardInterrupt(), 130, "cli.interrupted"),
    ],
)
def test_what_goes_wrong_for_the_reader_is_a_message(error, status, key, lang, capsys):
    from course_lib.cli import guarded
    from course_lib.language import text

    def work():
        raise error

    assert guarded(work) == status
    fields = {"path": "/tmp/x"} if status == 3 else {}
    assert capsys.readouterr().err.strip() == text(key, **fields)


def test_a_mistake_of_the_library_keeps_its_traceback():
    from course_lib.cli import guarded

    def work():
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        guarded(work)


def test_doctor_reports_each_thing_and_counts_what_is_wrong(monkeypatch, capsys):
    from course_lib import cli, doctor

    findings = [doctor.Finding(True, "fine"), doctor.Finding(False, "broken")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    assert cli.main(["--lang", "en", "doctor"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "✅ fine",
        "❌ broken",
        "Things to put right: 1.",
    ]
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings[:1]))
    assert cli.main(["doctor"]) == 0


def test_doctor_names_versions_that_differ(monkeypatch, lang):
    from course_lib import doctor

    pinned = ["numpy==0.0.1", "pytest==1; extra == 'dev'"]
    monkeypatch.setattr(doctor, "requires", lambda name: pinned)
    (finding,) = doctor._versions()
    assert not finding.good and "numpy==0.0.1" in finding.message
    assert "pytest" not in finding.message


def test_doctor_notices_a_full_disk(monkeypatch, lang):
    from course_lib import doctor

    usage = SimpleNamespace(free=2**30)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)
    assert doctor._disk(2**29).good
    low = doctor._disk(2**31)
    assert not low.good and "1.0 GiB" in low.message


def test_doctor_on_a_machine_with_one_model_missing(monkeypatch, tmp_path, lang):
    from course_lib import doctor, models
    from course_lib.language import text

    def damaged():
        raise DamagedFileError("doctor.answers", n=7)

    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(models, "BUNDLED", ("one", "two"), raising=False)
    monkeypatch.setattr(models, "is_prepared", lambda name: name == "one", raising=False)
    monkeypatch.setattr(models, "count_kept_answers", damaged, raising=False)
    found = {finding.message: finding.good for finding in doctor.examine()}
    assert found[text("doctor.model", name="one")] is True
    assert found[text("doctor.model_missing", name="two")] is False
    # The store's own complaint is shown as it is.
    assert found[text("doctor.answers", n=7)] is False
    assert len(found) >= 7
