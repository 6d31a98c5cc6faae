"""Figures: the numbers they show, the words on them, the font, the alt text."""

import itertools
import warnings
from functools import cache
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from course_lib import figures
from course_lib.canvas import png, show, style, text_width, wrapped
from course_lib.errors import CourseError
from course_lib.exaggerated_safety import published_rates, type_name
from course_lib.figures import plot_compliance, plot_confusion, plot_judges, plot_rates
from course_lib.fonts import register_font
from course_lib.language import phrases, text
from course_lib.measures import Estimate, wilson, wilson_interval
from course_lib.prompts.xstest import TYPES, label_of


def by_type(**facets) -> pd.DataFrame:
    """A table as ``refusal_rates`` makes it, each rate a different one."""
    combinations = list(itertools.product(*facets.values()))
    rows = []
    for k, values in enumerate(combinations):
        for i, kind in enumerate(TYPES):
            refused = (5 * i + 7 * k) % 26
            row = dict(zip(facets, values, strict=True))
            rows.append(row | {"label": label_of(kind), "type": kind, "n": 25, "refused": refused})
    table = pd.DataFrame(rows)
    table["rate"] = table["refused"] / table["n"]
    table["low"], table["high"] = wilson_interval(table["refused"], table["n"])
    return table


def by_model(**facets) -> pd.DataFrame:
    table = by_type(**facets).drop_duplicates([*facets, "label"]).drop(columns="type")
    shares = ["full_compliance", "partial_refusal", "full_refusal"]
    table[shares[0]] = 1 - table["rate"]
    table[shares[1]] = table["rate"] / 4
    table[shares[2]] = table["rate"] * 3 / 4
    return table.reset_index(drop=True)


def calibration():
    classes = ["full_compliance", "full_refusal", "partial_refusal"]
    counts = [[210, 4, 20, 1], [3, 180, 10, 0], [12, 9, 30, 2]]
    return SimpleNamespace(
        confusion=pd.DataFrame(counts, index=classes, columns=[*classes, "unparsed"]),
        sensitivity=wilson(229, 246),
        specificity=wilson(210, 234),
        kappa=Estimate(0.83, 0.78, 0.88, 480),
    )


def ours_and_published():
    ours = by_model(model=["smollm2", "gemma3"], prefix=[False, True], lang=["zh", "en"])
    return pd.concat([ours, published_rates()], ignore_index=True)


FIGURES = {
    "one": lambda: plot_rates(by_type(model=["smollm2"])),
    "four": lambda: plot_rates(by_type(model=["smollm2", "gemma3"], prefix=[False, True])),
    "two alike": lambda: plot_rates(
        pd.concat([by_type(model=["a"]), by_type(model=["a"]).assign(model="b")])
    ),
    "seven": lambda: plot_rates(by_type(model=[f"model {i}" for i in range(7)])),
    "published by type": lambda: plot_rates(
        by_type(model=["smollm2", "gemma3"]), published=published_rates(by_type=True)
    ),
    "rows": lambda: plot_rates(
        by_model(model=["smollm2", "gemma3"], prefix=[False, True], lang=["zh", "en"]),
        published=published_rates(),
    ),
    "judges": lambda: plot_judges(by_model(judge=["rules", "garak", "GCG"], model=["a", "b"])),
    "compliance": lambda: plot_compliance(ours_and_published()),
    "confusion": lambda: plot_confusion(calibration()),
}


@cache
def rendered(name: str, lang: str) -> Figure:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "Glyph missing" is a warning
        fig = FIGURES[name]()
        png(fig)
    return fig


@pytest.fixture(params=FIGURES)
def figure(request, lang):
    return rendered(request.param, lang)


def texts(fig) -> list[Text]:
    """Every text that is drawn: not empty, not switched off."""
    png(fig)  # only then is it laid out
    found = []
    for artist in fig.findobj(Text):
        if artist.get_visible() and artist.get_text().strip() and artist.get_alpha() != 0:
            found.append(artist)
    # Tick labels outside of their axis' limits exist but are not drawn.
    drawn = []
    for artist in found:
        box = artist.get_window_extent()
        if np.isfinite(box.extents).all() and box.width > 0:
            drawn.append(artist)
    return drawn


def test_all_words_lie_on_the_page_and_none_on_another(figure):
    page = figure.bbox
    boxes = []
    for artist in texts(figure):
        box = artist.get_window_extent()
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, artist.get_text()
        assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, artist.get_text()
        boxes.append((artist.get_text(), box.padded(-2)))
    for (a, x), (b, y) in itertools.combinations(boxes, 2):
        assert not x.overlaps(y), (a, b)


