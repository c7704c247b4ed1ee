"""Claims beside their sentences: every condition says what its sentence says, and every form is judged both ways."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.exhibits import Verdict, judge, planned, read, shipped_exhibits
from toygan.exhibits.aloud import aloud, number_named
from toygan.exhibits.answer import answer
from toygan.exhibits.claims import WORDS, counted, matching, recorded_at
from toygan.exhibits.files import PIECES, Claim, Exhibit
from toygan.exhibits.refined import refined_columns
from toygan.exhibits.theory import theory_columns
from toygan.exhibits.work import columns_of

SHIPPED = [(exhibit, i) for exhibit in map(read, shipped_exhibits()) for i in range(len(exhibit.claims))]


def claim_of(one: tuple[Exhibit, int]) -> Claim:
    return one[0].claims[one[1]]


def named(one: tuple[Exhibit, int]) -> str:
    return f"{one[0].name}-{one[1] + 1}"


@pytest.fixture(params=SHIPPED, ids=named)
def shipped(request: pytest.FixtureRequest) -> tuple[Exhibit, int]:
    return request.param


# --- numbers: what the sentence says stands in the condition, and the other way round -----------------------------------

SAID: dict[str, set[float]] = {  # what may stand in a condition for words of a sentence; longer words first
    "half as much again": {1.5},
    "factor of two": {0.5, 2.0},
    "factor of ten": {0.1, 10.0},
    "nine points in ten": {0.9},
    "one point in ten": {0.1},
    "one point in twenty": {0.05},
    "one in a hundred": {0.01},
    "two seeds in eight": {2.0, 8.0},
    "one seed in eight": {1.0, 8.0},
    "seeds in eight": {8.0},
    "three tenths": {0.3},
    "three times": {3.0},
    "five times": {5.0},
    "ten times": {10.0},
    "tenfold": {10.0},
    "a hundred times": {100.0},
    "twice": {2.0},
    "a fifth": {0.2, 1.2},
    "steepest twentieth": set(),  # the quantile is in the measure's name
    "lowest twentieth": set(),
    "twentieth": {0.05},
    "thousandth": {1e-3},
    "tenth": {0.1, 0.9},
    "quarter": {0.25, 1.25},
    "half": {0.5},
    "log 2": {0.6931471805599453},
    "ten core-seconds": {10.0},
}
SCENE = {"steps of the Dirac scenario": 0.2, "modes of the twenty-five": 25.0, "the theorem's eighth": 8.0}
NUMERAL = re.compile(r"(?<![\w.\-])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w])")


def numerals(text: str) -> set[float]:
    return {float(found) for found in NUMERAL.findall(text)}


def said_in(sentence: str) -> tuple[list[set[float]], set[float]]:
    """What the words for numbers in a sentence may mean, and its numerals."""
    left, meanings = sentence.lower(), []
    for words, meaning in SAID.items():
        if words in left:
            left = left.replace(words, " ")
            meanings += [meaning] if meaning else []
    return meanings, numerals(left)


def in_condition(claim: Claim) -> set[float]:
    """The numbers of a condition: its bounds, goals and steps, those of its filters, and its counts of seeds."""
    return numerals(aloud(claim.model_copy(update={"by_construction": ""})))


def test_every_number_of_a_sentence_stands_in_its_condition(shipped: tuple[Exhibit, int]) -> None:
    exhibit, claim = shipped[0], claim_of(shipped)
    words, numbers = said_in(claim.says)
    condition = in_condition(claim)
    world = numerals(exhibit.origin.source.text.partition("[[claims]]")[0]) | set(SCENE.values())
    assert [meaning for meaning in words if not meaning & condition] == [], aloud(claim)
    assert {one for one in numbers if not any(abs(one - other) <= 1e-5 for other in condition | world)} == set(), aloud(
        claim
    )


def test_every_bound_of_a_condition_stands_in_its_sentence(shipped: tuple[Exhibit, int]) -> None:
    claim = claim_of(shipped)
    words, numbers = said_in(claim.says)
    known = numbers.union(*words)
    goals = [goal for goal in (claim.value.reaches, claim.value.never) if goal is not None]
    bounds = [] if claim.value.counted else [*claim.bounds.values()]
    asked = [*goals, *bounds, *([claim.within] if claim.within > 1e-3 else [])]
    plain = {0.0, 1.0, 1.0001}  # a difference's zero, a ratio's or a slope's one
    assert [one for one in asked if one not in plain and not any(abs(one - other) <= 1e-5 for other in known)] == []


# --- words that quantify ------------------------------------------------------------------------------------------------


def has_words(claim: Claim, pattern: str) -> bool:
    said = re.sub(r"in at least \d+ of \d+ seeds", "", claim.says)  # that is of seeds, not of what is so
    return re.search(rf"(?<!\w)(?:{pattern})(?!\w)", said, re.IGNORECASE) is not None


def of_theory(claim: Claim) -> bool:
    return bool(set(PIECES.values()) & claim.value.of.keys()) or "growth" in (claim.value.measure or "")


def low(claim: Claim) -> bool:
    return bool({"above", "at_least"} & claim.bounds.keys())


def high(claim: Claim) -> bool:
    return bool({"below", "at_most"} & claim.bounds.keys())


QUANTIFIED: dict[str, Callable[[Claim], bool]] = {
    "every seed|any seed|nowhere|no critic": lambda claim: claim.seeds in ("all", "none"),
    "each of|on each|wherever": lambda claim: bool(claim.each),
    "every noise|every shift|whatever the steps|in both": lambda claim: claim.seeds == "all",
    "never": lambda claim: claim.value.never is not None or claim.value.at == "max",
    "median|medians": lambda claim: (
        claim.seeds is None or "median" in f"{claim.value.measure} {claim.value.at} {claim.over}"
    ),
    "ends|at the end|kept|keeps": lambda claim: claim.value.at == "end" and not claim.value.becomes,
    "late in training": lambda claim: claim.value.at == "late",
    "where it is largest|its largest claim|at any frame": lambda claim: claim.value.at == "max",
    "stays": lambda claim: claim.value.at in ("min", "max", "late"),
    "follows": lambda claim: claim.value.along is not None,
    "diagnosed|runs away|hops|hop": lambda claim: claim.value.label is not None,
    "where it does not diverge": lambda claim: claim.diverged == "left out",
    "fewer|below|less than|at most|nearer|lower|lowers": lambda claim: (
        high(claim) or (claim.seeds or "").startswith("at most")
    ),
    "(?<!no )more than|(?<=is )above|slope exceeds|or worse|or more|farther|grown": low,
    "within": lambda claim: (
        claim.equals is not None or (low(claim) and high(claim)) or claim.value.counted or high(claim)
    ),
}


@pytest.mark.parametrize("pattern", QUANTIFIED)
def test_words_that_quantify_stand_in_the_condition(pattern: str) -> None:
    found = [claim_of(one) for one in SHIPPED if has_words(claim_of(one), pattern)]
    assert found, "no claim says so any more"
    assert [f"{claim.says} | {aloud(claim)}" for claim in found if not QUANTIFIED[pattern](claim)] == []


# --- upside down: what a sentence says grows must not be held below --------------------------------------------------------

UP = (
    "at least|(?<!no )more than|(?<!no )more modes than|above|or worse|or more|grows?|grown|farther|higher|"
    "(?<!no critic )exceeds|ten times as|"
    "twice that|explodes|no smaller|nine points in ten"
)
DOWN = (
    "at most|less than|fewer|below|lowers?|nearer|less well|less of|no more|vanishes|falls|comes home|no critic exceeds|"
    "never steeper|steeper than one nowhere|shrinks?|half of that|within ten core-seconds"
)
NO = "no|nowhere|never|not|nor|none|at most"


def against(claim: Claim) -> list[str]:
    """What of a condition goes the other way than its sentence: a bound, or of how many seeds something is so."""
    few = claim.seeds == "none" or (claim.seeds or "").startswith("at most")
    up, down = low(claim) != few, high(claim) != few  # what is asked of few is said of the others the other way round
    wrong = []
    if not claim.value.counted and low(claim) != high(claim):
        wrong += ["says less, asks for more"] if up and has_words(claim, DOWN) and not has_words(claim, UP) else []
        wrong += ["says more, asks for less"] if down and has_words(claim, UP) and not has_words(claim, DOWN) else []
    if claim.value.never is not None:
        wrong += ["never"] if few is has_words(claim, NO) else []
    elif claim.value.counted:
        wrong += ["no"] if few is not has_words(claim, NO) else []
    return wrong


FLIPPED = {"above": "below", "below": "above", "at_least": "at_most", "at_most": "at_least"}


def upside_down(claim: Claim) -> list[Claim]:
    """A claim with its bound turned, or with its seeds: none in place of all, all in place of none or few."""
    if claim.value.counted or claim.seeds == "none":
        few = claim.seeds == "none" or str(claim.seeds).startswith("at most")
        return [claim.model_copy(update={"seeds": "all" if few else "none"})]
    said = claim.model_dump(exclude_defaults=True)
    bounds = {FLIPPED[name]: said.pop(name) for name in claim.bounds if name in FLIPPED}
    return [Claim.model_validate(said | bounds)] if len(bounds) == 1 else []


def test_no_condition_goes_against_its_sentence(shipped: tuple[Exhibit, int]) -> None:
    assert against(claim_of(shipped)) == [], aloud(claim_of(shipped))


def test_every_shipped_claim_is_caught_when_it_is_planted_upside_down() -> None:
    planted = [wrong for one in SHIPPED for wrong in upside_down(claim_of(one))]
    assert len(planted) > 80  # what is equal, within or between has no other side
    assert [f"{claim.says} | {aloud(claim)}" for claim in planted if not against(claim)] == []


PLANTED: dict[str, dict[str, Any]] = {  # as they might come; the first one came
    "The copied protocol does not reach W1 0.2 within its budget.": {
        "value": {"measure": "w1", "never": 0.2}, "seeds": "none",
    },
    "No critic runs away.": {"value": {"label": "runaway-critic"}, "seeds": "7 of 8"},
    "The critic runs away.": {"value": {"label": "runaway-critic"}, "seeds": "at most 1 of 8"},
    "It ends nearer to the target.": {"value": {"measure": "w1"}, "above": 1, "seeds": "all"},
    "It keeps fewer than 20 modes.": {"value": {"measure": "modes"}, "below": 20, "seeds": "none"},
    "The gradient grows tenfold.": {"value": {"measure": "generator_gradient"}, "at_most": 10, "seeds": "7 of 8"},
    "It is at least twice as far.": {"value": {"measure": "w1"}, "at_least": 2, "seeds": "at most 2 of 8"},
}  # fmt: skip


@pytest.mark.parametrize("says", PLANTED)
def test_planted_upside_down_claims_are_caught(says: str) -> None:
    assert against(Claim.model_validate({"says": says} | PLANTED[says]))


def test_a_condition_on_medians_says_so_or_is_about_time(shipped: tuple[Exhibit, int]) -> None:
    claim = claim_of(shipped)
    if claim.seeds is None and not of_theory(claim) and claim.value.measure != "core_seconds":
        assert has_words(claim, "median|medians")


@pytest.mark.parametrize("one", [one for one in SHIPPED if claim_of(one).each], ids=named)
def test_each_is_of_more_than_one(one: tuple[Exhibit, int]) -> None:
    """A column that a claim goes through is one in which its rows differ, so that `each` is about something."""
    claim = claim_of(one)
    runs = [columns_of(work) for work in planned(one[0], Path("runs"))]
    rows = matching(claim.value.of, [*runs, *theory_columns(one[0]), *refined_columns(one[0], runs)])
    assert len({row[claim.each] for row in rows}) > 1
    assert f"for each {claim.each} by itself" in aloud(claim)


ALOUD = {
    'for method = "a", in at least 7 of 8 seeds: the median of w1_over_floor over the frames is below 1.5': {
        "value": {"of": {"method": "a"}, "measure": "w1_over_floor", "at": "median"}, "below": 1.5, "seeds": "7 of 8",
    },
    "in all of the seeds: w1 is at no frame 0.2 or better": {"value": {"measure": "w1", "never": 0.2}, "seeds": "all"},
    "in none of the seeds: the core-seconds until w1 is 0.2 or better is at most 3": {
        "value": {"measure": "w1", "reaches": 0.2}, "at_most": 3, "seeds": "none",
    },
    'for each method by itself, seeds that diverged left out, of the medians: w1 at the end, less w1 at the start '
    'for group = "b" or "c", is within 0.5 of 2': {
        "value": {"measure": "w1"}, "minus": {"of": {"group": ("b", "c")}, "measure": "w1", "at": "start"}, "equals": 2,
        "within": 0.5, "each": "method", "diverged": "left out",
    },
    'for bounds = "x" and std = 0.5, in all of the cases: js is at most 1 (by construction: so it is)': {
        "value": {"of": {"bounds": "x", "std": 0.5}, "measure": "js"}, "at_most": 1, "seeds": "all",
        "by_construction": "so it is",
    },
    'in at most 2 of 8 seeds: the diagnosis says "diverged"': {"value": {"label": "diverged"}, "seeds": "at most 2 of 8"},
    "of the median: the rank correlation of critic_value with w1 over the frames is above 0.1": {
        "value": {"measure": "critic_value", "along": "w1"}, "above": 0.1,
    },
    "of the median: modes at step 40 is equal to 8": {"value": {"measure": "modes", "at": 40}, "equals": 8},
}  # fmt: skip


@pytest.mark.parametrize("words", ALOUD)
def test_a_condition_is_read_aloud(words: str) -> None:
    assert aloud(Claim.model_validate({"says": "so"} | ALOUD[words])) == words


def test_show_prints_sentence_and_condition() -> None:
    told = " ".join(CliRunner().invoke(app, ["show", "time-to-quality"]).output.split())
    assert "claim 2: The copied protocol, 512 wide, never brings W1 to 0.2 within its budget." in told
    assert (
        'claim 2 holds if: for group = "copied, 512 wide", in all of the seeds: w1 is at no frame 0.2 or better' in told
    )


# --- every form, upside down too ----------------------------------------------------------------------------------------

STEPS = [0, 10, 20, 30, 40, 50, 60, 70]
SEEDS = 4


def made(
    place: Path,
    method: str,
    curves: dict[str, list[float]],
    labels: tuple[str, ...] = (),
    lost: int = 0,
    seeds: int = SEEDS,
    **columns: Any,
) -> list[dict[str, Any]]:
    """A made-up run all of whose seeds have these curves, the last value of each being the final one too; `lost` of them
    diverged at step 20.
    """
    folder = place / method
    folder.mkdir(parents=True, exist_ok=True)
    events = [{"step": 0, "seed": seed, "label": label, "evidence": ""} for seed in range(seeds) for label in labels]
    facts = {"events": events, "seconds": {"train": 70.0 * seeds}, "seeds": list(range(seeds)), "step": 70, "steps": 70}
    facts |= {"format": 1, "scenario": "s", "method": method, "status": "done", "config": {}, "summary": {}}
    (folder / "run.json").write_text(json.dumps(facts))
    lines = [
        {"step": step, "seed": seed, "w1_floor": 0.5} | {name: values[t] for name, values in curves.items()}
        for t, step in enumerate(STEPS)
        for seed in range(seeds)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ends = {name: values[-1] for name, values in curves.items()}
    return [
        {"scenario": "s", "method": method, "seed": seed, "folder": str(folder), **columns}
        | (
            dict.fromkeys(ends) | {"status": "diverged", "diverged_at": 20}
            if seed < lost
            else ends | {"status": "done"}
        )
        for seed in range(seeds)
    ]


FALLING, RISING = [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
PEAK, DIP = [1.0, 1.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0], [9.0, 9.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0]
W1: dict[str, Any] = {"of": {"method": "run"}, "measure": "w1"}
OTHER: dict[str, Any] = {"of": {"method": "other"}, "measure": "w1"}

# form: claim, the curve of W1 that fulfils it, and the one that breaks it
FORMS: dict[str, tuple[dict[str, Any], list[float], list[float]]] = {
    "end, below, all": ({"value": W1, "below": 2, "seeds": "all"}, FALLING, RISING),
    "end, above, all": ({"value": W1, "above": 2, "seeds": "all"}, RISING, FALLING),
    "end, at least": ({"value": W1, "at_least": 8}, RISING, FALLING),
    "end, at most": ({"value": W1, "at_most": 1}, FALLING, RISING),
    "end, equals": ({"value": W1, "equals": 1}, FALLING, RISING),
    "end, within": ({"value": W1, "equals": 1.2, "within": 0.3}, FALLING, RISING),
    "end, between": ({"value": W1, "at_least": 0.5, "at_most": 2}, FALLING, RISING),
    "end, most seeds": ({"value": W1, "below": 2, "seeds": "7 of 8"}, FALLING, RISING),
    "end, few seeds": ({"value": W1, "below": 2, "seeds": "at most 1 of 8"}, RISING, FALLING),
    "end, no seeds": ({"value": W1, "below": 2, "seeds": "none"}, RISING, FALLING),
    "start": ({"value": W1 | {"at": "start"}, "below": 2, "seeds": "all"}, RISING, FALLING),
    "min": ({"value": W1 | {"at": "min"}, "below": 2, "seeds": "all"}, DIP, [9.0] * 8),
    "max": ({"value": W1 | {"at": "max"}, "above": 8, "seeds": "all"}, PEAK, [1.0] * 8),
    "mean": ({"value": W1 | {"at": "mean"}, "equals": 2, "within": 1e-9}, PEAK, DIP),
    "median": ({"value": W1 | {"at": "median"}, "equals": 1}, PEAK, DIP),
    "late": ({"value": W1 | {"at": "late"}, "below": 2, "seeds": "all"}, FALLING, RISING),
    "a step": ({"value": W1 | {"at": 20}, "above": 8, "seeds": "all"}, PEAK, DIP),
    "along": ({"value": W1 | {"along": "critic_value"}, "above": 0.9, "seeds": "all"}, RISING, FALLING),
    "reaches": ({"value": W1 | {"reaches": 5.0}, "at_most": 40, "seeds": "all"}, FALLING, [9.0] * 8),
    "never": ({"value": W1 | {"never": 0.5}, "seeds": "all"}, RISING, [0.4, *RISING[1:]]),
    "not never": ({"value": W1 | {"never": 0.5}, "seeds": "none"}, [0.4, *RISING[1:]], RISING),
    "over": ({"value": W1, "over": OTHER, "below": 1, "seeds": "all"}, FALLING, RISING),
    "over, medians": ({"value": W1, "over": OTHER, "at_least": 2}, RISING, FALLING),
    "minus": ({"value": W1, "minus": OTHER, "below": 0, "seeds": "all"}, FALLING, RISING),
    "minus, medians": ({"value": W1, "minus": OTHER, "above": 0}, RISING, FALLING),
    "over itself": (
        {"value": W1, "over": W1 | {"at": "max"}, "below": 0.2, "seeds": "all"}, FALLING, RISING,
    ),
    "over the floor": ({"value": W1 | {"measure": "w1_over_floor", "at": "late"}, "below": 4, "seeds": "all"}, FALLING, RISING),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("upside_down", [False, True])
def test_every_form_is_judged_both_ways(form: str, upside_down: bool, tmp_path: Path) -> None:
    claim, good, bad = FORMS[form]
    curve = bad if upside_down else good
    rows = made(tmp_path, "run", {"w1": curve, "critic_value": RISING}) + made(tmp_path, "other", {"w1": [4.0] * 8})
    found = judge(Claim.model_validate({"says": "so"} | claim), rows)
    assert found.held is not upside_down, found.numbers


def test_the_forms_use_every_word_of_the_language() -> None:
    used = [claim for claim, *_ in FORMS.values()]
    bounds = {"above", "below", "at_least", "at_most", "equals", "within", "over", "minus", "seeds", "value"}
    elsewhere = {"says", "each", "diverged", "by_construction", "restated"}
    assert {key for claim in used for key in claim} == bounds == set(Claim.model_fields) - elsewhere
    moments = {claim["value"].get("at", "end") for claim in used} | {claim["value"]["measure"] for claim in used}
    assert moments >= {"start", "end", "min", "max", "mean", "median", "late", 20}


@pytest.mark.parametrize("labels", [(), ("mode-collapse",)])
def test_labels_are_judged_both_ways(labels: tuple[str, ...], tmp_path: Path) -> None:
    rows = made(tmp_path, "run", {"w1": RISING}, labels)
    for seeds, held in (("all", bool(labels)), ("none", not labels), ("at most 1 of 8", not labels)):
        claim = Claim.model_validate({"says": "so", "value": {"label": "mode-collapse"}, "seeds": seeds})
        assert judge(claim, rows).held is held


def each(rows: list[dict[str, Any]], **more: Any) -> Verdict:
    """Whether each of the methods a and b ends below c."""
    value, over = ({"of": {"method": methods}, "measure": "w1"} for methods in (("a", "b"), "c"))
    claim = {"says": "so", "value": value, "over": over, "below": 1, "each": "method"}
    return judge(Claim.model_validate(claim | more), rows)


@pytest.mark.parametrize("seeds", [{"seeds": "7 of 8"}, {}])
def test_each_must_hold_by_itself(seeds: dict[str, str], tmp_path: Path) -> None:
    c = made(tmp_path, "c", {"w1": [4.0] * 8})
    low, high = (made(tmp_path, "a", {"w1": curve}, seeds=20) for curve in (FALLING, [5.0] * 8))
    many = [row | {"w1": 1.0} for row in high]  # with them b would hold among all of them together
    b = made(tmp_path, "b", {"w1": [5.0] * 8}, seeds=2)
    c += made(tmp_path, "c", {"w1": [4.0] * 8}, seeds=20)[SEEDS:]
    together = {"each": ""} | seeds
    assert each(many + b + c, **together).held is True
    found = each(many + b + c, **seeds)
    assert found.held is False
    assert "a: " in found.numbers
    assert "b: " in found.numbers
    assert each(low + [row | {"w1": 3.0} for row in b] + c, **seeds).held is True


@pytest.mark.parametrize(("lost", "left_out", "fails"), [(0, True, True), (3, True, False), (4, None, None)])
def test_diverged_seeds_fail_or_are_left_out(lost: int, left_out: bool, fails: bool, tmp_path: Path) -> None:
    rows = made(tmp_path, "run", {"w1": FALLING}, lost=lost)
    claim = {"says": "so", "value": W1, "below": 2, "seeds": "all"}
    assert judge(Claim.model_validate(claim), rows).held is fails
    found = judge(Claim.model_validate(claim | {"diverged": "left out"}), rows)
    assert found.held is left_out
    assert "all seeds diverged" in found.numbers if lost == SEEDS else str(lost or "") in found.numbers


def test_a_part_that_diverged_wholly_is_told_and_left_out(tmp_path: Path) -> None:
    rows = made(tmp_path, "c", {"w1": [4.0] * 8}) + made(tmp_path, "a", {"w1": FALLING})
    rows += made(tmp_path, "b", {"w1": FALLING}, lost=SEEDS)
    assert each(rows, seeds="all").held is None
    found = each(rows, seeds="all", diverged="left out")
    assert found.held is True
    assert "b: all seeds diverged" in found.numbers


@pytest.mark.parametrize("curve", [FALLING, RISING])
def test_what_explodes_before_it_diverges_is_seen(curve: list[float], tmp_path: Path) -> None:
    """Of a run that is lost at step 20 the median over the frames is that of an untrained net; its largest is not."""
    exploding = [0.9, 1e7, *[1e9] * 6]
    rows = made(tmp_path, "run", {"layer_gradient_ratio": exploding, "w1": curve}, lost=SEEDS)
    claim = {"says": "so", "value": {"measure": "layer_gradient_ratio", "at": "max"}, "at_least": 10, "seeds": "6 of 8"}
    assert judge(Claim.model_validate(claim), rows).held is True
    calm = made(tmp_path, "run", {"layer_gradient_ratio": [0.9, 1.1, *[1e9] * 6], "w1": curve}, lost=SEEDS)
    assert judge(Claim.model_validate(claim), calm).held is False


# --- never reached ------------------------------------------------------------------------------------------------------


def test_never_is_true_of_a_seed_that_was_lost_before_it_came_there(tmp_path: Path) -> None:
    claim = Claim.model_validate({"says": "so", "value": W1 | {"never": 2.0}, "seeds": "all"})
    late = made(tmp_path, "run", {"w1": FALLING}, lost=SEEDS)  # it would have come there at step 60
    assert judge(claim, late).held is True
    early = made(tmp_path, "run", {"w1": [1.5, *FALLING[1:]]}, lost=SEEDS)
    assert judge(claim, early).held is False


def test_never_says_how_near_it_came_and_knows_which_way_is_better(tmp_path: Path) -> None:
    rows = made(tmp_path, "run", {"w1": DIP, "modes": PEAK})
    near = judge(Claim.model_validate({"says": "so", "value": W1 | {"never": 0.5}, "seeds": "all"}), rows)
    assert near.numbers == "4 of 4 seeds; W1 at best: 1"
    more = {"says": "so", "value": {"measure": "modes", "never": 8.0}, "seeds": "all"}
    assert judge(Claim.model_validate(more), rows).numbers == "0 of 4 seeds; modes at best: 9"


def test_how_many_seeds_were_asked_for_stands_beside_too_few(tmp_path: Path) -> None:
    """Five of eight are most of them, and not the six that a claim asked for."""
    rows = [{"seed": seed, "status": "done", "method": "run", "w1": float(seed)} for seed in range(8)]
    for asked, told in (("5 of 8", "5 of 8 seeds; "), ("6 of 8", "5 of 8 seeds, asked: 6 of 8; "), ("all", "5 of 8 seeds; "),
                        ("at most 2 of 8", "5 of 8 seeds, asked: at most 2 of 8; "), ("none", "5 of 8 seeds; "),
                        ("2 of 3", "5 of 8 seeds, asked: 6 of 8; "),
                        ("at most 1 of 3", "5 of 8 seeds, asked: at most 2 of 8; ")):  # fmt: skip
        claim = Claim.model_validate({"says": "so", "value": W1, "below": 5, "seeds": asked})
        assert judge(claim, rows).numbers.startswith(told), asked


WRONG = {
    "a time below zero": ({"value": W1 | {"reaches": 0.2}, "at_least": 0, "seeds": "none"}, "every time fulfils it"),
    "no count": ({"value": W1 | {"never": 0.2}}, "what is never reached is counted"),
    "two things": ({"value": W1 | {"never": 0.2, "reaches": 0.2}, "seeds": "all"}, "exclude each other"),
    "a moment": ({"value": W1 | {"never": 0.2, "at": "max"}, "seeds": "all"}, "leave at out"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_says_nothing_is_refused(name: str) -> None:
    claim, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        Claim.model_validate({"says": "so"} | claim)


# --- by construction ----------------------------------------------------------------------------------------------------

CANNOT_FAIL = {
    "js-is-blind": {1, 2, 3, 4},
    "instance-noise": {1, 2},
    "clipping-gradients": {6},
    "lipschitz-everywhere": {1},
    "clipping-underuse": {5},
    "other-weight-constraints": {3},
    "one-argument": {3, 4},
    "leaderboard": {5},
    "dirac": {1, 2, 5, 6},
}


def test_claims_that_cannot_fail_are_marked() -> None:
    marked: dict[str, set[int]] = {}
    for exhibit, i in SHIPPED:
        if exhibit.claims[i].by_construction:
            marked.setdefault(exhibit.name, set()).add(i + 1)
    assert marked == CANNOT_FAIL


def test_what_cannot_fail_does_not_count_as_held_and_is_loud_if_it_fails() -> None:
    verdicts = [Verdict("a", held, "1", why) for held in (True, False, None) for why in ("", "a theorem")]
    assert [one.words for one in verdicts] == [
        "held", "by construction", "did not hold", "did not hold", "not judged", "not judged",
    ]  # fmt: skip
    assert counted(verdicts) == dict(zip(WORDS, (1, 2, 1, 2), strict=True))
    assert verdicts[1].evidence == "1; no evidence: a theorem"


# --- what was read before -----------------------------------------------------------------------------------------------


def test_a_folder_that_changed_is_read_again(tmp_path: Path) -> None:
    ending = Claim.model_validate({"says": "so", "value": W1 | {"at": "late"}, "below": 2, "seeds": "all"})
    labelled = Claim.model_validate({"says": "so", "value": {"label": "converged"}, "seeds": "all"})
    for curve, labels, held in ((FALLING, ("converged",), True), (RISING, (), False), (FALLING, ("converged",), True)):
        rows = made(tmp_path, "run", {"w1": curve}, labels)
        assert judge(ending, rows).held is held
        assert judge(labelled, rows).held is held


def test_what_was_read_cannot_be_changed(tmp_path: Path) -> None:
    row = made(tmp_path, "run", {"w1": FALLING}, ("converged",))[0]
    run = recorded_at(row["folder"])
    with pytest.raises(ValueError, match="read-only"):
        run.curve(0, "w1")[1][0] = 5.0
    with pytest.raises(TypeError):
        run.labels[0] = frozenset()  # type: ignore[index]
    assert np.array_equal(recorded_at(row["folder"]).curve(0, "w1")[1], FALLING)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ({"value": {"of": {"method": "a"}, "measure": "w1"}, "over": {"of": {"method": "b"}, "measure": "w1"}},
         "W1 of a over that of b"),
        ({"value": {"of": {"method": "a"}, "measure": "w1"}, "over": {"of": {"method": "b"}, "measure": "w1"},
          "each": "scenario"}, "W1 of a over that of b"),
        ({"value": {"of": {"method": ["a", "c"]}, "measure": "w1"}, "minus": {"of": {"method": "b"}, "measure": "w1"},
          "each": "method"}, "W1 less that of b"),
    ],
)  # fmt: skip
def test_a_number_names_what_it_stands_against(claim: dict[str, Any], said: str) -> None:
    assert number_named(Claim.model_validate({"says": "so", "below": 1} | claim)) == said


BY_OBJECTIVE = {"hinge+clip": 0.32, "hinge+r1": 0.2, "minimax+clip": 0.5, "minimax+r1": 1.0}  # method -> W1


def by_objective(**facts: Any) -> tuple[Claim, list[dict[str, Any]]]:
    """A claim that compares clip with r1 for each of two objectives, and rows of two seeds."""
    of = [{"of": {"method": [one for one in BY_OBJECTIVE if one.endswith(end)]}, "measure": "w1"} for end in ("p", "1")]
    rows = [
        {"folder": method, "method": method, "objective": method.split("+")[0], "seed": seed, "status": "done", "w1": w1}
        for method, w1 in BY_OBJECTIVE.items() for seed in range(2)
    ]  # fmt: skip
    return Claim.model_validate({"says": "so", "value": of[0], "over": of[1], "each": "objective"} | facts), rows


def test_a_number_by_objective_names_the_method_of_that_objective() -> None:
    assert judge(*by_objective(above=1)).numbers == (
        "hinge: W1 of hinge+clip over that of hinge+r1: 1.6 = 0.32 over 0.2; "
        "minimax: W1 of minimax+clip over that of minimax+r1: 0.5 = 0.5 over 1"
    )
    found = judge(*by_objective(above=1, seeds="all")).numbers
    assert found.endswith("minimax: 0 of 2 seeds; W1 of minimax+clip over that of minimax+r1: 0.5")


@pytest.mark.parametrize(("bounds", "said"), [
    ({"above": 0.1}, "The claim held: W1 = 0.5 with minimax+clip against 1 with minimax+r1 (the closest of 2)."),
    ({"below": 2}, "The claim held: W1 = 0.32 with hinge+clip against 0.2 with hinge+r1 (the closest of 2)."),
    ({"above": 1}, "The claim did not hold: W1 = 0.5 with minimax+clip against 1 with minimax+r1 (the worst of 2)."),
    ({"equals": 1, "within": 0.4}, "The claim did not hold: W1 = 0.32 with hinge+clip against 0.2 with hinge+r1 "
                                   "(the worst of 2)."),
])  # fmt: skip
@pytest.mark.parametrize("seeds", [{}, {"seeds": "all"}])
def test_the_answer_names_the_value_that_decides(bounds: dict[str, float], seeds: dict[str, str], said: str) -> None:
    claim, rows = by_objective(**bounds, **seeds)
    assert answer([judge(claim, rows)]) == said


LOW, ALL_GONE = (0.1, 0.2, 0.3, 0.4), (None,) * 4


def of_methods(**values: tuple[float | None, ...]) -> list[dict[str, Any]]:
    """Rows of methods whose seeds end at these values of W1, None where they diverged."""
    return [
        {"folder": method, "method": method, "seed": seed, "status": "diverged" if w1 is None else "done", "w1": w1}
        for method, found in values.items() for seed, w1 in enumerate(found)
    ]  # fmt: skip


def shares(**counts: int) -> dict[str, tuple[float, ...]]:
    """Of each method so many of 4 seeds below 0.5, all of one size."""
    return {method: (0.4,) * count + (0.6,) * (4 - count) for method, count in counts.items()}


LEFT_OUT = {"diverged": "left out"}


@pytest.mark.parametrize(("values", "condition", "said"), [
    # lost: a value that is not judged is neither the closest nor the worst, and is not counted
    ({"a": LOW, "b": ALL_GONE, "c": (0.8,) * 4}, {"below": 1} | LEFT_OUT, "held: W1 = 0.8 with c (the closest of 2)."),
    ({"a": LOW, "b": ALL_GONE, "c": (0.8,) * 4}, {"below": 0.5} | LEFT_OUT,
     "did not hold: W1 = 0.8 with c (claimed: below 0.5) (the worst of 2)."),
    ({"a": LOW, "b": ALL_GONE, "c": (0.8,) * 4}, {"below": 1, "seeds": "all"} | LEFT_OUT,
     "held: W1 = 0.8 with c (the closest of 2)."),
    ({"a": LOW, "b": ALL_GONE, "c": (0.8,) * 4}, {"below": 0.5, "seeds": "2 of 4"} | LEFT_OUT,
     "did not hold: W1 = 0.8 with c (claimed: below 0.5 in 2 of 4 seeds; so in none) (the worst of 2)."),
    ({"a": ALL_GONE, "b": LOW}, {"below": 1} | LEFT_OUT, "held: W1 = 0.25 with b."),
    # most of its seeds lost: no median, but a share of seeds
    ({"a": (0.1, None, None, None), "b": (0.4,) * 4}, {"below": 0.5, "seeds": "1 of 4"},
     "held: W1 in 1 of 4 seeds below 0.5 with a (the closest of 2)."),
    ({"a": (0.1, None, None, None), "b": (0.4,) * 4}, {"below": 0.5, "seeds": "2 of 4"},
     "did not hold: W1 in 1 of 4 seeds below 0.5 with a (the worst of 2)."),
    # uneven: the share decides, not the median
    ({"a": (0.1, 0.1, 0.1, 2.0), "b": (0.9,) * 4}, {"below": 1, "seeds": "3 of 4"},
     "held: W1 = 0.1 with a (so in 3 of 4 seeds) (the closest of 2)."),
    ({"a": (0.1, 0.1, 2.0, 2.0), "b": (0.9,) * 3 + (9.0,), "c": LOW}, {"below": 1, "seeds": "all"},
     "did not hold: W1 = 1.05 with a (claimed: below 1 in all seeds; so in 2 of 4) (the worst of 3)."),
    ({"a": (0.1, 0.1, 0.1, 2.0), "b": (0.9, 0.9, 0.9, 2.0)}, {"below": 1, "seeds": "3 of 4"},
     "held: W1 = 0.9 with b (so in 3 of 4 seeds) (the closest of 2)."),
    ({"a": (0.4,) * 7 + (0.6,), "b": (0.4, 0.4, 0.4, 0.6)}, {"below": 0.5, "seeds": "3 of 4"},
     "held: W1 = 0.4 with b (so in 3 of 4 seeds) (the closest of 2)."),
    # at most so many: nearest to failing is where most are so, and of equal shares where the median is nearest to being so
    (shares(a=1, b=0, c=0), {"below": 0.5, "seeds": "at most 1 of 4"},
     "held: W1 = 0.6 with a (below 0.5 in 1 of 4 seeds) (the closest of 3)."),
    (shares(a=2, b=3, c=0), {"below": 0.5, "seeds": "at most 1 of 4"},
     "did not hold: W1 = 0.4 with b (below 0.5 in 3 of 4 seeds) (the worst of 3)."),
    ({"a": (0.9,) * 4, "b": (0.6,) * 4}, {"below": 0.5, "seeds": "none"},
     "held: W1 = 0.6 with b (below 0.5 in 0 of 4 seeds) (the closest of 2)."),
])  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_the_value_that_decides_is_the_one_whose_condition_decides(
    values: dict[str, tuple[float | None, ...]], condition: dict[str, Any], said: str, turned: bool
) -> None:
    """In whichever order the values come."""
    rows = of_methods(**dict(reversed(values.items())) if turned else values)
    value = {"of": {"method": list(values)}, "measure": "w1"}
    claim = Claim.model_validate({"says": "so", "value": value, "each": "method"} | condition)
    assert answer([judge(claim, rows)]) == f"The claim {said}"


@pytest.mark.parametrize(("counts", "seeds", "said"), [
    ((8, 5, 6), "5 of 8", "held: converged in 5 of 8 seeds with b (the closest of 3)."),
    ((8, 5, 6), "6 of 8", "did not hold: converged in 5 of 8 seeds with b (the worst of 3)."),
    ((1, 0, 2), "at most 2 of 8", "held: converged in 2 of 8 seeds with c (the closest of 3)."),
    ((4, 3, 2), "at most 2 of 8", "did not hold: converged in 4 of 8 seeds with a (the worst of 3)."),
])  # fmt: skip
def test_of_labels_the_value_decides_whose_count_does(
    counts: tuple[int, ...], seeds: str, said: str, tmp_path: Path
) -> None:
    rows = []
    for method, count in zip("abc", counts, strict=True):
        for some, labels in ((range(count), ("converged",)), (range(count, 8), ())):
            made_of = made(tmp_path, f"{method}-{len(labels)}", {"w1": FALLING}, labels) if some else []
            rows += [made_of[0] | {"method": method, "seed": 0} for _ in some]
    value = {"of": {"method": ["a", "b", "c"]}, "label": "converged"}
    claim = Claim.model_validate({"says": "so", "value": value, "each": "method", "seeds": seeds})
    assert answer([judge(claim, rows)]) == f"The claim {said}"
