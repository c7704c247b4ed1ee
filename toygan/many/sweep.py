"""Many runs: scenarios x methods x a grid of settings, each in a run folder of its own, with nothing lost.

The folders are the memory: the same sweep finds what is done and goes on with what is not.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.util import find_spec
from os import fsencode
from os.path import exists, isfile  # which say no of a name that is none, where Path raises
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import torch
from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from toygan.files.config import Config, Method, as_data, toml_value
from toygan.files.mistakes import Key, Mistake, Place, UserError, in_toml, shortened, suggestion
from toygan.files.own import WORD, allow, own_code
from toygan.files.scenario import find
from toygan.files.strict import Source, Strict, check, key_lines, line_of, parse_key, parse_override, read_toml
from toygan.game.constraints import CONSTRAINTS
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES
from toygan.many import run as runs
from toygan.many.executors import ENGINES, Pool, Shares, ends
from toygan.many.progress import in_html, in_notebook, line
from toygan.many.results import Tell, records_of, rows_of, sorted_out, to_stderr, write_results
from toygan.many.task import Task, keep_failure
from toygan.session import folder as folders
from toygan.session.facts import Facts
from toygan.session.measuring import gauge
from toygan.session.simulation import simulation
from toygan.session.stream import Look, engine_of, looks_from
from toygan.targets.refusal import Refusal
from toygan.view.records import Record

MOST = 5  # mistakes that one message tells
LONGEST, LONGEST_PART = 120, 255  # characters of a run's folder, and bytes of a name, the most that file systems take
PROBE_STEPS, PROBES = 24, 12  # steps that a probe plays, and how many pairs of scenario and method are probed
WARM_STEPS = 4  # played before them
END_SECONDS = 2.0  # the final measures and the picture of a run
SIZE_OF_ENDS = 500  # passes: starting, drawing and the final measures
# What stands between commas that are in no brackets and no quotes.
VALUES = re.compile(r"""(?:"[^"]*"|'[^']*'|\[(?:[^\[\]]|\[[^\]]*\])*\]|\{[^}]*\}|[^,])+""")
GONE = "its record is gone"  # what is said of a run that did not fail and left none

Values = Mapping[str, Sequence[Any]]  # key -> the values that a grid gives it
GridPoint = Mapping[str, Any]  # key -> value
ScenarioOrTarget = str | Callable[..., Any]  # a scenario's name, or a target of one's own
Combination = tuple[ScenarioOrTarget, str | Method | None, dict[str, Any]]  # scenario, method, point of the grid
SaidAt = Mapping[tuple[str, str], Place]  # a key of a plan, and one of its table if it is one -> where it was said
NOWHERE: SaidAt = {}  # on the command line, or in Python


class Plan(Strict):
    """What to run: every scenario by every method at every point of the grid. A sweep file holds just this."""

    scenarios: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] = ()  # none is each scenario's own
    seeds: PositiveInt | tuple[NonNegativeInt, ...] | None = None
    grid: Mapping[str, Any] = {}  # tables of keys with a list of values each
    set: Mapping[str, Any] = {}  # tables of keys with a value each
    out: str = "runs"
    animation: bool = False

    @field_validator("out")
    @classmethod
    def a_folder(cls, value: str) -> str:
        if "\0" in value or any(len(fsencode(part)) > LONGEST_PART for part in Path(value).parts):
            raise Refusal("is no name of a folder", f"one has at most {LONGEST_PART} bytes, for example runs")
        return value


@dataclass
class Standing:
    """How far a sweep is: how many runs there are, how many ended how, and which are at work.

    `left` says how large each run is that has not ended, by name, and `done` how large all are that have. `busy` are
    those whose folder another process keeps; `note` is what holds all of them up.
    """

    total: int
    kept: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    at_work: Shares = field(default_factory=dict)
    left: dict[str, float] = field(default_factory=dict)
    done: float = 0.0
    busy: set[str] = field(default_factory=set)
    note: str = ""

    @property
    def share(self) -> float:
        """The part of this sweep's own work that is done, 0 to 1."""
        work = self.done + sum(self.left.values())
        begun = sum(self.left.get(name, 0.0) * share for name, share in self.at_work.items())
        return (self.done + begun) / work if work else 1.0


Watch = Callable[[Standing], None]


# --- what to run -----------------------------------------------------------------------------------------------------


