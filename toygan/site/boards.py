"""What all runs of a site say together: the matrix of scenarios and methods, and the leaderboard."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from toygan.draw.exhibit_parts import counted
from toygan.game.constraints import CONSTRAINTS
from toygan.game.objectives import OBJECTIVES
from toygan.quantities.table import label_of, shown_in, written
from toygan.site.markup import data, table, tag, text
from toygan.site.page import ended_words, median_cell, values_in
from toygan.view.records import Record, groups
from toygan.view.statistics import median

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
        changes = in_short(str(first.get("changes") or first.get("settings") or ""))
        found.append(Cell(str(first["scenario"]), str(first["method"]), changes, members, thumbnail, page))
    return found


def in_short(changes: str) -> str:
    """Settings without the tables that go without saying, with room to break lines."""
    return re.sub(r",(?=\S)", ", ", re.sub(r"\b(training|method)\.", "", changes))


def names(cells: Sequence[Cell], key: str) -> list[str]:
    """The scenarios or methods of some cells, in order of the alphabet."""
    return sorted({getattr(cell, key) for cell in cells})


# --- the matrix ------------------------------------------------------------------------------------------------------


def matrix(cells: Sequence[Cell]) -> str:
    """Methods by scenarios, then objectives by constraints: medians of a measure over seeds, and the last frames."""
    if not cells:
        return tag("p", NONE)
    parts = [matrix_filters(cells), data(matrix_facts(cells), "matrix-facts"), by_method(named(cells))]
    scenarios = names(paired(cells), "scenario")
    parts += [
        by_pair(scenario, [cell for cell in paired(cells) if cell.scenario == scenario]) for scenario in scenarios
    ]
    return "".join(parts)


def named(cells: Sequence[Cell]) -> list[Cell]:
    """The runs of methods that have a name, as their table has them: in a place the filmed and the plainest first."""
    found = (cell for cell in cells if not is_pair(cell.method))
    return sorted(found, key=lambda cell: (cell.method, cell.scenario, not cell.thumbnail, len(cell.settings)))


def paired(cells: Sequence[Cell]) -> list[Cell]:
    """The runs of OBJECTIVE+CONSTRAINT, as their tables have them."""
    found = (cell for cell in cells if is_pair(cell.method))
    return sorted(found, key=lambda cell: (cell.scenario, cell.method.split("+")))


def is_pair(method: str) -> bool:
    """Whether a method's name is OBJECTIVE+CONSTRAINT; users' own names may hold a plus too."""
    objective, _, constraint = method.partition("+")
    return objective in OBJECTIVES and constraint in CONSTRAINTS


def by_method(cells: Sequence[Cell]) -> str:
    """A row a method, a column a scenario."""
    scenarios = names(cells, "scenario")
    rows = [
        [
            text(method),
            *(place([c for c in cells if (c.method, c.scenario) == (method, scenario)]) for scenario in scenarios),
        ]
        for method in names(cells, "method")
    ]
    caption = f"Median over seeds of {measure_name()}, with the last frame of the first seed where it was filmed"
    head = ["Method", *(tag("span", text(scenario)) for scenario in scenarios)]
    return table(head, rows, caption, id="matrix", class_="numbers") if cells else ""


def by_pair(scenario: str, cells: Sequence[Cell]) -> str:
    """A row an objective, a column a constraint: the pairs of one scenario."""
    halves = [cell.method.split("+") for cell in cells]
    objectives, constraints = (list(dict.fromkeys(half)) for half in zip(*halves, strict=True))
    rows = [
        [text(left), *(values_at([c for c in cells if c.method == f"{left}+{right}"]) for right in sorted(constraints))]
        for left in objectives
    ]
    caption = (
        f"Every objective with every constraint on {text(scenario)}: median over seeds of {measure_name()}; "
        f"{tag('span', 'the stronger the colour, the larger. ', class_='needs-js')}{settings_in_words(cells)}"
    )
    heads = ["Objective", *map(text, sorted(constraints))]
    return tag("h2", text(f"Pairs on {scenario}")) + table(heads, rows, caption, class_="numbers pairs")


def measure_name() -> str:
    """The measure that is shown, which another choice replaces."""
    return tag("span", text(label_of(shown_in("page")[0])), class_="measure-name")


def settings_in_words(cells: Sequence[Cell]) -> str:
    """What is changed in the scenario, and for which objectives where that differs."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        found.setdefault(cell.settings, {})[cell.method.split("+")[0]] = None
    if len(found) == 1:
        return text(", ".join(found))
    most = max(found, key=lambda settings: len(found[settings]))
    others = [f"{', '.join(who)}: {settings}" for settings, who in found.items() if settings != most]
    return text("; ".join([most or "as shipped", *others]))


