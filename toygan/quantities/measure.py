"""What is measured of clouds, and what perfect samplers score in it.

A measure sees one cloud [n, 2] and what it is held against, never the network that made it; which there are says the
table of quantities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from toygan.quantities.critic import Clouds, Judged
from toygan.quantities.divergences import fineness, shares
from toygan.quantities.kinds import Kinds
from toygan.quantities.neighbours import nearness, spacings
from toygan.quantities.optimal import Known, optimal_critic
from toygan.quantities.skeleton import Curve
from toygan.quantities.table import N_W1, QUANTITIES, Floor, When
from toygan.quantities.transport import solved
from toygan.targets.target import Modes

BAND = (0.05, 0.95)  # of perfect samplers, from 19 draws on: fewer have no such ranks, and give their least and largest

Seen = dict[str, Any]  # one seed's cloud at one moment: all that rows of the table need, by name


class Against(NamedTuple):
    """What clouds are held against, and how: real points [N, 2], modes and a curve where the target has them, the first n_w1
    points of either cloud for transport and neighbours, all for whatever concerns modes, curves and cells; `when = "final"`
    has what is dear, too. `many_real [k, 2]` tell the target's shares of cells; where there are none, the real points do.
    """

    real: np.ndarray
    modes: Modes | None = None
    curve: Curve | None = None
    n_w1: int = N_W1
    when: When = "frame"
    many_real: np.ndarray | None = None


def seen(points: np.ndarray, against: Against, judged: Judged | None, known: Known | None, kinds: Kinds) -> Seen:
    """A cloud [N, 2] with all that measures need, each worked out once, None for what is not known; arguments as in
    `measure_frame`.

    `points [N, 2]` and `real [N, 2]` are all points, `some [n, 2]` and `some_real [n, 2]` the first few of each: the
    plan, the neighbours and the sliced distance are about these. `cells`, `apart` and `near` need finite points,
    `cells` no fewer than 20 of both clouds together (32 where no more of the target is known), `apart` two of each.
    `shown` is what the critic trains against, with a plan of its own: `judged` and `best` are about that. `classes` of all
    points, and `makers [N]`, where points have such.
    """
    real, n, many_real = against.real, against.n_w1, against.many_real
    some, some_real = points[:n], real[:n]
    finite = bool(np.isfinite(points).all())
    plan = solved(some, some_real)
    shown = (judged and judged.shown) or Clouds(points, some_real, some, plan)
    _, per_cell = fineness(many_real)
    enough = finite and len(points) + len(real) >= 2 * per_cell
    return {
        "points": points,
        "real": real,
        "some": some,
        "some_real": some_real,
        "plan": plan,
        "cells": shares(points, real, many_real) if enough else None,
        "apart": spacings(some, some_real) if finite and min(len(some), len(some_real)) > 1 else None,
        "near": nearness(some, some_real) if finite and against.when == "final" else None,
        "modes": against.modes,
        "curve": against.curve,
        "judged": judged,
        "shown": shown,
        "best": optimal_critic(known, shown) if known else None,
        "classes": kinds.classes,
        "makers": kinds.makers,
    }


def measure_frame(
    samples: np.ndarray,
    against: Against,
    judged: Sequence[Judged] = (),
    known: Known | None = None,
    kinds: Sequence[Kinds] = (),
) -> dict[str, np.ndarray]:
    """Every measure of one frame: samples [S, N, 2] against real points give one [S] a measure.

    Depends on nothing but this frame, so a run that continues measures only what is new. `judged` is what the critic says,
    one a seed, and `known` what it should say. `kinds` is what is known of single points, one a seed. What there is nothing
    to hold against is left out, and so is, in a frame, what is dear.
    """
    return measures_of(clouds_seen(samples, against, judged, known, kinds), measurable(against, judged, known, kinds))


def clouds_seen(
    samples: np.ndarray, against: Against, judged: Sequence[Judged], known: Known | None, kinds: Sequence[Kinds]
) -> list[Seen]:
    """Every seed's cloud with what measures need; arguments as in `measure_frame`."""
    critics: Sequence[Judged | None] = judged if judged else [None] * len(samples)
    each = zip(samples, critics, kinds or [Kinds()] * len(samples), strict=True)
    return [seen(cloud, against, critic, known, own) for cloud, critic, own in each]


def measures_of(clouds: Sequence[Seen], names: Sequence[str]) -> dict[str, np.ndarray]:
    """These measures of every seed's cloud, [S] each; NaN where what one needs is not known, as of points that are not finite."""
    return {name: np.array([QUANTITIES[name].worked_out(cloud) for cloud in clouds], float) for name in names}


def measurable(
    against: Against, judged: Sequence[Judged] = (), known: Known | None = None, kinds: Sequence[Kinds] = ()
) -> list[str]:
    """The names of the measures that can be taken, with what is known."""
    first = kinds[0] if kinds else Kinds()
    parts: dict[str, object] = {"modes": against.modes, "curve": against.curve, "judged": judged or None, "best": known}
    parts |= {"classes": first.classes, "makers": first.makers}
    missing = {name for name, part in parts.items() if part is None}
    due = {name: row for name, row in QUANTITIES.items() if against.when in ("final", row.when)}
    possible = {name: row for name, row in due.items() if not missing & set(row.needs.split())}
    return [name for name, row in possible.items() if row.source in ("cloud", "critic")]


def floors(
    sample: Callable[[int], np.ndarray], against: Against, draws: int, kinds: Callable[[int], Kinds] | None = None
) -> dict[str, Floor]:
    """What perfect generators score in every measure of clouds, against the very real points that a run is held against.

    Any fixed sample is nearer to, or farther from, all others than two samples are on average: a floor over pairs is not
    what a perfect generator reaches. `sample(k)` draws the k-th target sample [n, 2] for k < draws: floors where lower
    is better, ceilings where higher is; `kinds(k)` is what is known of its points. Raises ValueError for fewer than two draws.
    """
    if draws < 2:
        raise ValueError(f"a spread needs at least 2 draws, got {draws}")
    rows = [measure_frame(sample(k)[None], against, kinds=[kinds(k)] if kinds else ()) for k in range(draws)]
    return {name: floor_of(np.array([row[name][0] for row in rows])) for name in rows[0]}


def floor_of(scores: np.ndarray) -> Floor:
    """Mean, spread and band of the scores [draws] of perfect samplers. The k-th least of m has k / (m + 1) of all later
    scores below it (Weibull, 1939).
    """
    with np.errstate(invalid="ignore"):  # an endless score has no spread
        spread = float(np.std(scores, ddof=1))
        low, high = np.quantile(scores, BAND, method="weibull")
    return Floor(float(np.mean(scores)), spread, float(low), float(high), len(scores))
