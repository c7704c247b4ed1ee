"""Exhibit files: parsed by the same strict parser as scenarios, into frozen values."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, PrivateAttr, field_validator, model_validator

from toygan.exhibits.forms import BOUNDS, CURVES, MOMENTS
from toygan.files.config import Method, Name
from toygan.files.mistakes import Key, Mistake, UserError, in_toml, suggestion
from toygan.files.own import in_its_file
from toygan.files.scenario import KINDED, beyond
from toygan.files.shipped import exhibits_folder, shipped_exhibits
from toygan.files.strict import Source, Strict, as_kind, check, examined, file_of, placed, read_toml
from toygan.many.sweep import beside, flat
from toygan.quantities.diagnosis import RULES
from toygan.quantities.distance import DISTANCES, parsed_sweep
from toygan.quantities.table import QUANTITIES
from toygan.targets.refusal import Refusal

AnyNumber = Annotated[float, Field(allow_inf_nan=True)]  # distances may be infinite
LAST_STEP = 10**8  # that a run may have
Scalar = str | bool | Annotated[int, Field(ge=-(10**9), le=10**9)] | float
Filter = Mapping[str, Scalar | tuple[Scalar, ...]]  # column -> the value, or values, that a row must have there
Seeds = Annotated[str, Field(examples=["7 of 8"])]
Text = Annotated[str, Field(min_length=1)]

FRAMED = ("layer_gradients", "weight_histogram", "latent_map")  # what panels take from the frames themselves
# numbers of pieces of theory, which the table of quantities does not know, and what they are called
OF_THEORY: Mapping[str, str] = {
    "best": "cost of the best plan",
    "worst": "cost of the worst plan",
    "bound": "bound on W1",
    "growth": "growth of a small offset in a step",
    "turning": "turning of a small offset in a step",
    "rest": "share of the first distance that is left",
    "moving": "length of a step at the end",
    "perfect": "W1 of the worst of 16 perfect samples",
}
WITH_A_GOAL = {name for name, row in QUANTITIES.items() if row.better != "neither" and row.source != "cost"}
ENDLESS = ("kl", "reverse_kl")  # between targets they may be infinite; of a run they are finite estimates
TERMS = ("value", "over", "minus")  # of a claim
# kind of panel -> table
PIECES = {"distances": "distances", "phases": "phases", "plan": "plans", "bound": "bounds", "refined": "refined"}
THEORY = set(PIECES.values())


def known(value: str, legal: Sequence[str], what: str) -> str:
    """The value; Refusal with the nearest legal one where it is none of them."""
    if value not in legal:
        raise Refusal(f"{value!r} is unknown", suggestion(value, legal, what))
    return value


MeasureName = Annotated[
    str, AfterValidator(lambda name: known(name, [*QUANTITIES, *OF_THEORY, *DISTANCES], "measures"))
]
LabelName = Annotated[str, AfterValidator(lambda name: known(name, [row[0] for row in RULES], "labels"))]


def without_seeds(whose: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings as in a scenario file; Refusal for seeds in a place where they would not count."""
    if "training.seeds" in flat(value):
        raise Refusal(f"training.seeds belongs to the {whose}")
    return value


