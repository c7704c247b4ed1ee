"""What the Tab key offers. Names are read from the program's text, so that nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toygan.files.shipped import shipped, shipped_exhibits, shipped_protocols
from toygan.files.source import fields_of, options_of, rows_of

Completer = Callable[[str], list[str]]

METHODS = (("game.methods", "METHODS"), ("game.zoo", "ZOO"))
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
        keys += [table + name for name in ("kind", *options_of(module.split(".")[0], module, rows, *more))]
    return [f"{key}=" for key in keys if key not in tables]


complete_scenario = starting(shipped)
complete_method = starting(methods)
complete_exhibit = starting(shipped_exhibits)
complete_protocol = starting(shipped_protocols)
complete_name = starting(shown_names)
complete_list = starting(lists)
complete_setting = starting(settings)
complete_quantity = starting(lambda: rows_of(*TABLES["quantities"]))
