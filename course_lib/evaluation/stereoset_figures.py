"""Figures of StereoSet and CrowS-Pairs."""

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from ..canvas import INK, LINE, QUIET, CourseFigure, new_page, styled
from ..errors import CourseError
from ..figures import COLOURS, MARKERS
from ..language import text
from ..tables import need_columns
from .dots import Panel, plot_dots
from .stereoset import icat, name_of, reference_points

_FROM = 40  # where both axes begin, unless a point lies below


@styled
def plot_scores(
    table: pd.DataFrame, published: pd.DataFrame | None = None, title: str | None = None
) -> CourseFigure:
    """The plane of stereotype score (across) and language score (up); a dot a row.

    table: from ``stereoset_scores``; its columns before the counts name the rows. published:
    from ``published_scores``, in grey. The ideal model, the fully stereotyped one and random
    guessing are marked; thin lines join points of equal icat.
    """
    need_columns(table, ("lms", "ss", "icat", "lms_low", "ss_low", "n"))
    if not len(table):
        raise CourseError("stereoset.no_scores")
    names = _names(table, list(table.columns[: table.columns.get_loc("n_targets")]))
    if len(set(names)) > len(COLOURS):
        raise CourseError(
            "figures.too_many", n=len(names), columns="model, lang", most=len(COLOURS)
        )
    legend = [_key(n, c, m) for n, c, m in zip(names, COLOURS, MARKERS, strict=False)]
    if published is not None:
        legend.append(_key(text("stereoset.series_published"), QUIET, "D"))
    legend.append(_key(text("stereoset.series_reference"), INK, "+"))
    ns = sorted(set(table["n"]))
    said_n = text("stereoset.footer_n", n="/".join(map(str, ns)))
    title = title or text("stereoset.title_plane")
    fig, (axis,) = new_page(title, legend, [text("stereoset.footer_ss"), said_n], 1, 3.6)
    every = table if published is None else pd.concat([table, published])
    low = min(_FROM, np.nanmin(every[["lms", "ss"]].to_numpy()) - 3)
    _contours(axis, low)
    for row in reference_points().to_dict("records"):
        axis.plot(row["ss"], row["lms"], "+", color=INK, markersize=10, clip_on=False)
        _say(axis, row, name_of(row["model"]), INK, right=row["ss"] > 90)
    for rows in [] if published is None else _neighbours(published.to_dict("records")):
        for row in rows:
            axis.plot(row["ss"], row["lms"], "D", color=QUIET, markersize=4)
        _say(axis, rows[-1], ", ".join(name_of(row["model"]) for row in rows), QUIET)
    for row, colour, marker in zip(table.to_dict("records"), COLOURS, MARKERS, strict=False):
        axis.hlines(row["lms"], row["ss_low"], row["ss_high"], color=colour, alpha=0.55)
        axis.vlines(row["ss"], row["lms_low"], row["lms_high"], color=colour, alpha=0.55)
        axis.plot(row["ss"], row["lms"], marker, color=colour, markersize=7, zorder=3)
    axis.set_xlim(low, 102)
    axis.set_ylim(low, 102)
    axis.grid(color=LINE, linewidth=0.6)
    axis.set_xlabel(text("stereoset.axis_ss"), loc="left")
    axis.set_ylabel(text("stereoset.axis_lms"), loc="bottom")
    values = [
        text(
            "stereoset.alt_plane_point", name=n, **{k: f"{r[k]:.1f}" for k in ("lms", "ss", "icat")}
        )
        for n, r in zip(names, table.to_dict("records"), strict=True)
    ]
    joined = text("stereoset.separator").join(values)
    fig.course_alt = text("stereoset.alt", title=title, values=joined)
    return fig


def plot_preferences(
    stereoset: pd.DataFrame, crows: pd.DataFrame, title: str | None = None
) -> CourseFigure:
    """The same models by StereoSet's ss and by CrowS-Pairs, a row a model and language.

    stereoset: from ``stereoset_scores``, crows: from ``pair_rates``, both by model and lang.
    """
    first = pd.DataFrame(
        {
            "row": _names(stereoset, ["model", "lang"]),
            "hue": "StereoSet",
            "value": stereoset["ss"],
            "low": stereoset["ss_low"],
            "high": stereoset["ss_high"],
        }
    )
    second = pd.DataFrame(
        {
            "row": _names(crows, ["model", "lang"]),
            "hue": "CrowS-Pairs",
            "value": 100 * crows["rate"],
            "low": 100 * crows["low"],
            "high": 100 * crows["high"],
        }
    )
    panel = Panel("", pd.concat([first, second]), {text("stereoset.no_preference"): 50.0})
    title = title or text("stereoset.title_preferences")
    footer = [text("stereoset.footer_preferences")]
    return plot_dots(title, [panel], text("stereoset.axis_preference"), footer)


def _names(table: pd.DataFrame, columns: list[str]) -> list[str]:
    return [
        text("stereoset.joint").join(str(name_of(row[c])) for c in columns)
        for row in table.to_dict("records")
    ]


def _neighbours(rows: list[dict]) -> list[list[dict]]:
    """Points so near to each other that they can only be labelled together."""
    groups: list[list[dict]] = []
    for row in sorted(rows, key=lambda row: (row["lms"], row["ss"])):
        last = groups[-1][-1] if groups else None
        if last and row["lms"] - last["lms"] < 2 and abs(row["ss"] - last["ss"]) < 12:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _key(name: str, colour: str, marker: str) -> Line2D:
    return Line2D([], [], color=colour, marker=marker, linestyle="none", label=name)


def _say(axis, row: dict, words: str, colour: str, right: bool = False) -> None:
    axis.annotate(
        words,
        (row["ss"], row["lms"]),
        xytext=(-6 if right else 6, -3),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        size=8,
        color=colour,
    )


def _contours(axis, low: float) -> None:
    """Lines of equal icat, each with its value."""
    ss = np.linspace(low, 100, 400)
    grid = icat(*np.meshgrid(ss, ss, indexing="ij"))  # rows: lms, columns: ss
    lines = axis.contour(ss, ss, grid, levels=[20, 40, 60, 80], colors=LINE, linewidths=1)
    axis.clabel(lines, fmt="%d", fontsize=8, colors=QUIET)
