"""The two-player game: draw, critic moves, generator moves. It neither stores, prints nor draws.

Every tensor is [seed, batch, ...] and every loss [seed]; the gradient of the losses' sum is each seed's own gradient,
because no seed's loss depends on another seed's parameters. How the moves of one step follow each other is the rule's
affair (`toygan.game.rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from toygan.game.constraints import Constraint, Look, added
from toygan.game.networks import Layers, Network, Pair
from toygan.game.objectives import Extra, Losses, Objective
from toygan.game.optimisers import Optimiser, Slots
from toygan.game.streams import Draw


class Game(NamedTuple):
    """The rules: both bodies, objective and constraint, and the habits of both players."""

    generator: Network
    critic: Network
    objective: Objective
    constraint: Constraint
    optimiser: Optimiser
    rule: Callable[[Game, State, Draw], State]
    generator_rate: float
    critic_rate: float
    schedule: Callable[[float], float]
    critic_steps: int
    head_start: int  # steps in which only the critic learns
    ema: float  # memory of the averaged generator; 0 shows the generator as it is
    noise: float  # standard deviation of the instance noise at the first step
    noise_schedule: Callable[[float], float]  # what is left of it at each share of the run
    pack: int  # points that the critic judges at once
    steps: int


class Report(NamedTuple):
    """What the last moves said, one number a seed: each [seed]. Of several penalties, `penalty` is the sum of the `parts`."""

    critic_loss: Tensor
    generator_loss: Tensor
    penalty: Tensor
    parts: tuple[Tensor, ...] = ()


class State(NamedTuple):
    """All that changes: parameters and optimiser memories [seed, P], averaged generator, objective's memory [seed], report."""

    step: int
    generator: Tensor
    critic: Tensor
    average: Tensor
    generator_slots: Slots
    critic_slots: Slots
    memory: Tensor
    report: Report


class Opinion(NamedTuple):
    """What the critic makes of one move's batches: what it minimises [seed], its loss and its penalties, their sum first,
    its outputs, and the batches as it was shown them.
    """

    total: Tensor
    loss: Tensor
    penalties: tuple[Tensor | None, ...]
    pair: Pair
    batches: tuple[Tensor, Tensor]


def start(game: Game, generator: Tensor, critic: Tensor) -> State:
    """The state before the first step; the report is still unknown (NaN)."""
    unknown = critic.new_full((len(critic),), torch.nan)
    return State(
        step=0,
        generator=generator,
        critic=critic,
        average=generator,
        generator_slots=(torch.zeros_like(generator),) * game.optimiser.slots,
        critic_slots=(torch.zeros_like(critic),) * game.optimiser.slots,
        memory=torch.zeros_like(unknown),
        report=Report(unknown, unknown, unknown, (unknown,) * len(game.constraint.parts)),
    )


def play(game: Game, state: State, draws: Iterable[Draw]) -> Iterator[State]:
    """The states after each step, as long as there are draws."""
    for draw in draws:
        state = game.rule(game, state, draw)
        yield state


# --- moves -----------------------------------------------------------------------------------------------------------


def critic_move(game: Game, state: State, draw: Draw, move: int, at: State) -> State:
    """One move of the critic from where it is, down the gradient of its loss and penalty `at` a state, say its own."""
    parameters = at.critic.detach().requires_grad_()
    opinion = critic_opinion(game, parameters, at.generator, state, draw, move)
    (gradient,) = torch.autograd.grad(opinion.total.sum(), parameters)
    return critic_moved(game, state, gradient, opinion, move)


def critic_moved(game: Game, state: State, gradient: Tensor, opinion: Opinion, move: int) -> State:
    """The state after the optimiser's step and the projection."""
    t = state.step * game.critic_steps + move + 1
    rate = game.critic_rate * pace(game, state)
    moved = game.optimiser.move(state.critic, gradient, state.critic_slots, t, rate)
    loss, (r, g, *_) = opinion.loss.detach(), opinion.pair
    held = game.constraint.project(moved.parameters, game.critic.layers)
    said = (torch.zeros_like(loss) if penalty is None else penalty.detach() for penalty in opinion.penalties)
    return state._replace(
        critic=game.critic.note(held, lambda: critic_layers(game, state.critic), opinion.batches),
        critic_slots=moved.slots,
        memory=game.objective.remember(state.memory, r.detach(), g.detach()),
        report=state.report._replace(critic_loss=loss, penalty=next(said), parts=tuple(said)),
    )


def generator_move(game: Game, state: State, draw: Draw, at: State) -> State:
    """One move of the generator from where it is, down the gradient of its loss `at` another state or its own."""
    parameters = at.generator.detach().requires_grad_()
    loss = generator_loss(game, at.critic, parameters, state, draw)
    (gradient,) = torch.autograd.grad(loss.sum(), parameters)
    return generator_moved(game, state, gradient, loss)


def generator_moved(game: Game, state: State, gradient: Tensor, loss: Tensor) -> State:
    """The state after the optimiser's step: one step is over. In the critic's head start the generator only says its loss."""
    after = state._replace(step=state.step + 1, report=state.report._replace(generator_loss=loss.detach()))
    t = after.step - game.head_start  # its own moves, this one included
    if t < 1:
        return after  # neither it nor its optimiser's memory moves
    rate = game.generator_rate * pace(game, state)
    moved = game.optimiser.move(state.generator, gradient, state.generator_slots, t, rate)
    return after._replace(
        generator=moved.parameters,
        generator_slots=moved.slots,
        average=torch.lerp(state.average, moved.parameters, fresh_share(game.ema, t)),
    )