class Runs(Strict):
    """Runs: every scenario by every method (or the scenario's own) at every point of the grid, as in a sweep file."""

    name: str = ""
    scenarios: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] = ()
    seeds: Annotated[PositiveInt, Field(le=10**4)] = 8
    set: Mapping[str, Any] = {}
    grid: Mapping[str, Any] = {}

    no_seeds = field_validator("set", "grid")(partial(without_seeds, "group itself, as seeds = 8"))

    @field_validator("grid")
    @classmethod
    def lists(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        for key, values in flat(value).items():
            if not isinstance(values, list) or not values:
                raise Refusal("must be a list of values", "for example [64, 256]", key)
        return value


class Distances(Strict):
    """Distances between two scenarios' targets; `over` lets a number of b's target go: "target.shift=-1:1:21"."""

    name: Text
    a: str
    b: str
    over: str
    points: Annotated[PositiveInt, Field(le=4000)] = 500

    @field_validator("over")
    @classmethod
    def a_sweep(cls, value: str) -> str:
        try:
            parsed_sweep(value)
        except UserError as error:
            wrong = error.mistakes[0]
            raise Refusal(wrong.message, wrong.hint) from None
        return value


class Phases(Strict):
    """Phase portraits of the Dirac-GAN, every method under every update rule (or its own); or of a `game` typed in, as for
    `toygan dirac`, in its place, with the rate of both players, the start, the steps and the window [-w, w]^2.
    """

    name: Text
    methods: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    set: Mapping[str, Any] = {}
    game: str = ""
    rate: PositiveFloat | None = None
    start: tuple[float, float] | None = None
    steps: Annotated[PositiveInt, Field(le=10**5)] | None = None
    window: PositiveFloat | None = None

    @model_validator(mode="after")
    def methods_or_a_game(self) -> Phases:
        if bool(self.methods) == bool(self.game):
            hint = 'for example methods = ["ns-gan"], or game = "x*y"'
            raise Refusal("say either methods or a game", hint, "methods")
        if not self.game and (said := self.asks):
            raise Refusal("belongs to a game that is typed in", "with methods say it in set", next(iter(said)))
        return self

    @property
    def asks(self) -> dict[str, Any]:
        """How a typed game is to be played, where that is said."""
        return self.model_dump(include={"rate", "start", "steps", "window"}, exclude_none=True)


class Plans(Strict):
    """Ways to carry boxes that stand at `a` to the places `b` on a line: the cheapest and the dearest."""

    name: Text
    a: tuple[float, ...] = Field(min_length=1, max_length=12)
    b: tuple[float, ...] = Field(min_length=1, max_length=12)

    @model_validator(mode="after")
    def as_many(self) -> Plans:
        if len(self.a) != len(self.b):
            raise Refusal(f"a has {len(self.a)} boxes and b {len(self.b)} places", "they must be as many")
        return self


class Bounds(Strict):
    """W1 of two lines `shift` apart beside its bound by the Jensen-Shannon divergence under noise of each std."""

    name: Text
    shift: PositiveFloat = 1.0
    stds: tuple[PositiveFloat, ...] = Field(min_length=2)


class Refining(Strict):
    """What a run's last critic is good for after training: the points of each of these runs, sorted by the learned critic and
    by the optimal one, in every way that there is.
    """

    name: Text
    of: Filter = Field(default={})


class Panel(Strict):
    """One picture: its kind, which rows it is about, of which measures, and its title."""

    kind: str
    title: str = ""
    of: Filter = Field(default={})
    measure: str = "w1"
    across: str = ""
    down: str = ""

    @field_validator("kind")
    @classmethod
    def known_kind(cls, value: str) -> str:
        from toygan.draw.exhibit import PANELS  # matplotlib, which reading sweeps and claims does not need

        return known(value, list(PANELS), "kinds of panels")

    @field_validator("measure")
    @classmethod
    def known_measures(cls, value: str) -> str:
        """Refuse a measure that nobody takes; several stand with commas between."""
        for name in value.split(","):
            known(name.strip(), [*QUANTITIES, *OF_THEORY, *DISTANCES, "labels", *FRAMED], "measures")
        return value


class Term(Strict):
    """A number a seed: a measure at a moment, a label (1 where the seed has it), or what becomes of a curve.

    `at` is a moment, or a step, for which the nearest frame stands. `along` gives the rank correlation of the curve with
    another measure's. `reaches` gives the core-seconds of training until the measure is as good as that, `never` 1 where
    no frame is, and 0 where one is; both need a measure of which lower or higher is better.
    """

    of: Filter = Field(default={})
    measure: MeasureName | None = None
    label: LabelName | None = None
    at: str | int = "end"
    along: MeasureName | None = None
    reaches: float | None = None
    never: float | None = None

    @property
    def becomes(self) -> dict[str, str | float]:
        """What becomes of a whole curve, to which no moment belongs: the key of CURVES and what it says; empty for others."""
        return {key: said for key in CURVES if (said := getattr(self, key)) is not None}

    @property
    def counted(self) -> str:
        """As what it is counted, where the number is 1 or 0: the seed has the label, or never came there; else empty."""
        return "a label" if self.label is not None else "".join(CURVES[key].counted for key in self.becomes)

    @property
    def is_endless(self) -> bool:
        """Whether it may be infinite: a time until what never happens."""
        return any(CURVES[key].endless for key in self.becomes)

    @model_validator(mode="after")
    def one_thing(self) -> Term:
        if (self.measure is None) == (self.label is None):
            raise Refusal("needs a measure or a label, and not both", 'for example measure = "w1"')
        if self.label is not None and (self.becomes or self.at != "end"):
            raise Refusal("a label has no moment and no curve", f"leave {together(['at', *CURVES])} out")
        if len(self.becomes) > 1:
            raise Refusal(f"{together(CURVES)} exclude each other")
        if self.at != "end" and self.becomes:
            raise Refusal(f"{together(CURVES)} are about a whole curve", "leave at out")
        goals = [key for key, row in CURVES.items() if row.goal]
        if self.becomes.keys() & {*goals} and self.measure not in WITH_A_GOAL:
            raise Refusal(f"{together(goals)} need a measure with a better side, and {self.measure} has none")
        return self

    @field_validator("at")
    @classmethod
    def a_time(cls, value: str | int) -> str | int:
        if isinstance(value, str):
            return known(value, list(MOMENTS), "moments, or a step")
        if not 0 <= value <= LAST_STEP:
            raise Refusal("is no step", f"one is from 0 to {LAST_STEP}, or say a moment: {', '.join(MOMENTS)}")
        return value


def together(words: Iterable[str]) -> str:
    """Several words as people say them: along, reaches and never."""
    *some, last = words
    return f"{', '.join(some)} and {last}"


class Asked(NamedTuple):
    """In how many seeds a condition must hold: in at least, or `at_most`, `some` of `total`."""

    some: int
    total: int
    at_most: bool = False


EVERY, NO = Asked(1, 1), Asked(0, 1, at_most=True)


def asked_of(text: str) -> Asked | None:
    """What `seeds` says of how many: `7 of 8`, `at most 2 of 8`, `all` or `none`; None for anything else."""
    found = re.fullmatch(r"(at most )?(\d{1,9}) of ([1-9]\d{0,8})", text)
    return Asked(int(found[2]), int(found[3]), bool(found[1])) if found else {"all": EVERY, "none": NO}.get(text)


class Claim(Strict):
    """A sentence, and the condition under which it held: `value`, divided by `over` or less `minus`, within bounds.

    With `seeds` the condition is asked of every seed, and so many must fulfil it; else of the median. With `each` it must
    hold for every value of a column by itself. `diverged` says whether a seed that diverged fails the condition or is left
    out. `by_construction` says why it cannot fail: such a claim is a check of the program and no evidence. `restated` says
    what was claimed at first, and why that was mended.
    """

    says: Text
    value: Term
    over: Term | None = None
    minus: Term | None = None
    above: AnyNumber | None = None
    below: AnyNumber | None = None
    at_least: AnyNumber | None = None
    at_most: AnyNumber | None = None
    equals: AnyNumber | None = None
    within: Annotated[float, Field(ge=0)] = 0.0
    seeds: Seeds | None = None
    each: str = ""
    diverged: Literal["fails", "left out"] = "fails"
    by_construction: str = ""
    restated: str = ""

    @model_validator(mode="after")
    def a_condition(self) -> Claim:
        if self.over is not None and self.minus is not None:
            raise Refusal("over and minus exclude each other")
        if not self.bounds:
            raise Refusal("has no condition", "say above, below, at_least, at_most or equals")
        if self.value.counted and self.seeds is None:
            raise Refusal(f"{self.value.counted} is counted", 'say in how many seeds, for example seeds = "6 of 8"')
        if self.within and self.equals is None:
            raise Refusal("within belongs to equals")
        for name, bound in self.bounds.items():
            self.a_bound(name, bound)
        self.some_number()
        return self

    def some_number(self) -> None:
        """Refuse bounds that exclude each other."""
        around = [] if self.equals is None else [(1, self.equals - self.within), (-1, self.equals + self.within)]
        ends = [*around, *((BOUNDS[name].side, bound) for name, bound in self.bounds.items() if name in BOUNDS)]
        low = max((bound for side, bound in ends if side > 0), default=-math.inf)
        high = min((bound for side, bound in ends if side < 0), default=math.inf)
        if low > high or (low == high and low in (self.above, self.below)):
            raise Refusal(f"no number keeps to {' and '.join(self.bounds)}", "their bounds exclude each other")

    def a_bound(self, name: str, bound: float) -> None:
        """Refuse NaN, which nothing fulfils, and an infinity that everything or nothing does."""
        if math.isnan(bound):
            raise Refusal("must be a number", "for example 0.5", name)
        far = self.value.measure in ENDLESS and "distances" in self.value.of
        takes_time = self.value.is_endless and self.over is None and self.minus is None
        if takes_time and ((name == "at_least" and bound <= 0) or (name == "above" and bound < 0)):
            never = 'of a goal that is not reached say never = 0.2, seeds = "all"'
            raise Refusal("every time fulfils it", never, name)
        may_be_endless = self.value.is_endless or far
        always = name in BOUNDS and BOUNDS[name].side * bound < 0
        if math.isinf(bound) and always and not (name == "below" and may_be_endless):
            raise Refusal("every number fulfils it", "say a finite bound", name)
        if math.isinf(bound) and name in ("above", "below", "at_most") and not always:
            raise Refusal("no number fulfils it", "say a finite bound", name)

    @field_validator("seeds")
    @classmethod
    def refutable(cls, value: str | None) -> str | None:
        asked = asked_of(value) if value else EVERY
        if asked is None:
            raise Refusal("must say how many seeds", 'for example "7 of 8", "at most 2 of 8", "all" or "none"')
        if asked.some > asked.total:
            raise Refusal("cannot be more than all", "for example 7 of 8")
        if asked.some == (asked.total if asked.at_most else 0):
            raise Refusal("always holds", "for example 7 of 8, or at most 1 of 8")
        return value

    @property
    def bounds(self) -> dict[str, float]:
        said = {name: value for name in (*BOUNDS, "equals") if (value := getattr(self, name)) is not None}
        return said or ({"at_least": 1.0} if self.value.counted else {})

    @property
    def terms(self) -> dict[str, Term]:
        return {key: term for key in TERMS if (term := getattr(self, key)) is not None}


class Explanation(Strict):
    """Why claims did not hold here: runs of another setting, by which the very condition of each claim is judged again.

    `claims` are numbers, from 1. What is said of them is computed; `because` is why another verdict is expected there. Where
    these runs are told by other columns than the claim's own, `value`, `over` and `minus` say by which.
    """

    claims: tuple[PositiveInt, ...] = Field(min_length=1)
    setting: Text
    because: Text
    runs: tuple[Runs, ...] = Field(min_length=1)
    value: Filter | None = None
    over: Filter | None = None
    minus: Filter | None = None

    @property
    def filters(self) -> dict[str, Filter]:
        """The filters that stand in place of a claim's own, by the key of its term."""
        return {key: wanted for key in TERMS if (wanted := getattr(self, key)) is not None}

    def asked(self, claim: Claim) -> Claim:
        """The claim with the same condition, about the runs of this setting."""
        there = {key: claim.terms[key].model_copy(update={"of": wanted}) for key, wanted in self.filters.items()}
        return claim.model_copy(update=there)


class Origin(NamedTuple):
    """What an exhibit or a protocol was read from: the data, methods spelled out, and the file."""

    data: Mapping[str, Any]
    source: Source


class FromFile(Strict):
    """A value that knows what it was read from, for the messages' sake."""

    _origin: Origin = PrivateAttr(default=Origin({}, Source("")))

    @property
    def origin(self) -> Origin:
        return self._origin

    def read_from(self, origin: Origin) -> Self:
        """The same, which knows what it was read from."""
        copy = self.model_copy()
        copy._origin = origin
        return copy

    def refuse(self, mistakes: Iterable[Mistake]) -> None:
        """UserError with mistakes, if there are any, at their places in the file."""
        if several := list(dict.fromkeys(mistakes)):
            raise UserError(*placed(several, *self.origin))


class Exhibit(FromFile):
    """A question, what to look at, which runs and pieces of theory, which panels, and the claims."""

    name: Name
    number: Annotated[int, Field(ge=0)] = 0  # its place among the shipped ones
    title: Text
    question: Text
    text: Text
    reference: str = ""
    runs: tuple[Runs, ...] = ()
    distances: tuple[Distances, ...] = ()
    phases: tuple[Phases, ...] = ()
    plans: tuple[Plans, ...] = ()
    bounds: tuple[Bounds, ...] = ()
    refined: tuple[Refining, ...] = ()
    methods: Mapping[Name, Mapping[str, Any]] = {}
    panels: tuple[Panel, ...] = Field(min_length=1)
    claims: tuple[Claim, ...] = Field(min_length=1)
    explanations: tuple[Explanation, ...] = ()

    @model_validator(mode="after")
    def about_something(self) -> Exhibit:
        if not (self.runs or self.distances or self.phases or self.plans or self.bounds):
            pieces = "say [[runs]], [[distances]], [[phases]], [[plans]] or [[bounds]]"
            raise Refusal("has nothing to look at", pieces)
        return self

    def columns_named(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every column that a panel or a claim names, with the key where it does."""
        for i, panel in enumerate(self.panels):
            yield from ((("panels", i, "of", name), name) for name in panel.of)
            yield from ((("panels", i, key), name) for key in ("across", "down") if (name := getattr(panel, key)))
        for i, piece in enumerate(self.refined):
            yield from ((("refined", i, "of", name), name) for name in piece.of)
        for i, claim in enumerate(self.claims):
            yield from [(("claims", i, "each"), claim.each)] if claim.each else []
            for key, term in claim.terms.items():
                yield from ((("claims", i, key, "of", name), name) for name in term.of)
        for i, one in enumerate(self.explanations):
            for key, wanted in one.filters.items():
                yield from ((("explanations", i, key, name), name) for name in wanted)


def read(name: str) -> Exhibit:
    """A shipped exhibit or a file's, checked; paths of scenarios are relative to the file. UserError with every mistake."""
    path = file_of("exhibit", name, shipped_exhibits, exhibits_folder())
    data, source = read_toml(path)
    found = check(Exhibit, {"name": path.stem} | data, source)
    methods = {name: spelled(method) for name, method in found.methods.items()}
    exhibit = at_home(found, path.parent).read_from(Origin(data | {"methods": methods}, source))
    checks = (wrong_methods, wrong_columns, same_pieces, nothing_shown, about_no_claim)
    exhibit.refuse(mistake for wrong in checks for mistake in wrong(exhibit))
    return exhibit


def at_home(exhibit: Exhibit, folder: Path) -> Exhibit:
    """The exhibit with the files of its scenarios where they lie."""

    def moved(groups: Sequence[Runs]) -> tuple[Runs, ...]:
        return tuple(one.model_copy(update={"scenarios": beside(one.scenarios, folder)}) for one in groups)

    explanations = [one.model_copy(update={"runs": moved(one.runs)}) for one in exhibit.explanations]
    pairs = [(one, beside((one.a, one.b), folder)) for one in exhibit.distances]
    distances = [one.model_copy(update={"a": a, "b": b}) for one, (a, b) in pairs]
    pieces = {"runs": moved(exhibit.runs), "distances": tuple(distances), "explanations": tuple(explanations)}
    return exhibit.model_copy(update=pieces)


def spelled(method: Mapping[str, Any]) -> dict[str, Any]:
    """A method with the kinds that are given as words as tables."""
    return {part: in_its_file(as_kind(value)) if part in KINDED else value for part, value in method.items()}


def wrong_methods(exhibit: Exhibit) -> Iterator[Mistake]:
    for name, method in exhibit.origin.data["methods"].items():
        key: Key = ("methods", name)
        yield from beyond(method, key)
        yield from (mistake._replace(key=(*key, *(mistake.key or ()))) for mistake in examined(Method, method)[1])


def wrong_columns(exhibit: Exhibit) -> Iterator[Mistake]:
    legal = columns(exhibit)
    for key, name in exhibit.columns_named():
        if name not in legal:
            yield Mistake(key, "is no column of this exhibit's rows", suggestion(name, legal, "columns"))


def same_pieces(exhibit: Exhibit) -> Iterator[Mistake]:
    """Pieces of theory that nothing tells apart."""
    for kind in PIECES.values():
        counts = Counter[str]()
        for i, piece in enumerate(getattr(exhibit, kind)):
            counts[piece.name] += 1
            if counts[piece.name] == 2:
                yield Mistake((kind, i, "name"), f"another of [[{kind}]] has this name", "give each its own")


def nothing_shown(exhibit: Exhibit) -> Iterator[Mistake]:
    """Panels of a kind that the exhibit has nothing for."""
    for i, panel in enumerate(exhibit.panels):
        needed = PIECES.get(panel.kind, "runs")
        if not getattr(exhibit, needed):
            what = f"the panel {panel_name(panel)} has nothing to show"
            yield Mistake(("panels", i, "kind"), what, f"it needs [[{needed}]]; or choose another kind")


def about_no_claim(exhibit: Exhibit) -> Iterator[Mistake]:
    """Explanations of claims that there are not, that cannot fail, or that have no such term."""
    told = set[tuple[str, int]]()
    for i, one in enumerate(exhibit.explanations):
        for number in one.claims:
            if number > len(exhibit.claims):
                legal = f"there are {len(exhibit.claims)}, counted from 1"
                yield Mistake(("explanations", i, "claims"), f"there is no claim {number}", legal)
            elif exhibit.claims[number - 1].by_construction:
                wrong = f"claim {number} is true by construction, and no run explains it"
                yield Mistake(("explanations", i, "claims"), wrong)
            elif missing := sorted(one.filters.keys() - exhibit.claims[number - 1].terms.keys()):
                yield Mistake(("explanations", i, missing[0]), f"claim {number} has no such term", "leave it out")
            elif (one.setting, number) in told:
                yield Mistake(("explanations", i, "setting"), f"claim {number} has an explanation of this name already")
            told.add((one.setting, number))


def panel_name(panel: Panel) -> str:
    """A panel by its title, or by its kind."""
    return in_toml(panel.title or panel.kind)


def columns(exhibit: Exhibit) -> list[str]:
    """The columns by which rows can be chosen: what they are of, and the keys of grids."""
    groups = [*exhibit.runs, *(group for one in exhibit.explanations for group in one.runs)]
    keys = [key for group in groups for key in flat(group.grid)]
    keys += [parsed_sweep(item.over).key for item in exhibit.distances]
    kinds = [kind for kind in PIECES.values() if getattr(exhibit, kind)]
    fixed = ["scenario", "method", "objective", "constraint", "group", "seed", "update", "std", "critic", "way"]
    return list(dict.fromkeys([*fixed, *kinds, *keys]))
