"""Optimal critics: against the densities, against a free table of scores trained by the loss itself, and against W1."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import expit

from toygan.game.objectives import OBJECTIVES, Extra, objective, with_noisy_labels
from toygan.quantities.critic import Clouds
from toygan.quantities.optimal import (
    OPTIMA,
    PLAINLY,
    Potential,
    Told,
    alignment_ceiling,
    bandwidth,
    decided,
    from_densities,
    indifferent_score,
    kernel_estimate,
    known_optimum,
    optimal_critic,
    optimal_scores,
)
from toygan.quantities.transport import directions, solved, w1
from toygan.targets.curves import swiss_roll
from toygan.targets.mixtures import dirac, ring
from toygan.targets.target import moved

P, Q = np.array([4, 2, 1, 1]) / 8, np.array([1, 1, 2, 4]) / 8
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


def places(mass, pack):
    """Masses of all packs of places, of independent points."""
    return mass if pack == 1 else np.outer(mass, mass).ravel()


def critic_loss(kind, table, options, told=PLAINLY):
    """The critic's own loss when it is a free table of scores over four places with masses P and Q, or over the packs of
    two of them: every real place beside every generated one, as often as independent pairs come, and told as it is.
    """
    made = objective(kind, **options)
    made = with_noisy_labels(made, told.swapped) if told.swapped else made
    real, fake = (places(mass, told.pack) for mass in (P, Q))
    often = np.rint(np.outer(real, fake).ravel() * 64**told.pack).astype(int)  # products are whole 64ths
    pairs = np.repeat(np.arange(often.size), often)
    decisive = (torch.arange(4, dtype=torch.float64) + 0.5) / 4 if told.swapped else torch.tensor([0.5]).double()
    r, g = (table[place].repeat(len(decisive)) for place in np.divmod(pairs, len(fake)))
    swap, labels = decisive.repeat_interleave(len(pairs)), torch.full((1, len(r), 2), 0.5).double()
    extra = Extra(torch.zeros(1), {"swap": swap[None, :, None], "labels": labels})
    return made.losses({"score": r[None, :, None]}, {"score": g[None, :, None]}, extra).critic


def least(kind, options, told=PLAINLY):
    """The free table of scores that the critic's own loss comes to, by a Newton-like descent from 0."""

    def loss(scores):
        table = torch.from_numpy(scores).requires_grad_()
        value = critic_loss(kind, table, options, told).sum()
        value.backward()
        return value.item(), table.grad.numpy()

    return minimize(loss, np.zeros(4**told.pack), jac=True, method="BFGS", options={"gtol": 1e-9}).x


SMOOTH = [kind for kind in from_densities() if kind not in ("hinge", "energy", "f-total-variation")]
TOLD = [Told(), Told(swapped=0.25), Told(pack=2), Told(pack=2, swapped=0.25)]


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize(
    ("kind", "options"),
    [(kind, {}) for kind in SMOOTH]
    + [
        ("least-squares", {"fake": -1.0, "real": 2.0}),
        ("positive-ratio", {"weight": 0.3}),
        ("least-squares", {"fake": 1.0, "real": 0.0}),
        ("soft-labels", {"real": (0.9, 0.9), "fake": (0.3, 0.5)}),
    ],
)
def test_a_free_table_of_scores_comes_to_the_stated_optimum(kind, options, told):
    if not decided(kind, told):
        assert (kind, told.swapped) == ("relativistic", 0.25)
        return
    best = optimal_scores(kind, *LOGS, options, told)
    found = least(kind, options, told)
    diagonal = found if told.pack == 1 else found.reshape(4, 4).diagonal()
    free = (diagonal - best).mean() if kind == "relativistic" else 0.0
    assert diagonal - free == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("told", TOLD[1:])
@pytest.mark.parametrize("kind", ["hinge", "energy"])
def test_no_table_told_otherwise_has_a_lower_loss_where_scores_jump(kind, told):
    logs = [np.add.outer(log, log).ravel() if told.pack == 2 else log for log in LOGS]
    best = torch.from_numpy(np.asarray(optimal_scores(kind, *logs, {}, told._replace(pack=1))))
    least_loss = critic_loss(kind, best, {}, told).item()
    for i in range(len(best)):
        for step in (1e-3, -1e-3, 0.1, -0.1):
            other = best.clone()
            other[i] += step
            if kind != "energy" or other[i] <= 0:
                assert critic_loss(kind, other, {}, told).item() >= least_loss - 1e-12


