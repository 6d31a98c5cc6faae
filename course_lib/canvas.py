"""The page that every figure is drawn on: style, title, legend, footer, alt text."""

import io
import math
import re
from collections.abc import Sequence
from functools import cache, wraps

import matplotlib as mpl
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from .fonts import register_font

INK, QUIET, LINE = "#262626", "#6B6B6B", "#E3E3E3"
WIDTH = 8.0  # inches: 1200 pixels at 150 dpi, shown 900 wide, so sharp on a projector too
DPI = 150
SHOWN_WIDTH = 900  # CSS pixels on the page
TITLE, NOTE, LABEL = 14, 8.5, 9.5  # points
STYLE = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.labelsize": LABEL,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.spines.bottom": False,
    "xtick.color": QUIET,
    "xtick.labelsize": 9,
    "xtick.major.size": 0,
    "ytick.color": INK,
    "ytick.labelsize": LABEL,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": LABEL,
}


def style() -> dict:
    """The settings of every figure, for ``matplotlib.rc_context(style())``."""
    return STYLE | {"font.family": [register_font()]}


class CourseFigure(Figure):
    """A figure that knows its alt text and shows itself with it in a notebook."""

    course_alt: str = ""

    def draw(self, renderer):
        """In the course's style, whoever draws: matplotlib makes some texts only now."""
        with mpl.rc_context(style()):
            super().draw(renderer)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return _bundle(self, self.course_alt)


def show(fig: Figure, alt: str | None = None) -> None:
    """Display a figure once, its alt text kept in the notebook file.

    ``alt`` replaces the generated text; a figure from elsewhere has none of its own.
    """
    import matplotlib.pyplot as plt

    data, metadata = _bundle(fig, alt or getattr(fig, "course_alt", ""))
    display(data, raw=True, metadata=metadata)
    plt.close(fig)  # or the inline backend would show a pyplot figure a second time


def png(fig: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    if isinstance(fig, CourseFigure):
        # savefig lays a figure out and draws it twice.
        FigureCanvasAgg(fig).print_png(buffer)
    else:
        with mpl.rc_context(style()):
            fig.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def styled(plot):
    """A function that plots, called inside the course's style."""

    @wraps(plot)
    def plotted(*args, **kwargs):
        with mpl.rc_context(style()):
            return plot(*args, **kwargs)

    return plotted


def new_page(
    title: str,
    legend: Sequence,
    footer: Sequence[str],
    panels: int,
    body: float,
    width: float = WIDTH,
) -> tuple[CourseFigure, list]:
    """A figure (header with title and legend, axes side by side, footer) and its axes.

    legend: handles with labels; none for no legend. body: height in inches of the axes
    themselves. Long titles and footers are wrapped; the figure grows with them.
    """
    inner = 72 * (width - 0.3)
    title, note = wrapped(title, inner, TITLE), wrapped("    ".join(footer), inner, NOTE)
    widest = max((text_width(h.get_label(), LABEL) + 42 for h in legend), default=1)
    rows = math.ceil(len(legend) / max(1, int(inner / widest)))
    head = 0.2 + 0.27 * (title.count("\n") + 1) + (0.1 + 0.2 * rows if rows else 0)
    foot = 0.12 + 0.17 * (note.count("\n") + 1)
    body += 0.85  # panel title, ticks and axis label

    fig = CourseFigure(figsize=(width, head + body + foot), layout="constrained")
    FigureCanvasAgg(fig)
    top, middle, bottom = fig.subfigures(3, 1, height_ratios=[head, body, foot])
    left = 0.12 / width
    top.text(left, 1 - 0.1 / head, title, size=TITLE, va="top", linespacing=1.25)
    if rows:
        top.legend(
            handles=legend,
            loc="lower left",
            bbox_to_anchor=(left, 0.06 / head),
            ncols=math.ceil(len(legend) / rows),
            borderaxespad=0,
            borderpad=0,
            handlelength=1.8,
            columnspacing=1.6,
        )
    bottom.text(left, 0.98, note, size=NOTE, va="top", color=QUIET, linespacing=1.3)
    return fig, list(middle.subplots(1, panels, squeeze=False)[0])


@cache
def text_width(words: str, size: float) -> float:
    """Width in points of one line in the course's font."""
    font = get_font(findfont(FontProperties(family=register_font())))
    font.set_size(size, 72)
    font.set_text(words, 0.0)
    return font.get_width_height()[0] / 64  # it counts in 1/64 of a pixel, here of a point


def wrapped(words: str, width: float, size: float) -> str:
    """Break a text into lines of at most ``width`` points.

    At spaces, after Chinese punctuation and before a bracket; inside a run of Chinese, where
    any two characters may be parted, only if the run alone is too wide.
    """
    lines, line = [], ""
    for run in re.split(r"(?<=[，、。；\s])|(?=（)", words):
        for piece in [run] if text_width(run, size) <= width else _characters(run):
            if line.strip() and text_width(line + piece, size) > width:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
    return "\n".join([*lines, line.rstrip()])


def _characters(run: str) -> list[str]:
    """Chinese characters one by one, with the stop behind or the bracket before; Latin words."""
    pieces: list[str] = []
    for c in run:
        last = pieces[-1][-1] if pieces else ""
        in_word = last and ord(last) < 0x2E80 and ord(c) < 0x2E80
        if in_word or (pieces and (c in "，。；：！？、）」』】" or last in "（「『【")):
            pieces[-1] += c
        else:
            pieces.append(c)
    return pieces


def _bundle(fig: Figure, alt: str) -> tuple[dict, dict]:
    data = {"image/png": png(fig), "text/plain": alt}
    return data, {"image/png": {"alt": alt, "width": SHOWN_WIDTH}}
