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
FirstOf = Callable[[np.random.Generator], np.ndarray]
Pair = tuple["Response", "Response"]  # a critic's opinions on a real and a generated batch
Statistics = list[tuple[Tensor, Tensor]]  # variance and mean of each hidden layer's units, each [seed, 1, out]
EPSILON = 1e-5  # added to variances


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

    `slopes(pull) [seed, batch, d]` is the gradient by each point of its outputs weighed by `pull [seed, batch, outputs]`,
    differentiable by the critic's parameters; or of some `rows` of the batch alone.
    """

    outputs: Tensor
    slopes: Callable[..., Tensor]


class Network(NamedTuple):
    """A player's body: first parameters of one seed [P], and the ways to use its layers.

    `judge_both(layers, real, fake)` is what a critic move needs, an opinion on each. `settled(layers, points)` is a judge
    whose statistics, if it has any, are those of `points` from then on, or its running ones.
    `note(parameters, layers, batches)` is the parameters after a move, with running statistics that have seen the move's
    batches; most bodies keep none. `heads` are the outputs of its own, by name, behind those that it was made for.
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
        n, both = real.shape[1], opinion(layers, torch.cat((real, fake), dim=1))
        r, g = (Response(both.outputs[:, rows], partial(both.slopes, rows=rows)) for rows in (slice(n), slice(n, None)))
        return r, g

    return Network(initial, layers, forward, opinion, judge_both, lambda layers, points: partial(opinion, layers))


def by_autograd(forward: Callable[[Layers, Tensor], Tensor]) -> Callable[[Layers, Tensor], Response]:
    """A judge whose slopes are autograd's, for bodies without a chain rule of their own."""

    def judge(layers: Layers, x: Tensor) -> Response:
        with torch.enable_grad():
            # Points that depend on the generator stay so: some rules differentiate a critic's move by it.
            x = x if x.requires_grad else x.detach().requires_grad_()
            outputs = forward(layers, x)

        def slopes(pull: Tensor, rows: slice = slice(None)) -> Tensor:
            with torch.enable_grad():
                return torch.autograd.grad(outputs[:, rows], x, pull, create_graph=True)[0][:, rows]

        return Response(outputs, slopes)

    return judge


class LayerShape(NamedTuple):
    """Inputs and outputs of one layer."""

    inputs: int
    outputs: int


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
WITH_BIASES = ("torch",)  # those that draw biases too, as they draw one input's weights; others start them at zero


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
    """Every layer's weights times `gain`, and its biases, one layer after the other: [P]; a batch norm's shift starts at 0.

    Biases before a layer norm start as is usual for linear layers, uniform within 1 / sqrt(inputs): at zero the first layer
    would not see the radius.
    """
    weights, draws_biases = INITIALISATIONS[body.initialisation], body.initialisation in WITH_BIASES
    shifted = [body.normalisation.startswith("batch")] * (len(shapes) - 1)
    each = []
    for shape, is_shift in zip(shapes, [*shifted, False], strict=True):
        own = body.gain * weights(rng, shape).ravel()
        each.append((own, weights(rng, shape)[0] if draws_biases and not is_shift else np.zeros(shape.outputs)))
    if body.normalisation == "layer":
        for i, shape in enumerate(shapes[:-1]):
            each[i] = each[i][0], rng.uniform(-1.0, 1.0, shape.outputs) / shape.inputs**0.5
    return np.concatenate([numbers for layer in each for numbers in layer])


