"""A plain game's two players: what the critic and the generator want, as pure functions of both players' parameters.

The critic judges a real and a generated batch; the objective says what its outputs are worth to either player, the
constraint what is added. `judge` looks at a critic as the pictures do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from toygan.game import play
from toygan.game.constraints import Sight, added
from toygan.game.dials import over
from toygan.game.networks import Layers, Pair, Response
from toygan.game.objectives import Extra, Heads, Losses, first_score
from toygan.game.play import Beside, Bodies, Draw, Game, Once, Opinion, Parameters, Role, State, Wants

CRITIC, GENERATOR = "critic", "generator"
LABEL = "real label"  # the draw of classes, which both sides of a move are told


class Match(NamedTuple):
    """One critic against a generator: their names, the draw that is real to the critic, or how it is made, what is generated,
    `fake(game, parameters, row) -> [seed, batch, 2]`. A `swapped` critic takes the one for the other; a `bare` one is shown
    points and nothing beside them.
    """

    critic: str
    generator: str
    real: str | Callable[[Game, Parameters, Draw], Tensor]
    fake: Callable[[Game, Parameters, Draw], Tensor]
    swapped: bool = False
    bare: bool = False


def generate(game: Game, parameters: Parameters, row: Draw) -> Tensor:
    """Generated points [seed, batch, 2] of what the generator is fed."""
    return carried(game, parameters, fed(game, row))


PLAIN = Match(CRITIC, GENERATOR, "real", generate)


def critic_opinion(game: Game, parameters: Parameters, state: State, row: Draw, match: Match = PLAIN) -> Opinion:
    """A critic's loss and penalties on one move's batches; its move also changes memories and running statistics."""
    name, own = match.critic, parameters[match.critic]
    real, fake = real_side(game, parameters, state, row, match), fake_side(game, parameters, state, row, match)
    layers, body = critic_layers(game, parameters, name), game.players[name].network
    pair = body.judge_both(layers, real, fake)
    r, g = (heads(game, judged.outputs) for judged in pair)
    loss = losses(game, state)(*in_order(match, r, g), Extra(state.memory, row, real, fake)).critic
    penalty, parts = penalties(game, seeing(game, own, layers, pair, real, fake, row, match))
    told = torch.zeros_like(loss) if penalty is None else penalty
    penalised = {"penalty": told, **parts} if name == CRITIC else {f"{name}_penalty": told}

    def after(state: State) -> State:
        learned = state.players[name]
        held = body.note(learned.parameters, lambda: critic_layers(game, {name: own.detach()}, name), (real, fake))
        state = play.with_player(state, name, learned._replace(parameters=held))
        seen = ({head: values.detach() for head, values in one.items()} for one in (r, g))
        return state._replace(memory=game.objective.remember(state.memory, *seen)) if name == CRITIC else state

    return Opinion(loss if penalty is None else loss + penalty, {f"{name}_loss": loss, **penalised}, after)


def in_order(match: Match, r: Heads, g: Heads) -> tuple[Heads, Heads]:
    """What a critic said of the points that it takes for real, then of the others."""
    return (g, r) if match.swapped else (r, g)


def penalties(game: Game, sight: Sight) -> tuple[Tensor | None, dict[str, Tensor]]:
    """The sum of the constraint's penalties [seed], None where there is none, and of several each its own."""
    parts = {name: part(sight) for name, part in game.constraint.parts.items()}
    penalty = added(list(parts.values())) if parts else game.constraint.penalty(sight)
    return penalty, {f"penalty_{name}": part for name, part in parts.items() if part is not None}


def generator_opinion(
    game: Game, parameters: Parameters, state: State, row: Draw, matches: Sequence[Match] = (PLAIN,)
) -> Opinion:
    """What a generator minimises on its own batch: the sum of its losses against the critics of its matches."""
    first, *others = (generator_loss(game, parameters, state, row, match) for match in matches)
    return Opinion(sum(others, start=first))


def wants_of(*matches: Match) -> Mapping[str, Wants]:
    """What the players of these matches make of a move."""
    against = {one.generator: [match for match in matches if match.generator == one.generator] for one in matches}
    generators = {name: partial(generator_opinion, matches=own) for name, own in against.items()}
    return {match.critic: partial(critic_opinion, match=match) for match in matches} | generators


def critics_of(bodies: Bodies, *matches: Match) -> dict[str, Role]:
    """The critics of these matches, as wide as what they are shown."""
    made = {match.critic: partial(bodies.critic, 2 if match.bare else bodies.shown) for match in matches}
    return {one.critic: Role(made[one.critic], partial(critic_opinion, match=one), "critic") for one in matches}


