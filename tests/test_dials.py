"""Paths of the Dirac-GAN's dials are the game's own, theory agrees with it, and the page shows what was played."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conftest import crossed

from toygan.exhibits import dials, read
from toygan.session import dirac
from toygan.site.pack import motion
from toygan.site.phases import MARGIN, VIEW

METHODS, RULES = dials.dials_of(read("dirac"))


def test_dials_are_those_of_the_exhibit():
    assert METHODS == ["ns-gan", "wasserstein+none", "wgan-gp", "ns-gan-r1"]
    assert RULES == ["simultaneous", "alternating", "extragradient", "optimistic", "consensus", "unrolled"]


@pytest.mark.parametrize(
    ("rule", "game"),
    crossed(["alternating", "optimistic"], [("ns-gan", None), ("wgan-gp", 3.0), ("ns-gan-r1", 0.3)], 2),
)
def test_a_path_is_the_one_that_the_game_plays(rule, game):
    method, weight = game
    config = dials.dirac_at(method, rule, 0.2, weight)
    starts = dials.axis()
    k = int(np.abs(starts - 1).argmin()) * (len(starts) + 1)
    found = dials.fan(config)[:, k]
    alone = dirac.path(config)[: dials.STEPS + 1]
    np.testing.assert_allclose(found[: len(alone)], alone, atol=1e-12)


@pytest.mark.parametrize("rule", dials.FORMS)
@pytest.mark.parametrize(
    ("method", "weight"), [("ns-gan", None), ("wasserstein+none", None), ("ns-gan-r1", 0.3), ("ns-gan-r1", 3.0)]
)
@pytest.mark.parametrize("rate", dials.RATES)
def test_the_closed_form_is_what_one_step_does(method, weight, rule, rate):
    config = dials.dirac_at(method, rule, rate, weight)
    said = dials.theory(config, rate)
    if rule == "consensus" and weight is not None:
        assert said == ""
        return
    size = float(re.search(r"\|m\| = ([\d.]+)$", said)[1])
    multipliers = dirac.eigenvalues(*dirac.stage(config)).multipliers
    assert size == pytest.approx(abs(multipliers[0]), rel=2e-5)


@pytest.mark.parametrize(("method", "rule"), [("wgan-gp", "alternating"), ("ns-gan", "unrolled")])
def test_without_a_short_form_none_is_given(method, rule):
    assert dials.theory(dials.dirac_at(method, rule, 0.2, None), 0.2) == ""


def test_a_path_that_leaves_all_bounds_is_lost_and_can_be_packed():
    found = dials.fan(dials.dirac_at("ns-gan-r1", "optimistic", 0.5, 30.0))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[-1]).any()
    codes = motion("0", found.astype("f4"), VIEW, MARGIN)
    assert codes.shape == found.shape


def test_games_are_kept_as_they_were_played(monkeypatch):
    monkeypatch.setattr(dials, "RATES", (0.2,))
    monkeypatch.setattr(dials, "STEPS", 5)
    first, again = dials.played_games("ns-gan", "simultaneous"), dials.played_games("ns-gan", "simultaneous")
    assert [(one.rate, one.weight) for one in first] == [(0.2, None)]
    np.testing.assert_array_equal(first[0].paths, again[0].paths)
    np.testing.assert_allclose(
        first[0].paths, dials.fan(dials.dirac_at("ns-gan", "simultaneous", 0.2, None)), atol=1e-6
    )


def test_the_words_of_a_rule_with_a_period_are_those_of_the_mean_of_its_steps(monkeypatch):
    monkeypatch.setattr(dials, "RATES", (0.2,))
    (game,) = dials.each_game("ns-gan", "lookahead")
    assert "|m| = 0.996237" in game.motion
