"""What both players want: one function of the critic's outputs for each objective.

Everywhere r = f(real) and g = f(fake) are the critic's outputs [seed, batch, outputs], E is the mean over one seed's
batch, sp is softplus, and a higher score means "more real". One more objective is one function here and one row in
`OBJECTIVES`; its options are its keyword arguments, and their annotations say what is legal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Losses(NamedTuple):
    """What each player minimises, one number a seed: `critic [seed]`, `generator [seed]`."""

    critic: Tensor
    generator: Tensor


def first_output(outputs: Tensor) -> Tensor:
    """The drawn score where nothing else is said: outputs [..., outputs] -> score [...]."""
    return outputs[..., 0]


class Objective(NamedTuple):
    """What the game needs to know: the losses, whether the generator's looks at real points, the width of the critic's
    head, how its outputs become a score."""

    losses: Callable[[Tensor, Tensor], Losses]
    generator_needs_real: bool = True
    outputs: int = 1
    score: Callable[[Tensor], Tensor] = first_output


def mean(values: Tensor) -> Tensor:
    """E, for each seed alone: values [seed, batch, outputs] -> [seed]."""
    return values.mean(dim=(1, 2))


def minimax(r: Tensor, g: Tensor) -> Losses:
    """The saturating game: critic E sp(-r) + E sp(g), generator -E sp(g) (Goodfellow et al., 2014, arXiv:1406.2661)."""
    return Losses(
        critic=mean(softplus(-r)) + mean(softplus(g)),
        generator=-mean(softplus(g)),
    )


def non_saturating(r: Tensor, g: Tensor) -> Losses:
    """Critic E sp(-r) + E sp(g), generator E sp(-g) (Goodfellow et al., 2014, arXiv:1406.2661)."""
    return Losses(
        critic=mean(softplus(-r)) + mean(softplus(g)),
        generator=mean(softplus(-g)),
    )


def least_squares(r: Tensor, g: Tensor, *, fake: float = 0.0, real: float = 1.0, wanted: float = 1.0) -> Losses:
    """Critic 1/2 E (r - real)^2 + 1/2 E (g - fake)^2, generator 1/2 E (g - wanted)^2 (Mao et al., 2016, arXiv:1611.04076)."""
    return Losses(
        critic=mean((r - real) ** 2) / 2 + mean((g - fake) ** 2) / 2,
        generator=mean((g - wanted) ** 2) / 2,
    )


def wasserstein(r: Tensor, g: Tensor) -> Losses:
    """Critic E g - E r, generator -E g (Arjovsky et al., 2017, arXiv:1701.07875)."""
    return Losses(
        critic=mean(g) - mean(r),
        generator=-mean(g),
    )


def hinge(r: Tensor, g: Tensor) -> Losses:
    """Critic E max(0, 1 - r) + E max(0, 1 + g), generator -E g (Lim and Ye, 2017, arXiv:1705.02894)."""
    return Losses(
        critic=mean((1 - r).relu()) + mean((1 + g).relu()),
        generator=-mean(g),
    )


def relativistic(r: Tensor, g: Tensor) -> Losses:
    """Paired: critic E sp(g - r), generator E sp(r - g) (Jolicoeur-Martineau, 2018, arXiv:1807.00734)."""
    return Losses(
        critic=mean(softplus(g - r)),
        generator=mean(softplus(r - g)),
    )


def objective(kind: str, **options: float) -> Objective:
    """The objective of that name with its options filled in."""
    losses = partial(OBJECTIVES[kind], **options)
    return Objective(losses, generator_needs_real=needs_real(losses))


def needs_real(losses: Callable[[Tensor, Tensor], Losses]) -> bool:
    """Whether the generator's loss depends on r at all; where it does not, its move can do without real scores."""
    r, g = torch.zeros(2, 1, 2, 1, requires_grad=True)
    (slope,) = torch.autograd.grad(losses(r, g).generator.sum(), r, allow_unused=True)
    return slope is not None


OBJECTIVES: dict[str, Callable[..., Losses]] = {
    "minimax": minimax,
    "non-saturating": non_saturating,
    "least-squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic": relativistic,
}
