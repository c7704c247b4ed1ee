"""Casts with an order: a mixture that grows, stages that are to be better than the last, points made in two, or one a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from toygan.game import duel, play
from toygan.game.dials import Dial, over
from toygan.game.duel import CRITIC, GENERATOR, Match
from toygan.game.laws import normal, uniform
from toygan.game.objectives import with_code
from toygan.game.play import Beside, Bodies, Cast, Draw, Game, Learned, Parameters, Player, Role, State, chosen, weighed
from toygan.game.players import weightless

SHARES, JUDGE, PICK, LAST = "shares", "judge", "pick", "last"
COARSE, COARSE_CRITIC = "coarse", "coarse_critic"
MOMENTS = 5  # times over which the critic's score is averaged where it is drawn
HUGE = 20.0  # a log-ratio beyond which points are as good as never made, or nothing but made
Rounds = Annotated[int, Field(ge=1, le=100)]
AGAINST_LAST = Match(
    CRITIC, LAST, "real", lambda game, parameters, row: duel.sent(game, parameters, duel.fed(game, row), LAST)
)


def earlier(k: int) -> str:
    """What the player is called that keeps the generator of the k-th round, k = 1, 2, ..."""
    return f"earlier_{k}"


def boosting(bodies: Bodies, *, rounds: Rounds = 4) -> Cast:
    """A mixture of generators, one more in each of so many equal rounds: a fresh generator against the critic as it is, on real
    points with the weights (lambda - (1 - b) exp(-f(x)))_+ / b, f the score of a judge that tells them from the mixture
    so far, b = 1/k the new one's share in the k-th round, and lambda such that weights are 1 on average (AdaGAN; Tolstikhin et
    al., 2017, arXiv:1701.02386, algorithm 1; here weights change a batch's points by systematic resampling, and the judge
    learns on during the round).
    """
    own = Match(CRITIC, GENERATOR, lacking_points, newest)
    all_so_far = Match(JUDGE, GENERATOR, "real", finished, bare=True)
    kept = {earlier(k): Role(lambda: bodies.generator) for k in range(1, rounds)}
    return Cast(
        roles={
            **duel.critics_of(bodies, all_so_far),
            **kept,
            SHARES: Role(lambda: weightless(np.eye(rounds)[0], lambda layers, z: z)),
        },
        wants=duel.wants_of(own),
        carry=lambda game, parameters, z: mixture(game, parameters, parameters[SHARES], z[..., 0], z[..., 1:]),
        clouds=lambda game, parameters, row: (lacking_points(game, parameters, row), newest(game, parameters, row)),
        no_optimum="the critic judges weighted points, and the newest generator's",
        chart=lambda game, parameters, latent: duel.sent(game, parameters, latent[..., 1:]),
        # beside a latent stands a number from 0 to 1 that picks one of the mixture's generators
        objective=partial(with_code, name=PICK, law=uniform(1)),
        between=next_round,
        began=partial(round_began, rounds),
        schedule=partial(in_rounds, rounds),
    )


def in_rounds(rounds: int, schedule: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A schedule that begins anew in each round."""
    return lambda share: schedule(share * rounds - (share * rounds).floor())


def round_of(shares: Tensor) -> Tensor:
    """The number of the round, from 0 on, in which a mixture of these shares [seed, K] is: [seed]."""
    return (shares > 0).to(shares.dtype).sum(dim=1) - 1


def makers(shares: Tensor, pick: Tensor) -> Tensor:
    """Which round's generator numbers from 0 to 1 [seed, n] pick from shares [seed, K] that sum to 1: [seed, n]."""
    ends = shares.cumsum(dim=1).unsqueeze(1)
    passed = (pick.unsqueeze(2) >= ends).to(shares.dtype).sum(dim=2)
    return torch.minimum(passed, round_of(shares).unsqueeze(1))  # the last end may fall a rounding short of 1


def mixture(game: Game, parameters: Parameters, shares: Tensor, pick: Tensor, latent: Tensor) -> Tensor:
    """What a mixture of the generators so far with these shares [seed, K] makes of picks [seed, n] and latents: [seed, n, 2]."""
    which, points = makers(shares, pick), duel.sent(game, parameters, latent)
    now = round_of(parameters[SHARES]).unsqueeze(1)
    kept = torch.where(which == now, -1.0, which)  # the newest one is not kept yet
    for k in range(shares.shape[1] - 1):
        points = torch.where((kept == k).unsqueeze(2), duel.sent(game, parameters, latent, earlier(k + 1)), points)
    return points


