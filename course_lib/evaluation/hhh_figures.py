"""Figures of HHH: win rates by scorer and aspect, and what the HHH prompt changes."""

import pandas as pd
from matplotlib.figure import Figure

from ..language import text
from ..tables import need_columns
from .dots import Panel, plot_dots, span
from .hhh import baselines


def plot_win_rates(
    table: pd.DataFrame, pairs, longer: pd.DataFrame | None = None, title: str | None = None
) -> Figure:
    """Win rates by scorer: a row a model and language, a panel without and with the prompt.

    table: ``win_rates(scored)``; pairs: what was scored, for the lines that rules draw;
    longer: ``longer_rates(scored)``, to show beside them how often the longer answer is taken.
    """
    rules = baselines(pairs).set_index("rule")["rate"]
    lines = {text(f"hhh.{rule}"): 100 * rules[rule] for rule in ("chance", "longer")}
    if lines[text("hhh.chance")] == lines[text("hhh.longer")]:
        both = " = ".join(lines)
        lines = {both: 50.0}
    panels, n = _panels(table, "better", lines), table["n"]
    if longer is not None:
        panels += _panels(longer, "longer", {text("hhh.no_lean"): 50.0})
        n = pd.concat([n, longer["n"]])
    footer = [text("figures.n", n=span(n)), text("hhh.interval")]
    return plot_dots(title or text("hhh.rates_title"), panels, text("hhh.share_axis"), footer)


def _panels(table: pd.DataFrame, takes: str, lines: dict[str, float]) -> list[Panel]:
    panels = []
    for prefix in sorted(set(table["prefix"])):
        some = table[table["prefix"] == prefix]
        points = _percent(some, [_row(r) for r in some.to_dict("records")], _scorers(some))
        name = (text(f"hhh.takes_{takes}"), _prefix(prefix))
        # One prefix: nothing to tell apart.
        several = table["prefix"].nunique() > 1
        panels.append(Panel(text("figures.separator").join(name[: 1 + several]), points, lines))
    return panels


def plot_aspects(table: pd.DataFrame, scorer: str = "pmi", title: str | None = None) -> Figure:
    """Win rates by aspect: a row an aspect, a colour a model, a panel a language.

    table: ``win_rates(scored, by=("model", "lang", "aspect"))`` of one prefix.
    """
    some = table[table["scorer"] == scorer]
    need_columns(some, ["aspect"])
    panels = []
    for lang in dict.fromkeys(some["lang"]):
        here = some[some["lang"] == lang]
        points = _percent(here, [text(f"hhh.{a}") for a in here["aspect"]], list(here["model"]))
        panels.append(Panel(text(f"language.{lang}"), points, {text("hhh.chance"): 50.0}))
    footer = [text("figures.n", n=span(some["n"])), text("hhh.interval")]
    return plot_dots(title or text("hhh.aspects_title"), panels, text("hhh.rate_axis"), footer)


def plot_prefix_effect(table: pd.DataFrame, title: str | None = None) -> Figure:
    """What the HHH prompt changes, in percentage points; the upright line is no change."""
    points = _percent(table, [_row(r) for r in table.to_dict("records")], _scorers(table), "change")
    reach = 10 * (max(points["high"].max(), -points["low"].min(), 10) // 10 + 1)
    footer = [text("figures.n", n=span(table["n"])), text("hhh.interval")]
    panel = Panel("", points, {text("hhh.no_change"): 0.0})
    title = title or text("hhh.effect_title")
    return plot_dots(title, [panel], text("hhh.change_axis"), footer, (-reach, reach))


def _percent(table, rows, hues, value: str = "rate") -> pd.DataFrame:
    points = 100 * table[[value, "low", "high"]].astype(float)
    points.columns = ["value", "low", "high"]
    return points.assign(row=rows, hue=hues).reset_index(drop=True)


def _row(row: dict) -> str:
    return text("figures.separator").join((row["model"], text(f"language.{row['lang']}")))


def _scorers(table) -> list[str]:
    return [text(f"hhh.{name}") for name in table["scorer"]]


def _prefix(prefix: bool) -> str:
    return text("hhh.with_prefix" if prefix else "hhh.no_prefix")
