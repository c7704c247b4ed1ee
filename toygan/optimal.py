"""The critic that each objective would have if it could: exact where densities or clouds decide it, else none.

Everywhere p is the density of real points, q that of generated ones, l = log p/q, and a higher score means "more real".
One more optimum is one function here and one row in `OPTIMA`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np

from toygan.measures.transport import Transport, solved, units
from toygan.targets import LogDensity, Modes, log_mixture

Scores = Callable[[np.ndarray], np.ndarray]  # points [n, 2] -> scores [n]
AT_ONCE = 2**21  # numbers in a table of distances: 16 MB
NOTHING: Mapping[str, Any] = MappingProxyType({})


# --- from densities: functions of l [...] and the objective's own options --------------------------------------------


def log_ratio(l: np.ndarray) -> np.ndarray:  # noqa: E741  (the formulas' own name)
    """The log-ratio l itself, the optimum of cross-entropy (Goodfellow et al., 2014, arXiv:1406.2661)."""
    return l


def between_targets(l: np.ndarray, *, fake: float = 0.0, real: float = 1.0) -> np.ndarray:  # noqa: E741
    """(real p + fake q) / (p + q) (Mao et al., 2016, arXiv:1611.04076)."""
    from scipy.special import expit

    return real * expit(l) + fake * expit(-l)


def sides(l: np.ndarray) -> np.ndarray:  # noqa: E741
    """sign(p - q), hinge's optimum (Lim and Ye, 2017, arXiv:1705.02894).

    Of total variation only the direction: the raw score runs to infinity while T = tanh(v)/2 comes to sign(p - q)/2.
    """
    return np.sign(l)


def soft_log_ratio(
    l: np.ndarray,  # noqa: E741
    *,
    real: tuple[float, float] = (0.7, 1.2),
    fake: tuple[float, float] = (0.0, 0.3),
) -> np.ndarray:
    """Logarithm of (y p + z q) over ((1 - y) p + (1 - z) q), for mean labels y, z: smoothed cross-entropy's."""
    y, z = sum(real) / 2, sum(fake) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.log(share) for share in (y, z, 1 - y, 1 - z)]
    return np.logaddexp(l + parts[0], parts[1]) - np.logaddexp(l + parts[2], parts[3])


def above_one(l: np.ndarray) -> np.ndarray:  # noqa: E741
    """1 + log p/q: T of KL (Nowozin et al., 2016, arXiv:1606.00709)."""
    return 1 + l


def relative_excess(l: np.ndarray) -> np.ndarray:  # noqa: E741
    """2 (p/q - 1): T of Pearson's chi^2 (Nowozin et al., 2016, arXiv:1606.00709); infinite where float64 ends."""
    with np.errstate(over="ignore"):
        return 2 * np.expm1(l)


def half_log_ratio(l: np.ndarray) -> np.ndarray:  # noqa: E741
    """1/2 log p/q: T = 1 - exp(-v) = 1 - sqrt(q/p) of squared Hellinger (Nowozin et al., 2016, arXiv:1606.00709)."""
    return l / 2


def least_energy(l: np.ndarray, *, margin: float = 1.0) -> np.ndarray:  # noqa: E741
    """-margin where q > p, 0 elsewhere: no energy on the data (Zhao et al., 2016, arXiv:1609.03126)."""
    return np.where(l < 0, -margin, 0.0)


# --- from clouds -----------------------------------------------------------------------------------------------------


