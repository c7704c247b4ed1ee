"""A user's own generator and critic: modules of one seed that play as the shipped ones do, through every door."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import called, sampled
from typer.testing import CliRunner

import toygan
from toygan.cli.main import app
from toygan.files import own
from toygan.files.own import function_named
from toygan.files.own_networks import making, network_of, own_critic
from toygan.files.samplers import streams_restored
from toygan.game.players import mlp_critic
from toygan.many import sweep as sweeps
from toygan.many import task as tasks
from toygan.view.apart import names_apart
from toygan.view.settings import settings_line

SMALL = {"training.steps": 6, "training.points": 60, "training.batch": 16, "training.frames": 3}
SETS = [f"--set={key}={value}" for key, value in SMALL.items()]
MINE = '''"""A file of a researcher's."""
import torch
from torch import nn


def my_net(inputs, outputs, *, width: int = 8, depth: int = 2):
    sizes = [inputs] + depth * [width]
    hidden = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.SiLU())]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


class Critic(nn.Module):
    def __init__(self, in_dim=2, hidden: int = 8, slope: float = 0.2):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(in_dim, hidden), nn.LeakyReLU(slope), nn.Linear(hidden, 1, bias=False))

    def forward(self, x):
        return self.body(x).squeeze(1)


class Normed(nn.Module):
    """Sizes of its own, a batch norm, a buffer, a frozen parameter and one of another shape."""

    def __init__(self):
        super().__init__()
        self.first, self.last, self.norm = nn.Linear(4, 8), nn.Linear(8, 2), nn.BatchNorm1d(8)
        self.register_buffer("waves", torch.randn(4))
        self.frozen = nn.Parameter(torch.ones(8), requires_grad=False)
        self.gain = nn.Parameter(torch.tensor([1.0, 2.0]))

    def forward(self, z):
        return self.gain * self.last(torch.relu(self.norm(self.first(z * self.waves))) * self.frozen)


class Looks(nn.Module):
    """Asks for a parameter's value, so that seeds cannot be called at once."""

    def __init__(self, inputs):
        super().__init__()
        self.map = nn.Linear(inputs, 1)

    def forward(self, x):
        return self.map(x) * (2 if self.map.weight.detach().abs().max() > 1e6 else 1)


class Drops(Looks):
    def forward(self, x):
        return torch.dropout(self.map(x), 0.5, True)


class Batched(Looks):
    def forward(self, x):
        return self.map(x - x.mean(dim=0))


