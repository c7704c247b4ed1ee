"""The contract of a gradient penalty: on linear critics its formula, on others the mean over points of what it says of one.

What a penalty says of one point with a slope of length L is measured, on a linear critic and a batch of one, and called h(L).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from toygan.files.samplers import reseed
from toygan.game.constraints import Sight
from toygan.quantities.forms import Called, PenaltyForm, sight_of
from toygan.quantities.held import (
    AGREES,
    CLOSE,
    Contract,
    Held,
    broken,
    close,
    gradient,
    holds,
    normal,
    note,
    state_kept,
    traced,
)

N = 6  # points in a batch
LENGTHS = (0.25, 1.0, 2.5)
WAYS = ((0.6, 0.8), (1.0, 0.0), (-0.8, 0.6))
SEVERAL = 3  # seeds that are seen together
OVER_POINTS = "take means over the points alone, dim=1"
WRONG_AXIS = "a penalty over the wrong axis: the norm along the batch, the mean over coordinates"
ITS_OWN_STEP = "a penalty in an optimiser step of its own"
Of = Callable[[nn.Module, Tensor, Tensor], Tensor]
# What a penalty of a batch of N is, in terms of that of one point, where it is wrong in a way people's code is.
BATCH_ERRORS: dict[str, Callable[[Of, float], float]] = {
    "a sum over the batch where a mean belongs": lambda of, x: N * h(of, x),
    "a gradient norm over the whole batch": lambda of, x: h(of, math.sqrt(N) * x),
    "a sum over the batch of one norm of the whole batch": lambda of, x: N * h(of, math.sqrt(N) * x),
    "slopes of the mean score, which are 1/batch of those of each": lambda of, x: h(of, x / N),
    "a gradient norm over the whole batch, of slopes of the mean score": lambda of, x: h(of, x / math.sqrt(N)),
}
# The one size of all slopes [n, 2] of which a penalty is, where it is wrong in a way people's code is.
SIZES: dict[str, Callable[[Tensor], Tensor]] = {
    "a mean over the batch within the norm: one size for all points": lambda at: at.square().sum(dim=1).mean().sqrt(),
    "the square of a mean where the mean of squares belongs": lambda at: at.norm(dim=1).mean(),
    "a gradient norm over the whole batch": lambda at: at.norm(),
}


def linear(w: Sequence[float]) -> nn.Linear:
    """The critic f(x) = w . x + 0.3."""
    critic = nn.Linear(2, 1).double()
    vector_to_parameters(torch.tensor([*w, 0.3], dtype=torch.float64), critic.parameters())
    return critic


class Probed(nn.Module):
    """A small critic without a symmetry, or of zeros, that remembers the points it was asked about."""

    def __init__(self, seed: int = 0, size: float = 1.0) -> None:
        super().__init__()
        self.first, self.last, self.asked = nn.Linear(2, 5).double(), nn.Linear(5, 1).double(), list[Tensor]()
        with torch.no_grad():
            for i, parameter in enumerate(self.parameters()):
                parameter.copy_(size * normal(*parameter.shape, seed=10 * seed + i))

    def forward(self, points: Tensor) -> Tensor:
        """Scores [n, 1]."""
        self.asked.append(points.detach().clone())
        return self.last(torch.tanh(self.first(points)))


def clouds(n: int = N, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Real and generated points [n, 2], far enough apart to tell them."""
    return normal(n, 2, seed=seed), normal(n, 2, seed=seed + 1) + 3


def h(of: Of, length: float, way: Sequence[float] = WAYS[0], n: int = 1) -> float:
    """What a penalty says of a linear critic of that slope."""
    reseed(0)
    said = of(linear([length * x for x in way]), *clouds(n))
    if said.numel() > 1:
        raise ValueError(f"it returns {list(said.shape)}, a number a point, where the mean over the batch is wanted")
    return float(said.detach())


def by_seed(form: PenaltyForm) -> Held | None:
    if form.seen is None:
        return None
    pairs = [clouds(seed=10 * k) for k in range(SEVERAL)]
    alone = [sight_of(Probed(k), *pair) for k, pair in enumerate(pairs)]
    draw = {name: torch.cat([one.draw[name] for one in alone]) for name in alone[0].draw}

    def slopes_at(points: Tensor) -> Tensor:
        return torch.cat([one.slopes_at(points[k : k + 1]) for k, one in enumerate(alone)])

    real, fake = (torch.stack([pair[i] for pair in pairs]) for i in (0, 1))
    said = form.seen(Sight(real, fake, draw, lambda: slopes_at(real), lambda: slopes_at(fake), slopes_at, list))
    if not isinstance(said, Tensor) or said.shape != (SEVERAL,):
        shape = list(said.shape) if isinstance(said, Tensor) else type(said).__name__
        return broken(f"of {SEVERAL} seeds it returns {shape}, not [{SEVERAL}]: {OVER_POINTS}")
    own = torch.cat([form.seen(one).reshape(1) for one in alone])
    if not close(said.detach(), own.detach()):
        return broken(f"the number of one seed depends on another seed: {OVER_POINTS}")
    return holds("each seed's number is its own")


