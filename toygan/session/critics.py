"""A recording's learned critics, asked about any points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

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
    parameters = torch.from_numpy(recording.weights("to ask its critic")["critic"]).to(sim.start.memory)
    seeds, last = len(parameters), torch.from_numpy(recording.frames["samples"][-1]).to(parameters)
    real = torch.from_numpy(recording.frames["real"]).to(parameters)[None, :REFERENCES].expand(seeds, -1, -1)
    critic = duel.judge(sim.world.game, parameters, real, last[:, :REFERENCES])
    asked = torch.from_numpy(points).to(parameters)[None].expand(seeds, -1, -1)
    return Opinions(on_host(critic.score(asked)), on_host(critic.slopes(asked)))
