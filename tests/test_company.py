"""Runs that differ in dials alone, played as one game: the same bytes as alone, each in its own folder."""

from __future__ import annotations

from itertools import islice, product
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import torch
from conftest import sampled
from test_numbers import config_of, with_others

import toygan
from toygan.engines.table import begin
from toygan.files.config import Config, as_data
from toygan.files.dials import dials_of
from toygan.files.disk import read_json
from toygan.files.scenario import read
from toygan.files.strict import Source, check
from toygan.game.methods import METHODS
from toygan.game.play import State
from toygan.game.streams import draws
from toygan.game.zoo import ZOO
from toygan.many import company, run, task
from toygan.many.company import (
    companies,
    dials_by_row,
    play_together,
    program_of,
    row_of,
    same_bits,
    seats,
    side_by_side,
)
from toygan.many.run import DIGESTED, Order
from toygan.session import folder as folders
from toygan.session.looks import like, step_of
from toygan.session.simulation import Simulation, simulation
from toygan.session.stream import with_number


def turned(config: Config, share: float) -> Config:
    """The same program with every dial some way to another number."""
    data, (other, _) = as_data(config), with_others(config)
    ends = dials_of(other)
    for key, usual in dials_of(config).items():
        if key != "steps":
            data = with_number(data, key, float(usual + share * (ends[key] - usual)))
    return check(Config, data, Source("company"))


def played(sim: Simulation, start: State, dials: dict[str, Any], times: int, backend: str, steps: int) -> State:
    """A state after some steps, each draw so many times over."""
    numbers = (
        {name: one.repeat(1, times, *[1] * (one.ndim - 2)) for name, one in draw.items()}
        for draw in draws(sim.source, 0, like(sim.start))
    )
    rows = list(islice(numbers, steps))
    running = begin(backend, sim.world.step, start, rows[0], dials).running
    for draw in rows:
        running.advance(draw, dials)
    return running.state()


# --- bits ------------------------------------------------------------------------------------------------------------

SIZES = [("generator.width", 16), ("critic.width", 16), ("training.batch", 64)]
# Some sums over a row of an odd number of parameters are rounded by where the row lies in memory, and so are some products
# of torch. A company notices, and does not play on.
APART = {("bayesian-gan", "onnx"), ("unrolled-gan", "eager")}


@pytest.mark.parametrize(("name", "backend"), sampled(product([*METHODS, *ZOO], ["eager", "onnx"]), 7))
def test_seeds_are_the_same_to_the_bit_beside_those_of_other_dials(name, backend):
    sims = [simulation(turned(config_of(name, SIZES), share)) for share in (0.0, 0.5, 1.0)]
    joint = side_by_side([sim.start for sim in sims])
    dials = dials_by_row([sim.world.dials for sim in sims], 2)
    assert len([key for key, dial in dials.items() if dial.ndim]) > 3
    together = played(sims[0], joint, dials, 3, backend, 5)
    for k, sim in enumerate(sims):
        alone, own = played(sim, sim.start, sim.world.dials, 1, backend, 5), row_of(together, 2 * k, 2)
        if (name, backend) in APART:
            torch.testing.assert_close(own.parameters, alone.parameters, rtol=1e-5, atol=1e-6)
        else:
            assert same_bits(own, alone)


# --- who plays with whom ---------------------------------------------------------------------------------------------

TINY = {
    "training.steps": 40,
    "training.frames": 5,
    "training.points": 40,
    "training.batch": 16,
    "generator.width": 8,
    "critic.width": 8,
    "training.seeds": 2,
}


def made(**changes: Any) -> Config:
    """A small run; `rate=` and `weight=` are dials, other words are keys of the training."""
    dials = {"rate": "method.critic_rate", "weight": "method.constraint.weight"}
    keys = {dials.get(key, f"training.{key}"): value for key, value in changes.items()}
    return read("eight-gaussians", "wgan-gp", list((TINY | keys).items()))


