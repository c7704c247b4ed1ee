from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from conftest import sampled
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from PIL import Image, ImageSequence

import toygan.draw as draw
from toygan.draw import film, moving, panels, players, reel, sheet, together
from toygan.draw import steps as draw_steps
from toygan.draw.points import GENERATED, INK_ADDED, visible
from toygan.files.text import number
from toygan.session.facts import Facts
from toygan.session.recording import Recording
from toygan.view.apart import names_apart
from toygan.view.chosen import looks_at, nearest_frames, of_seed
from toygan.view.levels import levels, scales
from toygan.view.scene import exact_transport, steepest
from toygan.view.words import final_notes, final_rows, frame_words


def synthetic(frames=60, seeds=4, points=1000, grid=101, coarse=21, modes=0, method="wgan-gp", **facts) -> Recording:
    """A run that was never trained: points that close in on a curled line, a smooth critic that rises along it."""
    arrays, metrics = ({name: array.copy() for name, array in part.items()}
                       for part in played(frames, seeds, points, grid, coarse, modes))  # fmt: skip
    told = {"scenario": "swiss-roll", "method": method, "title": "Swiss roll", "seeds": list(range(seeds))}
    told |= {"status": "done", "step": 2000, "steps": 2000, "summary": {}}
    told |= {"command": f"toygan run swiss-roll --method {method} --seeds {seeds}"}
    return Recording(Facts.of(told | facts), arrays, metrics)


@cache
def played(frames, seeds, points, grid, coarse, modes):
    """The arrays and the measures of such a run, which nobody may change."""
    rng = np.random.default_rng(0)
    t = 1.5 * np.pi * (1 + 2 * rng.random(points))
    real = np.stack([t * np.cos(t), t * np.sin(t)], 1) / 7.5 + rng.normal(0, 0.05, (points, 2))
    if modes:
        angle = 2 * np.pi * np.arange(modes) / modes
        centres = 1.4 * np.stack([np.cos(angle), np.sin(angle)], 1)
        real = centres[rng.integers(modes, size=points)] + rng.normal(0, 0.03, (points, 2))
    late = np.linspace(0, 1, frames)[:, None, None, None]
    goal = real[rng.permuted(np.tile(np.arange(points), (seeds, 1)), axis=1)]
    samples = (1 - late) * rng.normal(0, 0.3, goal.shape) + late * goal + rng.normal(0, 0.05, (frames, *goal.shape))
    axis, arrows = np.linspace(-3, 3, grid), np.linspace(-3, 3, coarse)
    scores = np.stack([critic(real, samples[i, 0], axis) + 100 * i for i in range(frames)])[:, None]
    slopes = np.stack([gradient(real, samples[i, 0], arrows) for i in range(frames)])[:, None]
    step = np.linspace(0, 2000, frames).round().astype(int)
    arrays = {"samples": samples, "real": real, "scores": scores, "slopes": slopes}
    arrays = {name: array.astype("f4") for name, array in arrays.items()}
    arrays |= {"step": step, "grid_x": axis, "grid_y": axis, "slope_x": arrows, "slope_y": arrows}
    decay = np.exp(-4 * late[:, :, 0, 0]) * rng.uniform(0.8, 1.2, (frames, seeds)) * rng.uniform(0.8, 1.2, seeds)
    metrics = {"critic_loss": -decay, "generator_loss": 0.5 * decay - 0.2, "penalty": 0.1 * decay}
    metrics |= {"w1": 0.9 * decay + 0.08, "w1_floor": rng.normal(0.085, 0.005, (frames, seeds))}
    if modes:
        arrays["mode_centres"] = centres
        metrics |= {"modes": np.round(modes * (1 - decay / 2)), "high_quality": 0.98 * (1 - decay.clip(0, 1))}
    return arrays, metrics


WIDTH = 0.5


def critic(real, fake, axis):
    """Difference of two kernel densities on the grid [g, g], row = y."""
    x, y = np.meshgrid(axis, axis)
    return sum(sign * kernel(points, x, y).mean(-1) for sign, points in ((3, real[:200]), (-3, fake[:200])))


def kernel(points, x, y):
    return np.exp(-((x[..., None] - points[:, 0]) ** 2 + (y[..., None] - points[:, 1]) ** 2) / (2 * WIDTH**2))


def gradient(real, fake, axis):
    """The critic's gradient [h, h, 2]."""
    x, y = np.meshgrid(axis, axis)
    total = np.zeros((len(axis), len(axis), 2))
    for sign, points in ((3, real[:200]), (-3, fake[:200])):
        weight = kernel(points, x, y)
        total[..., 0] += sign * (weight * (points[:, 0] - x[..., None])).mean(-1) / WIDTH**2
        total[..., 1] += sign * (weight * (points[:, 1] - y[..., None])).mean(-1) / WIDTH**2
    return total


SMALL = {"points": 40, "grid": 13, "coarse": 5, "seeds": 2}
NARROW = draw.Pace(width=200)  # of films whose frames are only counted


def altered(recording, **arrays):
    """The same run with some arrays of its frames, or measures, exchanged."""
    known = recording.frames.keys() | {"mode_centres", "optimal_scores"}
    return Recording(
        recording.facts,
        recording.frames | {name: array for name, array in arrays.items() if name in known},
        recording.metrics | {name: array for name, array in arrays.items() if name not in known},
    )


def words(figure):
    """All that a figure, or a part of one, says, a text a line."""
    return "\n".join(text.get_text() for text in texts_in(figure)).replace("\N{NO-BREAK SPACE}", " ")


def texts_in(artist):
    """Its texts in order: of ticks those that there are, where `findobj` would have all be made."""
    if isinstance(artist, Text):
        yield artist
    of_axis = isinstance(artist, Axis)
    for part in (*artist.majorTicks, *artist.minorTicks, artist.label) if of_axis else artist.get_children():
        yield from texts_in(part)


def empty_axis():
    return Figure().add_subplot()


def pictures_in(path):
    with Image.open(path) as moving:
        return [frame.copy() for frame in ImageSequence.Iterator(moving)]


def test_scene_removes_each_frames_offset_and_nothing_else():
    run = synthetic(frames=3, **SMALL)
    raw = run.frames["scores"][:, 0].astype(float)
    np.testing.assert_allclose(draw.scene(run).scores, raw - np.median(raw, axis=(1, 2), keepdims=True))


def test_contour_shows_scores_higher_is_lighter_and_points_in_view():
    shown = draw.scene(synthetic(frames=3, **SMALL))
    shown.samples[-1, :10] += 50
    axis = empty_axis()
    draw.critic_contour(axis, shown)
    real, generated = (line.get_xydata() for line in axis.lines)
    np.testing.assert_array_equal(real, shown.real)
    np.testing.assert_array_equal(generated, shown.samples[-1, 10:])
    assert "25 % of points out of view" in words(axis.figure)
    filled = axis.collections[0]
    np.testing.assert_allclose(filled.levels, scales(shown).critic.edges)
    lightness = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b, _ in panels.SCORES(np.linspace(0, 1, 32))]
    assert (np.diff(lightness) > 0).all()
    assert axis.get_xlim() == axis.get_ylim() == (-3, 3)
    assert axis.get_aspect() == 1


