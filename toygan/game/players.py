"""The kinds of generators and critics, and what generators are fed. One more kind is one function and one row.

A generator's row is a function of options; a critic's is one of the width of its inputs and outputs, and of options.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from toygan.game import networks as net
from toygan.game.dials import InSteps, over
from toygan.game.networks import Activation, CriticNormalisation, Initialisation, Layer, Layers, Network, Normalisation
from toygan.targets.funnels import moved_down
from toygan.targets.refusal import Refusal
from toygan.targets.target import Point, Sampler

# Of the published world of four funnels (deg_8_seed_987 of its authors' code).
CENTRES = ((0.4718, -2.3439), (0.4889, 0.1953), (1.7911, 1.2045), (-1.717, 1.205))
OFFSETS = (-0.0389, -0.0913, -0.0691, -0.1027)


def normal_latent(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """N(0, I): [n, dim]."""
    return rng.standard_normal((n, dim))


def uniform_latent(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """Uniform on [-1, 1]^dim: [n, dim]."""
    return rng.uniform(-1.0, 1.0, (n, dim))


def sphere_latent(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """Uniform on the sphere of radius sqrt(dim), where a normal latent has most of its mass: [n, dim]."""
    z = rng.standard_normal((n, dim))
    return z * (dim**0.5 / np.linalg.norm(z, axis=1, keepdims=True))


LATENTS: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "normal": normal_latent,
    "uniform": uniform_latent,
    "sphere": sphere_latent,
}

Latent = Literal["normal", "uniform", "sphere"]


class Generator(NamedTuple):
    """Its body, how latents [n, inputs] are drawn, given a sampler of the target, and the same body with so many more first
    inputs, for codes that an objective wants carried; None where it has no place for them. `like(inputs, outputs)` is another
    body of its make; a generator that `translates` is fed points of the scenario's source, and is given their sampler.
    """

    network: Network
    latents: Callable[[np.random.Generator, int, Sampler], np.ndarray]
    widened: Callable[[int], Network] | None = None
    like: Callable[[int, int], Network] | None = None
    translates: bool = False


def mlp_generator(
    *,
    latent: Latent = "normal",
    latent_dim: PositiveInt = 2,
    width: PositiveInt = 64,
    depth: NonNegativeInt = 3,
    activation: Activation = "relu",
    normalisation: Normalisation = "none",
    initialisation: Initialisation = "he",
    gain: PositiveFloat = 1.0,
    output: Literal["linear", "tanh"] = "linear",
    reach: Annotated[PositiveFloat, InSteps("output", "tanh")] = 3.0,
) -> Generator:
    """A perceptron from latents, behind the codes that an objective wants carried, to the plane; with `output = "tanh"` to
    the square [-reach, reach]^2.
    """
    body = net.Body(width, depth, activation, normalisation, initialisation, gain)

    def widened(codes: int) -> Network:
        made = net.perceptron(codes + latent_dim, 2, body)

        def squashed(layers: Layers, z: Tensor) -> Tensor:
            points = made.forward(layers, z).tanh()
            return over(reach, points) * points

        return made if output == "linear" else made._replace(forward=squashed)

    like = partial(net.perceptron, body=body)
    return Generator(widened(0), lambda rng, n, target: LATENTS[latent](rng, n, latent_dim), widened, like)


def translator(
    *,
    width: PositiveInt = 64,
    depth: NonNegativeInt = 3,
    activation: Activation = "relu",
    normalisation: Normalisation = "none",
    initialisation: Initialisation = "he",
    gain: PositiveFloat = 1.0,
) -> Generator:
    """A perceptron from points of the scenario's source to points of its target."""
    like = partial(net.perceptron, body=net.Body(width, depth, activation, normalisation, initialisation, gain))
    widened = lambda codes: like(codes + 2, 2)  # noqa: E731
    return Generator(widened(0), lambda rng, n, source: source(rng, n), widened, like, translates=True)


