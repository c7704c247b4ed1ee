"""What an exhibit shows without training, as rows beside those of runs: distances, phase portraits, plans, bounds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from toygan.exhibits.files import Bounds, Distances, Exhibit, Phases, Plans
from toygan.exhibits.mistakes import retold, said
from toygan.files.config import as_data
from toygan.files.mistakes import Mistake, UserError
from toygan.files.scenario import read
from toygan.many.sweep import flat
from toygan.quantities.distance import along, changed, parsed_sweep
from toygan.session.dirac import Portrait, planar, portrait
from toygan.session.typed import Ask, check_finite, config_of, typed, typed_portrait
from toygan.view.records import Record

TYPED = "typed game"  # what stands for a method where a game is typed in
CELLS = 20_001  # of a quadrature on a line


def theory_rows(exhibit: Exhibit, portraits: Sequence[tuple[Mapping[str, Any], Portrait]]) -> list[Record]:
    """Every row of an exhibit that needs no training; `portraits` are those of `phase_portraits`."""
    numbers = [
        *(found for item in exhibit.distances for found in distance_records(item)),
        *(fate(found) for _, found in portraits),
        *map(plan_found, exhibit.plans),
        *(found for item in exhibit.bounds for found in bounds_by_noise(item)),
    ]
    return [columns | own for columns, own in zip(theory_columns(exhibit), numbers, strict=True)]


def theory_mistakes(exhibit: Exhibit) -> list[Mistake]:
    """What is wrong in all that theory will need, before anything is run."""
    wrong = [found for i, item in enumerate(exhibit.distances) for found in wrong_distances(exhibit, i, item)]
    return wrong + [found for i, item in enumerate(exhibit.phases) for found in wrong_phases(exhibit, i, item)]


def wrong_distances(exhibit: Exhibit, i: int, item: Distances) -> Iterator[Mistake]:
    """What is wrong with the scenarios of a piece, and with the key that is swept."""
    sweep, key = parsed_sweep(item.over), ("distances", i)
    for side in ("a", "b"):
        try:
            base = as_data(read(getattr(item, side)))
        except UserError as error:
            yield from retold(exhibit, error, (*key, side))
            return
    there = said(exhibit, key, over=[sweep.key])
    try:
        read(item.b, overrides=[(sweep.key, changed(base, sweep, sweep.values[0], there[sweep.key]))], said=there)
    except UserError as error:
        yield from retold(exhibit, error, (*key, "over"))


def wrong_phases(exhibit: Exhibit, i: int, item: Phases) -> dict[Mistake, None]:
    """What is wrong with the methods, update rules and settings of a piece, each mistake once."""
    wrong, key = dict[Mistake, None](), ("phases", i)
    for method, update in methods_by_rules(item):
        updates = ["method.update"] if update else []
        there = said(exhibit, key, set=flat(item.set), methods=["method.name"], updates=updates)
        try:
            if item.game:
                check_finite(typed(item.game, "game"), Ask(**item.asks))
                config_of(Ask(**item.asks), changes_for(item, update), there)
            else:
                planar(read("dirac", method, changes_for(item, update), there))
        except UserError as error:
            wrong |= dict.fromkeys(retold(exhibit, error, (*key, "game" if item.game else "methods")))
    return wrong


def theory_columns(exhibit: Exhibit) -> Iterator[dict[str, Any]]:
    """The columns by which rows of theory are chosen: one mapping a row, before any number is known."""
    for item in exhibit.distances:
        sweep = parsed_sweep(item.over)
        yield from ({"distances": item.name, sweep.key: value} for value in sweep.values)
    for phases in exhibit.phases:
        yield from (phase_columns(phases, method, update) for method, update in methods_by_rules(phases))
    yield from ({"plans": plan.name} for plan in exhibit.plans)
    for bounds in exhibit.bounds:
        yield from ({"bounds": bounds.name, "std": std} for std in bounds.stds)


def distance_records(item: Distances) -> list[Record]:
    """Every distance by name, at one value of the key after the other."""
    sweep = parsed_sweep(item.over)
    found = along(item.a, item.b, sweep, item.points)
    return [{name: numbers[i].value for name, numbers in found.items()} for i in range(len(sweep.values))]


def phase_portraits(exhibit: Exhibit) -> list[tuple[dict[str, Any], Portrait]]:
    """Every phase portrait of an exhibit, with the columns that name it."""
    games = [(item, method, update) for item in exhibit.phases for method, update in methods_by_rules(item)]
    return [(phase_columns(*one), portrait_of(*one)) for one in games]


def portrait_of(item: Phases, method: str, update: str) -> Portrait:
    if not item.game:
        return portrait(method, changes_for(item, update))
    ask = Ask(**item.asks)
    return typed_portrait(typed(item.game, "game"), ask, config_of(ask, changes_for(item, update)))


def methods_by_rules(item: Phases) -> Iterator[tuple[str, str]]:
    """Every method, or the typed game, with every update rule; an empty rule is the method's own."""
    return itertools.product(item.methods or (TYPED,), item.updates or ("",))


