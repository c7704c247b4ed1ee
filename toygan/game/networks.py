"""The players' bodies: pure functions of stacked parameters.

A player is one flat tensor of parameters [seed, P], so that an optimiser, an average or a check is one line on one
tensor. A `Network` draws the first parameters of one seed and applies them to points [seed, batch, inputs].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import leaky_relu, silu, softplus

from toygan.game.dials import Dial, over

Activation = Literal["relu", "leaky-relu", "tanh", "silu", "softplus", "groupsort"]
Normalisation = Literal["none", "batch", "layer"]
CriticNormalisation = Literal["none", "batch", "batch-running", "layer"]
Initialisation = Literal["he", "xavier", "normal", "orthogonal", "torch"]


class Layer(NamedTuple):
    """One affine map of every seed: `weight [seed, in, out]`, `bias [seed, 1, out]`; where they are learned or kept, the units'
    lengths, a normalisation's scale, shift, running mean and variance, each `[seed, 1, out]`.
    """

    weight: Tensor
    bias: Tensor
    length: Tensor | None = None
    scale: Tensor | None = None
    shift: Tensor | None = None
    mean: Tensor | None = None
    variance: Tensor | None = None


Layers = Sequence[Layer]
LayersOf = Callable[[Tensor], Layers]


class Response(NamedTuple):
    """A critic's opinion on some points: its `outputs [seed, batch, outputs]` and how they change there.

    `slopes(rows, pull) [seed, rows, d]` is the gradient by each point of its outputs weighed by
    `pull [seed, rows, outputs]`, differentiable by the critic's parameters.
    """

    outputs: Tensor
    slopes: Callable[[slice, Tensor], Tensor]


class Pair(NamedTuple):
    """A critic's opinion on a real and a generated batch: outputs of each [seed, batch, outputs], and their slopes by pull."""

    r: Tensor
    g: Tensor
    real_slopes: Callable[[Tensor], Tensor]
    fake_slopes: Callable[[Tensor], Tensor]


class Network(NamedTuple):
    """A player's body: first parameters of one seed [P], and the ways to use its layers.

    `judge_both(layers, real, fake)` is what a critic move needs. `settled(layers, points)` is a judge whose statistics,
    if it has any, are those of `points` from then on, or its running ones. `note(parameters, layers, batches)` is the
    parameters after a move, with running statistics that have seen the move's batches; most bodies keep none. `heads`
    are the outputs of its own, by name, behind those that it was made for.
    """

    initial: Callable[[np.random.Generator], np.ndarray]
    layers: Callable[[Tensor], Layers]
    forward: Callable[[Layers, Tensor], Tensor]
    judge: Callable[[Layers, Tensor], Response]
    judge_both: Callable[[Layers, Tensor, Tensor], Pair]
    settled: Callable[[Layers, Tensor], Callable[[Tensor], Response]]
    note: Callable[[Tensor, Callable[[], Layers], Sequence[Tensor]], Tensor] = lambda own, layers, batches: own
    heads: Mapping[str, int] = {}


def network(
    initial: Callable[[np.random.Generator], np.ndarray],
    layers: Callable[[Tensor], Layers],
    forward: Callable[[Layers, Tensor], Tensor],
    judge: Callable[[Layers, Tensor], Response] | None = None,
) -> Network:
    """A body whose every point is judged by itself, so that both batches can go through it in one pass."""
    opinion = judge or by_autograd(forward)

    def judge_both(layers: Layers, real: Tensor, fake: Tensor) -> Pair:
        n = real.shape[1]
        both = opinion(layers, torch.cat((real, fake), dim=1))
        first, second = slice(None, n), slice(n, None)
        r, g = both.outputs[:, first], both.outputs[:, second]
        return Pair(r, g, partial(both.slopes, first), partial(both.slopes, second))

    return Network(initial, layers, forward, opinion, judge_both, lambda layers, points: partial(opinion, layers))


def by_autograd(forward: Callable[[Layers, Tensor], Tensor]) -> Callable[[Layers, Tensor], Response]:
    """A judge whose slopes are autograd's, for bodies without a chain rule of their own."""

    def judge(layers: Layers, x: Tensor) -> Response:
        with torch.enable_grad():
            # Points that depend on the generator stay so: some rules differentiate a critic's move by it.
            x = x if x.requires_grad else x.detach().requires_grad_()
            outputs = forward(layers, x)

        def slopes(rows: slice, pull: Tensor) -> Tensor:
            with torch.enable_grad():
                return torch.autograd.grad(outputs[:, rows], x, pull, create_graph=True)[0][:, rows]

        return Response(outputs, slopes)

    return judge


