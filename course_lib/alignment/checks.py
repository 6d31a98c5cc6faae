"""Decide by a small rule whether an answer follows a checkable instruction.

Before any rule is applied the answer is cleaned: full-width signs become half-width ones,
spaces and quotation marks around it go, case is ignored. An empty answer never passes.
*Words* are English words; in Chinese they are characters without punctuation. The *first
sentence* ends at the first full stop, question or exclamation mark or line break.

``contains_any``  one of ``values`` stands in the answer, as a whole word (plural allowed)
``one_of``        of ``options``, the first sentence names exactly one, and it is ``value``
``yes_no``        the answer starts with yes or no (是 对 会 能 有 可以 or 不 否 没), as ``value``
``number``        the last number of the first sentence is ``value``; number words (0 to 100)
                  are read where the sentence has no digits
``items``         exactly ``n`` different items, parted by commas, 、, semicolons, line breaks,
                  numbering, "and" or 和; an item has at most 4 words (8 in Chinese), none of
                  them "I" or 我, so that no clause counts; a lead-in up to a colon is dropped
``max_words``     at most ``n`` words and, where given, one of ``contains_any`` among them
``starts_with``   the answer starts with ``value`` and goes on
``ends_with``     the answer ends with ``value`` and has more before it; a final full stop,
                  question or exclamation mark is ignored unless ``value`` has one
``exactly``       without its final full stop, the answer is ``value``
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

Check = dict[str, Any]

_AROUND = " \t\r\n\"'`“”‘’「」『』"
_ITEM_WORDS = {"en": 4, "zh": 8}
_SPEAKER = re.compile(r"\bi\b|我")
_SENTENCE_END = re.compile(r"[。!?\n]|\.(?=[\s\"'”’]|$)")
_LEAD_IN = re.compile(r"^[^:\n]*:(?=.*\S)", re.DOTALL)
_BETWEEN_ITEMS = re.compile(r"\(?\d+\s*[.)、]|[,，、;\n]|\band\b|以及|[和与]")

_YES_NO = {
    "en": {"yes": re.compile(r"yes\b"), "no": re.compile(r"no\b(?! problem)")},
    # Some words begin like an answer and are none: 对不起, 是否, 不好意思; 没错 means yes.
    "zh": {
        "yes": re.compile(
            r"是(?!否|不是)|对(?!不|于)|会(?!不会)|能(?!否|不能)|有(?!没有|时|些|人|点)"
            r"|可以(?!不)|当然(?!不|没)|没错|没问题"
        ),
        "no": re.compile(r"(?:当然)?(?:不(?!错|好意思|知道|确定|清楚)|否|没(?!错|问题))"),
    },
}


def _number_names() -> dict[str, int]:
    """0 to 100 as written in words, English and Chinese."""
    ones = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen"
        " fourteen fifteen sixteen seventeen eighteen nineteen"
    ).split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    figures = "零一二三四五六七八九"
    names = {name: n for n, name in enumerate(ones)} | {"hundred": 100, "one hundred": 100}
    names |= {"两": 2, "一百": 100} | {name: n for n, name in enumerate(figures)}
    for n in range(20, 100):
        name = tens[n // 10 - 2]
        names[f"{name} {ones[n % 10]}" if n % 10 else name] = n
    for n in range(10, 100):
        lead = figures[n // 10] if n >= 20 else ""
        names[f"{lead}十{figures[n % 10] if n % 10 else ''}"] = n
    return names


_NAMES = _number_names()
_LONGEST_FIRST = sorted(_NAMES, key=len, reverse=True)
_NUMBER_WORD = re.compile(
    rf"\b(?:{'|'.join(n for n in _LONGEST_FIRST if n.isascii())})\b"
    rf"|{'|'.join(n for n in _LONGEST_FIRST if not n.isascii())}"
)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip(_AROUND).casefold()


def _without_stop(text: str, stops: str = ".。") -> str:
    return re.sub(rf"[{stops}]$", "", text).strip(_AROUND)


def _first_sentence(text: str) -> str:
    return _SENTENCE_END.split(text, maxsplit=1)[0]


def _size(text: str, lang: str) -> int:
    return len(re.findall(r"\w" if lang == "zh" else r"\w+(?:['’-]\w+)*", text))


def _names(text: str, word: str) -> bool:
    """Whether ``word`` stands in ``text``; a Latin word or a number only as a whole."""
    word = re.escape(_clean(word))
    return re.search(rf"(?<![a-z0-9]){word}(?:e?s)?(?![a-z0-9])", text) is not None


def _numbers(text: str) -> list[float]:
    digits = re.findall(r"\d+(?:\.\d+)?", text)
    return [float(d) for d in digits] or [
        _NAMES[name] for name in _NUMBER_WORD.findall(text.replace("-", " "))
    ]


def _contains_any(text: str, check: Check, lang: str) -> bool:
    return any(_names(text, value) for value in check["values"])


def _one_of(text: str, check: Check, lang: str) -> bool:
    first = _first_sentence(text)
    return [o for o in check["options"] if _names(first, o)] == [check["value"]]


def _yes_no(text: str, check: Check, lang: str) -> bool:
    return _YES_NO[lang][check["value"]].match(text) is not None


def _number(text: str, check: Check, lang: str) -> bool:
    return _numbers(_first_sentence(text))[-1:] == [check["value"]]


def _items(text: str, check: Check, lang: str) -> bool:
    parts = _BETWEEN_ITEMS.split(_LEAD_IN.sub("", _without_stop(text)))
    items = [item for part in parts if (item := part.strip(_AROUND + ".。-•*"))]
    plain = all(_size(i, lang) <= _ITEM_WORDS[lang] and not _SPEAKER.search(i) for i in items)
    return len(items) == len(set(items)) == check["n"] and plain


def _max_words(text: str, check: Check, lang: str) -> bool:
    wanted = check.get("contains_any")
    fits = 1 <= _size(text, lang) <= check["n"]
    return fits and (not wanted or any(_names(text, value) for value in wanted))


def _starts_with(text: str, check: Check, lang: str) -> bool:
    value = _clean(check["value"])
    return text.startswith(value) and len(_without_stop(text)) > len(value)


def _ends_with(text: str, check: Check, lang: str) -> bool:
    value = _clean(check["value"])
    text = text if value[-1] in ".。!?" else _without_stop(text, ".。!?")
    return text.endswith(value) and len(text) > len(value)


def _exactly(text: str, check: Check, lang: str) -> bool:
    return _without_stop(text) == _without_stop(_clean(check["value"]))


RULES: dict[str, Callable[[str, Check, str], bool]] = {
    "contains_any": _contains_any,
    "one_of": _one_of,
    "yes_no": _yes_no,
    "number": _number,
    "items": _items,
    "max_words": _max_words,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "exactly": _exactly,
}


def passes(answer: str, check: Check, lang: str) -> bool:
    """Whether ``answer`` (in ``lang``, "zh" or "en") passes ``check``; see the module's text."""
    text = _clean(answer)
    return bool(text) and RULES[check["rule"]](text, check, lang)
