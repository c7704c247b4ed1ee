"""The density that a generator makes of two latent numbers: q(x) = sum over z with G(z) = x of p(z) / |det dG/dz|.

The latent plane is cut into triangles, and G is taken as affine on each; so the image is a set of triangles that may lie
over each other, where G folds the plane. A point's density is the sum over the triangles it is in, each with the latent
density at the point's own preimage: exact for affine maps, and for piecewise linear ones but in triangles that a crease
crosses. Everything is numpy in float64; a generator is any function from latents [n, 2] to points [n, 2].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from toygan.quantities.divergences import Window
from toygan.targets.target import LogDensity

Transform = Callable[[np.ndarray], np.ndarray]

LEVELS = (48, 96, 192, 384)  # cells along a side of the latent square, until the divergence changes little
LITTLE, SHARE_OF = 0.002, 0.005  # of a change: nats, and of the divergence itself
MAPPED = 192  # of these at least, for the map
ALONE, TOGETHER = 0.8, 0.35  # of the cells along a side: nodes along it for a sheet by itself, and with the others
PATCH = 8  # cells along a side of a patch
ENOUGH = 24  # fine points that a patch must cover to be laid out over them
OFF = 0.1  # it is chance which points the rim of a patch covers: scaled is what is off its mass by more
CELLS, FINE = 120, 3  # cells along a side of the map, and points along a side of a cell
NUDGE = 1e-6  # of the central differences that give det dG/dz at nodes
# by which the cells of the two coordinates are uneven, so that no node lies on an edge by symmetry
SKEW = (0.0137, -0.0173)
ROUNDING = 1e-9  # of a divergence
FLAT = 1e-12  # a map whose |det| is below this share of its |J|^2 has squeezed the plane into a curve
LOST = 1e-4  # of the latents, or of the target: below this a share without density is one that a mesh may overlook
EPSILON = float(np.finfo(float).eps)
BLOCK = 1_000_000  # pairs at once
# cells of a normal latent widen outwards, by up to cosh 2.5, and end at 8 standard deviations
STRETCH, REACH = 2.5, 8.0


class LatentLaw(NamedTuple):
    """A latent law that is the same along both coordinates: where t in [-1, 1] lies, dz/dt, and log p(z) of one coordinate."""

    place: Callable[[np.ndarray], np.ndarray]
    speed: Callable[[np.ndarray], np.ndarray]
    log_density: Callable[[np.ndarray], np.ndarray]


LAWS: dict[str, LatentLaw] = {
    "normal": LatentLaw(
        lambda t: REACH * np.sinh(STRETCH * t) / math.sinh(STRETCH),
        lambda t: REACH * STRETCH * np.cosh(STRETCH * t) / math.sinh(STRETCH),
        lambda z: -np.square(z) / 2 - math.log(2 * math.pi) / 2,
    ),
    "uniform": LatentLaw(lambda t: t, np.ones_like, lambda z: np.full_like(z, -math.log(2))),
}


class Estimate(NamedTuple):
    """A number and how far off it may be, both NaN where it is not known."""

    value: float
    error: float


UNKNOWN, INFINITE = Estimate(math.nan, math.nan), Estimate(math.inf, 0.0)
NONE = np.empty(0)


class Pushed(NamedTuple):
    """What a generator makes of its latents: `density [g, g]`, its mean over each cell of the window (row = y, column = x)
    with middles `x [g]`, `y [g]`; density times cell area sums to `inside`, the share of the mass in view, within 1 %; how
    many latents go to each cell's middle, `sheets [g, g]`; the images of the curves at which det dG/dz changes its sign,
    `folds [k, 2, 2]`; and in nats, each with its error, `kl` = KL(p | q) and `reverse_kl` = KL(q | p) against a target p, NaN
    where its density is not known. `missed` is the share of the target's points to which no latent goes, `degenerate` that
    of the latents whose surroundings go to a curve or a point. `why_not` says why a density or a divergence is none.
    """

    x: np.ndarray = NONE
    y: np.ndarray = NONE
    density: np.ndarray = NONE
    sheets: np.ndarray = NONE
    folds: np.ndarray = NONE
    inside: float = math.nan
    degenerate: float = math.nan
    kl: Estimate = UNKNOWN
    reverse_kl: Estimate = UNKNOWN
    missed: float = math.nan
    why_not: str = ""


def pushed(
    send: Transform, law: str, window: Window, log_p: LogDensity | None = None, real: np.ndarray | None = None
) -> Pushed:
    """What a generator makes of latents of a law, seen through a window, and how far that is from a target.

    `log_p` is the log-density of the target and `real [n, 2]` are points drawn from it. KL(q | p) is a sum over latents,
    and its error what the last refinement changed; KL(p | q) is a mean over the real points, and its error the standard
    error of that and what the last refinement changed. A law without a density in the plane, as a circle's, has none here.
    """
    if law not in LAWS:
        why = f"a {law} latent of two numbers lies on a curve, and so does what is made of it: no density"
        return Pushed(why_not=why)
    mesh, reverse, degenerate = refined(send, LAWS[law], log_p)
    fine = mesh if mesh.sides.shape[1] > MAPPED else meshed(send, LAWS[law], MAPPED)
    squeezed = f"{100 * degenerate:.3g} % of the latents are sent to curves or points, where there is no density"
    why = squeezed if degenerate > LOST else ""
    kl, missed = against(mesh, send, log_p, real)
    seen = on_window(fine, window)
    return seen._replace(kl=kl, reverse_kl=reverse, missed=missed, degenerate=degenerate, why_not=why)


# --- the mesh --------------------------------------------------------------------------------------------------------


class Mesh(NamedTuple):
    """A square of latents in n x n cells of two triangles each: the sides of cells along x and y,
    `sides [2, n + 1]`, corners `latent [2 n^2, 3, 2]` and
    where they are sent, `sent [2 n^2, 3, 2]`, in the order of `sent`'s cells, row by row; and the law.
    """

    sides: np.ndarray
    latent: np.ndarray
    sent: np.ndarray
    law: LatentLaw

    @property
    def masses(self) -> np.ndarray:
        """The latent mass of each triangle [T], by a rule that is exact for polynomials of degree 2."""
        middles = (self.latent + np.roll(self.latent, 1, axis=1)) / 2
        return np.exp(log_latent(self.law, middles)).mean(axis=1) * doubled(self.latent) / 2


def meshed(send: Transform, law: LatentLaw, n: int) -> Mesh:
    """The mesh of n x n cells, and where it is sent."""
    even = np.linspace(-1.0, 1.0, n + 1)
    sides = law.place(even + np.outer(SKEW, 1 - even**2))
    latent = np.stack(np.meshgrid(*sides), axis=-1)
    sent = send(latent.reshape(-1, 2)).reshape(latent.shape)
    return Mesh(sides, triangles(latent), triangles(sent), law)


def triangles(grid: np.ndarray) -> np.ndarray:
    """The triangles beneath and above the diagonal of each cell of a grid of points [n + 1, n + 1, 2]: [2 n^2, 3, 2]."""
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
    return np.stack([np.stack([a, b, c], axis=2), np.stack([a, c, d], axis=2)], axis=2).reshape(-1, 3, 2)


def doubled(corners: np.ndarray) -> np.ndarray:
    """Twice the signed areas of triangles [T, 3, 2]: [T]."""
    (ux, uy), (vx, vy) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    return np.asarray(ux * vy - uy * vx)


def log_latent(law: LatentLaw, latents: np.ndarray) -> np.ndarray:
    """Log-density of latents [..., 2]: [...]."""
    return np.asarray(law.log_density(latents).sum(axis=-1))


# --- which points are in which triangles -----------------------------------------------------------------------------


class Strips(NamedTuple):
    """Points in horizontal strips of about as many each, from left to right in every strip: what they are by `order [m]`,
    the lowest and highest y of each strip, and rising `keys [m]` that say strip and x.
    """

    order: np.ndarray
    low: np.ndarray
    high: np.ndarray
    keys: np.ndarray
    origin: float
    width: float

    def key(self, strip: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The key of places in strips; what lies beyond all points is beside them, in the same strip."""
        return np.asarray(strip + np.clip((x - self.origin) / self.width, -0.1, 1.1) / 2)


