"""Exact optimal transport between two clouds: distances, the plan, and the duals that make the optimal critic."""

from __future__ import annotations

import math
import os
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np

PIVOTS = 10_000_000  # POT's own limit of 100 000 is too low for some clouds of 4000 points
DIRECTIONS = 32  # of the sliced distance, evenly over the half circle: the same ones every time

Metric = Literal["euclidean", "sqeuclidean"]


class Transport(NamedTuple):
    """An optimal plan from generated to real points, with what proves that it is one.

    `distance` is the root of the least mean cost; `mass [k]` goes from generated point `start [k]` to real point
    `goal [k]`. The duals obey `real_dual [m]` + `fake_dual [n]` <= cost, and their means add up to the least mean cost
    (Kantorovich, 1942). Where a point is not finite, the distance is NaN and nothing moves.
    """

    distance: float
    start: np.ndarray
    goal: np.ndarray
    mass: np.ndarray
    real_dual: np.ndarray
    fake_dual: np.ndarray


def w1(points: np.ndarray, reference: np.ndarray) -> float:
    """Exact Wasserstein-1 distance of two clouds, min over plans P of sum P_ij |x_i - y_j|, in the plane's unit.

    points [n, 2], reference [m, 2], each with uniform weights. NaN when a point is not finite. Raises ValueError for an
    empty cloud and RuntimeError when the solver did not reach the optimum. Network simplex: Bonneel et al., 2011,
    doi:10.1145/2070781.2024192.
    """
    return transport(points, reference, metric="euclidean", power=1)


def w2(points: np.ndarray, reference: np.ndarray) -> float:
    """Exact Wasserstein-2 distance, sqrt(min over plans P of sum P_ij |x_i - y_j|^2); everything else as in `w1`."""
    return transport(points, reference, metric="sqeuclidean", power=2)


def transport(points: np.ndarray, reference: np.ndarray, metric: Metric, power: int, *weights: np.ndarray) -> float:
    """The root of the least mean cost of moving points [n, 2] to reference [m, 2]; errors as in `w1`. Weights, of reference [m]
    and then of points [n], are uniform where none are given.
    """
    if not is_finite(points, reference):
        return math.nan
    costs, exponent = costs_of(points, reference, metric)
    _, log = simplex(costs, *weights)
    return float(np.ldexp(max(0.0, float(log["cost"])) ** (1 / power), exponent))


def solved(points: np.ndarray, reference: np.ndarray) -> Transport:
    """The Wasserstein-1 plan from points [n, 2] to reference [m, 2], with its duals; errors as in `w1`."""
    if not is_finite(points, reference):
        none, nowhere = np.zeros(0), np.zeros(0, int)
        return Transport(math.nan, nowhere, nowhere, none, *(np.full(len(c), math.nan) for c in (reference, points)))
    costs, exponent = costs_of(points, reference, "euclidean")
    plan, log = simplex(costs)
    goal, start = np.divmod(np.flatnonzero(plan), plan.shape[1])
    duals = (np.ldexp(log[side], exponent) for side in "uv")
    return Transport(float(np.ldexp(max(0.0, log["cost"]), exponent)), start, goal, plan[goal, start], *duals)


def is_finite(points: np.ndarray, reference: np.ndarray) -> bool:
    """Whether every coordinate of both clouds is finite; ValueError where a cloud is empty."""
    if not (len(points) and len(reference)):
        got = f"{len(points)} and {len(reference)} points"
        raise ValueError(f"a distance needs two clouds with points in them, got {got}")
    return bool(np.isfinite(points).all() and np.isfinite(reference).all())


def costs_of(points: np.ndarray, reference: np.ndarray, metric: Metric) -> tuple[np.ndarray, int]:
    """The cost of every move [m, n] where both clouds, in float64, are over 2^e, and e: the largest coordinate is below 1.

    The solver's tolerances are absolute: on costs below 1e-11 it stops early and says nothing. A power of two rounds nothing.
    Rows are the reference: a collapsed cloud is then solved a quarter faster.
    """
    from scipy.spatial.distance import cdist

    clouds = [np.asarray(cloud, float) for cloud in (reference, points)]
    exponent = max(math.frexp(np.abs(cloud).max())[1] for cloud in clouds)
    return cdist(*(np.ldexp(cloud, -exponent) for cloud in clouds), metric), exponent


def simplex(costs: np.ndarray, *weights: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """The optimal plan for costs [m, n] of about size 1 and weights of rows [m] and columns [n], by default uniform, and POT's
    log of it; RuntimeError where the solver gave up.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            plan, log = solver().emd(*(weights or ([], [])), costs, numItermax=PIVOTS, log=True)
        except UserWarning as warning:
            raise RuntimeError(f"exact transport of {costs.shape} points failed: {warning}") from warning
    return plan, log


def solver() -> ModuleType:
    """POT's linear programs, imported without the rest of it, which no distance needs and which would cost seconds.

    Its front page `ot` imports everything. While `ot.lp` is imported an empty page stands in its place; then it goes, so
    that whoever imports `ot` still gets all of it.
    """
    if (known := sys.modules.get("ot.lp")) is not None:
        return known
    for backend in ("PYTORCH", "JAX", "CUPY", "TENSORFLOW"):
        os.environ.setdefault(f"POT_BACKEND_DISABLE_{backend}", "1")
    place = find_spec("ot")
    if place is None:
        raise ModuleNotFoundError("No module named 'ot': POT is not installed", name="ot")
    sys.modules["ot"] = module_from_spec(place)
    try:
        return import_module("ot.lp")
    finally:
        del sys.modules["ot"]


def directions(plan: Transport, points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The unit vector [n, 2] along the mean of each point's unit moves in the plan, by mass; NaN for a point that stays."""
    moves = np.asarray(reference, float)[plan.goal] - np.asarray(points, float)[plan.start]
    total = np.zeros((len(points), 2))
    np.add.at(total, plan.start, plan.mass[:, None] * units(moves, fill=0.0))
    return units(total, fill=math.nan)


def units(vectors: np.ndarray, fill: float) -> np.ndarray:
    """Vectors [n, 2] over their lengths; `fill` where the length is 0."""
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])[:, None]
    return np.divide(vectors, lengths, out=np.full(vectors.shape, fill), where=lengths > 0)


def sliced_w1(points: np.ndarray, reference: np.ndarray) -> float:
    """Mean over 32 fixed directions of the Wasserstein-1 distance of both clouds' shadows: at most `w1`, in its unit.

    NaN when a point is not finite. Rabin et al., 2011, doi:10.1007/978-3-642-24785-9_37.
    """
    if not is_finite(points, reference):
        return math.nan
    angles = math.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    axes = np.stack([np.cos(angles), np.sin(angles)])
    one, other = (np.sort(np.asarray(cloud, float) @ axes, axis=0) for cloud in (points, reference))
    if len(one) == len(other):
        return float(np.abs(one - other).mean())
    # Quantile functions are steps: between two neighbouring levels of either cloud both are constant.
    levels = np.union1d(*(np.arange(len(cloud) + 1) / len(cloud) for cloud in (one, other)))
    middles, widths = (levels[1:] + levels[:-1]) / 2, np.diff(levels)
    gaps = np.abs(one[(middles * len(one)).astype(int)] - other[(middles * len(other)).astype(int)])
    return float(widths @ gaps.mean(axis=1))
