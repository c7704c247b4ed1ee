"""Who plays besides one critic and one generator: encoders, translators, several generators, several critics.

A cast is what a game has more than a plain one: players with their opinions, what stands beside a point that a critic is
shown, terms of losses. One more cast is one function of the bodies that a scenario has and of options, and one row in
`CASTS`; every field of a `Cast` has a neutral default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat
from torch import Tensor

from toygan.game import duel, play
from toygan.game.dials import over
from toygan.game.duel import CRITIC, GENERATOR, LABEL, PLAIN, Match
from toygan.game.laws import Law, normal, points
from toygan.game.networks import Layer
from toygan.game.objectives import Extra, Heads, Losses, Objective, by_chance, with_guess
from toygan.game.play import Beside, Bodies, Cast, Draw, Game, Opinion, Parameters, Role, State, Weight, weighed
from toygan.game.rounds import boosting, coarse_to_fine, equation, stages

Several = Annotated[int, Field(ge=1, le=100)]
KernelWidths = Annotated[tuple[PositiveFloat, ...], Field(min_length=1, max_length=20)]
ENCODER, POINT_CRITIC = "encoder", "point_critic"
BACK, BACK_CRITIC, OTHER_CRITIC = "back", "back_critic", "other_critic"
PARTNERS = 8  # points of the other kind over which a paired critic's score is averaged where it is drawn
IN_PAIRS = "the critic judges points with their latents, and such pairs can be told apart without end"
BY_LABEL = "for each label another critic is best, and the critic drawn is the mean over labels"
IN_BATCH = "the critic judges a point with its batch"


def encoder(
    bodies: Bodies,
    *,
    judges: Literal["pairs", "points", "both"] = "pairs",
    latents: Weight = None,
    points: Weight = None,
    divergence: Weight = None,
    teaches: Literal["both", "encoder"] = "both",
) -> Cast:
    """An encoder E beside the generator G. With `judges = "pairs"` the critic tells (x, E(x)) from (G(z), z), and E wants
    the opposite of G (Donahue et al., 2016, arXiv:1605.09782; Dumoulin et al., 2016, arXiv:1606.00704); with "both" G plays
    against a second critic too, which is shown points alone (Donahue and Simonyan, 2019, arXiv:1907.02544, their unary term).

    Added to the losses of E and G, or with `teaches = "encoder"` of E alone: latents * E |z - E(G(z))|^2 (Srivastava et
    al., 2017, arXiv:1705.07761), points * E |x - G(E(x))|^2 (Larsen et al., 2015, arXiv:1512.09300), and, for an encoder of
    means and log-variances, divergence * KL(N(mean, variance) | N(0, I)) (Kingma and Welling, 2013, arXiv:1312.6114).
    """
    d, varies = bodies.latent, divergence is not None
    both = (ENCODER,) if teaches == "encoder" else (GENERATOR, ENCODER)
    terms = weighed("latent_error", latents, both, latent_error) + weighed("point_error", points, both, point_error)
    terms += weighed("code_divergence", divergence, (ENCODER,), code_divergence)
    in_pairs, alone = judges != "points", [PLAIN._replace(critic=POINT_CRITIC, bare=True)] if judges == "both" else []
    body = partial(bodies.perceptron, 2, 2 * d if varies else d)
    role = Role(body, encoder_opinion, "generator") if in_pairs else Role(body, side="generator")
    return Cast(
        roles={**duel.critics_of(bodies, *alone), ENCODER: role},
        wants=duel.wants_of(PLAIN, *alone),
        beside=(code_beside(d),) if in_pairs else (),
        no_optimum=IN_PAIRS if in_pairs else "",
        terms=terms,
        draws=lambda: {"code noise": normal(d)} if varies else {},
    )


def code_beside(d: int) -> Beside:
    """A real point's latent as the encoder has it; of a generated point, the one that it was made of."""
    return Beside(
        d,
        real=lambda game, parameters, x, row: encode(game, parameters, x),
        fake=lambda game, parameters, x, row: row["latent"],
        anywhere=lambda game, parameters, x, clouds: encode(game, parameters, x)[None],
    )


def encode(game: Game, parameters: Parameters, x: Tensor) -> Tensor:
    """The encoder's latents of points, the means where it gives variances too: [seed, n, 2] -> [seed, n, d]."""
    return split_code(game, parameters, x)[0]


