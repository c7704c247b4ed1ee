"""Divergences of two densities p (real) and q (generated), in nats: from log-densities at weighted nodes.

Nodes are either a quadrature rule over a window (exact to its error) or the cells of a partition, whose shares of the
target and of a cloud stand for densities (an estimate, with a bias that is said). For a page there are those of two clouds
blurred by one Gaussian, from formulas that can be traced.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from toygan.quantities.optimal import bandwidth, log_of_points
from toygan.targets.densities import maths
from toygan.targets.target import LogDensity

Window = tuple[float, float, float, float]  # left, right, bottom, top

LOG2 = math.log(2)
ROUNDING = 1e-12  # of a point's place, where the farthest of all points is at 1
NODES = np.polynomial.legendre.leggauss(4)  # on [-1, 1], exact for polynomials of degree 7
COARSEST, DEEPEST = 24, 12  # cells along the window's side at first, and how often one may be quartered
TOLERANCE = 1e-6  # a cell is done when quartering it changes none of its integrals by more
OVERLOOKED = 3  # nor may its points hold this many times the mass that its nodes see
# cells of a partition, on average at most, and points in each: cells of twice as many are cut, those of both clouds counted;
# least biased over docs/truth.md with the target known, and without
KNOWN, UNKNOWN = (150, 10), (64, 16)
CHANCE = 0.05  # of a perfect sampler's points, that may be expected among those that tell what the target has not


class Nodes(NamedTuple):
    """Log-densities `log_p [n]` and `log_q [n]` at nodes of weight `weights [n]`, all in the same order."""

    log_p: np.ndarray
    log_q: np.ndarray
    weights: np.ndarray


def kl(at: Nodes) -> float:
    """KL(p | q) = integral of p log(p / q), infinite where q misses mass of p (Kullback and Leibler, 1951)."""
    return total(at.weights, kl_density(at.log_p, at.log_q))


def reverse_kl(at: Nodes) -> float:
    """KL(q | p) = integral of q log(q / p)."""
    return total(at.weights, kl_density(at.log_q, at.log_p))


def js(at: Nodes) -> float:
    """Jensen-Shannon divergence 1/2 KL(p | m) + 1/2 KL(q | m), m = (p + q) / 2: 0 to log 2 (Lin, 1991)."""
    return total(at.weights, js_density(at.log_p, at.log_q))


def tv(at: Nodes) -> float:
    """Total variation 1/2 integral of |p - q|: 0 to 1."""
    return total(at.weights, tv_density(at.log_p, at.log_q))


def total(weights: np.ndarray, values: np.ndarray) -> float:
    """A weighted sum that is never below 0, as no divergence is; rounding may be."""
    return max(0.0, float(weights @ values))


def kl_density(log_p: Any, log_q: Any) -> Any:
    """The integrand p log(p / q), 0 where p is, or underflows to it, however small q is. Of arrays or tensors."""
    lib = maths(log_p)
    p = lib.exp(log_p)
    with np.errstate(invalid="ignore"):  # of two endless logarithms
        return p * lib.where(p > 0, log_p - log_q, 0.0)


def js_density(log_p: Any, log_q: Any) -> Any:
    """1/2 p log(p / m) + 1/2 q log(q / m), m = (p + q) / 2. Of arrays or tensors."""
    middle = log_of_both(log_p, log_q) - LOG2
    return (kl_density(log_p, middle) + kl_density(log_q, middle)) / 2


def log_of_both(log_p: Any, log_q: Any) -> Any:
    """log (p + q), from logarithms; of tensors only of finite ones."""
    lib = maths(log_p)
    if lib is np:
        return np.logaddexp(log_p, log_q)
    most, least = lib.maximum(log_p, log_q), lib.minimum(log_p, log_q)
    return most + lib.log1p(lib.exp(least - most))


def tv_density(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """|p - q| / 2."""
    return np.abs(np.exp(log_p) - np.exp(log_q)) / 2


# Quadrature -------------------------------------------------------------------------------------------------------


def quadrature(log_p: LogDensity, log_q: LogDensity, window: Window, seen: np.ndarray) -> tuple[Nodes, float]:
    """Nodes over a window that follow both densities, and a bound on how far off any divergence is.

    Cells with 4 x 4 Gauss-Legendre nodes are quartered until that changes nothing; the bound is all that the last
    quartering still changed, and smooth integrands are far better. So that no narrow mode hides between
    nodes, `seen [n, 2]` are points drawn from both densities, as many from each: a cell must see as much mass as they
    do. Each log-density takes points [n, 2] and gives [n].
    """
    left, right, bottom, top = window
    size = np.array([right - left, top - bottom]) / COARSEST
    corners = size * np.indices((COARSEST, COARSEST)).reshape(2, -1).T + (left, bottom)
    whole, error, done = evaluated(log_p, log_q, corners, size), 0.0, []
    for _ in range(DEEPEST):
        share = shares_seen(corners, size, seen)
        corners, size = quartered(corners, size), size / 2
        parts = evaluated(log_p, log_q, corners, size)
        change, mass_seen = compared(whole, parts)
        rough = (change > TOLERANCE) | (share > OVERLOOKED * mass_seen)
        error += float(change[~rough].sum())
        keep = np.repeat(rough, 4)
        done.append(select(parts, ~keep))
        corners, whole = corners[keep], select(parts, keep)
        if not len(corners):
            break
    error += float(change[rough].sum())
    p, q, weights = (np.concatenate([part.ravel() for part in same]) for same in zip(*done, whole, strict=True))
    lost = (abs(1 - float(weights @ np.exp(log))) for log in (p, q))
    return Nodes(p, q, weights), max(error, *lost)


def evaluated(log_p: LogDensity, log_q: LogDensity, corners: np.ndarray, size: np.ndarray) -> Nodes:
    """Both log-densities at the nodes of cells with lower left corners [m, 2] and one size [2]: [m, 16] each."""
    places, weights = (NODES[0] + 1) / 2, NODES[1] / 2
    inner = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2) * size
    points = (corners[:, None] + inner).reshape(-1, 2)
    by_node = np.outer(weights, weights).reshape(-1) * size.prod()
    shape = len(corners), len(by_node)
    return Nodes(log_p(points).reshape(shape), log_q(points).reshape(shape), np.broadcast_to(by_node, shape))


def quartered(corners: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The corners of each cell's four quarters, beside each other: [4 m, 2]."""
    halves = np.array([(0, 0), (0, 0.5), (0.5, 0), (0.5, 0.5)]) * size
    return (corners[:, None] + halves).reshape(-1, 2)


