"""Foreign text is text on the terminal, and nobody need read what a command prints."""

from __future__ import annotations

import ast
import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from conftest import sampled, undrawn
from test_cli import SMALL, call, finished, here, one_object  # noqa: F401  (fixtures)
from typer.testing import CliRunner

import toygan
from toygan.cli import console, distance, drawing
from toygan.cli.main import app
from toygan.cli.streams import patient
from toygan.files.text import folded, jsonable, one_line, visible
from toygan.many import run

ROOT = Path(toygan.__file__).parent
EVIL = "\x1b[31m\x07\x9b2J\u202e\x7f[/red][bold]:smile:"
SHOWN = r"\x1b[31m\x07\x9b2J\u202e\x7f[/red][bold]:smile:"
SHAPELESS = ("Cc", "Cf", "Cs", "Zl", "Zp")
NOTES = {chr(c) for c in (*range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B))}  # of shorthand and music
RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)


def test_control_characters_are_seen_and_all_else_is_as_it_was():
    assert visible(EVIL) == SHOWN
    assert visible("a\r\nb\udcff") == "a\\r\nb\\udcff"
    for text in ("tabs\tand lines\n", "ε → 0, naïve, 日本, 🙂, می‌خواهم"):
        assert visible(text) == text
    assert not RAW.search(visible("".join(map(chr, range(0x3000)))))


def test_of_what_has_no_shape_only_joiners_stay():
    """By Unicode's own lists: controls, formats, lone surrogates, separators of lines; but marks that have a shape stay."""
    every: dict[str, list[str]] = {kind: [] for kind in SHAPELESS}
    for c in map(chr, range(0x110000)):
        every.get(unicodedata.category(c), []).append(c)
    left = {c for kind in SHAPELESS for c in every[kind] if visible(c) == c}
    assert {"\u200c", "\u200d"} < left  # of Persian, Hindi and families of emoji
    assert (
        left - {"\u200c", "\u200d", "\t", "\n"}
        <= {c for c in every["Cf"] if unicodedata.bidirectional(c) != "BN"} | NOTES
    )
    for mark in "\u061c\u200e\u200f\u200b\ufeff\u2066\xad\U000e0041":
        assert visible(f"a{mark}b").isascii()


def test_json_knows_no_infinity():
    assert jsonable({"a": (1.0, float("nan")), "b": [{"c": -float("inf")}]}) == {"a": [1.0, None], "b": [{"c": None}]}


def test_nothing_is_printed_past_the_one_place():
    """Every word goes through `toygan.files.text` or a console that makes it visible."""
    for file in ROOT.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name != "text.py" and re.search(r"\b(print|write|echo|secho)\b", text):
            calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            last = {called: getattr(called, "attr", getattr(called, "id", "")) for called in calls}
            names = {ast.unparse(called) for called in calls if last[called] in ("print", "write", "echo", "secho")}
            assert not {"print", "sys.stdout.write", "sys.stderr.write", "typer.echo", "typer.secho"} & names, file


def shown(*words: str, code: int = 0) -> str:
    """All that a command prints, none of it able to command a terminal."""
    result = call(*words, code=code)
    assert not RAW.search(result.output)
    return result.output


@pytest.mark.parametrize("name", sampled(["a[/red]b", "[red]x[/red]/:smile:", "[bold", "\x1b[31mred"], 2))
def test_a_run_says_where_it_is_whatever_its_folder_is_called(name, here, monkeypatch):  # noqa: F811
    monkeypatch.setattr(run, "draw", lambda recording, order: (order.folder / "picture.png").touch())
    monkeypatch.setattr(drawing, "drawn", lambda *_: None)
    said = shown("run", "small.toml", "--no-animation", "--out", name)
    assert (here / name / "small" / "wgan-gp" / "picture.png").exists()
    assert visible(f"{name}/small/wgan-gp/picture.png") in said
    assert visible(name) in shown("draw", f"{name}/small/wgan-gp", "-f", "png")
    assert "small" in shown("table", name)


