"""How far a run is, as a bar in a notebook: one line of HTML that is replaced as the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from time import monotonic
from typing import Any

from toygan.many.progress import Progress
from toygan.quantities.table import label_of, shown_in, written

EVERY = 0.2  # seconds between two pictures of a bar


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this, which shows HTML."""
    known: Any = sys.modules.get("IPython")  # who has not imported it is in no notebook
    return known is not None and getattr(known.get_ipython(), "kernel", None) is not None


def bar() -> Callable[[Progress], None]:
    """A watcher that shows a bar beneath the cell, and takes it away at the end."""
    from IPython.display import HTML, display

    place, then = display(HTML(""), display_id=True), 0.0

    def watch(progress: Progress) -> None:
        nonlocal then
        is_over = progress.doing in ("drawing", "kept")
        if is_over or monotonic() - then > EVERY:
            place.update(HTML("" if is_over else bar_of(progress)))
            then = monotonic()

    return watch


def bar_of(progress: Progress) -> str:
    """A bar with what is being done and the latest numbers beside it."""
    numbers = [
        f"{label_of(name)} {written(name, progress.numbers[name])}"
        for name in shown_in("live")
        if name in progress.numbers
    ]
    words = " · ".join([f"step {progress.step} of {progress.steps}", progress.doing, *numbers])
    return f'<progress value="{progress.step}" max="{max(progress.steps, 1)}"></progress> {escape(words)}'
