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
from torch import nn
from torch.nn.functional import softplus
from torch.utils.flop_counter import FlopCounterMode

from toygan.engines.table import begin
from toygan.files.scenario import read
from toygan.game.streams import draws
from toygan.session.looks import like
from toygan.session.simulation import Simulation, simulation

BATCH = 256
ENGINES = ("eager", "onnx")


def perceptron(width: int, outputs: int) -> nn.Sequential:
    """Three hidden layers, as the scripts have them."""
    layers: list[nn.Module] = [nn.Linear(2, width), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def slopes(critic: nn.Module, points: torch.Tensor) -> torch.Tensor:
    """The critic's gradient at points, with a graph for the second pass."""
    points = points.detach().requires_grad_()
    return torch.autograd.grad(critic(points).sum(), points, create_graph=True)[0]


def wgan_gp(critic: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Critic loss of wgan-gp."""
    e = torch.rand(len(real), 1)
    excess = slopes(critic, e * real + (1 - e) * fake).norm(dim=1) - 1
    return critic(fake).mean() - critic(real).mean() + 0.1 * (excess**2).mean()


def r3gan(critic: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Critic loss of r3gan."""
    penalty = slopes(critic, real).square().sum(1).mean() + slopes(critic, fake).square().sum(1).mean()
    return softplus(critic(fake) - critic(real)).mean() + 0.05 * penalty


def ns_gan(critic: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Critic loss of ns-gan."""
    return softplus(-critic(real)).mean() + softplus(critic(fake)).mean()


GENERATOR_LOSS: dict[str, Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "wgan-gp": lambda critic, real, fake: -critic(fake).mean(),
    "r3gan": lambda critic, real, fake: softplus(critic(real) - critic(fake)).mean(),
    "ns-gan": lambda critic, real, fake: softplus(-critic(fake)).mean(),
}
CRITIC_LOSS = {"wgan-gp": wgan_gp, "r3gan": r3gan, "ns-gan": ns_gan}


def plain_loop(width: int, method: str, critic_steps: int) -> Iterator[None]:
    """The usual script, one step at a time."""
    generator, critic = perceptron(width, 2), perceptron(width, 1)
    g_adam = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9))
    c_adam = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9))
    while True:
        for _ in range(critic_steps):
            real, fake = torch.randn(BATCH, 2), generator(torch.randn(BATCH, 2)).detach()
            c_adam.zero_grad()
            CRITIC_LOSS[method](critic, real, fake).backward()
            c_adam.step()
        g_adam.zero_grad()
        GENERATOR_LOSS[method](critic, torch.randn(BATCH, 2), generator(torch.randn(BATCH, 2))).backward()
        g_adam.step()
        yield


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
