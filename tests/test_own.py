"""A user's own loss or penalty: from a file that the command names, or a function in Python, through every door."""

import inspect
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import called, sampled
from typer.testing import CliRunner

import toygan
from toygan.cli.main import app
from toygan.files import own
from toygan.files.dials import dials_of
from toygan.files.own_settings import settings_of
from toygan.files.scenario import read
from toygan.many import sweep as sweeps
from toygan.many import task as tasks
from toygan.many.run import Order, prepared
from toygan.quantities import measure
from toygan.view.settings import settings_line

SMALL = {"training.steps": 8, "training.points": 60, "training.batch": 16, "training.frames": 3}
SETS = [f"--set={key}={value}" for key, value in SMALL.items()]
MINE = '''"""A file of a researcher's."""
from torch.nn.functional import softplus


def my_hinge(r, g):
    return (1 - r).relu().mean(dim=(1, 2)) + (1 + g).relu().mean(dim=(1, 2)), -g.mean(dim=(1, 2))


def my_loss(r, g, *, beta: float = 1, kind_of: str = "plain"):
    critic = (softplus(-r) + beta * softplus(g)).mean(dim=(1, 2))
    return {"critic": critic, "generator": softplus(-g).mean(dim=(1, 2))}


def my_r1(sight, weight: float = 0.1):
    return weight / 2 * sight.real_slopes().square().sum(dim=2).mean(dim=1)


def my_between(sight, *, weight: float = 0.1):
    points = sight.fake.lerp(sight.real, sight.draw["mix"])
    return weight * sight.slopes_at(points).square().sum(dim=2).mean(dim=1)


def whole(*, margin: float = 1.0):
    from toygan.game.objectives import energy

    return energy(margin=margin)


def scalar(r, g):
    return g.mean() - r.mean(), -g.mean()


def nan(r, g):
    return (r - g).log().mean(dim=(1, 2)), g.mean(dim=(1, 2))


def mixes(r, g):
    return (g - r.mean()).mean(dim=(1, 2)), -g.mean(dim=(1, 2))


def mixes_unseen(r, g):
    return float(r.detach().mean()) * (g - r).mean(dim=(1, 2)), -g.mean(dim=(1, 2))


def raises(r, g):
    worse = r.mena()
    return worse, worse


def no_pair(r, g):
    return r.mean(dim=(1, 2))


def one_argument(r):
    return r


def untold(r, g, *, beta):
    return g, r


def by_size(r, g):
    return reads_numbers(r, g) * (g - r).mean(dim=(1, 2)), -g.mean(dim=(1, 2))


def reads_numbers(r, g):
    return 2.0 if float(r.detach()[0].mean()) > 1e6 else 1.0


no_function = 3
'''


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """What is asked here is neither of graphs nor of pictures, but where a test says so."""
    with called():
        yield


def run(*words: str):
    return CliRunner().invoke(app, ["run", "two-moons", "--no-animation", "--seeds", "2", *SETS, *words])


def facts_in(folder: str) -> dict:
    return json.loads(Path("runs/two-moons", folder, "run.json").read_text())


# --- the same game -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine_is", "shipped"),
    sampled(
        [
            ("mine.py:my_hinge", "hinge+none"),
            ("mine.py:my_hinge+r1", "hinge+r1"),
            ("hinge+mine.py:my_r1", "hinge+r1"),
            ("mine.py:my_hinge+mine.py:my_between", "hinge+zero-centred"),
            ("mine.py:my_loss+none", "non-saturating+none"),
        ],
        3,
    ),
)
def test_own_code_plays_as_the_table_does(mine_is, shipped, mine, by_graph):
    same = toygan.run("two-moons", method=shipped, seeds=2, overrides=SMALL, animation=False)
    found = toygan.run("two-moons", method=mine_is, seeds=2, overrides=SMALL, animation=False)
    np.testing.assert_allclose(found.frames["samples"], same.frames["samples"], rtol=0, atol=1e-5)
    assert found.facts.backend == same.facts.backend


def test_eager_is_the_same_to_the_bit(mine):
    both = (
        toygan.session("two-moons", method=name, seeds=2, overrides=SMALL, backend="eager")
        for name in ("hinge+r1", "mine.py:my_hinge+mine.py:my_r1")
    )
    for one, other in zip(*both, strict=True):
        assert np.array_equal(one.arrays["samples"], other.arrays["samples"])


def test_a_whole_objective_may_be_made(mine):
    assert run("-m", "mine.py:whole", "--set", "method.objective.margin=2").exit_code == 0
    assert facts_in("mine.whole")["config"]["method"]["objective"]["margin"] == 2.0


