"""What the game plays with: a config's target, players, objective, constraint and rule, built from their tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from toygan.files.config import Config, Method, critic_kind
from toygan.files.dials import Dials, dials_of, floats_of_players, turned, unused, with_players
from toygan.files.own import Own, short
from toygan.files.own_parts import Measure, own_row, rule_tried
from toygan.files.strict import options
from toygan.files.trial import constraint_tried, objective_tried
from toygan.game import objectives, play
from toygan.game.casts import CASTS, fair, labels_beside
from toygan.game.constraints import CONSTRAINTS, Constraint, compose
from toygan.game.duel import CRITIC, GENERATOR, LABEL, critic_opinion, generator_opinion
from toygan.game.laws import Law, labels, merged, normal, one_hot
from toygan.game.networks import Network
from toygan.game.objectives import OBJECTIVES, Objective
from toygan.game.optimisers import OPTIMISERS, SCHEDULES, remembering
from toygan.game.play import Beside, Bodies, Cast, Draw, Game, Player, State, Wants
from toygan.game.players import CRITICS, GENERATORS, Generator
from toygan.game.rules import RULES, Rule
from toygan.targets.refusal import Refusal
from toygan.targets.table import TARGETS
from toygan.targets.target import Sampler, Target, moved

TWO_WORLDS = {"translators": "translator", "coupled": "mlp"}  # casts of two worlds, and the generator that each needs
# casts of maps that have no place for codes
OF_LATENTS_ALONE = ("translators", "coarse-to-fine", "equation", "boosting")
UNBLURRED = ("partners", "coarse-to-fine")  # noise would have to be of both that stand side by side
LOG_RATIOS = ("non-saturating", "minimax", "boundary-seeking")  # objectives whose optimal score is log p/q
NOISE = {"real noise": normal(2), "fake noise": normal(2)}  # what blurs a real and a generated point


class World(NamedTuple):
    """What a config means: the target, the generator with its latents, the laws of a step's further draws, the game at any
    dials, `game_at(dials)`, the config's own dials, the game at these, and the world that a translator's points are from.
    """

    target: Target
    generator: Generator
    laws: Mapping[str, Law]
    game_at: Callable[[Dials], Game]
    dials: Dials
    game: Game
    source: Target | None = None

    def step(self, state: State, draw: Draw, dials: Dials) -> State:
        """One step of the game: a pure function of tensors."""
        return play.step(self.game_at(dials), state, draw)


def build_target(config: Config) -> Target:
    """The target, scaled, rotated and shifted."""
    return made_target(config.target)


def build_source(config: Config) -> Target | None:
    """The world that a translator's points are from, where a scenario has one."""
    return None if config.source is None else made_target(config.source)


def made_target(table: Any) -> Target:
    return moved(made_of(TARGETS, table, "target"), **options(table, moved))


def build_generator(config: Config) -> Generator:
    """The generator with its latents, as wide as the objective's codes want it."""
    made, codes = made_of(GENERATORS, config.generator, "generator"), codes_of(config)
    if codes and made.widened is None:
        able = "only the generator kinds mlp and translator take a method with categories or labels"
        raise Refusal(able, option="kind")
    return made._replace(network=made.widened(codes)) if codes and made.widened else made


def codes_of(config: Config) -> int:
    """How many numbers the generator is fed before its latent: a category's and a class's."""
    return config.method.categories + (classes_of(config) if config.method.labels else 0)


def classes_of(config: Config) -> int:
    """The number of the target's classes; Refusal where it has none."""
    found = build_target(config).classes
    if found is None:
        raise Refusal(f"labels need a target with parts, and {config.target.kind} has none", option="labels")
    return found


def build_critic(config: Config) -> Network:
    """The critic, of the scenario's kind or the method's own, as wide at both ends as packing, objective and what it is shown
    beside a point want, constrained.
    """
    beside = sum(one.columns for one in besides(config, build_cast(config)))
    return critic_of((2 + beside) * config.method.pack, config)


def critic_of(inputs: int, config: Config) -> Network:
    named, outputs = config.method.critic, sum(build_objective(config).heads.values())
    make = CRITICS[named] if named else row_of(CRITICS, config.critic, "critic")
    critic = make(inputs, outputs, **options(config.critic, make))
    return build_constraint(config).extend(critic)


def besides(config: Config, cast: Cast) -> tuple[Beside, ...]:
    """What the critic is shown beside a point."""
    return labels_shown(config) + cast.beside


