"""The contract of a target: a sampler of the plane, and its density where it says one.

All is looked at on a few thousand points, and judged by how far equal samplers would be apart: four standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from toygan.files.samplers import PLACES, STDS, VARIANCES, OwnSampler, batches, cloud_of, reseed
from toygan.quantities.held import Contract, Held, broken, close, holds, note, state_kept, stream_states
from toygan.quantities.places import Clusters, are_apart, is_even, lattice, places, turns

N = 4096
ODD = 17  # a batch that no number of modes divides
SURE = 4.0  # standard errors
ENDPOINT = "linspace(0, 2 pi, n) with its end point, which lies on the first"
FACTORS = {
    2 * math.pi: "2 pi left out",
    math.sqrt(2 * math.pi): "the root of 2 pi in one dimension, where a plane has 2 pi",
}
# Whether an option is a variance, and with which power of it points spread: how far four times of it spreads them, and the
# error that it looks like.
WRONG_POWERS: dict[tuple[bool, float | None], tuple[str, str]] = {
    (True, 1): ("four times", "variance passed as standard deviation"),
    (False, 2): ("16 times", "variance passed as standard deviation"),
    (False, 0.5): ("twice", "standard deviation passed as variance: a covariance wants its square"),
}
Density = Callable[[Any], Any]  # of points [n, 2], its logarithm [n]


@dataclass
class Looked:
    """A sampler that is looked at, and what many look at: some of its points, and the places found among them."""

    sampler: OwnSampler

    @cached_property
    def points(self) -> np.ndarray:
        """N of its points [N, 2]."""
        return self.sampler.points(N).astype(float)

    @cached_property
    def found(self) -> Clusters:
        return places(self.points)

    @cached_property
    def weighed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """What `weighed` says of its density and points; None where it has no density."""
        return None if self.sampler.density is None else weighed(self.sampler.density, self.points)


def leaves_streams(at: Looked) -> Held:
    draws = iter([at.sampler.opened(ODD, 0, {}) for _ in range(2)])
    return state_kept(lambda: next(draws)())


def shape(at: Looked) -> Held:
    points, names = at.sampler.draw(6)
    got = points.shape
    if len(got) == 2 and got[1] == 2:
        return holds("points [n, 2]" + ("" if names is None else ", and a label for each"))
    turned = "the axes swapped" if got == (2, 6) else ""
    return broken(f"asked for 6 points it returns {list(got)}, where [6, 2] is wanted", turned)


def counts(at: Looked) -> Held:
    got = {n: len(at.sampler.points(n)) for n in (1, ODD, 100, 1000)}
    wrong = {n: m for n, m in got.items() if n != m}
    if not wrong:
        return holds("1, 17, 100 and 1000 points give so many")
    told = ", ".join(f"{m} of {n}" for n, m in wrong.items())
    lost = all(m < n for n, m in wrong.items())
    like = "n // modes for each of them" if got[1000] > 900 else "some are thrown away after they are drawn"
    like = f"a sampler that loses points: {like}" if lost else "as many for each mode, and not in all"
    return broken(f"it returns {told}", like)


def finite(at: Looked) -> Held:
    bad, n = int((~np.isfinite(at.points).all(axis=1)).sum()), len(at.points)
    if bad:
        return broken(f"{bad} of {n} points are NaN or infinite")
    distinct = len(np.unique(at.points, axis=0))
    if 64 < distinct < 0.9 * n:
        return note(f"finite; but {distinct} of {n} points differ: drawn from a list?")
    return holds("all are")


def fresh(at: Looked) -> Held:
    sampler = at.sampler
    first, second = batches(sampler, ODD, 2)
    if len(np.unique(at.points, axis=0)) == 1:
        return note("all points are one")
    if first.shape == second.shape and np.array_equal(first, second):
        return broken("the next call draws the same points", "a seed set inside: random numbers that are not fresh")
    if sampler.by and np.array_equal(sampler.points(ODD, 0), sampler.points(ODD, 1)):
        return broken(f"the {sampler.by} changes nothing: the same points for another one", "a seed set inside")
    return holds("the next call has other points")


def repeatable(at: Looked) -> Held:
    """Whether what it is given alone decides the points."""
    sampler = at.sampler
    same = np.array_equal(sampler.points(ODD), sampler.points(ODD))
    if not sampler.by:
        streams = used_streams(sampler)
        if same and not streams:
            return note("draws from no stream of random numbers")
        if same:
            more = "rng or seed among its arguments would make it so by itself"
            return note(f"by the global stream of {streams} alone: {more}")
        return note("by nobody: it has a stream of its own; take rng or seed")
    draw, other = sampler.opened(ODD, 0, {}), sampler.opened(ODD, 0, {})
    reseed(3)
    first = cloud_of(draw()).points
    reseed(4)
    if np.array_equal(first, cloud_of(other()).points):
        return holds(f"the same {sampler.by}, the same points")
    if not same:
        return broken(f"the same {sampler.by} gives other points the next time")
    return broken(f"takes a {sampler.by}, and draws from the global stream of {used_streams(sampler)} besides")


def used_streams(sampler: OwnSampler) -> str:
    """The global streams that a draw moves on."""
    draw = sampler.opened(ODD, 0, {})
    reseed(0)
    before = stream_states()
    draw()
    return " and ".join([name for name, state in stream_states().items() if state != before[name]])


def largest(x: np.ndarray) -> float:
    """The largest coordinate; NaN where several points have it, as of a segment that ends there."""
    first, second = np.sort(np.abs(x), axis=None)[:-3:-1]
    return float(first) if first - second > 1e-9 * first else math.nan


STATISTICS: dict[str, Callable[[np.ndarray], float]] = {
    "the mean": lambda x: float(np.abs(x.mean(axis=0)).sum()),
    "the standard deviation": lambda x: float(x.std(axis=0).sum()),
    "the largest coordinate": largest,
}


def by_batch(at: Looked) -> Held:
    """Whether the distribution is the same in any batch: none is normalised by itself."""
    drawn = [batch.astype(float) for batch in batches(at.sampler, ODD, 60)]
    if all(np.array_equal(drawn[0], batch) for batch in drawn):
        return note("all batches are one")
    if len(np.unique(drawn[0].round(9), axis=0)) > ODD // 2:
        for name, of in STATISTICS.items():
            if np.ptp([of(batch) for batch in drawn]) < 1e-6:
                return broken(f"{name} is the same in every batch of {ODD}: {of(drawn[0]):.6g}",
                              "normalising across the batch: a point depends on the points beside it")  # fmt: skip
    pooled, large = np.concatenate(drawn), at.points
    for name, power in (("mean", 1), ("mean square", 2)):
        a, b = pooled**power, large**power
        if are_unlike(a, b):
            told = " and ".join(", ".join(f"{x:.6g}" for x in one.mean(axis=0)) for one in (a, b))
            return broken(f"the {name} in batches of {ODD} and in one of {N} is not the same: {told}")
    return holds(f"points of 60 batches of {ODD} are as those of one of {N}")


def order(at: Looked) -> Held:
    if are_unlike(*np.array_split(at.points, 2)):
        return note("points come sorted: the first half of a draw is another distribution; shuffle them")
    return holds("the first half of a draw is as the second")


def are_unlike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the means of two samples [n, 2] are further apart than those of equal samplers."""
    sure = SURE * np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b)) + 1e-9
    return bool((np.abs(a.mean(axis=0) - b.mean(axis=0)) > 1.5 * sure).any())


