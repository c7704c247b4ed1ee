"""What further players, classes and a second world show: each function draws one thing into the axis it is given.

`EXTRAS` is the table of these panels: which of them a recording has is decided by the data that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toygan.draw.layout import axis_at, beneath, panel_height
from toygan.draw.panels import (
    FAINT,
    INK,
    METHOD_COLOURS,
    PLAIN,
    SMALL,
    frame_view,
    pixel_extent,
    score_bands,
    score_bar,
)
from toygan.draw.points import CORNERS, GENERATED, MARKS, REAL, latent_colours, marker_size, real_points
from toygan.files.text import number
from toygan.quantities.kinds import Classes
from toygan.quantities.table import written
from toygan.view.kinds import classes_of, kept_at, kinds_of, pairs_at, regions_known
from toygan.view.levels import levels
from toygan.view.scene import Scene, inside

ARROWS = 150  # points whose way there and back is drawn
ACROSS = 24  # points that are followed from one world to the other
APART = 0.12  # the gap between two worlds, as a share of the view's width
NAMED, IN_FULL = 8, 4  # kinds that a legend names; those that it names with a word each
FULL_WIDTH = 2.2  # inches that a panel has whose legend has words
KINDS = [*METHOD_COLOURS, "#8b5a2b", "#999933"]  # a colour a kind
LEAST_REGION = 60  # places of the grid that a region has where its number is written


class CompanionPanel(NamedTuple):
    """One panel: its title, its function of an axis, a scene and a look, whether a scene has it, its height for a width in
    inches, how many panels' width it takes at least, and whether what is generated in it is orange.
    """

    title: str
    draw: Callable[[Axes, Scene, int], None]
    known: Callable[[Scene], bool]
    tall: Callable[[Scene, float], float] = panel_height
    slots: int = 1
    is_orange: bool = True


# --- kinds of points -------------------------------------------------------------------------------------------------


def kinds(axis: Axes, shown: Scene, look: int) -> None:
    """Generated points, a colour and a mark for each generator, class or category, with the shares beneath; real ones pale."""
    found = kinds_of(shown.recording.frames)
    assert found is not None
    real_points(axis, shown).set_alpha(0.12)
    for k in range(found.number):
        marks_of_kind(axis, shown.samples[look][found.of == k], k, 1.1 * marker_size(len(found.of)))
    frame_view(axis, shown)
    legend_of_kinds(axis, [found.label(k) for k in range(found.number)], found.word)


def marks_of_kind(axis: Axes, points: np.ndarray, k: int, size: float) -> None:
    """Points [n, 2] of one kind in its colour and mark."""
    axis.plot(*points.T, MARKS[k % len(MARKS)], color=colour_of(k), markersize=size, markeredgewidth=0, alpha=0.75,
              zorder=3)  # fmt: skip


def colour_of(k: int) -> str:
    """The colour of the k-th kind."""
    return KINDS[k % len(KINDS)]


def legend_of_kinds(axis: Axes, labels: list[str], word: str) -> None:
    """Beneath a panel what its colours are, in two columns; in four their numbers alone, where the panel is narrow or has more
    than four kinds; where there are too many, how many.
    """
    inch = 1 / (axis.get_position().height * axis.figure.get_figheight())  # type: ignore[union-attr]
    if len(labels) > NAMED:
        beneath(axis, [f"a colour a {word}, {len(labels)} of them"])
        return
    wide = axis.get_position().width * axis.figure.get_figwidth()  # type: ignore[union-attr]
    columns = 2 if len(labels) <= IN_FULL and wide >= FULL_WIDTH else 4
    short = labels if columns == 2 else [words.removeprefix(f"{word} ") for words in labels]
    for k, words in enumerate(short):
        x, y = 0.02 + k % columns / columns, -(0.27 + 0.14 * (k // columns)) * inch
        axis.plot([x], [y], MARKS[k % len(MARKS)], color=colour_of(k), markersize=4, transform=axis.transAxes,
                  clip_on=False, markeredgewidth=0)  # fmt: skip
        axis.text(x + 0.035, y, words, transform=axis.transAxes, size=SMALL, va="center", color=INK)


# --- the critic by class, and what its heads take places for ---------------------------------------------------------


def classes(axis: Axes, shown: Scene, look: int) -> None:
    """The critic and both clouds class by class, all on one scale of colours."""
    scores, kind = kept_at(shown, "class_scores", look), classes_of(shown.recording.frames)
    assert scores is not None
    scores = scores - np.median(scores)
    of = levels(scores, np.array([]))
    axis.set_axis_off()
    for c, place in enumerate(tiles(axis, shown, len(scores))):
        panel = axis.inset_axes(place)
        own = shown if kind is None else of_class(shown, kind, c)
        score_bands(panel, on_every_second(own), scores[c], of.edges)
        real_points(panel, own).set_alpha(0.35)
        marks(panel, own.samples[look], marker_size(len(own.real)))
        frame_view(panel, shown)
        panel.set(xticks=[], yticks=[], anchor="C")
        panel.set_title(f"class {c + 1}", size=SMALL, loc="left", pad=2, color=INK)
    score_bar(axis, of, "score of each class, the median of all removed", below=0.16)


def rounds(axis: Axes, shown: Scene, look: int) -> None:
    """The mixture at the end of each round: real points as large as they weighed in it, a colour a generator."""
    ends = [end for end in ends_of_rounds(shown) if end <= look]
    axis.set_axis_off()
    for k, (place, end) in enumerate(zip(tiles(axis, shown, len(ends)), ends, strict=True)):
        panel, made = axis.inset_axes(place), kept_at(shown, "made_by", end)
        weights, size = kept_at(shown, "real_weights", end), marker_size(len(shown.real))
        assert weights is not None
        x, y = shown.real.T
        panel.scatter(x, y, weights * size**2, color=REAL, alpha=0.3, linewidths=0, zorder=2)
        for j in range(k + 1):
            marks_of_kind(panel, shown.samples[end][made == j], j, size)
        frame_view(panel, shown)
        panel.set(xticks=[], yticks=[], anchor="C")
        panel.set_title(f"round {k + 1}", size=SMALL, loc="left", pad=2, color=INK)
    beneath(axis, ["circles: real points, as large as they weigh in the round; a colour a generator"])


def ends_of_rounds(shown: Scene) -> list[int]:
    """The last look at each round that was begun."""
    shares = np.asarray(shown.recording.frames["shares"])[: len(shown.samples), 0]
    begun = (shares > 0).sum(axis=1)
    return [int(np.flatnonzero(begun == k)[-1]) for k in np.unique(begun)]


def tall_rounds(shown: Scene, width: float) -> float:
    """The height that small panels by round take together."""
    return tall_tiles(shown, width, len(ends_of_rounds(shown)))


def tiles(axis: Axes, shown: Scene, count: int) -> Iterator[tuple[float, float, float, float]]:
    """Places of small panels in an axis, left, bottom, width and height as shares of it, row by row from its upper left."""
    columns = columns_of(shown, count)
    rows = -(-count // columns)
    box, (_, tall) = axis.get_position(), axis.figure.get_size_inches()  # type: ignore[union-attr]
    title = min(0.2 / (box.height * tall), 0.3 / rows)
    for c in range(count):
        row, column = divmod(c, columns)
        across, up = 1 / columns, 1 / rows
        yield column * across, 1 - (row + 1) * up + 0.01, 0.97 * across, up - title - 0.01


def columns_of(shown: Scene, count: int) -> int:
    """How many small panels stand beside each other: four, or all of fewer; of many, more."""
    return min(count, 4) if count <= 12 else 7


def tall_classes(shown: Scene, width: float) -> float:
    """The height that small panels by class take together."""
    return tall_tiles(shown, width, shown.recording.frames["class_scores"].shape[2])


def tall_tiles(shown: Scene, width: float, count: int) -> float:
    """The height of so many small panels in a width."""
    columns = columns_of(shown, count)
    return -(-count // columns) * (panel_height(shown, 0.97 * width / columns) + 0.22)


def of_class(shown: Scene, known: Classes, c: int) -> Scene:
    """The same scene with the points of one class alone."""
    return replace(shown, samples=shown.samples[:, known.points == c], real=shown.real[known.real == c], rings=None)


def on_every_second(shown: Scene) -> Scene:
    """The same scene with a grid of every second place, on which scores by class are kept."""
    return replace(shown, grid_x=shown.grid_x[::2], grid_y=shown.grid_y[::2])


def marks(axis: Axes, points: np.ndarray, size: float) -> None:
    """Generated points [n, 2] as small squares."""
    axis.plot(*points.T, "s", color=GENERATED, markersize=size, markeredgewidth=0, alpha=0.6, zorder=3)


def regions(axis: Axes, shown: Scene, look: int) -> None:
    """What the critic's head takes each place for, a pale colour a kind, with real points, and generated ones in the full
    colour of the kind that they are of.
    """
    word, table = next(iter(regions_known(shown.recording.frames).items()))
    places, found = table[look], kinds_of(shown.recording.frames)
    most = int(table.max(initial=0))
    pale = ListedColormap([tuple(0.62 + 0.38 * part for part in to_rgb(colour_of(k))) for k in range(most + 1)])
    axis.imshow(places, cmap=pale, vmin=-0.5, vmax=most + 0.5, origin="lower", interpolation="nearest", zorder=0,
                extent=pixel_extent(shown.grid_x, shown.grid_y), aspect="equal")  # fmt: skip
    for k in np.unique(places):
        axis.contour(shown.grid_x, shown.grid_y, places == k, [0.5], colors="white", linewidths=0.8)
    real_points(axis, shown).set_alpha(0.25)
    is_of_head = found is not None and found.word == word
    for k in range(found.number if found is not None and is_of_head else 1):
        own = shown.samples[look][found.of == k] if found is not None and is_of_head else shown.samples[look]
        mark, colour = (MARKS[k % len(MARKS)], colour_of(k)) if is_of_head else ("s", GENERATED)
        axis.plot(*own.T, mark, color=colour, markersize=marker_size(shown.samples.shape[1]), markeredgecolor=INK,
                  markeredgewidth=0.25, alpha=0.8, zorder=3)  # fmt: skip
    frame_view(axis, shown)
    data = found is not None and is_of_head and most == found.number
    numbers_of_regions(axis, shown, places, most if data else -1)
    said = f"{len(np.unique(places))} of {most + 1 if data or found is None or not is_of_head else found.number}"
    beneath(axis, [f"pale: which {word} the head says, {said} in view" + ("; D: the data" if data else "")])


def numbers_of_regions(axis: Axes, shown: Scene, places: np.ndarray, data: int) -> None:
    """The number of each region where it is widest, D for the data's, in each of its pieces."""
    from scipy.ndimage import distance_transform_edt, label

    for k in np.unique(places):
        pieces, count = label(places == k)
        for piece in range(1, count + 1):
            own = pieces == piece
            if own.sum() < LEAST_REGION:
                continue
            depth = distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1]
            row, column = np.unravel_index(depth.argmax(), depth.shape)
            x, y = float(shown.grid_x[int(column)]), float(shown.grid_y[int(row)])
            axis.text(x, y, "D" if k == data else str(k + 1), size=SMALL, color=INK,
                      ha="center", va="center", zorder=5)  # fmt: skip


