"""Players cut to measure: one traced game in which smaller players stand, so that a page may choose layers and neurons.

A perceptron of relu stands in a larger one exactly: units that it has not got weigh nothing and are fed nothing, so that
nothing reaches them, and layers that it has not got pass on what they are given, which is never negative. Numbers that are
not its own are held after each move; all others move as the small player's would.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toygan.files.config import Config
from toygan.game.duel import CRITIC, GENERATOR
from toygan.game.networks import Body, LayerShape, first_parameters
from toygan.game.play import Game
from toygan.session.beginning import heard

FREE = 1e30  # in place of a number that is held: none is


def tailored(width: int, depth: int, batch: int) -> list[str]:
    """What a config has to be told so that its players may be cut to measure, up to a width and a number of layers."""
    own = {"kind": "mlp", "width": width, "depth": depth, "activation": "relu"}
    players = [f"{player}.{key}={value}" for player in (GENERATOR, CRITIC) for key, value in own.items()]
    return [*players, "generator.latent=normal", "generator.latent_dim=2", f"training.batch={batch}"]


def cut_of(config: Config, outputs: int) -> dict[str, Any]:
    """How smaller players stand in those of a config, perceptrons of relu with one width; its critic has so many outputs: the
    `layers`, inputs and outputs of each, by player; and within which `bounds` first weights are drawn, by a layer's inputs.
    """
    generator, critic = config.generator, config.critic
    ends = {
        GENERATOR: [generator.latent_dim, *[generator.width] * generator.depth, 2],
        CRITIC: [2 * config.method.pack, *[critic.width] * critic.depth, outputs],
    }
    layers = {name: tuple(pairwise(some)) for name, some in ends.items()}
    body = Body(generator.width, 0, "relu", "none", generator.initialisation, generator.gain)
    bounds = (bound(body, n) for n in range(1, max(generator.width, critic.width) + 1))
    return {"layers": layers, "bounds": (0.0, *bounds)}


def bound(body: Body, inputs: int) -> float:
    """Within what a layer's first weights are drawn evenly."""
    recipe = heard(partial(first_parameters, [LayerShape(inputs, 1)], body), np.random.default_rng(0))
    assert recipe is not None, "the usual initialisation draws evenly"
    return recipe.draws[0][1]


def moving(held: Tensor) -> Tensor:
    """Which numbers are a small player's own, of what is held of a large one's [seed, P]."""
    return held >= FREE / 2


def holding(game: Game, held: Mapping[str, Tensor]) -> Game:
    """The game with numbers of its players that stay as they are said [seed, P], FREE where they move."""

    def project(name: str, parameters: Tensor) -> Tensor:
        return torch.where(moving(held[name]), game.players[name].project(parameters), held[name])

    still = {name: game.players[name]._replace(project=partial(project, name)) for name in held}
    return game._replace(players={**game.players, **still})
