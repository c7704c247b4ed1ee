"""A game as a page plays it: its moves and a look at it as models, and, as data, what they start from and consume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.engines.graph import Untraceable
from toygan.engines.onnx import Model as Model
from toygan.engines.onnx import Port as Port
from toygan.engines.onnx import part
from toygan.engines.tree import Tree, named
from toygan.files.config import Config
from toygan.files.dials import Dials, turned
from toygan.files.mistakes import Mistake, UserError
from toygan.files.world import World, build_source, build_target, samplers
from toygan.game import duel, play
from toygan.game.casts import BACK, ENCODER, OTHER_CRITIC
from toygan.game.dials import over
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.laws import Law
from toygan.game.play import Draw, Game, State
from toygan.game.streams import draws, stream
from toygan.quantities import state as inside
from toygan.quantities.companions import makers_of, of_encoder, of_pairs, of_way_back
from toygan.quantities.divergences import blurred_divergences
from toygan.quantities.evidence import Places, places_of
from toygan.quantities.optimal import OPTIMA, Optimum, log_of_points, of_clouds, squares, told_in_words, width_of
from toygan.quantities.skeleton import Curve
from toygan.quantities.state import Watched
from toygan.session.beginning import Beginning, beginning
from toygan.session.ground import curve_of, watched_points
from toygan.session.looks import REFERENCES
from toygan.session.measuring import has_optimum, told_by
from toygan.session.simulation import Simulation, data_points, simulation
from toygan.session.tailored import FREE, cut_of, holding, moving
from toygan.targets.target import Batch, Modes

# what a page draws of itself; uniform is from 0 to 1, symmetric from -1 to 1
LAWS = ("real", "uniform", "symmetric", "normal", "sphere", "one-hot", "zero", "labels", "source")
# the law of latents that a scenario names, or of what generators without a choice are fed
FED = {"normal": "normal", "uniform": "symmetric", "sphere": "sphere", "point": "zero", "shift": "uniform",
       "translator": "source"}  # fmt: skip
# How much a look sees: generated points, latents a side of a mesh behind them, real points, a grid of scores and one of slopes,
# points a side; and of how many points the exact distance is.
WINDOWS = {"samples": 400, "mesh": 17, "real": REFERENCES, "scores": 40, "slopes": 17, "judged": 200}


class Playable(NamedTuple):
    """A game as data: models by name (`critic` and `generator` for games of alternating moves, with `over` where the end of a
    step changes more than its number, else `step`; `look`, `map` and `gauge`; and `optimum`), the first state by place, first
    parameters by player, draws by name, dials by key, and where a state holds what.
    """

    models: Mapping[str, Model]
    state: Mapping[str, Mapping[str, Any]]
    starts: Mapping[str, Beginning]
    draws: Mapping[str, Law]
    dials: Mapping[str, float]
    places: Mapping[str, str]  # "step", each told loss, each player's parameters, "average" -> where in the state
    critic_steps: int
    batch: int
    codes: tuple[str, ...]  # the draws that come before the latent where points are only looked at
    kinds: Mapping[str, Any] | None  # what tells generated points apart
    shift: int | None  # the first of two parameters of the generator's that move all its points alike; None: none do
    best: Optimum | None  # None where no optimum is known, or none of the points as they are
    shows_samples: bool  # whether the critic is shown the very points that are looked at, averages and noise aside
    cut: Mapping[str, Any] | None = None  # how smaller players stand in these; None where they do not


def playable(config: Config, seeds: Sequence[int], to_measure: bool = False) -> Playable:
    """A config's game as a page plays it; `seeds` are those whose first parameters come along where they must. Players
    `to_measure` may be smaller than the config has them (`toygan.session.tailored`). Raises Untraceable, and UserError for
    numbers that a page does not draw.
    """
    sim = simulation(config)
    stage, state = sim.world, sim.start
    drawable(config, stage)
    best = best_of(config, sim)
    seen = {**looks(sim), "gauge": gauge(sim, to_measure)}
    return Playable(
        models=moves(config, sim, to_measure) | seen | (optimum(config, sim) if best else {}),
        state={place: fill(state, leaf) for place, leaf in named(state, "state").items()},
        starts={
            name: beginning(config.training.seed, seeds, name, player.network.initial)
            for name, player in stage.game.players.items()
        },
        draws=drawn(config, stage),
        dials={key: float(dial) for key, dial in stage.dials.items()},
        places=places(state),
        critic_steps=config.method.critic_steps,
        batch=config.training.batch,
        codes=stage.game.objective.codes,
        kinds=kinds_in(sim),
        shift=shift_of(sim),
        best=best,
        shows_samples=stage.game.cast.clouds is None,
        cut=cut_of(config, sum(stage.game.objective.heads.values())) if to_measure else None,
    )


def if_playable(config: Config, seeds: Sequence[int]) -> Playable | None:
    """A config's game as a page plays it; None where none can."""
    try:
        return playable(config, seeds)
    except (UserError, Untraceable):
        return None


