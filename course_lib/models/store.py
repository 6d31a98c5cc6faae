"""Answers and scores kept on disk, so that nothing is ever computed twice.

SQLite (in write-ahead mode) does what a store of answers needs: every answer is on disk the
moment it is written, two processes may write at once, and a torn write is rolled back. Each
row carries a checksum of its own; whatever does not match is never handed out.
"""

import hashlib
import json
import sqlite3
import time
import warnings
from pathlib import Path

from ..errors import CourseError
from ..language import text
from ..paths import cache_dir

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, answer TEXT NOT NULL, n_tokens INTEGER NOT NULL,
    finished INTEGER NOT NULL, checksum TEXT NOT NULL
) WITHOUT ROWID
"""


class StoreWarning(UserWarning):
    """Kept answers could not be used and were set aside."""


def key_of(**parts) -> str:
    """The key of an answer: a SHA-256 over everything it depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _checksum(key: str, answer: str, n_tokens: int, finished: bool) -> str:
    return key_of(key=key, answer=answer, n_tokens=n_tokens, finished=bool(finished))[:16]


class AnswerStore:
    """A dictionary on disk: key -> (answer, n_tokens, finished).

    A score is kept in the same columns: log-probabilities as JSON, n_tokens, is_greedy.

    Raises CourseError when the disk is full or the file cannot be written.
    """

    def __init__(self, path: Path | str | None = None):
        self.path = Path(path) if path else cache_dir() / "answers.sqlite3"
        self._open()

    def _open(self) -> None:
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise self._unusable(error) from error
            self._set_aside()
            self._connect()

    def _connect(self) -> None:
        # JupyterLab hands a widget's clicks to the kernel in threads of their own. SQLite
        # itself takes turns (it is built to be serialised), and every statement stands alone.
        self.db = sqlite3.connect(
            self.path, timeout=60, isolation_level=None, check_same_thread=False
        )
        try:
            state = self.db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if state != "ok":
                raise sqlite3.DatabaseError(state)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            self.db.execute(_SCHEMA)
            self.db.execute("SELECT key, answer, n_tokens, finished, checksum FROM answers LIMIT 1")
        except sqlite3.Error:
            self.db.close()
            raise

    def _set_aside(self) -> None:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        self.path.rename(aside)
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        warnings.warn(text("models.store_set_aside", name=aside.name), StoreWarning, stacklevel=4)

    def _unusable(self, error: sqlite3.Error) -> CourseError:
        full = "full" in str(error)
        return CourseError("models.disk_full" if full else "models.store_unusable", reason=error)

    def get(self, keys: list[str]) -> dict[str, tuple[str, int, bool]]:
        """The kept answers among these keys."""
        found, damaged = {}, []
        for at in range(0, len(keys), 500):
            some = keys[at : at + 500]
            marks = ",".join("?" * len(some))
            query = f"SELECT * FROM answers WHERE key IN ({marks})"
            for key, answer, n_tokens, finished, checksum in self.db.execute(query, some):
                if checksum == _checksum(key, answer, n_tokens, finished):
                    found[key] = (answer, n_tokens, bool(finished))
                else:
                    damaged.append(key)
        if damaged:
            warnings.warn(
                text("models.store_rows_dropped", n=len(damaged)), StoreWarning, stacklevel=3
            )
            self.db.executemany("DELETE FROM answers WHERE key = ?", [(key,) for key in damaged])
        return found

    def put(self, key: str, answer: str, n_tokens: int, finished: bool) -> None:
        """Keep one answer; it is on disk when this returns."""
        row = (key, answer, n_tokens, int(finished), _checksum(key, answer, n_tokens, finished))
        try:
            self.db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error

    def __len__(self) -> int:
        return self.db.execute("SELECT count(*) FROM answers").fetchone()[0]

    def close(self) -> None:
        self.db.close()
