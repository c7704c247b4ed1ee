"""Claims: whether a sentence held in the rows of an exhibit's results, and the numbers behind the verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import ge, gt, le, lt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import spearmanr

from toygan.exhibits.files import PIECES, Claim, Filter, Term
from toygan.measure import MEASURES
from toygan.measures.rhythm import period
from toygan.recording import complete_lines, read_json

Row = Mapping[str, Any]  # a record: which run and seed, or which piece of theory, and its measures


class Verdict(NamedTuple):
    """What became of a claim; `held` is None where it could not be judged, and `numbers` says why."""

    says: str
    held: bool | None
    numbers: str

    @property
    def words(self) -> str:
        """The verdict in words."""
        return WORDS[self.held]


WORDS = {True: "held", False: "did not hold", None: "not judged"}


class Numbers(NamedTuple):
    """One number a row, None where a row has none, and whether they are of seeds."""

    values: list[float | None]
    seeds: bool


def judge(claim: Claim, rows: Sequence[Row]) -> Verdict:
    """The verdict on one claim."""
    chosen = meant(claim.value.of, rows)
    if not chosen:
        return Verdict(claim.says, None, "no run is what the claim is about")
    asked = [row for term in claim.terms.values() for row in meant(term.of, rows)]
    unfinished = [row for row in asked if row.get("status") not in (None, "done", "diverged")]
    if unfinished:
        return Verdict(claim.says, None, f"{len(unfinished)} of {len(asked)} seeds did not end")
    try:
        found = by_seed(claim, chosen, rows) if claim.seeds else by_median(claim, chosen, rows)
        return found._replace(numbers="; ".join([found.numbers, *frames_used(claim, rows)]))
    except LookupError as error:
        return Verdict(claim.says, None, str(error).strip("'\""))


def frames_used(claim: Claim, rows: Sequence[Row]) -> list[str]:
    """For every term that is read at a step: at which steps there was a frame."""
    said = []
    for key, term in claim.terms.items():
        of_runs = [row for row in meant(term.of, rows) if "folder" in row and isinstance(term.at, int)]
        curves = [curve(Path(row["folder"]), row["seed"], "step")[0] for row in of_runs]
        if steps := sorted({nearest(all_steps, int(term.at)) for all_steps in curves if len(all_steps)}):
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


THEORY = set(PIECES.values())


def fits(found: Any, wanted: Any) -> bool:
    """Whether a cell is the wanted value, or one of them; numbers up to rounding."""
    if isinstance(wanted, tuple):
        return any(fits(found, one) for one in wanted)
    if isinstance(found, float) and isinstance(wanted, int | float):
        return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == wanted)


# --- of every seed ---------------------------------------------------------------------------------------------------


def by_seed(claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]) -> Verdict:
    """So many of the seeds fulfil the condition; a seed without the number does not."""
    values = [combined(claim, row, partner(claim, row, rows)) for row in chosen]
    if all(value is None for value in values):
        return Verdict(claim.says, None, "no seed has such a number")
    happy = sum(value is not None and fulfils(claim, value) for value in values)
    held = enough(str(claim.seeds), happy, len(values))
    what = "seeds" if chosen[0].get("seed") is not None else "cases"
    numbers = f"{happy} of {len(values)} {what}"
    return Verdict(claim.says, held, numbers if claim.value.label else f"{numbers}; {in_words(values)}")


def enough(asked: str, happy: int, total: int) -> bool:
    """Whether that many of them are as many as asked: "7 of 8" is a share, and asks for 2 of 2."""
    if asked in ("all", "none"):
        return happy == (total if asked == "all" else 0)
    count, out_of = map(int, re.findall(r"\d+", asked))
    if asked.startswith("at most"):
        return happy * out_of <= count * total
    return happy >= math.ceil(count * total / out_of - 1e-9)


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
    keys = [name for name in row if is_setting(name)]
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


def is_setting(column: str) -> bool:
    """Whether a column is a key of a grid, of a sweep over a target, or of a piece of theory."""
    return "." in column or column in ("target", "generator", "critic", "update", "std")


def combined(claim: Claim, row: Row, other: Row | None) -> float | None:
    """The number that the condition is about."""
    first = number(claim.value, row)
    term = claim.over or claim.minus
    if term is None or other is None or first is None:
        return first
    second = number(term, other)
    if second is None:
        return None
    return taken_off(first, second) if claim.minus else divided(first, second)


def taken_off(first: float, second: float) -> float | None:
    """A difference; None for one between equal infinities."""
    return None if math.isinf(first) and first == second else first - second


def divided(first: float, second: float) -> float | None:
    """A ratio; None for 0 / 0 and for one of infinities."""
    if math.isinf(first) and math.isinf(second):
        return None
    if second == 0:
        return None if first == 0 else math.copysign(math.inf, first)
    return first / second


# --- of the median ---------------------------------------------------------------------------------------------------


def by_median(claim: Claim, chosen: Sequence[Row], rows: Sequence[Row]) -> Verdict:
    """The median over the rows fulfils the condition: of a ratio or difference, that of the two medians. Where half of
    the rows or more have no number, nothing is judged.
    """
    values = [number(claim.value, row) for row in chosen]
    result, words = middle(values), in_words(values)
    term = claim.over or claim.minus
    if term is not None:
        against = [number(term, row) for row in meant(term.of, rows)]
        second = middle(against)
        sign = "less" if claim.minus else "over"
        words = f"{words}; {sign} {in_words(against)}"
        result = None if result is None or second is None else (
            taken_off(result, second) if claim.minus else divided(result, second)
        )  # fmt: skip
        words = f"{short(result)}: {words}" if result is not None else words
    if result is None:
        return Verdict(claim.says, None, f"there is no number to judge by: {words}")
    return Verdict(claim.says, fulfils(claim, result), words)


def middle(values: Sequence[float | None]) -> float | None:
    """The median of what is known; None where half or more is not."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if 2 * len(known) > len(values) else None


