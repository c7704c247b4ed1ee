"""Some looks of one run side by side: the critic, the optimal one where it is known, and the critic's slopes at each."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw import sheet
from toygan.draw.layout import axis_at, fitted, fitted_to, panel_height, place_beneath
from toygan.draw.panels import critic_contour
from toygan.draw.style import INK, LARGE
from toygan.session.recording import Recording
from toygan.view.chosen import at_look
from toygan.view.levels import Scales, scales
from toygan.view.look import USUAL, Options
from toygan.view.scene import Scene, no_critic, outside_share, scene, seeds_of, title_of
from toygan.view.words import frame_words

MOST = 6  # looks beside each other; more of them are a film
WIDEST = 3.4  # inches, of a panel
GAP, ABOVE, LINE = 0.3, 0.3, 0.145  # inches: between panels, over each for its title, a line of measures
APART = 0.04  # inches between what a colour bar says and the measures beneath


GridCell = tuple[int, int]  # where a panel stands: its column from the left, its row from the top


def steps(recording: Recording, looks: Sequence[int], options: Options = USUAL) -> Figure:
    """Some looks [n] of a run, a column each, every panel on its own scale; one look's panels stand side by side.

    A look after the last finite one is drawn as that one. Raises ValueError for no look or more than six.
    """
    shown = scene(recording, options.points)
    if not 0 < len(looks) <= MOST:
        raise ValueError(f"{len(looks)} looks cannot stand side by side; 1 to {MOST} can, more are a film")
    looks = list(dict.fromkeys(min(look, shown.last) for look in looks))
    told = [measures_of(shown, look) for look in looks]
    cells = cells_of(len(looks), 1 if not shown.critic_kept else 3 if shown.optimal_moves else 2)
    figure, axes = grid(shown, cells, told, options)
    for column, (look, places) in enumerate(zip(looks, axes, strict=True)):
        one = at_look(shown, look)
        panels(places, one, scales(shown, look, options.scale))
        dress(places, cells[column], column > 0)
        name(places[0], f"step {one.steps[0]}")
        room = place_beneath(places[-1 if len(looks) > 1 else 0], sheet.UNDER + APART if shown.critic_kept else 0.3)
        room.set_text(fitted(places[0], told[column]))
    return figure


def measures_of(shown: Scene, look: int) -> list[str]:
    """What stands beneath a look."""
    outside = outside_share(shown.samples[look], shown.view)
    return [*frame_words(shown.recording, look), *([outside] if outside else [])]


def panels(places: Sequence[Axes], one: Scene, of: Scales) -> None:
    """The panels of one look; what would be said in their corners stands beneath or in the header: they are small."""
    if one.critic_kept:
        sheet.main_panels(places, one, of)
    else:
        critic_contour(places[0], one)
    for axis in places:
        for note in axis.texts:
            note.set_visible(False)


def said(shown: Scene, options: Options = USUAL) -> str:
    """Which seed is shown, how to read the panels, and what is missing."""
    own = "every panel on its own scale" if options.scale == "frame" else "all steps on one scale"
    scale = own if shown.critic_kept else no_critic(shown.recording)
    line = "" if shown.boundary is None else "purple line: the critic cannot tell"
    return " · ".join(filter(None, [seeds_of(shown.recording), scale, line, shown.note]))


def cells_of(looks: int, kinds: int) -> list[list[GridCell]]:
    """The cells [looks][kinds]: a column a look, or one look in a row."""
    return [[(look, kind) if looks > 1 else (kind, 0) for kind in range(kinds)] for look in range(looks)]


def grid(
    shown: Scene, cells: Sequence[Sequence[GridCell]], told: Sequence[Sequence[str]], options: Options = USUAL
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with an empty axis for every cell, and room for what is told beneath."""
    right, down = cells[-1][-1]
    side = min((sheet.WIDTH - sheet.MARGIN - 0.1) / (right + 1) - GAP, WIDEST)
    tall = panel_height(shown, side)
    room = 0.25 + APART + LINE * max(fitted_to(side, lines).count("\n") + 1 for lines in told)
    pitch = tall + sheet.UNDER + ABOVE
    figure, below = sheet.framed(shown.recording, room + pitch * (down + 1) + 0.95)
    sheet.header(figure, title_of(shown.recording), said(shown, options), [shown])
    axes = [
        [axis_at(figure, sheet.MARGIN + column * (side + GAP), below + room + (down - row) * pitch + sheet.UNDER, side, tall)
         for column, row in look]
        for look in cells
    ]  # fmt: skip
    return figure, axes


def dress(places: Sequence[Axes], cells: Sequence[GridCell], later: bool) -> None:
    """Numbers at the left column alone; of a later look no titles, which the first look has."""
    for axis, (column, _) in zip(places, cells, strict=True):
        axis.tick_params(labelleft=column == 0)
        if later:
            axis.set_title("", loc="left")
            for bar in axis.child_axes:
                for words in bar.texts:
                    words.set_text("")


def name(axis: Axes, words: str) -> None:
    """The look's name over its first panel and that one's title."""
    axis.annotate(words, (0, 1), (0, 18), "axes fraction", "offset points", size=LARGE, weight="bold", color=INK)
