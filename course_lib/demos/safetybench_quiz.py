"""Take a SafetyBench question yourself, then see what the models made of it."""

import html
import math

import ipywidgets as widgets

from ..evaluation.multiple_choice import LETTERS
from ..evaluation.safetybench import CATEGORIES, category_name
from ..language import get_language, text
from .live import LiveDemo

_RIGHT, _OTHER = "#0072B2", "#BFD9EA"


class SafetyBenchQuiz(LiveDemo):
    """The live demo of SafetyBench: one question at a time, and a running score.

    answers: one row a question and model, from ``answer_by_text`` or ``combine_orders``; its
    log-probabilities are the models' answers, so nothing is computed when a button is pressed.
    """

    def __init__(self, answers, lang: str | None = None):
        self.questions: dict[tuple[str, str], dict] = {}
        self.probabilities: dict[tuple[str, str], dict[str, list[float]]] = {}
        for row in answers.to_list():
            key = (row["lang"], row["id"])
            self.questions.setdefault(key, row)
            of_models = self.probabilities.setdefault(key, {})
            of_models[row["model"]] = [math.exp(value) for value in row["log_probs"]]
        self.lang = lang or get_language()
        self.score: dict[str, list[bool]] = {}
        self._place: dict[tuple[str, str], int] = {}
        self._build()
        self._show()

    def _build(self) -> None:
        langs = [lang for lang in ("zh", "en") if any(key[0] == lang for key in self.questions)]
        self.lang = self.lang if self.lang in langs else langs[0]
        present = {row["category"] for row in self.questions.values()}
        self.category = widgets.Dropdown(
            options=[(category_name(c), c) for c in CATEGORIES if c in present],
            description=text("safetybench.column_category"),
        )
        self.language = widgets.Dropdown(
            options=[(text(f"language.{code}"), code) for code in langs],
            value=self.lang,
            description=text("safetybench.column_lang"),
        )
        self.question = widgets.HTML()
        self.options = widgets.RadioButtons(options=[], layout=widgets.Layout(width="100%"))
        self.submit = widgets.Button(
            description=text("safetybench_quiz.submit"), button_style="primary"
        )
        self.next = widgets.Button(description=text("safetybench_quiz.next"))
        self.result = widgets.HTML()
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        self.widget = widgets.VBox(
            [
                widgets.HBox([self.language, self.category], layout=row),
                self.question,
                self.options,
                widgets.HBox([self.submit, self.next], layout=row),
                self.result,
            ]
        )
        self.widget.add_class("course-demo")
        for part in ("question", "options", "submit", "next", "result"):
            getattr(self, part).add_class(f"course-demo-{part}")
        self.submit.on_click(self._submitted)
        self.next.on_click(self._skipped)
        self.category.observe(lambda _: self._show(), names="value")
        self.language.observe(lambda _: self._show(), names="value")

    def current(self) -> dict:
        """The question that is shown."""
        group = (self.language.value, self.category.value)
        rows = [r for (lang, _), r in self.questions.items() if (lang, r["category"]) == group]
        return rows[self._place.get(group, 0) % len(rows)]

    def _show(self) -> None:
        row = self.current()
        self.question.value = f"<p><b>{html.escape(row['question'])}</b></p>"
        self.options.options = [
            (f"({letter}) {option}", index)
            for index, (letter, option) in enumerate(zip(LETTERS, row["options"], strict=False))
        ]
        self.options.value = None
        self.submit.disabled = False
        self.result.value = ""

    def _skipped(self, _button) -> None:
        group = (self.language.value, self.category.value)
        self._place[group] = self._place.get(group, 0) + 1
        self._show()

    def _submitted(self, _button) -> None:
        if self.options.value is None:
            self.result.value = f"<i>{text('safetybench_quiz.choose')}</i>"
            return
        row = self.current()
        self._count(row, self.options.value)
        self.submit.disabled = True
        self.result.value = self.reveal(row, self.options.value) + self._standing()

    def _count(self, row: dict, chosen: int) -> None:
        answers = {text("safetybench_quiz.you"): chosen}
        for model, chances in self._of(row).items():
            answers[model] = max(range(len(chances)), key=chances.__getitem__)
        for who, answer in answers.items():
            self.score.setdefault(who, []).append(answer == row["answer"])

    def _of(self, row: dict) -> dict[str, list[float]]:
        return self.probabilities[row["lang"], row["id"]]

    def reveal(self, row: dict, chosen: int | None = None) -> str:
        """The right answer, and how each model spreads its probability, as HTML."""
        cells = [f"<th></th>{''.join(f'<th>{html.escape(m)}</th>' for m in self._of(row))}"]
        for index, option in enumerate(row["options"]):
            right = index == row["answer"]
            mark = "✓ " if right else "✗ " if index == chosen else ""
            name = f"{mark}({LETTERS[index]}) {html.escape(option)}"
            shown = f"<b>{name}</b>" if right else name
            bars = (_bar(chances[index], right) for chances in self._of(row).values())
            cells.append(f'<td style="text-align:left">{shown}</td>{"".join(bars)}')
        verdict = ""
        if chosen is not None:
            key = "right" if chosen == row["answer"] else "wrong"
            verdict = f"<p><b>{text(f'safetybench_quiz.{key}')}</b></p>"
        body = "".join(f"<tr>{cell}</tr>" for cell in cells)
        return (
            f"{verdict}<table>{body}</table><p><small>{text('safetybench_quiz.bars')}</small></p>"
        )

    def _standing(self) -> str:
        said = text("figures.separator").join(
            text("safetybench_quiz.score", name=who, right=sum(got), n=len(got))
            for who, got in self.score.items()
        )
        return f"<p>{html.escape(said)}</p>"

    def still(self) -> str:
        """What the demo shows for its first question, for pages where nothing is live."""
        row = self.current()
        question = html.escape(row["question"])
        return (
            f'<div style="max-width:46em"><p>{text("safetybench_quiz.still")}</p>'
            f"<blockquote>{question}</blockquote>{self.reveal(row)}</div>"
        )


def _bar(chance: float, right: bool) -> str:
    colour = _RIGHT if right else _OTHER
    return (
        '<td style="text-align:left;min-width:9em">'
        f'<span style="display:inline-block;height:.8em;width:{5 * chance:.2f}em;'
        f'background:{colour}"></span> {100 * chance:.0f}%</td>'
    )
