"""The zoo: every method of more than two players, classes or two worlds, held to what is known of it without training."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from math import log, pi
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from conftest import (
    DOUBLE,
    beginning,
    check_gradient,
    facts_of,
    numbers,
    opinion_of,
    source_of,
    states_of,
    tensors_of,
    with_parameters,
)
from torch import Tensor
from torch.nn.functional import softplus

from toygan.files.scenario import read
from toygan.files.strict import UserError
from toygan.files.world import World, world
from toygan.game import casts, duel, play
from toygan.game.casts import CASTS
from toygan.game.objectives import Extra, categorical, objective, with_classes
from toygan.game.play import Draw, State
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.session.looks import like, state_arrays, state_of
from toygan.session.measuring import optimum_of
from toygan.session.simulation import simulation
from toygan.targets.mixtures import ring

Changes = Mapping[str, Any]
SMALL: Changes = {"generator.width": 6, "critic.width": 6, "generator.depth": 2, "critic.depth": 2, "training.batch": 8}
SMOOTH: Changes = {"generator.activation": "tanh", "critic.activation": "tanh"}
PLAINLY: Changes = {"method.optimiser": "descent", "method.betas": [0.0, 0.9], "method.critic_steps": 1}
LINEAR: Changes = {"generator.depth": 0, "critic.depth": 0}
NO_CAST: Changes = {"method.cast": None}


class Facts(NamedTuple):
    """Who plays, and what the critic is shown of a point; the settings at which a row is another game, which one, and whose
    moves are then the same bit for bit.
    """

    players: Sequence[str] = ("critic", "generator")
    shown: int = 2
    neutral: Changes | None = None
    same_as: Changes = NO_CAST
    of: Sequence[str] = ("critic", "generator")
    steps: int = 3


TAUGHT = {"method.cast.teaches": "encoder"}
WITH_ENCODER = ("critic", "encoder", "generator")
TRANSLATORS = Facts(("critic", "back_critic", "back", "generator"), neutral={"method.cast.cycle": None})
FACTS = {
    "cgan": Facts(shown=10),  # and what stands beside a point, ignored, changes nothing: see IGNORED
    "ac-gan": Facts(),  # how its divergence splits: see below
    "cat-gan": Facts(),  # its entropies: see below
    "ali": Facts(WITH_ENCODER, shown=4),
    "veegan": Facts(WITH_ENCODER, 4, {"method.cast.latents": 1e-30}, {"method.cast.latents": None}, WITH_ENCODER),
    "ae-gan": Facts(WITH_ENCODER, neutral=TAUGHT),
    "vae-gan": Facts(WITH_ENCODER, neutral=TAUGHT),
    "cvae-gan": Facts(WITH_ENCODER, 10, neutral=TAUGHT),
    "ic-gan": Facts(WITH_ENCODER, 10, neutral={}),
    "cogan": Facts(("critic", "other_critic", "generator")),  # two games where nothing is shared: see below
    "cyclegan": TRANSLATORS,
    "discogan": TRANSLATORS,
    "dualgan": TRANSLATORS,
    "mgan": Facts(
        ("critic", "generator_2", "generator_3", "generator_4", "generator"), neutral={"method.cast.number": 1}
    ),
    "mad-gan": Facts(("critic", "generator_2", "generator_3", "generator_4", "generator")),
    "d2gan": Facts(("critic", "critic_2", "generator"), neutral={}, of=["critic"], steps=1),
    "gman": Facts(("critic", "critic_2", "critic_3", "generator"), neutral={"method.cast.number": 1}),
    "ls-gan": Facts(),
    "b-gan": Facts(),
    "msgan": Facts(neutral={"method.cast.weight": 1e-30}),
    "paired-gan": Facts(shown=4),
    "minibatch-gan": Facts(shown=4),
    "minibatch-std-gan": Facts(shown=3),
    "feature-matching": Facts(neutral={}, of=["critic"], steps=1),
    "historical-gan": Facts(neutral={"method.history": 1e-30}, same_as={"method.history": None}),
}
names = pytest.mark.parametrize("name", ZOO)


def facts(name: str) -> Facts:
    return facts_of(FACTS, name, "FACTS in tests/test_zoo.py")


def made(name: str, *changes: Changes, on: str | None = None) -> World:
    """A method's small world on its scenario."""
    every = {key: value for change in ({**SMALL, "training.precision": "double"}, *changes) for key, value in change.items()}
    return world(read(on or PLAYED_ON.get(name, "eight-gaussians"), name, list(every.items())))


