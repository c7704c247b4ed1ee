"""What points of known kinds say beyond their cloud: those of a class, and those of one of several generators.

Measures of one cloud [n, 2] whose points each have a class or a maker, never of the networks behind them.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np

from toygan.quantities.modes import SIGMAS, mahalanobis, nearest_of
from toygan.quantities.transport import w1
from toygan.targets.target import Modes


class Classes(NamedTuple):
    """The class of each generated point [N] and of each real one [M]: whole numbers."""

    points: np.ndarray
    real: np.ndarray


class Kinds(NamedTuple):
    """What is known of each point of a cloud beside the real ones: its class, and which generator made it, `makers [N]`, whole
    numbers; None where there is no such thing.
    """

    classes: Classes | None = None
    makers: np.ndarray | None = None


def class_w1(points: np.ndarray, real: np.ndarray, classes: Classes) -> float:
    """sum_c n_c/n W1(points of class c, real points of class c), in the plane's unit: what transport costs where no mass may
    change its class, so never less than W1 where every class has as many of both.

    points [n, 2], real [m, 2]; of the classes the first n and m are theirs. Classes without a real point are left out; NaN
    where none is left and where a point is not finite.
    """
    own, due = classes.points[: len(points)], classes.real[: len(real)]
    common = np.intersect1d(own, due)
    costs = [w1(points[own == c], real[due == c]) for c in common]
    sizes = [int((own == c).sum()) for c in common]
    return float(np.dot(costs, sizes) / sum(sizes)) if sizes else math.nan


def class_accuracy(points: np.ndarray, real: np.ndarray, classes: Classes) -> float:
    """Share of points [n, 2] whose nearest real point [m, 2] is of their own class; one that is not finite is not."""
    from scipy.spatial import cKDTree

    finite = np.isfinite(points).all(axis=1)
    nearest = cKDTree(real).query(points[finite])[1]
    return float((classes.real[: len(real)][nearest] == classes.points[: len(points)][finite]).sum() / len(points))


def generator_overlap(points: np.ndarray, modes: Modes, makers: np.ndarray) -> float:
    """The mean over pairs of generators i, j of sum_k min(s_ik, s_jk), s_ik the share of generator i's points on mode k, of those
    on any mode: 0 where no mode is two generators', 1 where all serve the same modes alike.

    points [n, 2], makers [n]. NaN where fewer than two generators have a point on a mode.
    """
    distances = mahalanobis(points, modes)
    is_on = distances.min(axis=1) <= SIGMAS
    table = np.zeros((int(makers.max(initial=0)) + 1, len(modes.centres)))
    np.add.at(table, (makers[is_on], nearest_of(distances)[is_on]), 1.0)
    shares = [row / row.sum() for row in table if row.any()]
    pairs = [float(np.minimum(one, other).sum()) for one, other in combinations(shares, 2)]
    return float(np.mean(pairs)) if pairs else math.nan


def generator_distance(points: np.ndarray, makers: np.ndarray) -> float:
    """The mean over generators of W1 between a generator's points and all others', in the plane's unit: 0 where all make the
    same cloud.

    points [n, 2], makers [n]. NaN where there is one generator, and where a point is not finite.
    """
    present = np.unique(makers)
    if len(present) < 2:
        return math.nan
    return float(np.mean([w1(points[makers == k], points[makers != k]) for k in present]))
