"""The runs of exhibits: planned as tasks of a sweep, each in a folder that its config names, so that exhibits share runs."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from toygan.exhibits.claims import fits, matching
from toygan.exhibits.files import PIECES, Claim, Exhibit, Filter, Runs, panel_name
from toygan.exhibits.mistakes import retold, said
from toygan.exhibits.refined import refined_columns
from toygan.exhibits.theory import theory_columns, theory_mistakes
from toygan.files.config import Config, as_data, deciding
from toygan.files.mistakes import Key, Mistake, Place, UserError, in_toml, shortened, suggestion
from toygan.many import run
from toygan.many.results import scalar, settings_text
from toygan.many.sweep import flat, is_finished, methods_named, plain_value, points
from toygan.many.task import Task
from toygan.session import folder as folders
from toygan.view.records import Row

FRAMES = 31  # of an exhibit's run, if it does not say otherwise
Run = tuple[str, str | None, dict[str, Any]]  # scenario, method, point of the grid
QUICK_SEEDS, QUICK_STEPS, QUICK_FRAMES = 2, 0.25, 16  # what is left of a run's seeds and steps; half the frames
BUDGET = {"training.steps", "training.batch"}
UNTOLD = {"training.frames", "training.seeds"}  # how much is looked at changes no run
NEAREST = 8


class Work(NamedTuple):
    """One run of an exhibit: the task, the columns that name it (group and the settings of the grid), in words what is
    changed in its scenario, and whether that is its budget alone: how much it trains, and not what.
    """

    task: Task
    columns: Mapping[str, Any]
    changes: str
    as_shipped: bool = False


def planned(exhibit: Exhibit, place: Path, quick: bool = False) -> list[Work]:
    """Every run of an exhibit, checked; nothing is made yet. UserError with what is wrong in any of them, and with what
    claims and panels ask for though no run has it.
    """
    found, rows, mistakes = works_of(exhibit, exhibit.runs, ("runs",), place, quick)
    rows += [*theory_columns(exhibit), *refined_columns(exhibit, rows)]
    wrong = [*theory_mistakes(exhibit), *mistakes]
    if wrong:
        raise UserError(*dict.fromkeys(wrong))
    exhibit.refuse(in_vain(exhibit, rows))
    return found


def behind(exhibit: Exhibit, place: Path) -> list[list[Work]]:
    """The runs of every explanation, checked as the exhibit's own are; nothing is made yet. UserError as for these."""
    keys = [(one.runs, ("explanations", i, "runs")) for i, one in enumerate(exhibit.explanations)]
    found = [works_of(exhibit, runs, key, place, quick=False) for runs, key in keys]
    wrong = [mistake for _, _, mistakes in found for mistake in mistakes]
    if wrong:
        raise UserError(*dict.fromkeys(wrong))
    vain = (asked_in_vain(exhibit, i, [*rows, *refined_columns(exhibit, rows)]) for i, (_, rows, _) in enumerate(found))
    exhibit.refuse(itertools.chain.from_iterable(vain))
    return [works for works, _, _ in found]


def works_of(
    exhibit: Exhibit, groups: Sequence[Runs], under: Key, place: Path, quick: bool
) -> tuple[list[Work], list[Row], list[Mistake]]:
    """The runs of groups that stand `under` a key of the exhibit's file, the columns of every run and seed, and mistakes."""
    found, rows, wrong = list[Work](), list[Row](), list[Mistake]()
    for i, group in enumerate(groups):
        key = (*under, i)
        grid, methods = flat(group.grid), methods_named(group.methods) or (None,)
        there = said(exhibit, key, set=flat(group.set), grid=grid, methods=["method.name"])
        for one in itertools.product(group.scenarios, methods, points(grid)):
            try:
                work = work_of(exhibit, group, one, place, quick, there)
                found.append(work)
                rows += [columns_of(work) | {"seed": seed} for seed in range(group.seeds)]
            except UserError as error:
                wrong += retold(exhibit, error, (*key, "scenarios"), one[1])
    return found, rows, wrong


def work_of(exhibit: Exhibit, group: Runs, one: Run, place: Path, quick: bool, there: Mapping[str, Place]) -> Work:
    """One run: the exhibit's own method if it has one of that name, its settings, and fewer of everything if quick."""
    scenario, method, settings = one
    asked = flat(group.set) | settings
    changes: list[run.Change] = [("training.frames", QUICK_FRAMES if quick else FRAMES), *asked.items()]
    changes.append(("training.seeds", min(group.seeds, QUICK_SEEDS) if quick else group.seeds))
    if method is not None and method in exhibit.methods:
        changes.append((f'methods."{method}"', dict(exhibit.methods[method])))
    config, order = run.prepared(scenario, method, changes, run.Order(place), there)
    if quick:
        asked |= sooner(config)
        config, order = run.prepared(scenario, method, [*changes, *sooner(config).items()], run.Order(place), there)
    data, columns = as_data(config), ({"group": group.name} if group.name else {}) | settings
    name, which = f"{config.name}/{config.method.name}", {"scenario": config.name, "method": config.method.name}
    folder, row = place / f"{name}-{fingerprint(config)}", which | halves(data) | columns
    filmed = any(panel.kind == "films" and matching(panel.of, [row]) for panel in exhibit.panels)  # its picture too
    task = Task(name, folder, as_found(folder, data), order.command, settings, False, filmed)
    told = {key: plain_value(asked[key]) for key in asked if key not in UNTOLD}
    return Work(task, columns, settings_text(told), told.keys() <= BUDGET)