class Potential(NamedTuple):
    """The discrete Kantorovich potential phi(x) = max_i (u_i - |x - x_i|) of two clouds, x_i the real points.

    1-Lipschitz, and E phi(real) - E phi(fake) = `distance`, their exact W1. Its constant is free, and it is decided only on
    the rays along which mass moves (Kantorovich, 1942). Elsewhere this is the lowest of all optimal critics: anchored at
    the real points, it falls away from them, as a learned critic does; one anchored at the generated points would rise.
    """

    real: np.ndarray
    duals: np.ndarray
    distance: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The potential at points [n, 2]: [n]."""
        return np.concatenate([highest(part, self)[0] for part in in_parts(points, len(self.real))])

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """Its gradient at points [n, 2]: [n, 2], of length 1, at a generated point to where transport sends it; 0 at a tip."""
        goals = np.concatenate([highest(part, self)[1] for part in in_parts(points, len(self.real))])
        return units(self.real[goals] - np.asarray(points, float), fill=0.0)


def potential(real: np.ndarray, fake: np.ndarray) -> Potential:
    """The optimal Wasserstein critic of two clouds real [m, 2] and fake [n, 2]; errors as in `toygan.measure.w1`."""
    return potential_of(solved(fake, real), real)


def potential_of(plan: Transport, real: np.ndarray) -> Potential:
    """The same from a plan that is known already, as from `solved(fake, real)`."""
    return Potential(np.asarray(real, float), plan.real_dual, plan.distance)


def highest(points: np.ndarray, phi: Potential) -> tuple[np.ndarray, np.ndarray]:
    """max_i (u_i - |x - x_i|) and the i it is reached at, at points [n, 2]: [n] and [n]."""
    from scipy.spatial.distance import cdist

    heights = phi.duals - cdist(np.asarray(points, float), phi.real)
    best = heights.argmax(axis=1)
    return heights[np.arange(len(points)), best], best


def in_parts(points: np.ndarray, columns: int) -> list[np.ndarray]:
    """Points [n, 2] in parts whose distances to so many others fit."""
    rows = max(1, AT_ONCE // max(columns, 1))
    return np.split(points, range(rows, len(points), rows))


def mmd_witness(
    real: np.ndarray,
    fake: np.ndarray,
    *,
    kernel: Literal["gaussian", "rational-quadratic"] = "gaussian",
    bandwidths: Sequence[float] = (0.1, 0.3, 1.0, 3.0),
) -> Scores:
    """E k(x, real) - E k(x, fake) with the objective's kernel on the plane itself (Gretton et al., 2012)."""

    def similar(squares: np.ndarray) -> np.ndarray:
        return np.mean([KERNELS[kernel](squares, width) for width in bandwidths], axis=0)

    return witness(real, fake, similar)


KERNELS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "gaussian": lambda squares, width: np.exp(-squares / (2 * width**2)),
    "rational-quadratic": lambda squares, width: (1 + squares / (2 * width)) ** -width,
}


def energy_witness(real: np.ndarray, fake: np.ndarray) -> Scores:
    """E |x - fake| - E |x - real| on the plane itself (Bellemare et al., 2017, arXiv:1705.10743)."""
    return witness(real, fake, lambda squares: -np.sqrt(squares))


def witness(real: np.ndarray, fake: np.ndarray, similar: Callable[[np.ndarray], np.ndarray]) -> Scores:
    """Mean similarity to real [m, 2] minus that to fake [n, 2], from squared distances."""
    from scipy.spatial.distance import cdist

    def at(points: np.ndarray) -> np.ndarray:
        one, other = (similar(cdist(points, cloud, "sqeuclidean")).mean(axis=1) for cloud in (real, fake))
        return one - other

    return lambda points: np.concatenate([at(part) for part in in_parts(points, len(real) + len(fake))])


# --- on the grid -----------------------------------------------------------------------------------------------------


class Optimal(NamedTuple):
    """Optimal scores on a grid [g, g] (row = y, column = x) and, in words, what they are and where they come from."""

    scores: np.ndarray
    how: str


def optimal_scores(kind: str, log_p: np.ndarray, log_q: np.ndarray, options: Mapping[str, Any] = NOTHING) -> np.ndarray:
    """The best raw score of an objective where real and generated log-density are log_p [...] and log_q [...]: [...].

    `options` are the objective's own; those that do not matter are passed over. Where both densities are 0 nothing is
    best: NaN. Raises ValueError for an objective whose optimum densities do not decide.
    """
    row = OPTIMA.get(kind)
    if row is None or row.needs != "densities":
        raise ValueError(f"{kind}: densities do not give its optimal critic; they do for {', '.join(from_densities())}")
    with np.errstate(invalid="ignore"):
        return row.of(np.subtract(log_p, log_q), **taken(row.of, options))


def from_densities() -> list[str]:
    """The objectives whose optimal critic densities decide."""
    return [name for name, row in OPTIMA.items() if row.needs == "densities"]


