"""Own points and pictures: how they are read, the view that follows a target, and what is told of them."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from toygan.cli.main import app
from toygan.draw.panels import plane_tick
from toygan.draw.sheet import footer_lines
from toygan.files.advice import advice
from toygan.files.catalogue import pages
from toygan.files.config import Config, as_data, as_toml
from toygan.files.scenario import read
from toygan.files.shipped import shipped
from toygan.files.world import build_target
from toygan.many import run
from toygan.session.recording import load
from toygan.targets.mixtures import dirac, mixture
from toygan.targets.table import TARGETS, examples, image, points
from toygan.targets.target import MANY, extent, many, middle, moved, window
from toygan.targets.user_files import opened, read_points
from toygan.view.scene import real_in_words, scene

TABLE = np.random.default_rng(3).normal(size=(60, 2)).round(4)
METRES = 1500 * TABLE + [432_000, 5_712_000]


def scenario(folder: Path, target: str, more: str = "") -> str:
    """A scenario file with this target, and no view unless there is more."""
    (folder / "own.toml").write_text(f'title = "Own"\n[target]\n{target}\n{more}', encoding="utf-8")
    return str(folder / "own.toml")


def own_points(folder: Path, table: np.ndarray, settings: str = "", more: str = "") -> str:
    np.save(folder / "own.npy", table)
    return scenario(folder, f'kind = "points"\npath = "own.npy"\n{settings}', more)


def drawing(folder: Path, paper: str, ink: str) -> str:
    """A thick circle on paper that fills the picture."""
    picture = Image.new("RGB", (60, 40), paper)
    ImageDraw.Draw(picture).ellipse((15, 5, 45, 35), outline=ink, width=6)
    picture.save(folder / "own.png")
    return 'kind = "image"\npath = "own.png"'


# --- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
@pytest.mark.parametrize("mark", [",", ";", "\t", " ", "   ", ", ", "; ", " \t"])
@pytest.mark.parametrize(
    "before", ["", "x{}y\n", "# made by hand\nx{}y\n", "\ufeffsep=;\nx{}y\n", "# 2 columns, 60 rows\n"]
)
def test_columns_may_be_parted_by_any_mark(tmp_path, suffix, mark, before):
    rows = "".join(f"{x}{mark}{y}\n" for x, y in TABLE)
    (tmp_path / f"p.{suffix}").write_text(before.format(mark) + rows, encoding="utf-8")
    np.testing.assert_array_equal(read_points(tmp_path / f"p.{suffix}"), TABLE)


@pytest.mark.parametrize("mark", [";", "\t", " "])
@pytest.mark.parametrize("header", ["", "length, in m{}height, in m\n"])
def test_decimal_commas_are_read_where_no_comma_parts_columns(tmp_path, mark, header):
    if mark == " " and header:
        header = "length{}height\n"
    rows = "".join(f"{x}{mark}{y}\n".replace(".", ",") for x, y in TABLE)
    (tmp_path / "p.csv").write_text(header.format(mark) + rows, encoding="utf-8")
    np.testing.assert_array_equal(read_points(tmp_path / "p.csv"), TABLE)


def test_numpy_and_pandas_write_what_is_read_with_other_marks(tmp_path):
    np.savetxt(tmp_path / "p.txt", TABLE, header="x y")
    np.testing.assert_array_equal(read_points(tmp_path / "p.txt"), TABLE)
    pandas = pytest.importorskip("pandas")
    for header in (["x", "y"], True):  # True: the names 0 and 1
        pandas.DataFrame(TABLE).to_csv(tmp_path / "p.csv", index=False, sep=";", decimal=",", header=header)
        np.testing.assert_array_equal(read_points(tmp_path / "p.csv"), TABLE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "1,234;5,678\n9;7,000\n",
            "'1,234;5,678': the comma may be a decimal one or part thousands; write 1.234 or 1234",
        ),
        (
            "1,5;2\n3.5;4\n",
            "'1,5;2' has a comma in a number, and other rows have points; write every number with a point",
        ),
        ("1,234.5;2\n3;4\n", "p.csv, row 1: '1.234.5;2' is not two numbers with a semicolon between them"),
        (
            "x;y\n1;2;3\n",
            "p.csv, row 1: '1;2;3' is not two numbers with a semicolon between them; keep two of its 3 columns",
        ),
        ("1\t2\n3\n", "p.csv, row 2: '3' is not two numbers with a tab between them"),
        (
            "1 2\n3 4 5\n",
            "p.csv, row 2: '3 4 5' is not two numbers with blanks between them; keep two of its 3 columns",
        ),
        ("1,5,2,5\n3,5,4,5\n", "p.csv, row 1: '1,5,2,5' is not two numbers; keep two of its 4 columns"),
        ("x;y\nn/a;n/a\n1;2\n", "p.csv, row 1: 'n/a;n/a' is not two numbers with a semicolon between them"),
    ],
)
def test_columns_that_can_be_read_in_two_ways_or_none_are_refused(tmp_path, content, message):
    (tmp_path / "p.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"not two numbers|comma") as caught:
        read_points(tmp_path / "p.csv")
    assert message in str(caught.value)


# --- options ---------------------------------------------------------------------------------------------------------


def test_normalised_points_have_mean_0_and_root_mean_square_radius_1(tmp_path):
    np.save(tmp_path / "p.npy", METRES)
    found = points(path=tmp_path / "p.npy", normalise=True)
    np.testing.assert_allclose(found.points.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.square(found.points).sum(axis=1).mean(), 1, rtol=1e-12)
    np.testing.assert_allclose(found.points * extent(METRES).radius + METRES.mean(axis=0), METRES)
    np.save(tmp_path / "p.npy", np.ones((5, 2)))
    with pytest.raises(ValueError, match="normalise: all points are one"):
        points(path=tmp_path / "p.npy", normalise=True)


def test_an_inverted_negative_is_the_picture(tmp_path):
    """Light is likely where dark was; transparent pixels never get a point, whichever way."""
    grey = np.random.default_rng(0).integers(0, 256, (7, 9), dtype=np.uint8)
    alpha = np.random.default_rng(1).integers(0, 256, (7, 9), dtype=np.uint8)
    places = np.random.default_rng(2).uniform(-1, 1, (300, 2)) * [1, 7 / 9]
    for name, layers in {"L": [grey], "LA": [grey, alpha]}.items():
        for shown, path in ((layers, "one.png"), ([255 - grey, *layers[1:]], "negative.png")):
            Image.merge(name, [Image.fromarray(layer) for layer in shown]).save(tmp_path / path)
        one, negative = image(path=tmp_path / "one.png"), image(path=tmp_path / "negative.png", invert=True)
        # Pillow rounds to 8 bits after laying a picture on its paper.
        np.testing.assert_allclose(
            np.exp(negative.log_density(places, 0.0)), np.exp(one.log_density(places, 0.0)), atol=0.02
        )


def test_a_blank_picture_is_told_how_it_may_be_meant(tmp_path):
    Image.new("L", (5, 5), 255).save(tmp_path / "white.png")
    Image.new("L", (5, 5), 0).save(tmp_path / "black.png")
    with pytest.raises(ValueError, match=r"white\.png is blank; dark pixels are .* invert = true turns that round"):
        image(path=tmp_path / "white.png")
    with pytest.raises(ValueError, match=r"black\.png is blank; light pixels are .* leave target\.invert out"):
        image(path=tmp_path / "black.png", invert=True)


@pytest.mark.parametrize(("name", "option"), [("my-points", "normalise"), ("hand-drawn", "invert")])
def test_an_option_that_is_not_taken_leaves_a_config_as_it_was_before_there_was_one(name, option):
    config = read(name)
    before = {"kind": config.target.kind, "path": str(config.target.path), "rotate": 0.0, "shift": [0.0, 0.0]}
    before["scale"] = 1.5 if name == "hand-drawn" else 1.0
    assert as_data(config)["target"] == before
    assert as_data(read(name, None, [f"target.{option}=false"])) == as_data(config)
    assert as_data(read(name, None, [f"target.{option}=true"]))["target"] == before | {option: True}


# --- the view --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("move", [{}, {"scale": 300.0, "shift": (4e5, -7e6)}, {"scale": 0.003, "shift": (0.5, 0.2)}])
def test_the_window_shows_a_targets_mass_and_its_modes(kind, move):
    target = moved(examples(Path("scenarios"))[kind], **move)
    (left, right), (bottom, top) = window(target)
    assert right - left == pytest.approx(top - bottom)
    fresh = target.sample(np.random.default_rng(7), 5000)
    assert ((fresh >= [left, bottom]) & (fresh <= [right, top])).all(axis=1).mean() > 0.99
    if target.modes is not None:
        assert ((target.modes.centres > [left, bottom]) & (target.modes.centres < [right, top])).all()
    elif move.get("scale") == 300.0:  # too far for the origin to be shown, so the mass fills the window
        assert 0.55 < np.ptp(middle(fresh), axis=0).max() / (right - left) < 0.75
    unit = 10.0 ** np.floor(np.log10((right - left) / 16))
    for end in (left, right, bottom, top):  # round ends
        assert end / unit == pytest.approx(round(end / unit), rel=1e-12)
    assert window(target) == window(target)


def test_the_windows_of_a_few_targets(tmp_path):
    assert window(dirac()) == ((-2.0, 2.0), (-2.0, 2.0))
    assert window(dirac(at=(7.0, 7.0))) == ((5.0, 9.0), (5.0, 9.0))
    near, far = mixture(centres=((1.5, 0.0),), stds=0.5), mixture(centres=((40.0, -30.0),), stds=0.5)
    (left, right), _ = window(near)
    assert left < 0 < right
    assert window(far)[0][0] > 35
    rare = mixture(centres=((0.0, 0.0), (9.0, 9.0)), stds=0.1, weights=(1e5, 1.0))
    assert window(rare)[0][1] > 9


def test_an_outlier_does_not_shrink_the_picture(tmp_path):
    table = np.random.default_rng(0).normal(size=(1000, 2))
    path = own_points(tmp_path, np.concatenate([table, [[5000.0, 0.0]]]))
    assert max(np.abs(read(path).view.x)) < 6
    assert advice(read(path)) == []


def test_a_view_that_is_not_set_follows_the_target_and_is_written_down(tmp_path):
    path = own_points(tmp_path, METRES)
    config = read(path)
    assert (config.view.x, config.view.y) == window(build_target(config))
    (tmp_path / "config.toml").write_text(as_toml(config), encoding="utf-8")
    assert as_data(read(str(tmp_path / "config.toml"))) == as_data(config)
    assert (
        read(path, None, ["target.normalise=true"]).view.x
        == window(points(path=tmp_path / "own.npy", normalise=True))[0]
    )
    (page,) = pages(path, {})
    assert page.lines["view"].startswith(f"x = [{config.view.x[0]}, ")
    assert "normalise = true" in page.lines["note 1"]


def test_a_view_that_is_set_stays(tmp_path):
    both = read(own_points(tmp_path, TABLE, more="[view]\nx = [-9, 9]\ny = [-8, 8]\n"))
    assert (both.view.x, both.view.y) == ((-9, 9), (-8, 8))
    assert "view" not in pages(str(tmp_path / "own.toml"), {})[0].lines
    one = read(own_points(tmp_path, TABLE, more="[view]\nx = [-9, 9]\n"))
    assert (one.view.x, one.view.y) == ((-9, 9), window(build_target(one))[1])
    assert read(own_points(tmp_path, TABLE), None, ["view.y=[-8,8]"]).view.y == (-8, 8)


def test_a_target_farther_than_any_file_can_say_keeps_the_usual_view(tmp_path):
    config = read(own_points(tmp_path, 1e12 * TABLE))
    assert (config.view.x, config.view.y) == ((-3, 3), (-3, 3))
    assert "set normalise = true" in advice(config)[0]
    assert advice(config)[1].endswith("wider x and y in [view] show more")
    assert as_data(read(own_points(tmp_path, 1e12 * TABLE, "normalise = true")))["view"]["x"] != [-3, 3]


def test_a_switch_is_shown_as_it_is_without_it():
    assert "normalise = false  # true or false\n" in pages("points", {})[0].settings
    assert "invert = false  # true or false\n" in pages("image", {})[0].settings


def test_numbers_beside_a_far_plane_differ():
    assert [plane_tick(y) for y in (5_710_000.0, 5_712_000.0, -5_712_000.5)] == [
        "5710k",
        "5712k",
        "\N{MINUS SIGN}5712k",
    ]
    assert [plane_tick(x) for x in (0.25, 430_000.0, 3e9)] == ["0.25", "430k", "3·10⁹"]


# --- what is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_nothing_is_told_of_what_is_shipped(name):
    assert advice(read(name)) == []


def told(path: str, *changes: str) -> str:
    return "\n".join(advice(read(path, None, changes)))


@pytest.mark.parametrize(("factor", "is_told"), [(0.02, True), (0.3, False), (2.0, False), (30.0, True)])
def test_a_scale_that_players_cannot_work_with_is_told_with_the_remedy(tmp_path, factor, is_told):
    path = own_points(tmp_path, factor * (TABLE - TABLE.mean(axis=0)))
    assert ("normalise = true" in told(path)) is is_told
    assert "unit scale" not in told(path, "target.normalise=true")


def test_points_that_are_all_one_are_only_moved(tmp_path):
    assert told(own_points(tmp_path, np.ones((5, 2)))) == ""
    assert "set shift = [-100.0, -100.0] in [target]" in told(own_points(tmp_path, np.full((5, 2), 100.0)))


def remedied(config: Config, path: str) -> Config:
    """The config with what the only advice says to set."""
    (sentence,) = advice(config)
    settings = sentence.split(": set ")[1].removesuffix(" in [target]").split(" and ")
    return read(path, None, [f"target.{setting.replace(' ', '')}" for setting in settings])


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "shift = [30, 10]",
        "scale = 100",
        "scale = 0.01\nshift = [50, -3]",
        "scale = 500\nrotate = 40\nshift = [0, 900]",
    ],
)
def test_the_remedy_of_a_mixture_brings_it_to_unit_scale(tmp_path, settings):
    path = scenario(tmp_path, f'kind = "mixture"\ncentres = [[40, -30], [42, -30], [41, -28]]\nstds = 0.2\n{settings}')
    better = remedied(read(path), path)
    assert advice(better) == []
    found = extent(many(build_target(better)))
    assert 0.2 < found.radius < 5
    assert np.hypot(*found.centre) < 5


def test_the_unit_of_normalised_points_is_told(tmp_path):
    path = own_points(tmp_path, METRES, "normalise = true")
    radius = extent(METRES).radius
    assert told(path).startswith(f"normalised: on axes and in measures 1 is {float(f'{radius:.3g}'):g} of own.npy")


def test_the_unit_of_normalised_points_goes_with_what_moves_them(tmp_path):
    path = own_points(tmp_path, METRES, "normalise = true\nscale = 2\nshift = [1, 0]")
    radius = extent(METRES).radius
    assert f" 1 is {float(f'{radius / 2:.3g}'):g} of own.npy, and [1.0, 0.0] is its mean, (" in told(path)
    x = build_target(read(path)).points
    assert extent(x).radius == pytest.approx(2)
    np.testing.assert_allclose(np.hypot(*(x[0] - x[1])) * radius / 2, np.hypot(*(METRES[0] - METRES[1])))
    config = {"target": {"kind": "points", "normalise": True, "scale": 2.0}}
    shown = SimpleNamespace(
        places=([], []), real=x, view=(-9, 9, -9, 9), recording=SimpleNamespace(facts=SimpleNamespace(config=config))
    )
    assert real_in_words(shown).startswith("A length of 2, on axes and in measures, is the root mean square radius")


def test_an_outlier_among_normalised_points_does_not_hide_their_scale(tmp_path):
    table = np.concatenate([np.random.default_rng(0).normal(size=(1000, 2)), [[5000.0, 0.0]]])
    assert "set scale = " in told(own_points(tmp_path, table, "normalise = true"))


def test_a_background_full_of_points_is_told_with_the_remedy(tmp_path):
    path = scenario(tmp_path, drawing(tmp_path, "black", "white"))
    assert "own.png has a dark background" in told(path)
    assert "set invert = true in [target]" in told(path)
    assert told(path, "target.invert=true") == ""
    path = scenario(tmp_path, drawing(tmp_path, "white", "black"))
    assert told(path) == ""
    assert "leave invert out of [target]" in told(path, "target.invert=true")


def test_a_background_that_is_not_quite_white_is_told_with_its_share_of_the_points(tmp_path):
    path = scenario(tmp_path, drawing(tmp_path, "#f4f4f4", "black"))
    target = build_target(read(path))
    x = target.sample(np.random.default_rng(0), 20_000)
    light = np.asarray(Image.open(tmp_path / "own.png").convert("L"))
    rows, columns = ((2 / 3 - x[:, 1]) * 30).astype(int), ((x[:, 0] + 1) * 30).astype(int)
    share = (light[rows, columns] > 200).mean()
    assert share > 0.05
    assert told(path).startswith(f"about {100 * share:.0f}\N{NO-BREAK SPACE}% of the points fall on the background")
    path = scenario(tmp_path, drawing(tmp_path, "#0b0b0b", "white"))
    assert "which is not quite black; make it black, or transparent" in told(path, "target.invert=true")


def test_real_points_outside_the_view_are_told_with_the_remedy(tmp_path):
    x = np.linspace(0, 1, 200)
    path = own_points(tmp_path, np.stack([x, x], axis=1), more="[view]\nx = [0, 0.75]\ny = [-1, 2]\n")
    (sentence,) = advice(read(path))
    assert sentence.startswith(
        "25\N{NO-BREAK SPACE}% of the real points lie outside the view, x = [0.0, 0.75], y = [-1.0, 2.0]"
    )
    x, y = window(points(path=tmp_path / "own.npy"))
    assert sentence.endswith(f"leave [view] out to have x = {list(x)}, y = {list(y)}")
    assert told(path, "view.x=[0,0.999]") == ""


def test_a_run_tells_on_stderr_and_on_its_sheet(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run, "draw", lambda recording, order: None)
    path = own_points(tmp_path, METRES, "normalise = true", "[view]\nx = [-2, 0]\ny = [-2, 2]\n")
    words = ["run", path, "--out", str(tmp_path / "out"), "--steps", "2", "--set", "training.batch=8", "--json"]
    words += ["--backend", "eager"]
    with pytest.raises(SystemExit) as caught:
        app(words)
    assert caught.value.code in (0, None)
    stderr = capsys.readouterr().err
    assert stderr.count("own: normalised: on axes and in measures 1 is") == 1
    assert stderr.count("of the real points lie outside the view") == 1
    recording = load(tmp_path / "out" / "own" / "wgan-gp")
    real = recording.frames["real"]
    outside = 100 * np.mean(real[:, 0] > 0) + 100 * np.mean((real[:, 0] <= 0) & (np.abs(real) > 2).any(axis=1))
    sheet = " ".join(line for line, _ in footer_lines_of(recording))
    assert f"{outside:.0f}\N{NO-BREAK SPACE}% of the real points lie outside the view" in sheet
    assert "A length of 1, on axes and in measures, is the root mean square radius of the file's points" in sheet


def test_a_sweep_tells_once_of_a_scenario(tmp_path, capsys, no_processes, monkeypatch):
    monkeypatch.setattr(run, "draw", lambda recording, order: None)
    path, out = own_points(tmp_path, METRES, "normalise = true"), str(tmp_path / "out")
    words = ["sweep", path, "--grid", "training.seed=0,1", "--out", out, "--steps", "1"]
    with pytest.raises(SystemExit) as caught:
        app([*words, "--set", "training.batch=8", "--set", "training.points=20"])
    assert caught.value.code in (0, None)
    assert capsys.readouterr().err.count("normalised: on axes and in measures") == 1


def footer_lines_of(recording):
    return footer_lines(scene(recording), "en")


def test_nothing_is_said_where_all_real_points_are_seen():
    shown = SimpleNamespace(
        places=([], []),
        real=np.zeros((5, 2)),
        view=(-1, 1, -1, 1),
        recording=SimpleNamespace(facts=SimpleNamespace(config={})),
    )
    assert real_in_words(shown) == ""


def test_lists_of_many_points_are_known_by_as_many_draws(tmp_path):
    np.save(tmp_path / "p.npy", np.random.default_rng(0).normal(size=(MANY + 1, 2)))
    target = points(path=tmp_path / "p.npy")
    assert len(many(target)) == MANY
    np.testing.assert_array_equal(many(target), many(target))


def test_what_a_camera_noted_amiss_is_no_word_to_anybody():
    """A directory of 120 entries of which a dozen are there: Pillow warns, and opens the picture."""
    buffer = io.BytesIO()
    Image.new("L", (8, 4), 128).save(buffer, "tiff")
    content = bytearray(buffer.getvalue())
    content[8] = 120
    assert opened("i.tiff", bytes(content)).size == (8, 4)
