"""The command `distance`: how far two scenarios' targets are apart. It is put onto the command line by `cli`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from toygan.cli import drawing
from toygan.cli.completion import complete_scenario
from toygan.cli.exits import clear_faults
from toygan.cli.shared import Json, OwnCode, again, argument, in_columns, option
from toygan.files.mistakes import UserError
from toygan.files.text import room, say, tell

if TYPE_CHECKING:
    from toygan.draw import Options
    from toygan.quantities.distance import Number

WHICH = "A scenario: a shipped name, the path of a .toml, or a target of yours, FILE.py:NAME."
OVER = "Let a number of B's target go through N values: target.shift=-1:1:21 moves x, target.shift.1=-1:1:21 moves y."
EVERY = 2.0  # seconds between two lines of progress
PICTURE = Path("distance.png")
COLUMNS = 6  # significant digits in a table
DRAWN = ("w1", "w2", "js", "tv", "kl", "reverse_kl")  # the distances of a picture, in the order of its panels
OF_POINTS = "Points a sample, 2 to 4000, where no formula is."
OF_PANELS = f"Of the picture with --over these alone: {', '.join(DRAWN)}."
OF_OUT = "The picture with --over; distance.png by default."


def distance(
    context: typer.Context,
    a: Annotated[str, argument("A", WHICH, complete_scenario)],
    b: Annotated[str, argument("B", "Another one, or the same.", complete_scenario)],
    over: Annotated[str | None, typer.Option(metavar="KEY=LO:HI:N", help=OVER)] = None,
    points: Annotated[int | None, typer.Option(metavar="N", min=2, max=4000, help=OF_POINTS)] = None,
    own: OwnCode = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=OF_OUT)] = None,
    formats: drawing.PictureFormats = [],  # noqa: B006
    panels: Annotated[str | None, option("--panels", "NAME,...", OF_PANELS)] = None,
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    as_json: Json = False,
) -> None:
    """Say how far the targets of two scenarios are apart, and how each number was found."""
    with clear_faults():
        from toygan.files.own import allow, allow_named

        allow([a, b])
        allow_named(own)
        options = drawing.looked(look)
        if over is None:
            for name, value in {"--out": out, "--format": formats, "--panels": panels}.items():
                if value:
                    raise UserError(f"{name}: there is a picture only with --over, as in --over target.shift=-1:1:21")
            say(table_of(a, b, points, as_json))
            return
        files = drawing.files_of(out or PICTURE, formats, options)
        wanted = drawing.panels_in(panels, DRAWN) or DRAWN
        found = along_key(a, b, over, points, files)
        save(found, files, wanted, again(context, "out"), options)
        say(in_json(found, files[0]) if as_json else in_lines(found, files))


class Swept(NamedTuple):
    """Every distance by name between the targets of two scenarios, a number for each of the values of a key of the second."""

    a: str
    b: str
    key: str
    values: Sequence[float]
    distances: dict[str, list[Number]]


def table_of(a: str, b: str, points: int | None, as_json: bool) -> str:
    """One line a distance: its value, and how it was found."""
    from toygan.files.scenario import read
    from toygan.quantities.distance import DISTANCES, distances

    with watching() as watch:
        found = distances(read(a), read(b), points or 1000, watch)
    if as_json:
        return json.dumps({"a": a, "b": b, "distances": {name: plain(number) for name, number in found.items()}})
    rows = [(DISTANCES[name], name, shown(number.value), extra(number), number.how) for name, number in found.items()]
    return in_columns([("distance", "name", "value", "spread, floor", "how"), *rows], room())


def along_key(a: str, b: str, over: str, points: int | None, files: Sequence[Path]) -> Swept:
    """Every distance along a key, found once the folders of its pictures are there."""
    from toygan.quantities.distance import along, parsed_sweep

    sweep = parsed_sweep(over)
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
    with watching() as watch:
        found = along(a, b, sweep, points or 500, watch)
    return Swept(a, b, sweep.key if sweep.place is None else f"{sweep.key}.{sweep.place}", sweep.values, found)


def in_json(found: Swept, picture: Path) -> str:
    table = {name: [plain(number) for number in numbers] for name, numbers in found.distances.items()}
    said = {"a": found.a, "b": found.b, "over": found.key, "values": found.values}
    return json.dumps(said | {"distances": table, "picture": str(picture)})


def in_lines(found: Swept, files: Sequence[Path]) -> str:
    """One line a value of the key, one column a distance, how each was found, and the pictures."""
    columns = [[shown(number.value) for number in numbers] for numbers in found.distances.values()]
    rows = [(f"{value:.6g}", *cells) for value, *cells in zip(found.values, *columns, strict=True)]
    ways = [f"{name}: {' / '.join(dict.fromkeys(number.how for number in numbers))}"
            for name, numbers in found.distances.items()]  # fmt: skip
    return "\n".join([in_columns([(found.key, *found.distances), *rows]), "", *ways, *map(str, files)])


@contextmanager
def watching() -> Iterator[Callable[[str], None]]:
    """A watcher that says on stderr what is being computed that may take long, and now and then how long it has taken."""
    doing, over, began = list[str](), Event(), monotonic()

    def watch(words: str) -> None:
        if not doing:
            tell(f"distance: {words}")
        doing.append(words)

    def speak() -> None:
        while not over.wait(EVERY):
            tell(f"distance: {', '.join([*doing[-1:], f'{monotonic() - began:.0f} s so far'])}")

    speaker = Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield watch
    finally:
        over.set()
        speaker.join()


def save(found: Swept, files: Sequence[Path], wanted: Sequence[str], command: str, options: Options) -> None:
    """Draw those of the distances that are wanted."""
    import numpy as np

    from toygan.draw.distance import distances_along
    from toygan.draw.saved import save_figure

    values = {name: np.array([number.value for number in found.distances[name]]) for name in wanted}
    floors = {name: np.array([number.floor for number in own], float) for name, own in found.distances.items()}
    title = f"A: {found.a}; B: {found.b}, {found.key} varied"
    for path in files:
        figure = distances_along(title, found.key, found.values, values, floors, command)
        save_figure(figure, path, command, options)


def plain(number: Number) -> dict[str, Any]:
    """A number that JSON can hold: "inf" for infinite, null for not known."""
    value: Any = number.value
    if not math.isfinite(value):
        value = None if math.isnan(value) else "inf"
    sampled = {"spread": number.spread, "floor": number.floor}
    return {"value": value, "how": number.how} | {name: part for name, part in sampled.items() if part is not None}


def shown(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.{COLUMNS}g}"


def extra(number: Number) -> str:
    return "" if number.spread is None else f"± {number.spread:.2g}, {number.floor:.2g}"
