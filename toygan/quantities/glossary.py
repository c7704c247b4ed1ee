"""The words of toygan explained: every label of the diagnosis by its rule and thresholds, every quantity by its row."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from toygan.files.text import number
from toygan.quantities import diagnosis, evidence, rhythm
from toygan.quantities.diagnosis import RULES
from toygan.quantities.table import QUANTITIES
from toygan.quantities.thresholds import THRESHOLDS

UNITS = {"plane": "plane units", "score/plane": "score over plane units"}
RULE_BOOKS = (diagnosis, evidence, rhythm)  # where the rules and what they ask for stand


def labels() -> dict[str, str]:
    """Label -> what it says of a seed."""
    return {label: summary_of(rule) for label, _, rule, _ in RULES}


def summary_of(rule: Callable[..., Any]) -> str:
    return re.sub(r"\s+", " ", inspect.getdoc(rule) or "").strip()


def label_lines(label: str) -> dict[str, str]:
    """A label: what it says, how it is told of a run, what it gives way to, and every threshold of its rule with its reason."""
    _, predicate, rule, unless = next(row for row in RULES if row[0] == label)
    asked = {name: THRESHOLDS[name] for name in thresholds_of(label)}
    limits = {f"threshold {name} = {number(value)}": reason for name, (value, reason) in asked.items()}
    told = {"what": summary_of(rule), "told as": f"3 of 4 seeds {predicate} (the evidence), first at step 400."}
    aside = {"left out beside": ", ".join(name for name, *_ in RULES if name in unless)} if unless else {}
    return told | aside | limits


def thresholds_of(label: str) -> list[str]:
    """The thresholds that a label's rule asks for, itself or through what it calls, in the order of their table."""
    reached, waiting = set[str](), [rule.__name__ for name, _, rule, _ in RULES if name == label]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += uses().get(name, ())
    return [name for name in THRESHOLDS if f"LIMIT.{name}" in reached]


@cache
def uses() -> dict[str, list[str]]:
    """Every function, method and table of the rule books with the names in its text; a threshold is `LIMIT.name`."""
    said = [node for book in RULE_BOOKS for node in ast.parse(inspect.getsource(book)).body]
    said += [part for node in said if isinstance(node, ast.ClassDef) for part in node.body]
    return {name: list(words_in(node)) for node in said for name in names_given(node)}


def names_given(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    return [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]


def words_in(node: ast.AST) -> Iterator[str]:
    """The names in a piece of text that it has from elsewhere, and its thresholds."""
    own = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            is_limit = isinstance(part.value, ast.Name) and part.value.id == "LIMIT"
            yield f"LIMIT.{part.attr}" if is_limit else part.attr
        elif isinstance(part, ast.Name) and part.id not in own:
            yield part.id


def quantities() -> dict[str, str]:
    """Quantity -> what it is, with its unit."""
    units = {name: f" ({UNITS.get(row.unit, row.unit)})" if row.unit else "" for name, row in QUANTITIES.items()}
    return {name: row.about + units[name] for name, row in QUANTITIES.items()}


def quantity_lines(name: str) -> dict[str, str]:
    """A quantity: what it is, its unit, which way is better, where it comes from, when and where it is shown."""
    row = QUANTITIES[name]
    lines = {
        "what": row.about,
        "unit": UNITS.get(row.unit, row.unit) or "none",
        "better": row.better,
        "source": row.source,
        "when": "at the end, on fresh points" if row.when == "final" else "at every frame",
    }
    return lines | ({"shown": ", ".join(row.shown.split())} if row.shown else {})
