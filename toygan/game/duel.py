"""A plain game's two players: what the critic and the generator want, as pure functions of both players' parameters.

The critic judges a real and a generated batch; the objective says what its outputs are worth to either player, the
constraint what is added. `judge` looks at a critic as the pictures do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from toygan.game.constraints import Sight, added
from toygan.game.dials import over
from toygan.game.networks import Layers, Pair
from toygan.game.objectives import Extra, Heads, Losses, first_score
from toygan.game.play import Draw, Game, Opinion, Parameters, State, noise_left

CRITIC, GENERATOR = "critic", "generator"


def critic_opinion(game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
    """The critic's loss and penalties on one move's batches; its move also changes memories and running statistics."""
    real = shown(game, state, row["real"], row.get("real noise"))
    fake = shown(game, state, generate(game, parameters[GENERATOR], row), row.get("fake noise"))
    layers = critic_layers(game, parameters[CRITIC])
    pair = game.players[CRITIC].network.judge_both(layers, real, fake)
    r, g = heads(game, pair.r), heads(game, pair.g)
    loss = losses(game, state)(r, g, Extra(state.memory, row)).critic
    penalty, parts = penalties(game, seeing(game, parameters[CRITIC], layers, pair, real, fake, row))
    told = {f"{CRITIC}_loss": loss, "penalty": torch.zeros_like(loss) if penalty is None else penalty, **parts}

    def after(state: State) -> State:
        return noted(game, state, parameters[CRITIC], (real, fake), (r, g))

    return Opinion(loss if penalty is None else loss + penalty, told, after)


def penalties(game: Game, sight: Sight) -> tuple[Tensor | None, dict[str, Tensor]]:
    """The sum of the constraint's penalties [seed], None where there is none, and of several each its own."""
    parts = {name: part(sight) for name, part in game.constraint.parts.items()}
    penalty = added(list(parts.values())) if parts else game.constraint.penalty(sight)
    return penalty, {f"penalty_{name}": part for name, part in parts.items() if part is not None}


def noted(
    game: Game, state: State, judged_by: Tensor, batches: Sequence[Tensor], outputs: tuple[Heads, Heads]
) -> State:
    """The state with the objective's memory and the critic's running statistics after a move on these batches."""
    learned, body = state.players[CRITIC], game.players[CRITIC].network
    held = body.note(learned.parameters, lambda: critic_layers(game, judged_by.detach()), batches)
    r, g = ({name: values.detach() for name, values in one.items()} for one in outputs)
    players = {**state.players, CRITIC: learned._replace(parameters=held)}
    return state._replace(players=players, memory=game.objective.remember(state.memory, r, g))


