"""What a recording tells of one seed, as the rules of the diagnosis see it: its curves, where its points are, how good it
got. What a recording does not hold is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from toygan.files.disk import Arrays
from toygan.quantities.table import QUANTITIES, shown_in
from toygan.quantities.thresholds import LIMIT

KnownFloors = Mapping[str, Mapping[str, float]]

# shares that rise to a ceiling near 1 while a cloud becomes the target, and the ceilings where a run has not measured them
QUALITIES = shown_in("share")
CEILINGS = {name: QUANTITIES[name].best for name in QUALITIES}


class Story(NamedTuple):
    """One seed's curves over `steps [T]`, each [T], NaN where unknown and None where never recorded; `shares [T, K]` are
    the shares of its points that belong to each mode or, without modes, to each of a dozen regions of the target, which weigh
    `weights [K]`, and `home [T]` is the share of points that are near the one they belong to. `carried [T]` is how many
    have points near them once the cloud's middle is put on the target's, `width [T]` how wide the cloud is, the target
    being 1, and `ceilings` what perfect points score where more is better.
    """

    steps: np.ndarray
    alive: int  # frames before the first value that is not finite
    curves: Mapping[str, np.ndarray]
    layers: np.ndarray | None  # [T, L]: gradient at each layer, the first one nearest the points; after the end, too
    weights: np.ndarray
    has_modes: bool
    ceilings: Mapping[str, float]
    size: float  # root mean square distance of the real points from their mean
    floor_spread: float  # standard deviation of a perfect sampler's W1, 0 where unknown
    shares: np.ndarray | None = None
    home: np.ndarray | None = None
    carried: np.ndarray | None = None
    centre: np.ndarray | None = None  # [T, 2]: mean of the generated points
    width: np.ndarray | None = None
    points: int = 0  # generated points a frame
    error: float = 0.0  # standard error of the mean of a frame's generated points

    def curve(self, *names: str) -> np.ndarray | None:
        """The living part of the first of these curves of which anything is known; None where there is none."""
        living = (self.curves[name][: self.alive] for name in names if name in self.curves)
        return next((values for values in living if np.isfinite(values).any()), None)

    @property
    def floor(self) -> float:
        """What perfect samplers score in W1, 0 where that is not known."""
        floor = self.curve("w1_floor")
        return 0.0 if floor is None else middle(floor)

    def excess(self) -> np.ndarray | None:
        """W1 over what counts as arrived, by floor or, on a target without one, by the first distance: below 1 it is there."""
        w1 = self.curve("w1")
        if w1 is None:
            return None
        by_floor = max(LIMIT.floors * self.floor, self.floor + LIMIT.spreads * self.floor_spread)
        arrived = by_floor if self.floor > 0 else LIMIT.of_start * w1[np.isfinite(w1)][0]
        return w1 / arrived if arrived > 0 else None

    def arrived(self) -> np.ndarray | None:
        """In which frames [T] a cloud is as good as a perfect one in all that is known of it: W1 near its floor, every mode
        or region there, shares on modes or on the curve near their ceilings. None where W1 is unknown.
        """
        ratio, count = self.excess(), self.kept()
        if ratio is None:
            return None
        there = ratio <= 1
        if not self.floor > 0:  # a point is never hit
            return there
        if count is not None:
            there &= count >= min(len(self.weights), np.ceil(self.ceilings.get("modes", np.inf) - 0.5))
        for name, values in self.qualities().items():
            there &= values >= (1 - LIMIT.astray) * self.ceilings[name]
        return there

    def qualities(self) -> dict[str, np.ndarray]:
        """The shares [T] on modes, on the curve and of the curve, those that are known."""
        found = {name: self.curve(name) for name in QUALITIES}
        return {name: values for name, values in found.items() if values is not None}

    def far_off(self) -> bool:
        """Whether the end is not near the floor of W1, or does not stay there, as far as anybody knows."""
        ratio = self.excess()
        return ratio is None or lasting(ratio <= 1) is None

    def holding(self) -> np.ndarray | None:
        """Which modes or regions have a quarter of their share [T, K]; those due too few points to tell always have."""
        if self.shares is None or not len(self.shares):
            return None
        judged = self.weights * self.points >= LIMIT.expected
        return (self.shares >= LIMIT.quarter * self.weights) | ~judged if judged.sum() > 1 else None

    def kept(self) -> np.ndarray | None:
        """How many modes or regions have points [T], or as measured; no more than are found, once most points are on modes."""
        held, quality = self.holding(), self.curve("high_quality")
        found = self.curve("modes") if self.has_modes else None
        if held is None:
            return found
        count = held.sum(axis=1).astype(float)
        on_modes = found is not None and quality is not None and middle(last(quality)) >= LIMIT.on_modes
        return np.fmin(count, found) if on_modes and found is not None else count

    def gone_for_good(self) -> np.ndarray:
        """Which modes or regions are empty in nearly all of the last fifth, none where that is not known: [K]."""
        held = self.holding()
        return np.zeros(len(self.weights), bool) if held is None else (~last(held)).mean(axis=0) >= LIMIT.nearly_all

    def emptied_from(self, few: int) -> int | None:
        """When the modes that are gone for good began to lose their points, given the frame from which on few are left; None
        where they had never half of what is due to them.
        """
        gone = self.gone_for_good()
        if self.shares is None or not gone.any() or few < 1:
            return None
        held, due = self.shares[: few + 1, gone].sum(axis=1), self.weights[gone].sum()
        # One frame or two may be lucky, and so may many that follow each other.
        level = min(np.sort(held)[-3:].min(), due)
        return None if level < due / 2 else int(np.flatnonzero(held >= LIMIT.untouched * level)[-1] + 1)


def story_of(frames: Arrays, metrics: Arrays, floors: KnownFloors, s: int) -> Story:
    """What a recording's frames and metrics know of its seed number s; `floors` is what perfect samplers score in a frame."""
    steps, tables = np.asarray(frames["step"]), {**frames, **metrics}
    of_seed = {
        name: np.asarray(table)[:, s].astype(float)
        for name, table in tables.items()
        if np.ndim(table) > 1 and len(table) == len(steps) and np.shape(table)[1] > s
    }
    curves = {name: values for name, values in of_seed.items() if values.ndim == 1} | score_curves(of_seed)
    samples = of_seed.get("samples")
    real = np.asarray(frames["real"], float) if "real" in frames else None
    alive, places = living(of_seed, samples, len(steps)), places_of(frames, real)
    perfect = {name: (floors.get(name) or {}).get("mean") for name in ("modes", *QUALITIES)}
    story = Story(
        steps=steps,
        alive=alive,
        curves=curves,
        layers=of_seed.get("layer_gradients"),
        weights=np.empty(0) if places is None else places.weights,
        has_modes="mode_centres" in frames,
        ceilings=CEILINGS | {name: float(value) for name, value in perfect.items() if value is not None},
        size=0.0 if real is None or not len(real) else float(np.sqrt(real.var(axis=0).sum())),
        floor_spread=float((floors.get("w1") or {}).get("spread") or 0.0),
    )
    return story if samples is None else with_points(story, samples[:alive], real, places)


