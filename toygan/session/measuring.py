"""Measuring a look: every quantity of every seed, the optimal critic beside the learned one, and the end of a run summed up.

States and files are nobody's business here: arrays in, numbers out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from toygan.files.config import Config, as_data, critic_kind
from toygan.files.disk import Arrays
from toygan.files.own_parts import Measure
from toygan.files.world import besides, build_cast, build_measures, labels_shown
from toygan.game.casts import BY_LABEL
from toygan.game.duel import LABEL
from toygan.game.play import State
from toygan.game.streams import stream
from toygan.quantities import measure
from toygan.quantities.companions import kinds_of, makers_of, times_of
from toygan.quantities.critic import Clouds, clouds_of
from toygan.quantities.kinds import Classes, Kinds
from toygan.quantities.modes import code_information
from toygan.quantities.optimal import Known, Told, alignment_ceiling, decided
from toygan.quantities.table import N_W1, QUANTITIES, shown_in
from toygan.quantities.transport import w1
from toygan.session import folder as folders
from toygan.session import ground as grounds
from toygan.session.ground import Floors, Perfect
from toygan.session.looks import Frame, shown_again
from toygan.session.simulation import FINAL_POINTS, Simulation, on_host

FINAL_W1 = 1000  # points a cloud for the final W1: 0.1 s each
INNER = [name for name, row in QUANTITIES.items() if row.source == "state"]


class Gauge(NamedTuple):
    """What measuring a game's looks needs, the same at every look: the floors of a look, what of the objective's optimal critic
    no look changes, and the user's own measures by name.
    """

    config: Config
    sim: Simulation
    floors: Floors
    optimum: Known | None
    own: Mapping[str, Measure] = {}


def gauge(config: Config, sim: Simulation, floors: Floors | None = None) -> Gauge:
    """Everything that is known before the first look; of floors what is known already."""
    known = floors_at(config, sim, "frame") if floors is None else floors
    return Gauge(config, sim, known, optimum_of(config, sim), build_measures(config))


def measured(work: Gauge, frame: Frame) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every measure of one frame, [S] each; and the optimal critics of the portrait seeds, `optimal_scores [P, g, g]`."""
    samples, ground = frame.arrays["samples"], work.sim.ground
    critics = [judged(frame.arrays, work.sim.ground.real, s) for s in range(len(samples))]
    kinds = kinds_seen(work.sim, work.sim.watched, 0)
    held = grounds.against_on(ground)
    clouds = measure.clouds_seen(samples, held, critics, optimum_at(work, frame), kinds)
    measures = measure.measures_of(clouds, measure.measurable(held, critics, work.optimum, kinds))
    inner = {name: frame.arrays[name] for name in INNER if name in frame.arrays} | informed(work.sim, samples)
    inner |= elsewhere(work, frame) | grounds.own_measures(work.own, samples, work.sim.ground.real)
    row = {**frame.report, **measures, **inner, "w1_floor": np.full(len(samples), work.floors["w1"]["mean"])}
    best = {} if work.optimum is None else {"optimal_scores": grounds.best_on(ground, clouds[: work.sim.portraits])}
    return row, best


def informed(sim: Simulation, samples: np.ndarray) -> dict[str, np.ndarray]:
    """How much the latent's category says of a point's mode, `code_information [S]`, where there are both."""
    codes, modes = codes_of(sim), sim.world.target.modes
    if codes is None or modes is None:
        return {}
    pairs = zip(samples, codes, strict=True)
    return {"code_information": np.array([code_information(points, modes, own) for points, own in pairs])}


def codes_of(sim: Simulation) -> np.ndarray | None:
    """The categories, or else the classes, of the watched latents [S, N]; None where latents have neither."""
    categories = kinds_of(sim.world.game, sim.watched, "category")
    return kinds_of(sim.world.game, sim.watched, LABEL) if categories is None else categories


def kinds_seen(sim: Simulation, latents: Tensor, place: int) -> list[Kinds]:
    """What is known of each seed's points of latents [S, n, d]: classes, those of a place's real points, and makers in turn."""
    classes, makers = kinds_of(sim.world.game, latents, LABEL), makers_of(sim.world.game, latents)
    if classes is None:
        return [Kinds(makers=makers)] * len(latents)
    due = grounds.watched_batch(sim.ground.target, sim.ground.seed, latents.shape[1], place).labels
    return [Kinds(None if due is None else Classes(own, due), makers) for own in classes]


def elsewhere(work: Gauge, frame: Frame) -> dict[str, np.ndarray]:
    """How far what is made in the other world is from its points, `other_w1 [S]`, where there are two worlds."""
    real = other_points(work.sim)
    if real is None or "other" not in frame.arrays:
        return {}
    pairs = zip(frame.arrays["other"], real, strict=True)
    return {"other_w1": np.array([w1(points[:N_W1], own[:N_W1]) for points, own in pairs])}


