"""The command `check`: is this loss, penalty, critic, generator, target or measure right?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toygan.cli.exits import FAILED, clear_faults
from toygan.cli.shared import Json, option
from toygan.files.text import say, say_json

if TYPE_CHECKING:
    from toygan.quantities.held import Held

Word = Annotated[
    str, typer.Argument(metavar="FILE.py:NAME", help="A function, a module or a class in a file of yours.")
]
PARTS = ("objective", "penalty", "critic", "generator", "target", "measure")
As = Annotated[
    str | None,
    option("--as", "PART", f"{', '.join(PARTS[:-1])} or {PARTS[-1]}; by its name and arguments unless said.", PARTS),
]
Cost = Annotated[bool, typer.Option("--cost/--no-cost", help="Play a short game with and without what is wrong.")]
MARKS = {True: "ok", False: "WRONG", None: "note"}


def check(word: Word, role: As = None, with_cost: Cost = True, as_json: Json = False) -> None:
    """Hold a loss, a penalty, a network or a sampler of yours against the known mistakes: a line a fact."""
    with clear_faults():
        from toygan.files.own import function_named
        from toygan.quantities.contract import held
        from toygan.session.cost import cost

        code = function_named(word)
        part, facts = held(code, role)
        facts = [*facts, *filter(None, [cost(code, part, facts)] if with_cost else [])]
        say_json(as_data(word, part, facts)) if as_json else say(report(word, part, facts))
        if any(fact.holds is False for fact in facts):
            raise typer.Exit(FAILED)


def as_data(word: str, part: str, facts: list[Held]) -> dict[str, Any]:
    """The facts as one JSON object."""
    rows = [dict(zip(("fact", "holds", "found", "looks_like"), fact, strict=True)) for fact in facts]
    return {"name": word, "as": part, "holds": all(fact.holds is not False for fact in facts), "facts": rows}


def report(word: str, part: str, facts: list[Held]) -> str:
    """The facts, a line each, below a breach what it looks like, and how many hold."""
    wide = max(len(fact.name) for fact in facts)
    lines = [f"{word} as {'an' if part[0] in 'aeiou' else 'a'} {part}"]
    for fact in facts:
        lines.append(f"{MARKS[fact.holds]:5}  {fact.name.ljust(wide)}  {fact.said}")
        lines += [f"{'':5}  {'':{wide}}  looks like: {fact.looks_like}"] if fact.looks_like else []
    known = [fact.holds for fact in facts if fact.holds is not None]
    return "\n".join([*lines, f"{sum(known)} of {len(known)} facts hold"])


def register(app: typer.Typer) -> None:
    """Put the command onto the command line."""
    app.command()(check)
