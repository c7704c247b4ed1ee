"""Where the mass of a sample lies: its separate places, how much is at each, and whether they lie on a circle or a lattice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

NEIGHBOURS = 10
APART = 2.0
LEAST = 0.004  # of the points that a place has
ATOMS = 64  # no more different points than these are places themselves


class Clusters(NamedTuple):
    """The place of every point `which [n]`, the `centres [K, 2]`, and the number of points at each `counts [K]`."""

    which: np.ndarray
    centres: np.ndarray
    counts: np.ndarray


def places(points: np.ndarray) -> Clusters:
    """The places of a sample [n, 2]: what hangs together where each of two points is among the 10 nearest of the other
    (Brito et al., 1997); a sample of at most 64 different points has those.
    """
    atoms, which = np.unique(points, axis=0, return_inverse=True)
    if len(atoms) > ATOMS:
        which = together(points)
    which = which.reshape(-1)
    counts = np.bincount(which)
    centres = np.stack([np.bincount(which, column) for column in points.T], axis=1) / counts[:, None]
    return Clusters(which, centres, counts)


def together(points: np.ndarray) -> np.ndarray:
    """The number of the part that each point belongs to; a stray one belongs to the part that it is nearest to."""
    from scipy.spatial import cKDTree

    distances, near = cKDTree(points).query(points, NEIGHBOURS + 1)
    rows, columns = np.repeat(np.arange(len(points)), NEIGHBOURS), near[:, 1:].ravel()
    mutual = np.isin(len(points) * rows + columns, len(points) * columns + rows)
    part = connected_parts(rows[mutual], columns[mutual], len(points))
    large = np.flatnonzero(np.bincount(part) >= LEAST * len(points))
    inside = np.flatnonzero(np.isin(part, large))
    if not len(inside):
        return np.zeros(len(points), int)
    owner = np.searchsorted(large, part[inside])
    merged = connected_parts(*touching(points[inside], distances[inside, -1], owner), len(large))[owner]
    return np.asarray(merged[cKDTree(points[inside]).query(points)[1]])


def touching(points: np.ndarray, thinness: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which parts, and which others, have points no farther apart than twice the way to the tenth neighbour there."""
    from scipy.spatial import cKDTree

    pairs: list[tuple[int, int]] = []
    for k in range(part.max() + 1):
        own, other = np.flatnonzero(part == k), np.flatnonzero(part != k)
        if len(other):
            gaps, i = cKDTree(points[other]).query(points[own])
            near = gaps <= APART * np.maximum(thinness[own], thinness[other[i]])
            pairs += [(k, j) for j in np.unique(part[other[i[near]]])]
    ones, others = np.array(pairs, int).reshape(-1, 2).T
    return ones, others


def connected_parts(ones: np.ndarray, others: np.ndarray, n: int) -> np.ndarray:
    """The number of the connected part that each of n nodes belongs to, by edges from ones to others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(ones)), (ones, others)), (n, n))
    return np.asarray(connected_components(edges, directed=False)[1])


def are_apart(points: np.ndarray, found: Clusters) -> bool:
    """Whether places are small beside their distances: otherwise what was found is a shape and not a number of modes."""
    if len(found.counts) < 2:
        return False
    off = np.square(points - found.centres[found.which]).sum(axis=1)
    radii = np.sqrt(np.bincount(found.which, off) / found.counts)
    between = np.hypot(*(found.centres[:, None] - found.centres).transpose(2, 0, 1))
    return bool(between[~np.eye(len(radii), dtype=bool)].min() > 4 * radii.max())


def turns(centres: np.ndarray) -> np.ndarray | None:
    """The angles from each of the centres [K, 2] to the next, in turns, where they lie on a circle; None where they do not."""
    if len(centres) < 3:
        return None
    (a, b, c), *_ = np.linalg.lstsq(np.column_stack((centres, np.ones(len(centres)))), np.square(centres).sum(axis=1))
    middle = np.array([a, b]) / 2
    radii = np.hypot(*(centres - middle).T)
    if not c + middle @ middle > 0 or np.ptp(radii) > 0.1 * radii.mean():
        return None
    angles = np.sort(np.arctan2(*(centres - middle).T[::-1])) / (2 * np.pi)
    return np.diff(angles, append=angles[0] + 1)


def is_even(gaps: np.ndarray, parts: int) -> np.ndarray:
    """How many parts of a circle cut into so many each gap is, 0 where it is no whole number of them."""
    whole = np.round(gaps * parts)
    return np.where(np.abs(gaps * parts - whole) < 0.1, whole, 0).astype(int)


def lattice(centres: np.ndarray) -> tuple[int, int]:
    """How many columns and rows centres [K, 2] lie in."""
    size = np.ptp(centres, axis=0).max()
    return tuple(1 + int((np.diff(np.sort(column)) > 0.04 * size).sum()) for column in centres.T)  # type: ignore[return-value]
