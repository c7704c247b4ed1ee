"""Whether a published number and ours agree: one rule for all, stated in RULE, and nothing else decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from toygan.exhibits.protocol_files import Reported
from toygan.exhibits.scores import SCORES, Score
from toygan.files.text import percent
from toygan.view.statistics import Interval, mean, rate, reach

FEWEST = 3  # seeds of ours that a verdict needs
AGREES, DIFFERS, UNKNOWN, MISSING = "agrees", "differs", "cannot be told", "not run"
RULE = """\
Ours is the mean over seeds with its 95 % interval (Student's; Wilson's for a share of seeds). The published mean has one,
too, where the kind of its spread is known: t SD / sqrt(n) for a standard deviation over n seeds, t SE for a standard error,
Wilson's for a share of n seeds, from end to end for a range, its rounding for a formula. They agree where the two intervals
overlap, and differ where they do not. Where the published number has no spread it is taken for a mean of as many seeds as it
says (one, if it does not say) that are spread like ours: it agrees within t SD sqrt(1/n + 1/n') of ours. A picture, and one
seed of ours alone, cannot be told; nor can an agreement within an interval that is wider to either side than the number
itself, nor anything from fewer than three seeds of ours where training has a part. Every published number has half a unit of
its last digit to either side. After fewer steps than published the verdict says after which share of them. What is printed of
an interval ends where its measure does: shares at 0 and 1, modes at as many as there are."""


class Compared(NamedTuple):
    """One row of a protocol as it is told: the published number, ours of so many seeds, the verdict and what it rests on; the
    share of the published steps, how many of our seeds gave no number, and how many diverged.
    """

    row: Reported
    ours: Interval
    published: Interval
    verdict: str
    why: str
    share: float
    lost: int = 0
    diverged: int = 0

    @property
    def after(self) -> str:
        """After which share of the published steps, where that matters: not where training has no part in the number."""
        matters = self.verdict in (AGREES, DIFFERS) and SCORES[self.row.measure].trained
        return f", after {percent(self.share)} of the steps" if matters and self.share < 1 else ""

    @property
    def words(self) -> str:
        """The verdict with what must be known beside it."""
        return self.verdict + self.after + (f" ({self.why})" if self.why else "")


def compared(row: Reported, values: list[float] | None, share: float, modes: int = 0, diverged: int = 0) -> Compared:
    """A published number beside our values, one a seed, if the run was made; on so many modes, where so many seeds diverged."""
    score = SCORES[row.measure]
    known = [float(value) for value in values or () if math.isfinite(value)]
    ours, published = ours_of(score, known), published_of(row)
    verdict, why = agreement_of(row, ours, published, known) if known else (MISSING, "")
    if values and not known:
        verdict, why = UNKNOWN, "no seed has a number"
    ends, lost = score.ends_among(modes), len(values or ()) - len(known)
    return Compared(row, held(ours, ends), held(published, ends), verdict, why, share, lost, diverged)


def held(found: Interval, ends: tuple[float, float]) -> Interval:
    """An interval without what its measure cannot be; a number that is itself beyond the ends keeps its own."""
    low, high = ends
    if not low <= found.value <= high:
        return found
    return found._replace(low=max(low, found.low), high=min(high, found.high)) if not math.isnan(found.low) else found


def ours_of(score: Score, values: Sequence[float]) -> Interval:
    """Our number with its interval: a share of seeds, a mean, or what is computed without chance."""
    if score.counted and len(values) > 1:
        return rate(round(sum(values)), len(values))
    found = mean(values)
    return found._replace(low=found.value, high=found.value) if score.certain else found


def published_of(row: Reported) -> Interval:
    """The published number with its interval, wider by its rounding; NaN ends where the spread is not known."""
    value, n = row.published, row.seeds or 1
    if value is None:
        return Interval(math.nan, math.nan, math.nan, 0)
    ends = {
        "SD": lambda: around(value, reach(n) * (row.spread or 0.0) / n**0.5),
        "SE": lambda: around(value, reach(n) * (row.spread or 0.0)),
        "range": lambda: (row.low or 0.0, row.high or 0.0),
        "share": lambda: rate(round(value * n), n)[1:3],
        "exact": lambda: (value, value),
        "none": lambda: (math.nan, math.nan),
    }
    low, high = ends[row.kind]()
    return Interval(value, low - row.rounding, high + row.rounding, row.seeds or 0)


def around(value: float, half: float) -> tuple[float, float]:
    return value - half, value + half


def agreement_of(row: Reported, ours: Interval, published: Interval, values: Sequence[float]) -> tuple[str, str]:
    """The verdict, and what it rests on where that is not the overlap of two intervals."""
    if row.published is None:
        return UNKNOWN, "the published result is a picture"
    if math.isnan(ours.low):
        return UNKNOWN, "one seed of ours has no interval"
    if len(values) < FEWEST and not SCORES[row.measure].certain:
        return UNKNOWN, f"{len(values)} seeds of ours are too few"
    half, overlap = reach_of(row, ours, published, values)
    if overlap and half > abs(published.value) + row.rounding:
        return UNKNOWN, "the interval is wider than the number"
    return (AGREES if overlap else DIFFERS), ""


def reach_of(row: Reported, ours: Interval, published: Interval, values: Sequence[float]) -> tuple[float, bool]:
    """Half the width of the interval that decides, and whether the published number is within its reach."""
    value = published.value
    if row.kind != "none" or SCORES[row.measure].certain:
        low, high = published.ends if row.kind != "none" else around(value, row.rounding)
        return (ours.high - ours.low) / 2, ours.low <= high and low <= ours.high
    half = reach(len(values)) * float(np.std(values, ddof=1)) * math.sqrt(1 / len(values) + 1 / (row.seeds or 1))
    return half, abs(ours.value - value) <= half + row.rounding
