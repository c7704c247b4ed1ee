"""What all runs of a site say together: the matrix of scenarios and methods, and the leaderboard."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from toygan.draw.exhibit_parts import counted
from toygan.game.constraints import CONSTRAINTS
from toygan.game.objectives import OBJECTIVES
from toygan.quantities.table import label_of, shown_in, written
from toygan.site.film import choice
from toygan.site.markup import data, table, tag, text
from toygan.site.page import values_in
from toygan.view.records import Record, groups
from toygan.view.statistics import median

NONE = "No run was trained for these pages."
NOTHING = tag("span", "–", class_="none")
SHADES = tag("span", ": the stronger the colour, the larger", class_="needs-js")
SHARED = 2  # methods that make a column of a scenario and its budget


class Cell(NamedTuple):
    """The records of one run, what is changed in its scenario, and the page where it is to be seen; `i` tells it apart."""

    i: int
    scenario: str
    method: str
    settings: str
    members: Sequence[Record]
    page: str


Column = tuple[str, str]  # scenario and budget


def cells_of(rows: Sequence[Record], places: Mapping[str, str]) -> list[Cell]:
    """Records gathered by run; a run that several exhibits share counts once. `places` has the page by folder."""
    once = {(row["folder"], row["seed"]): row for row in rows}.values()
    found = []
    for i, ((folder,), members) in enumerate(groups(list(once), ("folder",)).items()):
        first = members[0]
        # Without the tables that go without saying, with room to break lines.
        plain = re.sub(r"\b(training|method)\.", "", str(first.get("changes") or first.get("settings") or ""))
        changes = re.sub(r",(?=\S)", ", ", plain)
        found.append(Cell(i, str(first["scenario"]), str(first["method"]), changes, members, places.get(folder, "")))
    return found


def by_scenario(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Some cells by their scenarios, these in order of the alphabet."""
    return {
        name: [cell for cell in cells if cell.scenario == name] for name in sorted({cell.scenario for cell in cells})
    }


def matrix(cells: Sequence[Cell]) -> str:
    """Methods by scenarios at equal budgets, the runs with settings of their own, and objectives by constraints: medians
    of a measure over seeds; each number opens its run.
    """
    if not cells:
        return tag("p", NONE)
    paired = sorted((cell for cell in cells if is_pair(cell.method)), key=lambda cell: cell.method.split("+"))
    named = sorted((cell for cell in cells if not is_pair(cell.method)), key=lambda cell: (cell.method, cell.scenario))
    columns, pairs = at_equal_settings(named), by_scenario(paired)
    first = {key: {cell.method: cell for cell in reversed(some)} for key, some in columns.items()}
    own = [cell for cell in named if not any(cell is found.get(cell.method) for found in first.values())]
    shown = [cell for some in (*columns.values(), *pairs.values(), own) for cell in some]
    known = [name for name in shown_in("page") if any(values_in(cell.members, name) for cell in shown)]
    facts = {"cells": {str(cell.i): {name: told(cell, name) for name in known} for cell in shown}}
    measures = choice("Measure", "matrix-choice", [(name, text(label_of(name))) for name in known])
    filters = tag("div", measures, class_="filters needs-js", role="group", aria_label="What is shown")
    parts = [filters, data(facts, "matrix-facts"), by_method(first)]
    parts += [by_pair(scenario, some) for scenario, some in pairs.items()]
    return "".join([*parts, on_their_own(own)])


def is_pair(method: str) -> bool:
    """Whether a method's name is OBJECTIVE+CONSTRAINT; users' own names may hold a plus too."""
    objective, _, constraint = method.partition("+")
    return objective in OBJECTIVES and constraint in CONSTRAINTS


def at_equal_settings(cells: Sequence[Cell]) -> Mapping[Column, Sequence[Cell]]:
    """The runs by scenario and budget, where nothing but the budget is changed; all by their settings where none are so."""
    found: dict[Column, list[Cell]] = {}
    plain = [cell for cell in cells if cell.members[0].get("as_shipped")] or cells
    for cell in sorted(plain, key=lambda cell: cell.scenario):
        found.setdefault((cell.scenario, cell.settings), []).append(cell)
    shared = {key: some for key, some in found.items() if len({cell.method for cell in some}) >= SHARED}
    return shared or found


def by_method(columns: Mapping[Column, Mapping[str, Cell]]) -> str:
    """A row a method, a column a scenario with settings that are the same for all beneath it."""
    if not columns:
        return ""
    rows = [
        [text(method), *(value_of(some[method]) if method in some else NOTHING for some in columns.values())]
        for method in sorted({method for some in columns.values() for method in some})
    ]
    caption = (
        f"Median over seeds of {measure_name()}. Beneath one head all is the same but the method, so only numbers of "
        f"one column may be compared{SHADES}. A number opens its run; at the pointer: the range over seeds."
    )
    heads = ["Method", *(text(scenario) + tag("small", text(told or "as shipped")) for scenario, told in columns)]
    return table(heads, rows, caption, id="matrix", class_="numbers dense shaded")


