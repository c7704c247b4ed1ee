"""The Dirac-GAN view against closed forms: the field, the eigenvalues at the solution, and where paths end."""

from __future__ import annotations

import cmath
import json
from functools import cache

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.draw.dirac import REMEMBERS, phase_portrait, portraits, told
from toygan.files.mistakes import UserError
from toygan.session.dirac import Portrait, motion_in_words, portrait

torch.set_num_threads(1)
H = 0.2
SHORT, LONGER = "training.steps=4", "training.steps=60"  # of which only a path is longer


@cache
def by_rule(rule: str, method: str = "wasserstein+none", *changes: str) -> Portrait:
    table = rule if rule.startswith("{") else f"'{rule}'"
    return portrait(method, [f"method.update={table}", SHORT, *changes])


def close(found: np.ndarray, expected: list[complex], tolerance: float = 1e-7) -> bool:
    """The same numbers in any order."""
    return all(min(abs(found - one)) < tolerance for one in expected) and all(
        min(abs(np.array(expected) - one)) < tolerance for one in found
    )


def matrix_eigenvalues(*rows: list[float]) -> list[complex]:
    return list(np.linalg.eigvals(np.array(rows)).astype(complex))


@pytest.mark.parametrize("gamma", [0.3, 0.9, 1.1, 3.0])
def test_r1_eigenvalues_are_those_of_mescheder(gamma: float) -> None:
    found = by_rule("simultaneous", "non-saturating+r1", f"method.constraint.weight={gamma}").eigenvalues
    root = cmath.sqrt(gamma**2 / 4 - 1 / 4)
    assert close(found.rates, [-gamma / 2 + root, -gamma / 2 - root])
    assert close(found.multipliers, [1 + H * (-gamma / 2 + root), 1 + H * (-gamma / 2 - root)])
    assert (abs(found.rates[0].imag) > 1e-3) == (gamma < 1)


@pytest.mark.parametrize(
    ("method", "rates"), [("ns-gan", [0.5j, -0.5j]), ("gan", [0.5j, -0.5j]), ("wasserstein+none", [1j, -1j])]
)
def test_without_constraint_eigenvalues_are_imaginary_and_simultaneous_steps_spiral_out(
    method: str, rates: list[complex]
) -> None:
    found = by_rule("simultaneous", method).eigenvalues
    assert close(found.rates, rates)
    assert np.allclose(abs(found.multipliers), (1 + (H * abs(rates[0])) ** 2) ** 0.5)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # alternating: psi moves to psi - h theta first, theta then by h psi
        ("alternating", matrix_eigenvalues([1 - H**2, H], [-H, 1])),
        # extragradient: z + h J (z + h J z), J = [[0, 1], [-1, 0]]
        ("extragradient", matrix_eigenvalues([1 - H**2, H], [-H, 1 - H**2])),
        # optimistic: z + 2 h J z - h J z_last, the memory being -J z
        ("optimistic", matrix_eigenvalues([1, 2 * H, H, 0], [-2 * H, 1, 0, H], [0, -1, 0, 0], [1, 0, 0, 0])),
        # consensus of weight 0.1: z + h (J - 0.1 I) z
        ("consensus", matrix_eigenvalues([1 - 0.1 * H, H], [-H, 1 - 0.1 * H])),
        # unrolled: the generator moves against psi after its own move and five more: psi - 6 h theta, and through it
        ("unrolled", matrix_eigenvalues([1 - 11 * H**2, H], [-H, 1])),
        # competitive: z + h J (1 - h J)^-1 z
        ("cgd", [1 / (1 + 1j * H), 1 / (1 - 1j * H)]),
        # symplectic adjustment of weight l: z + h (J - l) z
        ("sga", [1 - H + 1j * H, 1 - H - 1j * H]),
        ("{kind='sga', weight=0.5}", [1 - 0.5 * H + 1j * H, 1 - 0.5 * H - 1j * H]),
        # LOLA foresees the other's step twice, LookAhead once, and SOS at rest as that
        ("lola", [1 - 2 * H**2 + 1j * H, 1 - 2 * H**2 - 1j * H]),
        ("{kind='lola', shaping=0.0}", [1 - H**2 + 1j * H, 1 - H**2 - 1j * H]),
        ("sos", [1 - H**2 + 1j * H, 1 - H**2 - 1j * H]),
        # lookahead: the fifth root of what five steps and half the way back make, beside memories that are emptied
        ("lookahead", [0, (0.5 + 0.5 * (1 + 1j * H) ** 5) ** 0.2, (0.5 + 0.5 * (1 - 1j * H) ** 5) ** 0.2]),
        # negative momentum: (m - 1)^2 (m - b)^2 + h^2 m^3 = 0
        ("negative-momentum", list(np.roots([1, -1 + H**2, -0.75, 0.5, 0.25]))),
    ],
)
def test_multipliers_of_every_rule_are_those_of_its_matrix(rule: str, expected: list[complex]) -> None:
    assert close(by_rule(rule).eigenvalues.multipliers, expected, 1e-6)


