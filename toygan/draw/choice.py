"""Chosen panels on one page: for a paper of its own width and type, for a slide, one a seed, or of several runs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw import panels, players, sheet
from toygan.draw.companions import EXTRAS
from toygan.draw.layout import axis_at, beneath, panel_height, size_of
from toygan.draw.saved import Paper, save_figure
from toygan.draw.style import INK, LARGE, PLAIN, SMALL
from toygan.session.recording import Recording
from toygan.view.apart import names_apart
from toygan.view.levels import scales
from toygan.view.look import ASPECT, ON_SLIDES, SLIDE, TYPE, USUAL, Options
from toygan.view.scene import Scene, no_critic, optimum_label, scene, seeds_of, title_of
from toygan.view.words import headline

LEAST, LEAST_CURVE = 2.0, 2.45  # inches that a panel takes at least, as laid out: on the plane, and of curves
LEFT, RIGHT, BENEATH, OVER = 0.42, 0.12, 0.72, 0.3  # inches around the plane: numbers, gap, colour bar, title
CURVE, AROUND = 1.4, 0.95  # inches: the height of a panel of curves, and what is over and beneath it
LINE = 0.17  # inches: a line of a title
NAMED = 1.9  # inches beside curves of several runs, for their names
SMALLEST = 1.2  # inches: the side of a plane that can still be read
LINES = 3  # of a title on paper, beside the legend
MOST = 24  # panels on one page
TITLED, UNTITLED = 0.8, 0.62  # inches over all panels: title and numbers on a slide, one line on paper
SIZES = (ON_SLIDES, 13.5, 12.0, 10.5, 9.0)  # points: of words on a slide, the largest of which there is room for


class Pane(NamedTuple):
    """One kind of panel: what it is called on the plane, its function of an axis, a scene, a look and the options, of which
    curves heed the first two, whether a run has it (`known`), its height for a width on the plane (`tall`), how many panels'
    width it takes at least (`slots`), whether its legend speaks of orange points and of rings, and whether it is on the plane.
    """

    title: str
    draw: Callable[[Axes, Scene, int, Options], object]
    known: Callable[[Scene], bool] = lambda shown: True
    tall: Callable[[Scene, float], float] = panel_height
    slots: int = 1
    is_orange: bool = True
    has_rings: bool = False
    plane: bool = True


class Shot(NamedTuple):
    """A panel of a kind of `PANELS` of one look of a scene, and what tells it apart, if anything does: its run among several, and
    its seed or step. Curves that runs share are of all `runs`.
    """

    kind: str
    shown: Scene
    look: int
    run: str = ""
    moment: str = ""
    runs: Sequence[Recording] = ()

    @property
    def panel(self) -> Pane:
        """How such a panel is drawn."""
        return PANELS[self.kind]


# --- one panel, and the page -----------------------------------------------------------------------------------------


def critic(axis: Axes, shown: Scene, look: int, options: Options) -> None:
    """The learned critic with its colour bar; of a seed whose critic was not kept its points alone."""
    if not shown.critic_kept:
        panels.critic_contour(axis, shown, look)
        beneath(axis, [no_critic(shown.recording).partition(":")[0]], 0.28)
        return
    of = scales(shown, look, options.scale).critic
    panels.critic_contour(axis, shown, look, of.edges)
    panels.score_bar(axis, of, "score, median removed")


def optimal(axis: Axes, shown: Scene, look: int, options: Options) -> None:
    """The optimal critic with its colour bar."""
    of = scales(shown, look, options.scale).optimal
    assert of is not None
    panels.optimal_contour(axis, shown, of.edges, look)
    panels.score_bar(axis, of, optimum_label(shown.recording))


def slope(axis: Axes, shown: Scene, look: int, options: Options) -> None:
    """The critic's slopes with their colour bar."""
    longest = scales(shown, look, options.scale).longest
    panels.slope_field(axis, shown, look, longest)
    panels.steepness_bar(axis, longest, "steepness |∇ score|")


def on_plane(draw: Callable[[Axes, Scene, int], None]) -> Callable[[Axes, Scene, int, Options], object]:
    """A panel of a look that options do not change."""
    return lambda axis, shown, look, options: draw(axis, shown, look)


