"""A graph cleaned: the same function with fewer operators. One more shortcut is one function and one row in `RULES`.

What is left out costs a kernel each: aliases, copies, views of views, expansions before operators that broadcast, equal
operators, unused ones. What is put differently runs faster where graphs run: a rectifier's derivative as a product.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from typing import Any

from toygan.engines.graph import Graph, Node, Shape, Wire, mapped, wires_in
from toygan.engines.operators import EACH, Args
from toygan.engines.writer import all_over


class Cleaner:
    """Copies a graph operator by operator, leaving out what is not needed."""

    def __init__(self, graph: Graph) -> None:
        self.constants = dict(graph.constants)
        self.nodes: list[Node] = []
        self.maker: dict[int, Node] = {}  # the node that gives a wire
        self.same: dict[int, Wire] = {}  # what stands for a wire of the old graph
        self.seen: dict[str, tuple[Wire, ...]] = {}
        given = [wire.key for wire in (*graph.inputs, *(out for node in graph.nodes for out in node.outs))]
        self.keys = count(1 + max([*self.constants, *given]))
        asked = [wire for node in graph.nodes for wire in wires_in(node.args)]
        self.uses = Counter(wire.key for wire in (*graph.outputs, *asked))
        self.share_constants(asked)

    def share_constants(self, wires: Iterable[Wire]) -> None:
        """Let equal constants be one, so that what two players make of them is equal too."""
        first: dict[tuple[Any, ...], Wire] = {}
        for wire in wires:
            if (held := self.constants.get(wire.key)) is not None and wire.key not in self.same:
                told = (held.dtype, held.shape, held.cpu().contiguous().numpy().tobytes())
                self.replace(wire, first.setdefault(told, wire))

    def stand_in(self, wire: Wire) -> Wire:
        return self.same.get(wire.key, wire)

    def take(self, node: Node) -> None:
        """Copy a node, or what is better."""
        args = {name: mapped(arg, self.stand_in) for name, arg in node.args.items()}
        better = RULES.get(node.op, unchanged)(self, args, node.outs[0])
        for old, new in zip(node.outs, (better,) if better else self.kept(node.op, args, node.outs), strict=True):
            self.replace(old, new)

    def replace(self, old: Wire, new: Wire) -> None:
        """Let one wire stand for another from now on."""
        if old.key != new.key:
            self.same[old.key] = new
            self.uses[new.key] += self.uses[old.key]

    def kept(self, op: str, args: dict[str, Any], outs: tuple[Wire, ...]) -> tuple[Wire, ...]:
        """What a node gives: that of an equal one before it, or its own."""
        shown = f"{op} {args} {[(out.shape, out.dtype) for out in outs]}"
        if shown not in self.seen:
            node = Node(op, args, outs)
            self.nodes.append(node)
            self.maker |= {out.key: node for out in outs}
            self.seen[shown] = outs
        return self.seen[shown]

    def new(self, op: str, like: Wire, /, **args: Any) -> Wire:
        """A node of our own that gives a wire of the shape and type of `like`; through its rule, if it has one."""
        made = like._replace(key=next(self.keys))
        return RULES.get(op, unchanged)(self, args, made) or self.kept(op, args, (made,))[0]

    def made_by(self, wire: Any, *ops: str) -> dict[str, Any] | None:
        """The arguments of the node that gives a wire, if it is one of these."""
        node = self.maker.get(wire.key) if isinstance(wire, Wire) else None
        return node.args if node and node.op in ops else None

    def number(self, arg: Any) -> float | None:
        """The number that an argument is, all over; None for a variable or several numbers."""
        if isinstance(arg, bool | int | float):
            return float(arg)
        number = all_over(self.constants.get(arg.key)) if isinstance(arg, Wire) else None
        return None if number is None else float(number)


def cleaned(graph: Graph) -> Graph:
    """The same function with fewer operators: no aliases, no views of views, nothing twice, nothing unused."""
    cleaner = Cleaner(graph)
    for node in graph.nodes:
        cleaner.take(node)
    outputs = [cleaner.stand_in(wire) for wire in graph.outputs]
    needed, nodes = {wire.key for wire in outputs}, []
    for node in reversed(cleaner.nodes):
        if any(out.key in needed for out in node.outs):
            nodes.append(node)
            needed |= {wire.key for wire in wires_in(node.args)}
    constants = {key: tensor for key, tensor in cleaner.constants.items() if key in needed}
    return Graph(graph.inputs, nodes[::-1], outputs, constants)


Shortcut = Callable[[Cleaner, Args, Wire], Wire | None]


def unchanged(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """Nothing is better."""
    return None


# --- shapes ----------------------------------------------------------------------------------------------------------


def itself(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """An alias, or a copy that nobody writes into."""
    return args["self"] if args["self"].dtype == out.dtype else None


def viewed(c: Cleaner, wire: Wire, shape: Shape) -> Wire:
    behind = c.made_by(wire, "view")
    wire = behind["self"] if behind else wire
    return wire if wire.shape == shape else c.new("view", wire._replace(shape=shape), self=wire)


def expand(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """An expansion by ones is a view; those of more stay, and operators that broadcast look behind them."""
    if math.prod(out.shape) == math.prod(args["self"].shape):
        return viewed(c, args["self"], out.shape)
    return c.kept("expand", {"self": args["self"]}, (out,))[0]


def transpose(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    order, a, b = list(range(len(out.shape))), args["dim0"], args["dim1"]
    order[a], order[b] = order[b], order[a]
    return permuted(c, args["self"], order, out)


def permute(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    return permuted(c, args["self"], [dim % len(out.shape) for dim in args["dims"]], out)


def permuted(c: Cleaner, wire: Wire, order: list[int], out: Wire) -> Wire:
    """Axes in another order; a view where only axes of length one move."""
    behind = c.made_by(wire, "permute")
    if behind:
        wire, order = behind["self"], [behind["dims"][i] for i in order]
    both = c.made_by(wire, "bmm.default")
    if both and order == [0, 2, 1] and c.uses[wire.key] == 1:
        factors = (both["mat2"], both["self"])
        flipped = [m._replace(key=next(c.keys), shape=(m.shape[0], m.shape[2], m.shape[1])) for m in factors]
        turned = [permuted(c, m, order, like) for m, like in zip(factors, flipped, strict=True)]
        return c.new("bmm.default", out, self=turned[0], mat2=turned[1])
    moving = [i for i in order if wire.shape[i] != 1]
    if moving == sorted(moving):
        return viewed(c, wire, out.shape)
    return c.kept("permute", {"self": wire, "dims": order}, (out,))[0]


def part(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """A slice of everything is itself, and so is one copy."""
    return args["self"] if args["self"].shape == out.shape else None


def select(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """One row is a slice, seen without its axis."""
    whole, dim = args["self"], args["dim"] % len(args["self"].shape)
    row, index = whole._replace(shape=one_row(whole.shape, dim)), args["index"] % whole.shape[dim]
    cut = c.new("slice.Tensor", row, self=whole, dim=dim, start=index, end=index + 1, step=1)
    return viewed(c, cut, out.shape)


def one_row(shape: Shape, dim: int) -> Shape:
    return (*shape[:dim], 1, *shape[dim + 1 :])


def slice_backward(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """Zeros around a gradient."""
    if args["step"] != 1:
        return None
    dim = args["dim"] % len(out.shape)
    size = out.shape[dim]
    start, end, _ = slice(args["start"], args["end"]).indices(size)
    return c.new("pad", out, self=args["grad_output"], dim=dim, before=start, after=size - end)


def select_backward(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """Zeros around the gradient of one row."""
    dim = args["dim"] % len(out.shape)
    index = args["index"] % out.shape[dim]
    row = viewed(c, args["grad_output"], one_row(out.shape, dim))
    return c.new("pad", out, self=row, dim=dim, before=index, after=out.shape[dim] - index - 1)


def stack(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """A stack is what stands one behind the other along a new axis."""
    dim = args["dim"] % len(out.shape)
    rows = [viewed(c, one, one_row(out.shape, dim)) for one in args["tensors"]]
    return c.new("cat.default", out, tensors=rows, dim=dim)


# --- arithmetic ------------------------------------------------------------------------------------------------------


def fits(wire: Any, out: Wire) -> bool:
    """Whether a wire may stand for the outcome."""
    return isinstance(wire, Wire) and (wire.shape, wire.dtype) == (out.shape, out.dtype)


def unexpanded(c: Cleaner, wire: Wire) -> Wire:
    """What is behind an expansion, with as many axes: operators on each number broadcast on their own."""
    small = c.made_by(wire, "expand")
    if not small:
        return wire
    source: Wire = small["self"]
    return viewed(c, source, (1,) * (len(wire.shape) - len(source.shape)) + source.shape)


def elementwise(op: str, rule: Shortcut, c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """A rule for an operator on each number: look behind expansions, then as the rule says."""
    args = {name: mapped(arg, partial(unexpanded, c)) for name, arg in args.items()}
    return rule(c, args, out) or c.kept(op, args, (out,))[0]


def mul(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """Times one, times minus one, times two numbers one after the other."""
    for one, other in (("self", "other"), ("other", "self")):
        number = c.number(args[one])
        if number == 1 and fits(args[other], out):
            return args[other]
        if number == -1 and fits(args[other], out):
            return c.new("neg.default", out, self=args[other])
        twice = c.made_by(args[other], "mul.Tensor", "mul.Scalar") if number is not None else None
        inner = c.number(twice["other"]) if twice else None
        if number is not None and twice and inner is not None and fits(twice["self"], out):
            return c.new("mul.Tensor", out, self=twice["self"], other=number * inner)
    return None


def add(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """Plus zero, plus what was negated, plus what starts where the other ends, plus a product of matrices."""
    one, other = args["self"], args["other"]
    if args.get("alpha", 1) != 1:
        return None
    for a, b in ((one, other), (other, one)):
        if c.number(a) == 0 and fits(b, out):
            return b
        turned = c.made_by(b, "neg.default")
        if turned and fits(turned["self"], b):
            return c.new("sub.Tensor", out, self=a, other=turned["self"], alpha=1)
    return joined(c, one, other, out) or accumulated(c, one, other, out)


def joined(c: Cleaner, one: Any, other: Any, out: Wire) -> Wire | None:
    """Two gradients with zeros around them that meet: one behind the other."""
    pads = [c.made_by(wire, "pad") for wire in (one, other)]
    if not (pads[0] and pads[1]) or pads[0]["dim"] != pads[1]["dim"]:
        return None
    first, second = sorted((pad for pad in pads if pad), key=lambda pad: int(pad["before"]))
    dim = first["dim"]
    if first["before"] or second["after"] or first["self"].shape[dim] != second["before"]:
        return None
    return c.new("cat.default", out, tensors=[first["self"], second["self"]], dim=dim)


def accumulated(c: Cleaner, one: Any, other: Any, out: Wire) -> Wire | None:
    """A matrix product plus a matrix is one operator, if nobody else wants the product."""
    for a, b in ((other, one), (one, other)):
        product = c.made_by(a, "bmm.default")
        if product and c.uses[a.key] == 1 and fits(b, out) and fits(a, out) and out.shape[0] == 1:
            names = {"self": b, "batch1": product["self"], "batch2": product["mat2"], "beta": 1, "alpha": 1}
            return c.new("baddbmm.default", out, **names)
    return None


def power(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """Squares are products."""
    base, exponent = args["self"], args["exponent"]
    if exponent == 2:
        return c.new("mul.Tensor", out, self=base, other=base)
    if exponent == 1:
        return base if fits(base, out) else None
    return c.new("sqrt.default", out, self=base) if exponent == 0.5 else None


def sign(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """Of what is never negative: whether it is positive. Of a slice of such: a slice of the whole's, which others want too."""
    if c.made_by(args["self"], "relu.default"):
        return c.new("positive", out, self=args["self"])
    cut = c.made_by(args["self"], "slice.Tensor")
    if cut and c.made_by(cut["self"], "relu.default"):
        return c.new("slice.Tensor", out, **{**cut, "self": c.new("positive", cut["self"], self=cut["self"])})
    return None


