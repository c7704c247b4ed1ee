"""Write gallery/README.md and its pictures from runs that `toygan gallery` has done.

toygan gallery && python docs/gallery.py
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from toygan.exhibits import Exhibit, Showing, Verdict, planned, read, shipped_exhibits, showing
from toygan.exhibits.claims import counted
from toygan.files.disk import write_aside
from toygan.many.results import facts_of

HERE = Path(__file__).parent.parent / "gallery"
WIDE, COLOURS = 1000, 128  # pixels and palette of a committed picture: about 100 kB
HEAD = """# The gallery

Thirty questions about GANs on distributions that fit on a sheet of paper, each with claims that were written from
theory or from a paper before anything was run; where one was added or restated later, the text says so. A claim that did
not hold stays here, and one that cannot fail is marked *by construction*: it checks the program and is no evidence.
`toygan gallery` makes the site to
play with, `toygan demo NAME` one exhibit, and `python docs/gallery.py` this page.
Seeds are 0 to 7, and the picture of a run shows seed 0.
"""


def main() -> None:
    """Draw, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/exhibits"))
    place = parser.parse_args().runs
    (HERE / "pictures").mkdir(exist_ok=True)
    exhibits = [read(name) for name in shipped_exhibits()]
    shown = [shown_of(exhibit, place) for exhibit in exhibits]
    parts = [told(one) if one else not_yet(exhibit) for exhibit, one in zip(exhibits, shown, strict=True)]
    overview = "\n".join([*TABLE, *(line(one) for one in shown if one), ""])
    head = HEAD + played_by(folder for one in shown if one for folder in one.folders)
    write_aside(HERE / "README.md", "\n".join([head, overview, *parts]).encode())


def played_by(folders: Iterable[Path]) -> str:
    """Which backend played the runs, a sentence for the head of the page."""
    counts = Counter(facts_of(folder).backend for folder in set(folders))
    told = " and ".join(f"{count} by the backend {name}" for name, count in sorted(counts.items()))
    return f"Of its {counts.total()} runs {told}.\n"


TABLE = ("| question | held | did not hold | by construction |", "| --- | ---: | ---: | ---: |")


def line(shown: Showing) -> str:
    """One exhibit in the table: its question, and what became of its claims."""
    held, failed, certain, _ = counted(shown.verdicts).values()
    anchor = "-".join("".join(c for c in shown.question.lower() if c.isalnum() or c in " -").split(" "))
    return f"| [{shown.question}](#{anchor}) | {held} | {failed} | {certain} |"


def not_yet(exhibit: Exhibit) -> str:
    """What stands for an exhibit that was not run."""
    return f"## {exhibit.question}\n\n`toygan demo {exhibit.name}`: not run yet.\n"


def shown_of(exhibit: Exhibit, place: Path) -> Showing | None:
    """One exhibit, judged and drawn, with its first picture in the repository; None where runs are missing."""
    works = planned(exhibit, place)
    missing = [work for work in works if not (work.task.folder / "frames.npz").exists()]
    if missing:
        print(f"{exhibit.name}: {len(missing)} of {len(works)} runs are not done")
        return None
    shown = showing(exhibit, works, place / "pictures" / exhibit.name, f"toygan demo {exhibit.name}", quick=False)
    path = HERE / "pictures" / f"{exhibit.name}.png"
    write_aside(path, shrunk(shown.pictures[0].path))
    print(f"{exhibit.name}: {path.stat().st_size / 1e3:.0f} kB")
    return shown


def told(shown: Showing) -> str:
    """The text of one exhibit."""
    lines = [f"- {in_bold(verdict)}: {verdict.says} *({verdict.evidence})*" for verdict in shown.verdicts]
    picture = shown.pictures[0]
    return "\n".join(
        [
            f"## {shown.question}",
            "",
            f"**{shown.answer}**",
            "",
            " ".join(shown.text.split()),
            "",
            f"![{picture.about}](pictures/{shown.name}.png)",
            "",
            f"`{shown.command}` · {shown.reference}",
            "",
            *lines,
            "",
        ]
    )


def in_bold(verdict: Verdict) -> str:
    """A verdict in words, loud where the claim did not hold."""
    return f"**{verdict.words}**" if verdict.held is False else verdict.words


def shrunk(path: Path) -> bytes:
    """A picture with fewer pixels and colours."""
    picture = Image.open(path).convert("RGB")
    small = picture.resize((WIDE, round(picture.height * WIDE / picture.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.quantize(COLOURS, dither=Image.Dither.NONE, kmeans=2).save(buffer, "png", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
