"""From a question to the exact text a model reads."""

import json
import re
from functools import cache

from ..paths import data_dir

_HAN = re.compile(r"[\u3400-\u9fff]")


def language_of(prompt: str) -> str:
    """ "zh" when the text has a Chinese character in it, else "en"."""
    return "zh" if _HAN.search(prompt) else "en"


@cache
def demonstrations(lang: str) -> dict:
    """The opening and example exchanges for base models, from ``data/demonstrations``."""
    return json.loads((data_dir() / "demonstrations" / f"{lang}.json").read_text("utf-8"))


class TemplateChat:
    """Chat through the template that comes with an instruction-tuned model's tokenizer."""

    stop: tuple[str, ...] = ()

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def render(self, prompt: str, system: str | None, lang: str) -> str:
        """The text of one turn, up to where the answer begins.

        Without a system prompt the template's own default stands.
        """
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": prompt})
        return self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )


class DemonstrationChat:
    """Chat with a base model: a few example exchanges in the prompt's language come first."""

    stop = ("\n\n", "\n用户：", "\nUser:")

    def __init__(self, tokenizer):
        self.start = tokenizer.bos_token or ""

    def render(self, prompt: str, system: str | None, lang: str) -> str:
        shown = demonstrations(lang)
        opening = shown["intro"] + (f"\n{system}" if system else "")
        turns = [*shown["turns"], {"user": prompt, "assistant": ""}]
        user, assistant = shown["user"], shown["assistant"]
        # English marks are followed by a space, which belongs to the first word of the answer.
        gap = "" if lang == "zh" else " "
        blocks = []
        for turn in turns:
            answer = gap + turn["assistant"] if turn["assistant"] else ""
            blocks.append(f"{user}{turn['user']}\n{assistant}{answer}")
        return self.start + "\n\n".join([opening, *blocks])


class PlainText:
    """No chat: the prompt is the beginning of a text, and the model goes on."""

    stop = ("\n",)

    def __init__(self, tokenizer):
        start = tokenizer.bos_token or ""
        # Some chat models have no beginning of text, only that of a turn.
        self.start = "" if start in (tokenizer.chat_template or "") else start

    def render(self, prompt: str, system: str | None, lang: str) -> str:
        """The prompt itself, after the token with which texts begin."""
        return self.start + prompt
