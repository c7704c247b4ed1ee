"""Claims: whether a sentence held in the rows of an exhibit's results, and the numbers behind the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from toygan.exhibits.aloud import number_named
from toygan.exhibits.files import EVERY, NO, THEORY, Claim, Filter, Term, asked_of
from toygan.exhibits.forms import BOUNDS, CURVES, MOMENTS, Life
from toygan.files.disk import complete_lines
from toygan.files.text import number
from toygan.quantities.table import better, derived, label_of
from toygan.session.facts import read_facts
from toygan.session.recording import read_metrics
from toygan.view.records import Row

JUDGED = {True: "held", False: "did not hold", None: "not judged"}
BY_CONSTRUCTION = "by construction"
WORDS = (JUDGED[True], JUDGED[False], BY_CONSTRUCTION, JUDGED[None])
Outcome = tuple[bool | None, str]  # whether a condition holds, None where that cannot be said; and its numbers, or why
ALL_LOST = "all seeds diverged"
SETTINGS = ("target", "generator", "critic", "update", "std")  # columns of settings beside the keys of grids
EMPTY = np.zeros(0)


class Explained(NamedTuple):
    """What became of a claim's condition in another setting: the setting's name, whether it holds there, by which numbers,
    which arguments differ from here, the one that decides (none where none is shown to), and what follows, in a sentence.
    """

    setting: str
    held: bool | None
    numbers: str
    differs: tuple[str, ...]
    decides: str
    words: str


class Verdict(NamedTuple):
    """What became of a claim; `held` is None where it could not be judged, and `numbers` says why. `by_construction` says
    why it could not fail, where it could not; `restated` what the claim was at first, where it was another one;
    `explanations` what became of it in other settings.
    """

    says: str
    held: bool | None
    numbers: str
    by_construction: str = ""
    restated: str = ""
    explanations: tuple[Explained, ...] = ()

    @property
    def evidence(self) -> str:
        """The numbers, and what else is to be known of the claim before they are believed."""
        certain = f"no evidence: {self.by_construction}" if self.by_construction else ""
        other = f"restated: {self.restated}" if self.restated else ""
        return " ".join("; ".join(one for one in (self.numbers, certain, other) if one).split())

    @property
    def words(self) -> str:
        """The verdict in words: one of WORDS. What cannot fail is no evidence and does not count as held; if it fails all
        the same, that is said as loudly as of any other.
        """
        return BY_CONSTRUCTION if self.held and self.by_construction else JUDGED[self.held]


def counted(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many verdicts there are of each of WORDS, zeros too."""
    return {words: sum(verdict.words == words for verdict in verdicts) for words in WORDS}


def judge(claim: Claim, rows: Sequence[Row]) -> Verdict:
    """The verdict on one claim."""
    return Verdict(claim.says, *outcome(claim, rows), claim.by_construction, claim.restated)


def outcome(claim: Claim, rows: Sequence[Row]) -> Outcome:
    if not meant(claim.value.of, rows):
        return None, "no run is what the claim is about"
    asked = [row for term in claim.terms.values() for row in meant(term.of, rows)]
    unfinished = [row for row in asked if row.get("status") not in (None, "done", "diverged")]
    if unfinished:
        return None, f"{len(unfinished)} of {len(asked)} seeds did not end"
    try:
        held, numbers = of_each(claim, rows) if claim.each else of_all(claim, rows)
        return held, "; ".join([numbers, *frames_used(claim, rows)])
    except LookupError as error:
        return None, str(error.args[0])


def of_each(claim: Claim, rows: Sequence[Row]) -> Outcome:
    """For every value of a column by itself: all must hold. A value all of whose seeds are left out is told and not judged."""
    found = {value: of_all(about(claim, value), own) for value, own in rows_apart(claim, rows).items()}
    judged = [held for held, numbers in found.values() if numbers != ALL_LOST]
    held = None if not judged or None in judged else all(judged)
    return False if False in judged else held, "; ".join(f"{value}: {numbers}" for value, (_, numbers) in found.items())