def row_of(stage: World, seeds: Sequence[int] = (0, 3)) -> Draw:
    """A generator's move's draws, with what the cast knows of them."""
    return stage.game.known(play.row_of(next(draws(source_of(stage, seeds), 0, DOUBLE)), -1))


def opened(name: str, *changes: Changes, on: str | None = None) -> tuple[World, State, Draw]:
    """A small world, its first state, and draws."""
    stage = made(name, *changes, on=on)
    return stage, beginning(stage, (0, 3)), row_of(stage)


def term_of(stage: World, name: str, parameters: Mapping[str, Tensor], state: State, row: Draw) -> Tensor:
    """A term of a loss, times its weight."""
    (term,) = (term for term in stage.game.terms if term.name == name)
    return term.of(stage.game, parameters, state, row)


# --- every row -------------------------------------------------------------------------------------------------------


@names
def test_who_plays_and_what_the_critic_is_shown(name):
    stage, state, row = opened(name)
    assert list(stage.game.players) == [*facts(name).players]
    shown = duel.real_side(stage.game, state.parameters, state, row)
    assert shown.shape == (2, 8, facts(name).shown)


@names
def test_a_neutral_setting_is_the_plain_game_bit_for_bit(name):
    known = facts(name)
    if known.neutral is None:
        assert name in OF_THEIR_OWN
        return
    one, other = (states_of(made(name, changes), (0, 3), known.steps)[-1] for changes in (known.neutral, known.same_as))
    for player in known.of:
        assert torch.equal(one.parameters[player], other.parameters[player]), player


# Rows without a neutral setting: their facts have tests of their own below.
OF_THEIR_OWN = {"cgan", "ac-gan", "cat-gan", "ali", "cogan", "mad-gan", "ls-gan", "b-gan", "paired-gan"}
OF_THEIR_OWN |= {"minibatch-gan", "minibatch-std-gan"}


@names
def test_together_is_alone(name):
    stage = made(name, PLAINLY)
    together = tensors_of(states_of(stage, (0, 5, 2), 3)[-1])
    for s, seed in enumerate((0, 5, 2)):
        for key, values in tensors_of(states_of(stage, [seed], 3)[-1]).items():
            torch.testing.assert_close(together[key][s : s + 1], values, rtol=1e-11, atol=1e-12)


@names
def test_a_run_continues_bit_for_bit(name):
    stage = made(name, {"method.ema": 0.5})
    states = states_of(stage, (0, 3), 5)
    kept = state_of(state_arrays(states[2]), states[0])
    *_, last = islice(play.play(stage.game, kept, draws(source_of(stage, (0, 3)), 2, DOUBLE)), 3)
    assert all(torch.equal(values, tensors_of(states[-1])[key]) for key, values in tensors_of(last).items())


@names
def test_batches_and_latents_are_every_methods(name):
    on = PLAYED_ON.get(name, "eight-gaussians")
    sims = [simulation(read(on, method, ["training.batch=8", "training.seeds=2"])) for method in ("gan", name)]
    first, second = (next(draws(sim.source, 0, like(sim.start))) for sim in sims)
    for draw in ("real", "latent"):
        assert torch.equal(first[draw][[0, -1]], second[draw][[0, -1]])
    labels = second.get("real label")
    if labels is not None:
        centres = torch.from_numpy(sims[1].world.target.modes.centres).to(labels)
        nearest = torch.cdist(second["real"].flatten(0, 2), centres).argmin(dim=1)
        assert torch.equal(labels.flatten(0, 2).argmax(dim=1), nearest)


