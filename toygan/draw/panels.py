"""The panels: each draws one thing into the axis it is given, and returns the artists that a film moves.

Colours are those of Okabe and Ito (2008, Color Universal Design). The critic's colours rise in lightness with the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from toygan.draw.layout import size_of
from toygan.draw.points import GENERATED, generated_cloud, generated_points, real_points
from toygan.draw.style import FAINT, FRAMELESS, INK, LARGE, PLAIN, SMALL, quiet, write
from toygan.files.text import LARGEST, SMALLEST, number
from toygan.quantities.table import Floor, label_of, shown_in
from toygan.session.recording import Recording
from toygan.view.levels import Levels, scales
from toygan.view.scene import Scene, boundary_lines, exact_transport, outside_share, score_range, steepest

CRITIC, PENALTY, SHARE, BOUNDARY = "#0072b2", "#7a7a7a", "#009e73", "#8b1a6b"
# Even in lightness, and light enough at its dark end that single orange marks show in a grey print.
SCORES = LinearSegmentedColormap.from_list("scores", ["#8fa8dc", "#a9c3dc", "#c6dad0", "#e6e8bd", "#fffbe4"], N=256)
STEEPNESS = LinearSegmentedColormap.from_list("steepness", [(0, "#ffffff"), (1 / 11, "#f1f3f8"), (1, "#a3b1d0")], N=12)
Dash = Literal["-", "--", ":"]
Stroke = tuple[str, Dash, float]  # colour, dash, width in points
BANDS = 12
IN_LEGEND = 3  # lines that a row of a legend names
NARROW = 1.85  # inches: a panel of curves over which there is no room for a sentence
Boundary = tuple[LineCollection, Text] | tuple[()]
NOTE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}  # the ground of words
SEVERAL: list[tuple[str, Dash]] = [(CRITIC, "-"), (SHARE, "--"), (GENERATED, ":"), (INK, "-")]  # measures on one panel
METHOD_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222"]


def critic_contour(axis: Axes, scene: Scene, frame: int = -1, edges: np.ndarray | None = None) -> Axes:
    """Draw the critic's score as bands and thin lines, with points; lighter is more real. Edges [n] part the bands."""
    edges = scales(scene, frame).critic.edges if edges is None else edges
    if scene.critic_kept:
        score_bands(axis, scene, scene.scores[frame], edges)
    real_points(axis, scene)
    generated_cloud(axis, scene, frame)
    decision_boundary(axis, scene, frame)
    say_outside(axis, scene, frame)
    frame_view(axis, scene)
    return axis


def optimal_contour(axis: Axes, scene: Scene, edges: np.ndarray, frame: int = -1) -> None:
    """Draw the optimal critic as `critic_contour` draws the learned one; blank where nothing is best."""
    assert scene.optimal is not None
    score_bands(axis, scene, scene.optimal[frame if scene.optimal_moves else -1], edges)
    real_points(axis, scene)
    generated_cloud(axis, scene, frame)
    frame_view(axis, scene)


def score_bands(axis: Axes, scene: Scene, scores: np.ndarray, edges: np.ndarray) -> None:
    """Scores [g, g] as filled bands, with thin lines between them."""
    axis.contourf(scene.grid_x, scene.grid_y, scores, edges, cmap=SCORES, norm=bands(edges), extend="both")
    crossed = edges[(np.nanmin(scores) < edges) & (edges < np.nanmax(scores))]
    if len(crossed):
        axis.contour(scene.grid_x, scene.grid_y, scores, crossed, colors=INK, linewidths=0.4, alpha=0.5,
                     linestyles="solid")  # fmt: skip


def decision_boundary(axis: Axes, scene: Scene, frame: int) -> Boundary:
    """Where the critic cannot tell real from generated, a line and a word in the corner; nothing without such a score."""
    if scene.boundary is None:
        return ()
    line = LineCollection([], colors=BOUNDARY, linewidths=0.9, zorder=4)
    words = write(axis, 0.985, 0.985, "", color=BOUNDARY, bbox=NOTE, ha="right", va="top", zorder=6)
    axis.add_collection(line, autolim=False)
    move_boundary((line, words), scene, frame)
    return line, words


