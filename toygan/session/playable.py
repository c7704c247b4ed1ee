"""A game as a page plays it: its moves and a look at it as models, and, as data, what they start from and consume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.engines.onnx import Model as Model
from toygan.engines.onnx import Port as Port
from toygan.engines.part import part
from toygan.engines.tree import Tree, named
from toygan.files.config import Config
from toygan.files.dials import Dials
from toygan.files.strict import Mistake, UserError
from toygan.files.world import World, build_target
from toygan.game import duel, play
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.play import Draw, State
from toygan.game.streams import draws, starts, stream
from toygan.quantities.state import Watched, with_beside
from toygan.session.looks import REFERENCES
from toygan.session.simulation import Simulation, data_points, simulation

ALTERNATING = "alternating"


class Fill(NamedTuple):
    """A tensor of the first state: its shape, and the player whose first parameters it holds, or the number all over it,
    None for a number that is not known yet.
    """

    shape: tuple[int, ...]
    wide: bool  # float64; else float32
    player: str | None
    number: float | None


class Drawn(NamedTuple):
    """Random numbers that a move consumes: the law's name, and how many columns a point has."""

    law: str
    columns: int


class Playable(NamedTuple):
    """A game as data: models by name (`critic` and `generator` for games of alternating moves, else `step`; `look`), the first
    state by place, first parameters [seed, P] by player, draws by name, dials by key, and where a state holds what.
    """

    models: Mapping[str, Model]
    state: Mapping[str, Fill]
    starts: Mapping[str, np.ndarray]
    draws: Mapping[str, Drawn]
    dials: Mapping[str, float]
    places: Mapping[str, str]  # "step", each told loss and each player's parameters -> where in the state
    critic_steps: int
    batch: int
    codes: tuple[str, ...]  # the draws that come before the latent where points are only looked at


class Windows(NamedTuple):
    """How much a look sees: generated points, latents a side of a mesh behind them, real points, a grid of scores and one of
    slopes, points a side; and of how many points the exact distance is.
    """

    samples: int = 400
    mesh: int = 17
    real: int = REFERENCES
    scores: int = 40
    slopes: int = 17
    judged: int = 200


WINDOWS = Windows()


def playable(config: Config, seeds: Sequence[int], windows: Windows = WINDOWS) -> Playable:
    """A config's game as a page plays it. Raises Untraceable, and UserError for numbers that a page does not draw."""
    sim = simulation(config)
    stage, state = sim.world, sim.start
    drawable(config, stage)
    return Playable(
        models={**moves(config, sim), "look": look(sim, windows)},
        state={place: fill(state, leaf) for place, leaf in named(state, "state").items()},
        starts={
            name: starts(config.training.seed, seeds, name, player.network.initial).astype(np.float32)
            for name, player in stage.game.players.items()
        },
        draws=drawn(config, stage),
        dials={key: float(dial) for key, dial in stage.dials.items()},
        places=places(state),
        critic_steps=config.method.critic_steps,
        batch=config.training.batch,
        codes=stage.game.objective.codes,
    )


LAWS = ("real", "uniform", "normal", "one-hot", "zero")  # what a page draws of itself


def drawable(config: Config, stage: World) -> None:
    """UserError for a game of numbers that a page cannot draw: those of a second world, and labels, which go with points."""
    for needed in drawn(config, stage).values():
        if needed.law not in LAWS:
            second = stage.generator.translates or needed.law == "source"
            what = "second world" if second else {"unknown": "noisy data"}.get(needed.law, needed.law)
            wrong = f"{config.method.name} on {config.name}: a page that trains draws points of one target, and has no {what}"
            raise UserError(Mistake(None, wrong, f"toygan run {config.name} -m {config.method.name} plays it"))


def moves(config: Config, sim: Simulation) -> dict[str, Model]:
    """The models of single moves, or of a whole step where the players do not take turns."""
    stage, state, draw = sim.world, sim.start, next(draws(sim.source, 0, sim.start.memory))
    if config.method.update.kind != ALTERNATING:
        return {"step": part(stage.step, "state", state=state, draw=draw, dials=stage.dials)}
    row = play.row_of(draw, 0)

    def critic(state: State, draw: Draw, dials: Dials) -> State:
        game = stage.game_at(dials)
        return play.move(game, state, game.critics, draw, at=state)

    def generator(state: State, draw: Draw, dials: Dials) -> State:
        game = stage.game_at(dials)
        return game.between(game, play.over_with(play.move(game, state, game.generators, draw, at=state)))

    both = {CRITIC: critic, GENERATOR: generator}
    return {name: part(one, "state", state=state, draw=row, dials=stage.dials) for name, one in both.items()}


