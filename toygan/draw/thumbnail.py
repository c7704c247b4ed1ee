"""Small pictures for pages: one panel as plain pixels, still or moving, and larger pictures made small; all in WebP."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from toygan.draw.moving import bands_of
from toygan.draw.panels import band_colours, band_edges
from toygan.draw.points import (
    CARPET,
    DISC_INK,
    DISC_RIM,
    GENERATED,
    INK_ADDED,
    PALE,
    REAL,
    REAL_INK,
    RIM,
    RING,
    counted,
    marker_size,
    visible,
)
from toygan.view.scene import Scene

PANEL = 245.0  # points: the width of a main panel on a sheet, to which marker sizes belong
FINE = 2  # pixels are painted this many times finer, then averaged
STILLS = 16  # frames of a small film
STILL, LAST = 250, 1600  # milliseconds: four seconds of motion, or nobody sees what moved
LEAST = 2.0  # painted pixels that a mark or a ring's line is across, or it would not be seen
TALL = 1.35  # height over width
DARK = 128  # of 255


class Tones(NamedTuple):
    """The colours of real points, generated ones, a disc's rim, and the critic's, low to high [K, 3], None for the sheets'."""

    real: str
    generated: str
    rim: str
    critic: np.ndarray | None = None


DAY = Tones(REAL, GENERATED, RIM)


def poster(shown: Scene, width: int = 360, tones: Tones = DAY) -> bytes:
    """The last frame's critic and points as a picture `width` pixels wide."""
    return webp([pixels_of(shown, shown.last, band_edges(shown.scores), width, tones)])


def small_film(shown: Scene, width: int = 200, tones: Tones = DAY) -> bytes:
    """The critic and points over time, in at most 16 frames on one colour scale; loops for ever."""
    edges = band_edges(shown.scores)
    chosen = np.unique(np.linspace(0, shown.last, STILLS).round().astype(int))
    return webp([pixels_of(shown, int(t), edges, width, tones) for t in chosen])


def shrunk(path: Path, width: int) -> bytes:
    """A picture from a file, at most `width` pixels wide. Raises OSError for what is no picture."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    return webp([picture])


def is_tall(path: Path) -> bool:
    """Whether a picture is so much higher than wide that it could not be read as high as a screen."""
    with Image.open(path) as opened:
        return opened.height > TALL * opened.width


def is_dark(path: Path) -> bool:
    """Whether a picture's ground, as its first pixel has it, is dark."""
    with Image.open(path) as opened:
        ground = opened.convert("L").getpixel((0, 0))
    assert isinstance(ground, int | float)
    return ground < DARK


def pixels_of(shown: Scene, frame: int, edges: np.ndarray, width: int, tones: Tones = DAY) -> Image.Image:
    """One frame as on a sheet: bands of the critic, real points, discs of the modes' shares, generated points, rings."""
    left, right, bottom, top = shown.view
    size = width, max(round(width * (top - bottom) / (right - left)), 1)
    fine = size[0] * FINE, size[1] * FINE
    bands = banded(shown.scores[frame], edges, fine, tones.critic)
    picture = Image.fromarray(bands[::-1])  # row 0 is the lowest in the grid
    scale = fine[0] / PANEL
    carpet = CARPET * marker_size(len(shown.real)) * scale
    stamp_points(picture, placed(shown.seen(shown.real), shown, fine), carpet, tones.real, REAL_INK)
    if rings := counted(shown):
        shares = rings.radii(shown.shares(frame))
        paint_circles(picture, shown, shares, scale * DISC_RIM, tones.rim, tones.generated + hex_of(DISC_INK))
    size_of_mark = max(marker_size(shown.samples.shape[1]) * scale, LEAST)
    ink = PALE if rings else INK_ADDED
    stamp_points(picture, placed(visible(shown, frame), shown, fine), size_of_mark, tones.generated, ink)
    if rings:
        paint_circles(picture, shown, rings.due, max(scale * RING, LEAST), tones.real, None)
    return picture.resize(size, Image.Resampling.BOX)


def stamp_points(picture: Image.Image, places: np.ndarray, size: float, colour: str, ink: float) -> None:
    """See-through dots so many pixels across at places [n, 2]; where they lie on each other their ink adds."""
    pen, half = ImageDraw.Draw(picture, "RGBA"), size / 2
    for x, y in places:
        pen.ellipse((x - half, y - half, x + half, y + half), fill=colour + hex_of(ink))


def paint_circles(
    picture: Image.Image, shown: Scene, radii: np.ndarray, line: float, rim: str, fill: str | None
) -> None:
    """A circle at each mode of its radius [K] in the plane; nothing where that is zero."""
    assert shown.rings is not None
    pen = ImageDraw.Draw(picture, "RGBA")
    unit = picture.width / (shown.view[1] - shown.view[0])
    for (x, y), radius in zip(placed(shown.rings.modes.centres, shown, picture.size), unit * radii, strict=True):
        if radius > 0:
            half = radius + line / 2
            pen.ellipse((x - half, y - half, x + half, y + half), fill=fill, outline=rim, width=max(round(line), 1))


def hex_of(ink: float) -> str:
    """How opaque a colour is, as its last two digits."""
    return f"{round(255 * ink):02x}"


def banded(
    scores: np.ndarray, edges: np.ndarray, size: tuple[int, int], critic: np.ndarray | None = None
) -> np.ndarray:
    """Scores [g, g] as flat bands of colour [height, width, 3], the lowest row first; in other colours [K, 3] if given."""
    colours = band_colours(edges)[:, :3]
    if critic is not None:
        colours = critic[np.linspace(0, len(critic) - 1, len(colours)).round().astype(int)]
    table = np.concatenate([colours, [(255, 255, 255)]]).astype(np.uint8)
    return np.asarray(table.take(bands_of(scores, edges, size), axis=0))  # which is quicker than an index


def placed(places: np.ndarray, shown: Scene, size: tuple[int, int]) -> np.ndarray:
    """Places [N, 2] of the plane in pixels, y downwards."""
    left, right, bottom, top = shown.view
    return np.asarray((places - [left, top]) / [right - left, bottom - top] * size)


def webp(pictures: Sequence[Image.Image]) -> bytes:
    """A still, or a film that loops for ever and rests on its last frame."""
    buffer = io.BytesIO()
    pictures[0].save(buffer, "WEBP", quality=78, method=4, save_all=True, append_images=pictures[1:], loop=0,
                     duration=[STILL] * (len(pictures) - 1) + [LAST])  # fmt: skip
    return buffer.getvalue()
