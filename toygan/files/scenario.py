"""Scenario files: a world, the players' sizes and the training budget, parsed strictly into frozen values.

`read` gives a `Config`: one scenario with one method, fully resolved. `world` turns it into what the game plays with.
"""

from __future__ import annotations

import copy
import math
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from toygan.files.shipped import shipped, shipped_folder
from toygan.files.strict import (
    Key,
    Mistake,
    Names,
    Place,
    Source,
    Strict,
    UserError,
    as_json,
    examined,
    in_toml,
    one_of,
    options,
    parse_key,
    parse_override,
    placed,
    plainly,
    put,
    read_toml,
    refused,
    shortened,
    suggestion,
)
from toygan.game.constraints import CONSTRAINTS, Constraint, compose
from toygan.game.methods import METHODS
from toygan.game.networks import Network
from toygan.game.objectives import OBJECTIVES, Objective, objective, with_information, with_noisy_labels
from toygan.game.optimisers import OPTIMISERS, SCHEDULES, USES
from toygan.game.play import Game
from toygan.game.players import CRITICS, GENERATORS, Generator
from toygan.game.rules import RULES, Rule
from toygan.targets.refusal import Refusal
from toygan.targets.table import TARGETS
from toygan.targets.target import Target, moved

Range = tuple[float, float]
Name = Annotated[str, Field(pattern=r"^\w[\w.+-]*$", max_length=100)]  # names become folders


class View(Strict):
    """The window on the plane, in the target's units."""

    x: Range = (-3.0, 3.0)
    y: Range = (-3.0, 3.0)

    @field_validator("x", "y")
    @classmethod
    def rising(cls, value: Range) -> Range:
        """Refuse an empty window."""
        if not value[1] - value[0] > 1e-6 * max(map(abs, value)):
            raise Refusal("the first end must be below the second, and not by a hair", "for example [-3.0, 3.0]")
        return value


SeedNumber = Annotated[NonNegativeInt, Field(lt=2**32)]


class Training(Strict):
    """The budget: generator steps, batch, frames of the film, seeds, points in a frame."""

    steps: Annotated[PositiveInt, Field(le=10**8)] = 2000
    batch: Annotated[PositiveInt, Field(le=10**6)] = 256
    frames: Annotated[PositiveInt, Field(le=10**4)] = 50
    points: Annotated[PositiveInt, Field(le=10**5)] = 1000
    seed: SeedNumber = 0
    seeds: Annotated[PositiveInt, Field(le=10**4)] | Annotated[tuple[SeedNumber, ...], Field(max_length=10**4)] = 1
    precision: Literal["single", "double"] = "single"

    @field_validator("seeds")
    @classmethod
    def distinct(cls, value: int | tuple[int, ...]) -> int | tuple[int, ...]:
        """Refuse an empty or a repeating list."""
        if isinstance(value, tuple) and (not value or len(set(value)) < len(value)):
            raise Refusal("must name each seed once, and at least one", "for example 4 or [0, 1, 2, 3]")
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
    also: one_of(CONSTRAINTS) = Field(default={"kind": "none"}, validate_default=True)  # type: ignore[valid-type]
    update: one_of(RULES) = Field(default={"kind": "alternating"}, validate_default=True)  # type: ignore[valid-type]
    critic: Literal[*CRITICS] | None = None  # type: ignore[valid-type]
    critic_steps: Annotated[PositiveInt, Field(le=1000)] = 1
    optimiser: Literal[*OPTIMISERS] = "adam"  # type: ignore[valid-type]
    betas: tuple[NonNegativeFloat, NonNegativeFloat] = (0.0, 0.9)
    generator_rate: PositiveFloat = 4e-3
    critic_rate: PositiveFloat = 4e-3
    schedule: Literal[*SCHEDULES] = "linear"  # type: ignore[valid-type]
    ema: NonNegativeFloat = Field(default=0.0, lt=1.0)
    head_start: NonNegativeInt = 0
    instance_noise: NonNegativeFloat = 0.0
    noise_schedule: Literal[*SCHEDULES] = "linear"  # type: ignore[valid-type]
    pack: Annotated[PositiveInt, Field(le=100)] = 1
    noisy_labels: NonNegativeFloat = Field(default=0.0, le=0.5)
    categories: Annotated[NonNegativeInt, Field(le=1000)] = 0
    mutual_information: NonNegativeFloat = 0.0

    @field_validator("betas")
    @classmethod
    def below_one(cls, value: Range) -> Range:
        """Refuse a memory that never forgets."""
        if max(value) >= 1:
            raise Refusal("each must be below 1", "for example [0.0, 0.9]")
        return value


