"""The engines by name, and which is taken. One more engine is one file and one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch

from toygan.engines import cuda, eager, onnx
from toygan.engines.graph import Untraceable
from toygan.engines.tree import Step, Tree, named


class Running(Protocol):
    """A game at some state: `advance` plays a step, `state` is where it stands, `beside` is the same step made ready at another
    state of the same shapes.
    """

    def advance(self, draw: Tree, dials: Tree) -> None: ...

    def state(self) -> Tree: ...

    def beside(self, state: Tree) -> Running: ...


class Engine(NamedTuple):
    """How a step is made ready, (step, state, draw, dials) -> Running; its kind of device, None for any; what it lacks."""

    prepare: Callable[[Step, Tree, Tree, Tree], Running]
    device: str | None
    lacking: Callable[[], str | None]


class Begun(NamedTuple):
    """A game that runs, the engine that runs it, and why that is not the fastest of its device, "" where it is."""

    running: Running
    engine: str
    why: str = ""


class Unusable(Exception):
    """An engine that was asked for and cannot run here, and why."""


def lacks_runtime() -> str | None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ModuleNotFoundError as error:
        return f"{error.name} is not installed"
    except Exception as error:  # of a library that is not whole there are as many kinds as ways to break it
        first_line = next(iter(str(error).splitlines()), "")
        return f"it cannot be imported ({type(error).__name__}: {first_line})"
    return None


# The fastest first.
ENGINES: dict[str, Engine] = {
    "cuda": Engine(cuda.prepare, "cuda", lambda: None if torch.cuda.is_available() else "there is no CUDA device"),
    "onnx": Engine(onnx.prepare, "cpu", lacks_runtime),
    "eager": Engine(eager.prepare, None, lambda: None),
}
BACKENDS = ("auto", *sorted(ENGINES))
FEW = 80  # steps: to make a graph ready costs what 18 to 78 of a method's steps gain by it, medians 31 and 44 (docs/speed.md)


def begin(backend: str, step: Step, state: Tree, draw: Tree, dials: Tree, steps: int = FEW) -> Begun:
    """Make a step ready under an engine, or under `auto` the fastest that can run it where its state is; if so few `steps` are
    to be played on a CPU that no graph pays, they are called. Raises Unusable.
    """
    device = next(iter(named(state, "state").values())).device.type
    backend = "eager" if backend == "auto" and device == "cpu" and steps < FEW else backend
    if backend != "auto":
        return Begun(ready(backend, device, step, state, draw, dials), backend)
    why: list[str] = []
    for name, engine in ENGINES.items():
        if engine.device in (None, device):
            try:
                return Begun(ready(name, device, step, state, draw, dials), name, "; ".join(why))
            except Unusable as error:
                why.append(f"{name}: {error}")
    raise AssertionError("eager runs every step")


def lacking(name: str, device: str) -> str | None:
    """What keeps an engine from running on a device; None where nothing does."""
    engine = ENGINES[name]
    missing = engine.lacking()
    if engine.device in (None, device):
        return missing
    return f"it runs on {engine.device}, not on {device}" + (f"; {missing}" if missing else "")


def ready(name: str, device: str, step: Step, state: Tree, draw: Tree, dials: Tree) -> Running:
    """A step under one engine. Raises Unusable."""
    if why := lacking(name, device):
        raise Unusable(why)
    try:
        return ENGINES[name].prepare(step, state, draw, dials)
    except Untraceable as error:
        raise Unusable(str(error)) from None
