"""The Dirac-GAN with dials: paths from many starts for every method, rule, rate and weight, played through the real game, and
what theory says of the same in closed form.
"""

from __future__ import annotations

import base64
from cmath import sqrt
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch

from toygan.exhibits.files import Exhibit
from toygan.files import cache
from toygan.files.config import Config, as_data
from toygan.files.scenario import read
from toygan.files.text import number
from toygan.session import dirac

RATES, WEIGHTS = (0.05, 0.2, 0.5), (0.3, 1.0, 3.0)
SIDE, STEPS = 13, 120  # starts a side of the plane, and steps of a path
FAR = 1e6  # a path beyond this has left for good
BATCH = 6  # equal points change nothing, packs of two or three come out even
COUPLING = {"wasserstein": 1.0, "non-saturating": 0.5, "minimax": 0.5}  # slope of the generator's loss at a score of 0
DAMPED = {"none": 0.0, "r1": 1.0}  # how much of its weight a constraint takes off psi in a unit of time


class Played(NamedTuple):
    """One setting of the dials: the step size of both players, the penalty's weight (None: there is none), the paths
    [STEPS + 1, SIDE * SIDE, 2] of (theta, psi), what the game's eigenvalues say, and what theory does (empty: no short form).
    """

    rate: float
    weight: float | None
    paths: np.ndarray
    motion: str
    theory: str


def dials_of(exhibit: Exhibit) -> tuple[list[str], list[str]]:
    """The methods and the update rules of an exhibit's phase portraits: what its dials may choose."""
    methods = dict.fromkeys(method for item in exhibit.phases for method in item.methods)
    return list(methods), list(dict.fromkeys(update for item in exhibit.phases for update in item.updates))


def axis() -> np.ndarray:
    """The starts [SIDE] along each side of the plane."""
    return np.linspace(-dirac.WINDOW, dirac.WINDOW, SIDE)


def played_games(method: str, rule: str) -> list[Played]:
    """Every setting of rate and weight of a method under a rule; kept between builds, for it takes seconds."""
    about = [method, rule, RATES, WEIGHTS, SIDE, STEPS]
    return [unpacked(one) for one in cache.kept("dirac-dials", about, lambda: [*map(packed, each_game(method, rule))])]


def packed(game: Played) -> dict[str, Any]:
    paths = base64.b64encode(game.paths.astype("<f4").tobytes()).decode()
    return {"rate": game.rate, "weight": game.weight, "paths": paths, "motion": game.motion, "theory": game.theory}


def unpacked(said: Mapping[str, Any]) -> Played:
    paths = np.frombuffer(base64.b64decode(said["paths"]), "<f4").reshape(STEPS + 1, SIDE * SIDE, 2)
    return Played(said["rate"], said["weight"], paths, said["motion"], said["theory"])


def each_game(method: str, rule: str) -> Iterator[Played]:
    """Play them: every start is a seed of its own."""
    weighted = "weight" in as_data(dirac_at(method, rule, RATES[0], None))["method"]["constraint"]
    for rate in RATES:
        for weight in WEIGHTS if weighted else (None,):
            config = dirac_at(method, rule, rate, weight)
            motion = dirac.motion_in_words(dirac.eigenvalues(*dirac.stage(config)))
            yield Played(rate, weight, fan(config), motion, theory(config, rate))


def dirac_at(method: str, rule: str, rate: float, weight: float | None) -> Config:
    changes: list[tuple[str, Any]] = [("training.batch", BATCH), ("method.update", {"kind": rule})]
    changes += [(f"method.{player}_rate", rate) for player in ("generator", "critic")]
    return dirac.planar(read("dirac", method, [*changes, *([("method.constraint.weight", weight)] if weight else [])]))


