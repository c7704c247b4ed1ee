"""The contract of a critic: a function from points [n, 2] to scores, each point judged alone."""

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

Critic = Callable[[Tensor], Tensor]
N = 6


def critic_facts(code: Code, critic: Critic) -> list[Held]:
    """Every fact of a critic, in the order in which they are told; of one without a score for each point the first alone."""
    points = normal(N, 2)
    first = all_held(code, [("a score for each point", lambda: shape(critic(points)))])
    return [*first, *(all_held(code, critic_checks(critic, points)) if first[0].holds else ())]


def critic_checks(critic: Critic, points: Tensor) -> Iterator[tuple[str, Check]]:
    """The checks of a critic by name, after the first one."""
    yield "range of scores", lambda: range_of(critic)
    yield "each point alone", lambda: alone(critic, points)
    yield "order in the batch", lambda: order(critic, points)
    yield "same again", lambda: again(critic, points)
    yield "gradients", lambda: slopes(critic, points)
    yield "learns", lambda: learns(critic, points)
    yield "far points", lambda: far(critic)
    yield "global state", lambda: state_kept(lambda: critic(points))


def shape(scores: Tensor) -> Held:
    """Whether scores are [n, 1] or [n]."""
    if tuple(scores.shape) in ((N, 1), (N,)):
        return holds(f"points [{N}, 2] give {list(scores.shape)}")
    like = "a mean over the batch within the critic" if scores.numel() == 1 else ""
    return broken(f"points [{N}, 2] give {list(scores.shape)}, where [{N}, 1] or [{N}] is wanted", like)


def range_of(critic: Critic) -> Held:
    """Whether scores are free, or squashed into probabilities."""
    scores = critic(100 * normal(200, 2, seed=3)).detach()
    if bool((scores == scores.flatten()[0]).all()):
        like = "a softmax over a single output" if close(scores, torch.ones_like(scores)) else "a dead last layer"
        return broken(f"all points have the score {six_digits(scores.flatten()[0])}", like)
    if bool(((scores >= 0) & (scores <= 1)).all()) and bool((scores != scores[0]).any()):
        return note(
            "scores lie in 0..1: probabilities, on which a loss of logits (BCEWithLogits, softplus) squashes twice"
        )
    return holds(f"free: {six_digits(scores.min())} to {six_digits(scores.max())} on points up to 300 away")


def alone(critic: Critic, points: Tensor) -> Held:
    """Whether a point's score does not depend on the points beside it."""
    off = moved_beside(partial(scored, critic), points)
    if not off:
        return holds("a point's score does not depend on the others in its batch")
    said = f"the score of a point changes by {six_digits(off)} with the points beside it; no gradient penalty is valid then"
    return broken(said, "normalising across the batch where across features was meant, or a minibatch layer")


def order(critic: Critic, points: Tensor) -> Held:
    """Whether points in another order have the same scores in that order."""
    mixed = torch.tensor([3, 0, 5, 1, 4, 2])
    if again(critic, points).holds is False:
        return note("it draws numbers for each point, so that another order is another draw")
    both = [scored(critic, points[way]).flatten() for way in (torch.arange(N), mixed)]
    return holds("it does not matter") if close(both[0][mixed], both[1]) else broken("it changes scores")


def scored(critic: Critic, points: Tensor) -> Tensor:
    """Scores under the same random numbers each time, and from the same state where a call changes one."""
    reseed(0)
    if not isinstance(critic, nn.Module):
        return critic(points)
    return torch.func.functional_call(critic, {name: one.clone() for name, one in critic.named_buffers()}, (points,))


def again(critic: Critic, points: Tensor) -> Held:
    """Whether equal points have equal scores at the next call."""
    first = critic(points).detach()
    if close(first, critic(points)):
        return holds("the same points have the same scores")
    reseed(0)
    first = critic(points).detach()
    reseed(0)
    if not close(first, critic(points)) and close(scored(critic, points), scored(critic, points)):
        return note(
            "every call changes a state of its, as spectral norm's power iteration does; the same state, the same scores"
        )
    like = "dropout or noise in a critic: its slopes are those of no function"
    return broken("the same points have other scores at the next call", like)


def slopes(critic: Critic, points: Tensor) -> Held:
    """Whether the gradient by points is that of the score."""

    def score(x: Tensor) -> Tensor:
        return scored(critic, x)

    return as_differences(score, points)


def learns(critic: Critic, points: Tensor) -> Held:
    """Whether every parameter moves the scores."""
    return moved_by_all(critic, lambda: (scored(critic, points).flatten() * normal(N, seed=9)).sum(), "score")


def far(critic: Critic) -> Held:
    """Whether scores and slopes are finite at far points and at the origin."""
    for at in (0.0, 1e3, -1e3):
        points = torch.full((2, 2), at, dtype=torch.float64)
        if not sloped(critic, points):
            return broken(f"NaN or infinite at ({at:g}, {at:g})", "NaN from a square root at zero" if not at else "")
    return holds("finite at the origin and a thousand away")