class LayerShape(NamedTuple):
    """Inputs and outputs of one layer."""

    inputs: int
    outputs: int

    @property
    def size(self) -> int:
        """How many parameters: weights and biases."""
        return (self.inputs + 1) * self.outputs


# --- activations: the function, and its derivative seen from the output (which keeps one tensor instead of two) -------


class Bend(NamedTuple):
    """An activation y = a(x) with a'(x) as a function of (x, y); None where a does not act on each unit by itself."""

    apply: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor] | None


def silu_slope(x: Tensor, y: Tensor) -> Tensor:
    """With s = sigmoid(x): s + y (1 - s)."""
    s = x.sigmoid()
    return s + y * (1 - s)


def groupsort(x: Tensor) -> Tensor:
    """Units in pairs, each in rising order; an odd last unit is left alone (Anil et al., 2018, arXiv:1811.05381)."""
    even = x.shape[-1] // 2 * 2
    pairs = x[..., :even].unflatten(-1, (-1, 2))
    ordered = torch.stack((pairs.amin(dim=-1), pairs.amax(dim=-1)), dim=-1).flatten(-2)
    return torch.cat((ordered, x[..., even:]), dim=-1)


ACTIVATIONS: dict[str, Bend] = {
    "relu": Bend(torch.relu, lambda x, y: y.detach().sign()),  # constant almost everywhere, hence detached
    "leaky-relu": Bend(lambda x: leaky_relu(x, 0.2), lambda x, y: y.detach().sign().clamp(min=0.2)),
    "tanh": Bend(torch.tanh, lambda x, y: 1 - y * y),
    "silu": Bend(silu, silu_slope),
    "softplus": Bend(softplus, lambda x, y: x.sigmoid()),
    "groupsort": Bend(groupsort, None),
}


# --- first parameters ------------------------------------------------------------------------------------------------


def he(rng: np.random.Generator, shape: LayerShape) -> np.ndarray:
    """Uniform with variance 2 / inputs (He et al., 2015, arXiv:1502.01852)."""
    bound = (6 / shape.inputs) ** 0.5
    return rng.uniform(-bound, bound, shape)


def xavier(rng: np.random.Generator, shape: LayerShape) -> np.ndarray:
    """Uniform with variance 2 / (inputs + outputs) (Glorot and Bengio, 2010)."""
    bound = (6 / (shape.inputs + shape.outputs)) ** 0.5
    return rng.uniform(-bound, bound, shape)


def normal(rng: np.random.Generator, shape: LayerShape) -> np.ndarray:
    """Normal with standard deviation 0.02 (Radford et al., 2015, arXiv:1511.06434)."""
    return rng.normal(0.0, 0.02, shape)


