"""What is shipped of perfect samplers is what a run would find, of every shipped scenario, and told of no other target."""

from __future__ import annotations

import json
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import first_of_each

from toygan.files.scenario import read
from toygan.session import ground, measuring
from toygan.session.ground import address_of
from toygan.session.measuring import floors_at
from toygan.session.simulation import simulation

SCRIPT = runpy.run_path(str(Path(__file__).parent.parent / "docs" / "floors.py"))
HOMES = {name: [game for game in SCRIPT["GAMES"] if game[0] == name] for name, _ in SCRIPT["GAMES"]}


@cache
def perfect(scenario: str, method: str | None) -> list[Any]:
    """The perfect samplers of a game's looks and of its end, as a run has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "FINAL_W1", 1000)  # other tests are content with fewer
        return list(SCRIPT["perfect_of"](scenario, method))


def measured_in(scenario: str) -> set[str]:
    """The quantities that a scenario's games have floors of, and the kind of its target where that is read from a file."""
    entries = [entry for entry in ground.shipped_floors().values() if entry["of"].split()[0] == scenario]
    own = {read(scenario).target.kind} & {"points", "image"}
    return own.union(*(entry["floors"] for entry in entries))


@pytest.mark.parametrize("scenario", first_of_each(HOMES, measured_in))
def test_the_floors_of_every_shipped_scenario_are_what_is_measured_today(scenario: str) -> None:
    """The first two of their samplers are measured anew; `python docs/floors.py` mends what has changed.

    By default a scenario for each quantity: that no scenario's points are others than those of its floors is asked below.
    """
    told = {address_of(one): one for game in HOMES[scenario] for one in perfect(*game)}
    for address, one in told.items():
        entry = ground.shipped_floors()[address]
        found = SCRIPT["scores_of"](one)
        assert list(entry["floors"]) == list(found), entry["of"]
        assert SCRIPT["alike"](entry["two"], found), entry["of"]
        assert {floor["draws"] for floor in entry["floors"].values()} == {ground.PERFECT}


def test_nothing_is_shipped_that_no_scenario_has() -> None:
    addresses = {address_of(one) for games in HOMES.values() for game in games for one in perfect(*game)}
    assert addresses == set(ground.shipped_floors())


def test_a_run_is_told_the_shipped_floors_without_finding_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path))
    monkeypatch.setattr(measuring, "FINAL_W1", 1000)
    monkeypatch.setattr(ground, "floors_of", lambda perfect: pytest.fail("was found anew"))
    config = read("swiss-roll", "wgan-gp")
    sim = simulation(config)
    for found in (floors_at(config, sim, "frame"), floors_at(config, sim, "final")):
        assert found["w1"].keys() == {"mean", "spread", "low", "high", "draws"}
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("every_sampler")
def test_a_shipped_floor_is_the_floor_that_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    config = read("two-moons", "gan")
    sim = simulation(config)
    told = floors_at(config, sim, "frame")
    monkeypatch.setattr(ground, "known_floors", lambda address: None)
    monkeypatch.setattr(ground.cache, "kept", lambda kind, about, make: json.loads(json.dumps(make())))
    found = floors_at(config, sim, "frame")
    for name, floor in found.items():
        assert SCRIPT["alike"](told[name], floor), name


@pytest.mark.parametrize("change", ["training.seed=1", "training.points=900", "target.noise=0.2", "target.scale=2.0"])
def test_another_target_or_other_points_have_floors_of_their_own(change: str) -> None:
    config = read("swiss-roll", "wgan-gp", [change])
    sim = simulation(config)
    one = measuring.perfect_at(config, sim, "frame")
    assert ground.known_floors(address_of(one)) is None


def test_without_the_file_floors_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ground, "shipped_folder", lambda: tmp_path)
    ground.shipped_floors.cache_clear()
    try:
        assert ground.known_floors("any") is None
    finally:
        ground.shipped_floors.cache_clear()


def test_a_fingerprint_tells_types_shapes_and_nothing_apart() -> None:
    zeros = np.zeros(4)
    others = [zeros.reshape(2, 2), zeros.astype(np.float32), np.zeros(4, int), None, "x", 0.0, 0]
    assert len({ground.fingerprint(one) for one in [zeros, *others]}) == 8


def test_a_fingerprint_does_not_hang_on_last_digits() -> None:
    points = np.random.default_rng(0).normal(size=(500, 2))
    assert ground.fingerprint(points) == ground.fingerprint(points * (1 + 1e-15))
    assert ground.fingerprint(points) != ground.fingerprint(points * (1 + 1e-6))
    assert ground.fingerprint(np.array([0.0])) == ground.fingerprint(np.array([-0.0]))
