"""One run from a name to a finished folder: simulate, measure, record, draw.

The folder is the memory: the same call finds a finished run, continues an interrupted one, and refuses another's place.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np

from toygan.engines.table import ENGINES, FEW, Running
from toygan.files import own
from toygan.files.config import Config, Method, as_data, toml_value
from toygan.files.disk import packed, write_aside, write_json
from toygan.files.mistakes import Place, UserError
from toygan.files.scenario import read
from toygan.game.play import State
from toygan.many.progress import Progress, Watcher, bar, in_notebook
from toygan.quantities.diagnosis import rates, sentences
from toygan.quantities.table import QUANTITIES
from toygan.quantities.transport import w1
from toygan.session import folder as folders
from toygan.session import stream
from toygan.session.facts import FORMAT, Facts
from toygan.session.looks import generated, is_over, state_arrays, state_of, step_of, weights
from toygan.session.measuring import Gauge, alignment_ceilings, fixed_arrays, floors_at, gauge, summary
from toygan.session.recording import Recording, diagnose, load, metric_lines, read_metrics
from toygan.session.simulation import simulation
from toygan.session.stream import Change, Look, engine_of, looks_from

LIBRARIES = ("toygan", "torch", "numpy", "scipy", "matplotlib", "POT", "onnx", "onnxruntime")
DIGESTED = ("metrics.jsonl", "frames.npz", "weights.npz")  # what a run ends with, the same bytes whatever came between
SHORT_OPTIONS = {"training.seeds": "--seeds", "training.steps": "--steps"}


def quiet(progress: Progress) -> None:
    """Watch and say nothing."""


class Order(NamedTuple):
    """What is asked for besides the config: where, on what, and how much of it."""

    folder: Path
    command: str = ""
    device: str = "cpu"
    animation: bool = True
    fresh: bool = False
    watch: Watcher = quiet
    picture: bool = True
    settings: Mapping[str, Any] = {}  # the run's place in the grid of a sweep
    backend: str = "auto"


def run(
    scenario: str | Callable[..., Any],
    method: str | Method | None = None,
    seeds: int | Sequence[int] | None = None,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    out: str | Path = "runs",
    device: str = "auto",
    animation: bool = True,
    fresh: bool = False,
    watch: Watcher | None = None,
    backend: str = "auto",
) -> Recording:
    """Play a scenario (name or path of a .toml, or a target of yours) by a method and return its recording, reusing what `out`
    holds.

    `seeds` is how many, or which; `overrides` maps keys such as "training.steps" to values, or lists "KEY=VALUE"; `backend`
    is what runs the steps, "auto" for the fastest that is there. A part of a method may be a function of yours: `method` is
    then "mine.py:my_loss+r1", or `toygan.Method(objective=my_loss, constraint="r1")`; so may the target be, "mine.py:my_target"
    or `my_target`, in place of a scenario's name. `watch` hears how far it is; in a notebook a bar does, unless another one is
    given.
    Raises UserError (a ValueError) for what the user got wrong, with every mistake in one message.
    """
    watcher = watch or (bar() if in_notebook() else quiet)
    wanted = Order(Path(out), device=device, animation=animation, fresh=fresh, watch=watcher, backend=backend)
    changes = stream.changes_of(seeds, overrides)
    own.allow([scenario, method, *stream.said_in(changes)])
    return carry_out(*prepared(scenario, method, changes, wanted))


def prepared(
    scenario: str | Callable[..., Any],
    method: str | Method | None,
    changes: Sequence[Change],
    wanted: Order,
    said: Mapping[str, Place] = {},
) -> tuple[Config, Order]:
    """What to play and how, checked; nothing is made yet. Of what is `wanted` the folder is that of all runs. `said`: where
    changes were said, if not on the command line.
    """
    config = read(scenario, method, changes, said)
    for kind in (measure.kind for measure in config.measures or ()):
        name = kind.rpartition(":")[2]
        if name in QUANTITIES or name in ("step", "seed", "diverged_at"):
            raise UserError(f"--measure {kind}: {name} is a quantity of toygan's; call the function otherwise")
    folder = wanted.folder / config.name / config.method.name
    command = with_own(command_line(scenario, method, changes), config)
    device = stream.chosen_device(wanted.device)
    backend = stream.usable_backend(wanted.backend, device)
    return config, wanted._replace(folder=folder, command=command, device=device, backend=backend)


def command_line(scenario: str | Callable[..., Any], method: str | Method | None, changes: Sequence[Change]) -> str:
    """The command that repeats a run; one of what was made in Python can only be repeated there."""
    given = [key for change in changes if not isinstance(change, str) for key, value in [change] if callable(value)]
    if isinstance(method, Method) or not isinstance(scenario, str) or given:
        called = repr(scenario) if isinstance(scenario, str) else getattr(scenario, "__name__", "...")
        told = "toygan.Method(...)" if isinstance(method, Method) else repr(method)
        return f"toygan.run({called}{f', method={told}' if method else ''})"
    words = ["toygan", "run", scenario, *(["--method", method] if method else [])]
    for change in changes:
        key, value = change.split("=", 1) if isinstance(change, str) else (change[0], toml_value(change[1]))
        if key == "measures":
            words += [word for one in own.texts_in(value) for word in ("--measure", one)]
            continue
        plain_option = SHORT_OPTIONS.get(key) if value.isdigit() else None
        words += [plain_option, value] if plain_option else ["--set", f"{key}={value}"]
    return shlex.join(words)


def with_own(command: str, config: Config) -> str:
    """The command with the user's own code named that a file alone names, and which would not run otherwise."""
    if not command.startswith("toygan run "):
        return command
    unnamed = [one for one in own.own_code(config).values() if one.path.endswith(".py") and one.kind not in command]
    words = dict.fromkeys(f"{os.path.relpath(one.path)}:{one.kind.rpartition(':')[2]}" for one in unnamed)
    return " ".join([command, *(f"--own {shlex.quote(word)}" for word in words)])