def drawable(config: Config, stage: World) -> None:
    """UserError for a game of numbers that a page cannot draw, such as points of the target with noise."""
    for name, needed in drawn(config, stage).items():
        if needed.name not in LAWS:
            what = "noisy data" if needed.name == "unknown" else needed.name
            wrong = f"{config.method.name} on {config.name}: a page that trains has no {what} for the draw {name!r}"
            raise UserError(Mistake(None, wrong, f"toygan run {config.name} -m {config.method.name} plays it"))


def kinds_in(sim: Simulation) -> dict[str, Any] | None:
    """What tells generated points apart, in a `word`: which generator makes each, `makers [n]`, where there are several, else
    the class or the category that columns of what the generator is fed say, from `start` to before `stop`.
    """
    game = sim.world.game
    makers = makers_of(game, torch.zeros(1, WINDOWS["samples"], sim.watched.shape[2]))
    if makers is not None:
        return {"word": "generator", "start": 0, "stop": 0, "makers": [*map(int, makers)]}
    for code, word in ((duel.LABEL, "class"), ("category", "category")):
        if (columns := duel.code_place(game, code)) is not None:
            return {"word": word, "start": columns.start, "stop": columns.stop, "makers": []}
    return None


def shift_of(sim: Simulation) -> int | None:
    """The first of two neighbouring parameters of the generator's which, when they grow by a number, move every point by it."""
    game, latents = sim.world.game, sim.watched[:1, :16]
    own = {name: parameters[:1] for name, parameters in sim.start.parameters.items()}
    before, size = duel.carried(game, own, latents), own[GENERATOR].shape[1]
    for first in {size - 2, size - 4} & set(range(size)):
        moved = own[GENERATOR].clone()
        moved[:, first : first + 2] += 1.0
        after = duel.carried(game, {**own, GENERATOR: moved}, latents)
        if torch.allclose(after, before + 1.0, atol=1e-4):
            return first
    return None


def moves(config: Config, sim: Simulation, to_measure: bool = False) -> dict[str, Model]:
    """The models of single moves and, where it is more than one more step, of the end of a step; or of a whole step where the
    players do not take turns. Players `to_measure` have numbers that are `held`.
    """
    stage, state, draw = sim.world, sim.start, next(draws(sim.source, 0, sim.start.memory))
    held = {name: torch.full_like(one, FREE) for name, one in state.parameters.items() if to_measure}

    def step(state: State, draw: Draw, dials: Dials, held: Mapping[str, Tensor]) -> State:
        return play.step(holding(stage.game_at(dials), held), state, draw)

    if config.method.update.kind != "alternating":
        return {"step": part(step, "state", state=state, draw=draw, dials=stage.dials, held=held)}
    game, row = stage.game, play.row_of(draw, 0)

    def move(names: Sequence[str], state: State, draw: Draw, dials: Dials, held: Mapping[str, Tensor]) -> State:
        return play.move(holding(stage.game_at(dials), held), state, names, draw, at=state)

    def over(state: State, dials: Dials) -> State:
        game = stage.game_at(dials)
        return game.cast.between(game, play.over_with(state))

    both = {CRITIC: partial(move, game.critics), GENERATOR: partial(move, game.generators)}
    made = {name: part(one, "state", state=state, draw=row, dials=stage.dials, held=held) for name, one in both.items()}
    end = part(over, "state", state=state, dials=stage.dials)
    return made | ({"over": end} if len(end.outputs) > 1 else {})


