"""The silent errors of code that people copy, planted: each check passes for toygan and fails for the planted version.

Every planted version runs without a word and draws a picture that looks fine.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from conftest import fractions, numbers, with_game
from test_constraints import check_flat_critic, check_on_linear
from test_game import check_one_step_on_the_sum
from test_networks import RING, check_data_plus_noise, check_judged_alone, random_parameters
from test_objectives import check_at_zero, check_optimum, check_orientation
from test_targets import check_every_point_is_drawn, check_modes
from torch import Tensor
from torch.nn.functional import logsigmoid

from toygan.files.world import World
from toygan.game import play
from toygan.game.constraints import CONSTRAINTS, Constraint, Sight
from toygan.game.objectives import Losses, Objective, mean, objective
from toygan.game.play import Draw, State
from toygan.game.players import GENERATORS, mlp_critic
from toygan.quantities.modes import modes_kept
from toygan.targets.mixtures import gaussians, isotropic, ring
from toygan.targets.table import points
from toygan.targets.target import Modes, Target


class Error(NamedTuple):
    """A check, the right version and the wrong one."""

    check: Callable[[object], None]
    right: object
    planted: object


# --- penalties -------------------------------------------------------------------------------------------------------


def whole_batch(sight: Sight) -> Tensor:
    """One norm over the whole batch, where each point has its own."""
    return 10 * (sight.fake_slopes().flatten(1).norm(dim=1) - 1) ** 2


def wrong_axis(sight: Sight) -> Tensor:
    """The norm along the batch, the mean over coordinates."""
    return 10 * (sight.fake_slopes().norm(dim=1) - 1).square().mean(dim=1)


def bare_root(sight: Sight) -> Tensor:
    """A square root whose derivative at zero is infinite."""
    return 10 * (sight.fake_slopes().square().sum(dim=2).sqrt() - 1).square().mean(dim=1)


RIGHT_PENALTY = CONSTRAINTS["gradient-penalty"](weight=10.0, at="fake")


def penalty_is_right(constraint: Constraint) -> None:
    check_on_linear(constraint, lambda w: 10 * (w - 1) ** 2)


def own_step(world: World, state: State, draw: Draw) -> State:
    """The loss takes one optimiser step, the penalty another."""
    free = one_step(with_game(world, constraint=Constraint()), state, draw)
    still = Objective(lambda r, g, extra: Losses(0 * mean(r["score"]), 0 * mean(g["score"])))
    return one_step(with_game(world, objective=still), free, draw)._replace(report=free.report)


def one_step(world: World, state: State, draw: Draw) -> State:
    return play.move(world.game, state, ["critic"], play.row_of(draw, 0), at=state)


# --- objectives ------------------------------------------------------------------------------------------------------


def of_scores(losses: Callable[[Tensor, Tensor], Losses]) -> Objective:
    return Objective(lambda real, fake, extra: losses(real["score"], fake["score"]))


def flipped_least_squares(r: Tensor, g: Tensor) -> Losses:
    """Real points are to score 0 and fakes 1."""
    return Losses(mean(r**2) / 2 + mean((g - 1) ** 2) / 2, mean(g**2) / 2)


def one_minus_the_score(r: Tensor, g: Tensor) -> Losses:
    """log sigmoid(1 - g) for log(1 - sigmoid(g)) = log sigmoid(-g)."""
    return Losses(-mean(logsigmoid(r)) - mean(logsigmoid(1 - g)), -mean(logsigmoid(g)))


def half_smoothed(r: Tensor, g: Tensor) -> Losses:
    """A label of 0.9 put in front of the loss, where 0.1 of the other label belongs beside it."""
    return Losses(0.9 * mean((r - 1) ** 2) / 2 + mean(g**2) / 2, mean((g - 1) ** 2) / 2)


def low_is_real(r: Tensor, g: Tensor) -> Losses:
    """The Wasserstein critic upside down: it trains as well, and its picture is a negative."""
    return Losses(mean(r) - mean(g), mean(g))


def rises_to_the_real(one: Objective) -> None:
    check_orientation(one, 0.1 + 0.8 * fractions(2, 3, 1), 0.1 + 0.8 * fractions(2, 3, 1, seed=1))


def smooth_labels_are_whole(one: Objective) -> None:
    """With a share s of the real points labelled 1 and the rest 0, the best score is s p / (p + q), for s = 0.9."""
    check_optimum(one, lambda p, q: 0.9 * p / (p + q))


# --- targets and measures --------------------------------------------------------------------------------------------


def closed_ring(modes: int = 8) -> Target:
    """linspace with its end point lays the last mode on the first: 7 of 8."""
    angles = np.linspace(0, 2 * np.pi, modes)
    return gaussians(2 * np.stack([np.cos(angles), np.sin(angles)], axis=1), isotropic([0.02] * modes), np.ones(modes))


def variance_for_std(modes: int = 8) -> Target:
    """std 0.02 meant, variance 0.02 used: a ring seven times as thick."""
    right = ring(modes=modes, std=0.02)
    return Target(ring(modes=modes, std=0.02**0.5).sample, right.modes)


def modes_are_right(target: Target) -> None:
    assert target.modes is not None
    check_modes(target.sample(np.random.default_rng(0), 20_000), target.modes)


def any_hit(cloud: np.ndarray, modes: Modes) -> int:
    """Every mode that has a point nearby, so that two modes in one place are both found."""
    distances = np.linalg.norm(cloud[:, None] - modes.centres, axis=2)
    return int((distances < 0.06).any(axis=0).sum())


def counts_places(count: Callable[[np.ndarray, Modes], int]) -> None:
    """Eight names for seven places are seven modes."""
    target = closed_ring()
    assert target.modes is not None
    assert count(target.sample(np.random.default_rng(0), 2000), target.modes) == 7


TABLE = np.arange(60.0).reshape(30, 2)


def all_points_count(sample: Callable[[np.ndarray, int], np.ndarray]) -> None:
    check_every_point_is_drawn(sample(TABLE, 2000), TABLE)


def lost_two_thirds(table: np.ndarray, n: int) -> np.ndarray:
    """A slice that was meant for columns."""
    return table[: len(table) // 3][np.random.default_rng(0).integers(len(table) // 3, size=n)]


def from_file(folder) -> Callable[[np.ndarray, int], np.ndarray]:
    def sample(table: np.ndarray, n: int) -> np.ndarray:
        np.save(folder / "table.npy", table)
        return points(path=folder / "table.npy").sample(np.random.default_rng(0), n)

    return sample


# --- bodies ----------------------------------------------------------------------------------------------------------

CRITIC = mlp_critic(2, 1, width=6, depth=2)
LAYERS = CRITIC.layers(random_parameters(CRITIC))


def plain_forward(x: Tensor) -> Tensor:
    return CRITIC.forward(LAYERS, x)


def normalised_across_batch(x: Tensor) -> Tensor:
    """A layer norm that takes its mean along the batch."""
    scores = CRITIC.forward(LAYERS, x)
    return scores - scores.mean(dim=1, keepdim=True)


def judged_alone(forward: Callable[[Tensor], Tensor]) -> None:
    check_judged_alone(forward, numbers(3, 5, 2))


def frozen(rng: np.random.Generator, n: int) -> np.ndarray:
    return GENERATORS["data-plus-noise"](std=0.5).latents(rng, n, RING)


def grid_plus_noise(rng: np.random.Generator, n: int) -> np.ndarray:
    """The points of the drawing's grid, where the data belong."""
    grid = np.stack(np.meshgrid(*[np.linspace(-2.5, 2.5, 100)] * 2), axis=-1).reshape(-1, 2)
    return grid[rng.integers(len(grid), size=n)] + 0.5 * rng.standard_normal((n, 2))


