"""A training loop of somebody else's, recorded: the same looks, the same folder, the same readers."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import FEW_SAMPLERS
from test_faults import SMALL, hurry
from torch import nn
from typer.testing import CliRunner

import toygan
from toygan.cli.main import app
from toygan.exhibits import judge
from toygan.exhibits.files import Claim
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.game.duel import CRITIC
from toygan.many import run
from toygan.many.record import LoopRecorder
from toygan.many.results import records
from toygan.session import folder as folders
from toygan.session.loops import asked
from toygan.session.recording import Recording
from toygan.session.simulation import simulation
from toygan.site.lab import address_of
from toygan.site.page import write_page
from toygan.view.apart import names_apart
from toygan.view.settings import settings_line

DOCUMENT = Path(__file__).parent.parent / "docs" / "recorder.md"
REAL = np.random.default_rng(0).normal(size=(100, 2)) * [1.0, 0.4]
N = 40


@pytest.fixture
def quick(monkeypatch):
    hurry(monkeypatch.setattr)


@pytest.fixture
def world(tmp_path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(SMALL)
    return file


def cloud(step: int, seed: int = 0) -> np.ndarray:
    """The samples of a loop that comes nearer, always the same."""
    rng = np.random.default_rng([seed, step])
    return rng.normal(size=(N, 2)) * [1.0, 0.4] + 2.0 * np.exp(-step / 20)


def bowl(x: Any) -> Any:
    """A critic with known slopes -2 x, of arrays and of tensors."""
    return -(x**2).sum(1)


def play(recorder: LoopRecorder, *steps: int, seed: int = 0) -> None:
    for step in steps:
        losses = {"critic": 1.0 / (1 + step), "generator": 2.0}
        recorder.frame(step, cloud(step, seed), critic=bowl, losses=losses, seed=seed)


def opened(place: Path, **more: Any) -> LoopRecorder:
    return toygan.recorder(place, real=REAL, title="Mine", objective="hinge", **more)


# --- the documents -----------------------------------------------------------------------------------------------------

BLOCKS = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
FEWER = {
    "501, 50": "101, 25",
    "3000, 100": "8, 2",
    "EPOCHS = 30": "EPOCHS = 3",
    "1500, 50": "8, 2",
    "randn(1000": "randn(60",
    "size=(2000, 2)": "size=(300, 2)",
    "size=(500, 2)": "size=(100, 2)",
    "4000": "400",
    "5000": "500",
    "(2, 200)": "(2, 20)",
    "size=200)": "size=20)",
    "(200, 2)": "(20, 2)",
    "zeros(200)": "zeros(20)",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Iterator[Path]:
    """The loops of the document, each by itself as it stands, on few steps; one of them is drawn."""
    place, draw = tmp_path_factory.mktemp("loops"), run.draw
    assert all(many in "".join(BLOCKS) for many in FEWER)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(run, "draw", lambda recording, order: order.folder.name == "plain" and draw(recording, order))
        for block in BLOCKS:
            for many, few in FEWER.items():
                block = block.replace(many, few)
            exec(compile(block, str(DOCUMENT), "exec"), {"__name__": "cell"})
        yield place


@pytest.mark.parametrize("name", ["first", "plain", "module", "pure"])
def test_the_loops_of_the_document_become_runs(name, shown):
    folder = shown / "runs" / name
    recording = toygan.load(folder)
    assert recording.facts.status == "done"
    assert recording.facts.is_recorded
    assert np.isfinite(recording.curve("w1")).all()
    assert recording.floor("w1", "final").draws == FEW_SAMPLERS
    drawn = {"picture.png", "animation.gif"} if name == "plain" else set()
    assert {path.name for path in folder.iterdir()} == {"run.json", "metrics.jsonl", "frames.npz"} | drawn


def test_what_is_told_of_a_loop_is_known_of_it(shown):
    plain, module, pure = (toygan.load(shown / "runs" / name) for name in ("plain", "module", "pure"))
    assert plain.facts.decided_by == "potential"
    assert "optimal_scores" in plain.frames
    assert np.isfinite(plain.curve("critic_loss")[1:]).all()
    assert np.isnan(plain.curve("critic_loss")[0]).all()
    assert plain.facts.followed
    assert module.facts.decided_by == "density"
    assert module.facts.summary.boundary == 0.0
    assert list(pure.facts.seeds) == [0, 1]
    assert pure.facts.decided_by is None
    assert pure.frames["scores"].shape[1] == 2
    assert not toygan.load(shown / "runs" / "first").facts.followed


@pytest.mark.slow
def test_the_commands_of_the_document_run_on_them(shown, monkeypatch):
    monkeypatch.chdir(shown)
    block = re.search(r"```console\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    for line in block[1].splitlines():
        words = line.partition("#")[0].split()[1:]
        words = ["0,2,8" if word == "0,500,1500" else word for word in words]
        few = [f"--set=training.{key}" for key in ("steps=4", "points=60", "batch=16", "frames=3")]
        result = CliRunner().invoke(app, [*words, *few, "--no-animation"] if words[0] == "run" else words)
        assert result.exit_code == 0, f"{line}: {result.output}"
    assert "plain WGAN-GP" in (shown / "runs" / "page" / "index.html").read_text(encoding="utf-8")


# --- the same looks as of a game ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["wgan-gp", "hinge-gan"])
def test_a_game_recorded_from_outside_is_the_run_itself(method, world, tmp_path, quick):
    """Points, scores, slopes, losses, measures, floors, the optimal critic and the diagnosis."""
    looks = list(toygan.session(str(world), method, backend="eager"))
    run = toygan.run(str(world), method, out=tmp_path / "runs", backend="eager", animation=False)
    sim = simulation(read(str(world), method))
    with toygan.recorder(tmp_path / "mine", real=str(world), title=method, objective=method) as recorder:
        for look in looks:
            for s, seed in enumerate(run.facts.seeds):
                game, body = sim.world.game, sim.world.game.players[CRITIC].network
                layers = game.constraint.reparametrise(body.layers(look.state.players[CRITIC].parameters[[s]]))

                def critic(x: torch.Tensor, layers: Any = layers, body: Any = body) -> torch.Tensor:
                    return body.forward(layers, x[None])[0]

                told = {name: look.measures[name][s] for name in ("critic_loss", "generator_loss", "penalty")}
                samples = torch.from_numpy(look.arrays["samples"][s])
                recorder.frame(look.step, samples, critic, told if look.step else None, seed=seed)
    mine = recorder.recording
    assert set(mine.frames) >= {
        "real",
        "samples",
        "scores",
        "slopes",
        "slope_quantiles",
        "mode_centres",
        "optimal_scores",
    }
    for name in set(mine.frames) - {"diverged"}:
        ours = run.frames[name][:, :, : mine.frames[name].shape[2]] if name == "fake_slopes" else run.frames[name]
        theirs = mine.frames[name][:, : ours.shape[1]] if ours.ndim > 2 else mine.frames[name]
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-5, err_msg=name)
    inside = {"weight_saturation", "generator_gradient", "score_saturation", "layer_gradient_ratio"}
    assert set(run.metrics) - set(mine.metrics) == inside
    for name, table in mine.metrics.items():
        np.testing.assert_allclose(table, run.metrics[name], rtol=2e-3, atol=1e-4, err_msg=name)
    assert mine.facts.floors("frame") == run.facts.floors("frame")
    assert mine.facts.summary.optimal == run.facts.summary.optimal
    assert mine.facts.summary.boundary == run.facts.summary.boundary


def test_the_end_is_of_the_last_frame_and_says_so(tmp_path, quick):
    with opened(tmp_path / "mine", animation=False) as recorder:
        play(recorder, 0, 10, 60)
    recording = recorder.recording
    summary = recording.facts.summary
    assert (summary.points, summary.points_of) == (N, "points of the last frame")
    x, y = cloud(60).astype(np.float32).mean(axis=0)
    assert summary.rows[0]["centre_x"] == pytest.approx(x, rel=1e-5)
    assert summary.rows[0]["centre_y"] == pytest.approx(y, rel=1e-5)
    assert "recorded" in settings_line(recording).lower()
    assert "hinge" in settings_line(recording)


# --- what points and critics may be -------------------------------------------------------------------------------------


class Foreign:
    """An array that numpy knows by `__array__` alone, as JAX's and TensorFlow's are."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values.astype(dtype or np.float32)