class NamedMethod(Method):
    """The method of a config, with the name under which it was asked for."""

    name: Name


class Config(Strict):
    """One scenario with one method: everything that decides a run."""

    name: Name
    title: Annotated[str, Field(min_length=1)]
    about: str = ""
    reference: str = ""
    target: one_of(TARGETS, moved)  # type: ignore[valid-type]
    view: View = View()
    generator: one_of(GENERATORS) = Field(default={"kind": "mlp"}, validate_default=True)  # type: ignore[valid-type]
    critic: one_of(CRITICS) = Field(default={"kind": "mlp"}, validate_default=True)  # type: ignore[valid-type]
    training: Training = Training()
    method: NamedMethod
    methods: Mapping[Name, Method] = {}


class World(NamedTuple):
    """What a config means: the target, the generator with its latents, and the rules of the game."""

    target: Target
    generator: Generator
    game: Game


DEFAULT_METHOD = "wgan-gp"
METHOD: Key = ("method", "name")
TABLES = {"target": None, "generator": "mlp", "critic": "mlp"}  # tables with a kind, and the kind that need not be said


# --- where scenarios are ---------------------------------------------------------------------------------------------


def find(name: str) -> Path:
    """The file of a shipped name or of a path; UserError for neither."""
    path = Path(name)
    if path.suffix == ".toml":
        return path
    if name in shipped():
        return shipped_folder() / f"{name}.toml"
    wrong = f"no shipped scenario has this name; {suggestion(name, shipped(), 'names')}"
    raise UserError(Mistake(None, wrong, "or give the path of a .toml file", place=Place(f"scenario {name!r}")))


# --- from a file to a config -----------------------------------------------------------------------------------------


def read(
    scenario: str,
    method: str | None = None,
    overrides: Sequence[str | tuple[str, Any]] = (),
    said: Mapping[str, Place] = {},
) -> Config:
    """Resolve a scenario (shipped name or path) and a method (name or OBJECTIVE+CONSTRAINT), overrides last.

    An override is "KEY=VALUE" or a pair (KEY, value). `said` tells where pairs of some keys, and the method under
    "method.name", were said if not on the command line. Raises UserError with every mistake that was found.
    """
    path = find(scenario)
    file, source = read_toml(path)
    taken = [overriding(override, said) for override in overrides]
    changes = sorted(taken, key=lambda change: change.key[-1] != "kind")  # kinds first
    own = [change for change in changes if change.key[0] == "methods"]
    apply(own, file)
    spelled, unknown = resolved({"name": folder_name(path)} | file, method)
    data = with_kinds(spelled, path.parent)
    apply([change for change in changes if change not in own], data)
    data = with_kinds(data, Path.cwd())
    places: dict[Key, Place] = {change.key: change.place for change in changes}
    if method is not None:
        places[METHOD] = said.get("method.name", Place(f"--method {shortened(method)}"))
    return checked(data, source._replace(overrides=places), unknown)


def checked(data: Mapping[str, Any], source: Source, mistakes: Sequence[Mistake]) -> Config:
    """The config; UserError with these mistakes and all others."""
    config, more = examined(Config, data)
    found = [*mistakes, *beyond(data), *more]
    if not found and config:
        found += impossible(config)
    else:
        found += impossible_parts(data, {mistake.key[0] for mistake in found if mistake.key})
    if found or config is None:
        raise UserError(*placed(found, data, source))
    return config


class Override(NamedTuple):
    """An override: its key, its value, and where it was said."""

    key: Names
    value: Any
    place: Place


def overriding(override: str | tuple[str, Any], said: Mapping[str, Place]) -> Override:
    """An override taken apart; UserError where it is none."""
    if isinstance(override, str):
        return Override(*parse_override(override), Place(f"--set {shortened(override)}"))
    if not (isinstance(override, tuple) and len(override) == 2 and isinstance(override[0], str)):
        raise UserError(f"override {override!r}: expected a key and a value, for example {{'training.steps': 500}}")
    key, value = override
    typed = value if isinstance(value, str) else in_toml(as_json(value) if hasattr(value, "item") else value)
    place = said.get(key)
    return Override(parse_key(key, place=place), value, place or Place(f"--set {key}={shortened(typed)}"))


def apply(changes: Sequence[Override], data: dict[str, Any]) -> None:
    """Put overrides into the data in place."""
    for key, value, place in changes:
        put(data, key, value, place)


