"""The reference engine: calls the step."""

from __future__ import annotations

from toygan.engines.tree import Step, Tree


class Eager:
    """A step that is called as it is."""

    def __init__(self, step: Step, state: Tree) -> None:
        self.step, self.now = step, state

    def advance(self, draw: Tree, dials: Tree) -> None:
        self.now = self.step(self.now, draw, dials)

    def state(self) -> Tree:
        return self.now

    def beside(self, state: Tree) -> Eager:
        return Eager(self.step, state)


def prepare(step: Step, state: Tree, draw: Tree, dials: Tree) -> Eager:
    """Ready at once; the examples are not needed."""
    return Eager(step, state)
