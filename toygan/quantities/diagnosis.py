"""What went wrong and when: labels with a step and the evidence in words, from a recording alone.

A rule sees one seed's curves (`Story`) and answers with a `Finding` or None. One more rule is one function and one row
of `RULES`; every threshold is in `thresholds`, with its reason. What a recording does not hold, no rule asks for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from toygan.files import text
from toygan.files.disk import Arrays
from toygan.quantities.evidence import KnownFloors, Story, last, lasting, middle, part, story_of
from toygan.quantities.rhythm import period
from toygan.quantities.table import label_of
from toygan.quantities.thresholds import LIMIT


class Event(NamedTuple):
    """One diagnosis: when it began, for which seed, what it is called, and its evidence: words with {} for each number."""

    step: int
    seed: int
    label: str
    words: str
    numbers: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        return self.words.format(*map(in_print, self.numbers)) if self.numbers else self.words


class Finding(NamedTuple):
    """A rule's answer: the frame at which it began, and the evidence: words with {} for each number."""

    frame: int
    words: str
    numbers: tuple[str, ...] = ()


# --- all labels of a run ---------------------------------------------------------------------------------------------


def events_of(seeds: Sequence[int], frames: Arrays, metrics: Arrays, floors: KnownFloors) -> list[Event]:
    """Every event of every seed, the earliest first, from a recording's arrays. Copes with whatever it lacks."""
    events = []
    for s, seed in enumerate(seeds):
        story = story_of(frames, metrics, floors, s)
        events += [Event(int(story.steps[one.frame]), seed, label, *one[1:]) for label, one in findings(story).items()]
    return sorted(events)


def findings(story: Story) -> dict[str, Finding]:
    """The labels of one seed; a label is left out where another one explains it."""
    found: dict[str, Finding] = {}
    for label, _, rule, unless in RULES:
        if not found.keys() & unless and (finding := rule(story)) is not None:
            found[label] = finding
    return found


def rates(events: Sequence[Event], seeds: Sequence[int]) -> dict[str, float]:
    """The share of seeds with each label, labels in the order of the rules."""
    having = Counter(label for label, _ in {(event.label, event.seed) for event in events})
    return {label: having[label] / len(seeds) for label, *_ in RULES if having[label]}


def sentences(events: Sequence[Event], seeds: Sequence[int]) -> list[str]:
    """One honest sentence for each group of seeds: "3 of 4 seeds kept too few modes (2–5 of 8 kept), first at step 400."."""
    said = []
    for label, predicate, *_ in RULES:
        group = [event for event in events if event.label == label]
        if group:
            when = f"{'first ' * (len(group) > 1)}at step {min(group).step}"
            said.append(f"{count(len(group), len(seeds))} {predicate} ({spread(group)}), {when}.")
    silent = len(set(seeds) - {event.seed for event in events})
    if silent:
        said.append(f"{count(silent, len(seeds))} ended neither converged nor in a failure known here.")
    return said


def count(some: int, all_of_them: int) -> str:
    """3 of 4 seeds."""
    return "The only seed" if some == all_of_them == 1 else f"{some} of {all_of_them} seeds"


def spread(group: Sequence[Event]) -> str:
    """The evidence of all where it differs only in numbers, each as the range it spans; else the first one's."""
    words = group[0].words
    if any(event.words != words for event in group):
        return f"{group[0].evidence}, and {len(group) - 1} more"
    spans = [sorted(set(values), key=float) for values in zip(*(event.numbers for event in group), strict=True)]
    return words.format(*("–".join(map(in_print, dict.fromkeys((span[0], span[-1])))) for span in spans))


def in_print(told: str) -> str:
    """A number as it is written everywhere: a true minus sign, a raised power of ten."""
    return text.number(float(told)) if "e" in told else told.replace("-", "\N{MINUS SIGN}")


def numbers(*values: float) -> tuple[str, ...]:
    """Each with three digits, without an exponent where none is needed."""
    return tuple(f"{value:.3g}" for value in values)


# --- the rules -------------------------------------------------------------------------------------------------------


