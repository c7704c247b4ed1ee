"""Targets that fill areas: boards of cells, and bent Gaussians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from toygan.targets.densities import enough, in_blocks, log_grid_sum, log_mixture, log_normal_between
from toygan.targets.mixtures import gaussians
from toygan.targets.refusal import Refusal
from toygan.targets.target import Batch, Modes, Point, Target, of_parts


def board(weights: np.ndarray, low: Point, high: Point) -> Target:
    """Uniform in a cell drawn by its weight: weights [rows, columns], row 0 lowest, over the box from low to high.

    Labels number the cells that have a weight, row by row.
    """
    rows, columns = weights.shape
    weights = weights / weights.sum()
    reached = np.cumsum(weights.ravel())
    corner, cell = np.array(low, float), np.subtract(high, low) / (columns, rows)
    label_of = np.cumsum(weights.ravel() > 0) - 1

    def draw(rng: np.random.Generator, n: int) -> Batch:
        which = np.searchsorted(reached, reached[-1] * rng.random(n), side="right")
        places = np.stack([which % columns, which // columns], axis=1)
        return Batch(corner + cell * (places + rng.random((n, 2))), label_of[which])

    return of_parts(draw, int(label_of[-1]) + 1)._replace(
        log_density=lambda x, blur: log_board(x, weights, corner, cell, blur)
    )


def log_board(x: np.ndarray, weights: np.ndarray, corner: np.ndarray, cell: np.ndarray, blur: float) -> np.ndarray:
    """Log-density at x [n, 2] of a board plus N(0, blur^2 I): [n]; a blurred cell is two differences of normal laws."""
    inches = (x - corner) / cell  # the unit is a cell
    if blur == 0:
        columns, rows = np.moveaxis(np.floor(inches).astype(int), -1, 0)
        inside = ((inches >= 0) & (inches < weights.shape[::-1])).all(axis=1)
        with np.errstate(divide="ignore"):
            return np.log(np.where(inside, weights[rows * inside, columns * inside], 0.0)) - np.log(cell).sum()

    def bands(along: np.ndarray, count: int, std: float) -> np.ndarray:
        edges = (np.arange(count + 1) - along[:, None]) / std
        return log_normal_between(edges[:, :-1], edges[:, 1:])

    def block(part: np.ndarray) -> np.ndarray:
        rows, columns = weights.shape
        across, up = bands(part[:, 0], columns, blur / cell[0]), bands(part[:, 1], rows, blur / cell[1])
        return log_grid_sum(across, up, weights)

    return in_blocks(block, inches, sum(weights.shape)) - np.log(cell).sum()


def uniform(*, low: Point = (-1.0, -1.0), high: Point = (1.0, 1.0)) -> Target:
    """Uniform on the rectangle from the corner `low` to the corner `high`."""
    if not (low[0] < high[0] and low[1] < high[1]):
        raise Refusal("must lie above and to the right of low", "for example [1.0, 1.0]", "high")
    return board(np.ones((1, 1)), low, high)


def checkerboard(*, squares: Annotated[PositiveInt, Field(le=100)] = 4, side: PositiveFloat = 2.0) -> Target:
    """Uniform on the dark squares of a board of squares x squares, each with this `side`, around the origin."""
    rows, columns = np.indices((squares, squares))
    half = squares * side / 2
    return board(((rows + columns) % 2 == 0).astype(float), (-half, -half), (half, half))


def banana(*, length: PositiveFloat = 1.0, width: PositiveFloat = 0.25, bend: float = 0.5) -> Target:
    """(x, width z2 + bend (x^2 - length^2)), x = length z1, z normal: a twisted Gaussian (Haario et al., 1999)."""

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        x, y = (rng.standard_normal((n, 2)) * [length, width]).T
        return np.stack([x, y + bend * (x**2 - length**2)], axis=1)

    return Target(sample, log_density=lambda x, blur: log_banana(x, length, width, bend, blur))


def log_banana(points: np.ndarray, length: float, width: float, bend: float, blur: float) -> np.ndarray:
    """Log-density of the banana plus N(0, blur^2 I): exact without blur, else the trapezoidal sum along x.

    Given x, both blurred coordinates are Gaussian. The sum goes over 9 lengths either way in steps of half of the
    narrowest Gaussian: relative error below 1e-8 within 7 lengths of the origin.
    """
    axes = np.diag([length**2, width**2])
    if blur == 0:
        x, y = points.T
        flat = np.stack([x, y - bend * (x**2 - length**2)], axis=1)  # the shear keeps areas
        return log_mixture(flat, Modes(np.zeros((1, 2)), axes[None], np.ones(1)), 0.0)
    steepest = 18 * abs(bend) * length
    narrowest = 1 / np.sqrt(1 / blur**2 + 1 / length**2 + steepest**2 / (width**2 + blur**2))
    x = np.linspace(-9 * length, 9 * length, enough(36 * length, narrowest))
    weights = np.exp(-np.square(x / length) / 2)
    places = np.stack([x, bend * (x**2 - length**2)], axis=1)
    across = np.broadcast_to(np.diag([0.0, width**2]), (len(x), 2, 2))
    return log_mixture(points, Modes(places, across, weights / weights.sum()), blur)


def pinwheel(
    *,
    arms: Annotated[PositiveInt, Field(le=20)] = 5,
    radial: Annotated[PositiveFloat, Field(le=3)] = 0.3,
    tangential: Annotated[PositiveFloat, Field(le=3)] = 0.1,
    twist: Annotated[float, Field(ge=-5, le=5)] = 0.25,
) -> Target:
    """Gaussians at distance 1 with stds `radial` and `tangential`, turned clockwise by twist exp(|x|).

    Johnson et al. (2016, arXiv:1603.06277) turn by a point's place along its arm instead of by |x|, which differs
    little and leaves no density in closed form.
    """
    angles = 2 * np.pi * np.arange(arms) / arms
    out = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    turns = np.stack([out, out @ [[0.0, 1.0], [-1.0, 0.0]]], axis=2)
    straight = gaussians(out, turns @ np.diag([radial**2, tangential**2]) @ turns.transpose(0, 2, 1), np.ones(arms))
    reach = 1 + 7 * max(radial, tangential)

    def density(x: np.ndarray) -> np.ndarray:
        return log_mixture(twisted(x, -twist), straight.modes, 0.0)  # type: ignore[arg-type]  # turning keeps areas

    def draw(rng: np.random.Generator, n: int) -> Batch:
        points, labels = straight.batch(rng, n)
        return Batch(twisted(points, twist), labels)

    return of_parts(draw, arms)._replace(
        log_density=lambda x, blur: log_blurred(x, density, reach, blur) if blur else density(x),
    )


def twisted(x: np.ndarray, twist: float) -> np.ndarray:
    """Every point of x [n, 2] turned clockwise around the origin by twist exp(|x|)."""
    angle = twist * np.exp(np.minimum(np.hypot(*x.T), 50.0))  # beyond there is no mass, and then no number
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([x[:, 0] * cos + x[:, 1] * sin, x[:, 1] * cos - x[:, 0] * sin], axis=1)


def log_blurred(
    x: np.ndarray, log_density: Callable[[np.ndarray], np.ndarray], reach: float, blur: float
) -> np.ndarray:
    """Log-density after a blur, by the trapezoidal sum over the square from -reach to reach: [n].

    Nodes are at most blur / 2 and reach / 384 apart. ValueError where this is too fine, or the sum is not 1 to 1e-6.
    """
    nodes = np.linspace(-reach, reach, max(769, enough(4 * reach, blur)))
    if len(nodes) > 3000:
        raise ValueError(f"density: a blur of {blur:.3g} is too fine to be integrated over a width of {2 * reach:.3g}")
    weights = np.exp(log_density(np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)))
    weights = weights.reshape(len(nodes), -1) * (nodes[1] - nodes[0]) ** 2
    if not abs(weights.sum() - 1) < 1e-6:
        raise ValueError("density: too thin to be blurred by a sum over a grid")

    def block(part: np.ndarray) -> np.ndarray:
        across, up = (-np.square((nodes - along[:, None]) / blur) / 2 for along in part.T)
        return log_grid_sum(across, up, weights) - np.log(2 * np.pi * blur**2)

    return in_blocks(block, x, 2 * len(nodes))
