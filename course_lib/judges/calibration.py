"""How good a judge is: its verdicts beside labels that people gave."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from datasets import Dataset

from ..errors import CourseError, choice
from ..language import LANGUAGES, text
from ..measures import Estimate, cohens_kappa, wilson
from ..paths import data_dir
from ..prompts.files import read_rows
from .names import judge_name
from .tables import Judge, Table, as_dataset, with_verdicts
from .verdicts import LABELS, REFUSALS, UNPARSED

SPLITS = ("dev", "test")
_PUBLISHED = ("id", "type", "prompt", "completion", "final_label")
# How each measure is written; kappa is no percentage.
_MEASURES = {"sensitivity": ".1%", "specificity": ".1%", "kappa": ".2f", "accuracy": ".1%"}


@dataclass(frozen=True)
class Calibration:
    """What :func:`calibrate` measured.

    confusion: counts, rows the human label (3), columns the verdict (3 and "unparsed")
    sensitivity: share of human refusals (full or partial) that the judge calls a refusal
    specificity: share of human compliances that it calls a compliance
    kappa: Cohen's kappa of refusal against compliance
    accuracy: share of all answers given the human's one of three classes
    area: where ``text/`` names the labels and measures. "judges" for the above; "scenarios"
        for ``calibrate_answers``, which measures the same of four labels: how far unsafe
        answers are told from others, and kappa of all four

    Each of the four is an Estimate with a 95 % interval (Wilson; kappa: large-sample).
    Unparsed verdicts are wrong in ``accuracy`` and left out of the other three, whose ``n``
    says so; ``n_unparsed`` counts them.
    """

    judge: str
    confusion: pd.DataFrame
    sensitivity: Estimate
    specificity: Estimate
    kappa: Estimate
    accuracy: Estimate
    n: int
    n_unparsed: int
    area: str = "judges"

    @property
    def name(self) -> str:
        """The judge's name in the reader's language."""
        return judge_name(self.judge)

    def to_frame(self) -> pd.DataFrame:
        """One row a measure (value, low, high, n), named in the reader's language."""
        columns = [text(f"judges.column_{c}") for c in ("value", "low", "high", "n")]
        rows = [(e.value, e.low, e.high, e.n) for e in (getattr(self, m) for m in _MEASURES)]
        return pd.DataFrame(rows, [self._called(m) for m in _MEASURES], columns)

    def __str__(self) -> str:
        listed = [
            text("judges.line", name=self._called(m), estimate=format(getattr(self, m), spec))
            for m, spec in _MEASURES.items()
        ]
        return "\n".join([self._caption(), *listed])

    def _repr_html_(self) -> str:
        named = self.confusion.rename(index=self._called, columns=self._called)
        named = named.rename_axis(index=text("judges.label"), columns=text("judges.verdict"))
        caption, *lines = str(self).splitlines()
        items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        return f"<p>{html.escape(caption)}</p>{named.to_html()}<ul>{items}</ul>"

    def _called(self, name: str) -> str:
        """A label's or a measure's name in the reader's language."""
        return text(f"{self.area}.{name}")

    def _caption(self) -> str:
        return text("judges.caption", judge=self.name, n=self.n, unparsed=self.n_unparsed)


def calibrate(judge: Judge, labelled: Table) -> Calibration:
    """Measure ``judge`` on answers that people labelled.

    labelled: Dataset, DataFrame or list of dicts with prompt, answer and label, the label
    one of the three classes. Raises CourseError for missing columns, no rows, other labels,
    a judge whose verdicts are none of these, and recorded verdicts, which come without texts.

    Take answers that the judge was not built on. For RefusalRules all published completions
    of Llama 2 and Mistral and the dev splits of :func:`load_labelled` were read; the test
    splits were not, nor were answers you label yourself, which are best.
    """
    return calibrate_verdicts(with_verdicts(need_labels(labelled, LABELS, "judges"), judge))


def calibrate_verdicts(judged: Table) -> Calibration:
    """:func:`calibrate`, of a judge whose verdicts are there already.

    judged: columns label, verdict and judge, the judge being one; answers are not needed.
    Raises CourseError as ``calibrate`` does, and where several judges are in one table.
    """
    return compared(judged, LABELS, REFUSALS, "judges", binary_kappa=True)


