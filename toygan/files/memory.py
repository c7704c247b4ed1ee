"""The machine's memory: how much of it there is, and giving back what is free."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from ctypes import CDLL
from pathlib import Path

GUESSED_MEMORY = 16.0 * 2**30
MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory() -> float:
    """The bytes of memory that this process may have: the machine's, or its container's; a guess where nobody tells."""
    try:
        found = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return GUESSED_MEMORY
    limits = (text for path in MEMORY_LIMITS if path.is_file() and (text := path.read_text().strip()).isdigit())
    return min(found, *map(float, limits), math.inf)


def give_back() -> None:
    """Give the memory that is free, and that the C library keeps for later, back to the machine, where it can do so (glibc):
    what a process needed for one page it would hold through all others.
    """
    with suppress(AttributeError, OSError, TypeError):
        CDLL(None).malloc_trim(0)
