"""The sheet of one run and the comparison of several, laid out in inches so that type is readable at 600 px."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from toygan.draw import panels
from toygan.draw.companions import EXTRAS, OVER, PanelRow, brief_of, draw_rows, rows_of
from toygan.draw.companions import UNDER as UNDER_EXTRA
from toygan.draw.layout import axis_at, beneath, fitted_to, panel_height, size_of
from toygan.draw.points import GENERATED, REAL, counted, due_rings, share_discs
from toygan.draw.saved import save_figure
from toygan.draw.style import FAINT, INK, LARGE, PLAIN, SMALL, entitle
from toygan.files.text import number
from toygan.session.recording import Recording
from toygan.view.apart import names_apart, worlds
from toygan.view.language import told, wrapped
from toygan.view.levels import Scales, levels_of, range_in_words, scales
from toygan.view.look import USUAL, Options
from toygan.view.scene import (
    THIN,
    Scene,
    no_critic,
    no_optimum,
    optimum_in_words,
    optimum_label,
    real_in_words,
    scene,
    seeds_of,
    steepest,
    title_of,
)
from toygan.view.settings import settings_line
from toygan.view.shares import RINGS_IN_WORDS
from toygan.view.words import (
    diagnosed,
    end_words,
    final_notes,
    final_rows,
    headline,
    numbers_in_words,
    purpose,
    words_with_range,
)

WIDTH, MARGIN, RIGHT, SIDE = 8.0, 0.45, 0.35, 3.4  # inches: the figure, beside its panels, a main panel of two
THIRD = 2.3  # inches: a main panel of three
GAP = (WIDTH - MARGIN - RIGHT - 3 * THIRD) / 2  # inches between two of three
CURVES = 1.5, 2.4  # inches: a row of curves alone, and the room it takes
TWO_ROWS = 1.2, 2.15  # the same for each of two rows
UNDER = 0.8  # inches that tick labels and a colour bar take beneath a panel
TEXT_BENEATH = 0.98  # inches for the measures of one run of a comparison, at least
MOST_TITLES = 3  # scenarios that the title of a comparison names
NAME = 30  # characters of a name beside curves
TEXT = 124  # characters of small prose across a figure
OPENING = 112  # the same beneath the title, beside the legend
CAPTION = "Lighter = held for more real; every critic on its own colour scale."
CurvePanel = Callable[[Axes, Recording], Axes]
LABEL, NUMBER = 19, 7  # characters of a label beside its numbers, and of a number beside another
ROW, BLOCKS = 0.165, 3  # inches of a line of small type; blocks of a table beside each other
RUN_AT, PERFECT_AT = 1.22, 1.79  # inches from a block's left edge: its two columns of numbers
SAME = ", always of the same latents, so all of a curve may lie above or below the end's number"


def picture(recording: Recording, options: Options = USUAL) -> Figure:
    """The sheet of one run, from top to bottom: what it is and how it ended, critic and slopes at the last frame that can be
    drawn, what further players and classes show, curves, the quantities of the end, the command.
    """
    shown = scene(recording, options.points)
    side = SIDE if shown.optimal is None else THIRD
    tall, extras = panel_height(shown, side), rows_of(shown, 3, THIRD, GAP)
    opening, foot = opening_lines(shown, options.language), footer_lines(shown, options.language)
    rows, (near, drawn) = final_rows(recording), beside_lone(extras, curve_panels(recording))
    told = [] if shown.optimal is None else in_lines(optimum_in_words(recording), options.language, TEXT)
    table = ROW * (-(-len(rows) // BLOCKS) + 1.6) if rows else 0.0
    below = 0.165 * len(foot) + table + 0.2
    more = below + (CURVES if len(drawn) == 1 else TWO_ROWS)[1] * len(drawn) + sum(row.tall for row in extras)
    bottom = more + 0.15 * len(told) + UNDER
    figure = blank(bottom + tall + 1.05 + ROW * len(opening))
    header(figure, title_of(recording), status_line(shown), [shown])
    for row, (line, weight) in enumerate(opening):
        say(figure, 0.2, figure.get_figheight() - 0.84 - ROW * row, line, SMALL, weight)
    places = np.linspace(MARGIN, WIDTH - RIGHT - side, 2 if shown.optimal is None else 3)
    axes = [axis_at(figure, left, bottom, side, tall) for left in places]
    main_panels(axes, shown, scales(shown, scale=options.scale))
    for row, line in enumerate(told):
        say(figure, MARGIN - 0.15, bottom - UNDER - 0.1 - 0.15 * row, line, SMALL)
    draw_rows(figure, shown, extras, MARGIN, more, THIRD, GAP)
    for slot, panel in enumerate(near, 1):
        left, up = MARGIN + slot * (THIRD + GAP) + 0.38, extras[-1].tall - OVER - UNDER_EXTRA - 0.25
        panel(axis_at(figure, left, more - sum(row.tall for row in extras) + UNDER_EXTRA, THIRD - 0.75, up), recording)
    curves(figure, recording, drawn, below + 0.4)
    table_of(figure, rows, below - 0.3)
    for row, (line, family) in enumerate(reversed(foot)):
        say(figure, MARGIN - 0.15, 0.12 + 0.165 * row, line, SMALL, family=family)
    return figure


def in_lines(text: str, language: str, width: int, most: int | None = None) -> list[str]:
    """A text in a language, as lines."""
    return wrapped(told(text, language), width, most)


def opening_lines(shown: Scene, language: str) -> list[tuple[str, str]]:
    """The lines under the title with their weights: what to look for, the settings, the one number, the diagnosis."""
    recording = shown.recording
    end = headline(recording) or f"At step {shown.steps[-1]}: {' · '.join(words_with_range(recording, shown.last))}"
    parts: list[tuple[str, str, int | None]] = [
        *((text, "normal", 3) for text in (*purpose(recording), settings_line(recording))),  # of a file: may be cut
        (end, "bold", None),
        (diagnosed(recording), "normal", None),
    ]
    return [(line, weight) for text, weight, most in parts for line in in_lines(text, language, OPENING, most)]


def table_of(figure: Figure, rows: Sequence[tuple[str, str, str]], top: float) -> None:
    """The quantities of the end in blocks beside each other: label, this run, a perfect generator."""
    tall, wide = -(-len(rows) // BLOCKS), (WIDTH - 2 * MARGIN) / BLOCKS
    for k in range(-(-len(rows) // tall) if rows else 0):
        left = MARGIN - 0.15 + k * wide
        for place, words in ((RUN_AT, "run"), (PERFECT_AT, "perfect")):
            say(figure, left + place, top, words, SMALL - 0.5, colour=FAINT)
        for i, row in enumerate(rows[k * tall : (k + 1) * tall], 1):
            for place, words in zip((0.0, RUN_AT, PERFECT_AT), row, strict=True):
                room = NUMBER if place else LABEL
                long = room / max(room, len(words))  # as much smaller as it would be too long
                say(figure, left + place, top - ROW * i, words, SMALL * long)


def main_panels(axes: Sequence[Axes], shown: Scene, of: Scales, look: int = -1) -> None:
    """The critic, the optimal one where it is known, and the critic's slopes at a look, with colour bars; of a seed
    whose critic was not kept its points alone, in the first axis. Where panels are narrow titles are short, and numbers
    stand at the left one only.
    """
    if not shown.critic_kept:
        panels.critic_contour(axes[0], shown, look)
        say_no_critic(axes, shown)
        return
    contour, *best, field = axes
    panels.critic_contour(contour, shown, look, of.critic.edges)
    entitle(contour, "critic: the lighter, the more real")
    panels.score_bar(contour, of.critic, "score, median removed" + ("" if best else " (higher = more real)"))
    panels.slope_field(field, shown, look, of.longest)
    entitle(field, "slope: arrows point uphill" + ("" if best else ", to more real"))
    panels.steepness_bar(field, of.longest, "steepness |∇ score|, per unit length")
    for axis in best:
        assert of.optimal is not None
        panels.optimal_contour(axis, shown, of.optimal.edges, look)
        entitle(axis, "the optimal critic")
        panels.score_bar(axis, of.optimal, optimum_label(shown.recording))
    for axis in (*best, field) if best else ():
        axis.tick_params(labelleft=False)


def say_no_critic(axes: Sequence[Axes], shown: Scene) -> None:
    """Say that the first axis has points alone, and why; the others stay empty."""
    first, *others = axes
    entitle(first, f"points of seed {shown.recording.facts.portrait}")
    beneath(first, [no_critic(shown.recording)], 0.3)
    for axis in others:
        axis.set_axis_off()


def beside_lone(
    extras: Sequence[PanelRow], rows: list[list[CurvePanel]]
) -> tuple[list[CurvePanel], list[list[CurvePanel]]]:
    """Two panels of curves that stand beside a panel which is alone in its row, and the rows of the rest."""
    every = [panel for row in rows for panel in row]
    if not extras or [EXTRAS[name].slots for name in extras[-1].names] != [1]:
        return [], rows
    return every[:2], [every[2:]] if every[2:] else []


def curves(figure: Figure, recording: Recording, rows: Sequence[Sequence[CurvePanel]], bottom: float) -> None:
    """Rows of curves, the lowest at `bottom`."""
    height, room = CURVES if len(rows) == 1 else TWO_ROWS
    for row, drawn in enumerate(reversed(rows)):
        pitch = (WIDTH - 0.3) / len(drawn)
        for place, panel in enumerate(drawn):
            left, names = MARGIN + 0.08 + place * pitch, 0.38 if panel is panels.w1_curves else 0.0
            fit_numbers(panel(axis_at(figure, left, bottom + row * room, pitch - 0.62 - names, height), recording))


def fit_numbers(axis: Axes) -> None:
    """Smaller numbers at the left where they would be too long for the room there."""
    marks = axis.get_yticks().tolist()
    longest = max(map(len, axis.yaxis.get_major_formatter().format_ticks(marks)), default=0)
    if longest > NUMBER:
        axis.yaxis.set_major_locator(FixedLocator(marks))  # smaller ones would leave room for more and longer ones
        axis.tick_params(axis="y", labelsize=SMALL * (NUMBER - 0.5) / longest)


def curve_panels(recording: Recording) -> list[list[CurvePanel]]:
    """The curves that matter, in rows of at most three: shares and transport only where they are known."""
    still = panels.stands_still(recording)
    drawn: list[CurvePanel] = [panels.loss_curves, panels.slope_curves if still else panels.w1_curves]
    drawn += [panels.share_curves] if panels.shares_known(recording) and not still else []
    drawn += [panels.transport_curves] if panels.transport_known(recording) else []
    drawn += [panels.own_curves] if panels.own_known(recording) else []
    return [drawn] if len(drawn) <= 3 else [drawn[:2], drawn[2:]]


def status_line(shown: Scene) -> str:
    """Seed shown, seeds run, step, status: what a picture must not leave open."""
    facts = shown.recording.facts
    line = f"{seeds_of(shown.recording)} · step {shown.steps[-1]} of {facts.steps} · {facts.status}"
    return f"{line} · {shown.note}" if shown.note else line


def footer_lines(shown: Scene, language: str) -> list[tuple[str, str]]:
    """The last lines of a sheet, each with its font family: measures, events, the meaning of lines, the command."""
    recording = shown.recording
    lacks = shown.optimal is None and shown.critic_kept and not shown.note
    why = f"No optimal critic is drawn: {no_optimum(recording)}." if lacks else ""
    prose = [*final_notes(recording), why, real_in_words(shown), curves_in_words(shown)]
    lines = [(line, "sans-serif") for text in prose for line in in_lines(text, language, TEXT, 3)]
    return lines + [(line, "monospace") for line in command_lines(recording)]


def curves_in_words(shown: Scene) -> str:
    """What bold and dotted lines, the floor of W1 and the arrows' length are, as far as there are some."""
    recording, told = shown.recording, []
    facts, floor = recording.facts, recording.floor("w1")
    shares = [] if panels.stands_still(recording) else list(panels.shares_known(recording).values())
    best = any(np.isfinite(share.best) for share in shares) or any(map(recording.floor, panels.own_known(recording)))
    if len(facts.seeds) > 1:
        told.append(f"Curves: seed {facts.portrait} bold, the others thin.")
    if best or panels.transport_known(recording):
        told.append("Thin dots: the best that can be reached.")
    if floor and floor.mean > 0:  # in older recordings of pairs
        pairs = "between two samples of the target, ± its spread over pairs"
        perfect = "of perfect samplers to the same real points, mean and where 90 % of them lie"
        told.append(f"Floor: W1 {perfect if floor.draws else pairs}.")
    told.append(f"Curves of W1 are of {facts.summary.critic_points or 'a few'} points a frame{SAME * facts.followed}.")
    longest = number(steepest(shown.slopes[-1:])) if shown.critic_kept else ""
    told.append(f"Arrows point uphill, at full length from a steepness of {longest} on." if longest else "")
    return " ".join(told)