# --- the formula -------------------------------------------------------------------------------------------------------


def on_linear(of: Of) -> Held:
    """Whether the penalty on w . x + b is a function of |w| alone, and which."""
    for length in LENGTHS:
        values = [h(of, length, way) for way in WAYS]
        if not all(map(math.isfinite, values)):
            return broken(f"it is {values[0]:.6g} at |w| = {length}", "NaN from a square root at zero")
        if not all(close(value, values[0]) for value in values):
            told = ", ".join(f"{x:.6g}" for x in values)
            return broken(f"at |w| = {length} it depends on the direction of w: {told}", WRONG_AXIS)
    if h(of, LENGTHS[-1]) < -1e-9:
        return broken(f"{formula(of)}: it rewards steep slopes", "a flipped sign")
    return holds(formula(of))


def formula(of: Of) -> str:
    """The penalty on a linear critic in words."""
    zero, one, two, three = (h(of, x) for x in (1e-9, 1.0, 2.0, 3.0))
    if close(zero, 0, 1e-6) and close(two, 4 * one) and close(three, 9 * one):
        return f"{one:.6g} |w|^2"
    if close(zero, 0, 1e-6) and close(two, 2 * one) and close(three, 3 * one):
        return f"{one:.6g} |w|, not squared as those of R1 and WGAN-GP are"
    if close(one, 0) and close(three, 4 * two):
        return f"{two:.6g} {'max(0, |w| - 1)^2, one-sided' if close(zero, 0, 1e-6) else '(|w| - 1)^2'}"
    return f"a function of |w| alone: {', '.join(f'{h(of, x):.6g} at {x}' for x in LENGTHS)}"


def by_batch(of: Of) -> Held:
    odd = [length for length in LENGTHS if not close(h(of, length, n=N), h(of, length))]
    if not odd:
        return holds(f"of one point and of {N} it is the same: a mean over the batch")
    values = ", ".join(f"{h(of, odd[0], n=n):.6g} for {n}" for n in (1, 2, N))
    said = f"at |w| = {odd[0]} it depends on the size of the batch: {values}"
    if on_linear(of).holds is False:
        return broken(said, WRONG_AXIS)
    for like, wanted in BATCH_ERRORS.items():
        if all(close(h(of, length, n=N), wanted(of, length)) for length in LENGTHS):
            return broken(said, like)
    return broken(said, "a norm or a mean over the wrong axis")


def mean_of_points(of: Of) -> Held:
    """Whether the penalty is the mean over the points of h(slope there)."""
    critic = Probed()
    said = float(of(critic, *clouds()).detach().mean())
    asked = [points.reshape(-1, 2) for points in critic.asked]
    if not asked:
        return note("never asks the critic: no gradient penalty")
    slopes = [gradient(Probed(), points) for points in (torch.cat(asked), *asked)]
    means = [mean_h(of, at) for at in slopes]
    if any(close(said, mean, 1e-6) for mean in means):
        return holds("of a bent critic it is the mean over points of the penalty of each")
    told = f"of a bent critic it is {said:.6g}; the mean over points of the penalty of each is {means[0]:.6g}"
    likes = (like for like, size in SIZES.items() if any(close(said, h(of, float(size(at))), 1e-6) for at in slopes))
    return broken(told, next(likes, ""))


def mean_h(of: Of, at: Tensor) -> float:
    """The mean over slopes [n, 2] of the penalty of a linear critic of that slope."""
    return sum(h(of, x) for x in at.norm(dim=1).tolist()) / len(at)


def where_taken(of: Of) -> Held:
    real, fake = clouds()
    first, second, apart = (asked_at(of, seed, real, other) for seed, other in ((1, fake), (2, fake), (1, fake + 1)))
    found = [
        holds("around real points") if torch.equal(moved, points) and not torch.equal(points, real)
        else placed(points, later, real, fake)
        for points, later, moved in zip(first, second, apart, strict=True) if points.shape == real.shape
    ]  # fmt: skip
    wrong = [one for one in found if one.holds is False]
    if wrong or not found:
        return wrong[0] if wrong else note("at other points than those of a batch")
    return holds(" and ".join(dict.fromkeys(one.said for one in found)))


def asked_at(of: Of, seed: int, real: Tensor, fake: Tensor) -> list[Tensor]:
    """The points at which a penalty asks its critic, after torch's random numbers were set so."""
    critic = Probed()
    reseed(seed)
    of(critic, real.clone(), fake.clone())
    return critic.asked


def placed(points: Tensor, later: Tensor, real: Tensor, fake: Tensor) -> Held:
    """Where points lie, asked for twice."""
    for name, cloud in (("real", real), ("generated", fake)):
        if torch.equal(points, cloud):
            return holds(f"at {name} points")
    share = (points - fake) / (real - fake)  # of the way from the generated point to the real one, by coordinate
    if not bool(((share > -1e-9) & (share < 1 + 1e-9)).all()):
        return holds("around the points")
    if not close(share[:, 0], share[:, 1], 1e-9):
        return broken("at points of a box: each coordinate has a number of its own, where a pair has one",
                      "epsilon in the shape of the data")  # fmt: skip
    if close(share, share[0]):
        return broken("between pairs, all by the same number", "one epsilon for the whole batch")
    if torch.equal(points, later):
        return broken("between pairs, by the same numbers each time", "random numbers that are not fresh")
    return holds("between pairs, a fresh number for each")


