"""A game that streams: looks at any step, dials turned while it is played, one backend from beginning to end."""

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from conftest import crossed, differences, numbers, small_world, source_of, tensors_of
from test_faults import SMALL, hurry, play
from torch import Tensor

import toygan
from toygan.engines.onnx import part
from toygan.engines.table import ENGINES, begin
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.game import duel
from toygan.game.constraints import CONSTRAINTS
from toygan.game.dials import Dial, over
from toygan.game.laws import merged, normal, uniform
from toygan.game.methods import METHODS
from toygan.game.networks import Layers
from toygan.game.objectives import OBJECTIVES, Extra, Heads, Losses, Objective, mean, objective
from toygan.game.optimisers import Move, Optimiser, Slots
from toygan.game.players import Generator, mlp_critic, weightless
from toygan.game.rules import RULES
from toygan.game.streams import draws
from toygan.many import run
from toygan.session.looks import like
from toygan.session.simulation import Simulation, first_state, simulation
from toygan.session.stream import UNKEPT
from toygan.targets.refusal import Refusal

TINY = {
    "training.batch": 8,
    "training.points": 20,
    "training.steps": 20,
    "training.frames": 3,
    "generator.width": 6,
    "generator.depth": 1,
    "critic.width": 6,
    "critic.depth": 2,
}


