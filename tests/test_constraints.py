"""Every constraint against its formula on a linear critic, against differences, and against numpy's singular values."""

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from conftest import differences, facts_of, fractions, gradient, numbers, small_world, source_of, states_of
from torch import Tensor

from toygan.constraints import CONSTRAINTS, PLACES, Constraint, Look, largest_singular_value
from toygan.game import looking
from toygan.networks import ACTIVATIONS, CRITICS, Network, mlp_critic
from toygan.streams import draws

SEEDS, BATCH = 2, 5
LINEAR = CRITICS["linear"](1, bias=True)
LENGTHS = [0.25, 1.0, 2.5]
STEEP = {"silu"}  # activations whose own slope exceeds 1


class Fact(NamedTuple):
    """The penalty on f(x) = w . x + b, given |w|, for some options; None where there is no penalty."""

    options: dict[str, Any]
    penalty: Callable[[float], float] | None = None


FACTS = {
    "none": [Fact({})],
    "clip": [Fact({"bound": 0.3})],
    "spectral-norm": [Fact({"lipschitz": 2.0})],
    "gradient-penalty": [
        *(Fact({"weight": 10.0, "at": at}, lambda w: 10 * (w - 1) ** 2) for at in PLACES),
        *(Fact({"weight": 10.0, "at": at, "sides": 1}, lambda w: 10 * max(0, w - 1) ** 2) for at in PLACES),
        Fact({"weight": 0.5, "target": 0.0}, lambda w: 0.5 * w**2),
        Fact({"weight": 0.5, "target": 2.0}, lambda w: 0.5 * (w - 2) ** 2),
    ],
    "r1": [Fact({"weight": 3.0}, lambda w: 1.5 * w**2)],
    "r2": [Fact({"weight": 3.0}, lambda w: 1.5 * w**2)],
    "r1-r2": [Fact({"weight": 3.0}, lambda w: 3 * w**2)],
}
names = pytest.mark.parametrize("name", CONSTRAINTS)


def facts(name: str) -> list[Fact]:
    return facts_of(FACTS, name, "FACTS in tests/test_constraints.py")


def look_of(critic: Network, constraint: Constraint, parameters: Tensor, seed: int = 0) -> Look:
    """What a penalty sees in one move of this critic."""
    real, fake, chance = (
        numbers(SEEDS, BATCH, 2, seed=seed),
        numbers(SEEDS, BATCH, 2, seed=seed + 1) + 3,
        fractions(SEEDS, BATCH, 3),
    )
    layers = constraint.reparametrise(critic.layers(parameters))
    judged = critic.judge(layers, torch.cat((real, fake), dim=1))
    return looking(small_world(critic=critic).game, layers, judged, real, fake, chance, parameters)


def penalty_of(critic: Network, constraint: Constraint, parameters: Tensor) -> Tensor:
    """The penalty [seed], zero where there is none."""
    penalty = constraint.penalty(look_of(critic, constraint, parameters))
    return torch.zeros_like(parameters[:, 0]) if penalty is None else penalty


def random_parameters(critic: Network, seed: int = 0) -> Tensor:
    """Parameters without a kink, a zero or a symmetry: [seed, P]."""
    size = len(critic.initial(np.random.default_rng(0)))
    return numbers(SEEDS, size, seed=seed)


def singular_values(weight: Tensor) -> np.ndarray:
    """Of each seed's matrix, by numpy, in falling order."""
    return np.linalg.svd(weight.numpy(), compute_uv=False)


# --- checks, also held against the silent errors ---------------------------------------------------------------------


def check_on_linear(constraint: Constraint, expected: Callable[[float], float]) -> None:
    """One seed has |w| from the list, the other |w| = 2: neither may feel the other, nor the size of the batch."""
    for length in LENGTHS:
        parameters = torch.tensor([[0.6 * length, 0.8 * length, 7.0], [-2.0, 0.0, -3.0]], dtype=torch.float64)
        wanted = torch.tensor([expected(length), expected(2.0)], dtype=torch.float64)
        torch.testing.assert_close(penalty_of(LINEAR, constraint, parameters), wanted, rtol=1e-13, atol=1e-15)


def check_flat_critic(constraint: Constraint) -> None:
    """Where the critic is flat, the penalty and its gradient are finite."""
    for critic in (LINEAR, mlp_critic(1, width=4, depth=2)):
        flat = torch.zeros_like(random_parameters(critic))
        assert torch.isfinite(penalty_of(critic, constraint, flat)).all()
        assert torch.isfinite(gradient(lambda p, critic=critic: penalty_of(critic, constraint, p), flat)).all()


