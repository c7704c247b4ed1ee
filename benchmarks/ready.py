"""What it costs to make each method's step ready as a graph, and after how many steps it has paid, in core seconds.

    python benchmarks/ready.py [METHOD ...]

`translate`: the step is called, recorded, cleaned and written as ONNX; `open`: ONNX Runtime rewrites it and makes a session;
`kept`: the same from what was kept of it; `compare`: one step by both ways. `pays after`: steps that win back all of it and what
is paid once in a process, imports of ONNX among it; on the scenario's own nets and batch, one seed.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, TypeVar

import torch

from toygan.engines import eager, onnx
from toygan.engines.opening import session
from toygan.files.scenario import read
from toygan.game.methods import METHODS
from toygan.game.streams import draws
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.session.looks import like
from toygan.session.simulation import simulation

STEPS = 10  # behind a step's time
TOLD = ("translate", "open", "kept", "compare", "eager ms", "onnx ms", "operators", "pays after")
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Core seconds of some work, and what it gives."""
    start = process_time()
    found = work()
    return process_time() - start, found


def imports() -> float:
    """Core seconds of importing what an engine needs besides torch."""

    def both() -> None:
        import onnx
        import onnxruntime  # noqa: F401

        onnx.helper  # noqa: B018

    return timed(both)[0]


def stepping(running: Any, rows: Sequence[Any], dials: Any) -> float:
    """Core milliseconds of a step, after one that does not count."""
    running.advance(rows[0], dials)
    return timed(lambda: [running.advance(draw, dials) for draw in rows])[0] / len(rows) * 1e3


def once() -> float:
    """Core seconds that are paid once in a process: imports, and what the first of all graphs costs more than the same again."""
    imported = imports()
    first, second = ready(costs("gan", 0.0)), ready(costs("gan", 0.0))
    return imported + max(0.0, first - second)


def ready(row: Sequence[float]) -> float:
    """Core seconds of a row until the first step can be played."""
    translating, opening, _, comparing, *_ = row
    return translating + opening + comparing


def costs(method: str, before: float) -> tuple[float, ...]:
    """A method's row, as `TOLD` says."""
    sim = simulation(read(PLAYED_ON.get(method, "swiss-roll" if method in METHODS else "eight-gaussians"), method, []))
    rows = list(islice(draws(sim.source, 0, like(sim.start)), STEPS))
    game = (sim.world.step, sim.start, rows[0], sim.world.dials)
    translating, model = timed(lambda: onnx.translated(*game))
    opening, _ = timed(lambda: session(model.content))
    with TemporaryDirectory() as place:
        session(model.content, copy=Path(place) / "kept.onnx")
        kept = (Path(place) / "kept.onnx").read_bytes()
    reopening, _ = timed(lambda: session(kept, rewrites=False))
    engine = onnx.Onnx(model, sim.start)
    comparing, _ = timed(lambda: onnx.proved(engine, *game))
    times = [stepping(running, rows, sim.world.dials) for running in (eager.prepare(*game), engine)]
    row = (translating, opening, reopening, comparing, *times, model.operators)
    return *row, (before + ready(row)) * 1e3 / (times[0] - times[1])


def written(name: str, row: Sequence[float]) -> str:
    """A row of the table."""
    return f"{name:22} " + " ".join(f"{number:10.3f}" if number < 20 else f"{number:10.0f}" for number in row)


def main() -> None:
    """Print the table, and its median and largest numbers."""
    torch.set_num_threads(1)
    before = once()
    print(f"once in a process: {before:.3f} s of a core")
    print(f"{'method':22} " + " ".join(f"{name:>10}" for name in TOLD), flush=True)
    table = []
    for method in sys.argv[1:] or [*METHODS, *ZOO]:
        table.append(costs(method, before))
        print(written(method, table[-1]), flush=True)
    for name, of in (("least", min), ("median", statistics.median), ("most", max)):
        print(written(name, [of(column) for column in zip(*table, strict=True)]))


if __name__ == "__main__":
    main()
