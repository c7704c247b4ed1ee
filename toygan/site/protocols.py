"""The page of published experiments: what was published, what came out here, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toygan.exhibits.agreement import AGREES, DIFFERS, RULE, Compared
from toygan.exhibits.published import VERDICTS, Published
from toygan.exhibits.rings import COLUMNS, rings_table
from toygan.exhibits.scores import SCORES
from toygan.exhibits.telling import note_of, ours_in_words, published_in_words
from toygan.site.markup import command_box, file_name, linked, paragraphs, table, tag, text
from toygan.site.page import section, still

WIDE = 1400  # pixels of a picture
LEAD = (
    "Toy experiments of papers, run with the settings of the papers: each published number beside the one that came out here, "
    "and whether they agree by one stated rule. Where only part of the published steps was run, the verdict says so."
)
OF_PICTURE = "published numbers and ours with intervals"
KINDS = {AGREES: "verdict held", DIFFERS: "verdict did-not-hold"}


def protocols_body(found: Sequence[Published], place: Path) -> str:
    """The page's content; its pictures go below `place`."""
    title, lead = tag("h1", "Published experiments beside ours"), tag("p", text(LEAD), class_="lead")
    head = tag("div", title, lead, class_="opening")
    rule = tag("details", tag("summary", "The rule by which numbers agree"), tag("p", text(RULE)))
    made = [one for one in found if one.picture or any(row.ours.n for row in one.rows)]
    told = overview(made) if made else tag("p", "No published experiment was run for these pages.")
    left = [one for one in found if one not in made]
    not_run = section("Not run", command_box("\n".join(one.command for one in left))) if left else ""
    return head + told + rule + rings(made) + "".join(protocol_section(one, place) for one in made) + not_run


def rings(made: Sequence[Published]) -> str:
    found = rings_table(made)
    head = [*found.keys, *COLUMNS]
    rows = [[text(row[name]) for name in head] for row in found.rows]
    titles = [text(name[:1].upper() + name[1:]) for name in head]
    numbers = table(titles, rows, text(found.note), len(head), class_="wordy")
    return section("The ring, as eleven papers have it", numbers) if made else ""


def overview(made: Sequence[Published]) -> str:
    """How many numbers of each protocol agree, differ, cannot be told and were not run."""
    rows = [
        [tag("a", text(one.protocol.title), href=f"#{file_name(one.protocol.name)}"), *map(str, one.counts.values())]
        for one in made
    ]
    total = [str(sum(one.counts[verdict] for one in made)) for verdict in VERDICTS]
    head = ["Experiment", *(text(verdict.capitalize()) for verdict in VERDICTS)]
    return table(head, [*rows, ["all", *total]], "How many published numbers agree with ours")


def protocol_section(one: Published, place: Path) -> str:
    """One protocol: its source and setting, every number, how it was counted, its picture and command."""
    about = one.protocol.protocol
    source = tag("p", linked(f"{one.protocol.origin.data.get('reference', '')}. From: {about.source}.".lstrip(". ")))
    head = ["Run", "Measure", "Published", "Ours", "Verdict"]
    numbers = table(head, [row_cells(row) for row in one.rows], "Published and ours", 5, class_="wordy")
    note = tag("p", text(note_of(one.protocol, one.rows, False)), class_="note")
    learned = "".join(tag("p", tag("strong", "Found: "), linked(words)) for words in about.found)
    title, name, picture = one.protocol.title, file_name(one.protocol.name), ""
    if one.picture is not None:
        shown = still(one.picture, WIDE, place, "", f"protocols/{name}", f"{title}: {OF_PICTURE}")
        picture = tag("figure", shown, class_="still chart")
    inner = (source, paragraphs(about.setting), numbers, note, learned, picture, command_box(one.command))
    return section(title, *inner, name=name)


def row_cells(row: Compared) -> list[str]:
    verdict = tag("span", text(row.words), class_=KINDS.get(row.verdict))
    told = (row.row.run, SCORES[row.row.measure].label, published_in_words(row.row), ours_in_words(row))
    return [*map(text, told), verdict]
