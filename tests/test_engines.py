"""Every engine plays the same game: graphs equal the step, method by method and operator by operator."""

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from conftest import beginning, facts_of, first_of_each, fractions, numbers, source_of
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from toygan.engines import cuda, eager, onnx, opening, table
from toygan.engines.clean import cleaned
from toygan.engines.graph import Untraceable, recorded
from toygan.engines.operators import EACH, OTHERS, WAITING
from toygan.engines.table import BACKENDS, ENGINES, Unusable, begin
from toygan.engines.tree import Tree, named, rebuilt
from toygan.files.config import Config
from toygan.files.scenario import read
from toygan.files.world import World, world
from toygan.game.constraints import CONSTRAINTS
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES
from toygan.game.rules import RULES
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON, ZOO

SINGLE = torch.empty(0)
Changes = Sequence[tuple[str, Any]]
SMALL = [
    ("generator.width", 6),
    ("generator.depth", 2),
    ("critic.width", 6),
    ("critic.depth", 2),
    ("training.batch", 8),
]
SHORT: dict[str, Changes] = {  # methods whose steps are many moves: what more of them say is the same again
    "wgan": [("method.critic_steps", 2)],
    "dualgan": [("method.critic_steps", 2)],
    "unrolled-gan": [("method.update.ahead", 2)],
}
SLOWLY = [("method.optimiser", "descent"), ("method.betas", [0.0, 0.9])]
SOON = {"unrolled": {"ahead": 2}, "lookahead": {"k": 2}}  # rules that do all they do within few moves
LOOSE = {"cramer-gan": 1e-3}  # roots of differences between near points keep half of their digits


def settings(method: str, changes: Changes = ()) -> Config:
    """A method on small nets, in steps of few moves."""
    sizes = [size for size in SMALL if (size[0].partition(".")[0] + ".kind") not in dict(changes)]
    return read(PLAYED_ON.get(method, "eight-gaussians"), method, [*sizes, *SHORT.get(method, ()), *changes])


def stage(
    method: str, changes: Changes = (), seeds: Sequence[int] = (0,), like: Tensor = SINGLE
) -> tuple[World, Tree, list[Tree]]:
    """A method's world on small nets, its first state, and the draws of twenty steps."""
    made = world(settings(method, changes))
    source = source_of(made, seeds)
    return made, beginning(made, seeds, like), list(islice(draws(source, 0, like), 20))


def rule(kind: str) -> Changes:
    """Another rule, by its name."""
    return [("method.update", {"kind": kind, **SOON.get(kind, {})})]


def after(engine: Any, rows: Sequence[Tree], dials: Tree) -> dict[str, Tensor]:
    """The state by places after these draws."""
    for draw in rows:
        engine.advance(draw, dials)
    return named(engine.state(), "state")


def assert_same(method: str, changes: Changes = (), steps: int = 4, **how: Any) -> None:
    """Plain descent by graph and by calling the step: equal up to rounding."""
    made, state, rows = stage(method, [*SLOWLY, *changes], **how)
    graph = after(onnx.prepare(made.step, state, rows[0], made.dials), rows[:steps], made.dials)
    wanted = after(eager.prepare(made.step, state, rows[0], made.dials), rows[:steps], made.dials)
    assert set(graph) == set(wanted)
    torch.testing.assert_close(graph, wanted, rtol=2e-4, atol=LOOSE.get(method, 2e-5), equal_nan=True)


# --- games -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_a_method_plays_the_same_as_a_graph(name):
    assert_same(name)


@pytest.mark.parametrize("name", ZOO)
def test_a_method_of_the_zoo_plays_the_same_as_a_graph(name):
    assert_same(name, seeds=(0, 3))


@pytest.mark.parametrize("name", ["wgan-gp", "sngan", "cramer-gan", "infogan"])
def test_several_seeds_play_the_same_as_a_graph(name):
    assert_same(name, steps=20, seeds=(0, 1, 5))


