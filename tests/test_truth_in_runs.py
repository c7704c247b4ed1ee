"""What a run writes down of its critic against the best one."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from conftest import FEW_SAMPLERS, undrawn
from scipy.spatial import cKDTree

from toygan import run
from toygan.files.scenario import read
from toygan.many.results import records
from toygan.many.table import medians
from toygan.quantities.divergences import js, shares, tv
from toygan.quantities.optimal import Potential
from toygan.quantities.transport import directions, solved, w1
from toygan.session import simulation
from toygan.session.ground import PERFECT, perfect_batch, watched_points
from toygan.session.measuring import against
from toygan.session.recording import Recording, like_perfect
from toygan.targets.target import MANY
from toygan.view.statistics import rate

SMALL = {"training.steps": 6, "training.frames": 3, "training.points": 50, "generator.width": 8, "critic.width": 8}
LAST_CRITIC = {"critic_value", "critic_gap", "critic_lipschitz", "slope_alignment"}


def small_run(place: Path, method: str, **more: float) -> Recording:
    changes = SMALL | {f"method.{key}": value for key, value in more.items()}
    with undrawn():
        return run("eight-gaussians", method, seeds=2, overrides=changes, out=place, backend="eager")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Recording]:
    """The small run of a method, to be read and not changed: each is played once."""
    return cache(lambda method: small_run(tmp_path_factory.mktemp("truth"), method))


def test_every_frame_keeps_the_potential_of_its_own_points(played: Callable[[str], Recording]) -> None:
    recording = played("wgan-gp")
    frames = recording.frames
    assert frames["optimal_scores"].shape == frames["scores"].shape
    points = np.stack(np.meshgrid(frames["grid_x"], frames["grid_y"]), axis=-1).reshape(-1, 2)
    real = frames["real"].astype(float)
    for samples, scores in zip(frames["samples"][:, 0], frames["optimal_scores"][:, 0], strict=True):
        phi = Potential(real, solved(samples, real).real_dual)(points)
        assert np.ptp(scores.ravel() - phi) < 1e-4  # up to a constant; the target was rounded to float32
    how = recording.facts.summary.optimal.how
    assert how.startswith("the exact Kantorovich potential of 50 real and 50 generated points")


@pytest.mark.parametrize("method", ["wgan-gp", "gan", "relativistic-average+r1"])
def test_the_summary_tells_what_every_seeds_critic_was_worth_in_the_end(
    played: Callable[[str], Recording], method: str
) -> None:
    recording = played(method)
    summary = recording.facts.said["summary"]
    known = LAST_CRITIC | ({"optimal_correlation"} if "optimal" in summary else set())
    assert ("optimal_scores" in recording.frames) == ("optimal" in summary) == (method != "relativistic-average+r1")
    for name in known:
        last = recording.metrics[name][-1]
        assert [row[name] for row in summary["seeds"]] == pytest.approx(last)
        assert summary["mean"][name] == pytest.approx(last.mean())
    assert summary["critic_points"] == 50
    assert ("optimal_correlation" in summary["seeds"][0]) == ("optimal" in summary)


@pytest.mark.usefixtures("every_sampler")
def test_perfect_samplers_are_told_as_such_by_runs_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's floor is that of its own real points: fresh target points are near 1 over it, and indistinguishable."""
    held = 400  # points, where other tests are content with fewer
    monkeypatch.setattr("toygan.session.measuring.FINAL_W1", held)
    recording = small_run(tmp_path, "gan")
    config, floor = read("eight-gaussians", "gan"), recording.facts.floor("w1", "final")
    sim = simulation.simulation(config, "cpu")
    real = watched_points(sim.world.target, config.training.seed, simulation.FINAL_POINTS, 1)[:held]
    clouds = [sim.world.target.sample(np.random.default_rng([7, k]), held) for k in range(20)]
    scores = [w1(cloud, real) for cloud in clouds]
    assert abs(np.mean(scores) - floor.mean) < 4 * floor.spread * math.sqrt(1 / 20 + 1 / PERFECT)
    assert (
        sum(bool(like_perfect(recording.facts, score)) for score in scores) >= 17
    )  # 19 are due; fewer in 2 % of looks
    assert floor.low < floor.mean < floor.high
    assert floor.draws == PERFECT
    assert recording.facts.summary.rows[0]["w1_floor"] == floor.mean
    rows = records([tmp_path / "eight-gaussians" / "gan"])
    assert [row["indistinguishable"] for row in rows] == [row["w1"] <= floor.high for row in rows]
    assert medians(rows).rows[0]["indistinguishable"] == rate(sum(row["indistinguishable"] for row in rows), len(rows))