def by_pair(scenario: str, cells: Sequence[Cell]) -> str:
    """A row an objective, a column a constraint: the pairs of one scenario."""
    halves = [cell.method.split("+") for cell in cells]
    objectives, constraints = (list(dict.fromkeys(half)) for half in zip(*halves, strict=True))
    found = {
        name: [value_of(cell) for cell in cells if cell.method == name] for name in {cell.method for cell in cells}
    }
    rows = [
        [text(left), *("".join(found.get(f"{left}+{right}", [NOTHING])) for right in sorted(constraints))]
        for left in objectives
    ]
    caption = f"Median over seeds of {measure_name()}{SHADES}. {settings_in_words(cells)}"
    heads = ["Objective", *map(text, sorted(constraints))]
    title = tag("h2", text(f"Every objective with every constraint on {scenario}"))
    return title + table(heads, rows, caption, class_="numbers dense pairs shaded")


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


def value_of(cell: Cell) -> str:
    """The median of the first measure, until another one is chosen; a link to the run."""
    number, span = told(cell, shown_in("page")[0])
    kind = "a" if cell.page else "span"
    return tag(kind, number, href=cell.page or None, class_="value", title=span, data_cell=str(cell.i))


def told(cell: Cell, measure: str) -> tuple[str, str]:
    """A measure's median as it is written, and of how many seeds it is with their range."""
    values, lost = values_in(cell.members, measure), sum(row["status"] == "diverged" for row in cell.members)
    words = counted(len(cell.members), "seed") + (f", {lost} diverged" if lost else "")
    if not values:
        return "–", words
    low, high = written(measure, min(values)), written(measure, max(values))
    return written(measure, median(values).value), words + (f", {low} to {high}" if low != high else "")


def on_their_own(cells: Sequence[Cell]) -> str:
    """The runs whose settings few others have, folded away: nothing stands beside them at equal cost."""
    if not cells:
        return ""
    rows = [
        [text(cell.method), text(cell.scenario), value_of(cell), text(cell.settings or "as shipped")] for cell in cells
    ]
    caption = f"Median over seeds of {measure_name()}. Not to be compared: settings differ from row to row."
    inner = table(["Method", "Scenario", "Value", "Settings"], rows, caption, 2, class_="numbers dense own")
    return tag("details", tag("summary", f"{counted(len(cells), 'run')} with settings of their own"), inner)


def leaderboard(cells: Sequence[Cell]) -> str:
    """A sortable table a scenario, side by side: a row a method and settings, the best W1 over its floor first."""
    first = shown_in("board")[0]
    known = [cell for cell in cells if values_in(cell.members, first)]
    ranked = sorted(known, key=lambda cell: median_over_floor(cell.members))
    if not ranked:
        return tag("p", NONE)
    finder = tag("label", "Find ", tag("input", type="search", id="find", autocomplete="off"), class_="choice needs-js")
    boards = [board(name, some, i) for i, (name, some) in enumerate(by_scenario(ranked).items())]
    lead = tag("p", "Medians over seeds, on fresh points at the end of training. W1 over its floor: 1 is what a perfect sampler "
               "reaches; spread: its range over seeds, and rows whose spreads overlap are not ordered. Core-seconds are those "
               "of one seed, drawing aside. A name opens its run.", class_="note")  # fmt: skip
    return lead + finder + tag("div", *boards, class_="boards")


def board(scenario: str, cells: Sequence[Cell], i: int) -> str:
    """The table of one scenario; what all of its rows share is said once, above it."""
    known = [name for name in shown_in("board") if any(values_in(cell.members, name) for cell in cells)]
    settings, seeds = {cell.settings for cell in cells}, {len(cell.members) for cell in cells}
    alike = len(settings) == 1
    said = [next(iter(settings)) or "as shipped"] if alike else ["settings differ and stand beneath the method"]
    said += [f"{counted(seeds.pop(), 'seed')} each"] if len(seeds) == 1 else []
    head = ["Method", label_of(known[0]), "Spread", *(label_of(name) for name in known[1:])]
    sortable = [tag("button", words, type="button", class_="sort") for words in head]
    rows = [line(cell, known, alike) for cell in cells]
    caption = tag("strong", text(scenario)) + f": {text('; '.join(said))}"
    return table(sortable, rows, caption, 1, id="leaderboard" if not i else None, class_="numbers sortable dense board")


def median_over_floor(members: Sequence[Record]) -> float:
    """The median of W1 over its floor; infinite where half of the seeds or more have none."""
    values = values_in(members, shown_in("board")[0])
    return median(values).value if 2 * len(values) > len(members) else math.inf


def line(cell: Cell, known: Sequence[str], alike: bool) -> list[str]:
    first, *others = (told(cell, name)[0] for name in known)
    values = values_in(cell.members, known[0])
    low, high = (written(known[0], end(values)) for end in (min, max))
    spread = f"{low} – {high}" if len(values) > 1 else "–"
    lost = sum(row["status"] == "diverged" for row in cell.members)
    name = tag("a", text(cell.method), href=cell.page) if cell.page else text(cell.method)
    notes = [*([] if alike else [cell.settings or "as shipped"]), *([f"{lost} diverged"] if lost else [])]
    aside = tag("small", text(", ".join(notes))) if notes else ""
    return [name + aside, first, spread, *others]