def in_strips(points: np.ndarray) -> Strips:
    """Points [m, 2] in about sqrt(m) strips."""
    count = max(1, int(math.sqrt(len(points))))
    rising = np.argsort(points[:, 1], kind="stable")
    strip = np.empty(len(points), int)
    strip[rising] = np.arange(len(points)) * count // len(points)
    order = np.lexsort((points[:, 0], strip))
    starts = np.searchsorted(strip[order], np.arange(count))
    y = points[order, 1]
    origin, width = float(points[:, 0].min()), float(np.ptp(points[:, 0])) or 1.0
    found = Strips(order, np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts), np.empty(0), origin, width)
    return found._replace(keys=found.key(strip[order], points[order, 0]))


def meetings(corners: np.ndarray, points: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Which points [m, 2] lie in which triangles [T, 3, 2], in blocks: triangles [k], points [k], barycentric weights
    [k, 3]. Triangles without an area are passed over.
    """
    strips = in_strips(points)
    y = corners[..., 1]
    first = np.searchsorted(strips.high, of_three(np.minimum, y))
    count = np.searchsorted(strips.low, of_three(np.maximum, y), side="right") - first
    which = np.flatnonzero((count > 0) & (doubled(corners) != 0))
    for some in in_blocks(which, count[which]):
        rows, place = repeated(count[some])
        triangle, strip = some[rows], first[some][rows] + place
        begin, end = reaches(corners[triangle], strips, strip)
        for part in in_blocks(np.arange(len(triangle)), end - begin):
            row, place = repeated((end - begin)[part])
            yield inside(corners, points, triangle[part][row], strips.order[begin[part][row] + place])


def of_three(both: np.ufunc, values: np.ndarray) -> np.ndarray:
    """The least, largest, ... of three columns [k, 3]: [k]; along so short an axis numpy takes many times as long."""
    return np.asarray(both(both(values[:, 0], values[:, 1]), values[:, 2]))


def in_blocks(items: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    """Items in blocks of about a million pairs."""
    passed = np.cumsum(sizes) // BLOCK
    return np.split(items, np.flatnonzero(np.diff(passed)) + 1) if len(items) else []


def repeated(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each index as often as its count says, and how often it has come before: [sum] each."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


def reaches(corners: np.ndarray, strips: Strips, strip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From which to before which of the ordered points each triangle [k, 3, 2] reaches in one strip [k]: [k] each."""
    low, high = strips.low[strip][:, None], strips.high[strip][:, None]
    other = np.roll(corners, -1, axis=1)
    rise, run = other[..., 1] - corners[..., 1], other[..., 0] - corners[..., 0]
    flat = rise == 0
    ends = []
    for bound in (low, high):
        share = np.clip(np.divide(bound - corners[..., 1], rise, where=~flat, out=np.zeros_like(rise)), 0, 1)
        ends.append(corners[..., 0] + share * run)
    # An edge within the strip goes from corner to corner; clipped ends of edges elsewhere are corners too, and only widen.
    within = (corners[..., 1] >= low) & (corners[..., 1] <= high)
    crossed = (np.minimum(corners[..., 1], other[..., 1]) <= high) & (np.maximum(corners[..., 1], other[..., 1]) >= low)
    left = np.minimum(np.where(crossed, np.minimum(*ends), np.inf), np.where(within, corners[..., 0], np.inf))
    right = np.maximum(np.where(crossed, np.maximum(*ends), -np.inf), np.where(within, corners[..., 0], -np.inf))
    slack = 1e-9 * strips.width
    begin = np.searchsorted(strips.keys, strips.key(strip, of_three(np.minimum, left) - slack))
    end = np.searchsorted(strips.keys, strips.key(strip, of_three(np.maximum, right) + slack), side="right")
    return begin, np.maximum(end, begin)


def inside(
    corners: np.ndarray, points: np.ndarray, triangle: np.ndarray, point: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of some pairs of triangle and point those that meet, with the point's barycentric weights."""
    a, b, c = (corners[triangle, k] for k in range(3))
    p = points[point]
    cross = lambda u, v: u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]  # noqa: E731
    whole = cross(b - a, c - a)
    second, third = cross(p - a, c - a) / whole, cross(b - a, p - a) / whole
    weights = np.stack([1 - second - third, second, third], axis=1)
    held = of_three(np.logical_and, weights >= 0)
    return triangle[held], point[held], weights[held]


# --- the density -----------------------------------------------------------------------------------------------------


def summed(mesh: Mesh, points: np.ndarray, but: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Density at points [m, 2] and how many triangles they are in, [m] each; `but [m]`: each one's triangle to leave out."""
    density, sheets = np.zeros(len(points)), np.zeros(len(points), int)
    for triangle, point, weights in meetings(mesh.sent, points):
        kept = slice(None) if but is None else but[point] != triangle
        shares = contributions(mesh, triangle[kept], weights[kept])
        density += np.bincount(point[kept], shares, len(points))
        sheets += np.bincount(point[kept], minlength=len(points))
    return density, sheets


def contributions(mesh: Mesh, triangle: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """p(z) / |det| at the preimages of points with barycentric weights [k, 3] in triangles [k]: [k]."""
    latent = np.einsum("kc,kcd->kd", weights, mesh.latent[triangle])
    grown = np.abs(doubled(mesh.sent[triangle]) / doubled(mesh.latent[triangle]))
    return np.asarray(np.exp(log_latent(mesh.law, latent)) / grown)


def on_window(mesh: Mesh, window: Window, cells: int = CELLS) -> Pushed:
    """The map of the density over a window, its sheets and folds; hardly any mass is lost between the cells.

    The mass of a patch of the mesh goes to the points of a fine grid that it covers, as its density there says; of one that
    covers few, as most do where the map squeezes, each triangle gives all to the point nearest to its middle.
    """
    left, right, bottom, top = window
    size = np.array([right - left, top - bottom]) / (cells * FINE)
    x, y = (start + step * (np.arange(cells * FINE) + 0.5) for start, step in ((left, size[0]), (bottom, size[1])))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    mass, sheets = laid_out(mesh, points, window, size)
    by_cell = mass.reshape(cells, FINE, cells, FINE).sum(axis=(1, 3))
    middle, sent = slice(FINE // 2, None, FINE), mesh.sent.mean(axis=1)
    inside = ((sent >= (left, bottom)) & (sent <= (right, top))).all(axis=1)
    return Pushed(
        x=x[middle],
        y=y[middle],
        density=by_cell / (size.prod() * FINE**2),
        sheets=sheets.reshape(cells * FINE, cells * FINE)[middle, middle],
        folds=folds(mesh),
        inside=float(mesh.masses[inside].sum()),
    )


def laid_out(mesh: Mesh, points: np.ndarray, window: Window, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mass at, and triangles over, each point of a fine grid over a window, whose steps are `size [2]`: [m] each."""
    origin, across = np.array(window[::2]), round((window[1] - window[0]) / size[0])
    reach = np.array([across, len(points) // across])
    masses, patch = mesh.masses, patches(mesh)
    low, high = ((end(mesh.sent, axis=1) - origin) / size for end in (np.min, np.max))
    seen = np.flatnonzero((high >= 0).all(axis=1) & (low <= reach).all(axis=1))
    triangle, point, share = covering(mesh, points, seen)
    share = share * size.prod()
    cut = ((low < 0) | (high > reach)).any(axis=1)
    scale = scales(patch, masses, cut, (triangle, share))
    # Where a patch covers few points its triangles are laid out one by one, but for large ones at the window's edge.
    apart = (scale[patch] == 0) & ~(cut & (high - low > 1).any(axis=1))
    by_triangle = np.where(apart, 0.0, np.where(scale == 0, 1.0, scale)[patch])
    laid = tally(point, share * by_triangle[triangle], len(points))
    place = np.floor((mesh.sent.mean(axis=1) - origin) / size)
    between = apart & ((place >= 0) & (place < reach)).all(axis=1)
    laid += tally(place[between].astype(int) @ (1, across), masses[between], len(points))
    return laid, np.bincount(point, minlength=len(points))


def scales(patch: np.ndarray, masses: np.ndarray, cut: np.ndarray, laid: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """What brings the mass that each patch has `laid` out (triangles [k], mass [k]) to its own: [T], 0 where it covers too
    few points for that, 1 where that is right but for chance, or the window cuts the patch, `cut [T]` its triangles.
    """
    (triangle, share), n = laid, len(patch)
    owner = patch[triangle]
    hits, covered, held = tally(owner, None, n), tally(owner, share, n), tally(patch, masses, n)
    many, whole = hits >= ENOUGH, tally(patch, cut, n) == 0
    ratio = held / np.where(many, covered, 1.0)
    mended = whole & (np.abs(ratio - 1) > OFF)
    return np.where(many, np.where(mended, ratio, 1.0), 0.0)


def tally(places: np.ndarray, weights: np.ndarray | None, n: int) -> np.ndarray:
    """How much, or how many, fall on each of n places: [n], real numbers also where there is nothing to count."""
    return np.bincount(places, weights, n).astype(float)


def covering(mesh: Mesh, points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of the triangles seen [s] cover which points, and what they add to the density there: [k] each."""
    found = [
        (seen[some], point, contributions(mesh, seen[some], weights))
        for some, point, weights in meetings(mesh.sent[seen], points)
    ]
    none = np.empty(0, int), np.empty(0, int), np.empty(0)
    triangle, point, share = (np.concatenate(part) for part in zip(none, *found, strict=True))
    return triangle, point, share


def patches(mesh: Mesh) -> np.ndarray:
    """The number of the patch of PATCH x PATCH cells that each triangle belongs to: [T]."""
    n = mesh.sides.shape[1] - 1
    row, column = np.divmod(np.arange(n * n), n)
    return np.repeat(row // PATCH * n + column // PATCH, 2)


def folds(mesh: Mesh) -> np.ndarray:
    """The images [k, 2, 2] of the mesh's inner edges between triangles of which one arrives turned over."""
    n = mesh.sides.shape[1] - 1
    lower = mesh.sent.reshape(n, n, 2, 3, 2)[:, :, 0]
    size = np.square(mesh.sent - np.roll(mesh.sent, 1, axis=1)).sum(axis=(1, 2))
    areas = doubled(mesh.sent) / 2  # negative where a triangle is turned over
    sides = np.where(np.abs(areas) > FLAT * size, np.sign(areas), 0).reshape(n, n, 2)
    under, over = sides[..., 0], sides[..., 1]
    pairs = (
        (under * over < 0, lower[:, :, [0, 2]]),  # the diagonal
        (under[:, :-1] * over[:, 1:] < 0, lower[:, :-1][:, :, [1, 2]]),  # to the neighbour on the right
        (under[1:] * over[:-1] < 0, lower[1:][:, :, [0, 1]]),  # to the neighbour below
    )
    return np.concatenate([edges[turned] for turned, edges in pairs])


# --- how far it is from a target -------------------------------------------------------------------------------------


def refined(send: Transform, law: LatentLaw, log_p: LogDensity | None) -> tuple[Mesh, Estimate, float]:
    """The mesh at which KL(q | p) does not change any more, that divergence with its error, and the degenerate share."""
    before = math.nan
    for n in LEVELS:
        mesh = meshed(send, law, n)
        value, degenerate = kl_of_made(send, mesh, log_p)
        change = 0.0 if value == before else abs(value - before)
        if change < LITTLE + SHARE_OF * abs(value) or degenerate > LOST:
            break
        before = value
    return mesh, UNKNOWN if log_p is None else Estimate(value, max(change, ROUNDING)), degenerate


def kl_of_made(send: Transform, mesh: Mesh, log_p: LogDensity | None) -> tuple[float, float]:
    """KL(q | p) and the share of the latents around which G is flat; without a target minus the entropy of q.

    With s(z) = p(z) / |det dG/dz|, the density of a latent's own sheet, it is E log s(z) - log p(G(z)), over many latents,
    plus E log(q / s), which only the mesh knows, and which is smoother, over fewer.
    """
    latents, weights = nodes(mesh, ALONE)
    sent = send(latents)
    across, flat = determinants(send, latents, sent)
    degenerate = float(weights @ flat)
    if degenerate > LOST:
        return math.inf, degenerate
    with np.errstate(divide="ignore"):
        terms = log_latent(mesh.law, latents) - np.log(across)
    terms = terms - log_p(sent) if log_p else terms
    return float(weights[~flat] @ terms[~flat] / weights[~flat].sum()) + crowding(send, mesh), degenerate


def crowding(send: Transform, mesh: Mesh) -> float:
    """E log(q / s): what other sheets add to the density of a latent's own, in nats; 0 where nothing is folded."""
    latents, weights = nodes(mesh, TOGETHER)
    across, flat = determinants(send, latents, send(latents))
    own, place = own_triangles(mesh, latents)
    others, _ = summed(mesh, place, own)
    added = np.log1p(others * across / np.exp(log_latent(mesh.law, latents)))
    return float(weights[~flat] @ added[~flat] / weights[~flat].sum())


def nodes(mesh: Mesh, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Latents [m, 2], a share of the mesh's cells along each side, and weights [m] that sum to 1: the midpoint rule along t."""
    count = 2 * int(share * mesh.sides.shape[1] / 2)  # even, as many a map has a crease at 0
    t = (2 * np.arange(count) + 1) / count - 1
    z = mesh.law.place(t)
    along = np.exp(mesh.law.log_density(z)) * mesh.law.speed(t)
    weights = np.outer(along, along).ravel()
    return np.stack(np.meshgrid(z, z), axis=-1).reshape(-1, 2), weights / weights.sum()


def determinants(send: Transform, latents: np.ndarray, sent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The size of det dG/dz at latents [m, 2], by central differences, and whether G is flat there: [m] each."""
    columns = [(send(latents + step) - send(latents - step)) / (2 * NUDGE) for step in NUDGE * np.eye(2)]
    (a, c), (b, d) = columns[0].T, columns[1].T
    across, size = np.abs(a * d - b * c), a**2 + b**2 + c**2 + d**2
    rounding = 4 * EPSILON * float(np.abs(sent).max()) / NUDGE  # of an entry of J
    return across, across <= FLAT * size + rounding * np.sqrt(size)


def own_density(send: Transform, law: LatentLaw, latents: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """The part of the density at points `sent [m, 2]` that the latents [m, 2] give which they are made of, p(z) / |det dG/dz|:
    [m], infinite where G is flat. By these the density of generated points is never too small, as a mesh has it near folds.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(log_latent(law, latents)) / determinants(send, latents, sent)[0])


def own_triangles(mesh: Mesh, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The triangle that each latent [m, 2] is in [m], and where the mesh sends the latent [m, 2]."""
    n = mesh.sides.shape[1] - 1
    along = list(zip(mesh.sides, latents.T, strict=True))
    column, row = cells = [(np.searchsorted(sides, z, side="right") - 1).clip(0, n - 1) for sides, z in along]
    u, v = ((z - sides[cell]) / np.diff(sides)[cell] for (sides, z), cell in zip(along, cells, strict=True))
    own = 2 * (column + n * row) + (v > u)
    beneath = np.stack([1 - u, u - v, v], axis=1)  # of the corners a, b, c
    above = np.stack([1 - v, u, v - u], axis=1)  # of a, c, d
    weights = np.where((v > u)[:, None], above, beneath)
    return own, np.einsum("kc,kcd->kd", weights, mesh.sent[own])


def against(mesh: Mesh, send: Transform, log_p: LogDensity | None, real: np.ndarray | None) -> tuple[Estimate, float]:
    """KL(p | q) as the mean of log p - log q over the target's points [n, 2], infinite where q misses some; and their share."""
    if log_p is None or real is None:
        return UNKNOWN, math.nan
    density, sheets = summed(mesh, real)
    missed = float((sheets == 0).mean())
    if missed > 0:
        return INFINITE, missed
    half = meshed(send, mesh.law, (mesh.sides.shape[1] - 1) // 2)
    rougher, held = summed(half, real)
    terms, both = log_p(real) - np.log(density), held > 0
    change = abs(float(np.log(density[both] / rougher[both]).mean()))
    return Estimate(float(terms.mean()), float(terms.std() / math.sqrt(len(real))) + change), missed