def other_points(sim: Simulation) -> np.ndarray | None:
    """The points of the world that is not the target's [S, N, 2], which translators carry over; None without such a world."""
    if sim.world.source is None:
        return None
    if sim.world.generator.translates:
        return on_host(sim.watched[..., -2:])
    points = sim.world.source.sample(stream(sim.source.scenario_seed, 0, "watched source", 0), len(sim.ground.real))
    return np.broadcast_to(points, (len(sim.watched), *points.shape))


def judged(arrays: Mapping[str, np.ndarray], real: np.ndarray, s: int) -> measure.Judged:
    """What one seed's critic said of the watched points, as it was shown them."""
    names = ("real_scores", "fake_scores", "real_slopes", "fake_slopes", "between_slopes")
    return measure.Judged(*(arrays[name][s] for name in names))._replace(shown=shown(arrays, real, s))


def shown(arrays: Mapping[str, np.ndarray], real: np.ndarray, s: int) -> Clouds | None:
    """What one seed's critic trains against in a frame; None where that is the samples and the real points [N, 2]."""
    live = arrays.get("live", arrays["samples"])[s]
    if "shown_fake" in arrays:
        return clouds_of(live, arrays["shown_real"][s, :N_W1], arrays["shown_fake"][s, :N_W1])
    return clouds_of(live, real[:N_W1], live[:N_W1]) if "live" in arrays else None


def floors_at(config: Config, sim: Simulation, when: measure.When) -> Floors:
    """What perfect samplers score at a look or at the end, in every measure of clouds and in the other world."""
    own = [as_data(config)["measures"]] if config.measures else []
    drawn_from = folders.digests(config, ("target", "measure"))  # own losses and players do not move what is perfect
    about, perfect = [*grounds.target_told(as_data(config)["target"], drawn_from), *own], perfect_at(config, sim, when)
    return grounds.floors_on(perfect, about, build_measures(config)) | other_floor(config, sim)


def perfect_at(config: Config, sim: Simulation, when: measure.When) -> Perfect:
    """Perfect samplers beside a look's or the end's target points, of classes and by several generators where the game is."""
    place, latents, n_w1 = (0, sim.watched, N_W1) if when == "frame" else (1, sim.final, FINAL_W1)
    if when == "frame" and config.method.labels is None:
        return Perfect(sim.ground, sim.ground.real, n_w1, when, None, makers_of(sim.world.game, latents))
    real = grounds.watched_batch(sim.ground.target, sim.ground.seed, latents.shape[1], place)
    classes = None if config.method.labels is None else real.labels
    return Perfect(sim.ground, real.points, n_w1, when, classes, makers_of(sim.world.game, latents))


def other_floor(config: Config, sim: Simulation) -> Floors:
    """What perfect maps score in `other_w1`, which is a frame's at the end too; translators have points of their own there."""
    source = sim.world.source
    if source is None:
        return {}
    about = [as_data(config)["source"], folders.digests(config, ("target", "source"))]
    points = None if sim.world.generator.translates else other_points(sim)
    real = None if points is None else points[0]
    return {"other_w1": grounds.floor_between(source, sim.source.scenario_seed, about, real, N_W1)}


def fixed_arrays(config: Config, sim: Simulation, steps: list[int]) -> dict[str, np.ndarray]:
    """What does not change from frame to frame: the ground and, where there are any, categories or classes of the watched
    points, `categories [S, N]`, the real points' classes, `classes [N]`, and the generated ones', `made_classes [S, N]`, which
    generator makes each, `makers [N]`, the points of the other world, `other_real [S, N, 2]`, and of a known way in time
    `times [M]` and `exact_way [M, 2]`.
    """
    codes, other, makers = codes_of(sim), other_points(sim), makers_of(sim.world.game, sim.watched)
    made, due = (kinds_of(sim.world.game, latents, LABEL) for latents in (sim.watched, sim.told))
    arrays = grounds.fixed_on(sim.ground, steps) | ({} if codes is None else {"categories": codes})
    arrays |= {} if makers is None else {"makers": makers}
    arrays |= {} if made is None or due is None else {"made_classes": made, "classes": due[0]}
    arrays |= {} if other is None else {"other_real": other.astype(np.float32)}
    return arrays | solution(sim)


def solution(sim: Simulation) -> dict[str, np.ndarray]:
    """Where a way is to be at even times, `exact_way [M, 2]`, and these, `times [M]`, where the game has one, of the first seed;
    where classes are the target's modes, their centres.
    """
    course, modes = sim.world.game.cast.course, sim.world.target.modes
    if course is None:
        is_told = kinds_of(sim.world.game, sim.watched, LABEL) is not None
        is_known = modes is not None and is_told and len(modes.centres) == sim.world.target.classes
        return {"exact_way": modes.centres} if is_known and modes is not None else {}
    times = times_of(course)[0]
    return {"times": on_host(times), "exact_way": on_host(course.exact(times))}