@pytest.mark.parametrize("name", ["r3gan", "unrolled-gan", "ns-gan-smooth", "f-hellinger"])
def test_double_precision_is_a_graph_too(name):
    made, state, rows = stage(name, like=torch.empty(0, dtype=torch.float64))
    found = after(onnx.prepare(made.step, state, rows[0], made.dials), rows[:5], made.dials)
    wanted = after(eager.prepare(made.step, state, rows[0], made.dials), rows[:5], made.dials)
    torch.testing.assert_close(found, wanted, rtol=1e-7, atol=1e-9, equal_nan=True)


PAIRS = dict.fromkeys((*((name, "r1") for name in OBJECTIVES), *(("hinge", name) for name in CONSTRAINTS)))
PLAYED = {row[what]["kind"] for row in METHODS.values() for what in ("objective", "constraint") if what in row}


@pytest.mark.parametrize("pair", first_of_each(PAIRS, lambda pair: {*pair} - PLAYED), ids="+".join)
def test_a_pair_plays_the_same_as_a_graph(pair):
    """By default what no method is played with."""
    assert_same("+".join(pair))


OTHER_RULES = [kind for kind in RULES if kind not in ("alternating", "unrolled")]  # these are methods'
LEAKY = ("critic.activation", "leaky-relu")


@pytest.mark.parametrize(
    "changes",
    [
        *([(f"{who}.activation", name)] for who in ("critic", "generator") for name in ("tanh", "silu", "softplus", "groupsort")),
        *([LEAKY, ("critic.normalisation", name)] for name in ("none", "batch", "layer", "batch-running")),
        [("generator.normalisation", "batch"), ("method.ema", 0.9), ("method.head_start", 2)],
        [("method.pack", 2), ("method.schedule", "linear"), ("method.instance_noise", 0.5)],
        *(rule(kind) for kind in OTHER_RULES),
        *([("method.objective", "minimax"), *rule(kind)] for kind in ("unrolled", "lola")),
        [("method.constraint", "l1-decay"), *rule("consensus")],  # asks for the slope of a sign
        [("critic.kind", "maxout"), ("critic.width", 6), ("method.constraint", "gradient-penalty")],
        *([("generator.kind", kind)] for kind in ("data-plus-noise", "funnels", "shift", "point")),
    ],
    ids=str,
)  # fmt: skip
def test_players_and_rules_play_the_same_as_a_graph(changes):
    assert_same("ns-gan-r1", changes, steps=6)


def test_optimisers_take_the_same_first_steps():
    """Later ones part: of a gradient of zero Adam makes a whole step of either sign."""
    for optimiser in ("adam", "rmsprop"):
        made, state, rows = stage("ns-gan", [("method.optimiser", optimiser)])
        found = after(onnx.prepare(made.step, state, rows[0], made.dials), rows[:2], made.dials)
        wanted = after(eager.prepare(made.step, state, rows[0], made.dials), rows[:2], made.dials)
        for place, right in wanted.items():
            assert (found[place] - right).abs().nanmedian() <= 1e-5 * (1 + right.abs().nanmedian()), place


# --- engines ---------------------------------------------------------------------------------------------------------


def test_dials_are_turned_without_tracing_again():
    made, state, rows = stage("wgan-gp", SLOWLY)
    calls: list[int] = []

    def step(*trees: Tree) -> Tree:
        calls.append(1)
        return made.step(*trees)

    engine, reference = (
        onnx.prepare(step, state, rows[0], made.dials),
        eager.prepare(made.step, state, rows[0], made.dials),
    )
    before = len(calls)
    for factor, draw in zip((1, 3, 0), rows, strict=False):
        turned = {name: dial * factor if name.endswith("rate") else dial for name, dial in made.dials.items()}
        old = named(engine.state(), "state")
        found, wanted = after(engine, [draw], turned), after(reference, [draw], turned)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
        moved = [
            place
            for place in old
            if place.endswith("/0") and old[place].ndim == 2 and not old[place].equal(found[place])
        ]
        assert len(moved) == (2 if factor else 0)
    assert len(calls) == before


