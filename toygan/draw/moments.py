"""A view of one run at several of its steps: a column a step, a row a kind of panel, and beneath what there is to say."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw.layout import axis_at, fitted_to, place_beneath
from toygan.draw.sheet import MARGIN, TEXT, WIDTH, framed, say
from toygan.draw.style import INK, LARGE, PLAIN, SMALL, entitle
from toygan.session.recording import Recording
from toygan.view.scene import seeds_of, title_of

MOST = 4  # steps beside each other: their panels have numbers to be read
WIDEST, GAP, INDENT = 2.6, 0.42, 0.2  # inches: a panel, between two, before the first
ABOVE, LINE = 0.32, 0.145  # inches: over each panel for its title, a line of words


class StepRow(NamedTuple):
    """One kind of panel: its title, what draws it at the n-th step, its height over its width, and the inches under it."""

    title: str
    draw: Callable[[Axes, int], None]
    tall: float
    under: float


def moments(
    recordings: Sequence[Recording], view: str, rows: Sequence[StepRow], told: Sequence[Sequence[str]], prose: str
) -> Figure:
    """A sheet of a run at several steps, a recording each, with lines `told` beneath; ValueError for none or more than four."""
    last, count = recordings[-1], len(recordings)
    if not 0 < count <= MOST:
        raise ValueError(f"{count} steps cannot stand side by side; 1 to {MOST} can")
    side = min((WIDTH - MARGIN - INDENT) / count - GAP, WIDEST)
    lines, words = textwrap.wrap(prose, TEXT), [fitted_to(side + GAP - 0.1, own) for own in told]
    room = 0.05 + LINE * (1 + max(text.count("\n") for text in words))
    tall = sum(side * row.tall + row.under + ABOVE for row in rows)
    figure, beneath = framed(last, room + tall + 1.05 + LINE * len(lines))
    up, title = figure.get_figheight(), f"{title_of(last)} · {view}"
    say(figure, 0.2, up - 0.36, title, 15 * min(1, 60 / len(title)), weight="bold")
    say(figure, 0.2, up - 0.6, status_of(recordings), PLAIN)
    for k, line in enumerate(lines):
        say(figure, 0.2, up - 0.82 - LINE * k, line, SMALL)
    for column, one in enumerate(recordings):
        first, lowest = drawn_column(figure, column, rows, side, beneath + room)
        first.annotate(f"step {one.facts.step}", (0, 1), (0, 20), "axes fraction", "offset points", size=LARGE,
                       weight="bold", color=INK)  # fmt: skip
        place_beneath(lowest, rows[-1].under).set_text(words[column])
    return figure


def drawn_column(figure: Figure, column: int, rows: Sequence[StepRow], side: float, bottom: float) -> tuple[Axes, Axes]:
    """The panels of one step, the first row uppermost; the uppermost and the lowest axis. Titles are the first column's."""
    left, axes = MARGIN + INDENT + column * (side + GAP), list[Axes]()
    for row in reversed(rows):
        bottom += row.under
        axis = axis_at(figure, left, bottom, side, side * row.tall)
        row.draw(axis, column)
        entitle(axis, "" if column else row.title)
        axis.set_ylabel("" if column else axis.get_ylabel())
        bottom += side * row.tall + ABOVE
        axes.append(axis)
    return axes[-1], axes[0]


def status_of(recordings: Sequence[Recording]) -> str:
    """The seed that is shown, of how many steps, and what a reader may not expect of a run that was played again."""
    facts = recordings[-1].facts
    known = dict.fromkeys(one.facts.status for one in recordings)
    return f"{seeds_of(recordings[-1])} · of {facts.steps} steps · {', '.join(known)}"
