"""Tables of sentences to read: nothing cut off in the middle, nothing squeezed."""

import hashlib
import html
import unicodedata

import pandas as pd


def with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that have their text: recorded verdicts have none."""
    return frame[~frame["recorded"].astype(bool)] if "recorded" in frame else frame


def clip(answer: str, length: int = 60) -> str:
    """The beginning of an answer on one line."""
    line = " ".join(answer.split())
    return line if len(line) <= length else line[: length - 1] + "…"


class Sentences:
    """A table of sentences: no row numbers, left-aligned, nothing cut off. ``frame``: its data."""

    def __init__(self, frame: pd.DataFrame, caption: str = ""):
        self.frame, self.caption = frame, caption

    def __repr__(self) -> str:
        table = self.frame.to_csv(sep="|", index=False)
        return f"{table}{self.caption}"

    def _repr_html_(self) -> str:
        left = {"text-align": "left", "vertical-align": "top"}
        return self.frame.style.hide(axis="index").format(escape="html").set_uuid(
            self._name()
        ).set_properties(**left).set_properties(
            subset=_short_columns(self.frame), **{"white-space": "nowrap"}
        ).set_table_styles([{"selector": "th", "props": "text-align: left"}]).to_html() + (
            f"<p><small>{html.escape(self.caption)}</small></p>" if self.caption else ""
        )

    def _name(self) -> str:
        """By what is in it: a page's tables must not share a name, or they share their styles."""
        return hashlib.sha256(self.frame.to_csv().encode()).hexdigest()[:8]


def _short_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of words rather than sentences: broken over lines they are hard to read."""
    return [c for c in frame.columns if frame[c].astype(str).map(_width).max() <= 20]


def _width(words: str) -> int:
    """In half-width characters: Chinese ones are twice as wide as Latin ones."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in words)
