"""What a judge is called on tables and figures."""

import re

from ..language import phrases, text

_MODEL = re.compile(r"(?:model|answer)_judge_(.+)_(?:generate|likelihood)")


def is_model(name: str) -> bool:
    """Whether the judge of this name is a language model."""
    return _MODEL.fullmatch(name) is not None


def judge_name(name: str) -> str:
    """A judge's name in the reader's language; one the course does not know stays as it is."""
    if model := _MODEL.fullmatch(name):
        return text("judges.name_model", model=model[1])
    key = f"judges.name_{name}"
    return text(key) if key in phrases() else name
