"""Every shipped protocol that was run: judged and drawn, as a page of them all wants it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toygan.draw.protocol import protocol_picture
from toygan.draw.saved import save_figure
from toygan.exhibits.agreement import AGREES, DIFFERS, MISSING, UNKNOWN, Compared
from toygan.exhibits.protocol_files import Protocol, read
from toygan.exhibits.protocols import planned, rows_of
from toygan.exhibits.telling import QUICK, lines_of
from toygan.files.shipped import shipped_protocols

VERDICTS = (AGREES, DIFFERS, UNKNOWN, MISSING)


class Published(NamedTuple):
    """A protocol with its rows, its picture where there is a number to draw, and the command that makes them."""

    protocol: Protocol
    rows: Sequence[Compared]
    picture: Path | None
    command: str

    @property
    def counts(self) -> dict[str, int]:
        """How many of its published numbers have each verdict."""
        found = Counter(one.verdict for one in self.rows)
        return {verdict: found[verdict] for verdict in VERDICTS}


def published(place: Path) -> list[Published]:
    """The shipped protocols by number, with what their runs in a folder say; those of which nothing was run have no picture."""
    found = sorted(map(read, shipped_protocols()), key=lambda one: one.protocol.number)
    return [judged_protocol(protocol, place) for protocol in found]


def judged_protocol(protocol: Protocol, place: Path) -> Published:
    rows, command = rows_of(protocol, planned(protocol, place)), f"toygan protocol {protocol.name}"
    some = any(one.verdict != MISSING for one in rows)
    return Published(protocol, rows, drawn(protocol, rows, False, place, command) if some else None, command)


def drawn(found: Protocol, rows: Sequence[Compared], quick: bool, out: Path, command: str) -> Path | None:
    """The picture of a protocol's numbers; None where there is no number to draw."""
    lines = lines_of(rows)
    if not lines:
        return None
    path = out / f"{found.name}{'-quick' if quick else ''}.png"
    save_figure(protocol_picture(found.title, lines, command, QUICK if quick else ""), path, command)
    return path
