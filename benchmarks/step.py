"""Time of one training step against the loop that people write, in the same process and in turns.

    python benchmarks/step.py            the table: widths, seeds, methods
    python benchmarks/step.py --rounds 9

The baseline is a plain eager PyTorch loop with the same nets, batch and method: nn.Sequential, torch.optim.Adam, two passes
of autograd for the penalty. It is given its random numbers as cheaply as such scripts draw them.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from time import perf_counter

import torch
from torch import nn
from torch.nn.functional import softplus

from toygan.files.scenario import read
from toygan.game import play
from toygan.game.streams import draws
from toygan.session.looks import like
from toygan.session.simulation import simulation

BATCH = 256


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


def toygan_loop(width: int, method: str, critic_steps: int, seeds: int) -> Iterator[None]:
    """toygan's step, with its own draws."""
    changes = {
        "generator.width": width,
        "critic.width": width,
        "generator.activation": "relu",
        "training.seeds": seeds,
        "training.batch": BATCH,
        "training.steps": 10**6,
        "method.critic_steps": critic_steps,
    }
    sim = simulation(read("eight-gaussians", method, list(changes.items())))
    for _ in play.play(sim.world.game, sim.start, draws(sim.source, 0, like(sim.start))):
        yield


def milliseconds(loop: Iterator[None], steps: int) -> float:
    """Mean time of a step."""
    start = perf_counter()
    for _ in range(steps):
        next(loop)
    return (perf_counter() - start) / steps * 1e3


def compare(width: int, method: str, seeds: int, rounds: int) -> str:
    """Medians of both and of their ratio, measured in turns so that a slow moment of the machine hits both."""
    critic_steps = 2 if method == "wgan-gp" else 1
    steps = max(8, 64 // seeds)
    plain, ours = plain_loop(width, method, critic_steps), toygan_loop(width, method, critic_steps, seeds)
    milliseconds(plain, steps), milliseconds(ours, 32)
    pairs = [(milliseconds(plain, 64), milliseconds(ours, steps) / seeds) for _ in range(rounds)]
    ratio = statistics.median(b / a for a, b in pairs)
    a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
    return f"{method:8} {width:5} {seeds:5} {a:10.2f} {b:10.2f} {ratio:8.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print("method   width seeds   plain ms  toygan ms    ratio   (per step and seed, medians; one thread)")
    for method in ("wgan-gp", "r3gan", "ns-gan"):
        for width, seeds in ((32, 1), (64, 1), (128, 1), (32, 16), (64, 16)):
            print(compare(width, method, seeds, rounds), flush=True)


if __name__ == "__main__":
    main()
