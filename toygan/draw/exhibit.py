"""The pictures of exhibits, by the kind of panel: each is a function from a panel's material to a figure.

Whatever a run did not record is said to be not recorded, and a panel without runs says so: a picture is always made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from matplotlib.figure import Figure

from toygan.draw.exhibit_curves import curves, layers, weights
from toygan.draw.exhibit_parts import Material, nothing
from toygan.draw.exhibit_plane import critics, films, latents, level_lines, steepnesses
from toygan.draw.exhibit_price import price
from toygan.draw.exhibit_rows import ends, matrix, rates
from toygan.draw.exhibit_theory import bounds, distances, phases, plans, refined


class Kind(NamedTuple):
    """One kind of panel: its function, the title of a panel that has none, what is drawn (for those who do not see it),
    whether it needs recordings and not rows alone, and whether it is lines and letters on paper, whose lightness may be turned
    round: the colours of a map say how much.
    """

    of: Callable[[Material], Figure]
    title: str
    about: str
    recorded: bool = False
    chart: bool = False

    def draw(self, material: Material) -> Figure:
        """The picture of a panel; where there is nothing to draw it from, a page that says so."""
        there = material.recordings if self.recorded else (material.rows or material.phases)
        return self.of(material) if there else nothing(material)


PANELS: dict[str, Kind] = {
    "films": Kind(
        films,
        "The critics at the last step",
        "the critic and the generated points of every run at the last step",
        recorded=True,
    ),
    "critics": Kind(
        critics, "Learned critics and optimal ones", "learned critics, optimal ones beneath", recorded=True
    ),
    "levels": Kind(
        level_lines,
        "Critics as level lines",
        "level lines of every critic and of the optimal one with the real points alone, layers and weights beneath",
        recorded=True,
        chart=True,
    ),
    "curves": Kind(
        curves, "Measures over training", "a measure over the steps, a line a run", recorded=True, chart=True
    ),
    "ends": Kind(ends, "Final measures of every seed", "the final value of every seed, with medians", chart=True),
    "rates": Kind(rates, "What became of the seeds", "how many seeds earned which label", chart=True),
    "matrix": Kind(matrix, "Medians side by side", "medians as a table of colours"),
    "price": Kind(price, "Quality against time", "quality against core-seconds", chart=True),
    "steepness": Kind(steepnesses, "Where the critic is steep", "where the critic's slope exceeds one", recorded=True),
    "layers": Kind(
        layers, "Gradients at the critic's layers", "gradient norms layer by layer", recorded=True, chart=True
    ),
    "weights": Kind(weights, "The critic's weights", "histograms of the critic's weights", recorded=True, chart=True),
    "latent": Kind(latents, "Where the latents are sent", "where the generator sends its latents", recorded=True),
    "distances": Kind(distances, "Distances", "exact distances against a number of the target", chart=True),
    "phases": Kind(phases, "Phase portraits", "phase portraits with the path of training"),
    "plan": Kind(plans, "The cheapest way to carry boxes", "the cheapest way to carry boxes on a line"),
    "refined": Kind(refined, "A critic used after training", "W1 of points as critics sort them", chart=True),
    "bound": Kind(bounds, "A distance and its bound", "the exact distance beside its bound", chart=True),
}
