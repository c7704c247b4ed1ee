"""A run as data: the frames stacked along time, and the folder that holds them.

A Recording is the only thing that measuring, drawing and the gallery read. Nothing here trains, measures or draws.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from toygan.files.disk import Arrays, complete_lines, plain, unpacked
from toygan.files.mistakes import UserError
from toygan.quantities.diagnosis import Event, events_of
from toygan.quantities.table import QUANTITIES, Floor, When
from toygan.session.facts import Facts, read_facts

if TYPE_CHECKING:
    from toygan.files.config import Config

HUGE = 1e30  # beyond this, differences and squares of float32 overflow: as good as infinite
# How long the arrays of a recording are along each axis: frames T, seeds S, shown seeds P, modes K, the grids of scores (y, x)
# and of slopes (Y, X); a dot is any length. What is first says how long the others are.
AXES = {
    "step": "T", "samples": "TS.2", "real": ".2", "diverged": "TS", "final": "S.2", "real_scores": "TS.", "fake_scores": "TSF",
    "fake_slopes": "TSF2", "slope_quantiles": "TS..", "layer_gradients": "TS.", "grid_x": "x", "grid_y": "y", "slope_x": "X",
    "slope_y": "Y", "scores": "TPyx", "optimal_scores": "TPyx", "slopes": "TPYX2", "weight_histogram": "TP.",
    "weight_reach": "TP", "latent_map": "TP..2", "mode_centres": "K2", "mode_weights": "K", "mode_covariances": "K22",
}  # fmt: skip


class Moment(NamedTuple):
    """One frame of a recording: its step; generated `points [S, N, 2]` and `real [N, 2]`; of the first P seeds the scores
    of the `critic [P, g, g]`, its `slopes [P, h, h, 2]` and the `optimal` critic's scores [P, g, g], None for what is not
    known; and every measure of it by name, [S] each.
    """

    step: int
    points: np.ndarray
    real: np.ndarray
    critic: np.ndarray | None
    slopes: np.ndarray | None
    optimal: np.ndarray | None
    measures: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Recording:
    """The frames of one run, with its facts and measures.

    `facts` is what `run.json` says. `frames` holds the arrays of `frames.npz`, in the units of the scenario's plane:
    `step [T]`, `samples [T, S, N, 2]`, `real [N, 2]`, `scores [T, P, g, g]` (row = y, column = x) on
    `grid_x [g]`, `grid_y [g]`, `slopes [T, P, h, h, 2]` on `slope_x [h]`, `slope_y [h]`; and `final [S, 2000, 2]`, points
    that every seed's last generator makes of latents of their own, which the final measures are about: no frame shows
    them. `metrics` holds one `[T, S]` array a measure. What was `learned`, by name, is given where it is not that of the
    folder's `weights.npz`.
    """

    facts: Facts
    frames: Arrays
    metrics: Arrays = field(default_factory=dict)
    folder: Path | None = None
    learned: Arrays | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Scenario and method, as people say them."""
        return f"{self.facts.scenario} / {self.facts.method}"

    def curve(self, name: str) -> np.ndarray | None:
        """A quantity of every frame and seed [T, S], NaN where it is not finite; None where nothing of it is known."""
        row = QUANTITIES.get(name)
        if row and row.source == "derived":
            return row.worked_out({need: self.curve(need) for need in row.needs.split()})
        table = self.metrics.get(name)
        if table is None:  # older recordings keep some among their frames
            table = self.frames.get(name)
        if table is None or table.ndim != 2:
            return None
        clean = np.where(np.abs(table) < HUGE, table, np.nan).astype(float)
        return clean if np.isfinite(clean).any() else None

    def final(self, name: str) -> np.ndarray:
        """A quantity of every seed's fresh points at the end [S], NaN where it is not known."""
        known = [row.get(name) for row in self.facts.ends]
        return np.array([math.nan if value is None else value for value in known], float)

    def floor(self, name: str, when: When = "frame") -> Floor | None:
        """What perfect samplers score in a quantity at a frame's or the final number of points; None where that is not
        known. Older recordings know no band of theirs: `draws` is 0, and its ends lie a spread either side of the mean.
        """
        known = self.facts.floor(name, when)
        if known is not None or when == "final":
            return known
        curve = self.curve(f"{name}_floor")
        if curve is None:
            return None
        low, middle, high = np.nanpercentile(curve, (5, 50, 95))  # of frames and seeds
        return Floor(float(middle), 0.0, float(low), float(high), 0)

    def frame(self, i: int) -> Moment:
        """One of the frames, from 0 on, or from the end by -1; UserError for one that there is not."""
        steps = self.frames["step"]
        if not isinstance(i, int | np.integer) or not -len(steps) <= i < len(steps):
            raise UserError(f"frame {i!r}: {self.name} has {len(steps)} frames, numbered 0 to {len(steps) - 1}")
        critic, slopes, optimal = (
            None if (table := self.frames.get(name)) is None else table[i]
            for name in ("scores", "slopes", "optimal_scores")
        )
        measures = {name: table[i] for name, table in self.curves().items()}
        return Moment(int(steps[i]), self.frames["samples"][i], self.frames["real"], critic, slopes, optimal, measures)

    def curves(self) -> dict[str, np.ndarray]:
        """All curves [T, S] by name, those of the table of quantities first, in its order."""
        names = dict.fromkeys([*QUANTITIES, *self.metrics])
        return {name: table for name in names if (table := self.curve(name)) is not None}

    def dataframe(self) -> Any:
        """All curves as a pandas DataFrame: a row a frame and seed, a column a quantity. UserError without pandas."""
        try:
            import pandas
        except ImportError:
            raise UserError("dataframe: needs pandas: pip install 'toygan[notebook]'") from None
        steps, seeds = self.frames["step"], list(self.facts.seeds)
        keys = {"step": np.repeat(steps, len(seeds)), "seed": np.tile(seeds, len(steps))}
        return pandas.DataFrame(keys | {name: table.ravel() for name, table in self.curves().items()})

    def sample(self, n: int, k: int = 0) -> np.ndarray:
        """Draw n more points of every seed's last generator: [S, n, 2], float32; another k is another sample.

        The averaged generator makes them where the method has `ema`, as it makes the run's own samples, of latents that
        the run never used; equal n and k give equal points. With batch norm in the generator the n points are
        normalised together. Raises UserError for a recording without `weights.npz`, or a number below 1 (k: 0).
        """
        from toygan.session.simulation import fresh_points

        for name, value, least in (("n", n, 1), ("k", k, 0)):
            if not isinstance(value, int | np.integer) or value < least:
                raise UserError(f"sample: {name} = {value!r}: must be a whole number, {least} or more")
        config, learned = self.config(), self.weights("to draw more points from")
        try:
            return fresh_points(config, learned, n, k)
        except UserError:
            raise
        except (OSError, ValueError) as error:
            why = f"its generator needs target points, which are not to be had ({error})"
            raise UserError(f"{self.name}: {why}") from None

    def judged_against(self) -> np.ndarray:
        """The target's points that the final measures hold `frames["final"]` against, [2000, 2]: none of them is among the
        frames' or was trained on. W1 is of the first 1000 of both.

        Raises UserError for a recorded training loop, and for a target that is not to be had.
        """
        from toygan.files.world import build_target
        from toygan.session.ground import watched_points
        from toygan.session.simulation import FINAL_POINTS

        config = self.config()
        return watched_points(build_target(config), config.training.seed, FINAL_POINTS, 1)

    def config(self) -> Config:
        """What the run plays, from its facts; UserError where this version does not understand it."""
        from toygan.files.config import Config
        from toygan.files.own import settled
        from toygan.files.strict import Source, check

        if self.facts.is_recorded:
            where = self.folder or self.name
            raise UserError(f"{where}: is a recorded training loop; toygan does not know its players")
        settled(self.facts.config, self.facts.inputs)
        return check(Config, dict(self.facts.config), Source(self.name))

    @property
    def keeps_weights(self) -> bool:
        """Whether what was learned is at hand."""
        return self.learned is not None or bool(self.folder and (self.folder / "weights.npz").exists())

    def weights(self, wanted: str) -> Arrays:
        """What every seed's players had learned at the end, by name (`toygan.session.looks.weights`); UserError, saying
        what it is wanted for, where that was not kept.
        """
        if self.learned is not None:
            return self.learned
        if self.facts.is_recorded:
            self.config()  # which says why there are none
        if self.folder is None or not self.keeps_weights:
            where = self.folder or self.name
            raise UserError(f"{where}: has no weights.npz {wanted}; --fresh plays the run again, with it")
        try:
            return unpacked(self.folder / "weights.npz")
        except ValueError as error:
            raise UserError(f"{error}; --fresh plays the run again") from None

    def _repr_html_(self) -> str | None:
        """Show the page's player in a notebook, where there is something to play."""
        if not {"samples", "real", "grid_x"} <= self.frames.keys():
            return None
        import toygan  # the house by its front door: pages are upstairs

        return str(toygan.player(self)._repr_html_())

    def _repr_png_(self) -> bytes | None:
        """Show the run's picture in a notebook."""
        picture = self.folder / "picture.png" if self.folder else None
        return picture.read_bytes() if picture and picture.exists() else None

    def __repr__(self) -> str:
        told = self.facts
        return f"<Recording {self.name}: {told.status}, step {told.step} of {told.steps}, seeds {list(told.seeds)}>"


