"""Pictures of many runs, from their records: methods as dots with intervals, a grid as a map, quality against time.

A record is one seed of one run, as in `results.csv`; medians and intervals are those of the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from toygan.draw.layout import axis_at
from toygan.draw.panels import STEEPNESS, styles_of, tick
from toygan.draw.points import GENERATED, MARKS
from toygan.draw.saved import save_figure
from toygan.draw.sheet import WIDTH, blank, even, first_lines, say
from toygan.draw.style import FAINT, INK, LARGE, PLAIN, SMALL, quiet
from toygan.files.text import number
from toygan.quantities.table import axis_name
from toygan.view.look import USUAL, Options
from toygan.view.records import FIRST, Row, groups, in_order, known_values, legal_keys, rank
from toygan.view.statistics import Interval, median

MOST = 12  # panels of one picture
KINDS = 24  # kinds of runs that one picture tells apart; where settings make more, they are taken together
BARS = "bars: 95 % intervals of medians of six seeds and more"
DIGITS = ((1.0,), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0))  # on a logarithmic axis

Records = Sequence[Row]


# --- panels ----------------------------------------------------------------------------------------------------------


def rings(axis: Axes, names: Sequence[str], values: Sequence[Sequence[float]], log: bool = True) -> None:
    """A line a name from the bottom up: every value as a ring, the median as a dot with its 95 % interval."""
    for height, own in enumerate(values):
        axis.plot(own, np.full(len(own), height), "o", color=FAINT, markersize=3.5, markerfacecolor="none",
                  markeredgewidth=0.7)  # fmt: skip
        middle = median(own)
        axis.plot(middle.ends, [height, height], "-", color=GENERATED, linewidth=2.2, solid_capstyle="butt")
        axis.plot([middle.value], [height], "o", color=GENERATED, markersize=6)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.set_yticks(range(len(names)), names, parse_math=False)
    axis.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.5)
    if log:
        log_axis(axis, "x", [value for own in values for value in own])
    quiet(axis)


def heat_map(axis: Axes, across: Sequence[Any], up: Sequence[Any], values: np.ndarray, norm: Normalize) -> None:
    """Values [up, across] as coloured fields with their numbers; the darker, the larger; crossed out where unknown."""
    axis.pcolormesh(np.ma.masked_invalid(values), cmap=STEEPNESS, norm=norm, edgecolors="white", linewidth=1.5)
    for (row, column), value in np.ndenumerate(values):
        words = number(float(value)) if np.isfinite(value) else "×"
        axis.text(column + 0.5, row + 0.5, words, ha="center", va="center", size=SMALL, color=INK)
    if np.isfinite(values).any():
        row, column = np.unravel_index(np.nanargmin(values), values.shape)
        axis.add_patch(frame_around(int(column), int(row)))
    axis.set_xticks(np.arange(len(across)) + 0.5, list(map(setting, across)), parse_math=False)
    axis.set_yticks(np.arange(len(up)) + 0.5, list(map(setting, up)), parse_math=False)
    quiet(axis)
    axis.tick_params(length=0)


def setting(value: Any) -> str:
    """A setting's value in few letters."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def frame_around(column: int, row: int) -> Rectangle:
    """A frame around one field of a map."""
    return Rectangle((column + 0.04, row + 0.04), 0.92, 0.92, fill=False, edgecolor=GENERATED, linewidth=1.6)


def price(axis: Axes, names: Sequence[str], seconds: Sequence[Interval], quality: Sequence[Interval]) -> None:
    """Quality against time: a mark a name with both intervals; nearer to the lower left is better."""
    for i, (x, y, (colour, _, _)) in enumerate(zip(seconds, quality, styles_of(len(names)), strict=True)):
        axis.plot(x.ends, [y.value, y.value], "-", color=colour, linewidth=1)
        axis.plot([x.value, x.value], y.ends, "-", color=colour, linewidth=1)
        axis.plot([x.value], [y.value], MARKS[i % len(MARKS)], color=colour, markersize=6.5, markeredgecolor="white",
                  markeredgewidth=0.6, label=names[i], linestyle="")  # fmt: skip
    log_axis(axis, "x", [end for x in seconds for end in x.ends])
    log_axis(axis, "y", [end for y in quality for end in y.ends])
    quiet(axis)


def floor_line(axis: Axes, floor: float, which: str) -> None:
    """The floor: no method can be expected to be better than another sample of the target."""
    if not np.isfinite(floor) or floor <= 0:
        return
    across, (low, high) = (axis.axvline, axis.get_xlim()) if which == "x" else (axis.axhline, axis.get_ylim())
    across(floor, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=0)
    axis.set(**{f"{which}lim": (min(low, floor / 1.1), max(high, floor * 1.1))})