def labels_shown(config: Config) -> tuple[Beside, ...]:
    """The labels beside a point, where the critic is shown them."""
    return (labels_beside(classes_of(config)),) if config.method.labels == "both" else ()


def build_cast(config: Config, at: Config | None = None, kept: Bodies | None = None) -> Cast:
    """Who else plays, and what for, of bodies that may be built before; `at` has dials in place of numbers."""
    values = (at or config).method.cast
    return Cast() if values is None else made_of(CASTS, values, "cast", kept or bodies(config))


def bodies(config: Config) -> Bodies:
    generator = build_generator(config)
    if generator.like is None:
        raise Refusal(f"a cast needs a generator of kind mlp or translator, not {config.generator.kind}", option="cast")
    latent, critic = getattr(config.generator, "latent_dim", 2), partial(critic_of, config=config)
    inputs, shown = codes_of(config) + latent, 2 + (classes_of(config) if config.method.labels == "both" else 0)
    return Bodies(generator.network, latent, config.training.batch, inputs, shown, generator.like, critic)


def build_objective(config: Config, at: Config | None = None, built: Built | None = None) -> Objective:
    """The objective with its options and the tricks that change it; `at` has dials in place of numbers, and what takes long
    to find out may be `built` before.
    """
    method, values, made = config.method, (at or config).method, plain_objective(config, at)
    classes, kept = (built.classes, built.bodies) if built else (None, None)
    if built.for_all if built else plays_for_all(config):
        made = objectives.whole(made)
    if method.noisy_labels:
        made = objectives.with_noisy_labels(made, values.noisy_labels)
    if values.auxiliary is not None:
        made = objectives.with_classes(made, classes or classes_of(config), values.auxiliary)
    if method.labels:
        made = objectives.with_code(made, LABEL, labels(classes or classes_of(config)))
    if method.mutual_information:
        made = objectives.with_information(made, method.categories, values.mutual_information)
    elif method.categories:
        made = objectives.with_code(made, "category", one_hot(method.categories))
    return build_cast(config, at, kept).objective(made)


def plays_for_all(config: Config) -> bool:
    """Whether the generator plays for the whole value of the game: in a zero-sum one, by a rule that foresees the critic."""
    return build_rule(config).foresees and objectives.zero_sum(plain_objective(config))


def plain_objective(config: Config, at: Config | None = None) -> Objective:
    make = row_of(OBJECTIVES, config.method.objective, "objective")
    return objectives.objective_of(make, **options((at or config).method.objective, make))


def build_constraint(config: Config) -> Constraint:
    parts = (config.method.constraint, config.method.also)
    first, second = (made_of(CONSTRAINTS, part, "constraint") for part in parts)
    kind, other = (short(part.kind) for part in parts)
    return compose(first, second, (kind, other if other != kind else f"{other}-also"))


def row_of(table: Mapping[str, Callable[..., Any]], part: Any, name: str) -> Callable[..., Any]:
    """The row of a part of a method: of the table of its kinds, or a user's own."""
    return own_row(part, name) if isinstance(part, Own) else table[part.kind]


def made_of(table: Mapping[str, Callable[..., Any]], part: Any, name: str, *given: Any) -> Any:
    """What the row of a part makes of the part's options, and of what else it is given."""
    make = row_of(table, part, name)
    return make(*given, **options(part, make))


def build_rule(config: Config) -> Rule:
    """The update rule with its options."""
    return made_of(RULES, config.method.update, "update")


def misfits(config: Config) -> None:
    """Refuse keys of different tables that do not go together."""
    method = config.method
    misfits_of_worlds(config)
    if config.training.batch % method.pack:
        raise Refusal(f"a batch of {config.training.batch} cannot be cut into packs of {method.pack}", option="pack")
    if method.mutual_information and not method.categories:
        raise Refusal("mutual_information needs at least one category", option="categories")
    if method.mutual_information and method.pack > 1:
        raise Refusal("mutual_information tells one point's category, and a pack has several", option="pack")
    misfits_of_the_optimiser(config)
    if method.objective.kind == "c-transform" and critic_kind(config) == "identity":
        raise Refusal("c-transform needs a critic that gives each point one number", option="objective")
    for head, option in build_objective(config).wants.items():
        if getattr(method.objective, option, None) and head not in build_critic(config).heads:
            able = [kind for kind, make in CRITICS.items() if head in make(2, 1).heads]
            hint = f"use the critic kind {' or '.join(able)}"
            raise Refusal(f"{option} needs a critic with a {head}", hint, "objective")


