"""What of a recording tells kinds of points apart: classes, several generators, categories; and what comes back of points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toygan.files.disk import Arrays
from toygan.files.text import percent
from toygan.quantities.kinds import Classes
from toygan.view.scene import Scene

HEADS = {"class": "class", "category": "category", "whose": "generator"}  # what a critic's head tells, in words


class NamedKinds(NamedTuple):
    """The kind of each generated point `of [N]`, whole numbers, and what a kind is called: generator, class, category."""

    of: np.ndarray
    word: str

    @property
    def number(self) -> int:
        """How many kinds there are."""
        return int(self.of.max(initial=0)) + 1

    def label(self, k: int) -> str:
        """A kind with its share of the points."""
        return f"{self.word} {k + 1}: {percent(float((self.of == k).mean()))}"


def kinds_of(frames: Arrays) -> NamedKinds | None:
    """The kinds of the portrait seed's points: generators where there are several, else classes, else categories."""
    if "makers" in frames:
        return NamedKinds(np.asarray(frames["makers"], int), "generator")
    if (classes := classes_of(frames)) is not None:
        return NamedKinds(classes.points, "class")
    return NamedKinds(np.asarray(frames["categories"][0], int), "category") if "categories" in frames else None


def classes_of(frames: Arrays) -> Classes | None:
    """The classes of the portrait seed's points and of real ones, in older recordings the same; None where there are none."""
    known = frames.get("classes")
    if known is None:
        return None
    made = frames["made_classes"][0] if "made_classes" in frames else known
    return Classes(np.asarray(made, int), np.asarray(known, int))


def regions_known(frames: Arrays) -> dict[str, np.ndarray]:
    """What a critic's heads take each place for: looks [T, g, g] of the portrait seed, by what they tell."""
    names = {word: f"{head}_regions" for head, word in HEADS.items()}
    return {word: np.asarray(frames[name][:, 0]) for word, name in names.items() if name in frames}


def kept_over_time(shown: Scene, name: str) -> np.ndarray:
    """What is kept of the portrait seed under a name at every look that can be drawn: [T, ...]."""
    return np.asarray(shown.recording.frames[name][: len(shown.steps), 0], float)
