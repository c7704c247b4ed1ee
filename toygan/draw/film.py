"""Films: the critic and its slopes over time, as GIF, WebP or MP4.

A figure is drawn once; then a frame restores the still parts and redraws only the artists that move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import shorten

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.text import Annotation, Text
from PIL import Image, ImageDraw, ImageFont

from toygan.draw import moving, panels, sheet
from toygan.draw.companions import EXTRAS, colours_wanted, extras_of, filled, tall_of, width_of
from toygan.draw.finish import finish, translate
from toygan.draw.layout import size_of
from toygan.draw.moving import Moving
from toygan.draw.points import generated_cloud, move_cloud, real_points, visible
from toygan.draw.reel import ENCODERS, PACE, Pace, reel
from toygan.draw.saved import suffix_in
from toygan.draw.style import entitle, write
from toygan.files.disk import write_aside
from toygan.files.text import number
from toygan.session.recording import Recording
from toygan.view.levels import Levels, Scale
from toygan.view.look import ASPECT, USUAL, Options
from toygan.view.scene import Scene, events_of, optimum_label, outside_share, scene, seeds_of, steepest, title_of
from toygan.view.words import frame_words

Advance = Callable[[int, int], None]
BETWEEN = 0.32  # inches between two rows of panels: the lower one's titles
IN_A_ROW, MOST_ROWS = 3, 2  # panels beside and over each other, where further players show something: a sheet has all
SHORT_SLOPE = "slope: arrows point uphill"
ANCHORS = {"baseline": "ls", "center": "lm", "center_baseline": "lm"}  # matplotlib's alignments as Pillow calls them


def save_film(
    recording: Recording, path: str | Path, progress: Advance | None = None, pace: Pace = PACE, options: Options = USUAL
) -> None:
    """Write the film of one run: its critic and slopes over time, each frame on its own scale or all on one.

    `progress(done, total)` is called after every frame. ValueError for an unknown suffix, ImportError without an encoder.
    """
    encode = ENCODERS[suffix_in(path, ENCODERS)]
    shown = scene(recording, options.points)
    figure, parts = film_figure(shown, pace.width, options)
    played = reel(len(shown.steps), pace)
    pictures = rendered(figure, parts, played.looks, progress, options)
    write_aside(Path(path), encode(pictures, recording.facts.command, played, colours_wanted([shown])))


def film_figure(shown: Scene, width: int = PACE.width, options: Options = USUAL) -> tuple[Figure, list[Moving]]:
    """The still parts of a run's film, so many pixels wide, and its moving ones."""
    slide = options.style != "paper"
    command = [] if slide else sheet.command_lines(shown.recording)[:2]
    below = 0.66 + 0.15 * len(command)
    rows = film_rows(shown)[: 1 if slide else None]
    side, tall = sized(shown, rows, sheet.WIDTH / ASPECT - below - sheet.UNDER - 0.95 if slide else np.inf)
    pitches = [sheet.UNDER + row + BETWEEN for row in tall]
    figure = sheet.blank(sheet.WIDTH / ASPECT if slide else sheet.even(below + sum(pitches) - BETWEEN + 0.95))
    figure.set_dpi(width / sheet.WIDTH)  # before anything is placed in pixels
    note = f" · {shown.note}" if shown.note else ""
    sheet.header(figure, title_of(shown.recording), seeds_of(shown.recording) + note, [shown])
    parts: list[Moving] = []
    for row, up in zip(rows, np.cumsum(pitches[::-1])[::-1] - pitches, strict=True):
        parts += moving_row(figure, shown, row, below + sheet.UNDER + up, side, options.scale)
    for line, words in enumerate(reversed(command)):
        sheet.say(figure, sheet.MARGIN - 0.15, 0.08 + 0.15 * line, words, panels.SMALL, family="monospace")
    return figure, [*parts, time_bar(figure, shown, below - 0.42)]


def film_rows(shown: Scene) -> list[list[str]]:
    """The names of a film's panels, row by row: critics, what further players show, and slopes where there is room."""
    rows = filled([["critic", *["optimal"] * shown.optimal_moves]], extras_of(shown), IN_A_ROW, MOST_ROWS)
    return filled(rows, ["slope"], IN_A_ROW, most=len(rows))


def sized(shown: Scene, rows: Sequence[Sequence[str]], most: float) -> tuple[float, list[float]]:
    """The width of a panel and the height of each row, the first at most so high."""
    side = sheet.SIDE if rows == [["critic", "slope"]] else sheet.THIRD
    side *= min(1.0, most / max(tall_of(shown, name, side, sheet.GAP) for name in rows[0]))
    return side, [max(tall_of(shown, name, side, sheet.GAP) for name in row) for row in rows]


