"""The committed notebooks. Their outputs are compared by nbval (see the Makefile)."""

import os
import shutil
import subprocess
import sys

import pytest

from course_lib.language import LANGUAGES
from tools.checks import check_notebook
from tools.course import Course, code_cells, read_ipynb, tags
from tools.index import index_page

COURSE = Course()
NAMES = COURSE.names()


@pytest.mark.parametrize("name", NAMES)
def test_notebook_has_no_problem(name):
    """Pairs, twins, translations, outputs: everything that `make check` looks at."""
    assert [str(problem) for problem in check_notebook(COURSE, name)] == []


@pytest.mark.parametrize("newer", [".py", ".ipynb"])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_jupytext_sync_changes_nothing(name, lang, newer, tmp_path):
    """Whichever file of the pair a checkout happens to date later."""
    shutil.copy(COURSE.root / "jupytext.toml", tmp_path)
    pair = [tmp_path / p.name for p in (COURSE.py(name, lang), COURSE.ipynb(name, lang))]
    for path in pair:
        shutil.copy(COURSE.notebooks / lang / path.name, path)
        os.utime(path, (4e9, 4e9) if path.suffix == newer else (1e9, 1e9))
    before = [path.read_bytes() for path in pair]
    command = [sys.executable, "-m", "jupytext", "--sync", str(pair[0])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [path.read_bytes() for path in pair] == before


@pytest.mark.parametrize("name", NAMES)
def test_some_outputs_are_compared(name):
    """nbval has cells to compare: numbers that any CPU must reproduce."""
    marked = [
        c
        for c in code_cells(read_ipynb(COURSE.ipynb(name, "zh")))
        if "nbval-check-output" in tags(c)
    ]
    assert marked and all(cell.outputs for cell in marked)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_index_is_current(lang):
    assert COURSE.index(lang).read_text(encoding="utf-8") == index_page(COURSE, lang)


def test_nothing_else_lies_beside_the_notebooks():
    """A stray notebook would be in no twin, no index and no test."""
    strays = {
        path.relative_to(COURSE.notebooks).as_posix()
        for path in COURSE.notebooks.rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }
    expected = {"twins.json", "ruff.toml"} | {f"{lang}/index.md" for lang in LANGUAGES}
    expected |= {
        f"{lang}/{name}{kind}" for lang in LANGUAGES for name in NAMES for kind in (".py", ".ipynb")
    }
    assert strays <= expected