def test_arrows_point_up_the_critic_and_never_leave_their_cell():
    shown = draw.scene(synthetic(frames=2, **SMALL))
    axis = empty_axis()
    draw.slope_field(axis, shown)
    (field,) = (artist for artist in axis.collections if isinstance(artist, Quiver))
    arrow, slope = np.stack([field.U, field.V], -1), shown.slopes[-1].reshape(-1, 2)
    length, steep = np.hypot(*arrow.T), np.hypot(*slope.T)
    np.testing.assert_allclose(arrow * steep[:, None], slope * length[:, None], atol=1e-12)
    assert length.max() < shown.slope_x[1] - shown.slope_x[0]
    gentle = steep < steepest(shown.slopes[-1:])
    assert np.ptp(length[gentle] / steep[gentle]) < 1e-9
    up = draw.scene(altered(synthetic(frames=1, **SMALL), slopes=np.tile([0.0, 2.0], (1, 1, 5, 5, 1))))
    u, v = panels.arrow_lengths(up, 0, 2.0)
    assert (u == 0).all()
    assert (v > 0).all()


def test_band_edges_are_even_and_centre_a_band_on_the_median():
    edges = panels.band_edges(np.linspace(-3, 7, 400).reshape(1, 20, 20))
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])
    assert np.isclose(np.abs(edges).min(), (edges[1] - edges[0]) / 2)
    assert -4 < edges[0] < -2.5
    assert 6 < edges[-1] < 8


def test_levels_show_a_ridge_that_covers_next_to_nothing_where_points_are_on_it():
    x, _ = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101))
    ridge = np.abs(x) + 5 * np.maximum(0, 1 - np.abs(x) / 0.05)  # high on a line, 5 % of the plane
    for scores in (ridge, 1e6 * ridge, ridge - np.median(ridge)):
        of = levels(scores, scores[:, 48:53].ravel())
        near, band = np.digitize(scores[:, 45:56], of.edges), np.digitize(scores.ravel(), of.edges)
        assert (np.ptp(near, axis=1) >= 5).all()
        assert (np.bincount(band) / scores.size).max() < 0.3  # no colour takes up the plane
        assert (of.low, of.high) == (scores.min(), scores.max())


@pytest.mark.parametrize("times", [1e-9, 1e-3, 1.0, 1e7])
def test_levels_keep_their_contrast_whatever_the_size_of_scores(times):
    x, y = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
    of = levels(times * (x + y**3), np.array([]))
    assert len(of.edges) >= 7
    assert (np.diff(of.edges) > 0.9 * np.ptp(times * (x + y**3)) / 125).all()


def test_no_level_goes_through_what_is_flat_but_for_rounding():
    rounding = 1e-7 * np.random.default_rng(0).normal(size=(41, 41))
    x, _ = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
    half = np.where(x > 0.5, x - 0.5, 0.0) + rounding
    of = levels(half, half[:, 0])
    assert len(np.unique(np.digitize(half[x <= 0.5], of.edges))) == 1
    assert len(np.unique(np.digitize(half, of.edges))) > 4
    still = levels(np.zeros((5, 5)), np.array([]))
    assert (still.low, still.high) == (0, 0)
    assert not ((still.low <= still.edges) & (still.edges <= still.high)).any()
    two = levels(np.where(x > 0.97, 1.0, -1.0), np.array([]))  # a sign, most of it one
    assert len(np.unique(np.digitize([-1.0, 1.0], two.edges))) == 2


def test_a_films_colours_take_up_the_part_of_the_bar_where_scores_are():
    run = synthetic(frames=3, **SMALL)
    run.frames["scores"][0] *= 0.01
    shown = draw.scene(run)
    _, (part, *_) = film.film_figure(shown)
    fill, label = part.artists[-2:]
    for t in range(3):
        part.show(t)
        of = scales(shown, t).critic
        across = np.concatenate([path.vertices[:, 0] for path in fill.get_paths()])
        assert (across.min(), across.max()) == pytest.approx((of.low, of.high))
        assert label.get_text() == f"scores from {number(of.low, 2)} to {number(of.high, 2)}"
    (ends,) = {fill.axes.get_xlim()}
    assert ends == pytest.approx((shown.scores.min(), shown.scores.max()))
    assert (
        len(film.film_figure(shown, options=draw.Options(scale="run"))[1][0].artists) == len(part.artists) - 2
    )  # nothing moves on its bar


def test_single_marks_are_darker_than_every_colour_of_the_critic_in_grey():
    def grey(colour):
        return float(np.dot(to_rgb(colour), [0.299, 0.587, 0.114]))

    darkest = min(grey(panels.SCORES(place)) for place in np.linspace(0, 1, 20))
    assert INK_ADDED * (darkest - grey(GENERATED)) > 0.08  # of white; a step of the critic's bands is half of that


def test_pixels_are_the_scores_interpolated_and_the_right_way_up():
    shown = draw.scene(linear(synthetic(frames=1, **SMALL), across=1.0, up=2.0))
    axis = Figure(figsize=(2, 2), dpi=50).add_axes((0, 0, 1, 1))
    panels.frame_view(axis, shown)
    edges = panels.band_edges(shown.scores)
    field = moving.Field(axis, lines=True)
    field.show(shown.scores[0], edges, panels.band_colours(edges))
    y, x = (np.indices((100, 100)) + 0.5) / 100 * 6 - 3
    expected = np.digitize(x + 2 * y, edges)
    assert (field.band == expected).mean() > 0.98
    axis.set_axis_off()
    canvas = FigureCanvasAgg(axis.figure)
    canvas.draw()
    painted = np.asarray(canvas.buffer_rgba()).astype(int).sum(-1)
    assert painted[2, 97] > painted[97, 97] > painted[97, 2]  # row 0 is the top; scores rise to the upper right


def linear(recording, across, up):
    """The same run with the critic f(x, y) = across x + up y."""
    x, y = np.meshgrid(recording.frames["grid_x"], recording.frames["grid_y"])
    frames, slopes = len(recording.frames["step"]), recording.frames["slopes"]
    return altered(recording, scores=np.tile(across * x + up * y, (frames, 1, 1, 1)),
                   slopes=np.broadcast_to([across, up], slopes.shape))  # fmt: skip


def test_curves_show_every_seed_and_the_portrait_seed_bold():
    run = synthetic(frames=6, **SMALL | {"seeds": 3})
    axis = empty_axis()
    draw.w1_curves(axis, run)
    lines = [line for line in axis.lines if len(line.get_xdata()) == 6]
    shown = {tuple(line.get_ydata()): line.get_linewidth() for line in lines}
    assert set(shown) == {tuple(column) for column in run.metrics["w1"].T}
    assert max(shown, key=shown.get) == tuple(run.metrics["w1"][:, 0])
    assert axis.get_yscale() == "log"
    assert {"seed 0", "seed 1", "seed 2"} <= set(words(axis.figure).split("\n"))
    (floor,) = (line for line in axis.lines if line.get_label() == "floor")
    assert floor.get_ydata()[0] == np.median(run.metrics["w1_floor"])


