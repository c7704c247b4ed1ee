"""A user's own target and rule: from a file that the command names, or functions in Python, through every door."""

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import called
from matplotlib.figure import Figure
from typer.testing import CliRunner

import toygan
from toygan.cli.main import app
from toygan.draw.panels import own_curves
from toygan.draw.sheet import curve_panels
from toygan.files import own
from toygan.files.scenario import read
from toygan.files.world import build_target
from toygan.game import play
from toygan.many import task as tasks
from toygan.session import ground
from toygan.view.words import frame_words

SMALL = {"training.steps": 8, "training.points": 60, "training.batch": 16, "training.frames": 3}
SETS = [f"--set={key}={value}" for key, value in SMALL.items()]
MINE = '''"""A file of a researcher's."""
import numpy as np
import torch

from toygan.game import play


def my_ring(rng, n, std: float = 0.05, modes: int = 5):
    k = rng.integers(modes, size=n)
    angles = 2 * np.pi * k / modes
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) + std * rng.standard_normal((n, 2)), k


def by_torch(n, generator):
    return torch.randn(n, 2, generator=generator)


def by_seed(n, seed):
    return np.random.RandomState(seed).randn(n, 2).astype("float32")


class Sampler:
    def sample(self, n, rng):
        return rng.uniform(size=(n, 2))


def whole(*, std: float = 0.1):
    from toygan.targets.mixtures import ring

    return ring(modes=4, std=std)


def sorted_points(rng, n):
    return np.sort(rng.standard_normal((n, 2)), axis=0)


def nobody(n):
    return np.random.randn(n, 2)


def loses(rng, n):
    return rng.standard_normal((n // 8 * 8, 2))


def besides(rng, n):
    return rng.standard_normal((n, 2)) + np.random.randn(n, 2)


def scaled(rng, n, scale=2.0):
    return scale * rng.standard_normal((n, 2))


def gaps(rng, n):
    return np.where(np.arange(n)[:, None] % 7, rng.standard_normal((n, 2)), np.nan)


def bad_labels(rng, n):
    return rng.standard_normal((n, 2)), rng.standard_normal(n)


def rare_label(rng, n):
    k = rng.integers(3, size=n)
    k[: n < 1000] = 3  # which the 2047 points of the trial have not
    return rng.standard_normal((n, 2)), k


def too_few_classes():
    from toygan.targets.target import Batch, Target

    def draw(rng, n):
        return Batch(rng.standard_normal((n, 2)), rng.integers(4, size=n))

    return Target(lambda rng, n: draw(rng, n).points, draw=draw, classes=3)


def raises(rng, n):
    return rng.normals(n)


def my_rule(game, state, draw):
    for k in range(game.critic_steps):
        state = play.move(game, state, game.critics, play.row_of(draw, k), at=state)
    return play.over_with(play.move(game, state, game.generators, play.row_of(draw, -1), at=state))


def slowly(game, state, draw, *, share: float = 0.5):
    after = my_rule(game, state, draw)
    mixed = {
        name: after.players[name]._replace(parameters=old.parameters.lerp(after.players[name].parameters, share))
        for name, old in state.players.items()
    }
    return after._replace(players=mixed)


def no_state(game, state, draw):
    return 3


def forgets(game, state, draw):
    return play.move(game, state, game.critics, play.row_of(draw, 0), at=state)


def mistypes(game, state, draw):
    return state.plyers


def left_share(points, real, at: float = 0.0):
    return abs((points[:, 0] < at).mean() - (real[:, 0] < at).mean())


def no_number(points, real):
    return points


def w1(points, real):
    return 0.0
'''


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """What is asked here is neither of graphs nor of pictures, but where a test says so."""
    with called():
        yield


class Played(NamedTuple):
    """Where a run was played, with its file of code, and what was said."""

    place: Path
    said: str


def run(*words: str):
    return CliRunner().invoke(app, ["run", *words, "--no-animation", *SETS])


