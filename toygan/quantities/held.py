"""What a contract's check comes to: facts that hold or do not, and the tools with which they are looked at."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from toygan.files.own import Code, in_one_line, place_of
from toygan.files.samplers import reseed, streams_restored

CLOSE = 1e-5  # relative; between a derivative and central differences in float64


class Held(NamedTuple):
    """One fact of a contract: its name, whether it holds (None for a note, which is no fault), what was found, and what a
    breach of it looks like.
    """

    name: str
    holds: bool | None
    said: str
    looks_like: str = ""


Check = Callable[[], Held]


def all_held(code: Code, checks: Iterable[tuple[str, Check]]) -> list[Held]:
    """Every fact in turn; what the user's code raises meanwhile is a fact that does not hold, with its line."""
    return [one_held(code, name, check) for name, check in checks]


def one_held(code: Code, name: str, check: Check) -> Held:
    """A fact, or what kept it from being looked at."""
    reseed(0)  # code that draws numbers of its own draws the same at every check
    try:
        return check()._replace(name=name)
    except Exception as error:
        place = place_of(error, code.file)
        where = f" (line {place.line}: {place.text})" if place.line else ""
        return Held(name, False, f"raises {in_one_line(error)}{where}")


def holds(said: str) -> Held:
    """A fact that holds."""
    return Held("", True, said)


def broken(said: str, looks_like: str = "") -> Held:
    """A fact that does not hold, and the error it looks like."""
    return Held("", False, said, looks_like)


def note(said: str) -> Held:
    """Something worth knowing that is no fault."""
    return Held("", None, said)


# --- numbers -----------------------------------------------------------------------------------------------------------


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers in float64, drawn apart from torch's own."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + 1000), dtype=torch.float64)


def gradient(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of the sum of f by autograd, zero where f does not depend on x."""
    leaf = x.detach().clone().requires_grad_()
    value = f(leaf).sum()
    if not value.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(value, leaf, allow_unused=True)
    return torch.zeros_like(x) if found is None else found


def differences(f: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-6) -> Tensor:
    """The gradient of the sum of f by central differences."""
    ways = step * torch.eye(x.numel(), dtype=x.dtype).view(-1, *x.shape)
    return torch.stack([(again(f, x + way) - again(f, x - way)) / (2 * step) for way in ways]).view_as(x)


def as_differences(f: Callable[[Tensor], Tensor], x: Tensor) -> Held:
    """Whether the gradient by points is what central differences say."""
    found, wanted = gradient(f, x), differences(f, x)
    if not bool(torch.isfinite(found).all()):
        return broken("NaN", "NaN from a square root at zero")
    if not close(found, wanted, CLOSE):
        return broken(
            f"{six_digits(found.norm())} where differences say {six_digits(wanted.norm())}",
            "a detach or .data on the way",
        )
    return holds("autograd agrees with central differences to 1e-5")


def moved_by_all(player: Any, value: Callable[[], Tensor], what: str) -> Held:
    """Whether torch knows of all of a player's parameters, and each moves a value made of its scores or points."""
    if lost := in_plain_lists(player):
        return broken(f"torch does not know of the layers in {lost}", "a plain list where nn.ModuleList belongs")
    if not isinstance(player, nn.Module) or not list(player.parameters()):
        return note("it has no parameters that torch knows of")
    named, said = dict(player.named_parameters()), value()
    if not said.requires_grad:
        return broken(f"no parameter moves the {what}s", "a detach or no_grad on the way")
    found = torch.autograd.grad(said, list(named.values()), allow_unused=True)
    dead = [name for name, slope in zip(named, found, strict=True) if slope is None]
    return (
        broken(f"{', '.join(dead)} move no {what}") if dead else holds(f"all {len(named)} parameters move the {what}s")
    )


def again(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The sum of f with the same random numbers each time."""
    reseed(0)
    return f(x.detach().clone()).sum().detach()


def close(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    """Whether numbers agree, relative to the larger ones."""
    a, b = (torch.as_tensor(x, dtype=torch.float64).detach() for x in (a, b))
    return bool(torch.isfinite(a).all() and ((a - b).abs() <= tolerance * (1 + torch.maximum(a.abs(), b.abs()))).all())


def moved_beside(f: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """By how much the first row of f changes with the rows beside it; 0 for no more than rounding."""
    together, other = (f(one) for one in (x, torch.cat((x[:1], 5 * x[1:] + 2))))
    off = float((together[0] - other[0]).abs().max().detach())
    return 0.0 if off < 1e-9 * (1 + float(together.abs().max().detach())) else off


def sloped(f: Callable[[Tensor], Tensor], x: Tensor) -> bool:
    """Whether values and slopes are finite."""
    return bool(torch.isfinite(f(x)).all() and torch.isfinite(gradient(f, x)).all())


def six_digits(value: Any) -> str:
    """A number as it is told."""
    return f"{float(value):.6g}"


@contextmanager
def streams_kept() -> Iterator[None]:
    """Leave those streams as they were, work in double precision meanwhile, and keep people's warnings to ourselves."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # in which people's code makes its ones, zeros and labels
    try:
        with warnings.catch_warnings(), streams_restored():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(before)


# --- what is around ----------------------------------------------------------------------------------------------------


def state_kept(call: Callable[[], Any]) -> Held:
    """Whether a call leaves torch as it was: grad mode, threads, default type, and the streams of random numbers, which it may
    draw from but not set back.
    """
    before, ends = settings(), list[dict[str, bytes]]()
    for seed in (1, 2):
        reseed(seed)
        call()
        ends.append(stream_states())
    changed = [name for name, value in settings().items() if value != before[name]]
    torch.set_grad_enabled(True)
    if changed:
        return broken(f"changes {', '.join(changed)} for everybody")
    if seeded := [name for name in ends[0] if ends[0][name] == ends[1][name]]:
        return broken(f"seeds {seeded[0]}'s random numbers: whatever draws after it draws the same each time")
    return holds("leaves torch's settings and the streams of random numbers alone")


def stream_states() -> dict[str, bytes]:
    """Where the global streams of random numbers stand, by whose they are."""
    arrays: Any = np.random.get_state()  # noqa: NPY002
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr(arrays[2:]).encode() + np.asarray(arrays[1]).tobytes(),
        "Python": repr(random.getstate()).encode(),
    }


def in_plain_lists(module: Any) -> str:
    """The first attribute that holds layers in a plain list or dict, of which torch does not know; empty where none does."""
    for part in module.modules() if isinstance(module, nn.Module) else ():
        for name, value in vars(part).items():
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            if not name.startswith("_") and any(isinstance(one, nn.Module) for one in inside):
                return name
    return ""


def settings() -> dict[str, Any]:
    """Torch's settings that a function might change."""
    return {
        "grad mode": torch.is_grad_enabled(),
        "the number of threads": torch.get_num_threads(),
        "the default type": torch.get_default_dtype(),
        "anomaly detection": torch.is_anomaly_enabled(),
    }
