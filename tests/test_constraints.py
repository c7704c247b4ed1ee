"""Every constraint against its formula on a linear critic, against differences, and against numpy's singular values."""

from collections.abc import Callable
from inspect import signature
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from conftest import (
    DOUBLE,
    body_of,
    check_gradient,
    differences,
    facts_of,
    fractions,
    gradient,
    numbers,
    said,
    small_world,
    source_of,
    states_of,
    tensors_of,
    undrawn,
    with_players,
)
from torch import Tensor

from toygan.game import play
from toygan.game.constraints import (
    CONSTRAINTS,
    PLACES,
    Constraint,
    Sight,
    column_norms,
    compose,
    largest_singular_value,
    orthonormalised,
)
from toygan.game.duel import seeing
from toygan.game.networks import ACTIVATIONS, Layer, LayersOf, Network
from toygan.game.players import CRITICS, mlp_critic
from toygan.game.streams import draws
from toygan.many import run

SEEDS, BATCH = 2, 5
LINEAR = CRITICS["linear"](2, 1, bias=True)
WORLD = small_world()
LENGTHS = [0.25, 1.0, 2.5]
STEEP = {"silu"}  # activations whose own slope exceeds 1


class Fact(NamedTuple):
    """The penalty on f(x) = w . x + b, given a norm of w, for some options; None where there is no penalty."""

    options: dict[str, Any]
    penalty: Callable[[float], float] | None = None
    norm: int = 2


FACTS = {
    "none": [Fact({})],
    "clip": [Fact({"bound": 0.3})],
    "spectral-norm": [Fact({"lipschitz": 2.0}), Fact({"held": True})],
    "orthonormal": [Fact({"lipschitz": 2.0})],
    "gradient-penalty": [
        *(Fact({"weight": 10.0, "at": at}, lambda w: 10 * (w - 1) ** 2) for at in PLACES),
        *(Fact({"weight": 10.0, "at": at, "sides": 1}, lambda w: 10 * max(0, w - 1) ** 2) for at in PLACES),
        Fact({"weight": 0.5, "target": 0.0}, lambda w: 0.5 * w**2),
        Fact({"weight": 0.5, "target": 2.0}, lambda w: 0.5 * (w - 2) ** 2),
        Fact({"weight": 10.0, "power": 1}, lambda w: 10 * abs(w - 1)),
        Fact({"weight": 10.0, "power": 1, "sides": 1, "at": "both"}, lambda w: 10 * max(0, w - 1)),
    ],
    "r1": [Fact({"weight": 3.0}, lambda w: 1.5 * w**2)],
    "r2": [Fact({"weight": 3.0}, lambda w: 1.5 * w**2)],
    "r1-r2": [Fact({"weight": 3.0}, lambda w: 3 * w**2)],
    "zero-centred": [Fact({"weight": 3.0}, lambda w: 3 * w**2)],
    "weight-norm": [Fact({})],
    "norm-clip": [Fact({"bound": 0.5})],
    "l1-decay": [Fact({"weight": 3.0}, lambda w: 3 * w, norm=1)],
    "l2-decay": [Fact({"weight": 3.0}, lambda w: 3 * w**2)],
}
names = pytest.mark.parametrize("name", CONSTRAINTS)


def facts(name: str) -> list[Fact]:
    return facts_of(FACTS, name, "FACTS in tests/test_constraints.py")


def sight_of(critic: Network, constraint: Constraint, parameters: Tensor, seed: int = 0) -> Sight:
    """What a penalty sees in one move of this critic with what the constraint learns besides."""
    critic = constraint.extend(critic)
    real, fake = numbers(SEEDS, BATCH, 2, seed=seed), numbers(SEEDS, BATCH, 2, seed=seed + 1) + 3
    chance = {"mix": fractions(SEEDS, BATCH, 1), "around": fractions(SEEDS, BATCH, 2, seed=1)}
    layers = constraint.reparametrise(critic.layers(parameters))
    pair = critic.judge_both(layers, real, fake)
    return seeing(with_players(WORLD, "critic", network=critic).game, parameters, layers, pair, real, fake, chance)