# --- options and dials ---------------------------------------------------------------------------------------------------


def test_keyword_arguments_are_options_and_floats_are_dials(mine):
    own.allow(["mine.py:my_loss+mine.py:my_r1"])
    config = read("two-moons", "mine.py:my_loss+mine.py:my_r1", ["method.objective.beta=2"])
    assert (config.method.objective.beta, config.method.objective.kind_of) == (2.0, "plain")
    dials = dials_of(config)
    assert {"objective.beta", "constraint.weight"} < dials.keys()
    assert "objective.kind_of" not in dials
    assert float(dials["objective.beta"]) == 2.0


def test_an_unknown_option_is_told_with_the_legal_ones(mine):
    result = run("-m", "mine.py:my_loss", "--set", "method.objective.betaa=2", "--set", "method.objective.beta=true")
    assert result.exit_code == 2
    assert "--set method.objective.betaa=2: method.objective.betaa = 2: unknown key" in result.stderr
    assert 'did you mean "beta"?' in result.stderr
    assert "method.objective.beta = true: must be a number" in result.stderr


def test_a_third_part_from_another_folder(mine):
    Path("deep er").mkdir()
    mine.rename(mine.parent / "deep er" / "mine.py")
    result = run(
        "-m", "hinge+r1", "--set", "method.also.kind=deep er/mine.py:my_between", "--set", "method.also.weight=3"
    )
    assert result.exit_code == 0, result.output
    recording = toygan.load("runs/two-moons/hinge+r1")
    assert recording.config().method.also.weight == 3.0
    assert {"penalty", "penalty_r1", "penalty_mine.my_between"} <= recording.metrics.keys()
    assert "path" not in settings_line(recording)
    assert "and also mine.py:my_between" in settings_line(recording)


def test_a_dial_may_differ_by_seed_though_the_function_knows_nothing_of_it(mine):
    def looked(turns):
        looks = toygan.session("two-moons", method="mine.py:my_loss", seeds=2, overrides=SMALL, at=[4], turns=turns)
        return next(looks).arrays["samples"]

    apart = looked({0: {"objective.beta": [0.5, 2.0]}})
    for seed, beta in enumerate((0.5, 2.0)):
        alone = looked({0: {"objective.beta": beta}})
        np.testing.assert_allclose(apart[seed], alone[seed], atol=1e-5)


# --- what a run keeps ----------------------------------------------------------------------------------------------------


def test_a_run_keeps_source_digest_and_name(mine):
    assert run("-m", "mine.py:my_loss+mine.py:my_r1").exit_code == 0
    folder = Path("runs/two-moons/mine.my_loss+mine.my_r1")
    assert (folder / "objective.py").read_bytes() == mine.read_bytes() == (folder / "constraint.py").read_bytes()
    facts = facts_in(folder.name)
    assert facts["config"]["method"]["objective"] == {
        "kind": "mine.py:my_loss", "path": str(mine), "beta": 1.0, "kind_of": "plain"
    }  # fmt: skip
    assert list(facts["inputs"]) == [str(mine)]
    assert facts["command"].startswith("toygan run two-moons --method mine.py:my_loss+mine.py:my_r1")
    assert tomllib.loads((folder / "config.toml").read_text())["method"]["objective"]["beta"] == 1.0


def test_a_changed_source_is_another_run(mine, monkeypatch):
    assert run("-m", "mine.py:my_hinge").exit_code == 0
    # What perfect samplers score does not hang on a loss: it is known by now.
    monkeypatch.setattr(measure, "floors", None)
    mine.write_text(MINE.replace("(1 + g)", "(2 + g)"))  # in the same second, of the same length
    result = run("-m", "mine.py:my_hinge")
    assert result.exit_code == 2
    assert "holds a run with other settings\n    mine.py has changed since" in result.stderr
    assert run("-m", "mine.py:my_hinge", "--fresh").exit_code == 0
    mine.write_text(MINE)
    assert run("-m", "mine.py:my_hinge").exit_code == 2