def command_lines(recording: Recording) -> list[str]:
    """The command that made the run, and where there is one that of the picture, wrapped."""
    return [line for command in recording.facts.command.splitlines() for line in wrapped_command(command)]


def wrapped_command(command: str) -> list[str]:
    """A command as lines across a figure."""
    return textwrap.wrap(f"$ {command}", 112, subsequent_indent="    ")


def framed(recording: Recording, tall: float) -> tuple[Figure, float]:
    """A figure with so many inches of room above the command that made the run, which stands at its foot; where they begin."""
    commands = command_lines(recording)
    below = 0.25 + ROW * len(commands)
    figure = blank(even(below + tall))
    for row, words in enumerate(reversed(commands)):
        say(figure, MARGIN - 0.15, 0.12 + ROW * row, words, SMALL, family="monospace")
    return figure, below


def save_picture(recording: Recording, path: str | Path, options: Options = USUAL) -> None:
    """Write the sheet of a run as PNG, PDF or SVG, by the suffix; raises ValueError for another one."""
    save_figure(picture(recording, options), path, recording.facts.command, options)


def comparison(recordings: Sequence[Recording], options: Options = USUAL) -> Figure:
    """Final critics of several runs side by side, what further players show, and W1 over time of all; ValueError for none."""
    scenes = [scene(recording, options.points) for recording in recordings]
    grid = comparison_grid(scenes, 1.9, numbers_in_words(recordings) if all(map(is_at_end, scenes)) else "")
    for axis, extra, shown in zip(grid.critics, grid.extras, scenes, strict=True):
        of = scales(shown, scale=options.scale).critic
        panels.critic_contour(axis, shown, -1, of.edges)
        beneath(axis, [range_in_words(of), *measure_lines(shown, shown.last)])
        if extra is not None:
            EXTRAS[brief_of(shown)].draw(extra, shown, shown.last)
            dress_brief(extra, shown)
    w1_of_all(grid.figure, recordings, grid.more)
    return grid.figure