def test_shares_of_cells_come_from_the_target_itself_at_every_frame_and_in_floors(
    played: Callable[[str], Recording],
) -> None:
    """js and tv of frames, of the end and of both floors are those against one large sample of the target."""
    recording = played("gan")
    config = read("eight-gaussians", "gan", list(SMALL.items()))
    sim = simulation.simulation(config, "cpu")
    real = watched_points(sim.world.target, config.training.seed, simulation.FINAL_POINTS, 1)
    assert sim.ground.many_real.shape == (MANY, 2)
    for name, of in (("js", js), ("tv", tv)):
        for frame, metrics in zip(recording.frames["samples"], recording.metrics[name], strict=True):
            assert [of(shares(points, sim.ground.real, sim.ground.many_real)) for points in frame] == pytest.approx(
                metrics
            )
        ends = [of(shares(points, real, sim.ground.many_real)) for points in recording.frames["final"]]
        assert [row[name] for row in recording.facts.summary.rows] == pytest.approx(ends)
        for when, held in (("frame", sim.ground.real), ("final", real)):
            perfect = [
                perfect_batch(sim.world.target, config.training.seed, len(held), k).points for k in range(FEW_SAMPLERS)
            ]
            floor = np.mean([of(shares(points, held, sim.ground.many_real)) for points in perfect])
            assert recording.facts.floor(name, when).mean == pytest.approx(floor)


def many(scenario: str, method: str, *changes: str) -> np.ndarray:
    """What tells the target's shares in a run."""
    return simulation.simulation(read(scenario, method, changes)).ground.many_real


def test_the_target_s_large_sample_belongs_to_the_scenario_and_its_seed(tmp_path: Path) -> None:
    known = many("eight-gaussians", "gan")
    for other in (many("eight-gaussians", "wgan-gp"), many("eight-gaussians", "gan", "training.seeds=3")):
        np.testing.assert_array_equal(known, other)
    assert not np.isin(many("eight-gaussians", "gan", "training.seed=5"), known).any()
    config = read("eight-gaussians", "gan")
    sim = simulation.simulation(config)
    taken = [sim.ground.real, *(watched_points(sim.world.target, config.training.seed, 100, k) for k in (1, 2))]
    taken += [perfect_batch(sim.world.target, config.training.seed, 100, k).points for k in range(PERFECT)]
    assert not np.isin(np.concatenate(taken), known).any()


@pytest.mark.parametrize("n", [300, MANY, MANY + 1])
def test_a_target_of_points_tells_its_shares_by_all_of_them_or_by_many(tmp_path: Path, n: int) -> None:
    table = np.random.default_rng(0).standard_normal((n, 2))
    np.save(tmp_path / "own.npy", table)
    changes = [
        f"target.path={str(tmp_path / 'own.npy')!r}",
        "target.shift=[3, 0]",
        "target.rotate=90",
        "target.scale=2",
    ]
    found = many("my-points", "gan", *changes)
    moved = 2 * table @ np.array([[0, 1], [-1, 0]]) + (3, 0)
    assert len(found) == min(n, MANY)
    if n <= MANY:
        np.testing.assert_allclose(found, moved, atol=1e-12)
    else:
        assert len(np.unique(found, axis=0)) < n  # drawn with replacement, as for training
        assert cKDTree(moved).query(found)[0].max() < 1e-12


