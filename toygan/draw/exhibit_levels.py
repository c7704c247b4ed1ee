"""Level lines of critics with nothing but real points on them, as papers print them: a column a target, a row a method, the
optimum last; beneath, how deep critics' gradients pass their layers, and where their weights lie.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from toygan.draw.exhibit_curves import histogram, layer_lines
from toygan.draw.exhibit_parts import Labelled, Material, Page, absent, page, runs_in_words, titled, within
from toygan.draw.exhibit_plane import label_lines, without_optimum
from toygan.draw.layout import axis_at, cut
from toygan.draw.panels import frame_view
from toygan.draw.points import REAL
from toygan.draw.sheet import WIDTH
from toygan.draw.style import INK, PLAIN, SMALL, quiet
from toygan.view.apart import worlds
from toygan.view.levels import at, levels
from toygan.view.scene import Scene, drawn_of, inside, scene

LINES = LinearSegmentedColormap.from_list("lines", ["#1b4f8f", "#3f8fbf", "#57b894", "#b9b13a", "#d98b1e"], N=256)
MOST, LEFT, GAP = 5, 0.75, 0.12  # columns at most; inches for rows' names, and between panels
FOOT, HISTOGRAMS = 4.3, 4  # inches of the foot; histograms in it
OPTIMUM = "optimum"
HOW = (
    "Lines join places of one score, blue ones low, orange ones high; dots are real points, and generated ones are not drawn. "
    "The last row is the best critic that there is for the clouds of the first method."
)
BENEATH = (
    "Beneath: size of the loss's gradient at each layer of the other runs' critics (faint: at first, bold: at last), and their "
    "weights in per cent of 41 bins (grey: at first, blue: at last)."
)


def level_lines(material: Material) -> Figure:
    """Runs whose generator is frozen as maps of levels, the others as layers and weights beneath."""
    maps = [run for run in material.recordings if is_frozen(run)]
    deep = [run for run in material.recordings if run not in maps]
    targets = list(dict.fromkeys(run.recording.facts.scenario for run in maps))
    columns = in_columns(maps, targets[:MOST])
    rows = list(dict.fromkeys(name for _, column in columns for name in column))
    side = (WIDTH - LEFT - 0.3) / max(len(columns), 1) - GAP
    tall = bool(maps) * ((1 + len(rows)) * (side + GAP) + 0.3) + bool(deep) * FOOT
    words = runs_in_words([run.recording for run in material.recordings], shown=True)
    left_out = f" · the first {MOST} of {len(targets)} targets" if len(targets) > MOST else ""
    made = page(material, tall, [words + left_out, HOW, BENEATH if deep else ""])
    for place, (name, column) in enumerate(columns):
        draw_column(made, name, column, LEFT + place * (side + GAP), side, rows, place == 0)
    if deep:
        foot(made, deep)
    return made.figure


def is_frozen(run: Labelled) -> bool:
    """Whether a run's generator is real points plus noise, so that only its critic learns."""
    return (run.recording.facts.config.get("generator") or {}).get("kind") == "data-plus-noise"


def in_columns(runs: Sequence[Labelled], targets: Sequence[str]) -> list[tuple[str, dict[str, Scene]]]:
    """The name of each target's column, and what stands in it: a row a method, or a run where a method was run twice on one."""
    facts = [run.recording.facts for run in runs]
    alone = len({(one.scenario, one.method) for one in facts}) == len(runs)
    heads = dict(zip([one.scenario for one in facts], worlds([run.recording for run in runs]), strict=True))
    columns: dict[str, dict[str, Scene]] = {target: {} for target in targets}
    for run, one in zip(runs, facts, strict=True):
        if one.scenario in columns:
            name = one.method if alone else within(run.label, one.scenario)
            columns[one.scenario][name] = scene(run.recording)
    return [(heads[target], column) for target, column in columns.items()]


def draw_column(
    made: Page, name: str, column: dict[str, Scene], left: float, side: float, rows: Sequence[str], named: bool
) -> None:
    """One target: a panel a row from above, empty where the target has no run of it, and the optimum."""
    first = next(iter(column.values()))
    for row, method in enumerate([*rows, OPTIMUM]):
        bottom = made.top - 0.3 - (row + 1) * (side + GAP) + GAP
        axis = axis_at(made.figure, left, bottom, side, side)
        if row == len(rows):
            lines(axis, first, None if first.optimal is None else first.optimal[-1])
        elif method in column:
            lines(axis, column[method], column[method].scores[-1])
        else:
            absent(axis, "not run")
        if row == 0:
            titled(axis, cut(name, int(13 * side)), PLAIN)
        if named:
            axis.set_ylabel("\n".join(label_lines(method, side)), size=PLAIN, color=INK, labelpad=6, parse_math=False)


def lines(axis: Axes, shown: Scene, scores: np.ndarray | None) -> None:
    """Level lines of scores [g, g] over the real points."""
    real = shown.real[inside(shown.real, shown.view)]
    axis.plot(*drawn_of(real, "all").T, "o", color=REAL, markersize=1.6, markeredgewidth=0, alpha=0.55, zorder=3)
    frame_view(axis, shown)
    axis.set(xticks=[], yticks=[])
    if scores is None or not np.isfinite(scores).any():
        absent(axis, without_optimum(axis, shown))
        return
    edges = levels(scores, at(shown, scores, shown.real)).edges
    axis.contour(shown.grid_x, shown.grid_y, scores, edges, cmap=LINES, linewidths=1.1, zorder=2)
    quiet(axis)


def foot(made: Page, runs: Sequence[Labelled]) -> None:
    """Gradients by layer, and beneath them histograms of the weights beside each other."""
    named = [run._replace(label=within(run.label, run.recording.facts.scenario)) for run in runs]
    axis = axis_at(made.figure, LEFT, made.bottom + FOOT - 2.25, 4.6, 1.75)
    layer_lines(axis, named)
    pitch = (WIDTH - LEFT - 0.2) / HISTOGRAMS
    for place, run in enumerate(named[:HISTOGRAMS]):
        panel = axis_at(made.figure, LEFT + place * pitch, made.bottom + 0.45, pitch - 0.45, 0.75)
        histogram(panel, run)
        titled(panel, run.label, SMALL)
