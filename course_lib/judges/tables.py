"""Judging a whole table of answers, with one judge or several."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import pandas as pd
from datasets import Dataset

from ..errors import CourseError
from ..tables import need_texts
from .refusal import RefusalRules
from .verdicts import Verdict

Table = Dataset | pd.DataFrame | Iterable[Mapping]


class Judge(Protocol):
    """Anything with a name that gives a verdict on each answer."""

    name: str

    def verdicts(self, prompts: list[str], answers: list[str]) -> list[Verdict]:
        """One verdict an answer, in order."""


def judge_refusals(answers: Table, judge: Judge | None = None) -> Dataset:
    """``answers`` with what the judge says of each.

    answers: Dataset, DataFrame or list of dicts with the columns prompt and answer
    judge: :class:`RefusalRules` by default

    Adds (or replaces) the columns verdict ("full_compliance", "full_refusal",
    "partial_refusal", "unparsed"), why (the reason, in the reader's language) and judge.
    Raises CourseError naming the columns where one is missing.
    """
    return with_verdicts(answers, judge or RefusalRules())


def with_verdicts(answers: Table, judge: Judge) -> Dataset:
    """``answers`` with the columns verdict, why and judge, whatever labels the judge has.

    Raises CourseError where prompt or answer is missing, and for recorded verdicts, which come
    without the text of the answer.
    """
    data = as_dataset(answers, ("prompt", "answer"))
    need_texts(data)
    verdicts = judge.verdicts(data["prompt"][:], data["answer"][:])
    added = {
        "verdict": [v.label for v in verdicts],
        "why": [v.why for v in verdicts],
        "judge": [judge.name] * len(verdicts),
    }
    data = data.remove_columns([c for c in added if c in data.column_names])
    for column, values in added.items():
        data = data.add_column(column, values)
    return data


def compare_judges(answers: Table, judges: Iterable[Judge]) -> pd.DataFrame:
    """The verdicts of several judges on the same answers, one column a judge.

    The columns of ``answers`` come first. Raises CourseError for two judges of one name.
    """
    data = as_dataset(answers, ("prompt", "answer"))
    need_texts(data)
    table = data.to_pandas()
    for judge in judges:
        if judge.name in table.columns:
            raise CourseError("judges.same_name", name=judge.name)
        found = judge.verdicts(data["prompt"][:], data["answer"][:])
        table[judge.name] = [v.label for v in found]
    return table


def as_dataset(rows: Table, required: tuple[str, ...]) -> Dataset:
    """Any table as a Dataset; CourseError unless the ``required`` columns hold text.

    A missing text (None, NaN) becomes the empty string, which no judge can parse. Half a
    surrogate pair, which no file can hold, becomes U+FFFD.
    """
    columns = _columns(rows)
    if missing := [column for column in required if column not in columns]:
        found = ", ".join(map(str, columns)) or "-"
        raise CourseError("judges.missing_columns", missing=", ".join(missing), found=found)
    changed = {column: _texts(column, columns[column]) for column in required}
    if isinstance(rows, Dataset):
        for column in [c for c in required if changed[c] != columns[c]]:
            rows = rows.remove_columns(column).add_column(column, changed[column])
        return rows.select_columns(list(columns))
    return Dataset.from_dict({str(c): changed.get(c) or _storable(columns[c]) for c in columns})


def _columns(rows: Table) -> dict[str, list]:
    if isinstance(rows, Dataset):
        return {column: rows[column][:] for column in rows.column_names}
    if isinstance(rows, pd.DataFrame):
        return {column: rows[column].tolist() for column in rows.columns}
    records = list(rows)
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _texts(column: str, values: list) -> list[str]:
    for row, value in enumerate(values, 1):
        if not isinstance(value, str) and not _missing(value):
            raise CourseError("judges.not_text", column=column, row=row, value=repr(value)[:40])
    return _storable([value if isinstance(value, str) else "" for value in values])


def _storable(values: list) -> list:
    """The values with half surrogate pairs replaced; a column of texts has no NaN."""
    if not any(isinstance(value, str) for value in values):
        return values
    return [
        value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(value, str)
        else (None if _missing(value) else value)
        for value in values
    ]


def _missing(value) -> bool:
    return pd.api.types.is_scalar(value) and pd.isna(value)
