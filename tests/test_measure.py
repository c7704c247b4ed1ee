"""Measures against closed forms, hand examples and an independent solver."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from toygan.quantities.measure import Against, floors, measurable, measure_frame
from toygan.quantities.modes import high_quality, mahalanobis, mode_kl, mode_mass_tv, modes_kept
from toygan.quantities.table import QUANTITIES
from toygan.quantities.transport import simplex, w1, w2

EIGHTHS = 2 * np.pi * np.arange(8) / 8
CEILING = 1 - math.exp(-9 / 2)


class Modes(NamedTuple):
    centres: np.ndarray
    covariances: np.ndarray
    weights: np.ndarray


def ring(std=0.02, weights=(1 / 8,) * 8, angles=EIGHTHS):
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Modes(centres, np.tile(np.eye(2) * std**2, (8, 1, 1)), np.array(weights))


def draw(modes, n, seed=0, which=None, stretch=lambda covariance: covariance):
    rng = np.random.default_rng(seed)
    which = rng.choice(len(modes.centres), n, p=modes.weights) if which is None else np.resize(which, n)
    factors = np.linalg.cholesky(stretch(modes.covariances))
    return modes.centres[which] + np.einsum("nij,nj->ni", factors[which], rng.standard_normal((n, 2)))


def pair(n, seed=0):
    return np.random.default_rng(seed).standard_normal((2, n, 2)) * [[[1.0]], [[2.0]]]


def on_axis(places):
    return np.stack([np.array(places, float), np.zeros(len(places))], axis=1)


@pytest.mark.parametrize("distance", [w1, w2])
@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1.0, 1e30])
def test_a_shifted_cloud_is_as_far_as_the_shift_at_every_size(distance, scale):
    points = pair(150)[0] * scale
    assert distance(points + np.array([3, 4]) * scale, points) == pytest.approx(5 * scale, rel=1e-12)


@pytest.mark.parametrize(("distance", "power"), [(w1, 1), (w2, 2)])
@pytest.mark.parametrize("scale", [1e-13, 1.0])
def test_distances_agree_with_an_assignment_solver_and_are_symmetric(distance, power, scale):
    x, y = pair(200) * scale
    costs = np.linalg.norm(x[:, None] - y, axis=2) ** power
    best = costs[linear_sum_assignment(costs)].mean() ** (1 / power)
    assert distance(x, y) == pytest.approx(best, rel=1e-12)
    assert distance(y, x) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize(
    ("here", "there", "total"), [([1, 1, 1, 2, 3, 3], [7, 8, 9, 9, 10, 10], 42), ([4, 6], [3, 7], 2), ([0], [0, 2], 1)]
)
def test_boxes_cost_what_they_cost_by_hand(here, there, total):
    assert w1(on_axis(here), on_axis(there)) * len(here) == pytest.approx(total, rel=1e-14)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_points_that_are_not_finite_have_no_distance_and_are_on_no_mode(bad):
    points = np.array([[0.0, 1.0], [bad, 0.0], [1.0, bad], [bad, bad]])
    assert math.isnan(w1(points, points[:1]))
    assert math.isnan(w2(points[:1], points))
    assert np.isposinf(mahalanobis(points[1:], ring())).all()
    assert modes_kept(points, ring()) == 1
    assert high_quality(points, ring()) == 1 / 4
    assert mode_mass_tv(points, ring()) == pytest.approx(7 / 8)
    assert mode_kl(points, ring()) == pytest.approx(math.log(8))
    assert math.isnan(mode_kl(points[1:], ring()))


@pytest.mark.parametrize("huge", [1e30, 1e300])
def test_huge_points_are_measured(huge):
    assert w1(on_axis([huge, 0]), on_axis([0, 0])) == pytest.approx(huge / 2)
    assert high_quality(on_axis([huge, 1, -huge, -1]), ring()) == 1 / 2
    assert modes_kept(on_axis([huge, -huge]), ring()) == 0


def test_a_distance_refuses_empty_clouds_and_a_solver_that_gave_up(monkeypatch):
    with pytest.raises(ValueError, match="got 0 and 1 points"):
        w1(np.empty((0, 2)), np.zeros((1, 2)))
    monkeypatch.setattr("toygan.quantities.transport.PIVOTS", 3)
    with pytest.raises(RuntimeError, match="failed"):
        simplex(np.random.default_rng(0).random((50, 50)))


def test_the_floor_is_that_of_perfect_samplers_against_the_same_real_points():
    clouds = [on_axis([float(k), float(k)]) for k in range(1, 40)]
    found = floors(lambda k: clouds[k], Against(on_axis([0.0, 0.0])), draws=39)["w1"]
    assert found == pytest.approx((20, math.sqrt(130), 2, 38, 39))  # 1 to 39: the 2nd and the 38th of 39 + 1 shares
    with pytest.raises(ValueError, match="at least 2 draws, got 1"):
        floors(lambda k: clouds[k], Against(clouds[0]), draws=1)


@pytest.mark.parametrize("modes", [ring(), ring(0.05, np.arange(1, 9) / 36)])
def test_a_perfect_sampler_scores_what_theory_promises(modes):
    """Expected modes found, share within 3 sigma, total variation and divergence of n draws (Wilks, 1938)."""
    n, repeats, w = 2000, 50, modes.weights
    found = floors(lambda seed: draw(modes, n, seed), Against(draw(modes, 10), modes, n_w1=10), repeats)
    promised = {
        "modes": (1 - (1 - CEILING * w) ** n).sum(),
        "high_quality": CEILING,
        "mode_mass_tv": np.sqrt(w * (1 - w) / (2 * math.pi * n)).sum(),
        "mode_kl": (len(w) - 1) / (2 * n),
    }
    for name, value in promised.items():
        error = found[name].spread / math.sqrt(repeats) + 1e-3 * found[name].mean
        assert found[name].mean == pytest.approx(value, abs=4 * error)


def test_perfect_samplers_are_as_good_as_their_floor(monkeypatch):
    """W1 over floor is 1 whatever the real sample, and nine in ten lie in the band: pairs of samples say neither."""
    modes, n, names = ring(), 150, ("w1", "js", "tv", "mode_mass_tv")
    monkeypatch.setattr("toygan.quantities.measure.QUANTITIES", {name: QUANTITIES[name] for name in names})
    below, above = [], []
    for seed in range(4):
        real = draw(modes, n, 10_000 + seed)
        found = floors(lambda k, seed=seed: draw(modes, n, 100 * seed + k), Against(real, modes, n_w1=n), 40)
        later = np.stack([draw(modes, n, 20_000 + k) for k in range(100)])
        scores = measure_frame(later, Against(real, modes, n_w1=n))
        assert 0.9 < np.median(scores["w1"]) / found["w1"].mean < 1.1
        for name in names:
            assert abs(scores[name].mean() - found[name].mean) < 4 * found[name].spread / math.sqrt(30)
        below.append([(scores[name] <= found[name].high).mean() for name in names])
        above.append([(scores[name] >= found[name].low).mean() for name in names])
    assert np.mean(below, axis=0).min() >= 0.9  # 0.95 is meant; shares of one target's band vary by 0.03
    assert np.mean(above, axis=0).min() >= 0.9


@pytest.mark.parametrize(
    ("stretch", "honest"),
    [
        (lambda c: c, True),
        (lambda c: c @ c, False),  # the variance, passed as standard deviation
        (np.sqrt, False),  # the standard deviation, passed as variance
    ],
)
def test_high_quality_tells_variance_from_standard_deviation(stretch, honest):
    n = 20_000
    share = high_quality(draw(ring(), n, stretch=stretch), ring())
    assert (abs(share - CEILING) < 4 * math.sqrt(CEILING * (1 - CEILING) / n)) == honest


@pytest.mark.parametrize("tilt", [0.6, -0.6])
def test_distances_follow_the_shape_of_a_mode(tilt):
    turn = np.array([[0.8, -tilt], [tilt, 0.8]])
    modes = Modes(np.array([[1.0, 2.0]]), (turn @ np.diag([4.0, 0.01]) @ turn.T)[None], np.ones(1))
    points = modes.centres + np.array([[6.0, 0.0], [0.0, 0.31]]) @ turn.T
    assert mahalanobis(points, modes)[:, 0] == pytest.approx([3.0, 3.1])
    assert high_quality(points * (1 - 1e-9), modes) == 1 / 2


@pytest.mark.parametrize(
    ("places", "at_least", "kept"),
    [(range(8), 1, 8), (range(1, 8), 1, 7), ([3], 1, 1), ([0, 0, 0, 1], 150, 2), ([0, 0, 0, 1], 250, 1)],
)
def test_kept_modes_are_counted_one_by_one(places, at_least, kept):
    assert modes_kept(draw(ring(), 800, which=list(places)), ring(), at_least) == kept


def test_seven_places_are_never_eight_modes():
    seven = np.linspace(0, 2 * np.pi, 8)  # with its end point: the first and the last are one place
    assert modes_kept(draw(ring(angles=seven), 4000), ring()) < 8
    assert modes_kept(draw(ring(angles=seven), 4000), ring(angles=seven)) == 7


@pytest.mark.parametrize(
    ("places", "weights", "tv", "kl"),
    [
        ([0, 1, 1, 1], (1 / 4, 3 / 4), 0, 0),
        ([0, 0, 0, 0], (1 / 4, 3 / 4), 3 / 4, math.log(4)),
        ([0, 0, 0, 1], (1 / 2, 1 / 2), 1 / 4, 3 / 4 * math.log(3 / 2) + 1 / 4 * math.log(1 / 2)),
        ([0, 1], (0, 1), 1 / 2, math.inf),
    ],
)
def test_mass_over_modes_by_hand(places, weights, tv, kl):
    modes = Modes(on_axis([0, 10]), np.tile(np.eye(2), (2, 1, 1)), np.array(weights))
    points = on_axis(places) * 10
    assert mode_mass_tv(points, modes) == pytest.approx(tv, abs=1e-15)
    assert mode_kl(points, modes) == pytest.approx(kl, abs=1e-15)


def test_a_far_point_counts_for_balance_but_not_for_the_divergence():
    modes = Modes(on_axis([0, 10]), np.tile(np.eye(2), (2, 1, 1)), np.array([1 / 2, 1 / 2]))
    points = on_axis([0, 10, 14, 14])
    assert mode_mass_tv(points, modes) == pytest.approx(1 / 4)
    assert mode_kl(points, modes) == pytest.approx(0, abs=1e-15)
    assert high_quality(points, modes) == 1 / 2


@pytest.mark.parametrize("covariance", [(0, 0), (0, 1), (1, 1)])
def test_a_mode_without_width_catches_only_what_rounds_to_it(covariance):
    modes = Modes(np.array([[500.1, 0.1]]), np.diag(covariance).astype(float)[None], np.ones(1))
    rounded = modes.centres.astype(np.float32)
    assert high_quality(np.concatenate([rounded, rounded + np.array([1e-2, 0])]), modes) == (
        1 if covariance[0] else 1 / 2
    )


def test_every_seed_is_measured_as_it_would_be_alone():
    modes, real = ring(), draw(ring(), 60)
    samples = np.stack([draw(modes, 60, s) for s in range(2)]).astype(np.float32)
    against = Against(real, modes, n_w1=40)
    both = measure_frame(samples, against)
    assert {name: row.shape for name, row in both.items()} == dict.fromkeys(measurable(against), (2,))
    for name, value in measure_frame(samples[1:], against).items():
        assert np.array_equal(value, both[name][1:])
    assert both["w1"][1] == w1(samples[1, :40], real[:40])
