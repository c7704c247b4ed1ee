"""The critic that each objective would have if it could: exact where densities or clouds decide it, else none.

Everywhere p is the density of real points, q that of generated ones, l = log p/q, and a higher score means "more real".
Formulas take arrays or tensors alike (`maths`), so that the lab's page plays what is written here.
One more optimum is one function here and one row in `OPTIMA`.
"""

# ruff: noqa: E741  (l is the formulas' own name)

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np

from toygan.quantities.critic import Clouds, alignment
from toygan.quantities.transport import units
from toygan.targets.densities import in_blocks, log_sum_exp, maths
from toygan.targets.target import BlurredLogDensity

Axes = tuple[np.ndarray, np.ndarray]  # x and y of a grid, [g] each
Scores = Callable[[np.ndarray], np.ndarray]  # points [n, 2] -> scores [n]
OfSquares = Callable[[np.ndarray], np.ndarray]  # squared distances to a cloud [..., n] -> [...]
Kernel = Literal["gaussian", "rational-quadratic"]

KERNELS: dict[Kernel, Callable[[Any, float], Any]] = {
    "gaussian": lambda squares, width: maths(squares).exp(-squares / (2 * width**2)),
    "rational-quadratic": lambda squares, width: (1 + squares / (2 * width)) ** -width,
}
WIDTHS = (0.1, 0.3, 1.0, 3.0)
FAINT = 1e-200  # kernel sums below this are taken again by logarithms
NOTHING: Mapping[str, Any] = MappingProxyType({})


class OptimalCritic(NamedTuple):
    """The best critic of two clouds, when asked for: `on_grid() [g, g]` (row = y), `at_clouds() [m + n]`, real points first."""

    on_grid: Callable[[], np.ndarray]
    at_clouds: Callable[[], np.ndarray]


class Told(NamedTuple):
    """What the critic is told: packs of `pack` points at once, and a share `swapped` of the pairs of labels wrongly."""

    pack: int = 1
    swapped: float = 0.0


PLAINLY = Told()


# --- from densities: functions of l [...] and the objective's own options --------------------------------------------


def as_told(l: Any, told: Told) -> Any:
    """The log-ratio of what the critic is told, from l = log p/q: at the pack (x, ..., x) of m points it is m l, and with
    a share s of the labels swapped log ((1-s) p + s q) / ((1-s) q + s p).
    """
    l, s = told.pack * l, told.swapped
    if maths(s) is np and not s:  # a dial is there only where some labels are swapped
        return l
    real, fake = (s + (1 - 2 * s) * chance(side) for side in (l, -l))
    return maths(l).log(real) - maths(l).log(fake)


def chance(l: Any) -> Any:
    """p/(p + q), the chance that a point is real: 1 / (1 + exp(-l))."""
    with np.errstate(over="ignore"):
        return 1 / (1 + maths(l).exp(-l))


def log_ratio(l: Any) -> Any:
    """The log-ratio l itself, the optimum of cross-entropy (Goodfellow et al., 2014, arXiv:1406.2661).

    Plus any constant it is that of relativistic pairs too: E sp(f(y) - f(x)) is the negative log-likelihood of a model of
    paired comparisons (Bradley and Terry, 1952, doi:10.2307/2334029) in which x, y from p, q come in this order with odds
    p(x) q(y) / (p(y) q(x)).
    """
    return l


def between_targets(l: Any, *, fake: float = 0.0, real: float = 1.0) -> Any:
    """(real p + fake q) / (p + q) (Mao et al., 2016, arXiv:1611.04076)."""
    return real * chance(l) + fake * chance(-l)


def sides(l: Any) -> Any:
    """sign(p - q), hinge's optimum (Lim and Ye, 2017, arXiv:1705.02894).

    Of total variation only the direction: the raw score runs to infinity while T = tanh(v)/2 comes to sign(p - q)/2.
    """
    return maths(l).sign(l)


def soft_log_ratio(l: Any, *, real: tuple[float, float] = (0.7, 1.2), fake: tuple[float, float] = (0.0, 0.3)) -> Any:
    """Logarithm of (y p + z q) over ((1 - y) p + (1 - z) q), for mean labels y, z: smoothed cross-entropy's.

    The loss is linear in the labels, so only their means count. There is a best score where the mean label of a place,
    (y p + z q) / (p + q), is between 0 and 1; elsewhere, as labels above 1 can make it, the score gains for ever: +-inf.
    """
    y, z = sum(real) / 2, sum(fake) / 2
    return log_of_sum(l, y, z) - log_of_sum(l, 1 - y, 1 - z)


