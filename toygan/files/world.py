"""What the game plays with: a config's target, players, objective, constraint and rule, built from their tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from toygan.files.config import Config, Method
from toygan.files.strict import options
from toygan.game.constraints import CONSTRAINTS, Constraint, compose
from toygan.game.networks import Network
from toygan.game.objectives import OBJECTIVES, Objective, objective, with_information, with_noisy_labels
from toygan.game.optimisers import OPTIMISERS, SCHEDULES, USES
from toygan.game.play import Game
from toygan.game.players import CRITICS, GENERATORS, Generator
from toygan.game.rules import RULES, Rule
from toygan.targets.refusal import Refusal
from toygan.targets.table import TARGETS
from toygan.targets.target import Target, moved


class World(NamedTuple):
    """What a config means: the target, the generator with its latents, and the rules of the game."""

    target: Target
    generator: Generator
    game: Game


def build_target(config: Config) -> Target:
    """The target, scaled, rotated and shifted."""
    make = TARGETS[config.target.kind]
    return moved(make(**options(config.target, make)), **options(config.target, moved))


def build_generator(config: Config) -> Generator:
    """The generator with its latents."""
    make = GENERATORS[config.generator.kind]
    return make(config.method.categories, **options(config.generator, make))


def build_critic(config: Config) -> Network:
    """The critic, of the scenario's kind or the method's own, as wide at both ends as packing and objective want, constrained."""
    make = CRITICS[config.method.critic or config.critic.kind]
    critic = make(2 * config.method.pack, build_objective(config).outputs, **options(config.critic, make))
    return build_constraint(config).extend(critic)


def build_objective(config: Config) -> Objective:
    """The objective with its options and the tricks that change it."""
    method = config.method
    made = objective(method.objective.kind, **options(method.objective, OBJECTIVES[method.objective.kind]))
    if method.noisy_labels:
        made = with_noisy_labels(made, method.noisy_labels)
    if method.mutual_information:
        made = with_information(made, method.categories, method.mutual_information)
    return made


def build_constraint(config: Config) -> Constraint:
    """The constraint with its options, composed with the second one if there is one."""
    first, second = (
        CONSTRAINTS[part.kind](**options(part, CONSTRAINTS[part.kind]))
        for part in (config.method.constraint, config.method.also)
    )
    kind, other = config.method.constraint.kind, config.method.also.kind
    return compose(first, second, (kind, other if other != kind else f"{other}-also"))


def build_rule(config: Config) -> Rule:
    """The update rule with its options."""
    make = RULES[config.method.update.kind]
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
    unused = [i for i in (0, 1) if not USES[method.optimiser][i] and method.betas[i] != usual[i]]
    if unused:
        which = "first of the betas" if unused == [0] else "betas"
        raise Refusal(f"{method.optimiser} does not use the {which}", f"leave it at {list(usual)}", "betas")
    aligned = method.objective.kind == "energy" and method.objective.pulling_away
    if aligned and (method.critic or config.critic.kind) != "autoencoder":
        raise Refusal("pulling_away needs codes", "use the critic kind autoencoder", "objective")


BUILDERS: tuple[tuple[str, Callable[[Config], Any]], ...] = (
    ("target", build_target),
    ("generator", build_generator),
    ("method", misfits),
    ("method", build_objective),
    ("critic", build_critic),
)


def world(config: Config) -> World:
    """Everything that the simulator needs."""
    method, generator, rule = config.method, build_generator(config), build_rule(config)
    game = Game(
        generator=generator.network,
        critic=build_critic(config),
        objective=build_objective(config),
        constraint=build_constraint(config),
        optimiser=rule.wrap(OPTIMISERS[method.optimiser](method.betas)),
        rule=rule.step,
        generator_rate=method.generator_rate,
        critic_rate=method.critic_rate,
        schedule=SCHEDULES[method.schedule],
        critic_steps=method.critic_steps,
        head_start=method.head_start,
        ema=method.ema,
        noise=method.instance_noise,
        noise_schedule=SCHEDULES[method.noise_schedule],
        pack=method.pack,
        steps=config.training.steps,
    )
    return World(build_target(config), generator, game)
