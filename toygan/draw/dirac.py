"""Phase portraits of the Dirac-GAN: the field of moves, the path of a run, and what the eigenvalues say."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw.layout import axis_at
from toygan.draw.panels import STEEPNESS, pixel_extent
from toygan.draw.points import GENERATED, REAL
from toygan.draw.sheet import WIDTH, blank, even, say
from toygan.draw.style import INK, LARGE, PLAIN, SMALL, quiet
from toygan.files.text import number

if TYPE_CHECKING:
    from toygan.session.dirac import Portrait

REMEMBERS = "Arrows: after a step spent there; a run remembers other steps, so its way may cross them."
KEY = (
    "Arrows, and darker where longer: one step from there, divided by the rate. Orange: a run from its start (square) "
    "to its end (diamond). Cross: the solution. Eigenvalues are (m − 1) / rate, m what one step multiplies a small "
    "offset by."
)
TYPED = (
    "{who} Arrows, and darker where longer: one step from there, divided by the rate. Orange: a path from its start "
    "(square) to its end (diamond). Cross: where both slopes vanish; |m| is what one step multiplies a small offset from "
    "there by."
)
WHO = ("x minimises it, y maximises it.", "x minimises the first, y the second.")


def phase_portrait(axis: Axes, phases: Portrait) -> None:
    """Draw the field of moves over its speed, the path from its start (square) to its end (diamond), and the solution."""
    moves = np.moveaxis(phases.field, -1, 0)
    speed = np.hypot(*moves)
    known = np.isfinite(speed)
    u, v = np.where(known, moves, 0.0)
    longest = (float(np.percentile(speed[known], 90)) if known.any() else 0.0) or 1.0
    axis.imshow(speed, cmap=STEEPNESS, vmin=0, vmax=longest, origin="lower", interpolation="bilinear",
                extent=pixel_extent(phases.axis, phases.axis), zorder=0)  # fmt: skip
    thin = slice(None, None, 2 if len(phases.axis) > 15 else 1)
    grown = 1.7 * (phases.axis[1] - phases.axis[0]) / np.maximum(np.where(known, speed, longest), longest)
    axis.quiver(phases.axis[thin], phases.axis[thin], (u * grown)[thin, thin], (v * grown)[thin, thin], color=INK,
                alpha=0.75, angles="xy", scale_units="xy", scale=1, pivot="mid", width=0.007, zorder=2)  # fmt: skip
    axis.plot(*phases.path.T, color=GENERATED, linewidth=1.1, alpha=0.9, zorder=3)
    axis.plot(*phases.path[0], "s", color=GENERATED, markersize=6, markeredgecolor="white", zorder=4)
    axis.plot(*phases.path[-1], "D", color=INK, markersize=5, markeredgecolor="white", zorder=5)
    axis.plot(*phases.rests.T, "+", color=REAL, markersize=9, markeredgewidth=1.6, zorder=5)
    dress(axis, float(phases.axis[-1]), phases.names)


def dress(axis: Axes, window: float, names: tuple[str, str]) -> None:
    """The same square window for every method."""
    marks = [-window, 0, window]
    axis.set(xlim=(-window, window), ylim=(-window, window), aspect="equal", anchor="W", xticks=marks, yticks=marks)
    axis.set_xlabel(names[0], size=SMALL, labelpad=1, color=INK)
    axis.set_ylabel(names[1], size=SMALL, labelpad=-4, color=INK)
    quiet(axis)


def portraits(
    several: Sequence[Portrait],
    command: str = "",
    title: str = "Dirac-GAN: where one step leads",
    key: str | None = None,
) -> Figure:
    """One portrait a method, side by side, each with its eigenvalues in words; raises ValueError when there is none."""
    if not several:
        raise ValueError("a figure needs at least one phase portrait")
    rows = -(-len(several) // 3)
    columns = -(-len(several) // rows)  # at most three, and rows as even as they come
    pitch = (WIDTH - 0.25) / columns
    side = min(pitch - 0.6, 4.2)
    words = [told(phases, int(15.5 * side)) for phases in several]
    lines = [max(one.count("\n") for one in words[i : i + columns]) for i in range(0, len(words), columns)]
    downs = np.cumsum([0.0, *(side + 0.86 + 0.14 * count for count in lines)])  # where each row begins
    foot = [line for one in command.splitlines() for line in textwrap.wrap(f"$ {one}", 112, subsequent_indent="  ")]
    figure = blank(even(downs[-1] + 1.2 + 0.14 * max(len(foot) - 1, 0)))
    up = figure.get_figheight()
    say(figure, 0.2, up - 0.36, title, 15 if len(title) <= 60 else 15 * 60 / len(title), weight="bold")
    typed = all(phases.more for phases in several)  # whose places of rest need not be solutions
    for line, part in enumerate(textwrap.wrap(key or (TYPED.format(who="").strip() if typed else KEY), 118)):
        say(figure, 0.2, up - 0.58 - 0.15 * line, part, SMALL)
    for i, phases in enumerate(several):
        left = 0.5 + (i % columns) * pitch
        panel = axis_at(figure, left, up - 1.15 - downs[i // columns] - side, side, side)
        phase_portrait(panel, phases)
        size = min(LARGE if columns < 3 else PLAIN, 108 * side / max(len(phases.title), 1))  # as wide as its panel
        panel.set_title(phases.title, size=size, loc="left", pad=4, weight="bold", parse_math=False)
        panel.text(0, -0.42 / side, words[i], size=SMALL, transform=panel.transAxes, va="top",
                   color=INK, linespacing=1.25, parse_math=False)  # fmt: skip
    for line, part in enumerate(reversed(foot)):
        say(figure, 0.2, 0.1 + 0.14 * line, part, SMALL, family="monospace")
    return figure


def told(phases: Portrait, width: int) -> str:
    """What is said below a portrait, in lines of a width."""
    lines = [phases.words, *phases.more] if phases.more else [f"near the cross: {phases.words}", *end_outside(phases)]
    lines += [REMEMBERS] if phases.remembers else []
    return "\n".join(part for line in lines for part in textwrap.wrap(line, width))


def end_outside(phases: Portrait) -> list[str]:
    """Where a path ends that leaves the window, so that nobody looks for its end in vain; nothing of one that ends inside."""
    x, y = (float(part) for part in phases.path[-1])
    if max(abs(x), abs(y)) <= phases.axis[-1]:
        return []
    if not np.isfinite([x, y]).all():
        return ["The run leaves the window and does not end at finite numbers."]
    return [f"The run ends outside the window, at ({number(x)}, {number(y)})."]


def typed_portraits(text: str, several: Sequence[Portrait], command: str) -> Figure:
    """The phase portraits of a game that was typed in."""
    title = textwrap.shorten(text, 90, placeholder=" ...")
    return portraits(several, command, title, TYPED.format(who=WHO[";" in text]))