def as_found(folder: Path, data: dict[str, Any]) -> dict[str, Any]:
    """A run's config, with the looks of the run that its folder holds where these are more: they change nothing of a run."""
    try:
        held = folders.earlier(folder).get("config", {}).get("training")
    except UserError:  # told when the run is to be played
        return data
    frames = held.get("frames") if isinstance(held, dict) else None
    more = isinstance(frames, int) and frames > data["training"]["frames"]
    return data | {"training": data["training"] | {"frames": frames}} if more else data


def is_there(task: Task) -> bool:
    """Whether a folder holds the whole of a run, drawn or not; UserError where it holds another one."""
    return is_finished(task._replace(picture=False, animation=False), fresh=False)


def sooner(config: Config) -> dict[str, int]:
    """What quick makes of the settings of a run that count its steps: how many there are, and the critic's head start."""
    steps = {"training.steps": max(1, round(config.training.steps * QUICK_STEPS))}
    head_start = round(config.method.head_start * QUICK_STEPS)
    return steps | ({"method.head_start": head_start} if config.method.head_start else {})


def columns_of(work: Work) -> dict[str, Any]:
    """The columns by which the rows of a run are chosen, all but the seed."""
    config, settings = work.task.config, {key: scalar(value) for key, value in work.columns.items()}
    named_by = {"scenario": config["name"], "method": config["method"]["name"], "folder": str(work.task.folder)}
    return halves(config) | named_by | settings


def quickened(exhibit: Exhibit) -> Exhibit:
    """The exhibit with the steps that its claims name, and their bounds of periods, shortened as quick shortens its runs."""
    return exhibit.model_copy(update={"claims": tuple(map(quick_claim, exhibit.claims))})


def quick_claim(claim: Claim) -> Claim:
    """One claim with its steps shortened; a ratio of two periods has none."""
    steps = {key: term.at for key, term in claim.terms.items() if isinstance(term.at, int)}
    terms = {key: claim.terms[key].model_copy(update={"at": round(at * QUICK_STEPS)}) for key, at in steps.items()}
    in_steps = claim.value.at == "period" and claim.over is None
    bounds = {name: bound * QUICK_STEPS for name, bound in claim.bounds.items()} if in_steps else {}
    return claim.model_copy(update=terms | bounds | ({"within": claim.within * QUICK_STEPS} if in_steps else {}))


def halves(config: Mapping[str, Any]) -> dict[str, str]:
    """The objective and the constraint of a run, as columns."""
    return {part: config["method"][part]["kind"] for part in ("objective", "constraint")}


def fingerprint(config: Config) -> str:
    """A name for what decides a run and the files that it reads: another config has another one, whatever its words are."""
    told = json.dumps([deciding(as_data(config)), folders.digests(config)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def tasks_of(works: Sequence[Work]) -> list[Task]:
    """The tasks, each folder once; runs that share a scenario and method are told apart by their settings."""
    tasks = dict[Path, Task]()
    for task, *_ in works:
        tasks[task.folder] = task._replace(picture=task.picture or tasks.get(task.folder, task).picture)
    return [task._replace(name=task.folder.name if len(tasks) > 1 else task.name) for task in tasks.values()]


# --- what claims and panels ask for ----------------------------------------------------------------------------------


def in_vain(exhibit: Exhibit, rows: Sequence[Row]) -> Iterator[Mistake]:
    """What claims and panels choose rows by, and no planned row has."""
    for i, claim in enumerate(exhibit.claims):
        for key, term in claim.terms.items():
            yield from no_rows(("claims", i, key, "of"), f"the claim {in_toml(claim.says)}", term.of, rows)
    for i, panel in enumerate(exhibit.panels):
        shown = [row for row in rows if PIECES.get(panel.kind, "folder") in row]
        yield from no_rows(("panels", i, "of"), f"the panel {panel_name(panel)}", panel.of, shown)


def asked_in_vain(exhibit: Exhibit, i: int, rows: Sequence[Row]) -> Iterator[Mistake]:
    """What claims choose rows by, and no run of the i-th explanation has."""
    one = exhibit.explanations[i]
    for number in one.claims:
        claim = one.asked(exhibit.claims[number - 1])
        for key, term in claim.terms.items():
            way: Key = ("explanations", i, key) if key in one.filters else ("explanations", i, "runs")
            yield from no_rows(way, f"claim {number} in this setting", term.of, rows)


def no_rows(key: Key, who: str, wanted: Filter, rows: Sequence[Row]) -> Iterator[Mistake]:
    """The values of a filter that no row has, or that none has together."""
    alone = False
    for column, value in wanted.items():
        legal = list(dict.fromkeys(row[column] for row in rows if row.get(column) is not None))
        for one in value if isinstance(value, tuple) else (value,):
            if not any(fits(there, one) for there in legal):
                alone = True
                message = f"{shortened(who)} asks for {in_toml(one)}, which no run or piece of theory here has"
                yield Mistake((*key, column), message, nearest_of(one, legal))
    if not alone and not matching(wanted, rows):
        yield Mistake(key, f"{shortened(who)} asks for what no run or piece of theory here has together")


def nearest_of(value: Any, legal: Sequence[Any]) -> str:
    """The legal values that come nearest: of numbers the nearest few."""
    numbers = [one for one in legal if isinstance(one, int | float)]
    if numbers and isinstance(value, int | float):
        few = sorted(sorted(numbers, key=lambda one: abs(one - value))[:NEAREST])
        return f"{'legal' if len(few) == len(numbers) else 'nearest legal'} values: {', '.join(map(in_toml, few))}"
    return suggestion(str(value), [str(one) for one in legal], "values") if legal else "no row has this column"
