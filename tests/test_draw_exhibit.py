from __future__ import annotations

import math
import warnings
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from conftest import sampled
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_rgb
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from test_draw import altered, synthetic, with_boundary, words

from toygan.draw import exhibit_parts as parts
from toygan.draw.companions import colour_of
from toygan.draw.exhibit import PANELS
from toygan.draw.exhibit_curves import by_layer, floor_at
from toygan.draw.exhibit_parts import NO_BARS, Labelled, Material, within
from toygan.draw.exhibit_plane import MOST, share_above
from toygan.draw.exhibit_price import Spot, covered, distance_to, free_box, front, overlap
from toygan.draw.exhibit_rows import best_cells, cell_text, cells_of, columns_of, ordered, parted
from toygan.draw.points import MIST
from toygan.draw.saved import save_figure
from toygan.draw.sheet import WIDTH
from toygan.draw.sweep import BARS, log_axis
from toygan.exhibits import show
from toygan.exhibits.files import Panel
from toygan.game.casts import BY_LABEL, IN_PAIRS
from toygan.quantities import table
from toygan.view.axes import leaves
from toygan.view.levels import scales
from toygan.view.look import Options
from toygan.view.scene import scene
from toygan.view.statistics import Interval, median, reach

TINY = {"points": 40, "grid": 13, "coarse": 5, "seeds": 3, "frames": 4}
BOXES = {"plans": "boxes", "a": [1, 1, 1, 2, 3, 3], "b": [7, 8, 9, 9, 10, 10], "best": 42, "worst": 42}
THEORY = {
    "distances": [
        {"distances": "lines", "target.shift": shift, "w1": abs(shift), "w2": abs(shift), "js": math.log(2) * bool(shift),
         "tv": float(bool(shift)), "kl": math.inf if shift else 0.0, "reverse_kl": math.inf if shift else 0.0}
        for shift in (-1.0, -0.5, 0.0, 0.5, 1.0)
    ],
    "plan": [BOXES | {"moves": [[i, i] for i in range(6)]}],
    "bound": [{"bounds": "lines", "std": std, "w1": 1.0, "js": 0.6 / (1 + std), "bound": 2 * std + 1.5}
              for std in (0.1, 0.3, 1.0)],
    "refined": [{"refined": "after", "scenario": "ring", "method": "gan", "critic": critic, "way": way, "seed": seed,
                 "w1_floor": 0.1, "perfect": 0.15, "w1": w1 + 0.02 * seed}
                for seed in (0, 1) for critic, way, w1 in (("none", "as they are made", 0.4), ("learned", "rejection", math.nan),
                                        ("learned", "Metropolis-Hastings", 0.3), ("exact", "rejection", 0.11))],
}  # fmt: skip


class Phase(NamedTuple):
    title: str
    axis: np.ndarray
    field: np.ndarray
    path: np.ndarray
    words: str
    rests: np.ndarray
    names: tuple[str, str] = ("θ", "ψ")
    more: tuple[str, ...] = ()
    remembers: bool = False


def phase(title="one game"):
    axis = np.linspace(-2, 2, 5)
    x, y = np.meshgrid(axis, axis)
    return Phase(
        title, axis, np.stack([-y, x], -1), np.array([[1.0, 1.0], [0.5, 1.0]]), "eigenvalues ±i", np.zeros((1, 2))
    )


def recorded(method="wgan-gp", **facts):
    """A made-up run with what the inside of its players shows."""
    run, rng = synthetic(method=method, modes=4, **TINY, **facts), np.random.default_rng(0)
    t, s = TINY["frames"], TINY["seeds"]
    inner = {
        "optimal_scores": rng.normal(size=(t, 1, 13, 13)),
        "layer_gradients": np.geomspace(1, 1e-6, 4) * rng.uniform(1, 2, (t, s, 1)),
        "weight_histogram": np.full((t, 1, 41), 1 / 41),
        "weight_reach": np.linspace(1, 0.1, t)[:, None],
        "weight_saturation": np.full((t, s), 0.4),
        "latent_map": rng.normal(size=(t, 1, 5, 5, 2)),
    }
    return type(run)(run.facts, dict(run.frames) | inner, dict(run.metrics) | {"critic_gap": rng.random((t, s))})


def labelled(count=1, **facts):
    return [Labelled(f"run {i}", recorded(method=f"method {i}", **facts)) for i in range(count)]


def rows_for(count=1, scenario="eight-gaussians", seeds=3, lost=(), **more):
    return [
        {"scenario": scenario, "method": f"objective {i % 4}+constraint {i // 4}", "label": f"run {i}", "seed": seed,
         "status": "diverged" if (i, seed) in lost else "done", "w1": None if (i, seed) in lost else 0.1 + 0.05 * i + 0.01 * seed,
         "w1_floor": 0.08, "modes": 4 - (seed == 0), "modes_of": 4, "core_seconds": 2.0 + i, "folder": f"{scenario}/{i}",
         "labels": ["diverged"] if (i, seed) in lost else ["mode-collapse"] * (seed == 0)} | more
        for i in range(count)
        for seed in range(seeds)
    ]  # fmt: skip


def material(kind, count=1, **changes):
    plain = {
        "title": "A title", "command": "toygan demo thing", "note": "quick: 2 seeds", "rows": THEORY.get(kind, rows_for(count)),
        "recordings": labelled(count) if PANELS[kind].recorded else [], "phases": [phase()],
        "measure": {"critics": "critic_gap", "curves": "w1, critic_gap"}.get(kind, "w1"),
    }  # fmt: skip
    return Material(**(plain | changes))


def drawn(kind, **changes):
    """A picture whose parts are looked at, on no canvas."""
    return PANELS[kind].draw(material(kind, **changes))


