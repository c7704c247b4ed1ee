"""Measuring a look: every quantity of every seed, the optimal critic beside the learned one, and the end of a run summed up.

States and files are nobody's business here: arrays in, numbers out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from toygan.files import cache
from toygan.files.config import Config, as_data
from toygan.files.world import build_measures
from toygan.game.duel import code_columns
from toygan.game.play import State
from toygan.quantities import measure
from toygan.quantities.modes import code_information
from toygan.quantities.optimal import OPTIMA, Known, Told, alignment_ceiling, decided, indifferent_score, known_optimum
from toygan.quantities.table import N_W1, QUANTITIES, shown_in
from toygan.session import folder as folders
from toygan.session.looks import Frame, shown_again
from toygan.session.recording import plain
from toygan.session.simulation import FINAL_POINTS, Simulation, floor_points, on_host, real_points
from toygan.targets.target import Target

FINAL_W1 = 1000  # points a cloud for the final W1: 0.1 s each
PERFECT = 40  # samplers behind a floor: half a second for a frame's, 3 s for those of the end, kept for later runs

Floors = dict[str, dict[str, Any]]


class Gauge(NamedTuple):
    """What measuring a game's looks needs, the same at every look: the floors of a look, and what of the objective's optimal
    critic no look changes.
    """

    config: Config
    sim: Simulation
    floors: Floors
    optimum: Known | None


def gauge(config: Config, sim: Simulation, floors: Floors | None = None) -> Gauge:
    """Everything that is known before the first look; of floors what is known already."""
    return Gauge(config, sim, frame_floors(config, sim) if floors is None else floors, optimum_of(config, sim))


def frame_floors(config: Config, sim: Simulation) -> Floors:
    """What perfect samplers score at a look."""
    return floors_at(config, sim, sim.real, N_W1, "frame")


def measured(work: Gauge, frame: Frame) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every measure of one frame, [S] each; and the optimal critics of the portrait seeds, `optimal_scores [P, g, g]`."""
    target, samples = work.sim.world.target, frame.arrays["samples"]
    critics = [judged(frame.arrays, work.sim.real, s) for s in range(len(samples))]
    curve, known = curve_of(target), optimum_at(work, frame)
    clouds = measure.clouds_seen(
        samples, work.sim.real, target.modes, N_W1, curve, critics, "frame", known, work.sim.many_real
    )
    measures = measure.of_clouds(clouds, measure.measurable(target.modes, curve, critics, "frame", work.optimum))
    inner = {name: frame.arrays[name] for name in INNER if name in frame.arrays} | informed(work.sim, samples)
    own = own_measures(work.config, samples, work.sim.real)
    row = frame.report | measures | inner | own | {"w1_floor": np.full(len(samples), work.floors["w1"]["mean"])}
    return row, best_critics(work, clouds[: work.sim.portraits])


def own_measures(config: Config, clouds: np.ndarray, real: np.ndarray) -> dict[str, np.ndarray]:
    """The user's own measures of clouds [S, n, 2] against real points: [S] each; NaN for a cloud that is lost."""
    return {
        name: np.array([of(points, real) if np.isfinite(points).all() else np.nan for points in clouds])
        for name, of in build_measures(config).items()
    }


INNER = [name for name, row in QUANTITIES.items() if row.source == "state"]


def informed(sim: Simulation, samples: np.ndarray) -> dict[str, np.ndarray]:
    """How much the latent's category says of a point's mode, `code_information [S]`, where there are both."""
    codes, modes = codes_of(sim), sim.world.target.modes
    if codes is None or modes is None:
        return {}
    pairs = zip(samples, codes, strict=True)
    return {"code_information": np.array([code_information(points, modes, own) for points, own in pairs])}


def codes_of(sim: Simulation) -> np.ndarray | None:
    """The categories of the watched latents [S, N]; None where latents have none."""
    categories = code_columns(sim.world.game)
    return on_host(sim.watched[..., :categories].argmax(dim=-1)) if categories else None


def judged(arrays: Mapping[str, np.ndarray], real: np.ndarray, s: int) -> measure.Judged:
    """What one seed's critic said of the watched points, as it was shown them."""
    names = ("real_scores", "fake_scores", "real_slopes", "fake_slopes", "between_slopes")
    return measure.Judged(*(arrays[name][s] for name in names))._replace(shown=shown(arrays, real, s))


