"""The players' bodies against torch's own layers and autograd, first parameters and latents against formulas."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from conftest import facts_of, gradient, numbers
from torch import Tensor

from toygan.game.networks import ACTIVATIONS, INITIALISATIONS, Layers, LayerShape, Network
from toygan.game.players import CRITICS, GENERATORS, LATENTS, mlp_critic
from toygan.targets.mixtures import ring

SEEDS = 3
TORCH = {
    "relu": torch.nn.ReLU(),
    "leaky-relu": torch.nn.LeakyReLU(0.2),
    "tanh": torch.nn.Tanh(),
    "silu": torch.nn.SiLU(),
    "softplus": torch.nn.Softplus(),
    "groupsort": lambda x: torch.cat(
        (x[..., :-1].unflatten(-1, (-1, 2)).sort(dim=-1).values.flatten(-2), x[..., -1:]), -1
    ),
}
SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"width": 6, "depth": 2},
    "autoencoder": {"width": 6},
    "maxout": {"width": 4, "depth": 2, "pieces": 3},
}  # rows that are big unless told
RING = ring().sample


def random_parameters(body: Network, seed: int = 0) -> Tensor:
    """[seed, P], biases too."""
    return numbers(SEEDS, len(body.initial(np.random.default_rng(0))), seed=seed)


# --- checks, also held against the silent errors ---------------------------------------------------------------------


def check_judged_alone(forward: Callable[[Tensor], Tensor], points: Tensor) -> None:
    """A point's score [seed, batch, outputs] does not depend on which other points are in its batch."""
    together = forward(points)
    for i in range(points.shape[1]):
        torch.testing.assert_close(forward(points[:, i : i + 1]), together[:, i : i + 1], rtol=1e-12, atol=1e-12)


# --- critics ---------------------------------------------------------------------------------------------------------


