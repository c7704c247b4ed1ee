"""What `list` and `show` know: every name that a file may hold, and the exhibits."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

from toygan.files import catalogue
from toygan.files.catalogue import Entry
from toygan.files.shipped import exhibits_folder, protocols_folder, shipped_exhibits, shipped_protocols
from toygan.files.strict import read_toml
from toygan.quantities import glossary
from toygan.quantities.table import QUANTITIES, label_of


def told_in(folder: Path, names: Iterable[str], key: str) -> dict[str, str]:
    """What the file of each name in a folder says under a key."""
    return {name: tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))[key] for name in names}


def exhibit_page(name: str) -> Entry:
    """An exhibit: its question, what to look at, its claims with their conditions read aloud, and the file itself."""
    from toygan.exhibits import read
    from toygan.exhibits.aloud import aloud
    from toygan.exhibits.explained import read_aloud

    exhibit, claims = read(name), dict[str, str]()
    for i, claim in enumerate(exhibit.claims, 1):
        claims |= {f"claim {i}": claim.says, f"claim {i} holds if": aloud(claim)}
    claims |= read_aloud(exhibit, Path("runs"))
    lines = {"question": exhibit.question, "look at": exhibit.text, "reference": exhibit.reference}
    text = Path(exhibit.origin.source.name).read_text(encoding="utf-8-sig")
    return Entry(f"exhibit {exhibit.name}: {exhibit.title}", lines | claims, text)


def protocol_page(name: str) -> Entry:
    """A protocol: where it was published, its setting, what is unlike, its published numbers, and the file itself."""
    from toygan.exhibits.protocol_files import read
    from toygan.exhibits.telling import told_in_words

    found = read(name)
    text = Path(found.origin.source.name).read_text(encoding="utf-8-sig")
    return Entry(f"protocol {found.name}: {found.title}", told_in_words(found), text)


def quantity_page(name: str) -> Entry:
    """A quantity, as the glossary explains it, and how a claim asks for it."""
    return Entry(f"quantity {name}: {label_of(name)}", glossary.quantity_lines(name), f'measure = "{name}"\n')


def label_page(name: str) -> Entry:
    """A label of the diagnosis, as the glossary explains it, and how a claim counts its seeds."""
    return Entry(f"label {name}", glossary.label_lines(name), f'label = "{name}"\n')


def pages(name: str) -> list[Entry]:
    """Everything of that name, or that a picture calls so, or the file at that path; UserError where there is nothing."""
    more = {
        "exhibit": (shipped_exhibits(), exhibit_page),
        "protocol": (shipped_protocols(), protocol_page),
        "quantity": (glossary.quantities(), quantity_page),
        "label": (glossary.labels(), label_page),
    }
    if name.endswith(".toml"):
        data, _ = read_toml(Path(name))
        for key, page in (("protocol", protocol_page), ("claims", exhibit_page)):
            if key in data:
                return [page(name)]
    spoken = {row.label.lower(): name for name, row in QUANTITIES.items() if row.label.lower() not in QUANTITIES}
    return catalogue.pages(spoken.get(name.strip().lower(), name), more)


LISTS: dict[str, Callable[[], dict[str, str]]] = {
    **catalogue.LISTS,
    "quantities": glossary.quantities,
    "labels": glossary.labels,
    "exhibits": lambda: told_in(exhibits_folder(), shipped_exhibits(), "question"),
    "protocols": lambda: told_in(protocols_folder(), shipped_protocols(), "title"),
}
