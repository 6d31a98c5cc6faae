"""Questions of BBQ and CBBQ: reading them, and shuffling their options.

Parrish et al. (2022), "BBQ: A Hand-Built Bias Benchmark for Question Answering"; Huang & Xiong
(2023), "CBBQ". A template names two people of two groups. Its ambiguous context does not say
who did what, so "unknown" is right; the disambiguated one does. Each context is asked about in
two ways: the negative question looks for whom the stereotype speaks ill of, the other for the
opposite. That makes four questions of one template.

A table of questions has one row each: id, template, lang, domain, condition, polarity, context,
question, options (three texts), and three places among them: answer (what is right), unknown,
target (the stereotyped group; -1 where the file does not say which of the two it is).
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import CourseError, choice
from ..language import text
from ..prompts.files import need_language, read_rows, set_file

CONDITIONS = ("ambiguous", "disambiguated")
POLARITIES = ("negative", "nonnegative")
NO_TARGET = -1
_OPTIONS = ("ans0", "ans1", "ans2")
_OWN = (
    "id",
    "domain",
    "ambiguous",
    "disambiguated",
    "negative_question",
    "positive_question",
    "options",
    "stereotyped_groups",
    "answer_negative",
    "answer_positive",
)
_BBQ = ("example_id", "question_index", "question_polarity", "context_condition", "category")
_BBQ += ("context", "question", *_OPTIONS, "label")
# BBQ abbreviates in one place and writes out in another.
_SAME = {"m": "man", "boy": "man", "f": "woman", "girl": "woman"}
_CONDITION_NAMES = {
    "ambig": "ambiguous",
    "ambiguous": "ambiguous",
    "disambig": "disambiguated",
    "disambiguous": "disambiguated",
}
_POLARITY_NAMES = {"neg": "negative", "nonneg": "nonnegative", "non_neg": "nonnegative"}


def load_bbq(lang: str, source: str | Path = "course") -> pd.DataFrame:
    """The course's own questions, or a published file, as a table of questions.

    source: "course" (``data/bbq``: 48 templates a language), or the path of a file of BBQ
    (.jsonl) or CBBQ (.json); which of the two it is shows in its fields.

    Raises CourseError for rows of another language, missing fields, unknown labels, an answer
    that is none of the options or a question without exactly one "unknown".
    """
    path = set_file("bbq", lang, source)
    # CBBQ's files carry a byte-order mark inside their first key.
    rows = [{key.lstrip("\ufeff"): value for key, value in row.items()} for row in read_rows(path)]
    need_language(rows, lang, path.name)
    found = []
    for number, row in enumerate(rows, 1):
        read = _read_own if "options" in row else _read_published
        found += read(row, lang, number, path.name)
    return pd.DataFrame(found)


def _read_own(row: dict, lang: str, number: int, file: str) -> list[dict]:
    _require(row, _OWN, number, file)
    for option in row["options"]:
        _require(option, ("text", "group"), number, file)
    groups = [option["group"] for option in row["options"]]
    unknown = _only([i for i, g in enumerate(groups) if g == "unknown"], number, file)
    named = [i for i, g in enumerate(groups) if g in row["stereotyped_groups"]]
    questions = []
    for condition in CONDITIONS:
        for polarity, asked in zip(POLARITIES, ("negative", "positive"), strict=True):
            told = _place(row[f"answer_{asked}"], number, file)
            item = {
                "id": f"{row['id']}-{condition[0]}-{polarity[:3]}",
                "template": row["id"],
                "lang": lang,
                "domain": row["domain"],
                "condition": condition,
                "polarity": polarity,
                "context": row[condition],
                "question": row[f"{asked}_question"],
                "options": [option["text"] for option in row["options"]],
                "answer": unknown if condition == "ambiguous" else told,
                "unknown": unknown,
                "target": named[0] if len(named) == 1 else NO_TARGET,
            }
            questions.append(_checked(item, number, file))
    return questions


def _read_published(row: dict, lang: str, number: int, file: str) -> list[dict]:
    _require(row, _BBQ, number, file)
    if "answer_info" in row:
        _require(row, ("additional_metadata",), number, file)
        _require(row["additional_metadata"], ("stereotyped_groups",), number, file)
        infos = _infos(row["answer_info"], number, file)
        unknown = [i for i, info in enumerate(infos) if info[-1].lower() == "unknown"]
        unknown = _only(unknown, number, file)
        stereotyped = row["additional_metadata"]["stereotyped_groups"]
        target = _target(infos, stereotyped, unknown)
    else:
        # CBBQ writes the stereotyped group first and "unknown" last, in every row.
        unknown, target = 2, 0
    item = {
        "id": f"{row['category']}-{row['example_id']}-{row['context_condition']}",
        "template": f"{row['category']}-{row['question_index']}",
        "lang": lang,
        "domain": row["category"],
        "condition": _named(row["context_condition"], _CONDITION_NAMES),
        "polarity": _named(row["question_polarity"], _POLARITY_NAMES),
        "context": row["context"],
        "question": row["question"],
        "options": [row[key] for key in _OPTIONS],
        "answer": _place(row["label"], number, file),
        "unknown": unknown,
        "target": target,
    }
    return [_checked(item, number, file)]


def _infos(given: dict, number: int, file: str) -> list[list[str]]:
    """What ``answer_info`` says of each option: words for it, the tag of its group last."""
    _require(given, _OPTIONS, number, file)
    infos = [given[key] for key in _OPTIONS]
    for info in infos:
        if not isinstance(info, list) or not info or not all(isinstance(w, str) for w in info):
            raise CourseError("bbq.bad_info", file=file, row=number, value=info)
    return infos


def _target(infos: list[list[str]], stereotyped: list[str], unknown: int) -> int:
    """The option whose group is among the stereotyped ones; none where both are, or neither.

    Most items on disability, race or nationality list several groups. Comparing with the first
    of them alone, as some evaluators do, loses most of these items.
    """
    wanted = {_plain(group) for group in stereotyped}
    places = [place for place in range(len(infos)) if place != unknown]
    # From the surest sign to the weakest: the group itself, the name, a part of the group's tag.
    for words in (
        lambda info: {_plain(info[-1])},
        lambda info: {_plain(name) for name in info[:-1]},
        lambda info: {_plain(part) for part in re.split(r"[-_]", info[-1])},
    ):
        named = [place for place in places if words(infos[place]) & wanted]
        if len(named) == 1:
            return named[0]
    return NO_TARGET


def _plain(group: str) -> str:
    plain = re.sub(r"[\s-]", "", group.lower())
    return _SAME.get(plain, plain)


def _named(value: str, names: dict[str, str]) -> str:
    return names[choice(value, names, "bbq.unknown_value")]


def _only(places: list[int], number: int, file: str) -> int:
    if len(places) != 1:
        raise CourseError("bbq.one_unknown", file=file, row=number, n=len(places))
    return places[0]


def _place(value, number: int, file: str) -> int:
    """An option's place, 0 to 2; CBBQ writes it as text."""
    if str(value) not in ("0", "1", "2"):
        raise CourseError("bbq.bad_answer", file=file, row=number, value=value)
    return int(value)


