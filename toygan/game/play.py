"""The game: players by name, what each makes of a move, and how a gradient becomes its next parameters.

A step is one pure function of tensors, (game, state, draw) -> state, and a game is made of dials, which are tensors too.
Every tensor is [seed, batch, ...] and every loss [seed]; the gradient of the losses' sum is each seed's own gradient,
because no seed's loss depends on another seed's parameters. How the moves of one step follow each other is the rule's
affair (`toygan.game.rules`); what the two players of a plain game want is `toygan.game.duel`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import torch
from pydantic import PositiveFloat
from torch import Tensor

from toygan.game.constraints import Constraint
from toygan.game.dials import Dial, over
from toygan.game.laws import Law
from toygan.game.networks import Network
from toygan.game.objectives import Objective
from toygan.game.optimisers import Optimiser, Slots

Draw = Mapping[str, Tensor]  # what a step consumes, by name: [moves, seed, batch, c]; or a move, [seed, batch, c]
Parameters = Mapping[str, Tensor]  # of every player [seed, P]
Wants = Callable[["Game", Parameters, "State", Draw], "Opinion"]
Schedule = Callable[[Tensor], Tensor]  # the share of the full rates, or of the noise, at each share of the run
Carry = Callable[["Game", Parameters, Tensor], Tensor]  # of latents [seed, n, d]
Weight = PositiveFloat | None
T = TypeVar("T")


class Once(dict[str, Tensor]):
    """Parameters of one opinion, which remember what maps made of points: whoever asks again, a term of the loss or a second
    critic, gets the same tensor, and the way back through the map is gone once.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self.made: dict[tuple[str, int, bool], tuple[Tensor, Tensor]] = {}

    def of(self, name: str, points: Tensor, make: Callable[[], Tensor]) -> Tensor:
        """What a player makes of points, made when it is asked for first; the points are kept, so that no other has their id."""
        key = (name, id(points), torch.is_grad_enabled())
        if key not in self.made:
            self.made[key] = points, make()
        return self.made[key][1]


class Player(NamedTuple):
    """One player: its body, how it learns, and what it makes of a move.

    `opinion(game, parameters, state, row)` is what it minimises on one move's draws, differentiable by every player's
    parameters; `ema` is the memory of its averaged parameters, None where none are kept; in its first `head_start` steps
    it only tells its loss.
    """

    network: Network
    optimiser: Optimiser
    rate: Dial
    opinion: Callable[[Game, Parameters, State, Draw], Opinion]
    project: Callable[[Tensor], Tensor] = lambda parameters: parameters
    ema: Dial | None = None
    head_start: int = 0


class Course(NamedTuple):
    """A way in time: up to when, where the generators are at shares [m] of it, `at(game, parameters, shares) -> [seed, m, 2]`,
    and where they are to be at times [..., m], `exact(times) -> [..., m, 2]`.
    """

    end: Dial
    at: Callable[[Game, Parameters, Tensor], Tensor]
    exact: Callable[[Tensor], Tensor]


class Beside(NamedTuple):
    """What a critic is shown beside each point, so many `columns`: at a real point, anywhere, at a generated one (None: as real).

    `real`, `fake(game, parameters, points, row)` are [seed, n, columns]; `anywhere(game, parameters, points, clouds)`,
    given a real and a generated cloud too, is [faces, seed, n, columns], several faces where it is one of several things:
    a drawn score is the mean over them. Where it is `given`, penalties do not ask for slopes along it.
    """

    columns: int
    real: Callable[[Game, Parameters, Tensor, Draw], Tensor]
    anywhere: Callable[[Game, Parameters, Tensor, tuple[Tensor, Tensor]], Tensor]
    fake: Callable[[Game, Parameters, Tensor, Draw], Tensor] | None = None
    given: bool = False


class LossTerm(NamedTuple):
    """What is added to some players' losses [seed], and told by its name: `of(game, parameters, state, row)`."""

    name: str
    players: tuple[str, ...]
    of: Callable[[Game, Parameters, State, Draw], Tensor]


class Learned(NamedTuple):
    """What a player is by now: parameters [seed, P], its optimiser's memories [seed, P], how often it has moved [], and its
    averaged parameters [seed, P] where they are kept.
    """

    parameters: Tensor
    slots: Slots
    moves: Tensor
    average: Tensor | None = None

    @property
    def shown(self) -> Tensor:
        """The parameters that are looked at: averaged where there are such."""
        return self.parameters if self.average is None else self.average


