"""What clouds are held against, whoever makes them: a target's watched points, a window, what perfect samplers score there.

Games that toygan plays and training loops that it only records stand on the same ground.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from toygan.files import cache
from toygan.files.config import View
from toygan.files.disk import plain
from toygan.files.own import is_own
from toygan.files.own_parts import Measure
from toygan.files.shipped import shipped_folder
from toygan.game.streams import stream
from toygan.quantities import measure
from toygan.quantities.kinds import Classes, Kinds
from toygan.quantities.optimal import OPTIMA, Axes, Known, Told, indifferent_score, known_optimum
from toygan.quantities.table import N_W1, QUANTITIES, Floor
from toygan.quantities.transport import w1
from toygan.targets.target import MANY, Batch, Target

GRID, ARROWS = 81, 21  # points a side of the grids of scores and of slopes
PERFECT = 40  # samplers behind a floor: .7 s for a frame's, 3.5 s for those of the end, shipped or kept for later runs
FILE = "floors.json"  # those shipped, each known by the very points that decide it: nobody is told another target's

Floors = dict[str, dict[str, Any]]
# "of", whose it is; "floors", as in run.json; "two", what the first two samplers score on average
KeptFloor = dict[str, Any]
FLOOR = ("mean", "spread", "low", "high", "draws")  # as it stands in `run.json`


class Ground(NamedTuple):
    """A target with what stays fixed while clouds are held against it: the scenario's seed, watched points `real [N, 2]`
    and `many_real [at most MANY, 2]`, and the axes of the grids of scores and of slopes.
    """

    target: Target
    seed: int
    real: np.ndarray
    many_real: np.ndarray
    score_axes: Axes
    slope_axes: Axes


def watched_points(target: Target, seed: int, n: int, place: int) -> np.ndarray:
    """Target points to compare with [n, 2], the same for every seed; no game is trained on them."""
    return watched_batch(target, seed, n, place).points


def watched_batch(target: Target, seed: int, n: int, place: int) -> Batch:
    """The same points with their classes, where the target has any."""
    return target.batch(stream(seed, 0, "watched real", place), n)


def many_points(target: Target, seed: int) -> np.ndarray:
    """All points of a target that is a list, else MANY draws [MANY, 2], the same for all: its shares to sqrt(share / MANY)."""
    everything = target.points
    return target.sample(stream(seed, 0, "many real"), MANY) if everything is None else everything


def perfect_batch(target: Target, seed: int, n: int, k: int) -> Batch:
    """The k-th independent sample of the target [n, 2], for noise floors, with its classes where the target has any."""
    return target.batch(stream(seed, 0, "floor", k), n)


def ground_of(target: Target, seed: int, n: int, view: View) -> Ground:
    """The ground of clouds of n points on a target, seen through a window."""
    real, many = watched_points(target, seed, n, 0), many_points(target, seed)
    axes = [(np.linspace(*view.x, side), np.linspace(*view.y, side)) for side in (GRID, ARROWS)]
    return Ground(target, seed, real, many, *axes)


def curve_of(target: Target) -> measure.Curve | None:
    """The target's skeleton, where it has one."""
    return None if target.skeleton is None else measure.Curve(target.skeleton, target.radius)


def against_on(
    ground: Ground, real: np.ndarray | None = None, n_w1: int = N_W1, when: measure.When = "frame"
) -> measure.Against:
    """What clouds are held against, on a ground: its watched points, or other ones [n, 2]."""
    target = ground.target
    held = ground.real if real is None else real
    return measure.Against(held, target.modes, curve_of(target), n_w1, when, ground.many_real)


# --- the optimal critic on it ------------------------------------------------------------------------------------------


def known_on(
    ground: Ground, kind: str, options: Mapping[str, Any], told: Told, std: float | None = None, noise: float = 0.0
) -> Known | None:
    """What is known of an objective's optimal critic, arguments as in `known_optimum`; None where nothing is."""
    target = ground.target
    known = known_optimum(kind, ground.real, *ground.score_axes, target.log_density, std, options, noise, N_W1, told)
    part = target.density_of if known and known.log_p is not None else ""
    return known._replace(how=f"{known.how}; the target by {part}") if known and part else known


def optimum_told(
    kind: str, options: Mapping[str, Any], critic: str | None, optimum: Known | None, against: str = ""
) -> dict[str, Any]:
    """How an objective's optimal critic was found, `against` which points, what decides it and what of it is drawn, where
    it is known; and the score at which the objective's critic cannot tell, its `boundary`, where there is one.
    """
    score = indifferent_score(kind, options, critic)
    boundary = {} if score is None else {"boundary": score}
    if optimum is None:
        return boundary
    row = OPTIMA[optimum.kind]
    how = f"{optimum.how}{against}; of the objective alone, whatever the constraint"
    return boundary | {"optimal": {"how": how, "kind": row.source} | ({"drawn": row.drawn} if row.drawn else {})}


