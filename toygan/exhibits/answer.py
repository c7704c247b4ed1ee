"""The answer to an exhibit's question in one sentence: what became of its claims, and their numbers with names."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from toygan.exhibits.aloud import bounds_aloud, called, moment_beside, several, who
from toygan.exhibits.claims import BY_CONSTRUCTION, JUDGED, Case, Verdict, counted, meant, middle, narrowed, number_of
from toygan.exhibits.files import Claim, Filter, Term, asked_of
from toygan.files.text import number
from toygan.quantities.table import written
from toygan.view.records import Row

MOST, EACH = 3, 2  # claims told where all came to the same, and of either fate where some held and some did not

NUMBERS = ("no", "the", "both", "all three", "all four", "all five", "all six")


class Said(NamedTuple):
    """A number of a claim: what it is called, its value with whom it is of, and on which scenario."""

    name: str
    value: str
    where: str


def answer(verdicts: Sequence[Verdict]) -> str:
    """One sentence: how many claims held, with the medians that the first of them are about, and those of the others.

    Claims that cannot fail are told where there are no others. A claim that was not judged has no number to tell.
    """
    certain = all(verdict.words == BY_CONSTRUCTION for verdict in verdicts)
    told = [verdict for verdict in verdicts if certain or verdict.words != BY_CONSTRUCTION]
    told.sort(key=lambda verdict: any(case.claim.each for case in verdict.cases))  # which have many numbers
    held, failed = ([verdict for verdict in told if verdict.held is fate] for fate in (True, False))
    most = EACH if held and failed else MOST
    good, bad = told_of(held[:most]), told_of(failed[:most])
    parts = [(tally(verdicts), good if held else bad), *([(f"{len(failed)} did not", bad)] if held and failed else [])]
    sentence = "; ".join([*(": ".join(one for one in pair if one) for pair in parts), *asides(verdicts)])
    return f"{sentence[:1].upper()}{sentence[1:]}."


def tally(verdicts: Sequence[Verdict]) -> str:
    """How many claims held, of those that could fail."""
    counts = counted(verdicts)
    held, certain = counts[JUDGED[True]], counts[BY_CONSTRUCTION]
    of = len(verdicts) - certain
    if not of:
        return f"{certain} claim{'' if certain == 1 else 's'}, true by construction"
    if counts[JUDGED[None]] == of:
        return "no claim could be judged"
    if held == of:
        return f"{NUMBERS[of] if of < len(NUMBERS) else f'all {of}'} claim{'' if of == 1 else 's'} held"
    return f"{held or 'none'} of {of} claims held" if of > 1 else "the claim did not hold"


def asides(verdicts: Sequence[Verdict]) -> list[str]:
    """Of how many claims nothing is to be learnt."""
    counts = counted(verdicts)
    certain, lost = counts[BY_CONSTRUCTION], counts[JUDGED[None]]
    more = f"{certain} more {'is' if certain == 1 else 'are'} true by construction"
    unjudged = [f"{lost} could not be judged"] if 0 < lost < len(verdicts) - certain else []
    return [more, *unjudged] if 0 < certain < len(verdicts) else unjudged


def told_of(judged: Sequence[Verdict]) -> str:
    """The numbers of some claims; those of one name stand together, and a scenario that several share is named once."""
    found: dict[str, list[Said]] = {}
    for said in filter(None, map(fact_of, judged)):
        found.setdefault(said.name, []).append(said)
    return ", ".join(f"{name}{' ' if some[0].value.startswith('in ') else ' = '}{', '.join(values_told(some))}"
                     for name, some in found.items())  # fmt: skip


def values_told(some: Sequence[Said]) -> list[str]:
    """Values of one name, the scenario said where the next one's is another."""
    after = [*(said.where for said in some[1:]), None]
    return [said.value + (f" {said.where}" if said.where and said.where != one else "")
            for said, one in zip(some, after, strict=True)]  # fmt: skip