def diagnose(recording: Recording) -> list[Event]:
    """Every event of every seed, the earliest first. Copes with whatever the recording lacks."""
    facts = recording.facts
    floors = {name: {"mean": one.mean, "spread": one.spread} for name, one in facts.floors("frame").items()}
    return events_of(facts.seeds, recording.frames, recording.metrics, floors)


def like_perfect(facts: Facts, w1: float | None) -> bool | None:
    """Whether a final W1 is one that a perfect sampler scores, too: at most the upper end of the band that holds 90 % of
    them. None where either is not known, and on a target of points, on which a perfect sampler scores 0.
    """
    floor = facts.floor("w1", "final")
    return None if w1 is None or not floor or not floor.draws or not floor.high else bool(w1 <= floor.high)


def load(folder: str | Path, own: Sequence[Any] = ()) -> Recording:
    """Read a run folder. `own` are functions of yours that its config names, and that may run where they are needed, as to draw
    more points of your own generator: "mine.py:my_net", or what was given in Python.

    Raises FileNotFoundError when there is no finished recording in it and ValueError when it cannot be understood.
    """
    if own:
        from toygan.files.own import allow_named, given

        allow_named(one for one in own if isinstance(one, str))
        for function in own:
            given(function) if callable(function) else None
    folder = Path(folder)
    facts, frames = read_facts(folder), unpacked(folder / "frames.npz")
    if "samples" in frames and frames["samples"].shape[1:2] != (len(facts.seeds),):
        told = f"seeds = {list(facts.seeds)}: frames.npz holds another number of seeds"
        raise ValueError(f"{folder / 'run.json'}: {told}")
    if wrong := misshapen(frames, len(facts.seeds)):
        raise ValueError(f"{folder / 'frames.npz'}: {wrong}")
    return Recording(facts, frames, read_metrics(folder / "metrics.jsonl", frames["step"], facts.seeds), folder)


