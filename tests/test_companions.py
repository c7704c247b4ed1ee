"""What is looked at and measured where a game tells classes, or has encoders, translators and several generators."""

from __future__ import annotations

import json
import math
import re
from itertools import chain, islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import first_of_each, undrawn
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from PIL import Image
from test_tricks import TINY, tiny

import toygan
from toygan import draw
from toygan.draw import film
from toygan.draw.choice import chosen, save_chosen
from toygan.draw.companions import EXTRAS, colours_wanted, extras_of, slots_of
from toygan.files.world import bodies
from toygan.game import duel, play
from toygan.game.casts import BACK, CASTS, encode
from toygan.game.networks import Layer
from toygan.game.play import Game, Parameters, State
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.quantities.companions import kinds_of, makers_of, of_encoder
from toygan.quantities.kinds import (
    Classes,
    Kinds,
    class_accuracy,
    class_w1,
    generator_distance,
    generator_overlap,
)
from toygan.quantities.measure import Against, floors, measure_frame
from toygan.quantities.state import Watched, with_beside
from toygan.quantities.table import N_W1
from toygan.quantities.transport import w1
from toygan.session.facts import Facts
from toygan.session.ground import PERFECT, perfect_batch, watched_points
from toygan.session.looks import generated, like, means_of_classes, observe, paired
from toygan.session.measuring import (
    fixed_arrays,
    floors_at,
    gauge,
    kinds_seen,
    measured,
    optimum_facts,
    other_points,
    summary,
)
from toygan.session.recording import Recording, load
from toygan.session.simulation import Simulation, simulation
from toygan.site import pack
from toygan.site.extras import extras_facts, extras_html
from toygan.targets.mixtures import ring
from toygan.targets.target import Modes
from toygan.view.chosen import of_seed
from toygan.view.language import is_wide, told
from toygan.view.scene import UNKNOWN, no_optimum, scene

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
FOUR = Modes(4 * SQUARE, np.tile(0.01 * np.eye(2), (4, 1, 1)), np.full(4, 0.25))


# --- measures --------------------------------------------------------------------------------------------------------


def test_w1_by_class_is_transport_within_classes():
    real, classes = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]), np.array([0, 1, 1])
    swapped = real[[1, 0, 2]]  # the cloud is the same, but the first two points have each other's class
    assert w1(swapped, real) == 0
    # 1/3 of class 0 goes 3 far; of class 1 {(0, 0), (0, 4)} to {(3, 0), (0, 4)}: one stays, the other goes 3 far.
    assert class_w1(swapped, real, Classes(classes, classes)) == pytest.approx(2)
    assert class_w1(real, real, Classes(classes, classes)) == 0
    assert class_w1(real + np.array([0.0, 0.5]), real, Classes(classes, classes)) == pytest.approx(0.5)


def test_a_class_without_a_real_point_is_left_out_of_w1():
    real, points = np.array([[0.0, 0.0]]), np.array([[1.0, 0.0], [50.0, 0.0]])
    assert class_w1(points, real, Classes(np.array([0, 1]), np.array([0]))) == pytest.approx(1)
    assert math.isnan(class_w1(points, real, Classes(np.array([1, 2]), np.array([0]))))
    assert math.isnan(class_w1(points + np.inf, real, Classes(np.array([0, 1]), np.array([0]))))


def test_class_accuracy_counts_points_beside_their_own():
    classes = np.arange(4)
    near = SQUARE + 0.1
    assert class_accuracy(near, SQUARE, Classes(classes, classes)) == 1
    assert class_accuracy(near, SQUARE, Classes(classes[[0, 1, 3, 2]], classes)) == 0.5
    near[0] = np.nan
    assert class_accuracy(near, SQUARE, Classes(classes, classes)) == 0.75


def test_overlap_of_generators_is_the_common_share_of_modes():
    points = 4 * SQUARE[[0, 1, 2, 3, 0, 1, 0, 0]]
    assert generator_overlap(points, FOUR, np.array([0, 1, 2, 3, 0, 1, 0, 0])) == 0
    assert generator_overlap(4 * SQUARE[[0, 1, 0, 1]], FOUR, np.array([0, 0, 1, 1])) == 1
    # shares (1, 0) and (1/2, 1/2): half is common
    assert generator_overlap(4 * SQUARE[[0, 0, 0, 1]], FOUR, np.array([0, 0, 1, 1])) == 0.5
    assert math.isnan(generator_overlap(points + 1, FOUR, np.array([0, 1, 2, 3, 0, 1, 0, 0])))


