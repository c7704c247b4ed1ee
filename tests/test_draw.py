from __future__ import annotations

import numpy as np

from toygan.recording import Recording


def synthetic(frames=60, seeds=4, points=1000, grid=101, coarse=21, modes=0, method="wgan-gp", **facts) -> Recording:
    """A run that was never trained: points that close in on a curled line, a smooth critic that rises along it."""
    rng = np.random.default_rng(0)
    t = 1.5 * np.pi * (1 + 2 * rng.random(points))
    real = np.stack([t * np.cos(t), t * np.sin(t)], 1) / 7.5 + rng.normal(0, 0.05, (points, 2))
    if modes:
        angle = 2 * np.pi * np.arange(modes) / modes
        centres = 1.4 * np.stack([np.cos(angle), np.sin(angle)], 1)
        real = centres[rng.integers(modes, size=points)] + rng.normal(0, 0.03, (points, 2))
    late = np.linspace(0, 1, frames)[:, None, None, None]
    goal = real[rng.permuted(np.tile(np.arange(points), (seeds, 1)), axis=1)]
    samples = (1 - late) * rng.normal(0, 0.3, (seeds, points, 2)) + late * goal + rng.normal(0, 0.05, (frames, seeds, points, 2))
    axis, arrows = np.linspace(-3, 3, grid), np.linspace(-3, 3, coarse)
    scores = np.stack([critic(real, samples[i, 0], axis) + 100 * i for i in range(frames)])[:, None]
    slopes = np.stack([gradient(real, samples[i, 0], arrows) for i in range(frames)])[:, None]
    step = np.linspace(0, 2000, frames).round().astype(int)
    arrays = {"step": step, "samples": samples.astype("f4"), "real": real.astype("f4"), "scores": scores.astype("f4"),
              "grid_x": axis, "grid_y": axis, "slopes": slopes.astype("f4"), "slope_x": arrows, "slope_y": arrows}  # fmt: skip
    decay = np.exp(-4 * late[:, :, 0, 0]) * rng.uniform(0.8, 1.2, (frames, seeds)) * rng.uniform(0.8, 1.2, seeds)
    metrics = {"critic_loss": -decay, "generator_loss": 0.5 * decay - 0.2, "penalty": 0.1 * decay, "w1": 0.9 * decay + 0.08,
               "w1_floor": rng.normal(0.085, 0.005, (frames, seeds))}  # fmt: skip
    if modes:
        arrays["mode_centres"] = centres
        metrics |= {"modes": np.round(modes * (1 - decay / 2)), "high_quality": 0.98 * (1 - decay.clip(0, 1))}
    told = {"scenario": "swiss-roll", "method": method, "title": "Swiss roll", "seeds": list(range(seeds)), "status": "done",
            "step": 2000, "steps": 2000, "command": f"toygan run swiss-roll --method {method} --seeds {seeds}", "summary": {}}
    return Recording(told | facts, arrays, metrics)


WIDTH = 0.5


def critic(real, fake, axis):
    """Difference of two kernel densities on the grid [g, g], row = y."""
    x, y = np.meshgrid(axis, axis)
    return sum(sign * kernel(points, x, y).mean(-1) for sign, points in ((3, real[:200]), (-3, fake[:200])))


def kernel(points, x, y):
    return np.exp(-((x[..., None] - points[:, 0]) ** 2 + (y[..., None] - points[:, 1]) ** 2) / (2 * WIDTH**2))


def gradient(real, fake, axis):
    """The critic's gradient [h, h, 2]."""
    x, y = np.meshgrid(axis, axis)
    total = np.zeros((len(axis), len(axis), 2))
    for sign, points in ((3, real[:200]), (-3, fake[:200])):
        weight = kernel(points, x, y)
        total[..., 0] += sign * (weight * (points[:, 0] - x[..., None])).mean(-1) / WIDTH**2
        total[..., 1] += sign * (weight * (points[:, 1] - y[..., None])).mean(-1) / WIDTH**2
    return total
