"""What is seen inside the players, against gradients taken another way, and the pictures of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import permutations

import numpy as np
import pytest
import torch
from conftest import states_in, with_parameters
from matplotlib.text import Text
from torch import Tensor
from torch.nn.functional import softplus

from toygan.draw.layout import axis_at
from toygan.draw.players import VIEWS, folded, latent_map, matched, quads, transport_lines, transport_matrix
from toygan.draw.saved import save_figure
from toygan.draw.sheet import blank
from toygan.files.scenario import read
from toygan.game import duel
from toygan.game.networks import INITIALISATIONS
from toygan.quantities import state as inside
from toygan.quantities.state import Watched
from toygan.session import simulation as simulate
from toygan.session.facts import Facts
from toygan.session.looks import observe
from toygan.session.recording import Recording
from toygan.session.simulation import Simulation
from toygan.view.scene import scene

torch.set_num_threads(1)
SMALL = ["training.points=40", "training.precision='double'", "critic.width=8", "critic.depth=2", "generator.width=8"]


@cache
def small(method: str = "ns-gan", *changes: str) -> Simulation:
    return simulate.simulation(read("eight-gaussians", method, [*SMALL, "training.seeds=2", *changes]))


def clouds(sim: Simulation) -> Watched:
    seen = duel.carried(sim.world.game, sim.start.averaged, sim.watched).detach()
    return Watched(torch.from_numpy(sim.ground.real[None]), seen, sim.watched)


def looked(sim: Simulation) -> dict[str, np.ndarray]:
    seen = clouds(sim)
    return inside.views(sim.world.game, sim.start, seen, 1, sim.world.game, seen)


def test_scores_and_slopes_are_those_of_the_critic() -> None:
    sim = small()
    seen, (real, fake, *_) = looked(sim), clouds(sim)
    points = torch.cat((real.expand(2, -1, -1), fake), dim=1).requires_grad_()
    layers = duel.critic_layers(sim.world.game, sim.start.parameters)
    scores = sim.world.game.players["critic"].network.forward(layers, points)[..., 0]
    (slopes,) = torch.autograd.grad(scores.sum(), points)
    assert np.allclose(np.hstack((seen["real_scores"], seen["fake_scores"])), scores.detach(), atol=1e-6)
    assert np.allclose(seen["fake_slopes"], slopes[:, 40:], atol=1e-6)
    medians = slopes.norm(dim=2).unflatten(1, (2, 40)).quantile(0.5, dim=2)
    assert np.allclose(seen["slope_quantiles"][:, :2, 2], medians, atol=1e-6)


def test_points_between_lie_on_the_segments_and_all_along_them() -> None:
    real, fake = torch.zeros(1, 500, 2), torch.ones(1, 500, 2)
    shares = inside.between(real, fake)[0]
    assert torch.equal(shares[:, 0], shares[:, 1])
    assert np.abs(np.sort(shares[:, 0]) - (np.arange(500) + 0.5) / 500).max() < 0.01


def by_hand(weights: list[tuple[Tensor, Tensor]], points: Tensor, sign: float) -> list[Tensor]:
    """Per-point gradients of sp(sign * score) at each affine map's output, by the chain rule: [n, out] each."""
    outputs = [points @ weights[0][0] + weights[0][1]]
    for weight, bias in weights[1:]:
        outputs.append(outputs[-1].relu() @ weight + bias)
    back = [sign * torch.sigmoid(sign * outputs[-1])]
    for (weight, _), before in zip(weights[:0:-1], outputs[-2::-1], strict=True):
        back.append((back[-1] @ weight.T) * (before > 0))
    return back[::-1]


def test_layer_gradients_are_per_point_and_by_the_chain_rule() -> None:
    sim = small()
    real, fake, *_ = clouds(sim)
    for seed in range(2):
        layers = [
            (layer.weight[seed], layer.bias[seed])
            for layer in sim.world.game.players["critic"].network.layers(sim.start.parameters["critic"])
        ]
        sides = zip(by_hand(layers, real[0], -1), by_hand(layers, fake[seed], 1), strict=True)
        expected = [((a.square().sum(1).mean() + b.square().sum(1).mean()) / 2).sqrt() for a, b in sides]
        assert np.allclose(looked(sim)["layer_gradients"][seed], expected, rtol=1e-5)
        assert np.isclose(looked(sim)["layer_gradient_ratio"][seed], expected[0] / expected[-1], rtol=1e-5)