def shares_seen(corners: np.ndarray, size: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The share of the points seen [n, 2] in each of some cells of one size: [m]."""
    if not len(corners):
        return np.zeros(0)
    origin = corners.min(axis=0)
    places = (np.rint((corners - origin) / size), np.floor((seen - origin) / size))
    cells, points = (((place.astype(np.int64) + (1 << 20)) @ (1 << 32, 1)) for place in places)
    found, counts = np.unique(points, return_counts=True)
    at = np.searchsorted(found, cells).clip(max=len(found) - 1)
    return np.asarray(np.where(found[at] == cells, counts[at], 0) / len(seen))


def compared(whole: Nodes, parts: Nodes) -> tuple[np.ndarray, np.ndarray]:
    """How far off any integral of a cell may be after it is quartered, and the mass that its quarters see: [m] each.

    As much as quartering changes it; where p - q changes its sign, |p - q| has a crease that may hide, and is taken to
    be off by 1/64. What is infinite, before or after, counts as unchanged: it cannot be refined away.
    """
    after = integrals(parts).reshape(-1, 4, len(INTEGRANDS)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        change = np.nan_to_num(np.abs(after - integrals(whole)), nan=0.0, posinf=0.0)
    above = (parts.log_p > parts.log_q).reshape(len(after), -1).mean(axis=1)
    creased = np.where((above > 0) & (above < 1), after[:, -1] / 64, 0.0)
    return np.maximum(change.max(axis=1), creased), after[:, :2].mean(axis=1)


def integrals(at: Nodes) -> np.ndarray:
    """Everything that is integrated, cell by cell: [m, 5]."""
    return np.stack([(at.weights * integrand(at.log_p, at.log_q)).sum(axis=1) for integrand in INTEGRANDS], axis=1)


def select(at: Nodes, cells: np.ndarray) -> Nodes:
    return Nodes(*(part[cells] for part in at))


# Clouds -----------------------------------------------------------------------------------------------------------


def shares(points: np.ndarray, real: np.ndarray, many_real: np.ndarray | None = None) -> Nodes:
    """Log-shares of the target and of points [n, 2] in up to 150 cells, cut where both clouds together leave a gap.

    Real [m, 2] and generated points cut the cells; the target's share of each is that of `many_real [k, 2]`, exact to
    sqrt(share / k), or of the real points themselves where there are no more. The last node but one is elsewhere: what of
    the target lies beside none of the points of its cell, generated ones or real. The last one is what the target has not:
    generated points that share a place as a perfect sampler's would not (`lone_atoms`), but a collapsed cloud's, in however
    many places.

    What the divergences of these shares say of the distributions: less than the truth, because cells forget where in
    them a point lies, and more, because shares fluctuate: js by about (cells - 1) / 8 * (1 / n + 1 / k) nats. A cloud in
    one place, or one far narrower than the other, has cells of its own, however narrow it is. Raises ValueError where
    there are too few points for two cells.
    """
    pooled = np.concatenate([real, points]).astype(float)
    most, per_cell = fineness(many_real)
    if len(pooled) < 2 * per_cell:
        raise ValueError(f"two cells need at least {2 * per_cell} points together, got {len(pooled)}")
    known = np.asarray(real if many_real is None else many_real, float)
    lone = np.zeros(len(pooled), bool)
    lone[len(real) :] = many_real is not None and lone_atoms(points, known)
    pooled, atoms = pooled[~lone], int(lone.sum())
    farthest = max(float(np.abs(cloud).max()) for cloud in (pooled, known))
    scale = max(farthest, np.finfo(float).tiny)  # differences of huge coordinates stay finite
    places, known = (np.ascontiguousarray(cloud.T) / scale for cloud in (pooled, known))
    cells, held = cut(places, known, max(per_cell, len(pooled) / most))
    elsewhere = cells.max() + 1
    target = np.where(beside(places, cells, known, held), held, elsewhere)
    counts = [np.bincount(side, minlength=elsewhere + 2) for side in (target, cells[len(real) :])]
    counts[1][-1] = atoms
    with np.errstate(divide="ignore"):
        log_p, log_q = (np.log(count / count.sum()) for count in counts)
    return Nodes(log_p, log_q, np.ones(len(log_p)))


def lone_atoms(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which of points [n, 2] share their place, in single precision, with others and with none of the target's [k, 2], as points
    of a perfect sampler hardly would: from two in a place on where the target is a density, from more where it is a long list
    or so narrow a cloud that single precision rounds its points together (`copies_that_tell`). [n]
    """
    exponent = max(math.frexp(float(np.abs(cloud).max(initial=0.0)))[1] for cloud in (points, known))

    def places_of(cloud: np.ndarray) -> np.ndarray:
        return np.asarray(np.ldexp(np.asarray(cloud, float), -exponent).astype(np.float32).astype(float) @ (1, 1j))

    places = places_of(points)
    _, which, counts = np.unique(places, return_inverse=True, return_counts=True)
    shared = counts[which] > 1
    if not shared.any():  # as mostly; the known ones are many
        return shared
    target = places_of(known)
    held = np.unique(target, return_counts=True)[1]
    return (counts[which] >= copies_that_tell(held, len(points))) & ~np.isin(places, target)


def copies_that_tell(held: np.ndarray, n: int) -> int:
    """From how many points in one place on less than CHANCE of a perfect sampler's n are expected to be so, where none of a
    target's k known points lies: these lie `held [places]` in each of theirs.

    Of the k, n drawn without the others would hold all r of a place with probability (n choose r) / (k choose r) <= (n / k)^r:
    from r on that makes sum r (places of r) (n / k)^r points, summed over r and more.
    """
    copies, places = np.unique(held, return_counts=True)
    expected = copies * places * min(1.0, n / held.sum()) ** copies
    beyond = [r for r in (2, *(copies + 1)) if r > 1 and expected[copies >= r].sum() < CHANCE]
    return int(min(beyond))


def fineness(many_real: np.ndarray | None) -> tuple[int, int]:
    """Cells of a partition, and points in each: where real points stand for the target, shares fluctuate twice as much."""
    return UNKNOWN if many_real is None else KNOWN


def cut(places: np.ndarray, known: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Number points by cell, from their coordinates [2, n], cutting cells of twice `size` of them and more: [n]; and the
    points known [2, k], which cut nothing: [k].
    """
    cells, held = np.zeros(places.shape[1], int), np.zeros(known.shape[1], int)
    left, number = [(np.arange(len(cells)), np.arange(len(held)))], 0
    while left:
        own, there = left.pop()
        parts = halves(places, known, own, there) if len(own) >= 2 * size else []
        left += parts
        if not parts:
            cells[own], held[there], number = number, number, number + 1
    return cells, held


def halves(
    places: np.ndarray, known: np.ndarray, own: np.ndarray, there: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """A cell's points `own [k]` and those known `there [m]` on either side of the middle of the best gap between its own;
    none where these are all in one place.

    Along x and y the gap between neighbours counts times the points on its smaller side: among points of one density
    the best is near the median, and a crowd in one place is parted from what is around it. Who is real is not looked at.
    """
    inside = places.take(own, axis=1)
    along, rank = np.sort(inside, axis=1), np.arange(1, len(own))
    gaps = (along[:, 1:] - along[:, :-1]) * np.minimum(rank, rank[::-1])
    axis, place = divmod(int(gaps.argmax()), len(rank))
    if not gaps[axis, place] > 0:
        return []
    low, high = along[axis, place], along[axis, place + 1]
    middle = (low + high) / 2
    wall = middle if middle < high else low  # there may be no number in between
    first, nearer = inside[axis] <= wall, known[axis].take(there) <= wall
    return [(own[first], there.compress(nearer)), (own[~first], there.compress(~nearer))]


def beside(places: np.ndarray, cells: np.ndarray, known: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Whether points known [2, k] lie beside those of their cell `held [k]`: in the box around all of its points, of
    places [2, n] and numbers `cells [n]`, widened by its size on either side: [k].

    A cell reaches to the middle of gaps, and some have no wall at all: what is far from a crowd is none of its.
    """
    order = np.argsort(cells)
    starts = np.searchsorted(cells[order], np.arange(cells.max() + 1))
    low, high = (end.reduceat(places[:, order], starts, axis=1) for end in (np.minimum, np.maximum))
    middle, reach = (low + high) / 2, 1.5 * (high - low) + ROUNDING
    near = [np.abs(known[axis] - middle[axis].take(held)) <= reach[axis].take(held) for axis in (0, 1)]
    return near[0] & near[1]


INTEGRANDS = (
    lambda log_p, log_q: np.exp(log_p),
    lambda log_p, log_q: np.exp(log_q),
    kl_density,
    lambda log_p, log_q: kl_density(log_q, log_p),
    js_density,
    tv_density,
)


# --- blurred clouds ---------------------------------------------------------------------------------------------------

# A few hundred points have no density. Blurred they have one, and its divergences are exact but for the quadrature; they
# are below those of the laws, because blur hides differences (data processing), and above those of the blurred laws, by chance.
SIDE = 40  # nodes along a side of the grid around the real cloud
MARGIN = 4  # bandwidths and spacings around it
UNIT = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, SIDE)] * 2), axis=-1).reshape(-1, 2)


