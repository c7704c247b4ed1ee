"""Bodies beyond the plain perceptron, by torch's own layers and by formulas; what generators are fed."""

import numpy as np
import pytest
import torch
from conftest import DOUBLE, differences, gradient, numbers, small_world, states_of
from test_game import check_together_is_alone
from test_networks import random_parameters
from torch import Tensor
from torch.nn.functional import batch_norm, layer_norm, linear

from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.game.constraints import CONSTRAINTS, Sight
from toygan.game.networks import Layers, Network, groupsort
from toygan.game.players import CRITICS, GENERATORS, mlp_critic

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

NORMS = ["batch", "layer"]


def normalised_by_torch(kind: str, parameters: Tensor, points: Tensor) -> Tensor:
    """One seed's outputs of a 2-5-5-3 critic by torch's own functions, its parameters cut by hand."""
    w1, b1, w2, b2, w3, b3, *learned = parameters.split([10, 5, 25, 5, 15, 3, *[5] * (4 if kind == "layer" else 2)])
    for k, (weight, bias) in enumerate(((w1, b1), (w2, b2))):
        if kind == "layer":
            points = layer_norm(linear(points, weight.view(-1, 5).T, bias), (5,), learned[k], learned[2 + k])
        else:
            before = linear(points, weight.view(-1, 5).T)
            points = batch_norm(before, None, None, learned[k], bias, training=True)
        points = points.relu()
    return linear(points, w3.view(5, 3).T, b3)


@pytest.mark.parametrize("kind", NORMS)
def test_normalised_perceptron_is_torchs(kind):
    critic = mlp_critic(2, 3, width=5, depth=2, normalisation=kind)
    parameters, points = random_parameters(critic), numbers(SEEDS, 8, 2)
    outputs = critic.forward(critic.layers(parameters), points)
    for s in range(SEEDS):
        wanted = normalised_by_torch(kind, parameters[s], points[s])
        torch.testing.assert_close(outputs[s], wanted, rtol=1e-10, atol=1e-11)


def first_parameters(critic: Network) -> Tensor:
    """[seed, P], each seed's own."""
    return torch.from_numpy(np.stack([critic.initial(np.random.default_rng(s)) for s in range(SEEDS)]))


