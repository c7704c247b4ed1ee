"""One run of a sweep as data that travels: to another process, which plays it in its place, or to another machine.

Away from home a run is played in a scratch folder and its files return as bytes, so that no disk need be shared.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, NamedTuple

import torch

from toygan.files.config import Config, toml_of
from toygan.files.disk import json_bytes, parsed, write_aside
from toygan.files.mistakes import UserError
from toygan.files.own import Code, load_again, own_tables
from toygan.files.scenario import as_table
from toygan.files.strict import Source, check
from toygan.many import run
from toygan.many.company import play_together
from toygan.many.progress import Progress, Watcher
from toygan.session import folder as folders

TOPIC = "toygan"  # under which runs that are away tell how far they are
PATIENCE = 60.0  # seconds that what came home waits for its folder
TURN = 2.0  # seconds that a run waits for its folder before others have their turn
EVERY = 1.0  # seconds between two words of a run that is away
INPUTS = "inputs"  # where the files that a config reads lie in a scratch folder
# The records in which a path stands, each with how it is read and written.
RECORDS: dict[str, tuple[Callable[[str], Any], Callable[[dict[str, Any]], bytes]]] = {
    "run.json": (parsed, json_bytes),
    "config.toml": (tomllib.loads, lambda data: toml_of(data).encode()),
}

Files = dict[str, bytes]  # path inside a run folder -> content


class Task(NamedTuple):
    """One run: its name, its folder, its config as plain data, the command that repeats it, its place in the grid; and the
    functions in it that were given in Python, which no file brings.
    """

    name: str
    folder: Path
    config: Mapping[str, Any]
    command: str
    settings: Mapping[str, Any]
    animation: bool
    picture: bool = True
    own: tuple[Code, ...] = ()

    @property
    def game(self) -> Config:
        """The config, checked; UserError for what is wrong with it."""
        return check(Config, self.config, Source(self.name))

    def order(self, watch: Watcher = run.quiet) -> run.Order:
        """What is asked for besides the config."""
        asked = run.Order(self.folder, self.command, animation=self.animation, picture=self.picture)
        return asked._replace(watch=watch, settings=self.settings)


class End(NamedTuple):
    """What became of a run, and its files where they have to travel: `done`, `diverged`, `failed` with a message, or
    `busy` where another process is at work in its folder and it has to be tried again.
    """

    status: str
    message: str = ""
    files: Files | None = None


def perform(task: Task, driver: int | None = None, cargo: Files | None = None) -> End:
    """Carry a run out in its folder; or, when it comes with a cargo, in a scratch folder that travels back as bytes.

    `driver` is the process that started this one: without it nobody waits for the run. A run that raises has `failed`.
    """
    torch.set_num_threads(1)
    if cargo is None:
        return carried_out(task, leaving_without(driver))
    with TemporaryDirectory(prefix="toygan-") as scratch:
        place, inputs = Path(scratch) / "run", Path(scratch) / INPUTS
        config, moves = at_home_here(task.config, inputs)
        needed = {name: content for name, content in cargo.items() if name.startswith(INPUTS)}
        unload(needed, Path(scratch))
        unload(files_moved({name: cargo[name] for name in cargo if name not in needed}, moves), place)
        end = carried_out(task._replace(folder=place, config=config), telling())
        return end._replace(files=files_moved(load(place), {there: home for home, there in moves.items()}))


def perform_all(tasks: Sequence[Task], driver: int | None = None, cargo: Files | None = None) -> list[End]:
    """Carry a run out; or several that differ in dials alone: their steps as one game, then each to its end."""
    if len(tasks) > 1:
        torch.set_num_threads(1)
        wanted, watch = [], leaving_without(driver)
        for task in tasks:
            with suppress(Exception):  # what is wrong with a run is told where it is alone
                load_again(task.config, task.own)
                wanted.append((task.game, task.order(watch)))
        with suppress(Exception):  # so is what goes wrong with all of them, from whose last looks each goes on
            play_together(wanted)
    return [perform(task, driver, cargo) for task in tasks]


def carried_out(task: Task, watch: Watcher) -> End:
    """Carry a run out in its folder; whatever it raises is its end and nobody else's, but for Ctrl-C."""
    try:
        await_folder(task.folder, TURN)
        load_again(task.config, task.own)
        recording = run.carry_out(task.game, task.order(watch))
    except KeyboardInterrupt:
        raise
    except folders.Busy:
        return End("busy")
    except BaseException as error:  # a SystemExit of a run's own code ends that run only
        return End("failed", error_in_words(error))
    return End(recording.facts.status)


