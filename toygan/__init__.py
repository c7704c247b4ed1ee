"""toygan: the laboratory for GANs on distributions that fit on a sheet of paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toygan.recording import Recording, load
    from toygan.runs import run
    from toygan.strict import UserError
    from toygan.sweeps import sweep

__version__ = "0.1.0"
__all__ = ["Recording", "UserError", "load", "run", "sweep"]

HOMES = {
    "run": "toygan.runs",
    "load": "toygan.recording",
    "Recording": "toygan.recording",
    "UserError": "toygan.strict",
}
HOMES["sweep"] = "toygan.sweeps"


def __getattr__(name: str) -> Any:
    """Import what is asked for and no more, so that `toygan --help` needs no torch."""
    if name not in HOMES:
        raise AttributeError(f"toygan has no {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(HOMES[name]), name)