def newest(game: Game, parameters: Parameters, row: Draw) -> Tensor:
    """What the round's own generator makes."""
    return duel.sent(game, parameters, row["latent"])


def finished(game: Game, parameters: Parameters, row: Draw) -> Tensor:
    """What the generators of the rounds before make, or in the first round its own."""
    return mixture(game, parameters, before(parameters[SHARES]), row[PICK][..., 0], row["latent"])


def before(shares: Tensor) -> Tensor:
    """The shares [seed, K] of the mixture before its last generator came; of one generator alone as they are."""
    now = round_of(shares).unsqueeze(1)
    kept = torch.where((counted(shares.shape[1], shares) < now) | (now == 0), shares, 0.0)
    return kept / kept.sum(dim=1, keepdim=True)


def lacking_points(game: Game, parameters: Parameters, row: Draw) -> Tensor:
    """A move's real points as often as they weigh; in the first round as they are."""
    real, is_first = row["real"], round_of(parameters[SHARES]) == 0
    weights = point_weights(game, parameters, real)
    return torch.where(is_first[:, None, None], real, resampled(real, weights))


def point_weights(game: Game, parameters: Parameters, points: Tensor) -> Tensor:
    """What real points [seed, n, 2] weigh in this round, 1 on average: [seed, n]; all 1 in the first one."""
    layers, body = duel.critic_layers(game, parameters, JUDGE), game.players[JUDGE].network
    score = duel.heads(game, body.forward(layers, points.detach()))["score"][..., 0].detach()
    share = 1 / (round_of(parameters[SHARES]) + 1)
    found = lacking((-score).clamp(-HUGE, HUGE).exp(), share)
    return torch.where(share.unsqueeze(1) == 1, 1.0, found)


def lacking(ratio: Tensor, share: Tensor) -> Tensor:
    """(lambda - (1 - b) h)_+ / b of density ratios h = q/p [seed, n] of the mixture so far, b the new generator's share [seed],
    lambda such that the mean is 1: what is left to be made of p by a generator of share b.

    With a = (1 - b) h in rising order, lambda is the least of (b n + a_1 + ... + a_k) / k over k: sums of differences are at
    most those of their positive parts, b n, for every k, and reach them for one.
    """
    b, n = share.unsqueeze(1), ratio.shape[1]
    made = (1 - b) * ratio
    sums = b * n + made.sort(dim=1).values.cumsum(dim=1)
    level = (sums / (counted(n, ratio) + 1)).amin(dim=1, keepdim=True)
    return (level - made).clamp(min=0) / b


def counted(n: int, like: Tensor) -> Tensor:
    """0, 1, ..., n - 1."""
    return torch.arange(n, dtype=like.dtype, device=like.device)


def resampled(points: Tensor, weights: Tensor) -> Tensor:
    """Points [seed, n, 2] as often as they weigh [seed, n], to rounding: those under n even marks on the running sum."""
    n, sums = points.shape[1], weights.cumsum(dim=1)
    marks = (counted(n, points) + 0.5) / n
    below = (sums / sums[:, -1:]).unsqueeze(1) < marks[:, None]
    index = below.to(points.dtype).sum(dim=2).clamp(max=n - 1).long()
    return points.gather(1, index.unsqueeze(2).expand(-1, -1, points.shape[2]))


def rounds_passed(game: Game, state: State, rounds: int) -> Tensor:
    """How many whole rounds lie behind, at most all but one: []."""
    return (state.step * rounds / game.steps).floor().reshape(-1)[0].clamp(max=rounds - 1)


def round_began(rounds: int, game: Game, state: State, player: Player) -> Tensor:
    """The first step of the round in which a state is, or of a player with a later head start, its first one: []."""
    first = -(-rounds_passed(game, state, rounds) * game.steps / rounds).floor()
    return first.reshape(-1)[0].clamp(min=player.head_start)


