"""Explanations: a claim's very condition judged in another setting, what the two differ in, and whether one argument decides."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from test_exhibits import FILE, written
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.exhibits import behind, judge, planned, read, shipped_exhibits
from toygan.exhibits.claims import Explained, Verdict
from toygan.exhibits.explained import Behind, Setting, chance, read_aloud, with_explanations
from toygan.exhibits.files import Exhibit
from toygan.exhibits.work import Work, columns_of
from toygan.files.mistakes import UserError

STEPS = """
[[explanations]]
claims = [1]
setting = "longer"
because = "the net has to learn first."
[[explanations.runs]]
scenarios = ["eight-gaussians"]
methods = ["gan", "mine"]
seeds = 3
set = { training.steps = 8, training.frames = 3, training.batch = 16, training.points = 60 }
grid = { critic.width = [8] }
"""
BOTH = (
    STEPS.replace('"longer"', '"longer, and larger batches"')
    .replace("steps = 8", "steps = 8, method.critic_rate = 0.5")
    .replace("batch = 16", "batch = 32")
)


def told(place: Path, text: str, here: float, *there: float) -> tuple[Verdict, tuple[Explained, ...]]:
    """The verdict on the claim that W1 is below 100 and its explanations, if W1 is `here` in every run, and elsewhere `there`."""
    exhibit = read(written(place, FILE + text))
    works, others = planned(exhibit, place), behind(exhibit, place)
    pieces = [Behind(own, rows_of(own, w1)) for own, w1 in zip(others, there, strict=True)]
    (found,) = with_explanations(exhibit, Behind(works, rows_of(works, here)), pieces)
    return found, found.explanations


def rows_of(works: list[Work], w1: float) -> list[dict[str, object]]:
    return [columns_of(work) | {"seed": seed, "status": "done", "w1": w1} for work in works for seed in range(3)]


LONGER = "training.steps = 8 in place of 4"
WHY = "because the net has to learn first."
VAIN = f"{LONGER} changes the numbers, and not the verdict. It was expected to, {WHY}"


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (200.0, 1.0, f"Holds there (6 of 6 seeds; W1: 1), not here: {LONGER} decides it, {WHY}"),
        (200.0, 300.0, f"Does not hold there either (0 of 6 seeds; W1: 300): {VAIN}"),
        (1.0, 300.0, "Does not hold there (0 of 6 seeds; W1: 300); here: held."),
        (1.0, 1.0, "Holds there (6 of 6 seeds; W1: 1); here: held."),
    ],
)  # fmt: skip
def test_words_follow_from_both_verdicts(here: float, there: float, words: str, tmp_path: Path) -> None:
    verdict, (found,) = told(tmp_path, STEPS, here, there)
    assert found.words == words
    assert (verdict.held, found.held) == (here < 100, there < 100)
    assert found.differs == (LONGER,)
    assert found.decides == (LONGER if "decides it, because" in words else "")


def test_an_argument_that_changes_nothing_does_not_decide(tmp_path: Path) -> None:
    _, (found,) = told(tmp_path, STEPS, 200.0, 200.0)
    assert found.words.startswith(f"Does not hold there either (0 of 6 seeds; W1: 200): {LONGER} does not decide it.")


def test_several_arguments_that_differ_do_not_decide(tmp_path: Path) -> None:
    _, (found,) = told(tmp_path, BOTH, 200.0, 1.0)
    assert not found.decides
    assert "not here: 3 arguments make the difference together (" in found.words
    assert "training.batch = 32 in place of 16" in found.words


def test_one_argument_decides_where_the_setting_that_has_the_others_fails(tmp_path: Path) -> None:
    less = BOTH.replace("longer, and larger batches", "without the batch").replace("batch = 32", "batch = 16")
    _, (first, second) = told(tmp_path, less + BOTH, 200.0, 300.0, 1.0)
    assert first.held is False
    assert second.decides == "training.batch = 32 in place of 16"
    assert 'not in the setting "without the batch": training.batch = 32' in second.words


def test_what_chance_does_as_well_is_not_said_to_decide(tmp_path: Path) -> None:
    """Two rows of six above the bound here and none there: too near to each other to speak of a cause."""
    exhibit = read(written(tmp_path, FILE + STEPS))
    works, (own,) = planned(exhibit, tmp_path), behind(exhibit, tmp_path)
    near, there = ([row | {"w1": w1 + 2 * row["seed"]} for row in rows_of(some, w1)]
                   for some, w1 in ((works, 97.0), (own, 95.5)))  # fmt: skip
    verdict = judge(exhibit.claims[0], near)
    ((found,),) = [one.explanations for one in with_explanations(exhibit, Behind(works, near), [Behind(own, there)])]
    assert (verdict.held, found.held, found.decides) == (False, True, "")
    assert "as much is left to chance (p = 0." in found.words
    assert f"{LONGER} is not shown to decide it" in found.words


def test_where_a_row_has_no_number_what_it_fulfils_is_compared() -> None:
    verdict = Verdict("so", True, "")
    here = Setting("", {}, verdict, [(None, False)] * 4 + [(9.0, False)] * 4)
    low, high = (Setting("", {}, verdict, [(value, True)] * 8) for value in (1.0, 99.0))
    assert chance(here, low) == chance(here, high) < 0.01
    assert chance(low, low) == 1.0
    assert chance(here, here._replace(numbers=())) == 0.0


def test_runs_that_are_left_out_are_told(tmp_path: Path) -> None:
    some = STEPS.replace("steps = 8", "steps = 4").replace('methods = ["gan", "mine"]', 'methods = ["mine"]')
    _, (found,) = told(tmp_path, some, 200.0, 1.0)
    assert found.differs == ("method = mine in place of gan, mine",)
    assert found.decides == found.differs[0]


def test_a_part_of_another_kind_is_one_argument(tmp_path: Path) -> None:
    swiss = STEPS.replace("steps = 8", 'steps = 4, target = { kind = "swiss-roll" }')
    _, (found,) = told(tmp_path, swiss, 200.0, 1.0)
    assert len(found.differs) == 1
    assert found.differs[0].startswith("target = swiss-roll (")
    assert " in place of ring (modes = 8, " in found.differs[0]
    assert not re.search(r"\d\.\d{7}", found.differs[0])  # scale = 0.707214 and not its sixteen digits


def test_options_that_two_kinds_share_are_arguments_of_their_own(tmp_path: Path) -> None:
    """An autoencoder of another depth than the net whose place it takes differs from it in two ways."""
    critic = STEPS.replace("steps = 8", 'steps = 4, critic = { kind = "autoencoder", code = 1, width = 8 }').replace(
        "\ngrid = { critic.width = [8] }", ""
    ).replace("\n[[explanations.runs]]", "\nvalue = {}\n[[explanations.runs]]")  # fmt: skip
    _, (found,) = told(tmp_path, critic, 200.0, 1.0)
    assert any(one.startswith("critic = autoencoder (code = 1) in place of mlp (") for one in found.differs)
    assert "critic.depth = 2 in place of 3" in found.differs
    assert not found.decides


def test_a_critic_that_the_method_names_is_the_one_that_plays() -> None:
    """A method's own kind of critic stands in the place of the scenario's, with the scenario's depth and a code of its own."""
    exhibit = read("energy-margin")
    told = [words for claim, words in read_aloud(exhibit, Path("runs")).items() if claim.startswith("claim 3")]
    assert [words.partition("; where ")[2] for words in told] == ["critic.code = 8 in place of 2"]


