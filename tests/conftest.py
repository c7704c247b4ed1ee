"""What the tests share: one thread, numbers from a seed in float64, small worlds, and tables of exact facts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
import pytest
import torch
from torch import Tensor

from toygan import game
from toygan.constraints import CONSTRAINTS, Constraint
from toygan.game import Game, State
from toygan.networks import GENERATORS, Generator, Network, mlp_critic
from toygan.objectives import objective
from toygan.optimisers import OPTIMISERS, Optimiser, constant
from toygan.scenario import World
from toygan.simulate import first_state
from toygan.streams import Source, draws
from toygan.targets import Target, ring

torch.set_num_threads(1)

DOUBLE = torch.empty(0, dtype=torch.float64)
T = TypeVar("T")


def facts_of(facts: Mapping[str, T], name: str, where: str) -> T:
    """The row of a table of exact facts; a new row of the product fails here until its facts are written down."""
    if name not in facts:
        pytest.fail(f"add the exact facts of {name!r} to {where}")
    return facts[name]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers in float64."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def fractions(*shape: int, seed: int = 0) -> Tensor:
    """Uniform numbers in [0, 1) in float64."""
    return torch.from_numpy(np.random.default_rng(seed).random(shape))


def differences(f: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-6) -> Tensor:
    """The gradient of the sum of f by central differences."""
    flat = [
        (f(x + e).sum() - f(x - e).sum()) / (2 * step) for e in step * torch.eye(x.numel()).to(x).view(-1, *x.shape)
    ]
    return torch.stack(flat).view_as(x)


def gradient(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of the sum of f by autograd; zero where f does not depend on x."""
    x = x.detach().requires_grad_()
    # An empty sum of x adds nothing to f, and stands for it where f does not depend on x.
    (found,) = torch.autograd.grad(f(x).sum() + x[:0].sum(), x)
    return found


def small_critic(outputs: int = 1) -> Network:
    return mlp_critic(outputs, width=6, depth=2)


def small_world(
    objective_name: str = "wasserstein",
    constraint: Constraint | str = "none",
    *,
    target: Target | None = None,
    generator: Generator | None = None,
    critic: Network | None = None,
    optimiser: Optimiser | None = None,
    rate: float = 1e-2,
    critic_steps: int = 2,
    ema: float = 0.0,
) -> World:
    """A world in which a step takes a millisecond."""
    target = target or ring()
    generator = generator or GENERATORS["mlp"](width=6, depth=2)
    rules = Game(
        generator=generator.network,
        critic=critic or small_critic(objective(objective_name).outputs),
        objective=objective(objective_name),
        constraint=CONSTRAINTS[constraint]() if isinstance(constraint, str) else constraint,
        optimiser=optimiser or OPTIMISERS["adam"]((0.5, 0.9)),
        generator_rate=rate,
        critic_rate=rate,
        schedule=constant,
        critic_steps=critic_steps,
        ema=ema,
        steps=100,
    )
    return World(target, generator, rules)


def source_of(world: World, seeds: Sequence[int], batch: int = 8, scenario_seed: int = 0) -> Source:
    latent = world.generator.latents
    moves = world.game.critic_steps + 1
    sample = world.target.sample
    return Source(scenario_seed, seeds, batch, moves, sample, lambda rng, n: latent(rng, n, sample))


def beginning(world: World, seeds: Sequence[int], like: Tensor = DOUBLE) -> State:
    return first_state(world, source_of(world, seeds), like)


def states_of(world: World, seeds: Sequence[int], steps: int, like: Tensor = DOUBLE) -> list[State]:
    """The first state and those after each of the steps."""
    source, state = source_of(world, seeds), beginning(world, seeds, like)
    later: Iterator[State] = game.play(world.game, state, draws(source, 0, like))
    return [state, *islice(later, steps)]


def tensors_of(state: State) -> dict[str, Tensor]:
    """Every tensor of a state by name, each [seed, ...]."""
    slots = {
        f"{who}_{i}": slot for who in ("generator", "critic") for i, slot in enumerate(getattr(state, f"{who}_slots"))
    }
    return (
        {"generator": state.generator, "critic": state.critic, "average": state.average}
        | slots
        | state.report._asdict()
    )
