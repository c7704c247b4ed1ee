"""A user's own generator and critic: a `torch.nn.Module` of one seed as a body of stacked parameters, which the game can move.

Named is its class, or a function that returns it. Every seed's module starts under numbers of that seed's own stream; of what
is not learned, buffers and frozen parameters, all seeds have the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache, partial, wraps
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.func import functional_call, replace_all_batch_norm_modules_, vmap

from toygan.files.mistakes import UserError
from toygan.files.own import Code, blaming, called_as, in_words, is_fixed, parameters, wrong_shape
from toygan.files.samplers import reseed, streams_restored
from toygan.game.networks import Layer, Layers, Network, apart, by_autograd
from toygan.game.players import LATENTS, Generator, Latent

# What the numbers of inputs and outputs are called in people's code.
INPUTS = ("inputs", "in_dim", "input_dim", "dim", "d", "in_features", "input_size")
OUTPUTS = ("outputs", "out_dim", "output_dim", "out_features", "output_size", "n_out")
POINTS = ("data_dim", "x_dim")
FED = ("latent_dim", "z_dim", "zdim", "nz", "noise_dim", "dim_z", "d_z", "latent_size", "noise_size", "z_size",
       "latent")  # fmt: skip
ENDS = {"generator": ((*FED, *INPUTS), (*OUTPUTS, *POINTS)), "critic": ((*INPUTS, *POINTS), OUTPUTS)}
OptionItems = tuple[tuple[str, Any], ...]
TAKE_ENDS = "let it take its ends: def NAME(inputs, outputs), or __init__(self, in_dim, out_dim)"
SEEDS, N = 2, 6
NO_STATE = "spectral norm is a constraint here: -m hinge+spectral-norm"
NO_CHANCE = "leave dropout and noise out"
ALONE = 'use LayerNorm or GroupNorm; the shipped critic plays with normalisation = "batch"'


def own_latents(*, latent: Latent = "normal", latent_dim: PositiveInt = 2) -> None:
    """The options that every generator of one's own has: what it is fed."""


# --- from a class or a function to a row -------------------------------------------------------------------------------


@cache
def making(code: Code, part: str) -> Code:
    """A class or a function that makes a module, whatever it calls its ends, as a function (inputs, outputs) with its own
    options. UserError for a module that is made already, and for an argument that says nothing.
    """
    if isinstance(code.function, nn.Module):
        wrong = "is a module that is made already, from whose weights every seed would start"
        raise code.fault(wrong, "name its class, or a function that returns it")
    asked = dict(parameters(code))
    ends = [next((name for name in asked if name.lower() in words), None) for words in ENDS[part]]
    own = [one for name, one in asked.items() if name not in ends and one.kind is not one.VAR_POSITIONAL]
    if untold := next((one.name for one in own if is_fixed(one) and one.annotation is one.empty), None):
        raise wrong_shape(code, part, f"what is {untold!r}?")

    begin = inspect.getattr_static(code.function, "__init__") if isinstance(code.function, type) else code.function

    @wraps(begin)  # whose annotations are those of the options
    def make(inputs: int, outputs: int, **options: Any) -> Any:
        return code.function(**{name: n for name, n in zip(ends, (inputs, outputs), strict=True) if name}, **options)

    return called_as(code, part, make, [one for one in own if one.kind is not one.VAR_KEYWORD])


def own_critic(code: Code, inputs: int, outputs: int, /, **options: Any) -> Network:
    """A user's own critic."""
    return network_of(code, "critic", inputs, outputs, tuple(options.items()))


def own_generator(code: Code, /, *, latent: Latent, latent_dim: int, **options: Any) -> Generator:
    """A user's own generator, and what it is fed."""
    body = partial(network_of, code, "generator", options=tuple(options.items()))

    def widened(codes: int) -> Network:
        return body(codes + latent_dim, 2)

    return Generator(widened(0), lambda rng, n, target: LATENTS[latent](rng, n, latent_dim), widened, body)


# --- from a module to a body -------------------------------------------------------------------------------------------


