"""Two clouds as two samples, and cells with exact masses: against closed forms, plain loops and scikit-learn."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from toygan.quantities.measure import Against, floors, measure_frame
from toygan.quantities.modes import GRID, grid_tv
from toygan.quantities.two_samples import mmd, neighbour_accuracy
from toygan.targets.mixtures import grid, ring
from toygan.targets.target import Modes


def cloud(n: int, seed: int = 0, shift: float = 0.0, std: float = 1.0) -> np.ndarray:
    return std * np.random.default_rng(seed).standard_normal((n, 2)) + (shift, 0.0)


@pytest.mark.parametrize(("apart", "width"), [(0.0, 1.0), (0.5, 1.0), (2.0, 1.0), (2.0, 0.3), (1e6, 1.0)])
def test_mmd_of_two_points_is_a_formula(apart, width):
    found = mmd(np.zeros((3, 2)), np.full((5, 2), (apart, 0.0)), width)
    assert found == pytest.approx(math.sqrt(2 - 2 * math.exp(-(apart**2) / (2 * width**2))), abs=1e-7)


def test_mmd_of_gaussians_is_the_closed_form():
    """With s^2 the variance and w the width: 2 w^2 / (w^2 + 2 s^2) (1 - exp(-m^2 / (2 (w^2 + 2 s^2)))) is its square."""
    s, m, w = 0.7, 1.5, 1.0
    wide = w**2 + 2 * s**2
    true = math.sqrt(2 * w**2 / wide * (1 - math.exp(-(m**2) / (2 * wide))))
    assert mmd(cloud(2000, 0, m, s), cloud(2000, 1, 0.0, s)) == pytest.approx(true, rel=0.03)


def test_mmd_of_one_law_is_as_large_as_is_said():
    """E k of two points of N(0, s^2 I) is w^2 / (w^2 + 2 s^2) = 1/3, so that its square is 2 (1 - 1/3) / n on average."""
    squares = [mmd(cloud(300, k), cloud(300, 100 + k)) ** 2 for k in range(40)]
    assert np.mean(squares) == pytest.approx(2 * (1 - 1 / 3) / 300, rel=0.2)
    assert mmd(cloud(50), cloud(50)[::-1]) == 0


def by_hand(points: np.ndarray, real: np.ndarray) -> float:
    """The accuracy by a plain loop, where no two distances are equal."""
    both, hits = np.concatenate((points, real)), 0
    for i, x in enumerate(both):
        others = [(np.hypot(*(x - y)), j) for j, y in enumerate(both) if j != i]
        hits += (min(others)[1] < len(points)) == (i < len(points))
    return hits / len(both)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_the_neighbour_is_the_one_that_a_loop_finds(shift):
    points, real = cloud(40, 0, shift), cloud(40, 1)
    assert neighbour_accuracy(points, real) == pytest.approx(by_hand(points, real))
    assert neighbour_accuracy(points, np.concatenate((real, real + 9))) == pytest.approx(by_hand(points, real))


def test_neighbours_tell_apart_what_is_apart_and_nothing_at_equality():
    assert neighbour_accuracy(cloud(50), cloud(50, 1, 100.0)) == 1
    copies = cloud(50)
    assert neighbour_accuracy(copies + 1e-9, copies) == 0
    assert neighbour_accuracy(np.zeros((4, 2)), np.zeros((4, 2))) == pytest.approx(
        3 / 7
    )  # seven equally near, three own
    found = [neighbour_accuracy(cloud(200, k), cloud(200, 50 + k)) for k in range(20)]
    assert np.mean(found) == pytest.approx(0.5, abs=3 * np.std(found) / 20**0.5 + 1 / 400)


@pytest.mark.parametrize("of", [mmd, neighbour_accuracy])
def test_points_that_are_not_finite_have_no_number(of):
    assert math.isnan(of(np.array([[np.nan, 0.0], [1.0, 0.0]]), cloud(2)))
    assert math.isnan(of(cloud(2), np.array([[np.inf, 0.0], [1.0, 0.0]])))


# --- cells -----------------------------------------------------------------------------------------------------------


def test_cells_have_the_masses_that_scipy_integrates():
    """Two modes of unlike widths and weights; all points lie in one cell, whose mass and the rest's say everything."""
    modes = Modes(
        np.array([[0.0, 0.0], [3.0, 1.0]]), np.array([np.diag([1.0, 0.25]), 0.04 * np.eye(2)]), np.array([0.3, 0.7])
    )
    low, high = np.array([-4.0, -2.0]), np.array([4.0, 2.0])
    side = (high - low) / GRID
    for place in ([0.01, 0.02], [3.0, 1.0], [-3.9, 1.9]):
        corner = low + np.floor((np.array(place) - low) / side) * side
        due = sum(
            w * multivariate_normal(c, v).cdf(corner + side, lower_limit=corner)
            for c, v, w in zip(modes.centres, modes.covariances, modes.weights, strict=True)
        )
        assert grid_tv(np.tile(place, (7, 1)), modes) == pytest.approx(1 - due, abs=1e-6)


