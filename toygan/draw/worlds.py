"""Two worlds on one panel: where points of the one go in the other, what comes back of them, and pairs of one latent."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patches import Rectangle

from toygan.draw.layout import fitted, panel_height, place_beneath
from toygan.draw.moving import Moving
from toygan.draw.panels import frame_view
from toygan.draw.points import MIST, marker_size, mixed
from toygan.draw.style import FAINT, INK, SMALL
from toygan.files.text import number
from toygan.quantities.table import written
from toygan.view.kinds import kept_over_time
from toygan.view.levels import Scale
from toygan.view.scene import Scene, inside

ARROWS = 150  # points whose way there and back is drawn
ACROSS = 24  # points that are followed from one world to the other
APART = 0.12  # the gap between two worlds, as a share of the view's width


def worlds(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """Both worlds side by side: points of the left one in the colours of their places, in the right one what becomes of them in
    the same colours, and some of their ways; a dark line leads from a point to what comes back of it.
    """
    source = np.asarray(shown.recording.frames["other_real"][0], float)
    back, again = (kept_over_time(shown, name) for name in ("other_reconstructed", "reconstructed"))
    shift, colours = np.array([(1 + APART) * (shown.view[1] - shown.view[0]), 0.0]), place_colours(source)
    axis.plot(*(shown.real + shift).T, "o", color=MIST, markersize=3.2, markeredgewidth=0, zorder=2)
    size = marker_size(len(source)) ** 2
    left, right = dots(axis, source, 1.4 * size, colours, "o"), dots(axis, source + shift, size, colours, "s")
    ways = np.flatnonzero(inside(source, shown.view))[:ACROSS]
    sending = axis.quiver(*source[ways].T, *np.zeros((2, len(ways))), color=colours[ways], angles="xy", scale_units="xy",
                          scale=1, units="inches", width=0.009, headwidth=6, headlength=7, headaxislength=6, alpha=0.75,
                          zorder=4)  # fmt: skip
    returns = [LineCollection([], colors=INK, linewidths=0.7, alpha=0.8, zorder=5) for _ in range(2)]
    for lines in returns:
        axis.add_collection(lines, autolim=False)
    frame_worlds(axis, shown, shift)
    words = place_beneath(axis)

    def show(t: int) -> None:
        sent = shown.samples[t]
        seen = inside(source, shown.view) & inside(sent, shown.view)
        left.set_offsets(np.where(seen[:, None], source, np.nan))
        right.set_offsets(np.where(seen[:, None], sent + shift, np.nan))
        sending.set_UVC(*np.where(seen[ways, None], sent[ways] + shift - source[ways], np.nan).T)
        returns[0].set_segments(joined(source, back[t]))
        returns[1].set_segments(joined(shown.real + shift, again[t] + shift))
        words.set_text(fitted(axis, ["squares right: where the dots of their colour go",
                                     f"dark lines: there and back{lengths(shown, t)}"]))  # fmt: skip

    return Moving(axis, [left, right, sending, *returns, words], show)


def dots(axis: Axes, points: np.ndarray, size: float, colours: np.ndarray, mark: str) -> PathCollection:
    """Points [n, 2], each in its own colour [n, 3]."""
    return axis.scatter(points[:, 0], points[:, 1], s=size, c=colours, marker=mark, linewidths=0, zorder=3)


def joined(points: np.ndarray, others: np.ndarray) -> list[np.ndarray]:
    """Lines from the first points [n, 2] to others [m, 2]."""
    few = min(ARROWS, len(points), len(others))
    return list(np.stack([points[:few], others[:few]], axis=1))


def lengths(shown: Scene, look: int) -> str:
    """How far points of either world are from what comes back of them, where that was measured."""
    left, right = (shown.recording.curve(name) for name in ("latent_distance", "reconstruction_error"))
    if left is None or right is None:
        return ""
    return f", {number(float(left[look, 0]))} long left, {number(float(right[look, 0]))} right"


def place_colours(points: np.ndarray) -> np.ndarray:
    """A colour for each of points [n, 2] by its place between the outermost ones: [n, 3]."""
    low, high = points.min(axis=0), points.max(axis=0)
    return mixed((points - low) / np.where(high > low, high - low, 1.0))


def frame_worlds(axis: Axes, shown: Scene, shift: np.ndarray) -> None:
    """Both views framed, without numbers, each named."""
    left, right, bottom, top = shown.view
    axis.set(xlim=(left, right + shift[0]), ylim=(bottom, top), aspect="equal", anchor="W", xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    for name, dx in (("the source", 0.0), ("the target", shift[0])):
        axis.add_patch(Rectangle((left + dx, bottom), right - left, top - bottom, fill=False, edgecolor=FAINT,
                                 linewidth=0.6, clip_on=False))  # fmt: skip
        axis.text(left + dx + 0.02 * (right - left), top - 0.02 * (top - bottom), name, size=SMALL, va="top", color=INK,
                  zorder=6)  # fmt: skip


def tall_worlds(shown: Scene, width: float) -> float:
    """The height of two views beside each other in equal units."""
    return panel_height(shown, width / (2 + APART))


def pairs(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """The two points of one latent joined by a line, in the colour of the first one's place; both worlds' real points pale."""
    other, real = kept_over_time(shown, "other"), np.asarray(shown.recording.frames["other_real"][0], float)
    size = marker_size(len(real))
    for cloud in (shown.real, real):
        axis.plot(*cloud.T, "o", color=MIST, markersize=1.4 * size, markeredgewidth=0, zorder=1)
    colours = place_colours(shown.samples[0])
    lines = LineCollection([], linewidths=0.6, alpha=0.6, zorder=2)
    axis.add_collection(lines, autolim=False)
    ends = [dots(axis, points, size**2, colours, mark) for points, mark in ((shown.samples[0], "s"), (other[0], "o"))]
    frame_view(axis, shown)
    words, w1 = place_beneath(axis), shown.recording.curve("other_w1")

    def show(t: int) -> None:
        colours = place_colours(shown.samples[t])
        lines.set_segments(joined(shown.samples[t], other[t]))
        lines.set_color(colours[:ARROWS])  # type: ignore[arg-type]
        for cloud, points in zip(ends, (shown.samples[t], other[t]), strict=True):
            cloud.set_offsets(points)
            cloud.set_facecolor(colours)  # type: ignore[arg-type]
        said = "" if w1 is None else f"; W1 in the other world: {written('other_w1', float(w1[t, 0]))}"
        words.set_text(fitted(axis, [f"squares: the target's world; dots of their colour: the other one's{said}"]))

    return Moving(axis, [lines, *ends, words, *axis.spines.values()], show)