class Map(NamedTuple):
    """A linear map of a module: what its parameters are called before `weight` and `bias`, its ends, whether it learns a bias."""

    name: str
    inputs: int
    outputs: int
    biased: bool

    @property
    def learned(self) -> list[str]:
        """What its parameters are called that stand in a flat vector."""
        return [f"{self.name}weight", f"{self.name}bias"][: 1 + self.biased]


class Lent(NamedTuple):
    """A module that lends its forward pass, and its parameters as they follow each other in a flat vector [P]: its linear maps',
    then by name and shape the rest. `constants` are not learned.
    """

    code: Code
    module: nn.Module
    maps: tuple[Map, ...]
    rest: Mapping[str, torch.Size]
    constants: Mapping[str, Tensor]
    outputs: int


@cache
def network_of(code: Code, part: str, inputs: int, outputs: int, options: OptionItems) -> Network:
    """The body of a user's module with so many inputs and outputs. UserError, with the line, where it cannot play."""

    def made() -> nn.Module:
        with blaming(code.file):
            module = code.function(inputs, outputs, **dict(options))
        if not isinstance(module, nn.Module):
            raise wrong_shape(code, part, f"it returns {in_words(module)}")
        return module

    def initial(rng: np.random.Generator) -> np.ndarray:
        with streams_restored(int(rng.integers(2**31))):
            return flat(body, made())

    with streams_restored(0):
        body = body_of(code, made(), outputs)
        at_once = tried(body, part, inputs)
    layers, forward = partial(layers_of, body), partial(played, body, at_once)
    judge = by_autograd(forward)
    return Network(
        initial, layers, forward, judge, partial(apart, judge), lambda layers, points: partial(judge, layers)
    )


def body_of(code: Code, module: nn.Module, outputs: int) -> Lent:
    """A module as it lends itself: it trains, its batch norms keep no averages, and all its linear maps have biases."""
    replace_all_batch_norm_modules_(module.train())
    learned = {name: one.shape for name, one in module.named_parameters() if one.requires_grad}
    if not learned:
        hint = "layers are attributes of the module, several of them in nn.Sequential or nn.ModuleList"
        raise code.fault("has no parameters that torch knows of, and cannot learn", hint)
    constants = {name: one.detach() for name, one in module.named_parameters() if name not in learned}
    constants |= {name: one.clone() for name, one in module.named_buffers()}
    maps = []
    for name, one in module.named_modules(prefix=""):
        before = f"{name}." if name else ""
        if isinstance(one, nn.Linear) and f"{before}weight" in learned:
            maps.append(Map(before, one.in_features, one.out_features, f"{before}bias" in learned))
            if one.bias is None:
                one.bias = nn.Parameter(torch.zeros(one.out_features))
    in_maps = {name for one in maps for name in one.learned}
    rest = {name: shape for name, shape in learned.items() if name not in in_maps}
    return Lent(code, module, tuple(maps), rest, constants, outputs)


def flat(body: Lent, module: nn.Module) -> np.ndarray:
    """The parameters of a module as they follow each other [P]; a map's weights stand as in `Layer`, [in, out]."""
    named = dict(module.named_parameters())
    parts = [named[name].t() for one in body.maps for name in one.learned] + [named[name] for name in body.rest]
    return np.concatenate([one.detach().double().numpy().ravel() for one in parts])


def layers_of(body: Lent, parameters: Tensor) -> list[Layer]:
    """The linear maps of flat parameters [seed, P], in the module's order; the last one carries the rest as its `scale`, which
    constraints of weights leave alone. What is left over is somebody else's.
    """
    sizes = [size for one in body.maps for size in (one.inputs * one.outputs, one.outputs * one.biased)]
    rest = sum(shape.numel() for shape in body.rest.values())
    *pieces, more, _ = parameters.split([*sizes, rest, parameters.shape[1] - sum(sizes) - rest], dim=1)
    layers = []
    for one, weight, bias in zip(body.maps, pieces[::2], pieces[1::2], strict=True):
        shift = bias if one.biased else bias.new_zeros(len(bias), one.outputs)
        layers.append(Layer(weight.view(-1, one.inputs, one.outputs), shift.unsqueeze(1)))
    last = layers.pop() if layers else Layer(more.new_zeros(len(more), 0, 0), more.new_zeros(len(more), 1, 0))
    return [*layers, last._replace(scale=more.unsqueeze(1)) if body.rest else last]