def set_out(kind, **changes):
    """A picture of what may break only when it is laid out on its canvas."""
    figure = drawn(kind, **changes)
    figure.draw_without_rendering()
    return figure


def panels(figure, minimum=0.5):
    """The axes that are panels, not colour bars or legends."""
    tall = figure.get_figheight()
    return [axis for axis in figure.axes if axis.axison and axis.get_position().height * tall > minimum]


def test_every_kind_of_panel_is_told():
    assert all(row.title and row.about for row in PANELS.values())
    assert {row.recorded for row in PANELS.values()} == {True, False}


def test_refined_points_stand_by_critic_and_way_over_the_floor():
    figure = drawn("refined")
    (axis,) = panels(figure)
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert names == ["as they are made", "rejection, learned critic", "Metropolis-Hastings, learned critic",
                     "rejection, optimal critic"]  # fmt: skip
    floor, *drawn_lines = axis.lines
    assert set(floor.get_xdata()) == {0.1}
    bars, rings, means = (drawn_lines[k::3] for k in range(3))
    half = reach(2) * 0.01  # Student's, of two values 0.02 apart
    for bar, ring, mark, value in zip(bars, rings, means, (0.4, 0.3, 0.11), strict=True):
        assert list(ring.get_xdata()) == pytest.approx([value, value + 0.02])
        assert list(mark.get_xdata()) == pytest.approx([value + 0.01])
        assert list(bar.get_xdata()) == pytest.approx([value + 0.01 - half, value + 0.01 + half])
    assert [(text.get_position()[1], text.get_text()[:14]) for text in axis.texts] == [(1, "too few points")]
    assert len({ring.get_color() for ring in rings}) == 3


LOST, FEW = {"status": "diverged", "w1": None}, {"w1": None, "words": "3 % kept"}


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ([{}, {}, {}, LOST], "1 of 4 seeds diverged"),
        ([{}, FEW, {}, LOST], "1 of 4 seeds diverged; 1 of 4 seeds: too few points"),
        ([{}, FEW], "1 of 2 seeds: too few points"),
        ([FEW, LOST], "1 of 2 seeds diverged; too few points for a distance: 3 % kept"),
        ([FEW, FEW], "too few points for a distance: 3 % kept"),
        ([LOST, LOST], "2 of 2 seeds diverged"),
        ([{}, {}], None),
    ],
)
def test_a_seed_without_refined_points_says_why(seeds, said):
    plain = {"refined": "a", "scenario": "s", "method": "m", "critic": "none", "way": "as they are made"}
    known = {"status": "done", "w1": 0.4, "w1_floor": 0.1, "perfect": 0.12, "words": ""}
    rows = [plain | (one if one is LOST else known | one) | {"seed": i} for i, one in enumerate(seeds)]
    (axis,) = panels(drawn("refined", rows=rows), minimum=0.1)
    assert [text.get_text() for text in axis.texts] == ([said] if said else [])


def frozen(scenario, method):
    """A made-up run whose generator is real points plus noise."""
    kind = {"generator": {"kind": "data-plus-noise"}}
    title = scenario.replace("-", " ").capitalize()
    return Labelled(f"{scenario}, {method}", recorded(method=method, scenario=scenario, title=title, config=kind))


def test_level_lines_stand_by_target_and_method_with_the_optimum_last():
    maps = [frozen(scenario, method) for scenario in ("a-ring", "a-roll") for method in ("clipped", "penalised")]
    figure = drawn("levels", recordings=[*maps, *labelled(2)])
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title for title in titles if title.startswith("A r")] == ["A ring", "A roll"]
    assert [name for axis in figure.axes if (name := axis.get_ylabel())] == ["clipped", "penalised", "optimum"]
    drawn_maps = figure.axes[:6]
    assert all(axis.collections for axis in drawn_maps)  # level lines
    assert {len(axis.lines) for axis in drawn_maps} == {1}  # the real points, and no generated ones
    assert len(drawn_maps[0].lines[0].get_xdata()) <= TINY["points"]
    heights = [axis.get_position().y0 for axis in drawn_maps[:3]]
    assert heights == sorted(heights, reverse=True)
    assert [title for title in titles if title in ("run 0", "run 1")] == ["run 0", "run 1"]  # histograms beneath
    assert min(axis.get_position().y0 for axis in drawn_maps) > max(axis.get_position().y0 for axis in figure.axes[6:])


def of_levels(*runs):
    """The heads of columns, the names of rows, and how many level lines each panel has, column by column from above."""
    figure = drawn("levels", recordings=list(runs))
    heads = [title for axis in figure.axes if (title := axis.get_title(loc="left"))]
    rows = [name for axis in figure.axes if (name := axis.get_ylabel())]
    return heads, rows, [bool(axis.collections) for axis in figure.axes], words(figure)


def called(title, scenario, method, **facts):
    """A frozen run whose scenario has this title."""
    run = recorded(
        method=method, scenario=scenario, title=title, config=frozen(scenario, method).recording.facts.config
    )
    return Labelled(", ".join([scenario, method, *facts.get("more", [])]), run)


def test_worlds_of_one_title_have_a_column_each_in_level_lines():
    runs = [called("Ring", scenario, method) for scenario in ("ring", "my-ring") for method in ("clipped", "penalised")]
    heads, rows, drawn_maps, _ = of_levels(*runs)
    assert heads == ["ring", "my-ring"]
    assert rows == ["clipped", "penalised", "optimum"]
    assert drawn_maps == [True] * 6


def test_runs_of_one_method_have_a_row_each_in_level_lines():
    runs = [called("Ring", "ring", "clipped", more=[f"bound {bound}"]) for bound in (1, 2)]
    heads, rows, drawn_maps, _ = of_levels(*runs)
    assert (heads, rows) == (["Ring"], ["clipped, bound 1", "clipped, bound 2", "optimum"])
    assert drawn_maps == [True] * 3


