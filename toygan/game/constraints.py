"""What keeps a critic within bounds: a penalty, a projection, a reparametrisation, each neutral unless said otherwise.

A penalty sees the critic through a `Sight`: the points of this move and the slopes there. One more constraint is one
function that returns a `Constraint`, and one row in `CONSTRAINTS`; its options are its keyword arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import torch
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor

from toygan.game.dials import Dial, over
from toygan.game.laws import Law, merged, uniform
from toygan.game.networks import Layer, Layers, LayersOf, Network, with_lengths
from toygan.targets.target import Switch

Where = Literal["interpolates", "real", "fake", "both", "around-real"]
LEAST = 1e-12  # a smaller layer is not divided; any less, and squares of its gradient overflow in float32
BJOERCK = 36  # steps: 1.5^36 = 2e6 is enough for singular values down to 1e-4 of the bound below, and to settle at 1
# Rounds of three squarings each: a mixed value is off by 0.14 / 2^k, half an epsilon.
ROUNDS = {torch.float32: 7, torch.float64: 17}
MIX = {"mix": uniform(1)}


class Sight(NamedTuple):
    """What a penalty sees in one critic move.

    `real`, `fake` are the points [seed, batch, d], or packs of points; `draw` are the move's random numbers by name, a row
    a point; `real_slopes()`, `fake_slopes()`, `slopes_at(points)` are the gradients of the score [seed, batch, d];
    `layers()` are the critic's own, before any reparametrisation; `beside` columns stand beside each of a row's points.
    """

    real: Tensor
    fake: Tensor
    draw: Mapping[str, Tensor]
    real_slopes: Callable[[], Tensor]
    fake_slopes: Callable[[], Tensor]
    slopes_at: Callable[[Tensor], Tensor]
    layers: Callable[[], Layers]
    beside: int = 0


def no_penalty(sight: Sight) -> Tensor | None:
    """Add nothing to the critic's loss, not even a zero."""
    return None


class Constraint(NamedTuple):
    """Four hooks; the default of each changes nothing, bit for bit. Several penalties are told apart by name, in `parts`.

    `penalty(sight) -> [seed]` (or None) is added to the critic's loss; `project(parameters, layers_of) -> parameters` is
    applied after each critic move; `reparametrise(layers) -> layers` stands inside the critic's forward pass;
    `extend(network) -> network` gives the critic parameters that the reparametrisation needs. `draws` are the random
    numbers that the penalty needs, by name and law.
    """

    penalty: Callable[[Sight], Tensor | None] = no_penalty
    project: Callable[[Tensor, LayersOf], Tensor] = lambda parameters, layers_of: parameters
    reparametrise: Callable[[Layers], Layers] = lambda layers: layers
    extend: Callable[[Network], Network] = lambda network: network
    parts: Mapping[str, Callable[[Sight], Tensor | None]] = {}
    draws: Mapping[str, Law] = {}


def compose(first: Constraint, second: Constraint, names: tuple[str, str] = ("first", "second")) -> Constraint:
    """Both: penalties added, and told apart by name where both have one, projections and reparametrisations one after the
    other.
    """
    both = dict(zip(names, (first.penalty, second.penalty), strict=True))
    return Constraint(
        penalty=lambda sight: added([penalty(sight) for penalty in both.values()]),
        project=lambda parameters, layers_of: second.project(first.project(parameters, layers_of), layers_of),
        reparametrise=lambda layers: second.reparametrise(first.reparametrise(layers)),
        extend=lambda network: second.extend(first.extend(network)),
        parts={} if no_penalty in both.values() else both,
        draws=merged(first.draws, second.draws),
    )


def added(penalties: Sequence[Tensor | None]) -> Tensor | None:
    """The sum of the penalties [seed] that there are, None where there is none."""
    there = [penalty for penalty in penalties if penalty is not None]
    return sum(there[1:], start=there[0]) if there else None


def none() -> Constraint:
    """No constraint."""
    return Constraint()


