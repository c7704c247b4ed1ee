"""Dirac-GAN through the real game: its vector field, a path, and how it moves near the solution, for any method and
rule.

One learnable point theta against the critic f(x) = psi x, the target at 0 (Mescheder et al., 2018, arXiv:1801.04406).
All states that are asked about are played at once, each as a seed of its own: nothing of the game is written down
again here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile
from math import log, pi
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from toygan.files.config import Config, critic_kind
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.files.text import number
from toygan.files.world import build_rule
from toygan.game import play as rules
from toygan.game.constraints import column_norms
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.play import Draw, Game, Parameters, State
from toygan.game.streams import draws
from toygan.quantities.spectrum import a_step
from toygan.session.looks import like
from toygan.session.simulation import on_host, simulation

WINDOW = 2.0  # the phase plane is [-WINDOW, WINDOW]^2
ARROWS = 21  # field points a side
BATCH = 60  # equal points change nothing, noise averages out, unbiased estimates need a pair, packs must come out even
NUDGES = (1e-4, 1e-5)  # two step sizes of central differences; where they disagree there is no derivative
AGREE = 1e-3
STEEP = 1e6  # a derivative beyond this is a jump
AT_REST = 1e-9
STANDING = 1e-6  # a multiplier within this of size 1 neither grows nor shrinks


class Eigenvalues(NamedTuple):
    """How one step moves a small offset from the solution: `multipliers [k]` of the step, `rates [k]` = (m - 1) / h in
    units of the generator's rate h; k is 2, or more where the rule has a memory. `why_not` says why there are none.
    """

    multipliers: np.ndarray = np.empty(0, complex)
    rates: np.ndarray = np.empty(0, complex)
    why_not: str = ""

    @property
    def leading(self) -> tuple[float, float]:
        """By how much the largest multiplier grows an offset, and how far it turns it."""
        return float(abs(self.multipliers[0])), float(abs(np.angle(self.multipliers[0])))


class Portrait(NamedTuple):
    """The phase portrait of one method: `axis [g]`; `field [g, g, 2]` (theta, psi) per unit of the generator's rate
    (row = psi, column = theta); `path [T, 2]`; the eigenvalues at the first place of rest, by default (0, 0); the generator's
    rate; what to call it; the places of rest [n, 2]; what the two axes are; more lines that are to be said; and whether a step
    hangs on what the rule or its optimisers remember, of which the field can show one case.
    """

    title: str
    axis: np.ndarray
    field: np.ndarray
    path: np.ndarray
    eigenvalues: Eigenvalues
    rate: float
    words: str
    rests: np.ndarray = np.zeros((1, 2))
    names: tuple[str, str] = ("θ, the generated point", "ψ, the critic's slope")
    more: tuple[str, ...] = ()
    remembers: bool = False


def portrait(
    method: str | None = None, overrides: Sequence[str | tuple[str, Any]] = (), scenario: str = "dirac"
) -> Portrait:
    """The phase portrait of a method in the Dirac scenario, or in a file's; overrides as for `toygan run`.

    Raises UserError where the players have more to learn than theta and psi.
    """
    config = planar(read(scenario, method, [("training.batch", BATCH), *overrides]))
    game, start, draw, period = stage(config)
    axis = np.linspace(-WINDOW, WINDOW, ARROWS)
    found = eigenvalues(game, start, draw, period)
    return Portrait(
        title=f"{config.method.name} · {config.method.update.kind}",
        axis=axis,
        field=field(game, start, draw, axis, period),
        path=path(config),
        eigenvalues=found,
        rate=float(game.players[GENERATOR].rate),
        words=motion_in_words(found),
        remembers=remembers(start),
    )


def planar(config: Config) -> Config:
    """The same config in double precision; UserError unless its players are those of Dirac-GAN."""
    kinds = (config.target.kind, config.generator.kind, critic_kind(config))
    if kinds != ("dirac", "point", "linear"):
        raise UserError(
            f"phase portrait of {config.method.name}: target, generator and critic are {', '.join(kinds)}; "
            "it takes dirac, point and linear"
        )
    training = config.training.model_copy(update={"precision": "double", "seeds": 1, "points": 1})
    return config.model_copy(update={"training": training})


def stage(config: Config) -> tuple[Game, State, Draw, int]:
    """The game, one seed's state with the critic f(x, y) = x, the draw of one step, and after how many the rule does the same."""
    upright = config.critic.model_copy(update={"start": (1.0, 0.0)})
    sim = simulation(config.model_copy(update={"critic": upright}))
    return sim.world.game, sim.start, next(draws(sim.source, 0, like(sim.start))), build_rule(config).period


