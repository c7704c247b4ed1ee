"""What went wrong and when: labels with a step and the evidence in words, from a recording alone.

A rule sees one seed's curves (`Story`) and answers with a `Finding` or None. One more rule is one function and one row
of `RULES`; every threshold is a row of `THRESHOLDS`, with its reason. What a recording does not hold, no rule asks for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from toygan.recording import Recording


class Event(NamedTuple):
    """One diagnosis: when it began, for which seed, what it is called, and the numbers behind it in words."""

    step: int
    seed: int
    label: str
    evidence: str


class Finding(NamedTuple):
    """A rule's answer: the frame at which it began, and the evidence."""

    frame: int
    evidence: str


class Story(NamedTuple):
    """One seed's curves, each [T], NaN where unknown and None where never recorded; `shares [T, K]` are the shares of
    its points that belong to each mode or, without modes, to each of a dozen regions of the target, which weigh
    `weights [K]`, and `home [T]` is the share of points that are near the one they belong to.
    """

    steps: np.ndarray
    alive: int  # frames before the first value that is not finite
    curves: Mapping[str, np.ndarray]
    layers: np.ndarray | None  # [T, L]: gradient at each layer, the first one nearest the points
    shares: np.ndarray | None
    home: np.ndarray | None
    weights: np.ndarray
    has_modes: bool
    centre: np.ndarray | None  # [T, 2]: mean of the generated points
    size: float  # root mean square distance of the real points from their mean
    points: int  # generated points a frame
    error: float  # standard error of the mean of a frame's generated points

    def curve(self, name: str) -> np.ndarray | None:
        """The living part of a curve, None where nothing of it is known."""
        values = self.curves.get(name)
        if values is None:
            return None
        values = values[: self.alive]
        return values if np.isfinite(values).any() else None


# --- all labels of a run ---------------------------------------------------------------------------------------------


def diagnose(recording: Recording) -> list[Event]:
    """Every event of every seed, the earliest first. Copes with whatever the recording lacks."""
    events = []
    for s, seed in enumerate(recording.facts["seeds"]):
        story = story_of(recording, s)
        found = findings(story)
        events += [Event(int(story.steps[at]), seed, label, words) for label, (at, words) in found.items()]
    return sorted(events)


def findings(story: Story) -> dict[str, Finding]:
    """The labels of one seed; a label is left out where another one explains it."""
    found: dict[str, Finding] = {}
    for label, rule, unless in RULES:
        if not found.keys() & unless and (finding := rule(story)) is not None:
            found[label] = finding
    return found


def rates(events: Sequence[Event], seeds: Sequence[int]) -> dict[str, float]:
    """The share of seeds with each label, labels in the order of the rules."""
    having = Counter(label for label, _ in {(event.label, event.seed) for event in events})
    return {label: having[label] / len(seeds) for label, _, _ in RULES if having[label]}


def sentences(events: Sequence[Event], seeds: Sequence[int]) -> list[str]:
    """One honest sentence for each group of seeds: "3 of 4 seeds lost modes (2–5 of 8 kept), first at step 400."."""
    said = []
    for label in (row[0] for row in RULES):
        group = [event for event in events if event.label == label]
        if group:
            said.append(sentence(label, group, len(seeds)))
    silent = len(set(seeds) - {event.seed for event in events})
    if silent:
        said.append(f"{count(silent, len(seeds))} came to rest neither near the floor nor in a failure known here.")
    return said


def sentence(label: str, group: Sequence[Event], seeds: int) -> str:
    """What a group of seeds has in common, the evidence of the one with the earliest event, and its step."""
    first = min(group)
    when = f"at step {first.step}" if len(group) == 1 else f"first at step {first.step}"
    return f"{count(len(group), seeds)} {PREDICATES[label]} ({spread([event.evidence for event in group])}), {when}."


def count(some: int, all_of_them: int) -> str:
    """3 of 4 seeds."""
    return "The only seed" if some == all_of_them == 1 else f"{some} of {all_of_them} seeds"


