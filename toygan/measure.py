"""How good a generated cloud is, as numbers: exact transport distances, and what happened to each mode.

A measure sees one cloud [n, 2] and what it is held against, never the network that made it. One more measure = one
function + one row of MEASURES.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from toygan.targets import Modes

SIGMAS = 3.0  # a point within so many standard deviations of its nearest mode is on it
POINT_SIZE = 1e-6  # the least standard deviation of a mode, relative to max(1, |centre|): 8 spacings of float32
SAME = 1e-9  # distances to modes that differ by less are equal: sin(2 pi) is not quite sin(0)
N_W1 = 500  # transport costs 15 ms a cloud at 500 points, 60 at 1000, 270 at 2000; its floor falls as 1 / sqrt(n)
PIVOTS = 10_000_000  # POT's own limit of 100 000 is too low for some clouds of 4000 points


# Transport --------------------------------------------------------------------------------------------------------


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


def transport(
    points: np.ndarray, reference: np.ndarray, metric: Literal["euclidean", "sqeuclidean"], power: int
) -> float:
    """The root of the least transport cost, computed on clouds brought to size 1.

    The solver's tolerances are absolute: on costs below 1e-11 it stops early and says nothing. Scaling by a power of
    two is free of rounding and also keeps squares of huge coordinates finite.
    """
    from scipy.spatial.distance import cdist

    clouds = np.asarray(points, float), np.asarray(reference, float)
    if not all(len(cloud) for cloud in clouds):
        raise ValueError(
            f"a distance needs two clouds with points in them, got {len(points)} and {len(reference)} points"
        )
    if not all(np.isfinite(cloud).all() for cloud in clouds):
        return math.nan
    exponent = max(math.frexp(np.abs(cloud).max())[1] for cloud in clouds)
    generated, target = (np.ldexp(cloud, -exponent) for cloud in clouds)
    # Rows are the target: a collapsed cloud is then solved a quarter faster than the other way round.
    return float(np.ldexp(least_cost(cdist(target, generated, metric)) ** (1 / power), exponent))


def least_cost(costs: np.ndarray) -> float:
    """The least mean cost of moving uniform mass from rows to columns, costs [m, n] of about size 1.

    Raises RuntimeError when the solver warns, because what it returns then is not the optimum.
    """
    for backend in ("PYTORCH", "JAX", "CUPY", "TENSORFLOW"):
        os.environ.setdefault(f"POT_BACKEND_DISABLE_{backend}", "1")  # importing them would cost seconds
    import ot

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return max(0.0, float(ot.emd2([], [], costs, numItermax=PIVOTS)))
        except UserWarning as warning:
            raise RuntimeError(f"exact transport of {costs.shape} points failed: {warning}") from warning


def w1_floor(sample: Callable[[int], np.ndarray], n: int, repeats: int = 8) -> tuple[float, float]:
    """Mean and standard deviation of `w1` between independent target samples: what a perfect generator scores.

    `sample(k)` draws the k-th independent target sample [n, 2]; the pairs are (2k, 2k + 1) for k < repeats. Raises
    ValueError when a sample has not n points or repeats is below 2.
    """
    if repeats < 2:
        raise ValueError(f"a spread needs at least 2 repeats, got {repeats}")
    clouds = [sample(k) for k in range(2 * repeats)]
    if any(len(cloud) != n for cloud in clouds):
        raise ValueError(f"every target sample must have {n} points, got {sorted({len(cloud) for cloud in clouds})}")
    floors = [w1(one, other) for one, other in zip(clouds[::2], clouds[1::2], strict=True)]
    return float(np.mean(floors)), float(np.std(floors, ddof=1))


# Modes ------------------------------------------------------------------------------------------------------------


def modes_kept(points: np.ndarray, modes: Modes, at_least: int = 1) -> int:
    """How many modes have at least so many points within 3 sigma, each point counted for its nearest mode only.

    points [n, 2]. Srivastava et al., 2017,
    arXiv:1705.07761; Lin et al., 2018, arXiv:1712.04086.
    """
    return int((mode_counts(points, modes, within=SIGMAS) >= at_least).sum())


def high_quality(points: np.ndarray, modes: Modes) -> float:
    """Share of points within 3 sigma (Mahalanobis) of their nearest mode, 0 to 1; a point that is not finite is not.

    points [n, 2]. A perfect sampler of separated Gaussians has 1 - exp(-9/2) = 0.98889, a share above it means modes
    that are too narrow. Srivastava et al., 2017, arXiv:1705.07761.
    """
    return float(mode_counts(points, modes, within=SIGMAS).sum() / len(points))


def mode_mass_tv(points: np.ndarray, modes: Modes) -> float:
    """Total variation 1/2 sum_k |s_k - w_k| between the points' shares at the modes and the weights, 0 to 1.

    points [n, 2]. Every finite point belongs to its nearest mode (Mahalanobis), however far: this measures balance, and
    `high_quality` says how many points are near. Points that are not finite are mass outside every mode.
    """
    shares = mode_counts(points, modes, within=math.inf) / len(points)
    return float((np.abs(shares - modes.weights).sum() + 1 - shares.sum()) / 2)


def mode_kl(points: np.ndarray, modes: Modes) -> float:
    """Reverse Kullback-Leibler divergence sum_k s_k log(s_k / w_k) of the points' shares from the weights, in nats.

    points [n, 2]. As in the code published with PacGAN (Lin et al., 2018, arXiv:1712.04086), shares are over the points
    within 3 sigma of their nearest mode; the others are left out, so they sum to 1. NaN when no point is on a mode,
    infinite when points are at a mode of weight 0.
    """
    counts = mode_counts(points, modes, within=SIGMAS)
    if not counts.any():
        return math.nan
    kept = counts > 0
    shares = counts[kept] / counts.sum()
    with np.errstate(divide="ignore"):
        return float((shares * np.log(shares / np.asarray(modes.weights, float)[kept])).sum())


def mode_counts(points: np.ndarray, modes: Modes, within: float) -> np.ndarray:
    """How many points [n, 2] have each mode as their nearest and lie within so many standard deviations of it: [K].

    Of modes that are equally near the first one gets the point, so two modes in one place are found once.
    """
    distances = mahalanobis(points, modes)
    least = distances.min(axis=1, keepdims=True)
    nearest = (distances <= least * (1 + SAME) + SAME).argmax(axis=1)
    at_mode = np.isfinite(points).all(axis=1) & (least[:, 0] <= within)
    return np.bincount(nearest[at_mode], minlength=len(modes.centres))


def mahalanobis(points: np.ndarray, modes: Modes) -> np.ndarray:
    """Distance sqrt((x - c)' C^-1 (x - c)) of points [n, 2] to each mode, in standard deviations: [n, K].

    No standard deviation counts as less than 1e-6 max(1, |c|), so a point-like mode catches what float32 rounds to it
    (3e-6 around) and nothing else. Infinite where a point is not finite. Mahalanobis, 1936.
    """
    stds, axes = principal_stds(modes)
    with np.errstate(over="ignore", invalid="ignore"):  # huge and infinite points end as infinitely far
        offsets = np.asarray(points, float)[:, None] - modes.centres
        along, across = np.moveaxis(
            np.einsum("nki,kij->nkj", offsets, axes) / np.maximum(stds, least_stds(modes)), -1, 0
        )
        distances = np.hypot(along, across)
    return np.where(np.isnan(distances), np.inf, distances)


def principal_stds(modes: Modes) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations [K, 2] of each mode along its principal axes, and these as columns [K, 2, 2]."""
    variances, axes = np.linalg.eigh(modes.covariances)
    return np.sqrt(np.maximum(variances, 0)), axes  # rounding puts the zero variance of a flat mode below zero


def least_stds(modes: Modes) -> np.ndarray:
    """What counts as the least standard deviation of each mode: [K, 1]."""
    least: np.ndarray = POINT_SIZE * np.maximum(1, np.linalg.norm(modes.centres, axis=1, keepdims=True))
    return least


# What a perfect generator scores ----------------------------------------------------------------------------------


def perfect_modes_kept(modes: Modes, n: int) -> float:
    """Expected modes that n target points find: sum_k 1 - (1 - h_k w_k)^n, h_k the share within 3 sigma."""
    return float((1 - (1 - share_within(modes) * modes.weights) ** n).sum())


def perfect_high_quality(modes: Modes, n: int) -> float:
    """Expected share within 3 sigma of separated modes: 1 - exp(-9/2) for a Gaussian in the plane."""
    return float((share_within(modes) * modes.weights).sum() / np.sum(modes.weights))


def perfect_mode_mass_tv(modes: Modes, n: int) -> float:
    """Expected total variation of n draws from the weights, for large n: sum_k sqrt(w_k (1 - w_k) / (2 pi n))."""
    weights = np.asarray(modes.weights, float)
    return float(np.sqrt(weights * (1 - weights) / (2 * math.pi * n)).sum())


def perfect_mode_kl(modes: Modes, n: int) -> float:
    """Expected divergence of n draws from the weights, for large n: (K - 1) / (2 n), in nats (Wilks, 1938)."""
    return (int(np.count_nonzero(modes.weights)) - 1) / (2 * n)


def share_within(modes: Modes) -> np.ndarray:
    """Share of each mode's own mass within 3 sigma: of a point, of a Gaussian on a line, of one in the plane: [K]."""
    by_directions = np.array([1.0, math.erf(SIGMAS / math.sqrt(2)), 1 - math.exp(-(SIGMAS**2) / 2)])
    shares: np.ndarray = by_directions[(principal_stds(modes)[0] > least_stds(modes)).sum(axis=1)]
    return shares


# Frames -----------------------------------------------------------------------------------------------------------


def measure_frames(
    samples: np.ndarray, real: np.ndarray, modes: Modes | None = None, n_w1: int = N_W1
) -> dict[str, np.ndarray]:
    """Every measure of a whole run: samples [T, S, N, 2] against real [N, 2] and modes give one [T, S] a measure."""
    frames = [measure_frame(frame, real, modes, n_w1) for frame in samples]
    return {name: np.array([frame[name] for frame in frames]).reshape(samples.shape[:2]) for name in measurable(modes)}


def measure_frame(
    samples: np.ndarray, real: np.ndarray, modes: Modes | None = None, n_w1: int = N_W1
) -> dict[str, np.ndarray]:
    """Every measure of one frame: samples [S, N, 2] against real [N, 2] and modes give one [S] a measure.

    Depends on nothing but this frame, so a run that continues measures only what is new. Transport takes the first n_w1
    points of either cloud; whatever concerns modes takes all N and is left out when there are none.
    """
    return {
        name: np.array([measure_cloud(MEASURES[name], points, real, modes, n_w1) for points in samples], float)
        for name in measurable(modes)
    }


def measure_cloud(measure: Measure, points: np.ndarray, real: np.ndarray, modes: Modes | None, n_w1: int) -> float:
    """One measure of one cloud [N, 2], held against the modes or the real points, whichever it is about."""
    return measure.of(points, modes) if measure.needs_modes else measure.of(points[:n_w1], real[:n_w1])


def measurable(modes: Modes | None) -> Sequence[str]:
    """The names of the measures that can be taken, with or without modes."""
    return [name for name, measure in MEASURES.items() if modes is not None or not measure.needs_modes]


class Measure(NamedTuple):
    """One row: `of(points [n, 2], modes or reference [m, 2])`, one line about it, its unit, and what is best.

    `perfect(modes, n)` is what n fresh points of the target itself score on average: a floor where lower is better, a
    ceiling where higher is. None where no formula knows it: then it is measured, as by `w1_floor`.
    """

    of: Callable[..., float]
    about: str
    unit: str
    needs_modes: bool
    better: Literal["lower", "higher"]
    perfect: Callable[[Modes, int], float] | None


MEASURES = {
    "w1": Measure(w1, "exact Wasserstein-1 distance to the real points", "plane", False, "lower", None),
    "modes": Measure(modes_kept, "modes with a point within 3 sigma", "modes", True, "higher", perfect_modes_kept),
    "high_quality": Measure(
        high_quality, "share of points within 3 sigma of a mode", "share", True, "higher", perfect_high_quality
    ),
    "mode_mass_tv": Measure(
        mode_mass_tv,
        "total variation of the shares at modes from the weights",
        "share",
        True,
        "lower",
        perfect_mode_mass_tv,
    ),
    "mode_kl": Measure(
        mode_kl, "reverse KL of the shares on modes from the weights", "nats", True, "lower", perfect_mode_kl
    ),
}