class SideBySide(NamedTuple):
    """A figure with an empty critic axis a run, and one for what further players show, None for a run without; `more` are the
    inches that the words at its foot take beyond one line.
    """

    figure: Figure
    critics: list[Axes]
    extras: list[Axes | None]
    more: float


def dress_brief(axis: Axes, shown: Scene) -> None:
    """The title of what further players of one of several runs show."""
    axis.set_title(EXTRAS[brief_of(shown)].title, size=SMALL, loc="left", pad=4, color=INK)
    axis.tick_params(labelleft=False)


def comparison_grid(scenes: Sequence[Scene], curve_height: float, numbers: str) -> SideBySide:
    """A figure with one empty critic axis a run, titled, in rows of at most four, and room for curves beneath."""
    if not scenes:
        raise ValueError("a comparison needs at least one recording")
    columns = columns_for(len(scenes))
    rows = -(-len(scenes) // columns)
    pitch = (WIDTH - 0.3) / columns
    side = min(pitch - 0.3, 3.4)
    tall = max(panel_height(shown, side) for shown in scenes)
    heights = [EXTRAS[brief_of(shown)].tall(shown, side) if brief_of(shown) else 0.0 for shown in scenes]
    more = OVER + max(heights) + UNDER_EXTRA if any(heights) else 0.0
    recordings = [shown.recording for shown in scenes]
    commands, styles = comparison_commands(recordings), panels.styles_of(len(scenes))
    names = ["\n".join(textwrap.wrap(name, int(side * 12.5))) for name in names_apart(recordings)]
    told = [step_lines(shown, look) for shown in scenes for look in (0, shown.last // 2, shown.last)]  # of a film too
    under = max(TEXT_BENEATH, 0.34 + 0.15 * max(fitted_to(side, lines).count("\n") + 1 for lines in told))
    row = tall + 0.3 + 0.17 * max(name.count("\n") for name in names) + under + more
    caption = [CAPTION, numbers] if len(CAPTION) + len(numbers) > TEXT else [f"{CAPTION} {numbers}".rstrip()]
    below = curve_height + 1.1 + 0.15 * (len(commands) + len(caption))
    grid = SideBySide(blank(even(below + rows * row + 0.75)), [], [], 0.15 * (len(caption) - 1))
    header(grid.figure, *comparison_header(scenes), scenes)
    for i, (name, up) in enumerate(zip(names, heights, strict=True)):
        left, bottom = 0.35 + (i % columns) * pitch, below + (rows - 1 - i // columns) * row
        grid.critics.append(critic_axis(grid.figure, (left, bottom + under + more, side, tall), name, styles[i]))
        grid.critics[-1].tick_params(labelleft=i % columns == 0)
        grid.extras.append(axis_at(grid.figure, left, bottom + more - OVER - up, side, up) if up else None)
    for line, words in enumerate(reversed(commands)):
        say(grid.figure, 0.2, 0.1 + 0.15 * line, words, SMALL, family="monospace")
    for line, words in enumerate(reversed(caption)):
        say(grid.figure, 0.2, 0.1 + 0.15 * (len(commands) + line), words, SMALL)
    return grid


def step_lines(shown: Scene, look: int) -> list[str]:
    """What stands beneath one critic of a comparison film: its step, its scores' range and its measures."""
    of = levels_of(shown, shown.scores, [look])
    return [f"step {shown.steps[look]} · {range_in_words(of)}", *measure_lines(shown, look)]


def critic_axis(figure: Figure, place: tuple[float, float, float, float], name: str, style: panels.Stroke) -> Axes:
    """An axis for one run's critic at a place in inches, titled in the style of its curve."""
    axis = axis_at(figure, *place)
    size = LARGE if place[2] >= THIRD else PLAIN
    axis.set_title(name, size=size, loc="left", pad=7, weight="bold", parse_math=False)
    key_line(axis, style)
    return axis


def key_line(axis: Axes, style: panels.Stroke) -> None:
    """A line over a panel as its run's curve is drawn; words in that colour would be hard to read."""
    colour, dashes, _ = style
    height = 1 + 0.03 / size_of(axis)[1]
    line = Line2D([0, 1], [height, height], color=colour, linestyle=dashes, linewidth=3, transform=axis.transAxes)
    axis.figure.add_artist(line)


def first_lines(command: str) -> list[str]:
    """A command in at most three lines; a longer one is left to the file's metadata."""
    lines = wrapped_command(command) if command else []
    more = [f"    (and {len(lines) - 2} lines more: see this file's metadata)"]
    return lines if len(lines) <= 3 else lines[:2] + more


def comparison_commands(recordings: Sequence[Recording]) -> list[str]:
    """The commands of runs and picture, each once; of over four lines the first and the picture's: metadata has them all."""
    commands = list(dict.fromkeys(one for run in recordings for one in run.facts.command.splitlines()))
    lines = [line for command in commands for line in wrapped_command(command)]
    if len(lines) <= 4:
        return lines
    last = wrapped_command(commands[-1])[:2]
    return [*lines[: 3 - len(last)], f"    ({len(commands)} commands in all: see this file's metadata)", *last]


def columns_for(count: int, most: int = 4) -> int:
    """At most so many panels in a row, and rows as even as they come."""
    return -(-count // -(-count // most))


def comparison_header(scenes: Sequence[Scene]) -> tuple[str, str]:
    """What is compared: the scenarios, and the method where it is one; the rest tells the panels apart."""
    facts = [shown.recording.facts for shown in scenes]
    titles = dict.fromkeys(worlds([shown.recording for shown in scenes]))
    methods = dict.fromkeys(fact.method for fact in facts)
    titles = titles if len(titles) <= MOST_TITLES else {f"{len(titles)} scenarios": ""}
    titles |= methods if len(methods) == 1 else {}
    seeds = dict.fromkeys(seeds_of(shown.recording) for shown in scenes)
    return " · ".join(titles), f"{len(scenes)} run{'s' if len(scenes) > 1 else ''} · {' / '.join(seeds)}"


def measure_lines(shown: Scene, frame: int) -> list[str]:
    """What stands beneath one critic of a comparison: the numbers of the end, or of a frame before it."""
    recording = shown.recording
    ended = frame == shown.last and is_at_end(shown)
    numbers = end_words(recording) if ended else words_with_range(recording, frame)
    return [line for line in (*numbers, note_of(shown)) if line]


def is_at_end(shown: Scene) -> bool:
    """Whether a run has numbers of its end, and its portrait seed was not lost before."""
    return not shown.note and bool(end_words(shown.recording))


def note_of(shown: Scene) -> str:
    """The step shown, when it is not the last one asked for."""
    return f"lost after step {shown.steps[-1]}" if shown.note else ""


def w1_of_all(
    figure: Figure, recordings: Sequence[Recording], raised: float = 0.0, height: float = 1.75
) -> tuple[Axes, list[Line2D | None]]:
    """W1 of runs over the steps, as `w1_together` draws it, on an axis of its own; `raised` and `height` are inches."""
    bottom = 0.8 + 0.15 * len(comparison_commands(recordings)) + raised
    axis = axis_at(figure, MARGIN + 0.1, bottom, WIDTH - 2.6, height)
    return axis, w1_together(axis, recordings)


def w1_together(axis: Axes, recordings: Sequence[Recording], named: bool = True) -> list[Line2D | None]:
    """W1 over the steps, the median of each run's seeds, named at the right unless they are elsewhere; few runs show
    all their seeds as bands. The lines, None for a run without W1. Each target's floor is drawn.
    """
    styles = panels.styles_of(len(recordings))
    lines = [
        panels.median_line(axis, one.frames["step"], one.curve("w1"), stroke[:2], len(recordings) <= 4)
        for one, stroke in zip(recordings, styles, strict=True)
    ]
    ends = [np.nan if line is None else panels.last_finite(np.asarray(line.get_ydata(), float)) for line in lines]
    floors_of_all(axis, recordings)
    tables = [recording.curve(name) for name in ("w1", "w1_floor") for recording in recordings]
    panels.logarithmic(axis, tables)
    longest = max(recordings, key=lambda recording: int(recording.facts.steps))
    panels.dress_curves(axis, longest, "W1, median of the seeds (log scale)")
    names = [textwrap.shorten(name, NAME, placeholder=" …") for name in names_apart(recordings)]
    if named:
        panels.name_ends(axis, ends, names, styles)
    return lines


def floors_of_all(axis: Axes, recordings: Sequence[Recording]) -> None:
    """The floor of W1 once a target: one in grey, several in the colour of the first run on it, each by its name."""
    styles = panels.styles_of(len(recordings))
    known = [(i, one) for i, one in enumerate(recordings) if one.curve("w1_floor") is not None]
    firsts = {world_of(recording): i for i, recording in reversed(known)}
    own = len({one.facts.scenario for one in recordings}) < len(firsts)  # of one world: where classes are drawn alike
    named = names_apart(recordings) if own else worlds(recordings)
    for i in sorted(firsts.values()):
        name, colour = (named[i], styles[i][0]) if len(firsts) > 1 else ("W1 of perfect samplers", INK)
        one = recordings[i]
        panels.floor_band(axis, one.curve("w1_floor"), f"floor: {name}", one.floor("w1"), colour)


def world_of(recording: Recording) -> str:
    """What decides the floors of a run; the floor itself, too, lower where each class has as many points as are due."""
    facts, best = recording.facts, recording.floor("w1")
    training = facts.config.get("training") or {}
    drawn = training.get("seed"), training.get("points"), dict(facts.inputs)
    return repr((facts.scenario, facts.config.get("target"), drawn, best and number(best.mean)))


def save_comparison(recordings: Sequence[Recording], path: str | Path, options: Options = USUAL) -> None:
    """Write the comparison as PNG, PDF or SVG, by the suffix; raises ValueError for another one."""
    save_figure(comparison(recordings, options), path, "\n".join(r.facts.command for r in recordings), options)


def blank(height: float, width: float = WIDTH) -> Figure:
    """An empty white figure of a size in inches, bound to no window."""
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def even(inches: float) -> float:
    """The nearest height that is an even number of a film's pixels, as video wants it."""
    return round(inches * 50) / 50


def say(figure: Figure, left: float, bottom: float, words: str, size: float, weight: str = "normal",
        family: str = "sans-serif", colour: str = INK) -> None:  # fmt: skip
    """Write a line at a place in inches; user's text is never taken for mathematics."""
    place = left / figure.get_figwidth(), bottom / figure.get_figheight()
    figure.text(*place, words, size=size, weight=weight, family=family, color=colour, parse_math=False)


def header(figure: Figure, title: str, status: str, scenes: Sequence[Scene] = ()) -> None:
    """Title, status and the legend of the points that scenes draw, along the top."""
    up = figure.get_figheight()
    room = 44 if any(map(counted, scenes)) else 52
    say(figure, 0.2, up - 0.36, title, 15 * min(1, room / max(len(title), 1)), weight="bold")
    say(figure, 0.2, up - 0.6, status, PLAIN * min(1, 2 * room / max(len(status), 1)))
    point_legend(figure, WIDTH - 0.15, up - 0.3, scenes)


def point_legend(figure: Figure, right: float, top: float, scenes: Sequence[Scene] = ()) -> None:
    """Real and generated, as the scenes draw them; and what a ring and its disc are where there are some."""
    if scenes and all(shown.points == "none" for shown in scenes):
        return say(figure, right - 0.95, top - 0.1, "points not drawn", SMALL)
    modes = any(map(counted, scenes))
    rings = modes or any(len(shown.places[0]) for shown in scenes)
    clouds = [len(shown.real) for shown in scenes], [shown.samples.shape[1] for shown in scenes]
    thin = any(shown.points == "thin" for shown in scenes)
    some = [f" ({THIN} drawn)" if thin and max(counts) > THIN else "" for counts in clouds]
    axis = axis_at(figure, right - (1.8 if rings or any(some) else 0.95), top - 0.35, 1.8, 0.55)
    axis.set(xlim=(0, 1.8), ylim=(0, 0.55))
    axis.set_axis_off()
    places = ((0.06, 0.46), (0.72, 0.46)) if rings else ((0.06, 0.42), (0.06, 0.18))
    kinds = zip(("real", "generated"), some, "os", (REAL, GENERATED), strict=True)
    for (left, y), (name, few, mark, colour) in zip(places, kinds, strict=True):
        axis.plot([left], [y], mark, color=colour, alpha=0.8, markersize=5 if mark == "o" else 4, markeredgewidth=0)
        axis.text(left + 0.12, y, name + few, va="center", size=PLAIN, color=INK)
    if modes:
        ring_legend(axis, RINGS_IN_WORDS.split("; "), 0.055)
    elif rings:
        ring_legend(axis, ["ring: real points that", "are alike, by share"], 0.0)
    return None


def ring_legend(axis: Axes, lines: Sequence[str], disc: float) -> None:
    """What a ring and a disc of some radius in it stand for, in two lines in the lower part of the legend."""
    place = np.array([[0.1, 0.15]])
    share_discs(axis, place, np.array([disc]))
    due_rings(axis, place, np.array([0.08]))
    for line, words in zip((0.23, 0.08), lines, strict=True):
        axis.text(0.26, line, words, va="center", size=SMALL, color=INK)
