"""One run from a name to a finished folder: simulate, measure, record, draw.

The folder is the memory: the same call finds a finished run, continues an interrupted one, and refuses another's place.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
import torch

from toygan.files import cache
from toygan.files.config import Config, as_data, toml_value
from toygan.files.disk import packed, write_aside, write_json
from toygan.files.scenario import read
from toygan.files.strict import Place, UserError
from toygan.game.duel import code_columns
from toygan.game.play import State
from toygan.quantities import measure
from toygan.quantities.diagnosis import rates, sentences
from toygan.quantities.modes import code_information
from toygan.quantities.optimal import OPTIMA, Known, Told, alignment_ceiling, decided, indifferent_score, known_optimum
from toygan.quantities.table import N_W1, QUANTITIES, shown_in
from toygan.quantities.transport import w1
from toygan.session import folder as folders
from toygan.session import looks
from toygan.session.facts import FORMAT, Facts
from toygan.session.looks import Frame, Simulation
from toygan.session.recording import Recording, diagnose, load, metric_lines, plain, read_metrics
from toygan.targets.target import Target

LIBRARIES = ("toygan", "torch", "numpy", "scipy", "scikit-learn", "matplotlib", "POT")
FINAL_W1 = 1000  # points a cloud for the final W1: 0.1 s each
PERFECT = 40  # samplers behind a floor: half a second for a frame's, 3 s for those of the end, kept for later runs


class Progress(NamedTuple):
    """How far a run is: the step, of how many, what it is doing, and a few of the latest numbers of the first seed."""

    step: int
    steps: int
    doing: str
    numbers: Mapping[str, float]


Change = str | tuple[str, Any]  # "KEY=VALUE", or a key and its value
Watcher = Callable[[Progress], None]


class Order(NamedTuple):
    """What is asked for besides the config: where, on what, and how much of it."""

    folder: Path
    command: str
    device: str = "cpu"
    animation: bool = True
    fresh: bool = False
    watch: Watcher = lambda progress: None
    picture: bool = True
    settings: Mapping[str, Any] = {}  # the run's place in the grid of a sweep


def run(
    scenario: str,
    method: str | None = None,
    seeds: int | Sequence[int] | None = None,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    out: str | Path = "runs",
    device: str = "auto",
    animation: bool = True,
    fresh: bool = False,
    watch: Watcher = lambda progress: None,
) -> Recording:
    """Play a scenario (name or path of a .toml) by a method and return its recording, reusing what `out` holds.

    `seeds` is how many, or which; `overrides` maps keys such as "training.steps" to values, or lists "KEY=VALUE".
    Raises UserError (a ValueError) for what the user got wrong, with every mistake in one message.
    """
    overrides = [overrides] if isinstance(overrides, str) else overrides
    changes: list[Change] = list(overrides.items() if isinstance(overrides, Mapping) else overrides)
    if seeds is not None:
        changes.append(("training.seeds", seeds if isinstance(seeds, int) else list(seeds)))
    config, order = prepared(scenario, method, changes, Path(out), device, animation, fresh)
    return carry_out(config, order._replace(watch=watch))


def prepared(
    scenario: str,
    method: str | None,
    changes: Sequence[Change],
    out: Path,
    device: str = "auto",
    animation: bool = True,
    fresh: bool = False,
    said: Mapping[str, Place] = {},
) -> tuple[Config, Order]:
    """What to play and how, checked; nothing is made yet. `said`: where changes were said, if not on the command line."""
    config = read(scenario, method, changes, said)
    folder = out / config.name / config.method.name
    command = command_line(scenario, method, changes)
    return config, Order(folder, command, chosen_device(device), animation, fresh)


def command_line(scenario: str, method: str | None, changes: Sequence[Change]) -> str:
    """The command that repeats a run."""
    words = ["toygan", "run", scenario, *(["--method", method] if method else [])]
    for change in changes:
        key, value = change.split("=", 1) if isinstance(change, str) else (change[0], toml_value(change[1]))
        plain_option = SHORT_OPTIONS.get(key) if value.isdigit() else None
        words += [plain_option, value] if plain_option else ["--set", f"{key}={value}"]
    return shlex.join(words)


SHORT_OPTIONS = {"training.seeds": "--seeds", "training.steps": "--steps"}


def chosen_device(device: str) -> str:
    """`auto` is a GPU where there is one; UserError for one that is not there."""
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"device {device!r}: legal values: auto, cpu, cuda")
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise UserError("device cuda: torch sees no GPU here; toygan doctor says more")
    return "cuda" if there and device != "cpu" else "cpu"


def carry_out(config: Config, order: Order) -> Recording:
    """Run a config in its folder, or find it done there."""
    with folders.claimed(order.folder):
        facts = folders.begin(order.folder, config, first_facts(config, order), order.fresh)
        if facts["status"] in folders.FINISHED:
            return kept(order, facts)
        with recorded_faults(order.folder, facts):
            play_on(config, order, facts)
            finish(order, facts)
    return load(order.folder)


def first_facts(config: Config, order: Order) -> dict[str, Any]:
    """What `run.json` says before the first step."""
    return (
        {"format": FORMAT}
        | here(config, order.device)
        | {
            "scenario": config.name,
            "title": config.title,
            "method": config.method.name,
            "command": order.command,
            "seeds": config.training.seed_list,
            "status": "running",
            "step": 0,
            "steps": config.training.steps,
            "seconds": dict.fromkeys(("train", "observe", "measure", "floors", "draw"), 0.0),
            "config": as_data(config),
            "settings": dict(order.settings),
            "summary": {},
        }
    )


def here(config: Config, device: str) -> dict[str, Any]:
    """What besides the config decides how a run ends: versions, the device, the content of the files it reads."""
    versions = {"python": sys.version.split()[0]} | {name: version(name) for name in LIBRARIES}
    return {"versions": versions, "device": device, "inputs": folders.digests(config)}


@contextmanager
def recorded_faults(folder: Path, facts: dict[str, Any]) -> Iterator[None]:
    """Leave the status `interrupted` or `failed` behind when the work ends before its end."""
    try:
        yield
    except KeyboardInterrupt:
        leave(folder, facts | {"status": "interrupted"})
        raise
    except BaseException as error:  # a SystemExit of a run's own code too
        leave(folder, facts | {"status": "failed", "message": f"{type(error).__name__}: {error}"})
        raise


def keep_failure(config: Config, order: Order, message: str) -> None:
    """Leave the record of a failed run in its folder, unless it holds a finished one; OSError or UserError where it cannot
    be left.
    """
    with folders.claimed(order.folder):
        facts = folders.begin(order.folder, config, first_facts(config, order), fresh=False)
        if facts["status"] not in folders.FINISHED:
            write_json(order.folder / "run.json", facts | {"status": "failed", "message": message})


def leave(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the facts if the disk still takes them; the fault that brought us here matters more."""
    with suppress(OSError):
        write_json(folder / "run.json", facts)