def of_run(
    draw: Callable[[Axes, Recording], object], known: Callable[[Recording], object] = lambda recording: True
) -> Pane:
    """A panel of curves, where a run has some."""
    return Pane("", lambda axis, shown, look, options: draw(axis, shown.recording), lambda shown: bool(known(shown.recording)),
                plane=False)  # fmt: skip


def chosen(
    recordings: Sequence[Recording], names: Sequence[str], looks: Sequence[Sequence[int]] = (), options: Options = USUAL
) -> tuple[Figure, Paper]:
    """The panels of some names, of each of several recordings (seeds of one run, or of several runs) at its looks, those of
    one recording in a list (its last one without any), and the page for them.

    Raises ValueError for an unknown name, for panels that no run has, and for more than there is room for.
    """
    scenes = [scene(recording, options.points) for recording in recordings]
    cells = cells_of(scenes, names, looks or [()] * len(scenes))
    if not 0 < len(cells) <= MOST:
        raise ValueError(f"{len(cells)} panels do not fit on a page; 1 to {MOST} do")
    times, wide, rows, side = fitting(cells, options)
    slide, tall = options.style != "paper", sum(height_of(row, side) + around(row) for row in rows)
    figure = sheet.blank(wide / ASPECT if slide else sheet.even(UNTITLED + tall), wide)
    top = figure.get_figheight() - (TITLED if slide else UNTITLED)
    top -= max(top - tall, 0.0) / 2 if slide else 0.0  # in the middle of what is left
    named = list(dict.fromkeys(cell.run for cell in cells if cell.run)) if any(cell.runs for cell in cells) else []
    styles = dict(zip(named, panels.styles_of(len(named)), strict=True))  # where runs share a panel of curves
    for cell, place in places(rows, wide, side, top):
        axis = axis_at(figure, *place)
        if cell.runs:
            sheet.w1_together(axis, cell.runs)
        else:
            cell.panel.draw(axis, cell.shown, cell.look, options)
        name_panel(axis, cell, several=len({one.kind for one in cells}) > 1)
        if cell.run in styles and cell.panel.plane:
            sheet.key_line(axis, styles[cell.run])
    head(figure, cells, scenes, options)
    across, up = map(float, figure.get_size_inches())
    return figure, Paper(0, 0, across, up, times)


def cells_of(scenes: Sequence[Scene], names: Sequence[str], looks: Sequence[Sequence[int]]) -> list[Shot]:
    """Every panel of every scene and look, those of one name beside each other, and W1 of several runs in one."""
    moments, runs = list(moments_of(scenes, looks)), runs_apart(scenes)
    kinds = dict.fromkeys(kind for shown, *_ in moments for name in names for kind in kinds_in(shown, name))
    for name in names:
        if not any(kinds_in(shown, name) for shown in scenes):
            raise ValueError(f"{'none of these runs has a' if len(runs) > 1 else 'this run has no'} panel {name!r}")
    cells = []
    for kind in kinds:
        alike = [Shot(kind, *moment) for moment in moments if PANELS[kind].known(moment[0])]
        shared = kind == "w1" and len(runs) > 1
        cells += [alike[0]._replace(run="", moment="", runs=runs)] if shared else alike
    return cells


def moments_of(scenes: Sequence[Scene], looks: Sequence[Sequence[int]]) -> Iterator[tuple[Scene, int, str, str]]:
    """Every scene at every look of its own, with what tells it apart: its run, where there are several, and its seed and step."""
    runs = runs_apart(scenes)
    names = names_apart(runs) if len(runs) > 1 else [""]
    told = {run_of(run): name for run, name in zip(runs, names, strict=True)}
    for shown, own in zip(scenes, looks, strict=True):
        for look in dict.fromkeys(min(look, shown.last) for look in own or [shown.last]):
            seed = f"seed {shown.recording.facts.portrait}" if len(scenes) > len(runs) else ""
            step = f"step {shown.steps[look]}" if len(own) > 1 else ""
            yield shown, look, told[run_of(shown.recording)], ", ".join(filter(None, (seed, step)))


