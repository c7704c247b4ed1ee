"""No number that is not the program is baked into a step: the graph of a step is the same whatever the numbers are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import beginning, crossed, first_of_each, source_of

import toygan
from toygan.engines.graph import Graph, recorded, wires_in
from toygan.engines.tree import named, rebuilt
from toygan.files.config import Config, as_data
from toygan.files.dials import PARTS, dials_of
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.files.strict import Source, check
from toygan.files.world import world
from toygan.game.constraints import CONSTRAINTS
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES
from toygan.game.optimisers import OPTIMISERS
from toygan.game.rules import RULES
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON, ZOO

NETS = [("generator.width", 6), ("generator.depth", 1), ("critic.width", 6), ("critic.depth", 2)]
SMALL = [*NETS, ("training.batch", 8), ("training.seeds", 2)]
Changes = Sequence[tuple[str, Any]]
RUNNING = ("critic.normalisation", "batch-running")

CASES: dict[str, tuple[str, Changes]] = {
    **{name: (name, ()) for name in (*METHODS, *ZOO)},
    **{f"{name}+none": (f"{name}+none", ()) for name in OBJECTIVES},
    **{f"hinge+{name}": (f"hinge+{name}", ()) for name in CONSTRAINTS},
    **{f"moves {name}": ("hinge+r1", [("method.update", name)]) for name in RULES},
    **{f"by {name}": ("hinge+r1", [("method.optimiser", name)]) for name in OPTIMISERS},
    "in a square": ("gan", [("generator.output", "tanh")]),
    "generators in a square": ("mgan", [("generator.output", "tanh")]),
    "running statistics": ("wgan-gp", [RUNNING]),
    "running statistics of two critics": ("cyclegan", [RUNNING]),
    "tricks": (
        "infogan",
        [("method.ema", 0.9), ("method.instance_noise", 0.3), ("method.noisy_labels", 0.1), ("method.history", 0.1)],
    ),
    "moved down funnels": ("wgan-gp", [("generator.kind", "funnels")]),
    "data plus noise": ("wgan-gp", [("generator.kind", "data-plus-noise")]),
    "an autoencoder": ("ebgan", [("critic.kind", "autoencoder")]),
}


def config_of(method: str, changes: Changes) -> Config:
    """A method on small nets."""
    sizes = [size for size in SMALL if (size[0].partition(".")[0] + ".kind") not in dict(changes)]
    return read(PLAYED_ON.get(method, "eight-gaussians"), method, [*sizes, *changes])


def places_of_floats(table: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the floats of plain data stand."""
    for key, value in table.items() if isinstance(table, dict) else enumerate(table):
        if isinstance(value, dict | list):
            yield from places_of_floats(value, (*way, key))
        elif isinstance(value, float):
            yield (*way, key)


def at(data: Any, way: tuple[Any, ...]) -> Any:
    """What stands at a place of plain data."""
    for key in way:
        data = data[key]
    return data


def with_others(config: Config) -> tuple[Config, list[str]]:
    """The same program with every float another one that a config takes, and their keys."""
    changed, data = [], as_data(config)
    for table in ("method", "generator", "critic"):
        for way in places_of_floats(data[table], (table,)):
            *front, last = way
            usual = at(data, way)
            if last in PARTS and not usual:  # zero is none of it, and another program
                continue
            for other in (usual * 0.75 + 0.01, usual + 0.25):
                at(data, tuple(front))[last] = other
                try:
                    check(Config, data, Source("numbers"))
                except UserError:
                    at(data, tuple(front))[last] = usual
                    continue
                changed.append(".".join(map(str, way)))
                break
    data["training"]["steps"] += 7
    return check(Config, data, Source("numbers")), changed


@cache
def case(name: str) -> tuple[Config, Config, list[str]]:
    """A case's config, the same program with other numbers, and these numbers' keys."""
    config = config_of(*CASES[name])
    return config, *with_others(config)


def graph_of(config: Config) -> Graph:
    """The operators of a step, on the same state and draw whatever the numbers are."""
    made = world(config)
    state = beginning(made, (0, 1), torch.empty(0))
    generator = torch.Generator().manual_seed(0)
    state = rebuilt(
        state,
        {k: torch.rand(v.shape, generator=generator).to(v) for k, v in named(state, "state").items()},
        "state",
    )
    draw = next(islice(draws(source_of(made, (0, 1)), 0, torch.empty(0)), 1))
    same = {
        name: torch.full_like(one, 0.5) if one.is_floating_point() else one for name, one in named(draw, "draw").items()
    }
    examples = {**named(state, "state"), **same, **{f"dials/{key}": dial for key, dial in made.dials.items()}}

    def flat(*leaves: torch.Tensor) -> list[torch.Tensor]:
        given = dict(zip(examples, leaves, strict=True))
        after = made.step(*(rebuilt(tree, given, name) for tree, name in
                            ((state, "state"), (draw, "draw"), (made.dials, "dials"))))  # fmt: skip
        return list(named(after, "state").values())

    return recorded(flat, [one.clone() for one in examples.values()])


