"""Every number that describes a run: what it is called, its unit, which way is better, where it comes from and is shown.

One more quantity of a cloud or a critic is one function in this folder and one row of QUANTITIES. Whoever shows numbers
iterates the rows that belong in its place; no other file knows a quantity's name but where a rule or a page is about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from toygan.files.text import number, percent
from toygan.quantities.critic import (
    critic_gap,
    critic_value,
    input_slope,
    lipschitz,
    optimal_correlation,
    slope_alignment,
    steep_share,
)
from toygan.quantities.divergences import js, tv
from toygan.quantities.kinds import class_accuracy, class_w1, generator_distance, generator_overlap
from toygan.quantities.modes import grid_tv, high_quality, mode_kl, mode_mass_tv, mode_tv, modes_kept
from toygan.quantities.neighbours import coverage, density, neighbour_kl, neighbour_reverse_kl, precision, recall
from toygan.quantities.skeleton import on_skeleton, skeleton_coverage
from toygan.quantities.transport import sliced_w1, w2
from toygan.quantities.two_samples import mmd, neighbour_accuracy

N_W1 = 400  # transport costs 10 ms a cloud at 400 points, 60 at 1000, 270 at 2000; its floor falls as 1 / sqrt(n)
COUNTED = ("modes", "seconds")
SCALES = {"share": "share", "cosine": "loss", "correlation": "loss", "modes": "count", "loss": "loss", "score": "loss"}
# units that an axis says otherwise, or that the label says already
UNITS = {"plane": "plane units", "seconds": "of a seed"}
UNITS |= dict.fromkeys(("modes", "floors", "loss", "gradient", "ratio"), "")

When = Literal["frame", "final"]
Better = Literal["lower", "higher", "neither"]
Supplier = Literal["cloud", "critic", "state", "loss", "floor", "derived", "cost"]
Display = Literal["live", "last", "line", "end", "share", "curves", "terminal", "table", "page", "board"]


class Quantity(NamedTuple):
    """One row of the table.

    `label` is its name in pictures, `about` a line about it. `of(*needs)` takes parts of what is `Seen` of one cloud where
    the source is cloud or critic (what a critic says of the clouds it is shown), and other quantities where it is derived;
    what comes from elsewhere has none. `best` is the best value where it is known without measuring: of a critic, that of
    exact transport. What perfect samplers score in a quantity of clouds is measured by `floors`.

    `shown` names the places that show it: the progress bar (live), the line under a frame, the sheet's words on the end,
    its curves of shares, a page's curves, the terminal after a run, the plain table, a page's table, the leaderboard
    (board); and a run's summary, if it has there what its last frame says (last).
    """

    source: Supplier
    label: str
    about: str
    unit: str
    better: Better
    of: Callable[..., Any] | None = None
    needs: str = ""
    shown: str = ""
    when: When = "frame"
    best: float = math.nan

    def write(self, value: float) -> str:
        """A value as people read it: shares in per cent, counts plain, others with three digits."""
        if self.unit == "share":
            return percent(value)
        return f"{value:.3g}" if self.unit in COUNTED else number(value)

    def worked_out(self, known: Mapping[str, Any]) -> Any:
        """What it is of what is known; None where some of what it needs is not."""
        parts = [known.get(need) for need in self.needs.split()]
        return None if self.of is None or any(part is None for part in parts) else self.of(*parts)

    @property
    def estimated(self) -> bool:
        """Whether it is an estimate that may fall below the least value of what it estimates."""
        return "apart" in self.needs.split()

    @property
    def scale(self) -> str:
        """What kind of axis suits it: share, count, loss (either sign) or log."""
        return SCALES.get(self.unit, "log")


class Floor(NamedTuple):
    """What perfect samplers score in one quantity: mean and standard deviation over so many `draws`, and the ends of the
    interval that holds the next one in 90 %.
    """

    mean: float
    spread: float
    low: float
    high: float
    draws: int


def shown_in(place: Display) -> list[str]:
    """The names of the quantities that a place shows, in the table's order."""
    return [name for name, row in QUANTITIES.items() if place in row.shown.split()]