# --- slopes of the penalty ---------------------------------------------------------------------------------------------


def at_zero_slope(of: Of) -> Held:
    for name, critic in (("linear critic", linear([0.0, 0.0])), ("critic of zeros", Probed(size=0.0))):
        said = of(critic, *clouds())
        found = by_parameters(said, critic)
        if not bool(torch.isfinite(said).all() and torch.isfinite(found).all()):
            return broken(f"NaN or infinite on a {name}", "NaN from a square root at zero: add 1e-12 below it")
    return holds("finite, and so is its gradient")


def by_parameters(said: Tensor, critic: nn.Module) -> Tensor:
    """The gradient of a penalty by a critic's parameters, flat; zeros where nothing leads there."""
    if not said.requires_grad:
        return torch.zeros(1, dtype=torch.float64)
    found = torch.autograd.grad(said.sum(), list(critic.parameters()), materialize_grads=True)
    return torch.cat([slope.flatten() for slope in found])


def moves(of: Of) -> Held:
    critic, (real, fake) = Probed(), clouds()
    reseed(0)
    found = by_parameters(of(critic, real, fake), critic)
    if not bool(found.any()):
        like = "create_graph=True was left out, or a detach on the way"
        return broken("no gradient reaches the critic's parameters", like)
    for seed in range(3):
        way = normal(len(found), seed=50 + seed)
        wanted = (nudged(of, 1e-6 * way) - nudged(of, -1e-6 * way)) / 2e-6
        if not close((found * way).sum(), wanted, CLOSE):
            told = f"{(found * way).sum():.6g} where differences say {wanted:.6g}"
            like = "a detach on the way, or two graphs where one is meant"
            return broken(f"along a random way its slope is {told}", like)
    return holds(AGREES)


def nudged(of: Of, by: Tensor) -> float:
    """The penalty on the small critic with other parameters, under the same random numbers."""
    critic = Probed()
    vector_to_parameters(parameters_to_vector(critic.parameters()) + by, critic.parameters())
    reseed(0)
    return float(of(critic, *clouds()).detach().sum())


def order(of: Of) -> Held:
    """Whether the order of the pairs does not matter, as far as no random numbers decide."""
    real, fake = clouds()
    values = []
    for seed, moved in ((0, torch.arange(N)), (1, torch.arange(N)), (0, torch.tensor([3, 0, 5, 1, 4, 2]))):
        reseed(seed)
        values.append(of(Probed(), real[moved], fake[moved]).detach().mean())
    if not close(values[0], values[1]):
        return note("it draws a number for each pair, so that another order is another draw")
    return holds("it does not matter") if close(values[0], values[2]) else broken("it changes the penalty")


def untouched(of: Of) -> Held:
    critic, (real, fake) = Probed(), clouds()
    before, points = [p.detach().clone() for p in critic.parameters()], (real.clone(), fake.clone())
    said = of(critic, real, fake)
    if not all(map(torch.equal, before, critic.parameters())):
        clips = not said.requires_grad and not bool(said.detach().any())
        like = "a clip of weights, which is no penalty: here it is the constraint clip" if clips else ITS_OWN_STEP
        return broken("it changes the critic's parameters", like)
    if any(p.grad is not None for p in critic.parameters()):
        return broken("it leaves gradients behind: a backward() inside", ITS_OWN_STEP)
    if not all(map(torch.equal, points, (real, fake))):
        return broken("it changes the points that it was given")
    if not critic.training or not all(p.requires_grad for p in critic.parameters()):
        return broken("it leaves the critic in another mode, or its parameters frozen")
    return holds("parameters, gradients and points are as before")


def is_graph(of: Of) -> Held:
    critic = Probed()
    named = {name: one.detach().clone().requires_grad_() for name, one in critic.named_parameters()}

    def step(real: Tensor, fake: Tensor, *values: Tensor) -> list[Tensor]:
        own = dict(zip(named, values, strict=True))
        return [of(Called(lambda points: torch.func.functional_call(critic, own, (points,))), real, fake)]

    return traced(step, [*clouds(), *named.values()])


PENALTY: Contract[PenaltyForm] = {
    "form": lambda form: note(f"called as {form.call}"),
    "seeds": by_seed,
    "exact on linear critics": lambda form: on_linear(form.of),
    "size of the batch": lambda form: by_batch(form.of),
    "a norm for each point": lambda form: mean_of_points(form.of),
    "where slopes are taken": lambda form: where_taken(form.of),
    "slope zero": lambda form: at_zero_slope(form.of),
    "moves the critic": lambda form: moves(form.of),
    "order in the batch": lambda form: order(form.of),
    "nothing else moves": lambda form: untouched(form.of),
    "global state": lambda form: state_kept(lambda: form.of(Probed(), *clouds())),
    "traceable": lambda form: is_graph(form.of),
}