def perceptron(inputs: int, outputs: int, body: Body) -> Network:
    """Affine maps with `depth` hidden layers between; `first_parameters` says how they start."""
    widths = [body.width] * body.depth
    shapes = [LayerShape(a, b) for a, b in pairwise([inputs, *widths, outputs])]
    size, bend = sum((a + 1) * b for a, b in shapes), ACTIVATIONS[body.activation]
    initial, layers = partial(first_parameters, shapes, body), partial(unpack, shapes=shapes)
    if body.normalisation == "none":
        judge = partial(plain_judge, bend) if bend.slope else None
        return network(initial, layers, partial(plain_forward, bend), judge)
    if body.normalisation == "layer":
        learned = with_units(initial, layers, widths, size, scale=1.0, shift=0.0)
        return network(*learned, partial(plain_forward, bend, hidden=layer_normalised))
    plain = batch_normalised(*with_units(initial, layers, widths, size, scale=1.0), bend)
    is_running = body.normalisation == "batch-running"
    return with_running(plain, widths, size + sum(widths), bend, body.momentum) if is_running else plain


def plain_forward(bend: Bend, layers: Layers, x: Tensor, hidden: Callable[[Layer, Tensor], Tensor] = affine) -> Tensor:
    """Affine, activation, ..., affine: [seed, batch, inputs] -> [seed, batch, outputs]; or `hidden` before activations."""
    for layer in layers[:-1]:
        x = bend.apply(hidden(layer, x))
    return affine(layers[-1], x)


def plain_judge(bend: Bend, layers: Layers, x: Tensor) -> Response:
    """The same, with slopes by the chain rule written out: no graph of a graph for autograd, a third of a penalised step."""
    assert bend.slope, "only activations that act on each unit by itself have a chain rule here"
    slope, kept = bend.slope, []
    for layer in layers[:-1]:
        before = affine(layer, x)
        x = bend.apply(before)
        kept.append((before, x))

    def slopes(pull: Tensor, rows: slice = slice(None)) -> Tensor:
        g = torch.bmm(pull, layers[-1].weight.transpose(1, 2))
        for layer, (before, after) in zip(reversed(layers[:-1]), reversed(kept), strict=True):
            g = torch.bmm(slope(before[:, rows], after[:, rows]) * g, layer.weight.transpose(1, 2))
        return g

    return Response(affine(layers[-1], x), slopes)


def standardised(x: Tensor, variance: Tensor, mean: Tensor) -> Tensor:
    """With such statistics zero mean and unit variance."""
    return (x - mean) / (variance + EPSILON).sqrt()


def normed(x: Tensor, dim: int) -> Tensor:
    """Zero mean and unit variance along one axis of x [seed, batch, units]."""
    return standardised(x, *torch.var_mean(x, dim=dim, keepdim=True, correction=0))


def layer_normalised(layer: Layer, x: Tensor) -> Tensor:
    """LN(x W + b) times scale plus shift: a linear layer and then a layer norm, of one point's units (Ba et al., 2016,
    arXiv:1607.06450).

    The bias must be within. Ba et al. write it behind the norm of x W alone; a point and its double then look the same
    to the first layer, f(2x) = f(x), and a critic on the plane sees nothing but the angle.
    """
    return scaled(layer, normed(affine(layer, x), dim=2))


def batch_unit(norm: Callable[[Tensor], Tensor], layer: Layer, x: Tensor) -> Tensor:
    """norm(x W) times scale plus bias, the norm over a seed's batch, or with statistics settled or running (Ioffe and Szegedy,
    2015, arXiv:1502.03167): within the norm the mean would take a bias away, so the layer's own is the shift.
    """
    return scaled(layer, norm(torch.bmm(x, layer.weight))) + layer.bias


def scaled(layer: Layer, x: Tensor) -> Tensor:
    """Times the scale and plus the shift that the layer learns, if it does."""
    x = x if layer.scale is None else x * layer.scale
    return x if layer.shift is None else x + layer.shift


def with_units(
    initial: FirstOf, layers: LayersOf, widths: Sequence[int], size: int, **starts: float
) -> tuple[FirstOf, LayersOf]:
    """First parameters and layers with more numbers for each hidden unit, fields of a `Layer` by name with where they start; they
    stand behind so many other parameters.
    """
    units = sum(widths)

    def first(rng: np.random.Generator) -> np.ndarray:
        return np.concatenate((initial(rng), *(np.full(units, start) for start in starts.values())))

    def with_more(parameters: Tensor) -> list[Layer]:
        *inner, last = layers(parameters)
        own = parameters[:, size : size + units * len(starts)].unsqueeze(1)
        pieces = own.split([*widths] * len(starts), dim=2)
        more = [dict(zip(starts, pieces[i :: len(widths)], strict=True)) for i in range(len(widths))]
        return [*(layer._replace(**numbers) for layer, numbers in zip(inner, more, strict=True)), last]

    return first, with_more


