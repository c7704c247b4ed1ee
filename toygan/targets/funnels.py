"""Worlds whose optimal critic is a formula: a potential made of funnels, and points moved along its rays.

u(x) = min_n (|x - a_n| + b_n) has slope one wherever it has a slope, and falls along straight rays into its funnels. A point
that moves along its ray by d loses d of u, so the cheapest way to carry the moved points back is along the rays: with
f = u the distance W1 = E |moved - x| is attained (Korotin et al., 2022, arXiv:2206.07767).
"""

from __future__ import annotations

import numpy as np


def distances(x: np.ndarray, centres: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The funnels |x - a_n| + b_n at points x [n, 2], of centres a [N, 2] and offsets b [N]: [n, N]."""
    return np.asarray(np.linalg.norm(x[:, None] - centres, axis=2) + offsets)


def potential(x: np.ndarray, centres: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The potential u = min_n (|x - a_n| + b_n) at points x [n, 2]: [n]."""
    return np.asarray(distances(x, centres, offsets).min(axis=1))


def slopes(x: np.ndarray, centres: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The gradient of u at points x [n, 2], away from the centre of their funnel, of length 1; 0 at a centre: [n, 2]."""
    away = x - centres[distances(x, centres, offsets).argmin(axis=1)]
    length = np.linalg.norm(away, axis=1, keepdims=True)
    return np.divide(away, length, out=np.zeros_like(away), where=length > 0)


def moved_down(x: np.ndarray, centres: np.ndarray, offsets: np.ndarray, half: float, power: float) -> np.ndarray:
    """Points x [n, 2], each at a share t of its ray from bottom to top, moved to the share t^power: [n, 2]. A ray ends where
    another funnel is as low, or at the edge of the square [-half, half]^2; a point beyond the edge stays.
    """
    bottom = centres[distances(x, centres, offsets).argmin(axis=1)]
    along, up = slopes(x, centres, offsets), np.linalg.norm(x - bottom, axis=1)
    whole = up + np.minimum(to_edge(x, along, half), to_another(x, along, centres, offsets))
    share = np.divide(up, whole, out=np.zeros_like(up), where=whole > 0)
    climbed = np.multiply(share**power, whole, out=np.zeros_like(up), where=up > 0)  # a centre has no ray
    return np.asarray(bottom + climbed[:, None] * along)


def to_edge(x: np.ndarray, along: np.ndarray, half: float) -> np.ndarray:
    """How far points x [n, 2] are from the square's edge along unit vectors [n, 2]: [n]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(along != 0, (half - np.sign(along) * x) / np.abs(along), np.inf)
    return np.asarray(np.maximum(room.min(axis=1), 0.0))


def to_another(x: np.ndarray, along: np.ndarray, centres: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """How far it is along the ray of points x [n, 2] to where another funnel is as low as their own, infinite where none is.

    With c = x - a_k and e = u(x) - b_k the place r solves |c + r v| = e + r, so r = (|c|^2 - e^2) / (2 (e - c . v)).
    """
    own = distances(x, centres, offsets)
    c, e = x[:, None] - centres, own.min(axis=1, keepdims=True) - offsets
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (np.square(c).sum(axis=2) - e**2) / (2 * (e - np.einsum("nki,ni->nk", c, along)))
    r[np.arange(len(x)), own.argmin(axis=1)] = np.inf  # a funnel meets itself everywhere
    r[~(r > 0) | (r <= -e)] = np.inf
    return np.asarray(r.min(axis=1))
