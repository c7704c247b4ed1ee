"""Streams that nobody need read to the end: what a shell left closed is opened, a reader may go."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from typing import Any


class Device(io.FileIO):
    """The raw end of stdout (1) or stderr (2): a reader that goes away ends nothing, the rest goes nowhere."""

    def write(self, data: Any) -> int:
        """Write; OSError only where results on stdout are lost for another reason, and only once."""
        try:
            return super().write(data) or 0
        except BlockingIOError:
            raise
        except OSError as error:
            # The reader has gone where a pipe was closed, or a terminal.
            lost = errno.EIO if stat.S_ISCHR(os.fstat(self.fileno()).st_mode) else errno.EPIPE
            forgiven = self.fileno() == 2 or error.errno in (errno.EPIPE, lost)
            to_nowhere(self.fileno())
            if forgiven:
                return len(data)
            raise


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
