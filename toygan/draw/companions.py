"""What further players, classes and a second world show: each function draws one thing into the axis it is given, and
returns what of it moves.

`EXTRAS` is the table of these panels: which of them a recording has is decided by the data that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from toygan.draw.layout import axis_at, beneath, fitted, panel_height, place_beneath, size_of
from toygan.draw.moving import Field, Moving, show_scores, together, with_bar
from toygan.draw.panels import METHOD_COLOURS, frame_view, pixel_extent, score_bands, score_bar
from toygan.draw.points import (
    GENERATED,
    HAZE,
    MARKS,
    NOWHERE,
    REAL,
    latent_colours,
    latent_square,
    marker_size,
    marks,
    mixed,
    pale_points,
    real_points,
)
from toygan.draw.style import INK, SMALL, entitle, quiet, write
from toygan.draw.worlds import ARROWS, pairs, tall_worlds, worlds
from toygan.files.text import number
from toygan.view.kinds import classes_of, kept_over_time, kinds_of, regions_known
from toygan.view.levels import Scale, levels
from toygan.view.scene import Scene, inside

NAMED, IN_FULL = 8, 4  # kinds that a legend names; those that it names with a word each
FULL_WIDTH = 2.2  # inches that a panel has whose legend has words
SHORT_LABEL, LINES = 0.55, 3  # inches that a number and its share take in a legend; lines of these
KINDS = [*METHOD_COLOURS, "#8b5a2b", "#999933", "#a33e5c", "#6f5fd0", "#44aa99"]  # a colour a kind, for twelve of them
LEAST_REGION = 60  # places of the grid that a region has where its number is written
PIECES = 3  # numbers that a kind's regions have at most: one in each of so many pieces
OF_CLASSES = "score of each class, the median of all removed"
OVER, UNDER = 0.32, 0.62  # inches over and beneath a panel of a row: title, words


class CompanionPanel(NamedTuple):
    """One panel: its title, its function of an axis, a scene and how colours are scaled, whether a scene has it, its height for
    a width in inches, how many panels' width it takes at least, whether what is generated in it is orange, its function for a
    picture of one look where that is another one, and whether its axis is the plane's.
    """

    title: str
    film: Callable[[Axes, Scene, Scale], Moving]
    known: Callable[[Scene], bool]
    tall: Callable[[Scene, float], float] = panel_height
    slots: int = 1
    is_orange: bool = True
    still: Callable[[Axes, Scene, int], None] | None = None
    is_plane: bool = True

    def draw(self, axis: Axes, shown: Scene, look: int) -> None:
        """Draw the panel as it is at a look."""
        if self.still is None:
            self.film(axis, shown, "frame").show(look)
        else:
            self.still(axis, shown, look)


def kinds(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """Generated points, a colour and a mark for each generator, class or category, with the shares beneath; real ones pale."""
    found = kinds_of(shown.recording.frames)
    assert found is not None
    pale_points(axis, shown)
    drawn = [marks_of_kind(axis, k, 1.4 * marker_size(len(found.of))) for k in range(found.number)]
    frame_view(axis, shown)
    legend_of_kinds(axis, [found.label(k) for k in range(found.number)], found.word)

    def show(t: int) -> None:
        for k, cloud in enumerate(drawn):
            cloud.set_data(*shown.samples[t][found.of == k].T)

    return Moving(axis, [*drawn, *axis.spines.values()], show)


def marks_of_kind(axis: Axes, k: int, size: float) -> Line2D:
    """Marks of one kind in its colour, as yet without a place."""
    return marks(axis, NOWHERE, MARKS[k % len(MARKS)], colour_of(k), size, alpha=0.75, zorder=3)


def colour_of(k: int) -> str:
    """The colour of the k-th kind."""
    return KINDS[k % len(KINDS)]


def legend_of_kinds(axis: Axes, labels: list[str], word: str) -> None:
    """Beneath a panel what its colours are, in as few words as its width and their number ask for; of too many how many."""
    wide, tall = size_of(axis)
    columns = 2 if len(labels) <= IN_FULL and wide >= FULL_WIDTH else min(int(wide / SHORT_LABEL), 4)
    if len(labels) > min(NAMED, LINES * columns):
        beneath(axis, [f"a colour a {word}, {len(labels)} of them"])
        return
    short = labels if columns == 2 and wide >= FULL_WIDTH else [words.removeprefix(f"{word} ") for words in labels]
    size = SMALL - 1 if short is labels else SMALL
    write(axis, 0.985, 0.985, f"by {word}", ha="right", va="top", zorder=6)
    for k, words in enumerate(short):
        x, y = 0.02 + k % columns / columns, -(0.27 + 0.14 * (k // columns)) / tall
        axis.plot([x], [y], MARKS[k % len(MARKS)], color=colour_of(k), markersize=4, transform=axis.transAxes,
                  clip_on=False, markeredgewidth=0)  # fmt: skip
        write(axis, x + 0.08 / wide, y, words, size=size, va="center")


# --- the critic by class, and what its heads take places for ---------------------------------------------------------


def classes(axis: Axes, shown: Scene, look: int) -> None:
    """The critic and both clouds class by class, all on one scale of colours."""
    scores = scores_by_class(shown)[look]
    of = levels(scores, np.array([]))
    half = replace(shown, grid_x=shown.grid_x[::2], grid_y=shown.grid_y[::2])  # their scores are of every second place
    for c, panel in enumerate(tiles(axis, len(scores))):
        score_bands(panel, half, scores[c], of.edges)
        points_of_class(panel, shown, c).show(look)
    score_bar(axis, of, OF_CLASSES, below=0.16)


def moving_classes(axis: Axes, shown: Scene, scale: Scale) -> Moving:
    """The same, look after look, on each look's own scale or on one of the run."""
    scores, nowhere = scores_by_class(shown), np.array([])
    known = [levels(scores, nowhere)] * len(scores) if scale == "run" else [levels(one, nowhere) for one in scores]
    axes = tiles(axis, scores.shape[1])
    points = together(axis, [points_of_class(panel, shown, c) for c, panel in enumerate(axes)])
    critics = [Field(panel, lines=True) for panel in axes]

    def show(t: int) -> None:
        points.show(t)
        for field, own in zip(critics, scores[t], strict=True):
            show_scores(field, own, known[t])

    return with_bar(replace(points, artists=[*critics, *points.artists], show=show), known, OF_CLASSES, below=0.16)


