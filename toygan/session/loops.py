"""A look at a training loop that toygan does not play: points, a critic as its owner has it, and losses in; what a frame
has of a game that toygan plays out.

Points may be of numpy, of torch on any device, or of whatever tells numpy its numbers (`__array__`: JAX, TensorFlow). A
critic is given what the points are, save that a torch module is given tensors of its own type. Modules that it is or works
with are at rest (`eval`): looking changes no running mean, moves none of torch's random numbers and leaves no gradient.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from toygan.files.disk import Arrays
from toygan.files.mistakes import UserError, shortened
from toygan.quantities.critic import Judged
from toygan.quantities.state import JUDGED, QUANTILES, between
from toygan.quantities.table import QUANTITIES
from toygan.session.ground import Ground
from toygan.session.looks import RUNAWAY

STEP = 1e-3  # of the window's longer side: how far apart central differences are taken
ROLES = {"critic": "critic_loss", "discriminator": "critic_loss", "generator": "generator_loss"}
NAME = re.compile(r"[^\W\d]\w*")
LINKS = 4  # from a critic to its modules: a function that calls another, which knows an object that has a list of them
MANY = 1000  # things in a list or a table are looked at

OfPoints = Callable[[np.ndarray], np.ndarray]


class AnyCritic(NamedTuple):
    """A critic as functions of points [n, 2]: `scores [n]` and `slopes [n, 2]`, both float64."""

    scores: OfPoints
    slopes: OfPoints


# --- what is given -----------------------------------------------------------------------------------------------------


def points_in(given: Any, what: str) -> np.ndarray:
    """Points [n, 2] in float64, finite or not; UserError for anything else."""
    array = array_in(given, what)
    if array.ndim != 2 or array.shape[1] != 2 or not len(array):
        raise UserError(f"{what}: has the shape {list(array.shape)}; points of the plane are [n, 2]")
    return array


def array_in(given: Any, what: str) -> np.ndarray:
    """Numbers in float64, wherever they are and whether they require gradients or not; UserError where there are none."""
    try:
        if isinstance(given, Tensor):
            return given.detach().cpu().double().numpy()
        return np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise UserError(f"{what}: {shortened(repr(given), 60)} is no array of numbers") from None


def step_in(given: Any) -> int:
    """The number of a step; UserError for what is none."""
    try:
        step = -1 if isinstance(given, bool) else int(given)
    except (TypeError, ValueError, OverflowError):
        step = -1
    if step < 0 or step != given or step >= 2**53:
        raise UserError(f"step {shortened(repr(given), 40)}: must be a whole number, 0 or more")
    return step


def losses_in(given: Mapping[str, Any] | None) -> dict[str, np.ndarray]:
    """Losses [1] by the names that quantities have: a critic's and a generator's as such, others under their own name.
    UserError for a name that is another quantity's, or a loss that is not one number.
    """
    if not isinstance(given, Mapping | None):
        usual = {"critic": 0.3, "generator": 1.2}
        raise UserError(f"losses: {shortened(repr(given), 60)} is no table, such as {usual}")
    found = {loss_name(name): loss_in(name, value) for name, value in (given or {}).items()}
    if len(found) < len(given or {}):
        raise UserError(f"losses: {', '.join(map(str, given or {}))}: two of these are one loss")
    return found


def loss_in(name: Any, given: Any) -> np.ndarray:
    """One loss [1]; UserError for anything else."""
    value = array_in(given, f"losses: {name}")
    if value.size != 1:
        raise UserError(f"losses: {name}: has the shape {list(value.shape)}; a loss is one number")
    return value.reshape(1)


def loss_name(name: Any) -> str:
    """What a loss is called among quantities."""
    known = ROLES.get(str(name).removesuffix("_loss"), name)
    if not isinstance(known, str) or not NAME.fullmatch(known):
        raise UserError(f"losses: {shortened(repr(name), 40)}: a name is a word, such as 'critic'")
    if known in ("step", "seed") or (known in QUANTITIES and QUANTITIES[known].source != "loss"):
        raise UserError(f"losses: {name!r}: is what toygan measures; call the loss otherwise")
    return known


# --- a critic as it is --------------------------------------------------------------------------------------------------


def asked(critic: Any, samples: Any, side: float) -> AnyCritic:
    """A critic as functions of points such as the samples; `side` is the window's length. UserError for what cannot be called."""
    if not callable(critic):
        raise UserError(f"critic: {shortened(repr(critic), 60)} cannot be called; it is a function of points [n, 2]")
    if isinstance(critic, nn.Module) or isinstance(samples, Tensor):
        held = [*critic.parameters(), *critic.buffers()] if isinstance(critic, nn.Module) else []
        known = [one for one in (*held, samples) if isinstance(one, Tensor) and one.is_floating_point()]
        # the type and the device that it takes: a module's own, else those of the samples
        return by_torch(critic, known[0].detach() if known else torch.empty(0), STEP * side)
    is_double = getattr(samples, "dtype", None) == np.float64
    return by_arrays(critic, np.dtype(np.float64 if is_double else np.float32), STEP * side)


