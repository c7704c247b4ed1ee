"""What `run.json` says, as one value: read in one place, checked whole, and what several readers derive from it.

A record is a run's (`is not the record of a run` otherwise), and then every value inside has its shape (`SHAPE`), or the
message names the file, the key, the value and what is legal. Older recordings lack keys, which have defaults.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from toygan.files.disk import read_json
from toygan.quantities.diagnosis import Event

FORMAT = 1
FACTS = {"format", "scenario", "method", "seeds", "status", "step", "steps", "seconds", "config", "summary"}
SHARED = {"draw", "floors"}  # work that not every run does: drawing, and floors, which the first on a target finds

Row = Mapping[str, float | None]  # the final measures of one seed, by name
NO_ROW: Row = {}


class KnownFloor(NamedTuple):
    """What perfect samplers score in a measure: mean and spread, the ends of the band that holds 90 % of them, and how many
    were drawn. Older recordings know no band.
    """

    mean: float
    spread: float = 0.0
    low: float | None = None
    high: float | None = None
    draws: int | None = None


class Optimal(NamedTuple):
    """How a run's optimal critic was found, what decides it (`potential`, `kernel`, `density`), and what of it is drawn;
    older recordings say how well it agrees with the learned one.
    """

    how: str = "known"
    kind: str | None = None
    drawn: str = ""
    correlation: float | None = None


@dataclass(frozen=True)
class Summary:
    """What a run tells of its end, empty before it: final measures of every seed (`rows`) and their means over the seeds
    that had not diverged, on how many points they stand, the diagnosis, and the score at which the critic cannot tell.
    """

    rows: Sequence[Row] = ()
    mean: Row = field(default_factory=dict)
    points: int | None = None
    w1_points: int | None = None
    critic_points: int | None = None
    mean_over: int | None = None
    modes_of: int | None = None
    tells_modes: bool = False  # older recordings do not say whether the target has modes
    rates: Mapping[str, float] = field(default_factory=dict)
    diagnosis: Sequence[str] = ()
    optimal: Optimal | None = None
    boundary: float | None = None


@dataclass(frozen=True)
class Facts:
    """What `run.json` says of a run; `said` is that, as it is. `title` is the scenario's name where it has no title.
    `seconds` are of a core, by kind of work; `floors` what perfect samplers score, by `frame` or `final` and measure.
    """

    scenario: str = ""
    method: str = ""
    title: str = ""
    seeds: Sequence[int] = ()
    status: str = ""
    step: int = 0
    steps: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str | None] = field(default_factory=dict)
    device: str = ""
    message: str = ""
    floors: Mapping[str, Mapping[str, KnownFloor]] = field(default_factory=dict)
    events: Sequence[Event] = ()
    digests: Mapping[str, str | None] = field(default_factory=dict)
    summary: Summary = field(default_factory=Summary)
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Facts:
        """The facts that a record says, unchecked; what it lacks or leaves null has its default."""
        known = {name: said[name] for name in PLAIN if said.get(name) is not None}
        return cls(
            **known,
            title=str(said.get("title") or said.get("scenario") or ""),
            seeds=tuple(said.get("seeds") or ()),
            floors={when: floors_in(table or {}) for when, table in (said.get("floors") or {}).items()},
            events=tuple(event_in(one) for one in said.get("events") or ()),
            summary=summary_in(said.get("summary") or {}),
            said=said,
        )

    @property
    def portrait(self) -> int:
        """The seed whose critic is kept and shown."""
        return self.seeds[0]

    @cached_property
    def rows(self) -> Mapping[int, Row]:
        """The final measures by seed, as far as they are known."""
        return {int(row["seed"] or 0): row for row in self.summary.rows}

    @property
    def portrait_row(self) -> Row:
        """The final measures of the seed that is shown; empty before the end."""
        return next(iter(self.summary.rows), NO_ROW)

    @property
    def diverged_at(self) -> list[int | None]:
        """The step at which each seed was seen to have diverged; None for one that did not."""
        steps = (self.rows.get(seed, NO_ROW).get("diverged_at") for seed in self.seeds)
        return [None if step is None else int(step) for step in steps]

    def status_of(self, seed: int) -> str:
        """The status of one seed: a run in which another seed diverged is done for this one."""
        row = self.rows.get(seed, NO_ROW)
        is_spared = self.status == "diverged" and row.keys() - {"seed"} and row.get("diverged_at") is None
        return "done" if is_spared else self.status

    def labels_of(self, seed: int) -> frozenset[str]:
        """The labels of one seed's diagnosis."""
        return frozenset(event.label for event in self.events if event.seed == seed)

    def floor(self, measure: str, when: str) -> KnownFloor | None:
        """What perfect samplers score in a measure of a `frame` or the `final` points; None where that is not known."""
        return self.floors.get(when, {}).get(measure)

    @property
    def all_seconds(self) -> float:
        """Core-seconds of everything."""
        return sum(self.seconds.values())

    @property
    def seed_seconds(self) -> float:
        """Core-seconds a seed, its share of the work that every run does: seeds share a run's time."""
        return sum(spent for kind, spent in self.seconds.items() if kind not in SHARED) / len(self.seeds)

    @property
    def step_seconds(self) -> float:
        """Core-seconds that a step of training took a seed; 0 where it was not clocked."""
        return self.seconds.get("train", 0.0) / len(self.seeds) / max(self.step, 1)

    @property
    def decided_by(self) -> str | None:
        """What decides the optimal critic, `potential`, `kernel` or `density`; None where none is known. Older recordings
        do not say it: there the objective does.
        """
        known = self.summary.optimal
        if known is None:
            return None
        objective = ((self.config.get("method") or {}).get("objective") or {}).get("kind")
        return known.kind or BY_OBJECTIVE.get(str(objective), "density")


