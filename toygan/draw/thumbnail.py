"""Small pictures for pages: one panel as plain pixels, still or moving, and larger pictures made small; all in WebP."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from toygan.draw.panels import band_edges
from toygan.draw.pixels import band_colours, bands_of
from toygan.draw.points import GENERATED, REAL, marker_size, visible
from toygan.view.scene import Scene, inside

PANEL = 245.0  # points: the width of a main panel on a sheet, to which marker sizes belong
FINE = 2  # pixels are painted this many times finer, then averaged
STILLS = 16  # frames of a small film
STILL, LAST = 140, 1600  # milliseconds
HALF = 128  # of 255: how opaque a real point is


def poster(shown: Scene, width: int = 360) -> bytes:
    """The last frame's critic and points as a picture `width` pixels wide."""
    return webp([pixels_of(shown, shown.last, band_edges(shown.scores), width)])


def small_film(shown: Scene, width: int = 200) -> bytes:
    """The critic and points over time, in at most 16 frames on one colour scale; loops for ever."""
    edges = band_edges(shown.scores)
    chosen = np.unique(np.linspace(0, shown.last, STILLS).round().astype(int))
    return webp([pixels_of(shown, int(t), edges, width) for t in chosen])


def shrunk(path: Path, width: int) -> bytes:
    """A picture from a file, at most `width` pixels wide. Raises OSError for what is no picture."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    return webp([picture])


def size_of(shown: Scene, width: int) -> tuple[int, int]:
    """Width and height in pixels of a panel with equal units on both axes."""
    left, right, bottom, top = shown.view
    return width, max(round(width * (top - bottom) / (right - left)), 1)


def pixels_of(shown: Scene, frame: int, edges: np.ndarray, width: int) -> Image.Image:
    """One frame: bands of the critic, real points as dark discs, generated ones as haloed squares on them."""
    size = size_of(shown, width)
    fine = size[0] * FINE, size[1] * FINE
    picture = Image.fromarray(banded(shown.scores[frame], edges, fine)[::-1])  # row 0 is the lowest in the grid
    pen = ImageDraw.Draw(picture, "RGBA")
    scale = fine[0] / PANEL
    real = shown.real[inside(shown.real, shown.view)]
    disc = 1.3 * marker_size(len(shown.real)) * scale / 2
    for x, y in placed(real, shown, fine):
        pen.ellipse((x - disc, y - disc, x + disc, y + disc), fill=f"{REAL}{HALF:02x}")
    square = marker_size(shown.samples.shape[1]) * scale / 2
    for x, y in placed(visible(shown, frame), shown, fine):
        halo = 1.3 * square
        pen.rectangle((x - halo, y - halo, x + halo, y + halo), fill="white")
        pen.rectangle((x - square, y - square, x + square, y + square), fill=GENERATED)
    return picture.resize(size, Image.Resampling.BOX)


def banded(scores: np.ndarray, edges: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scores [g, g] as flat bands of colour [height, width, 3], the lowest row first."""
    colours = band_colours(edges)[:, :3]
    return np.asarray(colours[bands_of((scores - edges[0]) / (edges[1] - edges[0]), size, len(colours)).astype(int)])


def placed(points: np.ndarray, shown: Scene, size: tuple[int, int]) -> np.ndarray:
    """Points [N, 2] of the plane in pixels, y downwards."""
    left, right, bottom, top = shown.view
    return np.asarray((points - [left, top]) / [right - left, bottom - top] * size)


def webp(pictures: Sequence[Image.Image]) -> bytes:
    """A still, or a film that loops for ever and rests on its last frame."""
    buffer = io.BytesIO()
    moving = {"save_all": True, "append_images": pictures[1:], "loop": 0,
              "duration": [STILL] * (len(pictures) - 1) + [LAST]} if len(pictures) > 1 else {}  # fmt: skip
    pictures[0].save(buffer, "WEBP", quality=78, method=4, **moving)
    return buffer.getvalue()
