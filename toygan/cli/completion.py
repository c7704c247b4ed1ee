"""What the Tab key offers. Names are read from the program's text, so that nothing heavy is imported for it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from toygan.files.shipped import PACKAGE, shipped, shipped_exhibits, shipped_protocols

Completer = Callable[[str], list[str]]

METHODS = (("game.methods", "METHODS"), ("game.zoo", "ROWS"))
# What `show` explains besides scenarios, methods and exhibits: list -> module and table with a row for each.
TABLES = {
    "objectives": ("game.objectives", "OBJECTIVES"),
    "constraints": ("game.constraints", "CONSTRAINTS"),
    "rules": ("game.rules", "RULES"),
    "targets": ("targets.table", "TARGETS"),
    "generators": ("game.players", "GENERATORS"),
    "critics": ("game.players", "CRITICS"),
    "casts": ("game.casts", "CASTS"),
    "optimisers": ("game.optimisers", "OPTIMISERS"),
    "schedules": ("game.optimisers", "SCHEDULES"),
    "activations": ("game.networks", "ACTIVATIONS"),
    "normalisations": ("files.catalogue", "NORMALISATIONS_IN_WORDS"),
    "initialisations": ("game.networks", "INITIALISATIONS"),
    "latents": ("game.players", "LATENTS"),
    "quantities": ("quantities.table", "QUANTITIES"),
    "labels": ("quantities.diagnosis", "RULES"),
}
# A scenario's tables with fixed keys, and those with a kind: their class, or the list of their kinds.
FIELDS = {"": "Config", "view.": "View", "training.": "Training", "method.": "Method"}
KINDS = {
    "target.": "targets",
    "source.": "targets",
    "generator.": "generators",
    "critic.": "critics",
    "method.objective.": "objectives",
    "method.constraint.": "constraints",
    "method.also.": "constraints",
    "method.update.": "rules",
    "method.cast.": "casts",
}


def starting(names: Callable[[], Iterable[str]]) -> Completer:
    """A completer that offers those of the names that begin like the word."""
    return lambda incomplete: [name for name in names() if name.startswith(incomplete)]


def shown_names() -> list[str]:
    """Every name that `show` explains."""
    rows = [name for module, table in TABLES.values() for name in rows_of(module, table)]
    return list(dict.fromkeys([*shipped(), *methods(), *shipped_exhibits(), *shipped_protocols(), *rows]))


def methods() -> list[str]:
    return [name for table in METHODS for name in rows_of(*table)]


def lists() -> list[str]:
    return ["all", "scenarios", "methods", *TABLES, "exhibits", "protocols"]


def settings() -> list[str]:
    """Every key of a scenario, as `--set` and `--grid` take it, with its equals sign."""
    tables = {"", "target", "source", "view", "generator", "critic", "training", "method", "methods", "name"}
    keys = [table + name for table, model in FIELDS.items() for name in fields_of("files.config", model)]
    for table, kinds in KINDS.items():
        module, rows = TABLES[kinds]
        more = ["moved"] if kinds == "targets" else []
        keys += [table + name for name in ("kind", *options_of(module, rows, *more))]
    return [f"{key}=" for key in keys if key not in tables]


# --- from the program's text to names ----------------------------------------------------------------------------------


@cache
def named_at_top(module: str) -> dict[str, Any]:
    """What a module below `toygan`, such as `game.rules`, defines: its classes, functions and tables by name."""
    nodes = ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")).body
    tables = [
        (node.targets if isinstance(node, ast.Assign) else [node.target], node.value)
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign)
    ]
    named = {target.id: value for targets, value in tables for target in targets if isinstance(target, ast.Name)}
    return named | {node.name: node for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef)}


def joined(node: ast.AST) -> list[ast.AST]:
    """What a table is made of: one expression, or a | b as a and b."""
    return [*joined(node.left), *joined(node.right)] if isinstance(node, ast.BinOp) else [node]


def rows_of(module: str, table: str) -> list[str]:
    """The names of a table's rows, as far as they are written out: keys of dictionaries, first words of tuples."""
    heads = list[ast.expr | None]()
    for part in joined(named_at_top(module)[table]):
        heads += part.keys if isinstance(part, ast.Dict) else []
        heads += [one.elts[0] for one in getattr(part, "elts", []) if isinstance(one, ast.Tuple)]
    return [head.value for head in heads if isinstance(head, ast.Constant) and isinstance(head.value, str)]


def fields_of(module: str, model: str) -> list[str]:
    """The fields that a class declares."""
    declared = [part.target for part in named_at_top(module)[model].body if isinstance(part, ast.AnnAssign)]
    return [part.id for part in declared if isinstance(part, ast.Name)]


def options_of(module: str, table: str, *more: str) -> list[str]:
    """The keyword arguments of the functions, in any module of its room, that a table and `more` name."""
    called = {node.id for node in ast.walk(named_at_top(module)[table]) if isinstance(node, ast.Name)} | set(more)
    room = module.split(".")[0]
    files = sorted((PACKAGE / room).glob("*.py"))
    found = [node for file in files for name, node in named_at_top(f"{room}.{file.stem}").items() if name in called]
    functions = [node for node in found if isinstance(node, ast.FunctionDef)]
    return list(dict.fromkeys(argument.arg for function in functions for argument in function.args.kwonlyargs))


complete_scenario = starting(shipped)
complete_method = starting(methods)
complete_exhibit = starting(shipped_exhibits)
complete_protocol = starting(shipped_protocols)
complete_name = starting(shown_names)
complete_list = starting(lists)
complete_setting = starting(settings)
complete_quantity = starting(lambda: rows_of(*TABLES["quantities"]))