@pytest.mark.parametrize("kind", NORMS)
def test_norms_start_with_scale_one_and_the_plain_weights(kind):
    plain, critic = (mlp_critic(2, 3, width=5, depth=2, normalisation=name) for name in ("none", kind))
    first = first_parameters(critic)
    units = 2 * 5
    assert first.shape == (SEEDS, 15 + 30 + 18 + units * (2 if kind == "layer" else 1))
    for layer, like in zip(critic.layers(first)[:-1], plain.layers(first_parameters(plain))[:-1], strict=True):
        assert torch.equal(layer.weight, like.weight)
        assert torch.equal(layer.scale, torch.ones_like(layer.bias))
        bound = like.weight.shape[1] ** -0.5 if kind == "layer" else 0.0  # behind a norm a bias starts at none
        assert (layer.bias.abs() <= bound).all()
        assert torch.equal(layer.bias == 0, torch.full_like(layer.bias, kind == "batch", dtype=torch.bool))
        assert layer.shift is None if kind == "batch" else torch.equal(layer.shift, torch.zeros_like(layer.bias))
    assert (critic.layers(first)[-1].bias == 0).all()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_layer_norm_sees_how_far_a_point_is(activation):
    """The norm of x W alone, with its bias outside, is the same for x and 2x; so is ours if the inner bias is none."""
    critic = mlp_critic(2, 1, width=16, depth=2, activation=activation, normalisation="layer")
    layers, x = critic.layers(first_parameters(critic)), numbers(SEEDS, 50, 2)
    one, two = (critic.forward(layers, points) for points in (x, 2 * x))
    assert ((two - one).abs().mean(dim=1) > 0.05 * one.std(dim=1)).all()
    blind = [layer._replace(bias=0 * layer.bias) for layer in layers]
    one, two = (critic.forward(blind, points) for points in (x, 2 * x))
    torch.testing.assert_close(one, two, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("kind", [*NORMS, "batch-running"])
def test_normalised_players_learn_alone_as_together(kind, constraint):
    world = small_world(
        "non-saturating",
        constraint,
        generator=GENERATORS["mlp"](width=6, depth=1, normalisation=kind.removesuffix("-running")),
        critic=mlp_critic(2, 1, width=6, depth=2, normalisation=kind),
        critic_steps=1,
    )
    check_together_is_alone(world, 2, DOUBLE, rtol=1e-9, atol=1e-10)


def torchs_batch_norms(layers: Layers, s: int) -> torch.nn.Sequential:
    """One seed's critic of two hidden layers out of torch's modules, its statistics as at the start."""
    modules: list[torch.nn.Module] = []
    for layer in layers[:-1]:
        plain = torch.nn.Linear(*layer.weight.shape[1:], bias=False, dtype=torch.float64)
        norm = torch.nn.BatchNorm1d(layer.weight.shape[2], dtype=torch.float64)
        plain.weight.data, norm.weight.data, norm.bias.data = layer.weight[s].T, layer.scale[s, 0], layer.bias[s, 0]
        modules += [plain, norm, torch.nn.ReLU()]
    last = torch.nn.Linear(*layers[-1].weight.shape[1:], dtype=torch.float64)
    last.weight.data, last.bias.data = layers[-1].weight[s].T, layers[-1].bias[s, 0]
    return torch.nn.Sequential(*modules, last)


def test_running_averages_are_torchs():
    """Two moves' batches, then a look: train() on real and generated points apart, and eval()."""
    critic, plain = (mlp_critic(2, 1, width=5, depth=2, normalisation=kind) for kind in ("batch-running", "batch"))
    learned = random_parameters(plain)
    start = first_parameters(critic)[:, learned.shape[1] :]  # means of zero, variances of one
    parameters = torch.cat((learned, start), dim=1)
    batches = [(numbers(SEEDS, 8, 2, seed=k), 3 + numbers(SEEDS, 6, 2, seed=9 + k)) for k in range(2)]
    for pair in batches:
        parameters = critic.note(parameters, lambda used=parameters: critic.layers(used), pair)
    assert torch.equal(parameters[:, : learned.shape[1]], learned)
    layers, points = critic.layers(parameters), numbers(SEEDS, 7, 2, seed=50)
    found = critic.settled(layers, points)(points).outputs
    for s in range(SEEDS):
        theirs = torchs_batch_norms(layers, s)
        for real, fake in batches:
            theirs(real[s]), theirs(fake[s])
        torch.testing.assert_close(found[s], theirs.eval()(points[s]).detach(), rtol=1e-11, atol=1e-12)
    # It learns as the critic without them does, and a settled judge needs no cloud.
    torch.testing.assert_close(critic.forward(layers, points), plain.forward(plain.layers(learned), points))
    torch.testing.assert_close(critic.settled(layers, 100 + points)(points).outputs, found, rtol=0, atol=0)


@pytest.mark.parametrize("constraint", ["none", "clip", "weight-norm", "spectral-norm", "l2-decay"])
def test_running_averages_change_nothing_in_training_and_no_constraint_changes_them(constraint):
    worlds = [
        small_world("hinge", constraint, critic=mlp_critic(2, 1, width=6, depth=2, normalisation=kind))
        for kind in ("batch", "batch-running")
    ]
    plain, kept = (states_of(world, [0, 1], 3)[-1] for world in worlds)
    assert torch.equal(plain.parameters["generator"], kept.parameters["generator"])
    learned = mlp_critic(2, 1, width=6, depth=2, normalisation="batch").initial(np.random.default_rng(0)).size
    assert torch.equal(kept.parameters["critic"][:, :learned], plain.parameters["critic"][:, :learned])
    assert torch.equal(
        kept.parameters["critic"][:, learned + 24 :], plain.parameters["critic"][:, learned:]
    )  # the lengths of weight norm
    assert (
        kept.parameters["critic"][:, learned + 12 : learned + 24] > 0.9**12 - 1e-9
    ).all()  # variances, after 2 batches in 6 moves
    assert (kept.parameters["critic"][:, learned : learned + 12] != 0).any()


@pytest.mark.parametrize("kind", [*NORMS, "batch-running"])
def test_no_hidden_layers_need_no_norm(kind):
    plain, critic = (mlp_critic(2, 1, depth=0, normalisation=name) for name in ("none", kind))
    first, points = first_parameters(critic), numbers(SEEDS, 4, 2)
    assert torch.equal(first, first_parameters(plain))
    assert torch.equal(critic.note(first, lambda: critic.layers(first), (points, points)), first)
    layers = critic.layers(first)
    assert torch.equal(critic.settled(layers, points)(points).outputs, plain.forward(layers, points))


def test_constraints_on_weights_leave_scales_and_shifts_but_clip_holds_them():
    critic = mlp_critic(2, 1, width=5, depth=2, normalisation="layer")
    parameters = 3 * random_parameters(critic)
    learned = slice(5 * 3 + 5 * 6 + 6, None)  # behind weights and biases
    held = CONSTRAINTS["norm-clip"](bound=0.1).project(parameters, critic.layers)
    assert torch.equal(held[:, learned], parameters[:, learned])
    layers = critic.layers(parameters)
    for layer, used in zip(layers, CONSTRAINTS["spectral-norm"]().reparametrise(layers), strict=True):
        assert used.scale is layer.scale
        assert used.bias is layer.bias
    clipped = CONSTRAINTS["clip"](bound=0.1).project(parameters, critic.layers)
    assert clipped.abs().max() <= 0.1
    for name, of in (("l1-decay", torch.abs), ("l2-decay", torch.square)):
        sight = Sight(parameters, parameters, {}, *[lambda: parameters] * 2, lambda x: x, lambda: layers)
        wanted = sum(of(layer.weight).sum(dim=(1, 2)) for layer in layers)
        torch.testing.assert_close(CONSTRAINTS[name](weight=1.0).penalty(sight), wanted)


def test_batch_norm_keeps_real_and_generated_points_apart():
    critic = mlp_critic(2, 1, width=5, depth=2, normalisation="batch")
    layers, real, fake = (
        critic.layers(random_parameters(critic)),
        numbers(SEEDS, 8, 2),
        5 + numbers(SEEDS, 6, 2, seed=1),
    )
    on_real, on_fake = critic.judge_both(layers, real, fake)
    torch.testing.assert_close(on_real.outputs, critic.forward(layers, real), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(on_fake.outputs, critic.forward(layers, fake), rtol=1e-13, atol=1e-13)
    again, _ = critic.judge_both(layers, real, 3 * fake)
    torch.testing.assert_close(again.outputs, on_real.outputs, rtol=0, atol=0)
    for points, slopes in ((real, on_real.slopes), (fake, on_fake.slopes)):
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
    found = settled(cloud[:, :2]).slopes(torch.ones(SEEDS, 2, 1, dtype=torch.float64))
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-7)


def test_slopes_stay_a_function_of_the_points_origin():
    """Where points depend on a generator, so do the outputs and slopes there: rules differentiate through them."""
    for critic in (mlp_critic(2, 1, width=4, depth=1, activation="groupsort"), mlp_critic(2, 1, width=4, depth=1)):
        layers, origin = critic.layers(random_parameters(critic)), numbers(SEEDS, 3, 2)

        def outputs(x: Tensor, critic: Network = critic, layers=layers) -> Tensor:
            return critic.judge_both(layers, x + 1, 2 * x)[1].outputs

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
    assert torch.equal(judged.slopes(pull), pull)


# --- generators ------------------------------------------------------------------------------------------------------


def test_tanh_output_stays_within_reach():
    plain, held = (GENERATORS["mlp"](width=6, depth=1, output=kind, reach=1.5).network for kind in ("linear", "tanh"))
    parameters, z = 5 * random_parameters(plain), numbers(SEEDS, 50, 2)
    free, bent = (body.forward(body.layers(parameters), z) for body in (plain, held))
    torch.testing.assert_close(bent, 1.5 * free.tanh(), rtol=1e-13, atol=1e-14)
    assert bent.abs().max() <= 1.5
    assert free.abs().max() > 1.5


def test_a_generator_is_widened_for_codes():
    generator = GENERATORS["mlp"](width=6, depth=1, latent_dim=3)
    assert len(generator.network.initial(np.random.default_rng(0))) == 4 * 6 + 7 * 2
    assert len(generator.widened(4).initial(np.random.default_rng(0))) == 8 * 6 + 7 * 2


@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind not in ("mlp", "translator")])
def test_generators_without_a_place_for_codes_refuse_them(kind):
    assert GENERATORS[kind]().widened is None
    with pytest.raises(UserError, match="categories"):
        read("eight-gaussians", "infogan", [("generator", {"kind": kind})])
