"""Points on a panel: a reader sees how many are where, and what lies beneath them.

Real points are a quiet layer of ink; generated ones lie on it, smaller, orange, square. All are see-through, so that
ink adds where points do. Where the target has modes, most points fall on a few pixels: there a ring's area is the
mode's due share, and the area of the disc in it, on the same scale, its share of the generated points.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D

from toygan.draw.style import INK, SMALL
from toygan.view.scene import Scene
from toygan.view.shares import Rings

REAL, GENERATED = "#10243e", "#d55e00"  # the latter is Okabe and Ito's vermilion
RIM = "#7a3600"  # of a disc: in grey, vermilion is as light as the critic's darkest band
MARKS = "osD^vP*X"  # with the colours: more kinds of runs than a reader can tell apart
# Okabe and Ito's.
CORNERS = np.array([[[0.00, 0.45, 0.70], [0.00, 0.62, 0.45]], [[0.80, 0.47, 0.65], [0.90, 0.62, 0.00]]])
MIST, HAZE = "#d3d8df", "#8d97a6"  # real points behind others: on white, and on pale colours
REAL_INK, INK_ADDED, PALE = 0.2, 0.5, 0.35  # how opaque one mark is: real, generated, generated beside discs
DISC_INK, DISC_RIM, RING = 0.5, 0.4, 0.9  # how opaque a disc is; widths of its rim and of a ring's line in points
CARPET = 1.7  # times the size of a generated mark: a real one reaches out beneath it
NOWHERE = np.empty((0, 2))


class Cloud(NamedTuple):
    """The generated points of one panel, from back to front: discs where there are modes, marks, rings."""

    marks: Line2D
    discs: EllipseCollection | None = None
    rings: EllipseCollection | None = None

    @property
    def artists(self) -> list[Artist]:
        """All there is to draw."""
        return [artist for artist in (self.discs, self.marks, self.rings) if artist is not None]


def real_points(axis: Axes, scene: Scene, colour: str = REAL, ink: float = REAL_INK) -> Line2D:
    """Real points in the view, a layer of discs beneath the generated ones."""
    size = CARPET * marker_size(len(scene.real))
    return marks(axis, scene.seen(scene.real), "o", colour, size, alpha=ink, zorder=2)


def pale_points(axis: Axes, scene: Scene, colour: str = MIST) -> Line2D:
    """Real points in the view where others are in front: of one pale colour, however many lie on each other."""
    return real_points(axis, scene, colour, 1.0)


def generated_points(axis: Axes, scene: Scene, frame: int) -> Line2D:
    """Generated points in the view, as small squares; paler where discs count those on modes."""
    size, ink = marker_size(scene.samples.shape[1]), PALE if counted(scene) else INK_ADDED
    return marks(axis, visible(scene, frame), "s", GENERATED, size, alpha=ink, zorder=3)


def marks(axis: Axes, points: np.ndarray, mark: str, colour: str, size: float, **look: float) -> Line2D:
    """Marks without rims at points [n, 2], which may be NOWHERE as yet."""
    (line,) = axis.plot(*points.T, mark, color=colour, markersize=size, markeredgewidth=0, **look)  # type: ignore[arg-type]
    return line


def generated_cloud(axis: Axes, scene: Scene, frame: int) -> Cloud:
    """Generated points in the view, with a ring and a disc at each mode where there are some; where all real points lie on a few
    places, which the generated ones hide, with a ring around each, its area the share that is there.
    """
    marks, rings = generated_points(axis, scene, frame), counted(scene)
    if rings is None:
        return Cloud(marks, rings=due_rings(axis, *scene.places) if len(scene.places[0]) else None)
    discs = share_discs(axis, rings.modes.centres, rings.radii(scene.shares(frame)))
    return Cloud(marks, discs, due_rings(axis, rings.modes.centres, rings.due))


def share_discs(axis: Axes, centres: np.ndarray, radii: np.ndarray) -> EllipseCollection:
    """A see-through disc at each of centres [K, 2]; where a radius of [K] is zero, nothing."""
    ink = to_rgba(GENERATED, DISC_INK)
    return circles(axis, centres, radii, facecolor=ink, edgecolor=RIM, linewidth=rims(radii), zorder=2.5)


def rims(radii: np.ndarray) -> list[float]:
    """Widths of the discs' rims: an empty one has none, or it would be a dot."""
    return [DISC_RIM * (radius > 0) for radius in radii]


def due_rings(axis: Axes, centres: np.ndarray, radii: np.ndarray) -> EllipseCollection:
    """A thin dark ring around each of centres [K, 2], above the marks."""
    return circles(axis, centres, radii, facecolor="none", edgecolor=REAL, linewidth=RING, zorder=3.5)


def circles(axis: Axes, centres: np.ndarray, radii: np.ndarray, **look: Any) -> EllipseCollection:
    """A circle around each of centres [K, 2], its radius of [K] in units of the plane."""
    drawn = EllipseCollection(2 * radii, 2 * radii, np.zeros(len(radii)), units="xy", offsets=centres,
                              offset_transform=axis.transData)  # fmt: skip
    drawn.set(**look)
    axis.add_collection(drawn, autolim=False)
    return drawn


def move_cloud(cloud: Cloud, scene: Scene, frame: int) -> None:
    """Set marks and discs to a frame; the rings stay."""
    cloud.marks.set_data(*visible(scene, frame).T)
    rings = counted(scene)
    if cloud.discs is not None and rings is not None:
        radii = rings.radii(scene.shares(frame))
        cloud.discs.set(widths=2 * radii, heights=2 * radii, linewidth=rims(radii))


def counted(scene: Scene) -> Rings | None:
    """The rings that a panel draws: those of the target's modes, where all points are shown."""
    return scene.rings if scene.points == "all" else None


def visible(scene: Scene, frame: int) -> np.ndarray:
    """The generated points of a frame that lie in the view and are to be drawn [M, 2]."""
    return scene.seen(scene.samples[frame])


def marker_size(points: int) -> float:
    """The size in points of a generated mark: the more there are, the smaller each."""
    return float(np.clip(2.0 * (1000 / max(points, 1)) ** 0.25, 1.5, 4.0))


def mixed(shares: np.ndarray) -> np.ndarray:
    """The colour at places of a square [..., 2], mixed from its four corners: [..., 3]; of one coordinate at the middle."""
    u = shares[..., :1]
    v = shares[..., 1:2] if shares.shape[-1] > 1 else np.full_like(u, 0.5)
    low, high = (CORNERS[i, 0] * (1 - u) + CORNERS[i, 1] * u for i in (0, 1))
    return np.asarray(low * (1 - v) + high * v)


def latent_colours(m: int) -> np.ndarray:
    """A colour for each cell of the square, mixed from its four corners: [m * m, 3]."""
    middles = (np.arange(m) + 0.5) / m
    return mixed(np.stack(np.meshgrid(middles, middles), axis=-1)).reshape(-1, 3)


def latent_square(axis: Axes, m: int) -> list[Artist]:
    """The square of latents in m * m cells, in a panel's lower left corner."""
    legend = axis.inset_axes((0.015, 0.015, 0.17, 0.17), zorder=7)
    square = legend.imshow(latent_colours(m).reshape(m, m, 3), origin="lower", aspect="auto")
    legend.set(xticks=[], yticks=[])
    legend.set_title("latent", size=SMALL, pad=1.5, color=INK)
    return [square, *legend.spines.values(), legend.title]
