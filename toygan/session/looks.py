"""Play a config and look at it now and then: states in, frames out. Nothing here measures, draws or touches a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.files.world import World, build_generator, build_objective, build_target, world
from toygan.game import duel, play
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.laws import Sampler
from toygan.game.objectives import Objective
from toygan.game.play import State
from toygan.game.players import Generator
from toygan.game.streams import Randomness, draws, starts, stream
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
    watched: (
        Tensor  # latents [seed, points, d], codes first: the same at every frame, so that particles can be followed
    )
    final: Tensor  # latents [seed, FINAL_POINTS, d], codes first
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
    stage, training, seeds = world(config, device), config.training, config.training.seed_list
    like = torch.empty(0, dtype=PRECISIONS[training.precision], device=device)
    source = Randomness(
        scenario_seed=training.seed,
        seeds=seeds,
        batch=training.batch,
        moves=config.method.critic_steps + 1,
        laws=samplers(stage),
    )
    return Simulation(
        world=stage,
        source=source,
        steps=training.steps,
        frame_steps=frame_steps(training.steps, training.frames),
        start=first_state(stage, source, like),
        watched=watched_latents(stage, source, training.points, like, 0),
        final=watched_latents(stage, source, FINAL_POINTS, like, 1),
        real=real_points(config, stage, training.points, 0),
        many_real=many_points(config, stage),
        score_axes=axes(config, GRID),
        slope_axes=axes(config, ARROWS),
    )


def samplers(stage: World) -> dict[str, Sampler]:
    """How each of a step's draws is sampled, by name."""
    sample, latents = stage.target.sample, stage.generator.latents
    own = {"real": sample, "latent": lambda rng, n: latents(rng, n, sample)}
    return own | {name: law.sample for name, law in stage.laws.items()}


PRECISIONS = {"single": torch.float32, "double": torch.float64}


def frame_steps(steps: int, frames: int) -> list[int]:
    """When to look: the start, the end and evenly between, each step once."""
    return [int(step) for step in np.unique(np.linspace(0, steps, max(frames, 2)).round())]


def first_state(stage: World, source: Randomness, like: Tensor) -> State:
    """Every seed's own first parameters."""
    first = {
        name: starts(source.scenario_seed, source.seeds, name, player.network.initial)
        for name, player in stage.game.players.items()
    }
    return play.start(stage.game, {name: torch.from_numpy(numbers).to(like) for name, numbers in first.items()})


def watched_latents(stage: World, source: Randomness, n: int, like: Tensor, place: int) -> Tensor:
    """Latents to look at [seed, n, d], codes first, each seed's own."""
    names = (*stage.game.objective.codes, "latent")
    fed = [
        np.hstack(
            [source.laws[name](stream(source.scenario_seed, seed, f"watched {name}", place), n) for name in names]
        )
        for seed in source.seeds
    ]
    return torch.from_numpy(np.stack(fed)).to(like)


def real_points(config: Config, stage: World, n: int, place: int) -> np.ndarray:
    """Target points to compare with [n, 2], the same for every seed; none of them is trained on."""
    return stage.target.sample(stream(config.training.seed, 0, "watched real", place), n)


def many_points(config: Config, stage: World) -> np.ndarray:
    """All points of a target that is a list, else MANY draws [MANY, 2], the same for all: its shares to sqrt(share / MANY)."""
    everything = stage.target.points
    rng = stream(config.training.seed, 0, "many real")
    return stage.target.sample(rng, MANY) if everything is None else everything


def floor_points(config: Config, stage: World, n: int, k: int) -> np.ndarray:
    """The k-th independent sample of the target [n, 2], for noise floors."""
    return stage.target.sample(stream(config.training.seed, 0, "floor", k), n)


