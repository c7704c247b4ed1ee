"""Batches with labels: the points that were always drawn, and of which part of the target each of them is."""

from functools import cache

import numpy as np
import pytest
from conftest import facts_of

from toygan.files.shipped import shipped_folder
from toygan.targets.areas import checkerboard, pinwheel, uniform
from toygan.targets.curves import circles, lines, s_curve, spirals, swiss_roll, two_moons
from toygan.targets.mixtures import dirac, grid, mixture, ring
from toygan.targets.table import TARGETS, examples
from toygan.targets.target import Batch, Target, moved

N = 1000
names = pytest.mark.parametrize("name", TARGETS)

# Of 1000 points of each example drawn with seed 3 before there were labels: the sum of x, and of every seventh y^2.
RECORDED = {
    "swiss-roll": (1844.9718047797, 6618.1451581361),
    "ring": (-30.5951689290, 287.0701785001),
    "grid": (50.9714931378, 1218.8614252061),
    "mixture": (-164.5678227345, 69.1847689536),
    "line": (0.0000000000, 45.7381517152),
    "lines": (-13.3634186436, 33.2190203110),
    "two-moons": (550.4155540418, 44.0920205401),
    "dirac": (0.0000000000, 0.0000000000),
    "uniform": (-26.5237326438, 49.4950435231),
    "circle": (-14.7713675285, 69.5068643163),
    "circles": (-8.2231402446, 45.1446241625),
    "s-curve": (-37.8779721983, 261.2442720479),
    "spirals": (55.4140032866, 311.7680995425),
    "pinwheel": (4.0031550640, 69.5794577861),
    "checkerboard": (-32.5237326438, 743.4764970400),
    "banana": (45.9242005399, 55.2658588362),
    "points": (-81.0700000000, 92.9525000000),
    "image": (-8.4221222150, 35.2802067665),
}

# How many parts each example has; None for what is of one piece, or a list or picture without parts.
PARTS = {
    "swiss-roll": None,
    "ring": 8,
    "grid": 25,
    "mixture": 3,
    "line": None,
    "lines": 3,
    "two-moons": 2,
    "dirac": None,
    "uniform": None,
    "circle": None,
    "circles": 2,
    "s-curve": None,
    "spirals": 2,
    "pinwheel": 5,
    "checkerboard": 8,
    "banana": None,
    "points": None,
    "image": None,
}


@cache
def example(name: str) -> Target:
    return examples(shipped_folder())[name]


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- every target ----------------------------------------------------------------------------------------------------


@names
def test_the_points_of_a_seed_are_those_that_they_always_were(name):
    x = example(name).sample(rng(), N)
    recorded = facts_of(RECORDED, name, "RECORDED in tests/test_labels.py")
    np.testing.assert_allclose((x[:, 0].sum(), np.square(x[::7, 1]).sum()), recorded, rtol=1e-8, atol=1e-9)


@names
def test_a_batch_is_what_sample_draws_with_a_label_a_point(name):
    target, parts = example(name), facts_of(PARTS, name, "PARTS in tests/test_labels.py")
    mine, its = rng(), rng()
    points, labels = target.batch(mine, N)
    np.testing.assert_array_equal(points, target.sample(its, N))
    assert mine.random() == its.random()  # both have left the stream at the same place
    assert target.classes == parts
    assert (labels is None) == (parts is None)
    if labels is not None:
        assert labels.shape == (N,)
        assert np.issubdtype(labels.dtype, np.integer)
        assert sorted(set(labels.tolist())) == list(range(parts))


