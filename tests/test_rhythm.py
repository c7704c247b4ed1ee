"""A rhythm must beat curves that have none: white noise, noise with memory, random walks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from toygan.quantities.rhythm import period

Rng = np.random.Generator


def with_memory(rng: Rng, n: int, memory: float) -> np.ndarray:
    """x_t = memory x_(t-1) + e_t from its own law; a random walk at 1."""
    values = rng.standard_normal(n)
    values[0] /= max(1 - memory**2, 1.0 if memory == 1 else 0) ** 0.5
    for i in range(1, n):
        values[i] += memory * values[i - 1]
    return values


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("n", [20, 50, 76, 200])
def test_noise_of_any_memory_has_no_period(n: int, memory: float) -> None:
    rng = np.random.default_rng([n, int(10 * memory)])
    found = [period(np.arange(n), with_memory(rng, n, memory)) for _ in range(200)]
    assert np.isfinite(found).sum() < 0.05 * len(found)


@pytest.mark.parametrize("n", [30, 76, 200])
@pytest.mark.parametrize("cycles", [4, 7.3])
def test_a_true_swing_in_noise_has_its_period(n: int, cycles: float) -> None:
    """Amplitude twice the noise's deviation, which is white or remembers itself; steps of 40."""
    rng = np.random.default_rng([n, int(cycles)])
    steps = 40 * np.arange(n)
    for memory in (0.0, 0.5):
        phases = rng.uniform(0, 7, 30)
        waves = [2 * np.sin(2 * math.pi * cycles * steps / steps[-1] + phase) for phase in phases]
        noise = [(1 - memory**2) ** 0.5 * with_memory(rng, n, memory) for _ in phases]
        found = np.array([period(steps, a + b) for a, b in zip(waves, noise, strict=True)])
        assert np.isfinite(found).mean() >= 0.9
        assert np.nanmedian(found) == pytest.approx(steps[-1] / cycles, rel=0.03)


def test_a_bare_wave_a_sawtooth_and_a_drifting_wave_have_their_period() -> None:
    steps = np.arange(0, 1000, 10)
    curves = [np.sin(2 * math.pi * steps / 120 + 0.3), steps / 120 % 1, np.sin(2 * math.pi * steps / 120) + steps / 100]
    assert [period(steps, curve) for curve in curves] == pytest.approx([120] * 3, rel=0.02)


def test_missing_values_are_left_out() -> None:
    steps = np.arange(0, 1000, 10)
    values = np.sin(2 * math.pi * steps / 120)
    values[[5, 40, 41]], values[90:] = np.nan, np.nan
    assert period(steps, values) == pytest.approx(120, rel=0.02)


@pytest.mark.parametrize(
    "values", [np.arange(50.0), np.zeros(50), np.full(50, np.nan), np.exp(-np.arange(50) / 5), np.sin(np.arange(11))]
)
def test_lines_still_stands_and_few_values_have_none(values: np.ndarray) -> None:
    assert math.isnan(period(np.arange(len(values)), values))
