"""The contracts of networks: a critic scores each point [n, 2] alone, a generator makes one of each latent [n, d] alone."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from toygan.files.samplers import reseed
from toygan.quantities.held import (
    AGREES,
    CLOSE,
    Contract,
    Held,
    around,
    broken,
    close,
    differences,
    gradient,
    holds,
    normal,
    note,
)

N = 6
MIXED = torch.tensor([3, 0, 5, 1, 4, 2])


class FedNetwork(NamedTuple):
    """A network to look at, and the rows [n, d] that it is `fed`, points or latents, of which scores or points are `made`."""

    of: nn.Module
    rows: Tensor
    fed: str
    made: str


def made_of(net: FedNetwork, rows: Tensor) -> Tensor:
    """What it makes of rows, under the same random numbers each time, and from the same state where a call changes one."""
    reseed(0)
    return torch.func.functional_call(net.of, {name: one.clone() for name, one in net.of.named_buffers()}, (rows,))


# --- of both -----------------------------------------------------------------------------------------------------------


def alone(net: FedNetwork) -> Held:
    together, other = (made_of(net, rows) for rows in (net.rows, torch.cat((net.rows[:1], 5 * net.rows[1:] + 2))))
    off = float((together[0] - other[0]).abs().max().detach())
    if off < 1e-9 * (1 + float(together.abs().max().detach())):
        return holds(f"a {net.fed}'s {net.made} does not depend on the others in its batch")
    said = f"a {net.fed}'s {net.made} moves by {off:.6g} with the {net.fed}s beside it"
    like = "normalising across the batch where across features was meant"
    if net.made == "score":
        return broken(f"{said}; no gradient penalty is valid then", f"{like}, or a minibatch layer")
    if batch_norms(net):
        return note(f"{said}: by batch norm, whose points are of one batch and no function of the latent")
    return broken(said, like)


def batch_norms(net: FedNetwork) -> bool:
    return any(isinstance(one, nn.modules.batchnorm._BatchNorm) for one in net.of.modules())


def again(net: FedNetwork) -> Held:
    first = net.of(net.rows).detach()
    if close(first, net.of(net.rows)):
        return holds(f"the same {net.fed}s give the same {net.made}s")

    def seeded() -> Tensor:
        reseed(0)
        return net.of(net.rows).detach()

    by_chance = close(seeded(), seeded())  # random numbers make the difference, and no state
    if close(made_of(net, net.rows), made_of(net, net.rows)) and not by_chance:
        told = "every call changes a state of its, as spectral norm's power iteration does"
        return note(f"{told}; the same state, the same {net.made}s")
    like = "critic: its slopes are those of no function" if net.made == "score" else "generator, or a latent of its own"
    return broken(f"the same {net.fed}s give other {net.made}s at the next call", f"dropout or noise in a {like}")


def slopes(net: FedNetwork) -> Held:
    weights = normal(N, 2, seed=5) if net.made == "point" else torch.ones(())

    def weighed(rows: Tensor) -> Tensor:
        return made_of(net, rows) * weights

    found, wanted = gradient(weighed, net.rows), differences(weighed, net.rows)
    if not bool(torch.isfinite(found).all()):
        return broken("NaN", "NaN from a square root at zero")
    if not close(found, wanted, CLOSE):
        return broken(f"{found.norm():.6g} where differences say {wanted.norm():.6g}", "a detach or .data on the way")
    return holds(AGREES)


def learns(net: FedNetwork) -> Held:
    if lost := in_plain_lists(net.of):
        return broken(f"torch does not know of the layers in {lost}", "a plain list where nn.ModuleList belongs")
    if not list(net.of.parameters()):
        return note("it has no parameters that torch knows of")
    named, made = dict(net.of.named_parameters()), made_of(net, net.rows).reshape(N, -1)
    if not made.requires_grad:
        return broken(f"no parameter moves the {net.made}s", "a detach or no_grad on the way")
    found = torch.autograd.grad((made * normal(*made.shape, seed=9)).sum(), list(named.values()), allow_unused=True)
    dead = [name for name, slope in zip(named, found, strict=True) if slope is None]
    if dead:
        return broken(f"{', '.join(dead)} move no {net.made}")
    return holds(f"all {len(named)} parameters move the {net.made}s")


def in_plain_lists(module: nn.Module) -> str:
    """The first attribute that holds layers in a plain list or dict, of which torch does not know; empty where none does."""
    for part in module.modules():
        for name, value in vars(part).items():
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            if not name.startswith("_") and any(isinstance(one, nn.Module) for one in inside):
                return name
    return ""


def far(net: FedNetwork) -> Held:
    for at in (0.0, 1e3, -1e3):
        rows = torch.full_like(net.rows, at)
        if not bool(torch.isfinite(net.of(rows)).all() and torch.isfinite(gradient(net.of, rows)).all()):
            where = f"({at:g}, {at:g})" if net.fed == "point" else f"latents of {at:g}"
            return broken(f"NaN or infinite at {where}", "NaN from a square root at zero" if not at else "")
    return holds(f"finite at {'the origin' if net.fed == 'point' else 'zero'} and a thousand away")


# --- of a critic -------------------------------------------------------------------------------------------------------


def scores_shape(net: FedNetwork) -> Held:
    scores = net.of(net.rows)
    if tuple(scores.shape) in ((N, 1), (N,)):
        return holds(f"points [{N}, 2] give {list(scores.shape)}")
    like = "a mean over the batch within the critic" if scores.numel() == 1 else ""
    return broken(f"points [{N}, 2] give {list(scores.shape)}, where [{N}, 1] or [{N}] is wanted", like)


def range_of_scores(net: FedNetwork) -> Held:
    scores = net.of(100 * normal(200, 2, seed=3)).detach()
    if bool((scores == scores.flatten()[0]).all()):
        like = "a softmax over a single output" if close(scores, torch.ones_like(scores)) else "a dead last layer"
        return broken(f"all points have the score {scores.flatten()[0]:.6g}", like)
    if bool(((scores >= 0) & (scores <= 1)).all()):
        loss = "on which a loss of logits (BCEWithLogits, softplus) squashes twice"
        return note(f"scores lie in 0..1: probabilities, {loss}")
    return holds(f"free: {scores.min():.6g} to {scores.max():.6g} on points up to 300 away")


def order(net: FedNetwork) -> Held:
    if again(net).holds is False:
        return note("it draws numbers for each point, so that another order is another draw")
    both = [made_of(net, net.rows[way]).flatten() for way in (torch.arange(N), MIXED)]
    return holds("it does not matter") if close(both[0][MIXED], both[1]) else broken("it changes scores")


# --- of a generator ----------------------------------------------------------------------------------------------------


def points_shape(net: FedNetwork) -> Held:
    d, got = net.rows.shape[1], list(net.of(net.rows).shape)
    if got != [N, 2]:
        return broken(f"latents [{N}, {d}] give {got}, where [{N}, 2] is wanted")
    if not batch_norms(net) and (single := list(net.of(net.rows[:1]).shape)) != [1, 2]:
        return broken(f"one latent [1, {d}] gives {single}", "a squeeze()")
    return holds(f"latents [{N}, {d}] give [{N}, 2]")


def varies(net: FedNetwork) -> Held:
    points = made_of(net, net.rows).detach()
    if close(points, points[:1]):
        return broken("all latents give one point", "a dead last layer, or a latent that is not used")

    def slopes(axis: int) -> Tensor:
        return gradient(lambda rows: made_of(net, rows)[:, axis], net.rows).abs().sum(dim=0)

    idle = [str(i) for i, slope in enumerate((slopes(0) + slopes(1)).tolist()) if slope == 0]
    if len(idle) == net.rows.shape[1]:
        return note("the slopes are zero at every latent")
    if idle:
        return broken(f"of the latent's {net.rows.shape[1]} numbers these move no point: {', '.join(idle)}")
    if torch.linalg.matrix_rank(points - points.mean(dim=0), rtol=1e-9) < 2:
        return note("all points lie on a line")
    return holds("points differ, and each of a latent's numbers moves them")


def range_of_points(net: FedNetwork) -> Held:
    far_out = normal(200, net.rows.shape[1], seed=3)
    points, farther = (made_of(net, size * far_out).detach() for size in (1e2, 1e4))
    if float(farther.abs().max()) <= 1 + 1e-9:
        end = "a tanh at its end? what lies beyond is never met"
        return note(f"points stay within -1..1 however far the latents: {end}")
    if bool((points == 0).any() and (points >= 0).all()):
        return broken("no coordinate is ever below 0, and many are 0", "a ReLU at its end")
    return holds(f"{points.min():.6g} to {points.max():.6g} for latents up to 300")


LAST: Contract[FedNetwork] = around(lambda net: (lambda rows: [net.of(rows)], [net.rows]))
CRITIC: Contract[FedNetwork] = {
    "a score for each point": scores_shape,
    "range of scores": range_of_scores,
    "each point alone": alone,
    "order in the batch": order,
    "same again": again,
    "gradients": slopes,
    "learns": learns,
    "far points": far,
    **LAST,
}

GENERATOR: Contract[FedNetwork] = {
    "form": lambda net: note(f"takes latents [batch, {net.rows.shape[1]}]"),
    "a point for each latent": points_shape,
    "not constant": varies,
    "each latent alone": alone,
    "same again": again,
    "gradients": slopes,
    "learns": learns,
    "range of points": range_of_points,
    "far latents": far,
    **LAST,
}
