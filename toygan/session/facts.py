"""What `run.json` says, as one value: read in one place, checked whole, and what several readers derive from it.

A record is a run's (`is not the record of a run` otherwise), and then every value inside has its shape (`RECORD`), or the
message names the file, the key, the value and what is legal. Older recordings lack keys, which have defaults.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, Field, GetCoreSchemaHandler, ValidationError, create_model
from pydantic_core.core_schema import CoreSchema, custom_error_schema

from toygan.files.disk import read_json
from toygan.files.mistakes import UserError
from toygan.quantities.diagnosis import Event
from toygan.quantities.optimal import OPTIMA
from toygan.quantities.table import QUANTITIES, Floor, derived

FORMAT = 1
RECORDED = "recorded"
OUTLINE: Mapping[type, Sequence[str]] = {
    str: ("scenario", "method", "status"),
    int: ("step", "steps"),
    list: ("seeds",),
    dict: ("seconds", "config", "summary", "settings"),
}
SHARED = {"draw", "floors"}  # work that not every run does: drawing, and floors, which the first on a target finds

Finals = Mapping[str, float | None]  # the final measures of one seed, by name
NO_ROW: Finals = {}


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
    that had not diverged, on how many points they stand, the diagnosis, the score at which the critic cannot tell, and why it
    has no optimum, where that is known.
    """

    rows: Sequence[Finals] = ()
    mean: Finals = field(default_factory=dict)
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
    no_optimum: str = ""
    points_of: str = "fresh points"  # what the final measures are of


@dataclass(frozen=True)
class Facts:
    """What `run.json` says of a run; `said` is that, as it is. `title` is the scenario's name where it has no title.
    `seconds` are of a core, by kind of work. A config of the kind `recorded` is of a training loop that toygan did not play:
    the method is what its owner calls it. Nobody changes what a value holds: others read it, too.
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
    backend: str = "eager"  # older records know no other
    message: str = ""
    events: Sequence[Event] = ()
    digests: Mapping[str, str | None] = field(default_factory=dict)
    followed: bool = True  # whether the n-th sample of every frame is of one latent
    summary: Summary = field(default_factory=Summary)
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Facts:
        """The facts that a record says, unchecked; what it lacks or leaves null has its default."""
        known = known_of(said, RECORD)
        known.pop("floors", None)  # which are asked for one by one
        known["title"] = str(known.get("title") or known.get("scenario", ""))
        known["seeds"] = tuple(known.get("seeds", ()))
        known["events"] = tuple(
            Event(one["step"], one["seed"], one["label"], str(one.get("evidence") or ""))
            for one in known.get("events", ())
        )
        known["summary"] = summary_in(known.get("summary", {}))
        return cls(**known, said=said)

    @property
    def is_recorded(self) -> bool:
        """Whether this is a training loop that toygan only recorded."""
        return self.config.get("kind") == RECORDED

    @property
    def portrait(self) -> int:
        """The seed whose critic is kept and shown."""
        return self.seeds[0]

    @cached_property
    def rows(self) -> Mapping[int, Finals]:
        """The final measures by seed, as far as they are known."""
        return {int(row["seed"] or 0): row for row in self.summary.rows}

    @property
    def ends(self) -> list[Finals]:
        """The final measures of every seed, and what is derived of them, as far as it is known."""
        return [
            {**row, **{name: value for name, value in derived(row).items() if math.isfinite(value)}}
            for row in self.summary.rows
        ]

    @property
    def means(self) -> Mapping[str, float | None]:
        """Means over the seeds that did not diverge, those of what is derived of the final measures among them."""
        ends, known = self.ends, self.summary.mean
        rows = [name for name, row in QUANTITIES.items() if row.source == "derived" and name not in known]
        found = {name: [value for row in ends if (value := row.get(name)) is not None] for name in rows}
        return {**known, **{name: fmean(values) for name, values in found.items() if values}}

    @property
    def portrait_row(self) -> Finals:
        """The same of the seed that is shown; empty before the end."""
        return next(iter(self.ends), NO_ROW)

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

    @property
    def own_measures(self) -> list[str]:
        """The user's own measures by name, as the config has them."""
        told = self.config.get("measures") or ()
        return [str(one["kind"]).rpartition(":")[2] for one in told if isinstance(one, Mapping) and "kind" in one]

    def floor(self, measure: str, when: str) -> Floor | None:
        """What perfect samplers score in a measure of a `frame` or the `final` points; of no `draws` where no band is known."""
        said = self._floors_said(when).get(measure) or {}
        mean, low, high, spread = (said.get(name) for name in ("mean", "low", "high", "spread"))
        if mean is None:
            return None
        if low is None or high is None:
            return Floor(mean, spread or 0.0, max(mean - (spread or 0.0), mean / 10), mean + (spread or 0.0), 0)
        return Floor(mean, spread or 0.0, low, high, int(said.get("draws") or 1))

    def floors(self, when: str) -> dict[str, Floor]:
        """Every known floor of a `frame` or the `final` points, by measure."""
        return {name: floor for name in self._floors_said(when) if (floor := self.floor(name, when)) is not None}

    def _floors_said(self, when: str) -> Mapping[str, Mapping[str, float]]:
        """The floors as they are said; values are made of them when they are asked for: a table asks for one of many."""
        said: Mapping[str, Any] = self.said.get("floors") or {}
        return said.get(when) or {}

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
        """Core-seconds that a step of training took a seed; NaN where it was not clocked."""
        return self.seconds.get("train", math.nan) / len(self.seeds) / max(self.step, 1)

    @property
    def decided_by(self) -> str | None:
        """What decides the optimal critic, `potential`, `kernel` or `density`, of older records the objective; else None."""
        known = self.summary.optimal
        if known is None:
            return None
        row = OPTIMA.get(str(((self.config.get("method") or {}).get("objective") or {}).get("kind")))
        return known.kind or (row.source if row else "density")


