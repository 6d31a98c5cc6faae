"""Labels of real answers: what the course's own models said, judged by a reader.

The answers are not in the repository (some answer unsafe requests); their labels are, each
with a hash of the text it was given to.
"""

from collections.abc import Sequence

from datasets import Dataset

from ..errors import CourseError
from ..paths import data_dir
from ..prompts.files import read_rows
from ..record import digest
from .tables import as_dataset


def with_labels(answers: Dataset) -> Dataset:
    """The answers that have been labelled: ``label`` is now their class, not their prompt's.

    answers: from ``model.answer``, with columns id, lang, model, system, answer, or from
    ``Record.complete``, where recorded rows have the answer's hash and not its text. An answer
    that reads differently here than where it was labelled has no label and is left out;
    CourseError when none is left.
    """
    data = as_dataset(answers, ("id", "lang", "model", "system", "prompt", "answer"))
    keys = [(r["id"], r["lang"], r["model"], bool(r["system"])) for r in data]
    return matched(data, keys, "refusal_labels", ("id", "lang", "model", "prefix"))


def matched(
    data: Dataset,
    keys: Sequence[tuple],
    name: str,
    by: tuple[str, ...],
    fields: tuple[str, ...] = ("label",),
) -> Dataset:
    """The rows of ``data`` whose answers were labelled, with the labels' ``fields``.

    keys: what identifies each row, beside its answer's hash (in the column ``answer_sha256``
    where the text is missing); by: the columns of ``data/<name>/model_answers.jsonl`` that hold the
    same. CourseError when no row is left.
    """
    rows = read_rows(data_dir() / name / "model_answers.jsonl")
    labels = {(*(row[field] for field in by), row["answer_sha256"]): row for row in rows}
    answers, hashes = data["answer"][:], [None] * len(data)
    if "answer_sha256" in data.column_names:
        hashes = data["answer_sha256"][:]
    # A text that is there counts: the hash beside it may be that of an earlier one.
    hashes = [digest(a) if a or not h else h for a, h in zip(answers, hashes, strict=True)]
    found = [labels.get((*key, one)) for key, one in zip(keys, hashes, strict=True)]
    kept = data.select([i for i, row in enumerate(found) if row])
    if not len(kept):
        raise CourseError("judges.no_rows")
    for field in fields:
        if field in kept.column_names:
            kept = kept.remove_columns(field)
        kept = kept.add_column(field, [row[field] for row in found if row])
    return kept
