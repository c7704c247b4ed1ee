"""Mutated files, random command lines and hostile words: each ends with one clear message and a known exit code.

The quick form plays a few hundred; `TOYGAN_FUZZ=20000 pytest -m slow tests/test_fuzz.py` plays 20,000 mutants of files
and a quarter as many command lines. One more kind is one function from a random generator and a folder to a `Trial`, and
one row in `KINDS`.
"""

from __future__ import annotations

import io
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.exhibits import work
from toygan.files.shipped import exhibits_folder, shipped_folder
from toygan.files.text import HIDDEN
from toygan.many import run, sweep

LONG = int(os.environ.get("TOYGAN_FUZZ", "20000"))
SECONDS = 5.0  # of a core, within which everything is refused, or would begin
SEED = 20_240_607


class Trial(NamedTuple):
    """A command line, and the name of the file that is at fault if anything is."""

    words: list[str]
    file: str = ""


class Began(Exception):
    """A command that was taken, and would now train."""


# --- mutants of text -------------------------------------------------------------------------------------------------

NUMBERS = ["0", "-1", "1e999", "-nan", "9" * 400, "9" * 5000, "0x" + "f" * 5000, "1e-320", "2.5", "0.1234" * 900]
WORDS = [
    '"\\u001b[31m"',
    '"[/red]"',
    '"\\u0000"',
    "true",
    "[]",
    "[[1]]",
    "{}",
    '"' + "a" * 300 + '"',
    "2020-01-01",
    "12:99",
]
TOKEN = re.compile(r"\s+|[\w.-]+|.", re.DOTALL)


def tokens_changed(rng: random.Random, text: str) -> bytes:
    """A few tokens lost, doubled, exchanged, or replaced by others or by hostile values."""
    tokens = TOKEN.findall(text)
    for _ in range(rng.randint(1, 3)):
        i, j = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        change = rng.randrange(5)
        if change == 0:
            tokens[i] = ""
        elif change == 1:
            tokens[i] *= 2
        elif change == 2:
            tokens[i], tokens[j] = tokens[j], tokens[i]
        elif change == 3:
            tokens[i] = tokens[j]
        else:
            tokens[i] = rng.choice(NUMBERS + WORDS)
    return "".join(tokens).encode()


def values_changed(rng: random.Random, text: str) -> bytes:
    """The value of one key, or one number within it, replaced by a hostile one."""
    lines = text.split("\n")
    places = [i for i, line in enumerate(lines) if re.match(r"\s*[\w.\"-]+\s*=", line)]
    i = rng.choice(places)
    key, _, value = lines[i].partition("=")
    numbers = list(re.finditer(r"\d[\d.e-]*", value))
    if numbers and rng.random() < 0.5:
        found = rng.choice(numbers)
        lines[i] = f"{key}={value[: found.start()]}{rng.choice(NUMBERS)}{value[found.end() :]}"
    else:
        lines[i] = f"{key}= {rng.choice(NUMBERS + WORDS)}"
    return "\n".join(lines).encode()


def bytes_changed(rng: random.Random, text: str) -> bytes:
    """A few bytes turned, lost or put in."""
    data = bytearray(text.encode())
    for _ in range(rng.randint(1, 4)):
        i, byte = rng.randrange(len(data)), rng.choice([rng.randrange(256), 0x1B, 0x00, 0x5B, 0x22, 0x0A])
        data[i : i + rng.randint(0, 2)] = bytes([byte] * rng.randint(0, 2))
    return bytes(data)


MUTATIONS = (tokens_changed, values_changed, values_changed, bytes_changed)


def mutant(rng: random.Random, text: str) -> bytes:
    """The text changed in one of the ways."""
    return rng.choice(MUTATIONS)(rng, text)


# --- kinds -----------------------------------------------------------------------------------------------------------

