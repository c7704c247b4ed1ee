"""`toygan check` on code as people publish it: what is right passes, and each known error is called by its name."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.files.own import function_named
from toygan.game.constraints import CONSTRAINTS
from toygan.game.objectives import OBJECTIVES
from toygan.quantities.contract import guessed, held
from toygan.quantities.held import Held, streams_kept
from toygan.session.cost import MEANT, compared, cost

PEOPLE = Path(__file__).with_name("peoples_code.py")


@cache
def facts(name: str, role: str | None = None) -> tuple[str, dict[str, Held]]:
    """The part that a piece of people's code is taken for, and its facts by name; each piece is looked at once."""
    part, found = held(function_named(f"{PEOPLE}:{name}"), role)
    return part, {fact.name: fact for fact in found}


def wrong(name: str) -> dict[str, Held]:
    """The facts that do not hold."""
    return {fact.name: fact for fact in facts(name)[1].values() if fact.holds is False}


RIGHT = {
    "d_loss_bce": "objective",
    "bce_prob": "objective",
    "wgan": "objective",
    "hinge_flat": "objective",
    "smooth": "objective",
    "generator_loss": "objective",
    "relativistic_average": "objective",
    "gradient_penalty": "penalty",
    "penalty_of_arguments": "penalty",
    "r1_penalty": "penalty",
    "one_sided": "penalty",
    "Critic": "critic",
    "critic_of_points": "critic",
    "of_modules": "objective",
    "GANLoss": "objective",
    "HingeLoss": "objective",
    "d_r1_loss": "penalty",
    "compute_gradient_penalty": "penalty",
    "sequential": "critic",
}


@pytest.mark.parametrize(("name", "part"), RIGHT.items(), ids=RIGHT)
def test_what_is_right_passes(name, part):
    found, known = facts(name)
    assert found == part
    assert not [fact for fact in known.values() if fact.holds is False]
    assert sum(fact.holds is True for fact in known.values()) >= 6


# name -> the fact that does not hold, and the error that it looks like
WRONG = {
    "ls_flipped": ("orientation", "least-squares GAN with flipped signs"),
    "wgan_upside_down": ("orientation", "opposite orientation"),
    "generator_upside_down": ("orientation", "flipped sign in the generator"),
    "one_minus": ("both halves", "one minus the score"),
    "half_smooth": ("both halves", "label smoothing without its second half: 0.1 of the other label is missing"),
    "prob_loss": ("large scores", "softplus or logsigmoid is meant"),
    "naive_log": ("large scores", "softplus or logsigmoid is meant"),
    "summed": ("mean over the batch", "a sum over the batch"),
    "unreduced": ("mean over the batch", "a reduction that was left out"),
    "detached": ("gradients", "detach"),
    "mixes_seeds": ("seeds", "a mean or norm across seeds"),
    "root_of_zero": ("gradients", "NaN from a square root"),
    "seeds_torch": ("global state", ""),
    "gp_whole_batch": ("size of the batch", "a gradient norm over the whole batch"),
    "gp_wrong_axis": ("exact on linear critics", "a penalty over the wrong axis"),
    "gp_sqrt": ("slope zero", "NaN from a square root at zero"),
    "gp_no_graph": ("moves the critic", "create_graph=True was left out"),
    "gp_one_alpha": ("where slopes are taken", "one epsilon for the whole batch"),
    "gp_box": ("where slopes are taken", "epsilon in the shape of the data"),
    "gp_mean_score": ("size of the batch", "slopes of the mean score"),
    "gp_step": ("nothing else moves", "a penalty in an optimiser step of its own"),
    "gp_reseeds": ("where slopes are taken", "not fresh"),
    "BatchNormed": ("each point alone", "normalising across the batch where across features was meant"),
    "Dropped": ("same again", "dropout"),
    "GANLossFlipped": ("orientation", "least-squares GAN with flipped signs or labels"),
    "NormalisedWrongly": ("each point alone", "normalising across the batch where across features was meant"),
    "r1_sum": ("size of the batch", "a sum over the batch where a mean belongs"),
}


@pytest.mark.parametrize(("name", "fact", "like"), [(name, *row) for name, row in WRONG.items()], ids=WRONG)
def test_known_errors_are_called_by_their_names(name, fact, like):
    found = wrong(name)
    assert fact in found
    assert like in found[fact].looks_like


ALONE = [name for name, (fact, _) in WRONG.items() if fact not in ("size of the batch", "exact on linear critics")]
FOLLOWING = {"detached": 2, "gp_step": 4, "gp_reseeds": 3}  # an error may break more facts than one


@pytest.mark.parametrize("name", ALONE)
def test_an_error_is_told_once(name):
    assert 1 <= len(wrong(name)) <= FOLLOWING.get(name, 1)


