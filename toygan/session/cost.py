"""What an error costs: a short game with somebody's loss or penalty as it is, and one with the shipped row that it seems to mean.

Both games are one scenario at a small size, with the same starts and draws; only the part in question differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.own import Code, in_one_line
from toygan.files.samplers import reseed
from toygan.files.scenario import read
from toygan.game.constraints import Constraint, Sight
from toygan.game.networks import Layer, Layers, Network
from toygan.game.objectives import OBJECTIVES, Extra, Heads, Losses, Objective, objective_of
from toygan.game.play import Game, step
from toygan.game.streams import draws
from toygan.quantities.contract import as_function
from toygan.quantities.forms import Called, Loss, LossForm, PenaltyForm, losses_of, penalty_of
from toygan.quantities.held import Held, note, streams_kept
from toygan.quantities.loss_contract import PROBES, slope_at
from toygan.quantities.modes import modes_kept
from toygan.quantities.penalty_contract import LENGTHS, asked_at, clouds, h
from toygan.quantities.transport import w1
from toygan.session.looks import generated, has_diverged, like
from toygan.session.simulation import Simulation, simulation

SCENARIO, STEPS, SEEDS, POINTS = "eight-gaussians", 300, 4, 600
SMALL = {
    "training.seeds": SEEDS, "training.batch": 128, "training.points": POINTS,
    "training.precision": "double", "generator.width": 32, "critic.width": 32, "generator.depth": 2, "critic.depth": 2,
}  # fmt: skip
PLAIN = ("non-saturating", "wasserstein", "hinge", "least-squares", "minimax")  # what a loss may seem to mean
USUAL_WEIGHT = 10.0  # of a gradient penalty


class Meant(NamedTuple):
    """What somebody's code seems to mean: how it is called, the method to play it in, and the game with theirs in its place."""

    name: str
    method: str
    options: dict[str, Any]
    with_theirs: Callable[[Game], Game]


def cost(code: Code, part: str, facts: Sequence[Held]) -> Held | None:
    """What the facts that do not hold cost in a short game; None where all hold, or for a part that no game can tell of."""
    if part not in MEANT or all(fact.holds is not False for fact in facts):
        return None
    with streams_kept():
        try:
            meant = MEANT[part](code)
            told = compared(meant) if meant else note("no shipped row is like it: there is nothing to play against")
        except Exception as error:  # of theirs
            told = note(f"cannot be played as it is: {in_one_line(error)}")
    return told._replace(name="in a short game")


def compared(meant: Meant) -> Held:
    """Both games, in words."""
    sim = simulation(read(SCENARIO, meant.method, [("training.steps", STEPS), *SMALL.items(), *meant.options.items()]))
    theirs, means = end_of_game(sim, meant.with_theirs), end_of_game(sim, lambda game: game)
    where = f"{SCENARIO}, {STEPS} steps, {SEEDS} seeds"
    return note(f"W1 {theirs} as it is, {means} with {meant.name} in its place ({where})")


def end_of_game(sim: Simulation, change: Callable[[Game], Game]) -> str:
    """What a game comes to: the mean of W1 with its range, and the modes, of every seed that did not diverge."""
    reseed(0)
    state, moves, dials = sim.start, draws(sim.source, 0, like(sim.start)), sim.world.dials
    game = change(sim.world.game_at(dials))
    for _ in range(STEPS):
        state = step(game, state, next(moves))
    alive = ~has_diverged(state).numpy()
    points, modes = generated(sim, state, sim.final)[alive, :POINTS], sim.world.target.modes
    assert modes is not None
    if not len(points):
        return "is lost: all seeds diverge"
    real = sim.ground.many_real[:POINTS]
    found, kept = [w1(one, real) for one in points], [str(modes_kept(one, modes)) for one in points]
    lost = "" if alive.all() else f", {SEEDS - len(points)} of {SEEDS} seeds diverge"
    return f"{np.mean(found):.2f} ({min(found):.2f} to {max(found):.2f}; modes {', '.join(kept)}{lost})"


# --- losses ------------------------------------------------------------------------------------------------------------


def loss_meant(code: Code) -> Meant | None:
    """The shipped objective whose slopes are most like those of somebody's loss, signs and sides aside."""
    form = losses_of(as_function(code))
    fits = {kind: likeness(form, kind) for kind in PLAIN}
    best = max(fits, key=lambda kind: fits[kind])
    if not fits[best] > 0.9:
        return None
    theirs = as_objective(form, objective_of(OBJECTIVES[best]))
    return Meant(best, f"{best}+r1", {}, lambda game: game._replace(objective=theirs))