def quadratic() -> nn.Module:
    """A module that gives -|x|^2 as [n, 1]."""

    class Bowl(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(-torch.ones(2, 1, dtype=torch.float64))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.dtype == torch.float64, "a module is given its own type"
            return x**2 @ self.weight

    return Bowl()


KINDS: dict[str, tuple[Callable[[np.ndarray], Any], Any]] = {
    "numpy": (lambda x: x, bowl),
    "numpy, a column": (lambda x: x.astype(np.float32), lambda x: bowl(x)[:, None]),
    "lists": (lambda x: x.tolist(), bowl),
    "like JAX": (Foreign, lambda x: Foreign(bowl(x))),
    "torch": (torch.from_numpy, bowl),
    "torch in a graph": (lambda x: torch.from_numpy(x).float().requires_grad_() * 1, bowl),
    "torch, half": (lambda x: torch.from_numpy(x).bfloat16(), quadratic()),
    "torch, which tells no slopes": (torch.from_numpy, lambda x: bowl(x).detach()),
    "torch, which gives numpy": (torch.from_numpy, lambda x: bowl(x.detach().numpy())),
    "numpy and a module": (lambda x: x, quadratic()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_points_and_critics_of_every_kind(kind, tmp_path, quick):
    given, critic = KINDS[kind]
    with toygan.recorder(tmp_path / "mine", real=given(REAL), view=(-3, 3, -2, 2), animation=False) as recorder:
        recorder.frame(0, given(cloud(0)), critic=critic)
    frames = recorder.recording.frames
    coarse = 0.02 if "half" in kind else 1e-6
    np.testing.assert_allclose(frames["samples"][0, 0], cloud(0), rtol=coarse)
    x, y = np.meshgrid(frames["slope_x"], frames["slope_y"])
    assert (x[0, 0], x[0, -1], y[0, 0], y[-1, 0]) == (-3, 3, -2, 2)
    np.testing.assert_allclose(frames["slopes"][0, 0], np.stack([-2 * x, -2 * y], axis=-1), atol=2e-3)
    x, y = np.meshgrid(frames["grid_x"], frames["grid_y"])
    np.testing.assert_allclose(frames["scores"][0, 0], -(x**2) - y**2, rtol=1e-5, atol=1e-6)
    assert recorder.recording.metrics["slope_fake_high"][0, 0] == pytest.approx(
        np.quantile(2 * np.hypot(*frames["samples"][0, 0].astype(float).T), 0.95), rel=5e-3
    )


def test_slopes_by_differences_are_those_of_autograd():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    points = np.random.default_rng(1).normal(size=(200, 2))
    exact = asked(net, None, 6.0).slopes(points)
    by_hand = asked(lambda x: net(torch.from_numpy(x)).detach().numpy(), points.astype(np.float32), 6.0)
    np.testing.assert_allclose(by_hand.slopes(points), exact, atol=2e-4)
    x = torch.from_numpy(points).float().requires_grad_()
    (wanted,) = torch.autograd.grad(net(x).sum(), x)
    np.testing.assert_allclose(exact, wanted, rtol=1e-5)


def test_looking_changes_nothing_of_a_module(tmp_path, quick):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
    critic[1].eval()  # a part may stand still while the others train
    critic(torch.randn(9, 2)).sum().backward()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    gradients = [parameter.grad.clone() for parameter in critic.parameters()]
    modes, chance = [part.training for part in critic.modules()], torch.get_rng_state()
    with toygan.recorder(tmp_path / "mine", real=REAL, animation=False) as recorder:
        recorder.frame(0, cloud(0), critic=critic)
        recorder.frame(1, cloud(1), critic=critic)
    assert torch.equal(torch.get_rng_state(), chance)
    assert [part.training for part in critic.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    assert all(torch.equal(one.grad, was) for one, was in zip(critic.parameters(), gradients, strict=True))
    frames = recorder.recording.frames
    np.testing.assert_array_equal(frames["scores"][0], frames["scores"][1])


def noisy() -> nn.Module:
    """A critic whose every pass at work moves something: running means, and the random numbers of what it drops."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))


class Trainer:
    """An object that has its critic, under names and in a list."""

    def __init__(self, net: nn.Module) -> None:
        self.net, self.parts = net, [net]

    def judge(self, x: torch.Tensor) -> torch.Tensor:
        return -self.net(x)[:, 0]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.parts[0](x)


def judged_by_default(net: nn.Module) -> Callable[[Any], Any]:
    """A function that has its module as a default."""

    def judge(x: torch.Tensor, *, by: nn.Module = net) -> torch.Tensor:
        return by(x)

    return judge


def held_by_a_global(net: nn.Module) -> Callable[[Any], Any]:
    """A function that finds its module by a name of the file, in a function inside of it."""
    globals()["GLOBAL_NET"] = net
    return lambda x: (lambda y: GLOBAL_NET(y))(x)  # noqa: F821


def with_gradients_off(net: nn.Module) -> Callable[[Any], Any]:
    """A function behind a decorator."""
    return torch.no_grad()(lambda x: -net(x)[:, 0])


INSIDE: dict[str, Callable[[nn.Module], Any]] = {
    "a closure": lambda net: lambda x: -net(x)[:, 0],
    "a closure of a closure": lambda net: (lambda judge: lambda x: judge(x)[:, 0])(lambda x: net(x)),
    "a method of a module": lambda net: net.forward,
    "a method of an object": lambda net: Trainer(net).judge,
    "an object that is called": Trainer,
    "an object in a closure": lambda net: (lambda trainer: lambda x: trainer.net(x))(Trainer(net)),
    "a partial": lambda net: partial(lambda by, x: by(x), net),
    "a table": lambda net: (lambda nets: lambda x: nets["critic"](x))({"critic": net}),
    "a default": judged_by_default,
    "a global": held_by_a_global,
    "behind a decorator": with_gradients_off,
}


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
@pytest.mark.parametrize("kind", INSIDE)
def test_looking_through_a_function_changes_nothing_of_its_modules(kind, mode):
    net = noisy()
    net[2].eval()  # a part may stand still while the others train
    critic, points = INSIDE[kind](net), np.random.default_rng(0).normal(size=(30, 2))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes, chance = [part.training for part in net.modules()], torch.get_rng_state()
    with mode():
        looking = asked(critic, torch.from_numpy(points).float(), 6.0)
        one, slopes, other = looking.scores(points), looking.slopes(points), looking.scores(points[:20])
    assert torch.equal(torch.get_rng_state(), chance)
    assert [part.training for part in net.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    wanted = asked(net, None, 6.0)
    sign = -1 if kind in ("a closure", "a method of an object", "behind a decorator") else 1
    np.testing.assert_allclose(one, sign * wanted.scores(points), rtol=1e-6)
    np.testing.assert_allclose(other, one[:20], rtol=1e-5)  # not the mean of whoever is looked at together
    np.testing.assert_allclose(slopes, sign * wanted.slopes(points), atol=1e-3)


def test_looking_through_a_function_of_arrays_changes_nothing_of_its_modules():
    net = noisy()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    points, chance = np.random.default_rng(0).normal(size=(30, 2)), torch.get_rng_state()
    looking = asked(lambda x: net(torch.from_numpy(x)).detach().numpy(), points.astype(np.float32), 6.0)
    found = looking.scores(points)
    looking.slopes(points)
    assert torch.equal(torch.get_rng_state(), chance)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(part.training for part in net.modules())
    np.testing.assert_allclose(found, asked(net, None, 6.0).scores(points), rtol=1e-5, atol=1e-6)


def test_chance_of_a_function_itself_is_as_it_was():
    torch.manual_seed(0)
    chance, points = torch.get_rng_state(), np.zeros((5, 2))
    looking = asked(lambda x: x[:, 0] + torch.randn(len(x)), torch.zeros(5, 2), 6.0)
    looking.scores(points)
    looking.slopes(points)
    assert torch.equal(torch.get_rng_state(), chance)


def test_modules_of_a_function_are_at_work_again_after_a_fault():
    net = noisy()
    with pytest.raises(UserError, match="critic: given a torch tensor"):
        asked(lambda x: net(x[:, :1]), torch.zeros(5, 2), 1.0).scores(np.zeros((5, 2)))
    assert all(part.training for part in net.modules())


def test_a_loop_may_record_where_no_gradients_are_kept(tmp_path, quick):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    found = []
    for name, mode in (("plainly", torch.enable_grad), ("without", torch.no_grad), ("inference", torch.inference_mode)):
        with mode(), toygan.recorder(tmp_path / name, real=REAL, animation=False) as recorder:
            recorder.frame(0, torch.from_numpy(cloud(0)), critic=critic)
        found.append(recorder.recording.frames["slopes"])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("n", [1, 2, 19])
def test_a_frame_may_have_few_points(n, tmp_path, quick):
    with toygan.recorder(tmp_path / "few", real=REAL, objective="wgan-gp", animation=False) as recorder:
        for step in (0, 1):
            recorder.frame(step, cloud(step)[:n], critic=bowl)
    assert recorder.recording.facts.summary.points == n
    assert np.isfinite(recorder.recording.final("w1")).all()


def test_a_module_at_rest_is_at_work_again_after_a_fault():
    critic = nn.Sequential(nn.Linear(3, 1), nn.Dropout())
    with pytest.raises(UserError, match=r"critic: given a torch tensor of torch.float32 \[5, 2\]"):
        asked(critic, None, 1.0).scores(np.zeros((5, 2)))
    assert all(part.training for part in critic.modules())


def test_real_points_to_train_on_are_the_scenarios(tmp_path, world):
    first, again = (opened(tmp_path / name) for name in "ab")
    one = [first.real(5), first.real(7)]
    np.testing.assert_array_equal(np.concatenate(one), np.concatenate([again.real(5), again.real(7)]))
    assert all((point == REAL).all(axis=1).any() for point in one[0])
    assert toygan.recorder(tmp_path / "c", real=world).real(3).shape == (3, 2)


# --- mistakes ------------------------------------------------------------------------------------------------------------

CALLS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no scenario": (lambda place: toygan.recorder(place, real="swiss-rol"), r"did you mean \"swiss-roll\""),
    "three columns": (lambda place: toygan.recorder(place, real=np.zeros((5, 3))), r"real: has the shape \[5, 3\]"),
    "no points": (lambda place: toygan.recorder(place, real=None), "real: "),
    "NaN": (lambda place: toygan.recorder(place, real=[[0, 1], [np.nan, 1]]), "real: 1 of 2 points are not finite"),
    "no window": (lambda place: toygan.recorder(place, real=REAL, view=3), "view: 3 is no window"),
    "an empty window": (lambda place: toygan.recorder(place, real=REAL, view=(1, 1)), "the first end must be below"),
    "no title": (lambda place: toygan.recorder(place, real=REAL, title=" "), "title: ' ': must be one line"),
    "lines": (lambda place: toygan.recorder(place, real=REAL, title="a\nb"), "title: "),
    "objective": (
        lambda place: toygan.recorder(place, real=REAL, objective="hing"),
        r"unknown; did you mean \"hinge\"",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_mistakes_in_the_call(name, tmp_path):
    call, message = CALLS[name]
    with pytest.raises(UserError, match=message):
        call(tmp_path / "mine")
    assert not (tmp_path / "mine" / "run.json").exists()


FRAMES: dict[str, tuple[dict[str, Any], str]] = {
    "three columns": ({"samples": np.zeros((N, 3))}, rf"samples: has the shape \[{N}, 3\]; points of the plane are"),
    "words": ({"samples": "many"}, "samples: 'many' is no array of numbers"),
    "another number": ({"samples": np.zeros((N + 1, 2))}, f"samples: {N + 1} points, and {N} at the first frame"),
    "backwards": ({"step": 5}, "step 5 of seed 0: comes after step 10"),
    "twice": ({"step": 10}, "step 10 of seed 0: comes after step 10"),
    "half a step": ({"step": 10.5}, "step 10.5: must be a whole number"),
    "before the start": ({"step": -1}, "step -1: must be a whole number, 0 or more"),
    "seed": ({"seed": "b"}, "seed 'b': must be a whole number"),
    "no critic now": ({"critic": None}, "critic: missing at step 20, not so before"),
    "no function": ({"critic": 3}, "critic: 3 cannot be called"),
    "two scores": ({"critic": lambda x: x}, r"critic: gave the shape \[\d+, 2\] for points"),
    "one score": ({"critic": lambda x: x.sum()}, r"critic: gave the shape \[\]"),
    "a fault": ({"critic": lambda x: x.no}, "critic: given a numpy array of float64 .* AttributeError"),
    "another loss": (
        {"losses": {"critic": 1.0}},
        "losses: critic_loss at step 20, and critic_loss, generator_loss before",
    ),
    "a vector": ({"losses": {"critic": [1.0, 2.0]}}, r"losses: critic: has the shape \[2\]; a loss is one number"),
    "a measure": ({"losses": {"w1": 1.0}}, "losses: 'w1': is what toygan measures"),
    "no names": ({"losses": [1.0]}, "losses: .* is no table"),
    "one twice": ({"losses": {"critic": 1.0, "discriminator": 2.0}}, "two of these are one loss"),
    "latents": ({"latents": np.zeros((3, 2))}, r"latents: has the shape \[3, 2\] for 40 samples"),
}


def test_mistakes_in_a_frame_leave_what_was_kept(tmp_path, quick):
    recorder = opened(tmp_path / "mine", animation=False)
    play(recorder, 0, 10)
    given = {"samples": cloud(20), "critic": bowl, "losses": {"critic": 1.0, "generator": 2.0}, "step": 20}
    for changes, message in FRAMES.values():
        with pytest.raises(UserError, match=message):
            recorder.frame(**given | changes)
        assert recorder.steps() == [0, 10]
    play(recorder, 20)
    assert recorder.close().frames["step"].tolist() == [0, 10, 20]


def test_a_recorder_without_a_frame_leaves_no_run(tmp_path):
    with pytest.raises(UserError, match="no frame was recorded"), opened(tmp_path / "mine"):
        pass
    assert not (tmp_path / "mine" / "run.json").exists()


def test_a_closed_recorder_is_closed(tmp_path, quick):
    with opened(tmp_path / "mine", animation=False) as recorder:
        play(recorder, 0, 10)
    assert recorder.close() is recorder.recording
    with pytest.raises(UserError, match="this recorder is closed"):
        play(recorder, 20)


# --- nothing is lost -----------------------------------------------------------------------------------------------------


def same(one: Recording, other: Recording) -> None:
    for name in ("frames.npz", "metrics.jsonl"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes(), name
    assert one.facts.summary == other.facts.summary
    assert one.facts.events == other.facts.events


@pytest.fixture
def whole(tmp_path, quick) -> Recording:
    with opened(tmp_path / "whole", animation=False) as recorder:
        play(recorder, 0, 10, 20, 30)
        play(recorder, 0, 10, 20, 30, seed=7)
    return recorder.recording


def broken(place: Path) -> None:
    """A loop that is stopped by a fault of its own."""
    with opened(place, animation=False) as recorder:
        play(recorder, 0, 10, 20)
        raise ZeroDivisionError("of the loop's own")


def test_a_loop_that_raised_goes_on(whole, tmp_path):
    with pytest.raises(ZeroDivisionError):
        broken(tmp_path / "mine")
    said = (tmp_path / "mine" / "run.json").read_text()
    assert '"interrupted"' in said
    assert "ZeroDivisionError: of the loop's own" in said
    with opened(tmp_path / "mine", animation=False) as recorder:
        assert recorder.steps() == [0, 10, 20]
        play(recorder, 0, 10, 20, 30)  # from the beginning: the same samples are passed over
        play(recorder, 0, 10, 20, 30, seed=7)
    same(recorder.recording, whole)
    assert not (tmp_path / "mine" / "partial").exists()


CHILD = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from test_recorder import Path, opened, play
recorder = opened(Path({place!r}))
play(recorder, 0, 10, 20)
with open(Path({place!r}) / "partial" / "seed-0" / "metrics.jsonl", "a") as file:
    file.write('{{"step": 30, "se')
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_loop_that_was_killed_while_it_wrote_goes_on(whole, tmp_path):
    place = tmp_path / "mine"
    code = CHILD.format(tests=str(Path(__file__).parent), place=str(place))
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(Path(toygan.__file__).parent.parent)}
    )
    assert done.returncode == -signal.SIGKILL
    assert CliRunner().invoke(app, ["draw", str(place)]).exit_code == 2
    with opened(place, animation=False) as recorder:
        play(recorder, 30)
        play(recorder, 0, 10, 20, 30, seed=7)
    same(recorder.recording, whole)


def test_what_was_kept_is_known_whenever_a_kill_comes(tmp_path, quick, monkeypatch):
    """Between a seed's first frame and the next word in `run.json`, too."""
    recorder = opened(tmp_path / "mine", animation=False)
    play(recorder, 0, 10)
    tell, told = LoopRecorder._tell, []

    def dying(recorder: LoopRecorder, *begun: Any) -> None:
        told.append(begun)
        if not begun:
            raise KeyboardInterrupt
        tell(recorder, *begun)

    monkeypatch.setattr(LoopRecorder, "_tell", dying)
    with pytest.raises(KeyboardInterrupt):
        play(recorder, 0, seed=7)
    assert [len(begun) for begun in told] == [1, 0]
    monkeypatch.undo()
    recorder = opened(tmp_path / "mine", animation=False)
    assert (recorder.steps(), recorder.steps(7)) == ([0, 10], [0])


def test_another_loop_does_not_go_on(tmp_path, quick):
    recorder = opened(tmp_path / "mine")
    play(recorder, 0, 10, 20)
    recorder = opened(tmp_path / "mine", animation=False)  # a cell that is run again: the older one lets go
    with pytest.raises(UserError, match="step 10 of seed 0: was recorded earlier, with other samples"):
        recorder.frame(10, cloud(11), critic=bowl, losses={"critic": 1, "generator": 1})
    with pytest.raises(UserError, match="step 15 of seed 0: was not kept, but step 20 was"):
        recorder.frame(15, cloud(15), critic=bowl, losses={"critic": 1, "generator": 1})
    with pytest.raises(UserError, match=r"samples: 3 points, and 40 at the first frame"):
        recorder.frame(30, np.zeros((3, 2)))
    assert recorder.close().frames["step"].tolist() == [0, 10, 20]


def test_what_was_damaged_is_told_and_not_thrown_away(tmp_path, quick):
    play(opened(tmp_path / "mine"), 0, 10)
    frame = tmp_path / "mine" / "partial" / "seed-0" / "partial" / "frame-000000010.npz"
    frame.write_bytes(frame.read_bytes()[:-7])
    with pytest.raises(UserError, match=r"what was recorded of it is damaged .*fresh=True begins anew"):
        opened(tmp_path / "mine")
    assert frame.exists()
    with opened(tmp_path / "mine", fresh=True, animation=False) as recorder:
        play(recorder, 0)
    assert recorder.recording.facts.steps == 0


def test_a_folder_holds_one_thing(tmp_path, world, quick, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with opened(Path("runs/small/gan"), animation=False) as recorder:
        play(recorder, 0, 10)
    with pytest.raises(
        UserError, match="holds a finished recording; choose another folder, or replace it with fresh=True"
    ):
        opened(Path("runs/small/gan"))
    with pytest.raises(
        UserError, match=r"other settings\n    method.name: 'b', not 'Mine'\n    method.objective: None, not"
    ):
        toygan.recorder("runs/small/gan", real=REAL, title="b")
    with pytest.raises(UserError, match="the real points have changed since"):
        toygan.recorder("runs/small/gan", real=REAL + 1, title="Mine", objective="hinge", view=(-3, 3))
    for fresh in (False, True):  # it would not come back
        with pytest.raises(UserError, match="holds a recorded training loop, which toygan cannot play again") as error:
            toygan.run(str(world), "gan", fresh=fresh)
        assert len(error.value.mistakes) == 1
    result = CliRunner().invoke(app, ["run", "runs/small/gan"])
    assert result.exit_code == 2
    assert "a recorded loop cannot be played" in result.stderr
    assert toygan.load("runs/small/gan").facts.status == "done"
    toygan.run(str(world), "wgan")
    with pytest.raises(UserError, match="holds a run that toygan played"):
        opened(Path("runs/small/wgan"))
    with opened(Path("runs/small/wgan"), fresh=True, animation=False) as recorder:
        play(recorder, 0)
    assert not Path("runs/small/wgan/weights.npz").exists()


def test_one_process_at_a_time(tmp_path):
    place = tmp_path / "mine"
    held = opened(place)
    other = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    words = [sys.executable, "-I", "-S", "-c", other, str(place)]
    assert "BlockingIOError" in subprocess.run(words, capture_output=True, text=True, check=False).stderr
    assert held.steps() == []
    with pytest.raises(UserError, match="no frame was recorded"):
        held.close()
    with folders.claimed(place), pytest.raises(UserError, match="another process is running in this folder"):
        opened(place)
    assert subprocess.run(words, check=False).returncode == 0


# --- seeds, and loops that diverge ---------------------------------------------------------------------------------------


def test_seeds_in_turns_are_seeds_one_after_the_other(whole, tmp_path):
    with opened(tmp_path / "mine", animation=False) as recorder:
        for step in (0, 10, 20, 30):
            play(recorder, step)
            play(recorder, step, seed=7)
    assert list(recorder.recording.facts.seeds) == [0, 7]
    np.testing.assert_array_equal(recorder.recording.frames["samples"], whole.frames["samples"])
    for name, table in whole.metrics.items():
        np.testing.assert_array_equal(recorder.recording.metrics[name], table, err_msg=name)


def test_a_seed_that_lacks_a_step_is_told_and_nothing_is_lost(tmp_path, quick):
    recorder = opened(tmp_path / "mine", animation=False)
    play(recorder, 0, 10, 20)
    play(recorder, 0, 10, seed=7)
    with pytest.raises(UserError, match="seed 7 has no frame at step 20, which another seed has"):
        recorder.close()
    with opened(tmp_path / "mine", animation=False) as recorder:
        play(recorder, 20, seed=7)
    assert recorder.recording.frames["samples"].shape == (3, 2, N, 2)


def test_a_loop_that_diverged_is_a_result(tmp_path, quick):
    with opened(tmp_path / "mine", animation=False) as recorder:
        play(recorder, 0, 10, 20, 30, 40)
        play(recorder, 0, 10, seed=1)
        recorder.frame(
            20, cloud(20) * np.nan, critic=bowl, losses={"critic": np.inf, "generator": 1}, seed=1
        )  # and stops
    facts = recorder.recording.facts
    assert facts.status == "diverged"
    assert facts.diverged_at == [None, 20]
    assert "diverged" in facts.labels_of(1)
    assert "diverged" not in facts.labels_of(0)
    assert facts.summary.mean_over == 1
    assert facts.rows[1]["w1"] is None


@pytest.mark.parametrize("how", ["samples", "losses", "critic"])
def test_numbers_that_ran_away_are_a_divergence(how, tmp_path, quick):
    wrong = {
        "samples": cloud(10) * 1e9,
        "losses": {"critic": 1e7, "generator": 0},
        "critic": lambda x: bowl(x) * np.nan,
    }
    with opened(tmp_path / "mine", animation=False) as recorder:
        play(recorder, 0)
        given = {"samples": cloud(10), "critic": bowl, "losses": {"critic": 1, "generator": 1}}
        recorder.frame(10, **given | {how: wrong[how]})
    assert recorder.recording.facts.diverged_at == [10]


def test_points_are_followed_where_the_latents_are_the_same(tmp_path, quick):
    fixed = np.random.default_rng(3).normal(size=(N, 2))
    for name, latents in (("same", [fixed, fixed]), ("others", [fixed, fixed + 1]), ("none", [None, None])):
        with toygan.recorder(tmp_path / name, real=REAL, animation=False) as recorder:
            for step, own in enumerate(latents):
                recorder.frame(step, cloud(step), latents=own)
        assert recorder.recording.facts.followed is (name == "same")


# --- the readers ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Recording:
    """A loop of two seeds without critic, losses or objective."""
    with toygan.recorder(tmp_path_factory.mktemp("bare") / "mine", real=REAL, title="bare <loop>") as recorder:
        for seed in (3, 1):
            for step in (0, 10, 20):
                recorder.frame(step, cloud(step, seed), seed=seed)
    return recorder.recording


def test_a_loop_without_a_critic_is_drawn_and_has_a_page(bare, tmp_path):
    for words in (
        ["--format", "pdf", "--seed", "1"],
        ["--panels", "critic,w1"],
        ["--view", "inside"],
        ["--steps", "0,20"],
    ):
        result = CliRunner().invoke(app, ["draw", str(bare.folder), *words, "--out", str(tmp_path)])
        assert result.exit_code == 0, result.output
    index = write_page(tmp_path / "page", "A loop", "", [bare.folder], "")
    text = index.read_text(encoding="utf-8")
    assert "bare &lt;loop&gt;" in text
    assert '"critics":0' in text
    assert '"followed":false' in text
    assert "40 points of the last frame" in text


@pytest.mark.parametrize("words", [["--points", "50"], ["--view", "density"], ["--view", "spectrum"]])
def test_what_needs_its_players_is_refused_in_one_line(words, bare, tmp_path):
    result = CliRunner().invoke(app, ["draw", str(bare.folder), *words, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "is a recorded training loop; toygan does not know its players" in result.stderr
    assert address_of(bare) is None


def test_a_loop_beside_a_run_differs_in_what_is_known_of_it(world, tmp_path, quick):
    run = toygan.run(str(world), "wgan-gp", out=tmp_path, animation=False)
    with toygan.recorder(tmp_path / "mine", real=str(world), title="Mine", animation=False) as recorder:
        for step in (0, 20):
            recorder.frame(step, np.random.default_rng(step).normal(size=(50, 2)))
    mine = recorder.recording
    assert names_apart([mine, run]) == ["Mine", "wgan-gp"]
    rows = records([mine.folder, run.folder])
    assert [row["settings"] for row in rows] == ["", "", ""]
    assert not any("split_by" in row for row in rows)
    np.testing.assert_array_equal(mine.frames["real"], run.frames["real"])
    with toygan.recorder(tmp_path / "other", real=str(world), title="Mine", animation=False) as recorder:
        recorder.frame(0, np.zeros((60, 2)))
    assert names_apart([mine, recorder.recording]) == ["50 points", "60 points"]


def test_claims_are_judged_over_a_loop(whole):
    rows = records([whole.folder])
    for below, held in ((100.0, True), (0.0, False)):
        claim = {"says": "near", "value": {"of": {"method": "Mine"}, "measure": "w1"}, "below": below, "seeds": "all"}
        assert judge(Claim.model_validate(claim), rows).held is held


def test_loops_in_a_table(whole):
    result = CliRunner().invoke(app, ["table", str(whole.folder.parent), "--by", "method"])
    assert result.exit_code == 0, result.output
    assert re.search(r"^Mine +2 ", result.stdout, re.MULTILINE)
