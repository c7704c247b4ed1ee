"""The players' bodies: pure functions of stacked parameters.

A player is one flat tensor of parameters [seed, P], so that an optimiser, an average or a check is one line on one tensor.
A `Network` draws the first parameters of one seed and applies them to points [seed, batch, inputs].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import leaky_relu, silu, softplus

Activation = Literal["relu", "leaky-relu", "tanh", "silu", "softplus"]
Initialisation = Literal["he", "xavier", "normal", "orthogonal"]


class Layer(NamedTuple):
    """One affine map of every seed: `weight [seed, in, out]`, `bias [seed, 1, out]`."""

    weight: Tensor
    bias: Tensor


Layers = Sequence[Layer]


class Judged(NamedTuple):
    """A critic's opinion on some points: its `outputs [seed, batch, outputs]` and how steep they are there.

    `slopes(rows) [seed, rows, 2]` is the gradient of each point's first output by that point, differentiable by the
    critic's parameters.
    """

    outputs: Tensor
    slopes: Callable[[slice], Tensor]


class Network(NamedTuple):
    """A player's body: first parameters of one seed [P], and the two ways to use its layers."""

    initial: Callable[[np.random.Generator], np.ndarray]
    layers: Callable[[Tensor], Layers]
    forward: Callable[[Layers, Tensor], Tensor]
    judge: Callable[[Layers, Tensor], Judged]


class Shape(NamedTuple):
    """Inputs and outputs of one layer."""

    inputs: int
    outputs: int

    @property
    def size(self) -> int:
        """How many parameters: weights and biases."""
        return (self.inputs + 1) * self.outputs


# --- activations: the function, and its derivative seen from the output (which keeps one tensor instead of two) -------


class Bend(NamedTuple):
    """An activation y = a(x) with a'(x) as a function of (x, y)."""

    apply: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]


def relu_slope(x: Tensor, y: Tensor) -> Tensor:
    """1 where the unit is on, 0 elsewhere; constant almost everywhere, hence detached."""
    return y.detach().sign()


def leaky_slope(x: Tensor, y: Tensor) -> Tensor:
    """1 for positive inputs, 0.2 for others."""
    return y.detach().sign().clamp(min=0.2)


def silu_slope(x: Tensor, y: Tensor) -> Tensor:
    """With s = sigmoid(x): s + y (1 - s)."""
    s = x.sigmoid()
    return s + y * (1 - s)


ACTIVATIONS: dict[str, Bend] = {
    "relu": Bend(torch.relu, relu_slope),
    "leaky-relu": Bend(lambda x: leaky_relu(x, 0.2), leaky_slope),
    "tanh": Bend(torch.tanh, lambda x, y: 1 - y * y),
    "silu": Bend(silu, silu_slope),
    "softplus": Bend(softplus, lambda x, y: x.sigmoid()),
}


# --- first parameters ------------------------------------------------------------------------------------------------


