"""A step as a straight-line graph: the operators that it called on tensors, recorded once.

The step is called once, on examples. Whatever reaches an operator and comes from no argument is a constant, and known. What reads
a number out of an argument, or draws random numbers, cannot be a graph: `Untraceable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

Shape = tuple[int, ...]


class Untraceable(Exception):
    """A step that is no graph of known operators; `operator` is the one at fault."""

    def __init__(self, operator: str, why: str) -> None:
        super().__init__(f"{operator}: {why}")
        self.operator = operator


class Wire(NamedTuple):
    """One tensor of a graph."""

    key: int
    shape: Shape
    dtype: torch.dtype


class Node(NamedTuple):
    """One operator: its name in aten without the `aten.`, its arguments by the names of its schema, what it gives."""

    op: str
    args: dict[str, Any]
    outs: tuple[Wire, ...]


class Graph(NamedTuple):
    """Operators in order, from inputs to outputs; some wires are constants."""

    inputs: list[Wire]
    nodes: list[Node]
    outputs: list[Wire]
    constants: dict[int, Tensor]


def mapped(args: Any, change: Callable[[Any], Any], kind: type = Wire) -> Any:
    """Arguments, lists among them, with every wire, or what else is of a kind, changed."""
    if isinstance(args, kind):
        return change(args)
    return [mapped(arg, change, kind) for arg in args] if isinstance(args, list | tuple) else args


def wires_in(args: Mapping[str, Any]) -> list[Wire]:
    """The wires among a node's arguments, in order."""
    found: list[Wire] = []
    for arg in args.values():
        mapped(arg, found.append)
    return found


def recorded(step: Callable[..., Sequence[Tensor]], args: Sequence[Tensor]) -> Graph:
    """The graph of one call. Raises Untraceable."""
    with Recorder(args) as recorder:
        outputs = list(step(*args))
    return Graph(recorder.inputs, recorder.nodes, [recorder.wire(tensor) for tensor in outputs], recorder.constants)


class Recorder(TorchDispatchMode):
    """Writes down every operator that is called while it is on. A wire depends on an argument, or is a constant."""

    def __init__(self, args: Sequence[Tensor]) -> None:
        super().__init__()
        self.alive: list[Tensor] = []  # while tensors live, their identities are their own
        self.known: dict[int, Wire] = {}
        self.memory: dict[int, list[Wire]] = {}  # what is seen of each storage
        self.constants: dict[int, Tensor] = {}
        self.nodes: list[Node] = []
        self.inputs = [self.new(tensor) for tensor in args]

    def new(self, tensor: Tensor) -> Wire:
        """A wire for a tensor that was not seen before, or was written into."""
        wire = Wire(len(self.alive), tuple(tensor.shape), tensor.dtype)
        self.alive.append(tensor)
        self.known[id(tensor)] = wire
        if tensor.numel():
            self.memory.setdefault(memory_of(tensor), []).append(wire)
        return wire

    def constant(self, tensor: Tensor) -> Wire:
        """A wire that no argument changes."""
        wire = self.new(tensor)
        self.constants[wire.key] = tensor.detach().clone()
        return wire

    def wire(self, tensor: Tensor) -> Wire:
        """The wire of a tensor. Raises Untraceable for a part of a variable's memory that no operator gave."""
        if id(tensor) in self.known:
            return self.known[id(tensor)]
        shared = self.memory.get(memory_of(tensor), ()) if tensor.numel() else ()
        for wire in reversed(shared):
            if wire.key not in self.constants and same_place(self.alive[wire.key], tensor):
                return wire
        if any(wire.key not in self.constants for wire in shared):
            raise Untraceable("storage", "a tensor shares memory with a variable, unseen")
        return self.constant(tensor)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No compiler is near: torch would import its own on the first operator, .7 s."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        named = self.named(func, args, kwargs)
        name = str(func).removeprefix("aten.")
        shape_only = name.startswith("new_") or name.endswith("_like.default")
        varies = not shape_only and any(wire.key not in self.constants for wire in wires_in(named))
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise Untraceable(name, "the step draws random numbers of its own")
        out = func(*args, **kwargs)
        if func is torch.ops.aten._efficientzerotensor.default:  # the slope of a sign: zeros without a memory
            out = torch.zeros(out.shape, dtype=out.dtype, device=out.device)
        if varies and isinstance(out, bool | int | float | complex):
            raise Untraceable(name, "the step reads a number out of a tensor")
        self.note(func, name, named, out, varies)
        return out

    def named(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by name, defaults among them, tensors as wires."""
        schema = enumerate(func._schema.arguments)
        given = {one.name: args[i] if i < len(args) else kwargs.get(one.name, one.default_value) for i, one in schema}
        return {name: mapped(one, self.wire, Tensor) for name, one in given.items()}

    def note(self, func: Any, name: str, named: dict[str, Any], out: Any, varies: bool) -> None:
        """Write a call down; one that writes into its first argument as the call that does not."""
        outs = [one for one in (out if isinstance(out, tuple | list) else [out]) if isinstance(one, Tensor)]
        if func._schema.is_mutable:
            where = memory_of(outs[0])  # all that look at the memory that is written
            looking = list({id(t): t for t in self.alive if memory_of(t) == where}.values())
            if varies and (len(looking) > 1 or "_." not in name):
                raise Untraceable(name, "the step writes into memory that something else looks at")
            name, outs = name.replace("_.", ".", 1), outs if varies else looking
        wires = tuple(map(self.new if varies else self.constant, outs))
        if varies:
            self.nodes.append(Node(name, named, wires))


def memory_of(tensor: Tensor) -> int:
    """Where a tensor's numbers begin. Raises Untraceable for one that is stored in another way, as a sparse one is."""
    try:
        return tensor.untyped_storage().data_ptr()
    except RuntimeError:
        raise Untraceable("storage", "a tensor has no memory of its own") from None


def same_place(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors of one memory are the same part of it, read in the same order."""
    places = [(t.shape, t.stride(), t.storage_offset(), t.dtype) for t in (a, b)]
    return places[0] == places[1]
