from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from toygan.engines import DEATHS, ends
from toygan.recording import load, read_json
from toygan.strict import UserError
from toygan.sweeps import Plan, flat, folder_name, grid_of, is_sweep_file, planned, points, read_plan
from toygan.tasks import End, Task, at_home_here, moved

ENV = {**os.environ, "OMP_NUM_THREADS": "1", "TERM": "dumb", "PYTHONWARNINGS": "default"}
SHORT = ["dirac", "--set", "training.frames=3", "--set", "training.points=1", "--seeds", "2"]
EIGHT = [*SHORT, "-m", "ns-gan-r1", "-m", "wgan-gp", "--grid", "training.steps=40,60", "--grid", "method.critic_rate=0.1,0.2"]
PLAN = {"set": {"training.steps": 6, "training.frames": 2}}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "toygan", *words]


def toygan(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*words), env=ENV, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    return done


def samples(place: Path) -> dict[str, np.ndarray]:
    """The generated points of every run below a place."""
    return {str(path.parent.relative_to(place)): load(path.parent).frames["samples"] for path in place.rglob("run.json")}


def same(one: Path, other: Path) -> None:
    first, second = samples(one), samples(other)
    assert first.keys() == second.keys()
    assert len(first) == 8
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


# --- what to run -----------------------------------------------------------------------------------------------------


def test_grid_values_are_toml_or_plain_words() -> None:
    grid = grid_of(["training.batch=16,64", "method.optimiser=adam,rmsprop", "method.betas=[0.0, 0.9],[0.5, 0.9]"])
    assert grid == {"training.batch": [16, 64], "method.optimiser": ["adam", "rmsprop"], "method.betas": [[0.0, 0.9], [0.5, 0.9]]}
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
    plan = Plan(scenarios=("dirac", "swiss-roll"), methods=("gan", "wgan"), seeds=3, grid=grid, out=str(tmp_path), **PLAN)
    tasks = planned(plan)
    assert len(tasks) == 8
    assert tasks[0].name == "dirac/gan/training.batch=2,method.critic_steps=1"
    assert tasks[0].folder == tmp_path / tasks[0].name
    assert tasks[0].config["training"] | {"batch": 2, "steps": 6, "frames": 2, "seeds": 3} == tasks[0].config["training"]
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
    path.write_text('scenarios = ["dirac", "world.toml"]\nseeds = 2\n[grid]\ntraining.batch = [1, 2]\n[set]\n"training.steps" = 9\n')
    scenario.write_text('title = "w"\n[target]\nkind = "dirac"\n[methods.own]\nobjective = "hinge"\n')
    assert is_sweep_file(str(path))
    assert not is_sweep_file(str(scenario))
    assert not is_sweep_file("dirac")
    plan = read_plan(path)
    assert plan.scenarios == ("dirac", str(scenario))
    assert len(planned(plan)) == 4
    path.write_text('scenario = ["dirac"]\nseeds = 2\n')
    with pytest.raises(UserError, match=r"(?s)sweep.toml, line 1: scenario.*did you mean \"scenarios\""):
        read_plan(path)


# --- processes that die ----------------------------------------------------------------------------------------------


def task_named(name: str, folder: Path) -> Task:
    return Task(name, folder / name, {}, "", {}, False)


class Deadly:
    """A pool of one in which the process of some runs always dies, and takes the others with it."""

    workers = 2

    def __init__(self, deadly: set[str]) -> None:
        self.deadly, self.alive, self.played = deadly, True, list[str]()

    def submit(self, task: Task):
        from concurrent.futures import Future
        from concurrent.futures.process import BrokenProcessPool

        future: Future[End] = Future()
        self.alive = self.alive and task.name not in self.deadly
        self.played.append(task.name)
        if self.alive:
            future.set_result(End("done"))
        else:
            future.set_exception(BrokenProcessPool("dead"))
        return future

    def at_work(self, waiting):
        return dict.fromkeys((task.name for task in waiting.values()), 0.5)

    def renew(self) -> None:
        self.alive = True


def test_a_run_that_kills_its_process_does_not_harm_the_others(tmp_path: Path) -> None:
    tasks = [task_named(name, tmp_path) for name in "abcd"]
    pool = Deadly({"b"})
    found = {task.name: end.status for task, end in ends(tasks, pool, lambda shares: None)}
    assert found == {"a": "done", "b": "failed", "c": "done", "d": "done"}
    assert pool.played.count("b") == DEATHS + 1


def test_a_machine_on_which_nothing_lives_is_told(tmp_path: Path) -> None:
    tasks = [task_named(str(i), tmp_path) for i in range(100)]
    pool = Deadly({task.name for task in tasks})
    pool.at_work = lambda waiting: {next(iter(waiting.values())).name: 0.5} if waiting else {}  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="in a row"):
        list(ends(tasks, pool, lambda shares: None))


# --- whole sweeps ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of eight short runs that nobody disturbed."""
    place = tmp_path_factory.mktemp("undisturbed")
    done = toygan("sweep", *EIGHT, "--out", str(place))
    assert "8 of 8 runs, 8 done" in done.stderr
    return place


