"""How soon the lab trains and how fast, in headless Chromium without a GPU, beside eager PyTorch on the same machine.

python benchmarks/lab.py [--seconds 6] [--minutes 0] [--page FOLDER]

Writes the whole page, with every method, into a temporary folder. Needs chromium and playwright. With `--minutes` it also
plays so long and prints how the page's memory grows beyond the history that it keeps.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import torch
from playwright.sync_api import Page, sync_playwright

from toygan.files import catalogue
from toygan.files.shipped import shipped
from toygan.game.streams import draws
from toygan.session.simulation import simulation
from toygan.site.lab import sized, write_lab

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
GAMES = (("eight-gaussians", "ns-gan", "small", 300), ("swiss-roll", "wgan-gp", "large", 40))  # and the least wanted
LONG = "c=0*steps*1000000"  # so that the run does not end
COUNTS = "({step: lab.told.step, painted: lab.told.painted, now: performance.now(), cost: lab.told.cost})"


@contextmanager
def browser() -> Iterator[Page]:
    """A page of a fresh browser."""
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, "--enable-precise-memory-info"]
        )
        yield chromium.new_page(viewport={"width": 1280, "height": 900})
        chromium.close()


def begun(page: Page, index: Path, address: str) -> None:
    """At an address, the first step done."""
    page.goto("about:blank")
    page.goto(index.as_uri() + address)
    page.wait_for_function("lab.told.first !== undefined", timeout=120_000)


def beginning(index: Path) -> None:
    """How soon the page is there, ready, and training."""
    with browser() as page:
        begun(page, index, "")
        told = page.evaluate("lab.told")
    print(f"interactive after {told['interactive']:.0f} ms (wanted: 1500), engine ready after {told['ready']:.0f} ms, "
          f"first step seen after {told['first']:.0f} ms (wanted: 3000)")  # fmt: skip


def speed(index: Path, scenario: str, method: str, size: str, seconds: float) -> tuple[float, float, float]:
    """Steps and painted frames a second while the page plays, and what a step alone takes, without looks at it, in ms."""
    with browser() as page:
        begun(page, index, f"#s={scenario}&m={method}&z={size}&{LONG}")
        page.wait_for_timeout(2000)
        before = page.evaluate(COUNTS)
        page.wait_for_timeout(1000 * seconds)
        after = page.evaluate(COUNTS)
    gone = (after["now"] - before["now"]) / 1000
    return (after["step"] - before["step"]) / gone, (after["painted"] - before["painted"]) / gone, after["cost"]


def eager(scenario: str, method: str, size: str, seconds: float) -> float:
    """Steps a second of eager PyTorch, one thread."""
    torch.set_num_threads(1)
    sim = simulation(sized(scenario, method, size))
    state, count, start = sim.start, 0, 0.0
    for draw in draws(sim.source, 0, sim.start.memory):
        state = sim.world.step(state, draw, sim.world.dials)
        count += 1
        if count == 10:
            start = perf_counter()
        if count > 10 and perf_counter() - start > seconds:
            break
    return (count - 10) / (perf_counter() - start)


def complaints(page: Page) -> list[str]:
    """What the page's console says from now on that is wrong."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def growth(index: Path, minutes: float) -> None:
    """The page's heap and the kept history while it plays."""
    with browser() as page:
        wrong = complaints(page)
        begun(page, index, f"#s=eight-gaussians&m=ns-gan&{LONG}")
        for _ in range(int(minutes * 4) + 1):
            page.wait_for_timeout(15_000)
            heap, kept, step = page.evaluate("[performance.memory.usedJSHeapSize, lab.told.memory, lab.told.step]")
            print(f"  step {step}: page's heap {heap / 2**20:.0f} MB, history {kept / 2**20:.0f} MB", flush=True)
    print(f"  errors and warnings in the console: {wrong or 'none'}")


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--page", type=Path, help="the folder of a page that was written before")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as fresh:
        start, folder = perf_counter(), args.page or Path(fresh)
        index = folder / "index.html"
        if not args.page:
            write_lab(folder, list(shipped()), list(catalogue.methods()))
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(f"{len(catalogue.methods())} methods on {len(shipped())} scenarios: {size / 1e6:.2f} MB (wanted: 8), "
              f"made in {perf_counter() - start:.0f} s; others load this machine by {os.getloadavg()[0]:.1f}")  # fmt: skip
        beginning(index)
        for scenario, method, kind, wanted in GAMES:
            steps, frames, cost = speed(index, scenario, method, kind, args.seconds)
            plain = eager(scenario, method, kind, args.seconds)
            print(
                f"{method}, {kind}: {steps:.0f} steps a second (wanted: {wanted}), {frames:.0f} frames a second (wanted: 30); "
                f"a step takes {cost:.2f} ms, {cost * plain / 1000:.2f} of eager PyTorch's time (wanted: 1.5 at most), which "
                f"does {plain:.0f} a second; with all that is looked at and drawn meanwhile {plain / steps:.2f}"
            )
        if args.minutes:
            growth(index, args.minutes)


if __name__ == "__main__":
    main()
