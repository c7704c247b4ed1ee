"""Runs that differ in dials alone, played as one game: the same bytes as alone, each in its own folder."""

from __future__ import annotations

from itertools import islice, product
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import torch
from conftest import FEW, sampled, undrawn
from test_numbers import config_of, with_others

import toygan
from toygan.engines import table
from toygan.engines.table import Running, begin
from toygan.files.config import Config, as_data
from toygan.files.dials import dials_of
from toygan.files.disk import read_json
from toygan.files.scenario import read
from toygan.files.strict import Source, check
from toygan.game.methods import METHODS
from toygan.game.play import Draw, State
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


def drawn(sim: Simulation, times: int, steps: int) -> list[Draw]:
    """The draws of some steps, each so many times over."""
    rows = islice(draws(sim.source, 0, like(sim.start)), steps)
    return [{name: one.repeat(1, times, *[1] * (one.ndim - 2)) for name, one in draw.items()} for draw in rows]


def played(running: Running, rows: list[Draw], dials: dict[str, Any]) -> State:
    """The state after these steps."""
    for draw in rows:
        running.advance(draw, dials)
    return running.state()


# --- bits ------------------------------------------------------------------------------------------------------------

SIZES = [("generator.width", 16), ("critic.width", 16), ("generator.depth", 2), ("training.batch", 64)]
# Some sums over a row of an odd number of parameters are rounded by where the row lies in memory, and so are some products
# of torch. A company notices, and does not play on.
APART = {("bayesian-gan", "onnx"), ("unrolled-gan", "eager")}


@pytest.mark.parametrize(("name", "backend"), sampled(product([*METHODS, *ZOO], ["eager", "onnx"]), 7))
def test_seeds_are_the_same_to_the_bit_beside_those_of_other_dials(name, backend):
    sims = [simulation(turned(config_of(name, SIZES), share)) for share in (0.0, 0.5, 1.0)]
    joint = side_by_side([sim.start for sim in sims])
    dials = dials_by_row([sim.world.dials for sim in sims], 2)
    assert len([key for key, dial in dials.items() if dial.ndim]) > 3
    rows, last = drawn(sims[0], 3, 5), sims[-1]
    together = played(begin(backend, sims[0].world.step, joint, rows[0], dials).running, rows, dials)
    rows = drawn(last, 1, 5)
    by_itself = begin(backend, last.world.step, last.start, rows[0], last.world.dials).running
    for k, sim in enumerate(sims):
        alone, own = played(by_itself.beside(sim.start), rows, sim.world.dials), row_of(together, 2 * k, 2)
        if (name, backend) in APART:
            torch.testing.assert_close(own.parameters, alone.parameters, rtol=1e-5, atol=1e-6)
        else:
            assert same_bits(own, alone)


# --- who plays with whom ---------------------------------------------------------------------------------------------

TINY = {
    "training.steps": 30,
    "training.frames": 4,
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
    others = (made(steps=31), made(seed=1), made(seeds=3), made(batch=17), made(frames=3), made(points=41))
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
    mixed = [made(rate=0.1), made(steps=31), made(rate=0.2), made(steps=31, rate=0.2), made(seeds=1)]
    assert companies(mixed, 1) == [[0, 2], [1, 3], [4]]
    assert companies([], 2) == []
    assert companies([None, made(), None, made(rate=0.1)], 0) == [[0], [1, 3], [2]]


# --- in folders ------------------------------------------------------------------------------------------------------


def order(place: Path, name: str, backend: str = "auto") -> Order:
    """What is asked of a run in a folder."""
    return Order(place / name, "toygan sweep", animation=False, picture=False, backend=backend)


def ended(place: Path) -> dict[str, bytes]:
    """What runs end with, the same bytes whatever came between."""
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for name in DIGESTED for path in place.rglob(name)}


RUNS = {"slow": made(), "fast": made(rate=0.02), "weighty": made(rate=0.02, weight=3.0)}


