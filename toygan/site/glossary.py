"""The glossary: every quantity, label and idea that these pages name, by the words that `toygan show` has for it."""

from __future__ import annotations

from collections.abc import Mapping

from toygan.quantities import glossary
from toygan.quantities.table import QUANTITIES, label_of
from toygan.site.markup import linked, tag, text
from toygan.site.page import anchor
from toygan.view.shares import RINGS_IN_WORDS

LEAD = "The words of these pages. In a terminal, toygan show NAME says the same."

ON_THE_PICTURE = {
    "real": "Points of the target, round, dark (white on dark pages): what the generator should learn to make.",
    "generated": "Points that the generator makes, orange squares; where several lie on each other their ink adds.",
    "critic": "The player that scores points: the lighter, the more real; blue is least. Lines part bands.",
    "generator": "The player that turns random numbers, latents, into points.",
    "ring and disc": f"At each mode, by area: {RINGS_IN_WORDS}.",
    "boundary": "Purple line (pink on dark pages): where the critic cannot tell, for objectives that have such a score.",
    "optimal critic": "The critic that no other could better for the clouds it was shown, computed and not learned.",
    "floor": "What a perfect sampler scores on as many points, in the mean. A run near it cannot be told from a perfect one.",
    "ceiling": "The same for quantities of which higher is better.",
    "seed": "One play of a game: the same settings, other random numbers. A claim about seeds counts plays.",
    "claim": "A sentence with its condition, judged by runs; where it was added or mended after they were seen, that is said.",
    "by construction": "Said of a claim that could not fail: a check of the program, and no evidence.",
}


def glossary_body() -> str:
    """The page's content: what stands on the pictures, quantities, and labels of the diagnosis."""
    opening = tag("div", tag("h1", "Glossary"), tag("p", text(LEAD), class_="lead"), class_="opening")
    pictures = term_list("On the pictures", {name: [words] for name, words in ON_THE_PICTURE.items()}, named=True)
    quantities = term_list("Quantities", {name: quantity(name) for name in QUANTITIES})
    diagnoses = term_list("Diagnoses", {name: diagnosis(name) for name in glossary.labels()})
    return opening + pictures + quantities + diagnoses


def term_list(title: str, entries: Mapping[str, list[str]], named: bool = False) -> str:
    rows = []
    for name, lines in entries.items():
        head = tag("dt", text(name if named else label_of(name)), id=None if named else anchor(name))
        rows.append(tag("div", head, *(tag("dd", linked(words)) for words in lines)))
    return tag("section", tag("h2", text(title)), tag("dl", *rows, class_="terms"), class_="part")


def quantity(name: str) -> list[str]:
    lines = glossary.quantity_lines(name)
    aside = "; ".join(f"{key}: {lines[key]}" for key in ("unit", "better", "when") if key in lines)
    return [f"{lines['what'][:1].upper()}{lines['what'][1:]}.", aside]


def diagnosis(name: str) -> list[str]:
    lines = glossary.label_lines(name)
    limits = [f"{key.removeprefix('threshold ')}: {why}" for key, why in lines.items() if key.startswith("threshold ")]
    return [lines["what"], *limits]
