"""The game's vector field where its players stand, and what its Jacobian makes of a direction: what second-order rules ask.

Player i minimises f_i, its own slope is v_i = df_i/d(theta_i), and J has the blocks J_ij = d(v_i)/d(theta_j). No block is
ever made: each product with J or its transpose is one more differentiation. A direction is one tensor [seed, P] a player.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from toygan.game import play
from toygan.game.dials import over
from toygan.game.play import Draw, Game, Opinion, State

Direction = Mapping[str, Tensor]  # of every player [seed, P]


class Here(NamedTuple):
    """What every player thinks where all stand: parameters `at`, opinions, and `slopes[i][j]`, the derivative of what i
    minimises by j's parameters [seed, P], differentiable once more.
    """

    at: dict[str, Tensor]
    opinions: dict[str, Opinion]
    slopes: dict[str, dict[str, Tensor]]

    @property
    def own(self) -> dict[str, Tensor]:
        """v: the slope of every player's loss by its own parameters, as numbers."""
        return {name: self.slopes[name][name].detach() for name in self.at}


def standing(game: Game, state: State, draw: Draw) -> Here:
    """The field for moves at once: the critics on the last of their draws, the generators on theirs. Who never moves is there
    for opinions, and no part of it.
    """
    names = (*game.critics, *game.generators)
    at = {name: state.players[name].parameters.detach().requires_grad_() for name in names}
    rows = dict.fromkeys(game.critics, play.row_of(draw, game.critic_steps - 1))
    rows |= dict.fromkeys(game.generators, play.row_of(draw, -1))
    there = {**state.parameters, **at}
    opinions = {name: game.players[name].opinion(game, there, state, rows[name]) for name in names}
    return Here(at, opinions, {name: derivative(opinions[name].loss.sum(), at, again=True) for name in names})


def derivative(of: Tensor, by: Mapping[str, Tensor], again: bool = False) -> dict[str, Tensor]:
    """The derivative of a number by some parameters, zero where it does not hang on them; differentiable `again`, or not."""
    if not of.requires_grad:
        return {name: torch.zeros_like(one) for name, one in by.items()}
    found = torch.autograd.grad(of, list(by.values()), create_graph=again, retain_graph=True, materialize_grads=True)
    return dict(zip(by, found, strict=True))


def strides(game: Game, state: State) -> dict[str, Tensor]:
    """Every player's rate at this step, none in its head start: [] or [seed]."""
    rates = {name: player.rate * play.pace(game, state) for name, player in game.players.items()}
    starts = {name: player.head_start for name, player in game.players.items()}
    return {name: rate * (state.step >= starts[name]) if starts[name] else rate for name, rate in rates.items()}


def along(here: Here, way: Direction, others_only: bool = False) -> dict[str, Tensor]:
    """The product J w, or of the others' moves alone: sum_j J_ij w_j without j = i."""
    found = {}
    for name, slopes in here.slopes.items():
        sizes = [dot(slope, way[by]).sum() for by, slope in slopes.items() if not (others_only and by == name)]
        found[name] = derivative(torch.stack(sizes).sum(), {name: here.at[name]})[name]
    return found


def back(here: Here, way: Direction) -> dict[str, Tensor]:
    """The product J' w: the derivative of <v, w> by all parameters, with w held."""
    sizes = [dot(here.slopes[name][name], way[name]).sum() for name in here.at]
    return derivative(torch.stack(sizes).sum(), here.at)


def dot(one: Tensor, other: Tensor) -> Tensor:
    """The inner product of every seed [seed]."""
    return (one * other).sum(dim=1)


def product(one: Direction, other: Direction) -> Tensor:
    """The inner product of two directions over all players [seed]."""
    return torch.stack([dot(one[name], other[name]) for name in one]).sum(dim=0)


def plus(one: Direction, factor: Tensor | float, other: Direction) -> dict[str, Tensor]:
    """one + factor other, a factor for each seed or for all."""
    return {name: values + over(factor, values) * other[name] for name, values in one.items()}


def scaled(way: Direction, factors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A direction with every player's part times a factor of its own."""
    return {name: over(factors[name], values) * values for name, values in way.items()}


def share(part: Tensor, whole: Tensor) -> Tensor:
    """part / whole, and 0 where there is no whole."""
    is_some = whole > 0
    return torch.where(is_some, part / torch.where(is_some, whole, 1.0), 0.0)


def solved(
    matrix: Callable[[Direction], dict[str, Tensor]], right: dict[str, Tensor], iterations: int
) -> dict[str, Tensor]:
    """u with matrix(u) = right, from u = right on, by generalised conjugate residuals (Eisenstat et al., 1983), each seed by
    itself: exact after as many iterations as the matrix has different eigenvalues, and never worse from one to the next.
    """
    found, left = right, plus(right, -1.0, matrix(right))
    ways: list[tuple[dict[str, Tensor], dict[str, Tensor], Tensor]] = []
    for _ in range(iterations):
        way, reached = left, matrix(left)
        for old, old_reached, size in ways:
            part = -share(product(reached, old_reached), size)
            way, reached = plus(way, part, old), plus(reached, part, old_reached)
        size = product(reached, reached)
        ways.append((way, reached, size))
        part = share(product(left, reached), size)
        found, left = plus(found, part, way), plus(left, -part, reached)
    return found


def foreseen(game: Game, state: State, here: Here) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """LookAhead's slopes, each player's own after the others' next plain steps; and what the players gain by shaping these:
    -sum_(j != i) rate_j d/di <df_i/dj, v_j> with df_i/dj held.
    """
    rates = strides(game, state)
    ahead = plus(here.own, -1.0, along(here, scaled(here.own, rates), others_only=True))
    shaped = {}
    for name, slopes in here.slopes.items():
        ways = scaled({other: slope.detach() for other, slope in slopes.items() if other != name}, rates)
        sizes = [dot(here.slopes[other][other], way).sum() for other, way in ways.items()]
        shaped[name] = -derivative(torch.stack(sizes).sum(), {name: here.at[name]})[name]
    return ahead, shaped