def keep_failure(task: Task, message: str) -> None:
    """Leave the record of a failed run where the run itself could not: it was never begun, or died with its process."""
    with suppress(OSError, UserError):  # the folder is another's or takes nothing; the sweep tells it all the same
        run.keep_failure(task.game, task.order(), message)


def error_in_words(error: BaseException) -> str:
    """One line about an error."""
    text = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
    return " ".join(text.split())


def await_folder(place: Path, patience: float) -> None:
    """Wait for some seconds until nobody works in a folder: what a killed sweep has left running ends by itself."""
    until = monotonic() + patience
    while monotonic() < until:
        with suppress(folders.Busy), folders.claimed(place):
            return
        sleep(0.1)


def leaving_without(driver: int | None) -> Watcher:
    """A watcher that ends this process at once when its driver is gone; the folder can be continued at any moment."""

    def watch(progress: Progress) -> None:
        if driver is not None and os.getppid() != driver:
            os._exit(1)

    watch(Progress(0, 0, "starting", {}))
    return watch


def telling() -> Watcher:
    from distributed import get_worker

    worker, last = get_worker(), [0.0]
    key = worker.get_current_task()

    def watch(progress: Progress) -> None:
        if monotonic() - last[0] > EVERY:
            last[0] = monotonic()
            worker.log_event(TOPIC, {"key": key, "share": progress.step / max(progress.steps, 1)})

    watch(Progress(0, 1, "starting", {}))
    return watch


# --- files that travel -----------------------------------------------------------------------------------------------


def cargo_for(task: Task) -> Files:
    """What a run needs elsewhere: what is left of an earlier start, and the files that its config names."""
    needed = places_of(task.config, Path(INPUTS))
    return load(task.folder) | {place.as_posix(): Path(path).read_bytes() for path, place in needed.items()}


def places_of(config: Mapping[str, Any], inputs: Path) -> dict[str, Path]:
    """Where the files that a config names lie among the inputs: its worlds' points, and own code."""
    paths = dict.fromkeys(str(table["path"]) for table in with_paths(config))
    return {path: inputs / str(number) / Path(path).name for number, path in enumerate(paths)}


def with_paths(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tables of a config that name a file; a function that was given in Python has none."""
    own = own_tables(config)
    worlds = [as_table(config.get(part)) for part in ("target", "source") if part not in own]
    points = [world for world in worlds if isinstance(world.get("path"), str)]
    return points + [table for table in own.values() if str(table.get("path", "")).endswith(".py")]


def at_home_here(config: Mapping[str, Any], inputs: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The config with its files where they lie on this machine, and which path stands for which."""
    moves = {home: str(place.resolve()) for home, place in places_of(config, inputs).items()}
    return drawn_from(deepcopy(dict(config)), moves), moves


def files_moved(files: Files, moves: Mapping[str, str]) -> Files:
    """The files with one path for another in a run's records; one that cannot be read stays as it is, for the run to tell."""
    files = dict(files)
    for name in RECORDS.keys() & files.keys() if moves else ():
        read, write = RECORDS[name]
        with suppress(ValueError, RecursionError):
            record = read(files[name].decode())
            files[name] = write(drawn_from(record, moves)) if isinstance(record, dict) else files[name]
    return files


def drawn_from(record: dict[str, Any], moves: Mapping[str, str]) -> dict[str, Any]:
    """The record of a run with other paths for its files, in its config or as a config."""
    for table in (*with_paths(record), *with_paths(as_table(record.get("config")))):
        table["path"] = moves.get(table["path"], table["path"])
    inputs = {moves.get(path, path): digest for path, digest in as_table(record.get("inputs")).items()}
    return record | ({"inputs": inputs} if inputs else {})


def load(place: Path) -> Files:
    """Every file of a run, but none that is half-written and none of runs in folders below; empty where there is none."""
    there = [*place.glob("*"), *(place / "partial").rglob("*")]
    found = (path for path in there if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in found}


def unload(files: Files, place: Path) -> None:
    """Write files into a folder, each whole or not at all, and the record of the run last: without it none counts."""
    for name in sorted(files, key=lambda name: name == "run.json"):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(path, files[name])


def brought_home(task: Task, end: End) -> End:
    """The end of a run, which is written into its folder if it was played elsewhere."""
    if not end.files:
        return end
    try:
        await_folder(task.folder, PATIENCE)
        with folders.claimed(task.folder):
            unload(end.files, task.folder)
            if end.status in folders.FINISHED:
                shutil.rmtree(task.folder / "partial", ignore_errors=True)
    except (OSError, UserError) as error:  # its folder takes nothing
        return End("failed", error_in_words(error))
    return end
