"""Quality against its price in time: every run as a dot with both intervals, named or numbered where it hides nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw import exhibit_parts as shared
from toygan.draw.exhibit_parts import Material, Page, Rows
from toygan.draw.layout import axis_at, cut, size_of
from toygan.draw.panels import CRITIC
from toygan.draw.points import GENERATED
from toygan.draw.sheet import say
from toygan.draw.style import FAINT, INK, PLAIN, SMALL, quiet
from toygan.draw.sweep import floor_line, log_axis
from toygan.quantities.table import axis_name, better
from toygan.view.statistics import Interval, median

FEW = 10  # runs that all can be named beside their marks

Box = tuple[float, float, float, float]  # left, bottom, right, top in inches


class Spot(NamedTuple):
    """A run in a picture of quality against time, both with intervals."""

    label: str
    x: Interval
    y: Interval


def price(material: Material) -> Figure:
    """Quality against core-seconds, a panel a scenario: the front named, and where there are many the others numbered."""
    measure = shared.measures_in(material)[0]
    panels = shared.by_scenario(material.rows)
    spots = {title: spots_of(runs, measure) for title, runs in panels.items()}
    labels = {spot.label for own in spots.values() for spot in own}
    numbers = {label: i for i, label in enumerate(sorted(labels), 1)} if len(labels) > FEW else {}
    wide = len(labels) > FEW or len(panels) == 1
    tall, lines = (3.6 if wide else 2.6), (len(panels) if wide else -(-len(panels) // 2))
    key = 0.16 * -(-len(numbers) // 4) + 0.25 if numbers else 0.0
    made = shared.page(material, (tall + 0.95) * lines + key, price_in_words(material, measure))
    for place, (title, runs) in enumerate(panels.items()):
        left, line = (0.65, place) if wide else (0.65 + 3.85 * (place % 2), place // 2)
        axis = axis_at(made.figure, left, made.top - 0.35 - tall - (tall + 0.95) * line, 7.1 if wide else 3.25, tall)
        floor = shared.floor_of([row for rows in runs.values() for row in rows], measure)
        market(axis, spots[title], measure, numbers, floor)
        shared.titled(axis, title)
    key_of(made, numbers)
    return made.figure


def price_in_words(material: Material, measure: str) -> list[str]:
    corner = {"lower": "lower left is better", "higher": "upper left is better"}.get(better(measure), "")
    runs = shared.by_column(material.rows, "label")
    lost = [label for label, rows in runs.items() if not shared.known(rows, measure)]
    without = f"without a value: {', '.join(lost)}" if lost else ""
    orange = "orange: nothing is both faster and better"
    return [*shared.medians_in_words(material.rows, [measure], corner, orange), without]


def spots_of(runs: Mapping[str, Rows], measure: str) -> list[Spot]:
    """Medians with intervals of each run; a run without a value in all its seeds is left out."""
    names = ("core_seconds", measure)
    made = [Spot(label, *(median(shared.known(rows, name)) for name in names)) for label, rows in runs.items()]
    return [spot for spot in made if math.isfinite(spot.x.value) and math.isfinite(spot.y.value)]


def front(spots: Sequence[Spot], measure: str) -> set[int]:
    """Which runs are such that no other one is both faster and better."""
    sign = -1.0 if better(measure) == "higher" else 1.0
    order = sorted(range(len(spots)), key=lambda i: (spots[i].x.value, sign * spots[i].y.value))
    values = [sign * spots[i].y.value for i in order]
    best_before = [math.inf, *accumulate(values, min)]
    return {i for i, value, best in zip(order, values, best_before, strict=False) if value < best}


def market(axis: Axes, spots: Sequence[Spot], measure: str, numbers: Mapping[str, int], floor: float) -> None:
    """Every run as a dot with both intervals, and its name or number where it hides nothing."""
    if not spots:
        return shared.absent(axis, "no run has a value")
    best = front(spots, measure) if better(measure) != "neither" else set[int]()
    for i, (_, x, y) in enumerate(spots):
        colour = GENERATED if i in best else CRITIC
        axis.plot(x.ends, [y.value, y.value], "-", color=colour, linewidth=0.8, alpha=0.45)
        axis.plot([x.value, x.value], y.ends, "-", color=colour, linewidth=0.8, alpha=0.45)
        axis.plot([x.value], [y.value], "o", color=colour, markersize=5, markeredgecolor="white", markeredgewidth=0.6)
    log_axis(axis, "x", [end for spot in spots for end in spot.x.ends])
    values = np.array([end for spot in spots for end in spot.y.ends])
    if shared.is_wide(np.append(values, floor), measure):
        log_axis(axis, "y", values.tolist())
    floor_line(axis, floor, "y")
    quiet(axis)
    axis.set_xlabel("core-seconds a seed", size=PLAIN, labelpad=2, color=INK)
    axis.set_ylabel(axis_name(measure), size=PLAIN, labelpad=2, color=INK, parse_math=False)
    slowest = max(range(len(spots)), key=lambda i: spots[i].x.value)
    worst = (min if better(measure) == "higher" else max)(range(len(spots)), key=lambda i: spots[i].y.value)
    return name_spots(axis, spots, best | {slowest, worst}, numbers)


def name_spots(axis: Axes, spots: Sequence[Spot], told: set[int], numbers: Mapping[str, int]) -> None:
    """Names of the front and of the extremes first, then the others' numbers, each where it covers least."""
    wide, tall = size_of(axis)
    places = in_inches(axis, np.array([(spot.x.value, spot.y.value) for spot in spots]))
    taken = [(x - 0.05, y - 0.05, x + 0.05, y + 0.05) for x, y in places] + bars_of(axis, spots)
    for i in sorted(range(len(spots)), key=lambda i: i not in told):
        named = i in told or not numbers
        words, size = (spots[i].label, SMALL) if named else (str(numbers[spots[i].label]), SMALL - 1.5)
        box = free_box(places[i], 0.0078 * size * len(words) + 0.03, 0.016 * size, taken, (wide, tall))
        taken.append(box)
        across, up = (box[0] + box[2]) / 2 / wide, (box[1] + box[3]) / 2 / tall
        if distance_to(box, places[i]) > 0.16:  # a thread leads back to the mark
            axis.plot([places[i][0] / wide, across], [places[i][1] / tall, up], "-", color=FAINT, linewidth=0.5, zorder=1,
                      transform=axis.transAxes)  # fmt: skip
        axis.text(box[0] / wide, up, words, size=size, transform=axis.transAxes, color=INK, va="center",
                  parse_math=False, zorder=6)  # fmt: skip