def test_names_keep_their_order_and_distance_and_move_as_little_as_possible():
    placed = panels.moved_apart([0.5, 0.5, 0.9, 0.5], 0.1)
    np.testing.assert_allclose(sorted(placed), [0.4, 0.5, 0.6, 0.9])
    assert placed[2] == max(placed)
    assert max(panels.moved_apart([1.0, 0.99], 0.1)) <= 1


def test_picture_carries_its_truth():
    run = synthetic(frames=3, **SMALL, modes=8, summary={"diagnosis": ["1 of 2 seeds lost modes.", "All slow."]})
    run.metrics["w1"][-1], run.metrics["w1_floor"][-1], run.metrics["modes"][-1] = [0.25, 0.5], 0.125, 7
    told = words(draw.picture(run))
    for truth in ("Swiss roll · wgan-gp", "seed 0 shown of 0, 1 ", "step 2000 of 2000", "done", run.facts.command,
                  "W1 0.25 (floor 0.0856)", "2 seeds: 0.25–0.5", "7 of 8 modes", "higher = more real",
                  "arrows point uphill", "1 of 2 seeds lost modes. All slow."):  # fmt: skip
        assert truth in told


def with_optimum(recording, scores, how="log p/q", **summary):
    """The same run with an optimal critic [13, 13] and its comparison with the learned one."""
    facts = Facts.of(recording.facts.said | {"summary": {"optimal": {"how": how, "correlation": 0.625}} | summary})
    known = {name: np.full((len(recording.frames["step"]), 2), 0.25) for name in ("critic_gap", "slope_alignment")}
    return Recording(facts, recording.frames | {"optimal_scores": scores[None].astype("f4")}, recording.metrics | known)


def test_optimal_critic_stands_beside_the_learned_one_on_its_own_scale():
    x, y = np.meshgrid(np.linspace(-3, 3, 13), np.linspace(-3, 3, 13))
    run = with_optimum(few(), 40 * x - 20 * y + 7)
    figure = draw.picture(run)
    critic_axis, best, field = figure.axes[1:4]
    assert best.get_title(loc="left") == "the optimal critic"
    sizes = [axis.get_position().size for axis in (critic_axis, best, field)]
    np.testing.assert_allclose(sizes, sizes[:1] * 3)
    np.testing.assert_allclose(best.collections[0].levels, scales(draw.scene(run)).optimal.edges)
    for line, other in zip(best.lines, critic_axis.lines, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())
    told = words(figure).replace("\n", " ")
    assert "The optimal critic: log p/q. Correlation with the learned critic in this window: 0.62." in told
    assert "not unique" not in told
    assert "exact transport" not in told


def moving_optimum(frames=4, how="log p/q", **told):
    """A run whose every frame has its own optimal critic, x + t y, with an offset of its own."""
    x, y = np.meshgrid(np.linspace(-3, 3, 13), np.linspace(-3, 3, 13))
    scores = np.stack([x + t * y + 100 * t for t in range(frames)])[:, None].astype("f4")
    run = few(frames=frames, summary={"optimal": {"how": how} | told})
    agreement = np.tile([[0.5], [0.25]][: 1 + frames % 2], (frames, 2))[:frames, :2]
    return Recording(
        run.facts, run.frames | {"optimal_scores": scores}, run.metrics | {"optimal_correlation": agreement}
    )


@pytest.mark.parametrize(("times", "beyond"), [(100.0, True), (1.5, False)])
def test_a_bar_of_a_film_is_about_players_that_have_learned(times, beyond):
    """Untrained critics may be a hundred times as steep as all later ones, whose colours would be a stub of the bar."""
    run = few(frames=4)
    grown = np.array([times, 1.0, 1.2, 0.9]).reshape(4, 1, 1, 1)
    plain = np.asarray(run.frames["scores"], float)[-1:]
    steep = np.asarray(run.frames["slopes"], float)[-1:] * grown[..., None]
    shown = draw.scene(altered(run, scores=plain * grown, slopes=steep))
    _, (critic, slopes, *_) = film.film_figure(shown)
    for part, words in ((critic, critic.artists[-1]), (slopes, slopes.artists[5])):
        said = []
        for t in range(4):
            part.show(t)
            said.append(words.get_text().endswith(" (beyond the bar)"))
        assert said == [beyond, False, False, False]


@pytest.mark.parametrize("scale", ["frame", "run"])
def test_film_shows_each_frames_own_optimal_critic(scale):
    run = moving_optimum()
    shown = draw.scene(run)
    _, (learned, best, slopes, _) = film.film_figure(shown, options=draw.Options(scale=scale))
    sizes = [part.axis.get_position().size for part in (learned, best, slopes)]
    np.testing.assert_allclose(sizes, sizes[:1] * 3)
    field = best.artists[0]
    for t in range(4):
        best.show(t)
        edges = scales(shown, t, scale).optimal.edges
        np.testing.assert_array_equal(field.edges, edges)
        rows, columns = np.indices(field.band.shape[:2]).astype(float)
        place = (columns / field.band.shape[1] * 6 - 3) + t * (rows / field.band.shape[0] * 6 - 3)
        assert (np.abs(field.band - np.digitize(place, edges)) <= 1).all()
        np.testing.assert_array_equal(best.artists[2].get_xydata(), visible(shown, t))
    assert best.axis.get_title(loc="left") == "the optimal critic"


def test_a_film_without_an_optimum_for_every_frame_has_two_panels():
    assert len(film.film_figure(draw.scene(with_optimum(few(frames=3), np.eye(13))))[1]) == 3
    assert len(film.film_figure(draw.scene(few(frames=3)))[1]) == 3


def test_frames_that_have_no_optimum_are_white_in_the_film(tmp_path):
    run = moving_optimum()
    run.frames["optimal_scores"][1] = np.nan
    _, (_, best, _, _) = film.film_figure(draw.scene(run))
    best.show(1)
    field = best.artists[0]
    assert (field.colours[field.band] == 255).all()
    draw.save_film(run, tmp_path / "film.gif", pace=NARROW)
    assert len(pictures_in(tmp_path / "film.gif")) == 4


def test_a_lost_run_keeps_the_optimum_of_its_finite_frames():
    run = moving_optimum()
    run.frames["scores"][2] = np.nan
    shown = draw.scene(run)
    assert shown.optimal.shape == (2, 13, 13)
    assert shown.optimal_moves


def test_panel_says_what_stands_for_an_endless_score():
    told = words(draw.picture(moving_optimum(drawn="only its sign: the score is endless"))).replace("\n", " ")
    assert "only its sign: the score is endless" in told
    assert "Correlation with the learned critic at real and generated points: 0.50." in told


def test_an_optimum_of_two_levels_keeps_them():
    signs = np.where(np.arange(169).reshape(13, 13) % 3, 1.0, -1.0)
    run = with_optimum(few(), signs, how="a sign")
    np.testing.assert_array_equal(draw.scene(run).optimal[-1], signs)
    assert "its score, median removed" not in words(draw.picture(run))