# --- there and back --------------------------------------------------------------------------------------------------


def reconstructions(axis: Axes, shown: Scene, look: int) -> None:
    """An arrow from each of the first real points to what comes back of it; where all comes back there are only dots."""
    points, found = pairs_at(shown, look, ARROWS)
    real_points(axis, shown).set_alpha(0.12)
    moves = found - points
    axis.quiver(*points.T, *moves.T, color=GENERATED, angles="xy", scale_units="xy", scale=1, units="width", width=0.004,
                headwidth=4, headlength=5, headaxislength=4.5, minlength=0.1, alpha=0.8, zorder=4)  # fmt: skip
    axis.plot(*points.T, "o", color=REAL, markersize=2.6, markeredgewidth=0, zorder=3)
    frame_view(axis, shown)
    out = 1 - float(np.mean(inside(found, shown.view)))
    lost = f"; {100 * out:.0f} % of the ends are out of view" if out else ""
    beneath(axis, [f"mean length {number(float(np.linalg.norm(moves, axis=1).mean()))} of {len(points)} arrows{lost}"])


def code(axis: Axes, shown: Scene, look: int) -> None:
    """The plane in the colours of the latent square: at each place the share of latents below E(x), two coordinates."""
    shares = kept_at(shown, "code_map", look)
    assert shares is not None
    x, y = shown.grid_x[::2], shown.grid_y[::2]
    axis.imshow(np.clip(mixed(shares), 0, 1), origin="lower", interpolation="bilinear", extent=pixel_extent(x, y),
                aspect="equal", alpha=0.85, zorder=0)  # fmt: skip
    real_points(axis, shown).set_alpha(0.5)
    frame_view(axis, shown)
    side = 24
    legend = axis.inset_axes((0.015, 0.015, 0.17, 0.17), zorder=7)
    legend.imshow(latent_colours(side).reshape(side, side, 3), origin="lower", aspect="auto")
    legend.set(xticks=[], yticks=[])
    legend.set_title("latent", size=SMALL, pad=1.5, color=INK)
    beneath(axis, ["the latent that the encoder gives each place"])


