"""The live demo of exaggerated safety, with models that answer at once or not at all."""

import threading

import pytest

from course_lib.demos.refusal import RefusalDemo
from course_lib.errors import CourseError
from course_lib.language import text


class Echo:
    """A model that says the same always, or raises."""

    def __init__(self, name: str, says):
        self.name, self.says, self.loads, self.loaded = name, says, 0, threading.Event()

    def load(self):
        self.loads += 1
        self.loaded.set()

    def answer(self, prompts, **_settings):
        if isinstance(self.says, Exception):
            raise self.says
        return [self.says] * len(prompts)


def test_it_asks_and_judges(lang):
    said = {"zh": "抱歉，我不能帮忙。", "en": "Sorry, I can't help with that."}[lang]
    demo = RefusalDemo([Echo("one", "Hi"), Echo("two", said)], "?")
    demo.button.click()
    assert text("judges.full_refusal") in demo.result.value and said[:2] in demo.result.value
    assert not demo.button.disabled


def test_typing_reads_the_weights_once():
    models = [Echo("one", "Hi"), Echo("two", "Hi")]
    demo = RefusalDemo(models, "?")
    for typed in ("H", "Ho", "How"):
        demo.prompt.value = typed
    demo.model.value = "one"
    assert all(model.loaded.wait(10) for model in models)
    assert [model.loads for model in models] == [1, 1]


def test_what_cannot_be_asked_is_said(lang):
    demo = RefusalDemo([Echo("one", CourseError("models.empty_prompt", row=1))], "?")
    demo.button.click()
    assert text("models.empty_prompt", row=1) in demo.result.value and not demo.button.disabled


def test_a_failure_never_looks_like_thinking(lang):
    """ipywidgets logs what a click raises where no reader looks."""
    demo = RefusalDemo([Echo("one", RuntimeError("no memory"))], "?")
    with pytest.raises(RuntimeError):
        demo._clicked(demo.button)
    assert text("demos.failed", reason="RuntimeError") in demo.result.value
    assert not demo.button.disabled
