"""How the moves of one step follow each other. One more rule is one function of options and one row in `RULES`.

A rule is a step, (game, state, draw) -> state, and what it does to the optimiser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from pydantic import NonNegativeFloat, NonNegativeInt
from torch import Tensor

from toygan.game import play
from toygan.game.optimisers import Move, Optimiser, Slots
from toygan.game.play import Game, State
from toygan.game.streams import Draw


class Rule(NamedTuple):
    """A step of the game, and the optimiser that it wants."""

    step: Callable[[Game, State, Draw], State]
    wrap: Callable[[Optimiser], Optimiser] = lambda optimiser: optimiser


def warm_up(game: Game, state: State, draw: Draw, moves: int) -> State:
    """The first of the critic's moves, one after the other."""
    for move in range(moves):
        state = play.critic_move(game, state, draw, move, at=state)
    return state


def alternating() -> Rule:
    """The critic moves, then the generator against the moved critic (Goodfellow et al., 2014, arXiv:1406.2661)."""

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps)
        return play.generator_move(game, state, draw, at=state)

    return Rule(step)


def both_at(game: Game, state: State, draw: Draw, at: State) -> State:
    """The critic's last move and the generator's, both down their gradients at one state."""
    return play.generator_move(game, play.critic_move(game, state, draw, game.critic_steps - 1, at=at), draw, at=at)


def simultaneous() -> Rule:
    """Both players move at once, each against the other as it was."""

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps - 1)
        return both_at(game, state, draw, at=state)

    return Rule(step)


def extragradient() -> Rule:
    """Both look one simultaneous step ahead, and move from where they are by the gradients there (Korpelevich, 1976).

    The look ahead leaves no trace in the optimisers' memories, and is on the batch of the move; see also extra-adam.
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps - 1)
        return both_at(game, state, draw, at=both_at(game, state, draw, at=state))

    return Rule(step)


def extra_adam() -> Rule:
    """As extragradient, and the look ahead feeds the optimisers' memories as the move does: two updates of the moments
    a step (Gidel et al., 2018, arXiv:1802.10551, ExtraAdam; theirs draws a second batch for the move).
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        # How often critic and generator have looked ahead before this step.
        fed = (state.step, max(state.step - game.head_start, 0))
        state = warm_up(counted(game, fed[0]), state, draw, game.critic_steps - 1)
        ahead = both_counted(game, state, draw, state, fed)
        state = state._replace(critic_slots=ahead.critic_slots, generator_slots=ahead.generator_slots)
        return both_counted(game, state, draw, ahead, (fed[0] + 1, fed[1] + 1))

    return Rule(step)


def counted(game: Game, looks: int) -> Game:
    """The same game, in which optimisers count so many looks ahead besides the moves."""

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: int, rate: float) -> Move:
        return game.optimiser.move(parameters, gradient, slots, t + looks, rate)

    return game._replace(optimiser=Optimiser(game.optimiser.slots, move))


def both_counted(game: Game, state: State, draw: Draw, at: State, looks: tuple[int, int]) -> State:
    """As `both_at`, after so many looks ahead of the critic and of the generator."""
    state = play.critic_move(counted(game, looks[0]), state, draw, game.critic_steps - 1, at=at)
    return play.generator_move(counted(game, looks[1]), state, draw, at=at)


def optimistic() -> Rule:
    """Simultaneous, with 2 g_t - g_(t-1) in place of the gradient g_t (Daskalakis et al., 2017, arXiv:1711.00141, for
    plain descent); under Adam or RMSprop the gradients are so foreseen, not the moves: see optimistic-adam.
    """
    return Rule(simultaneous().step, wrap=looking_back)


def looking_back(optimiser: Optimiser) -> Optimiser:
    """The same optimiser fed with 2 g_t - g_(t-1), and with g_1 at first."""

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: int, rate: float) -> Move:
        *inner, last = slots
        foreseen = gradient if t == 1 else 2 * gradient - last
        moved = optimiser.move(parameters, foreseen, tuple(inner), t, rate)
        return Move(moved.parameters, (*moved.slots, gradient))

    return Optimiser(optimiser.slots + 1, move)