# --- places ------------------------------------------------------------------------------------------------------------


def told_places(at: Looked) -> Held:
    found, k = at.found, len(at.found.counts)
    if not are_apart(at.points, found):
        return note("its mass hangs together: no separate modes")
    if missing := one_missing(found):
        return broken(f"{k} places, of {k + 1} {missing}", "a range or randint that leaves out the last")
    said = next(((name, value) for name, value in at.sampler.options.items() if name.lower() in PLACES), None)
    if said and said[1] != k:
        told = f"{k} places, where {said[0]} says {said[1]}"
        return note(f"{told}: see weights") if is_doubled(found) and evenly(found) else broken(told)
    if turns(found.centres) is not None and k > 4 and not evenly(found):
        return note(f"{k} places on a circle, not evenly spaced; were angles in degrees?")
    where = "on a circle, evenly spaced" if evenly(found) else f"in {' x '.join(map(str, lattice(found.centres)))}"
    fits = evenly(found) or math.prod(lattice(found.centres)) == k
    return holds(f"{k} places{' ' + where if fits else ''}")


def evenly(found: Clusters) -> bool:
    """Whether the places lie on a circle at equal angles."""
    gaps, k = turns(found.centres), len(found.counts)
    return gaps is not None and bool((is_even(gaps, k) == 1).all())


