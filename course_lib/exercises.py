"""Exercises that check themselves, and say what is wrong without giving the answer away.

A section registers its exercises; a notebook asks for two things::

    check("wilson_interval", (low, high))      # feedback, in the reader's language
    solution("wilson_interval")                # one click away, folded

The words of an exercise are phrases: ``<key>_question``, ``<key>_why`` (why the right
answer is right), ``<key>_hint`` and ``<key>_solution``.
"""

import html
import inspect
import math
import numbers
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .errors import choice
from .language import text

Status = Literal["right", "wrong", "unanswered"]

# JupyterLab's own colours, so that feedback fits light and dark themes; the values after
# the comma serve pages outside JupyterLab. Each status also has its sign: colour alone
# would not reach every reader.
_SIGNS = {"right": "✅", "wrong": "❌", "unanswered": "✏️"}
_COLOURS = {
    "right": "var(--jp-success-color1, #2e7d32)",
    "wrong": "var(--jp-error-color1, #c62828)",
    "unanswered": "var(--jp-info-color1, #1565c0)",
}


@dataclass(frozen=True)
class Result:
    """What a checker found: the status, and what there is to say about this very answer."""

    status: Status
    detail: str = ""


@dataclass(frozen=True)
class Feedback:
    """What the reader is told. Shown as a note in a notebook, as plain lines elsewhere."""

    status: Status
    message: str

    @property
    def passed(self) -> bool:
        """Whether the answer was right."""
        return self.status == "right"

    def __repr__(self) -> str:
        return f"{_SIGNS[self.status]} {self.message}"

    def _repr_html_(self) -> str:
        body = html.escape(self.message).replace("\n", "<br>")
        return (
            f'<div role="status" style="border-left: 4px solid {_COLOURS[self.status]};'
            f' padding: 0.4em 0.8em">{_SIGNS[self.status]} {body}</div>'
        )


@dataclass(frozen=True)
class Solution:
    """A worked solution, folded until it is clicked."""

    prose: str
    code: str = ""

    def __repr__(self) -> str:
        return f"{self.prose}\n\n{self.code}".rstrip()

    def _repr_html_(self) -> str:
        code = f"<pre><code>{html.escape(self.code)}</code></pre>" if self.code else ""
        return (
            f"<details><summary>{html.escape(text('exercises.solution'))}</summary>"
            f"<p>{html.escape(self.prose)}</p>{code}</details>"
        )


Checker = Callable[[Any], Result]


@dataclass(frozen=True)
class Exercise:
    """One exercise; a notebook's cell that ends on it shows the question.

    ``check`` judges an answer; ``key`` is the phrase its words begin with
    (``area.name``); ``code`` is a function whose source is the solution, or None.
    """

    name: str
    key: str
    check: Checker
    code: Callable | None = None

    def __repr__(self) -> str:
        return text(f"{self.key}_question")

    def _repr_html_(self) -> str:
        return "<p>" + html.escape(repr(self)).replace("\n", "<br>") + "</p>"


_exercises: dict[str, Exercise] = {}


def register(exercise: Exercise) -> Exercise:
    """Make an exercise known by its name; one of the same name is replaced, so that a
    notebook's cell can be run again."""
    _exercises[exercise.name] = exercise
    return exercise


def check(name: str, value: Any) -> Feedback:
    """Feedback on an answer to the exercise ``name``, in the reader's language.

    ``None`` and ``...``, alone or inside a tuple or list, mean "not answered yet" and are
    no mistake: a notebook runs from top to bottom before anybody has solved anything.

    Raises CourseError for a name that no exercise has.
    """
    exercise = _find(name)
    result = Result("unanswered") if _is_open(value) else exercise.check(value)
    if result.status == "unanswered":
        return Feedback("unanswered", text("exercises.unanswered"))
    if result.status == "right":
        words = [text("exercises.right"), result.detail, text(f"{exercise.key}_why")]
    else:
        hint = text("exercises.hint", hint=text(f"{exercise.key}_hint"))
        words = [text("exercises.wrong"), result.detail, hint]
    return Feedback(result.status, "\n".join(filter(None, words)))


def solution(name: str) -> Solution:
    """The solution of the exercise ``name``. Raises CourseError for an unknown name."""
    exercise = _find(name)
    code = inspect.getsource(exercise.code).strip() if exercise.code else ""
    return Solution(text(f"{exercise.key}_solution"), code)


def _find(name: str) -> Exercise:
    return _exercises[choice(name, _exercises, "exercises.unknown")]


def _is_open(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_is_open(part) for part in value)
    return value is None or value is ...


# ------------------------------------------------------------------ checkers: what is asked


