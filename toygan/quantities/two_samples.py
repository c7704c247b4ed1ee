"""Two clouds as two samples: is there a difference at all, as a kernel sees it and as the nearest neighbour does?"""

from __future__ import annotations

import math

import numpy as np

WIDTH = 1.0  # of the Gaussian kernel, in units of the plane: the same for every target, so that numbers compare


def mmd(points: np.ndarray, real: np.ndarray, width: float = WIDTH) -> float:
    """Maximum mean discrepancy sqrt(E k(x, x') + E k(y, y') - 2 E k(x, y)) of points [n, 2] and real [m, 2], 0 to sqrt(2), of the
    kernel k = exp(-|x - y|^2 / 2 width^2) of one fixed width.

    Every pair counts, each point with itself too, so it is that of the two clouds as they are, and 0 for one cloud twice; that
    of two samples of one law is about sqrt(2 (1 - E k) / n). NaN where a point is not finite. Gretton et al., 2012, JMLR 13.
    """
    from scipy.spatial.distance import cdist

    if not (np.isfinite(points).all() and np.isfinite(real).all()):
        return math.nan
    pairs = ((points, points), (real, real), (points, real))
    own, other, across = (np.exp(-cdist(a, b, "sqeuclidean") / (2 * width**2)).mean() for a, b in pairs)
    return math.sqrt(max(0.0, own + other - 2 * across))


def neighbour_accuracy(points: np.ndarray, real: np.ndarray) -> float:
    """How often a point's nearest neighbour among all others, of both clouds, is of its own cloud: the accuracy, left-one-out, of
    the classifier by one neighbour. 1/2 where both are of one law, 1 where they are apart, 0 where each point lies at
    one of the other cloud, as copies do.

    Of points [n, 2] and real [m, 2] the first min(n, m) each. Of several nearest ones those of either cloud count in part. NaN
    where a point is not finite. Lopez-Paz and Oquab, 2016, arXiv:1610.06545; Xu et al., 2018, arXiv:1806.07755.
    """
    from scipy.spatial.distance import cdist

    n = min(len(points), len(real))
    both = np.concatenate((points[:n], real[:n])).astype(float)
    if not np.isfinite(both).all():
        return math.nan
    distances = cdist(both, both)
    np.fill_diagonal(distances, np.inf)
    nearest = distances == distances.min(axis=1, keepdims=True)
    is_own = np.repeat(np.eye(2, dtype=bool), n, axis=0).repeat(n, axis=1)
    return float(((nearest & is_own).sum(axis=1) / nearest.sum(axis=1)).mean())
