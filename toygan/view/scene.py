"""What a recording shows, as arrays and words: cut at the last finite frame, offsets removed. Nothing is drawn here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from contourpy import contour_generator

from toygan.files.disk import Arrays
from toygan.files.text import number, percent
from toygan.quantities.diagnosis import Event
from toygan.quantities.divergences import Window
from toygan.session.facts import Optimal
from toygan.session.recording import HUGE, Recording
from toygan.view.shares import Rings, rings_of, rings_of_places

ROUNDING = 1e-6  # a float32 score carries about this share of noise

Points = Literal["all", "thin", "none"]
THIN = 200  # points of either cloud that are drawn where they are thinned
ESTIMATED = "kernel estimate of the generated points"
DENSITIES = r"\bp/q\b|\bp [-+] |\bq > p\b"  # as the optima of `toygan.quantities.optimal` have them
UNKNOWN = "for this game none is known"
PLACED = "Ring: a place of real points that are alike, its area their share."


class Milestone(NamedTuple):
    """What was diagnosed at a step, in which seeds, and why."""

    step: int
    label: str
    seeds: list[int]
    why: str

    @property
    def words(self) -> str:
        """What, when and in which seeds."""
        seeds = f"seed{'s' if len(self.seeds) > 1 else ''} {seeds_in_words(self.seeds)}"
        return f"{self.label} at step {self.step} ({seeds})"


@dataclass(frozen=True)
class Scene:
    """The portrait seed of one run, up to its last finite frame.

    `steps [T]`, `samples [T, N, 2]`, `real [N, 2]`, `scores [T, g, g]` with each frame's median removed, on
    `grid_x [g]`, `grid_y [g]`, `slopes [T, h, h, 2]` on `slope_x [h]`, `slope_y [h]`; `view` is
    (left, right, bottom, top); `note` says what is missing, if anything. `optimal [T, g, g]` is the optimal critic
    against each frame's points, its median removed, NaN where nothing is best; of older recordings `[1, g, g]`, against
    the last frame's; None where it is not known. `boundary [T]` is the height in `scores` of the score at which the
    critic cannot tell, None where the objective has none or the recording does not say it. `points` says how many of the
    points are drawn, all or 200 of either cloud or none; `rings` where the target has modes and what is due there.
    `critic_kept` is False for a seed of which only points were recorded: its scores and slopes are NaN.
    """

    recording: Recording
    steps: np.ndarray
    samples: np.ndarray
    real: np.ndarray
    scores: np.ndarray
    grid_x: np.ndarray
    grid_y: np.ndarray
    slopes: np.ndarray
    slope_x: np.ndarray
    slope_y: np.ndarray
    view: Window
    note: str
    optimal: np.ndarray | None = None
    boundary: np.ndarray | None = None
    points: Points = "all"
    rings: Rings | None = None
    critic_kept: bool = True
    counted: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    def shares(self, frame: int) -> np.ndarray:
        """The shares [K] of a frame's generated points that are on each mode, counted once: several panels show them."""
        assert self.rings is not None
        if frame not in self.counted:
            self.counted[frame] = self.rings.shares(self.samples[frame])
        return self.counted[frame]

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Places of real points [K, 2] and radii [K], as `rings_of_places`; none beside rings of modes, or without all points."""
        drawn = self.real if self.rings is None and self.points == "all" else self.real[:0]
        return rings_of_places(drawn, self.view)

    @property
    def last(self) -> int:
        """Index of the last frame that can be drawn."""
        return len(self.steps) - 1

    @property
    def optimal_moves(self) -> bool:
        """Whether every frame has its own optimal critic."""
        return self.optimal is not None and len(self.optimal) == len(self.steps)


def scene(recording: Recording, points: Points = "all") -> Scene:
    """Take from a recording what its portrait seed shows, with so many of its points."""
    frames, critic_kept = recording.frames, "scores" in recording.frames
    finite, score = finite_frames(frames), recording.facts.summary.boundary
    kept = slice(0, max(finite, 1))
    samples, scores, slopes = (seen_of(frames, name)[kept] for name in ("samples", "scores", "slopes"))
    if not finite:  # nothing to show but the real points: a flat critic, no generated point
        samples = np.full_like(samples, np.nan)
        scores, slopes = (np.zeros_like(values) if critic_kept else values for values in (scores, slopes))
    view = view_of(frames)
    return Scene(
        recording=recording,
        steps=np.asarray(frames["step"][kept], int),
        samples=samples,
        real=np.asarray(frames["real"], float),
        scores=without_offset(scores) if critic_kept else scores,
        grid_x=frames["grid_x"],
        grid_y=frames["grid_y"],
        slopes=slopes,
        slope_x=frames["slope_x"],
        slope_y=frames["slope_y"],
        view=view,
        note=missing(recording, finite),
        optimal=optimal_scores(frames, finite),
        boundary=score - np.median(scores, axis=(1, 2)) if critic_kept and score is not None else None,
        critic_kept=critic_kept,
        points=points,
        rings=rings_of(frames, view),
    )


def view_of(frames: Arrays) -> Window:
    """Left, right, bottom and top of the plane's window."""
    x, y = frames["grid_x"], frames["grid_y"]
    return float(x[0]), float(x[-1]), float(y[0]), float(y[-1])