def generator_opinion(game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
    """The generator's loss on its own batch."""
    layers, body = critic_layers(game, parameters[CRITIC]), game.players[CRITIC].network
    fake = shown(game, state, generate(game, parameters[GENERATOR], row), row.get("fake noise"))
    g = heads(game, body.forward(layers, fake))
    r = {name: outputs.detach() for name, outputs in g.items()}
    if game.objective.generator_needs_real:
        r = heads(game, body.forward(layers, shown(game, state, row["real"], row.get("real noise"))))
    loss = losses(game, state)(r, g, Extra(state.memory, row)).generator
    return Opinion(loss, {f"{GENERATOR}_loss": loss})


def losses(game: Game, state: State) -> Callable[[Heads, Heads, Extra], Losses]:
    """The objective's losses, or what it rehearses while the critic has its head start."""
    rehearse, told = game.objective.rehearse, game.objective.losses
    head_start = game.players[GENERATOR].head_start
    if rehearse is None or not head_start:
        return told

    def either(r: Heads, g: Heads, extra: Extra) -> Losses:
        early = state.step < head_start
        return Losses(
            *(torch.where(early, a, b) for a, b in zip(rehearse(r, g, extra), told(r, g, extra), strict=True))
        )

    return either


def heads(game: Game, outputs: Tensor) -> dict[str, Tensor]:
    """The critic's outputs [..., outputs] by head: those that the objective asks for, then the body's own."""
    widths = widths_of(game)
    parts = [outputs] if len(widths) == 1 else outputs.split(list(widths.values()), dim=-1)
    return dict(zip(widths, parts, strict=True))


def widths_of(game: Game) -> dict[str, int]:
    """How many outputs each head of the critic has."""
    return {**game.objective.heads, **game.players[CRITIC].network.heads}


def generate(game: Game, parameters: Tensor, row: Draw) -> Tensor:
    """Generated points [seed, batch, 2] of what the generator is fed."""
    return carried(game, parameters, fed(game, row))


def fed(game: Game, row: Draw) -> Tensor:
    """What the generator is fed [seed, batch, d]: the objective's codes, then the latent."""
    return torch.cat([row[name] for name in (*game.objective.codes, "latent")], dim=-1)


def carried(game: Game, parameters: Tensor, latent: Tensor) -> Tensor:
    """Where the generator carries latents, codes included: [seed, n, d] -> [seed, n, 2]."""
    body = game.players[GENERATOR].network
    return body.forward(body.layers(parameters), latent)


def code_columns(game: Game) -> int:
    """How many of a latent's first columns are codes of the objective's."""
    return sum(game.objective.draws[name].columns for name in game.objective.codes)


def shown(game: Game, state: State, points: Tensor, noise: Tensor | None) -> Tensor:
    """Points as the critic is shown them, blurred by what is left of the noise, then packed: [seed, batch / m, 2m]."""
    if noise is not None:
        points = points + over(noise_left(game, state), noise) * noise
    return points.reshape(points.shape[0], -1, 2 * game.pack)


def critic_layers(game: Game, parameters: Tensor) -> Layers:
    """The critic's layers as the constraint wants them used."""
    return game.constraint.reparametrise(game.players[CRITIC].network.layers(parameters))


def seeing(game: Game, parameters: Tensor, layers: Layers, pair: Pair, real: Tensor, fake: Tensor, row: Draw) -> Sight:
    """What a penalty sees; slopes are those of the score, and computed only when asked for."""
    body = game.players[CRITIC].network

    def pulled(outputs: Tensor) -> Tensor:
        return pull(game, outputs, pair.r, pair.g)

    def slopes_at(points: Tensor) -> Tensor:
        judged = body.judge(layers, points)
        return judged.slopes(slice(None), pulled(judged.outputs))

    return Sight(
        real=real,
        fake=fake,
        draw=row,
        real_slopes=lambda: pair.real_slopes(pulled(pair.r)),
        fake_slopes=lambda: pair.fake_slopes(pulled(pair.g)),
        slopes_at=slopes_at,
        layers=lambda: body.layers(parameters),
    )


# --- the drawn score -------------------------------------------------------------------------------------------------


def score(game: Game, outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
    """The drawn score of outputs [..., n, outputs] against those of a real and a generated cloud: [..., n]."""
    return game.objective.score(heads(game, outputs), heads(game, r), heads(game, g))


def pull(game: Game, outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
    """The derivative of the drawn score by the outputs [seed, n, outputs], itself differentiable."""
    if game.objective.score is first_score:
        told = {name: torch.zeros_like(part) for name, part in heads(game, outputs).items()}
        told["score"] = torch.cat((torch.ones_like(told["score"][..., :1]), told["score"][..., 1:]), dim=-1)
        return torch.cat(tuple(told.values()), dim=-1)
    with torch.enable_grad():
        # A copy, because the outputs may be r or g themselves, and only their part as points is asked for.
        at = outputs.clone() if outputs.requires_grad else outputs.detach().requires_grad_()
        return torch.autograd.grad(score(game, at, r, g).sum(), at, create_graph=True)[0]


# --- seeing at a state ----------------------------------------------------------------------------------------------


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
    settled = game.players[CRITIC].network.settled(layers, clouds[1])
    r, g = (settled(cloud).outputs.detach() for cloud in clouds)

    def score_at(points: Tensor) -> Tensor:
        return score(game, settled(points.repeat(1, 1, game.pack)).outputs, r, g).detach()

    def slopes_at(points: Tensor) -> Tensor:
        judged = settled(points.repeat(1, 1, game.pack))
        by_copy = judged.slopes(slice(None), pull(game, judged.outputs, r, g))
        return by_copy.unflatten(2, (game.pack, 2)).sum(dim=2).detach()

    return Judge(score_at, slopes_at)