def remembers(state: State) -> bool:
    """Whether a step from a place hangs on earlier ones: a momentum, second moments, an earlier slope."""
    return any(learned.slots for learned in state.players.values())


# --- states as points of a plane -------------------------------------------------------------------------------------


def placed(game: Game, start: State, plane: Tensor) -> State:
    """One state for each row of `plane [n, 2]` = (theta, psi): every point of the plane is a seed."""
    wide = repeated(start, len(plane))
    generator = along_theta(wide.players[GENERATOR].parameters, plane[:, 0])
    critic = plane[:, 1:] * start.players[CRITIC].parameters
    for layer in game.players[CRITIC].network.layers(critic):
        if layer.length is not None:  # a constraint's own parameters follow the weights they belong to
            layer.length.copy_(column_norms(layer.weight))
    return at_place(wide, {GENERATOR: generator, CRITIC: critic})


def at_place(state: State, parameters: Parameters, averages: Parameters | None = None) -> State:
    """The same state with these parameters, and these averaged ones, the same where none are named."""
    means = averages or parameters
    players = {
        name: one._replace(parameters=parameters[name], average=None if one.average is None else means[name])
        for name, one in state.players.items()
    }
    return state._replace(players=players)


def repeated(state: State, n: int) -> State:
    """A state of one seed as one of n equal seeds."""
    return rules.mapped(lambda leaf: leaf.repeat(n, *[1] * (leaf.ndim - 1)) if leaf.ndim else leaf, state)


def seen(game: Game, state: State) -> Tensor:
    """Theta and psi of every seed [n, 2]; psi is the critic's slope where its length is learned, else the weight as stored."""
    layer = game.players[CRITIC].network.layers(state.players[CRITIC].parameters)[0]
    weight = layer.weight if layer.length is None else game.constraint.reparametrise([layer])[0].weight
    return torch.stack((state.players[GENERATOR].parameters[:, 0], weight[:, 0, 0]), dim=1)


def after(game: Game, state: State, draw: Draw, steps: int) -> State:
    """Every seed so many steps on, all with the same draw."""
    wide = {name: numbers.expand(-1, len(state.memory), -1, -1) for name, numbers in draw.items()}
    for _ in range(steps):
        state = game.rule(game, state, wide)
    return state


def course(game: Game, start: State, draw: Draw, places: Tensor) -> Iterator[np.ndarray]:
    """Where (theta, psi) [n, 2] of each place are after no step, one, two, ..., all with the same draw."""
    state = placed(game, start, places)
    while True:
        yield on_host(seen(game, state))
        state = after(game, state, draw, 1)


