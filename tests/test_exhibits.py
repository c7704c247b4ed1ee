"""Exhibits: their files are read strictly, their claims are judged by the numbers, their runs are shared and kept."""

import json
import math
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from conftest import AtOnce, undrawn
from PIL import Image
from pydantic import ValidationError
from scipy.stats import spearmanr
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.exhibits import behind, claims, files, judge, planned, read
from toygan.exhibits.claims import enough, fits, number_of
from toygan.exhibits.files import Claim, Term
from toygan.exhibits.show import run_labels, run_rows, short_settings, showing
from toygan.exhibits.theory import bounds_by_noise, phase_portraits, theory_columns, theory_rows
from toygan.exhibits.work import as_found, fingerprint, is_there, quickened, tasks_of
from toygan.files import scenario
from toygan.files.config import as_data
from toygan.files.mistakes import UserError
from toygan.files.strict import key_lines
from toygan.many import sweep
from toygan.many.executors import Local
from toygan.quantities.diagnosis import RULES
from toygan.quantities.rhythm import period
from toygan.session import folder as folders
from toygan.session.facts import FACTS

FILE = """
title = "Small"
question = "Does it run?"
text = "Look at the points."

[[runs]]
name = "short"
scenarios = ["eight-gaussians"]
methods = ["gan", "mine"]
seeds = 3
set = { training.steps = 4, training.frames = 3, training.batch = 16, training.points = 60 }
grid = { critic.width = [8, 16] }

[methods.mine]
objective = "hinge"
constraint = { kind = "r1", weight = 0.5 }

[[panels]]
kind = "ends"
measure = "w1"

[[claims]]
says = "Everything is finite."
value = { of = { "critic.width" = 8 }, measure = "w1" }
below = 100
seeds = "all"
"""

THEORY = """
title = "Theory"
question = "What can be known without training?"
text = "Numbers."

[[distances]]
name = "shift"
a = "shifted-lines"
b = "shifted-lines"
over = "target.shift=0:1:3"

[[phases]]
name = "rest"
methods = ["ns-gan", "ns-gan-r1"]
updates = ["simultaneous", "alternating"]
set = { "training.steps" = 60 }

[[plans]]
name = "equal"
a = [1, 1, 1, 2, 3, 3]
b = [7, 8, 9, 9, 10, 10]

[[plans]]
name = "crossed"
a = [4, 6]
b = [3, 7]

[[bounds]]
name = "noise"
stds = [0.1, 0.5, 2.0]

[[panels]]
kind = "plan"
of = { plans = "equal" }

[[claims]]
says = "Every plan for these boxes costs 42."
value = { of = { plans = "equal" }, measure = "best" }
equals = 42
"""


def written(folder: Path, text: str, name: str = "small") -> str:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def theory(tmp_path_factory) -> tuple[files.Exhibit, list[dict[str, object]]]:
    """The exhibit of theory, and its rows."""
    exhibit = read(written(tmp_path_factory.mktemp("theory"), THEORY))
    return exhibit, theory_rows(exhibit, phase_portraits(exhibit))


# --- files -----------------------------------------------------------------------------------------------------------

MISTAKES = {
    'measure = "w1"\n\n[[claims]]': ('measuer = "w1"\n\n[[claims]]', "measuer"),
    'measure = "w1" }': ('measure = "w11" }', "w11"),
    '"critic.width" = 8': ('"critic.widht" = 8', "critic.widht"),
    'seeds = "all"': ('seeds = "9 of 8"', "more than all"),
    "below = 100": ("", "no condition"),
    'kind = "ends"\nmeasure = "w1"': ('kind = "ends"\nmeasure = ""', "unknown"),
    "seeds = 3\nset = {": ("set = { training.seeds = 3,", "belongs to the group"),
    'kind = "ends"': ('kind = "pie"', "pie"),
    'question = "Does it run?"': ("", "question"),
    "measure = \"w1\" }\nbelow = 100": ('label = "collapse" }', "collapse"),
}  # fmt: skip


@pytest.mark.parametrize("right", MISTAKES)
def test_a_mistake_is_one_clear_message(right, tmp_path):
    wrong, word = MISTAKES[right]
    assert right in FILE
    path = written(tmp_path, FILE.replace(right, wrong))
    with pytest.raises(UserError, match=word) as error:
        read(path)
    assert "small.toml" in str(error.value)


def complaint(text, folder):
    """What is said of a file before anything is run."""
    with pytest.raises(UserError) as error:
        planned(read(written(folder, text)), folder)
    return str(error.value)


