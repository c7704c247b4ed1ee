"""The sheet of one run as a whole: the main panels, what further players and classes show, curves, the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from toygan.draw.companions import draw_rows, rows_of
from toygan.draw.panels import SMALL
from toygan.draw.saved import PICTURE_FORMATS, save_figure, suffix_in
from toygan.draw.sheet import (
    BLOCKS,
    CURVES,
    GAP,
    MARGIN,
    RIGHT,
    ROW,
    SIDE,
    TEXT,
    THIRD,
    TWO_ROWS,
    UNDER,
    WIDTH,
    axis_at,
    blank,
    curve_panels,
    curves,
    footer_lines,
    header,
    in_lines,
    main_panels,
    opening_lines,
    panel_height,
    say,
    status_line,
    table_of,
)
from toygan.session.recording import Recording
from toygan.view.levels import scales
from toygan.view.look import USUAL, Options
from toygan.view.scene import optimum_in_words, scene, title_of
from toygan.view.words import final_rows


def picture(recording: Recording, options: Options = USUAL) -> Figure:
    """The sheet of one run, from top to bottom: what it is and how it ended, critic and slopes at the last frame that can be
    drawn, what further players and classes show, curves, the quantities of the end, the command.
    """
    shown = scene(recording, options.points)
    side = SIDE if shown.optimal is None else THIRD
    tall, extras = panel_height(shown, side), rows_of(shown, 3, THIRD, GAP)
    opening, foot, panels, rows = (
        opening_lines(shown, options.language),
        footer_lines(shown, options.language),
        curve_panels(recording),
        final_rows(recording),
    )
    told = [] if shown.optimal is None else in_lines(optimum_in_words(recording), options.language, TEXT)
    table = ROW * (-(-len(rows) // BLOCKS) + 1.6) if rows else 0.0
    below = 0.165 * len(foot) + table + 0.2
    more = below + (CURVES if len(panels) == 1 else TWO_ROWS)[1] * len(panels) + sum(row.tall for row in extras)
    bottom = more + 0.15 * len(told) + UNDER
    figure = blank(bottom + tall + 1.05 + ROW * len(opening))
    header(figure, title_of(recording), status_line(shown), [shown])
    for row, (line, weight) in enumerate(opening):
        say(figure, 0.2, figure.get_figheight() - 0.84 - ROW * row, line, SMALL, weight)
    places = np.linspace(MARGIN, WIDTH - RIGHT - side, 2 if shown.optimal is None else 3)
    main_panels(
        [axis_at(figure, left, bottom, side, tall) for left in places], shown, scales(shown, scale=options.scale)
    )
    for row, line in enumerate(told):
        say(figure, MARGIN - 0.15, bottom - UNDER - 0.1 - 0.15 * row, line, SMALL)
    draw_rows(figure, shown, extras, MARGIN, more, THIRD, GAP)
    curves(figure, recording, below + 0.4)
    table_of(figure, rows, below - 0.3)
    for row, (line, family) in enumerate(reversed(foot)):
        say(figure, MARGIN - 0.15, 0.12 + 0.165 * row, line, SMALL, family=family)
    return figure


def save_picture(recording: Recording, path: str | Path, options: Options = USUAL) -> None:
    """Write the sheet of a run as PNG, PDF or SVG, by the suffix; raises ValueError for another one."""
    suffix_in(path, PICTURE_FORMATS)
    save_figure(picture(recording, options), path, recording.facts.command, options)