# --- clouds on it ------------------------------------------------------------------------------------------------------


def best_on(ground: Ground, clouds: Sequence[measure.Seen]) -> np.ndarray:
    """The objective's optimal critic against what each cloud's critic is shown [P, g, g]; NaN where it is not known."""
    unknown = np.full([len(axis) for axis in ground.score_axes[::-1]], np.nan)
    scores = [cloud["best"].on_grid() if cloud["best"] else unknown for cloud in clouds]
    with np.errstate(over="ignore"):  # an endless score is drawn as such
        return np.stack(scores).astype(np.float32)


def own_measures(own: Mapping[str, Measure], clouds: np.ndarray, real: np.ndarray) -> dict[str, np.ndarray]:
    """The user's own measures of clouds [S, n, 2] against real points: [S] each; NaN for a cloud that is lost."""
    return {
        name: np.array([of(points, real) if np.isfinite(points).all() else np.nan for points in clouds])
        for name, of in own.items()
    }


class Perfect(NamedTuple):
    """Perfect samplers of a ground's target beside target points `real [n, 2]`, of which n_w1 are moved, at a look or at the
    end; where real points have classes `due [n]`, the samplers' points have their own, and where several generators make
    them, `makers [n]`, each of these is perfect.
    """

    ground: Ground
    real: np.ndarray
    n_w1: int
    when: measure.When
    due: np.ndarray | None = None
    makers: np.ndarray | None = None


def draw_of(perfect: Perfect, k: int) -> Batch:
    """What the k-th of the samplers draws."""
    return perfect_batch(perfect.ground.target, perfect.ground.seed, len(perfect.real), k)


def floors_of(perfect: Perfect, draws: int = PERFECT) -> dict[str, Floor]:
    """What so many of the samplers score in every measure of clouds."""
    due = perfect.due

    def kinds(k: int) -> Kinds:
        own = None if due is None else draw_of(perfect, k).labels
        return Kinds(None if own is None or due is None else Classes(own, due), perfect.makers)

    held = against_on(perfect.ground, perfect.real, perfect.n_w1, perfect.when)
    return measure.floors(lambda k: draw_of(perfect, k).points, held, draws, kinds)


def address_of(perfect: Perfect) -> str:
    """A fingerprint of all that decides the floors but formulas: real points, samplers, how they are seen, what is measured."""
    curve, modes = curve_of(perfect.ground.target) or (), perfect.ground.target.modes or ()
    drawn = [draw_of(perfect, k) for k in (0, PERFECT - 1)]
    seen = [one.points for one in drawn] + [one.labels for one in drawn if perfect.due is not None]
    held = (perfect.real, perfect.ground.many_real, perfect.due, perfect.makers)
    names = [name for name, row in QUANTITIES.items() if row.source == "cloud"]
    return fingerprint(*held, *seen, *modes, *curve, *names, perfect.n_w1, perfect.when, PERFECT)


def target_told(target: Mapping[str, Any], drawn_from: Mapping[str, str]) -> list[Any]:
    """What decides a target's points, from its table and the digests of what it is drawn from: of a file not where it lies."""
    path = None if is_own(target.get("kind")) else target.get("path")
    return [
        {key: value for key, value in target.items() if key != "path" or not path},
        {"its points" if name == path else name: digest for name, digest in drawn_from.items()},
    ]


def floors_on(perfect: Perfect, about: Sequence[Any], own: Mapping[str, Measure] = {}) -> Floors:
    """What perfect samplers score in every measure of clouds: mean, spread, the ends of the band that holds 90 % of them, and
    how many were drawn. Those of shipped scenarios are shipped; runs on one target, which is what is told `about` it, share
    them, here and elsewhere. Of the user's own measures too.
    """
    due, makers = perfect.due, perfect.makers
    about = [*about, *([] if due is None else ["classes"])]
    about += [] if makers is None else ["makers", fingerprint(makers)]

    def made() -> Floors:
        found = floors_of(perfect)
        if own:
            clouds = np.stack([draw_of(perfect, k).points for k in range(PERFECT)])
            scores = own_measures(own, clouds, perfect.real)
            found |= {name: measure.floor_of(of_all) for name, of_all in scores.items()}
        return {name: as_told(floor) for name, floor in found.items()}

    shipped = None if own else known_floors(address_of(perfect))
    place = [*about, perfect.ground.seed, len(perfect.real), perfect.n_w1, perfect.when, PERFECT]
    return shipped or cache.kept("floors", place, made)