def test_distance_of_generators_is_w1_from_the_others():
    points = np.array([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0], [3.0, 1.0]])
    assert generator_distance(points, np.array([0, 0, 1, 1])) == pytest.approx(3)
    assert generator_distance(points[[0, 1, 0, 1]], np.array([0, 0, 1, 1])) == 0
    assert math.isnan(generator_distance(points, np.zeros(4, int)))


def test_measures_of_kinds_are_taken_where_kinds_are_known():
    points, classes = 4 * SQUARE[None], np.arange(4)
    names = {"class_w1", "class_accuracy", "generator_overlap", "generator_distance"}
    assert not names & measure_frame(points, Against(4 * SQUARE, FOUR)).keys()
    found = measure_frame(points, Against(4 * SQUARE, FOUR), kinds=[Kinds(Classes(classes, classes), classes % 2)])
    assert {name: float(found[name][0]) for name in names} == {
        "class_w1": 0, "class_accuracy": 1, "generator_overlap": 0, "generator_distance": pytest.approx(4)
    }  # fmt: skip


def test_perfect_samplers_have_a_floor_by_class():
    target, real = ring(modes=4, radius=1.0, std=0.02), np.random.default_rng(1)
    due = target.batch(real, 200)

    def kinds(k: int) -> Kinds:
        return Kinds(Classes(target.batch(np.random.default_rng(k + 10), 200).labels, due.labels))

    found = floors(lambda k: target.sample(np.random.default_rng(k + 10), 200), Against(due.points, n_w1=200), 8, kinds)
    assert found["class_accuracy"].mean == 1
    # within a class little has to move; between them shares differ
    assert 0 < found["class_w1"].mean < found["w1"].mean


# --- what is looked at -----------------------------------------------------------------------------------------------


def a_look(name: str, steps: int = 2, **changes: object) -> tuple[Simulation, State, dict[str, np.ndarray]]:
    """A tiny game after some steps, and what a look at it saw."""
    sim = simulation(tiny(PLAYED_ON.get(name, "eight-gaussians"), name, **changes))
    *_, state = islice(play.play(sim.world.game, sim.start, draws(sim.source, 0, like(sim.start))), steps)
    return sim, state, observe(sim, state).arrays


KEPT = {
    "cgan": {"class_scores": (1, 8, 41, 41), "way": (2, 8, 2)},
    "ac-gan": {"class_regions": (1, 81, 81), "way": (2, 8, 2)},
    "cat-gan": {"category_regions": (1, 81, 81)},
    "mgan": {"whose_regions": (1, 81, 81)},
    "ali": {"reconstructed": (2, 16, 2), "code_map": (1, 41, 41, 2)},
    "cvae-gan": {
        "way": (2, 8, 2),
        "class_scores": (1, 8, 41, 41),
        "reconstructed": (2, 16, 2),
        "code_map": (1, 41, 41, 2),
    },
    "cyclegan": {"reconstructed": (2, 16, 2), "other": (2, 16, 2), "other_reconstructed": (2, 16, 2)},
    "cogan": {"other": (2, 16, 2)},
    "ls-gan": {},
    "adagan": {"shares": (2, 4), "real_weights": (2, 16), "made_by": (2, 16)},
    "gogan": {},
    "deq-gan": {"way": (2, 121, 2)},
}
ALL = {name for kept in KEPT.values() for name in kept}


@pytest.mark.parametrize("name", KEPT)
def test_a_look_keeps_what_a_game_has(name):
    *_, arrays = a_look(name)
    assert {key: arrays[key].shape for key in ALL & arrays.keys()} == KEPT[name]


@pytest.mark.parametrize("name", ZOO)
def test_every_row_of_the_zoo_is_looked_at_and_measured(name):
    config = tiny(PLAYED_ON.get(name, "eight-gaussians"), name)
    sim = simulation(config)
    row, _ = measured(gauge(config, sim, {"w1": {"mean": 0.1}}), observe(sim, sim.start))
    assert all(values.shape == (2,) for values in row.values())
    assert fixed_arrays(config, sim, [0])["real"].shape == (16, 2)
    judges_more = bool(
        sim.world.game.cast.beside or sim.world.game.cast.clouds
    )  # than points: then a picture says what, from the config
    facts = Facts.of({"summary": optimum_facts(config, None)})
    assert (no_optimum(SimpleNamespace(facts=facts)) != UNKNOWN) == judges_more


@pytest.mark.parametrize("kind", CASTS)
def test_a_cast_says_why_its_critic_has_no_optimum_where_it_is_shown_more_than_points(kind):
    for choice in ("pairs", "points", "both") if kind == "encoder" else ("",):
        options = {"judges": choice, "latents": 1.0} if choice else {}
        cast = CASTS[kind](bodies(tiny("eight-gaussians", "ali")), **options)
        assert bool(cast.no_optimum) == bool(cast.beside or cast.clouds)
        assert cast.no_optimum == "" or told(cast.no_optimum, "zh") != cast.no_optimum


