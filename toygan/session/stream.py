"""A game played and looked at now and then: an iterator of looks, and nothing else.

A run's folder, a progress bar, a notebook, a sweep's worker listen to one and the same iterator; where it begins (at the
first state, or at one that was kept) and when it looks are values that are passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter, process_time
from typing import Any, NamedTuple

import torch

from toygan.engines.table import BACKENDS, Begun, Running, Unusable, begin, lacking
from toygan.files.config import Config, Method, as_data
from toygan.files.dials import PARTS, Dials, dials_of
from toygan.files.disk import Arrays
from toygan.files.mistakes import UserError
from toygan.files.own import allow
from toygan.files.scenario import read
from toygan.files.strict import Source, check
from toygan.game.play import State
from toygan.game.streams import draws
from toygan.quantities.table import derived, shown_in
from toygan.session.looks import is_over, like, observe, step_of
from toygan.session.measuring import INNER, Gauge, gauge, measured
from toygan.session.simulation import Simulation, simulation

RATES = ("generator_rate", "critic_rate")
PLAYERS = (["generator"], ["critic"])  # tables of a config, in which a key of theirs begins
UNKEPT = {"real_slopes", "between_slopes", *INNER}  # measured: too large to keep, or kept as numbers of a frame
Change = str | tuple[str, Any]  # "KEY=VALUE", or a key and its value
Tick = Callable[[int], None]
Turns = Mapping[int, Mapping[str, float | Sequence[float]]]
NO_TURNS: Turns = {}


class Look(NamedTuple):
    """One look at a game: the arrays of a frame as a recording has them, every quantity of every seed [S], the state, and the
    seconds that it took to train up to here, to observe and to measure.
    """

    step: int
    arrays: Arrays
    measures: Arrays
    state: State
    seconds: Mapping[str, float]

    @property
    def live(self) -> dict[str, float]:
        """The few numbers of the first seed that are told while it plays."""
        known = {**self.measures, **derived(self.measures)}
        return {name: float(known[name][0]) for name in shown_in("live") if name in known}


def session(
    scenario: str | Callable[..., Any],
    method: str | Method | None = None,
    seeds: int | Sequence[int] | None = None,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    at: Iterable[int] | None = None,
    turns: Turns = NO_TURNS,
    device: str = "cpu",
    backend: str = "auto",
) -> Iterator[Look]:
    """Play a scenario by a method and yield a `Look` at each of the steps `at`, in rising order; by default at the start,
    the end and as often between as `training.frames` says. Nothing is written.

    `seeds` is how many, or which; `overrides` maps keys such as "training.steps" to values, or lists "KEY=VALUE"; `turns`
    are dials to be turned when so many steps are done, {500: {"critic_rate": 0.001}}, each to a number or to one for each
    seed. It ends early when every seed has diverged. Raises UserError (a ValueError) for what the user got wrong.
    """
    changes = changes_of(seeds, overrides)
    allow([scenario, method, *said_in(changes)])
    config = read(scenario, method, changes)
    legal(config, turns)
    work = gauge(config, simulation(config, chosen_device(device)))
    turned = turning(work.sim, turns)
    begun = engine_of(work.sim, work.sim.start, backend, turned[0])
    steps = work.sim.frame_steps if at is None else [at] if isinstance(at, int) else at
    return looks_from(work, begun.running, steps, turns=turned)


def chosen_device(device: str) -> str:
    """`auto` is a GPU where there is one; UserError for one that is not there."""
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"device {device!r}: legal values: auto, cpu, cuda")
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise UserError("device cuda: torch sees no GPU here; toygan doctor says more")
    return "cuda" if there and device != "cpu" else "cpu"


def changes_of(seeds: int | Sequence[int] | None, overrides: Mapping[str, Any] | Sequence[str]) -> list[Change]:
    """What is changed of a scenario, one after the other."""
    overrides = [overrides] if isinstance(overrides, str) else overrides
    changes: list[Change] = list(overrides.items() if isinstance(overrides, Mapping) else overrides)
    if seeds is not None:
        changes.append(("training.seeds", seeds if isinstance(seeds, int) else list(seeds)))
    return changes


def said_in(changes: Sequence[Change]) -> list[Any]:
    """The words of changes that may name own code: "KEY=VALUE", or the value of a pair."""
    return [change if isinstance(change, str) else change[-1] for change in changes if isinstance(change, str | tuple)]


def turning(sim: Simulation, turns: Turns) -> dict[int, Dials]:
    """A game's dials as they are turned, all of them at first: each has one number for all throughout, or one for each seed."""
    turned = {step: as_dials(sim, changes) for step, changes in turns.items()}
    by_seed = {key for dials in turned.values() for key, dial in dials.items() if dial.ndim}
    turned[0] = {**sim.world.dials, **turned.get(0, {})}

    def shaped(dials: Dials) -> Dials:
        seeds = len(sim.source.seeds)
        return {key: dial.expand(seeds).contiguous() if key in by_seed else dial for key, dial in dials.items()}

    return {step: shaped(dials) for step, dials in turned.items()}


