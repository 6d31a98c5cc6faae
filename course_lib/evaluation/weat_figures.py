"""Figures of the word association test: effects with intervals, and single words."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.lines import Line2D

from ..canvas import INK, LABEL, LINE, CourseFigure, new_page, styled
from ..errors import CourseError
from ..figures import COLOURS, MARKERS
from ..language import text
from ..tables import need_columns
from .dots import Panel, plot_dots
from .weat import name_of_set, name_of_test


def plot_effects(
    table: pd.DataFrame, hue: str | None = None, title: str | None = None
) -> CourseFigure:
    """Effect sizes with their intervals: a row a test, a colour each value of ``hue``.

    table: from ``weat_effects`` or several of them together, with a column of your own that
    names the vectors for ``hue``. A column ``lang`` gives each language a panel.
    """
    need_columns(table, ("test", "d", "low", "high", *([hue] if hue else [])))
    points = pd.DataFrame(
        {
            "row": table["test"].map(name_of_test),
            "hue": table[hue].astype(str) if hue else "",
            "value": table["d"],
            "low": table["low"],
            "high": table["high"],
        }
    )
    lines = {text("weat.no_association"): 0.0}
    langs = list(dict.fromkeys(table["lang"])) if "lang" in table.columns else [""]
    panels = [
        Panel(
            text(f"language.{lang}") if lang else "",
            points[table["lang"] == lang] if lang else points,
            lines,
        )
        for lang in langs
    ]
    title = title or text("weat.title_effects")
    return plot_dots(title, panels, text("weat.axis_d"), [text("weat.footer_d")], (-2, 2))


@styled
def plot_associations(
    table: pd.DataFrame, attributes: Sequence[str], title: str | None = None
) -> CourseFigure:
    """Where each target word stands between the two attributes.

    table: from ``word_associations``. attributes: the names of A and B, for the axis.
    """
    if not len(table):
        raise CourseError("weat.no_words")
    sets = list(dict.fromkeys(table["set"]))
    legend = [
        Line2D([], [], color=c, marker=m, linestyle="none", label=name_of_set(name))
        for name, c, m in zip(sets, COLOURS, MARKERS, strict=False)
    ]
    title = title or text("weat.title_words")
    rows = table.sort_values("association", ignore_index=True)
    a, b = (name_of_set(name) for name in attributes)
    fig, (axis,) = new_page(title, legend, [text("weat.footer_words")], 1, 0.21 * len(rows))
    axis.axvline(0, color=INK, linewidth=1, linestyle="--", zorder=1)
    for y, row in rows.iterrows():
        place = sets.index(row["set"])
        axis.hlines(y, 0, row["association"], color=LINE, linewidth=1.2)
        axis.plot(row["association"], y, MARKERS[place], color=COLOURS[place], markersize=6)
    axis.set_yticks(range(len(rows)), rows["word"])
    for label, name in zip(axis.get_yticklabels(), rows["set"], strict=True):
        label.set_color(COLOURS[sets.index(name)])
    axis.set_ylim(-0.7, len(rows) - 0.3)
    edge = 1.15 * max(rows["association"].abs().max(), 0.01)
    axis.set_xlim(-edge, edge)
    axis.grid(axis="x", color=LINE, linewidth=0.8)
    axis.set_xlabel(text("weat.axis_words", a=a, b=b), size=LABEL)
    means = rows.groupby("set", sort=False)["association"].mean()
    fig.course_alt = text(
        "weat.alt_words",
        title=title,
        a=a,
        b=b,
        sets=text("figures.semicolon").join(
            text("weat.alt_set", set=name_of_set(name), mean=f"{means[name]:+.3f}") for name in sets
        ),
        top=rows["word"].iloc[-1],
        bottom=rows["word"].iloc[0],
    )
    return fig
