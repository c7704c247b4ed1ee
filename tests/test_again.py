"""A recorded run as it was at any step: the same to the bit as what was recorded, or said not to be."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import crossed, undrawn
from matplotlib.text import Text
from typer.testing import CliRunner

import toygan
from toygan.cli.main import app
from toygan.draw.density import densities_at
from toygan.draw.moments import MOST
from toygan.draw.spectrum import spectra_at
from toygan.files.mistakes import UserError
from toygan.many import run
from toygan.session.again import AS_RECORDED, OTHERWISE, again
from toygan.session.density import seen_density
from toygan.session.recording import Recording
from toygan.session.search import seen_edit
from toygan.session.spectrum import spectrum_of
from toygan.view.chosen import of_seed

SMALL = ["generator.width=6", "generator.latent_dim=2", "critic.width=6", "training.batch=16", "training.frames=4",
         "training.points=40", "training.steps=9"]  # fmt: skip


def played(place, method: str = "ns-gan-r1", *changes: str, scenario: str = "eight-gaussians", **more) -> Recording:
    with undrawn():
        return run.run(scenario, method=method, overrides=[*SMALL, *changes], out=place, **more)


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Densities of few triangles and short ways of what is dragged: how exact they are is asked elsewhere."""
    monkeypatch.setattr("toygan.quantities.density.LEVELS", (24, 48))
    monkeypatch.setattr("toygan.quantities.density.MAPPED", 48)
    monkeypatch.setattr("toygan.session.search.PULLS", 3)


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Recording:
    return played(tmp_path_factory.mktemp("again"), "ns-gan-r1", "method.ema=0.9", seeds=2)


def without_weights(recording: Recording) -> Recording:
    """The same, of which only the looks are known."""
    return replace(recording, folder=None)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)


# --- as recorded -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("backend", "method"), crossed(["eager", "onnx"], ["wgan-gp", "ali"], 2))
def test_what_is_played_again_is_what_was_recorded(tmp_path, method, backend):
    one = played(tmp_path, method, seeds=2, backend=backend)
    assert one.frames["step"].tolist() == [0, 3, 6, 9]
    end = again(without_weights(one), [9])[0]
    assert end.facts.status == AS_RECORDED
    assert end.learned.keys() == one.weights("").keys()
    assert all(same(end.learned[name], kept) for name, kept in one.weights("").items())
    assert all(same(end.frames[name], table) for name, table in one.frames.items())
    assert end.metrics.keys() == one.metrics.keys()
    for name, table in one.metrics.items():
        np.testing.assert_array_equal(end.metrics[name], table, err_msg=name)


def test_a_moment_has_the_looks_up_to_it_and_one_at_it(recording):
    moments = again(recording, [7, 3, 0])
    assert [one.facts.step for one in moments] == [7, 3, 0]
    assert [one.frames["step"].tolist() for one in moments] == [[0, 3, 6, 7], [0, 3], [0]]
    assert {one.facts.status for one in moments} == {AS_RECORDED}
    assert all(same(one.frames["scores"][:1], recording.frames["scores"][:1]) for one in moments)
    assert same(moments[1].frames["samples"], recording.frames["samples"][:2])
    assert not same(moments[0].frames["samples"][3], recording.frames["samples"][2])
    assert same(moments[0].frames["real"], recording.frames["real"])
    assert {len(table) for table in moments[0].metrics.values()} == {4}
    assert not moments[0].facts.summary.rows
    assert moments[0].frames["final"].shape == recording.frames["final"].shape


def test_its_end_is_what_was_kept(recording, monkeypatch):
    monkeypatch.setattr("toygan.session.again.set_up", None)  # nothing is played
    assert again(recording, [9]) == [recording]


def test_every_step_is_told_once(recording):
    heard: list[int] = []
    again(recording, [5, 2], heard.append)
    assert heard == [1, 2, 3, 4, 5]


