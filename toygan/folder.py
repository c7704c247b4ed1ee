"""The folder of a run in the making: claimed by one process, continued where it was left, packed at the end.

While a run plays, `partial/` holds one npz a frame and the last state; each appears by rename, so a kill at any moment
leaves a folder that the same command continues.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from toygan.recording import FACTS, FORMAT, complete_lines, packed, read_json, unpacked, write_aside, write_json
from toygan.scenario import Config, as_data, as_toml, differing
from toygan.strict import UserError

FINISHED = ("done", "diverged")
OURS = ("run.json", "config.toml", "metrics.jsonl", "frames.npz", "picture.png", "animation.gif")


class Busy(UserError):
    """Another process works in the folder."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make the folder and keep every other process out of it meanwhile; UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"{folder}: cannot be used ({error.strerror}); choose another place with --out") from None
    try:
        shut(lock, folder)
        if not os.access(folder, os.W_OK):
            raise UserError(f"{folder}: cannot be written; choose another place with --out")
        yield
    finally:
        os.close(lock)


def shut(lock: int, folder: Path) -> None:
    """Lock a folder for as long as it is open; the system lets go of it even when the process is killed."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Busy(f"{folder}: another process is running in this folder") from None


def begin(folder: Path, config: Config, facts: Mapping[str, Any], fresh: bool) -> dict[str, Any]:
    """The facts of this run: those of an earlier start with the same config and inputs, or new ones.

    UserError, with the differing keys, where the folder holds a run of another config.
    """
    if fresh:
        clear(folder)
    known = earlier(folder)
    if not known:
        shutil.rmtree(folder / "partial", ignore_errors=True)  # states of who knows what
        write_aside(folder / "config.toml", as_toml(config).encode())
        write_json(folder / "run.json", facts)
        return dict(facts)
    differences = differing(as_data(config), known["config"])
    if known.get("inputs", {}) != facts["inputs"]:
        differences.append("the points file has changed since")
    if differences:
        raise UserError(
            f"{folder}: holds a run with other settings\n    " + "\n    ".join(differences) + "\n"
            "    --fresh replaces it, --out DIR puts this run elsewhere"
        )
    known.pop("message", None)
    return dict(facts) | known


def digests(config: Config) -> dict[str, str]:
    """The SHA-256 of every file that a config draws from: changed points are another run."""
    path = getattr(config.target, "path", None)
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest()} if path else {}


def earlier(folder: Path) -> dict[str, Any]:
    """The facts of an earlier start in this folder, none where there was none."""
    path = folder / "run.json"
    if not path.exists():
        return {}
    try:
        facts = read_json(path)
    except ValueError:
        return unreadable(path)
    is_ours = isinstance(facts, dict) and facts.keys() >= FACTS and isinstance(facts["config"], dict)
    return facts if is_ours and facts["format"] == FORMAT else unreadable(path)


def unreadable(path: Path) -> dict[str, Any]:
    """Refuse a run.json that is damaged or not ours."""
    raise UserError(f"{path}: is not the record of a run; --fresh replaces it, --out DIR puts this run elsewhere")


def clear(folder: Path) -> None:
    """Remove what a run left here, and nothing else."""
    shutil.rmtree(folder / "partial", ignore_errors=True)
    for name in OURS:
        (folder / name).unlink(missing_ok=True)


# --- frames and states -----------------------------------------------------------------------------------------------


def keep_frame(folder: Path, step: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep one frame."""
    (folder / "partial").mkdir(exist_ok=True)
    write_aside(frame_path(folder, step), packed(arrays, compress=False), durable=False)


def keep_state(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep the state from which the run can go on, in place of the last one."""
    write_aside(folder / "partial" / "state.npz", packed(arrays, compress=False), durable=False)


def kept_state(folder: Path, frame_steps: list[int]) -> dict[str, np.ndarray] | None:
    """The last state that was kept, if there is one and all frames and measures up to it can still be read."""
    try:
        state = unpacked(folder / "partial" / "state.npz")
        steps = [step for step in frame_steps if step <= state["step"]]
        for step in steps:
            unpacked(frame_path(folder, step))
        measured = {line["step"] for line in complete_lines(folder / "metrics.jsonl")}
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return state if measured >= set(steps) else None


def frame_path(folder: Path, step: int) -> Path:
    """Where the frame of a step is kept."""
    return folder / "partial" / f"frame-{step:09d}.npz"


def kept_frames(folder: Path, steps: list[int]) -> dict[str, np.ndarray]:
    """The frames of those steps stacked along time: [T, ...] each."""
    frames = [unpacked(frame_path(folder, step)) for step in steps]
    return {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
