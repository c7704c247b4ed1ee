"""Looking at a state: a state in, named arrays out. Nothing here measures, draws or touches a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.disk import Arrays
from toygan.game import duel, play
from toygan.game.dials import over
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.play import State
from toygan.game.streams import stream
from toygan.quantities.companions import kinds_of, of_critic, of_maps
from toygan.quantities.state import JUDGED, Watched, views, with_beside
from toygan.session.ground import ARROWS, GRID
from toygan.session.simulation import Simulation, average_of, on_host

REFERENCES = 256  # points of each cloud behind a score that needs clouds: a kernel's witness, batch norm
RUNAWAY = 1e6  # a loss or a parameter beyond this has run away: float32 keeps one digit of a unit step there


class Frame(NamedTuple):
    """What one look at a state saw: in `arrays`, `samples [S, N, 2]`, `scores [P, g, g]`, `slopes [P, h, h, 2]`,
    `diverged [S]`, what the critic is shown where that is something else (`unlike_the_samples`), the views of the inside
    (`toygan.quantities.state.views`) and those of further players and of classes (`toygan.quantities.companions`), grids of
    which have every second place of the score's; in `report`, the losses [S]; in `noise`, what is left of the instance noise.
    Points that several generators make take turns.
    """

    step: int
    arrays: Arrays
    report: Arrays
    noise: float = 0.0


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
    """Look at a state through the scenario's window; scores and slopes for the first seeds only, the portraits.

    The points that are kept and measured as samples are the averaged generator's. The critic is looked at among what it
    trains against: the live generator's points, from the same latents, with what is left of the instance noise.
    """
    generator = state.players[GENERATOR]
    seen = duel.carried(sim.world.game, state.averaged, sim.watched)
    live = seen if generator.average is None else duel.carried(sim.world.game, state.parameters, sim.watched)
    shown = shown_clouds(sim, state, real_of(sim, seen), live, 0)
    drawn = sim.portraits
    pairs = shown if sim.told is sim.watched else paired(sim, state, shown)
    real, fake = (cloud[:drawn, :REFERENCES] for cloud in with_beside(sim.world.game, state, shown))
    first = {name: own[:drawn] for name, own in state.parameters.items()}
    critic = duel.judge(sim.portrait_game, first, real, fake)
    x, y = sim.ground.score_axes
    fine, coarse = grid_points((x, y), seen, drawn), grid_points((x[::2], y[::2]), seen, drawn)
    return Frame(
        step=step_of(state),
        arrays={
            "samples": on_host(seen).astype(np.float32),
            "scores": on_grid(critic.score(fine), GRID),
            "slopes": on_grid(critic.slopes(grid_points(sim.ground.slope_axes, seen, drawn)), ARROWS),
            "diverged": on_host(has_diverged(state)),
        }
        | unlike_the_samples(sim, state, live, shown)
        | means_of_classes(sim, on_host(seen))
        | views(sim.world.game, state, shown, drawn, sim.portrait_game, pairs)
        | squared(of_critic(sim.portrait_game, first, fine, coarse, (real, fake)))
        | squared(of_maps(sim.world.game, state, shown._replace(fake=seen, real=real_of(sim, seen)), coarse)),
        report={name: on_host(told) for name, told in state.report.items()},
        noise=float(torch.as_tensor(play.noise_left(sim.world.game, state)).max()),
    )


def means_of_classes(sim: Simulation, points: np.ndarray) -> dict[str, np.ndarray]:
    """Where each class's points [S, n, 2] are on average, `way [S, K, 2]`, and the mean distance of these from modes' centres,
    `way_error [S]`, where classes are the target's modes; a class without points counts for nothing.
    """
    modes, classes = sim.world.target.modes, kinds_of(sim.world.game, sim.watched, duel.LABEL)
    if classes is None or modes is None or len(modes.centres) != sim.world.target.classes:
        return {}
    chosen = classes[:, None] == np.arange(len(modes.centres))[:, None]
    with np.errstate(invalid="ignore"):
        means = np.einsum("skn,snd->skd", chosen, points) / chosen.sum(axis=2)[..., None]
        apart = np.linalg.norm(means - modes.centres, axis=2)
        error = np.nansum(apart, axis=1) / (~np.isnan(apart)).sum(axis=1)  # NaN, and no warning, where a seed is lost
    return {"way": means.astype(np.float32), "way_error": error.astype(np.float32)}


def paired(sim: Simulation, state: State, shown: Watched) -> Watched:
    """The clouds as a move has them: what the live generator makes when it is told the real points' classes."""
    live = duel.carried(sim.world.game, state.parameters, sim.told)
    return shown_clouds(sim, state, real_of(sim, live), live, 0)._replace(latent=sim.told)


def real_of(sim: Simulation, like: Tensor) -> Tensor:
    """The real points to compare with, as a tensor [1, n, 2]."""
    return torch.from_numpy(sim.ground.real[None]).to(like)


def squared(arrays: Arrays) -> dict[str, np.ndarray]:
    """Arrays of a grid's places, row by row, as squares: `class_scores [P, K, g, g]`, regions [P, g, g], maps [P, g, g, 2]."""
    axis = {"class_scores": 2, "code_map": 1} | {name: 1 for name in arrays if name.endswith("_regions")}
    found = dict(arrays)
    for name, at in axis.items():
        if name in arrays:
            shape, side = arrays[name].shape, math.isqrt(arrays[name].shape[at])
            found[name] = arrays[name].reshape(*shape[:at], side, side, *shape[at + 1 :])
    return found