def diverged(story: Story) -> Finding | None:
    """Numbers that are not finite, or beyond all bounds."""
    if story.alive == len(story.steps):
        return None
    bound = text.number(LIMIT.runaway)
    return Finding(story.alive, f"first seen in this frame: a loss, parameter or point not finite or beyond {bound}")


def runaway_critic(story: Story) -> Finding | None:
    """A critic that claims a distance many times the real one, and claims ever more."""
    w1 = story.curve("w1")
    scale = max(float(np.nanmax(w1)) if w1 is not None else 0.0, story.size) or 1.0
    for name, claims, words in CLAIMS:
        values = story.curve(name)
        if values is None or len(values) < 4:
            continue
        sizes = np.abs(values)
        least = (LIMIT.growing if name == "critic_loss" and still_grows(sizes) else claims) * scale
        start, end = float(np.fmin.reduce(sizes[: 1 + part(sizes)])), middle(last(sizes))
        if end > least and end > LIMIT.growth * start:
            beyond = int(np.argmax(sizes > least))
            return Finding(beyond, words + " from {} to {}, on a target of size {}", numbers(start, end, scale))
    return None


def still_grows(sizes: np.ndarray) -> bool:
    """Whether a curve [T] is higher in its last fifth than in its middle one, and there than early, each by half."""
    third = middle(sizes[2 * part(sizes) : 3 * part(sizes)])
    return middle(last(sizes)) > LIMIT.grows * third > LIMIT.grows**2 * middle(early(sizes))


def swapped_critic(story: Story) -> Finding | None:
    """A critic that holds generated points for the real ones, and a cloud that it drives away."""
    lead, w1 = story.curve("lead", "critic_value"), story.curve("w1")  # from its scores, or as measured
    if lead is None or w1 is None or len(lead) < 5 or not story.far_off():
        return None
    below, scores = lead < 0, story.curve("score_range")
    swapped = stays(below) and before_last(below).mean() >= LIMIT.nearly_all
    least = 0.0 if scores is None else LIMIT.swing * middle(last(scores))
    if not (swapped and middle(last(w1)) > w1[0] and middle(np.abs(last(lead))) > least) or still_improving(story):
        return None
    words = "scores generated points {} above real ones, W1 from {} to {}"
    return Finding(since(below), words, numbers(-middle(last(lead)), w1[0], middle(last(w1))))


def runaway_generator(story: Story) -> Finding | None:
    """A cloud that is far beyond the target, and farther from it than it started."""
    w1 = story.curve("w1")
    if w1 is None or len(w1) < 3 or not story.far_off():
        return None
    away, told = w1 > LIMIT.astride * max(story.size, w1[0]), numbers(w1[0], middle(last(w1)), story.size)
    return Finding(since(away), "W1 from {} to {}, on a target of size {}", told) if stays(away) else None


def weight_saturation(story: Story) -> Finding | None:
    """Most of the critic's parameters at their bound."""
    shares = story.curve("weight_saturation")
    if shares is None or not stays(shares >= LIMIT.saturated):
        return None
    share = f"{100 * middle(last(shares)):.0f}"
    return Finding(since(shares >= LIMIT.saturated), "{} % of the critic's parameters at their bound", (share,))


def exploding_layers(story: Story) -> Finding | None:
    """Gradients that grow by orders of magnitude on their way back through the critic."""
    return through_layers(story, lambda ratio: ratio >= LIMIT.layer_ratio, "times larger")


def vanishing_layers(story: Story) -> Finding | None:
    """Gradients that shrink by orders of magnitude on their way back through the critic."""
    return through_layers(story, lambda ratio: ratio <= 1 / LIMIT.layer_ratio, "times smaller")