def test_a_sweep_leaves_run_folders_and_results(undisturbed: Path) -> None:
    lines = (undisturbed / "results.csv").read_text().splitlines()
    assert len(lines) == 1 + 8 * 2
    assert lines[0].startswith("scenario,method,settings,training.steps,method.critic_rate,seed,status,w1,")
    assert (undisturbed / "grid.png").exists()
    facts = read_json(undisturbed / "dirac/wgan-gp/training.steps=40,method.critic_rate=0.1/run.json")
    assert facts["settings"] == {"training.steps": 40, "method.critic_rate": 0.1}
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("run.json")}
    assert "8 kept" in toygan("sweep", *EIGHT, "--out", str(undisturbed)).stderr
    assert before == {path: path.stat().st_mtime_ns for path in undisturbed.rglob("run.json")}


def test_a_run_that_raises_fails_alone_and_is_tried_again(tmp_path: Path) -> None:
    words = ["sweep", *SHORT, "-m", "gan", "-m", "wgan", "--set", "training.steps=5", "--workers", "1", "--out", str(tmp_path)]
    (tmp_path / "dirac/gan/picture.png").mkdir(parents=True)  # in the way of the picture
    done = toygan(*words, code=3)
    assert "1 of 2 runs failed" in done.stderr
    assert "dirac/gan: IsADirectoryError" in done.stderr
    assert read_json(tmp_path / "dirac/gan/run.json")["status"] == "failed"
    assert ",failed," in (tmp_path / "results.csv").read_text()
    (tmp_path / "dirac/gan/picture.png").rmdir()
    assert "1 kept, 1 done" in toygan(*words).stderr
    words[words.index("training.steps=5")] = "training.steps=6"
    assert "training.steps: 6, not 5" in toygan(*words, code=2).stderr


def children(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in found] + [grandchild for child in found for grandchild in children(int(child))]


def disturbed(words: list[str], victims, rng: random.Random) -> None:
    """Start a command and kill one of the victims at a random moment."""
    running = subprocess.Popen(command(*words), env=ENV, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(rng.uniform(0.5, 12))
    there = victims(running.pid)
    if there and running.poll() is None:
        os.kill(rng.choice(there), signal.SIGKILL)
    time.sleep(0.5)
    if running.poll() is None and rng.random() < 0.5:  # else it goes on by itself
        running.kill()
    running.wait(timeout=300)


def local_rounds(undisturbed: Path, place: Path, rounds: range) -> None:
    for number in rounds:
        out = place / str(number)
        words = ["sweep", *EIGHT, "--out", str(out)]
        disturbed(words, lambda pid: [pid, *children(pid)], random.Random(number))
        toygan(*words)
        same(undisturbed, out)


def test_killed_anywhere_it_goes_on(undisturbed: Path, tmp_path: Path) -> None:
    local_rounds(undisturbed, tmp_path, range(1))


@pytest.mark.slow
def test_killed_anywhere_often(undisturbed: Path, tmp_path: Path) -> None:
    local_rounds(undisturbed, tmp_path, range(1, 20))


# --- a cluster -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and two workers as processes, on loopback: its address, and the workers' pids."""
    pytest.importorskip("distributed")
    place = tmp_path_factory.mktemp("dask")
    dask = [sys.executable, "-m", "dask"]
    file = place / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": ENV, "cwd": place}
    words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    started = [subprocess.Popen([*dask, *words], **quiet)]
    until = time.monotonic() + 60
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    started += [subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-dashboard"], **quiet) for _ in range(2)]
    yield address, [process.pid for process in started[1:]]
    for process in started:
        process.terminate()
    for process in started:
        process.wait(timeout=60)


def dask_rounds(undisturbed: Path, place: Path, cluster: tuple[str, list[int]], rounds: range) -> None:
    address, workers = cluster
    for number in rounds:
        out = place / str(number)
        words = ["sweep", *EIGHT, "--out", str(out), "--engine", "dask", "--address", address]
        nannied = [child for pid in workers for child in children(pid)]
        disturbed(words, lambda pid, nannied=nannied: [pid, *nannied], random.Random(number))
        toygan(*words)
        same(undisturbed, out)


def test_a_cluster_does_the_same(undisturbed: Path, tmp_path: Path, cluster: tuple[str, list[int]]) -> None:
    dask_rounds(undisturbed, tmp_path, cluster, range(1))


@pytest.mark.slow
def test_a_cluster_is_killed_often(undisturbed: Path, tmp_path: Path, cluster: tuple[str, list[int]]) -> None:
    dask_rounds(undisturbed, tmp_path, cluster, range(1, 20))


def test_no_cluster_is_told(tmp_path: Path) -> None:
    assert "needs --address" in toygan("sweep", *SHORT, "--engine", "dask", "--out", str(tmp_path), code=2).stderr


def test_a_points_file_travels_under_another_path(tmp_path: Path) -> None:
    home = "/home/someone's/pöints.csv"
    config, moves = at_home_here({"target": {"kind": "points", "path": home}}, tmp_path)
    assert config["target"]["path"] == str((tmp_path / "pöints.csv").resolve())
    there = moves[home]
    record = {"run.json": json.dumps({"path": home}).encode(), "frames.npz": home.encode()}
    away = moved(record, moves)
    assert json.loads(away["run.json"]) == {"path": there}
    assert away["frames.npz"] == record["frames.npz"]
    assert moved(away, {there: home}) == record
