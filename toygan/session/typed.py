"""A game of two numbers that somebody typed in, through the rules of the real game: x minimises one formula, y another.

x stands in the Dirac-GAN's place of theta and y in that of psi, so that y moves where the critic does, first. Everything but
what the two players want is that game's: rules, optimisers, rates, and how paths and eigenvalues are found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.config import Config, toml_value
from toygan.files.formula import Formula, formula
from toygan.files.mistakes import Place, UserError
from toygan.files.scenario import read
from toygan.files.text import number
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.play import Draw, Game, Opinion, Parameters, State
from toygan.session import dirac
from toygan.session.dirac import Eigenvalues, Portrait
from toygan.session.simulation import on_host

NEWTON, STARTS = 60, 15  # steps of Newton's method, and its starts along each side of the window
RESTING, APART = 1e-10, 1e-6  # the slope at a place of rest, and how far two are apart
KINK = 1e-5  # a step to look for kinks
MOST = 5  # places of rest that are shown; more of them are a curve
MOST_STEPS = 100_000
SETTLED = 1e-9  # how far from rest is at rest

Coordinates = tuple[float, float]


class Typed(NamedTuple):
    """A typed game: what x and what y minimise."""

    x_loss: Formula
    y_loss: Formula


class Ask(NamedTuple):
    """How a typed game is played: rate of both, the start, the number of steps, and the window [-w, w]^2."""

    rate: float = 0.2
    start: Coordinates = (1.0, 1.0)
    steps: int = 500
    window: float = 2.0


def ask_of(**told: Any) -> Ask:
    """How a game is to be played, of what was typed. Raises UserError."""
    if "start" in told:
        told["start"] = place_in(told["start"])
    for name in ("rate", "window"):
        if name in told and not 1e-6 <= told[name] <= 1e6:
            raise UserError(f"--{name} {told[name]}: a number from 1e-6 to 1e6")
    if not 1 <= told.get("steps", 1) <= MOST_STEPS:
        raise UserError(f"--steps {told['steps']}: from 1 to {MOST_STEPS}")
    return Ask(**told)


def place_in(text: str) -> Coordinates:
    """A place from "X,Y". Raises UserError."""
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        x = y = np.nan
    if not max(abs(x), abs(y)) < 1e6:
        raise UserError(f"--start {text}: two numbers with a comma between, as in 1,-0.5")
    return x, y


def typed(text: str, where: str = "--game") -> Typed:
    """A game from `F`, which x minimises and y maximises, or from `F; G`, where x minimises F and y minimises G.

    Raises UserError with a caret at the place of a mistake.
    """
    parts = text.split(";")
    if len(parts) > 2:
        at = len(parts[0]) + 1 + len(parts[1])
        raise UserError(f"{where}: one formula, or two with a ; between\n  {text}\n  {' ' * at}^")
    if len(parts) == 1:
        both = formula(text, where)
        return Typed(both, lambda x, y: -both(x, y))
    return Typed(formula(parts[0], f"{where}, what x minimises"), formula(parts[1], f"{where}, what y minimises"))


def typed_portrait(game: Typed, ask: Ask, config: Config) -> Portrait:
    """The phase portrait of a typed game under the rule and the settings of a config, see `config_of`.

    Raises UserError where the game has no finite slope at its start.
    """
    stand_in, start, draw, period = dirac.stage(config)
    played = with_losses(stand_in, game)
    check_finite(game, ask)
    axis = np.linspace(-ask.window, ask.window, dirac.ARROWS)
    every = rests_of(game, ask.window)
    rests = every if len(every) <= MOST else []
    found = [
        Eigenvalues(why_not=f"no derivative at {place_in_words(place)}")
        if has_kink(game, place)
        else dirac.eigenvalues(played, start, draw, period, place)
        for place in rests
    ]
    course = dirac.course(played, start, draw, torch.tensor([ask.start], dtype=torch.float64))
    path = dirac.bounded(islice(course, ask.steps + 1))
    return Portrait(
        title=title_of(config),
        axis=axis,
        field=dirac.field(played, start, draw, axis, period),
        path=path,
        eigenvalues=found[0] if found else Eigenvalues(why_not="no place of rest is known"),
        rate=config.method.generator_rate,
        words=rests_in_words(every, found, ask.window),
        rests=np.array(rests).reshape(-1, 2),
        names=("x", "y"),
        more=(end_in_words(path, rests, ask.steps),),
        remembers=dirac.remembers(start),
    )


def config_of(ask: Ask, overrides: Sequence[str | tuple[str, Any]], said: Mapping[str, Place] | None = None) -> Config:
    """The Dirac-GAN in whose place a game is played; `overrides` are as for `toygan run`, and may tell where they were said."""
    rates = [(f"method.{player}_rate", ask.rate) for player in (GENERATOR, CRITIC)]
    mine = [("training.steps", ask.steps), ("training.batch", 1), *rates]
    return dirac.planar(read("dirac", "wasserstein+none", [*mine, *overrides], said or {}))


def title_of(config: Config) -> str:
    """The rule, with those of its options that are not the usual ones."""
    rule = config.method.update
    usual = type(rule)()
    changed = [
        f"{name} {number(value) if isinstance(value, float) else toml_value(value)}"
        for name, value in rule
        if value != getattr(usual, name)
    ]
    return ", ".join([rule.kind, *changed])


# --- the game --------------------------------------------------------------------------------------------------------


def with_losses(game: Game, typed: Typed) -> Game:
    """The same game with players who want something else."""
    wanted = {GENERATOR: typed.x_loss, CRITIC: typed.y_loss}
    own = {name: partial(opinion, name, loss) for name, loss in wanted.items()}
    return game._replace(players={name: one._replace(opinion=own[name]) for name, one in game.players.items()})


def opinion(name: str, loss: Formula, game: Game, parameters: Parameters, state: State, row: Draw) -> Opinion:
    """What a player makes of a move: its formula at x = theta and y = psi."""
    x, y = parameters[GENERATOR][:, 0], game.players[CRITIC].network.layers(parameters[CRITIC])[0].weight[:, 0, 0]
    value = loss(x, y) + 0.0 * (x + y)  # a formula may go without a letter
    return Opinion(value, {f"{name}_loss": value})


def check_finite(game: Typed, ask: Ask) -> None:
    """UserError where the game has no slope to begin with."""
    x, y = (torch.tensor([value], dtype=torch.float64) for value in ask.start)
    slope, _ = slopes(game, x, y)
    if not torch.isfinite(slope).all():
        raise UserError(f"--game: at the start {place_in_words(ask.start)} its slope is no number")


def slopes(game: Typed, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """v = (d x_loss / dx, d y_loss / dy) [n, 2] and its Jacobian [n, 2, 2] at places [n], by autograd."""
    x, y = x.detach().requires_grad_(), y.detach().requires_grad_()
    v = [by(loss(x, y), at, again=True) for loss, at in ((game.x_loss, x), (game.y_loss, y))]
    rows = [torch.stack([by(one, at) for at in (x, y)], dim=1) for one in v]
    return torch.stack(v, dim=1).detach(), torch.stack(rows, dim=1)


def by(of: Tensor, at: Tensor, again: bool = False) -> Tensor:
    """The derivative of each of some numbers by its own place."""
    if not of.requires_grad:
        return torch.zeros_like(at)
    return torch.autograd.grad(of.sum(), at, create_graph=again, retain_graph=True, materialize_grads=True)[0]


def rests_of(game: Typed, window: float) -> list[Coordinates]:
    """Where v = 0 in the window, the nearest to (0, 0) first, by Newton's method from many starts."""
    axis = torch.linspace(-window, window, STARTS, dtype=torch.float64)
    places = torch.cartesian_prod(axis, axis)
    for _ in range(NEWTON):
        slope, matrix = slopes(game, *places.T)
        usable = torch.isfinite(slope).all(dim=1) & torch.isfinite(matrix).flatten(1).all(dim=1)
        before, slope, matrix = places[usable], slope[usable], matrix[usable]
        places = before - (torch.linalg.pinv(matrix) @ slope[..., None])[..., 0]
        if torch.equal(places, before):  # and so they stay
            break
    at_rest = slopes(game, *places.T)[0].abs().amax(dim=1) < RESTING
    within = at_rest & (places.abs() <= window * (1 + 1e-9)).all(dim=1)
    return apart(on_host(places[within]))


