"""Films of several runs side by side: critics above, W1 over time beneath, a bar a run with its events and its diagnosis."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toygan.draw import layout, panels, sheet
from toygan.draw.companions import EXTRAS, brief_of, colours_wanted
from toygan.draw.film import Advance, end_of, moving_contour, rendered, run_bar
from toygan.draw.moving import Moving, levels_in_time, together
from toygan.draw.reel import ENCODERS, PACE, Pace, reel
from toygan.draw.saved import suffix_in
from toygan.files.disk import write_aside
from toygan.session.recording import Recording
from toygan.view.apart import names_apart
from toygan.view.chosen import nearest_frames
from toygan.view.language import told as in_language
from toygan.view.language import wrapped
from toygan.view.levels import Scale, range_in_words
from toygan.view.look import ASPECT, USUAL, Options
from toygan.view.scene import Scene, events_of, scene
from toygan.view.words import numbers_in_words

HOLD = 4000  # milliseconds: how long the end is held, for it has sentences to read
CURVE, BAR, LINE = 1.2, 0.15, 0.15  # inches: the height of the curves, of a run's bar, and of a line of words
NUMBERS = "of the step shown; at the last one of the end"
TOLD = 6  # runs of which events and diagnosis are told in words
UP = sheet.WIDTH / ASPECT  # inches: the height of a slide
TOP, TITLE, APART = 0.75, 0.32, 0.25  # inches: the header of a slide, the name over a critic, what is between two
CRITICS = 4.9  # inches across a slide, for a few of them
FEW, NUMBERED = 3, 3  # runs of which numbers are told on a slide, and lines of these


def save_comparison_film(
    recordings: Sequence[Recording],
    path: str | Path,
    progress: Advance | None = None,
    pace: Pace = PACE,
    options: Options = USUAL,
) -> None:
    """Write several runs' film, in step by share of training; raises as `save_film`, ValueError for none."""
    encode = ENCODERS[suffix_in(path, ENCODERS)]
    scenes = [scene(recording, options.points) for recording in recordings]
    figure, parts = comparison_figure(scenes, pace.width, options)
    played = reel(max(len(shown.steps) for shown in scenes), pace, HOLD)
    pictures = rendered(figure, parts, played.looks, progress, options)
    commands = "\n".join(r.facts.command for r in recordings)
    write_aside(Path(path), encode(pictures, commands, played, colours_wanted(scenes)))


def comparison_figure(
    scenes: Sequence[Scene], width: int = PACE.width, options: Options = USUAL
) -> tuple[Figure, list[Moving]]:
    """The still parts of a comparison film, so many pixels wide, and its moving ones; its clock is `clock_of`."""
    if options.style != "paper":
        return slide_figure(scenes, width, options)
    told = 2 if len(scenes) <= 3 else 1  # lines of words that each run has
    room = BAR * len(scenes) + LINE * told * min(len(scenes), TOLD) + 0.1
    recordings, clock = [shown.recording for shown in scenes], clock_of(scenes)
    grid = sheet.comparison_grid(scenes, CURVE + 0.15 + room, numbers_in_words(recordings, NUMBERS))
    figure = grid.figure
    figure.set_dpi(width / sheet.WIDTH)  # before anything is placed in pixels
    axis, curves = sheet.w1_of_all(figure, recordings, room + grid.more, CURVE)
    bottom = 0.35 + LINE * len(sheet.comparison_commands(recordings)) + grid.more
    parts = []
    for place, extra, shown, frames in zip(grid.critics, grid.extras, scenes, clock, strict=True):
        parts.append(moving_run(place, shown, frames, options.scale))
        if extra is not None:  # what further players show
            parts.append(in_time(EXTRAS[brief_of(shown)].film(extra, shown, options.scale), frames))
            sheet.dress_brief(extra, shown)
    parts.append(moving_curves(axis, curves, scenes, clock))
    parts.append(moving_words(figure, scenes, clock, bottom, told, options.language))
    return figure, [*parts, moving_bars(figure, scenes, clock, bottom + room - BAR * len(scenes) - 0.05)]