def penalty_of(critic: Network, constraint: Constraint, parameters: Tensor) -> Tensor:
    """The penalty [seed], zero where there is none."""
    penalty = constraint.penalty(sight_of(critic, constraint, parameters))
    return torch.zeros_like(parameters[:, 0]) if penalty is None else penalty


def random_parameters(critic: Network, seed: int = 0) -> Tensor:
    """Parameters without a kink, a zero or a symmetry: [seed, P]."""
    size = len(critic.initial(np.random.default_rng(0)))
    return numbers(SEEDS, size, seed=seed)


def singular_values(weight: Tensor) -> np.ndarray:
    """Of each seed's matrix, by numpy, in falling order."""
    return np.linalg.svd(weight.numpy(), compute_uv=False)


# --- checks, also held against the silent errors ---------------------------------------------------------------------


def check_on_linear(constraint: Constraint, expected: Callable[[float], float], norm: int = 2) -> None:
    """One seed has |w| from the list, the other |w| = 2: neither may feel the other, nor the size of the batch."""
    long = 1.4 if norm == 1 else 1.0  # of (0.6, 0.8)
    for length in LENGTHS:
        parameters = torch.tensor([[0.6 * length, 0.8 * length, 7.0], [-2.0, 0.0, -3.0]], dtype=torch.float64)
        wanted = torch.tensor([expected(long * length), expected(2.0)], dtype=torch.float64)
        torch.testing.assert_close(penalty_of(LINEAR, constraint, parameters), wanted, rtol=1e-13, atol=1e-15)


def check_flat_critic(constraint: Constraint) -> None:
    """Where the critic is flat, the penalty and its gradient are finite."""
    for critic in (LINEAR, mlp_critic(2, 1, width=4, depth=2)):
        flat = torch.zeros_like(random_parameters(constraint.extend(critic)))
        assert torch.isfinite(penalty_of(critic, constraint, flat)).all()
        assert torch.isfinite(gradient(lambda p, critic=critic: penalty_of(critic, constraint, p), flat)).all()


# --- penalties -------------------------------------------------------------------------------------------------------


@names
def test_penalty_on_a_linear_critic(name):
    for fact in facts(name):
        constraint = CONSTRAINTS[name](**fact.options)
        if fact.penalty is None:
            parameters = random_parameters(constraint.extend(LINEAR))
            assert constraint.penalty(sight_of(LINEAR, constraint, parameters)) is None
        else:
            check_on_linear(constraint, fact.penalty, fact.norm)


@names
def test_flat_critic_gives_no_nan(name):
    for fact in facts(name):
        check_flat_critic(CONSTRAINTS[name](**fact.options))


@names
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_penalty_gradient_agrees_with_differences(name, activation):
    """Of many facts each activation is asked a third, so that each of them is asked of several activations."""
    critic = mlp_critic(2, 1, width=4, depth=2, activation=activation)
    for fact in facts(name)[[*ACTIVATIONS].index(activation) % 3 :: 3] or facts(name):
        constraint = CONSTRAINTS[name](**fact.options)
        parameters = random_parameters(constraint.extend(critic))
        check_gradient(lambda p, constraint=constraint: penalty_of(critic, constraint, p), parameters, 1e-5)


def test_slopes_are_taken_where_the_look_says():
    critic = mlp_critic(2, 1, width=4, depth=2, activation="tanh")
    parameters, elsewhere = random_parameters(critic), numbers(SEEDS, 3, 2, seed=9)
    sight = sight_of(critic, Constraint(), parameters)
    layers = critic.layers(parameters)
    pairs = (
        (sight.real, sight.real_slopes()),
        (sight.fake, sight.fake_slopes()),
        (elsewhere, sight.slopes_at(elsewhere)),
    )
    for points, slopes in pairs:
        torch.testing.assert_close(
            slopes, gradient(lambda x: critic.forward(layers, x), points), rtol=1e-12, atol=1e-13
        )