def test_facts_say_numbers():
    assert facts("d_loss_bce")[1]["values at zero scores"].said == "critic 1.38629 = 2 log 2"
    assert facts("gradient_penalty")[1]["exact on linear critics"].said == "10 (|w| - 1)^2"
    assert facts("r1_penalty")[1]["exact on linear critics"].said == "5 |w|^2"
    assert facts("one_sided")[1]["exact on linear critics"].said == "10 max(0, |w| - 1)^2, one-sided"
    whole = facts("gp_whole_batch")[1]["size of the batch"].said
    assert whole.startswith("at |w| = 0.25 it depends on the size of the batch: 5.625 for 1, ")  # 10 (1/4 - 1)^2


def test_code_that_is_no_graph_is_told_and_no_fault():
    assert facts("gradient_penalty")[1]["traceable"].holds is None
    assert facts("takes_numbers_out")[1]["traceable"].holds is None
    assert facts("wgan")[1]["traceable"].holds is True


OWN_ROWS = [name for name in OBJECTIVES if name not in ("mmd", "cramer", "energy", "began", "categorical")]


@pytest.mark.parametrize("kind", OWN_ROWS)
def test_every_objective_of_the_table_passes(kind, tmp_path):
    module = OBJECTIVES[kind].__name__
    file = tmp_path / "rows.py"
    file.write_text(f"from toygan.game.objectives import {module} as loss\n")
    _, found = held(function_named(f"{file}:loss"), "objective")
    assert not [fact for fact in found if fact.holds is False]


@pytest.mark.parametrize("kind", ["gradient-penalty", "r1", "r2", "r1-r2", "zero-centred"])
def test_every_gradient_penalty_of_the_table_passes(kind, tmp_path):
    file = tmp_path / "rows.py"
    file.write_text(f"from toygan.game.constraints import {CONSTRAINTS[kind].__name__} as penalty\n")
    _, found = held(function_named(f"{file}:penalty"), "penalty")
    assert not [fact for fact in found if fact.holds is False]
    assert {fact.name: fact.holds for fact in found}["traceable"] is True


@pytest.mark.parametrize("name", ["compute_gradient_penalty", "gp_reseeds", "seeds_torch"])
def test_streams_and_settings_are_left_as_they_were(name):
    code = function_named(f"{PEOPLE}:{name}")
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    held(code)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() is torch.float32


# --- the command -------------------------------------------------------------------------------------------------------


def check(*words: str):
    return CliRunner().invoke(app, ["check", *words])


@pytest.fixture
def short(monkeypatch):
    """Shorter games still, and W1 of fewer points."""
    monkeypatch.setattr("toygan.session.cost.STEPS", 25)
    monkeypatch.setattr("toygan.session.cost.POINTS", 100)


def test_a_line_a_fact_and_the_exit_code(short):
    right, broken = check(f"{PEOPLE}:wgan"), check(f"{PEOPLE}:gp_sqrt")
    assert (right.exit_code, broken.exit_code) == (0, 1)
    assert "ok     orientation" in right.stdout
    assert "WRONG  slope zero" in broken.stdout
    assert "looks like: NaN from a square root at zero" in broken.stdout
    assert right.stdout.splitlines()[-1] == "8 of 8 facts hold"


