"""Clouds of a run's last generators, a panel a seed; and what critics make of them, a row a critic and a panel a way."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw.layout import axis_at, panel_height
from toygan.draw.panels import corner_note, frame_view, say_outside
from toygan.draw.points import generated_cloud, real_points
from toygan.draw.sheet import MARGIN, WIDTH, framed, header, say
from toygan.draw.style import PLAIN, entitle, write
from toygan.files.text import number
from toygan.session.recording import Recording
from toygan.view.language import wrapped
from toygan.view.scene import Scene, scene, seeds_in_words, title_of
from toygan.view.words import CRITICS

if TYPE_CHECKING:
    from toygan.session.refined import Refined, RefinedCloud

MOST, ACROSS = 6, 3  # seeds that have a panel; panels beside each other
CALIBRATED = {"learned": ", calibrated"}  # the optimal critic needs none
AS_MADE = "as it is made"


def cloud(axis: Axes, shown: Scene, points: np.ndarray, title: str, without: str) -> None:
    """Points [n, 2] on the real ones; words for a cloud without a finite one."""
    there = of_points(shown, points)
    real_points(axis, there)
    generated_cloud(axis, there, 0)
    if np.isfinite(points).any():
        say_outside(axis, there, 0)
    else:
        corner_note(axis, without)
    frame_view(axis, there)
    entitle(axis, title)


def of_points(shown: Scene, points: np.ndarray) -> Scene:
    """A scene whose only frame has these points [n, 2]."""
    return replace(shown, samples=np.asarray(points, float)[None])


def fresh(recording: Recording, points: np.ndarray) -> Figure:
    """Points [S, n, 2] of every seed's last generator (`Recording.sample`) on the recording's real ones."""
    shown, seeds = scene(recording), list(recording.facts.seeds)[:MOST]
    across = min(len(seeds), ACROSS)
    rows = -(-len(seeds) // across)
    pitch = (WIDTH - 0.3) / max(across, 2)
    side = pitch - 0.4
    row = panel_height(shown, side) + 0.6
    figure, below = framed(recording, rows * row + 1.0)
    title = f"{title_of(recording)} · {points.shape[1]} fresh points a seed"
    header(figure, title, status_of_seeds(recording, seeds), [shown])
    for place, seed in enumerate(seeds):
        left, bottom = MARGIN + place % across * pitch, below + (rows - 1 - place // across) * row + 0.35
        axis = axis_at(figure, left, bottom, side, row - 0.6)
        cloud(axis, shown, points[place], f"seed {seed}", "diverged: no point is finite")
    return figure


def status_of_seeds(recording: Recording, seeds: list[int]) -> str:
    """Seeds shown, seeds run, step, status."""
    facts = recording.facts
    every = "" if len(seeds) == len(facts.seeds) else f" shown of {seeds_in_words(facts.seeds)}"
    return f"seeds {seeds_in_words(seeds)}{every} · step {facts.step} of {facts.steps} · {facts.status}"


def refined_clouds(recording: Recording, seen: Refined) -> Figure:
    """The sheet: the generator's own cloud and, for each critic, what each way makes of it, with W1 and its floor."""
    shown = replace(scene(recording), real=seen.real)
    pitch = (WIDTH - 0.3) / (1 + max(map(len, seen.after.values())))
    side = pitch - 0.3
    tall = panel_height(shown, side)
    row = tall + 1.1
    figure, below = framed(recording, len(seen.after) * row + 0.85)
    header(figure, f"{title_of(recording)} · refined", status_of_floor(recording, seen), [shown])
    for i, (critic, ways) in enumerate(seen.after.items()):
        bottom = below + (len(seen.after) - 1 - i) * row + 0.6
        name = CRITICS[critic] + CALIBRATED.get(critic, "")
        say(figure, MARGIN, bottom + tall + 0.3, f"By the {name}: {seen.critics[critic]}", PLAIN, weight="bold")
        for k, (way, found) in enumerate({AS_MADE: seen.before, **ways}.items()):
            axis = axis_at(figure, MARGIN + k * pitch, bottom, side, tall)
            points = found.points if len(found.points) else np.full((1, 2), np.nan)
            cloud(axis, shown, points, way, "no point is kept")
            axis.tick_params(labelleft=way == AS_MADE)
            words = "\n".join(part for line in told(found) for part in wrapped(line, int(14 * side)))
            write(axis, 0, -0.22 / side, words, va="top", linespacing=1.2)
    return figure


def told(found: RefinedCloud) -> list[str]:
    """What is said below a cloud."""
    value = f"{len(found.points)} points: too few for W1" if math.isnan(found.w1) else f"W1 {number(found.w1)}"
    return [value, *([found.words] if found.words else [])]


def status_of_floor(recording: Recording, seen: Refined) -> str:
    """What W1 is held against, and why there is no second row."""
    mean, most = seen.floor
    why = f" · no optimal critic: {seen.why_not}" if seen.why_not else ""
    facts = recording.facts
    at = f"seed {facts.portrait} · step {facts.step} of {facts.steps}"
    return f"{at} · W1 of perfect samples of {len(seen.real)}: {number(mean)}, the largest of 16 {number(most)}{why}"