def is_sweep_file(name: str) -> bool:
    """Whether a name is the path of a sweep file: a .toml without a [target], with a key that only sweeps have."""
    if not name.endswith(".toml") or not isfile(name):
        return False
    data, _ = read_toml(Path(name))
    return "target" not in data and bool({"scenarios", "seeds", "grid", "set", "out"} & data.keys())


def read_plan(path: Path) -> tuple[Plan, SaidAt]:
    """A sweep file, with scenarios relative to it, and where its keys stand, in tables too; UserError with every mistake."""
    data, source = read_toml(path)
    plan, lines = check(Plan, data, source), key_lines(source.text)
    keys: dict[tuple[str, str], Key] = {(name, ""): (name,) for name in Plan.model_fields}
    for table, inner in (("grid", plan.grid), ("set", plan.set)):
        keys |= {(table, ".".join(way)): (table, *way) for way, _ in ways(inner)}
    found = {name: line_of(key, lines) for name, key in keys.items()}
    places = {name: Place(str(path), line, name[:1]) for name, line in found.items() if line}
    return plan.model_copy(update={"scenarios": beside(plan.scenarios, path.parent)}), places


def beside(scenarios: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Scenarios as a file of a folder says them: paths from there, and names."""
    return tuple(str(folder / name) if name.endswith(".toml") else name for name in scenarios)


def ways(table: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The keys and values of nested tables as they stand in a file; a table with a `kind` is a value."""
    for key, value in table.items():
        if isinstance(value, Mapping) and "kind" not in value:
            yield from ways(value, (*before, key))
        else:
            yield (*before, key), value


def grid_of(texts: Sequence[str]) -> dict[str, list[Any]]:
    """`KEY=V1,V2,...` each, the values as TOML or plain words; UserError where one is neither."""
    grid: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        parts = filter(None, map(str.strip, VALUES.findall(listed)))
        values = [parse_override(f"{name}={part}", "--grid")[1] for part in parts]
        if not equals or not name.strip() or not values:
            raise UserError(f"--grid {text}: expected KEY=V1,V2,...; for example training.batch=64,256")
        grid.setdefault(name.strip(), []).extend(values)
    return grid


def flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables as dotted keys; a table with a `kind` is a value."""
    return {".".join(way): value for way, value in ways(table)}


def points(grid: Mapping[str, Any], places: SaidAt = NOWHERE) -> list[dict[str, Any]]:
    """Every combination of a grid's values; one empty combination where there is no grid."""
    for key, values in grid.items():
        if not isinstance(values, list | tuple) or not values:
            wrong = f"grid.{key} = {values!r}: must be a list of values; for example [64, 256]"
            raise UserError(Mistake(None, wrong, place=places.get(("grid", key), Place())))
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def planned(
    plan: Plan,
    places: SaidAt = NOWHERE,
    worlds: Sequence[ScenarioOrTarget] | None = None,
    methods: Sequence[Method] = (),
) -> list[Task]:
    """Every run of a plan, checked; nothing is made yet. UserError with what is wrong in any of them. `worlds` are its
    scenarios where some are functions, `methods` more methods, made in Python.

    `places` tells where in a sweep file the keys of the plan were said; all others were on the command line.
    """
    refuse(list(no_keys(plan, places)))
    worlds = plan.scenarios if worlds is None else worlds
    absent = {name: mistake for name in worlds if isinstance(name, str) and (mistake := no_scenario(name, places))}
    there = [world for world in worlds if world not in absent]
    asked = [*methods_named(plan.methods), *methods] or [None]
    combined = list(itertools.product(there, asked, points(flat(plan.grid), places)))
    # A mistake in one word is made at every point of the grid: it is found, and told, at the first that has the word.
    planned_tasks(plan, beginning_something(combined), places, list(absent.values()))
    return planned_tasks(plan, combined, places)


def planned_tasks(plan: Plan, some: Iterable[Combination], places: SaidAt, known: Sequence[Mistake] = ()) -> list[Task]:
    """The runs of some combinations, each folder once; UserError with what is wrong in any, and is `known` to be."""
    tasks, wrong = dict[Path, Task](), dict.fromkeys(known)
    for one in some:
        try:
            task = planned_task(plan, one, places)
        except UserError as error:
            wrong |= dict.fromkeys(error.mistakes)
            continue
        if tasks.setdefault(task.folder, task) != task:
            shared = (
                "two different runs of this sweep would share this folder; rename a scenario, or a function of your own"
            )
            wrong[Mistake(None, shared, place=Place(str(task.folder)))] = None
    refuse(list(wrong))
    return list(tasks.values())


def beginning_something(combined: Iterable[Combination]) -> Iterator[Combination]:
    """The combinations that bring a scenario with a method, or a scenario with one value of the grid, for the first time."""
    seen = set[tuple[str, ...]]()
    for scenario, method, settings in combined:
        world = str(scenario)
        pairs = {(world, str(method)), *((world, key, in_toml(value)) for key, value in settings.items())}
        if not pairs <= seen:
            seen |= pairs
            yield scenario, method, settings


def no_scenario(name: str, places: SaidAt) -> Mistake | None:
    """What is wrong with the name of a scenario; None where it names a file."""
    if WORD.fullmatch(name):  # a target of one's own
        return None
    try:
        wrong = None if isfile(find(name)) else Mistake(None, "there is no such file", place=Place(name))
    except UserError as error:
        wrong = error.mistakes[0]
    place = places.get(("scenarios", ""))
    return Mistake(None, "", wrong.hint, place=place, inner=wrong) if wrong and place else wrong


def no_keys(plan: Plan, places: SaidAt) -> Iterator[Mistake]:
    for part, table in (("set", flat(plan.set)), ("grid", flat(plan.grid))):
        for key, value in table.items():
            try:
                parse_key(key, place=said(places, part, key, value))
            except UserError as error:
                yield from error.mistakes


def methods_named(methods: Sequence[str]) -> list[str]:
    """The methods asked for, each once; `all` stands for every shipped one, `all+r1` for every objective with r1."""
    return list(dict.fromkeys(name for word in methods for name in meant(word)))


def meant(word: str) -> Iterable[str]:
    if word == "all":
        return METHODS
    head, plus, tail = word.partition("+")
    heads, tails = (table if half == "all" else [half] for half, table in ((head, OBJECTIVES), (tail, CONSTRAINTS)))
    return [f"{one}+{other}" for one in heads for other in tails] if plus else [word]


def refuse(mistakes: Sequence[Mistake]) -> None:
    """UserError with the first few mistakes, if there are any."""
    if mistakes:
        more = [f"and {len(mistakes) - MOST} more such mistakes"] if len(mistakes) > MOST else []
        raise UserError(*mistakes[:MOST], *more)


def planned_task(plan: Plan, combined: Combination, places: SaidAt) -> Task:
    scenario, method, settings = combined
    common, where = flat(plan.set), dict[str, Place]()
    for part, table in (("set", common), ("grid", settings)):
        where |= {key: said(places, part, key, value) for key, value in table.items()}
    if plan.seeds is not None:
        common["training.seeds"] = plan.seeds if isinstance(plan.seeds, int) else list(plan.seeds)
        where["training.seeds"] = said(places, "seeds", "", plan.seeds)
    if ("methods", "") in places:
        where["method.name"] = places["methods", ""]
    changes = [*common.items(), *settings.items()]
    config, order = runs.prepared(scenario, method, changes, runs.Order(Path(plan.out)), where)
    names = [config.name, config.method.name, *([folder_name(settings)] if settings else [])]
    name, folder = "/".join(names), Path(plan.out, *names)
    own = tuple(code for code in own_code(config).values() if not code.path.endswith(".py"))  # given in Python
    return Task(name, folder, as_data(config), order.command, dict(settings), plan.animation, own=own)


def said(places: SaidAt, part: str, key: str, value: Any) -> Place:
    """Where a key of the plan was said: in the sweep file, or on the command line."""
    text = shortened(value if isinstance(value, str) else in_toml(value))
    return places.get((part, key), Place(f"--{part} {key}={text}" if key else f"--{part} {text}"))


def folder_name(settings: GridPoint) -> str:
    """Settings as the name of a folder, `training.batch=64,method.critic_steps=2`; a long one is cut and numbered."""
    name = ",".join(f"{key}={quote(plain_value(value), safe='=.,+-_[]')}" for key, value in settings.items())
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def plain_value(value: Any) -> str:
    """A value as TOML without spaces, a text without quotes."""
    return value if isinstance(value, str) else toml_value(value).replace(" ", "")


# --- running ---------------------------------------------------------------------------------------------------------


def sweep(
    scenarios: ScenarioOrTarget | Sequence[ScenarioOrTarget],
    methods: str | Method | Sequence[str | Method] = (),
    seeds: int | Sequence[int] | None = None,
    grid: Values | None = None,
    overrides: GridPoint | None = None,
    out: str | Path = "runs",
    engine: str = "local",
    address: str | None = None,
    workers: int | None = None,
    animation: bool = False,
    fresh: bool = False,
) -> Any:
    """Play every scenario by every method at every point of the grid, reusing what `out` holds. Both may be of functions of
    yours, as in `run`.

    Returns one record a run and seed, as in `results.csv`: a pandas DataFrame where pandas is installed, else a list of
    dicts. A run that raises has the status "failed" and its message. Raises UserError for what the user got wrong. On
    systems that start processes afresh call it under `if __name__ == "__main__":`.
    """
    worlds = [scenarios] if isinstance(scenarios, str) or callable(scenarios) else list(scenarios)
    played = [methods] if isinstance(methods, str | Method) else list(methods)
    asked = {
        "scenarios": [getattr(world, "__name__", "target") if callable(world) else world for world in worlds],
        "methods": [method for method in played if not isinstance(method, Method)],
        "seeds": seeds if isinstance(seeds, int | None) else list(seeds),
        "grid": {key: list(values) for key, values in (grid or {}).items()},
        "set": dict(overrides or {}),
        "out": str(out),
        "animation": animation,
    }
    plan = check(Plan, {key: value for key, value in asked.items() if value is not None}, Source("sweep"))
    allow([*worlds, *plan.methods, *flat(plan.set).values(), *itertools.chain(*flat(plan.grid).values())])
    tasks = planned(plan, NOWHERE, worlds, [method for method in played if isinstance(method, Method)])
    failed = carry_out(tasks, Path(out), engine, address, workers, fresh)
    return as_frame(outcome(tasks, failed))


def bar_here() -> Watch:
    """A watcher that shows a bar in a notebook, and nothing elsewhere."""
    if not in_notebook():
        return lambda standing: None
    show = line()

    def watch(standing: Standing) -> None:
        over = standing.kept + standing.ended.total()
        show("" if over == standing.total else in_html(standing.share, f"{over} of {standing.total} runs"))

    return watch


def outcome(tasks: Sequence[Task], failed: Mapping[str, str]) -> list[Record]:
    """One record a run and seed of these runs, whatever became of them; `failed` has the messages of those that did."""
    runs, _ = sorted_out(task.folder for task in tasks)
    return [*rows_of(runs), *unrecorded(tasks, failed, runs)]


def unrecorded(tasks: Iterable[Task], failed: Mapping[str, str], runs: Sequence[tuple[Facts, Path]]) -> list[Record]:
    """The records of tasks that left none among the `runs` in their folders: they failed, or somebody took them away."""
    rows, there = list[Record](), {folder for _, folder in runs}
    for task in tasks:
        if task.folder not in there:
            name, method, why = task.config["name"], task.config["method"]["name"], failed.get(task.name, GONE)
            facts = Facts(name, method, seeds=seeds_of(task), status="failed", settings=task.settings, message=why)
            rows += records_of(facts, task.folder)
    return rows


def as_frame(rows: list[dict[str, Any]]) -> Any:
    if find_spec("pandas") is None:
        return rows
    import pandas

    return pandas.DataFrame(rows)


def carry_out(
    tasks: Sequence[Task],
    out: Path,
    engine: str = "local",
    address: str | None = None,
    workers: int | None = None,
    fresh: bool = False,
    watch: Watch | None = None,
    tell: Tell = to_stderr,
) -> dict[str, str]:
    """Play what is not finished yet and write `results.csv` in `out`; the messages of the runs that failed, by name.

    `tell` hears of every `run.json` below `out` that is no record of a run. Raises UserError where a folder holds
    another run or the engine is not there, before anything is played.
    """
    todo = unfinished(tasks, fresh)
    watch = watch or bar_here()
    standing = Standing(len(tasks), kept=len(tasks) - len(todo), left={task.name: size_of(task) for task in todo})
    watch(standing)
    failed = {}
    if todo:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{out}: cannot be used ({error.strerror}); choose another place with --out") from None
        with pool_of(engine, workers, address, len(todo)) as pool:
            failed = played(todo, pool, standing, watch)
    write_results(out, unrecorded(todo, failed, sorted_out(task.folder for task in todo)[0]), tell)
    return failed


def size_of(task: Task) -> float:
    """About how much work a run is beside others: passes through a network, and something for its start and end."""
    training, method = task.config["training"], task.config["method"]
    return float((training["steps"] * (1 + method["critic_steps"]) + SIZE_OF_ENDS) * len(seeds_of(task)))


def seeds_of(task: Task) -> list[int]:
    """The seeds that a run trains together."""
    seeds = task.config["training"]["seeds"]
    return list(range(seeds)) if isinstance(seeds, int) else list(seeds)


def pool_of(engine: str, workers: int | None, address: str | None, runs: int) -> AbstractContextManager[Pool]:
    """The pool of an engine for so many runs; UserError for one that is not there."""
    if engine not in ENGINES:
        raise UserError(f"--engine {engine}: unknown; {suggestion(engine, list(ENGINES), 'engines')}")
    return ENGINES[engine](workers, address, runs)


def played(todo: Sequence[Task], pool: Pool, standing: Standing, watch: Watch) -> dict[str, str]:
    """Play tasks in a pool and keep the standing; the messages of those that failed."""
    failed = {}

    def look(at_work: Shares) -> None:
        standing.at_work, standing.note = at_work, pool.trouble()
        watch(standing)

    for task, end in ends(todo, pool, look):
        standing.at_work.pop(task.name, None)
        if end.status == "busy":
            standing.busy.add(task.name)
            continue
        standing.busy.discard(task.name)
        standing.ended[end.status] += 1
        standing.done += standing.left.pop(task.name, 0.0)
        if end.status == "failed":
            failed[task.name] = end.message
            keep_failure(task, end.message)
        watch(standing)
    return failed


def unfinished(tasks: Sequence[Task], fresh: bool) -> list[Task]:
    """The runs that are still to be played; UserError where folders hold other runs, `fresh` clears them instead."""
    todo, wrong = list[Task](), list[Mistake]()
    for task in tasks:
        try:
            if not is_finished(task, fresh):
                todo.append(task)
        except UserError as error:
            wrong += error.mistakes
    refuse(wrong)
    return todo


def is_finished(task: Task, fresh: bool) -> bool:
    """Whether a folder holds the whole of a run; UserError where it holds another one."""
    if fresh and exists(task.folder):
        with folders.claimed(task.folder):
            folders.clear(task.folder)
    if not folders.earlier(task.folder):
        return False
    config = task.game
    known = folders.agreeing(task.folder, config, runs.here(config, "cpu", "auto"))
    drawn = all((task.folder / name).exists() for name in runs.drawings(task.order()))
    return known["status"] in folders.FINISHED and drawn


def estimated_seconds(tasks: Sequence[Task]) -> float:
    """Core-seconds that the runs will take, from short probes of some of them, evenly chosen."""
    torch.set_num_threads(1)
    chosen = tasks[:: -(-len(tasks) // PROBES)]
    return sum(probe(task.game) for task in chosen) / len(chosen) * len(tasks)


def probe(config: Config) -> float:
    """Core-seconds of a run, from a few of its steps and a look at it: all that a run observes, measures and writes."""
    work = gauge(config, simulation(config))
    warm = min(WARM_STEPS, config.training.steps)  # the first steps and the first look take longer
    last = min(warm + PROBE_STEPS, config.training.steps)
    running = engine_of(work.sim, work.sim.start, "auto", work.sim.world.dials).running
    first, *later = looks_from(work, running, (warm, last))  # a game of few steps is over at once
    look, played = (later[0], last - warm) if later else (first, warm)
    a_step = look.seconds["train"] / played
    a_look = look.seconds["observe"] + look.seconds["measure"] + keeping_seconds(config, look)
    return config.training.steps * a_step + len(work.sim.frame_steps) * a_look + END_SECONDS


def keeping_seconds(config: Config, look: Look) -> float:
    with TemporaryDirectory(prefix="toygan-") as scratch:
        ledger = runs.Ledger(Path(scratch), runs.first_facts(config, runs.Order(Path(scratch), "")))
        runs.keep(look, folders.trail(config, ledger.facts), ledger)
    return ledger.seconds["observe"] - look.seconds["observe"]
