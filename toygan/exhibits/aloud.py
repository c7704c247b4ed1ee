"""A claim's condition read aloud, so that it can be held beside the claim's sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toygan.exhibits.files import EVERY, NO, PIECES, Claim, Filter, Term, asked_of


def aloud(claim: Claim) -> str:
    """The condition of a claim in words: `for method = "gan", in at least 7 of 8 seeds: w1 at the end is below 0.5`."""
    number = term_aloud(claim.value)
    for key, word in (("over", "divided by"), ("minus", "less")):
        other = getattr(claim, key)
        if other is not None:
            number = f"{number}, {word} {term_aloud(other)} {among(other.of)}".rstrip()
    said = [one for one in (among(claim.value.of), each_aloud(claim), seeds_aloud(claim)) if one]
    comma = "," if claim.over or claim.minus else ""
    condition = number if claim.value.truth else f"{number}{comma} is {bounds_aloud(claim)}"
    sentence = ": ".join(one for one in (", ".join(said), condition) if one)
    return f"{sentence} (by construction: {claim.by_construction})" if claim.by_construction else sentence


def among(wanted: Filter) -> str:
    """Which rows a term is about; empty for all of them."""
    return "for " + " and ".join(f"{key} = {value_aloud(value)}" for key, value in wanted.items()) if wanted else ""


def value_aloud(value: Any) -> str:
    """One value of a filter, or several."""
    if isinstance(value, tuple):
        return " or ".join(map(value_aloud, value))
    return f'"{value}"' if isinstance(value, str) else number_aloud(value)


def number_aloud(value: float) -> str:
    """A number as short as it can be written without losing a digit."""
    return str(value) if isinstance(value, bool) else f"{value:g}" if float(f"{value:g}") == value else repr(value)


def each_aloud(claim: Claim) -> str:
    """Of what the condition must hold by itself, and whether seeds are left out."""
    each = f"for each {claim.each} by itself" if claim.each else ""
    lost = "seeds that diverged left out" if claim.diverged == "left out" else ""
    return ", ".join(one for one in (each, lost) if one)


def seeds_aloud(claim: Claim) -> str:
    """Of how many rows the condition is asked."""
    theory = set(PIECES.values()) & claim.value.of.keys()
    what = "cases" if theory else "seeds"
    if claim.seeds is None:
        return "" if theory else "of the medians" if claim.over or claim.minus else "of the median"
    asked = asked_of(claim.seeds)
    if asked in (EVERY, NO):
        return f"in {claim.seeds} of the {what}"
    return f"in {claim.seeds if asked and asked.at_most else f'at least {claim.seeds}'} {what}"


def term_aloud(term: Term) -> str:
    """A number in words: which measure, and when."""
    if term.label is not None:
        return f'the diagnosis says "{term.label}"'
    if term.along is not None:
        return f"the rank correlation of {term.measure} with {term.along} over the frames"
    if term.reaches is not None:
        return f"the core-seconds until {term.measure} is {number_aloud(term.reaches)} or better"
    if term.never is not None:
        return f"{term.measure} is at no frame {number_aloud(term.never)} or better"
    if set(PIECES.values()) & term.of.keys():
        return str(term.measure)
    if isinstance(term.at, int):
        return f"{term.measure} at step {term.at}"
    return TIMES[term.at].format(term.measure)


TIMES: Mapping[str, str] = {
    "start": "{} at the start",
    "end": "{} at the end",
    "min": "the smallest {} over the frames",
    "max": "the largest {} over the frames",
    "mean": "the mean of {} over the frames",
    "median": "the median of {} over the frames",
    "late": "the mean of {} over the last quarter of the frames",
    "period": "the period of {} in steps",
}


def bounds_aloud(claim: Claim) -> str:
    """The bounds of a claim in words."""
    said = {name: number_aloud(bound) for name, bound in claim.bounds.items()}
    if claim.equals is not None:
        near = (
            f"within {number_aloud(claim.within)} of {said['equals']}" if claim.within else f"equal to {said['equals']}"
        )
        said["equals"] = near
    return " and ".join(BOUNDS[name].format(bound) for name, bound in said.items())


BOUNDS: Mapping[str, str] = {
    "above": "above {}",
    "below": "below {}",
    "at_least": "at least {}",
    "at_most": "at most {}",
    "equals": "{}",
}
