"""A game played and looked at now and then: an iterator of looks, and nothing else.

A run's folder, a progress bar, a notebook, a sweep's worker listen to one and the same iterator; where it begins (at the
first state, or at one that was kept) and when it looks are values that are passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter, process_time
from typing import Any, NamedTuple

from toygan.files.scenario import read
from toygan.files.strict import UserError
from toygan.game.play import Draw, State
from toygan.game.streams import draws
from toygan.quantities.table import shown_in
from toygan.session.looks import Arrays, is_over, like, observe, step_of
from toygan.session.measuring import INNER, Gauge, gauge, measured
from toygan.session.simulation import simulation

UNKEPT = {"real_slopes", "between_slopes", *INNER}  # measured: too large to keep, or kept as numbers of a frame
Change = str | tuple[str, Any]  # "KEY=VALUE", or a key and its value
Tick = Callable[[int], None]


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
        return {name: float(self.measures[name][0]) for name in shown_in("live") if name in self.measures}


def session(
    scenario: str,
    method: str | None = None,
    seeds: int | Sequence[int] | None = None,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    at: Iterable[int] | None = None,
    device: str = "cpu",
) -> Iterator[Look]:
    """Play a scenario by a method and yield a `Look` at each of the steps `at`, in rising order; by default at the start,
    the end and as often between as `training.frames` says. Nothing is written.

    `seeds` is how many, or which; `overrides` maps keys such as "training.steps" to values, or lists "KEY=VALUE". It ends
    early when every seed has diverged. Raises UserError (a ValueError) for what the user got wrong.
    """
    config = read(scenario, method, changes_of(seeds, overrides))
    work = gauge(config, simulation(config, device))
    return looks_from(work, work.sim.start, work.sim.frame_steps if at is None else at)


def changes_of(seeds: int | Sequence[int] | None, overrides: Mapping[str, Any] | Sequence[str]) -> list[Change]:
    """What is changed of a scenario, one after the other."""
    overrides = [overrides] if isinstance(overrides, str) else overrides
    changes: list[Change] = list(overrides.items() if isinstance(overrides, Mapping) else overrides)
    if seeds is not None:
        changes.append(("training.seeds", seeds if isinstance(seeds, int) else list(seeds)))
    return changes


def looks_from(work: Gauge, state: State, at: Iterable[int], tick: Tick = lambda step: None) -> Iterator[Look]:
    """Play on from a state and look at each of the steps `at`, in rising order; `tick(step)` after every step.

    Raises UserError for a step that the state has behind it, or that the game has not.
    """
    clock = process_time if like(state).device.type == "cpu" else perf_counter  # of a core; of the clock with a GPU
    numbers = draws(work.sim.source, step_of(state), like(state))
    for step in at:
        if not step_of(state) <= step <= work.sim.steps:
            raise UserError(f"at: {step}: the next look can be at a step from {step_of(state)} to {work.sim.steps}")
        start = clock()
        state = played(work, state, step, numbers, tick)
        seconds = {"train": clock() - start}
        look = looked(work, state, clock)
        yield look._replace(seconds=seconds | dict(look.seconds))
        if is_over(work.sim, state):
            return


def played(work: Gauge, state: State, step: int, numbers: Iterator[Draw], tick: Tick) -> State:
    """The state after so many steps."""
    for done in range(step_of(state) + 1, step + 1):
        state = work.sim.world.game.rule(work.sim.world.game, state, next(numbers))
        tick(done)
    return state


def looked(work: Gauge, state: State, clock: Callable[[], float] = process_time) -> Look:
    """One look at a state, measured."""
    start = clock()
    frame = observe(work.sim, state)
    observed = clock()
    measures, best = measured(work, frame)
    seconds = {"observe": observed - start, "measure": clock() - observed}
    arrays = {name: values for name, values in frame.arrays.items() if name not in UNKEPT} | best
    return Look(frame.step, arrays, measures, state, seconds)
