"""What there is, in words: every scenario, method, objective, constraint and target with its formula and settings."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from toygan.constraints import CONSTRAINTS
from toygan.methods import METHODS
from toygan.objectives import OBJECTIVES
from toygan.scenario import as_data, find, read, toml_lines, toml_value
from toygan.shipped import shipped, shipped_folder
from toygan.strict import UserError, suggestion
from toygan.targets import TARGETS


class Page(NamedTuple):
    """One thing explained: what it is, lines of "name: text", and its settings as TOML."""

    title: str
    lines: Mapping[str, str]
    settings: str


def scenarios() -> dict[str, str]:
    """Scenario -> what to look at."""
    files = {name: tomllib.loads((shipped_folder() / f"{name}.toml").read_text(encoding="utf-8")) for name in shipped()}
    return {name: data.get("about", data["title"]) for name, data in files.items()}


def methods() -> dict[str, str]:
    """Method -> formula."""
    return {name: method["formula"] for name, method in METHODS.items()}


def sentences(table: Mapping[str, Callable[..., Any]]) -> dict[str, str]:
    """Row -> first paragraph of its function's docstring."""
    return {name: summary_of(function) for name, function in table.items()}


def summary_of(function: Callable[..., Any]) -> str:
    """The whole docstring on one line."""
    return re.sub(r"\s+", " ", inspect.getdoc(function) or "").strip()


LISTS: dict[str, Callable[[], dict[str, str]]] = {
    "scenarios": scenarios,
    "methods": methods,
    "objectives": lambda: sentences(OBJECTIVES),
    "constraints": lambda: sentences(CONSTRAINTS),
    "targets": lambda: sentences(TARGETS),
}


def pages(name: str) -> list[Page]:
    """Everything of that name, or the file at that path; UserError where there is nothing."""
    makers = {
        "scenario": (shipped(), scenario_page),
        "method": (METHODS, method_page),
        "objective": (OBJECTIVES, lambda row: function_page("objective", row, OBJECTIVES[row])),
        "constraint": (CONSTRAINTS, lambda row: function_page("constraint", row, CONSTRAINTS[row])),
        "target": (TARGETS, lambda row: function_page("target", row, TARGETS[row])),
    }
    found = [make(name) for names, make in makers.values() if name in names]
    if not found and name.endswith(".toml"):
        return [scenario_page(name)]
    if not found and "+" in name:
        return [method_page(name)]
    if not found:
        every = list(dict.fromkeys(row for names, _ in makers.values() for row in names))
        raise UserError(f"show {name!r}: unknown; {suggestion(name, every, 'names')}")
    return found


def scenario_page(name: str) -> Page:
    """A scenario: what to look at, where it is from, and the file itself."""
    config = read(name)
    return Page(f"scenario {name}: {config.title}", words(as_data(config)), find(name).read_text(encoding="utf-8"))


def method_page(name: str) -> Page:
    """A method: formula, source, what to look for, settings."""
    data = as_data(read("swiss-roll", name))["method"]
    settings = {key: value for key, value in data.items() if key not in (*WORDS_SHOWN, "name")}
    return Page(f"method {name}", words(data), toml_lines(settings))


WORDS_SHOWN = {"formula": "formula", "about": "look at", "look_for": "look for", "reference": "reference"}


def words(data: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a table that describe it."""
    return {label: data[key] for key, label in WORDS_SHOWN.items() if data.get(key)}


def function_page(what: str, name: str, function: Callable[..., Any]) -> Page:
    """A row of a table: its docstring and its options with their defaults."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    lines = [setting(p) for p in parameters]
    return Page(f"{what} {name}", {"what": summary_of(function)}, "\n".join([f'kind = "{name}"', *lines]) + "\n")


def setting(parameter: inspect.Parameter) -> str:
    """An option with its default and its type, as a line of TOML; a comment where there is no default."""
    if parameter.default is parameter.empty:
        return f"# {parameter.name} must be given: {parameter.annotation}"
    if parameter.default is None:
        return f"# {parameter.name} may be given: {parameter.annotation}"
    return f"{parameter.name} = {toml_value(parameter.default)}  # {parameter.annotation}"
