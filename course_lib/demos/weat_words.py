"""Move words between the sets of an association test and watch the effect change."""

import base64
import html

import ipywidgets as widgets

from ..canvas import png
from ..errors import CourseError
from ..evaluation.weat import name_of_set, weat_effects, word_associations
from ..evaluation.weat_figures import plot_associations
from ..evaluation.word_sets import WordTest
from ..evaluation.word_vectors import input_embeddings
from ..language import text
from ..measures import Estimate
from .live import LiveDemo
from .word_board import WordBoard

_ASIDE = "aside"


class WeatWordsDemo(LiveDemo):
    """The live demo of the word association test.

    model: whose input embeddings are the vectors. test: the sets it starts with.
    """

    def __init__(self, model, test: WordTest):
        self.model, self.test = model, test
        titles = {name: name_of_set(name) for name in test.sets}
        self.board = WordBoard(
            sets=self._start(), titles=titles | {_ASIDE: text("weat_demo.aside")}
        )
        self.board.observe(lambda _: self._show(), "sets")
        self.word = widgets.Text(placeholder=text("weat_demo.placeholder"), continuous_update=False)
        self.word.observe(self._typed, "value")
        self.reset = widgets.Button(description=text("weat_demo.reset"))
        self.reset.on_click(lambda _button: setattr(self.board, "sets", self._start()))
        self.result = widgets.HTML()
        row = widgets.Layout(flex_flow="row wrap")
        self.widget = widgets.VBox(
            [
                widgets.HTML(text("weat_demo.how")),
                self.board,
                widgets.HBox([self.word, self.reset], layout=row),
                self.result,
            ]
        )
        for part in ("word", "reset", "result"):
            getattr(self, part).add_class(f"course-demo-{part}")
        self.widget.add_class("course-demo")
        self._show()

    def move(self, words, to: str) -> None:
        """Put words into another set; one that is in no set yet is added to it."""
        words = list(dict.fromkeys(words))
        sets = {
            name: [word for word in own if word not in words]
            for name, own in self.board.sets.items()
        }
        sets[to] += words
        self.board.sets = sets

    def shown(self) -> str:
        """The effect and the picture of the words as HTML; what is wrong where there is none."""
        sets = self.board.sets
        try:
            test = WordTest(
                self.test.name,
                {name: sets[name] for name in self.test.targets},
                {name: sets[name] for name in self.test.attributes},
            )
            vectors = input_embeddings(self.model, test.words)
            row = weat_effects(vectors, test, draws=5_000, bootstrap_draws=500).iloc[0]
            fig = plot_associations(word_associations(vectors, test), list(test.attributes))
        except CourseError as error:
            return f'<div style="color:#D55E00">{html.escape(str(error))}</div>'
        n = row["n_x"] + row["n_y"]
        d = f"{Estimate(row['d'], row['low'], row['high'], n, row['note']):.2f}"
        p = f"{row['p']:.2g}"
        picture = base64.b64encode(png(fig)).decode()
        return (
            f"<p><b>{html.escape(text('weat_demo.effect', d=d, p=p))}</b></p>"
            f'<img alt="{html.escape(fig.course_alt)}" style="max-width:100%;width:720px" '
            f'src="data:image/png;base64,{picture}">'
        )

    def still(self) -> str:
        """What the demo shows now, for pages where nothing is live."""
        titles = self.board.titles
        lists = "".join(
            f"<li><b>{html.escape(titles[name])}</b> {html.escape(', '.join(words))}</li>"
            for name, words in self.board.sets.items()
            if words
        )
        return f"<div><p>{text('weat_demo.still')}</p><ul>{lists}</ul>{self.result.value}</div>"

    def _start(self) -> dict[str, list[str]]:
        return {name: list(words) for name, words in self.test.sets.items()} | {_ASIDE: []}

    def _show(self) -> None:
        self.result.value = self.shown()

    def _typed(self, _change) -> None:
        if word := self.word.value.strip():
            self.move([word], _ASIDE)
            self.word.value = ""
