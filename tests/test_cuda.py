"""The engine of a GPU, on a GPU: without one, all of these are skipped."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from conftest import GPU
from test_engines import PAIRS, SLOWLY, Changes, after, rule

import toygan
from toygan.engines import cuda, eager
from toygan.engines.table import begin
from toygan.engines.tree import Tree
from toygan.files.scenario import read
from toygan.game.methods import METHODS
from toygan.game.rules import RULES
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.many import run
from toygan.session.looks import like
from toygan.session.simulation import Simulation, simulation

pytestmark = pytest.mark.skipif(not GPU, reason="torch sees no GPU")


@pytest.fixture(scope="module", autouse=True)
def with_gpu() -> Iterator[None]:
    """What other tests go without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        yield


SMALL = [("generator.width", 6), ("critic.width", 6), ("training.batch", 8), ("training.seeds", [0, 3])]
OTHERWISE: list[Changes] = [
    *([("critic.activation", name)] for name in ("tanh", "silu", "softplus", "groupsort", "leaky-relu")),
    *([("critic.normalisation", name)] for name in ("batch", "layer", "batch-running")),
    *(rule(kind) for kind in RULES if kind != "alternating"),
    *([("method.optimiser", name)] for name in ("adam", "rmsprop", "descent")),
    [("method.pack", 2), ("method.schedule", "linear"), ("method.instance_noise", 0.5)],
    [("method.ema", 0.9), ("method.head_start", 2)],
    [("training.precision", "double")],
]  # fmt: skip


def stage(method: str, changes: Changes = (), device: str = "cuda") -> tuple[Simulation, list[Tree]]:
    """A method's game on small nets, and the draws of twenty steps."""
    sizes = [size for size in SMALL if (size[0].partition(".")[0] + ".kind") not in dict(changes)]
    sim = simulation(read(PLAYED_ON.get(method, "eight-gaussians"), method, [*sizes, *changes]), device)
    return sim, list(islice(draws(sim.source, 0, like(sim.start)), 20))


def assert_captured(method: str, changes: Changes = (), steps: int = 6) -> None:
    """A captured step gives what the step gives that is called on the same device, to the bit."""
    sim, rows = stage(method, changes)
    world = sim.world
    captured = cuda.prepare(world.step, sim.start, rows[0], world.dials)
    assert captured.replay != captured.call
    found = after(captured, rows[:steps], world.dials)
    wanted = after(eager.prepare(world.step, sim.start, rows[0], world.dials), rows[:steps], world.dials)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", [*METHODS, *ZOO])
def test_a_captured_step_is_the_step_to_the_bit(name):
    assert_captured(name)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_captured_pair_is_the_pair_to_the_bit(pair):
    assert_captured(pair, steps=3)


@pytest.mark.parametrize("changes", OTHERWISE, ids=str)
def test_players_and_rules_are_captured_to_the_bit(changes):
    assert_captured("ns-gan-r1", changes)


@pytest.mark.parametrize("name", [*METHODS, *ZOO])
def test_a_gpu_plays_what_the_cpu_plays(name):
    """Plain descent: of a gradient of zero Adam makes a whole step of either sign."""
    changes = [*SLOWLY, ("training.precision", "double")]
    ends = []
    for device in ("cuda", "cpu"):
        sim, rows = stage(name, changes, device)
        ends.append(
            after(eager.prepare(sim.world.step, sim.start, rows[0], sim.world.dials), rows[:5], sim.world.dials)
        )
    found = {place: one.cpu() for place, one in ends[0].items()}
    torch.testing.assert_close(found, ends[1], rtol=1e-7, atol=1e-9, equal_nan=True)


def test_dials_are_turned_without_a_new_capture():
    sim, rows = stage("wgan-gp", SLOWLY)
    engine = cuda.prepare(sim.world.step, sim.start, rows[0], sim.world.dials)
    reference = eager.prepare(sim.world.step, sim.start, rows[0], sim.world.dials)
    for factor, draw in zip((1, 3, 0), rows, strict=False):
        dials = {key: dial * factor if key.endswith("rate") else dial for key, dial in sim.world.dials.items()}
        found, wanted = after(engine, [draw], dials), after(reference, [draw], dials)
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_a_game_that_ran_away_shows_it():
    sim, rows = stage("gan")
    engine = cuda.prepare(sim.world.step, sim.start, rows[0], sim.world.dials)
    for one in engine.held["state"].values():
        one.mul_(math.nan)
    assert all(
        one.isnan().all() for place, one in after(engine, rows[:2], sim.world.dials).items() if "players" in place
    )


def test_auto_takes_the_capture_and_a_step_that_cannot_be_captured_is_called():
    sim, rows = stage("gan")
    assert begin("auto", sim.world.step, sim.start, rows[0], sim.world.dials)[1:] == ("cuda", "")

    def reads(state: Tree, draw: Tree, dials: Tree) -> Tree:
        after = sim.world.step(state, draw, dials)
        float(after.step)  # waits for the GPU, which no capture may
        return after

    begun = begin("auto", reads, sim.start, rows[0], sim.world.dials)
    assert begun.engine == "eager"
    assert begun.why.startswith("cuda: capture: ")
    found, wanted = (
        after(begun.running, rows[:2], sim.world.dials),
        eager.prepare(sim.world.step, sim.start, None, None),
    )
    torch.testing.assert_close(found, after(wanted, rows[:2], sim.world.dials), rtol=0, atol=0, equal_nan=True)


TINY = {"training.steps": 60, "training.frames": 4, "training.seeds": 2, "generator.width": 8, "critic.width": 8}
PLAYED = {"scenario": "eight-gaussians", "overrides": TINY, "device": "cuda"}


@pytest.mark.parametrize("method", [*METHODS, *ZOO])
def test_a_run_on_a_gpu_measures_what_one_on_a_cpu_does(method, tmp_path):
    words = {"scenario": PLAYED_ON.get(method, "eight-gaussians"), "method": method}
    words["overrides"] = TINY | {"training.steps": 6, "training.frames": 2, "training.precision": "double"}
    found = toygan.run(**words, device="cuda", out=tmp_path / "gpu")
    wanted = toygan.run(**words, device="cpu", out=tmp_path / "cpu")
    assert (found.facts.device, found.facts.backend) == ("cuda", "cuda")
    assert set(found.metrics) == set(wanted.metrics)
    for name, first in wanted.metrics.items():
        np.testing.assert_allclose(found.metrics[name][0], first[0], rtol=2e-2, atol=1e-3, err_msg=name)


def test_a_run_on_a_gpu_that_is_killed_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    keep, kept = run.keep, []

    def second(*words: Any) -> None:
        kept.append(keep(*words))
        if len(kept) == 2:
            raise KeyboardInterrupt

    whole = toygan.run(**PLAYED, method="wgan-gp", out=tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(run, "keep", second)
        with pytest.raises(KeyboardInterrupt):
            toygan.run(**PLAYED, method="wgan-gp", out=tmp_path)
    again = toygan.run(**PLAYED, method="wgan-gp", out=tmp_path)
    assert again.facts.backend == "cuda"
    for name in ("frames.npz", "metrics.jsonl", "weights.npz"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name
