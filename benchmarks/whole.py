"""A whole default run as a user starts it, beside the bare training loop of a plain script, in turns, in core seconds.

    python benchmarks/whole.py [SCENARIO [METHOD]] [--rounds 5]

Both are processes, imports counted, of compiled modules, as installed ones are. The plain loop (`plain.py`) has the scenario's
width, batch, critic moves and steps. A run is timed as the very first one, with an empty cache; as the first on other points,
whose floors are not shipped and must be found; and as a later one on these, which finds them kept.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from plain import BATCH, GENERATOR_LOSS

from toygan.files.config import Config
from toygan.files.scenario import read

KINDS = ("bare", "first", "others", "later")
OTHERS = ["--set", "training.seed=1"]  # other points: nothing that is shipped is about them


class Timed(NamedTuple):
    """What a process took of a core, and what it said."""

    seconds: float
    output: str


def timed(words: list[str], cache: str) -> Timed:
    """Run Python with some words and an own cache folder, on one core where that can be."""
    pin = ["taskset", "-c", "0"] if hasattr(os, "sched_setaffinity") else []
    environment = {**os.environ, "TOYGAN_CACHE": cache, "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = spent()
    done = subprocess.run(
        [*pin, sys.executable, *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment,
    )  # fmt: skip
    return Timed(spent() - before, done.stdout)


def spent() -> float:
    """Core seconds of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bare(config: Config) -> list[str]:
    """The words of the plain script with a config's own numbers; ValueError where it has no such game."""
    width, training, method = config.critic.width, config.training, config.method
    if training.batch != BATCH or method.name not in GENERATOR_LOSS or config.generator.width != width:
        raise ValueError(f"plain.py has a batch of {BATCH}, two nets of one width, and {', '.join(GENERATOR_LOSS)}")
    numbers = (width, method.name, method.critic_steps, training.steps)
    return [str(Path(__file__).with_name("plain.py")), *map(str, numbers)]


def one_round(config: Config, words: list[str], warm: str) -> tuple[dict[str, float], dict[str, Any]]:
    """Core seconds of each kind, one after the other, and what the later run told of itself."""
    with TemporaryDirectory() as place, TemporaryDirectory() as cold:
        plain = timed(bare(config), cold)
        runs = {
            "first": timed([*words, f"{place}/first"], cold),
            "others": timed([*words, f"{place}/others", *OTHERS], cold),
            "later": timed([*words, f"{place}/later", *OTHERS], warm),
        }
    facts = {kind: json.loads(run.output) for kind, run in runs.items()}
    return {"bare": plain.seconds} | {kind: run.seconds for kind, run in runs.items()}, facts


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", default="swiss-roll")
    parser.add_argument("method", nargs="?", default="wgan-gp")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    config, warm = read(asked.scenario, asked.method, []), TemporaryDirectory()
    words = ["-m", "toygan", "run", asked.scenario, "-m", asked.method, "--json", "--out"]
    helps = statistics.median(timed(["-m", "toygan", "--help"], warm.name).seconds for _ in range(5))
    print(f"toygan --help: {helps:.2f} s of a core (median of 5)", flush=True)
    with TemporaryDirectory() as place:
        timed([*words, place, *OTHERS], warm.name)  # makes the floors that later runs find
    turns = []
    for _ in range(asked.rounds):
        seconds, facts = one_round(config, words, warm.name)
        turns.append(seconds)
        print("  ".join(f"{kind} {seconds[kind]:.1f} s" for kind in KINDS), flush=True)
        for kind, told in facts.items():
            rest = seconds[kind] - sum(told["seconds"].values())
            print(f"    {kind}: {told['seconds']}, imports and the rest {rest:.2f}", flush=True)
    for kind in KINDS[1:]:
        ratio = statistics.median(turn[kind] / turn["bare"] for turn in turns)
        print(f"toygan run {asked.scenario} -m {asked.method}, {kind}: {ratio:.2f} of the bare loop")
    mean = facts["first"]["summary"]["mean"]
    print(f"W1 {mean['w1']:.4f} = {mean['w1'] / mean['w1_floor']:.2f} x its floor;  {mean}")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
