"""The forms that a claim can have, a row each: moments at which a curve is read, and bounds of the number.

A moment more is one function and one row of MOMENTS; a bound more is a row of BOUNDS and a key of `Claim`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import NamedTuple

import numpy as np

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
