"""What a run writes down of its critic against the best one."""

import math
from pathlib import Path

import numpy as np
import pytest

from toygan import run, simulate
from toygan.measures.transport import solved, w1
from toygan.optimal import potential_of
from toygan.recording import Recording, like_perfect
from toygan.runs import FINAL_W1, PERFECT
from toygan.scenario import read
from toygan.table import medians, rate, records

SMALL = {"training.steps": 6, "training.frames": 3, "training.points": 50, "generator.width": 8, "critic.width": 8}
LAST_CRITIC = {"critic_value", "critic_gap", "critic_lipschitz", "slope_alignment"}


def small_run(place: Path, method: str) -> Recording:
    return run("eight-gaussians", method, seeds=2, overrides=SMALL, out=place, animation=False)


def test_every_frame_keeps_the_potential_of_its_own_points(tmp_path: Path) -> None:
    recording = small_run(tmp_path, "wgan-gp")
    frames = recording.frames
    assert frames["optimal_scores"].shape == frames["scores"].shape
    points = np.stack(np.meshgrid(frames["grid_x"], frames["grid_y"]), axis=-1).reshape(-1, 2)
    real = frames["real"].astype(float)
    for samples, scores in zip(frames["samples"][:, 0], frames["optimal_scores"][:, 0], strict=True):
        phi = potential_of(solved(samples, real), real)(points)
        assert np.ptp(scores.ravel() - phi) < 1e-4  # up to a constant; the target was rounded to float32
    how = recording.facts["summary"]["optimal"]["how"]
    assert how.startswith("the exact Kantorovich potential of 50 real and 50 generated points")


@pytest.mark.parametrize("method", ["wgan-gp", "gan", "relativistic+r1"])
def test_the_summary_tells_what_every_seeds_critic_was_worth_in_the_end(tmp_path: Path, method: str) -> None:
    recording = small_run(tmp_path, method)
    summary = recording.facts["summary"]
    known = LAST_CRITIC | ({"optimal_correlation"} if "optimal" in summary else set())
    assert ("optimal_scores" in recording.frames) == ("optimal" in summary) == (method != "relativistic+r1")
    for name in known:
        last = recording.metrics[name][-1]
        assert [row[name] for row in summary["seeds"]] == pytest.approx(last)
        assert summary["mean"][name] == pytest.approx(last.mean())
    assert summary["critic_points"] == 50
    assert ("optimal_correlation" in summary["seeds"][0]) == ("optimal" in summary)


def test_perfect_samplers_are_told_as_such_by_runs_and_tables(tmp_path: Path) -> None:
    """A run's floor is that of its own real points: fresh target points are near 1 over it, and indistinguishable."""
    recording = small_run(tmp_path, "gan")
    config, floor = read("eight-gaussians", "gan"), recording.facts["floors"]["final"]["w1"]
    sim = simulate.simulation(config, "cpu")
    real = simulate.real_points(config, sim.world, simulate.FINAL_POINTS, 1)[:FINAL_W1]
    clouds = [sim.world.target.sample(np.random.default_rng([7, k]), FINAL_W1) for k in range(20)]
    scores = [w1(cloud, real) for cloud in clouds]
    assert abs(np.mean(scores) - floor["mean"]) < 4 * floor["spread"] * math.sqrt(1 / 20 + 1 / PERFECT)
    assert (
        sum(bool(like_perfect(recording.facts, score)) for score in scores) >= 17
    )  # 19 are due; fewer in 2 % of looks
    assert floor["low"] < floor["mean"] < floor["high"]
    assert floor["draws"] == PERFECT
    assert recording.facts["summary"]["seeds"][0]["w1_floor"] == floor["mean"]
    rows = records([tmp_path / "eight-gaussians" / "gan"])
    assert [row["indistinguishable"] for row in rows] == [row["w1"] <= floor["high"] for row in rows]
    assert medians(rows).rows[0]["indistinguishable"] == rate(sum(row["indistinguishable"] for row in rows), len(rows))
