"""The pictures of exhibits, by the kind of panel: each is a function from a panel's material to a figure.

Whatever a run did not record is said to be not recorded, and a panel without runs says so: a picture is always made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from toygan.draw.exhibit_curves import curves, layers, weights
from toygan.draw.exhibit_parts import Labelled, Material
from toygan.draw.exhibit_plane import critics, films, latents, steepnesses
from toygan.draw.exhibit_price import price
from toygan.draw.exhibit_rows import ends, matrix, rates
from toygan.draw.exhibit_theory import bounds, distances, phases, plans

__all__ = ["PANELS", "RECORDED", "Labelled", "Material"]

RECORDED = frozenset({"films", "critics", "curves", "steepness", "layers", "weights", "latent"})

PANELS: Mapping[str, Callable[[Material], Figure]] = {
    "films": films,
    "critics": critics,
    "curves": curves,
    "ends": ends,
    "rates": rates,
    "matrix": matrix,
    "price": price,
    "steepness": steepnesses,
    "layers": layers,
    "weights": weights,
    "latent": latents,
    "distances": distances,
    "phases": phases,
    "plan": plans,
    "bound": bounds,
}
