"""What is said of a recording's quantities: beneath a frame, and of its end."""

from __future__ import annotations

import numpy as np

from toygan.files.text import number, percent
from toygan.quantities.table import QUANTITIES, Floor, label_of, shown_in, written
from toygan.session.recording import Recording


def frame_words(recording: Recording, frame: int) -> list[str]:
    """The portrait seed's quantities at one frame, each with its floor or ceiling, as far as they are known."""
    found = {name: recording.curve(name) for name in shown_in("line")}
    said = [
        in_words(recording, name, float(values[frame, 0]))
        for name, values in found.items()
        if values is not None and np.isfinite(values[frame, 0])
    ]
    return said or ["nothing measured"]


def in_words(recording: Recording, name: str, value: float) -> str:
    """A quantity's value beside what perfect samplers score: `W1 0.12 (floor 0.1)`, `7 of 8 modes`, `98 % high quality`."""
    row, best = QUANTITIES[name], recording.floor(name)
    if row.unit == name:  # a number of things
        many = len(recording.frames.get("mode_centres", ())) or None
        return f"{value:.0f}{f' of {many}' if many else ''} {row.label if many != 1 else row.label.removesuffix('s')}"
    told = f"{percent(value)} {row.label}" if row.unit == "share" else f"{row.label} {row.write(value)}"
    if best is None:
        return told
    if row.better == "higher":
        return f"{told} (ceiling {row.write(best.mean)})"
    return f"{told} (floor {with_band(best)})"


def with_band(best: Floor) -> str:
    """A floor with its band, or with its spread where no band is known."""
    if best.draws and best.high > best.low:
        return f"{number(best.mean)}, {number(best.low)}–{number(best.high)}"
    return number(best.mean) + (f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{best.spread:#.2g}" if best.spread else "")


def range_over_seeds(recording: Recording, frame: int) -> str:
    """The span of W1 over all seeds at one frame, lost seeds counted."""
    w1 = recording.curve("w1")
    if w1 is None or w1.shape[1] < 2:
        return ""
    known = w1[frame][np.isfinite(w1[frame])]
    lost = w1.shape[1] - len(known)
    span = f"{len(known)} seeds: {number(known.min())}–{number(known.max())}" if len(known) else ""
    return span + (f", {lost} without a value" if lost and len(known) else "")


def words_with_range(recording: Recording, frame: int) -> list[str]:
    """As `frame_words`, with the span of W1 over the seeds after the portrait seed's."""
    first, *others = frame_words(recording, frame)
    return [part for part in (first, range_over_seeds(recording, frame), *others) if part]


def final_points(recording: Recording) -> str:
    """The portrait seed's quantities on fresh points after the end, each with what a perfect generator scores."""
    row, summary = recording.facts.portrait_row, recording.facts.summary
    told = [at_end(recording, name, value) for name in shown_in("end") if (value := row.get(name)) is not None]
    if not told or summary.points is None:
        return ""
    few = f"W1, KL and neighbours on {summary.w1_points}"
    points = f"{summary.points} fresh points ({few}), in brackets what the target itself scores"
    return f"On {points}: {', '.join(told)}."


def at_end(recording: Recording, name: str, value: float) -> str:
    """One quantity of the end beside what a perfect generator scores."""
    best = recording.floor(name, "final")
    aside = [written(name, best.mean)] if best else []
    if value < 0 and QUANTITIES[name].estimated:
        aside.append("below 0 is the estimate's error")
    return f"{label_of(name)} {written(name, value)}" + (f" ({'; '.join(aside)})" if aside else "")