def axes(config: Config, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The view's x and y, n points each."""
    return np.linspace(*config.view.x, n), np.linspace(*config.view.y, n)


# --- playing ---------------------------------------------------------------------------------------------------------


def states_due(sim: Simulation, state: State, tick: Callable[[int], None]) -> Iterator[State]:
    """Play on from a state and yield every later one that is to be looked at."""
    due = set(sim.frame_steps)
    first = step_of(state)
    for step, played in enumerate(play.play(sim.world.game, state, draws(sim.source, first, like(state))), first + 1):
        tick(step)
        if step in due:
            yield played


def step_of(state: State) -> int:
    """How many steps a state has behind it."""
    return int(state.step)


def like(state: State) -> Tensor:
    """A tensor of the type and device of a state's numbers."""
    return state.memory


def is_over(sim: Simulation, state: State) -> bool:
    """At the last step, or every seed has diverged."""
    return step_of(state) == sim.steps or bool(has_diverged(state).all())


def observe(sim: Simulation, state: State) -> Frame:
    """Look at a state through the scenario's window; scores and slopes for the first seed only.

    The points that are kept and measured as samples are the averaged generator's. The critic is looked at among what it
    trains against: the live generator's points, from the same latents, with what is left of the instance noise.
    """
    generator = state.players[GENERATOR]
    seen = duel.carried(sim.world.game, generator.shown, sim.watched)
    live = seen if generator.average is None else duel.carried(sim.world.game, generator.parameters, sim.watched)
    shown = shown_clouds(sim, state, torch.from_numpy(sim.real[None]).to(seen), live, 0)
    references = (shown.real[:1, :REFERENCES], shown.fake[:1, :REFERENCES])
    critic = duel.judge(sim.world.game, state.players[CRITIC].parameters[:1], *references)
    return Frame(
        step=step_of(state),
        arrays={
            "samples": on_host(seen).astype(np.float32),
            "scores": on_grid(critic.score(points_of(sim.score_axes, seen)), GRID),
            "slopes": on_grid(critic.slopes(points_of(sim.slope_axes, seen)), ARROWS),
            "diverged": on_host(has_diverged(state)),
        }
        | unlike_the_samples(sim, state, live, shown)
        | views(sim.world.game, state, shown),
        report={name: on_host(told) for name, told in state.report.items()},
        noise=float(play.noise_left(sim.world.game, state)),
    )


def shown_clouds(sim: Simulation, state: State, real: Tensor, live: Tensor, place: int) -> Watched:
    """Real [1, n, 2] and live points [S, n, 2] as the critic is shown them; a place's noise is the same at every frame."""
    left = float(play.noise_left(sim.world.game, state))
    if not left:
        return Watched(real, live, sim.watched)
    n, seed = live.shape[1], sim.source.scenario_seed
    rngs = (stream(seed, own, "watched noise", place) for own in sim.source.seeds)
    noise = torch.from_numpy(np.stack([rng.standard_normal((2, n, 2)) for rng in rngs])).to(live)
    return Watched(real + left * noise[:, 0], live + left * noise[:, 1], sim.watched)


def shown_again(sim: Simulation, state: State, real: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every seed's real and generated points [n, 2] as its critic is shown them, of other latents and noise than the watched."""
    fake = duel.carried(sim.world.game, state.players[GENERATOR].parameters, sim.final[:, : len(real)])
    shown = shown_clouds(sim, state, torch.from_numpy(real[None]).to(fake), fake, 1)
    return list(zip(on_host(shown.real.expand(len(fake), -1, -1)), on_host(shown.fake), strict=True))


def unlike_the_samples(sim: Simulation, state: State, live: Tensor, shown: Watched) -> Arrays:
    """What the critic trains against where that is not the samples: with an averaged generator the live one's points
    `live [S, N, 2]`; with instance noise the blurred ones at which it is judged, `shown_real`, `shown_fake [S, n, 2]`.
    """
    arrays = {} if state.players[GENERATOR].average is None else {"live": live}
    if sim.world.game.noise is not None:
        blurred = {"shown_real": shown.real.expand(len(live), -1, -1), "shown_fake": shown.fake}
        arrays |= {name: points[:, :JUDGED] for name, points in blurred.items()}
    return {name: on_host(points).astype(np.float32) for name, points in arrays.items()}


def generated(sim: Simulation, state: State, latents: Tensor) -> np.ndarray:
    """Points of the averaged generator [S, n, 2], float32."""
    return on_host(duel.carried(sim.world.game, state.players[GENERATOR].shown, latents)).astype(np.float32)


def points_of(two_axes: tuple[np.ndarray, np.ndarray], like: Tensor) -> Tensor:
    """A grid as points [1, g * g, 2], row by row, x running fastest."""
    grid = np.stack(np.meshgrid(*two_axes), axis=-1).reshape(1, -1, 2)
    return torch.from_numpy(grid).to(like)


def on_grid(values: Tensor, side: int) -> np.ndarray:
    """Values at grid points [P, g * g, ...] -> [P, g, g, ...], float32."""
    return on_host(values).reshape(len(values), side, side, *values.shape[2:]).astype(np.float32)


def has_diverged(state: State) -> Tensor:
    """Which seeds have a parameter or a loss that is NaN or beyond RUNAWAY: [seed]."""
    told = list(state.report.values()) if state.step else []
    numbers = torch.cat((*state.parameters.values(), *(one[:, None] for one in told)), dim=1)
    return ~(numbers.abs() < RUNAWAY).all(dim=1)


def on_host(values: Tensor) -> np.ndarray:
    """The numbers of a tensor, on the host."""
    return values.detach().cpu().numpy()


# --- when all is over ------------------------------------------------------------------------------------------------


def weights(state: State) -> Arrays:
    """What was learned, without optimisers' memories: every player's parameters by name [S, P], the generator's averaged
    ones as `average`, `memory [S]`, `step []`.
    """
    kept = state.parameters | {"average": state.players[GENERATOR].shown, "memory": state.memory}
    return {name: on_host(tensor) for name, tensor in kept.items()} | {"step": np.array(step_of(state))}


def fresh_points(config: Config, average: np.ndarray, n: int, k: int) -> np.ndarray:
    """The k-th sample of n points of each seed's averaged generator, from its parameters [S, P] and fresh latents: [S, n, 2]."""
    generator, training, objective = build_generator(config), config.training, build_objective(config)
    latents = np.stack([fresh_latents(config, generator, objective, seed, n, k) for seed in training.seed_list])
    parameters = torch.from_numpy(average)
    with torch.no_grad():
        layers = generator.network.layers(parameters)
        points = generator.network.forward(layers, torch.from_numpy(latents).to(parameters))
    return on_host(points).astype(np.float32)


def fresh_latents(config: Config, generator: Generator, objective: Objective, seed: int, n: int, k: int) -> np.ndarray:
    """The k-th sample of n latents of one seed, codes first: [n, d]."""

    def rng(name: str) -> np.random.Generator:
        return stream(config.training.seed, seed, f"fresh {name}", k)

    codes = [objective.draws[name].sample(rng(name), n) for name in objective.codes]
    return np.hstack([*codes, generator.latents(rng("latent"), n, lambda *order: build_target(config).sample(*order))])


# --- states as arrays ------------------------------------------------------------------------------------------------


def state_arrays(state: State) -> Arrays:
    """A state as named arrays, to be kept."""
    return {name: on_host(tensor) for name, tensor in named(state).items()}


def named(state: State) -> dict[str, Tensor]:
    """Every tensor of a state by the name that files have for it, in the order of `play.mapped`."""
    tensors = {"step": state.step}
    for name, learned in state.players.items():
        tensors |= {f"{name}": learned.parameters}
        tensors |= {f"{name}_slots_{i}": slot for i, slot in enumerate(learned.slots)}
        tensors |= {f"{name}_moves": learned.moves}
        tensors |= {} if learned.average is None else {f"{name}_average": learned.average}
    return tensors | {"memory": state.memory} | dict(state.report)


def state_of(arrays: Mapping[str, np.ndarray], like: State) -> State:
    """The state that was kept, with the types and devices of `like`."""
    names = iter(named(like))
    return play.mapped(like, lambda leaf: torch.from_numpy(arrays[next(names)]).to(leaf))