@pytest.fixture
def world(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(SMALL.replace("width = 8", "width = 8\ndepth = 1"))
    return file


@pytest.fixture
def quick(monkeypatch):
    hurry(monkeypatch.setattr)


def game(method: str, **changes: Any) -> Simulation:
    """A method on tiny nets in double precision; `a__b=1` changes a.b."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    doubled = TINY | {"training.precision": "double", "training.seeds": 2} | named
    return simulation(read("eight-gaussians", method, list(doubled.items())))


# --- looks -----------------------------------------------------------------------------------------------------------


def test_a_session_yields_what_a_run_keeps(tmp_path, quick):
    looks = list(toygan.session("eight-gaussians", "wgan-gp", seeds=2, overrides=TINY, backend="eager"))
    kept = toygan.run("eight-gaussians", "wgan-gp", seeds=2, overrides=TINY, out=tmp_path, backend="eager")
    assert [look.step for look in looks] == kept.frames["step"].tolist() == [0, 10, 20]
    for t, look in enumerate(looks):
        assert not set(look.arrays) & UNKEPT
        for name, values in look.arrays.items():
            np.testing.assert_array_equal(values.astype(kept.frames[name].dtype), kept.frames[name][t], err_msg=name)
        for name, values in look.measures.items():
            np.testing.assert_allclose(values, kept.metrics[name][t], rtol=1e-12, err_msg=name)
    assert all(look.seconds.keys() == {"train", "observe", "measure"} for look in looks)


def test_a_look_may_be_asked_for_at_any_step_and_changes_nothing():
    often = list(toygan.session("eight-gaussians", "gan", overrides=TINY, at=range(0, 21, 3)))
    once = list(toygan.session("eight-gaussians", "gan", overrides=TINY, at=iter([18])))
    assert [look.step for look in often] == [0, 3, 6, 9, 12, 15, 18]
    assert all(torch.equal(one, tensors_of(often[-1].state)[name]) for name, one in tensors_of(once[0].state).items())


@pytest.mark.parametrize("at", [[5, 4], [21], [-1]])
def test_a_step_that_cannot_be_looked_at_is_refused(at):
    with pytest.raises(UserError, match=r"at: -?\d+: the next look can be at a step from"):
        list(toygan.session("eight-gaussians", "gan", overrides=TINY, at=at, backend="eager"))


def test_a_session_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    next(toygan.session("eight-gaussians", "gan", overrides=TINY, backend="eager"))
    assert not list(tmp_path.iterdir())


# --- dials -----------------------------------------------------------------------------------------------------------


def parameters(scene: Simulation, dials: Mapping[str, Tensor], steps: int = 2) -> Tensor:
    """All players' parameters [seed, P] after some steps."""
    rows = list(islice(draws(scene.source, 0, like(scene.start)), steps))
    running = begin("eager", scene.world.step, scene.start, rows[0], dials).running
    for draw in rows:
        running.advance(draw, dials)
    return torch.cat(tuple(running.state().parameters.values()), dim=1)


NUDGE = {"betas": 0.9, "ema": 0.9, "noisy_labels": 0.9}  # these stay below their ends


def by_seed(dials: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every dial with another number for the second seed."""
    return {
        key: torch.stack((dial, dial * NUDGE.get(key.split(".")[0], 1.1))) if key != "steps" else dial
        for key, dial in dials.items()
    }


PAIRS = [
    *((f"{objective}+none", {}) for objective in OBJECTIVES),
    *((f"non-saturating+{constraint}", {}) for constraint in CONSTRAINTS),
    *(("wgan-gp", {"method__update": rule, "method__critic_steps": 2}) for rule in RULES),
    *((name, {}) for name in ("ns-gan-flip", "ns-gan-instance-noise", "infogan", "ebgan", "began", "dragan")),
    (
        "wgan-gp",
        {"method__ema": 0.9, "method__also": "r1", "method__optimiser": "rmsprop", "method__betas": (0.0, 0.9)},
    ),
    ("r3gan", {"method__optimiser": "descent", "method__betas": (0.0, 0.9), "method__schedule": "constant"}),
]


@pytest.mark.parametrize(
    ("method", "changes"), PAIRS, ids=[f"{name} {' '.join(map(str, c.values()))}" for name, c in PAIRS]
)
def test_a_dial_may_differ_by_seed(method, changes):
    """Two seeds with two settings in one game are what each is with its own."""
    scene = game(method, **changes)
    several = by_seed(scene.world.dials)
    together = parameters(scene, several)
    for s in range(2):
        own = {key: dial[s] if dial.ndim else dial for key, dial in several.items()}
        torch.testing.assert_close(together[s], parameters(scene, own)[s], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_every_number_of_a_method_is_a_dial(method):
    """Turned to the numbers of another config, a game plays as that config does."""
    one, rates = (
        game(method),
        {"method__generator_rate": 1e-2, "method__critic_rate": 2e-2, "method__betas": (0.25, 0.5)},
    )
    if METHODS[method].get("optimiser") == "rmsprop":
        rates["method__betas"] = (0.0, 0.5)
    other = game(method, **rates, training__steps=50)
    changed = {key for key, dial in one.world.dials.items() if not torch.equal(dial, other.world.dials[key])}
    assert changed >= {"generator_rate", "critic_rate", "betas.1", "steps"}
    torch.testing.assert_close(parameters(one, other.world.dials), parameters(other, other.world.dials), rtol=0, atol=0)


@pytest.mark.parametrize("backend", ["eager", "onnx"])
def test_dials_are_turned_while_it_plays(backend):
    """A rate of nothing stands still from where it is turned; another number for each seed moves one of them."""
    turns = {5: {"generator_rate": 0.0, "critic_rate": 0.0}, 10: {"critic_rate": [0.0, 1e-3]}}
    words = {"seeds": 2, "overrides": TINY, "at": (4, 5, 10, 12), "turns": turns, "backend": backend}
    before, *_, still, after = (look.state.parameters for look in toygan.session("eight-gaussians", "gan", **words))
    assert not torch.equal(before["critic"], still["critic"])
    assert torch.equal(still["generator"], after["generator"])
    assert torch.equal(still["critic"][0], after["critic"][0])
    assert not torch.equal(still["critic"][1], after["critic"][1])


@pytest.mark.parametrize(
    ("turn", "said"), [({"speed": 1.0}, "is no dial of this game"), ({"critic_rate": [1.0]}, "1 numbers for 2 seeds")]
)
def test_what_cannot_be_turned_is_refused(turn, said):
    with pytest.raises(UserError, match=said):
        toygan.session("eight-gaussians", "gan", seeds=2, overrides=TINY, turns={0: turn})


# --- backends --------------------------------------------------------------------------------------------------------


def interrupted(world, out, monkeypatch, backend: str) -> dict[str, Any]:
    """A run that is stopped at its second look; what it has left."""
    keep, kept = run.keep, []

    def second(*words):
        kept.append(keep(*words))
        if len(kept) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "keep", second)
        with pytest.raises(KeyboardInterrupt):
            play(world, out, backend=backend)
    return json.loads((out / "small" / "wgan-gp" / "run.json").read_text())


@pytest.mark.parametrize("backend", [name for name in ENGINES if name != "cuda"])
def test_a_run_is_continued_by_the_backend_that_began_it(backend, world, tmp_path, monkeypatch, quick):
    whole = play(world, tmp_path / "whole", backend=backend)
    assert whole.facts.backend == backend
    assert interrupted(world, tmp_path, monkeypatch, backend)["backend"] == backend
    again = play(world, tmp_path)  # by whatever began it
    assert again.facts.backend == backend
    for name in ("frames.npz", "metrics.jsonl", "weights.npz"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_another_backend_than_began_it_is_refused(world, tmp_path, monkeypatch, quick):
    interrupted(world, tmp_path, monkeypatch, "onnx")
    with pytest.raises(UserError, match="backend: begun with onnx, now eager"):
        play(world, tmp_path, backend="eager")


def test_auto_is_the_fastest_that_is_there(world, tmp_path, quick):
    assert play(world, tmp_path).facts.backend == "onnx"


def test_auto_calls_the_steps_of_a_short_run_and_goes_on_so(world, tmp_path, monkeypatch, quick):
    """What begins with a graph ends with it, however few steps are left then."""
    monkeypatch.setattr("toygan.engines.table.FEW", 80)
    begun = interrupted(world, tmp_path, monkeypatch, "auto")
    assert (begun["steps"] < 80, begun["backend"]) == (True, "eager")
    monkeypatch.setattr("toygan.engines.table.FEW", 0)
    assert play(world, tmp_path).facts.backend == "eager"
    assert interrupted(world, tmp_path / "other", monkeypatch, "auto")["backend"] == "onnx"
    monkeypatch.setattr("toygan.engines.table.FEW", 80)
    assert play(world, tmp_path / "other").facts.backend == "onnx"


@pytest.mark.parametrize(("backend", "said"), [("tpu", "legal values: auto, cuda, eager, onnx"), ("cuda", "cuda")])
def test_a_backend_that_is_not_there_is_refused(backend, said, world, tmp_path, quick):
    if backend == "cuda" and torch.cuda.is_available():
        pytest.skip("it is there")
    with pytest.raises(UserError, match=said):
        play(world, tmp_path, backend=backend)


# --- portraits -------------------------------------------------------------------------------------------------------


def test_critics_are_kept_of_as_many_seeds_as_asked():
    """Each is what it is when its seed is the first."""
    words = {"seeds": [3, 1, 2], "at": [5], "backend": "eager"}
    (look,) = toygan.session("eight-gaussians", "wgan-gp", overrides=TINY | {"training.portraits": 2}, **words)
    names = ("scores", "slopes", "optimal_scores", "latent_map", "weight_histogram", "weight_reach")
    assert {name: len(look.arrays[name]) for name in names} == dict.fromkeys(names, 2)
    (second,) = toygan.session("eight-gaussians", "wgan-gp", overrides=TINY, **(words | {"seeds": [1]}))
    for name in names:
        np.testing.assert_allclose(look.arrays[name][1], second.arrays[name][0], rtol=2e-4, atol=2e-5, err_msg=name)


# --- more of something -----------------------------------------------------------------------------------------------


def quadrants(*, weight: float = 0.5) -> Objective:
    """wasserstein, and the critic tells the quadrant of a point, jittered by a draw of its own."""

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        jitter = 0.1 * extra.draw["jitter"][:, : real["quadrant"].shape[1]]
        told = (real["quadrant"] + jitter).square().mean(dim=(1, 2)) + fake["quadrant"].abs().mean(dim=(1, 2))
        critic = mean(fake["score"]) - mean(real["score"])
        return Losses(critic + over(weight, told) * told, -mean(fake["score"]) + over(weight, told) * told)

    return Objective(losses, heads={"score": 1, "quadrant": 4}, draws={"jitter": normal(4)})


def signs(betas: tuple[Dial, Dial]) -> Optimiser:
    """Every parameter moves by the rate against the sign of its gradient's running mean."""

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        mean_gradient = torch.lerp(slots[0], gradient, over(1 - betas[0], gradient))
        return Move(parameters - over(rate, gradient) * mean_gradient.sign(), (mean_gradient,))

    return Optimiser(1, move, uses=(True, False))


def frozen_circle() -> Generator:
    """Latents bent to a circle of a radius that is learned."""

    def forward(layers: Layers, z: Tensor) -> Tensor:
        return layers[0].bias * torch.cat((z.cos(), z.sin()), dim=2)

    angles = np.random.Generator.uniform
    return Generator(weightless(np.ones(1), forward), lambda rng, n, target: angles(rng, 0, 2 * np.pi, (n, 1)))


@pytest.mark.parametrize("backend", ["eager", "onnx"])
def test_one_function_each_is_an_objective_with_two_heads_a_player_and_an_optimiser(backend):
    world = small_world(quadrants(), "r1", generator=frozen_circle(), optimiser=signs((0.5, 0.9)), rate=0.01)
    source, single = source_of(world, [0, 4]), torch.empty(0)
    state = first_state(world, source, single)
    rows = list(islice(draws(source, 0, single), 5))
    assert rows[0]["jitter"].shape == (3, 2, 8, 4)
    running = begin(backend, world.step, state, rows[0], {}).running
    for row in rows:
        running.advance(row, {})
    told = running.state()
    radius = told.parameters["generator"]
    torch.testing.assert_close((radius - 1).abs() / 0.01, (radius - 1).abs().div(0.01).round(), rtol=0, atol=1e-4)
    assert (radius != 1).all()
    assert all(torch.isfinite(one).all() for one in told.report.values())


# --- what is seen at turned dials ------------------------------------------------------------------------------------


TURNED = [
    ("wgan-sn", "constraint.lipschitz", 5.0),
    ("mmd-gan", "objective.bandwidths.1", 0.7),
    ("ns-gan-instance-noise", "instance_noise", 0.1),
    ("wgan-gp", "constraint.weight", 2.0),
]


@pytest.mark.parametrize(("turn", "by_seed"), crossed(TURNED, [False, True], 2))
def test_a_look_is_at_the_game_as_it_is_turned(turn, by_seed):
    """Turned before the first step, it is what a config with that number is, for all seeds or for each."""
    method, key, value = turn
    words = {"seeds": 2, "at": [5], "backend": "eager"}
    table, _, place = f"method.{key}".rpartition(".")
    numbers = [0.1, value, 1.0, 3.0] if place.isdigit() else value
    config = {table: numbers} if place.isdigit() else {f"method.{key}": value}
    turns = {0: {key: [value, value] if by_seed else value}}
    (turned,) = toygan.session("eight-gaussians", method, overrides=TINY, turns=turns, **words)
    (configured,) = toygan.session("eight-gaussians", method, overrides=TINY | config, **words)
    for name, values in configured.arrays.items():
        if name != "optimal_scores":
            np.testing.assert_allclose(turned.arrays[name], values, rtol=1e-5, atol=1e-6, err_msg=name)
    for name in set(turned.measures) & set(configured.measures):
        np.testing.assert_allclose(turned.measures[name], configured.measures[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("key", ["instance_noise", "noisy_labels", "ema", "mutual_information"])
def test_what_a_program_does_without_is_no_dial(key):
    with pytest.raises(UserError, match="is no dial of this game"):
        toygan.session("eight-gaussians", "ns-gan", overrides=TINY, turns={0: {key: 0.5}})


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ({0: {"critic_rate": -1.0}}, "critic_rate"),
        ({0: {"betas.1": 3.0}}, "betas"),
        ({0: {"critic_rate": float("nan")}}, "critic_rate"),
        ({20: {"critic_rate": 1e-3}}, "turns: 20: dials are turned at a step from 0 to 19"),
        ({-1: {"critic_rate": 1e-3}}, "turns: -1"),
    ],
)
def test_turns_that_a_config_would_refuse_are_refused(turns, said):
    with pytest.raises(UserError, match=said):
        toygan.session("eight-gaussians", "ns-gan", overrides=TINY, turns=turns)


@pytest.mark.parametrize("heads", [{"score": 1, "aux": 2}, {"aux": 2, "score": 1}, {"score": 2, "aux": 1}])
def test_slopes_are_those_of_the_drawn_score_wherever_its_head_stands(heads):
    world = small_world(Objective(quadrants().losses, heads=heads), critic=mlp_critic(2, 3, width=6, depth=1))
    points = numbers(1, 5, 2)
    state = first_state(world, source_of(world, [0]), points)
    judge = duel.judge(world.game, state.parameters, points, points)
    torch.testing.assert_close(judge.slopes(points), differences(judge.score, points), rtol=1e-6, atol=1e-8)


def test_draws_of_one_name_are_one_law():
    shared = merged({"mix": uniform(1)}, {"mix": uniform(1), "jitter": normal(2)})
    assert {name: law.columns for name, law in shared.items()} == {"mix": 1, "jitter": 2}
    for wrong in ({"mix": uniform(3)}, {"real": uniform(2)}, {"latent": uniform(2)}):
        with pytest.raises(Refusal, match="give it a name of its own"):
            merged({"mix": uniform(1)}, wrong)


def test_a_loss_may_name_its_scores_as_it_likes(monkeypatch):
    monkeypatch.setitem(
        OBJECTIVES, "own", lambda real, fake, *, margin=1.0: Losses(mean(fake - real), -mean(fake) * margin)
    )
    made = objective("own", margin=2.0)
    ones = {"score": torch.ones(1, 3, 1)}
    assert [float(one) for one in made.losses(ones, ones, Extra(torch.zeros(1), {}))] == [0.0, -2.0]


def test_a_backend_that_cannot_run_leaves_no_folder(world, tmp_path, quick):
    with pytest.raises(UserError, match="backend cuda: it runs on cuda, not on cpu"):
        play(world, tmp_path / "out", backend="cuda", device="cpu")
    assert not (tmp_path / "out").exists()
    assert play(world, tmp_path / "out", device="cpu").facts.backend == "onnx"


def test_an_output_that_is_another_input_comes_out():
    made = part(
        lambda state: {"p": 2 * state["p"], "last": state["p"]},
        "state",
        state={"p": torch.ones(3), "last": torch.zeros(3)},
    )
    assert [port.name for port in made.inputs] == ["state/p"]
    assert {port.name for port in made.outputs} == {"next state/p", "next state/last"}