def runs_apart(scenes: Sequence[Scene]) -> list[Recording]:
    """A recording of each run; several seeds of one run are told by its folder and settings, which they share."""
    return list({run_of(shown.recording): shown.recording for shown in reversed(scenes)}.values())[::-1]


def run_of(recording: Recording) -> str:
    """What seeds of one run share, and other runs do not."""
    facts = recording.facts
    return repr((recording.folder, facts.scenario, facts.method, facts.config))


def kinds_in(shown: Scene, name: str) -> list[str]:
    """The kinds of panels of a name that a scene has; ValueError for an unknown name."""
    if name not in PANELS and name not in TOGETHER:
        raise ValueError(f"{name!r} is no panel; one of {', '.join([*PANELS, *TOGETHER])} is")
    return [kind for kind in TOGETHER.get(name, (name,)) if PANELS[kind].known(shown)]


# --- where panels stand ----------------------------------------------------------------------------------------------

Strip = list[Shot]


def fitting(cells: Sequence[Shot], options: Options) -> tuple[float, float, list[Strip], float]:
    """How much larger than laid out a page is, its width as laid out, its rows and the side of the plane: on a slide with the
    largest words of the usual sizes that leave room for panels, unless their size is given. ValueError where none does.
    """
    across = options.inches or (sheet.WIDTH if options.style == "paper" else SLIDE)
    usual = SIZES if options.style != "paper" else (TYPE,)
    for size in [options.type_size] if options.type_size else usual:
        wide = across / (size / TYPE)
        rows = rows_of(cells, wide, options)
        side = side_of(rows, wide, options)
        if side >= SMALLEST:
            return size / TYPE, wide, rows, side
    what = "slide" if options.style != "paper" else f"width of {25.4 * across:.0f} mm"
    many = "1 panel does" if len(cells) == 1 else f"{len(cells)} panels do"
    raise ValueError(f"{many} not fit on a {what} with words of this size; choose fewer or smaller words")


def rows_of(cells: Sequence[Shot], wide: float, options: Options) -> list[Strip]:
    """Panels in rows, those that stand together as `parted` says; a few on a slide in one row."""
    if options.style != "paper" and slots_in(cells) * LEAST_CURVE <= wide:
        return [list(cells)]
    parts = parted(cells)
    rows = [row for part in parts for row in even_rows(part, int(wide / least(part)))]
    if options.style == "paper" or len(parts) < 2:
        return rows
    mixed = even_rows(cells, int(wide / least(cells)))
    return max(rows, mixed, key=lambda found: side_of(found, wide, options))


def parted(cells: Sequence[Shot]) -> list[Strip]:
    """Panels that stand together: those of one name for several runs, seeds or steps, else all on the plane before curves."""
    both = len({cell.run for cell in cells if cell.run}) > 1 and len({cell.moment for cell in cells if cell.run}) > 1
    rows = [(cell.kind, cell.run if both else "") for cell in cells]
    parts = [[cell for cell, own in zip(cells, rows, strict=True) if own == row] for row in dict.fromkeys(rows)]
    if len({(cell.run, cell.moment) for cell in cells}) == 1:
        parts = [[cell for cell in cells if cell.panel.plane], [cell for cell in cells if not cell.panel.plane]]
    return [part for part in parts if part]


def least(part: Sequence[Shot]) -> float:
    """The width that each of some panels takes at least."""
    return max(
        LEAST * cell.panel.slots if cell.panel.plane else LEAST_CURVE + (NAMED if cell.runs else 0.0) for cell in part
    )


def slots_in(row: Sequence[Shot]) -> int:
    """How many panels' width a row has: curves of several runs take two, for names stand beside them."""
    return sum(2 if cell.runs else 1 for cell in row)


def even_rows(part: Sequence[Shot], most: int) -> list[Strip]:
    """Panels in rows of at most so many, as even as they come."""
    columns = sheet.columns_for(len(part), max(most, 1))
    return [list(part[start : start + columns]) for start in range(0, len(part), columns)]


