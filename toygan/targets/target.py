"""What a distribution on the plane is: how to draw from it, its density, its modes or its skeleton, where its mass lies.

Everything is numpy in float64. Nothing draws from a global random state: the sampler is given its generator.

Densities come with a blur: `log_density(x, blur)` belongs to the target plus N(0, blur^2 I), which is what the frozen
generator `data-plus-noise` makes. Where mass lies and how large it is, the window that shows it, its centre and its
radius, is found on the same points each time, so that a scenario without a view is one run and not several.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import AfterValidator, PositiveFloat

Point = tuple[float, float]
Range = tuple[float, float]
# Yes or no, where no is the same as nothing said: so the config of a run made before there was such an option stays as it is.
Switch = Annotated[bool | None, AfterValidator(lambda value: value or None)]
Sampler = Callable[[np.random.Generator, int], np.ndarray]
Batcher = Callable[[np.random.Generator, int], "Batch"]
LogDensity = Callable[[np.ndarray], np.ndarray]
BlurredLogDensity = Callable[[np.ndarray, float], np.ndarray]
MANY = 20_000  # points that tell a target's share of a region well enough
TAIL = 0.005  # of the points beyond each end of a window, before the margin
MARGIN = 0.2  # of the mass's extent, on either side
STEPS = 8  # of a round length from the middle of a window to its end, or more
FINEST = 1e-5  # of the distance from the origin: no half window is narrower, single precision would show nothing there


class Batch(NamedTuple):
    """Points `[n, 2]` of a target, and of which of its parts each is: `labels [n]`, whole numbers from 0 to below
    `Target.classes`; None where the target has no parts.
    """

    points: np.ndarray
    labels: np.ndarray | None = None


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
    `draw(rng, n)`: what `sample` draws with the label of each point, where the target has `classes` parts (modes, arms,
    moons, segments, squares); both None where it has none, or one. `batch` draws from either kind.
    """

    sample: Sampler
    modes: Modes | None = None
    log_density: BlurredLogDensity | None = None
    singular: bool = False
    skeleton: np.ndarray | None = None
    radius: float = 0.0
    density_of: str = ""
    points: np.ndarray | None = None
    draw: Batcher | None = None
    classes: int | None = None

    def batch(self, rng: np.random.Generator, n: int) -> Batch:
        """The points that `sample` draws from the same `rng`, with their labels where the target has any."""
        return self.draw(rng, n) if self.draw else Batch(self.sample(rng, n))


def of_parts(draw: Batcher, parts: int) -> Target:
    """A target of so many parts, of which only its draw is known yet; one part alone is no class."""
    told = parts > 1
    return Target(lambda rng, n: draw(rng, n).points, draw=draw if told else None, classes=parts if told else None)


def without_labels(target: Target) -> Target:
    """The same target, whose parts are a matter of computing and nobody's classes."""
    return target._replace(draw=None, classes=None)


def moved(target: Target, *, scale: PositiveFloat = 1.0, rotate: float = 0.0, shift: Point = (0.0, 0.0)) -> Target:
    """The same target after scaling, then turning by `rotate` degrees anticlockwise, then shifting."""
    turn, modes, density = np.deg2rad(rotate), target.modes, target.log_density
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    back = matrix / scale**2  # the transpose of its inverse

    def draw(rng: np.random.Generator, n: int) -> Batch:
        points, labels = target.batch(rng, n)
        return Batch(points @ matrix.T + shift, labels)

    return target._replace(
        sample=lambda rng, n: draw(rng, n).points,
        draw=target.draw and draw,
        modes=modes and Modes(modes.centres @ matrix.T + shift, matrix @ modes.covariances @ matrix.T, modes.weights),
        log_density=density and (lambda x, blur: density((x - shift) @ back, blur / scale) - 2 * np.log(scale)),
        skeleton=None if target.skeleton is None else target.skeleton @ matrix.T + shift,
        radius=scale * target.radius,
        points=None if target.points is None else target.points @ matrix.T + shift,
    )


class Extent(NamedTuple):
    """The mean of a target's points, and the root of their mean square distance from it."""

    centre: Point
    radius: float


def many(target: Target) -> np.ndarray:
    """All points of a target that is a list, else MANY draws [MANY, 2], always the same."""
    return target.sample(np.random.default_rng(0), MANY) if target.points is None else target.points


def extent(cloud: np.ndarray) -> Extent:
    """Mean and root mean square radius of points [n, 2]; no radius where all of them are one."""
    x, y = (float(value) for value in cloud.mean(axis=0))
    radius = float(np.sqrt(np.square(cloud - [x, y]).sum(axis=1).mean()))
    return Extent((x, y), radius if (np.ptp(cloud, axis=0) > 0).any() else 0.0)


def middle(cloud: np.ndarray) -> np.ndarray:
    """The corners [2, 2], lower left and upper right, of the box that holds the middle 99 % of points [n, 2] along each axis.

    Of 200 points or fewer it holds all.
    """
    ends = [np.quantile(cloud, TAIL, axis=0, method="lower"), np.quantile(cloud, 1 - TAIL, axis=0, method="higher")]
    return np.stack(ends)


def core(cloud: np.ndarray) -> np.ndarray:
    """The points of a cloud [n, 2] that lie in its middle: one outlier is not a target's scale."""
    low, high = middle(cloud)
    return np.asarray(cloud[((low <= cloud) & (cloud <= high)).all(axis=1)])


def window(target: Target) -> tuple[Range, Range]:
    """The square window (x, y) around a target's mass, with round ends.

    It holds the middle 99 % of the points along either axis and every mode's centre, with a margin; and the origin, where
    networks begin, if that makes it no more than twice as wide. Around a single place it is 4 wide.
    """
    ends = middle(many(target))
    inner = ends if target.modes is None else np.concatenate([ends, target.modes.centres])
    low, high = inner.min(axis=0), inner.max(axis=0)
    from_origin = np.minimum(low, 0.0), np.maximum(high, 0.0)
    near = (from_origin[1] - from_origin[0]).max() <= 2 * (high - low).max()
    return square(*(from_origin if near else (low, high)))


def square(low: np.ndarray, high: np.ndarray) -> tuple[Range, Range]:
    """The square around a box with a margin, its ends multiples of 1, 2 or 5 times a power of ten."""
    centre, side = (low + high) / 2, float((high - low).max())
    half = max((0.5 + MARGIN) * side if side else 2.0, FINEST * float(np.abs(centre).max()))
    power = int(np.floor(np.log10(half / STEPS)))
    power -= 10.0**power > half / STEPS  # the logarithm may have been rounded up
    step = max(factor * 10.0**power for factor in (1, 2, 5) if factor * 10.0**power <= half / STEPS)
    reach = int(np.ceil(half / step))
    middles = [round(float(value) / step) for value in centre]
    ends = [(rounded((m - reach) * step, power), rounded((m + reach) * step, power)) for m in middles]
    return ends[0], ends[1]


def rounded(value: float, power: int) -> float:
    """A multiple of a power of ten without the noise of its floating point."""
    return round(value, -power) + 0.0  # and no negative zero