def test_a_target_without_a_run_of_a_method_leaves_its_panel_empty():
    runs = [called("Ring", "ring", "a"), called("Ring", "ring", "b"), called("Roll", "roll", "b")]
    _, rows, drawn_maps, said = of_levels(*runs)
    assert rows == ["a", "b", "optimum"]
    assert drawn_maps == [True, True, True, False, True, True]
    assert "not run" in said


def test_targets_that_find_no_column_are_counted():
    runs = [called(f"T{i}", f"t{i}", "a") for i in range(6)]
    heads, _, _, said = of_levels(*runs)
    assert heads == ["T0", "T1", "T2", "T3", "T4"]
    assert "the first 5 of 6 targets" in said


@pytest.mark.parametrize("kind", [kind for kind, row in PANELS.items() if row.recorded])
def test_no_kind_of_panel_takes_two_worlds_of_one_title_for_one(kind):
    """As many axes as where the titles differ; a name that tells them apart stands in the picture."""
    runs = {
        other: [
            called(title, scenario, method)
            for title, scenario in (("Ring", "ring"), (other, "my-ring"))
            for method in "ab"
        ]
        for other in ("Ring", "Another")
    }
    alike, unlike = (drawn(kind, recordings=some) for some in runs.values())
    assert len(alike.axes) == len(unlike.axes)
    assert "my-ring" in words(alike)


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("count", sampled([12, 1], 2))
def test_every_kind_says_what_it_is_and_how_it_was_made(kind, count, tmp_path):
    figure = drawn(kind, count=count)
    save_figure(figure, tmp_path / "picture.png", None, Options(px=400))
    assert (tmp_path / "picture.png").stat().st_size > 1000
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() == WIDTH
    said = words(figure)
    assert "A title" in said
    assert kind == "phases" or "quick: 2 seeds" in said
    assert "$ toygan demo thing" in said
    if kind not in {*THEORY, "phases"}:
        assert f"{count} run" in said
        assert "seed" in said


@pytest.mark.parametrize("kind", PANELS)
def test_nothing_to_show_is_said(kind):
    said = words(set_out(kind, rows=[], recordings=[], phases=[], command="", note=""))
    assert any(word in said for word in ("no run", "no distance", "no plan", "no bound", "no phase"))


@pytest.mark.parametrize("kind", PANELS)
def test_users_text_is_never_mathematics(kind):
    odd = r"$\frac{x$ & <b> _^"
    rows = [row | {"label": odd, "scenario": odd, "method": odd} for row in material(kind).rows]
    rows = [row | {name: odd} for row in rows for name in THEORY if name in row] or rows
    runs = [Labelled(odd, run.recording) for run in labelled()]
    assert "frac" in words(set_out(kind, title=odd, note=odd, command=odd, rows=rows, recordings=runs,
                                 phases=[phase(odd)]))  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind, row in PANELS.items() if row.recorded])
def test_a_diverged_run_is_drawn_up_to_its_end(kind):
    run = recorded(status="diverged")
    broken = {
        name: run.frames[name].copy() for name in ("samples", "scores", "slopes", "layer_gradients", "weight_reach")
    }
    for array in broken.values():
        array[2:] = np.nan
    lost = altered(run, **broken, w1=np.where(np.arange(4)[:, None] < 2, run.metrics["w1"], np.nan))
    never = altered(run, **{name: np.full_like(array, np.nan) for name, array in broken.items()},
                    w1=np.full_like(run.metrics["w1"], np.nan))  # fmt: skip
    runs = [Labelled("lost", lost), Labelled("never", never), *labelled(1)]
    said = words(set_out(kind, recordings=runs, rows=[]))
    if kind in ("films", "critics", "steepness", "latent"):
        assert f"lost after step {run.frames['step'][1]}" in said.replace("\n", " ")


@pytest.mark.parametrize("kind", ["films", "critics", "steepness", "latent"])
def test_diverged_seeds_are_told_beneath_a_picture(kind):
    def said(*steps):
        rows = [{"seed": seed, "diverged_at": step} for seed, step in enumerate(steps)]
        runs = [Labelled("a run", recorded(summary={"seeds": rows}))]
        return " ".join(words(drawn(kind, recordings=runs, rows=[])).split())

    assert "diverged" not in said(None, None, None)
    assert "diverged at step 667" in said(667, None, None)
    assert "seeds diverged" not in said(667, None, None)
    assert "2 of 3 seeds diverged" in said(None, 667, 1333)
    assert "diverged at step 667 · 2 of 3 seeds diverged" in said(667, None, 1333)


@pytest.mark.parametrize("kind", [kind for kind, row in PANELS.items() if row.recorded])
def test_what_was_not_recorded_is_said(kind):
    bare = Labelled("bare", synthetic(**TINY))
    said = words(set_out(kind, recordings=[bare], rows=[], measure="critic_gap"))
    if kind in ("critics", "layers", "weights", "latent"):
        assert "not recorded" in said
    if kind == "curves":
        assert "not measured" in said


def test_more_runs_than_fit_are_counted():
    runs = [Labelled(f"run {i}", labelled()[0].recording) for i in range(MOST + 2)]
    said = words(drawn("films", recordings=runs))
    assert f"the first {MOST} of {MOST + 2}" in said
    assert f"run {MOST - 1}" in said.split("\n")
    assert f"run {MOST}" not in said.split("\n")


# --- curves ----------------------------------------------------------------------------------------------------------


