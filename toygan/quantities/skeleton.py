"""Whether generated points lie on a curve, and how much of the curve they reach: quality and variety without modes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Curve(NamedTuple):
    """A curve as `points [K, 2]` along it, and the `radius` within which a point counts as on it."""

    points: np.ndarray
    radius: float


def on_skeleton(points: np.ndarray, curve: Curve) -> float:
    """Share of points [n, 2] within the radius of the nearest point of the curve; one that is not finite is not."""
    kept = finite_points(points)
    return float((nearest_distance(kept, curve.points) <= curve.radius).sum() / len(points))


def skeleton_coverage(points: np.ndarray, curve: Curve) -> float:
    """Share of the curve's points within the radius of a generated point [n, 2]."""
    return float((nearest_distance(curve.points, finite_points(points)) <= curve.radius).mean())


def finite_points(points: np.ndarray) -> np.ndarray:
    return np.asarray(points[np.isfinite(points).all(axis=1)])


def nearest_distance(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of each of points [n, 2] to the nearest of others [m, 2]; infinite where there are none: [n]."""
    from scipy.spatial import cKDTree

    if not len(others) or not len(points):
        return np.full(len(points), np.inf)
    return np.asarray(cKDTree(others).query(points)[0])