@pytest.mark.parametrize("depth", [2, 6])
def test_layer_gradients_shrink_with_small_weights(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INITIALISATIONS, "normal", lambda rng, shape: rng.normal(0.0, 0.02, shape))
    sim = simulate.simulation(
        read("eight-gaussians", "ns-gan", [*SMALL, f"critic.depth={depth}", "critic.initialisation='normal'"])
    )
    sizes = looked(sim)["layer_gradients"][0]
    assert len(sizes) == depth + 1
    assert (np.diff(sizes) > 0).all()
    assert sizes[0] / sizes[-1] < 0.2**depth


def test_the_generators_gradient_is_that_of_its_loss() -> None:
    sim = small()
    parameters = sim.start.parameters["generator"].clone().requires_grad_()
    layers = duel.critic_layers(sim.world.game, sim.start.parameters)
    scores = sim.world.game.players["critic"].network.forward(
        layers, duel.carried(sim.world.game, {"generator": parameters}, sim.watched)
    )
    softplus(-scores).mean(dim=(1, 2)).sum().backward()
    assert np.allclose(looked(sim)["generator_gradient"], parameters.grad.norm(dim=1), rtol=1e-5)


def test_a_frozen_generator_has_no_gradient() -> None:
    sim = simulate.simulation(read("swiss-roll", "wgan-gp", ["generator.kind='data-plus-noise'", *SMALL[:2]]))
    assert looked(sim)["generator_gradient"] == 0


def test_scores_are_saturated_where_the_generators_loss_is_flat() -> None:
    """Minimax is flat where the critic is sure that points are generated, the non-saturating loss where it is taken
    in."""
    for method, flat_below in (("gan", True), ("ns-gan", False)):
        sim = small(method, "critic.depth=0")
        sure = with_parameters(sim.start, {"critic": torch.tensor([[0.0, 0.0, -9.0], [0.0, 0.0, 9.0]]).double()})
        found = inside.score_saturation(sim.world.game, sure, clouds(sim))
        assert found.tolist() == ([1.0, 0.0] if flat_below else [0.0, 1.0])


def test_weights_at_a_bound_are_counted_without_being_told_the_bound() -> None:
    free = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0))
    clipped = free.clamp(-0.5, 0.5)
    assert inside.weight_saturation(free).tolist() == [0, 0]
    assert torch.allclose(inside.weight_saturation(clipped), (free.abs() >= 0.5).float().mean(dim=1))
    assert inside.weight_saturation(torch.zeros(1, 5)) == 0
    assert inside.weight_saturation(torch.zeros(1, 0)) == 0


def test_the_histogram_is_numpys() -> None:
    weights = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 500)))
    shares, reach = inside.weight_histogram(weights)
    counts, _ = np.histogram(weights[0], bins=inside.BINS, range=(-float(reach), float(reach)))
    assert np.allclose(shares[0], counts / 500)
    assert float(reach) == float(weights.abs().max())


def test_the_latent_square_has_the_law_of_the_latents() -> None:
    normal = torch.randn(4000, 5, generator=torch.Generator().manual_seed(0))
    grid = inside.latent_grid(normal).reshape(25, 25, 5)
    assert torch.equal(grid[0, :, 0], grid[-1, :, 0])  # columns: the first coordinate
    assert torch.allclose(
        (normal[:, :1] < grid[0, 1:-1, 0]).float().mean(dim=0), torch.linspace(0.02, 0.98, 25)[1:-1], atol=1e-3
    )
    assert grid[..., 2:].abs().max() < 0.05
    one_hot = inside.latent_grid(torch.cat((torch.eye(3)[torch.arange(4000) % 3], normal), dim=1), categories=3)
    assert torch.equal(one_hot[:, :3], torch.eye(3)[:1].expand(625, 3))