def test_curves_are_medians_of_the_seeds_with_their_range():
    runs = labelled(2)
    axis = panels(drawn("curves", recordings=runs, measure="w1"))[0]
    for run, line in zip(runs, axis.lines, strict=False):
        np.testing.assert_allclose(line.get_ydata(), np.median(run.recording.metrics["w1"], axis=1))
    corners = axis.collections[0].get_paths()[0].vertices[:, 1]
    w1 = runs[0].recording.metrics["w1"]
    assert corners.max() == pytest.approx(w1.max())
    assert corners.min() == pytest.approx(w1.min())
    assert {"run 0", "run 1", "floor"} <= set(words(axis.figure).split("\n"))


def test_a_floor_is_that_of_the_metrics_or_of_the_facts():
    run = labelled()[0]
    np.testing.assert_allclose(floor_at(run, "w1"), np.percentile(run.recording.metrics["w1_floor"], [5, 50, 95]))
    told = Labelled("told", recorded(floors={"frame": {"js": {"mean": 0.2, "spread": 0.05}}}))
    np.testing.assert_allclose(floor_at(told, "js"), [0.15, 0.2, 0.25])
    banded = {"mean": 0.2, "spread": 0.05, "low": 0.12, "high": 0.31, "draws": 40}
    known = Labelled("known", recorded(floors={"frame": {"w1": banded}}))
    assert floor_at(known, "w1").tolist() == [0.12, 0.2, 0.31]  # rather than the constant of the metrics
    assert floor_at(run, "critic_gap").tolist() == [1, 1, 1]
    assert np.isnan(floor_at(run, "js")).all()


def test_runs_of_unlike_targets_share_no_floor():
    near = Labelled("near", recorded(scenario="one"))
    far = Labelled("far", altered(recorded(scenario="two"), w1_floor=np.full((4, 3), 9.0)))
    assert "floor" in words(drawn("curves", recordings=[near], measure="w1"))
    assert "floor" not in words(drawn("curves", recordings=[near, far], measure="w1"))


def test_scenarios_with_several_runs_each_have_their_panel():
    runs = [Labelled(f"{place}, {i}", recorded(scenario=place)) for place in ("one", "two") for i in range(2)]
    made = panels(drawn("curves", recordings=runs, measure="w1"))
    assert [axis.get_title(loc="left").split(" · ")[0] for axis in made] == ["one", "two"]
    assert len(panels(drawn("curves", recordings=runs[::2], measure="w1"))) == 1


def test_layers_are_medians_at_the_first_and_last_known_frame():
    run = recorded()
    sizes = run.frames["layer_gradients"].copy()
    first, last = np.median(sizes[0], axis=0), np.median(sizes[2], axis=0)
    sizes[3] = np.nan
    broken = Labelled("broken", altered(run, layer_gradients=sizes))
    np.testing.assert_allclose(by_layer(broken), [first, last])


def test_a_bound_of_weights_is_named():
    assert "40 % at ±0.1" in words(drawn("weights"))


# --- on the plane ----------------------------------------------------------------------------------------------------


def test_critics_show_the_optimum_of_the_frame_beneath_the_learned_one():
    run = recorded()
    optimal = run.frames["optimal_scores"].copy()
    optimal[-1, 0] = np.linspace(0, 1, 13)
    changed = Labelled("one", altered(run, optimal_scores=optimal))
    upper, lower, *_ = panels(drawn("critics", recordings=[changed, *labelled(1)]))
    assert upper.get_position().y0 > lower.get_position().y1
    filled = next(found for found in lower.collections if isinstance(found, QuadContourSet) and found.filled)
    assert np.abs(filled.levels).max() == pytest.approx(0.5, abs=0.1)  # the median is removed
    learned = next(found for found in upper.collections if isinstance(found, QuadContourSet) and found.filled)
    np.testing.assert_allclose(learned.levels, scales(scene(run)).critic.edges)


def test_exhibits_of_critics_show_critics():
    centres = np.array([[-1.0, 0.0], [1.0, 0.0]])
    modes = {
        "mode_centres": centres,
        "mode_weights": np.full(2, 0.5),
        "mode_covariances": np.tile(np.eye(2), (2, 1, 1)),
    }
    run, rng = recorded(), np.random.default_rng(0)
    clouds = {"real": rng.normal(0, 0.3, (500, 2)), "samples": rng.normal(0, 0.3, (4, 2, 500, 2))}
    crowd = [Labelled("crowd", type(run)(run.facts, run.frames | clouds | modes, run.metrics))]
    for kind, clouds_drawn in (("films", [500, 500]), ("critics", [200] * 4), ("steepness", [200])):
        figure = drawn(kind, recordings=crowd)
        assert [len(line.get_xdata()) for axis in panels(figure) for line in axis.lines] == clouds_drawn
        rings = [one for axis in panels(figure) for one in axis.collections if isinstance(one, EllipseCollection)]
        said = " ".join(words(figure).split())
        assert len(rings) == 2 * (kind == "films")
        assert ("Ring: a mode's due share; disc: generated, within 3σ" in said) == (kind == "films")
        assert ("clouds are thinned to at most 200 points" in said) == (kind != "films")


@pytest.mark.parametrize("kind", ["films", "critics"])
def test_panels_of_critics_show_where_these_cannot_tell(kind):
    figure = drawn(kind, recordings=[Labelled("run", with_boundary(0.5)), Labelled("other", with_boundary(None))])
    lines = [one for axis in figure.axes for one in axis.collections if isinstance(one, LineCollection)]
    found = [np.unique(line.get_segments()[0][:, 0].round(4)).tolist() for line in lines if line.get_segments()]
    assert found == [[-1.5]]  # of the last frame: x + 2 = 1/2
    assert words(figure).count("boundary") == 1


def test_the_measure_beneath_is_that_of_the_rows_or_else_of_the_last_frame():
    run = labelled()[0]
    rows = [row | {"critic_gap": value} for row, value in zip(rows_for(), (0.2, 0.5, 0.9), strict=True)]
    said = words(drawn("critics", recordings=[run], rows=rows)).replace("\n", " ")
    assert "share of W1 seen: median 0.5 (0.2 to 0.9)" in said
    np.testing.assert_allclose(
        parts.at_end(material("critics", rows=[]), run, "critic_gap"), run.recording.metrics["critic_gap"][-1]
    )