def shown(arrays: Mapping[str, np.ndarray], real: np.ndarray, s: int) -> measure.TrainedOn | None:
    """What one seed's critic trains against in a frame; None where that is the samples and the real points [N, 2]."""
    if not arrays.keys() & {"live", "shown_fake"}:
        return None
    live = arrays.get("live", arrays["samples"])[s]
    n = N_W1
    if "shown_fake" in arrays:
        return measure.TrainedOn(live, arrays["shown_real"][s, :n], arrays["shown_fake"][s, :n])
    return measure.TrainedOn(live, real[:n], live[:n])


def curve_of(target: Target) -> measure.Curve | None:
    """The target's skeleton, where it has one."""
    return None if target.skeleton is None else measure.Curve(target.skeleton, target.radius)


def floors_at(
    config: Config, sim: Simulation, real: np.ndarray, n_w1: int, when: measure.When
) -> dict[str, dict[str, Any]]:
    """What perfect samplers score in every measure of clouds against these target points [n, 2]: mean, spread, the ends
    of the band that holds 90 % of them, and how many were drawn. Runs on one target, here and elsewhere, share them.
    """
    about = [
        as_data(config)["target"],
        as_data(config).get("measures"),
        folders.digests(config),
        config.training.seed,
        len(real),
        n_w1,
        when,
        PERFECT,
    ]

    def made() -> dict[str, dict[str, Any]]:
        target, sample = sim.world.target, partial(floor_points, config, sim.world, len(real))
        found = measure.floors(sample, real, PERFECT, target.modes, curve_of(target), n_w1, when, sim.many_real)
        if config.measures:
            drawn = np.stack([sample(k) for k in range(PERFECT)])
            found |= {name: measure.floor_of(scores) for name, scores in own_measures(config, drawn, real).items()}
        return {name: dict(zip(FLOOR, map(plain, floor), strict=True)) for name, floor in found.items()}

    return cache.kept("floors", about, made)


FLOOR = ("mean", "spread", "low", "high", "draws")  # as it stands in `run.json`


def fixed_arrays(sim: Simulation, steps: list[int]) -> dict[str, np.ndarray]:
    """What does not change from frame to frame: steps, target points, axes and, where there are any, modes and
    categories of the watched points, `categories [S, N]`.
    """
    arrays = {"step": np.array(steps), "real": sim.real.astype(np.float32)}
    arrays |= dict(zip(("grid_x", "grid_y"), sim.score_axes, strict=True))
    arrays |= dict(zip(("slope_x", "slope_y"), sim.slope_axes, strict=True))
    codes, modes = codes_of(sim), sim.world.target.modes
    arrays |= {} if codes is None else {"categories": codes}
    return arrays | (
        dict(zip(("mode_centres", "mode_covariances", "mode_weights"), modes, strict=True)) if modes else {}
    )


def optimum_of(config: Config, sim: Simulation, noise: float = 0.0) -> Known | None:
    """What is known of the optimal critic of this method's objective with so much instance noise; None where its critic
    is after something else.
    """
    method, told = config.method, told_by(config)
    if config.generator.kind == "point" or not decided(method.objective.kind, told, critic_kind(config)):
        return None
    std = getattr(config.generator, "std", None)
    target, options = sim.world.target, method.objective.model_dump()
    known = known_optimum(
        method.objective.kind, sim.real, *sim.score_axes, target.log_density, std, options, noise, N_W1, told
    )
    part = target.density_of if known and known.log_p is not None else ""
    return known._replace(how=f"{known.how}; the target by {part}") if known and part else known


def told_by(config: Config) -> Told:
    """What a method tells its critic of points and labels."""
    return Told(config.method.pack, config.method.noisy_labels)


def critic_kind(config: Config) -> str:
    """The kind of the critic, the method's own before the scenario's."""
    return config.method.critic or config.critic.kind


def optimum_at(work: Gauge, frame: Frame) -> Known | None:
    """What is known of the optimum at a frame, at what is left of the noise; None while the critic still rehearses."""
    rehearses = work.sim.world.game.objective.rehearse is not None and frame.step < work.config.method.head_start
    if work.optimum is None or rehearses:
        return None
    return optimum_of(work.config, work.sim, frame.noise) if frame.noise else work.optimum


def best_critics(work: Gauge, clouds: Sequence[measure.Seen]) -> dict[str, np.ndarray]:
    """The objective's optimal critic against what each portrait seed's critic is shown, `optimal_scores [P, g, g]`, where
    it is known; NaN where the cloud is lost or the critic rehearses something else.
    """
    if work.optimum is None:
        return {}
    unknown = np.full([len(axis) for axis in work.sim.score_axes[::-1]], np.nan)
    scores = [cloud.best.on_grid() if cloud.best else unknown for cloud in clouds]
    with np.errstate(over="ignore"):  # an endless score is drawn as such
        return {"optimal_scores": np.stack(scores).astype(np.float32)}


