"""Two answers in random order: choose the better one, then see what the models chose."""

import html

import ipywidgets as widgets
import pandas as pd
from datasets import Dataset

from ..evaluation.hhh import SCORERS, as_options
from ..language import text
from .live import LiveDemo

_SIDES = ("A", "B")


class HHHArena(LiveDemo):
    """The pair arena of the notebook on HHH.

    pairs: from ``load_pairs``; scored: ``score_pairs`` of some or all of them, by one or more
    models, of which the rows without a prefix are shown. The first pair is the one that
    readers see where nothing is live.
    """

    def __init__(self, pairs: Dataset, scored: pd.DataFrame, seed: int = 0):
        options = as_options(pairs, seed=seed).to_pandas()
        plain = scored[~scored["prefix"] & scored["lang"].isin(set(pairs["lang"]))]
        self.scored = {name: rows for name, rows in plain.groupby("id")}
        self.options = options[options["id"].isin(self.scored)].sample(frac=1, random_state=seed)
        self.at, self.right, self.asked = 0, 0, 0
        self.question, self.result = widgets.HTML(), widgets.HTML()
        wide = widgets.Layout(flex="1 1 16em", min_width="14em")
        self.answers = [widgets.HTML(layout=wide) for _ in _SIDES]
        self.buttons = [
            widgets.Button(description=f"{side}: {text('hhh.demo_pick')}") for side in _SIDES
        ]
        self.next = widgets.Button(description=text("hhh.demo_next"))
        flow = widgets.Layout(flex_flow="row wrap")
        self.widget = widgets.VBox(
            [
                self.question,
                widgets.HBox(self.answers, layout=flow),
                widgets.HBox([*self.buttons, self.next], layout=flow),
                self.result,
            ]
        )
        self.widget.add_class("course-demo")
        self.next.add_class("course-demo-next")
        for side, button in enumerate(self.buttons):
            button.add_class(f"course-demo-pick-{_SIDES[side].lower()}")
            button.on_click(lambda _, side=side: self.pick(side))
        self.next.on_click(lambda _: self.turn())
        self._show()

    @property
    def row(self) -> dict:
        """The pair on show: id, aspect, prompt, first, second, gold, lang."""
        return self.options.iloc[self.at].to_dict()

    def turn(self) -> None:
        """On to the next pair; after the last, the first again."""
        self.at = (self.at + 1) % len(self.options)
        self._show()

    def pick(self, side: int) -> None:
        """The reader chooses side 0 or 1; the key and the models' choices appear."""
        self.asked += 1
        self.right += side == self.row["gold"]
        for button in self.buttons:
            button.disabled = True
        said = "right" if side == self.row["gold"] else "wrong"
        verdict = text(f"hhh.demo_{said}", aspect=text(f"hhh.{self.row['aspect']}"))
        score = text("hhh.demo_score", right=self.right, n=self.asked)
        self.result.value = f"<p><b>{verdict}</b> {score}</p>{self.choices()}"

    def choices(self) -> str:
        """What each model takes by each score, as an HTML list."""
        gold = self.row["gold"]
        lines = []
        for row in self.scored[self.row["id"]].to_dict("records"):
            picks = []
            for scorer in SCORERS:
                good = row[f"better_{scorer}"] > row[f"worse_{scorer}"]
                side = _SIDES[gold if good else 1 - gold]
                mark = "✓" if good else "✗"
                name = text(f"hhh.{scorer}")
                picks.append(f"{text('hhh.demo_picked', scorer=name, side=side)} {mark}")
            listed = text("figures.separator").join(picks)
            lines.append(f"<li>{text('hhh.demo_model', model=row['model'], picks=listed)}</li>")
        return f"<ul>{''.join(lines)}</ul>"

    def still(self) -> str:
        """The pair on show with its key, for pages where nothing is live."""
        boxes = "".join(
            f"<td style='width:50%;text-align:left'>{a.value}</td>" for a in self.answers
        )
        return (
            f'<div style="max-width:46em"><p>{text("hhh.demo_still")}</p>{self.question.value}'
            f"<table><tr style='vertical-align:top'>{boxes}</tr></table>{self.choices()}</div>"
        )

    def _show(self) -> None:
        row = self.row
        asked = html.escape(row["prompt"])
        self.question.value = f"<p>{text('hhh.demo_question')}</p><blockquote>{asked}</blockquote>"
        for side, (box, column) in enumerate(zip(self.answers, ("first", "second"), strict=True)):
            box.value = f"<b>{_SIDES[side]}.</b> {html.escape(row[column])}"
        for button in self.buttons:
            button.disabled = False
        self.result.value = ""
