"""Time of one training step under every engine against the loop that people write, in the same process and in turns.

    python benchmarks/step.py            the table: widths, seeds, methods
    python benchmarks/step.py --rounds 9

The baseline is a plain eager PyTorch loop with the same nets, batch and method: nn.Sequential, torch.optim.Adam, two passes
of autograd for the penalty. It is given its random numbers as cheaply as such scripts draw them; toygan's steps draw their own.

The limit is the step's matrix products at the rate at which this machine multiplies large matrices: nothing else costs anything.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from time import perf_counter

import torch
from plain import BATCH, plain_loop
from torch.utils.flop_counter import FlopCounterMode

from toygan.engines.table import begin
from toygan.files.scenario import read
from toygan.game.streams import draws
from toygan.session.looks import like
from toygan.session.simulation import Simulation, simulation

ENGINES = ("eager", "onnx")


def simulated(width: int, method: str, critic_steps: int, seeds: int) -> Simulation:
    """toygan's game with the same nets, batch and method."""
    changes = {
        "generator.width": width,
        "critic.width": width,
        "generator.activation": "relu",
        "training.seeds": seeds,
        "training.batch": BATCH,
        "training.steps": 10**6,
        "method.critic_steps": critic_steps,
    }
    return simulation(read("eight-gaussians", method, list(changes.items())))


def toygan_loop(sim: Simulation, engine: str) -> Iterator[None]:
    """toygan's step under an engine, with its own draws."""
    numbers, dials = draws(sim.source, 0, like(sim.start)), sim.world.dials
    running = begin(engine, sim.world.step, sim.start, next(numbers), dials).running
    for draw in numbers:
        running.advance(draw, dials)
        yield


def limit(sim: Simulation, rate: float) -> float:
    """What the step's matrix products take at a rate [operations a ms]."""
    draw = next(draws(sim.source, 0, like(sim.start)))
    with FlopCounterMode(display=False) as counter:
        sim.world.step(sim.start, draw, sim.world.dials)
    return counter.get_total_flops() / rate


def matrix_rate(size: int = 1024, times: int = 20) -> float:
    """Operations a millisecond in a product of large matrices, the best of several."""
    a, b = torch.rand(2, size, size)
    products = repeat(lambda: torch.mm(a, b))
    return 2 * size**3 / min(milliseconds(products, 1) for _ in range(times))


def repeat(work: Callable[[], object]) -> Iterator[None]:
    """Do it again and again."""
    while True:
        work()
        yield


def milliseconds(loop: Iterator[None], steps: int) -> float:
    """Mean time of a step."""
    start = perf_counter()
    for _ in range(steps):
        next(loop)
    return (perf_counter() - start) / steps * 1e3


def compare(width: int, method: str, seeds: int, rounds: int, rate: float) -> str:
    """Medians of all and of their ratios to the plain loop, in turns so that a slow moment of the machine hits all."""
    critic_steps = 2 if method == "wgan-gp" else 1
    sim, steps = simulated(width, method, critic_steps, seeds), max(8, 64 // seeds)
    plain, loops = plain_loop(width, method, critic_steps), [toygan_loop(sim, engine) for engine in ENGINES]
    for loop in (plain, *loops):
        milliseconds(loop, 32)
    turns = [[milliseconds(plain, 64), *(milliseconds(loop, steps) / seeds for loop in loops)] for _ in range(rounds)]
    times = [statistics.median(column) for column in zip(*turns, strict=True)]
    ratios = [statistics.median(own[i] / own[0] for own in turns) for i in range(1, len(times))]
    numbers = [*times, limit(sim, rate) / seeds, *ratios]
    return f"{method:8} {width:5} {seeds:5} " + " ".join(f"{number:9.2f}" for number in numbers)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    rate = matrix_rate()
    print(f"per step and seed, medians, one thread; large matrices are multiplied at {rate / 1e6:.0f} GFLOP/s")
    print("method   width seeds  plain ms  eager ms   onnx ms  limit ms  eager/pl  onnx/pl.")
    for method in ("wgan-gp", "r3gan", "ns-gan"):
        for width, seeds in ((32, 1), (64, 1), (128, 1), (32, 16), (64, 16)):
            print(compare(width, method, seeds, rounds, rate), flush=True)


if __name__ == "__main__":
    main()
