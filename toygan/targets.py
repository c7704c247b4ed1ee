"""The distributions on the plane: how to draw from each, and where its modes are.

One more target is one function that returns a `Target`, and one row in `TARGETS`; its options are its keyword arguments.
Everything is numpy in float64. Nothing draws from a global random state: the sampler is given its generator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

Point = tuple[float, float]
Sampler = Callable[[np.random.Generator, int], np.ndarray]
T = TypeVar("T")


class Modes(NamedTuple):
    """The modes of a mixture: `centres [K, 2]`, `covariances [K, 2, 2]`, `weights [K]` summing to 1."""

    centres: np.ndarray
    covariances: np.ndarray
    weights: np.ndarray


class Target(NamedTuple):
    """A distribution: `sample(rng, n) -> [n, 2]`, and its modes where it has them."""

    sample: Sampler
    modes: Modes | None = None


def moved(target: Target, *, scale: PositiveFloat = 1.0, rotate: float = 0.0, shift: Point = (0.0, 0.0)) -> Target:
    """The same target after scaling, then turning by `rotate` degrees anticlockwise, then shifting."""
    turn = np.deg2rad(rotate)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        return target.sample(rng, n) @ matrix.T + shift

    return Target(sample, target.modes and moved_modes(target.modes, matrix, shift))


def moved_modes(modes: Modes, matrix: np.ndarray, shift: Point) -> Modes:
    """Modes under x -> matrix x + shift."""
    return Modes(modes.centres @ matrix.T + shift, matrix @ modes.covariances @ matrix.T, modes.weights)


# --- mixtures of Gaussians -------------------------------------------------------------------------------------------


def gaussians(centres: np.ndarray, covariances: np.ndarray, weights: np.ndarray) -> Target:
    """A mixture of Gaussians: centres [K, 2], covariances [K, 2, 2], weights [K] of any positive sum."""
    modes = Modes(centres, covariances, weights / weights.sum())
    # A square root that also exists for flat and for point-like Gaussians, unlike Cholesky's.
    values, vectors = np.linalg.eigh(covariances)
    roots = vectors * np.sqrt(np.clip(values, 0.0, None))[:, None, :]

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        k = rng.choice(len(centres), size=n, p=modes.weights)
        return centres[k] + np.einsum("nij,nj->ni", roots[k], rng.standard_normal((n, 2)))

    return Target(sample, modes)


def isotropic(stds: Sequence[float]) -> np.ndarray:
    """Covariances std^2 I: [K] -> [K, 2, 2]. A standard deviation is squared here and nowhere else."""
    return np.square(np.array(stds))[:, None, None] * np.eye(2)


def checked_weights(weights: Sequence[float] | None, modes: int) -> np.ndarray:
    """Weights [K], equal ones where none are given; ValueError where their number is not that of the modes."""
    if weights is None:
        return np.ones(modes)
    if len(weights) != modes:
        raise ValueError(f"weights: {len(weights)} weights for {modes} modes; give one weight for each mode")
    return np.array(weights)


def ring(
    *,
    modes: PositiveInt = 8,
    radius: PositiveFloat = 2.0,
    std: NonNegativeFloat = 0.02,
    weights: tuple[PositiveFloat, ...] | None = None,
) -> Target:
    """`modes` Gaussians at equal angles on a circle, the first one at angle 0."""
    angles = 2 * np.pi * np.arange(modes) / modes  # not linspace with its end point, which lays the last on the first
    centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return gaussians(centres, isotropic([std] * modes), checked_weights(weights, modes))


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
        raise ValueError("centres: no centre given; give at least one [x, y]")
    shapes = mixture_covariances(len(centres), stds, covariances)
    return gaussians(np.array(centres), shapes, checked_weights(weights, len(centres)))


def mixture_covariances(
    modes: int,
    stds: Sequence[float] | float | None,
    covariances: Sequence[tuple[Point, Point]] | None,
) -> np.ndarray:
    """Covariances [K, 2, 2] from whichever of the two was given; ValueError where they do not fit."""
    if (stds is None) == (covariances is None):
        raise ValueError("stds: give either stds or covariances, and not both")
    if covariances is None:
        stds = [stds] * modes if isinstance(stds, float | int) else list(stds or ())
        return isotropic(fitting("stds", stds, modes))
    matrices = np.array(fitting("covariances", covariances, modes))
    if not np.allclose(matrices, matrices.transpose(0, 2, 1)) or np.linalg.eigvalsh(matrices).min() < 0:
        raise ValueError("covariances: each must be symmetric with no negative eigenvalue")
    return matrices


def fitting(name: str, values: Sequence[T], modes: int) -> Sequence[T]:
    """The values, if there is one for each mode; ValueError otherwise."""
    if len(values) != modes:
        raise ValueError(f"{name}: {len(values)} {name} for {modes} centres; give one for each centre")
    return values


def dirac(*, at: Point = (0.0, 0.0)) -> Target:
    """All mass in one point (Mescheder et al., 2018, arXiv:1801.04406)."""
    return gaussians(np.array([at]), np.zeros((1, 2, 2)), np.ones(1))


# --- curves ----------------------------------------------------------------------------------------------------------


def swiss_roll(*, noise: NonNegativeFloat = 0.25) -> Target:
    """t = 1.5 pi (1 + 2u), (t cos t, t sin t) + noise N(0, I); usually scaled by 1/7.5 (Gulrajani et al., 2017)."""

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        from sklearn.datasets import make_swiss_roll

        return make_swiss_roll(n, noise=noise, random_state=legacy(rng))[0][:, [0, 2]]

    return Target(sample)


def two_moons(*, noise: NonNegativeFloat = 0.05) -> Target:
    """Two interleaved half circles of radius 1, with centres (0, 0) and (1, 0.5), + noise N(0, I)."""

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        t = np.pi * rng.uniform(size=n)
        x, y = np.cos(t), np.sin(t)
        lower = rng.uniform(size=n) < 0.5
        moons = np.where(lower[:, None], np.stack([1 - x, 0.5 - y], axis=1), np.stack([x, y], axis=1))
        return moons + noise * rng.standard_normal((n, 2))

    return Target(sample)


Segment = tuple[Point, Point]


def line(*, start: Point = (0.0, 0.0), end: Point = (0.0, 1.0)) -> Target:
    """Uniform on the segment from `start` to `end`."""
    return lines(segments=((start, end),))


def lines(*, segments: tuple[Segment, ...]) -> Target:
    """Uniform on several segments [[x, y], [x, y]]: equal mass on equal length."""
    ends = np.array(segments, dtype=float).reshape(-1, 2, 2)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    if not lengths.sum() > 0:
        raise ValueError("segments: no segment with a length; give at least one [[x, y], [x, y]]")

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        a, b = ends[rng.choice(len(ends), size=n, p=lengths / lengths.sum())].transpose(1, 0, 2)
        return a + (b - a) * rng.uniform(size=(n, 1))

    return Target(sample)


# --- the user's own points -------------------------------------------------------------------------------------------


def points(*, path: Path) -> Target:
    """Drawn with replacement from a CSV or NPY file of n x 2 numbers."""
    table = read_points(path)
    return Target(lambda rng, n: table[rng.integers(len(table), size=n)])


def read_points(path: Path) -> np.ndarray:
    """Points [n, 2] of a file; ValueError, with the row, for whatever is not n x 2 finite numbers."""
    if not path.is_file():
        raise ValueError(f"path: no file {path}")
    if path.suffix not in READERS:
        raise ValueError(f"path: {path.name} is neither {' nor '.join(READERS)}")
    table = READERS[path.suffix](path)
    if table.ndim != 2 or table.shape[1] != 2 or not len(table):
        raise ValueError(f"path: {path.name} has shape {list(table.shape)}; needed are n rows of 2 columns")
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(bad):
        raise ValueError(f"path: {path.name}, row {bad[0] + 1}: {table[bad[0]].tolist()} is not a finite point")
    return table


def read_csv(path: Path) -> np.ndarray:
    """Comma-separated numbers, after a line of names if there is one."""
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if rows and not any(is_number(cell) for cell in rows[0]):
        rows = rows[1:]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not all(map(is_number, row)):
            raise ValueError(f"path: {path.name}, row {number}: {','.join(row)!r} is not two numbers")
    return np.array(rows, dtype=float).reshape(-1, 2)


def read_npy(path: Path) -> np.ndarray:
    """A numpy array of numbers; never a pickle."""
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=float)
    except (OSError, EOFError, TypeError, ValueError) as error:
        raise ValueError(f"path: {path.name} is not a numpy array of numbers ({error})") from None


def is_number(text: str) -> bool:
    """Whether Python reads it as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


READERS: dict[str, Callable[[Path], np.ndarray]] = {".csv": read_csv, ".npy": read_npy}


def legacy(rng: np.random.Generator) -> np.random.RandomState:
    """The older interface that scikit-learn wants, drawing from the same stream."""
    return np.random.RandomState(rng.bit_generator)


TARGETS: dict[str, Callable[..., Target]] = {
    "swiss-roll": swiss_roll,
    "ring": ring,
    "grid": grid,
    "mixture": mixture,
    "line": line,
    "lines": lines,
    "two-moons": two_moons,
    "dirac": dirac,
    "points": points,
}

