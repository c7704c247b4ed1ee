"""Where panels and the words beneath them go on a figure, in inches."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from toygan.draw.style import SMALL, write
from toygan.view.scene import Scene


def beneath(axis: Axes, lines: Sequence[str], inches: float = 0.24) -> None:
    """Small lines so far under a panel, as wide as it is."""
    place_beneath(axis, inches).set_text(fitted(axis, lines))


def place_beneath(axis: Axes, inches: float = 0.24) -> Text:
    """Room for small lines under a panel, so far below it."""
    _, tall = size_of(axis)
    return write(axis, 0, -inches / tall, "", va="top", linespacing=1.25, parse_math=False)


def fitted(axis: Axes, lines: Sequence[str]) -> str:
    """Lines wrapped to the width of a panel."""
    return fitted_to(size_of(axis)[0], lines)


def fitted_to(inches: float, lines: Sequence[str]) -> str:
    """Small lines wrapped to a width."""
    return "\n".join(part for line in lines for part in textwrap.wrap(line, int(inches / (0.0081 * SMALL))))


def cut(words: str, most: float) -> str:
    """Words in at most so many letters."""
    return words if len(words) <= most else f"{words[: int(most) - 1]}…"


def size_of(axis: Axes) -> tuple[float, float]:
    """Width and height of an axis in inches."""
    box, (across, up) = axis.get_position(), axis.figure.get_size_inches()  # type: ignore[union-attr]
    return box.width * across, box.height * up


def axis_at(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """An axis placed in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def panel_height(shown: Scene, width: float) -> float:
    """Height of a panel of this width in equal units, within reason."""
    left, right, bottom, top = shown.view
    return float(np.clip(width * (top - bottom) / (right - left), 0.45 * width, 1.3 * width))