def slide_figure(scenes: Sequence[Scene], width: int, options: Options) -> tuple[Figure, list[Moving]]:
    """The same on a slide of 16:9: critics at left, as large as there is room for, and W1 at right, in the colours of the lines
    over the critics; commands are left to the file, further players to another picture.
    """
    recordings, clock, figure = [shown.recording for shown in scenes], clock_of(scenes), sheet.blank(UP)
    figure.set_dpi(width / sheet.WIDTH)  # before anything is placed in pixels
    sheet.header(figure, *sheet.comparison_header(scenes), scenes)
    words, few = LINE * min(len(scenes), TOLD), len(scenes) <= FEW
    below, across = words + BAR * len(scenes) + 0.35, CRITICS if few else CRITICS + 0.6
    axis = sheet.axis_at(figure, across + 0.75, below + 0.4, sheet.WIDTH - across - 1.0, UP - TOP - 0.85 - below)
    curves = sheet.w1_together(axis, recordings, named=False)
    axis.set_title("W1 (log scale)" if axis.get_yscale() == "log" else "W1", size=panels.PLAIN, loc="left", pad=5)
    axis.legend(loc="upper right", frameon=False, fontsize=panels.SMALL)  # over where curves have fallen
    axes = critics_on_slide(figure, scenes, below, across, 0.32 + LINE * NUMBERED * few)
    drawn = zip(axes, scenes, clock, strict=True)
    parts = [moving_run(place, shown, frames, options.scale, NUMBERED * few) for place, shown, frames in drawn]
    parts.append(moving_curves(axis, curves, scenes, clock))
    parts.append(moving_words(figure, scenes, clock, 0.1, 1, options.language))
    return figure, [*parts, moving_bars(figure, scenes, clock, 0.2 + words)]


