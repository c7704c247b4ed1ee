"""What an exhibit says of critics used after training: a row a critic and a way, of every run and seed that a piece is about."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from toygan.exhibits.claims import fits, matching
from toygan.exhibits.files import Exhibit, Filter, Refining
from toygan.files import cache
from toygan.session.facts import read_facts
from toygan.session.recording import load
from toygan.session.refined import Refined, RefinedCloud, refined
from toygan.view.records import FINISHED, Record, Row

AS_MADE = "as they are made"
CRITICS, WAYS = ("learned", "exact"), ("rejection", "Metropolis-Hastings", "Langevin")
EVERY_WAY = (("none", AS_MADE), *product(CRITICS, WAYS))  # no critic, and each critic with each way
OF_ROWS = ("refined", "critic", "way")  # columns that these rows have and runs have not
NAMED = ("scenario", "method", "group", "seed")  # columns of a run's seed that its rows here have too


def refined_columns(exhibit: Exhibit, runs: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """The columns by which these rows are chosen, before any number is known."""
    for piece in exhibit.refined:
        for run in seeds_chosen(piece, runs):
            yield from (row_named(piece, run, critic, way) for critic, way in EVERY_WAY)


def refined_rows(exhibit: Exhibit, runs: Sequence[Row]) -> list[Record]:
    """The rows of all pieces, of the seeds of runs that ended; those of a seed that diverged have no numbers."""
    rows = []
    for piece in exhibit.refined:
        ended = [run for run in seeds_chosen(piece, runs) if run.get("status") in FINISHED]
        for run, found in numbers_of_each(ended):
            rows += [row_named(piece, run, *named) | numbers for named, numbers in found.items()]
    return rows


def numbers_of_each(runs: Sequence[Row]) -> Iterator[tuple[Row, dict[tuple[str, str], Record]]]:
    """Every seed's numbers: of one that diverged by the ways that its run's other seeds have, or by all where none is left."""
    found = {i: numbers_of(run) for i, run in enumerate(runs) if run.get("status") != "diverged"}
    ways = {runs[i]["folder"]: list(numbers) for i, numbers in found.items()}
    for i, run in enumerate(runs):
        yield run, found.get(i) or {named: {"status": "diverged"} for named in ways.get(run["folder"], EVERY_WAY)}


def seeds_chosen(piece: Refining, runs: Sequence[Row]) -> list[Row]:
    """The rows of seeds that a piece is about, each once."""
    found = matching(piece.of, [row for row in runs if "folder" in row])
    return list({(str(row["folder"]), row.get("seed")): row for row in reversed(found)}.values())[::-1]


def filters_of_runs(exhibit: Exhibit, wanted: Filter) -> list[Filter]:
    """The filters of the runs behind some rows: of each piece that the rows are of, where they are of critics used after runs."""
    own = {key: value for key, value in wanted.items() if key not in OF_ROWS}
    if len(own) == len(wanted):
        return [wanted]
    return [{**piece.of, **own} for piece in exhibit.refined if fits(piece.name, wanted.get("refined", piece.name))]


def row_named(piece: Refining, run: Row, critic: str, way: str) -> dict[str, Any]:
    return {"refined": piece.name, "critic": critic, "way": way} | {key: run[key] for key in NAMED if key in run}


def numbers_of(run: Row) -> dict[tuple[str, str], Record]:
    """What became of one seed's points, by critic and way; kept, for it takes seconds and depends on the run's weights alone."""
    folder, seed = Path(str(run["folder"])), int(run["seed"])
    of = [hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest(), read_facts(folder).config, seed]

    def make() -> list[Any]:
        return [[*named, one] for named, one in of_seed(refined(load(folder), seed)).items()]

    return {(critic, way): numbers for critic, way, numbers in cache.kept("refined", of, make)}


def of_seed(found: Refined) -> dict[tuple[str, str], Record]:
    """The numbers of one seed: `w1` of each cloud, `w1_floor` of perfect samples in the mean, `perfect` the largest of them;
    without `w1` where points are too few.
    """
    clouds: dict[tuple[str, str], RefinedCloud] = {("none", AS_MADE): found.before}
    clouds |= {(critic, way): one for critic, ways in found.after.items() for way, one in ways.items()}
    mean, most = found.floor
    told: dict[tuple[str, str], Record] = {}
    for named, one in clouds.items():
        measured = {} if math.isnan(one.w1) else {"w1": one.w1, "w1_over_floor": one.w1 / mean}
        told[named] = {"words": one.words, "w1_floor": mean, "perfect": most, **measured}
    return told