def seen_of(frames: Arrays, name: str) -> np.ndarray:
    """What is kept of the first seed under a name [T, ...]; scores and slopes of a critic that was not kept are NaN."""
    if name in frames:
        return np.asarray(frames[name][:, 0], float)
    x, y, more = ("slope_x", "slope_y", (2,)) if name == "slopes" else ("grid_x", "grid_y", ())
    return np.full((len(frames["step"]), len(frames[y]), len(frames[x]), *more), np.nan)


def no_critic(recording: Recording) -> str:
    """What is said in place of a critic that was not kept."""
    seed = recording.facts.portrait
    if recording.facts.is_recorded:
        return f"No critic of seed {seed} was recorded: its points alone are shown."
    return f"The critic of seed {seed} was not kept: its points alone are shown."


def finite_frames(frames: Arrays, s: int = 0) -> int:
    """How many frames a seed, the portrait's or one at another place, lives before the first value that is not finite."""
    kept = [frames[name] for name in ("samples", "scores", "slopes") if name in frames]
    parts = [table[:, s] for table in kept if s < table.shape[1]]
    usable = np.array([all(np.all(np.abs(part[t]) < HUGE) for part in parts) for t in range(len(frames["step"]))])
    return len(usable) if usable.all() else int(np.argmin(usable))


def missing(recording: Recording, finite: int) -> str:
    """One sentence when the portrait seed was lost on the way, else nothing."""
    step, seed = recording.frames["step"], recording.facts.portrait
    if finite == len(step):
        return ""
    if finite == 0:
        return f"seed {seed} has no finite frame: only the real points are shown"
    return f"seed {seed} diverged: shown at step {step[finite - 1]}, its last finite frame"


def without_offset(scores: np.ndarray) -> np.ndarray:
    """Subtract each frame's median from [T, g, g]: an offset says nothing; a spread within rounding counts as none."""
    centred = scores - np.median(scores, axis=(1, 2), keepdims=True)
    noise = ROUNDING * np.abs(scores).max(axis=(1, 2), keepdims=True)
    flat = np.abs(centred).max(axis=(1, 2), keepdims=True) <= noise
    return np.where(flat, 0.0, centred)


def boundary_lines(scene: Scene, frame: int) -> list[np.ndarray]:
    """The decision boundary of a frame in the plane, as lines [n, 2]; none where the critic is on one side everywhere."""
    if scene.boundary is None:
        return []
    lines = contour_generator(scene.grid_x, scene.grid_y, scene.scores[frame]).lines(float(scene.boundary[frame]))
    return list(lines)  # type: ignore[arg-type]


def optimal_scores(frames: Arrays, finite: int) -> np.ndarray | None:
    """The optimal critic of the finite frames [T, g, g]; of an older recording that of its last one, [1, g, g]."""
    known = frames.get("optimal_scores")
    old = known is not None and known.ndim == 3
    if known is None or not finite or (old and finite < len(frames["step"])):
        return None
    scores = np.stack([bounded(frame) for frame in (known[:1] if old else known[:finite, 0])])
    return scores if np.isfinite(scores[-1]).any() else None


def bounded(scores: np.ndarray) -> np.ndarray:
    """Scores [g, g] with their median removed, but for steps; infinite ones lie one step beyond the finite ones."""
    scores = np.asarray(scores, float)
    finite = scores[np.abs(scores) < HUGE]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    step = (high - low) / 10 or 1.0
    known: np.ndarray = np.clip(scores, low - step, high + step)
    return known if stepped(finite) else known - np.nanmedian(known)


def stepped(scores: np.ndarray) -> bool:
    """Whether scores [n] are a few levels, as a sign's: then the levels themselves say something; so for none at all."""
    return len(scores) == 0 or 2 <= len(np.unique(scores)) <= 3


def endless(frames: Arrays) -> bool:
    """Whether an optimal score is infinite."""
    return bool(np.isinf(frames["optimal_scores"]).any())


def optimum_in_words(recording: Recording) -> str:
    """How the optimal critic was found, how well the learned one agrees, and what the comparison leaves open."""
    how, ceiling = optimum_of(recording).how, recording.facts.portrait_row.get("slope_alignment_ceiling")
    told = f"The optimal critic: {how}.{agreement(recording)}"
    told += " Here p is the density of real points, q that of generated ones." * bool(re.search(DENSITIES, how))
    told += " Far from both it compares tails, and says little." * (ESTIMATED in how)
    if not exact_transport(recording):
        return told
    told += " A constant is free, and away from the points it is not unique."
    if ceiling is not None:
        told += f" Found anew from as many fresh points, its slopes agree to {number(ceiling)}: a critic can hardly do better."
    return told


def agreement(recording: Recording) -> str:
    """How well the learned critic agrees with the optimal one in the end: where there is mass, or as was once told."""
    values = recording.curve("optimal_correlation")
    if values is not None and np.isfinite(values[-1, 0]):
        return f" Correlation with the learned critic at real and generated points: {hundredths(values[-1, 0])}."
    known = optimum_of(recording).correlation
    return "" if known is None else f" Correlation with the learned critic in this window: {hundredths(known)}."