def split_code(game: Game, parameters: Parameters, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """An encoder's means and log-variances [seed, n, d], or its latents and None."""
    varies = any(term.name == "code_divergence" for term in game.cast.terms)
    code = duel.sent(game, parameters, x, ENCODER)
    half = code.shape[2] // 2
    return (code[..., :half], code[..., half:]) if varies else (code, None)


def encoder_opinion(game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
    """What the encoder minimises: what the generator does with real and generated points and the score's sign exchanged; the
    objective must be `fair`.
    """
    layers, body = duel.critic_layers(game, parameters), game.players[CRITIC].network
    real, fake = duel.real_side(game, parameters, state, row), duel.fake_side(game, parameters, state, row)
    r, g = (turned(duel.heads(game, body.forward(layers, x))) for x in (real, fake))
    return Opinion(duel.losses(game, state)(g, r, Extra(state.memory, row, fake, real)).generator)


def turned(outputs: Heads) -> dict[str, Tensor]:
    """A critic's outputs with the sign of its score exchanged."""
    return {name: -out if name == "score" else out for name, out in outputs.items()}


def fair(objective: Objective, n: int = 64) -> bool:
    """Whether the critic's loss stays what it is when real and generated points, and the sign of the score, are exchanged: tried
    on n random scores.
    """
    r, g, extra = by_chance(objective, n)
    other = extra._replace(real=extra.fake, fake=extra.real)
    one, exchanged = objective.losses(r, g, extra).critic, objective.losses(turned(g), turned(r), other).critic
    return bool(torch.allclose(one, exchanged, rtol=1e-9, atol=1e-9))


def latent_error(game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
    """E |z - E(G(z))|^2: [seed]; 0 where E inverts G."""
    back = encode(game, parameters, duel.generate(game, parameters, row))
    return squared(back - row["latent"])


def point_error(game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
    """E |x - G(E(x))|^2, E(x) drawn where the encoder gives variances: [seed]; 0 where G inverts E."""
    code, log_variance = split_code(game, parameters, row["real"])
    if log_variance is not None:
        code = code + (log_variance / 2).exp() * row["code noise"]
    return squared(duel.generate(game, parameters, {**row, "latent": code}) - row["real"])


def code_divergence(game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
    """E over points of KL(N(mean, variance) | N(0, I)) = 1/2 sum (mean^2 + variance - 1 - log variance): [seed]."""
    mean, log_variance = split_code(game, parameters, row["real"])
    assert log_variance is not None, "only an encoder of variances has this term"
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=2).mean(dim=1) / 2


def squared(errors: Tensor) -> Tensor:
    """E |error|^2: [seed, batch, d] -> [seed]."""
    return errors.square().sum(dim=2).mean(dim=1)


def translators(bodies: Bodies, *, cycle: Weight = 1.0, power: Literal[1, 2] = 1) -> Cast:
    """A second translator F, from the target's points back to the source's, against a critic of its own; both translators
    also minimise cycle * (E |F(G(a)) - a|_1 + E |G(F(b)) - b|_1), with `power = 2` of squares (Zhu et al., 2017,
    arXiv:1703.10593; Kim et al., 2017, arXiv:1703.05192; Yi et al., 2017, arXiv:1704.02510). It needs a scenario with a source
    and the generator kind translator.
    """
    match = Match(BACK_CRITIC, BACK, "latent", lambda game, parameters, row: duel.sent(game, parameters, row["real"], BACK),
                  bare=True)  # fmt: skip
    return Cast(
        roles={
            **duel.critics_of(bodies, match),
            BACK: Role(partial(bodies.perceptron, 2, bodies.latent), side="generator"),
        },
        wants=duel.wants_of(match),
        terms=weighed("cycle", cycle, (GENERATOR, BACK), partial(cycle_error, power)),
    )


def cycle_error(power: int, game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
    """E |F(G(a)) - a| + E |G(F(b)) - b|, coordinates summed: [seed]; 0 for mutually inverse maps."""
    a, b = row["latent"], row["real"]
    there = duel.sent(game, parameters, duel.sent(game, parameters, a), BACK) - a
    back = duel.sent(game, parameters, duel.sent(game, parameters, b, BACK)) - b
    return ((there.abs() ** power) + (back.abs() ** power)).sum(dim=2).mean(dim=1)


def coupled(bodies: Bodies) -> Cast:
    """One generator that makes a point of the target and one of the source of the same latent, all layers but the last
    shared, against a critic of each (Liu and Tuzel, 2016, arXiv:1606.07536; their critics share layers too).
    """

    def half(start: int) -> Callable[[Game, Parameters, Draw], Tensor]:
        return lambda game, parameters, row: duel.sent(game, parameters, duel.fed(game, row))[..., start : start + 2]

    first = Match(CRITIC, GENERATOR, "real", half(0))
    second = Match(OTHER_CRITIC, GENERATOR, "source", half(2), bare=True)
    return Cast(
        roles=duel.critics_of(bodies, second),
        generator=partial(bodies.perceptron, bodies.inputs, 4),
        wants=duel.wants_of(first, second),
        carry=lambda game, parameters, latent: duel.sent(game, parameters, latent)[..., :2],
        draws=lambda: {"source": points()},
    )


def generators(
    bodies: Bodies, *, number: Several = 4, tell: Literal["head", "classes"] = "head", weight: Weight = 1.0
) -> Cast:
    """So many generators, which take the batch in turns. With `tell = "head"` a second head of the critic tells which
    one made a point, and all minimise weight * E -log softmax(head)[generator] (Hoang et al., 2017, arXiv:1708.02556);
    with "classes" the critic's classes are the generators and the data (Ghosh et al., 2017, arXiv:1704.02906).
    """
    each = {numbered(GENERATOR, k): partial(one_of_several, k, number) for k in range(number)}

    def carry(game: Game, parameters: Parameters, latent: Tensor) -> Tensor:
        parts = zip(dealt(latent, number), each, strict=True)
        return collected([duel.sent(game, parameters, part, name) for part, name in parts])

    def told(base: Objective) -> Objective:
        if tell == "classes":
            return by_classes(number, base)
        return base if number == 1 or weight is None else with_guess(base, "whose", number, weight)

    return Cast(
        roles={name: Role(lambda: bodies.generator, side="generator") for name in each if name != GENERATOR},
        wants=each,
        carry=carry,
        chart=duel.sent,
        objective=told,
        known=partial(with_whose, number),
    )


def numbered(name: str, k: int) -> str:
    """The k-th player of a name, k = 0, 1, ...: generator, generator_2, ..."""
    return f"{name}_{k + 1}" if k else name


def dealt(values: Tensor, number: int) -> list[Tensor]:
    """Rows [seed, n, d] as so many take them in turns, so that each has its share of any first few: [seed, n / number, d]."""
    return [values[:, k::number] for k in range(number)]


def collected(parts: Sequence[Tensor]) -> Tensor:
    """What was dealt, in the order that it had: [seed, n, d]."""
    n, most = sum(part.shape[1] for part in parts), parts[0].shape[1]
    full = [torch.cat((one, one.new_zeros(len(one), most - one.shape[1], one.shape[2])), dim=1) for one in parts]
    return torch.stack(full, dim=2).flatten(1, 2)[:, :n]


def with_whose(number: int, row: Draw) -> Draw:
    """A move's draws with which generator carries each latent, one-hot [seed, batch, number]."""
    latent, n = row["latent"], row["latent"].shape[1]
    turns = torch.eye(number, dtype=latent.dtype, device=latent.device).repeat(-(-n // number), 1)[:n]
    return {**row, "whose": turns.expand(len(latent), -1, -1)}


def one_of_several(k: int, number: int, game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
    """What the k-th of several generators minimises, on its share of the batch."""
    name = numbered(GENERATOR, k)
    own = {draw: dealt(values, number)[k] for draw, values in row.items()}
    match = Match(
        CRITIC, name, "real", lambda game, parameters, row: duel.sent(game, parameters, duel.fed(game, row), name)
    )
    return duel.generator_opinion(game, parameters, state, own, [match])


def by_classes(number: int, base: Objective) -> Objective:
    """The critic's classes are the generators and, last, the data: critic -E log D_data(real) - E log D_k(fake of k), generators
    -E log D_data; the drawn score is the logarithm of D_data / (1 - D_data).
    """

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        r, g = real["whose"].log_softmax(dim=2), fake["whose"].log_softmax(dim=2)
        told = -(extra.draw["whose"] * g[..., :-1]).sum(dim=2).mean(dim=1)
        return Losses(told - r[..., -1].mean(dim=1), -g[..., -1].mean(dim=1))

    def odds(outputs: Heads, real: Heads, fake: Heads) -> Tensor:
        at = outputs["whose"]
        return at[..., -1] - at[..., :-1].logsumexp(dim=-1)

    return base._replace(losses=losses, heads={"whose": number + 1}, score=odds, generator_needs_real=False)


def critics(bodies: Bodies, *, number: Several = 3, sharpness: NonNegativeFloat = 0.0) -> Cast:
    """So many critics, each with its own first parameters; the generator minimises sum_k w_k L_k of its losses against each,
    w = softmax(sharpness * L): at 0 the mean, at large sharpness the worst (Durugkar et al., 2016, arXiv:1611.01673).
    """
    matches = [PLAIN._replace(critic=numbered(CRITIC, k)) for k in range(number)]

    def wants(game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
        every = torch.stack([duel.generator_loss(game, parameters, state, row, match) for match in matches])
        share = (over(sharpness, every[0]) * every.detach()).softmax(dim=0)
        return Opinion((share * every).sum(dim=0))

    return Cast(roles=duel.critics_of(bodies, *matches[1:]), wants={GENERATOR: wants} if number > 1 else {})


def opposed(bodies: Bodies) -> Cast:
    """A second critic that takes generated points for real; the generator plays against both, and loses what either wins
    (Nguyen et al., 2017, arXiv:1709.03831).
    """
    matches = [PLAIN, PLAIN._replace(critic=numbered(CRITIC, 1), swapped=True)]
    return Cast(roles=duel.critics_of(bodies, *matches[1:]), wants=duel.wants_of(*matches))


def labels_beside(classes: int) -> Beside:
    """A point's class, one-hot; anywhere it may be any of them."""

    def anywhere(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> Tensor:
        each = torch.eye(classes, dtype=points.dtype, device=points.device)
        return each[:, None, None].expand(-1, *points.shape[:2], -1)

    return Beside(classes, lambda game, parameters, points, row: row[LABEL], anywhere, given=True)


def partners(bodies: Bodies) -> Cast:
    """The critic is shown a real and a generated point side by side and tells which one is real; at the optimum its score is
    l(x) - l(y), l = log p / q, and exchanging the two changes its sign (paired critics; Sandlund, 2026).
    """

    def anywhere(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> Tensor:
        some = clouds[0][:, :PARTNERS, :2].transpose(0, 1)
        return some.unsqueeze(2).expand(-1, -1, points.shape[1], -1)

    partner = Beside(
        2,
        real=lambda game, parameters, x, row: duel.generate(game, parameters, row),
        fake=lambda game, parameters, x, row: row["real"],
        anywhere=anywhere,
    )
    return Cast(beside=(partner,), no_optimum="the critic judges a real and a generated point together")


def neighbours(bodies: Bodies, *, scales: KernelWidths = (0.1, 0.5)) -> Cast:
    """Beside a point the critic is shown how near the others of its batch are: E over them of exp(-|x - x'|_1 / s) for each scale
    (after minibatch discrimination, Salimans et al., 2016, arXiv:1606.03498, whose directions are learned).
    """

    def near(points: Tensor, others: Tensor) -> Tensor:
        apart, itself = (points.unsqueeze(2) - others.unsqueeze(1)).abs().sum(dim=3), float(points is others)
        every = [(apart * over(-1 / s, apart)).exp().sum(dim=2) - itself for s in scales]
        return torch.stack(every, dim=2) / max(others.shape[1] - itself, 1)

    return Cast(beside=(within_batch(len(scales), near),), no_optimum=IN_BATCH)


def spread(bodies: Bodies) -> Cast:
    """Beside a point the critic is shown its batch's standard deviation, the mean over coordinates (Karras et al., 2017,
    arXiv:1710.10196).
    """

    def width(points: Tensor, others: Tensor) -> Tensor:
        variance = others.var(dim=1, correction=0, keepdim=True)
        size = variance.clamp(min=torch.finfo(points.dtype).tiny).sqrt().mean(dim=2, keepdim=True)
        return size.expand(-1, points.shape[1], -1)

    return Cast(beside=(within_batch(1, width),), no_optimum=IN_BATCH)


def within_batch(columns: int, of: Callable[[Tensor, Tensor], Tensor]) -> Beside:
    """What a point's batch says of it, `of(points, batch)`; anywhere, what the generated batch would."""

    def anywhere(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> Tensor:
        return of(points, clouds[1][..., :2])[None]

    return Beside(columns, lambda game, parameters, points, row: of(points, points), anywhere, given=True)


def feature_matching(bodies: Bodies) -> Cast:
    """The generator minimises |E phi(real) - E phi(fake)|^2, phi the critic's last hidden layer (Salimans et al., 2016,
    arXiv:1606.03498); with a linear critic phi(x) = x.
    """

    def wants(game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
        real, fake = duel.real_side(game, parameters, state, row), duel.fake_side(game, parameters, state, row)
        apart = features(game, parameters, real).mean(dim=1) - features(game, parameters, fake).mean(dim=1)
        return Opinion(apart.square().sum(dim=1))

    return Cast(wants={GENERATOR: wants}, scored=False)


def features(game: Game, parameters: Parameters, points: Tensor) -> Tensor:
    """What the critic's last affine map is given [seed, n, width]: the same layers with the identity for a last one."""
    *inner, last = duel.critic_layers(game, parameters)
    width = last.weight.shape[1]
    same = torch.eye(width, dtype=points.dtype, device=points.device).expand(len(points), -1, -1)
    whole = [*inner, Layer(same, torch.zeros_like(same[:, :1]))]
    return game.players[CRITIC].network.forward(whole, points)


def diverse(bodies: Bodies, *, weight: PositiveFloat = 0.1) -> Cast:
    """The generator also minimises weight * E |z - z'| / |G(z) - G(z')| over pairs of latents, so that different latents give
    different points (mode seeking; Mao et al., 2019, arXiv:1903.05628).
    """
    return Cast(terms=weighed("sameness", weight, (GENERATOR,), sameness))


def sameness(game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
    """E |z - z'| / (|G(z) - G(z')| + 1e-5) between the two halves of the batch: [seed]."""
    latent = row["latent"]
    half, points = latent.shape[1] // 2, duel.carried(game, parameters, duel.fed(game, row))
    z, x = (one[:, :half] - one[:, half : 2 * half] for one in (latent, points))
    return (z.norm(dim=2) / (x.square().sum(dim=2).clamp(min=1e-30).sqrt() + 1e-5)).mean(dim=1)


def uncrowded(bodies: Bodies, *, weight: PositiveFloat = 0.05, width: PositiveFloat = 0.1) -> Cast:
    """The generator also minimises weight * E log E' exp(-|x - x'|^2 / 2 width^2) over its batch: up to a constant, minus the
    cross-entropy of the points against themselves blurred by that width, which is large where they crowd (after Dieng et
    al., 2019, arXiv:1910.04302, who sample the entropy's slope).
    """

    def crowding(game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
        points = duel.generate(game, parameters, row)
        squares = (points.unsqueeze(2) - points.unsqueeze(1)).square().sum(dim=3)
        return (squares * over(-1 / (2 * width**2), squares)).exp().mean(dim=2).log().mean(dim=1)

    return Cast(terms=weighed("crowding", weight, (GENERATOR,), crowding))


def heated(bodies: Bodies, *, temperature: PositiveFloat = 1e-4) -> Cast:
    """Both players also feel a random push, a fresh N(0, 2 temperature / rate) for each parameter and move: under plain descent
    each is stochastic gradient Langevin dynamics at that temperature, and with temperature 0 descent (after Saatci and Wilson,
    2017, arXiv:1705.09558, who add friction; the seeds of a run are their samples).
    """

    def push(player: str, game: Game, parameters: Parameters, state: State, row: Draw) -> Tensor:
        own, drawn = parameters[player], row[f"{player} heat"].flatten(1)
        lacking = max(own.shape[1] - drawn.shape[1], 0)  # only looks have fewer points, and no heat
        drawn = torch.cat((drawn, drawn.new_zeros(len(drawn), lacking)), dim=1)
        rate = over(game.players[player].rate * play.pace(game, state), own)
        size = (over(2 * temperature, own) / rate).sqrt()
        return (size * drawn[:, : own.shape[1]] * own).sum(dim=1)

    def draws() -> dict[str, Law]:
        bodies_of = {GENERATOR: bodies.generator, CRITIC: bodies.critic(bodies.shown)}
        count = {name: len(body.initial(np.random.default_rng(0))) for name, body in bodies_of.items()}
        return {f"{name} heat": normal(-(-n // bodies.batch)) for name, n in count.items()}

    terms = tuple(play.LossTerm(f"{name}_heat", (name,), partial(push, name)) for name in (CRITIC, GENERATOR))
    return Cast(terms=terms, draws=draws)


CASTS: dict[str, Callable[..., Cast]] = {
    "encoder": encoder,
    "translators": translators,
    "coupled": coupled,
    "generators": generators,
    "critics": critics,
    "opposed": opposed,
    "partners": partners,
    "neighbours": neighbours,
    "spread": spread,
    "feature-matching": feature_matching,
    "diverse": diverse,
    "uncrowded": uncrowded,
    "heated": heated,
    "coarse-to-fine": coarse_to_fine,
    "equation": equation,
    "boosting": boosting,
    "stages": stages,
}