def kept(order: Order, facts: Mapping[str, Any]) -> Recording:
    """A finished run; its film is drawn now if it was left out then. UserError where it is no longer what it was."""
    try:
        if changed := folders.changed(order.folder, facts):
            raise ValueError(f"{changed[0]}: is lost or has changed")
        recording = load(order.folder)
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
        message = f"{order.folder}: holds a finished run that is damaged ({error})\n    --fresh plays it again"
        raise UserError(message) from None
    shutil.rmtree(order.folder / "partial", ignore_errors=True)  # left by a kill at the very end
    if any(not (order.folder / name).exists() for name in drawings(order)):
        draw(recording, order)
    order.watch(Progress(recording.facts.step, recording.facts.steps, "kept", {}))
    return recording


# --- playing and measuring -------------------------------------------------------------------------------------------


class Ongoing(NamedTuple):
    """One run at work: what is played, where it is kept, how far it is."""

    config: Config
    order: Order
    facts: dict[str, Any]
    sim: Simulation
    floor: float  # what W1 of a frame is for a perfect sampler, on average
    optimum: Known | None  # what of the objective's optimal critic no frame changes
    past: folders.Trail  # what has been kept


def work_of(config: Config, order: Order, facts: dict[str, Any]) -> Ongoing:
    """A run made ready: nothing is played yet."""
    sim = looks.simulation(config, order.device)
    import_slow_libraries()
    with timed(facts, "floors"):
        facts["floors"] = {"frame": floors_at(config, sim, sim.real, N_W1, "frame")}
    with timed(facts, "measure"):
        optimum = optimum_of(config, sim)
    floor = facts["floors"]["frame"]["w1"]["mean"]
    return Ongoing(config, order, facts, sim, floor, optimum, folders.trail(config, facts))