def rows_apart(claim: Claim, rows: Sequence[Row]) -> dict[Any, list[Row]]:
    """The rows of every value that a claim goes through, with those that it may hold these against: of none of the values,
    or of the one that it names.
    """
    values = dict.fromkeys(row.get(claim.each) for row in meant(claim.value.of, rows))
    named = [row for wanted in named_beside(claim) for row in matching(wanted, rows)]
    beside = {id(row) for row in [*named, *(row for row in rows if row.get(claim.each) not in values)]}
    return {value: [row for row in rows if fits(row.get(claim.each), value) or id(row) in beside] for value in values}


def about(claim: Claim, value: Any) -> Claim:
    """The claim about one value of what it goes through, which must be said where another value stands beside it."""
    if not named_beside(claim):
        return claim
    term = claim.value.model_copy(update={"of": {**claim.value.of, claim.each: value}})
    return claim.model_copy(update={"value": term})


def named_beside(claim: Claim) -> list[Filter]:
    """The filters of what a claim's number is held against that say a value of what it goes through."""
    return [term.of for term in (claim.over, claim.minus) if term is not None and claim.each in term.of]


def narrowed(claim: Claim, rows: Sequence[Row]) -> Claim:
    """The claim as it is told of some rows: of several values in its filters those that are there."""
    terms = {}
    for key, term in claim.terms.items():
        there = meant(term.of, rows)
        left = {name: tuple(one for one in wanted if any(fits(row.get(name), one) for row in there))
                for name, wanted in term.of.items() if isinstance(wanted, tuple)}  # fmt: skip
        terms[key] = term.model_copy(update={"of": {**term.of, **left}})
    return claim.model_copy(update=terms)


def of_all(claim: Claim, rows: Sequence[Row]) -> Outcome:
    """Over all rows that a claim is about, those that diverged left out if it says so."""
    chosen = meant(claim.value.of, rows)
    kept = kept_of(claim, chosen)
    if not kept:
        return None, ALL_LOST
    held, numbers = by_seed(claim, kept, rows) if claim.seeds else by_median(claim, kept, rows)
    lost = len(chosen) - len(kept)
    return held, f"{numbers}; {lost} diverged and left out" if lost else numbers


def kept_of(claim: Claim, chosen: Sequence[Row]) -> list[Row]:
    """The chosen rows of which a condition is asked: those that diverged left out if the claim says so."""
    return [row for row in chosen if claim.diverged == "fails" or row.get("status") != "diverged"]


def frames_used(claim: Claim, rows: Sequence[Row]) -> list[str]:
    said = []
    for key, term in claim.terms.items():
        of_runs = [row for row in meant(term.of, rows) if "folder" in row and isinstance(term.at, int)]
        frames = [recorded_at(row["folder"]).steps for row in of_runs]
        if steps := sorted({nearest(all_steps, int(term.at)) for all_steps in frames if len(all_steps)}):
            said.append(f"{key} at the frame of step {' or '.join(map(str, steps))}")
    return said


def matching(wanted: Filter, rows: Sequence[Row]) -> list[Row]:
    """The rows that have these values in these columns."""
    return [row for row in rows if all(fits(row.get(name), value) for name, value in wanted.items())]


def meant(wanted: Filter, rows: Sequence[Row]) -> list[Row]:
    """The rows that a term is about: those of runs, if there are any and it does not name a piece of theory."""
    found = matching(wanted, rows)
    of_runs = [row for row in found if "folder" in row]
    return found if THEORY & wanted.keys() or not of_runs else of_runs


def fits(found: Any, wanted: Any) -> bool:
    """Whether a cell is the wanted value, or one of them; numbers up to rounding."""
    if isinstance(wanted, tuple):
        return any(fits(found, one) for one in wanted)
    if isinstance(found, float) and isinstance(wanted, int | float):
        return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == wanted)