def by_torch(critic: Any, like: Tensor, step: float) -> AnyCritic:
    """A critic of tensors, its slopes by autograd; by differences where it does not tell them."""
    modules = modules_of(critic)

    def scores(points: np.ndarray) -> np.ndarray:
        with at_rest(modules), torch.no_grad():
            return scores_in(called(critic, tensor_of(points, like)), len(points))

    def slopes(points: np.ndarray) -> np.ndarray:
        with at_rest(modules), torch.inference_mode(False), torch.enable_grad():
            x = tensor_of(points, like).requires_grad_()
            told = called(critic, x)
            if not (isinstance(told, Tensor) and told.requires_grad):
                return differences(scores, points, step)
            return array_in(torch.autograd.grad(told.sum(), x, materialize_grads=True)[0], "critic")

    return AnyCritic(scores, slopes)


def tensor_of(points: np.ndarray, like: Tensor) -> Tensor:
    """Points as a tensor like another one; its type first, for not every device has double precision."""
    return torch.from_numpy(points).to(like.dtype).to(like.device)


def by_arrays(critic: Any, kind: np.dtype, step: float) -> AnyCritic:
    """A critic of arrays, its slopes by differences."""
    modules = modules_of(critic)

    def scores(points: np.ndarray) -> np.ndarray:
        with at_rest(modules):
            return scores_in(called(critic, points.astype(kind)), len(points))

    return AnyCritic(scores, lambda points: differences(scores, points.astype(kind), step))


def differences(scores: OfPoints, points: np.ndarray, step: float) -> np.ndarray:
    """The slopes [n, 2] of scores at points [n, 2], (f(x + h) - f(x - h)) / 2h along each axis, over the step as rounded."""
    ends = [(points + h, points - h) for h in step * np.eye(2).astype(points.dtype)]
    told = scores(np.concatenate([one for pair in ends for one in pair])).reshape(2, 2, -1)
    apart = [(above - below)[:, axis].astype(float) for axis, (above, below) in enumerate(ends)]
    with np.errstate(divide="ignore", invalid="ignore"):  # points beyond all bounds
        return np.stack([(above - below) / h for (above, below), h in zip(told, apart, strict=True)], axis=1)


def called(critic: Any, points: Any) -> Any:
    """What a critic says of points. UserError, from its own fault, where it does not take them."""
    try:
        return critic(points)
    except Exception as error:
        kind = f"a torch tensor of {points.dtype}" if isinstance(points, Tensor) else f"a numpy array of {points.dtype}"
        told = shortened(" ".join(f"{type(error).__name__}: {error}".split()), 160)
        raise UserError(f"critic: given {kind} {list(points.shape)}, which is what the samples are: {told}") from error


def scores_in(told: Any, n: int) -> np.ndarray:
    """Scores [n] in what a critic said, [n] or [n, 1]; UserError for another shape."""
    found = array_in(told, "critic")
    if found.shape not in ((n,), (n, 1)):
        told = f"gave the shape {list(found.shape)} for points [{n}, 2]"
        raise UserError(f"critic: {told}; a score each is [n] or [n, 1]")
    return found.reshape(n)


