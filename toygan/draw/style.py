"""What all pictures have in common: the colours of words and frames, the sizes of type, and how quiet an axis is."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

INK, FAINT = "#222222", "#8a8a8a"
SMALL, PLAIN, LARGE = 8, 9, 10.5
SIDES = ("left", "right", "bottom", "top")


def entitle(axis: Axes, words: str, size: float = PLAIN, pad: float = 5) -> None:
    """A panel's title at its upper left."""
    axis.set_title(words, size=size, loc="left", pad=pad, color=INK)


def quiet(axis: Axes, sides: Sequence[str] = SIDES) -> None:
    """Small numbers, short marks and a thin frame, all of it pale; a frame at some of its sides alone."""
    axis.tick_params(labelsize=SMALL, length=2, pad=2, color=FAINT)
    for name, spine in axis.spines.items():
        spine.set(visible=name in sides, color=FAINT, linewidth=0.6)
