"""Write docs/protocols.md from runs that `toygan protocol NAME` has done.

for name in protocols/*.toml; do toygan protocol "$(basename "$name" .toml)"; done; python docs/protocols.py
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toygan.exhibits.agreement import AGREES, DIFFERS, RULE, Compared
from toygan.exhibits.protocol_files import Protocol, read
from toygan.exhibits.published import Published, planned, rows_of
from toygan.exhibits.rings import rings_table
from toygan.exhibits.scores import OWN
from toygan.exhibits.telling import table_of
from toygan.files.disk import write_aside
from toygan.files.shipped import shipped_protocols
from toygan.many.written import written
from toygan.session.facts import read_facts

QUICK = "217 core-seconds"  # measured on 26 November 2026
PAGE = Path(__file__).parent / "protocols.md"
HEAD = """# Published experiments beside ours

A protocol is a published toy experiment as a file: a scenario with exactly the published setting, and the published numbers.

    toygan protocol                      what there is
    toygan protocol funnels              run one; print and draw its numbers beside ours
    toygan protocol funnels --quick      at most 2 seeds and few of the steps; it decides nothing
    toygan protocol mine.toml --seeds 8  your own, with another number of seeds
    toygan show funnels                  its setting, what is unlike, its published numbers, and the file

Runs are kept in `runs/protocols` and go on where they were; the picture is beside them, and `toygan gallery` makes a page of
all of them, Protocols, in its site. The core-minutes below are of the runs as they were made; all of them with `--quick`
took six core-minutes, {quick} of them for the runs. This page is written by `python docs/protocols.py` from the
runs of those commands.

## The rule

{rule}

A measure counts as the file's `[counting]` says: of so many `points`, those within `sigma` standard deviations of a mode are on
it, and a mode is found by `at_least` of them. Up to 2000 points are those of the run's `frames.npz` (`final`); more come from
`weights.npz` by `Recording.sample`, always the same.

## A file

Everything that a scenario file has, as published: `[target]`, `[generator]`, `[critic]`, `[training]` with the published `steps`,
`batch`, and `data = 50000` for a fixed list of points (`reuse = "epochs"` or `"replacement"`), `[method]` with rates and betas,
`[methods.NAME]`. What it leaves out is as toygan has it, and rates that fall to 0 in a line are among that: `toygan show
mine.toml` says what is left out. Then

    [protocol]
    number = 6                            # its place in the list of known protocols
    source = "code of the authors ..."    # where the numbers are from
    setting = "..."                       # the published setting in words
    unlike = ["..."]                      # a sentence for everything that is not as published
    found = ["..."]                       # a sentence for everything that was found out about the numbers
    seeds = 5                             # that are run
    share = 0.2                           # the part of the published steps that is run
    rest = "..."                          # what is not run, and why
    quick = 0.05                          # the part that --quick runs

    [counting]
    points = 10000
    sigma = 3.0
    at_least = 100

    [[runs]]                              # one for each method; `seeds` and `share` may be its own
    name = "vanilla, 50 000 steps"
    method = "vanilla"
    set = {{ training.steps = 50000 }}      # any key of a scenario

    [[rows]]                              # one for each published number
    run = "vanilla, 50 000 steps"
    measure = "modes"                     # see below
    published = 6.80
    spread = 0.84
    kind = "SD"                           # SD, SE, range (low, high), share, exact, none
    seeds = 5                             # published ones
    decimals = 2                          # that are written, where the last of them are zeros

A published picture is a row with `says = "what it shows"` in place of a number. A number is rounded where its digits
end: 7 is 6.5 to 7.5, and 7.0 is 6.95 to 7.05; `decimals = 2` says that 6.80 has two. The measures are {measures};
and every quantity that a run's last points have, by its name in `toygan list quantities` and its own rule: `w1`, `mmd`,
`grid_tv`, `neighbour_accuracy`.

## What came of them

{overview}

{rings}
"""


def main() -> None:
    """Judge what was run, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/protocols"))
    place = parser.parse_args().runs
    found = [judged(protocol, place) for protocol in map(read, shipped_protocols())]
    found.sort(key=lambda one: one.protocol.protocol.number)
    parts = [section(one.protocol, one.rows) for one in found]
    measures = ", ".join(f"`{name}`" for name in OWN)
    head = HEAD.format(rule=RULE, overview=overview(found), measures=measures, rings=rings(found), quick=QUICK)
    write_aside(PAGE, "\n".join([head, *parts]).encode())


class Judged(NamedTuple):
    """A protocol with its rows, and the core-seconds of its runs."""

    protocol: Protocol
    rows: Sequence[Compared]
    seconds: float


def judged(protocol: Protocol, place: Path) -> Judged:
    """One protocol, by its runs in a folder."""
    runs = planned(protocol, place)
    folders = [folder for folder in {run.task.folder for run in runs} if (folder / "run.json").exists()]
    return Judged(protocol, rows_of(protocol, runs), sum(read_facts(folder).all_seconds for folder in folders))


def overview(found: Sequence[Judged]) -> str:
    """How many published numbers of each protocol agree, differ, cannot be told, and were not run; and what it took."""
    lines = [
        "| protocol | agrees | differs | cannot be told | not run | core-minutes |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    total = Counter[str]()
    for protocol, rows, seconds in found:
        counts = Counter(one.verdict for one in rows)
        total += counts
        lines.append(f"| [{protocol.title}](#{protocol.name}) | {cells(counts)} | {seconds / 60:.1f} |")
    known = [row for one in found for row in one.rows if row.verdict in (AGREES, DIFFERS)]
    whole = sum(row.whole for row in known)
    told = f"{len(known)} numbers agree or differ, {whole} of them after all published steps or without any training."
    minutes = sum(one.seconds for one in found) / 60
    return "\n".join([*lines, f"| all | {cells(total)} | {minutes:.0f} |", "", told])


def rings(found: Sequence[Judged]) -> str:
    """The table of rings that papers call by one name."""
    told = rings_table([Published(one.protocol, one.rows, None, "") for one in found])
    return "\n".join(["### The ring, as eleven papers have it", "", written([told], "markdown")])


def cells(counts: Counter[str]) -> str:
    """The counts of the four verdicts."""
    return " | ".join(str(counts[word]) for word in ("agrees", "differs", "cannot be told", "not run"))


def section(protocol: Protocol, rows: Sequence[Compared]) -> str:
    """One protocol: its setting, and the table."""
    about = protocol.protocol
    head = [
        f'<a id="{protocol.name}"></a>',
        f"### {protocol.title}",
        "",
        f"`toygan protocol {protocol.name}`. {about.source}.",
    ]
    learned = [f"*Found:* {one_paragraph(words)}\n" for words in about.found]
    numbers = written([table_of(protocol, rows, False)], "markdown").rstrip() + "\n"
    return "\n".join([*head, "", one_paragraph(about.setting), "", numbers, *learned])


def one_paragraph(text: str) -> str:
    """A text without line ends."""
    return " ".join(text.split())


if __name__ == "__main__":
    main()
