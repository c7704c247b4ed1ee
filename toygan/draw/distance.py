"""Distances between two targets against a number: what grows, what is bounded, and the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toygan.draw.layout import axis_at
from toygan.draw.panels import METHOD_COLOURS
from toygan.draw.sheet import WIDTH, blank, say, wrapped_command
from toygan.draw.style import FAINT, INK, LARGE, PLAIN, SMALL
from toygan.quantities.table import label_of

PANELS = {
    "moving mass (plane units)": ("w1", "w2"),
    "bounded (JS: nats, TV: share)": ("js", "tv"),
    "unbounded (nats)": ("kl", "reverse_kl"),
}
DIRECTED = {"kl": "KL(A | B)", "reverse_kl": "KL(B | A)"}
DISTANCES = [name for members in PANELS.values() for name in members]
SAMPLED = ("w1", "w2")
LIMITS = {"js": (np.log(2), "log 2"), "tv": (1.0, "1")}
MARKS = ("o", "s")
TALL = 2.1  # inches: the height of a panel


def distances_along(
    title: str, key: str, along: Sequence[float], values: Mapping[str, np.ndarray], floors: Mapping[str, np.ndarray],
    command: str,
) -> Figure:  # fmt: skip
    """Those distances [N] that have values, by name, against `along [N]`; infinite ones stand on the upper edge, and
    unknown ones are left out.

    `floors [N]` (NaN where a number is not sampled) is what samples of one and the same target would give.
    """
    lines = wrapped_command(command) if command else []
    foot = 0.14 * max(len(lines) - 1, 0)
    figure = blank(TALL + 1.85 + foot)
    say(figure, 0.2, TALL + 1.5 + foot, title, LARGE + 2, weight="bold")
    say(figure, 0.2, 0.12, "\n".join(lines), SMALL - 1, family="monospace")
    shown = [heading for heading, names in PANELS.items() if {*names} & {*values}]
    step = (WIDTH - 0.55) / len(shown)
    for i, heading in enumerate(shown):
        axis = axis_at(figure, 0.55 + i * step, 0.8 + foot, step - 0.5, TALL)
        panel(axis, heading, key, along, values, floors)
    return figure


def panel(
    axis: Axes, heading: str, key: str, along: Sequence[float], values: Mapping[str, np.ndarray],
    floors: Mapping[str, np.ndarray],
) -> None:  # fmt: skip
    """Those of the distances under a heading that have values, against a number, with the floors of sampled ones, dotted."""
    axis.set_title(heading, size=PLAIN, loc="left", pad=24, color=INK)
    lines = [line for line in zip(PANELS[heading], METHOD_COLOURS, MARKS, strict=False) if line[0] in values]
    for name, colour, mark in lines:
        curve(axis, along, values[name], DIRECTED.get(name, label_of(name)), colour, mark)
    for name, colour, _ in lines:
        if name in SAMPLED and np.nanmax(floors[name], initial=0.0) > 0:
            label = "floors" if name == lines[0][0] else None
            axis.plot(along, floors[name], ":", color=colour, linewidth=1, label=label)
    dress(axis, key, [name for name, _, _ in lines])


def curve(axis: Axes, along: Sequence[float], values: np.ndarray, label: str, colour: str, mark: str) -> None:
    """One distance as marks, joined only where neighbours may be: a jump is not a slope."""
    finite = np.isfinite(values)
    line = "-" if finite.all() and is_smooth(values) else ""
    hollow = {"markerfacecolor": "white"} if mark == "s" else {}
    shown = np.where(finite, values, np.nan)
    axis.plot(along, shown, line + mark, color=colour, markersize=4.2 if mark == "o" else 2.6,
              linewidth=1.2, label=label, clip_on=False, zorder=3, **hollow)  # type: ignore[arg-type]  # fmt: skip
    infinite = np.isposinf(values)
    if infinite.any():
        axis.plot(np.asarray(along)[infinite], np.full(infinite.sum(), 1.0), "^", color=colour, clip_on=False,
                  markersize=5 if mark == "o" else 2.5, transform=axis.get_xaxis_transform(), **hollow)  # type: ignore[arg-type]  # fmt: skip


def is_smooth(values: np.ndarray) -> bool:
    """Whether no step between neighbours is half of the whole range, which would draw a jump as a slope."""
    return len(values) > 3 and float(np.abs(np.diff(values)).max()) < max(np.ptp(values) / 2, 1e-300)


def dress(axis: Axes, key: str, members: Sequence[str]) -> None:
    """Axes, limits that a distance cannot pass, and what the triangles on the upper edge are."""
    spoken = " ".join(key.split(".")[-2:]).replace("_", " ")  # `target shift`, and `points` of what has no table
    axis.set_xlabel(spoken, size=PLAIN, color=INK, parse_math=False)
    axis.tick_params(labelsize=SMALL, length=2, pad=2, color=FAINT)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    for height, words in (LIMITS[name] for name in members if name in LIMITS):
        axis.axhline(height, color=FAINT, linewidth=0.6, linestyle="--", zorder=0)
        axis.annotate(words, (1.01, height), xycoords=("axes fraction", "data"), size=SMALL, color=FAINT, va="center")
    axis.set_ylim(bottom=0, top=1.08 if "tv" in members else None)
    if "kl" in members:
        if axis.get_ylim()[1] < 0.1:  # nothing finite but zeros
            axis.set_ylim(0, 1)
        if any(line.get_marker() == "^" for line in axis.lines):
            axis.plot([], [], "^", color=FAINT, markersize=5, label="infinite")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="lower left", bbox_to_anchor=(-0.03, 1.0), fontsize=SMALL, frameon=False, ncol=3, handlelength=1.2,
                columnspacing=0.8, handletextpad=0.4)  # fmt: skip
