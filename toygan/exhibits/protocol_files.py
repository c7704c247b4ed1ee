"""Protocol files: a published experiment as a scenario file that also says what was published, and how much of it is run.

They are parsed by the same strict parser as scenarios and exhibits, into frozen values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt, WrapValidator, field_validator, model_validator

from toygan.exhibits.files import FromFile, Origin, Text, known, without_seeds
from toygan.exhibits.scores import NEEDS, SCORES, Counting
from toygan.files.config import Config, Name, as_data
from toygan.files.mistakes import Key, Mistake, Place, UserError, suggestion
from toygan.files.scenario import folder_name, of_data
from toygan.files.shipped import protocols_folder, shipped_protocols
from toygan.files.strict import Strict, examined, file_of, locate, placed, read_toml
from toygan.files.world import build_target
from toygan.many.sweep import flat
from toygan.targets.refusal import Refusal

Spread = Literal["SD", "SE", "range", "share", "exact", "none"]
Fraction = Annotated[float, Field(gt=0, le=1.0)]
Count = Annotated[PositiveInt, Field(le=10**6)]


def as_written(value: Any, check: Callable[[Any], float]) -> float:
    """A number, checked; a whole one stays an int, for its last digit is that of the ones."""
    found = check(value)
    return value if isinstance(value, int) else found


Written = Annotated[float, WrapValidator(as_written)]

MORE = ("protocol", "counting", "runs", "rows")  # what a protocol's file has beside a scenario's keys
FRAMES = 11  # of a run, if the file does not say otherwise
QUICK_SEEDS = 2
ASKED = {  # what a paper says of a game, where it says all that decides it
    "generator": ("latent", "latent_dim", "width", "depth", "activation", "initialisation"),
    "critic": ("width", "depth", "activation", "initialisation"),
    "training": ("batch",),
    "method": ("optimiser", "betas", "generator_rate", "critic_rate", "schedule", "critic_steps"),
}


class Publication(Strict):
    """The table `[protocol]`: where it was published, its setting in words, and how much of it is run.

    `share` is the part of the published steps that is run, `quick` that of `--quick`, `rest` says what is not run and why;
    `unlike` has a sentence for everything that is not as published, `found` one for everything that was found out about why
    numbers differ, or agree.
    """

    number: Annotated[int, Field(ge=0, le=1000)] = 0
    source: Text
    setting: Text
    unlike: tuple[Text, ...] = ()
    found: tuple[Text, ...] = ()
    rest: str = ""
    seeds: Annotated[PositiveInt, Field(le=1000)] = 5
    share: Fraction = 1.0
    quick: Fraction = 0.05


class Group(Strict):
    """One run with all of its seeds: a method of the file or the program, and what it changes; its own share of the steps."""

    name: Text
    method: str = ""
    set: Mapping[str, Any] = {}
    seeds: Annotated[PositiveInt, Field(le=1000)] | None = None
    share: Fraction | None = None

    no_seeds = field_validator("set")(partial(without_seeds, "run itself, as seeds = 5"))


class Reported(Strict):
    """A published number of a run, with its spread and what kind: `SD` or `SE` over `seeds`, a `range` from `low` to `high`, a
    `share` of `seeds` that did it, `exact` for a formula, `none` where none is given. `published` is rounded where its digits
    end, 7 to a whole and 7.0 to a tenth; `decimals` says how many are written where the last of them are zeros. Without
    `published` it is a picture, and `says` is what it shows.
    """

    run: Text
    measure: Annotated[str, AfterValidator(lambda name: known(name, list(SCORES), "measures"))]
    published: Written | None = None
    spread: Annotated[float, Field(ge=0)] | None = None
    kind: Spread = "none"
    seeds: Count | None = None
    low: float | None = None
    high: float | None = None
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None
    says: str = ""

    @model_validator(mode="after")
    def whole(self) -> Reported:
        both = "say both, or neither"
        if self.published is None and (self.kind != "none" or not self.says):
            words = 'say published = 7.6, or says = "what it shows"'
            raise Refusal("a picture has no spread, and needs words", words, "says")
        if (self.spread is None) != (self.kind not in ("SD", "SE")):
            raise Refusal("a spread belongs to the kinds SD and SE, and they need one", both, "spread")
        if self.kind in ("SD", "share") and (self.seeds or 0) < 2:
            wrong = f"{self.kind} needs the number of published seeds, 2 or more"
            raise Refusal(wrong, "for example seeds = 5", "seeds")
        ends = [end is not None for end in (self.low, self.high)]
        if not all(ends) if self.kind == "range" else any(ends):
            raise Refusal("a range needs low and high, and nothing else does", both, "low")
        if self.kind == "share" and not SCORES[self.measure].counted:
            counted = ", ".join(name for name, score in SCORES.items() if score.counted)
            raise Refusal(f"a share of seeds belongs to measures that count them: {counted}",
                          "of another number say SD, SE, range or none", "kind")  # fmt: skip
        if self.kind == "share" and not 0 <= (self.published or 0.0) <= 1:
            raise Refusal("a share lies from 0 to 1", "47 per cent are 0.47", "published")
        return self

    @property
    def rounding(self) -> float:
        """Half a unit of the last digit that is written: of 1 for a whole number."""
        mantissa, _, power = repr(self.published).partition("e")
        written = len(mantissa.partition(".")[2]) - int(power or 0) if self.decimals is None else self.decimals
        return 0.5 * 10.0**-written


class Protocol(FromFile):
    """A published experiment: what it is about, how its runs are counted, the runs and the published numbers."""

    name: Name
    protocol: Publication
    counting: Counting = Counting()
    runs: tuple[Group, ...] = Field(min_length=1)
    rows: tuple[Reported, ...] = Field(min_length=1)

    @property
    def title(self) -> str:
        return str(self.origin.data["title"])


def read(name: str) -> Protocol:
    """A shipped protocol or a file's, checked with every run of it. UserError with every mistake."""
    path = file_of("protocol", name, shipped_protocols, protocols_folder())
    data, source = read_toml(path)
    named = {"name": path.stem} | data
    found, mistakes = examined(Protocol, {key: named[key] for key in ("name", *MORE) if key in named})
    if found is None:
        raise UserError(*placed(mistakes, data, source))
    protocol = found.read_from(Origin(named, source))
    protocol.refuse(misnamed(protocol))
    wrong = dict.fromkeys(mistake for i in range(len(protocol.runs)) for mistake in mistakes_of(protocol, i))
    if wrong:
        raise UserError(*(mistake for mistake in wrong if not told_by_its_method(mistake, wrong)))
    protocol.refuse(uncountable(protocol))
    return protocol


