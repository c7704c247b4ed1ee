"""What each operator of torch is in ONNX. One more operator is one function and one row.

Standard operators of opset 18 only, so that models also run in a browser.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from toygan.engines.graph import Graph, Node, Shape, Untraceable, Wire
from toygan.engines.writer import Writer, place, short

OPSET = 18
LARGE = 1e38  # times a float that is not denormal: at least 1
Args = dict[str, Any]
Factor = tuple[Wire, bool]  # a stack of matrices, and whether they are to be transposed
WAITING = {"view", "expand", "permute"}  # written when they are asked for: most are looked through


# --- operators on each number ----------------------------------------------------------------------------------------


def on_each(w: Writer, node: Node) -> None:
    out = node.outs[0]
    w.dtype = worked_in(node)
    shapes: list[Shape] = [()]
    given: list[Any] = []
    for name, arg in node.args.items():
        if isinstance(arg, Wire):
            arg, shape = w.operand(arg, out.shape, torch.bool if name == "condition" else w.dtype)
            shapes.append(shape)
        given.append(arg)
    found, whole = EACH[node.op](w, *given), short(out.shape)
    if np.broadcast_shapes(*shapes) != whole:
        found = w.op("Expand", found, w.integers(*whole))
    w.put(out, found, whole)


def worked_in(node: Node) -> torch.dtype:
    """The type in which an operator works: its outcome's, or of a comparison its operands'."""
    if node.outs[0].dtype != torch.bool:
        return node.outs[0].dtype
    given = [arg for arg in node.args.values() if isinstance(arg, Wire | float | int) and not isinstance(arg, bool)]
    examples = [torch.empty(a.shape, dtype=a.dtype, device="meta") if isinstance(a, Wire) else a for a in given]
    return torch.result_type(examples[0], examples[-1])


def positive(w: Writer, x: str) -> str:
    """1 where x is positive, else 0: eight times faster than a sign, or a choice."""
    if w.dtype == torch.float32:
        return w.op("HardSigmoid", x, alpha=LARGE, beta=0.0)
    return w.op("Clip", w.op("Mul", x, 1e300), 0.0, 1.0)


def usual(name: str, is_so: bool) -> None:
    """Refuse an operator with arguments that its row does not know. Raises Untraceable."""
    if not is_so:
        raise Untraceable(name, "with these arguments it is unknown to the onnx engine")


def elu(w: Writer, x: str, alpha: float, scale: float, inner: float) -> str:
    """x where it is positive, else alpha (exp(x) - 1)."""
    usual("elu.default", scale == 1 and inner == 1)
    return w.op("Elu", x, alpha=float(alpha))


def softplus_backward(w: Writer, g: str, x: str, beta: float, threshold: float) -> str:
    """The derivative of `softplus`, sigmoid(x), times what comes."""
    usual("softplus_backward.default", beta == 1 and threshold == 20)
    return w.op("Mul", g, w.op("Sigmoid", x))


def softplus(w: Writer, x: str, beta: float, threshold: float) -> str:
    """log(1 + exp(x)), as max(x, 0) + log(1 + exp(-|x|)): ONNX Runtime's own is slower and knows no doubles."""
    usual("softplus.default", beta == 1 and threshold == 20)
    tail = w.op("Log", w.op("Add", w.op("Exp", w.op("Neg", w.op("Abs", x))), 1.0))
    return w.op("Add", w.op("Relu", x), tail)


def clamp(w: Writer, x: str, low: Any, high: Any) -> str:
    """Between two numbers or tensors, either of which may be missing."""
    x = x if low is None else w.op("Max", x, low)
    return x if high is None else w.op("Min", x, high)


def lerp(w: Writer, a: str, b: str, weight: Any) -> str:
    """a + weight (b - a)."""
    if weight in (0.0, 1.0):
        return b if weight else a
    return w.op("Add", a, w.op("Mul", w.op("Sub", b, a), weight))


def power(w: Writer, base: Any, exponent: Any) -> str:
    """base^exponent; of whole exponents in single precision as products."""
    if exponent in (3, 4) and isinstance(base, str):
        square = w.op("Mul", base, base)
        return w.op("Mul", square, square if exponent == 4 else base)
    if exponent == -1:
        return w.op("Reciprocal", base)
    return w.op("Pow", base, exponent)


def leaky(w: Writer, x: str, slope: float) -> str:
    """x where it is positive, slope x elsewhere, for slopes below 1."""
    if w.dtype == torch.float32:
        return w.op("LeakyRelu", x, alpha=float(slope))
    return w.op("Max", x, w.op("Mul", x, slope))


