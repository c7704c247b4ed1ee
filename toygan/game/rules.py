"""How the moves of one step follow each other. One more rule is one function of options and one row in `RULES`.

A rule is a step, (game, state, draw) -> state, and what it does to the optimisers. Critics move first, as often as the
game says, then generators, once; each move has its own row of the draw, the last one's for the generators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field as Bounded
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat
from torch import Tensor

from toygan.game import play
from toygan.game.dials import Dial, over
from toygan.game.field import Here, along, back, foreseen, plus, product, scaled, share, solved, standing, strides
from toygan.game.optimisers import Inner, Move, Optimiser, with_slot
from toygan.game.play import Draw, Game, Learned, Parameters, Player, State

Bending = Callable[[Game, State, Here], Mapping[str, Tensor]]  # the field where all stand -> what each goes down


class Rule(NamedTuple):
    """A step of the game, the optimiser that it wants, and after how many steps it does the same again; whether it foresees:
    a generator's loss is differentiated through what the critics will answer, so that all of the game's value belongs to it.
    """

    step: Callable[[Game, State, Draw], State]
    wrap: Callable[[Optimiser], Optimiser] = lambda optimiser: optimiser
    period: int = 1
    foresees: bool = False


def warm_up(game: Game, state: State, draw: Draw, moves: int) -> State:
    """The first of the critics' moves, one after the other."""
    for k in range(moves):
        state = play.move(game, state, game.critics, play.row_of(draw, k), at=state)
    return state


def alternating() -> Rule:
    """The critic moves, then the generator against the moved critic (Goodfellow et al., 2014, arXiv:1406.2661)."""
    return at_last(both)


def both(game: Game, state: State, draw: Draw, at: State | None = None) -> State:
    """The critics' last move, then the generators', all down their gradients at one state, or at where they then are."""
    state = play.move(game, state, game.critics, play.row_of(draw, game.critic_steps - 1), at=at or state)
    return play.move(game, state, game.generators, play.row_of(draw, -1), at=at or state)


def at_last(last: Callable[[Game, State, Draw], State]) -> Rule:
    """All of the critics' moves but the last one after the other, then everybody's last as it is said here."""

    def step(game: Game, state: State, draw: Draw) -> State:
        return play.over_with(last(game, warm_up(game, state, draw, game.critic_steps - 1), draw))

    return Rule(step)


def simultaneous() -> Rule:
    """Both players move at once, each against the other as it was."""
    return at_last(lambda game, state, draw: both(game, state, draw, at=state))


def extragradient() -> Rule:
    """Both look one simultaneous step ahead, and move from where they are by the gradients there (Korpelevich, 1976).

    The look ahead leaves no trace in the optimisers' memories, and is on the batch of the move; see also extra-adam.
    """
    return at_last(lambda game, state, draw: both(game, state, draw, at=both(game, state, draw, at=state)))


def extra_adam() -> Rule:
    """As extragradient, and the look ahead feeds the optimisers' memories as the move does: two updates of the moments
    a step (Gidel et al., 2018, arXiv:1802.10551, ExtraAdam; theirs draws a second batch for the move).
    """

    def last(game: Game, state: State, draw: Draw) -> State:
        ahead = both(game, state, draw, at=state)
        for name, learned in ahead.players.items():
            now = state.players[name]._replace(slots=learned.slots, moves=learned.moves)
            state = play.with_player(state, name, now)
        return both(game, state, draw, at=ahead)

    return at_last(last)


def optimistic() -> Rule:
    """Simultaneous, with 2 g_t - g_(t-1) in place of the gradient g_t (Daskalakis et al., 2017, arXiv:1711.00141, for
    plain descent); under Adam or RMSprop the gradients are so foreseen, not the moves: see optimistic-adam.
    """

    def looking_back(own: Inner, p: Tensor, g: Tensor, last: Tensor, t: Tensor, rate: Dial) -> tuple[Move, Tensor]:
        return own(p, torch.where(t == 1, g, 2 * g - last), rate), g

    return Rule(simultaneous().step, partial(with_slot, looking_back))


def optimistic_adam() -> Rule:
    """Simultaneous, with 2 u_t - u_(t-1) in place of the optimiser's move u_t, u_0 = 0; with Adam that is Optimistic Adam
    (Daskalakis et al., 2017, arXiv:1711.00141, algorithm 1).
    """

    def moving_on(own: Inner, p: Tensor, g: Tensor, last: Tensor, t: Tensor, rate: Dial) -> tuple[Move, Tensor]:
        moved = own(torch.zeros_like(p), g, 1.0)
        return moved._replace(parameters=p + over(rate, p) * (2 * moved.parameters - last)), moved.parameters

    return Rule(simultaneous().step, partial(with_slot, moving_on))


