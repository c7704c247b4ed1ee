"""Banded fields painted straight into pixels, for films: a tenth of the time of an image that matplotlib resamples."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from PIL import Image

from toygan.draw.panels import SCORES, STEEPNESS, bands, field_box


class Field(Artist):
    """A field [g, g] (row = y) on an even grid that spans the view, as flat bands, with lines between them or not."""

    def __init__(
        self, axis: Axes, values: np.ndarray, start: float, width: float, colours: np.ndarray, lines: bool
    ) -> None:
        super().__init__()
        self.start, self.width, self.lines = start, width, lines
        self.colours = np.concatenate([colours, [(255, 255, 255, 255)]]).astype(np.uint8)  # the last one: not known
        self.left, self.bottom, right, top = field_box(axis)
        self.size = right - self.left, top - self.bottom
        self.set_values(values)
        axis.add_artist(self)

    def set_values(self, values: np.ndarray) -> None:
        """Show other values [g, g] in the same bands: 0 lies below `start`, the last one is open above; the unknown is white."""
        found = bands_of((values - self.start) / self.width, self.size, len(self.colours) - 1)
        self.band = np.where(np.isnan(found), len(self.colours) - 1, found).astype(np.uint8)

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


def bands_of(heights: np.ndarray, size: tuple[int, int], count: int) -> np.ndarray:
    """Heights [g, g] in widths of a band as the number of each pixel's band, 0 to count - 1: [height, width]; NaN stays."""
    rows, columns = heights.shape
    # The outermost grid points lie on the border of the view, not half a cell inside it.
    box = (0.5, 0.5, columns - 0.5, rows - 0.5)
    fine = Image.fromarray(heights.astype(np.float32)).resize(size, Image.Resampling.BILINEAR, box=box)
    return np.asarray(np.clip(np.floor(np.asarray(fine)) + 1, 0, count - 1))


def score_pixels(axis: Axes, scores: np.ndarray, edges: np.ndarray) -> Field:
    """The critic's bands, in the colours of the contour panel."""
    return Field(axis, scores, float(edges[0]), float(edges[1] - edges[0]), band_colours(edges), lines=True)


def band_colours(edges: np.ndarray) -> np.ndarray:
    """One colour a band, RGBA in bytes [len(edges) + 1, 4]: the first lies below all edges, the last above them."""
    width = edges[1] - edges[0]
    middles = np.concatenate([[edges[0] - width], (edges[1:] + edges[:-1]) / 2, [edges[-1] + width]])
    return np.asarray(SCORES(bands(edges)(middles), bytes=True))


def steepness_pixels(axis: Axes, steepness: np.ndarray, longest: float) -> Field:
    """The gradient's norm in the colours of the slope panel."""
    shades = STEEPNESS(np.arange(STEEPNESS.N), bytes=True)
    return Field(axis, steepness, longest / STEEPNESS.N, longest / STEEPNESS.N, shades, lines=False)
