"""Large models are kept as ONNX Runtime has rewritten them: the same numbers, safe from damage and from other processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from toygan.engines import onnx, opening
from toygan.engines.tree import Tree, named
from toygan.files import cache

STATE, DRAW = {"x": torch.linspace(-1, 1, 64).reshape(8, 8)}, {"z": torch.ones(8, 8)}


def step(state: Tree, draw: Tree, dials: Tree) -> Tree:
    """A step of a few operators, some of which are one to ONNX Runtime."""
    hidden = torch.relu(state["x"] @ draw["z"] + state["x"])
    return {"x": state["x"] - 0.01 * torch.tanh(hidden @ state["x"].T) * 3 / 4}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, in which every model is large enough to be kept."""
    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path))
    monkeypatch.setattr(opening, "LARGE", 0)
    return tmp_path / opening.FOLDER


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether ONNX Runtime rewrote a model, each time that it opened one."""
    calls: list[bool] = []
    real = opening.session

    def counted(content: bytes, rewrites: bool = True, copy: Path | None = None) -> object:
        calls.append(rewrites)
        return real(content, rewrites, copy)

    monkeypatch.setattr(opening, "session", counted)
    return calls


def played() -> dict[str, bytes]:
    """The bytes after five steps."""
    engine = onnx.prepare(step, STATE, DRAW, {})
    for _ in range(5):
        engine.advance(DRAW, {})
    return {place: one.numpy().tobytes() for place, one in named(engine.state(), "state").items()}


def test_what_is_kept_plays_to_the_same_bytes(folder: Path, rewritten: list[bool]) -> None:
    first, second = played(), played()
    assert first == second
    assert rewritten == [True, False]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("method", ["unrolled-gan", "wgan-sn", pytest.param("sngan", marks=pytest.mark.slow)])
def test_a_large_method_plays_to_the_same_bytes(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rewritten: list[bool]
) -> None:
    from test_engines import after, stage

    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path))
    changes = [("generator.depth", 3), ("critic.depth", 3)] + [("method.update.ahead", 5)] * (method == "unrolled-gan")
    made, state, rows = stage(method, changes, seeds=(0, 1))
    first, model = (onnx.translated(made.step, state, rows[0], made.dials) for _ in range(2))
    assert first == model
    assert model.operators > opening.LARGE
    ends = []
    for _ in range(3):
        found: dict[str, Tensor] = after(onnx.Onnx(model, state), rows, made.dials)
        ends.append({place: one.numpy().tobytes() for place, one in found.items()})
        monkeypatch.setattr(opening, "LARGE", 10**9 if len(ends) == 2 else opening.LARGE)  # the third is not kept
    assert ends[0] == ends[1] == ends[2]
    assert rewritten == [True, False, True]


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_model_is_made_again(folder: Path, rewritten: list[bool], damage: bytes | None) -> None:
    wanted = played()
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert played() == wanted
    assert rewritten == [True, True]
    assert kept.read_bytes()[:64] == whole[:64]


def test_bytes_that_are_no_model_are_made_again(folder: Path, rewritten: list[bool]) -> None:
    wanted = played()
    (kept,) = folder.iterdir()
    cache.keep(f"{opening.FOLDER}/{kept.name}", b"as it was written, but no model")
    assert played() == wanted
    assert rewritten == [True, False, True]


@pytest.mark.parametrize("kind", ["a file in its place", "read only", "no room for a copy"])
def test_a_place_that_cannot_be_written_is_no_fault(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    wanted = played()
    if kind == "no room for a copy":
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
        monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "new"))
    elif kind == "read only":
        (tmp_path / "locked").mkdir(mode=0o500)
        monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "locked" / "cache"))
    else:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "file"))
    assert played() == wanted
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0 and kind == "read only"
    assert is_root or not list(cache.folder().glob("*/*"))


def test_the_oldest_models_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "ROOM", 1000)
    for k in range(5):
        cache.keep(f"{opening.FOLDER}/{k}.onnx", bytes(300))
        os.utime(folder / f"{k}.onnx", (k, k))
    cache.keep(f"{opening.FOLDER}/new.onnx", bytes(300))
    assert {path.name for path in folder.iterdir()} == {"4.onnx", "new.onnx"}


def test_another_runtime_or_machine_makes_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played()
    for name, value in (("onnxruntime.__version__", "0.0"), ("platform.machine", lambda: "another")):
        monkeypatch.setattr(name, value)
        played()
    assert len(list(folder.iterdir())) == 3


OTHER = """
import sys; sys.path.insert(0, {tests!r})
from test_opening import opening, played
opening.LARGE = 0
print("begins", flush=True)
print([played() for _ in range(8)].count(played()))
"""


def test_two_processes_at_once_do_not_disturb_each_other(folder: Path, tmp_path: Path) -> None:
    code = OTHER.format(tests=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TOYGAN_CACHE": str(tmp_path)}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as other:  # fmt: skip
        assert other.stdout
        assert other.stdout.readline() == "begins\n"
        here = [played() for _ in range(8)].count(played())
        said = other.communicate()
    assert (here, said[0]) == (8, "8\n"), said
    assert len(list(folder.iterdir())) == 1
