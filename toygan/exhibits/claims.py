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
from toygan.session.facts import Facts, read_facts
from toygan.session.recording import read_metrics
from toygan.view.records import Row

JUDGED = {True: "held", False: "did not hold", None: "not judged"}
BY_CONSTRUCTION = "by construction"
WORDS = (JUDGED[True], JUDGED[False], BY_CONSTRUCTION, JUDGED[None])
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


class Case(NamedTuple):
    """A claim held against some rows: the claim as it is about them, and all rows that it may choose from; whether its condition
    holds, None where that cannot be said; its numbers in words, or why there are none; how far within the bounds its number
    lies; where it is asked of seeds, in how many of how many it holds; and the `value` of the column that the claim goes
    through, if it does.
    """

    claim: Claim
    rows: Sequence[Row]
    held: bool | None
    numbers: str
    within: float = -math.inf
    happy: int = 0
    total: int = 0
    value: Any = None


class Verdict(NamedTuple):
    """What became of a claim; `held` is None where it could not be judged, and `numbers` says why. `by_construction` says
    why it could not fail, where it could not; `restated` what the claim was at first, where it was another one;
    `explanations` what became of it in other settings; `cases` what it was judged by, one, or one for every value of the
    column that it goes through.
    """

    says: str
    held: bool | None
    numbers: str
    by_construction: str = ""
    restated: str = ""
    explanations: tuple[Explained, ...] = ()
    cases: tuple[Case, ...] = ()

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
    """The verdict on one claim, which must hold for every value of its column but those all of whose seeds are left out."""
    try:
        refuse_unended(claim, rows)
        apart = rows_apart(claim, rows).items()
        cases = tuple(of_all(about(claim, value), own)._replace(value=value) for value, own in apart)
        told = [f"{case.value}: {case.numbers}" if claim.each else case.numbers for case in cases]
        numbers = "; ".join([*told, *frames_used(claim, rows)])
    except LookupError as error:
        cases, numbers = (), str(error.args[0])
    fates = {case.held for case in cases if case.numbers != ALL_LOST}
    held = False if False in fates else fates == {True} or None
    return Verdict(claim.says, held, numbers, claim.by_construction, claim.restated, cases=cases)


def refuse_unended(claim: Claim, rows: Sequence[Row]) -> None:
    """LookupError where a claim is about no run, or about runs that have not ended."""
    if not meant(claim.value.of, rows):
        raise LookupError("no run is what the claim is about")
    asked = [row for term in claim.terms.values() for row in meant(term.of, rows)]
    unfinished = [row for row in asked if row.get("status") not in (None, "done", "diverged")]
    if unfinished:
        raise LookupError(f"{len(unfinished)} of {len(asked)} seeds did not end")


def rows_apart(claim: Claim, rows: Sequence[Row]) -> dict[Any, list[Row]]:
    """The rows of every value of a claim's column, with those of none or of the one that it names; all, of None, without one."""
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


def of_all(claim: Claim, rows: Sequence[Row]) -> Case:
    """Over all rows that a claim is about, those that diverged left out if it says so."""
    kept = kept_of(claim, rows)
    if not kept:
        return Case(claim, rows, None, ALL_LOST)
    case = by_seed(claim, kept, rows) if claim.seeds else by_median(claim, kept, rows)
    lost = len(meant(claim.value.of, rows)) - len(kept)
    return case._replace(numbers=f"{case.numbers}; {lost} diverged and left out") if lost else case


def kept_of(claim: Claim, rows: Sequence[Row]) -> list[Row]:
    """The rows of which a condition is asked: those that diverged left out if the claim says so."""
    asked = meant(claim.value.of, rows)
    return [row for row in asked if claim.diverged == "fails" or row.get("status") != "diverged"]


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


def by_seed(claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]) -> Case:
    """So many of the seeds fulfil the condition, told beside the share that was asked for where they are not so many; a seed
    without the number does not. Where none has it nothing is judged, but of periods: a curve without a rhythm is what
    refutes them.
    """
    values = values_of(claim, chosen, rows)
    alive = any(row.get("status") != "diverged" for row in chosen)
    if all(value is None for value in values) and not (claim.value.at == "period" and alive):
        return Case(claim, rows, None, "no seed has such a number")
    happy, total = sum(fulfils(claim, value) for value in values), len(values)
    held = enough(str(claim.seeds), happy, total)
    what = "seeds" if chosen[0].get("seed") is not None else "cases"
    numbers = f"{happy} of {total} {what}"
    if not held and asked_of(str(claim.seeds)) not in (EVERY, NO):
        bound, at_most = needed(str(claim.seeds), total)
        numbers += f", asked: {'at most ' * at_most}{bound} of {total}"
    if claim.value.becomes and claim.value.counted:
        name = str(claim.value.measure)
        best = [best_of(row, name) for row in chosen if "folder" in row]
        numbers += f"; {label_of(name)} at best: {median_in_words(best)}"
    elif claim.value.label is None:
        numbers += f"; {number_named(narrowed(claim, rows))}: {median_in_words(values, claim)}"
    return Case(claim, rows, held, numbers, room(claim, middle(values)), happy, total)


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
    """A number divided by another one, or less that; None where either is not known, for 0 / 0 and infinities that cancel."""
    if first is None or second is None:
        return None
    with np.errstate(all="ignore"):
        return number_or_none(float(np.subtract(first, second) if claim.minus else np.divide(first, second or 0.0)))


