"""The distributions on the plane: how to draw from each, its density, and its modes or its skeleton.

One more target is one function that returns a `Target` and one row in `TARGETS`; its options are its keyword arguments.
Everything is numpy in float64. Nothing draws from a global random state: the sampler is given its generator.

Densities come with a blur: `log_density(x, blur)` belongs to the target plus N(0, blur^2 I), which is what the frozen
generator `data-plus-noise` makes. Everything that is a mixture of Gaussians, a finite one or one along a curve, ends in
`log_mixture`; everything that is a sum over a grid ends in `log_grid_sum`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from toygan.targets.refusal import Refusal
from toygan.targets.user_files import read_darkness, read_points

Point = tuple[float, float]
Sampler = Callable[[np.random.Generator, int], np.ndarray]
LogDensity = Callable[[np.ndarray, float], np.ndarray]
Arc = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # v [n] in [0, 1] -> x [n], y [n], smooth
T = TypeVar("T")


class Modes(NamedTuple):
    """The modes of a mixture: `centres [K, 2]`, `covariances [K, 2, 2]`, `weights [K]` summing to 1."""

    centres: np.ndarray
    covariances: np.ndarray
    weights: np.ndarray


class Target(NamedTuple):
    """A distribution: `sample(rng, n) -> [n, 2]`, and what is known of it.

    `log_density(x [n, 2], blur) -> [n]`: natural logarithm of the density of the target plus N(0, blur^2 I), -inf
    outside of its support. A `singular` target has mass on points or curves and so no density of its own: with blur 0
    it raises ValueError, as every target does for a blur too fine to be computed.
    `skeleton [K, 2]`: points along the curve that the mass lies around, evenly spaced and much closer than `radius`,
    which is how near a point must be to count as on the curve: 3 standard deviations of the noise, or 1 % of the
    curve's extent where this is more. `density_of` says of how much of the target the density is, where it is not all.
    `points [n, 2]`: all of a target that is a list of points, each as likely as the others, and no more than MANY.
    """

    sample: Sampler
    modes: Modes | None = None
    log_density: LogDensity | None = None
    singular: bool = False
    skeleton: np.ndarray | None = None
    radius: float = 0.0
    density_of: str = ""
    points: np.ndarray | None = None


def moved(target: Target, *, scale: PositiveFloat = 1.0, rotate: float = 0.0, shift: Point = (0.0, 0.0)) -> Target:
    """The same target after scaling, then turning by `rotate` degrees anticlockwise, then shifting."""
    turn = np.deg2rad(rotate)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        return target.sample(rng, n) @ matrix.T + shift

    return target._replace(
        sample=sample,
        modes=target.modes and moved_modes(target.modes, matrix, shift),
        log_density=target.log_density and moved_log_density(target.log_density, matrix, scale, shift),
        skeleton=None if target.skeleton is None else target.skeleton @ matrix.T + shift,
        radius=scale * target.radius,
        points=None if target.points is None else target.points @ matrix.T + shift,
    )


def moved_modes(modes: Modes, matrix: np.ndarray, shift: Point) -> Modes:
    """Modes under x -> matrix x + shift."""
    return Modes(modes.centres @ matrix.T + shift, matrix @ modes.covariances @ matrix.T, modes.weights)


def moved_log_density(log_density: LogDensity, matrix: np.ndarray, scale: float, shift: Point) -> LogDensity:
    """The log-density log p(M^-1 (x - shift), blur / scale) - 2 log scale, where M is `scale` times a rotation."""
    back = matrix / scale**2  # the transpose of M^-1
    return lambda x, blur: log_density((x - shift) @ back, blur / scale) - 2 * np.log(scale)


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

    singular = bool(values.min() <= ROUNDING * max(values.max(), ROUNDING))
    return Target(sample, modes, lambda x, blur: log_mixture(x, modes, blur), singular)


ROUNDING = 1e-14  # an eigenvalue that is so small beside the largest one is zero
NO_DENSITY = "density: all mass, or some of it, lies on points or curves; only with a blur above 0 is there a density"


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
        squares = [np.square(part @ d.T - (modes.centres * d).sum(axis=1)) for d in directions]
        return heights - (squares[0] + squares[1]) / 2

    return in_blocks(lambda part: log_sum_exp(terms(part)), x, len(heights))


def log_sum_exp(terms: np.ndarray) -> np.ndarray:
    """Logarithm of the sum of exp over the last axis, [n, K] -> [n]."""
    largest = terms.max(axis=1)
    total: np.ndarray = largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1))
    return total


def in_blocks(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, terms: int) -> np.ndarray:
    """The function of x [n, 2] in blocks of about a million terms: more would only wait for memory."""
    blocks = np.array_split(x, max(1, len(x) * terms // 1_000_000)) if len(x) else [x]
    return np.concatenate([function(block) for block in blocks])


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
        raise Refusal("no centre given", "give at least one [x, y]", "centres")
    shapes = mixture_covariances(len(centres), stds, covariances)
    return gaussians(np.array(centres), shapes, checked_weights(weights, len(centres)))


def mixture_covariances(
    modes: int,
    stds: Sequence[float] | float | None,
    covariances: Sequence[tuple[Point, Point]] | None,
) -> np.ndarray:
    """Covariances [K, 2, 2] from whichever of the two was given; ValueError where they do not fit."""
    if (stds is None) == (covariances is None):
        raise Refusal("give either stds or covariances, and not both", option="stds")
    if covariances is None:
        stds = [stds] * modes if isinstance(stds, float | int) else list(stds or ())
        return isotropic(fitting("stds", stds, modes))
    matrices = np.array(fitting("covariances", covariances, modes))
    if not np.allclose(matrices, matrices.transpose(0, 2, 1)) or np.linalg.eigvalsh(matrices).min() < 0:
        raise Refusal("each must be symmetric with no negative eigenvalue", option="covariances")
    return matrices


def fitting(name: str, values: Sequence[T], modes: int) -> Sequence[T]:
    """The values, if there is one for each mode; ValueError otherwise."""
    if len(values) != modes:
        raise Refusal(f"{len(values)} {name} for {modes} centres", "give one for each centre", name)
    return values


def dirac(*, at: Point = (0.0, 0.0)) -> Target:
    """All mass in one point (Mescheder et al., 2018, arXiv:1801.04406)."""
    return gaussians(np.array([at]), np.zeros((1, 2, 2)), np.ones(1))


# --- curves ----------------------------------------------------------------------------------------------------------


def curve(arcs: Sequence[Arc], noise: float, power: int = 1) -> Target:
    """Equal mass on each arc, at v = u^(1 / power) with u uniform on [0, 1], plus N(0, noise^2 I).

    The angle of every point is its own draw: scikit-learn's `make_moons` and `make_circles` space them evenly.
    """

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        v = rng.uniform(size=n) ** (1 / power)
        which = (len(arcs) * rng.uniform(size=n)).astype(int)
        places = np.stack([np.stack(arc(v), axis=1) for arc in arcs])[which, np.arange(n)]
        return places + noise * rng.standard_normal((n, 2))

    radius = max(3 * noise, thinnest(arcs))
    return Target(
        sample,
        log_density=lambda x, blur: log_curve(x, arcs, np.hypot(noise, blur), power),
        singular=noise == 0,
        skeleton=skeleton(arcs, radius),
        radius=radius,
    )


BONES = 1000  # points of a skeleton at least
FINEST = 50_000  # nodes of a quadrature
TRACE = np.linspace(0.0, 1.0, 2001)  # along an arc, to measure it


def log_curve(x: np.ndarray, arcs: Sequence[Arc], std: float, power: int) -> np.ndarray:
    """Log-density at x [n, 2] of mass power v^(power - 1) dv along each arc plus N(0, std^2 I): [n].

    Fejer's quadrature (1933) with nodes at most std / 2 apart: relative error below 1e-8 down to 25 standard deviations
    from the curve, and closer at its ends, where the nodes crowd. ValueError where this takes more than 50 000 nodes.
    """
    fastest = max(np.hypot(*np.diff(arc(TRACE), axis=1)).max() for arc in arcs) * (len(TRACE) - 1)
    v, weights = fejer(enough(np.pi * fastest, std))
    weights = np.tile(power * v ** (power - 1) * weights / len(arcs), len(arcs))
    places = np.concatenate([np.stack(arc(v), axis=1) for arc in arcs])
    return log_mixture(x, Modes(places, np.zeros((len(places), 2, 2)), weights), std)


def enough(length: float, step: float) -> int:
    """How many nodes a length takes at this step, and some for small ones; ValueError for too many."""
    if not step > 0:
        raise ValueError(NO_DENSITY)
    if length > FINEST * step:
        raise ValueError(f"density: a spread of {step:.3g} is too fine to be integrated along a length of {length:.3g}")
    return int(np.ceil(length / step)) + 40


def fejer(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes [n] and weights [n] of Fejer's first quadrature on [0, 1]; n log n operations (Waldvogel, 2006)."""
    from scipy.fft import dct

    j = np.arange(n)
    moments = np.where(j % 2 == 0, 1 / (1 - np.square(j) + (j == 1)), 0.0)
    return (1 - np.cos(np.pi * (j + 0.5) / n)) / 2, dct(moments, type=3) / n