def by_seed(claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]) -> Outcome:
    """So many of the seeds fulfil the condition, told beside the share that was asked for where they are not so many; a seed
    without the number does not. Where none has it nothing is judged, but of periods: a curve without a rhythm is what
    refutes them.
    """
    values = values_of(claim, chosen, rows)
    alive = any(row.get("status") != "diverged" for row in chosen)
    if all(value is None for value in values) and not (claim.value.at == "period" and alive):
        return None, "no seed has such a number"
    happy = sum(fulfils(claim, value) for value in values)
    held = enough(str(claim.seeds), happy, len(values))
    what = "seeds" if chosen[0].get("seed") is not None else "cases"
    numbers = f"{happy} of {len(values)} {what}"
    if not held and asked_of(str(claim.seeds)) not in (EVERY, NO):
        bound, at_most = needed(str(claim.seeds), len(values))
        numbers += f", asked: {'at most ' * at_most}{bound} of {len(values)}"
    if claim.value.becomes and claim.value.counted:
        name = str(claim.value.measure)
        best = [best_of(row["folder"], row, name) for row in chosen if "folder" in row]
        return held, f"{numbers}; {label_of(name)} at best: {median_in_words(best)}"
    named = "" if claim.value.label else f"; {number_named(narrowed(claim, rows))}: {median_in_words(values, claim)}"
    return held, numbers + named


def values_of(claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]) -> list[float | None]:
    """The number of every chosen row that the condition is about."""
    found, term = list[float | None](), claim.over or claim.minus
    for row in chosen:
        other, value = partner(claim, row, rows), number_of(claim.value, row)
        against = number_of(term, other) if term and other and value is not None else None
        found.append(held_against(claim, value, against) if term else value)
    return found


def enough(asked: str, happy: int, total: int) -> bool:
    """Whether that many of them are as many as asked: "7 of 8" is a share, and asks for 2 of 2."""
    bound, at_most = needed(asked, total)
    return happy <= bound if at_most else happy >= bound


def needed(asked: str, total: int) -> tuple[int, bool]:
    """How many of a total are asked, and whether they are the most that may be."""
    some, out_of, at_most = asked_of(asked) or EVERY
    return (some * total // out_of if at_most else -(-some * total // out_of)), at_most


def partner(claim: Claim, row: Row, rows: Sequence[Row]) -> Row | None:
    """The row that `over` or `minus` holds this one against: itself if it may; else, where there is a choice, the one
    of the same seed, scenario, group, method and settings.

    Raises LookupError where there is none, where several would do, and where a column that no term names differs.
    """
    term = claim.over or claim.minus
    if term is None:
        return None
    found = meant(term.of, rows)
    if any(other is row for other in found):
        return row
    keys = [name for name in row if "." in name or name in SETTINGS]
    for column in ("seed", "scenario", "group", "method", *keys):
        alike = [other for other in found if fits(other.get(column), row.get(column))]
        found = alike if len(found) > 1 and alike else found
    who = f"seed {row['seed']}" if row.get("seed") is not None else "a row"
    if len(found) != 1:
        raise LookupError(f"{len(found)} rows stand against {who}, and one was expected")
    for column in keys:
        if column in found[0] and column not in {*claim.value.of, *term.of} and not fits(found[0][column], row[column]):
            raise LookupError(f"nothing with {column} = {row[column]} stands against {who}")
    if found[0].get("scenario") != row.get("scenario") and "scenario" not in term.of:
        raise LookupError(f"nothing on {row.get('scenario')} stands against {who}")
    return found[0]


def held_against(claim: Claim, first: float | None, second: float | None) -> float | None:
    """A number divided by another one, or less that; None where either is not known, or nothing comes of them, of 0 / 0
    and of infinities that cancel.
    """
    if first is None or second is None:
        return None
    with np.errstate(all="ignore"):
        return number_or_none(float(np.subtract(first, second) if claim.minus else np.divide(first, second or 0.0)))


def by_median(claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]) -> Outcome:
    """The median over the rows fulfils the condition: of a ratio or difference, that of the two medians. Where half of
    the rows or more have no number, nothing is judged.
    """
    values, against, result = medians(claim, chosen, rows)
    words = median_in_words(values, None if claim.over or claim.minus else claim)
    if claim.over or claim.minus:
        words = f"{words} {'less' if claim.minus else 'over'} {median_in_words(against)}"
        words = f"{as_judged(result, claim)} = {words}" if result is not None else words
    if result is None:
        return None, f"there is no number to judge by: {words}"
    return fulfils(claim, result), f"{number_named(narrowed(claim, rows))}: {words}"


