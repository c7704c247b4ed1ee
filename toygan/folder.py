"""The folder of a run in the making: claimed by one process, continued where it was left, packed at the end.

While a run plays, `partial/` holds one npz a frame and the last state; each appears by rename, so a kill at any moment
leaves a folder that the same command continues.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from toygan.recording import packed, read_json, unpacked, write_aside, write_json
from toygan.scenario import Config, as_data, as_toml, differing
from toygan.strict import UserError

FINISHED = ("done", "diverged")
OURS = ("run.json", "config.toml", "metrics.jsonl", "frames.npz", "picture.png", "animation.gif")


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
        raise UserError(f"{folder}: another process is running in this folder") from None


def begin(folder: Path, config: Config, facts: Mapping[str, Any], fresh: bool) -> dict[str, Any]:
    """The facts of this run: those of an earlier start with the same config, or new ones.

    UserError, with the differing keys, where the folder holds a run of another config.
    """
    if fresh:
        clear(folder)
    known = earlier(folder)
    if not known:
        write_aside(folder / "config.toml", as_toml(config).encode())
        write_json(folder / "run.json", facts)
        return dict(facts)
    differences = differing(as_data(config), known["config"])
    if differences:
        raise UserError(
            f"{folder}: holds a run with other settings\n    " + "\n    ".join(differences) + "\n"
            "    --fresh replaces it, --out DIR puts this run elsewhere"
        )
    return known


def earlier(folder: Path) -> dict[str, Any]:
    """The facts of an earlier start in this folder, none where there was none."""
    path = folder / "run.json"
    if not path.exists():
        return {}
    try:
        facts = read_json(path)
        return facts if {"config", "status", "format"} <= facts.keys() else unreadable(path)
    except (ValueError, AttributeError):
        return unreadable(path)


def unreadable(path: Path) -> dict[str, Any]:
    """Refuse a run.json that is not ours."""
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


def kept_state(folder: Path) -> dict[str, np.ndarray] | None:
    """The last state that was kept, if any."""
    path = folder / "partial" / "state.npz"
    return unpacked(path) if path.exists() else None


def frame_path(folder: Path, step: int) -> Path:
    """Where the frame of a step is kept."""
    return folder / "partial" / f"frame-{step:09d}.npz"


def kept_frames(folder: Path, steps: list[int]) -> dict[str, np.ndarray]:
    """The frames of those steps stacked along time: [T, ...] each."""
    frames = [unpacked(frame_path(folder, step)) for step in steps]
    return {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
