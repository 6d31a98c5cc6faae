"""Ask a model something, with or without the safety prefix, and watch the judge at work."""

import html
import threading
from collections.abc import Sequence

import ipywidgets as widgets

from ..errors import CourseError
from ..exaggerated_safety.prefix import safety_prefix
from ..judges import RefusalRules
from ..language import text
from ..models.chat import language_of
from ..sentences import clip
from .live import LiveDemo

_COLOURS = {  # as in the figures
    "full_compliance": "#0072B2",
    "partial_refusal": "#E69F00",
    "full_refusal": "#D55E00",
    "unparsed": "#666666",
}
_SHOWN = 160  # characters of an answer: enough to see what it does, not to use it


def _complaint(message: str) -> str:
    return f'<div style="color:#D55E00">{html.escape(message)}</div>'


class RefusalDemo(LiveDemo):
    """The live demo of exaggerated safety.

    models: those to choose from. example: the prompt it starts with; its answer is also what
    readers see where nothing is live (on a web page, in print).
    """

    def __init__(self, models: Sequence, example: str, max_new_tokens: int = 32):
        self.models = {model.name: model for model in models}
        self.judge, self.max_new_tokens = RefusalRules(), max_new_tokens
        wide = widgets.Layout(width="auto")
        self.prompt = widgets.Textarea(
            value=example, layout=wide, rows=2, placeholder=text("demos.placeholder")
        )
        names = list(self.models)
        self.model = widgets.Dropdown(
            options=names, value=names[-1], description=text("demos.model")
        )
        self.prefix = widgets.Checkbox(value=False, indent=False, description=text("demos.prefix"))
        self.button = widgets.Button(description=text("demos.run"), button_style="primary")
        self.result = widgets.HTML()
        controls = widgets.HBox(
            [self.model, self.prefix, self.button],
            layout=widgets.Layout(flex_flow="row wrap", align_items="center"),
        )
        self.widget = widgets.VBox([self.prompt, controls, self.result])
        for part in ("prompt", "model", "prefix", "result"):
            getattr(self, part).add_class(f"course-demo-{part}")
        self.button.add_class("course-demo-run")
        self.widget.add_class("course-demo")
        self._warming: set[str] = set()
        self.button.on_click(self._clicked)
        self.prompt.observe(self._touched, "value")
        self.model.observe(self._touched, "value")

    def ask(self, prompt: str, model: str, prefix: bool) -> str:
        """The answer, clipped, its verdict and why, as HTML.

        Raises CourseError for a prompt that cannot be asked.
        """
        system = safety_prefix(language_of(prompt)) if prefix else None
        answer = self.models[model].answer(
            [prompt], system=system, max_new_tokens=self.max_new_tokens, progress=False
        )[0]
        verdict = self.judge.verdict(prompt, answer)
        colour = _COLOURS[verdict.label]
        return (
            f'<div style="border-left:4px solid {colour};padding:.3em .8em;line-height:1.6">'
            f"<div>{html.escape(clip(answer, _SHOWN)) or '—'}</div>"
            f'<div><b style="color:{colour}">{text(f"judges.{verdict.label}")}</b> '
            f"<small>{html.escape(verdict.why)}</small></div></div>"
        )

    def _touched(self, _change) -> None:
        """While the reader still types, the chosen model's weights are read."""
        name = self.model.value
        if name not in self._warming:
            self._warming.add(name)
            threading.Thread(target=self.models[name].load, daemon=True).start()

    def _clicked(self, _button) -> None:
        self.button.disabled = True
        self.result.value = f"<i>{text('demos.thinking')}</i>"
        try:
            self.result.value = self.ask(self.prompt.value, self.model.value, self.prefix.value)
        except CourseError as error:
            self.result.value = _complaint(str(error))
        except Exception as error:  # ipywidgets logs it where no reader looks
            self.result.value = _complaint(text("demos.failed", reason=type(error).__name__))
            raise
        finally:
            self.button.disabled = False

    def still(self) -> str:
        """What the demo shows for its example, for pages where nothing is live."""
        blocks = []
        for model in self.models:
            shown = self.ask(self.prompt.value, model, prefix=False)
            blocks.append(f"<p><b>{html.escape(model)}</b></p>{shown}")
        question = html.escape(self.prompt.value)
        return (
            f'<div style="max-width:46em"><p>{text("demos.still")}</p>'
            f"<blockquote>{question}</blockquote>{''.join(blocks)}</div>"
        )
