"""What a recording shows, as arrays and words: cut at the last finite frame, offsets removed. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from contourpy import contour_generator

from toygan.files.disk import Arrays
from toygan.session.recording import Recording, decided_by

HUGE = 1e30  # beyond this, differences and squares of float32 overflow: as good as infinite
ROUNDING = 1e-6  # a float32 score carries about this share of noise

View = tuple[float, float, float, float]


class Milestone(NamedTuple):
    """What was diagnosed at a step, and in which seeds."""

    step: int
    label: str
    seeds: list[int]


@dataclass(frozen=True)
class Scene:
    """The portrait seed of one run, up to its last finite frame.

    `steps [T]`, `samples [T, N, 2]`, `real [N, 2]`, `scores [T, g, g]` with each frame's median removed, on
    `grid_x [g]`, `grid_y [g]`, `slopes [T, h, h, 2]` on `slope_x [h]`, `slope_y [h]`; `view` is
    (left, right, bottom, top); `note` says what is missing, if anything. `optimal [T, g, g]` is the optimal critic
    against each frame's points, its median removed, NaN where nothing is best; of older recordings `[1, g, g]`, against
    the last frame's; None where it is not known. `boundary [T]` is the height in `scores` of the score at which the
    critic cannot tell, None where the objective has none or the recording does not say it.
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
    view: View
    note: str
    optimal: np.ndarray | None = None
    boundary: np.ndarray | None = None

    @property
    def last(self) -> int:
        """Index of the last frame that can be drawn."""
        return len(self.steps) - 1

    @property
    def optimal_moves(self) -> bool:
        """Whether every frame has its own optimal critic."""
        return self.optimal is not None and len(self.optimal) == len(self.steps)


def scene(recording: Recording) -> Scene:
    """Take from a recording what its portrait seed shows."""
    frames = recording.frames
    finite = finite_frames(frames)
    kept = slice(0, max(finite, 1))
    samples, scores, slopes = (np.asarray(frames[name][kept, 0], float) for name in ("samples", "scores", "slopes"))
    if not finite:  # nothing to show but the real points: a flat critic, no generated point
        samples, scores, slopes = np.full_like(samples, np.nan), np.zeros_like(scores), np.zeros_like(slopes)
    grid_x, grid_y = frames["grid_x"], frames["grid_y"]
    return Scene(
        recording=recording,
        steps=np.asarray(frames["step"][kept], int),
        samples=samples,
        real=np.asarray(frames["real"], float),
        scores=without_offset(scores),
        grid_x=grid_x,
        grid_y=grid_y,
        slopes=slopes,
        slope_x=frames["slope_x"],
        slope_y=frames["slope_y"],
        view=(float(grid_x[0]), float(grid_x[-1]), float(grid_y[0]), float(grid_y[-1])),
        note=missing(recording, finite),
        optimal=optimal_scores(frames, finite),
        boundary=boundary_heights(recording, scores),
    )


def finite_frames(frames: Arrays) -> int:
    """How many frames the portrait seed lives before the first value that is not finite."""
    parts = [frames[name][:, 0] for name in ("samples", "scores", "slopes")]
    usable = np.array([all(np.all(np.abs(part[t]) < HUGE) for part in parts) for t in range(len(frames["step"]))])
    return len(usable) if usable.all() else int(np.argmin(usable))


def missing(recording: Recording, finite: int) -> str:
    """One sentence when the portrait seed was lost on the way, else nothing."""
    step, seed = recording.frames["step"], recording.facts["seeds"][0]
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


def boundary_heights(recording: Recording, scores: np.ndarray) -> np.ndarray | None:
    """How far above each frame's median [T] of scores [T, g, g] the score lies at which the critic cannot tell."""
    score = boundary_of(recording)
    return None if score is None else score - np.median(scores, axis=(1, 2))


def boundary_of(recording: Recording) -> float | None:
    """The score at which the objective's critic cannot tell; None where there is none, and in older recordings."""
    score = summary_of(recording).get("boundary")
    return None if score is None else float(score)