def medians(
    claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]
) -> tuple[list[float | None], list[float | None], float | None]:
    """The numbers of the chosen rows, those that the claim holds them against, and what comes of the two medians."""
    values, term = [number_of(claim.value, row) for row in chosen], claim.over or claim.minus
    if term is None:
        return values, [], middle(values)
    against = [number_of(term, row) for row in meant(term.of, rows)]
    return values, against, held_against(claim, middle(values), middle(against))


def middle(values: Sequence[float | None]) -> float | None:
    """The median of what is known; None where half or more is not."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if 2 * len(known) > len(values) else None


def fulfils(claim: Claim, value: float | None) -> bool:
    """Whether a number lies within the claim's bounds; none does not."""
    if value is None:
        return False
    others = {name: bound for name, bound in claim.bounds.items() if name != "equals"}
    near = claim.equals is None or value == claim.equals or abs(value - claim.equals) <= claim.within
    return near and all(BOUNDS[name].holds(value, bound) for name, bound in others.items())


def room(claim: Claim, rows: Sequence[Row]) -> float:
    """How far within its bounds the number of a claim about some rows lies, below 0 beyond them; -inf without a number."""
    kept = kept_of(claim, meant(claim.value.of, rows))
    value = middle(values_of(claim, kept, rows)) if claim.seeds else medians(claim, kept, rows)[2]
    if value is None:
        return -math.inf
    inside = [BOUNDS[name].side * (value - bound) for name, bound in claim.bounds.items() if name != "equals"]
    if claim.equals is not None:
        inside.append(claim.within - (0.0 if value == claim.equals else abs(value - claim.equals)))
    return min(inside)


# --- one number ------------------------------------------------------------------------------------------------------


def number_of(term: Term, row: Row) -> float | None:
    """The number of one row; None where it has none. Of a seed that diverged, its labels and its curves before that
    count: where it stood at some moment of them, and a goal that it reached or never did, but no number that stands for
    an end.

    Raises LookupError for a measure that was not taken, and for a step beyond the run's end.
    """
    folder = row.get("folder")
    if term.label is not None:
        return None if folder is None else float(term.label in recorded_at(folder).labels.get(row["seed"], ()))
    name = str(term.measure)
    lost = row.get("status") == "diverged"
    plain = not term.becomes
    if lost and plain and isinstance(term.at, str) and MOMENTS[term.at].is_end:
        return None
    if folder is None or (plain and term.at == "end" and row.get(name) is not None):
        return number_or_none(row.get(name))
    if name not in recorded_at(folder).curves and name not in row:
        raise LookupError(f"{name} was not measured in {row.get('label', folder)}")
    steps, values = recorded_at(folder).curve(row["seed"], name)
    alive = before(row, steps)
    if not isinstance(term.at, int):
        return of_life(term, row, steps[alive], values[alive])
    if term.at > recorded_at(folder).end:
        raise LookupError(f"step {term.at} is beyond the run's end, step {recorded_at(folder).end}")
    there = alive & (steps == nearest(steps, term.at)) if len(steps) else alive
    return number_or_none(float(values[there][0])) if there.any() else None


def of_life(term: Term, row: Row, steps: np.ndarray, values: np.ndarray) -> float | None:
    """The number of a curve [T] that ends where its seed was lost, if it was."""
    run, known = recorded_at(row["folder"]), np.isfinite(values).any()
    if not term.becomes:
        return number_or_none(float(MOMENTS[str(term.at)].of(steps, values))) if known else None

    def other(name: str) -> np.ndarray:
        times, found = run.curve(row["seed"], name)
        return found[before(row, times)]

    lost, higher = row.get("status") == "diverged", better(str(term.measure)) == "higher"
    life = Life(steps, values, lost, higher, other, run.step_seconds)
    (key, said), *_ = term.becomes.items()
    return number_or_none(CURVES[key].of(life, said))


