"""Where the shipped scenarios are. Imports nothing heavy, so that completion is quick."""

import functools
import math
import tomllib
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def shipped_folder() -> Path:
    """The folder of the shipped scenarios: inside an installed package, or beside it in a checkout."""
    inside = PACKAGE / "scenarios"
    return inside if inside.is_dir() else PACKAGE.parent / "scenarios"


def shipped() -> list[str]:
    """The names of the shipped scenarios."""
    return sorted(path.stem for path in shipped_folder().glob("*.toml"))


def exhibits_folder() -> Path:
    """The folder of the shipped exhibits: inside an installed package, or beside it in a checkout."""
    inside = PACKAGE / "exhibits" / "shipped"
    return inside if inside.is_dir() else PACKAGE.parent / "gallery"


def protocols_folder() -> Path:
    """The folder of the shipped protocols: inside an installed package, or beside it in a checkout."""
    inside = PACKAGE / "exhibits" / "published"
    return inside if inside.is_dir() else PACKAGE.parent / "protocols"


def shipped_protocols() -> list[str]:
    """The names of the shipped protocols, by the alphabet."""
    return sorted(path.stem for path in protocols_folder().glob("*.toml"))


def shipped_exhibits() -> list[str]:
    """The names of the shipped exhibits, in the order in which they are told."""
    files = {path.stem: path.read_text(encoding="utf-8") for path in exhibits_folder().glob("*.toml")}
    return sorted(files, key=lambda name: (number_in(files[name]), name))


@functools.cache
def number_in(exhibit: str) -> float:
    """An exhibit's place among the others, from the text of its file; after all that say one, where it says none."""
    return float(tomllib.loads(exhibit).get("number", math.inf))
