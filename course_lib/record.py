"""Results that come with the course, and what is done here all the same.

A notebook measures hundreds of prompts with three models in two languages; on two cores that
takes minutes. ``data/results`` holds what it found when the course was built: log-probabilities
as numbers, answers as verdicts of one judge or several (their texts are not published). By
default a notebook reads them and computes a sample itself, which is compared; with
``use=False`` it computes everything.

Each result is filed under a hash of all it depends on: weights and adapters, prompt, settings,
versions. What differs in any of these is not in the record and is computed here. The
environment variable ``COURSE_RECORD`` switches every record off: its value is "off", or a
folder that verdicts are written to (``make record``, in ``tools/record.py``).
"""

import csv
import hashlib
import json
import os
import warnings
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset, Features, Value

from .errors import CourseError
from .language import text
from .paths import data_dir

# One recorded score in so many is computed here again. A token's log-probability may differ by
# so much: batches of another size change it by 0.00002, another processor may by more (not
# measured), and what is wrong with weights or code shows in the first decimals.
_EVERY, _TOLERANCE = 200, 0.02
# What ``model.answer`` adds to a table.
_ANSWERED = {column: Value("string") for column in ("answer", "model", "system")}
_ANSWERED |= {column: Value("bool") for column in ("finished", "kept")}
_DIGITS = 16  # hexadecimal digits of a hash: what is enough to find a row


class RecordWarning(UserWarning):
    """What was computed here is not what was recorded."""


def _folder():
    return data_dir() / "results"


@cache
def about() -> dict:
    """When, where and with what the record was made: ``data/results/record.json``."""
    return json.loads((_folder() / "record.json").read_text("utf-8"))


def _in_use(use: bool) -> bool:
    asked = os.environ.get("COURSE_RECORD", "")
    if asked and asked != "off" and not Path(asked).is_dir():
        raise CourseError("record.no_folder", value=asked)
    return use and not asked


class _Said:
    """One line about a record, in the reader's language."""

    def __repr__(self) -> str:
        return self._line()

    def _repr_html_(self) -> str:
        return f"<p><small>{self._line()}</small></p>"

    def _made(self) -> str:
        made = about()
        return text("record.made", date=made["date"], commit=made["commit"], **made["machine"])


# ---- scores ---------------------------------------------------------------------------------


class ScoreRecord(_Said):
    """Log-probabilities by the key under which the store would keep them."""

    def __init__(self, rows: dict[str, tuple[tuple[float, ...], bool]]):
        self.rows = rows
        self._apart: dict[str, float] = {}

    def _line(self) -> str:
        if not self.rows:
            return text("record.no_scores")
        said = self._made() + text("record.scores", n=len(self.rows), every=_EVERY)
        if self._apart:
            apart = f"{max(self._apart.values()):.5f}"
            said += text("record.compared", n=len(self._apart), apart=apart)
        return said

    def find(self, keys: Iterable[str]) -> dict[str, tuple[tuple[float, ...], bool]]:
        """{key: (log-probability of each token, whether each was the likeliest)}."""
        return {key: self.rows[key[:_DIGITS]] for key in keys if key[:_DIGITS] in self.rows}

    @staticmethod
    def is_checked(key: str) -> bool:
        """Whether this score belongs to the sample that is computed here again."""
        return int(key[:8], 16) % _EVERY == 0

    def compare(self, name: str, computed: dict[str, tuple[float, ...]]) -> None:
        """Hold scores computed here, {key: log-probabilities}, against the recorded ones.

        One RecordWarning where any differs by more than rounding does.
        """
        apart = {
            key: max(abs(a - b) for a, b in zip(self.rows[key[:_DIGITS]][0], values, strict=True))
            for key, values in computed.items()
        }
        self._apart |= apart
        worst = max(apart.values(), default=0.0)
        if not worst <= _TOLERANCE:
            said = text("record.differs", name=name, apart=f"{worst:.3f}")
            warnings.warn(said, RecordWarning, stacklevel=2)


_scores = ScoreRecord({})


def scores_in_use() -> ScoreRecord:
    """The recorded scores in use; empty unless ``recorded_scores`` was called."""
    return _scores


def recorded_scores(use: bool = True) -> ScoreRecord:
    """From now on ``model.score`` reads what is recorded; use=False: computes everything.

    Returns the record, which says when it was made. A fixed share of the scores is computed all
    the same; where one is another than recorded, a RecordWarning says so.
    """
    global _scores
    _scores = ScoreRecord(_read_scores() if _in_use(use) else {})
    return _scores


@cache
def _read_scores() -> dict[str, tuple[tuple[float, ...], bool]]:
    return {
        row["key"]: (tuple(map(float, row["log_probs"].split())), row["greedy"] == "1")
        for row in _read("scores")
    }


# ---- verdicts -------------------------------------------------------------------------------