def fresh_share(ema: float, t: int) -> float:
    """What the t-th of the generator's parameters, t = 1, 2, ..., weigh in their average: (1 - ema) / (1 - ema^t).

    So the average is sum_k ema^(t-k) (1 - ema) p_k / (1 - ema^t), free of what the generator was before it moved, with
    the correction that Kingma and Ba (2014, arXiv:1412.6980) give moments.
    """
    return (1 - ema) / (1 - ema**t)


def pace(game: Game, state: State) -> float:
    """The share of the full rates at this step."""
    return game.schedule(state.step / game.steps)


# --- losses, as pure functions of both players' parameters -----------------------------------------------------------


def critic_opinion(game: Game, critic: Tensor, generator: Tensor, state: State, draw: Draw, move: int) -> Opinion:
    """The critic's loss and penalty on one move's batches; differentiable by either player's parameters."""
    real = shown(game, state, draw.real[move], draw.trick[move][..., :2])
    fake = shown(game, state, generate(game, generator, draw.latent[move]), draw.trick[move][..., 2:4])
    layers = critic_layers(game, critic)
    pair = game.critic.judge_both(layers, real, fake)
    extra = Extra(state.memory, draw.trick[move][..., 4:6], draw.latent[move])
    loss = losses(game, state)(pair.r, pair.g, extra).critic
    look = looking(game, critic, layers, pair, real, fake, draw.chance[move])
    parts = [part(look) for part in game.constraint.parts.values()]
    penalty = added(parts) if parts else game.constraint.penalty(look)
    return Opinion(loss if penalty is None else loss + penalty, loss, (penalty, *parts), pair, (real, fake))


def generator_loss(game: Game, critic: Tensor, generator: Tensor, state: State, draw: Draw) -> Tensor:
    """The generator's loss on its own batch [seed]; differentiable by either player's parameters."""
    layers, noise = critic_layers(game, critic), draw.trick[-1]
    fake = shown(game, state, generate(game, generator, draw.latent[-1]), noise[..., 2:4])
    g = game.critic.forward(layers, fake)
    r = g.detach()
    if game.objective.generator_needs_real:
        r = game.critic.forward(layers, shown(game, state, draw.real[-1], noise[..., :2]))
    return losses(game, state)(r, g, Extra(state.memory, noise[..., 4:6], draw.latent[-1])).generator


def losses(game: Game, state: State) -> Callable[[Tensor, Tensor, Extra], Losses]:
    """The objective's losses, or what it rehearses while the critic has its head start."""
    rehearse = game.objective.rehearse
    return rehearse if rehearse and state.step < game.head_start else game.objective.losses


def generate(game: Game, parameters: Tensor, latent: Tensor) -> Tensor:
    """Generated points [seed, batch, 2]."""
    return game.generator.forward(game.generator.layers(parameters), latent)


def shown(game: Game, state: State, points: Tensor, noise: Tensor) -> Tensor:
    """Points as the critic is shown them, blurred by what is left of the noise, then packed: [seed, batch / m, 2m]."""
    if game.noise:
        points = points + noise_left(game, state) * noise
    return points.reshape(points.shape[0], -1, 2 * game.pack)


def noise_left(game: Game, state: State) -> float:
    """The standard deviation of the instance noise at this step."""
    return game.noise * game.noise_schedule(state.step / game.steps)


def critic_layers(game: Game, parameters: Tensor) -> Layers:
    """The critic's layers as the constraint wants them used."""
    return game.constraint.reparametrise(game.critic.layers(parameters))


def looking(
    game: Game, parameters: Tensor, layers: Layers, pair: Pair, real: Tensor, fake: Tensor, chance: Tensor
) -> Look:
    """What a penalty may look at; slopes are those of the score, and computed only when asked for."""

    def pull(outputs: Tensor) -> Tensor:
        return game.objective.pull(outputs, pair.r, pair.g)

    def slopes_at(points: Tensor) -> Tensor:
        judged = game.critic.judge(layers, points)
        return judged.slopes(slice(None), pull(judged.outputs))

    return Look(
        real=real,
        fake=fake,
        chance=chance[:, : real.shape[1]],
        real_slopes=lambda: pair.real_slopes(pull(pair.r)),
        fake_slopes=lambda: pair.fake_slopes(pull(pair.g)),
        slopes_at=slopes_at,
        layers=lambda: game.critic.layers(parameters),
    )


# --- looking at a state ----------------------------------------------------------------------------------------------


class Judge(NamedTuple):
    """The critic of a state as a function of points of the plane: `score [seed, n]`, `slopes [seed, n, 2]`."""

    score: Callable[[Tensor], Tensor]
    slopes: Callable[[Tensor], Tensor]


def judge(game: Game, parameters: Tensor, real: Tensor, fake: Tensor) -> Judge:
    """The drawn score and its gradient, against a real and a generated cloud [seed, n, 2] where the score needs them.

    A critic of packs is asked about m copies of a point; its slope is that of all copies moving together. A critic with batch
    norm is shown as the generator meets it: with the statistics of generated points.
    """
    layers = critic_layers(game, parameters.detach())
    clouds = (real.repeat(1, 1, game.pack), fake.repeat(1, 1, game.pack))
    settled = game.critic.settled(layers, clouds[1])
    r, g = (settled(cloud).outputs.detach() for cloud in clouds)

    def score(points: Tensor) -> Tensor:
        return game.objective.score(settled(points.repeat(1, 1, game.pack)).outputs, r, g).detach()

    def slopes(points: Tensor) -> Tensor:
        judged = settled(points.repeat(1, 1, game.pack))
        by_copy = judged.slopes(slice(None), game.objective.pull(judged.outputs, r, g))
        return by_copy.unflatten(2, (game.pack, 2)).sum(dim=2).detach()

    return Judge(score, slopes)
