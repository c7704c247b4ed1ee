"""The runs of a protocol: planned as tasks of a sweep in folders that their configs name, and held against what was published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toygan.exhibits.agreement import Compared, compared
from toygan.exhibits.protocol_files import Group, Protocol, Reported, config_of, published_steps
from toygan.exhibits.scores import SCORES, Ended
from toygan.exhibits.work import fingerprint
from toygan.files.config import as_data
from toygan.files.world import build_target
from toygan.many.task import Task
from toygan.session.facts import read_facts
from toygan.session.recording import Recording, load
from toygan.view.records import FINISHED


class Attempt(NamedTuple):
    """One run of a protocol: its group, its task, the share of the published steps that it has, and its target's modes."""

    group: Group
    task: Task
    share: float
    modes: int = 0


def planned(
    protocol: Protocol, place: Path, quick: bool = False, seeds: int | None = None, command: str = ""
) -> list[Attempt]:
    """Every run of a protocol; nothing is made yet. UserError with what is wrong in any of them."""
    return [attempt_at(protocol, group, place, quick, seeds, command) for group in protocol.runs]


def attempt_at(protocol: Protocol, group: Group, place: Path, quick: bool, seeds: int | None, command: str) -> Attempt:
    """One run as a task; runs with one config, in whatever protocol, share a folder."""
    config = config_of(protocol, group, quick, seeds)
    folder = place / f"{config.name}-{config.method.name}-{fingerprint(config)}"
    task = Task(folder.name, folder, as_data(config), command, {}, animation=False, picture=False)
    modes = build_target(config).modes
    share = config.training.steps / published_steps(protocol, group)
    return Attempt(group, task, share, 0 if modes is None else len(modes.weights))


def tasks_of(runs: Sequence[Attempt]) -> list[Task]:
    """The tasks, each folder once."""
    return list({run.task.folder: run.task for run in runs}.values())


def rows_of(protocol: Protocol, runs: Sequence[Attempt]) -> list[Compared]:
    """Every published number beside ours, row by row."""
    attempts = {run.group.name: run for run in runs}
    recordings = {name: recorded(run.task.folder) for name, run in attempts.items()}
    return [row_beside(protocol, row, attempts[row.run], recordings[row.run]) for row in protocol.rows]


def row_beside(protocol: Protocol, row: Reported, run: Attempt, recording: Recording | None) -> Compared:
    """One published number beside that of its run, which may not be made yet."""
    if recording is None:
        return compared(row, None, run.share, run.modes)
    score = SCORES[row.measure]
    diverged = sum(step is not None for step in recording.facts.diverged_at) if score.trained else 0
    return compared(row, list(score.of(Ended(recording, protocol.counting))), run.share, run.modes, diverged)


def recorded(folder: Path) -> Recording | None:
    """A finished run; None where it is not."""
    if not (folder / "frames.npz").exists() or read_facts(folder).status not in FINISHED:
        return None
    return load(folder)
