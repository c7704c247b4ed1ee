"""Divergences of two clouds whose points are all blurred by one Gaussian: numbers for a page, from formulas that can be traced.

A few hundred points have no density. Blurred they have one, and its divergences are exact but for the quadrature; they
are below those of the laws, because blur hides differences (data processing), and above those of the blurred laws, by chance.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from toygan.quantities.divergences import LOG2, js_density, kl_density
from toygan.quantities.optimal import bandwidth, log_of_points
from toygan.targets.densities import maths

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
