"""Every objective against its formula: values, signs, optimum, derivatives."""

from collections.abc import Callable
from itertools import combinations, product
from math import exp, log
from typing import NamedTuple

import numpy as np
import pytest
import torch
from conftest import (
    by_head,
    columns,
    differences,
    extra_of,
    facts_of,
    fractions,
    gradient,
    numbers,
    pull_of,
    said,
    score_of,
)
from torch import Tensor

from toygan.game.laws import uniform
from toygan.game.objectives import (
    OBJECTIVES,
    Extra,
    Heads,
    Losses,
    Objective,
    alignment,
    mean,
    objective,
    with_information,
    with_noisy_labels,
)
from toygan.quantities.transport import solved

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
    "relativistic-average": Facts(
        2 * log(2), 2 * log(2), None, lambda g: torch.sigmoid(-g) + torch.sigmoid(-g.mean(dim=1, keepdim=True))
    ),
    "f-kl": Facts(exp(-1), -exp(-1), lambda p, q: 1 + (p / q).log(), lambda g: (g - 1).exp()),
    "f-reverse-kl": Facts(0.0, 1.0, lambda p, q: (p / q).log(), torch.ones_like),
    "f-pearson": Facts(0.0, 0.0, lambda p, q: 2 * (p / q - 1), lambda g: g / 2 + 1),
    "f-hellinger": Facts(0.0, 0.0, lambda p, q: (p / q).log() / 2, torch.exp),
    "f-js": Facts(0.0, 0.0, lambda p, q: (p / q).log(), torch.sigmoid),
    "f-total-variation": Facts(0.0, 0.0, None, lambda g: (1 - g.tanh() ** 2) / 2),  # best at infinite scores
    "boundary-seeking": Facts(2 * log(2), 0.0, lambda p, q: (p / q).log(), lambda g: -g),
    "soft-labels": Facts(2 * log(2), log(2), None, lambda g: torch.sigmoid(-g)),
    "energy": Facts(1.0, 0.0, None, torch.ones_like),  # a free table is no energy: nothing keeps it above zero
    "began": Facts(0.0, 0.0, None, torch.ones_like),
    "density-ratio": Facts(0.0, 0.0, lambda p, q: p / q, torch.ones_like),
    "positive-ratio": Facts(log(2) - log(log(2)), -log(2), lambda p, q: ((p / q).exp() - 1).log(), torch.sigmoid),
    "margin": Facts(1.0, 0.0, None, torch.ones_like),
    "loss-sensitive": Facts(2.0 + log(2), 0.0, None, torch.ones_like),  # the points of `extra_of` lie two apart
    "c-transform": Facts(-2.0, 0.0, None, torch.ones_like),  # the points of `extra_of` lie two apart
    "categorical": Facts(-log(8), 0.0, None, None),
    "mmd": Facts(0.0, 0.0, None, None),
    "cramer": Facts(0.0, 0.0, None, None),
}
EXPONENTIAL = {"f-kl", "f-reverse-kl", "f-hellinger"}  # their losses are infinite where scores are large, by definition
PULLS_NOT_TO_REAL = {"boundary-seeking"}  # its generator seeks the boundary, not higher scores
ONE_SIDED = {"c-transform"}  # the other side's scores are not looked at: what they would say follows from this side's
names = pytest.mark.parametrize("name", OBJECTIVES)


def facts(name: str) -> Facts:
    return facts_of(FACTS, name, "FACTS in tests/test_objectives.py")


def scores(name: str, seed: int, seeds: int = 2, batch: int = 3) -> Tensor:
    """Outputs between those wanted of fakes and of real points, where every objective is sloped."""
    return 0.1 + 0.7 * fractions(seeds, batch, columns(objective(name)), seed=seed)


# --- checks, also held against the silent errors ---------------------------------------------------------------------