def look(sim: Simulation, windows: Windows) -> Model:
    """A look: generated points, the drawn score on a grid and its slopes on a coarser one."""
    stage = sim.world
    columns = sim.watched.shape[2]
    counts = {
        "latents": (windows.samples + windows.mesh**2, columns),
        "real": (windows.real, 2),
        "scores": (windows.scores**2, 2),
        "slopes": (windows.slopes**2, 2),
    }
    rng = np.random.default_rng(0)
    examples = {name: torch.from_numpy(rng.standard_normal((1, *shape))).to(sim.start.memory) for name, shape in
                counts.items()}  # fmt: skip

    def seen(state: State, at: Mapping[str, Tensor], dials: Dials) -> Tree:
        game, generator = stage.game_at(dials), state.players[GENERATOR]
        samples = duel.carried(game, state.averaged, at["latents"])
        live = samples if generator.average is None else duel.carried(game, state.parameters, at["latents"])
        clouds = Watched(*(points[:, :REFERENCES] for points in (at["real"], live, at["latents"])))
        critic = duel.judge(game, state.parameters, *with_beside(game, state, clouds))
        return {"samples": samples, "scores": critic.score(at["scores"]), "slopes": critic.slopes(at["slopes"])}

    return part(seen, "seen", state=sim.start, at=examples, dials=stage.dials)


def fill(state: State, leaf: Tensor) -> Fill:
    """What a tensor of the first state holds."""
    wide = leaf.dtype == torch.float64
    for name, learned in state.players.items():
        if leaf is learned.parameters or leaf is learned.average:
            return Fill(tuple(leaf.shape), wide, name, None)
    number = float(leaf.flatten()[0]) if leaf.numel() else 0.0
    return Fill(tuple(leaf.shape), wide, None, None if np.isnan(number) else number)


def places(state: State) -> dict[str, str]:
    """Where a state holds its step, what its moves told, and its players' parameters."""
    wanted = {"step": state.step, **state.report, **state.parameters}
    told = {name: name for name in state.report}
    found = {}
    for place, leaf in named(state, "state").items():
        own = place.rsplit("/", 1)[1]
        if own in told:
            found[own] = place
        else:
            found |= {name: place for name, one in wanted.items() if one is leaf and name not in found | told}
    return found


def drawn(config: Config, stage: World) -> dict[str, Drawn]:
    """The laws of everything that a move consumes, real points included."""
    own = {name: Drawn(law.name, law.columns) for name, law in stage.laws.items()}
    return {"real": Drawn("real", 2), "latent": latent(config, stage), **own}


def latent(config: Config, stage: World) -> Drawn:
    """The law of latents: that of the generator's own option, or what the kinds without one are fed."""
    columns = stage.generator.latents(np.random.default_rng(0), 1, stage.target.sample).shape[1]
    return Drawn(getattr(config.generator, "latent", FED.get(config.generator.kind, "unknown")), columns)


FED = {"point": "zero", "shift": "uniform"}  # what generators without a choice of latents are fed


# --- what a page needs besides --------------------------------------------------------------------------------------


def pool(config: Config, n: int) -> np.ndarray:
    """Points [n, 2] to draw batches from: of the target, or of the fixed list that a run trains on."""
    target, rng = build_target(config), stream(config.training.seed, 0, "pool")
    table = data_points(config, target)
    return target.sample(rng, n) if table is None else table[rng.integers(len(table), size=n)]


def potential_model(windows: Windows = WINDOWS) -> Model:
    """The 1-Lipschitz function min_j (|x - y_j| - v_j) of points x [1, n, 2], as a model, for ends y [1, m, 2] and duals v [1, m]
    of an exact transport (Villani, 2003, section 1.2): with these it attains the distance.
    """

    def highest(at: Mapping[str, Tensor]) -> Tree:
        away = at["points"].unsqueeze(2) - at["ends"].unsqueeze(1)
        return {"scores": (away.square().sum(dim=3).sqrt() - at["duals"].unsqueeze(1)).amin(dim=2)}

    rng = np.random.default_rng(0)
    points, pairs = windows.scores**2, windows.judged
    shapes = {"points": (1, points, 2), "ends": (1, pairs, 2), "duals": (1, pairs)}
    examples = {name: torch.from_numpy(rng.standard_normal(shape)).float() for name, shape in shapes.items()}
    return part(highest, "seen", at=examples)
