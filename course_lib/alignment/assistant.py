"""The course's assistant: gemma3, a base model, taught to chat by this course's own data.

    python -m course_lib.alignment.assistant      (or: make assistant)

trains the adapter that ``load_model("assistant")`` uses, leaves it in ``data/assistant``, and
measures it beside its base (``data/results/assistant.json``).
"""

import argparse
import random
import shutil

from ..cli import guarded
from ..language import LANGUAGES
from ..models import LocalModel, load_model
from ..models.adapters import CONFIG, WEIGHTS
from ..paths import cache_dir, data_dir
from .data import system_prompts, training_rows
from .report import write_results
from .sft import LOG, PROVENANCE, Recipe, train

RECIPE = Recipe(epochs=2, learning_rate=6e-4, frequent=40_000)
FILES = (WEIGHTS, CONFIG, "chat_template.jinja", LOG, PROVENANCE)
SYSTEM_EVERY = 8  # one row in so many comes with a system prompt, so that the model knows them

# Gemma's own marks for turns. A system prompt goes before the first question, as in Gemma's
# template; the text is trimmed so that a stray line break does not change the tokens.
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% set system = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}"
    "{% for message in messages if message['role'] != 'system' %}"
    "<start_of_turn>{{ 'model' if message['role'] == 'assistant' else 'user' }}\n"
    "{% if loop.first and system %}{{ system | trim }}\n\n{% endif %}"
    "{{ message['content'] | trim }}<end_of_turn>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def base() -> LocalModel:
    """gemma3 as training sees it: with the template, before it has learned to use it."""
    model = load_model("gemma3", store=None)
    model.use_chat_template(CHAT_TEMPLATE)
    return model


def rows_to_learn() -> list[dict]:
    """The training rows of both languages, in one fixed, mixed order."""
    chance = random.Random(RECIPE.seed)
    rows = [row for lang in LANGUAGES for row in training_rows(lang)]
    chance.shuffle(rows)
    for row in rows[::SYSTEM_EVERY]:
        row["system"] = chance.choice(system_prompts(row["lang"]))
    return rows


def main(argv: list[str] | None = None) -> int:
    """Train (or go on training) the assistant, put it into its place and measure it."""
    parser = argparse.ArgumentParser(prog="python -m course_lib.alignment.assistant")
    parser.add_argument("--report", action="store_true", help="measure it only")
    if not parser.parse_args(argv).report:
        work = train(base(), rows_to_learn(), RECIPE, cache_dir("training") / "assistant")
        place = data_dir() / "assistant"
        place.mkdir(exist_ok=True)
        for name in FILES:
            shutil.copyfile(work / name, place / name)
        shutil.rmtree(work)
    table = write_results(data_dir() / "results" / "assistant.json")
    print(table.round(3).to_string(index=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(guarded(main))