def one_missing(found: Clusters) -> str:
    """Where the places would be one more than they are, in words."""
    gaps, k = turns(found.centres), len(found.counts)
    if gaps is not None and k > 3 and sorted(is_even(gaps, k + 1)) == [1] * (k - 1) + [2]:
        return "at equal angles on a circle"
    columns, rows = lattice(found.centres)
    return f"in a lattice of {columns} x {rows}" if k > 6 and columns * rows == k + 1 else ""


def weights(at: Looked) -> Held:
    found, k, n = at.found, len(at.found.counts), len(at.points)
    if not are_apart(at.points, found):
        return note("no separate modes to weigh")
    off = (found.counts / n - 1 / k) / math.sqrt((1 - 1 / k) / k / n)
    if np.abs(off).max() < SURE + 0.5:
        return holds(f"equal: {100 / k:.3g} % each")
    shares = ", ".join(f"{100 * share:.3g}" for share in sorted(found.counts / n, reverse=True)[:10])
    told = f"{shares}{', ...' if k > 10 else ''} %"
    if is_doubled(found) and k > 2 and evenly(found):
        where = f"one of {k} places, evenly spaced on a circle,"
        return broken(f"{where} is twice as likely as the others: {told}", ENDPOINT)
    return note(f"not equal: {told}")


def is_doubled(found: Clusters) -> bool:
    """Whether one place has twice as many points as each of the others."""
    k, n = len(found.counts), len(found.which)
    wanted = np.sort(np.array([2.0, *[1.0] * (k - 1)]) / (k + 1))
    sure = SURE * np.sqrt(wanted * (1 - wanted) / n)
    return bool((np.abs(np.sort(found.counts / n) - wanted) < sure + 0.5 / n).all())


# --- options and scale -------------------------------------------------------------------------------------------------


def spread_by(at: Looked, called: str) -> Held | None:
    """How the spread of the points grows with an option that is called a standard deviation, or a variance."""
    name = next((one for one in at.sampler.options if one.lower() == called), None)
    if name is None:
        return None
    value = float(at.sampler.options[name]) or 0.05
    sharp, one, four = (at.sampler.points(N, 0, **{name: factor * value}).astype(float) for factor in (1e-6, 1, 4))
    if not sharp.shape == one.shape == four.shape:
        return note("another value draws other points: nothing can be said")
    small, large = (float(np.sqrt(np.square(x - sharp).mean())) for x in (one, four))
    if not small > 0:
        return broken(f"{name} changes nothing")
    grown, told = math.log(large / small, 4), f"{name} = {value:.6g} spreads points by {small:.6g}"
    power = next((one for one in (0.5, 1, 2) if abs(grown - one) < 0.05), None)
    if wrong := WRONG_POWERS.get((called in VARIANCES, power)):
        return broken(f"{told}, and four times of it {wrong[0]} as far", wrong[1])
    if called in VARIANCES:
        return holds(f"{told}, its root") if power == 0.5 else note(f"{told}: by no power that is known")
    if not power:
        return note(f"{told}, and four times of it {large / small:.6g} times as far")
    return holds(told + ("" if close(small, value, 0.1) else f", {small / value:.6g} of it: scaled afterwards"))


def scale(at: Looked) -> Held:
    centre = at.points.mean(axis=0)
    radius, away = float(np.sqrt(np.square(at.points - centre).sum(axis=1).mean())), float(np.hypot(*centre))
    told = f"root mean square {radius:.6g} from the mean, which is {away:.6g} from the origin"
    if 0 < radius < 0.02 or max(radius, away) > 30:
        return broken(f"{told}; networks begin with about 1: --set target.scale and target.shift mend it")
    return holds(told)


