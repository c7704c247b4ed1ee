"""What a cast is: what a game has more than one critic against one generator. Its rows are `toygan.game.casts`'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import torch
from pydantic import PositiveFloat
from torch import Tensor

from toygan.game.dials import Dial, over
from toygan.game.laws import Law
from toygan.game.networks import Network
from toygan.game.objectives import Objective
from toygan.game.play import Beside, Carry, Course, Draw, Game, LossTerm, Opinion, Parameters, Player, State, TwoClouds

Wants = Callable[[Game, Parameters, State, Draw], Opinion]
Weight = PositiveFloat | None
Schedule = Callable[[Tensor], Tensor]  # the share of the full rates at each share of the run


def nothing(game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
    """What a player minimises that never moves."""
    return Opinion(torch.zeros_like(state.memory), {})


class Role(NamedTuple):
    """Another player: its body, built when it is asked for, what it makes of a move, and with whom it moves, at whose rate; a
    still one never moves, and only keeps what was learned.
    """

    body: Callable[[], Network]
    wants: Wants = nothing
    side: Literal["critic", "generator", "still"] = "still"


class Cast(NamedTuple):
    """What a game has more than a plain one."""

    roles: Mapping[str, Role] = {}
    generator: Callable[[], Network] | None = None  # the generator's body, where it is another one
    wants: Mapping[str, Wants] = {}  # what critic and generator make of a move, where it is something else
    beside: tuple[Beside, ...] = ()
    terms: tuple[LossTerm, ...] = ()
    carry: Carry | None = None
    chart: Carry | None = None  # the map of latents that is drawn, if not the carry
    clouds: TwoClouds | None = None  # what the critic tells apart, if not points
    no_optimum: str = ""  # why no optimal critic of points is drawn: a clause, where the critic judges more than points
    objective: Callable[[Objective], Objective] = lambda objective: objective
    draws: Callable[[], Mapping[str, Law]] = dict
    known: Callable[[Draw], Draw] = lambda row: row  # a move's draws with what is known of them
    course: Course | None = None  # the solution that the generator is to be
    scored: bool = True  # whether the generator's loss is one of the critic's scores
    between: Callable[[Game, State], State] = lambda game, state: state  # what changes when a step is over
    began: Callable[[Game, State, Player], Tensor | int] = lambda game, state, player: player.head_start
    schedule: Callable[[Schedule], Schedule] = lambda schedule: schedule


class Bodies(NamedTuple):
    """What a cast may build its players of: the generator's body, how many numbers its latent has, the batch, how many numbers
    the generator is fed, codes included, and a plain critic is shown of a point; a perceptron of the generator's make from so
    many numbers to so many, and a critic of so many numbers, constrained.
    """

    generator: Network
    latent: int
    batch: int
    inputs: int
    shown: int
    perceptron: Callable[[int, int], Network]
    critic: Callable[[int], Network]


def weighed(
    name: str, weight: Dial | None, players: tuple[str, ...], of: Callable[..., Tensor]
) -> tuple[LossTerm, ...]:
    """A term times its weight; none without a weight."""
    if weight is None:
        return ()

    def times(game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
        found = of(game, parameters, state, row)
        return over(weight, found) * found

    return (LossTerm(name, players, times),)
