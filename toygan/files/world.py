"""What the game plays with: a config's target, players, objective, constraint and rule, built from their tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from toygan.files.config import Config, Method
from toygan.files.dials import Dials, dials_of, turned
from toygan.files.own import Own, short
from toygan.files.own_parts import Measure, own_row, rule_tried
from toygan.files.strict import options
from toygan.files.trial import constraint_tried, objective_tried
from toygan.game.constraints import CONSTRAINTS, Constraint, compose
from toygan.game.duel import CRITIC, GENERATOR, critic_opinion, generator_opinion
from toygan.game.laws import Law, merged, normal
from toygan.game.networks import Network
from toygan.game.objectives import (
    OBJECTIVES,
    Objective,
    objective_of,
    with_category,
    with_information,
    with_noisy_labels,
)
from toygan.game.optimisers import OPTIMISERS, SCHEDULES
from toygan.game.play import Draw, Game, Player, State
from toygan.game.play import start as play_start
from toygan.game.players import CRITICS, GENERATORS, Generator
from toygan.game.rules import RULES, Rule
from toygan.targets.refusal import Refusal
from toygan.targets.table import TARGETS
from toygan.targets.target import Target, moved


class World(NamedTuple):
    """What a config means: the target, the generator with its latents, the laws of a step's further draws, the game at any
    dials, `game_at(dials)`, the config's own dials, and the game at these.
    """

    target: Target
    generator: Generator
    laws: Mapping[str, Law]
    game_at: Callable[[Dials], Game]
    dials: Dials
    game: Game

    def step(self, state: State, draw: Draw, dials: Dials) -> State:
        """One step of the game: a pure function of tensors."""
        game = self.game_at(dials)
        return game.rule(game, state, draw)


def build_target(config: Config) -> Target:
    """The target, scaled, rotated and shifted."""
    make = row_of(TARGETS, config.target, "target")
    return moved(make(**options(config.target, make)), **options(config.target, moved))


def build_generator(config: Config) -> Generator:
    """The generator with its latents, as wide as the objective's codes want it."""
    make, codes = GENERATORS[config.generator.kind], config.method.categories
    made = make(**options(config.generator, make))
    if not codes:
        return made
    if made.widened is None:
        raise Refusal("only the generator kind mlp takes a method with categories", option="kind")
    return made._replace(network=made.widened(codes))


def build_critic(config: Config) -> Network:
    """The critic, of the scenario's kind or the method's own, as wide at both ends as packing and objective want, constrained."""
    make, outputs = CRITICS[config.method.critic or config.critic.kind], sum(build_objective(config).heads.values())
    critic = make(2 * config.method.pack, outputs, **options(config.critic, make))
    return build_constraint(config).extend(critic)


def build_objective(config: Config, at: Config | None = None) -> Objective:
    """The objective with its options and the tricks that change it; `at` has dials in place of numbers."""
    method, values = config.method, (at or config).method
    make = row_of(OBJECTIVES, method.objective, "objective")
    made = objective_of(make, **options(values.objective, make))
    if method.noisy_labels:
        made = with_noisy_labels(made, values.noisy_labels)
    if method.mutual_information:
        return with_information(made, method.categories, values.mutual_information)
    return with_category(made, method.categories) if method.categories else made


def build_constraint(config: Config) -> Constraint:
    """The constraint with its options, composed with the second one if there is one."""
    parts = (config.method.constraint, config.method.also)
    rows = [row_of(CONSTRAINTS, part, "constraint") for part in parts]
    first, second = (make(**options(part, make)) for make, part in zip(rows, parts, strict=True))
    kind, other = (short(part.kind) for part in parts)
    return compose(first, second, (kind, other if other != kind else f"{other}-also"))


def row_of(table: Mapping[str, Callable[..., Any]], part: Any, name: str) -> Callable[..., Any]:
    """The row of a part of a method: of the table of its kinds, or a user's own."""
    return own_row(part, name) if isinstance(part, Own) else table[part.kind]


def build_rule(config: Config) -> Rule:
    """The update rule with its options."""
    make = row_of(RULES, config.method.update, "update")
    return make(**options(config.method.update, make))


