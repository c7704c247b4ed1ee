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
from toygan.draw.exhibit_plane import without_optimum
from toygan.draw.layout import axis_at
from toygan.draw.panels import INK, PLAIN, SMALL, frame_view
from toygan.draw.points import REAL
from toygan.draw.sheet import WIDTH
from toygan.draw.style import quiet
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
    table = in_table(maps)
    side = (WIDTH - LEFT - 0.3) / max(len(table), 1) - GAP
    rows = 1 + max((len(column) for column in table.values()), default=0)
    tall = bool(maps) * (rows * (side + GAP) + 0.3) + bool(deep) * FOOT
    words = [runs_in_words([run.recording for run in material.recordings], shown=True), HOW, BENEATH if deep else ""]
    made = page(material, tall, words)
    for place, (name, column) in enumerate(table.items()):
        draw_column(made, name, column, LEFT + place * (side + GAP), side, place == 0)
    if deep:
        foot(made, deep)
    return made.figure


def is_frozen(run: Labelled) -> bool:
    """Whether a run's generator is real points plus noise, so that only its critic learns."""
    return (run.recording.facts.config.get("generator") or {}).get("kind") == "data-plus-noise"


def in_table(runs: Sequence[Labelled]) -> dict[str, dict[str, Scene]]:
    """Runs by what their scenario is called, then by method."""
    found: dict[str, dict[str, Scene]] = {}
    for run in runs:
        facts = run.recording.facts
        found.setdefault(facts.title, {}).setdefault(facts.method, scene(run.recording))
    return dict(list(found.items())[:MOST])


def draw_column(made: Page, name: str, column: dict[str, Scene], left: float, side: float, named: bool) -> None:
    """One target: a panel a method from above, and the optimum."""
    shown = [(method, one, one.scores[-1]) for method, one in column.items()]
    first = next(iter(column.values()))
    rows = [*shown, (OPTIMUM, first, None if first.optimal is None else first.optimal[-1])]
    for row, (method, one, scores) in enumerate(rows):
        bottom = made.top - 0.3 - (row + 1) * (side + GAP) + GAP
        axis = axis_at(made.figure, left, bottom, side, side)
        lines(axis, one, scores)
        if row == 0:
            titled(axis, name, PLAIN)
        if named:
            axis.set_ylabel(method, size=PLAIN, color=INK, labelpad=6, parse_math=False)


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