def log_of_sum(l: Any, a: float, b: float) -> Any:
    """log (a exp(l) + b) [...]; -inf where the sum is not positive."""
    lib = maths(l)
    with np.errstate(divide="ignore", invalid="ignore"):
        if lib is np and min(a, b) >= 0:  # exact where the greater part is times 0, too; a graph has no choices
            return np.logaddexp(l + np.log(a), np.log(b))
        most = lib.clip(l, 0, None)
        return most + lib.log(lib.clip(a * lib.exp(l - most) + b * lib.exp(-most), 0, None))


def above_one(l: Any) -> Any:
    """1 + log p/q: T of KL (Nowozin et al., 2016, arXiv:1606.00709)."""
    return 1 + l


def relative_excess(l: Any) -> Any:
    """2 (p/q - 1): T of Pearson's chi^2 (Nowozin et al., 2016, arXiv:1606.00709); infinite where float64 ends."""
    with np.errstate(over="ignore"):
        return 2 * maths(l).expm1(l)


def density_ratio(l: Any) -> Any:
    """p/q itself (Uehara et al., 2016, arXiv:1610.02920); infinite where float64 ends."""
    with np.errstate(over="ignore"):
        return maths(l).exp(l)


def positive_ratio(l: Any, *, weight: float = 1.0) -> Any:
    """The score v whose D = sp(v) is weight p/q: v = log(exp(weight p/q) - 1) (Nguyen et al., 2017, arXiv:1709.03831).

    That is D + log(1 - exp(-D)), where 1 - exp(-D) = 2t/(1 + t) of t = tanh(D/2), and log D where D is nothing.
    """
    lib = maths(l)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        best = weight * lib.exp(l)
        t = lib.tanh(best / 2)
        return lib.where(t > 0, best + lib.log(2 * t / (1 + t)), l + maths(weight).log(weight))


def half_log_ratio(l: Any) -> Any:
    """1/2 log p/q: T = 1 - exp(-v) = 1 - sqrt(q/p) of squared Hellinger (Nowozin et al., 2016, arXiv:1606.00709)."""
    return l / 2


def least_energy(l: Any, *, margin: float = 1.0) -> Any:
    """-margin where q > p, 0 elsewhere: no energy on the data (Zhao et al., 2016, arXiv:1609.03126)."""
    lib = maths(l)
    return lib.where(l < 0, -margin, lib.where(l >= 0, 0.0, np.nan))


# --- from clouds -----------------------------------------------------------------------------------------------------