def critics_on_slide(figure: Figure, scenes: Sequence[Scene], below: float, across: float, under: float) -> list[Axes]:
    """An axis for each run's critic, in the number of columns that leaves most room, `under` inches of words beneath each."""
    shape = max(sheet.panel_height(shown, 1.0) for shown in scenes)  # height over width
    free, count = UP - TOP - below, len(scenes)
    room = {
        columns: min(across / columns - APART, (free / -(-count // columns) - TITLE - under) / shape)
        for columns in range(1, count + 1)
    }
    columns = max(room, key=room.__getitem__)
    side, pitch = max(room[columns], 0.3), (across / columns, free / -(-count // columns))
    names, styles = names_apart([shown.recording for shown in scenes]), panels.styles_of(count)
    axes = []
    for i, (name, style) in enumerate(zip(names, styles, strict=True)):
        left, down = sheet.MARGIN + i % columns * pitch[0], UP - TOP - TITLE - i // columns * pitch[1]
        place = left, down - side * shape, side, side * shape
        axes.append(sheet.critic_axis(figure, place, textwrap.shorten(name, int(12 * side), placeholder=" …"), style))
        axes[-1].tick_params(labelleft=i % columns == 0)
    return axes


def clock_of(scenes: Sequence[Scene]) -> list[np.ndarray]:
    """For every run, the look [n] that it shows at each of n even shares of training; n is the most looks of a run."""
    total = max(len(shown.steps) for shown in scenes)
    return [nearest_frames(shown.steps, shown.recording.facts.steps, total) for shown in scenes]


def moving_run(axis: Axes, shown: Scene, frames: np.ndarray, scale: Scale, most: int | None = None) -> Moving:
    """One run of a comparison film on its clock: its critic, and its measures beneath, in at most so many lines."""
    known = levels_in_time(shown, shown.scores, scale)
    panel, words = moving_contour(axis, shown, known), layout.place_beneath(axis)

    def show(t: int) -> None:
        panel.show(t)
        step, numbers = f"step {shown.steps[t]}", sheet.measure_lines(shown, t)
        lines = [step, *numbers[:1]] if most is not None else [f"{step} · {range_in_words(known[t])}", *numbers]
        words.set_text("\n".join(layout.fitted(axis, lines).split("\n")[:most]))

    return in_time(Moving(axis, [*panel.artists, words], show), frames)


def in_time(part: Moving, frames: np.ndarray) -> Moving:
    """The same panel on another clock: at tick `t` it shows its frame `frames[t]`."""
    return replace(part, show=lambda t: part.show(int(frames[t])))


def moving_curves(
    axis: Axes, curves: Sequence[Line2D | None], scenes: Sequence[Scene], clock: Sequence[np.ndarray]
) -> Moving:
    """W1 of every run up to the step shown, in full colour with a dot at its end, over what is to come, pale."""
    drawn = zip(curves, scenes, clock, strict=True)
    return together(axis, [growing(axis, curve, shown.steps[frames]) for curve, shown, frames in drawn if curve])


def growing(axis: Axes, curve: Line2D, steps: np.ndarray) -> Moving:
    """A line that grows over a pale one up to a tick at `steps` [n], with a dot at its end."""
    curve.set_alpha(0.3)
    x, y = (np.asarray(values, float) for values in curve.get_data())
    (line,) = axis.plot([], [], color=curve.get_color(), linestyle=curve.get_linestyle(), linewidth=2)
    (dot,) = axis.plot([], [], "o", color=curve.get_color(), markersize=5, clip_on=False)

    def show(t: int) -> None:
        past = x <= steps[t]
        line.set_data(x[past], y[past])
        dot.set_data(x[past][-1:], y[past][-1:])

    return Moving(axis, [line, dot], show)


def moving_bars(figure: Figure, scenes: Sequence[Scene], clock: Sequence[np.ndarray], bottom: float) -> Moving:
    """A bar a run, filled up to the step shown, with a diamond at every event: full if it is of the seed shown, else hollow."""
    axis = sheet.axis_at(figure, sheet.MARGIN + 0.1, bottom, sheet.WIDTH - 2.6, BAR * len(scenes))
    end = max(end_of(shown) for shown in scenes)
    axis.set(xlim=(0, end), ylim=(-len(scenes) + 0.5, 0.5))
    axis.set_axis_off()
    styled = enumerate(zip(scenes, panels.styles_of(len(scenes)), strict=True))
    bars = [run_bar(axis, shown, -row, colour, colour) for row, (shown, (colour, _, _)) in styled]
    filled, marks = [bar[0] for bar in bars], [mark for bar in bars for mark in bar[1:]]
    state = axis.text(1.02, 0.5, "", size=panels.PLAIN, va="center", color=panels.INK, transform=axis.transAxes)
    same = len({end_of(shown) for shown in scenes}) == 1

    def show(t: int) -> None:
        steps = [int(shown.steps[frames[t]]) for shown, frames in zip(scenes, clock, strict=True)]
        for line, step in zip(filled, steps, strict=True):
            line.set_xdata([0, step])
        state.set_text(f"step {max(steps)} of {end}" if same else "")

    return Moving(axis, [*filled, *marks, state], show)


def moving_words(
    figure: Figure, scenes: Sequence[Scene], clock: Sequence[np.ndarray], bottom: float, lines: int, language: str
) -> Moving:
    """So many lines a run, from so many inches up: its latest event, in the end its diagnosis."""
    names = names_apart([shown.recording for shown in scenes])
    named = list(zip(names, scenes, panels.styles_of(len(scenes)), strict=True))[:TOLD]
    tall = LINE * lines * len(named)
    axis = sheet.axis_at(figure, sheet.MARGIN + 0.1, bottom, sheet.WIDTH - sheet.MARGIN, tall)
    axis.set(xlim=(0, sheet.WIDTH - sheet.MARGIN), ylim=(-len(named), 0))
    axis.set_axis_off()
    words = []
    for row, (_, _, (colour, dashes, width)) in enumerate(named):
        height = -row - 0.5 / lines
        axis.plot([-0.3, -0.07], [height] * 2, color=colour, linestyle=dashes, linewidth=width, clip_on=False)
        words.append(axis.text(0, -row, "", size=panels.SMALL, color=panels.INK, va="top", parse_math=False))

    def show(t: int) -> None:
        for text, (name, shown, _), frames in zip(words, named, clock, strict=False):
            past = [event for event in events_of(shown.recording) if event.step <= shown.steps[frames[t]]]
            latest = f"◆ {past[-1].words}" if past else ""
            told = " ".join(shown.recording.facts.summary.diagnosis) if t == len(frames) - 1 else latest
            text.set_text(fitted(name, told, lines, language) if told else "")

    return Moving(axis, [], show, words)


def fitted(name: str, told: str, lines: int, language: str) -> str:
    """What is told of a run in so many lines across the figure, without its evidence where that is too much, in a language."""
    found = wrapped(f"{name}: {in_language(told, language)}", sheet.TEXT)
    if len(found) > lines:
        without = re.sub(r" \([^()]*\)", "", told)
        found = wrapped(f"{name}: {in_language(without, language)}", sheet.TEXT, lines)
    return "\n".join(found)