def mixed(shares: np.ndarray) -> np.ndarray:
    """The colour at places of a square [..., 2], mixed from its four corners: [..., 3]; of one coordinate at the middle."""
    u = shares[..., :1]
    v = shares[..., 1:2] if shares.shape[-1] > 1 else np.full_like(u, 0.5)
    low, high = (CORNERS[i, 0] * (1 - u) + CORNERS[i, 1] * u for i in (0, 1))
    return np.asarray(low * (1 - v) + high * v)


# --- a way in time -------------------------------------------------------------------------------------------------------


def way(axis: Axes, shown: Scene, look: int) -> None:
    """Both coordinates of a way in time, or of classes' means, over time or classes, on dotted lines where they are to be."""
    frames = shown.recording.frames
    exact, found = np.asarray(frames["exact_way"], float), kept_at(shown, "way", look)
    assert found is not None
    is_time = "times" in frames
    along = np.asarray(frames["times"], float) if is_time else np.arange(1, len(exact) + 1)
    for c, (name, mark) in enumerate((("x", "-"), ("y", "--"))):
        axis.plot(along, exact[:, c], ":" if is_time else "o", color=REAL, linewidth=2.2, markersize=4, zorder=2)
        axis.plot(along, found[:, c], mark, color=GENERATED, linewidth=1.3, label=name, zorder=3)
    axis.set(xlabel="time" if is_time else "class", xlim=(along[0], along[-1]))
    axis.legend(loc="upper right", fontsize=SMALL, frameon=False, ncols=2)
    off = float(np.nanmean(np.linalg.norm(found - exact, axis=1)))
    beneath(axis, [f"blue: {'the exact solution' if is_time else 'the centres of modes'}; mean distance {number(off)}"])