def test_dials_may_differ_by_seed():
    made, state, rows = stage("wgan-gp", [*SLOWLY, ("method.ema", 0.9)], seeds=(0, 1))
    by_seed = {name: torch.stack((dial, dial * 0.5)) for name, dial in made.dials.items() if name != "steps"}
    dials = {**made.dials, **by_seed}
    found = after(onnx.prepare(made.step, state, rows[0], dials), rows[:5], dials)
    wanted = after(eager.prepare(made.step, state, rows[0], dials), rows[:5], dials)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_run_that_is_continued_ends_with_the_same_bytes():
    made, state, rows = stage("r3gan", seeds=(0, 1))
    whole = onnx.prepare(made.step, state, rows[0], made.dials)
    first = onnx.prepare(made.step, state, rows[0], made.dials)
    after(first, rows[:7], made.dials)
    second = onnx.prepare(made.step, first.state(), rows[7], made.dials)
    wanted, found = after(whole, rows, made.dials), after(second, rows[7:], made.dials)
    assert {place: one.numpy().tobytes() for place, one in found.items()} == {
        place: one.numpy().tobytes() for place, one in wanted.items()
    }


def test_a_state_that_was_given_out_stays_as_it_is():
    made, state, rows = stage("gan")
    for engine in (
        onnx.prepare(made.step, state, rows[0], made.dials),
        cuda.Fixed(made.step, state, rows[0], made.dials),
    ):
        start = named(engine.state(), "state")
        kept = {place: one.clone() for place, one in start.items()}
        after(engine, rows[:2], made.dials)
        torch.testing.assert_close(start, kept, rtol=0, atol=0, equal_nan=True)
        torch.testing.assert_close(start, named(state, "state"), rtol=0, atol=0, equal_nan=True)


def test_a_game_that_ran_away_shows_it_in_every_engine():
    made, state, rows = stage("gan")
    state = rebuilt(state, {place: one * math.nan for place, one in named(state, "state").items()}, "state")
    engine = onnx.Onnx(onnx.translated(made.step, state, rows[0], made.dials), state)
    found, wanted = after(engine, rows[:2], made.dials), after(eager.Eager(made.step, state), rows[:2], made.dials)
    assert [one.isnan().all() for one in found.values()] == [one.isnan().all() for one in wanted.values()]


def test_what_cuda_captures_is_the_step():
    """A GPU replays what `Fixed.call` does; here it is called."""
    made, state, rows = stage("wgan-gp", [("method.ema", 0.9)])
    fixed = cuda.Fixed(made.step, state, rows[0], made.dials)
    held = {place: one.data_ptr() for place, one in fixed.held["state"].items()}
    found, wanted = after(fixed, rows[:3], made.dials), after(eager.Eager(made.step, state), rows[:3], made.dials)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)
    assert {place: one.data_ptr() for place, one in fixed.held["state"].items()} == held


class Carries(TorchDispatchMode):
    """Counts what is carried to a device from the host, which no captured step may."""

    def __init__(self) -> None:
        super().__init__()
        self.carried: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(isinstance(arg, Tensor) and arg.device.type == "cpu" and arg.ndim for arg in args):
            self.carried.append(str(func))
        return func(*args, **(kwargs or {}))


def on_meta(tree: Tree) -> Tree:
    """The same tree on a device that has shapes and no numbers."""
    return rebuilt(tree, {place: one.to("meta") for place, one in named(tree, "").items()}, "")


def from_numbers(*words: Any, **options: Any) -> None:
    """Stands for what makes a tensor of numbers of the host."""
    raise AssertionError(f"a tensor is made of {words}")


