"""A whole default run as a user starts it: seconds by kind of work, W1 over its floor, memory, and the time of --help.

python benchmarks/whole.py [SCENARIO [METHOD]]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from time import perf_counter


def timed(*words: str) -> tuple[float, str]:
    """Seconds and output of a command on one core."""
    pin = ["taskset", "-c", "0"] if hasattr(os, "sched_setaffinity") else []
    start = perf_counter()
    output = subprocess.run([*pin, sys.executable, "-m", "toygan", *words], check=True, capture_output=True, text=True)
    return perf_counter() - start, output.stdout


def main() -> None:
    """Print the figures."""
    scenario, method = [*sys.argv[1:], "swiss-roll", "wgan-gp"][:2] if len(sys.argv) != 2 else (sys.argv[1], "wgan-gp")
    helps = sorted(timed("--help")[0] for _ in range(5))
    print(f"toygan --help: {helps[2]:.2f} s (median of 5)")
    with tempfile.TemporaryDirectory() as folder:
        seconds, output = timed("run", scenario, "-m", method, "--out", folder, "--json")
    facts = json.loads(output)
    work = facts["seconds"]
    rest = sum(spent for kind, spent in work.items() if kind != "train")
    mean = facts["summary"]["mean"]
    print(f"toygan run {scenario} -m {method}: {seconds:.1f} s, of which {work}")
    print(f"observing, measuring, floors, drawing: {rest / seconds:.2f} of the whole")
    print(f"W1 {mean['w1']:.4f} = {mean['w1'] / mean['w1_floor']:.2f} x its floor;  {mean}")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