def check_at_zero(one: Objective, critic: float, generator: float) -> None:
    zero = torch.zeros(2, 3, columns(one), dtype=torch.float64)
    losses = said(one, zero, zero)
    torch.testing.assert_close(losses.critic, torch.full_like(losses.critic, critic), rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(losses.generator, torch.full_like(losses.generator, generator), rtol=1e-14, atol=1e-14)


def check_orientation(one: Objective, r: Tensor, g: Tensor, generator_too: bool = True) -> None:
    """Higher score = more real: the critic wants real scores up and fake ones down, the generator fake ones up."""
    assert (gradient(lambda x: said(one, x, g).critic, r) < 0).all()
    assert (gradient(lambda x: said(one, r, x).critic, g) > 0).all()
    if generator_too:
        assert (gradient(lambda x: said(one, r, x).generator, g) < 0).all()


def check_optimum(one: Objective, optimum: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A critic that is a free table of values ends at the formula: p and q are counts of points in four cells."""
    p, q = torch.tensor([1, 2, 3, 6]), torch.tensor([6, 1, 2, 3])
    cells = torch.arange(4)
    real, fake = cells.repeat_interleave(p), cells.repeat_interleave(q)
    table, step = torch.zeros(1, 4, 1, dtype=torch.float64), 1.0
    while step > 1e-10:  # signs alone are enough downhill, and do not mind a kink
        table = table - step * gradient(lambda t: said(one, t[:, real], t[:, fake]).critic, table).sign()
        step *= 0.75
    torch.testing.assert_close(
        score_of(one, table, table, table)[0], optimum(p.double(), q.double()), rtol=0, atol=1e-8
    )


# --- tests -----------------------------------------------------------------------------------------------------------


@names
def test_values_at_zero_scores(name):
    check_at_zero(objective(name), facts(name).critic, facts(name).generator)


@names
def test_higher_means_more_real(name):
    if columns(objective(name)) > 1:
        pytest.skip("its outputs are features, not scores")
    if name in ONE_SIDED:
        pytest.skip("its critic looks at one side's scores; test_c_transform_... hold it to its formula")
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
    found = gradient(lambda x: said(objective(name), r, x).generator, g)
    torch.testing.assert_close(found, -pull(g) / 3, rtol=1e-13, atol=1e-15)


@names
@pytest.mark.parametrize("player", Losses._fields)
def test_gradients_agree_with_differences(name, player):
    one, r, g = objective(name), scores(name, 3), numbers(2, 3, columns(objective(name)), seed=4)

    def by_real(x: Tensor) -> Tensor:
        return getattr(said(one, x, g), player)

    def by_fake(x: Tensor) -> Tensor:
        return getattr(said(one, r, x), player)

    for f, x in ((by_real, r), (by_fake, g)):
        torch.testing.assert_close(gradient(f, x), differences(f, x), rtol=1e-7, atol=1e-8)


@names
def test_losses_do_not_mix_seeds(name):
    one, r, g = objective(name), scores(name, 5, seeds=3), scores(name, 6, seeds=3)
    together = said(one, r, g)
    for s in range(3):
        alone = said(one, r[s : s + 1], g[s : s + 1], labels=extra_of(g).draw["labels"][s : s + 1])
        for player in Losses._fields:
            torch.testing.assert_close(getattr(together, player)[s : s + 1], getattr(alone, player), rtol=1e-13, atol=0)


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name.startswith("relativistic")])
def test_relativistic_losses_see_differences_only(name):
    one, r, g = objective(name), scores(name, 7), scores(name, 8)
    for before, after in zip(said(one, r, g), said(one, r + 5, g + 5), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-13, atol=0)


@names
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_scores_stay_finite(name, size):
    size = size / 100 if name in EXPONENTIAL else size
    one, huge = objective(name), torch.full((1, 2, columns(objective(name))), size, dtype=torch.float64)
    for f in (lambda x: said(one, x, -x).critic, lambda x: said(one, x, -x).generator):
        assert torch.isfinite(gradient(f, huge)).all()


# --- the c-transform -------------------------------------------------------------------------------------------------


def seen_w1(learned: str, score: Callable[[np.ndarray], np.ndarray], real: np.ndarray, fake: np.ndarray) -> float:
    """What a critic of scores at points [n, 2] takes W1 for: minus its loss."""
    x, y = (torch.from_numpy(one)[None] for one in (real, fake))
    r, g = (torch.from_numpy(score(one))[None, :, None] for one in (real, fake))
    extra = Extra(torch.zeros(1), {}, x, y)
    return -objective("c-transform", learned=learned).losses({"score": r}, {"score": g}, extra).critic.item()


def test_c_transform_is_the_sum_written_out():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(7, 2)), 1 + rng.normal(size=(7, 2))

    def f(x: np.ndarray) -> np.ndarray:
        return np.sin(3 * x[:, 0]) + x[:, 1] ** 2

    on_real = f(real).mean() + np.mean([min(np.hypot(*(x - y)) - f(x[None])[0] for x in real) for y in fake])
    on_fake = -f(fake).mean() + np.mean([min(np.hypot(*(x - y)) + f(y[None])[0] for y in fake) for x in real])
    assert seen_w1("real", f, real, fake) == pytest.approx(on_real, abs=1e-12)
    assert seen_w1("fake", f, real, fake) == pytest.approx(on_fake, abs=1e-12)


@pytest.mark.parametrize("learned", ["real", "fake"])
def test_c_transform_is_at_most_w1_and_reaches_it_at_the_potential(learned):
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(40, 2)), (1.0, 0.5) + 0.5 * rng.normal(size=(40, 2))
    plan = solved(fake, real)

    def best(x: np.ndarray) -> np.ndarray:
        known = {tuple(p): v for p, v in zip(np.concatenate((real, fake)), np.concatenate((plan.real_dual, -plan.fake_dual)),
                                              strict=True)}  # fmt: skip
        return np.array([known[tuple(p)] for p in x])

    assert seen_w1(learned, best, real, fake) == pytest.approx(plan.distance, abs=1e-9)
    for k in range(20):
        way, bend, tall = rng.normal(size=2), rng.normal(size=2), 5 * rng.random()
        told = seen_w1(learned, lambda x, w=way, b=bend, t=tall: t * np.tanh(x @ w) + x**2 @ b, real, fake)
        assert told <= plan.distance + 1e-9, k


@pytest.mark.parametrize("learned", ["real", "fake"])
def test_c_transform_ignores_a_constant_and_the_other_sides_scores(learned):
    one, r, g = objective("c-transform", learned=learned), scores("c-transform", 1), scores("c-transform", 2)
    torch.testing.assert_close(said(one, r + 7, g + 7).critic, said(one, r, g).critic, rtol=0, atol=1e-12)
    other = (r, g + numbers(2, 3, 1)) if learned == "real" else (r + numbers(2, 3, 1), g)
    assert torch.equal(said(one, *other).critic, said(one, r, g).critic)


def test_least_squares_targets():
    one = objective("least-squares", fake=-1.0, real=2.0, wanted=3.0)
    check_at_zero(one, (4 + 1) / 2, 9 / 2)
    check_optimum(one, lambda p, q: (2 * p - q) / (p + q))


@names
def test_generator_needs_real_points_where_its_loss_depends_on_them(name):
    one, r, g = objective(name), scores(name, 9), scores(name, 10)
    assert one.generator_needs_real == bool((gradient(lambda x: said(one, x, g).generator, r) != 0).any())


@names
def test_score_and_pull_agree_with_differences(name):
    one, points, r, g = objective(name), scores(name, 11, batch=4), scores(name, 12), scores(name, 13)
    wanted = differences(lambda x: score_of(one, x, r, g), points)
    torch.testing.assert_close(pull_of(one, points, r, g), wanted, rtol=1e-6, atol=1e-8)
    # At the real points themselves, only their part as points counts.
    torch.testing.assert_close(
        pull_of(one, r.requires_grad_(), r, g), pull_of(one, r.clone(), r, g), rtol=1e-13, atol=0
    )


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if columns(objective(name)) == 1])
def test_a_code_besides_the_score_changes_no_loss(name):
    r, g = scores(name, 14), scores(name, 15)
    with_code = (torch.cat((x, numbers(2, 3, 4)), dim=2) for x in (r, g))
    assert all(map(torch.equal, said(objective(name), r, g), said(objective(name), *with_code)))


# --- f-divergences ---------------------------------------------------------------------------------------------------

DIVERGENCES: dict[str, Callable[[Tensor], Tensor]] = {  # f(u), with u = p/q
    "f-kl": lambda u: u * u.log(),
    "f-reverse-kl": lambda u: -u.log(),
    "f-pearson": lambda u: (u - 1) ** 2,
    "f-hellinger": lambda u: (u.sqrt() - 1) ** 2,
    "f-js": lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
    "f-total-variation": lambda u: (u - 1).abs() / 2,
}
TRICKS: dict[str, Callable[[Tensor], Tensor]] = {  # T'(v)
    "f-kl": torch.ones_like,
    "f-reverse-kl": lambda v: (-v).exp(),
    "f-pearson": torch.ones_like,
    "f-hellinger": lambda v: (-v).exp(),
    "f-js": lambda v: torch.sigmoid(-v),
    "f-total-variation": lambda v: (1 - v.tanh() ** 2) / 2,
}
divergences = pytest.mark.parametrize("name", [name for name in OBJECTIVES if name.startswith("f-")])


@divergences
def test_the_best_critics_loss_is_minus_the_divergence(name):
    """Over four cells: D_f(p | q) = sum q f(p/q) = max E_p T - E_q f*(T) (Nguyen et al., 2008)."""
    p, q = torch.tensor([1, 2, 3, 6]), torch.tensor([6, 1, 2, 3])
    best = facts(name).optimum or (lambda p, q: 20 * (p - q).sign())
    table = best(p.double(), q.double()).view(1, 4, 1)
    lowest = said_of_cells(objective(name), table, p, q).critic
    wanted = -(q / 12 * facts_of(DIVERGENCES, name, "DIVERGENCES in tests/test_objectives.py")(p / q)).sum()
    torch.testing.assert_close(lowest[0], wanted.double(), rtol=1e-6, atol=1e-7)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {  # T(v), as in the paper's table (Nowozin et al., 2016)
    "f-kl": lambda v: v,
    "f-reverse-kl": lambda v: -(-v).exp(),
    "f-pearson": lambda v: v,
    "f-hellinger": lambda v: 1 - (-v).exp(),
    "f-js": lambda v: log(2) - (1 + (-v).exp()).log(),
    "f-total-variation": lambda v: v.tanh() / 2,
}


@divergences
def test_activations_and_conjugates_are_the_papers(name):
    """T(v) is the table's, and f*(T) the largest u T - f(u) over u > 0."""
    t = facts_of(ACTIVATIONS, name, "ACTIVATIONS in tests/test_objectives.py")
    v = torch.linspace(-1.5, 2.0, 8, dtype=torch.float64).view(8, 1, 1)
    none = torch.zeros_like(v)
    by_real = said(objective(name), v, none).critic - said(objective(name), none, none).critic
    torch.testing.assert_close(by_real, (t(none) - t(v)).flatten(), rtol=1e-12, atol=1e-12)
    u = torch.logspace(-6, 6, 200_001, dtype=torch.float64)
    conjugate = (u * t(v).flatten(1) - DIVERGENCES[name](u)).amax(dim=1)
    torch.testing.assert_close(-said(objective(name), none, v).generator, conjugate, rtol=1e-5, atol=2e-6)


def said_of_cells(one: Objective, table: Tensor, p: Tensor, q: Tensor) -> Losses:
    """The losses where p real and q generated points lie in each cell; both clouds have 12."""
    cells = torch.arange(len(p))
    return said(one, table[:, cells.repeat_interleave(p)], table[:, cells.repeat_interleave(q)])


@divergences
def test_the_trick_pulls_by_the_activation(name):
    g = numbers(2, 3, 1)
    found = gradient(lambda x: said(objective(name, trick=True), ZERO_SUM, x).generator, g)
    wanted = facts_of(TRICKS, name, "TRICKS in tests/test_objectives.py")(g)
    torch.testing.assert_close(found, -wanted / 3, rtol=1e-13, atol=1e-15)


def test_f_js_is_minimax_up_to_a_constant():
    r, g = 3 * numbers(2, 5, 1), 3 * numbers(2, 5, 1, seed=1)
    one, other = said(objective("f-js"), r, g), said(objective("minimax"), r, g)
    torch.testing.assert_close(one.critic, other.critic - 2 * log(2), rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(one.generator, other.generator + log(2), rtol=1e-13, atol=1e-14)


# --- labels ----------------------------------------------------------------------------------------------------------


def test_hard_soft_labels_are_non_saturating():
    r, g = numbers(2, 5, 1), numbers(2, 5, 1, seed=1)
    hard = objective("soft-labels", real=(1.0, 1.0), fake=(0.0, 0.0))
    assert all(map(torch.equal, said(hard, r, g), said(objective("non-saturating"), r, g)))


def test_soft_labels_are_the_formula():
    """Cross-entropy H(label, sigmoid(score)), labels uniform between the ends, drawn for each point."""
    r, g, chance = numbers(2, 5, 1), numbers(2, 5, 1, seed=1), fractions(2, 5, 2, seed=2)
    y, z = 0.6 + 0.5 * chance[..., :1], 0.1 + 0.2 * chance[..., 1:]
    wanted = sum(
        -mean(label * torch.sigmoid(v).log() + (1 - label) * torch.sigmoid(-v).log()) for label, v in ((y, r), (z, g))
    )
    found = said(objective("soft-labels", real=(0.6, 1.1), fake=(0.1, 0.3)), r, g, labels=chance).critic
    torch.testing.assert_close(found, wanted, rtol=1e-13, atol=1e-14)
    check_optimum(
        objective("soft-labels", real=(0.9, 0.9), fake=(0.2, 0.2)),
        lambda p, q: torch.logit((0.9 * p + 0.2 * q) / (p + q)),
    )


def test_soft_labels_fit_packs():
    packs, chance = numbers(2, 3, 1), fractions(2, 6, 2)
    both = (said(objective("soft-labels"), packs, packs, labels=c) for c in (chance, chance[:, :3]))
    assert all(map(torch.equal, *both))


@pytest.mark.parametrize("name", ["non-saturating", "least-squares", "mmd"])
def test_noisy_labels_swap_their_share(name):
    one, r, g = objective(name), scores(name, 16), scores(name, 17)
    none, all_of_them = (said(with_noisy_labels(one, share), r, g) for share in (0.0, 1.0))
    right, swapped = said(one, r, g), said(one, g, r)
    assert all(map(torch.equal, none, right))
    assert torch.equal(all_of_them.critic, swapped.critic)
    assert torch.equal(all_of_them.generator, right.generator)  # only the critic is told wrong


def test_noisy_labels_swap_pairs_by_a_chance_of_their_own():
    seen: list[tuple[Heads, Extra]] = []

    def noting(real: Heads, fake: Heads, extra: Extra) -> Losses:
        seen.append((real, extra))
        return Losses(mean(real["score"]), mean(fake["score"]))

    one, chance = with_noisy_labels(Objective(noting, draws={"labels": uniform(2)}), 0.3), fractions(1, 50_000, 2)
    ones = torch.ones(1, 50_000, 1, dtype=torch.float64)
    said(one, ones, -ones, swap=chance[..., :1], labels=chance)
    told, extra = seen[0]
    assert torch.equal(told["score"] < 0, chance[..., :1] < 0.3)
    assert torch.equal(extra.draw["labels"], chance)
    assert set(one.draws) == {"labels", "swap"}


# --- energies --------------------------------------------------------------------------------------------------------


def test_energy_is_the_formula_and_flat_beyond_its_margin():
    one = objective("energy", margin=2.0)
    r, g = -torch.tensor([[[0.5], [1.5]]]).double(), -torch.tensor([[[0.5], [2.5]]]).double()  # minus energies
    losses = said(one, r, g)
    assert losses.critic.item() == pytest.approx(1.0 + (1.5 + 0.0) / 2)
    assert losses.generator.item() == pytest.approx(1.5)
    assert gradient(lambda x: said(one, r, x).critic, g).flatten().tolist() == [0.5, 0.0]
    check_at_zero(one, 2.0, 0.0)


def test_energy_rehearses_on_real_points_alone():
    one, r, g = objective("energy", pulling_away=0.5), numbers(2, 4, 3), numbers(2, 4, 3, seed=1)
    assert one.rehearse is not None
    rehearsed = one.rehearse(by_head(one, r), by_head(one, g), extra_of(g))
    assert torch.equal(rehearsed.critic, -r[..., 0].mean(dim=1))
    assert torch.equal(rehearsed.generator, said(one, r, g).generator)


def test_alignment_is_the_mean_squared_cosine_over_pairs():
    codes = numbers(2, 5, 3)
    for s in range(2):
        cosines = [
            float(codes[s, i] @ codes[s, j] / (codes[s, i].norm() * codes[s, j].norm())) ** 2
            for i, j in combinations(range(5), 2)
        ]
        assert alignment(codes)[s].item() == pytest.approx(np.mean(cosines), rel=1e-9)
    assert alignment(torch.eye(4, dtype=torch.float64)[None]).item() == pytest.approx(0, abs=1e-15)
    assert alignment(codes[:, :1].expand(-1, 4, -1)).tolist() == pytest.approx([1, 1])
    g = torch.cat((numbers(2, 5, 1), codes), dim=2)
    more, none = (said(objective("energy", pulling_away=weight), g, g).generator for weight in (0.7, 0.0))
    torch.testing.assert_close(more - none, 0.7 * alignment(codes), rtol=1e-12, atol=1e-14)
    assert torch.isfinite(gradient(lambda x: alignment(x), torch.zeros(1, 3, 2, dtype=torch.float64))).all()


def test_began_balances_by_its_formula():
    one, k = objective("began", gamma=0.7, pace=0.1), torch.tensor([0.3, 0.6]).double()
    r, g = -torch.tensor([2.0, 4.0]).double().view(2, 1, 1), -torch.tensor([1.0, 5.0]).double().view(2, 1, 1)
    losses = said(one, r, g, memory=k)
    torch.testing.assert_close(losses.critic, torch.tensor([2 - 0.3 * 1, 4 - 0.6 * 5]).double())
    assert losses.generator.tolist() == [1, 5]
    wanted = torch.tensor([0.3 + 0.1 * (0.7 * 2 - 1), 0.6 + 0.1 * (0.7 * 4 - 5)]).double()
    torch.testing.assert_close(one.remember(k, by_head(one, r), by_head(one, g)), wanted)
    assert one.remember(k, by_head(one, 100 * r), by_head(one, 0 * g)).tolist() == [1, 1]
    assert one.remember(k, by_head(one, 0 * r), by_head(one, 100 * g)).tolist() == [0, 0]


@names
def test_only_a_memory_is_remembered(name):
    memory, r = torch.tensor([0.2, 0.4]).double(), scores(name, 18)
    assert torch.equal(objective(name).remember(memory, *[by_head(objective(name), r)] * 2), memory) == (
        name != "began"
    )


# --- distances between clouds of features ----------------------------------------------------------------------------

BANDWIDTHS = (0.5, 2.0)


def gaussian(a: Tensor, b: Tensor) -> float:
    return float(np.mean([exp(-float((a - b) @ (a - b)) / (2 * h**2)) for h in BANDWIDTHS]))


def rational_quadratic(a: Tensor, b: Tensor) -> float:
    return float(np.mean([(1 + float((a - b) @ (a - b)) / (2 * h)) ** -h for h in BANDWIDTHS]))


# The likeness of two feature vectors; for the energy distance it is minus their distance.
LIKENESS: dict[str, tuple[Objective, Callable[[Tensor, Tensor], float]]] = {
    "gaussian": (objective("mmd", kernel="gaussian", bandwidths=BANDWIDTHS, features=3), gaussian),
    "rational-quadratic": (
        objective("mmd", kernel="rational-quadratic", bandwidths=BANDWIDTHS, features=3),
        rational_quadratic,
    ),
    "cramer": (objective("cramer", features=3), lambda a, b: -float((a - b).norm())),
}
distances = pytest.mark.parametrize(("one", "alike"), LIKENESS.values(), ids=LIKENESS)


@distances
def test_distances_are_their_double_loops(one, alike):
    r, g = numbers(1, 4, 3), numbers(1, 4, 3, seed=1) + 0.5
    pairs = [(i, j) for i, j in product(range(4), repeat=2) if i != j]
    within = sum(np.mean([alike(x[0, i], x[0, j]) for i, j in pairs]) for x in (r, g))
    across = np.mean([alike(r[0, i], g[0, j]) for i, j in product(range(4), repeat=2)])
    losses = said(one, r, g)
    assert losses.generator.item() == pytest.approx(within - 2 * across, rel=1e-12)
    assert losses.critic.item() == -losses.generator.item()


@distances
def test_witness_is_its_formula_and_higher_on_the_real_side(one, alike):
    r, g, points = numbers(1, 4, 3) - 1, numbers(1, 4, 3, seed=1) + 1, numbers(1, 5, 3, seed=2)
    wanted = [np.mean([alike(x, y) for y in r[0]]) - np.mean([alike(x, y) for y in g[0]]) for x in points[0]]
    np.testing.assert_allclose(score_of(one, points, r, g)[0], wanted, rtol=1e-12)
    assert score_of(one, r, r, g).mean() > score_of(one, g, r, g).mean()


@distances
def test_distances_are_unbiased(one, alike):
    """Over 4000 pairs of samples of one law the mean is zero within four of its standard errors."""
    estimates = said(one, numbers(4000, 5, 3), numbers(4000, 5, 3, seed=1)).generator.numpy()
    assert abs(estimates.mean()) < 4 * estimates.std() / 4000**0.5
    assert (estimates < 0).any()


def test_mmd_of_two_normal_laws_is_the_closed_form():
    """N(0, I) and N(m, I) in d dimensions: 2 (1 + 2/h^2)^(-d/2) (1 - exp(-|m|^2 / (2 h^2 + 4)))."""
    one, h, shift = objective("mmd", bandwidths=(1.5,), features=2), 1.5, 1.2
    moved = numbers(8000, 5, 2, seed=1) + torch.tensor([shift, 0.0])
    estimates = said(one, numbers(8000, 5, 2), moved).generator.numpy()
    wanted = 2 / (1 + 2 / h**2) * (1 - exp(-(shift**2) / (2 * h**2 + 4)))
    assert abs(estimates.mean() - wanted) < 4 * estimates.std() / 8000**0.5


def test_energy_distance_of_two_points_is_twice_their_distance():
    r, g = torch.zeros(1, 3, 2).double(), torch.tensor([3.0, 4.0]).double().expand(1, 3, 2)
    assert said(objective("cramer", features=2), r, g).generator.item() == pytest.approx(10)


# --- the second head -------------------------------------------------------------------------------------------------


def test_information_is_the_cross_entropy_of_the_head():
    one, base = with_information(objective("hinge"), 4, 0.7), objective("hinge")
    assert columns(one) == 5
    category = torch.eye(4, dtype=torch.float64)[torch.tensor([[0, 3, 1]])]
    r, g = numbers(1, 3, 5), numbers(1, 3, 5, seed=1)
    wanted = np.mean([-float(g[0, i, 1:].softmax(0)[c].log()) for i, c in enumerate([0, 3, 1])])
    plain, more = said(base, r[..., :1], g[..., :1]), said(one, r, g, category=category)
    for player in Losses._fields:
        assert (getattr(more, player) - getattr(plain, player)).item() == pytest.approx(0.7 * wanted, rel=1e-12)
    zero = torch.zeros(1, 3, 5, dtype=torch.float64)
    check = said(one, zero, zero, category=category)
    assert [value.item() for value in check] == pytest.approx([2 + 0.7 * log(4), 0.7 * log(4)])
    for player in Losses._fields:

        def loss(x: Tensor, player: str = player) -> Tensor:
            return getattr(said(one, r, x, category=category), player)

        torch.testing.assert_close(gradient(loss, g), differences(loss, g), rtol=1e-7, atol=1e-8)
    assert torch.equal(score_of(one, g, r, g), g[..., 0])


def test_information_needs_a_score_of_its_own():
    with pytest.raises(ValueError, match="mutual_information"):
        with_information(objective("mmd"), 4, 1.0)
