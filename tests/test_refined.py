"""A critic used after training: with the exact optimal critic every way brings W1 to its floor, and none without a reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import torch
from conftest import undrawn
from scipy.stats import norm
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.draw.clouds import refined_clouds
from toygan.files.text import number
from toygan.many import run
from toygan.quantities.density import LAWS, meshed, own_density, summed
from toygan.quantities.refine import calibrated, chained, drifted, rejected
from toygan.quantities.transport import w1
from toygan.session.refined import refined
from toygan.targets.table import TARGETS

torch.set_num_threads(1)
N, OFFERS, NOISE = 500, 64, 0.5
RING = TARGETS["ring"](modes=8, radius=2.0, std=0.1)


def blurred(rng: np.random.Generator, n: int) -> np.ndarray:
    return RING.sample(rng, n) + NOISE * rng.standard_normal((n, 2))


def log_ratio(x: np.ndarray) -> np.ndarray:
    assert RING.log_density is not None
    return RING.log_density(x, 0.0) - RING.log_density(x, NOISE)


WAYS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "rejection": lambda ratio, rng: rejected(ratio, N, rng).chosen,
    "Metropolis-Hastings": lambda ratio, rng: chained(ratio.reshape(N, OFFERS), rng).chosen,
}


class Beside(NamedTuple):
    """Real points, offers of a blurred generator, and W1 to the real ones of these and of two perfect samples."""

    real: np.ndarray
    offers: np.ndarray
    before: float
    perfect: list[float]


@cache
def beside(seed: int) -> Beside:
    rng = np.random.default_rng(seed)
    real, offers = RING.sample(rng, N), blurred(rng, N * OFFERS)
    return Beside(real, offers, w1(offers[:N], real), [w1(RING.sample(rng, N), real) for _ in range(2)])


@pytest.mark.parametrize("way", WAYS)
def test_with_the_exact_critic_w1_falls_to_the_floor(way: str) -> None:
    """Of a ring blurred by 0.5 both make a ring again: on average of 8 as good as perfect samples, by the spread of these."""
    found, perfect, before = [], [], []
    for seed in range(8):
        one = beside(seed)
        chosen = WAYS[way](log_ratio(one.offers), np.random.default_rng([seed, 1]))
        assert len(chosen) == N
        found.append(w1(one.offers[chosen], one.real))
        before.append(one.before)
        perfect += one.perfect
    error = np.hypot(np.std(found) / 8**0.5, np.std(perfect) / 16**0.5)
    assert np.mean(before) > 2 * np.mean(perfect)
    assert abs(np.mean(found) - np.mean(perfect)) < 3 * error


def test_langevin_brings_latents_to_the_target() -> None:
    """z from N(0, 1), G(z) = z, p = N(1, 0.25): l + log p0 is log p, so that means and spreads are those of p."""

    def energy(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -((z - 1) ** 2).sum(axis=1) / (2 * 0.25), -(z - 1) / 0.25

    rng = np.random.default_rng(0)
    after, share = drifted(rng.standard_normal((4000, 2)), energy, 300, rng)
    assert 0.5 < share < 1
    np.testing.assert_allclose(after.mean(axis=0), 1, atol=4 * 0.5 / 4000**0.5)
    np.testing.assert_allclose(after.var(axis=0), 0.25, rtol=0.1)


def test_langevin_leaves_what_is_right_as_it_is() -> None:
    """Started in the target it stays the target, and never goes where there is no density."""

    def energy(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where((np.abs(z) <= 1).all(axis=1), 0.0, -np.inf), np.zeros_like(z)

    rng = np.random.default_rng(1)
    after, _ = drifted(rng.uniform(-1, 1, (4000, 2)), energy, 100, rng)
    assert np.abs(after).max() <= 1
    np.testing.assert_allclose(np.histogram(after[:, 0], 4, (-1, 1))[0] / 4000, 0.25, atol=0.03)


def test_a_critic_that_knows_nothing_keeps_everything() -> None:
    rng = np.random.default_rng(0)
    same = np.zeros(N * OFFERS)
    assert rejected(same, N, rng).share == 1
    np.testing.assert_array_equal(rejected(same, N, rng).chosen, np.arange(N))
    assert chained(same.reshape(N, OFFERS), rng).share == 1


def test_what_has_no_chance_is_never_chosen() -> None:
    rng = np.random.default_rng(0)
    l = np.where(np.arange(N * OFFERS) % 2 == 0, -np.inf, 0.0)  # noqa: E741
    l[1::4] = np.nan
    assert (rejected(l, N, rng).chosen % 4 == 3).all()
    assert (chained(l.reshape(N, OFFERS), rng).chosen % 4 == 3).all()


def test_a_free_constant_of_the_critic_changes_nothing() -> None:
    l = np.random.default_rng(0).standard_normal(N * OFFERS)  # noqa: E741
    for shift in (-40.0, 5.0):
        for way in WAYS.values():
            one, other = (way(values, np.random.default_rng(1)) for values in (l, l + shift))
            np.testing.assert_array_equal(one, other)


def test_calibration_finds_the_log_ratio_in_any_score() -> None:
    """Of N(1, 1) against N(0, 1) l = x - 1/2; told as s = 3 - 2 x that is -s/2 + 1."""
    rng = np.random.default_rng(0)
    a, b = calibrated(3 - 2 * (1 + rng.standard_normal(50_000)), 3 - 2 * rng.standard_normal(50_000))
    assert a == pytest.approx(-0.5, abs=0.02)
    assert b == pytest.approx(1.0, abs=0.05)
    assert calibrated(np.zeros(10), np.zeros(10)) == pytest.approx((0, 0), abs=1e-9)


def test_points_near_a_fold_are_as_dense_as_their_own_latents_say() -> None:
    """x = sin 3u folds the plane; near a fold a mesh has no triangle at some generated points, whose ratio would be infinite.
    With their own latents' part the mean of p / q over points of q, where p = q, is 1 but for what the mesh gets wrong elsewhere.
    """
    z = np.random.default_rng(0).standard_normal((4000, 2))
    sent, turns, ends = folded(z), np.arange(-12, 13), np.arcsin(np.sin(3 * z[:, :1]))
    roots = np.concatenate([(ends + 2 * np.pi * turns) / 3, (np.pi - ends + 2 * np.pi * turns) / 3], axis=1)
    true = norm.pdf(z[:, 1]) * (norm.pdf(roots) / (3 * np.abs(np.cos(3 * roots)))).sum(axis=1)
    by_mesh = summed(meshed(folded, LAWS["normal"], 128), sent)[0]
    own = own_density(folded, LAWS["normal"], z, sent)
    assert (by_mesh == 0).any()
    assert (own <= true * (1 + 1e-6)).all()
    assert (true / np.maximum(by_mesh, own)).mean() == pytest.approx(1.0, abs=0.15)


def folded(z: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(3 * z[:, 0]), z[:, 1]], axis=1)


# --- through a run ---------------------------------------------------------------------------------------------------

TINY = {"training.steps": 20, "training.batch": 32, "training.frames": 2, "training.points": 200}


def played(out, **changes):
    settings = {**TINY, "target.std": 0.1, **{key.replace("__", "."): value for key, value in changes.items()}}
    with undrawn():
        overrides = list(settings.items())
        return run.run("eight-gaussians", method="ns-gan-r1", overrides=overrides, out=out, backend="eager")


def test_a_frozen_generator_is_refined_to_the_floor_by_the_exact_critic(tmp_path) -> None:
    settings = {"generator__kind": "data-plus-noise", "generator__std": 0.5, "training__points": 500}
    recording = played(tmp_path, **settings)
    seen = refined(recording)
    mean, most = seen.floor
    assert set(seen.after) == {"learned", "exact"}
    assert seen.before.w1 > 2 * most
    assert all(cloud.w1 < 1.2 * most for cloud in seen.after["exact"].values())
    assert mean < most
    figure = refined_clouds(recording, seen)
    titles = [axis.get_title(loc="left") for axis in figure.axes if axis.get_title(loc="left")]
    assert titles == ["as it is made", "rejection", "Metropolis-Hastings"] * 2
    words = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert any(f"W1 {number(seen.after['exact']['rejection'].w1)}" in one for one in words)


def test_a_perceptron_is_refined_in_its_latents_and_drawn(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("toygan.session.refined.OFFERS", 8)
    monkeypatch.setattr("toygan.session.refined.CELLS", 48)
    monkeypatch.setattr("toygan.session.refined.STEPS", {"learned": 5, "exact": 3})
    recording = played(tmp_path, generator__width=8, generator__depth=1)
    seen = refined(recording)
    assert all("Langevin" in ways for ways in seen.after.values())
    assert np.isfinite(seen.after["exact"]["Langevin"].points).all()
    result = CliRunner().invoke(app, ["draw", str(recording.folder), "--view", "refined"])
    assert result.exit_code == 0
    assert (recording.folder / "refined.png").stat().st_size > 10_000


def test_every_seed_is_refined_with_random_numbers_of_its_own(tmp_path, monkeypatch) -> None:
    """The first one if none is named; another has its own real points, proposals and critic."""
    monkeypatch.setattr("toygan.session.refined.OFFERS", 4)
    monkeypatch.setattr("toygan.session.refined.FLOORS", 2)
    settings = {"generator__kind": "data-plus-noise", "generator__std": 0.5, "training__seeds": 2}
    recording = played(tmp_path, **settings)
    first, again, second = refined(recording), refined(recording, 0), refined(recording, 1)
    assert np.array_equal(first.before.points, again.before.points)
    way = "Metropolis-Hastings"
    assert first.after["learned"][way].w1 == again.after["learned"][way].w1
    assert not np.isin(second.real, first.real).any()
    assert not np.isin(second.before.points, first.before.points).any()
    assert first.critics["learned"] != second.critics["learned"]


def test_where_there_is_no_exact_critic_the_sheet_says_why(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("toygan.session.refined.OFFERS", 4)
    monkeypatch.setattr("toygan.session.refined.STEPS", {"learned": 2})
    seen = refined(played(tmp_path, generator__latent_dim=3, generator__width=8))
    assert set(seen.after) == {"learned"}
    assert "perceptron of two latent numbers" in seen.why_not


def test_packs_are_refused(tmp_path) -> None:
    recording = played(tmp_path, method__pack=2)
    result = CliRunner().invoke(app, ["draw", str(recording.folder), "--view", "refined"])
    assert result.exit_code == 2
    assert "critic of single points" in " ".join(result.stderr.split())