def misfits_of_the_optimiser(config: Config) -> None:
    method, usual = config.method, {name: Method.model_fields[name].default for name in ("betas", "epsilon")}
    idle = [f"betas.{i}" for i in (0, 1) if method.betas[i] != usual["betas"][i]]
    idle += ["epsilon"] if method.epsilon != usual["epsilon"] else []
    idle = [key for key in idle if key in unused(config)]
    if idle == ["epsilon"]:
        raise Refusal(f"{method.optimiser} does not use epsilon", f"leave it at {usual['epsilon']}", "epsilon")
    if idle:
        which = "first of the betas" if idle == ["betas.0"] else "betas"
        raise Refusal(f"{method.optimiser} does not use the {which}", f"leave it at {list(usual['betas'])}", "betas")


def misfits_of_worlds(config: Config) -> None:
    method, kind = config.method, config.method.cast.kind if config.method.cast else ""
    if config.source is None and (config.generator.kind == "translator" or kind in TWO_WORLDS):
        wanted = f"the cast {kind}" if kind in TWO_WORLDS else "a translator"
        raise Refusal(f"{wanted} needs a scenario with a [source]", "see the scenario ring-to-grid", "cast")
    if kind in TWO_WORLDS and config.generator.kind != TWO_WORLDS[kind]:
        raise Refusal(f"the cast {kind} needs the generator kind {TWO_WORLDS[kind]}", option="cast")
    for option in ("labels", "categories"):
        if kind in OF_LATENTS_ALONE and getattr(method, option):
            raise Refusal(f"the cast {kind} is fed latents and nothing else", f"leave {option} out", option)
    if kind in UNBLURRED and method.instance_noise:
        raise Refusal(f"the cast {kind} shows points as they are", "leave instance_noise at 0", "instance_noise")
    if method.labels and config.training.data is not None:
        raise Refusal("labels are of points that are drawn anew", "leave training.data out", "labels")
    if method.auxiliary is not None and kind == "coupled":
        wrong = "auxiliary tells classes of one world, and coupled critics are of two"
        raise Refusal(wrong, "leave it out", "auxiliary")
    if method.labels == "both" and kind == "partners":
        raise Refusal("partners would have classes of their own", 'take labels = "generator"', "labels")
    if method.auxiliary is not None and not method.labels:
        raise Refusal("auxiliary needs labels", 'for example labels = "generator"', "auxiliary")
    if method.auxiliary is not None and method.pack > 1:
        raise Refusal("auxiliary tells one point's class, and a pack has several", "leave pack at 1", "pack")
    if kind and method.pack > 1:
        raise Refusal("a cast plays with single points", "leave pack at 1", "pack")
    if kind in MISFITS:
        MISFITS[kind](config, method.cast)


def misfits_of_an_encoder(config: Config, cast: Any) -> None:
    method = config.method
    if method.categories:
        raise Refusal("an encoder finds latents and no categories", "leave categories at 0", "categories")
    if cast.judges == "points" and (cast.latents, cast.points, cast.divergence) == (None, None, None):
        raise Refusal("nothing teaches this encoder", 'give a weight to "latents" or "points"', "cast.judges")
    if cast.judges != "points" and not fair(plain_objective(config)):
        kinds = "such as non-saturating, wasserstein, hinge or relativistic"
        raise Refusal("an encoder's pairs need an objective that is the same for both sides", kinds, "objective")
    latent = getattr(config.generator, "latent", "source")
    if cast.divergence is not None and latent != "normal":
        raise Refusal(f"is from a normal law, and latents are of the law {latent}", "leave it out", "cast.divergence")


def misfits_of_generators(config: Config, cast: Any) -> None:
    method = config.method
    if config.training.batch < cast.number:
        wrong = f"{cast.number} generators cannot share a batch of {config.training.batch}"
        raise Refusal(wrong, "take a larger training.batch", "cast.number")
    if cast.tell != "classes":
        return
    if cast.weight != type(cast).model_fields["weight"].default:
        raise Refusal('tell = "classes" has no weight: the classes are the loss', "leave weight out", "cast.weight")
    if method.objective.kind != "non-saturating":
        raise Refusal('tell = "classes" is the non-saturating game of several classes', option="objective")
    for option in ("auxiliary", "mutual_information", "noisy_labels"):
        if getattr(method, option):
            raise Refusal('has no place beside the cast\'s tell = "classes"', 'use tell = "head"', option)