def clip(*, bound: PositiveFloat = 0.1, weights_only: Switch = None) -> Constraint:
    """Every parameter, biases and a norm's scales too, back to [-bound, bound] after each critic move (Arjovsky et al.,
    2017, arXiv:1701.07875); with `weights_only` biases and scales are left alone.
    """

    def project(parameters: Tensor, layers_of: LayersOf) -> Tensor:
        limit = over(bound, parameters)
        held = parameters.clamp(-limit, limit)
        return torch.where(owners_of(parameters, layers_of) > 0, held, parameters) if weights_only else held

    return Constraint(project=project)


def gradient_penalty(
    *,
    weight: NonNegativeFloat = 0.1,
    target: NonNegativeFloat = 1.0,
    sides: Literal[1, 2] = 2,
    power: Literal[1, 2] = 2,
    at: Where = "interpolates",
) -> Constraint:
    """The penalty weight * E (|grad f| - target)^2; with `sides = 1` weight * E max(0, |grad f| - target)^2.

    With `power = 1` the excess, |.| or max(0, .), is not squared. Two-sided: Gulrajani et al., 2017, arXiv:1704.00028.
    One-sided: Petzka et al., 2017, arXiv:1709.08894. Around real points: Kodali et al., 2017, arXiv:1705.07215.
    """
    slopes, draws = PLACES[at]

    def penalty(sight: Sight) -> Tensor:
        steepness = safe_norm(slopes(sight))
        excess = steepness - over(target, steepness)
        if sides == 1:
            excess = excess.relu()
        elif power != 2:  # a square needs no sign, whose second derivative has torch import its compiler
            excess = excess.abs()
        return weighed(weight, (excess**power).mean(dim=1))

    return Constraint(penalty, draws=draws)


def weighed(weight: Dial, penalty: Tensor) -> Tensor:
    """A weight times a penalty [seed]."""
    return over(weight, penalty) * penalty


def r1(*, weight: NonNegativeFloat = 0.1) -> Constraint:
    """weight/2 E |grad f(real)|^2 (Mescheder et al., 2018, arXiv:1801.04406)."""
    return Constraint(lambda sight: weighed(weight / 2, squared_norm(sight.real_slopes())))


def r2(*, weight: NonNegativeFloat = 0.1) -> Constraint:
    """weight/2 E |grad f(fake)|^2 (Mescheder et al., 2018, arXiv:1801.04406)."""
    return Constraint(lambda sight: weighed(weight / 2, squared_norm(sight.fake_slopes())))


def r1_r2(*, weight: NonNegativeFloat = 0.1) -> Constraint:
    """weight/2 E |grad f(real)|^2 + weight/2 E |grad f(fake)|^2 (Huang et al., 2025, arXiv:2501.05441)."""
    return Constraint(
        lambda sight: weighed(weight / 2, squared_norm(sight.real_slopes()) + squared_norm(sight.fake_slopes()))
    )


def zero_centred(*, weight: NonNegativeFloat = 0.1) -> Constraint:
    """The penalty weight * E |grad f|^2 between pairs (Thanh-Tung et al., 2019, arXiv:1902.03984)."""
    return Constraint(lambda sight: weighed(weight, squared_norm(slopes_between(sight))), draws=MIX)


def l1_decay(*, weight: NonNegativeFloat = 0.001) -> Constraint:
    """The penalty weight * sum |w| over all weights; biases and a norm's scales are left alone."""
    return Constraint(lambda sight: weighed(weight, over_weights(sight.layers(), torch.abs)))


def l2_decay(*, weight: NonNegativeFloat = 0.001) -> Constraint:
    """The penalty weight * sum w^2 over all weights; biases and a norm's scales are left alone."""
    return Constraint(lambda sight: weighed(weight, over_weights(sight.layers(), torch.square)))


def over_weights(layers: Layers, of: Callable[[Tensor], Tensor]) -> Tensor:
    """The sum over every weight of every layer: [seed]."""
    return torch.stack([of(layer.weight).sum(dim=(1, 2)) for layer in layers]).sum(dim=0)


