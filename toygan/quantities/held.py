"""What a contract's check comes to: facts that hold or do not, and the tools with which they are looked at."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from toygan.engines.graph import Untraceable, recorded
from toygan.files.own import Code, in_one_line, place_of
from toygan.files.samplers import reseed, streams_restored

CLOSE = 1e-5  # relative; between a derivative and central differences in float64
AGREES = "autograd agrees with central differences to 1e-5"


class Held(NamedTuple):
    """One fact of a contract: its name, whether it holds (None: a note, no fault), what was found, how a breach looks."""

    name: str
    holds: bool | None
    said: str
    looks_like: str = ""


# A fact that holds; one that does not, and the error it looks like; and something worth knowing that is no fault.
holds, broken, note = partial(Held, "", True), partial(Held, "", False), partial(Held, "", None)

T = TypeVar("T")
# The rows of a part's contract: a fact's name, and what looks at it; None where there is nothing to look at.
Contract = Mapping[str, Callable[[T], Held | None]]
# Facts that all later ones stand on: where one of them is broken the others are not looked at.
NEEDED = ("a score for each point", "shape", "finite")


def all_held(code: Code, contract: Contract[T], part: T) -> list[Held]:
    """Every fact of a part's contract in turn; what the user's code raises is a fact that does not hold, with its line."""
    found: list[Held] = []
    for name, check in contract.items():
        reseed(0)  # code that draws numbers of its own draws the same at every check
        try:
            fact = check(part)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # theirs may be of no usual kind
            place = place_of(error, code.file)
            where = f" (line {place.line}: {place.text})" if place.line else ""
            fact = broken(f"raises {in_one_line(error)}{where}")
        found += [fact._replace(name=name)] if fact else []
        if fact and fact.holds is False and name in NEEDED:
            break
    return found


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
    return torch.autograd.grad(value, leaf, materialize_grads=True)[0]


def differences(f: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-6) -> Tensor:
    """The gradient of the sum of f by central differences."""

    def total(at: Tensor) -> Tensor:
        reseed(0)  # the same random numbers each time
        return f(at.detach().clone()).sum().detach()

    ways = step * torch.eye(x.numel(), dtype=x.dtype).view(-1, *x.shape)
    return torch.stack([(total(x + way) - total(x - way)) / (2 * step) for way in ways]).view_as(x)


def close(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    """Whether numbers agree, relative to the larger ones."""
    a, b = (torch.as_tensor(x, dtype=torch.float64).detach() for x in (a, b))
    return bool(torch.isfinite(a).all() and ((a - b).abs() <= tolerance * (1 + torch.maximum(a.abs(), b.abs()))).all())


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
    """Whether a call leaves torch's settings, and streams of random numbers, which it may draw from but not set back."""
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


def settings() -> dict[str, Any]:
    """Torch's settings that a function might change."""
    return {
        "grad mode": torch.is_grad_enabled(),
        "the number of threads": torch.get_num_threads(),
        "the default type": torch.get_default_dtype(),
        "anomaly detection": torch.is_anomaly_enabled(),
    }


def traced(step: Callable[..., Sequence[Tensor]], args: Sequence[Tensor]) -> Held:
    """Whether a function is a graph of its arguments; where it is none it runs all the same, as it is written."""
    graphs = []
    try:
        for given in (args, [one + 0.1 for one in args]):
            reseed(0)
            graphs.append(recorded(step, given))
    except Untraceable as error:
        return note(f"runs by the eager engine, not as a graph: {error}")
    graph, other = graphs
    pairs = zip(graph.constants.values(), other.constants.values(), strict=False)
    if len(graph.nodes) != len(other.nodes) or not all(torch.equal(*pair) for pair in pairs):
        return note("runs by the eager engine, not as a graph: it takes numbers out of tensors")
    return holds(f"a graph of {len(graph.nodes)} operators")


def around(step_of: Callable[[T], tuple[Callable[..., Sequence[Tensor]], Sequence[Tensor]]]) -> Contract[T]:
    """The last rows of the contract of a part that is a function of tensors: which, and of which."""

    def kept(part: T) -> Held:
        step, args = step_of(part)
        return state_kept(lambda: step(*args))

    return {"global state": kept, "traceable": lambda part: traced(*step_of(part))}
