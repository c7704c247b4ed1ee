"""The step as a captured CUDA graph: the same function, replayed on memory that stays where it is.

What is captured is the step itself: its graph cleaned of a third of its operators takes as long (docs/speed.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch

from toygan.engines.graph import Untraceable
from toygan.engines.tree import Step, Tree, copied, named, rebuilt

WARM_UP = 3  # calls before the capture, on a stream of their own: libraries choose their kernels in them


class Fixed:
    """A step from fixed memory to the same fixed memory; `replay()` is one step on."""

    def __init__(self, step: Step, state: Tree, draw: Tree, dials: Tree) -> None:
        self.step, self.trees = step, {"state": state, "draw": draw, "dials": dials}
        self.held = {name: copied(named(tree, name)) for name, tree in self.trees.items()}
        self.replay: Callable[[], None] = self.call

    def call(self) -> None:
        """Call the step on what is held, and hold what it gives."""
        trees = (rebuilt(tree, self.held[name], name) for name, tree in self.trees.items())
        after = copied(named(self.step(*trees), "state"))  # what a step hands on may be another place's memory
        for place, numbers in after.items():
            self.held["state"][place].copy_(numbers)

    def advance(self, draw: Tree, dials: Tree) -> None:
        self.put("draw", draw)
        self.put("dials", dials)
        self.replay()

    def put(self, name: str, tree: Tree) -> None:
        for place, numbers in named(tree, name).items():
            self.held[name][place].copy_(numbers, non_blocking=True)

    def state(self) -> Tree:
        """Where the game stands: a copy that later steps do not touch."""
        return rebuilt(self.trees["state"], copied(self.held["state"]), "state")

    def beside(self, state: Tree) -> Fixed:
        """Captured anew: a captured graph is of its own memory."""
        return prepare(self.step, state, self.trees["draw"], self.trees["dials"])


def prepare(step: Step, state: Tree, draw: Tree, dials: Tree) -> Fixed:
    """Warmed up, captured, and back at the first state. Raises Untraceable where a step cannot be captured."""
    fixed = Fixed(step, state, draw, dials)
    try:
        capture(fixed)
    except RuntimeError as error:
        raise Untraceable("capture", str(error)) from None
    fixed.put("state", state)
    return fixed


def capture(fixed: Fixed) -> None:
    """Let a replay of the captured step take the place of the call."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            fixed.call()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with warnings.catch_warnings():
        # of a step that fails at once, which says why itself
        warnings.filterwarnings("ignore", "The CUDA Graph is empty")
        with torch.cuda.graph(graph):
            fixed.call()
    fixed.replay = graph.replay