def through_layers(story: Story, holds: Callable[[np.ndarray], np.ndarray], words: str) -> Finding | None:
    """Whether the first layer's gradient over the last one's is out of bounds at the end; for a seed that is lost, in the
    last look at it that has numbers, which is later than the untrained net's.
    """
    if story.layers is None or story.layers.shape[1] < 3 or not len(story.layers):
        return None
    first, final = story.layers[:, 0], story.layers[:, -1]
    known = np.isfinite(first) & np.isfinite(final) & (final > 0)
    ratio = np.divide(first, final, out=np.ones_like(first), where=known)
    beyond = known & holds(ratio)
    lost, looks = story.alive < len(story.steps), np.flatnonzero(known)
    end = looks[-1] + 1 if lost and len(looks) else story.alive  # the look that saw the loss may still have gradients
    told = stays(beyond[: story.alive]) and not (lost and story.alive < 2)  # an untrained net tells nothing
    told |= lost and end > 1 and bool(beyond[end - 1]) and is_built(ratio[end - 1], story.layers.shape[1])
    if not told:
        return None
    began = since(beyond[:end])
    times, layers = ratio[end - 1] if lost else middle(last(ratio)), str(story.layers.shape[1])
    when, where = ", in the last look before the seed was lost" * lost, "at the first of {} layers"
    if not times:
        return Finding(began, f"none {where}{when}", (layers,))
    more = f"{max(times, 1 / times):.0e}"
    return Finding(began, f"gradient {{}} {words} {where} than at the last{when}", (more, layers))


def is_built(ratio: float, layers: int) -> bool:
    """Whether many layers made a ratio, and not the last moments of a net whose weights have left all bounds."""
    return bool(ratio > 0 and abs(np.log(ratio)) <= (layers - 1) * np.log(LIMIT.a_layer))


def vanishing_gradient(story: Story) -> Finding | None:
    """A generator that is told nothing any more although it is far off and comes no nearer."""
    sizes = story.curve("generator_gradient")
    if sizes is None or not story.far_off() or len(sizes) < 3 or still_improving(story):
        return None
    largest, flat = largest_but_for_a_spike(sizes), story.curve("score_saturation")
    if not largest > 0:
        return None
    gone = sizes <= LIMIT.gradient_left * largest
    if flat is not None:
        gone |= (flat >= LIMIT.flat) & (sizes <= LIMIT.gradient_faint * largest)
    left = f"{middle(last(sizes)) / largest:.0e}"
    words = "generator's gradient down to {} of its largest while W1 is not near its floor"
    return Finding(since(gone), words, (left,)) if stays(gone) else None


def largest_but_for_a_spike(sizes: np.ndarray) -> float:
    """The second largest of a curve [T], or the first if that is larger: one frame alone proves nothing."""
    known = sizes[np.isfinite(sizes)]
    return float(max(known[0], np.sort(known)[-2:][0])) if len(known) else 0.0


def mode_hopping(story: Story) -> Finding | None:
    """Few modes at a time, with points on them, and every while other ones; not a cloud of the target's shape that is
    carried around.
    """
    count = story.kept()
    if story.shares is None or story.carried is None or count is None or len(count) < 6 or not story.has_modes:
        return None
    later, half = len(count) // 5, len(story.weights) / 2
    hops, few = jumps(story.shares[later:]), middle(count[later:]) <= half and middle(story.carried[later:]) <= half
    if not (few and on_modes(story, later)) or len(hops) < LIMIT.hops or hops[-1] < (len(count) - later) / 2:
        return None
    held = [str(int(few)) for few in dict.fromkeys(np.percentile(count[later:], [10, 90]).astype(int))]
    words = f"{{}} moves between modes, {'–'.join(['{}'] * len(held))} of {{}} held {SHARE} at a time"
    moves = jumps(story.shares)  # from the very start, where the first look may be one that no move is far from
    first = first_of_chain(moves if len(moves) >= LIMIT.hops else [later + hop for hop in hops])
    return Finding(first, words, (str(len(hops)), *held, str(len(story.weights))))


def on_modes(story: Story, later: int) -> bool:
    """Whether at most times from a frame on most points are near modes, and a part of them on modes."""
    quality = story.curve("high_quality")
    near = story.home is None or middle(story.home[later:]) >= LIMIT.at_home
    return near and (quality is None or middle(quality[later:]) >= LIMIT.perched)


