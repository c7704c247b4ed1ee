"""A recorded run's last generator, refined by its last critic and, where its density is known, by the exact optimal one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from toygan.files.config import Config
from toygan.files.mistakes import UserError
from toygan.files.text import number
from toygan.files.world import build_generator, build_target
from toygan.game import duel
from toygan.game.streams import stream
from toygan.quantities.density import LAWS, Transform, meshed, own_density, summed
from toygan.quantities.refine import Energy, calibrated, chained, drifted, rejected
from toygan.quantities.transport import w1
from toygan.session.density import sender
from toygan.session.recording import Recording
from toygan.session.simulation import on_host, simulation
from toygan.targets.target import Target

POINTS, OFFERS = 1000, 64  # points of a cloud, and proposals for each
STEPS = {"learned": 300, "exact": 40}  # of Langevin
CALIBRATION, FLOORS = 10_000, 16  # points of either side to calibrate with; perfect samples for the floor
CELLS, NUDGE = 128, 1e-4  # of the mesh behind an exact density; of its differences
SHORT = 0.5  # of a cloud's points: fewer are not compared

MadeDensity = Callable[[np.ndarray, np.ndarray | None], np.ndarray]  # of points, and the latents that they are made of


class Ratio(NamedTuple):
    """A critic's l = log p/q at points [n, 2], of the latents [n, d] that they are made of: `at(points, latents) -> [n]`, and its
    slope, `slope(points) -> [n, 2]`; and what to say of it.
    """

    at: Callable[[np.ndarray, np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    words: str


class RefinedCloud(NamedTuple):
    """Refined points [n, 2], their W1 to the real ones (NaN where they are too few), and what to say of how they were got."""

    points: np.ndarray
    w1: float
    words: str


class Refined(NamedTuple):
    """The real points [n, 2], W1 of perfect samples to them (mean, and the largest of 16), the generator's own cloud, and by
    critic, `learned` and `exact`, by way the refined ones; what each critic is; and why there is no exact one.
    """

    real: np.ndarray
    floor: tuple[float, float]
    before: RefinedCloud
    after: Mapping[str, Mapping[str, RefinedCloud]]
    critics: Mapping[str, str]
    why_not: str


class Stage(NamedTuple):
    """One seed's last generator, of parameters [P], as a function from latents [n, d] to points [n, 2], `send`."""

    config: Config
    seed: int
    target: Target
    parameters: np.ndarray
    send: Transform

    def rng(self, purpose: str, k: int = 0) -> np.random.Generator:
        return stream(self.config.training.seed, self.seed, f"refined {purpose}", k)

    def draw(self, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Latents [n, d], and the points [n, 2] that are made of them."""
        latents = build_generator(self.config).latents(self.rng("latent", k), n, self.target.sample)
        return latents, self.send(latents)


def refined(recording: Recording, seed: int | None = None) -> Refined:
    """What rejection, Metropolis and Hastings, and Langevin make of the points of one of a recording's seeds, of its first one
    if none is named.

    Raises UserError for a recording without `weights.npz`, and where the critic judges more than one point at once.
    """
    config = recording.config()
    method = config.method
    if method.pack > 1 or method.categories or method.labels or method.cast:
        raise UserError(
            "--view refined: it takes one critic of single points and one generator without categories, labels or a cast"
        )
    seed = recording.facts.portrait if seed is None else seed
    kept, row = recording.weights("to refine points with"), config.training.seed_list.index(seed)
    parameters = kept["average"][row]
    stage = Stage(config, seed, build_target(config), parameters, sender(config, parameters))
    n = min(POINTS, recording.frames["real"].shape[0])
    real = stage.target.sample(stage.rng("real"), n)
    critics = {"learned": learned(stage, kept["critic"][row])}
    found, why = exact(stage)
    critics |= {"exact": found} if found else {}
    perfect = [w1(stage.target.sample(stage.rng("perfect", k), n), real) for k in range(FLOORS)]
    return Refined(
        real=real,
        floor=(float(np.mean(perfect)), float(np.max(perfect))),
        before=cloud(stage.draw(n, 0)[1], real, ""),
        after={name: by_every_way(stage, one, real, STEPS[name]) for name, one in critics.items()},
        critics={name: one.words for name, one in critics.items()},
        why_not=why,
    )


def cloud(points: np.ndarray, real: np.ndarray, words: str) -> RefinedCloud:
    """A cloud held against the real points, where it has enough of its own."""
    enough = len(points) >= SHORT * len(real) and np.isfinite(points).all()
    return RefinedCloud(points, w1(points, real) if enough else math.nan, words)


# --- critics ---------------------------------------------------------------------------------------------------------


def learned(stage: Stage, parameters: np.ndarray) -> Ratio:
    """The run's last critic, calibrated on fresh points of both sides."""
    training = stage.config.training.model_copy(update={"precision": "double", "seeds": (stage.seed,)})
    sim = simulation(stage.config.model_copy(update={"training": training}))
    references = [stage.target.sample(stage.rng("reference"), POINTS), stage.draw(POINTS, 1)[1]]
    judge = duel.judge(sim.world.game, {duel.CRITIC: of_one_seed(parameters)}, *map(of_one_seed, references))

    def score(points: np.ndarray) -> np.ndarray:
        return on_host(judge.score(of_one_seed(points)))[0]

    real = stage.target.sample(stage.rng("calibration"), CALIBRATION)
    a, b = calibrated(score(real), score(stage.draw(CALIBRATION, 2)[1]))

    def slope(points: np.ndarray) -> np.ndarray:
        return a * on_host(judge.slopes(of_one_seed(points)))[0]

    words = f"l = {number(a)} · score {'−' if b < 0 else '+'} {number(abs(b))}"
    return Ratio(lambda points, _: a * score(points) + b, slope, words)


def of_one_seed(values: np.ndarray) -> torch.Tensor:
    """Points, latents or parameters as a tensor of one seed, in double precision: [1, ...]."""
    return torch.from_numpy(values[None]).double()


def exact(stage: Stage) -> tuple[Ratio | None, str]:
    """The optimal critic log p/q, where both densities are known; and why not, where it is not."""
    density = stage.target.log_density
    if density is None or stage.target.singular or stage.target.density_of:
        return None, "the target has no density of its own"
    log_q, why = log_density_of(stage)
    if log_q is None:
        return None, why

    def at(points: np.ndarray, latents: np.ndarray | None = None) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            found = density(points, 0.0) - log_q(points, latents)
        return np.where(np.isnan(found), -np.inf, found)

    def slope(points: np.ndarray) -> np.ndarray:
        ways = NUDGE * np.eye(2)
        ends = at(np.concatenate([points + side * way for way in ways for side in (1, -1)])).reshape(2, 2, -1)
        with np.errstate(invalid="ignore"):
            found = (ends[:, 0] - ends[:, 1]).T / (2 * NUDGE)
        return np.where(np.isfinite(found), found, 0.0)

    return Ratio(at, slope, "l = log p/q of the exact densities"), ""


def log_density_of(stage: Stage) -> tuple[MadeDensity | None, str]:
    """The log-density of what the generator makes at points [n, 2], of their latents where known; or why there is none."""
    generator, density = stage.config.generator, stage.target.log_density
    if generator.kind == "data-plus-noise" and density is not None:
        return lambda points, _: density(points, generator.std), ""
    if not maps_latents(generator) or generator.latent_dim != 2:
        return None, "the generator has no density that can be computed; a perceptron of two latent numbers has one"
    law = LAWS[generator.latent]
    mesh = meshed(stage.send, law, CELLS)

    def log_q(points: np.ndarray, latents: np.ndarray | None) -> np.ndarray:
        by_mesh = summed(mesh, points)[0]
        found = by_mesh if latents is None else np.maximum(by_mesh, own_density(stage.send, law, latents, points))
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(found))

    return log_q, ""


