"""Divergences of two clouds whose points are all blurred by one Gaussian: numbers for a page, from formulas that can be traced.

A few hundred points have no density. Blurred they have one, and its divergences are exact but for the quadrature; they
are below those of the laws, because blur hides differences (data processing), and above those of the blurred laws, by chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toygan.quantities.divergences import js_density, kl_density
from toygan.quantities.optimal import bandwidth, log_of_points
from toygan.targets.densities import maths

SIDE = 40  # nodes along a side of the grid around both clouds
MARGIN = 4  # bandwidths and spacings around them
DENSITIES = {"kl": kl_density, "js": js_density}
UNIT = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, SIDE)] * 2), axis=-1).reshape(-1, 2)


def blurred_divergences(real: Any, fake: Any) -> dict[str, Any]:
    """KL(real | fake) and the Jensen-Shannon divergence of two clouds [n, 2] and [m, 2], arrays or tensors, in nats: each blurred
    by the bandwidth of the real one, or by the spacing of the grid where that is larger. Sums over the grid are good to 1e-6:
    a Gaussian that is no narrower than the spacing is summed to 1e-8, and the margin holds what is outside.
    """
    lib, own = maths(real), bandwidth(real)
    low, high = (
        lib.minimum(lib.amin(real, axis=0), lib.amin(fake, axis=0)),
        lib.maximum(lib.amax(real, axis=0), lib.amax(fake, axis=0)),
    )
    room = MARGIN * (own + (high - low) / (SIDE - 1 - 2 * MARGIN))
    low, size = low - room, high - low + 2 * room
    spacing = size / (SIDE - 1)
    width = lib.maximum(own, lib.amax(spacing))
    points = low + lib.asarray(UNIT, dtype=real.dtype) * size
    logs = [log_of_points(points, cloud, width) for cloud in (real, fake)]
    weight = spacing[0] * spacing[1]
    return {name: lib.clip((weight * density(*logs)).sum(), 0.0, None) for name, density in DENSITIES.items()}
