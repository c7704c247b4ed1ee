"""Where one label ends and another begins: recordings that differ in one thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from toygan.session.facts import Facts
from toygan.session.recording import Recording, diagnose

T = 50
SHARE = np.linspace(0, 1, T)
CALM = 0.001 * np.random.default_rng(0).standard_normal(100)
RING = 2 * np.stack([np.cos(np.pi * np.arange(8) / 4), np.sin(np.pi * np.arange(8) / 4)], axis=1)


def labels(
    frames: dict[str, Any] | None = None, spread: float = 0.0, floor: float = 0.1, **curves: Any
) -> dict[str, int]:
    """The labels of one seed with the numbers of their frames, from curves [T] and frames."""
    tables = {name: np.asarray(values, float)[:, None] for name, values in curves.items()}
    t = len(tables["w1"])
    tables["w1_floor"] = np.full((t, 1), floor)
    facts = Facts.of({"seeds": [0], "floors": {"frame": {"w1": {"mean": floor, "spread": spread}}}})
    return {
        event.label: event.step
        for event in diagnose(Recording(facts, {"step": np.arange(t), **(frames or {})}, tables))
    }


def clouds(samples: list[np.ndarray], real: np.ndarray, centres: np.ndarray, std: float) -> dict[str, np.ndarray]:
    """Frames of one seed on a target with modes."""
    covariances = np.tile(std**2 * np.eye(2), (len(centres), 1, 1))
    weights = np.full(len(centres), 1 / len(centres))
    modes = {"mode_centres": centres, "mode_covariances": covariances, "mode_weights": weights}
    return {"samples": np.stack(samples)[:, None].astype("f4"), "real": real, **modes}


def on_ring(which: np.ndarray, seed: int = 0) -> np.ndarray:
    """A point near each of these modes of the ring."""
    return RING[which] + 0.02 * np.random.default_rng(seed).standard_normal((len(which), 2))


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ({"w1": np.full(T, 1.0), "generator_gradient": 10 ** (-4 * SHARE)}, {"vanishing-gradient"}),
        ({"w1": 2 * 0.25**SHARE, "generator_gradient": 10 ** (-4 * SHARE)}, {"still-improving"}),
        ({"w1": np.full(T, 1.0), "generator_gradient": np.r_[1, 5000, np.ones(T - 2)]}, set()),
        ({"w1": np.full(T, 1.0), "generator_gradient": np.r_[1, np.full(T - 1, 1e-9)]}, {"vanishing-gradient"}),
        ({"w1": 0.1 * np.where(np.arange(T) % 5 == 0, 3, 1)}, {"converged"}),
        ({"w1": 0.1 * np.where(np.arange(T) % 3 == 2, 5, 1)}, {"oscillation"}),
        ({"w1": 0.1 * np.where(np.random.default_rng(0).random(T) < 0.45, 10, 1)}, set()),
        ({"w1": np.full(25, 0.1), "critic_loss": np.where(np.isin(np.arange(25), (21, 23)), 1e4, 0.5)}, {"converged"}),
        ({"w1": np.full(25, 0.1), "critic_loss": np.where(np.arange(25) > 19, 1e4, 0.5)}, {"runaway-critic"}),
    ],
)  # fmt: skip
def test_what_is_called_what(curves: dict[str, np.ndarray], expected: set[str]) -> None:
    assert labels(**curves).keys() == expected


@pytest.mark.parametrize("phase", range(6))
def test_a_swing_has_its_name_whatever_its_phase(phase: int) -> None:
    assert labels(w1=0.1 * (2.2 + 1.9 * np.sin(2 * np.pi * np.arange(T) / 8 + phase))).keys() == {"oscillation"}


@pytest.mark.parametrize("period", [4, 5, 6, 7, 8, 10])
def test_swings_of_any_period_are_found(period: int) -> None:
    assert "oscillation" in labels(w1=1 + 0.45 * np.sin(2 * np.pi * np.arange(T) / period + 0.3))


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8, 0.9])
@pytest.mark.parametrize("t", [25, 50, 100])
def test_noise_is_no_rhythm(t: int, memory: float) -> None:
    called = 0
    for seed in range(50):
        shocks = np.random.default_rng([t, seed]).standard_normal(t)
        noise = shocks.copy()
        for i in range(1, t):
            noise[i] = memory * noise[i - 1] + np.sqrt(1 - memory**2) * shocks[i]
        called += "oscillation" in labels(w1=np.exp(0.35 * noise))
    assert called <= 3


@pytest.mark.parametrize("t", [8, 10, 12, 16])
def test_level_noise_of_few_looks_does_not_improve_and_a_fall_does(t: int) -> None:
    """Two looks a fifth have one difference, which says nothing of noise: 23 of 100 level curves seemed to fall."""
    called = {"level": 0, "falling": 0}
    for seed in range(100):
        shocks = np.random.default_rng([t, seed]).standard_normal(t)
        called["level"] += "still-improving" in labels(w1=0.2 + 0.03 * shocks)
        called["falling"] += "still-improving" in labels(w1=np.linspace(3, 0.6, t) * (1 + 0.03 * shocks))
    assert called["level"] <= 12
    assert called["falling"] >= 98


@pytest.mark.parametrize("begin", [10, 30, 50])
def test_swings_begin_where_they_begin(begin: int) -> None:
    w1 = 1 + CALM
    w1[begin:] = 1 + 0.6 * np.sin(2 * np.pi * np.arange(100 - begin) / 10)
    assert abs(labels(w1=w1)["oscillation"] - begin) <= 2


@pytest.mark.parametrize("begin", [5, 10, 30])
def test_hopping_begins_where_it_begins(begin: int) -> None:
    every = np.arange(800) % 8
    at = [every if t < begin else np.full(800, t // 5 % 8) for t in range(100)]
    samples = [on_ring(which, t) for t, which in enumerate(at)]
    w1 = np.where(np.arange(100) < begin, 0.15, 2.0)
    assert abs(labels(clouds(samples, on_ring(every), RING, 0.02), w1=w1)["mode-hopping"] - begin) <= 2


def test_hopping_is_dated_where_the_first_look_is_half_here_and_half_there() -> None:
    at = [np.arange(800) % 2 if t < 2 else np.full(800, t // 3 % 2) for t in range(30)]
    samples = [on_ring(which, t) for t, which in enumerate(at)]
    found = labels(clouds(samples, on_ring(np.arange(800) % 8), RING, 0.02), w1=np.full(30, 2.0))
    assert "mode-hopping" in found


@pytest.mark.parametrize("radius", [1.0, 2.0, 3.0])
def test_a_target_that_is_carried_around_swings_and_does_not_hop(radius: float) -> None:
    home = on_ring(np.arange(800) % 8)
    angles = 2 * np.pi * np.arange(T) / 8
    samples = [home + radius * np.array([np.cos(angle), np.sin(angle)]) for angle in angles]
    assert labels(clouds(samples, home, RING, 0.02), w1=np.full(T, radius)).keys() == {"oscillation"}


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_blob_amid_a_grid_has_chosen_no_mode(share: float) -> None:
    centres = 2.0 * (np.indices((5, 5)).reshape(2, -1).T - 2)
    rng = np.random.default_rng(0)
    real = centres[np.arange(1000) % 25] + 0.05 * rng.standard_normal((1000, 2))
    blob = share * centres.std() * rng.standard_normal((1000, 2))
    assert not labels(clouds([blob] * T, real, centres, 0.05), w1=np.full(T, 1.0))


def test_near_means_near_for_samples_that_differ_much() -> None:
    assert labels(w1=np.full(T, 0.19)) == {}
    assert labels(w1=np.full(T, 0.19), spread=0.04) == {"converged": 0}


def test_a_gradient_of_zero_is_said_to_be_none() -> None:
    layers = np.tile([0.0, 1.0, 1.0, 1.0], (T, 1, 1))
    made = Recording(
        Facts.of({"seeds": [0]}), {"step": np.arange(T), "layer_gradients": layers}, {"w1": np.ones((T, 1))}
    )
    assert [event.evidence for event in diagnose(made)] == ["none at the first of 4 layers"]