def shown_clouds(sim: Simulation, state: State, real: Tensor, live: Tensor, place: int) -> Watched:
    """Real [1, n, 2] and live points [S, n, 2] as the critic is shown them; a place's noise is the same at every frame."""
    left = torch.as_tensor(play.noise_left(sim.world.game, state))
    if not left.any():
        return Watched(real, live, sim.watched, sim.told)
    n, seed = live.shape[1], sim.source.scenario_seed
    rngs = (stream(seed, own, "watched noise", place) for own in sim.source.seeds)
    noise = torch.from_numpy(np.stack([rng.standard_normal((2, n, 2)) for rng in rngs])).to(live)
    blur = over(left, live) * noise.transpose(0, 1)
    return Watched(real + blur[0], live + blur[1], sim.watched, sim.told)


def shown_again(sim: Simulation, state: State, real: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every seed's real and generated points [n, 2] as its critic is shown them, of other latents and noise than the watched."""
    latents = sim.final[:, : len(real)]
    fake = duel.carried(sim.world.game, state.parameters, latents)
    shown = shown_clouds(sim, state, torch.from_numpy(real[None]).to(fake), fake, 1)
    told_apart = map(on_host, judged_clouds(sim, state, shown._replace(latent=latents)))
    return list(zip(*told_apart, strict=True))


def judged_clouds(sim: Simulation, state: State, shown: Watched) -> tuple[Tensor, Tensor]:
    """The points [S, n, 2] that the critic tells apart: those that it is shown, or what a cast has in their place."""
    if sim.world.game.cast.clouds is None:
        return shown.real.expand(len(shown.fake), -1, -1), shown.fake
    real, fake = with_beside(sim.world.game, state, shown._replace(told=None))
    return real[..., :2], fake[..., :2]


def unlike_the_samples(sim: Simulation, state: State, live: Tensor, shown: Watched) -> dict[str, np.ndarray]:
    """What the critic trains against where that is not the samples: with an averaged generator the live one's points
    `live [S, N, 2]`; with instance noise the blurred ones at which it is judged, or what a cast has it tell apart in place of
    points, `shown_real`, `shown_fake [S, n, 2]`.
    """
    arrays = {} if state.players[GENERATOR].average is None else {"live": live}
    if sim.world.game.noise is not None or sim.world.game.cast.clouds is not None:
        both = zip(("shown_real", "shown_fake"), judged_clouds(sim, state, shown), strict=True)
        arrays |= {name: points[:, :JUDGED] for name, points in both}
    return {name: on_host(points).astype(np.float32) for name, points in arrays.items()}


def generated(sim: Simulation, state: State, latents: Tensor) -> np.ndarray:
    """Points of the averaged generator [S, n, 2], float32; those of several in turn."""
    return on_host(duel.carried(sim.world.game, state.averaged, latents)).astype(np.float32)


def grid_points(two_axes: tuple[np.ndarray, np.ndarray], like: Tensor, seeds: int) -> Tensor:
    """A grid as points [seed, g * g, 2], row by row, x running fastest, the same for every seed."""
    grid = np.stack(np.meshgrid(*two_axes), axis=-1).reshape(1, -1, 2)
    return torch.from_numpy(grid).to(like).expand(seeds, -1, -1)


def on_grid(values: Tensor, side: int) -> np.ndarray:
    """Values at grid points [P, g * g, ...] -> [P, g, g, ...], float32."""
    return on_host(values).reshape(len(values), side, side, *values.shape[2:]).astype(np.float32)


def has_diverged(state: State) -> Tensor:
    """Which seeds have a parameter or a loss that is NaN or beyond RUNAWAY: [seed]."""
    told = list(state.report.values()) if state.step else []
    numbers = torch.cat((*state.parameters.values(), *(one[:, None] for one in told)), dim=1)
    return ~(numbers.abs() < RUNAWAY).all(dim=1)


# --- states as arrays ------------------------------------------------------------------------------------------------


def weights(state: State) -> dict[str, np.ndarray]:
    """What was learned, without optimisers' memories: every player's parameters by name [S, P], the generator's averaged
    ones as `average`, further players' as `NAME_average`, `memory [S]`, `step []`.
    """
    others = {name: one.shown for name, one in state.players.items() if name not in (CRITIC, GENERATOR)}
    averages = {average_of(name): shown for name, shown in others.items()}
    kept = state.parameters | averages | {"average": state.players[GENERATOR].shown, "memory": state.memory}
    return {name: on_host(tensor) for name, tensor in kept.items()} | {"step": np.array(step_of(state))}


def state_arrays(state: State) -> dict[str, np.ndarray]:
    """A state as named arrays, to be kept."""
    return {name: on_host(tensor) for name, tensor in named(state).items()}


def named(state: State) -> dict[str, Tensor]:
    """Every tensor of a state by the name that files have for it, in the order of `play.mapped`."""
    tensors = {"step": state.step}
    for name, learned in state.players.items():
        slots = {f"{name}_slots_{i}": slot for i, slot in enumerate(learned.slots)}
        tensors |= {name: learned.parameters, **slots, f"{name}_moves": learned.moves}
        tensors |= {} if learned.average is None else {f"{name}_average": learned.average}
    return tensors | {"memory": state.memory} | dict(state.report)


def state_of(arrays: Mapping[str, np.ndarray], like: State) -> State:
    """The state that was kept, with the types and devices of `like`."""
    names = iter(named(like))
    return play.mapped(lambda leaf: torch.from_numpy(arrays[next(names)]).to(leaf), like)