def test_every_word_is_in_the_packaged_font(figure):
    for artist in texts(figure):
        assert artist.get_fontfamily() == [register_font()], artist.get_text()


def test_a_figure_is_as_wide_as_the_page_and_not_too_tall(figure):
    width, height = figure.get_size_inches()
    # Four colours in ten rows still fit a slide; seven, the most, may need scrolling.
    most = 9.5 if "model 6" in figure.course_alt else 7
    assert width == 8 and height <= most


@pytest.mark.parametrize("page", ["zh", "en"])
def test_every_phrase_of_the_course_can_be_drawn(page):
    with mpl.rc_context(style()), warnings.catch_warnings():
        warnings.simplefilter("error")
        fig = Figure()
        FigureCanvasAgg(fig)
        # A "$" would start a formula; figures print none.
        words = "\n".join(p[page].replace("$", "") for p in phrases().values())
        fig.text(0, 0, words)
        fig.text(0, 0, "−1.5 ± ≤ ½ × → “…” 「」")
        fig.canvas.draw()


def test_a_missing_glyph_would_be_noticed():
    with mpl.rc_context(style()), pytest.warns(UserWarning, match="Glyph"):
        fig = Figure()
        FigureCanvasAgg(fig)
        fig.text(0, 0, "\U0001f999")
        fig.canvas.draw()


# ---- the numbers --------------------------------------------------------------------------


def drawn(fig, gid: str):
    return next(
        a for axis in fig.findobj(mpl.axes.Axes) for a in axis.get_children() if a.get_gid() == gid
    )


def test_dots_and_intervals_are_the_tables(lang):
    table = by_type(model=["smollm2", "gemma3"])
    fig = plot_rates(table)
    for (label, model), rows in table.groupby(["label", "model"]):
        dots = drawn(fig, f"{label}|{model}")
        assert list(dots.get_xdata()) == pytest.approx(list(100 * rows["rate"]))
        lines = drawn(fig, f"{label}|{model}|interval").get_segments()
        assert [line[0][0] for line in lines] == pytest.approx(list(100 * rows["low"]))
        assert [line[-1][0] for line in lines] == pytest.approx(list(100 * rows["high"]))
        assert [line[0][1] for line in lines] == pytest.approx(list(dots.get_ydata()))


def test_each_contrast_stands_opposite_its_safe_types(lang):
    fig = plot_rates(by_type(model=["m"]))
    safe, unsafe = (drawn(fig, f"{label}|").get_ydata() for label in ("safe", "unsafe"))
    assert list(safe) == list(range(10))
    assert list(unsafe) == [0, 1, 2, 3, 4, 5.5, 7, 8.5]
    labels = [t.get_text() for t in fig.findobj(mpl.axes.Axes)[0].get_yticklabels()]
    assert labels[0] == type_name("homonyms")


def test_corrected_rates_are_drawn_on_request(lang):
    table = by_type(model=["m"])
    with pytest.raises(CourseError):
        plot_rates(table, corrected=True)
    table = table.assign(corrected=0.5, corrected_low=0.25, corrected_high=0.75)
    fig = plot_rates(table, corrected=True)
    assert set(drawn(fig, "safe|").get_xdata()) == {50}
    assert text("figures.interval_corrected") in " ".join(t.get_text() for t in texts(fig))


def test_published_dots_are_the_published_figures(lang):
    published = published_rates()
    fig = plot_rates(by_model(model=["smollm2", "gemma3"]), published=published)
    for label in ("safe", "unsafe"):
        rates = published.loc[published["label"] == label, "rate"]
        greys = [
            a
            for axis in fig.findobj(mpl.axes.Axes)
            for a in axis.get_lines()
            if a.get_gid() == f"{label}|" and a.get_color() == figures.GREY
        ]
        assert list(greys[0].get_xdata()) == pytest.approx(list(100 * rates))


def test_bars_are_the_shares(lang):
    table = published_rates()
    fig = plot_compliance(table)
    for label in ("safe", "unsafe"):
        for row in table[table["label"] == label].to_dict("records"):
            name = text("figures.published_row", model=row["model"], date=2023)
            start = 0.0
            for part in ("full_compliance", "partial_refusal", "full_refusal"):
                bar = drawn(fig, f"{label}|{name}|{part}")
                assert bar.get_x() == pytest.approx(start)
                assert bar.get_width() == pytest.approx(100 * row[part])
                start += 100 * row[part]


