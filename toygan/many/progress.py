"""How far a run is, as whoever plays it tells whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Progress(NamedTuple):
    """How far a run is: the step, of how many, what it is doing, and a few of the latest numbers of the first seed."""

    step: int
    steps: int
    doing: str
    numbers: Mapping[str, float]


Watcher = Callable[[Progress], None]