def moving_row(
    figure: Figure, shown: Scene, names: Sequence[str], bottom: float, side: float, scale: Scale
) -> list[Moving]:
    """The panels of some names beside each other, from the first slot on; of a lost critic its points in place of main ones."""
    main = [name for name in names if name not in EXTRAS]
    others = [name for name in names if name in EXTRAS]
    apart = sheet.WIDTH - sheet.RIGHT - side - sheet.MARGIN
    pitch = side + sheet.GAP if others else apart / max(len(main) - 1, 1)
    axes, left, parts = {}, sheet.MARGIN, []
    for name in names:
        wide = width_of(name, side, sheet.GAP)
        axes[name] = sheet.axis_at(figure, left, bottom, wide, tall_of(shown, name, side, sheet.GAP))
        left += pitch + wide - side
    is_lost = "critic" in names and not shown.critic_kept
    if is_lost:
        sheet.say_no_critic([axes[name] for name in main], shown)
        parts.append(moving_contour(axes["critic"], shown, moving.levels_in_time(shown, shown.scores, scale)))
    for name in others if is_lost else names:
        title, film = FILMED[name]
        parts.append(film(axes[name], shown, scale))
        entitle(axes[name], title)
    for name in names[1:] if list(names) != ["critic", "slope"] else ():
        if name not in EXTRAS or EXTRAS[name].is_plane:
            axes[name].tick_params(labelleft=False)
        if name == "slope":
            entitle(axes[name], SHORT_SLOPE)
    return parts


def moving_critic(axis: Axes, shown: Scene, scale: Scale) -> Moving:
    """The critic panel of a film, with its colour bar; one that is wide says which end is real."""
    known = moving.levels_in_time(shown, shown.scores, scale)
    wide = " (higher = more real)" if size_of(axis)[0] > 1.2 * sheet.THIRD else ""
    return moving.with_bar(moving_contour(axis, shown, known), known, f"score, median removed{wide}")


def moving_optimum(axis: Axes, shown: Scene, scale: Scale) -> Moving:
    """The optimal critic against each frame's points, on its own colour scale."""
    assert shown.optimal is not None
    known = moving.levels_in_time(shown, shown.optimal, scale, exact=True)
    return moving.with_bar(moving_scores(axis, shown, shown.optimal, known), known, optimum_label(shown.recording))


def moving_contour(axis: Axes, shown: Scene, known: Sequence[Levels]) -> Moving:
    """The critic's bands with real and generated points, between each frame's levels."""
    boundary, note = panels.decision_boundary(axis, shown, 0), panels.corner_note(axis, "")
    part = moving_scores(axis, shown, shown.scores, known, *boundary, note)

    def show(t: int) -> None:
        part.show(t)
        note.set_text(outside_share(shown.samples[t], shown.view))
        panels.move_boundary(boundary, shown, t)

    return replace(part, show=show)


def moving_scores(axis: Axes, shown: Scene, scores: np.ndarray, known: Sequence[Levels], *over: Artist) -> Moving:
    """Bands of scores [T, g, g] between each frame's levels, with real and generated points, and what is over these."""
    panels.frame_view(axis, shown)
    field = moving.Field(axis, lines=True)
    real, cloud = real_points(axis, shown), generated_cloud(axis, shown, 0)

    def show(t: int) -> None:
        moving.show_scores(field, scores[t], known[t])
        move_cloud(cloud, shown, t)

    return Moving(axis, [field, real, *cloud.artists, *over, *axis.spines.values()], show)


def moving_slopes(axis: Axes, shown: Scene, scale: Scale) -> Moving:
    """The slope panel of a film, with arrows and colours on each frame's own scale, or on one of the run."""
    one = [steepest(shown.slopes)] if scale == "run" else []
    known = one * len(shown.steps) or [steepest(slopes[None]) for slopes in shown.slopes]
    panels.frame_view(axis, shown)
    field = moving.Field(axis, lines=False)
    real, generated = panels.faint_points(axis, shown, 0)
    uphill: Quiver = panels.arrows(axis, shown, 0, known[0])
    most = moving.longest_in_sight(known)
    drawn = panels.steepness_bar(axis, known[0], "steepness |∇ score|, per unit length", most)

    def show(t: int) -> None:
        moving.show_steepness(field, panels.steepness(shown.slopes[t]), known[t])
        generated.set_data(*visible(shown, t).T)
        uphill.set_UVC(*panels.arrow_lengths(shown, t, known[t]))
        panels.move_steepness_bar(drawn, known[t])
        if not one:
            drawn.words.set_text(f"steepness up to {number(known[t], 2)}" + moving.BEYOND * (known[t] > most))

    own = [] if one else [drawn.fill, drawn.words]
    return Moving(axis, [field, real, generated, uphill, *own, *axis.spines.values()], show)


FILMED: dict[str, tuple[str, Callable[[Axes, Scene, Scale], Moving]]] = {
    "critic": ("critic: the lighter, the more real", moving_critic),
    "optimal": ("the optimal critic", moving_optimum),
    "slope": ("slope: arrows point uphill, to more real", moving_slopes),
    **{name: (row.title, row.film) for name, row in EXTRAS.items()},
}


