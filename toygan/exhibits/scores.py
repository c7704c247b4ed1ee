"""What protocols measure: quantities of a run's end as papers count them, a value a seed.

One more is one function of what has `Ended` and one row of SCORES. Beside these stand all quantities that a run's last points
have by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np
import torch
from pydantic import Field, PositiveFloat, PositiveInt

from toygan.files.config import Config, critic_kind
from toygan.files.strict import Strict
from toygan.files.text import number
from toygan.files.world import build_generator, build_target
from toygan.game.streams import stream
from toygan.quantities.modes import high_quality, mode_kl, mode_tv, modes_kept
from toygan.quantities.spectrum import Spectrum
from toygan.quantities.table import QUANTITIES, Quantity
from toygan.session import dirac
from toygan.session.critics import opinions
from toygan.session.recording import Recording
from toygan.session.simulation import on_host, simulation
from toygan.session.spectrum import MOST, spectrum_of
from toygan.targets.funnels import slopes
from toygan.targets.target import Modes, Target

DIGITS = {"times a step": 6}
BY_PRODUCT = "use_mm_for_euclid_dist"  # what torch.cdist does by itself from 26 points on
SPECTRA: dict[tuple[str, int, int], Spectrum] = {}
ENDS = {"share": (0.0, 1.0), "cosine": (-1.0, 1.0), "correlation": (-1.0, 1.0)}
# shares of what is below 0 where a critic takes generated points for the better ones
SIGNED = {"critic_gap": (-1.0, 1.0)}
NEEDED_BY = {"modes": "mixture", "curve": "curve"}


class Counting(Strict):
    """The rule by which a paper counts: of so many `points`, those within `sigma` standard deviations of a mode are on it, and a
    mode is found by `at_least` of them.
    """

    points: Annotated[PositiveInt, Field(le=10**6)] = 2000
    sigma: PositiveFloat = 3.0
    at_least: PositiveInt = 1


class Ended(NamedTuple):
    """A run that has ended, and how it is counted."""

    recording: Recording
    counting: Counting


class Score(NamedTuple):
    """One measure: what it is called, its unit, `of(ended)` its values, what it needs (a row of NEEDS), whether it says of a seed
    that something is so (1) or not (0), whether it is computed without chance, what a value is of, a seed or a point, and
    the least and the most that it can be, where its unit does not tell.
    """

    label: str
    unit: str
    of: Callable[[Ended], np.ndarray]
    needs: str = "nothing"
    counted: bool = False
    certain: bool = False
    each: str = "seed"
    ends: tuple[float, float] | None = None

    def ends_among(self, modes: int) -> tuple[float, float]:
        """The least and the most that it can be on a target of so many modes."""
        if self.unit == "modes":
            return 0.0, float(modes)
        return self.ends or ENDS.get(self.unit, (0.0, math.inf))

    @property
    def trained(self) -> bool:
        """Whether training has to do with it."""
        return not self.certain and self.each == "seed"

    def write(self, value: float) -> str:
        """A value as people read it."""
        return f"{number(100 * value)} %" if self.unit == "share" else number(value, DIGITS.get(self.unit, 3))


# --- points and modes ------------------------------------------------------------------------------------------------


def cloud(ended: Ended) -> np.ndarray:
    """The points that are counted [S, n, 2]: the run's own last ones where these are enough, else more from its generator."""
    recording, wanted = ended
    final = recording.frames["final"]
    return final[:, : wanted.points] if wanted.points <= final.shape[1] else recording.sample(wanted.points)


def modes_of(ended: Ended) -> Modes:
    modes = build_target(ended.recording.config()).modes
    assert modes is not None, "a row of NEEDS asks for modes before anything runs"
    return modes


def of_modes(of: Callable[[np.ndarray, Modes, Counting], float]) -> Callable[[Ended], np.ndarray]:
    """A measure of points [n, 2] and modes, of every seed."""

    def each(ended: Ended) -> np.ndarray:
        modes = modes_of(ended)
        return np.array([of(points, modes, ended.counting) for points in cloud(ended)], float)

    return each


def found(points: np.ndarray, modes: Modes, rule: Counting) -> int:
    return modes_kept(points, modes, rule.at_least, rule.sigma)


# --- a critic whose optimum is known ---------------------------------------------------------------------------------