def point(*, start: tuple[float, float] = (1.0, 0.0)) -> Generator:
    """One learnable point theta, whatever the latent: Dirac-GAN (Mescheder et al., 2018, arXiv:1801.04406)."""

    def forward(layers: Layers, z: Tensor) -> Tensor:
        return layers[0].bias.expand(-1, z.shape[1], -1)

    return Generator(weightless(np.array(start), forward), lambda rng, n, target: np.zeros((n, 1)))


def shift(*, start: float = 1.0) -> Generator:
    """The line (theta, u), u uniform on [0, 1], theta learnable (Arjovsky et al., 2017, arXiv:1701.07875)."""

    def forward(layers: Layers, z: Tensor) -> Tensor:
        return torch.cat((layers[0].bias.expand(-1, z.shape[1], -1), z), dim=2)

    return Generator(weightless(np.array([start]), forward), lambda rng, n, target: rng.uniform(0.0, 1.0, (n, 1)))


def data_plus_noise(*, std: PositiveFloat = 1.0) -> Generator:
    """The frozen generator x + N(0, std^2 I), x from the target, to study the critic alone (Gulrajani et al., 2017)."""

    def latents(rng: np.random.Generator, n: int, target: Sampler) -> np.ndarray:
        return target(rng, n) + std * rng.standard_normal((n, 2))

    return Generator(weightless(np.zeros(0), untouched), latents)


def funnels(
    *,
    centres: tuple[Point, ...] = CENTRES,
    offsets: tuple[float, ...] = OFFSETS,
    half: PositiveFloat = 2.5,
    power: Annotated[float, Field(ge=1)] = 8.0,
) -> Generator:
    """A frozen generator whose optimal critic is known: points of the target, in the paper a uniform square, moved down the
    rays of u(x) = min_n (|x - a_n| + b_n) from the share t of a ray, which ends at the square's edge or another funnel, to
    t^power (Korotin et al., 2022, arXiv:2206.07767).
    """
    a, b = np.array(centres), np.array(offsets)
    if len(a) != len(b) or not len(a):
        raise Refusal(f"{len(b)} offsets for {len(a)} centres", "give one for each centre", "offsets")

    def latents(rng: np.random.Generator, n: int, target: Sampler) -> np.ndarray:
        return moved_down(target(rng, n), a, b, half, power)

    return Generator(weightless(np.zeros(0), untouched), latents)


def untouched(layers: Layers, x: Tensor) -> Tensor:
    """The points as they are; the sum over no parameters at all is zero, and keeps the player's move an ordinary one."""
    return x + layers[0].bias.sum(dim=2, keepdim=True)


def weightless(start: np.ndarray, forward: Callable[[Layers, Tensor], Tensor]) -> Network:
    """A body whose only parameters are one bias that starts at `start`, for every seed alike."""

    def layers(parameters: Tensor) -> list[Layer]:
        return [Layer(parameters.new_zeros(len(parameters), 0, 0), parameters.unsqueeze(1))]

    return net.network(lambda rng: start, layers, forward)


GENERATORS: dict[str, Callable[..., Generator]] = {
    "mlp": mlp_generator,
    "translator": translator,
    "point": point,
    "shift": shift,
    "data-plus-noise": data_plus_noise,
    "funnels": funnels,
}


def mlp_critic(
    inputs: int,
    outputs: int,
    *,
    width: PositiveInt = 64,
    depth: NonNegativeInt = 3,
    activation: Activation = "relu",
    normalisation: CriticNormalisation = "none",
    initialisation: Initialisation = "he",
    gain: PositiveFloat = 1.0,
    momentum: Annotated[float, Field(gt=0, le=1), InSteps("normalisation", "batch-running")] = 0.1,
) -> Network:
    """A perceptron from the plane to the critic's outputs.

    With batch norm a batch is judged by its own statistics; a critic that is looked at has those of generated points,
    or with `normalisation = "batch-running"` the running averages over the moves so far, in which a batch weighs `momentum`.
    """
    body = net.Body(width, depth, activation, normalisation, initialisation, gain, momentum)
    return net.perceptron(inputs, outputs, body)


