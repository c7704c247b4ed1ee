"""Same command, same bytes: whatever order a process gives to its sets, and whatever became of the folder meanwhile."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import crossed, states_in
from test_faults import SMALL, Killed, dies_at, hurry, play

from toygan.files.disk import read_json, unpacked, write_json
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.game.play import State
from toygan.game.streams import stream
from toygan.many import run
from toygan.many import task as tasks
from toygan.session import folder as folders
from toygan.session import looks, simulation
from toygan.session.recording import Recording, load
from toygan.session.stream import UNKEPT

SAME = ("frames.npz", "metrics.jsonl", "weights.npz", "config.toml")
PLACE = Path("small") / "wgan-gp"
HALF, DRAWING = 12, 17  # writes of a run at which it is killed: three frames of four are kept; all is packed


def contents(folder: Path) -> dict[str, bytes]:
    """The files that the same command makes the same."""
    return {name: (folder / name).read_bytes() for name in SAME}


def killed(world: Path, out: Path, moment: int, **options) -> Path:
    """The folder of a run that was killed at its so-manieth write of a file."""
    with pytest.MonkeyPatch.context() as patch:
        dies_at(patch, moment)
        with pytest.raises(Killed):
            play(world, out, **options)
    return out / PLACE


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("world") / "small.toml"
    file.write_text(SMALL)
    return file


@pytest.fixture(scope="module")
def undisturbed(world, tmp_path_factory, quick) -> Recording:
    return play(world, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr)
        yield


# --- hash seeds ------------------------------------------------------------------------------------------------------

PROCESS = """
import sys
from conftest import states_in
from test_faults import Killed, dies_at, hurry, play
import pytest
hurry(setattr)
patch = pytest.MonkeyPatch()
if len(sys.argv) > 3:
    dies_at(patch, int(sys.argv[3]))
try:
    play(sys.argv[1], sys.argv[2])
except Killed:
    print("killed")