def test_the_share_above_one_is_counted_at_points():
    shown = scene(recorded())
    x = np.tile(shown.slope_x, (5, 1))
    ramp = scene(altered(recorded(), slopes=np.stack([np.abs(x), 0 * x], -1)[None, None].repeat(4, 0)))
    points = np.array([[-2.0, 0.0], [-0.5, 0.0], [0.2, 1.0], [2.5, 0.0], [np.nan, 0.0], [99.0, 0.0]])
    assert share_above(ramp, points) == "50\N{NO-BREAK SPACE}%"
    assert share_above(shown, points[-2:]) == ""


def test_steepness_is_on_one_scale_around_one():
    figure = drawn("steepness", count=2)
    images = [image for axis in panels(figure) for image in axis.findobj(AxesImage)]
    assert {(image.norm.vmin, image.norm.vmax) for image in images} == {(0.1, 10)}
    assert "above 1" in words(figure)


def test_categories_are_told_apart():
    run = recorded()
    chosen = np.arange(40) % 3
    known = type(run)(run.facts, dict(run.frames) | {"categories": np.tile(chosen, (3, 1))}, run.metrics)
    (axis,) = panels(drawn("latent", recordings=[Labelled("codes", known)]))
    lines = {line.get_label(): line for line in axis.lines}
    for category in range(3):
        np.testing.assert_allclose(lines[str(category)].get_xydata(), run.frames["samples"][-1, 0, chosen == category])
    assert len({(lines[str(c)].get_color(), lines[str(c)].get_marker()) for c in range(3)}) == 3
    assert axis.lines[0].get_color() == MIST  # real points, so that no category is lost on them


def test_twelve_kinds_have_colours_of_their_own():
    """Hours of a clock: every two colours differ by a tenth in some part."""
    colours = np.array([to_rgb(colour_of(k)) for k in range(12)])
    apart = np.abs(colours[:, None] - colours[None]).max(axis=2) + np.eye(12)
    assert apart.min() > 0.1


def test_the_critic_of_a_lone_run_stands_beside_its_optimum():
    one, two = (drawn("critics", count=count) for count in (1, 2))
    left, right = panels(one)
    assert left.get_position().y0 == pytest.approx(right.get_position().y0)
    assert left.get_position().x1 < right.get_position().x0
    assert "Left: the learned critic; right: the optimal one" in words(one)
    assert one.get_figheight() < two.get_figheight()
    assert "Upper: the learned critic; lower: the optimal one" in words(two)


@pytest.mark.parametrize(("start", "cut"), [(40.0, True), (0.2, False)])
def test_players_that_have_not_learned_do_not_flatten_the_curves_of_those_that_have(start, cut):
    run = recorded()
    values = np.linspace(0, 1, 12).reshape(4, 3)
    values[0] = [-start, 0, start]
    known = type(run)(run.facts, run.frames, dict(run.metrics) | {"critic_value": values})
    figure = drawn("curves", recordings=[Labelled("one", known)], measure="critic_value")
    (axis,) = panels(figure)
    low, high = axis.get_ylim()
    assert low <= values[1:].min()
    assert values[1:].max() <= high
    assert (high - low < 2) if cut else (low <= -start and start <= high)
    assert ("the first frame reaches from \N{MINUS SIGN}40 to 40" in words(figure)) == cut


def starting(name, first, later=(0.52, 0.6, 0.7)):
    """The axis of a curve that starts there, all its numbers, and what the picture says; ceilings of critics are 1."""
    run = recorded()
    values = np.array([first, *later])[:, None].repeat(3, 1)
    known = type(run)(run.facts, run.frames, dict(run.metrics) | {name: values})
    figure = drawn("curves", recordings=[Labelled("one", known)], measure=name)
    (axis,) = panels(figure)
    return axis, values, words(figure)


@pytest.mark.parametrize("name", ["critic_gap", "slope_alignment", "optimal_correlation", "high_quality", "modes", "steep_share",
                                  "on_skeleton", "class_accuracy", "weight_saturation", "kl", "critic_lipschitz"])  # fmt: skip
@pytest.mark.parametrize("first", [0.0, -0.2])
def test_learning_is_never_cut_off_a_curve_and_its_ceiling_stays_in_view(name, first):
    if name in ("critic_lipschitz", "modes") or table.QUANTITIES[name].unit == "share":
        first = 0.0  # never negative
    axis, values, said = starting(name, first)
    low, high = axis.get_ylim()
    assert low <= values.min()
    assert values.max() <= high
    assert "the first frame reaches" not in said
    ceilings = [
        float(line.get_ydata()[0]) for line in axis.lines if line.get_clip_on() and len({*line.get_ydata()}) == 1
    ]
    assert all(low <= ceiling <= high for ceiling in ceilings)
    ends = {"one": 0.7} | ({"exact transport": 1.0} if math.isfinite(parts.best_of_critics(name)) else {})
    assert ("exact transport" not in ends) or 1.0 in ceilings
    heights = {text.get_text(): text.get_position()[1] for text in axis.texts}
    assert heights == pytest.approx({named: (end - low) / (high - low) for named, end in ends.items()}, abs=0.01)


@pytest.mark.parametrize("name", ["critic_value", "critic_loss", "generator_loss", "penalty", "centre_x", "my_own"])
def test_what_has_no_better_value_is_cut_where_its_start_is_far(name):
    axis, values, said = starting(name, -40.0)
    low, high = axis.get_ylim()
    assert -1 < low < values[1:].min()
    assert values[1:].max() < high < 2
    assert "the first frame reaches from \N{MINUS SIGN}40 to \N{MINUS SIGN}40" in said