def settled(game: Game, state: State, draw: Draw, period: int) -> State:
    """The same place after a head start, to its period's end, and one more spent there: memories are of standing still."""
    begun, critic = -(-game.players[GENERATOR].head_start // period) * period, state.players[CRITIC]
    critic = critic._replace(moves=critic.moves + begun * game.critic_steps)
    started = rules.with_player(state._replace(step=state.step + begun), CRITIC, critic)
    return at_place(after(game, started, draw, period), state.parameters, state.averaged)


# --- the three things to see -----------------------------------------------------------------------------------------


def field(game: Game, start: State, draw: Draw, axis: np.ndarray, period: int) -> np.ndarray:
    """A step's move, mean of a period, from each (theta, psi) of the grid, over the generator's rate: [g, g, 2], row = psi."""
    grid = torch.from_numpy(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    here = settled(game, placed(game, start, grid), draw, period)
    moved = seen(game, after(game, here, draw, period)) - grid
    return on_host(moved).reshape(len(axis), len(axis), 2) / (period * step_rate(game, here))


def step_rate(game: Game, state: State) -> float:
    return float(game.players[GENERATOR].rate * rules.pace(game, state))


def path(config: Config) -> np.ndarray:
    """(theta, psi) after every step of training from the config's own start: [T, 2], cut where it leaves all bounds."""
    sim = simulation(config)
    states = islice(rules.play(sim.world.game, sim.start, draws(sim.source, 0, like(sim.start))), config.training.steps)
    return bounded(on_host(seen(sim.world.game, state)) for state in chain([sim.start], states))


def bounded(places: Iterable[np.ndarray]) -> np.ndarray:
    """A path [T, 2] of places [1, 2], cut where it leaves all bounds."""
    return np.concatenate([np.empty((0, 2)), *takewhile(lambda place: bool((np.abs(place) < 1e6).all()), places)])


def eigenvalues(game: Game, start: State, draw: Draw, period: int, at: tuple[float, float] = (0.0, 0.0)) -> Eigenvalues:
    """Eigenvalues of one step's derivative at a place, (0, 0) where none is named, memories included, by central differences
    in float64; of a rule that does the same only after a period, of its steps' mean.

    None where the place is not at rest, or where the step has no derivative there (a normalised slope, a two-sided
    penalty, an optimiser that divides by the size of the gradient).
    """
    place = torch.tensor([at], dtype=torch.float64).to(start.memory)
    origin = settled(game, placed(game, start, place), draw, period)
    drift = float((seen(game, after(game, origin, draw, period)) - place).abs().max())
    where = f"({number(at[0])}, {number(at[1])})"
    if not drift < AT_REST:
        return Eigenvalues(why_not=f"{where} is not at rest, one step from there goes {drift:.2g} away")
    wide, narrow = (derivative(game, origin, start, draw, nudge, period) for nudge in NUDGES)
    largest = float(np.abs(narrow).max())
    if not (largest < STEEP and np.abs(wide - narrow).max() <= AGREE * max(1.0, largest)):
        return Eigenvalues(why_not=f"the step has no derivative at {where}")
    multipliers = a_step(np.linalg.eigvals(narrow), period)
    multipliers = multipliers[np.argsort(-np.abs(multipliers))]
    return Eigenvalues(multipliers, (multipliers - 1) / step_rate(game, origin))


def derivative(game: Game, origin: State, start: State, draw: Draw, nudge: float, period: int) -> np.ndarray:
    """The derivative [k, k] of a period's steps by theta, psi and the memories of both, by central differences."""
    used = [len(origin.players[name].slots) for name in (GENERATOR, CRITIC)]
    k = 2 + sum(used)
    corners = nudge * torch.cat((torch.eye(k), -torch.eye(k))).to(start.memory)
    at = placed(game, start, seen(game, origin) + corners[:, :2])._replace(step=origin.step)
    theta, psi = at.players[GENERATOR].parameters, start.players[CRITIC].parameters
    memories = {
        GENERATOR: tuple(along_theta(theta, column) for column in corners[:, 2 : 2 + used[0]].T),
        CRITIC: tuple(column[:, None] * psi for column in corners[:, 2 + used[0] :].T),
    }
    for name, slots in memories.items():
        at = rules.with_player(at, name, at.players[name]._replace(slots=slots, moves=origin.players[name].moves))
    there = after(game, at, draw, period)
    remembered = [slot[:, :1] for name in memories for slot in there.players[name].slots]
    reached = torch.cat((seen(game, there), *remembered), dim=1)
    return on_host((reached[:k] - reached[k:]) / (2 * nudge)).T


def along_theta(like: Tensor, values: Tensor) -> Tensor:
    """Parameters that are `values` in theta's direction and zero elsewhere."""
    return pad(values[:, None], (0, like.shape[1] - 1))


# --- in words --------------------------------------------------------------------------------------------------------


def motion_in_words(found: Eigenvalues) -> str:
    """What the eigenvalues say about small offsets, in one line."""
    if found.why_not:
        return f"no eigenvalues: {found.why_not}"
    size, turning = found.leading
    turn = f", once around in {number(2 * pi / turning)} steps" if 1e-9 < turning < pi - 1e-9 else ""
    return f"eigenvalues {rates_in_words(found.rates[:2])}, |m| = {number(size, 6)}: {fate(size, turning)}{turn}"


def fate(size: float, turning: float) -> str:
    """What becomes of a small offset whose size is multiplied by `size` in every step."""
    if abs(size - 1) <= STANDING:
        return "stays on a closed orbit" if turning > 1e-9 else "stands still to first order"
    steps = abs(log(2) / log(size)) if size else 0.0
    if size < 1:
        return f"{'spirals in' if turning > 1e-9 else 'comes home'}, halved in {number(steps)} steps"
    return f"{'spirals out' if turning > 1e-9 else 'runs away'}, doubled in {number(steps)} steps"


def rates_in_words(rates: np.ndarray) -> str:
    """Two rates as people write them: -0.05 ± 0.497i, or -0.9, -0.1."""
    first, second = map(complex, np.round(rates, 9))  # rounding is zero
    if first.imag and abs(first - second.conjugate()) < 1e-6 * max(1.0, abs(first)):
        return f"{number(first.real)} ± {number(abs(first.imag))}i"
    turning = [f" + {number(rate.imag)}i" if rate.imag else "" for rate in (first, second)]
    return ", ".join(f"{number(rate.real)}{turn}" for rate, turn in zip((first, second), turning, strict=True))
