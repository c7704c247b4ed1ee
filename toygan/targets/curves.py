"""Targets that lie along curves and segments, with noise around them or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from toygan.targets.densities import NO_DENSITY, enough, in_blocks, log_mixture, log_normal_between, log_sum_exp
from toygan.targets.refusal import Refusal
from toygan.targets.target import Batch, Modes, Point, Target, of_parts, without_labels

Arc = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # v [n] in [0, 1] -> x [n], y [n], smooth
Segment = tuple[Point, Point]
BONES = 1000  # points of a skeleton at least
TRACE = np.linspace(0.0, 1.0, 2001)  # along an arc, to measure it


def curve(arcs: Sequence[Arc], noise: float, power: int = 1) -> Target:
    """Equal mass on each arc, at v = u^(1 / power) with u uniform on [0, 1], plus N(0, noise^2 I); labels are arcs.

    The angle of every point is its own draw: scikit-learn's `make_moons` and `make_circles` space them evenly.
    """

    def draw(rng: np.random.Generator, n: int) -> Batch:
        v = rng.uniform(size=n) ** (1 / power)
        which = (len(arcs) * rng.uniform(size=n)).astype(int)
        places = np.stack([np.stack(arc(v), axis=1) for arc in arcs])[which, np.arange(n)]
        return Batch(places + noise * rng.standard_normal((n, 2)), which)

    radius = max(3 * noise, thinnest(arcs))
    return of_parts(draw, len(arcs))._replace(
        log_density=lambda x, blur: log_curve(x, arcs, np.hypot(noise, blur), power),
        singular=noise == 0,
        skeleton=skeleton(arcs, radius),
        radius=radius,
    )


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
    """t = 1.5 pi (1 + 2u), (t cos t, t sin t) + noise N(0, I); usually scaled by 1/7.5 (Gulrajani et al., 2017).

    The points are scikit-learn's `make_swiss_roll` without its second coordinate, number by number.
    """

    def sample(rng: np.random.Generator, n: int) -> np.ndarray:
        legacy = np.random.RandomState(rng.bit_generator)  # scikit-learn's kind of stream
        u, _ = legacy.uniform(size=n), legacy.uniform(size=n)
        x, _, y = noise * legacy.standard_normal(size=(3, n))
        along, across = roll_arc(u)
        return np.stack((along + x, across + y), axis=1)

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


def circle(*, noise: NonNegativeFloat = 0.05) -> Target:
    """One circle of radius 1 around the origin + noise N(0, I)."""
    return curve([circle_arc(1.0, turn=2.0)], noise)


def s_curve(*, noise: NonNegativeFloat = 0.05) -> Target:
    """(sin t, sign(t) (cos t - 1)), t = 3 pi (u - 1/2), + noise N(0, I): three quarters of two circles, as an S."""
    # The curvature jumps in the middle, so this is two smooth arcs for the quadrature.
    halves = [circle_arc(1.0, -1.5, 0.5, (0.0, -1.0)), circle_arc(1.0, -1.5, -0.5, (0.0, 1.0))]
    return without_labels(curve(halves, noise))


def spirals(
    *,
    arms: Annotated[PositiveInt, Field(le=20)] = 2,
    turns: Annotated[PositiveFloat, Field(le=20)] = 1.5,
    noise: NonNegativeFloat = 0.1,
) -> Target:
    """(-t cos t, t sin t) / 3, t = 2 pi turns sqrt(u), and its copies turned by full circle / arms, + noise N(0, I)."""

    def arm(angle: float, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        t = 2 * np.pi * turns * v
        return -t / 3 * np.cos(t + angle), t / 3 * np.sin(t + angle)

    return curve([partial(arm, 2 * np.pi * k / arms) for k in range(arms)], noise, power=2)


def line(*, start: Point = (0.0, 0.0), end: Point = (0.0, 1.0)) -> Target:
    """Uniform on the segment from `start` to `end`."""
    return lines(segments=((start, end),))


def lines(*, segments: tuple[Segment, ...]) -> Target:
    """Uniform on several segments [[x, y], [x, y]]: equal mass on equal length; labels are segments."""
    ends = np.array(segments, dtype=float).reshape(-1, 2, 2)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    if not lengths.sum() > 0:
        raise Refusal("no segment with a length", "give at least one [[x, y], [x, y]]", "segments")

    def draw(rng: np.random.Generator, n: int) -> Batch:
        which = rng.choice(len(ends), size=n, p=lengths / lengths.sum())
        a, b = ends[which].transpose(1, 0, 2)
        return Batch(a + (b - a) * rng.uniform(size=(n, 1)), which)

    long = ends[lengths > 0]
    arcs = [segment_arc(a, b) for a, b in long]
    return of_parts(draw, len(ends))._replace(
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
