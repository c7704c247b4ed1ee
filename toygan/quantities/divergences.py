"""Divergences of two densities p (real) and q (generated), in nats: from log-densities at weighted nodes.

Nodes are either a quadrature rule over a window (exact to its error) or the cells of a partition, whose shares of two
clouds stand for densities (an estimate, with a bias that is said).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LOG2 = math.log(2)
CELLS = 64  # of the partition that two clouds are compared on, at most on average
PER_CELL = 16  # cells of twice so many points of both clouds together are cut; fewer points make fewer cells
NODES = np.polynomial.legendre.leggauss(4)  # on [-1, 1], exact for polynomials of degree 7
COARSEST, DEEPEST = 24, 12  # cells along the window's side at first, and how often one may be quartered
TOLERANCE = 1e-6  # a cell is done when quartering it changes none of its integrals by more
OVERLOOKED = 3  # nor may its points hold this many times the mass that its nodes see

LogDensity = Callable[[np.ndarray], np.ndarray]


class Nodes(NamedTuple):
    """Log-densities `log_p [n]` and `log_q [n]` at nodes of weight `weights [n]`, all in the same order."""

    log_p: np.ndarray
    log_q: np.ndarray
    weights: np.ndarray


def kl(at: Nodes) -> float:
    """KL(p | q) = integral of p log(p / q), infinite where q misses mass of p (Kullback and Leibler, 1951)."""
    return total(at.weights, kl_density(at.log_p, at.log_q))


def reverse_kl(at: Nodes) -> float:
    """KL(q | p) = integral of q log(q / p)."""
    return total(at.weights, kl_density(at.log_q, at.log_p))


def js(at: Nodes) -> float:
    """Jensen-Shannon divergence 1/2 KL(p | m) + 1/2 KL(q | m), m = (p + q) / 2: 0 to log 2 (Lin, 1991)."""
    return total(at.weights, js_density(at.log_p, at.log_q))


def tv(at: Nodes) -> float:
    """Total variation 1/2 integral of |p - q|: 0 to 1."""
    return total(at.weights, tv_density(at.log_p, at.log_q))


def total(weights: np.ndarray, values: np.ndarray) -> float:
    """A weighted sum that is never below 0, as no divergence is; rounding may be."""
    return max(0.0, float(weights @ values))


def kl_density(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """The integrand p log(p / q), 0 where p is 0: a p that underflows counts for nothing, however small q is."""
    p = np.exp(log_p)
    return p * np.subtract(log_p, log_q, out=np.zeros_like(p), where=p > 0)


def js_density(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """1/2 p log(p / m) + 1/2 q log(q / m), m = (p + q) / 2."""
    middle = np.logaddexp(log_p, log_q) - LOG2
    return (kl_density(log_p, middle) + kl_density(log_q, middle)) / 2


def tv_density(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """|p - q| / 2."""
    return np.abs(np.exp(log_p) - np.exp(log_q)) / 2


def mass(log_p: np.ndarray, weights: np.ndarray) -> float:
    """The integral of p over the nodes: 1 where they see all of it."""
    return float(weights @ np.exp(log_p))


# Quadrature -------------------------------------------------------------------------------------------------------

Window = tuple[float, float, float, float]  # left, right, bottom, top


def quadrature(log_p: LogDensity, log_q: LogDensity, window: Window, seen: np.ndarray) -> tuple[Nodes, float]:
    """Nodes over a window that follow both densities, and a bound on how far off any divergence is.

    Cells with 4 x 4 Gauss-Legendre nodes are quartered until that changes nothing; the bound is all that the last
    quartering still changed, and smooth integrands are far better. So that no narrow mode hides between
    nodes, `seen [n, 2]` are points drawn from both densities, as many from each: a cell must see as much mass as they
    do. Each log-density takes points [n, 2] and gives [n].
    """
    left, right, bottom, top = window
    size = np.array([right - left, top - bottom]) / COARSEST
    corners = size * np.indices((COARSEST, COARSEST)).reshape(2, -1).T + (left, bottom)
    whole, error, done = evaluated(log_p, log_q, corners, size), 0.0, []
    for _ in range(DEEPEST):
        share = held(corners, size, seen)
        corners, size = quartered(corners, size), size / 2
        parts = evaluated(log_p, log_q, corners, size)
        change, mass_seen = compared(whole, parts)
        rough = (change > TOLERANCE) | (share > OVERLOOKED * mass_seen)
        error += float(change[~rough].sum())
        keep = np.repeat(rough, 4)
        done.append(select(parts, ~keep))
        corners, whole = corners[keep], select(parts, keep)
        if not len(corners):
            break
    error += float(change[rough].sum())
    p, q, weights = (np.concatenate([part.ravel() for part in same]) for same in zip(*done, whole, strict=True))
    lost = (abs(1 - mass(log, weights)) for log in (p, q))
    return Nodes(p, q, weights), max(error, *lost)


def evaluated(log_p: LogDensity, log_q: LogDensity, corners: np.ndarray, size: np.ndarray) -> Nodes:
    """Both log-densities at the nodes of cells with lower left corners [m, 2] and one size [2]: [m, 16] each."""
    places, weights = (NODES[0] + 1) / 2, NODES[1] / 2
    inner = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2) * size
    points = (corners[:, None] + inner).reshape(-1, 2)
    by_node = np.outer(weights, weights).reshape(-1) * size.prod()
    shape = len(corners), len(by_node)
    return Nodes(log_p(points).reshape(shape), log_q(points).reshape(shape), np.broadcast_to(by_node, shape))


def quartered(corners: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The corners of each cell's four quarters, beside each other: [4 m, 2]."""
    halves = np.array([(0, 0), (0, 0.5), (0.5, 0), (0.5, 0.5)]) * size
    return (corners[:, None] + halves).reshape(-1, 2)