class Spectral(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.map = nn.utils.parametrizations.spectral_norm(nn.Linear(inputs, 1))

    def forward(self, x):
        return self.map(x)


class Listed(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.layers = [nn.Linear(inputs, 1)]

    def forward(self, x):
        return self.layers[0](x)


class Raises(Looks):
    def forward(self, x):
        return self.map(x).mena()


class Wide(Looks):
    def forward(self, x):
        return self.map(x).expand(-1, 3)


def of_points(x):
    return x.sum(1)


def untold(inputs, hidden):
    return nn.Linear(inputs, hidden)


def no_module(inputs, outputs):
    return inputs + outputs


made = nn.Linear(2, 1)
'''


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """What is asked here is neither of graphs nor of pictures, but where a test says so."""
    with called():
        yield


def run(*words: str):
    return CliRunner().invoke(app, ["run", "two-moons", "--no-animation", *SETS, *words])


def played(method: str = "hinge+r1", **overrides):
    changes = SMALL | {key.replace("__", "."): value for key, value in overrides.items()}
    return toygan.run("two-moons", method=method, seeds=2, overrides=changes, animation=False, fresh=True)


# --- the same body -----------------------------------------------------------------------------------------------------


def test_a_module_of_linear_maps_is_the_shipped_perceptron(mine):
    """Outputs, slopes, and their gradients by the same flat parameters."""
    mine_is = own_critic(making(function_named("mine.py:my_net"), "critic"), 2, 1, width=8, depth=2)
    shipped = mlp_critic(2, 1, width=8, depth=2, activation="silu")
    rng = np.random.default_rng(0)
    parameters = torch.from_numpy(np.stack([shipped.initial(rng) for _ in range(3)])).requires_grad_()
    real, fake = (torch.from_numpy(rng.standard_normal((3, 5, 2))) for _ in range(2))
    found = []
    for body in (mine_is, shipped):
        on_real, on_fake = body.judge_both(body.layers(parameters), real, fake)
        r, g = on_real.outputs, on_fake.outputs
        slopes = on_fake.slopes(torch.ones_like(g))
        loss = (r * 2 - g).sum() + slopes.square().sum()
        found.append([r, g, slopes, *torch.autograd.grad(loss, parameters)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_every_seed_starts_by_its_own_stream_and_leaves_the_others_alone(mine):
    body = network_of(making(function_named("mine.py:Normed"), "generator"), "generator", 4, 2, ())
    before = torch.get_rng_state()
    first, again, other = (body.initial(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(first) == (4 + 1) * 8 + (8 + 1) * 2 + 2 * 8 + 2  # neither the frozen parameter nor running averages
    assert torch.equal(before, torch.get_rng_state())


def test_a_module_gives_what_it_would_alone(mine):
    """Two seeds at once against the module itself, with each seed's parameters; weights that nobody moves stay."""
    code = making(function_named("mine.py:Normed"), "generator")
    body = network_of(code, "generator", 4, 2, ())
    parameters = torch.from_numpy(np.stack([body.initial(np.random.default_rng(seed)) for seed in (0, 1)]))
    z = torch.from_numpy(np.random.default_rng(2).standard_normal((2, 7, 4)))
    sent = body.forward(body.layers(parameters), z)
    for seed in (0, 1):
        with streams_restored(int(np.random.default_rng(seed).integers(2**31))):
            alone = code.function(4, 2).double()
        with streams_restored(0):
            alone.waves.copy_(code.function(4, 2).waves)  # of what is not learned all seeds have the same
        torch.testing.assert_close(sent[seed], alone(z[seed]), rtol=1e-6, atol=1e-6)


def test_seeds_together_are_seeds_alone(mine):
    changes = SMALL | {"critic": "mine.py:Critic", "generator": "mine.py:my_net"}
    both, alone = (toygan.session("two-moons", "r3gan", seeds=seeds, overrides=changes) for seeds in (2, [1]))
    for one, other in zip(both, alone, strict=True):
        np.testing.assert_allclose(one.arrays["samples"][1], other.arrays["samples"][0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("critic", "backend"), [("my_net", "onnx"), ("Critic", "onnx"), ("Looks", "eager")])
def test_what_is_a_graph_runs_as_one(critic, backend, mine, by_graph):
    recording = played("wgan-gp", critic=f"mine.py:{critic}", generator="mine.py:my_net")
    assert recording.facts.backend == backend


# --- in the game -------------------------------------------------------------------------------------------------------


def slopes_of(method: str, **overrides) -> np.ndarray:
    changes = SMALL | overrides | {"critic": "mine.py:Critic"}
    (look,) = toygan.session("two-moons", method, seeds=2, overrides=changes, at=[6])
    return np.linalg.norm(look.arrays["slopes"], axis=-1)


def test_constraints_of_weights_are_of_its_linear_maps(mine):
    overrides = {"method.critic_rate": 0.5, "critic.slope": 1.0}  # steep soon, and its activation bounds nothing
    steep = slopes_of("wasserstein+none", **overrides)
    assert steep.max() > 0.5
    bounded = slopes_of("wasserstein+spectral-norm", **{**overrides, "method.constraint.lipschitz": 0.1})
    assert bounded.max() < 0.1 + 1e-4
    assert (
        slopes_of("wasserstein+clip", **{**overrides, "method.constraint.bound": 0.01}).max()
        < 0.01**2 * 8 * 2**0.5 + 1e-6
    )
    for name in ("weight-norm", "norm-clip", "l2-decay"):
        assert np.isfinite(slopes_of(f"hinge+{name}")).all()


@pytest.mark.parametrize(
    "method", sampled(["cgan", "infogan", "pacgan", "ac-gan", "mgan", "unrolled-gan", "ns-gan-instance-noise"], 3)
)
def test_other_games_take_them(method, mine):
    changes = SMALL | {"critic": "mine.py:my_net", "generator": "mine.py:my_net"}
    recording = toygan.run("eight-gaussians", method, seeds=2, overrides=changes, animation=False, fresh=True)
    assert recording.facts.status == "done"


def test_a_float_is_an_option_and_latents_are_chosen(mine):
    recording = played(generator="mine.py:Normed", generator__latent_dim=4, generator__latent="uniform")
    table = recording.facts.config["generator"]
    assert {key: table[key] for key in ("kind", "latent", "latent_dim")} == {
        "kind": "mine.py:Normed", "latent": "uniform", "latent_dim": 4
    }  # fmt: skip
    assert recording.sample(50).shape == (2, 50, 2)


# --- through every door ------------------------------------------------------------------------------------------------


def test_a_run_keeps_what_it_played(mine):
    result = run("-m", "wgan-gp", "--set", "critic=mine.py:Critic", "--set", "generator.kind=mine.py:my_net")
    assert result.exit_code == 0, result.output
    folder = Path("runs/two-moons/wgan-gp")
    facts = json.loads((folder / "run.json").read_text())
    assert facts["inputs"].keys() == {str(mine)}
    assert facts["config"]["critic"] == {"kind": "mine.py:Critic", "path": str(mine), "hidden": 8, "slope": 0.2}
    assert (folder / "critic.py").read_text() == (folder / "generator.py").read_text() == MINE
    told = settings_line(toygan.load(folder))
    assert "critic mine.py:Critic, critic hidden 8" in told
    assert "path" not in told
    assert run("-m", "wgan-gp", "--set", "critic=mine.py:Critic").exit_code == 2  # another config
    mine.write_text(MINE + "\n")
    again = run("-m", "wgan-gp", "--set", "critic=mine.py:Critic", "--set", "generator.kind=mine.py:my_net")
    assert "mine.py has changed since" in again.stderr


def test_a_config_repeats_it_where_own_names_the_file(mine):
    assert run("--set", "critic=mine.py:Critic", "--set", "critic.hidden=4").exit_code == 0
    (folder,) = Path("runs/two-moons").iterdir()
    own.LOADED.clear()
    words = ["run", str(folder / "config.toml"), "--no-animation", "--out", "again"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert f"name it there: --own {mine}:Critic" in refused.stderr
    assert CliRunner().invoke(app, [*words, "--own", "mine.py:Critic"]).exit_code == 0
    again = Path("again", *folder.parts[1:])
    assert (again / "frames.npz").read_bytes() == (folder / "frames.npz").read_bytes()
    assert toygan.load(again).facts.command.endswith("config.toml --own mine.py:Critic")


def test_more_points_are_drawn_where_the_code_is_named(mine):
    first = played(generator="mine.py:my_net")
    points, folder = first.sample(20), first.folder
    own.LOADED.clear()
    with pytest.raises(toygan.UserError, match=r"own code runs only where its file is named"):
        toygan.load(folder).sample(20)
    copy = f"{folder}/generator.py:my_net"
    assert np.array_equal(toygan.load(folder, own=[copy]).sample(20), points)
    own.LOADED.clear()
    mine.write_text(MINE.replace("nn.SiLU()", "nn.ReLU()"))
    with pytest.raises(toygan.UserError, match=r"mine.py: has changed since this run"):
        toygan.load(folder, own=["mine.py:my_net"]).sample(20)
    drawn = ["draw", str(folder), "--points", "500", "--format", "svg"]
    own.LOADED.clear()
    assert "own code runs only where its file is named" in CliRunner().invoke(app, drawn).stderr
    result = CliRunner().invoke(app, [*drawn, "--own", copy])
    assert result.exit_code == 0, result.output


def test_classes_and_functions_in_python(mine):
    class Mine(torch.nn.Module):
        def __init__(self, inputs, width: int = 4):
            super().__init__()
            self.body = torch.nn.Sequential(torch.nn.Linear(inputs, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))

        def forward(self, x):
            return self.body(x)

    recording = played(critic=Mine, critic__width=6)
    assert recording.facts.config["critic"]["kind"] == "python:Mine"
    assert recording.facts.command.startswith("toygan.run(")
    assert names_apart(
        [recording, toygan.run("two-moons", "hinge+r1", 2, SMALL, "other", animation=False)]
    )  # and stand side by side


@pytest.mark.slow
def test_a_sweep_has_them_on_its_grid_and_elsewhere(mine):
    words = ["sweep", "two-moons", "-m", "hinge+r1", "--grid", "critic=mine.py:Critic,mlp", "--out", "sw", *SETS]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    own.allow(["critic=mine.py:Critic"])
    plan = sweeps.Plan(scenarios=("two-moons",), set={"critic": "mine.py:Critic", **SMALL}, out="away")
    (task,) = sweeps.planned(plan)
    cargo = tasks.cargo_for(task)
    assert [Path(name).name for name in cargo] == ["mine.py"]
    mine.rename(mine.with_name("moved.py"))
    with pytest.MonkeyPatch.context() as patch:  # as a Dask worker gets it
        patch.setattr(own, "LOADED", {})
        patch.setattr(tasks, "telling", lambda: lambda progress: None)
        end = tasks.perform(task, cargo=cargo)
    tasks.brought_home(task, end)
    assert (task.folder / "critic.py").read_text() == MINE


def test_a_table_tells_them_apart_in_few_words(mine):
    for kind in ("mine.py:Critic", "mlp"):
        assert run("-m", "hinge+r1", "--set", f"critic={kind}", "--out", kind.partition(":")[2] or kind).exit_code == 0
    rows = CliRunner().invoke(app, ["compare", "Critic/two-moons/hinge+r1", "mlp/two-moons/hinge+r1", "-f", "svg"])
    assert rows.exit_code == 0, rows.output
    from toygan.many.results import records

    folders = [Path(root, "two-moons/hinge+r1") for root in ("Critic", "mlp")]
    settings = [row["settings"] for row in records(folders)]
    assert settings[0] == "critic.hidden=8,critic.kind=mine.py:Critic,critic.slope=0.2"
    assert "None" not in settings[1]


# --- mistakes ----------------------------------------------------------------------------------------------------------


def line(text: str) -> int:
    return MINE.splitlines().index(text) + 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Drops", "draws random numbers of its own; a run could not be repeated\n"),
        ("Batched", "judges a point by the points beside it\n"),
        ("Spectral", "changes map.parametrizations.weight.0._u, map.parametrizations.weight.0._v at every call"),
        ("Listed", "has no parameters that torch knows of, and cannot learn"),
        (
            "Raises",
            f"line {line('        return self.map(x).mena()')}: AttributeError: 'Tensor' object has no attribute",
        ),
        ("Wide", "of [6, 2] it gives a tensor [6, 3], where [6, 1] is wanted"),
        ("Normed", "it is given 2 numbers a point, of which it is to make 1"),
        ("of_points", "of_points is not the function of a critic: what is 'x'?"),
        ("untold", "untold is not the function of a critic: what is 'hidden'?"),
        ("no_module", "no_module is not the function of a critic: it returns int 3"),
        ("made", "is a module that is made already"),
        ("Critc", "has no function 'Critc'\n    did you mean \"Critic\""),
    ],
)
def test_a_network_that_cannot_play_is_one_message(name, said, mine):
    result = run("--set", f"critic=mine.py:{name}")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("runs").exists()


def test_options_are_checked_where_they_were_said(mine):
    result = run("--set", "critic=mine.py:Critic", "--set", "critic.hiden=3")
    assert result.exit_code == 2
    assert '--set critic.hiden=3: critic.hiden = 3: unknown key\n    did you mean "hidden"?' in result.stderr


def test_a_scenario_file_cannot_run_a_network(mine):
    mine.write_text("raise SystemExit('ran')\n" + MINE)
    shipped = Path(toygan.__file__).parent.parent / "scenarios" / "two-moons.toml"
    Path("evil.toml").write_text(shipped.read_text() + '\n[critic]\nkind = "mine.py:Critic"\n')
    result = CliRunner().invoke(app, ["run", "evil.toml"])
    assert result.exit_code == 2
    assert "own code runs only where its file is named on the command line" in result.stderr


@pytest.mark.parametrize(
    ("words", "part"), [(["mine.py:my_net"], "critic"), (["mine.py:my_net", "--as", "generator"], "generator")]
)
def test_check_takes_what_makes_a_network(words, part, mine):
    result = CliRunner().invoke(app, ["check", *words])
    assert result.exit_code == 0, result.output
    assert f"{words[0]} as a {part}" in result.stdout


def test_flat_parameters_are_those_of_the_module(mine):
    code = making(function_named("mine.py:Critic"), "critic")
    body = network_of(code, "critic", 2, 1, ())
    first = body.initial(np.random.default_rng(0))
    assert len(first) == (2 + 1) * 8 + 8  # its last map has no bias
    assert [layer.weight.shape[1:] for layer in body.layers(torch.from_numpy(first)[None])] == [(2, 8), (8, 1)]