def by_median(claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]) -> Case:
    """The median over the rows fulfils the condition; of a ratio or difference, that of the two medians."""
    values, term = [number_of(claim.value, row) for row in chosen], claim.over or claim.minus
    result, words = middle(values), median_in_words(values, None if term else claim)
    if term:
        against = [number_of(term, row) for row in meant(term.of, rows)]
        result = held_against(claim, result, middle(against))
        words = f"{words} {'less' if claim.minus else 'over'} {median_in_words(against)}"
        words = f"{as_judged(result, claim)} = {words}" if result is not None else words
    if result is None:
        return Case(claim, rows, None, f"there is no number to judge by: {words}")
    words = f"{number_named(narrowed(claim, rows))}: {words}"
    return Case(claim, rows, fulfils(claim, result), words, room(claim, result))


def middle(values: Sequence[float | None]) -> float | None:
    """The median of what is known; None where half or more is not."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if 2 * len(known) > len(values) else None


def fulfils(claim: Claim, value: float | None) -> bool:
    """Whether a number lies within the claim's bounds; none does not."""
    if value is None:
        return False
    near = claim.equals is None or value == claim.equals or abs(value - claim.equals) <= claim.within
    return near and all(BOUNDS[name].holds(value, bound) for name, bound in claim.bounds.items() if name in BOUNDS)


def room(claim: Claim, value: float | None) -> float:
    """How far within its claim's bounds a number lies, below 0 beyond them; -inf for none."""
    if value is None:
        return -math.inf
    inside = [BOUNDS[name].side * (value - bound) for name, bound in claim.bounds.items() if name in BOUNDS]
    if claim.equals is not None:
        inside.append(claim.within - (0.0 if value == claim.equals else abs(value - claim.equals)))
    return min(inside)


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
    run, (steps, values) = recorded_at(folder), lived(row, name)
    if name not in run.curves and name not in row:
        raise LookupError(f"{name} was not measured in {row.get('label', folder)}")
    if not isinstance(term.at, int):
        return of_life(term, row, steps, values)
    if term.at > run.facts.steps:
        raise LookupError(f"step {term.at} is beyond the run's end, step {run.facts.steps}")
    there = values[steps == nearest(run.steps, term.at)] if len(steps) else values
    return number_or_none(float(there[0])) if len(there) else None


def of_life(term: Term, row: Row, steps: np.ndarray, values: np.ndarray) -> float | None:
    """The number of a curve [T] that ends where its seed was lost, if it was."""
    if not term.becomes:
        known = np.isfinite(values).any()
        return number_or_none(float(MOMENTS[str(term.at)].of(steps, values))) if known else None
    lost, higher = row.get("status") == "diverged", better(str(term.measure)) == "higher"
    step_seconds = recorded_at(row["folder"]).facts.step_seconds
    life = Life(steps, values, lost, higher, lambda name: lived(row, name)[1], step_seconds)
    (key, said), *_ = term.becomes.items()
    return number_or_none(CURVES[key].of(life, said))


def lived(row: Row, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps [T] and a measure's values [T] of a row's seed before it was seen to have diverged, NaN where it has none."""
    (steps, values), end = recorded_at(row["folder"]).curve(row["seed"], name), row.get("diverged_at")
    alive = steps < (math.inf if end is None else end)
    return steps[alive], values[alive]


def number_or_none(value: Any) -> float | None:
    """A number, infinite ones too; None for what is no number."""
    return None if not isinstance(value, int | float) or math.isnan(value) else float(value)


class Recorded(NamedTuple):
    """What claims ask of a run's folder, to be read only: its facts, the labels of every seed, the steps [T] of its frames, and
    what these measured by name [T, S].
    """

    facts: Facts
    labels: Mapping[int, frozenset[str]]
    steps: np.ndarray
    curves: Mapping[str, np.ndarray]

    def curve(self, seed: int, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps [T] and a measure's values [T] of one seed, NaN where it has none; empty where it was never taken."""
        values = self.curves[name][:, self.facts.seeds.index(seed)] if name in self.curves else EMPTY
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
    labels = MappingProxyType({seed: facts.labels_of(seed) for seed in facts.seeds})
    return Recorded(facts, labels, steps, MappingProxyType(curves))


def nearest(steps: np.ndarray, at: int) -> int:
    """The step nearest to another one; the earlier of two."""
    return int(steps[np.abs(steps - at).argmin()])


def best_of(row: Row, name: str) -> float | None:
    """How good a curve was at best before its seed was lost, if it was; None where it has no number."""
    _, values = lived(row, name)
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    return float(known.max() if better(name) == "higher" else known.min())


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
