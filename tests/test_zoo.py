"""The zoo: every method of more than two players, classes or two worlds, held to what is known of it without training."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
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
    crossed,
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

from toygan.engines.table import begin
from toygan.files.config import Config
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.files.world import World, world
from toygan.game import casts, duel, play
from toygan.game.constraints import CONSTRAINTS
from toygan.game.networks import Layers, Network
from toygan.game.objectives import Extra, categorical, objective, with_classes
from toygan.game.play import Draw, State
from toygan.game.rounds import SHARES, before, lacking, makers, point_weights, resampled
from toygan.game.rules import RULES
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.quantities.state import Watched, score_saturation, with_beside
from toygan.session.looks import like, state_arrays, state_of
from toygan.session.measuring import optimum_facts, optimum_of
from toygan.session.simulation import Simulation, simulation
from toygan.targets.mixtures import ring

Changes = Mapping[str, Any]
SMALL: Changes = {"generator.width": 6, "critic.width": 6, "generator.depth": 2, "critic.depth": 2, "training.batch": 8}
SMOOTH: Changes = {"generator.activation": "tanh", "critic.activation": "tanh"}
PLAINLY: Changes = {"method.optimiser": "descent", "method.betas": [0.0, 0.9], "method.critic_steps": 1}
LINEAR: Changes = {"generator.depth": 0, "critic.depth": 0}
NO_CAST: Changes = {"method.cast": None}
PAIRS: Changes = {"method.cast.judges": "pairs"}  # and no second critic of points


class Facts(NamedTuple):
    """Who plays, and what the critic is shown of a point; the settings at which a row is another game, which one, and whose
    moves are then the same bit for bit.
    """

    players: Sequence[str] = ("critic", "generator")
    shown: int = 2
    neutral: Changes | None = None
    same_as: Changes = NO_CAST
    of: Sequence[str] = ("critic", "generator")
    steps: int = 2


TAUGHT = {"method.cast.teaches": "encoder"}
WITH_ENCODER = ("critic", "encoder", "generator")
WITH_TWO = ("critic", "point_critic", "encoder", "generator")
TRANSLATORS = Facts(("critic", "back_critic", "back", "generator"), neutral={"method.cast.cycle": None})
FACTS = {
    "cgan": Facts(shown=10),  # and what stands beside a point, ignored, changes nothing: see IGNORED
    "tc-gan": Facts(shown=14),  # cgan on another world: see IGNORED
    "ac-gan": Facts(),  # how its divergence splits: see below
    "cat-gan": Facts(),  # its entropies: see below
    "ali": Facts(WITH_TWO, shown=4),
    "veegan": Facts(WITH_TWO, 4, {"method.cast.latents": 1e-30}, {"method.cast.latents": None}, WITH_TWO),
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
    "adagan": Facts(
        ("critic", "judge", "earlier_1", "earlier_2", "earlier_3", "shares", "generator"),
        neutral={"method.cast.rounds": 1},
    ),
    "gogan": Facts(("critic", "last", "generator"), neutral={"method.cast.stages": 1}),
    "ls-gan": Facts(),
    "b-gan": Facts(),
    "msgan": Facts(neutral={"method.cast.weight": 1e-30}),
    "pres-gan": Facts(neutral={"method.cast.weight": 1e-30}),
    "bayesian-gan": Facts(),  # at temperature 0 it is descent: see below
    "lapgan": Facts(("critic", "coarse_critic", "coarse", "generator"), shown=4),
    "deq-gan": Facts(shown=3),
    "paired-gan": Facts(shown=4),
    "minibatch-gan": Facts(shown=4),
    "minibatch-std-gan": Facts(shown=3),
    "feature-matching": Facts(neutral={}, of=["critic"], steps=1),
    "historical-gan": Facts(neutral={"method.history": 1e-30}, same_as={"method.history": None}),
}
names = pytest.mark.parametrize("name", ZOO)


def facts(name: str) -> Facts:
    return facts_of(FACTS, name, "FACTS in tests/test_zoo.py")


WORLDS: dict[str, World] = {}  # pure functions, by how they are asked for


def made(name: str, *changes: Changes, on: str | None = None) -> World:
    """A method's small world on its scenario."""
    every = {
        key: value for change in ({**SMALL, "training.precision": "double"}, *changes) for key, value in change.items()
    }
    said = (on or PLAYED_ON.get(name, "eight-gaussians"), name, list(every.items()))
    if (known := repr(said)) not in WORLDS:
        WORLDS[known] = world(read(*said))
    return WORLDS[known]


def row_of(stage: World, seeds: Sequence[int] = (0, 3)) -> Draw:
    """A generator's move's draws, with what the cast knows of them."""
    return stage.game.cast.known(play.row_of(next(draws(source_of(stage, seeds), 0, DOUBLE)), -1))


def opened(name: str, *changes: Changes, on: str | None = None) -> tuple[World, State, Draw]:
    """A small world, its first state, and draws."""
    stage = made(name, *changes, on=on)
    return stage, beginning(stage, (0, 3)), row_of(stage)


def term_of(stage: World, name: str, parameters: Mapping[str, Tensor], state: State, row: Draw) -> Tensor:
    """A term of a loss, times its weight."""
    (term,) = (term for term in stage.game.cast.terms if term.name == name)
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
OF_THEIR_OWN = {"cgan", "tc-gan", "ac-gan", "cat-gan", "ali", "cogan", "mad-gan", "ls-gan", "b-gan", "paired-gan"}
OF_THEIR_OWN |= {"minibatch-gan", "minibatch-std-gan", "bayesian-gan", "lapgan", "deq-gan"}


@names
def test_together_is_alone(name):
    stage = made(name, PLAINLY)
    together = tensors_of(states_of(stage, (5, 2), 2)[-1])
    for s, seed in enumerate((5, 2)):
        for key, values in tensors_of(states_of(stage, [seed], 2)[-1]).items():
            torch.testing.assert_close(together[key][s : s + 1], values, rtol=1e-11, atol=1e-12)


@names
def test_a_run_continues_bit_for_bit(name):
    stage = made(name, {"method.ema": 0.5})
    states = states_of(stage, (0, 3), 3)
    kept = state_of(state_arrays(states[1]), states[0])
    *_, last = islice(play.play(stage.game, kept, draws(source_of(stage, (0, 3)), 1, DOUBLE)), 2)
    assert all(torch.equal(values, tensors_of(states[-1])[key]) for key, values in tensors_of(last).items())


@cache
def begun(scenario: str, method: str) -> tuple[Config, Simulation]:
    """A method's small game on a scenario, in single precision."""
    config = read(scenario, method, [*SMALL.items(), ("training.seeds", 2)])
    return config, simulation(config)


def drawn_first(sim: Simulation) -> Draw:
    return next(draws(sim.source, 0, like(sim.start)))


@names
def test_batches_and_latents_are_every_methods(name):
    on = PLAYED_ON.get(name, "eight-gaussians")
    sims = [begun(on, method)[1] for method in ("gan", name)]
    first, second = map(drawn_first, sims)
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
    for player in (*stage.game.critics, *stage.game.generators):
        own = state.parameters[player]
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
    other = {draw: values if draw.endswith("heat") else values[:, order] for draw, values in row.items()}
    for player in stage.game.players:
        one, permuted = (opinion_of(stage, player, state.parameters, state, each).loss for each in (row, other))
        torch.testing.assert_close(one, permuted, rtol=1e-12, atol=1e-13)


@names
def test_a_critic_of_more_than_points_has_no_optimum_of_points(name):
    config, sim = begun(PLAYED_ON.get(name, "eight-gaussians"), name)
    known = optimum_of(config, sim)
    nothing = (
        facts(name).shown > 2
        or name == "adagan"
        or config.method.objective.kind in ("loss-sensitive", "margin", "categorical")
    )
    assert (known is None) == nothing


# --- what stands beside a point --------------------------------------------------------------------------------------

IGNORED = ("cgan", "ali", "paired-gan", "minibatch-gan", "minibatch-std-gan")