SINGLE = ("in a square", "generators in a square", "running statistics", "running statistics of two critics", "tricks",
          "moved down funnels", "data plus noise", "an autoencoder")  # fmt: skip


def kinds_in(name: str) -> set[tuple[str, str]]:
    """The parts of a case: its objective, constraints, rule, optimiser and cast, and what it does with labels and packs of
    points.
    """
    method = case(name)[0].method
    held = {("constraint", part.kind) for part in (method.constraint, method.also)}
    cast = {("cast", method.cast.kind)} if method.cast else set()
    others = {(key, str(getattr(method, key))) for key in ("labels", "auxiliary", "pack", "optimiser")}
    return held | cast | others | {("objective", method.objective.kind), ("rule", method.update.kind)}


@pytest.mark.parametrize("name", [*SINGLE, *first_of_each([name for name in CASES if name not in SINGLE], kinds_in)])
def test_a_step_is_the_same_graph_whatever_its_numbers_are(name):
    config, other, changed = case(name)
    assert {"method.generator_rate", "method.critic_rate"} <= set(changed)
    one, two = graph_of(config), graph_of(other)
    for a, b in zip(one.nodes, two.nodes, strict=True):
        assert a == b
    used = {wire.key for node in one.nodes for wire in wires_in(node.args)} & one.constants.keys()
    assert used <= two.constants.keys()
    assert all(torch.equal(one.constants[key], two.constants[key]) for key in used)  # others may never have been filled


def test_what_is_changed_there_is_every_number_of_a_step():
    """Every dial is among the numbers that were changed, so that none is missing there."""
    seen = set()
    for config, _, changed in map(case, CASES):
        keys = {key.removeprefix("method.") for key in changed} | {"steps"}
        assert dials_of(config).keys() <= keys
        seen |= keys
    wanted = {"epsilon", "betas.0", "betas.1", "ema", "update.alpha", "update.lean", "constraint.weight"}
    assert wanted | {"generator.reach", "critic.momentum", "objective.margin", "cast.cycle", "history"} <= seen


# Floats of the game that are no option's default: why each is the program. Any other belongs among the options.
PROGRAM = {
    "casts.py": {
        "1e-09": "rounding, in a check before the game",
        "1e-30": "roots are safe at zero",
        "1e-05": "no division by zero",
    },
    "constraints.py": {
        "1e-12": "a layer as good as zero is not divided",
        "1.0": "a layer as it is",
        "1.5": "Bjoerck's iteration (3 W - W W^T W) / 2",
        "0.5": "the same",
    },
    "field.py": {"0.0": "nothing of nothing", "1.0": "nothing of nothing; a sign"},
    "networks.py": {
        "1e-05": "no division by zero variance",
        "0.2": "leaky-relu is this function, as silu is another",
        "0.5": "first parameters: a root",
        "0.0": "first parameters: their mean",
        "0.02": "first parameters: normal's spread",
        "1.0": "first parameters: bounds",
    },
    "objectives.py": {
        "0.6931471805599453": "log 2",
        "1e-12": "roots are safe at zero",
        "1e-30": "roots and logarithms are safe at zero",
        "1e-09": "rounding, in a check before the game",
        "0.5": "a memory to try an objective at, before the game",
        "30.0": "the size of outputs at which an objective is tried, before the game",
    },
    "rounds.py": {
        "0.0": "a share of none",
        "0.5": "the middle of a stratum",
        "1.0": "a share of all; a mark of none; the equation's times",
        "20.0": "a log-ratio beyond which points are as good as never made",
    },
    "optimisers.py": {"1e-30": "roots are safe at zero", "1.0": "the schedule's beginning"},
    "play.py": {"0.0": "no noise"},
    "players.py": {"1.0": "latents' square", "0.0": "the line's end", "0.5": "a root"},
    "rules.py": {"1.0": "a sign, a whole move, all of it"},
}


