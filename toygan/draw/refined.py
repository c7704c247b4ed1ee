"""Clouds of a generator before and after its critic sorted them: a row a critic, a panel a way, W1 with its floor below."""

from __future__ import annotations

import math
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw.fresh import of_points
from toygan.draw.layout import axis_at, panel_height
from toygan.draw.panels import INK, PLAIN, SMALL, corner_note, frame_view, say_outside
from toygan.draw.players import foot
from toygan.draw.points import generated_cloud, real_points
from toygan.draw.sheet import MARGIN, PICTURE_FORMATS, WIDTH, blank, command_lines, even, header, save_figure, suffix_in
from toygan.files.text import number
from toygan.session.recording import Recording
from toygan.view.look import USUAL, Options
from toygan.view.scene import Scene, scene, title_of

if TYPE_CHECKING:
    from toygan.session.refined import Refined, RefinedCloud

CRITICS = {"learned": "the learned critic, calibrated", "exact": "the optimal critic"}


def refined_clouds(recording: Recording, seen: Refined) -> Figure:
    """The sheet: the generator's own cloud and, for each critic, what each way makes of it."""
    shown = replace(scene(recording), real=seen.real)
    pitch = (WIDTH - 0.3) / (1 + max(map(len, seen.after.values())))
    side = pitch - 0.3
    tall = panel_height(shown, side)
    row, commands = tall + 1.1, command_lines(recording, 112)
    below = 0.3 + 0.165 * len(commands)
    figure = blank(even(below + len(seen.after) * row + 0.8))
    header(figure, f"{title_of(recording)} · refined", status(recording, seen), [shown])
    for i, (critic, ways) in enumerate(seen.after.items()):
        bottom = below + (len(seen.after) - 1 - i) * row + 0.55
        figure.text(MARGIN / WIDTH, (bottom + tall + 0.3) / figure.get_figheight(), said_of(seen, critic), size=PLAIN,
                    weight="bold", color=INK, parse_math=False)  # fmt: skip
        for k, (way, cloud) in enumerate({"as it is made": seen.before, **ways}.items()):
            axis = axis_at(figure, MARGIN + k * pitch, bottom, side, tall)
            panel(axis, shown, cloud, way, side)
    foot(figure, commands)
    return figure


def panel(axis: Axes, shown: Scene, cloud: RefinedCloud, way: str, side: float) -> None:
    """One cloud on the real points."""
    there = of_points(shown, cloud.points if len(cloud.points) else np.full((1, 2), np.nan))
    real_points(axis, there)
    generated_cloud(axis, there, 0)
    if len(cloud.points):
        say_outside(axis, there, 0)
    else:
        corner_note(axis, "no point is kept")
    frame_view(axis, there)
    axis.set_title(way, size=PLAIN, loc="left", pad=4, color=INK)
    axis.tick_params(labelleft=way == "as it is made")
    words = "\n".join(part for line in told(cloud) for part in textwrap.wrap(line, int(14 * side)))
    axis.text(0, -0.22 / side, words, transform=axis.transAxes, va="top", size=SMALL, color=INK, linespacing=1.2)


def told(cloud: RefinedCloud) -> list[str]:
    """What is said below a cloud."""
    value = f"{len(cloud.points)} points: too few for W1" if math.isnan(cloud.w1) else f"W1 {number(cloud.w1)}"
    return [value, *([cloud.words] if cloud.words else [])]


def said_of(seen: Refined, critic: str) -> str:
    """Which critic a row has, and what it knows."""
    return f"By {CRITICS[critic]}: {seen.critics[critic]}"


def status(recording: Recording, seen: Refined) -> str:
    """What W1 is held against, and why there is no second row."""
    mean, most = seen.floor
    why = f" · no optimal critic: {seen.why_not}" if seen.why_not else ""
    facts = recording.facts
    at = f"seed {facts.portrait} · step {facts.step} of {facts.steps}"
    return f"{at} · W1 of perfect samples of {len(seen.real)}: {number(mean)}, at most {number(most)} of 16{why}"


def save_refined(recording: Recording, seen: Refined, path: str | Path, options: Options = USUAL) -> None:
    """Write the sheet as PNG, PDF or SVG, by the suffix; raises ValueError for another one."""
    suffix_in(path, PICTURE_FORMATS)
    save_figure(refined_clouds(recording, seen), path, recording.facts.command, options)
