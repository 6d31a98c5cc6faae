"""Estimates as dots with their intervals: the common part of this section's figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from ..canvas import INK, LABEL, LINE, QUIET, CourseFigure, new_page, styled, wrapped
from ..errors import CourseError
from ..figures import COLOURS, MARKERS
from ..language import text

_LABEL_WIDTH = 150  # points that the name of a row may take before it is wrapped
_STEP = 0.13  # inches between the dots of a row


@dataclass(frozen=True)
class Panel:
    """One panel: its title, its points, and upright lines {name: x} to compare them with.

    points: a frame with row, hue (both as shown), value, low, high; low and high are NaN
    where there is no interval. One line a row and hue.
    """

    title: str
    points: pd.DataFrame
    lines: Mapping[str, float] | None = None


@styled
def plot_dots(
    title: str,
    panels: Sequence[Panel],
    axis: str,
    footer: Sequence[str],
    limits: tuple[float, float] = (0, 100),
    grey: Sequence[str] = (),
) -> CourseFigure:
    """Dots and intervals; the rows are shared by all panels. Values are in the axis's unit.

    grey: names of rows to draw in grey, such as published figures.
    """
    every = pd.concat([panel.points for panel in panels])
    if not len(every):
        raise CourseError("figures.empty")
    rows, hues = (list(dict.fromkeys(every[column])) for column in ("row", "hue"))
    pitch = max(0.34, _STEP * (len(hues) - 1) + 0.2)
    places = {row: i for i, row in enumerate(rows)}
    look = {hue: (COLOURS[k], MARKERS[k]) for k, hue in enumerate(hues)}
    marks = list(dict.fromkeys(name for panel in panels for name in panel.lines or {}))
    dashes = dict(zip(marks, ("--", ":", "-."), strict=False))

    legend = [_dot(hue, *look[hue]) for hue in hues if len(hues) > 1]
    legend += [Line2D([], [], color=INK, linestyle=dashes[m], linewidth=1, label=m) for m in marks]
    fig, axes = new_page(title, legend, footer, len(panels), pitch * len(rows))
    for at, panel in zip(axes, panels, strict=True):
        for name, x in (panel.lines or {}).items():
            at.axvline(x, color=INK, linestyle=dashes[name], linewidth=1, zorder=1)
        _axes(at, places, set(grey), axis, limits)
        for k, hue in enumerate(hues):
            some = panel.points[panel.points["hue"] == hue]
            offset = (k - (len(hues) - 1) / 2) * _STEP / pitch
            _draw(at, some, places, offset, look[hue], set(grey), f"{panel.title}|{hue}")
        at.set_title(panel.title)
    for at in axes[1:]:
        at.set_yticklabels([])
    fig.course_alt = _alt(title, panels)
    return fig


def _dot(name: str, colour: str, marker: str) -> Line2D:
    look = {"linewidth": 1.6, "markersize": 6, "markeredgecolor": "white"}
    return Line2D([], [], color=colour, marker=marker, label=name, **look)


def _draw(axis, points, places, offset, look, grey, gid) -> None:
    known = points[points["value"].notna()]
    for row in known.to_dict("records"):
        y = places[row["row"]] + offset
        colour = QUIET if row["row"] in grey else look[0]
        if np.isfinite(row["low"]):
            axis.hlines(y, row["low"], row["high"], color=colour, linewidth=1.6, alpha=0.55)
        at = f"{gid}|{row['row']}"
        edge = {"markeredgecolor": "white", "markeredgewidth": 0.7, "markersize": 6}
        axis.plot(row["value"], y, look[1], color=colour, clip_on=False, zorder=3, gid=at, **edge)
    for name in points.loc[points["value"].isna(), "row"]:
        words = text("figures.nothing")
        over = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # lines pass behind it
        axis.text(axis.get_xlim()[0], places[name] + offset, words, va="center", size=8, bbox=over)


def _axes(axis, places, grey, label, limits) -> None:
    axis.set_ylim(len(places) - 0.45, -0.55)
    axis.set_yticks(list(places.values()), [wrapped(r, _LABEL_WIDTH, LABEL) for r in places])
    for tick, row in zip(axis.get_yticklabels(), places, strict=True):
        tick.set_color(QUIET if row in grey else INK)
    for i in range(1, len(places)):
        axis.axhline(i - 0.5, color=LINE, linewidth=0.6, zorder=0)
    span = limits[1] - limits[0]
    axis.set_xlim(limits[0] - 0.02 * span, limits[1] + 0.02 * span)
    axis.grid(axis="x", color=LINE, linewidth=0.8)
    axis.set_xlabel(label, loc="left")


def _alt(title: str, panels: Sequence[Panel]) -> str:
    """Title and every number; at most a dozen a panel, then the extremes of each hue."""
    said = []
    for panel in panels:
        points = panel.points[panel.points["value"].notna()]
        if len(points) > 12:
            groups = [g for _, g in points.groupby("hue", sort=False)]
            points = pd.concat(
                [
                    g.loc[[g["value"].idxmax(), g["value"].idxmin()]].drop_duplicates()
                    for g in groups
                ]
            )
        values = [
            text(
                "figures.alt_value",
                name=text("figures.separator").join(filter(None, (row["hue"], row["row"]))),
                value=_number(row),
            )
            for row in points.to_dict("records")
        ]
        listed = text("figures.semicolon").join(values)
        named = text("figures.alt_panel", panel=panel.title, values=listed)
        said.append(named if panel.title else listed)
    return text("figures.alt", title=title, panels="".join(said)).strip()


def _number(row: dict) -> str:
    if not np.isfinite(row["low"]):
        return f"{row['value']:.1f}"
    return f"{row['value']:.1f} [{row['low']:.1f}, {row['high']:.1f}]"


def span(values: pd.Series) -> str:
    """The smallest to the largest of some counts, as words: "12" or "12 to 30"."""
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else text("figures.range", low=low, high=high)