def silu_backward(w: Writer, gradient: str, x: str) -> str:
    """gradient (s + x s (1 - s)), s = sigmoid(x)."""
    s = w.op("Sigmoid", x)
    return w.op("Mul", gradient, w.op("Add", s, w.op("Mul", w.op("Mul", x, s), w.op("Sub", 1.0, s))))


def scaled(w: Writer, x: Any, factor: Any) -> Any:
    return x if factor == 1 else w.op("Mul", x, factor)


def one(kind: str, **attributes: Any) -> Callable[..., str]:
    """A row for an operator that ONNX has."""
    return lambda w, *operands: w.op(kind, *operands, **attributes)


def with_alpha(kind: str) -> Callable[..., str]:
    """A row for a sum or difference whose second operand is scaled."""
    return lambda w, a, b, alpha=1: w.op(kind, a, scaled(w, b, alpha))


# operators of one operand that both sides call by one name, but for its first letter
SAME_NAME = ("abs", "ceil", "cos", "erf", "exp", "floor", "log", "neg", "reciprocal", "relu", "round", "sigmoid", "sin",
             "sqrt", "tanh")  # fmt: skip

# operators of a tensor and another one or a number
OF_TWO = {"mul": "Mul", "div": "Div", "ge": "GreaterOrEqual", "gt": "Greater", "le": "LessOrEqual", "lt": "Less",
          "eq": "Equal"}  # fmt: skip

EACH: dict[str, Callable[..., str]] = {
    **{f"{name}.default": one(name.capitalize()) for name in SAME_NAME},
    **{f"{name}.{kind}": one(ours) for name, ours in OF_TWO.items() for kind in ("Tensor", "Scalar")},
    **dict.fromkeys(("add.Tensor", "add.Scalar"), with_alpha("Add")),
    **dict.fromkeys(("sub.Tensor", "sub.Scalar"), with_alpha("Sub")),
    **dict.fromkeys(("rsub.Tensor", "rsub.Scalar"), lambda w, a, b, alpha: w.op("Sub", b, scaled(w, a, alpha))),
    **dict.fromkeys(("pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar"), power),
    **dict.fromkeys(("maximum.default", "clamp_min.default", "clamp_min.Tensor"), one("Max")),
    **dict.fromkeys(("minimum.default", "clamp_max.default", "clamp_max.Tensor"), one("Min")),
    **dict.fromkeys(("clamp.default", "clamp.Tensor"), clamp),
    **dict.fromkeys(("lerp.Scalar", "lerp.Tensor"), lerp),
    **dict.fromkeys(("ne.Scalar", "ne.Tensor"), lambda w, a, b: w.op("Not", w.op("Equal", a, b))),
    **dict.fromkeys(("sign.default", "sgn.default"), lambda w, x: w.op("Clip", w.op("Mul", x, LARGE), -1.0, 1.0)),
    "where.self": one("Where"),
    **dict.fromkeys(("logical_not.default", "bitwise_not.default"), one("Not")),
    **dict.fromkeys(("logical_and.default", "bitwise_and.Tensor"), one("And")),
    **dict.fromkeys(("logical_or.default", "bitwise_or.Tensor"), one("Or")),
    "addcdiv.default": lambda w, x, a, b, factor: w.op("Add", x, w.op("Div", scaled(w, a, factor), b)),
    "addcmul.default": lambda w, x, a, b, factor: w.op("Add", x, w.op("Mul", scaled(w, a, factor), b)),
    "log1p.default": lambda w, x: w.op("Log", w.op("Add", x, 1.0)),
    "expm1.default": lambda w, x: w.op("Sub", w.op("Exp", x), 1.0),
    "rsqrt.default": lambda w, x: w.op("Reciprocal", w.op("Sqrt", x)),
    "leaky_relu.default": leaky,
    "elu.default": elu,
    "silu.default": lambda w, x: w.op("Mul", x, w.op("Sigmoid", x)),
    "softplus.default": softplus,
    "positive": positive,
    "leak": lambda w, x, low: w.op("Clip", w.op("Mul", x, LARGE), low, 1.0),
    "sigmoid_backward.default": lambda w, g, y: w.op("Mul", g, w.op("Mul", y, w.op("Sub", 1.0, y))),
    "tanh_backward.default": lambda w, g, y: w.op("Mul", g, w.op("Sub", 1.0, w.op("Mul", y, y))),
    "softplus_backward.default": softplus_backward,
    "silu_backward.default": silu_backward,
    "threshold_backward.default": lambda w, g, x, threshold: w.op("Where", w.op("Greater", x, threshold), g, 0.0),
}