COMMANDS = {  # what is asked with a hostile word in it
    "a method": ["run", "small.toml", "-m", EVIL],
    "a scenario": ["run", EVIL],
    "a path": ["run", f"{EVIL}.toml"],
    "a change": ["run", "small.toml", "--set", f"{EVIL}=1"],
    "a value": ["run", "small.toml", "--set", f"training.steps='{EVIL}"],
    "an option": ["run", "small.toml", f"--{EVIL}"],
    "a command": [EVIL],
    "a list": ["list", EVIL],
    "a thing": ["show", EVIL],
    "a pair": ["show", f"{EVIL}+r1"],
    "a folder": ["draw", EVIL],
    "a place": ["table", EVIL],
    "a device": ["run", "small.toml", "--device", EVIL],
    "a grid": ["sweep", "small.toml", "--grid", f"{EVIL}=1,2"],
    "an exhibit": ["demo", EVIL],
    "a distance": ["distance", "small.toml", EVIL],
    "an axis": ["distance", "small.toml", "small.toml", "--over", EVIL],
    "a rule": ["dirac", "-u", EVIL],
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_hostile_word_on_the_command_line_is_shown_as_text(kind, here):  # noqa: F811
    assert re.search(r"\\(x1b|u001b)\[31m", shown(*COMMANDS[kind], code=2))


FILES = {
    "broken": (SMALL + EVIL, 2),
    "a title": (f"{SMALL}".replace('"Small"', f'"{json.dumps(EVIL)[1:-1]}"'), 0),
    "a comment": (f"# \x9b2J [/red] \u202e\n{SMALL}", 0),
    "a key": (f'{SMALL}"{json.dumps(EVIL)[1:-1]}" = 1\n', 2),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_shown_as_text(kind, here):  # noqa: F811
    text, code = FILES[kind]
    (here / "small.toml").write_text(text.replace("\\u007f", "\\u007F"), encoding="utf-8")
    assert re.search(r"\\x9b|\\u009b", shown("show", "small.toml", code=code))
    shown("run", "small.toml", "--no-animation", code=code)


def test_a_hostile_record_is_shown_as_text(finished, tmp_path, monkeypatch):  # noqa: F811
    for number, folder in enumerate(finished):
        place = tmp_path / str(number)
        place.mkdir()
        for file in folder.iterdir():
            (place / file.name).write_bytes(file.read_bytes())
        facts = json.loads((place / "run.json").read_text())
        facts |= {"title": EVIL, "scenario": EVIL, "method": EVIL, "command": EVIL, "message": EVIL}
        facts["summary"]["diagnosis"] = [EVIL]
        (place / "run.json").write_text(json.dumps(facts))
    folders = [str(tmp_path / "0"), str(tmp_path / "1")]
    assert SHOWN in shown("compare", *folders, "--no-animation", "--out", str(tmp_path / "both"))
    monkeypatch.setattr(drawing, "drawn_together", lambda *_, **__: None)  # it was drawn
    assert SHOWN in shown("table", str(tmp_path))
    assert SHOWN in shown("table", str(tmp_path), "--format", "csv")
    assert one_object(shown("compare", *folders, "--no-animation", "--out", str(tmp_path / "both"), "--json"))


# --- readers that go away --------------------------------------------------------------------------------------------

ENDS = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "stdin closed": "<&-",
    "all closed": ">&- 2>&- <&-",
    "a reader of stderr that has had enough": "2>&1 >/dev/null | head -1",
    "a reader of stdout that has had enough": "--json | head -c 1",
    "a reader of both who never was": "2>&1 | true",
}


def in_shell(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    words = f"{sys.executable} -m toygan {command}; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(["bash", "-c", words], capture_output=True, text=True, cwd=place, check=False, timeout=120)


@pytest.mark.parametrize("end", sampled(ENDS, 7))
def test_a_run_ends_well_whoever_reads(end, tmp_path):
    few = "--steps 2 --seeds 1 --set training.points=1 --set training.frames=2"
    done = in_shell(f"run dirac -m gan {few} --no-animation {ENDS[end]}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "runs" / "dirac" / "gan" / "run.json").read_text())["status"] == "done"


@pytest.mark.slow
def test_a_sweep_ends_well_whoever_reads(here):  # noqa: F811
    words = "sweep small.toml -m gan -m hinge+r1 --workers 1 --set training.steps=2"
    done = in_shell(f"{words} 2>&1 >/dev/null | true", here)
    assert done.returncode == 0, done.stderr
    assert len((here / "runs" / "results.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    "words",
    [
        *("", "--help", "--nothing 2>&1"),
        *(
            pytest.param(words, marks=pytest.mark.slow)
            for words in ("list", "show wgan-gp", "distance two-moons two-moons", "show nothing 2>&1")
        ),
    ],
)
def test_the_exit_code_is_the_commands_whoever_reads(words, here):  # noqa: F811
    assert in_shell(f"{words} | true", here).returncode == (2 if "nothing" in words else 0)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_lost_results_are_a_failure_and_a_lost_log_is_none(here):  # noqa: F811
    assert in_shell("list >/dev/full", here).returncode == 1
    helped = in_shell("run --help >/dev/full", here)
    assert (helped.returncode, "Traceback" in helped.stderr) == (1, False)
    assert in_shell("run small.toml --steps 2 --no-animation 2>/dev/full", here).returncode == 0


# --- what fits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_long_line_is_folded_at_blanks_and_no_word_is_lost(width):
    text = (
        f"one line: {'some words and a/very-long/path.png ' * 9}\n    further in: {'x' * 200} and {'more ' * 40}\n\nend"
    )
    lines = folded(text, width).split("\n")
    assert " ".join(lines).split() == text.split()
    assert [line for line in lines if len(line) > width and " " in line.strip()] == []
    assert all(line.startswith("    ") for line in lines[lines.index("end") - 4 : lines.index("end") - 1])
    assert folded("short  as it is", width) == "short  as it is"


def test_lines_broken_elsewhere_are_joined():
    assert one_line("a line\nand  its end\n\nanother\n") == "a line and  its end\n\nanother"


@contextlib.contextmanager
def terminal(width: int) -> Iterator[tuple[int, list[str]]]:
    """A terminal so many columns wide: its end for a program; in the end the lines that it was told, without colours."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    told, lines = list[bytes](), list[str]()

    def listen() -> None:
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(leader, 65536):
                told.append(part)

    listener = Thread(target=listen)
    listener.start()
    try:
        yield follower, lines
    finally:
        os.close(follower)
        listener.join()
        os.close(leader)
    text = b"".join(told).decode().replace("\r", "")
    lines += [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in text.split("\n")]


UNSAID = ("COLUMNS", "LINES", "CI")  # by which a program would know another width


def on_terminal(command: str, width: int, place: Path) -> list[str]:
    """The lines that a command shows on a terminal so many columns wide, as the terminal is told them."""
    seen = {name: value for name, value in os.environ.items() if name not in UNSAID}
    words = [sys.executable, "-m", "toygan", *command.split()]
    with terminal(width) as (end, lines):
        subprocess.run(words, cwd=place, env=seen | {"TERM": "xterm"}, stdin=end, stdout=end, stderr=end, check=False)
    return lines


@contextlib.contextmanager
def ends_moved(end: int) -> Iterator[None]:
    """This process with a terminal for its stdin, stdout and stderr, as a program that is started there."""
    kept = [os.dup(number) for number in range(3)]
    try:
        for number in range(3):
            os.dup2(end, number)
        yield
    finally:
        for number, before in enumerate(kept):
            os.dup2(before, number)
            os.close(before)


def here_on_terminal(command: str, width: int, place: Path) -> list[str]:
    """The same of a command in this process, which need not be started for it."""
    with terminal(width) as (end, lines), pytest.MonkeyPatch.context() as patch, ends_moved(end):
        patch.chdir(place)
        patch.setenv("TERM", "xterm")
        for name in UNSAID:
            patch.delenv(name, raising=False)
        for number, name in ((1, "stdout"), (2, "stderr")):
            patch.setattr(sys, name, patient(number, None))  # as `toygan` makes it
        patch.setattr(console, "out", console.console(sys.stdout, stderr=False))
        patch.setattr(console, "err", console.console(sys.stderr, stderr=True))
        with contextlib.suppress(SystemExit):
            app(command.split())
        sys.stdout.flush()
    return lines


def test_a_long_computation_says_for_how_long_it_has_been_going_on(monkeypatch, capsys):
    monkeypatch.setattr(distance, "EVERY", 0.01)
    with distance.watching() as watch:
        assert capsys.readouterr().err == ""
        watch("by hand")
        told = ""
        while told.count("so far") < 2:
            told += capsys.readouterr().err
    assert told.startswith("distance: by hand\ndistance: by hand, 0 s so far\n")
    assert capsys.readouterr().err.count("\n") <= 1  # and then it is over


COPIED = re.compile(r'^("?[\w.-]+"? =|\s*[\[{-])')  # settings are shown as a file has them, to be copied


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "command",
    ["distance shifted-lines shifted-lines", "", "run", "run nothing", "run swiss-roll -m x", "list objectives",
     "show gradient-penalty", "show converged", "show wgan-gp", "table .", "run --help"],
)  # fmt: skip
def test_nothing_is_wider_than_the_terminal(command, width, tmp_path):
    """Else the terminal breaks words, and lines that were broken already."""
    lines = here_on_terminal(command, width, tmp_path)
    assert any(lines)
    assert [line for line in lines if len(line.rstrip()) > width and not COPIED.match(line)] == []


@pytest.mark.parametrize(
    "command", sampled(["", "list objectives", "show wgan-gp", "show js-is-blind", "run nothing"], 5)
)
def test_a_program_knows_how_wide_its_terminal_is(command, tmp_path):
    """What is asked in this process holds of programs."""
    for width in (60, 100):
        assert on_terminal(command, width, tmp_path) == here_on_terminal(command, width, tmp_path)


def test_a_text_with_lines_of_its_own_is_not_broken_twice(tmp_path):
    lines = here_on_terminal("show js-is-blind", 80, tmp_path)
    start = next(i for i, line in enumerate(lines) if line.startswith("look at:"))
    end = next(i for i, line in enumerate(lines) if line.startswith("reference:"))
    assert end - start > 5
    for line, following in zip(lines[start:end], lines[start + 1 : end], strict=False):
        assert len(line.rstrip()) + 1 + len(following.split()[0]) > 80  # the next word had no room


def test_a_number_that_is_said_twice_is_said_once(tmp_path):
    words = ["run", "two-moons", "--out", str(tmp_path / "runs")]
    for option, key in (("--steps", "training.steps"), ("--seeds", "training.seeds")):
        result = CliRunner().invoke(app, [*words, option, "20", "--set", f"{key}=30"])
        assert result.exit_code == 2
        assert f"--set {key}=30: 30, and {option} 20 says otherwise\n    say it once" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_run_that_was_interrupted_is_told_as_one(tmp_path):
    folder = tmp_path / "two-moons" / "gan"
    changes = {"training.steps": 4, "training.points": 60, "training.batch": 16, "training.frames": 2}
    with undrawn():
        toygan.run("two-moons", "gan", overrides=changes, out=tmp_path, animation=False)
    facts = json.loads((folder / "run.json").read_text()) | {"status": "interrupted", "step": 2}
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "frames.npz").unlink()
    result = CliRunner().invoke(app, ["draw", str(folder)])
    assert result.exit_code == 2
    assert (
        "one is there that got to step 2 of 4 (interrupted), and goes on by its command\n    toygan run"
        in result.stderr
    )