class Potential(NamedTuple):
    """The discrete Kantorovich potential phi(x) = max_i (u_i - |x - x_i|) of two clouds: x_i the real points `real [m, 2]`,
    u_i their `duals [m]` in the plan `solved(fake, real)`.

    1-Lipschitz, and E phi(real) - E phi(fake) is their exact W1. Its constant is free, and it is decided only on
    the rays along which mass moves (Kantorovich, 1942). Elsewhere this is the lowest of all optimal critics: anchored at
    the real points, it falls away from them, as a learned critic does; one anchored at the generated points would rise.
    """

    real: np.ndarray
    duals: np.ndarray

    def heights(self, points: np.ndarray) -> np.ndarray:
        """Each u_i - |x - x_i| at points [n, 2]: [n, m]."""
        from scipy.spatial.distance import cdist

        return np.asarray(self.duals - cdist(np.asarray(points, float), self.real))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The potential at points [n, 2]: [n]."""
        return np.asarray(self.heights(points).max(axis=1))

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """Its gradient at points [n, 2]: [n, 2], of length 1, at a generated point to where transport sends it; 0 at a tip."""
        goals = self.heights(points).argmax(axis=1)
        return units(self.real[goals] - np.asarray(points, float), fill=0.0)


def alignment_ceiling(clouds: Clouds, again: Clouds) -> float:
    """The slope alignment on one pair of clouds of the potential of another, independent pair from the same laws, -1 to 1.

    The best critic that so many points can teach: a plan follows its own points, and where they fall is chance. With both
    laws alike it is about 0, for then all that is left to transport is chance. NaN where points are not finite.
    """
    if not (np.isfinite(clouds.plan.distance) and np.isfinite(again.plan.distance)):
        return math.nan
    return alignment(Potential(again.some_real, again.plan.real_dual).slopes(clouds.some), clouds)


def kantorovich(clouds: Clouds, axes: Axes) -> OptimalCritic:
    """The potential of the frame's own plan: at the clouds it is the plan's duals, and costs nothing. With its own c-transform
    it reaches W1, whichever of both is learned.
    """
    duals = clouds.plan.real_dual.astype(np.float32)

    def best(squares: np.ndarray) -> np.ndarray:
        return np.asarray(np.subtract(duals, np.sqrt(squares, out=squares), out=squares).max(axis=1))

    return OptimalCritic(
        on_grid=lambda: over_rows(best, clouds.some_real, axes),
        at_clouds=lambda: np.concatenate([clouds.plan.real_dual, -clouds.plan.fake_dual]),
    )


def over_rows(of: OfSquares, cloud: np.ndarray, axes: Axes) -> np.ndarray:
    """A function of squared distances to a cloud [n, 2] on the grid [g, g], in float32: half the time, and good to 1e-7."""
    pairs = zip(axes, cloud.T, strict=True)
    across, up = (np.square(np.subtract.outer(grid, at)).astype(np.float32) for grid, at in pairs)  # [g, n] each
    table = np.empty_like(across)
    return np.stack([of(np.add(across, row, out=table)) for row in up])


def mmd_witness(
    clouds: Clouds, axes: Axes, *, kernel: Kernel = "gaussian", bandwidths: Sequence[float] = WIDTHS
) -> OptimalCritic:
    """E k(x, real) - E k(x, fake) with the objective's kernel on the plane itself (Gretton et al., 2012)."""
    critic = witness(clouds, axes, similar=partial(mmd_similarity, kernel=kernel, bandwidths=bandwidths))
    if kernel == "rational-quadratic":
        return critic

    def gaussians(cloud: np.ndarray) -> np.ndarray:
        sums = np.sum([kernel_sums(cloud, width, axes) for width in bandwidths], axis=0)
        return np.asarray(sums / (len(bandwidths) * len(cloud)))

    return critic._replace(on_grid=lambda: gaussians(clouds.some_real) - gaussians(clouds.some))


def mmd_similarity(squares: Any, *, kernel: Kernel = "gaussian", bandwidths: Sequence[float] = WIDTHS) -> Any:
    """The mean over a cloud of the mean kernel, from squared distances [..., n]: [...]."""
    return sum(KERNELS[kernel](squares, width).mean(axis=-1) for width in bandwidths) / len(bandwidths)


def closeness(squares: Any) -> Any:
    """Minus the mean distance to a cloud, from squared distances [..., n]: [...], so that its witness is
    E |x - fake| - E |x - real| on the plane itself (Bellemare et al., 2017, arXiv:1705.10743).
    """
    return -maths(squares).sqrt(squares).mean(axis=-1)


def kernel_sums(cloud: np.ndarray, width: float, axes: Axes) -> np.ndarray:
    """sum_j exp(-|x - cloud_j|^2 / (2 width^2)) on the grid [g, g]: a Gaussian is a product over axes, so this is too."""
    pairs = zip(axes, cloud.T, strict=True)
    across, up = (np.exp(-np.square(np.subtract.outer(grid, places) / width) / 2) for grid, places in pairs)
    return np.asarray(up @ across.T)


def witness(clouds: Clouds, axes: Axes, *, similar: OfSquares) -> OptimalCritic:
    """Mean similarity to the real points minus that to the generated ones, from squared distances."""
    from scipy.spatial.distance import cdist

    real, fake = clouds.some_real, clouds.some
    both = np.concatenate([real, fake])
    return OptimalCritic(
        on_grid=lambda: over_rows(similar, real, axes) - over_rows(similar, fake, axes),
        at_clouds=lambda: similar(cdist(both, real, "sqeuclidean")) - similar(cdist(both, fake, "sqeuclidean")),
    )


