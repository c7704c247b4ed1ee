"""Worlds of funnels: the potential, its slope and W1 are formulas, checked against exact transport and the published value."""

import numpy as np
import ot
import pytest

from toygan.game.players import CENTRES, GENERATORS, OFFSETS
from toygan.targets.areas import uniform
from toygan.targets.funnels import distances, moved_down, potential, slopes

A, B = np.array(CENTRES), np.array(OFFSETS)


def square(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-2.5, 2.5, (n, 2))


def world(funnels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Funnels of the published law: centres uniform on the square, offsets normal with deviation 0.1."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-2.5, 2.5, (funnels, 2)), 0.1 * rng.standard_normal(funnels)


def test_the_slope_is_the_potentials():
    x, step = square(500), 1e-6
    rise = [(potential(x + move, A, B) - potential(x - move, A, B)) / (2 * step) for move in step * np.eye(2)]
    far = np.sort(distances(x, A, B), axis=1)
    smooth = far[:, 1] - far[:, 0] > 1e-4
    assert smooth.mean() > 0.99
    np.testing.assert_allclose(slopes(x, A, B)[smooth], np.stack(rise, axis=1)[smooth], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(slopes(x, A, B), axis=1), 1.0)
    assert (slopes(A, A, B) == 0).all()


@pytest.mark.parametrize(("funnels", "seed"), [(1, 0), (4, 1), (16, 2), (64, 3)])
def test_points_move_down_their_own_ray_and_lose_the_way_in_height(funnels, seed):
    a, b = world(funnels, seed)
    x = square(2000)
    y = moved_down(x, a, b, 2.5, 8.0)
    way = np.linalg.norm(x - y, axis=1)
    np.testing.assert_allclose(potential(x, a, b) - potential(y, a, b), way, atol=1e-12)
    np.testing.assert_allclose(x - y, way[:, None] * slopes(x, a, b), atol=1e-12)
    np.testing.assert_array_equal(distances(x, a, b).argmin(axis=1), distances(y, a, b).argmin(axis=1))
    np.testing.assert_allclose(moved_down(x, a, b, 2.5, 1.0), x, atol=1e-12)  # t to the power of one
    assert way.mean() > 0.05


def test_a_ray_ends_at_another_funnel_or_at_the_edge():
    """Two funnels of one height at (-1, 0) and (1, 0): rays along the axis end at 0 and at 2.5, 1 and 1.5 long."""
    a, b = np.array([[-1.0, 0.0], [1.0, 0.0]]), np.zeros(2)
    x = np.array([[0.5, 0.0], [1.75, 0.0], [-0.75, 0.0], [1.0, 0.0], [3.0, 0.0]])
    wanted = [[1 - 0.25, 0.0], [1 + 1.5 / 4, 0.0], [-1 + 0.0625, 0.0], [1.0, 0.0], [3.0, 0.0]]
    np.testing.assert_allclose(moved_down(x, a, b, 2.5, 2.0), wanted, atol=1e-15)


def test_exact_transport_finds_the_formula_of_w1():
    """Of the very points, which exact transport cannot carry for less."""
    a, b = world(6, 5)
    x = square(300)
    y = moved_down(x, a, b, 2.5, 8.0)
    way = np.linalg.norm(x - y, axis=1).mean()
    cost = ot.dist(x, y, metric="euclidean")
    mass = np.full(300, 1 / 300)
    assert ot.emd2(mass, mass, cost) == pytest.approx(way, rel=1e-9)


def test_the_published_world_of_four_funnels_has_its_published_distance():
    """0.81738 from 4096 points of its authors (metrics_deg_8_seed_2.csv)."""
    x = square(400_000)
    way = np.linalg.norm(x - moved_down(x, A, B, 2.5, 8.0), axis=1)
    assert abs(way.mean() - 0.8173807) < 4 * way.std() / 4096**0.5
    assert way.std() / 4096**0.5 < 0.01


def test_the_frozen_generator_makes_these_points():
    target = uniform(low=(-2.5, -2.5), high=(2.5, 2.5)).sample
    made = GENERATORS["funnels"]().latents(np.random.default_rng(0), 50, target)
    np.testing.assert_array_equal(made, moved_down(target(np.random.default_rng(0), 50), A, B, 2.5, 8.0))
    with pytest.raises(ValueError, match="1 offsets for 4 centres"):
        GENERATORS["funnels"](offsets=(0.0,))
