"""A protocol after its runs, in words: a table of published numbers beside ours, and the same as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toygan.draw.protocol import Both
from toygan.exhibits.agreement import Compared
from toygan.exhibits.protocol_files import Protocol, Reported, left_open
from toygan.exhibits.scores import SCORES, Score
from toygan.files.text import one_line, percent
from toygan.many.sweep import plain_value
from toygan.many.table import Table

QUICK = "Quick: fewer seeds and steps than the protocol has; it decides nothing."


def table_of(protocol: Protocol, rows: Sequence[Compared], quick: bool) -> Table:
    """A line a published number: the run, the measure, the number, ours, and whether they agree."""
    told = [
        {"run": one.row.run, "measure": SCORES[one.row.measure].label, "published": published_in_words(one.row),
         "ours": ours_in_words(one), "verdict": one.words}
        for one in rows
    ]  # fmt: skip
    return Table(["run", "measure"], told, note_of(protocol, rows, quick))


def note_of(protocol: Protocol, rows: Sequence[Compared], quick: bool) -> str:
    """How the runs were counted, how much of the published steps they have, and what is not as published."""
    about, rule, shares = protocol.protocol, protocol.counting, [one.share for one in rows]
    steps = " to ".join(percent(share) for share in dict.fromkeys((min(shares), max(shares))))
    needs = {SCORES[row.measure].needs for row in protocol.rows}
    modes = f", on a mode within {rule.sigma:g} sigma, a mode found by {rule.at_least}" if "modes" in needs else ""
    counted = [f"{rule.points} points{modes}"] if needs & {"modes", "funnels"} else []
    parts = [*counted, f"{steps} of the published steps", *([QUICK] if quick else [])]
    told = [*parts, *(f"unlike: {one}" for one in about.unlike), *([about.rest] if about.rest else [])]
    return one_line("; ".join(part.rstrip(".") for part in told)) + "."


def told_in_words(protocol: Protocol) -> dict[str, str]:
    """What a protocol says of itself, line by line."""
    about = protocol.protocol
    unlike = {f"unlike {i}": one for i, one in enumerate(about.unlike, 1)}
    found = {f"found {i}": one for i, one in enumerate(about.found, 1)}
    unsaid = ", ".join(f"{key} = {plain_value(value)}" for key, value in left_open(protocol).items())
    lines = {"source": about.source, "setting": about.setting, **unlike, "rest": about.rest, **found}
    lines |= {"as toygan has it": unsaid, "runs": f"{percent(about.share)} of the steps, {about.seeds} seeds"}
    lines |= {f"{row.run}, {SCORES[row.measure].label}": published_in_words(row) for row in protocol.rows}
    return {name: words for name, words in lines.items() if words}


def published_in_words(row: Reported) -> str:
    """A published number with its spread and what kind it is."""
    if row.published is None:
        return row.says
    score = SCORES[row.measure]
    n = f" of {so_many(score, row.seeds)}" if row.seeds else ""
    spread, low, high = (score.write(one or 0.0) for one in (row.spread, row.low, row.high))
    spreads = {
        "SD": f" ± {spread} (SD{n})",
        "SE": f" ± {spread} (SE{n})",
        "range": f" ({low} to {high}{n})",
        "share": n,
        "exact": " (a formula)",
        "none": f" (no spread{n})",
    }
    return score.write(row.published) + spreads[row.kind]


def ours_in_words(one: Compared) -> str:
    """Our number with its interval and of how many seeds."""
    if not one.ours.n:
        return "-"
    score, (low, high) = SCORES[one.row.measure], one.ours.ends
    ends = "" if low == high else f" [{score.write(low)}, {score.write(high)}]"
    lost = f", {one.lost} without a number" if one.lost else ""
    lost += f", {one.diverged} diverged" if one.diverged else ""  # they have numbers where no point is one too
    seeds = "" if score.certain else f" ({so_many(score, one.ours.n)}{lost})"
    return score.write(one.ours.value) + ends + seeds


def so_many(score: Score, n: int) -> str:
    return f"{n} {score.each}{'' if n == 1 else 's'}"


def lines_of(rows: Sequence[Compared]) -> list[Both]:
    """What the picture shows: a line a number that has one, by measure."""
    return [
        Both(one.row.run, SCORES[one.row.measure].label, SCORES[one.row.measure].unit == "share", one.published, one.ours,
             (one.verdict + one.after).replace(", after", ",\nafter"))
        for one in rows if one.row.published is not None
    ]  # fmt: skip


def facts_of(protocol: Protocol, rows: Sequence[Compared], quick: bool) -> dict[str, Any]:
    """A protocol's result as plain data; what is not known is NaN."""
    return {
        "name": protocol.name,
        "title": protocol.title,
        "source": protocol.protocol.source,
        "quick": quick,
        "counting": protocol.counting.model_dump(),
        "rows": [
            {
                "run": one.row.run,
                "measure": one.row.measure,
                "published": one.row.published,
                "spread": one.row.spread,
                "kind": one.row.kind,
                "published_seeds": one.row.seeds,
                "published_interval": [one.published.low, one.published.high],
                "ours": one.ours.value if one.ours.n else None,
                "interval": [one.ours.low, one.ours.high],
                "seeds": one.ours.n,
                "without": one.lost,
                "diverged": one.diverged,
                "share": one.share,
                "verdict": one.verdict,
                "words": one.words,
            }
            for one in rows
        ],
    }
