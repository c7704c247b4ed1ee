"""`toygan check` on samplers and generators as people publish them: what is right passes, known errors are called by name."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.files.own import function_named
from toygan.files.shipped import shipped_folder
from toygan.quantities.contract import held
from toygan.quantities.held import Held
from toygan.quantities.places import are_apart, places, turns
from toygan.targets.mixtures import grid, ring
from toygan.targets.table import TARGETS, examples

PEOPLE = Path(__file__).with_name("peoples_targets.py")


@cache
def facts(name: str, role: str | None = None) -> tuple[str, dict[str, Held]]:
    """The part that a piece of people's code is taken for, and its facts by name; each piece is looked at once."""
    part, found = held(function_named(f"{PEOPLE}:{name}"), role)
    return part, {fact.name: fact for fact in found}


def wrong(name: str, role: str | None = None) -> dict[str, Held]:
    """The facts that do not hold."""
    return {fact.name: fact for fact in facts(name, role)[1].values() if fact.holds is False}


TARGETS_OF_PEOPLE = [
    "eight_gaussians",
    "labelled",
    "sample_grid",
    "by_torch",
    "inf_train_gen",
    "Moons",
    "distribution",
    "by_variance",
]
GENERATORS_OF_PEOPLE = ["Generator", "BatchNormGenerator", "generator", "affine_generator"]


@pytest.mark.parametrize("name", [*TARGETS_OF_PEOPLE, *GENERATORS_OF_PEOPLE])
def test_what_is_right_passes(name):
    found, known = facts(name)
    assert found == ("target" if name in TARGETS_OF_PEOPLE else "generator")
    assert not [fact for fact in known.values() if fact.holds is False]
    assert sum(fact.holds is True for fact in known.values()) >= 8


# name -> the fact that does not hold, and the error that it looks like
WRONG = {
    "linspace_ring": ("weights", "linspace(0, 2 pi, n) with its end point"),
    "linspace_modes": ("weights", "linspace(0, 2 pi, n) with its end point"),
    "randint_ring": ("places", "leaves out the last"),
    "loses_points": ("as many as asked for", "a sampler that loses points"),
    "std_as_variance": ("option std", "standard deviation passed as variance"),
    "variance_as_std": ("option variance", "variance passed as standard deviation"),
    "squared_std": ("option sigma", "variance passed as standard deviation"),
    "standardised_batch": ("any batch", "normalising across the batch"),
    "same_again": ("fresh points", "a seed set inside"),
    "global_besides": ("repeatable", ""),
    "seeds_numpy": ("global state", ""),
    "swapped_axes": ("shape", "the axes swapped"),
    "shuffled_apart": ("labels", "points shuffled apart from their labels"),
    "pixels": ("scale", ""),
    "gaps": ("finite", ""),
    "ListGenerator": ("learns", "nn.ModuleList"),
    "NormalisedGenerator": ("each latent alone", "normalising across the batch where across features was meant"),
    "OwnNoise": ("same again", "dropout or noise"),
    "DetachedGenerator": ("gradients", "detach"),
    "SqueezedGenerator": ("a point for each latent", "a squeeze()"),
    "DeadGenerator": ("not constant", "a dead last layer"),
}


@pytest.mark.parametrize(("name", "fact", "like"), [(name, *row) for name, row in WRONG.items()], ids=WRONG)
def test_an_error_is_told_once_and_by_its_name(name, fact, like):
    found = wrong(name)
    assert fact in found
    assert like in found[fact].looks_like
    assert len(found) == (2 if name == "DetachedGenerator" else 1)  # nothing moves its parameters either


def test_a_density_is_held_against_the_sample():
    summed, wider = wrong("SumDensity"), wrong("WiderSample")
    assert summed["density's whole"].looks_like == "a sum over the modes where a mean belongs"
    assert "density and sample" not in summed
    assert "density's whole" not in wider
    assert "the sample is wider than the density says" in wider["density and sample"].said
    right = facts("distribution")[1]
    assert right["density's whole"].holds
    assert right["density and sample"].holds


def test_facts_say_numbers():
    found = facts("eight_gaussians")[1]
    assert found["places"].said == "8 places on a circle, evenly spaced"
    assert found["weights"].said == "equal: 12.5 % each"
    assert found["option std"].said.startswith("std = 0.02 spreads points by 0.0")
    assert facts("sample_grid")[1]["places"].said == "25 places in 5 x 5"
    ring7 = facts("linspace_modes")[1]
    assert ring7["places"].said == "7 places, where n_modes says 8: see weights"
    assert ring7["weights"].said.startswith("one of 7 places, evenly spaced on a circle, is twice as likely")
    assert "a tanh at its end" in facts("generator")[1]["range of points"].said
    assert "by batch norm" in facts("BatchNormGenerator")[1]["each latent alone"].said


@pytest.mark.parametrize("kind", TARGETS)
def test_every_target_of_the_table_passes(kind, tmp_path):
    file = tmp_path / "rows.py"
    file.write_text(
        "from pathlib import Path\n"
        "from toygan.targets.table import examples\n"
        f"made = examples(Path({str(shipped_folder())!r}))[{kind!r}]\n\n\n"
        "def target(rng, n):\n    return made.batch(rng, n) if made.classes else made.sample(rng, n)\n"
    )
    _, found = held(function_named(f"{file}:target"), "target")
    assert not [fact for fact in found if fact.holds is False]


@pytest.mark.parametrize("seed", range(3))
def test_places_are_the_modes_where_these_are_apart(seed):
    for target, k in ((ring(), 8), (ring(modes=5, std=0.1), 5), (grid(), 25)):
        cloud = target.sample(np.random.default_rng(seed), 4096)
        found = places(cloud)
        assert len(found.counts) == k
        assert are_apart(cloud, found)
        assert found.counts.sum() == 4096
    run_together = ring(std=0.4).sample(np.random.default_rng(seed), 4096)
    assert not are_apart(run_together, places(run_together))


def test_shapes_are_no_modes():
    for kind in ("swiss-roll", "two-moons", "uniform", "spirals", "line"):
        cloud = examples(shipped_folder())[kind].sample(np.random.default_rng(0), 4096)
        assert not are_apart(cloud, places(cloud))


def test_turns_between_places_on_a_circle():
    angles = 2 * np.pi * np.arange(6) / 6
    circle = 3 + np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert turns(circle) == pytest.approx([1 / 6] * 6)
    assert turns(np.array([[0.0, 0], [1, 0], [2, 0.1], [5, 3], [1, 1]])) is None


@pytest.mark.parametrize("name", ["seeds_numpy", "inf_train_gen", "WiderSample", "generator"])
def test_streams_and_settings_are_left_as_they_were(name):
    code = function_named(f"{PEOPLE}:{name}")
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    held(code)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["affine_generator", "--as", "target"], "cannot be called as a sampler"),
        (["pixels", "--as", "generator"], "takes no latents [n, d]"),
        (["eight_gaussians", "--as", "sampler"], "legal parts: objective, penalty, critic, generator, target"),
    ],
)
def test_a_mistake_in_the_call_is_one_message(words, said):
    result = CliRunner().invoke(app, ["check", f"{PEOPLE}:{words[0]}", *words[1:]])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_exit_codes():
    codes = [CliRunner().invoke(app, ["check", f"{PEOPLE}:{name}"]).exit_code for name in ("labelled", "linspace_ring")]
    assert codes == [0, 1]
