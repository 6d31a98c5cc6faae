"""Figures of the scenario assessment: labels, scores, radar, and the leaderboard of 2023."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..canvas import INK, LABEL, LINE, QUIET, new_page, styled, wrapped
from ..errors import choice
from ..figures import COLOURS, MARKERS, plot_confusion
from ..language import text
from ..tables import need_columns, need_once
from .dots import Panel, plot_dots, span
from .scenarios import (
    ATTACKS,
    KINDS,
    LABELS,
    MEASURES,
    SCENARIOS,
    by_labels,
    leaderboard,
    safety_scores,
    type_name,
)

# Unsafe in the signal colour, incoherent in grey: it is neither good nor bad, it is nothing.
LABEL_COLOURS = {
    "safe": "#0072B2",
    "refused": "#7FB2D6",
    "incoherent": "#C9C9C9",
    "unsafe": "#D55E00",
}


@styled
def plot_labels(counts: pd.DataFrame, title: str | None = None) -> Figure:
    """The four labels as shares of a bar, one bar a row of ``label_counts`` (or several judges)."""
    need_columns(counts, ("n", *LABELS))
    names = _names(counts, [c for c in counts.columns if c in ("model", "lang", "judge", "kind")])
    title = title or text("scenarios.counts_title")
    legend = [Patch(facecolor=c, label=text(f"scenarios.{k}")) for k, c in LABEL_COLOURS.items()]
    footer = [text("figures.n", n=span(counts["n"]))]
    fig, (axis,) = new_page(title, legend, footer, 1, 0.33 * len(counts))
    said = []
    for place, (name, row) in enumerate(zip(names, counts.to_dict("records"), strict=True)):
        start, shares = 0.0, []
        for label, colour in LABEL_COLOURS.items():
            share = 100 * row[label] / row["n"] if row["n"] else 0.0
            axis.barh(place, share, left=start, height=0.7, color=colour, gid=f"{name}|{label}")
            if share >= 7:
                ink = "white" if label in ("safe", "unsafe") else INK
                middle = start + share / 2
                axis.text(
                    middle, place, f"{share:.0f}", ha="center", va="center", color=ink, size=8.5
                )
            start += share
            shares.append(_valued(text(f"scenarios.{label}"), f"{share:.1f}%"))
        said.append(_valued(name, text("figures.separator").join(shares)))
    axis.set_yticks(range(len(names)), [wrapped(name, 150, LABEL) for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(0, 100)
    axis.set_xlabel(text("scenarios.share_axis"), loc="left")
    fig.course_alt = text("figures.alt", title=title, panels=text("figures.semicolon").join(said))
    return fig


def plot_scores(scores: pd.DataFrame, title: str | None = None) -> Figure:
    """One colour a measure, a row a model and language, a panel each of scenarios and attacks.

    scores: ``safety_scores(verdicts, by=("model", "lang", "kind"))``, or without "kind".
    """
    kinds = [k for k in KINDS if "kind" in scores and k in set(scores["kind"])] or [None]
    panels = []
    for kind in kinds:
        some = scores if kind is None else scores[scores["kind"] == kind]
        points = _points(some, _names(some, ["model", "lang"]), _measures(some))
        panels.append(Panel(text(f"scenarios.{kind or 'overall'}"), points))
    footer = [text("figures.n", n=span(scores["n"])), text("scenarios.lines_wilson")]
    title = title or text("scenarios.scores_title")
    return plot_dots(title, panels, text("scenarios.score_axis"), footer)


def plot_types(scores: pd.DataFrame, title: str | None = None) -> Figure:
    """Each class's score with its interval: a row a class, a colour a language or a measure.

    scores: ``safety_scores(verdicts, by=("model", "lang", "type"))`` of one model.
    """
    model = ", ".join(dict.fromkeys(scores["model"]))
    several = scores["measure"].nunique() > 1
    hues = _measures(scores) if several else [text(f"language.{v}") for v in scores["lang"]]
    points = _points(scores, [type_name(t) for t in scores["type"]], hues)
    footer = [text("figures.n", n=span(scores["n"])), text("scenarios.lines_wilson")]
    title = title or text("scenarios.types_title", model=model)
    return plot_dots(title, [Panel("", points)], text("scenarios.score_axis"), footer)


@styled
def plot_radar(scores: pd.DataFrame, title: str | None = None) -> Figure:
    """A spoke a class, a polygon a model; the eight scenarios and the six attacks apart.

    scores: ``safety_scores(verdicts, by=("model", "type"), measures=["published"])`` of one
    language. A thin line on each spoke is the interval: with 12 prompts it is long, and the
    shape of a polygon means less than it seems to.
    """
    need_once(scores, ["model", "type"])
    title = title or text("scenarios.radar_title")
    models = list(dict.fromkeys(scores["model"]))
    legend = [
        Line2D([], [], color=COLOURS[k], marker=MARKERS[k], label=name)
        for k, name in enumerate(models)
    ]
    footer = [text("figures.n", n=span(scores["n"])), text("scenarios.band_wilson")]
    fig, axes = new_page(title, legend, footer, 2, 2.35)
    said = []
    for axis, kind, types in zip(axes, KINDS, (SCENARIOS, ATTACKS), strict=True):
        _web(axis, types)
        values = []
        for k, model in enumerate(models):
            rows = scores[scores["model"] == model].set_index("type").reindex(types)
            _polygon(axis, rows, k, len(models), f"{kind}|{model}")
            rates = zip(types, rows["rate"], strict=True)
            listed = [_valued(type_name(t), f"{100 * v:.0f}") for t, v in rates if v == v]
            values.append(_valued(model, text("figures.separator").join(listed)))
        axis.set_title(text(f"scenarios.{kind}"))
        listed = text("figures.semicolon").join(values)
        said.append(text("figures.alt_panel", panel=text(f"scenarios.{kind}"), values=listed))
    fig.course_alt = text("figures.alt", title=title, panels="".join(said)).strip()
    return fig


def _angles(n: int) -> np.ndarray:
    """Where the spokes point, clockwise from the top."""
    return math.pi / 2 - 2 * math.pi * np.arange(n) / n


def _web(axis, types) -> None:
    angles = _angles(len(types))
    around = np.append(angles, angles[0])
    for ring in (25, 50, 75, 100):
        axis.plot(ring * np.cos(around), ring * np.sin(around), color=LINE, linewidth=0.8, zorder=0)
    for angle, name in zip(angles, types, strict=True):
        x, y = math.cos(angle), math.sin(angle)
        axis.plot([0, 100 * x], [0, 100 * y], color=LINE, linewidth=0.8, zorder=0)
        side = "center" if abs(x) < 0.2 else "left" if x > 0 else "right"
        up = "bottom" if y > 0.3 else "top" if y < -0.3 else "center"
        label = wrapped(type_name(name), 74, 8)
        axis.text(108 * x, 108 * y, label, ha=side, va=up, size=8, color=QUIET, linespacing=1.1)
    axis.set_aspect("equal")
    axis.set_xlim(-165, 165)
    axis.set_ylim(-128, 128)
    axis.set_xticks([])
    axis.set_yticks([])


def _polygon(axis, rows: pd.DataFrame, k: int, n_models: int, gid: str) -> None:
    # A little apart, so that intervals on one spoke do not hide each other.
    angles = _angles(len(rows)) - 0.05 * (k - (n_models - 1) / 2)
    x, y = np.cos(angles), np.sin(angles)
    value, low, high = (100 * rows[c].to_numpy(float) for c in ("rate", "low", "high"))
    around = [*range(len(rows)), 0]
    look = {"color": COLOURS[k], "marker": MARKERS[k], "markersize": 4, "linewidth": 1.4}
    axis.plot((value * x)[around], (value * y)[around], gid=gid, **look)
    for i in range(len(rows)):
        ends = np.array([low[i], high[i]])
        axis.plot(ends * x[i], ends * y[i], color=COLOURS[k], linewidth=0.8, alpha=0.45)


def plot_leaderboard(ours: pd.DataFrame, title: str | None = None) -> Figure:
    """Typical scenarios and attacks of the platform's models (grey) below ours.

    ours: ``safety_scores(verdicts, by=("model", "lang", "kind"), measures=["published"])``.
    """
    mine = _points(ours, _names(ours, ["model", "lang"]), _kinds(ours["kind"]))
    board = leaderboard().melt(["model"], list(KINDS), "kind", "value")
    theirs = pd.DataFrame({"row": board["model"], "hue": _kinds(board["kind"])})
    theirs = theirs.assign(value=board["value"], low=math.nan, high=math.nan)
    footer = [
        text("figures.n", n=span(ours["n"])),
        text("scenarios.theirs"),
        text("scenarios.lines_wilson"),
    ]
    return plot_dots(
        title or text("scenarios.board_title"),
        [Panel("", pd.concat([mine, theirs], ignore_index=True))],
        text("scenarios.score_axis"),
        footer,
        grey=list(dict.fromkeys(theirs["row"])),
    )


def plot_labelled(labelled: pd.DataFrame) -> Figure:
    """``plot_scores`` of the answers that were read, by their labels: no judge in between.

    labelled: from ``with_answer_labels(answers).to_pandas()``.
    """
    scores = safety_scores(by_labels(labelled), by=("model", "lang"))
    return plot_scores(scores, text("scenarios.labelled_title"))


@styled
def plot_answer_confusion(calibration) -> Figure:
    """``judges.calibrate``'s figure for four labels: the label read down, the judge's across."""
    names = {label: text(f"scenarios.{label}") for label in (*LABELS, "unparsed")}
    counts = calibration.confusion.rename(index=names, columns=names)
    title = text("scenarios.confusion_title")
    return plot_confusion(replace(calibration, confusion=counts), title)


def _points(table: pd.DataFrame, rows: list[str], hues: list[str]) -> pd.DataFrame:
    points = 100 * table[["rate", "low", "high"]].astype(float)
    points.columns = ["value", "low", "high"]
    return points.assign(row=rows, hue=hues).reset_index(drop=True)


def _measures(table: pd.DataFrame) -> list[str]:
    known = [choice(name, MEASURES, "scenarios.unknown_measure") for name in table["measure"]]
    return [text(f"scenarios.{name}") for name in known]


def _kinds(values) -> list[str]:
    return [text(f"scenarios.{kind}") for kind in values]


def _names(table: pd.DataFrame, columns: list[str]) -> list[str]:
    def name(column: str, value) -> str:
        return text(f"language.{value}") if column == "lang" else str(value)

    return [
        text("figures.separator").join(name(c, v) for c, v in row.items())
        for row in table[columns].to_dict("records")
    ]


def _valued(name: str, value: str) -> str:
    return text("figures.alt_value", name=name, value=value)
