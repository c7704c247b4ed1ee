"""The loop that people write: nn.Sequential, torch.optim.Adam, two passes of autograd for the penalty.

    python benchmarks/plain.py 64 wgan-gp 2 2500   width, method, critic moves a step, steps

It is given its random numbers as cheaply as such scripts draw them, and imports nothing but torch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import islice

import torch
from torch import nn
from torch.nn.functional import softplus

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


def main() -> None:
    """Train, and say nothing."""
    torch.set_num_threads(1)
    width, method, critic_steps, steps = sys.argv[1:]
    for _ in islice(plain_loop(int(width), method, int(critic_steps)), int(steps)):
        pass


if __name__ == "__main__":
    main()
