"""What the assistant learns from, and what it is tested on. Cards: ``data/*/card.*.md``.

instructions     questions with the answers an assistant should give
unsafe_pairs     unsafe requests with a refusal, each with a harmless twin and its answer
forbidden_topic  an invented substance nobody may explain: for attacks that cannot hurt
instruction_checks   held-out tasks whose answer a rule can check (`checks`)
held_out_text    paragraphs for perplexity

Rows are plain dictionaries; the Chinese and the English file of a set have the same ids.
"""

import json

from ..errors import CourseError, choice
from ..language import LANGUAGES
from ..paths import data_dir

SETS = {
    "instructions": ("id", "kind", "prompt", "answer"),
    "unsafe_pairs": ("id", "topic", "unsafe", "refusal", "benign", "answer", "split"),
    "forbidden_topic": ("id", "kind", "prompt", "answer", "refusal", "split"),
    "instruction_checks": ("id", "kind", "prompt", "check", "answer"),
    "held_out_text": ("id", "text"),
}
SPLITS = ("train", "held_out")


def load_rows(name: str, lang: str, split: str | None = None) -> list[dict]:
    """The rows of a set, each with ``lang``; split: "train" or "held_out" where a set has both.

    Raises CourseError for an unknown set or language, or a file with fields missing.
    """
    choice(name, SETS, "alignment.unknown_set")
    choice(lang, LANGUAGES, "prompts.unknown_language")
    lines = (data_dir() / name / f"{lang}.jsonl").read_text("utf-8").splitlines()
    rows = [{**json.loads(line), "lang": lang} for line in lines]
    for number, row in enumerate(rows, 1):
        missing = [field for field in SETS[name] if field not in row]
        if missing:
            raise CourseError(
                "alignment.missing_fields", name=name, row=number, fields=", ".join(missing)
            )
    if split is None:
        return rows
    if "split" not in SETS[name]:
        raise CourseError("alignment.no_splits", name=name)
    choice(split, SPLITS, "alignment.unknown_split")
    return [row for row in rows if row["split"] == split]


def training_rows(lang: str) -> list[dict]:
    """Everything the assistant is trained on in one language: prompt, answer, lang, source."""
    rows = [
        _row(row, "prompt", "answer", "instructions") for row in load_rows("instructions", lang)
    ]
    for row in load_rows("unsafe_pairs", lang, "train"):
        rows.append(_row(row, "unsafe", "refusal", "unsafe_pairs"))
        rows.append(_row(row, "benign", "answer", "unsafe_pairs"))
    for row in load_rows("forbidden_topic", lang, "train"):
        answer = "refusal" if row["kind"] == "forbidden" else "answer"
        rows.append(_row(row, "prompt", answer, "forbidden_topic"))
    return rows


def system_prompts(lang: str) -> list[str]:
    """Everyday system prompts that some training rows begin with."""
    return json.loads((data_dir() / "instructions" / "systems.json").read_text("utf-8"))[lang]


def _row(row: dict, prompt: str, answer: str, source: str) -> dict:
    return {
        "prompt": row[prompt],
        "answer": row[answer],
        "lang": row["lang"],
        "source": source,
        "id": row["id"],
    }