def points_of_class(panel: Axes, shown: Scene, c: int) -> Moving:
    own = of_class(shown, c)
    dress_tile(panel, shown, f"class {c + 1}")
    real, made = real_points(panel, own), orange_marks(panel, own)
    real.set_alpha(0.35)
    return Moving(panel, [real, made, *panel.spines.values()], lambda t: made.set_data(*own.samples[t].T))


def scores_by_class(shown: Scene) -> np.ndarray:
    """The critic's score for each class at every look that can be drawn, the median of a look's removed: [T, K, g, g]."""
    scores = kept_over_time(shown, "class_scores")
    return scores - np.median(scores, axis=(1, 2, 3), keepdims=True)


def dress_tile(panel: Axes, shown: Scene, name: str) -> None:
    frame_view(panel, shown)
    panel.set(xticks=[], yticks=[], anchor="C")
    panel.set_title(name, size=SMALL, loc="left", pad=2, color=INK)


def tiles(axis: Axes, count: int) -> list[Axes]:
    """Small panels in an axis, row by row from its upper left; of the axis itself nothing is seen."""
    axis.set_axis_off()
    columns = columns_of(count)
    rows = -(-count // columns)
    across, up = 1 / columns, 1 / rows
    size = 0.97 * across, up - min(0.2 / size_of(axis)[1], 0.3 / rows) - 0.01
    corners = [(k % columns * across, 1 - (k // columns + 1) * up + 0.01) for k in range(count)]
    return [axis.inset_axes((*corner, *size)) for corner in corners]


def columns_of(count: int) -> int:
    """How many small panels stand beside each other: up to six, of many seven, in even rows."""
    return -(-count // -(-count // (6 if count <= 12 else 7)))


def tall_tiles(shown: Scene, width: float, count: int) -> float:
    columns = columns_of(count)
    return -(-count // columns) * (panel_height(shown, 0.97 * width / columns) + 0.22)


def of_class(shown: Scene, c: int) -> Scene:
    """The same scene with the points of one class alone, of all where points have none."""
    known = classes_of(shown.recording.frames)
    if known is None:
        return shown
    return replace(shown, samples=shown.samples[:, known.points == c], real=shown.real[known.real == c], rings=None)


def orange_marks(axis: Axes, shown: Scene) -> Line2D:
    """Small squares for a scene's generated points, as yet without a place."""
    return marks(axis, NOWHERE, "s", GENERATED, marker_size(len(shown.real)), alpha=0.6, zorder=3)


class ToldByHead(NamedTuple):
    """What a critic's head takes places for, `table [T, g, g]`, in which word; the kind of each generated point [N], None where
    points are not of the head's kinds; how many kinds the head can tell, and which of them stands for the data, -1 for none.
    """

    word: str
    table: np.ndarray
    of: np.ndarray | None
    kinds: int
    data: int


def said_by_head(shown: Scene) -> ToldByHead:
    """What the first of a critic's heads tells; its last kind is the data where it has one more than there are generators."""
    word, table = next(iter(regions_known(shown.recording.frames).items()))
    found, most = kinds_of(shown.recording.frames), int(table.max(initial=0))
    if found is None or found.word != word:
        return ToldByHead(word, table, None, most + 1, -1)
    is_data = most == found.number
    return ToldByHead(word, table, found.of, found.number + is_data, most if is_data else -1)


def regions(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """What the critic's head takes each place for, a pale colour a kind, with points, generated ones in full colour."""
    told = said_by_head(shown)
    pale = ListedColormap([tuple(0.62 + 0.38 * part for part in to_rgb(colour_of(k))) for k in range(told.kinds)])
    image = axis.imshow(told.table[0], cmap=pale, vmin=-0.5, vmax=told.kinds - 0.5, origin="lower", interpolation="nearest",
                        zorder=0, extent=pixel_extent(shown.grid_x, shown.grid_y), aspect="equal")  # fmt: skip
    edges = LineCollection([], colors="white", linewidths=0.8, zorder=1)
    axis.add_collection(edges, autolim=False)
    real = pale_points(axis, shown, HAZE)
    clouds = marks_of_head(axis, shown, told)
    numbers = [axis.text(0, 0, "", size=SMALL, color=INK, ha="center", va="center", zorder=5)
               for _ in range(PIECES * told.kinds)]  # fmt: skip
    frame_view(axis, shown)
    words, data, plane = place_beneath(axis), "; D: the data" * (told.data >= 0), (shown.grid_x, shown.grid_y)

    def show(t: int) -> None:
        places = told.table[t]
        image.set_data(places)
        own = [contour_generator(*plane, (places == k).astype(float)) for k in np.unique(places)]
        edges.set_segments([line for region in own for line in region.lines(0.5)])  # type: ignore[misc]
        for of, cloud in clouds:
            cloud.set_data(*shown.samples[t][of].T)
        number_regions(numbers, shown, places, told.data)
        said = f"{len(np.unique(places))} of {told.kinds}"
        words.set_text(fitted(axis, [f"pale: which {told.word} the head says, {said} in view{data}"]))

    drawn = [image, edges, real, *(cloud for _, cloud in clouds), *numbers, *axis.spines.values()]
    return Moving(axis, drawn, show, [words])


def marks_of_head(axis: Axes, shown: Scene, told: ToldByHead) -> list[tuple[np.ndarray, Line2D]]:
    """Marks for generated points of each kind that a head tells, with which points [N] these are; in orange where of no kind."""
    size = marker_size(shown.samples.shape[1])
    if told.of is None:
        return [(np.full(shown.samples.shape[1], True), orange_marks(axis, shown))]
    clouds = [marks_of_kind(axis, k, size) for k in range(int(told.of.max()) + 1)]
    for cloud in clouds:
        cloud.set(markeredgecolor=INK, markeredgewidth=0.25, alpha=0.8)
    return [(told.of == k, cloud) for k, cloud in enumerate(clouds)]


def number_regions(numbers: Sequence[Text], shown: Scene, places: np.ndarray, data: int) -> None:
    """Write the number of each region where it is widest, D for the data's, in each of its largest pieces."""
    from scipy.ndimage import distance_transform_edt, label

    spare = iter(numbers)
    for k in np.unique(places):
        pieces, count = label(places == k)
        sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
        for piece in 1 + np.argsort(-sizes)[:PIECES]:
            if sizes[piece - 1] < LEAST_REGION:
                continue
            depth = distance_transform_edt(np.pad(pieces == piece, 1))[1:-1, 1:-1]
            row, column = np.unravel_index(depth.argmax(), depth.shape)
            words = next(spare)
            words.set_position((float(shown.grid_x[int(column)]), float(shown.grid_y[int(row)])))
            words.set_text("D" if k == data else str(k + 1))
    for words in spare:
        words.set_text("")


# --- rounds, and a way in time ---------------------------------------------------------------------------------------


def rounds(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """The mixture at the end of each round, real points as large as they weigh, a colour a generator; of the last as it is."""
    ends = ends_of_rounds(shown)
    parts = [moving_round(panel, shown, k, ends) for k, panel in enumerate(tiles(axis, len(ends)))]
    beneath(axis, ["circles: real points, as large as they weigh in the round; a colour a generator"])
    return together(axis, parts)


def moving_round(panel: Axes, shown: Scene, k: int, ends: Sequence[int]) -> Moving:
    """One round, which stays as it ended; empty before it is begun."""
    begin, size = ends[k - 1] + 1 if k else 0, marker_size(len(shown.real))
    made, weights = (kept_over_time(shown, name) for name in ("made_by", "real_weights"))
    circles = panel.scatter(shown.real[:, 0], shown.real[:, 1], s=0, color=REAL, alpha=0.3, linewidths=0, zorder=2)
    drawn = [marks_of_kind(panel, j, size) for j in range(k + 1)]
    dress_tile(panel, shown, f"round {k + 1}")

    def show(t: int) -> None:
        look, is_begun = min(t, ends[k]), t >= begin
        circles.set_sizes(weights[look] * (4 * size) ** 2 if is_begun else np.zeros(len(shown.real)))
        for j, points in enumerate(drawn):
            points.set_data(*shown.samples[look][is_begun & (made[look] == j)].T)

    return Moving(panel, [circles, *drawn, *panel.spines.values()], show)


def ends_of_rounds(shown: Scene) -> list[int]:
    """The last look at each round that was begun."""
    begun = (kept_over_time(shown, "shares") > 0).sum(axis=1)
    return [int(np.flatnonzero(begun == k)[-1]) for k in np.unique(begun)]


def way(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """Both coordinates of a way in time, or of classes' means, over time or classes, on dotted lines where they are to be."""
    frames, found = shown.recording.frames, kept_over_time(shown, "way")
    exact, is_time = np.asarray(frames["exact_way"], float), "times" in frames
    along = np.asarray(frames["times"], float) if is_time else np.arange(1, len(exact) + 1)
    lines = []
    for c, mark in enumerate(("-", "--")):
        axis.plot(along, exact[:, c], ":" if is_time else "o", color=REAL, linewidth=2.2, markersize=4, zorder=2)
        lines += axis.plot(along, found[-1, :, c], mark, color=GENERATED, linewidth=1.3, zorder=3)
    axis.set(xlim=(along[0], along[-1]), ylim=axis.get_ylim())
    dress_way(axis, "time" if is_time else "class")
    words, aim = place_beneath(axis, 0.4), "the exact solution" if is_time else "the centres of modes"

    def show(t: int) -> None:
        for c, line in enumerate(lines):
            line.set_ydata(found[t, :, c])
        off = float(np.nanmean(np.linalg.norm(found[t] - exact, axis=1)))
        words.set_text(fitted(axis, [f"blue: {aim}; mean distance {number(off)}; x whole, y broken"]))

    return Moving(axis, [*lines, words], show)


def dress_way(axis: Axes, along: str) -> None:
    """Few numbers, those of the height within the panel, for another one may stand beside it."""
    axis.set_xlabel(along, size=SMALL, labelpad=1, color=INK)
    quiet(axis)
    axis.tick_params(axis="y", direction="in", pad=-3)
    for line in (axis.xaxis, axis.yaxis):
        line.set_major_locator(MaxNLocator(3, integer=True))
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}
    for label in axis.get_yticklabels():
        label.set(horizontalalignment="left", bbox=ground)


# --- there and back --------------------------------------------------------------------------------------------------


def reconstructions(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """An arrow from each of the first real points to what comes back of it; where all comes back there are only dots."""
    back = kept_over_time(shown, "reconstructed")[:, :ARROWS]
    points = shown.real[: back.shape[1]]
    pale_points(axis, shown)
    arrows = axis.quiver(*points.T, *(back[0] - points).T, color=GENERATED, angles="xy", scale_units="xy", scale=1,
                         units="width", width=0.004, headwidth=4, headlength=5, headaxislength=4.5, minlength=0.1,
                         alpha=0.8, zorder=4)  # fmt: skip
    dots = marks(axis, points, "o", REAL, 2.6, zorder=3)
    frame_view(axis, shown)
    words = place_beneath(axis)

    def show(t: int) -> None:
        arrows.set_UVC(*(back[t] - points).T)
        out = 1 - float(np.mean(inside(back[t], shown.view)))
        lost = f"; {100 * out:.0f} % of the ends are out of view" if out else ""
        far = float(np.linalg.norm(back[t] - points, axis=1).mean())
        words.set_text(fitted(axis, [f"mean length {number(far)} of {len(points)} arrows{lost}"]))

    return Moving(axis, [dots, arrows, words, *axis.spines.values()], show)


def code(axis: Axes, shown: Scene, scale: Scale = "frame") -> Moving:
    """The plane in the colours of the latent square: at each place the share of latents below E(x), two coordinates."""
    colours = np.clip(mixed(kept_over_time(shown, "code_map")), 0, 1)
    extent = pixel_extent(shown.grid_x[::2], shown.grid_y[::2])
    image = axis.imshow(colours[0], origin="lower", interpolation="bilinear", extent=extent, aspect="equal", alpha=0.85,
                        zorder=0)  # fmt: skip
    real = real_points(axis, shown)
    real.set_alpha(0.5)
    frame_view(axis, shown)
    over = latent_square(axis, 24)
    beneath(axis, ["the latent that the encoder gives each place"])
    return Moving(axis, [image, real, *axis.spines.values(), *over], lambda t: image.set_data(colours[t]))


# --- rows of panels --------------------------------------------------------------------------------------------------


class PanelRow(NamedTuple):
    """Panels beside each other in so many slots, and the height that they take."""

    names: list[str]
    tall: float


def rows_of(shown: Scene, slots: int, wide: float, gap: float) -> list[PanelRow]:
    """The panels that a scene has in rows of so many slots; a slot is so many inches wide with a gap between two."""
    names = extras_of(shown)
    rows = filled([], names, slots, most=len(names))
    return [PanelRow(row, OVER + UNDER + max(tall_of(shown, name, wide, gap) for name in row)) for row in rows]


def filled(rows: list[list[str]], names: Sequence[str], slots: int, most: int) -> list[list[str]]:
    """Rows with more panels, each in the first row of so many slots with room, or in a new one up to `most`; else left out."""
    for name in names:
        if all(slots_of([*row, name]) > slots for row in rows) and len(rows) < most:
            rows.append([])
        for row in [row for row in rows if slots_of([*row, name]) <= slots][:1]:
            row.append(name)
    return rows


def slots_of(names: Sequence[str]) -> int:
    """How many panels' width some panels take; those of the critic are as wide as one."""
    return sum(EXTRAS[name].slots if name in EXTRAS else 1 for name in names)


def tall_of(shown: Scene, name: str, wide: float, gap: float) -> float:
    """The height of a panel in slots of a width."""
    tall = EXTRAS[name].tall if name in EXTRAS else panel_height
    return tall(shown, width_of(name, wide, gap))


def width_of(name: str, wide: float, gap: float) -> float:
    """The width of a panel in slots of a width."""
    slots = slots_of([name])
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
            entitle(axis, EXTRAS[name].title)
            axis.tick_params(labelleft=place == left or not EXTRAS[name].is_plane)
            place += across + gap
        top -= row.tall


def has(*names: str) -> Callable[[Scene], bool]:
    return lambda shown: all(name in shown.recording.frames for name in names)


def extras_of(shown: Scene) -> list[str]:
    """The names of the panels that a scene has."""
    return [name for name, row in EXTRAS.items() if row.known(shown)]


def colours_wanted(scenes: Sequence[Scene]) -> list[tuple[int, int, int]]:
    """Colours in bytes that tell kinds and places apart, full and pale, where any scene has such panels: few pixels have them."""
    if not any(map(extras_of, scenes)):
        return []
    full = np.array([to_rgb(colour) for colour in KINDS])
    every = np.concatenate([full, 0.62 + 0.38 * full, latent_colours(4)])
    return [(int(r), int(g), int(b)) for r, g, b in (255 * every).round()]


def brief_of(shown: Scene) -> str:
    """The name of the one panel that tells most beside other runs' critics; empty where a scene has none."""
    return next((name for name in BRIEF if EXTRAS[name].known(shown)), "")


BRIEF = ("kinds", "rounds", "worlds", "pairs", "reconstructions", "way", "regions")  # the first of these that there is
EXTRAS: dict[str, CompanionPanel] = {
    "kinds": CompanionPanel("generated points by kind", kinds, lambda shown: kinds_of(shown.recording.frames) is not None,
                            is_orange=False),
    "regions": CompanionPanel(
        "what the critic's head says", regions, lambda shown: shown.critic_kept and bool(regions_known(shown.recording.frames))
    ),
    "classes": CompanionPanel(
        "the critic class by class", moving_classes, has("class_scores"),
        lambda shown, width: tall_tiles(shown, width, shown.recording.frames["class_scores"].shape[2]), 3, still=classes
    ),
    "rounds": CompanionPanel(
        "the mixture, round by round", rounds, has("shares", "real_weights", "made_by"),
        lambda shown, width: tall_tiles(shown, width, len(ends_of_rounds(shown))), 3, False
    ),
    "way": CompanionPanel("where it is and is to be", way, has("way", "exact_way"), is_orange=False, is_plane=False),
    "worlds": CompanionPanel(
        "both worlds, there and back", worlds, has("other_reconstructed", "other_real"), tall_worlds, 2, False
    ),
    "pairs": CompanionPanel(
        "pairs of one latent", pairs,
        lambda shown: has("other", "other_real")(shown) and "other_reconstructed" not in shown.recording.frames,
        is_orange=False,
    ),
    "reconstructions": CompanionPanel("what comes back of real points", reconstructions, has("reconstructed")),
    "code": CompanionPanel("the encoder's latents, as colours", code, has("code_map"), is_orange=False),
}  # fmt: skip
