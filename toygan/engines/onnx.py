"""The step as a model for ONNX Runtime: traced, cleaned, translated, and run by one thread on memory that stays where it is.

A page plays a game move by move, and looks at it; each is one small model that it feeds by name: a `part`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from toygan.engines.clean import cleaned
from toygan.engines.graph import Graph, Shape, Untraceable, Wire, recorded, wires_in
from toygan.engines.opening import opened
from toygan.engines.operators import OPSET, written
from toygan.engines.tree import Step, Tree, copied, named, rebuilt
from toygan.engines.writer import onnx_type, short

NEXT = "next "  # before the name of an input, the output that takes its place
SPARE = torch.zeros(1)  # where a tensor without numbers is said to be: it has no memory, and the runtime wants a place
MANY = 16  # numbers whose median says something
PARTED = 0.25  # of their median size; .04 at most over all methods, nets of width 6 to 64


class Port(NamedTuple):
    """One input or output of a model: its name, shape and type."""

    name: str
    shape: Shape
    dtype: torch.dtype

    @property
    def stored(self) -> Shape:
        """Its shape in the model, without axes of length one; the numbers are the same."""
        return short(self.shape)


class Model(NamedTuple):
    """A step for any ONNX runtime: the bytes of a file, and what goes in and comes out, in order.

    Inputs are the tensors of state, draw and dials, outputs those of the next state, named after the state's; `operators` is
    how many it calls.
    """

    content: bytes
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operators: int


def translated(step: Step, state: Tree, draw: Tree, dials: Tree) -> Model:
    """The model of a step at the shapes of these examples. Raises Untraceable."""
    graph, entering, after = traced(lambda **given: step(*given.values()), "state", state=state, draw=draw, dials=dials)
    if after.keys() != named(state, "state").keys():
        raise Untraceable("state", "the step changes the form of its state")
    before = dict(zip(entering, graph.inputs, strict=True))
    for place in after:
        if before[place][1:] != after[place][1:]:
            raise Untraceable(place, "the step changes the shape or type of its state")
    try:
        return model_of(cleaned(graph), entering, [f"{NEXT}{place}" for place in after])
    # called in a way that an operator's row does not know
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Untraceable("translation", repr(error)) from error


def part(function: Callable[..., Tree], name: str, **trees: Tree) -> Model:
    """A pure function of named trees, at the shapes of these examples, as a model whose outputs are `next NAME/...`.

    An input that is not read is left out, and so is an output that is an input unchanged. Raises Untraceable.
    """
    graph, inputs, after = traced(function, name, **trees)
    graph = cleaned(graph)
    given = dict(zip(inputs, graph.inputs, strict=True))
    leaving = {at: wire for at, wire in zip(after, graph.outputs, strict=True) if wire != given.get(at)}
    read = {wire.key for node in graph.nodes for wire in wires_in(node.args)}
    entering = {at: wire for at, wire in given.items() if wire.key in read}
    small = graph._replace(inputs=[*entering.values()], outputs=[*leaving.values()])
    return model_of(small, [*entering], [f"{NEXT}{at}" for at in leaving])


def traced(function: Callable[..., Tree], name: str, **trees: Tree) -> tuple[Graph, list[str], dict[str, Wire]]:
    """The graph of a function of these trees; where its inputs are in them; what it gives, a tree called `name`."""
    examples = copied({place: leaf for key, tree in trees.items() for place, leaf in named(tree, key).items()})
    places: list[str] = []

    def flat(*leaves: Tensor) -> list[Tensor]:
        given = dict(zip(examples, leaves, strict=True))
        after = named(function(**{key: rebuilt(tree, given, key) for key, tree in trees.items()}), name)
        places[:] = after
        return list(after.values())

    graph = recorded(flat, list(examples.values()))
    return graph, list(examples), dict(zip(places, graph.outputs, strict=True))


def model_of(graph: Graph, inputs: Sequence[str], outputs: Sequence[str]) -> Model:
    """A graph of known operators as an ONNX model. Raises Untraceable."""
    from onnx import helper, numpy_helper

    into, out_of = (
        tuple(Port(name, wire.shape, wire.dtype) for name, wire in zip(names, wires, strict=True))
        for names, wires in ((inputs, graph.inputs), (outputs, graph.outputs))
    )
    writer = written(graph, inputs)
    for port, wire in zip(out_of, graph.outputs, strict=True):
        writer.leave(wire, port.name)

    def outside(names: Sequence[str]) -> list[str]:
        return [writer.leaving.get(name, name) for name in names]

    nodes = [helper.make_node(n.kind, outside(n.inputs), outside(n.outputs), **n.attributes) for n in writer.nodes]
    described, wanted = (
        [helper.make_tensor_value_info(port.name, onnx_type(port.dtype), port.stored) for port in ports]
        for ports in (into, out_of)
    )
    constants = [numpy_helper.from_array(array, name) for name, array in writer.initializers.values()]
    body = helper.make_graph(nodes, "step", described, wanted, constants)
    made = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    return Model(made.SerializeToString(), into, out_of, len(nodes))


class Onnx:
    """A model that runs on two copies of the state, from one to the other and back. Draws and dials are read where they are."""

    def __init__(self, model: Model, state: Tree) -> None:
        self.model, self.session, self.like = model, opened(model.content, model.operators), state
        self.ports = {port.name: port for port in model.inputs}
        self.now, self.then = (copied(named(state, "state")) for _ in range(2))
        self.ways = [self.way(*pair) for pair in ((self.now, self.then), (self.then, self.now))]

    def way(self, now: Mapping[str, Tensor], then: Mapping[str, Tensor]) -> tuple[Any, dict[str, Tensor]]:
        """A binding from one copy of the state to the other, and the draws and dials that it reads and keeps alive."""
        binding = self.session.io_binding()
        for name in now:
            bind(binding.bind_input, name, now[name])
            bind(binding.bind_output, f"{NEXT}{name}", then[name])
        return binding, {}

    def advance(self, draw: Tree, dials: Tree) -> None:
        """One step on. Raises ValueError for numbers of another shape than the examples'."""
        binding, fed = self.ways[0]
        given = {**named(draw, "draw"), **named(dials, "dials")}
        for name, numbers in given.items():
            if fed.get(name) is not numbers:
                seen, port = list(numbers.shape), self.ports[name]
                if seen != list(port.shape):
                    raise ValueError(f"{name} is {seen}, but was {list(port.shape)} when the step was traced")
                fed[name] = numbers.to(port.dtype).contiguous()
                bind(binding.bind_input, name, fed[name])
        self.session.run_with_iobinding(binding)
        self.ways.reverse()
        self.now, self.then = self.then, self.now

    def place(self, state: Tree) -> None:
        for name, numbers in named(state, "state").items():
            self.now[name].copy_(numbers)

    def state(self) -> Tree:
        """Where the game stands: a copy that later steps do not touch."""
        return rebuilt(self.like, copied(self.now), "state")

    def beside(self, state: Tree) -> Onnx:
        """The same model, in a session and on memory of its own."""
        return Onnx(self.model, state)