@pytest.mark.parametrize(("floor", "cut"), [(np.nan, True), (0.6, True), (-2.0, True), (-39.0, False)])
def test_a_floor_counts_as_what_an_axis_needs(floor, cut):
    assert leaves("critic_value", np.array([-40.0]), np.array([0.0, 0.5, 1.0]), floor) == cut
    assert not leaves("critic_value", np.array([-40.0]), np.array([np.nan, 0.5]), floor)


def test_of_what_swings_one_seed_is_drawn_for_the_median_of_all_stands_still():
    run = recorded()
    swing = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    known = type(run)(run.facts, run.frames, dict(run.metrics) | {"centre_x": swing})
    figure = drawn("curves", recordings=[Labelled("one", known)], measure="centre_x, w1")
    centre, w1 = panels(figure)
    assert centre.lines[0].get_ydata().tolist() == [1, -1, 1, -1]
    np.testing.assert_allclose(w1.lines[0].get_ydata(), np.median(run.metrics["w1"], axis=1))
    assert "line: median of the seeds, of a centre the first seed alone" in words(figure)


def test_a_line_that_falls_to_zero_is_named_where_it_leaves_a_logarithmic_axis():
    run = recorded()
    fallen = np.array([1.0, 1e-6, 0.0, 0.0])[:, None].repeat(3, 1)
    known = type(run)(run.facts, run.frames, dict(run.metrics) | {"layer_gradient_ratio": fallen})
    figure = drawn("curves", recordings=[Labelled("clipped", known)], measure="layer_gradient_ratio")
    (axis,) = panels(figure)
    assert "clipped: 0" in [text.get_text() for text in axis.texts]


# --- results ---------------------------------------------------------------------------------------------------------


def test_ends_show_every_seed_the_median_and_the_floor():
    (axis,) = panels(drawn("ends", rows=rows_for(2)))
    values = [line.get_xdata() for line in axis.lines if len(line.get_xdata()) == 3]
    np.testing.assert_allclose(sorted(values[0]), [0.15, 0.16, 0.17])  # from below: the second run
    dots = [line.get_xdata()[0] for line in axis.lines if len(line.get_xdata()) == 1]
    np.testing.assert_allclose(dots, [0.16, 0.11])
    assert any(line.get_xdata()[0] == pytest.approx(0.08) for line in axis.lines if line.get_linestyle() == "--")


def test_many_ends_are_sorted_and_few_keep_their_order():
    rows = list(reversed(rows_for(12)))
    runs = parts.by_column(rows, "label")
    assert list(ordered(runs, "w1")) == [f"run {i}" for i in range(12)]
    assert list(ordered(runs, "modes")) == list(runs)  # all alike
    few = dict(list(runs.items())[:3])
    assert list(ordered(few, "w1")) == ["run 11", "run 10", "run 9"]


def test_lost_seeds_are_counted():
    rows = rows_for(2, lost=[(0, 1), (0, 2)])
    assert "run 0  (2 of 3 diverged)" in words(drawn("ends", rows=rows))
    assert parts.lost_in_words(rows_for(1, status="failed", w1=None), "w1") == "3 of 3 no value"
    assert "2 seeds diverged" in parts.rows_in_words(rows)


@pytest.mark.parametrize("measure", ["w1", "labels"])
def test_rates_count_the_labels_of_the_diagnosis(measure):
    rows = rows_for(2, lost=[(1, 2)])
    said = words(drawn("rates", rows=rows, measure=measure)).split("\n")
    assert columns_of(rows) == ["mode-collapse", "diverged", "no label"]
    assert [word for word in said if word.endswith("/3")] == ["1/3", "1/3", "1/3", "1/3", "0/3", "2/3"]


def test_rates_of_modes_count_seeds_that_found_all():
    said = words(drawn("rates", rows=rows_for(1), measure="modes"))
    assert "2/3   4 (3 to 4) of 4" in said


def test_undiagnosed_seeds_are_not_called_healthy():
    rows = [{name: value for name, value in row.items() if name != "labels"} for row in rows_for()]
    assert "not diagnosed" in words(drawn("rates", rows=rows, measure="labels"))


def test_a_matrix_has_the_medians_of_pairs():
    rows = [parted(row) for row in rows_for(8, lost=[(5, 0), (5, 1), (5, 2), (6, 0)])]
    found = cells_of(rows, "constraint", "objective", "w1")
    assert found.across == ["constraint 0", "constraint 1"]
    assert found.down == [f"objective {i}" for i in range(4)]
    np.testing.assert_allclose(found.values[:, 0], [0.11, 0.16, 0.21, 0.26])
    assert cell_text(found.values[1, 1], found.lost[1, 1]) == "††"
    assert cell_text(found.values[2, 1], found.lost[2, 1]).endswith("†")
    assert cell_text(math.nan, None) == "–"
    assert [cell_text(value, (0, 1)) for value in (0.1, 12.3, -0.5)] == ["0.1", "12", "−0.5"]


def test_a_matrix_says_which_column_is_missing():
    assert "no run has both colour and objective" in words(drawn("matrix", across="colour"))
    assert parted({"method": "gan"})["constraint"] == "none"
    assert parted({"method": "gan", "objective": "minimax"})["objective"] == "minimax"


