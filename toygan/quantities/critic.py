"""How much of the truth a critic sees: its scores and slopes against the exact transport plan."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from toygan.quantities.transport import Transport, directions, solved


class Clouds(NamedTuple):
    """What one seed's critic trains against at one frame: all of the live generator's points `fake [N, 2]`, the first few
    real [m, 2] and generated [n, 2] ones as it is shown them, blurred by instance noise where there is some, and the plan
    between these.
    """

    fake: np.ndarray
    some_real: np.ndarray
    some: np.ndarray
    plan: Transport


def clouds_of(fake: np.ndarray, some_real: np.ndarray, some: np.ndarray) -> Clouds:
    """What a critic is shown, with the plan between its points."""
    return Clouds(fake, some_real, some, solved(some, some_real))


class Judged(NamedTuple):
    """What the critic says of one cloud at one frame; `shown` is that cloud, None where it is the measured one.

    `real_scores [m]`, `fake_scores [n]`; the gradients `real_slopes [m, 2]`, `fake_slopes [n, 2]`, `between_slopes [b, 2]`
    and, where they are known, `grid_slopes [k, 2]`.
    """

    real_scores: np.ndarray
    fake_scores: np.ndarray
    real_slopes: np.ndarray
    fake_slopes: np.ndarray
    between_slopes: np.ndarray
    grid_slopes: np.ndarray = np.empty((0, 2))
    shown: Clouds | None = None


def critic_value(judged: Judged) -> float:
    """E f(real) - E f(fake): what a Wasserstein critic maximises, and with a 1-Lipschitz critic at most W1."""
    return float(np.mean(judged.real_scores, dtype=float) - np.mean(judged.fake_scores, dtype=float))


def critic_gap(judged: Judged, clouds: Clouds) -> float:
    """(E f(real) - E f(fake)) / Lipschitz constant / W1: the share of W1 that this critic sees, at most 1.

    On the plan's own points, the first ones of each cloud. The constant is `lipschitz`: it knows the plan's own moves,
    along which no critic can gain more, so rounding aside 1 is never passed. NaN for a flat critic and where W1 is 0. (The
    gap is after Gulrajani et al., 2017, arXiv:1704.00028, and Korotin et al., 2022, arXiv:2206.07767.)
    """
    real, fake = judged.real_scores[: len(clouds.some_real)], judged.fake_scores[: len(clouds.some)]
    scale = lipschitz(judged, clouds) * clouds.plan.distance
    return critic_value(judged._replace(real_scores=real, fake_scores=fake)) / scale if scale > 0 else math.nan


def lipschitz(judged: Judged, clouds: Clouds) -> float:
    """The critic's steepest slope seen, a lower bound of its Lipschitz constant.

    Over all points and the grid, the gradient's length; over the plan's moves, the score gained over the distance.
    """
    goal, start = clouds.plan.goal, clouds.plan.start
    gains = np.asarray(judged.real_scores, float)[goal] - np.asarray(judged.fake_scores, float)[start]
    moves = np.asarray(clouds.some_real, float)[goal] - np.asarray(clouds.some, float)[start]
    lengths = np.hypot(moves[:, 0], moves[:, 1])
    chords = np.divide(np.abs(gains), lengths, out=np.zeros_like(gains), where=lengths > 0)
    slopes = (judged.real_slopes, judged.fake_slopes, judged.between_slopes, judged.grid_slopes)
    return float(max(values.max(initial=0.0) for values in (chords, *map(steepness, slopes))))


def slope_alignment(judged: Judged, clouds: Clouds) -> float:
    """Mean cosine between the critic's gradient at generated points and where the exact plan sends them, -1 to 1.

    The direction is the mean of a point's unit moves in the W1 plan, by mass: with as many real as generated points,
    the one move it makes. Points that stay are left out; a gradient of 0 counts as 0. NaN when every point stays. What a
    critic can reach with so many points is `alignment_ceiling`.
    """
    return alignment(judged.fake_slopes[: len(clouds.some)], clouds)


def alignment(slopes: np.ndarray, clouds: Clouds) -> float:
    """Mean cosine between slopes [n, 2] at generated points and where the plan sends them; NaN when every point stays."""
    towards = directions(clouds.plan, clouds.some, clouds.some_real)
    slopes = np.asarray(slopes, float)
    steep = steepness(slopes)
    cosines = np.divide((slopes * towards).sum(axis=1), steep, out=np.zeros(len(steep)), where=steep > 0)
    moving = np.isfinite(towards).all(axis=1)
    return float(cosines[moving].mean()) if moving.any() else math.nan


def steepness(slopes: np.ndarray) -> np.ndarray:
    """|grad f| of slopes [n, 2]: [n]."""
    return np.asarray(np.hypot(slopes[..., 0], slopes[..., 1], dtype=float))


def input_slope(judged: Judged, place: str, share: float) -> float:
    """The quantile of |grad f| at `real`, `fake` or `between` points; the best WGAN critic has 1 on transport rays."""
    lengths = steepness(getattr(judged, f"{place}_slopes"))
    return float(np.quantile(lengths, share)) if len(lengths) else math.nan


def steep_share(judged: Judged) -> float:
    """Share of real points, generated ones and points in between at which |grad f| > 1, 0 to 1; NaN for no points."""
    slopes = np.concatenate([judged.real_slopes, judged.fake_slopes, judged.between_slopes])
    return float((steepness(slopes) > 1).mean()) if len(slopes) else math.nan


def optimal_correlation(judged: Judged, optimal: np.ndarray, points: int) -> float:
    """Pearson's correlation of the learned with the optimal scores at real points, then `points` generated ones: [m + n].

    There is the mass that decides both critics; on a whole window most of the grid would be noise. Left out are places
    at which either score is not finite.
    """
    learned = np.concatenate([judged.real_scores[: len(optimal) - points], judged.fake_scores[:points]])
    return score_correlation(learned, optimal)


def score_correlation(scores: np.ndarray, optimal: np.ndarray) -> float:
    """Pearson's correlation of two critics' scores at the same places where both are finite; NaN if one is flat."""
    kept = np.isfinite(scores) & np.isfinite(optimal)
    one, other = (np.asarray(values, float)[kept] for values in (scores, optimal))
    if not len(one) or not (np.ptp(one) > 0 and np.ptp(other) > 0):
        return math.nan
    one, other = (values / np.abs(values).max() for values in (one - one.mean(), other - other.mean()))
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))