def maps_latents(generator: Any) -> bool:
    """Whether it makes each point of a latent alone, of a law that has a density."""
    return generator.kind == "mlp" and generator.latent in LAWS and generator.normalisation != "batch"


# --- ways ------------------------------------------------------------------------------------------------------------


def by_every_way(stage: Stage, critic: Ratio, real: np.ndarray, steps: int) -> dict[str, RefinedCloud]:
    """The clouds that a critic makes of the generator's proposals."""
    n, rng = len(real), stage.rng("luck")
    latents, points = stage.draw(n * OFFERS, 3)
    l = critic.at(points, latents.astype(float))  # noqa: E741
    some, chains = rejected(l, n, rng), chained(l.reshape(n, OFFERS), rng)
    kept, moved = f"{100 * some.share:.3g} % kept", f"{100 * chains.share:.3g} % of {OFFERS - 1} offers taken"
    found = {
        "rejection": cloud(points[some.chosen], real, kept),
        "Metropolis-Hastings": cloud(points[chains.chosen], real, moved),
    }
    energy = energy_of(stage, critic)
    if energy is None:
        return found
    after, share = drifted(latents[:n].astype(float), energy, steps, rng)
    return found | {"Langevin": cloud(stage.send(after), real, f"{steps} steps, {100 * share:.3g} % taken")}


def energy_of(stage: Stage, critic: Ratio) -> Energy | None:
    """log p0(z) + l(G(z)) of latents, with its slope; None where the generator is no map of latents with a density."""
    generator = stage.config.generator
    if not maps_latents(generator):
        return None
    network, law = build_generator(stage.config).network, LAWS[generator.latent]
    layers = network.layers(of_one_seed(stage.parameters))

    def energy(latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = of_one_seed(latents).requires_grad_()
        sent = network.forward(layers, z)
        points = on_host(sent.detach())[0]
        (pulled,) = torch.autograd.grad((sent * torch.from_numpy(critic.slope(points)[None])).sum(), z)
        is_normal = generator.latent == "normal"
        own = -latents if is_normal else np.zeros_like(latents)
        within = is_normal | (np.abs(latents) <= 1).all(axis=1)
        height = law.log_density(latents).sum(axis=1) + critic.at(points, latents)
        return np.where(within, height, -np.inf), on_host(pulled)[0] + own

    return energy
