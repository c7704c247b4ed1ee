"""How good a generated cloud is, as numbers, and how much of the truth its critic sees.

A measure sees one cloud [n, 2] and what it is held against, never the network that made it. One more measure = one
function in this folder + one row of MEASURES here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from toygan.quantities.critic import (
    Judged,
    TrainedOn,
    critic_gap,
    critic_value,
    input_slope,
    lipschitz,
    optimal_correlation,
    score_correlation,
    slope_alignment,
    steep_share,
)
from toygan.quantities.divergences import Nodes, fineness, js, shares, tv
from toygan.quantities.modes import high_quality, mahalanobis, mode_kl, mode_mass_tv, modes_kept
from toygan.quantities.neighbours import (
    Nearness,
    Spacings,
    coverage,
    density,
    nearness,
    neighbour_kl,
    neighbour_reverse_kl,
    precision,
    recall,
    spacings,
)
from toygan.quantities.optimal import Clouds, Known, OptimalCritic, optimal_critic
from toygan.quantities.skeleton import Curve, on_skeleton, skeleton_coverage
from toygan.quantities.transport import Transport, least_cost, sliced_w1, solved, w1, w2
from toygan.targets.target import Modes

__all__ = [
    "MEASURES",
    "N_W1",
    "Curve",
    "Judged",
    "Measure",
    "Seen",
    "TrainedOn",
    "When",
    "clouds_of",
    "clouds_seen",
    "floors",
    "high_quality",
    "least_cost",
    "mahalanobis",
    "measurable",
    "measure_frame",
    "mode_kl",
    "mode_mass_tv",
    "modes_kept",
    "of_clouds",
    "score_correlation",
    "w1",
    "w2",
]

N_W1 = 400  # transport costs 10 ms a cloud at 400 points, 60 at 1000, 270 at 2000; its floor falls as 1 / sqrt(n)

When = Literal["frame", "final"]


# What one cloud is held against -----------------------------------------------------------------------------------


class Seen(NamedTuple):
    """One seed's cloud at one moment with all that measures need, each worked out once; None for what is not known.

    `points [N, 2]` and `real [N, 2]` are all points, `some [n, 2]` and `some_real [n, 2]` the first few of each: the
    plan, the neighbours and the sliced distance are about these. `cells`, `apart` and `near` need finite points,
    `cells` no fewer than 20 of both clouds together (32 where no more of the target is known), `apart` two of each.
    `shown` is what the critic trains against, with a plan of its own: `judged` and `best` are about that.
    """

    points: np.ndarray
    real: np.ndarray
    some: np.ndarray
    some_real: np.ndarray
    plan: Transport
    cells: Nodes | None
    apart: Spacings | None
    near: Nearness | None
    modes: Modes | None
    curve: Curve | None
    judged: Judged | None
    shown: Clouds
    best: OptimalCritic | None


def seen(
    points: np.ndarray,
    real: np.ndarray,
    n: int,
    modes: Modes | None,
    curve: Curve | None,
    judged: Judged | None,
    when: When,
    known: Known | None,
    many_real: np.ndarray | None,
) -> Seen:
    """A cloud [N, 2] beside real points [N, 2], with what several measures share; more arguments as in `measure_frame`."""
    some, some_real = points[:n], real[:n]
    finite = bool(np.isfinite(points).all())
    plan = solved(some, some_real)
    shown = shown_to(judged, Clouds(points, some_real, some, plan))
    enough = finite and len(points) + len(real) >= 2 * fineness(many_real).per_cell
    return Seen(
        points=points,
        real=real,
        some=some,
        some_real=some_real,
        plan=plan,
        cells=shares(points, real, many_real) if enough else None,
        apart=spacings(some, some_real) if finite and min(len(some), len(some_real)) > 1 else None,
        near=nearness(some, some_real) if finite and when == "final" else None,
        modes=modes,
        curve=curve,
        judged=judged,
        shown=shown,
        best=optimal_critic(known, shown) if known else None,
    )


def shown_to(judged: Judged | None, measured: Clouds) -> Clouds:
    """The clouds that a critic trains against: the measured ones, unless it was shown others."""
    if judged is None or judged.shown is None:
        return measured
    return clouds_of(judged.shown)


def clouds_of(shown: TrainedOn) -> Clouds:
    """What a critic is shown, with the plan between its points."""
    return Clouds(*shown, solved(shown.some, shown.some_real))


# Frames -----------------------------------------------------------------------------------------------------------


def measure_frame(
    samples: np.ndarray,
    real: np.ndarray,
    modes: Modes | None = None,
    n_w1: int = N_W1,
    curve: Curve | None = None,
    judged: Sequence[Judged] | None = None,
    when: When = "frame",
    known: Known | None = None,
    many_real: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Every measure of one frame: samples [S, N, 2] against real [N, 2] and modes or a curve give one [S] a measure.

    Depends on nothing but this frame, so a run that continues measures only what is new. Transport and neighbours take
    the first n_w1 points of either cloud; whatever concerns modes, curves and cells takes all N. `judged` is what the
    critic says, one a seed, and `known` what it should say. `many_real [k, 2]` tell the target's shares of cells; where
    there are none, the real points do. What there is nothing to hold against is left out, and so is, in a frame, what
    is dear: `when = "final"` has it too.
    """
    clouds = clouds_seen(samples, real, modes, n_w1, curve, judged, when, known, many_real)
    return of_clouds(clouds, measurable(modes, curve, judged, when, known))


