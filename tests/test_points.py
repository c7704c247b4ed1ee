"""Points tell how many are where: areas of discs and rings are shares, ink adds, and a switch thins or hides them."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from conftest import sampled
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from test_draw import SMALL, altered, synthetic, words

import toygan.draw as draw
from toygan.draw import clouds, film, panels, thumbnail
from toygan.draw.points import GENERATED, INK_ADDED, PALE, REAL, counted, generated_cloud, generated_points, real_points
from toygan.quantities.modes import high_quality
from toygan.session.recording import Recording
from toygan.site.film import rings_known
from toygan.site.pack import on_modes
from toygan.targets.target import Modes
from toygan.view.scene import THIN, Scene, real_in_words, scene
from toygan.view.shares import RINGS_IN_WORDS, WHOLE, WIDEST, rings_of

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = 1.4 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
GRID = 1.0 * np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), -1).reshape(-1, 2)
TARGETS = {  # centres, standard deviations, weights
    "equal": (RING, np.full(8, 0.02), np.full(8, 1 / 8)),
    "unbalanced": (RING[::2], np.full(4, 0.05), np.array([1, 2, 4, 8]) / 15),
    "two scales": (np.array([[-0.8, 0], [1.2, 0]]), np.array([0.5, 0.025]), np.full(2, 1 / 2)),
    "grid": (GRID, np.full(25, 0.02), np.full(25, 1 / 25)),
    "one": (np.zeros((1, 2)), np.ones(1), np.ones(1)),
    "points": (RING[:2], np.zeros(2), np.full(2, 1 / 2)),
}
STRAY = 2.9  # a corner of the view, far from every mode
CLOUDS = {  # which of 40 points lie on the first mode, on the one in the middle of the list and astray
    "all on one": (40, 0, 0), "half": (20, 0, 20), "two": (10, 25, 5), "none on a mode": (0, 0, 40), "not finite": (0, 0, 0),
}  # fmt: skip


def with_modes(name: str, samples: np.ndarray | None = None, frames: int = 2, **facts) -> Recording:
    """A run on a made-up target with these generated points [n, 2] in every frame."""
    centres, stds, weights = TARGETS[name]
    run = synthetic(frames=frames, **SMALL, modes=2, **facts)
    told = {"mode_centres": centres, "mode_weights": weights, "mode_covariances": stds[:, None, None] ** 2 * np.eye(2)}
    told |= {} if samples is None else {"samples": np.tile(samples, (frames, 2, 1, 1)).astype("f4")}
    return Recording(run.facts, run.frames | told, run.metrics)


def cloud_of(name: str, kind: str) -> np.ndarray:
    """40 points, so many on two modes and so many astray, the others not finite."""
    centres, (first, second, astray) = TARGETS[name][0], CLOUDS[kind]
    parts = [np.tile(centres[k], (n, 1)) for k, n in ((0, first), (len(centres) // 2, second))]
    points = np.concatenate([*parts, np.full((astray, 2), STRAY)])
    return np.concatenate([points, np.full((40 - len(points), 2), np.nan)])


def shares_of(name: str, kind: str) -> np.ndarray:
    """The shares [K] that a made-up cloud has on the modes."""
    shares = np.zeros(len(TARGETS[name][0]))
    for k, n in zip((0, len(shares) // 2), CLOUDS[kind], strict=False):
        shares[k] += n / 40
    return shares


def shown(name: str, kind: str) -> Scene:
    run = with_modes(name)
    run.frames["samples"] = np.tile(cloud_of(name, kind), (2, 2, 1, 1))
    return scene(run)


def axis_of(one: Scene, pixels: int = 600):
    axis = Figure(figsize=(3, 3), dpi=pixels / 3).add_axes((0, 0, 1, 1))
    FigureCanvasAgg(axis.figure)
    panels.frame_view(axis, one)
    axis.set_axis_off()
    return axis


def ink_of(axis) -> np.ndarray:
    """How much of each pixel [rows, columns] is not white, in blue, of which orange has none."""
    axis.figure.canvas.draw()
    return 1 - np.asarray(axis.figure.canvas.buffer_rgba())[..., 2] / 255


@pytest.mark.parametrize("name", sampled(TARGETS, 4))
@pytest.mark.parametrize("kind", CLOUDS)
def test_areas_of_discs_over_rings_are_shares_over_weights(name, kind):
    one = shown(name, kind)
    cloud = generated_cloud(axis_of(one), one, -1)
    np.testing.assert_array_equal(cloud.discs.get_offsets(), TARGETS[name][0])
    np.testing.assert_array_equal(cloud.rings.get_offsets(), TARGETS[name][0])
    np.testing.assert_array_equal(cloud.discs.get_widths(), cloud.discs.get_heights())
    found = (cloud.discs.get_widths() / cloud.rings.get_widths()) ** 2
    np.testing.assert_allclose(found, shares_of(name, kind) / TARGETS[name][2], atol=1e-12)
    total = (cloud.discs.get_widths() ** 2).sum() / (cloud.rings.get_widths() ** 2).sum()
    assert total == pytest.approx(high_quality(one.samples[-1], one.rings.modes), abs=1e-12)


@pytest.mark.parametrize("name", ["equal", "unbalanced", "two scales"])
def test_the_ink_of_a_disc_is_its_share_of_the_ring(name):
    one = shown(name, "two")
    axis = axis_of(one)
    cloud = generated_cloud(axis, one, -1)
    cloud.marks.set_visible(False)
    cloud.rings.set_visible(False)
    ink, (rows, columns) = ink_of(axis), np.indices((600, 600))
    for (x, y), share, weight, due in zip(
        TARGETS[name][0], shares_of(name, "two"), TARGETS[name][2], one.rings.due, strict=True
    ):
        near = np.hypot(columns - (x + 3) * 100, rows - (3 - y) * 100) < 120 * due * math.sqrt(max(share / weight, 0.1))
        ring = np.pi * (100 * due) ** 2  # pixels in it
        assert ((ink > 0.25) & near).sum() == pytest.approx(ring * share / weight, rel=0.06, abs=1)


def test_an_empty_ring_has_no_ink_in_it_and_a_full_one_is_filled():
    one = shown("equal", "none on a mode")
    axis = axis_of(one)
    cloud = generated_cloud(axis, one, -1)
    cloud.rings.set_visible(False)
    assert ink_of(axis)[100:500, 100:500].max() == 0
    full = shown("equal", "all on one")
    full.samples[:] = np.repeat(RING, 5, axis=0)
    cloud = generated_cloud(axis_of(full), full, -1)
    np.testing.assert_allclose(cloud.discs.get_widths(), cloud.rings.get_widths())


@pytest.mark.parametrize("name", TARGETS)
def test_rings_leave_their_neighbours_and_the_view_free(name):
    rings = rings_of(with_modes(name).frames, (-3.0, 3.0, -3.0, 3.0))
    ways = np.linalg.norm(rings.modes.centres[:, None] - rings.modes.centres, axis=2)
    apart = ways - rings.due[:, None] - rings.due
    assert (apart[ways > 0] > 0.3 * ways[ways > 0]).all()
    assert rings.due.max() <= WIDEST * 6 + 1e-12
    assert rings.whole <= WHOLE * 6 + 1e-12
    np.testing.assert_allclose(rings.due**2 / rings.due[0] ** 2, rings.modes.weights / rings.modes.weights[0])


def test_rings_of_close_neighbours_take_two_thirds_of_the_way_and_modes_in_one_place_do_not_vanish():
    frames = with_modes("equal").frames | {"mode_centres": 0.2 * RING}
    rings = rings_of(frames, (-3.0, 3.0, -3.0, 3.0))
    near = np.linalg.norm(0.2 * (RING[0] - RING[1]))
    np.testing.assert_allclose(rings.due, near / 3)
    frames = with_modes("two scales").frames | {"mode_centres": np.zeros((2, 2))}
    assert rings_of(frames, (-3.0, 3.0, -3.0, 3.0)).due.min() > 0.1


def test_discs_move_with_the_film_and_rings_stay():
    one = shown("equal", "all on one")
    one.samples[1] = cloud_of("equal", "half")
    _, (learned, *_) = film.film_figure(one)
    discs, rings = learned.artists[2], learned.artists[4]
    due = rings.get_widths().copy()
    for frame, share in ((0, 1), (1, 0.5), (0, 1)):
        learned.show(frame)
        np.testing.assert_allclose((discs.get_widths() / due) ** 2, [8 * share] + [0] * 7)
        np.testing.assert_array_equal(rings.get_widths(), due)


def test_a_target_whose_modes_are_not_told_has_points_alone():
    run = synthetic(frames=2, **SMALL, modes=8)  # centres only, as in older recordings
    one = scene(run)
    assert one.rings is None
    cloud = generated_cloud(axis_of(one), one, -1)
    assert cloud.artists == [cloud.marks]
    assert RINGS_IN_WORDS.split("; ")[0] not in words(draw.picture(run))
    assert rings_known(one) is None
    assert on_modes(run.frames, np.arange(2), 0) is None


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.96, 0.04), (1.0,)])
def test_a_few_places_of_real_points_have_rings_of_their_shares(shares):
    """Generated points hide a place on which all of a third of the real ones lie."""
    run = synthetic(frames=2, **SMALL)
    places = RING[: len(shares)]
    real = np.repeat(places, (100 * np.array(shares)).round().astype(int), axis=0).astype("f4")
    shown = scene(Recording(run.facts, run.frames | {"real": real}, run.metrics))
    drawn = generated_cloud(Figure().add_subplot(), shown, 0)
    assert drawn.rings in drawn.artists
    offsets = np.asarray(drawn.rings.get_offsets())
    nearest = np.linalg.norm(offsets[:, None] - places, axis=2).argmin(axis=0)
    areas = np.asarray(drawn.rings.get_widths())[nearest] ** 2
    np.testing.assert_allclose(areas / areas.sum(), shares, rtol=1e-6)
    assert "Ring: a place of real points that are alike, its area their share." in real_in_words(shown)


def test_many_places_have_no_rings():
    shown = scene(synthetic(frames=2, **SMALL))
    assert generated_cloud(Figure().add_subplot(), shown, 0).rings is None
    assert "Ring" not in real_in_words(shown)


def test_ink_adds_where_points_lie_on_each_other():
    one = scene(synthetic(frames=2, **SMALL))
    inks = []
    for many in (1, 2, 4, 40):
        one.samples[-1] = np.nan
        one.samples[-1, :many] = 0
        axis = axis_of(one)
        generated_points(axis, one, -1)
        inks.append(ink_of(axis)[300, 300])
    np.testing.assert_allclose(inks, [1 - (1 - INK_ADDED) ** many for many in (1, 2, 4, 40)], atol=0.02)


def test_real_points_are_a_quiet_layer_that_reaches_out_beneath_the_generated_ones():
    one = scene(synthetic(frames=2, **SMALL))
    axis = axis_of(one)
    real, generated = real_points(axis, one), generated_points(axis, one, -1)
    assert (real.get_color(), generated.get_color()) == (REAL, GENERATED)
    assert real.get_alpha() < generated.get_alpha()
    assert real.get_zorder() < generated.get_zorder()
    assert real.get_markersize() > 1.5 * generated.get_markersize()
    assert real.get_markeredgewidth() == generated.get_markeredgewidth() == 0
    with_discs = shown("equal", "half")
    assert generated_points(axis, with_discs, -1).get_alpha() == PALE < INK_ADDED


def test_points_are_thinned_or_left_out():
    run = with_modes("equal")
    many = altered(run, samples=np.zeros((2, 2, 500, 2)), real=np.zeros((300, 2)))
    for kept, real, generated, rings in (("all", 300, 500, True), ("thin", THIN, THIN, False), ("none", 0, 0, False)):
        one = scene(many, kept)
        axis = axis_of(one)
        assert len(real_points(axis, one).get_xydata()) == real
        assert len(generated_cloud(axis, one, -1).marks.get_xydata()) == generated
        assert (counted(one) is not None) == rings
        assert one.samples.shape == (2, 500, 2)  # what is measured does not change


LEGENDS = {
    "all": {"real", "generated", *RINGS_IN_WORDS.split("; ")},
    "thin": {"real (200 drawn)", "generated (200 drawn)"},
    "none": {"points not drawn"},
}


@pytest.mark.parametrize("kept", LEGENDS)
def test_the_legend_says_what_is_drawn(kept):
    run = with_modes("equal", np.repeat(cloud_of("equal", "two"), 6, axis=0))
    run.frames["real"] = np.repeat(run.frames["real"], 6, axis=0)
    for figure in (draw.picture(run, draw.Options(kept)), draw.comparison([run, run], draw.Options(kept))):
        told = set(words(figure).split("\n"))
        assert set().union(*LEGENDS.values()) & told == LEGENDS[kept]


def test_the_legend_leaves_long_titles_and_states_room():
    run = with_modes("equal", frames=5, status="diverged", method="boundary-seeking+gradient-penalty", title=20 * "a ")
    run.frames["scores"][3:] = np.nan
    figure = draw.picture(run)
    title, state, *_ = figure.texts
    assert "its last finite frame" in state.get_text()
    (legend,) = [axis for axis in figure.axes if "generated" in [text.get_text() for text in axis.texts]]
    left = min(text.get_window_extent().x0 for text in legend.texts)
    assert max(title.get_window_extent().x1, state.get_window_extent().x1) < left


def test_a_cloud_of_few_points_is_not_said_to_be_thinned():
    told = set(words(draw.picture(with_modes("equal"), draw.Options("thin"))).split("\n"))
    assert {"real", "generated"} <= told


@pytest.mark.parametrize("kept", sampled(["thin", "none", "all"], 3))
def test_pictures_and_films_of_all_kinds_take_the_switch(kept, tmp_path):
    run = with_modes("unbalanced", cloud_of("unbalanced", "two"))
    draw.save_picture(run, tmp_path / "a.svg", options=draw.Options(kept))
    draw.save_film(run, tmp_path / "a.gif", pace=draw.Pace(width=400), options=draw.Options(kept))
    draw.save_comparison([run, run], tmp_path / "b.png", options=draw.Options(kept))
    draw.save_comparison_film([run, run], tmp_path / "b.gif", pace=draw.Pace(width=400), options=draw.Options(kept))
    assert len(list(tmp_path.iterdir())) == 4


def test_fresh_points_are_counted_anew():
    run, points = with_modes("equal", cloud_of("equal", "half")), np.tile(RING[:1], (2, 70, 1))
    one = clouds.of_points(scene(run), points[0])
    cloud = generated_cloud(axis_of(one), one, 0)
    np.testing.assert_allclose((cloud.discs.get_widths() / cloud.rings.get_widths())[0], math.sqrt(8))


def test_posters_show_the_same_shares():
    one = shown("equal", "two")
    one.scores[:] = 0
    picture = np.asarray(Image.open(io.BytesIO(thumbnail.poster(one, 600))).convert("RGB")).astype(int)
    orange, (rows, columns) = picture[..., 0] - picture[..., 2] > 75, np.indices((600, 600))
    for (x, y), share, due in zip(RING, shares_of("equal", "two"), one.rings.due, strict=True):
        near = np.hypot(columns - (x + 3) * 100, rows - (3 - y) * 100) < 120 * due * math.sqrt(max(8 * share, 0.1))
        assert (orange & near).sum() == pytest.approx(8 * share * np.pi * (100 * due) ** 2, rel=0.12, abs=4)


def test_a_page_knows_the_same_shares_of_all_recorded_points():
    run = with_modes("unbalanced", cloud_of("unbalanced", "two"))
    told = on_modes(run.frames, np.arange(2), 1)
    assert told == {"of": 40, "counts": [[10, 0, 25, 0]] * 2}
    known = rings_known(scene(run))
    np.testing.assert_allclose(known["due"], TARGETS["unbalanced"][2], rtol=1e-6)
    assert known["whole"] * 6 == pytest.approx(scene(run).rings.whole, rel=1e-3)


def test_modes_are_the_recordings_own():
    rings = rings_of(with_modes("unbalanced").frames, (-3.0, 3.0, -3.0, 3.0))
    assert isinstance(rings.modes, Modes)
    np.testing.assert_array_equal(rings.modes.weights, TARGETS["unbalanced"][2])