def test_a_program_is_a_config_without_its_dials():
    assert program_of(made()) == program_of(made(rate=0.3, weight=2.0))
    others = (made(steps=41), made(seed=1), made(seeds=3), made(batch=17), made(frames=4), made(points=41))
    assert len({program_of(other) for other in (made(), *others)}) == 7
    critic_steps, tricks = (
        read("eight-gaussians", "wgan-gp", [*TINY.items(), change])
        for change in (("method.critic_steps", 3), ("method.instance_noise", 0.1))
    )
    assert len({program_of(made()), program_of(critic_steps), program_of(tricks)}) == 3
    louder = read("eight-gaussians", "wgan-gp", [*TINY.items(), ("method.instance_noise", 0.2)])
    assert program_of(tricks) == program_of(louder)  # of two that have the noise its size is a dial


def test_one_seed_is_alone_and_large_nets_have_little_room():
    assert seats(made(seeds=1)) == 1
    assert seats(made()) == company.MOST == 8
    wide = {"generator.width": 64, "critic.width": 64, "training.batch": 256}
    assert [seats(read("swiss-roll", "wgan-gp", [*wide.items(), ("training.seeds", n)])) for n in (2, 4, 8, 16)] == [
        8,
        4,
        2,
        1,
    ]


def test_companies_are_of_one_program_and_leave_no_worker_idle():
    rates = [made(rate=0.01 * k) for k in range(1, 17)]
    assert companies(rates, 1) == [[*range(8)], [*range(8, 16)]]
    assert companies(rates, 2) == [[*range(4 * k, 4 * k + 4)] for k in range(4)]
    assert companies(rates, 8) == [[k] for k in range(16)]
    mixed = [made(rate=0.1), made(steps=41), made(rate=0.2), made(steps=41, rate=0.2), made(seeds=1)]
    assert companies(mixed, 1) == [[0, 2], [1, 3], [4]]
    assert companies([], 2) == []
    assert companies([None, made(), None, made(rate=0.1)], 0) == [[0], [1, 3], [2]]


# --- in folders ------------------------------------------------------------------------------------------------------


def order(place: Path, name: str, backend: str = "auto", watch: Any = run.quiet) -> Order:
    """What is asked of a run in a folder."""
    return Order(place / name, "toygan sweep", animation=False, picture=False, backend=backend, watch=watch)


def ended(place: Path) -> dict[str, bytes]:
    """What runs end with, the same bytes whatever came between."""
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for name in DIGESTED for path in place.rglob(name)}


RUNS = {"slow": made(), "fast": made(rate=0.02), "weighty": made(rate=0.02, weight=3.0)}


