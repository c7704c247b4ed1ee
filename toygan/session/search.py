"""A trained generator searched for points: which latent comes nearest to a place, and what a point becomes when it is dragged.

Both are uses of a game when it is over. Nothing is trained here: the generator stays as it is, latents move.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.mistakes import UserError
from toygan.game.duel import carried, code_columns
from toygan.game.optimisers import Slots, adam
from toygan.quantities.evidence import far_apart
from toygan.session.recording import Recording
from toygan.session.simulation import Simulation, average_of, on_host, simulation

SEARCH_STEPS, SEARCH_RATE = 80, 0.05  # of Adam on the latents
BETAS = (0.9, 0.999)  # of Kingma and Ba, 2015
FINEST = 2  # every so many cells of the score grid are searched for
HANDLES, PULLS, STEPS_A_PULL = 6, 24, 12  # points that are dragged, stops on the way, and moves of a latent at each
KEEPING = 0.002  # weight of |z - z0|^2, which keeps a dragged point's latent near where it began

OPEN, OPEN_AT_LEAST = 0.1, 0.01  # of the distance, and in the plane's units: how far apart two searches may end

Send = Callable[[Tensor], Tensor]  # latents [n, d] -> points [n, 2]

# Latents that a search has moved, back to where their law has mass.
LAWFUL: dict[str, Callable[[Tensor], Tensor]] = {
    "normal": lambda z: z,
    "uniform": lambda z: z.clamp(-1.0, 1.0),
    "sphere": lambda z: z * (z.shape[1] ** 0.5 / z.norm(dim=1, keepdim=True).clamp(min=1e-12)),
}


class Searched(NamedTuple):
    """How near the generator comes to each place of a grid `x [g]`, `y [h]`: `residual [h, g]`, distances in the plane's units;
    the residuals of watched real points and of points that the generator made of other latents, `real [N]`, `made [N]`. Where
    two searches from different latents end at different distances, `open [h, g]`, the smaller one is shown and need not be the
    smallest; `open_real` and `open_made` are the shares of such points.
    """

    x: np.ndarray
    y: np.ndarray
    residual: np.ndarray
    real: np.ndarray
    made: np.ndarray
    open: np.ndarray
    open_real: float
    open_made: float


class Found(NamedTuple):
    """The smallest distances [n] that searches find, and where two of them disagree [n]."""

    residual: np.ndarray
    open: np.ndarray


class Dragged(NamedTuple):
    """Points that are dragged along straight lines: where each should be, `wanted [H, T, 2]`, and where its latent takes it,
    `taken [H, T, 2]`; how far its latent went, `moved [H]`; and the share of the law's draws that are farther out than where it
    ended, `beyond [H]`, 1 where the law has no outside.
    """

    wanted: np.ndarray
    taken: np.ndarray
    moved: np.ndarray
    beyond: np.ndarray


def seen_anomaly(recording: Recording) -> Searched:
    """How far every place of a run's window is from the nearest point that the last generator of the shown seed can make,
    r(x) = min over z of |G(z) - x|, as far as a search finds it (Schlegl et al., 2017, arXiv:1703.05921, without the features).

    Raises UserError for several generators, and for a recording without `weights.npz`.
    """
    sim, send, row = opened(recording)
    latents, codes = sim.final[row], code_columns(sim.world.game)
    made = on_host(send(sim.watched[row]))
    x, y = (axis[::FINEST] for axis in sim.ground.score_axes)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    plane, real, own = (searched(send, latents, places, codes) for places in (grid, sim.ground.real, made))
    return Searched(
        x, y, plane.residual.reshape(len(y), len(x)), real.residual, own.residual,
        plane.open.reshape(len(y), len(x)), float(real.open.mean()), float(own.open.mean()),
    )  # fmt: skip


def seen_edit(recording: Recording) -> Dragged:
    """What a few generated points become when each is dragged to where another one is: at every stop its latent z moves down
    |G(z) - t|^2 + 0.002 |z - z0|^2 from where it is (Zhu et al., 2016, arXiv:1609.03552). Raises UserError as `seen_anomaly`.
    """
    sim, send, row = opened(recording)
    latents, codes, law = sim.final[row], code_columns(sim.world.game), recording.config().generator.latent
    points = send(latents)
    chosen = spread_out(on_host(points), HANDLES)
    z0 = z = latents[chosen]
    begin, end = points[chosen], points[np.roll(chosen, -(len(chosen) // 2))]
    wanted, taken = [], []
    for share in np.linspace(0.0, 1.0, PULLS):
        target = torch.lerp(begin, end, float(share))
        z = descended(send, z, target, STEPS_A_PULL, z0, codes)
        taken.append(on_host(send(z)))
        wanted.append(on_host(target))
    return Dragged(np.stack(wanted, axis=1), np.stack(taken, axis=1), on_host((z - z0).norm(dim=1)),
                   BEYOND[law](on_host(z[:, codes:])))  # fmt: skip


def opened(recording: Recording) -> tuple[Simulation, Send, int]:
    """A run set up again, the averaged generator of the seed that is shown, and which of the seeds that is."""
    config = recording.config()
    if (kind := config.generator.kind) != "mlp":
        raise UserError(f"{recording.name}: its generator is {kind}; a search needs one that learns a map")
    sim = simulation(config)
    game, learned = sim.world.game, recording.weights("to search its generator")
    if game.cast.chart is not None and len(game.players) > 2:
        many, together = len(game.generators), f"its points are made by {config.method.name}'s players together"
        other = f"has {many} generators" if many > 1 else together
        raise UserError(f"{recording.name}: {other}; a search is of one generator")
    names = [name for name in game.generators if average_of(name) in learned]
    row = config.training.seed_list.index(recording.facts.portrait)
    shown = {name: torch.from_numpy(learned[average_of(name)][row : row + 1]).to(sim.final) for name in names}
    codes, within = code_columns(game), LAWFUL[config.generator.latent]

    def send(latents: Tensor) -> Tensor:
        fed = torch.cat((latents[:, :codes], within(latents[:, codes:])), dim=1)
        return carried(game, shown, fed[None])[0]

    return sim, send, row


def farther_out(latents: np.ndarray) -> np.ndarray:
    """The chance [n] that a standard normal Z is farther out than latents z [n, d]: chi squared's upper tail at |z|^2."""
    from scipy.special import gammaincc

    return np.asarray(gammaincc(latents.shape[1] / 2, (latents**2).sum(axis=1) / 2))


