"""What of a recording is to be seen: another seed, or the looks nearest to some steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toygan.session.recording import Recording

FIXED = {"step", "real", "grid_x", "grid_y", "slope_x", "slope_y", "mode_centres", "mode_covariances", "mode_weights",
         "makers", "classes", "times", "exact_way"}  # fmt: skip
# Arrays [S, ...]; all others are [T, S, ...], or [T, P, ...] of the first P seeds.
SEEDS_FIRST = {"final", "categories", "made_classes", "other_real"}


def of_seed(recording: Recording, seed: int) -> Recording:
    """The same run with another seed first, as the one that is shown; what was kept of the first seeds alone, such as
    critics, is left out where this seed is none of them. Raises ValueError for a seed that was not run.
    """
    facts = recording.facts
    if seed not in facts.seeds:
        raise ValueError(f"seed {seed} was not run; this run's are {', '.join(map(str, facts.seeds))}")
    place = facts.seeds.index(seed)
    seeds = tuple(facts.seeds[i] for i in order_of(len(facts.seeds), place))
    rows = sorted(facts.summary.rows, key=lambda row: seeds.index(int(row["seed"] or 0)))
    frames = {name: seed_first(name, array, place) for name, array in recording.frames.items()}
    return replace(
        recording,
        facts=replace(facts, seeds=seeds, summary=replace(facts.summary, rows=rows)),
        frames={name: array for name, array in frames.items() if array is not None},
        metrics={name: table[:, order_of(table.shape[1], place)] for name, table in recording.metrics.items()},
    )


def order_of(count: int, place: int) -> list[int]:
    return [place, *(other for other in range(count) if other != place)]


def seed_first(name: str, array: np.ndarray, place: int) -> np.ndarray | None:
    """An array of frames with the seed at a place first; None where it holds nothing of that seed."""
    if name in FIXED:
        return array
    older = name == "optimal_scores" and array.ndim == 3  # of the last frame alone, without an axis of time
    axis = 0 if name in SEEDS_FIRST or older else 1
    count = array.shape[axis]
    return np.take(array, order_of(count, place), axis) if place < count else None


def looks_at(recording: Recording, steps: Sequence[int]) -> list[int]:
    """The looks nearest to some steps, each once. Raises ValueError for a step that the run has not."""
    known = np.asarray(recording.frames["step"])
    ends = f"this run's looks are from step {known[0]} to {known[-1]}"
    for step in steps:
        if not 0 <= step <= known[-1]:
            raise ValueError(f"step {step} was never looked at; {ends}")
    return list(dict.fromkeys(int(np.abs(known - step).argmin()) for step in steps))


def nearest_frames(steps: np.ndarray, total: int, ticks: int) -> np.ndarray:
    """For each tick, even shares of training from 0 to 1, the frame whose share of a run's `total` steps is nearest: [ticks]."""
    share = steps / max(total, int(steps[-1]), 1)
    return np.asarray(np.abs(np.linspace(0, 1, ticks)[:, None] - share).argmin(axis=1))
