"""How pictures are asked to look: chosen panels, width, type, style, seeds and language, read from artists and files."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from html import unescape
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from conftest import crossed, undrawn
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image
from test_draw import few, moving_optimum, on_plane, pictures_in, seeded, synthetic, words
from typer.main import get_command
from typer.models import Context
from typer.testing import CliRunner

import toygan
import toygan.draw as draw
from toygan.cli.drawing import drawn_together, with_command
from toygan.cli.main import app
from toygan.cli.shared import again
from toygan.draw import choice, film, finish, fonts, panels, sheet, together
from toygan.draw.choice import PANELS, TOGETHER, chosen, save_chosen
from toygan.draw.companions import EXTRAS
from toygan.draw.dirac import portraits
from toygan.draw.distance import distances_along
from toygan.draw.finish import GROUND, LIGHT, darken, translate
from toygan.draw.panels import styles_of
from toygan.draw.players import VIEWS
from toygan.draw.points import REAL, visible
from toygan.draw.saved import page_of, save_figure
from toygan.draw.sheet import command_lines
from toygan.draw.sweep import heat_map
from toygan.session.dirac import portrait
from toygan.view.chosen import of_seed
from toygan.view.language import in_parts, is_wide, tables, told, wrapped
from toygan.view.levels import scales
from toygan.view.look import Options

MM = 72 / 25.4  # points of a PDF or an SVG


def size_of(path):
    """Width and height of a file: of a PNG in pixels, of others in points."""
    if path.suffix == ".png":
        with Image.open(path) as opened:
            return opened.size
    text = path.read_bytes().decode("latin-1")
    if path.suffix == ".svg":
        return tuple(
            float(side) for side in re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', text).groups()
        )
    return tuple(float(side) for side in re.search(r"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", text).groups())


# --- panels ----------------------------------------------------------------------------------------------------------


LACKING = {
    "optimal",
    "agreement",
    "extras",
    "own",
    *EXTRAS,
}  # what a run of two players, of which no optimum is known and nothing of one's own measured, has not


def test_every_panel_can_be_chosen_and_shows_the_run():
    run = moving_optimum(frames=3)
    shown = draw.scene(run)
    figure, _ = chosen([run], ["critic", "optimal", "slope"])
    critic, best, slope = on_plane(figure)
    of = scales(shown)
    np.testing.assert_allclose(critic.collections[0].levels, of.critic.edges)
    np.testing.assert_allclose(best.collections[0].levels, of.optimal.edges)
    for axis in (critic, best, slope):
        np.testing.assert_array_equal(axis.lines[1].get_xydata(), visible(shown, shown.last))
    rich = synthetic(frames=3, points=40, grid=13, coarse=5, seeds=2, modes=8)
    for name in (*PANELS, *TOGETHER):
        if name in LACKING:
            with pytest.raises(ValueError, match=f"this run has no panel '{name}'"):
                chosen([rich], [name])
        else:
            assert len(chosen([rich], [name])[0].axes) >= 1
    assert {axis.get_title(loc="left") for axis in chosen([rich], ["curves"])[0].axes} >= {"losses", "found, per cent"}
    with pytest.raises(ValueError, match="'critics' is no panel; one of critic, optimal, slope"):
        chosen([rich], ["critics"])


# Each width, size of type and format in one case; with -m slow each in all.
ALWAYS = {(60, 7.0, "pdf"), (90, 9.0, "svg"), (180, 7.0, "png")}
WIDE = [
    pytest.param(*case, marks=() if case in ALWAYS else pytest.mark.slow)
    for case in product((60, 90, 180), (7.0, 9.0), ("pdf", "svg", "png"))
]


@pytest.mark.parametrize(("mm", "points", "kind"), WIDE)
def test_chosen_panels_are_as_wide_and_their_words_as_large_as_asked(tmp_path, mm, points, kind):
    options = Options(mm=mm, type_size=points)
    save_chosen([few()], ["critic", "slope"], tmp_path / f"a.{kind}", options=options)
    wide, _ = size_of(tmp_path / f"a.{kind}")
    assert wide == pytest.approx(mm * (300 / 25.4 if kind == "png" else MM), abs=1.5)
    figure, page = chosen([few()], ["critic", "slope"], options=options)
    title = next(text for text in figure.findobj(Text) if text.get_text() == "critic: lighter is more real")
    assert title.get_fontsize() * page.times == pytest.approx(points)
    boxes = [axis.get_position() for axis in on_plane(figure)]
    assert not boxes[0].overlaps(boxes[1])
    assert (abs(boxes[0].y0 - boxes[1].y0) < 1e-9) == (
        figure.get_figwidth() >= 2 * choice.LEAST
    )  # side by side if they can


def test_panels_that_find_no_room_are_refused():
    with pytest.raises(ValueError, match="1 panel does not fit on a width of 20 mm"):
        chosen([few()], ["critic"], options=Options(mm=20, type_size=9))
    rich, known = (
        synthetic(frames=2, points=40, grid=13, coarse=5, seeds=2, modes=8),
        [name for name in PANELS if name not in ("own", *EXTRAS)],
    )
    with pytest.raises(ValueError, match="15 panels do not fit on a slide"):
        chosen([rich], [name for name in known if name not in ("optimal", "agreement")], options=Options(style="slide"))
    with pytest.raises(ValueError, match="28 panels do not fit on a page; 1 to 24 do"):
        chosen(
            [of_seed(seeded(2), seed) for seed in range(4)],
            ["latent", "trails", "transport", "plan", "losses", "w1", "scores"],
        )


def test_steps_stand_beside_each_other_a_row_a_panel():
    run = moving_optimum(frames=5)
    figure, _ = chosen([run], ["critic", "slope"], [[0, 2, 4]])
    axes = on_plane(figure)
    titles = [axis.get_title(loc="left") for axis in axes]
    assert titles == [f"step {step}: {name}" for name in ("critic", "slope") for step in (0, 1000, 2000)]
    for row in (axes[:3], axes[3:]):
        assert np.ptp([axis.get_position().y0 for axis in row]) < 1e-9
    shown = draw.scene(run)
    for axis, look in zip(axes[:3], (0, 2, 4), strict=True):
        np.testing.assert_allclose(axis.collections[0].levels, scales(shown, look).critic.edges)
    one = {
        tuple(axis.collections[0].levels)
        for axis in on_plane(chosen([run], ["critic"], [[0, 2, 4]], Options(scale="run"))[0])
    }
    assert one == {tuple(scales(shown, 0, "run").critic.edges)}


@pytest.mark.parametrize("kept", [1, 2, 4])
def test_all_seeds_have_a_panel_each_with_as_many_critics_as_were_kept(kept):
    run = seeded(kept)
    every = [of_seed(run, seed) for seed in range(4)]
    axes = on_plane(chosen(every, ["critic"])[0])
    assert [axis.get_title(loc="left") for axis in axes] == [f"seed {seed}" for seed in range(4)]
    for seed, axis in enumerate(axes):
        shown = draw.scene(every[seed])
        assert shown.critic_kept == (seed < kept)
        np.testing.assert_array_equal(axis.lines[1].get_xydata(), visible(shown, shown.last))
        if seed < kept:
            np.testing.assert_allclose(axis.collections[0].levels, scales(shown).critic.edges)


def test_several_runs_stand_beside_each_other_each_at_its_own_looks():
    long, short = moving_optimum(frames=5), moving_optimum(frames=3)
    short = replace(short, facts=replace(short.facts, method="hinge", config={}), folder=Path("b"))
    figure, _ = chosen([long, short], ["critic", "optimal"], [[0, 2, 4], [1]])
    titles = [axis.get_title(loc="left").split("\n") for axis in on_plane(figure)]
    (first, second) = dict.fromkeys(run for run, _ in titles)
    assert first != second
    steps = [f"step {step}: {{}}" for step in (0, 1000, 2000)]
    assert titles == [[run, words.format(kind)] for kind in ("critic", "optimal")
                      for run, own in ((first, steps), (second, ["{}"])) for words in own]  # fmt: skip
    rows = [round(axis.get_position().y0, 6) for axis in on_plane(figure)]
    assert [rows.index(row) for row in rows] == [0, 0, 0, 3, 4, 4, 4, 7]  # a row a run and panel


def test_w1_of_several_runs_is_one_panel_in_the_colours_over_their_critics():
    one = synthetic(frames=3, points=40, grid=13, coarse=5, seeds=2, modes=8)
    two = replace(one, facts=replace(one.facts, method="hinge"), folder=Path("b"))
    for options in (Options(), Options(style="slide")):
        figure, _ = chosen([one, two], ["critic", "w1"], options=options)
        (together,) = [axis for axis in figure.axes if axis.get_title(loc="left").startswith("W1")]
        assert len(on_plane(figure)) == 2
        names = [text.get_text() for text in together.texts]
        assert [axis.get_title(loc="left").split("\n")[0] for axis in on_plane(figure)] == names[-2:]
        keys = [line.get_color() for line in figure.findobj(Line2D) if line.axes is None and line.get_linewidth() == 3]
        assert keys == [style[0] for style in styles_of(2)]
        assert set(keys) <= {line.get_color() for line in together.lines}
    with pytest.raises(ValueError, match="none of these runs has a panel 'kinds'"):
        chosen([one, two], ["kinds"])


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "style"), crossed(["png", "pdf", "svg"], ["slide", "dark"], 2))
def test_slides_are_16_by_9_whatever_is_on_them(tmp_path, kind, style):
    save_chosen([few()], ["usual"], tmp_path / f"a.{kind}", options=Options(style=style))
    for name, figure in (("b", Figure((8, 3))), ("c", Figure((8, 12)))):
        save_figure(figure, tmp_path / f"{name}.{kind}", None, Options(style=style))
    sizes = [size_of(tmp_path / f"{name}.{kind}") for name in "abc"]
    assert [wide / tall for wide, tall in sizes] == pytest.approx([16 / 9] * 3, rel=2e-3)
    if kind == "png":
        assert {wide for wide, _ in sizes} == {1920}


@pytest.mark.parametrize("style", ["paper", "slide"])
def test_a_comparison_fills_its_slide(tmp_path, style):
    """A page that is as tall as need be would stand small in the middle of 16:9: a slide is laid out for its width."""
    runs = [few(), few(method="gan")]
    path = tmp_path / "both.png"
    drawn_together(runs, path, draw.Pace(), Options(style=style, px=640))
    with Image.open(path) as opened:
        dark = np.asarray(opened.convert("L")).min(axis=0) < 200
        wide = opened.width
    places = np.flatnonzero(dark)
    assert (places[-1] - places[0]) / wide > 0.8


@pytest.mark.parametrize(("runs", "style"), crossed([1, 2, 5], ["slide", "dark"], 2))
def test_a_film_that_compares_is_as_wide_as_a_slide_and_full(tmp_path, runs, style):
    """Critics, W1, bars and, in the end, the diagnosis, all within 16:9."""
    told = {"summary": {"diagnosis": ["1 of 2 seeds converged (W1 0.1), at step 10."]}}
    some = [few(method=f"m{i}", **told) for i in range(runs)]
    figure, parts = together.comparison_figure([draw.scene(run) for run in some], 640, Options(style=style))
    for part in parts:
        part.show(1)
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    assert width / height == pytest.approx(16 / 9, rel=5e-3)
    planes = [axis for axis in figure.axes if axis.get_aspect() == 1]
    assert len(planes) == runs
    for axis in planes:
        box = axis.get_window_extent()
        assert (box.x0, box.y0) >= (0, 0)
        assert box.width > width / 10
    marks = {text for axis in figure.axes for text in axis.get_xticklabels() + axis.get_yticklabels()}
    said = [text for text in figure.findobj(Text) if text.get_text().strip() and text not in marks]
    boxes = [text.get_window_extent() for text in said if not text.get_text().strip("-\N{MINUS SIGN}").isdecimal()]
    assert max(box.x1 for box in boxes) <= width
    assert max(box.y1 for box in boxes) <= height
    assert sum("converged" in text.get_text() for text in figure.findobj(Text)) == runs


def test_panels_of_both_kinds_stand_together_on_a_slide_where_they_are_larger_so():
    """One panel on the plane and five of curves: two rows of three."""
    inside = chosen([few()], ["inside"], (), Options(style="slide"))[0]
    planes = [axis for axis in inside.axes if axis.get_aspect() == 1]
    (plane,) = (axis.get_position() for axis in planes)
    beside = [axis for axis in inside.axes if axis not in planes and axis.get_position().y1 > plane.y0]
    assert len(beside) >= 2
    assert plane.width > 0.14


def test_bars_of_real_points_are_light_on_a_dark_ground():
    figure = Figure()
    axis = figure.add_subplot()
    axis.hist([1.0, 2.0], color=REAL, alpha=0.5, label="real")
    axis.legend()
    darken(figure)
    bars = [*axis.patches, *axis.get_legend().get_patches()]
    assert REAL not in {to_hex(bar.get_facecolor()) for bar in bars}
    assert {bar.get_facecolor()[3] for bar in bars} == {0.5}


def test_a_page_of_panels_says_its_seed_of_how_many_and_its_step():
    run = synthetic(frames=3, points=40, grid=13, coarse=5, seeds=2)
    said = words(chosen([run], ["critic"])[0]).replace("\n", " ")
    last = int(run.frames["step"][-1])
    assert "seed 0 shown of 0, 1" in said
    assert f"step {last}" in said
    several = words(chosen([run], ["critic"], [[0, 2]])[0])
    assert f"step {last}" in several
    assert several.count("step 0") == 1


def test_a_page_is_what_is_asked_for():
    figure = Figure((8, 6))
    assert page_of(figure, Options()) == (0, 0, 8, 6, 1)
    assert page_of(figure, Options(mm=8 * 25.4 / 2)).times == pytest.approx(0.5)
    assert page_of(figure, Options(type_size=18)).times == pytest.approx(2)
    left, bottom, wide, tall, times = page_of(figure, Options(style="slide"))
    assert (left, bottom, times) == (pytest.approx((8 - wide) / 2), 0, 1)
    assert (wide, tall) == (pytest.approx(6 * 16 / 9), 6)


@pytest.mark.parametrize(
    ("options", "kind"), crossed([Options(), Options(mm=120), Options(style="slide")], ["pdf", "svg"], 2)
)
def test_words_of_pdf_and_svg_stay_words_at_any_width(tmp_path, options, kind):
    path = tmp_path / f"a.{kind}"
    save_chosen([few()], ["critic"], path, options=options)
    words_stay_words(path, "critic: lighter is more real")


@pytest.mark.parametrize("kind", ["pdf", "svg"])
def test_words_of_a_sheet_stay_words(tmp_path, kind):
    draw.save_picture(few(), tmp_path / f"a.{kind}")
    words_stay_words(tmp_path / f"a.{kind}", "critic: the lighter, the more real")


def words_stay_words(path, title):
    """An SVG has the title as it is; the fonts of a PDF are of type 42: letters, no outlines."""
    if path.suffix == ".svg":
        assert f">{title}</text>" in path.read_text()  # a comment beside outlines has it too
        return
    data = path.read_bytes()
    assert b"/Type0" in data or b"/TrueType" in data
    assert b"/Type3" not in data


def test_a_dark_picture_has_a_dark_ground_light_words_and_a_light_plane():
    run = few(modes=8)
    for figure in (draw.picture(run), draw.comparison([run, run]), chosen([run], ["critic", "w1"])[0]):
        darken(figure)
        assert to_hex(figure.get_facecolor()) == GROUND
        assert {to_hex(text.get_color()) for text in figure.texts} <= {LIGHT, "#a8a8a8"}
        for axis in figure.axes:
            plane = axis.get_aspect() == 1
            assert (to_hex(axis.get_facecolor()) == GROUND) == (not plane)
            assert to_hex(axis.title.get_color()) == to_hex(axis._left_title.get_color()) == LIGHT
            if not plane:
                assert panels.INK not in {to_hex(line.get_color()) for line in axis.lines}
        notes = [text for axis in on_plane(figure) for text in axis.texts if text.get_bbox_patch() and text.get_text()]
        assert LIGHT not in {to_hex(text.get_color()) for text in notes}  # on white, within the plane


def test_numbers_on_coloured_fields_stay_dark_on_a_dark_ground():
    """The fields of a table stay light, for their colours say how much; the names around them are light."""
    figure = Figure()
    axis = figure.add_subplot()
    heat_map(axis, ["a", "b"], ["c"], np.array([[1.0, 2.0]]), Normalize(0, 2))
    figure.canvas.draw()
    before = [text.get_color() for text in axis.texts]
    darken(figure)
    assert [text.get_color() for text in axis.texts] == before
    assert to_hex(axis.get_facecolor()) != GROUND
    assert {label.get_color() for label in axis.get_xticklabels()} == {LIGHT}


@pytest.mark.parametrize("style", ["slide", "dark"])
def test_films_are_slides_too(tmp_path, style):
    draw.save_film(moving_optimum(), tmp_path / "a.gif", options=Options(style=style))
    frames = pictures_in(tmp_path / "a.gif")
    assert {(frame.width, frame.height) for frame in frames} == {(800, 450)}
    corner = frames[0].convert("RGB").getpixel((2, 2))
    assert (sum(corner) < 150) == (style == "dark")


# --- languages -------------------------------------------------------------------------------------------------------


def chinese(text):
    return any(map(is_wide, text))


def test_words_of_pictures_are_in_the_table():
    """Names of methods, commands and abbreviations stay; every other word of the main pictures has a translation."""
    run = synthetic(frames=3, points=40, grid=13, coarse=5, seeds=2, modes=8)
    figures = [chosen([run], [name for name in PANELS if name not in LACKING])[0]]
    figure, parts = film.film_figure(draw.scene(moving_optimum()))
    for part in parts:
        part.show(1)
    missing = set()
    for one in (*figures, figure, draw.comparison([run, run])):
        for text in one.findobj(Text):
            said = text.get_text()
            if re.search(r"[a-z]{3}", said) and not said.startswith("$") and not chinese(told(said, "zh")):
                missing.add(said)
    assert missing <= {"wgan-gp", "wgan-gp (1)", "wgan-gp (2)"}


def test_a_sentence_is_translated_with_its_parts_whole_or_broken_over_lines():
    assert (
        told("step 12 of 600 · W1 0.5 of 400 points (floor 0.1)", "zh")
        == "第 12 步，共 600 步 · W1 0.5（400 点；下限 0.1）"
    )
    broken = "scores from −2 to 3\nW1 0.5 of 400 points (floor\n0.1, 0.07–0.2)\n7 of 8 modes"
    assert told(broken, "zh").split("\n") == ["得分 −2 至 3", "W1 0.5（400 点；下限 0.1,", "0.07–0.2）", "模式 7/8"]
    assert in_parts("Settings: penalty weight 0.1, 2 critic steps; all else as usual.", "zh") == (
        "设置：惩罚权重 0.1，评判器每轮 2 步；其余为默认值。"
    )
    assert told("no such words", "zh") == "no such words"
    assert told("losses", "en") == "losses"


def chinese_of(figure):
    """The words of a figure as a Chinese picture has them, commands left out, of each paragraph as a whole."""
    finish.finish(figure, Options(language="zh"))
    return [text.get_text() for text in figure.findobj(Text) if "monospace" not in text.get_fontfamily()]


def test_pictures_of_games_distances_and_exhibits_are_in_chinese_too(monkeypatch):
    """All their words but names and keys, though a sentence stands in several lines."""
    monkeypatch.setattr(finish, "families", lambda language: ["DejaVu Sans"])
    of_games = portraits(
        [portrait("ns-gan", ["training.steps=40"]), portrait("wgan-gp", ["training.steps=40"])], "toygan dirac"
    )
    along = distances_along("A: shifted-lines; B: shifted-lines, target.shift varied", "target.shift", [0.0, 1.0],
                            {name: np.array([0.0, np.inf]) for name in ("w1", "js", "tv", "kl")},
                            {"w1": np.array([0.1, 0.1])}, "toygan distance")  # fmt: skip
    known = {"Dirac", "wgan", "shifted", "lines", "target", "shift"}
    for figure in (of_games, along):
        left = {word for text in chinese_of(figure) for word in re.findall("[A-Za-z]{4,}", text)}
        assert left <= known, left


def test_a_paragraph_in_several_lines_is_one(monkeypatch):
    monkeypatch.setattr(finish, "families", lambda language: ["DejaVu Sans"])
    figure = Figure((8, 2))
    for line, part in enumerate(["Lighter = the critic holds it for more real,", "for every method; every panel on its own",
                                  "colour scale."]):  # fmt: skip
        sheet.say(figure, 0.2, 1.0 - 0.15 * line, part, 8)
    sheet.say(figure, 0.2, 1.3, "Curves", 15)
    said = chinese_of(figure)
    assert "".join(said[:3]) == "越亮 = 评判器认为越真，对每种方法都如此；各图各用自己的色标。"
    assert said[3] == "Curves"


def test_no_command_is_translated(monkeypatch):
    monkeypatch.setattr(finish, "families", lambda language: ["DejaVu Sans"])
    figure = Figure((8, 2))
    said = "    --set 'critic={ kind = \"mlp\", width = 64 }', batch 64"
    sheet.say(figure, 0.2, 1.0, said, 8, family="monospace")
    finish.finish(figure, Options(language="zh"))
    assert [text.get_text() for text in figure.texts] == [said]


def test_a_table_has_as_many_parts_on_both_sides():
    words_alone, sentences = tables("zh")
    for sentence, translation in sentences.items():
        parts = sentence.count("{}")
        used = set(re.findall(r"\{(\d*)\}", translation))
        named = {int(part) for part in used if part}
        assert translation.count("{}") == parts or named == set(range(parts)), translation
    assert not [key for key in words_alone if "{" in words_alone[key]]


def test_chinese_breaks_anywhere_but_before_a_stop():
    lines = wrapped("评判器越亮越真，箭头指向上坡。W1 曲线每帧用 400 个点。", 16)
    assert "".join(lines).replace(" ", "") == "评判器越亮越真，箭头指向上坡。W1曲线每帧用400个点。"
    assert all(len(line) <= 10 for line in lines)
    assert not [line for line in lines if line[0] in "，。"]
    assert wrapped("W1：中位数 0.227（0.206 至 0.345）", 20) == ["W1：中位数 0.227", "（0.206 至 0.345）"]
    assert told("value; largest 1.7", "zh") == "值；最大 1.7"
    assert wrapped("one two three", 8) == ["one two", "three"]


def test_without_a_font_the_remedy_is_named(tmp_path, monkeypatch):
    fonts.family_with.cache_clear()
    monkeypatch.setattr(fonts, "has", lambda place, letters: False)
    monkeypatch.delenv(fonts.VARIABLE, raising=False)
    with pytest.raises(LookupError, match=r"no font on this machine has letters .*fonts-noto-cjk.*TOYGAN_FONT"):
        fonts.families("zh")
    monkeypatch.setenv(fonts.VARIABLE, "/none.otf")
    with pytest.raises(LookupError, match=r"/none\.otf has no letters"):
        fonts.families("zh")
    assert fonts.families("en") == ["DejaVu Sans"]
    fonts.family_with.cache_clear()


def test_the_font_of_last_resort_is_no_font():
    from matplotlib import get_data_path

    place = next(path for path in map(str, fonts.known()) if "LastResort" in path) if any(
        "LastResort" in path for path in map(str, fonts.known())
    ) else f"{get_data_path()}/fonts/ttf/LastResortHE-Regular.ttf"  # fmt: skip
    assert not fonts.has(place, "评")
    assert fonts.has(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", "aé")
    assert not fonts.has(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", "评")


def test_translated_words_are_set_in_the_font_that_has_them(monkeypatch):
    monkeypatch.setattr(finish, "families", lambda language: ["DejaVu Sans", "Some Han"])
    figure = draw.picture(few())
    translate(figure.findobj(Text), "zh")
    families = {text.get_text(): text.get_fontfamily() for text in figure.findobj(Text)}
    assert families["评判器：越亮越真"] == ["DejaVu Sans", "Some Han"]
    assert "monospace" in families[next(text for text in families if text.startswith("$ "))]
    assert "critic: the lighter, the more real" not in words(figure)


def test_the_table_is_shipped():
    assert find_spec("toygan.view").submodule_search_locations
    assert len(tables("zh")[0]) > 100


# --- commands --------------------------------------------------------------------------------------------------------


def context_of(name, *words):
    """What typer knows of a command line."""
    group = get_command(app)
    return group.get_command(Context(group), name).make_context(name, list(words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runs/a/b", "--view", "density"], "toygan draw runs/a/b --view density"),
        (["/home/me/runs/a/b", "--view", "edit"], "toygan draw a/b --view edit"),
        (["r", "--step", "0,500", "--panels", "kinds,slope"], "toygan draw r --steps 0,500 --panels kinds,slope"),
        (["my runs/b", "--seed", "all"], "toygan draw 'my runs/b' --seed all"),
    ],
)
def test_a_further_picture_carries_its_own_command(words, said):
    assert again(context_of("draw", *words)) == said
    slide = again(context_of("draw", *words, "--style", "slide", "--width", "900", "--no-points"))
    assert slide == f"{said} --style slide --width 900 --no-points"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["draw", "r", "-f", "pdf", "-f", "svg", "--out", "there", "--page"],
            "toygan draw r --format pdf --format svg",
        ),
        (["draw", "r", "--own", "mine.py:loss", "--scale", "frame"], "toygan draw r --own mine.py:loss"),
        (["draw", "r", "--font-size", "12", "--fps", "7.5"], "toygan draw r --fps 7.5 --font-size 12"),
        (["compare", "r", "s", "--style", "dark", "--no-animation", "--json"], "toygan compare r s --style dark"),
        (["demo", "dirac", "--quick", "--workers", "2", "--thin-points"], "toygan demo dirac --quick --thin-points"),
        (["distance", "a", "b", "--over", "k=0:1:3", "--json"], "toygan distance a b --over k=0:1:3"),
        (["dirac", "-m", "gan", "-u", "sga", "--out", "a.svg"], "toygan dirac -m gan -u sga --out a.svg"),
        (
            ["dirac", "--rate", "0.1234567", "--out", "/no/such/a.svg"],
            "toygan dirac --rate 0.1234567 --out /no/such/a.svg",
        ),
        (
            ["sweep", "a", "b", "--method", "gan", "--out", "c", "--workers", "2"],
            "toygan sweep a b --method gan --out c",
        ),
        (["protocol", "p", "--seeds", "3", "-f", "latex"], "toygan protocol p --seeds 3"),
    ],
)
def test_a_command_is_told_by_what_is_not_as_usual(words, said):
    """With where results go only where that decides what is drawn, and never with how the work is done."""
    command = context_of(*words)
    assert again(command, *(["out"] if words[0] in ("dirac", "distance", "protocol", "sweep") else [])) == said


PASTED = [
    ["-f", "png"],
    ["--style", "dark", "--thin-points", "--scale", "run", "-f", "png"],
    ["--style", "slide", "--width", "190mm", "-f", "svg"],
    ["--width", "60mm", "--no-points", "-f", "pdf"],
    ["--font-size", "8", "--seed", "1"],
    ["--panels", "critic,losses", "--seed", "all", "--font-size", "8"],
    ["--steps", "0,40", "--thin-points"],
    ["--steps", "0,40", "--panels", "critic"],
    ["--view", "latent", "--width", "400", "-f", "png", "-f", "svg"],
    ["--view", "inside", "--seed", "1", "--style", "dark"],
    ["--points", "30", "--width", "400"],
    ["--fps", "5", "--width", "300", "-f", "gif"],
]


def told_in(path):
    """The commands that a file carries, the last one of its picture."""
    if path.suffix == ".pdf":
        raw = re.search(rb"/Subject \(((?:[^\\)]|\\.)*)\)", path.read_bytes())[1].decode("latin-1")
        return raw.replace("\\n", "\n").replace("\\", "").splitlines()
    if path.suffix == ".svg":
        return unescape(re.search(r"<dc:description>(.*?)</dc:description>", path.read_text(), re.S)[1]).splitlines()
    with Image.open(path) as picture:
        said = picture.info["comment"].decode() if path.suffix == ".gif" else picture.info["Description"]
    return said.splitlines()


@pytest.fixture(scope="module")
def small_runs(tmp_path_factory):
    """Two finished runs of two seeds, undrawn."""
    place = tmp_path_factory.mktemp("runs")
    small = {"training.steps": 40, "training.frames": 3, "training.points": 60, "generator.width": 8, "critic.width": 8}
    with undrawn():
        for method in ("gan", "r3gan"):
            toygan.run("eight-gaussians", method, seeds=2, overrides=small | {"training.portraits": 2}, out=place)
    return place


def made(words, place):
    """The files that a command line makes, by name."""
    before = set(place.iterdir()) if place.exists() else set()
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return {path.name: path for path in sorted(set(place.iterdir()) - before)}


QUICK = {("draw", 1), ("draw", 8), ("draw", 11), ("compare", 4)}  # the others run with -m slow
CASES = [
    pytest.param(
        command, words, marks=() if (command, i) in QUICK else pytest.mark.slow, id=f"{command} {' '.join(words)}"
    )
    for command in ("draw", "compare")
    for i, words in enumerate(PASTED)
    if command == "draw" or words[0] not in ("--view", "--points")  # which are of one run alone
]


@pytest.mark.parametrize(("command", "words"), CASES)
def test_the_command_of_a_picture_makes_it_again(command, words, small_runs, monkeypatch, tmp_path):
    monkeypatch.chdir(small_runs)
    runs = [f"eight-gaussians/{name}" for name in (["r3gan"] if command == "draw" else ["gan", "r3gan"])]
    first = made([command, *runs, *words, "--out", str(tmp_path / "one")], tmp_path / "one")
    for name, path in first.items():
        last = shlex.split(told_in(path)[-1])
        assert last[:2] == ["toygan", command]
        second = made([*last[1:], "--out", str(tmp_path / name)], tmp_path / name)
        assert second[name].read_bytes() == path.read_bytes()


def test_a_run_drawn_as_usual_carries_the_command_of_the_run_alone(small_runs, monkeypatch, tmp_path):
    monkeypatch.chdir(small_runs)
    drawn = made(["draw", "eight-gaussians/gan", "--out", str(tmp_path)], tmp_path)
    assert drawn.keys() == {"picture.png", "animation.gif"}
    for path in drawn.values():
        (line,) = told_in(path)
        assert line.startswith("toygan run eight-gaussians --method gan")


def test_a_comparison_of_many_runs_still_shows_its_own_command():
    runs = [replace(few(), facts=replace(few().facts, command=f"toygan run a --set seed={i}")) for i in range(6)]
    runs[-1] = with_command(runs[-1], "toygan compare a b")
    assert sheet.comparison_commands(runs) == [
        "$ toygan run a --set seed=0",
        "$ toygan run a --set seed=1",
        "    (7 commands in all: see this file's metadata)",
        "$ toygan compare a b",
    ]
    assert len(sheet.comparison_commands(runs[:4])) == 4
    assert "(" not in "".join(sheet.comparison_commands(runs[:4]))


def test_both_commands_stand_beneath_and_in_the_file(tmp_path):
    run = with_command(few(frames=3), "toygan draw runs/a/b --view latent")
    save_figure(VIEWS["latent"](run), tmp_path / "latent.png", run.facts.command)
    with Image.open(tmp_path / "latent.png") as picture:
        assert picture.info["Description"].splitlines()[1:] == ["toygan draw runs/a/b --view latent"]
    lines = command_lines(run)
    assert lines[-1] == "$ toygan draw runs/a/b --view latent"
    assert lines[0].startswith(f"$ {few(frames=3).facts.command[:20]}")
