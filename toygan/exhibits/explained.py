"""Why a claim did not hold here: its condition judged again where runs have another setting, and what the two settings differ in.

Nobody writes a verdict: whether the claim holds there, which arguments differ, and whether one of them decides are computed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

from scipy.stats import mannwhitneyu

from toygan.exhibits.aloud import aloud
from toygan.exhibits.claims import JUDGED, Explained, Verdict, fulfils, judge, kept_of, matching, values_of
from toygan.exhibits.files import Claim, Exhibit, Explanation
from toygan.exhibits.refined import filters_of_runs
from toygan.exhibits.work import Work, behind, columns_of, planned
from toygan.files.config import deciding
from toygan.files.text import number, one_line
from toygan.game.players import CRITICS
from toygan.many.sweep import plain_value
from toygan.view.records import Row, flattened

Settings = Mapping[str, str]  # of one run: every argument that decides, as it is written
Cases = Sequence[tuple[Row, Settings]]  # runs of one term of a claim: the columns that name them, and their settings
LIKELY = 0.05  # chance makes a difference that is at most so rare too seldom to be believed
UNASKED = {"name", "view", "method.name", "training.frames", "training.points", "training.portraits"}  # change no game
NAMING = ("scenario", "group", "method")


class Behind(NamedTuple):
    """Some runs, and the rows of their results."""

    works: Sequence[Work]
    rows: Sequence[Row]


class Setting(NamedTuple):
    """A setting in which a claim was judged: its name (none for the exhibit's own), the runs of every term, the verdict, and
    the number of every row (None where it has none) with whether it fulfils the condition, nothing where rows have no partner.
    """

    name: str
    cases: Mapping[str, Cases]
    verdict: Verdict
    numbers: Sequence[tuple[float | None, bool]] = ()


def with_explanations(exhibit: Exhibit, here: Behind, behind: Sequence[Behind]) -> list[Verdict]:
    """The verdicts on the runs that are `here`, each with what became of its claim in the settings of its explanations; one
    of `behind` for each of these, or none at all.
    """
    pairs = list(zip(exhibit.explanations, behind, strict=True)) if behind else []
    told = []
    for i, claim in enumerate(exhibit.claims, 1):
        own = judged(exhibit, "", claim, here)
        asked = [(one, runs) for one, runs in pairs if i in one.claims]
        others = [judged(exhibit, one.setting, one.asked(claim), runs) for one, runs in asked]
        words = [explained(one, own, there, others) for (one, _), there in zip(asked, others, strict=True)]
        told.append(own.verdict._replace(explanations=tuple(words)))
    return told


def judged(exhibit: Exhibit, name: str, claim: Claim, there: Behind) -> Setting:
    try:
        values = values_of(claim, kept_of(claim, there.rows), there.rows)
    except LookupError:
        values = []
    numbers = [(value, fulfils(claim, value)) for value in values]
    return Setting(name, cases_of(exhibit, claim, there.works), judge(claim, there.rows), numbers)


def explained(one: Explanation, here: Setting, there: Setting, others: Sequence[Setting]) -> Explained:
    verdict, differs, (other, argument) = there.verdict, differing(here, there), decisive(here, there, others)
    untested = "" if other.numbers and there.numbers else ", the one difference, though not held against chance"
    where = f'in the setting "{other.name}"' if other.name else "here"
    contrast = f"not {where}: {argument} decides it{untested}" if argument else in_doubt(here, there, differs)
    words = sentence(here, there, differs, contrast, f"because {one_line(one.because).rstrip('.')}")
    return Explained(one.setting, verdict.held, verdict.numbers, differs, argument, words)


def decisive(here: Setting, there: Setting, others: Sequence[Setting]) -> tuple[Setting, str]:
    """Where a claim fails, here or in one of the other settings, though a single argument alone is not as there, and its
    numbers are others than chance makes; and that argument, empty where there is none.
    """
    for other in (here, *others) if there.verdict.held else ():
        if other.verdict.held is False and len(found := differing(other, there)) == 1 and chance(other, there) < LIKELY:
            return other, found[0]
    return here, ""


def chance(one: Setting, other: Setting) -> float:
    """How often chance alone sets the numbers of two settings so far apart (Mann and Whitney, 1947, two-sided), or, where a
    row has none, whether rows fulfil the condition; 0 where the rows of a setting are unknown, and nothing is tested.
    """
    if not one.numbers or not other.numbers:
        return 0.0
    lost = any(value is None for value, _ in (*one.numbers, *other.numbers))
    mine, theirs = ([float(happy if lost else value or 0.0) for value, happy in each.numbers] for each in (one, other))
    return 1.0 if len({*mine, *theirs}) == 1 else float(mannwhitneyu(mine, theirs).pvalue)


def cases_of(exhibit: Exhibit, claim: Claim, works: Sequence[Work]) -> dict[str, Cases]:
    """The runs that every term of a claim is about, those behind it where it is about critics used after them."""
    named = [(columns_of(work), settings_of(work.task.config)) for work in works]
    asked = {key: filters_of_runs(exhibit, term.of) for key, term in claim.terms.items()}
    return {key: [case for case in named if any(matching(one, [case[0]]) for one in wanted)]
            for key, wanted in asked.items()}  # fmt: skip


def read_aloud(exhibit: Exhibit, place: Path) -> dict[str, str]:
    """The condition of every explanation in words, and what is changed there: by the claim and the setting's name."""
    works, told = planned(exhibit, place), {}
    for one, own in zip(exhibit.explanations, behind(exhibit, place), strict=True):
        for i in one.claims:
            claim = exhibit.claims[i - 1]
            asked = one.asked(claim)
            here, there = judged(exhibit, "", claim, Behind(works, ())), judged(exhibit, "", asked, Behind(own, ()))
            changed = ", ".join(differing(here, there)) or "the same arguments"
            told[f"claim {i} in the setting {one.setting}"] = f"{aloud(asked)}; where {changed}"
    return told


# --- what two settings differ in -------------------------------------------------------------------------------------


def settings_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Every argument of a run that decides, by its key; a part is written with its kind and its own arguments."""
    flat = flattened(with_its_critic(deciding(config)))
    return {key: in_few_digits(value) for key, value in flat.items() if not {key, key.split(".")[0]} & UNASKED}


def with_its_critic(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A config with the critic that plays in the scenario's critic's place, where the method names another kind: it has the
    options that both kinds have from the scenario, and the others as they are by default.
    """
    kind, method = config["method"].get("critic"), {**config["method"], "critic": None}
    if kind is None:
        return config
    own = [one for one in signature(CRITICS[kind]).parameters.values() if one.kind is one.KEYWORD_ONLY]
    options = {one.name: config["critic"].get(one.name, one.default) for one in own}
    return {**config, "critic": {"kind": kind, **options}, "method": method}


def in_few_digits(value: Any) -> str:
    """A setting's value; one that was computed, such as 2/15, in six digits."""
    return f"{value:.6g}" if isinstance(value, float) and len(repr(value)) > 9 else plain_value(value)


def differing(here: Setting, there: Setting) -> tuple[str, ...]:
    """What the runs of two settings differ in, an argument each, `training.steps = 5 in place of 2`; and what is left out."""
    found: dict[str, str] = {}
    for key, cases in there.cases.items():
        before = here.cases.get(key, ())
        for case in cases:
            found = changed(counterpart(case, before), case[1]) | found
        found = fewer(before, cases) | found
    return tuple(found.values())


def fewer(before: Cases, after: Cases) -> dict[str, str]:
    """The columns of which only some values are left."""
    names = dict.fromkeys(name for columns, _ in after for name in columns if name in NAMING or "." in name)
    told = {}
    for name in names:
        old, new = (list(dict.fromkeys(columns.get(name) for columns, _ in cases)) for cases in (before, after))
        if set(new) < set(old):
            told[name] = f"{name} = {', '.join(map(plain_value, new))} in place of {', '.join(map(plain_value, old))}"
    return told


def counterpart(case: tuple[Row, Settings], others: Cases) -> Settings:
    """The settings of the run that comes nearest to this one by its columns in another setting; its own where there is none."""
    columns, _ = case
    names = (*NAMING, *(name for name in columns if "." in name))
    return max(others, key=lambda one: [one[0].get(name) == columns.get(name) for name in names], default=case)[1]


def changed(before: Settings, after: Settings) -> dict[str, str]:
    """The arguments that are not the same, each with both values. A part of another kind is one with the options that only
    that kind has; options that both kinds have are arguments of their own, but a target is one as a whole.
    """
    names = [name for name in dict.fromkeys([*after, *before]) if before.get(name) != after.get(name)]
    parts = [name.removesuffix("kind") for name in names if name.endswith(".kind")]
    inside = {name for name in names if any(belongs(name, part, before, after) for part in parts)}
    told = {}
    for name in names:
        part = name.removesuffix("kind")
        new, old = (with_options(part, settings, inside) if part in parts else settings.get(name, "none")
                    for settings in (after, before))  # fmt: skip
        told[name] = f"{part.removesuffix('.') if part in parts else name} = {new} in place of {old}"
    return {name: words for name, words in told.items() if name not in inside}


def belongs(name: str, part: str, before: Settings, after: Settings) -> bool:
    """Whether an argument is told with the kind of its part."""
    of_one = name not in before or name not in after
    return name.startswith(part) and name != f"{part}kind" and (of_one or part == "target.")


def with_options(part: str, settings: Settings, inside: Collection[str]) -> str:
    """A kind with those of its options that are told with it: `autoencoder (code = 1)`."""
    names = [name for name in settings if name in inside and name.startswith(part)]
    own = ", ".join(f"{name.removeprefix(part)} = {settings[name]}" for name in names)
    return settings[f"{part}kind"] + (f" ({own})" if own else "")


def sentence(here: Setting, there: Setting, differs: Sequence[str], contrast: str, why: str) -> str:
    """What became of the claim in another setting, and what that says of here."""
    held, numbers, one = there.verdict.held, there.verdict.numbers, len(differs) == 1
    if held is None:
        return f"Not judged there: {numbers}."
    if here.verdict.held is not False:
        return f"{'Holds' if held else 'Does not hold'} there ({numbers}); here: {JUDGED[here.verdict.held]}."
    if held:
        return f"Holds there ({numbers}), {contrast}, {why}."
    vain = "does not decide it" if one else "do not decide it together"
    if chance(here, there) < LIKELY:
        vain = f"{'changes' if one else 'together change'} the numbers, and not the verdict"
    told = ", ".join(differs) or "nothing"
    return f"Does not hold there either ({numbers}): {told} {vain}. It was expected to, {why}."


def in_doubt(here: Setting, there: Setting, differs: Sequence[str]) -> str:
    p = chance(here, there)
    if p >= LIKELY:
        told = f"as much is left to chance (p = {number(p, 2)}), and {', '.join(differs)} is not shown to decide it"
        return f"not here, but {told}; it was expected to"
    return f"not here: {len(differs)} arguments make the difference together ({', '.join(differs)}), as expected"
