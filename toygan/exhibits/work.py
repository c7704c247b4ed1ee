"""The runs of exhibits: planned as tasks of a sweep, each in a folder that its config names, so that exhibits share runs."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from toygan import folder as folders
from toygan import runs
from toygan.exhibits.claims import matching
from toygan.exhibits.files import Exhibit, Runs
from toygan.exhibits.theory import check_theory
from toygan.scenario import Config, as_data
from toygan.strict import UserError
from toygan.sweeps import flat, named, plain_value, points
from toygan.table import settings_text
from toygan.tasks import Task

FRAMES = 31  # of an exhibit's run, if it does not say otherwise
QUICK_SEEDS, QUICK_STEPS, QUICK_FRAMES = 2, 0.25, 16  # what is left of a run's seeds and steps; half the frames


class Work(NamedTuple):
    """One run of an exhibit: the task, the columns that name it (group and the settings of the grid), and in words what
    is changed in its scenario.
    """

    task: Task
    columns: Mapping[str, Any]
    changes: str


def planned(exhibit: Exhibit, place: Path, quick: bool = False) -> list[Work]:
    """Every run of an exhibit, checked; nothing is made yet. UserError with what is wrong in any of them."""
    found, wrong = list[Work](), dict[str, None]()
    try:
        check_theory(exhibit)
    except UserError as error:
        wrong[str(error)] = None
    for group in exhibit.runs:
        for scenario, method, settings in combinations(group):
            try:
                found.append(work_of(exhibit, group, scenario, method, settings, place, quick))
            except UserError as error:
                wrong[str(error)] = None
    if wrong:
        raise UserError("\n".join(f"exhibit {exhibit.name}: {message}" for message in wrong))
    return found


def combinations(group: Runs) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Every scenario by every method at every point of the grid."""
    return itertools.product(group.scenarios, named(group.methods) or (None,), points(flat(group.grid)))


def work_of(
    exhibit: Exhibit,
    group: Runs,
    scenario: str,
    method: str | None,
    settings: Mapping[str, Any],
    place: Path,
    quick: bool,
) -> Work:
    """One run: the exhibit's own method if it has one of that name, its settings, and fewer of everything if quick."""
    said = flat(group.set) | dict(settings)
    changes: list[runs.Change] = [("training.frames", QUICK_FRAMES if quick else FRAMES), *said.items()]
    changes.append(("training.seeds", min(group.seeds, QUICK_SEEDS) if quick else group.seeds))
    if method is not None and method in exhibit.methods:
        changes.append((f'methods."{method}"', dict(exhibit.methods[method])))
    config, order = runs.prepared(scenario, method, changes, place, "cpu")
    if quick:
        said["training.steps"] = max(1, round(config.training.steps * QUICK_STEPS))
        changes.append(("training.steps", said["training.steps"]))
        config, order = runs.prepared(scenario, method, changes, place, "cpu")
    data, columns = as_data(config), ({"group": group.name} if group.name else {}) | dict(settings)
    name, which = f"{config.name}/{config.method.name}", {"scenario": config.name, "method": config.method.name}
    folder, filmed = place / f"{name}-{digest(config)}", is_filmed(exhibit, which | halves(data) | columns)
    task = Task(name, folder, data, order.command, dict(settings), False, filmed)
    return Work(task, columns, settings_text({key: plain_value(said[key]) for key in said if key not in UNTOLD}))


UNTOLD = {"training.frames", "training.seeds"}  # how much is looked at changes no run


def halves(config: Mapping[str, Any]) -> dict[str, str]:
    """The objective and the constraint of a run, as columns."""
    return {part: config["method"][part]["kind"] for part in ("objective", "constraint")}


def is_filmed(exhibit: Exhibit, columns: Mapping[str, Any]) -> bool:
    """Whether a run is among the moving panels, which want its picture too."""
    return any(panel.kind == "films" and matching(panel.of, [columns]) for panel in exhibit.panels)


def digest(config: Config) -> str:
    """A name for a config and the files that it reads: another config has another one."""
    told = json.dumps([as_data(config), folders.digests(config)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def tasks_of(works: Sequence[Work]) -> list[Task]:
    """The tasks, each folder once; runs that share a scenario and method are told apart by their settings."""
    tasks = dict[Path, Task]()
    for task, *_ in works:
        wanted = task.picture or (task.folder in tasks and tasks[task.folder].picture)
        tasks[task.folder] = task._replace(picture=wanted)
    return [task._replace(name=task.folder.name if len(tasks) > 1 else task.name) for task in tasks.values()]