def floats_apart_from_defaults(path: Path) -> Iterator[str]:
    """Floats of a file that are neither the default of an option nor in its annotation nor in a table of constants."""
    tree = ast.parse(path.read_text())
    skipped = {id(node) for node in (tree.body[i] for i in range(len(tree.body))) if is_table(node)}
    aside = {id(inner) for one in ast.walk(tree) for part in set_aside(one) for inner in ast.walk(part)}
    aside |= {id(inner) for one in tree.body if id(one) in skipped for inner in ast.walk(one)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and id(node) not in aside:
            yield repr(node.value)


def is_table(node: ast.stmt) -> bool:
    """Whether a statement gives a name to numbers of drawn laws, or to a type with bounds."""
    names = [getattr(target, "id", "") for target in getattr(node, "targets", ())]
    return names in (["CENTRES"], ["OFFSETS"]) or any(name[:1].isupper() and not name.isupper() for name in names)


def set_aside(node: ast.AST) -> list[ast.AST]:
    """Defaults and annotations of a function, and of a field."""
    if isinstance(node, ast.FunctionDef):
        args = node.args
        every = (*args.posonlyargs, *args.args, *args.kwonlyargs)
        return [
            *(one.annotation for one in every if one.annotation),
            *filter(None, (*args.defaults, *args.kw_defaults)),
        ]
    if isinstance(node, ast.AnnAssign) and isinstance(getattr(node, "target", None), ast.Name):
        return [node.value] if node.value is not None and isinstance(node.value, ast.Constant) else []
    return []


@pytest.mark.parametrize(
    "path", sorted((Path(toygan.__file__).parent / "game").glob("*.py")), ids=lambda path: path.name
)
def test_every_float_in_the_game_is_an_option_or_the_program(path):
    if path.name in ("methods.py", "zoo.py"):  # rows of options
        return
    found = set(floats_apart_from_defaults(path))
    assert found == set(PROGRAM.get(path.name, {})), path.name


# --- turned while the game is played ---------------------------------------------------------------------------------

TINY = {
    "training.steps": 20,
    "training.batch": 8,
    "training.points": 40,
    "training.frames": 3,
    **dict(NETS),
}
TURNED: list[tuple[str, str, dict[str, Any], str, float]] = [
    ("ns-gan", "epsilon", {}, "method.epsilon", 0.3),
    ("ns-gan", "epsilon", {"method.optimiser": "rmsprop"}, "method.epsilon", 0.3),
    ("ns-gan-r1", "update.lean", {"method.update": {"kind": "sga"}}, "method.update.lean", -1e6),
    ("gan", "generator.reach", {"generator.output": "tanh"}, "generator.reach", 1.5),
    ("mgan", "generator.reach", {"generator.output": "tanh"}, "generator.reach", 1.5),
    ("wgan-gp", "critic.momentum", {"critic.normalisation": "batch-running"}, "critic.momentum", 0.7),
]


@pytest.mark.parametrize(("number", "backend"), crossed(TURNED, ["eager", "onnx"], 2))
def test_a_number_turned_before_the_first_step_is_that_of_a_config(number, backend):
    method, dial, others, key, value = number
    words = {"seeds": 2, "at": [6], "backend": backend}
    (usual,) = [look.arrays for look in toygan.session("eight-gaussians", method, overrides=TINY | others, **words)]
    turns = {0: {dial: [value, value]}}
    (turned,) = toygan.session("eight-gaussians", method, overrides=TINY | others, turns=turns, **words)
    (configured,) = toygan.session("eight-gaussians", method, overrides=TINY | others | _set(key, value), **words)
    for name, values in configured.arrays.items():
        if name != "optimal_scores":
            np.testing.assert_allclose(turned.arrays[name], values, rtol=2e-3, atol=2e-4, err_msg=name)
    assert any(not np.array_equal(configured.arrays[name], usual[name]) for name in ("samples", "scores"))


def _set(key: str, value: float) -> dict[str, Any]:
    """A number of a config; of a rule with its options the whole table."""
    if key == "method.update.lean":
        return {"method.update": {"kind": "sga", "lean": value}}
    return {key: value}


@pytest.mark.parametrize(("method", "dial", "others", "key", "value"), TURNED)
def test_a_number_is_turned_in_mid_game_and_by_seed(method, dial, others, key, value):
    """The seed at which it is left alone plays on as before; the other one does not."""
    words = {"seeds": 2, "at": [3, 8], "backend": "eager", "overrides": TINY | others}
    usual = next(iter(dial_of(method, others, dial)))
    left, turned = (
        list(toygan.session("eight-gaussians", method, turns=turns, **words))
        for turns in ({}, {3: {dial: [usual, value]}})
    )
    state_of = [[named(look.state, "state") for look in looks] for looks in (left, turned)]
    assert all(torch.equal(one, state_of[1][0][place]) or one.isnan().any() for place, one in state_of[0][0].items())
    same = {place: [bool((a[row] == state_of[1][1][place][row]).all()) for row in (0, 1)]
            for place, a in state_of[0][1].items() if a.ndim == 2}  # fmt: skip
    assert all(first for first, _ in same.values())
    assert not all(second for _, second in same.values())


def dial_of(method: str, others: dict[str, Any], key: str) -> Iterator[float]:
    """What a dial is in a config."""
    yield float(dials_of(read("eight-gaussians", method, list((TINY | others).items())))[key])


def test_an_optimiser_without_epsilon_refuses_one():
    with pytest.raises(UserError, match=r"descent does not use epsilon\n +leave it at 1e-08"):
        read("eight-gaussians", "gan", [("method.optimiser", "descent"), ("method.epsilon", 1e-4)])
    assert "epsilon" not in dials_of(read("eight-gaussians", "gan", [("method.optimiser", "descent")]))
