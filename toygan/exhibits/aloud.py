"""A claim's condition read aloud, so that it can be held beside the claim's sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toygan.exhibits.files import EVERY, NO, OF_THEORY, PIECES, THEORY, Claim, Filter, Term, asked_of
from toygan.exhibits.forms import BOUNDS, CURVES, MOMENTS
from toygan.files.text import number
from toygan.quantities.table import label_of
from toygan.view.words import CRITICS

OF_RUNS = {PIECES["refined"]}  # pieces of which every seed of a run has rows
LAST = ("critic", "group")
USED = {name: f"by the {words}" for name, words in CRITICS.items()} | {"none": "as they are made"}
MANY = 6  # values that a sentence can hold


def aloud(claim: Claim) -> str:
    """The condition of a claim in words: `for method = "gan", in at least 7 of 8 seeds: w1 at the end is below 0.5`."""
    number = term_aloud(claim.value)
    for key, word in (("over", "divided by"), ("minus", "less")):
        other = getattr(claim, key)
        if other is not None:
            number = f"{number}, {word} {term_aloud(other)} {among(other.of)}".rstrip()
    each = f"for each {claim.each} by itself" if claim.each else ""
    lost = "seeds that diverged left out" if claim.diverged == "left out" else ""
    said = [one for one in (among(claim.value.of), each, lost, seeds_aloud(claim)) if one]
    comma = "," if claim.over or claim.minus else ""
    condition = number if claim.value.counted else f"{number}{comma} is {bounds_aloud(claim)}"
    sentence = ": ".join(one for one in (", ".join(said), condition) if one)
    return f"{sentence} (by construction: {claim.by_construction})" if claim.by_construction else sentence


def among(wanted: Filter) -> str:
    """Which rows a term is about; empty for all of them."""
    return "for " + " and ".join(f"{key} = {value_aloud(value)}" for key, value in wanted.items()) if wanted else ""


def value_aloud(value: Any) -> str:
    if isinstance(value, tuple):
        return " or ".join(map(value_aloud, value))
    return f'"{value}"' if isinstance(value, str) else number_aloud(value)


def number_aloud(value: float) -> str:
    """A number as short as it can be written without losing a digit."""
    return str(value) if isinstance(value, bool) else f"{value:g}" if float(f"{value:g}") == value else repr(value)


def seeds_aloud(claim: Claim) -> str:
    """Of how many rows the condition is asked."""
    theory = (THEORY - OF_RUNS) & claim.value.of.keys()
    what = "cases" if theory else "seeds"
    if claim.seeds is None:
        return "" if theory else "of the medians" if claim.over or claim.minus else "of the median"
    asked = asked_of(claim.seeds)
    if asked in (EVERY, NO):
        return f"in {claim.seeds} of the {what}"
    return f"in {claim.seeds if asked and asked.at_most else f'at least {claim.seeds}'} {what}"


def term_aloud(term: Term) -> str:
    if term.label is not None:
        return f'the diagnosis says "{term.label}"'
    for key, said in term.becomes.items():
        return CURVES[key].aloud.format(term.measure, said if isinstance(said, str) else number_aloud(said))
    if THEORY & term.of.keys():
        return str(term.measure)
    if isinstance(term.at, int):
        return f"{term.measure} at step {term.at}"
    return MOMENTS[term.at].aloud.format(term.measure)


def bounds_aloud(claim: Claim, written: Callable[[float], str] = number_aloud, equals: str = "equal to ") -> str:
    """The bounds of a claim's number, as such numbers are written."""
    said = [BOUNDS[name].aloud.format(written(bound)) for name, bound in claim.bounds.items() if name in BOUNDS]
    if claim.equals is not None:
        near = f"within {written(claim.within)} of " if claim.within else equals
        said.append(f"{near}{written(claim.equals)}")
    return " and ".join(said)


def number_named(claim: Claim) -> str:
    """What the number of a claim is called: `W1 of wgan-lp over that of wgan-gp`."""
    first, other = called(claim.value), claim.over or claim.minus
    if other is None:
        return first
    sign, mine, yours = "over" if claim.over else "less", who(claim.value.of), who(other.of)
    if mine == yours:
        return f"{first} {sign} {moment_beside(other, claim.value)}"
    if claim.each:  # whose value is said before
        mine = who({name: value for name, value in claim.value.of.items() if name != claim.each})
        alike = claim.value.of.get(claim.each)
        yours = who({name: value for name, value in other.of.items() if name != claim.each or value != alike})
    whose = f"that of {yours}" if yours else "its own"
    return f"{first}{f' of {mine}' if mine else ''} {sign} {whose if called(other) == first else called(other)}"


def moment_beside(other: Term, first: Term) -> str:
    """A number as it is called beside another one: the same quantity by its moment alone."""
    if other.measure != first.measure or other.becomes or isinstance(other.at, int):
        return called(other)
    return MOMENTS[other.at].beside


def called(term: Term) -> str:
    """A number as pictures call it: `W1`, `modes at step 200`, `rank correlation of critic value with W1`."""
    if term.label is not None:
        return term.label.replace("-", " ")
    head, _, tail = (OF_THEORY.get(str(term.measure)) or label_of(str(term.measure))).rpartition(", ")
    name = f"{tail} {head}" if head else tail  # `median slope at points in between`, which the label says the other way
    for key, said in term.becomes.items():
        return CURVES[key].called.format(name, label_of(said) if isinstance(said, str) else number(said))
    return f"{name} at step {term.at}" if isinstance(term.at, int) else MOMENTS[term.at].called.format(name)


def who(wanted: Filter) -> str:
    """Which runs or pieces of theory a term is about, by the values of its filter; empty for all."""
    shown = [key for key in wanted if key != "scenario" and not (key in THEORY and "method" in wanted)]
    shown = sorted(shown, key=lambda key: key in LAST)  # a way, then whose; a method, then its group
    words = {key: named_setting(key, wanted[key]) for key in shown}
    doubled = {one.split(" ")[0] for key, one in words.items() if "." in key}
    if words.get("group") and "method" in words:
        words["group"] = f"({words['group']})"
    told = [one for key, one in words.items() if one and not (key == "group" and one in doubled)]
    return " ".join([*told, *([f"on {several(wanted['scenario'])}"] if "scenario" in wanted else [])])


def named_setting(key: str, value: Any) -> str:
    """One value of a filter: of a key of a grid with the last word of its key."""
    told = several(value)
    if key in ("method", "group", "objective", "constraint", "way", *THEORY):
        return told
    if key == "critic":
        return USED.get(told, told)
    if key == "update":
        return "" if told == "its own" else f"under {told} steps"
    return f"{key.rsplit('.', 1)[-1].replace('_', ' ')} {told}"


def several(value: Any) -> str:
    """One value or several in words."""
    if isinstance(value, tuple):
        return ", ".join(map(several, value)) if len(value) <= MANY else f"each of {len(value)}"
    return str(value) if isinstance(value, str | bool) else number(float(value))