def looks(sim: Simulation) -> dict[str, Model]:
    """What is seen of a state: a `look` at generated points and, as it costs most and changes slowly, the critic's `map` apart,
    its drawn score on a grid and its slopes on a coarser one. A model works out all that it gives, asked for or not.
    """
    shapes = {
        "latents": (WINDOWS["samples"] + WINDOWS["mesh"] ** 2, sim.watched.shape[2]),
        "real": (WINDOWS["real"], 2),
        "scores": (WINDOWS["scores"] ** 2, 2),
        "slopes": (WINDOWS["slopes"] ** 2, 2),
    }
    examples = {name: one.to(sim.start.memory) for name, one in examples_of(**shapes).items()}

    def shown(state: State, at: Mapping[str, Tensor], dials: Dials) -> tuple[Game, Watched, Tensor, Tensor]:
        game, latents = sim.world.game_at(dials), at["latents"][:, : WINDOWS["samples"]]
        samples = duel.carried(game, state.averaged, latents)
        live = samples if state.players[GENERATOR].average is None else duel.carried(game, state.parameters, latents)
        return game, Watched(*(points[:, :REFERENCES] for points in (at["real"], live, latents))), samples, latents

    def points(state: State, at: Mapping[str, Tensor], dials: Dials) -> Tree:
        game, clouds, samples, latents = shown(state, at, dials)
        mesh = (game.cast.chart or duel.carried)(game, state.averaged, at["latents"][:, WINDOWS["samples"] :])
        return {"samples": torch.cat((samples, mesh[..., :2]), dim=1)} | maps(game, state, clouds, samples, latents)

    def scores(state: State, at: Mapping[str, Tensor], dials: Dials) -> Tree:
        game, clouds, *_ = shown(state, at, dials)
        critic = duel.judge(game, state.parameters, *inside.with_beside(game, state, clouds))
        return {"scores": critic.score(at["scores"]), "slopes": critic.slopes(at["slopes"])}

    both = {"look": points, "map": scores}
    return {name: part(one, "seen", state=sim.start, at=examples, dials=sim.world.dials) for name, one in both.items()}


def gauge(sim: Simulation, to_measure: bool = False) -> Model:
    """What curves and the diagnosis want to know of a state, in fewer points than a look: watched points, the critic's scores of
    real and generated ones, how steep it is at them and between them, and sizes of gradients, by numbers that are not `held`.
    """
    stage, n = sim.world, WINDOWS["judged"]
    clouds = examples_of(latents=(n, sim.watched.shape[2]), real=(n, 2))
    examples = {name: one.to(sim.start.memory) for name, one in clouds.items()}
    held = {name: torch.full_like(sim.start.parameters[name], FREE) for name in (GENERATOR, CRITIC) if to_measure}

    def seen(state: State, at: Mapping[str, Tensor], dials: Dials, held: Mapping[str, Tensor]) -> Tree:
        game = stage.game_at(dials)
        own = {name: moving(numbers) for name, numbers in held.items()}
        samples = duel.carried(game, state.averaged, at["latents"])
        live = duel.carried(game, state.parameters, at["latents"])
        clouds = Watched(at["real"], live, at["latents"])
        told = inside.at_points(game, state, clouds, clouds)
        slopes = torch.cat([told[f"{where}_slopes"] for where in ("real", "fake", "between")], dim=1)
        return {
            "samples": samples,
            "real_scores": told["real_scores"],
            "fake_scores": told["fake_scores"],
            "steepness": slopes.norm(dim=2),
            "generator_gradient": inside.generator_gradient(game, state, clouds, own.get(GENERATOR)),
            "score_saturation": inside.score_saturation(game, state, clouds),
            "weight_saturation": inside.weight_saturation(state.players[CRITIC].parameters, own.get(CRITIC)),
            "layer_gradients": inside.layer_gradients(game, state, clouds),
        }

    return part(seen, "seen", state=sim.start, at=examples, dials=stage.dials, held=held)


