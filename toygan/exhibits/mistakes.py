"""Where in an exhibit's file something was said: what is read for its runs complains of options that nobody typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from toygan.exhibits.files import Exhibit
from toygan.files.scenario import typed
from toygan.files.strict import Key, UserError, dotted, key_lines, locate, split_key


class Said(NamedTuple):
    """A place in an exhibit's file, and whether a message goes on from there with the rest of a key."""

    key: Key
    goes_on: bool = False


def retold(exhibit: Exhibit, error: UserError, said: Mapping[str, Said], otherwise: Key) -> list[str]:
    """The mistakes of a message, each with its place in the exhibit's file: `said` has the places of how mistakes begin,
    `otherwise` is that of all others.
    """
    return [one_retold(exhibit, text, said, otherwise) for text in error.mistakes]


def one_retold(exhibit: Exhibit, text: str, said: Mapping[str, Said], otherwise: Key) -> str:
    """One mistake with its place."""
    begins = max((begin for begin in said if text.startswith(begin)), key=len, default="")
    place, rest = said.get(begins, Said(otherwise)), text.removeprefix(begins)
    head, *hints = rest.split("\n")
    more = split_key(found[0]) if place.goes_on and (found := re.match(r"[\w.-]+", head)) else ()
    source = exhibit.origin.source
    where, shown = locate((*place.key, *more), source, key_lines(source.text))
    joined = f"{dotted(place.key)}{'.' if place.goes_on else ': '}{head}"
    theirs = ", line " in head  # a scenario's file shows a line of its own
    return "\n".join([f"{where}: {joined}", *([f"    {shown}"] if shown and not theirs else []), *hints])


def options(key: Key, values: Mapping[str, object]) -> dict[str, Said]:
    """How mistakes about these settings begin, which stand in the table of that key."""
    begins = [begin for name, value in values.items() for begin in (f"{typed(name, value)}: ", f"--set {name}: ")]
    return dict.fromkeys(begins, Said(key, goes_on=True))


def words(key: Key, name: str | None) -> dict[str, Said]:
    """How mistakes about the name of a method begin, which stands in the list of that key."""
    return dict.fromkeys((f"--method {name}: ", f"--method {name}: method.name = "), Said(key))