# --- two worlds ------------------------------------------------------------------------------------------------------


def worlds(axis: Axes, shown: Scene, look: int) -> None:
    """Both worlds side by side: points of the left one in the colours of their places, in the right one what becomes of them in
    the same colours, and some of their ways; a dark line leads from a point to what comes back of it.
    """
    source, back, again = (
        np.asarray(shown.recording.frames["other_real"][0], float),
        kept_at(shown, "other_reconstructed", look),
        kept_at(shown, "reconstructed", look),
    )
    assert back is not None
    assert again is not None
    sent, shift = shown.samples[look], np.array([(1 + APART) * (shown.view[1] - shown.view[0]), 0.0])
    colours = place_colours(source)
    seen = inside(source, shown.view) & inside(sent, shown.view)
    axis.plot(*(shown.real + shift).T, "o", color=REAL, markersize=3.2, markeredgewidth=0, alpha=0.1, zorder=2)
    size = marker_size(len(source)) ** 2
    axis.scatter(source[seen][:, 0], source[seen][:, 1], s=1.4 * size, c=colours[seen], linewidths=0, zorder=3)
    axis.scatter(
        (sent[seen] + shift)[:, 0],
        (sent[seen] + shift)[:, 1],
        s=size,
        c=colours[seen],
        marker="s",
        linewidths=0,
        zorder=3,
    )
    ways = np.flatnonzero(seen)[:ACROSS]
    for i in ways:
        axis.annotate("", tuple(sent[i] + shift), tuple(source[i]), zorder=4, arrowprops={
            "arrowstyle": "-|>", "color": tuple(colours[i]), "linewidth": 0.7, "alpha": 0.75, "mutation_scale": 6,
            "shrinkA": 0, "shrinkB": 0})  # fmt: skip
    lines_back(axis, source[: len(back)], back)
    lines_back(axis, shown.real[: len(again)] + shift, again + shift)
    frame_worlds(axis, shown, shift)
    beneath(
        axis, ["squares right: where the dots of their colour go", f"dark lines: there and back{lengths(shown, look)}"]
    )


