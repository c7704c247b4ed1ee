"""The laws of the game, and games small enough to know every move of them by hand."""

from collections.abc import Callable
from itertools import combinations, islice, product
from math import sqrt
from typing import Any

import numpy as np
import pytest
import torch
from conftest import (
    DOUBLE,
    beginning,
    body_of,
    crossed,
    facts_of,
    first_of_each,
    numbers,
    said,
    small_world,
    source_of,
    states_of,
    tensors_of,
    with_game,
    with_parameters,
    with_players,
)
from torch import Tensor

from toygan.files.scenario import read
from toygan.files.world import World
from toygan.game import duel, play
from toygan.game.constraints import CONSTRAINTS, Constraint
from toygan.game.dials import Dial
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES, Losses
from toygan.game.objectives import objective as make_objective
from toygan.game.optimisers import OPTIMISERS, SCHEDULES
from toygan.game.play import Draw, Game, State
from toygan.game.players import CRITICS, GENERATORS
from toygan.game.streams import BLOCK, draws
from toygan.session.looks import has_diverged, like, state_arrays, state_of
from toygan.session.simulation import simulation
from toygan.targets.curves import lines
from toygan.targets.mixtures import dirac

SEEDS = [0, 5, 2]
DESCENT = OPTIMISERS["descent"]((0.0, 0.0))
ONE_SIDED = {
    "c-transform"
}  # learned at real points alone: what it is at others follows from these, and not from the net
objectives = pytest.mark.parametrize("objective", OBJECTIVES)
constraints = pytest.mark.parametrize("constraint", CONSTRAINTS)
pairs = pytest.mark.parametrize(("objective", "constraint"), crossed(OBJECTIVES, CONSTRAINTS, 4))
other_pairs = pytest.mark.parametrize(("constraint", "objective"), crossed([*CONSTRAINTS][::-1], OBJECTIVES, 8))


def check_together_is_alone(world: World, steps: int, like: Tensor, **tolerance: float) -> None:
    """Each seed's whole state after some steps is what it is without the others."""
    together = tensors_of(states_of(world, SEEDS, steps, like)[-1])
    for s, seed in enumerate(SEEDS):
        alone = tensors_of(states_of(world, [seed], steps, like)[-1])
        for name, values in alone.items():
            torch.testing.assert_close(together[name][s : s + 1], values, **tolerance)


# --- laws ------------------------------------------------------------------------------------------------------------


@pairs
def test_together_is_alone(objective, constraint):
    # Plain descent, because Adam blows the rounding of a gradient that should be zero up by 1 / epsilon.
    check_together_is_alone(small_world(objective, constraint, optimiser=DESCENT), 3, DOUBLE, rtol=1e-12, atol=1e-12)


@other_pairs
def test_together_is_alone_in_single_precision_at_first(objective, constraint):
    check_together_is_alone(
        small_world(objective, constraint, optimiser=DESCENT), 2, torch.empty(0), rtol=1e-4, atol=1e-6
    )


TWO_PARTS = first_of_each(product(CRITICS, GENERATORS, OPTIMISERS), lambda parts: combinations(parts, 2))


@pytest.mark.parametrize("parts", TWO_PARTS)
def test_together_is_alone_for_every_two_parts(parts):
    critic, generator, optimiser = parts
    world = small_world(
        "non-saturating",
        "r1",
        generator=GENERATORS[generator](),
        critic=CRITICS[critic](2, 1),
        optimiser=OPTIMISERS[optimiser]((0.5, 0.9)),
        critic_steps=1,
        ema=0.5,
    )
    check_together_is_alone(world, 2, DOUBLE, rtol=1e-10, atol=1e-11)


@constraints
def test_same_seed_same_bytes(constraint):
    one, other = (tensors_of(states_of(small_world(constraint=constraint), SEEDS, 2)[-1]) for _ in range(2))
    assert all(torch.equal(values, other[name]) for name, values in one.items())