def first_of_chain(moves: Sequence[int]) -> int:
    """The first of several frames after which no pause is far longer than most: what came before was something else."""
    gaps = np.diff(moves)
    far = np.flatnonzero(gaps > LIMIT.pause * np.median(gaps))
    return int(moves[far[-1] + 1 if len(far) and far[-1] + LIMIT.hops < len(moves) else 0])


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
    count, all_of_them = story.kept(), len(story.weights)
    if count is None or all_of_them < 2 or len(count) < 2 or not story.far_off():
        return None
    few = count <= LIMIT.kept * all_of_them
    left = min(all_of_them - int(story.gone_for_good().sum()), int(np.nanmax(last(count), initial=0)))
    if not stays(few) or being_found(count, all_of_them) or on_its_way(story) or left > LIMIT.kept * all_of_them:
        return None
    home = 1.0 if story.home is None else middle(last(story.home))
    if home < LIMIT.at_home or (home < LIMIT.settled and still_improving(story)):
        return None
    return collapse(story, few, left)


def collapse(story: Story, few: np.ndarray, left: int) -> Finding:
    """A collapse with its date: when the modes that are gone began to empty or, if never found, most points were at others."""
    what = "" if story.has_modes else " regions of the target"
    words, told, at = f"{{}} of {{}}{what} kept {SHARE}", [str(left), str(len(story.weights))], since(few)
    found = story.curve("modes")
    if story.shares is not None and found is not None and story.has_modes:
        words, told = words + ", {} had a point within 3 sigma", [*told, f"{middle(last(found)):.0f}"]
    emptied = story.emptied_from(at)
    if emptied is not None or story.home is None:
        return Finding(max(at if emptied is None else emptied, 1), words, tuple(told))
    settled = since(few & (story.home >= LIMIT.at_home))
    words += ", the others never half of theirs" * (bool(story.gone_for_good().any()) and at < 2)
    return Finding(max(at, settled, 1), words, tuple(told))


def shrunk(story: Story) -> Finding | None:
    """A cloud far narrower than a target that is all in one place, far off and coming no nearer."""
    if story.width is None or len(story.weights) > 1 or not story.far_off() or still_improving(story):
        return None
    narrow = story.width <= LIMIT.narrow
    if len(narrow) < 3 or not stays(narrow):
        return None
    return Finding(max(since(narrow), 1), "{} times as wide as the target", numbers(middle(last(story.width))))


def being_found(count: np.ndarray, all_of_them: int) -> bool:
    """Whether more modes have points at the end of the last fifth than at its start, or in it than before where it is
    short; means, because a mode on the edge comes and goes.
    """
    late, half = last(count), len(last(count)) // 2
    then, now = (late[:half], late[-half:]) if half > 1 else (before_last(count), late)
    return bool(len(then)) and float(np.mean(now) - np.mean(then)) > max(0.5, 0.05 * all_of_them)


def on_its_way(story: Story) -> bool:
    """Whether most of the mass, or its middle by a part of the target's size, moves within the last fifth."""
    hops = story.shares is not None and bool(jumps(last(story.shares)))
    if story.centre is None or not len(story.centre):
        return hops
    low, high = np.percentile(last(story.centre), [25, 75], axis=0)  # halves, because a mean of few points is noisy
    return hops or bool((high - low > LIMIT.sway * story.size).any())


def oscillation(story: Story) -> Finding | None:
    """The same way up and down again and again, to the end."""
    if not story.far_off():
        return None
    found = [finding for values, least in swinging(story) if (finding := swings(values, least)) is not None]
    if not found:
        return None
    first, times, height = max(found, key=lambda one: one[1])
    return Finding(first, "{} swings of {}, not damped at the end", (str(times), *numbers(height)))


