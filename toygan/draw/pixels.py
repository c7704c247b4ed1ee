"""Banded fields painted straight into pixels, for films: a tenth of the time of an image that matplotlib resamples."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from PIL import Image

from toygan.draw.panels import STEEPNESS, band_colours, field_box


class Field(Artist):
    """A field [g, g] (row = y) on an even grid that spans the view, as flat bands, with lines between them or not."""

    def __init__(self, axis: Axes, values: np.ndarray, edges: np.ndarray, colours: np.ndarray, lines: bool) -> None:
        super().__init__()
        self.lines = lines
        self.left, self.bottom, right, top = field_box(axis)
        self.size = right - self.left, top - self.bottom
        self.set_bands(edges, colours)
        self.set_values(values)
        axis.add_artist(self)

    def set_bands(self, edges: np.ndarray, colours: np.ndarray) -> None:
        """Part the values at other edges [n] into bands of other colours [n + 1, 4]."""
        self.edges = edges
        self.colours = np.concatenate([colours, [(255, 255, 255, 255)]]).astype(np.uint8)  # the last one: not known

    def set_values(self, values: np.ndarray) -> None:
        """Show other values [g, g]: band 0 lies below all edges, the last one above them; the unknown is white."""
        self.band = bands_of(values, self.edges, self.size)

    def draw(self, renderer: RendererBase) -> None:
        """Paint the bands, darker by a third where a pixel's neighbour to the right or above is in another one."""
        pixels = self.colours[self.band]
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
    fine = np.asarray(
        Image.fromarray((values / scale).astype(np.float32)).resize(size, Image.Resampling.BILINEAR, box=box)
    )
    band = np.zeros(fine.shape, np.uint8)
    for edge in (edges / scale).astype(np.float32):
        band += fine >= edge
    band[np.isnan(fine)] = len(edges) + 1
    return band


def score_pixels(axis: Axes, scores: np.ndarray, edges: np.ndarray) -> Field:
    """The critic's bands, in the colours of the contour panel."""
    return Field(axis, scores, edges, band_colours(edges), lines=True)


def steepness_pixels(axis: Axes, steepness: np.ndarray, longest: float) -> Field:
    """The gradient's norm in the colours of the slope panel."""
    shades = np.asarray(STEEPNESS(np.arange(STEEPNESS.N), bytes=True))
    return Field(axis, steepness, steepness_edges(longest), shades, lines=False)


def steepness_edges(longest: float) -> np.ndarray:
    """The edges between even bands of steepness, as many bands as there are colours up to a full-length arrow's."""
    return longest / STEEPNESS.N * np.arange(1, STEEPNESS.N)