def floored(recording):
    """The same run with what a perfect generator scores, and its measures on fresh points."""
    floors = {"frame": {"w1": {"mean": 0.1, "spread": 0.02}, "high_quality": {"mean": 0.989, "spread": 0.003}}}
    floors["final"] = {"w1": {"mean": 0.07, "spread": 0.01}, "coverage": {"mean": 0.96, "spread": 0.01}}
    row = {"seed": 0, "w1": 0.0812, "coverage": 0.892, "js": 0.017, "modes": 8}
    summary = {"points": 2000, "w1_points": 1000, "seeds": [row]}
    return Recording(
        Facts.of(recording.facts.said | {"floors": floors, "summary": summary}), recording.frames, recording.metrics
    )


def test_measures_stand_beside_what_the_target_itself_scores():
    run = floored(few(modes=8))
    told = words(draw.picture(run))
    for truth in ("W1 0.0812 at the end (1000 fresh points): 1.16 times its floor 0.07",
                  "On 2000 fresh points of seed 0 (W1, KL and neighbours on 1000)"):  # fmt: skip
        assert truth in told
    rows = [("W1", "0.0812", "0.07"), ("JS", "0.017", ""), ("modes", "8", ""), ("coverage", "89 %", "96 %")]
    assert [tuple(part.replace("\N{NO-BREAK SPACE}", " ") for part in row) for row in final_rows(run)] == rows
    assert {part for row in rows for part in row if part} <= set(told.replace("\N{NO-BREAK SPACE}", " ").split("\n"))
    assert frame_words(run, run.frames["step"].size - 1)[0].endswith(
        "(floor 0.1\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.020)"
    )
    axis = empty_axis()
    draw.w1_curves(axis, run)
    (band,) = axis.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((0.08, 0.12))
    axis = empty_axis()
    panels.share_curves(axis, run)
    assert [98.9] in [sorted(set(line.get_ydata())) for line in axis.lines if line.get_linestyle() == ":"]


def test_a_known_band_of_perfect_samplers_is_drawn_and_said():
    run = floored(few(modes=8))
    told = {"mean": 0.1, "spread": 0.02, "low": 0.07, "high": 0.15, "draws": 40}
    floors = run.facts.said["floors"] | {"frame": {"w1": told}}
    run = Recording(Facts.of(run.facts.said | {"floors": floors}), run.frames, run.metrics)
    said = " ".join(words(draw.picture(run)).split())
    assert frame_words(run, -1)[0].endswith("(floor 0.1, 0.07–0.15)")
    assert "Floor: W1 of perfect samplers to the same real points" in said
    axis = empty_axis()
    draw.w1_curves(axis, run)
    (band,) = axis.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((0.07, 0.15))
    assert "floor, band: 90 % of perfect samplers" in {line.get_label() for line in axis.lines}


def test_a_negative_divergence_says_that_it_is_an_error():
    run = floored(few(modes=8))
    for kl, error in ((-0.012, ["KL: below 0 is the estimate's error."]), (0.012, [])):
        summary = run.facts.said["summary"] | {"seeds": [{"seed": 0, "w1": 0.1, "kl": kl, "modes": 8, "coverage": 0.9}]}
        altered_run = Recording(Facts.of(run.facts.said | {"summary": summary}), run.frames, run.metrics)
        assert final_notes(altered_run)[1:] == error


def test_numbers_of_a_frame_say_of_how_many_points_they_are():
    told = {"critic_points": 400, "w1_points": 1000, "points": 2000, "seeds": [{"seed": 0, "w1": 0.1}]}
    run = few(frames=3, modes=8, summary=told)
    w1, modes, *_ = frame_words(run, 1)
    assert w1.startswith(f"W1 {number(run.metrics['w1'][1, 0])} of 400 points (floor ")
    assert "points" not in modes
    figure, (*_, bar) = film.film_figure(draw.scene(run))
    bar.show(1)
    assert " of 400 points (floor" in words(figure)
    assert " of 400 points (floor" in " ".join(words(draw_steps.steps(run, [0, 1, 2])).split())
    _, figure, parts = comparison_parts(run, run)
    for t, early in ((1, True), (2, False)):
        parts[0].show(t)
        said = " ".join(parts[0].artists[-1].get_text().split())
        assert (" of 400 points (floor" in said) == early
    assert "W1 0.1 at the end (1000 fresh points)" in words(draw.picture(run))


@pytest.mark.parametrize(("good", "told"), [(0.9, False), (0.02, True)])
def test_modes_that_stray_points_make_are_said_to_be_that(good, told):
    run = floored(few(modes=8))
    summary = run.facts.said["summary"] | {"seeds": [{"seed": 0, "w1": 0.1, "modes": 8, "high_quality": good}]}
    notes = final_notes(Recording(Facts.of(run.facts.said | {"summary": summary}), run.frames, run.metrics))
    assert ("Modes: one point within 3 sigma is enough for a mode to count." in notes) == told


def test_critic_is_compared_with_exact_transport_where_that_is_its_optimum():
    known = {"how": "whatever it is called", "kind": "potential"}
    row = {"seed": 0, "slope_alignment_ceiling": 0.8125}
    run = with_optimum(few(modes=8), np.eye(13), optimal=known, seeds=[row])
    figure = draw.picture(run)
    curves = {axis.get_title(loc="left"): axis for axis in figure.axes}
    lines = {line.get_label(): line.get_ydata() for line in curves["critic against exact transport"].lines}
    np.testing.assert_array_equal(lines["share of W1 seen"], run.metrics["critic_gap"][:, 0])
    np.testing.assert_array_equal(lines["slopes agree"], run.metrics["slope_alignment"][:, 0])
    dotted = [
        line.get_ydata()[0] for line in curves["critic against exact transport"].lines if line.get_linestyle() == ":"
    ]
    assert dotted == [1, 0.8125]
    told = words(figure).replace("\n", " ")
    assert "away from the points it is not unique" in told
    assert "Found anew from as many fresh points, its slopes agree to 0.812: a critic can hardly do better." in told
    boxes = [axis.get_tightbbox(figure.canvas.get_renderer()) for name, axis in curves.items() if name]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


@pytest.mark.parametrize(
    ("known", "objective", "exact"),
    [
        ({"how": "the exact Kantorovich potential", "kind": "density"}, "wasserstein", False),
        ({"how": "log p/q", "kind": "potential"}, "minimax", True),
        ({"how": "no word of it"}, "wasserstein", True),  # an older recording
        ({"how": "the exact Kantorovich potential"}, "minimax", False),
        ({}, "wasserstein", False),
    ],
)
def test_what_decides_an_optimum_is_a_fact_and_no_words(known, objective, exact):
    run = few(summary={"optimal": known}, config={"method": {"objective": {"kind": objective}}})
    assert exact_transport(run) == exact