def with_points(story: Story, samples: np.ndarray, real: np.ndarray | None, places: Places | None) -> Story:
    """A story with where the generated points [T, N, 2] are, as far as places and real points [N, 2] are known."""
    found = story._replace(
        centre=samples.mean(axis=1),
        width=np.sqrt(samples.var(axis=1).sum(axis=1)) / story.size if story.size > 0 else None,
        points=samples.shape[1],
        error=float(np.median(samples.std(axis=1))) / samples.shape[1] ** 0.5 if len(samples) else 0.0,
    )
    if places is None:
        return found
    moved = None if real is None else carried(samples, real, places)
    seen = [within_reach(points, places) for points in samples]
    shares = shares_of([owner for owner, _ in seen], len(places.centres), samples.shape[1])
    return found._replace(shares=shares, home=np.array([there.mean() for _, there in seen]), carried=moved)


def score_curves(of_seed: Arrays) -> dict[str, np.ndarray]:
    """How far above the generated cloud the critic holds the real one, `lead` = E f(real) - E f(fake), its size, the
    range of its scores on the grid, and how steep it is between the clouds, the median.
    """
    found = {}
    real, fake, grid, slopes = map(of_seed.get, ("real_scores", "fake_scores", "scores", "slope_quantiles"))
    if real is not None and fake is not None:
        found["lead"] = real.mean(axis=1) - fake.mean(axis=1)
        found["score_gap"] = np.abs(found["lead"])
    if slopes is not None:
        found["steepness"] = slopes[:, 2, slopes.shape[2] // 2]
    if grid is not None:
        found["score_range"] = np.ptp(grid.reshape(len(grid), -1), axis=1)
    return found


def living(of_seed: Arrays, samples: np.ndarray | None, count: int) -> int:
    """How many frames pass before the seed is lost: said to have diverged, or numbers that are not finite or huge."""
    lost = np.asarray(of_seed.get("diverged", np.zeros(count))).astype(bool)
    if samples is not None:
        lost |= ~(np.abs(samples) < LIMIT.runaway).all(axis=(1, 2))
    for losses in (of_seed[name][1:] for name in ("critic_loss", "generator_loss") if name in of_seed):
        lost[1:] |= ~(np.abs(losses) < LIMIT.runaway) & np.isfinite(losses).any()  # the first frame has no loss yet
    return int(lost.argmax()) if lost.any() else count


# --- where points are -------------------------------------------------------------------------------------------------


class Places(NamedTuple):
    """Where mass belongs: `centres [K, 2]`, `weights [K]`; how near counts as there: `reach [K]`, a third of the way to
    the next mode, half of the way to the next region and no less than its own points need.
    """

    centres: np.ndarray
    weights: np.ndarray
    reach: np.ndarray


def places_of(frames: Mapping[str, np.ndarray], real: np.ndarray | None) -> Places | None:
    """The target's modes, or in their stead a dozen regions of its points [N, 2]; None where neither is known."""
    if "mode_centres" in frames:
        centres = np.asarray(frames["mode_centres"], float)
        weights = np.asarray(frames.get("mode_weights", np.full(len(centres), 1 / len(centres))), float)
        return Places(centres, weights, LIMIT.reach * spacing(centres))
    regions = min(LIMIT.regions, len(real) // LIMIT.crowd) if real is not None else 0
    if real is None or regions < 4 or len(np.unique(real, axis=0)) < LIMIT.regions:
        return None
    centres = spread_out(real, regions)
    owner, reach = nearest(real, centres), spacing(centres) / 2
    np.maximum.at(reach, owner, np.linalg.norm(real - centres[owner], axis=1))
    return Places(centres, occupancy(real[None], centres)[0], reach)


def spacing(centres: np.ndarray) -> np.ndarray:
    """The distance from each centre [K, 2] to the next one; infinite where there is none: [K]."""
    distances = np.linalg.norm(centres[:, None] - centres, axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.asarray(distances.min(axis=1))


def occupancy(samples: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Shares of the points [T, N, 2] that are nearest to each centre [K, 2]: [T, K]."""
    return shares_of([nearest(points, centres) for points in samples], len(centres), samples.shape[1])


def shares_of(owners: Sequence[np.ndarray], k: int, n: int) -> np.ndarray:
    """Shares of n points that belong to each of k centres, by the numbers of their centres in each frame, [n] each: [T, k]."""
    counts = [np.bincount(owner, minlength=k) for owner in owners]
    return np.array(counts).reshape(len(owners), k) / n


def within_reach(points: np.ndarray, places: Places) -> tuple[np.ndarray, np.ndarray]:
    """The number of each point's nearest centre, and whether the point is within its reach: [N, 2] -> [N], [N]."""
    owner = nearest(points, places.centres)
    offsets = points - places.centres[owner]
    return owner, np.hypot(offsets[:, 0], offsets[:, 1]) <= places.reach[owner]


def carried(samples: np.ndarray, real: np.ndarray, places: Places) -> np.ndarray:
    """How many modes or regions have points within their reach once the middle of the points [T, N, 2] is put on that of
    the real ones: all of them where a cloud of the target's shape is only somewhere else: [T].
    """
    moved = samples - samples.mean(axis=1, keepdims=True) + real.mean(axis=0)
    counts = np.zeros(len(samples))
    for t, points in enumerate(moved):
        owner, there = within_reach(points, places)
        shares = np.bincount(owner[there], minlength=len(places.centres)) / len(points)
        counts[t] = (shares >= LIMIT.quarter * places.weights).sum()
    return counts


def nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The number of each point's nearest centre: [N, 2], [K, 2] -> [N]."""
    # |x - c|^2 without |x|^2, which is the same for all centres.
    return np.asarray(((centres**2).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1))


def spread_out(points: np.ndarray, k: int) -> np.ndarray:
    """Of the points k, each the farthest from those before it, then moved to the middle of their neighbours: [k, 2]."""
    centres = points[far_apart(points, int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1))), k)]
    for _ in range(5):
        owner = nearest(points, centres)
        centres = np.array([points[owner == i].mean(axis=0) if (owner == i).any() else centres[i] for i in range(k)])
    return centres


def far_apart(points: np.ndarray, first: int, k: int) -> list[int]:
    """Indices of k points [n, 2] or all: the first, and each next one the farthest from those before it."""
    chosen, distances = [first], np.full(len(points), np.inf)
    while len(chosen) < min(k, len(points)):
        distances = np.minimum(distances, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(distances.argmax()))
    return chosen


# --- parts of a curve -------------------------------------------------------------------------------------------------


def last(values: np.ndarray) -> np.ndarray:
    """The last fifth of the frames."""
    return values[-part(values) :]


def part(values: np.ndarray) -> int:
    """A fifth of the frames, at least one."""
    return max(1, round(len(values) / 5))


def middle(values: np.ndarray) -> float:
    """The median of what is finite, NaN where nothing is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else np.nan


def lasting(holds: np.ndarray) -> int | None:
    """The first frame from which on something holds nearly always, and mostly in the fifth of the run after it; None where
    there is none before the last fifth. A spike on the way is forgiven, one at the very end is not.
    """
    tail = part(holds)
    if not len(holds) or last(holds).mean() < LIMIT.mostly or not holds[-min(3, tail + 1) :].any():
        return None
    for t in np.flatnonzero(holds[: len(holds) - tail + 1 if tail > 1 else None]):
        if holds[t:].mean() >= LIMIT.nearly_all and holds[t : t + tail].mean() >= LIMIT.mostly:
            return int(t)
    return None