def fan(config: Config) -> np.ndarray:
    """(theta, psi) after every step from every start: [STEPS + 1, SIDE * SIDE, 2], NaN beyond all bounds. The game of these
    dials draws nothing that matters, so every step has the same draw.
    """
    game, start, draw, _ = dirac.stage(config)
    grid = np.stack(np.meshgrid(axis(), axis()), axis=-1).reshape(-1, 2)
    found = np.stack([*islice(dirac.course(game, start, draw, torch.from_numpy(grid)), STEPS + 1)])
    return np.where(np.abs(found) < FAR, found, np.nan)


def theory(config: Config, rate: float) -> str:
    """The multipliers m of a step near rest by the rule's closed form, and the size of the larger; empty without one.

    Near rest theta' = -c psi and psi' = c theta - g psi in continuous time, whose rates are l = -g/2 +- sqrt(g^2/4 - c^2);
    Mescheder et al., 2018, arXiv:1801.04406; Gidel et al., 2018, arXiv:1802.10551; Daskalakis et al., 2017, arXiv:1711.00141.
    """
    method = as_data(config)["method"]
    objective, constraint, rule = (method[part]["kind"] for part in ("objective", "constraint", "update"))
    if objective not in COUPLING or constraint not in DAMPED or rule not in FORMS:
        return ""
    c, g = COUPLING[objective], DAMPED[constraint] * method["constraint"].get("weight", 0.0)
    words, form = FORMS[rule]
    found = max(abs(m) for m in form(c, g, rate, method["update"].get("weight", 0.0)))
    if np.isnan(found):
        return ""
    return f"{words}: here h = {number(rate)}, c = {number(c)}, γ = {number(g)}, so |m| = {number(found, 6)}"


def roots(half: complex, product: float | complex) -> tuple[complex, complex]:
    """Those of m^2 - 2 half m + product."""
    root = sqrt(half * half - product)
    return half + root, half - root


def rates_of(c: float, g: float) -> tuple[complex, complex]:
    return roots(-g / 2, c * c)


def simultaneous(c: float, g: float, h: float, w: float) -> Sequence[complex]:
    """Both players move from where both stood."""
    return [1 + h * rate for rate in rates_of(c, g)]


def alternating(c: float, g: float, h: float, w: float) -> Sequence[complex]:
    """One after the other: the roots of m^2 - (2 - h g - h^2 c^2) m + 1 - h g."""
    return roots(1 - (h * g + h * h * c * c) / 2, 1 - h * g)


def extragradient(c: float, g: float, h: float, w: float) -> Sequence[complex]:
    """The step is made by the slopes that a trial step meets."""
    return [1 + h * rate + (h * rate) ** 2 for rate in rates_of(c, g)]


def optimistic(c: float, g: float, h: float, w: float) -> Sequence[complex]:
    """Twice the slope less the last one: the roots of m^2 - (1 + 2 h l) m + h l."""
    return [root for rate in rates_of(c, g) for root in roots((1 + 2 * h * rate) / 2, h * rate)]


def consensus(c: float, g: float, h: float, w: float) -> Sequence[complex]:
    """Both also go down the size of both slopes, weight w; without damping m = 1 + h (-w c^2 +- i c)."""
    return [1 + h * complex(-w * c * c, c)] if g == 0 else [complex("nan")]


FORMS: Mapping[str, tuple[str, Callable[[float, float, float, float], Sequence[complex]]]] = {
    "simultaneous": ("m = 1 + h λ with λ = −γ/2 ± √(γ²/4 − c²)", simultaneous),
    "alternating": ("m² − (2 − h γ − h² c²) m + 1 − h γ = 0", alternating),
    "extragradient": ("m = 1 + h λ + (h λ)² with λ = −γ/2 ± √(γ²/4 − c²)", extragradient),
    "optimistic": ("m² − (1 + 2 h λ) m + h λ = 0 with λ = −γ/2 ± √(γ²/4 − c²)", optimistic),
    "consensus": ("m = 1 + h (−w c² ± i c)", consensus),
}