def move_boundary(drawn: Boundary, scene: Scene, frame: int) -> None:
    """Set the boundary and its words to a frame; they tell the raw score, while the colours' zero is the median, removed."""
    if not drawn:
        return
    lines, score = boundary_lines(scene, frame), number(scene.recording.facts.summary.boundary or 0.0)
    drawn[0].set_segments(lines)
    word = "\N{EM DASH} boundary" if lines else "no boundary in view"
    drawn[1].set_text(f"{word}: raw score {score}")


def slope_field(axis: Axes, scene: Scene, frame: int = -1, longest: float | None = None) -> Axes:
    """Draw the critic's gradient as arrows over its steepness; most generators push their points that way."""
    longest = steepest(scene.slopes[[frame]]) if longest is None else longest
    axis.imshow(
        steepness(scene.slopes[frame]), cmap=STEEPNESS, vmin=0, vmax=longest, origin="lower", interpolation="bilinear",
        extent=pixel_extent(scene.slope_x, scene.slope_y), aspect="equal", zorder=0,
    )  # fmt: skip
    faint_points(axis, scene, frame)
    arrows(axis, scene, frame, longest)
    say_outside(axis, scene, frame)
    frame_view(axis, scene)
    return axis


def steepness(slopes: np.ndarray) -> np.ndarray:
    """|grad score| from [..., 2] to [...]."""
    return np.asarray(np.hypot(slopes[..., 0], slopes[..., 1]))


def arrows(axis: Axes, scene: Scene, frame: int, longest: float) -> Quiver:
    """One arrow a grid point, uphill; full length, one grid cell, from steepness `longest` on."""
    return axis.quiver(
        scene.slope_x, scene.slope_y, *arrow_lengths(scene, frame, longest), color=INK, angles="xy", scale_units="xy",
        scale=1, pivot="mid", units="width", width=0.0036, headwidth=3.6, headlength=4.2, headaxislength=3.6,
        minlength=0.5, zorder=4,
    )  # fmt: skip


