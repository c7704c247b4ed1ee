"""What somebody adds outside the repository, one function and one row each, plays under every backend and outlives a kill:
an objective with two heads and a draw of its own, a kind of critic with a dial, an optimiser.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import toygan

MINE = """
import torch
from torch.nn.functional import softplus
from toygan.game.laws import uniform
from toygan.game.objectives import Losses, Objective


def two_heads(*, share: float = 0.3, jitter: float = 0.1):
    def losses(r, g, extra):
        blur = 1 + jitter * (extra.draw["jitter"] - 0.5)
        critic = (softplus(-r["score"] * blur) + softplus(g["score"] * blur)).mean(dim=(1, 2))
        if extra.real is not None:
            radius = extra.real.norm(dim=2, keepdim=True)
            told = (r["radius"] - torch.cat((radius, radius**2), dim=2)).square()
            critic = critic + share * told.mean(dim=(1, 2))
        wide = (g["radius"][..., 0].mean(dim=1) - 1.5).square()
        return Losses(critic, softplus(-g["score"]).mean(dim=(1, 2)) + share * wide)

    return Objective(losses, heads={"score": 1, "radius": 2}, draws={"jitter": uniform(1)})
"""

OWN_CODE = (Path(toygan.__file__).parent.parent / "docs" / "own-code.md").read_text(encoding="utf-8")
(OPTIMISER,) = re.findall(r"```python\n# rows.py\n(.*?)```", OWN_CODE, re.DOTALL)  # as it is told there
CRITIC = '''
from typing import Annotated
import numpy as np, torch
from pydantic import PositiveFloat, PositiveInt
from toygan.game.dials import InSteps, over
from toygan.game.networks import Layer, network
from toygan.game.players import CRITICS


def bumps(inputs, outputs, *, number: PositiveInt = 30, width: Annotated[PositiveFloat, InSteps()] = 1.0):
    """Bumps at learned places."""
    size = number * inputs

    def initial(rng):
        return np.concatenate((rng.uniform(-3, 3, size), 0.1 * rng.normal(size=number * outputs)))

    def layers(p):
        cut = ((p[:, :size], inputs), (p[:, size : size + number * outputs], outputs))
        return [Layer(part.view(-1, number, columns), p.new_zeros(len(p), 1, columns)) for part, columns in cut]

    def forward(layers, x):
        apart = (x.unsqueeze(2) - layers[0].weight.unsqueeze(1)).square().sum(dim=3)
        return torch.bmm((-apart / (2 * over(width, apart) ** 2)).exp(), layers[1].weight)

    return network(initial, layers, forward)


CRITICS["bumps"] = bumps
'''

PLAY = """
import json, sys, numpy as np
import rows
import toygan
from toygan.engines.tree import named
from toygan.files.dials import dials_of

words = {"seeds": 2, "overrides": json.loads(sys.argv[1]), "at": [0, 5, 12]}
found = {}
for backend in ("eager", "onnx"):
    looks = list(toygan.session("eight-gaussians", "mine.py:two_heads+r1", backend=backend, **words,
                                turns={5: {"critic.width": [1.0, 2.0], "objective.jitter": 0.5}}))
    found[backend] = named(looks[-1].state, "state")
apart = [float((found["eager"][place] - one).abs().max()) for place, one in found["onnx"].items()]
one, other = found["eager"]["state/1/critic/0"]
print(json.dumps({"apart": max(apart), "finite": bool(np.isfinite(one).all() and np.isfinite(other).all())}))
"""

CHANGES = {
    "training.points": 60,
    "training.batch": 32,
    "generator.width": 8,
    "critic.kind": "bumps",
    "critic.number": 12,
    "method.optimiser": "heavy-ball",
    "method.betas": [0.5, 0.9],
    "method.generator_rate": 0.05,
    "method.critic_rate": 0.05,
}
RUN = [
    "run",
    "eight-gaussians",
    "-m",
    "mine.py:two_heads+r1",
    "--seeds",
    "2",
    "--no-animation",
    "--set",
    "training.frames=11",
]
FILES = ("frames.npz", "weights.npz", "metrics.jsonl")


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A folder outside the repository with the stranger's files."""
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "rows.py").write_text(OPTIMISER + CRITIC)
    (tmp_path / "theirs.py").write_text("import rows\nfrom toygan.cli.main import main\n\nmain()\n")
    return tmp_path


def test_both_backends_play_what_a_stranger_adds(away):
    words = [sys.executable, "-c", PLAY, json.dumps(CHANGES)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=away, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["finite"]
    assert said["apart"] < 1e-4


def started(away: Path, out: str, backend: str) -> subprocess.Popen[str]:
    """The stranger's run in a process of its own."""
    sets = [word for key, value in CHANGES.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    words = [sys.executable, "theirs.py", *RUN, "--steps", "200", *sets, "--backend", backend, "--out", out]
    return subprocess.Popen(words, cwd=away, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip


def step_in(folder: Path) -> int:
    """How far a run is by its record."""
    try:
        return int(json.loads((folder / "run.json").read_text())["step"])
    except (OSError, ValueError):
        return -1


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "onnx"])
def test_what_a_stranger_adds_outlives_kills_under_every_backend(away, backend):
    whole = started(away, "whole", backend)
    place = away / "killed" / "eight-gaussians" / "mine.two_heads+r1"
    for number, step in ((signal.SIGKILL, 20), (signal.SIGTERM, 100)):
        process = started(away, "killed", backend)
        while process.poll() is None and step_in(place) < step:
            time.sleep(0.01)
        process.send_signal(number)
        process.communicate()
    last = started(away, "killed", backend)
    said = [process.communicate()[1] for process in (last, whole)]
    assert (last.returncode, whole.returncode) == (0, 0), said
    undisturbed = away / "whole" / "eight-gaussians" / "mine.two_heads+r1"
    assert [(place / name).read_bytes() for name in FILES] == [(undisturbed / name).read_bytes() for name in FILES]
    assert json.loads((place / "run.json").read_text())["backend"] == backend
