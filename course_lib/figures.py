"""Figures of the course: labels and alt text in the reader's language.

Every ``plot_*`` function takes a tidy table and returns a matplotlib figure that carries its
alt text (``fig.course_alt``), written from the same numbers. As the last line of a cell the
figure shows itself with that text; elsewhere use :func:`show`.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .canvas import INK, LABEL, LINE, QUIET, new_page, show, styled, wrapped
from .errors import CourseError
from .exaggerated_safety.xstest import CLASSES, type_name
from .judges.names import judge_name
from .language import text
from .measures import Estimate
from .tables import names_of, need_columns

__all__ = ["plot_compliance", "plot_confusion", "plot_judges", "plot_rates", "show"]

# Okabe & Ito (2008), told apart with any kind of colour vision; without its yellow, too pale
# on white. Each colour has its own marker, so that a black-and-white print can be read.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "v", "P", "X", "*")
GREY, GREY_MARKERS = "#6B6B6B", ("D", "d", "h", "p", "8")
# Ordered classes take one hue from light to dark, never a red for "bad": on unsafe prompts
# the dark end is the good one.
CLASS_COLOURS = {
    "full_compliance": "#DCE6EE",
    "partial_refusal": "#7FB2D6",
    "full_refusal": "#0072B2",
}
FACETS = ("model", "prefix", "system", "lang", "judge")
LABEL_WIDTH = 136  # points that the name of a row may take before it is wrapped


@dataclass(frozen=True)
class Series:
    """Points of one colour: a frame with name, place, value, low, high (fractions), label."""

    name: str
    points: pd.DataFrame
    colour: str
    marker: str
    offset: float  # from the middle of the row, in rows


@styled
def plot_rates(
    table: pd.DataFrame,
    title: str | None = None,
    published: pd.DataFrame | None = None,
    hue: str | Sequence[str] | None = None,
    corrected: bool = False,
) -> Figure:
    """Refusal rates with their intervals: a dot and a line each.

    table: from ``refusal_rates``. With a column ``type`` there is a row a type, and models,
        prefixes or languages are told apart by colour; without, a row each. Safe and unsafe
        prompts stand in panels of their own.
    published: from ``published_rates`` (``by_type=True`` for a figure by type), in grey.
    hue: the columns told apart by colour; by default, in a figure by type, those of model,
        prefix, system, lang and judge that have several values.
    corrected: draw the rates corrected for the judge's errors instead of the raw ones.
    """
    if "type" in table.columns:
        return _dots(
            table, ["type"], title or text("figures.rates_title"), published, hue, corrected
        )
    hue = names_of(hue or [])
    rows = [c for c in _facets(table) if c not in hue] or _first_facet(table)
    return _dots(table, rows, title or text("figures.models_title"), published, hue, corrected)


@styled
def plot_judges(
    table: pd.DataFrame, title: str | None = None, hue: str | Sequence[str] | None = None
) -> Figure:
    """What several judges count in the same answers: a row a judge, one colour a model.

    table: ``refusal_rates(verdicts, by=("judge", …))`` over the verdicts of all judges.
    """
    need_columns(table, ["judge"])
    return _dots(table, ["judge"], title or text("figures.judges_title"), None, hue, False)


@styled
def plot_compliance(table: pd.DataFrame, title: str | None = None) -> Figure:
    """Full compliance, partial and full refusal as shares of a bar, one bar a system.

    table: from ``compliance_rates`` or ``published_rates``, or both together through
        ``pandas.concat``; rows with a ``date`` are published figures and stand below ours.
    """
    need_columns(table, (*CLASSES, "n"))
    panels = _panels(table)
    is_published = table["date"].notna() if "date" in table.columns else table["n"].isna()
    ours, theirs = table[~is_published].copy(), table[is_published].copy()
    ours["name"] = _names(ours, _facets(ours) or _first_facet(ours))
    theirs["name"] = [_published_name(row) for row in theirs.to_dict("records")]
    bars = pd.concat([ours, theirs])
    _one_row_a_point(bars, ["name"], _facets(ours))
    places = _row_places(ours["name"], theirs["name"])

    title = title or text("figures.compliance_title")
    legend = [Patch(facecolor=CLASS_COLOURS[c], label=text(f"figures.{c}")) for c in CLASSES]
    height = 0.33 * (max(places.values()) + 1)
    fig, axes = new_page(title, legend, _counted(ours, theirs), len(panels), height)
    said = []
    for axis, label in zip(axes, panels, strict=True):
        values = []
        for row in _of(bars, label).to_dict("records"):
            _bar(axis, places[row["name"]], row, f"{label}|{row['name']}")
            shares = [
                text("figures.alt_value", name=text(f"figures.{c}"), value=f"{100 * row[c]:.1f}%")
                for c in CLASSES
            ]
            values.append((row["name"], text("figures.separator").join(shares)))
        said.append((label, _listed(values)))
        _rows(axis, places, set(theirs["name"]))
        _percent_axis(axis, text("figures.share"), 100)
        axis.set_title(_panel_name(label, "_plain"))
    _label_first_only(axes)
    fig.course_alt = _alt(title, said, "_plain")
    return fig


@styled
def plot_confusion(calibration, title: str | None = None) -> Figure:
    """A judge against people: counts, and the share of each row; with Se, Sp and kappa.

    calibration: from ``calibrate``: ``confusion`` (DataFrame, a row for each label, a
        column for each verdict), ``sensitivity``, ``specificity``, ``kappa`` (Estimates).
    """
    counts = calibration.confusion
    labels = [_class_name(name) for name in counts.index]
    judged = [_class_name(name) for name in counts.columns]
    totals = counts.sum(axis=1).to_numpy()[:, None]
    shares = np.divide(counts.to_numpy(), totals, out=np.zeros(counts.shape), where=totals > 0)
    title = title or text("figures.confusion_title")
    measures = {
        "sensitivity": f"{calibration.sensitivity:.1%}",
        "specificity": f"{calibration.specificity:.1%}",
        "kappa": f"{calibration.kappa:.2f}",
    }
    footer = [f"{text(f'figures.{name}')} {value}" for name, value in measures.items()]
    fig, (axis,) = new_page(title, [], [*footer, text("figures.row_share")], 1, 0.6 * len(labels))

    blues = mpl.colors.LinearSegmentedColormap.from_list("share", ["#FFFFFF", COLOURS[0]])
    axis.imshow(shares, cmap=blues, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(shares):
        ink, quiet = ("white", "white") if share > 0.62 else (INK, INK if share > 0.3 else QUIET)
        axis.text(j, i + 0.06, str(counts.iat[i, j]), ha="center", va="bottom", size=13, color=ink)
        part = f"{_digits(100 * share)}%"
        axis.text(j, i + 0.12, part, ha="center", va="top", size=9, color=quiet)
    axis.set_xticks(range(len(judged)), judged)
    axis.set_yticks(range(len(labels)), labels)
    axis.tick_params(axis="x", labelsize=LABEL, labelcolor=INK, labeltop=True, labelbottom=False)
    # White lines between the cells, along minor ticks.
    axis.set_xticks(np.arange(0.5, len(judged) - 1), minor=True)
    axis.set_yticks(np.arange(0.5, len(labels) - 1), minor=True)
    axis.grid(which="minor", color="white", linewidth=3)
    axis.tick_params(which="minor", length=0)
    axis.set_title(text("figures.judge_axis"), color=QUIET, size=LABEL)
    axis.annotate(
        text("figures.label_axis"),
        (0, 1),
        xytext=(-4, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        color=QUIET,
        size=LABEL,
    )
    cells = [
        text("figures.alt_cell", label=labels[i], judge=judged[j], count=counts.iat[i, j])
        for i, j in np.ndindex(counts.shape)
    ]
    cells = text("figures.semicolon").join(cells)
    fig.course_alt = text("figures.alt_confusion", title=title, cells=cells, **measures)
    return fig


# ---- dots and intervals -------------------------------------------------------------------


def _dots(table, row_columns, title, published, hue, corrected) -> Figure:
    """A panel a label, a row each value of ``row_columns``, a colour each value of ``hue``."""
    columns = (
        ("corrected", "corrected_low", "corrected_high") if corrected else ("rate", "low", "high")
    )
    if corrected and "corrected" not in table.columns:
        raise CourseError("figures.not_corrected")
    if hue is None:
        hue = [c for c in _facets(table) if c not in row_columns]
    hue = names_of(hue)
    need_columns(table, (*columns, "n", *hue))
    panels = _panels(table)
    by_type = row_columns == ["type"]
    ours = _points(table, _names(table, row_columns), _names(table, hue), columns)
    _one_row_a_point(ours, ["name", "hue"], [*row_columns, *hue])
    theirs = _published_points(published, by_type, ours)
    if "label" not in table.columns:
        theirs = theirs.iloc[:0]  # a pooled figure has nothing to compare with

    hues, grey_hues = list(dict.fromkeys(ours["hue"])), list(dict.fromkeys(theirs["hue"]))
    if len(hues) > len(COLOURS) or len(grey_hues) > len(GREY_MARKERS):
        most = len(COLOURS) if len(hues) > len(COLOURS) else len(GREY_MARKERS)
        raise CourseError(
            "figures.too_many", n=max(len(hues), len(grey_hues)), columns=", ".join(hue), most=most
        )
    # In a figure by type the published dots share the rows; else they have rows of their own.
    slots = len(hues) + (len(grey_hues) if by_type else 0)
    labelled = slots <= 2
    step = 0.13 if labelled else 0.092  # inches between the dots of a row
    pitch = max(0.34, step * (slots - 1) + 0.2)
    offsets = [(k - (slots - 1) / 2) * step / pitch for k in range(slots)]

    shared = None if by_type else _row_places(ours["name"], theirs["name"])
    places = {label: shared or _type_places(table, label) for label in panels}
    tallest = max(max(p.values()) for p in places.values()) + 1
    series = [
        Series(name, ours[ours["hue"] == name], COLOURS[k], MARKERS[k], offsets[k])
        for k, name in enumerate(hues)
    ]
    series += [
        Series(
            name,
            theirs[theirs["hue"] == name],
            GREY,
            GREY_MARKERS[k],
            offsets[len(hues) + k] if by_type else 0.0,
        )
        for k, name in enumerate(grey_hues)
    ]
    footer = _counted(ours, theirs)
    footer.append(text("figures.interval_corrected" if corrected else "figures.interval"))
    fig, axes = new_page(title, _legend(series), footer, len(panels), pitch * tallest)
    said = []
    for axis, label in zip(axes, panels, strict=True):
        for one in series:
            _draw(axis, one, _of(one.points, label), places[label], f"{label}|{one.name}", labelled)
        _rows(axis, places[label], set() if by_type else set(theirs["name"]), tallest)
        axis_name = text("figures.refused_corrected" if corrected else "figures.refused")
        _percent_axis(axis, axis_name, 114 if labelled else 104)
        axis.set_title(_panel_name(label))
        said.append((label, _said(_of(pd.concat([ours, theirs]), label), brief=by_type)))
    if not by_type:
        _label_first_only(axes)
    fig.course_alt = _alt(title, said)
    return fig


def _points(table, names, hues, columns) -> pd.DataFrame:
    points = pd.DataFrame({"name": names, "hue": hues}, index=table.index)
    for target, column in zip(("value", "low", "high"), columns, strict=True):
        points[target] = table[column].astype(float)
    points["n"] = table["n"]
    points["label"] = table["label"] if "label" in table.columns else None
    return points


def _published_points(published, by_type: bool, ours: pd.DataFrame) -> pd.DataFrame:
    """Published figures as points: in our rows with a hue each, or in rows of their own."""
    if published is None:
        return ours.iloc[:0]
    columns = ("rate", "low", "high")
    systems = [_published_name(row) for row in published.to_dict("records")]
    if not by_type:
        return _points(published, systems, [""] * len(published), columns)
    if "type" not in published.columns:
        raise CourseError("figures.published_needs_type")
    points = _points(published, _names(published, ["type"]), systems, columns)
    return points[points["name"].isin(ours["name"])]


def _draw(axis, series: Series, points, places, gid: str, labelled: bool) -> None:
    """Intervals as lines, values as dots; the number beside them if there is room."""
    known = points[points["value"].notna()]
    y = np.array([places[name] + series.offset for name in known["name"]], float)
    x, low, high = (100 * known[c].to_numpy(float) for c in ("value", "low", "high"))
    colour = series.colour
    axis.hlines(y, low, high, color=colour, linewidth=1.6, alpha=0.55, gid=f"{gid}|interval")
    axis.plot(
        x,
        y,
        linestyle="none",
        marker=series.marker,
        markersize=6,
        color=colour,
        markeredgecolor="white",
        markeredgewidth=0.7,
        clip_on=False,
        zorder=3,
        gid=gid,
    )
    if labelled:
        for at, end, height in zip(x, high, y, strict=True):
            # Clear of the line's end and of the dot, whichever reaches further.
            spot = max(end, at + 1.2)
            axis.annotate(
                _digits(at),
                (spot, height),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                size=8.5,
                color=colour,
                annotation_clip=False,
            )
    for name in points.loc[points["value"].isna(), "name"]:
        height = places[name] + series.offset
        axis.text(1, height, text("figures.nothing"), va="center", size=8.5, color=QUIET)


def _legend(series: list[Series]) -> list[Line2D]:
    if len([s for s in series if s.name]) < 2:
        return []
    look = {"linewidth": 1.6, "markersize": 6, "markeredgecolor": "white"}
    return [
        Line2D([], [], color=s.colour, marker=s.marker, label=s.name, **look)
        for s in series
        if s.name
    ]


# ---- rows, panels and their names ---------------------------------------------------------


def _bar(axis, place: float, row: dict, gid: str) -> None:
    start = 0.0
    for name in CLASSES:
        share = 100 * row[name]
        colour = CLASS_COLOURS[name]
        axis.barh(place, share, left=start, height=0.7, color=colour, gid=f"{gid}|{name}")
        if share >= 9:
            ink = "white" if name == "full_refusal" else INK
            middle = start + share / 2
            axis.text(middle, place, _digits(share), ha="center", va="center", color=ink, size=8.5)
        start += share


def _panels(table: pd.DataFrame) -> list[str | None]:
    """The labels, safe first, then unsafe, then none; [None] for a table without labels."""
    if not len(table):
        raise CourseError("figures.empty")
    if "label" not in table.columns:
        return [None]
    return [label for label in ("safe", "unsafe", "") if (table["label"] == label).any()]


def _of(points: pd.DataFrame, label: str | None) -> pd.DataFrame:
    return points if label is None else points[points["label"] == label]


def _facets(table: pd.DataFrame) -> list[str]:
    return [c for c in FACETS if c in table.columns and table[c].nunique(dropna=False) > 1]


def _first_facet(table: pd.DataFrame) -> list[str]:
    return [c for c in FACETS if c in table.columns][:1]


def _one_row_a_point(points: pd.DataFrame, keys: list[str], columns: list[str]) -> None:
    if points.duplicated([*keys, *(["label"] if "label" in points.columns else [])]).any():
        raise CourseError("figures.twice", columns=", ".join(columns) or "—")


def _row_places(ours: pd.Series, theirs: pd.Series) -> dict[str, float]:
    """Row name -> height; a gap between our rows and the published ones."""
    names = list(dict.fromkeys(ours))
    grey = list(dict.fromkeys(theirs))
    start = len(names) + 0.4 if names else 0.0
    return {n: float(i) for i, n in enumerate(names)} | {n: start + i for i, n in enumerate(grey)}


def _type_places(table: pd.DataFrame, label: str | None) -> dict[str, float]:
    """Type's name -> height. A contrast stands opposite the safe types it belongs to."""
    types = list(dict.fromkeys(_of(table, label)["type"]))
    plain = {type_name(t): float(i) for i, t in enumerate(types)}
    if label != "unsafe":
        return plain
    safe = list(dict.fromkeys(table.loc[table["label"] == "safe", "type"]))
    opposite = {}
    for t in types:
        stem = t.removeprefix("contrast_")
        partners = [i for i, s in enumerate(safe) if stem in s]
        if not partners:
            return plain
        opposite[type_name(t)] = sum(partners) / len(partners)
    return opposite


