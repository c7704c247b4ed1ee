"""Tricks: each neutral setting changes no bit, each formula holds, and every combination trains without a crash."""

from itertools import islice, product
from typing import Any

import numpy as np
import pytest
import torch
from conftest import (
    DOUBLE,
    body_of,
    crossed,
    differences,
    numbers,
    opinion_of,
    small_critic,
    small_world,
    source_of,
    states_of,
    tensors_of,
    with_players,
)
from test_game import DESCENT, check_together_is_alone
from torch import Tensor

from toygan.files.config import Config
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.game import duel, play
from toygan.game.constraints import CONSTRAINTS
from toygan.game.dials import Dial
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES, objective, with_information, with_noisy_labels
from toygan.game.optimisers import Move, Slots
from toygan.game.play import State
from toygan.game.players import GENERATORS, Generator
from toygan.game.rules import RULES
from toygan.game.streams import draws
from toygan.session.looks import has_diverged, like, observe
from toygan.session.simulation import simulation

TINY = {
    "training.batch": 8,
    "training.points": 16,
    "training.seeds": 2,
    "generator.width": 6,
    "generator.depth": 1,
    "critic.width": 6,
    "critic.depth": 1,
}
SCENARIOS = ["eight-gaussians", "swiss-roll"]


def tiny(scenario: str, method: str, **changes: Any) -> Config:
    """A shipped scenario with small players; `a__b=1` changes a.b."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return read(scenario, method, list((TINY | named).items()))


def played(config: Config, steps: int) -> State:
    """The state after some steps."""
    sim = simulation(config)
    states = play.play(sim.world.game, sim.start, draws(sim.source, 0, like(sim.start)))
    return next(islice(states, steps - 1, None))


def same(one: State, other: State) -> bool:
    return all(torch.equal(values, tensors_of(other)[name]) for name, values in tensors_of(one).items())


# --- neutral settings ------------------------------------------------------------------------------------------------

NEUTRAL: dict[str, dict[str, Any]] = {
    "pacgan": {"method__pack": 1},
    "ns-gan-instance-noise": {"method__instance_noise": 0.0},
    "ns-gan-flip": {"method__noisy_labels": 0.0},
    "unrolled-gan": {"method__update__ahead": 0, "method__constraint": "none"},
    "ns-gan-smooth": {"method__objective__real": (1.0, 1.0), "method__objective__fake": (0.0, 0.0)},
    "ns-gan-r1": {"method__constraint": "none"},
}


@pytest.mark.parametrize("method", NEUTRAL)
def test_a_trick_turned_off_is_the_plain_game_bit_for_bit(method):
    plain, off, on = (
        played(config, 3)
        for config in (
            tiny("eight-gaussians", "ns-gan"),
            tiny("eight-gaussians", method, **NEUTRAL[method]),
            tiny("eight-gaussians", method),
        )
    )
    assert same(plain, off)
    assert plain.parameters["critic"].shape != on.parameters["critic"].shape or not torch.equal(
        plain.parameters["critic"], on.parameters["critic"]
    )


# --- instance noise --------------------------------------------------------------------------------------------------


def at_step(state: State, step: int) -> State:
    return state._replace(step=torch.tensor(step, dtype=torch.float64))


def test_noise_falls_evenly_to_none_and_is_each_clouds_own():
    world = small_world(noise=0.5)
    state, points, noise = states_of(world, [0], 0)[0], numbers(1, 6, 2), numbers(1, 6, 2, seed=1)
    for step, left in ((0, 1.0), (25, 0.75), (75, 0.25), (100, 0.0)):  # of 100 steps
        shown = duel.shown(world.game, at_step(state, step), points, noise)
        torch.testing.assert_close(shown, points + 0.5 * left * noise, rtol=1e-14, atol=0)
    draw = next(draws(source_of(world, [0]), 0, DOUBLE))
    row, body = play.row_of(draw, 0), body_of(world, "critic")
    layers, fake = (
        body.layers(state.parameters["critic"]),
        duel.generate(world.game, state.parameters, row),
    )
    clouds = (row["real"], row["real noise"]), (fake, row["fake noise"])
    r, g = (body.forward(layers, cloud + 0.5 * own) for cloud, own in clouds)
    wanted = g.mean(dim=(1, 2)) - r.mean(dim=(1, 2))
    opinion = opinion_of(world, "critic", state.parameters, state, row)
    torch.testing.assert_close(opinion.loss, wanted, rtol=1e-12, atol=1e-14)


def test_constant_noise_stays():
    world = small_world(noise=0.5, noise_schedule="constant")
    state, points, noise = states_of(world, [0], 0)[0], numbers(1, 6, 2), numbers(1, 6, 2, seed=1)
    for step in (0, 50, 100):
        shown = duel.shown(world.game, at_step(state, step), points, noise)
        torch.testing.assert_close(shown, points + 0.5 * noise, rtol=1e-14, atol=0)


def test_constant_noise_is_a_setting():
    for name, left in (("linear", 0.25), ("constant", 0.5)):
        sim = simulation(
            tiny("eight-gaussians", "ns-gan-instance-noise", method__noise_schedule=name, training__steps=10)
        )
        assert play.noise_left(sim.world.game, at_step(sim.start, 5)) == left


# --- packs -----------------------------------------------------------------------------------------------------------


def test_a_pack_is_neighbours_side_by_side():
    world = small_world(pack=2)
    state, points = states_of(world, [0], 0)[0], numbers(1, 6, 2)
    shown = duel.shown(world.game, state, points, points)
    assert shown.shape == (1, 3, 4)
    assert torch.equal(shown[0, 1], torch.cat((points[0, 2], points[0, 3])))


@pytest.mark.parametrize("pack", [1, 2, 3])
def test_a_critic_of_packs_is_drawn_at_copies(pack):
    world = small_world("non-saturating", pack=pack, critic=small_critic(1, pack))
    state, points = states_of(world, [0, 1], 0)[0], numbers(2, 5, 2)
    judge = duel.judge(world.game, state.parameters, points, points)
    wanted = world.game.players["critic"].network.forward(
        world.game.players["critic"].network.layers(state.parameters["critic"]), torch.cat([points] * pack, dim=2)
    )
    torch.testing.assert_close(judge.score(points), wanted[..., 0], rtol=1e-14, atol=0)
    torch.testing.assert_close(judge.slopes(points), differences(judge.score, points), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["mmd", "cramer"])
def test_a_witness_is_drawn_with_its_slope(name):
    world = small_world(name)
    state, points = states_of(world, [0], 0)[0], numbers(1, 5, 2)
    judge = duel.judge(world.game, state.parameters, numbers(1, 7, 2, seed=1), numbers(1, 7, 2, seed=2))
    torch.testing.assert_close(judge.slopes(points), differences(judge.score, points), rtol=1e-6, atol=1e-8)


# --- head start ------------------------------------------------------------------------------------------------------


def test_head_start_holds_the_generator_still():
    states = states_of(small_world("hinge", head_start=2), [0, 1], 3)
    for state in states[1:3]:
        assert torch.equal(state.parameters["generator"], states[0].parameters["generator"])
        assert not torch.equal(state.parameters["critic"], states[0].parameters["critic"])
    assert not torch.equal(states[3].parameters["generator"], states[0].parameters["generator"])


@pytest.mark.parametrize("rule", RULES)
def test_head_start_feeds_no_memory_of_the_generators_optimiser(rule):
    """The generator's first moves are those of a fresh optimiser, whatever it was told while it stood still."""
    states = states_of(small_world("hinge", "r1", head_start=3, rule=rule), [0, 1], 4)
    for state in states[1:4]:
        assert all(torch.equal(slot, torch.zeros_like(slot)) for slot in state.players["generator"].slots)
        assert torch.equal(state.players["generator"].shown, states[0].parameters["generator"])
    assert torch.isfinite(states[3].report["generator_loss"]).all()  # it says its loss all the same
    gradients = []
    world = small_world("hinge", "r1", head_start=3, rule=rule)

    def noting(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        gradients.append(int(t))
        return own.move(parameters, gradient, slots, t, rate)

    own = world.game.players["generator"].optimiser
    fresh = with_players(world, "generator", optimiser=own._replace(move=noting)).game
    draw = next(islice(draws(source_of(world, [0, 1]), 3, DOUBLE), 0, None))
    world.game.rule(fresh, states[3], draw)
    assert gradients[-1] == (2 if rule == "extra-adam" else 1)  # the generator's own count


def test_an_energy_learns_real_points_alone_in_its_head_start():
    """What the generator makes is of no matter to the critic, until the head start is over."""
    one, other = (
        states_of(small_world("energy", head_start=2, generator=GENERATORS["point"](start=start)), [0], 3)
        for start in ((1.0, 0.0), (-2.0, 3.0))
    )
    for step in (1, 2):
        assert torch.equal(one[step].parameters["critic"], other[step].parameters["critic"])
    assert not torch.equal(one[3].parameters["critic"], other[3].parameters["critic"])


# --- laws ------------------------------------------------------------------------------------------------------------


def widened(generator: Generator, codes: int) -> Generator:
    """The generator with a place for so many codes."""
    assert generator.widened is not None
    return generator._replace(network=generator.widened(codes))


@pytest.mark.parametrize(
    "world",
    [
        small_world("non-saturating", "r1", pack=2, noise=0.3, ema=0.5, optimiser=DESCENT),
        small_world(with_noisy_labels(objective("soft-labels"), 0.3), "gradient-penalty", optimiser=DESCENT),
        small_world(
            with_information(objective("hinge"), 3, 1.0),
            "r1",
            generator=widened(GENERATORS["mlp"](width=6, depth=1, normalisation="batch"), 3),
            optimiser=DESCENT,
        ),
    ],
    ids=["pack and noise", "labels", "information"],
)
def test_together_is_alone_with_tricks(world):
    check_together_is_alone(world, 3, DOUBLE, rtol=1e-10, atol=1e-11)


# --- everything trains -----------------------------------------------------------------------------------------------


def check_is_a_result(state: State) -> None:
    """Finite numbers, or known as diverged."""
    numbers_ = torch.cat((*state.parameters.values(), state.players["generator"].shown), dim=1)
    assert (torch.isfinite(numbers_).all(dim=1) | has_diverged(state)).all()


@pytest.mark.parametrize(("name", "place"), crossed(OBJECTIVES, product(SCENARIOS, CONSTRAINTS), 5), ids=str)
def test_every_pair_trains(name, place):
    scenario, constraint = place
    pair = read(scenario, f"{name}+{constraint}", list(TINY.items()))
    state = played(pair, 3)
    assert state.step == 3
    check_is_a_result(state)


TRICKS: dict[str, dict[str, Any]] = {
    "noise": {"method__instance_noise": 0.3},
    "pack": {"method__pack": 2},
    "flip": {"method__noisy_labels": 0.2},
    "soft and flip and pack": {"method__objective": "soft-labels", "method__noisy_labels": 0.2, "method__pack": 4},
    "codes": {"method__categories": 4, "method__mutual_information": 1.0},
    "codes alone in packs": {"method__categories": 4, "method__pack": 2},
    "average": {"method__ema": 0.9},
    "head start": {"method__head_start": 2},
    "also": {"method__also": "spectral-norm"},
    "batch norm": {"critic__normalisation": "batch", "generator__normalisation": "batch", "method__pack": 2},
    "layer norm": {"critic__normalisation": "layer", "generator__normalisation": "layer"},
    "groupsort": {"critic__activation": "groupsort", "generator__activation": "groupsort"},
    "tanh output": {"generator__output": "tanh", "generator__latent": "sphere"},
    "autoencoder": {"method__critic": "autoencoder", "method__pack": 2},
    **{rule: {"method__update": rule} for rule in RULES},
}


@pytest.mark.parametrize(("trick", "place"), [*product(TRICKS, product(["ns-gan-r1", "wgan-gp"], SCENARIOS))], ids=str)
def test_every_trick_trains(trick, place):
    method, scenario = place
    config = tiny(scenario, method, **TRICKS[trick])
    state = played(config, 3)
    check_is_a_result(state)
    assert not has_diverged(state).any()


@pytest.mark.parametrize(("method", "scenario"), [*product(METHODS, SCENARIOS)])
def test_every_method_trains_and_is_seen(method, scenario):
    config = tiny(scenario, method)
    state = played(config, 3)
    check_is_a_result(state)
    assert not has_diverged(state).any()
    frame = observe(simulation(config), state)
    assert all(np.isfinite(values).all() for values in frame.arrays.values())


# --- what does not go together ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "changes", "said"),
    [
        ("infogan", {"method__pack": 2}, "mutual_information"),
        ("infogan", {"method__categories": 0}, "categories"),
        ("pacgan", {"training__batch": 9}, "packs"),
        ("ebgan", {"method__critic": "mlp", "critic__kind": "autoencoder"}, "pulling_away"),
        ("mmd-gan", {"method__critic": "autoencoder"}, "autoencoder"),
        ("mmd-gan", {"method__categories": 4, "method__mutual_information": 1.0}, "mutual_information"),
        ("mmd-gan", {"method__objective__bandwidths": ()}, "bandwidths"),
    ],
)
def test_what_does_not_go_together_is_refused(method, changes, said):
    with pytest.raises(UserError, match=said):
        tiny("eight-gaussians", method, **changes)


