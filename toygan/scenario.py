"""Scenario files: a world, the players' sizes and the training budget, parsed strictly into frozen values.

`read` gives a `Config`: one scenario with one method, fully resolved. `world` turns it into what the game plays with.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from toygan.constraints import CONSTRAINTS, Constraint
from toygan.game import Game
from toygan.methods import METHODS
from toygan.networks import CRITICS, GENERATORS, Generator, Network
from toygan.objectives import OBJECTIVES, Objective, objective
from toygan.optimisers import OPTIMISERS, SCHEDULES
from toygan.shipped import shipped, shipped_folder
from toygan.strict import (
    Key,
    Mistake,
    Source,
    Strict,
    UserError,
    check,
    from_value_error,
    one_of,
    options,
    parse_override,
    put,
    read_toml,
    report,
    suggestion,
)
from toygan.targets import TARGETS, Target, moved

Range = tuple[float, float]
Name = Annotated[str, Field(pattern=r"^\w[\w.+-]*$")]  # names become folders


class View(Strict):
    """The window on the plane, in the target's units."""

    x: Range = (-3.0, 3.0)
    y: Range = (-3.0, 3.0)

    @field_validator("x", "y")
    @classmethod
    def rising(cls, value: Range) -> Range:
        """Refuse an empty window."""
        if not value[0] < value[1]:
            raise ValueError("the first end must be below the second; for example [-3.0, 3.0]")
        return value


class Training(Strict):
    """The budget: generator steps, batch, frames of the film, seeds, points in a frame."""

    steps: PositiveInt = 2500
    batch: PositiveInt = 256
    frames: PositiveInt = 60
    points: PositiveInt = 1000
    seed: NonNegativeInt = 0
    seeds: PositiveInt | tuple[NonNegativeInt, ...] = 1
    precision: Literal["single", "double"] = "single"

    @field_validator("seeds")
    @classmethod
    def distinct(cls, value: int | tuple[int, ...]) -> int | tuple[int, ...]:
        """Refuse an empty or a repeating list."""
        if isinstance(value, tuple) and (not value or len(set(value)) < len(value)):
            raise ValueError("must name each seed once, and at least one; for example 4 or [0, 1, 2, 3]")
        return value

    @property
    def seed_list(self) -> list[int]:
        """The seeds by name: `seeds = 4` means 0, 1, 2, 3."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)


class Method(Strict):
    """How to play: objective x constraint, and the players' habits."""

    formula: str = ""
    reference: str = ""
    look_for: str = ""
    objective: one_of(OBJECTIVES)  # type: ignore[valid-type]
    constraint: one_of(CONSTRAINTS) = Field(default={"kind": "none"}, validate_default=True)  # type: ignore[valid-type]
    critic_steps: PositiveInt = 1
    optimiser: Literal[*OPTIMISERS] = "adam"  # type: ignore[valid-type]
    betas: tuple[NonNegativeFloat, NonNegativeFloat] = (0.0, 0.9)
    generator_rate: PositiveFloat = 1e-3
    critic_rate: PositiveFloat = 1e-3
    schedule: Literal[*SCHEDULES] = "linear"  # type: ignore[valid-type]
    ema: NonNegativeFloat = Field(default=0.0, lt=1.0)

    @field_validator("betas")
    @classmethod
    def below_one(cls, value: Range) -> Range:
        """Refuse a memory that never forgets."""
        if max(value) >= 1:
            raise ValueError("each must be below 1; for example [0.0, 0.9]")
        return value


class NamedMethod(Method):
    """The method of a config, with the name under which it was asked for."""

    name: Name


class Config(Strict):
    """One scenario with one method: everything that decides a run."""

    name: Name
    title: str
    about: str = ""
    reference: str = ""
    target: one_of(TARGETS, moved)  # type: ignore[valid-type]
    view: View = View()
    generator: one_of(GENERATORS) = Field(default={"kind": "mlp"}, validate_default=True)  # type: ignore[valid-type]
    critic: one_of(CRITICS) = Field(default={"kind": "mlp"}, validate_default=True)  # type: ignore[valid-type]
    training: Training = Training()
    method: NamedMethod
    methods: Mapping[str, Method] = {}