def generator_loss(game: Game, parameters: Parameters, state: State, row: Draw, match: Match = PLAIN) -> Tensor:
    """What a generator minimises against one critic [seed]; against a swapped one, minus that critic's loss."""
    layers, body = critic_layers(game, parameters, match.critic), game.players[match.critic].network
    fake = fake_side(game, parameters, state, row, match)
    g = heads(game, body.forward(layers, fake))
    r = {name: outputs.detach() for name, outputs in g.items()}
    if game.objective.generator_needs_real or match.swapped:
        r = heads(game, body.forward(layers, real_side(game, parameters, state, row, match)))
    told = losses(game, state)(*in_order(match, r, g), Extra(state.memory, row, fake=fake))
    return -told.critic if match.swapped else told.generator


def losses(game: Game, state: State) -> Callable[[Heads, Heads, Extra], Losses]:
    """The objective's losses, or what it rehearses while the critic has its head start."""
    rehearse, told = game.objective.rehearse, game.objective.losses
    head_start = game.players[GENERATOR].head_start
    if rehearse is None or not head_start:
        return told

    def either(r: Heads, g: Heads, extra: Extra) -> Losses:
        early, pairs = state.step < head_start, zip(rehearse(r, g, extra), told(r, g, extra), strict=True)
        return Losses(*(torch.where(early, one, other) for one, other in pairs))

    return either


def heads(game: Game, outputs: Tensor) -> dict[str, Tensor]:
    """The critic's outputs [..., outputs] by head: those that the objective asks for, then the body's own."""
    widths = widths_of(game)
    parts = [outputs] if len(widths) == 1 else outputs.split(list(widths.values()), dim=-1)
    return dict(zip(widths, parts, strict=True))


def widths_of(game: Game) -> dict[str, int]:
    """How many outputs each head of the critic has."""
    return {**game.objective.heads, **game.players[CRITIC].network.heads}


def fed(game: Game, row: Draw) -> Tensor:
    """What the generator is fed [seed, batch, d]: the objective's codes, then the latent."""
    parts = [row[name] for name in (*game.objective.codes, "latent")]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def carried(game: Game, parameters: Parameters, latent: Tensor) -> Tensor:
    """Where the generators carry latents, codes included: [seed, n, d] -> [seed, n, 2]."""
    return sent(game, parameters, latent) if game.cast.carry is None else game.cast.carry(game, parameters, latent)


def sent(game: Game, parameters: Parameters, points: Tensor, name: str = GENERATOR) -> Tensor:
    """Where one player that is a map sends points: [seed, n, d] -> [seed, n, d']."""
    body = game.players[name].network

    def make() -> Tensor:
        return body.forward(body.layers(parameters[name]), points)

    return parameters.of(name, points, make) if isinstance(parameters, Once) else make()


def code_columns(game: Game) -> int:
    """How many of a latent's first columns are codes of the objective's."""
    return sum(game.objective.draws[name].columns for name in game.objective.codes)


def code_place(game: Game, name: str) -> slice | None:
    """Which columns of what the generator is fed are a code of a name; None where it is fed none."""
    columns = {code: game.objective.draws[code].columns for code in game.objective.codes}
    ends = dict(zip(columns, accumulate(columns.values()), strict=True))
    return slice(ends[name] - columns[name], ends[name]) if name in ends else None


def real_side(game: Game, parameters: Parameters, state: State, row: Draw, match: Match = PLAIN) -> Tensor:
    """Real points as a critic is shown them: [seed, batch / m, m d]."""
    points = row[match.real] if isinstance(match.real, str) else match.real(game, parameters, row)
    beside = [lambda x, one=one: one.real(game, parameters, x, row) for one in besides(game, match)]
    return shown(game, state, points, row.get("real noise"), beside)


def fake_side(game: Game, parameters: Parameters, state: State, row: Draw, match: Match = PLAIN) -> Tensor:
    """Generated points as a critic is shown them: [seed, batch / m, m d]."""
    beside = [lambda x, one=one: (one.fake or one.real)(game, parameters, x, row) for one in besides(game, match)]
    return shown(game, state, match.fake(game, parameters, row), row.get("fake noise"), beside)


def besides(game: Game, match: Match) -> Sequence[Beside]:
    """What a match's critic is shown beside a point."""
    return () if match.bare else game.cast.beside