def backends_here() -> dict[str, str | None]:
    """The backends by name, the fastest first, each with what it lacks on this machine."""
    return {name: engine.lacking() for name, engine in ENGINES.items()}


def automatic() -> str:
    """What the backend `auto` takes on this machine, and when."""
    fastest = next(name for name, lacking in backends_here().items() if not lacking)
    rest = f"; eager for fewer than {FEW} steps on a CPU, and for a step that is no graph"
    return fastest + (rest if fastest != "eager" else "")


def carry_out(config: Config, order: Order) -> Recording:
    """Run a config in its folder, or find it done there."""
    with folders.claimed(order.folder):
        ledger = opened(config, order)
        if ledger.is_finished:
            return kept(order, ledger.facts)
        with recorded_faults(ledger):
            play_on(config, order, ledger)
    return load(order.folder)


def opened(config: Config, order: Order) -> Ledger:
    """The record of a run in its folder, begun now or before; UserError, with what differs, for another's folder."""
    return Ledger(order.folder, folders.begin(order.folder, config, first_facts(config, order), order.fresh))


def first_facts(config: Config, order: Order) -> dict[str, Any]:
    """What `run.json` says before the first step."""
    training, made = config.training, here(config, order.device, order.backend)
    return facts_before(made, as_data(config), order, training.seed_list, training.steps)


def facts_before(
    made: Mapping[str, Any], config: Mapping[str, Any], order: Order, seeds: Sequence[int], steps: int
) -> dict[str, Any]:
    """The same of any run, or loop that is only recorded: `made` says by what it is, as `here` does."""
    return {
        "format": FORMAT,
        **made,
        "scenario": config["name"],
        "title": config["title"],
        "method": config["method"]["name"],
        "command": order.command,
        "seeds": seeds,
        "status": "running",
        "step": 0,
        "steps": steps,
        "seconds": dict.fromkeys(("train", "observe", "measure", "floors", "draw"), 0.0),
        "config": config,
        "settings": dict(order.settings),
        "summary": {},
    }


def here(config: Config, device: str, backend: str) -> dict[str, Any]:
    """What besides the config decides how a run ends: versions, device, backend, the content of the files it reads."""
    return {"versions": versions(), "device": device, "backend": backend, "inputs": folders.digests(config)}


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries."""
    return {"python": sys.version.split()[0]} | {name: installed(name) for name in LIBRARIES}


def installed(name: str) -> str:
    """The version of a package, or that it is missing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "is missing"