def held(corners: np.ndarray, size: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The share of the points seen [n, 2] in each of some cells of one size: [m]."""
    if not len(corners):
        return np.zeros(0)
    origin = corners.min(axis=0)
    places = (np.rint((corners - origin) / size), np.floor((seen - origin) / size))
    cells, points = (((place.astype(np.int64) + (1 << 20)) @ (1 << 32, 1)) for place in places)
    found, counts = np.unique(points, return_counts=True)
    at = np.searchsorted(found, cells).clip(max=len(found) - 1)
    shares: np.ndarray = np.where(found[at] == cells, counts[at], 0) / len(seen)
    return shares


def compared(whole: Nodes, parts: Nodes) -> tuple[np.ndarray, np.ndarray]:
    """How far off any integral of a cell may be after it is quartered, and the mass that its quarters see: [m] each.

    As much as quartering changes it; where p - q changes its sign, |p - q| has a crease that may hide, and is taken to
    be off by 1/64. What is infinite, before or after, counts as unchanged: it cannot be refined away.
    """
    after = integrals(parts).reshape(-1, 4, len(INTEGRANDS)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        change = np.nan_to_num(np.abs(after - integrals(whole)), nan=0.0, posinf=0.0)
    above = (parts.log_p > parts.log_q).reshape(len(after), -1).mean(axis=1)
    creased = np.where((above > 0) & (above < 1), after[:, -1] / 64, 0.0)
    return np.maximum(change.max(axis=1), creased), after[:, :2].mean(axis=1)


def integrals(at: Nodes) -> np.ndarray:
    """Everything that is integrated, cell by cell: [m, 5]."""
    return np.stack([(at.weights * integrand(at.log_p, at.log_q)).sum(axis=1) for integrand in INTEGRANDS], axis=1)


def select(at: Nodes, cells: np.ndarray) -> Nodes:
    """The nodes of some cells."""
    return Nodes(*(part[cells] for part in at))


# Clouds -----------------------------------------------------------------------------------------------------------


def shares(points: np.ndarray, real: np.ndarray) -> Nodes:
    """Log-shares of real [m, 2] and of points [n, 2] in some 40 to 64 cells, cut where both together leave a gap.

    What the divergences of these shares say of the distributions: less than the truth, because cells forget where in
    them a point lies, and more, because shares fluctuate: js by about (cells - 1) / 8 * (1 / n + 1 / m) nats. A cloud in
    one place, or one far narrower than the other, has cells of its own, however narrow it is. Raises ValueError where
    there are too few points for two cells.
    """
    pooled = np.concatenate([real, points]).astype(float)
    if len(pooled) < 2 * PER_CELL:
        raise ValueError(f"two cells need at least {2 * PER_CELL} points together, got {len(pooled)}")
    scale = 4 * max(float(np.abs(pooled).max()), np.finfo(float).tiny)  # differences of huge coordinates stay finite
    cells = cut(np.ascontiguousarray(pooled.T) / scale, max(PER_CELL, len(pooled) / CELLS))
    counts = [np.bincount(side, minlength=cells.max() + 1) for side in (cells[: len(real)], cells[len(real) :])]
    with np.errstate(divide="ignore"):
        log_p, log_q = (np.log(count / count.sum()) for count in counts)
    return Nodes(log_p, log_q, np.ones(len(log_p)))


def cut(places: np.ndarray, size: float) -> np.ndarray:
    """Number points by cell, from their coordinates [2, n]: cells of twice `size` points and more are cut: [n]."""
    cells, left, number = np.zeros(places.shape[1], int), [np.arange(places.shape[1])], 0
    while left:
        own = left.pop()
        parts = halves(places, own) if len(own) >= 2 * size else []
        left += parts
        if not parts:
            cells[own], number = number, number + 1
    return cells


def halves(places: np.ndarray, own: np.ndarray) -> list[np.ndarray]:
    """A cell's points `own [k]` on either side of its best gap; none where all are in one place.

    Along x and y the gap between neighbours counts times the points on its smaller side: among points of one density
    the best is near the median, and a crowd in one place is parted from what is around it. Who is real is not looked at.
    """
    order = np.argsort(places[:, own], axis=1)
    rank = np.arange(1, len(own))
    gaps = np.diff(np.take_along_axis(places[:, own], order, axis=1), axis=1) * np.minimum(rank, rank[::-1])
    axis, place = np.unravel_index(gaps.argmax(), gaps.shape)
    parts = np.split(own[order[axis]], [place + 1])
    return parts if gaps[axis, place] > 0 else []


INTEGRANDS = (
    lambda log_p, log_q: np.exp(log_p),
    lambda log_p, log_q: np.exp(log_q),
    kl_density,
    lambda log_p, log_q: kl_density(log_q, log_p),
    js_density,
    tv_density,
)