def norm_clip(*, bound: PositiveFloat = 2.0) -> Constraint:
    """Each layer's weights scaled back to an l2 norm of at most `bound` after each critic move; biases and a norm's scales
    are left alone.
    """

    def project(parameters: Tensor, layers_of: LayersOf) -> Tensor:
        owners = owners_of(parameters, layers_of)
        squares = [layer.weight.square().sum(dim=(1, 2)) for layer in layers_of(parameters)]
        limit = over(bound, squares[0])
        factors = [limit / square.clamp(min=limit**2).sqrt() for square in squares]
        one = torch.ones_like(parameters[:, :1])
        return parameters * torch.cat((one, torch.stack(factors, dim=1)), dim=1).gather(1, owners.long())

    return Constraint(project=project)


def owners_of(parameters: Tensor, layers_of: LayersOf) -> Tensor:
    """Which layer, 1, 2, ..., each parameter is a weight of, 0 for what is none: [seed, P]."""
    owners = torch.zeros_like(parameters, requires_grad=False)
    for number, views in enumerate(layers_of(owners), start=1):
        views.weight.fill_(number)
    return owners


def weight_norm() -> Constraint:
    """Each unit's incoming weights are length * v / |v|, length and direction v learned apart (Salimans and Kingma,
    2016, arXiv:1602.07868).
    """

    def lengthened(layer: Layer) -> Layer:
        if layer.length is None:
            return layer
        return layer._replace(weight=layer.weight * (layer.length / column_norms(layer.weight)))

    return Constraint(reparametrise=lambda layers: list(map(lengthened, layers)), extend=with_lengths)


def column_norms(weight: Tensor) -> Tensor:
    """The norm of each unit's incoming weights: [seed, in, out] -> [seed, 1, out]."""
    squares = weight.square().sum(dim=1, keepdim=True)
    return squares.clamp(min=torch.finfo(squares.dtype).tiny).sqrt()


def spectral_norm(*, lipschitz: PositiveFloat = 1.0, held: Switch = None) -> Constraint:
    """Every layer's weight over its largest singular value, times the same share of `lipschitz`.

    The whole critic is then `lipschitz`-Lipschitz if its activations are 1-Lipschitz; silu is 1.0998-Lipschitz, so
    three hidden layers of it allow 1.33 times the bound. Under batch or layer norm there is no bound at all.
    Miyato et al., 2018, arXiv:1802.05957, with the singular value to rounding in place of one power iteration a step.
    With `held` the value is a number to the gradient, as in much public code whose power iteration ends in `.data`: the
    weights then grow along themselves, which changes nothing, and learn the slower for it.
    """

    def divided(weight: Tensor, factor: Tensor) -> Tensor:
        top = divisor(weight)
        return weight * (factor / (top.detach() if held else top))

    return Constraint(reparametrise=lambda layers: shared_out(layers, lipschitz, divided))


def orthonormal(*, lipschitz: PositiveFloat = 1.0) -> Constraint:
    """Every layer's weight in place of itself the nearest matrix whose rows, or columns where they are fewer, are orthonormal,
    W W^T = I to 1e-5, times the same share of `lipschitz`. With sorted units (`groupsort`) slopes then keep their length from
    layer to layer (Anil et al., 2018, arXiv:1811.05381).

    By Bjoerck's iteration W <- W (3 I - W^T W) / 2 (Bjoerck and Bowie, 1971): each step multiplies a small singular value
    by 3/2, so that one of less than 1e-4 of the largest would stay below 1; a layer of zeros is left as it is.
    """

    def turned(weight: Tensor, share: Tensor) -> Tensor:
        return share * orthonormalised(weight)

    return Constraint(reparametrise=lambda layers: shared_out(layers, lipschitz, turned))


