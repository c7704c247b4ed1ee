"""A config set up, ready to be played and watched: its world, its first state, its random numbers, the points to watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.config import Config, Method
from toygan.files.own import Own, is_loaded
from toygan.files.world import World, build_target, samplers, world
from toygan.game import play
from toygan.game.duel import GENERATOR, LABEL, carried, code_place
from toygan.game.play import Game, State
from toygan.game.streams import Randomness, starts, stream
from toygan.session.ground import Ground, ground_of
from toygan.targets.target import Target

FINAL_POINTS = 2000  # generated points a seed for the final measures
PRECISIONS = {"single": torch.float32, "double": torch.float64}


class Simulation(NamedTuple):
    """A world with everything that stays fixed while it is played and watched."""

    world: World
    source: Randomness
    steps: int
    frame_steps: list[int]
    start: State
    watched: Tensor  # latents [seed, points, d], codes first: the same at every frame, so that they can be followed
    told: Tensor  # the same with the classes of the real points to compare with: as a move tells both sides the same
    final: Tensor  # latents [seed, FINAL_POINTS, d], codes first
    ground: Ground
    portraits: int  # the first seeds, whose critics are kept
    portrait_game: Game  # the game as those seeds alone play it


def simulation(config: Config, device: str = "cpu") -> Simulation:
    """Set a config up on a device, ready to play."""
    stage, training, seeds = world(config, device), config.training, config.training.seed_list
    like = torch.empty(0, dtype=PRECISIONS[training.precision], device=device)
    laws, table = samplers(stage), data_points(config, stage.target)
    if table is not None and training.reuse == "replacement":
        laws = laws | {"real": lambda rng, n: table[rng.integers(len(table), size=n)]}
    source = Randomness(
        scenario_seed=training.seed,
        seeds=seeds,
        batch=training.batch,
        moves=config.method.critic_steps + 1,
        laws=laws,
        epochs=table if training.reuse != "replacement" else None,
    )
    watched = watched_latents(stage, source, training.points, like, 0)
    ground = ground_of(stage.target, training.seed, training.points, config.view)
    evenly = np.linspace(0, training.steps, max(training.frames, 2))  # the start, the end and between, each step once
    return Simulation(
        world=stage,
        source=source,
        steps=training.steps,
        frame_steps=[int(step) for step in np.unique(evenly.round())],
        start=first_state(stage, source, like),
        watched=watched,
        told=told_as_real(stage, source, watched),
        final=watched_latents(stage, source, FINAL_POINTS, like, 1),
        ground=ground,
        portraits=min(training.portraits, len(seeds)),
        portrait_game=stage.game,
    )


def data_points(config: Config, target: Target) -> np.ndarray | None:
    """The points [data, 2] that are all there is to train on, the same for every seed; None where they are drawn anew."""
    n = config.training.data
    return None if n is None else target.sample(stream(config.training.seed, 0, "data"), n)


def first_state(stage: World, source: Randomness, like: Tensor) -> State:
    """Every seed's own first parameters."""
    first = {
        name: starts(source.scenario_seed, source.seeds, name, player.network.initial)
        for name, player in stage.game.players.items()
    }
    return play.start(stage.game, {name: torch.from_numpy(numbers).to(like) for name, numbers in first.items()})


def watched_latents(stage: World, source: Randomness, n: int, like: Tensor, place: int) -> Tensor:
    """Latents to look at [seed, n, d], codes first, each seed's own; classes are drawn as the data's are."""
    fed = [latents_for("watched", stage, source.scenario_seed, seed, n, place) for seed in source.seeds]
    return torch.from_numpy(np.stack(fed)).to(like)


def latents_for(purpose: str, stage: World, scenario_seed: int, seed: int, n: int, k: int) -> np.ndarray:
    """The k-th sample of n latents of one seed for a purpose, codes first: [n, d]."""
    laws, names = samplers(stage), (*stage.game.objective.codes, "latent")
    return np.hstack([laws[name](stream(scenario_seed, seed, f"{purpose} {name}", k), n) for name in names])


def told_as_real(stage: World, source: Randomness, latents: Tensor) -> Tensor:
    """The watched latents [seed, n, d] with the classes of the watched real points; as they are where there are no classes."""
    columns = code_place(stage.game, LABEL)
    if columns is None:
        return latents
    due = source.laws[LABEL](stream(source.scenario_seed, 0, "watched real", 0), latents.shape[1])
    told = latents.clone()
    told[..., columns] = torch.from_numpy(due).to(latents)
    return told


def fresh_points(config: Config, weights: Mapping[str, np.ndarray], n: int, k: int) -> np.ndarray:
    """The k-th sample of n points of each seed's averaged generators, learned by name [S, P], of fresh latents: [S, n, 2]."""
    # nothing of the target is read before a point of it is drawn, but for its classes where a game has such
    target = None if config.method.labels else Target(lambda rng, n: build_target(config).sample(rng, n))
    stage, training = world(without_code(config), target=target), config.training
    latents = np.stack([latents_for("fresh", stage, training.seed, seed, n, k) for seed in training.seed_list])
    names = [name for name in stage.game.players if name not in stage.game.critics and average_of(name) in weights]
    parameters = {name: torch.from_numpy(weights[average_of(name)]) for name in names}
    points = carried(stage.game, parameters, torch.from_numpy(latents).to(parameters[GENERATOR]))
    return on_host(points).astype(np.float32)


def average_of(name: str) -> str:
    """What a player's averaged parameters are called among what was learned."""
    return "average" if name == GENERATOR else f"{name}_average"


def without_code(config: Config) -> Config:
    """The config with a shipped objective for a user's own that is not there: only its codes would change what is fed."""
    part = config.method.objective
    if not isinstance(part, Own) or is_loaded(part):
        return config
    stand_in = Method(objective="hinge").objective
    return config.model_copy(update={"method": config.method.model_copy(update={"objective": stand_in})})


def on_host(values: Tensor) -> np.ndarray:
    """The numbers of a tensor, on the host."""
    return values.detach().cpu().numpy()