def play_on(config: Config, order: Order, facts: dict[str, Any]) -> None:
    """Play from the last kept state to the end, keeping every frame and its measures, then pack."""
    work = work_of(config, order, facts)
    sim = work.sim
    state, numbers = resume(work), dict[str, float]()
    states = looks.states_due(sim, state, lambda step: order.watch(Progress(step, sim.steps, "training", numbers)))
    while not looks.is_over(sim, state):
        with timed(facts, "train"):
            state = next(states)
        numbers.update(look(work, state))
    order.watch(Progress(looks.step_of(state), sim.steps, "measuring", numbers))
    pack(work, state)


def import_slow_libraries() -> None:
    """Import what takes a second or two before any clock runs, so that no kind of work is charged for it."""
    w1(np.zeros((1, 2)), np.zeros((1, 2)))  # the first distance imports the solver
    import_module("toygan.draw")


def resume(work: Ongoing) -> State:
    """The last kept state, with the measures after it forgotten; or the first state, looked at."""
    place, facts = work.order.folder, work.facts
    arrays = folders.kept_state(place, work.past, work.sim.frame_steps)
    if arrays is None:
        look(work, work.sim.start)
        return work.sim.start
    state = looks.state_of(arrays, work.sim.start)
    facts["step"] = looks.step_of(state)
    write_json(place / "run.json", facts)
    return state


def look(work: Ongoing, state: State) -> dict[str, float]:
    """Observe, measure and keep one state; the live numbers of the first seed."""
    facts, place = work.facts, work.order.folder
    with timed(facts, "observe"):
        frame = looks.observe(work.sim, state)
    with timed(facts, "measure"):
        row, best = measured(work, frame)
    with timed(facts, "observe"):
        kept_arrays = {name: values for name, values in frame.arrays.items() if name not in UNKEPT} | best
        lines = "".join(metric_lines(row, frame.step, facts["seeds"]))
        folders.keep(place, work.past, frame.step, kept_arrays, lines, looks.state_arrays(state))
        facts["step"] = frame.step
        write_json(place / "run.json", facts, durable=False)
    return {name: float(row[name][0]) for name in shown_in("live") if name in row}