def threshold_backward(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """The gradient where a rectifier was on: times 0 or 1."""
    if args["threshold"] != 0:
        return None
    where = c.new("positive", args["self"], self=args["self"])
    return c.new("mul.Tensor", out, self=args["grad_output"], other=where)


def clamp(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """The slope of a leaky rectifier, of its output's sign."""
    signed, low = c.made_by(args["self"], "sign.default"), args["min"]
    if signed and args["max"] is None and isinstance(low, float) and 0 < low <= 1:
        return c.new("leak", out, self=signed["self"], low=low)
    return None


def leaky_backward(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """The gradient through a leaky rectifier: times 1 or its slope."""
    if not 0 < args["negative_slope"] <= 1:
        return None
    slope = c.new("leak", args["self"], self=args["self"], low=args["negative_slope"])
    return c.new("mul.Tensor", out, self=args["grad_output"], other=slope)


def fill(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    wire = args["value"]
    if not isinstance(wire, Wire):
        return None
    wire = wire if wire.dtype == out.dtype else c.new("_to_copy.default", wire._replace(dtype=out.dtype), self=wire)
    return c.new("expand.default", out, self=wire)


def product(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """A column of ones times a row is the row, expanded."""
    a, b = args["self"], args["mat2"]
    for one, other in ((a, b), (b, a)):
        if a.shape[-1] == 1 and c.number(one) == 1:
            return c.new("expand.default", out, self=other)
    return None


def two_dimensional(c: Cleaner, args: Args, out: Wire) -> Wire | None:
    """A product of two matrices is one of a batch of one."""
    a, b = (viewed(c, args[name], (1, *args[name].shape)) for name in ("self", "mat2"))
    return viewed(c, c.new("bmm.default", out._replace(shape=(1, *out.shape)), self=a, mat2=b), out.shape)


ON_EACH: dict[str, Shortcut] = {
    "mul.Tensor": mul,
    "mul.Scalar": mul,
    "add.Tensor": add,
    "add.Scalar": add,
    "pow.Tensor_Scalar": power,
    "sign.default": sign,
    "sgn.default": sign,
    "threshold_backward.default": threshold_backward,
    "clamp.default": clamp,
    "leaky_relu_backward.default": leaky_backward,
}

VIEWS = ("view.default", "_unsafe_view.default", "reshape.default", "_reshape_alias.default", "unsqueeze.default",
         "squeeze.default", "squeeze.dim", "squeeze.dims")  # fmt: skip

RULES: dict[str, Shortcut] = {
    **dict.fromkeys(("alias.default", "detach.default", "lift_fresh.default"), itself),
    **dict.fromkeys(("clone.default", "_to_copy.default"), itself),
    **dict.fromkeys(VIEWS, lambda c, args, out: viewed(c, args["self"], out.shape)),
    "expand.default": expand,
    "transpose.int": transpose,
    "t.default": lambda c, args, out: permuted(c, args["self"], [1, 0], out) if len(out.shape) == 2 else args["self"],
    "permute.default": permute,
    "slice.Tensor": part,
    "repeat.default": part,
    "select.int": select,
    "slice_backward.default": slice_backward,
    "select_backward.default": select_backward,
    "stack.default": stack,
    "fill.Tensor": fill,
    "bmm.default": product,
    "mm.default": two_dimensional,
}
RULES |= {op: partial(elementwise, op, ON_EACH.get(op, unchanged)) for op in {**EACH, **ON_EACH}}