@pytest.mark.parametrize(("across", "down"), [("method", "scenario"), ("scenario", "method")])
def test_a_matrix_compares_within_a_scenario_only(across, down):
    w1 = {("near", "a"): 0.1, ("near", "b"): 0.2, ("far", "a"): 5.0, ("far", "b"): 4.0}
    rows = [
        rows_for(seeds=1)[0] | {"scenario": s, "method": m, "label": f"{s}, {m}", "w1": value}
        for (s, m), value in w1.items()
    ]
    figure = drawn("matrix", rows=rows, across=across, down=down)
    assert "each scenario on its own scale" in words(figure)
    (axis,) = panels(figure)
    found = {(int(frame.get_x()), int(frame.get_y())) for frame in axis.patches if isinstance(frame, Rectangle)}
    assert found == {(1, 0), (0, 1)}  # b in far, a in near, in order of the alphabet
    shade = axis.collections[0].get_array().reshape(2, 2)
    np.testing.assert_array_equal(shade, [[1, 0], [0, 1]])


def test_a_matrix_of_several_scenarios_is_never_one_of_them_all():
    rows = [
        rows_for(seeds=1)[0] | {"scenario": s, "method": m, "label": m} for s, m in (("near", "a+b"), ("far", "c+d"))
    ]
    assert len(panels(drawn("matrix", rows=rows), 0.2)) == 2


def test_all_cells_that_read_as_the_best_are_framed():
    values = np.array([[0.1501, 0.1499, 0.16], [np.nan, 0.3, 0.2]])
    assert best_cells(values, [np.full(values.shape, True)], "w1") == [(0, 0), (0, 1)]
    assert best_cells(values, [np.full(values.shape, True)], "high_quality") == [(1, 1)]
    assert best_cells(np.full((1, 2), np.nan), [np.full((1, 2), True)], "w1") == []


@pytest.mark.parametrize(("kind", "seeds", "bars"), [
    ("ends", 2, NO_BARS), ("price", 5, NO_BARS), ("ends", 6, BARS), ("price", 6, BARS),
])  # fmt: skip
def test_few_seeds_have_no_interval(kind, seeds, bars):
    said = words(drawn(kind, rows=rows_for(2, seeds=seeds)))
    assert bars in said
    assert ({NO_BARS, BARS} - {bars}).pop() not in said
    whole = median(range(seeds))
    assert (whole.ends == (whole.value, whole.value)) == np.isnan(whole.low) == (bars == NO_BARS)


def test_runs_of_unlike_many_seeds_say_both():
    rows = [*rows_for(1, seeds=8), *(row | {"label": "few", "folder": "few"} for row in rows_for(1, seeds=2))]
    said = words(drawn("ends", rows=rows))
    assert BARS in said  # which says of how many seeds
    assert "2 runs · 10 seeds" in said


def test_seeds_are_counted_by_the_run():
    assert "2 runs of 3 seeds, 1 seed diverged" in words(drawn("ends", rows=rows_for(2, lost=[(0, 1)])))


def test_a_panel_without_a_title_is_called_by_its_kind(tmp_path):
    panel, rows = Panel(kind="distances"), THEORY["distances"]
    exhibit = SimpleNamespace(title="The exhibit", panels=[panel, panel.model_copy(update={"title": "Its own"})])
    made = show.pictures(exhibit, rows, [], tmp_path, "toygan demo thing", "")
    assert [picture.title for picture in made] == [PANELS["distances"].title, "Its own"]


