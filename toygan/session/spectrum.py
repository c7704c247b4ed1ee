"""The eigenvalues of one step of a recorded run's game from where it stands, by plain descent on one fixed batch."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.files.disk import Arrays
from toygan.files.mistakes import UserError
from toygan.files.world import build_rule
from toygan.game.play import Draw, Game, State
from toygan.game.streams import draws
from toygan.quantities.spectrum import Spectrum, spectrum
from toygan.session.dirac import after, at_place, repeated
from toygan.session.looks import like
from toygan.session.recording import Recording
from toygan.session.simulation import simulation

MOST = 2100  # parameters of both players, Mescheder's have 2003: their Jacobian takes half a minute
BATCH = 240  # points of the fixed batch; divisible by every usual pack


def spectrum_of(recording: Recording) -> Spectrum:
    """The eigenvalues of a step from where a recording's shown seed ended, and in units of the generator's rate; from any
    other step it is of a recording as it was there (`toygan.session.again`).

    The step is the method's own, its objective, constraint and rule with its full rates and number of critic moves, but for two
    things that would hide the game: plain descent in place of its optimiser (Mescheder et al., 2017, arXiv:1705.10461,
    look at that field), and one batch of 240 points for every move. Of a rule that does the same only after several steps
    it is the mean of these. Raises UserError for players of more than 2100 parameters, and for a recording without
    `weights.npz`.
    """
    config = recording.config()
    row = config.training.seed_list.index(recording.facts.portrait)
    kept = {name: part[row : row + 1] for name, part in recording.weights("to start a step from").items() if part.ndim}
    count = kept["generator"].shape[1] + kept["critic"].shape[1]
    if count > MOST:
        raise UserError(
            f"--view spectrum: both players have {count} parameters, and {MOST} are the most; Mescheder's have width 16: "
            "run with --set generator.width=16 --set critic.width=16"
        )
    step = min(recording.facts.step, config.training.steps - 1)  # at the end as in the last step that was played
    game, state, draw = plain_stage(config, kept, recording.facts.portrait, step)
    at, period = torch.cat(parts_of(state), dim=1)[0], build_rule(config).period
    return spectrum(partial(update, game, state, draw, period), at, config.method.generator_rate, period)


def plain_stage(config: Config, kept: Arrays, seed: int, step: int) -> tuple[Game, State, Draw]:
    """The game with plain descent in double precision, the state that was kept, and one batch as every move's draw."""
    training = config.training.model_copy(update={"precision": "double", "seeds": (seed,), "batch": BATCH})
    usual = {name: type(config.method).model_fields[name].default for name in ("betas", "epsilon")}
    method = config.method.model_copy(update={"optimiser": "descent", "schedule": "constant", **usual})
    sim = simulation(config.model_copy(update={"training": training, "method": method}))
    game, state = sim.world.game, with_kept(sim.start, kept, step)
    drawn = next(draws(sim.source, 0, like(state)))
    fixed = {name: numbers[:1].expand_as(numbers) for name, numbers in drawn.items()}
    # One step fills what a rule remembers; the players are put back.
    return game, with_kept(game.rule(game, state, fixed), kept, step), fixed


def with_kept(state: State, kept: Arrays, step: int) -> State:
    """The same memories, after so many steps, with the players that were kept."""
    there = at_place(state, {name: torch.from_numpy(kept[name]).to(like(state)) for name in state.players})
    memory, now = torch.from_numpy(kept["memory"]).to(like(state)), torch.full_like(state.step, step)
    players = {name: one._replace(moves=torch.full_like(one.moves, step)) for name, one in there.players.items()}
    return there._replace(step=now, memory=memory, players=players)


def parts_of(state: State) -> list[Tensor]:
    """All of a state that a step changes and feels: every player's parameters and what the rule remembers, [seed, k] each."""
    return [part for learned in state.players.values() for part in (learned.parameters, *learned.slots)]


def update(game: Game, state: State, draw: Draw, period: int, rows: Tensor) -> Tensor:
    """A period's steps from rows [n, k], each a state of its own."""
    parts = iter(rows.split([part.shape[1] for part in parts_of(state)], dim=1))
    wide = repeated(state, len(rows))
    players = {
        name: learned._replace(parameters=next(parts), slots=tuple(next(parts) for _ in learned.slots))
        for name, learned in wide.players.items()
    }
    return torch.cat(parts_of(after(game, wide._replace(players=players), draw, period)), dim=1).detach()