def blurred_divergences(real: Any, fake: Any) -> dict[str, Any]:
    """KL(real | fake) and the Jensen-Shannon divergence of two clouds [n, 2] and [m, 2], arrays or tensors, in nats: each blurred
    by the bandwidth of the real one, or by the spacing of the grid where that is larger; NaN where the real one is in one place.

    Grid and blur are the real cloud's alone, the same for every generated one, however far some of it is. What of that lies
    beyond the grid counts exactly: where p is 0, the integrand is 0 and 1/2 q log 2. Sums over the grid are good to 1e-6: a
    Gaussian that is no narrower than the spacing is summed to 1e-8, and the margin holds the rest of the real ones.
    """
    lib, own = maths(real), bandwidth(real)
    low, spacing = grid_around(real, own)
    width = lib.maximum(lib.where(own > 0, own, 1.0), lib.amax(spacing))
    points = low + lib.asarray(UNIT, dtype=real.dtype) * (spacing * (SIDE - 1))
    logs = [log_of_points(points, cloud, width) for cloud in (real, fake)]
    weight = spacing[0] * spacing[1]
    beyond = 1.0 - lib.clip((weight * lib.exp(logs[1])).sum(), 0.0, 1.0)
    found = {"kl": (weight * kl_density(*logs)).sum(), "js": (weight * js_density(*logs)).sum() + beyond * (LOG2 / 2)}
    return {name: lib.where(own > 0, lib.clip(value, 0.0, None), math.nan) for name, value in found.items()}


def grid_around(cloud: Any, width: Any) -> tuple[Any, Any]:
    """The lowest node [2] and the spacing along either side [2] of a grid with room around a cloud [n, 2] for its blur."""
    lib = maths(cloud)
    low, high = lib.amin(cloud, axis=0), lib.amax(cloud, axis=0)
    larger = lib.amax(high - low)  # the blur is of its spacing
    room = MARGIN * (width + larger / (SIDE - 1 - 2 * MARGIN))
    return low - room, (high - low + 2 * room) / (SIDE - 1)