def with_boundary(score, frames=3):
    """A run whose critic is x + t at frame t, with the score at which it cannot tell."""
    run = few(frames=frames, summary={"boundary": score} if score is not None else {})
    x, _ = np.meshgrid(run.frames["grid_x"], run.frames["grid_y"])
    scores = np.stack([x + t for t in range(frames)])[:, None].astype("f4")
    return Recording(run.facts, run.frames | {"scores": scores}, run.metrics)


def test_the_decision_boundary_is_a_line_where_the_critic_cannot_tell():
    shown = draw.scene(with_boundary(0.5))
    np.testing.assert_allclose(shown.boundary, [0.5, -0.5, -1.5], atol=1e-6)  # as high as in the drawn scores
    for figure in (draw.picture(with_boundary(0.5)), draw.comparison([with_boundary(0.5)])):
        (line,) = [one for axis in figure.axes for one in axis.collections if isinstance(one, LineCollection)]
        (places,) = line.get_segments()
        np.testing.assert_allclose(places[:, 0], 0.5 - 2, atol=1e-5)  # of the last frame: x + 2 = 1/2
        assert "\N{EM DASH} boundary: raw score 0.5" in words(figure)
    _, (learned, *_) = film.film_figure(shown)
    (line,) = [artist for artist in learned.artists if isinstance(artist, LineCollection)]
    for t in range(3):
        learned.show(t)
        np.testing.assert_allclose(line.get_segments()[0][:, 0], 0.5 - t, atol=1e-5)


def test_a_boundary_out_of_view_is_said_and_none_is_not_drawn():
    told = words(draw.picture(with_boundary(7.0)))
    assert "no boundary in view: raw score 7" in told
    run = with_boundary(None)  # an objective without one, or an older recording
    assert draw.scene(run).boundary is None
    figure = draw.picture(run)
    assert "boundary" not in words(figure)
    assert not [one for axis in figure.axes for one in axis.collections if isinstance(one, LineCollection)]
    _, (learned, *_) = film.film_figure(draw.scene(run))
    assert not [artist for artist in learned.artists if isinstance(artist, LineCollection)]


def test_infinite_optimal_scores_lie_beyond_the_finite_ones_and_unknown_ones_stay_blank():
    scores = np.arange(169.0).reshape(13, 13)
    scores[0, :3] = np.inf, -np.inf, np.nan
    (shown,) = draw.scene(with_optimum(few(), scores)).optimal
    assert np.argmax(np.nan_to_num(shown)) == 0
    assert shown[0, 1] == np.nanmin(shown)
    assert np.isnan(shown).sum() == 1
    assert "its score, infinite ones cut off" in words(draw.picture(with_optimum(few(), scores)))
    np.testing.assert_allclose(np.diff(shown[1:].ravel()), 1)


def test_optimum_of_other_points_than_those_shown_is_left_out():
    run = with_optimum(few(status="diverged"), np.eye(13))
    run.frames["scores"][-1] = np.nan
    assert draw.scene(run).optimal is None


@pytest.mark.parametrize("kind", sampled(["png", "pdf", "svg"], 3))
def test_equal_pictures_are_equal_files(tmp_path, kind):
    run = synthetic(frames=1, **SMALL)
    for name in ("one", "two"):
        draw.save_picture(run, tmp_path / f"{name}.{kind}", draw.Options(px=400))
    first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
    assert first[:4] in (b"\x89PNG", b"%PDF", b"<?xm")
    assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"one.{kind}", f"two.{kind}"]


def test_unknown_formats_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"'bmp'.*png, pdf, svg"):
        draw.save_picture(synthetic(frames=1, **SMALL), tmp_path / "picture.bmp")
    with pytest.raises(ValueError, match=r"'png'.*gif, webp, mp4"):
        draw.save_film(synthetic(frames=1, **SMALL), tmp_path / "film.png")
    with pytest.raises(ValueError, match="at least one"):
        draw.comparison([])


@pytest.fixture(scope="module", params=["gif", "webp"])
def filmed(request, tmp_path_factory):
    """A film of four frames, and what was said while it was made."""
    told, path = [], tmp_path_factory.mktemp("filmed") / f"film.{request.param}"
    draw.save_film(synthetic(frames=4, **SMALL), path, lambda *progress: told.append(progress), NARROW)
    return path, told


def test_film_has_every_frame_and_loops(filmed):
    path, told = filmed
    assert len(pictures_in(path)) == 4
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with Image.open(path) as moving:
        assert moving.info["loop"] == 0


@pytest.mark.parametrize("filmed", ["gif"], indirect=True)
def test_gif_has_one_palette_and_holds_the_last_frame(filmed):
    path, _ = filmed
    with Image.open(path) as moving:
        shown = [frame.info["duration"] for frame in ImageSequence.Iterator(moving)]
        assert (shown[0], shown[-1]) == (620, 2000)
        assert moving.info["comment"] == synthetic(frames=4, **SMALL).facts.command.encode()
    assert local_palettes(path.read_bytes()) == 0


def local_palettes(data):
    """How many image blocks of a GIF bring a colour table of their own (GIF89a specification, sections 18 to 22)."""
    at, found = 13 + (3 << ((data[10] & 7) + 1)) * (data[10] >> 7), 0
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            flags = data[at + 9]
            found += flags >> 7
            at += 11 + (3 << ((flags & 7) + 1)) * (flags >> 7)
        else:
            at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    return found


@pytest.mark.parametrize("scale", ["frame", "run"])
def test_a_films_scale_is_each_frames_own_or_the_runs_and_its_bar_marks_events(scale):
    run = synthetic(frames=3, **SMALL, events=[{"step": 1000, "seed": 1, "label": "oscillation"}])
    shown = draw.scene(run)
    figure, (critic_part, slope_part, bar) = film.film_figure(shown, options=draw.Options(scale=scale))
    field, uphill = critic_part.artists[0], slope_part.artists[3]
    for t in range(3):
        critic_part.show(t), slope_part.show(t), bar.show(t)
        of = scales(shown, t, scale)
        np.testing.assert_array_equal(field.edges, of.critic.edges)
        np.testing.assert_allclose(uphill.U, panels.arrow_lengths(shown, t, of.longest)[0].ravel())
        np.testing.assert_array_equal(critic_part.artists[2].get_xydata(), visible(shown, t))
        assert f"step {shown.steps[t]} of 2000" in words(figure)
        assert ("oscillation at step 1000 (seed 1)" in words(figure)) == (t >= 1)


def test_bar_marks_the_seed_shown_in_full_and_joins_seeds_that_agree():
    events = [{"step": 500, "seed": 1, "label": "mode-collapse"}]
    events += [{"step": 900, "seed": seed, "label": "oscillation"} for seed in (3, 0)]
    run = synthetic(frames=3, **SMALL | {"seeds": 4}, modes=8, events=events)
    _, (*_, bar) = film.film_figure(draw.scene(run))
    _, hollow, full, state = bar.artists
    (latest,) = bar.words
    assert (list(hollow.get_xdata()), list(full.get_xdata())) == ([500], [900])
    bar.show(2)
    assert latest.get_text() == "◆ mode-collapse at step 500 (seed 1); ◆ oscillation at step 900 (seeds 0, 3)"
    assert not state.get_window_extent().overlaps(latest.get_window_extent())


