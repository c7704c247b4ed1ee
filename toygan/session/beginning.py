"""First parameters as data: which uniform numbers of which stream they are, where they are such; so a page draws Python's.

Most initialisations are uniform numbers in bounds, and constants. What they are is found by listening, not said again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from toygan.game.streams import entropy, starts, stream

Initial = Callable[[np.random.Generator], np.ndarray]


class Recipe(NamedTuple):
    """Parameters [P] of uniform numbers: `draws` of (low, high, count) one after the other; `parts` of (first, count), the
    numbers from the first one on, and of (None, count, value), one value all over.
    """

    draws: tuple[tuple[float, float, int], ...]
    parts: tuple[tuple[Any, ...], ...]


class Beginning(NamedTuple):
    """A player's first parameters: so many `size`; what seeds their stream, `None` standing for the seed; how they are made of
    its numbers or, where they are not, the `numbers [seed, P]` themselves.
    """

    size: int
    entropy: tuple[int | None, ...]
    recipe: Recipe | None
    numbers: np.ndarray | None


def beginning(scenario_seed: int, seeds: Sequence[int], player: str, initial: Initial) -> Beginning:
    """A player's first parameters as data."""
    name = f"{player} start"
    one, other = (heard(initial, stream(scenario_seed, seed, name)) for seed in (0, 1))
    same = one if one == other else None  # what another seed has otherwise is no constant
    numbers = None if same else starts(scenario_seed, seeds, player, initial).astype(np.float32)
    size = len(initial(stream(scenario_seed, 0, name)))
    return Beginning(size, (scenario_seed, None, *entropy(name)), same, numbers)


class Listening:
    """A generator of random numbers that writes down what uniform ones it is asked for; it knows no others."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.draws: list[tuple[float, float, int]] = []
        self.numbers: list[np.ndarray] = []

    def uniform(self, low: float, high: float, size: Any) -> np.ndarray:
        drawn = self.rng.uniform(low, high, size)
        self.draws.append((float(low), float(high), drawn.size))
        self.numbers.append(drawn.ravel())
        return drawn


def heard(initial: Initial, rng: np.random.Generator) -> Recipe | None:
    """How an initialisation uses uniform numbers, None where it asks for others; what is none of them counts as a constant."""
    listening: Any = Listening(rng)
    try:
        made = initial(listening)
    except AttributeError:
        return None
    drawn = np.concatenate([*listening.numbers, np.empty(0)])
    at = places_of(made, drawn)
    steady = np.where(at < 0, made, at - np.arange(len(at)))  # in a part the value, or how far off its numbers stand
    changes = np.flatnonzero((steady[1:] != steady[:-1]) | np.diff(at < 0)) + 1
    parts: list[tuple[Any, ...]] = []
    for part, places in zip(np.split(made, changes), np.split(at, changes), strict=True):
        if len(part):
            parts.append((None, len(part), float(part[0])) if places[0] < 0 else (int(places[0]), len(part)))
    return Recipe(tuple(listening.draws), tuple(parts))


def places_of(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Where each value stands among others, at the last place of several; -1 where it is none of them."""
    order = np.argsort(among, kind="stable")
    before = np.searchsorted(among[order], values, side="right") - 1
    found = before >= 0
    found[found] = among[order[before[found]]] == values[found]
    at = np.full(len(values), -1)
    at[found] = order[before[found]]
    return at