def test_places_are_where_they_say():
    spread = torch.tensor([1.0, 5.0]).view(SEEDS, 1, 1)
    real, fake = spread * numbers(SEEDS, 400, 2), numbers(SEEDS, 400, 2, seed=1) + 30
    chance = {"mix": fractions(SEEDS, 400, 1), "around": fractions(SEEDS, 400, 2, seed=1)}
    sight = Sight(real, fake, chance, lambda: real, lambda: fake, lambda points: points, list)
    assert torch.equal(PLACES["real"][0](sight), real)
    assert torch.equal(PLACES["fake"][0](sight), fake)
    assert torch.equal(PLACES["both"][0](sight), torch.cat((real, fake), dim=1))
    share = (PLACES["interpolates"][0](sight) - fake) / (real - fake)  # one epsilon for both coordinates of a pair
    torch.testing.assert_close(share, chance["mix"].expand_as(share), rtol=1e-9, atol=1e-12)
    step = (PLACES["around-real"][0](sight) - real) / real.flatten(1).std(dim=1)[:, None, None]
    assert step.min() >= 0
    for largest in step.amax(dim=(1, 2)):
        assert 0.45 < largest < 0.5
    on_real, on_fake = (cloud.square().sum(dim=2).mean(dim=1) for cloud in (real, fake))
    for name, wanted in (("r1", on_real), ("r2", on_fake), ("r1-r2", on_real + on_fake)):
        torch.testing.assert_close(CONSTRAINTS[name](weight=2.0).penalty(sight), wanted)


def test_every_place_is_known_here():
    assert set(PLACES) == {"interpolates", "real", "fake", "both", "around-real"}, (
        "add the exact facts of the new place"
    )


# --- projections and reparametrisations ------------------------------------------------------------------------------


@names
def test_projection_is_one_and_each_seed_has_its_own(name):
    for fact in facts(name):
        project = CONSTRAINTS[name](**fact.options).project
        layers_of, parameters = mlp_critic(2, 1, width=4, depth=1).layers, 2 * numbers(3, 17)
        once = project(parameters, layers_of)
        torch.testing.assert_close(project(once, layers_of), once, rtol=1e-12, atol=0)
        torch.testing.assert_close(project(parameters[1:2], layers_of), once[1:2], rtol=1e-12, atol=0)


