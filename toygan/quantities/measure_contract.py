"""The contract of a measure: a function of generated and of real points [n, 2], which returns one number."""

from __future__ import annotations

import numpy as np

from toygan.files.own_parts import Measure
from toygan.files.samplers import reseed
from toygan.quantities.held import Contract, Held, broken, holds, note, state_kept

N = 200

DRAWN = np.random.default_rng(0).standard_normal((2, N, 2))
GENERATED, REAL = 0.5 * DRAWN[0] + [1.0, 0.0], DRAWN[1]  # unlike each other; a measure is given copies


def is_number(measure: Measure) -> Held:
    found = measure(GENERATED, REAL)
    if not np.isfinite(found):
        return broken(f"{found} of two clouds")
    return holds(f"{found:.6g} of two unlike clouds")


def again(measure: Measure) -> Held:
    reseed(0)
    first = measure(GENERATED, REAL)
    reseed(1)
    second = measure(GENERATED, REAL)
    if first == second:
        return holds("the same points give the same number")
    return broken(f"{first:.6g}, then {second:.6g}: a run's record would depend on chance", "random numbers of its own")


def order(measure: Measure) -> Held:
    """Whether points in another order are the same cloud; chance aside, which `again` is about."""
    reseed(0)
    first = measure(GENERATED, REAL)
    reseed(0)
    mixed = measure(GENERATED[::-1].copy(), REAL)
    if np.isclose(first, mixed, rtol=1e-9, atol=1e-12):
        return holds("it does not matter")
    wrong = f"{first:.6g}, of the same points in another order {mixed:.6g}"
    return broken(wrong, "points in pairs: a cloud has no order")


def tells(measure: Measure) -> Held:
    rng = np.random.default_rng(1)
    found = measure(GENERATED, REAL)
    perfect = [measure(rng.standard_normal((N, 2)), REAL) for _ in range(2)]
    same = measure(REAL, REAL)
    if found == perfect[0] == perfect[1] == same:
        return broken(f"{found:.6g} of every cloud")
    return holds(f"{found:.6g} far from the real points, {np.mean(perfect):.6g} of fresh ones like them")


def of_one_place(measure: Measure) -> Held:
    found = measure(np.ones((N, 2)), REAL)
    if np.isfinite(found):
        return holds(f"{found:.6g} of a generator with one point")
    return note(f"{found} of a generator with one point, of which a run has no value then")


MEASURE: Contract[Measure] = {
    "a number": is_number,
    "same again": again,
    "order in the batch": order,
    "tells clouds apart": tells,
    "one place": of_one_place,
    "global state": lambda measure: state_kept(lambda: measure(GENERATED, REAL)),
}