def misfits_of_features(config: Config, cast: Any) -> None:
    method, kind = config.method, critic_kind(config)
    if kind not in ("mlp", "linear"):
        raise Refusal(f"feature-matching needs a critic of kind mlp or linear, not {kind}", option="cast")
    for option in ("auxiliary", "mutual_information"):
        if getattr(method, option):
            raise Refusal("the generator of feature-matching wants nothing else", f"leave {option} out", option)


def misfits_of_pairs(config: Config, cast: Any) -> None:
    if config.training.batch < 2:
        raise Refusal("the cast diverse compares two latents", "take a larger training.batch", "cast")


def misfits_of_an_equation(config: Config, cast: Any) -> None:
    target = config.target
    if target.kind != "circle" or (target.scale, target.rotate, target.shift) != (1.0, 0.0, (0.0, 0.0)):
        wrong = "the cast equation solves one equation, whose solution is the circle of radius 1"
        raise Refusal(wrong, "see the scenario oscillator", "cast")
    if getattr(config.generator, "latent", "") != "uniform":
        raise Refusal("the cast equation is fed times", 'set generator.latent = "uniform"', "cast")


def misfits_of_boosting(config: Config, cast: Any) -> None:
    method = config.method
    if method.objective.kind not in LOG_RATIOS or method.noisy_labels:
        kinds = f"such as {' or '.join(LOG_RATIOS)}, without noisy labels"
        raise Refusal("boosting needs an objective whose best score is log p/q", kinds, "objective")
    misfits_of_rounds(config, cast.rounds, "rounds")


def misfits_of_rounds(config: Config, number: int, option: str) -> None:
    if config.training.steps < number:
        raise Refusal(f"{number} {option} in {config.training.steps} steps", "take more steps", f"cast.{option}")


MISFITS: dict[str, Callable[[Config, Any], None]] = {
    "boosting": misfits_of_boosting,
    "stages": lambda config, cast: misfits_of_rounds(config, cast.stages, "stages"),
    "equation": misfits_of_an_equation,
    "encoder": misfits_of_an_encoder,
    "generators": misfits_of_generators,
    "feature-matching": misfits_of_features,
    "diverse": misfits_of_pairs,
}


def no_list(config: Config) -> None:
    if config.training.reuse and config.training.data is None:
        wrong = "says how the points of a fixed list follow each other"
        raise Refusal(wrong, "say data = 50000, or leave it out", "reuse")


def own_tried(config: Config) -> None:
    if isinstance(config.method.objective, Own):
        objective_tried(config.method.objective, plain_objective(config), config)
    for part in (config.method.constraint, config.method.also):
        if isinstance(part, Own):
            constraint_tried(part, made_of(CONSTRAINTS, part, "constraint"), config)
    if isinstance(config.method.update, Own):
        stage = world(config)
        rule_tried(config.method.update, stage.game, *first_step(config, stage))


def samplers(stage: World) -> dict[str, Sampler]:
    """How each of a step's draws is sampled, by name."""
    sample, latents, source = stage.target.sample, stage.generator.latents, (stage.source or stage.target).sample
    fed_by = source if stage.generator.translates else sample
    own: dict[str, Sampler] = {"real": sample, "latent": lambda rng, n: latents(rng, n, fed_by)}
    told: dict[str, Sampler] = {"labels": lambda rng, n: drawn_classes(stage.target, rng, n), "source": source}
    return own | {name: told.get(law.name, law.sample) for name, law in stage.laws.items()}


def drawn_classes(target: Target, rng: np.random.Generator, n: int) -> np.ndarray:
    """The classes of the points that the target draws of these numbers [n, K]."""
    labels = target.batch(rng, n).labels
    assert labels is not None, "only a method with labels asks, and it wants a target with classes"
    return np.eye(target.classes or 1)[labels]


def first_step(config: Config, stage: World) -> tuple[State, Draw]:
    """A state of one seed before its first step, and what that draws, to try a step on."""
    rng, moves, laws = np.random.default_rng(0), config.method.critic_steps + 1, samplers(stage)
    draw = {name: np.stack([[law(rng, config.training.batch)] for _ in range(moves)]) for name, law in laws.items()}
    first = {name: player.network.initial(rng)[None] for name, player in stage.game.players.items()}
    start, drawn = ({name: torch.from_numpy(one).float() for name, one in some.items()} for some in (first, draw))
    return play.start(stage.game, start), drawn