def test_one_more_cast_is_a_function_and_a_row_and_pictures_tell_its_own_words(tmp_path, monkeypatch):
    """Nothing in the rooms that draw knows casts by their names."""
    words = "the critic is shown a point and the time of day"
    cast = CASTS["spread"]
    monkeypatch.setitem(CASTS, "spread", lambda bodies: cast(bodies)._replace(no_optimum=words))
    short = TINY | {"training.steps": 2, "training.frames": 2}
    with undrawn():
        recording = toygan.run("eight-gaussians", method="minibatch-std-gan", overrides=short, out=tmp_path)
    assert recording.facts.summary.no_optimum == words
    figure = draw.picture(load(recording.folder))
    assert f"No optimal critic is drawn: {words}." in " ".join(text.get_text() for text in figure.findobj(Text))


def test_scores_by_class_have_the_drawn_score_for_their_mean():
    _, _, arrays = a_look("cgan")
    np.testing.assert_allclose(arrays["class_scores"].mean(axis=1), arrays["scores"][:, ::2, ::2], atol=1e-5)
    assert np.ptp(arrays["class_scores"], axis=1).max() > 1e-3


def test_regions_are_the_heads_largest_output():
    sim, state, arrays = a_look("ac-gan")
    first = {name: own[:1] for name, own in state.parameters.items()}
    x, y = sim.ground.score_axes[0][7], sim.ground.score_axes[1][60]
    at = torch.tensor([[[x, y]]]).to(like(state))
    body = sim.world.game.players["critic"].network
    said = duel.heads(sim.world.game, body.forward(duel.critic_layers(sim.world.game, first), at))
    assert arrays["class_regions"][0, 60, 7] == int(said["class"].argmax())


