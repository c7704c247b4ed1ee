"""Panels that move: what a film redraws of a panel, how scores take their colours from frame to frame, and banded fields that
are painted straight into pixels: a tenth of the time of an image that matplotlib resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.text import Text
from PIL import Image

from toygan.draw import panels
from toygan.draw.panels import STEEPNESS, field_box
from toygan.view.levels import Levels, Scale, levels_of, range_in_words
from toygan.view.scene import Scene

DWARFED = 3.0  # times as long as later frames need: see `within_sight`
BEYOND = " (beyond the bar)"


@dataclass(frozen=True)
class Moving:
    """Artists of one panel that a frame redraws, from back to front, and how they are set to frame `t`; `words` beneath
    them seldom change, and are drawn again only then: letters cost more than anything else.
    """

    axis: Axes
    artists: Sequence[Artist]
    show: Callable[[int], None]
    words: Sequence[Text] = ()


def levels_in_time(shown: Scene, scores: np.ndarray, scale: Scale, exact: bool = False) -> list[Levels]:
    """The levels of each frame of scores [T, g, g]: its own, or those of all frames together."""
    frames = range(len(scores))
    if scale == "run":
        return [levels_of(shown, scores, frames, exact)] * len(scores)
    return [levels_of(shown, scores, [t], exact) for t in frames]


def show_scores(field: Field, scores: np.ndarray, of: Levels) -> None:
    """Set a field to scores [g, g] in bands between levels, in the colours of the contour panel."""
    field.show(scores, of.edges, panels.band_colours(of.edges))


def show_steepness(field: Field, steepness: np.ndarray, longest: float) -> None:
    """Set a field to the gradient's norm [h, h] in even bands, a colour of the slope panel each, up to a full-length arrow's."""
    edges = longest / STEEPNESS.N * np.arange(1, STEEPNESS.N)
    field.show(steepness, edges, STEEPNESS(np.arange(STEEPNESS.N), bytes=True))


def with_bar(part: Moving, known: Sequence[Levels], label: str, below: float = 0.38) -> Moving:
    """The same panel with a colour bar from the lowest score of all frames to the highest: where each frame has levels of
    its own, its colours take up the part of the bar where its scores are, and its range is said.
    """
    every = within_sight(known)
    if all(one is known[0] for one in known):
        panels.score_bar(part.axis, known[0], label, below=below)
        return part
    drawn = panels.score_bar(part.axis, known[0], label, every, below)

    def show(t: int) -> None:
        part.show(t)
        panels.move_score_bar(drawn, known[t])
        beyond = known[t].low < every.low or known[t].high > every.high
        drawn.words.set_text(range_in_words(known[t]) + BEYOND * beyond)

    return replace(part, artists=[*part.artists, drawn.fill, drawn.words], show=show)


def within_sight(known: Sequence[Levels]) -> Levels:
    """The lowest and the highest score of a film, its first frame left aside where that alone makes them DWARFED times as far
    apart: beside players that have not learned yet all later ones would be a stub of the bar.
    """
    ends = [Levels(some[0].edges, min(one.low for one in some), max(one.high for one in some))
            for some in (known, known[1:] or known)]  # fmt: skip
    whole, later = (end.high - end.low for end in ends)
    return ends[whole > DWARFED * later > 0]


def longest_in_sight(known: Sequence[float]) -> float:
    """The steepest slope of a film, its first frame left aside as `within_sight` does."""
    later = max(known[1:], default=known[0])
    return later if known[0] > DWARFED * later > 0 else max(known)


def together(axis: Axes, parts: Sequence[Moving]) -> Moving:
    """Several small panels as one that fills an axis."""

    def show(t: int) -> None:
        for part in parts:
            part.show(t)

    return Moving(axis, [artist for part in parts for artist in part.artists], show)


class Field(Artist):
    """A field [g, g] (row = y) on an even grid that spans the view, as flat bands, with lines between them or not."""

    def __init__(self, axis: Axes, lines: bool) -> None:
        super().__init__()
        self.lines = lines
        self.left, self.bottom, right, top = field_box(axis)
        self.size = right - self.left, top - self.bottom
        self.set_visible(False)  # until it has something to show
        axis.add_artist(self)

    def show(self, values: np.ndarray, edges: np.ndarray, colours: np.ndarray) -> None:
        """Part values [g, g] at edges [n] into bands of colours [n + 1, 4], the first below all edges; the unknown is white."""
        self.edges, self.band = edges, bands_of(values, edges, self.size)
        self.colours = np.concatenate([colours, [(255, 255, 255, 255)]]).astype(np.uint8)
        self.set_visible(True)

    def draw(self, renderer: RendererBase) -> None:
        """Paint the bands, darker by a third where a pixel's neighbour to the right or above is in another one."""
        if not self.get_visible():
            return
        pixels = self.colours.take(self.band, axis=0)  # a tenth of the time of an index
        if self.lines:
            edge = np.zeros(self.band.shape, bool)
            edge[:, :-1] = self.band[:, :-1] != self.band[:, 1:]
            edge[:-1] |= self.band[:-1] != self.band[1:]
            pixels[edge, :3] = pixels[edge, :3] // 3 * 2
        graphics = renderer.new_gc()
        renderer.draw_image(graphics, self.left, self.bottom, pixels)  # row 0 is the lowest, as in the grid
        graphics.restore()


def bands_of(values: np.ndarray, edges: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Values [g, g] as the number of each pixel's band [height, width]: how many of edges [n] lie below; n + 1: unknown."""
    rows, columns = values.shape
    # The outermost grid points lie on the border of the view, not half a cell inside it.
    box = (0.5, 0.5, columns - 0.5, rows - 0.5)
    scale = float(np.abs(edges).max())  # float32 has no room for what is huge
    picture = Image.fromarray((values / scale).astype(np.float32))
    fine = np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=box))
    band = np.zeros(fine.shape, np.uint8)
    for edge in (edges / scale).astype(np.float32):
        band += fine >= edge
    band[np.isnan(fine)] = len(edges) + 1
    return band
