"""How pictures and films are asked to look: one value for all of them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from toygan.view.levels import Scale
from toygan.view.scene import Points

Style = Literal["paper", "slide", "dark"]
TYPE, ON_SLIDES = 9.0, 15.0  # points: the size of plain words as everything is laid out, and on a slide of usual width
SLIDE = 40 / 3  # inches: the usual width of a slide
ASPECT = 16 / 9


class Options(NamedTuple):
    """How a picture or a film looks.

    `points`: which are drawn; `scale`: colours on each frame's own scale, or on one of the run; `style`: on white paper as
    tall as need be, on a white slide of 16:9, or on a dark one; `mm` is the width of a picture on paper in millimetres,
    `px` that of a PNG in pixels, None for the usual one; `type_size` is that of plain words in points, None: as it comes;
    `language` is one of `toygan.view.language.LANGUAGES`.
    """

    points: Points = "all"
    scale: Scale = "frame"
    style: Style = "paper"
    mm: float | None = None
    px: int | None = None
    type_size: float | None = None
    language: str = "en"

    @property
    def inches(self) -> float | None:
        """The width asked for in inches, None for the usual one."""
        return None if self.mm is None else self.mm / 25.4


USUAL = Options()