def row_of(name: str) -> Quantity:
    """The row of a quantity; of one that the table has not, a user's own, a row that says nothing but its name."""
    own = cloud(name.replace("_", " "), "a measure of the user's own", "", "neither")
    return QUANTITIES.get(name, own)


def label_of(name: str) -> str:
    """A quantity, or a column that is none, as people say it."""
    return row_of(name).label


def better(name: str) -> Better:
    """Which way is better: lower, higher or neither."""
    return row_of(name).better


def written(name: str, value: float) -> str:
    """A value of a quantity as people read it."""
    return row_of(name).write(value)


def axis_name(name: str) -> str:
    """A quantity with its unit and which way is better, as an axis is named."""
    row = row_of(name)
    unit = "" if row.unit in row.label else UNITS.get(row.unit, row.unit)
    said = ", ".join(part for part in (unit, "" if row.better == "neither" else f"{row.better} is better") if part)
    return f"{row.label} ({said})" if said else row.label


def derived(known: Mapping[str, Any]) -> dict[str, Any]:
    """The derived quantities of what is known, by name: numbers of numbers, arrays of arrays; none of an unknown one."""
    found = {name: row.worked_out(known) for name, row in QUANTITIES.items() if row.source == "derived"}
    return {name: value for name, value in found.items() if value is not None}


