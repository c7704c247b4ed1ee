"""The density that a generator makes, against closed forms: affine maps, folds, squeezed planes, bent ones, and nets."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from conftest import undrawn
from matplotlib.text import Text
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.draw.density import densities, told
from toygan.draw.saved import save_figure
from toygan.files.config import as_data
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.game.players import mlp_generator
from toygan.many import run
from toygan.quantities import density
from toygan.quantities.density import LAWS, Estimate, meetings, meshed, on_window, pushed, summed
from toygan.session.density import seen_density
from toygan.session.simulation import on_host
from toygan.targets.areas import banana
from toygan.view.chosen import of_seed

WINDOW = (-3.0, 3.0, -3.0, 3.0)
SPREAD, PLACE = np.array([[1.2, 0.3], [-0.4, 0.7]]), np.array([0.5, -0.2])
TARGET, MIDDLE = np.array([[1.0, 0.2], [0.2, 0.5]]), np.array([0.0, 0.1])


def affine(z: np.ndarray) -> np.ndarray:
    return z @ SPREAD.T + PLACE


def log_normal(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    off = x - mean
    squares = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off)
    return -squares / 2 - np.log(np.linalg.det(2 * np.pi * covariance)) / 2


def log_target(x: np.ndarray) -> np.ndarray:
    return log_normal(x, MIDDLE, TARGET)


def kl_of_normals(m: np.ndarray, s: np.ndarray, n: np.ndarray, t: np.ndarray) -> float:
    """KL(N(m, s) | N(n, t)) = (tr(t^-1 s) + (n - m)^T t^-1 (n - m) - 2 + log det t / det s) / 2."""
    squares = np.trace(np.linalg.solve(t, s)) + (n - m) @ np.linalg.solve(t, n - m)
    return float(squares - 2 + np.log(np.linalg.det(t) / np.linalg.det(s))) / 2


def real(n: int = 20_000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).multivariate_normal(MIDDLE, TARGET, n)


def grid(made: density.Pushed) -> np.ndarray:
    return np.stack(np.meshgrid(made.x, made.y), axis=-1).reshape(-1, 2)


def mass_in_view(made: density.Pushed) -> float:
    return float(made.density.sum() * (made.x[1] - made.x[0]) * (made.y[1] - made.y[0]))


# --- affine maps -----------------------------------------------------------------------------------------------------


def test_an_affine_generator_makes_a_normal_law():
    made = pushed(affine, "normal", WINDOW, log_target, real())
    exact = np.exp(log_normal(grid(made), PLACE, SPREAD @ SPREAD.T)).reshape(made.density.shape)
    assert np.abs(made.density - exact).max() < 0.002 * exact.max()
    points = affine(np.random.default_rng(1).standard_normal((1000, 2)))
    found, _ = summed(meshed(affine, LAWS["normal"], 48), points)
    np.testing.assert_allclose(found, np.exp(log_normal(points, PLACE, SPREAD @ SPREAD.T)), rtol=1e-10)
    assert (made.sheets == 1).all()
    assert len(made.folds) == 0
    assert (made.degenerate, made.missed, made.why_not) == (0, 0, "")


def test_both_divergences_of_an_affine_generator_are_those_of_normal_laws():
    made = pushed(affine, "normal", WINDOW, log_target, real())
    reverse = kl_of_normals(PLACE, SPREAD @ SPREAD.T, MIDDLE, TARGET)
    forward = kl_of_normals(MIDDLE, TARGET, PLACE, SPREAD @ SPREAD.T)
    assert made.reverse_kl.value == pytest.approx(reverse, abs=1e-8)
    assert made.reverse_kl.error < 1e-6
    assert 0 < made.kl.error < 0.01
    assert abs(made.kl.value - forward) < 4 * made.kl.error


def test_a_generator_that_is_the_target_is_no_distance_away():
    root = np.linalg.cholesky(TARGET)
    made = pushed(lambda z: z @ root.T + MIDDLE, "normal", WINDOW, log_target, real())
    assert abs(made.reverse_kl.value) < 1e-8
    assert abs(made.kl.value) < 1e-6  # every point's term is zero, not only their mean


def test_a_uniform_latent_makes_a_uniform_parallelogram():
    made = pushed(affine, "uniform", WINDOW, log_target)
    inside = made.density[made.sheets == 1]
    assert np.median(inside) == pytest.approx(1 / (4 * abs(np.linalg.det(SPREAD))), rel=1e-9)
    assert made.density[made.sheets == 0].sum() < 0.02 * made.density.sum()  # cells that the rim crosses
    assert mass_in_view(made) == pytest.approx(1, abs=0.01)
    # E log q is exact; E log p = the normal law's at the second moments of the uniform one, A A^T / 3
    second = SPREAD @ SPREAD.T / 3 + np.outer(PLACE - MIDDLE, PLACE - MIDDLE)
    cross = np.trace(np.linalg.solve(TARGET, second)) / 2 + np.log(np.linalg.det(2 * np.pi * TARGET)) / 2
    exact = cross - np.log(4 * abs(np.linalg.det(SPREAD)))
    assert abs(made.reverse_kl.value - exact) < made.reverse_kl.error + 1e-9
    assert math.isnan(made.kl.value)  # no real points were given


# --- folds -----------------------------------------------------------------------------------------------------------


def fold(z: np.ndarray) -> np.ndarray:
    return np.stack([np.abs(z[:, 0]), z[:, 1]], axis=1)


def test_a_fold_counts_twice():
    """(|z1|, z2): twice the normal density on the right, nothing on the left, KL(q | N(0, I)) = log 2."""
    standard = lambda x: log_normal(x, np.zeros(2), np.eye(2))  # noqa: E731
    made = pushed(fold, "normal", WINDOW, standard, real())
    right, left = made.x > 0.3, made.x < -0.3
    exact = 2 * np.exp(standard(grid(made))).reshape(made.density.shape)
    assert np.abs(made.density - exact)[:, right].max() < 1e-3 * exact.max()
    assert (made.sheets[:, right] == 2).all()
    assert not made.density[:, left].any()
    assert not made.sheets[:, left].any()
    assert made.reverse_kl.value == pytest.approx(math.log(2), abs=1e-8)
    assert made.kl.value == math.inf
    assert made.missed == pytest.approx(0.5, abs=0.02)
    assert len(made.folds) > 40
    assert np.abs(made.folds[..., 0]).max() < 0.4  # as near to the crease x = 0 as the mesh's outer cells are wide


def squares(z: np.ndarray) -> np.ndarray:
    return np.stack([np.square(z[:, 0]), z[:, 1]], axis=1)


def test_a_smooth_fold_is_the_law_of_a_square():
    """(z1^2, z2): chi-square with one degree of freedom along x, exp(-x / 2) / sqrt(2 pi x), infinite at the fold."""
    points = np.array([[0.3, 0.1], [1.0, -0.5], [2.5, 0.7]])
    exact = np.exp(-points[:, 0] / 2 - np.square(points[:, 1]) / 2) / np.sqrt(2 * np.pi * points[:, 0] * 2 * np.pi)
    found, sheets = summed(meshed(squares, LAWS["normal"], 384), points)
    np.testing.assert_allclose(found, exact, rtol=0.03)
    assert (sheets == 2).all()


@pytest.mark.parametrize("send", [affine, fold, squares, lambda z: 0.01 * z, lambda z: np.tanh(3 * z)])
def test_hardly_any_mass_is_lost_between_the_cells(send):
    made = on_window(meshed(send, LAWS["normal"], 192), WINDOW)
    sent = send(np.random.default_rng(0).standard_normal((200_000, 2)))
    share = (np.abs(sent) < 3).all(axis=1).mean()
    assert made.inside == pytest.approx(mass_in_view(made), abs=0.01)
    assert abs(made.inside - share) < 0.003


def test_a_bent_generator_reaches_the_banana():
    """(z1, z2 / 4 + (z1^2 - 1) / 2) is how the banana is made; both divergences are zero."""
    target = banana()
    bent = lambda z: np.stack([z[:, 0], z[:, 1] / 4 + (np.square(z[:, 0]) - 1) / 2], axis=1)  # noqa: E731
    points = target.sample(np.random.default_rng(0), 4000)
    made = pushed(bent, "normal", WINDOW, lambda x: target.log_density(x, 0.0), points)
    assert abs(made.reverse_kl.value) < 1e-6
    assert made.missed < 0.005  # far out, where the mesh cuts the parabola's corners
    assert (made.sheets <= 1).all()


# --- what has no density ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("send", [lambda z: z[:, :1] * [[1.0, 2.0]], lambda z: 0 * z + 1.0])
def test_a_squeezed_plane_has_no_density(send):
    made = pushed(send, "normal", WINDOW, log_target, real(100))
    assert made.degenerate == pytest.approx(1)
    assert "100 % of the latents are sent to curves or points" in made.why_not
    assert made.reverse_kl.value == math.inf


def test_half_a_squeezed_plane_has_half_a_density():
    """(max(z1, 0), z2 max(z1, 0)) sends half of the plane to the origin."""
    half = lambda z: np.maximum(z[:, :1], 0) * np.stack([np.ones(len(z)), z[:, 1]], axis=1)  # noqa: E731
    made = pushed(half, "normal", WINDOW, log_target, real(100))
    assert made.degenerate == pytest.approx(0.5, abs=0.01)
    assert "% of the latents are sent to curves or points" in made.why_not
    assert made.reverse_kl.value == math.inf


def test_a_circle_has_no_density():
    made = pushed(affine, "sphere", WINDOW, log_target)
    assert made.why_not.startswith("a sphere latent of two numbers lies on a curve")
    assert len(made.density) == 0


# --- which points are in which triangles -----------------------------------------------------------------------------


def side(p: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Positive where points are to the left of the way from a to b."""
    return (b[..., 0] - a[..., 0]) * (p[:, 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (p[:, 0] - a[..., 0])


@pytest.mark.parametrize("thin", [1.0, 1e-3])
def test_points_meet_the_triangles_that_they_are_in(thin):
    """As asking every triangle of every point; long thin triangles in all directions too."""
    rng = np.random.default_rng(0)
    ends, across = rng.normal(size=(2, 300, 1, 2))
    along = rng.normal(size=(300, 3, 1)) * across
    corners = ends + along + thin * rng.normal(size=(300, 3, 2))
    points = np.concatenate([rng.normal(size=(400, 2)), (corners[:, 0] + corners[:, 1] + corners[:, 2]) / 3])
    found = {pair for t, p, _ in meetings(corners, points) for pair in zip(t.tolist(), p.tolist(), strict=True)}
    a, b, c = (corners[:, None, k] for k in range(3))
    signs = np.stack([side(points, *edge) for edge in ((a, b), (b, c), (c, a))])
    inside = (signs >= 0).all(axis=0) | (signs <= 0).all(axis=0)
    expected = set(map(tuple, np.argwhere(inside).tolist()))
    assert {(k, 400 + k) for k in range(300)} <= found
    assert found == expected


# --- nets and recordings ---------------------------------------------------------------------------------------------


def net(activation: str) -> density.Transform:
    """A generator as a run begins with, of width 16."""
    body = mlp_generator(width=16, depth=2, activation=activation).network
    layers = body.layers(torch.from_numpy(body.initial(np.random.default_rng(1))[None]))
    return lambda z: on_host(body.forward(layers, torch.from_numpy(z[None])))[0]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_density_of_a_net_is_how_often_its_points_fall(activation):
    """Shares of 400 000 points in 12 x 12 cells of the window, each within five standard errors and a hundredth."""
    send, n = net(activation), 400_000
    made = on_window(meshed(send, LAWS["normal"], 192), WINDOW)
    x, y = send(np.random.default_rng(0).standard_normal((n, 2))).T
    counts = np.histogram2d(y, x, bins=12, range=[WINDOW[2:], WINDOW[:2]])[0]
    expected = made.density.reshape(12, 10, 12, 10).sum(axis=(1, 3)) * (made.x[1] - made.x[0]) ** 2
    off = np.abs(counts / n - expected)
    assert (off < 5 * np.sqrt(expected / n) + 0.01 * expected + 1e-4).all()
    assert made.sheets.max() > 1  # there is something to count


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_divergence_of_a_net_is_the_mean_over_its_points(activation):
    """log q at the points of 2000 latents, by a mesh finer than the finest, against log p there."""
    send, n = net(activation), 2000
    found = pushed(send, "normal", WINDOW, log_target).reverse_kl
    points = send(np.random.default_rng(0).standard_normal((n, 2)))
    q, sheets = summed(meshed(send, LAWS["normal"], 512), points)
    terms = np.log(q[sheets > 0]) - log_target(points[sheets > 0])
    assert (sheets > 0).mean() > 0.99
    assert abs(terms.mean() - found.value) < 4 * terms.std() / math.sqrt(n) + found.error


SMALL = ["generator.width=16", "critic.width=16", "training.batch=32", "training.frames=2", "training.points=60"]


def played(folder, *changes: str, scenario: str = "swiss-roll", method: str = "ns-gan", seeds: int = 2):
    with undrawn():
        return run.run(scenario, method=method, seeds=seeds, overrides=[*SMALL, "training.steps=20", *changes],
                       out=folder)  # fmt: skip


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return played(tmp_path_factory.mktemp("density"))


@pytest.fixture(scope="module")
def seen_of(recording):
    """The density of each seed of the recording, found once."""
    return cache(lambda seed: seen_density(of_seed(recording, seed)))


@pytest.fixture
def coarse(monkeypatch):
    """Few triangles, where it is not asked how exact they are."""
    monkeypatch.setattr(density, "LEVELS", (24, 48))
    monkeypatch.setattr(density, "MAPPED", 48)


def words_of(figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_recording_has_the_density_of_the_seed_that_is_shown(recording, seen_of, seed):
    """As its own fresh points fall."""
    seen = seen_of(seed)
    x, y = recording.sample(40_000)[seed].T
    inside = (np.abs(x) < recording.frames["grid_x"].max()) & (np.abs(y) < recording.frames["grid_y"].max())
    assert seen.made.inside == pytest.approx(inside.mean(), abs=0.02)
    middle = (seen.made.density * np.meshgrid(seen.made.x, seen.made.y)).sum(axis=(1, 2)) / seen.made.density.sum()
    np.testing.assert_allclose(middle, [x[inside].mean(), y[inside].mean()], atol=0.05)
    assert seen.target.shape == seen.made.density.shape
    assert seen.made.reverse_kl.error < 0.1 * seen.made.reverse_kl.value


def test_the_sheet_says_both_divergences(recording, seen_of, tmp_path):
    seen = seen_of(0)
    words = words_of(densities(recording, seen))
    assert f"KL(q | p) = {told(seen.made.reverse_kl)}" in words
    assert "of the target has no latent" in words
    for suffix in ("png", "svg", "pdf"):
        save_figure(densities(recording, seen), tmp_path / f"a.{suffix}", "")
    with pytest.raises(ValueError, match="gif"):
        save_figure(densities(recording, seen), tmp_path / "a.gif", "")
    squeezed = seen._replace(made=seen.made._replace(why_not="all of it is sent to a point"))
    assert "No density of its own: all of it is sent to a point" in words_of(densities(recording, squeezed))


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(36.1363, 0.0139), "36.14 ± 0.01 nats"),
        (Estimate(0.5, 1e-9), "0.5 ± 10⁻⁹ nats"),
        (Estimate(1.0, 3.0), "1 ± 3 nats"),
        (Estimate(math.inf, 0.0), "∞"),
    ],
)
def test_a_divergence_is_written_with_its_error(estimate, words):
    assert told(estimate) == words


