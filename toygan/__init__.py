"""toygan: the laboratory for GANs on distributions that fit on a sheet of paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toygan.files.config import Method
    from toygan.files.mistakes import UserError
    from toygan.many.record import recorder
    from toygan.many.run import run
    from toygan.many.sweep import sweep
    from toygan.session.recording import Recording, load
    from toygan.site.player import player

__version__ = "0.1.0"
__all__ = ["Method", "Recording", "UserError", "draw", "load", "player", "recorder", "run", "session", "sweep"]

HOMES = {
    "run": "toygan.many.run",
    "recorder": "toygan.many.record",
    "load": "toygan.session.recording",
    "Recording": "toygan.session.recording",
    "UserError": "toygan.files.mistakes",
    "Method": "toygan.files.config",
}
HOMES["sweep"] = "toygan.many.sweep"
HOMES["player"] = "toygan.site.player"
ROOMS = ("draw", "session")  # the latter is a function as well


def __getattr__(name: str) -> Any:
    """Import what is asked for and no more, so that `toygan --help` needs no torch."""
    if name not in (*HOMES, *ROOMS):
        raise AttributeError(f"toygan has no {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    if name in ROOMS:
        return import_module(f"toygan.{name}")
    return getattr(import_module(HOMES[name]), name)