def ratio(value: Any, floor: Any) -> Any:
    """A quantity over its floor, NaN where that is 0, as on a target of points."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(np.asarray(floor) > 0, np.asarray(value, float) / np.asarray(floor, float), np.nan)
    return found if found.ndim else float(found)


def centre(points: np.ndarray, axis: int) -> float:
    """One coordinate of the mean of points [n, 2]; NaN where the mean is not finite."""
    middle = points.mean(axis=0, dtype=float)
    return float(middle[axis]) if np.isfinite(middle).all() else math.nan


def of_few(of: Callable[[np.ndarray, np.ndarray], float]) -> Callable[[np.ndarray, np.ndarray], float]:
    """What is dear, and in no picture, of fewer points than W1 has at the end."""
    return lambda some, some_real: of(some[:N_W1], some_real[:N_W1])


cloud, critic = partial(Quantity, "cloud"), partial(Quantity, "critic")
state, loss = partial(Quantity, "state"), partial(Quantity, "loss")
term = partial(Quantity, "loss", unit="loss", better="lower", shown="curves")  # of a loss, with its weight

# fmt: off
QUANTILES = {"low": 0.05, "median": 0.5, "high": 0.95}
PLACES = {"real": "real points", "fake": "generated points", "between": "points in between"}
NEGATIVE = "below 0 is its error"  # no divergence is negative, but an estimate from neighbours may be

QUANTITIES = {
    "w1_over_floor": Quantity("derived", "W1 over its floor", "1 for a perfect sampler, give or take the band",
                              "floors", "lower", ratio, "w1 w1_floor", "table page board", best=1.0),
    "w1": cloud("W1", "exact Wasserstein-1 distance to the real points", "plane", "lower", lambda plan: plan.distance,
                "plan", "live line end curves terminal table page"),
    "w2": cloud("W2", "exact Wasserstein-2 distance to the real points", "plane", "lower", of_few(w2), "some some_real",
                when="final"),
    "sliced_w1": cloud("sliced W1", "mean Wasserstein-1 distance of the shadows in 32 directions", "plane", "lower",
                       sliced_w1, "some some_real", when="final"),
    "js": cloud("JS", "Jensen-Shannon divergence, estimated from shares of cells", "nats", "lower", js, "cells", "end"),
    "kl": cloud("KL", f"KL divergence of real from generated points, estimated from 5 neighbours; {NEGATIVE}", "nats",
                "lower", neighbour_kl, "apart", "end"),
    "reverse_kl": cloud("reverse KL",
                        f"KL divergence of generated from real points, estimated from 5 neighbours; {NEGATIVE}", "nats",
                        "lower", neighbour_reverse_kl, "apart", "end"),
    "tv": cloud("TV", "total variation, estimated from shares of cells", "share", "lower", tv, "cells", "end"),
    "modes": cloud("modes", "modes with a point within 3 sigma", "modes", "higher", modes_kept, "points modes",
                   "live line end curves terminal table page board"),
    "high_quality": cloud("high quality", "share of points within 3 sigma of a mode", "share", "higher", high_quality,
                          "points modes", "line end share curves terminal table page board", best=1 - math.exp(-9 / 2)),
    "mode_mass_tv": cloud("imbalance of modes", "total variation of the shares at modes from the weights", "share",
                          "lower", mode_mass_tv, "points modes", "end terminal"),
    "mode_kl": cloud("mode KL", "reverse KL of the shares on modes from the weights", "nats", "lower", mode_kl,
                     "points modes"),
    "mode_tv": cloud("TV of modes and none", "total variation of the shares on modes, and on none, from the weights",
                     "share", "lower", mode_tv, "points modes", when="final"),
    "grid_tv": cloud("TV of fine cells", "total variation of the shares in 41 x 41 cells from the target's exact ones",
                     "share", "lower", grid_tv, "points modes", when="final"),
    "mmd": cloud("MMD", "maximum mean discrepancy, a Gaussian kernel of width 1", "", "lower",
                 of_few(mmd), "some some_real", when="final"),
    "neighbour_accuracy": cloud(
        "told by a neighbour", "share of points whose nearest other is of their own cloud; 1/2 where nothing tells them apart",
        "share", "neither", of_few(neighbour_accuracy), "some some_real", when="final", best=0.5,
    ),
    "on_skeleton": cloud("on the curve", "share of points on the target's curve", "share", "higher", on_skeleton,
                         "points curve", "line end share curves terminal table page", best=1.0),
    "skeleton_coverage": cloud("curve covered", "share of the target's curve with a point on it", "share", "higher",
                               skeleton_coverage, "points curve", "end share curves terminal page", best=1.0),
    "precision": cloud("precision", "share of points in a real point's ball, k = 3", "share", "higher", precision,
                       "near", "end", "final"),
    "recall": cloud("recall", "share of real points in a generated point's ball, k = 3", "share", "higher", recall,
                    "near", "end", "final"),
    "density": cloud("density", "real balls around a point over k = 5", "balls", "higher", density, "near", "end",
                     "final"),
    "coverage": cloud("coverage", "share of real points' balls with a point in them, k = 5", "share", "higher",
                      coverage, "near", "end", "final"),
    "critic_value": critic("critic value", "E f(real) - E f(fake)", "score", "neither", critic_value, "judged", "last"),
    "critic_lipschitz": critic("steepest slope", "the critic's steepest slope seen", "score/plane", "neither",
                               lipschitz, "judged shown", "last"),
    "critic_gap": critic("share of W1 seen", "share of the exact W1 that the critic sees", "share", "higher",
                         critic_gap, "judged shown", "last curves", best=1.0),
    "slope_alignment": critic("slopes agree", "mean cosine of the critic's gradient with the exact transport direction",
                              "cosine", "higher", slope_alignment, "judged shown", "last", best=1.0),
    "steep_share": critic("steep share", "share of watched points at which |grad f| exceeds 1", "share", "neither",
                          steep_share, "judged", "last"),
    "class_w1": cloud("W1 by class", "what transport costs where no mass may change its class", "plane", "lower",
                      class_w1, "some some_real classes", "end curves terminal page"),
    "class_accuracy": cloud("of their class", "share of points whose nearest real point is of their own class", "share",
                            "higher", class_accuracy, "points real classes", "end curves terminal page", best=1.0),
    "generator_overlap": cloud("generators overlap",
                               "how alike two generators serve modes: 0 none is two's, 1 all are all's", "share",
                               "lower", generator_overlap, "points modes makers", "end curves terminal page"),
    "generator_distance": cloud("generators apart", "W1 of a generator's points from all others', the mean", "plane",
                                "neither", lambda some, makers: generator_distance(some, makers[: len(some)]),
                                "some makers", "end curves terminal page"),
    "centre_x": cloud("centre x", "mean x of the points", "plane", "neither", partial(centre, axis=0), "points"),
    "centre_y": cloud("centre y", "mean y of the points", "plane", "neither", partial(centre, axis=1), "points"),
    "optimal_correlation": critic(
        "agreement with the optimal critic", "correlation with the optimal critic's scores at real and generated points",
        "correlation", "higher",
        lambda judged, best, shown: optimal_correlation(judged, best.at_clouds(), len(shown.some)), "judged best shown", "last",
    ),
} | {
    f"slope_{place}_{name}": critic(f"slope at {words}, {name}", f"|grad f| at {words}: quantile {share:g}",
                                    "score/plane", "neither", partial(input_slope, place=place, share=share), "judged")
    for place, words in PLACES.items()
    for name, share in QUANTILES.items()
} | {
    "critic_loss": loss("critic loss", "what the critic minimises, without penalties", "loss", "neither",
                        shown="live curves"),
    "generator_loss": loss("generator loss", "what the generator minimises", "loss", "neither", shown="curves"),
    "penalty": loss("penalty", "all penalties of the critic together", "loss", "neither"),
    "weight_saturation": state("weights at their bounds", "share of the critic's weights at a bound of theirs", "share",
                               "neither"),
    "generator_gradient": state("generator's gradient", "size of the gradient that the critic gives the generator",
                                "gradient", "neither", shown="curves"),
    "score_saturation": state("saturated scores",
                              "share of points at which the generator's loss against the first critic is flat", "share",
                              "neither"),
    "layer_gradient_ratio": state("first layer's gradient over the last one's", "the critic's gradient, layer by layer",
                                  "ratio", "neither", shown="last"),
    "code_information": state("code information", "share of a point's mode that its category tells", "share", "higher",
                              shown="last"),
    "reconstruction_error": state("reconstruction error",
                                  "mean distance |x - G(E(x))| of real points from what comes back of them", "plane",
                                  "lower", shown="last end curves terminal page", best=0.0),
    "latent_distance": state("latent distance",
                             "mean distance |z - E(G(z))| of what G is fed from what comes back of it", "latent",
                             "lower", shown="last end curves terminal page", best=0.0),
    "travel": state("way gone", "mean distance of a source point from where it is sent", "plane", "neither",
                    shown="last curves page"),
    "way_error": state("distance from the way",
                       "mean distance of a solution, or of classes' means, from where they are to be", "plane", "lower",
                       shown="last end curves terminal page", best=0.0),
    "other_w1": state("W1 in the other world", f"exact Wasserstein-1 distance there, of {N_W1} points", "plane",
                      "lower", shown="last end curves terminal page"),
    "latent_error": term("latent term", "what is added to losses for |z - E(G(z))|², with its weight"),
    "point_error": term("reconstruction term", "what is added to losses for |x - G(E(x))|², with its weight"),
    "code_divergence": term("code divergence term", "KL of codes from the latents' law, with its weight"),
    "cycle": term("cycle term", "what is added to losses for going there and back, with its weight"),
    "ranking": term("ranking term", "max(0, margin + f(x') - f(x)), x' of the last stage, with its weight"),
    "sameness": term("sameness term", "|z - z'| / |G(z) - G(z')|, with its weight"),
    "w1_floor": Quantity("floor", "W1 floor", "what perfect samplers score in W1, the mean", "plane", "neither",
                         shown="live terminal"),
    "core_seconds": Quantity("cost", "core-seconds", "seconds of a core, without drawing and floors", "seconds",
                             "lower", when="final", shown="table page board"),
}
