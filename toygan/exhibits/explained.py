"""Why a claim did not hold here: its condition judged again where runs have another setting, and what the two settings differ in.

Nobody writes a verdict: whether the claim holds there, which arguments differ, and whether one of them decides are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from toygan.exhibits.aloud import aloud
from toygan.exhibits.claims import JUDGED, Explained, Row, Verdict, judge, matching
from toygan.exhibits.files import Claim, Exhibit, Explanation
from toygan.exhibits.work import Work, behind, columns_of, planned
from toygan.files.config import deciding
from toygan.files.text import one_line
from toygan.many.sweep import plain_value

Settings = Mapping[str, str]  # of one run: every argument that decides, as it is written
Cases = Sequence[tuple[Row, Settings]]  # runs of one term of a claim: the columns that name them, and their settings


class Behind(NamedTuple):
    """The runs behind an explanation, and the rows of their results."""

    works: Sequence[Work]
    rows: Sequence[Row]


class Setting(NamedTuple):
    """A setting in which a claim was judged: its name (none for the exhibit's own), the runs of every term, and the verdict."""

    name: str
    cases: Mapping[str, Cases]
    verdict: Verdict

    @property
    def held(self) -> bool | None:
        """Whether the claim held in it."""
        return self.verdict.held


def with_explanations(
    exhibit: Exhibit, verdicts: Sequence[Verdict], works: Sequence[Work], behind: Sequence[Behind]
) -> list[Verdict]:
    """The verdicts, each with what became of its claim in the settings of its explanations; one of `behind` for each."""
    pairs = list(zip(exhibit.explanations, behind, strict=True))
    told = []
    for i, (claim, verdict) in enumerate(zip(exhibit.claims, verdicts, strict=True), 1):
        here = Setting("", cases_of(claim, works), verdict)
        about = [(one, judged(one, claim, there)) for one, there in pairs if i in one.claims]
        others = [there for _, there in about]
        told.append(verdict._replace(explanations=tuple(explained(one, here, there, others) for one, there in about)))
    return told


def judged(one: Explanation, claim: Claim, there: Behind) -> Setting:
    """A claim's condition, judged by the runs of an explanation."""
    asked = one.asked(claim)
    return Setting(one.setting, cases_of(asked, there.works), judge(asked, there.rows))


def explained(one: Explanation, here: Setting, there: Setting, others: Sequence[Setting]) -> Explained:
    """What an explanation came to, by numbers and in a sentence."""
    verdict, differs, (other, argument) = there.verdict, differing(here, there), decisive(here, there, others)
    contrast = f"not {where(other)}: {argument} decides it" if argument else f"not here: {together(differs)}"
    words = sentence(here.held, verdict, differs, contrast, f"because {one_line(one.because).rstrip('.')}")
    return Explained(one.setting, verdict.held, verdict.numbers, differs, argument, words)


def decisive(here: Setting, there: Setting, others: Sequence[Setting]) -> tuple[Setting, str]:
    """Where a claim fails, here or in one of the other settings, though a single argument alone is not as there; and that
    argument, empty where there is none.
    """
    for other in (here, *others) if there.held else ():
        if other.held is False and len(found := differing(other, there)) == 1:
            return other, found[0]
    return here, ""


def cases_of(claim: Claim, works: Sequence[Work]) -> dict[str, Cases]:
    """The runs that every term of a claim is about."""
    named = [(columns_of(work), settings_of(work.task.config)) for work in works]
    return {
        key: [(columns, settings) for columns, settings in named if matching(term.of, [columns])]
        for key, term in claim.terms.items()
    }


def read_aloud(exhibit: Exhibit, place: Path) -> dict[str, str]:
    """The condition of every explanation in words, and what is changed there: by the claim and the setting's name."""
    works, told = planned(exhibit, place), {}
    for one, own in zip(exhibit.explanations, behind(exhibit, place), strict=True):
        for number in one.claims:
            claim = exhibit.claims[number - 1]
            asked, unknown = one.asked(claim), Verdict(claim.says, None, "")
            here, there = (Setting("", cases_of(*about), unknown) for about in ((claim, works), (asked, own)))
            changed = ", ".join(differing(here, there)) or "the same arguments"
            told[f"claim {number} in the setting {one.setting}"] = f"{aloud(asked)}; where {changed}"
    return told


# --- what two settings differ in -------------------------------------------------------------------------------------

UNASKED = {"name", "view", "method.name", "training.frames", "training.points", "training.portraits"}  # change no game


def settings_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Every argument of a run that decides, by its key; a part is written with its kind and its own arguments."""
    return dict(arguments(deciding(config)))


def arguments(table: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    """The keys of a config with their values; the view is none, for it changes no game."""
    for name, value in table.items():
        key = f"{under}{name}"
        if key in UNASKED:
            continue
        if isinstance(value, Mapping):
            yield from arguments(value, f"{key}.")
        else:
            yield key, plain_value(value)


def differing(here: Setting, there: Setting) -> tuple[str, ...]:
    """What the runs of two settings differ in, one argument each: `training.steps = 5000 in place of 2500`."""
    found: dict[str, str] = {}
    for key, cases in there.cases.items():
        for columns, settings in cases:
            other = beside(columns, here.cases.get(key, ()))
            if other is not None:
                found |= {name: words for name, words in changed(other, settings).items() if name not in found}
    return tuple(found.values())


def beside(columns: Row, cases: Cases) -> Settings | None:
    """The settings of the run that stands for this one in another setting: where there is a choice, of the same columns."""
    found = list(cases)
    for name in ("scenario", "group", "method", *(name for name in columns if "." in name)):
        alike = [case for case in found if case[0].get(name) == columns.get(name)]
        found = alike if len(found) > 1 and alike else found
    return found[0][1] if found else None


def changed(before: Settings, after: Settings) -> dict[str, str]:
    """The arguments that are not the same, each with both values; where a part is of another kind, that alone."""
    names = [name for name in dict.fromkeys([*after, *before]) if before.get(name) != after.get(name)]
    kinds = {name.removesuffix("kind") for name in names if name.endswith(".kind")}
    inside = {name for name in names for part in kinds if name.startswith(part) and name != f"{part}kind"}
    return {
        name: f"{name.removesuffix('.kind')} = {after.get(name, 'none')} in place of {before.get(name, 'none')}"
        for name in names
        if name not in inside
    }


# --- in words --------------------------------------------------------------------------------------------------------


def sentence(here: bool | None, there: Verdict, differs: Sequence[str], contrast: str, why: str) -> str:
    """What became of the claim in another setting, and what that says of here."""
    numbers = there.numbers
    if there.held is None:
        return f"Not judged there: {numbers}."
    if here is not False:
        return f"{'Holds' if there.held else 'Does not hold'} there ({numbers}); here: {JUDGED[here]}."
    if not there.held:
        return f"Does not hold there either ({numbers}): {in_vain(differs)}. It was expected to, {why}."
    return f"Holds there ({numbers}), {contrast}, {why}."


def where(other: Setting) -> str:
    """A setting in words."""
    return f'in the setting "{other.name}"' if other.name else "here"


def in_vain(differs: Sequence[str]) -> str:
    """That one argument changed nothing, or several together."""
    one = len(differs) == 1
    return f"{', '.join(differs) or 'nothing'} {'does' if one else 'do'} not decide it{'' if one else ' together'}"


def together(differs: Sequence[str]) -> str:
    """That several arguments differ, so that none of them is shown to decide."""
    return f"{len(differs)} arguments make the difference together ({', '.join(differs)}), as expected"