# --- InfoGAN ---------------------------------------------------------------------------------------------------------


def owners(points: Tensor, categories: Tensor, centres: np.ndarray) -> tuple[int, float]:
    """How many modes are some code's favourite, and the share of points that lie at their own code's favourite."""
    nearest = np.linalg.norm(points.numpy()[:, None] - centres, axis=2).argmin(axis=1)
    codes = categories.numpy().argmax(axis=1)
    counts = np.array([np.bincount(nearest[codes == c], minlength=len(centres)) for c in range(codes.max() + 1)])
    return len(set(counts.argmax(axis=1))), float(counts.max(axis=1).sum() / len(codes))


def test_owners_counts_modes_and_shares():
    centres, codes = np.array([[0.0, 0.0], [5.0, 0.0]]), torch.eye(2)[torch.tensor([0, 0, 1, 1])]
    points = torch.tensor([[0.1, 0.0], [5.0, 0.1], [4.9, 0.0], [5.1, 0.0]])
    assert owners(points, codes, centres) in {(2, 0.75), (1, 0.75)}  # the first code is undecided
    assert owners(points[[0, 0, 2, 3]], codes, centres) == (2, 1.0)


@pytest.mark.slow
def test_codes_tell_the_modes():
    sim = simulation(read("eight-gaussians", "infogan", list({"training.seeds": 2, "training.steps": 1500}.items())))
    *_, state = islice(play.play(sim.world.game, sim.start, draws(sim.source, 0, like(sim.start))), sim.steps)
    modes = sim.world.target.modes
    assert modes is not None
    points = duel.carried(sim.world.game, state.averaged, sim.final)
    found = [owners(points[s], sim.final[s, :, :8], modes.centres) for s in range(2)]
    assert all(count >= 6 and share > 0.8 for count, share in found), found