# --- penalties -------------------------------------------------------------------------------------------------------


@names
def test_penalty_on_a_linear_critic(name):
    for fact in facts(name):
        constraint = CONSTRAINTS[name](**fact.options)
        if fact.penalty is None:
            assert constraint.penalty(look_of(LINEAR, constraint, numbers(SEEDS, 3))) is None
        else:
            check_on_linear(constraint, fact.penalty)


@names
def test_flat_critic_gives_no_nan(name):
    for fact in facts(name):
        check_flat_critic(CONSTRAINTS[name](**fact.options))


@names
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_penalty_gradient_agrees_with_differences(name, activation):
    critic = mlp_critic(1, width=4, depth=2, activation=activation)
    parameters = random_parameters(critic)
    for fact in facts(name):
        constraint = CONSTRAINTS[name](**fact.options)
        found = gradient(lambda p, constraint=constraint: penalty_of(critic, constraint, p), parameters)
        wanted = differences(lambda p, constraint=constraint: penalty_of(critic, constraint, p), parameters)
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def test_slopes_are_taken_where_the_look_says():
    critic = mlp_critic(1, width=4, depth=2, activation="tanh")
    parameters, elsewhere = random_parameters(critic), numbers(SEEDS, 3, 2, seed=9)
    look = look_of(critic, Constraint(), parameters)
    layers = critic.layers(parameters)
    pairs = ((look.real, look.real_slopes()), (look.fake, look.fake_slopes()), (elsewhere, look.slopes_at(elsewhere)))
    for points, slopes in pairs:
        torch.testing.assert_close(
            slopes, gradient(lambda x: critic.forward(layers, x), points), rtol=1e-12, atol=1e-13
        )


def test_places_are_where_they_say():
    spread = torch.tensor([1.0, 5.0]).view(SEEDS, 1, 1)
    real, fake = spread * numbers(SEEDS, 400, 2), numbers(SEEDS, 400, 2, seed=1) + 30
    chance = fractions(SEEDS, 400, 3)
    look = Look(real, fake, chance, lambda: real, lambda: fake, lambda points: points, real[:, 0])
    assert torch.equal(PLACES["real"](look), real)
    assert torch.equal(PLACES["fake"](look), fake)
    assert torch.equal(PLACES["both"](look), torch.cat((real, fake), dim=1))
    share = (PLACES["interpolates"](look) - fake) / (real - fake)  # one epsilon for both coordinates of a pair
    torch.testing.assert_close(share, chance[..., :1].expand_as(share), rtol=1e-9, atol=1e-12)
    step = (PLACES["around-real"](look) - real) / real.flatten(1).std(dim=1)[:, None, None]
    assert step.min() >= 0
    for largest in step.amax(dim=(1, 2)):
        assert 0.45 < largest < 0.5


def test_every_place_is_known_here():
    assert set(PLACES) == {"interpolates", "real", "fake", "both", "around-real"}, (
        "add the exact facts of the new place"
    )


# --- projections and reparametrisations ------------------------------------------------------------------------------


@names
def test_projection_is_one_and_each_seed_has_its_own(name):
    for fact in facts(name):
        project = CONSTRAINTS[name](**fact.options).project
        parameters = 2 * numbers(3, 17)
        once = project(parameters)
        torch.testing.assert_close(project(once), once, rtol=1e-12, atol=0)
        torch.testing.assert_close(project(parameters[1:2]), once[1:2], rtol=1e-12, atol=0)


def test_clip_holds_every_parameter_through_play():
    world = small_world(constraint=CONSTRAINTS["clip"](bound=0.05), rate=0.1)
    for state in states_of(world, [0, 1], 3)[1:]:
        assert state.critic.abs().max() == 0.05
    parameters = torch.tensor([[-1.0, -0.01, 0.0, 0.02, 3.0]])
    assert torch.equal(
        CONSTRAINTS["clip"](bound=0.5).project(parameters), torch.tensor([[-0.5, -0.01, 0.0, 0.02, 0.5]])
    )