def shared_out(layers: Layers, lipschitz: Dial, normed: Callable[[Tensor, Tensor], Tensor]) -> Layers:
    """Layers with weights that are normed to a factor, the same share of a bound; biases do not matter to slopes."""
    share = lipschitz ** (1 / len(layers))
    return [
        layer._replace(weight=normed(layer.weight, over(share, layer.weight))) if layer.weight.numel() else layer
        for layer in layers
    ]


def slopes_between(sight: Sight) -> Tensor:
    """Slopes at e real + (1 - e) fake, one e for each pair."""
    mix = sight.draw["mix"][:, : sight.real.shape[1]]  # packs are fewer than points
    return sight.slopes_at(torch.lerp(sight.fake, sight.real, mix))


def slopes_around_real(sight: Sight) -> Tensor:
    """Slopes at real + e u std(real) / 2, u uniform in the unit square, e uniform, std over one seed's batch and coordinates;
    what stands beside a point stays as it is.
    """
    points = sight.real.unflatten(2, (-1, 2 + sight.beside))[..., :2]
    std = points.flatten(2).std(dim=(1, 2), keepdim=True)
    mix, around = sight.draw["mix"][:, : sight.real.shape[1]], sight.draw["around"].reshape(*points.shape[:2], -1)
    away = (mix * around * std / 2).unflatten(2, (-1, 2))
    away = torch.cat((away, away.new_zeros(*away.shape[:3], sight.beside)), dim=3)
    return sight.slopes_at(sight.real + away.flatten(2))


# Where slopes are taken: the slopes there, and the random numbers that this takes.
PLACES: dict[Where, tuple[Callable[[Sight], Tensor], Mapping[str, Law]]] = {
    "interpolates": (slopes_between, MIX),
    "real": (lambda sight: sight.real_slopes(), {}),
    "fake": (lambda sight: sight.fake_slopes(), {}),
    "both": (lambda sight: torch.cat((sight.real_slopes(), sight.fake_slopes()), dim=1), {}),
    "around-real": (slopes_around_real, {**MIX, "around": uniform(2)}),
}


def squared_norm(slopes: Tensor) -> Tensor:
    """E |slope|^2: the square over one point's coordinates, the mean over the batch: [seed, batch, d] -> [seed]."""
    return slopes.square().sum(dim=2).mean(dim=1)


def safe_norm(slopes: Tensor) -> Tensor:
    """|slope| of each point, with derivative 0 and not NaN where the slope is 0: [seed, batch, d] -> [seed, batch]."""
    squares = slopes.square().sum(dim=2)
    return squares.clamp(min=torch.finfo(squares.dtype).tiny).sqrt()


def divisor(weight: Tensor) -> Tensor:
    """The top singular value [seed, 1, 1] to divide by, and 1 for a layer as good as zero.

    W / s(W) has no limit at W = 0 and a derivative of size 1 / s near it; a layer of zeros is left as it is, so that
    it stays zero, its gradient is the plain layer's, and it can learn.
    """
    top = largest_singular_value(weight)
    return torch.where(top > LEAST, top, 1.0)


def orthonormalised(weight: Tensor) -> Tensor:
    """The polar factor of each seed's matrix [seed, in, out], orthonormal along its shorter side."""
    absolute = weight.abs()
    size = (absolute.sum(dim=1).amax(dim=1) * absolute.sum(dim=2).amax(dim=1)).sqrt()[:, None, None]  # above any s
    found = weight / torch.where(size > LEAST, size, 1.0)
    tall = weight.shape[1] >= weight.shape[2]
    for _ in range(BJOERCK):
        gram = found.mT @ found if tall else found @ found.mT
        found = 1.5 * found - 0.5 * (found @ gram if tall else gram @ found)
    return found


def largest_singular_value(weight: Tensor) -> Tensor:
    """The top singular value of each seed's matrix: [seed, in, out] -> [seed, 1, 1], twice differentiable."""
    return TopSingularValue.apply(weight).clamp(min=LEAST)