# --- products of matrices --------------------------------------------------------------------------------------------


def product(w: Writer, args: Args, out: Wire) -> None:
    """A stack of products of matrices."""
    product_and_sum(w, {"batch1": args["self"], "batch2": args["mat2"], "self": None, "alpha": 1, "beta": 1}, out)


def product_and_sum(w: Writer, args: Args, out: Wire) -> None:
    """alpha a b + beta more: of one seed as a product of plain matrices, of several as one of stacks."""
    if not args["beta"]:
        raise Untraceable("baddbmm.default", "beta 0 is not known to the onnx engine")
    write = one_product if out.shape[0] == 1 else many_products
    scales = (float(args["alpha"]), float(args["beta"]))
    write(w, w.matrix(args["batch1"]), w.matrix(args["batch2"]), out, args["self"], *scales)


def one_product(w: Writer, a: Factor, b: Factor, out: Wire, more: Wire | None, alpha: float, beta: float) -> None:
    """A product of two matrices plus another; one with a column is written as one with a row from the left."""
    _, m, n = out.shape
    if m == 1 or n == 1:
        row, matrix = (a[0], b) if m == 1 else (b[0], (a[0], not a[1]))
        return row_product(w, row, matrix, out, more, alpha, beta)
    flags = {name: 1 for name, factor in (("transA", a), ("transB", b)) if factor[1]}
    scales: Args = {} if alpha == beta == 1 else {"alpha": alpha, "beta": beta}
    names = [w.get(factor[0], factor[0].shape[1:]) for factor in (a, b)]
    rest = []
    if more is not None:
        shape = (1, 1, *more.shape)[-2:]
        rest = [w.get(more, shape[1:] if shape[0] == 1 else shape)]  # without ones in front: it broadcasts
    return w.put(out, w.op("Gemm", *names, *rest, **flags, **scales), (m, n))


def row_product(w: Writer, row: Wire, b: Factor, out: Wire, more: Wire | None, alpha: float, beta: float) -> None:
    """The product of a row and a matrix, a row: three times faster than that of a matrix and a column."""
    size, wide = math.prod(row.shape), math.prod(out.shape)
    matrix = w.get(b[0], b[0].shape[1:])
    if more is None and not b[1] and size > 1:
        return w.put(out, w.op("MatMul", w.get(row, (size,)), matrix), (wide,))
    flags = {"transB": 1} if b[1] else {}
    scales: Args = {} if alpha == beta == 1 else {"alpha": alpha, "beta": beta}
    rest = [] if more is None else [w.get(more, short(more.shape))]
    return w.put(out, w.op("Gemm", w.get(row, (1, size)), matrix, *rest, **flags, **scales), (1, wide))


def many_products(w: Writer, a: Factor, b: Factor, out: Wire, more: Wire | None, alpha: float, beta: float) -> None:
    """A stack of products; ONNX Runtime takes transpositions into them."""
    left, right = (
        w.op("Transpose", w.get(wire, wire.shape), perm=[0, 2, 1]) if turned else w.get(wire, wire.shape)
        for wire, turned in (a, b)
    )
    name = scaled(w, w.op("MatMul", left, right), alpha)
    if more is not None:
        name = w.op("Add", name, scaled(w, w.get(more, (1,) * (3 - len(more.shape)) + more.shape), beta))
    w.put(out, name, out.shape)


# --- sums and the like -----------------------------------------------------------------------------------------------


def axes_of(args: Args) -> list[int]:
    """The axes that are reduced, counted from the front; all, if none are named."""
    rank, dims = len(args["self"].shape), args.get("dim")
    dims = [dims] if isinstance(dims, int) else dims
    return [dim % rank for dim in dims] if dims else list(range(rank))


def reduced(w: Writer, wire: Wire, axes: list[int], kind: str) -> str:
    """A reduction over axes, which are then gone; the stored axes of length one are gone before."""
    shape = wire.shape
    places = sorted(place(shape, axis) for axis in axes if shape[axis] != 1)
    name = w.cast(w.get(wire), wire.dtype, w.dtype)
    return w.op(kind, name, w.integers(*places), keepdims=0) if places else name


def reduction(w: Writer, args: Args, out: Wire, kind: str) -> None:
    w.put(out, reduced(w, args["self"], axes_of(args), kind), short(out.shape))


