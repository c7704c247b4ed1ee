"""Optimal critics: against the densities, against a free table of scores trained by the loss itself, and against W1."""

import math

import numpy as np
import pytest
import torch
from scipy.special import expit

from toygan.measure import w1
from toygan.measures.transport import solved
from toygan.objectives import OBJECTIVES, Extra, objective
from toygan.optimal import (
    OPTIMA,
    Clouds,
    bandwidth,
    from_densities,
    kernel_estimate,
    known_optimum,
    optimal_critic,
    optimal_scores,
    potential,
)
from toygan.targets import dirac, moved, ring, swiss_roll

P, Q = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])
LOGS = np.log(P), np.log(Q)
X, Y = np.linspace(-1.5, 2, 15), np.linspace(-2, 1, 12)
POINTS = np.stack(np.meshgrid(X, Y), axis=-1).reshape(-1, 2)


def best(kind, real, fake, log_density=None, std=None, **rest):
    """What is known of an optimum on the grid, and the critic against two clouds."""
    known = known_optimum(kind, real, X, Y, log_density, std, **rest)
    return known, optimal_critic(known, Clouds(fake, real, fake, solved(fake, real)))


def two_clouds(n=30, m=30):
    rng = np.random.default_rng(2)
    return rng.standard_normal((m, 2)), rng.standard_normal((n, 2)) * 0.5 + 0.3


def critic_loss(kind, table, options):
    """The critic's own loss when it is a free table of scores over four places with masses P and Q."""
    count = 4000
    losses = objective(kind, **options)
    chance = torch.linspace(0, 1, 501, dtype=torch.float64)[None, :, None].expand(1, 501, 2)
    if kind == "soft-labels":  # labels are drawn: put every place under all of them
        value = 0.0
        for i in range(4):
            score = table[i].expand(1, 501, 1)
            zero = torch.zeros_like(score)
            extra = Extra(torch.zeros(1), chance, zero)
            at_zero = losses.losses(zero, zero, extra).critic
            value = value + P[i] * (losses.losses(score, zero, extra).critic - at_zero)
            value = value + Q[i] * (losses.losses(zero, score, extra).critic - at_zero)
        return value
    real, fake = (np.repeat(np.arange(4), np.rint(mass * count).astype(int)) for mass in (P, Q))
    extra = Extra(torch.zeros(1), torch.zeros(1, count, 2), torch.zeros(1, count, 1))
    return losses.losses(table[real][None, :, None], table[fake][None, :, None], extra).critic


@pytest.mark.parametrize(
    ("kind", "options"),
    [(kind, {}) for kind in from_densities() if kind not in ("f-total-variation",)]
    + [("least-squares", {"fake": -1.0, "real": 2.0}), ("energy", {"margin": 3.0})],
)
def test_no_table_of_scores_has_a_lower_critic_loss(kind, options):
    best = torch.from_numpy(optimal_scores(kind, *LOGS, options))
    least = critic_loss(kind, best, options).item()
    for step in (1e-3, 0.1):
        for i in range(4):
            for sign in (1, -1):
                other = best.clone()
                other[i] += sign * step
                if kind == "energy" and other[i] > 0:
                    continue  # an energy is never negative
                assert critic_loss(kind, other, options).item() >= least - 1e-12
    assert least < critic_loss(kind, torch.full((4,), -0.5, dtype=torch.float64), options).item()


