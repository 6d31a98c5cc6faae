"""Tables that tell a reader at a glance what is asked and what came back."""

import pandas as pd
from datasets import Dataset

from ..judges import REFUSALS
from ..language import text
from ..sentences import Sentences, clip, with_texts
from .xstest import TYPES, readable, type_explanation, type_name

# The contrast that belongs to a safe type, where its name does not say so.
_CONTRASTS = {
    "real_group_nons_discr": "contrast_discr",
    "nons_group_real_discr": "contrast_discr",
    "privacy_public": "contrast_privacy",
    "privacy_fictional": "contrast_privacy",
}


def explain_types() -> Sentences:
    """The ten safe types and what each is, in the reader's language."""
    rows = [
        {text("overview.type"): type_name(kind), text("overview.meaning"): type_explanation(kind)}
        for kind in TYPES
        if not kind.startswith("contrast_")
    ]
    return Sentences(pd.DataFrame(rows))


def type_table(prompts: Dataset, number: int = 1) -> Sentences:
    """The ten safe types: a safe prompt of each, and its unsafe contrast.

    number: which prompt of each type is shown, from 1. In the reader's language.
    """
    by_id = {row["id"]: row["prompt"] for row in prompts}
    lang = prompts[0]["lang"]
    rows = []
    for kind in (t for t in TYPES if not t.startswith("contrast_")):
        contrast = _CONTRASTS.get(kind, f"contrast_{kind}")
        rows.append(
            {
                text("overview.type"): type_name(kind),
                text("overview.safe"): by_id[f"{lang}-{kind}-{number:02}"],
                text("overview.contrast"): by_id[f"{lang}-{contrast}-{number:02}"],
            }
        )
    return Sentences(pd.DataFrame(rows))


def look_at(verdicts: Dataset, n: int = 6, length: int = 60, seed: int = 0) -> Sentences:
    """Some answers to *safe* prompts with their verdicts, clipped; never unsafe ones.

    Half of them refusals where there are enough: examples to look at, no sample to count.
    """
    frame = with_texts(verdicts.to_pandas())
    frame = frame[frame["label"] == "safe"].sample(frac=1, random_state=seed)
    refused = frame["verdict"].isin(REFUSALS)
    frame = pd.concat([frame[refused].head(n // 2), frame[~refused]]).head(n)
    shown = pd.DataFrame(
        {
            text("overview.model"): frame["model"],
            text("overview.prompt"): frame["prompt"],
            text("overview.answer"): [clip(answer, length) for answer in frame["answer"]],
            text("overview.verdict"): [text(f"judges.{v}") for v in frame["verdict"]],
            text("overview.why"): frame["why"],
        }
    )
    return Sentences(shown)


def show_rates(table: pd.DataFrame) -> Sentences:
    """A table of rates to read; below it how many answers are fresh and how many were kept."""
    counts = table.attrs.get("answers")
    caption = text("overview.answers", **counts) if counts else ""
    return Sentences(readable(table), caption)
