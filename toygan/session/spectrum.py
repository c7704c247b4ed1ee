"""The eigenvalues of one step of a recorded run's game at its end, by plain descent on one fixed batch."""

from __future__ import annotations

import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.files.strict import UserError
from toygan.game.play import Game, State
from toygan.game.streams import Draw, draws
from toygan.quantities.spectrum import Spectrum, Update, spectrum
from toygan.session.looks import Arrays, simulation
from toygan.session.recording import Recording

MOST = 2000  # parameters of both players: their Jacobian takes seconds
BATCH = 240  # points of the fixed batch; divisible by every usual pack


def spectrum_of(recording: Recording) -> Spectrum:
    """The eigenvalues of a step from where a recording's first seed ended, and in units of the generator's rate.

    The step is the method's own, its objective, constraint and rule with its full rates and number of critic moves, but for two
    things that would hide the game: plain descent in place of its optimiser (Mescheder et al., 2017, arXiv:1705.10461,
    look at that field), and one batch of 240 points for every move. Raises UserError for players of more than 2000
    parameters, and for a recording without `weights.npz`.
    """
    config = recording.config()
    row = config.training.seed_list.index(recording.facts.portrait)
    kept = {name: part[row : row + 1] for name, part in recording.weights("to start a step from").items() if part.ndim}
    small_enough(kept)
    game, state, draw = stage(config, kept, recording.facts.portrait, max(recording.facts.step - 1, 0))
    return spectrum(update_of(game, state, draw), flat(state)[0], config.method.generator_rate)


def small_enough(kept: Arrays) -> None:
    """UserError for players of too many parameters."""
    count = kept["generator"].shape[1] + kept["critic"].shape[1]
    if count > MOST:
        raise UserError(
            f"--view spectrum: both players have {count} parameters, and {MOST} are the most; Mescheder's have width 16: "
            "run with --set generator.width=16 --set critic.width=16"
        )


def stage(config: Config, kept: Arrays, seed: int, step: int) -> tuple[Game, State, Draw]:
    """The game with plain descent in double precision, the state that was kept, and one batch as every move's draw."""
    training = config.training.model_copy(update={"precision": "double", "seeds": (seed,), "batch": BATCH})
    plain = {"optimiser": "descent", "betas": type(config.method).model_fields["betas"].default, "schedule": "constant"}
    method = config.method.model_copy(update=plain)
    sim = simulation(config.model_copy(update={"training": training, "method": method}))
    state = placed(sim.start, kept, step)
    drawn = next(draws(sim.source, 0, state.critic))
    fixed = Draw(*(numbers[:1].expand_as(numbers) for numbers in drawn))
    # One step fills what a rule remembers; the players are put back.
    return sim.world.game, placed(sim.world.game.rule(sim.world.game, state, fixed), kept, step), fixed


def placed(state: State, kept: Arrays, step: int) -> State:
    """The same memories with the players that were kept."""
    generator, critic, average, memory = (
        torch.from_numpy(kept[name]).to(state.critic) for name in ("generator", "critic", "average", "memory")
    )
    return state._replace(step=step, generator=generator, critic=critic, average=average, memory=memory)


def flat(state: State) -> Tensor:
    """All of a state that a step changes and feels: parameters and what the rule remembers, [seed, k]."""
    return torch.cat((state.generator, state.critic, *state.generator_slots, *state.critic_slots), dim=1)


def update_of(game: Game, state: State, draw: Draw) -> Update:
    """One step as a function of rows [n, k], each a state of its own."""
    parts = (state.generator, state.critic, *state.generator_slots, *state.critic_slots)
    sizes, slots = [part.shape[1] for part in parts], len(state.generator_slots)

    def update(rows: Tensor) -> Tensor:
        n = len(rows)
        generator, critic, *memories = rows.split(sizes, dim=1)
        there = state._replace(
            generator=generator,
            critic=critic,
            average=generator,
            generator_slots=tuple(memories[:slots]),
            critic_slots=tuple(memories[slots:]),
            memory=state.memory.expand(n),
        )
        return flat(game.rule(game, there, Draw(*(numbers.expand(-1, n, -1, -1) for numbers in draw)))).detach()

    return update
