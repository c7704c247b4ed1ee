"""Pictures of theory, without training: distances along a number, phase portraits, plans on a line, a bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from toygan.draw import distance
from toygan.draw.dirac import portraits
from toygan.draw.exhibit_parts import Material, Page, Rows, by_column, nothing, page, titled
from toygan.draw.layout import axis_at, size_of
from toygan.draw.panels import CRITIC
from toygan.draw.points import GENERATED, REAL
from toygan.draw.sheet import WIDTH, say
from toygan.draw.style import FAINT, INK, PLAIN, SMALL, quiet
from toygan.draw.sweep import log_axis
from toygan.view.records import Row, groups
from toygan.view.statistics import mean
from toygan.view.words import CRITICS

BOX, LINE = 0.2, 0.26  # inches: a side of a box on a line, the line of a way
OF_CRITIC = {"none": FAINT, "learned": GENERATED, "exact": CRITIC}


def column(rows: Rows, name: str) -> np.ndarray:
    """A column of rows [N]; NaN where there is no number."""
    return np.array([row[name] if isinstance(row.get(name), int | float) else np.nan for row in rows], float)


def distances(material: Material) -> Figure:
    """Distances along a number, three panels a piece: moving mass, bounded ones, and ones that may be infinite."""
    pieces = by_column(material.rows, "distances")
    if not pieces:
        return nothing(material, "no distance to show")
    how = "Exact where a closed form or a solver knows them, else from samples. Triangles on the upper edge: infinite."
    made = page(material, 3.35 * len(pieces), [how])
    taken = {"distances", "label", *distance.DISTANCES}
    for place, (name, rows) in enumerate(pieces.items()):
        others = (one for one in rows[0] if one not in taken and not one.endswith("_floor"))
        key = material.across or next(others, "")
        along_a_number(made, made.top - 3.35 * place, name if len(pieces) > 1 else "", rows, key)
    return made.figure


def along_a_number(made: Page, top: float, name: str, rows: Rows, key: str) -> None:
    rows = sorted(rows, key=lambda row: row.get(key, 0))
    along = column(rows, key).tolist()
    values, floors = ({each: column(rows, f"{each}{tail}") for each in distance.DISTANCES} for tail in ("", "_floor"))
    step = (WIDTH - 0.55) / len(distance.PANELS)
    if name:
        say(made.figure, 0.2, top - 0.2, name, PLAIN, weight="bold")
    for i, heading in enumerate(distance.PANELS):
        axis = axis_at(made.figure, 0.55 + i * step, top - 2.85, step - 0.62, 2.0)
        distance.panel(axis, heading, key, along, values, floors)


def phases(material: Material) -> Figure:
    """Phase portraits of the Dirac-GAN, each with its eigenvalues."""
    if not material.phases:
        return nothing(material, "no phase portrait to show")
    return portraits(material.phases, material.command, material.title)


def plans(material: Material) -> Figure:
    """Boxes on a line with the arrows of the cheapest plan, and the plan as a matrix, a line a piece."""
    pieces = [row for rows in by_column(material.rows, "plans").values() for row in rows]
    if not pieces:
        return nothing(material, "no plan to show")
    how = (
        "Orange: boxes where they stand; dark: where they must go; arrows: the cheapest plan. Cost: the sum of all "
        "distances. In the matrix: every distance, the plan's moves filled."
    )
    rooms = [max(2.35, 0.28 * len(row["a"]) + 0.95) for row in pieces]  # inches
    made = page(material, sum(rooms), [how])
    top = made.top
    for row, room in zip(pieces, rooms, strict=True):
        plan(made, row, top, room)
        top -= room
    return made.figure


def plan(made: Page, row: Row, top: float, room: float) -> None:
    """One plan: the line at the left, the matrix at the right."""
    n = len(row["a"])
    side = min(0.28 * n, 2.6) if n > 3 else 0.36 * n
    best, worst = (f"{float(row[name]):.4g}" for name in ("best", "worst"))
    costs = f"every plan costs {best}" if best == worst else f"the cheapest plan costs {best}, the dearest {worst}"
    say(made.figure, 0.2, top - 0.25, f"{row['plans']} · {costs}", PLAIN + 0.5, weight="bold")
    line(axis_at(made.figure, 0.35, top - room + 0.35, WIDTH - side - 1.65, room - 0.7), row)
    as_matrix(axis_at(made.figure, WIDTH - side - 0.35, top - 0.65 - side, side, side), row)


def line(axis: Axes, row: Row) -> None:
    """Boxes above the line, goals beneath it, equal places stacked, and an arrow a move."""
    a, b = np.asarray(row["a"], float), np.asarray(row["b"], float)
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    wide, tall = size_of(axis)
    unit = (high - low + 1.2) / wide * BOX  # a box in units of the line
    axis.set(xlim=(low - 0.6, high + 0.6), ylim=(0, tall), yticks=[])
    middle = tall / 2
    tops, lows = middle + 0.42 + before(a) * BOX, middle - 0.42 - before(b) * BOX
    for i, j in row["moves"]:
        side = np.sign(b[j] - a[i]) * unit / 2  # from the side that faces the goal
        axis.annotate("", (b[j] - side, lows[j] + BOX / 2 * (not side)), (a[i] + side, tops[i] - BOX / 2 * (not side)),
                      arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "alpha": 0.75, "shrinkA": 0,
                                  "shrinkB": 0, "mutation_scale": 8})  # fmt: skip
    for places, heights, colour in ((a, tops, GENERATED), (b, lows, REAL)):
        for number, (x, y) in enumerate(zip(places, heights, strict=True)):
            axis.add_patch(Rectangle((x - unit / 2, y - BOX / 2), unit, BOX, facecolor=colour, edgecolor="white",
                                     linewidth=1))  # fmt: skip
            axis.text(x, y, str(number + 1), color="white", size=SMALL - 1, ha="center", va="center")
    axis.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    quiet(axis, ("left", "top", "right"))


def before(places: np.ndarray) -> np.ndarray:
    """How many boxes stand at the place [n] of each before it."""
    return np.array([np.sum(places[:i] == place) for i, place in enumerate(places)], float)


def as_matrix(axis: Axes, row: Row) -> None:
    """Distances |a - b| of every pair, boxes down and places across; the moves of the plan filled."""
    a, b = np.asarray(row["a"], float), np.asarray(row["b"], float)
    n = len(a)
    moves = {tuple(move) for move in row["moves"]}
    for i, j in np.ndindex(n, n):
        ground, ink, weight = (GENERATED, "white", "bold") if (i, j) in moves else ("white", FAINT, "normal")
        axis.add_patch(Rectangle((j, i), 1, 1, facecolor=ground, edgecolor=FAINT, linewidth=0.4))
        axis.text(j + 0.5, i + 0.5, f"{abs(a[i] - b[j]):.3g}", ha="center", va="center",
                  size=SMALL - 1 if n <= 8 else 6, color=ink, weight=weight)  # fmt: skip
    axis.set(xlim=(0, n), ylim=(n, 0))
    axis.set_xticks(np.arange(n) + 0.5, [f"{place:g}" for place in b])
    axis.set_yticks(np.arange(n) + 0.5, [f"{place:g}" for place in a])
    quiet(axis)
    axis.tick_params(labelsize=SMALL - 1, length=0)
    axis.set_xlabel("to", size=SMALL, labelpad=1, color=REAL)
    axis.set_ylabel("from", size=SMALL, labelpad=1, color=GENERATED)


def bounds(material: Material) -> Figure:
    """W1 beside its bound under noise, and the divergence that the bound is made of, against the noise's std."""
    pieces = by_column(material.rows, "bounds")
    if not pieces:
        return nothing(material, "no bound to show")
    how = (
        "W1 ≤ 2 √V + 2 C √JS: V the variance of the noise, C the diameter, JS between the two blurred lines. "
        "Dot: the tightest bound."
    )
    made = page(material, 3.1 * len(pieces), [how])
    for place, (name, members) in enumerate(pieces.items()):
        rows, bottom = sorted(members, key=lambda row: row["std"]), made.top - 3.1 * place - 2.6
        left = axis_at(made.figure, 0.65, bottom, 3.9, 2.2)
        bound_lines(left, rows)
        titled(left, name, PLAIN + 0.5)
        divergence(axis_at(made.figure, 5.4, bottom, 2.35, 2.2), rows)
    return made.figure


