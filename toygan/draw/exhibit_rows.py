"""Pictures of results, a row a run and seed: ends with intervals, rates, matrices."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from toygan.draw import exhibit_parts as shared
from toygan.draw.exhibit_parts import Material, Page, Rows
from toygan.draw.layout import axis_at, cut, size_of
from toygan.draw.panels import CRITIC, SHARE, STEEPNESS
from toygan.draw.points import GENERATED
from toygan.draw.sheet import WIDTH, say
from toygan.draw.style import FAINT, INK, PLAIN, SMALL
from toygan.draw.sweep import floor_line, frame_around, grid_values, rings, scale_of, setting
from toygan.files.text import number
from toygan.quantities.table import axis_name, better, label_of
from toygan.view.records import groups
from toygan.view.statistics import median, share

KEPT = 8  # runs that keep the exhibit's order; more of them are sorted
GOOD = ("converged", "still-improving")  # labels that are no failure
NONE = "no label"
TRACK = "#eceef2"  # of a bar, where it is not filled

RowsByRun = dict[str, Rows]  # rows by the name of their run


def ends(material: Material) -> Figure:
    """Final measures: rings for seeds, the median as a dot with its 95 % interval, a panel a scenario and measure."""
    measures = shared.measures_in(material)
    panels = {title: ordered(runs, measures[0]) for title, runs in shared.by_scenario(material.rows).items()}
    heights = {title: 0.23 * len(runs) + 0.25 for title, runs in panels.items()}
    lines = -(-len(measures) // 3)
    columns = -(-len(measures) // lines)
    order = f"best {label_of(measures[0])} on top" if max(map(len, panels.values())) > KEPT else ""
    told = shared.medians_in_words(material.rows, measures, "rings: seeds", order)
    made = shared.page(material, lines * sum(tall + 0.85 for tall in heights.values()), told)
    top = made.top
    for title, runs in panels.items():
        for start in range(0, len(measures), columns):
            ends_row(made, top - 0.3 - heights[title], heights[title], title, runs, measures[start : start + columns])
            top -= heights[title] + 0.85
    return made.figure


def ordered(runs: RowsByRun, measure: str) -> RowsByRun:
    """Few runs as the exhibit has them, many from the best median to the worst."""
    if len(runs) <= KEPT:
        return dict(runs)
    sign = -1.0 if better(measure) == "higher" else 1.0
    middles = {label: sign * median(shared.known(rows, measure)).value for label, rows in runs.items()}
    return {label: runs[label] for label in sorted(runs, key=lambda label: np.nan_to_num(middles[label], nan=math.inf))}


def ends_row(made: Page, bottom: float, tall: float, title: str, runs: RowsByRun, measures: Sequence[str]) -> None:
    """Panels of up to three measures beside each other, with the names of the runs at the left."""
    names = [
        cut(label, 34) + (f"  ({lost})" if (lost := shared.lost_in_words(rows, measures[0])) else "")
        for label, rows in reversed(runs.items())
    ]
    left = names_wide(names)
    pitch = (WIDTH - left - 0.25) / len(measures)
    for place, measure in enumerate(measures):
        axis = axis_at(made.figure, left + place * pitch, bottom, pitch - 0.3, tall)
        values = [shared.known(rows, measure) for rows in reversed(runs.values())]
        flat = np.array([value for own in values for value in own])
        rings(axis, names if place == 0 else [""] * len(names), values, log=shared.is_wide(flat, measure))
        floor_line(axis, shared.floor_of([row for rows in runs.values() for row in rows], measure), "x")
        if measure == "modes":
            axis.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
        said = "\n".join(textwrap.wrap(axis_name(measure), max(int(13 * (pitch - 0.3)), 12)))
        axis.set_xlabel(said, size=SMALL, labelpad=2, color=INK, parse_math=False, loc="left")
        shared.titled(axis, title if place == 0 else "")


def names_wide(names: Sequence[str]) -> float:
    """Inches that names at the left of a panel take."""
    return min(0.3 + 0.065 * max(map(len, names), default=0), 3.4)


def rates(material: Material) -> Figure:
    """How many seeds of each run have each label of the diagnosis, or how many have found all modes."""
    return all_modes(material) if material.measure == "modes" else labels(material)


def labels(material: Material) -> Figure:
    """A matrix of bars, a line a run and a column a label, with counts."""
    panels, columns = shared.by_scenario(material.rows), columns_of(material.rows)
    left, over = names_wide([label for runs in panels.values() for label in runs]), 0.3 * (len(panels) > 1)
    pitch = min((WIDTH - left - 0.55) / len(columns), 1.3)
    slanted = max(map(len, columns)) * 0.066 > pitch
    head = 0.25 + slanted * 0.033 * max(map(len, columns))
    tall = sum(0.27 * len(runs) + 0.15 + over for runs in panels.values())
    how = "Seeds with each label of the diagnosis; a seed may have several. Green: no failure."
    made = shared.page(material, tall + head + 0.15, [shared.rows_in_words(material.rows), how])
    for place, name in enumerate(columns):
        made.figure.text((left + place * pitch) / WIDTH, (made.top - head) / made.figure.get_figheight(), name, size=SMALL,
                         rotation=30 * slanted, color=INK, va="bottom", rotation_mode="anchor", parse_math=False)  # fmt: skip
    top = made.top - head - 0.05
    for title, runs in panels.items():
        high = 0.27 * len(runs)
        top -= over
        axis = axis_at(made.figure, left, top - high, pitch * len(columns), high)
        label_bars(axis, runs, columns)
        shared.titled(axis, title if over else "")
        top -= high + 0.15
    return made.figure


def columns_of(rows: Rows) -> list[str]:
    """Labels that occur: those that are no failure first, then the most frequent one."""
    counts = Counter(name for row in rows for name in labels_of(row))
    return sorted(counts, key=lambda name: (name not in GOOD, name == NONE, -counts[name], name))


def labels_of(row: Mapping[str, Any]) -> Sequence[str]:
    """The labels of a seed, or a word that it has none."""
    found = row.get("labels")
    return ["not diagnosed"] if found is None else (list(dict.fromkeys(found)) or [NONE])


def label_bars(axis: Axes, runs: RowsByRun, columns: Sequence[str]) -> None:
    """A track a cell, filled to the share of the seeds, and the count on it."""
    for line, rows in enumerate(reversed(runs.values())):
        counts = Counter(name for row in rows for name in labels_of(row))
        for place, name in enumerate(columns):
            colour = SHARE if name in GOOD else FAINT if name in (NONE, "not diagnosed") else GENERATED
            for width, fill in ((0.55, TRACK), (0.55 * counts[name] / len(rows), colour)):
                axis.add_patch(Rectangle((place, line - 0.28), width, 0.56, color=fill, linewidth=0))
            axis.text(place + 0.59, line, f"{counts[name]}/{len(rows)}", size=SMALL, va="center_baseline",
                      color=INK if counts[name] else FAINT)  # fmt: skip
    axis.set(xlim=(0, len(columns)), xticks=[])
    name_lines(axis, runs)


def name_lines(axis: Axes, runs: RowsByRun) -> None:
    """Names of runs at the left, the first on top; no frame and no tick marks."""
    axis.set_ylim(-0.5, len(runs) - 0.5)
    axis.set_yticks(range(len(runs)), list(reversed(runs)), parse_math=False)
    bare(axis)


def bare(axis: Axes) -> None:
    axis.tick_params(labelsize=SMALL, length=0, pad=3)
    axis.spines[:].set_visible(False)


def all_modes(material: Material) -> Figure:
    """A bar a run: the share of its seeds that found every mode, with its interval, and the median of modes."""
    panels = shared.by_scenario(material.rows)
    tall = sum(0.27 * len(runs) + 0.6 for runs in panels.values()) + 0.15
    how = "Share of the seeds that found all modes, bars: 95 % Wilson intervals; at the right the modes found, median (range)."
    made = shared.page(material, tall, [shared.rows_in_words(material.rows), how])
    left = names_wide([label for runs in panels.values() for label in runs])
    top = made.top - 0.3
    for title, runs in panels.items():
        high = 0.27 * len(runs)
        axis = axis_at(made.figure, left, top - high, WIDTH - left - 2.6, high)
        mode_bars(axis, runs)
        shared.titled(axis, title)
        top -= high + 0.6
    return made.figure


def mode_bars(axis: Axes, runs: RowsByRun) -> None:
    """Shares of seeds with all modes; a seed that diverged has not found them."""
    for line, rows in enumerate(reversed(runs.values())):
        found = sum(row.get("modes_of") is not None and row.get("modes") == row["modes_of"] for row in rows)
        with_all = share(found, len(rows))
        axis.barh(line, 1.0, 0.56, color=TRACK)
        axis.barh(line, with_all.value, 0.56, color=CRITIC, alpha=0.55)
        axis.plot([with_all.low, with_all.high], [line, line], "-", color=INK, linewidth=1.1)
        said = f"{found}/{len(rows)}   {modes_in_words(rows)}"
        axis.text(1.03, line, said, size=SMALL, va="center_baseline", color=INK)
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    name_lines(axis, runs)


def modes_in_words(rows: Rows) -> str:
    values, of = shared.known(rows, "modes"), shared.known(rows, "modes_of")
    if not values:
        return shared.LOST if all(row.get("status") == shared.LOST for row in rows) else "not measured"
    low, high, middle = (f"{value:g}" for value in (min(values), max(values), float(np.median(values))))
    span = middle if low == high else f"{middle} ({low} to {high})"
    return f"{span} of {max(of):g}" if of else span


def matrix(material: Material) -> Figure:
    """The median of a measure over two columns of the results, as coloured fields with their numbers."""
    across, down = material.across or "constraint", material.down or "objective"
    rows = [row for row in map(parted, material.rows) if row.get(across) is not None and row.get(down) is not None]
    if not rows:
        return shared.nothing(material, f"no run has both {across} and {down}")
    whole = "scenario" in (across, down)
    panels = {"": rows} if whole else shared.by_column(rows, "scenario")
    maps = {title: cells_of(own, across, down, material.measure) for title, own in panels.items()}
    left = names_wide([str(mark) for found in maps.values() for mark in found.down]) + 0.2
    names = max(len(setting(mark)) for found in maps.values() for mark in found.across)
    fields = {title: min((WIDTH - left - 0.5) / len(found.across), 1.1) for title, found in maps.items()}  # inches
    slanted = names * 0.062 > min(fields.values()) - 0.05
    head = 0.35 + (0.053 * names if slanted else 0.15)
    heights = {title: 0.3 * len(found.down) for title, found in maps.items()}
    apart = "each scenario on its own scale: " * whole
    how = f"{axis_name(material.measure)}: medians of the seeds · {apart}the darker, the larger · framed: the best"
    lost = " · † some seeds diverged, ††: all" * any(row.get("status") == shared.LOST for row in rows)
    tall = sum(heights.values()) + (head + 0.1) * len(maps)
    made = shared.page(material, tall, [shared.rows_in_words(rows), how + lost])
    top = made.top
    for title, found in maps.items():
        wide = fields[title] * len(found.across)
        axis = axis_at(made.figure, left, top - head - heights[title], wide, heights[title])
        cells(axis, found, material.measure, slanted, comparable(found.values, across, down))
        say(made.figure, 0.2, top - 0.22, f"{title} · {down} × {across}".removeprefix(" · "), PLAIN, weight="bold")
        top -= head + heights[title] + 0.1
    return made.figure


class Cells(NamedTuple):
    """A matrix: both columns' values in order, medians [down, across], and how many seeds of how many diverged."""

    across: list[Any]
    down: list[Any]
    values: np.ndarray
    lost: Mapping[tuple[int, int], tuple[int, int]]


