"""Tables of many runs: rates and medians with intervals, and paired differences from one method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from toygan.files.mistakes import UserError, suggestion
from toygan.files.text import number
from toygan.many.results import columns_of
from toygan.quantities.table import QUANTITIES, better, shown_in
from toygan.view.records import FINISHED, FIRST, OF_A_RUN, Record, groups, in_order, known_values, legal_keys, rank
from toygan.view.statistics import FEWEST, Interval, median, share

NOT_MEASURES = {"seed", "diverged_at", "indistinguishable"}  # columns of records that a table does not average
DIRECTIONS = {"diverged": "lower", "all modes": "higher", "indistinguishable": "higher"}
BESIDE = {"slope_alignment_ceiling", "indistinguishable", "diverged_at"}  # of a run's end, and no measures of their own
INTERVALS = f" with 95 % intervals from order statistics (none below {FEWEST} values)"


class Table(NamedTuple):
    """Rows of cells; the columns `keys` say which runs a row is about, `best` are the marked cells, each a row and column."""

    keys: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    note: str
    best: frozenset[tuple[int, str]] = frozenset()


def chosen_keys(rows: Sequence[Record], by: Sequence[str]) -> list[str]:
    """The keys that rows are made by: those asked for, or scenario and method; and every setting in which runs of one
    scenario and method differ besides, so that no seed counts twice. UserError for an unknown one.
    """
    legal = legal_keys(rows)
    for key in by:
        if key not in legal:
            raise UserError(f"--by {key}: unknown; {suggestion(key, legal, 'keys')}")
    keys = list(by) or [*FIRST[:2]]
    together = groups(rows, [*FIRST[:2], *keys]).values()
    differing = {key for own in together for key in legal if len({row.get(key) for row in own}) > 1}
    return [*keys, *(key for key in legal if key not in (*FIRST, *keys) and key in differing)]


def apart_words(rows: Sequence[Record], by: Sequence[str]) -> str:
    extra = [key for key in chosen_keys(rows, by) if key not in (by or FIRST)]
    strays = {key for row in rows for key in str(row.get("split_by") or "").split(",") if key}
    grid, others = ([key for key in extra if (key in strays) is is_stray] for is_stray in (False, True))
    told = f"; kept apart by {', '.join(grid)}" if grid and by else ""
    return told + (f"; split by {', '.join(others)}: runs differ there outside a grid" if others else "")


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
    told = by_group(rows, keys, lambda own: cells_of_group(own, names))
    note = f"medians over seeds{INTERVALS}, rates with 95 % Wilson intervals (none of one seed)"
    if any("values" in row for row in told):
        note += "; values: seeds of all runs of a row, which are of several scenarios or methods"
    if any(lacks_seeds(name, row) for row in told for name in names):
        note += "; n: of so many seeds, the others have no finite value"
    if set(names) & OF_A_RUN:
        note += "; core_seconds: of a seed, one value a run, whose seeds share its time"
    if any("indistinguishable" in row for row in told):
        note += "; indistinguishable: share of seeds whose W1 lies below the upper end of a perfect sampler's 90 %"
    if estimates := [name for name in names if name in QUANTITIES and QUANTITIES[name].estimated]:
        note += f"; estimates: below 0 is the error of {' and '.join(estimates)}"
    return Table(keys, told, note + apart_words(rows, by))


def by_group(rows: Sequence[Record], keys: Sequence[str], cells: Callable[[list[Record]], Record]) -> list[Record]:
    """A row a group of records with the same keys: these, and cells made of its records."""
    found = sorted(groups(rows, keys).items(), key=lambda one: rank(one[0]))
    return [dict(zip(keys, group, strict=True)) | cells(members) for group, members in found]


def lacks_seeds(name: str, row: Mapping[str, Any]) -> bool:
    """Whether a number of a row is of fewer seeds than ended; what the seeds of a run share lacks none."""
    value = row[name]
    known = isinstance(value, Interval) and not math.isnan(value.value) and name not in OF_A_RUN
    return known and value.n < row.get("values", row.get("seeds", row.get("pairs", 0)))


def chosen_measures(rows: Sequence[Record], measures: Sequence[str]) -> list[str]:
    """The measures asked for, `all` of them, or a few that suit a page. UserError for an unknown one."""
    taken = {*legal_keys(rows), *NOT_MEASURES, "status", "modes_of", "message", "folder"}
    known = {name for row in rows for name, value in row.items() if isinstance(value, int | float)}
    legal = [name for name in columns_of(rows) if name in known and name not in taken]
    if list(measures) == ["all"]:
        return legal
    for name in measures:
        if name not in legal:
            raise UserError(f"--measure {name}: unknown; {suggestion(name, legal, 'measures')}")
    own = [name for name in legal if name not in QUANTITIES and name not in BESIDE]
    return list(measures) or [*(name for name in shown_in("table") if name in legal), *own]


def cells_of_group(members: Sequence[Record], names: Sequence[str]) -> dict[str, Any]:
    """How many seeds ended, and in how many runs together where a seed was in several; which share diverged and, where
    the target has modes, which share found them all, and which cannot be told from a perfect sampler by W1, where that is
    known; the median of each measure over the seeds that have it, or over runs where their seeds share it.
    """
    ended = [row for row in members if row["status"] in FINISHED]
    cells: dict[str, Any] = {"seeds": len({row["seed"] for row in ended})}
    if cells["seeds"] < len(ended):
        cells["values"] = len(ended)
    if len(ended) < len(members):
        cells["not ended"] = len(members) - len(ended)
    cells["diverged"] = share(sum(row["status"] == "diverged" for row in ended), len(ended))
    moded = [row for row in ended if row.get("modes_of")]
    if moded:
        cells["all modes"] = share(sum(row.get("modes") == row["modes_of"] for row in moded), len(moded))
    if any(row.get("indistinguishable") is not None for row in ended):
        # A diverged one can be told from a perfect sampler.
        known = [row for row in ended if row.get("indistinguishable") is not None or row["status"] == "diverged"]
        cells["indistinguishable"] = share(sum(bool(row.get("indistinguishable")) for row in known), len(known))
    return cells | {name: median(known_values(ended, name)) for name in names}


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
    pairs = [{**one, "against": other} for one, other in paired(rows, base)]
    told = by_group(pairs, keys, lambda own: {"pairs": len(own)} | {name: difference_of(own, name) for name in names})
    note = f"medians of the differences from {base}, paired by seed,{INTERVALS}"
    if any(lacks_seeds(name, row) for row in told for name in names):
        note += "; n: of so many pairs, the others lack a finite value"
    note += apart_words(rows, by)
    others = sum(row["method"] != base for row in rows)
    if lone := others - len(pairs):
        note += f"; {lone} of {others} seeds of other methods have no {base} with the same settings"
    return Table(keys, told, note)


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
    heads = {values: " / ".join(map(str, values)) for values in in_order(values_of(row, across) for row in table.rows)}
    told: dict[tuple[Any, ...], dict[str, Any]] = {}
    best = set[tuple[int, str]]()
    for i, row in enumerate(table.rows):
        line = told.setdefault(values_of(row, keys), {key: row[key] for key in keys} | dict.fromkeys(heads.values()))
        line[heads[values_of(row, across)]] = row.get(measure)
        if (i, measure) in table.best:
            best.add((list(told).index(values_of(row, keys)), heads[values_of(row, across)]))
    return Table(keys, list(told.values()), f"{measure}: {table.note}", frozenset(best))


def values_of(row: Mapping[str, Any], keys: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[key] for key in keys)


def marked(table: Table) -> Table:
    """A table with the best of every column marked in each scenario, and all whose interval overlaps, unless all do."""
    scenarios = groups([{"i": i, "scenario": row.get("scenario")} for i, row in enumerate(table.rows)], ["scenario"])
    names = dict.fromkeys(name for row in table.rows for name in row if name not in table.keys)
    best = {
        (i, name)
        for name in names
        for rows in scenarios.values()
        for i in best_of(table, name, [row["i"] for row in rows])
    }
    where = " in its scenario" if "scenario" in table.keys else ""
    told = f"; bold: the best of a column{where}, and all whose interval overlaps the best one's"
    if any(math.isnan(table.rows[i][name].low) for i, name in best):
        told += " (without an interval, all that is written alike)"
    return table._replace(best=frozenset(best), note=table.note + told * bool(best))


def best_of(table: Table, name: str, rows: Sequence[int]) -> list[int]:
    """Which of some rows are best in a column, ties with them; none where no way is better, or nothing is left behind."""
    way = DIRECTIONS.get(name) or better(name)
    cells = {i: table.rows[i].get(name) for i in rows}
    known = {i: one for i, one in cells.items() if isinstance(one, Interval) and not math.isnan(one.value)}
    if way == "neither" or not known:
        return []
    best = (min if way == "lower" else max)(known.values(), key=lambda value: value.value)
    overlap = {i for i, one in known.items() if one.ends[0] <= best.ends[1] and one.ends[1] >= best.ends[0]}
    ties = [i for i, one in known.items() if i in overlap or number(one.value) == number(best.value)]
    return ties if len(ties) < len(known) else []