def values_at(cells: Sequence[Cell]) -> str:
    """The numbers of a pair."""
    return "".join(map(value_of, cells)) or tag("span", "–", class_="none")


def value_of(cell: Cell) -> str:
    """The median of the first measure, until another one is chosen."""
    return tag("div", median_cell(cell.members, shown_in("page")[0]), class_="value")


def matrix_filters(cells: Sequence[Cell]) -> str:
    """Which scenarios, methods and measure to show."""
    measures = [tag("option", text(label_of(name)), value=name) for name in known_measures(cells)]
    every = tag("option", "all", value="")
    lists = [
        ("Method", "matrix-method", [every, *map(option, names(named(cells), "method"))]),
        ("Scenario", "matrix-scenario", [every, *map(option, names(named(cells), "scenario"))]),
        ("Measure", "matrix-choice", measures),
    ]
    choices = [
        tag("label", f"{words} ", tag("select", *options, id=name), class_="choice") for words, name, options in lists
    ]
    return tag("div", *choices, class_="filters needs-js", role="group", aria_label="Filters")


def option(name: str) -> str:
    """One choice in a list."""
    return tag("option", text(name), value=name)


def known_measures(cells: Sequence[Cell]) -> list[str]:
    """The measures of which any run has a value."""
    return [name for name in shown_in("page") if any(values_in(cell.members, name) for cell in cells)]


def matrix_facts(cells: Sequence[Cell]) -> dict[str, Any]:
    """Every number that the tables can show, as it is written, run by run as they come on the page."""
    return {"cells": [{name: median_cell(cell.members, name) for name in known_measures(cells)}
                      for cell in [*named(cells), *paired(cells)]]}  # fmt: skip


def place(cells: Sequence[Cell]) -> str:
    """All runs of one scenario and method, all but the first folded away; settings are said where they differ from the
    defaults.
    """
    if not cells:
        return tag("span", "–", class_="none")
    more = tag("details", tag("summary", f"{len(cells) - 1} more"), *map(entry, cells[1:])) if cells[1:] else ""
    return entry(cells[0]) + more


def entry(cell: Cell) -> str:
    """One run."""
    about = f"{cell.scenario}, {cell.method}: the last frame"
    image = tag("img", src=cell.thumbnail, alt=about, width=96, height=96, loading="lazy") if cell.thumbnail else ""
    picture = tag("a", image, href=cell.page) if image else ""
    count, lost = len(cell.members), sum(row["status"] == "diverged" for row in cell.members)
    words = counted(count, "seed") + (f", {lost} diverged" if lost else "")
    words += f", {cell.settings}" if cell.settings else ""
    return tag("div", picture, value_of(cell), tag("small", text(words)), class_="entry")


# --- the leaderboard -------------------------------------------------------------------------------------------------


def leaderboard(cells: Sequence[Cell]) -> str:
    """A sortable table, a row a scenario, method and settings, the best W1 over its floor first."""
    first, *others = shown_in("board")
    ranked = sorted((cell for cell in cells if values_in(cell.members, first)), key=median_over_floor)
    if not ranked:
        return tag("p", NONE)
    head = [
        "Method",
        "Scenario",
        label_of(first),
        "Spread",
        "Seeds",
        *(label_of(name) for name in others),
        "Settings",  # last: on a phone the numbers come first
    ]
    caption = (
        "Medians over seeds on fresh points at the end of training. W1 over its floor: 1 is what a perfect sampler reaches; "
        "spread: its range over seeds. Core-seconds are those of one seed, drawing aside."
    )
    finder = tag("label", "Find ", tag("input", type="search", id="find", autocomplete="off"), class_="choice needs-js")
    sortable = [tag("button", words, type="button", class_="sort") for words in head]
    return finder + table(
        sortable, [line(cell) for cell in ranked], caption, 2, id="leaderboard", class_="numbers sortable"
    )


def median_over_floor(cell: Cell) -> float:
    """The median of W1 over its floor; infinite where half of the seeds or more have none."""
    values = values_in(cell.members, shown_in("board")[0])
    return median(values).value if 2 * len(values) > len(cell.members) else math.inf


def line(cell: Cell) -> list[str]:
    """One row of the leaderboard."""
    known = {name: values_in(cell.members, name) for name in shown_in("board")}
    medians = {name: written(name, median(values).value) if values else "–" for name, values in known.items()}
    first, *others = known
    low, high = (written(first, end(known[first])) for end in (min, max))
    spread = f"{low} – {high}" if len(known[first]) > 1 else "–"
    seeds = ended_words(cell.members)
    return [text(cell.method), text(cell.scenario), medians[first], spread, seeds,
            *(medians[name] for name in others), text(cell.settings or "–")]  # fmt: skip