def next_round(game: Game, state: State) -> State:
    """When a round is over, its generator is kept, and an untrained one takes its place and an even share of the mixture."""
    shares = state.players[SHARES]
    rounds, now = shares.parameters.shape[1], round_of(shares.parameters)[0]
    is_due = rounds_passed(game, state, rounds) > now
    turn, newest = torch.where(is_due, now, -1.0), state.players[GENERATOR]
    players = dict(state.players)
    for k in range(rounds - 1):
        kept, is_own = players[earlier(k + 1)], turn == k
        players[earlier(k + 1)] = chosen(is_own, at_rest(state.players[GENERATOR]), kept)
        newest = chosen(is_own, kept, newest)
    even = torch.where(counted(rounds, shares.parameters) <= now + 1, 1 / (now + 2), 0.0)
    grown = torch.where(is_due, even, shares.parameters)
    grown_shares = shares._replace(parameters=grown, average=None if shares.average is None else grown)
    return state._replace(players={**players, GENERATOR: newest, SHARES: grown_shares})


def at_rest(learned: Learned) -> Learned:
    """A player as it is, without memories of how it came there."""
    return learned._replace(slots=tuple(map(torch.zeros_like, learned.slots)), moves=torch.zeros_like(learned.moves))


def stages(bodies: Bodies, *, stages: Rounds = 3, margin: PositiveFloat = 2.0, ranking: play.Weight = 1.0) -> Cast:
    """So many equal stages of one game; from the second on the critic also minimises ranking * E max(0, margin + f(x') - f(x))
    of points x' of the last stage's generator, so that with half this margin for the present one's, which is to be the
    objective's, the order is: real, present, last (GoGAN, after Juefei-Xu et al., 2017, arXiv:1704.04865; here the players
    of a stage begin as they were at the end of the last).
    """
    return Cast(
        roles={LAST: Role(lambda: bodies.generator)},
        terms=weighed("ranking", ranking, (CRITIC,), partial(short_of_last, stages, margin)),
        between=partial(next_stage, stages),
        schedule=partial(in_rounds, stages),
    )


