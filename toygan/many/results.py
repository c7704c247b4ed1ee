"""From many run folders to records, one a run and seed, and to `results.csv`.

Only `run.json` of a folder is read, so that thousands of runs take seconds; nothing is rebuilt.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toygan.files.disk import write_aside
from toygan.files.mistakes import UserError
from toygan.files.text import tell
from toygan.quantities.table import derived
from toygan.session.facts import Facts, read_facts
from toygan.session.folder import in_full
from toygan.session.recording import like_perfect
from toygan.view.records import FINISHED, Record, flattened, legal_keys, unlike

LAST = ("core_seconds", "message", "split_by", "folder")
IDLE = {"about", "measures", "name", "reference", "title"}  # parts of a config that change no number
FORMULA = ("=", "@", "+", "-", "\t", "\r")  # how a cell begins that a spreadsheet takes for a formula

Tell = Callable[[str], None]
Flat = tuple[Facts, dict[str, Any]]  # a run, and its config as dotted keys and cells


def run_folders(place: Path) -> list[Path]:
    """Every folder with a `run.json` below a place, sorted; UserError where there is none."""
    found = folders_below(place)
    if not found:
        raise UserError(f"{place}: holds no run; toygan run and toygan sweep make some")
    return found


def folders_below(place: Path) -> list[Path]:
    """Every folder with a `run.json` below a place, sorted."""
    found = []
    for folder, inner, files in os.walk(place):
        inner[:] = [name for name in inner if not name.startswith(".")]
        if "run.json" in files:
            found.append(Path(folder))
    return sorted(found)


def to_stderr(message: str) -> None:
    """Say something on stderr, as the program."""
    tell(f"toygan: {message}")


def records(folders: Iterable[Path], tell: Tell = to_stderr) -> list[Record]:
    """One record a run and seed: which run, seed, status, every final measure and core-seconds.

    Where runs of one scenario and method differ in more than the grid they come from, the differing keys count as
    settings of theirs, and `split_by` names them: such runs are never pooled, nor held against each other.
    A `run.json` that is no record of a run is told and passed over. UserError where all are such.
    """
    runs, strangers = sorted_out(folders)
    if strangers and not runs:
        raise UserError(*strangers)
    for message in strangers:
        tell(f"{message}; passed over")
    return rows_of(runs)


def rows_of(runs: Sequence[tuple[Facts, Path]]) -> list[Record]:
    """The records of runs, each its facts and its folder, with the keys beside a grid in which they differ."""
    beside = differing_keys([facts for facts, _ in runs])
    return [row for (facts, folder), more in zip(runs, beside, strict=True) for row in records_of(facts, folder, more)]


def sorted_out(folders: Iterable[Path]) -> tuple[list[tuple[Facts, Path]], list[str]]:
    """The facts of run folders with the folders, and a message about each whose `run.json` is no record of a run."""
    runs, strangers = list[tuple[Facts, Path]](), list[str]()
    for folder in folders:
        try:
            runs.append((facts_of(folder), folder))
        except UserError as error:
            strangers.append(str(error))
    return runs, strangers


def differing_keys(runs: Sequence[Facts]) -> list[dict[str, Any]]:
    """What every run's config says of the keys in which runs of its scenario differ outside any grid, `seeds` aside.

    Keys of the method count where runs of one method differ in them: unlike methods are unlike in more than a name.
    """
    configs = [flattened({**in_full(dict(facts.config)), "inputs": facts.inputs}) for facts in runs]
    flat = [{key: scalar(value) for key, value in config.items()} for config in configs]
    told, keys = list(zip(runs, flat, strict=True)), dict[str, set[str]]()
    for scenario, members in gathered(told, lambda facts: facts.scenario).items():
        grid = {key for facts, _ in members for key in facts.settings}
        keys[scenario] = {key for key in differing(members) if not any(keys_overlap(key, own) for own in grid)}
        for alike in gathered(members, lambda facts: json.dumps(facts.settings, sort_keys=True)).values():
            keys[scenario] |= differing(alike)
    return [{key: own.get(key) for key in sorted(keys[run.scenario]) if key not in run.settings} for run, own in told]


def gathered(runs: Iterable[Flat], key: Callable[[Facts], Any]) -> dict[Any, list[Flat]]:
    found: dict[Any, list[Flat]] = defaultdict(list)
    for facts, config in runs:
        found[key(facts)].append((facts, config))
    return found


def differing(runs: Sequence[Flat]) -> set[str]:
    """The keys in which some runs' flat configs differ; those of the method only among runs of one method."""
    configs = [config for _, config in runs]
    found = {key for key in unlike(configs) if not key.startswith("method.")}
    for alike in gathered(runs, lambda facts: facts.method).values():
        found |= set(unlike([config for _, config in alike]))
    known = {key: {own[key] for own in configs if key in own} for key in found if key.startswith("inputs.")}
    beside = {key for key, digests in known.items() if len(digests) < 2}  # own code, that some runs do without
    beside |= {key for key in found if key.endswith(".path") and is_told_by_kind(key, configs)}
    return {key for key in found - beside if key != "training.seeds" and key.partition(".")[0] not in IDLE}