def boundary_lines(scene: Scene, frame: int) -> list[np.ndarray]:
    """The decision boundary of a frame in the plane, as lines [n, 2]; none where the critic is on one side everywhere."""
    if scene.boundary is None:
        return []
    found: list[np.ndarray] = contour_generator(scene.grid_x, scene.grid_y, scene.scores[frame]).lines(
        float(scene.boundary[frame])
    )  # type: ignore[assignment]
    return found


def optimal_scores(frames: Arrays, finite: int) -> np.ndarray | None:
    """The optimal critic of the finite frames [T, g, g]; of an older recording that of its last one, [1, g, g]."""
    known = frames.get("optimal_scores")
    if known is None or not finite:
        return None
    old = known.ndim == 3
    if old and finite < len(frames["step"]):
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


def is_stepped(frames: Arrays) -> bool:
    """Whether the optimal scores of the last frame are a few levels."""
    scores = np.asarray(frames["optimal_scores"][-1], float)
    return stepped(scores[np.abs(scores) < HUGE])


def endless(frames: Arrays) -> bool:
    """Whether an optimal score is infinite."""
    return bool(np.isinf(frames["optimal_scores"]).any())


def optimum_in_words(recording: Recording) -> str:
    """How the optimal critic was found, how well the learned one agrees, and what the comparison leaves open."""
    how = str(optimum_of(recording).get("how", "known"))
    free = " A constant is free, and away from the points it is not unique." if exact_transport(recording) else ""
    return f"The optimal critic: {how}.{agreement(recording)}{free}{slopes_in_words(recording)}"


def slopes_in_words(recording: Recording) -> str:
    """How well slopes can agree with exact transport at the end with so many points, where they are compared."""
    ceiling = alignment_ceiling(recording) if exact_transport(recording) else None
    return "" if ceiling is None else f" Slopes of the potential of as many fresh points agree to {number(ceiling)}."


def alignment_ceiling(recording: Recording) -> float | None:
    """The slope alignment that the potential of fresh points reaches at the end of the portrait seed, where it is known."""
    row: dict[str, Any] = next(iter(summary_of(recording).get("seeds") or []), {})
    return row.get("slope_alignment_ceiling")


def agreement(recording: Recording) -> str:
    """How well the learned critic agrees with the optimal one in the end: where there is mass, or as was once told."""
    values = values_of(recording, "optimal_correlation")
    if values is not None and np.isfinite(values[-1, 0]):
        return f" Correlation with the learned critic at real and generated points: {values[-1, 0]:.2f}."
    known = optimum_of(recording).get("correlation")
    return "" if known is None else f" Correlation with the learned critic in this window: {known:.2f}."


def optimum_label(recording: Recording) -> str:
    """What the colours of the optimal critic's panel stand for."""
    drawn = str(optimum_of(recording).get("drawn", ""))
    if drawn or endless(recording.frames):
        return drawn or "its score, infinite ones cut off"
    return "its score" if is_stepped(recording.frames) else "its score, median removed"


def optimum_of(recording: Recording) -> dict[str, Any]:
    """What the run tells about the optimal critic, empty before its end."""
    found: dict[str, Any] = summary_of(recording).get("optimal") or {}
    return found


def exact_transport(recording: Recording) -> bool:
    """Whether the optimal critic is the one of exact transport."""
    return decided_by(recording.facts) == "potential"


def score_range(scores: np.ndarray) -> tuple[float, float]:
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


def inside(points: np.ndarray, view: View) -> np.ndarray:
    """Which points [N, 2] lie in the view; those that are not finite do not."""
    left, right, bottom, top = view
    x, y = points[:, 0], points[:, 1]
    return (left <= x) & (x <= right) & (bottom <= y) & (y <= top)


def outside_share(points: np.ndarray, view: View) -> str:
    """Say how many generated points [N, 2] the view does not show, or nothing when it shows all."""
    share = 1.0 - float(np.mean(inside(points, view))) if np.isfinite(points).any() else 0.0
    return f"{share_of_one(share)} of generated outside the view" if share else ""


