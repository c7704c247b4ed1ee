"""Play a config and look at it now and then: states in, frames out. Nothing here measures, draws or touches a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.files.world import World, build_generator, build_target, world
from toygan.game import play
from toygan.game.play import Report, State
from toygan.game.streams import Purpose, Randomness, draws, no_tricks, starts, stream, tricks, uniform
from toygan.quantities.state import JUDGED, Watched, views
from toygan.targets.target import MANY

GRID = 81  # score grid, points a side
ARROWS = 21  # slope grid, points a side
REFERENCES = 256  # points of each cloud behind a score that needs clouds: a kernel's witness, batch norm
FINAL_POINTS = 2000  # generated points a seed for the final measures
RUNAWAY = 1e6  # a loss or a parameter beyond this has run away: float32 keeps one digit of a unit step there

Arrays = dict[str, np.ndarray]


class Simulation(NamedTuple):
    """A world with everything that stays fixed while it is played and watched."""

    world: World
    source: Randomness
    steps: int
    frame_steps: list[int]
    start: State
    watched: Tensor  # latents [seed, points, d]: the same ones at every frame, so that particles can be followed
    final: Tensor  # latents [seed, FINAL_POINTS, d]
    real: np.ndarray  # [points, 2]
    many_real: np.ndarray  # [at most MANY, 2]
    score_axes: tuple[np.ndarray, np.ndarray]
    slope_axes: tuple[np.ndarray, np.ndarray]


class Frame(NamedTuple):
    """What one look at a state saw: in `arrays`, `samples [S, N, 2]`, `scores [P, g, g]`, `slopes [P, h, h, 2]`,
    `diverged [S]`, what the critic is shown where that is something else (`unlike_the_samples`), and the views of the
    inside (`toygan.quantities.state.views`); in `report`, the losses [S]; in `noise`, what is left of the instance noise.
    """

    step: int
    arrays: Arrays
    report: Arrays
    noise: float = 0.0


def simulation(config: Config, device: str = "cpu") -> Simulation:
    """Set a config up on a device, ready to play."""
    stage, training, seeds = world(config), config.training, config.training.seed_list
    like = torch.empty(0, dtype=PRECISIONS[training.precision], device=device)
    source = Randomness(
        scenario_seed=training.seed,
        seeds=seeds,
        batch=training.batch,
        moves=config.method.critic_steps + 1,
        real=stage.target.sample,
        latent=lambda rng, n: stage.generator.latents(rng, n, stage.target.sample),
        chance=uniform(1 + 2 * config.method.pack),
        trick=tricks if wants_tricks(config) else no_tricks,
    )
    return Simulation(
        world=stage,
        source=source,
        steps=training.steps,
        frame_steps=frame_steps(training.steps, training.frames),
        start=first_state(stage, source, like),
        watched=watched_latents(source, training.points, like, 0),
        final=watched_latents(source, FINAL_POINTS, like, 1),
        real=real_points(config, stage, training.points, 0),
        many_real=many_points(config, stage),
        score_axes=axes(config, GRID),
        slope_axes=axes(config, ARROWS),
    )


def wants_tricks(config: Config) -> bool:
    """Whether noise or labels need random numbers of their own."""
    method = config.method
    return bool(method.instance_noise or method.noisy_labels or method.objective.kind == "soft-labels")


PRECISIONS = {"single": torch.float32, "double": torch.float64}


def frame_steps(steps: int, frames: int) -> list[int]:
    """When to look: the start, the end and evenly between, each step once."""
    return [int(step) for step in np.unique(np.linspace(0, steps, max(frames, 2)).round())]


def first_state(stage: World, source: Randomness, like: Tensor) -> State:
    """Every seed's own first parameters."""
    bodies = ((stage.generator.network, Purpose.GENERATOR_START), (stage.game.critic, Purpose.CRITIC_START))
    parameters = [
        torch.from_numpy(starts(source.scenario_seed, source.seeds, purpose, body.initial)).to(like)
        for body, purpose in bodies
    ]
    return play.start(stage.game, *parameters)


def watched_latents(source: Randomness, n: int, like: Tensor, place: int) -> Tensor:
    """Latents to look at [seed, n, d], each seed's own."""
    rngs = (stream(source.scenario_seed, seed, Purpose.WATCHED_LATENT, place) for seed in source.seeds)
    return torch.from_numpy(np.stack([source.latent(rng, n) for rng in rngs])).to(like)