@pytest.mark.parametrize("centres", [[[0.0, 0.0]], [[0.3, 0.7]], [[1e8, -3.0]], [[0.0, 0.0], [1.0, 0.0]]])
def test_of_modes_that_are_points_perfect_samples_have_no_distance(centres):
    """All of a point's mass is in its cell: as float32 has them, perfect samples differ in nothing, and others in all."""
    modes = Modes(np.array(centres), np.zeros((len(centres), 2, 2)), np.full(len(centres), 1 / len(centres)))
    perfect = np.repeat(modes.centres, 50, axis=0).astype(np.float32)
    assert grid_tv(perfect, modes) == pytest.approx(0.0, abs=1e-12)
    assert grid_tv(perfect + 1e3, modes) == pytest.approx(1.0)


def test_cells_see_what_modes_do_not():
    modes = ring(modes=4, radius=1.0, std=0.1).modes
    narrow = np.repeat(modes.centres, 500, axis=0) + 0.02 * cloud(2000)
    due = np.repeat(modes.centres, 500, axis=0) + 0.1 * cloud(2000, 1)
    assert grid_tv(narrow, modes) > 0.7
    assert grid_tv(due, modes) < 0.35
    many = np.repeat(modes.centres, 100_000, axis=0) + 0.1 * cloud(400_000, 2)
    assert grid_tv(many, modes) < 0.02


def test_cells_of_points_that_are_nowhere_and_of_modes_that_lie_aslant():
    modes = grid(rows=2, columns=2, spacing=2.0, std=0.1).modes
    assert grid_tv(np.full((5, 2), np.nan), modes) == pytest.approx(1, abs=1e-3)
    assert grid_tv(np.full((5, 2), 99.0), modes) == pytest.approx(1, abs=1e-3)
    points = ring(modes=3, radius=1.0, std=0.0).modes
    assert grid_tv(points.centres, points) == pytest.approx(0, abs=1e-3)
    aslant = Modes(np.zeros((1, 2)), np.array([[[1.0, 0.5], [0.5, 1.0]]]), np.ones(1))
    assert math.isnan(grid_tv(cloud(9), aslant))


NEW = ("mode_tv", "grid_tv", "mmd", "neighbour_accuracy")


def test_perfect_samplers_have_floors_and_frames_go_without():
    target = ring(modes=4, radius=1.0, std=0.1)
    real = target.sample(np.random.default_rng(0), 300)
    found = floors(
        lambda k: target.sample(np.random.default_rng(k + 1), 300), Against(real, target.modes, when="final"), 12
    )
    assert found["neighbour_accuracy"].mean == pytest.approx(0.5, abs=0.05)
    assert 0 < found["mmd"].low < found["mmd"].high < 0.15
    assert 0 < found["mode_tv"].mean < 0.1 < found["grid_tv"].mean < 0.6
    bare = measure_frame(real[None], Against(real, target.modes))
    assert not set(NEW) & set(bare)
    ended = measure_frame(real[None], Against(real, target.modes, when="final"))
    assert (ended["mmd"][0], ended["neighbour_accuracy"][0]) == (0, 0)  # the real points themselves
