"""Random numbers as a function of (scenario seed, seed, purpose, step), so that nothing depends on what was drawn
before.

Two methods on one scenario and seed see the same real batches and latents; a run that is continued sees what it would
have seen. Numbers are drawn in blocks of many steps because a draw costs more than the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.game.players import Sampler

BLOCK = 32  # steps drawn at once; part of the stream's definition: another value is another stream


class Purpose(IntEnum):
    """What numbers are for; each purpose has a stream of its own. The values are part of the stream's definition."""

    GENERATOR_START = 0
    CRITIC_START = 1
    REAL = 2
    LATENT = 3
    CHANCE = 4
    WATCHED_REAL = 5
    WATCHED_LATENT = 6
    FLOOR = 7
    TRICK = 8
    FRESH_LATENT = 9
    WATCHED_NOISE = 10
    MANY_REAL = 11


def stream(scenario_seed: int, seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """The generator of random numbers for one purpose at one place (block, move) of one seed."""
    return np.random.default_rng([scenario_seed, seed, purpose, *place])


class Draw(NamedTuple):
    """What one step consumes: one row a move, the critic's moves first, the generator's last.

    `real [moves, seed, batch, 2]`, `latent [moves, seed, batch, d]`, `chance [moves, seed, batch, c]` from 0 to
    below 1 for the constraint, and for tricks, where there are any, `trick [moves, seed, batch, 6]`: four normal numbers
    (two to blur a real point, two for a generated one) and two uniform ones (for labels).
    """

    real: Tensor
    latent: Tensor
    chance: Tensor
    trick: Tensor


class Randomness(NamedTuple):
    """Everything that decides a run's random numbers."""

    scenario_seed: int
    seeds: Sequence[int]
    batch: int
    moves: int  # critic moves in a step, plus the generator's one
    real: Sampler
    latent: Sampler
    chance: Sampler
    trick: Sampler


def draws(source: Randomness, start: int, like: Tensor) -> Iterator[Draw]:
    """The draws of steps start, start + 1, ..., without end, with the type and device of `like`."""
    block, skip = divmod(start, BLOCK)
    while True:
        drawn = draw_block(source, block, like)
        for row in range(skip, BLOCK):
            yield Draw(*(numbers[row] for numbers in drawn))
        block, skip = block + 1, 0


def draw_block(source: Randomness, block: int, like: Tensor) -> Draw:
    """The numbers of one block: each [step, moves, seed, batch, ...]."""
    return Draw(
        stacked(source, Purpose.REAL, block, source.real, like),
        stacked(source, Purpose.LATENT, block, source.latent, like),
        stacked(source, Purpose.CHANCE, block, source.chance, like),
        stacked(source, Purpose.TRICK, block, source.trick, like),
    )


def uniform(columns: int) -> Sampler:
    """A sampler of n x columns uniform numbers, from 0 to below 1."""
    return lambda rng, n: rng.random((n, columns))


def tricks(rng: np.random.Generator, n: int) -> np.ndarray:
    """Four normal and two uniform columns."""
    return np.hstack((rng.standard_normal((n, 4)), rng.random((n, 2))))


def no_tricks(rng: np.random.Generator, n: int) -> np.ndarray:
    """No columns at all, and nothing drawn."""
    return np.empty((n, 0))


def stacked(source: Randomness, purpose: Purpose, block: int, sample: Sampler, like: Tensor) -> Tensor:
    """[step, moves, seed, batch, d]; the generator's move is named 0, so that fewer critic moves see the first batches."""
    names = [*range(1, source.moves), 0]
    table = [[one(source, sample, purpose, seed, name, block) for seed in source.seeds] for name in names]
    numbers = torch.from_numpy(np.array(table)).to(dtype=like.dtype, device=like.device)
    return numbers.permute(2, 0, 1, 3, 4).contiguous()


def one(source: Randomness, sample: Sampler, purpose: Purpose, seed: int, name: int, block: int) -> np.ndarray:
    """One seed's numbers for one move of every step of a block: [step, batch, d]."""
    numbers = sample(stream(source.scenario_seed, seed, purpose, name, block), BLOCK * source.batch)
    return numbers.reshape(BLOCK, source.batch, -1)


def starts(
    scenario_seed: int, seeds: Sequence[int], purpose: Purpose, initial: Callable[[np.random.Generator], np.ndarray]
) -> np.ndarray:
    """First parameters of every seed [seed, P]."""
    return np.stack([initial(stream(scenario_seed, seed, purpose)) for seed in seeds])