def summary_in(said: Mapping[str, Any]) -> Summary:
    known = known_of(said, SUMMARY)
    rows, diagnosis, optimal = (known.pop(name, ()) for name in ("seeds", "diagnosis", "optimal"))
    return Summary(
        rows=tuple(rows),
        diagnosis=tuple(diagnosis),
        optimal=Optimal(**known_of(optimal, OPTIMAL)) if optimal else None,
        tells_modes="modes_of" in said,
        **known,
    )


def known_of(said: Mapping[str, Any], shape: type[BaseModel]) -> dict[str, Any]:
    """The values of a shape's names that are there and not null."""
    return {name: said[name] for name in shape.model_fields if said.get(name) is not None}


def read_facts(folder: Path) -> Facts:
    """What a run folder says of itself.

    Raises OSError where `run.json` cannot be read, ValueError where it is no JSON, and UserError (a ValueError) where it is
    not the record of a run.
    """
    return facts_in(read_json(folder / "run.json"), folder / "run.json")


def facts_in(said: Any, path: Path) -> Facts:
    """The facts in what a `run.json` holds, checked whole; UserError with file, key, value and what is legal otherwise."""
    if isinstance(said, dict) and said.keys() >= FACTS and said["format"] != FORMAT:
        raise UserError(f"{path}: format {brief(said['format'])} is not {FORMAT}, the one known here")
    if not is_record(said):
        raise UserError(f"{path}: is not the record of a run")
    if fault := fault_in(said):
        raise UserError(f"{path}: {fault}")
    return Facts.of(said)


def is_record(said: Any) -> bool:
    """Whether what a `run.json` of the known format holds is the record of a run."""
    if not isinstance(said, dict) or not said.keys() >= FACTS:
        return False
    if not all(isinstance(said.get(name, kind()), kind) for kind, names in OUTLINE.items() for name in names):
        return False
    rows = said["summary"].get("seeds") or []
    told = isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("seed"), int) for row in rows)
    spent = all(isinstance(seconds, int | float) for seconds in said["seconds"].values())
    return told and spent and bool(said["seeds"]) and all(isinstance(seed, int) for seed in said["seeds"])