def time_bar(figure: Figure, shown: Scene, bottom: float) -> Moving:
    """A bar of all steps with a mark at every event; above it the measures, below it the two latest events."""
    recording, end, events = shown.recording, end_of(shown), events_of(shown.recording)
    axis = sheet.axis_at(figure, sheet.MARGIN, bottom, sheet.WIDTH - sheet.RIGHT - sheet.MARGIN, 0.36)
    axis.set(xlim=(0, end), ylim=(0, 1))
    axis.set_axis_off()
    done, *marks = run_bar(axis, shown, 0.25)
    state = write(axis, 0, 0.95, "", size=panels.PLAIN, va="center")
    latest = write(axis, 0, -0.16, "", size=panels.PLAIN, va="center", color=panels.GENERATED, parse_math=False)

    def show(t: int) -> None:
        step = int(shown.steps[t])
        done.set_xdata([0, step])
        state.set_text(" · ".join([f"step {step} of {end}", *frame_words(recording, t, bands=False)]))
        past = [event for event in events if event.step <= step]
        latest.set_text(shorten("; ".join(f"◆ {event.words}" for event in past[-2:]), 104, placeholder=" …"))

    return Moving(axis, [done, *marks, state], show, [latest])


def end_of(shown: Scene) -> int:
    """The step at which a run is over."""
    return max(shown.recording.facts.steps, int(shown.steps[-1]), 1)


def run_bar(
    axis: Axes, shown: Scene, height: float, fill: str = panels.INK, colour: str = panels.GENERATED
) -> list[Line2D]:
    """A run's steps as a bar: what fills it, as yet empty, and diamonds at events, full for the seed shown, hollow for others."""
    portrait, events = shown.recording.facts.portrait, events_of(shown.recording)
    axis.plot([0, end_of(shown)], [height] * 2, color="#dddddd", linewidth=4, solid_capstyle="butt")
    drawn = axis.plot([0, 0], [height] * 2, color=fill, linewidth=4, solid_capstyle="butt")
    for own in (False, True):
        steps = [event.step for event in events if (portrait in event.seeds) == own]
        drawn += axis.plot(steps, [height] * len(steps), "d", color=colour if own else "white", markersize=6,
                           markeredgecolor="white" if own else colour, markeredgewidth=0.6 if own else 1.0,
                           clip_on=False)  # fmt: skip
    return drawn


def rendered(
    figure: Figure, parts: Sequence[Moving], looks: Sequence[int], progress: Advance | None, options: Options = USUAL
) -> Iterator[Image.Image]:
    """Each look as a picture: still parts once, words beneath when they change, then what moves, and lines by a quicker pen."""
    canvas = FigureCanvasAgg(figure)
    finish(figure, options)
    for part in parts:
        for artist in (*part.words, *part.artists):
            artist.set_animated(True)
    canvas.draw()
    texts = [artist for part in parts for artist in (*part.artists, *part.words) if isinstance(artist, Text)]
    foreign = texts if options.language != "en" else []
    lines = [] if foreign else [Line.of(text, canvas) for text in texts if is_line(text)]
    aside, pen = {id(line.text) for line in lines}, canvas.get_renderer()
    beneath = [text for part in parts for text in part.words if id(text) not in aside]
    over = [artist for part in parts for artist in part.artists if id(artist) not in aside]
    still = background = canvas.copy_from_bbox(figure.bbox)
    said: list[str] = []
    for done, t in enumerate(looks, 1):
        for part in parts:
            part.show(t)
        translate(foreign, options.language)
        canvas.restore_region(background)
        words = [text.get_text() for text in beneath]
        if words != said:
            canvas.restore_region(still)
            for text in beneath:
                text.draw(pen)
            said, background = words, canvas.copy_from_bbox(figure.bbox)
        for artist in over:
            artist.draw(pen)
        yield painted(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"), lines)
        if progress:
            progress(done, len(looks))


@dataclass(frozen=True)
class Line:
    """A text of one line with its place in pixels from the upper left corner: matplotlib lays every new sentence out anew,
    letter by letter, which would take half of the time of a film; Pillow takes a twentieth.
    """

    text: Text
    place: tuple[float, float]
    font: ImageFont.FreeTypeFont

    @classmethod
    def of(cls, text: Text, canvas: FigureCanvasAgg) -> Line:
        """The line of a text as it stands on a canvas."""
        if isinstance(text, Annotation):
            text.update_positions(canvas.get_renderer())
        x, y = text.get_transform().transform(text.get_position())
        size = float(text.get_fontsize()) * canvas.figure.dpi / 72
        font = ImageFont.truetype(findfont(text.get_fontproperties()), size)
        return cls(text, (float(x), canvas.figure.bbox.height - float(y)), font)


def is_line(text: Text) -> bool:
    """Whether a text is one plain line from the left: on no ground of its own, and never broken."""
    plain = text.get_bbox_patch() is None and text.get_rotation() == 0 and text.get_horizontalalignment() == "left"
    return plain and text.get_verticalalignment() in ANCHORS


def painted(picture: Image.Image, lines: Sequence[Line]) -> Image.Image:
    pen = ImageDraw.Draw(picture)
    for line in lines:
        words, anchor = line.text.get_text(), ANCHORS[line.text.get_verticalalignment()]
        pen.text(line.place, words, fill=to_hex(line.text.get_color()), font=line.font, anchor=anchor)
    return picture
