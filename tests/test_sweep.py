from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from conftest import FEW, sampled
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.cli.many import plain_lines
from toygan.draw.sweep import grid_picture, price_picture, save_sweep
from toygan.engines import table
from toygan.files.config import Config, toml_of
from toygan.files.disk import json_bytes, read_json, write_aside
from toygan.files.mistakes import UserError
from toygan.files.strict import schema_of
from toygan.game.objectives import OBJECTIVES
from toygan.many import run
from toygan.many.executors import DEATHS, Cluster, Shares, Waiting, ends, local
from toygan.many.results import records, run_folders, sorted_out, write_results
from toygan.many.sweep import (
    END_SECONDS,
    PROBE_STEPS,
    Plan,
    Standing,
    carry_out,
    estimated_seconds,
    flat,
    folder_name,
    grid_of,
    is_sweep_file,
    outcome,
    planned,
    played,
    points,
    read_plan,
    size_of,
    unfinished,
    unrecorded,
)
from toygan.many.task import End, Task, at_home_here, brought_home, cargo_for, files_moved, keep_failure, perform
from toygan.many.task import load as load_files
from toygan.session import folder as folders
from toygan.session.recording import load
from toygan.session.stream import looks_from

ENV = {**os.environ, "OMP_NUM_THREADS": "1", "TERM": "dumb", "PYTHONWARNINGS": "default"}
SHORT = ["dirac", "--set", "training.frames=3", "--set", "training.points=1", "--seeds", "2"]
GRID = ["--grid", "training.steps=40,60", "--grid", "method.critic_rate=0.1,0.2"]
EIGHT = [*SHORT, "-m", "ns-gan-r1", "-m", "wgan-gp", *GRID]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "toygan", *words]


def toygan(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*words), env=ENV, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    return done


def samples(place: Path) -> dict[str, np.ndarray]:
    """The generated points of every run below a place."""
    folders = [path.parent for path in place.rglob("run.json")]
    return {str(folder.relative_to(place)): load(folder).frames["samples"] for folder in folders}


def same(one: Path, other: Path) -> None:
    first, second = samples(one), samples(other)
    assert first.keys() == second.keys()
    assert len(first) == 8
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


# --- what to run -----------------------------------------------------------------------------------------------------


def test_grid_values_are_toml_or_plain_words() -> None:
    grid = grid_of(["training.batch=16,64", "method.optimiser=adam,rmsprop", "method.betas=[0.0, 0.9],[0.5, 0.9]"])
    assert list(grid.values()) == [[16, 64], ["adam", "rmsprop"], [[0.0, 0.9], [0.5, 0.9]]]
    assert len(points(grid)) == 8
    assert grid_of(["a.b={ kind = 'x', y = 1 },z"]) == {"a.b": [{"kind": "x", "y": 1}, "z"]}


@pytest.mark.parametrize("text", ["training.batch", "=1,2", "training.batch=", "training.batch=1,]"])
def test_a_broken_grid_is_told(text: str) -> None:
    with pytest.raises(UserError, match=r"--grid|--set"):
        grid_of([text])


def test_tables_become_dotted_keys_but_a_kind_is_a_value() -> None:
    table = {"training": {"steps": 5}, "method": {"objective": {"kind": "hinge"}}}
    assert flat(table) == {"training.steps": 5, "method.objective": {"kind": "hinge"}}


def test_a_plan_is_a_product(tmp_path: Path) -> None:
    grid = {"training.batch": [2, 4], "method.critic_steps": [1]}
    common = {"training": {"steps": 6}, "training.frames": 2}
    worlds, methods = ("dirac", "swiss-roll"), ("gan", "wgan")
    tasks = planned(Plan(scenarios=worlds, methods=methods, seeds=3, grid=grid, set=common, out=str(tmp_path)))
    assert len(tasks) == 8
    assert tasks[0].name == "dirac/gan/training.batch=2,method.critic_steps=1"
    assert tasks[0].folder == tmp_path / tasks[0].name
    assert (
        tasks[0].config["training"] | {"batch": 2, "steps": 6, "frames": 2, "seeds": 3} == tasks[0].config["training"]
    )
    assert [task.name for task in planned(Plan(scenarios=("dirac",)))] == ["dirac/ns-gan-r1"]


def test_every_mistake_of_a_plan_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        planned(Plan(scenarios=("dirac", "dirak"), methods=("gan",), grid={"training.bach": [1, 2]}, out=str(tmp_path)))
    assert str(told.value).count("dirak") == 1
    assert "batch" in str(told.value)


def test_folder_names_are_safe_and_distinct() -> None:
    name = folder_name({"method.objective": {"kind": "a/b:c*?"}, "x.y": [0.0, 0.9], "z.path": "../up"})
    assert not set(name) & set('<>:"/\\|?* ')
    long = [folder_name({f"key{i}": "x" * 20 for i in range(20)} | {"last": value}) for value in (1, 2)]
    assert len(set(long)) == 2
    assert max(map(len, long)) < 200