@pairs
def test_no_state_is_changed_in_place(objective, constraint):
    world = small_world(objective, constraint, ema=0.5)
    state = beginning(world, SEEDS)
    seen = [(state, {name: values.clone() for name, values in tensors_of(state).items()})]
    for later in islice(play.play(world.game, state, draws(source_of(world, SEEDS), 0, DOUBLE)), 2):
        seen.append((later, {name: values.clone() for name, values in tensors_of(later).items()}))
    for state, before in seen:
        assert all(
            torch.equal(values.nan_to_num(7.0), before[name].nan_to_num(7.0))
            for name, values in tensors_of(state).items()
        )


@pytest.mark.parametrize("constraint", ["none", "gradient-penalty"])
def test_a_run_continues_bit_for_bit(constraint):
    world = small_world(constraint=constraint, ema=0.5)
    end = BLOCK + 2  # draws are made in blocks
    states = states_of(world, SEEDS, end)
    kept = state_of(state_arrays(states[-5]), states[0])
    *_, last = islice(play.play(world.game, kept, draws(source_of(world, SEEDS), int(kept.step), DOUBLE)), 4)
    assert last.step == end
    assert all(torch.equal(values, tensors_of(states[-1])[name]) for name, values in tensors_of(last).items())


@pytest.mark.parametrize("method", METHODS)
def test_methods_share_starts_and_batches(method):
    one, other = (
        simulation(read("eight-gaussians", name, ["training.batch=4", "training.seeds=2"])) for name in ("gan", method)
    )
    ours = METHODS[method].get("categories", 0)  # codes stand before the latents that all methods share
    if not ours:
        assert torch.equal(one.start.parameters["generator"], other.start.parameters["generator"])
    assert torch.equal(one.watched, other.watched[..., ours:])
    if (
        one.start.parameters["critic"].shape == other.start.parameters["critic"].shape
    ):  # a critic with another head has other weights
        assert torch.equal(one.start.parameters["critic"], other.start.parameters["critic"])
    first, second = (next(draws(sim.source, 0, like(sim.start))) for sim in (one, other))
    moves = [0, -1]  # the critic's first and the generator's
    assert torch.equal(first["real"][moves], second["real"][moves])
    assert torch.equal(first["latent"][moves], second["latent"][moves])


def test_what_a_constraint_draws_moves_nothing_else():
    """With a weight of zero, the penalty at random points plays as no constraint does."""
    idle = CONSTRAINTS["gradient-penalty"](weight=0.0)
    one, other = (states_of(small_world(constraint=constraint), SEEDS, 5)[-1] for constraint in ("none", idle))
    torch.testing.assert_close(one.parameters["critic"], other.parameters["critic"], rtol=0, atol=0)


@pytest.mark.parametrize("objective", sorted(OBJECTIVES.keys() - ONE_SIDED))
def test_higher_score_is_more_real_after_training(objective):
    """A critic studied alone puts the data, at the origin, above the points around it."""
    far = GENERATORS["point"](start=(2.0, 0.0))
    world = small_world(objective, target=dirac(), generator=far, critic_steps=20)
    state = states_of(world, [0], 1)[-1]
    both = torch.tensor([[[0.0, 0.0], [2.0, 0.0]]], dtype=torch.float64)
    scores = duel.judge(world.game, state.parameters, both[:, :1], both[:, 1:]).score(both)[0]
    assert scores[0] > scores[1]


# --- Dirac-GAN -------------------------------------------------------------------------------------------------------


def sigmoid(t: float) -> float:
    return 1 / (1 + np.exp(-t))


def mmd_slope(t: float) -> float:
    """Minus the derivative of the kernel between 0 and t."""
    return float(np.mean([t / h**2 * np.exp(-(t**2) / (2 * h**2)) for h in (1.0, 3.0)]))


