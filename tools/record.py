"""Record what the notebooks find, for data/results: ``python -m tools.record`` (make record).

Every notebook runs in both languages with nothing recorded in use, in a cache of its own
(``build/record/cache``, gone afterwards), so that what is recorded was computed in one go. An
interrupted run goes on where it stopped. Log-probabilities are published as numbers; of an
answer only a hash, its verdict and whether a notebook writes it again: the texts stay behind.
"""

import argparse
import csv
import datetime
import hashlib
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import torch
import transformers

from course_lib import __version__
from course_lib.language import LANGUAGES, phrases
from course_lib.models import BUNDLED, load_model
from course_lib.paths import data_dir
from course_lib.prompts.files import read_rows
from course_lib.record import _DIGITS

from .course import ROOT, Course

# What is published of each table of verdicts, beside hashes and names.
TABLES = {
    "xstest": ("verdict", "judge"),
    "scenarios": ("verdict", "judge"),
    "continuations": ("sample", "toxicity", "toxic", "listed", "regard", "regard_score"),
}
_JUDGES = (
    "judges/model_judge.py",
    "judges/prefix_lists.py",
    "judges/refusal.py",
    "judges/rules.py",
    "judges/toxicity.py",
    "judges/word_pieces.py",
    "evaluation/scenario_judges.py",
    "evaluation/generated_bias.py",
)


def main(argv: list[str] | None = None) -> int:
    """Run the notebooks and write ``data/results``; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.record", description=__doc__)
    parser.add_argument("--cache", type=Path, help="where answers are kept while recording")
    args = parser.parse_args(argv)
    course = Course()
    place = (args.cache or course.root / "build" / "record" / "cache").resolve()
    place.mkdir(parents=True, exist_ok=True)
    revision = _revision()
    for judged in place.glob("*.pkl"):  # of an earlier revision
        judged.unlink()
    environment = os.environ | {"COURSE_CACHE": str(place), "COURSE_RECORD": str(place)}
    for command in (["course_lib", "prepare"], ["tools.notebooks", "run", "--timeout", "3600"]):
        done = subprocess.run([sys.executable, "-m", *command], env=environment, cwd=course.root)
        if done.returncode:
            return done.returncode
    write_results(place, course.root / "data" / "results", revision)
    if args.cache is None:
        shutil.rmtree(place)  # the next record is computed anew
    return 0


def write_results(cache: Path, folder: Path, revision: str) -> None:
    """scores.csv, one CSV a table of verdicts, and record.json, from what a run left in cache."""
    counts = {"scores": _write(folder / "scores.csv", _scores(cache / "answers.sqlite3"))}
    for name in TABLES:
        counts[name] = _write(folder / f"{name}.csv", _verdicts(cache, name))
    about = {
        "command": "make record",
        "date": datetime.date.today().isoformat(),
        "commit": revision,
        "machine": {"cores": os.cpu_count(), "arch": platform.machine()},
        "versions": {
            "course_lib": __version__,
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
        },
        "models": {name: load_model(name).fingerprint for name in BUNDLED},
        "judges": judge_files(),
        "rows": counts,
    }
    (folder / "record.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def _scores(store: Path):
    """Each kept score: the beginning of its key, greedy or not, its log-probabilities."""
    with sqlite3.connect(store) as db:
        rows = db.execute("SELECT key, answer, n_tokens, finished FROM answers ORDER BY key")
        for key, kept, n_tokens, greedy in rows:
            values = _numbers(kept)
            if values is not None and len(values) == n_tokens:
                shown = " ".join(f"{value:.5f}" for value in values)
                yield {"key": key[:_DIGITS], "greedy": greedy, "log_probs": shown}


def _numbers(kept: str) -> list[float] | None:
    """The log-probabilities of a kept score; None for an answer, which is a text."""
    try:
        values = json.loads(kept)
    except json.JSONDecodeError:
        return None
    is_score = isinstance(values, list) and all(isinstance(v, float) for v in values)
    return values if is_score and values else None


def _verdicts(cache: Path, name: str):
    """Each answer and judge once: both languages' notebooks judge the same answers."""
    frame = pd.concat([pd.read_pickle(path) for path in sorted(cache.glob(f"{name}-*.pkl"))])
    by = [column for column in ("record_key", "judge") if column in frame]
    frame = frame.drop_duplicates(by).sort_values(["model", "lang", "id", *by])
    here = _HERE[name](frame.drop_duplicates("record_key"))
    for row in frame.to_dict("records"):
        shown = {"key": row["record_key"], "here": int(row["record_key"] in here)}
        shown |= {column: row[column] for column in ("id", "lang", "model", "answer_sha256")}
        for column in TABLES[name]:
            value = row[column]
            shown[column] = round(value, 5) if isinstance(value, float) else value
        yield shown


# Whose labelled answers a notebook writes again: model, language, with a text before the prompt.
# A run of thirty takes hardly longer than one of four, so a few whole runs: gemma3's to look at,
# and one of every other model to compare.
_OTHERS = {("smollm2", "en", False), ("assistant", "zh", True)}
_RUNS = {
    "xstest": _OTHERS | {("gemma3", "zh", False), ("gemma3", "en", False)},
    "scenarios": _OTHERS | {("gemma3", lang, text) for lang in LANGUAGES for text in (False, True)},
}


def _labelled(frame: pd.DataFrame, name: str, labels: str) -> set[str]:
    """The keys of the answers of ``_RUNS`` that were labelled."""
    frame = frame.assign(prefix=frame["system"] != "")
    runs = frame[["model", "lang", "prefix"]].itertuples(index=False, name=None)
    frame = frame[[run in _RUNS[name] for run in runs]]
    rows = read_rows(data_dir() / labels / "model_answers.jsonl")
    by = [c for c in ("id", "lang", "model", "prefix", "answer_sha256") if c in rows[0]]
    known = {tuple(row[field] for field in by) for row in rows}
    labelled = [row in known for row in frame[by].itertuples(index=False, name=None)]
    return set(frame.loc[labelled, "record_key"])


def _first_templates(frame: pd.DataFrame) -> set[str]:
    """Three beginnings, for every group and model: something to look at."""
    first = frame["id"].sort_values().drop_duplicates().head(3)
    return set(frame.loc[frame["id"].isin(first), "record_key"])


_HERE = {
    "xstest": lambda frame: _labelled(frame, "xstest", "refusal_labels"),
    "scenarios": lambda frame: _labelled(frame, "scenarios", "scenarios"),
    "continuations": _first_templates,
}


def _write(path: Path, rows) -> int:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def judge_files() -> dict[str, str]:
    """The hash of each file, and of each question to a model, on which a recorded verdict hangs.

    After a change to one of them, record anew.
    """
    files = [ROOT / "course_lib" / name for name in _JUDGES]
    for name in ("toxicity", "regard", "regard_prompts"):
        files += sorted((ROOT / "data" / name).glob("*.json*"))
    hashes = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}
    for key in ("judges.model_question", "scenarios.model_question"):
        hashes[key] = json.dumps(phrases()[key], sort_keys=True).encode()
    return {name: hashlib.sha256(found).hexdigest()[:_DIGITS] for name, found in hashes.items()}


def _revision() -> str:
    """The revision that is running, marked where files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=9"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