def fulfils(claim: Claim, value: float) -> bool:
    """Whether a number lies within the claim's bounds."""
    others = {name: bound for name, bound in claim.bounds.items() if name != "equals"}
    near = claim.equals is None or value == claim.equals or abs(value - claim.equals) <= claim.within
    return near and all(TESTS[name](value, bound) for name, bound in others.items())


TESTS: Mapping[str, Callable[[float, float], bool]] = {"above": gt, "below": lt, "at_least": ge, "at_most": le}


# --- one number ------------------------------------------------------------------------------------------------------


def number(term: Term, row: Row) -> float | None:
    """The number of one row; None where it has none. Of a seed that diverged, its labels and its curves before that
    count: where it stood at some moment of them, and a goal that it reached, but no number that stands for an end.

    Raises LookupError for a measure that was not taken, and for a step beyond the run's end.
    """
    folder = row.get("folder")
    if term.label is not None:
        return None if folder is None else float(term.label in labels(facts_of(Path(folder)), row["seed"]))
    name = str(term.measure)
    lost = row.get("status") == "diverged"
    plain = term.along is None and term.reaches is None
    if lost and plain and term.at in ENDS:
        return None
    if folder is None or (plain and term.at == "end" and row.get(name) is not None):
        return finite(row.get(name))
    if name not in recorded(Path(folder)) and name not in row:
        raise LookupError(f"{name} was not measured in {row.get('label', folder)}")
    steps, values = curve(Path(folder), row["seed"], name)
    alive = before(row, steps)
    if isinstance(term.at, int):
        return at_step(Path(folder), steps, np.where(alive, values, math.nan), term.at)
    if not alive.any():
        return None
    if term.along is not None:
        others = curve(Path(folder), row["seed"], term.along)[1]
        return correlation(values[alive], others[alive]) if len(others) == len(values) else None
    if term.reaches is not None:
        seconds = seconds_until(Path(folder), steps[alive], values[alive], name, term.reaches)
        return None if lost and math.isinf(seconds) else seconds
    return at_moment(steps[alive], values[alive], term.at)


ENDS = ("end", "late", "min")  # moments that say how a seed came out


def before(row: Row, steps: np.ndarray) -> np.ndarray:
    """Which of the steps come before the seed was seen to have diverged."""
    end = row.get("diverged_at")
    return np.ones(len(steps), bool) if end is None else steps < end


def finite(value: Any) -> float | None:
    """A number, infinite ones too; None for what is no number."""
    return None if not isinstance(value, int | float) or math.isnan(value) else float(value)