def _rows(axis, places: dict[str, float], grey: set[str], tallest: float | None = None) -> None:
    """Row labels, and a hairline between rows to lead the eye."""
    axis.set_ylim((tallest or max(places.values()) + 1) - 0.45, -0.55)
    labels = [wrapped(_bare(name), LABEL_WIDTH, LABEL) for name in places]
    axis.set_yticks(list(places.values()), labels)
    for label, name in zip(axis.get_yticklabels(), places, strict=True):
        label.set_color(GREY if name in grey else INK)
        label.set_linespacing(1.1)
    for above, below in itertools.pairwise(sorted(places.values())):
        axis.axhline((above + below) / 2, color=LINE, linewidth=0.6, zorder=0)


def _label_first_only(axes) -> None:
    """Panels with the same rows need their names once."""
    for axis in axes[1:]:
        axis.set_yticklabels([])


def _percent_axis(axis, label: str, end: float) -> None:
    axis.set_xlim(-2, end)
    axis.set_xticks([0, 25, 50, 75, 100])
    axis.grid(axis="x", color=LINE, linewidth=0.8)
    axis.set_xlabel(label, loc="left")


def _names(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """What each row of the table is called on the figure."""
    several = _several_systems(table)
    return [
        text("figures.separator").join(_name(c, v, several) for c, v in row.items())
        for row in table[columns].to_dict("records")
    ]


def _several_systems(table: pd.DataFrame) -> bool:
    """Whether a language has more than one prefix; one in each is the same prefix translated."""
    if "system" not in table.columns:
        return False
    with_one = table[~table["system"].isin(["", None])]
    groups = with_one.groupby("lang") if "lang" in table.columns else [("", with_one)]
    return any(group["system"].nunique() > 1 for _, group in groups)


def _name(column: str, value, several_systems: bool) -> str:
    if column == "type":
        return type_name(value)
    if column == "lang":
        return text(f"language.{value}")
    if column == "judge":
        return judge_name(value)
    if column in ("prefix", "system") and (value is None or value is False or value == ""):
        return text("figures.no_prefix")
    if (column == "system" and not several_systems) or (column == "prefix" and value is True):
        return text("figures.with_prefix")
    value = str(value)
    return value if len(value) <= 28 else value[:27] + "…"


def _bare(name: str) -> str:
    """A contrast's name without the word "contrast", which the panel's title says already."""
    bare = name.removeprefix(text("figures.contrast_prefix"))
    return name if bare == name else bare[:1].upper() + bare[1:]


def _class_name(name: str) -> str:
    return text(f"figures.{name}") if name in (*CLASSES, "unparsed") else str(name)


def _published_name(row: dict) -> str:
    return text("figures.published_row", model=row["model"], date=int(row["date"]))


def _panel_name(label: str | None, form: str = "") -> str:
    """``form``: "" says which rates are good, "_plain" does not."""
    if not label:
        return text("figures.all" if label is None else "figures.unlabelled")
    return text(f"figures.{label}{form}")


def _digits(percent: float) -> str:
    """Whole per cents, but never "0" or "100" for what is not quite that."""
    whole = f"{percent:.0f}"
    almost = whole in ("0", "100") and not math.isclose(percent, float(whole), abs_tol=1e-9)
    return f"{percent:.1f}" if almost else whole


def _counted(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """The footer's words on how many answers each number rests on."""
    said = []
    for key, points in (("n", ours), ("n_published", theirs)):
        if len(points):
            low, high = int(points["n"].min()), int(points["n"].max())
            n = str(low) if low == high else text("figures.range", low=low, high=high)
            said.append(text(f"figures.{key}", n=n))
    return said


# ---- alt text -----------------------------------------------------------------------------


def _alt(title: str, panels: list[tuple[str | None, str]], form: str = "") -> str:
    said = [text("figures.alt_panel", panel=_panel_name(p, form), values=v) for p, v in panels]
    return text("figures.alt", title=title, panels="".join(said)).strip()


def _listed(values: list[tuple[str, str]]) -> str:
    said = [text("figures.alt_value", name=name, value=value).strip() for name, value in values]
    return text("figures.semicolon").join(said)


def _said(points: pd.DataFrame, brief: bool) -> str:
    """Every number of the panel; in a large one (``brief``) the extremes of each series."""
    points = points[points["value"].notna()].assign(
        said=lambda p: [
            str(Estimate(*row, int(n)))
            for *row, n in p[["value", "low", "high", "n"]].itertuples(index=False)
        ]
    )
    if not brief or len(points) <= 8:
        full = [
            text("figures.separator").join(filter(None, pair))
            for pair in zip(points["hue"], points["name"], strict=True)
        ]
        return _listed(list(zip(full, points["said"], strict=True)))
    said = []
    for hue, series in points.groupby("hue", sort=False):
        top, bottom = series.loc[series["value"].idxmax()], series.loc[series["value"].idxmin()]
        said.append(
            text(
                "figures.alt_extremes",
                name=text("figures.alt_series", name=hue) if hue else "",
                top=top["name"],
                top_value=top["said"],
                bottom=bottom["name"],
                bottom_value=bottom["said"],
            )
        )
    return text("figures.semicolon").join(said)