def folder_name(path: Path) -> str:
    """A file's name as the name of a scenario, for a file that does not say its own."""
    return re.sub(r"[^\w.+-]+", "-", path.stem).lstrip("-.+") or "scenario"


def resolved(file: Mapping[str, Any], method: str | None) -> tuple[dict[str, Any], list[Mistake]]:
    """The file's data with its method spelled out under `method`, and what is wrong with the method's name."""
    data = copy.deepcopy(dict(file))
    own = as_table(data.get("methods"))
    asked = data.pop("method", {})
    if isinstance(asked, str):
        asked = {"name": asked}
    if not isinstance(asked, dict):
        return data | {"method": asked}, [Mistake(("method",), "must be a name or a table", 'for example "wgan-gp"')]
    name = asked.get("name", DEFAULT_METHOD) if method is None else method
    if "objective" not in asked or name != asked.get("name"):  # one that is spelled out is called as it likes
        name = spelled(name, own)
    # A method that is spelled out belongs to its name; without an objective, the keys are this world's habits for all.
    changes = asked if "objective" not in asked or name == asked.get("name") else {}
    mistakes: list[Mistake] = []
    base: Mapping[str, Any] = STAND_INS["method"]
    try:
        base = method_named(name, own, changes)
    except Refusal as error:
        mistakes.append(refused(METHOD, error))
    return data | {"method": merged(base, changes) | {"name": name}}, mistakes


def spelled(name: Any, own: Collection[str] = ()) -> Any:
    """The name of a method as it is written here, whoever writes it WGAN-GP or wgan_gp; as it is where none is meant."""
    if not isinstance(name, str) or name in own or name in METHODS:
        return name
    tables = ([*own, *METHODS],) if "+" not in name else (OBJECTIVES, CONSTRAINTS)
    plain = [{plainly(word): word for word in reversed([*table])} for table in tables]
    halves = name.split("+", 1)
    return "+".join(words.get(plainly(half), half) for half, words in zip(halves, plain, strict=True))


