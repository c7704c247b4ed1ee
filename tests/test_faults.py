"""Whatever happens to a run, the same command goes on and ends with the same bytes as an undisturbed one."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import EVERY_SAMPLER, FOUND_OR_KEPT, crossed, sampled, undrawn, with_parameters

import toygan
from toygan.engines import table
from toygan.files.config import as_data
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.many import record, run
from toygan.session import folder as folders
from toygan.session import ground, measuring, simulation
from toygan.session.recording import Recording

SMALL = """\
title = "Small"
[target]
kind = "ring"
[generator]
width = 8
[critic]
width = 8
[training]
steps = 20
frames = 4
points = 50
batch = 16
seeds = 2
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("world") / "small.toml"
    file.write_text(SMALL)
    return file


@pytest.fixture
def quick(monkeypatch):
    """Runs without pictures and with few points in the final measures."""
    hurry(monkeypatch.setattr)


def hurry(put) -> None:
    put(run, "draw", lambda recording, order: None)
    put(measuring, "FINAL_W1", 20)
    put(table, "FEW", 0)  # by a graph, in a process of its own too
    put(ground, "floors_of", EVERY_SAMPLER)  # and with the floors of one
    for place in (ground, record):
        put(place, "floors_on", FOUND_OR_KEPT)


def play(world: Path, out: Path, **options) -> Recording:
    return toygan.run(str(world), out=out, **options)


def assert_same(one: Recording, other: Recording) -> None:
    """Same frames and measures, and no trace of the disturbance."""
    assert one.frames["samples"].tobytes() == other.frames["samples"].tobytes()
    assert {name: array.tobytes() for name, array in one.frames.items()} == {
        name: array.tobytes() for name, array in other.frames.items()
    }
    lines = [(recording.folder / "metrics.jsonl").read_text() for recording in (one, other)]
    assert lines[0] == lines[1]
    assert one.facts.summary == other.facts.summary
    assert one.facts.status == other.facts.status
    assert "message" not in one.facts.said
    assert not (one.folder / "partial").exists()
    assert not list(one.folder.glob(".*"))


@pytest.fixture(scope="module")
def undisturbed(world, tmp_path_factory) -> Recording:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr)
        return play(world, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def done(undisturbed, tmp_path) -> Path:
    """The folder of a finished run below `tmp_path`, as it would have been played there."""
    return shutil.copytree(undisturbed.folder, tmp_path / "small" / "wgan-gp")


# --- killed ----------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Nobody catches this, as nobody catches a SIGKILL."""


def dies_at(monkeypatch, moment: int) -> None:
    """Die at the given write of a file, before it has its name."""
    replace, count = os.replace, iter(range(10**6))

    def replace_or_die(source, target):
        if next(count) == moment:
            raise Killed
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_or_die)


@pytest.mark.parametrize("moment", sampled(range(24), 4))
def test_a_run_that_dies_at_any_write_is_continued(moment, world, undisturbed, tmp_path, monkeypatch, quick):
    with monkeypatch.context() as patch:
        dies_at(patch, moment)
        try:
            play(world, tmp_path)
        except Killed:
            pass
    assert_same(play(world, tmp_path), undisturbed)


SERVER = """
import json, os, signal, sys
from test_faults import hurry, play, run
from toygan.cli import main

def work(words, place, cpu):
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(os.path.join(place, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    signal.setitimer(signal.ITIMER_PROF, cpu)  # nobody catches it, and nothing is done at such an end
    sys.argv[1:] = words
    main.main() if words else play(world, place)

hurry(setattr)
run.import_slow_libraries = lambda: None  # nothing is drawn
world, warm = sys.argv[1:]
play(world, warm)
for line in sys.stdin:
    order = json.loads(line)
    if "wait" in order:
        _, status, used = os.wait4(order["wait"], 0)
        answer = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
    else:
        answer = os.fork()
        if not answer:
            code = 1
            try:
                work(**order)
                code = 0
            except SystemExit as end:
                code = end.code
            finally:
                sys.stdout.flush()
                os._exit(code)
    print(json.dumps(answer), flush=True)
"""


class Forks:
    """Starts processes in which all is imported, so that they are at work at once."""

    def __init__(self, world: Path, warm: Path) -> None:
        words = [sys.executable, "-c", SERVER, str(world), str(warm)]
        there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=there)

    def ask(self, **order) -> Any:
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def start(self, place: Path, *words: str, cpu: float = 0) -> int:
        """A process that plays the small world in a folder, or does what words say; it dies after so many CPU seconds."""
        place.mkdir(exist_ok=True)
        return self.ask(words=words, place=str(place), cpu=cpu)

    def wait(self, process: int) -> tuple[int, float]:
        """How a process ended, and how many CPU seconds it took."""
        code, seconds = self.ask(wait=process)
        return code, seconds


