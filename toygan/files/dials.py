"""A config's dials: every number of its method that is not the program, by its key, and the config with them turned.

A float is a dial, and so is each of several floats; whole numbers and words are the program. `steps` is where schedules end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.files.strict import Strict
from toygan.game.optimisers import OPTIMISERS

Dials = Mapping[str, Tensor]  # by key, as "critic_rate", "betas.1" or "constraint.weight": [] or [seed], in float64


def dials_of(config: Config) -> dict[str, Tensor]:
    """The dials of a config as it stands; what its program does without is none."""
    numbers = {"steps": float(config.training.steps), **floats_in(config.method)}
    dead = {key for key in PARTS if not numbers[key]}
    uses = OPTIMISERS[config.method.optimiser](config.method.betas).uses
    dead |= {f"betas.{i}" for i in (0, 1) if not uses[i]}
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in numbers.items() if key not in dead}


# Numbers that are parts of the program where they are not zero.
PARTS = ("ema", "instance_noise", "noisy_labels", "mutual_information")


def floats_in(table: Strict, prefix: str = "") -> dict[str, float]:
    """Every float of a table and of the tables in it, by its key."""
    found: dict[str, float] = {}
    for key, value in table:
        if isinstance(value, Strict):
            found |= floats_in(value, f"{prefix}{key}.")
        elif isinstance(value, float):
            found[prefix + key] = value
        elif isinstance(value, tuple) and all(isinstance(one, float) for one in value):
            found |= {f"{prefix}{key}.{i}": one for i, one in enumerate(value)}
    return found


def turned(config: Config, dials: Dials) -> Config:
    """The config with dials in place of its numbers; it is for building a game only."""
    training = config.training.model_copy(update={"steps": dials["steps"]})
    return config.model_copy(update={"method": with_dials(config.method, dials), "training": training})


def with_dials(table: Strict, dials: Dials, prefix: str = "") -> Strict:
    """A table with dials in place of the floats in it and in its tables."""
    changes: dict[str, Any] = {}
    for key, value in table:
        if isinstance(value, Strict):
            changes[key] = with_dials(value, dials, f"{prefix}{key}.")
        elif isinstance(value, float):
            changes[key] = dials.get(prefix + key, value)
        elif isinstance(value, tuple) and all(isinstance(one, float) for one in value):
            changes[key] = tuple(dials.get(f"{prefix}{key}.{i}", one) for i, one in enumerate(value))
    return table.model_copy(update=changes)
