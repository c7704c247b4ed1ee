"""From many run folders to one table: a record a run and seed, rates and medians with intervals, paired differences.

Only `run.json` of a folder is read, so that thousands of runs take seconds. Nothing here knows torch or draws.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import os
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from toygan.recording import is_record, read_json, write_aside
from toygan.strict import UserError, suggestion

BOOTSTRAP_SEED, RESAMPLES = 20_000, 20_000
SHARE = 0.95  # of every interval
NORMAL = 1.959963984540054  # the standard normal's quantile at (1 + SHARE) / 2
FINISHED = ("done", "diverged")
FIRST = ("scenario", "method", "settings")  # the columns that say which run it is, before the grid's own
LAST = ("core_seconds", "message", "folder")
SHOWN = (
    "w1",
    "w1_over_floor",
    "modes",
    "high_quality",
    "on_skeleton",
    "core_seconds",
)  # measures of a table that asks for none
NOT_MEASURES = {"seed", "diverged_at"}  # columns of a summary that a table does not average

Record = dict[str, Any]
Tell = Callable[[str], None]


# --- records ---------------------------------------------------------------------------------------------------------


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


def told(message: str) -> None:
    """Say something on stderr."""
    print(f"toygan: {message}", file=sys.stderr)


def records(folders: Iterable[Path], tell: Tell = told) -> list[Record]:
    """One record a run and seed: which run, seed, status, every final measure and core-seconds.

    A `run.json` that is no record of a run is told and passed over. UserError where all are such.
    """
    rows, strangers = sorted_out(folders)
    if strangers and not rows:
        raise UserError("\n".join(strangers))
    for message in strangers:
        tell(f"{message}; passed over")
    return rows


def sorted_out(folders: Iterable[Path]) -> tuple[list[Record], list[str]]:
    """The records of run folders, and a message about each whose `run.json` is no record of a run."""
    rows, strangers = list[Record](), list[str]()
    for folder in folders:
        try:
            rows += records_of(facts_of(folder), folder)
        except UserError as error:
            strangers.append(str(error))
    return rows, strangers


def facts_of(folder: Path) -> dict[str, Any]:
    """What `run.json` says; UserError where it is not the record of a run."""
    path = folder / "run.json"
    try:
        facts = read_json(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        facts = {}
    if not is_record(facts):
        raise UserError(f"{path}: is not the record of a run")
    return facts


def records_of(facts: Mapping[str, Any], folder: Path) -> Iterator[Record]:
    """The records of one run; a run that did not end has no measures."""
    settings = {key: scalar(value) for key, value in facts.get("settings", {}).items()}
    which = {"scenario": facts["scenario"], "method": facts["method"], "settings": settings_text(settings)} | settings
    known = {row["seed"]: row for row in facts["summary"].get("seeds", [])} if facts["status"] in FINISHED else {}
    modes = number_of_modes(facts, folder) if known else None
    work = sum(spent for kind, spent in facts["seconds"].items() if kind != "draw")  # not every run is drawn
    seconds = work / len(facts["seeds"])  # the seeds of a run share its time
    for seed in facts["seeds"]:
        row = {name: value for name, value in known.get(seed, {}).items() if name != "seed"}
        if row.get("diverged_at") is not None:  # what a lost cloud scores is no result
            row = dict.fromkeys(row) | {"diverged_at": row["diverged_at"]}
        if modes and row:
            row["modes_of"] = modes
        if row.get("w1") is not None and row.get("w1_floor"):
            row["w1_over_floor"] = row["w1"] / row["w1_floor"]
        yield (
            which
            | {"seed": seed, "status": seed_status(facts, row)}
            | row
            | {
                "core_seconds": round(seconds, 3),
                "message": facts.get("message", ""),
                "folder": str(folder),
            }
        )


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings on one line."""
    return ",".join(f"{key}={value}" for key, value in settings.items())


def scalar(value: Any) -> Any:
    """A setting as one cell: lists and tables as text."""
    return value if isinstance(value, str | int | float | None) else json.dumps(value)


