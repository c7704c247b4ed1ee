"""Find anew what perfect samplers score on the shipped scenarios, for scenarios/floors.json: two minutes of a core.

python docs/floors.py

The tests ask for it where a target, a scenario or a quantity has changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from toygan.files.scenario import read
from toygan.files.shipped import shipped, shipped_folder
from toygan.game.zoo import PLAYED_ON
from toygan.session.ground import Perfect, address_of, as_told, floors_of
from toygan.session.measuring import FINAL_W1, N_W1, perfect_at
from toygan.session.shipped_floors import FILE, Entry, written
from toygan.session.simulation import FINAL_POINTS, real_points, simulation

GAMES: list[tuple[str, str | None]] = [
    *((name, None) for name in shipped()),
    *((PLAYED_ON.get(name, "eight-gaussians"), name) for name in ("cgan", "tc-gan", "mgan")),
]  # every shipped scenario by its own method; of the zoo those that are measured in more: in classes, in generators


def perfect_of(scenario: str, method: str | None) -> list[Perfect]:
    """The perfect samplers of a game's looks and of its end."""
    config = read(scenario, method, [])
    sim = simulation(config)
    last = real_points(config, sim.world, FINAL_POINTS, 1)
    return [perfect_at(config, sim, sim.real, N_W1, "frame"), perfect_at(config, sim, last, FINAL_W1, "final")]


def scores_of(perfect: Perfect) -> dict[str, float | None]:
    """What the first two of the samplers score on average: enough to see whether a floor is still what it was."""
    return {name: as_told(floor)["mean"] for name, floor in floors_of(perfect, 2).items()}


def entries() -> Iterator[tuple[str, Entry]]:
    """What is shipped, each once."""
    known: set[str] = set()
    for scenario, method in GAMES:
        for perfect in perfect_of(scenario, method):
            address = address_of(perfect)
            if address not in known:
                known.add(address)
                floors = {name: as_told(floor) for name, floor in floors_of(perfect).items()}
                name = " ".join([scenario, *([method] if method else []), perfect.when])
                print(name, flush=True)
                yield address, {"of": name, "floors": floors, "two": scores_of(perfect)}


if __name__ == "__main__":
    (shipped_folder() / FILE).write_text(written(entries()), encoding="utf-8")
