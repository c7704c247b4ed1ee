"""Panels that move: what a film redraws of a panel, and how scores take their colours from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.text import Text

from toygan.draw import panels
from toygan.draw.pixels import Field
from toygan.view.levels import Levels, Scale, levels_of, range_in_words
from toygan.view.scene import Scene


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
    """Set a field to scores [g, g] in bands between levels."""
    if of.edges is not field.edges:
        field.set_bands(of.edges, panels.band_colours(of.edges))
    field.set_values(scores)


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


DWARFED = 3.0
BEYOND = " (beyond the bar)"


def together(axis: Axes, parts: Sequence[Moving]) -> Moving:
    """Several small panels as one that fills an axis."""

    def show(t: int) -> None:
        for part in parts:
            part.show(t)

    return Moving(axis, [artist for part in parts for artist in part.artists], show)