def log_axis(axis: Axes, which: str, values: Sequence[float]) -> None:
    """A logarithmic axis with room and readable ticks, where all that is known is positive."""
    known = np.array([value for value in values if np.isfinite(value)])
    line = axis.xaxis if which == "x" else axis.yaxis
    if not len(known) or known.min() <= 0:
        line.set_major_formatter(FuncFormatter(tick))
        return
    low, high = float(known.min()), float(known.max())
    room = max(1.15, (2.5 * low / high) ** 0.5)  # at least a factor of two and a half, so that ticks find a place
    axis.set(**{f"{which}scale": "log", f"{which}lim": (low / room, high * room)})
    line.set_major_locator(LogLocator(subs=marked(low / room, high * room), numticks=8))
    line.set_major_formatter(FuncFormatter(tick))
    line.set_minor_locator(NullLocator())


def marked(low: float, high: float) -> Sequence[float]:
    """The digits at which a logarithmic axis has its numbers: as few as leave two of them in sight, for one tells no scale."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for digits in DIGITS[0 if high >= 100 * low else 1 :]:
        if sum(low <= digit * decade <= high for decade in decades for digit in digits) >= 2:
            break
    return digits


# --- pictures --------------------------------------------------------------------------------------------------------


def methods_picture(rows: Records, measure: str = "w1", command: str = "") -> Figure:
    """Every method as a dot with its interval, a panel a scenario; the command of the sweep beneath."""
    keys = kind_keys(rows)
    panels = list(groups(rows, ("scenario",)).items())[:MOST]
    kinds = [
        {kind_name(key, members, measure): known_values(members, measure) for key, members in groups(own, keys).items()}
        for _, own in panels
    ]
    names_wide = min(0.35 + 0.068 * max(len(name) for own in kinds for name in own), 3.6)
    heights = [0.24 * len(own) + 0.3 for own in kinds]
    how = f"rings: seeds · {BARS}{floor_words(rows, measure)}"
    figure, _ = headed("methods", how, rows, sum(heights) + 0.8 * len(heights), command)
    top = figure.get_figheight() - 0.95
    for ((title,), members), own, tall in zip(panels, kinds, heights, strict=True):
        axis = axis_at(figure, names_wide, top - tall, WIDTH - names_wide - 0.3, tall)
        names = sorted(own, key=lambda name: -np.nan_to_num(median(own[name]).value, nan=math.inf))  # the best on top
        rings(axis, names, [own[name] for name in names])
        floor_line(axis, floor_of(members, measure), "x")
        titled(axis, title, axis_name(measure))
        top -= tall + 0.8
    return figure


def price_picture(rows: Records, measure: str = "w1", command: str = "") -> Figure:
    """Quality against core-seconds, a panel a scenario."""
    keys = kind_keys(rows)
    panels = list(groups(rows, ("scenario",)).items())[:MOST]
    kinds = sorted(groups(rows, keys), key=rank)
    names = [kind_name(kind) for kind in kinds]
    columns = max(1, min(3, int((WIDTH - 0.6) / (0.42 + 0.066 * max(map(len, names))))))  # of the legend
    tall = 3.2 * -(-len(panels) // 2) + 0.2 * -(-len(kinds) // columns)
    how = f"lower left is better · {BARS}{floor_words(rows, measure)}"
    figure, foot = headed("quality against time", how, rows, tall, command)
    for i, ((title,), own) in enumerate(panels):
        left, wide = beside(i, len(panels), 0.65, 0.1)
        axis = axis_at(figure, left, figure.get_figheight() - 3.45 - 3.2 * (i // 2), wide, 2.5)
        found = groups(own, keys)
        seconds, quality = (
            [median(known_values(found.get(kind, []), name)) for kind in kinds] for name in ("core_seconds", measure)
        )
        price(axis, names, seconds, quality)
        floor_line(axis, floor_of(own, measure), "y")
        titled(axis, title, axis_name("core_seconds"), axis_name(measure))
    place = (0.55 / WIDTH, (foot + 0.02) / figure.get_figheight())
    figure.legend(*axis.get_legend_handles_labels(), loc="lower left", bbox_to_anchor=place, ncols=columns, fontsize=SMALL,
                  frameon=False)  # fmt: skip
    return figure


def grid_picture(rows: Records, across: str, up: str, measure: str = "w1", command: str = "") -> Figure:
    """The median of a measure over a two-setting grid, a panel a scenario and method, on one colour scale."""
    rows = [row for row in rows if across in row and up in row]
    panels = list(groups(rows, ("scenario", "method")).items())[:MOST]
    maps = {title: grid_values(own, across, up, measure) for title, own in panels}
    norm = scale_of(np.concatenate([values[np.isfinite(values)] for _, _, values in maps.values()]))
    tall = max(0.34 * max(len(marks) for _, marks, _ in maps.values()), 1.2)
    how = "medians over seeds · framed: the lowest · ×: no value"
    figure, foot = headed(f"{across} × {up}", how, rows, -(-len(panels) // 2) * (tall + 0.75) + 0.4, command)
    for i, (title, (right, marks, values)) in enumerate(maps.items()):
        left, wide = beside(i, len(maps), 0.95, 0.3)
        axis = axis_at(figure, left, figure.get_figheight() - 0.95 - tall - (tall + 0.75) * (i // 2), wide, tall)
        heat_map(axis, right, marks, values, norm)
        titled(axis, " · ".join(map(str, title)), across, up)
    place = axis_at(figure, 0.95, foot + 0.42, 2.6, 0.1)
    drawn = figure.colorbar(ScalarMappable(norm, STEEPNESS), cax=place, orientation="horizontal")
    ends = np.unique([norm.vmin, norm.vmax])
    drawn.set_ticks(ends.tolist(), labels=[number(float(end)) for end in ends])
    place.xaxis.set_minor_locator(NullLocator())
    quiet(place)
    say(figure, 3.75, foot + 0.4, axis_name(measure), SMALL)
    return figure


def beside(i: int, n: int, before: float, after: float) -> tuple[float, float]:
    """Where the i-th of n panels, two in a row, begins, and how wide it is between its words; a lone one takes the whole row."""
    room = WIDTH - 0.2 if i == n - 1 and n % 2 else (WIDTH - 0.2) / 2
    return (i % 2) * room + before, room - before - after


def scale_of(known: np.ndarray) -> Normalize:
    """A colour scale for values: logarithmic where all are positive."""
    if not len(known):
        return Normalize(0, 1)
    low, high = float(known.min()), float(known.max())
    return LogNorm(low, high) if 0 < low < high else Normalize(low, high if high > low else low + 1)


def grid_values(rows: Records, across: str, up: str, measure: str) -> tuple[list[Any], list[Any], np.ndarray]:
    """Both settings' values in order, and the medians [up, across]; NaN where nothing is known."""
    right, marks = (in_order({row[key] for row in rows}) for key in (across, up))
    found = groups(rows, (up, across))
    values = [[median(known_values(found.get((y, x), []), measure)).value for x in right] for y in marks]
    return right, marks, np.array(values, float)