def optimistic_adam() -> Rule:
    """Simultaneous, with 2 u_t - u_(t-1) in place of the optimiser's move u_t, u_0 = 0; with Adam that is Optimistic Adam
    (Daskalakis et al., 2017, arXiv:1711.00141, algorithm 1).
    """
    return Rule(simultaneous().step, wrap=moving_on)


def moving_on(optimiser: Optimiser) -> Optimiser:
    """The same optimiser, whose move at rate 1 is 2 u_t - u_(t-1)."""

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: int, rate: float) -> Move:
        *inner, last = slots
        moved = optimiser.move(torch.zeros_like(parameters), gradient, tuple(inner), t, 1.0)
        return Move(parameters + rate * (2 * moved.parameters - last), (*moved.slots, moved.parameters))

    return Optimiser(optimiser.slots + 1, move)


def consensus(*, weight: NonNegativeFloat = 0.1) -> Rule:
    """Simultaneous, each gradient v plus weight * grad 1/2 |v|^2 of both players' gradients (Mescheder et al., 2017,
    arXiv:1705.10461).
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state, last = warm_up(game, state, draw, game.critic_steps - 1), game.critic_steps - 1
        critic, generator = state.critic.detach().requires_grad_(), state.generator.detach().requires_grad_()
        opinion = play.critic_opinion(game, critic, generator, state, draw, last)
        loss = play.generator_loss(game, critic, generator, state, draw)
        (v,) = torch.autograd.grad(opinion.total.sum(), critic, create_graph=True)
        (w,) = torch.autograd.grad(loss.sum(), generator, create_graph=True)
        quarrel = (v.square().sum() + w.square().sum()) / 2
        to_critic, to_generator = torch.autograd.grad(quarrel, (critic, generator), allow_unused=True)
        state = play.critic_moved(game, state, (v + weight * known(to_critic, v)).detach(), opinion, last)
        return play.generator_moved(game, state, (w + weight * known(to_generator, w)).detach(), loss)

    return Rule(step)


def known(gradient: Tensor | None, like: Tensor) -> Tensor:
    """The gradient, or zeros where nothing depends on these parameters."""
    return torch.zeros_like(like) if gradient is None else gradient


def unrolled(*, ahead: NonNegativeInt = 5) -> Rule:
    """The generator moves against the critic `ahead` moves from now, differentiated through those moves; then the
    critic is put back (Metz et al., 2016, arXiv:1611.02163). The moves ahead are the critic's own, on the generator's
    batch.
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps)
        generator = state.generator.detach().requires_grad_()
        foreseen = Move(state.critic.detach().requires_grad_(), state.critic_slots)
        for k in range(ahead):
            foreseen = moved_ahead(game, foreseen, generator, state, draw, k)
        loss = play.generator_loss(game, foreseen.parameters, generator, state, draw)
        (gradient,) = torch.autograd.grad(loss.sum(), generator)
        return play.generator_moved(game, state, gradient, loss)

    return Rule(step)


def moved_ahead(game: Game, critic: Move, generator: Tensor, state: State, draw: Draw, k: int) -> Move:
    """The critic after its k-th move ahead, as a differentiable function of both players' parameters."""
    opinion = play.critic_opinion(game, critic.parameters, generator, state, draw, -1)
    (gradient,) = torch.autograd.grad(opinion.total.sum(), critic.parameters, create_graph=True)
    t = (state.step + 1) * game.critic_steps + k + 1
    moved = game.optimiser.move(critic.parameters, gradient, critic.slots, t, game.critic_rate * play.pace(game, state))
    return Move(game.constraint.project(moved.parameters, game.critic.layers), moved.slots)


RULES: dict[str, Callable[..., Rule]] = {
    "alternating": alternating,
    "simultaneous": simultaneous,
    "extragradient": extragradient,
    "extra-adam": extra_adam,
    "optimistic": optimistic,
    "optimistic-adam": optimistic_adam,
    "consensus": consensus,
    "unrolled": unrolled,
}
