"""What a user's function holds besides its text: equal settings are equal words in every process, others are other words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from hashlib import sha256
from types import ModuleType
from typing import Any

import numpy as np
from torch import Tensor, nn

DEEPEST = 6  # things in things that are looked at: an object may hold itself


def is_object(function: Any) -> bool:
    """Whether what is called is an object with settings of its own, and no function, method or class."""
    bare = inspect.unwrap(function)
    return not inspect.isroutine(bare) and not isinstance(bare, type)


def what_runs(function: Any) -> Callable[..., Any]:
    """What runs when it is called and says what it takes: of an object its method."""
    if not is_object(function):
        return function
    bare = inspect.unwrap(function)
    return bare.forward if isinstance(bare, nn.Module) else getattr(bare, "__call__", bare)  # noqa: B004  (itself, not whether)


def settings_of(function: Any) -> str:
    """What a function closes over, and what the object has that is called, or whose method it is."""
    cells = cells_of(
        function
    )  # simple ones as they were always told: runs by functions that hold no others are found again
    plain = [value for value in cells if isinstance(value, bool | int | float | str | tuple)]
    others = [value for value in cells if not isinstance(value, bool | int | float | str | tuple | None)]
    owner = inspect.unwrap(function) if is_object(function) else getattr(function, "__self__", None)
    return f"{plain!r}{''.join(map(told, others))}{told(owner) if owner is not None else ''}"


def cells_of(function: Any) -> list[Any]:
    """What a function closes over."""
    return [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]


def told(value: Any, deep: int = DEEPEST) -> str:
    """A setting in words, nothing of what is code."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | Enum):
        return repr(value)
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, np.ndarray | Tensor):
        return numbers_told(value)
    if not deep or isinstance(value, type | ModuleType):
        return ""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{told(key, deep - 1)}: {told(one, deep - 1)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple | set | frozenset):
        parts = [told(one, deep - 1) for one in value]
        return f"[{', '.join(parts if isinstance(value, list | tuple) else sorted(parts))}]"
    if inspect.isroutine(value):
        return "".join(told(one, deep - 1) for one in cells_of(value))
    return f"{type(value).__qualname__}{told(object.__getstate__(value), deep - 1)}"


def numbers_told(value: np.ndarray | Tensor) -> str:
    """An array by the digest of its numbers; one without a memory of its own, as a sparse one is, by its kind and shape."""
    try:
        array = np.ascontiguousarray(value.detach().cpu().numpy() if isinstance(value, Tensor) else value)
        numbers = told(array.tolist()) if array.dtype.hasobject else sha256(array.tobytes()).hexdigest()
    except (RuntimeError, TypeError):
        numbers = ""
    return f"{value.dtype}{tuple(value.shape)}{numbers}"