class State(NamedTuple):
    """All that changes: the step [], the players, the objective's memory [seed], and what the last moves said [seed]."""

    step: Tensor
    players: Mapping[str, Learned]
    memory: Tensor
    report: Mapping[str, Tensor]

    @property
    def parameters(self) -> dict[str, Tensor]:
        """Every player's parameters."""
        return {name: learned.parameters for name, learned in self.players.items()}

    @property
    def averaged(self) -> dict[str, Tensor]:
        """Every player's parameters, averaged where there are such."""
        return {name: learned.shown for name, learned in self.players.items()}


class Opinion(NamedTuple):
    """What a player makes of one move: what it minimises [seed], what else it tells [seed], and what else its move changes."""

    loss: Tensor
    told: Mapping[str, Tensor] = {}
    after: Callable[[State], State] = lambda state: state


class Role(NamedTuple):
    """Another player: its body, built when it is asked for, what it makes of a move, and with whom it moves, at whose rate; a
    still one never moves, and only keeps what was learned.
    """

    body: Callable[[], Network]
    wants: Wants = lambda game, parameters, state, row: Opinion(torch.zeros_like(state.memory))
    side: Literal["critic", "generator", "still"] = "still"


class Cast(NamedTuple):
    """What a game has more than a plain one. Its rows are `toygan.game.casts`'."""

    roles: Mapping[str, Role] = {}
    generator: Callable[[], Network] | None = None  # the generator's body, where it is another one
    wants: Mapping[str, Wants] = {}  # what players make of a move, where it is something else
    beside: tuple[Beside, ...] = ()  # what the critics are shown beside a point
    terms: tuple[LossTerm, ...] = ()  # what is added to players' losses
    carry: Carry | None = None  # several generators' points; None: the generator's
    chart: Carry | None = None  # the map of latents that is drawn; None: the carry
    # what the critic tells apart, if not points
    clouds: Callable[[Game, Parameters, Draw], tuple[Tensor, Tensor]] | None = None
    no_optimum: str = ""  # why no optimal critic of points is drawn: a clause, where the critic judges more than points
    objective: Callable[[Objective], Objective] = lambda objective: objective
    draws: Callable[[], Mapping[str, Law]] = dict
    known: Callable[[Draw], Draw] = lambda row: row  # a move's draws with what is known of them
    course: Course | None = None  # the solution that the generator is to be
    scored: bool = True  # whether the generator's loss is one of the critic's scores
    between: Callable[[Game, State], State] = lambda game, state: state  # what changes when a step is over
    # the step before the first one that a player's average is of
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


class Game(NamedTuple):
    """The rules: the players, who moves first and how often, objective and constraint, and what dials have to do with time."""

    players: Mapping[str, Player]
    critics: tuple[str, ...]  # who moves first in a step, `critic_steps` times
    generators: tuple[str, ...]  # who moves last, once; who is neither never moves, and only keeps what was learned
    critic_steps: int
    objective: Objective
    constraint: Constraint
    rule: Callable[[Game, State, Draw], State]
    schedule: Schedule
    noise: Dial | None  # standard deviation of the instance noise at the first step; None where there is none
    noise_schedule: Schedule
    pack: int  # points that the critic judges at once
    steps: Dial  # where schedules end
    cast: Cast = Cast()


def start(game: Game, parameters: Parameters) -> State:
    """The state before the first step; the report is still unknown (NaN)."""
    like = next(iter(parameters.values()))
    unknown, none = like.new_full((len(like),), torch.nan), torch.zeros((), dtype=torch.float64, device=like.device)

    def learned(player: Player, first: Tensor) -> Learned:
        slots = (torch.zeros_like(first),) * player.optimiser.slots
        return Learned(first, slots, none, None if player.ema is None else first)

    return State(
        step=none,
        players={name: learned(game.players[name], first) for name, first in parameters.items()},
        memory=torch.zeros_like(unknown),
        report=dict.fromkeys(told_by(game), unknown),
    )


def told_by(game: Game) -> list[str]:
    """What moves tell, by name: losses, the penalty, and of several penalties each its own."""
    losses = [f"{name}_loss" for name in (*game.critics, *game.generators)]
    others = [f"{name}_penalty" for name in game.critics[1:]]
    parts = [f"penalty_{part}" for part in game.constraint.parts]
    return [*losses, "penalty", *parts, *others, *(term.name for term in game.cast.terms)]


