"""What goes on inside the players at one state: slopes at points, gradients layer by layer, weights, the latent map.

Each view is a function of a game, a state and the watched clouds; `views` is all of them, as named arrays. Nothing
here is random and nothing changes the state, so looking never changes a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.game import duel
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.networks import Layer
from toygan.game.objectives import Extra
from toygan.game.play import Draw, Game, State

JUDGED = 400  # points of each cloud at which score and slope are kept: as many as W1 takes
LEARNED_FROM = 240  # points behind the gradients of both losses; divisible by every usual pack
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
CELLS = 24  # cells a side of the latent map
LATENT_SHARES = (0.02, 0.98)  # the map's ends, as quantiles of each latent coordinate: 92 % of a coordinate's mass
BINS = 41  # of the weight histogram
SAME = 1e-6  # weights that differ by less, relatively, sit at the same bound
FLAT = 0.01  # a generated point whose score moves the loss by less, of its full share, learns nothing
GOLDEN = 0.6180339887498949


class Watched(NamedTuple):
    """What is watched, as the critic is shown it: `real [1 or seed, n, 2]`, the live generator's `fake [seed, n, 2]`, and the
    latents of these; where points have classes, `told`, the latents with the real points' classes in place of their own.
    """

    real: Tensor
    fake: Tensor
    latent: Tensor
    told: Tensor | None = None

    @property
    def due(self) -> Tensor:
        """Latents whose codes are those of the real points."""
        return self.latent if self.told is None else self.told


def views(
    game: Game, state: State, clouds: Watched, portraits: int, first: Game, pairs: Watched
) -> dict[str, np.ndarray]:
    """Everything that is kept of the inside, for the P first seeds, the portraits, or all S seeds, in float32; `first` is the
    game as the portraits alone play it, where dials differ by seed. Gradients of losses, and slopes in between, are of
    `pairs`, the clouds as a move has them, both told the same classes, where these differ.

    `real_scores`, `fake_scores [S, n]` and `real_slopes`, `fake_slopes`, `between_slopes [S, n, 2]` at the first 400
    watched points; `slope_quantiles [S, 3, 5]` of |grad score| at real, generated and in-between points;
    `layer_gradients [S, L]` and `layer_gradient_ratio [S]`, the first over the last, which is that of the scores;
    `weight_saturation`, `generator_gradient`, `score_saturation [S]`; `weight_histogram [P, 41]` over [-reach, reach],
    `weight_reach [P]`; `latent_map [P, m, m, 2]`.
    """
    critic = state.players[CRITIC].parameters
    grids = [latent_grid(own, duel.code_columns(game)) for own in clouds.latent[:portraits]]
    averaged = {name: own[:portraits] for name, own in state.averaged.items()}
    sent = (first.cast.chart or duel.carried)(first, averaged, torch.stack(grids))
    shares, reach = weight_histogram(critic[:portraits])
    through_layers = layer_gradients(game, state, pairs)
    seen = at_points(game, state, clouds, pairs) | {
        "layer_gradients": through_layers,
        "layer_gradient_ratio": through_layers[:, 0] / through_layers[:, -1],
        "weight_saturation": weight_saturation(critic),
        "generator_gradient": generator_gradient(game, state, pairs),
        "score_saturation": score_saturation(game, state, pairs),
        "weight_histogram": shares,
        "weight_reach": reach,
        "latent_map": sent[..., :2].reshape(portraits, CELLS + 1, CELLS + 1, 2),
    }
    return {name: values.detach().cpu().numpy().astype(np.float32, copy=False) for name, values in seen.items()}


# --- at points of the plane ------------------------------------------------------------------------------------------


def at_points(game: Game, state: State, clouds: Watched, pairs: Watched) -> dict[str, Tensor]:
    """Scores and slopes of every seed's critic at real, generated and in-between points of pairs, against these same clouds."""
    real, fake = (cloud[:, :JUDGED] for cloud in with_beside(game, state, clouds))
    paired = (real, fake) if pairs is clouds else (cloud[:, :JUDGED] for cloud in with_beside(game, state, pairs))
    critic = duel.judge(game, state.parameters, real, fake)
    n = real.shape[1]
    scores = critic.score(torch.cat((real, fake), dim=1))
    slopes = critic.slopes(torch.cat((real, fake, between(*paired)), dim=1))
    steepness = slopes.norm(dim=2).unflatten(1, (3, n))
    levels = torch.tensor(QUANTILES).to(steepness)
    return {
        "real_scores": scores[:, :n],
        "fake_scores": scores[:, n:],
        "real_slopes": slopes[:, :n],
        "fake_slopes": slopes[:, n : 2 * n],
        "between_slopes": slopes[:, 2 * n :],
        "slope_quantiles": torch.quantile(steepness, levels, dim=2).permute(1, 2, 0),
    }