@contextmanager
def recorded_faults(ledger: Ledger) -> Iterator[None]:
    """Leave the status `interrupted` or `failed` behind when the work ends before its end."""
    try:
        yield
    except KeyboardInterrupt:
        ledger.leave(status="interrupted")
        raise
    except BaseException as error:  # a SystemExit of a run's own code too
        ledger.leave(status="failed", message=f"{type(error).__name__}: {error}")
        raise


def keep_failure(config: Config, order: Order, message: str) -> None:
    """Leave the record of a failed run unless a finished one is there; OSError or UserError where it cannot be."""
    with folders.claimed(order.folder):
        facts = folders.begin(order.folder, config, first_facts(config, order), fresh=False)
        if facts["status"] not in folders.FINISHED:
            write_json(order.folder / "run.json", facts | {"status": "failed", "message": message})


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


# --- playing, and keeping what is seen ---------------------------------------------------------------------------------


class Ledger:
    """`run.json` in the making: what is known of a run so far, and the seconds of every kind of work."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self.folder, self.facts = folder, dict(facts)

    def put(self, **news: Any) -> None:
        self.facts |= news

    def write(self, durable: bool = True, **but: Any) -> None:
        """Write what is known, and for now something else instead of some of it."""
        write_json(self.folder / "run.json", self.facts | but, durable=durable)

    def leave(self, **last: Any) -> None:
        """Write it if the disk still takes it; the fault that brought us here matters more."""
        with suppress(OSError):
            self.write(**last)

    @property
    def is_finished(self) -> bool:
        return self.facts["status"] in folders.FINISHED

    @property
    def backend(self) -> str:
        """What the game runs by, or is to run by."""
        return str(self.facts["backend"])

    @property
    def seconds(self) -> Mapping[str, float]:
        """What every kind of work has taken."""
        return self.facts["seconds"]

    def spend(self, seconds: Mapping[str, float]) -> None:
        """Count seconds: of a core, whatever else it does; of the clock with a GPU."""
        news = {work: round(self.seconds.get(work, 0.0) + spent, 3) for work, spent in seconds.items()}
        self.put(seconds={**self.seconds, **news})

    @contextmanager
    def timed(self, work: str) -> Iterator[None]:
        clock = process_time if self.facts["device"] == "cpu" else perf_counter
        start = clock()
        try:
            yield
        finally:
            self.spend({work: clock() - start})


def play_on(config: Config, order: Order, ledger: Ledger) -> None:
    """Play from the last kept state to the end, keeping every look, and finish the folder."""
    work, past, state = begun(config, order, ledger)
    numbers, steps = dict[str, float](), work.sim.steps

    def tick(step: int) -> None:
        order.watch(Progress(step, steps, "training", numbers))

    if state is None or not is_over(work.sim, state):
        first = -1 if state is None else step_of(state)
        at = [step for step in work.sim.frame_steps if step > first]
        running = started(work, state, ledger, order.watch)
        past = past if state else folders.trail(config, ledger.facts)
        for look in looks_from(work, running, at, tick):
            keep(look, past, ledger)
            numbers.update(look.live)
            state = look.state
    assert state is not None  # the first look is always at the start
    conclude(work, state, order, ledger, numbers)


def started(work: Gauge, state: State | None, ledger: Ledger, watch: Watcher) -> Running:
    """The game under the backend that was asked for, or that began it, at a kept state or at the first one."""
    with ledger.timed("train"):
        begun = engine_of(work.sim, work.sim.start if state is None else state, ledger.backend, work.sim.world.dials)
    ledger.put(backend=begun.engine)
    ledger.write()  # before the first look is kept: it can be continued by this backend only
    if begun.why:
        watch(Progress(0, work.sim.steps, f"by {begun.engine} ({begun.why})", {}))
    return begun.running


def begun(config: Config, order: Order, ledger: Ledger) -> tuple[Gauge, folders.Trail, State | None]:
    """A run made ready to be played, and its last kept state, with the measures after it forgotten; None where there is none."""
    sim = simulation(config, order.device)
    import_slow_libraries()
    with ledger.timed("floors"):
        floors = floors_at(config, sim, "frame")
    with ledger.timed("measure"):
        work = gauge(config, sim, floors)
    ledger.put(floors={"frame": floors})
    past = folders.trail(config, ledger.facts)
    arrays = folders.kept_state(ledger.folder, past, sim.frame_steps)
    if arrays is None:
        return work, past, None
    state = state_of(arrays, sim.start)
    ledger.put(step=step_of(state))
    ledger.write()
    return work, past, state


def import_slow_libraries() -> None:
    """Import what takes a second or two before any clock runs, so that no kind of work is charged for it."""
    w1(np.zeros((1, 2)), np.zeros((1, 2)))  # the first distance imports the solver
    import_module("toygan.draw")


def keep(look: Look, past: folders.Trail, ledger: Ledger) -> None:
    """Put a look into the run's folder, before the next step is played."""
    ledger.spend(look.seconds)
    with ledger.timed("observe"):
        lines = "".join(metric_lines(look.measures, look.step, ledger.facts["seeds"]))
        folders.keep(ledger.folder, past, look.step, look.arrays, lines, state_arrays(look.state))
        ledger.put(step=look.step)
        ledger.write(durable=False)


