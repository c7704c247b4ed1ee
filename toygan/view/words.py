"""What is said of a recording: its quantities beneath a frame and at its end, and what its formula leaves to be known."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from toygan.files.text import number, percent
from toygan.quantities.table import QUANTITIES, Floor, When, label_of, row_of, shown_in, written
from toygan.session.recording import Recording
from toygan.view.scene import exact_transport
from toygan.view.settings import ROWS, is_changed

CRITICS = {"learned": "learned critic", "exact": "optimal critic"}  # by which a cloud is refined
FORMULAS: dict[str, str] = {name: str(row["formula"]) for name, row in ROWS.items()}
NAMES = re.compile(rf"(?<![\w-])({'|'.join(sorted(map(re.escape, FORMULAS), key=len, reverse=True))})(?![\w-])")
MANY = 0.5  # share of good points from which on a mode that counts is more than a stray point


def frame_words(recording: Recording, frame: int, bands: bool = True) -> list[str]:
    """The portrait seed's quantities at one frame, each with its floor, with or without its band, or ceiling, as far as known."""
    curves = {name: recording.curve(name) for name in told_names(recording)}
    found = {name: float(table[frame, 0]) for name, table in curves.items() if table is not None}
    return listed(recording, found, "frame", bands) or ["nothing measured"]


def told_names(recording: Recording) -> list[str]:
    """The quantities that a line shows or is worded by."""
    return [*shown_in("line"), "high_quality", *recording.facts.own_measures]


def listed(recording: Recording, found: Mapping[str, float], when: When, bands: bool = True) -> list[str]:
    """Quantities in words, of those that a line shows and of one's own, as far as they are finite."""
    few = found.get("high_quality", 1.0) < MANY  # points are on any mode, and for a mode to count one is enough
    return [
        in_words(recording, name, found[name], when, bands) + " touched" * (few and name == "modes")
        for name in (*shown_in("line"), *recording.facts.own_measures)
        if math.isfinite(found.get(name, math.nan))
    ]


def in_words(recording: Recording, name: str, value: float, when: When = "frame", bands: bool = True) -> str:
    """A quantity's value beside what perfect samplers score: `W1 0.12 (floor 0.1)`, `7 of 8 modes`, `98 % high quality`."""
    row, best = row_of(name), recording.floor(name, when)
    if row.unit == name:  # a number of things
        many = len(recording.frames.get("mode_centres", ())) or None
        return f"{value:.0f}{f' of {many}' if many else ''} {row.label if many != 1 else row.label.removesuffix('s')}"
    told = f"{percent(value)} {row.label}" if row.unit == "share" else f"{row.label} {row.write(value)}"
    if when == "frame" and "plan" in row.needs.split() and (points := recording.facts.summary.critic_points):
        told += f" of {points} points"  # fewer than at the end, so that both the value and its floor are higher
    if best is None:
        return told
    if row.better == "higher":
        return f"{told} (ceiling {row.write(best.mean)})"
    return f"{told} (floor {with_band(best) if bands else number(best.mean)})"


