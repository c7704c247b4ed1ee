"""A recording as scripts for a page: points in 12 bits, critics and slopes in 8, zipped, in base64.

A page opened from disk may not fetch, but it may add a script; so a data file is one call,
`toygan.arrive(header, text)`. `header.frames` lists the page's frames it holds, `header.modes` how many of the points are
on each mode at these, and `header.parts` what the unzipped bytes are, one part after the other:

    motion  [T, N, 2]  uint16, 0 where a point is out of view, else 1 + 4094 * its share of the view; differences
                       in time, zigzag, all low bytes before all high ones
    field   [T, r, c]  uint8, 0 where unknown, else 1 + 254 * (value - low) / (high - low) with each frame's own low
                       and high; differences along x, then y, then time, modulo 256
    kinds   [T, r, c]  uint8, whole numbers as they are; differences in time, modulo 256
    arrows  [T, r, c, 2]  int8, 127 * component / high with each frame's own high; differences along x, modulo 256
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from toygan.draw.companions import extras_of, said_by_head, scores_by_class
from toygan.draw.worlds import ARROWS
from toygan.files.disk import Arrays
from toygan.quantities.divergences import Window
from toygan.session.recording import Recording
from toygan.view.scene import Scene, bounded, finite_frames, scene, view_of, without_offset
from toygan.view.shares import rings_of

MOST_FRAMES = 61
MOST_POINTS = 1000
OTHER_POINTS, OTHER_FRAMES = 200, 2  # of each seed without a kept critic, every second frame: a tenth of the bytes
LATENT = 2  # every second line of the latent map
EVERY = 3  # of scores by class every third look is on a page: a third of the bytes
MOST_CLASSES = 12  # classes whose critics are on a page
OUTSIDE = 0.5  # of the view on each side: how far arrows and lines reach beyond it
FIELD = 64  # cells a side of a critic on a page
TOP, LEVELS, REACH = 4094, 254, 127  # steps of 12 bits with one code kept for "none", of 8 bits with one, and of a sign


class Part(NamedTuple):
    """One array in bytes: how it is coded and, for fields and arrows, each frame's ends."""

    name: str
    kind: str
    shape: Sequence[int]
    content: bytes
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def packed_runs(recording: Recording) -> Iterator[tuple[int, bytes]]:
    """A run's data files with the seed's place: of the first seeds all that was kept, of every other one fewer points."""
    kept, critics, view = kept_frames(recording), critics_of(recording.frames), view_of(recording.frames)
    shown = scene(recording)
    for s in range(recording.frames["samples"].shape[1]):
        some = sorted({*range(0, len(kept), 1 if s < critics else OTHER_FRAMES), len(kept) - 1})
        most = MOST_POINTS if s < critics else OTHER_POINTS
        parts = [motion("points", recording.frames["samples"][kept[some], s, :most], view)]
        if s < critics:
            parts += inner_parts(recording, kept, s)
        parts += extra_parts(shown, kept[some], s, view)
        if s == 0:
            parts.append(motion("real", recording.frames["real"][None, :MOST_POINTS], view))  # they never move
            parts += inner_extra_parts(shown, alive_of(recording, kept)) if critics else []
        yield s, script(parts, some, on_modes(recording.frames, kept[some], s))


def on_modes(frames: Arrays, kept: np.ndarray, s: int) -> Mapping[str, Any] | None:
    """How many of all recorded points of a seed are on each mode at some frames, `counts` [T, K] of `of`."""
    rings, samples = rings_of(frames, view_of(frames)), frames["samples"]
    if rings is None:
        return None
    of = samples.shape[2]
    return {"of": of, "counts": [np.rint(of * rings.shares(samples[t, s])).astype(int).tolist() for t in kept]}


def kept_frames(recording: Recording) -> np.ndarray:
    """Which frames [T] a page has: all, or 61 evenly spread over more."""
    total = len(recording.frames["step"])
    return np.asarray(np.unique(np.linspace(0, total - 1, min(total, MOST_FRAMES)).round().astype(int)))


def critics_of(frames: Arrays) -> int:
    """Of how many seeds, the first ones, critics were kept."""
    return int(frames["scores"].shape[1]) if "scores" in frames else 0