def carried(config: Config, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Fresh points of a world of funnels [n, 2], and the same after they were moved along their rays, in float64."""
    target, generator = build_target(config), build_generator(config)
    made: list[np.ndarray] = []

    def noted(rng: np.random.Generator, count: int) -> np.ndarray:
        made.append(target.sample(rng, count))
        return made[-1]

    moved = generator.latents(stream(config.training.seed, 0, "protocol points"), n, noted)
    return made[0], moved


def true_slopes(config: Config, points: np.ndarray) -> np.ndarray:
    """The slopes of the optimal critic at points [n, 2]."""
    world = config.generator
    return slopes(points, np.array(world.centres), np.array(world.offsets))


def rounded_slopes(config: Config, points: np.ndarray) -> np.ndarray:
    """The slopes of the optimal critic at points [n, 2] as the authors' code has them, by torch.cdist in float32: distances
    come out of a matrix product there, those below about 1e-3 as 0, and so do the slopes of the tenth of the points that have
    come so near to a centre.
    """
    world, x = config.generator, torch.from_numpy(points).float().requires_grad_()
    funnels = torch.cdist(x, torch.tensor(world.centres), compute_mode=BY_PRODUCT) + torch.tensor(world.offsets)
    (found,) = torch.autograd.grad(funnels.amin(dim=1).sum(), x)
    return on_host(found).astype(float)


def slopes_compared(
    ended: Ended,
    of: Callable[[np.ndarray, np.ndarray], np.ndarray],
    true: Callable[[Config, np.ndarray], np.ndarray] = true_slopes,
) -> np.ndarray:
    """The mean over moved points of what is made of the critic's slopes and the true ones, each [n, 2]: [S]."""
    config = ended.recording.config()
    points = carried(config, ended.counting.points)[1]
    told, right = opinions(ended.recording, points).slopes, true(config, points)
    return np.array([of(one.astype(float), right).mean() for one in told])


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cosine of each pair of slopes [n, 2]: [n]; 0 where one has none."""
    sizes = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.divide((one * other).sum(axis=1), sizes, out=np.zeros(len(one)), where=sizes > 0)


def squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The squared distance of each pair of slopes [n, 2]: [n]."""
    return np.asarray(np.square(one - other).sum(axis=1))


def seen_distance(ended: Ended) -> np.ndarray:
    """What the critic takes W1 for, E f(real) - E f(fake), on independent points of both: [S]."""
    config, n = ended.recording.config(), ended.counting.points
    real = build_target(config).sample(stream(config.training.seed, 1, "protocol points"), n)
    told = [opinions(ended.recording, points).scores for points in (real, carried(config, n)[1])]
    return np.asarray(told[0].mean(axis=1, dtype=float) - told[1].mean(axis=1, dtype=float))


def true_distance(ended: Ended) -> np.ndarray:
    """The way of every moved point, whose mean is W1: [n]."""
    real, moved = carried(ended.recording.config(), ended.counting.points)
    return np.asarray(np.linalg.norm(real - moved, axis=1))


def growth(ended: Ended) -> np.ndarray:
    """By how much a step multiplies a small offset: the size of its leading eigenvalue, a period's in the mean; [1], else NaN."""
    config = dirac.planar(ended.recording.config())
    multipliers = dirac.eigenvalues(*dirac.stage(config)).multipliers
    return np.array([abs(multipliers[0]) if len(multipliers) else np.nan])


def of_spectrum(of: Callable[[Spectrum], float]) -> Callable[[Ended], np.ndarray]:
    """A number of the eigenvalues of a step from where the seed that is shown ended: [1]."""
    return lambda ended: np.array([of(seen_spectrum(ended.recording))])


def seen_spectrum(recording: Recording) -> Spectrum:
    """The eigenvalues of a recording's last step, found once for all that is asked of them; anew where it was played again."""
    folder = recording.folder
    key = (str(folder), (folder / "weights.npz").stat().st_mtime_ns if folder else 0, recording.facts.portrait)
    if key not in SPECTRA:
        SPECTRA[key] = spectrum_of(recording)
    return SPECTRA[key]


def at_the_end(name: str, row: Quantity) -> Score:
    """A quantity as the run itself has it, of its own last points and by its own rule, [S]; what is a distance is not below 0."""
    needs = next((NEEDED_BY[need] for need in row.needs.split() if need in NEEDED_BY), "nothing")
    distant = row.scale == "log" and not row.estimated and row.better != "neither"
    usual = ENDS.get(row.unit, (0.0 if distant else -math.inf, math.inf))
    return Score(row.label, row.unit, lambda ended: ended.recording.final(name), needs, ends=SIGNED.get(name, usual))


# --- the tables ------------------------------------------------------------------------------------------------------


class Needed(NamedTuple):
    """What a measure needs of a run: in words, and whether it is there."""

    words: str
    there: Callable[[Config, Target], bool]


def is_dirac(config: Config) -> bool:
    kinds = (config.target.kind, config.generator.kind, critic_kind(config))
    return kinds == ("dirac", "point", "linear")


def is_small(config: Config) -> bool:
    """Whether both players are few enough numbers for a Jacobian."""
    if (config.generator.kind, critic_kind(config)) != ("mlp", "mlp"):
        return False
    sim = simulation(config.model_copy(update={"training": config.training.model_copy(update={"seeds": 1})}))
    return sum(one.parameters.shape[1] for one in sim.start.players.values()) <= MOST


NEEDS: dict[str, Needed] = {
    "nothing": Needed("nothing", lambda config, target: True),
    "modes": Needed("a target with modes", lambda config, target: target.modes is not None),
    "mixture": Needed("a target with modes", lambda config, target: target.modes is not None),
    "curve": Needed("a target that is a curve", lambda config, target: target.skeleton is not None),
    "funnels": Needed("the generator funnels", lambda config, target: config.generator.kind == "funnels"),
    "dirac": Needed("the players of Dirac-GAN", lambda config, target: is_dirac(config)),
    "spectrum": Needed(f"perceptrons of {MOST} parameters at most", lambda config, target: is_small(config)),
}

# fmt: off
OWN: dict[str, Score] = {
    "modes": Score("modes found", "modes", of_modes(found), "modes"),
    "high_quality": Score("share on a mode", "share",
                          of_modes(lambda x, modes, rule: high_quality(x, modes, rule.sigma)), "modes"),
    "mode_tv": Score("TV of the modes, with a class off every mode", "",
                     of_modes(lambda x, modes, rule: mode_tv(x, modes, rule.sigma)), "modes", ends=ENDS["share"]),
    "mode_kl": Score("reverse KL of the shares on modes", "nats",
                     of_modes(lambda x, modes, rule: mode_kl(x, modes, rule.sigma)), "modes"),
    "all_modes": Score("seeds that find all modes", "share",
                       of_modes(lambda x, modes, rule: found(x, modes, rule) == len(modes.weights)), "modes", counted=True),
    "no_mode": Score("seeds that find no mode", "share", of_modes(lambda x, modes, rule: found(x, modes, rule) == 0), "modes",
                     counted=True),
    "cosine": Score("cosine to the true slope", "cosine", partial(slopes_compared, of=cosines), "funnels"),
    "slope_error": Score("squared distance to the true slope", "", partial(slopes_compared, of=squares), "funnels"),
    "cosine_by_cdist": Score("cosine to the true slope as torch.cdist has it", "cosine",
                             partial(slopes_compared, of=cosines, true=rounded_slopes), "funnels"),
    "slope_error_by_cdist": Score("squared distance to the true slope as torch.cdist has it", "",
                                  partial(slopes_compared, of=squares, true=rounded_slopes), "funnels"),
    "seen_distance": Score("W1 as the critic sees it", "plane", seen_distance, "funnels", ends=(-math.inf, math.inf)),
    "true_distance": Score("W1", "plane", true_distance, "funnels", each="point"),
    "growing": Score("share of directions in which small offsets grow", "share",
                     of_spectrum(lambda seen: seen.outside / len(seen.multipliers)), "spectrum"),
    "rightmost": Score("largest real part of the eigenvalues", "", of_spectrum(lambda seen: float(seen.rates.real.max())),
                       "spectrum", ends=(-math.inf, math.inf)),
    "growth": Score("growth of one step", "times a step", growth, "dirac", certain=True),
}
SCORES = OWN | {name: at_the_end(name, row) for name, row in QUANTITIES.items() if name not in OWN and row.source != "cost"}
