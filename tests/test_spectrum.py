"""Eigenvalues of one step of a game: closed forms of bilinear games and of the Dirac-GAN, and a recorded net's."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import undrawn
from matplotlib.text import Text
from torch import Tensor

from toygan.draw.saved import save_figure
from toygan.draw.spectrum import spectra, spectrum_in_words
from toygan.exhibits.scores import seen_spectrum
from toygan.files.mistakes import UserError
from toygan.many import run
from toygan.quantities.spectrum import Spectrum, jacobian, spectrum
from toygan.session.dirac import portrait
from toygan.session.spectrum import MOST, spectrum_of
from toygan.view.chosen import of_seed

H = 0.2
ORIGIN = torch.zeros(2, dtype=torch.float64)


def simultaneous(rows: Tensor) -> Tensor:
    """One step on f = xy: x down, y up, both from where they were."""
    x, y = rows.T
    return torch.stack((x - H * y, y + H * x), dim=1)


def alternating(rows: Tensor) -> Tensor:
    """First y, then x against the moved y."""
    x, y = rows.T
    y = y + H * x
    return torch.stack((x - H * y, y), dim=1)


def extragradient(rows: Tensor) -> Tensor:
    x, y = rows.T
    ahead_x, ahead_y = x - H * y, y + H * x
    return torch.stack((x - H * ahead_y, y + H * ahead_x), dim=1)


# --- games in closed form --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("update", "size", "outside"),
    [(simultaneous, math.sqrt(1 + H**2), 2), (alternating, 1.0, 0), (extragradient, math.sqrt(1 - H**2 + H**4), 0)],
)
def test_rules_on_a_bilinear_game(update, size, outside):
    found = spectrum(update, ORIGIN, H)
    np.testing.assert_allclose(np.abs(found.multipliers), size, rtol=1e-8)
    assert found.outside == outside
    assert found.error < 1e-6


def test_a_rotation_goes_around_once_in_its_period():
    found = spectrum(simultaneous, ORIGIN, H)
    assert found.period == pytest.approx(2 * math.pi / math.atan(H), rel=1e-7)
    np.testing.assert_allclose(found.rates, [1j, -1j], atol=1e-7)
    still = spectrum(lambda rows: 0.9 * rows, ORIGIN)
    assert still.period == math.inf
    assert still.outside == 0


def test_the_jacobian_is_that_of_autograd():
    weight = torch.from_numpy(np.random.default_rng(0).standard_normal((7, 7)))
    update = lambda rows: (rows @ weight).tanh() + rows.square()  # noqa: E731
    at = torch.from_numpy(np.random.default_rng(1).standard_normal(7))
    exact = torch.autograd.functional.jacobian(lambda x: update(x[None])[0], at)
    torch.testing.assert_close(jacobian(update, at), exact, rtol=1e-6, atol=1e-7)


def test_a_kink_nearby_is_left_out_and_one_at_the_place_is_told():
    """The sign jumps at x = 0: at 1e-7 / 3 the first nudge meets it, at 0 every one does."""
    update = lambda rows: rows + 0.1 * rows.sign()  # noqa: E731
    near = spectrum(update, torch.full((2,), 1e-7 / 3, dtype=torch.float64))
    np.testing.assert_allclose(near.multipliers, 1.0, rtol=1e-6)
    found = spectrum(lambda rows: rows + 0.1 * rows.sum(dim=1, keepdim=True).abs(), ORIGIN)
    assert found.error > 0.1


# --- the Dirac-GAN through the game ----------------------------------------------------------------------------------


def small(scenario, method, changes, folder, seeds=None):
    """A run of a few steps, without a graph and undrawn."""
    with undrawn():
        return run.run(scenario, method=method, seeds=seeds, overrides=changes, out=folder, backend="eager")


@pytest.fixture(scope="module")
def at_rest(tmp_path_factory):
    """Runs of the Dirac-GAN that start at the solution, and so end there."""

    def played(method: str, *changes: str):
        rest = ["generator.start=[0.0, 0.0]", "critic.start=[0.0, 0.0]", "training.steps=2", "training.frames=2"]
        folder = tmp_path_factory.mktemp("spectrum")
        return small("dirac", method, [*rest, *changes], folder)

    return played


def nontrivial(found: Spectrum) -> np.ndarray:
    """The multipliers that are not 1: of theta and psi; the plane's other direction stands still."""
    return found.multipliers[np.abs(found.multipliers - 1) > 1e-6]