@lru_cache(maxsize=4096)
def facts_of(folder: Path) -> dict[str, Any]:
    """What `run.json` says."""
    return read_json(folder / "run.json")


def labels(facts: Mapping[str, Any], seed: int) -> set[str]:
    """The labels of one seed's diagnosis, from what `run.json` says."""
    return {event["label"] for event in facts.get("events", []) if event["seed"] == seed}


@lru_cache(maxsize=512)
def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Every line of `metrics.jsonl`; none where the run did not come so far."""
    path = folder / "metrics.jsonl"
    return complete_lines(path) if path.exists() else []


@lru_cache(maxsize=4096)
def recorded(folder: Path) -> set[str]:
    """The measures that were taken at the frames of a run."""
    names = {name for line in lines_of(folder)[:1] for name in line}
    return names | ({"w1_over_floor"} if "w1" in names else set())


def curve(folder: Path, seed: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps [T] and a measure's values [T] of one seed, NaN where it has none; empty where it was never taken."""
    lines = [line for line in lines_of(folder) if line["seed"] == seed]
    if name == "w1_over_floor":
        values = [divided(line["w1"], line["w1_floor"]) if line.get("w1") is not None else None for line in lines]
    else:
        values = [line.get(name) for line in lines]
    known = np.array([math.nan if value is None else value for value in values], float)
    steps = np.array([line["step"] for line in lines])
    return (steps, known) if np.isfinite(known).any() else (steps[:0], known[:0])


def at_step(folder: Path, steps: np.ndarray, values: np.ndarray, at: int) -> float | None:
    """The curve at the frame nearest to a step; None where it has no number there.

    Raises LookupError where the run was never to come so far.
    """
    if at > (end := facts_of(folder)["steps"]):
        raise LookupError(f"step {at} is beyond the run's end, step {end}")
    return finite(float(values[np.flatnonzero(steps == nearest(steps, at))[0]])) if len(steps) else None


def nearest(steps: np.ndarray, at: int) -> int:
    """The step nearest to another one; the earlier of two."""
    return int(steps[np.abs(steps - at).argmin()])


def at_moment(steps: np.ndarray, values: np.ndarray, at: str) -> float | None:
    """The curve at a moment; None where it has no number there."""
    if at == "late":
        steps, values = steps[-max(1, len(steps) // 4) :], values[-max(1, len(values) // 4) :]
    if not np.isfinite(values).any():
        return None
    return finite(MOMENTS[at](steps, values))


MOMENTS: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "start": lambda steps, values: float(values[0]),
    "end": lambda steps, values: float(values[-1]),
    "min": lambda steps, values: float(np.nanmin(values)),
    "max": lambda steps, values: float(np.nanmax(values)),
    "mean": lambda steps, values: float(np.nanmean(values)),
    "median": lambda steps, values: float(np.nanmedian(values)),
    "late": lambda steps, values: float(np.nanmean(values)),
    "period": period,
}


def correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rank correlation of two curves over the frames that have both; None where either stands still."""
    if len(one) != len(other):
        return None
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3 or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return None
    return float(spearmanr(one[both], other[both]).statistic)


def seconds_until(folder: Path, steps: np.ndarray, values: np.ndarray, name: str, goal: float) -> float:
    """Core-seconds of training, a seed, until a curve is first as good as a goal; infinite where it never is."""
    better = MEASURES[name].better if name in MEASURES else "lower"
    there = values >= goal if better == "higher" else values <= goal
    if not there.any():
        return math.inf
    facts = facts_of(folder)
    a_step = facts["seconds"]["train"] / len(facts["seeds"]) / max(facts["step"], 1)
    return float(steps[there.argmax()] * a_step)


# --- in words --------------------------------------------------------------------------------------------------------


def in_words(values: Sequence[float | None]) -> str:
    """A median with its range, and how many had no number."""
    known = [value for value in values if value is not None]
    if not known:
        return "no values"
    missing = f", {len(values) - len(known)} without a value" if len(known) < len(values) else ""
    if min(known) == max(known):
        return f"{short(known[0])}{missing}"
    return f"median {short(float(np.median(known)))} ({short(min(known))} to {short(max(known))}){missing}"


def short(value: float) -> str:
    """Four digits with a true minus sign."""
    return f"{value:.4g}".replace("-", "−")