def best_of(config: Config, sim: Simulation) -> Optimum | None:
    """What the optimal critic is; None where there is none, or where instance noise blurs what a plan or a kernel is about."""
    row = OPTIMA.get(config.method.objective.kind)
    if row is None or not has_optimum(config, sim) or (config.method.instance_noise and row.source != "density"):
        return None
    told = told_in_words(told_by(config)) if row.source == "density" else ""
    told += ", both blurred by no less than what is left of the noise" if config.method.instance_noise else ""
    return row._replace(about=row.about + told)


def optimum(config: Config, sim: Simulation) -> dict[str, Model]:
    """The objective's optimal critic on the grid of scores, of clouds as a look sees them, blurred by what noise is left; none
    for a potential, whose model all games share.
    """
    kind = config.method.objective.kind
    if OPTIMA[kind].source == "potential":
        return {}
    samples, side = (WINDOWS["samples"], 2), WINDOWS["scores"]
    clouds = examples_of(points=(side**2, 2), real=samples, fake=samples)

    def best(at: Mapping[str, Tensor], dials: Dials, state: State) -> Tree:
        points, real, fake = (at[name].squeeze(0) for name in clouds)
        left = play.noise_left(sim.world.game_at(dials), state)
        noise = over(left, points) if isinstance(left, Tensor) else torch.zeros_like(points[0, 0])
        now = turned(config, {key: over(dial, points) for key, dial in dials.items()})
        spacing = (points.amax(dim=0) - points.amin(dim=0)).amax() / (side - 1)  # no finer than the grid can show
        finest = torch.maximum(spacing, noise)  # as of a run's pictures: an estimate of that width is the blurred law's
        options = dict(now.method.objective)
        return {"optimal": of_clouds(kind, points, real, fake, finest, options, told_by(now)).unsqueeze(0)}

    return {"optimum": part(best, "seen", at=clouds, dials=sim.world.dials, state=sim.start)}


def examples_of(**shapes: tuple[int, int]) -> dict[str, Tensor]:
    """Examples of clouds [1, n, d] by which a model is traced."""
    rng = np.random.default_rng(0)
    return {name: torch.from_numpy(rng.standard_normal((1, *shape))).float() for name, shape in shapes.items()}


def maps(game: Game, state: State, clouds: Watched, samples: Tensor, latents: Tensor) -> dict[str, Tensor]:
    """What comes back of the real points, `reconstructed`, and what is made in the other world, `other`; of games with such."""
    few = clouds._replace(fake=samples[:, :REFERENCES])
    if ENCODER in game.players:
        found = of_encoder(game, state.averaged, few, few.real)
    elif BACK in game.players:
        found = of_way_back(game, state.averaged, few, few.real)
    elif OTHER_CRITIC in game.players:
        found = of_pairs(game, state.averaged, few._replace(latent=latents))
    else:
        return {}
    return {name: found[name] for name in ("reconstructed", "other") if name in found}


def fill(state: State, leaf: Tensor) -> dict[str, Any]:
    """What a tensor of the first state is, float64 or not, and whose first parameters it holds, or the number all over it."""
    owner = next((name for name, one in state.players.items() if leaf is one.parameters or leaf is one.average), None)
    number = float(leaf.flatten()[0]) if leaf.numel() else 0.0
    known = None if owner or np.isnan(number) else number
    shape = [n for n in leaf.shape if n != 1]  # as models have it
    return {"size": leaf.numel(), "shape": shape, "wide": leaf.dtype == torch.float64, "player": owner, "number": known}


def places(state: State) -> dict[str, str]:
    """Where a state holds its step, what its moves told, its players' parameters, and the generator's average, if any."""
    wanted, average = {"step": state.step, **state.parameters}, state.players[GENERATOR].average
    found, leaves = {}, named(state, "state")
    for place, leaf in leaves.items():
        own = place.rsplit("/", 1)[1]
        if own in state.report:
            found[own] = place
        else:
            found |= {name: place for name, one in wanted.items() if one is leaf and name not in found}
    if average is not None:  # it begins as the very parameters, and stands behind them
        found["average"] = [place for place, leaf in leaves.items() if leaf is average][-1]
    return found