def measured(work: Ongoing, frame: Frame) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every measure of one frame, [S] each; and the optimal critic of the portrait seed, `optimal_scores [P, g, g]`."""
    target, samples = work.sim.world.target, frame.arrays["samples"]
    critics = [judged(frame.arrays, work.sim.real, s) for s in range(len(samples))]
    curve, known = curve_of(target), optimum_at(work, frame)
    clouds = measure.clouds_seen(
        samples, work.sim.real, target.modes, N_W1, curve, critics, "frame", known, work.sim.many_real
    )
    measures = measure.of_clouds(clouds, measure.measurable(target.modes, curve, critics, "frame", work.optimum))
    inner = {name: frame.arrays[name] for name in INNER if name in frame.arrays} | informed(work.sim, samples)
    row = frame.report | measures | inner | {"w1_floor": np.full(len(samples), work.floor)}
    return row, best_critic(work, clouds[0])


INNER = [name for name, row in QUANTITIES.items() if row.source == "state"]
UNKEPT = {"real_slopes", "between_slopes", *INNER}  # measured: too large to keep, or kept as numbers of a frame


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
    return looks.on_host(sim.watched[..., :categories].argmax(dim=-1)) if categories else None


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
    about = [as_data(config)["target"], folders.digests(config), config.training.seed, len(real), n_w1, when, PERFECT]

    def made() -> dict[str, dict[str, Any]]:
        target, sample = sim.world.target, partial(looks.floor_points, config, sim.world, len(real))
        found = measure.floors(sample, real, PERFECT, target.modes, curve_of(target), n_w1, when, sim.many_real)
        return {name: dict(zip(FLOOR, map(plain, floor), strict=True)) for name, floor in found.items()}

    return cache.kept("floors", about, made)


FLOOR = ("mean", "spread", "low", "high", "draws")  # as it stands in `run.json`


def pack(work: Ongoing, state: State) -> None:
    """Stack the frames into `frames.npz`, keep the last weights in `weights.npz` and sum the run up."""
    sim, facts, place = work.sim, work.facts, work.order.folder
    steps = [step for step in sim.frame_steps if step <= looks.step_of(state)]
    with timed(facts, "observe"):
        frames = folders.kept_frames(place, steps)
        frames |= fixed_arrays(sim, steps) | {"final": looks.generated(sim, state, sim.final)}
    real = looks.real_points(work.config, sim.world, looks.FINAL_POINTS, 1)
    with timed(facts, "floors"):
        facts["floors"]["final"] = floors_at(work.config, sim, real, FINAL_W1, "final")
    with timed(facts, "measure"):
        facts["summary"] = summary(work, frames, real, alignment_ceilings(work, state, frames))
    with timed(facts, "observe"):
        write_aside(place / "weights.npz", packed(looks.weights(state)))
        write_aside(place / "frames.npz", packed(frames))
        facts["digests"] = {name: folders.of_file(place / name) for name in DIGESTED}


DIGESTED = ("metrics.jsonl", "frames.npz", "weights.npz")  # what a run ends with, the same bytes whatever came between


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


def optimum_at(work: Ongoing, frame: Frame) -> Known | None:
    """What is known of the optimum at a frame, at what is left of the noise; None while the critic still rehearses."""
    rehearses = work.sim.world.game.objective.rehearse is not None and frame.step < work.config.method.head_start
    if work.optimum is None or rehearses:
        return None
    return optimum_of(work.config, work.sim, frame.noise) if frame.noise else work.optimum


def best_critic(work: Ongoing, cloud: measure.Seen) -> dict[str, np.ndarray]:
    """The objective's optimal critic against what the portrait seed's critic is shown, `optimal_scores [P, g, g]`, where
    it is known; NaN where the cloud is lost or the critic rehearses something else.
    """
    if work.optimum is None:
        return {}
    unknown = np.full([len(axis) for axis in work.sim.score_axes[::-1]], np.nan)
    scores = cloud.best.on_grid() if cloud.best else unknown
    with np.errstate(over="ignore"):  # an endless score is drawn as such
        return {"optimal_scores": scores[None].astype(np.float32)}


def summary(work: Ongoing, frames: Mapping[str, np.ndarray], real: np.ndarray, ceilings: np.ndarray) -> dict[str, Any]:
    """Final measures of every seed on fresh points, more than a frame has; what its critic was worth at the last frame;
    `ceilings [S]` of its slopes' alignment there; the first frame at which it was seen to have diverged. Means are over
    the seeds that had not.
    """
    seeds, target, many_real = work.facts["seeds"], work.sim.world.target, work.sim.many_real
    final = measure.measure_frame(
        frames["final"], real, target.modes, FINAL_W1, curve_of(target), when="final", many_real=many_real
    )
    floors = work.facts["floors"]["final"]
    final |= {"w1_floor": np.full(len(seeds), floors["w1"]["mean"])} | last_critic(work, frames["step"])
    final |= {"slope_alignment_ceiling": ceilings}
    alive = np.asarray(~frames["diverged"].any(axis=0))
    rows = [
        {"seed": seed}
        | {name: plain(values[s]) if alive[s] else None for name, values in final.items()}
        | {"diverged_at": first_step(frames["step"], frames["diverged"][:, s])}
        for s, seed in enumerate(seeds)
    ]
    return {
        "points": looks.FINAL_POINTS,
        "w1_points": FINAL_W1,
        "critic_points": min(N_W1, work.config.training.points),
        "seeds": rows,
        "mean": {name: plain(values[alive].mean()) if alive.any() else None for name, values in final.items()},
        "mean_over": int(alive.sum()),
        "modes_of": None if target.modes is None else len(target.modes.centres),
    } | optimum_facts(work.config, work.optimum)


def last_critic(work: Ongoing, steps: np.ndarray) -> dict[str, np.ndarray]:
    """What the last frame's measures say of every seed's critic: [S] each."""
    known = read_metrics(work.order.folder / "metrics.jsonl", steps, work.facts["seeds"])
    return {name: known[name][-1] for name in shown_in("last") if name in known}


def alignment_ceilings(work: Ongoing, state: State, frames: Mapping[str, np.ndarray]) -> np.ndarray:
    """The slope alignment at the last frame of the potential of fresh points from both players, [S]."""
    sim, names = work.sim, ("samples", "live", "shown_real", "shown_fake")
    last = {name: frames[name][-1] for name in names if name in frames}
    real = looks.real_points(work.config, sim.world, min(N_W1, len(sim.real)), 2)
    pairs = []
    for s, (fresh_real, fresh) in enumerate(looks.shown_again(sim, state, real)):
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


# --- the end ---------------------------------------------------------------------------------------------------------


def finish(order: Order, facts: dict[str, Any]) -> None:
    """Draw, write the final facts, and forget the partial frames."""
    diverged = any(row["diverged_at"] is not None for row in facts["summary"]["seeds"])
    facts["status"] = "diverged" if diverged else "done"
    with timed(facts, "draw"):
        write_json(order.folder / "run.json", facts | {"status": "running"})
        recording = load(order.folder)
        put_diagnosis(recording, facts)
        draw(replace(recording, facts=Facts.of(facts)), order)
    write_json(order.folder / "run.json", facts)
    shutil.rmtree(order.folder / "partial", ignore_errors=True)


def put_diagnosis(recording: Recording, facts: dict[str, Any]) -> None:
    """Put the diagnosis into the facts: every event with its evidence, the share of seeds with each label, sentences."""
    events = diagnose(recording)
    facts["events"] = [{"step": e.step, "seed": e.seed, "label": e.label, "evidence": e.evidence} for e in events]
    facts["summary"] |= {"rates": rates(events, facts["seeds"]), "diagnosis": sentences(events, facts["seeds"])}


def draw(recording: Recording, order: Order) -> None:
    """The picture, and the film if it is wanted."""
    from toygan.draw import save_film, save_picture

    order.watch(Progress(recording.facts.step, recording.facts.steps, "drawing", {}))
    for name in drawings(order):
        (save_film if name.endswith("gif") else save_picture)(recording, order.folder / name)


def drawings(order: Order) -> list[str]:
    """The files that are wanted as drawings."""
    return ["picture.png"] * order.picture + ["animation.gif"] * order.animation


@contextmanager
def timed(facts: Mapping[str, Any], work: str) -> Iterator[None]:
    """Add the seconds spent inside to the facts' table: of a core, whatever else it does; of the clock with a GPU."""
    clock = process_time if facts["device"] == "cpu" else perf_counter
    start = clock()
    try:
        yield
    finally:
        facts["seconds"][work] = round(facts["seconds"].get(work, 0.0) + clock() - start, 3)