def lengths(shown: Scene, look: int) -> str:
    """How far points of either world are from what comes back of them, where that was measured."""
    left, right = (shown.recording.curve(name) for name in ("latent_distance", "reconstruction_error"))
    if left is None or right is None:
        return ""
    return f", {number(float(left[look, 0]))} long left, {number(float(right[look, 0]))} right"


def lines_back(axis: Axes, points: np.ndarray, found: np.ndarray) -> None:
    """Thin dark lines from points [m, 2] to what comes back of them."""
    pairs = list(np.stack([points, found], axis=1)[:ARROWS])
    axis.add_collection(LineCollection(pairs, colors=INK, linewidths=0.7, alpha=0.8, zorder=5), autolim=False)


def place_colours(points: np.ndarray) -> np.ndarray:
    """A colour for each of points [n, 2] by its place between the outermost ones: [n, 3]."""
    low, high = points.min(axis=0), points.max(axis=0)
    return mixed((points - low) / np.where(high > low, high - low, 1.0))


def frame_worlds(axis: Axes, shown: Scene, shift: np.ndarray) -> None:
    """Both views framed, without numbers, each named."""
    left, right, bottom, top = shown.view
    axis.set(xlim=(left, right + shift[0]), ylim=(bottom, top), aspect="equal", anchor="W", xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_visible(False)
    for name, dx in (("the source", 0.0), ("the target", shift[0])):
        axis.add_patch(Rectangle((left + dx, bottom), right - left, top - bottom, fill=False, edgecolor=FAINT,
                                 linewidth=0.6, clip_on=False))  # fmt: skip
        axis.text(left + dx + 0.02 * (right - left), top - 0.02 * (top - bottom), name, size=SMALL, va="top", color=INK,
                  zorder=6)  # fmt: skip


def tall_worlds(shown: Scene, width: float) -> float:
    """The height of two views beside each other in equal units."""
    return panel_height(shown, width / (2 + APART))


def pairs(axis: Axes, shown: Scene, look: int) -> None:
    """The two points of one latent joined by a line, in the colour of the first one's place; both worlds' real points pale."""
    other, real = kept_at(shown, "other", look), np.asarray(shown.recording.frames["other_real"][0], float)
    assert other is not None
    first, size = shown.samples[look], marker_size(len(real))
    for cloud in (shown.real, real):
        axis.plot(*cloud.T, "o", color=REAL, markersize=1.4 * size, markeredgewidth=0, alpha=0.12, zorder=1)
    colours = place_colours(first)
    lines = list(np.stack([first, other], axis=1)[:ARROWS])
    axis.add_collection(
        LineCollection(lines, colors=colours[:ARROWS], linewidths=0.6, alpha=0.6, zorder=2), autolim=False
    )
    axis.scatter(first[:, 0], first[:, 1], s=size**2, c=colours, marker="s", linewidths=0, zorder=3)
    axis.scatter(other[:, 0], other[:, 1], s=size**2, c=colours, marker="o", linewidths=0, zorder=3)
    frame_view(axis, shown)
    w1 = shown.recording.curve("other_w1")
    said = "" if w1 is None else f"; W1 in the other world: {written('other_w1', float(w1[look, 0]))}"
    beneath(axis, [f"squares: the target's world; dots of their colour: the other one's{said}"])


class PanelRow(NamedTuple):
    """Panels beside each other in so many slots, and the height that they take."""

    names: list[str]
    tall: float


OVER, UNDER = 0.32, 0.62  # inches over and beneath a panel of a row: title, words


def rows_of(shown: Scene, slots: int, wide: float, gap: float) -> list[PanelRow]:
    """The panels that a scene has in rows of so many slots, each slot so many inches wide with a gap between two."""
    rows: list[list[str]] = []
    for name in extras_of(shown):
        if not rows or sum(EXTRAS[one].slots for one in (*rows[-1], name)) > slots:
            rows.append([])
        rows[-1].append(name)
    return [PanelRow(row, OVER + UNDER + max(tall_of(shown, name, wide, gap) for name in row)) for row in rows]


def tall_of(shown: Scene, name: str, wide: float, gap: float) -> float:
    """The height of a panel in slots of a width."""
    return EXTRAS[name].tall(shown, width_of(name, wide, gap))


def width_of(name: str, wide: float, gap: float) -> float:
    """The width of a panel in slots of a width."""
    slots = EXTRAS[name].slots
    return slots * wide + (slots - 1) * gap


def draw_rows(
    figure: Figure, shown: Scene, rows: Sequence[PanelRow], left: float, top: float, wide: float, gap: float
) -> None:
    """Draw rows of panels at the last look, from so many inches up downwards."""
    for row in rows:
        place = left
        for name in row.names:
            across, up = width_of(name, wide, gap), tall_of(shown, name, wide, gap)
            axis = axis_at(figure, place, top - OVER - up, across, up)
            EXTRAS[name].draw(axis, shown, shown.last)
            axis.set_title(EXTRAS[name].title, size=PLAIN, loc="left", pad=5, color=INK)
            axis.tick_params(labelleft=place == left)
            place += across + gap
        top -= row.tall


def has(*names: str) -> Callable[[Scene], bool]:
    """Whether a recording has all of some arrays."""
    return lambda shown: all(name in shown.recording.frames for name in names)


def extras_of(shown: Scene) -> list[str]:
    """The names of the panels that a scene has."""
    return [name for name, row in EXTRAS.items() if row.known(shown)]


EXTRAS: dict[str, CompanionPanel] = {
    "kinds": CompanionPanel("generated points by kind", kinds, lambda shown: kinds_of(shown.recording.frames) is not None,
                   is_orange=False),
    "regions": CompanionPanel(
        "what the critic's head says", regions, lambda shown: shown.critic_kept and bool(regions_known(shown.recording.frames))
    ),
    "classes": CompanionPanel("the critic class by class", classes, has("class_scores"), tall_classes, 3),
    "rounds": CompanionPanel(
        "the mixture, round by round", rounds, has("shares", "real_weights", "made_by"), tall_rounds, 3, False
    ),
    "way": CompanionPanel("where it is and is to be", way, has("way", "exact_way"), is_orange=False),
    "reconstructions": CompanionPanel("what comes back of real points", reconstructions, has("reconstructed")),
    "code": CompanionPanel("the encoder's latents, as colours", code, has("code_map"), is_orange=False),
    "worlds": CompanionPanel(
        "both worlds, there and back", worlds, has("other_reconstructed", "other_real"), tall_worlds, 2, False
    ),
    "pairs": CompanionPanel(
        "pairs of one latent", pairs,
        lambda shown: has("other", "other_real")(shown) and "other_reconstructed" not in shown.recording.frames,
        is_orange=False,
    ),
}  # fmt: skip
