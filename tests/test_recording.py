"""A Recording is what its folder holds, whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from test_draw import synthetic

import toygan
from toygan.files.disk import HERE, complete_lines, packed, plain, unpacked, write_aside, write_json
from toygan.many import run
from toygan.session.facts import FACTS
from toygan.session.recording import AXES, diagnose, metric_lines, misshapen


@pytest.fixture
def folder(tmp_path):
    facts = dict.fromkeys(FACTS, 0) | {"format": 1, "scenario": "a", "method": "b", "seeds": [3, 7], "status": "done"}
    facts |= {"seconds": {}, "config": {}, "summary": {}}
    write_json(tmp_path / "run.json", facts | {"seconds": {}, "config": {}, "summary": {}})
    write_aside(tmp_path / "frames.npz", packed({"step": np.array([0, 10]), "samples": np.zeros((2, 2, 5, 2))}))
    lines = [line for step in (0, 10) for line in metric_lines({"w1": np.array([step, np.nan])}, step, [3, 7])]
    (tmp_path / "metrics.jsonl").write_text("".join(lines))
    return tmp_path


def test_a_recording_is_read_back(folder):
    recording = toygan.load(folder)
    assert repr(recording) == "<Recording a / b: done, step 0 of 0, seeds [3, 7]>"
    assert recording.frames["samples"].shape == (2, 2, 5, 2)
    np.testing.assert_array_equal(recording.metrics["w1"], [[0, np.nan], [10, np.nan]])


def test_a_notebook_shows_the_picture_if_there_is_one(folder):
    assert toygan.load(folder)._repr_png_() is None
    assert synthetic(frames=2, points=5)._repr_png_() is None
    (folder / "picture.png").write_bytes(b"png")
    assert toygan.load(folder)._repr_png_() == b"png"


def test_a_torn_last_line_is_passed_over(folder):
    with open(folder / "metrics.jsonl", "a") as file:
        file.write('{"step": 20, "se')
    assert [line["step"] for line in complete_lines(folder / "metrics.jsonl")] == [0, 0, 10, 10]
    assert toygan.load(folder).metrics["w1"].shape == (2, 2)


def test_no_measures_are_no_fault(folder):
    (folder / "metrics.jsonl").unlink()
    assert toygan.load(folder).metrics == {}


@pytest.mark.parametrize(
    "content", [b"", b"not a zip", packed({"step": np.array([0])})[:-30]], ids=["empty", "text", "torn"]
)
def test_damaged_frames_are_said_to_be(folder, content):
    (folder / "frames.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"frames\.npz: is damaged"):
        toygan.load(folder)


AMISS = {
    "a number more": lambda table: table[..., None],
    "one number": lambda table: np.array(3),
    "words": lambda table: np.full(table.shape, "a"),
    "complex numbers": lambda table: table.astype(complex),
    "a frame less": lambda table: table[1:],
    "a coordinate more": lambda table: np.repeat(table, 2, axis=-1),
}


LENGTHS = {"T": 4, "S": 3, "P": 2, "K": 5, "y": 6, "x": 7, "Y": 8, "X": 9, "F": 10, ".": 11, "2": 2}


@pytest.mark.parametrize("amiss", AMISS)
def test_arrays_of_another_shape_are_said_to_be_damaged(amiss, folder):
    """Each of them; but an axis of any length, and one that no array before has, may be of any length."""
    whole = {name: np.zeros([LENGTHS[axis] for axis in axes]) for name, axes in AXES.items()}
    assert misshapen(whole, 3) == ""
    for name, axes in AXES.items():
        said = misshapen(whole | {name: AMISS[amiss](whole[name])}, 3)
        free = (amiss == "a frame less" and axes[0] == ".") or (amiss == "a coordinate more" and axes[-1] == ".")
        assert said == "" if free else said.startswith("is damaged: "), name
    frames = {"step": np.array([0, 10]), "samples": np.zeros((2, 2, 5, 2)), "mode_covariances": np.array(1.0)}
    write_aside(folder / "frames.npz", packed(frames))
    with pytest.raises(ValueError, match=r"frames\.npz: is damaged: mode_covariances should be numbers \[K, 2, 2\]"):
        toygan.load(folder)


def test_a_pickle_is_never_opened(tmp_path):
    np.savez(tmp_path / "frames.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="damaged"):
        unpacked(tmp_path / "frames.npz")
    with pytest.raises(ValueError, match="allow_pickle"):
        packed({"a": np.array([{}], dtype=object)})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "not the record"),
        ('{"format": 1}', "not the record"),
        ("{", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps(dict.fromkeys(sorted(FACTS), 1)), "not the record"),
    ],
)
def test_a_run_json_of_something_else_is_refused(folder, text, words):
    (folder / "run.json").write_text(text)
    with pytest.raises(ValueError, match=words):
        toygan.load(folder)


@pytest.mark.parametrize("line", ["1", '"x"', "null", "[1]", "[" * 100_000])
def test_a_line_that_is_no_measures_is_refused(folder, line):
    with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(ValueError, match=r"not the measures of a frame|nested too deeply"):
        toygan.load(folder)


def test_a_later_format_is_refused(folder):
    facts = json.loads((folder / "run.json").read_text())
    write_json(folder / "run.json", facts | {"format": 2})
    with pytest.raises(ValueError, match="format 2 is not 1"):
        toygan.load(folder)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    write_aside(file, b"old")
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_aside(file, b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_two_processes_may_write_one_file_at_once(tmp_path, monkeypatch):
    file, beside, replace = tmp_path / "a.txt", set(), os.replace

    def slowly(aside, path):
        beside.update(path.name for path in tmp_path.iterdir())
        monkeypatch.setattr("os.replace", replace)
        write_aside(file, b"theirs")
        replace(aside, path)

    monkeypatch.setattr("os.replace", slowly)
    write_aside(file, b"ours")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.txt", b"ours")]
    assert [name.startswith(".a.txt.") for name in beside] == [True]


def test_what_the_dead_left_beside_a_file_goes_and_what_the_living_write_stays(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    ours, theirs = f".b.png.{HERE}-{os.getpid()}-0.part", f".b.png.{int(HERE, 16) ^ 1:08x}-{dead.pid}-0.part"
    for name in (ours, theirs, f".b.png.{HERE}-{dead.pid}-0.part", f".c.{HERE}-{10**30}-7.part", "b.part"):
        (tmp_path / name).write_bytes(b"half")
    write_aside(tmp_path / "a.txt", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", "b.part", ours, theirs}


@pytest.mark.parametrize(
    ("value", "expected"), [(3.0, 3), (0.5, 0.5), (np.nan, None), (np.inf, None), (np.float32(2), 2)]
)
def test_numbers_become_json(value, expected):
    assert plain(value) == expected


def test_nan_never_gets_into_a_json_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_the_names_in_a_runs_files_are_these(tmp_path):
    small = {"training.steps": 30, "training.frames": 4, "training.points": 40, "training.batch": 16}
    small |= {"method.optimiser": "descent", "method.critic_rate": 1e8, "method.generator_rate": 1e8}  # which diverges
    told = run.run("eight-gaussians", "gan", 1, small, tmp_path, animation=False)
    facts, events = told.facts.said, diagnose(told)
    assert facts["events"] == [
        {"step": one.step, "seed": one.seed, "label": one.label, "evidence": one.evidence} for one in events
    ]
    assert events
    assert all("{" not in one["evidence"] for one in facts["events"])
    assert list(facts["floors"]["frame"]["w1"]) == ["mean", "spread", "low", "high", "draws"]
    assert {"mode_centres", "mode_covariances", "mode_weights"} <= told.frames.keys()
    assert list(told.metrics)[:3] == ["critic_loss", "generator_loss", "penalty"]