def labels_near(at: Looked) -> Held | None:
    from scipy.spatial import cKDTree

    points, names = at.sampler.draw(N)
    if names is None:
        return None
    if len(names) != len(points):
        return broken(f"{len(names)} labels for {len(points)} points")
    if not np.array_equal(names, np.round(names)) or len(np.unique(names)) > 100:
        return note("numbers along the target, and no classes")
    same = float((names[cKDTree(points).query(points, 2)[1][:, 1]] == names).mean())
    kinds, counts = np.unique(names, return_counts=True)
    by_chance = float(np.square(counts / len(names)).sum())
    if len(kinds) > 1 and same < by_chance + 0.1 * (1 - by_chance):
        return broken(f"the nearest point has the same label in {100 * same:.3g} %, as by chance",
                      "points shuffled apart from their labels")  # fmt: skip
    return holds(f"{len(kinds)}; the nearest point has the same in {100 * same:.3g} %")


# --- density -----------------------------------------------------------------------------------------------------------


def whole(at: Looked) -> Held | None:
    """Whether the density integrates to 1, by importance sampling around the points."""
    if at.weighed is None:
        return None
    ratios = at.weighed[1]
    total, error = float(ratios.mean()), float(ratios.std() / math.sqrt(len(ratios)))
    if abs(total - 1) < max(0.03, SURE * error):
        return holds(f"its integral is {total:.6g}, give or take {error:.6g}")
    k = len(at.found.counts)
    summed = k > 1 and abs(total - k) < 0.1 * k
    like = "a sum over the modes where a mean belongs" if summed else next(
        (like for factor, like in FACTORS.items() if abs(total / factor - 1) < 0.05), "")  # fmt: skip
    return broken(f"its integral is {total:.6g}, give or take {error:.6g}", like)


def weighed(density: Density, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-densities at fresh places around the points, the density there over the places' law, log-densities at the points."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(0)
    atoms = rng.permutation(np.unique(points, axis=0))[:512]
    width = np.maximum(np.median(cKDTree(points).query(atoms, 20)[0][:, -1]), 1e-9) * np.array([1.5, 6.0])
    size = 8 * points.std(axis=0).max()
    kind = rng.choice(3, 6000, p=[0.6, 0.3, 0.1])
    at, sizes = atoms[rng.integers(len(atoms), size=6000)], np.array([*width, size])[kind, None]
    at = at + sizes * rng.standard_normal((6000, 2))
    square = np.square(at[:, None] - atoms).sum(axis=2)
    shares = zip((0.6, 0.3, 0.1), (*width, size), strict=True)
    law = sum(share / (2 * math.pi * w**2) * np.exp(-square / (2 * w**2)).mean(axis=1) for share, w in shares)
    there = log_density(density, at)
    return there, np.exp(there) / law, log_density(density, points)


def log_density(density: Density, points: np.ndarray) -> np.ndarray:
    """What it says at points: of tensors where it takes them, else of arrays."""
    try:
        said = density(torch.from_numpy(points))
    except (AttributeError, TypeError):
        said = density(points)
    found = said.detach().numpy() if isinstance(said, torch.Tensor) else np.asarray(said)
    return found.reshape(len(points)).astype(float)


def agreement(at: Looked) -> Held | None:
    """Whether the sample is as likely as the density's own points are: the mean of log p over either."""
    if at.weighed is None:
        return None
    there, ratios, own = at.weighed
    kept = ratios > 0
    shares = ratios[kept] / ratios.sum()
    wanted = float((shares * there[kept]).sum())
    error = math.sqrt(float(own.var() / len(own) + np.square(shares * (there[kept] - wanted)).sum()))
    told = f"log p is {own.mean():.6g} on the sample, {wanted:.6g} on the density's own points"
    if abs(own.mean() - wanted) < max(0.05, SURE * error):
        return holds(told)
    wide = "wider" if own.mean() < wanted else "narrower"
    like = "variance passed as standard deviation in one of them"
    return broken(f"{told}: the sample is {wide} than the density says", like)


TARGET: Contract[Looked] = {
    "form": lambda at: note(f"called as {at.sampler.call}"),
    "shape": shape,
    "as many as asked for": counts,
    "finite": finite,
    "fresh points": fresh,
    "repeatable": repeatable,
    "any batch": by_batch,
    "order in the batch": order,
    "places": told_places,
    "weights": weights,
    **{f"option {name}": partial(spread_by, called=name) for name in (*STDS, *VARIANCES)},
    "scale": scale,
    "labels": labels_near,
    "density's whole": whole,
    "density and sample": agreement,
    "global state": leaves_streams,
}
