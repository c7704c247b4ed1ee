"""Pictures of runs on one axis or a small one each: measures over the steps, gradients by layer, weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from toygan.draw.exhibit_parts import (
    Labelled,
    Material,
    absent,
    best_of_critics,
    floor_name,
    is_wide,
    measures_in,
    nothing,
    page,
    runs_in_words,
    titled,
    within,
)
from toygan.draw.layout import axis_at
from toygan.draw.panels import (
    CRITIC,
    FAINT,
    INK,
    PLAIN,
    SMALL,
    dress_curves,
    floor_band,
    last_finite,
    logarithmic,
    name_ends,
    styles_of,
    tick,
    wide_range,
)
from toygan.draw.players import drawable, last_finite_frame
from toygan.draw.sheet import WIDTH
from toygan.draw.sweep import dress
from toygan.files.text import number, percent
from toygan.quantities.table import axis_name, better
from toygan.session.recording import Recording

MOST = 21  # lines that colours and dashes tell apart
LONGEST = 46  # characters of a name at the right
BANDED = 6  # lines whose bands do not become a blot


# --- measures over the steps -----------------------------------------------------------------------------------------


def curves(material: Material) -> Figure:
    """Each measure of the panel over the steps: a line a run, the median of its seeds, with the range as a band."""
    if not material.recordings:
        return nothing(material)
    runs, measures = material.recordings[:MOST], measures_in(material)
    panels = [(title, members, measure) for title, members in panels_of(runs).items() for measure in measures]
    tall = max(1.55, 0.15 * max(len(members) for _, members, _ in panels) + 0.2)
    made = page(material, (tall + 0.85) * len(panels) + 0.1, [curves_in_words(material)])
    for place, (title, members, measure) in enumerate(panels):
        axis = axis_at(made.figure, 0.6, made.top - 0.35 - tall - (tall + 0.85) * place, beside(runs), tall)
        measure_lines(axis, members, measure, title)
        dress_curves(axis, longest(members), "")
        titled(axis, f"{title} · {axis_name(measure)}" if title else axis_name(measure), PLAIN + 0.5)
    return made.figure


def beside(runs: Sequence[Labelled]) -> float:
    """Inches of a panel that leaves room for the names at its right."""
    return WIDTH - 1.15 - min(0.062 * max(18, *(len(run.label) for run in runs)), 0.062 * LONGEST)


def curves_in_words(material: Material) -> str:
    """Which runs, and what a line and its band are."""
    runs = material.recordings
    band = ", band: their range" if max(map(len, panels_of(runs[:MOST]).values())) <= BANDED else ""
    swings = SWINGS if {*measures_in(material)} & SWINGING else ""
    return f"{first_in_words(runs, shown=False)} · line: median of the seeds{swings}{band}"


SWINGING = {"centre_x", "centre_y"}  # seeds swing each in its own time, and the median of all stands still
SWINGS = ", of a centre the first seed alone"


def first_in_words(runs: Sequence[Labelled], shown: bool) -> str:
    """Which runs are drawn, and how many there are where these are the first of many."""
    words = runs_in_words([run.recording for run in runs[:MOST]], shown=shown)
    return f"{words} · the first {MOST} of {len(runs)}" if len(runs) > MOST else words


def panels_of(runs: Sequence[Labelled]) -> dict[str, list[Labelled]]:
    """Runs by scenario; all in one panel where they are of a scenario each."""
    found: dict[str, list[Labelled]] = {}
    for run in runs:
        found.setdefault(run.recording.facts.scenario, []).append(run)
    apart = len(found) > 1 and any(len(members) > 1 for members in found.values())
    return found if apart else {"": list(runs)}


def longest(runs: Sequence[Labelled]) -> Recording:
    """The recording with the most steps."""
    return max((run.recording for run in runs), key=lambda recording: recording.facts.steps)


def measure_lines(axis: Axes, runs: Sequence[Labelled], measure: str, scenario: str) -> None:
    """The lines of one measure, what a perfect generator scores, and the names at the right."""
    styles, ends, tables = styles_of(len(runs)), [], []
    for run, (colour, dashes, _) in zip(runs, styles, strict=True):
        table = run.recording.curve(measure)
        ends.append(median_line(axis, run, table, colour, dashes, len(runs) <= BANDED, measure in SWINGING))
        tables += [] if table is None else [table]
    values = np.concatenate([table.ravel() for table in tables]) if tables else np.array([])
    if not np.isfinite(values).any():
        return  # which `dress_curves` says
    floor = floor_line(axis, runs, measure)
    scale(axis, values, measure, floor)
    past_the_start(axis, tables)
    names = [*(shortened(within(run.label, scenario), LONGEST) for run in runs), floor_name(measure)]
    if axis.get_yscale() == "log":  # a line that fell to zero left the axis at its lower end
        low = axis.get_ylim()[0]
        names = [f"{name}: 0" if end == 0 else name for name, end in zip(names, [*ends, floor], strict=True)]
        ends = [low if end == 0 else end for end in ends]
    name_ends(axis, [*ends, floor], names, [*styles, (INK, "--", 0.9)])


def median_line(
    axis: Axes, run: Labelled, table: np.ndarray | None, colour: str, dashes: str, banded: bool, one: bool = False
) -> float:  # fmt: skip
    """One run's median [T] over its seeds, or the first of these alone, and their range; where it ends, NaN where nothing is
    known.
    """
    if table is None or not np.isfinite(table).any():
        return np.nan
    alive = np.isfinite(table).any(axis=1)
    steps, found = run.recording.frames["step"][alive], table[alive]
    middle = found[:, 0] if one else np.nanmedian(found, axis=1)
    if banded and found.shape[1] > 1:
        axis.fill_between(steps, np.nanmin(found, axis=1), np.nanmax(found, axis=1), color=colour, alpha=0.13,
                          linewidth=0)  # fmt: skip
    axis.plot(steps, middle, dashes, color=colour, linewidth=1.5, marker="o" if len(middle) == 1 else "", markersize=4)
    if not alive[-1]:  # every seed was lost here
        axis.plot(steps[-1:], middle[-1:], "x", color=colour, markersize=6)
    return last_finite(middle)


def floor_line(axis: Axes, runs: Sequence[Labelled], measure: str) -> float:
    """The band of what perfect generators, or exact transport, score in this measure; NaN where none is known."""
    known = [value for run in runs if np.isfinite(value := floor_at(run, measure)).all()]
    if not known or ((spread := np.ptp([value[1] for value in known])) > 0.2 * abs(known[0][1]) + 1e-9 and spread > 0):
        return np.nan  # runs of unlike targets have no common floor
    if math.isfinite(best_of_critics(measure)):
        axis.axhline(known[0][1], color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
    else:
        floor_band(axis, known[0], "")
    return float(known[0][1])


def floor_at(run: Labelled, measure: str) -> np.ndarray:
    """What frames of a perfect run score: low, middle and high; NaN where it is not known."""
    if math.isfinite(best := best_of_critics(measure)):
        ceilings = run.recording.final(f"{measure}_ceiling")
        known = ceilings[np.isfinite(ceilings)]
        return np.full(3, np.median(known) if len(known) else best)
    floor = run.recording.floor(measure)
    return np.array([floor.low, floor.mean, floor.high]) if floor else np.full(3, np.nan)


def scale(axis: Axes, values: np.ndarray, measure: str, floor: float) -> None:
    """A logarithmic axis where values are decades apart, a squeezed one where losses are, a plain one else."""
    if is_wide(np.append(values, floor if floor > 0 else np.nan), measure):
        logarithmic(axis, [values, np.array([floor])])
    elif better(measure) == "neither":
        wide_range(axis, values)


def past_the_start(axis: Axes, tables: Sequence[np.ndarray]) -> None:
    """Where players that have not learned yet make a plain axis STRETCHED times as long as all frames [T, seeds] after the
    first need, leave these beyond its ends, and say how far they reach.
    """
    first = np.concatenate([table[:1].ravel() for table in tables])
    later = np.concatenate([table[1:].ravel() for table in tables])
    first, later = first[np.isfinite(first)], later[np.isfinite(later)]
    if axis.get_yscale() != "linear" or not len(first) or not len(later) or not np.ptp(later) > 0:
        return
    if np.ptp(np.append(later, first)) < STRETCHED * np.ptp(later):
        return
    room = 0.08 * np.ptp(later)
    axis.set_ylim(later.min() - room, later.max() + room)
    said = f"the first frame reaches from {number(first.min())} to {number(first.max())}"
    axis.text(0.99, 0.97, said, transform=axis.transAxes, size=SMALL, color=INK, ha="right", va="top", zorder=6)


STRETCHED = 2.0  # from here on an axis is cut


# --- gradients by layer ----------------------------------------------------------------------------------------------


def layers(material: Material) -> Figure:
    """Size of the loss gradient at each of the critic's layers, a line a run, faint where it started."""
    if not material.recordings:
        return nothing(material)
    runs = material.recordings[:MOST]
    words = first_in_words(material.recordings, shown=False)
    tall = max(2.6, 0.15 * len(runs) + 0.2)
    lost = [run.label for run in runs if not by_layer(run).size]
    how = "Median of the seeds; bold: last frame, faint: first. An even line is a gradient that arrives."
    missing = f"Not recorded: {', '.join(lost)}." if lost else ""
    made = page(material, tall + 0.85, [words, how, missing])
    axis = axis_at(made.figure, 0.75, made.top - 0.3 - tall, beside(runs) - 0.15, tall)
    layer_lines(axis, runs)
    return made.figure