def with_beside(game: Game, state: State, clouds: Watched) -> tuple[Tensor, Tensor]:
    """Both watched clouds with what stands beside their points [seed, n, d]."""
    real, fake = clouds.real.expand(len(clouds.fake), -1, -1), clouds.fake
    row, due = by_name(game, real, clouds.latent), by_name(game, real, clouds.due)
    if game.cast.clouds is not None:
        real, fake = (cloud.detach() for cloud in game.cast.clouds(game, state.parameters, row))
    with torch.no_grad():
        r = [one.real(game, state.parameters, real, due) for one in game.cast.beside]
        g = [(one.fake or one.real)(game, state.parameters, fake, row) for one in game.cast.beside]
    return torch.cat((real, *r), dim=2), torch.cat((fake, *g), dim=2)


def between(real: Tensor, fake: Tensor) -> Tensor:
    """e real + (1 - e) fake for each pair [seed, n, d], e the golden-ratio sequence: even, and always the same."""
    e = torch.from_numpy((GOLDEN * np.arange(1, real.shape[1] + 1)) % 1.0).to(real)
    return torch.lerp(fake, real, e[:, None])


# --- gradients of the losses -----------------------------------------------------------------------------------------


def layer_gradients(game: Game, state: State, clouds: Watched) -> Tensor:
    """Size of the gradient of the critic's loss (without penalty) at what each affine map gives out: [seed, L].

    For layer l with outputs a it is sqrt(mean over points of |n dLoss/da_point|^2), real and generated points
    together: a per-point size, whatever the batch. The last layer's is that of the scores (Gulrajani et al., 2017,
    arXiv:1704.00028, Fig. 1b). NaN for a body that uses no biases.
    """
    real, fake = packs(game, state, clouds)
    body, layers = game.players[CRITIC].network, layers_of_critic(game, state)
    # A bias of its own for each point is where a map's output can be held and moved, whatever the body does with it.
    on_real, on_fake = per_point(layers, real.shape[1]), per_point(layers, fake.shape[1])
    with torch.enable_grad():
        r, g = duel.heads(game, body.forward(on_real, real)), duel.heads(game, body.forward(on_fake, fake))
        loss = duel.losses(game, state)(r, g, extra(game, state, clouds)).critic.sum()
        held = [layer.bias for layer in (*on_real, *on_fake)]
        if not loss.requires_grad:  # a body that adds no biases: nobody knows what its maps give out
            return real.new_full((len(real), len(layers)), torch.nan)
        found = torch.autograd.grad(loss, held, materialize_grads=True)
    squares = [(one * one.shape[1]).square().sum(dim=2) for one in found]
    halves = zip(squares[: len(layers)], squares[len(layers) :], strict=True)
    return torch.stack([((a.mean(1) + b.mean(1)) / 2).sqrt() for a, b in halves], dim=1)


def per_point(layers: Sequence[Layer], n: int) -> list[Layer]:
    """The same layers with a bias for each of n points, to be differentiated by."""
    return [layer._replace(bias=layer.bias.detach().repeat(1, n, 1).requires_grad_()) for layer in layers]