def misfits(config: Config) -> None:
    """Refuse keys of different tables that do not go together."""
    method = config.method
    if config.training.batch % method.pack:
        raise Refusal(f"a batch of {config.training.batch} cannot be cut into packs of {method.pack}", option="pack")
    if method.mutual_information and not method.categories:
        raise Refusal("mutual_information needs at least one category", option="categories")
    if method.mutual_information and method.pack > 1:
        raise Refusal("mutual_information tells one point's category, and a pack has several", option="pack")
    usual = Method.model_fields["betas"].default
    uses = OPTIMISERS[method.optimiser](method.betas).uses
    unused = [i for i in (0, 1) if not uses[i] and method.betas[i] != usual[i]]
    if unused:
        which = "first of the betas" if unused == [0] else "betas"
        raise Refusal(f"{method.optimiser} does not use the {which}", f"leave it at {list(usual)}", "betas")
    for head, option in build_objective(config).wants.items():
        if getattr(method.objective, option, None) and head not in build_critic(config).heads:
            able = [kind for kind, make in CRITICS.items() if head in make(2, 1).heads]
            raise Refusal(
                f"{option} needs a critic with a {head}", f"use the critic kind {' or '.join(able)}", "objective"
            )


def own_tried(config: Config) -> None:
    """Try what is the user's own."""
    objective_tried(config.method.objective, build_objective(config), config)
    for part in (config.method.constraint, config.method.also):
        if isinstance(part, Own):
            make = row_of(CONSTRAINTS, part, "constraint")
            constraint_tried(part, make(**options(part, make)), config)
    if isinstance(config.method.update, Own):
        stage = world(config)
        rule_tried(config.method.update, stage.game, *first_step(config, stage))


def first_step(config: Config, stage: World) -> tuple[State, Draw]:
    """A state of one seed before its first step, and what that draws, to try a step on."""
    rng, sample, moves = np.random.default_rng(0), stage.target.sample, config.method.critic_steps + 1
    laws = {"real": sample, "latent": lambda rng, n: stage.generator.latents(rng, n, sample)}
    laws |= {name: law.sample for name, law in stage.laws.items()}
    draw = {name: np.stack([[law(rng, config.training.batch)] for _ in range(moves)]) for name, law in laws.items()}
    first = {name: player.network.initial(rng)[None] for name, player in stage.game.players.items()}
    start, drawn = ({name: torch.from_numpy(one).float() for name, one in some.items()} for some in (first, draw))
    return play_start(stage.game, start), drawn


def build_measures(config: Config) -> dict[str, Measure]:
    """The user's own measures by the names of their functions. Refusal for a name that something else has."""
    rows = {part: own_row(part, "measure") for part in config.measures or ()}
    made = {part.kind.rpartition(":")[2]: row(**options(part, row)) for part, row in rows.items()}
    if len(made) < len(config.measures or ()):
        raise Refusal("two of them have one name", "call one of the functions otherwise")
    return made


BUILDERS: tuple[tuple[str, Callable[[Config], Any]], ...] = (
    ("target", build_target),
    ("generator", build_generator),
    ("method", misfits),
    ("method", build_objective),
    ("critic", build_critic),
    ("method", own_tried),
    ("measures", build_measures),
)


def world(config: Config, device: str = "cpu") -> World:
    """Everything that the simulator needs."""
    dials = {key: dial.to(device) for key, dial in dials_of(config).items()}
    generator, critic = build_generator(config), build_critic(config)

    def game_at(dials: Dials) -> Game:
        return build_game(config, turned(config, dials), generator.network, critic)

    return World(build_target(config), generator, laws_of(config), game_at, dials, game_at(dials))


def build_game(config: Config, at: Config, generator: Network, critic: Network) -> Game:
    """The game of two bodies: its program is the config's, its numbers are those of `at`, which has dials in their place."""
    method, values, rule, constraint = config.method, at.method, build_rule(at), build_constraint(at)
    optimiser = rule.wrap(OPTIMISERS[method.optimiser](values.betas))
    ema = values.ema if method.ema else None
    return Game(
        players={
            CRITIC: Player(
                critic,
                optimiser,
                values.critic_rate,
                critic_opinion,
                lambda parameters: constraint.project(parameters, critic.layers),
            ),
            GENERATOR: Player(
                generator,
                optimiser,
                values.generator_rate,
                generator_opinion,
                ema=ema,
                head_start=method.head_start,
            ),
        },
        critics=(CRITIC,),
        generators=(GENERATOR,),
        critic_steps=method.critic_steps,
        objective=build_objective(config, at),
        constraint=constraint,
        rule=rule.step,
        schedule=SCHEDULES[method.schedule],
        noise=values.instance_noise if method.instance_noise else None,
        noise_schedule=SCHEDULES[method.noise_schedule],
        pack=method.pack,
        steps=at.training.steps,
    )


NOISE = {"real noise": normal(2), "fake noise": normal(2)}  # what blurs a real and a generated point


def laws_of(config: Config) -> dict[str, Law]:
    """The random numbers of a step besides real points and latents, by name."""
    noise = NOISE if config.method.instance_noise else {}
    return merged(build_objective(config).draws, build_constraint(config).draws, noise)