def as_told(floor: Floor) -> dict[str, Any]:
    """A floor as it stands in `run.json`."""
    return dict(zip(FLOOR, map(plain, floor), strict=True))


def floor_between(source: Target, seed: int, about: Sequence[Any], real: np.ndarray | None, n: int) -> dict[str, Any]:
    """What perfect samplers score in W1 of n points against real ones [m, 2], or without any against fresh ones each."""

    def made() -> dict[str, Any]:
        pairs = ((source.sample(stream(seed, 0, "other floor", k), n), k) for k in range(PERFECT))
        return as_told(measure.floor_of(np.array([w1(one, held_against(k)[:n]) for one, k in pairs])))

    def held_against(k: int) -> np.ndarray:
        return source.sample(stream(seed, 0, "other real", k), n) if real is None else real

    return cache.kept("floors", [*about, seed, "fresh" if real is None else len(real), n, "between", PERFECT], made)


def fixed_on(ground: Ground, steps: Sequence[int]) -> dict[str, np.ndarray]:
    """What does not change from frame to frame: steps, target points, axes and, where there are any, modes."""
    arrays = {"step": np.array(steps), "real": ground.real.astype(np.float32)}
    arrays |= dict(zip(("grid_x", "grid_y"), ground.score_axes, strict=True))
    arrays |= dict(zip(("slope_x", "slope_y"), ground.slope_axes, strict=True))
    modes = ground.target.modes or ()
    return arrays | dict(zip(("mode_centres", "mode_covariances", "mode_weights"), modes, strict=False))


def summed_up(
    ground: Ground,
    seeds: Sequence[int],
    final: np.ndarray,
    real: np.ndarray,
    n_w1: int,
    frames: Mapping[str, np.ndarray],
    last: Mapping[str, np.ndarray],
    kinds: Sequence[Kinds] = (),
) -> dict[str, Any]:
    """The final measures of every seed, of points `final [S, n, 2]` against `real [n, 2]`, more than a frame has; `last`,
    [S] each, is what else is known of the end; the first of the frames at which a seed was seen to have diverged. Means
    are over the seeds that had not.
    """
    modes, held = ground.target.modes, against_on(ground, real, n_w1, "final")
    found = measure.measure_frame(final, held, kinds=kinds) | dict(last)
    alive = np.asarray(~frames["diverged"].any(axis=0))
    rows = [
        {"seed": seed}
        | {name: plain(values[s]) if alive[s] else None for name, values in found.items()}
        | {"diverged_at": first_step(frames["step"], frames["diverged"][:, s])}
        for s, seed in enumerate(seeds)
    ]
    return {
        "points": final.shape[1],
        "w1_points": n_w1,
        "critic_points": min(N_W1, len(ground.real)),
        "seeds": rows,
        "mean": {name: plain(values[alive].mean()) if alive.any() else None for name, values in found.items()},
        "mean_over": int(alive.sum()),
        "modes_of": None if modes is None else len(modes.centres),
    }


def first_step(steps: np.ndarray, happened: np.ndarray) -> int | None:
    """The first of the steps at which it had happened."""
    return int(steps[happened.argmax()]) if happened.any() else None


# --- those that are shipped ----------------------------------------------------------------------------------------------


def fingerprint(*given: np.ndarray | float | str | None) -> str:
    """The SHA-256 of arrays with their types and shapes, of numbers and of words: of fractions in single precision, for their
    last digits are the processor's.
    """
    found = hashlib.sha256()
    for one in given:
        array = np.asarray("nothing" if one is None else one)
        with np.errstate(over="ignore"):
            told = array.astype(np.float32) + 0.0 if array.dtype.kind == "f" else array  # + 0.0: no minus zero
        found.update(f"{array.dtype.str} {array.shape}".encode() + np.ascontiguousarray(told).tobytes())
    return found.hexdigest()


def known_floors(address: str) -> dict[str, dict[str, Any]] | None:
    """The shipped floors of a fingerprint; None where there are none."""
    entry = shipped_floors().get(address)
    return None if entry is None else {name: dict(floor) for name, floor in entry["floors"].items()}


@functools.cache
def shipped_floors() -> Mapping[str, KeptFloor]:
    """All that is shipped, by fingerprint; nothing where the file is not there or is damaged."""
    try:
        return dict(json.loads((shipped_folder() / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
