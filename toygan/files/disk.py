"""Files that appear whole or not at all, and bytes of theirs that are never a pickle: JSON, lines of JSON, npz."""

from __future__ import annotations

import io
import itertools
import json
import os
import platform
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
HERE = f"{zlib.crc32(platform.node().encode()):08x}"  # this machine: the numbers of processes mean something here only
COUNT = itertools.count()


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object. Raises ValueError for a file that is no JSON, a pipe or a device among it."""
    return parsed(content_of(path).decode("utf-8"))


def parsed(text: str) -> Any:
    """What a JSON text holds; ValueError for what is none or nested too deeply to be ours."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def content_of(path: Path) -> bytes:
    """The bytes of a file; ValueError for a pipe or a device, which may never end."""
    if path.exists() and not path.is_file():
        raise ValueError("is no file")
    return path.read_bytes()


def complete_lines(path: Path) -> list[dict[str, Any]]:
    """Every whole line of a file, a JSON object each, without a torn one at the end, left by a kill. ValueError for others."""
    lines = [parsed(line) for line in content_of(path).decode("utf-8").split("\n")[:-1] if line]
    if not all(isinstance(line, dict) for line in lines):
        raise ValueError(f"{path}: holds a line that is not the measures of a frame")
    return lines


def write_aside(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file so that it appears whole or not at all: beside its place, then renamed.

    What lies beside belongs to this process alone, so that two may write one file at once: the last one stays.
    `durable` waits for the disk; without it, a file survives the death of the process but not that of the machine.
    Raises OSError (disk full, folder not writable) after removing what was written beside it.
    """
    forget_dead(path.parent)
    aside = path.with_name(f".{path.name}.{HERE}-{os.getpid()}-{next(COUNT)}.part")
    try:
        with open(aside, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


@lru_cache(maxsize=1024)
def forget_dead(folder: Path) -> None:
    """Remove what killed processes of this machine left beside their files; a process looks once into a folder."""
    for path in folder.glob(".*.part"):
        left_by = re.search(rf"\.{HERE}-(\d+)-\d+\.part$", path.name)
        if left_by and not is_alive(int(left_by[1])):
            path.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Whether a process of this machine is there; where that cannot be asked without harm, yes."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def packed(arrays: Arrays, compress: bool = True) -> bytes:
    """The bytes of an npz."""
    buffer = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpacked(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an npz; never a pickle. Raises ValueError for a file that is damaged or something else."""
    try:
        return arrays_in(content_of(path))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def arrays_in(content: bytes) -> dict[str, np.ndarray]:
    """The arrays in the bytes of an npz; never a pickle. Raises ValueError for anything else."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return dict(archive)
    except Exception as error:  # of damaged bytes zipfile and numpy make a dozen kinds, MemoryError among them
        raise ValueError(f"is damaged ({error})") from None


def write_json(path: Path, value: Mapping[str, Any], durable: bool = True) -> None:
    """Write one JSON object, whole or not at all."""
    write_aside(path, json_bytes(value), durable)


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """One JSON object as it stands in our files; ValueError for NaN and infinity."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def plain(value: float) -> float | int | None:
    """A number that JSON can hold: whole numbers as such, what is not finite as null."""
    value = float(value)
    if not np.isfinite(value):
        return None
    return int(value) if value.is_integer() else value