class Must(NamedTuple):
    """Beside a type: what a value that is not of it must be, in words."""

    be: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return custom_error_schema(handler(source), custom_error_type="value", custom_error_message=self.be)


LARGE = 2**64  # more steps than anybody waits for
SUMMED = 1e300  # beyond it sums and squares are infinite
JsonText = Annotated[str, Field(strict=True), Must("text")]
TextOrNull = Annotated[str | None, Field(strict=True), Must("text or null")]
Whole = Annotated[int, Field(strict=True, gt=-LARGE, lt=LARGE), Must("a whole number")]
JsonCount = Annotated[int, Field(strict=True, ge=0, lt=LARGE), Must("a whole number, 0 or more")]
Finite = Field(strict=True, allow_inf_nan=False, gt=-SUMMED, lt=SUMMED)
JsonNumber = Annotated[float, Finite, Must("a finite number")]
NumberOrNull = Annotated[float | None, Finite, Must("a finite number or null")]
Spent = Annotated[float, Field(strict=True, ge=0, lt=SUMMED), Must("seconds, 0 or more")]
JsonSwitch = Annotated[bool, Field(strict=True), Must("true or false")]
KINDS = {"dict_type": "a table", "model_type": "a table", "list_type": "a list"}
THERE: Any = Field(default=None, validate_default=True)  # what must be there: what is not is looked at as null


class EventShape(BaseModel):
    """What an event must be."""

    step: JsonCount = THERE
    seed: Whole = THERE
    label: JsonText = THERE
    evidence: JsonText | None = None


class RowShape(BaseModel, extra="allow"):
    """What the final measures of a seed must be."""

    __pydantic_extra__: dict[str, NumberOrNull]
    seed: Whole = THERE
    diverged_at: JsonCount | None = None


def shape(must: Mapping[str, Any] = {}, /, **may: Any) -> type[BaseModel]:
    """A table with keys that must be there, and others that may be, or may be null; of further ones nothing is said."""
    keys: dict[str, Any] = {name: (kind, THERE) for name, kind in must.items()}
    keys |= {name: (kind | None, None) for name, kind in may.items()}
    return create_model("Shape", **keys)


# What is looked at of an optimal critic, of a config, and of the end.
OPTIMAL = shape(how=JsonText, kind=JsonText, drawn=JsonText, correlation=JsonNumber)
CONFIG = shape(kind=JsonText, about=JsonText, method=shape(objective=shape(kind=JsonText)))
SUMMARY = shape(
    seeds=list[RowShape],
    mean=dict[str, NumberOrNull],
    **dict.fromkeys(("mean_over", "points", "w1_points", "critic_points", "modes_of"), JsonCount),
    rates=dict[str, JsonNumber],
    diagnosis=list[JsonText],
    optimal=OPTIMAL,
    boundary=JsonNumber,
    no_optimum=JsonText,
    points_of=JsonText,
)
NEEDED = {
    "scenario": JsonText,
    "method": JsonText,
    "seeds": list[Whole],
    "status": JsonText,
    "step": JsonCount,
    "steps": JsonCount,
    "seconds": dict[str, Spent],
    "config": CONFIG,
    "summary": SUMMARY,
}
FACTS = {"format", *NEEDED}  # what the record of a run has
RECORD = shape(
    NEEDED,
    title=JsonText,
    command=JsonText,
    settings=dict[str, Any],
    inputs=dict[str, JsonText],
    versions=dict[str, TextOrNull],
    device=JsonText,
    backend=JsonText,
    message=JsonText,
    floors=dict[str, dict[str, dict[str, NumberOrNull] | None] | None],
    events=list[EventShape],
    digests=dict[str, TextOrNull],
    followed=JsonSwitch,
)


def fault_in(said: Mapping[str, Any]) -> str:
    """The first value of a record that has not its shape, where it is, and what it must be; nothing where all have."""
    try:
        RECORD.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"])
        return f"{at.lstrip('.')} = {brief(first['input'])}: must be {KINDS.get(first['type'], first['msg'])}"
    return ""


def brief(value: Any) -> str:
    """A value as JSON, cut where it is long; a list or table by its kind."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:36]} ..."