def _require(row, fields: tuple[str, ...], number: int, file: str) -> None:
    """Raise CourseError unless a row, or an object within it, has all the fields."""
    held = row if isinstance(row, dict) else {}
    missing = [field for field in fields if held.get(field) is None]
    if missing:
        raise CourseError("bbq.missing_fields", file=file, row=number, fields=", ".join(missing))


def _checked(item: dict, number: int, file: str) -> dict:
    options = item["options"]
    if len(options) != 3 or len(set(options)) != 3 or not all(str(o).strip() for o in options):
        raise CourseError("bbq.three_options", file=file, row=number)
    if item["condition"] == "ambiguous" and item["answer"] != item["unknown"]:
        raise CourseError("bbq.ambiguous_key", file=file, row=number)
    return item


# ---- the order of the options -------------------------------------------------------------


def rotations(items: pd.DataFrame) -> pd.DataFrame:
    """Every question three times, its options moved on by one each time (column ``order``).

    Over the three orders each option stands at each place once, so a model that looks at the
    place alone gets exactly a third right.
    """
    steps = [_moved(items, np.full(len(items), step)).assign(order=step) for step in range(3)]
    return pd.concat(steps, ignore_index=True)


def shuffle_options(items: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Every question once, its options in a random order; right answers evenly over A, B, C.

    Drawn within each condition and polarity, so that no place is right more often in one kind
    of question than in another.
    """
    rng = np.random.default_rng(seed)
    mixed = _reordered(items, [rng.permutation(3) for _ in range(len(items))])
    steps = np.zeros(len(items), dtype=int)
    for _, rows in mixed.reset_index(drop=True).groupby(["condition", "polarity"]):
        places = rng.permutation(np.arange(len(rows)) % 3)
        steps[rows.index] = (places - rows["answer"].to_numpy()) % 3
    return _moved(mixed, steps)


def _moved(items: pd.DataFrame, steps: np.ndarray) -> pd.DataFrame:
    return _reordered(items, [(np.arange(3) - step) % 3 for step in steps])


def _reordered(items: pd.DataFrame, orders: list[np.ndarray]) -> pd.DataFrame:
    """orders[row][k]: which of the old options stands at place k."""
    changed = items.copy()
    changed["options"] = [
        [options[old] for old in order]
        for options, order in zip(items["options"], orders, strict=True)
    ]
    for column in ("answer", "unknown", "target"):
        changed[column] = [
            old if old == NO_TARGET else int(np.flatnonzero(order == old)[0])
            for old, order in zip(items[column], orders, strict=True)
        ]
    return changed


def domain_name(domain: str, lang: str | None = None) -> str:
    """A domain of the course's own set in the reader's language; others as the file says."""
    known = ("gender", "age", "region", "occupation", "disability")
    known += ("appearance", "wealth", "education", "place")
    return text(f"bbq.domain_{domain}", lang) if domain in known else domain