def arrow_lengths(scene: Scene, frame: int, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """Arrow components [h, h] in plane units: the slope's direction, its steepness as a share of one grid cell."""
    cell = 0.92 * min(spacing(scene.slope_x), spacing(scene.slope_y))
    slopes = scene.slopes[frame]
    shrink = cell / np.maximum(steepness(slopes), longest)
    return slopes[..., 0] * shrink, slopes[..., 1] * shrink


def spacing(axis_points: np.ndarray) -> float:
    """Distance of neighbours on an even axis; 1 for a single point."""
    return float(axis_points[-1] - axis_points[0]) / max(len(axis_points) - 1, 1) or 1.0


def field_box(axis: Axes) -> tuple[int, int, int, int]:
    """Left, bottom, right and top of an axis in whole pixels, after its aspect has been applied."""
    place: Any = axis.get_axes_locator()  # of a panel within another; none of a whole one
    axis.apply_aspect(place(axis, None) if place else None)
    return tuple(round(float(side)) for side in axis.get_window_extent().extents)  # type: ignore[return-value]


def pixel_extent(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Where an image must lie so that its pixels are centred on the grid points."""
    dx, dy = spacing(x) / 2, spacing(y) / 2
    return float(x[0]) - dx, float(x[-1]) + dx, float(y[0]) - dy, float(y[-1]) + dy


def faint_points(axis: Axes, scene: Scene, frame: int) -> tuple[Line2D, Line2D]:
    """Real and generated points, both pale: beneath arrows."""
    real, generated = real_points(axis, scene), generated_points(axis, scene, frame)
    real.set_alpha(0.15)
    generated.set_alpha(0.35)
    return real, generated


def say_outside(axis: Axes, scene: Scene, frame: int) -> None:
    """Say in the corner which share of the generated points the view leaves out."""
    corner_note(axis, outside_share(scene.samples[frame], scene.view))


def corner_note(axis: Axes, words: str) -> Text:
    """A short note in the panel's lower left corner, on white."""
    return write(axis, 0.015, 0.015, words, bbox=NOTE, va="bottom", zorder=6)


def frame_view(axis: Axes, scene: Scene) -> None:
    """The same view and equal units in every panel of a scenario."""
    left, right, bottom, top = scene.view
    axis.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", anchor="W")
    for line in (axis.xaxis, axis.yaxis):
        line.set_major_locator(MaxNLocator(3))  # few, so that none sits in a corner beside its neighbour's
        line.set_major_formatter(FuncFormatter(plane_tick))
    quiet(axis)


def band_edges(scores: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Band edges for scores [T, g, g], frames of any shape, on one scale: bands of a round width, one centred on the median, 0.

    So a flat critic, or a flat region at the median, is one band without a line through its rounding noise.
    """
    low, high = score_range(scores)
    width = float(np.diff(MaxNLocator(BANDS).tick_values(low, high))[0])
    return width * (np.arange(np.floor(low / width + 0.5), np.ceil(high / width - 0.5) + 1) - 0.5)


def bands(edges: np.ndarray) -> BoundaryNorm:
    """One flat colour a band, and one for all that lies beyond on either side."""
    return BoundaryNorm(edges, SCORES.N, extend="both")


def band_colours(edges: np.ndarray) -> np.ndarray:
    """One colour a band, RGBA in bytes [len(edges) + 1, 4]: the first lies below all edges, the last above them."""
    middles = np.concatenate([[edges[0] - 1], (edges[1:] + edges[:-1]) / 2, [edges[-1] + 1]])
    return np.asarray(SCORES(bands(edges)(middles), bytes=True))


class Bar(NamedTuple):
    """The colours of a colour bar, and the words beneath it."""

    fill: PolyCollection
    words: Text


def score_bar(axis: Axes, shown: Levels, label: str, ends: Levels | None = None, below: float = 0.38) -> Bar:
    """A colour bar so many inches under a panel, over the scores of `ends` or of the levels; a band is as wide as its scores."""
    _, low, high = ends or shown
    zero = {0.0} if min(-low, high) * size_of(axis)[0] > 0.62 * (high - low) else set()  # far enough from both ends
    drawn = bar(axis, low, high, sorted({low, high} | zero), label, below)
    move_score_bar(drawn, shown)
    return drawn


def move_score_bar(drawn: Bar, shown: Levels) -> None:
    """Set the colours of a critic's bar to other levels."""
    inner = shown.edges[(shown.low < shown.edges) & (shown.edges < shown.high)]
    ends = np.array([shown.low, *inner, shown.high])
    fill_bar(drawn, ends, band_colours(shown.edges)[np.searchsorted(shown.edges, (ends[1:] + ends[:-1]) / 2)])


def steepness_bar(axis: Axes, longest: float, label: str, most: float | None = None) -> Bar:
    """A colour bar under a slope panel, up to `most` or a full-length arrow's steepness; steeper ones have the last colour."""
    end = most or longest
    drawn = bar(axis, 0, end, [0, end / 2, end], label)
    move_steepness_bar(drawn, longest)
    return drawn


def move_steepness_bar(drawn: Bar, longest: float) -> None:
    """Set the colours of a slope panel's bar to another steepness of a full-length arrow."""
    fill_bar(drawn, np.linspace(0, longest, STEEPNESS.N + 1), STEEPNESS(np.arange(STEEPNESS.N), bytes=True))


def bar(axis: Axes, low: float, high: float, marks: Sequence[float], label: str, below: float = 0.38) -> Bar:
    """An empty colour bar so many inches below an axis, numbers on it and its meaning beneath."""
    place = bar_axis(axis, below)
    place.set(xlim=(low, high) if high > low else (low - 1, low + 1), ylim=(0, 1))
    number_bar(place, marks, [tick(float(f"{mark:.2g}")) for mark in marks])  # short: it ends where scores do
    fill = PolyCollection([], edgecolors="none")
    place.add_collection(fill, autolim=False)
    words = place.annotate(label, (0, 0), (0, -21), "axes fraction", "offset points", size=PLAIN, color=INK)
    return Bar(fill, words)


def fill_bar(drawn: Bar, ends: np.ndarray, colours: np.ndarray) -> None:
    """Set a bar's colours [n, 4], in bytes, from one of ends [n + 1] to the next."""
    left, right = ends[:-1], ends[1:]
    low, high = np.zeros_like(left), np.ones_like(left)
    drawn.fill.set_verts(np.stack([left, low, right, low, right, high, left, high], 1).reshape(-1, 4, 2))  # type: ignore[arg-type]
    drawn.fill.set_facecolor(colours / 255)  # type: ignore[arg-type]


def number_bar(place: Axes, marks: Sequence[float], words: Sequence[str]) -> None:
    """Numbers on a bar; those at its ends stay within it, for another bar may be near."""
    place.set_xticks(list(marks), list(words))
    place.xaxis.set_minor_locator(NullLocator())
    if len(marks) > 1:
        first, *_, last = place.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")


def bar_axis(axis: Axes, below: float) -> Axes:
    """The axis of a thin horizontal bar, so many inches below an axis, with a thin frame and small numbers."""
    inch = 1 / size_of(axis)[1]
    place = axis.inset_axes((0.0, -below * inch, 1.0, 0.11 * inch))
    place.tick_params(labelsize=SMALL, length=2, pad=1.5, color=FAINT)
    place.set_yticks([])
    for spine in place.spines.values():
        spine.set(linewidth=0.4, edgecolor=FAINT)
    return place


def colour_bar(axis: Axes, colours: ScalarMappable, marks: Sequence[float], label: str) -> None:
    """A bar of a continuous scale of colours below an axis, numbers on it and its meaning beneath."""
    place = bar_axis(axis, 0.38)
    drawn = axis.figure.colorbar(colours, cax=place, orientation="horizontal", extendfrac=0.03)
    number_bar(place, marks, list(map(tick, marks)))
    drawn.outline.set(linewidth=0.4, edgecolor=FAINT)
    place.set_xlabel(label, size=PLAIN, labelpad=1, color=INK, loc="left")


def tick(value: float, _: int | None = None) -> str:
    """A number beside an axis, as sentences write it; a round one to the last digit."""
    return number(value, 6 if SMALLEST <= abs(value) < LARGEST else 3)


def plane_tick(value: float, at: int | None = None) -> str:
    """A number beside the plane: as beside an axis, but with a k from 10⁴ to 10⁸: far from the origin neighbours must differ."""
    return f"{number(value / 1e3, 6)}k" if 1e4 <= abs(value) < 1e8 else tick(value, at)


def loss_curves(axis: Axes, recording: Recording) -> Axes:
    """Both losses, and the penalty where there is one, over the steps: the portrait seed bold, the others thin."""
    critic, generator, penalty = (recording.curve(name) for name in ("critic_loss", "generator_loss", "penalty"))
    parts = [(critic, "critic", CRITIC, "-"), (generator, "generator", GENERATED, "--")]
    if penalty is not None and np.nanmax(np.abs(penalty)) > 0:
        parts.append((penalty, "penalty", PENALTY, ":"))
    for part in parts:
        plot_seeds(axis, recording, *part)
    known = [values.ravel() for values, *_ in parts if values is not None]
    wide_range(axis, np.concatenate(known) if known else np.array([]))
    dress_curves(axis, recording, "losses (log scale)" if axis.get_yscale() == "symlog" else "losses")
    return axis


def wide_range(axis: Axes, values: np.ndarray) -> None:
    """Where a few values dwarf the others, squeeze the axis so that the others stay visible."""
    size = np.abs(values[np.isfinite(values)])
    typical = float(np.median(size)) if len(size) else 0.0
    if typical > 0 and size.max() > 100 * typical:
        axis.set_yscale("symlog", linthresh=typical)
        powers = [p for p in 10.0 ** np.arange(-30, 31) if typical <= p <= size.max()]
        ticks = powers[:: max(len(powers) // 3, 1)]
        axis.yaxis.set_major_locator(FixedLocator(sorted({0.0, *ticks, *(-t for t in ticks)})))
        axis.yaxis.set_minor_locator(NullLocator())


def w1_curves(axis: Axes, recording: Recording) -> Axes:
    """W1 of every seed over the steps on a logarithmic axis, with the band of its floor."""
    best, floor, w1 = recording.floor("w1"), recording.curve("w1_floor"), recording.curve("w1")
    plot_seeds(axis, recording, w1, "", GENERATED, "-")
    wide = size_of(axis)[0] > NARROW
    floor_band(axis, floor, "floor, band: 90 % of perfect samplers" if best and best.draws and wide else "floor", best)
    logarithmic(axis, [w1, floor])
    dress_curves(axis, recording, "W1 to the target (log scale)")
    seeds = recording.facts.seeds
    if w1 is not None and len(seeds) <= 6:  # few enough to read
        styles: list[Stroke] = [(GENERATED, "-", 1.8 if s == 0 else 0.7) for s in range(len(seeds))]
        name_ends(axis, list(map(last_finite, w1.T)), [f"seed {seed}" for seed in seeds], styles)
    return axis


def floor_band(axis: Axes, floor: np.ndarray | None, label: str, known: Floor | None = None, colour: str = INK) -> None:
    """How far perfect samplers are from the real points: no method can be expected below. The band holds 90 % of them;
    of older recordings it is the spread, either way of the mean.
    """
    if floor is None or np.nanmax(floor) <= 0:
        return
    low, high = (known.low, known.high) if known else np.nanpercentile(floor[floor > 0], [5, 95])
    fill, alpha = (FAINT, 0.25) if colour == INK else (colour, 0.12)
    axis.axhspan(low, high, color=fill, alpha=alpha, linewidth=0, zorder=0)
    axis.axhline(float(np.nanmedian(floor)), color=colour, linewidth=0.9, linestyle=(0, (4, 2)), label=label, zorder=1)


def logarithmic(axis: Axes, tables: Sequence[np.ndarray | None]) -> None:
    """A logarithmic axis wide enough for two labelled ticks, where anything is positive."""
    positive = np.concatenate([table[table > 0] for table in tables if table is not None] or [np.array([])])
    if not len(positive):
        return
    low, high = float(positive.min()), float(positive.max())
    room = max(1.25, (6 * low / high) ** 0.5)
    axis.set_yscale("log")
    axis.set_ylim(low / room, high * room)
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,), numticks=6))
    axis.yaxis.set_minor_locator(NullLocator())


class Share(NamedTuple):
    """A share [T, S] with the best that a perfect sampler reaches, NaN where that is not known."""

    values: np.ndarray
    best: float


def shares_known(recording: Recording) -> dict[str, Share]:
    """Up to two shares worth a curve, by their label: modes found first."""
    found = {}
    modes, centres = recording.curve("modes"), recording.frames.get("mode_centres")
    if modes is not None and centres is not None:
        found[f"modes (of {len(centres)})"] = Share(modes / len(centres), np.nan)
    for name in shown_in("share"):
        values, best = recording.curve(name), recording.floor(name)
        if values is not None:
            found[label_of(name)] = Share(values, best.mean if best else np.nan)
    return dict(list(found.items())[:2])


def share_curves(axis: Axes, recording: Recording) -> Axes:
    """Modes found and the share of good points over the steps, in per cent, with dotted ceilings."""
    for (label, share), (colour, dashes) in zip(shares_known(recording).items(), SEVERAL, strict=False):
        plot_seeds(axis, recording, 100 * share.values, label, colour, dashes)
        if np.isfinite(share.best):
            axis.axhline(100 * share.best, color=colour, linewidth=0.7, linestyle=":", zorder=0)
    axis.set_ylim(-4, 106)
    axis.yaxis.set_major_locator(FixedLocator([0, 25, 50, 75, 100]))
    dress_curves(axis, recording, "found, per cent")
    return axis


def own_known(recording: Recording) -> list[str]:
    """The user's own measures that have a curve, as many as lines that can be told apart."""
    named = [name for name in recording.facts.own_measures if recording.curve(name) is not None]
    return named[: len(SEVERAL)]


def own_curves(axis: Axes, recording: Recording) -> Axes:
    """The user's own measures over the steps, each with what perfect samplers score in it, dotted."""
    for name, (colour, dashes) in zip(own_known(recording), SEVERAL, strict=False):
        plot_seeds(axis, recording, recording.curve(name), label_of(name), colour, dashes)
        if best := recording.floor(name):
            axis.axhline(best.mean, color=colour, linewidth=0.7, linestyle=":", zorder=0)
    dress_curves(axis, recording, "measures of one's own")
    return axis


def stands_still(recording: Recording) -> bool:
    """Whether the generator never moves, so that a run is about its critic: several looks, and W1 the same in all."""
    w1 = recording.curve("w1")
    return w1 is not None and len(w1) > 1 and bool(np.ptp(w1, axis=0).max() == 0)


def slope_curves(axis: Axes, recording: Recording) -> Axes:
    """How steep the critic is at real points, at generated ones and in between: the medians."""
    plot_seeds(axis, recording, recording.curve("slope_real_median"), "real", INK, "-")
    plot_seeds(axis, recording, recording.curve("slope_fake_median"), "generated", GENERATED, "--")
    plot_seeds(axis, recording, recording.curve("slope_between_median"), "between", CRITIC, ":")
    dress_curves(axis, recording, "steepness of the critic, medians")
    return axis


def transport_known(recording: Recording) -> bool:
    """Whether exact transport is what this critic should learn, and is compared with it."""
    measures = ("critic_gap", "slope_alignment")
    return exact_transport(recording) and any(recording.curve(name) is not None for name in measures)


def transport_curves(axis: Axes, recording: Recording) -> Axes:
    """The share of the exact W1 that the critic sees, and its slopes' cosine with exact transport: 1 is best of the one,
    of the other what the potential of fresh points reaches at the end, dotted where the run knows it.
    """
    plot_seeds(axis, recording, recording.curve("critic_gap"), label_of("critic_gap"), CRITIC, "-")
    plot_seeds(axis, recording, recording.curve("slope_alignment"), label_of("slope_alignment"), SHARE, "--")
    drawn = np.concatenate([np.asarray(line.get_ydata(), float) for line in axis.lines])
    low = drawn.min(initial=0.0, where=np.isfinite(drawn))
    axis.axhline(1, color=INK, linewidth=0.7, linestyle=":", zorder=0)
    ceiling = recording.facts.portrait_row.get("slope_alignment_ceiling")
    if ceiling is not None:
        axis.axhline(ceiling, color=SHARE, linewidth=0.7, linestyle=":", zorder=0)
    axis.set_ylim(min(low, ceiling or 0.0) - 0.05, 1.06)
    dress_curves(axis, recording, "critic against exact transport")
    return axis


def plot_seeds(
    axis: Axes, recording: Recording, values: np.ndarray | None, label: str, colour: str, dashes: str
) -> None:
    """One line a seed for values [T, S], if they are known: the portrait seed bold and on top, the others thin."""
    if values is None:
        return
    steps = recording.frames["step"]
    marker = "o" if len(steps) == 1 else ""
    thin = float(np.clip(2 / values.shape[1] ** 0.5, 0.25, 0.6))
    for seed in range(1, values.shape[1]):
        axis.plot(steps, values[:, seed], color=colour, linewidth=0.7, alpha=thin, marker=marker, markersize=3)
    axis.plot(steps, values[:, 0], color=colour, linewidth=1.8, linestyle=dashes, marker=marker, markersize=4,
              label=label or None, zorder=3)  # fmt: skip


def median_line(
    axis: Axes, steps: np.ndarray, table: np.ndarray | None, stroke: tuple[str, str], banded: bool, one: bool = False
) -> Line2D | None:
    """The median over the seeds of values [T, S] at steps [T], or the first seed's alone, in a colour and dashes, and their
    range as a band where that is asked for; None where nothing is known.
    """
    if table is None or not np.isfinite(table).any():
        return None
    alive = np.isfinite(table).any(axis=1)
    steps, found, (colour, dashes) = steps[alive], table[alive], stroke
    if banded and found.shape[1] > 1:
        low, high = np.nanmin(found, axis=1), np.nanmax(found, axis=1)
        axis.fill_between(steps, low, high, color=colour, alpha=0.13, linewidth=0)
    middle, marker = found[:, 0] if one else np.nanmedian(found, axis=1), "o" if len(steps) == 1 else ""
    return axis.plot(steps, middle, dashes, color=colour, linewidth=1.5, marker=marker, markersize=4)[0]


def dress_curves(axis: Axes, recording: Recording, title: str) -> None:
    """Title, steps, and what each line is, above the axis where it hides nothing."""
    named = len(axis.get_legend_handles_labels()[0])
    axis.set_title(title, size=LARGE, loc="left", pad=16 + 11 * max(-(-named // IN_LEGEND) - 1, 0), color=INK)
    axis.set_xlim(0, max(recording.facts.steps, int(recording.frames["step"][-1]), 1))
    axis.xaxis.set_major_locator(MaxNLocator(max(3, int(size_of(axis)[0])), integer=True, steps=[1, 2, 5, 10]))
    axis.xaxis.set_major_formatter(FuncFormatter(tick))
    axis.yaxis.set_major_formatter(FuncFormatter(tick))
    axis.set_xlabel("step", size=PLAIN, labelpad=1, color=INK)
    axis.grid(linewidth=0.4, alpha=0.35)
    quiet(axis, FRAMELESS)
    if not axis.lines:
        write(axis, 0.5, 0.5, "not measured", ha="center", color=FAINT, size=PLAIN)
    elif named:
        axis.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.97), ncol=IN_LEGEND, fontsize=SMALL, frameon=False,
                    borderpad=0.2, handlelength=1.5, handletextpad=0.4, columnspacing=0.9)  # fmt: skip


def last_finite(values: np.ndarray) -> float:
    """The last finite value of [T], NaN if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else np.nan


def name_ends(axis: Axes, ends: Sequence[float], names: Sequence[str], styles: Sequence[Stroke]) -> None:
    """Name lines at the right of where they end, moved apart where names would overlap."""
    drawable = [i for i, end in enumerate(ends) if np.isfinite(end) and (end > 0 or axis.get_yscale() != "log")]
    axis.get_ylim()  # which settles the limits: until somebody asks, places are those of an empty axis
    heights = [float(axis.transAxes.inverted().transform(axis.transData.transform((0, ends[i])))[1]) for i in drawable]
    wide, tall = size_of(axis)
    start, stop, text = (1 + inches / wide for inches in (0.05, 0.23, 0.28))
    for i, height in zip(drawable, moved_apart(heights, 1.25 * SMALL / 72 / tall), strict=True):
        colour, dashes, width = styles[i]
        axis.add_line(Line2D([start, stop], [height, height], color=colour, linestyle=dashes, linewidth=width,
                             transform=axis.transAxes, clip_on=False))  # fmt: skip
        write(axis, text, height, names[i], va="center_baseline", parse_math=False)


def moved_apart(heights: Sequence[float], gap: float) -> np.ndarray:
    """The same heights [n] in the same order, within [0.08, 1], neighbours at least `gap` apart, moved as little as may be.

    Least squares under order constraints: heights minus rank times gap, pooled where they decrease.
    """
    order = np.argsort(heights, kind="stable")
    ranks = gap * np.arange(len(order))
    groups: list[list[float]] = []
    for height in np.asarray(heights, float)[order] - ranks:
        groups.append([height])
        while len(groups) > 1 and np.mean(groups[-2]) > np.mean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = np.array([np.mean(group) for group in groups for _ in group])
    placed[order] = np.clip(placed, 0.08, 1 - (len(order) - 1) * gap) + ranks
    return placed


def styles_of(count: int) -> list[Stroke]:
    """Colour, dash and width for each of several lines; dashes change when the colours are used up."""
    dashes: list[Dash] = ["-", "--", ":"]
    return [(METHOD_COLOURS[i % len(METHOD_COLOURS)], dashes[i // len(METHOD_COLOURS) % 3], 1.5) for i in range(count)]
