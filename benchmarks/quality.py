"""What the default settings reach, over seeds: modes, high quality, W1 over its floor, core-seconds of training a seed.

python benchmarks/quality.py [--seeds 8] [SCENARIO:METHOD ...]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile

import torch

import toygan

DEFAULTS = ["swiss-roll:wgan-gp", "eight-gaussians:r3gan", "twenty-five-gaussians:r3gan"]


def column(rows: list[dict[str, float]], name: str) -> str:
    """Every seed's value of one measure, and their mean."""
    values = [row[name] for row in rows if row.get(name) is not None]
    if not values:
        return f"{name} -"
    return f"{name} {' '.join(f'{value:.3g}' for value in values)} (mean {statistics.mean(values):.4g})"


def main() -> None:
    """Print a paragraph a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("runs", nargs="*", default=DEFAULTS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in args.runs:
        scenario, method = name.split(":")
        with tempfile.TemporaryDirectory() as folder:
            facts = toygan.run(scenario, method, seeds=args.seeds, out=folder, animation=False).facts
        rows = [dict(row) | {"w1_over_floor": row["w1"] / row["w1_floor"]} for row in facts.summary.rows]
        print(f"{name}: {facts.seconds['train'] / args.seeds:.1f} s of training a seed, {facts.status}")
        for measure in ("w1_over_floor", "modes", "high_quality"):
            print("    " + column(rows, measure), flush=True)


if __name__ == "__main__":
    main()
