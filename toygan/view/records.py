"""Records, one a run and seed, put together: by their keys, and what of a measure is known."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toygan.quantities.table import QUANTITIES
from toygan.session.facts import RECORDED

FINISHED = ("done", "diverged")
FIRST = ("scenario", "method", "settings")  # the columns that say which run it is, before the grid's own
OF_A_RUN = {name for name, row in QUANTITIES.items() if row.source == "cost"}  # its seeds share the number

Record = dict[str, Any]
Row = Mapping[str, Any]  # a record that is read: which run and seed, or which piece of theory, and its measures
NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)")


def legal_keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns that say which run a record is of: scenario, method, settings and the keys of the grid."""
    return list(dict.fromkeys(name for row in rows for name in itertools.takewhile("seed".__ne__, row)))


def groups(rows: Sequence[Row], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Any]]:
    """Records with the same values of the keys together, in order of first appearance."""
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(key) for key in keys)].append(row)
    return found


def in_order(values: Iterable[Any]) -> list[Any]:
    """Each value once: numbers by size, words by the alphabet but for numbers in them, what is not known last."""
    return sorted(dict.fromkeys(values), key=rank)


def rank(value: Any) -> tuple[Any, ...]:
    """Where a value stands among others; of several in a tuple the first that differ decide."""
    if isinstance(value, tuple):
        return tuple(map(rank, value))
    if isinstance(value, int | float):
        return 0, value
    if value is None:
        return (2,)
    return 1, [float(part) if i % 2 else part for i, part in enumerate(NUMBER.split(str(value)))]


def known_values(members: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """What is known of a measure, a value a seed; a value a run of what its seeds share."""
    known = [row for row in members if row.get(name) is not None]
    if name in OF_A_RUN:
        known = list({row.get("folder") or i: row for i, row in enumerate(known)}.values())
    return [row[name] for row in known]


def flattened(config: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """A config as dotted keys and values; lists as one value."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= flattened(value, f"{above}{key}.") if isinstance(value, Mapping) else {f"{above}{key}": value}
    return flat


def unlike(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys that not all flat configs have with the same value, in order of first appearance. What the config of a
    recorded loop does not say sets it apart from nothing.
    """

    def differs(key: str) -> bool:
        telling = [config for config in configs if key in config or config.get("kind") != RECORDED]
        return any(config.get(key) != telling[0].get(key) for config in telling)

    keys = dict.fromkeys(key for config in configs for key in config if key != "kind")
    return list(filter(differs, keys))