def apart(judge: Callable[[Layers, Tensor], Response], layers: Layers, real: Tensor, fake: Tensor) -> Pair:
    """Two clouds judged one after the other, where a point is not judged by itself alone."""
    return judge(layers, real), judge(layers, fake)


def batch_normalised(initial: FirstOf, layers: LayersOf, bend: Bend) -> Network:
    """A perceptron with batch norm, real and generated batches apart; a settled judge keeps the statistics it was settled on."""
    forward = partial(plain_forward, bend, hidden=partial(batch_unit, partial(normed, dim=1)))
    judge = by_autograd(forward)

    def settled(layers: Layers, points: Tensor) -> Callable[[Tensor], Response]:
        return judge_by(statistics_of(bend, layers, points, 0), bend, layers)

    return Network(initial, layers, forward, judge, partial(apart, judge), settled)


def statistics_of(bend: Bend, layers: Layers, points: Tensor, correction: int) -> Statistics:
    """What batch norm divides by and takes away on these points, layer by layer."""
    statistics: Statistics = []

    def noting(x: Tensor) -> Tensor:
        statistics.append(torch.var_mean(x, dim=1, keepdim=True, correction=correction))
        return normed(x, dim=1)

    plain_forward(bend, layers, points, partial(batch_unit, noting))
    return statistics


def judge_by(statistics: Statistics, bend: Bend, layers: Layers) -> Callable[[Tensor], Response]:
    """A judge of each point alone, batch norm's statistics being these."""

    def with_noted(layers: Layers, x: Tensor) -> Tensor:
        noted = iter(statistics)
        return plain_forward(bend, layers, x, partial(batch_unit, lambda x: standardised(x, *next(noted))))

    return partial(by_autograd(with_noted), layers)


def with_running(base: Network, widths: Sequence[int], size: int, bend: Bend, momentum: Dial) -> Network:
    """Batch norm that learns by each batch's own statistics, and is looked at with their running averages.

    Mean and variance (of n - 1) start at 0 and 1; of each move's batches, real and then generated, they take `momentum`.
    They stand behind the learned parameters, where no gradient reaches them.
    """
    initial, layers = with_units(base.initial, base.layers, widths, size, mean=0.0, variance=1.0)

    def fresh(old: Tensor, new: Tensor) -> Tensor:
        return torch.lerp(old, new, over(momentum, old))

    def settled(layers: Layers, points: Tensor) -> Callable[[Tensor], Response]:
        return judge_by(running_of(layers), bend, layers)

    def note(parameters: Tensor, layers: Callable[[], Layers], batches: Sequence[Tensor]) -> Tensor:
        used = layers()
        kept = running_of(used)
        for points in batches:
            seen = statistics_of(bend, used, points, correction=min(1, points.shape[1] - 1))
            kept = [(fresh(*variances), fresh(*means)) for variances, means in map(zip, kept, seen)]
        news = [*(mean for _, mean in kept), *(variance for variance, _ in kept)]
        rest = parameters[:, size + 2 * sum(widths) :]
        return torch.cat((parameters[:, :size], *(one.squeeze(1).detach() for one in news), rest), dim=1)

    return base._replace(initial=initial, layers=layers, settled=settled, note=note)


def running_of(layers: Layers) -> Statistics:
    """The running variance and mean of the layers that keep them."""
    kept = [(layer.variance, layer.mean) for layer in layers]
    return [(variance.detach(), mean.detach()) for variance, mean in kept if variance is not None and mean is not None]


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