def test_what_comes_back_through_an_inverse_is_where_it_was():
    sim = simulation(tiny("ring-to-grid", "cyclegan", training__precision="double"))
    game, state = sim.world.game, sim.start

    def forward(layers: list[Layer], points: torch.Tensor) -> torch.Tensor:
        return points + 1 + 0 * layers[-1].bias

    def back(layers: list[Layer], points: torch.Tensor) -> torch.Tensor:
        return points - 1.5 + 0 * layers[-1].bias

    bodies = {"generator": forward, BACK: back}
    players = {
        name: player._replace(network=player.network._replace(forward=bodies[name])) if name in bodies else player
        for name, player in game.players.items()
    }
    moved = sim._replace(world=sim.world._replace(game=game._replace(players=players)))
    arrays = observe(moved, state).arrays
    np.testing.assert_allclose(arrays["other"], np.tile(sim.ground.real - 1.5, (2, 1, 1)), rtol=1e-6)
    np.testing.assert_allclose(arrays["reconstructed"], np.tile(sim.ground.real - 0.5, (2, 1, 1)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(arrays["reconstruction_error"], np.full(2, 0.5**0.5), rtol=1e-6)
    np.testing.assert_allclose(arrays["latent_distance"], np.full(2, 0.5**0.5), rtol=1e-6)
    np.testing.assert_allclose(arrays["travel"], np.full(2, 2**0.5), rtol=1e-6)
    np.testing.assert_allclose(arrays["other_reconstructed"], sim.watched.numpy() - 0.5, rtol=1e-5, atol=1e-6)
    row, _ = measured(gauge(tiny("ring-to-grid", "cyclegan"), moved, {"w1": {"mean": 0.1}}), observe(moved, state))
    expected = [w1(sim.ground.real - 1.5, own) for own in sim.watched.numpy()]
    np.testing.assert_allclose(row["other_w1"], expected, rtol=1e-5)


def test_classes_of_generated_points_are_drawn_as_the_datas_are_at_every_look():
    config = tiny("eight-gaussians", "cgan", training__points=400)
    sim = simulation(config)
    centres = sim.world.target.modes.centres  # type: ignore[union-attr]
    for place, (latents, real) in enumerate(
        ((sim.watched, sim.ground.real), (sim.final, watched_points(sim.world.target, config.training.seed, 2000, 1)))
    ):
        nearest = ((real[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        kinds = kinds_seen(sim, latents, place)
        assert not any(np.array_equal(own.classes.points, nearest) for own in kinds)
        assert not np.array_equal(kinds[0].classes.points, kinds[1].classes.points)
        assert all(
            np.abs(np.bincount(own.classes.points, minlength=8) / len(real) - 1 / 8).max() < 0.08 for own in kinds
        )
        assert np.array_equal(kinds[1].classes.real, nearest)
    told, watched = (kinds_seen(sim, latents, 0)[0].classes for latents in (sim.told, sim.watched))
    own = Kinds(Classes(told.points, watched.real))
    perfect = measure_frame(sim.ground.real[None], Against(sim.ground.real), kinds=[own])
    assert perfect["class_accuracy"].tolist() == [1]
    assert perfect["class_w1"].tolist() == [0]


def test_the_critic_is_told_a_real_points_own_class_and_a_move_tells_both_sides_the_same():
    config = tiny("eight-gaussians", "cvae-gan")
    sim = simulation(config)
    state, game = sim.start, sim.world.game
    fixed = fixed_arrays(config, sim, [0])
    shown = Watched(
        torch.from_numpy(sim.ground.real[None]).float(), torch.zeros(2, len(sim.ground.real), 2), sim.watched, sim.told
    )
    real, fake = (cloud[..., 2:].argmax(dim=2).numpy() for cloud in with_beside(game, state, shown))
    assert np.array_equal(real[0], fixed["classes"])
    assert np.array_equal(real[1], fixed["classes"])
    assert np.array_equal(fake, fixed["made_classes"])
    pairs = paired(sim, state, shown)
    both = [cloud[..., 2:] for cloud in with_beside(game, state, pairs)]
    assert torch.equal(both[0], both[1])
    again = of_encoder(game, state.averaged, shown, shown.real.expand(2, -1, -1))["reconstructed"]
    code = encode(game, state.averaged, shown.real.expand(2, -1, -1))
    own = duel.carried(game, state.averaged, torch.cat((sim.told[..., :8], code), dim=2))
    assert torch.equal(again, own[:, :400])


@pytest.mark.parametrize("method", ["cgan", "ac-gan"])
def test_a_labelled_games_frames_and_end_are_one_number(method):
    """A generator that makes each class's own mode: W1 and W1 by class lie in the band of perfect samplers at either look."""
    config = tiny("eight-gaussians", method, training__points=1000, training__seeds=12)
    sim = simulation(config)
    target = sim.world.target
    assert target.modes is not None
    game = sim.world.game
    centres, spread = torch.from_numpy(target.modes.centres).float(), target.modes.covariances[0][0, 0] ** 0.5

    def perfect(game: Game, parameters: Parameters, latent: torch.Tensor) -> torch.Tensor:
        points = latent[..., :8] @ centres + spread * latent[..., 8:]
        return points + 0 * parameters["generator"].sum()

    sim = sim._replace(world=sim.world._replace(game=game._replace(cast=game.cast._replace(carry=perfect))))
    work, frame = gauge(config, sim), observe(sim, sim.start)
    row, _ = measured(work, frame)
    final = {"final": generated(sim, sim.start, sim.final), "step": np.array([0]), "diverged": np.zeros((1, 12), bool)}
    ends = floors_at(config, sim, "final")
    last = summary(work, final, row, ends)["seeds"]
    for name in ("w1", "class_w1", "class_accuracy", "mode_mass_tv"):
        for values, floor in ((row[name], work.floors[name]), ([one[name] for one in last], ends[name])):
            outside = sum(not floor["low"] <= value <= floor["high"] for value in values)
            assert outside <= 4, (name, values, floor)  # 1.2 of 12 on average; 5 or more in 1 of 250
            assert abs(np.mean(values) - floor["mean"]) <= 3 * floor["spread"] / 12**0.5


def test_generators_take_turns_so_that_few_points_are_of_all():
    sim, state, arrays = a_look("mgan", training__points=18)
    makers = fixed_arrays(tiny("eight-gaussians", "mgan", training__points=18), sim, [0])["makers"]
    assert makers[:8].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert np.bincount(makers).tolist() == [5, 5, 4, 4]
    layers = sim.world.game.players["generator"].network
    for k, name in enumerate(("generator", "generator_2", "generator_3", "generator_4")):
        own = layers.forward(layers.layers(state.averaged[name]), sim.watched[:, makers == k])
        np.testing.assert_allclose(arrays["samples"][:, makers == k], own.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_points_of_one_generator_stay_in_their_order():
    sim, state, arrays = a_look("ac-gan")
    assert makers_of(sim.world.game, sim.watched) is None
    seen = duel.carried(sim.world.game, state.averaged, sim.watched).detach().numpy()
    np.testing.assert_array_equal(arrays["samples"], seen)


def test_codes_are_told_apart_by_their_names():
    sim = simulation(tiny("eight-gaussians", "cgan", method__categories=3))
    labels, categories = (kinds_of(sim.world.game, sim.watched, name) for name in ("real label", "category"))
    assert (labels.max() > 2, categories.max()) == (True, 2)
    assert kinds_of(sim.world.game, sim.watched, "unheard of") is None


def test_several_generators_are_held_against_generators_of_the_whole_target():
    config = tiny("eight-gaussians", "mgan", training__points=800)
    sim = simulation(config)
    for found, real in ((floors_at(config, sim, "frame"), sim.ground.real), (floors_at(config, sim, "final"), None)):
        assert {"generator_overlap", "generator_distance"} <= found.keys()
        overlap, apart = found["generator_overlap"], found["generator_distance"]
        assert 0.8 < overlap["low"] < overlap["mean"] < overlap["high"] <= 1
        if real is not None:  # four generators that take turns at points of the target lie in the band
            perfect = perfect_batch(sim.world.target, 0, len(real), PERFECT + 1).points
            makers = makers_of(sim.world.game, sim.watched)
            assert overlap["low"] <= generator_overlap(perfect, sim.world.target.modes, makers) <= overlap["high"]
            assert apart["low"] <= generator_distance(perfect[:N_W1], makers[:N_W1]) <= apart["high"]


@pytest.mark.parametrize(("scenario", "method"), [("ring-to-grid", "cyclegan"), ("two-rings", "cogan")])
def test_the_other_world_has_its_floor(scenario, method):
    config = tiny(scenario, method, training__points=400)
    sim = simulation(config)
    floor, real = floors_at(config, sim, "frame")["other_w1"], other_points(sim)
    assert floor == floors_at(config, sim, "final")["other_w1"]  # the end's is that of the last frame
    fresh = [sim.world.source.sample(np.random.default_rng(k), 400) for k in range(20)]
    scores = [w1(one, real[0]) for one in fresh]
    assert abs(np.mean(scores) - floor["mean"]) < 2 * floor["spread"]
    assert floor["low"] < np.median(scores) < floor["high"]


def exactly(body: play.Player, half: float) -> play.Player:
    """A generator of (cos t, -sin t), t = (latent + 1) times `half`, behind the factor that holds its beginning at (1, 0)."""

    def forward(layers: list[Layer], latent: torch.Tensor) -> torch.Tensor:
        time, told = (latent[..., :1] + 1) * half, (latent[..., :1] + 1) * HALF
        free = 1 - (-told).exp()
        solution = torch.cat((time.cos() - 1, -time.sin()), dim=2)
        return torch.where(free > 0, solution / free.clamp(min=1e-30), 0.0) + 0 * layers[-1].bias

    return body._replace(network=body.network._replace(forward=forward))


HALF = 1.5 * np.pi  # of the time that one and a half turns take


def test_the_exact_solution_is_no_way_off_and_another_is_by_its_distance():
    config = tiny("oscillator", "deq-gan", training__precision="double", method__cast__turns=1.5)
    sim = simulation(config)
    fixed = fixed_arrays(config, sim, [0])
    t = np.linspace(0, 3 * np.pi, 121)
    np.testing.assert_allclose(fixed["times"], t, rtol=1e-12)
    np.testing.assert_allclose(fixed["exact_way"], np.stack([np.cos(t), -np.sin(t)], axis=1), atol=1e-12)
    game = sim.world.game
    # (cos, -sin) of t / 2 and of t are 2 |sin(t / 4)| apart.
    for half, way, off in ((HALF, t, np.zeros(121)), (HALF / 2, t / 2, 2 * np.abs(np.sin(t / 4)))):
        body = exactly(game.players["generator"], half)
        solved = sim._replace(world=sim.world._replace(game=game._replace(players={**game.players, "generator": body})))
        arrays = observe(solved, sim.start).arrays
        expected = np.broadcast_to(np.stack([np.cos(way), -np.sin(way)], axis=1), (2, 121, 2))
        np.testing.assert_allclose(arrays["way"], expected, atol=1e-6)
        np.testing.assert_allclose(arrays["way_error"], off.mean(), atol=1e-6)


def test_each_seed_has_a_way_of_its_own_where_its_turns_are():
    """Of two seeds, one turn and one and a half: each is as far off as it is where both have its turns, and not as the other."""
    config = tiny("oscillator", "deq-gan", training__precision="double")
    sim = simulation(config)

    def seen(*turns: float) -> dict[str, np.ndarray]:
        dials = {**sim.world.dials, "cast.turns": torch.tensor(turns, dtype=torch.float64)}
        turned = sim._replace(world=sim.world._replace(game=sim.world.game_at(dials), dials=dials))
        return observe(turned, sim.start).arrays

    short, long, both = seen(1.0, 1.0), seen(1.5, 1.5), seen(1.0, 1.5)
    assert abs(short["way_error"] - long["way_error"]).min() > 1e-3
    for name in ("way", "way_error"):
        np.testing.assert_allclose(both[name][0], short[name][0], rtol=1e-12)
        np.testing.assert_allclose(both[name][1], long[name][1], rtol=1e-12)


def test_the_way_of_classes_is_that_of_their_means():
    sim = simulation(tiny("clock", "tc-gan", training__points=600))
    assert sim.world.target.modes is not None
    game = sim.world.game
    centres = torch.from_numpy(sim.world.target.modes.centres).float()
    place = (centres[:, 0] + 1j * centres[:, 1]).numpy()
    np.testing.assert_allclose(place, 1.4 * np.exp(2j * np.pi * np.arange(12) / 12), atol=1e-6)
    for off in (0.0, 0.3):

        def told(game: Game, parameters: Parameters, latent: torch.Tensor, off: float = off) -> torch.Tensor:
            return latent[..., :12] @ centres + torch.tensor([off, 0.0]) + 0 * parameters["generator"].sum()

        moved = sim._replace(world=sim.world._replace(game=game._replace(cast=game.cast._replace(carry=told))))
        arrays = observe(moved, sim.start).arrays
        expected = (centres + torch.tensor([off, 0.0])).numpy()
        np.testing.assert_allclose(arrays["way"], np.broadcast_to(expected, (2, 12, 2)), atol=1e-6)
        np.testing.assert_allclose(arrays["way_error"], off, atol=1e-6)


def test_of_a_seed_that_is_lost_the_way_of_classes_is_not_known_and_nobody_warns():
    sim = simulation(tiny("clock", "tc-gan"))
    points = np.zeros((len(sim.watched), sim.watched.shape[1], 2))
    points[1] = np.nan
    error = means_of_classes(sim, points)["way_error"]
    assert np.isnan(error).tolist() == [False, True]
    np.testing.assert_allclose(error[0], 1.4, atol=1e-6)  # from the middle to each hour


# --- panels ----------------------------------------------------------------------------------------------------------

SHOWN = {
    "cgan": {"kinds", "classes", "way"},
    "ac-gan": {"kinds", "regions", "way"},
    "adagan": {"rounds"},
    "deq-gan": {"way"},
    "cat-gan": {"regions"},
    "mgan": {"kinds", "regions"},
    "mad-gan": {"kinds", "regions"},
    "ali": {"reconstructions", "code"},
    "cyclegan": {"reconstructions", "worlds"},
    "cogan": {"pairs"},
    "cvae-gan": {"kinds", "classes", "reconstructions", "code", "way"},
    "gman": set(),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Tiny runs, one a row of `SHOWN`, to be read and not changed; of so few steps that no graph pays."""
    place = tmp_path_factory.mktemp("runs")
    small = TINY | {"training.seeds": 2, "training.steps": 4, "training.frames": 2, "training.points": 60}
    with undrawn():
        played = {
            name: toygan.run(
                PLAYED_ON.get(name, "eight-gaussians"), method=name, overrides=small, out=place / name, backend="eager"
            )
            for name in SHOWN
        }
    return {name: run for name, run in played.items() if isinstance(run, Recording)}


@pytest.mark.parametrize("name", first_of_each(SHOWN, lambda name: SHOWN[name] or {"nothing"}))
def test_a_run_shows_what_it_has(name, runs, tmp_path):
    run = runs[name]
    assert set(extras_of(scene(run))) == SHOWN[name]
    sheet = draw.picture(run)
    titles = {axis.get_title(loc="left") for axis in sheet.axes}
    assert {row.title for row in EXTRAS.values()} & titles == {EXTRAS[one].title for one in SHOWN[name]}
    if SHOWN[name]:
        save_chosen([run], ["extras"], tmp_path / "extras.svg")
        save_chosen([of_seed(run, 1)], [next(iter(SHOWN[name] - {"classes", "regions", "code"}), "critic")],
                    tmp_path / "seed.svg")  # fmt: skip
    with pytest.raises(ValueError, match="this run has no panel"):
        save_chosen([run], [next(iter(EXTRAS.keys() - SHOWN[name]))], tmp_path / "none.svg")


@pytest.mark.parametrize(
    "name", first_of_each(["cgan", "mgan", "ali", "cyclegan", "cogan", "adagan", "deq-gan"], SHOWN.__getitem__)
)
def test_panels_speak_chinese(name, runs, tmp_path):
    figure, _ = chosen([runs[name]], ["extras"])
    words = {text.get_text() for text in figure.findobj(Text) if re.search("[a-z]{3}", text.get_text())}
    own = {text for text in words if "·" not in text and text not in ("real", "generated")}
    assert own
    assert not [text for text in own if not any(map(is_wide, told(text, "zh")))]


def test_more_points_of_a_conditional_game_are_of_its_classes(runs):
    assert runs["cgan"].sample(7).shape == (len(runs["cgan"].facts.seeds), 7, 2)


def test_arrows_lead_from_real_points_to_what_comes_back(runs):
    figure, _ = chosen([runs["ali"]], ["reconstructions"])
    run = runs["ali"]
    (field,) = figure.findobj(Quiver)
    found = run.frames["reconstructed"][-1, 0]
    np.testing.assert_allclose(field.XY, run.frames["real"][: len(found)], rtol=1e-6)
    np.testing.assert_allclose(
        np.stack([field.U, field.V], axis=1), found - run.frames["real"][: len(found)], rtol=1e-5, atol=1e-6
    )


def test_a_generator_is_named_with_its_share(runs):
    figure, _ = chosen([runs["mgan"]], ["kinds"])
    said = {text.get_text() for text in figure.findobj(Text)}
    assert {f"generator {k}: 25\N{NO-BREAK SPACE}%" for k in (1, 2, 3, 4)} <= said


def test_pairs_join_what_one_latent_makes(runs):
    run = runs["cogan"]
    figure, _ = chosen([run], ["pairs"])
    segments = next(lines for lines in figure.findobj(LineCollection) if len(lines.get_segments()) == 60)
    expected = np.stack([run.frames["samples"][-1, 0], run.frames["other"][-1, 0]], axis=1)
    np.testing.assert_allclose(np.array(segments.get_segments()), expected, rtol=1e-6)


# --- films -----------------------------------------------------------------------------------------------------------

SMALL_FILM = draw.Pace(width=400)
IN_FILMS = {  # of five of them every look has its optimal critic
    "cgan": [["critic", "kinds", "way"], ["classes"]],
    "ac-gan": [["critic", "optimal", "kinds"], ["regions", "way", "slope"]],
    "adagan": [["critic", "slope"], ["rounds"]],
    "deq-gan": [["critic", "way", "slope"]],
    "cat-gan": [["critic", "regions", "slope"]],
    "mgan": [["critic", "optimal", "kinds"], ["regions", "slope"]],
    "ali": [["critic", "reconstructions", "code"]],
    "cyclegan": [["critic", "optimal", "reconstructions"], ["worlds", "slope"]],
    "cogan": [["critic", "optimal", "pairs"]],
    "gman": [["critic", "optimal", "slope"]],
}


@pytest.mark.parametrize("name", IN_FILMS)
def test_a_film_has_room_for_the_panels_of_its_data(name, runs):
    rows = film.film_rows(scene(runs[name]))
    assert rows == IN_FILMS[name]
    assert slots_of(rows[0]) <= film.IN_A_ROW


@pytest.mark.parametrize("name", first_of_each(IN_FILMS, lambda name: chain(*IN_FILMS[name])))
def test_a_film_has_the_panels_of_its_data(name, runs):
    rows = IN_FILMS[name]
    figure, parts = film.film_figure(scene(runs[name]), 400)
    titles = {axis.get_title(loc="left") for axis in figure.axes}
    assert {EXTRAS[one].title for row in rows for one in row if one in EXTRAS} <= titles
    assert len(parts) == sum(map(len, rows)) + 1  # and the bar of time


ALWAYS = {("cgan", "frame"), ("cgan", "run"), ("cyclegan", "run"), ("deq-gan", "frame")}
FILMS = [
    pytest.param(name, scale, marks=[] if (name, scale) in ALWAYS else [pytest.mark.slow])
    for name in ("cgan", "mgan", "ali", "cyclegan", "cogan", "adagan", "deq-gan")
    for scale in ("frame", "run")
]


@pytest.mark.parametrize(("name", "scale"), FILMS)
def test_a_film_moves_what_its_picture_shows(name, scale, runs, tmp_path):
    shown = scene(runs[name])
    draw.save_film(runs[name], tmp_path / "film.gif", pace=SMALL_FILM, options=draw.Options(scale=scale))
    for row in EXTRAS.values():
        if not row.known(shown) or row.still:
            continue
        figure = Figure()
        part = row.film(figure.add_subplot(), shown, scale)
        drawn = [artist for artist in part.artists if hasattr(artist, "get_offsets") or hasattr(artist, "get_xdata")]
        part.show(0)
        before = [places_of(artist) for artist in drawn]
        part.show(shown.last)
        assert row.title == EXTRAS["code"].title or any(
            not np.array_equal(was, places_of(artist), equal_nan=True)
            for was, artist in zip(before, drawn, strict=True)
        )


def places_of(artist: Artist) -> np.ndarray:
    """Where an artist's marks are, and of arrows where they lead."""
    if isinstance(artist, Quiver):
        return np.stack([np.ma.filled(artist.U, np.nan), np.ma.filled(artist.V, np.nan)])
    if isinstance(artist, Line2D):
        return np.asarray(artist.get_data(), float)
    if isinstance(artist, LineCollection):
        return np.concatenate([*artist.get_segments(), np.zeros((0, 2))])
    assert isinstance(artist, PathCollection)
    return np.asarray(artist.get_offsets(), float)


def test_generators_keep_their_points_through_a_film(runs):
    shown, figure = scene(runs["mgan"]), Figure()
    part = EXTRAS["kinds"].film(figure.add_subplot(), shown, "frame")
    makers = runs["mgan"].frames["makers"]
    for look in range(len(shown.steps)):
        part.show(look)
        for k, marks in enumerate(artist for artist in part.artists if isinstance(artist, Line2D)):
            np.testing.assert_array_equal(np.asarray(marks.get_data()).T, shown.samples[look][makers == k])


def test_a_comparison_has_what_each_run_has(runs, tmp_path):
    chosen_runs = [runs[name] for name in ("mgan", "ali", "cyclegan", "gman")]
    figure = draw.comparison(chosen_runs)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    for name in ("kinds", "reconstructions", "worlds"):
        assert EXTRAS[name].title in titles
    draw.save_comparison_film(chosen_runs, tmp_path / "film.gif", pace=SMALL_FILM)
    assert EXTRAS["kinds"].title not in [axis.get_title(loc="left") for axis in draw.comparison([runs["gman"]]).axes]


# --- pages -----------------------------------------------------------------------------------------------------------


def test_regions_are_packed_as_whole_numbers():
    table = np.random.default_rng(1).integers(0, 9, (3, 81, 81)).astype(np.uint8)
    part = pack.kinds_over_time("regions", table)
    assert (part.kind, tuple(part.shape)) == ("kinds", (3, 64, 64))
    codes = np.frombuffer(part.content, np.uint8).reshape(3, 64, 64).cumsum(axis=0, dtype=np.uint8)
    nearest = np.linspace(0, 80, 64).round().astype(int)
    np.testing.assert_array_equal(codes, table[:, nearest[:, None], nearest])
    assert pack.kinds_over_time("regions", table[:, :5, :7]).shape == (3, 5, 7)


def test_a_third_of_the_looks_have_their_ends():
    assert pack.thinned(np.arange(50), 3).tolist()[:: len(pack.thinned(np.arange(50), 3)) - 1] == [0, 49]
    assert len(pack.thinned(np.arange(50), 3)) == 17
    assert pack.thinned(np.array([4]), 3).tolist() == [4]
    assert pack.thinned(np.array([4, 9]), 3).tolist() == [4, 9]


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_has_the_panels_of_its_data(name, runs):
    shown = scene(runs[name])
    assert set(pack.shown_extras(shown)) == SHOWN[name] == set(re.findall('data-extra="(.*?)"', extras_html(shown)))
    assert (extras_facts(shown) == {}) == (not SHOWN[name])


def test_a_page_packs_what_comes_back_and_each_class(runs):
    first, second = (script.decode() for _, script in pack.packed_runs(runs["cvae-gan"]))
    header = json.loads(re.search(r"arrive\((\{.*?\}),\"", first)[1])
    shapes = {part["name"]: tuple(part["shape"]) for part in header["parts"]}
    assert shapes["found"] == (2, 60, 2)
    assert [shapes[f"class_{c}"][1:] for c in range(8)] == [(41, 41)] * 8
    assert {"code_0", "code_1"} <= shapes.keys()
    others = {part["name"] for part in json.loads(re.search(r"arrive\((\{.*?\}),\"", second)[1])["parts"]}
    assert others == {"points", "found", "way", "exact_way"}  # of a seed without a critic


def test_a_gif_keeps_the_colours_of_kinds(runs, tmp_path):
    wanted = colours_wanted([scene(runs["mgan"])])
    assert colours_wanted([scene(runs["gman"])]) == []
    draw.save_film(runs["mgan"], tmp_path / "film.gif", pace=SMALL_FILM)
    with Image.open(tmp_path / "film.gif") as played:
        palette = np.array(played.getpalette()).reshape(-1, 3)
        seen = {tuple(colour) for _, colour in played.convert("RGB").getcolors(256)}
    assert len(palette) <= 256
    for colour in wanted[:4]:
        assert np.abs(palette - colour).sum(axis=1).min() <= 3
    assert len(seen) > 20