def is_data_plus_noise(latents: Callable[[np.random.Generator, int], np.ndarray]) -> None:
    check_data_plus_noise(latents(np.random.default_rng(0), 20_000), 0.5)


ERRORS = {
    "norm over the whole batch": Error(penalty_is_right, RIGHT_PENALTY, Constraint(whole_batch)),
    "penalty over the wrong axis": Error(penalty_is_right, RIGHT_PENALTY, Constraint(wrong_axis)),
    "square root at zero": Error(check_flat_critic, RIGHT_PENALTY, Constraint(bare_root)),
    "penalty in a step of its own": Error(check_one_step_on_the_sum, one_step, own_step),
    "flipped least squares": Error(rises_to_the_real, objective("least-squares"), of_scores(flipped_least_squares)),
    "one minus the score": Error(
        lambda one: check_at_zero(one, 2 * np.log(2), np.log(2)),
        objective("non-saturating"),
        of_scores(one_minus_the_score),
    ),
    "half a label smoothing": Error(
        smooth_labels_are_whole, objective("least-squares", real=0.9), of_scores(half_smoothed)
    ),
    "opposite orientation": Error(rises_to_the_real, objective("wasserstein"), of_scores(low_is_real)),
    "seven modes of eight": Error(modes_are_right, ring(modes=8), closed_ring()),
    "variance for standard deviation": Error(modes_are_right, ring(modes=8), variance_for_std()),
    "eight modes in seven places": Error(counts_places, modes_kept, any_hit),
    "normalised across the batch": Error(judged_alone, plain_forward, normalised_across_batch),
    "grid plus noise": Error(is_data_plus_noise, frozen, grid_plus_noise),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_silent_errors_are_told_apart(error):
    error.check(error.right)
    with pytest.raises(AssertionError):
        error.check(error.planted)


def test_lost_points_are_told_apart(tmp_path):
    all_points_count(from_file(tmp_path))
    with pytest.raises(AssertionError):
        all_points_count(lost_two_thirds)


def test_planted_root_is_right_elsewhere():
    """The planted penalties are no straw men: where nothing is zero, a bare root is the same number."""
    penalty_is_right(Constraint(bare_root))
