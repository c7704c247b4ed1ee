"""A recording's learned critics, asked about any points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from toygan.files.mistakes import UserError
from toygan.game import duel
from toygan.session.looks import REFERENCES
from toygan.session.recording import Recording
from toygan.session.simulation import on_host, simulation


class Opinions(NamedTuple):
    """What the critic of every seed says of some points: `scores [S, n]`, higher for more real, and `slopes [S, n, 2]`."""

    scores: np.ndarray
    slopes: np.ndarray


def opinions(recording: Recording, points: np.ndarray) -> Opinions:
    """What a recording's critics say at its end of points [n, 2]. Raises UserError for a recording without `weights.npz`.

    A critic that needs clouds to judge by, as one with batch norm does, has the recording's own.
    """
    sim = simulation(recording.config())
    if sim.world.game.cast.beside:
        why = "its critic is shown more than points, and cannot be asked about points alone"
        raise UserError(f"{recording.name}: {why}")
    like, learned = sim.start.memory, recording.weights("to ask its critic")
    parameters = {name: torch.from_numpy(learned[name]).to(like) for name in sim.world.game.players}
    seeds, last = len(like), torch.from_numpy(recording.frames["samples"][-1]).to(like)
    real = torch.from_numpy(recording.frames["real"]).to(like)[None, :REFERENCES].expand(seeds, -1, -1)
    critic = duel.judge(sim.world.game, parameters, real, last[:, :REFERENCES])
    asked = torch.from_numpy(points).to(like)[None].expand(seeds, -1, -1)
    return Opinions(on_host(critic.score(asked)), on_host(critic.slopes(asked)))