def test_told_log_ratios_are_the_formulas():
    l, s = np.log(P / Q), 0.05  # noqa: E741
    assert optimal_scores("minimax", *LOGS, told=Told(pack=3)) == pytest.approx(3 * l)
    mixed = ((1 - s) * P + s * Q) / ((1 - s) * Q + s * P)
    assert optimal_scores("minimax", *LOGS, told=Told(swapped=s)) == pytest.approx(np.log(mixed), rel=1e-12)
    ends = optimal_scores("minimax", np.array([0.0, -np.inf]), np.array([-np.inf, 0.0]), told=Told(swapped=s))
    assert ends == pytest.approx([math.log((1 - s) / s), math.log(s / (1 - s))])
    assert optimal_scores("minimax", *LOGS, told=Told(swapped=0.5)) == pytest.approx(np.zeros(4))


def test_labels_that_decide_nothing_have_no_best_score():
    always = {"real": (1.0, 1.4), "fake": (0.9, 1.3)}  # mean labels 1.2 and 1.1: every mean label is above 1
    assert np.isposinf(optimal_scores("soft-labels", *LOGS, always)).all()
    below = {"real": (0.5, 0.5), "fake": (-0.6, -0.4)}
    scores = optimal_scores("soft-labels", *LOGS, below)
    share = (0.5 * P - 0.5 * Q) / (P + Q)
    assert np.isneginf(scores[share <= 0]).all()
    share = share[share > 0]
    assert len(share) == 2
    assert scores[:2] == pytest.approx(np.log(share / (1 - share)))
    hard = optimal_scores("soft-labels", *LOGS, {"real": (1.0, 1.0), "fake": (0.0, 0.0)})
    assert hard == pytest.approx(np.log(P / Q))


def test_where_the_mean_label_is_above_one_the_loss_falls_for_ever_and_elsewhere_it_is_least():
    options = {"real": (1.2, 1.4), "fake": (0.3, 0.4)}
    best = optimal_scores("soft-labels", *LOGS, options)
    assert np.isposinf(best).tolist() == [True, False, False, False]
    table = torch.from_numpy(np.where(np.isinf(best), 0.0, best)).requires_grad_()
    loss = critic_loss("soft-labels", table, options).sum()
    (slope,) = torch.autograd.grad(loss, table)
    assert slope.numpy()[1:] == pytest.approx(np.zeros(3), abs=1e-12)
    far = [critic_loss("soft-labels", table + torch.eye(4)[0] * gain, options).item() for gain in (0, 1e2, 1e4)]
    assert far == sorted(far, reverse=True)
    assert far[-1] < -500


@pytest.mark.parametrize(
    ("kind", "told", "critic", "known"),
    [
        ("relativistic", Told(), "mlp", True),
        ("relativistic", Told(pack=2), "mlp", True),
        ("relativistic", Told(swapped=0.1), "mlp", False),  # pairs are swapped together: no function of one place
        ("relativistic-average", Told(), "mlp", False),
        ("energy", Told(), "mlp", False),  # an energy that may fall below 0 falls for ever
        ("energy", Told(), "autoencoder", True),
        ("minimax", Told(), "autoencoder", False),  # its score is never above 0
        ("minimax", Told(), "linear", False),
        ("wasserstein", Told(), "autoencoder", True),
        ("wasserstein", Told(swapped=0.1), "mlp", True),
        ("wasserstein", Told(swapped=0.5), "mlp", False),
        ("wasserstein", Told(pack=2), "mlp", False),  # a plan between packs
        ("mmd", Told(), "identity", True),
    ],
)
def test_an_optimum_is_known_where_this_critic_told_so_has_one(kind, told, critic, known):
    assert decided(kind, told, critic) == known


