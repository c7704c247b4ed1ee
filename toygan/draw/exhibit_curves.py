"""Pictures of runs on one axis or a small one each: measures over the steps, gradients by layer, weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from toygan.draw import exhibit_parts as shared
from toygan.draw import panels
from toygan.draw.exhibit_parts import Labelled, Material
from toygan.draw.layout import axis_at, cut
from toygan.draw.players import drawable, last_finite_frame
from toygan.draw.sheet import WIDTH
from toygan.draw.style import FAINT, INK, PLAIN, SMALL, quiet
from toygan.files.text import number, percent
from toygan.quantities.table import axis_name, better
from toygan.view.axes import leaves

MOST = 21  # lines that colours and dashes tell apart
LONGEST = 46  # characters of a name at the right
BANDED = 6  # lines whose bands do not become a blot
SWINGING = {"centre_x", "centre_y"}  # seeds swing each in its own time, and the median of all stands still
SWINGS = ", of a centre the first seed alone"


def curves(material: Material) -> Figure:
    """Each measure of the panel over the steps: a line a run, the median of its seeds, with the range as a band."""
    runs, measures = material.recordings[:MOST], shared.measures_in(material)
    drawn = [(title, members, measure) for title, members in by_target(runs).items() for measure in measures]
    most = max(len(members) for _, members, _ in drawn)
    tall = max(1.55, 0.15 * most + 0.2)
    band = ", band: their range" if most <= BANDED else ""
    how = f"line: median of the seeds{SWINGS if {*measures} & SWINGING else ''}{band}"
    words = shared.runs_in_words(material.recordings, False, MOST)
    made = shared.page(material, (tall + 0.85) * len(drawn) + 0.1, [f"{words} · {how}"])
    for place, (title, members, measure) in enumerate(drawn):
        axis = axis_at(made.figure, 0.6, made.top - 0.35 - tall - (tall + 0.85) * place, beside(runs), tall)
        measure_lines(axis, members, measure, title)
        longest = max((run.recording for run in members), key=lambda recording: recording.facts.steps)
        panels.dress_curves(axis, longest, "")
        shared.titled(axis, f"{title} · {axis_name(measure)}" if title else axis_name(measure), PLAIN + 0.5)
    return made.figure


def beside(runs: Sequence[Labelled]) -> float:
    """Inches of a panel that leaves room for the names at its right."""
    return WIDTH - 1.15 - min(0.062 * max(18, *(len(run.label) for run in runs)), 0.062 * LONGEST)


def by_target(runs: Sequence[Labelled]) -> dict[str, Sequence[Labelled]]:
    """Runs by scenario; all in one panel where they are of a scenario each."""
    scenarios = dict.fromkeys(run.recording.facts.scenario for run in runs)
    if len(scenarios) in (1, len(runs)):
        return {"": runs}
    return {name: [run for run in runs if run.recording.facts.scenario == name] for name in scenarios}


def measure_lines(axis: Axes, runs: Sequence[Labelled], measure: str, scenario: str) -> None:
    """The lines of one measure, what a perfect generator scores, and the names at the right."""
    styles, banded = panels.styles_of(len(runs)), len(runs) <= BANDED
    ends = [line_of(axis, run, measure, stroke[:2], banded) for run, stroke in zip(runs, styles, strict=True)]
    tables = [table for run in runs if (table := run.recording.curve(measure)) is not None]
    values = np.concatenate([table.ravel() for table in tables]) if tables else np.array([])
    if not np.isfinite(values).any():
        return  # which `dress_curves` says
    floor = floor_line(axis, runs, measure)
    scale(axis, values, measure, floor)
    past_the_start(axis, tables, measure, floor)
    names = [*(cut(shared.within(run.label, scenario), LONGEST) for run in runs), shared.floor_name(measure)]
    if axis.get_yscale() == "log":  # a line that fell to zero left the axis at its lower end
        low = axis.get_ylim()[0]
        names = [f"{name}: 0" if end == 0 else name for name, end in zip(names, [*ends, floor], strict=True)]
        ends = [low if end == 0 else end for end in ends]
    panels.name_ends(axis, [*ends, floor], names, [*styles, (INK, "--", 0.9)])


def line_of(axis: Axes, run: Labelled, measure: str, stroke: tuple[str, str], banded: bool) -> float:
    """One run's median, or its first seed, with a cross where every seed was lost; where it ends, NaN if nothing is known."""
    table = run.recording.curve(measure)
    line = panels.median_line(axis, run.recording.frames["step"], table, stroke, banded, measure in SWINGING)
    if line is None or table is None:
        return np.nan
    steps, middle = (np.asarray(values, float) for values in line.get_data())
    if not np.isfinite(table[-1]).any():
        axis.plot(steps[-1:], middle[-1:], "x", color=stroke[0], markersize=6)
    return panels.last_finite(middle)


