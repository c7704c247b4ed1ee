"""What a distribution on the plane is: how to draw from it, its density, and its modes or its skeleton.

Everything is numpy in float64. Nothing draws from a global random state: the sampler is given its generator.

Densities come with a blur: `log_density(x, blur)` belongs to the target plus N(0, blur^2 I), which is what the frozen
generator `data-plus-noise` makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import AfterValidator, PositiveFloat

Point = tuple[float, float]
# Yes or no, where no is the same as nothing said: so the config of a run made before there was such an option stays as it is.
Switch = Annotated[bool | None, AfterValidator(lambda value: value or None)]
Sampler = Callable[[np.random.Generator, int], np.ndarray]
Batcher = Callable[[np.random.Generator, int], "Batch"]
LogDensity = Callable[[np.ndarray], np.ndarray]
BlurredLogDensity = Callable[[np.ndarray, float], np.ndarray]
MANY = 20_000  # points that tell a target's share of a region well enough


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
