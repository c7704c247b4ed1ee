"""The command `protocol`: run a published experiment and hold its numbers against ours.

It is put onto the command line by `cli`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toygan.cli.completion import complete_protocol
from toygan.cli.exhibits import GO_ON, PROTOCOLS, Workers, list_named, played, refuse_a_file
from toygan.cli.exits import clear_faults
from toygan.cli.many import tell_failed
from toygan.cli.shared import Json, again, argument, option
from toygan.files.text import room, say, say_json

if TYPE_CHECKING:
    from toygan.exhibits.protocol_files import Protocol
    from toygan.many.table import Table

OF_QUICK = "At most 2 seeds and few of the steps; the table says so."
FORMS = ("text", "markdown", "csv", "latex")


def protocol(
    context: typer.Context,
    name: Annotated[str | None, argument("PROTOCOL", "A name or the path of a .toml.", complete_protocol)] = None,
    quick: Annotated[bool, typer.Option("--quick", help=OF_QUICK)] = False,
    seeds: Annotated[int | None, typer.Option(metavar="N", min=1, max=1000, help="Seeds of every run.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where run folders and pictures go.")] = PROTOCOLS,
    workers: Workers = None,
    form: Annotated[str, option("--format -f", "NAME", "text, markdown, csv or latex.", FORMS)] = "text",
    as_json: Json = False,
) -> None:
    """Run a published experiment; print and draw its numbers beside ours. Without a name, list them."""
    with clear_faults(*GO_ON):
        if name is None:
            list_named("protocols", as_json)
            return
        from toygan.exhibits.protocol_files import read
        from toygan.exhibits.published import drawn, planned, rows_of, tasks_of
        from toygan.exhibits.telling import facts_of, table_of
        from toygan.many.written import written

        written([], form)  # another form is refused before anything runs
        refuse_a_file("--out", out)
        found, command = read(name), again(context, "out")
        runs = planned(found, out, quick, seeds, command)
        failed = played(tasks_of(runs), out, workers)
        rows = rows_of(found, runs)
        picture = drawn(found, rows, quick, out, command)
        if as_json:
            folders = [str(run.task.folder) for run in runs]
            say_json(facts_of(found, rows, quick) | {"picture": picture and str(picture), "runs": folders})
        else:
            report(found, table_of(found, rows, quick), picture, form)
        tell_failed(failed, len(runs))


def report(found: Protocol, table: Table, picture: Path | None, form: str) -> None:
    from toygan.many.written import parted, written

    if form != "text":
        say(written([table], form), end="")
        return
    say(f"{found.title}\n{found.protocol.source}\n{found.protocol.setting}\n")
    say(written(parted(table, room()), form), end="")
    say("\n" + str(picture) if picture else "")