def comparable(values: np.ndarray, across: str, down: str) -> list[np.ndarray]:
    """Masks [down, across] of the cells that share a target: each column, or row, that is a scenario, or else all."""
    rows, columns = np.indices(values.shape)
    if across == "scenario":
        return [columns == i for i in range(values.shape[1])]
    return [rows == i for i in range(len(values))] if down == "scenario" else [np.full(values.shape, True)]


def shades(values: np.ndarray, parts: Sequence[np.ndarray]) -> np.ndarray:
    """How dark each cell is, from 0 to 1 on the scale of its own part; NaN where nothing is known."""
    found = np.full(values.shape, np.nan)
    for part in parts:
        own = part & np.isfinite(values)
        found[own] = scale_of(values[own])(values[own])
    return found


def best_cells(values: np.ndarray, parts: Sequence[np.ndarray], measure: str) -> list[tuple[int, int]]:
    """The best cells (row, column) of each part: all whose printed number is that of the best."""
    if better(measure) == "neither":
        return []
    there, found = [part & np.isfinite(values) for part in parts], []
    for own in (one for one in there if one.any()):
        best = cell_text(float((np.max if better(measure) == "higher" else np.min)(values[own])), (0, 1))
        found += [(int(i), int(j)) for i, j in np.argwhere(own) if cell_text(values[i, j], (0, 1)) == best]
    return found