EXACT = {"gman": {"method.cast.sharpness": 0.0}}  # its weights are held fixed, so they are no part of the gradient


@names
def test_every_players_gradient_agrees_with_finite_differences(name):
    stage, state, row = opened(name, SMOOTH, EXACT.get(name, {}))
    for player, own in state.parameters.items():
        at = own + 0.1 * numbers(*own.shape)
        check_gradient(
            lambda own, player=player: opinion_of(stage, player, {**state.parameters, player: own}, state, row).loss,
            at,
            tolerance=1e-5,
        )


BY_TURNS = {"mgan", "mad-gan", "msgan"}  # who makes a point, or which latents are compared, hangs on its place


@names
def test_permuting_the_batch_changes_nothing(name):
    stage, state, row = opened(name)
    order = (torch.arange(8) + 4) % 8 if name in BY_TURNS else torch.from_numpy(np.random.default_rng(0).permutation(8))
    other = {draw: values[:, order] for draw, values in row.items()}
    for player in stage.game.players:
        one, permuted = (opinion_of(stage, player, state.parameters, state, each).loss for each in (row, other))
        torch.testing.assert_close(one, permuted, rtol=1e-12, atol=1e-13)


@names
def test_a_critic_of_more_than_points_has_no_optimum_of_points(name):
    config = read(PLAYED_ON.get(name, "eight-gaussians"), name, ["training.seeds=1", "training.batch=8"])
    known = optimum_of(config, simulation(config))
    nothing = facts(name).shown > 2 or config.method.objective.kind in ("loss-sensitive", "categorical")
    assert (known is None) == nothing


# --- what stands beside a point --------------------------------------------------------------------------------------

IGNORED = ("cgan", "ali", "paired-gan", "minibatch-gan", "minibatch-std-gan")


def test_every_cast_beside_a_point_is_held_to_being_ignored():
    beside = {(row.get("cast") or {}).get("kind", row.get("labels")) for row in map(ZOO.get, IGNORED)}
    every = {(ZOO[name].get("cast") or {}).get("kind", ZOO[name].get("labels")) for name in ZOO if facts(name).shown > 2
             and not (name.startswith(("cvae", "ic-")))}  # fmt: skip
    assert beside == every