def played(place: Path, *words: str) -> Played:
    """A run by the command line in a folder with the file in it, for tests that read it."""
    (place / "mine.py").write_text(MINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(own, "LOADED", {})
        result = run(*words)
    assert result.exit_code == 0, result.stderr
    return Played(place, result.stdout)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A run on one's own target."""
    options = ("--set", "target.std=0.2", "--set", "target.scale=2")
    return played(tmp_path_factory.mktemp("ring"), "mine.py:my_ring", "-m", "gan", *options)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A run of two seeds by one's own measure, with its page."""
    options = ("--seeds", "2", "--measure", "mine.py:left_share", "--page")
    return played(tmp_path_factory.mktemp("measured"), "eight-gaussians", "-m", "gan", *options)


def frames(folder: str) -> bytes:
    return Path("runs", folder, "frames.npz").read_bytes()


def config_of(*words: str):
    own.allow(words)
    return read(words[0], None, list(words[1:]))


# --- targets -------------------------------------------------------------------------------------------------------------


def test_a_target_is_a_scenario(ring):
    folder = ring.place / "runs/mine.my_ring/gan"
    target = tomllib.loads((folder / "config.toml").read_text())["target"]
    assert {key: target[key] for key in ("kind", "std", "modes", "scale")} == {
        "kind": "mine.py:my_ring", "std": 0.2, "modes": 5, "scale": 2.0
    }  # fmt: skip
    assert json.loads((folder / "run.json").read_text())["inputs"].keys() == {str(ring.place / "mine.py")}
    assert (folder / "target.py").read_text() == MINE
    assert toygan.load(folder).facts.scenario == "mine.my_ring"


@pytest.mark.parametrize("name", ["my_ring", "by_torch", "by_seed", "Sampler", "whole"])
def test_a_target_in_the_place_of_a_shipped_one(name, mine):
    config = config_of(
        "eight-gaussians", "target.shift=[1.0, 0.0]", f"target=mine.py:{name}", "target.shift=[1.0, 0.0]"
    )
    target = build_target(config)
    first, second, other = (target.sample(np.random.default_rng(seed), 101) for seed in (0, 0, 1))
    assert first.shape == (101, 2)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    centre = target.sample(np.random.default_rng(2), 4000).mean(axis=0)
    assert centre == pytest.approx([1.5 if name == "Sampler" else 1.0, 0.5 if name == "Sampler" else 0.0], abs=0.08)


def test_labels_are_classes_and_points_come_in_an_order_of_chance(mine):
    target = build_target(config_of("mine.py:my_ring"))
    assert target.classes == 5
    points, labels = target.batch(np.random.default_rng(0), 1000)
    assert np.round(np.arctan2(*points.T[::-1]) / (2 * np.pi / 5)).astype(int) % 5 == pytest.approx(labels)
    cloud = build_target(config_of("mine.py:sorted_points")).sample(np.random.default_rng(0), 1000)
    assert abs(cloud[:500].mean() - cloud[500:].mean()) < 0.2  # 1.6 where they come sorted


def test_a_changed_source_is_another_run(mine, monkeypatch):
    monkeypatch.setattr(ground, "PERFECT", 2)  # of what is perfect nothing is asked
    monkeypatch.setattr(ground, "floors_of", partial(ground.floors_of, draws=2))
    assert run("mine.py:my_ring", "-m", "gan").exit_code == 0
    mine.write_text(MINE.replace("5)", "5, more: int = 1)"))
    changed = run("mine.py:my_ring", "-m", "gan")
    assert changed.exit_code == 2
    assert "mine.py has changed since" in changed.stderr


def test_a_recording_is_read_and_sampled_without_its_target(ring, tmp_path, monkeypatch):
    shutil.copytree(ring.place / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own, "LOADED", {})
    recording = toygan.load("runs/mine.my_ring/gan")
    assert recording.sample(5).shape == (1, 5, 2)
    assert CliRunner().invoke(app, ["table", "runs"]).exit_code == 0
    assert CliRunner().invoke(app, ["draw", "runs/mine.my_ring/gan", "--format", "svg"]).exit_code == 0


def line(text: str) -> int:
    return MINE.splitlines().index(text) + 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "takes neither rng nor seed, and a run could not be repeated"),
        ("loses", f"line {line('def loses(rng, n):')}: mine.py:loses: asked for 2047 points it returns [2040, 2]"),
        ("besides", "the same stream gives other points the next time"),
        ("scaled", "its option 'scale' is a word of toygan's own, which every target has"),
        ("gaps", "293 of 2047 points are NaN or infinite"),
        ("bad_labels", "labels are whole numbers from 0 on"),
        ("raises", "AttributeError: 'numpy.random._generator.Generator' object has no attribute 'normals'"),
        ("my_rule", "my_rule is not the function of a target: it takes game, state, draw"),
        ("my_rin", "has no function 'my_rin'\n    did you mean \"my_ring\""),
    ],
)
def test_a_sampler_that_does_not_fit_is_one_message(name, said, mine):
    result = run(f"mine.py:{name}")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        (
            "rare_label",
            "has 3 classes, of 2047 points drawn before the run, and in the run",
            "let it return a whole Target",
        ),
        ("too_few_classes", "has 3 classes, as it says, and in the run", "labels go from 0 to classes - 1"),
    ],
)
@pytest.mark.parametrize("method", ["gan", "cgan"])
def test_a_label_beyond_the_classes_is_one_message(name, said, hint, method, mine):
    result = run(f"mine.py:{name}", "-m", method)
    assert result.exit_code == 2
    assert f"mine.py:{name}: {said} the label 3 came" in result.stderr
    assert hint in result.stderr
    assert "Traceback" not in result.output