def layer_lines(axis: Axes, runs: Sequence[Labelled]) -> None:
    """Gradients [L] at the first and last frame of each run over the number of the layer, on a logarithmic scale."""
    styles, tables = styles_of(len(runs)), [by_layer(run) for run in runs]
    for table, (colour, dashes, _) in zip(tables, styles, strict=True):
        for row, width, alpha in zip(table, (1.0, 1.8), (0.3, 1.0), strict=False):
            axis.plot(np.arange(1, len(row) + 1), row, f"{dashes}o", color=colour, linewidth=width, alpha=alpha,
                      markersize=3.5)  # fmt: skip
    if not any(table.size for table in tables):
        return absent(axis)
    logarithmic(axis, [table.ravel() for table in tables])
    dress_layers(axis, max(table.shape[1] for table in tables if table.size))
    ends = [table[-1][-1] if table.size else np.nan for table in tables]
    return name_ends(axis, ends, [shortened(run.label, LONGEST) for run in runs], styles)


def by_layer(run: Labelled) -> np.ndarray:
    """Medians over the seeds at the first and the last frame that are known: [2, L], empty where none is."""
    table = run.recording.frames.get("layer_gradients")
    if table is None:
        return np.empty((0, 0))
    sizes = drawable(np.asarray(table, float))
    sizes = sizes[np.isfinite(sizes).any(axis=(1, 2))]
    return np.array([np.nanmedian(sizes[t], axis=0) for t in (0, -1)]) if len(sizes) else np.empty((0, 0))