def clouds_seen(
    samples: np.ndarray,
    real: np.ndarray,
    modes: Modes | None,
    n_w1: int,
    curve: Curve | None,
    judged: Sequence[Judged] | None,
    when: When,
    known: Known | None,
    many_real: np.ndarray | None,
) -> list[Seen]:
    """Every seed's cloud with what measures need; arguments as in `measure_frame`."""
    critics: Sequence[Judged | None] = judged if judged else [None for _ in samples]
    return [
        seen(cloud, real, n_w1, modes, curve, critic, when, known, many_real)
        for cloud, critic in zip(samples, critics, strict=True)
    ]


def of_clouds(clouds: Sequence[Seen], names: Sequence[str]) -> dict[str, np.ndarray]:
    """These measures of every seed's cloud: [S] each."""
    return {name: np.array([value(MEASURES[name], cloud) for cloud in clouds], float) for name in names}


def value(measure: Measure, cloud: Seen) -> float:
    """One measure of one cloud; NaN where what it needs could not be worked out, as for points that are not finite."""
    parts = [getattr(cloud, name) for name in measure.needs]
    return math.nan if any(part is None for part in parts) else measure.of(*parts)


def measurable(
    modes: Modes | None, curve: Curve | None, judged: Sequence[Judged] | None, when: When, known: Known | None = None
) -> list[str]:
    """The names of the measures that can be taken then, with what is known."""
    parts = {"modes": modes, "curve": curve, "judged": judged, "best": known}
    missing = {name for name, part in parts.items() if part is None}
    return [
        name
        for name, measure in MEASURES.items()
        if not missing & set(measure.needs) and (measure.when == "frame" or when == "final")
    ]


class Floor(NamedTuple):
    """What perfect samplers score in one measure: mean and standard deviation over so many `draws`, and the ends of the
    interval that holds the next one in 90 %.
    """

    mean: float
    spread: float
    low: float
    high: float
    draws: int


BAND = (0.05, 0.95)  # of perfect samplers, from 19 draws on: fewer have no such ranks, and give their least and largest


def floors(
    sample: Callable[[int], np.ndarray],
    real: np.ndarray,
    draws: int,
    modes: Modes | None = None,
    curve: Curve | None = None,
    n_w1: int = N_W1,
    when: When = "frame",
    many_real: np.ndarray | None = None,
) -> dict[str, Floor]:
    """What perfect generators score in every measure of clouds, against the very `real [N, 2]` that a run is held against.

    Any fixed sample is nearer to, or farther from, all others than two samples are on average: a floor over pairs is not
    what a perfect generator reaches. `sample(k)` draws the k-th target sample [n, 2] for k < draws: floors where lower
    is better, ceilings where higher is. `many_real` as in `measure_frame`. Raises ValueError for fewer than two draws.
    """
    if draws < 2:
        raise ValueError(f"a spread needs at least 2 draws, got {draws}")
    rows = [
        measure_frame(sample(k)[None], real, modes, n_w1, curve, when=when, many_real=many_real) for k in range(draws)
    ]
    return {name: floor_of(np.array([row[name][0] for row in rows])) for name in rows[0]}


def floor_of(scores: np.ndarray) -> Floor:
    """Mean, spread and band of the scores [draws] of perfect samplers. The k-th least of m has k / (m + 1) of all later
    scores below it (Weibull, 1939).
    """
    with np.errstate(invalid="ignore"):  # an endless score has no spread
        spread = float(np.std(scores, ddof=1))
        low, high = np.quantile(scores, BAND, method="weibull")
    return Floor(float(np.mean(scores)), spread, float(low), float(high), len(scores))


class Measure(NamedTuple):
    """One row: `of(*needs)`, one line about it, its unit, what it needs of `Seen`, when it is taken, and what is best.

    What a perfect generator scores is measured by `floors`.
    """

    of: Callable[..., float]
    about: str
    unit: str
    needs: tuple[str, ...]
    better: Literal["lower", "higher", "neither"]
    when: When = "frame"


def centre(points: np.ndarray, axis: int) -> float:
    """One coordinate of the mean of points [n, 2]; NaN where the mean is not finite."""
    middle = points.mean(axis=0, dtype=float)
    return float(middle[axis]) if np.isfinite(middle).all() else math.nan