def test_total_variation_gains_all_the_way_to_infinity():
    sides = torch.from_numpy(optimal_scores("f-total-variation", *LOGS))
    values = [critic_loss("f-total-variation", gain * sides, {}).item() for gain in (0.5, 1, 2, 20)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(-np.abs(P - Q).sum() / 2)


def test_scores_are_the_catalogues_formulas():
    ratio = P / Q
    for kind, scores in {
        "minimax": np.log(ratio),
        "least-squares": P / (P + Q),
        "hinge": np.sign(P - Q),
        "f-kl": 1 + np.log(ratio),
        "f-reverse-kl": np.log(ratio),
        "f-pearson": 2 * (ratio - 1),
        "f-hellinger": np.log(ratio) / 2,
        "f-js": np.log(ratio),
    }.items():
        assert optimal_scores(kind, *LOGS) == pytest.approx(scores, rel=1e-12)


def test_every_objective_has_an_optimum_or_is_known_to_have_none():
    assert set(OBJECTIVES) - set(OPTIMA) == {"relativistic", "relativistic-average", "began"}
    assert known_optimum("relativistic", POINTS, X, Y) is None
    with pytest.raises(ValueError, match="they do for minimax"):
        optimal_scores("wasserstein", *LOGS)


@pytest.mark.parametrize("target", [moved(ring(std=0.3), scale=0.7, shift=(0.1, 0.2)), swiss_roll(noise=1.0)])
@pytest.mark.parametrize("kind", ["minimax", "least-squares", "hinge"])
def test_with_the_frozen_generator_scores_come_from_both_densities(target, kind):
    real, fake = target.sample(np.random.default_rng(0), 50), target.sample(np.random.default_rng(1), 50)
    known, critic = best(kind, real, fake, target.log_density, 0.5)
    points = np.concatenate([POINTS, real, fake])
    ratio = target.log_density(points, 0.0) - target.log_density(points, 0.5)
    wanted = {"minimax": ratio, "least-squares": expit(ratio), "hinge": np.sign(ratio)}[kind]
    assert np.abs(critic.on_grid().ravel() - wanted[: len(POINTS)]).max() < 1e-9
    assert np.abs(critic.at_clouds() - wanted[len(POINTS) :]).max() < 1e-9
    assert "both exact densities" in known.how


def test_the_density_of_a_ring_is_the_sum_written_out():
    target = ring(std=0.3)
    found = best("minimax", POINTS, POINTS, target.log_density, 0.4)[1].on_grid()
    logs = []
    for variance in (0.09, 0.25):
        squares = ((POINTS[:, None] - target.modes.centres) ** 2).sum(axis=2)
        logs.append(np.log(np.exp(-squares / (2 * variance)).mean(axis=1) / (2 * math.pi * variance)))
    assert found.ravel() == pytest.approx(logs[0] - logs[1], abs=1e-6)


def test_else_a_kernel_estimate_is_held_against_the_target_at_the_same_blur():
    target, rng = ring(std=0.3), np.random.default_rng(0)
    real, fake = target.sample(rng, 400), target.sample(rng, 400)
    known, critic = best("minimax", real, fake, target.log_density)
    width = known.width
    assert width == max(bandwidth(real), X[1] - X[0], Y[1] - Y[0])
    kernel = np.exp(-((POINTS[:, None] - fake) ** 2).sum(axis=2) / (2 * width**2)).mean(axis=1)
    log_q = np.log(kernel / (2 * math.pi * width**2))
    assert critic.on_grid().ravel() == pytest.approx(target.log_density(POINTS, width) - log_q, rel=1e-9)
    assert f"bandwidth {width:.2g}" in known.how
    assert "real points" in known_optimum("minimax", real, X, Y).how


def test_a_kernel_estimate_far_from_every_point_is_not_lost():
    cloud, far = np.zeros((3, 2)), np.array([0.0, 60.0, 1e6])
    wanted = [[-(x**2 + y**2) / 2 - math.log(2 * math.pi) for x in far] for y in far]
    assert kernel_estimate(cloud, 1.0, far, far) == pytest.approx(np.array(wanted), rel=1e-12)


def test_estimates_are_read_off_the_grid_at_points_and_unknown_outside_of_it():
    real = np.array([(X[3], Y[5]), (X[3] / 2 + X[4] / 2, Y[0]), (X[0] - 0.1, 0.0)])
    _, critic = best("minimax", real, POINTS, ring(std=0.3).log_density)
    grid, seen = critic.on_grid(), critic.at_clouds()
    assert seen[:2] == pytest.approx([grid[5, 3], (grid[0, 3] + grid[0, 4]) / 2])
    assert math.isnan(seen[2])
    assert seen[3:] == pytest.approx(grid.ravel())


def test_a_target_without_a_density_is_blurred_instead():
    known, critic = best("minimax", np.zeros((5, 2)), POINTS, dirac().log_density, 1.0)
    assert "kernel estimate" in known.how
    assert np.isfinite(critic.on_grid()).all()


def test_there_is_no_best_critic_of_lost_points():
    fake = POINTS + math.nan
    known = known_optimum("minimax", POINTS, X, Y)
    assert optimal_critic(known, Clouds(fake, POINTS, fake, solved(fake, POINTS))) is None


# --- the potential ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e15])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (120, 150)])
def test_the_potential_is_worth_w1_and_nowhere_steeper_than_one(scale, n, m):
    rng = np.random.default_rng(0)
    real, fake = scale * (rng.standard_normal((m, 2)) + np.array([2, 0])), scale * rng.standard_normal((n, 2))
    phi = potential(real, fake)
    assert phi(real).mean() - phi(fake).mean() == pytest.approx(w1(fake, real), rel=1e-9)
    points = np.concatenate([real, fake, scale * rng.standard_normal((200, 2)) * 3])
    gaps = np.linalg.norm(points[:, None] - points, axis=2)
    assert (np.abs(np.subtract.outer(phi(points), phi(points))) - gaps).max() < 1e-9 * scale


def test_its_slopes_are_its_derivative_and_point_along_the_plan():
    rng = np.random.default_rng(1)
    real, fake = rng.standard_normal((40, 2)) + np.array([3, 1]), rng.standard_normal((40, 2))
    phi, points, h = potential(real, fake), rng.standard_normal((100, 2)) * 2, 1e-6
    numeric = np.stack([(phi(points + h * e) - phi(points - h * e)) / (2 * h) for e in np.eye(2)], axis=1)
    smooth = np.abs(np.linalg.norm(numeric, axis=1) - 1) < 1e-6  # not across a crease
    assert smooth.mean() > 0.95
    assert np.abs(phi.slopes(points) - numeric)[smooth].max() < 1e-6
    along = (phi(fake + 1e-5 * phi.slopes(fake)) - phi(fake)) / 1e-5
    assert along == pytest.approx(np.ones(40), abs=1e-6)


def test_on_the_grid_the_potential_is_the_same_and_at_the_clouds_it_is_the_plans_duals():
    real, fake = two_clouds(30, 40)
    critic, phi = best("wasserstein", real, fake)[1], potential(real, fake)
    assert critic.on_grid().ravel() == pytest.approx(phi(POINTS), abs=1e-6)
    scores = critic.at_clouds()
    assert scores == pytest.approx(phi(np.concatenate([real, fake])), abs=1e-12)
    assert scores[:40].mean() - scores[40:].mean() == pytest.approx(w1(fake, real), rel=1e-12)


@pytest.mark.parametrize("kernel", ["gaussian", "rational-quadratic"])
def test_witnesses_are_means_over_the_clouds(kernel):
    real, fake = two_clouds(20, 30)
    places = np.concatenate([POINTS, real, fake])
    d = [np.linalg.norm(places[:, None] - part, axis=2) for part in (real, fake)]
    energy = best("cramer", real, fake)[1]
    found = np.concatenate([energy.on_grid().ravel(), energy.at_clouds()])
    assert found == pytest.approx(d[1].mean(axis=1) - d[0].mean(axis=1), abs=1e-5)
    _, mmd = best("mmd", real, fake, options={"bandwidths": (0.5, 2.0), "kernel": kernel, "features": 3})
    similar = {
        "gaussian": lambda r, w: np.exp(-(r**2) / (2 * w**2)),
        "rational-quadratic": lambda r, w: (1 + r**2 / (2 * w)) ** -w,
    }[kernel]
    one, other = (np.mean([similar(part, w).mean(axis=1) for w in (0.5, 2.0)], axis=0) for part in d)
    found = np.concatenate([mmd.on_grid().ravel(), mmd.at_clouds()])
    assert found == pytest.approx(one - other, abs=1e-5)
