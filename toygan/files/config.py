"""A config: one scenario with one method as a frozen value, everything that decides a run, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from toygan.files.mistakes import Place, UserError
from toygan.files.own import Own, given, own_or_one_of
from toygan.files.strict import Strict, as_kind, mistakes_in, one_of
from toygan.game.casts import CASTS
from toygan.game.constraints import CONSTRAINTS
from toygan.game.objectives import OBJECTIVES
from toygan.game.optimisers import OPTIMISERS, SCHEDULES
from toygan.game.players import CRITICS, GENERATORS
from toygan.game.rules import RULES
from toygan.targets.refusal import Refusal
from toygan.targets.table import TARGETS
from toygan.targets.target import Range, moved

Name = Annotated[str, Field(pattern=r"^\w[\w.+-]*$", max_length=100)]  # names become folders
SeedNumber = Annotated[NonNegativeInt, Field(lt=2**32)]
WORDS = {"title", "about", "reference", "formula", "look_for"}  # these describe a run and decide nothing in it


class View(Strict):
    """The window on the plane, in the target's units; of a file that sets none, around its target (`with_view`)."""

    x: Range = (-3.0, 3.0)
    y: Range = (-3.0, 3.0)

    @field_validator("x", "y")
    @classmethod
    def rising(cls, value: Range) -> Range:
        if not value[1] - value[0] > 1e-6 * max(map(abs, value)):
            raise Refusal("the first end must be below the second, and not by a hair", "for example [-3.0, 3.0]")
        return value


class Training(Strict):
    """The budget: generator steps, batch, frames of the film, seeds, points in a frame, seeds whose critics are kept; and, in
    `data`, how many points of the target are all there is to train on, every one once an epoch, or drawn with replacement;
    new points for every batch where it is left out.
    """

    steps: Annotated[PositiveInt, Field(le=10**8)] = 2000
    batch: Annotated[PositiveInt, Field(le=10**6)] = 256
    frames: Annotated[PositiveInt, Field(le=10**4)] = 50
    points: Annotated[PositiveInt, Field(le=10**5)] = 1000
    seed: SeedNumber = 0
    seeds: Annotated[PositiveInt, Field(le=10**4)] | Annotated[tuple[SeedNumber, ...], Field(max_length=10**4)] = 1
    portraits: Annotated[PositiveInt, Field(le=10**4)] = 1
    precision: Literal["single", "double"] = "single"
    data: Annotated[PositiveInt, Field(le=10**7)] | None = None
    reuse: Literal["epochs", "replacement"] | None = None

    @field_validator("seeds")
    @classmethod
    def distinct(cls, value: int | tuple[int, ...]) -> int | tuple[int, ...]:
        if isinstance(value, tuple) and (not value or len(set(value)) < len(value)):
            raise Refusal("must name each seed once, and at least one", "for example 4 or [0, 1, 2, 3]")
        return value

    @property
    def seed_list(self) -> list[int]:
        """The seeds by name: `seeds = 4` means 0, 1, 2, 3."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)


class Method(Strict):
    """How to play: objective x constraint, and the players' habits. In Python each part is a word, a table, or a function."""

    formula: str = ""
    reference: str = ""
    look_for: str = ""
    objective: own_or_one_of(OBJECTIVES)  # type: ignore[valid-type]
    constraint: own_or_one_of(CONSTRAINTS) = Field(default={"kind": "none"}, validate_default=True)  # type: ignore[valid-type]
    also: own_or_one_of(CONSTRAINTS) = Field(default={"kind": "none"}, validate_default=True)  # type: ignore[valid-type]
    update: own_or_one_of(RULES) = Field(default={"kind": "alternating"}, validate_default=True)  # type: ignore[valid-type]
    critic: Literal[*CRITICS] | None = None  # type: ignore[valid-type]
    critic_steps: Annotated[PositiveInt, Field(le=1000)] = 1
    optimiser: Literal[*OPTIMISERS] = "adam"  # type: ignore[valid-type]
    betas: tuple[NonNegativeFloat, NonNegativeFloat] = (0.0, 0.9)
    epsilon: PositiveFloat = 1e-8
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
    labels: Literal["generator", "both"] | None = None
    auxiliary: PositiveFloat | None = None
    history: PositiveFloat | None = None
    cast: one_of(CASTS) | None = None  # type: ignore[valid-type]

    def __init__(self, **options: Any) -> None:
        parts = {"objective", "constraint", "also", "update", "cast"} & options.keys()
        for part in parts:
            options[part] = given(options[part]) if callable(options[part]) else as_kind(options[part])
        try:
            super().__init__(**options)
        except pydantic.ValidationError as error:
            mistakes = mistakes_in(type(self), options, error)
            raise UserError(*(one._replace(place=Place("toygan.Method")) for one in mistakes)) from None

    # Only what is made in Python comes through here: a file is checked as before.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @field_validator("betas")
    @classmethod
    def below_one(cls, value: Range) -> Range:
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
    target: own_or_one_of(TARGETS, moved)  # type: ignore[valid-type]
    source: one_of(TARGETS, moved) | None = None  # type: ignore[valid-type]
    view: View = View()
    generator: own_or_one_of(GENERATORS) = Field(default={"kind": "mlp"}, validate_default=True)  # type: ignore[valid-type]
    critic: own_or_one_of(CRITICS) = Field(default={"kind": "mlp"}, validate_default=True)  # type: ignore[valid-type]
    training: Training = Training()
    method: NamedMethod
    methods: Mapping[Name, Method] = {}
    # of one's own, besides the table's
    measures: Annotated[tuple[Own, ...], Field(min_length=1, max_length=8)] | None = None


def critic_kind(config: Config) -> str:
    """The kind of the critic, the method's own before the scenario's."""
    return config.method.critic or config.critic.kind


def as_data(config: Config) -> dict[str, Any]:
    """The config as plain data, without the methods that are not played and without what was left out."""
    return config.model_dump(mode="json", exclude={"methods"}, exclude_none=True)


def as_toml(config: Config) -> str:
    """The config as a scenario file that repeats the run."""
    return toml_of(as_data(config))


def toml_of(data: Mapping[str, Any]) -> str:
    """Plain data as TOML: keys first, then a table each."""
    top = {key: value for key, value in data.items() if not isinstance(value, dict)}
    tables = [f"[{key}]\n{toml_lines(value)}" for key, value in data.items() if isinstance(value, dict)]
    return "\n".join([toml_lines(top), *tables])


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
        # TOML's escapes are JSON's, save that TOML also wants DEL escaped.
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value.item() if hasattr(value, "item") else value)


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