class World(NamedTuple):
    """What a config means: the target, the generator with its latents, and the rules of the game."""

    target: Target
    generator: Generator
    game: Game


DEFAULT_METHOD = "wgan-gp"
TABLES = {"target": None, "generator": "mlp", "critic": "mlp"}  # tables with a kind, and the kind that need not be said


# --- where scenarios are ---------------------------------------------------------------------------------------------


def find(name: str) -> Path:
    """The file of a shipped name or of a path; UserError for neither."""
    path = Path(name)
    if path.suffix == ".toml":
        return path
    if name in shipped():
        return shipped_folder() / f"{name}.toml"
    raise UserError(f"scenario {name!r}: no shipped scenario has this name; {suggestion(name, shipped(), 'names')}\n"
                    "    or give the path of a .toml file")


# --- from a file to a config -----------------------------------------------------------------------------------------


def read(scenario: str, method: str | None = None, overrides: Sequence[str | tuple[str, Any]] = ()) -> Config:
    """Resolve a scenario (shipped name or path) and a method (name or OBJECTIVE+CONSTRAINT), overrides last.

    An override is "KEY=VALUE" or a pair (KEY, value). Raises UserError with every mistake that was found.
    """
    path = find(scenario)
    data, source = read_toml(path)
    changes = [overriding(override) for override in overrides]
    data = {"name": path.stem} | resolved(data, method, source)
    for key, value, text in changes:
        put(data, key, value, f"--set {text}")
    data = with_kinds(data, path.parent)
    source = source._replace(overrides={key: text for key, _, text in changes})
    config = check(Config, data, source)
    mistakes = impossible(config)
    if mistakes:
        raise UserError(report(mistakes, data, source))
    return config


def overriding(override: str | tuple[str, Any]) -> tuple[Key, Any, str]:
    """Key, value and the text to blame."""
    if isinstance(override, str):
        return *parse_override(override), override
    name, value = override
    return tuple(name.split(".")), value, f"{name}={value}"


def resolved(data: Mapping[str, Any], method: str | None, source: Source) -> dict[str, Any]:
    """The file's data with its method spelled out under `method`."""
    data = copy.deepcopy(dict(data))
    own = data.get("methods", {})
    asked = data.pop("method", {})
    if isinstance(asked, str):
        asked = {"name": asked}
    if not isinstance(asked, dict) or not isinstance(own, dict):
        raise UserError(f"{source.name}: method and methods must be tables")
    name = method or asked.get("name", DEFAULT_METHOD)
    # A method that is spelled out belongs to its name; without an objective, the keys are this world's habits for all.
    changes = asked if "objective" not in asked or name == asked.get("name") else {}
    return data | {"method": merged(method_named(name, own, changes), changes) | {"name": name}}


