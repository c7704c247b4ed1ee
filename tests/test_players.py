"""Bodies beyond the plain perceptron, by torch's own layers and by formulas; what generators are fed."""

import numpy as np
import pytest
import torch
from conftest import differences, gradient, numbers
from test_networks import RING, random_parameters
from torch import Tensor

from toygan.networks import Network, groupsort
from toygan.players import CRITICS, GENERATORS, mlp_critic

SEEDS = 3

# --- groupsort -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [1, 2, 5, 6])
def test_groupsort_sorts_pairs_and_keeps_lengths(units):
    x, y = numbers(2, 7, units), numbers(2, 7, units, seed=1)
    found = groupsort(x)
    even = units // 2 * 2
    assert (found[..., 0:even:2] <= found[..., 1:even:2]).all()
    for i in range(0, even, 2):
        torch.testing.assert_close(found[..., i : i + 2], x[..., i : i + 2].sort(dim=-1).values, rtol=0, atol=0)
    assert torch.equal(found[..., even:], x[..., even:])
    assert ((found - groupsort(y)).norm(dim=-1) <= (x - y).norm(dim=-1) * (1 + 1e-12)).all()
    pull = numbers(2, 7, units, seed=2)  # a permutation hands gradients on whole
    sent = gradient(lambda z: groupsort(z) * pull, x)
    torch.testing.assert_close(sent.norm(dim=-1), pull.norm(dim=-1), rtol=1e-13, atol=0)


# --- normalised bodies -----------------------------------------------------------------------------------------------


def normalised_by_torch(norm: torch.nn.Module, critic: Network, parameters: Tensor, points: Tensor) -> Tensor:
    """One seed's outputs by torch's layers: linear without bias, norm, bias, relu, and a last affine map."""
    layers = critic.layers(parameters[None])
    for layer in layers[:-1]:
        points = torch.relu(norm(points @ layer.weight[0]) + layer.bias[0])
    return points @ layers[-1].weight[0] + layers[-1].bias[0]


NORMS = {
    "batch": torch.nn.BatchNorm1d(5, affine=False, dtype=torch.float64),
    "layer": torch.nn.LayerNorm(5, elementwise_affine=False),
}


@pytest.mark.parametrize("kind", NORMS)
def test_normalised_perceptron_is_torchs(kind):
    critic = mlp_critic(2, 3, width=5, depth=2, normalisation=kind)
    parameters, points = random_parameters(critic), numbers(SEEDS, 8, 2)
    outputs = critic.forward(critic.layers(parameters), points)
    for s in range(SEEDS):
        wanted = normalised_by_torch(NORMS[kind].train(), critic, parameters[s], points[s])
        torch.testing.assert_close(outputs[s], wanted, rtol=1e-10, atol=1e-11)