def bind(how: Callable[..., None], name: str, numbers: Tensor) -> None:
    """Let the runtime read or write a tensor's own memory."""
    how(name, "cpu", 0, onnx_type(numbers.dtype), short(numbers.shape), numbers.data_ptr() or SPARE.data_ptr())


def prepare(step: Step, state: Tree, draw: Tree, dials: Tree) -> Onnx:
    """Translated, proved, and at the first state. Raises Untraceable."""
    model = translated(step, state, draw, dials)
    try:
        engine = Onnx(model, state)
        proved(engine, step, state, draw, dials)
        engine.place(state)
        return engine
    except Exception as error:  # of what ONNX Runtime refuses it makes a dozen kinds
        raise error if isinstance(error, Untraceable) else Untraceable("session", str(error)) from None


def proved(engine: Onnx, step: Step, state: Tree, draw: Tree, dials: Tree) -> None:
    """Play one step both ways on other numbers than were traced. Raises Untraceable where they part by far more than rounding.

    The recorder sees whatever reaches an operator of torch; what a step takes out by numpy would be baked in. A few numbers may
    part: Adam turns the sign of a gradient of zero into a whole step, and other losses follow.
    """
    drawn = named(draw, "draw")
    other = {name: numbers / 2 if numbers.is_floating_point() else numbers for name, numbers in drawn.items()}
    halved = rebuilt(draw, other, "draw")
    engine.advance(halved, dials)
    ours, wanted = named(engine.state(), "state"), named(step(state, halved, dials), "state")
    for name, right in wanted.items():
        apart, size = ((ours[name] - right).abs().nanmedian(), right.abs().nanmedian())
        if right.numel() >= MANY and apart > PARTED * size + 1e-6:
            raise Untraceable(name, "the graph and the step part: does the step take numbers out of tensors?")
