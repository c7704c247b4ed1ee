"""How one step of a game moves a small offset: the eigenvalues of its derivative, by central differences in float64.

Every nudged state is a row of one batch, so that a game whose first axis are seeds gives its whole Jacobian in a few steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

Update = Callable[[Tensor], Tensor]

NUDGES = 1e-7, 1e-8, 1e-9  # in the parameters' own units; smaller ones where the larger meet a kink
KINK = 0.01  # a step bends by more than this share of its change only where it has a kink in between
ROUNDING = 1e-14
AT_ONCE = 128  # nudged states a batch: more would only wait for memory
EDGE = 1e-7  # a multiplier within this of size 1 is on the circle


class Spectrum(NamedTuple):
    """`multipliers [k]` of one step, the largest first, complex; `rates [k]` = (m - 1) / h in units of a rate h; and `error`,
    how far the Jacobian is from a difference along a direction of its own, as a share of it: large where there is no
    derivative, as at the kink of a ReLU.
    """

    multipliers: np.ndarray
    rates: np.ndarray
    error: float

    @property
    def grow(self) -> np.ndarray:
        """Which multipliers are larger than 1, beyond rounding: [k]."""
        return np.abs(self.multipliers) > 1 + EDGE

    @property
    def outside(self) -> int:
        """How many multipliers are larger than 1: directions in which small offsets grow."""
        return int(self.grow.sum())

    @property
    def period(self) -> float:
        """In how many steps the leading multiplier's offset goes around once, infinite where it does not turn."""
        turning = abs(float(np.angle(self.multipliers[0])))
        return 2 * math.pi / turning if turning > 1e-12 else math.inf


def spectrum(update: Update, at: Tensor, rate: float = 1.0, period: int = 1) -> Spectrum:
    """Eigenvalues of the derivative of `update [n, k] -> [n, k]`, every row a state by itself, at a state [k] in float64; where
    an update is `period` steps, of one of them: see `a_step`.
    """
    found = jacobian(update, at)
    multipliers = a_step(np.linalg.eigvals(found.numpy()), period)
    multipliers = multipliers[np.lexsort((-multipliers.imag, -np.abs(multipliers).round(10)))]
    return Spectrum(multipliers, (multipliers - 1) / rate, disagreement(update, at, found))


def a_step(multipliers: np.ndarray, period: int) -> np.ndarray:
    """What one step multiplies by, on average, where `period` of them multiply by so much: the root of the smallest turn."""
    return multipliers.astype(complex) ** (1 / period) if period > 1 else multipliers


def jacobian(update: Update, at: Tensor) -> Tensor:
    """The derivative [k, k] of update at a state [k]: entry (i, j) is d update_i / d at_j."""
    return slopes_along(update, at, torch.eye(len(at), dtype=at.dtype)).T


def slopes_along(update: Update, at: Tensor, ways: Tensor) -> Tensor:
    """How update changes along each of some directions [n, k] of length 1: [n, k].

    A ReLU's gradient jumps where a point meets its kink; a nudge that is caught by such a jump is made smaller.
    """
    here, found, left = update(at[None]), torch.zeros_like(ways), torch.arange(len(ways))
    for nudge in NUDGES:
        for some in left.split(AT_ONCE) if len(left) else ():
            ahead, behind = update(torch.cat((at + nudge * ways[some], at - nudge * ways[some]))).split(len(some))
            found[some] = (ahead - behind) / (2 * nudge)
            bend = (ahead + behind - 2 * here).norm(dim=1)
            change = (ahead - behind - 2 * nudge * ways[some]).norm(dim=1)
            left = left[~torch.isin(left, some[bend <= KINK * change + ROUNDING * at.norm()])]
    return found


def disagreement(update: Update, at: Tensor, found: Tensor) -> float:
    """How far the Jacobian less 1 is from differences along eight directions, as a share of these."""
    ways = torch.from_numpy(np.random.default_rng(0).standard_normal((8, len(at)))).to(at)
    ways = ways / ways.norm(dim=1, keepdim=True)
    seen = slopes_along(update, at, ways) - ways
    off = (ways @ found.T - ways - seen).norm()
    return float(off / seen.norm()) if seen.norm() > 0 else float(off)
