"""Random numbers as a function of (scenario seed, seed, name, step), so that nothing depends on what was drawn before.

Two methods on one scenario and seed see the same real batches and latents; a run that is continued sees what it would
have seen. Numbers are drawn in blocks of many steps because a draw costs more than the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from toygan.game.play import Draw
from toygan.targets.target import Sampler

BLOCK = 32  # steps drawn at once; part of the stream's definition: another value is another stream

# The numbers of the streams that every run has; they are part of the streams' definition. Others follow from the name.
# Labels are of the very numbers that their points are of.
NUMBERS = {
    "generator start": 0,
    "critic start": 1,
    "real": 2,
    "real label": 2,
    "latent": 3,
    "watched real": 5,
    "watched latent": 6,
    "floor": 7,
    "fresh latent": 9,
    "watched noise": 10,
    "many real": 11,
}


def stream(scenario_seed: int, seed: int, name: str, *place: int) -> np.random.Generator:
    """The generator of random numbers of one name at one place (block, move) of one seed."""
    return np.random.default_rng([scenario_seed, seed, *entropy(name), *place])


def entropy(name: str) -> tuple[int]:
    """The number of the streams of a name."""
    return (NUMBERS[name] if name in NUMBERS else crc32(name.encode()) + 2**32,)


class Randomness(NamedTuple):
    """Everything that decides a run's random numbers; `laws` are the samplers of a step's draws by name; `epochs` are the real
    points [N, 2] where they are a list that is gone through, each once before any comes again.
    """

    scenario_seed: int
    seeds: Sequence[int]
    batch: int
    moves: int  # critic moves in a step, plus the generator's one
    laws: Mapping[str, Sampler]
    epochs: np.ndarray | None = None


def draws(source: Randomness, start: int, like: Tensor) -> Iterator[Draw]:
    """The draws of steps start, start + 1, ..., without end, with the type and device of `like`."""
    block, skip = divmod(start, BLOCK)
    while True:
        drawn = {name: stacked(source, name, block, like) for name in source.laws}
        for row in range(skip, BLOCK):
            yield {name: numbers[row] for name, numbers in drawn.items()}
        block, skip = block + 1, 0


def stacked(source: Randomness, name: str, block: int, like: Tensor) -> Tensor:
    """[step, moves, seed, batch, c]; the generator's move is numbered 0, so that fewer critic moves see the first batches."""
    moves = [*range(1, source.moves), 0]
    table = [[one(source, name, seed, move, block) for seed in source.seeds] for move in moves]
    numbers = torch.from_numpy(np.array(table)).to(dtype=like.dtype, device=like.device)
    return numbers.permute(2, 0, 1, 3, 4).contiguous()


def one(source: Randomness, name: str, seed: int, move: int, block: int) -> np.ndarray:
    """One seed's numbers for one move of every step of a block: [step, batch, c]."""
    if name == "real" and source.epochs is not None:
        return source.epochs[order(source, len(source.epochs), seed, move, block)].reshape(BLOCK, source.batch, -1)
    rng = stream(source.scenario_seed, seed, name, move, block)
    return source.laws[name](rng, BLOCK * source.batch).reshape(BLOCK, source.batch, -1)


def order(source: Randomness, points: int, seed: int, move: int, block: int) -> np.ndarray:
    """Which of so many points one move of every step of a block sees: [step * batch]. Every move of a step goes through
    epochs of its own, each in an order by chance.
    """
    size = BLOCK * source.batch
    epoch, place = np.divmod(block * size + np.arange(size), points)
    shuffled = {e: stream(source.scenario_seed, seed, "epoch", move, e).permutation(points) for e in np.unique(epoch)}
    return np.concatenate([shuffled[e][place[epoch == e]] for e in shuffled])


def starts(
    scenario_seed: int, seeds: Sequence[int], player: str, initial: Callable[[np.random.Generator], np.ndarray]
) -> np.ndarray:
    """A player's first parameters of every seed [seed, P]."""
    return np.stack([initial(stream(scenario_seed, seed, f"{player} start")) for seed in seeds])