def taken(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that a function takes."""
    keywords = inspect.signature(function).parameters.values()
    return {k.name: options[k.name] for k in keywords if k.kind is k.KEYWORD_ONLY and k.name in options}


def optimal_grid(
    kind: str,
    real: np.ndarray,
    fake: np.ndarray,
    grid_x: np.ndarray,
    grid_y: np.ndarray,
    log_density: LogDensity | None = None,
    std: float | None = None,
    options: Mapping[str, Any] = NOTHING,
    noise: float = 0.0,
) -> Optimal | None:
    """The optimal critic of an objective on a grid, from the best there is; None where no optimum is known.

    real [m, 2] and fake [n, 2] are the clouds of one frame; `log_density(x, blur)` is the target's; `std` is the frozen
    generator's, None for one that learns; `noise` is the standard deviation of instance noise, which blurs both.
    """
    row = OPTIMA.get(kind)
    if row is None or not (np.isfinite(real).all() and np.isfinite(fake).all()):
        return None
    points = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2)
    if row.needs == "clouds":
        scores = row.of(real, fake, **taken(row.of, options))(points)
        how = f"{row.about} of {len(real)} real and {len(fake)} generated points"
    else:
        spacing = float(max(np.ptp(axis) / max(len(axis) - 1, 1) for axis in (grid_x, grid_y)))
        log_p, log_q, source = densities(points, real, fake, log_density, std, noise, spacing)
        scores, how = optimal_scores(kind, log_p, log_q, options), f"{row.about}, {source}"
    return Optimal(scores.reshape(len(grid_y), len(grid_x)), how)


def densities(
    points: np.ndarray,
    real: np.ndarray,
    fake: np.ndarray,
    log_density: LogDensity | None,
    std: float | None,
    noise: float,
    spacing: float,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Log-densities of both players at points [n, 2], and where they come from: exact, or one kernel estimate."""
    if log_density and std is not None:
        try:
            exact = log_density(points, noise), log_density(points, math.hypot(std, noise))
        except ValueError:  # mass on points or curves has no density to compare with
            pass
        else:
            return *exact, f"from both exact densities (generated = target + N(0, {std:g}^2))"
    width = max(bandwidth(fake), noise, spacing)
    log_q = kernel_estimate(points, fake, width)
    source = f"from a Gaussian kernel estimate of {len(fake)} generated points, bandwidth {width:.2g}, against"
    try:
        if log_density:
            return log_density(points, width), log_q, f"{source} the exact target, as blurred"
    except ValueError:
        pass
    return kernel_estimate(points, real, width), log_q, f"{source} the same of {len(real)} real points"


def bandwidth(points: np.ndarray) -> float:
    """Half of Scott's rule, s n^(-1/6) / 2 with s the root mean square of both standard deviations.

    Scott's own (1992) is meant for one Gaussian and closes the gaps of a curled curve.
    """
    return float(np.sqrt(points.var(axis=0).mean()) * len(points) ** (-1 / 6) / 2)


def kernel_estimate(points: np.ndarray, cloud: np.ndarray, width: float) -> np.ndarray:
    """Log of the mean of N(points; cloud_j, width^2 I) over the cloud [m, 2]: [n]."""
    m = len(cloud)
    return log_mixture(points, Modes(np.asarray(cloud, float), np.zeros((m, 2, 2)), np.full(m, 1 / m)), width)


class Optimum(NamedTuple):
    """One row: `of(l)` from l = log p/q, or `of(real, fake)` from clouds, with the objective's options as keywords."""

    of: Callable[..., Any]
    needs: Literal["densities", "clouds"]
    about: str


OPTIMA = {
    "minimax": Optimum(log_ratio, "densities", "log p/q"),
    "non-saturating": Optimum(log_ratio, "densities", "log p/q"),
    "boundary-seeking": Optimum(log_ratio, "densities", "log p/q"),
    "soft-labels": Optimum(soft_log_ratio, "densities", "log-odds of the mean label"),
    "least-squares": Optimum(between_targets, "densities", "(b p + a q)/(p + q)"),
    "hinge": Optimum(sides, "densities", "sign(p - q)"),
    "f-kl": Optimum(above_one, "densities", "1 + log p/q"),
    "f-reverse-kl": Optimum(log_ratio, "densities", "log p/q"),
    "f-pearson": Optimum(relative_excess, "densities", "2 (p/q - 1)"),
    "f-hellinger": Optimum(half_log_ratio, "densities", "1/2 log p/q"),
    "f-js": Optimum(log_ratio, "densities", "log p/q"),
    "f-total-variation": Optimum(sides, "densities", "sign(p - q), times infinity"),
    "energy": Optimum(least_energy, "densities", "-margin where q > p"),
    "wasserstein": Optimum(potential, "clouds", "the exact Kantorovich potential"),
    "mmd": Optimum(mmd_witness, "clouds", "the kernel's witness on the plane"),
    "cramer": Optimum(energy_witness, "clouds", "the energy distance's witness on the plane"),
}