@pytest.mark.parametrize(
    ("rule", "size"),
    [
        ("simultaneous", 1.0198039),
        ("alternating", 1.0),
        ("extragradient", 0.98061),
        ("optimistic", 0.97891),
        ("cgd", 0.98058),
        ("sga", 0.82462),
        ("negative-momentum", 0.99406),
        ("lookahead", 0.98482),
        ("lola", 0.94149),
    ],
)
def test_growth_of_one_step_of_two_tenths_is_the_published_one(rule: str, size: float) -> None:
    assert abs(by_rule(rule).eigenvalues.multipliers[0]) == pytest.approx(size, abs=6e-6)


@pytest.mark.parametrize(
    ("rule", "size"),
    [
        ("simultaneous", "larger"),
        ("alternating", "one"),
        ("extragradient", "smaller"),
        ("optimistic", "smaller"),
        ("{kind='consensus', weight=0.5}", "smaller"),
        ("unrolled", "smaller"),
        *((rule, "smaller") for rule in ("cgd", "sga", "lola", "sos", "lookahead", "negative-momentum")),
    ],
)
@pytest.mark.parametrize("method", ["ns-gan", "wasserstein+none"])
def test_who_spirals_out_circles_and_comes_home(method: str, rule: str, size: str) -> None:
    found = by_rule(rule, method)
    leading = max(abs(found.eigenvalues.multipliers))
    assert {"larger": leading > 1 + 1e-4, "one": abs(leading - 1) < 1e-7, "smaller": leading < 1 - 1e-4}[size]
    said = {"larger": "out", "one": "closed orbit", "smaller": "halved"}[size]
    assert said in found.words


def test_the_field_is_that_of_the_paper() -> None:
    found = by_rule("simultaneous", "ns-gan")
    theta, psi = np.meshgrid(found.axis, found.axis)
    slope = 1 / (1 + np.exp(psi * theta))  # f'(t) = sigmoid(-t); the critic's is sigmoid(t)
    assert np.allclose(found.field[..., 0], psi * slope)
    assert np.allclose(found.field[..., 1], -theta * (1 - slope))
    assert np.allclose(by_rule("simultaneous").field, np.stack((psi, -theta), axis=-1))
    # A rule's memory is that of standing still: no move is counted twice.
    assert np.allclose(by_rule("optimistic").field, np.stack((psi, -theta), axis=-1))
    # Of lookahead it is the mean of five steps, the last of which goes half the way back.
    turned = 0.5 * ((1 - 1j * H) ** 5 - 1) * (theta + 1j * psi) / (5 * H)
    assert np.allclose(by_rule("lookahead").field, np.stack((turned.real, turned.imag), axis=-1))


def test_the_path_starts_at_one_one_and_obeys_the_rule() -> None:
    out, home = (
        by_rule("simultaneous", "wasserstein+none", LONGER).path,
        by_rule("simultaneous", "non-saturating+r1", "method.constraint.weight=1.0", LONGER).path,
    )
    assert np.allclose(out[0], [1, 1])
    assert np.allclose(np.linalg.norm(out, axis=1), 2**0.5 * (1 + H**2) ** (np.arange(61) / 2))
    assert np.linalg.norm(home[-1]) < 0.05


@pytest.mark.parametrize("method", ["wgan-gp", "sngan", "wgan-l1"])
def test_where_the_step_has_no_derivative_there_are_no_eigenvalues(method: str) -> None:
    found = portrait(method, [SHORT])
    assert not len(found.eigenvalues.multipliers)
    assert "no derivative" in found.words