def test_batch_norm_keeps_real_and_generated_points_apart():
    critic = mlp_critic(2, 1, width=5, depth=2, normalisation="batch")
    layers, real, fake = (
        critic.layers(random_parameters(critic)),
        numbers(SEEDS, 8, 2),
        5 + numbers(SEEDS, 6, 2, seed=1),
    )
    pair = critic.judge_both(layers, real, fake)
    torch.testing.assert_close(pair.r, critic.forward(layers, real), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(pair.g, critic.forward(layers, fake), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(critic.judge_both(layers, real, 3 * fake).r, pair.r, rtol=0, atol=0)
    for points, slopes in ((real, pair.real_slopes), (fake, pair.fake_slopes)):
        wanted = gradient(lambda x: critic.forward(layers, x), points)
        torch.testing.assert_close(slopes(torch.ones_like(points[..., :1])), wanted, rtol=1e-10, atol=1e-11)


def test_settled_batch_norm_judges_each_point_alone_as_it_was_settled():
    critic = mlp_critic(2, 1, width=5, depth=2, normalisation="batch")
    layers, cloud = critic.layers(random_parameters(critic)), numbers(SEEDS, 9, 2)
    settled = critic.settled(layers, cloud)
    together = settled(cloud)
    torch.testing.assert_close(together.outputs, critic.forward(layers, cloud), rtol=1e-12, atol=1e-12)
    for i in range(9):
        torch.testing.assert_close(settled(cloud[:, i : i + 1]).outputs, together.outputs[:, i : i + 1])
    wanted = differences(lambda x: settled(x).outputs, cloud[:, :2])
    found = settled(cloud[:, :2]).slopes(slice(None), torch.ones(SEEDS, 2, 1, dtype=torch.float64))
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-7)


def test_slopes_stay_a_function_of_the_points_origin():
    """Where points depend on a generator, so do the outputs and slopes there: rules differentiate through them."""
    for critic in (mlp_critic(2, 1, width=4, depth=1, activation="groupsort"), mlp_critic(2, 1, width=4, depth=1)):
        layers, origin = critic.layers(random_parameters(critic)), numbers(SEEDS, 3, 2)

        def outputs(x: Tensor, critic: Network = critic, layers=layers) -> Tensor:
            return critic.judge_both(layers, x + 1, 2 * x).g

        torch.testing.assert_close(gradient(outputs, origin), differences(outputs, origin), rtol=1e-6, atol=1e-8)


# --- autoencoder and identity ----------------------------------------------------------------------------------------


def test_autoencoders_score_is_minus_the_squared_error():
    critic = CRITICS["autoencoder"](2, 1, width=4, depth=1, code=3, activation="tanh")
    parameters, x = random_parameters(critic), numbers(SEEDS, 6, 2)
    outputs = critic.forward(critic.layers(parameters), x)
    assert outputs.shape == (SEEDS, 6, 4)
    w1, b1, w2, b2, w3, b3, w4, b4 = parameters[0].split([8, 4, 12, 3, 12, 4, 8, 2])
    code = (x[0] @ w1.view(2, 4) + b1).tanh() @ w2.view(4, 3) + b2
    back = (code @ w3.view(3, 4) + b3).tanh() @ w4.view(4, 2) + b4
    torch.testing.assert_close(outputs[0, :, 0], -((x[0] - back) ** 2).sum(dim=1), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(outputs[0, :, 1:], code, rtol=1e-12, atol=1e-13)


def test_autoencoder_refuses_a_wider_head():
    with pytest.raises(ValueError, match="autoencoder"):
        CRITICS["autoencoder"](2, 8)


def test_identity_critic_says_the_point_and_learns_nothing():
    critic, x = CRITICS["identity"](2, 2), numbers(SEEDS, 4, 2)
    layers = critic.layers(torch.zeros(SEEDS, 0, dtype=torch.float64))
    assert len(critic.initial(np.random.default_rng(0))) == 0
    assert torch.equal(critic.forward(layers, x), x)
    judged, pull = critic.judge(layers, x), numbers(SEEDS, 4, 2, seed=1)
    assert torch.equal(judged.slopes(slice(None), pull), pull)


# --- generators ------------------------------------------------------------------------------------------------------


def test_tanh_output_stays_within_reach():
    plain, held = (GENERATORS["mlp"](width=6, depth=1, output=kind, reach=1.5).network for kind in ("linear", "tanh"))
    parameters, z = 5 * random_parameters(plain), numbers(SEEDS, 50, 2)
    free, bent = (body.forward(body.layers(parameters), z) for body in (plain, held))
    torch.testing.assert_close(bent, 1.5 * free.tanh(), rtol=1e-13, atol=1e-14)
    assert bent.abs().max() <= 1.5
    assert free.abs().max() > 1.5


def test_categories_are_one_hot_even_and_in_front():
    generator = GENERATORS["mlp"](4, width=6, depth=1, latent_dim=3)
    z = generator.latents(np.random.default_rng(0), 20_000, RING)
    assert generator.categories == 4
    assert z.shape == (20_000, 7)
    assert set(np.unique(z[:, :4])) == {0.0, 1.0}
    assert (z[:, :4].sum(axis=1) == 1).all()
    np.testing.assert_allclose(z[:, :4].mean(axis=0), 0.25, atol=0.02)
    plain = GENERATORS["mlp"](width=6, depth=1, latent_dim=3).latents(np.random.default_rng(0), 20_000, RING)
    np.testing.assert_array_equal(z[:, 4:], plain)
    assert len(generator.network.initial(np.random.default_rng(0))) == 8 * 6 + 7 * 2


@pytest.mark.parametrize("kind", set(GENERATORS) - {"mlp"})
def test_generators_without_a_place_for_categories_refuse_them(kind):
    with pytest.raises(ValueError, match="categories"):
        GENERATORS[kind](3)
