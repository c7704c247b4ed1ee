"""Exact distances between targets: closed forms against formulas, sums and samples written out here."""

import json
import math

import matplotlib.image
import numpy as np
import pytest
import typer
from scipy.linalg import sqrtm
from typer.testing import CliRunner

from toygan.cli.distance import distance as command
from toygan.cli.main import app
from toygan.draw.distance import distances_along
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.quantities import distance as module
from toygan.quantities.distance import along, distances, parsed_sweep, stretches

DISJOINT = {"js": math.log(2), "kl": math.inf, "reverse_kl": math.inf, "tv": 1.0}


def scenario(kind, **keys):
    return read("dirac", overrides=[("target.kind", kind), *((f"target.{key}", value) for key, value in keys.items())])


def gaussian(centre, covariance):
    return scenario("mixture", centres=[centre], covariances=[np.array(covariance).tolist()])


def values(a, b, **more):
    return {name: number.value for name, number in distances(a, b, **more).items()}


@pytest.mark.parametrize("theta", [-1.0, 0.3, 1e-6])
def test_parallel_lines_are_the_textbook_case(theta):
    shifted = read("shifted-lines", overrides=[("target.shift", [theta, 0.0])])
    assert values(read("shifted-lines"), shifted) == pytest.approx({"w1": abs(theta), "w2": abs(theta)} | DISJOINT)


def test_a_target_is_not_apart_from_itself():
    assert set(values(read("swiss-roll"), read("swiss-roll")).values()) == {0.0}


def test_lines_that_overlap_share_what_they_share():
    found = values(scenario("line"), scenario("line", start=[0.0, 0.25], end=[0.0, 1.25]))
    js = 0.25 * math.log(2)
    assert found == pytest.approx(
        {"w1": 0.25, "w2": 0.25, "js": js, "kl": math.inf, "reverse_kl": math.inf, "tv": 0.25}
    )
    inside = values(scenario("line"), scenario("line", start=[0.0, 2.0], end=[0.0, 0.0]))
    assert (inside["kl"], inside["reverse_kl"], inside["tv"]) == pytest.approx((math.log(2), math.inf, 0.5))


def test_stretches_hold_all_mass_wherever_segments_lie():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    one = np.array([[[0, 0], [2, 0]], [[5, 5], [5, 6]]]) @ turn.T
    other = np.array([[[3, 0], [1, 0]], [[0, 0], [0, 1]], [[1.5, 0], [1.75, 0]]]) @ turn.T
    p, q = stretches(one, other)
    assert (p.sum(), q.sum()) == pytest.approx((1, 1))
    assert np.minimum(p, q).sum() == pytest.approx(0.75 / 3.25 + 0.25 / 3)


def test_w2_of_two_segments_is_the_integral_along_them():
    a, b = np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[3.0, 3.0], [1.0, 2.0]])
    t = (np.arange(20_000)[:, None] + 0.5) / 20_000
    gaps = (a[0] + t * (a[1] - a[0])) - (b[1] + t * (b[0] - b[1]))
    found = distances(scenario("lines", segments=[a.tolist()]), scenario("lines", segments=[b.tolist()]), points=60)
    assert found["w2"].value == pytest.approx(math.sqrt((gaps**2).sum(axis=1).mean()), rel=1e-6)
    assert found["w1"].how.startswith("sampled")


def test_gaussians_have_their_closed_forms():
    first, second = np.array([[1.0, 0.3], [0.3, 0.5]]), np.array([[2.0, 0.0], [0.0, 0.1]])
    found = values(gaussian([0.0, 0.0], first), gaussian([1.0, 2.0], second), points=20)
    cross = np.real(sqrtm(sqrtm(first) @ second @ sqrtm(first)))
    assert found["w2"] ** 2 == pytest.approx(5 + np.trace(first + second - 2 * cross))
    points = np.random.default_rng(0).multivariate_normal([0, 0], first, 400_000)
    log_p, log_q = (
        -np.einsum("ni,ij,nj->n", points - c, np.linalg.inv(s), points - c) / 2 - np.log(np.linalg.det(s)) / 2
        for c, s in ((np.zeros(2), first), (np.array([1.0, 2.0]), second))
    )
    assert found["kl"] == pytest.approx((log_p - log_q).mean(), rel=0.01)
    assert 0 < found["js"] < math.log(2)


def test_gaussians_of_one_shape_and_of_one_centre():
    found = distances(gaussian([0.0, 0.0], np.eye(2)), gaussian([3.0, 4.0], np.eye(2)))
    assert {name: found[name].value for name in ("w1", "w2", "kl", "reverse_kl")} == pytest.approx(
        {"w1": 5, "w2": 5, "kl": 12.5, "reverse_kl": 12.5}
    )
    assert found["tv"].value == pytest.approx(math.erf(5 / math.sqrt(8)))
    wide = values(gaussian([0.0, 0.0], np.eye(2)), gaussian([0.0, 0.0], 4 * np.eye(2)))
    assert wide["w1"] == pytest.approx(math.sqrt(math.pi / 2))  # E |z| of the plane's standard normal
    assert wide["w2"] == pytest.approx(math.sqrt(2))
    edge = 4 * math.log(4) / 3  # |x|^2 / 2 where both densities are equal
    assert wide["tv"] == pytest.approx(math.exp(-edge / 4) - math.exp(-edge), abs=1e-4)