def final_points(work: Gauge) -> np.ndarray:
    """Fresh target points to hold the end against [n, 2]."""
    return real_points(work.config, work.sim.world, FINAL_POINTS, 1)


def final_floors(work: Gauge) -> Floors:
    """What perfect samplers score at the end."""
    return floors_at(work.config, work.sim, final_points(work), FINAL_W1, "final")


def summary(
    work: Gauge, frames: Mapping[str, np.ndarray], last: Mapping[str, np.ndarray], floors: Floors
) -> dict[str, Any]:
    """Final measures of every seed on fresh points, more than a frame has; `last`, what its critic was worth at the last
    frame, [S] each; the first frame at which it was seen to have diverged. Means are over the seeds that had not.
    """
    seeds, target, many_real = work.config.training.seed_list, work.sim.world.target, work.sim.many_real
    final = measure.measure_frame(
        frames["final"], final_points(work), target.modes, FINAL_W1, curve_of(target), when="final", many_real=many_real
    )
    final |= own_measures(work.config, frames["final"], final_points(work))
    final |= {"w1_floor": np.full(len(seeds), floors["w1"]["mean"])}
    final |= {name: last[name] for name in (*shown_in("last"), "slope_alignment_ceiling") if name in last}
    alive = np.asarray(~frames["diverged"].any(axis=0))
    rows = [
        {"seed": seed}
        | {name: plain(values[s]) if alive[s] else None for name, values in final.items()}
        | {"diverged_at": first_step(frames["step"], frames["diverged"][:, s])}
        for s, seed in enumerate(seeds)
    ]
    return {
        "points": FINAL_POINTS,
        "w1_points": FINAL_W1,
        "critic_points": min(N_W1, work.config.training.points),
        "seeds": rows,
        "mean": {name: plain(values[alive].mean()) if alive.any() else None for name, values in final.items()},
        "mean_over": int(alive.sum()),
        "modes_of": None if target.modes is None else len(target.modes.centres),
    } | optimum_facts(work.config, work.optimum)


def alignment_ceilings(work: Gauge, state: State, frames: Mapping[str, np.ndarray]) -> np.ndarray:
    """The slope alignment at the last frame of the potential of fresh points from both players, [S]."""
    sim, names = work.sim, ("samples", "live", "shown_real", "shown_fake")
    last = {name: frames[name][-1] for name in names if name in frames}
    real = real_points(work.config, sim.world, min(N_W1, len(sim.real)), 2)
    pairs = []
    for s, (fresh_real, fresh) in enumerate(shown_again(sim, state, real)):
        samples = last["samples"][s]
        seen = shown(last, sim.real, s) or measure.TrainedOn(samples, sim.real[: len(real)], samples[: len(real)])
        pairs.append((measure.clouds_of(seen), measure.clouds_of(measure.TrainedOn(fresh, fresh_real, fresh))))
    return np.array([alignment_ceiling(*pair) for pair in pairs])


def optimum_facts(config: Config, optimum: Known | None) -> dict[str, Any]:
    """How the optimal critic was found, what decides it and what of it is drawn, where it is known; and the score at which
    the objective's critic cannot tell, its `boundary`, where there is one.
    """
    method = config.method
    score = indifferent_score(method.objective.kind, method.objective.model_dump(), critic_kind(config))
    boundary = {} if score is None else {"boundary": score}
    if optimum is None:
        return boundary
    row = OPTIMA[optimum.kind]
    how = f"{optimum.how}{against(config)}; of the objective alone, whatever the constraint"
    return boundary | {"optimal": {"how": how, "kind": row.source} | ({"drawn": row.drawn} if row.drawn else {})}


def against(config: Config) -> str:
    """Whose points the critic is shown, and how blurred, where that is not as they are drawn."""
    live = "; for the points of the live generator, which the critic trains against, not of the averaged one"
    noise = "; for both clouds blurred as by the instance noise that is left at each frame"
    return live * bool(config.method.ema) + noise * bool(config.method.instance_noise)


def first_step(steps: np.ndarray, happened: np.ndarray) -> int | None:
    """The first of the steps at which it had happened."""
    return int(steps[happened.argmax()]) if happened.any() else None