def generator_gradient(game: Game, state: State, clouds: Watched, own: Tensor | None = None) -> Tensor:
    """Norm of the generator's gradient on watched latents, of all parameters or its `own [seed, P]`: [seed]."""
    with torch.enable_grad():
        held = {name: own.detach() for name, own in state.parameters.items()}
        parameters = held[GENERATOR].requires_grad_()
        loss = game.players[GENERATOR].opinion(game, held, state, watched_row(game, clouds)).loss
        (gradient,) = torch.autograd.grad(loss.sum(), parameters, materialize_grads=True)
    return (gradient if own is None else torch.where(own, gradient, 0.0)).norm(dim=1)


def layers_of_critic(game: Game, state: State) -> Sequence[Layer]:
    """The critic's layers as they are used, differentiable by nothing."""
    return duel.critic_layers(game, {CRITIC: state.players[CRITIC].parameters.detach()})


def score_saturation(game: Game, state: State, clouds: Watched) -> Tensor:
    """Share of generated points (or packs) whose score hardly moves the generator's loss, |n dLoss/dg| < 0.01: [seed]; against
    several critics, of its loss against the first, and NaN where its loss is none of scores.
    """
    if not game.cast.scored:
        return torch.full_like(state.memory, torch.nan)
    real, fake = packs(game, state, clouds)
    body, layers = game.players[CRITIC].network, layers_of_critic(game, state)
    r, g = body.forward(layers, real).detach(), body.forward(layers, fake).detach()
    with torch.enable_grad():
        g.requires_grad_()
        on_real, on_fake = duel.heads(game, r), duel.heads(game, g)
        loss = duel.losses(game, state)(on_real, on_fake, extra(game, state, clouds)).generator
        (gradient,) = torch.autograd.grad(loss.sum(), g)
        gradient = gradient * (duel.pull(game, g, r, g) != 0)  # of other heads no score is made
    return ((gradient * gradient.shape[1]).norm(dim=2) < FLAT).to(g.dtype).mean(dim=1)


def watched_row(game: Game, clouds: Watched) -> Draw:
    """The watched clouds as what a move consumes: no noise, and other draws in the middle of their laws."""
    return as_moved_by(game, picked(game, clouds.real.expand(len(clouds.fake), -1, -1)), picked(game, clouds.latent))


def as_moved_by(game: Game, real: Tensor, latent: Tensor) -> Draw:
    """Real points, and what the generator is fed [seed, n, d], as what a move consumes, other draws in the middle."""
    laws = {**game.objective.draws, **game.cast.draws()}
    middle = {name: 0.0 if law.name == "normal" else 0.5 for name, law in laws.items()}
    others = {name: real.new_full((*real.shape[:2], law.columns), middle[name]) for name, law in laws.items()}
    return game.cast.known(others | dict(by_name(game, real, latent)))


def by_name(game: Game, real: Tensor, latent: Tensor) -> Draw:
    """Real points, and what the generator is fed [seed, n, d], by the names of draws."""
    widths = [game.objective.draws[name].columns for name in game.objective.codes]
    *codes, own = latent.split([*widths, latent.shape[2] - sum(widths)], dim=2)
    return dict(zip(game.objective.codes, codes, strict=True)) | {"real": real, "latent": own}


def extra(game: Game, state: State, clouds: Watched) -> Extra:
    """What else a loss may look at, with chances in the middle."""
    return Extra(state.memory, watched_row(game, clouds), *packs(game, state, clouds))


def packs(game: Game, state: State, clouds: Watched) -> tuple[Tensor, Tensor]:
    """The first points of both clouds in packs, as the critic is shown them: [seed, n / m, m d]."""
    chosen = (picked(game, cloud) for cloud in with_beside(game, state, clouds))
    real, fake = (one.reshape(len(one), -1, one.shape[2] * game.pack) for one in chosen)
    return real, fake


