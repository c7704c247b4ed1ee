"""What the axis of a quantity's curve is like, in pictures and on pages: when it is logarithmic, and when it leaves the first
frame beyond its ends, where players that have not learned yet would flatten all others.
"""

from __future__ import annotations

import numpy as np

from toygan.quantities.table import QUANTITIES, better, row_of

STRETCHED = 2.0  # so many times as long as later frames need, and an even axis is cut
WIDE = 5.0  # so many times the least positive value, and a logarithmic axis serves better
BOUNDED = ("share", "cosine", "correlation", "modes")  # units of quantities that a logarithmic axis would distort


def scale_of(name: str) -> str:
    """The scale of a quantity's axis; a user's own may be of either sign, as far as is known."""
    return row_of(name).scale if name in QUANTITIES else "loss"


def may_be_wide(name: str) -> bool:
    """Whether a quantity is unbounded, so that its axis is logarithmic where no value is negative and some are WIDE apart."""
    return row_of(name).unit not in BOUNDED


def may_leave(name: str) -> bool:
    """Whether the first frame of a quantity may lie beyond its axis: only of an unbounded one of which no value is better than
    another, for of all others the first frame is where learning starts, and a floor or ceiling is on the axis.
    """
    return better(name) == "neither" and row_of(name).unit not in BOUNDED


def leaves(name: str, first: np.ndarray, later: np.ndarray, floor: float = np.nan) -> bool:
    """Whether values of a first frame make an even axis STRETCHED times as long as those of later frames and a floor need; of
    a quantity whose axis is logarithmic where it can be never, unless some are negative.
    """
    first, later = first[np.isfinite(first)], later[np.isfinite(later)]
    if not may_leave(name) or not len(first) or not len(later) or not np.ptp(later) > 0:
        return False
    every, needed = np.append(later, first), np.append(later, floor if np.isfinite(floor) else [])
    if scale_of(name) == "log" and every.min() >= 0:
        return False
    return bool(np.ptp(np.append(needed, first)) >= STRETCHED * np.ptp(needed))
