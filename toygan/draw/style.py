"""What all pictures have in common: the colours of words and frames, the sizes of type, and how quiet an axis is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Text

INK, FAINT = "#222222", "#8a8a8a"
SMALL, PLAIN, LARGE = 8, 9, 10.5
FRAMELESS = ("right", "top")  # of a panel of curves


def entitle(axis: Axes, words: str) -> None:
    """A panel's title at its upper left."""
    axis.set_title(words, size=PLAIN, loc="left", pad=5, color=INK)


def write(axis: Axes, x: float, y: float, words: str, **look: Any) -> Text:
    """Small words at a place in shares of a panel, unless they are to look otherwise."""
    return axis.text(x, y, words, **{"transform": axis.transAxes, "size": SMALL, "color": INK, **look})


def quiet(axis: Axes, without: Sequence[str] = ()) -> None:
    """Small numbers, short marks and a thin frame, all of it pale; no frame at some of its sides."""
    axis.tick_params(labelsize=SMALL, length=2, pad=2, color=FAINT)
    for name, spine in axis.spines.items():
        spine.set(visible=spine.get_visible() and name not in without, color=FAINT, linewidth=0.6)
