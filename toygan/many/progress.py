"""How far a run is, as whoever plays it tells whoever watches; in a notebook one line of HTML, replaced as it goes on."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from html import escape
from time import monotonic
from typing import Any, NamedTuple

from toygan.quantities.table import label_of, shown_in, written

EVERY = 0.2  # seconds between two pictures of a bar


class Progress(NamedTuple):
    """How far a run is: the step, of how many, what it is doing, and a few of the latest numbers of the first seed."""

    step: int
    steps: int
    doing: str
    numbers: Mapping[str, float]


Watcher = Callable[[Progress], None]


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this, which shows HTML."""
    known: Any = sys.modules.get("IPython")  # who has not imported it is in no notebook
    return known is not None and getattr(known.get_ipython(), "kernel", None) is not None


def line() -> Callable[[str], None]:
    """A line of HTML beneath the cell, to be replaced now and then; nothing in its place takes it away at once."""
    from IPython.display import HTML, display

    place, then = display(HTML(""), display_id=True), 0.0

    def show(html: str) -> None:
        nonlocal then
        if not html or monotonic() - then > EVERY:
            place.update(HTML(html))
            then = monotonic()

    return show


def bar() -> Watcher:
    """A watcher that shows a bar, and takes it away at the end."""
    show = line()
    return lambda progress: show("" if progress.doing in ("drawing", "kept") else bar_of(progress))


def live(numbers: Mapping[str, float]) -> list[str]:
    """The few numbers that say whether it goes well, the most telling first."""
    names = [name for name in shown_in("live") if math.isfinite(numbers.get(name, math.nan))]  # no loss before a step
    return [f"{label_of(name)} {written(name, numbers[name])}" for name in names]


def bar_of(progress: Progress) -> str:
    words = " · ".join([f"step {progress.step} of {progress.steps}", progress.doing, *live(progress.numbers)])
    return in_html(progress.step / max(progress.steps, 1), words)


def in_html(share: float, words: str) -> str:
    """A bar that is full to a share, 0 to 1, and words beside it."""
    return f'<progress value="{share:.4g}" max="1"></progress> {escape(words)}'
