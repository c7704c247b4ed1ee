"""The levels at which a critic's scores change their colour: each tells apart what can be seen.

Even levels show a flat picture where a few high scores stretch the scale. So levels share out a mixture among themselves:
two fifths of it are the scores all over the plane, two fifths those at the points, real and generated (a ridge on a thin
target covers next to nothing of the plane), and one fifth is even from the lowest score to the highest, so that what is
rare is not one flat spot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from toygan.files.text import number
from toygan.view.scene import Scene, inside, steepest, stepped

Scale = Literal["frame", "run"]

BANDS, PARTS = 13, 200  # bands of colour, at most; numbers that stand for a part of the mixture
HAIR = 1e-3  # half of the share of a range that lies between the two levels of two steps: there must be two
FINE = 48  # a level is a half-odd multiple of about this part of the range: never at the median, nor too near another


class Levels(NamedTuple):
    """Levels [n] between bands of colour, in order, and the lowest and the highest score that they are about."""

    edges: np.ndarray
    low: float
    high: float


def levels(scores: np.ndarray, at_points: np.ndarray, exact: bool = False) -> Levels:
    """Levels for scores [...] of which some, at_points [n], belong to points; unknown ones are left aside.

    None lies at 0, the median that was removed, so that a region which is flat there has no line through its rounding. Of
    `exact` ones, a formula's, there is no rounding, and a few may dwarf all others, as ratios of densities do.
    """
    known, there = (values[np.isfinite(values)] for values in (scores, at_points))
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # flat, or as good as flat beside its height
        return Levels(np.array([-0.5, 0.5]) * max(1.0, 1e-3 * abs(low)) + low, low, high)
    if stepped(known):  # as a sign's: parted in the middle, so that a bar is of the colours that are there
        steps = np.unique(known)
        middles = (steps[1:] + steps[:-1]) / 2
        return Levels(middles if len(middles) > 1 else middles + HAIR * (high - low) * np.array([-1, 1]), low, high)
    evenly = np.linspace(low, high, PARTS)
    shared = [spread(known), spread(there if len(there) else known)] * 2
    wanted = np.quantile(np.concatenate([*shared, evenly]), np.arange(1, BANDS) / BANDS)
    unit = units(wanted, high - low) if exact else round_unit((high - low) / FINE)
    cells = np.clip(np.floor(wanted / unit), np.floor(low / unit), np.ceil(high / unit) - 1)
    return Levels(np.unique((cells + 0.5) * unit), low, high)


def units(wanted: np.ndarray, reach: float) -> np.ndarray:
    """How far apart levels near wanted ones [n] are to be, of scores that reach so far: a part of that reach or, where it is
    less, of most of the wanted ones and of each of them.
    """
    most = float(np.median(np.abs(wanted)))
    least = min(reach / FINE, most / 2 or np.inf)
    return round_unit(np.clip(np.abs(wanted) / (2 * FINE), least, reach / FINE))


def spread(values: np.ndarray) -> np.ndarray:
    """As many numbers for any values [n], which stand for equal shares of them."""
    return np.asarray(np.quantile(values, (np.arange(PARTS) + 0.5) / PARTS))


def round_unit(size: np.ndarray | float) -> np.ndarray:
    """The largest of 1, 2 and 5 times a power of ten that is not above each of positive numbers [n]."""
    power = 10.0 ** np.floor(np.log10(size))
    leading = size / power * (1 + 1e-9)
    return np.asarray(power * np.select([leading >= 5, leading >= 2], [5.0, 2.0], 1.0))


def levels_of(shown: Scene, scores: np.ndarray, frames: Sequence[int], exact: bool = False) -> Levels:
    """Levels of scores [T, g, g] of a scene at some of its frames together."""
    points = [at(shown, scores[t], cloud) for t in frames for cloud in (shown.real, shown.samples[t])]
    return levels(scores[list(frames)], np.concatenate(points) if points else np.array([]), exact)


def at(shown: Scene, scores: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The scores [g, g] of the grid's places nearest to those of points [n, 2] that lie in the view."""
    seen = points[inside(points, shown.view)]
    places = [
        np.rint((seen[:, i] - axis[0]) / (axis[-1] - axis[0]) * (len(axis) - 1)).astype(int)
        for i, axis in enumerate((shown.grid_x, shown.grid_y))
    ]
    return np.asarray(scores[places[1], places[0]])


def range_in_words(of: Levels) -> str:
    """From which score to which levels are."""
    low, high = (number(end, 2) for end in of[1:])
    return f"scores from {low} to {high}" if low != high else "one score everywhere"


class Scales(NamedTuple):
    """What colours and arrows stand for: levels of the critic and, where known, the optimal one; a full-length arrow's slope."""

    critic: Levels
    optimal: Levels | None
    longest: float


def scales(shown: Scene, frame: int = -1, scale: Scale = "frame") -> Scales:
    """The scales of one frame, of that frame alone or of the whole run, then the same ones in all of its frames."""
    frames = [frame] if scale == "frame" else list(range(len(shown.steps)))
    best = None if shown.optimal is None else np.broadcast_to(shown.optimal, shown.scores.shape)  # older: of one frame
    optimal = None if best is None else levels_of(shown, best, frames, exact=True)
    return Scales(levels_of(shown, shown.scores, frames), optimal, steepest(shown.slopes[frames]))