@pytest.mark.parametrize("dim", [2, 3, 8])
def test_on_a_sphere_the_square_stays_on_it_and_columns_are_great_circles(dim: int) -> None:
    z = torch.randn(500, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    grid = inside.latent_grid(z * (dim**0.5 / z.norm(dim=1, keepdim=True))).reshape(25, 25, dim)
    assert torch.allclose(grid.norm(dim=2), torch.tensor(dim**0.5, dtype=torch.float64))
    if dim > 2:
        steps = (grid[1:] * grid[:-1]).sum(dim=2) / dim
        assert torch.allclose(steps, steps[0, 0])  # equal angles
        assert torch.linalg.matrix_rank(grid[:, 7], tol=1e-9) == 2  # in one plane


@pytest.mark.parametrize(
    "method", ["wgan", "sngan", "wgan-weight-norm", "mmd-gan", "ebgan", "infogan", "pacgan", "ns-gan-smooth"]
)
def test_every_kind_of_critic_can_be_seen_alone_as_together(method: str) -> None:
    together, alone = (looked(small(method, f"training.seeds={n}")) for n in (2, 1))
    assert all(np.isfinite(values).all() for values in together.values())
    assert all(np.allclose(together[name][:1], values, rtol=1e-4, atol=1e-6) for name, values in alone.items())


# --- pictures --------------------------------------------------------------------------------------------------------


@cache
def recorded() -> Recording:
    """Three frames of one small game, as a run would keep them."""
    sim = small("wgan", "training.steps=4", "training.frames=3")
    looks = [observe(sim, states_in(sim)[step]) for step in sim.frame_steps]
    frames = {name: np.stack([look.arrays[name] for look in looks]) for name in looks[0].arrays}
    frames |= {"step": np.array([look.step for look in looks]), "real": sim.ground.real}
    frames |= dict(
        zip(("grid_x", "grid_y", "slope_x", "slope_y"), (*sim.ground.score_axes, *sim.ground.slope_axes), strict=True)
    )
    facts = {"scenario": "eight-gaussians", "method": "wgan", "seeds": [0, 1], "steps": 4, "step": 4, "status": "done"}
    return Recording(Facts.of(facts), frames, {})


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_drawn_from_old_and_from_lost_recordings_too(view: str, tmp_path) -> None:
    old = {"step", "samples", "scores", "slopes", "real", "grid_x", "grid_y", "slope_x", "slope_y"}
    frames = recorded().frames
    lost = {name: np.array(values) for name, values in frames.items()}
    lost["samples"][1:] = np.nan
    for name, kept in (("new", frames), ("old", {key: frames[key] for key in old}), ("lost", lost)):
        figure = VIEWS[view](replace(recorded(), frames=kept))
        words = " ".join(text.get_text() for text in figure.findobj(Text))
        if name != "old":  # whose panels are those of the new one, or words
            save_figure(figure, tmp_path / f"{name}.svg", "")
        assert ("not recorded" in words or "not measured" in words) == (name == "old" and view != "transport")


def test_unknown_formats_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="png"):
        save_figure(VIEWS["inside"](recorded()), tmp_path / "a.gif", "")


def test_a_fold_is_where_cells_arrive_turned_over() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 11), np.linspace(-1, 1, 11))
    flat, bent = np.stack((x, y), axis=-1), np.stack((np.abs(x - 0.4), y), axis=-1)
    assert not folded(flat).any()
    assert not folded(flat[:, ::-1]).any()  # all turned over is no fold
    assert not folded(np.zeros_like(flat)).any()
    middles = x[:-1, :-1] + 0.1
    assert np.array_equal(folded(bent).reshape(10, 10), middles > 0.4)
    assert np.allclose(quads(flat)[0], [[-1, -1], [-0.8, -1], [-0.8, -0.8], [-1, -0.8]])


def test_the_plan_is_the_cheapest_assignment() -> None:
    rng = np.random.default_rng(0)
    points, real = rng.standard_normal((2, 6, 2))
    costs = np.linalg.norm(points[:, None] - real, axis=2)
    best = min(permutations(range(6)), key=lambda order: costs[range(6), order].sum())
    assert tuple(matched(points, real)) == best


def test_panels_draw_what_they_are_given() -> None:
    shown = scene(recorded())
    figure = blank(5)
    map_axis, lines, matrix = (axis_at(figure, 0.5 + 2.5 * i, 1, 2, 2) for i in range(3))
    latent_map(map_axis, shown)
    transport_lines(lines, shown)
    transport_matrix(matrix, shown)
    assert len(map_axis.collections[0].get_paths()) == inside.CELLS**2
    assert len(lines.collections[0].get_segments()) == 40
    dots = matrix.lines[1].get_xydata()
    assert sorted(dots[:, 0]) == sorted(dots[:, 1]) == list(range(40))
