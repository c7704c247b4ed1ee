"""One page for one or several runs, in a folder of its own that can be moved, zipped and mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toygan.draw.thumbnail import shrunk
from toygan.files.disk import write_aside
from toygan.many.results import facts_of, records
from toygan.quantities.table import QUANTITIES, label_of, shown_in, written
from toygan.site.film import About, Shown, commands, film, fresh_in_words, labels, place_runs
from toygan.site.markup import ASSETS, command_box, document, paragraphs, table, tag, text
from toygan.view.records import FINISHED, Record, groups
from toygan.view.statistics import median

OWN = Path(__file__).parent / "assets"
LONG = 24  # rows, beyond which a table scrolls in a box of its own


def write_page(place: Path, title: str, about: str, folders: Sequence[Path], command: str) -> Path:
    """Write a page of finished runs into `place` and return its `index.html`.

    `place` gets `index.html`, `assets/`, `data/` and `stills/`, each file whole or not at all, and needs nothing
    outside itself. Raises ValueError for no folders, and what `recording.load` raises for a folder without a run.
    """
    if not folders:
        raise ValueError("a page needs at least one run")
    write_assets(place)
    shown = place_runs(folders, place, "", "runs")
    made_by = "The commands that made this" if len(folders) > 1 else "The command that made this"
    parts = [
        tag("h1", text(title)),
        film(shown, About(prose=prose(about), play=play_links(place, shown))),
        section("Final measures", final_table(records(folders), folders)),
        section("What was seen", diagnoses(shown)),
        section(made_by, command_box(command) if command else commands(shown)),
    ]
    write_aside(place / "index.html", document(title, "".join(parts), ""))
    return place / "index.html"


def play_links(place: Path, runs: Sequence[Shown]) -> dict[str, str]:
    """Put a lab of the runs' games beside the page; where it opens with each, by what runs are called."""
    from toygan.site.lab import write_lab_of

    found = write_lab_of(place / "lab", dict(zip(labels(runs), (run.recording for run in runs), strict=True)))
    return {name: f"lab/index.html{behind}" for name, behind in found.items()}


def write_assets(place: Path) -> None:
    """Put styles and scripts beside the pages."""
    (place / "assets").mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        write_aside(place / "assets" / name, (OWN / name).read_bytes(), durable=False)


def still(picture: Path, wide: int, place: Path, root: str, name: str, about: str, day: str | None = None) -> str:
    """A link to a picture, put so wide below `place/stills`: on a phone it is too small to read. Paths start at `root`."""
    path = place / "stills" / f"{name}.webp"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside(path, shrunk(picture, wide), durable=False)
    file = f"{root}stills/{name}.webp"
    image = tag("img", src=file, alt=f"{about} (opens at full size)", loading="lazy")
    return tag("a", image, href=file, class_=day)


def prose(words: str) -> str:
    """What to look for, where anything is said."""
    return tag("div", tag("h2", "What to look for"), paragraphs(words), class_="prose") if words.strip() else ""


def section(title: str, *inner: str, name: str = "") -> str:
    """A part of a page under its own heading, with a name that links may lead to; nothing for nothing."""
    return tag("section", tag("h2", text(title)), *inner, class_="part", id=name or None) if any(inner) else ""


def diagnoses(runs: Sequence[Shown]) -> str:
    told = [(name, run.recording.facts.summary.diagnosis) for name, run in zip(labels(runs), runs, strict=True)]
    lines = [tag("li", tag("strong", text(f"{name}:")), " ", text(" ".join(words))) for name, words in told if words]
    return tag("ul", *lines) if lines else ""


def final_table(rows: Sequence[Record], folders: Sequence[Path], glossary: str = "", chosen: Sequence[str] = ()) -> str:
    """A row a run: medians over seeds of known measures, the chosen ones first; `folders` tell of how many points."""
    facts = [facts_of(folder) for folder in folders]
    names = dict.fromkeys([*chosen, *shown_in("page"), *(name for one in facts for name in one.own_measures)])
    known = [name for name in names if any(isinstance(record.get(name), int | float) for record in rows)]
    keys = ["label"] if all("label" in record for record in rows) else ["scenario", "method", "settings"]
    told = [key for key in keys if key in ("method", "label") or len({str(record.get(key)) for record in rows}) > 1]
    titles = ("Run" if key == "label" else key.capitalize() for key in told[::-1])
    head = [*titles, "Seeds", *(term(name, glossary) for name in known)]
    cells = [
        [*(text(members[0].get(key) or "–").replace("+", "+<wbr>") for key in told[::-1]),  # a pair is narrow on a phone
         ended_words(members), *(median_cell(members, name) for name in known)]
        for members in groups(rows, keys).values()
    ]  # fmt: skip
    which = "" if any(one.is_recorded for one in facts) else ", not on those of a frame"
    on = text(fresh_in_words([one.summary for one in facts])) + which  # fresh ones unless they are told
    caption = f"Medians over seeds at the end of training, on {on}; beneath, the range over seeds where they differ."
    kind = "numbers long" if len(cells) > LONG else "numbers"
    return table(head, cells, caption, len(told), class_=kind) if rows else ""


def term(name: str, glossary: str) -> str:
    """A quantity's label, which leads to its line in the glossary where there is one."""
    words = text(label_of(name))
    glossary = glossary if name in QUANTITIES else ""
    return tag("a", words, href=f"{glossary}#{anchor(name)}", class_="term") if glossary else words


def anchor(name: str) -> str:
    """Where a quantity stands in the glossary, or a label of the diagnosis."""
    return f"{'term' if name in QUANTITIES else 'label'}-{name.replace('_', '-')}"


def ended_words(members: Sequence[Mapping[str, Any]]) -> str:
    lost = sum(row["status"] == "diverged" for row in members)
    return str(len(members)) + (tag("small", f"{lost} diverged") if lost else "")


def median_cell(members: Sequence[Mapping[str, Any]], measure: str) -> str:
    values = values_in(members, measure)
    if not values:
        return "–"
    low, high = written(measure, min(values)), written(measure, max(values))
    return written(measure, median(values).value) + (tag("small", f"{low} – {high}") if low != high else "")


def values_in(members: Sequence[Mapping[str, Any]], measure: str) -> list[float]:
    """A measure of the seeds that ended and have it."""
    return [float(row[measure]) for row in members if row["status"] in FINISHED and row.get(measure) is not None]
