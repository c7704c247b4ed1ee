"""What perfect samplers score on the shipped scenarios, found once and shipped: to find it takes four seconds of a core.

A floor is known by the very points that decide it, so that nobody is told another target's; `python docs/floors.py` finds
all of them anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from toygan.files.shipped import shipped_folder

FILE = "floors.json"
# "of", whose it is; "floors", as in run.json; "two", what the first two samplers score on average
KeptFloor = dict[str, Any]


def fingerprint(*given: np.ndarray | float | str | None) -> str:
    """The SHA-256 of arrays with their types and shapes, of numbers and of words: of fractions in single precision, for their
    last digits are the processor's.
    """
    found = hashlib.sha256()
    for one in given:
        array = np.asarray("nothing" if one is None else one)
        with np.errstate(over="ignore"):
            told = array.astype(np.float32) + 0.0 if array.dtype.kind == "f" else array  # + 0.0: no minus zero
        found.update(f"{array.dtype.str} {array.shape}".encode() + np.ascontiguousarray(told).tobytes())
    return found.hexdigest()


def known_floors(address: str) -> dict[str, dict[str, Any]] | None:
    """The shipped floors of a fingerprint; None where there are none."""
    entry = shipped_floors().get(address)
    return None if entry is None else {name: dict(floor) for name, floor in entry["floors"].items()}


@cache
def shipped_floors() -> Mapping[str, KeptFloor]:
    """All that is shipped, by fingerprint; nothing where the file is not there or is damaged."""
    try:
        return dict(json.loads((shipped_folder() / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def written(entries: Mapping[str, KeptFloor]) -> str:
    """The file of these entries, a line each."""
    lines = (f"{json.dumps(address)}: {json.dumps(entry, allow_nan=False)}" for address, entry in entries.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"