def likeness(form: LossForm, kind: str) -> float:
    """How like the slopes of a loss are those of a row, 0 to 1: cosines, whatever the signs, with real and generated scores as
    they are or exchanged; by the generator where the critic's loss is not told, or where two rows share a critic.
    """
    made = objective_of(OBJECTIVES[kind])

    def row(who: str) -> Loss:
        """What a player minimises by the row, as a function of one seed's scores [n, 1]."""
        return lambda r, g: getattr(
            made.losses({"score": r[None]}, {"score": g[None]}, Extra(r.new_zeros(1), {})), who
        )[0]

    by_generator = alike(form.generator, "fake", row("generator"), "fake") if form.generator else 0.0
    if not (own := form.critic):
        return by_generator
    as_they_are = alike(own, "real", row("critic"), "real") + alike(own, "fake", row("critic"), "fake")
    exchanged = alike(own, "real", row("critic"), "fake") + alike(own, "fake", row("critic"), "real")
    return max(as_they_are, exchanged) / 2 + 1e-3 * by_generator


def alike(own: Loss, of: str, row: Loss, by: str) -> float:
    """The larger cosine, whatever its sign, of a loss's slopes by a score and a row's, at some scores or at their negatives."""
    slopes, *others = (
        np.array([slope_at(loss, what, sign * x) for x in PROBES])
        for loss, what, sign in ((own, of, 1.0), (row, by, 1.0), (row, by, -1.0))
    )
    sizes = [float(np.linalg.norm(slopes) * np.linalg.norm(other)) for other in others]
    pairs = [(abs(float(slopes @ other)), size) for other, size in zip(others, sizes, strict=True)]
    return max(product / size if size > 0 and math.isfinite(size) else 0.0 for product, size in pairs)


def as_objective(form: LossForm, row: Objective) -> Objective:
    """Somebody's loss as the game's, and the row's where it says nothing of a player."""

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        r, g = real["score"], fake["score"]
        both = form.together(r, g) if form.together else []
        theirs = [by_seed(loss, r, g) if loss else None for loss in (form.critic, form.generator)]
        told = both if len(both) == 2 else theirs
        still = 0.0 * g.sum(dim=(1, 2))  # of a loss without a gradient, whose player never moves
        shipped = row.losses(real, fake, extra)
        return Losses(*(one if own is None else own + still for own, one in zip(told, shipped, strict=True)))

    return row._replace(losses=losses, generator_needs_real=True)


def by_seed(loss: Loss, r: Tensor, g: Tensor) -> Tensor:
    """A loss of one seed after the other [seed]; a number a point counts as their sum, as `backward` on ones does."""
    return torch.stack([loss(one, other).sum() for one, other in zip(r, g, strict=True)])


# --- penalties ---------------------------------------------------------------------------------------------------------


def penalty_meant(code: Code) -> Meant | None:
    """The shipped penalty that takes its slopes where somebody's does, and weighs one point as it does."""
    form = penalty_of(as_function(code))
    if (found := shipped_like(form)) is None:
        return None
    kind, options = found
    method = f"{'wasserstein' if kind == 'gradient-penalty' else 'non-saturating'}+{kind}"
    name = f"{kind} at {', '.join(f'{key} {value:.3g}' for key, value in options.items())}"
    told = {f"method.constraint.{key}": value for key, value in options.items()}
    return Meant(name, method, told, lambda game: game._replace(constraint=as_constraint(form, game)))


def shipped_like(form: PenaltyForm) -> tuple[str, dict[str, Any]] | None:
    """The kind of penalty and its options; None for one that asks a critic nowhere."""
    asked = asked_at(form.of, 1, *clouds())
    if not asked:
        return None
    small, one, two = (h(form.of, length) for length in LENGTHS)
    if small and abs(two / small - (LENGTHS[2] / LENGTHS[0]) ** 2) < 1e-6 * abs(two / small):
        shown = zip(("r1", "r2"), clouds(), strict=True)
        at = [name for name, cloud in shown if any(torch.equal(points, cloud) for points in asked)]
        kind = "-".join(at) or "zero-centred"
        return kind, {"weight": abs(one if kind == "zero-centred" else 2 * one)}
    flat = abs(small) < 1e-9 and two > 0
    weight = two / (LENGTHS[2] - 1) ** 2 if abs(one) < 1e-6 and two > 0 else USUAL_WEIGHT
    return "gradient-penalty", {"weight": weight} | ({"sides": 1} if flat else {})


def as_constraint(form: PenaltyForm, game: Game) -> Constraint:
    """Somebody's penalty as the game's, one seed after the other."""
    body = game.players[game.critics[0]].network

    def penalty(sight: Sight) -> Tensor:
        layers = sight.layers()
        pairs = zip(sight.real, sight.fake, strict=True)
        return torch.stack([form.of(critic_of(body, layers, s), *pair).sum() for s, pair in enumerate(pairs)])

    return Constraint(penalty)


def critic_of(body: Network, layers: Layers, seed: int) -> Called:
    """One seed's critic, of points [n, 2], as a module that people's penalties may call."""
    own = [Layer(layer.weight[seed : seed + 1], layer.bias[seed : seed + 1]) for layer in layers]
    return Called(lambda points: body.forward(own, points[None])[0])


MEANT: dict[str, Callable[[Code], Meant | None]] = {"objective": loss_meant, "penalty": penalty_meant}
