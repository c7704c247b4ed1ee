"""What goes on inside the players: each function draws one thing into the axis it is given; `inside` is a sheet of
them.

Whatever a recording does not hold is said to be not recorded, so that older runs can still be drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from toygan.draw import panels, sheet
from toygan.draw.layout import axis_at, panel_height
from toygan.draw.points import GENERATED, REAL, latent_colours, latent_square, marks, real_points
from toygan.draw.style import FAINT, FRAMELESS, INK, LARGE, PLAIN, SMALL, entitle, quiet, write
from toygan.files.text import number
from toygan.session.recording import Recording
from toygan.view.scene import Scene, scene, title_of

PAIRS = 200  # points of either cloud in a transport plan: a thousand lines would be a blot
FOLLOWED = 16  # particles with trails
AROUND_ONE = LinearSegmentedColormap.from_list("around one", ["#2166ac", "#d1e5f0", "#ffffff", "#fdd9b5", "#b35806"])
IN_CORNER = {"loc": "upper left"}  # legends
ABOVE = {"loc": "lower left", "bbox_to_anchor": (-0.02, 0.97), "ncol": 3, "handletextpad": 0.4, "columnspacing": 0.9}
PLACES = (("real", REAL, "-"), ("generated", GENERATED, "--"), ("between", panels.SHARE, ":"))
TitledPanel = tuple[str, Callable[..., None]]


def latent_map(axis: Axes, scene: Scene, frame: int = -1) -> None:
    """Draw the square of latents where it is sent, cells in latents' colours, folds with a dark rim; beneath, the square."""
    real_points(axis, scene).set_alpha(0.2)
    panels.frame_view(axis, scene)
    table = scene.recording.frames.get("latent_map")
    sent = None if table is None else np.asarray(table[scene.last if frame == -1 else frame, 0], float)
    if sent is None or not np.isfinite(sent).all():
        return not_recorded(axis)
    cells, turned = quads(sent), folded(sent)
    colours = latent_colours(sent.shape[0] - 1)
    rims = np.where(turned[:, None], [0.05, 0.05, 0.05, 0.9], [1.0, 1.0, 1.0, 0.35])
    axis.add_collection(PolyCollection(list(cells), facecolors=np.column_stack((colours, np.full(len(colours), 0.75))),
                                       edgecolors=rims, linewidths=np.where(turned, 0.7, 0.3), zorder=3))  # fmt: skip
    latent_square(axis, sent.shape[0] - 1)
    return None


def quads(sent: np.ndarray) -> np.ndarray:
    """The cells of a grid of points [m + 1, m + 1, 2], four corners each, row by row: [m * m, 4, 2]."""
    corners = (sent[:-1, :-1], sent[:-1, 1:], sent[1:, 1:], sent[1:, :-1])
    return np.stack(corners, axis=2).reshape(-1, 4, 2).astype(float)


def folded(sent: np.ndarray) -> np.ndarray:
    """Which cells arrive with the rarer orientation, by area: [m * m]; none where all is one line."""
    x, y = np.moveaxis(quads(sent), 2, 0)
    area = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1) / 2
    side = -1.0 if np.abs(area[area > 0]).sum() < np.abs(area[area < 0]).sum() else 1.0
    # A sliver is no fold: what rounding or a flat map turns over has no area to speak of.
    return np.asarray(side * area < -1e-3 * float(np.abs(area).mean()))


# --- particles and transport -----------------------------------------------------------------------------------------


def trails(axis: Axes, scene: Scene, frame: int = -1) -> None:
    """Draw the way of some latents' points through all frames so far: thin and pale at first, dark at the end."""
    real_points(axis, scene).set_alpha(0.25)
    until = len(scene.steps) if frame == -1 else frame + 1
    ways = scene.samples[:until, :FOLLOWED].transpose(1, 0, 2)
    if not scene.recording.facts.followed:
        panels.corner_note(axis, "not of the same latents in every frame")
    elif until > 1:
        pieces = np.stack((ways[:, :-1], ways[:, 1:]), axis=2).reshape(-1, 2, 2)
        age = np.tile(0.06 + 0.8 * np.linspace(0, 1, until - 1) ** 2, len(ways))
        colours = np.column_stack((np.tile([0.84, 0.37, 0.0], (len(age), 1)), age))
        axis.add_collection(LineCollection(list(pieces), colors=colours, linewidths=0.4 + 0.9 * age, zorder=3))
    axis.plot(*ways[:, -1].T, "s", color=GENERATED, markersize=4, markeredgecolor="white", markeredgewidth=0.6,
              zorder=4)  # fmt: skip
    panels.frame_view(axis, scene)