def potentials(recording: Recording, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """How far the drawn optimum is, up to a constant, from the potential of real, fake [T, n, 2] at every frame."""
    frames = recording.frames
    points = np.stack(np.meshgrid(frames["grid_x"], frames["grid_y"]), axis=-1).reshape(-1, 2)
    wanted = [
        Potential(r, solved(f, r).real_dual)(points)
        for f, r in zip(fake.astype(float), real.astype(float), strict=True)
    ]
    drawn = frames["optimal_scores"][:, 0].reshape(len(wanted), -1)
    return np.array([np.ptp(one - other) for one, other in zip(drawn, wanted, strict=True)])


def assert_measured_against(recording: Recording, real: np.ndarray, fake: np.ndarray) -> None:
    """The critic's gap and alignment of the first seed are about these clouds [T, n, 2], whatever the samples are."""
    frames = recording.frames
    for t, (r, f) in enumerate(zip(real.astype(float), fake.astype(float), strict=True)):
        plan = solved(f, r)
        scores = [frames[name][t, 0].astype(float) for name in ("real_scores", "fake_scores")]
        steep = recording.metrics["critic_lipschitz"][t, 0]
        seen = (scores[0].mean() - scores[1].mean()) / plan.distance / steep
        assert recording.metrics["critic_gap"][t, 0] == pytest.approx(seen, rel=1e-3, abs=1e-5)
        slopes = frames["fake_slopes"][t, 0].astype(float)
        towards = directions(plan, f, r)
        lengths = np.hypot(*slopes.T)
        cosine = ((slopes * towards).sum(axis=1)[lengths > 0] / lengths[lengths > 0]).sum() / len(slopes)
        assert recording.metrics["slope_alignment"][t, 0] == pytest.approx(cosine, abs=1e-4)


def test_a_critic_that_is_shown_a_list_of_points_alone_is_said_to_be_held_against_the_target_s() -> None:
    told = {data: against(read("eight-gaussians", "wgan-gp", [("training.data", data)])) for data in (50, 50_000)}
    assert told[50] == "; for the target itself, of which the critic is only ever shown 50 points"
    assert "50000 points" in told[50_000]
    assert against(read("eight-gaussians", "wgan-gp")) == ""


def test_with_an_averaged_generator_the_critic_is_held_against_the_live_one(
    played: Callable[[str], Recording], tmp_path: Path
) -> None:
    recording = small_run(tmp_path, "wgan-gp", ema=0.9)
    frames = recording.frames
    live, real = frames["live"][:, 0], np.repeat(frames["real"][None], 3, axis=0)
    assert np.abs(live - frames["samples"][:, 0])[1:].max() > 1e-3
    assert potentials(recording, real, live).max() < 1e-4
    assert potentials(recording, real, frames["samples"][:, 0]).max() > 1e-3
    assert_measured_against(recording, real, live)
    assert "the live generator, which the critic trains against" in recording.facts.summary.optimal.how
    alone = played("wgan-gp")
    assert not {"live", "shown_real", "shown_fake"} & alone.frames.keys()
    assert "live" not in alone.facts.summary.optimal.how
    np.testing.assert_array_equal(alone.frames["scores"], frames["scores"])  # an average is only looked at
    for name in ("critic_gap", "slope_alignment", "critic_lipschitz"):
        np.testing.assert_array_equal(alone.metrics[name], recording.metrics[name])
    np.testing.assert_array_equal(alone.frames["samples"], frames["live"])


@pytest.mark.parametrize("method", ["wgan-gp", "non-saturating+none"])
def test_with_instance_noise_the_critic_is_held_against_what_is_left_of_it(tmp_path: Path, method: str) -> None:
    recording = small_run(tmp_path, method, instance_noise=1.0)
    frames = recording.frames
    real, fake = (frames[name][:, 0] for name in ("shown_real", "shown_fake"))
    pushed = [real - frames["real"], fake - frames["samples"][:, 0]]
    for push in pushed:
        assert [float(one.std()) for one in push] == pytest.approx([1.0, 0.5, 0.0], abs=0.15)
        np.testing.assert_allclose(push[1], push[0] / 2, atol=1e-5)  # a point is pushed the same way at every frame
    assert np.abs(np.corrcoef(pushed[0][0].ravel(), pushed[1][0].ravel())[0, 1]) < 0.3
    assert_measured_against(recording, real, fake)
    if method == "wgan-gp":
        assert potentials(recording, real, fake).max() < 1e-4
    else:
        ranges = np.ptp(frames["optimal_scores"][:, 0].reshape(3, -1), axis=1)
        assert ranges[0] < ranges[-1] / 3  # blurred by a unit it is smooth, and it sharpens as the noise goes
    assert "instance noise" in recording.facts.summary.optimal.how


def test_an_energy_that_rehearses_is_drawn_no_optimum_of_the_later_game(tmp_path: Path) -> None:
    recording = small_run(tmp_path, "ebgan", head_start=4)
    known = np.isfinite(recording.frames["optimal_scores"]).any(axis=(1, 2, 3))
    assert recording.frames["step"].tolist() == [0, 3, 6]
    assert known.tolist() == [False, False, True]
    assert np.isnan(recording.metrics["optimal_correlation"][:2]).all()


@pytest.mark.parametrize(
    ("method", "kind", "boundary"),
    [
        ("gan", "density", 0.0),
        ("lsgan", "density", 0.5),
        ("wgan-gp", "potential", None),
        ("mmd-gan", "kernel", None),
        ("rpgan", "density", None),
        ("began", None, None),
        ("energy+none", None, None),
    ],
)
def test_facts_tell_what_decides_the_optimum_and_where_the_critic_cannot_tell(
    played: Callable[[str], Recording], method: str, kind: str | None, boundary: float | None
) -> None:
    summary = played(method).facts.said["summary"]
    assert summary.get("optimal", {}).get("kind") == kind
    assert summary.get("boundary") == boundary
    assert all(-1 <= row["slope_alignment_ceiling"] <= 1 for row in summary["seeds"])