@pytest.mark.parametrize(("rule", "size"), [("simultaneous", math.sqrt(1 + H**2 / 4)), ("alternating", 1.0)])
def test_the_dirac_gan_turns_by_half_the_rate(at_rest, rule, size):
    """f'(0) = 1/2: simultaneous steps multiply by 1 +- ih/2, alternating ones stay on the circle."""
    found = spectrum_of(at_rest("ns-gan", f"method.update.kind='{rule}'"))
    np.testing.assert_allclose(np.abs(nontrivial(found)), size, rtol=1e-7)
    angle = math.atan(H / 2) if rule == "simultaneous" else 2 * math.asin(H / 4)
    assert found.period == pytest.approx(2 * math.pi / angle, rel=1e-6)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.5])
def test_r1_has_its_published_eigenvalues(at_rest, gamma):
    """-gamma / 2 +- sqrt(gamma^2 / 4 - 1/4) in units of the rate, for the whole plane: two of each, and critical at 1."""
    changes = [f"method.constraint={{kind='r1', weight={gamma}}}", "method.update.kind='simultaneous'"]
    found = spectrum_of(at_rest("ns-gan-r1", *changes))
    root = np.sqrt(complex(gamma**2 / 4 - 0.25))
    expected = np.array([-gamma / 2 + root, -gamma / 2 - root] * 2)
    for rate in expected:
        assert np.abs(found.rates - rate).min() < 1e-3 * (
            30 if gamma == 1 else 1
        )  # a double root is as steep as a root
    assert found.outside == 0


@pytest.mark.parametrize("method", ["ns-gan", "ns-gan-r1", "lsgan"])
def test_it_agrees_with_the_phase_portrait(at_rest, method):
    found = spectrum_of(at_rest(method))
    known = portrait(method, ["training.steps=2"]).eigenvalues  # its path is not looked at
    assert not known.why_not
    for multiplier in known.multipliers:
        assert np.abs(found.multipliers - multiplier).min() < 1e-5


# --- nets and the picture --------------------------------------------------------------------------------------------

SMALL = ["generator.width=4", "critic.width=4", "training.batch=16", "training.frames=2", "training.points=40",
         "training.steps=4"]  # fmt: skip


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spectrum")
    changes = [*SMALL, "generator.activation='tanh'", "critic.activation='tanh'"]
    return small("eight-gaussians", "ns-gan-r1", changes, folder, seeds=2)


def test_a_net_has_as_many_multipliers_as_parameters(recording):
    found, kept = spectrum_of(recording), recording.weights("")
    assert len(found.multipliers) == kept["generator"].shape[1] + kept["critic"].shape[1]
    assert found.error < 1e-3
    sizes = np.abs(found.multipliers)
    assert (np.diff(sizes) <= 1e-9).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_recording_has_the_eigenvalues_of_the_seed_that_is_shown(recording, tmp_path, seed):
    """As a run of that seed alone has, and no other seed's; an exhibit's scores keep them apart, too."""
    changes = [*SMALL, "generator.activation='tanh'", "critic.activation='tanh'", f"training.seeds=[{seed}]"]
    alone = small("eight-gaussians", "ns-gan-r1", changes, tmp_path)
    shown, other = (of_seed(recording, one) for one in (seed, 1 - seed))
    assert spectrum_of(shown).multipliers == pytest.approx(spectrum_of(alone).multipliers, abs=1e-5)
    assert seen_spectrum(shown).multipliers == pytest.approx(spectrum_of(shown).multipliers)
    assert abs(seen_spectrum(shown).multipliers - seen_spectrum(other).multipliers).max() > 1e-4


def test_the_sheet_says_how_many_grow(recording, tmp_path):
    found = spectrum_of(recording)
    words = " ".join(text.get_text() for text in spectra(recording, found).findobj(Text))
    assert f"{found.outside} of {len(found.multipliers)} lie outside the circle" in words
    assert "plain descent in place of its optimiser" in " ".join(words.split())
    save_figure(spectra(recording, found), tmp_path / "a.svg", "")
    with pytest.raises(ValueError, match="gif"):
        save_figure(spectra(recording, found), tmp_path / "a.gif", "")
    assert "has a kink here: its Jacobian is off by 50 %" in spectrum_in_words(found._replace(error=0.5))
    assert "without turning" in spectrum_in_words(found._replace(multipliers=np.array([0.5 + 0j])))


def test_large_players_and_lost_weights_are_one_message(recording, tmp_path):
    large = small("eight-gaussians", "ns-gan", [*SMALL, "critic.width=64"], tmp_path)
    with pytest.raises(UserError, match=f"{MOST} are the most; .* run with --set generator.width=16"):
        spectrum_of(large)
    with pytest.raises(UserError, match=r"has no weights\.npz to start a step from; --fresh plays the run again"):
        spectrum_of(replace(recording, folder=None))