# --- in a run --------------------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """All of an objective's optimum that no frame changes; `how` says in words what is best and where it comes from.

    `log_p`, `log_q [g, g]` are log-densities on the grid where they are known and stay the same, and `exact` both as
    functions of points; `width` is otherwise the bandwidth of the kernel estimate. With fading instance noise all of it
    is of one frame.
    """

    kind: str
    options: Mapping[str, Any]
    axes: Axes
    how: str
    log_p: np.ndarray | None = None
    log_q: np.ndarray | None = None
    exact: tuple[Scores, Scores] | None = None
    width: float = 0.0
    told: Told = PLAINLY


def known_optimum(
    kind: str,
    real: np.ndarray,
    grid_x: np.ndarray,
    grid_y: np.ndarray,
    log_density: BlurredLogDensity | None = None,
    std: float | None = None,
    options: Mapping[str, Any] = NOTHING,
    noise: float = 0.0,
    few: int = 400,
    told: Told = PLAINLY,
) -> Known | None:
    """What is known of an objective's optimum before the first frame, from the best there is; None where nothing is.

    real [m, 2] are target points; `log_density(x, blur)` is the target's; `std` is the frozen generator's, None for one
    that learns; `noise` is the standard deviation of instance noise, which blurs both densities; clouds come blurred.
    `few` is how many points of either cloud a frame's plan takes; `told` is what the critic hears of packs and labels.
    """
    if not decided(kind, told):
        return None
    row = OPTIMA[kind]
    known = Known(kind, options, (np.asarray(grid_x, float), np.asarray(grid_y, float)), row.about, told=told)
    if row.source != "density":
        few = min(few, len(real))
        return known._replace(how=f"{row.about} of {few} real and {few} generated points")
    known = known._replace(how=row.about + told_in_words(told))
    if log_density and std is not None:
        with suppress(ValueError):  # mass on points or curves has no density to compare with
            log_density(known.axes[0][:1, None] * np.ones(2), 0.0)  # without noise too: one source for the whole run
            return exactly(known, log_density, std, noise)
    return estimated(known, real, log_density, noise)


def decided(kind: str, told: Told = PLAINLY, critic: str | None = None) -> bool:
    """Whether an objective has a known optimum when its critic is told so, and is of a kind that can reach it.

    Swapped labels mix both laws and leave a formula to what is linear in them; half of them swapped, clouds say nothing; a
    plan between packs is not one of the plane.
    """
    row = OPTIMA.get(kind)
    if row is None or (critic and critic not in row.critics):
        return False
    if row.source == "density":
        return row.linear or not told.swapped
    return told.pack == 1 and told.swapped < 0.5


def told_in_words(told: Told) -> str:
    """How l = log p/q is changed by what the critic is told."""
    parts = [f"with p/q to the power {told.pack}, as of packs of {told.pack} equal points"] * (told.pack > 1)
    parts += [f"with p and q mixed, as {100 * told.swapped:.3g} % of the labels are swapped"] * bool(told.swapped)
    return "".join(f", {part}" for part in parts)


def indifferent_score(kind: str, options: Mapping[str, Any] = NOTHING, critic: str | None = None) -> float | None:
    """The best score of an objective where real and generated points are equally likely, its critic's decision boundary;
    None where there is none, as for scores whose constant is free.

    For f-divergences it is f'(1) in terms of T (Nowozin et al., 2016, arXiv:1606.00709).
    """
    row = OPTIMA.get(kind)
    if row is None or not row.boundary or critic == "autoencoder":
        return None
    score = float(row.of(np.zeros(()), **taken(row.of, options)))
    return score if math.isfinite(score) else None


def exactly(known: Known, log_density: BlurredLogDensity, std: float, noise: float) -> Known:
    """The optimum from both exact densities; ValueError where the target has none."""
    how = f"{known.how}, from both exact densities (generated = target + N(0, {std:g}^2))"
    exact = (lambda points: log_density(points, noise)), (lambda points: log_density(points, math.hypot(std, noise)))
    return known._replace(log_p=on_grid(exact[0], known), log_q=on_grid(exact[1], known), exact=exact, how=how)


def estimated(known: Known, real: np.ndarray, log_density: BlurredLogDensity | None, noise: float) -> Known:
    """The optimum from a kernel estimate of the generated density, against the target blurred alike.

    One width for the whole run, so that colours stay: that of the real points, and no finer than the grid can show.
    """
    spacing = max(float(np.ptp(grid)) / max(len(grid) - 1, 1) for grid in known.axes)
    width = float(width_of(real, max(noise, spacing)))
    how = f"{known.how}, from a Gaussian kernel estimate of the generated points, bandwidth {width:.2g}, against"
    if log_density:
        with suppress(ValueError):  # mass of which there is no density to blur
            log_p = on_grid(lambda points: log_density(points, width), known)
            return known._replace(log_p=log_p, width=width, how=f"{how} the exact target, as blurred")
    log_p = kernel_estimate(real, width, known.axes)
    return known._replace(log_p=log_p, width=width, how=f"{how} the same of {len(real)} real points")


def on_grid(log: Scores, known: Known) -> np.ndarray:
    """A function of points [n, 2] on the grid [g, g]."""
    points = np.stack(np.meshgrid(*known.axes), axis=-1)
    return log(points.reshape(-1, 2)).reshape(points.shape[:2])


def optimal_critic(known: Known, clouds: Clouds) -> OptimalCritic | None:
    """The best critic against the clouds of one frame; None where a point is not finite."""
    if not np.isfinite(clouds.fake).all():
        return None
    row = OPTIMA[known.kind]
    if row.source != "density":
        return row.of(clouds, known.axes, **taken(row.of, known.options))

    best = partial(optimal_scores, known.kind, options=known.options, told=known.told)

    @cache  # dear where the cloud is far away, and wanted twice
    def log_densities() -> tuple[Any, np.ndarray]:
        own = kernel_estimate(clouds.fake, known.width, known.axes) if known.log_q is None else known.log_q
        return known.log_p, own

    def at_clouds() -> np.ndarray:
        points = np.concatenate([clouds.some_real, clouds.some])
        if known.exact:
            return best(*(log(points) for log in known.exact))
        return best(*(read_off(log, known, points) for log in log_densities()))  # estimates are smooth

    return OptimalCritic(on_grid=lambda: best(*log_densities()), at_clouds=at_clouds)


def read_off(table: np.ndarray, known: Known, points: np.ndarray) -> np.ndarray:
    """A table on the grid [g, g], linear between its points, at points [n, 2]; NaN outside: [n]."""
    from scipy.ndimage import map_coordinates

    pairs = zip(points.T[::-1], known.axes[::-1], strict=True)
    places = [(x - grid[0]) / (grid[-1] - grid[0]) * (len(grid) - 1) for x, grid in pairs]
    return np.asarray(map_coordinates(table, places, order=1, mode="constant", cval=math.nan))


def optimal_scores(
    kind: str, log_p: Any, log_q: Any, options: Mapping[str, Any] = NOTHING, told: Told = PLAINLY
) -> Any:
    """The best raw score of an objective where real and generated log-density are log_p [...] and log_q [...]: [...].

    `options` are the objective's own; those that do not matter are passed over. Where both densities are 0 nothing is
    best: NaN. Raises ValueError for an objective whose optimum densities do not decide.
    """
    row = OPTIMA.get(kind)
    if row is None or row.source != "density":
        raise ValueError(f"{kind}: densities do not give its optimal critic; they do for {', '.join(from_densities())}")
    with np.errstate(invalid="ignore"):
        return row.of(as_told(log_p - log_q, told), **taken(row.of, options))


def of_clouds(
    kind: str, points: Any, real: Any, fake: Any, finest: Any, options: Mapping[str, Any], told: Told = PLAINLY
) -> Any:
    """The best score at points [k, 2] against clouds real [m, 2] and fake [n, 2], as clouds alone decide it: from Gaussian kernel
    estimates of both densities, no finer than `finest`, or as a kernel's witness. Arrays or tensors: [k]. Raises ValueError
    for an objective whose optimum neither decides.
    """
    row = OPTIMA.get(kind)
    if row is not None and row.similar is not None:
        near, far = (row.similar(squares(points, cloud), **taken(row.similar, options)) for cloud in (real, fake))
        return near - far
    width = width_of(real, finest)
    log_p, log_q = (log_of_points(points, cloud, width) for cloud in (real, fake))
    return optimal_scores(kind, log_p, log_q, options, told)


def from_densities() -> list[str]:
    """The objectives whose optimal critic densities decide."""
    return [name for name, row in OPTIMA.items() if row.source == "density"]


def taken(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    keywords = inspect.signature(function).parameters.values()
    return {k.name: options[k.name] for k in keywords if k.kind is k.KEYWORD_ONLY and k.name in options}


def width_of(real: Any, finest: Any) -> Any:
    """The bandwidth of both estimates: that of the real points [m, 2], and no finer than `finest`."""
    return maths(real).maximum(bandwidth(real), finest)


def bandwidth(points: Any) -> Any:
    """Half of Scott's rule (1992), s n^(-1/6) / 2, s the root mean square of both stds: his own closes a curled curve's gaps."""
    variance = ((points - points.mean(axis=0)) ** 2).mean(axis=0).mean()
    return maths(points).sqrt(variance) * len(points) ** (-1 / 6) / 2


def log_of_points(points: Any, cloud: Any, width: Any) -> Any:
    """Log of the mean of N(x; cloud_j, width^2 I) over the cloud [m, 2] at points [n, 2]: [n]."""
    lost = maths(width).log(2 * math.pi * width**2 * len(cloud))
    return log_sum_exp(-squares(points, cloud) / (2 * width**2)) - lost


def squares(points: Any, cloud: Any) -> Any:
    """Squared distances of points [n, 2] to a cloud [m, 2]: [n, m]."""
    return (points[:, :1] - cloud[:, 0]) ** 2 + (points[:, 1:] - cloud[:, 1]) ** 2


def kernel_estimate(cloud: np.ndarray, width: float, axes: Axes) -> np.ndarray:
    """Log of the mean of N(x; cloud_j, width^2 I) over the cloud [m, 2], on the grid [g, g]."""
    cloud = np.asarray(cloud, float)
    sums = kernel_sums(cloud, width, axes)
    with np.errstate(divide="ignore"):
        logs = np.log(sums) - math.log(2 * math.pi * width**2 * len(cloud))
    faint = sums < FAINT
    if faint.any():  # far from every point: there products underflow, and logarithms do not
        far = np.stack(np.meshgrid(*axes), axis=-1)[faint]
        logs[faint] = in_blocks(lambda part: log_of_points(part, cloud, width), far, len(cloud))
    return logs


class Optimum(NamedTuple):
    """One row: `of(l)` from l = log p/q, or `of(clouds, axes)`, with the objective's options as keywords.

    `source` is what decides it: both densities, the Kantorovich potential of both clouds, or a kernel over them. `drawn`
    says what a picture of the scores shows, where it is not the scores themselves. `critics` are the kinds of critics
    that can reach it: an autoencoder's score is never above 0, and an energy without that bound has no optimum.
    `boundary`: whether its value at p = q is where the critic cannot tell. `linear`: whether the loss is a mean over real
    points plus one over generated points, so that swapped labels only mix p and q. `similar` is a kernel's mean over a cloud.
    """

    source: Literal["density", "potential", "kernel"]
    of: Callable[..., Any]
    about: str
    drawn: str = ""
    critics: tuple[str, ...] = ("mlp",)
    boundary: bool = False
    linear: bool = True
    similar: Callable[..., Any] | None = None


of_densities = partial(Optimum, "density")
telling = partial(Optimum, "density", boundary=True)  # real points from generated ones
of_plan = partial(Optimum, "potential", kantorovich, "the exact Kantorovich potential", critics=("mlp", "autoencoder"))
of_kernel = partial(Optimum, "kernel", critics=("mlp", "identity"))
WITNESS = "witness on the plane itself, without learned features,"

OPTIMA = {
    "minimax": telling(log_ratio, "log p/q"),
    "non-saturating": telling(log_ratio, "log p/q"),
    "boundary-seeking": telling(log_ratio, "log p/q"),
    "soft-labels": telling(soft_log_ratio, "log-odds of the mean label"),
    "least-squares": telling(between_targets, "(b p + a q)/(p + q), b and a the labels of real and generated points"),
    "hinge": telling(sides, "sign(p - q)"),
    "relativistic": of_densities(log_ratio, "log p/q, up to a constant", linear=False),
    "f-kl": telling(above_one, "1 + log p/q"),
    "f-reverse-kl": telling(log_ratio, "log p/q"),
    "f-pearson": telling(relative_excess, "2 (p/q - 1)"),
    "f-hellinger": telling(half_log_ratio, "1/2 log p/q"),
    "f-js": telling(log_ratio, "log p/q"),
    "f-total-variation": telling(sides, "sign(p - q), times infinity", "only its sign: the score is endless"),
    "density-ratio": telling(density_ratio, "p/q"),
    "positive-ratio": telling(positive_ratio, "log(exp(a p/q) - 1), a the weight of real points"),
    "energy": of_densities(least_energy, "-margin where q > p, else 0", critics=("autoencoder",)),
    "wasserstein": of_plan(),
    "c-transform": of_plan(linear=False),
    "mmd": of_kernel(mmd_witness, f"the kernel's {WITNESS}", similar=mmd_similarity),
    "cramer": of_kernel(partial(witness, similar=closeness), f"the energy distance's {WITNESS}", similar=closeness),
}