def drawn(config: Config, stage: World) -> dict[str, Law]:
    """The laws of everything that a move consumes, real points included."""
    real, latent = (samplers(stage)[name] for name in ("real", "latent"))
    columns = latent(np.random.default_rng(0), 1).shape[1]
    latents = FED.get(getattr(config.generator, "latent", None) or config.generator.kind, "unknown")
    return {"real": Law(2, real, "real"), "latent": Law(columns, latent, latents), **stage.laws}


# --- what a page needs besides --------------------------------------------------------------------------------------


class Supply(NamedTuple):
    """Points [n, 2] to draw batches from, with their classes [n] and so many of them, None where they have none; points [n, 2]
    of the world that a translator's are from; what clouds are held against: modes or a curve, and the places of the diagnosis.
    """

    points: np.ndarray
    labels: np.ndarray | None
    classes: int | None
    source: np.ndarray | None
    modes: Modes | None
    curve: Curve | None
    places: Places | None


def pool(config: Config, n: int) -> Supply:
    """Points of the target, or of the fixed list that a run trains on, and what is known of it."""
    target, source, rng = build_target(config), build_source(config), stream(config.training.seed, 0, "pool")
    table, drawn = data_points(config, target), target.batch(rng, n)
    if table is not None:
        drawn = Batch(table[rng.integers(len(table), size=n)])
    modes = {} if target.modes is None else {"mode_centres": target.modes[0], "mode_weights": target.modes[2]}
    return Supply(
        drawn.points,
        drawn.labels,
        target.classes if drawn.labels is not None else None,
        None if source is None else source.sample(stream(config.training.seed, 0, "source pool"), n),
        target.modes,
        curve_of(target),
        places_of(modes, watched_points(target, config.training.seed, config.training.points, 0)),
    )


def potential_model() -> Model:
    """The 1-Lipschitz function min_j (|x - y_j| - v_j) of points x [1, n, 2], as a model, for ends y [1, m, 2] and duals v [1, m]
    of an exact transport (Villani, 2003, section 1.2): with these it attains the distance.
    """

    def highest(at: Mapping[str, Tensor]) -> Tree:
        points, ends = (at[name].squeeze(0) for name in ("points", "ends"))
        return {"scores": (squares(points, ends).sqrt() - at["duals"]).amin(dim=1).unsqueeze(0)}

    clouds = examples_of(points=(WINDOWS["scores"] ** 2, 2), ends=(WINDOWS["judged"], 2))
    return part(highest, "seen", at=clouds | {"duals": clouds["ends"][..., 0]})


def divergence_model() -> Model:
    """Divergences of two blurred clouds [1, n, 2], real and generated, as a model (`blurred_divergences`)."""

    def seen(at: Mapping[str, Tensor]) -> Tree:
        real, fake = (at[name].squeeze(0) for name in ("real", "fake"))
        return {name: value.reshape(1) for name, value in blurred_divergences(real, fake).items()}

    return part(seen, "seen", at=examples_of(real=(WINDOWS["judged"], 2), fake=(WINDOWS["judged"], 2)))


def density_model() -> Model:
    """The logarithm of a target's density at points [1, k, 2], a Gaussian kernel estimate of its points `cloud [1, n, 2]`."""

    def seen(at: Mapping[str, Tensor]) -> Tree:
        points, cloud = (at[name].squeeze(0) for name in ("points", "cloud"))
        finest = (points.amax(dim=0) - points.amin(dim=0)).amax() / (WINDOWS["scores"] - 1)
        return {"logs": log_of_points(points, cloud, width_of(cloud, finest)).unsqueeze(0)}

    return part(seen, "seen", at=examples_of(points=(WINDOWS["scores"] ** 2, 2), cloud=(WINDOWS["samples"], 2)))