def in_inches(axis: Axes, points: np.ndarray) -> np.ndarray:
    """Points of the data [N, 2] in inches from the axis' lower left corner."""
    shares = axis.transAxes.inverted().transform(axis.transData.transform(points))
    return np.asarray(shares * size_of(axis))


def bars_of(axis: Axes, spots: Sequence[Spot]) -> list[Box]:
    """The intervals of all runs as thin boxes, which names should not cover."""
    bars = np.array([[(x.ends, (y.value, y.value)), ((x.value, x.value), y.ends)] for _, x, y in spots])
    ends = in_inches(axis, bars.swapaxes(2, 3).reshape(-1, 2)).reshape(-1, 2, 2)
    return [(one[0] - 0.01, one[1] - 0.01, other[0] + 0.01, other[1] + 0.01) for one, other in ends]


def free_box(spot: np.ndarray, wide: float, tall: float, taken: Sequence[Box], room: tuple[float, float]) -> Box:
    """The box near a mark that covers least of what is there, the nearest of equals."""
    angles = np.deg2rad([0, 180, 90, 270, 45, 135, 225, 315, 22, 158, 202, 338])
    ways, beside = [np.array([np.cos(angle), np.sin(angle)]) for angle in angles], (wide / 2 + 0.07, tall / 2 + 0.06)
    places = [spot + way * np.add(beside, reach) for reach in (0.0, 0.1, 0.22, 0.36, 0.52, 0.7) for way in ways]
    boxes = [(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2) for x, y in places]
    return min(boxes, key=lambda box: covered(box, taken, room) + 0.002 * distance_to(box, spot))


def covered(box: Box, taken: Sequence[Box], room: tuple[float, float]) -> float:
    """Square inches of other boxes that a box covers, and of itself beyond the panel, which count tenfold."""
    over = sum(overlap(box, other) for other in taken)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return over + 10 * (area - overlap(box, (0.02, 0.02, room[0] - 0.02, room[1] - 0.02)))


def overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    up = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(up, 0.0)


def distance_to(box: Box, spot: np.ndarray) -> float:
    """How far a box's nearest point is from a mark."""
    return math.hypot(max(box[0] - spot[0], 0, spot[0] - box[2]), max(box[1] - spot[1], 0, spot[1] - box[3]))


def key_of(made: Page, numbers: Mapping[str, int]) -> None:
    lines = -(-len(numbers) // 4)
    for i, (label, place) in enumerate(numbers.items()):
        left, row = 0.3 + 1.92 * (i // lines), i % lines
        say(made.figure, left, made.bottom + 0.16 * (lines - 1 - row) + 0.05, f"{place}  {cut(label, 24)}", SMALL - 0.5)