def test_labels_within_the_classes_pass_as_they_are(mine):
    target = build_target(config_of("mine.py:whole"))
    labels = target.batch(np.random.default_rng(0), 1000).labels
    assert (target.classes, sorted(set(labels.tolist()))) == (4, [0, 1, 2, 3])


def test_a_scenario_file_cannot_run_a_sampler(mine):
    mine.write_text("raise SystemExit('ran')\n" + MINE)
    Path("evil.toml").write_text('title = "x"\n[target]\nkind = "mine.py:my_ring"\n')
    result = run("evil.toml")
    assert result.exit_code == 2
    assert "own code runs only where its file is named on the command line" in result.stderr
    assert "ran" not in result.output.replace("random", "")


# --- rules ---------------------------------------------------------------------------------------------------------------


def test_a_rule_plays_as_the_table_s_does(mine, by_graph):
    assert (
        run("two-moons", "-m", "gan", "--set", "method.update=mine.py:my_rule", "--set", "method.name=ours").exit_code
        == 0
    )
    assert run("two-moons", "-m", "gan").exit_code == 0
    assert frames("two-moons/ours") == frames("two-moons/gan")
    assert (Path("runs/two-moons/ours") / "rule.py").read_text() == MINE


def test_a_rule_has_dials(mine):
    whole = {"method.update": "mine.py:slowly", "method.update.share": 1.0}
    still = {"method.update": "mine.py:slowly", "method.update.share": 0.0}
    ends = [
        next(toygan.session("two-moons", "gan", overrides=SMALL | changes, at=[8])).arrays["samples"]
        for changes in ({}, whole, still)
    ]
    start = next(toygan.session("two-moons", "gan", overrides=SMALL)).arrays["samples"]
    assert np.allclose(ends[0], ends[1], atol=1e-5)
    assert np.array_equal(ends[2], start)
    turned = toygan.session("two-moons", "gan", overrides=SMALL | still, at=[8], turns={4: {"update.share": 1.0}})
    assert not np.array_equal(next(turned).arrays["samples"], start)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_state", "returns int 3 where the next state is wanted"),
        ("forgets", "after step 0 it returns step 0 with critic, generator"),
        (
            "mistypes",
            f"line {line('    return state.plyers')}: AttributeError: 'State' object has no attribute 'plyers'",
        ),
        ("my_ring", "my_ring is not the function of a rule: it takes rng, n"),
    ],
)
def test_a_rule_that_does_not_fit_is_one_message(name, said, mine):
    result = run("two-moons", "-m", "gan", "--set", f"method.update=mine.py:{name}")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("runs").exists()


