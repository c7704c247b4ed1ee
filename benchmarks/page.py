"""How fast a page plays: 20 panels of 1000 + 1000 points and a 64 x 64 critic, in headless Chromium without a GPU.

python benchmarks/page.py [--panels 20] [--width 1920] [--height 1080]

The runs are made up, so that nothing has to be trained. Needs chromium and playwright.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
from playwright.sync_api import Page, sync_playwright

from toygan.files.disk import packed, write_aside, write_json
from toygan.session.facts import FORMAT
from toygan.site.page import write_page

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
FRAMES, POINTS = 60, 1000

# Steps the player as fast as it can; a frame counts when the browser has asked for the next one, so painting is included.
PLAY = """frames => new Promise(done => {
  const { go, last } = toygan.player, gaps = [], busy = [];
  let tick = 0, before = performance.now();
  function frame() {
    const start = performance.now();
    gaps.push(start - before);
    before = start;
    go(tick++ % (last + 1));
    busy.push(performance.now() - start);
    if (gaps.length < frames) requestAnimationFrame(frame); else done([gaps, busy]);
  }
  requestAnimationFrame(frame);
})"""
READY = "panels => document.querySelectorAll('canvas.ready').length >= panels"


def made_up(folder: Path, k: int) -> Path:
    """A run folder that was never trained: points that drift onto a ring, and a critic of waves."""
    rng = np.random.default_rng(k)
    angle = 2 * np.pi * rng.integers(8, size=POINTS) / 8
    real = np.stack([2 * np.cos(angle), 2 * np.sin(angle)], 1) + rng.normal(0, 0.1, (POINTS, 2))
    late = np.linspace(0, 1, FRAMES)[:, None, None]
    samples = (
        (1 - late) * rng.normal(0, 0.7, (POINTS, 2))
        + late * rng.permutation(real)
        + rng.normal(0, 0.05, (FRAMES, POINTS, 2))
    )
    grid, coarse = np.linspace(-3, 3, 81), np.linspace(-3, 3, 21)
    x, y = np.meshgrid(grid, grid)
    scores = np.stack([np.sin(x * (1 + k / 9) + t / 9) * np.cos(y - t / 20) for t in range(FRAMES)])
    arrays = {"step": np.arange(FRAMES) * 10, "samples": samples[:, None], "real": real, "scores": scores[:, None]}
    arrays |= {"slopes": rng.normal(0, 1, (FRAMES, 1, 21, 21, 2)), "grid_x": grid, "grid_y": grid}
    arrays |= {"slope_x": coarse, "slope_y": coarse}
    facts = {"format": FORMAT, "scenario": "ring", "method": f"method-{k}", "seeds": [0], "status": "done", "step": 590}
    facts |= {"steps": 590, "seconds": {"train": 1.0}, "config": {"target": {"kind": "ring"}}, "summary": {}}
    place = folder / f"method-{k}"
    place.mkdir(parents=True)
    write_json(place / "run.json", facts)
    write_aside(place / "frames.npz", packed(arrays))
    return place


@contextmanager
def opened(index: Path, width: int, height: int) -> Iterator[Page]:
    """The page in a browser."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(index.as_uri())
        yield page
        browser.close()


def main() -> None:
    """Print sizes, the time to the first screen and the time of a frame."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=int, default=20)
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("--height", type=int, default=1080)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = write_page(
            folder / "page", "A benchmark", "", [made_up(folder / "runs", k) for k in range(args.panels)], "x"
        )
        size = sum(file.stat().st_size for file in folder.glob("page/data/**/*.js"))
        print(
            f"{args.panels} runs of {FRAMES} frames: {size / 1e6:.1f} MB of data, {size / 1e6 / args.panels:.2f} MB a run"
        )
        with opened(index, args.width, args.height) as page:
            start = perf_counter()
            page.add_style_tag(content=ALL_IN_SIGHT)
            page.wait_for_function(READY, arg=args.panels)
            paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            print(f"first screen after {paint:.0f} ms, all panels live {1000 * (perf_counter() - start):.0f} ms later")
            gaps, busy = (np.array(times[5:]) for times in page.evaluate(PLAY, 125))
    rate, slow = 1000 / gaps.mean(), np.percentile(gaps, 95)
    seen = f"{args.panels} panels in {args.width} x {args.height}"
    print(f"{seen}: {rate:.0f} frames a second, the slowest of 20 takes {slow:.0f} ms, drawing {busy.mean():.1f} ms")


# Rows of panels close together, so that twenty of them are in sight at once, as on a projector.
ALL_IN_SIGHT = """main { max-width: none; padding: 0 } h1, .prose, .part, .legend, .top, .curves { display: none !important }
.controls { position: static } .panels.many { grid-template-columns: repeat(7, 1fr); gap: 4px }"""


if __name__ == "__main__":
    main()
