"""Laws of random numbers, as rows declare them: how many columns a point has, and how n points are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Sampler = Callable[[np.random.Generator, int], np.ndarray]  # n points [n, columns]


class Law(NamedTuple):
    """A law of points of so many columns, and what it is called: a page draws such numbers itself."""

    columns: int
    sample: Sampler
    name: str


def uniform(columns: int) -> Law:
    """Uniform numbers from 0 to below 1."""
    return Law(columns, lambda rng, n: rng.random((n, columns)), "uniform")


def normal(columns: int) -> Law:
    """Standard normal numbers."""
    return Law(columns, lambda rng, n: rng.standard_normal((n, columns)), "normal")


def one_hot(columns: int) -> Law:
    """One column, drawn evenly, is 1 and the others 0."""
    return Law(columns, lambda rng, n: np.eye(columns)[rng.integers(columns, size=n)], "one-hot")