@pytest.fixture(scope="module")
def forks(world, tmp_path_factory) -> Iterator[Forks]:
    made = Forks(world, tmp_path_factory.mktemp("warm"))
    yield made
    made.server.communicate(timeout=60)


def kill_often(rounds: int, forks: Forks, world: Path, undisturbed: Recording, tmp_path: Path) -> None:
    """Moments are of a process' own clock: no other work of the machine moves them."""
    code, whole = forks.wait(forks.start(tmp_path / "timed"))
    assert code == 0
    ends = []
    for k, moment in enumerate(np.random.default_rng(0).uniform(0.001, whole, rounds)):
        ends.append(forks.wait(forks.start(tmp_path / str(k % 4), cpu=moment))[0])
    assert {*ends} <= {0, -signal.SIGPROF}
    assert -signal.SIGPROF in ends
    for k in range(4):
        assert_same(play(world, tmp_path / str(k)), undisturbed)


def test_a_run_killed_at_any_moment_is_continued(forks, world, undisturbed, tmp_path, quick):
    kill_often(8, forks, world, undisturbed, tmp_path)


@pytest.mark.slow
def test_a_run_killed_at_many_moments_is_continued(forks, world, undisturbed, tmp_path, quick):
    kill_often(200, forks, world, undisturbed, tmp_path)


# --- interrupted -----------------------------------------------------------------------------------------------------