@pytest.fixture(params=["eager", "onnx"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def alone(tmp_path: Path, backend: str) -> dict[str, bytes]:
    for name, config in RUNS.items():
        run.carry_out(config, order(tmp_path / "alone", name, backend))
    return ended(tmp_path / "alone")


def together(place: Path, backend: str, **words: Any) -> None:
    """All runs as one game."""
    play_together([(config, order(place, name, backend, **words)) for name, config in RUNS.items()])


def finished(place: Path, backend: str) -> dict[str, bytes]:
    """What runs end with when each has been carried out."""
    for name, config in RUNS.items():
        run.carry_out(config, order(place, name, backend))
    return ended(place)


def steps_kept(place: Path) -> dict[str, int]:
    """How far runs are by their records."""
    return {path.parent.name: read_json(path)["step"] for path in place.rglob("run.json")}


def test_runs_end_as_alone_and_share_the_seconds(tmp_path, backend, alone, monkeypatch):
    start = process_time()
    together(tmp_path / "both", backend)
    took = process_time() - start
    assert steps_kept(tmp_path / "both") == dict.fromkeys(RUNS, 40)
    facts = [read_json(path) for path in (tmp_path / "both").rglob("run.json")]
    assert {one["backend"] for one in facts} == {backend}
    shares = [one["seconds"]["train"] for one in facts]
    assert max(shares) - min(shares) < 0.002 * 6
    assert 0 < sum(shares) <= took + 0.02
    assert {one["status"] for one in facts} == {"done"}
    monkeypatch.setattr(run, "play_on", None)  # nothing is left to be played
    assert finished(tmp_path / "both", backend) == alone
    assert (tmp_path / "both" / "fast" / "config.toml").read_text() == (
        tmp_path / "alone" / "fast" / "config.toml"
    ).read_text()


@pytest.mark.parametrize("step", sampled([10, 0, 30], 3))
def test_who_is_stopped_goes_on_in_company_or_alone(tmp_path, backend, alone, step):
    """Stopped between the looks of one frame: some have kept it, some have not."""
    looks: list[int] = []

    def stopping(part: company.Companion, state: State) -> bool:
        looks.append(step_of(state))
        if looks.count(step) == 2:
            raise KeyboardInterrupt
        return going(part, state)

    going = company.goes_on
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(company, "goes_on", stopping)
        with pytest.raises(KeyboardInterrupt):
            together(tmp_path / "both", backend)
    assert {read_json(path)["status"] for path in (tmp_path / "both").rglob("run.json")} == {"interrupted"}
    run.carry_out(RUNS["slow"], order(tmp_path / "both", "slow", backend))
    together(tmp_path / "both", backend)
    assert finished(tmp_path / "both", backend) == alone


def test_a_run_whose_folder_takes_nothing_more_is_left_by_the_others(tmp_path, backend, alone, monkeypatch):
    def failing(look: Any, past: Any, ledger: Any) -> None:
        if look.step == 20 and ledger.folder.name == "fast":
            raise OSError("no space left")
        keeping(look, past, ledger)

    keeping = run.keep
    monkeypatch.setattr(run, "keep", failing)
    together(tmp_path / "both", backend)
    assert steps_kept(tmp_path / "both") == {"slow": 40, "fast": 10, "weighty": 40}
    monkeypatch.setattr(run, "keep", keeping)
    assert finished(tmp_path / "both", backend) == alone


def test_a_run_that_cannot_take_part_is_left_as_it_was(tmp_path):
    run.carry_out(RUNS["slow"], order(tmp_path, "slow"))
    run.carry_out(made(steps=3), order(tmp_path, "fast"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with folders.claimed(tmp_path / "weighty"):
        together(tmp_path, "auto")  # finished, another's folder, busy: nobody is left to play
    assert {path: path.read_bytes() for path in before} == before


def test_a_company_with_other_bits_than_alone_does_not_play_on(tmp_path, backend, alone, monkeypatch):
    monkeypatch.setattr(company, "same_bits", lambda joint, alone: float(joint.step) < 7)
    together(tmp_path / "both", backend)
    assert steps_kept(tmp_path / "both") == dict.fromkeys(RUNS, 0)
    assert finished(tmp_path / "both", backend) == alone


def test_who_has_diverged_is_over_and_the_others_go_on(tmp_path, backend):
    runs = {"wild": made(rate=1e7), "slow": made()}
    play_together([(config, order(tmp_path / "both", name, backend)) for name, config in runs.items()])
    for name, config in runs.items():
        run.carry_out(config, order(tmp_path / "both", name, backend))
        run.carry_out(config, order(tmp_path / "alone", name, backend))
    assert ended(tmp_path / "both") == ended(tmp_path / "alone")
    assert steps_kept(tmp_path / "both")["wild"] < steps_kept(tmp_path / "both")["slow"] == 40


def test_the_check_is_of_every_bit_of_a_run():
    state = simulation(made()).start
    player = state.players["critic"]
    other = player.parameters.clone()
    other[1, 3] = torch.nextafter(other[1, 3], other[1, 3] + 1)
    moved = state._replace(players={**state.players, "critic": player._replace(parameters=other)})
    joint = side_by_side([state, moved])
    assert same_bits(row_of(joint, 0, 2), state)
    assert same_bits(row_of(joint, 2, 2), moved)
    assert not same_bits(row_of(joint, 0, 2), moved)
    assert not same_bits(row_of(joint, 2, 2), state)


def test_a_company_notices_that_only_its_second_run_is_another(tmp_path, alone, backend, monkeypatch):
    seen: list[int] = []

    def noting(joint: Any, first: int, *rest: Any) -> bool:
        seen.append(first)
        return first == 0

    monkeypatch.setattr(company, "is_alike", noting)
    together(tmp_path / "both", backend)
    assert set(seen) == {0, 2}
    assert steps_kept(tmp_path / "both") == dict.fromkeys(RUNS, 0)


def test_rows_that_lie_elsewhere_in_memory_end_as_alone(tmp_path):
    """Three seeds of 1623 parameters each: the second run's rows begin at another place of 32 bytes than they do alone, and
    spectral norms are rounded otherwise there, while the first run's are the same to the bit.
    """
    odd = [*TINY.items(), ("training.seeds", 3), ("generator.width", 15), ("critic.width", 15), ("training.steps", 16)]
    runs = {
        name: read("eight-gaussians", "wgan-sn", [*odd, ("method.critic_rate", rate)])
        for name, rate in (("slow", 0.001), ("fast", 0.02))
    }
    play_together([(config, order(tmp_path / "both", name, "onnx")) for name, config in runs.items()])
    for name, config in runs.items():
        run.carry_out(config, order(tmp_path / "alone", name, "onnx"))
        run.carry_out(config, order(tmp_path / "both", name, "onnx"))
    assert ended(tmp_path / "both") == ended(tmp_path / "alone")


# --- in a sweep ------------------------------------------------------------------------------------------------------


def test_a_sweep_plays_a_grid_of_dials_together(tmp_path, monkeypatch, no_processes):
    calls: list[int] = []

    def noted(runs: Any) -> None:
        calls.append(len(runs))
        play_together(runs)

    monkeypatch.setattr(task, "play_together", noted)
    grid = {"method.critic_rate": [0.001, 0.002, 0.004, 0.008], "training.steps": [20, 40]}
    toygan.sweep(
        "eight-gaussians", "wgan-gp", grid=grid, overrides=TINY | {"training.frames": 3}, out=tmp_path, workers=1
    )
    assert calls == [4, 4]
    for place in sorted(path.parent for path in tmp_path.rglob("run.json")):
        facts = read_json(place / "run.json")
        overrides = TINY | {"training.frames": 3} | facts["settings"]
        own = toygan.run("eight-gaussians", "wgan-gp", overrides=overrides, out=tmp_path / "alone" / place.name,
                         animation=False)  # fmt: skip
        assert facts["status"] == "done"
        assert all((place / name).read_bytes() == (own.folder / name).read_bytes() for name in DIGESTED)


def test_a_fault_of_the_joint_game_costs_no_run(tmp_path, monkeypatch, no_processes):
    """As where memory lasts for each run and not for all together: every run goes on alone."""

    def failing(parts: Any) -> None:
        raise RuntimeError("not enough memory")

    monkeypatch.setattr(company, "play_company", failing)
    rows = toygan.sweep("eight-gaussians", "wgan-gp", grid={"method.critic_rate": [0.001, 0.002, 0.004, 0.008]}, overrides=TINY,
                        out=tmp_path, workers=1)  # fmt: skip
    rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
    assert {row["status"] for row in rows} == {"done"}


@pytest.mark.slow
def test_the_ends_of_a_company_come_one_by_one(tmp_path):
    """Of four real runs one cannot be played: it fails alone, with its row, and the others are done."""
    grid = {"method.critic_rate": [0.001, 0.002, 0.004, 0.008]}
    (tmp_path / "eight-gaussians" / "wgan-gp" / "method.critic_rate=0.002").mkdir(parents=True)
    (tmp_path / "eight-gaussians" / "wgan-gp" / "method.critic_rate=0.002" / "frames.npz").mkdir()
    rows = toygan.sweep("eight-gaussians", "wgan-gp", grid=grid, overrides=TINY, out=tmp_path, workers=1)
    rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
    status = {row["method.critic_rate"]: row["status"] for row in rows}
    assert status == {0.001: "done", 0.002: "failed", 0.004: "done", 0.008: "done"}