def test_mp4_without_its_encoder_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match=r"pip install 'toygan\[mp4\]'"):
        draw.save_film(synthetic(frames=1, **SMALL), tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())


def test_diverged_run_is_drawn_up_to_its_last_finite_frame(tmp_path):
    run = synthetic(frames=5, **SMALL, status="diverged")
    run.frames["samples"][3, 0, 7] = np.nan
    run.frames["scores"][4] = np.inf
    shown = draw.scene(run)
    assert shown.last == 2
    assert "seed 0 diverged: shown at step 1000" in words(draw.picture(run))
    draw.save_film(run, tmp_path / "film.gif", pace=NARROW)
    assert len(pictures_in(tmp_path / "film.gif")) == 3


def test_comparison_names_every_run_in_one_view_with_one_w1_panel():
    runs = [synthetic(frames=2, **SMALL, modes=8, method=name) for name in ("gan", "wgan", "wgan-gp", "rpgan", "lsgan")]
    figure = draw.comparison(runs)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert {"gan", "wgan", "wgan-gp", "rpgan", "lsgan", "W1, median of the seeds (log scale)"} <= set(titles)
    medians = {tuple(np.median(run.metrics["w1"], axis=1)) for run in runs}
    curves = figure.axes[titles.index("W1, median of the seeds (log scale)")]
    assert medians <= {tuple(line.get_ydata()) for line in curves.lines}
    assert words(figure).count("of 8 modes") == 5


def test_equal_methods_are_numbered():
    assert names_apart([synthetic(frames=1, **SMALL)] * 2) == ["wgan-gp (1)", "wgan-gp (2)"]


def configured(config, method="wgan-gp", **told):
    return synthetic(frames=2, **SMALL, method=method, config=config, **told)


def test_runs_are_named_by_what_differs():
    one = {"training": {"batch": 64, "frames": 50}, "method": {"critic_steps": 5, "formula": "f"}, "about": "a"}
    other = {"training": {"batch": 256, "frames": 50}, "method": {"critic_steps": 1, "formula": "g"}, "about": "b"}
    assert names_apart([configured(one), configured(other)]) == ["batch 64, 5 critic steps", "batch 256, 1 critic step"]
    # The settings of another method are its own affair, the budget is not.
    assert names_apart([configured(one, "gan"), configured(other, "wgan")]) == ["gan · batch 64", "wgan · batch 256"]
    assert names_apart([configured(one, "gan"), configured(one, "wgan")]) == ["gan", "wgan"]
    ring = {"scenario": "ring", "title": "Ring"}
    assert names_apart([configured(one), configured(other, **ring)]) == ["Swiss roll", "Ring"]
    assert names_apart([configured(one, "gan"), configured(other, "wgan", **ring)]) == [
        "Swiss roll · gan",
        "Ring · wgan",
    ]


def test_settings_are_said_as_people_say_them():
    def named(one, other):
        return names_apart([configured(one), configured(other)])

    clip, penalty = (
        {"method": {"constraint": row}} for row in ({"kind": "clip", "bound": 1.0}, {"kind": "r1", "weight": 9.0})
    )
    assert named(clip, penalty) == ["constraint clip", "constraint r1"]
    assert named({"method": {"constraint": {"weight": 0.1}}}, {"method": {"constraint": {"weight": 10}}}) == [
        "constraint weight 0.1", "constraint weight 10"]  # fmt: skip
    assert named({"generator": {"width": 32}}, {"generator": {"width": 64}})[0] == "generator width 32"
    assert named({"training": {"frames": 5}}, {"training": {"frames": 50}}) == ["5 frames", "50 frames"]
    assert named({"training": {"frames": 5, "steps": 1}}, {"training": {"frames": 50, "steps": 9}}) == [
        "1 step",
        "9 steps",
    ]
    many = [{"target": dict.fromkeys("abcde", value)} for value in (1, 2)]
    assert named(*many)[0] == "target a 1, target b 1, target c 1, and 2 more"


def test_each_scenario_of_a_comparison_has_its_own_floor():
    ring = {"scenario": "ring", "title": "Ring"}
    runs = [configured({}), configured({}, **ring), configured({}, "gan")]
    for t, run in enumerate(runs):
        run.metrics["w1_floor"][:] = 0.125 * (1 + t % 2)
    figure = draw.comparison(runs)
    (curves,) = [axis for axis in figure.axes if axis.get_title(loc="left") == "W1, median of the seeds (log scale)"]
    floors = {line.get_label(): line.get_ydata()[0] for line in curves.lines if line.get_label().startswith("floor")}
    assert floors == {"floor: Swiss roll": 0.125, "floor: Ring": 0.25}


def test_a_comparison_takes_no_two_worlds_of_one_title_for_one():
    runs = [configured({}, scenario=name, title="Ring") for name in ("ring", "my-ring")]
    assert sheet.comparison_header([draw.scene(run) for run in runs])[0] == "ring · my-ring · wgan-gp"
    many = [draw.scene(configured({}, scenario=f"ring-{i}", title="Ring")) for i in range(4)]
    assert sheet.comparison_header(many)[0] == "4 scenarios · wgan-gp"


def comparison_parts(*runs):
    scenes = [draw.scene(run) for run in runs]
    return scenes, *together.comparison_figure(scenes)


def test_a_comparison_film_has_curves_bars_events_and_in_the_end_the_diagnosis():
    told = {"events": [{"step": 1000, "seed": 0, "label": "oscillation"}], "summary": {"diagnosis": ["It swung."]}}
    scenes, figure, parts = comparison_parts(few(frames=5, **told), few(frames=3, method="gan", steps=2000))
    _, _, curves, words_part, bars = parts
    first, dot, second, _ = curves.artists
    for t, (steps, own) in enumerate([(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)]):
        for part in parts:
            part.show(t)
        assert (len(first.get_xdata()), len(second.get_xdata())) == (steps, own)
        assert dot.get_xdata()[0] == scenes[0].steps[t] == bars.artists[0].get_xdata()[1]
        said = words_part.words[0].get_text()
        assert ("◆ oscillation at step 1000 (seed 0)" in said) == (t in (2, 3))
        assert said.endswith("It swung.") == (t == 4)
    np.testing.assert_array_equal(first.get_ydata(), np.median(scenes[0].recording.metrics["w1"], axis=1))
    assert "step 2000 of 2000" in words(figure)


def test_a_comparison_film_holds_its_end_long_enough_to_read(tmp_path):
    draw.save_comparison_film([few(frames=3), few(frames=3, method="gan")], tmp_path / "film.gif", pace=NARROW)
    with Image.open(tmp_path / "film.gif") as moving:
        shown = [frame.info["duration"] for frame in ImageSequence.Iterator(moving)]
    assert shown == [830, 840, 4000]


def test_paper_stays_white_beside_a_map_that_is_nearly_so():
    """Most of a map may be of a colour between white and the palest band: paper is not to take it on."""
    pixels = np.full((60, 80, 3), 255, np.uint8)
    pixels[:40] = (251, 251, 247)
    palette = reel.shared_palette([Image.fromarray(pixels)] * 4)
    seen = Image.fromarray(pixels).quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
    assert (np.asarray(seen)[40:] == 255).all()


