"""Reading tables of prompts from files that may not be what they say."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

from ..errors import CourseError, DamagedFileError, choice
from ..language import LANGUAGES
from ..paths import data_dir

READERS = (".csv", ".jsonl", ".json")


def set_file(name: str, lang: str, source: str | Path = "course") -> Path:
    """The file behind the ``source`` of a set.

    source: "course" is ``data/<name>/<lang>.jsonl``; else the path of a file, or of a folder
    that has ``<lang>.jsonl``. Raises CourseError for an unknown language and where there is
    no such file; the message has its name alone, for folders may carry the reader's.
    """
    choice(lang, LANGUAGES, "prompts.unknown_language")
    place = data_dir() / name if str(source) == "course" else Path(source).expanduser()
    path = place / f"{lang}.jsonl" if place.is_dir() else place
    if not path.is_file():
        raise CourseError("prompts.no_set_file", file=path.name, language=lang)
    return path


def read_rows(path: Path) -> list[dict]:
    """The rows of a .csv, .jsonl or .json (list of objects) file; a BOM is accepted.

    Raises DamagedFileError where the content is not text, not UTF-8, empty, or not what the
    file's name says; the message names the file and the line.
    """
    suffix = choice(path.suffix.lower(), READERS, "prompts.unknown_format")
    raw = path.read_bytes()
    if b"\x00" in raw:
        raise DamagedFileError("prompts.binary", file=path.name)
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DamagedFileError("prompts.not_utf8", file=path.name, line=line) from error
    if not content.strip():
        raise DamagedFileError("prompts.empty_file", file=path.name)
    rows = {".csv": _csv, ".jsonl": _jsonl, ".json": _json}[suffix](content, path.name)
    if not rows:
        raise DamagedFileError("prompts.empty_file", file=path.name)
    return rows


def first_of_each(rows: list[dict], column: str, n: int | None) -> list[dict]:
    """The first n rows of each value of a column, in their order; all rows when n is None.

    Raises CourseError where n is not at least 1.
    """
    if n is None:
        return rows
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise CourseError("prompts.too_few", value=n)
    seen: Counter = Counter()
    found = []
    for row in rows:
        seen[row[column]] += 1
        if seen[row[column]] <= n:
            found.append(row)
    return found


def check_rows(rows: list[dict], origin: str, required: tuple[str, ...]) -> None:
    """Raise CourseError for missing columns, empty or damaged texts, and repeated ids.

    ``origin`` is what the message calls the source; rows are counted from 1.
    """
    if not rows:
        raise CourseError("prompts.no_rows", file=origin)
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        missing = [column for column in required if row.get(column) is None]
        if missing:
            raise CourseError(
                "prompts.missing_columns",
                file=origin,
                row=number,
                missing=", ".join(missing),
                found=", ".join(map(str, row)),
            )
        for column, value in row.items():
            _check_text(value, column, number, origin)
        if not str(row["prompt"]).strip():
            raise CourseError("prompts.empty_prompt", file=origin, row=number)
        if not isinstance(row["prompt"], str):
            raise CourseError(
                "prompts.not_text", file=origin, row=number, value=str(row["prompt"])[:60]
            )
        first = seen.setdefault(str(row["id"]), number)
        if first != number:
            raise CourseError(
                "prompts.duplicate_id", file=origin, id=row["id"], first=first, second=number
            )


def need_language(rows: list[dict], lang: str, file: str) -> None:
    """Raise CourseError for a row that says it is of another language than was asked for."""
    for row in rows:
        if row.get("lang", lang) != lang:
            raise CourseError("prompts.other_language", file=file, language=lang, found=row["lang"])


def _check_text(value, column: str, number: int, origin: str) -> None:
    """Half of a surrogate pair is no character: no tokenizer and no file can hold it."""
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        raise CourseError("prompts.surrogate", file=origin, row=number, column=column)


def _csv(content: str, name: str) -> list[dict]:
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise DamagedFileError(
            "prompts.not_csv", file=name, line=reader.line_num, why=error
        ) from error
    for number, row in enumerate(rows, 1):
        # DictReader files surplus fields under None and fills short lines with None.
        if None in row or None in row.values():
            raise DamagedFileError("prompts.ragged_csv", file=name, row=number)
    return rows


def _jsonl(content: str, name: str) -> list[dict]:
    rows = []
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            rows.append(_object(line, name, number))
    return rows


def _object(line: str, name: str, number: int) -> dict:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DamagedFileError("prompts.not_json", file=name, line=number, why=error.msg) from error
    if not isinstance(row, dict):
        raise DamagedFileError("prompts.not_object", file=name, line=number)
    return row


def parse_json(content: str, name: str):
    """What a JSON text holds; DamagedFileError, with the line, where it is none."""
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise DamagedFileError(
            "prompts.not_json", file=name, line=error.lineno, why=error.msg
        ) from error


def _json(content: str, name: str) -> list[dict]:
    rows = parse_json(content, name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DamagedFileError("prompts.not_object", file=name, line=1)
    return rows
