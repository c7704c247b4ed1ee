"""Where the shipped scenarios are. Imports nothing heavy, so that completion is quick."""

from pathlib import Path


def shipped_folder() -> Path:
    """The folder of the shipped scenarios: inside an installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "scenarios"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "scenarios"


def shipped() -> list[str]:
    """The names of the shipped scenarios."""
    return sorted(path.stem for path in shipped_folder().glob("*.toml"))
