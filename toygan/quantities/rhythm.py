"""Whether a curve along a run has a rhythm, held against curves that have none: white noise, noise with memory, walks."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from toygan.quantities.thresholds import LIMIT

FEWEST = 12  # values: fewer are matched by some wave whatever they are
SLOWEST, FASTEST = 2.5, 0.45  # cycles in the whole curve, and in a frame: a wave at 1/2 has no phase
Waves = tuple[np.ndarray, np.ndarray]  # cosines and sines [n, m] at n times, of m frequencies
FINE, FINER = 4, 32  # frequencies tried in a cycle, at first and around the best one


def period(steps: np.ndarray, values: np.ndarray, chance: float = LIMIT.chance) -> float:
    """Steps of one cycle of a curve [T] at `steps [T]`, NaN where unknown, if its best wave beats noise that remembers the value
    before, which does as well with probability `chance`; NaN for a curve without such a rhythm or with fewer than 12 values.

    x_t = a x_(t-1) + b + c t is fitted with and without a sine wave of every frequency from 2.5 cycles on, so that a
    random walk (a = 1) is explained without one. By chance the best of m = n / 2 frequencies explains a share above
    1 - (p / (e m))^(2 / (n - 6)) of what is left with probability p = `chance` about (F test of two amplitudes, Fisher,
    1929; e for the frequencies tried in between; measured for a from 0 to 1 and n from 12 to 200). The wave must explain
    a stated part of the curve itself, too. White noise, AR(1) noise of any memory and random walks of 20 to 200 values are
    given a period in fewer than one of twenty cases (measured: 3 % at most).
    """
    steps, values = np.asarray(steps, float), np.asarray(values, float)
    pairs = np.isfinite(values[1:]) & np.isfinite(values[:-1])
    n, times = int(pairs.sum()), steps[1:][pairs]
    if n < FEWEST - 1:
        return math.nan
    cycles, beyond_memory, of_variance = best_wave(times, values[1:][pairs], values[:-1][pairs])
    by_chance = 1 - (chance / (math.e * n / 2)) ** (2 / (n - 6))
    is_rhythm = beyond_memory > by_chance and of_variance > LIMIT.rhythm
    return float((times[-1] - times[0]) / cycles) if is_rhythm else math.nan


def best_wave(times: np.ndarray, values: np.ndarray, before: np.ndarray) -> tuple[float, float, float]:
    """How many cycles the sine wave has that explains most of values [n] at times [n] beyond a line and the values before [n],
    the share [0, 1] of that which it explains, and of the variance around the line.
    """
    along = (times - times[0]) / (times[-1] - times[0])
    line = np.stack([np.ones(len(along)), along], axis=1)
    memory = np.column_stack([line, before])
    tried = np.arange(SLOWEST, max(FASTEST * (len(along) - 1), SLOWEST + 1), 1 / FINE)
    best = tried[explained(waves_of_all(along.tobytes(), tried.tobytes()), values, memory).argmax()]
    tried = np.arange(max(best - 1 / FINE, SLOWEST), best + 1 / FINE, 1 / FINER)
    shares = explained(waves_of(along, tried), values, memory)
    best = tried[shares.argmax()]
    return float(best), float(shares.max()), float(explained(waves_of(along, np.array([best])), values, line)[0])


def waves_of(along: np.ndarray, cycles: np.ndarray) -> Waves:
    """The waves of so many cycles [m] while `along [n]` runs from 0 to 1."""
    angles = 2 * np.pi * np.outer(along, cycles)
    return np.cos(angles), np.sin(angles)


@lru_cache(maxsize=1)  # all curves of all seeds of a run have the same times
def waves_of_all(along: bytes, cycles: bytes) -> Waves:
    """The same, kept for the next curve; nobody writes into it."""
    return waves_of(np.frombuffer(along), np.frombuffer(cycles))


def explained(waves: Waves, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The share of what known columns [n, k] leave of values [n] that each of m sine waves explains: [m]; 0 where nothing is
    left to explain.
    """
    basis, _ = np.linalg.qr(known)
    cos, sin, left = (part - basis @ (basis.T @ part) for part in (*waves, values))
    total = left @ left
    if not total > 1e-18 * (values @ values):  # a straight line, and its rounding
        return np.zeros(cos.shape[1])
    cc, ss, cs = (cos**2).sum(axis=0), (sin**2).sum(axis=0), (cos * sin).sum(axis=0)
    c, s = left @ cos, left @ sin
    apart = np.maximum(cc * ss - cs**2, 1e-12 * len(values) ** 2)
    return np.asarray((ss * c**2 - 2 * cs * c * s + cc * s**2) / apart / total)