def swinging(story: Story) -> list[tuple[np.ndarray, float]]:
    """The curves that may swing, each with the least swing that counts."""
    w1 = story.curve("w1")
    curves = [] if w1 is None else [(w1, max(story.floor, LIMIT.swing * float(np.nanmax(w1))))]
    if story.centre is not None and len(story.centre):
        path = story.centre
        reach = max(float(np.ptp(level(path[len(path) // 5 :, axis]))) for axis in (0, 1))
        least = max(story.floor, LIMIT.sway * story.size, LIMIT.swing * reach, LIMIT.errors * story.error)
        curves += [(path[:, 0], least), (path[:, 1], least)]
    return [(values, least) for values, least in curves if least > 0]


def swings(values: np.ndarray, least: float) -> tuple[int, int, float] | None:
    """Frame of the first swing, number and height of full ones, where there are enough, in a rhythm, and they go on."""
    later = level(values[len(values) // 5 :])
    turns = zigzag(later, least)
    times = (len(turns) - 1) // 2
    if times < LIMIT.swings or turns[-1] < 0.6 * len(later):
        return None
    if np.isnan(period(np.arange(len(later)), later, LIMIT.chance / CURVES_THAT_SWING)):
        return None
    heights = np.abs(np.diff(later[turns]))
    if middle(last(heights)) < LIMIT.undamped * middle(early(heights)):
        return None
    every = zigzag(values, least)  # the first turn may lie anywhere in a level stretch before the first swing
    if len(every) < len(turns):
        every = zigzag(level(values, len(values) // 5), least)
    return int(max(every[0], every[1] - np.median(np.diff(every)))), times, middle(heights)


def level(values: np.ndarray, start: int = 0) -> np.ndarray:
    """A curve [T] less the straight line through it from a frame on: swings of what drifts are swings too."""
    times = np.arange(len(values))
    known = np.isfinite(values) & (times >= start)
    if known.sum() < 3:
        return values
    line = np.polynomial.Polynomial.fit(times[known], values[known], 1)
    return np.asarray(values - line(times) + values[known].mean())


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
    """As near to the target as perfect samplers are, in all that is measured, and staying there; the numbers
    are those of the frame named.
    """
    there, w1 = story.arrived(), story.curve("w1")
    if there is None or w1 is None or (began := lasting(there)) is None:
        return None
    words, told, count = ["W1 {}"], [*numbers(w1[began])], story.kept()
    if story.floor > 0:
        words, told = [*words, "{} times its floor"], [*told, f"{w1[began] / story.floor:.2g}"]
        if count is not None and story.has_modes:
            words, told = [*words, "{} of {} modes"], [*told, f"{count[began]:.0f}", str(len(story.weights))]
        words += [f"{label_of(name)} {{}}\N{NO-BREAK SPACE}%" for name in story.qualities()]
        told += numbers(*(100 * values[began] for values in story.qualities().values()))
    return Finding(began, ", ".join(words), tuple(told))


def still_improving(story: Story) -> Finding | None:
    """Not there yet, and getting there by more than the noise: in W1 or, where that is near its floor, in shares of points
    on modes and curves.
    """
    w1 = story.curve("w1")
    if w1 is None or len(w1) < 3:
        return None
    if falls(w1, story.floor):
        then, now = middle(before_last(w1)), middle(last(w1))
        return Finding(len(w1) - part(w1), "W1 fell from {} to {} over the last two fifths", numbers(then, now))
    if story.far_off():
        return None
    for name, values in story.qualities().items():
        good, then, now = (1 - LIMIT.astray) * story.ceilings[name], middle(before_last(values)), middle(last(values))
        if now < good and falls(-values, -good):
            words = f"{label_of(name)} rose from {{}} to {{}}\N{NO-BREAK SPACE}% over the last two fifths, W1 near its floor"
            return Finding(len(w1) - part(w1), words, numbers(100 * then, 100 * now))
    return None


def falls(values: np.ndarray, bottom: float) -> bool:
    """Whether a curve [T] fell in its last fifth by a part of what was left above the bottom, and by more than noise."""
    now, then, frames = middle(last(values)), middle(before_last(values)), part(values)
    error = noise(last(values)) if frames != 2 else bends(values[-3 * frames :]) / frames**0.5
    far = then - now > max(LIMIT.progress * (then - bottom), 2 * error)
    return bool(far and now < middle(early(values)))


def bends(values: np.ndarray) -> float:
    """The noise of one frame's value, from how far each lies from the middle of its neighbours: for stretches so short that
    a trend would pass for noise, or one difference for none.
    """
    second = np.abs(np.diff(values[np.isfinite(values)], 2))
    return float(np.median(second) / NORMAL_BEND) if len(second) else 0.0


def before_last(values: np.ndarray) -> np.ndarray:
    """The fifth before the last one; empty where there is no room for it."""
    return values[: -part(values)][-part(values) :]


def early(values: np.ndarray) -> np.ndarray:
    """The first fifth of the frames, without the untrained one where others are there."""
    return values[1 : 1 + part(values)] if len(values) > 1 else values


def noise(values: np.ndarray) -> float:
    """Standard error of the median of a flat stretch, from its frame-to-frame differences; 0 for too few."""
    steps = np.abs(np.diff(values[np.isfinite(values)]))
    return float(1.25 * np.median(steps) / 0.954 / np.sqrt(len(steps) + 1)) if len(steps) > 1 else 0.0


def since(holds: np.ndarray) -> int:
    """The first frame of the last unbroken stretch that reaches the end, single exceptions inside it forgiven; 0 for none."""
    if not len(holds) or not holds[-1]:
        holds = holds[:-1]  # the very last frame may be an exception too
    broken = ~holds
    broken[1:-1] &= ~(holds[:-2] & holds[2:])
    after = int(max(np.flatnonzero(broken) + 1, default=0))
    return after if after < len(holds) else 0


def stays(holds: np.ndarray) -> bool:
    """Whether something holds in nearly all of the last fifth."""
    return bool(len(holds)) and last(holds).mean() >= LIMIT.nearly_all


# --- tables ----------------------------------------------------------------------------------------------------------


NORMAL_BEND = 0.6745 * 6**0.5  # the median of |x - 2 y + z| for three independent normal numbers
SHARE = "a quarter of their share"  # LIMIT.quarter in words: the rule by which every label counts modes
# the curves in which a critic may run away, from how many times the target's size on, and in words
CLAIMS = (
    ("critic_loss", LIMIT.claims, "critic loss"),
    ("steepness", LIMIT.slopes, "the critic's steepness"),
    ("score_gap", LIMIT.logits, "score gap of the two clouds"),
    ("score_range", LIMIT.logits, "range of scores"),
)

FAILURES = {"diverged", "runaway-critic", "swapped-critic", "runaway-generator", "vanishing-gradient", "mode-hopping",
            "mode-collapse", "oscillation", "shrunk"}  # fmt: skip
AWAY = {"swapped-critic", "runaway-generator"}
LED_AWAY = {"diverged", "swapped-critic"}
CURVES_THAT_SWING = 3  # W1 and the two coordinates of the cloud's middle: the chance of each is a third of all
STUCK = AWAY | {"runaway-critic", "vanishing-gradient"}  # they explain what became of a cloud that they left

# label, what a seed with it did, rule, and the labels that explain it
RULES: list[tuple[str, str, Callable[[Story], Finding | None], set[str]]] = [
    ("diverged", "diverged", diverged, set()),
    ("runaway-critic", "had a critic that ran away", runaway_critic, set()),
    ("swapped-critic", "had a critic that took generated points for real ones", swapped_critic, {"diverged"}),
    ("runaway-generator", "had a generator that left the target behind", runaway_generator, LED_AWAY),
    ("weight-saturation", "had a critic pressed to its bound", weight_saturation, set()),
    ("exploding-layers", "had gradients that explode on their way back through the critic", exploding_layers, set()),
    ("vanishing-layers", "had gradients that vanish on their way back through the critic", vanishing_layers, set()),
    ("vanishing-gradient", "stopped learning for lack of a gradient", vanishing_gradient, AWAY),
    ("mode-hopping", "hopped from mode to mode", mode_hopping, {"diverged"} | AWAY),
    ("mode-collapse", "kept too few modes", mode_collapse, {"diverged", "mode-hopping"} | STUCK),
    ("oscillation", "went on swinging", oscillation, {"diverged", "mode-hopping"} | AWAY),
    ("shrunk", "shrank", shrunk, FAILURES),
    ("converged", "converged", converged, FAILURES),
    ("still-improving", "ended while still improving", still_improving, FAILURES | {"converged"}),
]