"""


def in_a_process(hash_seed: int, world: Path, out: Path, *moment: int) -> str:
    """Play in a process of its own, to the end or to a moment; what it printed."""
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", PROCESS, str(world), str(out), *map(str, moment)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_processes_with_other_hash_seeds_write_the_same_bytes(world, undisturbed, tmp_path):
    expected = contents(undisturbed.folder)
    in_a_process(1, world, tmp_path / "1")
    assert contents(tmp_path / "1" / PLACE) == expected
    assert in_a_process(2, world, tmp_path / "2", HALF) == "killed\n"
    assert not (tmp_path / "2" / PLACE / "frames.npz").exists()
    in_a_process(3, world, tmp_path / "2")
    assert contents(tmp_path / "2" / PLACE) == expected


KILLED = """
import os, signal, sys
from toygan.files import disk
left, replace = [int(sys.argv[3])], os.replace
def replace_or_die(source, target):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    replace(source, target)
disk.os.replace = replace_or_die
from conftest import states_in
from test_faults import hurry, play
hurry(setattr)
play(sys.argv[1], sys.argv[2])
"""


@pytest.mark.slow
def test_two_hundred_kills_across_hash_seeds_change_no_byte(world, undisturbed, tmp_path):
    """Every process has another hash seed and is killed before one of its next writes; four runs are gone on with in turn."""
    rng, ends = np.random.default_rng(0), list[int]()
    for k in range(KILLS):
        environment = os.environ | {"PYTHONHASHSEED": str(k), "PYTHONPATH": os.pathsep.join(sys.path)}
        words = [sys.executable, "-c", KILLED, str(world), str(tmp_path / str(k % 4)), str(rng.integers(2, 24))]
        ends.append(subprocess.run(words, env=environment, capture_output=True, timeout=120, check=False).returncode)
        if ends[-1] == 0:  # it came to its end: another one begins
            assert contents(tmp_path / str(k % 4) / PLACE) == contents(undisturbed.folder)
            shutil.rmtree(tmp_path / str(k % 4))
    assert set(ends) <= {0, -signal.SIGKILL}
    assert ends.count(-signal.SIGKILL) > KILLS // 2
    for k in range(4):
        in_a_process(KILLS + k, world, tmp_path / str(k))
        assert contents(tmp_path / str(k) / PLACE) == contents(undisturbed.folder)


KILLS = int(os.environ.get("TOYGAN_KILLS", "200"))


def test_members_stand_in_the_order_in_which_they_are_seen(undisturbed):
    names = list(undisturbed.frames)
    assert names[:4] == ["samples", "scores", "slopes", "diverged"]
    assert names[-1] == "final"
    assert not set(names) & UNKEPT


# --- damage ----------------------------------------------------------------------------------------------------------

Damage = Callable[[Path, Path, np.random.Generator], None]


def torn(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: rng.integers(len(content))])


def without_its_last_byte(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flipped(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    content = bytearray(file.read_bytes())
    content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    file.write_bytes(content)


def gone(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.unlink()


def emptied(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.write_bytes(b"")


def of_zeros(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def with_a_line_twice(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    place = rng.integers(len(lines))
    file.write_bytes(b"".join([*lines[: place + 1], *lines[place:]]))


def without_a_line(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    del lines[rng.integers(len(lines))]
    file.write_bytes(b"".join(lines))


def with_lines_exchanged(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[::-1]))


def longer(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.write_bytes(file.read_bytes() + rng.bytes(20))


def another_files(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    others = sorted(path for path in file.parent.iterdir() if path.is_file() and path != file)
    one, other = file.read_bytes(), others[rng.integers(len(others))]
    file.write_bytes(other.read_bytes())
    other.write_bytes(one)


def another_runs(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    shutil.copy(foreign / file.name, file)


def of_something_else(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.write_text("hello\n")


def deeply_nested(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.write_text("[" * 100_000)


def a_pipe(file: Path, foreign: Path, rng: np.random.Generator) -> None:
    file.unlink()
    os.mkfifo(file)  # whoever reads it waits for ever


DAMAGES: Sequence[Damage] = (
    torn,
    without_its_last_byte,
    flipped,
    gone,
    emptied,
    of_zeros,
    with_a_line_twice,
    without_a_line,
    with_lines_exchanged,
    longer,
    another_files,
    another_runs,
    of_something_else,
    deeply_nested,
    a_pipe,
)
FILES = (
    "run.json",
    "config.toml",
    "metrics.jsonl",
    "partial/frame-000000000.npz",
    "partial/frame-000000007.npz",
    "partial/state.npz",
)


def pair_killed(moment: int, world: Path, root: Path) -> tuple[Path, Path]:
    """The folder of a run that was killed, and where the files of one of other seeds lie that was killed like it."""
    own, other = killed(world, root / "own", moment), killed(world, root / "other", moment, seeds=[5, 6])
    for file in (other / "partial").iterdir():
        shutil.copy(file, other)
    return own, other


@pytest.fixture(scope="module")
def half(world, tmp_path_factory, quick) -> tuple[Path, Path]:
    return pair_killed(HALF, world, tmp_path_factory.mktemp("half"))


def refusal(world: Path, out: Path) -> str:
    """Continue a folder; what is said where that is refused, nothing where it is not."""
    try:
        play(world, out)
    except UserError as error:
        return str(error)
    return ""


def ends_the_same_or_says_how(world: Path, out: Path, undisturbed: Recording) -> bool:
    """Continue a folder; whether it ends as ever at once, and not only after what it is refused with is followed."""
    message = refusal(world, out)
    if message:
        assert "--fresh" in message
        play(world, out, fresh=True)
    assert contents(out / PLACE) == contents(undisturbed.folder)
    assert read_json(out / PLACE / "run.json")["summary"] == undisturbed.facts.said["summary"]
    assert not (out / PLACE / "partial").exists()
    return not message


@pytest.mark.parametrize(("damage", "file"), crossed(DAMAGES, FILES, 6))
def test_a_damaged_folder_ends_the_same_or_is_refused(damage, file, half, world, undisturbed, tmp_path):
    own, foreign = half
    shutil.copytree(own, tmp_path / PLACE)
    damage(tmp_path / PLACE / file, foreign, np.random.default_rng(0))
    at_once = ends_the_same_or_says_how(world, tmp_path, undisturbed)
    assert at_once or file == "run.json" or damage is another_files


@pytest.mark.slow
@pytest.mark.parametrize("moment", [HALF, DRAWING])
def test_folders_damaged_in_many_ways_end_the_same_or_are_refused(moment, world, undisturbed, tmp_path):
    own, foreign = pair_killed(moment, world, tmp_path / "killed")
    rng, outcomes = np.random.default_rng(1), set()
    for _ in range(300):
        shutil.copytree(own, tmp_path / PLACE)
        for file in rng.choice(FILES, rng.integers(1, 4), replace=False):
            if (path := tmp_path / PLACE / str(file)).exists() and path.stat().st_size:
                DAMAGES[rng.integers(len(DAMAGES))](path, foreign, rng)
        outcomes.add(ends_the_same_or_says_how(world, tmp_path, undisturbed))
        shutil.rmtree(tmp_path / PLACE)
    assert outcomes == {True, False}


# --- what is refused and what is kept --------------------------------------------------------------------------------


def rewritten(folder: Path, **facts) -> Path:
    """The folder with other facts in its `run.json`."""
    known = read_json(folder / "run.json")
    versions = known["versions"] | facts.pop("versions", {})
    write_json(folder / "run.json", known | {"versions": versions} | facts)
    return folder


ELSEWHERE = {
    "torch: begun with 1.0, now ": {"versions": {"torch": "1.0"}},
    "toygan: begun with 0.0.1, now ": {"versions": {"toygan": "0.0.1"}},
    "python: begun with 3.9, now ": {"versions": {"python": "3.9.1"}},
    "numpy: begun with None, now ": {"versions": {"numpy": None}},
    "device: begun with cuda, now cpu": {"device": "cuda"},
}


@pytest.mark.parametrize("words", ELSEWHERE)
def test_a_run_begun_elsewhere_is_not_gone_on_with(words, half, world, undisturbed, tmp_path):
    shutil.copytree(half[0], tmp_path / PLACE)
    rewritten(tmp_path / PLACE, **ELSEWHERE[words])
    message = refusal(world, tmp_path)
    assert "holds an unfinished run that would end differently from here" in message
    assert [line.strip().startswith(words) for line in message.splitlines()[1:-1]] == [True]
    assert "--fresh plays it from the beginning" in message
    if words.startswith("toygan"):
        play(world, tmp_path, fresh=True)
        assert contents(tmp_path / PLACE) == contents(undisturbed.folder)


def test_versions_that_decide_nothing_are_no_reason(half, world, undisturbed, tmp_path):
    shutil.copytree(half[0], tmp_path / PLACE)
    patch_level = ".".join([*platform.python_version_tuple()[:2], "99"])
    rewritten(tmp_path / PLACE, versions={"matplotlib": "1.0", "python": patch_level})
    assert not refusal(world, tmp_path)
    assert contents(tmp_path / PLACE) == contents(undisturbed.folder)


def test_other_versions_are_no_reason_where_nothing_was_kept_or_all_is_done(world, undisturbed, tmp_path):
    rewritten(killed(world, tmp_path / "early", 3), versions={"torch": "1.0"})
    play(world, tmp_path / "early")
    assert read_json(tmp_path / "early" / PLACE / "run.json")["versions"] == undisturbed.facts.said["versions"]
    shutil.copytree(undisturbed.folder, tmp_path / "done" / PLACE)
    rewritten(tmp_path / "done" / PLACE, versions={"torch": "1.0"})
    assert play(world, tmp_path / "done").facts.said["versions"]["torch"] == "1.0"


def test_a_state_of_other_versions_is_not_gone_on_with_whatever_run_json_says(world, undisturbed, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "version", lambda name: "1.0")
        patch.setattr(looks, "RUNAWAY", 0.0)  # stands for anything that another version may do differently
        killed(world, tmp_path, 7)
    rewritten(tmp_path / PLACE, versions=undisturbed.facts.said["versions"])
    assert not refusal(world, tmp_path)
    assert contents(tmp_path / PLACE) == contents(undisturbed.folder)


@pytest.mark.parametrize("seconds", [None, [], {}, {"train": "long"}, {"train": 1e308, "observe": -1}])
def test_senseless_seconds_are_forgotten(seconds, half, world, tmp_path):
    shutil.copytree(half[0], tmp_path / PLACE)
    rewritten(tmp_path / PLACE, seconds=seconds)
    config, order = run.prepared(str(world), None, [], run.Order(tmp_path))
    with folders.claimed(order.folder):
        ledger = run.opened(config, order)
    assert read_json(tmp_path / PLACE / "run.json")["step"] == 0  # it is gone on with, the step found in its state
    assert ledger.seconds == dict.fromkeys(("train", "observe", "measure", "floors", "draw"), 0)
    if seconds is None:
        assert 0 < play(world, tmp_path).facts.seconds["train"] < 1000


def test_seconds_of_an_earlier_start_count(half, world, tmp_path):
    shutil.copytree(half[0], tmp_path / PLACE)
    rewritten(tmp_path / PLACE, seconds={"train": 5000.0, "observe": 1, "measure": 1, "floors": 1, "draw": 1})
    assert play(world, tmp_path).facts.seconds["train"] > 5000


@pytest.mark.parametrize("name", run.DIGESTED)
@pytest.mark.parametrize("damage", [gone, flipped, without_its_last_byte], ids=lambda damage: damage.__name__)
def test_a_finished_run_that_was_changed_is_refused(name, damage, world, undisturbed, tmp_path):
    shutil.copytree(undisturbed.folder, tmp_path / PLACE)
    damage(tmp_path / PLACE / name, tmp_path, np.random.default_rng(0))
    message = refusal(world, tmp_path)
    assert message.startswith(
        f"{tmp_path / PLACE}: holds a finished run that is damaged ({name}: is lost or has changed)"
    )
    assert message.endswith("--fresh plays it again")


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "frames.npz", "weights.npz", "partial"])
def test_what_has_the_place_of_a_file_of_ours_is_named(name, world, tmp_path):
    path = tmp_path / PLACE / name
    path.parent.mkdir(parents=True)
    path.write_text("") if name == "partial" else path.mkdir()
    assert (
        refusal(world, tmp_path)
        == f"{path}: is in the way of this run; move it, or put the run elsewhere with --out DIR"
    )


# --- away from home --------------------------------------------------------------------------------------------------


def test_a_run_is_gone_on_with_on_another_machine_and_its_weights_come_home(tmp_path, monkeypatch):
    points, file = tmp_path / "points.csv", tmp_path / "small.toml"
    points.write_text("0,1\n1,0\n")
    file.write_text(SMALL.replace('"ring"', '"points"\npath = "points.csv"'))
    expected = contents(play(file, tmp_path / "undisturbed").folder)
    folder = killed(file, tmp_path / "away", HALF)
    seen = []
    monkeypatch.setattr(tasks, "telling", lambda: lambda progress: seen.append((progress.doing, progress.step)))
    config = read_json(folder / "run.json")["config"]
    task = tasks.Task("small", folder, config, "", {}, animation=False)
    end = tasks.perform(task, cargo=tasks.cargo_for(task))
    assert (end.status, seen[0]) == ("done", ("training", 14))
    tasks.brought_home(task, end)
    assert contents(folder) == expected


# --- more points -----------------------------------------------------------------------------------------------------


def fresh(sim: simulation.Simulation, seed: int) -> np.ndarray:
    """The latents of one seed's fourth sample, codes first."""
    names = [name for name in ("category", "latent") if name in sim.source.laws]
    scenario_seed = sim.source.scenario_seed
    return np.hstack([sim.source.laws[n](stream(scenario_seed, seed, f"fresh {n}", 4), 300) for n in names])


