"""Write gallery/README.md and its pictures from runs that `toygan gallery` has done.

toygan gallery && python docs/gallery.py
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from toygan.exhibits import Exhibit, Showing, Verdict, behind, planned, read, shipped_exhibits, showing
from toygan.exhibits.claims import counted
from toygan.exhibits.work import is_there
from toygan.files.disk import write_aside
from toygan.many.results import facts_of

HERE = Path(__file__).parent.parent / "gallery"
WIDE, COLOURS = 1000, 128  # pixels and palette of a committed picture: about 100 kB
HEAD = """# The gallery

Thirty-one questions about GANs on distributions that fit on a sheet of paper, each with claims that were written from
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
    head += said_of_failures([verdict for one in shown if one for verdict in one.verdicts if verdict.held is False])
    for one in shown:
        for verdict in one.verdicts if one else ():
            if verdict.held is False and not any(found.held is not None for found in verdict.explanations):
                print(f"{one.exhibit.name}: did not hold and has no explanation: {verdict.says}")
    write_aside(HERE / "README.md", "\n".join([head, overview, *parts]).encode())


def played_by(folders: Iterable[Path]) -> str:
    """Which backend played the runs, a sentence for the head of the page."""
    counts = Counter(facts_of(folder).backend for folder in set(folders))
    told = " and ".join(f"{count} by the backend {name}" for name, count in sorted(counts.items()))
    return f"Of its {counts.total()} runs {told}.\n"


def said_of_failures(failed: Sequence[Verdict]) -> str:
    """How many claims did not hold, and what is known of why."""
    fates = Counter(fate(verdict) for verdict in failed)
    told = "; ".join(f"{fates[words]} {words}" for words in FATES if fates[words])
    n = len(failed) - fates[UNTOLD]
    return f"Of the {len(failed)} claims that did not hold {n} are explained by runs of another setting: {told}.\n"


def fate(verdict: Verdict) -> str:
    """What is known of a claim that did not hold: one of FATES."""
    found = [one for one in verdict.explanations if one.held is not None]
    if not found:
        return UNTOLD
    if any(one.decides for one in found):
        return DECIDED
    return ELSEWHERE if any(one.held for one in found) else NOWHERE


DECIDED, ELSEWHERE = "by one argument that decides", "hold elsewhere, and no single argument is shown to decide"
NOWHERE, UNTOLD = "do not hold in any other setting that was tried either", "have no explanation yet"
FATES = (DECIDED, ELSEWHERE, NOWHERE, UNTOLD)

TABLE = ("| question | held | did not hold | by construction |", "| --- | ---: | ---: | ---: |")


def line(shown: Showing) -> str:
    """One exhibit in the table: its question, and what became of its claims."""
    held, failed, certain, _ = counted(shown.verdicts).values()
    anchor = "-".join("".join(c for c in shown.exhibit.question.lower() if c.isalnum() or c in " -").split(" "))
    return f"| [{shown.exhibit.question}](#{anchor}) | {held} | {failed} | {certain} |"


def not_yet(exhibit: Exhibit) -> str:
    """What stands for an exhibit that was not run."""
    return f"## {exhibit.question}\n\n`toygan demo {exhibit.name}`: not run yet.\n"


def shown_of(exhibit: Exhibit, place: Path) -> Showing | None:
    """One exhibit, judged and drawn, with its first picture in the repository; None where runs are missing."""
    works, explaining = planned(exhibit, place), behind(exhibit, place)
    every = [*works, *(work for own in explaining for work in own)]
    missing = [work for work in every if not is_there(work.task)]
    if missing:
        print(f"{exhibit.name}: {len(missing)} of {len(every)} runs are not done")
        return None
    command, pictures = f"toygan demo {exhibit.name}", place / "pictures" / exhibit.name
    shown = showing(exhibit, works, pictures, command, quick=False, explaining=explaining)
    path = HERE / "pictures" / f"{exhibit.name}.png"
    write_aside(path, shrunk(shown.pictures[0].path))
    print(f"{exhibit.name}: {path.stat().st_size / 1e3:.0f} kB")
    return shown


def told(shown: Showing) -> str:
    """The text of one exhibit."""
    lines = [line for verdict in shown.verdicts for line in lines_of(verdict)]
    picture = shown.pictures[0]
    return "\n".join(
        [
            f"## {shown.exhibit.question}",
            "",
            f"**{shown.answer}**",
            "",
            " ".join(shown.exhibit.text.split()),
            "",
            f"![{picture.about}](pictures/{shown.exhibit.name}.png)",
            "",
            f"`{shown.command}` · {shown.exhibit.reference}",
            "",
            *lines,
            "",
        ]
    )


def lines_of(verdict: Verdict) -> list[str]:
    """A verdict with its numbers, and beneath it what became of the claim in other settings."""
    told = f"- {in_bold(verdict)}: {verdict.says} *({verdict.evidence})*"
    return [told, *(f"    - *{one.setting}*: {one.words}" for one in verdict.explanations)]


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
