"""The contract of a generator: a function from latents [n, d] to points [n, 2], each latent carried alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn

from toygan.files.own import Code
from toygan.quantities.held import (
    Check,
    Held,
    all_held,
    as_differences,
    broken,
    close,
    gradient,
    holds,
    moved_beside,
    moved_by_all,
    normal,
    note,
    reseed,
    six_digits,
    sloped,
    state_kept,
)

Carry = Callable[[Tensor], Tensor]
N = 6


def generator_facts(code: Code, generator: Carry, d: int) -> list[Held]:
    """Every fact of a generator, in the order in which they are told."""
    return all_held(code, generator_checks(generator, normal(N, d)))


def generator_checks(generator: Carry, z: Tensor) -> Iterator[tuple[str, Check]]:
    """The checks of a generator by name."""
    yield "form", lambda: note(f"takes latents [batch, {z.shape[1]}]")
    yield "a point for each latent", lambda: shape(generator, z)
    yield "not constant", lambda: varies(generator, z)
    yield "each latent alone", lambda: alone(generator, z)
    yield "same again", lambda: again(generator, z)
    yield "gradients", lambda: slopes(generator, z)
    yield "learns", lambda: learns(generator, z)
    yield "range of points", lambda: range_of(generator, z.shape[1])
    yield "far latents", lambda: far(generator, z)
    yield "global state", lambda: state_kept(lambda: generator(z))


def carried(generator: Carry, z: Tensor) -> Tensor:
    """Points under the same random numbers each time."""
    reseed(0)
    return generator(z)


def batch_norms(generator: Carry) -> bool:
    """Whether it has torch's own batch norm."""
    modules = generator.modules() if isinstance(generator, nn.Module) else ()
    return any(isinstance(one, nn.modules.batchnorm._BatchNorm) for one in modules)


def shape(generator: Carry, z: Tensor) -> Held:
    """Whether points are [n, 2], also of one latent."""
    got = list(generator(z).shape)
    if got != [N, 2]:
        return broken(f"latents [{N}, {z.shape[1]}] give {got}, where [{N}, 2] is wanted")
    if not batch_norms(generator) and list(generator(z[:1]).shape) != [1, 2]:
        return broken(f"one latent [1, {z.shape[1]}] gives {list(generator(z[:1]).shape)}", "a squeeze()")
    return holds(f"latents [{N}, {z.shape[1]}] give [{N}, 2]")


def varies(generator: Carry, z: Tensor) -> Held:
    """Whether points differ, and every number of a latent counts."""
    points = carried(generator, z).detach()
    if close(points, points[:1]):
        return broken("all latents give one point", "a dead last layer, or a latent that is not used")
    by_column = torch.stack([gradient(partial(coordinate, generator, i), z).abs().sum(dim=0) for i in range(2)])
    idle = [str(i) for i in torch.nonzero(by_column.sum(dim=0) == 0).flatten().tolist()]
    if len(idle) == z.shape[1]:
        return note("the slopes are zero at every latent")
    if idle:
        return broken(f"of the latent's {z.shape[1]} numbers these move no point: {', '.join(idle)}")
    flat = torch.linalg.matrix_rank(points - points.mean(dim=0), rtol=1e-9) < 2
    return (
        note("all points lie on a line") if flat else holds("points differ, and each of a latent's numbers moves them")
    )


def coordinate(generator: Carry, i: int, z: Tensor) -> Tensor:
    """One coordinate of the points."""
    return carried(generator, z)[:, i]


def alone(generator: Carry, z: Tensor) -> Held:
    """Whether a latent's point does not depend on the latents beside it."""
    off = moved_beside(partial(carried, generator), z)
    if not off:
        return holds("a latent's point does not depend on the others in its batch")
    said = f"a latent's point moves by {six_digits(off)} with the latents beside it"
    if batch_norms(generator):
        return note(f"{said}: by batch norm, whose points are of one batch and no function of the latent")
    return broken(said, "normalising across the batch where across features was meant")


def again(generator: Carry, z: Tensor) -> Held:
    """Whether equal latents give equal points at the next call."""
    first = generator(z).detach()
    if close(first, generator(z)):
        return holds("the same latents give the same points")
    return broken(
        "the same latents give other points at the next call", "dropout or noise in a generator, or a latent of its own"
    )


def slopes(generator: Carry, z: Tensor) -> Held:
    """Whether the gradient by latents is that of the points."""
    weights = normal(N, 2, seed=5)

    def weighed(x: Tensor) -> Tensor:
        return carried(generator, x) * weights

    return as_differences(weighed, z)


def learns(generator: Carry, z: Tensor) -> Held:
    """Whether every parameter moves the points, and torch knows of all."""
    return moved_by_all(generator, lambda: (carried(generator, z) * normal(N, 2, seed=9)).sum(), "point")


def range_of(generator: Carry, d: int) -> Held:
    """Whether points reach the plane, or a square only."""
    points, farther = (carried(generator, size * normal(200, d, seed=3)).detach() for size in (1e2, 1e4))
    if float(farther.abs().max()) <= 1 + 1e-9:
        return note(
            "points stay within -1..1 however far the latents: a tanh at its end? what lies beyond is never met"
        )
    if bool((points == 0).any() and (points >= 0).all()):
        return broken("no coordinate is ever below 0, and many are 0", "a ReLU at its end")
    return holds(f"{six_digits(points.min())} to {six_digits(points.max())} for latents up to 300")


def far(generator: Carry, z: Tensor) -> Held:
    """Whether points and slopes are finite at far latents and at zero."""
    for at in (0.0, 1e3, -1e3):
        latents = torch.full_like(z, at)
        if not sloped(generator, latents):
            return broken(f"NaN or infinite at latents of {at:g}", "NaN from a square root at zero" if not at else "")
    return holds("finite at zero and a thousand away")
