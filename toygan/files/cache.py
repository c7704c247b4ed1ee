"""What several runs need and none changes, kept in memory and in the user's cache folder.

Nothing depends on what is kept: where it is missing, damaged or cannot be written it is made again, with the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from toygan.files.disk import content_of, write_aside

PACKAGE = Path(__file__).parent.parent
MAKERS = ("numpy", "scipy", "POT")  # another version of these may round otherwise
MADE: dict[str, bytes] = {}  # of this process, as JSON
SMALL = 10**5  # bytes: what is longer is read from the folder again, if it could be written there
ROOM = 2**26  # bytes of each kind; the oldest files go


def kept(kind: str, about: Any, make: Callable[[], Any]) -> Any:
    """What `make()` gave for this `kind` and `about`, both as JSON, now or earlier; itself JSON without NaN."""
    key = digest([kind, about, makers()])
    if key not in MADE:
        name = f"{kind}/{key}.kept"
        found = content(name)
        if found is None:
            found = json.dumps(make(), allow_nan=False).encode()
            keep(name, found)
        if len(found) > SMALL and content(name) is not None:
            return json.loads(found)
        MADE[key] = found
    return json.loads(MADE[key])  # a copy of the caller's own


def folder() -> Path:
    """The user's cache folder: TOYGAN_CACHE, or where the system keeps such things. RuntimeError for a user without a home."""
    named = os.environ.get("TOYGAN_CACHE")
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "toygan" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "toygan"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "toygan"


def content(name: str) -> bytes | None:
    """The bytes that a file of the folder keeps; None where it is not there or not as it was written."""
    try:
        said, _, found = content_of(folder() / name).partition(b"\n")
    except (OSError, RuntimeError, ValueError):  # RuntimeError: no home
        return None
    return found if said == digest_of(found) else None


def keep(name: str, found: bytes) -> None:
    """Keep bytes in a file, unless the place cannot be written: then they are made again by the next one. Of their kind, of
    which all that is older may have been made by another version, no more than ROOM stays.
    """
    with suppress(OSError, RuntimeError):
        path = folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(path, digest_of(found) + b"\n" + found, durable=False)
        room = ROOM
        for old in sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime_ns, reverse=True):
            room -= old.stat().st_size
            if room < 0:
                old.unlink(missing_ok=True)


def digest_of(found: bytes) -> bytes:
    return hashlib.sha256(found).hexdigest().encode()


def digest(value: Any) -> str:
    """The SHA-256 of a value's JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@cache
def makers() -> list[str]:
    """The versions of what makes the values: libraries, and this program's own text."""
    found = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(path.read_bytes())
    return [found.hexdigest(), *(f"{name} {known_version(name)}" for name in MAKERS)]


def known_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