def check_slopes(critic: Network, layers: Layers, points: Tensor, rows: slice) -> None:
    """The judge's slopes by any pull are autograd's, and may be asked for on some rows alone."""
    judged = critic.judge(layers, points)
    pull = numbers(*judged.outputs.shape, seed=8)
    wanted = gradient(lambda x: critic.forward(layers, x) * pull, points)
    torch.testing.assert_close(judged.slopes(pull), wanted, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(judged.slopes(pull[:, rows], rows), wanted[:, rows], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_by_hand_are_autograds(activation, depth):
    critic = mlp_critic(2, 2, width=7, depth=depth, activation=activation)
    # Halved, because beyond 20 torch takes the slope of softplus for exactly 1.
    layers = critic.layers(random_parameters(critic) / 2)
    check_slopes(critic, layers, numbers(SEEDS, 9, 2), slice(2, 5))


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_perceptron_is_torchs(activation, depth):
    bend = facts_of(TORCH, activation, "TORCH in tests/test_networks.py")
    critic = mlp_critic(2, 3, width=5, depth=depth, activation=activation)
    parameters, points = random_parameters(critic), numbers(SEEDS, 4, 2)
    outputs = critic.forward(critic.layers(parameters), points)
    for s in range(SEEDS):
        wanted, rest, ends = points[s], parameters[s], [2, *[5] * depth, 3]
        for i, (a, b) in enumerate(pairwise(ends)):
            weight, bias, rest = rest[: a * b].view(a, b), rest[a * b : a * b + b], rest[a * b + b :]
            wanted = torch.nn.functional.linear(bend(wanted) if i else wanted, weight.T, bias)
        torch.testing.assert_close(outputs[s], wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", CRITICS)
def test_critic_judges_each_point_and_each_seed_alone(kind):
    critic = CRITICS[kind](2, 1 if kind == "autoencoder" else 2, **SMALL.get(kind, {}))
    parameters, points = random_parameters(critic), numbers(SEEDS, 5, 2)
    layers = critic.layers(parameters)
    judged = critic.judge(layers, points)
    check_judged_alone(lambda x: critic.forward(layers, x), points)
    torch.testing.assert_close(judged.outputs, critic.forward(layers, points), rtol=1e-13, atol=1e-13)
    check_slopes(critic, layers, points, slice(1, 3))
    alone = critic.judge(critic.layers(parameters[1:2]), points[1:2])
    torch.testing.assert_close(alone.outputs, judged.outputs[1:2], rtol=1e-13, atol=1e-13)


def test_linear_critic_is_a_plane():
    x = numbers(1, 4, 2)
    for bias, size in ((False, 4), (True, 6)):
        critic = CRITICS["linear"](2, 2, start=(3.0, -2.0), bias=bias)
        parameters = torch.from_numpy(critic.initial(np.random.default_rng(0)))[None]
        assert parameters.shape == (1, size)
        outputs = critic.forward(critic.layers(parameters), x)
        torch.testing.assert_close(outputs, (3 * x[..., :1] - 2 * x[..., 1:]).expand(-1, -1, 2))


# --- generators and latents ------------------------------------------------------------------------------------------


def generated(kind: str, parameters: Tensor, latents: np.ndarray, **options: Any) -> np.ndarray:
    body = GENERATORS[kind](**options).network
    return body.forward(body.layers(parameters), torch.from_numpy(latents)[None])[0].numpy()


@pytest.mark.parametrize("kind", GENERATORS)
def test_generator_makes_points_and_has_a_gradient(kind):
    generator = GENERATORS[kind](**SMALL.get(kind, {}))
    body = generator.network
    parameters = random_parameters(body)
    latents = torch.from_numpy(np.stack([generator.latents(np.random.default_rng(s), 4, RING) for s in range(SEEDS)]))
    points = body.forward(body.layers(parameters), latents)
    assert points.shape == (SEEDS, 4, 2)
    assert torch.isfinite(gradient(lambda p: body.forward(body.layers(p), latents), parameters)).all()
    alone = body.forward(body.layers(parameters[1:2]), latents[1:2])
    torch.testing.assert_close(alone, points[1:2], rtol=1e-13, atol=1e-13)


def test_point_and_shift_are_what_they_learn():
    theta = torch.tensor([[0.5, -2.0]], dtype=torch.float64)
    assert (generated("point", theta, np.zeros((3, 1))) == [0.5, -2.0]).all()
    u = GENERATORS["shift"]().latents(np.random.default_rng(0), 1000, RING)
    assert (generated("shift", theta[:, :1], u) == np.column_stack([np.full(1000, 0.5), u])).all()
    np.testing.assert_allclose(np.quantile(u, [0, 0.25, 0.5, 0.75, 1]), [0, 0.25, 0.5, 0.75, 1], atol=0.05)


def check_data_plus_noise(points: np.ndarray, std: float) -> None:
    """The ring's covariance, plus the noise's: radius^2 / 2 + 0.02^2 + std^2 along both axes."""
    np.testing.assert_allclose(np.cov(points.T), np.eye(2) * (2 + 0.02**2 + std**2), atol=0.08)
    radius = np.hypot(*points.T)
    np.testing.assert_allclose(np.mean(radius**4), 16 + 32 * std**2 + 8 * std**4, rtol=0.03)  # of |x + e|^4, |x| = 2


def test_data_plus_noise_is_that():
    latents = GENERATORS["data-plus-noise"](std=0.5).latents(np.random.default_rng(0), 20_000, RING)
    check_data_plus_noise(generated("data-plus-noise", torch.zeros(1, 0, dtype=torch.float64), latents), 0.5)


@pytest.mark.parametrize("law", LATENTS)
def test_latents_have_the_moments_of_their_law(law):
    variance = facts_of(
        {"normal": 1.0, "uniform": 1 / 3, "sphere": 1.0}, law, "the variances in tests/test_networks.py"
    )
    z = LATENTS[law](np.random.default_rng(0), 20_000, 3)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), variance * np.eye(3), atol=0.04)
    np.testing.assert_array_equal(z, LATENTS[law](np.random.default_rng(0), 20_000, 3))


def test_latents_stay_where_their_law_is():
    np.testing.assert_allclose(
        np.linalg.norm(LATENTS["sphere"](np.random.default_rng(0), 99, 5), axis=1), 5**0.5, rtol=1e-14
    )
    assert np.abs(LATENTS["uniform"](np.random.default_rng(0), 9999, 2)).max() <= 1


# --- first parameters ------------------------------------------------------------------------------------------------

VARIANCES = {
    "he": lambda a, b: 2 / a,
    "xavier": lambda a, b: 2 / (a + b),
    "normal": lambda a, b: 0.02**2,
    "orthogonal": lambda a, b: 1 / max(a, b),
    "torch": lambda a, b: 1 / (3 * a),
}


@pytest.mark.parametrize("law", INITIALISATIONS)
@pytest.mark.parametrize("shape", [LayerShape(300, 100), LayerShape(100, 300)])
def test_first_weights_have_the_variance_of_their_law(law, shape):
    weight = INITIALISATIONS[law](np.random.default_rng(0), shape)
    assert weight.shape == shape
    variance = facts_of(VARIANCES, law, "VARIANCES in tests/test_networks.py")(*shape)
    np.testing.assert_allclose(np.mean(weight**2), variance, rtol=0.03)
    np.testing.assert_allclose(np.mean(weight), 0, atol=4 * (variance / weight.size) ** 0.5)


def test_orthogonal_weights_are_orthonormal():
    tall = INITIALISATIONS["orthogonal"](np.random.default_rng(0), LayerShape(8, 3))
    np.testing.assert_allclose(tall.T @ tall, np.eye(3), atol=1e-14)
    wide = INITIALISATIONS["orthogonal"](np.random.default_rng(0), LayerShape(3, 8))
    np.testing.assert_allclose(wide @ wide.T, np.eye(3), atol=1e-14)


def test_first_biases_are_zero_and_gain_multiplies():
    one, three = (
        mlp_critic(2, 1, width=4, depth=1, gain=gain).initial(np.random.default_rng(0)) for gain in (1.0, 3.0)
    )
    np.testing.assert_allclose(three, 3 * one, rtol=1e-15)
    assert (one[8:12] == 0).all()
    assert one[16] == 0
    assert len(one) == 17


@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_torchs_initialisation_is_torchs_law_of_weights_and_biases(normalisation):
    """Uniform within 1 / sqrt(inputs) as torch's own linear layers are; behind a batch norm a bias is its shift, 0."""
    critic = mlp_critic(2, 1, width=400, depth=2, initialisation="torch", normalisation=normalisation)
    layers = critic.layers(torch.from_numpy(critic.initial(np.random.default_rng(0)))[None])
    for layer, own in zip(layers, (torch.nn.Linear(2, 400), torch.nn.Linear(400, 400), None), strict=True):
        shifted = normalisation == "batch" and own is not None
        bound = layer.weight.shape[1] ** -0.5
        for drawn in (layer.weight, *([] if shifted else [layer.bias])):
            assert drawn.abs().max() <= bound
            assert drawn.numel() < 400 or drawn.abs().max() > 0.98 * bound
        assert (layer.bias == 0).all() == shifted
        if own is not None:
            torch.testing.assert_close(layer.weight.std(), own.weight.std().double(), rtol=0.1, atol=0)
            assert own.weight.abs().max() <= bound


def test_a_maxout_unit_is_the_largest_of_its_pieces():
    critic = CRITICS["maxout"](2, 1, width=4, depth=2, pieces=3)
    parameters, x = random_parameters(critic), numbers(SEEDS, 6, 2)
    assert parameters.shape[1] == (2 + 1) * 12 + (4 + 1) * 12 + (4 + 1)
    first, second, last = critic.layers(parameters)
    for s in range(SEEDS):
        hidden = x[s]
        for layer in (first, second):
            every = hidden @ layer.weight[s] + layer.bias[s]
            hidden = torch.stack([every[:, 3 * k : 3 * k + 3].max(dim=1).values for k in range(4)], dim=1)
        wanted = hidden @ last.weight[s] + last.bias[s]
        torch.testing.assert_close(critic.forward([first, second, last], x)[s], wanted, rtol=1e-12, atol=1e-12)
