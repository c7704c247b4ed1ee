"""A config's dials: every number of a step that is not the program, by its key, and the config with them turned.

A float of the method is a dial, and so is each of several floats; whole numbers and words are the program. `steps` is where
schedules end. Of the players' floats those are dials that are marked `InSteps`, such as `critic.momentum`: the others decide
how a game starts, or what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.files.strict import Strict
from toygan.game.dials import InSteps
from toygan.game.optimisers import OPTIMISERS

# By key, as "critic_rate", "betas.1", "constraint.weight" or "generator.reach": [] or [seed], in float64.
Dials = Mapping[str, Tensor]
# Numbers that are parts of the program where they are not zero.
PARTS = ("ema", "instance_noise", "noisy_labels", "mutual_information")


def dials_of(config: Config) -> dict[str, Tensor]:
    """The dials of a config as it stands; what its program does without is none."""
    numbers = {"steps": float(config.training.steps), **floats_in(config.method), **floats_of_players(config)}
    dead = {key for key in PARTS if not numbers[key]} | set(unused(config))
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in numbers.items() if key not in dead}


def unused(config: Config) -> list[str]:
    """The numbers of optimisers that a config's own does not use."""
    uses = OPTIMISERS[config.method.optimiser](config.method.betas, config.method.epsilon).uses
    return [key for key, is_used in zip(("betas.0", "betas.1", "epsilon"), uses, strict=False) if not is_used]


def floats_of_players(config: Config) -> dict[str, float]:
    """The floats of the players that their steps use, by key."""
    tables = {"generator": config.generator, "critic": config.critic}
    return {f"{name}.{key}": value for name, table in tables.items() for key, value in table if is_in_steps(table, key)}


def is_in_steps(table: Strict, key: str) -> bool:
    """Whether a player's steps use one of its options as a number; those of one's own networks are parts of the program."""
    field = type(table).model_fields.get(key)
    marks = (mark for mark in (field.metadata if field else ()) if isinstance(mark, InSteps))
    return any(not mark.option or getattr(table, mark.option) == mark.value for mark in marks)


def floats_in(table: Strict) -> dict[str, float]:
    """Every float of a table and of the tables in it, by its key."""
    found: dict[str, float] = {}
    with_floats(table, found.setdefault)
    return found


def turned(config: Config, dials: Dials) -> Config:
    """The config with dials in place of its numbers; it is for building a game only."""
    training = config.training.model_copy(update={"steps": dials["steps"]})
    return config.model_copy(update={"method": with_floats(config.method, dials.get), "training": training})


def with_players(config: Config, dials: Dials) -> Config:
    """The config with dials in place of the numbers of its players; it is for building their bodies only."""
    tables = {"generator": config.generator, "critic": config.critic}
    return config.model_copy(update={name: with_floats(table, dials.get, f"{name}.") for name, table in tables.items()})


def with_floats(table: Strict, change: Callable[[str, float], Any], prefix: str = "") -> Strict:
    """A table with what becomes, `change(key, value)`, of every float in it and in its tables."""
    changes: dict[str, Any] = {}
    for key, value in table:
        if isinstance(value, Strict):
            changes[key] = with_floats(value, change, f"{prefix}{key}.")
        elif isinstance(value, float):
            changes[key] = change(prefix + key, value)
        elif isinstance(value, tuple) and all(isinstance(one, float) for one in value):
            changes[key] = tuple(change(f"{prefix}{key}.{i}", one) for i, one in enumerate(value))
    return table.model_copy(update=changes)
