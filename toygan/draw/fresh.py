"""More points than a run has recorded, as its last generators make them: one panel a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from toygan.draw.layout import axis_at, panel_height
from toygan.draw.panels import INK, PLAIN, corner_note, frame_view, say_outside
from toygan.draw.points import generated_cloud, real_points
from toygan.draw.sheet import MARGIN, WIDTH, framed, header
from toygan.session.recording import Recording
from toygan.view.scene import Scene, scene, seeds_in_words, title_of

MOST, ACROSS = 6, 3  # seeds that have a panel; panels beside each other


def fresh(recording: Recording, points: np.ndarray) -> Figure:
    """Points [S, n, 2] of every seed's last generator (`Recording.sample`) on the recording's real ones."""
    shown, seeds = scene(recording), list(recording.facts.seeds)[:MOST]
    across = min(len(seeds), ACROSS)
    rows = -(-len(seeds) // across)
    pitch = (WIDTH - 0.3) / max(across, 2)
    side = pitch - 0.4
    row = panel_height(shown, side) + 0.6
    figure, below = framed(recording, rows * row + 1.0)
    header(figure, f"{title_of(recording)} · {points.shape[1]} fresh points a seed", status(recording, seeds), [shown])
    for place, seed in enumerate(seeds):
        left, bottom = MARGIN + place % across * pitch, below + (rows - 1 - place // across) * row + 0.35
        axis = axis_at(figure, left, bottom, side, row - 0.6)
        cloud = of_points(shown, points[place])
        real_points(axis, cloud)
        generated_cloud(axis, cloud, 0)
        if np.isfinite(points[place]).any():
            say_outside(axis, cloud, 0)
        else:
            corner_note(axis, "diverged: no point is finite")
        frame_view(axis, cloud)
        axis.set_title(f"seed {seed}", size=PLAIN, loc="left", pad=5, color=INK)
    return figure


def of_points(shown: Scene, points: np.ndarray) -> Scene:
    """A scene whose only frame has these points [n, 2]."""
    return replace(shown, samples=np.asarray(points, float)[None])


def status(recording: Recording, seeds: list[int]) -> str:
    """Seeds shown, seeds run, step, status."""
    facts = recording.facts
    every = "" if len(seeds) == len(facts.seeds) else f" shown of {seeds_in_words(facts.seeds)}"
    return f"seeds {seeds_in_words(seeds)}{every} · step {facts.step} of {facts.steps} · {facts.status}"
