"""Print a table of the documents as Markdown: the README's methods, or the bias of estimates in docs/truth.md.

python docs/tables.py [methods|bias]
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from toygan.game.methods import METHODS
from toygan.quantities import divergences
from toygan.quantities.divergences import js, quadrature, shares, tv
from toygan.quantities.neighbours import neighbour_kl, neighbour_reverse_kl, spacings
from toygan.targets.target import MANY

POINTS, TIMES = 400, 40  # points a cloud, as in every frame; pairs of clouds behind a mean


def row(name: str) -> str:
    """One method: formula, year, paper."""
    method = METHODS[name]
    formula, paper = method["formula"].replace("|", "&#124;"), method["reference"]
    year = re.search(r"\b(19|20)\d\d\b", paper)
    return f"| `{name}` | {formula} | {year[0] if year else ''} | {paper} |"


def methods() -> list[str]:
    """The README's table of methods."""
    return [
        "| method | critic C minimises; generator G minimises | year | paper |",
        "|---|---|---|---|",
        *map(row, METHODS),
    ]


# --- bias ------------------------------------------------------------------------------------------------------------


class Law(NamedTuple):
    """Equal Gaussians [K, 2] of one standard deviation, 0 for points."""

    centres: np.ndarray
    std: float

    def sample(self, rng: np.random.Generator, n: int = POINTS) -> np.ndarray:
        """Points [n, 2]."""
        noise = self.std * rng.standard_normal((n, 2))
        return self.centres[rng.integers(len(self.centres), size=n)] + noise

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """At points [m, 2]: [m]."""
        squares = ((x[:, None] - self.centres) ** 2).sum(axis=2) / (2 * self.std**2)
        each = -squares - math.log(2 * math.pi * self.std**2 * len(self.centres))
        found: np.ndarray = np.logaddexp.reduce(each, axis=1)
        return found


ANGLES = 2 * np.pi * np.arange(8) / 8
RING = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
ONE = np.zeros((1, 2))
PLAIN = Law(ONE, 1.0)
CASES = (
    ("a normal distribution, itself", PLAIN, PLAIN),
    ("..., shifted by 1", PLAIN, Law(ONE + np.array([1, 0]), 1.0)),
    ("..., shifted by 2", PLAIN, Law(ONE + np.array([2, 0]), 1.0)),
    ("..., shifted by 3", PLAIN, Law(ONE + np.array([3, 0]), 1.0)),
    ("..., half as wide", PLAIN, Law(ONE, 0.5)),
    ("..., a tenth as wide", PLAIN, Law(ONE, 0.1)),
    ("..., twice as wide", PLAIN, Law(ONE, 2.0)),
    ("..., 0.0001 times as wide", PLAIN, Law(ONE, 1e-4)),
    ("..., all in one place", PLAIN, Law(ONE, 0.0)),
    ("8 modes of std 0.02, themselves", Law(RING, 0.02), Law(RING, 0.02)),
    ("..., half as wide", Law(RING, 0.02), Law(RING, 0.01)),
    ("..., twice as wide", Law(RING, 0.02), Law(RING, 0.04)),
    ("..., 4 of the 8", Law(RING, 0.02), Law(RING[::2], 0.02)),
    ("..., one of the 8", Law(RING, 0.02), Law(RING[:1], 0.02)),
    ("..., one place on a mode", Law(RING, 0.02), Law(RING[:1], 0.0)),
    ("..., one place between them", Law(RING, 0.02), Law(ONE, 0.0)),
)


def truth(real: Law, fake: Law) -> list[float]:
    """JS, TV, KL(real | generated) and KL(generated | real), from the densities; a cloud in one place has none."""
    if not fake.std:
        return [math.log(2), 1.0, math.inf, math.inf]
    if fake is real or (fake.std == real.std and np.array_equal(fake.centres, real.centres)):
        return [0.0] * 4
    wide = max(real.std, fake.std) * 12 + 4
    sample = np.concatenate([law.sample(np.random.default_rng(9)) for law in (real, fake)])
    nodes, _ = quadrature(real.log_density, fake.log_density, (-wide, wide, -wide, wide), sample)
    return [of(nodes) for of in (js, tv, divergences.kl, divergences.reverse_kl)]


def estimates(real: Law, fake: Law, k: int) -> list[float]:
    """The same four from two clouds, as a run measures them."""
    one, other = (law.sample(np.random.default_rng([k, side])) for side, law in enumerate((real, fake)))
    many = real.sample(np.random.default_rng([k, 2]), MANY)
    cells, apart = shares(other, one, many), spacings(other, one)
    return [js(cells), tv(cells), neighbour_kl(apart), neighbour_reverse_kl(apart)]


def bias_row(name: str, real: Law, fake: Law) -> str:
    """One case: the truth, and mean and spread of what is estimated."""
    found = np.array([estimates(real, fake, k) for k in range(TIMES)])
    told = zip(truth(real, fake), found.mean(axis=0), found.std(axis=0, ddof=1), strict=True)
    cells = [f"{short(exact)}: {mean:.2f} ± {spread:.2f}" for exact, mean, spread in told]
    return f"| {name} | {' | '.join(cells)} |"


def short(value: float) -> str:
    """A true value, however large."""
    return "infinite" if math.isinf(value) else f"{value:.2f}" if value < 1000 else f"{value:.0e}"


def bias() -> list[str]:
    """What is estimated from 400 + 400 points where the truth is known, case by case: truth: mean ± spread."""
    head = "| generated from real | js | tv | kl | reverse_kl |"
    return [head, "| --- | ---: | ---: | ---: | ---: |", *(bias_row(*case) for case in CASES)]


def main() -> None:
    """Print the table that is asked for."""
    print("\n".join(TABLES[sys.argv[1] if len(sys.argv) > 1 else "methods"]()))


TABLES: dict[str, Callable[[], list[str]]] = {"methods": methods, "bias": bias}


if __name__ == "__main__":
    main()
