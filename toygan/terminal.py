"""What reaches the terminal: foreign text as text, into streams that nobody need read to the end.

Every word that the program prints goes through `say`, `say_json` or `tell`, or through a console that makes text
`visible` as well.
"""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
import stat
import sys
from collections.abc import Mapping
from typing import Any

# Control characters but tab and line end, line and paragraph separators, changes of direction, bytes that are no text.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The text with every control character as people write it, such as \x1b, so that no file or name rules a terminal."""
    return HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(text: object, end: str = "\n") -> None:
    """Print a result on stdout."""
    print(visible(str(text)), end=end)


def say_json(data: Any) -> None:
    """Print one JSON object on stdout, in ASCII; null where a number is not finite."""
    print(json.dumps(finite(data), allow_nan=False))


def finite(data: Any) -> Any:
    """The data with None for every number that JSON does not know."""
    if isinstance(data, Mapping):
        return {key: finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def tell(text: str) -> None:
    """Print progress or a complaint on stderr, at once and in one piece, whoever interrupts."""
    print(visible(text) + "\n", end="", file=sys.stderr, flush=True)


# --- streams ---------------------------------------------------------------------------------------------------------


class Device(io.FileIO):
    """The raw end of stdout (1) or stderr (2): a reader that goes away ends nothing, the rest goes nowhere."""

    def write(self, data: Any) -> int:
        """Write; OSError only where results on stdout are lost for another reason, and only once."""
        try:
            return super().write(data) or 0
        except BlockingIOError:
            raise
        except OSError as error:
            forgiven = self.fileno() == 2 or is_gone(error, self.fileno())
            to_nowhere(self.fileno())
            if forgiven:
                return len(data)
            raise


def is_gone(error: OSError, number: int) -> bool:
    """Whether the reader of a stream has gone: a pipe was closed, or a terminal."""
    is_terminal = stat.S_ISCHR(os.fstat(number).st_mode)
    return error.errno == errno.EPIPE or (error.errno == errno.EIO and is_terminal)


def to_nowhere(number: int) -> None:
    """Let whatever is written to a stream from now on vanish, by programs that we start as well."""
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)
    os.set_inheritable(number, True)


def mend_streams() -> None:
    """Open what the shell left closed, lest the next file takes its place; let readers of stdout and stderr go."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            to_nowhere(number)
    sys.stdin = sys.stdin or io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.stdout, sys.stderr = patient(1, sys.stdout), patient(2, sys.stderr)


def patient(number: int, stream: Any) -> io.TextIOWrapper:
    """A stream like the one that is there, on a raw end that forgives."""
    device = Device(number, "w", closefd=False)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    by_line = number == 2 or device.isatty()
    return io.TextIOWrapper(io.BufferedWriter(device), encoding, "backslashreplace", line_buffering=by_line)