def told_by_its_method(mistake: Mistake, every: Iterable[Mistake]) -> bool:
    """Whether a mistake of the method that plays is told at the place where that method is written."""
    key = mistake.key or ()
    return key[:1] == ("method",) and any((other.key or ())[:1] == ("methods",) and (other.key or ())[2:] == key[1:]
                                          and other.message == mistake.message for other in every)  # fmt: skip


def misnamed(protocol: Protocol) -> Iterator[Mistake]:
    """Runs that nothing tells apart, and rows of no run."""
    names = [group.name for group in protocol.runs]
    for i, name in enumerate(names):
        if name in names[:i]:
            yield Mistake(("runs", i, "name"), "another run has this name", "give each its own")
    for i, row in enumerate(protocol.rows):
        if row.run not in names:
            yield Mistake(("rows", i, "run"), "is no run of this protocol", suggestion(row.run, names, "runs"))


def uncountable(protocol: Protocol) -> Iterator[Mistake]:
    """Rows whose measure needs what their run has not."""
    configs = {group.name: config_of(protocol, group) for group in protocol.runs}
    targets = {name: build_target(config) for name, config in configs.items()}
    for i, row in enumerate(protocol.rows):
        needed = NEEDS[SCORES[row.measure].needs]
        if not needed.there(configs[row.run], targets[row.run]):
            wrong = f"needs {needed.words}, and the run has none"
            yield Mistake(("rows", i, "measure"), wrong, "choose another measure")
    if protocol.counting.at_least > protocol.counting.points:
        yield Mistake(("counting", "at_least"), "is more than there are points", f"at most {protocol.counting.points}")


def config_of(protocol: Protocol, group: Group, quick: bool = False, seeds: int | None = None) -> Config:
    """The config of a run at its part of the published steps; UserError with the places of mistakes in the file."""
    data, source = protocol.origin
    asked, usual = flat(group.set), group.seeds or protocol.protocol.seeds
    whole, share = published_steps(protocol, group), group.share or protocol.protocol.share
    part = min(share, protocol.protocol.quick) if quick else share
    count = seeds or (min(QUICK_SEEDS, usual) if quick else usual)
    steps = max(1, round(whole * part))
    changes: list[tuple[str, Any]] = [*asked.items(), ("training.seeds", count), ("training.steps", steps)]
    if "frames" not in data.get("training", {}) and "training.frames" not in asked:
        changes.append(("training.frames", FRAMES))
    i = protocol.runs.index(group)
    said = {key: Place(source.name, under=("runs", i, "set")) for key in asked}
    said |= {"method.name": Place(source.name, under=("runs", i, "method"))}
    path = Path(source.name)
    scenario = {"name": folder_name(path)} | {key: value for key, value in data.items() if key not in MORE}
    return of_data(scenario, source, path.parent, group.method or None, changes, said)


def left_open(protocol: Protocol) -> dict[str, Any]:
    """What a file leaves to toygan of all that papers say of a game, by key, and as its first run has it."""
    data, config = protocol.origin.data, config_of(protocol, protocol.runs[0])
    tables = [(name, data.get(name, {})) for name in ASKED]
    tables += [("method", data.get("methods", {}).get(group.method, {})) for group in protocol.runs]
    changes = [change for group in protocol.runs for change in flat(group.set).items()]
    said = {key for key, _ in changes}
    said |= {f"{key}.{name}" for key, part in [*tables, *changes] if isinstance(part, Mapping) for name in part}
    parts, keys = as_data(config), [(table, name) for table, names in ASKED.items() for name in names]
    open_ones = [(table, name) for table, name in keys if name in parts[table] and f"{table}.{name}" not in said]
    return {f"{table}.{name}": parts[table][name] for table, name in open_ones}


def published_steps(protocol: Protocol, group: Group) -> int:
    """The published number of steps of a run; UserError where it is none."""
    data, asked = protocol.origin.data, flat(group.set)
    training = data.get("training", {})
    steps = asked.get("training.steps", training.get("steps") if isinstance(training, dict) else None)
    if isinstance(steps, int) and not isinstance(steps, bool):
        return steps
    i = protocol.runs.index(group)
    key: Key = ("runs", i, "set", "training", "steps") if "training.steps" in asked else ("training", "steps")
    wrong = "the published number of steps is missing" if steps is None else "must be a whole number"
    raise UserError(*placed([Mistake(key, wrong, "for example 25000")], *protocol.origin))


def mistakes_of(protocol: Protocol, i: int) -> Iterator[Mistake]:
    try:
        config_of(protocol, protocol.runs[i])
    except UserError as error:
        for mistake in error.mistakes:
            under = mistake.place.under  # where a setting of the run was said
            key = under if under[-1:] == ("method",) else (*under, *(mistake.key or ()))
            yield mistake._replace(key=key, place=locate(key, protocol.origin.source)) if under else mistake