def test_without_the_bound_of_an_autoencoder_the_energy_game_has_no_end():
    scores = [torch.tensor([gain, 0, -1, -1], dtype=torch.float64) for gain in (0, 1e2, 1e4)]
    losses = [critic_loss("energy", table, {}).item() for table in scores]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < -1e3


def test_pairs_swapped_together_leave_no_function_of_one_place():
    found = least("relativistic", {}, Told(swapped=0.25))
    mixed = optimal_scores("minimax", *LOGS, told=Told(swapped=0.25))
    assert np.abs((found - found.mean()) - (mixed - mixed.mean())).max() > 1e-2


def test_every_objective_says_where_its_critic_cannot_tell():
    told = {kind: indifferent_score(kind) for kind in OBJECTIVES}
    nothing = {"relativistic", "relativistic-average", "wasserstein", "energy", "began", "mmd", "cramer"}
    nothing |= {"loss-sensitive", "margin", "c-transform", "categorical"}
    assert {kind for kind, score in told.items() if score is None} == nothing
    assert {kind: score for kind, score in told.items() if score} == {
        "least-squares": 0.5,
        "f-kl": 1.0,
        "soft-labels": pytest.approx(math.log(0.55 / 0.45)),
        "density-ratio": 1.0,
        "positive-ratio": pytest.approx(math.log(math.e - 1)),
    }
    assert indifferent_score("least-squares", {"fake": -1.0, "real": 2.0, "wanted": 5.0}) == 0.5
    assert indifferent_score("minimax", {}, "autoencoder") is None
    equal = np.log(np.full(4, 0.25))
    for kind in set(told) - nothing:
        assert optimal_scores(kind, equal, equal) == pytest.approx(np.full(4, told[kind]))


@pytest.mark.parametrize(
    ("kind", "options"),
    [(kind, {}) for kind in from_densities() if kind not in ("f-total-variation",)] + [("energy", {"margin": 3.0})],
)
def test_no_table_of_scores_has_a_lower_critic_loss(kind, options):
    best = torch.from_numpy(np.asarray(optimal_scores(kind, *LOGS, options)))
    lowest = critic_loss(kind, best, options).item()
    for step in (1e-3, 0.1):
        for i in range(4):
            for sign in (1, -1):
                other = best.clone()
                other[i] += sign * step
                if kind == "energy" and other[i] > 0:
                    continue  # an energy is never negative
                assert critic_loss(kind, other, options).item() >= lowest - 1e-12
    assert lowest < critic_loss(kind, torch.full((4,), -0.5, dtype=torch.float64), options).item()


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
    assert set(OBJECTIVES) - set(OPTIMA) == {"relativistic-average", "began", "loss-sensitive", "margin", "categorical"}
    assert known_optimum("relativistic-average", POINTS, X, Y) is None
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
    assert kernel_estimate(cloud, 1.0, (far, far)) == pytest.approx(np.array(wanted), rel=1e-12)


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


@pytest.mark.parametrize("noise", [0.0, 0.15, 0.6])
@pytest.mark.parametrize("std", [0.5, None])
def test_instance_noise_blurs_both_densities(noise, std):
    target, rng = ring(std=0.3), np.random.default_rng(0)
    real, fake = target.sample(rng, 400), target.sample(rng, 400)
    known, critic = best("minimax", real, fake, target.log_density, std, noise=noise)
    if std:
        wanted = target.log_density(POINTS, noise) - target.log_density(POINTS, math.hypot(std, noise))
    else:
        width = max(noise, bandwidth(real), X[1] - X[0], Y[1] - Y[0])
        assert known.width == width
        kernel = np.exp(-((POINTS[:, None] - fake) ** 2).sum(axis=2) / (2 * width**2)).mean(axis=1)
        wanted = target.log_density(POINTS, width) - np.log(kernel / (2 * math.pi * width**2))
    assert critic.on_grid().ravel() == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_a_blurred_optimum_is_that_of_points_with_noise_upon_them():
    """The kernel estimate at the noise's width against what a free table of cells learns from noisy points."""
    target, rng, noise = ring(std=0.3), np.random.default_rng(0), 0.6
    fake = target.sample(rng, 300) * 0.5
    known, critic = best("minimax", target.sample(rng, 300), fake, target.log_density, noise=noise)
    assert known.width == noise
    edges = [np.append(axis - (axis[1] - axis[0]) / 2, axis[-1] + (axis[1] - axis[0]) / 2) for axis in (X, Y)]
    n = 1_000_000
    noisy = [
        cloud + noise * rng.standard_normal((n, 2))
        for cloud in (target.sample(rng, n), fake[rng.integers(len(fake), size=n)])
    ]
    p, q = (np.histogram2d(cloud[:, 0], cloud[:, 1], edges)[0].T for cloud in noisy)
    seen = (p > 2000) & (q > 2000)
    assert seen.sum() > 30
    assert np.abs(np.log(p / q) - critic.on_grid())[seen].max() < 0.12


