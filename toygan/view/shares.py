"""How many points are on each mode beside how many are due there, as circles in the plane whose areas are shares.

A share s is a circle of radius `whole` sqrt(s), so that areas compare: a disc that fills its ring is a mode that has its
due share, an empty ring a mode that has no point within 3 sigma, a disc beyond its ring one that has too much.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from toygan.files.disk import Arrays
from toygan.quantities.modes import SIGMAS, mode_counts
from toygan.targets.target import Modes

APART = 2 / 3  # of the way to the next mode that two neighbours' rings take together, at most
WHOLE, WIDEST = 0.17, 0.08  # radii of all of the mass and of the largest ring, as shares of the view's shorter side
FEW = 20  # places that have rings
SAME_PLACE = 0.02  # of that side: nearer modes are one place to the eye, and their rings may overlap

RINGS_IN_WORDS = "ring: a mode's due share; disc: generated, within 3σ"

Ends = tuple[float, float, float, float]


class Rings(NamedTuple):
    """The modes of a target, and the radius `whole` in the plane of a circle that stands for all of the mass."""

    modes: Modes
    whole: float

    def radii(self, shares: np.ndarray) -> np.ndarray:
        """The radii in the plane of circles that stand for shares [...]."""
        return np.asarray(self.whole * np.sqrt(shares))

    @property
    def due(self) -> np.ndarray:
        """The rings' radii [K]: each mode's due share is its weight."""
        return self.radii(self.modes.weights)

    def shares(self, points: np.ndarray) -> np.ndarray:
        """The shares [K] of points [n, 2] that are within 3 sigma of each mode, by the rule of `high_quality`."""
        return np.asarray(mode_counts(points, self.modes, within=SIGMAS) / len(points))


def rings_of(frames: Arrays, view: Ends) -> Rings | None:
    """The rings of a recording in its view; None where it has no modes or does not tell their widths and weights."""
    names = ("mode_centres", "mode_covariances", "mode_weights")
    if any(name not in frames for name in names):
        return None
    modes = Modes(*(np.asarray(frames[name], float) for name in names))
    return Rings(modes, whole_of(modes, min(view[1] - view[0], view[3] - view[2])))


def rings_of_places(points: np.ndarray, view: Ends) -> tuple[np.ndarray, np.ndarray]:
    """The few places [K, 2] on which all points [n, 2] lie, and the radii [K] of circles for their shares; none where many."""
    places, counts = np.unique(points, axis=0, return_counts=True)
    if not 0 < len(places) <= FEW or len(points) < 2 * len(places):
        return np.empty((0, 2)), np.empty(0)
    side, shares = min(view[1] - view[0], view[3] - view[2]), counts / len(points)
    return places, min(WHOLE, WIDEST / math.sqrt(shares.max())) * side / 2 * np.sqrt(shares)


def whole_of(modes: Modes, side: float) -> float:
    """The largest radius of all mass that leaves neighbours' rings apart and the view, `side` across, to be seen."""
    roots = np.sqrt(modes.weights)
    ways = np.linalg.norm(modes.centres[:, None] - modes.centres, axis=2)
    apart = APART * ways[ways > SAME_PLACE * side] / (roots[:, None] + roots)[ways > SAME_PLACE * side]
    return float(min(WHOLE * side, WIDEST * side / roots.max(), apart.min(initial=np.inf)))