def hundredths(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def optimum_label(recording: Recording) -> str:
    """What the colours of the optimal critic's panel stand for."""
    drawn = optimum_of(recording).drawn
    if drawn or endless(recording.frames):
        return drawn or "its score, infinite ones cut off"
    last = np.asarray(recording.frames["optimal_scores"][-1], float)
    return "its score" if stepped(last[np.abs(last) < HUGE]) else "its score, median removed"


def optimum_of(recording: Recording) -> Optimal:
    """What the run tells about the optimal critic; nothing in particular before its end."""
    return recording.facts.summary.optimal or Optimal()


def no_optimum(recording: Recording) -> str:
    """Why no optimal critic is drawn of a run, in a clause."""
    return recording.facts.summary.no_optimum or UNKNOWN


def exact_transport(recording: Recording) -> bool:
    """Whether the optimal critic is the one of exact transport."""
    return recording.facts.decided_by == "potential"


def score_range(scores: Sequence[np.ndarray] | np.ndarray) -> tuple[float, float]:
    """Lowest and highest score that one colour scale has to tell apart in [T, g, g].

    Outliers are left aside, and so is the wildest quarter of the frames: a range often shrinks tenfold over a run.
    """
    known = [frame[np.isfinite(frame)] for frame in scores]
    ranges = [np.percentile(frame, [1, 99]) for frame in known if len(frame)] or [np.zeros(2)]
    lows, highs = np.transpose(ranges)
    low, high = float(np.percentile(lows, 25)), float(np.percentile(highs, 75))
    spare = max(1.0, 1e-6 * abs(low))  # in float64 a huge score and its neighbours are one number
    return (low, high) if high > low else (low - spare, high + spare)


def steepest(slopes: np.ndarray) -> float:
    """The steepness of a full-length arrow: in three of four frames, 95 % of the slopes [T, h, h, 2] are gentler.

    Rounded to two digits, to be read off a scale; 1 where nothing slopes.
    """
    steep = np.percentile(np.percentile(np.hypot(slopes[..., 0], slopes[..., 1]), 95, axis=(1, 2)), 75)
    return float(f"{steep:.2g}") or 1.0


def drawn_of(points: np.ndarray, drawn: Points) -> np.ndarray:
    """Those of points [N, 2] that are drawn: all, the first 200, as good as any others, or none."""
    return points[: {"all": len(points), "thin": THIN, "none": 0}[drawn]]


def inside(points: np.ndarray, view: Window) -> np.ndarray:
    """Which points [N, 2] lie in the view; those that are not finite do not."""
    left, right, bottom, top = view
    x, y = points[:, 0], points[:, 1]
    return (left <= x) & (x <= right) & (bottom <= y) & (y <= top)


def outside_share(points: np.ndarray, view: Window) -> str:
    """Say how many generated points [N, 2] the view does not show, or nothing when it shows all."""
    share = 1.0 - float(np.mean(inside(points, view))) if np.isfinite(points).any() else 0.0
    return f"{percent(share)} of points out of view" if share else ""


def real_in_words(shown: Scene) -> str:
    """What must be known of the real points: a share that is not drawn, what rings are, and a unit that is not the file's."""
    share, target = 1.0 - float(np.mean(inside(shown.real, shown.view))), shown.recording.facts.config.get("target")
    told = []
    if share > 0:
        told.append(
            f"{percent(share)} of the real points lie outside the view and are not drawn; x and y in [view] widen it."
        )
    if len(shown.places[0]):
        told.append(PLACED)
    scale = target.get("scale") if isinstance(target, dict) and target.get("normalise") else None
    if isinstance(scale, int | float):
        length = f"A length of {number(scale)}, on axes and in measures,"
        told.append(f"{length} is the root mean square radius of the file's points.")
    return " ".join(told)


def title_of(recording: Recording) -> str:
    """The scenario's title and the method's name."""
    return f"{recording.facts.title} · {recording.facts.method}"


def seeds_of(recording: Recording) -> str:
    """Which seed is shown, and of which ones."""
    seeds = recording.facts.seeds
    return f"seed {seeds[0]}" + (f" shown of {seeds_in_words(sorted(seeds))}" if len(seeds) > 1 else " (the only one)")


def seeds_in_words(seeds: Sequence[int]) -> str:
    """List the seeds, a long run of neighbours as a range."""
    if len(seeds) > 4 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}–{seeds[-1]}"
    return ", ".join(map(str, seeds))


def events_of(recording: Recording) -> list[Milestone]:
    """Diagnosed events, the earliest first: step, label, seeds and evidence of those that agree in both."""
    found: dict[tuple[int, str], list[Event]] = {}
    for event in recording.facts.events:
        found.setdefault((event.step, event.label), []).append(event)
    return [
        Milestone(*key, sorted(one.seed for one in alike), "; ".join(dict.fromkeys(one.evidence for one in alike)))
        for key, alike in sorted(found.items())
    ]