def last_state(sim: simulation.Simulation) -> State:
    """The state after the last step, played here."""
    return states_in(sim)[-1]


WAYS: dict[str, dict[str, object]] = {
    "plain": {},
    "averaged": {"method.ema": 0.9},
    "double": {"training.precision": "double"},
    "categories": {"method.categories": 3},
    "batch norm": {"generator.normalisation": "batch"},
    "real points": {"generator": "data-plus-noise"},
}


@pytest.mark.parametrize("way", WAYS)
def test_fresh_points_are_those_of_the_last_state(way, world, tmp_path):
    few = {"training.seeds": [3, 5], "training.steps": 6, "training.frames": 2}
    changes = few if way == "real points" else WAYS[way] | few
    if way == "real points":
        world = tmp_path / "small.toml"
        world.write_text(SMALL.replace("[generator]\nwidth = 8", '[generator]\nkind = "data-plus-noise"'))
    recording = play(world, tmp_path, overrides=changes, backend="eager")
    sim = simulation.simulation(read(str(world), None, list(changes.items())))
    last, kept = last_state(sim), unpacked(recording.folder / "weights.npz")
    assert kept.keys() == looks.weights(last).keys()
    for name, values in looks.weights(last).items():
        np.testing.assert_array_equal(kept[name], values)
    assert np.array_equal(kept["average"], kept["generator"]) == (way != "averaged")
    latents = torch.from_numpy(np.stack([fresh(sim, seed) for seed in (3, 5)])).to(sim.final)
    points = recording.sample(300, k=4)
    assert (points.shape, points.dtype) == ((2, 300, 2), np.float32)
    np.testing.assert_array_equal(points, looks.generated(sim, last, latents))
    np.testing.assert_array_equal(recording.frames["final"], looks.generated(sim, last, sim.final))