def parts(method: str) -> set[str]:
    """What a method is made of, by names; the numbers in it make no other step."""
    row = METHODS[method]
    kinds = (row.get("objective"), row.get("constraint"), row.get("update"))
    told = {f"{kind}" for one in kinds if one for kind in (one["kind"], *one)}
    return told | {key for key in row if key not in ("formula", "reference", "look_for")}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        *(pytest.param(*one.values, (), marks=one.marks) for one in first_of_each(METHODS, parts)),
        *((name, ()) for name in ZOO),
        *(("ns-gan-r1", rule(kind)) for kind in OTHER_RULES),
    ],
)
def test_a_step_makes_its_constants_where_its_numbers_are(name, changes, monkeypatch):
    made, state, rows = stage(name, changes)
    elsewhere = world(settings(name, changes), "meta")
    trees = on_meta(state), on_meta(rows[0]), on_meta(made.dials)
    monkeypatch.setattr(torch, "tensor", from_numbers)
    monkeypatch.setattr(torch, "as_tensor", from_numbers)
    with Carries() as carries:
        elsewhere.step(*trees)
    assert not carries.carried


def test_auto_takes_the_graph_and_says_why_where_it_cannot(monkeypatch):
    made, state, rows = stage("gan")
    begun = begin("auto", made.step, state, rows[0], made.dials)
    assert (begun.engine, begun.why) == ("onnx", "")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    begun = begin("auto", made.step, state, rows[0], made.dials)
    assert (begun.engine, begun.why) == ("eager", "onnx: onnxruntime is not installed")
    with pytest.raises(Unusable, match="onnxruntime is not installed"):
        begin("onnx", made.step, state, rows[0], made.dials)
    with pytest.raises(Unusable, match="it runs on cuda, not on cpu"):
        begin("cuda", made.step, state, rows[0], made.dials)
    assert set(BACKENDS) == {"auto", *ENGINES}


def test_auto_calls_a_step_that_is_played_a_few_times_only(monkeypatch):
    made, state, rows = stage("gan")
    monkeypatch.setattr(table, "FEW", 80)
    for steps, wanted in ((0, "eager"), (79, "eager"), (80, "onnx"), (10**6, "onnx")):
        begun = begin("auto", made.step, state, rows[0], made.dials, steps)
        assert (begun.engine, begun.why) == (wanted, "")
    assert begin("onnx", made.step, state, rows[0], made.dials, 1).engine == "onnx"


@pytest.mark.parametrize("error", [OSError("libonnx is cut off\nhere"), AttributeError("numpy 1 was wanted")])
def test_a_runtime_that_is_not_whole_is_told_and_done_without(monkeypatch, error):
    class Broken(MetaPathFinder):
        def find_spec(self, name: str, *rest: Any) -> None:  # noqa: ARG002
            if name == "onnxruntime":
                raise error

    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    made, state, rows = stage("gan")
    begun = begin("auto", made.step, state, rows[0], made.dials)
    line = str(error).splitlines()[0]
    assert (begun.engine, begun.why) == ("eager", f"onnx: it cannot be imported ({type(error).__name__}: {line})")


def looping(state: Tree, draw: Tree, dials: Tree) -> Tree:
    """A step that looks at a number to know what to do."""
    return {"x": state["x"] * 2 if draw["z"].sum() > 0 else state["x"]}


def with_numpy(state: Tree, draw: Tree, dials: Tree) -> Tree:
    """A step that takes a number out of torch, so that a graph would keep the first one."""
    return {"x": state["x"] * float(np.abs(draw["z"].numpy()).sum())}


STEPS: dict[str, tuple[Callable[..., Tree], str]] = {
    "looks at a number": (looping, "reads a number out of a tensor"),
    "asks whether two are equal": (
        lambda s, d, _: {"x": s["x"] * 2 if torch.equal(s["x"], s["x"] + 1) else s["x"]},
        "reads a number out of a tensor",
    ),
    "takes numbers out by numpy": (with_numpy, "take numbers out of tensors"),
    "draws of its own": (lambda s, d, _: {"x": s["x"] + torch.randn(20)}, "random numbers of its own"),
    "an unknown operator": (lambda s, d, _: {"x": torch.special.bessel_j0(s["x"])}, "special_bessel_j0"),
    "stores a tensor otherwise": (
        lambda s, d, _: {"x": torch.sparse.mm(torch.eye(20).to_sparse(), s["x"][:, None])[:, 0]},
        "no memory of its own",
    ),
    "changes a shape": (lambda s, d, _: {"x": torch.cat((s["x"], s["x"]))}, "shape or type of its state"),
    "changes its form": (lambda s, d, _: {"y": s["x"]}, "form of its state"),
    "writes into its state": (lambda s, d, _: {"x": s["x"][:20].mul_(2)}, "writes into memory"),
}