def values_of(recording: Recording, measure: str) -> np.ndarray | None:
    """A measure [T, S] with NaN for whatever is not finite, or None when no value of it is known."""
    table = recording.metrics.get(measure)
    if table is None:
        return None
    clean = np.where(np.abs(table) < HUGE, table, np.nan)
    return clean if np.isfinite(clean).any() else None


def title_of(recording: Recording) -> str:
    """The scenario's title and the method's name."""
    return f"{recording.facts.get('title') or recording.facts['scenario']} · {recording.facts['method']}"


def seeds_of(recording: Recording) -> str:
    """Which seed is shown, and of which ones."""
    seeds = recording.facts["seeds"]
    return f"seed {seeds[0]}" + (f" shown of {named(seeds)}" if len(seeds) > 1 else " (the only one)")


def named(seeds: Sequence[int]) -> str:
    """List the seeds, a long run of neighbours as a range."""
    if len(seeds) > 4 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}–{seeds[-1]}"
    return ", ".join(map(str, seeds))


class Perfect(NamedTuple):
    """What fresh points of the target itself score in a measure against a run's own real points: mean and spread, and
    the ends of the band that holds 90 % of such samplers. Older recordings know no band, only pairs' mean and spread.
    """

    mean: float
    spread: float
    low: float
    high: float


def perfect(recording: Recording, measure: str, when: str = "frame") -> Perfect | None:
    """What a perfect generator scores in a measure at a frame's or the final number of points, where it is known."""
    known = (recording.facts.get("floors") or {}).get(when, {}).get(measure) or {}
    mean, spread = known.get("mean"), float(known.get("spread") or 0.0)
    low, high = known.get("low"), known.get("high")
    if mean is None:
        return None
    if low is None or high is None:
        low, high = max(mean - spread, mean / 10), mean + spread
    return Perfect(float(mean), spread, float(low), float(high))


def is_band(recording: Recording, measure: str, when: str = "frame") -> bool:
    """Whether the recording knows the band of perfect samplers, as older ones do not."""
    return (recording.facts.get("floors") or {}).get(when, {}).get(measure, {}).get("low") is not None


def w1_at(recording: Recording, frame: int) -> str:
    """The portrait seed's W1 at one frame, with its floor."""
    w1, floor = values_of(recording, "w1"), values_of(recording, "w1_floor")
    if w1 is None or not np.isfinite(w1[frame, 0]):
        return "W1 not measured"
    known = floor is not None and np.isfinite(floor[frame, 0])
    best = perfect(recording, "w1")
    if best is None and known and floor is not None:
        best = Perfect(float(floor[frame, 0]), 0.0, float(floor[frame, 0]), float(floor[frame, 0]))
    told = f" (floor {in_numbers(best, is_band(recording, 'w1'))})" if best else ""
    return f"W1 {number(w1[frame, 0])}{told}"