def is_told_by_kind(path: str, configs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the file of a part goes without saying: every kind of it is of one file."""
    pairs = {(config.get(f"{path.removesuffix('.path')}.kind"), config.get(path)) for config in configs}
    return len(pairs) == len({kind for kind, _ in pairs})


def keys_overlap(key: str, other: str) -> bool:
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def facts_of(folder: Path) -> Facts:
    """What `run.json` says; UserError where it is not the record of a run."""
    try:
        return read_facts(folder)
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{folder / 'run.json'}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise UserError(f"{folder / 'run.json'}: is not the record of a run") from None


def records_of(facts: Facts, folder: Path, beside: Mapping[str, Any] | None = None) -> Iterator[Record]:
    """The records of one run; a run that did not end has no measures. `beside` are settings that are not of its grid."""
    settings = {key: scalar(value) for key, value in facts.settings.items()} | dict(beside or {})
    which = {"scenario": facts.scenario, "method": facts.method, "settings": settings_text(settings)} | settings
    known = facts.rows if facts.status in FINISHED else {}
    summary, modes = facts.summary, None
    if known:
        modes = summary.modes_of if summary.tells_modes else recorded_modes(folder / "frames.npz")
    for seed in facts.seeds:
        row: Record = {name: value for name, value in known.get(seed, {}).items() if name != "seed"}
        if row.get("diverged_at") is not None:  # what a lost cloud scores is no result
            row = dict.fromkeys(row) | {"diverged_at": row["diverged_at"]}
        if modes and row:
            row["modes_of"] = modes
        row |= {name: value for name, value in derived(row).items() if math.isfinite(value)}
        if (like := like_perfect(facts, row.get("w1"))) is not None:
            row["indistinguishable"] = like
        yield (
            which
            | {"seed": seed, "status": facts.status_of(seed)}
            | row
            | {"core_seconds": round(facts.seed_seconds, 3), "message": facts.message, "folder": str(folder)}
            | ({"split_by": ",".join(beside)} if beside else {})
        )


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings on one line, without what a run does not have."""
    return ",".join(f"{key}={value}" for key, value in settings.items() if value is not None)


def scalar(value: Any) -> Any:
    """A setting as one cell: lists and tables as text."""
    return value if isinstance(value, str | int | float | None) else json.dumps(value)


def recorded_modes(path: Path) -> int | None:
    """How many modes the frames of a run name; older records do not say it. Only the head of one array is read."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("mode_centres.npy") as array:
            np.lib.format.read_magic(array)
            (count, *_), *_ = np.lib.format.read_array_header_1_0(array)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    return int(count)


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of records: which run, grid, seed and status, measures, the rest."""
    names = dict.fromkeys([*legal_keys(rows), *(name for row in rows for name in row)])
    return [*(name for name in names if name not in LAST), *(name for name in LAST if name in names)]


def write_results(place: Path, more: Sequence[Record] = (), tell: Tell = to_stderr) -> Path:
    """Write `results.csv`: a line a run and seed below a place, and these `more`; where it is. What is no run is told."""
    path = place / "results.csv"
    runs, strangers = sorted_out(folders_below(place))
    for message in strangers:
        tell(f"{message}; passed over")
    rows = [*rows_of(runs), *more]
    write_aside(path, as_csv(rows, columns_of(rows)).encode("utf-8", "backslashreplace"))
    return path


def as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Records as comma-separated values; what is not known is empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: csv_cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def csv_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: text that begins like one, a number aside, after an apostrophe."""
    if not isinstance(value, str) or not value.startswith(FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