def test_sweep_files_are_strict(tmp_path: Path) -> None:
    path, scenario = tmp_path / "sweep.toml", tmp_path / "world.toml"
    tables = '[grid]\ntraining.batch = [1, 2]\n[set]\n"training.steps" = 9\n'
    path.write_text(f'scenarios = ["dirac", "world.toml"]\nseeds = 2\n{tables}')
    scenario.write_text('title = "w"\n[target]\nkind = "dirac"\n[methods.own]\nobjective = "hinge"\n')
    assert is_sweep_file(str(path))
    assert not is_sweep_file(str(scenario))
    assert not is_sweep_file("dirac")
    plan, _ = read_plan(path)
    assert plan.scenarios == ("dirac", str(scenario))
    assert len(planned(plan)) == 4
    path.write_text('scenario = ["dirac"]\nseeds = 2\n')
    with pytest.raises(UserError, match=r"(?s)sweep.toml, line 1: scenario.*did you mean \"scenarios\""):
        read_plan(path)


IN_A_FILE = {
    "scenarios": ('scenarios = ["dirak"]', "line 1, scenarios: scenario 'dirak': no shipped scenario"),
    "a scenario's path": ('scenarios = ["none.toml"]', "none.toml: there is no such file"),
    "methods": ('scenarios = ["dirac"]\nmethods = ["gam"]', 'line 2, methods: method.name = "gam": unknown'),
    "half a method": ('scenarios = ["dirac"]\nmethods = ["all+r7"]', "line 2, methods: method.name"),
    "seeds": ('scenarios = ["dirac"]\nseeds = 20000', "line 2, seeds: training.seeds = 20000: must be less"),
    "a key": ('scenarios = ["dirac"]\n[set]\ntraining.bach = 1', "line 3, set: training.bach = 1: unknown key"),
    "a table": ('scenarios = ["dirac"]\n[set]\ntraining = 1', "line 3, set: training = 1: must be a table"),
    "below a value": ('scenarios = ["dirac"]\n[set]\ntitle.x = 1', "line 3, set: title is not a table"),
    "a value": ('scenarios = ["dirac"]\n[grid.training]\nbatch = [4, 0]', "line 3, grid: training.batch = 0: must be"),
    "a huge value": ('scenarios = ["dirac"]\n[grid]\ntarget.shift = [[1e99, 0.0]]', "line 3, grid: target.shift"),
    "no list": (
        'scenarios = ["dirac"]\n[grid]\ntraining.batch = 4',
        "line 3, grid: grid.training.batch = 4: must be a",
    ),
    "no key": ('scenarios = ["dirac"]\n[set]\n"a b" = 1', "line 3, set: 'a b' is not a key"),
}


@pytest.mark.parametrize("name", IN_A_FILE)
def test_a_mistake_in_a_sweep_file_has_its_line(name: str, tmp_path: Path) -> None:
    text, wanted = IN_A_FILE[name]
    (tmp_path / "my-sweep.toml").write_text(text + "\n")
    done = CliRunner().invoke(app, ["sweep", str(tmp_path / "my-sweep.toml"), "--dry-run"])
    assert done.exit_code == 2
    assert f"{tmp_path / 'my-sweep.toml'}, line " in done.stderr
    assert wanted in done.stderr
    assert "--" not in done.stderr


@pytest.mark.parametrize("words", [[], ["dirac"]])
def test_a_name_that_no_file_can_have_is_a_mistake(words: list[str]) -> None:
    done = CliRunner().invoke(app, ["sweep", *words, "a" * 300 + ".toml", "--dry-run"])
    assert done.exit_code == 2
    assert done.stderr.endswith("aaa.toml: there is no such file\n")


def test_what_the_command_line_says_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "my-sweep.toml"
    path.write_text('scenarios = ["dirac"]\nseeds = 2\n[set]\ntraining.steps = 5\n')
    words = ["sweep", str(path), "--set", "training.steps=0", "--grid", "training.bach=3", "--dry-run"]
    said = CliRunner().invoke(app, words).stderr
    assert "--set training.steps=0: training.steps = 0: must be" in said
    assert "--grid training.bach=3: training.bach = 3: unknown key" in said
    assert "my-sweep" not in said


def test_a_wide_grid_is_refused_at_its_first_bad_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = {"training.steps": list(range(1, 13)), "training.batch": list(range(1, 13)), "training.bach": [1]}
    looked, made = list[int](), list[int]()
    prepared, schema = run.prepared, Config.model_json_schema
    monkeypatch.setattr(run, "prepared", lambda *a, **k: (looked.append(1), prepared(*a, **k))[1])
    monkeypatch.setattr(Config, "model_json_schema", lambda: (made.append(1), schema())[1])
    schema_of.cache_clear()
    with pytest.raises(UserError) as told:
        planned(Plan(scenarios=("dirac",), methods=("all+r1",), grid=grid, out=str(tmp_path)))
    assert len(told.value.mistakes) == 1
    assert len(looked) < 12 + 12 + len(OBJECTIVES)
    assert len(made) == 1
    schema_of.cache_clear()