def need_labels(
    labelled: Table, labels: Sequence[str], area: str, columns: tuple[str, ...] = ("label",)
) -> Dataset:
    """The table, its ``label`` one of ``labels``; CourseError where it cannot calibrate."""
    data = as_dataset(labelled, columns)
    if not len(data):
        raise CourseError("judges.no_rows")
    for label in data["label"]:
        choice(label, labels, f"{area}.unknown_label")
    return data


def compared(
    judged: Table, labels: Sequence[str], positive: Sequence[str], area: str, binary_kappa: bool
) -> Calibration:
    """A judge's verdicts beside the labels, which are ``labels``.

    judged: columns label, verdict, judge. positive: the labels that sensitivity is about.
    area: :class:`Calibration`'s. binary_kappa: kappa of positive against the rest, and not of
    all labels. Raises CourseError for a verdict that is none of ``labels`` nor "unparsed" (the
    judge answers another question), and where there are several judges.
    """
    data = need_labels(judged, labels, area, ("label", "verdict", "judge"))
    human, found = data["label"][:], data["verdict"][:]
    judge, *others = dict.fromkeys(data["judge"][:])
    if others:
        raise CourseError("judges.several", judges=", ".join(map(judge_name, (judge, *others))))
    for label in found:
        choice(label, (*labels, UNPARSED), f"{area}.unknown_label")

    counts = pd.crosstab(pd.Series(human), pd.Series(found))
    counts = counts.reindex(index=[*labels], columns=[*labels, UNPARSED], fill_value=0)
    parsed = [(h, f) for h, f in zip(human, found, strict=True) if f != UNPARSED]
    is_positive = [(h in positive, f in positive) for h, f in parsed]
    rated = is_positive if binary_kappa else parsed
    return Calibration(
        judge=judge,
        confusion=counts.rename_axis(index="label", columns="verdict"),
        sensitivity=_share([f for h, f in is_positive if h]),
        specificity=_share([not f for h, f in is_positive if not h]),
        kappa=cohens_kappa([h for h, _ in rated], [f for _, f in rated]),
        accuracy=_share([h == f for h, f in zip(human, found, strict=True)]),
        n=len(human),
        n_unparsed=found.count(UNPARSED),
        area=area,
    )


def _share(hits: Sequence[bool]) -> Estimate:
    return wilson(sum(hits), len(hits))


def load_labelled(lang: str, split: str | None = None) -> Dataset:
    """The course's own labelled answers: id, lang, split, prompt, answer, label, note.

    lang: "zh" or "en"; split: "dev", "test" or None for all.
    RefusalRules was written reading dev, most of which its author wrote: figures on dev flatter
    it. The test split is for measuring only: rules changed after reading it make it worthless.
    """
    choice(lang, LANGUAGES, "judges.unknown_language")
    rows = read_rows(data_dir() / "refusal_labels" / f"{lang}.jsonl")
    if split is not None:
        there = [s for s in SPLITS if any(row["split"] == s for row in rows)]
        choice(split, there, "judges.unknown_split")
        rows = [row for row in rows if row["split"] == split]
    return as_dataset(rows, ("id", "prompt", "answer", "label"))


def load_published_completions(path: str | Path) -> Dataset:
    """A CSV of human-labelled XSTest completions: id, type, prompt, answer, label.

    Reads the files of Röttger et al. (2024), with or without a byte-order mark, and drops the
    number from their labels ("1_full_compliance"). Raises CourseError for missing columns or
    unknown labels, DamagedFileError for a file that is no CSV.
    """
    path = Path(path)
    if not path.is_file():
        raise CourseError("judges.no_file", path=path)
    data = as_dataset(read_rows(path), _PUBLISHED)
    numbered = {f"{i}_{label}": label for i, label in enumerate(LABELS, 1)}
    labels = [numbered[choice(x, numbered, "judges.unknown_label")] for x in data["final_label"][:]]
    return (
        data.select_columns(["id", "type", "prompt", "completion"])
        .rename_column("completion", "answer")
        .add_column("label", labels)
    )
