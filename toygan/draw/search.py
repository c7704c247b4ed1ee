"""A trained generator in use: how far each place is from what it can make, and what becomes of points that are dragged."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from toygan.draw import sheet
from toygan.draw.moments import Insight, at_the_end
from toygan.draw.panels import CRITIC, colour_bar, frame_view, pixel_extent
from toygan.draw.points import GENERATED
from toygan.draw.style import INK, PLAIN, SMALL
from toygan.files.text import number, percent
from toygan.session.recording import Recording
from toygan.view.scene import Scene

if TYPE_CHECKING:
    from toygan.session.search import Dragged, Searched

BOLD = 112  # characters of small bold prose across a figure
ARRIVED, UNLIKELY = 0.1, 0.01  # a distance to the hand, and a share of latents farther out
HALF = (sheet.WIDTH - sheet.MARGIN - sheet.RIGHT - 0.6) / 2  # inches: a panel of two
UNDER = sheet.UNDER + 0.2
FAR = LinearSegmentedColormap.from_list("far", ["#ffffff", "#e3dcec", "#a998c6", "#6b4f9a", "#2f1b5a"])


def anomaly_map(axis: Axes, shown: Scene, seen: Searched) -> None:
    """Draw how far each place is from what the generator can make, real points on it; orange crosses: two searches disagree."""
    top = float(f"{np.percentile(seen.residual, 98):.1g}") or 1.0
    image = axis.imshow(seen.residual, cmap=FAR, vmin=0.0, vmax=top, origin="lower", zorder=0,
                        extent=pixel_extent(seen.x, seen.y))  # fmt: skip
    row, column = np.nonzero(seen.open)
    axis.plot(seen.x[column], seen.y[row], "x", color=GENERATED, markersize=2.6, markeredgewidth=0.6, alpha=0.9,
              zorder=1)  # fmt: skip
    axis.plot(*shown.recording.frames["real"].T, ".", color=INK, markersize=1.6, alpha=0.7, zorder=2)
    frame_view(axis, shown)
    colour_bar(axis, image, [0.0, top / 2, top], "distance to what G can make")


def anomaly_shares(axis: Axes, shown: Scene, seen: Searched) -> None:
    """Draw the share of points within each distance of what the generator can make: real points, and its own."""
    clouds = ((seen.real, CRITIC, "-", "real points"), (seen.made, GENERATED, "--", "its own"))
    for values, colour, style, label in clouds:
        ordered = np.sort(np.maximum(values, 1e-6))
        axis.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), style, color=colour, label=label)
    axis.set_xscale("log")
    dress_shares(axis, "distance to what G can make", "share of points that are nearer", top=1.02)


def drag_map(axis: Axes, shown: Scene, seen: Dragged) -> None:
    """Draw the straight lines along which points are dragged, dashed, and the ways that they take."""
    axis.plot(*shown.recording.frames["real"].T, ".", color=INK, markersize=1.6, alpha=0.5, zorder=1)
    for wanted, taken in zip(seen.wanted, seen.taken, strict=True):
        axis.plot(*wanted[[0, -1]].T, "--", color=INK, linewidth=0.7, alpha=0.6, zorder=2)
        axis.plot(*taken.T, "-o", color=GENERATED, markersize=2.2, linewidth=1.0, zorder=3)
        axis.plot(*taken[0], "o", color="white", markeredgecolor=GENERATED, markersize=6, zorder=4)
        axis.plot(*wanted[-1], "x", color=INK, markersize=6, markeredgewidth=1.4, zorder=4)
    frame_view(axis, shown)


def drag_curves(axis: Axes, shown: Scene, seen: Dragged) -> None:
    """Draw how far each dragged point stays behind, along its way."""
    behind = np.linalg.norm(seen.wanted - seen.taken, axis=2)
    share = np.linspace(0, 1, behind.shape[1])
    for own in behind:
        axis.plot(share, own, color=GENERATED, linewidth=1.0, alpha=0.8)
    axis.plot(share, np.median(behind, axis=0), color=INK, linewidth=1.8, label="median")
    dress_shares(axis, "share of the way that it was dragged", "distance to the hand")


def dress_shares(axis: Axes, across: str, up: str, top: float | None = None) -> None:
    """What stands at the axes of curves that begin at zero, and the names of these."""
    axis.set_xlabel(across, size=PLAIN)
    axis.set_ylabel(up, size=PLAIN)
    axis.set_ylim(0, top)
    axis.legend(frameon=False, fontsize=SMALL, loc="upper left")
    axis.tick_params(labelsize=SMALL)


def anomaly_in_words(seen: Searched) -> str:
    real, made = np.median(seen.real), np.median(seen.made)
    lost = f"{percent(seen.open_real)} of the real points and {percent(seen.open_made)} of its own"
    return (
        f"Half of the real points lie within {number(real, 2)} of what G can make; its own within {number(made, 1)}, as far as a "
        f"search finds them. Orange crosses, {percent(float(seen.open.mean()))} of the places: two searches end at different "
        f"distances; the smaller is shown, and the true one may be smaller still. So for {lost}."
    )


def edit_in_words(seen: Dragged) -> str:
    behind = np.linalg.norm(seen.wanted[:, -1] - seen.taken[:, -1], axis=1)
    return (
        f"Circles: where a point begins; crosses: where it is dragged. {(behind < ARRIVED).sum()} of {len(behind)} come within "
        f"{ARRIVED}: a latent moves downhill alone, and over a gap there is no way. {likely_in_words(seen)}"
    )


def likely_in_words(seen: Dragged) -> str:
    rarest = float(seen.beyond.min())
    if rarest == 1:
        return "Every latent stays where the law has its mass."
    rare = int((seen.beyond < UNLIKELY).sum())
    return (
        f"The least likely latent at an end has {percent(rarest)} of all draws farther out; {rare} of {len(seen.beyond)} are "
        "among the outermost 1 %, which training hardly saw."
    )


def anomalies(recording: Recording, seen: Searched) -> Figure:
    """The sheet of residuals: their map, and how many points are near."""
    panels = {"distance to what G can make": anomaly_map, "real points and its own": anomaly_shares}
    prose = [(line, "bold") for line in textwrap.wrap(anomaly_in_words(seen), BOLD)]
    return at_the_end(Insight("anomaly", panels, UNDER), recording, seen, prose, HALF)


def edits(recording: Recording, seen: Dragged) -> Figure:
    """The sheet of what becomes of dragged points: their ways, and how far they stay behind."""
    panels = {"points dragged along dashed lines": drag_map, "how far they stay behind": drag_curves}
    prose = [(line, "bold") for line in textwrap.wrap(edit_in_words(seen), BOLD)]
    return at_the_end(Insight("edit", panels, UNDER), recording, seen, prose, HALF)