def optimum_of(config: Config, sim: Simulation, noise: float = 0.0) -> Known | None:
    """What is known of the optimal critic of this method's objective with so much instance noise; None where its critic
    is after something else, is shown more than points, or tells other clouds apart.
    """
    if not has_optimum(config, sim):
        return None
    objective, std = config.method.objective, getattr(config.generator, "std", None)
    told, options = told_by(config), objective.model_dump()
    return grounds.known_on(sim.ground, objective.kind, options, told, std, noise)


def has_optimum(config: Config, sim: Simulation) -> bool:
    """Whether the optimal critic of this method's objective, on points of the plane alone, is what its critic is after."""
    game = sim.world.game
    if game.cast.beside or game.cast.clouds or config.generator.kind == "point":
        return False
    return decided(config.method.objective.kind, told_by(config), critic_kind(config))


def told_by(config: Config) -> Told:
    """What a method tells its critic of points and labels."""
    return Told(config.method.pack, config.method.noisy_labels)


def optimum_at(work: Gauge, frame: Frame) -> Known | None:
    """What is known of the optimum at a frame, at what is left of the noise; None while the critic still rehearses."""
    rehearses = work.sim.world.game.objective.rehearse is not None and frame.step < work.config.method.head_start
    if work.optimum is None or rehearses:
        return None
    return optimum_of(work.config, work.sim, frame.noise) if frame.noise else work.optimum


def summary(work: Gauge, frames: Arrays, last: Arrays, floors: Floors) -> dict[str, Any]:
    """Final measures of every seed on fresh points, more than a frame has; `last`, what its critic was worth at the last
    frame, [S] each; the first frame at which it was seen to have diverged. Means are over the seeds that had not.
    """
    seeds = work.config.training.seed_list
    known = {"w1_floor": np.full(len(seeds), floors["w1"]["mean"])}
    known |= {name: last[name] for name in (*shown_in("last"), "slope_alignment_ceiling") if name in last}
    ground, kinds = work.sim.ground, kinds_seen(work.sim, work.sim.final, 1)
    points = grounds.watched_points(ground.target, ground.seed, FINAL_POINTS, 1)
    known |= grounds.own_measures(work.own, frames["final"], points)
    ended = grounds.summed_up(ground, seeds, frames["final"], points, FINAL_W1, frames, known, kinds)
    return ended | optimum_facts(work.config, work.optimum)


def alignment_ceilings(work: Gauge, state: State, frames: Mapping[str, np.ndarray]) -> np.ndarray:
    """The slope alignment at the last frame of the potential of fresh points from both players, [S]."""
    sim, names = work.sim, ("samples", "live", "shown_real", "shown_fake")
    last = {name: frames[name][-1] for name in names if name in frames}
    n = min(N_W1, len(sim.ground.real))
    real = grounds.watched_points(sim.ground.target, sim.ground.seed, n, 2)
    pairs = []
    for s, (fresh_real, fresh) in enumerate(shown_again(sim, state, real)):
        samples = last["samples"][s]
        seen = shown(last, sim.ground.real, s) or clouds_of(samples, sim.ground.real[:n], samples[:n])
        pairs.append((seen, clouds_of(fresh, fresh_real, fresh)))
    return np.array([alignment_ceiling(*pair) for pair in pairs])


def optimum_facts(config: Config, optimum: Known | None) -> dict[str, Any]:
    """How the optimal critic was found and what decides it, where it is known, and the critic's `boundary`; `no_optimum`, why
    there is none, where the critic judges more than points of the plane.
    """
    objective, cast = config.method.objective, build_cast(config)
    told = grounds.optimum_told(objective.kind, objective.model_dump(), critic_kind(config), optimum, against(config))
    # A mean over what may stand beside a point is not at zero where the critic cannot tell.
    if besides(config, cast):
        told.pop("boundary", None)
    why = BY_LABEL if labels_shown(config) else cast.no_optimum
    return told | ({"no_optimum": why} if why else {})


def against(config: Config) -> str:
    """Whose points the critic is shown, how blurred and out of how many, where that is not as they are drawn."""
    live = "; for the points of the live generator, which the critic trains against, not of the averaged one"
    noise = "; for both clouds blurred as by the instance noise that is left at each frame"
    few = f"; for the target itself, of which the critic is only ever shown {config.training.data} points"
    told = live * bool(config.method.ema) + noise * bool(config.method.instance_noise)
    return told + few * (config.training.data is not None)