def conclude(work: Gauge, state: State, order: Order, ledger: Ledger, numbers: Mapping[str, float] = {}) -> None:
    """From the last look to the finished folder."""
    order.watch(Progress(step_of(state), work.sim.steps, "measuring", numbers))
    pack(work, state, ledger)
    finish(order, ledger)


def pack(work: Gauge, state: State, ledger: Ledger) -> None:
    """Stack the frames into `frames.npz`, keep the last weights in `weights.npz` and sum the run up."""
    sim, place = work.sim, ledger.folder
    steps = [step for step in sim.frame_steps if step <= step_of(state)]
    with ledger.timed("observe"):
        frames = folders.kept_frames(place, steps)
        frames |= fixed_arrays(work.config, sim, steps) | {"final": generated(sim, state, sim.final)}
    with ledger.timed("floors"):
        floors = floors_at(work.config, work.sim, "final")
        ledger.put(floors=ledger.facts["floors"] | {"final": floors})
    with ledger.timed("measure"):
        kept = read_metrics(place / "metrics.jsonl", frames["step"], ledger.facts["seeds"])
        last = {name: table[-1] for name, table in kept.items()}
        last |= {"slope_alignment_ceiling": alignment_ceilings(work, state, frames)}
        ledger.put(summary=summary(work, frames, last, floors))
    with ledger.timed("observe"):
        write_aside(place / "weights.npz", packed(weights(state)))
        write_aside(place / "frames.npz", packed(frames))
        ledger.put(digests={name: folders.of_file(place / name) for name in DIGESTED})


def finish(order: Order, ledger: Ledger) -> None:
    """Draw, write the final facts, and forget the partial frames."""
    diverged = any(row["diverged_at"] is not None for row in ledger.facts["summary"]["seeds"])
    with ledger.timed("draw"):
        ledger.write()
        recording = load(order.folder)
        events, seeds = diagnose(recording), list(recording.facts.seeds)
        told = [{"step": e.step, "seed": e.seed, "label": e.label, "evidence": e.evidence} for e in events]
        said = {"rates": rates(events, seeds), "diagnosis": sentences(events, seeds)}
        ledger.put(status="diverged" if diverged else "done", events=told, summary=ledger.facts["summary"] | said)
        draw(replace(recording, facts=Facts.of(ledger.facts)), order)
    ledger.write()
    shutil.rmtree(order.folder / "partial", ignore_errors=True)


def draw(recording: Recording, order: Order) -> None:
    from toygan.draw import save_film, save_picture

    order.watch(Progress(recording.facts.step, recording.facts.steps, "drawing", {}))
    for name in drawings(order):
        (save_film if name.endswith("gif") else save_picture)(recording, order.folder / name)


def drawings(order: Order) -> list[str]:
    """The files that are wanted as drawings."""
    return ["picture.png"] * order.picture + ["animation.gif"] * order.animation
