"""How a gradient becomes a move: pure functions of one flat tensor of parameters [seed, P].

All are element-wise, so that no seed feels another. One more optimiser is one function and one row in `OPTIMISERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from toygan.game.dials import Dial, over

Slots = tuple[Tensor, ...]
Betas = tuple[Dial, Dial]
Inner = Callable[[Tensor, Tensor, Dial], "Move"]  # an optimiser's move of parameters down a gradient at a rate


class Move(NamedTuple):
    """Parameters after a move, and what the optimiser remembers: each [seed, P]."""

    parameters: Tensor
    slots: Slots


class Optimiser(NamedTuple):
    """`slots` tensors of memory, all zero at first; `move(parameters, gradient, slots, t, rate)`, t = 1, 2, ... a tensor [];
    which of the two betas and of epsilon it uses.
    """

    slots: int
    move: Callable[[Tensor, Tensor, Slots, Tensor, Dial], Move]
    uses: tuple[bool, bool, bool] = (True, True, True)


def adam(betas: Betas, epsilon: Dial = 1e-8) -> Optimiser:
    """m / (1 - b1^t) over sqrt(v / (1 - b2^t)) + epsilon, times the rate (Kingma and Ba, 2014, arXiv:1412.6980)."""
    b1, b2 = betas

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        m = torch.lerp(slots[0], gradient, over(1 - b1, gradient))
        v = torch.lerp(slots[1], gradient.square(), over(1 - b2, gradient))
        stride = over(-rate / (1 - b1**t), m) * m
        return Move(torch.addcdiv(parameters, stride, root(v / over(1 - b2**t, v), epsilon)), (m, v))

    return Optimiser(2, move)


def root(v: Tensor, epsilon: Dial) -> Tensor:
    """sqrt(v) + epsilon, with derivative 0 instead of infinity at 0, so that a move can be differentiated through."""
    return v.clamp(min=1e-30).sqrt() + over(epsilon, v)


def rmsprop(betas: Betas, epsilon: Dial = 1e-8) -> Optimiser:
    """Gradient over sqrt(v) + epsilon, v its running mean square with memory b2; b1 is not used (Hinton, 2012)."""
    b2 = betas[1]

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        v = torch.lerp(slots[0], gradient.square(), over(1 - b2, gradient))
        return Move(torch.addcdiv(parameters, over(-rate, gradient) * gradient, root(v, epsilon)), (v,))

    return Optimiser(1, move, uses=(False, True, True))


def descent(betas: Betas, epsilon: Dial = 1e-8) -> Optimiser:
    """Parameters minus rate times gradient; the betas and epsilon are not used."""

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        return Move(parameters - over(rate, gradient) * gradient, ())

    return Optimiser(0, move, uses=(False, False, False))


def with_slot(
    change: Callable[[Inner, Tensor, Tensor, Tensor, Tensor, Dial], tuple[Move, Tensor]], optimiser: Optimiser
) -> Optimiser:
    """The same optimiser with one slot more: how it moves then, and what the slot holds afterwards, is what
    `change(own, parameters, gradient, held, t, rate)` makes of its own move.
    """

    def move(parameters: Tensor, gradient: Tensor, slots: Slots, t: Tensor, rate: Dial) -> Move:
        *inner, held = slots

        def own(at: Tensor, down: Tensor, rate: Dial) -> Move:
            return optimiser.move(at, down, tuple(inner), t, rate)

        moved, held = change(own, parameters, gradient, held, t, rate)
        return Move(moved.parameters, (*moved.slots, held))

    return Optimiser(optimiser.slots + 1, move, optimiser.uses)


def remembering(optimiser: Optimiser, weight: Dial) -> Optimiser:
    """The same optimiser of a loss plus weight * |p - mean p|^2, the mean of the parameters so far held fixed (historical
    averaging; Salimans et al., 2016, arXiv:1606.03498).
    """

    def pulled(own: Inner, p: Tensor, gradient: Tensor, before: Tensor, t: Tensor, rate: Dial) -> tuple[Move, Tensor]:
        mean = before + (p - before) / over(t, p)
        return own(p, gradient + over(2 * weight, p) * (p - mean), rate), mean

    return with_slot(pulled, optimiser)


OPTIMISERS: dict[str, Callable[[Betas, Dial], Optimiser]] = {"adam": adam, "rmsprop": rmsprop, "descent": descent}


def constant(progress: Tensor) -> Tensor:
    """The full rate throughout."""
    return torch.ones_like(progress)


def falling(progress: Tensor) -> Tensor:
    """1 - progress: the full rate at first, none at the end; progress runs from 0 to 1."""
    return 1.0 - progress


SCHEDULES: dict[str, Callable[[Tensor], Tensor]] = {"constant": constant, "linear": falling}