def with_band(best: Floor) -> str:
    """A floor with its band, or with its spread where no band is known."""
    if best.draws and best.high > best.low:
        return f"{number(best.mean)}, {number(best.low)}–{number(best.high)}"
    return number(best.mean) + (f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{best.spread:#.2g}" if best.spread else "")


def end_words(recording: Recording) -> list[str]:
    """The portrait seed's quantities on fresh points at the end, with the span of W1 over the seeds; none before the end."""
    values = {name: recording.final(name) for name in told_names(recording)}
    found = {name: float(final[0]) for name, final in values.items() if len(final)}
    said = listed(recording, found, "final")
    return [said[0], *filter(None, [span_of(recording.final("w1"))]), *said[1:]] if said else []


def span_of(w1: np.ndarray) -> str:
    """The span of W1 over all seeds [S], lost seeds counted; nothing for one seed."""
    known = w1[np.isfinite(w1)]
    lost = len(w1) - len(known)
    if len(w1) < 2 or not len(known):
        return ""
    span = f"{len(known)} seeds: {number(known.min())}–{number(known.max())}" if len(known) > 1 else "1 seed"
    return span + (f", {lost} without a value" if lost else "")


def words_with_range(recording: Recording, frame: int) -> list[str]:
    """As `frame_words`, with the span of W1 over the seeds after the portrait seed's."""
    w1, (first, *others) = recording.curve("w1"), frame_words(recording, frame)
    return [part for part in (first, "" if w1 is None else span_of(w1[frame]), *others) if part]


def purpose(recording: Recording) -> list[str]:
    """What this is and what to look for: the scenario's words, then the method's formula and words, and its letters."""
    config = recording.facts.config
    method = config.get("method") or {}
    played = [str(method[key]) for key in ("formula", "look_for") if method.get(key)]
    name = recording.facts.method + " but for the settings below" * is_changed(recording.facts.method, method)
    told = f"{name}: {'.  '.join(part.rstrip('.') for part in played)}." if played else ""
    letters = symbols_in_words(str(method.get("formula") or ""))
    return [part for part in (str(config.get("about") or ""), told, letters) if part]


def symbols_in_words(formula: str) -> str:
    """The formulas of the methods that a formula names, and what its letters stand for; nothing of one in other letters."""
    named = names_in(formula)
    known = "  ".join([formula, *(FORMULAS[name] for name in named)])
    if not re.search(r"\b[CG]\d?\b", known):
        return ""
    letters = "; ".join(words for pattern, words in SYMBOLS if re.search(pattern, known))
    return " ".join([*(f"{name}: {FORMULAS[name]}." for name in named), f"Letters: {letters}."])


def names_in(formula: str) -> list[str]:
    """The methods that a formula names, and those that their formulas name, each once."""
    found = list(dict.fromkeys(NAMES.findall(formula)))
    for name in found:  # which grows on the way
        found += [other for other in dict.fromkeys(NAMES.findall(FORMULAS[name])) if other not in found]
    return found


def headline(recording: Recording) -> str:
    """The one number of a run: W1 at the end, on how many points, beside its floor; empty before the end."""
    row, summary, best = recording.facts.portrait_row, recording.facts.summary, recording.floor("w1", "final")
    w1 = row.get("w1")
    if w1 is None or summary.w1_points is None:
        return ""
    told = f"W1 {number(w1)} at the end ({summary.w1_points} {summary.points_of})"
    if best and best.mean > 0:
        told += f": {number(w1 / best.mean)} times its floor {number(best.mean)}"
        told += f" ({number(best.low)}–{number(best.high)})" if best.draws else ""
    spread = span_of(recording.final("w1"))
    return f"{told} · {spread}" if spread else told


def diagnosed(recording: Recording) -> str:
    """The diagnosis, and of how many points its W1 is: fewer than those of the end, which are on the same page."""
    told, points = " ".join(recording.facts.summary.diagnosis), recording.facts.summary.critic_points
    has_w1 = re.search(r"W1 [a-z ]*\d", told)
    return f"{told} Here W1 is of a look's {points} points." if points and has_w1 else told


def numbers_in_words(recordings: Sequence[Recording], when: str = "of the end") -> str:
    """What the numbers beneath panels are of."""
    recorded = any(one.facts.is_recorded for one in recordings)
    points = "of a recorded loop on its last frame's points, else on fresh ones" if recorded else "on fresh points"
    return f"Numbers beneath: {when}, {points}."


def final_rows(recording: Recording) -> list[tuple[str, str, str]]:
    """The quantities of the end: label, what the portrait seed scores, and what a perfect generator scores."""
    rows = []
    for name in shown_in("end"):
        value, floor = recording.facts.portrait_row.get(name), recording.floor(name, "final")
        if value is not None:
            rows.append((label_of(name), written(name, value), written(name, floor.mean) if floor else ""))
    return rows


def final_notes(recording: Recording) -> list[str]:
    """What must be known to read the quantities of the end."""
    row, summary = recording.facts.portrait_row, recording.facts.summary
    if summary.points is None:
        return []
    notes = [
        f"On {summary.points} {summary.points_of} of seed {recording.facts.portrait} (W1, KL and neighbours on "
        f"{summary.w1_points})."
    ] * bool(final_rows(recording))
    estimates = [label_of(name) for name in shown_in("end") if QUANTITIES[name].estimated and (row.get(name) or 0) < 0]
    if estimates:
        notes.append(f"{' and '.join(estimates)}: below 0 is the estimate's error.")
    if exact_transport(recording) and recording.curve("critic_gap") is not None:
        notes.append(
            "Share of W1 seen and agreement with the optimal critic: small where a cloud has arrived, for there is little "
            "left to see."
        )
    good = row.get("high_quality")
    few = any(event.label == "mode-collapse" for event in recording.facts.events)
    if row.get("modes") and good is not None and (good < MANY or few):
        notes.append("Modes: one point within 3 sigma is enough for a mode to count.")
    return notes


SYMBOLS = [
    (r"\b[CG]\d?:", "C critic's loss, G generator's loss"),
    (r"\bE [-|(\w]", "E mean"),
    (r"\b[rg]\b", "r, g scores of real, generated points"),
    (r"\bsp\(", "sp(x) = log(1\N{NO-BREAK SPACE}+\N{NO-BREAK SPACE}e^x)"),
    (r"\bf'", "f' slope of the score"),
    (r"\|x\b", "x a point"),
    (r"^D = \|x", "the score is -D"),
    (r"\bfake\b", "fake = generated"),
    (r"\bsum \|?w\b", "w weights of the critic"),
    (r"\bMMD\b", "MMD maximum mean discrepancy"),
    (r"\bN\(", "N normal law"),
    (r"\bz\b", "z latent"),
    (r"\bE\(", "E(x) the encoder's latent of x"),
    (r"\bF\(", "F way back"),
    (r"\bH\[", "H entropy"),
]