def floor_line(axis: Axes, runs: Sequence[Labelled], measure: str) -> float:
    """The band of what perfect generators, or exact transport, score in this measure; NaN where none is known."""
    known = [value for run in runs if np.isfinite(value := floor_at(run, measure)).all()]
    if not known or np.ptp([value[1] for value in known]) > 0.2 * abs(known[0][1]) + 1e-9:
        return np.nan  # runs of unlike targets have no common floor
    if math.isfinite(shared.best_of_critics(measure)):
        axis.axhline(known[0][1], color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
    else:
        panels.floor_band(axis, known[0], "")
    return float(known[0][1])


def floor_at(run: Labelled, measure: str) -> np.ndarray:
    """What frames of a perfect run score: low, middle and high; NaN where it is not known."""
    if math.isfinite(best := shared.best_of_critics(measure)):
        ceilings = run.recording.final(f"{measure}_ceiling")
        known = ceilings[np.isfinite(ceilings)]
        return np.full(3, np.median(known) if len(known) else best)
    floor = run.recording.floor(measure)
    return np.array([floor.low, floor.mean, floor.high]) if floor else np.full(3, np.nan)


def scale(axis: Axes, values: np.ndarray, measure: str, floor: float) -> None:
    """A logarithmic axis where values are decades apart, a squeezed one where losses are, a plain one else."""
    if shared.is_wide(np.append(values, floor if floor > 0 else np.nan), measure):
        panels.logarithmic(axis, [values, np.array([floor])])
    elif better(measure) == "neither":
        panels.wide_range(axis, values)


def past_the_start(axis: Axes, tables: Sequence[np.ndarray], measure: str, floor: float) -> None:
    """Where players that have not learned yet stretch an even axis beyond what all frames [T, seeds] after the first and the
    floor need, leave the first frame beyond its ends, and say how far it reaches.
    """
    first, later = (np.concatenate([table[part].ravel() for table in tables]) for part in (slice(1), slice(1, None)))
    if axis.get_yscale() != "linear" or not leaves(measure, first, later, floor):
        return
    needed = np.append(later, floor)
    room = 0.08 * float(np.nanmax(needed) - np.nanmin(needed))
    axis.set_ylim(np.nanmin(needed) - room, np.nanmax(needed) + room)
    said = f"the first frame reaches from {number(np.nanmin(first))} to {number(np.nanmax(first))}"
    axis.text(0.99, 0.97, said, transform=axis.transAxes, size=SMALL, color=INK, ha="right", va="top", zorder=6)


def layers(material: Material) -> Figure:
    """Size of the loss gradient at each of the critic's layers, a line a run, faint where it started."""
    runs = material.recordings[:MOST]
    tall = max(2.6, 0.15 * len(runs) + 0.2)
    lost = [run.label for run in runs if not by_layer(run).size]
    how = "Median of the seeds; bold: last frame, faint: first. An even line is a gradient that arrives."
    missing = f"Not recorded: {', '.join(lost)}." if lost else ""
    words = shared.runs_in_words(material.recordings, False, MOST)
    made = shared.page(material, tall + 0.85, [words, how, missing])
    axis = axis_at(made.figure, 0.75, made.top - 0.3 - tall, beside(runs) - 0.15, tall)
    layer_lines(axis, runs)
    return made.figure


def layer_lines(axis: Axes, runs: Sequence[Labelled]) -> None:
    """Gradients [L] at the first and last frame of each run over the number of the layer, on a logarithmic scale."""
    styles, tables = panels.styles_of(len(runs)), [by_layer(run) for run in runs]
    for table, (colour, dashes, _) in zip(tables, styles, strict=True):
        for row, width, alpha in zip(table, (1.0, 1.8), (0.3, 1.0), strict=False):
            axis.plot(np.arange(1, len(row) + 1), row, f"{dashes}o", color=colour, linewidth=width, alpha=alpha,
                      markersize=3.5)  # fmt: skip
    if not any(table.size for table in tables):
        return shared.absent(axis)
    panels.logarithmic(axis, [table.ravel() for table in tables])
    shared.titled(axis, "|∂ loss / ∂ output of the layer|, a point (log scale)", PLAIN + 0.5)
    axis.set_xlabel("layer, from the points (left) to the score (right)", size=PLAIN, labelpad=2, color=INK)
    axis.xaxis.set_major_locator(FixedLocator(list(range(1, max(table.shape[1] for table in tables) + 1))))
    axis.yaxis.set_major_formatter(FuncFormatter(panels.tick))
    quiet(axis)
    axis.grid(linewidth=0.4, alpha=0.35)
    ends = [table[-1][-1] if table.size else np.nan for table in tables]
    return panels.name_ends(axis, ends, [cut(run.label, LONGEST) for run in runs], styles)


def by_layer(run: Labelled) -> np.ndarray:
    """Medians over the seeds at the first and the last frame that are known: [2, L], empty where none is."""
    table = run.recording.frames.get("layer_gradients")
    if table is None:
        return np.empty((0, 0))
    sizes = drawable(np.asarray(table, float))
    sizes = sizes[np.isfinite(sizes).any(axis=(1, 2))]
    return np.array([np.nanmedian(sizes[t], axis=0) for t in (0, -1)]) if len(sizes) else np.empty((0, 0))


def weights(material: Material) -> Figure:
    """Histogram of the critic's weights, a panel a run: grey at the start, blue at the end, and how many sit at a bound."""
    runs = material.recordings[:MOST]
    rows = -(-len(runs) // 3)
    columns = -(-len(runs) // rows)
    pitch = (WIDTH - 0.35) / columns
    words = shared.runs_in_words(material.recordings, True, MOST)
    how = (
        "Per cent of the critic's weights in each of 41 bins; grey: first frame, blue: last. Every run on its own axes."
    )
    made = shared.page(material, 2.25 * rows + 0.05, [words, how])
    for place, run in enumerate(runs):
        left, row = 0.5 + (place % columns) * pitch, place // columns
        axis = axis_at(made.figure, left, made.top - 1.6 - 2.25 * row, min(pitch - 0.45, 4.5), 1.2)
        histogram(axis, run)
        shared.titled(axis, cut(run.label, 13 * min(pitch - 0.45, 4.5)), PLAIN)
    return made.figure


def histogram(axis: Axes, run: Labelled) -> None:
    """Shares [T, P, 41] over [-reach, reach] at the first and the last frame."""
    frames = run.recording.frames
    shares, reach = frames.get("weight_histogram"), frames.get("weight_reach")
    if shares is None or reach is None:
        return shared.absent(axis)
    if not np.isfinite(reach[0, 0]):
        return shared.absent(axis, "no finite weight")
    t = last_finite_frame(reach[:, 0])
    reaches = np.maximum(np.asarray(reach[:, 0], float), 1e-12)
    for frame, colour, alpha in ((0, FAINT, 0.5), (t, panels.CRITIC, 0.75)):
        edges = np.linspace(-1, 1, shares.shape[2] + 1) * reaches[frame]
        # Other bins were wider or narrower: as many per cent of the last frame's bins.
        axis.stairs(100 * shares[frame, 0] * reaches[t] / reaches[frame], edges, fill=True, color=colour, alpha=alpha)
    axis.set_xlim(-1.04 * reaches[t], 1.04 * reaches[t])
    quiet(axis)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.xaxis.set_major_formatter(FuncFormatter(panels.tick))
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.set_xlabel(bound_in_words(run, t), size=SMALL, labelpad=2, color=INK, loc="left")
    return None


def bound_in_words(run: Labelled, frame: int) -> str:
    """The largest weight, and which share of the weights sits at it where that is a bound."""
    reach, held = float(run.recording.frames["weight_reach"][frame, 0]), run.recording.curve("weight_saturation")
    if held is not None and held[frame, 0] > 0:
        return f"value; {percent(float(held[frame, 0]))} at ±{number(reach)}"
    return f"value; largest {number(reach)}"