def build_measures(config: Config) -> dict[str, Measure]:
    """The user's own measures by the names of their functions. Refusal for a name that something else has."""
    made = {part.kind.rpartition(":")[2]: made_of({}, part, "measure") for part in config.measures or ()}
    if len(made) < len(config.measures or ()):
        raise Refusal("two of them have one name", "call one of the functions otherwise")
    return made


BUILDERS: tuple[tuple[str, Callable[[Config], Any]], ...] = (
    ("target", build_target),
    ("source", build_source),
    ("training", no_list),
    ("method", misfits),
    ("generator", build_generator),
    ("method", build_objective),
    ("method", build_cast),
    ("critic", build_critic),
    ("method", own_tried),
    ("measures", build_measures),
)


def world(config: Config, device: str = "cpu", target: Target | None = None) -> World:
    """Everything that the simulator needs; the target may be there already."""
    dials = {key: dial.to(device) for key, dial in dials_of(config).items()}
    for_all, are_turned = plays_for_all(config), bool(floats_of_players(config))
    kept = built_of(config, for_all)

    def game_at(dials: Dials) -> Game:
        built = built_of(with_players(config, dials), for_all) if are_turned else kept
        return build_game(config, turned(config, dials), built)

    noise = NOISE if config.method.instance_noise else {}  # random numbers of a step besides real points and latents
    laws = merged(build_objective(config).draws, build_constraint(config).draws, noise, build_cast(config).draws())
    drawn = target or build_target(config)
    return World(drawn, build_generator(config), laws, game_at, dials, game_at(dials), build_source(config))


def built_of(config: Config, for_all: bool) -> Built:
    """What of a game no dial of the method's changes; the players' numbers may be dials. Whether the generator plays for the
    whole value is found out before, outside of any graph.
    """
    cast = build_cast(config)
    return Built(
        {
            CRITIC: build_critic(config),
            **{name: role.body() for name, role in cast.roles.items()},
            GENERATOR: cast.generator() if cast.generator else build_generator(config).network,
        },
        None if config.method.cast is None else bodies(config),
        classes_of(config) if config.method.labels else None,
        for_all,
        labels_shown(config),
        cast.draws(),
    )


class Built(NamedTuple):
    """What of a game no dial of the method's changes: the players' networks by name, what a cast may build of, the number of
    classes, whether the generator plays for the whole value, the labels that stand beside a point, and what the cast draws.
    """

    networks: Mapping[str, Network]
    bodies: Bodies | None
    classes: int | None
    for_all: bool
    labels: tuple[Beside, ...]
    draws: Mapping[str, Law]


def build_game(config: Config, at: Config, built: Built) -> Game:
    """The game: its program is the config's, its numbers are those of `at`, which has dials in their place."""
    method, values, rule, cast = config.method, at.method, build_rule(at), build_cast(config, at, built.bodies)
    others = {name: role.wants for name, role in cast.roles.items()}
    wants = {CRITIC: critic_opinion, GENERATOR: generator_opinion, **others, **cast.wants}
    side = {CRITIC: "critic", GENERATOR: "generator", **{name: role.side for name, role in cast.roles.items()}}
    players = {
        name: seated(config, at, rule, body, play.with_terms(name, wants[name], cast.terms), side[name])
        for name, body in built.networks.items()
    }
    return Game(
        players=players,
        critics=tuple(name for name in players if side[name] == "critic"),
        generators=tuple(name for name in players if side[name] == "generator"),
        critic_steps=method.critic_steps,
        objective=build_objective(config, at, built),
        constraint=build_constraint(at),
        rule=rule.step,
        schedule=cast.schedule(SCHEDULES[method.schedule]),
        noise=values.instance_noise if method.instance_noise else None,
        noise_schedule=SCHEDULES[method.noise_schedule],
        pack=method.pack,
        steps=at.training.steps,
        # As this game has it: labels are shown as well, and what is drawn was found once.
        cast=cast._replace(beside=built.labels + cast.beside, draws=lambda: built.draws),
    )


def seated(config: Config, at: Config, rule: Rule, body: Network, wants: Wants, side: str) -> Player:
    values = at.method
    made = OPTIMISERS[config.method.optimiser](values.betas, values.epsilon)
    optimiser = rule.wrap(made if values.history is None else remembering(made, values.history))
    if side == "critic":
        constraint = build_constraint(at)
        return Player(
            body, optimiser, values.critic_rate, wants, lambda parameters: constraint.project(parameters, body.layers)
        )
    ema = values.ema if config.method.ema else None
    return Player(body, optimiser, values.generator_rate, wants, ema=ema, head_start=config.method.head_start)