def named_in(body: Lent, layers: Layers) -> dict[str, Tensor]:
    """The parameters of these layers as the module calls them, [seed, ...]; a bias may be one for each point."""
    named: dict[str, Tensor] = {}
    for one, layer in zip(body.maps, layers, strict=False):
        bias = layer.bias if layer.bias.shape[1] > 1 else layer.bias.squeeze(1)
        named |= {f"{one.name}weight": layer.weight.transpose(1, 2), f"{one.name}bias": bias}
    if (more := layers[-1].scale) is not None:
        pieces = more.squeeze(1).split([shape.numel() for shape in body.rest.values()], dim=1)
        for (name, shape), piece in zip(body.rest.items(), pieces, strict=True):
            named[name] = piece.reshape(-1, *shape)
    return named


def played(body: Lent, at_once: bool, layers: Layers, x: Tensor) -> Tensor:
    """What a user's module gives, [seed, batch, inputs] -> [seed, batch, outputs]: all seeds at once where that can be."""
    constants = {name: one.to(x if one.is_floating_point() else x.device) for name, one in body.constants.items()}

    def one(own: Mapping[str, Tensor], points: Tensor) -> Tensor:
        return as_columns(body, functional_call(body.module, {**constants, **own}, (points,)), points)

    named = named_in(body, layers)
    with blaming(body.code.file):
        if at_once:  # also of one seed: products of stacks are what engines know
            return vmap(one)(named, x)
        return torch.stack([one({name: values[s] for name, values in named.items()}, x[s]) for s in range(len(x))])


def as_columns(body: Lent, said: Any, points: Tensor) -> Tensor:
    """What a module has returned as [n, outputs]. UserError for another shape."""
    wanted = (len(points), body.outputs)
    if isinstance(said, Tensor) and (said.shape == wanted or (said.shape == wanted[:1] and body.outputs == 1)):
        return said.reshape(wanted)
    wrong = f"of {list(points.shape)} it gives {in_words(said)}, where {list(wanted)} is wanted"
    raise body.code.fault(wrong, TAKE_ENDS)


def tried(body: Lent, part: str, inputs: int) -> bool:
    """Play a module on standard normal points, and say whether all seeds can go at once. UserError for what cannot be played."""
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((SEEDS, N, inputs))).float()
    layers = layers_of(body, torch.from_numpy(flat(body, body.module)).float().repeat(SEEDS, 1))
    kept = {name: one._version for name, one in body.constants.items()}  # which torch counts up at every change

    @torch.no_grad()
    def once(seed: int, points: Tensor, at_once: bool = False) -> Tensor:
        reseed(seed)
        return played(body, at_once, layers, points)

    try:
        first = once(1, x)
    except UserError as error:
        said = error.mistakes[0]
        fed = f"it is given {inputs} numbers a point, of which it is to make {body.outputs}; {TAKE_ENDS}"
        raise UserError(said if said.hint else said._replace(hint=fed)) from None
    others = once(1, torch.cat((x[:, :1], 5 * x[:, 1:] + 2), dim=1))
    changed = [name for name, one in body.constants.items() if one._version != kept[name]]
    for holds, wrong, hint in (
        (bool(first.isfinite().all()), "gives NaN or infinity", ""),
        (not changed, f"changes {', '.join(changed)} at every call, which a game does not keep", NO_STATE),
        (torch.equal(first, once(2, x)), "draws random numbers of its own; a run could not be repeated", NO_CHANCE),
        (part != "critic" or near(first[:, 0], others[:, 0]), "judges a point by the points beside it", ALONE),
    ):
        if not holds:
            raise body.code.fault(f"on random numbers it {wrong}", hint)
    try:
        return near(once(1, x, True), first)
    except UserError:  # a module that asks for a tensor's numbers cannot be called for all seeds
        return False


def near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)
