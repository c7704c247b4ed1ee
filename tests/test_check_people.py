"""`toygan check` on more of people's code, each in the manner of a public repository; half of it is wrong."""

from functools import cache
from pathlib import Path

import pytest

from toygan.files.own import function_named
from toygan.quantities.contract import held
from toygan.quantities.held import Held, streams_kept
from toygan.session.cost import MEANT

PEOPLE = Path(__file__).with_name("peoples_more.py")


@cache
def facts(name: str) -> tuple[str, dict[str, Held]]:
    """The part that a piece of people's code is taken for, and its facts by name; each piece is looked at once."""
    part, found = held(function_named(f"{PEOPLE}:{name}"))
    return part, {fact.name: fact for fact in found}


RIGHT = {
    "wasserstein_loss": "objective",
    "keras_bce": "objective",
    "training_losses": "objective",
    "losses_by_name": "objective",
    "hinge_by_min": "objective",
    "ralsgan": "objective",
    "LSGANLoss": "objective",
    "dragan_penalty": "penalty",
    "compute_grad2": "penalty",
    "lipschitz_penalty": "penalty",
    "SNDiscriminator": "critic",
    "ResidualGenerator": "generator",
    "sample_checkerboard": "target",
    "weighted_mixture": "target",
    "mean_distance": "measure",
}


@pytest.mark.parametrize(("name", "part"), RIGHT.items(), ids=RIGHT)
def test_what_is_right_passes(name, part):
    found, known = facts(name)
    assert found == part
    assert not [fact for fact in known.values() if fact.holds is False]
    assert sum(fact.holds is True for fact in known.values()) >= (6 if part == "measure" else 8)


# name -> part, the fact that does not hold, and the error that it looks like
WRONG = {
    "labels_exchanged": ("objective", "orientation", "critics with opposite orientation"),
    "wasserstein_distance": ("objective", "orientation", "an absolute value or a square of a difference of means"),
    "squashed_twice": ("objective", "both halves", "a sigmoid before a loss of logits, which has one: squashed twice"),
    "hinge_one_sign": ("objective", "orientation", "a flipped sign in one half"),
    "saturating_sign": ("objective", "orientation", "a flipped sign in the generator's loss"),
    "half_forgotten": ("objective", "gradients", "a detach or .data on the way"),
    "squared_mean": ("penalty", "a norm for each point", "the square of a mean where the mean of squares belongs"),
    "negative_penalty": ("penalty", "exact on linear critics", "a flipped sign"),
    "detached_penalty": ("penalty", "moves the critic", "create_graph=True was left out, or a detach on the way"),
    "MeanDiscriminator": ("critic", "a score for each point", "a mean over the batch within the critic"),
    "SoftmaxDiscriminator": ("critic", "range of scores", "a softmax over a single output"),
    "StandardisingDiscriminator": ("critic", "each point alone", "normalising across the batch"),
    "ReluGenerator": ("generator", "range of points", "a ReLU at its end"),
    "third_of_a_ring": ("target", "as many as asked for", "some are thrown away after they are drawn"),
    "scaled_to_its_largest": ("target", "any batch", "normalising across the batch"),
}


@pytest.mark.parametrize(("name", "part", "fact", "like"), [(name, *row) for name, row in WRONG.items()], ids=WRONG)
def test_an_error_is_told_once_and_by_its_name(name, part, fact, like):
    found, known = facts(name)
    wrong = {fact.name: fact for fact in known.values() if fact.holds is False}
    assert found == part
    assert fact in wrong
    assert like in wrong[fact].looks_like
    assert len(wrong) == (2 if name == "half_forgotten" else 1)  # nothing reaches the generator: neither way is up


def test_labels_are_told():
    assert "labels -1 for real and 1 for generated" in facts("wasserstein_loss")[1]["form"].said
    assert "labels 1 for real and 0 for generated" in facts("keras_bce")[1]["form"].said
    assert facts("keras_bce")[1]["both halves"].said == "both are cross-entropy"
    assert facts("keras_bce")[1]["values at zero scores"].said == "critic 1.38629 = 2 log 2, generator 0.693147 = log 2"


def test_a_smoothed_label_of_generated_scores_is_a_note(tmp_path):
    file = tmp_path / "theirs.py"
    file.write_text(
        "import torch\nimport torch.nn.functional as F\n\n\ndef loss(r, f):\n"
        "    bce = F.binary_cross_entropy_with_logits\n"
        "    return bce(r, torch.full_like(r, 0.9)) + bce(f, torch.full_like(f, 0.1)), bce(f, torch.ones_like(f))\n"
    )
    found = {fact.name: fact for fact in held(function_named(f"{file}:loss"))[1]}
    assert found["both halves"].holds is None
    assert found["both halves"].said.startswith("generated scores have the label 0.1")


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("wasserstein_loss", "objective", "wasserstein"),
        ("training_losses", "objective", "non-saturating"),
        ("hinge_one_sign", "objective", "hinge"),
        ("negative_penalty", "penalty", "r1"),
    ],
)
def test_the_row_that_it_means(name, part, kind):
    code = function_named(f"{PEOPLE}:{name}")
    with streams_kept():
        assert MEANT[part](code).name.split()[0] == kind


# What is wrong in more than one way, or has an error that follows from another.
SEVERAL = {
    "penalty_mean_inside": ("penalty", "a norm for each point", "a mean over the batch within the norm"),
    "clip_weights": ("penalty", "nothing else moves", "a clip of weights, which is no penalty"),
    "nowhere_loss": ("objective", "orientation", "a detach or .data on the way"),
    "paired_distance": ("measure", "order in the batch", "points in pairs: a cloud has no order"),
    "by_subset": ("measure", "same again", "random numbers of its own"),
    "constant_measure": ("measure", "tells clouds apart", ""),
}


@pytest.mark.parametrize(
    ("name", "part", "fact", "like"), [(name, *told) for name, told in SEVERAL.items()], ids=SEVERAL
)
def test_an_error_among_others_is_told_by_its_name(name, part, fact, like):
    found, known = facts(name)
    assert found == part
    assert known[fact].holds is False
    assert like in known[fact].looks_like