def test_a_target_on_curves_has_no_divergence(tmp_path, coarse):
    seen = seen_density(one := played(tmp_path, "generator.kind='mlp'", scenario="shifted-lines", seeds=1))
    assert seen.target is None
    words = words_of(densities(one, seen))
    assert "No divergence: the target lies on curves or points" in words
    assert "no density" in words


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            ["generator.latent_dim=3"],
            "needs a perceptron of two latent numbers, generator.latent_dim = 2; this run's is 3",
        ),
        (["generator.latent='sphere'"], "a sphere latent of two numbers lies on a curve"),
        (["generator.normalisation='batch'"], "a point hangs on the others of its batch"),
        (["method.categories=4"], "fed with one of 4 categories"),
    ],
)
def test_a_generator_without_a_density_is_one_message(recording, changes, message):
    """The config of a run decides that, whatever was learned."""
    config = as_data(read("swiss-roll", "ns-gan", [*SMALL, "training.seeds=2", *changes]))
    one = replace(recording, facts=replace(recording.facts, config=config))
    with pytest.raises(UserError, match=message.replace(".", r"\.")):
        seen_density(one)


def test_the_command_line_draws_it_or_says_why_not(recording, tmp_path, coarse):
    draw = lambda folder: CliRunner().invoke(app, ["draw", str(folder), "--view", "density", "--seed", "0"])  # noqa: E731
    done = draw(recording.folder)
    assert (done.exit_code, done.stdout) == (0, f"{recording.folder}/density-seed-0.png\n")
    refused = draw(played(tmp_path, "generator.latent_dim=3", seeds=1).folder)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("toygan: --view density: needs a perceptron of two latent numbers")


def test_another_kind_of_generator_and_a_run_without_weights_are_one_message(recording, tmp_path):
    with pytest.raises(UserError, match="this run's generator is point"):
        seen_density(run.run("dirac", out=tmp_path, overrides=["training.steps=4"], animation=False))
    with pytest.raises(UserError, match=r"has no weights\.npz to make a density of; --fresh plays the run again"):
        seen_density(replace(recording, folder=None))
