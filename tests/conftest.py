"""What the tests share: one thread, numbers from a seed in float64, small worlds, and tables of exact facts."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from functools import cache
from importlib.metadata import version
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from torch import Tensor

from toygan.files.world import World
from toygan.game import play
from toygan.game.constraints import CONSTRAINTS, Constraint
from toygan.game.networks import Network
from toygan.game.objectives import Extra, Losses, Objective, objective
from toygan.game.optimisers import OPTIMISERS, SCHEDULES, Optimiser, constant
from toygan.game.play import Game, State
from toygan.game.players import GENERATORS, Generator, mlp_critic
from toygan.game.rules import RULES, Rule
from toygan.game.streams import Randomness, draws, tricks, uniform
from toygan.many import run
from toygan.many.executors import Local
from toygan.many.task import End, Task, perform
from toygan.session.looks import first_state
from toygan.targets.mixtures import ring
from toygan.targets.target import Target

torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    """Keep what runs share with pytest's own things, not in the user's cache folder."""
    if config.cache is not None:
        os.environ.setdefault("TOYGAN_CACHE", str(config.cache.mkdir("toygan")))


@pytest.fixture(scope="session", autouse=True)
def short_runs() -> Iterator[None]:
    """Final W1 and floors on 100 points, not 1000, so that a target's floor takes .1 s, not 3; versions are looked up
    once. Runs in processes of their own are as users have them.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "FINAL_W1", 100)
        patch.setattr(run, "version", cache(version))
        yield


class AtOnce(Executor):
    """Plays a run in this process, as it is handed in."""

    def submit(self, _play: Any, task: Task, **_: Any) -> Future[End]:  # type: ignore[override]
        future: Future[End] = Future()
        future.set_result(perform(task))
        return future


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many runs are played in this process: another takes three seconds to start. Those of test_sweep.py are real."""
    monkeypatch.setattr(Local, "renew", lambda pool: setattr(pool, "pool", AtOnce()))


DOUBLE = torch.empty(0, dtype=torch.float64)
T = TypeVar("T")


def facts_of(facts: Mapping[str, T], name: str, where: str) -> T:
    """The row of a table of exact facts; a new row of the product fails here until its facts are written down."""
    if name not in facts:
        pytest.fail(f"add the exact facts of {name!r} to {where}")
    return facts[name]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers in float64."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def fractions(*shape: int, seed: int = 0) -> Tensor:
    """Uniform numbers in [0, 1) in float64."""
    return torch.from_numpy(np.random.default_rng(seed).random(shape))


def differences(f: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-6) -> Tensor:
    """The gradient of the sum of f by central differences."""
    flat = [
        (f(x + e).sum() - f(x - e).sum()) / (2 * step) for e in step * torch.eye(x.numel()).to(x).view(-1, *x.shape)
    ]
    return torch.stack(flat).view_as(x)


def gradient(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of the sum of f by autograd; zero where f does not depend on x."""
    x = x.detach().requires_grad_()
    # An empty sum of x adds nothing to f, and stands for it where f does not depend on x.
    (found,) = torch.autograd.grad(f(x).sum() + x[:0].sum(), x)
    return found


def check_gradient(f: Callable[[Tensor], Tensor], x: Tensor, tolerance: float = 1e-6) -> None:
    """The gradient of the sum of f agrees with central differences along a few directions no coordinate is alone in."""
    slope, step = gradient(f, x), 1e-6
    for seed in range(4):
        way = numbers(*x.shape, seed=100 + seed)
        wanted = (f(x + step * way).sum() - f(x - step * way).sum()) / (2 * step)
        torch.testing.assert_close((slope * way).sum(), wanted, rtol=tolerance, atol=tolerance)


def extra_of(scores: Tensor, **known: Tensor) -> Extra:
    """What a loss may look at besides scores [seed, batch, outputs]: a memory of 1/2, fixed chances, no latents."""
    seeds, batch, _ = scores.shape
    neutral = Extra(
        scores.new_full((seeds,), 0.5), fractions(seeds, batch, 2, seed=99), scores.new_zeros(seeds, batch, 0)
    )
    return neutral._replace(**known)


def said(one: Objective, r: Tensor, g: Tensor, **known: Tensor) -> Losses:
    """The losses on these scores, the rest neutral unless it is known."""
    return one.losses(r, g, extra_of(g, **known))


def small_critic(outputs: int = 1, pack: int = 1) -> Network:
    return mlp_critic(2 * pack, outputs, width=6, depth=2)


def small_world(
    wanted: Objective | str = "wasserstein",
    constraint: Constraint | str = "none",
    *,
    target: Target | None = None,
    generator: Generator | None = None,
    critic: Network | None = None,
    optimiser: Optimiser | None = None,
    rule: Rule | str = "alternating",
    rate: float = 1e-2,
    critic_steps: int = 2,
    head_start: int = 0,
    ema: float = 0.0,
    noise: float = 0.0,
    noise_schedule: str = "linear",
    pack: int = 1,
) -> World:
    """A world in which a step takes a millisecond."""
    one = objective(wanted) if isinstance(wanted, str) else wanted
    held = CONSTRAINTS[constraint]() if isinstance(constraint, str) else constraint
    order = RULES[rule]() if isinstance(rule, str) else rule
    generator = generator or GENERATORS["mlp"](width=6, depth=2)
    rules = Game(
        generator=generator.network,
        critic=held.extend(critic or small_critic(one.outputs, pack)),
        objective=one,
        constraint=held,
        optimiser=order.wrap(optimiser or OPTIMISERS["adam"]((0.5, 0.9))),
        rule=order.step,
        generator_rate=rate,
        critic_rate=rate,
        schedule=constant,
        critic_steps=critic_steps,
        head_start=head_start,
        ema=ema,
        noise=noise,
        noise_schedule=SCHEDULES[noise_schedule],
        pack=pack,
        steps=100,
    )
    return World(target or ring(), generator, rules)


def source_of(world: World, seeds: Sequence[int], batch: int = 8, scenario_seed: int = 0) -> Randomness:
    latent, sample = world.generator.latents, world.target.sample
    return Randomness(
        scenario_seed=scenario_seed,
        seeds=seeds,
        batch=batch,
        moves=world.game.critic_steps + 1,
        real=sample,
        latent=lambda rng, n: latent(rng, n, sample),
        chance=uniform(1 + 2 * world.game.pack),
        trick=tricks,
    )


def beginning(world: World, seeds: Sequence[int], like: Tensor = DOUBLE) -> State:
    return first_state(world, source_of(world, seeds), like)


def states_of(world: World, seeds: Sequence[int], steps: int, like: Tensor = DOUBLE) -> list[State]:
    """The first state and those after each of the steps."""
    source, state = source_of(world, seeds), beginning(world, seeds, like)
    later: Iterator[State] = play.play(world.game, state, draws(source, 0, like))
    return [state, *islice(later, steps)]


def tensors_of(state: State) -> dict[str, Tensor]:
    """Every tensor of a state by name, each [seed, ...]."""
    slots = {
        f"{who}_{i}": slot for who in ("generator", "critic") for i, slot in enumerate(getattr(state, f"{who}_slots"))
    }
    report = state.report
    said = {"critic_loss": report.critic_loss, "generator_loss": report.generator_loss, "penalty": report.penalty}
    said |= {f"penalty_{i}": part for i, part in enumerate(report.parts)}
    return {name: getattr(state, name) for name in ("generator", "critic", "average", "memory")} | slots | said