def test_every_cast_beside_a_point_is_held_to_being_ignored():
    beside = {(row.get("cast") or {}).get("kind", row.get("labels")) for row in map(ZOO.get, IGNORED)}
    every = {(ZOO[name].get("cast") or {}).get("kind", ZOO[name].get("labels")) for name in ZOO if facts(name).shown > 2
             and not (name.startswith(("cvae", "ic-")))}  # fmt: skip
    assert beside == every - {"coarse-to-fine", "equation"}  # which are other games besides


@pytest.mark.parametrize("name", IGNORED)
def test_with_weights_of_zero_what_stands_beside_is_ignored(name):
    """Losses, penalties and gradients of what is left are the plain game's, bit for bit."""
    stage, state, row = opened(name, PAIRS if name == "ali" else {})
    plain = made(name, {"method.labels": None, "method.cast": None})
    first = beginning(plain, (0, 3)).parameters
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
        stage.game.constraint.penalty(sight._replace(slopes_at=partial(noted, asked)))
        away = (asked[0] - real).abs()
        assert (away[..., :2] > 0).all()
        assert not away[..., 2:].any()
        assert (away[..., :2] <= real[..., :2].std(dim=(1, 2), keepdim=True) / 2).all()


def noted(asked: list[Tensor], points: Tensor) -> Tensor:
    """Points as they are, noted down."""
    asked.append(points)
    return points


def test_of_equal_points_the_spread_is_nothing_and_all_are_neighbours():
    point = torch.tensor([0.3, -1.2]).double().expand(2, 8, 2)
    for name, wanted in (("minibatch-std-gan", 0.0), ("minibatch-gan", 1.0)):
        stage, state, row = opened(name)
        (beside,) = stage.game.cast.beside
        found = beside.real(stage.game, state.parameters, point, row)
        torch.testing.assert_close(found, torch.full_like(found, wanted), rtol=0, atol=1e-12)
        slope = torch.autograd.grad(
            beside.real(stage.game, state.parameters, (own := point.clone().requires_grad_()), row).sum(), own
        )[0]
        assert torch.isfinite(slope).all()


def test_the_spread_is_the_batchs_and_neighbours_are_counted_as_is_written():
    points = numbers(1, 5, 2)
    stage, state, row = opened("minibatch-std-gan")
    width = stage.game.cast.beside[0].real(stage.game, state.parameters, points, row)
    torch.testing.assert_close(width, points.std(dim=1, correction=0).mean().expand(1, 5, 1))
    stage, state, row = opened("minibatch-gan")
    near = stage.game.cast.beside[0].real(stage.game, state.parameters, points, row)
    for i in range(5):
        for column, s in enumerate((0.1, 0.5)):
            by_hand = sum(torch.exp(-(points[0, i] - points[0, j]).abs().sum() / s) for j in range(5) if j != i) / 4
            assert float(near[0, i, column]) == pytest.approx(float(by_hand), rel=1e-12)


# --- classes ---------------------------------------------------------------------------------------------------------

P, Q = np.array([[4, 1, 2], [2, 5, 6]]) / 20, np.array([[1, 3, 4], [5, 2, 5]]) / 20  # of class and cell


def repeated(masses: np.ndarray, cells: Tensor) -> Tensor:
    """A table of values, each as often as its mass says, of twenty points: [1, 20, width]."""
    times = torch.from_numpy(np.rint(masses.ravel() * 20).astype(int))
    return cells.reshape(len(times), -1).repeat_interleave(times, dim=0)[None]


def lowest(loss: Callable[[Tensor], Tensor], *shape: int) -> Tensor:
    """The free table at which a loss is least."""
    table = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([table], max_iter=500, tolerance_grad=1e-12, tolerance_change=0, history_size=20,
                               line_search_fn="strong_wolfe")  # fmt: skip

    def closure() -> Tensor:
        solver.zero_grad()
        value = loss(table).sum()
        value.backward()
        return value

    solver.step(closure)
    return table.detach()


def test_the_best_conditional_critic_is_the_log_ratio_of_each_class():
    """Of a critic told the class; both players' classes are of one law, so p/q of pairs is p/q within the class."""
    q = Q / Q.sum(axis=1, keepdims=True) * P.sum(axis=1, keepdims=True)
    real, fake = (torch.from_numpy(mass.ravel()) for mass in (P, q))

    def loss(table: Tensor) -> Tensor:
        return (real * softplus(-table)).sum() + (fake * softplus(table)).sum()

    within = [mass / mass.sum(axis=1, keepdims=True) for mass in (P, q)]
    assert lowest(loss, 6).reshape(2, 3).numpy() == pytest.approx(np.log(within[0] / within[1]), abs=1e-6)


def test_the_auxiliary_critic_splits_the_divergence_of_points_and_classes():
    """KL(p(x, c) | q(x, c)) = KL of points + E KL of the classes of a point = KL of classes + E KL within a class; the score
    comes to log p(x) / q(x) and the head to the share of a class among all that is at a point.
    """
    made = with_classes(objective("non-saturating"), 2, 1.0)
    label = torch.eye(2).double()[:, None].expand(2, 3, 2)
    draw = {"real label": repeated(P, label)}  # the head's part of generated points, whose labels are others, is apart
    other = {"real label": repeated(Q, label)}

    def critic(table: Tensor) -> Tensor:
        cells = table.expand(2, 3, 3)
        real, fake = ({"score": (at := repeated(mass, cells))[..., :1], "class": at[..., 1:]} for mass in (P, Q))
        flat = {**fake, "class": torch.zeros_like(fake["class"])}
        on_real = made.losses(real, flat, Extra(torch.zeros(1), draw)).critic
        empty = {**real, "class": torch.zeros_like(real["class"]), "score": torch.zeros_like(real["score"]) + 40}
        on_fake = made.losses(empty, {**fake, "score": fake["score"] * 0 - 40}, Extra(torch.zeros(1), other)).critic
        return on_real + on_fake

    best = lowest(critic, 3, 3).numpy()
    p, q = P.sum(axis=0), Q.sum(axis=0)
    assert best[:, 0] == pytest.approx(np.log(p / q), abs=1e-6)
    shares = np.exp(best[:, 1:]) / np.exp(best[:, 1:]).sum(axis=1, keepdims=True)
    assert pytest.approx((P + Q) / (p + q), abs=1e-6) == shares.T
    whole = (P * np.log(P / Q)).sum()
    points = (p * best[:, 0]).sum()
    of_a_point = (P * np.log((P / p) / (Q / q))).sum()
    c, d = P.sum(axis=1), Q.sum(axis=1)
    classes, within = (c * np.log(c / d)).sum(), (P * np.log((P.T / c).T / (Q.T / d).T)).sum()
    assert whole == pytest.approx(points + of_a_point)
    assert whole == pytest.approx(classes + within)


def test_the_class_term_is_the_cross_entropy_of_real_and_generated_points():
    stage, state, row = opened("ac-gan")
    plain = made("ac-gan", {"method.auxiliary": None})
    body, layers = stage.game.players["critic"].network, duel.critic_layers(stage.game, state.parameters)
    sides = [side(stage.game, state.parameters, state, row) for side in (duel.real_side, duel.fake_side)]
    told = [
        -(row["real label"] * body.forward(layers, one)[..., 1:].log_softmax(dim=2)).sum(dim=2).mean(dim=1)
        for one in sides
    ]
    score = [body.forward(layers, one)[..., :1] for one in sides]
    base = plain.game.objective.losses(*({"score": one} for one in score), Extra(state.memory, row))
    for player, wanted in (("critic", base.critic + sum(told)), ("generator", base.generator + told[1])):
        opinion = opinion_of(stage, player, state.parameters, state, row)
        torch.testing.assert_close(opinion.told[f"{player}_loss"], wanted, rtol=1e-12, atol=0)


