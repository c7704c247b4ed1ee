"""How the moves of one step follow each other. One more rule is one function of options and one row in `RULES`.

A rule is a step, (game, state, draw) -> state, and what it does to the optimisers. Critics move first, as often as the
game says, then generators, once; each move has its own row of the draw, the last one's for the generators.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from pydantic import NonNegativeFloat, NonNegativeInt
from torch import Tensor

from toygan.game import play
from toygan.game.dials import Dial, over
from toygan.game.optimisers import Move, Optimiser, Slots
from toygan.game.play import Draw, Game, Learned, Parameters, State


class Rule(NamedTuple):
    """A step of the game, and the optimiser that it wants."""

    step: Callable[[Game, State, Draw], State]
    wrap: Callable[[Optimiser], Optimiser] = lambda optimiser: optimiser


def warm_up(game: Game, state: State, draw: Draw, moves: int) -> State:
    """The first of the critics' moves, one after the other."""
    for k in range(moves):
        state = play.move(game, state, game.critics, play.row_of(draw, k), at=state)
    return state


def alternating() -> Rule:
    """The critic moves, then the generator against the moved critic (Goodfellow et al., 2014, arXiv:1406.2661)."""

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps)
        return play.over_with(play.move(game, state, game.generators, play.row_of(draw, -1), at=state))

    return Rule(step)


def both_at(game: Game, state: State, draw: Draw, at: State) -> State:
    """The critics' last move and the generators', all down their gradients at one state."""
    state = play.move(game, state, game.critics, play.row_of(draw, game.critic_steps - 1), at=at)
    return play.move(game, state, game.generators, play.row_of(draw, -1), at=at)


def simultaneous() -> Rule:
    """Both players move at once, each against the other as it was."""

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps - 1)
        return play.over_with(both_at(game, state, draw, at=state))

    return Rule(step)


def extragradient() -> Rule:
    """Both look one simultaneous step ahead, and move from where they are by the gradients there (Korpelevich, 1976).

    The look ahead leaves no trace in the optimisers' memories, and is on the batch of the move; see also extra-adam.
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps - 1)
        return play.over_with(both_at(game, state, draw, at=both_at(game, state, draw, at=state)))

    return Rule(step)


def extra_adam() -> Rule:
    """As extragradient, and the look ahead feeds the optimisers' memories as the move does: two updates of the moments
    a step (Gidel et al., 2018, arXiv:1802.10551, ExtraAdam; theirs draws a second batch for the move).
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps - 1)
        ahead = both_at(game, state, draw, at=state)
        return play.over_with(both_at(game, fed(state, ahead), draw, at=ahead))

    return Rule(step)


def fed(state: State, ahead: State) -> State:
    """The players where they are, with the memories and the number of moves of those who looked ahead."""
    players = {
        name: learned._replace(slots=ahead.players[name].slots, moves=ahead.players[name].moves)
        for name, learned in state.players.items()
    }
    return state._replace(players=players)


def optimistic() -> Rule:
    """Simultaneous, with 2 g_t - g_(t-1) in place of the gradient g_t (Daskalakis et al., 2017, arXiv:1711.00141, for
    plain descent); under Adam or RMSprop the gradients are so foreseen, not the moves: see optimistic-adam.
    """
    return Rule(simultaneous().step, wrap=looking_back)


def looking_back(optimiser: Optimiser) -> Optimiser:
    """The same optimiser fed with 2 g_t - g_(t-1), and with g_1 at first."""

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        *inner, last = slots
        foreseen = torch.where(t == 1, gradient, 2 * gradient - last)
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

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        *inner, last = slots
        moved = optimiser.move(torch.zeros_like(parameters), gradient, tuple(inner), t, 1.0)
        return Move(
            parameters + over(rate, parameters) * (2 * moved.parameters - last), (*moved.slots, moved.parameters)
        )

    return Optimiser(optimiser.slots + 1, move)


def consensus(*, weight: NonNegativeFloat = 0.1) -> Rule:
    """Simultaneous, each gradient v plus weight * grad 1/2 |v|^2 of all players' gradients (Mescheder et al., 2017,
    arXiv:1705.10461).
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state = warm_up(game, state, draw, game.critic_steps - 1)
        at = {name: own.detach().requires_grad_() for name, own in state.parameters.items()}
        names = (*game.critics, *game.generators)
        rows = dict.fromkeys(game.critics, play.row_of(draw, game.critic_steps - 1))
        rows |= dict.fromkeys(game.generators, play.row_of(draw, -1))
        opinions = {name: game.players[name].opinion(game, at, state, rows[name]) for name in names}
        v = [torch.autograd.grad(opinions[name].loss.sum(), at[name], create_graph=True)[0] for name in names]
        quarrel = torch.stack([one.square().sum() for one in v]).sum() / 2
        to_each = torch.autograd.grad(quarrel, [at[name] for name in names], allow_unused=True)
        for name, own, shared in zip(names, v, to_each, strict=True):
            pulled = own + over(weight, own) * (torch.zeros_like(own) if shared is None else shared)
            state = play.moved(game, state, name, pulled.detach(), opinions[name])
        return play.over_with(state)

    return Rule(step)


def unrolled(*, ahead: NonNegativeInt = 5) -> Rule:
    """The generator moves against the critic `ahead` moves from now, differentiated through those moves; then the
    critic is put back (Metz et al., 2016, arXiv:1611.02163). The moves ahead are the critic's own, on the generator's
    batch.
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state, last = warm_up(game, state, draw, game.critic_steps), play.row_of(draw, -1)
        at = {name: own.detach().requires_grad_() for name, own in state.parameters.items()}
        foreseen = state
        for _ in range(ahead):
            foreseen = moved_ahead(game, foreseen, {**at, **of(game.critics, foreseen)}, last)
        there = {**at, **of(game.critics, foreseen)} if ahead else at
        opinions = {name: game.players[name].opinion(game, there, state, last) for name in game.generators}
        for name, opinion in opinions.items():
            (gradient,) = torch.autograd.grad(opinion.loss.sum(), at[name], retain_graph=len(opinions) > 1)
            state = play.moved(game, state, name, gradient, opinion)
        return play.over_with(state)

    return Rule(step)


def of(names: tuple[str, ...], state: State) -> dict[str, Tensor]:
    """The parameters of some players, differentiable by themselves."""
    own = {name: state.players[name].parameters for name in names}
    return {name: one if one.requires_grad else one.detach().requires_grad_() for name, one in own.items()}


def moved_ahead(game: Game, state: State, at: Parameters, row: Draw) -> State:
    """The critics after one more move ahead, as a differentiable function of all players' parameters."""
    for name in game.critics:
        player, own = game.players[name], Learned(at[name], *state.players[name][1:])
        opinion = player.opinion(game, at, state, row)
        (gradient,) = torch.autograd.grad(opinion.loss.sum(), at[name], create_graph=True)
        state = play.with_player(state, name, play.stepped(game, player, own, gradient, state))
    return state


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
