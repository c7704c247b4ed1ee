"""What happened to each mode of a mixture: measures of one cloud [n, 2], never of the network that made it."""

from __future__ import annotations

import math

import numpy as np

from toygan.targets.target import Modes

SIGMAS = 3.0  # a point within so many standard deviations of its nearest mode is on it
POINT_SIZE = 1e-6  # the least standard deviation of a mode, relative to max(1, |centre|): 8 spacings of float32
GRID = 41  # cells of the fine grid along each side
SAME = 1e-9  # distances to modes that differ by less are equal: sin(2 pi) is not quite sin(0)


def modes_kept(points: np.ndarray, modes: Modes, at_least: int = 1, within: float = SIGMAS) -> int:
    """How many modes have at least so many of points [n, 2] within 3 sigma, each point counted for its nearest mode only.

    Srivastava et al., 2017, arXiv:1705.07761; Lin et al., 2018, arXiv:1712.04086.
    """
    return int((mode_counts(points, modes, within) >= at_least).sum())


def high_quality(points: np.ndarray, modes: Modes, within: float = SIGMAS) -> float:
    """Share of points [n, 2] within 3 sigma (Mahalanobis) of their nearest mode; one that is not finite is not.

    A perfect sampler of separated Gaussians has 1 - exp(-9/2) = 0.98889, a share above it means modes that are too
    narrow. Srivastava et al., 2017, arXiv:1705.07761.
    """
    return float(mode_counts(points, modes, within).sum() / len(points))


def mode_mass_tv(points: np.ndarray, modes: Modes) -> float:
    """Total variation 1/2 sum_k |s_k - w_k| between the points' shares at the modes and the weights, 0 to 1.

    points [n, 2]. Every finite point belongs to its nearest mode (Mahalanobis), however far: this measures balance, and
    `high_quality` says how many points are near. Points that are not finite are mass outside every mode.
    """
    return mode_tv(points, modes, within=math.inf)


def mode_tv(points: np.ndarray, modes: Modes, within: float = SIGMAS) -> float:
    """Total variation 1/2 (sum_k |s_k - w_k| + s_off) between the points' shares and the weights, 0 to 1, where a point beyond so
    many sigma of every mode is in a class of its own, off every mode, to which the target gives nothing.

    points [n, 2]. Unlike `mode_mass_tv`, which counts every point for its nearest mode however far. Sandlund, 2026,
    github.com/brycesandlund/paired-discriminator.
    """
    shares = mode_counts(points, modes, within) / len(points)
    return float((np.abs(shares - modes.weights).sum() + 1 - shares.sum()) / 2)


def mode_kl(points: np.ndarray, modes: Modes, within: float = SIGMAS) -> float:
    """Reverse Kullback-Leibler divergence sum_k s_k log(s_k / w_k) of the points' shares from the weights, in nats.

    points [n, 2]. As in the code published with PacGAN (Lin et al., 2018, arXiv:1712.04086), shares are over the points
    within 3 sigma of their nearest mode; the others are left out, so they sum to 1. NaN when no point is on a mode,
    infinite when points are at a mode of weight 0.
    """
    counts = mode_counts(points, modes, within)
    if not counts.any():
        return math.nan
    kept = counts > 0
    shares = counts[kept] / counts.sum()
    with np.errstate(divide="ignore"):
        return float((shares * np.log(shares / np.asarray(modes.weights, float)[kept])).sum())


def grid_tv(points: np.ndarray, modes: Modes, cells: int = GRID) -> float:
    """Total variation 1/2 sum |s - w| between the points' shares s and the target's masses w in cells x cells equal cells, and
    one more for all that is outside; 0 to 1.

    points [n, 2]. The cells cover the modes and 4 standard deviations around them; the masses are exact, sums over modes of
    products of normal probabilities. So they are for modes whose axes are those of the plane, or that are round: NaN for
    others. It sees shapes that `mode_tv` does not, and its floor is high: n points leave most of so many cells empty.
    """
    if np.abs(modes.covariances[:, 0, 1]).max() > SAME * np.abs(modes.covariances).max():
        return math.nan
    stds = np.sqrt(np.diagonal(modes.covariances, axis1=1, axis2=2))
    around = 4 * np.maximum(stds, least_stds(modes))
    low, high = (modes.centres - around).min(axis=0), (modes.centres + around).max(axis=0)
    edges = low + (high - low) * np.linspace(0, 1, cells + 1)[:, None]
    x, y = np.moveaxis(np.diff(normal_share(edges, modes.centres, stds), axis=0), 2, 0)
    due = np.einsum("ik,jk,k->ij", x, y, modes.weights)
    x_of, y_of = points[np.isfinite(points).all(axis=1)].T
    found = np.histogram2d(x_of, y_of, bins=[edges[:, 0], edges[:, 1]])[0] / len(points)
    return float((np.abs(found - due).sum() + abs(due.sum() - found.sum())) / 2)