def side_of(rows: Sequence[Strip], wide: float, options: Options) -> float:
    """The side of the plane, in inches, for which there is room."""
    planes = [row for row in rows if is_on_plane(row)]
    across = wide / max(map(slots_in, rows)) - LEFT - RIGHT
    if options.style == "paper":
        return across
    free = wide / ASPECT - TITLED - (CURVE + AROUND) * (len(rows) - len(planes))
    if not planes:
        return SMALLEST if free >= 0 else 0.0
    shape = max(cell.panel.tall(cell.shown, 1.0) for row in rows for cell in row)  # height over width
    return min(across, (free / len(planes) - max(map(above, planes)) - BENEATH) / shape)


def height_of(row: Strip, side: float) -> float:
    return max((cell.panel.tall(cell.shown, side) for cell in row if cell.panel.plane), default=CURVE)


def around(row: Strip) -> float:
    return above(row) + BENEATH if is_on_plane(row) else AROUND + above(row) - OVER


def is_on_plane(row: Strip) -> bool:
    return any(cell.panel.plane for cell in row)


def above(row: Strip) -> float:
    """What is over a row's panels: their titles, of one line or, of one of several runs, of two."""
    return OVER + (LINE if any(cell.run for cell in row) else 0.0)


def places(
    rows: Sequence[Strip], wide: float, side: float, top: float
) -> Iterator[tuple[Shot, tuple[float, float, float, float]]]:
    """Each panel with its left, bottom, width and height, from so many inches up downwards."""
    for row in rows:
        most = max(map(slots_in, rows if len(row) > 1 else [row]))
        height, over, left = height_of(row, side), above(row) + (0.0 if is_on_plane(row) else 0.12), LEFT
        for cell in row:
            pitch = wide / most * slots_in([cell])
            across, up = size(cell, side, height, pitch)
            yield cell, (left, top - over - up, across, up)
            left += pitch
        top -= height + around(row)


def size(cell: Shot, side: float, height: float, pitch: float) -> tuple[float, float]:
    """Width and height of a panel: of the plane in equal units, of curves with room for the names at their right."""
    if cell.panel.plane:
        return side, cell.panel.tall(cell.shown, side)
    names = NAMED if cell.runs else 0.4 if cell.kind == "w1" else 0.0
    return pitch - LEFT - RIGHT - 0.15 - names, height


def name_panel(axis: Axes, cell: Shot, several: bool) -> None:
    """A panel's title; or its run, its seed or step and, where there are several kinds of panels, which one it is."""
    words = cell.moment + f": {cell.kind}" * several if cell.moment else cell.panel.title
    if cell.run:
        letters = max(int(size_of(axis)[0] / (0.0085 * PLAIN)), 12)
        titles = [cell.run, f"{cell.moment}: {cell.kind}" if cell.moment else cell.kind]
        lines = [textwrap.shorten(one, letters, placeholder=" …") for one in titles]
        words = "\n".join(line.replace(" · …", " …") for line in lines)
    pad = 5 if cell.panel.plane else 16
    axis.set_title(words or axis.get_title(loc="left"), size=PLAIN, loc="left", pad=pad, color=INK)


def head(figure: Figure, cells: Sequence[Shot], scenes: Sequence[Scene], options: Options) -> None:
    """What is shown and what points are: on a slide with the one number of one seed, on paper in one small line."""
    several, runs = len(scenes) > 1, len(runs_apart(scenes)) > 1
    shown, (wide, up) = cells[0].shown, map(float, figure.get_size_inches())
    recording = shown.recording
    kinds = dict.fromkeys(cell.panel.title for cell in cells if (cell.run or cell.moment) and cell.panel.title)
    title = sheet.comparison_header(scenes)[0] if runs else title_of(recording)
    when = seed_and_step(cells, scenes)
    told = " · ".join(part for part in (title, *when, *(kinds if len(kinds) == 1 else ())) if part)
    if options.style == "paper":
        room = int(13 * (wide - 2.1))
        rows = in_rows(told.split(" · "), room)
        rows = in_rows(re.sub(r"(seed \d+) [^·]*", r"\1 ", told).split(" · "), room) if rows[-1].endswith("…") else rows
        for line, words in enumerate(rows):
            sheet.say(figure, 0.12, up - 0.2 - 0.145 * line, words, SMALL)
    else:
        sheet.say(figure, 0.2, up - 0.36, told, (LARGE + 3) * min(1.0, 52 / len(told)), weight="bold")
        sheet.say(figure, 0.2, up - 0.6, "" if several else headline(recording).split(" · ")[0], PLAIN)
    legend = [
        cell.shown if cell.panel.has_rings else replace(cell.shown, rings=None)
        for cell in cells
        if cell.panel.plane and cell.panel.is_orange
    ]
    if legend:
        sheet.point_legend(figure, wide - 0.1, up - (0.22 if options.style == "paper" else 0.3), legend)