def shown(
    game: Game, state: State, points: Tensor, noise: Tensor | None, beside: Sequence[Callable[[Tensor], Tensor]] = ()
) -> Tensor:
    """Points as the critic is shown them, blurred by what is left of the noise, with what then stands beside them, packed."""
    if noise is not None:
        points = points + over(play.noise_left(game, state), noise) * noise
    points = torch.cat((points, *(of(points) for of in beside)), dim=2) if beside else points
    return points.reshape(points.shape[0], -1, points.shape[2] * game.pack)


def critic_layers(game: Game, parameters: Parameters, critic: str = CRITIC) -> Layers:
    """A critic's layers as the constraint wants them used."""
    return game.constraint.reparametrise(game.players[critic].network.layers(parameters[critic]))


def seeing(
    game: Game, own: Tensor, layers: Layers, pair: Pair, real: Tensor, fake: Tensor, row: Draw, match: Match = PLAIN
) -> Sight:
    """What a penalty sees; slopes are those of the score, and computed only when asked for."""
    body, others, (on_real, on_fake) = game.players[match.critic].network, besides(game, match), pair

    def slopes(judged: Response) -> Tensor:
        by_outputs = pull(game, judged.outputs, on_real.outputs, on_fake.outputs)
        return along(game.pack, others, judged.slopes(by_outputs))

    return Sight(
        real=real,
        fake=fake,
        draw=row,
        real_slopes=lambda: slopes(on_real),
        fake_slopes=lambda: slopes(on_fake),
        slopes_at=lambda points: slopes(body.judge(layers, points)),
        layers=lambda: body.layers(own),
        beside=sum(one.columns for one in others),
    )


def along(pack: int, besides: Sequence[Beside], slopes: Tensor) -> Tensor:
    """Slopes [seed, n, m d] without the columns of what is given beside a point."""
    if not any(one.given for one in besides):
        return slopes
    widths = [2, *(one.columns for one in besides)]
    kept = [True, *(not one.given for one in besides)]
    parts = slopes.unflatten(2, (pack, -1)).split(widths, dim=3)
    return torch.cat([part for part, keep in zip(parts, kept, strict=True) if keep], dim=3).flatten(2)


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


class Judge(NamedTuple):
    """The critic of a state as a function of points of the plane [seed, n, 2], or of points with what stands beside them:
    `score [seed, n]`, `slopes [seed, n, 2]`.
    """

    score: Callable[[Tensor], Tensor]
    slopes: Callable[[Tensor], Tensor]


def judge(game: Game, parameters: Parameters, real: Tensor, fake: Tensor) -> Judge:
    """The drawn score and its gradient, against a real and a generated cloud [seed, n, d], with what stands beside their
    points, where the score needs them.

    A critic of packs is asked about m copies of a point; its slope is that of all copies moving together. A critic with batch
    norm is shown as the generator meets it: with the statistics of generated points. Where something stands beside a
    point, a score of the plane is the mean over all that may stand there, and its slope is that of the point alone.
    """
    own = {name: one.detach() for name, one in parameters.items()}
    clouds = (real.repeat(1, 1, game.pack), fake.repeat(1, 1, game.pack))
    settled = game.players[CRITIC].network.settled(critic_layers(game, own), clouds[1])
    r, g = (settled(cloud).outputs.detach() for cloud in clouds)

    def score_of(points: Tensor) -> Tensor:
        return score(game, settled(points.repeat(1, 1, game.pack)).outputs, r, g).detach()

    def slopes_of(points: Tensor) -> Tensor:
        judged = settled(points.repeat(1, 1, game.pack))
        by_copy = judged.slopes(pull(game, judged.outputs, r, g))
        return by_copy.unflatten(2, (game.pack, -1)).sum(dim=2)[..., :2].detach()

    def over_faces(of: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
        every = faces(game, own, points, (real, fake))
        return of(every[0]) if len(every) == 1 else torch.stack([of(face) for face in every]).mean(dim=0)

    return Judge(partial(over_faces, score_of), partial(over_faces, slopes_of))


def faces(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> list[Tensor]:
    """Points of the plane [seed, n, 2] with each of the things that may stand beside them; as they are where it stands there."""
    if points.shape[2] > 2 or not game.cast.beside:
        return [points]
    with torch.no_grad():
        each = [one.anywhere(game, parameters, points, clouds) for one in game.cast.beside]
    most = max(map(len, each))
    return [torch.cat((points, *(one[i % len(one)] for one in each)), dim=2) for i in range(most)]