# --- processes that die ----------------------------------------------------------------------------------------------


def task_named(name: str, folder: Path) -> Task:
    return Task(name, folder / name, {}, "", {}, False)


class Deadly:
    """A pool of one in which the process of some runs always dies, and takes the others with it."""

    has_companies = False

    def __init__(self, deadly: set[str]) -> None:
        self.deadly, self.alive, self.played = deadly, True, list[str]()

    def submit(self, tasks: Sequence[Task]) -> Future[list[End]]:
        (task,), future = tasks, Future[list[End]]()
        self.alive = self.alive and task.name not in self.deadly
        self.played.append(task.name)
        if self.alive:
            future.set_result([End("done")])
        else:
            future.set_exception(BrokenProcessPool("dead"))
        return future

    def at_work(self, waiting: Waiting) -> Shares:
        return dict.fromkeys((task.name for (task,) in waiting.values()), 0.5)

    def renew(self) -> None:
        self.alive = True

    def trouble(self) -> str:
        return ""


def test_a_run_that_kills_its_process_does_not_harm_the_others(tmp_path: Path) -> None:
    tasks = [task_named(name, tmp_path) for name in "abcd"]
    pool = Deadly({"b"})
    found = {task.name: end.status for task, end in ends(tasks, pool, lambda shares: None)}
    assert found == {"a": "done", "b": "failed", "c": "done", "d": "done"}
    assert pool.played.count("b") == DEATHS + 1


def test_a_machine_on_which_nothing_lives_is_told(tmp_path: Path) -> None:
    tasks = [task_named(str(i), tmp_path) for i in range(100)]
    pool = Deadly({task.name for task in tasks})
    pool.at_work = lambda waiting: {next(iter(waiting.values()))[0].name: 0.5} if waiting else {}  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="in a row"):
        list(ends(tasks, pool, lambda shares: None))


class Answers:
    """A pool that answers a task with what is left to say of it: an end, or what its process raised."""

    has_companies = False

    def __init__(self, answers: dict[str, list[End | BaseException]]) -> None:
        self.answers = answers

    def submit(self, tasks: Sequence[Task]) -> Future[list[End]]:
        future, answer = Future[list[End]](), self.answers[tasks[0].name].pop(0)
        if isinstance(answer, End):
            future.set_result([answer])
        else:
            future.set_exception(answer)
        return future

    def at_work(self, waiting: Waiting) -> Shares:
        return dict.fromkeys((task.name for (task,) in waiting.values()), 0.0)

    def renew(self) -> None: ...

    def trouble(self) -> str:
        return "no workers"


def test_whatever_a_run_raises_ends_that_run_only(tmp_path: Path) -> None:
    raised = [SystemExit(3), GeneratorExit(), MemoryError("much"), asyncio.CancelledError()]
    tasks = [task_named(type(error).__name__, tmp_path) for error in raised]
    pool = Answers({task.name: [error] for task, error in zip(tasks, raised, strict=True)})
    found = {task.name: end.message for task, end in ends(tasks, pool, lambda shares: None)}
    assert found.keys() == {task.name for task in tasks}
    assert found["SystemExit"] == "SystemExit: 3"
    with pytest.raises(KeyboardInterrupt):
        list(ends(tasks[:1], Answers({"SystemExit": [KeyboardInterrupt()]}), lambda shares: None))