BEYOND: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "normal": farther_out,
    **dict.fromkeys(("uniform", "sphere"), lambda latents: np.ones(len(latents))),  # where there is mass it is even
}


def searched(send: Send, latents: Tensor, places: np.ndarray, codes: int = 0) -> Found:
    """The smaller of what two searches find for each place [n, 2], each begun among half of the known latents."""
    ends = np.stack([residual_of(send, latents[half::2], places, codes) for half in (0, 1)])
    low, high = ends.min(axis=0), ends.max(axis=0)
    return Found(low, high - low > np.maximum(OPEN * high, OPEN_AT_LEAST))


def residual_of(send: Send, latents: Tensor, places: np.ndarray, codes: int = 0) -> np.ndarray:
    """The smallest |G(z) - x| that a search finds for each place x [n, 2]: [n]; it begins at the nearest of the known points."""
    target = torch.from_numpy(np.asarray(places)).to(latents)
    nearest = torch.cdist(target, send(latents))
    begin, best = latents[nearest.argmin(dim=1)], nearest.amin(dim=1)
    found = descended(send, begin, target, SEARCH_STEPS, codes=codes)
    return on_host(torch.minimum((send(found) - target).norm(dim=1), best))


def descended(
    send: Send, latents: Tensor, target: Tensor, steps: int, home: Tensor | None = None, codes: int = 0
) -> Tensor:
    """Latents [n, d] moved by Adam down |G(z) - t|^2, plus 0.002 |z - home|^2 where there is a home; each by itself, and
    without its codes, the first so many numbers.
    """
    z, move = latents.clone(), adam(BETAS).move
    slots: Slots = (torch.zeros_like(latents), torch.zeros_like(latents))
    for step in range(steps):
        z.requires_grad_()
        loss = (send(z) - target).square().sum()
        loss = loss if home is None else loss + KEEPING * (z - home).square().sum()
        (slope,) = torch.autograd.grad(loss, z)
        slope = torch.cat((torch.zeros_like(slope[:, :codes]), slope[:, codes:]), dim=1)
        rate = SEARCH_RATE * (1 - step / steps) ** 2  # where it is steep, small moves end it
        z, slots = move(z.detach(), slope, slots, torch.tensor(step + 1.0), rate)
    return z


def spread_out(points: np.ndarray, number: int) -> np.ndarray:
    """Indices of points far from each other: the first is farthest from the middle, each next one from those chosen."""
    away = np.linalg.norm(points - points.mean(axis=0), axis=1)
    return np.array(far_apart(points, int(away.argmax()), number))