def test_a_recording_is_read_without_its_code(mine, monkeypatch):
    for method in ("mine.py:my_hinge", "hinge+r1"):  # one by one: together they would draw a comparison
        assert run("-m", method).exit_code == 0
    monkeypatch.setattr(own, "LOADED", {})
    mine.unlink()
    runs = [f"runs/two-moons/{name}" for name in ("mine.my_hinge", "hinge+r1")]
    for words in (["compare", *runs, "-f", "svg", "--page"], ["table", "runs"], ["draw", runs[0], "-f", "svg"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    recording = toygan.load(runs[0])
    assert recording.config().method.objective.kind == "mine.py:my_hinge"
    assert recording.sample(50).shape == (2, 50, 2)


@pytest.mark.slow
def test_a_sweep_plays_own_code_in_processes_of_its_own(mine):
    words = ["sweep", "two-moons", "-m", "mine.py:my_loss+r1", "--grid", "method.objective.beta=1,2", "--out", "sw"]
    result = CliRunner().invoke(app, [*words, *SETS])
    assert result.exit_code == 0, result.output
    found = sorted(path.parent.name for path in Path("sw").rglob("run.json"))
    assert found == ["method.objective.beta=1", "method.objective.beta=2"]


def test_own_code_travels_to_another_machine(mine, tmp_path):
    """As a Dask worker gets it: the task and the bytes of its files, and nothing of the disk that they came from."""
    points = tmp_path / "points.csv"
    points.write_text("0,1\n1,0\n")
    own.allow(["mine.py:my_loss+mine.py:my_r1"])
    changes = [("target", {"kind": "points", "path": str(points)}), *SMALL.items()]
    plan = {"scenarios": ("two-moons",), "methods": ("mine.py:my_loss+mine.py:my_r1",), "set": dict(changes)}
    (task,) = sweeps.planned(sweeps.Plan(**plan, out="away"))
    cargo = tasks.cargo_for(task)
    assert sorted(Path(name).name for name in cargo) == ["mine.py", "points.csv"]
    mine.rename(tmp_path / "moved.py")
    points.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "LOADED", {})
        patch.setattr(tasks, "telling", lambda: lambda progress: None)
        end = tasks.perform(task, cargo=cargo)
    assert end.status == "done"
    tasks.brought_home(task, end)
    facts = json.loads((task.folder / "run.json").read_text())
    assert sorted(facts["inputs"]) == sorted([str(mine), str(points)])
    assert facts["config"]["method"]["constraint"]["path"] == str(mine)
    assert (task.folder / "objective.py").read_text() == MINE


def test_a_portrait_of_the_dirac_game(mine):
    words = ["dirac", "-m", "mine.py:my_loss+mine.py:my_r1", "-m", "ns-gan-r1", "--json", "--set", "training.steps=50"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    own_one, shipped = json.loads(result.stdout)["portraits"]
    assert own_one["eigenvalues"] == shipped["eigenvalues"]


# --- law 11: a file never makes it run -----------------------------------------------------------------------------------


def test_a_scenario_file_cannot_run_code(mine):
    mine.write_text("raise SystemExit('ran')\n" + MINE)
    shipped = Path(toygan.__file__).parent.parent / "scenarios" / "two-moons.toml"
    text = shipped.read_text() + '\n[methods.evil]\nobjective = "mine.py:my_hinge"\n'
    Path("evil.toml").write_text(text)
    result = CliRunner().invoke(app, ["run", "evil.toml", "-m", "evil"])
    assert result.exit_code == 2
    assert "own code runs only where its file is named on the command line" in result.stderr
    assert "ran" not in result.output


def test_no_method_of_a_file_is_loaded_by_what_reads_files(mine):
    """As exhibits, protocols and sweep files have their methods resolved."""
    mine.write_text("raise SystemExit('ran')\n" + MINE)
    with pytest.raises(toygan.UserError, match="own code runs only where its file is named"):
        prepared("two-moons", "mine.py:my_hinge+r1", [], Order(Path("runs")))
    Path("sweep.toml").write_text('scenarios = ["two-moons"]\nmethods = ["mine.py:my_hinge"]\nseeds = 1\n')
    result = CliRunner().invoke(app, ["sweep", "sweep.toml"])
    assert result.exit_code == 2
    assert "own code runs only where its file is named" in result.stderr


def test_a_file_may_name_what_the_command_names(mine):
    assert run("-m", "mine.py:my_hinge+r1").exit_code == 0
    config = "runs/two-moons/mine.my_hinge+r1/config.toml"
    own.LOADED.clear()
    assert CliRunner().invoke(app, ["run", config, "--out", "again", "--no-animation"]).exit_code == 2
    words = ["run", config, "-m", "mine.py:my_hinge+r1", "--out", "again", "--no-animation"]
    assert CliRunner().invoke(app, words).exit_code == 0
    frames = [Path(root, "two-moons/mine.my_hinge+r1/frames.npz").read_bytes() for root in ("runs", "again")]
    assert frames[0] == frames[1]


# --- mistakes ------------------------------------------------------------------------------------------------------------


def line(text: str) -> int:
    return MINE.splitlines().index(text) + 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "scalar",
            f"line {line('def scalar(r, g):')}: mine.py:scalar: the loss of the critic is a tensor [] where one",
        ),
        ("nan", f"line {line('def nan(r, g):')}: mine.py:nan: on random numbers the loss of the critic is [nan, nan]"),
        ("mixes", "the loss of the critic of one seed depends on another seed"),
        ("mixes_unseen", "the loss of the critic of one seed depends on another seed"),
        ("raises", f"line {line('    worse = r.mena()')}: AttributeError: 'Tensor' object has no attribute 'mena'"),
        ("no_pair", "no_pair is not the function of an objective: it returns a tensor [2]"),
        ("one_argument", "one_argument is not the function of an objective: it takes r"),
        ("my_r1", "my_r1 is not the function of an objective: it takes sight"),
        ("untold", "its option 'beta' needs an annotation, such as float"),
        ("my_hing", "has no function 'my_hing'\n    did you mean \"my_hinge\""),
        ("no_function", "no_function is no function"),
    ],
)
def test_a_function_that_does_not_fit_is_one_message(name, said, mine):
    result = run("-m", f"mine.py:{name}")
    assert result.exit_code == 2
    assert said in result.stderr
    assert str(mine) in result.stderr
    assert "Traceback" not in result.output
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def my_hinge(r, g):\n    return (r,\n", "line 2: SyntaxError"),
        ("import torch\nimport no_such_library\n", "line 2: ModuleNotFoundError: No module named 'no_such_library'"),
        ("import sys\n\nsys.exit(3)\n", "line 3: SystemExit: 3"),
        ("1 / 0\n", "line 1: ZeroDivisionError: division by zero\n    1 / 0"),
        (
            "class Odd(BaseException):\n    pass\nraise Odd('a: \"b\" {}\\n\\x1b[31m')\n",
            'line 3: Odd: a: "b" {} \\x1b[31m',
        ),
        (
            "class Mute(Exception):\n    def __str__(self):\n        return 1\nraise Mute\n",
            "line 4: Mute: an error that",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_message(text, said, mine):
    mine.write_text(text)
    result = run("-m", "mine.py:my_hinge")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.startswith(f"toygan: {mine}")


def test_a_file_that_is_not_there_is_one_message(mine):
    result = run("-m", "nowhere.py:x+r1")
    assert (result.exit_code, "cannot be read (No such file or directory)" in result.stderr) == (2, True)


def test_the_other_half_of_a_pair_is_checked_too(mine):
    result = run("-m", "mine.py:my_hinge+r7")
    assert result.exit_code == 2
    assert "'r7' is no constraint" in result.stderr


def test_a_file_imports_its_neighbours(mine):
    Path("neighbour.py").write_text("WEIGHT = 0.5\n")
    mine.write_text("from neighbour import WEIGHT\n" + MINE)
    assert run("-m", "mine.py:my_hinge").exit_code == 0


def test_what_is_no_graph_runs_eagerly_and_says_why(mine, by_graph):
    result = run("-m", "mine.py:by_size")
    assert result.exit_code == 0
    assert facts_in("mine.by_size")["backend"] == "eager"
    assert "the step reads a number out of a tensor" in result.stderr
    assert facts_in("mine.by_size")["status"] == "done"


# --- in Python -----------------------------------------------------------------------------------------------------------


def ours(r, g, beta: float = 1.0):
    return (1 - r).relu().mean(dim=(1, 2)) + beta * (1 + g).relu().mean(dim=(1, 2)), -g.mean(dim=(1, 2))


def our_penalty(sight, weight=0.1):
    return weight / 2 * sight.real_slopes().square().sum(dim=2).mean(dim=1)


def test_plain_functions_are_a_method(mine):
    method = toygan.Method(objective=ours, constraint=our_penalty, critic_steps=2)
    found = toygan.run("two-moons", method=method, seeds=2, overrides=SMALL, animation=False)
    same = toygan.session("two-moons", method="hinge+r1", seeds=2, overrides=SMALL | {"method.critic_steps": 2})
    samples = [look.arrays["samples"] for look in same]
    np.testing.assert_allclose(found.frames["samples"], samples, atol=1e-5)
    assert found.facts.method == "python.ours+python.our_penalty"
    assert (found.folder / "objective.py").read_text() == (
        "def ours(r, g, beta: float = 1.0):\n"
        "    return (1 - r).relu().mean(dim=(1, 2)) + beta * (1 + g).relu().mean(dim=(1, 2)), -g.mean(dim=(1, 2))\n"
    )
    assert found.facts.command == "toygan.run('two-moons', method=toygan.Method(...))"


def test_options_are_set_by_partial_or_by_override(mine):
    assert toygan.Method(objective=partial(ours, beta=2.0)).objective.beta == 2.0
    method = toygan.Method(objective=ours, constraint="r1")
    found = toygan.run("two-moons", method=method, overrides=SMALL | {"method.objective.beta": 2}, animation=False)
    assert found.config().method.objective.beta == 2.0


def test_two_functions_of_one_name_are_two(mine):
    def made(scale):
        def loss(r, g):
            return (g - r).mean(dim=(1, 2)) * scale, -g.mean(dim=(1, 2))

        return loss

    one, two = (toygan.Method(objective=made(scale), constraint="r1") for scale in (1.0, 2.0))
    assert one.objective.path != two.objective.path
    first = toygan.run("two-moons", method=one, overrides=SMALL, animation=False)
    with pytest.raises(toygan.UserError, match="holds a run with other settings"):
        toygan.run("two-moons", method=two, overrides=SMALL, animation=False)
    again = toygan.run("two-moons", method=one, overrides=SMALL, animation=False)
    assert np.array_equal(first.frames["samples"], again.frames["samples"])


def scaled(scale, r, g):
    return scale * (g - r).mean(dim=(1, 2)), -g.mean(dim=(1, 2))


class Scaled:
    def __init__(self, scale):
        self.scale = scale

    def __call__(self, r, g):
        return scaled(self.scale, r, g)

    def loss(self, r, g):
        return scaled(self.scale, r, g)


@dataclass
class Listed:
    """It has no hash, as it compares by value."""

    scales: list[float]

    def __call__(self, r, g):
        return scaled(self.scales[0], r, g)


@dataclass(slots=True)
class Slotted:
    scale: np.ndarray

    def __call__(self, r, g):
        return scaled(float(self.scale), r, g)


class Module(torch.nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, r, g):
        return scaled(self.scale, r, g)


def closed(scale):
    table = {"scale": scale}
    return lambda r, g: scaled(table["scale"], r, g)


def wrapped(scale):
    inner = closed(scale)

    @wraps(scaled)
    def outer(r, g):
        return inner(r, g)

    outer.__signature__ = inspect.signature(inner)
    return outer


CALLED: dict[str, Callable[[float], Callable[..., Any]]] = {
    "an object": Scaled,
    "an object's method": lambda scale: Scaled(scale).loss,
    "a dataclass with a list": lambda scale: Listed([scale]),
    "a dataclass with slots and an array": lambda scale: Slotted(np.array(scale)),
    "a module": Module,
    "a function of a table": closed,
    "a wrapped function": wrapped,
}


@pytest.mark.parametrize("kind", CALLED)
def test_what_is_called_is_a_loss_and_its_settings_are_part_of_it(mine, kind):
    one, same, other = (toygan.Method(objective=CALLED[kind](scale), constraint="r1") for scale in (1.0, 1.0, 2.0))
    assert one.objective.path == same.objective.path != other.objective.path
    found = list(toygan.session("two-moons", method=one, overrides=SMALL, backend="eager"))[-1]
    wanted = list(toygan.session("two-moons", method="wasserstein+r1", overrides=SMALL, backend="eager"))[-1]
    np.testing.assert_allclose(found.arrays["samples"], wanted.arrays["samples"], atol=1e-5)


def test_an_object_that_holds_itself_has_settings():
    one, other = Scaled(1.0), Scaled(2.0)
    for ring in (one, other):
        ring.itself, ring.places, ring.sparse = ring, {(0.5, None), (1.5, None)}, torch.eye(2).to_sparse()
    assert settings_of(one) == settings_of(one) != settings_of(other)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"objective": "hing"}, r'toygan.Method: objective.kind: not one of the legal values\s+did you mean "hinge"'),
        ({"objective": ours, "critic_stps": 2}, "critic_stps: unknown key"),
        ({"constraint": "r1"}, "objective: this key is missing"),
    ],
)
def test_a_method_that_is_none_is_one_message(parts, said):
    with pytest.raises(toygan.UserError, match=said):
        toygan.Method(**parts)


def test_a_function_of_the_wrong_shape_is_told_with_its_line(mine):
    with pytest.raises(toygan.UserError) as caught:
        toygan.run("two-moons", method=toygan.Method(objective=our_penalty), overrides=SMALL)
    assert re.search(r"test_own\.py, line \d+: our_penalty is not the function of an objective", str(caught.value))