def test_entropies_of_classes_without_labels():
    made = categorical(categories=8)
    flat, sure = torch.zeros(1, 8, 8).double(), 1e3 * torch.eye(8).double()[None]
    one_class = 1e3 * torch.eye(8).double()[:1].expand(8, 8)[None]
    for real, fake, critic, generator in (
        (flat, flat, log(8) - log(8) - log(8), log(8) - log(8)),
        (sure, flat, 0 - log(8) - log(8), log(8) - log(8)),  # sure of the data, evenly used, unsure of fakes: the best
        (sure, sure, 0 - 0 - log(8), 0 - log(8)),
        (one_class, one_class, 0 - 0 - 0, 0 - 0),
    ):
        said = made.losses({"category": real}, {"category": fake}, Extra(torch.zeros(1), {}))
        assert float(said.critic) == pytest.approx(critic, abs=1e-12)
        assert float(said.generator) == pytest.approx(generator, abs=1e-12)
    at = {"category": torch.cat((flat, sure), dim=1)}
    assert made.score(at, at, at)[0].numpy() == pytest.approx([-log(8)] * 8 + [0.0] * 8)


# --- encoders --------------------------------------------------------------------------------------------------------


def linear(weight: Tensor, bias: Tensor) -> Tensor:
    """The parameters [1, P] of a player that is x W + b."""
    return torch.cat((weight.flatten(), bias.flatten()))[None]


W = torch.tensor([[1.2, 0.3], [-0.4, 0.8]]).double()
B = torch.tensor([0.5, -0.2]).double()


def gaussian(name: str, *changes: Changes, widened: bool = False) -> tuple[World, State, Draw, dict[str, Tensor]]:
    """A game of affine players: G(z) = z W + b and its inverse for an encoder, sure of itself if it has variances."""
    stage = made(name, LINEAR, *changes)
    state, row = beginning(stage, [0]), row_of(stage, [0])
    inverse, back = W.inverse(), -B @ W.inverse()
    if widened:
        inverse, back = torch.cat((inverse, torch.zeros(2, 2)), 1), torch.cat((back, torch.full((2,), -80.0)))
    parameters = {**state.parameters, "generator": linear(W, B), "encoder": linear(inverse, back)}
    return stage, state, row, parameters