def test_confusion_shows_every_count(lang):
    words = [t.get_text() for t in texts(plot_confusion(calibration()))]
    for count in (210, 4, 20, 1, 3, 180, 10, 0, 12, 9, 30, 2):
        assert str(count) in words


def test_a_rate_without_answers_is_said_not_drawn(lang):
    table = by_type(model=["m"])
    table.loc[0, ["n", "refused"]] = 0
    table.loc[0, ["rate", "low", "high"]] = np.nan
    fig = plot_rates(table)
    assert len(drawn(fig, "safe|").get_xdata()) == 9
    assert text("figures.nothing") in [t.get_text() for t in texts(fig)]


@pytest.mark.parametrize(
    ("percent", "shown"),
    [(0, "0"), (100, "100"), (0.4, "0.4"), (99.5, "99.5"), (50.4, "50"), (99.4, "99")],
)
def test_nearly_all_is_not_printed_as_all(percent, shown):
    assert figures._digits(percent) == shown


# ---- alt text -----------------------------------------------------------------------------


def test_alt_text_has_the_numbers_of_the_page_in_its_language(lang):
    table = by_type(model=["smollm2", "gemma3"])
    alt = plot_rates(table).course_alt
    assert alt.startswith({"zh": "图：", "en": "Figure: "}[lang])
    for (_, model), rows in table.groupby(["label", "model"]):
        for row in (rows.loc[rows["rate"].idxmax()], rows.loc[rows["rate"].idxmin()]):
            assert str(wilson(row["refused"], row["n"])) in alt
            assert type_name(row["type"]) in alt
        assert model in alt
    published = published_rates()
    alt = plot_rates(by_model(model=["a", "b"]), published=published).course_alt
    assert all(str(wilson(r.refused, r.n)) in alt for r in published.itertuples())
    alt = plot_compliance(published).course_alt
    assert all(f"{100 * x:.1f}%" in alt for x in published["full_refusal"])
    alt = plot_confusion(calibration()).course_alt
    assert "210" in alt and "0.83" in alt and f"{calibration().sensitivity:.1%}" in alt


def test_a_figure_shows_itself_with_its_alt_text(lang, capsys):
    fig = plot_judges(by_model(judge=["rules", "garak"]))
    data, metadata = DisplayFormatter().format(fig)
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == fig.course_alt == data["text/plain"]


def test_show_displays_once_and_closes(lang, monkeypatch):
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr("course_lib.canvas.display", lambda *a, **k: shown.append((a, k)))
    fig = plot_judges(by_model(judge=["rules", "garak"]))
    show(fig)
    show(fig, alt="other words")
    plain = plt.figure()
    show(plain, alt="plain")
    alts = [k["metadata"]["image/png"]["alt"] for _, k in shown]
    assert alts == [fig.course_alt, "other words", "plain"]
    assert plain.number not in plt.get_fignums()


def test_plots_leave_no_settings_behind():
    before = dict(mpl.rcParams)
    plot_judges(by_model(judge=["rules", "garak"]))
    assert dict(mpl.rcParams) == before


# ---- mistakes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plot", "named"),
    [
        (lambda: plot_rates(by_type(model=["m"]).drop(columns="low")), "low"),
        (lambda: plot_rates(by_type(model=["m"]), hue="modle"), "model"),
        (lambda: plot_rates(by_type(model=["m"]).iloc[:0]), "表是空的|empty"),
        (lambda: plot_rates(by_type(model=[str(i) for i in range(8)])), "8"),
        (lambda: plot_rates(by_type(model=["a", "b"]), hue=[]), "type"),
        (lambda: plot_rates(by_type(model=["a"]), published=published_rates()), "by_type"),
        (lambda: plot_judges(by_model(model=["m"])), "judge"),
        (lambda: plot_compliance(by_type(model=["m"])), "full_compliance"),
    ],
)
def test_a_wrong_table_is_told(lang, plot, named):
    with pytest.raises(CourseError, match=named):
        plot()


# ---- lines --------------------------------------------------------------------------------


def test_lines_are_broken_at_spaces_and_between_chinese():
    for words in ("Nonsense group, real discrimination", "虚构群体，真实歧视（Mistral Instruct）"):
        lines = wrapped(words, 70, 10).split("\n")
        assert len(lines) > 1 and all(text_width(line, 10) <= 75 for line in lines)
        assert "".join(lines).replace(" ", "") == words.replace(" ", "")
        assert not any(line[0] in "，）" for line in lines)
        assert not any(line[-1] in "（" for line in lines)
    assert wrapped("short", 200, 10) == "short"
    assert wrapped("有安全前缀，中文", 70, 10) == "有安全前缀，\n中文"