# With the data at 0 and the critic f(x) = psi . x, the real score is 0 and the fake one t = psi . theta. The critic's
# loss has gradient c(t) theta, the generator's -k(t) psi.
Pushes = tuple[Callable[[float], float], Callable[[float], float]]
DIRAC: dict[str, Pushes | None] = {
    "minimax": (sigmoid, sigmoid),
    "non-saturating": (sigmoid, lambda t: sigmoid(-t)),
    "least-squares": (lambda t: t, lambda t: 1 - t),
    "wasserstein": (lambda t: 1.0, lambda t: 1.0),
    "hinge": (lambda t: float(t > -1), lambda t: 1.0),
    "relativistic": (sigmoid, lambda t: sigmoid(-t)),
    "relativistic-average": (lambda t: 2 * sigmoid(t), lambda t: 2 * sigmoid(-t)),
    "f-kl": (lambda t: np.exp(t - 1), lambda t: np.exp(t - 1)),
    "f-reverse-kl": (lambda t: 1.0, lambda t: 1.0),
    "f-pearson": (lambda t: t / 2 + 1, lambda t: t / 2 + 1),
    "f-hellinger": (np.exp, np.exp),
    "f-js": (sigmoid, sigmoid),
    "f-total-variation": (lambda t: (1 - np.tanh(t) ** 2) / 2, lambda t: (1 - np.tanh(t) ** 2) / 2),
    "boundary-seeking": (sigmoid, lambda t: -t),
    "soft-labels": (lambda t: 0.8 * sigmoid(t) - 0.2 * sigmoid(-t), lambda t: sigmoid(-t)),
    "energy": (lambda t: float(t > -1), lambda t: 1.0),
    "began": None,  # has a memory, and a test of its own
    "density-ratio": (lambda t: t, lambda t: 1.0),
    "positive-ratio": (sigmoid, sigmoid),
    "margin": (lambda t: float(t > -1), lambda t: 1.0),
    "loss-sensitive": None,  # sees |theta| besides
    "c-transform": None,  # so does it
    "categorical": None,  # of eight scores
    "mmd": (lambda t: -2 * mmd_slope(t), lambda t: -2 * mmd_slope(t)),
    "cramer": (lambda t: -2 * np.sign(t), lambda t: -2 * np.sign(t)),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "soft-labels": {"real": (0.9, 0.9), "fake": (0.2, 0.2)},
    "mmd": {"features": 1, "bandwidths": (1.0, 3.0)},
    "cramer": {"features": 1},
}
BENT = {"mmd", "cramer"}  # their score is a witness, whose slope is not psi


def dirac_world(objective: str, constraint: Constraint | str, rate: Dial) -> World:
    """Plain descent from theta = (1, 0.5) and psi = (1, -0.3)."""
    generator, critic = GENERATORS["point"](start=(1.0, 0.5)), CRITICS["linear"](2, 1, start=(1.0, -0.3))
    return small_world(
        make_objective(objective, **OPTIONS.get(objective, {})),
        constraint,
        target=dirac(),
        generator=generator,
        critic=critic,
        optimiser=DESCENT,
        rate=rate,
        critic_steps=1,
    )


def path_by_hand(pushes: Pushes, r1: float, r2: float, rate: float, steps: int) -> np.ndarray:
    """(theta, psi) after each step [steps + 1, 2, 2]: the critic moves, then the generator against the moved critic."""
    c, k = pushes
    theta, psi = np.array([1.0, 0.5]), np.array([1.0, -0.3])
    path = [(theta, psi)]
    for _ in range(steps):
        psi = psi - rate * (c(psi @ theta) * theta + (r1 + r2) * psi)
        theta = theta + rate * k(psi @ theta) * psi
        path.append((theta, psi))
    return np.array(path)


def paths_played(world: World, steps: int, seeds: int) -> np.ndarray:
    """(theta, psi) of each seed after each step [seed, steps + 1, 2, 2]."""
    played = [state.parameters for state in states_of(world, [*range(seeds)], steps)]
    return torch.stack([torch.stack((one["generator"], one["critic"]), 1) for one in played], 1).numpy()


def path_played(world: World, steps: int) -> np.ndarray:
    return paths_played(world, steps, 1)[0]


LEASHES = {"none": (0.0, 0.0), "r1": (0.7, 0.0), "r2": (0.0, 0.7), "r1-r2": (0.4, 0.4)}
LEASHED = crossed([name for name in OBJECTIVES if name not in BENT], [name for name in LEASHES if name != "none"], 3)


@pytest.mark.parametrize(("objective", "name"), [*((objective, "none") for objective in OBJECTIVES), *LEASHED])
def test_dirac_gan_follows_the_field(objective, name):
    pushes = facts_of(DIRAC, objective, "DIRAC in tests/test_game.py")
    if pushes is None:
        pytest.skip("no field in psi and theta alone")
    weights = LEASHES[name]
    options = {} if name == "none" else {"weight": max(weights)}
    world = dirac_world(objective, CONSTRAINTS[name](**options), 0.2)
    np.testing.assert_allclose(path_played(world, 20), path_by_hand(pushes, *weights, 0.2, 20), rtol=1e-10, atol=1e-12)


