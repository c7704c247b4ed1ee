"""Targets that are mixtures of Gaussians, narrow ones and points among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from toygan.targets.densities import ROUNDING, log_mixture
from toygan.targets.refusal import Refusal
from toygan.targets.target import Batch, Modes, Point, Switch, Target, of_parts


def gaussians(centres: np.ndarray, covariances: np.ndarray, weights: np.ndarray) -> Target:
    """A mixture of Gaussians: centres [K, 2], covariances [K, 2, 2], weights [K] of any positive sum; labels are modes."""
    modes = Modes(centres, covariances, weights / weights.sum())
    # A square root that also exists for flat and for point-like Gaussians, unlike Cholesky's.
    values, vectors = np.linalg.eigh(covariances)
    roots = vectors * np.sqrt(np.clip(values, 0.0, None))[:, None, :]

    def draw(rng: np.random.Generator, n: int) -> Batch:
        k = rng.choice(len(centres), size=n, p=modes.weights)
        return Batch(centres[k] + np.einsum("nij,nj->ni", roots[k], rng.standard_normal((n, 2))), k)

    singular = bool(values.min() <= ROUNDING * max(values.max(), ROUNDING))
    return of_parts(draw, len(centres))._replace(
        modes=modes, log_density=lambda x, blur: log_mixture(x, modes, blur), singular=singular
    )


def isotropic(stds: Sequence[float]) -> np.ndarray:
    """Covariances std^2 I: [K] -> [K, 2, 2]. A standard deviation is squared here and nowhere else."""
    return np.square(np.array(stds))[:, None, None] * np.eye(2)


def checked_weights(weights: Sequence[float] | None, modes: int) -> np.ndarray:
    """Weights [K], equal ones where none are given; ValueError where their number is not that of the modes."""
    if weights is None:
        return np.ones(modes)
    if len(weights) != modes:
        raise Refusal(f"{len(weights)} weights for {modes} modes", "give one weight for each mode", "weights")
    return np.array(weights)


def ring(
    *,
    modes: PositiveInt = 8,
    radius: PositiveFloat = 2.0,
    std: NonNegativeFloat = 0.02,
    weights: tuple[PositiveFloat, ...] | None = None,
    doubled: Switch = None,
) -> Target:
    """`modes` Gaussians at equal angles on a circle, the first one at angle 0.

    With `doubled` the last one lies on the first, as linspace(0, 2 pi, modes) lays it in much public code: one place fewer,
    and the first has the weight of both.
    """
    share = checked_weights(weights, modes)
    places = max(modes - 1, 1) if doubled else modes
    if places < modes:
        share = np.append(share[0] + share[-1], share[1:-1])
    angles = 2 * np.pi * np.arange(places) / places  # not linspace with its end point, which lays the last on the first
    centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return gaussians(centres, isotropic([std] * places), share)


def grid(
    *, rows: PositiveInt = 5, columns: PositiveInt = 5, spacing: PositiveFloat = 2.0, std: NonNegativeFloat = 0.05
) -> Target:
    """rows x columns Gaussians, `spacing` apart, around the origin."""
    x = spacing * (np.arange(columns) - (columns - 1) / 2)
    y = spacing * (np.arange(rows) - (rows - 1) / 2)
    centres = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return gaussians(centres, isotropic([std] * len(centres)), np.ones(len(centres)))


def mixture(
    *,
    centres: tuple[Point, ...],
    stds: tuple[NonNegativeFloat, ...] | NonNegativeFloat | None = None,
    covariances: tuple[tuple[Point, Point], ...] | None = None,
    weights: tuple[PositiveFloat, ...] | None = None,
) -> Target:
    """Any Gaussians: `stds` (one for all or one each) or `covariances`, and `weights` of any sum."""
    if not centres:
        raise Refusal("no centre given", "give at least one [x, y]", "centres")
    if (stds is None) == (covariances is None):
        raise Refusal("give either stds or covariances, and not both", option="stds")
    name = "stds" if covariances is None else "covariances"
    given: Any = stds if covariances is None else covariances
    if isinstance(given, float | int):
        given = [given] * len(centres)
    if len(given) != len(centres):
        raise Refusal(f"{len(given)} {name} for {len(centres)} centres", "give one for each centre", name)
    shapes = np.array(covariances) if covariances else isotropic(given)
    if covariances and not (np.allclose(shapes, shapes.transpose(0, 2, 1)) and np.linalg.eigvalsh(shapes).min() >= 0):
        raise Refusal("each must be symmetric with no negative eigenvalue", option="covariances")
    return gaussians(np.array(centres), shapes, checked_weights(weights, len(centres)))


def dirac(*, at: Point = (0.0, 0.0)) -> Target:
    """All mass in one point (Mescheder et al., 2018, arXiv:1801.04406)."""
    return gaussians(np.array([at]), np.zeros((1, 2, 2)), np.ones(1))
