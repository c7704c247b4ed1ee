"""What goes wrong on the command line: one message on stderr and the right exit code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any, NoReturn

import typer

from toygan.files.mistakes import UserError
from toygan.files.text import tell

FAILED, USAGE, SOME_FAILED, INTERRUPTED = 1, 2, 3, 130

stopping = Event()  # somebody asked us to end


def stop(*_: Any) -> NoReturn:
    """Take a request to end as Ctrl-C is taken, but end at once while torch is imported, whose own code dies of exceptions."""
    stopping.set()
    if getattr(getattr(sys.modules.get("torch"), "__spec__", None), "_initializing", False):
        complain("interrupted")
        os._exit(INTERRUPTED)
    raise KeyboardInterrupt


def complain(message: str) -> None:
    """One message on stderr."""
    tell(f"toygan: {message}")


@contextmanager
def clear_faults(after_fault: str = "", after_stop: str = "") -> Iterator[None]:
    """Turn what goes wrong into one message and the right exit code, never a traceback."""
    try:
        yield
        sys.stdout.flush()
    except typer.Exit:
        raise
    except BaseException as error:  # a run's own code may raise what is no usual kind
        # A stop in the middle of an import or of a foreign library may arrive as an error of theirs.
        if stopping.is_set() or isinstance(error, KeyboardInterrupt):
            complain("interrupted" + after_stop)
            stopping.clear()  # it has been said
            raise typer.Exit(INTERRUPTED) from None
        if os.environ.get("TOYGAN_TRACEBACK"):
            raise
        is_mistake = isinstance(error, UserError)  # the user's, as opposed to the machine's or ours
        complain(str(error) if is_mistake else fault_in_words(error) + after_fault)
        raise typer.Exit(USAGE if is_mistake else FAILED) from None


def fault_in_words(error: BaseException) -> str:
    """An error of the system without its number; of another error, where to see more."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}\n    with TOYGAN_TRACEBACK=1 in the environment it shows where"