def test_further_steps_are_a_sessions(recording):
    """What is learned by a step is what a session of the same config has learned there."""
    changes = [*SMALL, "method.ema=0.9"]
    looks = toygan.session("eight-gaussians", "ns-gan-r1", 2, changes, at=[4], backend=recording.facts.backend)
    state = next(iter(looks)).state
    (moment,) = again(recording, [4])
    assert all(np.array_equal(moment.learned[name], own.numpy()) for name, own in state.parameters.items())


# --- otherwise -------------------------------------------------------------------------------------------------------


def test_a_run_that_is_not_what_was_recorded_is_said_to_be_another(recording, tmp_path, monkeypatch):
    samples = recording.frames["samples"].copy()
    samples[1, 1, 0, 0] = np.nextafter(samples[1, 1, 0, 0], 9)
    other = replace(recording, frames={**recording.frames, "samples": samples})
    before, after = again(other, [2, 5])
    assert (before.facts.status, after.facts.status) == (AS_RECORDED, OTHERWISE)
    monkeypatch.setattr("toygan.cli.main.opened", lambda folder: other)
    done = CliRunner().invoke(app, ["draw", "x", "--view", "spectrum", "--step", "4", "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert done.stdout == f"{tmp_path}/spectrum-step-4.png\n"
    assert "step 4: played again, but points at its looks are others than those that were recorded" in done.stderr


def test_what_cannot_be_is_one_message(recording, tmp_path):
    with pytest.raises(UserError, match="step 10: this run's are 0 to 9"):
        again(recording, [3, 10])
    with pytest.raises(UserError, match="choose the step first, then the seed that is shown"):
        again(of_seed(recording, 1), [3])
    points = np.random.default_rng(0).standard_normal((60, 2))
    with toygan.recorder(tmp_path / "loop", real=points, animation=False) as loop:
        for step in range(2):
            loop.frame(step, points + step)
    with pytest.raises(UserError, match="is a recorded training loop; toygan does not know its players"):
        again(toygan.load(tmp_path / "loop"), [1])


# --- the Dirac-GAN's closed form -------------------------------------------------------------------------------------

H, STEPS = 0.2, 30


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


def plane(theta: float, psi: float) -> tuple[float, float]:
    """One simultaneous step of the non-saturating game, D(x) = psi x: theta down -log s(D), psi down log(1 + exp D)."""
    u = theta * psi
    return theta + H * psi * sigmoid(-u), psi - H * theta * sigmoid(u)


def multipliers_at(theta: float, psi: float) -> np.ndarray:
    """Eigenvalues of its derivative: along the line, and across it, where both are zero."""
    s = sigmoid(theta * psi)
    bend = s * (1 - s)
    along = [[1 - H * psi**2 * bend, H * (1 - s - psi * theta * bend)],
             [-H * (s + theta * psi * bend), 1 - H * theta**2 * bend]]  # fmt: skip
    across = [[1, H * (1 - s)], [-H * s, 1]]
    return np.concatenate([np.linalg.eigvals(np.array(one, complex)) for one in (along, across)])


@pytest.mark.parametrize("backend", ["eager", "onnx"])
def test_the_dirac_gan_has_its_closed_form_at_every_step(tmp_path, backend):
    changes = ["method.update.kind='simultaneous'", f"training.steps={STEPS}", "training.frames=2"]
    one = run.run("dirac", method="ns-gan", overrides=changes, out=tmp_path, animation=False, backend=backend)
    at = (0, 1, 13, STEPS)
    for step, moment in zip(at, again(one, at), strict=True):
        theta, psi = 1.0, 1.0
        for _ in range(step):
            theta, psi = plane(theta, psi)
        known = moment.weights("")
        np.testing.assert_allclose(
            [known["generator"][0, 0], abs(known["critic"][0]).max()], [theta, abs(psi)], atol=1e-5
        )
        found = spectrum_of(moment).multipliers
        for wanted in multipliers_at(theta, psi):
            assert np.abs(found - wanted).min() < 1e-5


# --- views -----------------------------------------------------------------------------------------------------------


def words_of(figure) -> str:
    return " ".join(" ".join(text.get_text().split()) for text in figure.findobj(Text))


def test_views_of_several_steps_stand_side_by_side(recording):
    moments = again(recording, [0, 5, 9])
    found = list(map(spectrum_of, moments))
    spectra = spectra_at(moments, found)
    for figure in (spectra, densities_at(moments, list(map(seen_density, moments)))):
        words = words_of(figure)
        assert all(f"step {one.facts.step}" in words for one in moments)
        assert f"of 9 steps · {AS_RECORDED}, done" in words
    assert all(f"{one.outside} of {len(one.multipliers)} lie outside" in words_of(spectra) for one in found)
    with pytest.raises(ValueError, match=f"5 steps cannot stand side by side; 1 to {MOST} can"):
        spectra_at(moments[:1] * 5, found[:1] * 5)


def test_the_seed_that_is_shown_is_the_one_that_is_asked_for(recording):
    """Of a spectrum, a density and a search, at a step before the end."""
    (moment,) = again(recording, [4])
    both = [of_seed(moment, seed) for seed in (0, 1)]
    for alone, other in zip(both, (moment.learned, turned_over(moment.learned)), strict=True):
        first = replace(moment, learned=other)  # the seed's numbers in the first one's place
        assert seen_density(alone).made.inside == seen_density(first).made.inside
    assert not np.array_equal(*(spectrum_of(one).multipliers for one in both))
    assert not np.array_equal(*(seen_edit(one).wanted for one in both))


def turned_over(learned):
    """What two seeds have learned, each in the other's place."""
    return {name: one[::-1] if one.ndim else one for name, one in learned.items()}


def call(*words: str, code: int = 0):
    done = CliRunner().invoke(app, words)
    assert done.exit_code == code, done.output
    return done


def test_the_command_line_draws_views_at_steps(recording, tmp_path):
    folder, out = str(recording.folder), ["--out", str(tmp_path)]
    done = call("draw", folder, "--view", "spectrum", "--steps", "0,4,9", *out)
    assert done.stdout == f"{tmp_path}/spectrum-step-0-step-4-step-9.png\n"
    assert "eight-gaussians / ns-gan-r1: training, " in done.stderr
    done = call("draw", folder, "--view", "density", "--step", "4", "--seed", "1", "-f", "svg", *out)
    assert done.stdout == f"{tmp_path}/density-step-4-seed-1.svg\n"
    assert "toygan draw" in (words := (tmp_path / "density-step-4-seed-1.svg").read_text())
    assert "--view density --steps 4" in words
    assert "step 4 of 9 · played again" in words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--view", "spectrum", "--steps", "10"], "step 10: this run's are 0 to 9"),
        (["--view", "density", "--steps", "0,1,2,3,4"], "--view density has room for 4 steps beside each other"),
        (["--view", "edit", "--steps", "0,1"], "--view edit shows one step at a time"),
        (["--view", "spectrum", "--steps", "one"], "must be whole numbers, 0 or more"),
        (["--view", "spectrum", "--steps", "1", "-f", "gif"], "--format gif: a view is a picture"),
        (["--view", "inside", "--steps", "1"], "--steps: makes a picture of its own; leave out --view"),
        (["--view", "spectrum", "--step", "1", "--out", __file__], "cannot be used"),
        (["--view", "spectre"], '--view spectre: unknown; did you mean "spectrum"?'),
        (["--view", "outside", "--steps", "1"], "--view outside: unknown; did you mean"),
    ],
)
def test_a_step_that_a_view_cannot_have_is_one_message(recording, words, message, monkeypatch):
    monkeypatch.setattr("toygan.session.again.set_up", None)  # it is said before anything is played
    assert message in " ".join(call("draw", str(recording.folder), *words, code=2).stderr.split())
