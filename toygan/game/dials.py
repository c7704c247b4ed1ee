"""Dials: the numbers of a game that are not its program, such as rates, weights, bounds and margins.

A dial is a tensor [] or, where seeds differ in it, [seed], in float64; so it may change while a game is played. Rows of
tables take plain floats as well.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

Dial = Tensor | float


class InSteps(NamedTuple):
    """In the annotation of a float among a player's options: its steps use it, so that it is a dial; where an `option` is named,
    only if that has this value. Floats of players without it decide how these start, or what is drawn.
    """

    option: str = ""
    value: str = ""


def over(dial: Dial, values: Tensor) -> Tensor:
    """A dial as it goes with values [seed, ...]: of their type, one number for each seed or one for all."""
    number = dial.to(values) if isinstance(dial, Tensor) else values.new_full((), dial)
    return number.reshape(number.shape + (1,) * (values.ndim - 1)) if number.ndim else number
