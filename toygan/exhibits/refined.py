"""What an exhibit says of critics used after training: a row a critic and a way, of every run that a piece is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from toygan.exhibits.claims import matching
from toygan.exhibits.files import Exhibit, Refining
from toygan.session.recording import load
from toygan.session.refined import Refined, RefinedCloud, refined
from toygan.view.records import FINISHED, Record, Row

AS_MADE = "as they are made"
CRITICS, WAYS = ("learned", "exact"), ("rejection", "Metropolis-Hastings", "Langevin")
NAMED = ("scenario", "method", "group")  # columns of a run that its rows here have too


def refined_columns(exhibit: Exhibit, runs: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """The columns by which these rows are chosen, before any number is known."""
    for piece in exhibit.refined:
        for run in folders(piece, runs).values():
            yield from (told(piece, run, critic, way) for critic, way in every())


def refined_rows(exhibit: Exhibit, runs: Sequence[Row]) -> list[Record]:
    """The rows of all pieces, of the runs that ended."""
    return [
        row
        for piece in exhibit.refined
        for folder, run in folders(piece, runs).items()
        if run.get("status") in FINISHED
        for row in of_run(piece, run, refined(load(Path(folder))))
    ]


def folders(piece: Refining, runs: Sequence[Row]) -> dict[str, Row]:
    """One row of each run that a piece is about, by its folder."""
    return {str(row["folder"]): row for row in reversed(matching(piece.of, [row for row in runs if "folder" in row]))}


def every() -> Iterator[tuple[str, str]]:
    """No critic, and each critic with each way."""
    yield "none", AS_MADE
    yield from product(CRITICS, WAYS)


def told(piece: Refining, run: Row, critic: str, way: str) -> dict[str, Any]:
    """The columns that name a row."""
    return {"refined": piece.name, "critic": critic, "way": way} | {key: run[key] for key in NAMED if key in run}


def of_run(piece: Refining, run: Row, found: Refined) -> Iterator[Record]:
    """The rows of one run: `w1` of each cloud, `w1_floor` of perfect samples in the mean, `perfect` the largest of them."""
    clouds: dict[tuple[str, str], RefinedCloud] = {("none", AS_MADE): found.before}
    clouds |= {(critic, way): one for critic, ways in found.after.items() for way, one in ways.items()}
    mean, most = found.floor
    for (critic, way), one in clouds.items():
        numbers: Mapping[str, Any] = {"w1": one.w1, "w1_floor": mean, "perfect": most, "w1_over_floor": one.w1 / mean}
        yield told(piece, run, critic, way) | {"words": one.words} | dict(numbers)
