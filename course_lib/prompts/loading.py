"""``load_prompts``: one function for every set of prompts in the course.

A set is a module of this package that defines ``PROMPT_SET``; adding one touches nothing
else. Whatever the source, the result has the same columns and has passed the same checks.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datasets import Dataset, Features, Value, disable_progress_bars

from ..errors import CourseError, choice
from ..language import LANGUAGES
from ..paths import data_dir
from ..tables import names_of
from .files import check_rows, first_of_each, need_language, read_rows

# Filtering a few hundred rows takes milliseconds; its bars would only fill the notebook.
disable_progress_bars()

COLUMNS = ("id", "prompt", "type", "label", "focus", "note", "lang")
LABELS = ("safe", "unsafe")
FEATURES = Features({column: Value("string") for column in COLUMNS})


@dataclass(frozen=True)
class PromptSet:
    """What a module has to say about its set.

    name: what the reader writes, ``load_prompts(name)``.
    types: its types of prompt, in the order of the paper.
    label_of: type -> "safe" or "unsafe"; fills the column where a file lacks it.
    published: () -> rows (dicts) of the authors' own data.
    published_languages: the languages in which the authors publish it.
    """

    name: str
    types: tuple[str, ...]
    label_of: Callable[[str], str]
    published: Callable[[], list[dict]]
    published_languages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the course's own prompts of this set are kept, one file a language."""
        return data_dir() / self.name


@cache
def prompt_sets() -> dict[str, PromptSet]:
    """All sets by name: every module of this package with a ``PROMPT_SET``."""
    package = __name__.rpartition(".")[0]
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        loaded = importlib.import_module(f"{package}.{module.name}")
        if hasattr(loaded, "PROMPT_SET"):
            found[loaded.PROMPT_SET.name] = loaded.PROMPT_SET
    return found


def load_prompts(
    name: str,
    lang: str = "en",
    source: str | Path = "course",
    types: str | Iterable[str] | None = None,
    per_type: int | None = None,
) -> Dataset:
    """The prompts of a set, as a ``datasets.Dataset``.

    name: "xstest", …: any of ``prompt_sets()``.
    lang: "zh" or "en".
    source: "course" (our own, written for each language), "published" (the authors' data,
        from the Hub through ``datasets``), or a path to a .csv, .jsonl or .json file or to a
        folder with ``{lang}.jsonl``, ``{lang}.csv`` or the authors' ``{name}_prompts.csv``.
    types: one type or several; all when None. The rows keep the order of their file.
    per_type: only the first so many of each type.

    Columns, all strings: id, prompt, type, label ("safe" or "unsafe"), focus (the word that
    sounds dangerous), note, lang. Raises CourseError for an unknown set, language or type and
    for a file that is not what it should be; OfflineError when the Hub is out of reach.
    """
    prompt_set = prompt_sets()[choice(name, prompt_sets(), "prompts.unknown_set")]
    choice(lang, LANGUAGES, "prompts.unknown_language")
    wanted = None if types is None else [_known_type(t, prompt_set) for t in names_of(types)]

    if source == "published":
        if lang not in prompt_set.published_languages:
            raise CourseError(
                "prompts.not_published_in",
                name=name,
                language=lang,
                choices=", ".join(prompt_set.published_languages),
            )
        rows, origin = prompt_set.published(), f"{name} (published)"
    else:
        given = prompt_set.folder / f"{lang}.jsonl" if source == "course" else source
        file = _file_in(Path(given).expanduser(), name, lang)
        rows, origin = read_rows(file), file.name

    check_rows(rows, origin, required=("id", "prompt", "type"))
    rows = [_complete(row, lang, prompt_set) for row in rows]
    for row in rows:
        choice(row["label"], LABELS, "prompts.unknown_label")
    need_language(rows, lang, origin)
    if wanted is not None:
        rows = [row for row in rows if row["type"] in wanted]
    return _dataset(first_of_each(rows, "type", per_type))


def from_list(prompts: Sequence[str], lang: str, label: str = "") -> Dataset:
    """The reader's own questions as a Dataset with the columns of ``load_prompts``.

    type is "own"; label is "safe", "unsafe" or, when not given, empty.
    """
    choice(lang, LANGUAGES, "prompts.unknown_language")
    choice(label, (*LABELS, ""), "prompts.unknown_label")
    if isinstance(prompts, str):
        prompts = [prompts]
    rows = [
        dict(zip(COLUMNS, (f"own-{i}", p, "own", label, "", "", lang), strict=True))
        for i, p in enumerate(prompts, 1)
    ]
    check_rows(rows, "from_list", required=("id", "prompt", "type"))
    return _dataset(rows)


def _complete(row: dict, lang: str, prompt_set: PromptSet) -> dict:
    """The row with our columns only; label from the type and lang where the file has none."""
    row = {k: "" if v is None else v for k, v in row.items() if k in COLUMNS}
    row["type"] = _known_type(re.sub(r"[\s-]+", "_", str(row["type"]).strip().lower()), prompt_set)
    row.setdefault("label", prompt_set.label_of(row["type"]))
    return {"lang": lang, "focus": "", "note": ""} | row


def _known_type(value: str, prompt_set: PromptSet) -> str:
    return choice(value, prompt_set.types, "prompts.unknown_type")


def _file_in(path: Path, name: str, lang: str) -> Path:
    """The file itself, or the one in the folder that holds this set in this language."""
    if path.is_file():
        return path
    candidates = (f"{lang}.jsonl", f"{lang}.csv", f"{name}_prompts.csv")
    if path.is_dir():
        for candidate in candidates:
            if (path / candidate).is_file():
                return path / candidate
        raise CourseError("prompts.no_file_in", folder=path, choices=", ".join(candidates))
    raise CourseError("prompts.no_such_source", path=path)


def _dataset(rows: list[dict]) -> Dataset:
    columns = {column: [str(row[column]) for row in rows] for column in COLUMNS}
    return Dataset.from_dict(columns, features=FEATURES)