def test_samples_repeat_differ_by_number_and_are_not_those_of_the_run(undisturbed):
    first, again, second = undisturbed.sample(50), undisturbed.sample(50), undisturbed.sample(50, k=1)
    np.testing.assert_array_equal(first, again)
    clouds = [first, second, undisturbed.frames["final"][:, :50], undisturbed.frames["samples"][-1]]
    points = np.concatenate([cloud.reshape(-1, 2) for cloud in clouds])
    assert len(np.unique(points, axis=0)) == len(points)


def test_sampling_reads_no_input_file(tmp_path):
    points, file = tmp_path / "points.csv", tmp_path / "small.toml"
    points.write_text("0,1\n1,0\n")
    file.write_text(SMALL.replace('"ring"', '"points"\npath = "points.csv"'))
    recording = play(file, tmp_path)
    expected = recording.sample(10)
    points.unlink()
    np.testing.assert_array_equal(load(recording.folder).sample(10), expected)
    file.write_text(file.read_text().replace("[generator]\nwidth = 8", '[generator]\nkind = "data-plus-noise"'))
    points.write_text("0,1\n1,0\n")
    of_points = play(file, tmp_path / "other")
    points.unlink()
    with pytest.raises(
        UserError, match=r"needs target points, which are not to be had \(path: no file .*points\.csv\)"
    ):
        of_points.sample(10)


@pytest.mark.parametrize("order", [{"n": 0}, {"n": 2.5}, {"n": 1, "k": -1}])
def test_a_number_that_is_no_number_of_points_is_refused(order, undisturbed):
    name, value = list(order.items())[-1]
    with pytest.raises(
        UserError, match=f"sample: {name} = {value}: must be a whole number, {int(name == 'n')} or more"
    ):
        undisturbed.sample(**order)


def test_a_recording_without_weights_says_how_to_have_them(undisturbed, tmp_path):
    shutil.copytree(undisturbed.folder, tmp_path / PLACE)
    (tmp_path / PLACE / "weights.npz").unlink()
    words = r"has no weights\.npz to draw more points from; --fresh plays the run again, with it"
    with pytest.raises(UserError, match=words):
        load(tmp_path / PLACE).sample(10)
    with pytest.raises(UserError, match=words):
        replace(undisturbed, folder=None).sample(10)
    (tmp_path / PLACE / "weights.npz").write_bytes(b"hello")
    with pytest.raises(UserError, match=r"weights\.npz: is damaged .*; --fresh plays the run again"):
        load(tmp_path / PLACE).sample(10)
