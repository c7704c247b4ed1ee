"""Quality and variety of any cloud, from balls that reach to each point's k-th neighbour of its own cloud."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

K_MANIFOLD = 3  # Kynkaanniemi et al., 2019
K_DENSITY = 5  # Naeem et al., 2020


class Nearness(NamedTuple):
    """All distances [n, m] from generated to real points, and each point's to its k-th neighbour of its own cloud."""

    distances: np.ndarray
    real_radii: np.ndarray  # [m], k = 3
    fake_radii: np.ndarray  # [n], k = 3
    wide_radii: np.ndarray  # [m], k = 5


def nearness(points: np.ndarray, real: np.ndarray) -> Nearness:
    """What the four measures have in common, for finite points [n, 2] and real [m, 2]."""
    from scipy.spatial.distance import cdist

    manifold, wide = radii(real, K_MANIFOLD, K_DENSITY)
    return Nearness(cdist(points, real), manifold, radii(points, K_MANIFOLD)[0], wide)


def radii(points: np.ndarray, *ks: int) -> np.ndarray:
    """Distance of each of points [n, 2] to its k-th nearest other one, the farthest where there are fewer: [ks, n]."""
    from scipy.spatial import cKDTree

    found: np.ndarray = cKDTree(points).query(points, k=[min(k + 1, len(points)) for k in ks])[0].T
    return found


def precision(near: Nearness) -> float:
    """Share of generated points in the ball of some real one, k = 3 (Kynkaanniemi et al., 2019, arXiv:1904.06991)."""
    return float((near.distances <= near.real_radii).any(axis=1).mean())


def recall(near: Nearness) -> float:
    """Share of real points in the ball of some generated one, k = 3 (Kynkaanniemi et al., 2019, arXiv:1904.06991)."""
    return float((near.distances <= near.fake_radii[:, None]).any(axis=0).mean())


def density(near: Nearness) -> float:
    """Mean number of real balls around a generated point, over k = 5; 1 for the target, above it where points crowd.

    Naeem et al., 2020, arXiv:2002.09797.
    """
    return float((near.distances <= near.wide_radii).sum() / (K_DENSITY * len(near.distances)))


def coverage(near: Nearness) -> float:
    """Share of real balls with a generated point in them, k = 5 (Naeem et al., 2020, arXiv:2002.09797)."""
    return float((near.distances <= near.wide_radii).any(axis=0).mean())


def perfect_coverage(n: int) -> float:
    """Expected coverage of n target points by n others: 1 - prod_i (n - 1 - i) / (2n - 1 - i) over i < k.

    A ball is missed when all k nearest of the 2n - 1 other points are real ones (Naeem et al., 2020, arXiv:2002.09797).
    """
    k = min(K_DENSITY, n - 1)
    return 1 - math.prod((n - 1 - i) / (2 * n - 1 - i) for i in range(k))