def test_one_json_object(short):
    told = json.loads(check(f"{PEOPLE}:half_smooth", "--json").stdout)
    assert (told["as"], told["holds"]) == ("objective", False)
    assert [row["fact"] for row in told["facts"] if row["holds"] is False] == ["both halves"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.py:x"], "cannot be read"),
        (["mine"], "is no FILE.py:NAME"),
        ([f"{PEOPLE}:gradient_penalti"], 'did you mean "gradient_penalty"'),
        ([f"{PEOPLE}:wgan", "--as", "objektive"], 'did you mean "objective"'),
        ([f"{PEOPLE}:no_loss"], "cannot be called as a loss"),
        ([f"{PEOPLE}:wgan", "--as", "penalty"], "name no critic"),
        ([f"{PEOPLE}:NeedsMore"], "what is 'blocks'?"),
        ([f"{PEOPLE}:gp_with_labels"], "what is 'labels'?"),
    ],
)
def test_a_mistake_in_the_call_is_one_message(words, said):
    result = check(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


RAISING = {  # how each part is made of nothing by code that fails at it
    "objective": "def mine(): raise RuntimeError('no such table')",
    "penalty": "def mine(): raise RuntimeError('no such table')",
    "critic": "def mine(points): raise RuntimeError('no such table')",
    "generator": "def mine(dim): raise RuntimeError('no such table')",
    "target": "def mine(n, rng): raise RuntimeError('no such table')",
    "measure": "def mine(points, real): raise RuntimeError('no such table')",
}
AS_CLASS = "import torch\nclass mine(torch.nn.Module):\n    def __init__(self): raise RuntimeError('no such table')"


@pytest.mark.parametrize("made", ["function", "class"])
@pytest.mark.parametrize("part", RAISING)
def test_code_that_raises_where_its_part_is_made_is_told_with_its_line(part, made, tmp_path):
    (tmp_path / "mine.py").write_text(RAISING[part] if made == "function" else AS_CLASS)
    result = check(f"{tmp_path / 'mine.py'}:mine", "--as", part)
    assert result.exit_code == 2
    assert "mine.py" in result.stderr
    assert "no such table" in result.stderr or (made, part) in (
        ("class", "target"),
        ("class", "measure"),
    )  # no such parts
    assert "Traceback" not in result.output


def test_parts_are_guessed_and_may_be_said():
    assert [guessed(function_named(f"{PEOPLE}:{name}")) for name in ("one_sided", "gp_box", "Critic", "wgan")] == [
        "penalty", "penalty", "critic", "objective"
    ]  # fmt: skip
    assert facts("wgan", "objective")[0] == "objective"


# --- what an error costs -------------------------------------------------------------------------------------------------


def meant(name: str, part: str):
    code = function_named(f"{PEOPLE}:{name}")
    with streams_kept():
        return code, MEANT[part](code)


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("hinge_flat", "objective", "hinge"),
        ("wgan", "objective", "wasserstein"),
        ("d_loss_bce", "objective", "non-saturating"),
        ("r1_penalty", "penalty", "r1 at weight 10"),
    ],
)
def test_what_is_right_plays_as_the_row_that_it_is(name, part, kind, short):
    _, found = meant(name, part)
    assert found.name == kind
    with streams_kept():
        said = compared(found).said
    theirs, rows = said.removeprefix("W1 ").split(f" with {kind} in its place")[0].split(" as it is, ")
    assert theirs == rows


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("ls_flipped", "objective", "least-squares"),
        ("wgan_upside_down", "objective", "wasserstein"),
        ("one_minus", "objective", "non-saturating"),
        ("half_smooth", "objective", "non-saturating"),
        ("summed", "objective", "hinge"),
        ("naive_log", "objective", "non-saturating"),
        ("detached", "objective", "non-saturating"),
        ("gp_whole_batch", "penalty", "gradient-penalty at weight 10"),
        ("gp_wrong_axis", "penalty", "gradient-penalty at weight 10"),
        ("r1_sum", "penalty", "r1 at weight 2"),
    ],
)
def test_the_row_that_an_error_means(name, part, kind):
    assert meant(name, part)[1].name == kind


def test_an_error_costs_and_what_is_right_is_not_played(short):
    code = function_named(f"{PEOPLE}:r1_sum")
    told = cost(code, *held(code))
    assert told.holds is None
    assert re.fullmatch(
        r"W1 \S+ \(.+; modes .+\) as it is, \S+ \(.+\) with r1 at weight 2 in its place \(eight-gaussians, 25 steps, 4 seeds\)",
        told.said,
    )
    right = function_named(f"{PEOPLE}:wgan")
    assert cost(right, *held(right)) is None
    critic = function_named(f"{PEOPLE}:BatchNormed")
    assert cost(critic, *held(critic)) is None


def test_a_player_without_a_gradient_stands_still_and_what_cannot_be_played_says_why(short):
    for name, said in (
        ("detached", "as it is"),
        ("gp_step", "cannot be played as it is: ValueError: optimizer got an empty"),
    ):
        code = function_named(f"{PEOPLE}:{name}")
        assert said in cost(code, *held(code)).said


def test_the_cost_is_a_line_of_the_report_and_may_be_left_out(short):
    with_it, without = check(f"{PEOPLE}:half_smooth"), check(f"{PEOPLE}:half_smooth", "--no-cost")
    assert (with_it.exit_code, without.exit_code) == (1, 1)
    assert "note   in a short game" in with_it.stdout
    assert "in a short game" not in without.stdout


@pytest.mark.parametrize(
    ("mean", "wrong"),
    [
        ("square().sum(dim=2).mean(dim=1)", ""),
        ("square().sum(dim=2).mean().expand(sight.real.shape[0])", "depends on another seed"),
        ("square().sum(dim=2).mean()", "it returns [], not [3]"),
    ],
)
def test_a_penalty_keeps_seeds_apart(mean, wrong, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(f"def loss(sight):\n    return sight.slopes_at(sight.real + sight.draw['mix'] - 0.5).{mean}\n")
    _, found = held(function_named(f"{file}:loss"), "penalty")
    (fact,) = (fact for fact in found if fact.name == "seeds")
    assert fact.holds == (not wrong)
    assert wrong in fact.said
