"""A protocol's numbers as a picture: what was published and what came out here, each with its interval, measure by measure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from toygan.draw.layout import axis_at, cut
from toygan.draw.panels import METHOD_COLOURS
from toygan.draw.sheet import WIDTH, blank, say
from toygan.draw.style import FAINT, INK, LARGE, PLAIN, SMALL
from toygan.view.statistics import Interval

ROW, HEAD = 0.36, 0.75  # inches of a line, and of what stands over and under those of a measure
LEFT, RIGHT = 2.6, 1.75  # inches for the runs' names and for verdicts
PUBLISHED, OURS = INK, METHOD_COLOURS[0]
NAME = 40  # characters of a run's name
ON_LEVEL = 0.16  # half the distance between the two marks of a line


class Both(NamedTuple):
    """One published number: its run, the measure, whether it is a share, the number and ours with intervals, the verdict."""

    run: str
    measure: str
    is_share: bool
    published: Interval
    ours: Interval
    verdict: str


def protocol_picture(title: str, lines: Sequence[Both], command: str, note: str) -> Figure:
    """A panel a measure and a line a run: published in black, ours in blue, 95 % intervals as bars."""
    measures = dict.fromkeys(line.measure for line in lines)
    panels = {name: [line for line in lines if line.measure == name] for name in measures}
    heights = [HEAD + ROW * len(members) for members in panels.values()]
    figure = blank(sum(heights) + 1.15)
    top = figure.get_figheight()
    say(figure, 0.2, top - 0.35, title, LARGE, weight="bold")
    how = f"Black: as published, blue: here; bars: 95 % intervals. {note}".strip()
    say(figure, 0.2, top - 0.6, how, SMALL, colour=FAINT)
    say(figure, 0.2, 0.12, command, SMALL - 1, family="monospace")
    bottom = top - 0.7
    for (name, members), height in zip(panels.items(), heights, strict=True):
        bottom -= height
        axis = axis_at(figure, LEFT, bottom + 0.35, WIDTH - LEFT - RIGHT, ROW * len(members))
        panel(axis, name, members)
    return figure


def panel(axis: Axes, name: str, members: Sequence[Both]) -> None:
    """The lines of one measure, the first on top."""
    axis.set_title(name, size=PLAIN, loc="left", pad=3, color=INK)
    for place, line in enumerate(members):
        bar(axis, line.published, place - ON_LEVEL, PUBLISHED, "s")
        bar(axis, line.ours, place + ON_LEVEL, OURS, "o")
        axis.annotate(line.verdict, (1.02, place), xycoords=("axes fraction", "data"), size=SMALL, va="center",
                      color=INK)  # fmt: skip
    axis.set_yticks(range(len(members)), [cut(line.run, NAME) for line in members])
    axis.set_ylim(len(members) - 0.5, -0.5)
    axis.tick_params(labelsize=SMALL, length=2, pad=2, color=FAINT)
    axis.margins(x=0.06)
    if members[0].is_share:
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
    axis.spines[["top", "right"]].set_visible(False)


def bar(axis: Axes, found: Interval, place: float, colour: str, mark: str) -> None:
    """A number as a mark, and its interval as a bar; nothing where there is no number."""
    if math.isnan(found.value):
        return
    axis.plot(found.ends, (place, place), "-", color=colour, linewidth=1.4, solid_capstyle="butt")
    axis.plot([found.value], [place], mark, color=colour, markersize=4.5)