@contextmanager
def at_rest(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Modules as they judge when they are not trained; afterwards every part of them, and torch's chance, as they were."""
    training = [module for module in modules if module.training]
    for module in training:
        module.training = False
    try:
        with torch.random.fork_rng(devices=cuda_devices(modules)):
            yield
    finally:
        for module in training:
            module.training = True


def cuda_devices(modules: Sequence[nn.Module]) -> list[int]:
    """Where modules are, and where torch draws if nobody says where; none where there is no CUDA or nobody has used it."""
    if not torch.cuda.is_initialized():
        return []
    used = {one.get_device() for module in modules for one in module.parameters(recurse=False) if one.is_cuda}
    return sorted(used | {torch.cuda.current_device()})


# --- what a critic is made of ------------------------------------------------------------------------------------------


def modules_of(critic: Any) -> list[nn.Module]:
    """The modules that a critic is or works with, with all of their parts: what it reaches in a few links."""
    found: dict[int, nn.Module] = {}
    seen: dict[int, Any] = {}
    near = {id(critic): critic}
    for _ in range(LINKS + 1):
        seen |= near
        found |= {id(part): part for one in near.values() if isinstance(one, nn.Module) for part in one.modules()}
        beyond = [one for thing in near.values() if not isinstance(thing, nn.Module) for one in reached(thing)]
        near = {id(one): one for one in beyond if id(one) not in seen}
    return [*found.values()]


def reached(thing: Any) -> Iterator[Any]:
    """What a thing works with: variables of a function, arguments of a partial, items, or any other object's attributes."""
    if isinstance(thing, FunctionType):
        yield from variables_of(thing)
    elif isinstance(thing, MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, list | tuple):
        yield from thing[:MANY]
    elif isinstance(thing, dict):
        yield from islice(thing.values(), MANY)
    elif not isinstance(thing, type | ModuleType | Tensor):
        yield from (type(thing).__call__, getattr(thing, "__dict__", None))


def variables_of(function: FunctionType) -> Iterator[Any]:
    """What a function's variables, defaults and the globals that its code names hold; of Python's modules what it names there."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # a name that has no value yet
            yield cell.cell_contents
    yield from (function.__defaults__, function.__kwdefaults__)
    named, known = names_in(function.__code__), function.__globals__
    for one in (known[name] for name in named & known.keys()):
        yield one
        if isinstance(one, ModuleType):
            yield from (found for name in named if isinstance(found := vars(one).get(name), nn.Module))


def names_in(code: CodeType) -> set[str]:
    """The names of globals and attributes in a function's code, and in that of functions inside of it."""
    inner = [names_in(one) for one in code.co_consts if isinstance(one, CodeType)]
    return set(code.co_names).union(*inner)


def glance(
    ground: Ground, samples: np.ndarray, critic: AnyCritic | None, losses: Arrays
) -> tuple[Arrays, Judged | None]:
    """A look at samples [N, 2] of one seed: arrays as a frame has them, seeds [1] first, and what the critic said, if any."""
    told, judged = ({}, None) if critic is None else opinions_on(ground, samples, critic)
    numbers = [samples, *losses.values()]
    lost = any(not (np.abs(one) < RUNAWAY).all() for one in numbers)
    lost |= any(not np.isfinite(values).all() for values in told.values())
    arrays = {"samples": samples, "diverged": np.array(lost), **told}
    with np.errstate(over="ignore"):  # what is too large for single precision is as good as endless
        single = {name: one if one.dtype == bool else one.astype(np.float32) for name, one in arrays.items()}
    return {name: one[None] for name, one in single.items()}, judged


def opinions_on(ground: Ground, samples: np.ndarray, critic: AnyCritic) -> tuple[Arrays, Judged]:
    """What a critic says on the grids and at the watched points, as arrays of a frame and as what is measured."""
    real, fake = ground.real[:JUDGED], samples[:JUDGED]
    pairs = min(len(real), len(fake))
    middle = between(*(torch.from_numpy(np.array(cloud[None, :pairs])) for cloud in (real, fake)))[0].numpy()
    fine, coarse = (np.stack(np.meshgrid(*axes), axis=-1) for axes in (ground.score_axes, ground.slope_axes))
    scores, *scored = parted(critic.scores, fine.reshape(-1, 2), real, fake)
    slopes, *sloped = parted(critic.slopes, coarse.reshape(-1, 2), real, fake, middle)
    with np.errstate(invalid="ignore"):  # of endless slopes
        steep = [np.quantile(np.hypot(*one.T), QUANTILES) for one in sloped]
    told = {
        "scores": scores.reshape(fine.shape[:2]),
        "slopes": slopes.reshape(coarse.shape),
        "real_scores": scored[0],
        "fake_scores": scored[1],
        "fake_slopes": sloped[1],
        "slope_quantiles": np.stack(steep),
    }
    return told, Judged(scored[0], scored[1], sloped[0], sloped[1], sloped[2])


def parted(of: OfPoints, *clouds: np.ndarray) -> list[np.ndarray]:
    """A function of several clouds [n, 2] at once, a part for each."""
    found = of(np.concatenate(clouds))
    return np.split(found, np.cumsum([len(cloud) for cloud in clouds])[:-1])


def side_of(ground: Ground) -> float:
    """The longer side of a window."""
    return max(float(np.ptp(axis)) for axis in ground.score_axes) or math.inf