def before(row: Row, steps: np.ndarray) -> np.ndarray:
    """Which of the steps come before the seed was seen to have diverged."""
    end = row.get("diverged_at")
    return np.ones(len(steps), bool) if end is None else steps < end


def number_or_none(value: Any) -> float | None:
    """A number, infinite ones too; None for what is no number."""
    return None if not isinstance(value, int | float) or math.isnan(value) else float(value)


class Recorded(NamedTuple):
    """What claims ask of a run's folder, to be read only: its last step, the core-seconds of a step and seed, the labels
    of every seed, the seeds, the steps [T] of its frames, and what these measured by name [T, S].
    """

    end: int
    step_seconds: float
    labels: Mapping[int, frozenset[str]]
    seeds: Sequence[int]
    steps: np.ndarray
    curves: Mapping[str, np.ndarray]

    def curve(self, seed: int, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps [T] and a measure's values [T] of one seed, NaN where it has none; empty where it was never taken."""
        values = self.curves[name][:, self.seeds.index(seed)] if name in self.curves else EMPTY
        return (self.steps, values) if np.isfinite(values).any() else (EMPTY, EMPTY)


def recorded_at(folder: str | Path) -> Recorded:
    """What a folder holds now: a folder that changed is read again."""
    place = Path(folder)
    return read_run(place, stamp(place / "run.json"), stamp(place / "metrics.jsonl"))


def stamp(path: Path) -> tuple[int, ...]:
    """What tells two states of a file apart; empty where there is none."""
    if not path.exists():
        return ()
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


@lru_cache(maxsize=128)
def read_run(folder: Path, *stamps: tuple[int, ...]) -> Recorded:
    """The folder in the state that the stamps tell."""
    facts, path = read_facts(folder), folder / "metrics.jsonl"
    steps = np.array(sorted({line["step"] for line in complete_lines(path)} if path.exists() else ()), int)
    curves = read_metrics(path, steps, facts.seeds)
    curves |= derived(curves)
    for shared in (EMPTY, steps, *curves.values()):
        shared.flags.writeable = False
    return Recorded(
        end=facts.steps,
        step_seconds=facts.step_seconds,
        labels=MappingProxyType({seed: facts.labels_of(seed) for seed in facts.seeds}),
        seeds=facts.seeds,
        steps=steps,
        curves=MappingProxyType(curves),
    )


def nearest(steps: np.ndarray, at: int) -> int:
    """The step nearest to another one; the earlier of two."""
    return int(steps[np.abs(steps - at).argmin()])


def best_of(folder: str, row: Row, name: str) -> float | None:
    """How good a curve was at best before its seed was lost, if it was; None where it has no number."""
    steps, values = recorded_at(folder).curve(row["seed"], name)
    known = values[before(row, steps) & np.isfinite(values)]
    if not len(known):
        return None
    return float(known.max() if better(name) == "higher" else known.min())


# --- in words --------------------------------------------------------------------------------------------------------


def median_in_words(values: Sequence[float | None], claim: Claim | None = None) -> str:
    """A median with its range, and how many had no number; of what a claim judges on the sides of its bounds."""
    known = [value for value in values if value is not None]
    if not known:
        return "no values"
    missing = f", {len(values) - len(known)} without a value" if len(known) < len(values) else ""
    least, half, most = (as_judged(one, claim) for one in (min(known), float(np.median(known)), max(known)))
    return f"{least}{missing}" if min(known) == max(known) else f"median {half} ({least} to {most}){missing}"


def as_judged(value: float, claim: Claim | None) -> str:
    """A number with four digits, or as many more as keep it on its side of a claim's bounds; a time without end is never."""
    if claim is None:
        return number(value, 4)
    if math.isinf(value) and claim.value.is_endless and len(claim.terms) == 1:
        return "never"
    side = fulfils(claim, value)
    enough = (digits for digits in range(4, 18) if fulfils(claim, float(f"{value:.{digits}g}")) is side)
    return number(value, next(enough, 17))
