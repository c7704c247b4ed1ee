"""What is printed: foreign text as text, one JSON object, complaints at once. Every word goes through here, or through a
console that makes text `visible` as well.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Mapping
from textwrap import wrap
from typing import Any, TextIO

# What shows nothing itself but rules or hides what does: control characters but tab and line end, soft hyphens, marks and
# changes of direction, blanks of no width, line and paragraph separators, tags, bytes that are no text. The two joiners stay:
# Persian, Hindi and emoji are written with them.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
SMALLEST, LARGEST = 1e-4, 1e6
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Lines are cut at blanks alone, which stay as they are where no line ends.
OTHERWISE = ("expand_tabs", "replace_whitespace", "break_long_words", "break_on_hyphens")
AT_BLANKS: Mapping[str, Any] = dict.fromkeys(OTHERWISE, False)
UNBOUNDED = 10**6


def visible(text: str) -> str:
    r"""The text with every control character as people write it, such as \x1b, so that no file or name rules a terminal."""
    return HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def jsonable(data: Any) -> Any:
    """The data with None for every number that JSON does not know."""
    if isinstance(data, Mapping):
        return {key: jsonable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [jsonable(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def number(value: float, digits: int = 3) -> str:
    """A number with so many digits, a true minus sign, and a power of ten where it is very large or small."""
    size = abs(value)
    plain = size == 0 or not math.isfinite(size) or SMALLEST <= size < LARGEST
    words = f"{float(f'{size:.{digits}g}'):.{max(digits, 6)}g}" if plain else with_power(size, digits)
    return ("\N{MINUS SIGN}" if value < 0 else "") + words


def with_power(size: float, digits: int = 3) -> str:
    """A positive number as 10⁷ or 2.5·10⁻⁶."""
    mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
    factor = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return ("" if factor == "1" else f"{factor}·") + "10" + str(int(exponent)).translate(RAISED)


def percent(share: float) -> str:
    """A share in per cent; a small one is not rounded to none, nor a large one to all."""
    if 0 < share < 0.01 or 0.99 < share < 1:
        told = f"{100 * share:.1f}" if 0.0005 <= share < 0.9995 else "< 0.1" if share < 0.5 else "> 99.9"
    else:
        told = f"{100 * share:.0f}"
    return f"{told}\N{NO-BREAK SPACE}%"


def folded(text: str, width: int) -> str:
    """The text with lines no longer than a width, cut at blanks only; what goes on is as far in as its line. A line that is so
    far in that little room is left stays as it is.
    """
    lines = list[str]()
    for line in text.split("\n"):
        inset = len(line) - len(line.lstrip(" "))
        stays = len(line) <= width or inset > width // 2
        lines += [line] if stays else wrap(line, width, subsequent_indent=" " * inset, **AT_BLANKS)
    return "\n".join(lines)


def room(stream: TextIO | None = None) -> int:
    """The columns of the terminal that a stream, or stdout, is; more than are ever needed where it is none."""
    stream = stream or sys.stdout
    return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else UNBOUNDED


def one_line(text: str) -> str:
    """A text whose lines were broken somewhere else, in one line; empty lines part its paragraphs."""
    return re.sub(r"(?<!\n)[ \t]*\n[ \t]*(?!\n)", " ", text.strip())


def say(text: object, end: str = "\n") -> None:
    """Print a result on stdout."""
    print(folded(visible(str(text)), room()), end=end)


def say_json(data: Any) -> None:
    """Print one JSON object on stdout, in ASCII; null where a number is not finite."""
    print(json.dumps(jsonable(data), allow_nan=False))


def tell(text: str) -> None:
    """Print progress or a complaint on stderr, at once and in one piece, whoever interrupts."""
    print(folded(visible(text), room(sys.stderr)) + "\n", end="", file=sys.stderr, flush=True)