@dataclass(frozen=True)
class Number:
    """A number within ``tolerance`` (absolute) of ``expected``."""

    expected: float
    tolerance: float

    def __call__(self, value: Any) -> Result:
        if _is_number(value) and math.isclose(
            value, self.expected, rel_tol=0, abs_tol=self.tolerance
        ):
            return Result("right")
        return Result("wrong", self.complaint(value))

    def complaint(self, value: Any) -> str:
        """What is wrong with ``value``, never what would be right."""
        if not _is_number(value):
            return text("exercises.not_a_number", kind=type(value).__name__)
        if math.isnan(value):
            return text("exercises.nan")
        # The commonest slip: a percentage where a fraction is asked for, or the reverse.
        for scale, key in ((0.01, "exercises.percent"), (100, "exercises.fraction")):
            if math.isclose(value * scale, self.expected, rel_tol=0, abs_tol=self.tolerance):
                return text(key, value=f"{value:g}")
        key = "exercises.too_low" if value < self.expected else "exercises.too_high"
        return text(key, value=f"{value:g}")


@dataclass(frozen=True)
class Numbers:
    """Several numbers in order, such as the two ends of an interval."""

    expected: Sequence[float]
    tolerance: float

    def __call__(self, value: Any) -> Result:
        if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != len(self.expected):
            return Result("wrong", text("exercises.how_many", n=len(self.expected)))
        complaints = []
        for position, (given, expected) in enumerate(
            zip(value, self.expected, strict=True), start=1
        ):
            number = Number(expected, self.tolerance)
            if number(given).status == "wrong":
                complaint = number.complaint(given)
                complaints.append(
                    text("exercises.at_position", position=position, complaint=complaint)
                )
        return Result("wrong", "\n".join(complaints)) if complaints else Result("right")


@dataclass(frozen=True)
class Choice:
    """One of several options.

    ``wrong`` maps each wrong option to the phrase that says what speaks against it. Options
    that are text are compared without regard to case or surrounding space.
    """

    right: str | bool
    wrong: Mapping[str | bool, str]

    def __call__(self, value: Any) -> Result:
        if isinstance(value, str):
            value = value.strip().casefold()
        options = {
            option.casefold() if isinstance(option, str) else option: option
            for option in (self.right, *self.wrong)
        }
        # 1 == True, and a reader who writes 1 has not answered a yes-or-no question.
        if not isinstance(value, (str, bool, np.bool_)) or value not in options:
            names = ", ".join(sorted(map(str, options.values())))
            return Result("wrong", text("exercises.not_an_option", options=names))
        chosen = options[value]
        return (
            Result("right") if chosen == self.right else Result("wrong", text(self.wrong[chosen]))
        )


@dataclass(frozen=True)
class Decision:
    """Whether an effect is there, True or False, by an interval that the right answer shows.

    ``key`` is the phrase's; beside the usual ones it has ``<key>_missed``,
    ``<key>_invented`` and ``<key>_interval``, which is filled with ``shown``.
    """

    right: bool
    key: str
    shown: Mapping[str, float]

    def __call__(self, value: Any) -> Result:
        slip = f"{self.key}_{'missed' if self.right else 'invented'}"
        result = Choice(self.right, {not self.right: slip})(value)
        if result.status != "right":
            return result
        return Result("right", text(f"{self.key}_interval", **self.shown))


@dataclass(frozen=True)
class Score:
    """How well a reader's function did; ``detail`` tells where it went wrong."""

    value: float
    detail: str = ""


@dataclass(frozen=True)
class Function:
    """A function of one argument, tried on ``inputs`` and scored.

    ``score`` takes the list of its outputs, one an input; ``at_least`` is the score that
    passes, such as a baseline's. ``returns`` is the type each output must have.
    """

    inputs: Sequence[Any]
    score: Callable[[list], Score]
    at_least: float
    returns: type = bool

    def __call__(self, value: Any) -> Result:
        if not callable(value):
            return Result("wrong", text("exercises.not_a_function", kind=type(value).__name__))
        outputs = []
        for given in self.inputs:
            try:
                output = value(given)
            except NotImplementedError:
                return Result("unanswered")
            # The reader's code may raise anything; all of it becomes feedback.
            except Exception as error:
                return Result("wrong", _explain(error, given))
            outputs.append(output.item() if isinstance(output, np.generic) else output)
        if all(_is_open(output) for output in outputs):
            return Result("unanswered")
        for given, output in zip(self.inputs, outputs, strict=True):
            if not isinstance(output, self.returns):
                fields = {"wanted": self.returns.__name__, "kind": type(output).__name__}
                return Result("wrong", text("exercises.returned", given=_short(given), **fields))
        score = self.score(outputs)
        passed = score.value >= self.at_least
        line = text("exercises.score", value=score.value, at_least=self.at_least)
        return Result("right" if passed else "wrong", "\n".join(filter(None, (line, score.detail))))


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _explain(error: Exception, given: Any) -> str:
    """The error in a reader's function: what, on which input, on which line."""
    fields = {"kind": type(error).__name__, "error": str(error), "given": _short(given)}
    message = text("exercises.raised", **fields)
    # Frame 0 is this module; without a next one the call itself failed.
    frames = traceback.extract_tb(error.__traceback__)[1:]
    if frames and frames[0].line:
        message += "\n" + text("exercises.line", line=frames[0].line.strip())
    return message


def _short(value: Any, length: int = 60) -> str:
    shown = repr(value)
    return shown if len(shown) <= length else shown[: length - 1] + "…"
