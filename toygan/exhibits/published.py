"""The runs of protocols: planned as tasks of a sweep in folders that their configs name, held against what was published, and
drawn; of all shipped protocols together, as a page of them wants it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toygan.draw.protocol import protocol_picture
from toygan.draw.saved import save_figure
from toygan.exhibits.agreement import AGREES, DIFFERS, MISSING, UNKNOWN, Compared, compared
from toygan.exhibits.protocol_files import Group, Protocol, Reported, config_of, published_steps, read
from toygan.exhibits.scores import SCORES, Ended
from toygan.exhibits.telling import QUICK, lines_of
from toygan.exhibits.work import fingerprint
from toygan.files.config import as_data
from toygan.files.shipped import shipped_protocols
from toygan.files.world import build_target
from toygan.many.task import Task
from toygan.session.facts import read_facts
from toygan.session.recording import Recording, load
from toygan.view.records import FINISHED

VERDICTS = (AGREES, DIFFERS, UNKNOWN, MISSING)


class Attempt(NamedTuple):
    """One run of a protocol: its group, its task, the share of the published steps that it has, and its target's modes."""

    group: Group
    task: Task
    share: float
    modes: int = 0


def planned(
    protocol: Protocol, place: Path, quick: bool = False, seeds: int | None = None, command: str = ""
) -> list[Attempt]:
    """Every run of a protocol; nothing is made yet. UserError with what is wrong in any of them. Runs with one config, in
    whatever protocol, share a folder.
    """
    found = []
    for group in protocol.runs:
        config = config_of(protocol, group, quick, seeds)
        folder = place / f"{config.name}-{config.method.name}-{fingerprint(config)}"
        task = Task(folder.name, folder, as_data(config), command, {}, animation=False, picture=False)
        modes, share = build_target(config).modes, config.training.steps / published_steps(protocol, group)
        found.append(Attempt(group, task, share, 0 if modes is None else len(modes.weights)))
    return found


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
    if not (folder / "frames.npz").exists() or read_facts(folder).status not in FINISHED:
        return None
    return load(folder)


class Published(NamedTuple):
    """A protocol with its rows, its picture where there is a number to draw, and the command that makes them."""

    protocol: Protocol
    rows: Sequence[Compared]
    picture: Path | None
    command: str

    @property
    def counts(self) -> dict[str, int]:
        """How many of its published numbers have each verdict."""
        found = Counter(one.verdict for one in self.rows)
        return {verdict: found[verdict] for verdict in VERDICTS}


def published(place: Path) -> list[Published]:
    """The shipped protocols by number, with what their runs in a folder say; those of which nothing was run have no picture."""
    found = []
    for protocol in sorted(map(read, shipped_protocols()), key=lambda one: one.protocol.number):
        rows, command = rows_of(protocol, planned(protocol, place)), f"toygan protocol {protocol.name}"
        some = any(one.verdict != MISSING for one in rows)
        picture = drawn(protocol, rows, False, place, command) if some else None
        found.append(Published(protocol, rows, picture, command))
    return found


def drawn(found: Protocol, rows: Sequence[Compared], quick: bool, out: Path, command: str) -> Path | None:
    """The picture of a protocol's numbers; None where there is no number to draw."""
    lines = lines_of(rows)
    if not lines:
        return None
    path = out / f"{found.name}{'-quick' if quick else ''}.png"
    save_figure(protocol_picture(found.title, lines, command, QUICK if quick else ""), path, command)
    return path
