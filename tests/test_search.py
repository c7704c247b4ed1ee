"""A search of a trained generator: exact on affine maps and lines, refusals, pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import undrawn

from toygan.draw.saved import save_figure
from toygan.draw.search import anomalies, edits
from toygan.files.config import as_data
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.many.run import run
from toygan.session.search import (
    BEYOND,
    LAWFUL,
    Searched,
    descended,
    residual_of,
    searched,
    seen_anomaly,
    seen_edit,
    spread_out,
)

RNG = np.random.default_rng(0)
LATENTS = torch.from_numpy(RNG.standard_normal((400, 2)))
MATRIX, PLACE = torch.tensor([[0.8, 0.3], [-0.2, 0.6]]).double(), torch.tensor([0.3, -0.5]).double()


def affine(z: torch.Tensor) -> torch.Tensor:
    return z @ MATRIX.T + PLACE


def line(z: torch.Tensor) -> torch.Tensor:
    """(z1, 0): what it makes is the x-axis, whatever z2."""
    return torch.stack((z[:, 0], torch.zeros_like(z[:, 0])), dim=1)


def test_an_affine_map_makes_every_place():
    places = RNG.uniform(-1.0, 1.0, (50, 2))
    assert residual_of(affine, LATENTS, places).max() < 5e-3


def test_the_distance_to_a_line_is_the_height_over_it():
    places = RNG.uniform(-1.5, 1.5, (50, 2))
    np.testing.assert_allclose(residual_of(line, LATENTS, places), np.abs(places[:, 1]), atol=3e-3)


def test_points_of_known_latents_have_no_residual():
    made = affine(LATENTS[:20]).numpy()
    assert (residual_of(affine, LATENTS, made) < 1e-12).all()


def test_a_search_never_ends_farther_than_it_began():
    def wild(z: torch.Tensor) -> torch.Tensor:
        return torch.sin(40 * z)

    places = RNG.uniform(-1.0, 1.0, (30, 2))
    nearest = torch.cdist(torch.from_numpy(places), wild(LATENTS)).amin(dim=1).numpy()
    assert (residual_of(wild, LATENTS, places) <= nearest + 1e-12).all()


def test_two_searches_agree_where_there_is_one_way():
    places = RNG.uniform(-1.5, 1.5, (50, 2))
    found = searched(line, LATENTS, places)
    assert not found.open.any()
    np.testing.assert_allclose(found.residual, np.abs(places[:, 1]), atol=3e-3)


def test_two_searches_disagree_where_one_is_caught():
    def apart(z: torch.Tensor) -> torch.Tensor:
        """All latents to (1, 0) but one, which goes to (0, 0) and has nowhere to slope to."""
        return torch.stack(((z[:, 0] < 5).to(z), 0 * z[:, 0]), dim=1)

    latents = torch.zeros(10, 2).double()
    latents[4, 0] = 9.0
    found = searched(apart, latents, np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]]))
    assert found.open.tolist() == [True, False, False]
    np.testing.assert_allclose(found.residual, [0.0, 0.0, 0.5])


def test_a_latent_is_as_likely_as_its_law_says():
    latents = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, -4.0]])
    np.testing.assert_allclose(BEYOND["normal"](latents), np.exp(-np.array([0.0, 9.0, 16.0]) / 2))  # in the plane
    assert BEYOND["sphere"](latents).tolist() == BEYOND["uniform"](latents).tolist() == [1, 1, 1]
    assert BEYOND.keys() == LAWFUL.keys()


def test_a_home_holds_a_latent_back():
    target, home = torch.tensor([[2.0, 1.0]]).double(), LATENTS[:1]
    free, held = (descended(line, home, target, 300, at) for at in (None, home))
    assert float((line(free) - target)[0, 0].abs()) < 1e-2
    assert float((held - home).norm()) < float((free - home).norm())
    assert float(held[0, 1] - home[0, 1]) == pytest.approx(0.0, abs=1e-9)  # z2 moves nothing, so it stays at home


def test_handles_lie_far_from_each_other():
    points = np.concatenate((RNG.normal(size=(200, 2)) * 0.01, [[3.0, 0.0], [-3.0, 0.0], [0.0, 3.0]]))
    assert set(spread_out(points, 4)) >= {200, 201, 202}
    assert len(spread_out(points[:2], 6)) == 2


SMALL = {"training.steps": 20, "training.frames": 2, "training.points": 60, "training.batch": 16, "generator.width": 8}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    with undrawn():
        return run("two-moons", "ns-gan", overrides=SMALL, out=tmp_path_factory.mktemp("search"))


def test_a_run_is_searched_and_drawn(recording, tmp_path, monkeypatch):
    monkeypatch.setattr("toygan.session.search.SEARCH_STEPS", 3)
    seen, dragged = seen_anomaly(recording), seen_edit(recording)
    assert isinstance(seen, Searched)
    assert seen.residual.shape == (len(seen.y), len(seen.x))
    assert (seen.residual >= 0).all()
    assert dragged.wanted.shape == dragged.taken.shape == (6, 24, 2)
    np.testing.assert_allclose(dragged.taken[:, 0], dragged.wanted[:, 0], atol=0.2)
    assert seen.open.shape == seen.residual.shape
    assert 0 <= seen.open_real <= 1
    assert dragged.beyond.shape == (6,)
    save_figure(anomalies(recording, seen), tmp_path / "anomaly.svg", "")
    save_figure(edits(recording, dragged), tmp_path / "edit.svg", "")
    told = " ".join((tmp_path / "anomaly.svg").read_text().split())
    assert "search finds" in told
    assert "two searches end" in told
    told = (tmp_path / "edit.svg").read_text()
    assert "come within" in told
    assert "least likely latent" in told


def test_what_is_no_map_of_latents_is_refused(recording):
    """The config of a run decides that, whatever was learned."""

    def of(method, overrides):
        config = as_data(read("two-moons", method, list(overrides.items())))
        return replace(recording, facts=replace(recording.facts, config=config))

    frozen = SMALL | {"generator.kind": "data-plus-noise"}
    frozen.pop("generator.width")
    with pytest.raises(UserError, match="its generator is data-plus-noise; a search needs one that learns a map"):
        seen_anomaly(of("ns-gan", frozen))
    with pytest.raises(UserError, match="has 4 generators; a search is of one"):
        seen_edit(of("mgan", SMALL))
    with pytest.raises(
        UserError, match="its points are made by adagan's players together; a search is of one generator"
    ):
        seen_anomaly(of("adagan", SMALL))
