"""Every objective against its formula: values, signs, optimum, derivatives."""

from collections.abc import Callable
from math import log
from typing import NamedTuple

import pytest
import torch
from conftest import differences, facts_of, fractions, gradient, numbers
from torch import Tensor

from toygan.objectives import OBJECTIVES, Losses, Objective, objective

ZERO_SUM = torch.zeros(2, 3, 1, dtype=torch.float64)


class Facts(NamedTuple):
    """What is known of an objective without training."""

    critic: float  # at all-zero scores
    generator: float
    optimum: Callable[[Tensor, Tensor], Tensor] | None  # the best score where the densities are p and q, if it has one
    pull: Callable[[Tensor], Tensor] | None  # minus the generator loss's slope by a fake score; real ones are 0


FACTS = {
    "minimax": Facts(2 * log(2), -log(2), lambda p, q: (p / q).log(), torch.sigmoid),
    "non-saturating": Facts(2 * log(2), log(2), lambda p, q: (p / q).log(), lambda g: torch.sigmoid(-g)),
    "least-squares": Facts(0.5, 0.5, lambda p, q: p / (p + q), lambda g: 1 - g),
    "wasserstein": Facts(0.0, 0.0, None, torch.ones_like),  # without a constraint there is no best score
    "hinge": Facts(2.0, 0.0, lambda p, q: (p - q).sign(), torch.ones_like),
    "relativistic": Facts(log(2), log(2), None, lambda g: torch.sigmoid(-g)),
}
PULLS_NOT_TO_REAL = {"boundary-seeking"}  # its generator seeks the boundary, not higher scores
names = pytest.mark.parametrize("name", OBJECTIVES)


def facts(name: str) -> Facts:
    return facts_of(FACTS, name, "FACTS in tests/test_objectives.py")


def scores(name: str, seed: int, seeds: int = 2, batch: int = 3) -> Tensor:
    """Outputs between those wanted of fakes and of real points, where every objective is sloped."""
    return 0.1 + 0.8 * fractions(seeds, batch, objective(name).outputs, seed=seed)


# --- checks, also held against the silent errors ---------------------------------------------------------------------


def check_at_zero(one: Objective, critic: float, generator: float) -> None:
    zero = torch.zeros(2, 3, one.outputs, dtype=torch.float64)
    losses = one.losses(zero, zero)
    torch.testing.assert_close(losses.critic, torch.full_like(losses.critic, critic), rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(losses.generator, torch.full_like(losses.generator, generator), rtol=1e-14, atol=1e-14)


def check_orientation(one: Objective, r: Tensor, g: Tensor, generator_too: bool = True) -> None:
    """Higher score = more real: the critic wants real scores up and fake ones down, the generator fake ones up."""
    assert (gradient(lambda x: one.losses(x, g).critic, r) < 0).all()
    assert (gradient(lambda x: one.losses(r, x).critic, g) > 0).all()
    if generator_too:
        assert (gradient(lambda x: one.losses(r, x).generator, g) < 0).all()


def check_optimum(one: Objective, optimum: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A critic that is a free table of values ends at the formula: p and q are counts of points in four cells."""
    p, q = torch.tensor([1, 2, 3, 6]), torch.tensor([6, 1, 2, 3])
    cells = torch.arange(4)
    real, fake = cells.repeat_interleave(p), cells.repeat_interleave(q)
    table, step = torch.zeros(1, 4, 1, dtype=torch.float64), 0.3
    while step > 1e-10:  # signs alone are enough downhill, and do not mind a kink
        table = table - step * gradient(lambda t: one.losses(t[:, real], t[:, fake]).critic, table).sign()
        step *= 0.95
    torch.testing.assert_close(one.score(table)[0], optimum(p.double(), q.double()), rtol=0, atol=1e-8)


# --- tests -----------------------------------------------------------------------------------------------------------


@names
def test_values_at_zero_scores(name):
    check_at_zero(objective(name), facts(name).critic, facts(name).generator)


@names
def test_higher_means_more_real(name):
    if objective(name).outputs > 1:
        pytest.skip("its outputs are features, not scores")
    check_orientation(objective(name), scores(name, 1), scores(name, 2), name not in PULLS_NOT_TO_REAL)


@names
def test_best_score_is_the_formula(name):
    if facts(name).optimum is None:
        pytest.skip("no closed form")
    check_optimum(objective(name), facts(name).optimum)


@names
def test_generator_is_pulled_as_the_formula_says(name):
    pull, r, g = facts(name).pull, ZERO_SUM, 2 * numbers(2, 3, 1)
    if pull is None:
        pytest.skip("its outputs are features, not scores")
    found = gradient(lambda x: objective(name).losses(r, x).generator, g)
    torch.testing.assert_close(found, -pull(g) / 3, rtol=1e-13, atol=1e-15)


@names
@pytest.mark.parametrize("player", Losses._fields)
def test_gradients_agree_with_differences(name, player):
    one, r, g = objective(name), scores(name, 3), numbers(2, 3, objective(name).outputs, seed=4)

    def by_real(x: Tensor) -> Tensor:
        return getattr(one.losses(x, g), player)

    def by_fake(x: Tensor) -> Tensor:
        return getattr(one.losses(r, x), player)

    for f, x in ((by_real, r), (by_fake, g)):
        torch.testing.assert_close(gradient(f, x), differences(f, x), rtol=1e-7, atol=1e-8)


@names
def test_losses_do_not_mix_seeds(name):
    one, r, g = objective(name), scores(name, 5, seeds=3), scores(name, 6, seeds=3)
    together = one.losses(r, g)
    for s in range(3):
        alone = one.losses(r[s : s + 1], g[s : s + 1])
        for player in Losses._fields:
            torch.testing.assert_close(getattr(together, player)[s : s + 1], getattr(alone, player), rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name.startswith("relativistic")])
def test_relativistic_losses_see_differences_only(name):
    one, r, g = objective(name), scores(name, 7), scores(name, 8)
    for before, after in zip(one.losses(r, g), one.losses(r + 5, g + 5), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-13, atol=0)


@names
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_scores_stay_finite(name, size):
    one, huge = objective(name), torch.full((1, 2, objective(name).outputs), size, dtype=torch.float64)
    for f in (lambda x: one.losses(x, -x).critic, lambda x: one.losses(x, -x).generator):
        assert torch.isfinite(gradient(f, huge)).all()


def test_least_squares_targets():
    one = objective("least-squares", fake=-1.0, real=2.0, wanted=3.0)
    check_at_zero(one, (4 + 1) / 2, 9 / 2)
    check_optimum(one, lambda p, q: (2 * p - q) / (p + q))