@pytest.mark.parametrize("kind", STEPS)
def test_a_step_that_is_no_graph_is_called(kind):
    step, why = STEPS[kind]
    state, draw = {"x": torch.arange(1.0, 21)}, {"z": torch.ones(4)}
    with pytest.raises(Untraceable, match=why):
        onnx.prepare(step, state, draw, {})
    begun = begin("auto", step, state, draw, {})
    assert begun.engine == "eager"
    assert why in begun.why


def test_numbers_of_another_shape_are_refused():
    made, state, rows = stage("gan")
    engine = onnx.prepare(made.step, state, rows[0], made.dials)
    with pytest.raises(ValueError, match=r"draw/latent is \[1, 1, 8, 2\], but was \[2, 1, 8, 2\]"):
        engine.advance({**rows[0], "latent": rows[0]["latent"][:1]}, made.dials)


def test_numbers_of_another_type_or_order_are_read_as_they_are():
    made, state, rows = stage("gan")
    engine, wanted = (onnx.prepare(made.step, state, rows[0], made.dials) for _ in range(2))
    for draw in rows[:4]:
        other = {name: one.double().movedim(0, -1).contiguous().movedim(-1, 0) for name, one in draw.items()}
        found = after(engine, [other], {name: dial.float().double() for name, dial in made.dials.items()})
        torch.testing.assert_close(found, after(wanted, [draw], made.dials), rtol=1e-5, atol=1e-6)


def test_a_model_says_what_goes_in_and_out_and_needs_no_operators_of_our_own():
    import onnx as library

    made, state, rows = stage("wgan-gp")
    model = onnx.translated(made.step, state, rows[0], made.dials)
    read_back = library.load_from_string(model.content)
    library.checker.check_model(read_back, full_check=True)
    assert [port.name for port in model.inputs] == [one.name for one in read_back.graph.input]
    assert [port.name for port in model.outputs] == [one.name for one in read_back.graph.output]
    given = {**named(state, "state"), **named(rows[0], "draw"), **named(made.dials, "dials")}
    assert [port.name for port in model.inputs] == list(given)
    assert [port.dtype for port in model.inputs] == [one.dtype for one in given.values()]
    assert [math.prod(port.shape) for port in model.inputs] == [one.numel() for one in given.values()]
    assert {one.domain for one in read_back.opset_import} == {""}
    assert read_back.opset_import[0].version <= 21