def bound_lines(axis: Axes, rows: Rows) -> None:
    std, w1, bound = (column(rows, name) for name in ("std", "w1", "bound"))
    axis.fill_between(std, w1, bound, color=CRITIC, alpha=0.1, linewidth=0)
    for values, colour, dashes, label in ((bound, CRITIC, "-", "the bound"), (w1, GENERATED, "--", "W1")):
        axis.plot(std, values, dashes, color=colour, linewidth=1.8, label=label)
    if np.isfinite(bound).any():
        best = int(np.nanargmin(bound))
        axis.plot(std[best], bound[best], "o", color=CRITIC, markersize=6)
        axis.annotate(f"{bound[best]:.3g} at std {std[best]:.3g}", (std[best], bound[best]), (6, 8), size=SMALL,
                      textcoords="offset points", color=INK)  # fmt: skip
    against_std(axis, rows)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("plane units", size=PLAIN, labelpad=2, color=INK)
    axis.legend(loc="upper left", fontsize=SMALL, frameon=False)


def divergence(axis: Axes, rows: Rows) -> None:
    """The Jensen-Shannon divergence of the blurred lines, from log 2 down."""
    axis.plot(column(rows, "std"), column(rows, "js"), "-", color=INK, linewidth=1.6)
    axis.axhline(np.log(2), color=FAINT, linewidth=0.7, linestyle="--")
    axis.text(0.98, np.log(2), "log 2", size=SMALL, color=FAINT, ha="right", va="bottom",
              transform=axis.get_yaxis_transform())  # fmt: skip
    against_std(axis, rows)
    axis.set_ylim(0, 0.78)
    titled(axis, "JS of the blurred lines (nats)", PLAIN)