@pytest.mark.parametrize("lipschitz", [1.0, 4.0])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_spectral_norm_bounds_layers_and_slopes(lipschitz, depth):
    constraint = CONSTRAINTS["spectral-norm"](lipschitz=lipschitz)
    for activation in set(ACTIVATIONS) - STEEP:
        critic = mlp_critic(1, width=8, depth=depth, activation=activation)
        layers = constraint.reparametrise(critic.layers(random_parameters(critic)))
        for layer in layers:
            np.testing.assert_allclose(singular_values(layer.weight)[:, 0], lipschitz ** (1 / (depth + 1)), rtol=1e-9)
        slopes = critic.judge(layers, 3 * numbers(SEEDS, 500, 2)).slopes(slice(None))
        assert slopes.norm(dim=2).max() <= lipschitz * (1 + 1e-9)


SHAPES = {"tall": (9, 3), "wide": (3, 9), "square": (6, 6), "row": (1, 7), "column": (7, 1)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_largest_singular_value_and_its_derivative(shape, size):
    weight = size * numbers(3, *shape)
    np.testing.assert_allclose(largest_singular_value(weight)[:, 0, 0], singular_values(weight)[:, 0], rtol=1e-12)
    u, _, v = torch.linalg.svd(weight, full_matrices=False)
    torch.testing.assert_close(gradient(largest_singular_value, weight), u[:, :, :1] @ v[:, :1], rtol=1e-6, atol=1e-6)


def test_largest_singular_value_of_ties_and_zeros():
    tie = torch.linalg.qr(numbers(1, 5, 5))[0]
    torch.testing.assert_close(
        largest_singular_value(tie), torch.ones(1, 1, 1, dtype=torch.float64), rtol=1e-12, atol=0
    )
    assert 0 < largest_singular_value(torch.zeros(1, 4, 4)) <= 1e-12  # something to divide by


@pytest.mark.parametrize("like", [torch.empty(0), torch.empty(0, dtype=torch.float64)], ids=["single", "double"])
@pytest.mark.parametrize("start", [(0.0, 0.0), (1e-25, 0.0)])
def test_spectral_norm_plays_on_from_nothing(like, start):
    world = small_world("hinge", "spectral-norm", critic=CRITICS["linear"](1, start=start))
    assert torch.isfinite(states_of(world, [0], 3, like)[-1].critic).all()


def test_spectral_norm_outputs_agree_with_differences():
    critic, constraint = mlp_critic(1, width=3, depth=1, activation="tanh"), CONSTRAINTS["spectral-norm"]()
    points = numbers(SEEDS, BATCH, 2)

    def outputs(parameters: Tensor) -> Tensor:
        return critic.forward(constraint.reparametrise(critic.layers(parameters)), points)

    parameters = random_parameters(critic)
    torch.testing.assert_close(gradient(outputs, parameters), differences(outputs, parameters), rtol=1e-6, atol=1e-8)


# --- the neutral element ---------------------------------------------------------------------------------------------


def test_none_changes_nothing_bit_for_bit():
    world = small_world("non-saturating", "none", critic_steps=1)
    rules, parameters = world.game, None
    first, second = states_of(world, [0, 1], 1)
    draw = next(draws(source_of(world, [0, 1]), 0, first.critic))
    # The same move written out, by someone who has never heard of constraints.
    parameters = first.critic.clone().requires_grad_()
    fake = rules.generator.forward(rules.generator.layers(first.generator), draw.latent[0])
    outputs = rules.critic.forward(rules.critic.layers(parameters), torch.cat((draw.real[0], fake), dim=1))
    loss = rules.objective.losses(outputs[:, :8], outputs[:, 8:]).critic
    loss.sum().backward()
    moved = rules.optimiser.move(first.critic, parameters.grad, first.critic_slots, 1, rules.critic_rate)
    assert torch.equal(second.critic, moved.parameters)
    assert torch.equal(second.report.critic_loss, loss.detach())
    assert torch.equal(second.report.penalty, torch.zeros_like(loss))


def test_none_is_every_default():
    none, neutral = CONSTRAINTS["none"](), Constraint()
    parameters = numbers(2, 3)
    assert none == neutral
    assert neutral.project(parameters) is parameters
    layers = LINEAR.layers(parameters)
    assert neutral.reparametrise(layers) is layers


def test_weights_multiply():
    parameters = random_parameters(mlp_critic(1, width=4, depth=2))
    for name, weight in product(("gradient-penalty", "r1", "r2", "r1-r2"), (0.0, 1.0, 3.0)):
        one, many = (
            penalty_of(mlp_critic(1, width=4, depth=2), CONSTRAINTS[name](weight=w), parameters) for w in (1.0, weight)
        )
        torch.testing.assert_close(many, weight * one, rtol=1e-13, atol=0)
