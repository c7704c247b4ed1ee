"""A model's nodes, constants and names as they are written.

Axes of length one are left out of every array, so that one seed is plain matrices: `[1, 256, 64]` is stored as `[256, 64]`, a
column of 256 numbers as `[256]`; an operator that needs an axis asks for it, and a reshape costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import dropwhile
from typing import Any, NamedTuple

import numpy as np
import torch

from toygan.engines.graph import Graph, Node, Shape, Untraceable, Wire

TYPES = {torch.float32: 1, torch.int32: 6, torch.int64: 7, torch.bool: 9, torch.float64: 11}  # of onnx.TensorProto


def short(shape: Sequence[int], keep: int | None = None) -> Shape:
    """A shape without its axes of length one, but with axis `keep`."""
    return tuple(n for i, n in enumerate(shape) if n != 1 or i == keep)


def place(shape: Sequence[int], axis: int) -> int:
    """Where an axis is in `short(shape, axis)`."""
    return sum(n != 1 for n in shape[:axis])


def all_over(constant: torch.Tensor | None) -> float | None:
    """The number that a constant is all over; None for a variable, for none or several numbers."""
    if constant is None or not constant.numel():
        return None
    first = constant.flatten()[0]
    return first.item() if bool((constant == first).all()) else None


class Call(NamedTuple):
    """One node of ONNX."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]


class Writer:
    """Writes ONNX nodes for the nodes of a graph."""

    def __init__(self, graph: Graph, late: Callable[[Writer, Node], None]) -> None:
        self.late = late  # writes a node that waited until it was asked for
        self.nodes: list[Call] = []
        self.made: set[str] = set()  # names that nodes give
        self.leaving: dict[str, str] = {}  # how some of them are called outside
        self.initializers: dict[tuple[Any, ...], tuple[str, np.ndarray]] = {}
        self.names: dict[int, dict[Shape, str]] = {}  # of a wire, by the shape in which it is stored
        self.casts: dict[tuple[str, torch.dtype], str] = {}
        self.constants = graph.constants
        self.maker = {out.key: node for node in graph.nodes for out in node.outs}
        self.dtype = torch.float32  # of the operator that is being written

    # --- nodes and numbers ---

    def op(self, kind: str, *inputs: str | float, **attributes: Any) -> str:
        """The name of what an operator gives; numbers among its inputs are of the type at work."""
        return self.ops(1, kind, *inputs, **attributes)[0]

    def ops(self, outputs: int, kind: str, *inputs: str | float, **attributes: Any) -> list[str]:
        """The names of so many things that an operator gives."""
        given = [one if isinstance(one, str) else self.scalar(one) for one in inputs]
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(Call(kind, given, names, attributes))
        self.made.update(names)
        return names

    def array(self, numbers: np.ndarray) -> str:
        key = (numbers.tobytes(), numbers.shape, numbers.dtype.str)
        if key not in self.initializers:
            self.initializers[key] = (f"c{len(self.initializers)}", numbers)
        return self.initializers[key][0]

    def scalar(self, number: float, dtype: torch.dtype | None = None) -> str:
        return self.array(torch.tensor(number, dtype=dtype or self.dtype).numpy())

    def integers(self, *numbers: int) -> str:
        return self.array(np.array(numbers, dtype=np.int64))

    def cast(self, name: str, before: torch.dtype, after: torch.dtype) -> str:
        if before == after:
            return name
        if (name, after) not in self.casts:
            self.casts[name, after] = self.op("Cast", name, to=onnx_type(after))
        return self.casts[name, after]

    # --- wires ---

    def put(self, wire: Wire, name: str, shape: Sequence[int]) -> None:
        """Say under which name and shape a wire is stored."""
        self.names.setdefault(wire.key, {})[tuple(shape)] = name

    def get(self, wire: Wire, shape: Sequence[int] | None = None) -> str:
        """The name of a wire in a shape, which is the short one unless another is asked for."""
        wanted = short(wire.shape) if shape is None else tuple(shape)
        stored = self.names.setdefault(wire.key, {})
        if not stored and wire.key not in self.constants:
            self.late(self, self.maker[wire.key])
        if wanted not in stored:
            if wire.key in self.constants:
                stored[wanted] = self.array(self.constants[wire.key].reshape(wanted).numpy())
            else:
                stored[wanted] = self.op("Reshape", next(iter(stored.values())), self.integers(*wanted))
        return stored[wanted]

    def leave(self, wire: Wire, name: str) -> None:
        """Let a wire leave the model under a name; the operator that gives it gives it so, if it may."""
        stored = self.get(wire)
        if stored in self.made and stored not in self.leaving:
            self.leaving[stored] = name
        else:
            self.nodes.append(Call("Identity", [stored], [name], {}))

    def operand(self, wire: Wire, shape: Shape, dtype: torch.dtype) -> tuple[str, Shape]:
        """The name of an operand in a type, ready to broadcast to `shape`; and its stored shape."""
        number = all_over(self.constants.get(wire.key))
        if number is not None:
            return self.scalar(number, dtype), ()
        padded = (1,) * (len(shape) - len(wire.shape)) + wire.shape
        wide = (n for n, full in zip(padded, shape, strict=True) if full != 1)
        wanted = tuple(dropwhile(lambda n: n == 1, wide))
        return self.cast(self.get(wire, wanted), wire.dtype, dtype), wanted

    def matrix(self, wire: Wire) -> tuple[Wire, bool]:
        """What a factor is, and whether it is that transposed."""
        node = self.maker.get(wire.key)
        if node and node.op == "permute" and node.args["dims"] == [0, 2, 1]:
            return node.args["self"], True
        return wire, False


def onnx_type(dtype: torch.dtype) -> int:
    """ONNX's number for a type. Raises Untraceable for one without."""
    if dtype not in TYPES:
        raise Untraceable(str(dtype), "no such type is known to the onnx engine")
    return TYPES[dtype]
