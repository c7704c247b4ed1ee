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
from toygan.view.levels import scales
from toygan.view.look import USUAL, Options
from toygan.view.scene import Scene, no_critic, outside_share, scene, seeds_of, title_of
from toygan.view.words import frame_words

MOST = 6  # looks beside each other; more of them are a film
WIDEST = 3.4  # inches, of a panel
GAP, ABOVE, LINE = 0.3, 0.3, 0.145  # inches: between panels, over each for its title, a line of measures
APART = 0.04  # inches between what a colour bar says and the measures beneath


def steps(recording: Recording, looks: Sequence[int], options: Options = USUAL) -> Figure:
    """Some looks [n] of a run, a column each, every panel on its own scale; one look's panels stand side by side.

    A look after the last finite one is drawn as that one. Raises ValueError for no look or more than six.
    """
    shown = scene(recording, options.points)
    if not 0 < len(looks) <= MOST:
        raise ValueError(f"{len(looks)} looks cannot stand side by side; 1 to {MOST} can, more are a film")
    looks = list(dict.fromkeys(min(look, shown.last) for look in looks))
    told = [[*frame_words(shown.recording, look), outside_share(shown.samples[look], shown.view)] for look in looks]
    kinds = 1 if not shown.critic_kept else 3 if shown.optimal_moves else 2
    several = len(looks) > 1
    figure, columns = grid(shown, (len(looks), kinds) if several else (kinds, 1), told, options)
    axes = columns if several else [[axis for (axis,) in columns]]
    for look, places, words in zip(looks, axes, told, strict=True):
        panels(places, shown, look, options)
        for axis in places:
            axis.tick_params(labelleft=axis in columns[0])
        if places is not axes[0]:
            bare(places)
        places[0].annotate(f"step {shown.steps[look]}", (0, 1), (0, 18), "axes fraction", "offset points", size=LARGE,
                           weight="bold", color=INK)  # fmt: skip
        room = place_beneath(places[-1 if several else 0], sheet.UNDER + APART if shown.critic_kept else 0.3)
        room.set_text(fitted(places[0], words))
    return figure


def panels(places: Sequence[Axes], shown: Scene, look: int, options: Options) -> None:
    """The panels of one look; what would be said in their corners stands beneath or in the header: they are small."""
    if shown.critic_kept:
        sheet.main_panels(places, shown, scales(shown, look, options.scale), look)
    else:
        critic_contour(places[0], shown, look)
    for note in (note for axis in places for note in axis.texts):
        note.set_visible(False)


def said(shown: Scene, options: Options) -> str:
    """Which seed is shown, how to read the panels, and what is missing."""
    own = "every panel on its own scale" if options.scale == "frame" else "all steps on one scale"
    scale = own if shown.critic_kept else no_critic(shown.recording)
    line = "" if shown.boundary is None else "purple line: the critic cannot tell"
    return " · ".join(filter(None, [seeds_of(shown.recording), scale, line, shown.note]))


def grid(
    shown: Scene, cells: tuple[int, int], told: Sequence[Sequence[str]], options: Options
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with columns of so many empty axes across and down, and room for what is told beneath."""
    across, down = cells
    side = min((sheet.WIDTH - sheet.MARGIN - 0.1) / across - GAP, WIDEST)
    tall = panel_height(shown, side)
    room = 0.25 + APART + LINE * max(fitted_to(side, lines).count("\n") + 1 for lines in told)
    pitch = tall + sheet.UNDER + ABOVE
    figure, below = sheet.framed(shown.recording, room + pitch * down + 0.95)
    sheet.header(figure, title_of(shown.recording), said(shown, options), [shown])
    lefts = [sheet.MARGIN + column * (side + GAP) for column in range(across)]
    bottoms = [below + room + row * pitch + sheet.UNDER for row in reversed(range(down))]
    return figure, [[axis_at(figure, left, bottom, side, tall) for bottom in bottoms] for left in lefts]


def bare(places: Sequence[Axes]) -> None:
    """No titles over a later look's panels and under their bars, which the first look has."""
    for axis in places:
        axis.set_title("", loc="left")
        for words in (words for bar in axis.child_axes for words in bar.texts):
            words.set_text("")