SWEEP = """\
scenarios = ["two-moons", "dirac"]
methods = ["gan", "hinge+r1"]
seeds = 2
out = "out"
animation = false
[grid]
training.batch = [16, 32]
[grid.method]
critic_rate = [1e-3, 4e-3]
[set]
training.steps = 2
target.scale = 1.5
"""


def scenario_file(rng: random.Random, place: Path) -> Trial:
    """A shipped scenario, mutated."""
    text = rng.choice(sorted(shipped_folder().glob("*.toml"))).read_text(encoding="utf-8")
    (place / "world.toml").write_bytes(mutant(rng, text))
    return Trial(["run", "world.toml"], "world.toml")


def sweep_file(rng: random.Random, place: Path) -> Trial:
    """A sweep file, mutated."""
    (place / "many.toml").write_bytes(mutant(rng, SWEEP))
    return Trial(["sweep", "many.toml"], "many.toml")


def exhibit_file(rng: random.Random, place: Path) -> Trial:
    """A shipped exhibit, mutated."""
    text = rng.choice(sorted(exhibits_folder().glob("*.toml"))).read_text(encoding="utf-8")
    (place / "question.toml").write_bytes(mutant(rng, text))
    return Trial(["demo", "question.toml"], "question.toml")


STRANGE = [
    "a\\u0000b.csv",
    "a" * 300 + ".csv",
    ".",
    "/dev/zero",
    "/dev/null",
    "pipe.csv",
    "",
    "\\u001b[31m.npy",
    "~",
    "/",
]


def points_path(rng: random.Random, place: Path) -> Trial:
    """A scenario whose points are at a strange path: no name, too long a name, a folder, a device, a pipe."""
    if not (place / "pipe.csv").exists():
        os.mkfifo(place / "pipe.csv")
    kind = rng.choice(["points", "image"])
    text = f'title = "t"\n[target]\nkind = "{kind}"\npath = "{rng.choice(STRANGE)}"\n'
    (place / "world.toml").write_text(text)
    return Trial(["run", "world.toml"], "world.toml")


def points_file(rng: random.Random, place: Path) -> Trial:
    """A file of points, as CSV, NPY or NPZ, mutated."""
    suffix = rng.choice(["csv", "npy", "npz"])
    table = np.arange(12.0).reshape(6, 2) / 7
    buffer = io.BytesIO()
    if suffix == "csv":
        content = rng.choice((tokens_changed, bytes_changed))(
            rng, "x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in table.tolist())
        )
    else:
        (np.save if suffix == "npy" else np.savez)(buffer, table)
        content = damaged(rng, buffer.getvalue())
    return drawn_from(place, "points", f"points.{suffix}", content)


def picture_file(rng: random.Random, place: Path) -> Trial:
    """A picture in one of five formats, mutated."""
    suffix, buffer = rng.choice(["png", "gif", "jpeg", "bmp", "tiff"]), io.BytesIO()
    Image.effect_noise((24, 16), 90).save(buffer, suffix)
    return drawn_from(place, "image", f"picture.{suffix}", damaged(rng, buffer.getvalue()))


def drawn_from(place: Path, kind: str, name: str, content: bytes) -> Trial:
    """A scenario whose target is drawn from a file of this content."""
    (place / name).write_bytes(content)
    (place / "world.toml").write_text(f'title = "t"\n[target]\nkind = "{kind}"\npath = "{name}"\n')
    return Trial(["run", "world.toml"], "world.toml")


