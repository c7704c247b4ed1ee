"""People's samplers brought into one form: whatever draws points of the plane, called with the numbers that it asks for.

A sampler is a function of how many points and, as it likes, of a generator or a seed; a function that yields batches; or an
object, or the class of one, with `sample`. What cannot be called so is a UserError.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from toygan.files.own import Code, in_words, parameters
from toygan.targets.target import Batch

Stream = Callable[[np.random.Generator], Any]
NUMBERS = ("n", "num", "size", "count", "n_samples", "num_samples", "nsamples", "samples", "sample_size", "batch_size",
           "batchsize", "batch", "bs", "n_points", "num_points", "npoints", "points", "n_data", "num_data", "data_size",
           "sample_shape", "shape", "num_of_points", "dataset_size")  # fmt: skip
RNGS = ("rng", "generator", "gen", "random_state", "rs", "prng")
SEEDS = ("seed", "random_seed", "rand_seed")
STDS = ("std", "sigma", "stdev", "stddev", "std_dev", "noise", "noise_std", "sd", "spread")
VARIANCES = ("var", "variance", "cov", "sigma2", "sigma_sq")
PLACES = ("modes", "n_modes", "num_modes", "k", "n_components", "num_components", "n_mixture", "num_mixture", "n_mixtures",
          "num_mixtures", "n_gaussians", "num_gaussians", "n_clusters", "num_clusters", "mixtures", "components")  # fmt: skip
USUAL: dict[str, Any] = (
    dict.fromkeys(STDS, 0.05) | dict.fromkeys(VARIANCES, 0.0025) | dict.fromkeys(PLACES, 8)
    | {"radius": 2.0, "r": 2.0, "scale": 1.0, "dim": 2, "d": 2, "n_dim": 2, "device": "cpu", "num_epochs": 1}
)  # fmt: skip
METHODS = ("sample", "draw", "generate", "get_batch", "next_batch", "sample_data", "rvs", "__call__")
DENSITIES = ("log_prob", "logprob", "log_density", "logpdf", "log_pdf")
# Kinds of streams that an argument called rng may mean, each made of numpy's own and drawing from it.
STREAMS: tuple[Stream, ...] = (
    lambda rng: rng,
    lambda rng: np.random.RandomState(rng.bit_generator),
    lambda rng: torch.Generator().manual_seed(seed_of(rng)),
    lambda rng: random.Random(seed_of(rng)),
    lambda rng: seed_of(rng),
)


class OwnSampler(NamedTuple):
    """A sampler in one form: what is called, `names` of its arguments for how many, stream and seed (None where it takes none),
    the kind of `stream`, how it takes a number of points, its `options` with the values that it has them at, those that it
    `needs`, and the logarithm of its `density` at points [n, 2], where it says it.
    """

    function: Callable[..., Any]
    names: Mapping[str, str | None]
    stream: Stream
    whole: Callable[[int], Any]
    options: Mapping[str, Any]
    needs: frozenset[str]
    density: Callable[[Any], Any] | None

    @property
    def by(self) -> str:
        """What it is given to repeat itself: `rng`, `seed`, or nothing."""
        return "rng" if self.names["rng"] else "seed" if self.names["seed"] else ""

    @property
    def call(self) -> str:
        asked = inspect.signature(self.function).parameters
        told = ", ".join(name for name in asked if name in (*self.names.values(), *self.needs))
        return f"{getattr(self.function, '__name__', 'sample')}({told})"

    def begun(self, n: int, rng: np.random.Generator, options: Mapping[str, Any]) -> Callable[[], Any]:
        """What draws n points at every call, each time the next ones of a stream."""
        first, fixed = self.stream(rng), {name: self.options[name] for name in self.needs} | dict(options)

        def arguments() -> dict[str, Any]:
            own = self.stream(rng) if isinstance(first, int) else first
            given = {"n": self.whole(n), "rng": own, "seed": seed_of(rng) if self.names["seed"] else 0}
            return fixed | {name: given[what] for what, name in self.names.items() if name}

        if not inspect.isgeneratorfunction(self.function):
            return lambda: self.function(**arguments())
        batches = self.function(**arguments())
        return lambda: next(batches)

    def opened(self, n: int, seed: int, options: Mapping[str, Any]) -> Callable[[], Any]:
        """The same, under global streams and one of its own that are seeded so."""
        reseed(seed)
        return self.begun(n, np.random.default_rng(seed), options)

    def draw(self, n: int, seed: int = 0, **options: Any) -> Batch:
        """n points, with labels where there are any."""
        return cloud_of(self.opened(n, seed, options)())

    def points(self, n: int, seed: int = 0, **options: Any) -> np.ndarray:
        return self.draw(n, seed, **options).points


def sampler_of(code: Code) -> OwnSampler:
    """A sampler in one form. UserError where no way of calling it gives points."""
    owner: Any = code.function
    if isinstance(owner, type):
        owner = owner(**{name: value_of(code, name, one) for name, one in parameters(code).items() if is_needed(one)})
    function = owner if inspect.isroutine(owner) else method_of(owner, METHODS)
    if function is None:
        hint = "write def NAME(rng, n), which returns points [n, 2]"
        raise code.fault(f"{type(owner).__name__} has no method sample", hint)
    asked = dict(parameters(code._replace(function=function)))
    names = names_in(asked)
    own = {name: one for name, one in asked.items() if name not in names.values()}
    options = {name: value_of(code, name, one) for name, one in own.items() if is_needed(one) or is_number(one.default)}
    needs = frozenset(name for name in options if is_needed(own[name]))
    density = method_of(owner, DENSITIES)
    return working(code, OwnSampler(function, names, lambda rng: None, int, options, needs, density))


def method_of(owner: Any, names: Iterable[str]) -> Callable[..., Any] | None:
    """The first method of an object with one of these names."""
    return next((getattr(owner, name) for name in names if callable(getattr(owner, name, None))), None)


def names_in(asked: Mapping[str, inspect.Parameter]) -> dict[str, str | None]:
    """Which arguments say how many, by which stream and by which seed; an unknown one that is needed says how many."""
    words = {"n": NUMBERS, "rng": RNGS, "seed": SEEDS}
    names = {what: next((name for name in asked if name.lower() in said), None) for what, said in words.items()}
    if names["n"] is None:
        left = [name for name, one in asked.items() if is_needed(one) and name not in names.values()]
        names["n"] = next((name for name in left if name.lower() not in USUAL), None)
    return names


def is_sampler(code: Code) -> bool:
    """Whether it is an object, or the class of one, that samples; or a function of how many, or of a stream of random numbers."""
    if not inspect.isroutine(code.function):
        return not isinstance(code.function, torch.nn.Module) and callable(getattr(code.function, "sample", None))
    asked = [name.lower() for name in parameters(code)]
    how_many = {*NUMBERS} - {"points", "samples"}
    return bool({*asked[:2]} & {*RNGS, *SEEDS} or {*asked[:1]} & how_many)


def is_needed(one: inspect.Parameter) -> bool:
    return one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_of(code: Code, name: str, one: inspect.Parameter) -> Any:
    """What an option is given: its default, or what is usual for its name. UserError for a name that says nothing."""
    if one.default is not one.empty:
        return one.default
    if name.lower() not in USUAL:
        hint = "n, rng, seed, std, modes, radius and the like are known; give it a default"
        raise code.fault(f"what is {name!r}?", hint)
    return USUAL[name.lower()]


def working(code: Code, sampler: OwnSampler) -> OwnSampler:
    """The same with the kind of stream, and the way to say how many, with which it draws. UserError where there is none."""
    said: list[str] = []
    for stream in STREAMS if sampler.names["rng"] else STREAMS[:1]:
        for whole in (int, lambda n: (n,)):  # how many as a number, or as a shape, as torch's distributions want it
            tried = sampler._replace(stream=stream, whole=whole)
            try:
                cloud_of(tried.begun(5, np.random.default_rng(0), {})())
                return tried
            except Exception as error:
                said.append(f"{type(error).__name__}: {' '.join(str(error).split())[:100]}")
    hint = "write def NAME(rng, n), which returns points [n, 2], or points and their labels [n]"
    raise code.fault("\n    ".join(["cannot be called as a sampler", *dict.fromkeys(said)]), hint)


def seed_of(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def reseed(seed: int) -> None:
    """Set every global stream that people's code draws from: torch's, numpy's and Python's."""
    # Without an accelerator torch would note every call down for one that may come, with the stack that it came from.
    (torch.manual_seed if torch.accelerator.is_available() else torch.default_generator.manual_seed)(seed)
    np.random.seed(seed)  # noqa: NPY002  (theirs)
    random.seed(seed)


@contextmanager
def streams_restored(seed: int | None = None) -> Iterator[None]:
    """Leave those streams as they were; meanwhile they go on, or from a seed."""
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    if seed is not None:
        reseed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        random.setstate(before[2])


def cloud_of(said: Any) -> Batch:
    """Points and labels as arrays. ValueError for what is neither."""
    if isinstance(said, Mapping):
        said = tuple(said.values())
    is_pair = isinstance(said, tuple | list) and len(said) == 2
    if is_pair and all(isinstance(one, Tensor | np.ndarray) for one in said) and np.ndim(said[0]) == 2:
        return Batch(array_of(said[0]), array_of(said[1]).reshape(-1))
    points = array_of(said)
    if not np.issubdtype(points.dtype, np.number) or np.issubdtype(points.dtype, np.complexfloating):
        raise ValueError(f"it returns {in_words(said)}, and no points")
    return Batch(points)


def array_of(said: Any) -> np.ndarray:
    return said.detach().numpy() if isinstance(said, Tensor) else np.asarray(said)


def batches(sampler: OwnSampler, n: int, many: int) -> Iterator[np.ndarray]:
    """So many draws of n points, one after the other from one stream."""
    draw = sampler.opened(n, 0, {})
    return (cloud_of(draw()).points for _ in range(many))