def phase_columns(item: Phases, method: str, update: str) -> dict[str, Any]:
    return {"phases": item.name, "method": method, "update": update or "its own"}


def changes_for(item: Phases, update: str) -> list[tuple[str, Any]]:
    return [*flat(item.set).items(), *([("method.update", {"kind": update})] if update else [])]


def fate(found: Portrait) -> dict[str, float]:
    """`growth`: |m| of the leading eigenvalue; `turning`: its angle, radians; `rest`: the path's end over its beginning, as
    distances from (0, 0); `moving`: the mean length of the last hundredth of its steps.
    """
    ends, recent = np.hypot(*found.path[[0, -1]].T), found.path[-max(2, len(found.path) // 100) :]
    told = {"rest": float(ends[1] / ends[0]) if ends[0] else math.nan}
    told |= {"moving": float(np.hypot(*np.diff(recent, axis=0).T).mean()) if len(recent) > 1 else math.nan}
    if len(found.eigenvalues.multipliers):
        leading = found.eigenvalues.multipliers[0]
        told |= {"growth": float(abs(leading)), "turning": float(abs(np.angle(leading)))}
    return told


def plan_found(item: Plans) -> Record:
    """The cheapest and the dearest way to carry every box to a place: total distance, and the cheapest one's moves."""
    costs = np.abs(np.subtract.outer(item.a, item.b))
    cheap, dear = (linear_sum_assignment(costs, maximize=maximize) for maximize in (False, True))
    best, worst = float(costs[cheap].sum()), float(costs[dear].sum())
    moves = np.stack(cheap, axis=1).tolist()
    return {"a": list(item.a), "b": list(item.b), "best": best, "worst": worst, "moves": moves}


def bounds_by_noise(item: Bounds) -> Iterator[Record]:
    """W1 between two lines a shift apart, and the bound on it by the divergence of what noise N(0, s^2 I) makes of them:

    W1(P, Q) <= 2 sqrt(V) + 2 C sqrt(JS(P + e, Q + e)), V = E |e|^2 the noise's variance in the plane (2 s^2). The theorem's
    C is the diameter of the noisy supports; here it is that of the lines (unit length, a shift apart), which leaves the
    noise's tails out. Arjovsky and Bottou, 2017, arXiv:1701.04862.
    """
    diameter = math.hypot(1.0, item.shift)
    for std in item.stds:
        js = js_of_shifted_normals(item.shift, std)
        yield {"w1": item.shift, "js": js, "bound": 2 * math.sqrt(2) * std + 2 * diameter * math.sqrt(js)}


def js_of_shifted_normals(shift: float, std: float) -> float:
    """JS between N(0, std^2) and N(shift, std^2), in nats: log 2 - E log(1 + exp(a t - a^2 / 2)), t ~ N(0, 1), a = shift / std,
    by quadrature. Both halves are the same, and along the lines nothing differs.
    """
    t, a = np.linspace(-10, 10, CELLS), shift / std
    weights = np.exp(-(t**2) / 2) / math.sqrt(2 * math.pi)
    return math.log(2) - float(np.trapezoid(weights * np.logaddexp(0, a * t - a**2 / 2), t))