def test_points_are_atoms(tmp_path):
    for name, rows in {"a": "0,0\n1,0\n1,0\n2,0\n", "b": "1,0\n3,0\n"}.items():
        (tmp_path / f"{name}.csv").write_text(rows)
    a, b = (scenario("points", path=str(tmp_path / f"{name}.csv")) for name in "ab")
    found = values(a, b)
    assert found["w1"] == pytest.approx(1.0)
    assert (found["tv"], found["kl"], found["js"]) == pytest.approx((0.5, math.inf, 0.5 * math.log(2)))
    assert values(scenario("dirac"), scenario("dirac", shift=[3.0, 4.0])) == {"w1": 5, "w2": 5} | DISJOINT


def test_sets_of_different_dimension_share_nothing_and_all_mass_goes_to_one_atom():
    found = distances(scenario("line"), scenario("dirac"))
    assert {name: found[name].value for name in DISJOINT} == DISJOINT
    assert found["w1"].value == pytest.approx(0.5, abs=4 * found["w1"].spread)
    assert found["w2"].value == pytest.approx(math.sqrt(1 / 3), abs=4 * found["w2"].spread)
    assert values(scenario("dirac"), scenario("uniform"))["tv"] == 1


def test_uniform_squares_share_their_overlap():
    found = distances(scenario("uniform"), scenario("uniform", shift=[0.5, 0.0]))
    assert found["w1"].value == 0.5
    assert found["tv"].value == pytest.approx(0.25, abs=2e-3)
    assert found["js"].value == pytest.approx(0.25 * math.log(2), abs=2e-3)
    assert found["kl"].value == math.inf
    assert found["tv"].how.startswith("quadrature, error below")


def test_what_is_not_known_says_so():
    found = distances(scenario("circles", noise=0.0), scenario("circles", noise=0.0, factor=0.25), points=30)
    assert math.isnan(found["kl"].value)
    assert found["kl"].how == "not known: a target has no density"
    assert found["w1"].floor > 0


# --- along a key -----------------------------------------------------------------------------------------------------


def test_a_sweep_of_the_shifted_lines():
    found = along("shifted-lines", "shifted-lines", parsed_sweep("target.shift=-1:1:5"))
    assert [number.value for number in found["w1"]] == pytest.approx([1, 0.5, 0, 0.5, 1])
    assert [number.value for number in found["js"]] == pytest.approx([math.log(2) * (k != 2) for k in range(5)])
    up = along("shifted-lines", "shifted-lines", parsed_sweep("target.shift.1=0:1:3"))
    assert [number.value for number in up["tv"]] == pytest.approx([0, 0.5, 1])
    whole = along("dirac", "dirac", parsed_sweep("target.rotate=0:90:2"))
    assert [number.value for number in whole["w1"]] == [0, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target.shift=1", "expected KEY=LO:HI:N"),
        ("target.shift=a:1:3", "expected KEY=LO:HI:N"),
        ("target.shift=0:1:1", "N from 2 to 1000"),
        (f"target.shift=0:1:{'9' * 400}", "9...: expected KEY=LO:HI:N"),
        (f"target.shift=0:1:{'9' * 5000}", "9...: expected KEY=LO:HI:N"),
        (f"target.shift.{'9' * 5000}=0:1:3", "shift"),
        ("training.steps=1:2:3", r"only keys of \[target\]"),
        ("target.shift.5=0:1:3", "is not a number"),
        ("target.scale.1=1:2:3", "is not a list"),
        ("target.sift=0:1:3", 'did you mean "shift"'),
        ("target.kind=0:1:3", "kind"),
        ("target.scale=0:1:3", "must be greater than 0"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_one_clear_message(text, message):
    with pytest.raises(UserError, match=message):
        along("dirac", "dirac", parsed_sweep(text))


def run(*words):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, list(words))


def test_the_command_prints_a_table_or_json():
    table = run("dirac", "shifted-lines")
    assert table.exit_code == 0
    assert "exact: mass on points against mass on curves" in table.stdout
    said = json.loads(run("dirac", "shifted-lines", "--json").stdout)
    assert said["distances"]["kl"]["value"] == "inf"
    assert set(said["distances"]) == set(module.DISTANCES)
    assert run("dirac", "dirak").exit_code == 2
    assert run("dirac", "dirac", "--out", "x.png").exit_code == 2


def test_the_command_draws_a_sweep(tmp_path):
    path = tmp_path / "there" / "lines.png"
    words = ("shifted-lines", "shifted-lines", "--over", "target.shift=-1:1:21", "--out", str(path))
    said = json.loads(run(*words, "--json").stdout)
    assert said["picture"] == str(path)
    assert [number["value"] for number in said["distances"]["w1"]] == pytest.approx(np.abs(np.linspace(-1, 1, 21)))
    assert matplotlib.image.imread(path).shape[2] == 4
    assert len(run(*words).stdout.splitlines()) == 22 + 1 + 6 + 1
    assert run(*words[:-1], str(tmp_path / "lines.doc")).exit_code == 2


def test_what_may_take_long_is_told_before_it_begins(tmp_path):
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(ord(name)).normal(size=(400, 2)))
        (tmp_path / f"{name}.toml").write_text(f'title = "t"\n[target]\nkind = "points"\npath = "{name}.npy"\n')
    words = ["distance", str(tmp_path / "a.toml"), str(tmp_path / "b.toml")]
    assert "distance: exact, 400 atoms against 400" in CliRunner().invoke(app, words).stderr
    told: list[str] = []
    distances(read("my-points"), read("shifted-lines"), 50, told.append)
    assert told == ["w1, w2 by quadrature", "w1, w2 by samples"]


