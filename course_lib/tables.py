"""What a table must be before anything in it is counted."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from .errors import CourseError, choice


def names_of(by: str | Iterable[str]) -> list[str]:
    """One name, of a column or a class, or several, as a list."""
    return [by] if isinstance(by, str) else list(by)


def need_columns(frame: pd.DataFrame, columns: Iterable[str]) -> None:
    """Raise CourseError for the first column that is missing, naming those that are there."""
    for column in columns:
        choice(column, frame.columns, "tables.no_column")


def need_rows(table) -> None:
    """Raise CourseError for a Dataset or a DataFrame without rows: nothing can be counted."""
    if not len(table):
        raise CourseError("tables.no_rows")


def need_values(frame: pd.DataFrame, column: str, allowed: Sequence) -> None:
    """Raise CourseError for the first value of a column that is none of ``allowed``."""
    wrong = frame.loc[~frame[column].isin(list(allowed)), column]
    if len(wrong):
        raise CourseError(
            "tables.wrong_value",
            column=column,
            value=wrong.iloc[0],
            n=len(wrong),
            choices=", ".join(map(str, allowed)),
        )


def need_texts(table) -> None:
    """Raise CourseError where a table has recorded verdicts, which come without their texts.

    table: a Dataset or a DataFrame. A judge would take the missing text for an empty one.
    """
    columns = getattr(table, "column_names", None) or list(getattr(table, "columns", ()))
    if "recorded" in columns and any(table["recorded"]):
        raise CourseError("record.no_text")


def need_finite(values, what: str) -> np.ndarray:
    """The numbers as an array; CourseError where one is NaN or infinite.

    Every comparison with NaN is false, so a model whose numbers overflowed would get a score
    like any other. what: names them in the message, a column or a model.
    """
    found = np.asarray(values, float)
    if not np.isfinite(found).all():
        raise CourseError("tables.not_finite", what=what, n=int((~np.isfinite(found)).sum()))
    return found


def need_once(frame: pd.DataFrame, columns: Iterable[str]) -> None:
    """Raise CourseError where two rows have the same values in these columns.

    A thing counted twice (two models in one group, say) makes intervals too narrow.
    """
    columns = list(columns)
    twice = frame[frame.duplicated(columns)]
    if len(twice):
        row = twice.iloc[0]
        where = ", ".join(f"{column}={row[column]}" for column in columns)
        raise CourseError("tables.twice", n=len(twice), where=where)