class Record(_Said):
    """Verdicts recorded in ``data/results/<name>.csv``, and the sample that is answered here.

    record = Record("xstest")
    answers = record.of(model).answer(prompts)        # the sample alone
    verdicts = record.complete(judge_refusals(answers))    # and the recorded rest

    The sample is the rows with ``here`` = 1. A prompt, a model or settings that the record does
    not know are answered here as well. Several judges may have judged an answer: ``complete``
    adds the verdicts of those that judged here.
    """

    def __init__(self, name: str, use: bool = True):
        self.name, self._left_out, self._order = name, {}, {}
        self.n_rest = self.n_here = self.n_again = self.n_same = 0
        rows = _read_verdicts(name) if _in_use(use) else None
        self._rows = {} if rows is None else rows

    def of(self, model) -> "RecordedModel":
        """The model, answering only what the record does not spare."""
        return RecordedModel(self, model)

    def divide(self, prompts: Dataset, model, options: dict) -> Dataset:
        """The prompts to answer here; the others are put aside for ``complete``."""
        keys = [key[:_DIGITS] for key in model.answer_keys(prompts, **options)]
        for key in keys:
            self._order.setdefault(key, len(self._order))
        spared = [key in self._rows and self._rows[key][0]["here"] == "0" for key in keys]
        asked = {"model": model.name, "system": options.get("system") or ""}
        for key, prompt, spare in zip(keys, prompts, spared, strict=True):
            if spare:
                # Two prompts may read the same, and a cell may be run twice.
                row = json.dumps(prompt, sort_keys=True, default=str)
                self._left_out[key, row] = prompt | asked
        named = prompts.add_column("record_key", keys)
        return named.select([i for i, spare in enumerate(spared) if not spare])

    def complete(self, judged, partial: bool = False):
        """The verdicts on the answers written here and the recorded ones, in the order asked.

        judged: Dataset or DataFrame with the columns that ``of(model).answer`` returned and
        the record's values (verdict and judge, say). Returns the same type with the columns
        ``recorded`` and ``answer_sha256``; a recorded row has no answer and no reason.
        partial: the judge may have judged some of the answers only (those that were labelled,
        say). Raises CourseError for a judge of whom more is missing in the record, and where an
        answer reads as recorded and is judged otherwise: the record is older than the judge.
        (A judge that is a model may round otherwise now and then: a RecordWarning.)
        """
        frame = judged if isinstance(judged, pd.DataFrame) else judged.to_pandas()
        frame = frame.assign(answer_sha256=[digest(one) for one in frame[_written(frame)]])
        self._need_recorded_judges(frame, partial)
        self._compare(frame)
        self._keep(frame)
        rest = pd.DataFrame(self._rest(frame))
        rest = rest[[column for column in rest if column in frame]]
        both = pd.concat([frame.assign(recorded=False), rest.assign(recorded=True)])
        both = self._in_order(both).drop(columns="record_key").reset_index(drop=True)
        for column in ("answer", "continuation", "why"):
            if column in both:
                both[column] = both[column].fillna("")
        if "kept" in both:
            both["kept"] = both["kept"].fillna(False).astype(bool)
        return both if isinstance(judged, pd.DataFrame) else Dataset.from_pandas(both)

    def _in_order(self, both: pd.DataFrame) -> pd.DataFrame:
        """One judge after the other, as in the table judged; of each, the answers as asked for."""
        asked = both["record_key"].map(self._order)
        judges = pd.factorize(both["judge"])[0] if "judge" in both else 0
        places = pd.DataFrame({"judge": judges, "asked": asked}, both.index)
        return both.iloc[places.reset_index(drop=True).sort_values(["judge", "asked"]).index]

    def _rest(self, frame: pd.DataFrame) -> list[dict]:
        """What is recorded of the prompts left out, by the judges of the frame.

        A frame without rows names no judge: then those who judged every answer.
        """
        judges = set(frame["judge"]) if "judge" in frame else set()
        rest, self.n_rest = [], 0
        for (key, _), prompt in self._left_out.items():
            rows = self._rows[key][: None if judges else 1]
            rows = [row for row in rows if not judges or row["judge"] in judges]
            rest += [prompt | _values(row) | {"record_key": key} for row in rows]
            self.n_rest += bool(rows)
        return rest

    def _compare(self, frame: pd.DataFrame) -> None:
        """Count the texts that came out word for word, and see that they are judged alike."""
        written = frame.drop_duplicates("record_key")
        hashes = dict(zip(written["record_key"], written["answer_sha256"], strict=True))
        known = {key: self._rows[key] for key in hashes if key in self._rows}
        # Another processor rounds otherwise, and now and then a word comes out otherwise.
        same = {key for key, rows in known.items() if rows[0]["answer_sha256"] == hashes[key]}
        self.n_here, self.n_again, self.n_same = len(hashes), len(known), len(same)
        frame = frame[frame["record_key"].isin(same)]
        for judge, rows in frame.groupby("judge") if "judge" in frame else [("", frame)]:
            self._compare_verdicts(judge, rows.to_dict("records"))

    def _compare_verdicts(self, judge: str, rows: list[dict]) -> None:
        """Raise where this judge no longer says of the same answers what was recorded."""
        from .judges.names import is_model, judge_name  # here: the judges import this module

        pairs = [
            (row, _values(known))
            for row in rows
            for known in self._rows[row["record_key"]]
            if known.get("judge", "") == judge
        ]
        wrong = [
            (row["id"], column)
            for row, known in pairs
            for column, value in known.items()
            if not _same(row[column], value)
        ]
        # A model that rounds otherwise differs here and there, one that was changed everywhere.
        if is_model(judge) and 0 < len(wrong) <= max(2, len(pairs) / 10):
            counts = {"otherwise": len(wrong), "n": len(pairs)}
            said = text("record.judged_otherwise", judge=judge_name(judge), **counts)
            warnings.warn(said, RecordWarning, stacklevel=4)
        elif wrong:
            id, column = wrong[0]
            raise CourseError("record.stale", name=self.name, id=id, column=column)

    def _need_recorded_judges(self, frame: pd.DataFrame, partial: bool) -> None:
        """Where something of a run was left out, its judges must have been recorded."""
        from .judges.names import judge_name

        if "judge" not in frame:
            return
        left: dict[tuple, list[set[str]]] = {}
        for (key, _), prompt in self._left_out.items():
            judges = {row.get("judge") for row in self._rows[key]}
            left.setdefault((prompt["model"], prompt["system"]), []).append(judges)
        known = {row.get("judge") for rows in self._rows.values() for row in rows}
        for (judge, *run), _ in frame.groupby(["judge", "model", "system"]):
            theirs = left.get(tuple(run), [])
            missing = judge not in known if partial else not all(judge in each for each in theirs)
            if theirs and missing:
                names = ", ".join(map(judge_name, sorted(filter(None, set.union(*theirs)))))
                raise CourseError("record.other_judge", judge=judge_name(judge), judges=names)

    def _keep(self, frame: pd.DataFrame) -> None:
        """While the course is being recorded: put aside what was judged, for tools/record.py."""
        if (folder := os.environ.get("COURSE_RECORD", "off")) != "off":
            named = digest(frame.filter(["record_key", "judge"]).to_csv())
            frame.to_pickle(Path(folder) / f"{self.name}-{named}.pkl")

    def _line(self) -> str:
        if not self._rows:
            return text("record.no_verdicts", n=self.n_here)
        counts = {"here": self.n_here, "again": self.n_again, "same": self.n_same}
        return self._made() + text("record.verdicts", rest=self.n_rest, **counts)