def method_named(name: str, own: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table of a method: the file's own, a shipped one or a pair; UserError for an unknown one."""
    if name in own:
        return own[name]
    if name in METHODS:
        return METHODS[name]
    if "objective" in changes:  # a resolved file spells its method out
        return {}
    head, plus, tail = name.partition("+")
    if not plus:
        names = [*own, *METHODS]
        raise UserError(f"method {name!r}: unknown; {suggestion(name, names, 'names')}\n    or a pair OBJECTIVE+CONSTRAINT")
    known_half("objective", name, head, list(OBJECTIVES))
    known_half("constraint", name, tail, list(CONSTRAINTS))
    return {"objective": {"kind": head}, "constraint": {"kind": tail}}


def known_half(what: str, pair: str, half: str, legal: Sequence[str]) -> None:
    """UserError where a half of a pair is in no table."""
    if half not in legal:
        raise UserError(f"method {pair!r}: {half!r} is no {what}; {suggestion(half, legal, what + 's')}")


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Base with changes on top, tables key by key; a table of another kind replaces the whole table."""
    result = copy.deepcopy(dict(base))
    for key, value in changes.items():
        old = result.get(key)
        same = isinstance(old, dict) and isinstance(value, dict) and value.get("kind", old.get("kind")) == old.get("kind")
        result[key] = merged(old, value) if same else value
    return result


def with_kinds(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Spell out what may be left unsaid: the kinds of tables, a kind given as a word, paths relative to the file."""
    data = copy.deepcopy(dict(data))
    for table, kind in TABLES.items():
        if kind and isinstance(data.setdefault(table, {}), dict):
            data[table].setdefault("kind", kind)
    for method in [data.get("method"), *as_table(data.get("methods")).values()]:
        for part in ("objective", "constraint"):
            if isinstance(method, dict) and isinstance(method.get(part), str):
                method[part] = {"kind": method[part]}
    target = as_table(data.get("target"))
    if isinstance(target.get("path"), str):
        target["path"] = str((folder / target["path"]).resolve())
    return data


def as_table(value: Any) -> dict[str, Any]:
    """The value if it is a table, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def impossible(config: Config) -> list[Mistake]:
    """What each part's own function refuses, though every key is legal by itself."""
    mistakes = []
    for key, build in (("target", build_target), ("generator", build_generator), ("critic", build_critic)):
        try:
            build(config)
        except ValueError as error:
            mistakes.append(from_value_error((key,), str(error)))
    return mistakes


# --- from a config to a world ----------------------------------------------------------------------------------------


def build_target(config: Config) -> Target:
    """The target, scaled, rotated and shifted."""
    make = TARGETS[config.target.kind]
    return moved(make(**options(config.target, make)), **options(config.target, moved))


def build_generator(config: Config) -> Generator:
    """The generator with its latents."""
    make = GENERATORS[config.generator.kind]
    return make(**options(config.generator, make))


def build_critic(config: Config) -> Network:
    """The critic, with as many outputs as the objective needs."""
    make = CRITICS[config.critic.kind]
    return make(build_objective(config).outputs, **options(config.critic, make))


def build_objective(config: Config) -> Objective:
    """The objective with its options."""
    kind = config.method.objective.kind
    return objective(kind, **options(config.method.objective, OBJECTIVES[kind]))


def build_constraint(config: Config) -> Constraint:
    """The constraint with its options."""
    make = CONSTRAINTS[config.method.constraint.kind]
    return make(**options(config.method.constraint, make))


def world(config: Config) -> World:
    """Everything that the simulator needs."""
    method, generator = config.method, build_generator(config)
    game = Game(
        generator=generator.network,
        critic=build_critic(config),
        objective=build_objective(config),
        constraint=build_constraint(config),
        optimiser=OPTIMISERS[method.optimiser](method.betas),
        generator_rate=method.generator_rate,
        critic_rate=method.critic_rate,
        schedule=SCHEDULES[method.schedule],
        critic_steps=method.critic_steps,
        ema=method.ema,
        steps=config.training.steps,
    )
    return World(build_target(config), generator, game)


# --- from a config to a file -----------------------------------------------------------------------------------------


def as_data(config: Config) -> dict[str, Any]:
    """The config as plain data, without the methods that are not played and without what was left out."""
    return config.model_dump(mode="json", exclude={"methods"}, exclude_none=True)


def as_toml(config: Config) -> str:
    """The config as a scenario file that repeats the run."""
    data = as_data(config)
    top = {key: value for key, value in data.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in data.items() if isinstance(value, dict)}
    parts = [toml_lines(top), *(f"[{name}]\n{toml_lines(table)}" for name, table in tables.items())]
    return "\n".join(parts)


def toml_lines(table: Mapping[str, Any]) -> str:
    """`key = value`, a line each."""
    return "".join(f"{key} = {toml_value(value)}\n" for key, value in table.items())


def toml_value(value: Any) -> str:
    """One TOML value."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return toml_string(value) if isinstance(value, str) else repr(value)


def toml_string(text: str) -> str:
    """A basic string: TOML's escapes are JSON's, save that TOML also wants DEL escaped."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


WORDS = {"title", "about", "reference", "formula", "look_for"}  # these describe a run and decide nothing in it


def differing(one: Mapping[str, Any], other: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The keys in which two configs differ, with both values: "training.steps: 500, not 2500"."""
    lines = []
    for key in sorted({*one, *other} - WORDS):
        a, b = one.get(key), other.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            lines += differing(a, b, f"{prefix}{key}.")
        elif a != b:
            lines.append(f"{prefix}{key}: {a!r}, not {b!r}")
    return lines