def test_a_run_leaves_no_exception_to_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = eight(tmp_path)[0]
    for error in (SystemExit(7), GeneratorExit(), RuntimeError("x")):
        with monkeypatch.context() as patch:
            patch.setattr("toygan.many.run.play_on", raising(error))
            assert perform(task).status == "failed"
        assert read_json(task.folder / "run.json")["status"] == "failed"
    monkeypatch.setattr("toygan.many.run.play_on", raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        perform(task)
    assert read_json(task.folder / "run.json")["status"] == "interrupted"


def raising(error: BaseException) -> Callable[..., None]:
    def play(*_: Any) -> None:
        raise error

    return play


def test_every_planned_run_ends_with_a_row(tmp_path: Path) -> None:
    first, second, third, *_ = tasks = eight(tmp_path)
    (tmp_path / "dirac/ns-gan-r1").mkdir(parents=True)
    third.folder.write_text("in the way of a folder")
    standing = Standing(3, left={task.name: 1.0 for task in tasks})
    pool = Answers({first.name: [End("busy"), End("failed", "cannot be built")], second.name: [SystemExit()]})
    pool.answers[third.name] = [End("failed", "no folder")]
    seen: list[tuple[set[str], str]] = []
    failed = played(tasks[:3], pool, standing, lambda now: seen.append((set(now.busy), now.note)))
    assert failed == {first.name: "cannot be built", second.name: "SystemExit:", third.name: "no folder"}
    assert ({first.name}, "no workers") in seen
    assert seen[-1][0] == set()
    rows = outcome(tasks[:3], failed)
    assert [(row["status"], row["message"], row["seed"]) for row in rows[::2]] == [
        ("failed", failed[task.name], 0) for task in tasks[:3]
    ]
    lost = unrecorded(tasks[:3], failed, sorted_out(task.folder for task in tasks[:3])[0])
    assert [row["folder"] for row in lost] == [str(third.folder)] * 2
    lines = list(csv.DictReader(write_results(tmp_path, lost).read_text().splitlines()))
    assert [line["status"] for line in lines] == ["failed"] * 6
    assert perform(first).status == "done"  # what was kept of a failure is no hindrance
    assert (first.folder / "config.toml").exists()


def test_an_objective_that_no_worker_knows_fails_with_a_row(tmp_path: Path) -> None:
    """As one has it who adds a row in Python: here a worker of its own is handed a run whose objective nobody has."""
    small = {"training.steps": 5, "training.frames": 2, "training.points": 1}
    known, other = planned(Plan(scenarios=("dirac",), methods=("gan", "hinge+none"), set=small, out=str(tmp_path)))
    method = {**other.config["method"], "name": "mine+none", "objective": {"kind": "mine"}}
    unknown = other._replace(
        name="dirac/mine+none", folder=tmp_path / "mine", config={**other.config, "method": method}
    )
    failed = carry_out([unknown, known._replace(picture=False)], tmp_path, workers=1)
    assert failed.keys() == {"dirac/mine+none"}
    assert 'objective.kind = "mine": not one of the legal values' in failed["dirac/mine+none"]
    lines = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    assert {line["method"]: line["status"] for line in lines} == {"mine+none": "failed", "gan": "done"}
    assert "objective" in next(line["message"] for line in lines if line["status"] == "failed")


OWN_OBJECTIVE = """
from toygan.game import objectives
objectives.OBJECTIVES["mine"] = objectives.OBJECTIVES["hinge"]
from toygan.many import sweep as sweeps
small = {"training.steps": 5, "training.frames": 2, "training.points": 1}
rows = sweeps.sweep("dirac", ["mine+none", "gan"], overrides=small, out="swp", workers=1)
rows = rows if isinstance(rows, list) else rows.to_dict("records")
print([(row["method"], row["status"]) for row in rows])
"""


@pytest.mark.slow
def test_an_objective_that_only_the_driver_knows_fails_with_a_row(tmp_path: Path) -> None:
    words = [sys.executable, "-c", OWN_OBJECTIVE]
    done = subprocess.run(words, env=ENV, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert "[('mine+none', 'failed'), ('gan', 'done')]" in done.stdout, done.stderr
    lines = list(csv.DictReader((tmp_path / "swp/results.csv").read_text().splitlines()))
    assert {line["method"]: line["status"] for line in lines} == {"mine+none": "failed", "gan": "done"}
    assert "objective" in next(line["message"] for line in lines if line["status"] == "failed")


def test_a_folder_at_work_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toygan.many.task.TURN", 0.1)
    task = eight(tmp_path)[0]
    with folders.claimed(task.folder):
        assert perform(task).status == "busy"
        keep_failure(task, "not ours to say")
        assert not (task.folder / "run.json").exists()
    found = [end.status for _, end in ends([task], Answers({task.name: [End("busy"), End("done")]}), lambda _: None)]
    assert found == ["busy", "done"]


def test_no_more_processes_than_runs_and_cores_bear() -> None:
    for asked, many, wanted in ((6, 1, 1), (2, 9, 2), (None, 1, 1)):
        with local(asked, many) as pool:
            assert pool.workers == wanted
    for absurd in (0, -1, 1_000_000, 10**40):
        with pytest.raises(UserError, match=r"--workers .*must be 1 to"), local(absurd, 5):
            pass


def test_a_run_takes_nothing_of_the_runs_below_along(tmp_path: Path) -> None:
    inner = tmp_path / "training.batch=4"
    for name in ("run.json", "partial/state.npz", "training.batch=4/run.json", ".run.json.1.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert inner.exists()
    assert load_files(tmp_path).keys() == {"run.json", "partial/state.npz"}


class NoWorkers:
    """A Dask client whose scheduler has nobody."""

    scheduler = SimpleNamespace(address="tcp://here:1")

    def nthreads(self) -> dict[str, int]:
        return {}

    def get_executor(self, pure: bool) -> None: ...

    def subscribe_topic(self, topic: str, hear: Any) -> None: ...


def test_a_scheduler_without_workers_is_told(capsys: pytest.CaptureFixture) -> None:
    note = Cluster(NoWorkers()).trouble()
    assert "the scheduler has no workers; waiting" in note
    assert "dask worker tcp://here:1" in note
    watch = plain_lines()
    for said in ("", note, note, ""):
        watch(Standing(2, note=said))
    assert capsys.readouterr().err.count("no workers") == 1


def test_a_forecast_looks_as_a_run_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"train": 1.0, "observe": 0.25, "measure": 0.5}
    monkeypatch.setattr(
        "toygan.many.sweep.looks_from", lambda *given: (a._replace(seconds=seconds) for a in looks_from(*given))
    )
    monkeypatch.setattr("toygan.many.sweep.keeping_seconds", lambda config, look: 0.25)
    small = {"training.steps": 48, "training.frames": 3, "training.points": 20, "training.batch": 4}
    (task,) = planned(Plan(scenarios=("swiss-roll",), methods=("gan",), set=small))
    assert estimated_seconds([task]) == pytest.approx(48 / PROBE_STEPS + 3 + END_SECONDS)


def test_input_files_may_go_after_the_runs(tmp_path: Path, no_processes: None) -> None:
    np.savetxt(tmp_path / "dots.csv", np.random.default_rng(0).normal(size=(50, 2)), delimiter=",")
    (tmp_path / "dots.toml").write_text('title = "dots"\n[target]\nkind = "points"\npath = "dots.csv"\n')
    tasks = planned(Plan(scenarios=(str(tmp_path / "dots.toml"),), methods=("gan",), set=TINY, out=str(tmp_path)))
    assert perform(tasks[0]).status == "done"
    assert carry_out(tasks, tmp_path) == {}
    (tmp_path / "demo.toml").write_text(DEMO)
    words = ["demo", str(tmp_path / "demo.toml"), "--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs")]
    shown = CliRunner().invoke(app, [*words, "--json", "--workers", "1"])
    assert shown.exit_code == 0, shown.stderr
    assert len(json.loads(shown.stdout)["runs"]) == 1
    (tmp_path / "dots.csv").unlink()
    table = CliRunner().invoke(app, ["table", str(tmp_path)])
    assert (table.exit_code, table.stderr) == (0, "")
    assert "split by training.frames" in table.stdout  # the demo's run has the usual fifty
    assert table.stdout.count("dots ") == 2


TINY = {"training.steps": 6, "training.frames": 3, "training.points": 20, "training.batch": 4}
DEMO = """title = "Dots"
question = "Where are they?"
text = "Dots."
[[runs]]
scenarios = ["dots.toml"]
methods = ["gan"]
seeds = 1
set = { training = { steps = 6, points = 20, batch = 4 } }
[[panels]]
kind = "curves"
measure = "w1"
[[claims]]
says = "W1 is not negative."
value = { measure = "w1" }
at_least = 0
"""


# --- whole sweeps ----------------------------------------------------------------------------------------------------


def eight(place: Path) -> list[Task]:
    """The tasks of EIGHT, without pictures."""
    grid = {"training.steps": [40, 60], "method.critic_rate": [0.1, 0.2]}
    common = {"training.frames": 3, "training.points": 1}
    plan = Plan(scenarios=("dirac",), methods=("ns-gan-r1", "wgan-gp"), seeds=2, grid=grid, set=common, out=str(place))
    return [task._replace(picture=False) for task in planned(plan)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight short runs one after the other, by nobody but this process, under the backend that others take for them."""
    place = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "FEW", FEW)
        assert [perform(task).status for task in eight(place)] == ["done"] * 8
    return place


def test_progress_is_of_the_work_and_not_of_the_number_of_runs(tmp_path: Path) -> None:
    assert Standing(3, 1, left={"long": 30.0, "short": 10.0}, at_work={"long": 0.5}).share == 15 / 40
    assert Standing(3, 1, left={"short": 10.0}, done=30.0).share == 30 / 40
    one, *_ = eight(tmp_path)
    longer = one._replace(config={**one.config, "training": {**one.config["training"], "steps": 10**6}})
    assert size_of(longer) > 100 * size_of(one)


def test_what_is_finished_is_kept(undisturbed: Path, no_processes: None) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("run.json")}
    seen: list[Standing] = []
    assert carry_out(eight(undisturbed), undisturbed, watch=seen.append) == {}
    assert seen[-1].kept == 8
    assert seen[-1].share == 1
    assert before == {path: path.stat().st_mtime_ns for path in undisturbed.rglob("run.json")}
    lines = (undisturbed / "results.csv").read_text().splitlines()
    assert len(lines) == 1 + 8 * 2
    assert lines[0].startswith("scenario,method,settings,training.steps,method.critic_rate,seed,status,w1,")
    facts = read_json(undisturbed / "dirac/wgan-gp/training.steps=40,method.critic_rate=0.1/run.json")
    assert facts["settings"] == {"training.steps": 40, "method.critic_rate": 0.1}
    assert "--steps 40 --set method.critic_rate=0.1" in facts["command"]
    pictures = {path.name for path in save_sweep(records(run_folders(undisturbed)), undisturbed)}
    assert pictures == {"grid.png", "methods.png", "quality-against-time.png"}


def test_another_run_in_the_folder_is_refused_before_anything_is_played(undisturbed: Path) -> None:
    view = {"x": [0.0, 1.0], "y": [0.0, 1.0]}
    other = [task._replace(config={**task.config, "view": view}) for task in eight(undisturbed)]
    with pytest.raises(UserError, match=r"(?s)view.x: .*and 3 more"):
        carry_out(other, undisturbed)


def test_a_run_that_raises_fails_alone_and_is_tried_again(
    tmp_path: Path, no_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "draw", lambda recording, order: write_aside(order.folder / "picture.png", b"drawn"))
    (tmp_path / "dirac/gan/picture.png").mkdir(parents=True)  # in the way of the picture
    words = ["sweep", *SHORT, "-m", "gan", "-m", "wgan", "--set", "training.steps=5", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, [*words, "--workers", "1"])
    assert done.exit_code == 3
    assert "1 of 2 runs failed" in done.stderr
    assert "dirac/gan: IsADirectoryError" in done.stderr
    assert read_json(tmp_path / "dirac/gan/run.json")["status"] == "failed"
    assert ",failed," in (tmp_path / "results.csv").read_text()
    (tmp_path / "dirac/gan/picture.png").rmdir()
    common = {"training.steps": 5, "training.frames": 3, "training.points": 1}
    plan = Plan(scenarios=("dirac",), methods=("gan", "wgan"), seeds=2, set=common, out=str(tmp_path))
    (again,) = unfinished(planned(plan), fresh=False)
    assert perform(again).status == "done"


def children(pid: int, words: str) -> list[int]:
    """The processes that a process has started, and theirs, with these words in their command."""
    try:
        found = psutil.Process(pid).children(recursive=True)
        return [child.pid for child in found if words in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def kill_one(victims: Callable[[], list[int]], rng: random.Random, patience: float = 30) -> None:
    """Kill one of the victims, a moment after there are some."""
    until = time.monotonic() + patience
    while not victims() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(rng.uniform(0, 6))
    there = victims()
    if there:
        os.kill(rng.choice(there), signal.SIGKILL)


def goes_on(words: list[str], workers: Callable[[], list[int]], rng: random.Random) -> None:
    """Start a sweep in a process of its own, kill that or a worker, and let it end or stop it."""
    running = subprocess.Popen(command(*words), env=ENV, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    driver = [running.pid] if rng.random() < 0.5 else []
    kill_one(lambda: (driver or workers() or children(running.pid, LOKY)) if running.poll() is None else [], rng, 5)
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, 3))
        running.kill()
    running.wait(timeout=300)


LOKY, NANNIED = "popen_loky", "spawn_main"  # what the commands of workers have in them


@pytest.mark.slow
def test_killed_driver_and_killed_worker_lose_nothing(undisturbed: Path, tmp_path: Path) -> None:
    driver = subprocess.Popen(command("sweep", *EIGHT, "--out", str(tmp_path)), env=ENV, stderr=subprocess.DEVNULL)
    kill_one(lambda: children(driver.pid, LOKY), random.Random(1))
    driver.kill()
    driver.wait()
    tasks = eight(tmp_path)
    killer = Thread(target=kill_one, args=(lambda: children(os.getpid(), LOKY), random.Random(2)))
    killer.start()
    assert carry_out(tasks, tmp_path) == {}
    killer.join()
    same(undisturbed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_killed_anywhere_often(undisturbed: Path, tmp_path: Path, number: int) -> None:
    words = ["sweep", *EIGHT, "--out", str(tmp_path)]
    goes_on(words, lambda: [], random.Random(number))
    toygan(*words)
    same(undisturbed, tmp_path)


# --- a cluster -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Callable[[], list[int]]]]:
    """A scheduler and two workers as processes, on loopback: its address, and who the workers are."""
    place = tmp_path_factory.mktemp("dask")
    dask = [sys.executable, "-m", "dask"]
    file = place / "scheduler.json"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": ENV, "cwd": place}
    words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    started = [subprocess.Popen([*dask, *words], **quiet)]
    until = time.monotonic() + 60
    while (not file.exists() or not file.read_text().endswith("}")) and time.monotonic() < until:
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    worker = [*dask, "worker", address, "--nthreads", "1", "--no-dashboard"]
    started += [subprocess.Popen(worker, **quiet) for _ in range(2)]
    yield address, lambda: [child for nanny in started[1:] for child in children(nanny.pid, NANNIED)]
    for process in reversed(started):
        process.terminate()
    for process in reversed(started):
        process.wait(timeout=60)


@pytest.mark.slow
def test_a_cluster_does_the_same(undisturbed: Path, tmp_path: Path, cluster: tuple[str, Any]) -> None:
    address, workers = cluster
    killer = Thread(target=kill_one, args=(workers, random.Random(3)))
    killer.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own
        assert carry_out(eight(tmp_path), tmp_path, "dask", address) == {}
    killer.join()
    same(undisturbed, tmp_path)


@pytest.mark.slow
def test_a_wrong_address_is_told_without_a_traceback(tmp_path: Path) -> None:
    words = ["--engine", "dask", "--address", "nonsense", "--out", str(tmp_path)]
    done = toygan("sweep", *SHORT, *words, code=2)
    assert "--address nonsense: no Dask scheduler answers there" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stop_with_runs_queued_is_one_line(tmp_path: Path) -> None:
    many = ["--grid", f"training.steps={','.join(map(str, range(3000, 3006)))}", "--out", str(tmp_path)]
    words = command("sweep", *SHORT, "-m", "gan", *many, "--workers", "1")
    with subprocess.Popen(words, env=ENV, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as sweep:
        until = time.monotonic() + 120
        while not list(tmp_path.rglob("run.json")) and time.monotonic() < until:
            time.sleep(0.1)
        sweep.terminate()
        said = sweep.communicate(timeout=60)[1]
    assert sweep.returncode == 130, said
    assert "toygan: interrupted" in said
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_a_cluster_is_killed_often(undisturbed: Path, tmp_path: Path, cluster: tuple[str, Any], number: int) -> None:
    address, workers = cluster
    words = ["sweep", *EIGHT, "--out", str(tmp_path), "--engine", "dask", "--address", address]
    goes_on(words, workers, random.Random(number))
    toygan(*words)
    same(undisturbed, tmp_path)


def test_a_run_travels_with_its_points_and_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = tmp_path / "dots.csv"
    np.savetxt(points, np.random.default_rng(0).normal(size=(50, 2)), delimiter=",")
    (tmp_path / "dots.toml").write_text('title = "dots"\n[target]\nkind = "points"\npath = "dots.csv"\n')
    small = {"training.steps": 6, "training.frames": 3, "training.points": 20, "training.batch": 4}
    plan = Plan(scenarios=(str(tmp_path / "dots.toml"),), methods=("gan",), set=small, out=str(tmp_path / "away"))
    (task,) = planned(plan)
    home = task._replace(folder=tmp_path / "home")
    assert perform(home).status == "done"
    monkeypatch.setattr("toygan.many.task.telling", lambda: lambda progress: None)  # there is no cluster to tell
    with monkeypatch.context() as patch:
        patch.setattr("toygan.many.run.finish", lambda *_: 1 / 0)
        lost = perform(task, cargo=cargo_for(task))
    assert lost.status == "failed"
    brought_home(task, lost)
    assert read_json(task.folder / "run.json")["config"] == read_json(home.folder / "run.json")["config"]
    cargo = cargo_for(task)
    assert "partial/state.npz" in cargo
    points.rename(tmp_path / "gone.csv")  # the other machine has no such file
    brought_home(task, perform(task, cargo=cargo))
    np.testing.assert_array_equal(load(task.folder).frames["samples"], load(home.folder).frames["samples"])
    assert (task.folder / "config.toml").read_text() == (home.folder / "config.toml").read_text()
    assert not (task.folder / "partial").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "needs --address"),
        (["--address", "tcp://127.0.0.1:9"], "no Dask scheduler answers there"),
        (["--address", "nonsense"], "--address nonsense: no Dask scheduler answers there"),
    ],
)
def test_no_cluster_is_told(tmp_path: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And there is no client yet, which would complain of it at the end of the program."""
    monkeypatch.setattr("toygan.many.executors.ANSWER", 0.5)
    monkeypatch.setattr("distributed.Client", raising(AssertionError("a client")))
    done = CliRunner().invoke(app, ["sweep", *SHORT, "--engine", "dask", "--out", str(tmp_path), *words])
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_points_file_travels_under_another_path(tmp_path: Path) -> None:
    home = "/home/someone's/pöints.csv"
    config, moves = at_home_here({"target": {"kind": "points", "path": home}}, tmp_path)
    assert config["target"]["path"] == str((tmp_path / "0" / "pöints.csv").resolve())
    there = moves[home]
    facts = {
        "title": home,
        "config": {"about": f'"{home}"', "target": {"path": home}},
        "inputs": {home: "00"},
        "x": home,
    }
    record = {"run.json": json_bytes(facts), "frames.npz": home.encode()}
    away = files_moved(record, moves)
    expected = facts | {"config": facts["config"] | {"target": {"path": there}}, "inputs": {there: "00"}}
    assert json.loads(away["run.json"]) == expected
    assert away["frames.npz"] == record["frames.npz"]
    assert files_moved(away, {there: home}) == record


def test_points_of_both_worlds_travel(tmp_path: Path) -> None:
    worlds = {part: {"kind": "points", "path": f"/home/{part}.csv"} for part in ("target", "source")}
    config, moves = at_home_here(worlds, tmp_path)
    assert {part: config[part]["path"] for part in worlds} == {part: moves[f"/home/{part}.csv"] for part in worlds}
    assert len({*moves.values()}) == 2


@pytest.mark.parametrize("content", [b"{", b"[]\n", json_bytes({"config": 3}), b"\xff", b"[" * 10**5])
def test_a_damaged_record_travels_as_it_is(content: bytes) -> None:
    for name in ("run.json", "config.toml"):
        assert files_moved({name: content}, {"/a/b.csv": "/c/b.csv"}) == {name: content}


def test_words_that_are_a_path_stay_words_on_another_machine(tmp_path: Path, monkeypatch) -> None:
    place = tmp_path / 'two "moons"'  # a folder with the name of what is in the titles
    place.mkdir()
    points = place / "dots é.csv"
    np.savetxt(points, np.random.default_rng(0).normal(size=(50, 2)), delimiter=",")
    words = {
        "title": str(points),
        "about": f'"{points}" of "{place}"',
        "target": {"kind": "points", "path": str(points)},
    }
    (tmp_path / "dots.toml").write_text(toml_of(words))
    small = {"training.steps": 2, "training.frames": 1, "training.points": 20, "training.batch": 4}
    (task,) = planned(Plan(scenarios=(str(tmp_path / "dots.toml"),), methods=("gan",), set=small, out=str(tmp_path)))
    home = task._replace(folder=tmp_path / "home")
    assert perform(home).status == "done"
    monkeypatch.setattr("toygan.many.task.telling", lambda: lambda progress: None)
    end = perform(task, cargo=cargo_for(task))
    assert end.files is not None
    assert end.files["config.toml"] == (home.folder / "config.toml").read_bytes()
    away, here = (json.loads(text) for text in (end.files["run.json"], (home.folder / "run.json").read_bytes()))
    assert [away[key] for key in ("title", "config", "inputs")] == [here[key] for key in ("title", "config", "inputs")]
    assert files_moved(files_moved(end.files, {str(points): "/x/y.csv"}), {"/x/y.csv": str(points)}) == end.files


@pytest.mark.parametrize(
    "words",
    [
        ["two-moons", f"{'a' * 300}.toml"],
        ["two-moons", "--out", "a" * 300],
        ["two-moons", "--fresh", "--out", "a" * 300],
    ],
)
def test_names_too_long_for_the_disk_are_the_users_mistakes(words: list[str], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["sweep", *words])
    assert (result.exit_code, "aaa" in result.stderr) == (2, True)


# --- pictures over all runs ------------------------------------------------------------------------------------------


def some_records(scenarios: int, settings: int) -> list[dict[str, Any]]:
    """Made-up records: so many scenarios, two methods, a grid of so many settings, two seeds each."""
    told = [(s, method, i, seed) for s in range(scenarios) for method in ("gan", "wgan-gp") for i in range(settings)
            for seed in (0, 1)]  # fmt: skip
    return [
        {"scenario": f"world-{s}", "method": method, "settings": f"method.generator_rate={0.1**i:g},training.batch=64"}
        | {"method.generator_rate": 0.1**i, "training.batch": 64, "seed": seed, "status": "done"}
        | {"w1": 0.123456 + s + i + 0.01 * seed, "core_seconds": 1.0 + i, "folder": f"{s}/{method}/{i}"}
        for s, method, i, seed in told
    ]


@pytest.mark.parametrize("scenarios", sampled([1, 2, 3], 2))
def test_no_half_of_a_sweeps_picture_is_blank(scenarios: int) -> None:
    """Panels reach to the right edge in every row, and the words beneath them are inside the picture."""
    rows = some_records(scenarios, 3)
    for figure in (price_picture(rows), grid_picture(rows, "method.generator_rate", "training.batch")):
        rights: dict[float, float] = {}
        for axis in figure.axes:
            box = axis.get_position()
            if axis.get_title(loc="left"):
                rights[round(box.y0, 3)] = max(rights.get(round(box.y0, 3), 0), box.x1)
        assert rights
        assert min(rights.values()) > 0.9
        figure.canvas.draw()
        for legend in figure.legends:
            assert legend.get_window_extent().x1 <= figure.bbox.x1
            assert len(legend.get_texts()) == 6


def test_a_map_writes_three_digits() -> None:
    figure = grid_picture(some_records(1, 2), "method.generator_rate", "training.batch")
    words = {text.get_text() for axis in figure.axes for text in axis.texts}
    assert {"0.128", "1.13"} <= words


@pytest.mark.slow
def test_pictures_come_in_the_formats_asked_for(tmp_path: Path) -> None:
    paths = save_sweep(some_records(1, 2), tmp_path, formats=("pdf", "svg"))
    assert {path.name for path in paths} == {
        f"{name}.{suffix}" for name in ("methods", "quality-against-time") for suffix in ("pdf", "svg")
    }
    assert all(path.stat().st_size > 1000 for path in paths)
    (one,) = save_sweep(some_records(1, 2), tmp_path, wanted=["methods"])
    assert one.name == "methods.png"
    unknown = CliRunner().invoke(app, ["sweep", *SHORT, "--out", str(tmp_path / "out"), "--panels", "method"])
    assert (unknown.exit_code, 'did you mean "methods"' in unknown.stderr) == (2, True)
    refused = CliRunner().invoke(app, ["sweep", *SHORT, "--out", str(tmp_path / "out"), "--format", "pfd"])
    assert (refused.exit_code, 'did you mean "pdf"' in refused.stderr) == (2, True)
    assert not (tmp_path / "out").exists()
