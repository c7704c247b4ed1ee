"""What is printed: foreign text as text, one JSON object, complaints at once. Every word goes through here, or through a
console that makes text `visible` as well.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping
from typing import Any

# Control characters but tab and line end, line and paragraph separators, changes of direction, bytes that are no text.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


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
    words = f"{float(f'{size:.{digits}g}'):.6g}" if plain else with_power(size, digits)
    return ("\N{MINUS SIGN}" if value < 0 else "") + words


SMALLEST, LARGEST = 1e-4, 1e6
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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


def say(text: object, end: str = "\n") -> None:
    """Print a result on stdout."""
    print(visible(str(text)), end=end)


def say_json(data: Any) -> None:
    """Print one JSON object on stdout, in ASCII; null where a number is not finite."""
    print(json.dumps(jsonable(data), allow_nan=False))


def tell(text: str) -> None:
    """Print progress or a complaint on stderr, at once and in one piece, whoever interrupts."""
    print(visible(text) + "\n", end="", file=sys.stderr, flush=True)
