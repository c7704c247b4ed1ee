"""Time of one training step on a GPU, called and captured, beside the engines of one thread of the CPU, in the same process.

    python benchmarks/cuda.py                   the table: methods, widths, seeds
    python benchmarks/cuda.py wgan-gp r3gan     of these methods

A line is one game: its method, width and seeds; milliseconds a step, medians of five rounds, draws among them; what its draws
alone take, which the host makes; then how long the capture took, in seconds.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from time import perf_counter

import torch

from toygan.engines.table import begin
from toygan.files.scenario import read
from toygan.game.streams import draws
from toygan.session.looks import like
from toygan.session.simulation import simulation

WAYS = {"cpu": ("eager", "onnx"), "cuda": ("eager", "cuda", "draws")}
SIZES = ((64, 1), (64, 16), (64, 128), (512, 16))
STEPS, ROUNDS, SLOW = 32, 5, 2e5  # a CPU is not asked to play games of more than so many width * width * seeds


def loop(method: str, width: int, seeds: int, device: str, backend: str) -> tuple[Iterator[None], float]:
    """A game that goes on and on, and what it took to make it ready [s]."""
    changes = {
        "generator.width": width,
        "critic.width": width,
        "training.seeds": seeds,
        "training.batch": 256,
        "training.steps": 10**6,
    }
    sim = simulation(read("eight-gaussians", method, list(changes.items())), device)
    numbers, dials = draws(sim.source, 0, like(sim.start)), sim.world.dials
    if backend == "draws":
        return (None for _ in numbers), 0.0
    first, start = next(numbers), perf_counter()
    running = begin(backend, sim.world.step, sim.start, first, dials).running
    ready = perf_counter() - start

    def playing() -> Iterator[None]:
        for draw in numbers:
            running.advance(draw, dials)
            yield

    return playing(), ready


def milliseconds(played: Iterator[None]) -> float:
    """Mean time of a step, until the last is done."""
    start = perf_counter()
    for _ in range(STEPS):
        next(played)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (perf_counter() - start) / STEPS * 1e3


def line(method: str, width: int, seeds: int) -> str:
    """One game under every way that is there."""
    told, ready = [], float("nan")
    for device, backends in WAYS.items():
        for backend in backends:
            if device == "cpu" and width * width * seeds > SLOW:
                told.append(float("nan"))
                continue
            played, took = loop(method, width, seeds, device, backend)
            ready = took if backend == "cuda" else ready
            milliseconds(played)
            told.append(statistics.median(milliseconds(played) for _ in range(ROUNDS)))
    return f"{method:14} {width:5} {seeds:5} " + " ".join(f"{number:9.2f}" for number in (*told, ready))


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        sys.exit("torch sees no GPU here")
    print(f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}; milliseconds a step")
    print("method         width seeds  cpu eager      onnx gpu eager  captured     draws   ready s")
    for method in sys.argv[1:] or ("ns-gan", "wgan-gp", "r3gan", "sngan"):
        for width, seeds in SIZES:
            print(line(method, width, seeds), flush=True)


if __name__ == "__main__":
    main()