class RecordedModel:
    """A model that answers the sample of a record: its ``answer`` returns fewer rows."""

    def __init__(self, record: Record, model):
        self.record, self.model, self.name = record, model, model.name

    def answer(self, prompts: Dataset, system: str | None = None, **options) -> Dataset:
        """``model.answer`` of the prompts that are not spared; options as there.

        What is no Dataset has no ids to be recorded under: all of it is answered.
        """
        options = {"system": system, **options}
        if not isinstance(prompts, Dataset):
            return self.model.answer(prompts, **options)
        if "record_key" in prompts.column_names:
            prompts = prompts.remove_columns("record_key")
        told = {k: v for k, v in options.items() if k not in ("progress", "batch_size")}
        asked = self.record.divide(prompts, self.model, told)
        if len(asked):
            return self.model.answer(asked, **options)
        columns = asked.features | _ANSWERED
        return Dataset.from_dict({column: [] for column in columns}, Features(columns))


def digest(answer: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of an answer."""
    return hashlib.sha256(answer.encode()).hexdigest()[:_DIGITS]


@cache
def _read_verdicts(name: str) -> dict[str, list[dict]]:
    """{key of an answer: its rows, one a judge; first him who judged most}."""
    found: dict[str, list[dict]] = {}
    rows = _read(name)
    most = Counter(row.get("judge") for row in rows)
    for row in sorted(rows, key=lambda row: -most[row.get("judge")]):
        found.setdefault(row["key"], []).append(row)
    return found


def _read(name: str) -> list[dict]:
    path = _folder() / f"{name}.csv"
    if not path.is_file():
        raise CourseError("record.no_such", name=name)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _same(computed, recorded) -> bool:
    if isinstance(recorded, float):
        return bool(np.isclose(computed, recorded, rtol=0, atol=1e-3, equal_nan=True))
    return computed == recorded


def _written(frame: pd.DataFrame) -> str:
    return "answer" if "answer" in frame else "continuation"


_KNOWN = ("key", "here", "id", "lang", "model", "answer_sha256")


def _values(row: dict) -> dict:
    """What was recorded about an answer: names as text, numbers as numbers, flags as flags."""
    values = {column: _value(value) for column, value in row.items() if column not in _KNOWN}
    return values | {"answer_sha256": row["answer_sha256"]}


def _value(value: str):
    if value in ("True", "False"):
        return value == "True"
    try:
        return float(value)
    except ValueError:
        return value
