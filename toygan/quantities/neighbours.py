"""What distances to the k-th neighbour say of any two clouds: quality, variety, and how far their densities part."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

K_MANIFOLD = 3  # Kynkaanniemi et al., 2019
K_DENSITY = 5  # Naeem et al., 2020
K_DIVERGENCE = 5  # 1 has thrice the spread, 10 a bias of a sixth where the divergence is one half
RESOLUTION = 1e-6  # of the extent of most real points: generated coordinates have 7 digits, nearer ones are one point


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

    return np.asarray(cKDTree(points).query(points, k=[min(k + 1, len(points)) for k in ks])[0].T)


def precision(near: Nearness) -> float:
    """Share of generated points in the ball of some real one, k = 3 (Kynkaanniemi et al., 2019, arXiv:1904.06991)."""
    return float((near.distances <= near.real_radii).any(axis=1).mean())


def recall(near: Nearness) -> float:
    """Share of real points in the ball of some generated one, k = 3 (Kynkaanniemi et al., 2019, arXiv:1904.06991)."""
    return float((near.distances <= near.fake_radii[:, None]).any(axis=0).mean())


def density(near: Nearness) -> float:
    """Mean number of real balls around a generated point over k = 5; 1 for the target (Naeem et al., 2020, arXiv:2002.09797)."""
    return float((near.distances <= near.wide_radii).sum() / (K_DENSITY * len(near.distances)))


def coverage(near: Nearness) -> float:
    """Share of real balls with a generated point in them, k = 5 (Naeem et al., 2020, arXiv:2002.09797)."""
    return float((near.distances <= near.wide_radii).any(axis=0).mean())


class Spacings(NamedTuple):
    """Distances to the k-th neighbour, k = 5: of points [n] and real [m] in their own cloud, and in the other one."""

    fake_own: np.ndarray
    fake_other: np.ndarray
    real_own: np.ndarray
    real_other: np.ndarray
    least: float  # no distance is told below this one


def spacings(points: np.ndarray, real: np.ndarray) -> Spacings:
    """What both divergences need, for finite points [n, 2] and real [m, 2], at least two of each."""
    from scipy.spatial import cKDTree

    k = min(K_DIVERGENCE, len(points) - 1, len(real) - 1)
    fake_tree, real_tree = cKDTree(points), cKDTree(real)
    extent = float(np.ptp(np.percentile(real, [5, 95], axis=0), axis=0).max())
    least = max(RESOLUTION * extent, float(np.finfo(np.float32).tiny))
    pairs = ((fake_tree, points, k + 1), (real_tree, points, k), (real_tree, real, k + 1), (fake_tree, real, k))
    found = [tree.query(own, k=[nth])[0][:, 0].clip(least) for tree, own, nth in pairs]
    return Spacings(found[0], found[1], found[2], found[3], least)


def neighbour_kl(at: Spacings) -> float:
    """KL(p | q) of real and generated densities in nats, estimated from neighbours of the real points:
    2 mean log(other / own) + log(n / (m - 1)) (Wang, Kulkarni and Verdu, 2009, IEEE Trans. Information Theory 55(5)).

    Needs no densities and is finite for any finite clouds, so it says too little of what is far apart: with 400 points
    each, 0.1 too little where the truth is 0.5, half a nat where it is 2, 1.2 of 1.6 where q is half as wide as p, and
    where the truth is infinite only how far apart points are; where q is twice as wide, 0.06 too much. Two samples of
    one density give 0 up to a spread of 0.04: a negative estimate is its error (docs/truth.md has more cases). NaN where
    most real points coincide with others: they have no density.
    """
    if (at.real_own <= at.least).mean() > 0.5:
        return math.nan
    return parted(at.real_own, at.real_other, len(at.fake_own))


def neighbour_reverse_kl(at: Spacings) -> float:
    """KL(q | p), the same from the generated points: 2 mean log(other / own) + log(m / (n - 1))."""
    return parted(at.fake_own, at.fake_other, len(at.real_own))


def parted(own: np.ndarray, other: np.ndarray, n_other: int) -> float:
    """The estimate in the plane from distances [n] in the own cloud and in another of n_other points."""
    return float(2 * np.mean(np.log(other / own)) + math.log(n_other / (len(own) - 1)))