def inner_parts(recording: Recording, kept: np.ndarray, s: int) -> list[Part]:
    """The critic, its slopes, the optimal critic and the latent map of one portrait seed, as far as they are known."""
    frames = recording.frames
    alive = alive_of(recording, kept)
    parts = [
        field("scores", without_offset(zero_where_unknown(frames["scores"][alive, s]))),
        arrows("slopes", zero_where_unknown(frames["slopes"][alive, s])),
    ]
    if "optimal_scores" in frames:
        parts.append(field("optimal", optimal_fields(frames["optimal_scores"], kept, s)))
    if "latent_map" in frames and frames["latent_map"].shape[1] > s:
        cells = frames["latent_map"][kept, s, ::LATENT, ::LATENT]
        parts.append(motion("latent", cells.reshape(len(kept), -1, 2), view_of(frames), margin=0.5))
    return parts


def alive_of(recording: Recording, kept: np.ndarray, s: int = 0) -> np.ndarray:
    """Those of the kept frames that a seed, the portrait's or one at another place, lives, at least one."""
    return kept[: max(int(np.searchsorted(kept, finite_frames(recording.frames, s))), 1)]


def optimal_fields(scores: np.ndarray, kept: np.ndarray, s: int) -> np.ndarray:
    """One seed's optimal critic [T, g, g], or [1, g, g] of the last frame; no offsets, infinity a step beyond the rest."""
    over_time = scores[kept, s] if scores.ndim == 4 else scores[[s]]
    return np.stack([bounded(frame) for frame in np.asarray(over_time, float)])


def zero_where_unknown(values: np.ndarray) -> np.ndarray:
    """The same in float64, 0 for what is not finite."""
    return np.nan_to_num(np.asarray(values, float), nan=0.0, posinf=0.0, neginf=0.0)


# --- what further players, classes and a second world show ------------------------------------------------------------


def shown_extras(shown: Scene) -> list[str]:
    """The panels of a run that a page shows: all that it has, but critics of very many classes."""
    many = classes_scored(shown) > MOST_CLASSES
    return [name for name in extras_of(shown) if name != "classes" or not many]


def classes_scored(shown: Scene) -> int:
    """Of how many classes a critic's scores were kept."""
    scores = shown.recording.frames.get("class_scores")
    return 0 if scores is None else int(scores.shape[2])


def extra_parts(shown: Scene, kept: np.ndarray, s: int, view: Window) -> Iterator[Part]:
    """What a page needs of a seed at its place for these panels, at the kept looks."""
    frames, names = shown.recording.frames, set(shown_extras(shown))
    for name, part in (("reconstructed", "found"), ("other_reconstructed", "again")):
        if {"reconstructions", "worlds"} & names and name in frames:
            yield motion(part, frames[name][kept, s, :ARROWS], view, OUTSIDE)
    if {"worlds", "pairs"} & names:
        yield motion("world", frames["other_real"][None, s, :MOST_POINTS], view)
    if "way" in names:
        yield motion("way", frames["way"][kept, s], view, OUTSIDE)
        yield motion("exact_way", np.asarray(frames["exact_way"])[None], view, OUTSIDE)
    if "pairs" in names:
        yield motion("other", frames["other"][kept, s, :MOST_POINTS], view, OUTSIDE)


def inner_extra_parts(shown: Scene, alive: np.ndarray) -> Iterator[Part]:
    """What a page needs of the portrait seed's critic and encoder."""
    frames, names = shown.recording.frames, shown_extras(shown)
    if "classes" in names:
        scores = scores_by_class(shown)[thinned(alive, EVERY)]
        yield from (field(f"class_{c}", scores[:, c]) for c in range(scores.shape[1]))
    if "regions" in names:
        yield kinds_over_time("regions", said_by_head(shown).table[alive])
    if "code" in names:
        shares = np.asarray(frames["code_map"][alive, 0], float)
        yield from (field(f"code_{c}", shares[..., c]) for c in range(min(shares.shape[-1], 2)))


# --- codes -----------------------------------------------------------------------------------------------------------


def motion(name: str, points: np.ndarray, view: Window, margin: float = 0.0) -> Part:
    """Points [T, N, 2] in 12 bits of the view, widened on each side by a share `margin` of it."""
    codes = places(points, view, margin).astype(np.int32)
    moved = np.diff(codes, axis=0, prepend=0)
    zigzag = np.where(moved < 0, -2 * moved - 1, 2 * moved).astype("<u2").transpose(0, 2, 1)
    content = (zigzag & 255).astype(np.uint8).tobytes() + (zigzag >> 8).astype(np.uint8).tobytes()
    return Part(name, "motion", points.shape, content, (margin,))