@pytest.mark.parametrize("method", ["pacgan", "lsgan", "wgan", "f-pearson", "ns-gan-smooth"])
def test_any_method_with_a_linear_critic_has_a_portrait(method: str) -> None:
    found = portrait(method, [SHORT])
    assert np.isfinite(found.field).all()
    assert found.words == motion_in_words(found.eigenvalues)


def test_other_players_are_refused() -> None:
    with pytest.raises(UserError, match="autoencoder"):
        portrait("ebgan")
    with pytest.raises(UserError, match="ring"):
        portrait("ns-gan", scenario="eight-gaussians")


def test_the_picture_shows_field_path_and_words() -> None:
    found = by_rule("alternating", "ns-gan")
    figure = portraits([found, found], "toygan dirac")
    panel = figure.axes[0]
    assert np.allclose(panel.lines[0].get_xydata(), found.path)
    assert any("closed orbit" in text.get_text().replace("\n", " ") for text in panel.texts)
    phase_portrait(figure.axes[1], found._replace(field=np.zeros_like(found.field)))
    with pytest.raises(ValueError, match="at least one"):
        portraits([])


def test_the_command_draws_and_prints_json(tmp_path) -> None:
    result = CliRunner().invoke(
        app, ["dirac", "-m", "ns-gan", "-u", "simultaneous", "--set", SHORT, "--out", f"{tmp_path}/d.png", "--json"]
    )
    said = json.loads(result.stdout)
    assert np.allclose(np.abs(said["portraits"][0]["eigenvalues"]), [[0, 0.5], [0, 0.5]])
    assert (tmp_path / "d.png").stat().st_size > 10_000
    assert CliRunner().invoke(app, ["dirac", "--out", "x.gif"]).exit_code == 2
    words = ["dirac", "-m", "ns-gan", "-u", "simultaneous", "--set", SHORT, "--out", f"{tmp_path}/e.png"]
    several = CliRunner().invoke(app, [*words, "-f", "pdf", "-f", "svg"])
    assert several.stdout.splitlines()[-2:] == [f"{tmp_path}/e.pdf", f"{tmp_path}/e.svg"]
    assert {file.name for file in tmp_path.glob("e.*")} == {"e.pdf", "e.svg"}
    assert CliRunner().invoke(app, [*words, "-f", "gif"]).exit_code == 2


def test_a_portrait_carries_the_options_of_its_look(tmp_path) -> None:
    words = ["dirac", "-m", "ns-gan", "--set", SHORT, "--style", "dark", "--font-size", "12"]
    assert CliRunner().invoke(app, [*words, "--out", f"{tmp_path}/e.svg"]).exit_code == 0
    told = " ".join((tmp_path / "e.svg").read_text(encoding="utf-8").split())
    assert f"toygan dirac -m ns-gan --set {SHORT} --style dark --font-size 12" in told


def test_a_portrait_says_where_a_path_ends_that_leaves_the_window() -> None:
    """Simultaneous steps of the bilinear game end far outside: nobody is to look for a diamond that is not there."""
    found = by_rule("simultaneous", "wasserstein+none")
    far = found._replace(path=np.array([[1.0, 1.0], [5.0, -7.25]]))
    assert "The run ends outside the window, at (5, \N{MINUS SIGN}7.25)." in said(far)
    assert "finite numbers" in said(found._replace(path=np.array([[1.0, 1.0], [np.inf, 0.0]])))
    assert "The run" not in said(found._replace(path=np.array([[1.0, 1.0], [0.5, -1.5]])))


def said(found: Portrait) -> str:
    """The words of a picture of one portrait."""
    figure = portraits([found])
    return " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")


def test_portraits_of_typed_games_are_not_told_of_eigenvalues_and_solutions() -> None:
    found = by_rule("alternating", "ns-gan")
    assert "Cross: the solution. Eigenvalues are" in said(found)
    typed = said(found._replace(words="near (0, 0) |m| = 1.01: spirals out", more=("After 3000 steps 1.1 from rest.",)))
    assert "Cross: where both slopes vanish" in typed
    assert "Eigenvalues" not in typed


def test_a_portrait_says_that_a_rule_remembers():
    remembering, forgetful = (
        portrait("gan", [SHORT, ("method.update", {"kind": kind})]) for kind in ("optimistic", "alternating")
    )
    assert (remembering.remembers, forgetful.remembers) == (True, False)
    assert REMEMBERS.split(";")[0] in " ".join(told(remembering, 60).split())
    assert "remembers" not in told(forgetful, 60)
