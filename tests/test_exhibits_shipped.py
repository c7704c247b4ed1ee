"""The shipped exhibits: each is there, is a question with a checked answer, and can be run as it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from toygan.exhibits import planned, read, shipped_exhibits
from toygan.exhibits.claims import matching
from toygan.exhibits.files import Claim, Exhibit, Term
from toygan.exhibits.work import QUICK_SEEDS, Work, quickened
from toygan.game.methods import METHODS

CATALOGUE = (
    "js-is-blind",
    "vanishing-gradient",
    "mode-collapse",
    "mode-hopping",
    "dirac",
    "unconstrained-critic",
    "clipping-underuse",
    "clipping-gradients",
    "other-weight-constraints",
    "one-sided",
    "batch-norm-critic",
    "flat-sigmoid",
    "energy-margin",
    "instance-noise",
    "tricks",
    "lipschitz-everywhere",
    "mmd",
    "meaningful-loss",
    "codes-and-modes",
    "unroll-and-pack",
    "one-argument",
    "leaderboard",
    "time-to-quality",
    "labels-and-collapse",
    "several-generators",
    "what-an-encoder-sees",
    "cycle-and-turns",
    "boosting-or-one",
    "famous-figure",
    "no-rest",
    "used-critic",
)
LARGEST = ("one-argument", "leaderboard")  # hundreds of runs, planned as those of others are
MOST_FILMS = 80  # of the whole gallery: a film is half a megabyte of the site
SEEDS = 8
SHOWN_ALONE = {("famous-figure", "published")}  # groups of runs of one seed, for a picture
THEORY = {"distances", "phases", "plans", "bounds", "update", "refined", "critic", "way"}  # columns that no run has


@pytest.fixture(scope="module", params=CATALOGUE)
def exhibit(request: pytest.FixtureRequest) -> Exhibit:
    return read(request.param)


@pytest.fixture(scope="module")
def works() -> dict[str, list[Work]]:
    return {name: planned(read(name), Path("runs")) for name in CATALOGUE}


def rows_of(works: list[Work]) -> list[dict[str, object]]:
    """What is known of the runs before they are made: one row a run and seed."""
    return [
        {
            **work.columns,
            "scenario": work.task.config["name"],
            "method": work.task.config["method"]["name"],
            "seed": seed,
            "folder": str(work.task.folder),
        }
        for work in works
        for seed in range(work.task.config["training"]["seeds"])
    ]


def terms_about_runs(exhibit: Exhibit) -> list[Term]:
    """The terms of all claims that do not ask for a piece of theory."""
    return [term for claim in exhibit.claims for term in claim.terms.values() if not THEORY & set(term.of)]


def test_every_exhibit_of_the_catalogue_is_there() -> None:
    assert set(shipped_exhibits()) == set(CATALOGUE)


def test_it_has_its_number_and_asks_a_question(exhibit: Exhibit) -> None:
    assert exhibit.number == CATALOGUE.index(exhibit.name) + 1
    assert exhibit.question.endswith("?")
    assert exhibit.reference
    assert 2 <= len(exhibit.claims) <= 6
    assert 2 <= exhibit.text.count(". ") + exhibit.text.count(".\n") <= 6


def test_titles_and_questions_are_all_different() -> None:
    exhibits = [read(name) for name in CATALOGUE]
    for texts in ([one.title for one in exhibits], [one.question for one in exhibits]):
        assert Counter(texts).most_common(1)[0][1] == 1


def test_every_run_has_eight_seeds(works: dict[str, list[Work]]) -> None:
    for name, group in works.items():
        judged = [work for work in group if (name, work.columns.get("group")) not in SHOWN_ALONE]
        assert all(work.task.config["training"]["seeds"] >= SEEDS for work in judged), name


def test_of_runs_that_are_only_shown_no_claim_is_made(works: dict[str, list[Work]]) -> None:
    for name, group in SHOWN_ALONE:
        rows = [row for row in rows_of(works[name]) if row.get("group") == group]
        assert rows
        for term in terms_about_runs(read(name)):
            assert not matching(term.of, rows), term


@pytest.mark.parametrize(
    "exhibit", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGEST)) for name in CATALOGUE], indirect=True
)
def test_quick_is_planned_with_fewer_seeds_and_steps(exhibit: Exhibit, works: dict[str, list[Work]]) -> None:
    quick, full = planned(exhibit, Path("runs"), quick=True), works[exhibit.name]
    assert len(quick) == len(full)
    for less, more in zip(quick, full, strict=True):
        few, many = less.task.config["training"], more.task.config["training"]
        assert (few["seeds"], few["steps"]) == (min(QUICK_SEEDS, many["seeds"]), round(many["steps"] / 4))
        begins = [work.task.config["method"]["head_start"] for work in (less, more)]
        assert begins[0] == round(begins[1] / 4)


def test_quick_looks_when_the_generator_may_move(works: dict[str, list[Work]]) -> None:
    """The claims on the flat sigmoid look at the step at which the head start ends, however short the run is."""
    exhibit = read("flat-sigmoid")
    for looked, quick in ((exhibit, False), (quickened(exhibit), True)):
        steps = {claim.value.at for claim in looked.claims if isinstance(claim.value.at, int)}
        starts = {work.task.config["method"]["head_start"] for work in planned(exhibit, Path("runs"), quick)}
        assert steps == starts == {50 if quick else 200}


def test_it_makes_runs_or_shows_theory_that_panels_and_claims_are_about(
    exhibit: Exhibit, works: dict[str, list[Work]]
) -> None:
    rows = rows_of(works[exhibit.name])
    for term in terms_about_runs(exhibit):
        assert matching(term.of, rows), term
    for panel in exhibit.panels:
        if not THEORY & set(panel.of):
            assert matching(panel.of, rows), panel


def test_a_claim_counted_by_seed_stands_against_one_row_a_seed(exhibit: Exhibit, works: dict[str, list[Work]]) -> None:
    rows = rows_of(works[exhibit.name])
    for claim in exhibit.claims:
        other = claim.over or claim.minus
        if other is None or claim.seeds is None:
            continue
        for row in matching(claim.value.of, rows):
            assert len(standing_against(row, matching(other.of, rows))) == 1, claim.says


def standing_against(row: dict[str, object], found: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows of the same seed, and of the same scenario and run where there is a choice."""
    for column in ("seed", "scenario", "group", "method"):
        if len(found) > 1:
            found = [other for other in found if other.get(column) == row.get(column)]
    return found


def test_every_claim_can_be_refuted(exhibit: Exhibit) -> None:
    for claim in exhibit.claims:
        assert refutable(claim), claim.says


def refutable(claim: Claim) -> bool:
    """Whether some outcome would not fulfil it: a bound is said, and no count of seeds that any outcome has."""
    return bool(claim.bounds) and claim.seeds not in ("0 of 8", "at most 8 of 8")


def test_the_matrix_goes_through_every_pair(works: dict[str, list[Work]]) -> None:
    from toygan.game.constraints import CONSTRAINTS

    pairs = [work.task.config["method"]["name"] for work in works["one-argument"]]
    plain = {method["objective"]["kind"] for method in METHODS.values()}  # the others are the zoo's
    assert sorted(pairs) == sorted(f"{one}+{other}" for one in plain for other in CONSTRAINTS)


def test_the_films_of_all_exhibits_fit_on_a_site(works: dict[str, list[Work]]) -> None:
    films = {
        (name, row["folder"])
        for name, group in works.items()
        for panel in read(name).panels
        if panel.kind == "films"
        for row in matching(panel.of, rows_of(group))
    }
    assert 23 <= len(films) <= MOST_FILMS
