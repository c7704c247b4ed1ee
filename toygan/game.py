"""The two-player game: draw, critic moves, generator moves. It neither stores, prints nor draws.

Every tensor is [seed, batch, ...] and every loss [seed]; the gradient of the losses' sum is each seed's own gradient,
because no seed's loss depends on another seed's parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from toygan.constraints import Constraint, Look
from toygan.networks import Judged, Layers, Network
from toygan.objectives import Objective
from toygan.optimisers import Optimiser, Slots
from toygan.streams import Draw


class Game(NamedTuple):
    """The rules: both bodies, objective and constraint, and the habits of both players."""

    generator: Network
    critic: Network
    objective: Objective
    constraint: Constraint
    optimiser: Optimiser
    generator_rate: float
    critic_rate: float
    schedule: Callable[[float], float]
    critic_steps: int
    ema: float  # memory of the averaged generator; 0 shows the generator as it is
    steps: int


class Report(NamedTuple):
    """What the last moves said, one number a seed: each [seed]."""

    critic_loss: Tensor
    generator_loss: Tensor
    penalty: Tensor


class State(NamedTuple):
    """Everything that changes: parameters and optimiser memories [seed, P], the averaged generator, the last report."""

    step: int
    generator: Tensor
    critic: Tensor
    average: Tensor
    generator_slots: Slots
    critic_slots: Slots
    report: Report


def start(game: Game, generator: Tensor, critic: Tensor) -> State:
    """The state before the first step; the report is still unknown (NaN)."""
    unknown = torch.full_like(critic[:, 0], torch.nan)
    return State(
        step=0,
        generator=generator,
        critic=critic,
        average=generator,
        generator_slots=(torch.zeros_like(generator),) * game.optimiser.slots,
        critic_slots=(torch.zeros_like(critic),) * game.optimiser.slots,
        report=Report(unknown, unknown, unknown),
    )


def play(game: Game, state: State, draws: Iterable[Draw]) -> Iterator[State]:
    """The states after each step, as long as there are draws."""
    for draw in draws:
        pace = game.schedule(state.step / game.steps)
        for move in range(game.critic_steps):
            state = critic_move(game, state, draw, move, pace)
        state = generator_move(game, state, draw, pace)
        yield state


def critic_move(game: Game, state: State, draw: Draw, move: int, pace: float) -> State:
    """One move of the critic: its loss, plus the penalty, downhill; then the projection."""
    real, fake = draw.real[move], generate(game, state.generator, draw.latent[move])
    parameters = state.critic.detach().requires_grad_()
    layers = critic_layers(game, parameters)
    judged = game.critic.judge(layers, torch.cat((real, fake), dim=1))  # one pass for both
    loss = game.objective.losses(*judged.outputs.split(real.shape[1], dim=1)).critic
    look = looking(game, layers, judged, real, fake, draw.chance[move], parameters)
    penalty = game.constraint.penalty(look)
    total = loss if penalty is None else loss + penalty
    (gradient,) = torch.autograd.grad(total.sum(), parameters)
    t = state.step * game.critic_steps + move + 1
    moved = game.optimiser.move(state.critic, gradient, state.critic_slots, t, pace * game.critic_rate)
    said = torch.zeros_like(loss) if penalty is None else penalty.detach()
    return state._replace(
        critic=game.constraint.project(moved.parameters),
        critic_slots=moved.slots,
        report=state.report._replace(critic_loss=loss.detach(), penalty=said),
    )


def generator_move(game: Game, state: State, draw: Draw, pace: float) -> State:
    """One move of the generator against the critic as it is now."""
    parameters = state.generator.detach().requires_grad_()
    layers = critic_layers(game, state.critic)
    fake = game.generator.forward(game.generator.layers(parameters), draw.latent[-1])
    g = game.critic.forward(layers, fake)
    r = game.critic.forward(layers, draw.real[-1]) if game.objective.generator_needs_real else g.detach()
    loss = game.objective.losses(r, g).generator
    (gradient,) = torch.autograd.grad(loss.sum(), parameters)
    rate = pace * game.generator_rate
    moved = game.optimiser.move(state.generator, gradient, state.generator_slots, state.step + 1, rate)
    return state._replace(
        step=state.step + 1,
        generator=moved.parameters,
        generator_slots=moved.slots,
        average=torch.lerp(state.average, moved.parameters, 1 - game.ema),
        report=state.report._replace(generator_loss=loss.detach()),
    )


@torch.no_grad()
def generate(game: Game, parameters: Tensor, latent: Tensor) -> Tensor:
    """Generated points [seed, batch, 2], constants to autograd."""
    return game.generator.forward(game.generator.layers(parameters), latent)


def critic_layers(game: Game, parameters: Tensor) -> Layers:
    """The critic's layers as the constraint wants them used."""
    return game.constraint.reparametrise(game.critic.layers(parameters))


def looking(
    game: Game, layers: Layers, judged: Judged, real: Tensor, fake: Tensor, chance: Tensor, parameters: Tensor
) -> Look:
    """What a penalty may look at; slopes are computed only when asked for."""
    n, every = real.shape[1], slice(None)
    return Look(
        real=real,
        fake=fake,
        chance=chance,
        real_slopes=partial(judged.slopes, slice(None, n)),
        fake_slopes=partial(judged.slopes, slice(n, None)),
        slopes_at=lambda points: game.critic.judge(layers, points).slopes(every),
        parameters=parameters,
    )


@torch.no_grad()
def score(game: Game, parameters: Tensor, points: Tensor) -> Tensor:
    """The drawn score of points [seed, n, 2]: [seed, n]."""
    return game.objective.score(game.critic.forward(critic_layers(game, parameters), points))


@torch.no_grad()
def slopes(game: Game, parameters: Tensor, points: Tensor) -> Tensor:
    """The gradient of the score at points [seed, n, 2]: [seed, n, 2]."""
    return game.critic.judge(critic_layers(game, parameters), points).slopes(slice(None))