def in_numbers(best: Perfect, band: bool) -> str:
    """A floor with its band, or with its spread where no band is known."""
    if band and best.high > best.low:
        return f"{number(best.mean)}, {number(best.low)}–{number(best.high)}"
    return number(best.mean) + (f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{best.spread:#.2g}" if best.spread else "")


def modes_at(recording: Recording, frame: int) -> list[str]:
    """The portrait seed's modes and high-quality share at one frame, as far as they are known, with their ceilings."""
    modes, quality = values_of(recording, "modes"), values_of(recording, "high_quality")
    centres = recording.frames.get("mode_centres")
    parts = []
    if modes is not None and np.isfinite(modes[frame, 0]):
        known = f" of {len(centres)}" if centres is not None else ""
        parts.append(f"{modes[frame, 0]:.0f}{known} mode{'s' if centres is None or len(centres) != 1 else ''}")
    if quality is not None and np.isfinite(quality[frame, 0]):
        parts.append(f"{share_of_one(quality[frame, 0])} high quality{ceiling(recording, 'high_quality')}")
    return parts


def ceiling(recording: Recording, measure: str) -> str:
    """The best a perfect sampler reaches in a share, where the recording knows it."""
    best = perfect(recording, measure)
    return "" if best is None else f" (ceiling {share_of_one(best.mean)})"


def range_over_seeds(recording: Recording, frame: int) -> str:
    """The span of W1 over all seeds at one frame, lost seeds counted."""
    w1 = values_of(recording, "w1")
    if w1 is None or w1.shape[1] < 2:
        return ""
    known = w1[frame][np.isfinite(w1[frame])]
    lost = w1.shape[1] - len(known)
    span = f"{len(known)} seeds: {number(known.min())}–{number(known.max())}" if len(known) else ""
    return span + (f", {lost} without a value" if lost and len(known) else "")


def final_measures(recording: Recording, frame: int) -> str:
    """The measures at one frame in one line, with their floors."""
    parts = [w1_at(recording, frame), range_over_seeds(recording, frame), *modes_at(recording, frame)]
    return " · ".join(part for part in parts if part)


FINAL = {  # measures of the end that a sheet tells, their names there, and whether they are shares
    "w1": ("W1", False),
    "js": ("JS", False),
    "tv": ("TV", False),
    "kl": ("KL", False),
    "reverse_kl": ("reverse KL", False),
    "mode_mass_tv": ("imbalance of modes", False),
    "high_quality": ("high quality", True),
    "on_skeleton": ("on the curve", True),
    "skeleton_coverage": ("curve covered", True),
    "precision": ("precision", True),
    "recall": ("recall", True),
    "density": ("density", False),
    "coverage": ("coverage", True),
}


def final_points(recording: Recording) -> str:
    """The portrait seed's measures on fresh points after the end, each with what a perfect generator scores."""
    summary = summary_of(recording)
    row: dict[str, Any] = next(iter(summary.get("seeds") or []), {})
    told = [final_measure(recording, name, row[name]) for name in FINAL if row.get(name) is not None]
    if not told or "points" not in summary:
        return ""
    few = f"W1, KL and neighbours on {summary['w1_points']}"
    points = f"{summary['points']} fresh points ({few}), in brackets what the target itself scores"
    return f"On {points}: {', '.join(told)}."


def final_measure(recording: Recording, name: str, value: float) -> str:
    """One measure of the end beside what a perfect generator scores."""
    label, is_share = FINAL[name]
    write, best = (share_of_one if is_share else number), perfect(recording, name, "final")
    error = ", which is the estimate's error," if value < 0 and name in ESTIMATED else ""
    return f"{label} {write(value)}{error}" + (f" ({write(best.mean)})" if best else "")


ESTIMATED = ("kl", "reverse_kl")  # no divergence is negative, but an estimate from neighbours may be


def summary_of(recording: Recording) -> dict[str, Any]:
    """What the run tells about its end, empty before it."""
    summary: dict[str, Any] = recording.facts.get("summary") or {}
    return summary


def diagnosis_of(recording: Recording) -> str:
    """The diagnosis in sentences."""
    return " ".join(summary_of(recording).get("diagnosis") or [])


def events_of(recording: Recording) -> list[Milestone]:
    """Diagnosed events, the earliest first: step, label and seeds of those that agree in both."""
    seeds: dict[tuple[int, str], list[int]] = {}
    for event in recording.facts.get("events") or []:
        seeds.setdefault((int(event["step"]), str(event["label"])), []).append(int(event["seed"]))
    return [Milestone(step, label, sorted(members)) for (step, label), members in sorted(seeds.items())]


def event_in_words(event: Milestone) -> str:
    """What, when and in which seeds."""
    return f"{event.label} at step {event.step} (seed{'s' if len(event.seeds) > 1 else ''} {named(event.seeds)})"


def number(value: float) -> str:
    """Three digits are what a toy measure is good for, trailing zeros included."""
    return ("\N{MINUS SIGN}" if value < 0 else "") + f"{abs(value):#.3g}".rstrip(".")


def share_of_one(share: float) -> str:
    """A share in per cent; a small one is not rounded to none, nor a large one to all."""
    if 0 < share < 0.01 or 0.99 < share < 1:
        told = f"{100 * share:.1f}" if 0.0005 <= share < 0.9995 else "< 0.1" if share < 0.5 else "> 99.9"
    else:
        told = f"{100 * share:.0f}"
    return f"{told}\N{NO-BREAK SPACE}%"
