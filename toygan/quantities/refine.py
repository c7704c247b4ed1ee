"""What a critic is good for after training: clouds of a generator's points that are more like the target.

A critic that knows l = log p/q, p the target's density and q the generator's, says how much too rare or too common each
generated point is. Three ways to mend that, each exact in the limit for the exact l, and none better than its l:

- rejection: a point is kept with probability exp(l - M), M the largest l (Azadi et al., 2018, arXiv:1810.06758, DRS);
- Metropolis and Hastings: a chain of generated points goes from x to the next one x' with probability
  min(1, exp(l(x') - l(x))) (Turner et al., 2018, arXiv:1811.11357, MH-GAN);
- Langevin: latents z drift towards higher log p0(z) + l(G(z)), with noise (Che et al., 2020, arXiv:2003.06060, DDLS), here
  adjusted by Metropolis, so that no step size leaves a bias (Roberts and Tweedie, 1996).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Energy = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # places [n, d] -> log-density [n], its slope [n, d]

STRIDES = 1e-5, 0.3  # a Langevin step's size is drawn between these, evenly in its logarithm: narrow and wide places


class Kept(NamedTuple):
    """Which of the proposals were taken, as indices in order, and the share of those looked at that were."""

    chosen: np.ndarray
    share: float


def rejected(l: np.ndarray, n: int, rng: np.random.Generator) -> Kept:  # noqa: E741  (the formulas' own name)
    """The first n proposals, of log-ratios l [N], that rejection sampling keeps; all it keeps, where they are fewer."""
    known = np.where(np.isfinite(l), l, -np.inf)
    with np.errstate(invalid="ignore"):
        passed = np.log(rng.random(len(l))) < known - known.max()
    kept = np.flatnonzero(passed)
    return Kept(kept[:n], float(passed.mean()))


def chained(l: np.ndarray, rng: np.random.Generator) -> Kept:  # noqa: E741
    """Where chains end that are offered one proposal after the other, of log-ratios l [chains, proposals], the first of which
    is their start: each chain's proposal, counted through all of l; and the share of offers that were taken.
    """
    known, rows = np.where(np.isfinite(l), l, -np.inf), np.arange(len(l))
    where, taken = np.zeros(len(l), int), 0
    luck = np.log(rng.random(l.shape))
    for k in range(1, l.shape[1]):
        with np.errstate(invalid="ignore"):  # a start of no chance takes whatever comes
            moves = ~(luck[:, k] >= known[:, k] - known[rows, where])
        where = np.where(moves, k, where)
        taken += int(moves.sum())
    return Kept(rows * l.shape[1] + where, taken / max(l.shape[1] - 1, 1) / len(l))


def drifted(start: np.ndarray, energy: Energy, steps: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Places [n, d] after so many Langevin steps along an energy, each taken or left as Metropolis says; and the share taken.

    A chain that would begin where the energy is not finite begins where another one does; none steps to such a place.
    """
    here, taken = start, 0.0
    height, slope = energy(here)
    known = np.flatnonzero(np.isfinite(height))
    if not len(known):
        return start, 0.0
    begin = np.where(np.isfinite(height), np.arange(len(here)), rng.choice(known, len(here)))
    here, height, slope = here[begin], height[begin], slope[begin]
    for _ in range(steps):
        size = np.exp(rng.uniform(math.log(STRIDES[0]), math.log(STRIDES[1]), (len(here), 1)))
        there = here + size / 2 * slope + np.sqrt(size) * rng.standard_normal(here.shape)
        up, back = energy(there)
        with np.errstate(invalid="ignore"):  # from nowhere to nowhere
            gain = up - height + toward(here, there, back, size) - toward(there, here, slope, size)
        moves = (np.log(rng.random(len(here))) < gain) & np.isfinite(up)
        here, slope = (np.where(moves[:, None], new, old) for new, old in ((there, here), (back, slope)))
        height = np.where(moves, up, height)
        taken += float(moves.mean()) / steps
    return here, taken


def toward(to: np.ndarray, at: np.ndarray, slope: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The log-density of proposing a place from another, up to a constant: N(at + size slope / 2, size I)."""
    return np.asarray(-((to - at - size / 2 * slope) ** 2 / (2 * size)).sum(axis=1))


def calibrated(real: np.ndarray, fake: np.ndarray) -> tuple[float, float]:
    """(a, b) with which a score s tells log p/q best as a s + b: the logistic regression of real against generated points'
    scores, [m] each, by Newton's method (Platt, 1999, as Turner et al. calibrate their critics).
    """
    s = np.concatenate((real, fake))
    middle, spread = float(np.median(s)), float(s.std()) or 1.0
    x = np.stack(((s - middle) / spread, np.ones_like(s)), axis=1)
    y, w = np.r_[np.ones(len(real)), np.zeros(len(fake))], np.zeros(2)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(x @ w, -500, 500)))
        curved = x.T @ (x * (chance * (1 - chance))[:, None]) + 1e-9 * len(s) * np.eye(2)
        w = w + np.linalg.solve(curved, x.T @ (y - chance) - 1e-9 * len(s) * w)
    return float(w[0] / spread), float(w[1] - w[0] * middle / spread)