def orthogonal(rng: np.random.Generator, shape: LayerShape) -> np.ndarray:
    """Orthonormal rows or columns, whichever are fewer (Saxe et al., 2013, arXiv:1312.6120)."""
    tall = rng.normal(size=(max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return q if shape.inputs >= shape.outputs else q.T


def torchs(rng: np.random.Generator, shape: LayerShape) -> np.ndarray:
    """Uniform within 1 / sqrt(inputs), and biases too (what torch does to a linear layer that nobody initialises)."""
    bound = shape.inputs**-0.5
    return rng.uniform(-bound, bound, shape)


INITIALISATIONS: dict[str, Callable[[np.random.Generator, LayerShape], np.ndarray]] = {
    "he": he,
    "xavier": xavier,
    "normal": normal,
    "orthogonal": orthogonal,
    "torch": torchs,
}


def no_biases(rng: np.random.Generator, shape: LayerShape) -> np.ndarray:
    """First biases [outputs] of zero, as most have it."""
    return np.zeros(shape.outputs)


# First biases where an initialisation has its own.
BIASES: dict[str, Callable[[np.random.Generator, LayerShape], np.ndarray]] = {
    "torch": lambda rng, shape: torchs(rng, shape)[0],
}


# --- the multi-layer perceptron --------------------------------------------------------------------------------------


def unpack(parameters: Tensor, shapes: Sequence[LayerShape]) -> list[Layer]:
    """Cut flat parameters [seed, P] into layers, each its weights row by row, then its biases; the rest is somebody else's."""
    sizes = [n for shape in shapes for n in (shape.inputs * shape.outputs, shape.outputs)]
    pieces = parameters.split([*sizes, parameters.shape[1] - sum(sizes)], dim=1)[:-1]
    return [
        Layer(weight.view(-1, *shape), bias.unsqueeze(1))
        for shape, weight, bias in zip(shapes, pieces[::2], pieces[1::2], strict=True)
    ]


def affine(layer: Layer, x: Tensor) -> Tensor:
    """x W + b for every seed: [seed, batch, in] -> [seed, batch, out]."""
    return torch.baddbmm(layer.bias, x, layer.weight)


class Body(NamedTuple):
    """What the hidden layers are made of."""

    width: int
    depth: int
    activation: Activation
    normalisation: CriticNormalisation
    initialisation: Initialisation
    gain: float
    momentum: Dial = 0.1


def first_parameters(shapes: Sequence[LayerShape], body: Body, rng: np.random.Generator) -> np.ndarray:
    """Every layer's weights times `gain`, and its biases, one layer after the other: [P]; a batch norm's shift starts at 0."""
    weights, last = INITIALISATIONS[body.initialisation], BIASES.get(body.initialisation, no_biases)
    hidden = no_biases if body.normalisation.startswith("batch") else last
    drawn = zip(shapes, [*[hidden] * (len(shapes) - 1), last], strict=True)
    each = [np.append(body.gain * weights(rng, shape).ravel(), bias(rng, shape)) for shape, bias in drawn]
    return np.concatenate(each)


def perceptron(inputs: int, outputs: int, body: Body) -> Network:
    """Affine maps with `depth` hidden layers between; `first_parameters` says how they start, but see `with_scales`."""
    ends = [inputs, *[body.width] * body.depth, outputs]
    shapes = [LayerShape(a, b) for a, b in pairwise(ends)]
    bend, initial = ACTIVATIONS[body.activation], partial(first_parameters, shapes, body)

    def layers(parameters: Tensor) -> list[Layer]:
        return unpack(parameters, shapes)

    if body.normalisation == "batch":
        return batch_normalised(*with_scales(initial, layers, shapes), bend)
    if body.normalisation == "batch-running":
        return with_running(batch_normalised(*with_scales(initial, layers, shapes), bend), bend, body.momentum)
    if body.normalisation == "layer":
        learned = with_scales(initial, layers, shapes, inner_bias=True)
        return network(*learned, partial(normalised_forward, bend, layer_normalised))
    return network(initial, layers, partial(plain_forward, bend), partial(plain_judge, bend) if bend.slope else None)


def plain_forward(bend: Bend, layers: Layers, x: Tensor) -> Tensor:
    """Affine, activation, ..., affine: [seed, batch, inputs] -> [seed, batch, outputs]."""
    return normalised_forward(bend, affine, layers, x)


def plain_judge(bend: Bend, layers: Layers, x: Tensor) -> Response:
    """The same, with slopes by the chain rule written out: no graph of a graph for autograd, a third of a penalised step."""
    assert bend.slope, "only activations that act on each unit by itself have a chain rule here"
    slope, kept = bend.slope, []
    for layer in layers[:-1]:
        before = affine(layer, x)
        x = bend.apply(before)
        kept.append((before, x))

    def slopes(rows: slice, pull: Tensor) -> Tensor:
        g = torch.bmm(pull, layers[-1].weight.transpose(1, 2))
        for layer, (before, after) in zip(reversed(layers[:-1]), reversed(kept), strict=True):
            g = torch.bmm(slope(before[:, rows], after[:, rows]) * g, layer.weight.transpose(1, 2))
        return g

    return Response(affine(layers[-1], x), slopes)


# --- normalised perceptrons ------------------------------------------------------------------------------------------

EPSILON = 1e-5  # added to variances

Norm = Callable[[Tensor], Tensor]


def standardised(dim: int, x: Tensor) -> Tensor:
    """Zero mean and unit variance along one axis of x [seed, batch, units]."""
    variance, mean = torch.var_mean(x, dim=dim, keepdim=True, correction=0)
    return (x - mean) / (variance + EPSILON).sqrt()


batch_norm: Norm = partial(standardised, 1)  # each unit over a seed's batch (Ioffe and Szegedy, 2015, arXiv:1502.03167)
layer_norm: Norm = partial(standardised, 2)  # one point's units, never the batch (Ba et al., 2016, arXiv:1607.06450)


def layer_normalised(layer: Layer, x: Tensor) -> Tensor:
    """LN(x W + b) times scale plus shift: a linear layer and then a layer norm.

    The bias must be within. Ba et al. write it behind the norm of x W alone; a point and its double then look the same
    to the first layer, f(2x) = f(x), and a critic on the plane sees nothing but the angle.
    """
    return scaled(layer, layer_norm(affine(layer, x)))


def batch_unit(norm: Norm, layer: Layer, x: Tensor) -> Tensor:
    """BN(x W) times scale plus bias: within the norm the mean would take a bias away, so the layer's own is the shift."""
    return scaled(layer, norm(torch.bmm(x, layer.weight))) + layer.bias


def scaled(layer: Layer, x: Tensor) -> Tensor:
    """Times the scale and plus the shift that the layer learns, if it does."""
    x = x if layer.scale is None else x * layer.scale
    return x if layer.shift is None else x + layer.shift


def normalised_forward(bend: Bend, hidden: Callable[[Layer, Tensor], Tensor], layers: Layers, x: Tensor) -> Tensor:
    """As `plain_forward`, with `hidden(layer, x)` in place of the affine maps before activations."""
    for layer in layers[:-1]:
        x = bend.apply(hidden(layer, x))
    return affine(layers[-1], x)


FirstOf = Callable[[np.random.Generator], np.ndarray]


def with_scales(
    initial: FirstOf, layers: LayersOf, shapes: Sequence[LayerShape], inner_bias: bool = False
) -> tuple[FirstOf, LayersOf]:
    """First parameters and layers with a scale for each hidden unit, which starts at 1.

    With `inner_bias` each also has a shift behind the norm, which starts at 0, and its bias before the norm starts as
    is usual for linear layers, uniform within 1 / sqrt(inputs): at zero the first layer would not see the radius.
    """
    hidden, size = shapes[:-1], sum(shape.size for shape in shapes)
    widths = [shape.outputs for shape in hidden] * (2 if inner_bias else 1)

    def first(rng: np.random.Generator) -> np.ndarray:
        parameters, units = initial(rng), sum(shape.outputs for shape in hidden)
        if inner_bias:
            for layer, shape in zip(layers(torch.from_numpy(parameters)[None]), hidden, strict=False):
                layer.bias.copy_(torch.from_numpy(rng.uniform(-1.0, 1.0, shape.outputs) / shape.inputs**0.5))
        return np.concatenate((parameters, np.ones(units), np.zeros(sum(widths) - units)))

    def with_learned(parameters: Tensor) -> list[Layer]:
        inner = list(layers(parameters))
        pieces = [piece.unsqueeze(1) for piece in parameters[:, size : size + sum(widths)].split(widths, dim=1)]
        scales, shifts = pieces[: len(hidden)], pieces[len(hidden) :] or [None] * len(hidden)
        learned = zip(inner, scales, shifts, strict=False)
        return [*(layer._replace(scale=scale, shift=shift) for layer, scale, shift in learned), inner[-1]]

    return first, with_learned


def apart(judge: Callable[[Layers, Tensor], Response], layers: Layers, real: Tensor, fake: Tensor) -> Pair:
    """Two clouds judged one after the other, where a point is not judged by itself alone."""
    on_real, on_fake = judge(layers, real), judge(layers, fake)
    every = slice(None)
    return Pair(on_real.outputs, on_fake.outputs, partial(on_real.slopes, every), partial(on_fake.slopes, every))


def batch_normalised(initial: FirstOf, layers: LayersOf, bend: Bend) -> Network:
    """A perceptron with batch norm, real and generated batches apart; a settled judge keeps the statistics it was settled on."""
    forward = partial(normalised_forward, bend, partial(batch_unit, batch_norm))
    judge = by_autograd(forward)

    def settled(layers: Layers, points: Tensor) -> Callable[[Tensor], Response]:
        return judge_by(statistics_of(bend, layers, points, 0), bend, layers)

    return Network(initial, layers, forward, judge, partial(apart, judge), settled)


Statistics = list[tuple[Tensor, Tensor]]  # variance and mean of each hidden layer's units, each [seed, 1, out]


def statistics_of(bend: Bend, layers: Layers, points: Tensor, correction: int) -> Statistics:
    """What batch norm divides by and takes away on these points, layer by layer."""
    statistics: Statistics = []

    def noting(x: Tensor) -> Tensor:
        statistics.append(torch.var_mean(x, dim=1, keepdim=True, correction=correction))
        return batch_norm(x)

    normalised_forward(bend, partial(batch_unit, noting), layers, points)
    return statistics


def judge_by(statistics: Statistics, bend: Bend, layers: Layers) -> Callable[[Tensor], Response]:
    """A judge of each point alone, batch norm's statistics being these."""

    def with_noted(layers: Layers, x: Tensor) -> Tensor:
        noted = iter(statistics)

        def norm(x: Tensor) -> Tensor:
            variance, mean = next(noted)
            return (x - mean) / (variance + EPSILON).sqrt()

        return normalised_forward(bend, partial(batch_unit, norm), layers, x)

    return partial(by_autograd(with_noted), layers)


def with_running(base: Network, bend: Bend, momentum: Dial) -> Network:
    """Batch norm that learns by each batch's own statistics, and is looked at with their running averages.

    Mean and variance (of n - 1) start at 0 and 1; of each move's batches, real and then generated, they take `momentum`.
    They stand behind the learned parameters, where no gradient reaches them.
    """
    size = len(base.initial(np.random.default_rng(0)))

    def initial(rng: np.random.Generator) -> np.ndarray:
        first = base.initial(rng)
        units = sum(layer.bias.shape[2] for layer in base.layers(torch.from_numpy(first)[None])[:-1])
        return np.concatenate((first, np.zeros(units), np.ones(units)))

    def layers(parameters: Tensor) -> list[Layer]:
        inner = base.layers(parameters)
        widths = [layer.bias.shape[2] for layer in inner[:-1]]
        pieces = parameters[:, size : size + 2 * sum(widths)].detach().unsqueeze(1).split(widths * 2, dim=2)
        kept = zip(inner, pieces[: len(widths)], pieces[len(widths) :], strict=False)
        return [*(layer._replace(mean=mean, variance=variance) for layer, mean, variance in kept), inner[-1]]

    def settled(layers: Layers, points: Tensor) -> Callable[[Tensor], Response]:
        return judge_by(running_of(layers), bend, layers)

    def note(parameters: Tensor, layers: Callable[[], Layers], batches: Sequence[Tensor]) -> Tensor:
        used, fresh = layers(), partial(fresher, momentum)
        kept = running_of(used)
        for points in batches:
            seen = statistics_of(bend, used, points, correction=min(1, points.shape[1] - 1))
            kept = [(fresh(*variances), fresh(*means)) for variances, means in map(zip, kept, seen)]
        news = [*(mean for _, mean in kept), *(variance for variance, _ in kept)]
        rest = parameters[:, size + sum(one.shape[2] for one in news) :]
        return torch.cat((parameters[:, :size], *(one.squeeze(1).detach() for one in news), rest), dim=1)

    return base._replace(initial=initial, layers=layers, settled=settled, note=note)


def fresher(momentum: Dial, old: Tensor, new: Tensor) -> Tensor:
    """A running average that has seen one more batch, which weighs `momentum`."""
    return torch.lerp(old, new, over(momentum, old))


def running_of(layers: Layers) -> Statistics:
    """The running variance and mean of the layers that keep them."""
    return [(layer.variance, layer.mean) for layer in layers if layer.variance is not None and layer.mean is not None]


def with_lengths(base: Network) -> Network:
    """The same body with one more parameter for each unit, its length, which starts as the norm of its weights."""

    def layers(parameters: Tensor) -> list[Layer]:
        sizes = [layer.bias.shape[2] for layer in base.layers(parameters)]
        inner, outer = parameters[:, : -sum(sizes)], parameters[:, -sum(sizes) :].split(sizes, dim=1)
        pairs = zip(base.layers(inner), outer, strict=True)
        return [layer._replace(length=length.unsqueeze(1)) for layer, length in pairs]

    def initial(rng: np.random.Generator) -> np.ndarray:
        first = base.initial(rng)
        norms = [layer.weight.norm(dim=1).flatten() for layer in base.layers(torch.from_numpy(first)[None])]
        return np.append(first, torch.cat(norms).numpy())

    return base._replace(initial=initial, layers=layers)