def total(w: Writer, args: Args, out: Wire) -> None:
    """A sum; that of a matrix's rows as a product with ones, which is faster."""
    wire, stored = args["self"], short(args["self"].shape)
    axes = [axis for axis in axes_of(args) if wire.shape[axis] != 1]
    of_rows = len(stored) == 2 and [place(wire.shape, axis) for axis in axes] == [0]
    if of_rows and wire.dtype == out.dtype == torch.float32:
        ones = w.array(np.ones(stored[0], dtype=np.float32))
        return w.put(out, w.op("MatMul", ones, w.get(wire)), stored[1:])
    return w.put(out, reduced(w, wire, axes, "ReduceSum"), short(out.shape))


def norm(w: Writer, args: Args, out: Wire) -> None:
    """The sum of sizes or the root of the sum of squares."""
    kinds = {1: "ReduceL1", 2: "ReduceL2"}
    if args["ord"] not in kinds:
        why = f"a norm of order {args['ord']} is not known to the onnx engine"
        raise Untraceable("linalg_vector_norm.default", why)
    axes = axes_of(args)
    found = reduced(w, args["self"], axes, kinds[args["ord"]])
    alone = all(args["self"].shape[axis] == 1 for axis in axes)  # nothing was reduced: what is left is a size
    w.put(out, w.op("Abs", found) if alone else found, short(out.shape))


def variance(w: Writer, args: Args, out: Wire, mean: Wire | None = None, root: bool = False) -> None:
    """The variance over axes, which are then gone, or its root; and the mean where it is wanted."""
    wire, axes = args["self"], axes_of(args)
    n = math.prod(wire.shape[axis] for axis in axes)
    correction = 1 if args["correction"] is None else args["correction"]
    middle = reduced(w, wire, axes, "ReduceMean")
    kept = tuple(1 if i in axes else size for i, size in enumerate(wire.shape))
    wide = tuple(size for size, full in zip(kept, wire.shape, strict=True) if full != 1)
    away = w.op("Sub", w.get(wire), w.op("Reshape", middle, w.integers(*wide)))
    places = [place(wire.shape, axis) for axis in axes if wire.shape[axis] != 1]
    square = w.op("ReduceSum", w.op("Mul", away, away), w.integers(*places), keepdims=0)
    found = w.op("Mul", square, 1 / max(n - correction, 0) if n > correction else math.nan)
    w.put(out, w.op("Sqrt", found) if root else found, short(kept))
    if mean is not None:
        w.put(mean, middle, short(kept))


def along(wire: Wire, dim: int) -> tuple[Shape, int]:
    """The shape in which a wire is stored with an axis, and where that is in it."""
    axis = dim % len(wire.shape)
    return short(wire.shape, axis), place(wire.shape, axis)


def highest(w: Writer, args: Args, out: Wire, kind: str) -> None:
    """Where the largest or smallest is along an axis, the first of several."""
    wire, dim = args["self"], args["dim"]
    if dim is None:
        wire, dim = wire._replace(shape=(math.prod(wire.shape),)), 0
    shape, at = along(wire, dim)
    w.put(out, w.op(kind, w.get(wire, shape), axis=at, keepdims=0), short(out.shape))


def on_axis(formula: Callable[..., str], names: Sequence[str], w: Writer, args: Args, out: Wire) -> None:
    """A formula of arguments of the outcome's shape and the place of an axis in it."""
    shape, at = along(out, args["dim"])
    w.put(out, formula(w, at, *(w.get(args[name], shape) for name in names)), shape)


def log_softmax_backward(w: Writer, at: int, gradient: str, y: str) -> str:
    """gradient - softmax * sum gradient."""
    whole = w.op("ReduceSum", gradient, w.integers(at), keepdims=1)
    return w.op("Sub", gradient, w.op("Mul", w.op("Exp", y), whole))


def softmax_backward(w: Writer, at: int, gradient: str, y: str) -> str:
    """y (gradient - sum gradient y)."""
    whole = w.op("ReduceSum", w.op("Mul", gradient, y), w.integers(at), keepdims=1)
    return w.op("Mul", y, w.op("Sub", gradient, whole))


def in_order(w: Writer, args: Args, wires: Wire, indices: Wire) -> None:
    """Sorted along an axis: the first of all of them."""
    largest = int(bool(args.get("descending", args.get("largest", False))))
    (shape, at), n = along(args["self"], args["dim"]), wires.shape[args["dim"]]
    names = w.ops(2, "TopK", w.get(args["self"], shape), w.integers(n), axis=at, largest=largest)
    for wire, name in zip((wires, indices), names, strict=True):
        w.put(wire, name, along(wire, args["dim"])[0])


