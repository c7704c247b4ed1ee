"""Where a target's mass lies and how large it is: the window that shows it, its centre and its radius.

Everything is found on the same points each time, so that a scenario without a view is one run and not several.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toygan.targets.target import MANY, Point, Target

Range = tuple[float, float]
TAIL = 0.005  # of the points beyond each end of a window, before the margin
MARGIN = 0.2  # of the mass's extent, on either side
STEPS = 8  # of a round length from the middle of a window to its end, or more
FINEST = 1e-5  # of the distance from the origin: no half window is narrower, single precision would show nothing there


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