def misshapen(frames: Arrays, seeds: int) -> str:
    """Which of a recording's arrays is no array of numbers of the shape that it has by AXES; empty where all are."""
    if "step" not in frames:
        return "is damaged: there is no step"
    sizes = {"2": 2, "S": seeds}
    for name, axes in AXES.items():
        if name in frames and not has_axes(frames[name], axes, sizes):
            shape = ", ".join("n" if axis == "." else axis for axis in axes)
            found = f"{frames[name].dtype} {list(frames[name].shape)}"
            return f"is damaged: {name} should be numbers [{shape}], and is {found}"
    return ""


def has_axes(table: np.ndarray, axes: str, sizes: dict[str, int]) -> bool:
    """Whether an array holds numbers along these axes, each as long as it was before; one that is new is noted."""
    if table.ndim != len(axes) or table.dtype.kind not in "biuf":
        return False
    return all(axis == "." or sizes.setdefault(axis, n) == n for axis, n in zip(axes, table.shape, strict=True))


def read_metrics(path: Path, steps: np.ndarray, seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Gather `metrics.jsonl` into one array [T, S] a measure; what is missing is NaN, a torn last line is dropped."""
    if not path.exists():
        return {}
    row_of = {int(step): t for t, step in enumerate(steps)}
    column_of = {seed: s for s, seed in enumerate(seeds)}
    metrics: dict[str, np.ndarray] = {}
    for line in complete_lines(path):
        cell = row_of.get(line.pop("step")), column_of.get(line.pop("seed"))
        if None in cell:
            continue
        for name, value in line.items():
            table = metrics.setdefault(name, np.full((len(steps), len(seeds)), np.nan))
            table[cell] = np.nan if value is None else value
    return metrics


def metric_lines(row: Arrays, step: int, seeds: Sequence[int]) -> Iterable[str]:
    """One JSON object a line for every seed of one frame: measures [S] each; what is not finite is written as null."""
    for s, seed in enumerate(seeds):
        values = {name: plain(column[s]) for name, column in row.items()}
        yield json.dumps({"step": step, "seed": seed} | values) + "\n"