def matched(points: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The optimal plan between two clouds of n points: which real point [n] each generated one goes to, by least total
    distance. Between equally weighted clouds of one size it is an assignment.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    return np.asarray(linear_sum_assignment(cdist(points, real))[1])


def paired(scene: Scene, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """The first points of both clouds, as many of each: [n, 2], [n, 2]."""
    n = min(PAIRS, len(scene.real), scene.samples.shape[1])
    return scene.samples[frame, :n], scene.real[:n]


def transport_lines(axis: Axes, scene: Scene, frame: int = -1) -> None:
    """Draw the optimal transport plan: a line from each of 200 generated points to its real one."""
    points, real = paired(scene, frame)
    panels.frame_view(axis, scene)
    if not np.isfinite(points).all():
        return not_recorded(axis, "no finite points")
    goals = real[matched(points, real)]
    lines = list(np.stack((points, goals), axis=1))
    axis.add_collection(LineCollection(lines, colors=INK, linewidths=0.6, alpha=0.55, zorder=2))
    marks(axis, real, "o", REAL, 3.6, alpha=0.7, zorder=3)
    axis.plot(*points.T, "s", color=GENERATED, markersize=3, markeredgecolor="white", markeredgewidth=0.4, zorder=4)
    corner = f"{len(points)} pairs, mean length {number(float(np.linalg.norm(points - goals, axis=1).mean()))}"
    entitle(axis, f"{axis.get_title(loc='left')}{corner}")
    return None


def transport_matrix(axis: Axes, scene: Scene, frame: int = -1) -> None:
    """Draw the same plan as a matrix: a dot at (real, generated) for each pair, both sorted alike, by mode where there
    are modes and else by angle. A generator that has the target puts them on the diagonal.
    """
    points, real = paired(scene, frame)
    n = len(points)
    if not np.isfinite(points).all():
        return not_recorded(axis, "no finite points")
    goals = matched(points, real)
    across, up = ranks(scene, real), ranks(scene, points)
    axis.plot([0, n], [0, n], color=FAINT, linewidth=0.6, zorder=1)
    axis.plot(across[goals], up, "s", color=GENERATED, markersize=2.6, markeredgewidth=0, zorder=3)
    axis.set(xlim=(-0.5, n - 0.5), ylim=(-0.5, n - 0.5), aspect="equal", anchor="W")
    for edge in mode_edges(scene, real):
        axis.axvline(edge, color=FAINT, linewidth=0.4, zorder=0)
    for edge in mode_edges(scene, points):
        axis.axhline(edge, color=FAINT, linewidth=0.4, zorder=0)
    quiet(axis, FRAMELESS)
    axis.set_xlabel("real point", size=SMALL, labelpad=1, color=INK)
    axis.set_ylabel("generated point", size=SMALL, labelpad=1, color=INK)
    return None


def ranks(scene: Scene, points: np.ndarray) -> np.ndarray:
    """Each point's place in line [n]: by its mode, then by its angle around the real points' middle."""
    away = points - scene.real.mean(axis=0)
    return np.argsort(np.lexsort((np.arctan2(away[:, 1], away[:, 0]), mode_numbers(scene, points))))


def mode_numbers(scene: Scene, points: np.ndarray) -> np.ndarray:
    """The nearest mode of each point [n]; all one where there are no modes."""
    centres = scene.recording.frames.get("mode_centres")
    if centres is None:
        return np.zeros(len(points), int)
    return np.asarray(((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1))


def mode_edges(scene: Scene, points: np.ndarray) -> np.ndarray:
    """Where in line the next mode begins."""
    counts = np.bincount(mode_numbers(scene, points))
    return np.asarray(counts.cumsum()[:-1] - 0.5)


# --- the critic ------------------------------------------------------------------------------------------------------


def steeper_than_one(axis: Axes, scene: Scene, frame: int = -1) -> None:
    """Draw |grad score| around 1 with its colour bar."""
    if not scene.critic_kept:
        panels.frame_view(axis, scene)
        return not_recorded(axis)
    image = around_one(axis, scene, frame)
    above = float((np.asarray(image.get_array()) > 1).mean())
    return panels.colour_bar(axis, image, [0.1, 1, 10], f"|∇ score|, {100 * above:.0f} % above 1")


def around_one(axis: Axes, scene: Scene, frame: int = -1) -> AxesImage:
    """|grad score| on a scale around 1, the slope that a Wasserstein critic may have: white is 1, the line crosses it."""
    panels.frame_view(axis, scene)
    steep = np.clip(panels.steepness(scene.slopes[frame]), 0.1, 10)
    image = axis.imshow(steep, cmap=AROUND_ONE, norm=LogNorm(0.1, 10), origin="lower", interpolation="bilinear",
                        extent=panels.pixel_extent(scene.slope_x, scene.slope_y), zorder=0)  # fmt: skip
    if steep.min() < 1 < steep.max():
        axis.contour(scene.slope_x, scene.slope_y, steep, [1.0], colors=INK, linewidths=0.9)
    real_points(axis, scene).set_alpha(0.25)
    panels.frame_view(axis, scene)
    return image


def slopes_at_points(axis: Axes, recording: Recording) -> None:
    """Steepness at real, generated and in-between points over the steps: medians, and the middle half as bands."""
    table = recording.frames.get("slope_quantiles")
    if table is not None:
        for row, (label, colour, dashes) in enumerate(PLACES):
            low, mid, high = drawable(table[:, 0, row, 1:4]).T
            axis.fill_between(recording.frames["step"], low, high, color=colour, alpha=0.15, linewidth=0)
            axis.plot(recording.frames["step"], mid, dashes, color=colour, linewidth=1.4, label=label)
        axis.axhline(1, color=FAINT, linewidth=0.7, zorder=0)
        panels.logarithmic(axis, [drawable(table[:, 0, :, 2])])
    panels.dress_curves(axis, recording, "steepness |∇ score|")


def layer_curves(axis: Axes, recording: Recording) -> None:
    """Size of the critic's gradient layer by layer, from points to score, on a logarithmic scale, at three steps."""
    table = recording.frames.get("layer_gradients")
    if table is None:
        return panels.dress_curves(axis, recording, "gradient by layer")
    sizes = drawable(table[:, 0])
    chosen = np.unique(np.linspace(1 if len(sizes) > 1 else 0, len(sizes) - 1, 3).astype(int))
    numbers = np.arange(1, sizes.shape[1] + 1)
    for place, t in enumerate(chosen):
        axis.plot(numbers, sizes[t], "o-", color=panels.CRITIC, alpha=0.25 + 0.75 * (place + 1) / len(chosen), markersize=3,
                  linewidth=1.2, label=f"{recording.frames['step'][t]}")  # fmt: skip
    panels.logarithmic(axis, [sizes[chosen]])
    dress_plain(axis, "gradient by layer, at step", "layer, the last one's is the score", ABOVE)
    axis.xaxis.set_major_locator(FixedLocator(numbers.tolist()))
    return None


def weights(axis: Axes, recording: Recording) -> None:
    """Histogram of the critic's parameters at the end over that of the start, and how many sit at the bound."""
    shares, reach = recording.frames.get("weight_histogram"), recording.frames.get("weight_reach")
    if shares is None or reach is None:
        return panels.dress_curves(axis, recording, "weights")
    t = last_finite_frame(reach[:, 0])
    now = f"step {recording.frames['step'][t]}"
    for frame, colour, alpha, label in ((0, FAINT, 0.5, "start"), (t, panels.CRITIC, 0.75, now)):
        edges = np.linspace(-1, 1, shares.shape[2] + 1) * float(reach[frame, 0])
        axis.stairs(100 * shares[frame, 0], edges, fill=True, color=colour, alpha=alpha, label=label)
    held = recording.curve("weight_saturation")
    said = f"; {100 * held[t, 0]:.0f} % at ±{number(float(reach[t, 0]))}" if held is not None and held[t, 0] > 0 else ""
    return dress_plain(axis, f"weights, %{said}", "value")


def generator_curves(axis: Axes, recording: Recording) -> None:
    """Norm of the generator's gradient over the steps: the portrait seed bold, the others thin."""
    table = recording.curve("generator_gradient")
    if table is not None and np.nanmax(drawable(table), initial=0) > 0:
        sizes = drawable(table)
        for s in range(sizes.shape[1]):
            axis.plot(recording.frames["step"], sizes[:, s], color=GENERATED, linewidth=1.6 if s == 0 else 0.6,
                      alpha=1 if s == 0 else 0.5)  # fmt: skip
        panels.logarithmic(axis, [sizes])
    panels.dress_curves(axis, recording, "generator's gradient")


def score_distributions(axis: Axes, recording: Recording) -> None:
    """Histograms of the scores of real and of generated points at the last frame: apart while the critic can tell."""
    real, fake = recording.frames.get("real_scores"), recording.frames.get("fake_scores")
    if real is None or fake is None:
        return panels.dress_curves(axis, recording, "scores")
    t = last_finite_frame(np.abs(real[:, 0]).max(axis=1) + np.abs(fake[:, 0]).max(axis=1))
    both = np.concatenate((real[t, 0], fake[t, 0])).astype(float)
    low, high = float(both.min()), float(both.max())
    edges = np.linspace(low, high if high > low else low + 1, 31)
    for values, colour, label in ((real[t, 0], REAL, "real"), (fake[t, 0], GENERATED, "generated")):
        axis.hist(values, edges.tolist(), color=colour, alpha=0.55, label=label)
    dress_plain(axis, f"scores at step {recording.frames['step'][t]}", "score")
    axis.xaxis.set_major_locator(MaxNLocator(3))
    axis.xaxis.set_major_formatter(FuncFormatter(panels.tick))
    return None


# --- parts -----------------------------------------------------------------------------------------------------------


def drawable(values: np.ndarray) -> np.ndarray:
    """Numbers that can be drawn, NaN in place of the others."""
    return np.where(np.abs(values) < 1e30, values, np.nan)


def last_finite_frame(values: np.ndarray) -> int:
    """The last frame at which [T] is finite, the first where it never is."""
    known = np.flatnonzero(np.isfinite(values))
    return int(known[-1]) if len(known) else 0


def not_recorded(axis: Axes, words: str = "not recorded") -> None:
    """Say that there is nothing to draw."""
    write(axis, 0.5, 0.5, words, ha="center", size=PLAIN)


def dress_plain(axis: Axes, title: str, along: str, legend: Mapping[str, Any] = IN_CORNER) -> None:
    """A panel over anything but the steps, in the same manner, its legend in a corner unless it is to stand elsewhere."""
    axis.set_title(title, size=LARGE, loc="left", pad=14, color=INK)
    axis.set_xlabel(along, size=PLAIN, labelpad=1, color=INK)
    quiet(axis, FRAMELESS)
    axis.yaxis.set_major_formatter(FuncFormatter(panels.tick))
    axis.grid(linewidth=0.4, alpha=0.35)
    axis.legend(fontsize=SMALL, frameon=False, borderpad=0.2, handlelength=1.2, **legend)


# --- sheets ----------------------------------------------------------------------------------------------------------


def inside(recording: Recording) -> Figure:
    """The sheet of the inside of one run: maps and plans above, curves beneath."""
    shown = scene(recording)
    maps = (*LATENT, ("where the slope is above 1", steeper_than_one))
    plots = (layer_curves, slopes_at_points, generator_curves, weights, score_distributions)
    pitch = (sheet.WIDTH - 0.3) / 3
    side = pitch - 0.4
    tall = panel_height(shown, side)
    curve, row = 1.25, 2.15
    figure, below = sheet.framed(recording, 2 * row + tall + 1.7)
    sheet.header(figure, f"{title_of(recording)} · inside", sheet.status_line(shown))
    for place, (title, panel) in enumerate(maps):
        axis = axis_at(figure, sheet.MARGIN + place * pitch, below + 2 * row + 0.75, side, tall)
        panel(axis, shown, shown.last)
        entitle(axis, title)
    for place, plot in enumerate(plots):
        left = sheet.MARGIN + 0.08 + (place % 3) * pitch
        plot(axis_at(figure, left, below + (1 - place // 3) * row + 0.42, pitch - 0.55, curve), recording)
    axis = axis_at(figure, sheet.MARGIN + 0.08 + 2 * pitch, below + 0.42, 1.5, 1.5)
    transport_matrix(axis, shown, shown.last)
    axis.set_title("transport plan, pairs", size=LARGE, loc="left", pad=5, color=INK)
    return figure


def one_panel(recording: Recording, drawn: Sequence[TitledPanel]) -> Figure:
    """A sheet of one or two large panels on the plane."""
    shown = scene(recording)
    side = 3.4
    tall = panel_height(shown, side)
    figure, below = sheet.framed(recording, tall + 1.5)
    sheet.header(figure, title_of(recording), sheet.status_line(shown))
    pitch = sheet.WIDTH - 0.35 - side - sheet.MARGIN
    for place, (title, panel) in enumerate(drawn):
        axis = axis_at(figure, sheet.MARGIN + place * pitch, below + 0.45, side, tall)
        entitle(axis, title)
        panel(axis, shown, shown.last)
    return figure


LATENT: Sequence[TitledPanel] = (
    ("latent map; dark rim: folded", latent_map),
    (f"the way of {FOLLOWED} latents", trails),
)
TRANSPORT: Sequence[TitledPanel] = (("plan: ", transport_lines), ("the same plan as a matrix", transport_matrix))
VIEWS: dict[str, Callable[[Recording], Figure]] = {
    "inside": inside,
    "latent": lambda recording: one_panel(recording, LATENT),
    "transport": lambda recording: one_panel(recording, TRANSPORT),
}