def parted(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with both halves of a pair, objective+constraint."""
    first, _, second = str(row.get("method", "")).partition("+")
    return {"objective": first, "constraint": second or "none"} | dict(row)


def cells_of(rows: Rows, across: str, down: str, measure: str) -> Cells:
    """The medians of a measure in every cell; NaN where nothing is known."""
    right, marks, values = grid_values(rows, across, down, measure)
    lost = {
        (marks.index(y), right.index(x)): (sum(row.get("status") == shared.LOST for row in own), len(own))
        for (y, x), own in groups(rows, (down, across)).items()
    }
    return Cells(right, marks, values, lost)


def cells(axis: Axes, found: Cells, measure: str, slanted: bool, parts: Sequence[np.ndarray]) -> None:
    """Coloured fields with their numbers, the first line on top; the best of each part framed."""
    values = found.values
    axis.pcolormesh(np.ma.masked_invalid(shades(values, parts)), cmap=STEEPNESS, vmin=0, vmax=1, edgecolors="white",
                    linewidth=1.5)  # fmt: skip
    size = SMALL if size_of(axis)[0] / len(found.across) > 0.42 else 6.5
    for (row, column), value in np.ndenumerate(values):
        axis.text(column + 0.5, row + 0.5, cell_text(value, found.lost.get((row, column))), ha="center", va="center",
                  size=size, color=INK)  # fmt: skip
    for row, column in best_cells(values, parts, measure):
        axis.add_patch(frame_around(column, row))
    axis.set_ylim(len(found.down), 0)
    axis.set_xticks(np.arange(len(found.across)) + 0.5, [setting(mark) for mark in found.across], parse_math=False,
                    rotation=55 if slanted else 0, ha="left" if slanted else "center", rotation_mode="anchor")  # fmt: skip
    axis.set_yticks(np.arange(len(found.down)) + 0.5, [setting(mark) for mark in found.down], parse_math=False)
    axis.xaxis.tick_top()
    bare(axis)


def cell_text(value: float, lost: tuple[int, int] | None) -> str:
    """The number of a cell, and a mark where seeds diverged; a dash where nothing was run."""
    if lost is None:
        return "–"
    if not math.isfinite(value):
        return "††" if lost[0] == lost[1] else "×"
    return number(value, 2) + ("†" if lost[0] else "")
