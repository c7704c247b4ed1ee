"""A recorded run as it was at any of its steps: played again from its own config, by the backend that played it.

A run repeats to the bit, so no more need be kept of it than its looks and its end. Whether it does is looked at: at every
recorded look on the way its points are held against those that were recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toygan.engines.table import Running, lacking
from toygan.files.mistakes import UserError
from toygan.game.play import State
from toygan.session.looks import generated, step_of, weights
from toygan.session.measuring import Gauge, gauge
from toygan.session.recording import Recording
from toygan.session.simulation import simulation
from toygan.session.stream import Tick, chosen_device, engine_of, looked, states_from, unheard

AS_RECORDED, OTHERWISE = "played again", "played again, otherwise than recorded"  # a moment's status


def again(recording: Recording, steps: Sequence[int], tick: Tick = unheard) -> list[Recording]:
    """A recording as it was at each of some steps: its looks up to there, the last of them at that step, and what was learned
    by then; `tick(step)` after every step that is played. Its end is not played, where what was learned by then was kept.

    Where a recorded look's points are others now, as they may be under other versions of libraries, the status of that
    moment and of all later ones is `OTHERWISE`. Raises UserError for a step that the run has not, for a recorded training
    loop, and for a recording that shows another seed than its first.
    """
    facts = recording.facts
    for step in steps:
        if not 0 <= step <= facts.step:
            raise UserError(f"step {step}: this run's are 0 to {facts.step}")
    found = {facts.step: recording} if recording.keeps_weights else {}
    missing = sorted({*steps} - found.keys())
    if missing:
        work, running = set_up(recording)
        status, looks = AS_RECORDED, recording.frames["step"].tolist()
        on_the_way = [step for step in looks if step < missing[-1]]
        for state, _ in states_from(work.sim, running, sorted({*missing, *on_the_way}), tick):
            step, now = step_of(state), generated(work.sim, state, work.sim.watched)
            then = recording.frames["samples"][recording.frames["step"] == step]  # one look, or none
            if not all(np.array_equal(points, now, equal_nan=True) for points in then):
                status = OTHERWISE
            if step in missing:
                found[step] = at_moment(recording, work, state, status)
    return [found[step] for step in steps]


def set_up(recording: Recording) -> tuple[Gauge, Running]:
    """A recording's game at its first state, under the backend and on the device that played it, where they are there."""
    config, facts = recording.config(), recording.facts
    if list(facts.seeds) != config.training.seed_list:
        raise UserError(f"{recording.name}: choose the step first, then the seed that is shown")
    sim = simulation(config, chosen_device("auto" if facts.device == "cuda" else "cpu"))
    backend = "auto" if lacking(facts.backend, sim.start.memory.device.type) else facts.backend
    return gauge(config, sim), engine_of(sim, sim.start, backend, sim.world.dials).running


def at_moment(recording: Recording, work: Gauge, state: State, status: str) -> Recording:
    """A recording as if its run had ended at a state; the end is not summed up."""
    look, facts = looked(work, state), recording.facts
    before = int((recording.frames["step"] < look.step).sum())
    now = {**look.arrays, "step": np.array(look.step)}
    unknown = np.full(len(facts.seeds), np.nan)
    measures = {name: look.measures.get(name, unknown) for name in recording.metrics}
    return replace(
        recording,
        facts=replace(
            facts,
            step=look.step,
            status=status,
            events=tuple(event for event in facts.events if event.step <= look.step),
            summary=replace(facts.summary, rows=(), mean={}, rates={}, diagnosis=()),
        ),
        frames={name: up_to(table, before, now.get(name)) for name, table in recording.frames.items()}
        | {"final": generated(work.sim, state, work.sim.final)},
        metrics={name: up_to(table, before, measures[name]) for name, table in recording.metrics.items()},
        learned=weights(state),
    )


def up_to(table: np.ndarray, before: int, now: np.ndarray | None) -> np.ndarray:
    """So many of the looks of a table [T, ...], and one more behind them; as it is where that is none."""
    return table if now is None else np.concatenate((table[:before], now[None]), dtype=table.dtype)