def linear(inputs: int, outputs: int, *, start: tuple[float, float] = (1.0, 0.0), bias: bool = False) -> Network:
    """f(x) = w . x, or w . x + b with `bias`; every output starts at w = `start`, b = 0, for every seed alike."""
    weights = np.repeat(np.resize(start, inputs), outputs)
    plain = partial(net.plain_forward, net.ACTIVATIONS["relu"])
    judge = partial(net.plain_judge, net.ACTIVATIONS["relu"])

    def without_bias(parameters: Tensor) -> list[Layer]:
        own = parameters[:, : inputs * outputs]  # what is left over is somebody else's
        return [Layer(own.view(-1, inputs, outputs), own.new_zeros(len(own), 1, outputs))]

    if not bias:
        return net.network(lambda rng: weights, without_bias, plain, judge)
    first, shapes = np.append(weights, np.zeros(outputs)), [net.LayerShape(inputs, outputs)]
    return net.network(lambda rng: first, partial(net.unpack, shapes=shapes), plain, judge)


def autoencoder(
    inputs: int,
    outputs: int,
    *,
    width: PositiveInt = 64,
    depth: PositiveInt = 2,
    code: PositiveInt = 2,
    activation: Activation = "relu",
    initialisation: Initialisation = "he",
    gain: PositiveFloat = 1.0,
) -> Network:
    """Score minus |x - decode(encode(x))|^2; the head `code` is the code. Encoder and decoder have `depth` hidden
    layers each (Zhao et al., 2016, arXiv:1609.03126). Raises ValueError where the objective wants a wider head.
    """
    if outputs != 1:
        wanted = f"an autoencoder has one score, the objective wants {outputs}"
        raise Refusal(wanted, "use the critic kind mlp", "kind")
    body = net.Body(width, depth, activation, "none", initialisation, gain)
    encoder, decoder = net.perceptron(inputs, code, body), net.perceptron(code, inputs, body)

    def initial(rng: np.random.Generator) -> np.ndarray:
        return np.append(encoder.initial(rng), decoder.initial(rng))

    def layers(parameters: Tensor) -> list[Layer]:
        encoding = encoder.layers(parameters)
        used = sum(layer.weight[0].numel() + layer.bias[0].numel() for layer in encoding)
        return [*encoding, *decoder.layers(parameters[:, used:])]

    def forward(layers: Layers, x: Tensor) -> Tensor:
        codes = encoder.forward(layers[: depth + 1], x)
        error = (x - decoder.forward(layers[depth + 1 :], codes)).square().sum(dim=2, keepdim=True)
        return torch.cat((-error, codes), dim=2)

    return net.network(initial, layers, forward)._replace(heads={"code": code})


def maxout(
    inputs: int,
    outputs: int,
    *,
    width: PositiveInt = 64,
    depth: PositiveInt = 3,
    pieces: Annotated[PositiveInt, Field(le=100)] = 5,
    initialisation: Initialisation = "he",
    gain: PositiveFloat = 1.0,
) -> Network:
    """A perceptron whose every hidden unit is the largest of `pieces` affine maps of the layer before (Goodfellow et al.,
    2013, arXiv:1302.4389).
    """
    body = net.Body(width, depth, "relu", "none", initialisation, gain)
    ends = [inputs, *[width] * depth]
    shapes = [*(net.LayerShape(a, b * pieces) for a, b in pairwise(ends)), net.LayerShape(ends[-1], outputs)]

    def forward(layers: Layers, x: Tensor) -> Tensor:
        for layer in layers[:-1]:
            x = net.affine(layer, x).unflatten(2, (width, pieces)).amax(dim=3)
        return net.affine(layers[-1], x)

    return net.network(partial(net.first_parameters, shapes, body), partial(net.unpack, shapes=shapes), forward)


def identity(inputs: int, outputs: int) -> Network:
    """The point itself as features, and nothing to learn: a fixed kernel's critic."""
    return weightless(np.zeros(0), untouched)


CRITICS: dict[str, Callable[..., Network]] = {
    "mlp": mlp_critic,
    "linear": linear,
    "autoencoder": autoencoder,
    "maxout": maxout,
    "identity": identity,
}
