"""Same command, same bytes: whatever order a process gives to its sets, and whatever became of the folder meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from test_faults import SMALL, Killed, dies_at, hurry, play

from toygan import runs
from toygan.recording import Recording, read_json
from toygan.strict import UserError

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


def test_processes_with_other_hash_seeds_write_the_same_bytes(world, undisturbed, tmp_path):
    expected = contents(undisturbed.folder)
    in_a_process(1, world, tmp_path / "1")
    assert contents(tmp_path / "1" / PLACE) == expected
    assert in_a_process(2, world, tmp_path / "2", HALF) == "killed\n"
    assert not (tmp_path / "2" / PLACE / "frames.npz").exists()
    in_a_process(3, world, tmp_path / "2")
    assert contents(tmp_path / "2" / PLACE) == expected


def test_members_stand_in_the_order_in_which_they_are_seen(undisturbed):
    names = list(undisturbed.frames)
    assert names[:4] == ["samples", "scores", "slopes", "diverged"]
    assert names[-1] == "final"
    assert not set(names) & runs.UNKEPT


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
    assert read_json(out / PLACE / "run.json")["summary"] == undisturbed.facts["summary"]
    assert not (out / PLACE / "partial").exists()
    return not message


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
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
