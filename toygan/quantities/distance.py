"""How far two scenarios' targets are apart: in closed form where there is one, else by quadrature, else from samples.

Every number says how it was found. One more closed form is one function here and one row in `FORMS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

from toygan.files.config import Config, as_data
from toygan.files.mistakes import Mistake, Place, UserError, shortened
from toygan.files.scenario import read
from toygan.files.strict import options
from toygan.files.world import build_target
from toygan.quantities import divergences
from toygan.quantities.transport import Metric, transport
from toygan.targets.target import Target, moved
from toygan.targets.user_files import read_points

Numbers = dict[str, "Number"]
Teller = Callable[[str], None]  # is told what is being computed, before anything that may take long

DISTANCES = {
    "w1": "Wasserstein-1",
    "w2": "Wasserstein-2",
    "js": "Jensen-Shannon",
    "kl": "KL(A | B)",
    "reverse_kl": "KL(B | A)",
    "tv": "total variation",
}
DIVERGENCES = {"js": divergences.js, "kl": divergences.kl, "reverse_kl": divergences.reverse_kl, "tv": divergences.tv}
COSTS: dict[str, tuple[Metric, int]] = {"w1": ("euclidean", 1), "w2": ("sqeuclidean", 2)}
LONE = 100_000  # points behind a distance to one atom
REPEATS = 4  # independent pairs of samples behind a sampled distance
MOST_ATOMS = 3000  # exact transport between more atoms takes too long: they are sampled
FEW_ATOMS = 300  # transport between so few takes no time
EQUAL = 1e-12  # relative: what differs by less differs by rounding
MISSED = 1e-2  # a quadrature that is off by more, the mass included, is no quadrature of this density
SETS = {0: "points", 1: "curves", 2: "an area"}


class Number(NamedTuple):
    """A distance and how it was found; NaN: not known. Sampled: `spread` (deviation of repeats), `floor` (two samples of A)."""

    value: float
    how: str
    spread: float | None = None
    floor: float | None = None


class Side(NamedTuple):
    """What a target may be known by: its `options`, itself, atoms with weights, segments [K, 2, 2].

    `dimension` is that of the set which carries its mass: 0 for points, 1 for curves, 2 for a density, else None.
    """

    options: Mapping[str, Any]
    target: Target
    atoms: tuple[np.ndarray, np.ndarray] | None
    segments: np.ndarray | None
    dimension: Literal[0, 1, 2] | None


def law(config: Config) -> Side:
    """The target of a config, with what its kind says of it."""
    target, given = build_target(config), config.target
    kind, modes = given.kind, target.modes

    def place(points: np.ndarray) -> np.ndarray:
        bones = moved(target._replace(skeleton=points, modes=None), **options(given, moved)).skeleton
        return np.asarray(bones, float)

    atoms = segments = None
    if kind == "points":
        points, counts = np.unique(place(read_points(given.path)), axis=0, return_counts=True)
        atoms = points, counts / counts.sum()
    elif modes is not None and not modes.covariances.any():
        atoms = np.asarray(modes.centres, float), modes.weights
    elif kind in ("line", "lines"):
        ends = np.array([(given.start, given.end)] if kind == "line" else given.segments, float).reshape(-1, 2)
        segments = place(ends).reshape(-1, 2, 2)
    curved = target.singular and target.skeleton is not None
    dimension: Any = 0 if atoms else 1 if curved else 2 if target.log_density and not target.singular else None
    return Side(given.model_dump(), target, atoms, segments, dimension)


def distances(a: Config, b: Config, points: int = 1000, watch: Teller = lambda _: None) -> Numbers:
    """Every distance between the targets of two configs, each from the first of `FORMS` and `COSTLY` that knows it.

    `points` are drawn of either target, four times, for those that have to be sampled.
    """
    return between_laws(law(a), law(b), points, watch)


def between_laws(one: Side, other: Side, points: int, watch: Teller) -> Numbers:
    found: Numbers = {}
    if one.atoms and other.atoms and min(len(one.atoms[0]), len(other.atoms[0])) > FEW_ATOMS:
        watch(f"exact, {len(one.atoms[0])} atoms against {len(other.atoms[0])}")
    for form in FORMS:
        found = form(one, other) | found
    for doing, way in COSTLY:
        missing = [name for name in DISTANCES if name not in found]
        if missing:
            watch(f"{', '.join(missing)} {doing}")
        found = way(one, other, missing, points) | found
    return {name: found[name] for name in DISTANCES}


def all_of(values: Mapping[str, float], how: str) -> Numbers:
    return {name: Number(float(value), how) for name, value in values.items()}


# --- closed forms ----------------------------------------------------------------------------------------------------


def same(one: Side, other: Side) -> Numbers:
    return all_of(dict.fromkeys(DISTANCES, 0.0), "closed form: the same target") if one.options == other.options else {}


def shifted(one: Side, other: Side) -> Numbers:
    """A target and its own shift by s: W1 = W2 = |s|. Moving all by s costs that much, a slope of 1 along s sees it."""
    fixed = [{name: value for name, value in side.options.items() if name != "shift"} for side in (one, other)]
    if fixed[0] != fixed[1]:
        return {}
    gap = math.dist(one.options["shift"], other.options["shift"])
    return all_of({"w1": gap, "w2": gap}, "closed form: the same target, shifted")


def gaussians(one: Side, other: Side) -> Numbers:
    """Two Gaussians: W2 (Olkin and Pukelsheim, 1982), KL, and for equal shapes or one centre more."""
    single = [modes for side in (one, other) if (modes := side.target.modes) is not None and len(modes.centres) == 1]
    if len(single) < 2:
        return {}
    (c, first), (d, second) = ((modes.centres[0], modes.covariances[0]) for modes in single)
    root = square_root(first)
    crossed = square_root(root @ second @ root)
    squared = float((c - d) @ (c - d) + np.trace(first + second - 2 * crossed))
    found = {"w2": math.sqrt(max(0.0, squared))}
    if one.dimension == other.dimension == 2:
        found |= {"kl": gaussian_kl(c, first, d, second), "reverse_kl": gaussian_kl(d, second, c, first)}
    if np.allclose(first, second, rtol=EQUAL, atol=0):
        found |= {"w1": math.dist(c, d), "w2": math.dist(c, d)}
        if one.dimension == other.dimension == 2:
            found["tv"] = math.erf(math.sqrt((c - d) @ np.linalg.solve(first, c - d) / 8))
    elif np.array_equal(c, d) and all(np.allclose(s, s[0, 0] * np.eye(2), rtol=EQUAL, atol=0) for s in (first, second)):
        found["w1"] = abs(math.sqrt(first[0, 0]) - math.sqrt(second[0, 0])) * math.sqrt(math.pi / 2)
    return all_of(found, "closed form: two Gaussians")


def square_root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a symmetric matrix without negative eigenvalues but for rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def gaussian_kl(c: np.ndarray, first: np.ndarray, d: np.ndarray, second: np.ndarray) -> float:
    """KL(N(c, first) | N(d, second)) = 1/2 (tr S2^-1 S1 - 2 + (d - c)' S2^-1 (d - c) + log |S2| / |S1|), in nats."""
    logs = np.linalg.slogdet(second)[1] - np.linalg.slogdet(first)[1]
    far = (d - c) @ np.linalg.solve(second, d - c)
    return float(np.trace(np.linalg.solve(second, first)) - 2 + far + logs) / 2


def atoms(one: Side, other: Side) -> Numbers:
    """Two laws on finitely many points: transport between the atoms, divergences of the masses they have in common."""
    if not (one.atoms and other.atoms):
        return {}
    (here, p), (there, q) = one.atoms, other.atoms
    how = f"exact: {len(here)} atoms against {len(there)}"
    _, where = np.unique(np.concatenate([here, there]), axis=0, return_inverse=True)
    sides = zip(np.split(where.ravel(), [len(here)]), (p, q), strict=True)
    masses = [np.bincount(places, weights, where.max() + 1) for places, weights in sides]
    found = all_of(of_shares(*masses), how)
    if max(len(here), len(there)) <= MOST_ATOMS:
        weights = p / p.sum(), q / q.sum()
        found |= all_of({name: transport(there, here, *cost, *weights) for name, cost in COSTS.items()}, how)
    return found


def of_shares(p: np.ndarray, q: np.ndarray) -> dict[str, float]:
    """The divergences of masses p [n] and q [n] of the same n places."""
    with np.errstate(divide="ignore", invalid="ignore"):
        nodes = divergences.Nodes(np.log(p), np.log(q), np.ones(len(p)))
        return {name: divergence(nodes) for name, divergence in DIVERGENCES.items()}


def segments(one: Side, other: Side) -> Numbers:
    """Two uniform laws on segments: divergences from the stretches they share, and W2 between two single ones."""
    if one.segments is None or other.segments is None:
        return {}
    found = all_of(of_shares(*stretches(one.segments, other.segments)), "exact: shared stretches of the segments")
    if len(one.segments) == len(other.segments) == 1:
        found |= single_segments(one.segments[0], other.segments[0])
    return found


def single_segments(one: np.ndarray, other: np.ndarray) -> Numbers:
    """Two segments [2, 2]: run in the same sense, the map from t to t is the best one for squared costs."""
    if (one[1] - one[0]) @ (other[1] - other[0]) < 0:
        other = other[::-1]
    start, stop = other - one
    squared = (start @ start + start @ stop + stop @ stop) / 3
    found = {"w2": math.sqrt(squared)}
    if np.allclose(start, stop, rtol=EQUAL, atol=EQUAL * np.abs(other).max()):
        found = dict.fromkeys(("w1", "w2"), float(np.linalg.norm(start)))
    return all_of(found, "closed form: two segments")


def stretches(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Masses [n] and [n] of both laws on stretches that lie either wholly in a segment [K, 2, 2] or outside of it."""
    masses: list[tuple[float, float]] = []
    both = np.concatenate([one, other])
    lengths = np.linalg.norm(both[:, 1] - both[:, 0], axis=1)
    of_one = np.arange(len(both)) < len(one)
    total = lengths[of_one].sum(), lengths[~of_one].sum()
    left, scale = list(np.flatnonzero(lengths > 0)), max(np.abs(both).max(), lengths.max())
    while left:
        origin, way = both[left[0], 0], (both[left[0], 1] - both[left[0], 0]) / lengths[left[0]]
        gaps = both - origin
        across = np.abs(gaps[..., 0] * way[1] - gaps[..., 1] * way[0]).max(axis=1)
        on_it = [i for i in left if across[i] <= EQUAL * scale]
        left = [i for i in left if i not in on_it]
        spans = {i: sorted(gaps[i] @ way) for i in on_it}
        cuts = np.unique(np.concatenate(list(spans.values())))
        for low, high in pairwise(cuts):
            over = [i for i in on_it if spans[i][0] <= (low + high) / 2 <= spans[i][1]]
            count = sum(of_one[i] for i in over), sum(not of_one[i] for i in over)
            masses.append((count[0] * (high - low) / total[0], count[1] * (high - low) / total[1]))
    p, q = np.array(masses).T
    return p, q


def singular(one: Side, other: Side) -> Numbers:
    """Laws on sets of different dimension, or on straight and on bent curves, share no mass: log 2, infinite, 1."""
    bent = {one.segments is None, other.segments is None} == {True, False}
    alike = one.dimension == other.dimension and not (one.dimension == 1 and bent)
    if alike or one.dimension is None or other.dimension is None:
        return {}
    values = {"js": math.log(2), "kl": math.inf, "reverse_kl": math.inf, "tv": 1.0}
    sets = f"{SETS[one.dimension]} against mass on {SETS[other.dimension]}"
    return all_of(values, f"exact: mass on {sets}")


# --- quadrature and samples ------------------------------------------------------------------------------------------


def by_quadrature(one: Side, other: Side, missing: Sequence[str], points: int) -> Numbers:
    """Divergences of two densities; NaN, with the reason, where one of them is not known or cannot be integrated."""
    wanted = [name for name in missing if name in DIVERGENCES]
    if not wanted:
        return {}
    unknown = dict.fromkeys(wanted, math.nan)
    if one.dimension != 2 or other.dimension != 2:
        return all_of(unknown, "not known: a target has no density")
    targets = one.target, other.target
    samples = [target.sample(np.random.default_rng(k), 4000) for k, target in enumerate(targets)]
    boxes = np.array([reach(target, part) for target, part in zip(targets, samples, strict=True)])
    (left, bottom), (right, top) = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    log_p, log_q = (unblurred(side.target) for side in (one, other))
    try:
        nodes, error = divergences.quadrature(log_p, log_q, (left, right, bottom, top), np.concatenate(samples))
    except ValueError as fault:
        return all_of(unknown, f"not known: {fault}")
    if error > MISSED:
        return all_of(unknown, f"not known: quadrature is off by {error:.1g}")
    how = f"quadrature, error below {max(error, 1e-12):.0e}"
    return all_of({name: DIVERGENCES[name](nodes) for name in wanted}, how)


def unblurred(target: Target) -> divergences.LogDensity:
    density = target.log_density
    assert density is not None
    return lambda x: density(x, 0.0)


def reach(target: Target, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner of a box with all of the mass that float64 sees in a divergence."""
    if target.modes is not None:
        wide = 9 * np.sqrt(np.linalg.eigvalsh(target.modes.covariances).max(axis=1, initial=0.0))[:, None]
        return (target.modes.centres - wide).min(axis=0), (target.modes.centres + wide).max(axis=0)
    if target.skeleton is not None:
        return target.skeleton.min(axis=0) - 3 * target.radius, target.skeleton.max(axis=0) + 3 * target.radius
    margin = np.ptp(sample, axis=0) / 2
    return sample.min(axis=0) - margin, sample.max(axis=0) + margin


def by_samples(one: Side, other: Side, missing: Sequence[str], points: int) -> Numbers:
    """Transport distances between samples: mean and spread over four pairs, and the floor of one target."""
    for side, beside in ((one, other), (other, one)):
        if side.atoms and len(side.atoms[0]) == 1:
            return to_a_point(beside, side.atoms[0][0])
    found = {}
    for name in (name for name in missing if name in COSTS):
        a, b, again = (draws(side, points, which) for side, which in ((one, 0), (other, 1), (one, 2)))
        gaps = [transport(x, y, *COSTS[name]) for x, y in zip(a, b, strict=True)]
        floors = [transport(x, y, *COSTS[name]) for x, y in zip(a[:2], again[:2], strict=True)]
        how = f"sampled: {REPEATS} times {points} points; at most about the floor too large"
        found[name] = Number(float(np.mean(gaps)), how, float(np.std(gaps, ddof=1)), float(np.mean(floors)))
    return found


def to_a_point(side: Side, atom: np.ndarray) -> Numbers:
    """All mass goes to one atom: W_p^p is the mean of |x - atom|^p, unbiased, with its standard error as spread."""
    lengths = np.linalg.norm(side.target.sample(np.random.default_rng(0), LONE) - atom, axis=1)
    how, error = f"sampled: {LONE} points, all to one place", 1 / math.sqrt(LONE)
    root = math.sqrt(float(np.mean(lengths**2)))
    return {
        "w1": Number(float(lengths.mean()), how, float(lengths.std()) * error, 0.0),
        "w2": Number(root, how, float((lengths**2).std()) * error / (2 * root or 1.0), 0.0),
    }


def draws(side: Side, points: int, which: int) -> list[np.ndarray]:
    """Independent samples of a law, the same ones every time."""
    return [side.target.sample(np.random.default_rng([which, k]), points) for k in range(REPEATS)]


# --- along a key -----------------------------------------------------------------------------------------------------


class Sweep(NamedTuple):
    """A key of the second scenario's target (`place` within it, where it holds several numbers) and its values [N]."""

    key: str
    place: int | None
    values: list[float]


def parsed_sweep(text: str) -> Sweep:
    """`target.shift=-1:1:21`: KEY=LO:HI:N; a number after the last dot is a coordinate. UserError for anything else."""
    said = Place(f"--over {shortened(text)}")
    wrong = Mistake(None, "expected KEY=LO:HI:N, for example target.shift=-1:1:21", place=said)
    match = re.fullmatch(r"\s*(target\.[\w.-]+?)(?:\.(\d{1,9}))?\s*=([^:]+):([^:]+):\s*(\d+)\s*", text)
    if match is None:
        raise UserError(wrong._replace(hint="only keys of [target] change a distance"))
    key, place, *ends, digits = match.groups()
    try:
        low, high, count = float(ends[0]), float(ends[1]), int(digits)
    except ValueError:
        raise UserError(wrong) from None
    if not (math.isfinite(low) and math.isfinite(high) and 2 <= count <= 1000):
        raise UserError(wrong._replace(hint="LO and HI must be finite, N from 2 to 1000"))
    return Sweep(key, None if place is None else int(place), np.linspace(low, high, count).tolist())


def along(a: str, b: str, sweep: Sweep, points: int = 500, watch: Teller = lambda _: None) -> dict[str, list[Number]]:
    """Every distance between a's target and b's as one key of b's goes through its values."""
    one, base = law(read(a)), as_data(read(b))
    others = [law(read(b, overrides=[(sweep.key, changed(base, sweep, value))])) for value in sweep.values]
    rows = []
    for number, other in enumerate(others, start=1):
        rows.append(between_laws(one, other, points, lambda doing: watch(f"{number} of {len(others)}: {doing}")))  # noqa: B023
    return {name: [row[name] for row in rows] for name in DISTANCES}


def changed(base: Mapping[str, Any], sweep: Sweep, value: float, said: Place | None = None) -> Any:
    """What the key is set to: the number, a whole one where the key wants it, or the list with one number replaced.

    `said` tells where the sweep was said, if not on the command line.
    """
    old: Any = base
    for part in sweep.key.split("."):
        old = old.get(part) if isinstance(old, Mapping) else None
    asked = said or Place(f"--over {sweep.key}.{sweep.place or 0}")
    if isinstance(old, list | tuple):
        place = sweep.place or 0
        if place >= len(old) or isinstance(old[place], list | tuple):
            raise UserError(Mistake(None, f"is not a number; {sweep.key} is {list(old)}", place=asked))
        return [value if i == place else number for i, number in enumerate(old)]
    if sweep.place is not None:
        raise UserError(Mistake(None, f"{sweep.key} is not a list", place=asked))
    return int(value) if isinstance(old, int) and value.is_integer() else value


FORMS: tuple[Callable[[Side, Side], Numbers], ...] = (same, shifted, gaussians, atoms, segments, singular)
COSTLY: tuple[tuple[str, Callable[[Side, Side, Sequence[str], int], Numbers]], ...] = (
    ("by quadrature", by_quadrature),
    ("by samples", by_samples),
)
