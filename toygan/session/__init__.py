"""A run as it is played and as it is recorded. The room is a function as well: `toygan.session(...)` plays and yields looks."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class Room(ModuleType):
    """The room, which can be called by the name that users know: `toygan.session.stream.session`."""

    def __call__(self, scenario: str, *words: Any, **named: Any) -> Any:
        """An iterator of looks at a game."""
        from toygan.session.stream import session

        return session(scenario, *words, **named)


sys.modules[__name__].__class__ = Room