# --- shapes ----------------------------------------------------------------------------------------------------------


def view(w: Writer, args: Args, out: Wire) -> None:
    """Another shape of the same numbers: what is stored serves both."""
    wire = args["self"]
    if not w.names.get(wire.key):
        w.get(wire)
    w.names.setdefault(out.key, {}).update(w.names[wire.key])


def expand(w: Writer, args: Args, out: Wire) -> None:
    wire = args["self"]
    padded = (1,) * (len(out.shape) - len(wire.shape)) + wire.shape
    stored = [n for n, full in zip(padded, out.shape, strict=True) if full != 1]
    w.put(out, w.op("Expand", w.get(wire, stored), w.integers(*short(out.shape))), short(out.shape))


def cast(w: Writer, args: Args, out: Wire) -> None:
    w.put(out, w.cast(w.get(args["self"]), args["self"].dtype, out.dtype), short(out.shape))


def permute(w: Writer, args: Args, out: Wire) -> None:
    """Axes in another order; those of length one do not count."""
    wire = args["self"]
    order = [place(wire.shape, dim) for dim in args["dims"] if wire.shape[dim] != 1]
    w.put(out, w.op("Transpose", w.get(wire), perm=order), short(out.shape))


def cut(w: Writer, args: Args, out: Wire) -> None:
    wire, dim, end = args["self"], args["dim"], args["end"]
    shape, at = along(wire, dim)
    bounds = (args["start"] or 0, wire.shape[dim] if end is None else min(end, 2**62), at, args["step"])
    w.put(out, w.op("Slice", w.get(wire, shape), *map(w.integers, bounds)), along(out, dim)[0])


def repeat(w: Writer, args: Args, out: Wire) -> None:
    wire, times = args["self"], args["repeats"]
    shape = (1,) * (len(times) - len(wire.shape)) + wire.shape
    w.put(out, w.op("Tile", w.get(wire, shape), w.integers(*times)), out.shape)


def split(w: Writer, args: Args, *outs: Wire) -> None:
    (shape, at), sizes = along(args["self"], args["dim"]), [out.shape[args["dim"]] for out in outs]
    names = w.ops(len(outs), "Split", w.get(args["self"], shape), w.integers(*sizes), axis=at)
    for out, name in zip(outs, names, strict=True):
        w.put(out, name, along(out, args["dim"])[0])


def cat(w: Writer, args: Args, out: Wire) -> None:
    dim, (shape, at) = args["dim"], along(out, args["dim"])
    parts = [one for one in args["tensors"] if math.prod(one.shape)]
    names = [w.cast(w.get(one, along(one, dim)[0]), one.dtype, out.dtype) for one in parts]
    w.put(out, names[0] if len(names) == 1 else w.op("Concat", *names, axis=at), shape)


def pad(w: Writer, args: Args, out: Wire) -> None:
    """Zeros before and after, along one axis."""
    shape, at = along(args["self"], args["dim"])
    if not math.prod(shape):
        return w.put(out, w.array(torch.zeros(short(out.shape), dtype=out.dtype).numpy()), short(out.shape))
    sizes = [0] * (2 * len(shape))
    sizes[at], sizes[at + len(shape)] = args["before"], args["after"]
    return w.put(out, w.op("Pad", w.get(args["self"], shape), w.integers(*sizes)), along(out, args["dim"])[0])


def diagonal(w: Writer, args: Args, out: Wire) -> None:
    """The diagonals of square matrices, the last two axes."""
    wire, n, batch = args["self"], out.shape[-1], math.prod(out.shape[:-1])
    square(args, wire.shape, "diagonal.default")
    name = w.op("Gather", w.get(wire, (batch, n * n)), w.array(np.arange(n, dtype=np.int64) * (n + 1)), axis=1)
    w.put(out, name, (batch, n))


def diagonal_backward(w: Writer, args: Args, out: Wire) -> None:
    """The gradient on the diagonals, zeros elsewhere."""
    n, batch = out.shape[-1], math.prod(out.shape[:-2])
    square(args, out.shape, "diagonal_backward.default")
    column = w.get(args["grad_output"], (batch, n, 1))
    w.put(out, w.op("Mul", column, w.array(torch.eye(n, dtype=out.dtype).numpy())), (batch, n, n))