@names
def test_labels_stay_when_a_target_is_moved(name):
    target = example(name)
    there = moved(target, scale=2.0, rotate=90.0, shift=(10.0, 0.0))
    (x, before), (y, after) = target.batch(rng(), N), there.batch(rng(), N)
    np.testing.assert_allclose(y, np.stack([10 - 2 * x[:, 1], 2 * x[:, 0]], axis=1), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(y, there.sample(rng(), N))
    assert there.classes == target.classes
    assert before is after is None or (before == after).all()


# --- what the labels say ---------------------------------------------------------------------------------------------

SEPARATE = {
    "ring": ring(modes=8, radius=2.0, std=0.02),
    "unbalanced": ring(modes=4, radius=2.0, std=0.1, weights=(1, 2, 4, 8)),
    "grid": grid(rows=3, columns=2, spacing=2.0, std=0.05),
    "stds": mixture(centres=((0, 0), (9, 0), (0, 9)), stds=(0.1, 0.5, 0.0), weights=(2, 1, 1)),
    "moved": moved(grid(rows=2, columns=3, std=0.05), scale=0.5, rotate=30.0, shift=(1.0, -4.0)),
}


@pytest.mark.parametrize("target", SEPARATE.values(), ids=SEPARATE)
def test_a_mixtures_label_is_the_nearest_mode(target):
    points, labels = target.batch(rng(), N)
    gaps = np.linalg.norm(points[:, None] - target.modes.centres, axis=2)
    np.testing.assert_array_equal(labels, gaps.argmin(axis=1))


def check_parts(batch: Batch, part_of) -> None:
    """The label of every point is what the place of the point says."""
    np.testing.assert_array_equal(batch.labels, part_of(*batch.points.T))


def test_circles_are_told_by_the_radius():
    check_parts(circles(factor=0.5, noise=0.02).batch(rng(), N), lambda x, y: (np.hypot(x, y) < 0.75).astype(int))


def test_moons_are_told_by_their_circle():
    """The first is the lower one, around (1, 1/2); the other goes around the origin above the axis."""
    nearer = lambda x, y: np.abs(np.hypot(x, y) - 1) < np.abs(np.hypot(x - 1, y - 0.5) - 1)  # noqa: E731
    points, labels = two_moons(noise=0.0).batch(rng(), N)
    clear = np.abs(np.hypot(*points.T) - np.hypot(*(points - [1, 0.5]).T)) > 0.2  # the circles cross
    assert clear.sum() > N / 2
    check_parts(Batch(points[clear], labels[clear]), lambda x, y: nearer(x, y).astype(int))


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_every_arm_of_a_spiral_is_the_first_one_turned(arms):
    points, labels = spirals(arms=arms, turns=1.0, noise=0.0).batch(rng(), N)
    radius = np.hypot(*points.T)
    first = np.stack([-np.cos(3 * radius), np.sin(3 * radius)], axis=1)  # t = 3 r on the arm itself
    angle = np.arctan2(points[:, 1], points[:, 0]) - np.arctan2(first[:, 1], first[:, 0])
    turned = np.round(-angle / (2 * np.pi / arms)).astype(int) % arms
    np.testing.assert_array_equal(labels, turned)


def test_arms_of_a_pinwheel_are_its_gaussians():
    straight = pinwheel(arms=5, radial=0.1, tangential=0.02, twist=0.0)
    check_parts(straight.batch(rng(), N), lambda x, y: np.round(np.arctan2(y, x) / (2 * np.pi / 5)).astype(int) % 5)
    twisted = pinwheel(arms=5, radial=0.1, tangential=0.02, twist=0.7)
    np.testing.assert_array_equal(twisted.batch(rng(), N).labels, straight.batch(rng(), N).labels)


def test_squares_of_a_board_are_numbered_row_by_row():
    """3 x 3 squares have 5 dark ones: 0 1 beneath, 2 in the middle, 3 4 above."""
    number = np.array([[0, -1, 1], [-1, 2, -1], [3, -1, 4]])
    place = lambda z: np.floor(z + 1.5).astype(int)  # noqa: E731
    check_parts(checkerboard(squares=3, side=1.0).batch(rng(), N), lambda x, y: number[place(y), place(x)])


def test_segments_are_numbered_as_they_are_given():
    target = lines(segments=(((0, 0), (1, 0)), ((5, 5), (5, 5)), ((0, 1), (2, 1))))
    batch = target.batch(rng(), N)
    assert target.classes == 3  # one of which has no length, and so no points
    check_parts(batch, lambda x, y: np.where(y == 0, 0, 2))


@pytest.mark.parametrize(
    "target", [ring(modes=1), dirac(), spirals(arms=1), checkerboard(squares=1), uniform(), s_curve(), swiss_roll()]
)
def test_what_is_of_one_piece_has_no_labels(target):
    assert target.classes is None
    assert target.batch(rng(), 10).labels is None