def with_terms(name: str, wants: Wants, terms: Sequence[LossTerm]) -> Wants:
    """A player's opinion of a move's draws with what the cast knows of them, those of the terms that are its own added."""
    own = [term for term in terms if name in term.players]

    def opinion(game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
        row = game.cast.known(row)
        plain = wants(game, parameters, state, row)
        told = {term.name: term.of(game, parameters, state, row) for term in own}
        loss = sum(told.values(), start=plain.loss)
        return plain._replace(loss=loss, told={f"{name}_loss": plain.loss, **plain.told, **told})

    return opinion


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


def play(game: Game, state: State, draws: Iterable[Draw]) -> Iterator[State]:
    """The states after each step, as long as there are draws."""
    for draw in draws:
        state = step(game, state, draw)
        yield state


def step(game: Game, state: State, draw: Draw) -> State:
    """The state after one step, and after what the cast changes then."""
    return game.cast.between(game, game.rule(game, state, draw))


def row_of(draw: Draw, move: int) -> Draw:
    """One move's draws: each [seed, batch, c]."""
    return {name: numbers[move] for name, numbers in draw.items()}


def move(game: Game, state: State, names: Iterable[str], row: Draw, at: State) -> State:
    """The named players move at once from where they are, each down its own gradient `at` a state, say their own."""
    found = {name: gradient_of(game, name, at.parameters, state, row) for name in names}
    for name, (gradient, opinion) in found.items():
        state = moved(game, state, name, gradient, opinion)
    return state


def gradient_of(game: Game, name: str, at: Parameters, state: State, row: Draw) -> tuple[Tensor, Opinion]:
    """The gradient of a player's loss by its own parameters [seed, P] at some parameters, and its opinion there."""
    own = at[name].detach().requires_grad_()
    opinion = game.players[name].opinion(game, Once({**at, name: own}), state, row)
    (gradient,) = torch.autograd.grad(opinion.loss.sum(), own)
    return gradient, opinion


def moved(game: Game, state: State, name: str, gradient: Tensor, opinion: Opinion) -> State:
    """The state after the player's optimiser and projection; in its head start only its loss is told."""
    player, before = game.players[name], state.players[name]
    after = opinion.after(with_player(state, name, stepped(game, player, before, gradient, state)))
    if player.head_start:  # until it is over neither the player nor its memories move
        after = with_player(after, name, chosen(state.step >= player.head_start, after.players[name], before))
    told = {f"{name}_loss": opinion.loss, **opinion.told}
    return after._replace(report={**state.report, **{key: value.detach() for key, value in told.items()}})


def chosen(condition: Tensor, now: Learned, before: Learned) -> Learned:
    """One standing of a player where a condition [] holds, else another."""
    return mapped(lambda new, old: torch.where(condition, new, old), now, before)


def stepped(game: Game, player: Player, before: Learned, gradient: Tensor, state: State) -> Learned:
    """A player after one move down a gradient."""
    t = before.moves + 1
    after = player.optimiser.move(before.parameters, gradient, before.slots, t, player.rate * pace(game, state))
    held = player.project(after.parameters)
    if player.ema is None or before.average is None:
        return Learned(held, after.slots, t)
    share = fresh_share(player.ema, state.step + 1 - game.cast.began(game, state, player))
    return Learned(held, after.slots, t, torch.lerp(before.average, held, over(share, held)))


def fresh_share(ema: Dial, t: Tensor) -> Tensor:
    """What the t-th of a player's parameters, t = 1, 2, ..., weigh in their average: (1 - ema) / (1 - ema^t).

    So the average is sum_k ema^(t-k) (1 - ema) p_k / (1 - ema^t), free of what the player was before it moved, with
    the correction that Kingma and Ba (2014, arXiv:1412.6980) give moments.
    """
    return (1 - ema) / (1 - ema**t)


def with_player(state: State, name: str, learned: Learned) -> State:
    """The same state with another standing of one player."""
    return state._replace(players={**state.players, name: learned})


def mapped(change: Callable[..., Tensor], *trees: T) -> T:
    """States of one form, or players' standings, as one: each tensor is what `change` makes of theirs, one after the other."""
    several: tuple[Any, ...] = trees
    first, made = several[0], several[0]  # None stays: an average that is not kept
    if isinstance(first, Tensor):
        made = change(*several)
    elif isinstance(first, Mapping):
        made = {name: mapped(change, *(tree[name] for tree in several)) for name in first}
    elif first is not None:
        parts = [mapped(change, *each) for each in zip(*several, strict=True)]
        made = type(first)(*parts) if isinstance(first, State | Learned) else tuple(parts)
    return made


def over_with(state: State) -> State:
    """The state when its step is over."""
    return state._replace(step=state.step + 1)


def pace(game: Game, state: State) -> Tensor:
    """The share of the full rates at this step."""
    return game.schedule(state.step / game.steps)


def noise_left(game: Game, state: State) -> Tensor | float:
    """The standard deviation of the instance noise at this step."""
    return 0.0 if game.noise is None else game.noise * game.noise_schedule(state.step / game.steps)