def legal(config: Config, turns: Turns) -> None:
    """UserError for a step that the game has not, and for a number that a config would refuse."""
    known = dials_of(config)
    for step, changes in turns.items():
        if not 0 <= step < config.training.steps:
            raise UserError(f"turns: {step}: dials are turned at a step from 0 to {config.training.steps - 1}")
        for key, value in changes.items():
            for one in [value] if isinstance(value, int | float) else value:
                is_rest = one == 0 and key in RATES  # of a player that is to stand still
                if key in known and not is_rest:
                    check(Config, with_number(as_data(config), key, one), Source(f"turns at {step}"))


def with_number(data: dict[str, Any], key: str, value: float) -> dict[str, Any]:
    """A config's data with another number for a dial."""
    *way, last = key.split(".")
    table: Any = data if way[:1] in PLAYERS else data["training" if key == "steps" else "method"]
    for name in way:
        table = table[name]
    table[int(last) if isinstance(table, list) else last] = int(value) if key == "steps" else float(value)
    return data


def as_dials(sim: Simulation, changes: Mapping[str, float | Sequence[float]]) -> Dials:
    """Dials as tensors; UserError for one that the game has not, or that has not a number for each seed."""
    seeds = len(sim.source.seeds)
    for key, value in changes.items():
        if key not in sim.world.dials:
            raise UserError(f"turns: {key!r}: is no dial of this game; it has {', '.join(sim.world.dials)}")
        if not isinstance(value, int | float) and len(value) != seeds:
            raise UserError(f"turns: {key!r}: {len(value)} numbers for {seeds} seeds; one for all, or one for each")
    return {key: torch.tensor(value).to(sim.world.dials[key]) for key, value in changes.items()}


def usable_backend(backend: str, device: str) -> str:
    """A backend's name; UserError for one that nobody knows, or that cannot run on the device."""
    if backend not in BACKENDS:
        raise UserError(f"backend {backend!r}: legal values: {', '.join(BACKENDS)}")
    if backend != "auto" and (why := lacking(backend, device)):
        raise UserError(f"backend {backend}: {why}")
    return backend


def engine_of(sim: Simulation, state: State, backend: str, dials: Dials) -> Begun:
    """A game that runs from a state; UserError for a backend that is not there or cannot run it."""
    usable_backend(backend, like(state).device.type)
    first = next(draws(sim.source, step_of(state), like(state)))
    try:
        return begin(backend, sim.world.step, state, first, dials, sim.steps - step_of(state))
    except Unusable as error:
        raise UserError(f"backend {backend}: {error}") from None


def unheard(step: int) -> None:
    """Tell nobody that a step is played."""


def looks_from(
    work: Gauge, running: Running, at: Iterable[int], tick: Tick = unheard, turns: Mapping[int, Dials] = {}
) -> Iterator[Look]:
    """A look at each of the states of `states_from`, until every seed has diverged; what `at` takes to say a step counts, too."""
    # of a core; of the clock with a GPU
    clock = process_time if like(work.sim.start).device.type == "cpu" else perf_counter
    start = clock()
    for state, dials in states_from(work.sim, running, at, tick, turns):
        trained = {"train": clock() - start}
        look = looked(at_dials(work, dials), state, clock)
        yield look._replace(seconds={**trained, **look.seconds})
        if is_over(work.sim, state):
            return
        start = clock()


def states_from(
    sim: Simulation, running: Running, at: Iterable[int], tick: Tick, turns: Mapping[int, Dials] = {}
) -> Iterator[tuple[State, Dials]]:
    """Play on from where a game stands, its dials turned after so many steps, and give its state and dials at each of the steps
    `at`, in rising order; `tick(step)` after every step. Raises UserError for a step that it has behind it, or does not have.
    """
    state, dials = running.state(), sim.world.dials
    moves = draws(sim.source, step_of(state), like(state))
    for step in at:
        if not step_of(state) <= step <= sim.steps:
            raise UserError(f"at: {step}: the next look can be at a step from {step_of(state)} to {sim.steps}")
        for done in range(step_of(state), step):
            dials = {**dials, **turns[done]} if done in turns else dials
            running.advance(next(moves), dials)
            tick(done + 1)
        state = running.state()
        yield state, dials


def at_dials(work: Gauge, dials: Dials) -> Gauge:
    """The same with the game as it is at these dials; the objective's optimum is not known where they change what it is of."""
    world, own = work.sim.world, work.sim.world.dials
    if dials is own:
        return work
    first = {key: dial[: work.sim.portraits] if dial.ndim else dial for key, dial in dials.items()}
    game, portrait = world.game_at(dials), world.game_at(first)
    turned = {key for key, dial in dials.items() if dial.ndim or not torch.equal(dial, own[key])}
    is_another = any(key.startswith("objective.") or key in PARTS for key in turned)
    sim = work.sim._replace(world=world._replace(game=game), portrait_game=portrait)
    return work._replace(sim=sim, optimum=None if is_another else work.optimum)


def looked(work: Gauge, state: State, clock: Callable[[], float] = process_time) -> Look:
    """One look at a state, measured."""
    start = clock()
    frame = observe(work.sim, state)
    observed = clock()
    measures, best = measured(work, frame)
    seconds = {"observe": observed - start, "measure": clock() - observed}
    arrays = {name: values for name, values in frame.arrays.items() if name not in UNKEPT} | best
    return Look(frame.step, arrays, measures, state, seconds)