def kind_keys(rows: Records) -> list[str]:
    """What tells kinds of runs apart within a scenario: the method, and the settings unless they are too many."""
    return ["method", "settings"] if len(groups(rows, ("method", "settings"))) <= KINDS else ["method"]


def kind_name(key: Sequence[str], members: Records = (), measure: str = "") -> str:
    """Method and settings in one line, and how many of its seeds have no value."""
    lost = sum(row.get(measure) is None for row in members)
    return "  ".join([*(part for part in key if part), *([f"({lost} of {len(members)} lost)"] if lost else [])])


def floor_of(rows: Records, measure: str) -> float:
    return median(known_values(rows, f"{measure}_floor")).value


def floor_words(rows: Records, measure: str) -> str:
    return " · dashed: floor" if np.isfinite(floor_of(rows, measure)) else ""


def headed(what: str, how: str, rows: Records, tall: float, command: str) -> tuple[Figure, float]:
    """A figure with its title, what was run, how to read it, and the first lines of the command; the inches that these take."""
    commands = first_lines(command)
    foot = 0.15 * len(commands)
    figure = blank(even(tall + 0.95 + foot))
    up = figure.get_figheight()
    runs, lost = len({row["folder"] for row in rows}), sum(row["status"] != "done" for row in rows)
    left_out = f", {lost} of them diverged or not ended" if lost else ""
    say(figure, 0.2, up - 0.36, f"Sweep: {what}", 15, weight="bold")
    say(figure, 0.2, up - 0.58, f"{runs} runs, {len(rows)} seeds{left_out} · {how}", SMALL)
    for line, words in enumerate(reversed(commands)):
        say(figure, 0.2, 0.1 + 0.15 * line, words, SMALL, family="monospace")
    return figure, foot


def titled(axis: Axes, title: str, across: str, up: str = "") -> None:
    axis.set_title(title, size=LARGE, loc="left", pad=4, color=INK, parse_math=False)
    axis.set_xlabel(across, size=PLAIN, labelpad=2, color=INK, parse_math=False)
    axis.set_ylabel(up, size=PLAIN, labelpad=2, color=INK, parse_math=False)


def save_sweep(
    rows: Records,
    folder: Path,
    measure: str = "w1",
    formats: Sequence[str] = ("png",),
    options: Options = USUAL,
    wanted: Sequence[str] = ("methods", "quality-against-time", "grid"),
    command: str = "",
) -> list[Path]:
    """Write the pictures that are wanted and that records allow, in every format, with the command of the sweep."""
    known = [row for row in rows if row.get(measure) is not None]
    if not known:
        return []
    made: dict[str, Figure] = {}
    if len(groups(known, kind_keys(known))) > 1:
        pictures = {"methods": methods_picture, "quality-against-time": price_picture}
        made = {name: picture(rows, measure, command) for name, picture in pictures.items()}
    keys = [key for key in legal_keys(known) if key not in FIRST and len({row.get(key) for row in known}) > 1]
    if len(keys) == 2:
        made["grid"] = grid_picture(rows, keys[0], keys[1], measure, command)
    paths = {
        folder / f"{name}.{suffix}": figure for name, figure in made.items() if name in wanted for suffix in formats
    }
    for path, figure in paths.items():
        save_figure(figure, path, command, options)
    return list(paths)