def at_once(bent: Bending, foresees: bool = False) -> Rule:
    """Simultaneous, with what is made of the whole field in place of each player's own slope."""

    def last(game: Game, state: State, draw: Draw) -> State:
        here = standing(game, state, draw)
        slopes = bent(game, state, here)
        for name, opinion in here.opinions.items():
            state = play.moved(game, state, name, slopes[name].detach(), opinion)
        return state

    return at_last(last)._replace(foresees=foresees)


def consensus(*, weight: NonNegativeFloat = 0.1) -> Rule:
    """Simultaneous, each gradient v plus weight * grad 1/2 |v|^2 of all players' gradients (Mescheder et al., 2017,
    arXiv:1705.10461).
    """
    return at_once(lambda game, state, here: plus(here.own, weight, back(here, here.own)))


def unrolled(*, ahead: NonNegativeInt = 5) -> Rule:
    """The generator moves against the critic `ahead` moves from now, differentiated through those moves; then the
    critic is put back (Metz et al., 2016, arXiv:1611.02163). The moves ahead are the critic's own, on the generator's
    batch. In a zero-sum game the generator's loss is the whole value of the game, real points too: the critic's answer
    changes that part of it as well.
    """

    def step(game: Game, state: State, draw: Draw) -> State:
        state, last = warm_up(game, state, draw, game.critic_steps), play.row_of(draw, -1)
        at = {name: own.detach().requires_grad_() for name, own in state.parameters.items()}
        there, foreseen = at, state
        for _ in range(ahead):
            foreseen = moved_ahead(game, foreseen, there, last)
            there = {**at, **{name: foreseen.players[name].parameters for name in game.critics}}
        opinions = {name: game.players[name].opinion(game, there, state, last) for name in game.generators}
        for name, opinion in opinions.items():
            (gradient,) = torch.autograd.grad(opinion.loss.sum(), at[name], retain_graph=len(opinions) > 1)
            state = play.moved(game, state, name, gradient, opinion)
        return play.over_with(state)

    return Rule(step, foresees=ahead > 0)


def moved_ahead(game: Game, state: State, at: Parameters, row: Draw) -> State:
    """The critics after one more move ahead, as a differentiable function of all players' parameters."""
    for name in game.critics:
        player, own = game.players[name], Learned(at[name], *state.players[name][1:])
        opinion = player.opinion(game, at, state, row)
        (gradient,) = torch.autograd.grad(opinion.loss.sum(), at[name], create_graph=True)
        state = play.with_player(state, name, play.stepped(game, player, own, gradient, state))
    return state


def negative_momentum(*, beta: Annotated[float, Bounded(gt=-1, lt=1)] = -0.5) -> Rule:
    """Alternating, and every move adds beta times the player's last one, the heavy ball z + beta (z - z_last) - rate g; a
    negative beta damps the turning (Gidel et al., 2018, arXiv:1807.04740, who take plain descent).
    """

    def going_on(own: Inner, p: Tensor, g: Tensor, last: Tensor, t: Tensor, rate: Dial) -> tuple[Move, Tensor]:
        moved = own(p, g, rate)
        after = moved.parameters + over(beta, last) * last
        return moved._replace(parameters=after), after - p

    return Rule(alternating().step, partial(with_slot, going_on))


def lookahead(
    *,
    k: Annotated[int, Bounded(ge=1, le=1000)] = 5,
    alpha: Annotated[float, Bounded(gt=0, le=1)] = 0.5,
    base: Literal["simultaneous", "alternating"] = "simultaneous",
) -> Rule:
    """The base rule, and after every k steps all players go back to a point between: slow + alpha (fast - slow), which
    is the next slow one (Chavdarova et al., 2020, arXiv:2006.14567, lookahead-minimax). The optimisers' memories go on.
    """
    under = {"simultaneous": simultaneous, "alternating": alternating}[base]()

    def step(game: Game, state: State, draw: Draw) -> State:
        after = under.step(game, state, draw)
        is_due = (after.step / k).floor() * k == after.step
        for name, before in state.players.items():
            now = drawn_back(game.players[name], before, after.players[name], alpha, is_due)
            after = play.with_player(after, name, now)
        return after

    return Rule(step, partial(with_slot, lambda own, p, g, far, t, rate: (own(p, g, rate), far)), period=k)