def fact_of(verdict: Verdict) -> Said | None:
    """A claim's number: the median, or in how many seeds; held against another term's if it has one. Of a claim that
    failed, what was claimed of it too, and in how many seeds it held all the same; of one that goes through a column, of the
    value that decides.
    """
    case, beside_it = deciding(verdict)
    claim, rows = case.claim, case.rows
    first, other = value_of(claim.value, rows), claim.over or claim.minus
    second = value_of(other, rows) if other else ""
    where = f"on {several(claim.value.of['scenario'])}" if "scenario" in claim.value.of else ""
    if first is None or second is None:
        if not claim.seeds:
            return None
        share = f"in {case.happy} of {case.total} seeds"
        told = f"{share} {bounds_told(claim) or 'as claimed'}{whose(claim.value.of)}{beside_it}"
        return Said(called(claim.value), told, where)
    words = first + whose(claim.value.of)
    if other is not None:
        name = "" if called(other) == called(claim.value) else f" {moment_beside(other, claim.value)}"
        same = other.of == claim.value.of
        words += f" against{name} {second}" + ("" if same else whose(other.of))
    if not claim.value.counted:
        words += bounded(case)
    return Said(called(claim.value), words + beside_it, where)


def deciding(verdict: Verdict) -> tuple[Case, str]:
    """The case that came nearest to failing, or failed by most, and of how many where a claim goes through a column."""
    judged = [case for case in verdict.cases if case.held is not None]
    case = min((case for case in judged if case.held is verdict.held), key=nearness)
    if not case.claim.each:
        return case, ""
    told = narrowed(case.claim, case.rows)
    terms = {key: of_value(term, case) for key, term in told.terms.items()}
    which = f" (the {'closest' if verdict.held else 'worst'} of {len(judged)})" if len(judged) > 1 else ""
    return case._replace(claim=told.model_copy(update=terms)), which


def nearness(case: Case) -> tuple[Fraction, float]:
    """How far a case is from failing, below 0 where it fails: of a claim on seeds their share beyond the one asked, and among
    equal shares how far the median lies within its bounds; of one on a median the latter alone.
    """
    asked = asked_of(case.claim.seeds) if case.claim.seeds else None
    if asked is None:
        return Fraction(0), case.within
    beyond, side = Fraction(case.happy, case.total) - Fraction(asked.some, asked.total), -1 if asked.at_most else 1
    return side * beyond, side * case.within


def of_value(term: Term, case: Case) -> Term:
    """A term that names the value of a case's column, where all of its rows have it and no method's name says it."""
    column, value = case.claim.each, case.value
    alike = all(row.get(column) == value for row in meant(term.of, case.rows))
    said = "method" in term.of and column in ("objective", "constraint")
    return term.model_copy(update={"of": {**term.of, column: value}}) if alike and not said else term


def whose(wanted: Filter) -> str:
    """Of which runs a number is, but for the scenario."""
    words = who({key: value for key, value in wanted.items() if key != "scenario"})
    return f" with {words}" if words else ""


def bounded(case: Case) -> str:
    """What was claimed of a number, where its claim failed or asks that few seeds are so, and of how many seeds it is true;
    of numbers that are held against others, and of a value of a column that holds in some of its seeds, the latter alone.
    Empty where nothing is to be said.
    """
    claim, some, total = case.claim, case.happy, case.total
    told, asked = bounds_told(claim), asked_of(claim.seeds) if claim.seeds else None
    if told and asked and asked.at_most:
        return f" ({told} in {some} of {total} seeds)"
    if case.held:
        return f" (so in {some} of {total} seeds)" if claim.each and some < total else ""
    if told:
        many = "" if (claim.seeds or "").endswith(f"of {total}") else f" of {total}"
        in_seeds = f" in {claim.seeds} seeds; so in {some or 'none'}{many}" if claim.seeds else ""
        return f" (claimed: {told}{in_seeds})"
    return f" (as claimed in {some} of {total} seeds)" if some else ""


def bounds_told(claim: Claim) -> str:
    """The bounds of a number that stands alone, as it is written itself: `at least 25`, `within 0.1 of 0.725`."""
    return "" if claim.over or claim.minus else bounds_aloud(claim, partial(in_format, claim.value), equals="")


def value_of(term: Term, rows: Sequence[Row]) -> str | None:
    """The median of a term over its rows as people write it, or in how many seeds its label was given; None for none."""
    try:
        values = [number_of(term, row) for row in meant(term.of, rows)]
    except LookupError:
        return None
    if term.counted:
        return f"in {sum(bool(value) for value in values)} of {len(values)} seeds"
    result = middle(values)
    return None if result is None else in_format(term, result)


def in_format(term: Term, value: float) -> str:
    plain = bool(term.becomes) or term.at == "period"
    return number(value) if plain else written(str(term.measure), value)