def dress_layers(axis: Axes, count: int) -> None:
    """Layers from the points to the score along the axis."""
    titled(axis, "|∂ loss / ∂ output of the layer|, a point (log scale)", PLAIN + 0.5)
    axis.set_xlabel("layer, from the points (left) to the score (right)", size=PLAIN, labelpad=2, color=INK)
    axis.xaxis.set_major_locator(FixedLocator(list(range(1, count + 1))))
    axis.yaxis.set_major_formatter(FuncFormatter(tick))
    dress(axis)
    axis.grid(linewidth=0.4, alpha=0.35)


# --- weights ---------------------------------------------------------------------------------------------------------


def weights(material: Material) -> Figure:
    """Histogram of the critic's weights, a panel a run: grey at the start, blue at the end, and how many sit at a bound."""
    if not material.recordings:
        return nothing(material)
    runs = material.recordings[:MOST]
    rows = -(-len(runs) // 3)
    columns = -(-len(runs) // rows)
    pitch = (WIDTH - 0.35) / columns
    words = first_in_words(material.recordings, shown=True)
    how = (
        "Per cent of the critic's weights in each of 41 bins; grey: first frame, blue: last. Every run on its own axes."
    )
    made = page(material, 2.25 * rows + 0.05, [words, how])
    for place, run in enumerate(runs):
        left, row = 0.5 + (place % columns) * pitch, place // columns
        axis = axis_at(made.figure, left, made.top - 1.6 - 2.25 * row, min(pitch - 0.45, 4.5), 1.2)
        histogram(axis, run)
        titled(axis, shortened(run.label, 13 * min(pitch - 0.45, 4.5)), PLAIN)
    return made.figure


def shortened(label: str, characters: float) -> str:
    """A label that fits on a line."""
    return label if len(label) <= characters else f"{label[: int(characters) - 1]}…"


def histogram(axis: Axes, run: Labelled) -> None:
    """Shares [T, P, 41] over [-reach, reach] at the first and the last frame."""
    frames = run.recording.frames
    shares, reach = frames.get("weight_histogram"), frames.get("weight_reach")
    if shares is None or reach is None:
        return absent(axis)
    if not np.isfinite(reach[0, 0]):
        return absent(axis, "no finite weight")
    t = last_finite_frame(reach[:, 0])
    reaches = np.maximum(np.asarray(reach[:, 0], float), 1e-12)
    for frame, colour, alpha in ((0, FAINT, 0.5), (t, CRITIC, 0.75)):
        edges = np.linspace(-1, 1, shares.shape[2] + 1) * reaches[frame]
        # Other bins were wider or narrower: as many per cent of the last frame's bins.
        axis.stairs(100 * shares[frame, 0] * reaches[t] / reaches[frame], edges, fill=True, color=colour, alpha=alpha)
    axis.set_xlim(-1.04 * reaches[t], 1.04 * reaches[t])
    dress(axis)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.xaxis.set_major_formatter(FuncFormatter(tick))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.set_xlabel(bound_in_words(run, t), size=SMALL, labelpad=2, color=INK, loc="left")
    return None


def bound_in_words(run: Labelled, frame: int) -> str:
    """The largest weight, and which share of the weights sits at it where that is a bound."""
    reach, held = float(run.recording.frames["weight_reach"][frame, 0]), run.recording.curve("weight_saturation")
    at = f"; {percent(float(held[frame, 0]))} at ±{number(reach)}" if held is not None and held[frame, 0] > 0 else ""
    return f"value; largest {number(reach)}{at}" if not at else f"value{at}"