def normal_share(edges: np.ndarray, centres: np.ndarray, stds: np.ndarray) -> np.ndarray:
    """The normal law's share below edges [m, 2], coordinate by coordinate, of centres and deviations [K, 2]: [m, K, 2]; of a
    point, which has no deviation, all or nothing.
    """
    from scipy.special import ndtr

    above = edges[:, None] - centres
    scaled = np.divide(above, stds, out=np.where(above < 0, -np.inf, np.inf), where=stds > 0)
    return np.asarray(ndtr(scaled))


def code_information(points: np.ndarray, modes: Modes, codes: np.ndarray) -> float:
    """Mutual information of a point's code and its nearest mode over the larger of their entropies, 0 to 1.

    points [n, 2], codes [n]. 1 where each code owns modes and each mode a code, 0 where the code says nothing of the mode. NaN
    where there is but one of both. Points that are not finite are left out.
    """
    nearest = nearest_of(mahalanobis(points, modes))
    kept = np.isfinite(points).all(axis=1)
    table = np.zeros((int(codes.max(initial=0)) + 1, len(modes.centres)))
    np.add.at(table, (codes[kept], nearest[kept]), 1.0)
    together, of_codes, of_modes = (entropy(counts) for counts in (table, table.sum(axis=1), table.sum(axis=0)))
    most = max(of_codes, of_modes)
    return (of_codes + of_modes - together) / most if most > 0 else math.nan


def entropy(counts: np.ndarray) -> float:
    """Shannon entropy of counts, in nats; 0 for none."""
    shares = counts[counts > 0] / max(counts.sum(), 1.0)
    return float(-(shares * np.log(shares)).sum())


def mode_counts(points: np.ndarray, modes: Modes, within: float) -> np.ndarray:
    """How many points [n, 2] have each mode as their nearest and lie within so many standard deviations of it: [K].

    Of modes that are equally near the first one gets the point, so two modes in one place are found once.
    """
    distances = mahalanobis(points, modes)
    at_mode = np.isfinite(points).all(axis=1) & (distances.min(axis=1) <= within)
    return np.bincount(nearest_of(distances)[at_mode], minlength=len(modes.centres))


def nearest_of(distances: np.ndarray) -> np.ndarray:
    """The nearest mode by distances [n, K], the first of equally near ones: [n]."""
    least = distances.min(axis=1, keepdims=True)
    return np.asarray((distances <= least * (1 + SAME) + SAME).argmax(axis=1))


def mahalanobis(points: np.ndarray, modes: Modes) -> np.ndarray:
    """Distance sqrt((x - c)' C^-1 (x - c)) of points [n, 2] to each mode, in standard deviations: [n, K].

    No standard deviation counts as less than 1e-6 max(1, |c|), so a point-like mode catches what float32 rounds to it
    (3e-6 around) and nothing else. Infinite where a point is not finite. Mahalanobis, 1936.
    """
    scaled = np.moveaxis(maps_of(modes), 2, 0)  # [2, K, 2]
    with np.errstate(over="ignore", invalid="ignore"):  # huge and infinite points end as infinitely far
        # One product for all modes: what cancels is 1e-16 of the centre, and no deviation is below 1e-6 of it.
        places = (np.asarray(points, float) @ scaled.reshape(2, -1)).reshape(len(points), -1, 2)
        offsets = places - np.einsum("ki,ikj->kj", modes.centres, scaled)
        distances = np.hypot(offsets[..., 0], offsets[..., 1])
    return np.where(np.isnan(distances), np.inf, distances)


def least_stds(modes: Modes) -> np.ndarray:
    """What counts as the least standard deviation of each mode: [K, 1]."""
    return np.asarray(POINT_SIZE * np.maximum(1, np.linalg.norm(modes.centres, axis=1, keepdims=True)))


def maps_of(modes: Modes) -> np.ndarray:
    """The maps [K, 2, 2], a row an axis, under which an offset from a centre is in standard deviations (`mahalanobis`)."""
    variances, axes = np.linalg.eigh(modes.covariances)
    stds = np.sqrt(np.maximum(variances, 0))  # rounding puts the zero variance of a flat mode below zero
    return np.asarray(np.moveaxis(axes / np.maximum(stds, least_stds(modes))[:, None], 1, 2))
