"""All targets on one sheet, as small pictures: points, density, and the modes or the skeleton."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from toygan.draw.layout import axis_at
from toygan.draw.panels import tick
from toygan.draw.points import GENERATED, REAL
from toygan.draw.saved import save_figure
from toygan.draw.sheet import blank, say
from toygan.draw.style import FAINT, INK, LARGE, PLAIN, SMALL
from toygan.quantities.divergences import Window

COLUMNS, SIDE, PITCH = 4, 1.72, (1.95, 2.12)  # panels in a row; inches of one, and from one to the next
POINTS, PIXELS = 600, 90  # points and pixels along a side in one panel
CAPTION = f"Dark: {POINTS} points. Blue: root of the density. Orange: 3 sigma around modes, or the skeleton of a curve."
DENSITY = LinearSegmentedColormap.from_list("density", ["#ffffff", "#cfdff0", "#8fb4da", "#4f88bd"], N=12)


class Drawable(Protocol):
    """What a picture shows of a target: the fields of `toygan.targets.target.Target` that are drawn."""

    @property
    def sample(self) -> Callable[[np.random.Generator, int], np.ndarray]: ...

    @property
    def log_density(self) -> Callable[[np.ndarray, float], np.ndarray] | None: ...

    @property
    def skeleton(self) -> np.ndarray | None: ...

    @property
    def modes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None: ...


def target_panel(axis: Axes, target: Drawable) -> None:
    """Draw the density (a pixel blurred, so that curves are seen), 600 points, 3 deviations around each mode, the skeleton."""
    points = target.sample(np.random.default_rng(0), POINTS)
    view = square_around(points)
    shade_density(axis, target, view)
    if target.skeleton is not None:
        axis.plot(*target.skeleton.T, ".", color=GENERATED, markersize=2, markeredgewidth=0, zorder=3)
    axis.plot(*points.T, "o", color=REAL, markersize=1.5, markeredgewidth=0, alpha=0.5, zorder=2)
    if target.modes is not None:
        mode_outlines(axis, *target.modes[:2])
    axis.set(xlim=view[:2], ylim=view[2:], aspect="equal")
    for line, ends in ((axis.xaxis, view[:2]), (axis.yaxis, view[2:])):
        line.set_ticks(round_ends(*ends))
        line.set_major_formatter(FuncFormatter(tick))
    axis.tick_params(labelsize=SMALL, length=2, pad=1.5, color=FAINT)
    axis.spines[:].set(color=FAINT, linewidth=0.6)


def square_around(points: np.ndarray) -> Window:
    """A square view around points, a seventh of their extent to spare; one unit wide around a single place."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.57 * float((high - low).max()) or 0.5
    x, y = (float(value) for value in (low + high) / 2)
    return x - half, x + half, y - half, y + half


def round_ends(low: float, high: float) -> list[float]:
    """Two round numbers near the ends of a view, to be read as its scale."""
    step = 10.0 ** np.floor(np.log10((high - low) / 2))
    step *= max(factor for factor in (1, 2, 5) if factor * step <= (high - low) / 2.2)
    first = float(np.ceil(low / step) * step)
    return [first, float(np.floor((high - first) / step) * step + first)]


def shade_density(axis: Axes, target: Drawable, view: Window) -> None:
    """The square root of the density as a shade: peaks differ by orders of magnitude, and all must be seen."""
    if target.log_density is None:
        return
    pixel = (view[1] - view[0]) / PIXELS
    x, y = (low + pixel * (np.arange(PIXELS) + 0.5) for low in view[::2])
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    shade = np.exp(target.log_density(places, pixel) / 2).reshape(PIXELS, PIXELS)
    axis.imshow(shade, cmap=DENSITY, origin="lower", extent=view, vmin=0, interpolation="bilinear", zorder=0)


def mode_outlines(axis: Axes, centres: np.ndarray, covariances: np.ndarray) -> None:
    """Each mode as an ellipse of 3 standard deviations; a ring around a mode without width."""
    variances, directions = np.linalg.eigh(covariances)
    angles = np.degrees(np.arctan2(directions[:, 1, 0], directions[:, 0, 0]))
    wide, tall = np.maximum(6 * np.sqrt(np.maximum(variances, 0)), 0.03 * np.ptp(axis.get_xlim())).T
    outlines = EllipseCollection(wide, tall, angles, units="xy", offsets=centres, offset_transform=axis.transData,
                                 facecolors="none", edgecolors=GENERATED, linewidths=0.8, zorder=4)  # fmt: skip
    axis.add_collection(outlines)


def target_sheet(targets: Mapping[str, Drawable]) -> Figure:
    """Targets by name as small pictures, four in a row."""
    rows = -(-len(targets) // COLUMNS)
    figure = blank(rows * PITCH[1] + 0.95)
    up = figure.get_figheight()
    say(figure, 0.2, up - 0.36, "Targets", 15, weight="bold")
    say(figure, 0.2, up - 0.6, CAPTION, PLAIN)
    for i, (name, target) in enumerate(targets.items()):
        row, column = divmod(i, COLUMNS)
        axis = axis_at(figure, 0.32 + column * PITCH[0], up - 0.95 - SIDE - row * PITCH[1], SIDE - 0.1, SIDE - 0.1)
        axis.set_title(name, size=LARGE, loc="left", pad=3, weight="bold", color=INK, parse_math=False)
        target_panel(axis, target)
    return figure


def save_targets(targets: Mapping[str, Drawable], path: str | Path) -> None:
    """Write the sheet of targets as PNG, PDF or SVG, by the suffix; raises ValueError for another one."""
    save_figure(target_sheet(targets), path, None)