def picked(game: Game, points: Tensor) -> Tensor:
    """The first points of a cloud, as many as make whole packs; a cloud smaller than one pack is repeated."""
    n = min(LEARNED_FROM, points.shape[1])
    wanted = max(n // game.pack, 1) * game.pack
    return points[:, :wanted] if wanted <= points.shape[1] else points.repeat(1, wanted, 1)[:, :wanted]


def weight_saturation(parameters: Tensor, own: Tensor | None = None) -> Tensor:
    """Share of the parameters [seed, P], or of those that are a player's `own [seed, P]`, that sit at the largest magnitude any
    of them has: [seed].

    Where several share it to 1e-6 it is a bound, such as a clip's +-c; one alone, as without a bound, counts as none.
    """
    if not parameters.shape[1]:
        return parameters.new_zeros(len(parameters))
    sizes = parameters.abs() if own is None else torch.where(own, parameters.abs(), -1.0)
    largest = sizes.amax(dim=1, keepdim=True)
    held = (sizes >= largest * (1 - SAME)).sum(dim=1)
    counted = parameters.shape[1] if own is None else own.sum(dim=1)
    return torch.where((held > 1) & (largest[:, 0] > 0), held / counted, 0.0)


def weight_histogram(parameters: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of parameters [seed, P] in 41 even bins over [-reach, reach] [seed, 41]; the reach, their largest size [seed]."""
    if not parameters.shape[1]:
        return parameters.new_zeros(len(parameters), BINS), parameters.new_zeros(len(parameters))
    reach = parameters.abs().amax(dim=1)
    places = (parameters / reach.clamp(min=torch.finfo(reach.dtype).tiny)[:, None] + 1) / 2 * BINS
    bins = places.nan_to_num(0.0).clamp(0, BINS - 1).long()
    ones = torch.full_like(parameters, 1 / parameters.shape[1])
    return torch.zeros(len(parameters), BINS).to(parameters).scatter_add(1, bins, ones), reach


def latent_grid(latents: Tensor, categories: int = 0) -> Tensor:
    """A square of latents [(m + 1)^2, d], the first coordinate running fastest, in the law of the given ones [n, d].

    Even quantiles of the first two free coordinates, so that cells carry equal mass where these are independent; all
    others stay at their median. On a sphere: longitude and latitude, so that columns are arcs of great circles (White,
    2016, arXiv:1609.04468). With categories, the first one.
    """
    free = latents[:, categories:]
    levels = np.meshgrid(*[np.linspace(*LATENT_SHARES, CELLS + 1)] * 2)
    u, v = (torch.from_numpy(axis.ravel()).to(free) for axis in levels)
    radii = free.norm(dim=1)
    on_sphere = min(free.shape) > 1 and bool(radii.std() < 1e-3 * radii.mean())
    grid = globe(u, v, free.shape[1], float(radii[0])) if on_sphere else quantile_square(u, v, free)
    head = torch.zeros(len(grid), categories).to(grid)
    head[:, :1] = 1.0
    return torch.cat((head, grid), dim=1)


def quantile_square(u: Tensor, v: Tensor, latents: Tensor) -> Tensor:
    """Latents whose first coordinate is at quantile u and whose second one at v: [m, d]."""
    grid = latents.median(dim=0).values.repeat(len(u), 1)
    for column, levels in zip(range(latents.shape[1]), (u, v), strict=False):
        grid[:, column] = torch.quantile(latents[:, column], levels)
    return grid


def globe(u: Tensor, v: Tensor, dim: int, radius: float) -> Tensor:
    """Longitude 2 pi u and latitude pi (v - 1/2) on the first three axes [m, dim]; on a circle only longitude."""
    east, north = 2 * torch.pi * (u - 0.5), torch.pi * (v - 0.5) * (dim > 2)
    axes = [north.cos() * east.cos(), north.cos() * east.sin(), north.sin()]
    rest = [torch.zeros_like(u)] * (dim - len(axes))
    return radius * torch.stack([*axes, *rest][:dim], dim=1)
