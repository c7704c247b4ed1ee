"""What `list` and `show` know: every name that a file may hold, and the exhibits."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

from toygan.files import catalogue
from toygan.files.catalogue import Entry
from toygan.files.shipped import exhibits_folder, shipped_exhibits


def exhibits() -> dict[str, str]:
    """Exhibit -> question."""
    return {name: exhibit_data(name)["question"] for name in shipped_exhibits()}


def exhibit_data(name: str) -> dict[str, Any]:
    """What the file of a shipped exhibit says."""
    return tomllib.loads((exhibits_folder() / f"{name}.toml").read_text(encoding="utf-8"))


def exhibit_page(name: str) -> Entry:
    """An exhibit: its question, what to look at, its claims with their conditions read aloud, and the file itself."""
    from toygan.exhibits import read
    from toygan.exhibits.aloud import aloud

    exhibit, claims = read(name), dict[str, str]()
    for i, claim in enumerate(exhibit.claims, 1):
        claims |= {f"claim {i}": claim.says, f"claim {i} holds if": aloud(claim)}
    lines = {"question": exhibit.question, "look at": exhibit.text, "reference": exhibit.reference}
    text = (exhibits_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return Entry(f"exhibit {name}: {exhibit.title}", lines | claims, text)


def quantities() -> dict[str, str]:
    """Quantity -> what it is."""
    from toygan.quantities.table import QUANTITIES

    return {name: f"{row.about} ({UNITS.get(row.unit, row.unit)})" for name, row in QUANTITIES.items()}


UNITS = {"plane": "plane units", "score/plane": "score over plane units"}


def quantity_page(name: str) -> Entry:
    """A quantity: what it is, its unit, which way is better, where it comes from, when and where it is shown."""
    from toygan.quantities.table import QUANTITIES

    row = QUANTITIES[name]
    when = "at the end, on fresh points" if row.when == "final" else "at every frame"
    lines = {
        "what": row.about,
        "unit": UNITS.get(row.unit, row.unit),
        "better": row.better,
        "source": row.source,
        "when": when,
    }
    shown = {"shown": ", ".join(row.shown.split())} if row.shown else {}
    return Entry(f"quantity {name}: {row.label}", lines | shown, f'measure = "{name}"\n')


def pages(name: str) -> list[Entry]:
    """Everything of that name, or the file at that path; UserError where there is nothing."""
    more = {"exhibit": (shipped_exhibits(), exhibit_page), "quantity": (list(quantities()), quantity_page)}
    return catalogue.pages(name, more)


LISTS: dict[str, Callable[[], dict[str, str]]] = {**catalogue.LISTS, "quantities": quantities, "exhibits": exhibits}