BY_OBJECTIVE = {"wasserstein": "potential", "mmd": "kernel", "cramer": "kernel"}
PLAIN = ("scenario", "method", "status", "step", "steps", "seconds", "config", "command", "settings", "inputs", "versions",
         "device", "message", "digests")  # fmt: skip


def floors_in(said: Mapping[str, Any]) -> dict[str, KnownFloor]:
    """Floors by measure, those without a mean left out."""
    return {name: floor_in(one) for name, one in said.items() if one and one.get("mean") is not None}


def floor_in(said: Mapping[str, Any]) -> KnownFloor:
    """A floor; its band where both ends are known."""
    known = known_of(said, KnownFloor._fields)
    ends = {} if known.keys() >= {"low", "high"} else {"low": None, "high": None}
    return KnownFloor(**known | ends)


def event_in(said: Mapping[str, Any]) -> Event:
    """A diagnosed event."""
    return Event(said["step"], said["seed"], said["label"], str(said.get("evidence") or ""))


def summary_in(said: Mapping[str, Any]) -> Summary:
    """A summary."""
    optimal = said.get("optimal")
    return Summary(
        rows=tuple(said.get("seeds") or ()),
        diagnosis=tuple(said.get("diagnosis") or ()),
        optimal=Optimal(**known_of(optimal, Optimal._fields)) if optimal else None,
        tells_modes="modes_of" in said,
        **known_of(said, NUMBERS),
    )


NUMBERS = ("mean", "mean_over", "points", "w1_points", "critic_points", "modes_of", "rates", "boundary")