def method_named(name: Any, own: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table of a method: the file's own, a shipped one or a pair; Refusal for an unknown one."""
    if not isinstance(name, str):
        raise Refusal("must be a text", 'for example "wgan-gp"')
    if name in own:
        table = as_table(own[name])
        return {part: as_kind(value) if part in PARTS else value for part, value in table.items()}
    if name in METHODS:
        return METHODS[name]
    if "objective" in changes:  # a resolved file spells its method out
        return {}
    head, plus, tail = name.partition("+")
    if not plus:
        raise Refusal("unknown", f"{suggestion(name, [*own, *METHODS], 'names')}, or a pair OBJECTIVE+CONSTRAINT")
    if "+" in tail:
        first, second = tail.split("+", 1)
        both = f"a second one is method.also: --method {head}+{first} --set method.also={second}"
        raise Refusal(f"{tail!r} is no constraint", both)
    known_half("objective", head, list(OBJECTIVES))
    known_half("constraint", tail, list(CONSTRAINTS))
    return {"objective": {"kind": head}, "constraint": {"kind": tail}}


def known_half(what: str, half: str, legal: Sequence[str]) -> None:
    """Refusal where a half of a pair is in no table."""
    if half not in legal:
        raise Refusal(f"{half!r} is no {what}", suggestion(half, legal, what + "s"))


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Base with changes on top, tables key by key; a table of another kind replaces the whole table."""
    result = copy.deepcopy(dict(base))
    for key, value in changes.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def with_kinds(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Spell out what may be left unsaid: the kinds of tables, a kind given as a word, paths relative to the folder."""
    data = copy.deepcopy(dict(given))
    for table, kind in TABLES.items():
        if kind and isinstance(data.setdefault(table, {}), dict):
            data[table].setdefault("kind", kind)
    for method in [data.get("method"), *as_table(data.get("methods")).values()]:
        for part in PARTS & as_table(method).keys():
            method[part] = as_kind(method[part])
    target = as_table(data.get("target"))
    if isinstance(target.get("path"), str | Path) and "\0" not in str(target["path"]):
        target["path"] = str((folder / Path(target["path"]).expanduser()).resolve())
    return data


PARTS = {"objective", "constraint", "also", "update"}


def as_kind(value: Any) -> Any:
    """A part of a method that is given as a word, as a table."""
    return {"kind": value} if isinstance(value, str) else value


def as_table(value: Any) -> dict[str, Any]:
    """The value if it is a table, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def beyond(data: Any, key: Key = ()) -> list[Mistake]:
    """Numbers too large for single precision or the machine's memory, or with squares of nothing; seeds may be any."""
    if isinstance(data, Mapping | list | tuple):
        inner = dict(data) if isinstance(data, Mapping) else dict(enumerate(data))
        return [found for part in inner if part not in ("seed", "seeds") for found in beyond(inner[part], (*key, part))]
    size = abs(data) if isinstance(data, int | float) else 0
    if 1e9 < size < math.inf:
        return [Mistake(key, "is too large; numbers of a scenario stay within 1e9")]
    return [Mistake(key, "is too small; numbers of a scenario are 0 or 1e-30 and more")] if 0 < size < 1e-30 else []


def impossible(config: Config) -> list[Mistake]:
    """What each part's own function refuses, though every key is legal by itself; or what no machine holds."""
    mistakes = []
    for key, build in BUILDERS:
        try:
            build(config)
        except UnicodeDecodeError:
            mistakes.append(Mistake((key, "path"), "is not UTF-8 text"))
        except OSError as error:
            mistakes.append(Mistake((key, "path"), f"cannot be read ({error.strerror})"))
        except ValueError as error:
            mistakes.append(refused((key,), error))
    return mistakes + too_big(config)


def impossible_parts(data: Mapping[str, Any], bad: set[str | int]) -> list[Mistake]:
    """What `impossible` says of the tables that are not `bad`, with harmless ones in place of the others."""
    good = {key: data[key] for key in ("target", "generator", "critic") if key in data and key not in bad}
    config, _ = examined(Config, STAND_INS | good)
    return impossible(config) if config else []


STAND_INS: dict[str, Any] = {
    "name": "any",
    "title": "any",
    "target": {"kind": "dirac"},
    "generator": {"kind": "point"},
    "critic": {"kind": "linear"},
    "method": {"name": "any", "objective": {"kind": "hinge"}},
}


def too_big(config: Config) -> list[Mistake]:
    """Whether the largest arrays, in bytes and generously, fit in what this machine has."""
    training, players = config.training, (config.generator, config.critic)
    seeds = training.seeds if isinstance(training.seeds, int) else len(training.seeds)
    shapes = [(getattr(player, "width", 2), getattr(player, "depth", 1)) for player in players]
    sizes = {
        "frames x seeds x points": 32 * training.frames * seeds * training.points,
        "seeds x batch x width x depth": 8 * seeds * training.batch * sum(width * depth for width, depth in shapes),
        "seeds x batch x critic_steps": 32 * 32 * seeds * training.batch * (config.method.critic_steps + 1),
        "seeds x width x width x depth": 32 * seeds * sum(width * width * depth for width, depth in shapes),
    }
    there = memory()
    has = f"and this machine has {there / 2**30:.0f}; make one of them smaller"
    return [
        Mistake(("training",), f"{product} needs about {size / 2**30:.0f} GiB of memory", has)
        for product, size in sizes.items()
        if size > there
    ]


def memory() -> float:
    """The bytes of memory that this process may have: the machine's, or its container's; a guess where nobody tells."""
    try:
        found = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return GUESSED_MEMORY
    limits = (text for path in MEMORY_LIMITS if path.is_file() and (text := path.read_text().strip()).isdigit())
    return min(found, *map(float, limits), math.inf)


GUESSED_MEMORY = 16.0 * 2**30
MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


# --- from a config to a world ----------------------------------------------------------------------------------------


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


# --- from a config to a file -----------------------------------------------------------------------------------------


def as_data(config: Config) -> dict[str, Any]:
    """The config as plain data, without the methods that are not played and without what was left out."""
    return config.model_dump(mode="json", exclude={"methods"}, exclude_none=True)


def as_toml(config: Config) -> str:
    """The config as a scenario file that repeats the run."""
    return toml_of(as_data(config))


def toml_of(data: Mapping[str, Any]) -> str:
    """Plain data as TOML: keys first, then a table each."""
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
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return toml_string(str(value))
    return repr(value.item() if hasattr(value, "item") else value)


def toml_string(text: str) -> str:
    """A basic string: TOML's escapes are JSON's, save that TOML also wants DEL escaped."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


WORDS = {"title", "about", "reference", "formula", "look_for"}  # these describe a run and decide nothing in it


def deciding(data: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the words in it."""
    kept = {key: value for key, value in data.items() if key not in WORDS}
    return {key: deciding(value) if isinstance(value, dict) else value for key, value in kept.items()}


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