def damaged(rng: random.Random, content: bytes) -> bytes:
    """A few bytes turned, most of them where headers are, or the end cut off."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        i = rng.randrange(min(len(data), rng.choice([32, 128, 10**6])))
        data[i] = rng.choice([rng.randrange(256), 0, 255, 127])
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)


COMMANDS = ["run", "sweep", "draw", "compare", "list", "show", "distance", "dirac", "table", "demo", ""]
OPTIONS = ["-m", "--set", "--steps", "--seeds", "--threads", "--out", "--grid", "--device", "--format", "--over", "--by",
           "--json", "--page", "--fresh", "--no-animation", "--view", "-u", "--measure", "--against", "--points", "--nonsense"]  # fmt: skip  # noqa: E501
VALUES = ["two-moons", "dirac", "gan", "wgan-gp", "hinge+r1", "a+b+c", "training.steps=2", "method.also=r2", "target.kind=x",
          "training.steps", "=", "target.shift=-1:1:3", f"target.shift=0:1:{'9' * 5000}", "csv", "w1", "none.toml", "1", "-1",
          "9" * 400, "9" * 5000, "\x1b[31mred", "[/red]", "", "a" * 300, "a" * 300 + ".toml", "\udcff", "/", "/dev/zero", "pdf",
          f"training.steps={'9' * 5000}", "a\u202eb.toml", "method.betas=[0.5,0.9]", "../x", ".", "x=\x9b", "nan", "1e999"]  # fmt: skip  # noqa: E501


def command_line(rng: random.Random, place: Path) -> Trial:
    """A command with random options and values; none that would draw or walk through the whole disk."""
    words = [rng.choice(COMMANDS)]
    for _ in range(rng.randint(0, 4)):
        words.append(rng.choice(OPTIONS if rng.random() < 0.5 else VALUES))
    slow = words[0] == "dirac" or (words[0] == "table" and "/" in words) or words == ["demo"]
    return Trial(["show" if slow else words[0], *words[1:]])


KINDS: dict[str, Callable[[random.Random, Path], Trial]] = {
    "scenario files": scenario_file,
    "sweep files": sweep_file,
    "exhibit files": exhibit_file,
    "points at strange paths": points_path,
    "files of points": points_file,
    "pictures": picture_file,
    "command lines": command_line,
}


# --- the rules -------------------------------------------------------------------------------------------------------


def complaints(trial: Trial) -> list[str]:
    """What a command did that none may do."""
    start = process_time()
    result = CliRunner().invoke(app, trial.words)
    seconds, began = process_time() - start, "Began" in result.output or isinstance(result.exception, Began)
    told = [
        (seconds > SECONDS, f"took {seconds:.1f} s"),
        (not began and result.exit_code not in (0, 2, 3), f"ended with {result.exit_code}"),
        ("Traceback" in result.output, "printed a traceback"),
        (not began and "nothing is lost" in result.output, "took a mistake for a fault of its own"),
        (HIDDEN.search(result.output), "printed control characters"),
        (result.exit_code == 2 and not result.stderr.startswith("toygan: "), "said nothing"),
        (bool(trial.file) and result.exit_code == 2 and trial.file not in result.stderr, "did not name the file"),
    ]
    return [words for is_so, words in told if is_so] + (
        [result.stderr[-600:]] if any(is_so for is_so, _ in told) else []
    )


@pytest.fixture
def taken(tmp_path, monkeypatch) -> Path:
    """A folder in which whatever is about to train stops instead."""

    def begin(*_, **__):
        raise Began

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "carry_out", begin)
    monkeypatch.setattr(sweep, "carry_out", begin)
    monkeypatch.setattr(work, "tasks_of", begin)
    monkeypatch.setattr("toygan.quantities.distance.between_laws", begin)
    return tmp_path


def play(kind: str, count: int, place: Path) -> None:
    """So many trials of one kind; the first one that breaks a rule is the failure."""
    rng = random.Random(f"{SEED} {kind}")
    for number in range(count):
        trial = KINDS[kind](rng, place)
        said = complaints(trial)
        if said:
            content = (place / trial.file).read_bytes()[:3000] if trial.file else b""
            pytest.fail(f"{kind}, number {number}: {[word[:80] for word in trial.words]}\n{said}\n{content!r}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_of_each_kind_are_told_clearly(kind, taken):
    play(kind, 20, taken)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_of_each_kind_are_told_clearly(kind, taken):
    play(kind, LONG // 4 if kind == "command lines" else LONG // (len(KINDS) - 1), taken)
