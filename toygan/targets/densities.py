"""Log-densities that are sums: of Gaussians, and over the cells of a grid.

Everything that is a mixture of Gaussians, a finite one or one along a curve, ends in `log_mixture`; everything that is a
sum over a grid ends in `log_grid_sum`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from toygan.targets.target import Modes

ROUNDING = 1e-14  # an eigenvalue that is so small beside the largest one is zero
NO_DENSITY = "density: all mass, or some of it, lies on points or curves; only with a blur above 0 is there a density"
FINEST = 50_000  # nodes of a quadrature


def log_mixture(x: np.ndarray, modes: Modes, blur: float) -> np.ndarray:
    """Log-density log sum_k w_k N(x; c_k, C_k + blur^2 I) at x [n, 2]: [n]; ValueError where a Gaussian is flat."""
    values, vectors = np.linalg.eigh(modes.covariances)
    values = np.where(values <= ROUNDING * values.max(), 0.0, values)
    stds = np.sqrt(values + blur**2)
    if not stds.min() > 0:
        raise ValueError(NO_DENSITY)
    heights = np.log(modes.weights) - np.log(2 * np.pi) - np.log(stds).sum(axis=1)
    directions = np.moveaxis(vectors / stds[:, None, :], -1, 0)  # [axis, K, 2], each as long as 1 / its deviation

    def terms(part: np.ndarray) -> np.ndarray:
        squares, others = (part @ d.T for d in directions)  # worked on in place: fresh memory takes as long as the sums
        for found, d in ((squares, directions[0]), (others, directions[1])):
            found -= (modes.centres * d).sum(axis=1)
            np.square(found, out=found)
        squares += others
        squares /= 2
        return np.subtract(heights, squares, out=squares)

    return in_blocks(lambda part: log_sum_exp(terms(part)), x, len(heights))


def equal_points(cloud: np.ndarray) -> Modes:
    """A cloud [m, 2] as a mixture of points of equal weight."""
    return Modes(cloud, np.zeros((len(cloud), 2, 2)), np.full(len(cloud), 1 / len(cloud)))


def maths(values: Any) -> Any:
    """The library that works with these numbers, torch where they are a tensor and else numpy: a formula written for both can be
    traced, so that a page plays it.
    """
    return sys.modules["torch"] if type(values).__module__ == "torch" else np


def log_sum_exp(terms: Any) -> Any:
    """Logarithm of the sum of exp over the last axis, [n, K] -> [n], of arrays or tensors."""
    lib = maths(terms)
    largest = lib.amax(terms, axis=1)
    above = terms - largest[:, None]
    return largest + lib.log((np.exp(above, out=above) if lib is np else lib.exp(above)).sum(axis=1))


def in_blocks(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, terms: int) -> np.ndarray:
    """The function of x [n, 2] in blocks of about a million terms: more would only wait for memory."""
    blocks = np.array_split(x, max(1, len(x) * terms // 1_000_000)) if len(x) else [x]
    return np.concatenate([function(block) for block in blocks])


def log_normal_between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The log of P(low < Z < high) of a standard normal Z, low < high, exact in both tails."""
    from scipy.special import log_ndtr

    above = low > 0  # mirrored, where both probabilities would round to 1
    less, more = log_ndtr(np.where(above, -high, low)), log_ndtr(np.where(above, -low, high))
    return np.asarray(more + np.log(-np.expm1(less - more)))


def log_grid_sum(across: np.ndarray, up: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Logs of sum_ij w_ij exp(across_j + up_i): across [n, columns], up [n, rows], weights [rows, columns] -> [n]."""
    largest = across.max(axis=1), up.max(axis=1)
    factors = np.exp(up - largest[1][:, None]) @ weights
    total = (factors * np.exp(across - largest[0][:, None])).sum(axis=1)
    lost = total < 1e-250  # the nearest cells are empty, and what the others give is close to underflow
    logs = np.log(np.where(lost, 1.0, total)) + largest[0] + largest[1]
    if lost.any():
        i, j = np.nonzero(weights)
        sums = lambda rows: log_sum_exp(up[rows][:, i] + across[rows][:, j] + np.log(weights[i, j]))  # noqa: E731
        logs[lost] = in_blocks(sums, np.flatnonzero(lost), len(i))
    return logs


def enough(length: float, step: float) -> int:
    """How many nodes a length takes at this step, and some for small ones; ValueError for too many."""
    if not step > 0:
        raise ValueError(NO_DENSITY)
    if length > FINEST * step:
        raise ValueError(f"density: a spread of {step:.3g} is too fine to be integrated along a length of {length:.3g}")
    return int(np.ceil(length / step)) + 40