class TopSingularValue(torch.autograd.Function):
    """u^T W v, with derivative u v^T by W; how u and v turn is computed only where that derivative is itself differentiated."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor) -> Tensor:
        """[seed, in, out] -> [seed, 1, 1]."""
        u, v = top_vectors(weight)
        ctx.save_for_backward(weight, u, v)
        return u.transpose(1, 2) @ weight @ v

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """[seed, 1, 1] -> [seed, in, out]."""
        weight, u, v = ctx.saved_tensors
        if torch.is_grad_enabled():  # which it is where the backward pass shall be differentiated
            u, v = turning(weight, u, v)
        return gradient * (u @ v.transpose(1, 2))


def top_vectors(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The singular vectors [seed, in, 1], [seed, out, 1] of the top singular value s, to rounding.

    Squaring the Gram matrix k times is a power iteration of 2^k steps that needs no memory of the last one, so the
    function stays pure, and a graph of it is products alone. Values closer than 1 part in 2^k stay mixed: v is then a
    unit vector of their span and u = W v / s, so u^T W v is s to rounding and u v^T one of its subgradients. Which one,
    as for every way to find them, is decided by rounding: vectors are known to epsilon over the relative gap.
    """
    tall, tiny = weight.shape[1] >= weight.shape[2], torch.finfo(weight.dtype).tiny
    even = weight / weight.abs().amax(dim=(1, 2), keepdim=True).clamp(min=tiny)  # squares neither overflow nor vanish
    gram = even.transpose(1, 2) @ even if tall else even @ even.transpose(1, 2)
    for _ in range(ROUNDS[weight.dtype] if gram.shape[1] > 1 else 0):
        gram = gram / gram.diagonal(dim1=1, dim2=2).sum(dim=1).clamp(min=tiny)[:, None, None]
        for _ in range(3):  # n positive eigenvalues sum to 1, so the top one is at least n^-8 after three squarings
            gram = gram @ gram
    # Every column of a rank-one matrix points along the vector; the longest one does so best.
    gram = gram / gram.diagonal(dim1=1, dim2=2).sum(dim=1).clamp(min=tiny)[:, None, None]
    longest = gram.square().sum(dim=1, keepdim=True).argmax(dim=2, keepdim=True)
    vector = unit(gram.gather(2, longest.expand(-1, gram.shape[1], 1)))
    return (unit(weight @ vector), vector) if tall else (vector, unit(weight.transpose(1, 2) @ vector))


def turning(weight: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """The same vectors as functions of the matrix, right to first order: dv = (s^2 - G)^+ dG v, G the Gram matrix."""
    if weight.shape[1] < weight.shape[2]:
        v, u = turning(weight.transpose(1, 2), v, u)
        return u, v
    seen = weight @ v
    with torch.no_grad():
        square = seen.square().sum(dim=1, keepdim=True)
        eye = torch.eye(weight.shape[2], dtype=weight.dtype, device=weight.device)
        # v v^T closes the hole that the pseudo-inverse leaves along v, and a hair keeps ties from dividing by zero.
        filled = (1 + torch.finfo(weight.dtype).eps) * eye + v @ v.transpose(1, 2)
        gap = square * filled - weight.transpose(1, 2) @ weight
        gap = gap + torch.finfo(weight.dtype).tiny * eye
    v = unit(v + torch.linalg.solve_ex(gap, weight.transpose(1, 2) @ seen - square * v).result)
    return unit(weight @ v), v


def unit(vector: Tensor) -> Tensor:
    """Length one: [seed, n, 1] -> the same."""
    return vector / vector.norm(dim=1, keepdim=True).clamp(min=torch.finfo(vector.dtype).tiny)


CONSTRAINTS: dict[str, Callable[..., Constraint]] = {
    "none": none,
    "clip": clip,
    "gradient-penalty": gradient_penalty,
    "r1": r1,
    "r2": r2,
    "r1-r2": r1_r2,
    "zero-centred": zero_centred,
    "spectral-norm": spectral_norm,
    "orthonormal": orthonormal,
    "weight-norm": weight_norm,
    "norm-clip": norm_clip,
    "l1-decay": l1_decay,
    "l2-decay": l2_decay,
}