# --- many runs, and Python -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sweep_plays_own_targets_and_rules_in_processes_of_its_own(mine):
    words = [
        "sweep",
        "mine.py:my_ring",
        "two-moons",
        "-m",
        "gan",
        *SETS,
        "--grid",
        "method.update=mine.py:my_rule,simultaneous",
    ]
    result = CliRunner().invoke(app, [*words, "--out", "many"])
    assert result.exit_code == 0
    rows = Path("many/results.csv").read_text().splitlines()
    assert len(rows) == 5
    assert all("done" in row for row in rows[1:])
    assert "inputs." not in result.stdout  # of own code that some runs do without nothing is told


def test_own_code_travels_to_another_machine(mine, tmp_path):
    config = config_of("mine.py:my_ring", "method.update=mine.py:my_rule")
    data = json.loads(json.dumps(tasks.run.as_data(config)))
    here = [str(path) for path in tasks.places_of(data, Path("inputs"))]
    assert here == [str(mine)]
    there, moves = tasks.at_home_here(data, tmp_path / "inputs")
    assert there["target"]["path"] == there["method"]["update"]["path"] == moves[str(mine)]


def blob(rng, n, std: float = 0.3):
    return std * rng.standard_normal((n, 2))


def our_loss(r, g, beta: float = 1.0):
    return (1 - r).relu().mean(dim=(1, 2)) + beta * (1 + g).relu().mean(dim=(1, 2)), -g.mean(dim=(1, 2))


def our_rule(game, state, draw):
    state = play.move(game, state, game.critics, play.row_of(draw, 0), at=state)
    return play.over_with(play.move(game, state, game.generators, play.row_of(draw, -1), at=state))


def test_plain_functions_are_targets_and_rules(mine):
    method = toygan.Method(objective="minimax", update=our_rule)
    recording = toygan.run(partial(blob, std=0.5), method, overrides=SMALL, animation=False)
    assert recording.facts.config["target"]["std"] == 0.5
    assert recording.facts.command == "toygan.run(..., method=toygan.Method(...))"
    assert {path.name for path in recording.folder.iterdir()} >= {"target.py", "rule.py"}
    assert next(toygan.session(blob, "gan", overrides=SMALL)).measures["w1"].shape == (1,)


@pytest.mark.slow
def test_a_sweep_in_python_takes_methods_and_targets(mine):
    ways = ["gan", toygan.Method(objective=our_loss, constraint="r1")]
    rows = toygan.sweep(["two-moons", blob], ways, seeds=2, overrides=SMALL)
    rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
    assert [(row["scenario"], row["method"], row["status"]) for row in rows] == [
        (world, method, "done")
        for world in ("two-moons", "python.blob")
        for method in ("gan", "python.our_loss+r1")
        for _ in range(2)
    ]
    same = toygan.run("two-moons", ways[1], seeds=2, overrides=SMALL, animation=False, out="alone")
    assert (same.folder / "frames.npz").read_bytes() == frames("two-moons/python.our_loss+r1")


# --- measures --------------------------------------------------------------------------------------------------------------


def left(points, real, at=0.0) -> float:
    """What `left_share` says."""
    return abs((points[:, 0] < at).mean() - (real[:, 0] < at).mean())


def test_an_own_measure_is_a_quantity_of_the_run(measured, monkeypatch):
    assert "left share" in measured.said
    monkeypatch.setattr(own, "LOADED", {})
    recording = toygan.load(measured.place / "runs/eight-gaussians/gan")
    samples, real = recording.frames["samples"].astype(float), recording.frames["real"].astype(float)
    assert recording.curve("left_share") == pytest.approx(
        np.array([[left(x, real) for x in frame] for frame in samples])
    )
    assert np.isfinite(recording.final("left_share")).all()
    floor = recording.floor("left_share", "final")
    assert floor.draws == 40
    assert 0 < floor.mean < 0.1
    assert any("left share" in words for words in frame_words(recording, 0))
    assert "left_share" in CliRunner().invoke(app, ["table", str(measured.place / "runs")]).stdout
    assert "--measure mine.py:left_share" in recording.facts.command
    assert (recording.folder / "measure-1.py").read_text() == MINE