def test_the_alignment_ceiling_is_what_another_samples_potential_reaches():
    def clouds(seed, shift, n=300):
        rng = np.random.default_rng(seed)
        real, fake = rng.standard_normal((n, 2)), 0.5 * rng.standard_normal((n, 2)) + shift
        return Clouds(fake, real, fake, solved(fake, real))

    one, again = clouds(0, (9, 0)), clouds(1, (9, 0))
    towards = directions(one.plan, one.some, one.some_real)
    cosines = (Potential(again.some_real, again.plan.real_dual).slopes(one.some) * towards).sum(axis=1)
    assert alignment_ceiling(one, again) == pytest.approx(cosines.mean())
    assert alignment_ceiling(one, again) > 0.97  # far apart all rays are alike
    near = [alignment_ceiling(clouds(seed, (0.5, 0)), clouds(seed + 50, (0.5, 0))) for seed in range(4)]
    assert 0.2 < np.mean(near) < 0.9

    def one_law(seed, n=300):
        real, fake = np.random.default_rng(seed).standard_normal((2, n, 2))
        return Clouds(fake, real, fake, solved(fake, real))

    alike = [alignment_ceiling(one_law(seed), one_law(seed + 50)) for seed in range(8)]
    assert abs(np.mean(alike)) < 0.15  # what is left to transport is chance
    lost = one._replace(plan=solved(one.some + math.nan, one.some_real))
    assert math.isnan(alignment_ceiling(one, lost))


# --- the potential ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e15])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (120, 150)])
def test_the_potential_is_worth_w1_and_nowhere_steeper_than_one(scale, n, m):
    rng = np.random.default_rng(0)
    real, fake = scale * (rng.standard_normal((m, 2)) + np.array([2, 0])), scale * rng.standard_normal((n, 2))
    phi = Potential(real, solved(fake, real).real_dual)
    assert phi(real).mean() - phi(fake).mean() == pytest.approx(w1(fake, real), rel=1e-9)
    points = np.concatenate([real, fake, scale * rng.standard_normal((200, 2)) * 3])
    gaps = np.linalg.norm(points[:, None] - points, axis=2)
    assert (np.abs(np.subtract.outer(phi(points), phi(points))) - gaps).max() < 1e-9 * scale


def test_its_slopes_are_its_derivative_and_point_along_the_plan():
    rng = np.random.default_rng(1)
    real, fake = rng.standard_normal((40, 2)) + np.array([3, 1]), rng.standard_normal((40, 2))
    phi, points, h = Potential(real, solved(fake, real).real_dual), rng.standard_normal((100, 2)) * 2, 1e-6
    numeric = np.stack([(phi(points + h * e) - phi(points - h * e)) / (2 * h) for e in np.eye(2)], axis=1)
    smooth = np.abs(np.linalg.norm(numeric, axis=1) - 1) < 1e-6  # not across a crease
    assert smooth.mean() > 0.95
    assert np.abs(phi.slopes(points) - numeric)[smooth].max() < 1e-6
    along = (phi(fake + 1e-5 * phi.slopes(fake)) - phi(fake)) / 1e-5
    assert along == pytest.approx(np.ones(40), abs=1e-6)


def test_on_the_grid_the_potential_is_the_same_and_at_the_clouds_it_is_the_plans_duals():
    real, fake = two_clouds(30, 40)
    critic, phi = best("wasserstein", real, fake)[1], Potential(real, solved(fake, real).real_dual)
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