def square(args: Args, shape: Shape, name: str) -> None:
    """Only the main diagonals of the last two axes are known, of square matrices."""
    rank = len(shape)
    last = {args["dim1"] % rank, args["dim2"] % rank} == {rank - 2, rank - 1}
    if args["offset"] or not last or shape[-1] != shape[-2]:
        raise Untraceable(name, "only diagonals of square matrices are known to the onnx engine")


def gather(w: Writer, args: Args, out: Wire, kind: str) -> None:
    """One number, or one slice, for each index along an axis."""
    wire, index = args["self"], args["index"]
    name = w.op(kind, w.get(wire, wire.shape), w.get(index, index.shape), axis=args["dim"] % len(out.shape))
    w.put(out, name, out.shape)


def scatter(w: Writer, args: Args, out: Wire, kind: str) -> None:
    """Numbers put or added where indices say along an axis."""
    wire, index = args["self"], args["index"]
    source: Any = args["src"] if "src" in args else args["value"]
    if not isinstance(source, Wire):
        spread_out = w.op("Expand", w.scalar(source), w.integers(*index.shape))
    else:
        ends = w.integers(*index.shape)
        whole = (w.get(source, source.shape), w.integers(*[0] * len(index.shape)), ends)
        spread_out = whole[0] if source.shape == index.shape else w.op("Slice", *whole)
    inputs = (w.get(wire, wire.shape), w.get(index, index.shape), spread_out)
    w.put(out, w.op("ScatterElements", *inputs, axis=args["dim"] % len(out.shape), reduction=kind), out.shape)


OTHERS: dict[str, Callable[..., None]] = {
    "bmm.default": product,
    "baddbmm.default": product_and_sum,
    **dict.fromkeys(("sum.default", "sum.dim_IntList"), total),
    **dict.fromkeys(("mean.default", "mean.dim"), partial(reduction, kind="ReduceMean")),
    **dict.fromkeys(("amax.default", "max.default"), partial(reduction, kind="ReduceMax")),
    **dict.fromkeys(("amin.default", "min.default"), partial(reduction, kind="ReduceMin")),
    "logsumexp.default": partial(reduction, kind="ReduceLogSumExp"),
    "linalg_vector_norm.default": norm,
    **dict.fromkeys(("var.correction", "var_mean.correction"), variance),
    "std.correction": partial(variance, root=True),
    "argmax.default": partial(highest, kind="ArgMax"),
    "argmin.default": partial(highest, kind="ArgMin"),
    "_log_softmax.default": partial(on_axis, lambda w, at, x: w.op("LogSoftmax", x, axis=at), ["self"]),
    "_softmax.default": partial(on_axis, lambda w, at, x: w.op("Softmax", x, axis=at), ["self"]),
    "_log_softmax_backward_data.default": partial(on_axis, log_softmax_backward, ["grad_output", "output"]),
    "_softmax_backward_data.default": partial(on_axis, softmax_backward, ["grad_output", "output"]),
    "cumsum.default": partial(on_axis, lambda w, at, x: w.op("CumSum", x, w.array(np.array(at))), ["self"]),
    **dict.fromkeys(("sort.default", "sort.stable", "topk.default"), in_order),
    "view": view,
    "expand": expand,
    "_to_copy.default": cast,
    "permute": permute,
    "slice.Tensor": cut,
    **dict.fromkeys(("split_with_sizes.default", "split.Tensor"), split),
    "cat.default": cat,
    "pad": pad,
    "repeat.default": repeat,
    "diagonal.default": diagonal,
    "diagonal_backward.default": diagonal_backward,
    "gather.default": partial(gather, kind="GatherElements"),
    "index_select.default": partial(gather, kind="Gather"),
    "scatter_add.default": partial(scatter, kind="add"),
    **dict.fromkeys(("scatter.src", "scatter.value"), partial(scatter, kind="none")),
}


def written(graph: Graph, inputs: Sequence[str]) -> Writer:
    """A graph's nodes in ONNX, from inputs of these names. Raises Untraceable for an operator without a row."""
    writer = Writer(graph, lambda w, node: OTHERS[node.op](w, node.args, *node.outs))
    for name, wire in zip(inputs, graph.inputs, strict=True):
        writer.put(wire, name, short(wire.shape))
    for node in graph.nodes:
        if node.op in EACH:
            on_each(writer, node)
        elif node.op not in OTHERS:
            raise Untraceable(node.op, "no such operator is known to the onnx engine")
        elif node.op not in WAITING:
            writer.dtype = node.outs[0].dtype
            OTHERS[node.op](writer, node.args, *node.outs)
    return writer
