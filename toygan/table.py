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
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from toygan import terminal
from toygan.disk import read_json, write_aside
from toygan.recording import is_record, like_perfect
from toygan.strict import UserError, suggestion

SHARE = 0.95  # of every interval
FEWEST = 6  # values that an interval of a median needs: least to largest of five cover it in 93.75 %
NORMAL = 1.959963984540054  # the standard normal's quantile at (1 + SHARE) / 2
FINISHED = ("done", "diverged")
FIRST = ("scenario", "method", "settings")  # the columns that say which run it is, before the grid's own
LAST = ("core_seconds", "message", "split_by", "folder")
SHOWN = (
    "w1",
    "w1_over_floor",
    "modes",
    "high_quality",
    "on_skeleton",
    "core_seconds",
)  # measures of a table that asks for none
NOT_MEASURES = {"seed", "diverged_at", "indistinguishable"}  # columns of records that a table does not average
OF_A_RUN = {"core_seconds"}  # measured once a run: its seeds share the number
FORMULA = ("=", "@", "+", "-", "\t", "\r")  # how a cell begins that a spreadsheet takes for a formula

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


def to_stderr(message: str) -> None:
    """Say something on stderr, as the program."""
    terminal.tell(f"toygan: {message}")


def records(folders: Iterable[Path], tell: Tell = to_stderr) -> list[Record]:
    """One record a run and seed: which run, seed, status, every final measure and core-seconds.

    Where runs of one scenario and method differ in more than the grid they come from, the differing keys count as
    settings of theirs, and `split_by` names them: such runs are never pooled, nor held against each other.
    A `run.json` that is no record of a run is told and passed over. UserError where all are such.
    """
    runs, strangers = sorted_out(folders)
    if strangers and not runs:
        raise UserError("\n".join(strangers))
    for message in strangers:
        tell(f"{message}; passed over")
    return rows_of(runs)


def rows_of(runs: Sequence[tuple[Mapping[str, Any], Path]]) -> list[Record]:
    """The records of runs, each its facts and its folder, with the keys beside a grid in which they differ."""
    beside = differing_keys([facts for facts, _ in runs])
    return [row for (facts, folder), more in zip(runs, beside, strict=True) for row in records_of(facts, folder, more)]


def sorted_out(folders: Iterable[Path]) -> tuple[list[tuple[dict[str, Any], Path]], list[str]]:
    """The facts of run folders with the folders, and a message about each whose `run.json` is no record of a run."""
    runs, strangers = list[tuple[dict[str, Any], Path]](), list[str]()
    for folder in folders:
        try:
            runs.append((facts_of(folder), folder))
        except UserError as error:
            strangers.append(str(error))
    return runs, strangers