def test_a_picture_has_the_distances_and_formats_that_are_asked_for(tmp_path):
    words = ("shifted-lines", "shifted-lines", "--over", "target.shift=-1:1:3", "--out", str(tmp_path / "a.png"))
    told = run(*words, "--panels", "js,w1", "--format", "svg", "--format", "pdf")
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines()[-2:] == [str(tmp_path / "a.svg"), str(tmp_path / "a.pdf")]
    assert {file.name for file in tmp_path.iterdir()} == {"a.svg", "a.pdf"}
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "distance shifted-lines shifted-lines --over target.shift=-1:1:3 --panels js,w1" in " ".join(drawn.split())
    assert all(f">{name}<" in drawn for name in ("W1", "JS"))
    assert not any(f">{name}<" in drawn for name in ("W2", "TV", "KL(A | B)"))
    refused = run(*words, "--panels", "w3")
    assert (refused.exit_code, 'did you mean "w1"' in refused.stderr or "legal" in refused.stderr) == (2, True)
    alone = run("dirac", "dirac", "--panels", "w1")
    assert (alone.exit_code, "--panels: there is a picture only with --over" in alone.stderr) == (2, True)


@pytest.mark.parametrize(
    ("out", "formats", "said"),
    [
        (".", ["pdf"], "--out .: is a folder; give the name of a file, such as picture.png"),
        (".", [], "--out .: is a folder"),
        ("/", ["png"], "--out /: is a folder; give the name of a file, such as /picture.png"),
        ("..", ["svg"], "--out ..: is a folder"),
        ("there.png", [], "--out there.png: is a folder"),
        ("there", ["png"], "--out there.png: is a folder"),
        ("taken/a.png", [], "--out taken/a.png: taken is a file, and no folder"),
        ("taken/b/a", ["pdf", "png"], "--out taken/b/a.pdf: taken is a file, and no folder"),
    ],
)
@pytest.mark.parametrize("words", [["dirac"], ["distance", "dirac", "dirac", "--over", "target.at=0:1:2"]])
def test_where_no_file_can_be_none_is_drawn(words, out, formats, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.png").mkdir()
    (tmp_path / "taken").write_text("")
    asked = [part for name in formats for part in ("-f", name)]
    refused = CliRunner().invoke(app, [*words, "--out", out, *asked])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"toygan: {said}")
    assert {file.name for file in tmp_path.iterdir()} == {"there.png", "taken"}


@pytest.mark.parametrize(
    "words",
    [["dirac"], ["distance", "dirac", "dirac", "--over", "target.at=0:1:2"], ["demo", "js-is-blind"], ["gallery"]],
)
def test_only_where_panels_are_laid_out_for_a_width_are_they_advised(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, [*words, "--font-size", "12", "--width", "90mm"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert " ".join(refused.stderr.split()).endswith("--width says how much; leave out either")


@pytest.mark.parametrize(
    ("key", "said"), [("target.shift", "target shift"), ("generator.latent_dim", "generator latent dim"), ("k", "k")]
)
def test_an_axis_is_called_as_people_say_it(key, said):
    figure = distances_along("t", key, [0.0, 1.0], {"w1": np.zeros(2)}, {"w1": np.full(2, np.nan)}, "")
    assert {axis.get_xlabel() for axis in figure.axes} == {said}


def test_a_long_command_stands_whole_beneath_a_sweep():
    command = "toygan distance " + " ".join(f"word-{i}" for i in range(40))
    figure = distances_along("t", "k", [0.0, 1.0], {"w1": np.zeros(2)}, {"w1": np.full(2, np.nan)}, command)
    figure.canvas.draw()
    (told,) = [text for text in figure.texts if "word-0" in text.get_text()]
    assert told.get_text().split() == ["$", *command.split()]
    assert {axis.get_xlabel() for axis in figure.axes} == {"k"}
    box = told.get_window_extent()
    assert box.x1 < figure.bbox.x1
    assert box.y1 < min(axis.xaxis.label.get_window_extent().y0 for axis in figure.axes)