def test_began_follows_its_field_and_its_memory():
    """With D = -score, at real points 0: the critic goes down k D(fake) = k psi . theta, and k += 0.3 psi . theta."""
    world, theta, psi, k = dirac_world("began", "none", 0.2), np.array([1.0, 0.5]), np.array([1.0, -0.3]), 0.0
    world = with_game(world, objective=make_objective("began", pace=0.3))
    for state in states_of(world, [0], 30)[1:]:
        score = psi @ theta  # the critic that said it has not moved yet
        psi = psi - 0.2 * k * theta
        k = min(1.0, max(0.0, k + 0.3 * score))
        theta = theta + 0.2 * psi
        np.testing.assert_allclose(state.parameters["critic"][0], psi, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(state.parameters["generator"][0], theta, rtol=1e-10, atol=1e-12)
        assert state.memory.item() == pytest.approx(k, rel=1e-10)


@pytest.mark.parametrize("objective", ["minimax", "non-saturating", "wasserstein"])
def test_r1_contracts_and_no_constraint_does_not(objective):
    free, held = (
        np.linalg.norm(path_played(dirac_world(objective, constraint, 0.8), 100).reshape(101, -1), axis=1)
        for constraint in ("none", CONSTRAINTS["r1"](weight=1.0))
    )
    assert held[-1] < 1e-8 * held[0]
    assert free[50:].min() > 0.5 * free[0]  # alternating steps stay on a closed orbit
    assert free.max() < 2 * free[0]


def test_r1_contracts_at_the_rate_of_its_eigenvalues():
    """-gamma/2 +- sqrt(gamma^2/4 - 1/4), critical at gamma = 1 (Mescheder et al., 2018); each gamma is a seed's."""
    rate, gammas = 0.08, (0.3, 0.8, 1.5)
    world = dirac_world("minimax", CONSTRAINTS["r1"](weight=torch.tensor(gammas, dtype=torch.float64)), rate)
    for gamma, path in zip(gammas, paths_played(world, 250, len(gammas)), strict=True):
        theta, psi = path[[150, 250]].transpose(1, 0, 2)
        sizes = np.sqrt(theta**2 + psi**2 + 2 * theta * psi * min(gamma, 1 / gamma)).sum(axis=1)  # it falls evenly
        decay = np.log(sizes[1] / sizes[0]) / (100 * rate)
        wanted = -gamma / 2 + sqrt(max(0.0, gamma**2 / 4 - 1 / 4))
        np.testing.assert_allclose(decay, wanted, rtol=0.05)


# --- shifted lines ---------------------------------------------------------------------------------------------------


def pull_on_theta(objective: str, theta: float, steepness: float) -> float:
    """The generator's descent direction at the line x = theta against the critic f(x) = steepness x."""
    target = lines(segments=(((0.0, 0.0), (0.0, 1.0)),))
    generator, critic = GENERATORS["shift"](start=theta), CRITICS["linear"](2, 1, start=(steepness, 0.0))
    world = small_world(objective, target=target, generator=generator, critic=critic, optimiser=DESCENT, rate=0.5)
    state = beginning(world, [0])
    row = play.row_of(next(draws(source_of(world, [0]), 0, DOUBLE)), -1)
    moved = play.move(world.game, state, ["generator"], row, at=state)
    return float(moved.parameters["generator"] - state.parameters["generator"]) / 0.5


@pytest.mark.parametrize("theta", [1.0, 0.01, -0.3, -20.0])
def test_shifted_lines_wasserstein_walks_straight_home(theta):
    """The best critic is -|x|, at theta the plane -sign(theta) x: the gradient is sign(theta), however far."""
    assert pull_on_theta("wasserstein", theta, -np.sign(theta)) == -np.sign(theta)


@pytest.mark.parametrize("theta", [1.0, 0.5, -0.5, -20.0])
def test_shifted_lines_minimax_stands_still(theta):
    """The best critic is log p/q, infinitely sure of itself: the surer, the less the gradient."""
    pulls = [abs(pull_on_theta("minimax", theta, -np.sign(theta) * steepness)) for steepness in (10.0, 100.0, 1000.0)]
    assert pulls[0] >= pulls[1] >= pulls[2]
    assert pulls[2] < 1e-100
    assert abs(pull_on_theta("non-saturating", theta, -np.sign(theta) * 1000.0)) > 999.0


# --- moves, averages, reports ----------------------------------------------------------------------------------------


def test_no_memory_of_an_average_is_the_generator_itself():
    for state in states_of(small_world(ema=0.0), SEEDS, 3):
        assert torch.equal(state.players["generator"].shown, state.parameters["generator"])


@pytest.mark.parametrize("head_start", [0, 2])
def test_average_is_the_weighed_mean_of_what_the_generator_was_since_it_moved(head_start):
    """Without bias: the first average is the first generator that moved, not the one that it began as."""
    states = states_of(small_world(ema=0.9, head_start=head_start), SEEDS, head_start + 4)
    for state in states[: head_start + 1]:
        assert torch.equal(state.players["generator"].shown, states[0].parameters["generator"])
    moved = [state.parameters["generator"] for state in states[head_start + 1 :]]
    for t, state in enumerate(states[head_start + 1 :], start=1):
        weights = torch.tensor([0.1 * 0.9 ** (t - k) for k in range(1, t + 1)], dtype=torch.float64)
        wanted = sum(weight * one for weight, one in zip(weights / (1 - 0.9**t), moved, strict=False))
        torch.testing.assert_close(state.players["generator"].shown, wanted, rtol=1e-12, atol=1e-14)
        assert torch.equal(state.players["generator"].shown, state.parameters["generator"]) == (t == 1)


def test_long_averages_do_not_remember_the_first_generator():
    """After few steps the average of a long memory is near the mean of the moved generators, however far they went."""
    states = states_of(small_world(ema=0.999, rate=0.1), SEEDS, 10)
    mean = sum(state.parameters["generator"] for state in states[1:]) / 10
    assert (states[-1].players["generator"].shown - mean).norm() < 0.01 * (
        mean - states[0].parameters["generator"]
    ).norm()


def losses_of(rules: Game, state: State, real: Tensor, latent: Tensor) -> Losses:
    """The objective's word on a batch, critic and generator as they are in this state."""
    fake = duel.carried(rules, state.parameters, latent)
    body = rules.players["critic"].network
    return said(rules.objective, *(body.forward(body.layers(state.parameters["critic"]), x) for x in (real, fake)))


def check_one_step_on_the_sum(step: Callable[[World, State, Draw], State]) -> None:
    """A critic's move is one step of the optimiser on loss + penalty, and its report is of before the move."""
    world = small_world("non-saturating", CONSTRAINTS["r1"](weight=2.0), critic_steps=1)
    first = beginning(world, SEEDS)
    draw = next(draws(source_of(world, SEEDS), 0, DOUBLE))
    rules, parameters = world.game, first.parameters["critic"].clone().requires_grad_()
    body, player = body_of(world, "critic"), rules.players["critic"]
    real = draw["real"][0].clone().requires_grad_()
    critic = losses_of(rules, with_parameters(first, {"critic": parameters}), real, draw["latent"][0]).critic
    scores = body.forward(body.layers(parameters), real)
    (slopes,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    penalty = slopes.square().sum(dim=2).mean(dim=1)
    (gradient,) = torch.autograd.grad((critic + penalty).sum(), parameters)
    before = first.players["critic"]
    wanted = player.optimiser.move(before.parameters, gradient, before.slots, torch.tensor(1.0).double(), player.rate)
    moved = step(world, first, draw)
    torch.testing.assert_close(moved.parameters["critic"], wanted.parameters, rtol=1e-10, atol=1e-12)
    for slot, wanted_slot in zip(moved.players["critic"].slots, wanted.slots, strict=True):
        torch.testing.assert_close(slot, wanted_slot, rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(moved.report["critic_loss"], critic.detach(), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(moved.report["penalty"], penalty.detach(), rtol=1e-12, atol=1e-13)


def test_penalty_is_part_of_the_critics_own_step():
    check_one_step_on_the_sum(
        lambda world, state, draw: play.move(world.game, state, ["critic"], play.row_of(draw, 0), at=state)
    )


def test_generator_answers_the_moved_critic_and_says_so():
    world = small_world("hinge", critic_steps=2)
    before, after = states_of(world, SEEDS, 2)[-2:]
    draw = list(islice(draws(source_of(world, SEEDS), 0, DOUBLE), 2))[1]
    wanted = losses_of(
        world.game,
        with_parameters(before, {"critic": after.parameters["critic"]}),
        draw["real"][-1],
        draw["latent"][-1],
    ).generator
    torch.testing.assert_close(after.report["generator_loss"], wanted, rtol=1e-13, atol=1e-14)


def test_adam_counts_each_players_own_moves():
    """Where a gradient never changes, Adam moves by the rate each time, if its count of moves is right."""
    world = dirac_world("wasserstein", "none", 0.01)
    world = with_players(with_game(world, critic_steps=3), optimiser=OPTIMISERS["adam"]((0.9, 0.99)))
    for frozen in ("generator", "critic"):
        path = path_played(with_players(world, frozen, rate=0.0), 4)
        theta, psi = path[:, 0], path[:, 1]
        moved, signs = (psi, -np.sign(theta[0])) if frozen == "generator" else (theta, np.sign(psi[0]))
        wanted = moved[0] + np.arange(5)[:, None] * signs * (0.03 if frozen == "generator" else 0.01)
        np.testing.assert_allclose(moved, wanted, rtol=0, atol=1e-7)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_follow_the_schedule(schedule):
    world = dirac_world("wasserstein", "none", 0.25)
    world = with_game(world, schedule=SCHEDULES[schedule], steps=4)
    path = path_played(world, 4)
    rates = (path[1:, 0, 0] - path[:-1, 0, 0]) / path[1:, 1, 0]  # theta moves by rate times psi
    np.testing.assert_allclose(
        rates, [0.25 * float(SCHEDULES[schedule](torch.tensor(step / 4))) for step in range(4)], rtol=1e-12
    )


def test_score_and_slopes_go_through_the_constraint():
    world = small_world(constraint=CONSTRAINTS["spectral-norm"](lipschitz=3.0), critic=CRITICS["linear"](2, 1))
    weight, points = torch.tensor([[30.0, 40.0]], dtype=torch.float64), numbers(1, 5, 2)
    judge, wanted = (
        duel.judge(world.game, {"critic": weight}, points, points),
        torch.tensor([1.8, 2.4], dtype=torch.float64),
    )
    torch.testing.assert_close(judge.score(points), points @ wanted)
    torch.testing.assert_close(judge.slopes(points), wanted.expand(1, 5, 2))


def test_divergence_is_seen_seed_by_seed():
    start, state = states_of(small_world(), SEEDS, 1)
    assert not has_diverged(start).any()  # before the first step nothing is said yet, and nothing has gone wrong
    assert not has_diverged(state).any()
    for field in ("generator", "critic"):
        for value in (torch.nan, torch.inf, -1e7):
            broken = state.parameters[field].clone()
            broken[1, 0] = value
            assert has_diverged(with_parameters(state, {field: broken})).tolist() == [False, True, False]
    report = {**state.report, "critic_loss": torch.tensor([0.0, 0.0, torch.nan], dtype=torch.float64)}
    assert has_diverged(state._replace(report=report)).tolist() == [False, False, True]


def test_one_diverged_seed_leaves_the_others_alone():
    world = small_world()
    state = beginning(world, SEEDS)
    critic = state.parameters["critic"].clone()
    critic[1] = torch.nan
    broken = with_parameters(state, {"critic": critic})
    source = source_of(world, SEEDS)
    whole, hurt = (next(play.play(world.game, first, draws(source, 0, DOUBLE))) for first in (state, broken))
    assert has_diverged(hurt).tolist() == [False, True, False]
    assert torch.equal(hurt.parameters["generator"][::2], whole.parameters["generator"][::2])
    assert torch.equal(hurt.parameters["critic"][::2], whole.parameters["critic"][::2])