# What stands in the file instead of what, and how the message begins and what else it says; `FILE` is its path.
SECOND = '[[claims]]\nsays = "Second."\nvalue = { measure = "w1" }\nbelwo = 1\n'
EXPLAINED = {
    "a bound that is no number": ("below = 100", "below = nan", "FILE, line 25: claims[0].below = nan: must be a number"),
    "a bound for everything": ("below = 100", "below = inf", "line 25: claims[0].below = inf: every number fulfils it"),
    "a bound for nothing": ("below = 100", "above = inf", "line 25: claims[0].above = inf: no number fulfils it"),
    "bounds that exclude each other": (
        "below = 100", "below = 100\nabove = 100", "line 22: claims[0]: no number keeps to above and below",
    ),
    "bounds that exclude a value": (
        "below = 100", "below = 100\nequals = 101\nwithin = 1", "line 22: claims[0]: no number keeps to below and equals",
    ),
    "a value of no run": (
        '"critic.width" = 8', '"critic.width" = 9',
        'FILE, line 24: claims[0].value.of.critic.width = 9: the claim "Everything is finite." asks for 9, which no run',
        "legal values: 8, 16",
    ),
    "a word of no run": (
        '{ "critic.width" = 8 }', '{ method = "wgn" }', 'line 24: claims[0].value.of.method = "wgn"', "gan, mine",
    ),
    "a seed of no run": ('{ "critic.width" = 8 }', "{ seed = 3 }", "legal values: 0, 1, 2"),
    "a column of no row": ('"critic.width" = 8', 'seed = 0, std = 1', "claims[0].value.of.std = 1", "no row has this column"),
    "a panel of no run": (
        'measure = "w1"\n\n', 'title = "T"\nof = { method = "x" }\n\n', 'the panel "T"', "legal values: gan, mine",
    ),
    "a panel of no theory": (
        '"ends"', '"phases"', 'line 19: panels[0].kind = "phases": the panel "phases" has', "needs [[phases]]",
    ),
    "an unknown setting": (
        "training.batch = 16", "training.bach = 16", "FILE, line 11: runs[0].set.training.bach = 16: unknown key\n", '"batch"',
    ),
    "a wrong setting": ("training.batch = 16", "training.batch = 0", "FILE, line 11: runs[0].set.training.batch = 0: must be"),
    "a wrong value of a grid": ("[8, 16]", '[8, "x"]', 'FILE, line 12: runs[0].grid.critic.width = "x": must be an integer'),
    "a grid of no list": ("[8, 16]", "8", "FILE, line 12: runs[0].grid.critic.width = 8: must be a list", "[64, 256]"),
    "a grid of a table": ("{ critic.width = [8, 16] }", '{ critic.width = [8], method.constraint = [{ kind = "r9" }] }',
                          'FILE, line 12: runs[0].grid.method.constraint.kind = "r9": not one'),
    "an unknown method": ('"gan", ', '"gna", ', 'FILE, line 9: runs[0].methods: "gna": unknown\n', '"gan"'),
    "an unknown scenario": ('"eight-gaussians"', '"nine"', "FILE, line 8: runs[0].scenarios: scenario 'nine': no shipped"),
    "a wrong own method": (
        "weight = 0.5", "wieght = 0.5", "FILE, line 16: methods.mine.constraint.wieght = 0.5: unknown", '"weight"',
    ),
    "an own method with too little": ('objective = "hinge"\n', "", "FILE, line 14: methods.mine.objective: this key is missing"),
    "an own method that fits not": ('"hinge"', '"hinge"\npack = 3', "FILE, line 16: methods.mine.pack = 3: a batch of 16 cannot"),
    "no count of seeds": ('"all"', '"7 of 0"', 'line 26: claims[0].seeds = "7 of 0": must say how many seeds', '"7 of 8"'),
    "seeds after seeds": ('"all"', '"2 of 8 seeds"', 'claims[0].seeds = "2 of 8 seeds": must say how many', '"7 of 8"'),
    "a word for a list": ('["gan", "mine"]', '"gan"', 'runs[0].methods = "gan": must be a list', 'for example ["gan"]'),
    "a step that no run has": ('"w1" }', f'"w1", at = 1{"0" * 18} }}', "claims[0].value.at = 1000", "is no step"),
    "no such moment": ('"w1" }', '"w1", at = "mid" }', 'claims[0].value.at = "mid"', 'did you mean "min"?', "late, period"),
    "the second claim": (
        'seeds = "all"\n', f'seeds = "all"\n{SECOND}', "FILE, line 30: claims[1].belwo = 1: unknown key\n    belwo = 1\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_mistake_is_told_once_where_it_stands(name, tmp_path):
    right, wrong, *expected = EXPLAINED[name]
    assert right in FILE
    text = complaint(FILE.replace(right, wrong), tmp_path)
    path = str(tmp_path / "small.toml")
    assert text.startswith(path)
    assert text.count(path) == 1, text
    assert "--" not in text
    assert "{'" not in text
    assert [words for words in expected if words.replace("FILE", path) not in text] == [], text


def test_what_no_run_has_together_is_refused(tmp_path):
    other = '[[runs]]\nname = "other"\nscenarios = ["two-moons"]\n\n[methods.mine]'
    text = FILE.replace("[methods.mine]", other).replace(
        '{ "critic.width" = 8 }', '{ group = "other", "critic.width" = 8 }'
    )
    said = complaint(text, tmp_path)
    assert "claims[0].value.of: the claim" in said
    assert "no run or piece of theory here has together" in said


WRONG_THEORY = {
    "over": ("target.shift=0:1:3", "target.shft=0:1:3", "line 10: distances[0].over: target.shft", '"shift"'),
    "no sweep": ("target.shift=0:1:3", "target.shift", "line 10: distances[0].over = ", "for example target.shift=-1:1:21"),
    "rule": ('"alternating"]', '"sideways"]', 'line 15: phases[0].updates: "sideways": not one of', "alternating"),
    "method": ('"ns-gan-r1"]', '"nsgan"]', 'line 14: phases[0].methods: "nsgan": unknown', '"ns-gan"'),
    "twins": ('"crossed"', '"equal"', 'line 24: plans[1].name = "equal": another of [[plans]]'),
    "a piece that is not": (
        'plans = "equal" }, m', 'plans = "eqal" }, m', 'line 38: claims[0].value.of.plans = "eqal"', '"equal"',
    ),
    "a panel of it": ('of = { plans = "equal" }\n', 'of = { plans = "x" }\n', 'panels[0].of.plans = "x"', "equal, crossed"),
    "no runs": ('kind = "plan"', 'kind = "films"', 'panels[0].kind = "films": the panel "films" has nothing', "[[runs]]"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_THEORY)
def test_a_mistake_in_theory_is_told_where_it_stands(name, tmp_path):
    right, wrong, *expected = WRONG_THEORY[name]
    assert right in THEORY
    text = complaint(THEORY.replace(right, wrong), tmp_path)
    assert text.startswith(f"{tmp_path / 'small.toml'}, line ")
    assert "--" not in text
    assert [words for words in expected if words not in text] == [], text


def test_what_is_planned_of_theory_is_what_its_rows_are_chosen_by(theory):
    exhibit, rows = theory
    assert [
        {key: row[key] for key in columns} for row, columns in zip(rows, theory_columns(exhibit), strict=True)
    ] == list(theory_columns(exhibit))


@pytest.mark.parametrize("bound", [{"at_least": math.inf}, {"equals": -math.inf}, {"below": math.inf}])
def test_infinite_bounds_stay_where_a_number_may_be_infinite(bound):
    between = {"of": {"distances": "lines"}, "measure": "kl"}
    assert Claim.model_validate({"says": "so", "value": between} | bound).bounds == bound


@pytest.mark.parametrize("bound", [{"below": math.inf}, {"at_most": -math.inf}])
def test_infinite_bounds_are_refused_where_they_judge_nothing(bound):
    with pytest.raises(ValidationError, match="number fulfils it"):
        Claim.model_validate({"says": "so", "value": {"of": {"method": "gan"}, "measure": "kl"}} | bound)


@pytest.mark.parametrize("more", [{"reaches": 0.5}, {"along": "w1"}])
def test_what_is_about_a_whole_curve_has_no_moment(more):
    with pytest.raises(ValidationError, match="leave at out"):
        Term.model_validate({"measure": "critic_value", "at": 500} | more)


def test_moments_are_the_same_in_files_and_claims():
    assert set(claims.MOMENTS) == set(files.MOMENTS)


@pytest.mark.parametrize("change", ["nosuch", "hinge+nosuch"])
def test_a_run_that_cannot_be_is_refused_before_anything_starts(change, tmp_path):
    exhibit = read(written(tmp_path, FILE.replace('"gan"', f'"{change}"')))
    with pytest.raises(UserError, match="nosuch"):
        planned(exhibit, tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "small.toml"]


def test_every_shipped_file_is_inside_the_wheel():
    root = Path(__file__).parent.parent
    wheel = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    assert wheel["sources"] == {
        "scenarios": "toygan/scenarios",
        "gallery": "toygan/exhibits/shipped",
        "protocols": "toygan/exhibits/published",
    }
    assert {"toygan", *wheel["sources"]} == set(wheel["only-include"])
    kept = {path for folder in wheel["sources"] for path in (root / folder).iterdir()}
    kept -= {root / path for path in wheel["exclude"]}
    assert {path.suffix for path in kept} == {".toml", ".csv", ".png", ".json"}  # the floors among them


def test_lines_are_counted_through_arrays_of_tables():
    text = "[[a]]\nx = 1\n[a.b]\ny = [\n[0, 1]\n]\n[[a]]\nx = 2\n[a.b]\ny = 3\n[[a.c]]\nz = 1\n[[a.c]]\nz = 2\n"
    lines = key_lines(text)
    assert [lines["a", i, "x"] for i in (0, 1)] == [2, 8]
    assert [lines["a", i, "b", "y"] for i in (0, 1)] == [4, 10]
    assert [lines["a", 1, "c", i, "z"] for i in (0, 1)] == [12, 14]
    assert (lines["a",], lines["a", 1]) == (1, 7)


def test_values_over_several_lines_hold_no_tables_and_no_keys():
    lines = key_lines('a = [\n["x"],  # [\n["]"]\n]\nb = { c = [\n1] }\n[t]\nd = 1\n')
    assert lines == {("a",): 1, ("b",): 5, ("t",): 7, ("t", "d"): 8}


def test_the_documentation_lists_every_label():
    text = (Path(__file__).parent.parent / "docs" / "exhibits.md").read_text(encoding="utf-8")
    listed = text.partition("The labels: ")[2].partition(".\n")[0]
    assert re.findall("`([^`]+)`", listed) == [label for label, *_ in RULES]


# --- runs ------------------------------------------------------------------------------------------------------------


def test_runs_are_combinations_in_folders_named_by_their_configs(tmp_path):
    exhibit = read(written(tmp_path, FILE))
    works = planned(exhibit, tmp_path)
    assert [work.columns for work in works] == [
        {"group": "short", "critic.width": width} for _ in ("gan", "mine") for width in (8, 16)
    ]
    assert len({work.task.folder for work in works}) == 4
    assert planned(exhibit, tmp_path) == works
    mine = works[2].task.config["method"]
    assert (mine["objective"]["kind"], mine["constraint"]["weight"]) == ("hinge", 0.5)


def test_other_words_do_not_ask_for_another_run():
    """What a method is said to show may be mended without playing its runs again."""
    config = scenario.read("eight-gaussians", "gan", [])
    said = config.model_copy(update={"method": config.method.model_copy(update={"look_for": "Look elsewhere."})})
    assert fingerprint(said) == fingerprint(config)
    assert fingerprint(scenario.read("eight-gaussians", "gan", ["method.critic_steps=2"])) != fingerprint(config)


def test_quick_has_fewer_seeds_and_steps(tmp_path):
    work, *_ = planned(read(written(tmp_path, FILE)), tmp_path, quick=True)
    assert (work.task.config["training"]["seeds"], work.task.config["training"]["steps"]) == (2, 1)


def test_quick_asks_at_a_quarter_of_the_step(tmp_path):
    exhibit = quickened(read(written(tmp_path, FILE.replace('"w1" }', '"w1", at = 4 }'))))
    assert [claim.value.at for claim in exhibit.claims] == [1]


def test_quick_shortens_the_bounds_of_periods_too(tmp_path):
    claim = 'value = { of = { "critic.width" = 8 }, measure = "centre_x", at = "period" }\nequals = 400\nwithin = 40'
    exhibit = read(
        written(tmp_path, FILE.replace('value = { of = { "critic.width" = 8 }, measure = "w1" }\nbelow = 100', claim))
    )
    assert exhibit.claims[0].bounds == {"equals": 400}
    quick = quickened(exhibit).claims[0]
    assert (quick.bounds, quick.within) == ({"equals": 100}, 10)


def test_runs_that_differ_in_unnamed_settings_are_numbered():
    rows = [{"scenario": "s", "method": "m", "folder": folder, "seed": seed} for folder in "ab" for seed in (0, 1)]
    assert run_labels(rows) == ["m, 1", "m, 1", "m, 2", "m, 2"]
    assert run_labels(rows[:2]) == ["m", "m"]
    assert run_labels([rows[0] | {"group": "x"}, rows[2]]) == ["x", "m"]


def labels_of(*rows):
    """What runs of some groups, methods and settings are called."""
    keys = ("group", "method", "short_settings", "folder")
    return run_labels([dict(zip(keys, (*row, str(i)), strict=True)) for i, row in enumerate(rows)])


def test_a_group_of_one_method_is_called_by_its_own_name():
    assert labels_of(("plain", "ns-gan", ""), ("soft labels", "ns-gan-smooth", ""), ("leaky", "ns-gan", "")) == [
        "plain", "soft labels", "leaky"]  # fmt: skip
    assert labels_of(("clip", "wgan", "bound 0.1"), ("clip", "wgan", "bound 1"), ("penalty", "wgan-gp", "")) == [
        "clip, bound 0.1", "clip, bound 1", "penalty"]  # fmt: skip
    assert labels_of(("margin", "ebgan", "margin 1"), ("margin", "ebgan", "margin 50"), ("plain", "ebgan", "")) == [
        "margin 1", "margin 50", "plain"]  # fmt: skip
    assert labels_of(("fast", "gan", ""), ("fast", "gan-r1", ""), ("slow", "gan", "")) == [
        "gan, fast", "gan-r1, fast", "gan, slow"]  # fmt: skip


def test_settings_are_written_as_people_write_them():
    assert short_settings({"method.constraint.weight": 10.0, "training.pack": True}) == "weight 10, pack on"


# --- claims ----------------------------------------------------------------------------------------------------------

STEPS = [0, 10, 20, 30, 40]
CURVES = {
    0: {"w1": [5.0, 4.0, 3.0, 2.0, 1.0], "critic_value": [9.0, 7.0, 8.0, 2.0, 1.0]},
    1: {"w1": [5.0, 5.0, 4.0, 4.0, None], "critic_value": [1.0, 2.0, 3.0, 4.0, 5.0]},
}


NO_MORE = {"format": 1, "scenario": "s", "method": "m", "status": "done", "config": {}, "summary": {}}


def run_folder(place: Path, method: str, labels: dict[int, list[str]]) -> list[dict]:
    """A made-up run of two seeds and its rows; the second seed has no final W1."""
    folder = place / method
    folder.mkdir(parents=True)
    events = [
        {"step": 0, "seed": seed, "label": label, "evidence": ""} for seed, own in labels.items() for label in own
    ]
    facts = {"events": events, "seconds": {"train": 8.0}, "seeds": [0, 1], "step": 40, "steps": 40} | NO_MORE
    (folder / "run.json").write_text(json.dumps(facts))
    lines = [
        {"step": step, "seed": seed} | {name: values[t] for name, values in curves.items()} | {"w1_floor": 2.0}
        for t, step in enumerate(STEPS)
        for seed, curves in CURVES.items()
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ends = {0: 1.5, 1: None}
    return [
        {"scenario": "s", "method": method, "seed": seed, "status": "done", "w1": ends[seed], "folder": str(folder)}
        for seed in (0, 1)
    ]


@pytest.fixture
def rows(tmp_path):
    return run_folder(tmp_path, "good", {0: ["converged"], 1: []}) + run_folder(tmp_path, "bad", {0: [], 1: []})


def verdict(rows, **claim):
    return judge(Claim.model_validate({"says": "so"} | claim), rows)


GOOD = {"of": {"method": "good"}}
JUDGED = {
    "a final value, seed by seed": ({"value": GOOD | {"measure": "w1"}, "below": 2, "seeds": "1 of 2"}, True),
    "a seed without a value does not count": ({"value": GOOD | {"measure": "w1"}, "below": 9, "seeds": "all"}, False),
    "a median of too few": ({"value": GOOD | {"measure": "w1"}, "equals": 1.5}, None),
    "a median": ({"value": GOOD | {"measure": "w1", "at": "min"}, "equals": 2.5}, True),
    "a label": ({"value": GOOD | {"label": "converged"}, "seeds": "1 of 2"}, True),
    "a label that nobody has": ({"value": {"of": {"method": "bad"}, "label": "converged"}, "seeds": "none"}, True),
    "at most": ({"value": GOOD | {"label": "converged"}, "seeds": "at most 0 of 8"}, False),
    "a moment": ({"value": GOOD | {"measure": "w1", "at": "max"}, "equals": 5, "seeds": "all"}, True),
    "a step": ({"value": GOOD | {"measure": "w1", "at": 21}, "equals": 3.5, "within": 0.5, "seeds": "all"}, True),
    "over the floor": ({"value": GOOD | {"measure": "w1_over_floor", "at": "start"}, "equals": 2.5}, True),
    "a ratio by seed": (
        {"value": GOOD | {"measure": "w1", "at": "min"},
         "over": {"of": {"method": "bad"}, "measure": "w1", "at": "start"}, "at_most": 0.2, "seeds": "1 of 2"}, True,
    ),
    "a difference of medians": (
        {"value": GOOD | {"measure": "w1", "at": "start"}, "minus": GOOD | {"measure": "w1", "at": "min"}, "equals": 2.5}, True,
    ),
    "a rank correlation": (
        {"value": GOOD | {"measure": "critic_value", "along": "w1"}, "above": 0.89, "seeds": "1 of 2"}, True,
    ),
    "seconds until": ({"value": GOOD | {"measure": "w1", "reaches": 3.0}, "equals": 2.0, "seeds": "1 of 2"}, True),
    "never reached": ({"value": GOOD | {"measure": "w1", "reaches": 0.5}, "below": 1e9, "seeds": "1 of 2"}, False),
    "nothing to judge": ({"value": {"of": {"method": "other"}, "measure": "w1"}, "below": 1}, None),
    "no such curve": ({"value": GOOD | {"measure": "modes"}, "below": 1}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", JUDGED)
def test_claims_are_judged_by_the_numbers(name, rows):
    claim, held = JUDGED[name]
    found = verdict(rows, **claim)
    assert found.held is held, found.numbers
    assert found.numbers


def test_a_number_is_told_on_the_side_of_the_bound_on_which_it_was_judged(tmp_path):
    just_below, just_above = (one_curve(tmp_path / name, "w1", [1.0, value]) for name, value in NEAR.items())
    held, missed = (
        verdict(found, value={"measure": "w1", "at": "min"}, **more)
        for found, more in ((just_below, {"below": 0.5}), (just_above, {"at_most": 0.5, "seeds": "1 of 2"}))
    )
    assert (held.held, held.numbers) == (True, "smallest W1: 0.4999999")
    assert (missed.held, missed.numbers) == (False, "0 of 2 seeds, asked: 1 of 2; smallest W1: 0.5000001")
    goal = {"measure": "w1", "reaches": 0.1}
    assert verdict(just_below, value=goal, at_most=9).numbers == "core-seconds until W1 is 0.1: never"


NEAR = {"below": 0.4999999, "above": 0.5000001}


def test_every_value_may_be_held_against_one_that_is_named(rows):
    """For each method by itself, over W1 of the bad one: the bad one itself stands against itself."""
    start = {"measure": "w1", "at": "start"}
    claim = {"value": start, "over": start | {"of": {"method": "bad"}}, "each": "method", "equals": 1}
    assert verdict(rows, **claim, seeds="all").held
    assert verdict(rows, **claim).held
    found = verdict(rows, **claim | {"value": {"measure": "w1", "at": "min"}})
    assert ["good: " in found.numbers, "bad: " in found.numbers, found.held] == [True, True, False]


def test_the_correlation_is_spearmans(rows):
    expected = spearmanr(CURVES[0]["critic_value"], CURVES[0]["w1"]).statistic
    found = verdict(rows[:1], value=GOOD | {"measure": "critic_value", "along": "w1"}, equals=expected, within=1e-12)
    assert found.held


def test_a_run_that_did_not_end_is_not_judged(rows):
    rows = [row | {"status": "failed"} if row["seed"] else row for row in rows]
    found = verdict(rows, value=GOOD | {"measure": "w1"}, below=9)
    assert (found.held, found.numbers) == (None, "1 of 2 seeds did not end")


INF = math.inf


@pytest.mark.parametrize("other", [{"over": {"measure": "kl"}, "equals": 1}, {"minus": {"measure": "kl"}, "equals": 0}])
def test_infinity_less_or_over_infinity_is_no_number(other):
    claim = {"value": {"measure": "kl"}} | other
    assert verdict([{"kl": INF}], **claim, within=0.1).held is None
    assert verdict([{"kl": INF}], value={"measure": "kl"}, equals=INF).held


def test_a_diverged_seed_fulfils_nothing(rows):
    rows = [row | {"status": "diverged", "modes": 0, "w1": 1e9} for row in rows]
    for measure, bound in (("modes", {"below": 8}), ("w1", {"above": 0})):
        assert verdict(rows, value=GOOD | {"measure": measure}, **bound, seeds="all").held is None


LOST = {
    **dict.fromkeys(["end", "late", "min", 20, 40], None),
    **{"start": 5.0, "max": 5.0, "mean": 4.5, "median": 4.5, 0: 5.0, 12: 4.0},
}


@pytest.mark.parametrize("at", LOST)
def test_of_a_diverged_seed_its_life_counts_and_no_end(at, rows):
    rows = [rows[0] | {"status": "diverged", "diverged_at": 20, "w1": None}]
    assert number_of(Term(measure="w1", at=at), rows[0]) == LOST[at]


@pytest.mark.parametrize(("goal", "seconds"), [(4.0, 1.0), (3.0, None)])
def test_a_diverged_seed_reached_what_it_reached_before(goal, seconds, rows):
    row = rows[0] | {"status": "diverged", "diverged_at": 20}
    assert number_of(Term(measure="w1", reaches=goal), row) == seconds


def test_a_step_beyond_the_run_is_not_judged_and_the_frame_is_told(rows):
    beyond = verdict(rows, value=GOOD | {"measure": "w1", "at": 41}, below=9)
    assert (beyond.held, beyond.numbers) == (None, "step 41 is beyond the run's end, step 40")
    assert verdict(rows, value=GOOD | {"measure": "w1", "at": 21}, below=9).numbers.endswith(
        "; value at the frame of step 20"
    )


def test_partners_agree_in_the_keys_that_no_term_names():
    rows = [
        {"a.x": x, "a.y": y, "seed": seed, "scenario": "s", "settings": f"a.x={x},a.y={y}", "w1": x * 10.0**y}
        for x in (1, 5) for y in (1, 2) for seed in (0, 1)
    ]  # fmt: skip
    five, one = ({"of": {"a.x": x}, "measure": "w1"} for x in (5, 1))
    found = verdict(rows, value=five, over=one, equals=5, seeds="all")
    assert (found.held, found.numbers) == (True, "4 of 4 seeds; W1 of x 5 over that of x 1: 5")
    rows = [row for row in rows if (row["a.x"], row["a.y"]) != (1, 2)]
    assert verdict(rows, value=five, over=one, equals=5, seeds="all").held is None


def test_a_row_of_theory_stands_against_itself(theory):
    _, rows = theory
    piece = {"of": {"bounds": "noise"}}
    found = verdict(rows, value=piece | {"measure": "bound"}, minus=piece | {"measure": "w1"}, at_least=0, seeds="all")
    assert found.held is True
    assert found.numbers.startswith("3 of 3 cases")


def test_a_goal_that_is_never_reached_takes_for_ever(rows):
    slow = verdict(rows, value=GOOD | {"measure": "w1", "reaches": 3.0}, at_most=2)
    assert slow.held is False  # one seed of two takes 2 seconds, the other never comes there


def one_curve(folder, name, values, status="done"):
    """A run of two seeds with the same curve, whose frames are 10 steps apart."""
    folder.mkdir()
    facts = {"steps": 10 * len(values), "step": 10 * len(values), "seconds": {"train": 1.0}, "seeds": [0, 1]} | NO_MORE
    lines = [{"step": 10 * t, "seed": s, name: value} for t, value in enumerate(values) for s in (0, 1)]
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    lost = {"diverged_at": 0} if status == "diverged" else {}
    return [{"seed": s, "status": status, "folder": str(folder), name: None} | lost for s in (0, 1)]


def test_a_goal_is_not_missed_by_a_curve_without_numbers(tmp_path):
    unknown = one_curve(tmp_path / "unknown", "w1", [None] * 5)
    assert verdict(unknown, value={"measure": "w1", "never": 0.2}, seeds="all").held is None
    lost = one_curve(tmp_path / "lost", "w1", [None] * 5, "diverged")
    assert verdict(lost, value={"measure": "w1", "never": 0.2}, seeds="all").held is True


def test_noise_refutes_a_period_and_what_was_lost_is_not_judged(tmp_path):
    noise = np.random.default_rng(3).standard_normal(40)
    claim = {"value": {"measure": "centre_x", "at": "period"}, "below": 1000, "seeds": "7 of 8"}
    assert verdict(one_curve(tmp_path / "noise", "centre_x", [*noise]), **claim).held is False
    wave = np.sin(np.arange(40) / 40 * 2 * np.pi * 5)
    assert verdict(one_curve(tmp_path / "wave", "centre_x", [*wave]), **claim).held is True
    assert verdict(one_curve(tmp_path / "lost", "centre_x", [*noise], "diverged"), **claim).held is None


@pytest.mark.parametrize("measure", ["critic_lipschitz", "critic_loss", "centre_x"])
@pytest.mark.parametrize("goal", ["reaches", "never"])
def test_a_goal_needs_a_better_side(measure, goal):
    with pytest.raises(ValueError, match="better side"):
        Term.model_validate({"measure": measure, goal: 0.5})


def test_rows_of_theory_are_not_seeds(rows):
    found = verdict([*rows, {"distances": "d", "w1": 0.0}], value={"measure": "w1"}, below=2, seeds="2 of 4")
    assert (found.held, found.numbers.split(";")[0]) == (True, "2 of 4 seeds")
    assert verdict(
        [*rows, {"distances": "d", "w1": 0.0}], value={"of": {"distances": "d"}, "measure": "w1"}, equals=0
    ).held


def test_a_row_of_another_world_is_no_partner(rows):
    rows = [rows[0], rows[0] | {"scenario": "other", "method": "bad"}]
    against = {"of": {"method": "bad"}, "measure": "w1"}
    assert verdict(rows, value=GOOD | {"measure": "w1"}, over=against, below=9, seeds="all").held is None


@pytest.mark.parametrize("seeds", ["0 of 8", "at most 8 of 8", "9 of 8"])
def test_what_nothing_could_refute_is_refused(seeds):
    with pytest.raises(ValueError, match=r"always holds|more than all"):
        Claim.model_validate({"says": "so", "value": {"measure": "w1"}, "below": 1, "seeds": seeds})


@pytest.mark.parametrize(
    ("asked", "happy", "total", "held"),
    [("7 of 8", 7, 8, True), ("7 of 8", 6, 8, False), ("7 of 8", 2, 2, True), ("7 of 8", 1, 2, False), ("all", 3, 3, True),
     ("none", 0, 3, True), ("none", 1, 3, False), ("at most 2 of 8", 2, 8, True), ("at most 2 of 8", 1, 2, False)],
)  # fmt: skip
def test_shares_of_seeds(asked, happy, total, held):
    assert enough(asked, happy, total) is held


def test_cells_fit_their_values():
    pairs = [(0.1 + 0.2, 0.3), ("a", ("b", "a")), (None, None), ("a", "b"), (None, 0), (0.3, 0.4)]
    assert [fits(*pair) for pair in pairs] == [True, True, True, False, False, False]


def test_the_period_of_a_wave():
    steps = np.arange(0, 1000, 10)
    assert period(steps, np.sin(2 * math.pi * steps / 120 + 0.3)) == pytest.approx(120, rel=0.02)
    assert math.isnan(period(steps, steps.astype(float)))


# --- theory ----------------------------------------------------------------------------------------------------------


def test_theory_has_its_exact_values(theory):
    exhibit, rows = theory
    plans = {row["plans"]: (row["best"], row["worst"]) for row in rows if "plans" in row}
    assert plans == {"equal": (42, 42), "crossed": (2, 6)}
    lines = {row["target.shift"]: row for row in rows if "distances" in row}
    assert [lines[shift]["w1"] for shift in (0, 0.5, 1)] == [0, 0.5, 1]
    assert [lines[shift]["js"] for shift in (0, 0.5, 1)] == pytest.approx([0, math.log(2), math.log(2)])
    assert math.isinf(lines[0.5]["kl"])
    fates = {(row["method"], row["update"]): row["growth"] for row in rows if "phases" in row}
    assert fates["ns-gan", "simultaneous"] > 1 > fates["ns-gan-r1", "simultaneous"]
    assert [judge(claim, rows).held for claim in exhibit.claims] == [True]


def test_the_bound_holds_and_tightens_with_the_right_noise(tmp_path):
    rows = list(bounds_by_noise(read(written(tmp_path, THEORY)).bounds[0]))
    assert all(row["w1"] <= row["bound"] for row in rows)
    assert [row["js"] for row in rows] == sorted((row["js"] for row in rows), reverse=True)
    assert rows[0]["js"] == pytest.approx(math.log(2), abs=1e-5)


# --- the command line ------------------------------------------------------------------------------------------------


def call(*words: str):
    return CliRunner().invoke(app, list(words))


def without(text: str, *tables: str) -> str:
    """A file without its tables of some names."""
    return re.sub(rf"(?s)\[\[(?:{'|'.join(tables)})\]\].*?(?=\[\[|\Z)", "", text)


ONLY_PLANS = without(THEORY, "distances", "phases", "bounds")


@pytest.fixture(scope="module")
def shown_once(tmp_path_factory) -> tuple[Path, str]:
    """A folder in which the small exhibit was run and shown, and what was told; small sheets of its runs lie there, which an
    exhibit with films would have drawn.
    """
    place = tmp_path_factory.mktemp("shown")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(Local, "renew", lambda pool: setattr(pool, "pool", AtOnce()))
        first = call("demo", written(place, FILE), "--json", "--workers", "1")
    assert first.exit_code == 0, first.output
    for facts in place.rglob("run.json"):
        Image.new("RGB", (40, 30)).save(facts.with_name("picture.png"))
    return place, first.stdout


@pytest.fixture
def shown(shown_once, tmp_path, monkeypatch) -> str:
    """What was told when the small exhibit was shown; the folder to stand in has all that was made then."""
    place, told = shown_once
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return told


def test_a_demo_names_its_page_as_the_site_does(tmp_path, monkeypatch, no_processes):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, 'name = "Two_Plans"\n' + ONLY_PLANS)
    told = call("demo", path, "--workers", "1")
    assert told.exit_code == 0, told.output
    assert Path(told.stdout.splitlines()[-1]).is_file()


def test_a_demo_runs_judges_draws_and_is_kept(tmp_path, shown):
    path, told = str(tmp_path / "small.toml"), json.loads(shown)
    assert [claim["held"] for claim in told["claims"]] == [True]
    assert len(told["runs"]) == 4
    assert all(Path(picture).exists() for picture in told["pictures"])
    times = {file: file.stat().st_mtime_ns for file in Path("runs").rglob("frames.npz")}
    assert len(times) == 4
    again = call("demo", path, "--workers", "1")
    assert "held: Everything is finite." in again.stdout
    assert again.stdout.splitlines()[-1] == "demo/exhibits/small.html"
    assert Path("demo/exhibits/small.html").exists()
    assert {file: file.stat().st_mtime_ns for file in Path("runs").rglob("frames.npz")} == times


def test_a_demo_draws_the_panels_the_seed_and_the_formats_that_are_asked_for(tmp_path, shown):
    shutil.rmtree("demo")
    two = '[[panels]]\nkind = "films"\n\n[[panels]]\nkind = "ends"'
    path = written(tmp_path, FILE.replace('[[panels]]\nkind = "ends"', two))
    run = ["demo", path, "--workers", "1"]

    def drawn(*words):
        told = call(*run, *words)
        assert told.exit_code == 0, told.output
        return sorted(file.name for file in Path("demo/small").iterdir()), told.stdout

    assert drawn()[0] == ["1-films.png", "2-ends.png"]
    first = Path("demo/small/1-films.png").read_bytes()
    names, told = drawn("--panels", "films", "--format", "svg", "--seed", "2", "--no-points")
    assert names == ["1-films.png", "1-films.svg"]
    assert all(name in told for name in names)
    made = shlex.join(["toygan", "demo", path, "--panels", "films", "--seed", "2", "--no-points", "--format", "svg"])
    with Image.open("demo/small/1-films.png") as picture:
        assert picture.info["Description"] == made
    assert made in Path("demo/exhibits/small.html").read_text(encoding="utf-8")
    assert Path("demo/small/1-films.png").read_bytes() != first
    assert drawn("--panels", "2", "--thin-points", "--width", "400px")[0] == ["2-ends.png"]
    critics = written(tmp_path, FILE.replace('kind = "ends"\nmeasure = "w1"', 'kind = "critics"'))
    assert call("demo", critics, "--workers", "1", "--width", "400px").exit_code == 0
    lost = call("demo", critics, "--workers", "1", "--seed", "2")
    assert (lost.exit_code, "its critic was not kept" in lost.stderr) == (2, True)
    path = written(tmp_path, FILE.replace('[[panels]]\nkind = "ends"', two))
    for words, said in (
        (["--panels", "critics"], "--panels critics: unknown; legal panels: films, ends, 1, 2"),
        (["--seed", "7"], "seed 7 is not among those that it plays: 0, 1, 2"),
        (["--format", "gif"], "--format gif: unknown"),
    ):
        refused = call(*run, *words)
        assert refused.exit_code == 2
        assert said in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        ("films", ["--seed", "99"], "seed 99 is not among those that it plays: 0, 1, 2"),
        ("films", ["--seed", "2", "--quick"], "seed 2 is not among those that it plays: 0, 1"),
        ("critics", ["--seed", "1"], "its critic was not kept"),
        ("films", ["--panels", "critics"], "--panels critics: unknown"),
    ],
)
def test_a_seed_that_no_picture_can_show_is_refused_before_anything_is_played(kind, words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, FILE.replace('kind = "ends"\nmeasure = "w1"', f'kind = "{kind}"'))
    refused = call("demo", path, "--workers", "1", *words)
    assert (refused.exit_code, said in " ".join(refused.stderr.split())) == (2, True)
    assert not list(tmp_path.rglob("run.json"))


def test_the_gallery_has_a_page_for_each_exhibit_and_reuses_runs(tmp_path, monkeypatch, no_processes):
    monkeypatch.chdir(tmp_path)
    at_a_step = FILE.replace('"w1" }', '"w1", at = 4 }')  # which is no step of a quick run
    paths = [written(tmp_path, at_a_step, "one"), written(tmp_path, FILE.replace("Small", "Other"), "two")]
    words = ["gallery", "--quick", "--workers", "1", *(word for path in paths for word in ("--only", path))]
    with undrawn():
        result = call(*words)
    assert result.exit_code == 0, result.output
    quick = "(quick: fewer seeds and steps than the claims are about)"
    told = [f"{name}: 1 of 1 claims held {quick}" for name in ("one", "two")]
    assert result.stdout.splitlines() == [*told, "site/index.html"]
    assert {file.name for file in Path("site/exhibits").iterdir()} == {"one.html", "two.html"}
    assert "fewer seeds" in Path("site/index.html").read_text(encoding="utf-8")
    assert len(list(Path("runs").rglob("frames.npz"))) == 4  # the two exhibits share theirs
    assert f"toygan demo {paths[0]} --quick" in Path("site/exhibits/one.html").read_text(encoding="utf-8")


def test_a_run_with_more_looks_than_are_asked_for_serves_an_exhibit(tmp_path, shown):
    """The page of the gallery and `toygan gallery` plan alike, and so take the same runs."""
    works = planned(read(str(tmp_path / "small.toml")), Path("runs/exhibits"))
    fewer = written(tmp_path, FILE.replace("training.frames = 3", "training.frames = 2"), "fewer")
    more = written(tmp_path, FILE.replace("training.frames = 3", "training.frames = 4"), "more")
    for asked in (fewer, more):  # folders of another name, as if they had been played with three looks
        for one, kept in zip(planned(read(asked), Path("runs/exhibits")), works, strict=True):
            shutil.copytree(kept.task.folder, one.task.folder)
    served = planned(read(fewer), Path("runs/exhibits"))
    assert all(work.task.config["training"]["frames"] == 3 and is_there(work.task) for work in served)
    assert call("demo", fewer, "--workers", "1").exit_code == 0
    with pytest.raises(UserError, match=r"training\.frames: 4, not 3"):
        is_there(planned(read(more), Path("runs/exhibits"))[0].task)


@pytest.mark.parametrize("config", [None, [], "x", {}, {"training": None}, {"training": {"frames": None}}], ids=str)
def test_a_folder_whose_config_is_none_lends_no_looks(config, tmp_path):
    """Whether it is refused or begun again is told when the run is to be played."""
    said = dict.fromkeys(FACTS) | {"format": folders.FORMAT, "status": "running", "config": config}
    (tmp_path / "run.json").write_text(json.dumps(said))
    asked = {"training": {"frames": 3}}
    assert as_found(tmp_path, asked) == asked
    more = said | {"config": {"training": {"frames": 9}}}
    (tmp_path / "run.json").write_text(json.dumps(more))
    assert as_found(tmp_path, asked) == {"training": {"frames": 9}}


@pytest.mark.parametrize("inputs", [None, [], "x", {}], ids=str)
def test_a_folder_that_names_its_files_by_no_table_has_read_none(inputs, tmp_path):
    config = scenario.read("two-moons", "gan")
    said = dict.fromkeys(FACTS) | {
        "format": folders.FORMAT,
        "status": "running",
        "config": as_data(config),
        "inputs": inputs,
    }
    (tmp_path / "run.json").write_text(json.dumps(said))
    assert folders.agreeing(tmp_path, config, {"inputs": {}})["inputs"] == inputs
    with pytest.raises(UserError, match="the points file has changed since"):
        folders.agreeing(tmp_path, config, {"inputs": {"points.csv": "a digest"}})


def test_a_gallery_is_built_as_it_is_asked_to_look(tmp_path, shown):
    path = str(tmp_path / "small.toml")
    result = call("gallery", "--only", path, "--workers", "1", "--style", "dark")
    assert result.exit_code == 0, result.output
    picture = min(Path("runs").rglob("*-ends.png"))
    with Image.open(picture) as drawn:
        assert sum(drawn.convert("RGB").getpixel((0, 0))) < 200
        assert drawn.info["Description"] == shlex.join(["toygan", "demo", path, "--style", "dark"])
    assert call("gallery", "--only", path, "--style", "drak").exit_code == 2


def test_two_exhibits_of_one_name_are_refused(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [written(place, FILE) for place in (tmp_path, tmp_path / "other")]
    result = call("gallery", "--only", paths[0], "--only", paths[1])
    assert result.exit_code == 2
    assert "2 exhibits are called 'small'" in result.output


@pytest.mark.parametrize("option", ["--runs", "--out"])
@pytest.mark.parametrize("command", [["demo"], ["gallery", "--only"]])
def test_what_can_be_no_folder_is_refused_before_anything_is_played(command, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("")
    path, endless = written(tmp_path, FILE), "a" * 300
    for place, told in (
        ("taken", "taken is a file"),
        ("taken/inner", "taken is a file"),
        (endless, "at most 255 bytes"),
    ):
        result = call(*command, path, option, place)
        assert result.exit_code == 2
        assert f"{option} {place}: " in result.output
        assert told in result.output
    assert len(list(tmp_path.iterdir())) == 2


def test_strict_fails_when_a_claim_did_not_hold(tmp_path, monkeypatch, no_processes):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, ONLY_PLANS.replace("equals = 42", "equals = 43"))
    lax, strict = call("demo", path), call("demo", path, "--strict")
    assert (lax.exit_code, strict.exit_code) == (0, 1)
    assert "did not hold" in lax.stdout


def test_without_a_name_the_questions_are_listed():
    assert "js-is-blind" in call("demo").stdout


# --- games that are typed in, and critics used after training --------------------------------------------------------

TYPED = """
title = "Typed"
question = "Does it rest?"
text = "Numbers."

[[phases]]
name = "typed"
game = "x*y + x^2/2 - y^2/2"
updates = ["simultaneous", "alternating"]
rate = 0.1
start = [1.0, 0.5]
steps = 50

[[panels]]
kind = "phases"

[[claims]]
says = "It rests."
value = { of = { phases = "typed" }, measure = "growth" }
below = 1
each = "update"
"""


def test_a_typed_game_is_a_phase_portrait_with_its_numbers(tmp_path):
    """v = (x + y, y - x) has eigenvalues 1 +- i: a simultaneous step of 0.1 multiplies by |0.9 +- 0.1 i|."""
    exhibit = read(written(tmp_path, TYPED))
    rows = theory_rows(exhibit, phase_portraits(exhibit))
    assert [(row["method"], row["update"]) for row in rows] == [
        ("typed game", "simultaneous"),
        ("typed game", "alternating"),
    ]
    growth = math.hypot(0.9, 0.1)
    assert rows[0]["growth"] == pytest.approx(growth, abs=1e-6)
    assert rows[0]["rest"] == pytest.approx(growth**50, rel=1e-6)
    last = math.hypot(1.0, 0.5) * growth**49
    assert rows[0]["moving"] == pytest.approx(last * math.hypot(0.1, 0.1), rel=1e-6)  # |m - 1| times where it is
    assert planned(exhibit, tmp_path) == []


WRONG_TYPED = {
    "formula": ("x*y + x^2/2", "x*z + x^2/2", "phases[0].game", "z"),
    "both": ("steps = 50", 'steps = 50\nmethods = ["gan"]', "say either methods or a game"),
    "neither": ('game = "x*y + x^2/2 - y^2/2"\n', "", "say either methods or a game"),
    "settings of no game": ('game = "x*y + x^2/2 - y^2/2"', 'methods = ["gan"]', "belongs to a game that is typed in"),
    "rule": ('"alternating"]', '"sideways"]', 'phases[0].updates: "sideways": not one of', "alternating"),
}


@pytest.mark.parametrize("name", WRONG_TYPED)
def test_a_mistake_in_a_typed_game_is_told_where_it_stands(name, tmp_path):
    right, wrong, *expected = WRONG_TYPED[name]
    assert right in TYPED
    text = complaint(TYPED.replace(right, wrong), tmp_path)
    assert text.startswith(f"{tmp_path / 'small.toml'}, line ")
    assert [words for words in expected if words not in text] == [], text


USED = """
title = "Used"
question = "Is a critic of use?"
text = "Numbers."

[[runs]]
name = "blurred"
scenarios = ["eight-gaussians"]
methods = ["gan"]
seeds = 1
[runs.set]
target.std = 0.2
generator = { kind = "data-plus-noise", std = 0.5 }
critic.width = 8
training = { steps = 20, frames = 2, points = 200, batch = 16 }

[[refined]]
name = "after"
of = { group = "blurred" }

[[panels]]
kind = "refined"

[[claims]]
says = "The optimal critic brings W1 to its floor."
value = { of = { refined = "after", critic = "exact" }, measure = "w1" }
over = { of = { refined = "after", critic = "exact" }, measure = "perfect" }
at_most = 1.2
each = "way"

[[claims]]
says = "It was not there before."
value = { of = { refined = "after", critic = "none" }, measure = "w1_over_floor" }
above = 1.5
"""


@pytest.mark.slow
def test_a_critic_used_after_training_has_rows_of_its_own(tmp_path):
    from toygan.exhibits.refined import refined_columns, refined_rows

    exhibit = read(written(tmp_path, USED))
    works = planned(exhibit, tmp_path / "runs")
    (task,) = tasks_of(works)
    sweep.carry_out([task], tmp_path / "runs", workers=1)
    shown = showing(exhibit, works, tmp_path / "pictures", "toygan demo used", quick=False)
    rows = [row for row in shown.records if "refined" in row]
    named = [(row["critic"], row["way"]) for row in rows]
    assert named == [("none", "as they are made"), ("learned", "rejection"), ("learned", "Metropolis-Hastings"),
                     ("exact", "rejection"), ("exact", "Metropolis-Hastings")]  # fmt: skip
    legal = [(row["critic"], row["way"]) for row in refined_columns(exhibit, shown.records)]
    assert set(named) < set(legal)
    assert all(row["group"] == "blurred" and 0 < row["w1_floor"] < row["perfect"] for row in rows)
    assert rows[0]["w1"] > rows[-1]["w1"] > 0
    assert refined_rows(exhibit, [row | {"status": "running"} for row in shown.records]) == []
    assert [verdict.held for verdict in shown.verdicts] == [
        True,
        True,
    ]  # of the ways that there are: nothing drifts here
    assert [picture.path.name for picture in shown.pictures] == ["1-refined.png"]


@pytest.mark.slow
def test_every_seed_is_judged_and_what_became_of_it_is_kept(tmp_path, monkeypatch):
    """A row a seed, with the numbers of that seed alone; a second look refines nothing again; one that was lost has none."""
    from toygan.exhibits import refined

    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "cache"))
    exhibit = read(written(tmp_path, USED.replace("seeds = 1", "seeds = 2")))
    works = planned(exhibit, tmp_path / "runs")
    sweep.carry_out(tasks_of(works), tmp_path / "runs", workers=1)
    runs = run_rows(works)
    rows = refined.refined_rows(exhibit, runs)
    assert [row["seed"] for row in rows] == [0] * 5 + [1] * 5
    assert rows[0]["w1"] != rows[5]["w1"]
    one = refined.of_seed(refined.refined(refined.load(works[0].task.folder), 1))
    assert [row["w1"] for row in rows[5:]] == [numbers["w1"] for numbers in one.values()]
    monkeypatch.setattr(refined, "refined", lambda *_: pytest.fail("it was refined again"))
    assert refined.refined_rows(exhibit, runs) == rows
    lost = refined.refined_rows(exhibit, [row | {"status": "diverged"} for row in runs])
    assert all(row["status"] == "diverged" and "w1" not in row for row in lost)
    verdict = judge(exhibit.claims[0].model_copy(update={"seeds": "all"}), [*runs, *rows])
    assert "2 of 2 seeds" in verdict.numbers
    mixed = refined.refined_rows(exhibit, [runs[0] | {"status": "diverged"}, *runs[1:]])
    assert mixed[5:] == rows[5:]
    assert [(row["critic"], row["way"], row["status"]) for row in mixed[:5]] == [
        (row["critic"], row["way"], "diverged") for row in rows[:5]
    ]  # by the ways that there are, which are not all


@pytest.mark.slow
def test_a_claim_on_critics_used_after_training_is_explained_by_runs_of_another_setting(tmp_path):
    """The refined rows of the explanation's runs are judged, and what these runs differ in is found."""
    more = USED[USED.index("[[runs]]") : USED.index("[[refined]]")].replace("[[runs]]", "[[explanations.runs]]")
    more = more.replace("[runs.set]", "[explanations.runs.set]").replace("std = 0.5", "std = 0.4")
    about = '\n[[explanations]]\nclaims = [1]\nsetting = "less noise"\nbecause = "it is nearer."\n'
    exhibit = read(written(tmp_path, USED + about + more))
    works, (own,) = planned(exhibit, tmp_path / "runs"), behind(exhibit, tmp_path / "runs")
    sweep.carry_out(tasks_of([*works, *own]), tmp_path / "runs", workers=1)
    shown = showing(exhibit, works, tmp_path / "pictures", "toygan demo used", quick=False, explaining=[own])
    (found,) = shown.verdicts[0].explanations
    assert found.held is not None
    assert found.differs == ("generator.std = 0.4 in place of 0.5",)


def test_what_is_no_way_of_using_a_critic_is_refused(tmp_path):
    text = complaint(
        USED.replace('critic = "exact" }, measure = "w1" }', 'critic = "exct" }, measure = "w1" }'), tmp_path
    )
    assert "no run or piece of theory here has" in text or '"exact"' in text
    text = complaint(USED.replace('of = { group = "blurred" }', 'of = { grp = "blurred" }'), tmp_path)
    assert "refined[0].of.grp" in text
    assert 'did you mean "group"' in text