def short_of_last(stages: int, margin: Dial, game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
    """E max(0, margin + f(x') - f(x)), x real and x' of the last stage's generator: [seed]; 0 in the first stage."""
    layers, body = duel.critic_layers(game, parameters), game.players[CRITIC].network
    shown = (side(game, parameters, state, row, AGAINST_LAST) for side in (duel.real_side, duel.fake_side))
    r, g = (duel.heads(game, body.forward(layers, points))["score"] for points in shown)
    short = (over(margin, r) + g - r).relu().mean(dim=(1, 2))
    return torch.where(rounds_passed(game, state, stages) > 0, short, torch.zeros_like(short))


def next_stage(stages: int, game: Game, state: State) -> State:
    """When a stage is over, its generator is kept as the last one; it goes on itself."""
    is_due = rounds_passed(game, state, stages) > rounds_passed(game, state._replace(step=state.step - 1), stages)
    kept = chosen(is_due, at_rest(state.players[GENERATOR]), state.players[LAST])
    return state._replace(players={**state.players, LAST: kept})


def coarse_to_fine(bodies: Bodies, *, spacing: PositiveFloat = 0.5) -> Cast:
    """A first generator makes points of a lattice, against a critic of its own that sees real points moved to the lattice; the
    second one makes what is missing, told the lattice point, against a critic that is told it too (Denton et al., 2015,
    arXiv:1506.05751, on the plane: theirs is a pyramid of pictures). While they learn it is a real point's.
    """
    snap, d = partial(on_lattice, spacing), bodies.latent

    def roughly(game: Game, parameters: Parameters, row: Draw) -> Tensor:
        return duel.sent(game, parameters, row["latent"], COARSE)

    def told(game: Game, parameters: Parameters, points: Tensor, row: Draw) -> Tensor:
        return row["coarse real"] if "coarse real" in row else snap(points)  # what a point was made for, or is nearest

    def finely(game: Game, parameters: Parameters, row: Draw) -> Tensor:
        return refined(game, parameters, duel.fed(game, row)[..., :d], row["coarse real"])

    def carry(game: Game, parameters: Parameters, latent: Tensor) -> Tensor:
        rough = duel.sent(game, parameters, latent[..., d:], COARSE)
        return refined(game, parameters, latent[..., :d], snap(rough))

    rough = Match(COARSE_CRITIC, COARSE, "coarse real", roughly, bare=True)
    return Cast(
        roles={
            **duel.critics_of(bodies, rough),
            COARSE: Role(partial(bodies.perceptron, d, 2), side="generator"),
        },
        generator=partial(bodies.perceptron, d + 2, 2),
        wants=duel.wants_of(Match(CRITIC, GENERATOR, "real", finely), rough),
        beside=(Beside(2, told, lambda game, parameters, points, clouds: snap(points)[None], given=True),),
        no_optimum="the critic judges a point with the coarse one that it began as",
        carry=carry,
        objective=partial(with_code, name="fine latent", law=normal(d)),
        known=lambda row: {**row, "coarse real": snap(row["real"])},
    )


def on_lattice(spacing: Dial, points: Tensor) -> Tensor:
    """The nearest points of a square lattice: [seed, n, 2]."""
    h = over(spacing, points)
    return (points / h).round() * h


def refined(game: Game, parameters: Parameters, latent: Tensor, lattice: Tensor) -> Tensor:
    """Lattice points plus what the fine generator adds to them: [seed, n, 2]."""
    return lattice + duel.sent(game, parameters, torch.cat((latent, lattice), dim=2))


def time_beside() -> Beside:
    """The time that a latent's first number tells; anywhere, several times over the whole way."""

    def anywhere(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> Tensor:
        moments = torch.linspace(-1.0, 1.0, MOMENTS, dtype=points.dtype, device=points.device)
        return moments[:, None, None, None].expand(-1, *points.shape[:2], -1)

    return Beside(1, lambda game, parameters, points, row: row["latent"][..., :1], anywhere, given=True)


def equation(bodies: Bodies, *, turns: PositiveFloat = 1.0) -> Cast:
    """The generator gives place and speed at a time, (x, v)(t), for t from 0 to 2 pi `turns`, a latent from -1 to 1 telling the
    time; the critic tells the right side (v, -x) of the oscillator's equation from the left one (x', v'), told the time
    (Bullwinkel et al., 2022, arXiv:2209.07081). Beginning at (1, 0), the solution is (cos t, -sin t).
    """

    def time_of(latent: Tensor) -> Tensor:
        return (latent[..., :1] + 1) * over(torch.pi * turns, latent)

    def carry(game: Game, parameters: Parameters, latent: Tensor) -> Tensor:
        begun = torch.eye(2, dtype=latent.dtype, device=latent.device)[0]  # the solution's place and speed at time 0
        return begun + (1 - (-time_of(latent)).exp()) * duel.sent(game, parameters, latent)

    def right(game: Game, parameters: Parameters, row: Draw) -> Tensor:
        x, v = carry(game, parameters, row["latent"]).split(1, dim=2)
        return torch.cat((v, -x), dim=2)

    def left(game: Game, parameters: Parameters, row: Draw) -> Tensor:
        with torch.enable_grad():
            latent = row["latent"].detach().requires_grad_()
            points = carry(game, parameters, latent)
            each = [torch.autograd.grad(points[..., i].sum(), latent, create_graph=True)[0][..., :1] for i in (0, 1)]
        return torch.cat(each, dim=2) / over(torch.pi * turns, latent)

    def at(game: Game, parameters: Parameters, shares: Tensor) -> Tensor:
        own = parameters[GENERATOR]
        latent = own.new_zeros(len(own), len(shares), bodies.latent)  # the first column tells the time
        latent[..., 0] = (2 * shares - 1).to(own)
        return carry(game, parameters, latent)

    return Cast(
        wants=duel.wants_of(Match(CRITIC, GENERATOR, right, left)),
        beside=(time_beside(),),
        clouds=lambda game, parameters, row: (right(game, parameters, row), left(game, parameters, row)),
        no_optimum="the critic compares two sides of an equation, not clouds of points",
        carry=carry,
        course=play.Course(2 * torch.pi * turns, at, oscillation),
    )


def oscillation(times: Tensor) -> Tensor:
    """The solution of x'' = -x that begins at (1, 0), place and speed at times [..., m]: (cos t, -sin t) [..., m, 2]."""
    return torch.stack((times.cos(), -times.sin()), dim=-1)