def drawn_back(player: Player, before: Learned, now: Learned, alpha: Dial, is_due: Tensor) -> Learned:
    """A player after a step: its last slot is how far it is from its slow parameters, to which it goes back when it is due,
    as far as its constraint lets it.
    """
    *inner, far = now.slots
    far = far + (now.parameters - before.parameters)
    between = now.parameters - over(1 - alpha, far) * far
    parameters = torch.where(is_due, player.project(between), now.parameters)
    return now._replace(parameters=parameters, slots=(*inner, torch.where(is_due, torch.zeros_like(far), far)))


def cgd(*, iterations: Annotated[int, Bounded(ge=0, le=100)] = 4) -> Rule:
    """Competitive gradient descent: all players move to the equilibrium of their losses' bilinear parts, u with
    u_i + sum_(j != i) J_ij rate_j u_j = v_i, by so many conjugate residuals; none is simultaneous (Schaefer and Anandkumar,
    2019, arXiv:1905.12103). Under another optimiser than descent u is what it is fed with, and the rates stand for its strides.
    """

    def bent(game: Game, state: State, here: Here) -> dict[str, Tensor]:
        rates = strides(game, state)
        return solved(lambda u: plus(u, 1.0, along(here, scaled(u, rates), others_only=True)), here.own, iterations)

    return at_once(bent)


def sga(*, weight: NonNegativeFloat = 1.0, align: bool = True, lean: float = 0.1) -> Rule:
    """Symplectic gradient adjustment: v + weight A' v, A = (J - J') / 2 the turning part of the game's Jacobian; `align` turns
    the sign where it would push away from a stable point, sign(<v, J' v> <A' v, J' v> / P + lean), P the number of parameters
    (Balduzzi et al., 2018, arXiv:1802.05642, algorithm 1).
    """

    def bent(game: Game, state: State, here: Here) -> dict[str, Tensor]:
        v, transposed = here.own, back(here, here.own)
        turn = {name: half / 2 for name, half in plus(transposed, -1.0, along(here, v)).items()}
        if not align:
            return plus(v, weight, turn)
        size = sum(own.shape[1] for own in v.values())
        aligned = product(v, transposed) * product(turn, transposed) / size
        return plus(v, weight * (aligned + over(lean, aligned)).sign(), turn)

    return at_once(bent)


def lola(*, shaping: NonNegativeFloat = 1.0) -> Rule:
    """Learning with opponent-learning awareness: each goes down its loss after the others' next plain steps, to first order
    f_i - sum_(j != i) rate_j <df_i/dj, df_j/dj>, differentiated through these steps (Foerster et al., 2017, arXiv:1709.04326);
    `shaping` is how much of that last part, and 0 leaves LookAhead (Zhang and Lesser, 2010).
    """

    def bent(game: Game, state: State, here: Here) -> dict[str, Tensor]:
        ahead, shaped = foreseen(game, state, here)
        return plus(ahead, shaping, shaped)

    return at_once(bent, foresees=True)


def sos(*, a: Annotated[float, Bounded(gt=0, lt=1)] = 0.5, b: PositiveFloat = 0.1) -> Rule:
    """Stable opponent shaping: LookAhead's x plus p times LOLA's shaping s; p = min(1, -a |x|^2 / <s, x>) where <s, x> < 0,
    else 1, and at most |v|^2 where |v| < b, so that what is at rest stays (Letcher et al., 2018, arXiv:1811.08469).
    """

    def bent(game: Game, state: State, here: Here) -> dict[str, Tensor]:
        ahead, shaped = foreseen(game, state, here)
        against, size = -product(shaped, ahead), product(here.own, here.own)
        most = over(a, size) * product(ahead, ahead)
        kept = torch.where(most < against, share(most, against), 1.0)
        near = torch.where(size.sqrt() < over(b, size), size, torch.ones_like(size))
        return plus(ahead, torch.minimum(kept, near), shaped)

    return at_once(bent, foresees=True)


RULES: dict[str, Callable[..., Rule]] = {
    "alternating": alternating,
    "simultaneous": simultaneous,
    "extragradient": extragradient,
    "extra-adam": extra_adam,
    "optimistic": optimistic,
    "optimistic-adam": optimistic_adam,
    "consensus": consensus,
    "unrolled": unrolled,
    "negative-momentum": negative_momentum,
    "lookahead": lookahead,
    "cgd": cgd,
    "sga": sga,
    "lola": lola,
    "sos": sos,
}