@pytest.fixture(scope="module", params=["eager", "onnx"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder_alone(tmp_path_factory: pytest.TempPathFactory, backend: str) -> Path:
    """Where every run has been played by itself; to be read only."""
    place = tmp_path_factory.mktemp("alone")
    for name, config in RUNS.items():
        run.carry_out(config, order(place, name, backend))
    return place


@pytest.fixture(scope="module")
def alone(folder_alone: Path) -> dict[str, bytes]:
    """What runs that were played by themselves end with."""
    return ended(folder_alone)


def together(place: Path, backend: str) -> None:
    """All runs as one game."""
    play_together([(config, order(place, name, backend)) for name, config in RUNS.items()])


def finished(place: Path, backend: str) -> dict[str, bytes]:
    """What runs end with when each has been carried out."""
    for name, config in RUNS.items():
        run.carry_out(config, order(place, name, backend))
    return ended(place)


def steps_kept(place: Path) -> dict[str, int]:
    """How far runs are by their records."""
    return {path.parent.name: read_json(path)["step"] for path in place.rglob("run.json")}


def test_runs_end_as_alone_and_share_the_seconds(tmp_path, backend, folder_alone, monkeypatch):
    start = process_time()
    together(tmp_path / "both", backend)
    took = process_time() - start
    assert steps_kept(tmp_path / "both") == dict.fromkeys(RUNS, 30)
    facts = [read_json(path) for path in (tmp_path / "both").rglob("run.json")]
    assert {one["backend"] for one in facts} == {backend}
    shares = [one["seconds"]["train"] for one in facts]
    assert max(shares) - min(shares) < 0.002 * 6
    assert 0 < sum(shares) <= took + 0.02
    assert {one["status"] for one in facts} == {"done"}
    monkeypatch.setattr(run, "play_on", None)  # nothing is left to be played
    assert finished(tmp_path / "both", backend) == ended(folder_alone)
    configs = [(place / "fast" / "config.toml").read_text() for place in (tmp_path / "both", folder_alone)]
    assert configs[0] == configs[1]


@pytest.mark.parametrize("step", sampled([20, 0, 10], 3))
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
    assert steps_kept(tmp_path / "both") == {"slow": 30, "fast": 10, "weighty": 30}
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


def test_who_has_diverged_is_over_and_the_others_go_on(tmp_path, backend, alone):
    runs = {"wild": made(rate=1e7), "slow": RUNS["slow"]}
    play_together([(config, order(tmp_path / "both", name, backend)) for name, config in runs.items()])
    for name, config in runs.items():
        run.carry_out(config, order(tmp_path / "both", name, backend))
    run.carry_out(runs["wild"], order(tmp_path / "alone", "wild", backend))
    slow = {name: content for name, content in alone.items() if name.startswith("slow/")}
    assert ended(tmp_path / "both") == ended(tmp_path / "alone") | slow
    assert steps_kept(tmp_path / "both")["wild"] < steps_kept(tmp_path / "both")["slow"] == 30


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


def test_a_company_notices_that_only_its_second_run_is_another(tmp_path, backend, monkeypatch):
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
    odd = {"training.seeds": 3, "generator.width": 15, "critic.width": 15, "training.steps": 8, "training.frames": 2}
    runs = {
        name: read("eight-gaussians", "wgan-sn", [*(TINY | odd).items(), ("method.critic_rate", rate)])
        for name, rate in (("slow", 0.001), ("fast", 0.02))
    }
    play_together([(config, order(tmp_path / "both", name, "onnx")) for name, config in runs.items()])
    for place in ("alone", "both"):
        run.carry_out(runs["fast"], order(tmp_path / place, "fast", "onnx"))
    assert ended(tmp_path / "both" / "fast") == ended(tmp_path / "alone")


# --- in a sweep ------------------------------------------------------------------------------------------------------


def test_a_sweep_plays_a_grid_of_dials_together(tmp_path, monkeypatch, no_processes):
    calls: list[list[int]] = []

    def noted(runs: Any) -> None:
        calls.append([config.training.steps for config, _ in runs])
        play_together(runs)

    monkeypatch.setattr(task, "play_together", noted)
    grid = {"method.critic_rate": [0.001, 0.008], "training.steps": [10, 20]}
    small = TINY | {"training.frames": 3}
    with undrawn():
        toygan.sweep("eight-gaussians", "wgan-gp", grid=grid, overrides=small, out=tmp_path, workers=1)
        assert sorted(calls) == [[10, 10], [20, 20]]
        for place in sorted(path.parent for path in tmp_path.rglob("run.json")):
            facts = read_json(place / "run.json")
            own = toygan.run("eight-gaussians", "wgan-gp", overrides=small | facts["settings"],
                             out=tmp_path / "alone" / place.name, animation=False)  # fmt: skip
            assert facts["status"] == "done"
            assert all((place / name).read_bytes() == (own.folder / name).read_bytes() for name in DIGESTED)


def test_a_fault_of_the_joint_game_costs_no_run(tmp_path, monkeypatch, no_processes):
    """As where memory lasts for each run and not for all together: every run goes on alone."""

    def failing(parts: Any) -> None:
        faults.append(len(parts))
        raise RuntimeError("not enough memory")

    faults: list[int] = []
    monkeypatch.setattr(company, "play_company", failing)
    monkeypatch.setattr(table, "FEW", FEW)  # runs so short are called
    rates = {"method.critic_rate": [0.001, 0.002, 0.004, 0.008]}
    short = TINY | {"training.steps": 4, "training.frames": 2}
    with undrawn():
        rows = toygan.sweep("eight-gaussians", "wgan-gp", grid=rates, overrides=short, out=tmp_path, workers=1)
    rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
    assert {row["status"] for row in rows} == {"done"}
    assert faults == [2, 2]


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
