"""The command `lab`: a page that trains. It is put onto the command line by `cli`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from toygan.cli.completion import complete_method, complete_scenario
from toygan.cli.exits import clear_faults
from toygan.cli.shared import argument, option
from toygan.files.text import say, tell

EVERY = 2.0  # seconds between two lines of progress
OF_SCENARIO = "What the page opens with: a shipped name or the path of a .toml; the other shipped ones are there too."
OF_METHODS = "A method to play; may be repeated. Every shipped one by default."


def lab(
    scenario: Annotated[str | None, argument("[SCENARIO]", OF_SCENARIO, complete_scenario)] = None,
    methods: Annotated[list[str], option("-m --method", "METHOD", OF_METHODS, complete_method)] = [],  # noqa: B006
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the page.")] = Path("lab"),
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Make a page that trains in the browser: open it from disk, or put it on any web site."""
    with clear_faults():
        from toygan.files import catalogue
        from toygan.files.own import allow
        from toygan.files.shipped import shipped
        from toygan.site.lab import write_lab

        allow([*methods, *([scenario] if scenario else [])])
        asked = list(dict.fromkeys(methods)) or list(catalogue.methods())
        worlds = list(dict.fromkeys([*([scenario] if scenario else []), *shipped()]))
        opening = {"scenario": scenario} if scenario else {}
        page = write_lab(out, worlds, asked, telling(asked), opening | ({"method": methods[0]} if methods else {}))
        say(str(page))
        if open_it:
            typer.launch(page.resolve().as_uri())


def telling(methods: Sequence[str]) -> Callable[[str], None]:
    """Says now and then how far the page is."""
    last = monotonic()

    def told(method: str) -> None:
        nonlocal last
        if monotonic() - last > EVERY:
            last = monotonic()
            tell(f"lab: the models of {method}, {methods.index(method) + 1} of {len(methods)}")

    return told
