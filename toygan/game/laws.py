"""Laws of random numbers, as rows declare them: how many columns a point has, and how n points are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from toygan.targets.refusal import Refusal
from toygan.targets.target import Sampler

TAKEN = ("real", "latent")  # what every game draws


class Law(NamedTuple):
    """A law of points of so many columns, and what it is called: a page draws such numbers itself."""

    columns: int
    sample: Sampler
    name: str


def merged(*tables: Mapping[str, Law]) -> dict[str, Law]:
    """The draws of several rows; those that share a name share the numbers. Raises Refusal for a name with two widths, and for
    one that every game has.
    """
    found: dict[str, Law] = {}
    for name, law in (pair for table in tables for pair in table.items()):
        if name in TAKEN or found.get(name, law).columns != law.columns:
            raise Refusal(f"the draw {name!r} is another row's, of another law", "give it a name of its own")
        found[name] = law
    return found


def uniform(columns: int) -> Law:
    """Uniform numbers from 0 to below 1."""
    return Law(columns, lambda rng, n: rng.random((n, columns)), "uniform")


def normal(columns: int) -> Law:
    """Standard normal numbers."""
    return Law(columns, lambda rng, n: rng.standard_normal((n, columns)), "normal")


def labels(columns: int) -> Law:
    """The class of a real point, one-hot; of the numbers that the point itself is of, so only a target can draw it."""
    return Law(columns, from_elsewhere, "labels")


def points() -> Law:
    """Points of the scenario's source, which draws them."""
    return Law(2, from_elsewhere, "source")


def from_elsewhere(rng: np.random.Generator, n: int) -> np.ndarray:
    """What only a scenario's target or source draws."""
    raise NotImplementedError("a scenario's target draws the labels of its points, its source points")


def one_hot(columns: int) -> Law:
    """One column, drawn evenly, is 1 and the others 0."""
    return Law(columns, lambda rng, n: np.eye(columns)[rng.integers(columns, size=n)], "one-hot")