def differing_keys(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What every run's config says of the keys in which runs of its scenario differ outside any grid, `seeds` aside.

    Keys of the method count where runs of one method differ in them: unlike methods are unlike in more than a name.
    """
    flat = [flattened({**facts["config"], "inputs": facts.get("inputs") or {}}) for facts in runs]
    found: list[dict[str, Any]] = [{} for _ in runs]
    for members in together(range(len(runs)), lambda i: runs[i]["scenario"]):
        grid = {key for i in members for key in runs[i].get("settings", {})}
        keys = {key for key in differing(members, runs, flat) if not any(overlap(key, own) for own in grid)}
        for alike in together(members, lambda i: json.dumps(runs[i].get("settings", {}), sort_keys=True)):
            keys |= set(differing(alike, runs, flat))
        for i in members:
            own = runs[i].get("settings", {})
            found[i] = {key: flat[i].get(key) for key in sorted(keys) if key not in own}
    return found


def together(which: Iterable[int], key: Callable[[int], Any]) -> list[list[int]]:
    """The numbers of runs with the same key together."""
    found: dict[Any, list[int]] = defaultdict(list)
    for i in which:
        found[key(i)].append(i)
    return list(found.values())


def differing(members: Sequence[int], runs: Sequence[Mapping[str, Any]], flat: Sequence[Mapping[str, Any]]) -> set[str]:
    """The keys in which some runs' flat configs differ; those of the method only among runs of one method."""
    found = {key for key in unlike([flat[i] for i in members]) if not key.startswith("method.")}
    for alike in together(members, lambda i: runs[i]["method"]):
        found |= unlike([flat[i] for i in alike])
    return {key for key in found if key != "training.seeds" and key.partition(".")[0] not in IDLE}


IDLE = {"about", "name", "reference", "title"}  # parts of a config that change no number


def unlike(configs: Sequence[Mapping[str, Any]]) -> set[str]:
    """The keys that not all flat configs have with the same value."""
    first = configs[0]
    keys = dict.fromkeys(key for config in configs for key in config)
    return {key for key in keys if any(config.get(key) != first.get(key) for config in configs)}


def overlap(key: str, other: str) -> bool:
    """Whether one dotted key is the other one or lies in its table."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def flattened(config: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """A config as dotted keys and values; lists as one value."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= flattened(value, f"{above}{key}.") if isinstance(value, Mapping) else {f"{above}{key}": scalar(value)}
    return flat


def facts_of(folder: Path) -> dict[str, Any]:
    """What `run.json` says; UserError where it is not the record of a run."""
    path = folder / "run.json"
    try:
        facts = read_json(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        facts = {}
    if not is_record(facts):
        raise UserError(f"{path}: is not the record of a run")
    return facts


def records_of(facts: Mapping[str, Any], folder: Path, beside: Mapping[str, Any] | None = None) -> Iterator[Record]:
    """The records of one run; a run that did not end has no measures. `beside` are settings that are not of its grid."""
    settings = {key: scalar(value) for key, value in facts.get("settings", {}).items()} | dict(beside or {})
    which = {"scenario": facts["scenario"], "method": facts["method"], "settings": settings_text(settings)} | settings
    known = {row["seed"]: row for row in facts["summary"].get("seeds", [])} if facts["status"] in FINISHED else {}
    modes = number_of_modes(facts, folder) if known else None
    work = sum(spent for kind, spent in facts["seconds"].items() if kind not in SHARED)
    seconds = work / len(facts["seeds"])  # the seeds of a run share its time
    for seed in facts["seeds"]:
        row = {name: value for name, value in known.get(seed, {}).items() if name != "seed"}
        if row.get("diverged_at") is not None:  # what a lost cloud scores is no result
            row = dict.fromkeys(row) | {"diverged_at": row["diverged_at"]}
        if modes and row:
            row["modes_of"] = modes
        if row.get("w1") is not None and row.get("w1_floor"):
            row["w1_over_floor"] = row["w1"] / row["w1_floor"]
        if (like := like_perfect(facts, row.get("w1"))) is not None:
            row["indistinguishable"] = like
        yield (
            which
            | {"seed": seed, "status": seed_status(facts, row)}
            | row
            | {
                "core_seconds": round(seconds, 3),
                "message": facts.get("message", ""),
                "folder": str(folder),
            }
            | ({"split_by": ",".join(beside)} if beside else {})
        )


SHARED = {"draw", "floors"}  # work that not every run does: drawing, and floors, which the first on a target finds


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


def write_results(place: Path, more: Sequence[Record] = (), tell: Tell = to_stderr) -> Path:
    """Write `results.csv`, a line a run and seed of all runs below a place and these `more`; where it is.

    A `run.json` that is no record of a run is told and passed over.
    """
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


# --- intervals -------------------------------------------------------------------------------------------------------


class Interval(NamedTuple):
    """A number with the ends of its 95 % interval, NaN where it has none, and of how many values it is."""

    value: float
    low: float
    high: float
    n: int

    @property
    def ends(self) -> tuple[float, float]:
        """Where a bar of the interval begins and ends: at the number itself where there is no interval."""
        return (self.value, self.value) if math.isnan(self.low) else (self.low, self.high)


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
    """A median with its interval from order statistics, without one for fewer than 6 values; NaN for no values.

    From the k-th least to the k-th largest of n values covers the law's median with 1 - 2 P(Binomial(n, 1/2) < k),
    whatever the law; between the two k on either side of 95 % the ends are interpolated (Hettmansperger and Sheather,
    1986, doi:10.1016/0167-7152(86)90021-0). Bootstrap intervals of 7 or 8 values cover 88 and 93 %.
    """
    if not len(values):
        return Interval(math.nan, math.nan, math.nan, 0)
    ordered, n = np.sort(np.asarray(values, float)), len(values)
    middle = float(np.median(ordered))
    if n < FEWEST:
        return Interval(middle, math.nan, math.nan, n)
    k, part = order_ranks(n)
    low, high = (float((1 - part) * side[k - 1] + part * side[k]) for side in (ordered, ordered[::-1]))
    return Interval(middle, low, high, n)


@lru_cache(maxsize=1024)
def order_ranks(n: int) -> tuple[int, float]:
    """The rank k, from 1, and the part of the way to the next one at which an interval of n values ends."""
    covered = [1 - 2 * sum(math.comb(n, i) for i in range(k)) / 2**n for k in range(n // 2 + 1)]
    k = max(k for k in range(1, n // 2 + 1) if covered[k] >= SHARE)
    inner = covered[k + 1] if k < n // 2 else 0.0
    way = (covered[k] - SHARE) / (covered[k] - inner)
    return k, (n - k) * way / (k + (n - 2 * k) * way)


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
    return [*by, *(key for key in split_keys(rows) if key not in by)] if by else ["scenario", "method", *grid]


def split_keys(rows: Sequence[Record]) -> list[str]:
    """The keys outside any grid in which runs differ."""
    return sorted({key for row in rows for key in str(row.get("split_by") or "").split(",") if key})


def split_words(rows: Sequence[Record]) -> str:
    """What is said of runs that were not pooled."""
    keys = split_keys(rows)
    return f"; split by {', '.join(keys)}: runs differ there outside a grid" if keys else ""


def groups(rows: Sequence[Record], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Record]]:
    """Records with the same values of the keys together, in order of first appearance."""
    found: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(key) for key in keys)].append(row)
    return found


def once(rows: Sequence[Record]) -> list[Record]:
    """The records without those of a run and seed that are there already: a copied folder is no further seed."""
    found: dict[tuple[Any, ...], Record] = {}
    for row in rows:
        key = tuple(row.get(name) for name in (*FIRST, "seed"))
        if key not in found or (found[key]["status"] not in FINISHED and row["status"] in FINISHED):
            found[key] = row
    return list(found.values())


def medians(rows: Sequence[Record], by: Sequence[str] = (), measures: Sequence[str] = ()) -> Table:
    """A row a group of runs: seeds, rates with Wilson intervals, the median of every measure with its interval."""
    rows = once(rows)
    keys = chosen_keys(rows, by)
    names = chosen_measures(rows, measures)
    told = [
        dict(zip(keys, group, strict=True)) | counts_of(members) | {name: median_of(members, name) for name in names}
        for group, members in groups(rows, keys).items()
    ]
    note = f"medians over seeds{INTERVALS}, rates with 95 % Wilson intervals"
    if any("(n = " in cell(value, row["seeds"]) for row in told for name, value in row.items() if name not in OF_A_RUN):
        note += "; n: of so many seeds, the others have no finite value"
    if set(names) & OF_A_RUN:
        note += "; core_seconds: of a seed, one value a run, whose seeds share its time"
    if any("indistinguishable" in row for row in told):
        note += "; indistinguishable: share of seeds whose W1 lies below the upper end of a perfect sampler's 90 %"
    if {"kl", "reverse_kl"} & set(names):
        note += "; kl and reverse_kl are estimates: below 0 is their error"
    return Table(keys, told, note + split_words(rows))


INTERVALS = f" with 95 % intervals from order statistics (none below {FEWEST} values)"


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
    return cells | like_perfect_of(ended)


def like_perfect_of(ended: Sequence[Record]) -> dict[str, Interval]:
    """Which share of the seeds cannot be told from a perfect sampler by W1, where that is known; diverged ones can be."""
    known = [row for row in ended if row.get("indistinguishable") is not None or row["status"] == "diverged"]
    if not any(row.get("indistinguishable") is not None for row in known):
        return {}
    return {"indistinguishable": rate(sum(bool(row.get("indistinguishable")) for row in known), len(known))}


def median_of(members: Sequence[Record], name: str) -> Interval:
    """The median of a measure over the seeds that have it, or over runs where their seeds share it."""
    return median(known_values([row for row in members if row["status"] in FINISHED], name))


def known_values(members: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """What is known of a measure, a value a seed; a value a run of what its seeds share."""
    known = [row for row in members if row.get(name) is not None]
    if name in OF_A_RUN:
        known = list({row.get("folder") or i: row for i, row in enumerate(known)}.values())
    return [row[name] for row in known]


def differences(
    rows: Sequence[Record], by: Sequence[str] = (), measures: Sequence[str] = (), against: str | None = None
) -> Table | None:
    """How far each method is from the method `against`, seed by seed: medians of the paired differences.

    A pair is one scenario, settings and seed, which share their random numbers. None where there is but one method;
    UserError for a method that is not there.
    """
    rows = once(rows)
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
    note = f"medians of the differences from {base}, paired by seed,{INTERVALS}"
    return Table(keys, told, note + split_words(rows) + lone_words(rows, base))


def lone_words(rows: Sequence[Record], base: str) -> str:
    """What is said of runs of other methods that have no pair."""
    others = [row for row in rows if row["method"] != base]
    lone = len(others) - sum(1 for _ in paired(rows, base))
    return f"; {lone} of {len(others)} seeds of other methods have no {base} with the same settings" if lone else ""


def paired(rows: Sequence[Record], base: str) -> Iterator[tuple[Record, Record]]:
    """Every record of another method with the base method's on the same scenario, settings and seed."""
    place: Callable[[Record], tuple[Any, ...]] = lambda row: (row["scenario"], row["settings"], row["seed"])  # noqa: E731
    of_base = {place(row): row for row in rows if row["method"] == base}
    return ((row, of_base[place(row)]) for row in rows if row["method"] != base and place(row) in of_base)


def difference_of(members: Sequence[Record], name: str) -> Interval:
    """The median of a measure's differences over the pairs in which both have it."""
    known = [row for row in members if row.get(name) is not None and row["against"].get(name) is not None]
    if name in OF_A_RUN:
        known = list({(row.get("folder"), row["against"].get("folder")): row for row in known}.values())
    return median([row[name] - row["against"][name] for row in known])


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
        ends = "" if math.isnan(value.low) else f" [{short(value.low)}, {short(value.high)}]"
        return f"{short(value.value)}{ends}{some}"
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
    lines = [latex_row(line) for line in [names, *body]]
    begin, end = rf"\begin{{tabular}}{{{layout}}}", r"\end{tabular}"
    return "\n".join([f"% {table.note}", begin, r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", end, ""])


def latex_row(line: Sequence[str]) -> str:
    """One row; a bracket or star at its beginning would be taken for an option of the line break before it."""
    text = " & ".join(map(latex_text, line)) + r" \\"
    return "{}" + text if text.startswith(("[", "*")) else text


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
            parts = zip(("", "_low", "_high"), value[:3], strict=True)
            flat |= {plain + end: None if math.isnan(number) else number for end, number in parts}
            flat[f"{plain}_n"] = value.n
        else:
            flat[plain] = value
    return flat


FORMS: dict[str, Callable[[Sequence[Table]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "csv": csv_of,
    "latex": as_latex,
}
