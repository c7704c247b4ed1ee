"""What all runs of a site say together: the matrix of scenarios and methods, and the leaderboard."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from toygan.gallery.markup import data, table, tag, text
from toygan.gallery.page import FORMS, MEASURES, ended_words, median_cell, values_in
from toygan.table import Record, groups, median

COLUMNS = ("w1_over_floor", "modes", "high_quality", "core_seconds")  # of the leaderboard


NONE = "No run was trained for these pages."


class Cell(NamedTuple):
    """The records of one run, what is changed in its scenario, its film, and the page where it plays."""

    scenario: str
    method: str
    settings: str
    members: Sequence[Record]
    thumbnail: str
    page: str


def cells_of(rows: Sequence[Record], stills: Mapping[str, tuple[str, str]]) -> list[Cell]:
    """Records gathered by run; a run that several exhibits share counts once. `stills` has thumbnail and page by folder."""
    once = {(row["folder"], row["seed"]): row for row in rows}.values()
    found = []
    for (folder,), members in groups(list(once), ("folder",)).items():
        first, (thumbnail, page) = members[0], stills.get(folder, ("", ""))
        changes = str(first.get("changes") or first.get("settings") or "")
        found.append(Cell(str(first["scenario"]), str(first["method"]), changes, members, thumbnail, page))
    return found


def names(cells: Sequence[Cell], key: str) -> list[str]:
    """The scenarios or methods of some cells, in order of the alphabet."""
    return sorted({getattr(cell, key) for cell in cells})


# --- the matrix ------------------------------------------------------------------------------------------------------


def matrix(cells: Sequence[Cell]) -> str:
    """A table of scenarios by methods: in each place the median of a measure over seeds, and the last frame."""
    if not cells:
        return tag("p", NONE)
    scenarios, methods = names(cells, "scenario"), names(cells, "method")
    head = ["Scenario", *(tag("span", text(method)) for method in methods)]
    rows = [
        [
            text(scenario),
            *(place([c for c in cells if (c.scenario, c.method) == (scenario, method)]) for method in methods),
        ]
        for scenario in scenarios
    ]
    caption = (
        f"Median over seeds of {tag('span', 'W1 / floor', id='matrix-measure')}, with the last frame of the first seed"
    )
    return matrix_filters(cells) + data(matrix_facts(cells), "matrix-facts") + table(
        head, rows, caption, id="matrix", class_="numbers")  # fmt: skip


def matrix_filters(cells: Sequence[Cell]) -> str:
    """Which scenarios, methods and measure to show."""
    measures = [tag("option", text(words), value=measure) for measure, words, _ in known_measures(cells)]
    every = tag("option", "all", value="")
    lists = [
        ("Scenario", "matrix-scenario", [every, *map(option, names(cells, "scenario"))]),
        ("Method", "matrix-method", [every, *map(option, names(cells, "method"))]),
        ("Measure", "matrix-choice", measures),
    ]
    choices = [
        tag("label", f"{words} ", tag("select", *options, id=name), class_="choice") for words, name, options in lists
    ]
    return tag("div", *choices, class_="filters needs-js", role="group", aria_label="Filters")


def option(name: str) -> str:
    """One choice in a list."""
    return tag("option", text(name), value=name)


def known_measures(cells: Sequence[Cell]) -> list[tuple[str, str, Any]]:
    """The measures of which any run has a value."""
    return [row for row in MEASURES if any(values_in(cell.members, row[0]) for cell in cells)]


def matrix_facts(cells: Sequence[Cell]) -> dict[str, Any]:
    """Every number that a place of the matrix can show, as it is written: by place and measure."""
    return {"cells": [{measure: median_cell(cell.members, measure) for measure, *_ in known_measures(cells)}
                      for cell in ordered(cells)]}  # fmt: skip


def ordered(cells: Sequence[Cell]) -> list[Cell]:
    """Cells as they come in the table, row by row."""
    return sorted(cells, key=lambda cell: (cell.scenario, cell.method))


def place(cells: Sequence[Cell]) -> str:
    """All runs of one scenario and method, one below the other; settings are said where they differ from the defaults."""
    return "".join(map(entry, cells)) or tag("span", "–", class_="none")


def entry(cell: Cell) -> str:
    """One group of runs."""
    number = tag("span", median_cell(cell.members, MEASURES[0][0]), class_="value")
    about = f"{cell.scenario}, {cell.method}: the last frame"
    image = tag("img", src=cell.thumbnail, alt=about, width=96, height=96, loading="lazy") if cell.thumbnail else ""
    picture = tag("a", image, href=cell.page) if image else ""
    count, lost = len(cell.members), sum(row["status"] == "diverged" for row in cell.members)
    words = f"{count} seed{'' if count == 1 else 's'}" + (f", {lost} diverged" if lost else "")
    words += f", {cell.settings}" if cell.settings else ""
    return tag("div", picture, number, tag("small", text(words)), class_="entry")


# --- the leaderboard -------------------------------------------------------------------------------------------------


def leaderboard(cells: Sequence[Cell]) -> str:
    """A sortable table, a row a scenario, method and settings, the best W1 over its floor first."""
    ranked = sorted((cell for cell in cells if values_in(cell.members, COLUMNS[0])), key=median_over_floor)
    if not ranked:
        return tag("p", NONE)
    heads = {measure: words for measure, words, _ in MEASURES}
    head = [
        "Method",
        "Scenario",
        "Settings",
        "Seeds",
        heads[COLUMNS[0]],
        "Spread",
        *(heads[name] for name in COLUMNS[1:]),
    ]
    caption = (
        "Medians over seeds on fresh points at the end of training. W1 / floor: 1 is what a perfect sampler reaches; spread: "
        "its range over seeds. Core-seconds are those of one seed, drawing aside."
    )
    finder = tag("label", "Find ", tag("input", type="search", id="find", autocomplete="off"), class_="choice needs-js")
    sortable = [tag("button", words, type="button", class_="sort") for words in head]
    return finder + table(
        sortable, [line(cell) for cell in ranked], caption, 3, id="leaderboard", class_="numbers sortable"
    )


def median_over_floor(cell: Cell) -> float:
    """The median of W1 over its floor; infinite where half of the seeds or more have none."""
    values = values_in(cell.members, COLUMNS[0])
    return median(values).value if 2 * len(values) > len(cell.members) else math.inf


def line(cell: Cell) -> list[str]:
    """One row of the leaderboard."""
    known = {name: values_in(cell.members, name) for name in COLUMNS}
    medians = {name: FORMS[name](median(values).value) if values else "–" for name, values in known.items()}
    low, high = min(known[COLUMNS[0]]), max(known[COLUMNS[0]])
    form = FORMS[COLUMNS[0]]
    spread = f"{form(low)} – {form(high)}" if len(known[COLUMNS[0]]) > 1 else "–"
    seeds = ended_words(cell.members)
    return [text(cell.method), text(cell.scenario), text(cell.settings or "–"), seeds, medians[COLUMNS[0]], spread,
            *(medians[name] for name in COLUMNS[1:])]  # fmt: skip
