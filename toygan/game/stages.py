"""Casts whose generator makes a point in two stages, or a point for each time: the solution of an equation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from pydantic import PositiveFloat
from torch import Tensor

from toygan.game.cast import Bodies, Cast, Role
from toygan.game.dials import Dial, over
from toygan.game.duel import CRITIC, GENERATOR, Match, critic_opinion, fed, generator_opinion, sent, wants_of
from toygan.game.laws import normal
from toygan.game.objectives import with_code
from toygan.game.play import Beside, Course, Draw, Game, Parameters

COARSE, COARSE_CRITIC = "coarse", "coarse_critic"


def coarse_to_fine(bodies: Bodies, *, spacing: PositiveFloat = 0.5) -> Cast:
    """A first generator makes points of a lattice, against a critic of its own that sees real points moved to the lattice; the
    second one makes what is missing, told the lattice point, against a critic that is told it too (Denton et al., 2015,
    arXiv:1506.05751, on the plane: theirs is a pyramid of pictures). While they learn it is a real point's.
    """
    snap, d = partial(on_lattice, spacing), bodies.latent

    def roughly(game: Game, parameters: Parameters, row: Draw) -> Tensor:
        return sent(game, parameters, row["latent"], COARSE)

    def finely(game: Game, parameters: Parameters, row: Draw) -> Tensor:
        return refined(game, parameters, fed(game, row)[..., :d], row["coarse real"])

    def carry(game: Game, parameters: Parameters, latent: Tensor) -> Tensor:
        rough = sent(game, parameters, latent[..., d:], COARSE)
        return refined(game, parameters, latent[..., :d], snap(rough))

    rough, fine = (
        Match(COARSE_CRITIC, COARSE, "coarse real", roughly, bare=True),
        Match(CRITIC, GENERATOR, "real", finely),
    )
    body = partial(bodies.perceptron, d, 2)
    return Cast(
        roles={
            COARSE_CRITIC: Role(partial(bodies.critic, 2), partial(critic_opinion, match=rough), "critic"),
            COARSE: Role(body, partial(generator_opinion, match=rough), "generator"),
        },
        generator=partial(bodies.perceptron, d + 2, 2),
        wants=wants_of(fine),
        beside=(lattice_beside(snap),),
        no_optimum="the critic judges a point with the coarse one that it began as",
        carry=carry,
        objective=partial(with_code, name="fine latent", law=normal(d)),
        known=lambda row: {**row, "coarse real": snap(row["real"])},
    )


def lattice_beside(snap: Callable[[Tensor], Tensor]) -> Beside:
    """The lattice point of a real point; of a generated one, the lattice point that it was made for."""

    def nearest(game: Game, parameters: Parameters, points: Tensor, row: Draw) -> Tensor:
        return snap(points)

    def told(game: Game, parameters: Parameters, points: Tensor, row: Draw) -> Tensor:
        return row["coarse real"] if "coarse real" in row else snap(points)

    return Beside(2, nearest, told, lambda game, parameters, points, clouds: snap(points)[None], given=True)


def on_lattice(spacing: Dial, points: Tensor) -> Tensor:
    """The nearest points of a square lattice: [seed, n, 2]."""
    h = over(spacing, points)
    return (points / h).round() * h


def refined(game: Game, parameters: Parameters, latent: Tensor, lattice: Tensor) -> Tensor:
    """Lattice points plus what the fine generator adds to them: [seed, n, 2]."""
    return lattice + sent(game, parameters, torch.cat((latent, lattice), dim=2))


# --- an equation -----------------------------------------------------------------------------------------------------

MOMENTS = 5  # times over which the critic's score is averaged where it is drawn


def time_beside() -> Beside:
    """The time that a latent's first number tells; anywhere, several times over the whole way."""

    def told(game: Game, parameters: Parameters, points: Tensor, row: Draw) -> Tensor:
        return row["latent"][..., :1]

    def anywhere(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> Tensor:
        moments = torch.linspace(-1.0, 1.0, MOMENTS, dtype=points.dtype, device=points.device)
        return moments[:, None, None, None].expand(-1, *points.shape[:2], -1)

    return Beside(1, told, told, anywhere, given=True)


def equation(bodies: Bodies, *, turns: PositiveFloat = 1.0) -> Cast:
    """The generator gives place and speed at a time, (x, v)(t), for t from 0 to 2 pi `turns`, a latent from -1 to 1 telling the
    time; the critic tells the right side (v, -x) of the oscillator's equation from the left one (x', v'), told the time
    (Bullwinkel et al., 2022, arXiv:2209.07081). Beginning at (1, 0), the solution is (cos t, -sin t).
    """

    def time_of(latent: Tensor) -> Tensor:
        return (latent[..., :1] + 1) * over(torch.pi * turns, latent)

    def carry(game: Game, parameters: Parameters, latent: Tensor) -> Tensor:
        begun = torch.eye(2, dtype=latent.dtype, device=latent.device)[0]  # the solution's place and speed at time 0
        return begun + (1 - (-time_of(latent)).exp()) * sent(game, parameters, latent)

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

    match = Match(CRITIC, GENERATOR, right, left)
    return Cast(
        wants=wants_of(match),
        beside=(time_beside(),),
        clouds=lambda game, parameters, row: (right(game, parameters, row), left(game, parameters, row)),
        no_optimum="the critic compares two sides of an equation, not clouds of points",
        carry=carry,
        course=Course(2 * torch.pi * turns, at, oscillation),
    )


def oscillation(times: Tensor) -> Tensor:
    """The solution of x'' = -x that begins at (1, 0), place and speed at times [..., m]: (cos t, -sin t) [..., m, 2]."""
    return torch.stack((times.cos(), -times.sin()), dim=-1)