def test_of_linear_gaussians_the_encoder_that_inverts_the_generator_is_the_optimum_of_pairs():
    """Where real points are the generator's law, both players show the critic the same pairs."""
    stage, state, row, parameters = gaussian("ali")
    same = {**row, "real": duel.generate(stage.game, parameters, row)}
    real, fake = (side(stage.game, parameters, state, same) for side in (duel.real_side, duel.fake_side))
    torch.testing.assert_close(real, fake, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("teaches", ["both", "encoder"])
def test_errors_are_nothing_where_encoder_and_generator_are_inverse(teaches):
    changes = {"method.cast.latents": 2.0, "method.cast.points": 3.0, "method.cast.teaches": teaches}
    for name, widened in (("ali", False), ("vae-gan", True)):
        stage, state, row, parameters = gaussian(name, changes, widened=widened)
        for term in ("latent_error", "point_error"):
            assert float(term_of(stage, term, parameters, state, row)) == pytest.approx(0.0, abs=1e-15)
        moved = {**parameters, "encoder": parameters["encoder"].clone()}
        moved["encoder"][0, -4 if widened else -2] += 0.5  # every code one half too far along one axis
        assert float(term_of(stage, "latent_error", moved, state, row)) == pytest.approx(2.0 * 0.25)
        apart = 3.0 * 0.25 * float(W[0].square().sum())
        assert float(term_of(stage, "point_error", moved, state, row)) == pytest.approx(apart)


def test_the_divergence_of_the_code_is_the_closed_form():
    stage, state, row, parameters = gaussian("vae-gan", {"method.cast.divergence": 1.0})
    mean, log_variance = torch.tensor([0.7, -1.1]).double(), torch.tensor([0.4, -0.9]).double()
    parameters["encoder"] = linear(torch.zeros(2, 4), torch.cat((mean, log_variance)))
    law = torch.distributions.Normal(mean, (log_variance / 2).exp())
    wanted = torch.distributions.kl_divergence(law, torch.distributions.Normal(torch.zeros(2), torch.ones(2))).sum()
    assert float(term_of(stage, "code_divergence", parameters, state, row)) == pytest.approx(float(wanted))
    parameters["encoder"] = torch.zeros_like(parameters["encoder"])
    assert float(term_of(stage, "code_divergence", parameters, state, row)) == 0.0
    encoded = casts.encode(stage.game, parameters, row["real"])
    assert encoded.shape == (1, 8, 2)


def test_an_encoder_wants_the_opposite_of_the_generator():
    """E sp(r) where the generator wants E sp(-g), and of other objectives what is theirs with both sides exchanged."""
    for objective_kind, of in (("non-saturating", softplus), ("wasserstein", lambda r: r), ("hinge", lambda r: r)):
        stage, state, row = opened("ali", {"method.objective": objective_kind})
        layers, body = duel.critic_layers(stage.game, state.parameters), stage.game.players["critic"].network
        r = body.forward(layers, duel.real_side(stage.game, state.parameters, state, row))
        found = opinion_of(stage, "encoder", state.parameters, state, row).loss
        torch.testing.assert_close(found, of(r).mean(dim=(1, 2)), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["ali", "veegan"])
def test_a_second_critic_of_points_is_the_plain_games(name):
    """Its loss and penalty are a plain critic's, and the generator loses to it, besides to pairs, what it loses there."""
    stage, state, row = opened(name)
    pairs, plain = made(name, PAIRS), made(name, NO_CAST)
    alone = {"critic": state.parameters["point_critic"], "generator": state.parameters["generator"]}
    ours = opinion_of(stage, "point_critic", state.parameters, state, row)
    first = beginning(plain, (0, 3))
    theirs = opinion_of(plain, "critic", alone, first, row)
    assert torch.equal(ours.loss, theirs.loss)
    assert torch.equal(ours.told["point_critic_penalty"], theirs.told["penalty"])
    loss, of_pairs = (opinion_of(one, "generator", state.parameters, state, row).loss for one in (stage, pairs))
    torch.testing.assert_close(
        loss, of_pairs + opinion_of(plain, "generator", alone, first, row).loss, rtol=1e-12, atol=0
    )


def test_only_objectives_that_are_the_same_for_both_sides_are_fair():
    fair = {kind for kind in ("minimax", "non-saturating", "wasserstein", "hinge", "relativistic", "least-squares", "energy",
            "density-ratio", "soft-labels", "categorical", "mmd", "f-js", "f-kl") if casts.fair(objective(kind))}  # fmt: skip
    assert fair == {"minimax", "non-saturating", "wasserstein", "hinge", "relativistic", "mmd", "f-js"}
    assert casts.fair(objective("least-squares", fake=-1.0, real=1.0, wanted=1.0))


# --- two worlds ------------------------------------------------------------------------------------------------------


def turned(angle: float) -> Tensor:
    """A rotation, as x R."""
    return torch.tensor([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize("name", ["cyclegan", "discogan"])
def test_a_cycle_of_mutually_inverse_maps_costs_nothing(name):
    stage = made(name, LINEAR, {"method.cast.cycle": 2.0})
    state, row = beginning(stage, [0]), row_of(stage, [0])
    parameters = {**state.parameters, "generator": linear(W, B), "back": linear(W.inverse(), -B @ W.inverse())}
    assert float(term_of(stage, "cycle", parameters, state, row)) == pytest.approx(0.0, abs=1e-14)
    parameters["back"] = linear(W.inverse(), torch.tensor([0.5, 0.0]) - B @ W.inverse())
    power = ZOO[name]["cast"].get("power", 1)  # the way there ends 1/2 too far along x, and the way back W's first row
    wanted = 2.0 * (0.5**power + float((0.5 * W[0]).abs().pow(power).sum()))
    assert float(term_of(stage, "cycle", parameters, state, row)) == pytest.approx(wanted)


def test_a_rotation_of_a_ring_costs_nothing():
    """Eight modes on eight: every mode goes to another's place, the critic sees the ring as it is, and the cycle is closed."""
    stage = made("cyclegan", LINEAR)
    state, target = beginning(stage, [0]), ring()
    points = torch.from_numpy(target.sample(np.random.default_rng(0), 8))[None]
    row = {"latent": points, "real": points}
    for k in (1, 3, 4):
        there, back = (linear(turned(sign * 2 * pi * k / 8), torch.zeros(2)) for sign in (1, -1))
        parameters = {**state.parameters, "generator": there, "back": back}
        assert float(term_of(stage, "cycle", parameters, state, row)) == pytest.approx(0.0, abs=1e-14)
        modes = torch.from_numpy(target.modes.centres)[None]
        moved = duel.sent(stage.game, parameters, modes)
        assert torch.cdist(moved, modes).amin(dim=2).max() < 1e-12
        assert torch.cdist(moved, modes).argmin(dim=2).tolist() != [[*range(8)]]


@pytest.mark.parametrize("name", ["cyclegan", "dualgan"])
def test_translators_that_nothing_couples_are_two_games(name):
    """The way back plays what a game from the target to the source plays, with both worlds' draws exchanged."""
    stage, seeds = made(name, {"method.cast.cycle": None}), (0, 3)
    alone = made(name, NO_CAST)
    source, state = source_of(stage, seeds), beginning(stage, seeds)
    renamed = {"critic": "back_critic", "generator": "back"}
    other = with_parameters(
        beginning(alone, seeds), {ours: state.parameters[theirs] for ours, theirs in renamed.items()}
    )
    for draw in islice(draws(source, 0, DOUBLE), 3):
        state = stage.game.rule(stage.game, state, draw)
        other = alone.game.rule(alone.game, other, {**draw, "real": draw["latent"], "latent": draw["real"]})
    for ours, theirs in renamed.items():
        assert torch.equal(other.parameters[ours], state.parameters[theirs])


def test_a_coupled_generator_that_shares_nothing_is_two_generators():
    """An affine one has a half of its weights for each world; with layers, all but the last are one tensor for both."""
    stage, seeds = made("cogan", LINEAR), (0, 3)
    plain = made("cogan", NO_CAST, LINEAR)
    state = beginning(stage, seeds)

    def half(parameters: Tensor, which: int) -> Tensor:
        (layer,) = stage.game.players["generator"].network.layers(parameters)
        part = slice(2 * which, 2 * which + 2)
        return torch.cat((layer.weight[..., part].flatten(1), layer.bias[..., part].flatten(1)), dim=1)

    others = [
        with_parameters(
            beginning(plain, seeds),
            {"critic": state.parameters[critic], "generator": half(state.parameters["generator"], which)},
        )
        for which, critic in enumerate(("critic", "other_critic"))
    ]
    for draw in islice(draws(source_of(stage, seeds), 0, DOUBLE), 3):
        state = stage.game.rule(stage.game, state, draw)
        worlds = (draw["real"], draw["source"])
        others = [
            plain.game.rule(plain.game, one, {**draw, "real": real}) for one, real in zip(others, worlds, strict=True)
        ]
    for which, critic in enumerate(("critic", "other_critic")):
        torch.testing.assert_close(others[which].parameters["critic"], state.parameters[critic], rtol=1e-12, atol=1e-13)
        own = half(state.parameters["generator"], which)
        torch.testing.assert_close(others[which].parameters["generator"], own, rtol=1e-12, atol=1e-13)


# --- several generators and critics ----------------------------------------------------------------------------------


def test_generators_take_any_first_latents_in_turns():
    stage, state, _ = opened("mgan")
    latent = numbers(2, 11, 2)
    points = duel.carried(stage.game, state.parameters, latent)
    for i in range(11):
        name = casts.numbered("generator", i % 4)
        torch.testing.assert_close(
            points[:, i : i + 1], duel.sent(stage.game, state.parameters, latent[:, i : i + 1], name)
        )
    whose = stage.game.cast.known({"latent": latent})["whose"]
    assert whose.argmax(dim=2).tolist() == [[i % 4 for i in range(11)]] * 2
    assert torch.equal(casts.collected(casts.dealt(latent, 4)), latent)
    assert torch.equal(casts.collected(casts.dealt(latent[:, :2], 4)), latent[:, :2])


def test_the_head_that_tells_generators_apart_is_a_cross_entropy_of_all_players():
    """With a head of zeros all lose log 4; with one that knows, nothing."""
    stage, state, row = opened("mgan")
    made_of, plain = stage.game.objective, objective("non-saturating")
    score, whose = numbers(2, 8, 1), row["whose"]
    for head, hidden in ((torch.zeros(2, 8, 4).double(), log(4)), (1e3 * whose, 0.0)):
        outputs = {"score": score, "whose": head}
        extra = Extra(state.memory, row)
        found, wanted = made_of.losses(outputs, outputs, extra), plain.losses({"score": score}, {"score": score}, extra)
        torch.testing.assert_close(found.critic, wanted.critic + hidden, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(found.generator, wanted.generator + hidden, rtol=1e-12, atol=1e-12)
    assert made_of.heads == {"score": 1, "whose": 4}


def test_classes_of_generators_and_data_come_to_the_log_ratio():
    """D_data / (1 - D_data) = p / q, q the mixture, whatever of it each generator makes."""
    made_of = made("mad-gan", {"method.cast.number": 2}).game.objective
    masses = np.array([[6, 2, 2], [1, 4, 5]]) / 20  # of generators and cells
    p = np.array([4, 8, 8]) / 20
    whose = repeated(masses, torch.eye(2).double()[:, None].expand(2, 3, 2))

    def critic(table: Tensor) -> Tensor:
        real, fake = repeated(p, table), repeated(masses, table.expand(2, 3, 3))
        return made_of.losses({"whose": real}, {"whose": fake}, Extra(torch.zeros(1), {"whose": whose})).critic

    best = lowest(critic, 3, 3)
    score = made_of.score({"whose": best}, {}, {}).numpy()
    assert score == pytest.approx(np.log(p / masses.sum(axis=0)), abs=1e-6)


@pytest.mark.parametrize(("sharpness", "wanted"), [(0.0, torch.mean), (1e6, torch.amax)])
def test_a_generator_minimises_the_mean_or_the_worst_of_its_losses(sharpness, wanted):
    stage, state, row = opened("gman", {"method.cast.sharpness": sharpness})
    matches = [duel.PLAIN._replace(critic=casts.numbered("critic", k)) for k in range(3)]
    each = torch.stack([duel.generator_loss(stage.game, state.parameters, state, row, match) for match in matches])
    found = opinion_of(stage, "generator", state.parameters, state, row).loss
    torch.testing.assert_close(found, wanted(each, dim=0), rtol=1e-9, atol=0)


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_two_opposed_critics_come_to_the_ratio_and_its_inverse(weight):
    p, q = P.sum(axis=0), Q.sum(axis=0)
    made_of = objective("positive-ratio", weight=weight)
    for swapped, wanted in ((False, weight * p / q), (True, weight * q / p)):
        match = duel.PLAIN._replace(swapped=swapped)

        def critic(table: Tensor, match: duel.Match = match) -> Tensor:
            r, g = ({"score": repeated(mass, table)} for mass in (p, q))
            return made_of.losses(*duel.in_order(match, r, g), Extra(torch.zeros(1), {})).critic

        assert softplus(lowest(critic, 3)).numpy() == pytest.approx(wanted, abs=1e-6)


def test_a_generator_loses_what_opposed_critics_win():
    stage, state, row = opened("d2gan")
    body, d = stage.game.players["critic"].network, []
    for critic in ("critic", "critic_2"):
        layers = duel.critic_layers(stage.game, state.parameters, critic)
        sides = [side(stage.game, state.parameters, state, row) for side in (duel.real_side, duel.fake_side)]
        d += [softplus(body.forward(layers, one)) for one in sides]
    wanted = -d[1] + d[3].log() - d[2]  # the last is of real points: it is told, and moves nobody
    found = opinion_of(stage, "generator", state.parameters, state, row).loss
    torch.testing.assert_close(found, wanted.mean(dim=(1, 2)), rtol=1e-10, atol=1e-12)


# --- pairs, ratios, margins ------------------------------------------------------------------------------------------


def test_a_paired_critic_is_shown_the_same_pair_in_both_orders():
    stage, state, row = opened("paired-gan")
    real, fake = (side(stage.game, state.parameters, state, row) for side in (duel.real_side, duel.fake_side))
    torch.testing.assert_close(real, torch.cat((fake[..., 2:], fake[..., :2]), dim=2), rtol=0, atol=1e-15)
    assert torch.equal(real[..., :2], row["real"])


def test_the_best_paired_critic_compares_log_ratios_and_changes_sign_with_its_slots():
    """f(x, y) = l(x) - l(y), l = log p/q, where x is real and y generated, in either slot."""
    p, q = P.sum(axis=0), Q.sum(axis=0)

    def critic(table: Tensor) -> Tensor:
        pairs = torch.from_numpy(np.outer(p, q))
        return (pairs * softplus(-table)).sum() + (pairs * softplus(table.T)).sum()

    best, l = lowest(critic, 3, 3).numpy(), np.log(p / q)  # noqa: E741
    assert best == pytest.approx(np.subtract.outer(l, l), abs=1e-6)
    assert best == pytest.approx(-best.T, abs=1e-6)


def test_the_ratio_estimator_is_pearsons_f_gan():
    """Of the score s = 2 (ratio - 1), whose optimum is 2 (p/q - 1): twice the loss plus one."""
    r, g = numbers(2, 8, 1), numbers(2, 8, 1, seed=1)
    ours = objective("density-ratio").losses({"score": r}, {"score": g}, Extra(torch.zeros(2), {})).critic
    scores = [{"score": 2 * (one - 1)} for one in (r, g)]
    theirs = objective("f-pearson").losses(*scores, Extra(torch.zeros(2), {})).critic
    torch.testing.assert_close(theirs, 2 * ours + 1, rtol=1e-12, atol=1e-12)
    generators = (objective("density-ratio"), {"score": g}), (objective("f-pearson", trick=True), scores[1])
    one, other = (made.losses(fake, fake, Extra(torch.zeros(2), {})).generator for made, fake in generators)
    torch.testing.assert_close(other, 2 * one + 2, rtol=1e-12, atol=1e-12)


def test_margins_hold_on_linear_critics():
    """f(x) = w . x with |w| = margin: real points straight up the slope keep their margin, and others are short of it."""
    made_of, w = objective("loss-sensitive", margin=1.5), torch.tensor([0.9, 1.2]).double()  # |w| = 1.5
    fake, far = numbers(2, 8, 2), numbers(2, 8, 1, seed=1).abs()
    up, across = w / w.norm(), torch.tensor([1.0, 0]).double()
    for way, steep, held in ((up, 1.0, True), (up, 0.9, False), (across, 1.0, False)):
        real = fake + far * way
        r, g = ((one * steep * w).sum(dim=2, keepdim=True) for one in (real, fake))
        found = made_of.losses({"score": r}, {"score": g}, Extra(torch.zeros(2), {}, real, fake)).critic
        short = (1.5 * far - (r - g)).clamp(min=0).mean(dim=(1, 2))
        torch.testing.assert_close(found, short + softplus(-r).mean(dim=(1, 2)), rtol=1e-12, atol=1e-12)
        assert bool((short < 1e-12).all()) == held


# --- other wants of the generator ------------------------------------------------------------------------------------


def test_features_of_a_linear_critic_are_the_point_and_only_means_count():
    stage, state, row = opened("feature-matching", {"critic.depth": 0})
    fake = duel.generate(stage.game, state.parameters, row)
    apart = row["real"].mean(dim=1) - fake.mean(dim=1)
    found = opinion_of(stage, "generator", state.parameters, state, row).loss
    torch.testing.assert_close(found, apart.square().sum(dim=1), rtol=1e-12, atol=1e-14)
    moved = {**row, "real": row["real"] - apart[:, None]}  # the means agree, the clouds do not
    slope = gradient_by(stage, "generator", state.parameters, state, moved)
    assert slope.abs().max() < 1e-14
    assert gradient_by(stage, "generator", state.parameters, state, row).abs().max() > 1e-3


def test_of_a_linear_generator_latents_stretch_between_its_singular_values():
    stage = made("msgan", LINEAR, {"method.cast.weight": 1.0})
    state, row = beginning(stage, [0]), row_of(stage, [0])
    shortest, longest = torch.linalg.svdvals(W).flip(0)
    found = term_of(stage, "sameness", {**state.parameters, "generator": linear(W, B)}, state, row)
    assert 1 / longest <= float(found) + 1e-4
    assert float(found) <= 1 / shortest
    z = row["latent"][:, :4] - row["latent"][:, 4:]
    wanted = (z.norm(dim=2) / ((z @ W).norm(dim=2) + 1e-5)).mean()
    assert float(found) == pytest.approx(float(wanted))
    same = term_of(stage, "sameness", {**state.parameters, "generator": linear(W * 0, B)}, state, row)
    assert torch.isfinite(same).all()  # a collapsed generator


def test_the_past_pulls_by_the_distance_from_the_mean_of_all_that_was():
    stage = made(
        "historical-gan", PLAINLY, {"method.history": 0.5, "method.critic_rate": 0.1, "method.schedule": "constant"}
    )
    plain = made(
        "historical-gan", PLAINLY, {"method.history": None, "method.critic_rate": 0.1, "method.schedule": "constant"}
    )
    seen = states_of(stage, [0], 3)
    at = [state.parameters["critic"] for state in seen]
    mean = torch.stack(at[:3]).mean(dim=0)  # where the third move began, too
    draw = next(islice(draws(source_of(stage, [0]), 2, DOUBLE), 1))
    alone = with_parameters(beginning(plain, [0]), seen[2].parameters)
    unpulled = plain.game.rule(plain.game, alone._replace(step=seen[2].step), draw).parameters["critic"]
    torch.testing.assert_close(at[3], unpulled - 0.1 * 2 * 0.5 * (at[2] - mean), rtol=1e-10, atol=1e-12)


def test_without_heat_a_heated_game_is_descent_bit_for_bit():
    stage, seeds = made("bayesian-gan"), (0, 3)
    cold = stage.game_at({**stage.dials, "cast.temperature": torch.zeros((), dtype=torch.float64)})
    plain = states_of(made("bayesian-gan", NO_CAST), seeds, 3)[-1]
    state = beginning(stage, seeds)
    for draw in islice(draws(source_of(stage, seeds), 0, DOUBLE), 3):
        state = cold.rule(cold, state, draw)
    for player in ("critic", "generator"):
        assert torch.equal(state.parameters[player], plain.parameters[player])


def test_heat_moves_each_parameter_by_a_normal_number_of_langevins_size():
    """A move of rate r by the term's slope has the variance 2 temperature r."""
    stage, state, row = opened("bayesian-gan", {"method.cast.temperature": 0.02, "method.critic_rate": 0.1})
    own = state.parameters["critic"].clone().requires_grad_()
    term = term_of(stage, "critic_heat", {**state.parameters, "critic": own}, state, row)
    slope = torch.autograd.grad(term.sum(), own)[0]
    pushes = row["critic heat"].flatten(1)[:, : own.shape[1]]
    torch.testing.assert_close(0.1 * slope, (2 * 0.02 * 0.1) ** 0.5 * pushes, rtol=1e-12, atol=0)
    both = [values for draw, values in row.items() if draw.endswith("heat")]
    assert len(both) == 2
    assert not torch.equal(both[0].flatten(1)[:, :40], both[1].flatten(1)[:, :40])


# --- rounds and stages -----------------------------------------------------------------------------------------------


def rounds_played(name: str, steps: int, *changes: Changes) -> list[State]:
    """The states of a small game of so few steps that rounds end in it."""
    return states_of(made(name, {"training.steps": steps}, *changes), (0, 3), steps)


def test_the_first_round_is_the_plain_game_and_its_generator_is_kept():
    states = rounds_played("adagan", 12, {"method.ema": 0.5})
    plain = rounds_played("adagan", 3, {"method.ema": 0.5, "method.cast": None})
    for name, kept in (("critic", "critic"), ("generator", "earlier_1")):
        assert torch.equal(states[3].players[kept].parameters, plain[3].players[name].parameters), name
        assert torch.equal(states[3].players[kept].shown, plain[3].players[name].shown), name
    assert torch.equal(states[2].players["generator"].parameters, plain[2].players["generator"].parameters)
    kept = [state.players["earlier_1"].parameters for state in states]
    assert all(torch.equal(one, kept[3]) for one in kept[3:])
    assert not torch.equal(kept[2], kept[3])


def test_a_new_generators_average_is_of_its_own_round_alone():
    """sum_k ema^(t-k) p_k over the round's own steps, over the sum of the weights: nothing of what it was untrained."""
    states = rounds_played("adagan", 10, {"method.ema": 0.9})  # rounds of 2.5 steps: they begin at 3, 5 and 8
    for first, last in ((3, 5), (5, 8), (8, 10)):
        kept = "generator" if last == 10 else f"earlier_{states[last].parameters[SHARES][0].bool().sum() - 1}"
        own = [state.parameters["generator"] for state in states[first + 1 : last]]
        own.append(states[last].parameters[kept])
        weights = 0.9 ** torch.arange(len(own) - 1, -1, -1).double()
        expected = (weights[:, None, None] * torch.stack(own)).sum(dim=0) / weights.sum()
        torch.testing.assert_close(states[last].players[kept].shown, expected, rtol=1e-12, atol=1e-14)


def test_a_new_generator_begins_untrained_and_shares_sum_to_one():
    states = rounds_played("adagan", 12)
    for k, (before_it, then) in enumerate(((2, 3), (5, 6), (8, 9)), start=1):
        fresh, newest = states[before_it].players[f"earlier_{k}"], states[then].players["generator"]
        assert torch.equal(newest.parameters, fresh.parameters)
        assert float(newest.moves) == 0
        assert not any(slot.any() for slot in newest.slots)
    shares = torch.stack([state.parameters[SHARES] for state in states])
    torch.testing.assert_close(shares.sum(dim=2), torch.ones_like(shares[..., 0]), rtol=1e-12, atol=0)
    counts = [1] * 3 + [2] * 3 + [3] * 3 + [4] * 4
    for row, count in zip(shares[:, 0], counts, strict=True):
        torch.testing.assert_close(row, torch.tensor([1 / count] * count + [0.0] * (4 - count)).double())


def test_each_generator_makes_its_share_of_the_mixture():
    stage = made("adagan", {"training.steps": 12})
    state = states_of(stage, (0, 3), 9)[-1]  # the fourth generator has just come
    pick, z = torch.linspace(0, 0.999, 40).double().expand(2, -1), numbers(2, 40, 2)
    points = duel.carried(stage.game, state.parameters, torch.cat((pick.unsqueeze(2), z), dim=2))
    which = makers(state.parameters[SHARES], pick)
    assert which[0].long().bincount().tolist() == [10] * 4
    for k, name in enumerate(("earlier_1", "earlier_2", "earlier_3", "generator")):
        own = duel.sent(stage.game, state.parameters, z, name)
        assert torch.equal(points[:, 10 * k : 10 * (k + 1)], own[:, 10 * k : 10 * (k + 1)])


def test_the_judge_is_shown_the_mixture_before_the_newest_came():
    shares = torch.tensor([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0]])
    assert before(shares).tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0]]


def test_weights_are_what_the_mixture_lacks():
    """On three equal places of which q has h = (0, 1/2, 5/2) of p's mass: by hand, and mean 1 for every share."""
    h = torch.tensor([[0.0, 0.5, 2.5]]).double()
    # b = 1/2: a = (0, .25, 1.25); lambda = (1.5 + .25) / 2 = .875 < 1.25 leaves the last out.
    torch.testing.assert_close(lacking(h, torch.tensor([0.5]).double()), torch.tensor([[1.75, 1.25, 0.0]]).double())
    for share in (0.01, 0.2, 0.9, 1.0):
        found = lacking(numbers(2, 50, 1).squeeze(2).exp(), torch.tensor([share, share]).double())
        torch.testing.assert_close(found.mean(dim=1), torch.ones(2).double(), rtol=1e-12, atol=0)
        assert bool((found >= 0).all())
    same = lacking(torch.ones(1, 5).double(), torch.tensor([0.25]).double())
    torch.testing.assert_close(
        same, torch.ones(1, 5).double()
    )  # a mixture that is the target lacks nothing in particular


def test_with_the_true_ratio_a_perfect_newcomer_makes_the_mixture_the_target():
    """(1 - b) q + b (p w) = p wherever q has no more than p / (1 - b), for discrete p and q."""
    p, b = torch.full((1, 6), 1 / 6, dtype=torch.float64), torch.tensor([0.5], dtype=torch.float64)
    q = torch.tensor([[0.3, 0.25, 0.2, 0.15, 0.1, 0.0]], dtype=torch.float64) * 5 / 6 + p / 6
    q = q / q.sum()
    assert float((q / p).max()) < 1 / (1 - 0.5)
    new = p * lacking(q / p, b)
    torch.testing.assert_close(0.5 * q + 0.5 * new, p, rtol=1e-12, atol=1e-14)


def test_resampling_repeats_points_as_they_weigh_and_leaves_even_ones_as_they_are():
    points = numbers(2, 8, 2)
    assert torch.equal(resampled(points, torch.ones(2, 8).double()), points)
    weights = torch.tensor([4.0, 0, 2, 0, 1, 1, 0, 0]).double().expand(2, -1)
    assert torch.equal(resampled(points, weights), points[:, [0, 0, 0, 0, 2, 2, 4, 5]])


def test_where_the_judge_sees_more_data_points_weigh_more():
    stage = made("adagan", {"training.steps": 12}, LINEAR)
    state = states_of(stage, (0, 3), 4)[-1]
    judge = torch.tensor([[2.0, 0.0, 0.0]] * 2).double()  # J(x) = 2 x_1
    points = numbers(2, 30, 2)
    weights = point_weights(stage.game, {**state.parameters, "judge": judge}, points)
    expected = lacking((-2 * points[..., 0]).exp(), torch.tensor([0.5, 0.5]).double())
    torch.testing.assert_close(weights, expected, rtol=1e-12, atol=1e-12)
    first = {**state.parameters, "judge": judge, SHARES: torch.eye(4)[:1].double().expand(2, -1)}
    assert torch.equal(point_weights(stage.game, first, points), torch.ones(2, 30).double())


def test_a_first_stage_is_the_plain_game_and_the_next_ranks_against_it():
    states, plain = rounds_played("gogan", 9), rounds_played("gogan", 3, {"method.cast": None})
    for player in ("critic", "generator"):
        assert torch.equal(states[3].parameters[player], plain[3].parameters[player])
    told = torch.stack([state.report["ranking"] for state in states[1:]])
    assert not told[:3].any()
    assert (told[3:] > 0).all()
    for then in range(3, 6):
        assert torch.equal(states[then].parameters["last"], states[3].parameters["generator"])


def test_ranks_hold_on_linear_critics():
    """f(x) = w . x: the term is the mean of what pairs are short of the margin, and 0 where all real points lie that far up."""
    stage, state, row = opened("gogan", LINEAR, {"training.steps": 9, "method.cast.margin": 1.5})
    late = state._replace(step=state.step + 4)
    w = torch.tensor([0.6, 0.8], dtype=torch.float64)
    critic = torch.cat((w, torch.zeros(1).double())).expand(2, -1)
    old = duel.sent(stage.game, state.parameters, row["latent"], "last")
    for far, held in ((1.5, True), (1.4, False)):
        at = {**row, "real": old.detach() + far * w}
        found = term_of(stage, "ranking", {**state.parameters, "critic": critic}, late, at)
        torch.testing.assert_close(found, torch.full((2,), 1.5 - far, dtype=torch.float64), rtol=1e-9, atol=1e-12)
        assert bool((found < 1e-9).all()) == held
        assert not term_of(stage, "ranking", {**state.parameters, "critic": critic}, state, at).any()


def test_the_critic_is_told_the_labels_of_the_last_stages_points_too():
    """With labels beside points, and one stage's generator kept, the term is what the critic's own sides give."""
    stage, state, row = opened("gogan", {"training.steps": 9, "method.labels": "both"})
    late = state._replace(step=state.step + 4)
    critic, body = state.parameters["critic"], stage.game.players["critic"].network
    points = duel.sent(stage.game, state.parameters, torch.cat((row["real label"], row["latent"]), dim=2), "last")
    r, g = (body.forward(body.layers(critic), torch.cat((x, row["real label"]), dim=2)) for x in (row["real"], points))
    found = term_of(stage, "ranking", state.parameters, late, row)
    torch.testing.assert_close(found, (2 + g - r).relu().mean(dim=(1, 2)), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["adagan", "gogan"])
def test_rules_that_ask_for_the_whole_field_know_those_who_never_move(name):
    """A consensus or an adjustment of weight 0 is the simultaneous game, and who is kept is there for opinions."""
    plain, *others = (
        states_of(made(name, {"training.steps": 4, "method.update": rule}), (0, 3), 4)[-1]
        for rule in ("simultaneous", {"kind": "consensus", "weight": 0.0}, {"kind": "sga", "weight": 0.0})
    )
    for other in others:
        for player, learned in plain.players.items():
            torch.testing.assert_close(other.players[player].parameters, learned.parameters, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["adagan", "gogan"])
def test_rounds_are_played_alike_by_both_backends(name):
    """Plain descent in single precision, through all rounds."""
    found = {}
    for backend in ("eager", "onnx"):
        changes = {"method.optimiser": "descent", "method.generator_rate": 0.05, "method.critic_rate": 0.05}
        stage = made(name, changes, {"training.steps": 8, "training.precision": "single"})
        state = beginning(stage, (0, 3), torch.zeros(0))
        source = source_of(stage, (0, 3))
        running = begin(backend, stage.step, state, next(draws(source, 0, state.memory)), stage.dials).running
        for _, draw in zip(range(8), draws(source, 0, state.memory), strict=False):
            running.advance(draw, stage.dials)
        found[backend] = running.state()
    for player, learned in found["eager"].players.items():
        torch.testing.assert_close(learned.parameters, found["onnx"].players[player].parameters, rtol=1e-4, atol=1e-5)


# --- two stages, and an equation -------------------------------------------------------------------------------------


def test_a_lattice_point_plus_what_is_missing_is_the_sample():
    stage, state, _ = opened("lapgan")
    latent = numbers(2, 8, 4)
    rough = duel.sent(stage.game, state.parameters, latent[..., 2:], "coarse")
    h = ZOO["lapgan"]["cast"].get("spacing", 0.5)
    lattice = (rough / h).round() * h
    missing = duel.sent(stage.game, state.parameters, torch.cat((latent[..., :2], lattice), dim=2))
    points = duel.carried(stage.game, state.parameters, latent)
    torch.testing.assert_close(points, lattice + missing, rtol=0, atol=1e-15)


def test_the_coarse_game_is_a_plain_one_of_lattice_points():
    stage, seeds, h = made("lapgan"), (0, 3), ZOO["lapgan"]["cast"].get("spacing", 0.5)
    alone, state = made("lapgan", NO_CAST), beginning(made("lapgan"), (0, 3))
    names = {"critic": "coarse_critic", "generator": "coarse"}
    other = with_parameters(beginning(alone, seeds), {ours: state.parameters[theirs] for ours, theirs in names.items()})
    for draw in islice(draws(source_of(stage, seeds), 0, DOUBLE), 3):
        state = stage.game.rule(stage.game, state, draw)
        other = alone.game.rule(alone.game, other, {**draw, "real": (draw["real"] / h).round() * h})
    for ours, theirs in names.items():
        assert torch.equal(other.parameters[ours], state.parameters[theirs])


def test_both_sides_of_the_equation_agree_on_the_exact_solution(monkeypatch):
    """x'' = -x from (1, 0): (cos t, -sin t); the left side is a derivative by time, the right one (v, -x)."""
    stage, state, row = opened("deq-gan", {"method.cast.turns": 1.0})
    match = stage.game.cast.wants["critic"].keywords["match"]
    latent = row["latent"]

    def left_and_right(at: Tensor) -> list[Tensor]:
        drawn = {**row, "latent": at}
        return [side(stage.game, state.parameters, drawn) for side in (match.fake, match.real)]

    left, right = left_and_right(latent)
    ends = [duel.carried(stage.game, state.parameters, latent + step) for step in (1e-5, -1e-5)]
    torch.testing.assert_close(left.detach(), (ends[0] - ends[1]) / (2e-5 * pi), rtol=1e-6, atol=1e-7)
    points = duel.carried(stage.game, state.parameters, latent)
    torch.testing.assert_close(right, torch.stack((points[..., 1], -points[..., 0]), dim=2))

    def solves(game: Any, parameters: Any, at: Tensor) -> Tensor:
        t = (at[..., :1] + 1) * pi
        start = torch.tensor([1.0, 0.0]).double()
        return (torch.cat((t.cos(), -t.sin()), dim=2) - start) / (1 - (-t).exp())

    monkeypatch.setattr("toygan.game.duel.sent", solves)
    left, right = left_and_right(latent)
    torch.testing.assert_close(left.detach(), right.detach(), rtol=1e-9, atol=1e-10)
    begun = duel.carried(stage.game, state.parameters, torch.full((2, 1, 1), -1 + 1e-9, dtype=torch.float64))
    torch.testing.assert_close(begun, torch.tensor([1.0, 0.0]).double().expand(2, 1, 2), rtol=0, atol=1e-6)


# --- what does not go together ---------------------------------------------------------------------------------------

Bad = tuple[str, str, Changes, str, str]  # a scenario, a method, changes, the key that is named, and what is said of it
BAD: list[Bad] = [
    ("far-gaussian", "cgan", {}, "method.labels", "target with parts"),
    ("eight-gaussians", "ns-gan", {"method.auxiliary": 1.0}, "method.auxiliary", 'labels = "generator"'),
    ("eight-gaussians", "ac-gan", {"method.pack": 2}, "method.pack", "leave pack at 1"),
    ("eight-gaussians", "mgan", {"method.pack": 2}, "method.pack", "leave pack at 1"),
    ("eight-gaussians", "cyclegan", {}, "method.cast", "ring-to-grid"),
    ("two-rings", "cyclegan", {}, "method.cast", "generator kind translator"),
    ("ring-to-grid", "cogan", {}, "method.cast", "generator kind mlp"),
    ("eight-gaussians", "gan", {"generator.kind": "translator"}, "method.cast", "[source]"),
    ("ring-to-grid", "cyclegan", {"method.labels": "both"}, "method.labels", "leave labels out"),
    ("ring-to-grid", "cyclegan", {"method.categories": 2}, "method.categories", "leave categories out"),
    ("eight-gaussians", "lapgan", {"method.labels": "both"}, "method.labels", "leave labels out"),
    ("oscillator", "deq-gan", {"method.categories": 2}, "method.categories", "leave categories out"),
    ("dirac", "ali", {}, "method.cast", "generator of kind mlp or translator"),
    ("shifted-lines", "gman", {}, "method.cast", "generator of kind mlp or translator"),
    ("dirac", "ac-gan", {}, "method.labels", "target with parts"),
    ("eight-gaussians", "ali", {"method.objective": "least-squares"}, "method.objective", "same for both sides"),
    ("eight-gaussians", "ali", {"method.categories": 2}, "method.categories", "leave categories at 0"),
    ("eight-gaussians", "ae-gan", {"method.cast.points": None}, "method.cast.judges", "give a weight"),
    ("eight-gaussians", "vae-gan", {"generator.latent": "uniform"}, "method.cast.divergence", "leave it out"),
    ("eight-gaussians", "mgan", {"training.batch": 3}, "method.cast.number", "larger training.batch"),
    ("eight-gaussians", "mad-gan", {"method.objective": "hinge"}, "method.objective", "non-saturating"),
    ("eight-gaussians", "mad-gan", {"method.noisy_labels": 0.1}, "method.noisy_labels", 'tell = "head"'),
    ("eight-gaussians", "feature-matching", {"critic.kind": "autoencoder"}, "method.cast", "mlp or linear"),
    ("eight-gaussians", "msgan", {"training.batch": 1}, "method.cast", "larger training.batch"),
    ("eight-gaussians", "paired-gan", {"method.instance_noise": 0.1}, "method.instance_noise", "at 0"),
    ("eight-gaussians", "ac-gan", {"critic.kind": "autoencoder"}, "critic.kind", "use the critic kind mlp"),
    ("eight-gaussians", "ali", {"method.cast.kind": "encodr"}, "method.cast.kind", 'did you mean "encoder"?'),
    ("eight-gaussians", "mgan", {"method.cast.nonsense": 1}, "method.cast.nonsense", "number, tell, weight"),
    ("eight-gaussians", "mad-gan", {"method.cast.weight": 2.0}, "method.cast.weight", "leave weight out"),
    ("eight-gaussians", "adagan", {"method.objective": {"kind": "wasserstein"}}, "method.objective", "log p/q"),
    ("eight-gaussians", "c-transform+none", {"method.critic": "identity"}, "method.objective", "each point one number"),
    ("eight-gaussians", "adagan", {"training.steps": 3}, "method.cast.rounds", "take more steps"),
    ("eight-gaussians", "gogan", {"training.steps": 2}, "method.cast.stages", "take more steps"),
    ("eight-gaussians", "adagan", {"method.labels": "generator"}, "method.labels", "leave labels out"),
    ("eight-gaussians", "mgan", {"method.cast": {"number": 2}}, "method.cast.kind", "encoder"),
    ("eight-gaussians", "mgan", {"method.cast.number": 0}, "method.cast.number", "for example 4"),
    ("ring-to-grid", "cyclegan", {"source.kind": "rng"}, "source.kind", 'did you mean "ring"?'),
]


@pytest.mark.parametrize(("scenario", "method", "changes", "key", "said"), BAD)
def test_what_does_not_go_together_is_one_message_with_key_and_remedy(scenario, method, changes, key, said):
    with pytest.raises(UserError) as caught:
        read(scenario, method, list(changes.items()))
    assert len(caught.value.mistakes) == 1
    assert key in str(caught.value)
    assert said in str(caught.value)


MORE_THAN_POINTS = ["cgan", "ali", "mgan", "gman", "paired-gan", "minibatch-std-gan", "feature-matching"]


@pytest.mark.parametrize(("constraint", "name"), crossed(CONSTRAINTS, MORE_THAN_POINTS, 3))
def test_every_constraint_goes_with_more_than_points(name, constraint):
    state = states_of(made(name, {"method.constraint": constraint}), (0, 3), 2)[-1]
    assert all(torch.isfinite(own).all() for own in state.parameters.values())


@pytest.mark.parametrize(("rule", "name"), crossed(RULES, ["cgan", "veegan", "mgan", "gman", "cyclegan"], 2))
def test_every_rule_moves_all_players(name, rule):
    first, *_, last = states_of(made(name, {"method.update": rule}), (0, 3), 2)
    for player, own in last.parameters.items():
        assert torch.isfinite(own).all()
        assert not torch.equal(own, first.parameters[player]), player


@pytest.mark.parametrize("of", ["both", "generator"])
@pytest.mark.parametrize("name", ["mgan", "gman", "d2gan", "ali", "paired-gan", "diverse"])
def test_classes_go_with_other_casts(name, of):
    if (name, of) == ("paired-gan", "both"):
        with pytest.raises(UserError, match="partners would have classes of their own"):
            made(name, {"method.labels": of})
        return
    cast = {"method.cast": "diverse"} if name == "diverse" else {}
    changes = {"method.labels": of, "method.auxiliary": 0.5, **cast}
    state = states_of(made("ns-gan-r1" if name == "diverse" else name, changes), (0, 3), 2)[-1]
    assert all(torch.isfinite(own).all() for own in state.parameters.values())


def test_another_cast_is_another_name():
    said = {"method.cast.kind=encoder": "cgan+encoder", "training.steps=9": "cgan", "method.labels=generator": "cgan"}
    assert {change: read("eight-gaussians", "cgan", [change]).method.name for change in said} == said
    assert read("eight-gaussians", "mgan", ["method.cast.number=3"]).method.name == "mgan"
    assert read("eight-gaussians", "hinge+r1", ["method.cast=encoder"]).method.name == "hinge+r1+encoder"


def test_scores_are_saturated_only_where_the_generator_minimises_a_loss_of_scores():
    for name, known in (("feature-matching", False), ("gman", True), ("d2gan", True)):
        stage, state, _ = opened(name)
        latent = numbers(2, 16, 2, seed=2)
        clouds = Watched(numbers(1, 16, 2), duel.carried(stage.game, state.parameters, latent), latent)
        found = score_saturation(stage.game, state, clouds)
        assert bool(torch.isfinite(found).all()) == known, name


def test_an_opinion_asks_a_map_once_for_the_same_points():
    """A cycle term, several critics and an encoder's error share what the generator made, forwards and backwards."""
    for name, most in (("cyclegan", 4), ("gman", 1), ("veegan", 2)):
        stage, state, row = opened(name)
        asked: list[str] = []
        counted = {
            who: own._replace(network=counting(own.network, who, asked)) for who, own in stage.game.players.items()
        }
        game = stage.game._replace(players=counted)
        once, _ = play.gradient_of(game, "generator", state.parameters, state, row)
        maps = [player for player in asked if "critic" not in player]
        assert len(maps) == most, name
        often = gradient_by(stage, "generator", state.parameters, state, row)
        torch.testing.assert_close(once, often, rtol=1e-11, atol=1e-13)


def counting(body: Network, name: str, asked: list[str]) -> Network:
    """A body that notes each time that it is asked."""

    def forward(layers: Layers, points: Tensor) -> Tensor:
        asked.append(name)
        return body.forward(layers, points)

    return body._replace(forward=forward)


# --- looks, limits -----------------------------------------------------------------------------------------------------


def test_a_look_at_an_equation_judges_what_its_critic_tells_apart():
    stage, state, _ = opened("deq-gan")
    latent = numbers(2, 16, 1, seed=3).clamp(-1, 1)
    clouds = Watched(numbers(1, 16, 2), numbers(2, 16, 2, seed=1), latent)
    real, fake = with_beside(stage.game, state, clouds)
    place = duel.carried(stage.game, state.parameters, latent)
    assert torch.equal(real[..., :2], torch.stack((place[..., 1], -place[..., 0]), dim=2))
    assert torch.equal(real[..., 2:], latent)
    assert torch.equal(fake[..., 2:], latent)


def test_an_equation_is_played_where_its_solution_is():
    with pytest.raises(UserError, match="whose solution is the circle of radius 1"):
        read("swiss-roll", "deq-gan")
    with pytest.raises(UserError, match="whose solution is the circle of radius 1"):
        read("oscillator", "deq-gan", ["target.scale=2"])
    with pytest.raises(UserError, match="is fed times"):
        read("oscillator", "deq-gan", ["generator.latent=normal"])


@pytest.mark.parametrize("name", ["paired-gan", "cgan", "ali"])
def test_a_mean_over_what_may_stand_beside_a_point_has_no_boundary(name):
    assert "boundary" not in optimum_facts(read("eight-gaussians", name), None)
    assert optimum_facts(read("eight-gaussians", "ns-gan"), None)["boundary"] == 0


def test_heat_follows_the_rate_as_it_falls():
    for schedule, share in (("constant", 1.0), ("linear", 0.25)):
        stage, state, row = opened("bayesian-gan", {"method.schedule": schedule, "training.steps": 100})
        at = state._replace(step=torch.tensor(75.0, dtype=torch.float64))
        term = next(term for term in stage.game.cast.terms if term.name == "critic_heat")
        own = {**state.parameters, "critic": state.parameters["critic"].clone().requires_grad_()}
        (push,) = torch.autograd.grad(term.of(stage.game, own, at, row).sum(), own["critic"])
        drawn = row["critic heat"].flatten(1)[:, : push.shape[1]]
        rate = float(stage.game.players["critic"].rate) * share
        wanted = (2 * stage.dials["cast.temperature"] / rate).sqrt().float() * drawn.float()
        torch.testing.assert_close(push.float(), wanted, rtol=1e-4, atol=1e-6)