def against_std(axis: Axes, rows: Rows) -> None:
    log_axis(axis, "x", column(rows, "std").tolist())
    axis.set_xlabel("std of the noise (log scale)", size=PLAIN, labelpad=2, color=INK)
    quiet(axis)
    axis.grid(linewidth=0.4, alpha=0.35)


def refined(material: Material) -> Figure:
    """W1 of a generator's points as they are made and as critics sort them, a panel a piece and run, a line a way."""
    rows = [row for row in material.rows if row.get("refined") is not None]
    pieces = groups(rows, ("refined", "scenario", "method"))
    if not pieces:
        return nothing(material)
    how = (
        "W1 to the real points, of 1000 points; rings: seeds, bar: the mean with its 95 % interval. Grey: as they are made; "
        "orange: sorted by the learned critic; blue: by the optimal one. Line: perfect samples, the mean; shaded up to the "
        "largest of 16, both in the mean over the seeds."
    )
    drawn = {key: groups(rows, ("critic", "way")) for key, rows in pieces.items()}
    made, bottom = page(material, sum(LINE * len(lines) + 0.85 for lines in drawn.values()), [how]), 0.0
    for key, lines in drawn.items():
        bottom += LINE * len(lines) + 0.85
        axis = axis_at(made.figure, 2.6, made.top - bottom + 0.45, WIDTH - 2.9, LINE * len(lines))
        ways(axis, " · ".join(str(part) for part in key if part), lines)
    return made.figure


def ways(axis: Axes, name: str, lines: Mapping[tuple[Any, ...], Rows]) -> None:
    """One run's clouds from above, by critic and way."""
    titled(axis, name, PLAIN)
    told = [row for rows in lines.values() for row in rows if row.get("status") != "diverged"]
    if told:
        floor, most = (float(np.nanmean(column(told, one))) for one in ("w1_floor", "perfect"))
        axis.axvspan(0, most, color=FAINT, alpha=0.18, linewidth=0)
        axis.axvline(floor, color=INK, linewidth=0.9, linestyle=(0, (4, 2)))
    for place, ((critic, _), rows) in enumerate(lines.items()):
        over_seeds(axis, place, rows, OF_CRITIC[str(critic)])
    names = [str(way) if critic == "none" else f"{way}, {CRITICS[str(critic)]}" for critic, way in lines]
    axis.set_yticks(range(len(lines)), names)
    axis.set_ylim(len(lines) - 0.5, -0.5)
    axis.set_xlim(left=0)
    quiet(axis)


def over_seeds(axis: Axes, place: int, rows: Rows, color: str) -> None:
    """The W1 of one way, a ring a seed, and their mean with its interval; words of the seeds that have none, and why."""
    known, why = [value for value in column(rows, "w1") if np.isfinite(value)], without_value(rows)
    if not known:
        axis.text(0.01, place, why, size=SMALL, va="center", color=INK, transform=axis.get_yaxis_transform())
        return
    found = mean(known)
    axis.plot(found.ends, [place, place], color=color, linewidth=3, solid_capstyle="butt", alpha=0.55)
    axis.plot(known, [place] * len(known), "o", color=color, markersize=5, markerfacecolor="none", markeredgewidth=0.9)
    axis.plot(found.value, place, "|", color=color, markersize=11, markeredgewidth=2)
    if why:
        axis.annotate(why, (max(known), place), (8, 0), textcoords="offset points", va="center", size=SMALL, color=INK)


def without_value(rows: Rows) -> str:
    """How many seeds of a way have no distance, and why; where none has one, with the words on how the points were got."""
    lost = [row for row in rows if row.get("status") == "diverged"]
    few = [row for row in rows if row not in lost and not np.isfinite(column([row], "w1")[0])]
    parts = [f"{len(lost)} of {len(rows)} seeds diverged"] if lost else []
    if few and len(few) + len(lost) == len(rows):
        parts.append(f"too few points for a distance: {few[0].get('words', '')}")
    elif few:
        parts.append(f"{len(few)} of {len(rows)} seeds: too few points")
    return "; ".join(parts)
