"""Find what perfect samplers score on the shipped scenarios, for scenarios/floors.json, where that has changed.

python docs/floors.py          what the first two samplers score says what has changed
python docs/floors.py --all    find all of it anew: two minutes of a core

The tests ask for it where a target, a scenario or a quantity has changed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import numpy as np

from toygan.files.scenario import read
from toygan.files.shipped import shipped, shipped_folder
from toygan.game.zoo import PLAYED_ON
from toygan.session.ground import FILE, KeptFloor, Perfect, address_of, as_told, floors_of, shipped_floors
from toygan.session.measuring import perfect_at
from toygan.session.simulation import simulation

GAMES: list[tuple[str, str | None]] = [
    *((name, None) for name in shipped()),
    *((PLAYED_ON.get(name, "eight-gaussians"), name) for name in ("cgan", "tc-gan", "mgan")),
]  # every shipped scenario by its own method; of the zoo those that are measured in more: in classes, in generators


def perfect_of(scenario: str, method: str | None) -> list[Perfect]:
    """The perfect samplers of a game's looks and of its end."""
    config = read(scenario, method, [])
    sim = simulation(config)
    return [perfect_at(config, sim, "frame"), perfect_at(config, sim, "final")]


def scores_of(perfect: Perfect) -> dict[str, float | None]:
    """What the first two of the samplers score on average: enough to see whether a floor is still what it was."""
    return {name: as_told(floor)["mean"] for name, floor in floors_of(perfect, 2).items()}


def entry_of(name: str, perfect: Perfect, known: KeptFloor | None) -> KeptFloor:
    """What is shipped of some samplers: what is known, if they still score that."""
    two = scores_of(perfect)
    if known and alike(known["two"], two):
        return known
    print(name, flush=True)
    floors = {quantity: as_told(floor) for quantity, floor in floors_of(perfect).items()}
    return {"of": name, "floors": floors, "two": two}


def alike(one: Mapping[str, float | None], other: Mapping[str, float | None]) -> bool:
    """Whether numbers of the same names are the same up to rounding; None is what is not finite."""
    a, b = (np.array(list(numbers.values()), float) for numbers in (one, other))
    return list(one) == list(other) and np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)


def entries(known: Mapping[str, KeptFloor]) -> dict[str, KeptFloor]:
    """All that is shipped by fingerprint, from what is known."""
    found: dict[str, KeptFloor] = {}
    for scenario, method in GAMES:
        for perfect in perfect_of(scenario, method):
            address = address_of(perfect)
            name = " ".join([scenario, *([method] if method else []), perfect.when])
            found[address] = found.get(address) or entry_of(name, perfect, known.get(address))
    return found


def written(entries: Mapping[str, KeptFloor]) -> str:
    """The file of these entries, a line each."""
    lines = (f"{json.dumps(address)}: {json.dumps(entry, allow_nan=False)}" for address, entry in entries.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    known = {} if "--all" in sys.argv else shipped_floors()
    (shipped_folder() / FILE).write_text(written(entries(known)), encoding="utf-8")