def real_points(config: Config, stage: World, n: int, place: int) -> np.ndarray:
    """Target points to compare with [n, 2], the same for every seed; none of them is trained on."""
    return stage.target.sample(stream(config.training.seed, 0, Purpose.WATCHED_REAL, place), n)


def many_points(config: Config, stage: World) -> np.ndarray:
    """All points of a target that is a list, else MANY draws [MANY, 2], the same for all: its shares to sqrt(share / MANY)."""
    everything = stage.target.points
    rng = stream(config.training.seed, 0, Purpose.MANY_REAL)
    return stage.target.sample(rng, MANY) if everything is None else everything


def floor_points(config: Config, stage: World, n: int, k: int) -> np.ndarray:
    """The k-th independent sample of the target [n, 2], for noise floors."""
    return stage.target.sample(stream(config.training.seed, 0, Purpose.FLOOR, k), n)


def axes(config: Config, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The view's x and y, n points each."""
    return np.linspace(*config.view.x, n), np.linspace(*config.view.y, n)


# --- playing ---------------------------------------------------------------------------------------------------------


def states_due(sim: Simulation, state: State, tick: Callable[[int], None]) -> Iterator[State]:
    """Play on from a state and yield every later one that is to be looked at."""
    due = set(sim.frame_steps)
    for played in play.play(sim.world.game, state, draws(sim.source, state.step, state.critic)):
        tick(played.step)
        if played.step in due:
            yield played


def is_over(sim: Simulation, state: State) -> bool:
    """At the last step, or every seed has diverged."""
    return state.step == sim.steps or bool(has_diverged(state).all())


def observe(sim: Simulation, state: State) -> Frame:
    """Look at a state through the scenario's window; scores and slopes for the first seed only.

    The points that are kept and measured as samples are the averaged generator's. The critic is looked at among what it
    trains against: the live generator's points, from the same latents, with what is left of the instance noise.
    """
    seen = play.generate(sim.world.game, state.average, sim.watched)
    live = play.generate(sim.world.game, state.generator, sim.watched) if sim.world.game.ema else seen
    shown = shown_clouds(sim, state, torch.from_numpy(sim.real[None]).to(seen), live, 0)
    references = (shown.real[:1, :REFERENCES], shown.fake[:1, :REFERENCES])
    critic = play.judge(sim.world.game, state.critic[:1], *references)
    return Frame(
        step=state.step,
        arrays={
            "samples": on_host(seen).astype(np.float32),
            "scores": on_grid(critic.score(points_of(sim.score_axes, seen)), GRID),
            "slopes": on_grid(critic.slopes(points_of(sim.slope_axes, seen)), ARROWS),
            "diverged": on_host(has_diverged(state)),
        }
        | unlike_the_samples(sim, live, shown)
        | views(sim.world.game, state, shown, sim.world.generator.categories),
        report={name: on_host(told) for name, told in named(state.report, sim.world.game.constraint.parts).items()},
        noise=play.noise_left(sim.world.game, state),
    )


def named(report: Report, parts: Iterable[str]) -> dict[str, Tensor]:
    """What the last moves said [S], by the names that files have for it; of several penalties each has its own."""
    losses = dict(zip(("critic_loss", "generator_loss", "penalty"), report[:3], strict=True))
    return losses | {f"penalty_{name}": part for name, part in zip(parts, report.parts, strict=True)}


def shown_clouds(sim: Simulation, state: State, real: Tensor, live: Tensor, place: int) -> Watched:
    """Real [1, n, 2] and live points [S, n, 2] as the critic is shown them; a place's noise is the same at every frame."""
    left = play.noise_left(sim.world.game, state)
    if not left:
        return Watched(real, live, sim.watched)
    n, seed = live.shape[1], sim.source.scenario_seed
    rngs = (stream(seed, own, Purpose.WATCHED_NOISE, place) for own in sim.source.seeds)
    noise = torch.from_numpy(np.stack([rng.standard_normal((2, n, 2)) for rng in rngs])).to(live)
    return Watched(real + left * noise[:, 0], live + left * noise[:, 1], sim.watched)


def shown_again(sim: Simulation, state: State, real: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every seed's real and generated points [n, 2] as its critic is shown them, of other latents and noise than the watched."""
    fake = play.generate(sim.world.game, state.generator, sim.final[:, : len(real)])
    shown = shown_clouds(sim, state, torch.from_numpy(real[None]).to(fake), fake, 1)
    return list(zip(on_host(shown.real.expand(len(fake), -1, -1)), on_host(shown.fake), strict=True))


def unlike_the_samples(sim: Simulation, live: Tensor, shown: Watched) -> Arrays:
    """What the critic trains against where that is not the samples: with an averaged generator the live one's points
    `live [S, N, 2]`; with instance noise the blurred ones at which it is judged, `shown_real`, `shown_fake [S, n, 2]`.
    """
    arrays = {"live": live} if sim.world.game.ema else {}
    if sim.world.game.noise:
        blurred = {"shown_real": shown.real.expand(len(live), -1, -1), "shown_fake": shown.fake}
        arrays |= {name: points[:, :JUDGED] for name, points in blurred.items()}
    return {name: on_host(points).astype(np.float32) for name, points in arrays.items()}


def generated(sim: Simulation, state: State, latents: Tensor) -> np.ndarray:
    """Points of the averaged generator [S, n, 2], float32."""
    return on_host(play.generate(sim.world.game, state.average, latents)).astype(np.float32)


def points_of(two_axes: tuple[np.ndarray, np.ndarray], like: Tensor) -> Tensor:
    """A grid as points [1, g * g, 2], row by row, x running fastest."""
    grid = np.stack(np.meshgrid(*two_axes), axis=-1).reshape(1, -1, 2)
    return torch.from_numpy(grid).to(like)


def on_grid(values: Tensor, side: int) -> np.ndarray:
    """Values at grid points [P, g * g, ...] -> [P, g, g, ...], float32."""
    return on_host(values).reshape(len(values), side, side, *values.shape[2:]).astype(np.float32)


def has_diverged(state: State) -> Tensor:
    """Which seeds have a parameter or a loss that is NaN or beyond RUNAWAY: [seed]."""
    losses = torch.stack(state.report[:3], dim=1)[:, : 3 if state.step else 0]
    numbers = torch.cat((state.generator, state.critic, losses), dim=1)
    return ~(numbers.abs() < RUNAWAY).all(dim=1)


def on_host(values: Tensor) -> np.ndarray:
    """The numbers of a tensor, on the host."""
    return values.detach().cpu().numpy()


# --- when all is over ------------------------------------------------------------------------------------------------


def weights(state: State) -> Arrays:
    """What was learned, without optimisers' memories: `generator`, `average`, `critic [S, P]`, `memory [S]`, `step []`."""
    names = ("generator", "average", "critic", "memory")
    return {name: on_host(getattr(state, name)) for name in names} | {"step": np.array(state.step)}


def fresh_points(config: Config, average: np.ndarray, n: int, k: int) -> np.ndarray:
    """The k-th sample of n points of each seed's averaged generator, from its parameters [S, P] and fresh latents: [S, n, 2]."""
    generator, training = build_generator(config), config.training
    rngs = [stream(training.seed, seed, Purpose.FRESH_LATENT, k) for seed in training.seed_list]
    latents = np.stack([generator.latents(rng, n, lambda *order: build_target(config).sample(*order)) for rng in rngs])
    parameters = torch.from_numpy(average)
    with torch.no_grad():
        layers = generator.network.layers(parameters)
        points = generator.network.forward(layers, torch.from_numpy(latents).to(parameters))
    return on_host(points).astype(np.float32)


# --- states as arrays ------------------------------------------------------------------------------------------------


def state_arrays(state: State) -> Arrays:
    """A state as named arrays, to be kept."""
    slots = {
        f"{player}_{i}": slot
        for player in ("generator_slots", "critic_slots")
        for i, slot in enumerate(getattr(state, player))
    }
    tensors = {name: getattr(state, name) for name in ("generator", "critic", "average", "memory")} | slots
    tensors |= named(state.report, map(str, range(len(state.report.parts))))
    return {name: on_host(tensor) for name, tensor in tensors.items()} | {"step": np.array(state.step)}


def state_of(arrays: Mapping[str, np.ndarray], like: State) -> State:
    """The state that was kept, with the types and devices of `like`."""
    tensors: dict[str, Any] = {
        name: torch.from_numpy(values).to(like.critic) for name, values in arrays.items() if name != "step"
    }
    parts = (tensors[f"penalty_{i}"] for i in range(len(like.report.parts)))
    return State(
        step=int(arrays["step"]),
        generator=tensors["generator"],
        critic=tensors["critic"],
        average=tensors["average"],
        generator_slots=tuple(tensors[f"generator_slots_{i}"] for i in range(len(like.generator_slots))),
        critic_slots=tuple(tensors[f"critic_slots_{i}"] for i in range(len(like.critic_slots))),
        memory=tensors["memory"],
        report=Report(tensors["critic_loss"], tensors["generator_loss"], tensors["penalty"], tuple(parts)),
    )
