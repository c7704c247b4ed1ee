"""Many runs: a sweep on all cores against its runs one after the other, the overhead of a run, a table of many folders.

    python benchmarks/sweep.py [--steps 2500] [--runs 24] [--folders 10000] [--engine local|dask] [--address URL]
    python benchmarks/sweep.py --together [--steps 800] [--rounds 3]     a grid of dials, played as one game and run by run

The first ratio is best near 1 / cores. Both sides use the same worker processes, one of them or all.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from toygan.many import company
from toygan.many.results import records, run_folders, write_results
from toygan.many.sweep import Plan, carry_out, planned

SCENARIOS = ("swiss-roll", "eight-gaussians", "two-moons")


def seconds(plan: Plan, engine: str, address: str | None, workers: int | None) -> float:
    """The time of a whole sweep in a new place."""
    with tempfile.TemporaryDirectory() as place:
        tasks = planned(plan.model_copy(update={"out": place}))
        start = perf_counter()
        failed = carry_out(tasks, Path(place), engine, address, workers)
        assert not failed, failed
        return perf_counter() - start


def sweep_of(runs: int, steps: int | None, frames: int | None = None) -> Plan:
    """So many runs of different scenarios, differing in their scenario seed."""
    common = {key: value for key, value in (("training.steps", steps), ("training.frames", frames)) if value}
    grid = {"training.seed": list(range(-(-runs // len(SCENARIOS))))}
    return Plan(scenarios=SCENARIOS[:runs], methods=("wgan-gp",), grid=grid, set=common)


def overhead(engine: str, address: str | None) -> str:
    """What a run costs besides its own work, from sweeps of few and of many tiny runs in one process."""
    few, many = 4, 24
    tiny = Plan(scenarios=("dirac",), set={"training.steps": 2, "training.frames": 2})
    took, own = [], []
    for runs in (few, many):
        with tempfile.TemporaryDirectory() as place:
            tasks = planned(tiny.model_copy(update={"out": place, "grid": {"training.seed": list(range(runs))}}))
            start = perf_counter()
            carry_out(tasks, Path(place), engine, address, 1)
            took.append(perf_counter() - start)
            own.append(sum(row["core_seconds"] for row in records(run_folders(Path(place)))))
    extra = ((took[1] - own[1]) - (took[0] - own[0])) / (many - few)
    return f"overhead of a run after the first: {extra:.3f} s"


def table_of(folders: int) -> str:
    """Seconds and memory of `toygan table` over so many finished folders of 4 seeds each."""
    with tempfile.TemporaryDirectory() as place:
        (task,) = planned(Plan(scenarios=("eight-gaussians",), methods=("r3gan",), seeds=4, out=place,
                               set={"training.steps": 2, "training.frames": 2}))  # fmt: skip
        carry_out([task], Path(place))
        facts = json.loads((task.folder / "run.json").read_text())
        for i in range(folders - 1):
            copy = task.folder / f"training.seed={i + 1}"
            copy.mkdir()
            facts["settings"] = {"training.seed": i + 1}
            (copy / "run.json").write_text(json.dumps(facts, indent=2))
        words = [sys.executable, "-m", "toygan", "table", place]
        start = perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        took = perf_counter() - start
        start = perf_counter()
        subprocess.run([*words, "--by", "method"], check=True, stdout=subprocess.DEVNULL)
        by_method = perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        start = perf_counter()
        write_results(Path(place))
        return (
            f"table of {folders} folders: {took:.1f} s with a row each, {by_method:.1f} s by method; "
            f"results.csv {perf_counter() - start:.1f} s; peak memory of all children {memory:.0f} MB"
        )


SIZES = ((16, 2), (32, 2), (32, 4), (64, 2))  # width, seeds


def core_seconds(plan: Plan, most: int) -> float:
    """What a whole sweep takes of a core, imports and all, when so many runs at most are played as one game."""
    usual, company.MOST = company.MOST, most
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        seconds(plan, "local", None, 1)
    finally:
        company.MOST = usual
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def grid_together(steps: int, rounds: int) -> None:
    """A grid of eight rates, alone and in company, in turns, by the width of the nets, the seeds and the method."""
    print("width seeds method   alone s  together s  ratio: medians, then each turn")
    for width, seeds in SIZES:
        for method in ("wgan-gp", "ns-gan"):
            common = {"training.steps": steps, "training.frames": 20, "generator.width": width, "critic.width": width}
            grid = {"method.critic_rate": [round(0.001 * k, 3) for k in range(1, 9)]}
            plan = Plan(scenarios=("eight-gaussians",), methods=(method,), seeds=seeds, grid=grid, set=common)
            turns = [(core_seconds(plan, 1), core_seconds(plan, 8)) for _ in range(rounds)]
            ratios = [both / alone for alone, both in turns]
            one, other, ratio = (statistics.median(column) for column in (*zip(*turns, strict=True), ratios))
            each = " ".join(f"{ratio:.2f}" for ratio in ratios)
            print(f"{width:5} {seeds:5} {method:8} {one:7.1f} {other:11.1f}  {ratio:.2f} ({each})", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--steps", type=int, default=None, help="the scenarios' own by default")
    parser.add_argument("--frames", type=int, default=None)
    parser.add_argument("--folders", type=int, default=10_000)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--address", default=None)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if asked.together:
        grid_together(asked.steps or 800, asked.rounds)
        return
    if asked.folders:
        print(table_of(asked.folders), flush=True)
    print(overhead(asked.engine, asked.address), flush=True)
    if asked.runs:
        plan = sweep_of(asked.runs, asked.steps, asked.frames)
        together = seconds(plan, asked.engine, asked.address, None)
        single = seconds(plan, "local", None, 1)
        both = f"{together:.1f} s on all cores, {single:.1f} s one after the other"
        print(f"{asked.runs} runs: {both}; ratio {together / single:.2f}")


if __name__ == "__main__":
    main()