def test_a_film_is_smooth_where_looks_allow_and_never_a_blink():
    of_50 = reel.reel(50, draw.Pace())
    assert (of_50.fps, of_50.looks) == (20, list(range(50)))
    assert of_50.times == [500, *[50] * 48, 2000]
    assert reel.reel(200, draw.Pace()).fps == 25
    assert sum(reel.reel(5, draw.Pace()).times[1:-1]) == 1500
    assert reel.reel(1, draw.Pace()) == ([0], [2500], 0.4)


def test_rate_and_length_choose_looks_and_never_blend_them():
    for fps, seconds, count in [(30, None, 50), (None, 10, 50), (10, 2, 50), (25, 8, 50), (1, 0.1, 50), (50, 600, 3)]:
        played = reel.reel(count, draw.Pace(fps, seconds))
        assert played.looks == sorted(set(played.looks))
        assert (played.looks[0], played.looks[-1]) == (0, count - 1)
        assert min(played.times) >= 10
    assert len(reel.reel(50, draw.Pace(10, 2)).looks) == 20
    assert reel.reel(50, draw.Pace(30)).times[1:4] == [40, 30, 30]  # a third of a tenth, in hundredths
    slow = reel.reel(50, draw.Pace(25, 8))  # more frames than looks: a look stays
    assert len(slow.looks) == 50
    assert sum(slow.times) == pytest.approx(8000 + 500 + 2000, abs=400)


def test_a_film_is_as_wide_as_asked_and_its_parts_move_along(tmp_path):
    run = synthetic(frames=2, **SMALL)
    for width in (300, 601):
        draw.save_film(run, tmp_path / "film.gif", pace=draw.Pace(width=width))
        assert {picture.width for picture in pictures_in(tmp_path / "film.gif")} == {width}
    _, (critic_part, *_) = film.film_figure(draw.scene(run), 400)
    assert critic_part.artists[0].size[0] == round(critic_part.axis.get_window_extent().width)


def test_mp4_repeats_frames_for_as_long_as_they_are_held():
    played = reel.reel(50, draw.Pace())
    counts = reel.repeats(played.times, 20)
    assert counts == [10, *[1] * 48, 40]
    assert reel.repeats([500, 100, 2000], 12) == [6, 1, 24]


def test_comparison_film_is_in_step_by_the_share_of_training(tmp_path):
    runs = [synthetic(frames=frames, **SMALL, method=str(frames)) for frames in (5, 3)]
    draw.save_comparison_film(runs, tmp_path / "film.gif", pace=NARROW)
    assert len(pictures_in(tmp_path / "film.gif")) == 5
    np.testing.assert_array_equal(nearest_frames(runs[1].frames["step"], runs[1].facts.steps, 5), [0, 0, 1, 1, 2])


def on_plane(figure):
    """The axes that show the view."""
    return [axis for axis in figure.axes if axis.get_xlim() == axis.get_ylim() == (-3, 3)]


def test_chosen_steps_stand_side_by_side_with_their_own_measures():
    run = moving_optimum(frames=5)
    figure = draw_steps.steps(run, [0, 2, 4])
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles.count("the optimal critic") == 1
    shown = draw.scene(run)
    learned = on_plane(figure)[::3]
    assert len(learned) == 3
    for axis, look in zip(learned, (0, 2, 4), strict=True):
        np.testing.assert_array_equal(axis.lines[1].get_xydata(), visible(shown, look))
        np.testing.assert_allclose(axis.collections[0].levels, scales(shown, look).critic.edges)
        assert f"step {shown.steps[look]}" in words(axis)
        assert f"W1 {number(run.metrics['w1'][look, 0])} (floor" in words(figure)
    one = draw_steps.steps(run, [2])
    places = [axis.get_position() for axis in on_plane(one)]
    assert len({place.y0 for place in places}) == 1
    assert len(places) == 3


@pytest.mark.parametrize("looks", [[0], pytest.param([0, 1], marks=pytest.mark.slow), [0, 1, 2, 3, 4, 5]])
def test_chosen_steps_lie_apart(looks):
    figure = draw_steps.steps(few(frames=6, modes=8), looks)
    boxes = [axis.get_position() for axis in on_plane(figure)]
    assert len(boxes) == 2 * len(looks)
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    figure.draw_without_rendering()
    lowest = min(text.get_window_extent().y0 for text in figure.texts + [t for axis in figure.axes for t in axis.texts])
    assert lowest >= 0


def test_the_nearest_looks_are_found_and_a_step_that_never_came_is_refused():
    run = few(frames=5)  # steps 0, 500, ... 2000
    assert looks_at(run, [0, 240, 260, 700, 2000]) == [0, 1, 4]
    for step in (2001, -1):
        with pytest.raises(ValueError, match=f"step {step} was never looked at; .* from step 0 to 2000"):
            looks_at(run, [step])


def test_a_lost_run_shows_its_last_finite_look_once():
    run = few(frames=5, status="diverged")
    run.frames["scores"][3:] = np.nan
    told = words(draw_steps.steps(run, [1, 3, 4]))
    assert "step 500" in told
    assert told.count("step 1000") == 2  # over the panels, and in the words on what is missing
    assert "seed 0 diverged: shown at step 1000" in told


def seeded(kept):
    """A run of four seeds of which some first ones kept their critics."""
    rows = [{"seed": seed, "w1": float(seed)} for seed in range(4)]
    run = few(seeds=4, modes=2, summary={"seeds": rows})
    frames = {name: np.repeat(run.frames[name], kept, 1) for name in ("scores", "slopes")}
    frames["scores"] = frames["scores"] * np.arange(1, kept + 1)[:, None, None]
    final = np.arange(8.0).reshape(4, 1, 2)
    return Recording(run.facts, run.frames | frames | {"final": final}, run.metrics)


