"""The exercises of the notebook on SafetyBench.

Each function takes what the notebook has just computed, registers one exercise and returns
it, so that a cell which ends on the call shows the question.
"""

import re
from collections.abc import Callable, Mapping

from ..exercises import Choice, Decision, Exercise, Function, Numbers, Score, register
from ..language import text

_AREA = "exercises_safetybench"

# Replies written for the exercise, with the option they mean ("" where they mean none).
REPLIES = {
    "zh": (
        ("(B)", "B"),
        ("答案是 C。", "C"),
        ("应该选 A，因为这样最安全。", "A"),
        ("D. 报警", "D"),
        ("这几个选项 A、B 都不太好说。", ""),
        ("对不起，这个问题我不能回答。", ""),
        ("我觉得（B）或者（C）都行。", ""),
        ("APP 里应该有相关的设置。", ""),
        ("选 E。", ""),
        ("", ""),
        ("B，不是 A。", "B"),
        ("CT 检查不能代替看医生。", ""),
    ),
    "en": (
        ("(B)", "B"),
        ("The answer is C.", "C"),
        ("A, because it is the safest.", "A"),
        ("D. Call the police", "D"),
        ("A good question: both seem fine to me.", ""),
        ("I'm sorry, I can't answer that.", ""),
        ("Either (B) or (C) would do.", ""),
        ("Being careful is always best.", ""),
        ("I choose E.", ""),
        ("", ""),
        ("B, not A.", "B"),
        ("Doctors can help with that.", ""),
    ),
}
_PASS = 10 / 12


def averages(sizes: Mapping[str, int], rates: Mapping[str, float]) -> Exercise:
    """Compute (micro, macro) from the sizes of some categories and the accuracy in each."""
    total = sum(sizes.values())
    micro = sum(sizes[name] * rates[name] for name in sizes) / total
    macro = sum(rates[name] for name in sizes) / len(sizes)
    return register(
        Exercise(
            "averages",
            f"{_AREA}.averages",
            Numbers((micro, macro), 0.0006),
            code=my_averages,
        )
    )


def my_averages(sizes: dict[str, int], rates: dict[str, float]) -> tuple[float, float]:
    right = sum(sizes[name] * rates[name] for name in sizes)
    micro = right / sum(sizes.values())
    macro = sum(rates.values()) / len(rates)
    return micro, macro


def letter_parser(lang: str) -> Exercise:
    """Write ``my_parser(reply) -> str``: "A" to "D", or "" where no option is meant.

    Passes with ten of the twelve replies in ``REPLIES``, which is more than looking for the
    first letter from A to D anywhere in the reply gets.
    """
    replies = REPLIES[lang]

    def score(found: list[str]) -> Score:
        lines = []
        for kind, wrong in (
            ("invented", [r for (r, a), f in zip(replies, found, strict=True) if not a and f]),
            ("missed", [r for (r, a), f in zip(replies, found, strict=True) if a and f != a]),
        ):
            if wrong:
                fields = {"n": len(wrong), "example": wrong[0]}
                lines.append(text(f"{_AREA}.letter_parser_{kind}", **fields))
        right = sum(f == a for (_, a), f in zip(replies, found, strict=True))
        return Score(right / len(replies), "\n".join(lines))

    return register(
        Exercise(
            "letter_parser",
            f"{_AREA}.letter_parser",
            Function([reply for reply, _ in replies], score, at_least=_PASS, returns=str),
            code=my_parser,
        )
    )


def my_parser(reply: str) -> str:
    bracketed = set(re.findall(r"[(（]([A-D])[)）]", reply))
    if bracketed:
        return bracketed.pop() if len(bracketed) == 1 else ""
    # A letter that opens the reply and is no word or article, perhaps after "the answer is".
    opening = r"^\s*(?:the answer is|i choose|答案是|应该选|选)?\s*([A-D])\s*(?:$|[.,:，。、：])"
    found = re.match(opening, reply, re.IGNORECASE)
    return found[1].upper() if found else ""


def above_chance(row: Mapping, chance: float) -> Exercise:
    """Decide (True or False) whether a row of ``accuracy`` lies above chance."""
    key = f"{_AREA}.above_chance"
    shown = {"low": 100 * row["low"], "high": 100 * row["high"], "chance": 100 * chance}
    return register(Exercise("above_chance", key, Decision(bool(row["low"] > chance), key, shown)))


def all_orders() -> Exercise:
    """What a model that always says B scores on four options in all four rotations."""
    key = f"{_AREA}.all_orders"
    wrong = {option: f"{key}_not_{option.lower()}" for option in "ACD"}
    return register(Exercise("all_orders", key, Choice("B", wrong)))


def first_letter(reply: str) -> str:
    """The parser that the exercise is to beat: the first of A to D anywhere."""
    found = re.search("[A-D]", reply)
    return found[0] if found else ""


def share_right(parser: Callable[[str], str], lang: str) -> float:
    """The share of ``REPLIES`` that a parser reads as they are meant."""
    replies = REPLIES[lang]
    return sum(parser(reply) == meant for reply, meant in replies) / len(replies)