def known_of(said: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The values of these names that are there and not null."""
    return {name: said[name] for name in names if said.get(name) is not None}


# --- reading ---------------------------------------------------------------------------------------------------------


def read_facts(folder: Path) -> Facts:
    """What a run folder says of itself.

    Raises OSError where `run.json` cannot be read, ValueError where it is no JSON, and UserError (a ValueError) where it is
    not the record of a run.
    """
    return facts_in(read_json(folder / "run.json"), folder / "run.json")


def facts_in(said: Any, path: Path) -> Facts:
    """The facts in what a `run.json` holds, checked whole; UserError with file, key, value and what is legal otherwise."""
    if isinstance(said, dict) and said.keys() >= FACTS and said["format"] != FORMAT:
        refuse(f"{path}: format {brief(said['format'])} is not {FORMAT}, the one known here")
    if not is_record(said):
        refuse(f"{path}: is not the record of a run")
    if fault := fault_in(said, SHAPE, ""):
        refuse(f"{path}: {fault}")
    return Facts.of(said)


def refuse(message: str) -> NoReturn:
    """Raise a UserError."""
    from toygan.files.strict import UserError  # needs pydantic, which looking at a recording does not

    raise UserError(message)


def is_record(said: Any) -> bool:
    """Whether what a `run.json` holds is the record of a run, in the one format that is known here."""
    if not isinstance(said, dict) or not said.keys() >= FACTS or said["format"] != FORMAT:
        return False
    if not all(isinstance(said[name], shape) for name, shape in OUTLINE.items() if name in said):
        return False
    rows = said["summary"].get("seeds") or []
    told = isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("seed"), int) for row in rows)
    spent = all(isinstance(seconds, int | float) for seconds in said["seconds"].values())
    return told and spent and bool(said["seeds"]) and all(isinstance(seed, int) for seed in said["seeds"])


OUTLINE: Mapping[str, type] = {
    "scenario": str,
    "method": str,
    "seeds": list,
    "status": str,
    "step": int,
    "steps": int,
    "seconds": dict,
    "config": dict,
    "summary": dict,
    "settings": dict,
}


class Value(NamedTuple):
    """One value: its types, what it must be in words, and the least number."""

    types: frozenset[type]
    words: str
    least: float = -1e300


class Each(NamedTuple):
    """A table of any keys, or a list, all of whose values have one shape."""

    shape: Shape
    kind: str = "table"


class Keys(NamedTuple):
    """A table with keys that must be there, and keys that may be there or be null; the others have the shape `others`."""

    must: Mapping[str, Shape]
    may: Mapping[str, Shape]
    others: Shape | None = None


Shape = Value | Each | Keys
KINDS = {"table": dict, "list": list}
MOST = 1e300  # beyond it sums and squares are infinite


def fault_in(value: Any, shape: Shape, at: str) -> str:
    """The first value below `at` that has not its shape, and what it must be; nothing where all have."""
    if isinstance(shape, Value):
        return "" if fits(value, shape) else f"{at} = {brief(value)}: must be {shape.words}"
    kind = shape.kind if isinstance(shape, Each) else "table"
    if not isinstance(value, KINDS[kind]):
        return f"{at} = {brief(value)}: must be a {kind}"
    if isinstance(shape, Keys):
        return fault_in_keys(value, shape, at)
    found = enumerate(value) if kind == "list" else value.items()
    return next(filter(None, (fault_in(inner, shape.shape, below(at, key)) for key, inner in found)), "")


def fault_in_keys(value: Any, shape: Keys, at: str) -> str:
    """The first fault in a table with known keys."""
    for key in shape.must.keys() - value.keys():
        return f"{below(at, key)}: is missing"
    for key, inner in value.items():
        known = shape.must.get(key) or (shape.may.get(key, shape.others) if inner is not None else None)
        if known and (fault := fault_in(inner, known, below(at, key))):
            return fault
    return ""


def fits(value: Any, shape: Value) -> bool:
    """Whether a value is of one of the types and, if it is a number, finite and not too small or too large."""
    of_type = type(value)  # a truth value is no number
    return of_type in shape.types and (of_type is str or value is None or shape.least <= value < MOST)


def below(at: str, key: str | int) -> str:
    """The name of a value inside: `summary.seeds[0].w1`."""
    return f"{at}[{key}]" if isinstance(key, int) else f"{at}.{key}".lstrip(".")


def brief(value: Any) -> str:
    """A value as JSON, cut where it is long; a list or table by its kind."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:36]} ..."


TEXT = Value(frozenset({str}), "text")
TEXT_OR_NULL = Value(frozenset({str, type(None)}), "text or null")
WHOLE = Value(frozenset({int}), "a whole number")
COUNT = Value(frozenset({int}), "a whole number, 0 or more", 0)
NUMBER = Value(frozenset({int, float}), "a finite number")
SPENT = Value(frozenset({int, float}), "seconds, 0 or more", 0)
NUMBER_OR_NULL = Value(frozenset({int, float, type(None)}), "a finite number or null")

FLOOR = Keys({}, {"draws": COUNT}, NUMBER)
OPTIMUM = Keys({}, {"how": TEXT, "kind": TEXT, "drawn": TEXT, "correlation": NUMBER})
EVENT = Keys({"step": COUNT, "seed": WHOLE, "label": TEXT}, {"evidence": TEXT})
ROW = Keys({"seed": WHOLE}, {"diverged_at": COUNT}, NUMBER)
SUMMARY = Keys(
    {},
    {
        "seeds": Each(ROW, "list"),
        "mean": Each(NUMBER_OR_NULL),
        "mean_over": COUNT,
        "points": COUNT,
        "w1_points": COUNT,
        "critic_points": COUNT,
        "modes_of": COUNT,
        "rates": Each(NUMBER),
        "diagnosis": Each(TEXT, "list"),
        "optimal": OPTIMUM,
        "boundary": NUMBER,
    },
)
OBJECTIVE = Keys({}, {"kind": TEXT})
SHAPE = Keys(
    {
        "scenario": TEXT,
        "method": TEXT,
        "seeds": Each(WHOLE, "list"),
        "status": TEXT,
        "step": COUNT,
        "steps": COUNT,
        "seconds": Each(SPENT),
        "config": Keys({}, {"about": TEXT, "method": Keys({}, {"objective": OBJECTIVE})}),
        "summary": SUMMARY,
    },
    {
        "title": TEXT,
        "command": TEXT,
        "inputs": Each(TEXT),
        "versions": Each(TEXT_OR_NULL),
        "device": TEXT,
        "message": TEXT,
        "floors": Keys({}, {}, Keys({}, {}, FLOOR)),
        "events": Each(EVENT, "list"),
        "digests": Each(TEXT_OR_NULL),
    },
)