def he(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Uniform with variance 2 / inputs (He et al., 2015, arXiv:1502.01852)."""
    bound = (6 / shape.inputs) ** 0.5
    return rng.uniform(-bound, bound, shape)


def xavier(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Uniform with variance 2 / (inputs + outputs) (Glorot and Bengio, 2010)."""
    bound = (6 / (shape.inputs + shape.outputs)) ** 0.5
    return rng.uniform(-bound, bound, shape)


def normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Normal with standard deviation 0.02 (Radford et al., 2015, arXiv:1511.06434)."""
    return rng.normal(0.0, 0.02, shape)


def orthogonal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Orthonormal rows or columns, whichever are fewer (Saxe et al., 2013, arXiv:1312.6120)."""
    tall = rng.normal(size=(max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return q if shape.inputs >= shape.outputs else q.T


INITIALISATIONS: dict[str, Callable[[np.random.Generator, Shape], np.ndarray]] = {
    "he": he,
    "xavier": xavier,
    "normal": normal,
    "orthogonal": orthogonal,
}


# --- the multi-layer perceptron --------------------------------------------------------------------------------------


def unpack(parameters: Tensor, shapes: Sequence[Shape]) -> list[Layer]:
    """Cut flat parameters [seed, P] into layers; each layer is its weights row by row, then its biases."""
    pieces = parameters.split([n for shape in shapes for n in (shape.inputs * shape.outputs, shape.outputs)], dim=1)
    return [
        Layer(weight.view(-1, *shape), bias.unsqueeze(1))
        for shape, weight, bias in zip(shapes, pieces[::2], pieces[1::2], strict=True)
    ]


def affine(layer: Layer, x: Tensor) -> Tensor:
    """x W + b for every seed: [seed, batch, in] -> [seed, batch, out]."""
    return torch.baddbmm(layer.bias, x, layer.weight)


def perceptron(ends: Sequence[int], activation: Activation, initialisation: Initialisation, gain: float) -> Network:
    """Affine maps from `ends[i]` to `ends[i + 1]` units with an activation between; biases start at zero."""
    shapes = [Shape(a, b) for a, b in zip(ends[:-1], ends[1:], strict=True)]
    bend = ACTIVATIONS[activation]
    draw = INITIALISATIONS[initialisation]

    def initial(rng: np.random.Generator) -> np.ndarray:
        return np.concatenate([np.append(gain * draw(rng, shape).ravel(), np.zeros(shape.outputs)) for shape in shapes])

    def forward(layers: Layers, x: Tensor) -> Tensor:
        for layer in layers[:-1]:
            x = bend.apply(affine(layer, x))
        return affine(layers[-1], x)

    def judge(layers: Layers, x: Tensor) -> Judged:
        kept = []
        for layer in layers[:-1]:
            before = affine(layer, x)
            x = bend.apply(before)
            kept.append((before, x))
        outputs = affine(layers[-1], x)

        # The chain rule by hand, from the first output back to the point. Being a plain forward computation, it spares
        # autograd the graph of a graph, and with it about a third of a penalised step.
        def slopes(rows: slice) -> Tensor:
            g = layers[-1].weight[:, :, :1].transpose(1, 2).expand(-1, outputs[:, rows].shape[1], -1)
            for layer, (before, after) in zip(reversed(layers[:-1]), reversed(kept), strict=True):
                g = torch.bmm(bend.slope(before[:, rows], after[:, rows]) * g, layer.weight.transpose(1, 2))
            return g

        return Judged(outputs, slopes)

    return Network(initial, lambda parameters: unpack(parameters, shapes), forward, judge)


# --- latents: what a generator is fed --------------------------------------------------------------------------------

Sampler = Callable[[np.random.Generator, int], np.ndarray]


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


# --- generators ------------------------------------------------------------------------------------------------------


class Generator(NamedTuple):
    """A generator: its body, and how its latents [n, inputs] are drawn, given a sampler of the target."""

    network: Network
    latents: Callable[[np.random.Generator, int, Sampler], np.ndarray]


def mlp_generator(
    *,
    latent: Latent = "normal",
    latent_dim: PositiveInt = 2,
    width: PositiveInt = 64,
    depth: NonNegativeInt = 3,
    activation: Activation = "relu",
    initialisation: Initialisation = "he",
    gain: PositiveFloat = 1.0,
) -> Generator:
    """A perceptron from latents to the plane."""
    body = perceptron([latent_dim, *[width] * depth, 2], activation, initialisation, gain)
    return Generator(body, lambda rng, n, target: LATENTS[latent](rng, n, latent_dim))


def point(*, start: tuple[float, float] = (1.0, 0.0)) -> Generator:
    """One learnable point theta, whatever the latent: Dirac-GAN (Mescheder et al., 2018, arXiv:1801.04406)."""

    def forward(layers: Layers, z: Tensor) -> Tensor:
        return layers[0].bias.expand(-1, z.shape[1], -1)

    return Generator(weightless(np.array(start), forward), lambda rng, n, target: np.zeros((n, 1)))


def shift(*, start: float = 1.0) -> Generator:
    """The line (theta, u) with u uniform on [0, 1] and one learnable theta (Arjovsky et al., 2017, arXiv:1701.07875)."""

    def forward(layers: Layers, z: Tensor) -> Tensor:
        return torch.cat((layers[0].bias.expand(-1, z.shape[1], -1), z), dim=2)

    return Generator(weightless(np.array([start]), forward), lambda rng, n, target: rng.uniform(0.0, 1.0, (n, 1)))


def data_plus_noise(*, std: PositiveFloat = 1.0) -> Generator:
    """The frozen generator x + N(0, std^2 I), x from the target: the critic is studied alone (Gulrajani et al., 2017)."""

    def forward(layers: Layers, z: Tensor) -> Tensor:
        # The sum over no parameters at all is zero, and keeps the generator's move an ordinary one.
        return z + layers[0].bias.sum(dim=2, keepdim=True)

    def latents(rng: np.random.Generator, n: int, target: Sampler) -> np.ndarray:
        return target(rng, n) + std * rng.standard_normal((n, 2))

    return Generator(weightless(np.zeros(0), forward), latents)


def weightless(start: np.ndarray, forward: Callable[[Layers, Tensor], Tensor]) -> Network:
    """A body whose only parameters are one bias that starts at `start`, for every seed alike."""

    def layers(parameters: Tensor) -> list[Layer]:
        return [Layer(parameters.new_zeros(len(parameters), 0, 0), parameters.unsqueeze(1))]

    def judge(layers: Layers, x: Tensor) -> Judged:
        raise TypeError("a generator judges nothing")

    return Network(lambda rng: start, layers, forward, judge)


GENERATORS: dict[str, Callable[..., Generator]] = {
    "mlp": mlp_generator,
    "point": point,
    "shift": shift,
    "data-plus-noise": data_plus_noise,
}


# --- critics ---------------------------------------------------------------------------------------------------------


def mlp_critic(
    outputs: int,
    *,
    width: PositiveInt = 64,
    depth: NonNegativeInt = 3,
    activation: Activation = "relu",
    initialisation: Initialisation = "he",
    gain: PositiveFloat = 1.0,
) -> Network:
    """A perceptron from the plane to the critic's outputs."""
    return perceptron([2, *[width] * depth, outputs], activation, initialisation, gain)


def linear(outputs: int, *, start: tuple[float, float] = (1.0, 0.0), bias: bool = False) -> Network:
    """f(x) = w . x, or w . x + b with `bias`; every output starts at w = `start`, b = 0, for every seed alike."""
    body = perceptron([2, outputs], "relu", "he", 1.0)
    weights = np.repeat(np.array(start), outputs)
    if bias:
        return body._replace(initial=lambda rng: np.append(weights, np.zeros(outputs)))

    def layers(parameters: Tensor) -> list[Layer]:
        return [Layer(parameters.view(-1, 2, outputs), parameters.new_zeros(len(parameters), 1, outputs))]

    return body._replace(initial=lambda rng: weights, layers=layers)


CRITICS: dict[str, Callable[..., Network]] = {
    "mlp": mlp_critic,
    "linear": linear,
}
