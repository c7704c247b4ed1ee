"""The last touches to a figure, whatever it shows: a dark ground, and another language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import sub
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from toygan.draw.fonts import families
from toygan.draw.points import REAL
from toygan.draw.style import FAINT, INK
from toygan.view.language import is_wide, told
from toygan.view.look import Options

GROUND, LIGHT, PALE = "#15171c", "#ececec", "#a8a8a8"  # of dark pictures: the ground, words and lines, what is faint
TURNED = ((INK, LIGHT), (FAINT, PALE), ("black", LIGHT), (REAL, "#9fb8dd"), ("#dddddd", "#3f434c"))
ON_DARK = {to_hex(dark): light for dark, light in TURNED}
LEADING = 1.6  # sizes of letters from one line of a paragraph to the next, at most


def finish(figure: Figure, options: Options) -> None:
    """Set a figure in its style and its language."""
    if options.style == "dark":
        darken(figure)
    if options.language != "en":
        for lines in paragraphs(figure):
            translate_lines(lines, options.language)
        translate(figure.findobj(Text), options.language)


def paragraphs(figure: Figure) -> Iterator[list[Text]]:
    """Lines of words in a figure that stand under each other at one left edge, in one size: they may be one sentence."""
    said = [text for text in figure.texts if text.get_text() and "monospace" not in text.get_fontfamily()]
    said.sort(key=lambda text: (text.get_position()[0], text.get_fontsize(), -text.get_position()[1]))
    for (_, size), column in groupby(said, key=lambda text: (text.get_position()[0], text.get_fontsize())):
        lines = list(column)
        heights = [text.get_position()[1] * figure.get_figheight() for text in lines]
        ends = [i + 1 for i, gap in enumerate(map(sub, heights, heights[1:])) if gap > LEADING * size / 72]
        yield from (lines[start:end] for start, end in pairwise([0, *ends, len(lines)]))


def translate_lines(lines: Sequence[Text], language: str) -> None:
    """Put a paragraph, a line of it in each text, into another language; lines that are left over are empty."""
    if len(lines) < 2:
        return
    found = told("\n".join(text.get_text() for text in lines), language).split("\n")
    found = [*found[: len(lines) - 1], "\n".join(found[len(lines) - 1 :])]
    for text, words in zip(lines, [*found, *[""] * len(lines)], strict=False):
        text.set_text(words)


def translate(texts: Iterable[Text], language: str) -> None:
    """Put words into another language and a font with its letters; what its table lacks stays, and so does all of a command."""
    chosen = families(language)
    for text in texts:
        if "monospace" in text.get_fontfamily():
            continue
        text.set_text(told(text.get_text(), language))
        if any(map(is_wide, text.get_text())):
            text.set_fontfamily(chosen)


def darken(figure: Figure) -> None:
    """A dark ground for words and curves; the plane stays light, for its colours say how much."""
    figure.set_facecolor(GROUND)
    for text in (*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())):
        lighten(text)
    for axis in figure.axes:
        darken_axis(axis)


def darken_axis(axis: Axes) -> None:
    """Words around an axis, and lines in it unless it is the plane or a table of coloured fields, whose words stand on them."""
    plane = axis.get_aspect() == 1 or any(isinstance(one, QuadMesh) for one in axis.collections)
    around = [axis.title, axis._left_title, axis.xaxis.label, axis.yaxis.label]  # type: ignore[attr-defined]
    inside: list[Text | Line2D] = [] if plane else [*axis.lines, *axis.texts]
    beneath = [text for text in axis.texts if plane and outside(text)]
    legend = axis.get_legend()
    for artist in (*around, *inside, *beneath, *(legend.get_texts() + legend.get_lines() if legend else [])):
        lighten(artist)
    axis.tick_params(labelcolor=LIGHT, color=PALE)
    for spine in axis.spines.values():
        spine.set_edgecolor(PALE)
    if not plane:
        axis.set_facecolor(GROUND)
        for bar in (*axis.patches, *(legend.get_patches() if legend else [])):
            turn(bar.get_facecolor(), bar.set_facecolor)
        for circles in axis.collections:
            for rim in circles.get_edgecolor()[:1]:
                turn(rim, circles.set_edgecolor)
    for inset in axis.child_axes:
        darken_axis(inset)  # type: ignore[arg-type]


def outside(text: Text) -> bool:
    """Whether words in an axis stand outside of it."""
    x, y = text.get_position()
    return text.get_transform() == text.axes.transAxes and not (0 <= x <= 1 and 0 <= y <= 1)  # type: ignore[union-attr]


def lighten(artist: Text | Line2D) -> None:
    """Light where it was dark, with the arrow of a note."""
    turn(artist.get_color(), artist.set_color)
    if isinstance(artist, Annotation) and artist.arrow_patch:
        turn(artist.arrow_patch.get_edgecolor(), artist.arrow_patch.set_color)


def turn(colour: Any, set_colour: Callable[[str], object]) -> None:
    """Set a light colour in place of a dark one."""
    if light := ON_DARK.get(to_hex(colour)):
        set_colour(light)