def test_any_seed_is_drawn_as_the_first_one_is():
    run = seeded(2)
    chosen = of_seed(run, 1)
    assert chosen.facts.seeds == (1, 0, 2, 3)
    assert chosen.facts.portrait_row["w1"] == 1
    np.testing.assert_array_equal(chosen.metrics["w1"], run.metrics["w1"][:, [1, 0, 2, 3]])
    np.testing.assert_array_equal(chosen.frames["final"], run.frames["final"][[1, 0, 2, 3]])
    np.testing.assert_array_equal(chosen.frames["mode_centres"], run.frames["mode_centres"])
    shown = draw.scene(chosen)
    np.testing.assert_allclose(shown.scores, 2 * draw.scene(run).scores, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(shown.samples, run.frames["samples"][:, 1])
    assert "seed 1 shown of 0, 1, 2, 3" in words(draw.picture(chosen))
    with pytest.raises(ValueError, match="seed 7 was not run; this run's are 0, 1, 2, 3"):
        of_seed(run, 7)


def test_a_seed_without_its_critic_shows_its_points_and_says_so(tmp_path):
    run = of_seed(seeded(2), 3)
    shown = draw.scene(run)
    assert not shown.critic_kept
    assert np.isnan(shown.scores).all()
    sheet_of_it = draw.picture(run)
    for figure in (sheet_of_it, draw_steps.steps(run, [0, 1]), film.film_figure(shown)[0]):
        told = " ".join(words(figure).split())
        assert "The critic of seed 3 was not kept: its points alone are shown." in told
        assert "steepness" not in told
        assert "score" not in told
    points = sheet_of_it.axes[1].lines[1].get_xydata()
    np.testing.assert_array_equal(points, visible(shown, shown.last))
    draw.save_film(run, tmp_path / "film.gif", pace=NARROW)
    assert len(pictures_in(tmp_path / "film.gif")) == 2
    for view in ("inside", "latent", "transport"):
        players.VIEWS[view](run).draw_without_rendering()


def few(**changes):
    return synthetic(**{"frames": 2, **SMALL} | changes)


def odd_runs():
    """Runs at the edge of what can be drawn, by name."""
    run, still = few(), few(frames=1)
    nothing = {name: np.full((2, 2), np.nan) for name in run.metrics}
    return {
        "one frame, no steps": altered(few(frames=1, steps=0, step=0), step=np.array([0])),
        "constant critic": altered(run, scores=np.full_like(run.frames["scores"], 1e8),
                                   slopes=np.zeros_like(run.frames["slopes"])),
        "nothing measured": altered(run, **nothing),
        "no measures at all": Recording(run.facts, run.frames, {}),
        "one mode": few(modes=1),
        "dirac": altered(run, real=np.zeros((40, 2)), w1=np.zeros((2, 2)), w1_floor=np.zeros((2, 2))),
        "collapsed": altered(run, samples=np.ones_like(run.frames["samples"])),
        "one point": few(points=1),
        "one seed": few(seeds=1),
        "many seeds": few(seeds=32),
        "huge": altered(run, scores=1e8 * run.frames["scores"], slopes=1e8 * run.frames["slopes"],
                        critic_loss=np.array([[1.0, 1e20], [np.inf, 2.0]])),
        "linear critic": linear(run, 1e-9, 3.0),
        "all outside": altered(run, samples=run.frames["samples"] + 100),
        "never finite": altered(still, samples=np.full_like(still.frames["samples"], np.nan)),
        "wide view": altered(run, grid_y=np.linspace(-1, 1, 13), slope_y=np.linspace(-1, 1, 5)),
        "tall view": altered(run, grid_x=np.linspace(0, 1, 13), slope_x=np.linspace(0, 1, 5)),
        "hard optimum": with_optimum(run, np.where(np.arange(169).reshape(13, 13) % 3, np.inf, -np.inf)),
        "infinite optimum": with_optimum(run, np.full((13, 13), np.inf)),
        "flat optimum": with_optimum(run, np.ones((13, 13))),
        "no optimum": with_optimum(run, np.full((13, 13), np.nan)),
        "huge optimum": with_optimum(run, np.linspace(-1, 1, 169).reshape(13, 13) ** 9 * 3e38),
        "optimum on a part": with_optimum(run, np.where(np.eye(13) > 0, 2.0, np.nan)),
        "half-run optimum": Recording(Facts.of(few().facts.said | {"summary": None}), with_optimum(run, np.eye(13)).frames, {}),
        "moving optimum": moving_optimum(frames=2),
        "optimum never known": altered(moving_optimum(frames=2), optimal_scores=np.full((2, 1, 13, 13), np.nan)),
        "measured beside floors": floored(run),
        "dollars": few(title="costs $5 and $6_x", command="toygan run 'a$b$c' " + "--set key=value " * 20),
    }  # fmt: skip


@pytest.mark.parametrize("name", sampled(odd_runs(), 4))
def test_odd_runs_can_be_drawn(tmp_path, name):
    run = odd_runs()[name]
    draw.picture(run).savefig(tmp_path / "picture.png", dpi=40)
    draw.comparison([run, run]).savefig(tmp_path / "comparison.png", dpi=40)
    draw.save_film(run, tmp_path / "film.gif", pace=NARROW)
    assert len(pictures_in(tmp_path / "film.gif")) == len(run.frames["step"])


def test_a_generator_that_stands_still_gets_curves_of_its_critic():
    run = synthetic(frames=4, **SMALL)
    run.metrics["w1"][:] = 0.7
    for k, place in enumerate(("real", "fake", "between")):
        run.metrics[f"slope_{place}_median"] = np.full_like(run.metrics["w1"], 1.0 + k)
    told = words(draw.picture(run))
    assert "steepness of the critic, medians" in told
    assert "W1 to the target (log scale)" not in told
    assert "W1 to the target (log scale)" in words(draw.picture(synthetic(frames=4, **SMALL)))


def test_runs_with_other_points_have_other_floors():
    one, other = (
        synthetic(frames=3, **SMALL, config={"target": {"kind": "ring"}, "training": {"points": n}}) for n in (60, 1000)
    )
    assert sheet.world_of(one) != sheet.world_of(other)


def test_a_sheet_without_a_floor_speaks_of_none():
    run = synthetic(frames=3, **SMALL)
    del run.metrics["w1_floor"]
    assert "Floor:" not in words(draw.picture(run))


def test_modes_that_only_strays_touch_are_said_to_be_touched():
    run = few(modes=4)
    for good, said in ((0.01, "2 of 4 modes touched"), (0.9, "2 of 4 modes")):
        table = np.ones((2, len(run.facts.seeds)))
        metrics = {**run.metrics, "modes": 2 * table, "high_quality": good * table}
        assert said in frame_words(replace(run, metrics=metrics), 1)


def test_words_beneath_one_of_four_runs_stay_above_the_next_thing():
    runs = [few(frames=3, seeds=8, modes=4, method=f"method-{k}") for k in range(4)]
    figure = draw.comparison(runs)
    figure.draw_without_rendering()
    tall = figure.bbox.height
    curve = next(axis for axis in figure.axes if axis.get_title(loc="left").startswith("W1"))
    top = curve.get_tightbbox().y1
    for axis in figure.axes[:4]:
        beneath = min(text.get_window_extent().y0 for text in axis.texts if text.get_text())
        assert top < beneath < tall


def test_a_legend_of_several_floors_stays_under_the_title():
    runs = [few(frames=3, title=f"World {k}", scenario=f"world-{k}") for k in range(5)]
    figure = draw.comparison(runs)
    figure.draw_without_rendering()
    curve = next(axis for axis in figure.axes if axis.get_title(loc="left").startswith("W1"))
    legend = curve.get_legend()
    if legend is not None:
        assert legend.get_window_extent().y1 <= curve._left_title.get_window_extent().y0 + 2
    assert "5 scenarios" in words(figure)


def test_thousands_on_axes_are_written_as_in_sentences():
    for value in (12_000, 9_500, 150_000, 0.02, 3e7, -12_000):
        assert panels.tick(value) == number(value, 6 if abs(value) < 1e6 else 3)
    assert panels.tick(12_000) == "12000"