def test_more_seeds_are_an_argument_and_frames_are_none(tmp_path: Path) -> None:
    more = STEPS.replace("steps = 8, training.frames = 3", "steps = 4, training.frames = 4").replace(
        "seeds = 3", "seeds = 5"
    )
    _, (found,) = told(tmp_path, more, 200.0, 1.0)
    assert found.differs == ("training.seeds = 5 in place of 3",)


def test_other_columns_may_choose_the_runs(tmp_path: Path) -> None:
    wider = (
        STEPS.replace("[8]", "[32]")
        .replace("steps = 8", "steps = 4")
        .replace("\n[[explanations.runs]]", '\nvalue = { "critic.width" = 32 }\n[[explanations.runs]]')
    )
    _, (found,) = told(tmp_path, wider, 200.0, 1.0)
    assert found.decides == "critic.width = 32 in place of 8"


MISTAKES = {
    "there is no claim 2": ("claims = [1]", "claims = [2]"),
    "has no such term": ('setting = "longer"', 'setting = "longer"\nover = { method = "gan" }'),
    "is no column": ('setting = "longer"', 'setting = "longer"\nvalue = { methud = "gan" }'),
    "becuase": ("because =", "becuase ="),
    "has an explanation of this name already": ("[1]", "[1, 1]"),
    "no shipped scenario has this name": ('scenarios = ["eight-gaussians"]', 'scenarios = ["eight-gaussian"]'),
    "claim 1 in this setting asks for 8": ("[8]", "[9]"),
    "training.stepz": ("training.steps = 8", "training.stepz = 8"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_is_one_clear_message(message: str, tmp_path: Path) -> None:
    right, wrong = MISTAKES[message]
    path = written(tmp_path, FILE + STEPS.replace(right, wrong, 1))
    with pytest.raises(UserError, match=message.replace(".", r"\.")) as error:
        behind(read(path), tmp_path)
    assert "small.toml" in str(error.value)


def test_the_command_plays_judges_tells_and_shows_explanations(tmp_path: Path, no_processes: None) -> None:
    text = FILE.replace("below = 100", "above = 100") + STEPS
    path, runs, out = written(tmp_path, text), str(tmp_path / "runs"), str(tmp_path / "out")
    ran = CliRunner().invoke(app, ["demo", path, "--runs", runs, "--out", out, "--workers", "1"])
    words = " ".join(ran.stdout.split())
    assert ran.exit_code == 0, ran.output
    assert "longer: Does not hold there either (0 of 6 seeds" in words
    assert f"{LONGER} does not decide it" in words or f"{LONGER} changes the numbers, and not the verdict" in words
    page = (tmp_path / "out/exhibits/small.html").read_text()
    assert '<ul class="elsewhere"><li><strong>longer</strong>: Does not hold there either' in page


# --- the shipped ones ---------------------------------------------------------------------------------------------------

EXPLAINED = [exhibit for exhibit in map(read, shipped_exhibits()) if exhibit.explanations]


@pytest.mark.parametrize("exhibit", EXPLAINED, ids=lambda one: one.name)
def test_every_explanation_asks_the_claims_own_condition_of_enough_seeds(exhibit: Exhibit) -> None:
    """Nothing but the runs that a term is about may change: a condition of its own could be turned upside down unseen."""
    assert {key for one in exhibit.explanations for key in type(one).model_fields} == {
        "claims", "setting", "because", "runs", "value", "over", "minus",
    }  # fmt: skip
    for one in exhibit.explanations:
        for number in one.claims:
            claim = exhibit.claims[number - 1]
            kept = {key: term.model_copy(update={"of": {}}) for key, term in claim.terms.items()}
            asked = one.asked(claim)
            assert asked.model_copy(update=kept) == claim.model_copy(update=kept)
    for own in behind(exhibit, Path("runs")):
        assert all(work.task.config["training"]["seeds"] >= 8 for work in own)


@pytest.mark.parametrize("exhibit", EXPLAINED, ids=lambda one: one.name)
def test_every_explanation_is_read_aloud_with_what_it_changes(exhibit: Exhibit) -> None:
    told = read_aloud(exhibit, Path("runs"))
    assert len(told) == sum(len(one.claims) for one in exhibit.explanations)
    assert all(" in place of " in words for words in told.values()), told


def test_no_reason_says_a_verdict() -> None:
    """Verdicts are computed: a reason says what is expected and why, for it is told whichever way the runs went."""
    for exhibit in EXPLAINED:
        for one in exhibit.explanations:
            assert not any(word in one.because for word in ("holds ", " held ", "did not", "decide"))
            assert one.because.endswith(".")


def test_show_reads_explanations_aloud() -> None:
    exhibit = EXPLAINED[0]
    shown = " ".join(CliRunner().invoke(app, ["show", exhibit.name]).output.split())
    assert f"in the setting {exhibit.explanations[0].setting}:" in shown


def test_the_page_of_the_gallery_counts_what_is_known_of_failures() -> None:
    spec = importlib.util.spec_from_file_location("page", README.parent.parent / "docs" / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)

    def one(*explanations: Explained) -> Verdict:
        return Verdict("so", False, "0 of 8 seeds", explanations=explanations)

    alone, many = Explained("a", True, "n", ("x",), "x", "w"), Explained("b", True, "n", ("x", "y"), "", "w")
    nor, lost = Explained("c", False, "n", ("x",), "", "w"), Explained("d", None, "n", (), "", "w")
    failed = [one(), one(lost), one(nor), one(nor, many), one(many, alone)]
    assert [page.fate(verdict) for verdict in failed] == [
        page.UNTOLD, page.UNTOLD, page.NOWHERE, page.ELSEWHERE, page.DECIDED,
    ]  # fmt: skip
    assert page.said_of_failures(failed).startswith("Of the 5 claims that did not hold 3 are explained")
    assert page.lines_of(one(alone)) == ["- **did not hold**: so *(0 of 8 seeds)*", "    - *a*: w"]


README = Path(__file__).parent.parent / "gallery" / "README.md"


@pytest.mark.parametrize("name", shipped_exhibits())
def test_the_page_of_the_gallery_has_the_words_of_every_exhibit_as_they_are(name: str) -> None:
    """Where they were changed since it was written, `python docs/gallery.py` mends it."""
    page, exhibit = words_of(README.read_text()), read(name)
    claimed = [claim.says for claim in exhibit.claims]
    settings = [one.setting for one in exhibit.explanations]
    said = [exhibit.question, exhibit.text, exhibit.reference, *claimed, *settings]
    assert [words for words in map(words_of, said) if words not in page] == []


def words_of(text: str) -> str:
    """A text in one line, however it was broken."""
    return " ".join(text.split())


UNEXPLAINED: dict[
    str, set[int]
] = {}  # claims that did not hold and of which no run is known yet: none may be forgotten


def test_every_claim_that_did_not_hold_is_explained() -> None:
    """The page of the gallery says which did not hold; what has no explanation is named here, and what has one is not."""
    failed = {
        line.partition(": ")[2].rpartition(" *(")[0]
        for line in README.read_text().splitlines()
        if line.startswith(LOUD)
    }
    missing: dict[str, set[int]] = {}
    for exhibit in map(read, shipped_exhibits()):
        about = {number for one in exhibit.explanations for number in one.claims}
        for i, claim in enumerate(exhibit.claims, 1):
            if claim.says in failed and i not in about:
                missing.setdefault(exhibit.name, set()).add(i)
        assert not about & UNEXPLAINED.get(exhibit.name, set())
    left = {(name, i) for name, found in missing.items() for i in found - UNEXPLAINED.get(name, set())}
    assert left == set()


LOUD = "- **did not hold**: "
