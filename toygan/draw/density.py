"""The exact density of a run's last generator: its map with the folds on it, the target's, and how many latents go where."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from toygan.draw import sheet
from toygan.draw.moments import Insight, at_the_end, moments
from toygan.draw.panels import colour_bar, corner_note, frame_view, pixel_extent
from toygan.draw.players import not_recorded
from toygan.draw.style import INK
from toygan.files.text import number, percent
from toygan.quantities.density import Estimate
from toygan.session.recording import Recording
from toygan.view.scene import Scene

if TYPE_CHECKING:
    from toygan.session.density import SeenDensity

MASS = LinearSegmentedColormap.from_list("mass", ["#ffffff", "#d5e3f0", "#8fb8d9", "#3f83b7", "#0b4a80", "#06213f"])
COUNT = LinearSegmentedColormap.from_list("count", ["#f4e7d3", "#e5b98a", "#cf7a3b", "#97400f", "#4a1a02"])
CROWD = 4000  # pieces of folds from which on they are drawn thin and pale
DEEP = 1e-4  # of the highest density: where the colours begin
MADE, LATENTS = "generated density q", "latents behind a place, and folds"  # titles of maps
MEANING = (
    "q is exact: p(z) / |det ∂G/∂z| summed over the latents z that the generator G sends there. Lines: folds, where the "
    "determinant changes its sign."
)


def density_map(axis: Axes, shown: Scene, seen: SeenDensity) -> None:
    """Draw the density that the generator makes, on a logarithmic scale."""
    coloured(axis, shown, seen, seen.made.density)
    if seen.made.inside < 0.999:
        corner_note(axis, f"{percent(1 - seen.made.inside)} outside the view")


def target_map(axis: Axes, shown: Scene, seen: SeenDensity) -> None:
    """Draw the target's density on the same scale."""
    if seen.target is None:
        frame_view(axis, shown)
        not_recorded(axis, "no density")
    else:
        coloured(axis, shown, seen, seen.target)


def coloured(axis: Axes, shown: Scene, seen: SeenDensity, density: np.ndarray) -> None:
    """A density [g, g] in colours that both have in common."""
    known = seen.made.density if seen.target is None else seen.target
    highest = float(known.max()) or float(seen.made.density.max()) or 1.0
    peak = 10.0 ** math.ceil(math.log10(highest))
    image = axis.imshow(np.maximum(density, 1e-300), cmap=MASS, norm=LogNorm(DEEP * peak, peak), origin="lower",
                        extent=pixel_extent(seen.made.x, seen.made.y), zorder=0)  # fmt: skip
    frame_view(axis, shown)
    colour_bar(axis, image, [peak * share for share in (1e-3, 1e-2, 1e-1)], "density, per unit area")


def sheet_map(axis: Axes, shown: Scene, seen: SeenDensity) -> None:
    """Draw how many latents go to each place; white where none does."""
    most = max(int(seen.made.sheets.max()), 2)
    count = np.where(seen.made.sheets > 0, seen.made.sheets, np.nan)
    image = axis.imshow(count, cmap=COUNT, norm=LogNorm(1, most), origin="lower", zorder=0,
                        extent=pixel_extent(seen.made.x, seen.made.y))  # fmt: skip
    folds(axis, shown, seen)
    frame_view(axis, shown)
    colour_bar(axis, image, [1, round(most**0.5), most], "latents that go there")


def folds(axis: Axes, shown: Scene, seen: SeenDensity) -> None:
    """Draw the curves at which the generator folds the plane, pale where there are many."""
    made, (left, right, bottom, top) = seen.made, shown.view
    low, high = made.folds.min(axis=1), made.folds.max(axis=1)
    there = ((high >= (left, bottom)) & (low <= (right, top))).all(axis=1)
    # Folds of what is squeezed into less than a dot would only be a blot.
    long = np.hypot(*(high - low).T) > 0.1 * (made.x[1] - made.x[0])
    drawn = made.folds[there & long]
    width, alpha = (0.6, 0.9) if len(drawn) < CROWD else (0.3, 0.1)
    lines = LineCollection(list(drawn), colors=INK, linewidths=width, alpha=alpha, rasterized=True)
    axis.add_collection(lines, autolim=False)


def divergences_in_words(seen: SeenDensity) -> list[str]:
    """How far the generator's density q is from the target's p, or why there is no such number."""
    made = seen.made
    if made.why_not:
        return [f"No density of its own: {made.why_not}; the map shows the rest."]
    if seen.target is None:
        return [f"No divergence: {seen.no_target}."]
    missed = f" ({percent(made.missed)} of the target has no latent)" if made.missed > 0 else ""
    return [f"KL(q | p) = {told(made.reverse_kl)}", f"KL(p | q) = {told(made.kl)}{missed}"]


def told(estimate: Estimate) -> str:
    """A divergence with its error, in nats."""
    value, error = estimate
    if math.isinf(value):
        return "∞"
    digits = 1 + math.floor(math.log10(max(abs(value), error) / error)) if error > 0 else 3
    return f"{number(value, min(digits + 1, 4))} ± {number(error, 1)} nats"


def densities(recording: Recording, seen: SeenDensity) -> Figure:
    """The sheet: the generator's density, the target's, and the number of latents behind each place."""
    words = "   ·   ".join(divergences_in_words(seen))
    prose = [(words, "bold"), *((line, "normal") for line in textwrap.wrap(MEANING, sheet.TEXT))]
    view = Insight("density", {MADE: density_map, "the target's density p": target_map, LATENTS: sheet_map})
    figure = at_the_end(view, recording, seen, prose, sheet.THIRD)
    for axis in figure.axes[1:]:
        axis.tick_params(labelleft=False)
    return figure


def densities_at(recordings: Sequence[Recording], seen: Sequence[SeenDensity]) -> Figure:
    """The sheet of one run at several steps: the generator's density and the latents behind each place, side by side."""
    view = Insight("density", {MADE: density_map, LATENTS: sheet_map})
    return moments(view, recordings, seen, list(map(divergences_in_words, seen)), MEANING)
