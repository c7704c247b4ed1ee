"""Time of a step of a game of n nets against the sum of its nets' arithmetic in plain games, in one process and in turns.

    python benchmarks/zoo.py             the ratios; asked is at most 1.3
    python benchmarks/zoo.py --rounds 9 --width 64 --engine eager

Matrix products are counted (forward, backward, penalties); a plain game's time for each is the price at which others are
bought. `nets`: the sum of all critics' and of all others' products in a plain game's moves, over the plain game's; `time/nets` is
what is asked. `work`: the products that the zoo's step really makes, over the plain game's; `time/work` is harder where a net
sees a part of the batch, as each of mgan's generators does. Plain is the same objective and constraint without the cast, the
same widths, batch, engine and critic steps.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator

import torch
from step import milliseconds, toygan_loop
from torch.utils.flop_counter import FlopCounterMode

from toygan.files.scenario import read
from toygan.game import play
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON
from toygan.session.looks import like
from toygan.session.simulation import Simulation, simulation

METHODS = ("mgan", "gman", "ali", "cyclegan", "d2gan", "paired-gan", "cgan")
PLAIN = {"method.cast": None, "method.labels": None}
BATCH = 256


def simulated(method: str, width: int, changes: dict[str, object]) -> Simulation:
    """A method's game on its scenario."""
    sizes = {"generator.width": width, "critic.width": width, "training.batch": BATCH, "training.steps": 10**6}
    return simulation(read(PLAYED_ON.get(method, "eight-gaussians"), method, list({**sizes, **changes}.items())))


def arithmetic(sim: Simulation) -> float:
    """Operations of a step's matrix products."""
    draw = next(draws(sim.source, 0, like(sim.start)))
    return counted(lambda: sim.world.step(sim.start, draw, sim.world.dials))


def counted(work: Callable[[], object]) -> float:
    """Operations of the matrix products in some work."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def nets(zoo: Simulation, plain: Simulation) -> float:
    """What the zoo's nets cost in a plain game's moves, over the plain game's step."""
    row, game = play.row_of(next(draws(plain.source, 0, like(plain.start))), 0), plain.world.game
    critic, generator = (
        counted(lambda names=names: play.move(game, plain.start, names, row, at=plain.start))
        for names in (game.critics, game.generators)
    )
    critic *= game.critic_steps
    there = zoo.world.game
    return (len(there.critics) * critic + len(there.generators) * generator) / (critic + generator)


def turns(loops: list[Iterator[None]], rounds: int, steps: int = 32) -> list[list[float]]:
    """Milliseconds a step of each loop, round by round, so that a slow moment of the machine hits all."""
    for loop in loops:
        milliseconds(loop, steps)
    return [[milliseconds(loop, steps) for loop in loops] for _ in range(rounds)]


def compare(method: str, width: int, engine: str, rounds: int) -> str:
    """Both times, and their ratio beside those of the arithmetic."""
    sims = [simulated(method, width, changes) for changes in ({}, PLAIN)]
    work = arithmetic(sims[0]) / arithmetic(sims[1])
    times = turns([toygan_loop(sim, engine) for sim in sims], rounds)
    ratio = statistics.median(zoo / plain for zoo, plain in times)
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    sums = nets(*sims)
    numbers = [*medians, ratio, sums, ratio / sums, work, ratio / work]
    return f"{method:12} {width:5} " + " ".join(f"{number:9.2f}" for number in numbers)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--width", type=int, nargs="+", default=[64])
    parser.add_argument("--engine", default="onnx")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{options.engine}, batch {BATCH}, one thread, medians of {options.rounds} rounds")
    print("method       width    zoo ms  plain ms      time      nets time/nets      work time/work")
    for width in options.width:
        for method in METHODS:
            print(compare(method, width, options.engine, options.rounds), flush=True)


if __name__ == "__main__":
    main()