@pytest.mark.parametrize("name", IGNORED)
def test_with_weights_of_zero_what_stands_beside_is_ignored(name):
    """Losses, penalties and gradients of what is left are the plain game's, bit for bit."""
    stage, state, row = opened(name)
    plain = made(name, {"method.labels": None, "method.cast": None})
    first = {key: own for key, own in beginning(plain, (0, 3)).parameters.items()}
    ours = {**state.parameters, **{key: with_zeros(stage, key, own) for key, own in first.items()}}
    for player in ("critic", "generator"):
        one = opinion_of(stage, player, ours, state, row)
        other = opinion_of(plain, player, first, beginning(plain, (0, 3)), row)
        for told, values in other.told.items():
            torch.testing.assert_close(one.told[told], values, rtol=1e-14, atol=1e-15)
        slopes = [gradient_by(world, player, at, start, row) for world, at, start in (
            (stage, ours, state), (plain, first, beginning(plain, (0, 3))))]  # fmt: skip
        inner, outer = (stage.game.players[player].network.layers(slopes[0]),
                        plain.game.players[player].network.layers(slopes[1]))  # fmt: skip
        first_rows = inner[0].weight[:, points_of(stage, player, inner[0].weight)]
        torch.testing.assert_close(first_rows, outer[0].weight, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(inner[-1].weight, outer[-1].weight, rtol=1e-12, atol=1e-14)


def points_of(stage: World, player: str, weight: Tensor) -> slice:
    """Which inputs are a point's, or a latent's, which stands behind codes."""
    return slice(0, 2) if player == "critic" else slice(weight.shape[1] - 2, weight.shape[1])


def with_zeros(stage: World, player: str, plain: Tensor) -> Tensor:
    """A plain player's parameters with weights of zero for whatever else it is told."""
    body = stage.game.players[player].network
    wide = body.layers(torch.from_numpy(body.initial(np.random.default_rng(0)))[None])[0].weight.shape[1]
    width = 6
    first, rest = plain[:, : 2 * width].reshape(-1, 2, width), plain[:, 2 * width :]
    zeros = torch.zeros(len(plain), wide - 2, width).double()
    both = (first, zeros) if player == "critic" else (zeros, first)
    return torch.cat((torch.cat(both, dim=1).flatten(1), rest), dim=1)


def gradient_by(stage: World, player: str, at: Mapping[str, Tensor], state: State, row: Draw) -> Tensor:
    """The gradient of a player's loss by its own parameters."""
    own = at[player].clone().requires_grad_()
    loss = opinion_of(stage, player, {**at, player: own}, state, row).loss
    return torch.autograd.grad(loss.sum(), own)[0]


def test_penalties_around_real_points_leave_what_stands_beside_where_it_is():
    constraint = {"method.constraint": {"kind": "gradient-penalty", "at": "around-real"}}
    for name in ("cgan", "ali", "minibatch-std-gan"):
        stage, state, row = opened(name, constraint)
        asked: list[Tensor] = []
        real, fake = (side(stage.game, state.parameters, state, row) for side in (duel.real_side, duel.fake_side))
        layers, body = duel.critic_layers(stage.game, state.parameters), stage.game.players["critic"].network
        pair = body.judge_both(layers, real, fake)
        sight = duel.seeing(stage.game, state.parameters["critic"], layers, pair, real, fake, row)
        stage.game.constraint.penalty(sight._replace(slopes_at=lambda points: asked.append(points) or points))
        away = (asked[0] - real).abs()
        assert (away[..., :2] > 0).all()
        assert not away[..., 2:].any()
        assert (away[..., :2] <= real[..., :2].std(dim=(1, 2), keepdim=True) / 2).all()


def test_of_equal_points_the_spread_is_nothing_and_all_are_neighbours():
    point = torch.tensor([0.3, -1.2]).double().expand(2, 8, 2)
    for name, wanted in (("minibatch-std-gan", 0.0), ("minibatch-gan", 1.0)):
        stage, state, row = opened(name)
        (beside,) = stage.game.beside
        found = beside.real(stage.game, state.parameters, point, row)
        torch.testing.assert_close(found, torch.full_like(found, wanted), rtol=0, atol=1e-12)
        slope = torch.autograd.grad(
            beside.real(stage.game, state.parameters, (own := point.clone().requires_grad_()), row).sum(), own
        )[0]
        assert torch.isfinite(slope).all()


def test_the_spread_is_the_batchs_and_neighbours_are_counted_as_is_written():
    points = numbers(1, 5, 2)
    stage, state, row = opened("minibatch-std-gan")
    width = stage.game.beside[0].real(stage.game, state.parameters, points, row)
    torch.testing.assert_close(width, points.std(dim=1, correction=0).mean().expand(1, 5, 1))
    stage, state, row = opened("minibatch-gan")
    near = stage.game.beside[0].real(stage.game, state.parameters, points, row)
    for i in range(5):
        for column, s in enumerate((0.1, 0.5)):
            by_hand = sum(torch.exp(-(points[0, i] - points[0, j]).abs().sum() / s) for j in range(5)) / 5
            assert float(near[0, i, column]) == pytest.approx(float(by_hand), rel=1e-12)