def planned(of: Callable[[Judged, Transport, np.ndarray, np.ndarray], float]) -> Callable[[Judged, Clouds], float]:
    """A measure of a critic against a plan, as one of what the critic is shown."""
    return lambda judged, shown: of(judged, shown.plan, shown.some, shown.some_real)


QUANTILES = {"low": 0.05, "median": 0.5, "high": 0.95}
PLACES = {"real": "real points", "fake": "generated points", "between": "points in between"}

MEASURES = {
    "w1": Measure(
        lambda plan: plan.distance, "exact Wasserstein-1 distance to the real points", "plane", ("plan",), "lower"
    ),
    "w2": Measure(
        lambda some, some_real: w2(some[:N_W1], some_real[:N_W1]),  # dear, and in no picture: fewer points than W1 has
        "exact Wasserstein-2 distance to the real points",
        "plane",
        ("some", "some_real"),
        "lower",
        "final",
    ),
    "sliced_w1": Measure(
        sliced_w1,
        "mean Wasserstein-1 distance of the shadows in 32 directions",
        "plane",
        ("some", "some_real"),
        "lower",
        "final",
    ),
    "js": Measure(
        js, "Jensen-Shannon divergence, estimated from shares in up to 150 cells", "nats", ("cells",), "lower"
    ),
    "kl": Measure(
        neighbour_kl,
        "KL divergence of real from generated points, estimated from 5 neighbours; below 0 is its error",
        "nats",
        ("apart",),
        "lower",
    ),
    "reverse_kl": Measure(
        neighbour_reverse_kl,
        "KL divergence of generated from real points, estimated from 5 neighbours; below 0 is its error",
        "nats",
        ("apart",),
        "lower",
    ),
    "tv": Measure(tv, "total variation, estimated from shares in up to 150 cells", "share", ("cells",), "lower"),
    "modes": Measure(
        modes_kept,
        "modes with a point within 3 sigma",
        "modes",
        ("points", "modes"),
        "higher",
    ),
    "high_quality": Measure(
        high_quality,
        "share of points within 3 sigma of a mode",
        "share",
        ("points", "modes"),
        "higher",
    ),
    "mode_mass_tv": Measure(
        mode_mass_tv,
        "total variation of the shares at modes from the weights",
        "share",
        ("points", "modes"),
        "lower",
    ),
    "mode_kl": Measure(
        mode_kl,
        "reverse KL of the shares on modes from the weights",
        "nats",
        ("points", "modes"),
        "lower",
    ),
    "on_skeleton": Measure(
        on_skeleton, "share of points on the target's curve", "share", ("points", "curve"), "higher"
    ),
    "skeleton_coverage": Measure(
        skeleton_coverage, "share of the target's curve with a point on it", "share", ("points", "curve"), "higher"
    ),
    "precision": Measure(
        precision, "share of points in a real point's ball, k = 3", "share", ("near",), "higher", "final"
    ),
    "recall": Measure(
        recall, "share of real points in a generated point's ball, k = 3", "share", ("near",), "higher", "final"
    ),
    "density": Measure(
        density,
        "real balls around a point over k = 5",
        "balls",
        ("near",),
        "higher",
        "final",
    ),
    "coverage": Measure(
        coverage,
        "share of real points' balls with a point in them, k = 5",
        "share",
        ("near",),
        "higher",
        "final",
    ),
    "critic_value": Measure(critic_value, "E f(real) - E f(fake)", "score", ("judged",), "neither"),
    "critic_lipschitz": Measure(
        planned(lipschitz), "the critic's steepest slope seen", "score/plane", ("judged", "shown"), "neither"
    ),
    "critic_gap": Measure(
        planned(critic_gap), "share of the exact W1 that the critic sees", "share", ("judged", "shown"), "higher"
    ),
    "slope_alignment": Measure(
        planned(slope_alignment),
        "mean cosine of the critic's gradient with the exact transport direction",
        "cosine",
        ("judged", "shown"),
        "higher",
    ),
    "steep_share": Measure(
        steep_share, "share of watched points at which |grad f| exceeds 1", "share", ("judged",), "neither"
    ),
    "centre_x": Measure(partial(centre, axis=0), "mean x of the points", "plane", ("points",), "neither"),
    "centre_y": Measure(partial(centre, axis=1), "mean y of the points", "plane", ("points",), "neither"),
    "optimal_correlation": Measure(
        lambda judged, best, shown: optimal_correlation(judged, best.at_clouds(), len(shown.some)),
        "correlation with the optimal critic's scores at real and generated points",
        "correlation",
        ("judged", "best", "shown"),
        "higher",
    ),
} | {
    f"slope_{place}_{name}": Measure(
        partial(input_slope, place=place, share=share),
        f"|grad f| at {words}: quantile {share:g}",
        "score/plane",
        ("judged",),
        "neither",
    )
    for place, words in PLACES.items()
    for name, share in QUANTILES.items()
}