def places(points: np.ndarray, view: Window, margin: float) -> np.ndarray:
    """Codes [..., 2] of points: 0 for both coordinates outside the view and where not finite."""
    left, right, bottom, top = view
    low = np.array([left - margin * (right - left), bottom - margin * (top - bottom)])
    size = np.array([right - left, top - bottom]) * (1 + 2 * margin)
    share = (np.asarray(points, float) - low) / size
    seen = ((share >= 0) & (share <= 1)).all(-1, keepdims=True)
    return np.where(seen, 1 + np.round(TOP * np.where(seen, share, 0.0)), 0)


def field(name: str, values: np.ndarray) -> Part:
    """Fields [T, g, g] in 8 bits between each frame's ends, on at most 64 x 64 cells."""
    small = resampled(values)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(small)
        low = np.where(known, small, np.inf).min((1, 2), keepdims=True)
        high = np.where(known, small, -np.inf).max((1, 2), keepdims=True)
    low, high = (np.where(np.isfinite(ends), ends, 0.0) for ends in (low, high))
    share = (np.where(known, small, low) - low) / np.where(high > low, high - low, 1.0)
    codes = np.where(known, 1 + np.round(LEVELS * share), 0).astype(np.uint8)
    content = stepped(codes, (2, 1, 0)).tobytes()
    return Part(name, "field", small.shape, content, digits(low.ravel()), digits(high.ravel()))


def stepped(codes: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Differences of neighbours along axes, modulo 256: small where the codes are smooth."""
    for axis in axes:
        codes = np.diff(codes, axis=axis, prepend=np.uint8(0))
    return codes


def resampled(values: np.ndarray) -> np.ndarray:
    """Fields [T, g, g] at 64 x 64 even places, linear between grid points; NaN where most of a place is unknown."""
    rows, columns = (interpolation(n) for n in values.shape[1:])
    known = np.isfinite(values)
    share = rows @ known.astype(float) @ columns.T
    total = rows @ np.where(known, values, 0.0) @ columns.T
    return np.where(share > 0.5, total / np.where(share > 0.5, share, 1.0), np.nan)


def interpolation(n: int) -> np.ndarray:
    """The matrix [min(n, 64), n] that reads a line of n values off at even places."""
    return np.stack([np.interp(np.linspace(0, n - 1, min(n, FIELD)), np.arange(n), row) for row in np.eye(n)], axis=1)


def arrows(name: str, slopes: np.ndarray) -> Part:
    """Slopes [T, h, h, 2] in 8 bits of each frame's largest component."""
    reach = np.abs(slopes).max((1, 2, 3), keepdims=True)
    codes = np.round(REACH * slopes / np.where(reach > 0, reach, 1.0)).astype(np.int8)
    content = stepped(codes.view(np.uint8), (2,)).tobytes()
    return Part(name, "arrows", slopes.shape, content, (), digits(reach.ravel()))


def kinds_over_time(name: str, values: np.ndarray) -> Part:
    """Whole numbers [T, g, g] on at most 64 x 64 cells: those of the nearest place, for kinds have nothing between them."""
    places = [np.linspace(0, n - 1, min(n, FIELD)).round().astype(int) for n in values.shape[1:]]
    small = np.asarray(values, np.uint8)[:, places[0][:, None], places[1]]
    return Part(name, "kinds", small.shape, stepped(small, (0,)).tobytes())


def thinned(looks: np.ndarray, every: int) -> np.ndarray:
    """Every so many of some looks [n], the first and the last among them."""
    count = max(round((len(looks) - 1) / every) + 1, min(len(looks), 2))
    return looks[np.linspace(0, len(looks) - 1, count).round().astype(int)]


def digits(values: np.ndarray) -> list[float]:
    """Seven digits of each number."""
    return [float(f"{value:.7g}") for value in values]


def script(parts: Sequence[Part], frames: Sequence[int], modes: Mapping[str, Any] | None = None) -> bytes:
    """The data file: the same bytes for the same run."""
    told = [{"name": one.name, "kind": one.kind, "shape": one.shape, "low": one.low, "high": one.high} for one in parts]
    header = {"frames": list(frames), "parts": told, "modes": modes}
    content = zipped(b"".join(part.content for part in parts))
    return f'toygan.arrive({as_json(header)},"{base64.b64encode(content).decode()}");\n'.encode()


def zipped(content: bytes) -> bytes:
    """As gzip without a time in its head, and without repeats where these do not pay: differences are noise of few letters."""
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY)
    presses = [zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16, 9, strategy) for strategy in strategies]
    return min((press.compress(content) + press.flush() for press in presses), key=len)


def as_json(value: Any) -> str:
    """JSON that can stand inside a script: nothing in it can end the element or open another."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))  # ASCII: no line separators of other scripts
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