def wait_until(is_so, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def interrupted(out: str, err: str, folder: Path) -> None:
    """What a run leaves that was asked to end."""
    assert out == ""
    assert err.endswith("toygan: interrupted; the same command goes on from here\n")
    assert "Traceback" not in err
    assert json.loads((folder / "run.json").read_text())["status"] == "interrupted"


LONG = ("--steps", "100000")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_an_interrupted_run_and_a_word(number, forks, world, tmp_path):
    process = forks.start(tmp_path, "run", str(world), "--out", str(tmp_path), *LONG)
    folder = tmp_path / "small" / "wgan-gp"
    wait_until(lambda: (folder / "partial" / "state.npz").exists())
    os.kill(process, number)
    assert forks.wait(process)[0] == 130
    interrupted((tmp_path / "out").read_text(), (tmp_path / "err").read_text(), folder)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_program_leaves_an_interrupted_run_and_a_word(number, world, tmp_path):
    words = [sys.executable, "-m", "toygan", "run", str(world), "--out", str(tmp_path), *LONG]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    folder = tmp_path / "small" / "wgan-gp"
    wait_until(lambda: (folder / "partial" / "state.npz").exists())
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    interrupted(out, err, folder)


@pytest.mark.parametrize("seconds", [0.05, 0.7])
def test_a_signal_at_the_start_says_a_word_too(seconds, world, tmp_path):
    code = (
        "import os, signal, sys, threading; from toygan.cli import main;"
        f"threading.Timer({seconds}, os.kill, (os.getpid(), signal.SIGINT)).start(); main.main()"
    )
    words = [sys.executable, "-c", code, "run", str(world), "--out", str(tmp_path), "--steps", "100000"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130
    assert "toygan: interrupted" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_signal_while_torch_is_imported_aborts_nothing():
    """Its C++ calls Python while it is set up, and dies of an exception there."""
    code = (
        "import sys, types; from toygan.cli import exits; spec = types.SimpleNamespace(_initializing=True);"
        "sys.modules['torch'] = types.SimpleNamespace(__spec__=spec); exits.stop()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "toygan: interrupted\n")


@pytest.mark.parametrize(
    ("place", "fault"),
    crossed(
        ["floors_at", "keep", "pack", "draw"], [KeyboardInterrupt(), RuntimeError("out of luck"), MemoryError()], 3
    ),
    ids=str,
)
def test_a_fault_anywhere_leaves_its_mark_and_the_run_goes_on(
    place, fault, world, undisturbed, tmp_path, monkeypatch, quick
):
    def fail(*_, **__):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(run, place, fail)
        with pytest.raises(type(fault)):
            play(world, tmp_path)
    facts = json.loads((tmp_path / "small" / "wgan-gp" / "run.json").read_text())
    assert facts["status"] == ("interrupted" if isinstance(fault, KeyboardInterrupt) else "failed")
    assert_same(play(world, tmp_path), undisturbed)


# --- diverged --------------------------------------------------------------------------------------------------------


RUNAWAY = {"method.critic_rate": 1e6, "method.generator_rate": 1e6}


def poisoned(monkeypatch, *seeds: int) -> None:
    """Give some seeds' generators a first parameter that is no number."""
    first_state = simulation.first_state

    def poisoned_state(*words):
        state = first_state(*words)
        generator = state.parameters["generator"].clone()
        generator[list(seeds), 0] = float("nan")
        return with_parameters(state, {"generator": generator})

    monkeypatch.setattr(simulation, "first_state", poisoned_state)


def test_a_seed_that_diverges_harms_no_other(world, tmp_path, monkeypatch):
    few = {"training.frames": 2}
    with undrawn():
        healthy = play(world, tmp_path / "healthy", seeds=3, overrides=few)
    poisoned(monkeypatch, 1)
    ill = play(world, tmp_path / "ill", seeds=3, overrides=few)
    assert ill.facts.status == "diverged"
    assert [row["diverged_at"] for row in ill.facts.summary.rows] == [None, 0, None]
    assert ill.facts.step == 20
    for name in ("samples", "final"):
        axis = ill.frames[name].ndim - 3
        assert ill.frames[name].take([0, 2], axis).tobytes() == healthy.frames[name].take([0, 2], axis).tobytes()
    assert {path.name for path in ill.folder.iterdir()} == set(folders.OURS) - set(folders.OWN_FILES.values())


@pytest.mark.parametrize("poison", [True, False], ids=["not a number", "runaway"])
def test_a_run_in_which_all_diverge_ends_early_and_is_drawn(poison, world, tmp_path, monkeypatch):
    if poison:
        poisoned(monkeypatch, 0, 1)
    ill = play(world, tmp_path, overrides={} if poison else RUNAWAY)
    assert ill.facts.status == "diverged"
    assert ill.facts.step == ill.frames["step"][-1] < 20
    assert len(ill.frames["samples"]) == len(ill.frames["step"])
    assert {path.name for path in ill.folder.iterdir()} == set(folders.OURS) - set(folders.OWN_FILES.values())
    assert "NaN" not in (ill.folder / "run.json").read_text()


@pytest.fixture(scope="module")
def undisturbed_runaway(world, tmp_path_factory) -> Recording:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr)
        return play(world, tmp_path_factory.mktemp("runaway"), overrides=RUNAWAY)


@pytest.mark.parametrize("moment", sampled([5, 8, 10], 2))
def test_a_run_that_diverges_and_is_killed_ends_the_same(
    moment, world, undisturbed_runaway, tmp_path, monkeypatch, quick
):
    with monkeypatch.context() as patch:
        dies_at(patch, moment)
        with pytest.raises(Killed):
            play(world, tmp_path, overrides=RUNAWAY)
    assert_same(play(world, tmp_path, overrides=RUNAWAY), undisturbed_runaway)


# --- disks -----------------------------------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing(world, undisturbed, tmp_path, monkeypatch, quick):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        replace, count = os.replace, iter(range(100))
        patch.setattr(os, "replace", lambda *paths: replace(*paths) if next(count) < 9 else full())
        with pytest.raises(OSError, match="No space left"):
            play(world, tmp_path)
    assert not list(tmp_path.rglob(".*.part"))
    assert_same(play(world, tmp_path), undisturbed)


def test_a_folder_below_a_file_is_refused(world, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be used \(Not a directory\).*--out"):
        play(world, tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_that_cannot_be_written_is_refused(world, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="--out"):
        play(world, tmp_path)


# --- what the folder holds -------------------------------------------------------------------------------------------


def half_done(world: Path, out: Path, monkeypatch) -> Path:
    """The folder of a run that was killed half way."""
    with monkeypatch.context() as patch:
        dies_at(patch, 12)
        with pytest.raises(Killed):
            play(world, out)
    folder = out / "small" / "wgan-gp"
    assert 0 < json.loads((folder / "run.json").read_text())["step"] < 20
    return folder


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


DAMAGES = {
    "a torn state": lambda folder: tear(folder / "partial" / "state.npz"),
    "no state": lambda folder: (folder / "partial" / "state.npz").unlink(),
    "a torn frame": lambda folder: tear(min((folder / "partial").glob("frame-*"))),
    "a lost frame": lambda folder: min((folder / "partial").glob("frame-*")).unlink(),
    "a torn last measure": lambda folder: (folder / "metrics.jsonl").open("a").write('{"step": 13, "se') and None,
    "lost measures": lambda folder: (folder / "metrics.jsonl").unlink(),
    "garbage in the measures": lambda folder: (folder / "metrics.jsonl").write_text("hello\n") and None,
    "no run.json": lambda folder: (folder / "run.json").unlink(),
    "a half-written file": lambda folder: (folder / ".frames.npz.part").write_bytes(b"half") and None,
}


@pytest.fixture(scope="module")
def half(world, tmp_path_factory) -> Path:
    """Where a run lies that was killed half way; to be copied."""
    place = tmp_path_factory.mktemp("half")
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr)
        half_done(world, place, patch)
    return place


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_unfinished_run_ends_the_same(damage, world, half, undisturbed, tmp_path, quick):
    shutil.copytree(half, tmp_path, dirs_exist_ok=True)
    DAMAGES[damage](tmp_path / "small" / "wgan-gp")
    assert_same(play(world, tmp_path), undisturbed)


def test_a_finished_run_is_kept(world, undisturbed, quick, monkeypatch):
    monkeypatch.setattr(run, "play_on", None)
    seen = []
    again = play(world, undisturbed.folder.parent.parent, watch=lambda progress: seen.append(progress.doing))
    assert seen == ["kept"]
    assert_same(again, undisturbed)


def test_another_runs_place_is_refused_and_fresh_replaces_it(world, done, tmp_path, quick):
    other = {"training.steps": 10, "method.ema": 0.5, "title": "Words decide nothing"}
    with pytest.raises(UserError, match="other settings") as caught:
        play(world, tmp_path, overrides=other)
    lines = [line.strip() for line in str(caught.value).splitlines()]
    assert lines[1:-1] == ["method.ema: 0.5, not 0.0", "training.steps: 10, not 20"]
    assert "--fresh" in lines[-1]
    assert play(world, tmp_path, overrides=other, fresh=True).facts.steps == 10


def test_other_words_are_no_other_run(world, done, undisturbed, tmp_path, quick):
    again = play(world, tmp_path, overrides={"title": "Other", "about": "words", "method.look_for": "more"})
    assert again.facts.summary == undisturbed.facts.summary
    assert again.facts.seconds == undisturbed.facts.seconds  # it was not played again


def test_fresh_leaves_what_is_not_ours(world, done, tmp_path, quick):
    (done / "notes.txt").write_text("mine")
    play(world, tmp_path, fresh=True)
    assert (done / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": 2}', "\0\1"])
def test_a_damaged_run_json_is_refused(content, world, tmp_path, quick):
    folder = tmp_path / "small" / "wgan-gp"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(content)
    with pytest.raises(UserError, match=r"run\.json: is not the record of a run; --fresh"):
        play(world, tmp_path)
    if content == "{":
        assert play(world, tmp_path, fresh=True).facts.status == "done"


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"hello")], ids=["lost", "damaged"])
def test_a_finished_run_without_its_frames_says_how_to_have_them_again(damage, world, done, tmp_path, quick):
    damage(done / "frames.npz")
    with pytest.raises(UserError, match="--fresh plays it again"):
        play(world, tmp_path)


def test_two_cannot_run_in_one_folder(world, tmp_path, quick):
    with (
        folders.claimed(tmp_path / "small" / "wgan-gp"),
        pytest.raises(UserError, match="another process is running in this folder"),
    ):
        play(world, tmp_path)


def test_points_that_changed_are_another_run(tmp_path, monkeypatch, quick):
    points, file = tmp_path / "points.csv", tmp_path / "small.toml"
    points.write_text("0,1\n1,0\n")
    file.write_text(SMALL.replace('"ring"', '"points"\npath = "points.csv"'))
    half_done(file, tmp_path, monkeypatch)
    points.write_text("0,1\n1,1\n")
    with pytest.raises(UserError, match="the points file has changed since"):
        play(file, tmp_path)
    points.write_text("0,1\n1,0\n")
    assert play(file, tmp_path).facts.status == "done"
    points.unlink()
    with pytest.raises(UserError, match="no file"):
        play(file, tmp_path)


def test_points_of_either_world_are_known_by_what_they_are(tmp_path):
    paths = [tmp_path / "here.csv", tmp_path / "there.csv"]
    for path in paths:
        path.write_text("0,1\n1,0\n")
    worlds = [
        (part, {"kind": "points", "path": str(path)}) for part, path in zip(("source", "target"), paths, strict=True)
    ]
    config = read("ring-to-grid", "cyclegan", worlds)
    for path in paths:
        before, text = folders.digests(config), path.read_text()
        path.write_text("0,1\n1,1\n")
        assert {name for name, told in folders.digests(config).items() if told != before[name]} == {str(path)}
        path.write_text(text)
    assert folders.digests(config, ("target",)).keys() == {str(paths[1])}


def test_a_run_whose_second_world_was_not_written_down_is_kept(tmp_path):
    points = tmp_path / "there.csv"
    points.write_text("0,1\n1,0\n")
    config = read("ring-to-grid", "cyclegan", [("source", {"kind": "points", "path": str(points)})])
    said = dict.fromkeys(folders.FACTS) | {"format": folders.FORMAT, "status": "running", "config": as_data(config)}
    now = {"inputs": folders.digests(config)}
    for inputs, match in (({}, None), ({str(points): "another"}, "the points file has changed since")):
        (tmp_path / "run.json").write_text(json.dumps(said | {"inputs": inputs}, default=str))
        with pytest.raises(UserError, match=match) if match else nullcontext():
            assert folders.agreeing(tmp_path, config, now)["inputs"] == inputs