def apart(places: np.ndarray) -> list[Coordinates]:
    """Places [n, 2] without those that are another one again, the nearest to (0, 0) first."""
    found: list[Coordinates] = []
    for x, y in sorted(places, key=lambda one: (round(float(np.hypot(*one)), 6), *one.round(6))):
        if all(max(abs(x - other[0]), abs(y - other[1])) > APART for other in found):
            found.append((0.0 if abs(x) < 1e-12 else float(x), 0.0 if abs(y) < 1e-12 else float(y)))
    return found


def has_kink(game: Typed, place: Coordinates) -> bool:
    """Whether the slopes ahead of a place and behind it change at different speeds, as those of abs(x) y at 0."""
    ways = torch.cat((torch.zeros(1, 2), torch.eye(2), -torch.eye(2))).double()
    here, *around = slopes(game, *(torch.tensor([place], dtype=torch.float64) + KINK * ways).T)[0]
    ahead, behind = torch.stack(around[:2]) - here, here - torch.stack(around[2:])
    return bool((ahead - behind).abs().max() > 1e-3 * max(KINK, float(ahead.abs().max())))


# --- in words --------------------------------------------------------------------------------------------------------


def rests_in_words(rests: Sequence[Coordinates], found: Sequence[Eigenvalues], window: float) -> str:
    """What becomes of a small offset at every place of rest, in one line."""
    if not len(rests):
        return f"no slope vanishes for both within ±{number(window)}"
    if len(rests) > MOST:
        return f"both slopes vanish at {len(rests)} places that were found, maybe along curves: none is drawn"
    return "; ".join(rest_in_words(place, one) for place, one in zip(rests, found, strict=True))


def rest_in_words(place: Coordinates, found: Eigenvalues) -> str:
    if found.why_not:
        return found.why_not
    size, turning = found.leading
    return f"near {place_in_words(place)} |m| = {number(size, 6)}: {dirac.fate(size, turning)}"


def place_in_words(place: Sequence[float]) -> str:
    return f"({number(place[0])}, {number(place[1])})"


def end_in_words(path: np.ndarray, rests: Sequence[Coordinates], steps: int) -> str:
    """Where the path ended, and whether it has come to rest."""
    if len(path) <= steps:
        return f"Left all bounds in step {len(path)}."
    end, recent = path[-1], path[-max(2, steps // 100) :]
    length = float(np.hypot(*np.diff(recent, axis=0).T).mean())
    far = min((float(np.hypot(*(end - rest))) for rest in rests), default=np.inf)
    where = f"{number(far)} from rest" if np.isfinite(far) else f"at {place_in_words(end)}"
    if far < SETTLED:
        return f"At rest after {steps} steps."
    return f"After {steps} steps {where}, moving {number(length)} a step."