def spread(evidence: Sequence[str]) -> str:
    """One text for several that differ only in numbers: each number becomes the range it spans."""
    split = [SPLIT.split(words) for words in evidence]
    if len({tuple(parts[::2]) for parts in split}) > 1:
        return evidence[0] + (f", and {len(evidence) - 1} more" if len(evidence) > 1 else "")
    merged = list(split[0])
    for place in range(1, len(merged), 2):
        found = sorted({parts[place] for parts in split}, key=float)
        merged[place] = found[0] if len(found) == 1 else f"{found[0]}–{found[-1]}"
    return "".join(merged)


# --- one seed's curves -----------------------------------------------------------------------------------------------


def story_of(recording: Recording, s: int) -> Story:
    """What a recording knows of its seed number s."""
    frames, metrics = recording.frames, recording.metrics
    steps = np.asarray(frames["step"])
    curves = {
        name: np.asarray(table, float)[:, s]
        for name, table in {**frames, **metrics}.items()
        if name in CURVES and has_seed(table, len(steps), s)
    }
    curves |= score_curves(frames, len(steps), s)
    samples = frames["samples"][:, s].astype(float) if "samples" in frames else None
    real = np.asarray(frames["real"], float) if "real" in frames else None
    layers = frames.get("layer_gradients")
    alive = living(frames, curves, samples, s, len(steps))
    places = places_of(frames, real)
    weights = np.empty(0) if places is None else places.weights
    return Story(
        steps=steps,
        alive=alive,
        curves=curves,
        layers=np.asarray(layers, float)[:alive, s] if layers is not None and layers.shape[1] > s else None,
        shares=occupancy(samples[:alive], places.centres) if samples is not None and places else None,
        home=at_home(samples[:alive], places) if samples is not None and places else None,
        weights=weights,
        has_modes="mode_centres" in frames,
        centre=samples[:alive].mean(axis=1) if samples is not None else None,
        points=samples.shape[1] if samples is not None else 0,
        error=error_of_mean(samples[:alive]) if samples is not None and alive else 0.0,
        size=float(np.sqrt(((real - real.mean(axis=0)) ** 2).sum(axis=1).mean()))
        if real is not None and len(real)
        else 0.0,
    )


def error_of_mean(samples: np.ndarray) -> float:
    """The standard error of one coordinate's mean over a frame's points [T, N, 2], the median over frames."""
    return float(np.median(samples.std(axis=1))) / samples.shape[1] ** 0.5


def has_seed(table: np.ndarray, frames: int, s: int) -> bool:
    """Whether a table is [T, S] and has that seed."""
    return np.ndim(table) == 2 and len(table) == frames and np.shape(table)[1] > s


