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


def pages(name: str) -> list[Entry]:
    """Everything of that name, or the file at that path; UserError where there is nothing."""
    return catalogue.pages(name, {"exhibit": (shipped_exhibits(), exhibit_page)})


LISTS: dict[str, Callable[[], dict[str, str]]] = {**catalogue.LISTS, "exhibits": exhibits}