def test_an_engine_needs_neither_a_compiler_nor_a_method():
    code = (
        "import sys, torch; from toygan.engines.table import begin;"
        "step = lambda s, d, _: {'x': s['x'] * 2 + d['z']}; ones = torch.ones(3);"
        "print(begin('auto', step, {'x': ones}, {'z': ones}, {}).engine);"
        "print(sorted({'torch._dynamo', 'sympy', 'onnxscript'} & set(sys.modules)));"
        "print(sorted(name for name in sys.modules if name.startswith('toygan.') and 'engines' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["onnx", "[]", "[]"]


# --- operators -------------------------------------------------------------------------------------------------------

X, Y, POSITIVE = (made(2, 3, 4, seed=seed).float() for made, seed in ((numbers, 1), (numbers, 2), (fractions, 3)))
POSITIVE = POSITIVE + 0.5
SQUARE, TRUTH, INDEX = numbers(2, 3, 3, seed=4).float(), X > 0, torch.tensor([[[1, 0, 2, 1]], [[0, 0, 1, 2]]])
ONE = X[:1]

# Operators by name, each with arguments; every row of the tables stands here.
CASES: dict[str, tuple[Any, ...]] = {
    "add.Tensor": (X, Y), "add.Scalar": (X, 2.0), "sub.Tensor": (X, Y[0]), "sub.Scalar": (X, 2.0),
    "rsub.Tensor": (X, Y), "rsub.Scalar": (X, 2.0, 3), "addcdiv.default": (X, Y, POSITIVE),
    "addcmul.default": (X, Y, POSITIVE), "mul.Tensor": (X, Y[:, :1]), "mul.Scalar": (X, -0.3),
    "div.Tensor": (X, POSITIVE), "div.Scalar": (X, 3.0), "pow.Tensor_Scalar": (POSITIVE, 1.7),
    "pow.Tensor_Tensor": (POSITIVE, X), "pow.Scalar": (0.9, X), "maximum.default": (X, Y), "minimum.default": (X, Y),
    "clamp.default": (X, -0.3, 0.5), "clamp.Tensor": (X, None, Y), "clamp_min.default": (X, 0.1),
    "clamp_min.Tensor": (X, Y), "clamp_max.default": (X, 0.1), "clamp_max.Tensor": (X, Y), "lerp.Scalar": (X, Y, 0.3),
    "lerp.Tensor": (X, Y, POSITIVE), "ge.Scalar": (X, 0.1), "ge.Tensor": (X, Y), "gt.Scalar": (X, 0.1),
    "gt.Tensor": (X, Y), "le.Scalar": (X, 0.1), "le.Tensor": (X, Y), "lt.Scalar": (X, 0.1), "lt.Tensor": (X, Y),
    "eq.Scalar": (INDEX, 1), "eq.Tensor": (X, X), "ne.Scalar": (INDEX, 1), "ne.Tensor": (X, Y), "sign.default": (X,),
    "sgn.default": (X,), "where.self": (TRUTH, X, Y), "logical_not.default": (TRUTH,), "bitwise_not.default": (TRUTH,),
    "logical_and.default": (TRUTH, Y > 0), "bitwise_and.Tensor": (TRUTH, Y > 0), "logical_or.default": (TRUTH, Y > 0),
    "bitwise_or.Tensor": (TRUTH, Y > 0), "neg.default": (X,), "abs.default": (X,), "exp.default": (X,),
    "log.default": (POSITIVE,), "log1p.default": (POSITIVE,), "expm1.default": (X,), "sqrt.default": (POSITIVE,),
    "rsqrt.default": (POSITIVE,), "reciprocal.default": (POSITIVE,), "sin.default": (X,), "cos.default": (X,),
    "repeat.default": (X, [2, 1, 3]),
    "erf.default": (X,), "floor.default": (X,), "ceil.default": (X,), "round.default": (X,), "sigmoid.default": (X,),
    "tanh.default": (X,), "relu.default": (X,), "leaky_relu.default": (X, 0.2), "elu.default": (X,),
    "silu.default": (X,), "softplus.default": (X * 10,), "sigmoid_backward.default": (X, POSITIVE),
    "tanh_backward.default": (X, Y), "softplus_backward.default": (X, Y, 1, 20),
    "threshold_backward.default": (X, Y, 0.2), "bmm.default": (X, Y.mT.contiguous()), "silu_backward.default": (X, Y),
    "baddbmm.default": (SQUARE, X, Y.mT.contiguous()), "sum.default": (X,), "sum.dim_IntList": (X, [1]),
    "mean.default": (X,), "mean.dim": (X, [0, -1], True), "amax.default": (X, [1]), "max.default": (X,),
    "amin.default": (X, [-1], True), "min.default": (X,), "logsumexp.default": (X, [1]),
    "linalg_vector_norm.default": (X, 2, [2]), "var.correction": (X, [1]), "std.correction": (X, [1, 2]),
    "var_mean.correction": (X, [2]), "argmax.default": (X, 1), "argmin.default": (X, -1, True),
    "_log_softmax.default": (X, 2, False), "_softmax.default": (X, 1, False),
    "_log_softmax_backward_data.default": (X, Y, 2, torch.float32),
    "_softmax_backward_data.default": (X, Y, 2, torch.float32), "cumsum.default": (X, 1), "sort.default": (X, 1, True),
    "sort.stable": (X,), "topk.default": (X, 2, 2), "_to_copy.default": (X,), "slice.Tensor": (X, 2, 1, None, 2),
    "split_with_sizes.default": (X, [1, 2, 1], 2), "split.Tensor": (X, 3, 2),
    "cat.default": ([X, Y, ONE[:, :0].expand(2, 0, 4)], 1), "diagonal.default": (SQUARE, 0, 1, 2),
    "diagonal_backward.default": (X[..., 0], [2, 3, 3], 0, 1, 2), "gather.default": (X, 1, INDEX),
    "scatter_add.default": (X, 1, INDEX, Y), "scatter.src": (X, 1, INDEX[..., :1], Y),
    "scatter.value": (X, 1, INDEX, 7.0), "index_select.default": (X, 1, INDEX[0, 0]),
}  # fmt: skip
NAMED: dict[str, dict[str, Any]] = {
    "_to_copy.default": {"dtype": torch.float64},
    "sort.stable": {"stable": True, "dim": 1},
}
NAMED |= {
    "var.correction": {"correction": 1},
    "std.correction": {"correction": 0},
    "var_mean.correction": {"correction": 0},
}
ADDED = {"positive", "leak", "pad"} | WAITING  # what cleaning puts in the place of others


def play_both(function: Callable[..., Any], args: Sequence[Tensor]) -> None:
    """A function of tensors gives the same as a model, on the numbers on which it was traced and on others."""

    def flat(*given: Tensor) -> list[Tensor]:
        out = function(*given)
        return [out] if isinstance(out, Tensor) else [one for one in out if isinstance(one, Tensor)]

    graph = recorded(flat, [arg.clone() for arg in args])
    model = onnx.model_of(
        cleaned(graph), [f"in{i}" for i in range(len(args))], [f"out{i}" for i in range(len(graph.outputs))]
    )
    session = opening.session(model.content)
    for turned in (list(args), [arg.flip(0) for arg in args]):
        given = {port.name: arg.numpy().reshape(port.stored) for port, arg in zip(model.inputs, turned, strict=True)}
        for found, wanted in zip(session.run(None, given), flat(*turned), strict=True):
            torch.testing.assert_close(
                torch.from_numpy(found).reshape(wanted.shape), wanted.detach(), rtol=1e-5, atol=1e-6
            )


@pytest.mark.parametrize("order", [1, 2])
def test_the_norm_of_one_number_is_its_size(order):
    """Over axes of length one nothing is summed, and the sign still goes."""
    play_both(lambda x: torch.linalg.vector_norm(x, order, dim=2), [X[..., :1].contiguous()])


@pytest.mark.parametrize("name", sorted({*EACH, *OTHERS} - ADDED))
def test_an_operator_is_what_it_is_in_torch(name):
    given = facts_of(CASES, name, "tests/test_engines.py")
    operator, overload = name.split(".")
    call = getattr(getattr(torch.ops.aten, operator), overload)
    flat = [one for arg in given for one in (arg if isinstance(arg, list) else [arg]) if isinstance(one, Tensor)]

    def function(*tensors: Tensor) -> Any:
        rest = iter(tensors)

        def filled(arg: Any) -> Any:
            return (
                next(rest)
                if isinstance(arg, Tensor)
                else [filled(one) for one in arg]
                if isinstance(arg, list)
                else arg
            )

        return call(*[filled(arg) for arg in given], **NAMED.get(name, {}))

    with torch.no_grad():
        play_both(function, flat)


def relu_twice(x: Tensor) -> Tensor:
    """A slope's slope: signs of rectified numbers, of slices of them, and a gradient through a rectifier."""
    x = x.detach().requires_grad_()
    y = torch.relu(x)
    outcome = (y * y[:, 1:2].sign() * y.detach().sign()).sum() + torch.nn.functional.leaky_relu(x, 0.2).sum()
    return torch.autograd.grad(outcome, x)[0]


def sliced(x: Tensor) -> Tensor:
    """The gradient of a sum over both halves, one of which is squared, and of one row once more."""
    x = x.detach().requires_grad_()
    outcome = x[:, :1].square().sum() + (x[:, 1:] * x[:, 1:] * 3).sum() + x.select(1, 2).exp().sum()
    return torch.autograd.grad(outcome, x)[0]


SHORTCUTS: dict[str, tuple[Callable[..., Any], tuple[Tensor, ...]]] = {
    "signs of rectified numbers": (relu_twice, (X,)),
    "slopes of leaky rectifiers": (lambda x: torch.nn.functional.leaky_relu(x, 0.2).sign().clamp(min=0.2), (X,)),
    "views of views": (lambda x: x.view(6, 4).unsqueeze(1).squeeze(1).reshape(2, 12).t().reshape(-1), (X,)),
    "axes there and back": (lambda x: x.permute(2, 0, 1).permute(1, 2, 0).transpose(0, 1) + 0.0, (X,)),
    "expansions that operators look behind": (lambda x: x[:, :1].expand(2, 3, 4) * torch.ones(2, 3, 4) + 1, (X,)),
    "an expansion that leaves": (lambda x: x[:, :1, :1].expand(2, 5, 4), (X,)),
    "times one, minus one, two numbers": (lambda x, y: (x * 1.0 * -1 * 3 * 5 / 4 - 0.0) + (-y), (X, Y)),
    "a product plus a matrix": (lambda x, y: torch.bmm(x, y.mT) + torch.bmm(y, x.mT), (ONE, Y[:1])),
    "a turned product": (lambda x, y: torch.bmm(x, y.mT).mT.reshape(1, -1), (ONE, Y[:1])),
    "a product of many": (lambda x, y: torch.bmm(x.mT, y) - torch.bmm(x, y.mT).sum(), (X, Y)),
    "a column of ones times a row": (lambda x: torch.bmm(torch.ones(1, 3, 1), x[:, :1]), (ONE,)),
    "a matrix times a column": (lambda x, y: torch.baddbmm(y[:, :1, :1], x, y[:, :1].mT), (ONE, Y[:1])),
    "a row times a matrix": (lambda x, y: torch.bmm(y[:, :1], x.mT), (ONE, Y[:1])),
    "a transposed matrix times a column": (lambda x, y: torch.bmm(x.mT, y[..., :1]), (ONE, Y[:1])),
    "zeros around gradients": (sliced, (X,)),
    "an output twice, an input, a constant": (lambda x: [x + 1, x + 1, x, torch.ones(3)], (X,)),
    "numbers of a type times others": (lambda x, y: x * y.double()[0, 0, 0] + (1 - y.double().sum() ** 0.5), (X, POSITIVE)),
    "nothing at all": (lambda x: torch.cat((x[:, :0], x[:, 1:]), dim=1), (X,)),
    "an own memory written into": (lambda x: (x + 1).mul_(2).add_(x), (X,)),
    "constants written into": (lambda x: x * torch.zeros_like(x).fill_(3).index_fill_(1, torch.tensor([0]), 2.0), (X,)),
    "one of a stack": (lambda x: torch.stack((x, 2 * x), dim=1)[:, 1].select(2, 3), (X,)),
}  # fmt: skip


@pytest.mark.parametrize("name", SHORTCUTS)
def test_a_shortcut_changes_nothing(name):
    function, args = SHORTCUTS[name]
    play_both(function, args)


def test_equal_constants_are_one_so_that_what_two_players_make_of_them_is_made_once():
    """The gradients of two losses of one product begin with ones of their own."""

    def both(x: Tensor, w: Tensor) -> list[Tensor]:
        found = []
        for _ in range(2):
            own = x.detach().requires_grad_()
            found.append(torch.autograd.grad((own @ w).relu().sum(), own)[0])
        return found

    graph = recorded(both, [torch.randn(1, 4, 3), torch.randn(1, 3, 5)])
    counts = [sum(node.op == "bmm.default" for node in one.nodes) for one in (graph, cleaned(graph))]
    assert counts == [4, 2]