def score_curves(frames: Mapping[str, np.ndarray], count: int, s: int) -> dict[str, np.ndarray]:
    """How far apart the critic holds the two clouds, |E f(real) - E f(fake)|, the range of its scores on the grid, and
    how steep it is between the clouds, the median.
    """
    found = {}
    real, fake, grid, slopes = (
        frames.get(name) for name in ("real_scores", "fake_scores", "scores", "slope_quantiles")
    )
    if real is not None and fake is not None and real.shape[1] > s:
        found["score_gap"] = np.abs(real[:, s].astype(float).mean(axis=1) - fake[:, s].astype(float).mean(axis=1))
    if slopes is not None and slopes.shape[1] > s:
        found["steepness"] = slopes[:, s].astype(float)[:, 2, slopes.shape[3] // 2]
    if grid is not None and grid.shape[1] > s:
        found["score_range"] = np.ptp(grid[:, s].astype(float).reshape(count, -1), axis=1)
    return found


def living(
    frames: Mapping[str, np.ndarray], curves: Mapping[str, np.ndarray], samples: np.ndarray | None, s: int, count: int
) -> int:
    """How many frames pass before the seed is lost: said to have diverged, or numbers that are not finite or huge."""
    lost = np.zeros(count, bool)
    if "diverged" in frames and has_seed(frames["diverged"], count, s):
        lost |= np.asarray(frames["diverged"])[:, s].astype(bool)
    if samples is not None:
        lost |= ~(np.abs(samples) < LIMIT.runaway).all(axis=(1, 2))
    for name in ("critic_loss", "generator_loss"):
        if name in curves:  # the first frame has no loss yet
            lost[1:] |= ~(np.abs(curves[name][1:]) < LIMIT.runaway) & np.isfinite(curves[name][1:]).any()
    return int(lost.argmax()) if lost.any() else count


class Places(NamedTuple):
    """Where mass belongs: `centres [K, 2]`, `weights [K]`; how near counts as there: `reach [K]`, half of the way to the
    next centre, and no less than a region's own points need.
    """

    centres: np.ndarray
    weights: np.ndarray
    reach: np.ndarray


def places_of(frames: Mapping[str, np.ndarray], real: np.ndarray | None) -> Places | None:
    """The target's modes, or in their stead a dozen regions of its points [N, 2]; None where neither is known."""
    if "mode_centres" in frames:
        centres = np.asarray(frames["mode_centres"], float)
        weights = np.asarray(frames.get("mode_weights", np.full(len(centres), 1 / len(centres))), float)
        return Places(centres, weights, half_way(centres))
    regions = min(LIMIT.regions, len(real) // LIMIT.crowd) if real is not None else 0
    if real is None or regions < 4 or len(np.unique(real, axis=0)) < LIMIT.regions:
        return None
    centres = spread_out(real, regions)
    return Places(centres, occupancy(real[None], centres)[0], np.maximum(half_way(centres), widths(real, centres)))


def half_way(centres: np.ndarray) -> np.ndarray:
    """Half the distance from each centre [K, 2] to the next one; infinite where there is none: [K]."""
    distances = np.linalg.norm(centres[:, None] - centres, axis=2)
    np.fill_diagonal(distances, np.inf)
    return distances.min(axis=1) / 2


def widths(real: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """How far the real points [N, 2] of each region reach from its centre [K, 2]: [K]."""
    owner, distances = nearest(real, centres), np.zeros(len(centres))
    np.maximum.at(distances, owner, np.linalg.norm(real - centres[owner], axis=1))
    return distances


def occupancy(samples: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Shares of the points [T, N, 2] that are nearest to each centre [K, 2]: [T, K]."""
    counts = [np.bincount(nearest(points, centres), minlength=len(centres)) for points in samples]
    return np.array(counts).reshape(len(samples), len(centres)) / samples.shape[1]


def at_home(samples: np.ndarray, places: Places) -> np.ndarray:
    """Share of the points [T, N, 2] that are within reach of their nearest centre: [T]."""
    shares = np.zeros(len(samples))
    for t, points in enumerate(samples):
        owner = nearest(points, places.centres)
        offsets = points - places.centres[owner]
        shares[t] = (np.hypot(offsets[:, 0], offsets[:, 1]) <= places.reach[owner]).mean()
    return shares


def nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The number of each point's nearest centre: [N, 2], [K, 2] -> [N]."""
    # |x - c|^2 without |x|^2, which is the same for all centres.
    owner: np.ndarray = ((centres**2).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1)
    return owner


def spread_out(points: np.ndarray, k: int) -> np.ndarray:
    """K of the points, each the farthest from those before it, then moved to the middle of their neighbours: [k, 2]."""
    chosen = [int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]
    distances = np.full(len(points), np.inf)
    while len(chosen) < k:
        distances = np.minimum(distances, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(distances.argmax()))
    centres = points[chosen]
    for _ in range(5):
        owner = nearest(points, centres)
        centres = np.array([points[owner == i].mean(axis=0) if (owner == i).any() else centres[i] for i in range(k)])
    return centres


# --- parts of a curve ------------------------------------------------------------------------------------------------


def last(values: np.ndarray) -> np.ndarray:
    """The last fifth of the frames."""
    return values[-part(values) :]


def before_last(values: np.ndarray) -> np.ndarray:
    """The fifth before the last one; empty where there is no room for it."""
    return values[: -part(values)][-part(values) :]


def early(values: np.ndarray) -> np.ndarray:
    """The first fifth of the frames, without the untrained one where others are there."""
    return values[1 : 1 + part(values)] if len(values) > 1 else values


def part(values: np.ndarray) -> int:
    """A fifth of the frames, at least one."""
    return max(1, round(len(values) / 5))


def middle(values: np.ndarray) -> float:
    """The median of what is finite, NaN where nothing is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else np.nan


def noise(values: np.ndarray) -> float:
    """Standard error of the median of a flat stretch, from its frame-to-frame differences; 0 for too few."""
    steps = np.abs(np.diff(values[np.isfinite(values)]))
    return float(1.25 * np.median(steps) / 0.954 / np.sqrt(len(steps) + 1)) if len(steps) > 1 else 0.0


def roughness(values: np.ndarray) -> float:
    """Standard deviation of what is not smooth in a curve, from its second differences; 0 for too few values."""
    bends = np.abs(np.diff(values[np.isfinite(values)], 2))
    return float(np.median(bends) / (0.6745 * 6**0.5)) if len(bends) else 0.0


def since(holds: np.ndarray) -> int | None:
    """The first frame of the last unbroken stretch that reaches the end, single exceptions inside it forgiven."""
    if not len(holds) or not holds[-1]:
        holds = holds[:-1]  # the very last frame may be an exception too
    broken = ~holds
    broken[1:-1] &= ~(holds[:-2] & holds[2:])
    if not len(holds) or broken[-1]:
        return None
    return int(len(broken) - broken[::-1].argmax()) if broken.any() else 0


def stays(holds: np.ndarray) -> bool:
    """Whether something holds in nearly all of the last fifth."""
    return bool(len(holds)) and last(holds).mean() >= LIMIT.nearly_all


def number(value: float) -> str:
    """Three digits, without an exponent where none is needed."""
    return f"{value:.3g}"


# --- how good it got -------------------------------------------------------------------------------------------------


def excess(story: Story) -> np.ndarray | None:
    """W1 over what counts as arrived: below 1 the cloud is as good as another sample, by floor or, on a target without
    one, by its first distance.
    """
    w1, floor = story.curve("w1"), story.curve("w1_floor")
    if w1 is None:
        return None
    bottom = middle(floor) if floor is not None else 0.0
    start = w1[np.isfinite(w1)][0]
    arrived = max(LIMIT.floors * bottom, LIMIT.of_start * start if not bottom > 0 else 0.0)
    return w1 / arrived if arrived > 0 else None


def far_off(story: Story) -> bool:
    """Whether the end is not near the floor, as far as anybody knows."""
    ratio = excess(story)
    return ratio is None or not middle(last(ratio)) <= 1


def holding(story: Story) -> np.ndarray | None:
    """Which modes or regions have at least a quarter of their share [T, K]; those due too few points to tell always
    have.
    """
    if story.shares is None or not len(story.shares):
        return None
    judged = story.weights * story.points >= LIMIT.expected
    return (story.shares >= LIMIT.quarter * story.weights) | ~judged if judged.sum() > 1 else None


def kept(story: Story) -> np.ndarray | None:
    """How many modes or regions have their points [T], by points or else as measured; where most points are on modes,
    no more than were found there.
    """
    held, found, quality = holding(story), story.curve("modes"), story.curve("high_quality")
    if held is None:
        return found
    count = held.sum(axis=1).astype(float)
    on_modes = found is not None and quality is not None and middle(last(quality)) >= LIMIT.on_modes
    return np.fmin(count, found) if on_modes and found is not None else count


def lost_for_good(story: Story) -> int:
    """How many particular modes or regions are empty in nearly all of the last fifth, or as many as are missing all
    along.
    """
    held, count = holding(story), kept(story)
    by_points = 0 if held is None else int(((~last(held)).mean(axis=0) >= LIMIT.nearly_all).sum())
    measured = 0 if count is None else int(len(story.weights) - np.nanmax(last(count), initial=0))
    return max(by_points, measured)


# --- the rules -------------------------------------------------------------------------------------------------------


def diverged(story: Story) -> Finding | None:
    """Numbers that are not finite, or beyond all bounds."""
    if story.alive == len(story.steps):
        return None
    return Finding(
        story.alive,
        f"first seen in this frame: a loss, parameter or point not finite or beyond {LIMIT.runaway:.0e}".replace(
            "e+06", "e6"
        ),
    )


def runaway_critic(story: Story) -> Finding | None:
    """A critic that claims a distance many times the real one, and claims ever more."""
    w1 = story.curve("w1")
    scale = max(float(np.nanmax(w1)) if w1 is not None else 0.0, story.size) or 1.0
    for name, claims in CLAIMS:
        values = story.curve(name)
        if values is None or len(values) < 4:
            continue
        sizes, least = np.abs(values), claims * scale
        if not np.isfinite(last(sizes)).any() or not np.isfinite(sizes[: 1 + part(sizes)]).any():
            continue
        start, end = float(np.nanmin(sizes[: 1 + part(sizes)])), float(np.nanpercentile(last(sizes), 75))
        if end > least and end > LIMIT.growth * start:
            beyond = int(np.argmax(sizes > least))
            return Finding(
                beyond, f"{SPOKEN[name]} from {number(start)} to {number(end)}, on a target of size {number(scale)}"
            )
    return None


def weight_saturation(story: Story) -> Finding | None:
    """Most of the critic's parameters at their bound."""
    shares = story.curve("weight_saturation")
    if shares is None or not stays(shares >= LIMIT.saturated):
        return None
    return Finding(
        since(shares >= LIMIT.saturated) or 0,
        f"{100 * middle(last(shares)):.0f} % of the critic's parameters at their bound",
    )


def exploding_layers(story: Story) -> Finding | None:
    """Gradients that grow by orders of magnitude on their way back through the critic."""
    return through_layers(story, lambda ratio: ratio >= LIMIT.layer_ratio, "times larger")


def vanishing_layers(story: Story) -> Finding | None:
    """Gradients that shrink by orders of magnitude on their way back through the critic."""
    return through_layers(story, lambda ratio: ratio <= 1 / LIMIT.layer_ratio, "times smaller")


def through_layers(story: Story, holds: Callable[[np.ndarray], np.ndarray], words: str) -> Finding | None:
    """Whether the first layer's gradient over the last one's is out of bounds at the end."""
    if story.layers is None or story.layers.shape[1] < 3 or not len(story.layers):
        return None
    first, final = story.layers[:, 0], story.layers[:, -1]
    known = np.isfinite(first) & np.isfinite(final) & (final > 0)
    ratio = np.divide(first, final, out=np.ones_like(first), where=known)
    beyond = known & holds(ratio)
    if not stays(beyond):
        return None
    times = middle(np.maximum(last(ratio), 1e-30))
    times = max(times, 1 / times)
    return Finding(
        since(beyond) or 0,
        f"gradient {times:.0e} {words} at the first of {story.layers.shape[1]} layers than at the last",
    )


def vanishing_gradient(story: Story) -> Finding | None:
    """A generator that is told nothing any more although it is far off."""
    sizes = story.curve("generator_gradient")
    if sizes is None or not far_off(story) or len(sizes) < 3 or not np.nanmax(sizes) > 0:
        return None
    largest, flat = np.nanmax(sizes), story.curve("score_saturation")
    gone = sizes <= LIMIT.gradient_left * largest
    if flat is not None:
        gone |= (flat >= LIMIT.flat) & (sizes <= LIMIT.gradient_faint * largest)
    if not stays(gone):
        return None
    left = middle(last(sizes)) / largest
    return Finding(
        since(gone) or 0, f"generator's gradient down to {left:.0e} of its largest while W1 is not near its floor"
    )


def mode_hopping(story: Story) -> Finding | None:
    """Few modes at a time, and every while other ones."""
    count = kept(story)
    if story.shares is None or count is None or len(count) < 6 or not story.has_modes:
        return None
    from_here = len(count) // 5
    hops = jumps(story.shares[from_here:])
    if (
        len(hops) < LIMIT.hops
        or hops[-1] < len(count[from_here:]) / 2
        or middle(count[from_here:]) > len(story.weights) / 2
    ):
        return None
    held = np.percentile(count[from_here:], [10, 90]).astype(int)
    return Finding(
        from_here + hops[0],
        f"{len(hops)} moves between {PLACES[story.has_modes]}, {ranged(*held)} of {len(story.weights)} held at a time",
    )


def jumps(shares: np.ndarray) -> list[int]:
    """Frames at which most of the mass is somewhere else than when last looked: shares [T, K]."""
    found, anchor = [], shares[0]
    for t, now in enumerate(shares):
        if np.abs(now - anchor).sum() / 2 >= LIMIT.moved:
            found.append(t)
            anchor = now
    return found


def mode_collapse(story: Story) -> Finding | None:
    """Modes without points, at the end and not being found, while most points are at others: a cloud that is nowhere
    near the target has not collapsed, and one that comes nearer with points still between the modes has not yet.
    """
    count, all_of_them = kept(story), len(story.weights)
    if count is None or all_of_them < 2 or len(count) < 2 or not far_off(story):
        return None
    few = count <= LIMIT.kept * all_of_them
    left = all_of_them - lost_for_good(story)
    if not stays(few) or being_found(count, all_of_them) or on_its_way(story) or left > LIMIT.kept * all_of_them:
        return None
    home = 1.0 if story.home is None else middle(last(story.home))
    if home < LIMIT.at_home or (home < LIMIT.settled and still_improving(story) is not None):
        return None
    what = "" if story.has_modes else f" {PLACES[False]}"
    return Finding(max(since(few) or 0, 1), f"{left} of {all_of_them}{what} kept")


def being_found(count: np.ndarray, all_of_them: int) -> bool:
    """Whether more modes have points in the last fifth than before; means, because a mode on the edge comes and goes."""
    then = before_last(count)
    return bool(len(then)) and float(np.mean(last(count)) - np.mean(then)) > max(0.5, 0.05 * all_of_them)


def on_its_way(story: Story) -> bool:
    """Whether most of the mass, or its middle by a part of the target's size, moves within the last fifth."""
    hops = story.shares is not None and bool(jumps(last(story.shares)))
    if story.centre is None or not len(story.centre):
        return hops
    low, high = np.percentile(last(story.centre), [25, 75], axis=0)  # halves, because a mean of few points is noisy
    return hops or bool((high - low > LIMIT.sway * story.size).any())


def oscillation(story: Story) -> Finding | None:
    """The same way up and down again and again, to the end."""
    if not far_off(story):
        return None
    found = [finding for values, least in swinging(story) if (finding := swings(values, least)) is not None]
    if not found:
        return None
    first, times, height = max(found, key=lambda one: one[1])
    return Finding(first, f"{times} swings of {number(height)}, not damped at the end")


def swinging(story: Story) -> list[tuple[np.ndarray, float]]:
    """The curves that may swing, each with the least swing that counts."""
    w1, floor = story.curve("w1"), story.curve("w1_floor")
    bottom = middle(floor) if floor is not None else 0.0
    curves = []
    if w1 is not None:
        late = w1[len(w1) // 5 :]
        curves.append(
            (w1, max(bottom, LIMIT.swing * float(np.nanmax(w1)), min(LIMIT.errors * roughness(late), middle(late))))
        )
    if story.centre is not None and len(story.centre):
        path = story.centre
        reach = float(np.nanmax(np.ptp(path, axis=0))) if len(path) else 0.0
        least = max(bottom, LIMIT.sway * story.size, LIMIT.swing * reach, LIMIT.errors * story.error)
        curves += [(path[:, 0], least), (path[:, 1], least)]
    return [(values, least) for values, least in curves if least > 0]


def swings(values: np.ndarray, least: float) -> tuple[int, int, float] | None:
    """Frame of the first turn, number of full swings and their height, where there are enough of them and they go
    on.
    """
    from_here = len(values) // 5
    turns = zigzag(values[from_here:], least)
    times = (len(turns) - 1) // 2
    if times < LIMIT.swings or turns[-1] < 0.6 * (len(values) - from_here):
        return None
    heights = np.abs(np.diff(values[from_here:][turns]))
    if middle(last(heights)) < LIMIT.undamped * middle(early(heights)):
        return None
    return from_here + turns[0], times, middle(heights)


def zigzag(values: np.ndarray, least: float) -> list[int]:
    """Turning points of a curve, neighbours at least `least` apart in height."""
    turns, low, high, direction = [], 0, 0, 0
    for t, value in enumerate(values):
        if not np.isfinite(value):
            continue
        low = t if direction <= 0 and not value >= values[low] else low
        high = t if direction >= 0 and not value <= values[high] else high
        if direction >= 0 and values[high] - value >= least:
            turns.append(high)
            low, direction = t, -1
        elif direction <= 0 and value - values[low] >= least:
            turns.append(low)
            high, direction = t, 1
    return turns


def converged(story: Story) -> Finding | None:
    """As near to the target as its own samples are to each other, and staying there."""
    ratio, w1, floor = excess(story), story.curve("w1"), story.curve("w1_floor")
    if ratio is None or w1 is None or not middle(last(ratio)) <= 1:
        return None
    end, bottom = middle(last(w1)), middle(floor) if floor is not None else 0.0
    began = since(ratio <= 1)
    words = f"W1 {number(end)}" + (f", {end / bottom:.2g} times its floor" if bottom > 0 else "")
    return Finding(len(ratio) - part(ratio) if began is None else began, words)


def still_improving(story: Story) -> Finding | None:
    """Not there yet, and getting there by more than the noise."""
    w1, floor = story.curve("w1"), story.curve("w1_floor")
    if w1 is None or len(w1) < 3:
        return None
    bottom = middle(floor) if floor is not None else 0.0
    now, then = middle(last(w1)), middle(before_last(w1))
    if not then - now > max(LIMIT.progress * (then - bottom), 2 * noise(last(w1))) or not now < middle(early(w1)):
        return None
    return Finding(len(w1) - part(w1), f"W1 fell from {number(then)} to {number(now)} over the last two fifths")


def ranged(low: int, high: int) -> str:
    """1–2, or 1."""
    return str(low) if low == high else f"{low}–{high}"


# --- tables ----------------------------------------------------------------------------------------------------------

THRESHOLDS: dict[str, tuple[float | int, str]] = {
    "runaway": (1e6, "float32 keeps one digit of a unit step there; the game gives a seed up at the same number"),
    "nearly_all": (0.8, "one frame in five may be an exception: frames are looks at a noisy process"),
    "floors": (
        1.7,
        "the floor's own spread is a quarter of it; well beyond half as much again the eye sees a difference",
    ),
    "of_start": (0.05, "a target without a floor (a point) is reached at a twentieth of the first distance"),
    "progress": (0.1, "a tenth of what is left, from one fifth of the run to the next, is worth waiting for"),
    "quarter": (
        0.25,
        "a mode with less than a quarter of its share is lost; 1000 fair points on 25 modes never have so few",
    ),
    "expected": (6, "with six points due, a mode has less than a quarter of them once in fifty looks by bad luck"),
    "on_modes": (0.5, "modes can only be counted as found or lost once most points are on modes"),
    "at_home": (0.5, "who stands between the modes or beside the target has not chosen among them"),
    "settled": (0.95, "who still comes nearer with more than this share at modes only moves within them"),
    "kept": (0.75, "7 of 8 or 24 of 25 modes is a blemish, 6 of 8 a collapse"),
    "regions": (12, "without modes, a dozen regions of real points stand for them: each holds some 80 of 1000 points"),
    "crowd": (40, "regions of fewer points than this would be lost by bad luck"),
    "moved": (0.6, "more mass elsewhere than at home: a shuffle inside one group of modes does not count"),
    "hops": (3, "the way from the start to a collapsed end is one or two moves; three are a habit"),
    "swing": (0.2, "a swing of a fifth of the curve's or the target's size is seen in the film; noise is a tenth"),
    "sway": (0.35, "mass that moves from one half of the target to the other moves its mean by a third of its size"),
    "errors": (6.0, "standard errors of a mean: differences of two independent means reach four in a film's length"),
    "swings": (3, "two ups and downs happen on the way; three are a rhythm"),
    "undamped": (0.4, "swings that shrink below this while we watch are dying out"),
    "claims": (
        30.0,
        "a 1-Lipschitz critic's loss is W1 at most; classifiers' losses are below ten times the target's size",
    ),
    "slopes": (
        1000.0,
        "a classifier between modes of width 0.02 is as steep as 100; nothing true is ten times steeper",
    ),
    "logits": (1000.0, "classifiers' scores reach some 100; beyond a thousand targets' sizes they mean nothing"),
    "growth": (10.0, "a critic that only warms up grows a few times"),
    "saturated": (0.5, "most of the parameters: what is learned is their signs (arXiv:1704.00028, Fig. 1b)"),
    "layer_ratio": (
        1e3,
        "three orders of magnitude: Adam's step at one end knows nothing of the other; healthy nets stay within 10",
    ),
    "gradient_left": (1e-3, "a sigmoid at score -7: what is left is below the noise of a batch"),
    "gradient_faint": (
        1e-2,
        "a sigmoid at score -4.6, where its loss is called flat: believed where points say so too",
    ),
    "flat": (0.9, "nearly every generated point where the generator's loss is flat, gradient below 0.01"),
}

LIMIT = SimpleNamespace(**{name: value for name, (value, _) in THRESHOLDS.items()})

CURVES = (
    "w1",
    "w1_floor",
    "modes",
    "high_quality",
    "critic_loss",
    "generator_loss",
    "generator_gradient",
    "score_saturation",
    "weight_saturation",
)

SPOKEN = {
    "critic_loss": "critic loss",
    "steepness": "the critic's steepness",
    "score_gap": "score gap of the two clouds",
    "score_range": "range of scores",
}
# the curves in which a critic may run away, and from how many times the target's size on
CLAIMS = (
    ("critic_loss", LIMIT.claims),
    ("steepness", LIMIT.slopes),
    ("score_gap", LIMIT.logits),
    ("score_range", LIMIT.logits),
)
PLACES = {True: "modes", False: "regions of the target"}

PREDICATES = {
    "diverged": "diverged",
    "runaway-critic": "had a critic that ran away",
    "weight-saturation": "had a critic pressed to its bound",
    "exploding-layers": "had gradients that explode on their way back through the critic",
    "vanishing-layers": "had gradients that vanish on their way back through the critic",
    "vanishing-gradient": "stopped learning for lack of a gradient",
    "mode-hopping": "hopped from mode to mode",
    "mode-collapse": "lost modes",
    "oscillation": "went on swinging",
    "converged": "converged",
    "still-improving": "ended while still improving",
}
SPLIT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.]*\w)")  # numbers, not those inside names

FAILURES = {"diverged", "runaway-critic", "vanishing-gradient", "mode-hopping", "mode-collapse", "oscillation"}

# label, rule, and the labels that explain it
RULES: list[tuple[str, Callable[[Story], Finding | None], set[str]]] = [
    ("diverged", diverged, set()),
    ("runaway-critic", runaway_critic, set()),
    ("weight-saturation", weight_saturation, set()),
    ("exploding-layers", exploding_layers, set()),
    ("vanishing-layers", vanishing_layers, set()),
    ("vanishing-gradient", vanishing_gradient, set()),
    ("mode-hopping", mode_hopping, {"diverged"}),
    ("mode-collapse", mode_collapse, {"diverged", "mode-hopping"}),
    ("oscillation", oscillation, {"diverged", "mode-hopping"}),
    ("converged", converged, FAILURES),
    ("still-improving", still_improving, FAILURES | {"converged"}),
]