def test_letters_that_the_font_lacks_raise_no_warning(tmp_path):
    figure = PANELS["ends"].draw(material("ends", title="\u6e26 collapses"))
    with pytest.warns(UserWarning, match="Glyph"):
        figure.savefig(tmp_path / "plain.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(figure, tmp_path / "saved.png", None)
    assert (tmp_path / "saved.png").stat().st_size > 1000


def test_a_matrix_frames_the_best():
    rows = rows_for(8, modes=None)
    for row in rows:
        row["high_quality"] = 1 - row["w1"]
    for measure in ("w1", "high_quality"):
        (axis,) = panels(drawn("matrix", rows=rows, measure=measure))
        (frame,) = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
        assert frame.get_xy() == pytest.approx((0.04, 0.04))  # the first run has the lowest W1


# --- price -----------------------------------------------------------------------------------------------------------


def spot(label, x, y):
    return Spot(label, Interval(x, x, x, 3), Interval(y, y, y, 3))


def test_the_front_is_what_nothing_beats():
    spots = [spot("slow", 9, 0.1), spot("fast", 1, 0.9), spot("beaten", 5, 0.95), spot("middle", 4, 0.5)]
    assert {spots[i].label for i in front(spots, "w1")} == {"slow", "fast", "middle"}
    assert {spots[i].label for i in front(spots, "high_quality")} == {"fast", "beaten"}


def test_a_name_goes_where_nothing_is():
    room, mark = (4.0, 3.0), np.array([1.0, 1.0])
    dot = (0.95, 0.95, 1.05, 1.05)
    first = free_box(mark, 0.5, 0.13, [dot], room)
    assert overlap(first, dot) == 0
    assert distance_to(first, mark) < 0.15
    second = free_box(mark, 0.5, 0.13, [dot, first], room)
    assert overlap(second, first) == overlap(second, dot) == 0
    corner = free_box(np.array([3.98, 2.98]), 0.5, 0.13, [], room)
    assert covered(corner, [], room) == pytest.approx(0, abs=1e-9)


def test_of_many_runs_all_are_named_once_in_the_key():
    said = words(drawn("price", rows=rows_for(36)))
    keyed = [line for line in said.split("\n") if "  run " in line]
    assert len(keyed) == 36
    few = words(drawn("price", rows=rows_for(5))).split("\n")
    assert [line for line in few if line.startswith("run ")] != []
    assert not [line for line in few if "  run " in line]


def test_a_run_without_a_value_is_named_above():
    rows = rows_for(3, lost=[(1, 0), (1, 1), (1, 2)])
    assert "without a value: run 1" in words(drawn("price", rows=rows))
    assert "no run has a value" in words(drawn("price", rows=rows_for(1, w1=None)))


# --- theory ----------------------------------------------------------------------------------------------------------


def test_distances_are_drawn_along_their_key():
    figure = drawn("distances")
    moving, bounded, unbounded = panels(figure)
    np.testing.assert_allclose(moving.lines[0].get_xydata(), [[s, abs(s)] for s in (-1, -0.5, 0, 0.5, 1)])
    assert bounded.lines[0].get_ydata().max() == pytest.approx(math.log(2))
    assert unbounded.get_xlabel() == "target shift"
    assert "infinite" in words(figure)


def test_a_plan_has_an_arrow_a_move_and_says_what_it_costs():
    figure = drawn("plan")
    assert "every plan costs 42" in words(figure)
    line, matrix = panels(figure)
    arrows = [text for text in line.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 6
    assert sum(patch.get_facecolor()[:3] != (1, 1, 1) for patch in matrix.patches) == 6
    two = {"plans": "two", "a": [4, 6], "b": [3, 7], "best": 2, "worst": 6, "moves": [[0, 0], [1, 1]]}
    assert "the cheapest plan costs 2, the dearest 6" in words(drawn("plan", rows=[two]))


def test_a_bound_stands_above_what_it_bounds():
    axis, _ = panels(drawn("bound"))
    bound, w1 = (next(line for line in axis.lines if line.get_label() == name) for name in ("the bound", "W1"))
    assert (bound.get_ydata() >= w1.get_ydata()).all()
    assert "1.7 at std 0.1" in words(axis.figure)


def test_an_axis_is_logarithmic_where_values_are_far_apart_and_nowhere_else():
    assert parts.is_wide(np.array([0.01, 1.0]), "w1")
    assert parts.is_wide(np.array([0.0, 1e-9, 1.0]), "generator_gradient")
    assert not any(
        parts.is_wide(np.array([0.01, 1.0]), name) for name in ("high_quality", "modes", "optimal_correlation")
    )
    assert not parts.is_wide(np.array([-0.01, 1.0]), "critic_value")
    assert not parts.is_wide(np.array([np.nan]), "w1")


@pytest.mark.parametrize(
    ("values", "least"), [((0.073, 0.12), 3), ((0.011, 0.016), 2), ((0.2, 0.9), 2), ((1e-4, 30.0), 4), ((3.1, 3.2), 2)]
)
def test_a_logarithmic_axis_has_two_numbers_at_least(values, least):
    """One number on such an axis tells no scale."""
    axis = Figure((8, 3)).add_subplot()
    log_axis(axis, "x", values)
    low, high = axis.get_xlim()
    marks = [mark for mark in axis.get_xticks() if low <= mark <= high]
    assert len(marks) >= least
    assert len(marks) <= 12


def test_slopes_are_held_against_their_own_ceiling_where_runs_know_it():
    rows = [{"seed": s, "slope_alignment_ceiling": ceiling} for s, ceiling in enumerate((0.5, 0.75, None))]
    (run,) = labelled(1, summary={"seeds": rows})
    assert floor_at(run, "slope_alignment") == pytest.approx([0.625] * 3)
    assert floor_at(labelled(1)[0], "slope_alignment") == pytest.approx([1.0] * 3)  # an older run
    assert floor_at(run, "critic_gap") == pytest.approx([1.0] * 3)
    assert parts.floor_of(rows_for(2, slope_alignment_ceiling=0.75), "slope_alignment") == 0.75
    assert parts.floor_of(rows_for(2), "slope_alignment") == 1.0


@pytest.mark.parametrize(
    ("label", "scenario", "shown"),
    [("ring, gan", "ring", "gan"), ("ring-gan", "ring", "ring-gan"), ("ring", "ring", "ring"), ("gan", "", "gan")],
)
def test_a_scenario_is_left_out_where_it_stands_and_not_where_a_name_begins_like_it(label, scenario, shown):
    assert within(label, scenario) == shown


@pytest.mark.parametrize(
    ("several", "said"),
    [
        ([[0, 1, 2]], "seed 0, one of 3"),
        ([[0], [0, 1, 2, 3]], "seed 0, one of up to 4"),
        ([[0, 1], [1, 0]], "seeds 0, 1, one of 2"),
        ([[0], [2]], "seeds 0, 2"),
        ([[0], [0]], "seed 0"),
    ],
)
def test_seeds_that_are_shown_are_told_once(several, said):
    assert parts.shown_seeds(several) == said
    runs = [SimpleNamespace(facts=SimpleNamespace(seeds=seeds), frames={"step": np.array([0, 5])}) for seeds in several]
    assert f" · shown: {said} · " in parts.runs_in_words([parts.Labelled("", run) for run in runs], shown=True)


WHY = [  # `test_companions` holds what each game tells of itself
    ({"labels": "both"}, {"no_optimum": BY_LABEL}, BY_LABEL),
    ({"cast": {"kind": "encoder"}}, {"no_optimum": IN_PAIRS}, IN_PAIRS),
    ({"cast": {"kind": "mine"}}, {"no_optimum": "the critic sleeps"}, "the critic sleeps"),
    ({"cast": {"kind": "encoder", "judges": "points"}}, {}, "none is known"),
    ({"cast": {"kind": "spread"}}, {}, "none is known"),  # as of a run that was recorded before it told
]


@pytest.mark.parametrize(("method", "summary", "said"), WHY)
@pytest.mark.parametrize("kind", ["critics", "levels"])
def test_a_panel_without_an_optimum_says_why(kind, method, summary, said):
    run = recorded(config={"method": method, "generator": {"kind": "data-plus-noise"}}, summary=summary)
    frames = {name: array for name, array in run.frames.items() if name != "optimal_scores"}
    without = Labelled("one", type(run)(run.facts, frames, dict(run.metrics)))
    told = " ".join(words(PANELS[kind].draw(material(kind, recordings=[without]))).split())
    assert "No optimal critic: " in told
    assert said in told