@pytest.mark.parametrize("normalisation", ["none", "layer"])
def test_clipping_weights_only_leaves_biases_and_scales(normalisation):
    critic = mlp_critic(2, 1, width=4, depth=2, normalisation=normalisation)
    first = torch.from_numpy(critic.initial(np.random.default_rng(0)))[None]
    parameters = 3 * torch.randn(2, first.shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    held = CONSTRAINTS["clip"](bound=0.05, weights_only=True).project(parameters, critic.layers)
    for before, after in zip(critic.layers(parameters), critic.layers(held), strict=True):
        torch.testing.assert_close(after.weight, before.weight.clamp(-0.05, 0.05), rtol=0, atol=0)
        assert torch.equal(after.bias, before.bias)
        assert after.scale is None or torch.equal(after.scale, before.scale)
        assert after.shift is None or torch.equal(after.shift, before.shift)


def test_clip_holds_every_parameter_through_play():
    world = small_world(constraint=CONSTRAINTS["clip"](bound=0.05), rate=0.1)
    for state in states_of(world, [0, 1], 3)[1:]:
        assert float(state.parameters["critic"].abs().max()) == pytest.approx(0.05, rel=1e-15)
    parameters = torch.tensor([[-1.0, -0.01, 0.0, 0.02, 3.0]])
    assert torch.equal(
        CONSTRAINTS["clip"](bound=0.5).project(parameters, LINEAR.layers), torch.tensor([[-0.5, -0.01, 0.0, 0.02, 0.5]])
    )


@pytest.mark.parametrize("lipschitz", [1.0, 4.0])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_spectral_norm_bounds_layers_and_slopes(lipschitz, depth):
    constraint = CONSTRAINTS["spectral-norm"](lipschitz=lipschitz)
    for activation in set(ACTIVATIONS) - STEEP:
        critic = mlp_critic(2, 1, width=8, depth=depth, activation=activation)
        layers = constraint.reparametrise(critic.layers(random_parameters(critic)))
        for layer in layers:
            np.testing.assert_allclose(singular_values(layer.weight)[:, 0], lipschitz ** (1 / (depth + 1)), rtol=1e-9)
        judged = critic.judge(layers, 3 * numbers(SEEDS, 500, 2))
        slopes = judged.slopes(torch.ones_like(judged.outputs))
        assert slopes.norm(dim=2).max() <= lipschitz * (1 + 1e-9)


def test_a_held_norm_is_a_number_to_the_gradient():
    x, y = numbers(SEEDS, 4, 3), numbers(SEEDS, 4, 3, seed=1)
    bias = torch.zeros(SEEDS, 1, 3, dtype=torch.float64)
    plain, held = (CONSTRAINTS["spectral-norm"](**options).reparametrise for options in ({}, {"held": True}))
    of = {
        one: lambda weight, one=one: (one([Layer(weight, bias)])[0].weight * y).sum(dim=(1, 2)) for one in (plain, held)
    }
    assert torch.equal(of[plain](x), of[held](x))
    top = largest_singular_value(x)
    torch.testing.assert_close(gradient(of[held], x), y / top)
    # The true gradient has no part along the weights, whose size changes nothing; the held one has.
    along = (gradient(of[plain], x) * x).sum(dim=(1, 2))
    torch.testing.assert_close(along, torch.zeros_like(along), atol=1e-9, rtol=0)
    assert ((gradient(of[held], x) * x).sum(dim=(1, 2)).abs() > 1e-3).all()


SHAPES = {"tall": (9, 3), "wide": (3, 9), "square": (6, 6), "row": (1, 7), "column": (7, 1)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_largest_singular_value_and_its_derivative(shape, size):
    weight = size * numbers(3, *shape)
    np.testing.assert_allclose(largest_singular_value(weight)[:, 0, 0], singular_values(weight)[:, 0], rtol=1e-12)
    u, _, v = torch.linalg.svd(weight, full_matrices=False)
    torch.testing.assert_close(gradient(largest_singular_value, weight), u[:, :, :1] @ v[:, :1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_largest_singular_values_second_derivative_agrees_with_differences(shape):
    weight, way = numbers(2, *shape), numbers(2, *shape, seed=1)

    def slope(x: Tensor) -> Tensor:
        return gradient(largest_singular_value, x)

    leaf = weight.clone().requires_grad_()
    (first,) = torch.autograd.grad(largest_singular_value(leaf).sum(), leaf, create_graph=True)
    (found,) = torch.autograd.grad((first * way).sum(), leaf)
    wanted = (slope(weight + 1e-6 * way) - slope(weight - 1e-6 * way)) / 2e-6
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-7)


def test_largest_singular_value_of_ties_and_zeros():
    tie = torch.linalg.qr(numbers(1, 5, 5))[0]
    torch.testing.assert_close(
        largest_singular_value(tie), torch.ones(1, 1, 1, dtype=torch.float64), rtol=1e-12, atol=0
    )
    assert 0 < largest_singular_value(torch.zeros(1, 4, 4)) <= 1e-12  # something to divide by


def near_tied(gap: float, ties: int, like: Tensor) -> Tensor:
    """Matrices [2, 64, 64] whose largest singular values, 1 and below, lie within `gap`."""
    rotations = [torch.linalg.qr(numbers(2, 64, 64, seed=seed))[0] for seed in (0, 1)]
    values = 0.9 * torch.linspace(1, 0, 64, dtype=torch.float64)
    values[:ties] = 1 - gap * torch.linspace(0, 1, ties, dtype=torch.float64)
    return (rotations[0] * values @ rotations[1]).to(like)


@pytest.mark.parametrize("like", [torch.empty(0), torch.empty(0, dtype=torch.float64)], ids=["single", "double"])
@pytest.mark.parametrize("ties", [2, 7, 64])
@pytest.mark.parametrize("gap", [0.0, 1e-7, 1e-5, 3e-4, 1e-3, 1e-2])
def test_near_ties_are_no_worse_than_rounding_allows(gap, ties, like):
    weight = near_tied(gap, ties, like)
    u, values, v = torch.linalg.svd(weight.double())
    eps = torch.finfo(weight.dtype).eps
    torch.testing.assert_close(largest_singular_value(weight)[:, 0, 0].double(), values[:, 0], rtol=8 * eps, atol=0)
    # The gradient u v^T is made of singular vectors whose values rounding cannot tell from the top one.
    slope = gradient(largest_singular_value, weight).double()
    inside = u.transpose(1, 2) @ slope @ v.transpose(1, 2)
    far = values < values[:, :1] * (1 - 1e-3)
    assert (inside * far[:, None]).norm() < 1e5 * eps
    assert (inside * far[..., None]).norm() < 1e5 * eps
    torch.testing.assert_close((slope * weight.double()).sum(dim=(1, 2)), values[:, 0], rtol=16 * eps, atol=0)
    torch.testing.assert_close(slope.norm(dim=(1, 2)), torch.ones(2, dtype=torch.float64), rtol=16 * eps, atol=0)


@pytest.mark.parametrize("gap", [1e-3, 1e-2])
def test_the_gradient_near_a_tie_is_the_one_of_the_larger_value(gap):
    weight = near_tied(gap, 2, torch.empty(0, dtype=torch.float64))
    u, _, v = torch.linalg.svd(weight)
    wanted = u[:, :, :1] @ v[:, :1]
    torch.testing.assert_close(gradient(largest_singular_value, weight), wanted, rtol=0, atol=1e-11)


def test_a_layer_of_zeros_stays_as_it_is_and_can_learn():
    reparametrise = CONSTRAINTS["spectral-norm"](lipschitz=3.0).reparametrise
    bias = torch.zeros(2, 1, 3, dtype=torch.float64)
    weight = torch.stack((torch.zeros(4, 3, dtype=torch.float64), numbers(4, 3)))

    def used(x: Tensor) -> Tensor:
        return reparametrise([Layer(x, bias)])[0].weight

    assert torch.equal(used(weight)[0], weight[0])
    assert torch.equal(gradient(used, weight)[0], torch.full((4, 3), 3.0, dtype=torch.float64))
    np.testing.assert_allclose(singular_values(used(weight))[1, 0], 3.0, rtol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "silu"])
def test_the_bound_is_what_the_text_says(activation):
    """silu's slope is at most 1.0998, so a chain of three may be 1.33 times as steep as the bound, and is so somewhere."""
    text = " ".join(str(CONSTRAINTS["spectral-norm"].__doc__).split())
    x = torch.linspace(-10, 10, 100_001, dtype=torch.float64)
    steepest = float(gradient(lambda y: ACTIVATIONS[activation].apply(y), x).max())
    if activation == "silu":
        assert f"{steepest:.4f}-Lipschitz" in text
        assert f"{steepest**3:.2f} times the bound" in text
    else:
        assert steepest == 1


@pytest.mark.parametrize("like", [torch.empty(0), torch.empty(0, dtype=torch.float64)], ids=["single", "double"])
@pytest.mark.parametrize("start", [(0.0, 0.0), (1e-25, 0.0)])
def test_spectral_norm_plays_on_from_nothing(like, start):
    world = small_world("hinge", "spectral-norm", critic=CRITICS["linear"](2, 1, start=start))
    assert torch.isfinite(states_of(world, [0], 3, like)[-1].parameters["critic"]).all()


def test_spectral_norm_outputs_agree_with_differences():
    critic, constraint = mlp_critic(2, 1, width=3, depth=1, activation="tanh"), CONSTRAINTS["spectral-norm"]()
    points = numbers(SEEDS, BATCH, 2)

    def outputs(parameters: Tensor) -> Tensor:
        return critic.forward(constraint.reparametrise(critic.layers(parameters)), points)

    parameters = random_parameters(critic)
    torch.testing.assert_close(gradient(outputs, parameters), differences(outputs, parameters), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_orthonormal_is_the_polar_factor(shape, size):
    weight = size * numbers(SEEDS, *shape)
    u, _, v = torch.linalg.svd(weight, full_matrices=False)
    torch.testing.assert_close(orthonormalised(weight), u @ v, rtol=0, atol=1e-9)
    assert not orthonormalised(0 * weight).any()


def test_orthonormal_rows_or_columns_of_first_weights_and_of_trained_ones():
    world = small_world(
        "wasserstein", "orthonormal", critic=mlp_critic(2, 1, width=64, depth=2, activation="groupsort")
    )
    for state in states_of(world, [0, 1], 3, torch.empty(0)):
        layers = world.game.constraint.reparametrise(
            world.game.players["critic"].network.layers(state.parameters["critic"])
        )
        for layer in layers:
            w = layer.weight if layer.weight.shape[1] <= layer.weight.shape[2] else layer.weight.mT
            torch.testing.assert_close(w @ w.mT, torch.eye(w.shape[1]).expand(SEEDS, -1, -1), rtol=0, atol=1e-5)


def test_orthonormal_leaves_orthonormal_weights_as_they_are():
    weight = torch.linalg.qr(numbers(SEEDS, 6, 6))[0]
    torch.testing.assert_close(orthonormalised(weight), weight, rtol=0, atol=1e-12)


def test_slopes_of_sorted_orthonormal_layers_keep_their_length():
    """One input, sorted units: the way back meets permutations and matrices with orthonormal rows alone, until the last layer."""
    critic = mlp_critic(2, 1, width=8, depth=2, activation="groupsort")
    layers = CONSTRAINTS["orthonormal"](lipschitz=8.0).reparametrise(critic.layers(random_parameters(critic)))
    judged = critic.judge(layers, 3 * numbers(SEEDS, 200, 2))
    slopes = judged.slopes(torch.ones_like(judged.outputs)).norm(dim=2)
    assert slopes.max() <= 8.0 * (1 + 1e-9)
    inner = [layer._replace(weight=layer.weight / 2) for layer in layers]
    for layer in inner:
        np.testing.assert_allclose(
            singular_values(layer.weight), np.ones((SEEDS, min(layer.weight.shape[1:]))), rtol=1e-9
        )


def test_orthonormal_outputs_agree_with_differences():
    critic, constraint = mlp_critic(2, 1, width=3, depth=2, activation="tanh"), CONSTRAINTS["orthonormal"]()
    points, parameters = numbers(SEEDS, BATCH, 2), random_parameters(critic)

    def outputs(parameters: Tensor) -> Tensor:
        return critic.forward(constraint.reparametrise(critic.layers(parameters)), points)

    torch.testing.assert_close(gradient(outputs, parameters), differences(outputs, parameters), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("bound", [0.7, 100.0])
def test_norm_clip_scales_long_layers_back_and_leaves_biases(bound):
    critic, project = mlp_critic(2, 1, width=4, depth=2), CONSTRAINTS["norm-clip"](bound=bound).project
    parameters = random_parameters(critic)
    for before, after in zip(critic.layers(parameters), critic.layers(project(parameters, critic.layers)), strict=True):
        for s in range(SEEDS):
            norm = before.weight[s].norm()
            torch.testing.assert_close(after.weight[s], before.weight[s] * min(1, bound / norm), rtol=1e-13, atol=0)
        assert torch.equal(after.bias, before.bias)


def test_projections_can_be_differentiated_through():
    """An unrolled generator looks through the critic's moves, projection and all."""
    critic = mlp_critic(2, 1, width=3, depth=1)
    for name in CONSTRAINTS:
        constraint = CONSTRAINTS[name]()
        layers_of, parameters = constraint.extend(critic).layers, random_parameters(constraint.extend(critic))

        def square(x: Tensor, constraint: Constraint = constraint, layers_of: LayersOf = layers_of) -> Tensor:
            return constraint.project(x, layers_of).square() + 0 * x

        torch.testing.assert_close(gradient(square, parameters), differences(square, parameters), rtol=1e-6, atol=1e-8)


def weight_norm_outputs(critic: Network, parameters: Tensor, points: Tensor) -> Tensor:
    return critic.forward(CONSTRAINTS["weight-norm"]().reparametrise(critic.layers(parameters)), points)


@pytest.mark.parametrize(
    "plain",
    [
        mlp_critic(2, 3, width=4, depth=2),
        LINEAR,
        CRITICS["linear"](2, 1),
        CRITICS["autoencoder"](2, 1, width=4, depth=1),
        CRITICS["identity"](2, 2),
    ],
    ids=["mlp", "plane", "linear", "autoencoder", "identity"],
)
def test_weight_norm_starts_as_the_plain_critic(plain):
    critic, points = CONSTRAINTS["weight-norm"]().extend(plain), numbers(SEEDS, 5, 2)
    first, wanted = (
        torch.from_numpy(np.stack([body.initial(np.random.default_rng(s)) for s in range(SEEDS)]))
        for body in (critic, plain)
    )
    found = weight_norm_outputs(critic, first, points)
    torch.testing.assert_close(found, plain.forward(plain.layers(wanted), points), rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(first[:, : wanted.shape[1]], wanted, rtol=0, atol=0)


def test_weight_norm_learns_length_and_direction_apart():
    critic = CONSTRAINTS["weight-norm"]().extend(mlp_critic(2, 1, width=3, depth=1, activation="tanh"))
    parameters, points = random_parameters(critic), numbers(SEEDS, BATCH, 2)
    assert parameters.shape == (SEEDS, 13 + 4)  # one length for each of 3 + 1 units
    layers = critic.layers(parameters)
    for layer, used in zip(layers, CONSTRAINTS["weight-norm"]().reparametrise(layers), strict=True):
        assert layer.length is not None
        torch.testing.assert_close(column_norms(used.weight), layer.length.abs(), rtol=1e-13, atol=0)
    assert torch.equal(torch.cat([layer.length[:, 0] for layer in layers], dim=1), parameters[:, 13:])

    def outputs(p: Tensor) -> Tensor:
        return weight_norm_outputs(critic, p, points)

    torch.testing.assert_close(gradient(outputs, parameters), differences(outputs, parameters), rtol=1e-6, atol=1e-8)
    longer = torch.cat((parameters[:, :6] * 7, parameters[:, 6:]), dim=1)  # a direction's own length is of no matter
    torch.testing.assert_close(outputs(longer), outputs(parameters), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "size"), [("l1-decay", torch.abs), ("l2-decay", torch.square)])
def test_decay_sums_over_every_weight_and_no_bias(name, size):
    critic = mlp_critic(2, 1, width=3, depth=1)
    parameters = random_parameters(critic)
    weights = torch.cat((parameters[:, :6], parameters[:, 9:12]), dim=1)
    wanted = 0.2 * size(weights).sum(dim=1)
    torch.testing.assert_close(penalty_of(critic, CONSTRAINTS[name](weight=0.2), parameters), wanted)
    assert (gradient(lambda p: penalty_of(critic, CONSTRAINTS[name](), p), parameters)[:, [6, 7, 8, 12]] == 0).all()


# --- two at once -----------------------------------------------------------------------------------------------------


@names
def test_none_beside_another_changes_nothing_bit_for_bit(name):
    neutral, one = CONSTRAINTS["none"](), CONSTRAINTS[name]()
    alone, *composed = (
        tensors_of(states_of(small_world(constraint=constraint), [0, 1], 2)[-1])
        for constraint in (one, compose(neutral, one), compose(one, neutral))
    )
    for both in composed:
        assert all(torch.equal(values, both[what]) for what, values in alone.items())


def test_penalties_of_two_are_added():
    critic = mlp_critic(2, 1, width=4, depth=2)
    parameters, r1, decay = random_parameters(critic), CONSTRAINTS["r1"](weight=3.0), CONSTRAINTS["l2-decay"]()
    wanted = penalty_of(critic, r1, parameters) + penalty_of(critic, decay, parameters)
    torch.testing.assert_close(penalty_of(critic, compose(r1, decay), parameters), wanted, rtol=1e-14, atol=0)


def test_r1_beside_spectral_norm_sees_the_normalised_slope():
    spectral, r1 = CONSTRAINTS["spectral-norm"](lipschitz=2.0), CONSTRAINTS["r1"](weight=3.0)
    for both in (compose(spectral, r1), compose(r1, spectral)):
        check_on_linear(both, lambda w: 3 / 2 * 2**2)


def test_projections_of_two_follow_each_other():
    both = compose(CONSTRAINTS["clip"](bound=1.0), CONSTRAINTS["norm-clip"](bound=1.0))
    found = both.project(torch.tensor([[3.0, -0.5, 2.0]]), LINEAR.layers)
    torch.testing.assert_close(found, torch.tensor([[1 / 1.25**0.5, -0.5 / 1.25**0.5, 1.0]]))


# --- two penalties ---------------------------------------------------------------------------------------------------

PAIRS = {
    "r1+r2": ("r1", "r2", ["penalty_r1", "penalty_r2"]),
    "twice the same": ("r1", {"kind": "r1", "weight": 3.0}, ["penalty_r1", "penalty_r1-also"]),
    "a penalty and a projection": ("r1", "clip", []),
    "a projection and a penalty": ("spectral-norm", "gradient-penalty", []),
    "one": ("r1", "none", []),
    "none": ("none", "none", []),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_penalties_are_told_apart_in_what_a_run_reports(pair, tmp_path):
    first, second, names = PAIRS[pair]
    small = {"training.frames": 2, "training.points": 8, "training.batch": 8, "generator.width": 4, "critic.width": 4}
    changes = {
        "method.constraint": {"kind": first},
        "method.also": second if isinstance(second, dict) else {"kind": second},
    }
    with undrawn():
        played = run.run("two-moons", "gan", 2, small | changes | {"training.steps": 3}, tmp_path, backend="eager")
    losses = ["critic_loss", "generator_loss", "penalty", *names]
    assert list(played.metrics)[: len(losses)] == losses
    assert [name for name in played.metrics if name.startswith("penalty")] == ["penalty", *names]
    if names:
        parts = [played.metrics[name][1:] for name in names]
        np.testing.assert_allclose(sum(parts), played.metrics["penalty"][1:], rtol=1e-6)
        assert all((part > 0).any() for part in parts)
        assert not np.array_equal(*parts)


def test_each_penalty_is_reported_as_it_is_alone():
    both = compose(CONSTRAINTS["r1"](weight=2.0), CONSTRAINTS["l2-decay"](weight=0.5), ("r1", "l2-decay"))
    told = states_of(small_world(constraint=both, critic_steps=1), [0, 1], 1)[-1].report
    for name, options in {"r1": {"weight": 2.0}, "l2-decay": {"weight": 0.5}}.items():
        alone = states_of(small_world(constraint=CONSTRAINTS[name](**options), critic_steps=1), [0, 1], 1)[-1].report
        assert torch.equal(told[f"penalty_{name}"], alone["penalty"])


# --- the neutral element ---------------------------------------------------------------------------------------------


def test_none_changes_nothing_bit_for_bit():
    world = small_world("non-saturating", "none", critic_steps=1)
    (first, second), player = states_of(world, [0, 1], 1), world.game.players["critic"]
    row = play.row_of(next(draws(source_of(world, [0, 1]), 0, DOUBLE)), 0)
    # The same move written out, by someone who has never heard of constraints.
    parameters = first.parameters["critic"].clone().requires_grad_()
    body, other = body_of(world, "critic"), body_of(world, "generator")
    fake = other.forward(other.layers(first.parameters["generator"]), row["latent"])
    outputs = body.forward(body.layers(parameters), torch.cat((row["real"], fake), dim=1))
    loss = said(world.game.objective, outputs[:, :8], outputs[:, 8:]).critic
    loss.sum().backward()
    before = first.players["critic"]
    moved = player.optimiser.move(before.parameters, parameters.grad, before.slots, before.moves + 1, player.rate)
    assert torch.equal(second.parameters["critic"], moved.parameters)
    assert torch.equal(second.report["critic_loss"], loss.detach())
    assert torch.equal(second.report["penalty"], torch.zeros_like(loss))


def test_none_is_every_default():
    none, neutral = CONSTRAINTS["none"](), Constraint()
    parameters = numbers(2, 3)
    assert none == neutral
    assert neutral.project(parameters, LINEAR.layers) is parameters
    layers = LINEAR.layers(parameters)
    assert neutral.reparametrise(layers) is layers


def test_weights_multiply():
    parameters = random_parameters(mlp_critic(2, 1, width=4, depth=2))
    weighted = [name for name, make in CONSTRAINTS.items() if "weight" in signature(make).parameters]
    assert len(weighted) >= 7
    for name, weight in product(weighted, (0.0, 1.0, 3.0)):
        one, many = (
            penalty_of(mlp_critic(2, 1, width=4, depth=2), CONSTRAINTS[name](weight=w), parameters)
            for w in (1.0, weight)
        )
        torch.testing.assert_close(many, weight * one, rtol=1e-13, atol=0)