def skeleton(arcs: Sequence[Arc], radius: float) -> np.ndarray:
    """At least 1000 points [K, 2] evenly along the arcs, both ends included, a sixth of the radius apart or closer."""
    traces = [np.stack(arc(TRACE), axis=1) for arc in arcs]
    along = [np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(trace, axis=0).T))]) for trace in traces]
    step = min(radius / 6, sum(lengths[-1] for lengths in along) / BONES)
    bones = []
    for trace, lengths in zip(traces, along, strict=True):
        stops = np.linspace(0.0, lengths[-1], 2 + int(lengths[-1] / step))
        bones.append(np.stack([np.interp(stops, lengths, trace[:, i]) for i in range(2)], axis=1))
    return np.concatenate(bones)


def thinnest(arcs: Sequence[Arc]) -> float:
    """The least radius of a skeleton: 1 % of its extent, because nobody hits a curve without noise."""
    places = np.concatenate([np.stack(arc(TRACE), axis=1) for arc in arcs])
    return float(0.01 * np.hypot(*np.ptp(places, axis=0)))


def roll_arc(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Swiss roll's curve, t = 1.5 pi (1 + 2v)."""
    t = 1.5 * np.pi * (1 + 2 * v)
    return t * np.cos(t), t * np.sin(t)


def swiss_roll(*, noise: NonNegativeFloat = 0.25) -> Target:
    """t = 1.5 pi (1 + 2u), (t cos t, t sin t) + noise N(0, I); usually scaled by 1/7.5 (Gulrajani et al., 2017)."""

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        from sklearn.datasets import make_swiss_roll

        return make_swiss_roll(n, noise=noise, random_state=legacy(rng))[0][:, [0, 2]]

    return curve([roll_arc], noise)._replace(sample=sample)


def circle_arc(radius: float, turn: float, start: float = 0.0, centre: Point = (0.0, 0.0)) -> Arc:
    """Part of a circle: angles from `start` on, by `turn`, both in half turns, anticlockwise."""

    def arc(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        angle = np.pi * (start + turn * v)
        return centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)

    return arc


def two_moons(*, noise: NonNegativeFloat = 0.05) -> Target:
    """Two interleaved half circles of radius 1, with centres (0, 0) and (1, 0.5), + noise N(0, I)."""
    lower, upper = circle_arc(-1.0, turn=1.0, centre=(1.0, 0.5)), circle_arc(1.0, turn=1.0)
    return curve([lower, upper], noise)


def circles(*, factor: Annotated[float, Field(gt=0, lt=1)] = 0.5, noise: NonNegativeFloat = 0.05) -> Target:
    """Two circles of radius 1 and `factor` around the origin, half of the mass each, + noise N(0, I)."""
    return curve([circle_arc(1.0, turn=2.0), circle_arc(factor, turn=2.0)], noise)


def s_curve(*, noise: NonNegativeFloat = 0.05) -> Target:
    """(sin t, sign(t) (cos t - 1)), t = 3 pi (u - 1/2), + noise N(0, I): three quarters of two circles, as an S."""
    # The curvature jumps in the middle, so this is two smooth arcs for the quadrature.
    return curve([circle_arc(1.0, -1.5, 0.5, (0.0, -1.0)), circle_arc(1.0, -1.5, -0.5, (0.0, 1.0))], noise)


def spirals(
    *,
    arms: Annotated[PositiveInt, Field(le=20)] = 2,
    turns: Annotated[PositiveFloat, Field(le=20)] = 1.5,
    noise: NonNegativeFloat = 0.1,
) -> Target:
    """(-t cos t, t sin t) / 3, t = 2 pi turns sqrt(u), and its copies turned by full circle / arms, + noise N(0, I)."""

    def arm(angle: float) -> Arc:
        def arc(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            t = 2 * np.pi * turns * v
            return -t / 3 * np.cos(t + angle), t / 3 * np.sin(t + angle)

        return arc

    return curve([arm(2 * np.pi * k / arms) for k in range(arms)], noise, power=2)


Segment = tuple[Point, Point]


def line(*, start: Point = (0.0, 0.0), end: Point = (0.0, 1.0)) -> Target:
    """Uniform on the segment from `start` to `end`."""
    return lines(segments=((start, end),))


def lines(*, segments: tuple[Segment, ...]) -> Target:
    """Uniform on several segments [[x, y], [x, y]]: equal mass on equal length."""
    ends = np.array(segments, dtype=float).reshape(-1, 2, 2)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    if not lengths.sum() > 0:
        raise Refusal("no segment with a length", "give at least one [[x, y], [x, y]]", "segments")

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        a, b = ends[rng.choice(len(ends), size=n, p=lengths / lengths.sum())].transpose(1, 0, 2)
        return a + (b - a) * rng.uniform(size=(n, 1))

    long = ends[lengths > 0]
    arcs = [segment_arc(a, b) for a, b in long]
    return Target(
        sample,
        log_density=lambda x, blur: log_segments(x, long, blur),
        singular=True,
        skeleton=skeleton(arcs, thinnest(arcs)),
        radius=thinnest(arcs),
    )


def segment_arc(a: np.ndarray, b: np.ndarray) -> Arc:
    """The segment from a to b."""
    return lambda v: (a[0] + (b[0] - a[0]) * v, a[1] + (b[1] - a[1]) * v)


def log_segments(x: np.ndarray, ends: np.ndarray, blur: float) -> np.ndarray:
    """Log-density at x [n, 2] of equal mass on equal length of segments [K, 2, 2], plus N(0, blur^2 I): [n]."""
    if not blur > 0:
        raise ValueError(NO_DENSITY)
    ways = ends[:, 1] - ends[:, 0]
    lengths = np.hypot(*ways.T)
    ways /= lengths[:, None]

    def terms(part: np.ndarray) -> np.ndarray:
        off = part[:, None] - ends[:, 0]
        along, across = (off * ways).sum(axis=2), off[..., 0] * ways[:, 1] - off[..., 1] * ways[:, 0]
        return log_normal_between(-along / blur, (lengths - along) / blur) - np.square(across / blur) / 2

    heights = -np.log(lengths.sum()) - np.log(2 * np.pi) / 2 - np.log(blur)
    return heights + in_blocks(lambda part: log_sum_exp(terms(part)), x, len(ends))


def log_normal_between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The log of P(low < Z < high) of a standard normal Z, low < high, exact in both tails."""
    from scipy.special import log_ndtr

    above = low > 0  # mirrored, where both probabilities would round to 1
    less, more = log_ndtr(np.where(above, -high, low)), log_ndtr(np.where(above, -low, high))
    between: np.ndarray = more + np.log(-np.expm1(less - more))
    return between


# --- boards of cells -------------------------------------------------------------------------------------------------


def board(weights: np.ndarray, low: Point, high: Point) -> Target:
    """Uniform in a cell drawn by its weight: weights [rows, columns], row 0 lowest, over the box from low to high."""
    rows, columns = weights.shape
    weights = weights / weights.sum()
    reached = np.cumsum(weights.ravel())
    corner, cell = np.array(low, float), np.subtract(high, low) / (columns, rows)

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        which = np.searchsorted(reached, reached[-1] * rng.random(n), side="right")
        places = np.stack([which % columns, which // columns], axis=1)
        return corner + cell * (places + rng.random((n, 2)))

    return Target(sample, log_density=lambda x, blur: log_board(x, weights, corner, cell, blur))


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


# --- bent Gaussians --------------------------------------------------------------------------------------------------


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

    return Target(
        sample=lambda rng, n: twisted(straight.sample(rng, n), twist),
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

    Nodes are at most blur / 2 and reach / 384 apart. ValueError for a blur too fine, and for a density that this grid
    does not resolve: its sum must be 1 to 1e-6.
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


# --- the user's own -------------------------------------------------------------------------------------------


def points(*, path: Path) -> Target:
    """Drawn with replacement from a CSV, NPY or NPZ file of n x 2 numbers; its density is of at most ATOMS of them."""
    table = read_points(path)
    atoms = some_of(table, ATOMS)
    equal = Modes(atoms, np.zeros((len(atoms), 2, 2)), np.full(len(atoms), 1 / len(atoms)))
    return Target(
        lambda rng, n: table[rng.integers(len(table), size=n)],
        log_density=lambda x, blur: log_mixture(x, equal, blur),
        singular=True,
        density_of="" if len(atoms) == len(table) else f"{len(atoms)} of its {len(table)} points",
        points=table if len(table) <= MANY else None,
    )


MANY = 20_000  # points that tell a target's share of a region well enough
ATOMS = 4096  # more change no colour of a picture, and every one costs a Gaussian at every place


def some_of(table: np.ndarray, most: int) -> np.ndarray:
    """At most so many rows of a table [n, 2], chosen by chance and always the same."""
    if len(table) <= most:
        return table
    return table[np.sort(np.random.default_rng(0).choice(len(table), most, replace=False))]


def image(*, path: Path) -> Target:
    """A picture read as a density: dark is likely, white never; its width spans [-1, 1], a pixel is a uniform cell."""
    darkness = read_darkness(path)
    rows, columns = darkness.shape
    return board(darkness[::-1], (-1.0, -rows / columns), (1.0, rows / columns))


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
    "uniform": uniform,
    "circles": circles,
    "s-curve": s_curve,
    "spirals": spirals,
    "pinwheel": pinwheel,
    "checkerboard": checkerboard,
    "banana": banana,
    "points": points,
    "image": image,
}


def examples(folder: Path) -> dict[str, Target]:
    """Every kind with its defaults, or with options of its own where it needs some; files come from a folder.

    The folder is that of the shipped scenarios, which has `my-points.csv` and `hand-drawn.png`.
    """
    needed: dict[str, dict[str, Any]] = {
        "mixture": {"centres": ((-1.0, -0.5), (1.0, 0.0), (0.0, 1.2)), "stds": (0.4, 0.15, 0.05), "weights": (3, 2, 1)},
        "lines": {"segments": (((-1, -1), (-1, 1)), ((-1, 0), (1, 0)), ((1, -1), (1, 1)))},
        "points": {"path": folder / "my-points.csv"},
        "image": {"path": folder / "hand-drawn.png"},
    }
    return {kind: make(**needed.get(kind, {})) for kind, make in TARGETS.items()}