def test_a_measure_changes_nothing_of_the_game_and_is_part_of_the_run(measured, mine):
    words = ("eight-gaussians", "-m", "gan", "--seeds", "2")
    other = run(*words, "--out", str(measured.place / "runs"))
    assert other.exit_code == 2
    assert "measures:" in other.stderr
    assert run(*words).exit_code == 0
    kept = measured.place / "runs/eight-gaussians/gan/frames.npz"
    assert frames("eight-gaussians/gan") == kept.read_bytes()


@pytest.mark.slow
def test_measures_in_python_and_in_sweeps(mine):
    recording = toygan.run("two-moons", "gan", overrides=SMALL | {"measures": [left]}, animation=False)
    assert recording.final("left").shape == (1,)
    look = next(toygan.session("two-moons", "gan", overrides=SMALL | {"measures": [left]}))
    assert look.measures["left"].shape == (1,)
    words = ["sweep", "two-moons", "-m", "gan", *SETS, "--measure", "mine.py:left_share", "--out", "many"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert "left_share" in Path("many/results.csv").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_number", "returns an array [50, 2] where a number is wanted"),
        ("w1", "w1 is a quantity of toygan's"),
        ("my_rule", "my_rule is not the function of a measure: it takes game, state, draw"),
    ],
)
def test_a_measure_that_does_not_fit_is_one_message(name, said, mine):
    result = run("two-moons", "-m", "gan", "--measure", f"mine.py:{name}")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("runs").exists()


# --- exhibits --------------------------------------------------------------------------------------------------------------

EXHIBIT = """
title = "Mine"
question = "Does my rule do as the shipped one does?"
text = "It is the same rule."

[methods.ours]
objective = "hinge"
update = "mine.py:my_rule"

[methods.theirs]
objective = "hinge"

[[runs]]
scenarios = ["mine.py:my_ring"]
methods = ["ours", "theirs"]
[runs.set.training]
steps = 8
points = 60
batch = 16
frames = 3

[[panels]]
kind = "curves"
measure = "w1"
title = "W1"

[[claims]]
says = "Both end at the same distance."
value = { of = { method = "ours" }, measure = "w1" }
over = { of = { method = "theirs" }, measure = "w1" }
equals = 1
within = 1e-9
"""


@pytest.mark.slow
def test_an_exhibit_plays_own_code_that_the_command_names(mine):
    Path("mine.toml").write_text(EXHIBIT)
    words = ["demo", "mine.toml", "--runs", "kept", "--out", "page"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "own code runs only where its file is named on the command line" in refused.stderr
    assert f"--own {mine}:my_ring" in refused.stderr
    named = ["--own", "mine.py:my_ring", "--own", "mine.py:my_rule"]
    result = CliRunner().invoke(app, [*words, *named, "--strict", "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["claims"][0]["held"] is True
    page = next(Path("page/exhibits").glob("mine*")).read_text()
    assert "--own mine.py:my_rule" in page


def test_measures_of_ones_own_have_curves_and_columns(measured):
    folder = measured.place / "runs/eight-gaussians/gan"
    recording = toygan.load(folder)
    titles = [panel.__name__ for row in curve_panels(recording) for panel in row]
    assert "own_curves" in titles
    axis = own_curves(Figure().subplots(), recording)
    drawn = [line.get_ydata() for line in axis.lines if len(line.get_ydata()) > 2]
    assert np.array_equal(np.array(drawn)[::-1], recording.curve("left_share").T)  # the seed that is shown on top
    page = (folder / "page/index.html").read_text()
    (facts,) = re.findall(r'id="film-facts">(.*?)</script>', page)
    told = json.loads(facts)
    (row,) = [one for one in told["quantities"] if one["name"] == "left_share"]
    assert row["curve"]
    assert row["line"]
    assert len(told["runs"][0]["curves"]["left_share"]) == 2
    assert '<th scope="col">left share</th>' in page
