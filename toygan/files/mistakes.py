"""What a user did wrong, and how it is said: file, line, key and value, what is legal, and the nearest legal word.

Nothing heavy is imported here, for the command line says these things before it does anything.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

Key = tuple[str | int, ...]


class Place(NamedTuple):
    """Where something was said: a file, or an option as typed; the line, 0 for none; the table that the keys there are
    in; and the text of the line.
    """

    name: str = ""
    line: int = 0
    under: Key = ()
    text: str = ""


class Mistake(NamedTuple):
    """One thing that is wrong: its key (None where it is about no key), what, and what would be right; with the value as
    shown and the place, as soon as these are known. `inner` is the mistake in a file that the key names.
    """

    key: Key | None
    message: str
    hint: str = ""
    given: str = ""
    place: Place = Place()
    inner: Mistake | None = None


class UserError(ValueError):
    """What a user did wrong, which needs no traceback: mistakes, printed as a paragraph each."""

    def __init__(self, *mistakes: Mistake | str) -> None:
        self.mistakes = tuple(Mistake(None, one) if isinstance(one, str) else one for one in mistakes)
        super().__init__(*self.mistakes)

    def __str__(self) -> str:
        return "\n".join(map(paragraph, self.mistakes))


def paragraph(mistake: Mistake) -> str:
    """What is printed: what is wrong and where; below it the line itself and what would be right."""
    return "\n    ".join(part for part in (headline(mistake), mistake.place.text, mistake.hint) if part)


def headline(mistake: Mistake) -> str:
    """Place, key, value and message, or instead of that what is wrong in the file that the key names."""
    name, line, under, _ = mistake.place
    place = ", ".join([name, *([f"line {line}"] if line else []), *([dotted(under)] if under else [])])
    key = "" if mistake.key is None else dotted(mistake.key) + (f" = {mistake.given}" if mistake.given else "")
    message = headline(mistake.inner) if mistake.inner else mistake.message
    return ": ".join(part for part in (place, key, message) if part)


def shortened(text: str, length: int = 100) -> str:
    """Text of at most that length."""
    return text if len(text) <= length else text[: length - 3] + "..."


def in_toml(value: Any) -> str:
    """A value as people write it; of one that holds a number of thousands of digits, what it is."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except ValueError:
        return hex(value) if isinstance(value, int) else "..."


def dotted(key: Key) -> str:
    """A key as people write it: target.centres[2]."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.lstrip(".") or "file"


def suggestion(word: str, legal: Sequence[str], what: str) -> str:
    """The nearest legal word, if one is near, and all legal ones."""
    near = nearest(word, legal)
    return f"{did_you_mean(near) + ' ' if near else ''}legal {what}: {', '.join(legal)}"


def nearest(word: str, legal: Sequence[str]) -> list[str]:
    """The one or two legal words that are near, whatever the case and the dashes; none where none is."""
    plain = {plainly(one): one for one in reversed(legal)}
    return [plain[one] for one in difflib.get_close_matches(plainly(word), plain, n=2, cutoff=0.6)]


def did_you_mean(near: Sequence[str]) -> str:
    """The question whether one of the words near by was meant."""
    return f"did you mean {' or '.join(map(in_toml, near))}?"


def plainly(word: str) -> str:
    """A word in small letters with dashes for underscores."""
    return word.lower().replace("_", "-")
