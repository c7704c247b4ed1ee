"""The table of all targets, and those that are read from a user's file.

One more target is one function that returns a `Target`, beside those of its family (mixtures, curves, areas) or here,
and one row in `TARGETS`; its options are its keyword arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from toygan.targets.areas import banana, board, checkerboard, pinwheel, uniform
from toygan.targets.curves import circle, circles, line, lines, s_curve, spirals, swiss_roll, two_moons
from toygan.targets.densities import equal_points, log_mixture
from toygan.targets.mixtures import dirac, grid, mixture, ring
from toygan.targets.refusal import Refusal
from toygan.targets.target import MANY, Switch, Target, extent, without_labels
from toygan.targets.user_files import read_darkness, read_points

ATOMS = 4096  # more change no colour of a picture, and every one costs a Gaussian at every place


def points(*, path: Path, normalise: Switch = None) -> Target:
    """Drawn with replacement from a file (.csv, .tsv, .txt, .npy, .npz) of n x 2 numbers; `normalise`: (x - mean) / radius.

    The radius is the root mean square distance from the mean; the density is of at most 4096 of the points.
    """
    table = read_points(path)
    if normalise:
        found = extent(table)
        if not found.radius > 0:
            raise Refusal("all points are one, which has no scale", "leave it out", "normalise")
        table = (table - found.centre) / found.radius
    return listed(table)


def listed(table: np.ndarray) -> Target:
    """The target of points [n, 2], each as likely as the others; its density is of some, by chance and always the same."""
    few = len(table) <= ATOMS
    atoms = table if few else table[np.sort(np.random.default_rng(0).choice(len(table), ATOMS, replace=False))]
    return Target(
        lambda rng, n: table[rng.integers(len(table), size=n)],
        log_density=lambda x, blur: log_mixture(x, equal_points(atoms), blur),
        singular=True,
        density_of="" if few else f"{len(atoms)} of its {len(table)} points",
        points=table if len(table) <= MANY else None,
    )


def image(*, path: Path, invert: Switch = None) -> Target:
    """A picture read as a density: dark is likely, white never, or with `invert` light and black; its width spans [-1, 1].

    A pixel is a uniform cell; transparent pixels never get a point.
    """
    darkness = read_darkness(path, bool(invert))
    rows, columns = darkness.shape
    return without_labels(board(darkness[::-1], (-1.0, -rows / columns), (1.0, rows / columns)))


TARGETS: dict[str, Callable[..., Target]] = {
    "swiss-roll": swiss_roll,
    "ring": ring,
    "grid": grid,
    "mixture": mixture,
    "line": line,
    "lines": lines,
    "two-moons": two_moons,
    "dirac": dirac,
    "uniform": uniform,
    "circle": circle,
    "circles": circles,
    "s-curve": s_curve,
    "spirals": spirals,
    "pinwheel": pinwheel,
    "checkerboard": checkerboard,
    "banana": banana,
    "points": points,
    "image": image,
}


def examples(folder: Path) -> dict[str, Target]:
    """Every kind with its defaults, or options of its own where it needs some; files come from the shipped scenarios' folder."""
    needed: dict[str, dict[str, Any]] = {
        "mixture": {"centres": ((-1.0, -0.5), (1.0, 0.0), (0.0, 1.2)), "stds": (0.4, 0.15, 0.05), "weights": (3, 2, 1)},
        "lines": {"segments": (((-1, -1), (-1, 1)), ((-1, 0), (1, 0)), ((1, -1), (1, 1)))},
        "points": {"path": folder / "my-points.csv"},
        "image": {"path": folder / "hand-drawn.png"},
    }
    return {kind: make(**needed.get(kind, {})) for kind, make in TARGETS.items()}
