"""A config set up, ready to be played and watched: its world, its first state, its random numbers, the points to watch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.config import Config, Method
from toygan.files.own import Own, is_loaded
from toygan.files.world import World, build_generator, build_objective, build_target, world
from toygan.game import play
from toygan.game.laws import Sampler
from toygan.game.objectives import Objective
from toygan.game.play import Game, State
from toygan.game.players import Generator
from toygan.game.streams import Randomness, starts, stream
from toygan.targets.target import MANY, Target

GRID = 81  # score grid, points a side
ARROWS = 21  # slope grid, points a side
FINAL_POINTS = 2000  # generated points a seed for the final measures


class Simulation(NamedTuple):
    """A world with everything that stays fixed while it is played and watched."""

    world: World
    source: Randomness
    steps: int
    frame_steps: list[int]
    start: State
    watched: (
        Tensor  # latents [seed, points, d], codes first: the same at every frame, so that particles can be followed
    )
    final: Tensor  # latents [seed, FINAL_POINTS, d], codes first
    real: np.ndarray  # [points, 2]
    many_real: np.ndarray  # [at most MANY, 2]
    portraits: int  # the first seeds, whose critics are kept
    portrait_game: Game  # the game as those seeds alone play it
    score_axes: tuple[np.ndarray, np.ndarray]
    slope_axes: tuple[np.ndarray, np.ndarray]


def simulation(config: Config, device: str = "cpu") -> Simulation:
    """Set a config up on a device, ready to play."""
    stage, training, seeds = world(config, device), config.training, config.training.seed_list
    like = torch.empty(0, dtype=PRECISIONS[training.precision], device=device)
    source = Randomness(
        scenario_seed=training.seed,
        seeds=seeds,
        batch=training.batch,
        moves=config.method.critic_steps + 1,
        **real_and_other(config, stage),
    )
    return Simulation(
        world=stage,
        source=source,
        steps=training.steps,
        frame_steps=frame_steps(training.steps, training.frames),
        start=first_state(stage, source, like),
        watched=watched_latents(stage, source, training.points, like, 0),
        final=watched_latents(stage, source, FINAL_POINTS, like, 1),
        real=real_points(config, stage, training.points, 0),
        many_real=many_points(config, stage),
        portraits=min(training.portraits, len(seeds)),
        portrait_game=stage.game,
        score_axes=axes(config, GRID),
        slope_axes=axes(config, ARROWS),
    )


def real_and_other(config: Config, stage: World) -> dict[str, Any]:
    """How a step's draws are sampled, real points from a fixed list if there is one, in epochs or with replacement."""
    laws, table = samplers(stage), data_points(config, stage.target)
    if table is None:
        return {"laws": laws}
    if config.training.reuse == "replacement":
        return {"laws": laws | {"real": lambda rng, n: table[rng.integers(len(table), size=n)]}}
    return {"laws": laws, "epochs": table}


def data_points(config: Config, target: Target) -> np.ndarray | None:
    """The points [data, 2] that are all there is to train on, the same for every seed; None where they are drawn anew."""
    n = config.training.data
    return None if n is None else target.sample(stream(config.training.seed, 0, "data"), n)


def samplers(stage: World) -> dict[str, Sampler]:
    """How each of a step's draws is sampled, by name."""
    sample, latents = stage.target.sample, stage.generator.latents
    own = {"real": sample, "latent": lambda rng, n: latents(rng, n, sample)}
    return own | {name: law.sample for name, law in stage.laws.items()}


PRECISIONS = {"single": torch.float32, "double": torch.float64}


def frame_steps(steps: int, frames: int) -> list[int]:
    """When to look: the start, the end and evenly between, each step once."""
    return [int(step) for step in np.unique(np.linspace(0, steps, max(frames, 2)).round())]


def first_state(stage: World, source: Randomness, like: Tensor) -> State:
    """Every seed's own first parameters."""
    first = {
        name: starts(source.scenario_seed, source.seeds, name, player.network.initial)
        for name, player in stage.game.players.items()
    }
    return play.start(stage.game, {name: torch.from_numpy(numbers).to(like) for name, numbers in first.items()})


def watched_latents(stage: World, source: Randomness, n: int, like: Tensor, place: int) -> Tensor:
    """Latents to look at [seed, n, d], codes first, each seed's own."""
    names = (*stage.game.objective.codes, "latent")
    fed = [
        np.hstack(
            [source.laws[name](stream(source.scenario_seed, seed, f"watched {name}", place), n) for name in names]
        )
        for seed in source.seeds
    ]
    return torch.from_numpy(np.stack(fed)).to(like)


def real_points(config: Config, stage: World, n: int, place: int) -> np.ndarray:
    """Target points to compare with [n, 2], the same for every seed; none of them is trained on."""
    return stage.target.sample(stream(config.training.seed, 0, "watched real", place), n)


def many_points(config: Config, stage: World) -> np.ndarray:
    """All points of a target that is a list, else MANY draws [MANY, 2], the same for all: its shares to sqrt(share / MANY)."""
    everything = stage.target.points
    rng = stream(config.training.seed, 0, "many real")
    return stage.target.sample(rng, MANY) if everything is None else everything


def floor_points(config: Config, stage: World, n: int, k: int) -> np.ndarray:
    """The k-th independent sample of the target [n, 2], for noise floors."""
    return stage.target.sample(stream(config.training.seed, 0, "floor", k), n)


def axes(config: Config, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The view's x and y, n points each."""
    return np.linspace(*config.view.x, n), np.linspace(*config.view.y, n)


# --- more points of a trained generator -------------------------------------------------------------------------------


def fresh_points(config: Config, average: np.ndarray, n: int, k: int) -> np.ndarray:
    """The k-th sample of n points of each seed's averaged generator, from its parameters [S, P] and fresh latents: [S, n, 2]."""
    generator, training = build_generator(config), config.training
    objective = build_objective(without_code(config))
    latents = np.stack([fresh_latents(config, generator, objective, seed, n, k) for seed in training.seed_list])
    parameters = torch.from_numpy(average)
    with torch.no_grad():
        layers = generator.network.layers(parameters)
        points = generator.network.forward(layers, torch.from_numpy(latents).to(parameters))
    return on_host(points).astype(np.float32)


def without_code(config: Config) -> Config:
    """The config with a shipped objective in place of a user's own that is not there: what a generator is fed does not depend
    on it, unless it has codes.
    """
    part = config.method.objective
    if not isinstance(part, Own) or is_loaded(part):
        return config
    stand_in = Method(objective="hinge").objective
    return config.model_copy(update={"method": config.method.model_copy(update={"objective": stand_in})})


def fresh_latents(config: Config, generator: Generator, objective: Objective, seed: int, n: int, k: int) -> np.ndarray:
    """The k-th sample of n latents of one seed, codes first: [n, d]."""

    def rng(name: str) -> np.random.Generator:
        return stream(config.training.seed, seed, f"fresh {name}", k)

    codes = [objective.draws[name].sample(rng(name), n) for name in objective.codes]
    return np.hstack([*codes, generator.latents(rng("latent"), n, lambda *order: build_target(config).sample(*order))])


def on_host(values: Tensor) -> np.ndarray:
    """The numbers of a tensor, on the host."""
    return values.detach().cpu().numpy()
