"""A view of one run: of its end, panels beside each other; of several of its steps, a column a step and a row a panel."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw.layout import axis_at, fitted_to, panel_height, place_beneath
from toygan.draw.sheet import MARGIN, RIGHT, ROW, TEXT, UNDER, WIDTH, framed, say, status_line
from toygan.draw.style import INK, LARGE, PLAIN, SMALL, entitle
from toygan.session.recording import Recording
from toygan.view.scene import Scene, scene, seeds_of, title_of

MOST = 4  # steps beside each other: their panels have numbers to be read
WIDEST, GAP, INDENT = 2.6, 0.42, 0.2  # inches: a panel, between two, before the first
ABOVE, LINE = 0.32, 0.145  # inches: over each panel for its title, a line of words


class Insight(NamedTuple):
    """A view of a run: its `name` in titles; its panels by title, each a function of an axis, a scene and what was seen; the
    inches under a panel; and whether panels are square, not of the plane's shape.
    """

    name: str
    panels: Mapping[str, Callable[[Axes, Scene, Any], None]]
    under: float = UNDER
    square: bool = False

    def tall(self, shown: Scene, side: float) -> float:
        """The height of a panel of a width."""
        return side if self.square else panel_height(shown, side)


def at_the_end(view: Insight, recording: Recording, seen: Any, prose: Sequence[tuple[str, str]], side: float) -> Figure:
    """A sheet of what was seen at a run's end: lines of prose with their weights, beneath them panels so many inches wide."""
    shown = scene(recording)
    tall = view.tall(shown, side)
    figure, below = framed(recording, tall + view.under + 1.15 + ROW * len(prose))
    entitle_sheet(figure, recording, view.name, status_line(shown))
    for row, (line, weight) in enumerate(prose):
        say(figure, 0.2, figure.get_figheight() - 0.84 - ROW * row, line, SMALL, weight)
    indent = 0.15 * view.square  # for what its numbers measure, which stands beside them
    places = np.linspace(MARGIN + indent, WIDTH - RIGHT - side + indent, len(view.panels))
    for place, (title, draw) in zip(places, view.panels.items(), strict=True):
        axis = axis_at(figure, place, below + view.under, side, tall)
        draw(axis, shown, seen)
        entitle(axis, title)
    return figure


def moments(
    view: Insight, recordings: Sequence[Recording], seen: Sequence[Any], told: Sequence[Sequence[str]], prose: str
) -> Figure:
    """A sheet of what was seen at one to four steps, a recording each, with lines `told` beneath; ValueError for more or none."""
    count = len(recordings)
    if not 0 < count <= MOST:
        raise ValueError(f"{count} steps cannot stand side by side; 1 to {MOST} can")
    side, shown = min((WIDTH - MARGIN - INDENT) / count - GAP, WIDEST), scene(recordings[-1])
    tall = view.tall(shown, side)
    lines, words = textwrap.wrap(prose, TEXT), [fitted_to(side + GAP - 0.1, own) for own in told]
    room, pitch = 0.05 + LINE * (1 + max(text.count("\n") for text in words)), tall + view.under + ABOVE
    figure, beneath = framed(recordings[-1], room + pitch * len(view.panels) + 1.05 + LINE * len(lines))
    entitle_sheet(figure, recordings[-1], view.name, status_of(recordings))
    for k, line in enumerate(lines):
        say(figure, 0.2, figure.get_figheight() - 0.82 - LINE * k, line, SMALL)
    for column, one in enumerate(recordings):
        left, bottom = MARGIN + INDENT + column * (side + GAP), beneath + room + view.under
        axes = [axis_at(figure, left, bottom + row * pitch, side, tall) for row in range(len(view.panels))][::-1]
        for axis, (title, draw) in zip(axes, view.panels.items(), strict=True):
            draw(axis, shown, seen[column])
            entitle(axis, "" if column else title)
            axis.set_ylabel("" if column else axis.get_ylabel())
        axes[0].annotate(f"step {one.facts.step}", (0, 1), (0, 20), "axes fraction", "offset points", size=LARGE,
                         weight="bold", color=INK)  # fmt: skip
        place_beneath(axes[-1], view.under).set_text(words[column])
    return figure


def entitle_sheet(figure: Figure, recording: Recording, view: str, status: str) -> None:
    up, title = figure.get_figheight(), f"{title_of(recording)} · {view}"
    say(figure, 0.2, up - 0.36, title, 15 * min(1, 60 / len(title)), weight="bold")
    say(figure, 0.2, up - 0.6, status, PLAIN)


def status_of(recordings: Sequence[Recording]) -> str:
    """The seed that is shown, of how many steps, and what a reader may not expect of a run that was played again."""
    facts = recordings[-1].facts
    known = dict.fromkeys(one.facts.status for one in recordings)
    return f"{seeds_of(recordings[-1])} · of {facts.steps} steps · {', '.join(known)}"