def seed_status(facts: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """The status of one seed: a run in which another seed diverged is done for this one."""
    if facts["status"] == "diverged" and row.get("diverged_at") is None and row:
        return "done"
    return str(facts["status"])


def number_of_modes(facts: Mapping[str, Any], folder: Path) -> int | None:
    """How many modes a run's target has, as its recording says; None where it has none."""
    summary = facts["summary"]
    return summary["modes_of"] if "modes_of" in summary else recorded_modes(folder / "frames.npz")


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


def legal_keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns that say which run a record is of: scenario, method, settings and the keys of the grid."""
    return list(dict.fromkeys(name for row in rows for name in itertools.takewhile("seed".__ne__, row)))


def write_results(place: Path, more: Sequence[Record] = (), tell: Tell = told) -> Path:
    """Write `results.csv`, a line a run and seed of all runs below a place and these `more`; where it is.

    A `run.json` that is no record of a run is told and passed over.
    """
    path = place / "results.csv"
    rows, strangers = sorted_out(folders_below(place))
    for message in strangers:
        tell(f"{message}; passed over")
    rows += more
    write_aside(path, as_csv(rows, columns_of(rows)).encode("utf-8", "backslashreplace"))
    return path


def as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Records as comma-separated values; what is not known is empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


# --- intervals -------------------------------------------------------------------------------------------------------


class Interval(NamedTuple):
    """A number with the ends of its 95 % interval, and of how many seeds it is."""

    value: float
    low: float
    high: float
    n: int


def rate(happened: int, n: int) -> Interval:
    """A share with its Wilson interval (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n); NaN for n = 0.

    Wilson, 1927, doi:10.1080/01621459.1927.10502953.
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    p, z = happened / n, NORMAL
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At no or all successes the ends are 0 and 1 exactly; rounding must not say otherwise.
    return Interval(p, 0.0 if happened == 0 else middle - half, 1.0 if happened == n else middle + half, n)


def median(values: Sequence[float]) -> Interval:
    """A median with its percentile bootstrap interval; NaN for no values. Efron, 1979, doi:10.1214/aos/1176344552."""
    if not len(values):
        return Interval(math.nan, math.nan, math.nan, 0)
    ordered = np.sort(np.asarray(values, float))
    low_rank, high_rank, shares = resampled_ranks(len(ordered))
    medians = (ordered[low_rank] + ordered[high_rank]) / 2
    order = np.argsort(medians)
    behind = np.cumsum(shares[order])
    ends = np.searchsorted(behind, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    low, high = medians[order[np.minimum(ends, len(order) - 1)]]
    return Interval(float(np.median(ordered)), float(low), float(high), len(ordered))


@lru_cache(maxsize=1024)
def resampled_ranks(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ranks, from 0, of the two middle values of resamples of n values, and the share of each pair of ranks.

    The k-th smallest of n uniform numbers is Beta(k, n + 1 - k), and the next one lies Beta(1, n - k) of the rest
    further: so a resample of any size costs two numbers. A rank is the whole part of n times such a number.
    """
    rng = np.random.default_rng([BOOTSTRAP_SEED, n])
    k = (n + 1) // 2
    below = rng.beta(k, n + 1 - k, RESAMPLES)
    above = below if n % 2 else below + (1 - below) * rng.beta(1, n - k, RESAMPLES)
    ranks = np.minimum((n * np.stack((below, above), axis=1)).astype(int), n - 1)
    pairs, counts = np.unique(ranks, axis=0, return_counts=True)
    return pairs[:, 0], pairs[:, 1], counts / RESAMPLES


# --- tables ----------------------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """Rows of cells by column; the columns `keys` say which runs a row is about. `note` says what the numbers are."""

    keys: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    note: str


def measures_of(rows: Sequence[Record]) -> list[str]:
    """The measures of which the records have a number."""
    taken = {*legal_keys(rows), *NOT_MEASURES, "status", "modes_of", "message", "folder"}
    known = {name for row in rows for name, value in row.items() if isinstance(value, int | float)}
    return [name for name in columns_of(rows) if name in known and name not in taken]


def chosen_keys(rows: Sequence[Record], by: Sequence[str]) -> list[str]:
    """The keys that rows are made by: those asked for, or everything that differs. UserError for an unknown one."""
    legal = legal_keys(rows)
    for key in by:
        if key not in legal:
            raise UserError(f"--by {key}: unknown; {suggestion(key, legal, 'keys')}")
    grid = [key for key in legal if key not in FIRST]
    return list(by) or ["scenario", "method", *grid]


def groups(rows: Sequence[Record], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Record]]:
    """Records with the same values of the keys together, in order of first appearance."""
    found: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(key) for key in keys)].append(row)
    return found


def medians(rows: Sequence[Record], by: Sequence[str] = (), measures: Sequence[str] = ()) -> Table:
    """A row a group of runs: seeds, rates with Wilson intervals, the median of every measure with its interval."""
    keys = chosen_keys(rows, by)
    names = chosen_measures(rows, measures)
    told = [
        dict(zip(keys, group, strict=True)) | counts_of(members) | {name: median_of(members, name) for name in names}
        for group, members in groups(rows, keys).items()
    ]
    note = "medians over seeds with 95 % bootstrap intervals, rates with 95 % Wilson intervals"
    if any("(n = " in cell(value, row["seeds"]) for row in told for value in row.values()):
        note += "; n: of so many seeds, the others have no finite value"
    return Table(keys, told, note)


def chosen_measures(rows: Sequence[Record], measures: Sequence[str]) -> list[str]:
    """The measures asked for, `all` of them, or a few that suit a page. UserError for an unknown one."""
    legal = measures_of(rows)
    if list(measures) == ["all"]:
        return legal
    for name in measures:
        if name not in legal:
            raise UserError(f"--measure {name}: unknown; {suggestion(name, legal, 'measures')}")
    return list(measures) or [name for name in SHOWN if name in legal]


def counts_of(members: Sequence[Record]) -> dict[str, Any]:
    """How many seeds ended; which share diverged and, where the target has modes, which share found them all."""
    ended = [row for row in members if row["status"] in FINISHED]
    cells: dict[str, Any] = {"seeds": len(ended)}
    if len(ended) < len(members):
        cells["not ended"] = len(members) - len(ended)
    cells["diverged"] = rate(sum(row["status"] == "diverged" for row in ended), len(ended))
    moded = [row for row in ended if row.get("modes_of")]
    if moded:
        cells["all modes"] = rate(sum(row.get("modes") == row["modes_of"] for row in moded), len(moded))
    return cells


def median_of(members: Sequence[Record], name: str) -> Interval:
    """The median of a measure over the seeds that have it."""
    return median([row[name] for row in members if row["status"] in FINISHED and row.get(name) is not None])


def differences(
    rows: Sequence[Record], by: Sequence[str] = (), measures: Sequence[str] = (), against: str | None = None
) -> Table | None:
    """How far each method is from the method `against`, seed by seed: medians of the paired differences.

    A pair is one scenario, settings and seed, which share their random numbers. None where there is but one method;
    UserError for a method that is not there.
    """
    methods = sorted({row["method"] for row in rows})
    base = against or methods[0]
    if base not in methods:
        raise UserError(f"--against {base}: no run has this method; {suggestion(base, methods, 'methods')}")
    if len(methods) < 2:
        return None
    keys = chosen_keys(rows, by)
    keys = keys if "method" in keys else [*keys, "method"]
    names = chosen_measures(rows, measures)
    pairs = list(paired(rows, base))
    told = [
        dict(zip(keys, group, strict=True)) | {name: difference_of(members, name) for name in names}
        for group, members in groups([{**one, "against": other} for one, other in pairs], keys).items()
    ]
    return Table(keys, told, f"medians of the differences from {base}, paired by seed, with 95 % bootstrap intervals")


def paired(rows: Sequence[Record], base: str) -> Iterator[tuple[Record, Record]]:
    """Every record of another method with the base method's on the same scenario, settings and seed."""
    place: Callable[[Record], tuple[Any, ...]] = lambda row: (row["scenario"], row["settings"], row["seed"])  # noqa: E731
    of_base = {place(row): row for row in rows if row["method"] == base}
    return ((row, of_base[place(row)]) for row in rows if row["method"] != base and place(row) in of_base)


def difference_of(members: Sequence[Record], name: str) -> Interval:
    """The median of a measure's differences over the pairs in which both have it."""
    both = [(row.get(name), row["against"].get(name)) for row in members]
    return median([one - other for one, other in both if one is not None and other is not None])


def crossed(table: Table, across: Sequence[str], measure: str) -> Table:
    """One measure of a table with the keys `across` as columns."""
    keys = [key for key in table.keys if key not in across]
    told: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in table.rows:
        line = told.setdefault(tuple(row[key] for key in keys), {key: row[key] for key in keys})
        line[" / ".join(str(row[key]) for key in across)] = row.get(measure)
    return Table(keys, list(told.values()), f"{measure}: {table.note}")


# --- how a table is written ------------------------------------------------------------------------------------------


def written(tables: Sequence[Table], form: str) -> str:
    """Tables as text, markdown, csv or latex; UserError for another form."""
    if form not in FORMS:
        raise UserError(f"--format {form}: unknown; {suggestion(form, list(FORMS), 'formats')}")
    return FORMS[form](tables)


def cells_of(table: Table) -> tuple[list[str], list[list[str]]]:
    """Header and cells as text."""
    names = list(dict.fromkeys(name for row in table.rows for name in row))
    return names, [[cell(row.get(name), row.get("seeds")) for name in names] for row in table.rows]


def cell(value: Any, seeds: int | None = None) -> str:
    """A cell in words: a number with its interval, and of how many seeds where others have no value; a dash for what is
    not known.
    """
    if isinstance(value, Interval):
        if math.isnan(value.value):
            return "-"
        some = f" (n = {value.n})" if seeds is not None and value.n < seeds else ""
        return f"{short(value.value)} [{short(value.low)}, {short(value.high)}]{some}"
    return "-" if value is None else str(value)


def short(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}"


def as_text(tables: Sequence[Table]) -> str:
    """Aligned columns; text to the left, numbers to the right."""
    return "\n".join(text_of(table) for table in tables)


def text_of(table: Table) -> str:
    """One table, aligned, with its note."""
    names, body = cells_of(table)
    widths = [max(len(line[i]) for line in [names, *body]) for i in range(len(names))]
    lines = ["  ".join(aligned(line, widths, len(table.keys))).rstrip() for line in [names, *body]]
    return "\n".join([*lines, f"({table.note})", ""])


def aligned(line: Sequence[str], widths: Sequence[int], left: int) -> list[str]:
    """The cells of a line, each as wide as its column; the first ones flush left."""
    sized = enumerate(zip(line, widths, strict=True))
    return [text.ljust(width) if i < left else text.rjust(width) for i, (text, width) in sized]


def as_markdown(tables: Sequence[Table]) -> str:
    """Pipe tables."""
    return "\n".join(markdown_of(table) for table in tables)


def markdown_of(table: Table) -> str:
    """One pipe table with its note."""
    names, body = cells_of(table)
    rule = ["---" if i < len(table.keys) else "---:" for i in range(len(names))]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in [names, rule, *body]]
    return "\n".join([*lines, "", f"*{table.note}*", ""])


def as_latex(tables: Sequence[Table]) -> str:
    """Tabulars that need no package."""
    return "\n".join(latex_of(table) for table in tables)


def latex_of(table: Table) -> str:
    """One tabular with its note as a comment."""
    names, body = cells_of(table)
    layout = "l" * len(table.keys) + "r" * (len(names) - len(table.keys))
    lines = [" & ".join(map(latex_text, line)) + r" \\" for line in [names, *body]]
    begin, end = rf"\begin{{tabular}}{{{layout}}}", r"\end{tabular}"
    return "\n".join([f"% {table.note}", begin, r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", end, ""])


def latex_text(text: str) -> str:
    """Text in which nothing is a command."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {sign: f"\\{sign}" for sign in "_%&#${}"}
    return "".join(special.get(sign, sign) for sign in text)


def csv_of(tables: Sequence[Table]) -> str:
    """One table for programs: an interval is three columns; differences stand beside the medians they belong to."""
    lines = [spread(row) for row in tables[0].rows]
    for table in tables[1:]:
        extra = {tuple(row[key] for key in table.keys): row for row in table.rows}
        for line in lines:
            row = extra.get(tuple(line.get(key) for key in table.keys), {})
            line.update(spread({f"{name} difference": value for name, value in row.items() if name not in table.keys}))
    return as_csv(lines, list(dict.fromkeys(name for line in lines for name in line)))


def spread(row: Mapping[str, Any]) -> Record:
    """A row with every interval as value, low, high and the number of seeds behind it."""
    flat: Record = {}
    for name, value in row.items():
        plain = name.replace(" ", "_")
        if isinstance(value, Interval):
            known = not math.isnan(value.value)
            parts = zip(("", "_low", "_high"), value[:3], strict=True)
            flat |= {plain + end: number if known else None for end, number in parts} | {f"{plain}_n": value.n}
        else:
            flat[plain] = value
    return flat


FORMS: dict[str, Callable[[Sequence[Table]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "csv": csv_of,
    "latex": as_latex,
}
