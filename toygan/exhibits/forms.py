"""The forms that a claim can have, a row each: moments at which a curve is read, what becomes of a curve, and bounds of the
number.

A moment more is one function and one row of MOMENTS; another thing that becomes of curves is a function, a row of CURVES and a
key of `Term`; a bound more is a row of BOUNDS and a key of `Claim`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import spearmanr

from toygan.quantities.rhythm import period


class ReadAt(NamedTuple):
    """A moment: the number of a curve's steps [T] and values [T], NaN where it has none; how a condition says it, what people
    call it, what it is called beside the same quantity at another moment; whether it says how a seed came out, so that a
    lost one has none.
    """

    of: Callable[[np.ndarray, np.ndarray], float]
    aloud: str
    called: str
    beside: str
    is_end: bool = False


def late(steps: np.ndarray, values: np.ndarray) -> float:
    last = values[-max(1, len(values) // 4) :]
    return float(np.nanmean(last)) if np.isfinite(last).any() else np.nan


MOMENTS: Mapping[str, ReadAt] = {
    "start": ReadAt(lambda steps, values: values[0], "{} at the start", "{} at the start", "that at the start"),
    "end": ReadAt(lambda steps, values: values[-1], "{} at the end", "{}", "that at the end", is_end=True),
    "min": ReadAt(lambda steps, values: np.nanmin(values), "the smallest {} over the frames", "smallest {}", "its smallest",
                  is_end=True),
    "max": ReadAt(lambda steps, values: np.nanmax(values), "the largest {} over the frames", "largest {}", "its largest"),
    "mean": ReadAt(lambda steps, values: np.nanmean(values), "the mean of {} over the frames", "mean {}", "its mean"),
    "median": ReadAt(lambda steps, values: np.nanmedian(values), "the median of {} over the frames",
                     "median {} while training", "its median while training"),
    "late": ReadAt(late, "the mean of {} over the last quarter of the frames", "late {}", "that late", is_end=True),
    "period": ReadAt(period, "the period of {} in steps", "steps of a period of {}", "its period"),
}  # fmt: skip


class Life(NamedTuple):
    """A seed's curve until it was lost, if it was `lost`: its steps [T] and values [T], NaN where it has none; whether it is the
    better the higher; another quantity's values [T] by name; the core-seconds of a step and seed.
    """

    steps: np.ndarray
    values: np.ndarray
    lost: bool
    higher: bool
    other: Callable[[str], np.ndarray]
    step_seconds: float

    def as_good(self, goal: float) -> np.ndarray:
        """At which frames [T] it is as good as a goal: not above it, or not below it if higher is better."""
        return np.asarray(self.values >= goal if self.higher else self.values <= goal)


class Becomes(NamedTuple):
    """What becomes of a curve: its number, from a life and what the claim says, None where there is none; how a condition says
    it of a quantity and what is said, and what people call it. It may need a `goal` and so a better side; be endless; or be
    1 or 0, which is `counted`: as what.
    """

    of: Callable[[Life, Any], float | None]
    aloud: str
    called: str
    goal: bool = True
    endless: bool = False
    counted: str = ""


def along(life: Life, name: str) -> float | None:
    """Spearman's rank correlation with another curve over the frames that have both; None where either stands still."""
    one, other = life.values, life.other(name)
    if len(one) != len(other):
        return None
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3 or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return None
    return float(spearmanr(one[both], other[both]).statistic)


def reaches(life: Life, goal: float) -> float | None:
    """The core-seconds until it is as good as a goal: infinite where a curve with numbers never is, unless its seed was lost."""
    there = life.as_good(goal)
    if there.any():
        return float(life.steps[there.argmax()] * life.step_seconds)
    return None if life.lost or not len(life.steps) else math.inf


def never(life: Life, goal: float) -> float | None:
    """1 where no frame is as good as a goal, a seed that was lost before it had numbers too; else 0."""
    return float(not life.as_good(goal).any()) if len(life.steps) or life.lost else None


CURVES: Mapping[str, Becomes] = {
    "along": Becomes(along, "the rank correlation of {} with {} over the frames", "rank correlation of {} with {}", goal=False),
    "reaches": Becomes(reaches, "the core-seconds until {} is {} or better", "core-seconds until {} is {}", endless=True),
    "never": Becomes(never, "{} is at no frame {} or better", "{} never {} or better", counted="what is never reached"),
}  # fmt: skip


class Edge(NamedTuple):
    """A bound: how it is said, whether a number keeps to it, and on which side of it numbers do, 1 above and -1 below."""

    aloud: str
    holds: Callable[[float, float], bool]
    side: int


BOUNDS: Mapping[str, Edge] = {
    "above": Edge("above {}", gt, 1),
    "below": Edge("below {}", lt, -1),
    "at_least": Edge("at least {}", ge, 1),
    "at_most": Edge("at most {}", le, -1),
}