def seed_and_step(cells: Sequence[Shot], scenes: Sequence[Scene]) -> list[str]:
    """The seed and the step of a page that shows one of each: of how many seeds; no step where panels' titles tell it."""
    told = {seeds_of(shown.recording) for shown in scenes}
    alone = {f"seed {shown.recording.facts.portrait}" for shown in scenes}
    steps = {f"step {cell.shown.steps[cell.look]}" for cell in cells if not cell.runs}
    seed = next((seeds for seeds in (told, alone) if len(seeds) == 1), ())
    return [*seed, *(steps if len(steps) == 1 else ())]


def in_rows(parts: Sequence[str], width: int) -> list[str]:
    """Parts of a title in at most three lines of about so many letters, broken between parts where that is enough."""
    lines = [""]
    for part in parts:
        longer = f"{lines[-1]} · {part}".removeprefix(" · ")
        lines = [*lines[:-1], longer] if len(longer) <= width or not lines[-1] else [*lines, part]
    rows = [row for line in lines for row in textwrap.wrap(line, max(width, 12))]
    return rows if len(rows) <= LINES else [*rows[: LINES - 1], f"{rows[LINES - 1]} …"]


def save_chosen(
    recordings: Sequence[Recording],
    names: Sequence[str],
    path: str | Path,
    looks: Sequence[Sequence[int]] = (),
    options: Options = USUAL,
) -> None:
    """Write chosen panels as PNG, PDF or SVG; raises ValueError for another suffix, and as `chosen` does."""
    figure, page = chosen(recordings, names, looks, options)
    commands = dict.fromkeys(recording.facts.command for recording in recordings)
    save_figure(figure, path, "\n".join(commands), options, page)


CRITIC_KEPT: Callable[[Scene], bool] = attrgetter("critic_kept")
PANELS: dict[str, Pane] = {
    "critic": Pane("critic: lighter is more real", critic, has_rings=True),
    "optimal": Pane("the optimal critic", optimal, lambda shown: shown.optimal is not None, has_rings=True),
    "slope": Pane("slope: arrows point uphill", slope, CRITIC_KEPT),
    "latent": Pane("latent map; dark rim: folded", on_plane(players.latent_map)),
    "trails": Pane("the way of 16 latents", on_plane(players.trails)),
    "transport": Pane("", on_plane(players.transport_lines)),
    "plan": Pane("the plan as a matrix", on_plane(players.transport_matrix)),
    "steepness": Pane("where the slope is above 1", on_plane(players.steeper_than_one), CRITIC_KEPT),
    **{
        name: Pane(row.title, on_plane(row.draw), row.known, row.tall, row.slots, row.is_orange)
        for name, row in EXTRAS.items()
    },
    "losses": of_run(panels.loss_curves),
    "w1": of_run(panels.w1_curves),
    "found": of_run(panels.share_curves, panels.shares_known),
    "agreement": of_run(panels.transport_curves, panels.transport_known),
    "own": of_run(panels.own_curves, panels.own_known),
    "layers": of_run(players.layer_curves),
    "slopes": of_run(players.slopes_at_points),
    "gradient": of_run(players.generator_curves),
    "weights": of_run(players.weights),
    "scores": of_run(players.score_distributions),
}

TOGETHER = {  # names that stand for several panels, those that a run has
    "curves": ("losses", "w1", "found", "agreement", "own"),
    "inside": ("steepness", "layers", "slopes", "gradient", "weights", "scores"),
    "usual": ("critic", "optimal", "slope"),
    "extras": tuple(EXTRAS),
}
