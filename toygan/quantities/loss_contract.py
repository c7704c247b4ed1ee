"""The contract of a loss: r and g are scores of real and of generated points, and a higher one means more real."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from toygan.quantities.forms import Loss, LossForm
from toygan.quantities.held import (
    AGREES,
    CLOSE,
    Contract,
    Held,
    around,
    broken,
    close,
    differences,
    gradient,
    holds,
    normal,
    note,
)

LOG2 = math.log(2)
KNOWN = {2 * LOG2: "2 log 2", LOG2: "log 2", -LOG2: "-log 2", -2 * LOG2: "-2 log 2"}


def scores(n: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Scores [n, 1] of real and generated points between 0.1 and 0.9, where every loss is sloped."""
    return tuple(0.5 + 0.4 * torch.tanh(normal(n, 1, seed=seed + i)) for i in range(2))  # type: ignore[return-value]


def told_form(form: LossForm) -> Held:
    kind = "probabilities" if form.squashed else "scores"
    kind += f" and {form.labels}," if form.labels else ""
    return note(f"takes {kind} {form.shape}, says what {' and '.join(f'the {who}' for who in form.players)} minimises")


# --- which way is up ---------------------------------------------------------------------------------------------------


def orientation(form: LossForm) -> Held:
    """Higher means more real: the critic wants real scores up and generated ones down, the generator these up."""
    c, g = pulls(form, "critic"), pulls(form, "generator")
    if "NaN" in (*(c or ()), *(g or ())):
        return note("its slopes are NaN: nothing can be said")
    if c and c != pulls(form, "critic", exchanged=True):
        said = "the critic pushes scores either way, by which of real and generated ones are higher on average"
        return broken(said, "an absolute value or a square of a difference of means")
    if c and c == ("down", "up"):
        flat = form.critic is not None and curvature(form.critic)
        also = ", and so does the generator, so it trains but its picture is a negative" if g == ("", "down") else ""
        like = "a least-squares GAN with flipped signs or labels" if flat else "critics with opposite orientation"
        return broken(f"the critic pushes real scores down and generated ones up{also}", like)
    if c and c != ("up", "down"):
        like = "a detach or .data on the way" if c == ("nowhere", "nowhere") else "a flipped sign in one half"
        return broken(f"the critic pushes real scores {c[0]} and generated ones {c[1]}", like)
    if g and g[1] == "to 0":
        return note("the critic: higher is more real; the generator seeks score 0, not the highest (boundary seeking)")
    if g and g[1] != "up":
        flipped = "critics with opposite orientation" if c is None else "a flipped sign in the generator's loss"
        like = "a detach or .data on the way" if g[1] == "nowhere" else flipped
        return broken(f"the generator pushes the scores of its points {g[1]}", like)
    return holds(f"higher means more real, for {' and '.join(form.players)}")


def pulls(form: LossForm, who: str, exchanged: bool = False) -> tuple[str, str] | None:
    """Where a player pushes real and generated scores: `up`, `down`, `to 0`, or `nowhere`; or where either are the others."""
    loss = getattr(form, who)
    if loss is None:
        return None
    r, g = scores()[::-1] if exchanged else scores()
    of_fake = way(gradient(lambda x: loss(r, x), g))
    if who == "generator":
        below = way(gradient(lambda x: loss(-r, x), -g))
        return "", "to 0" if (of_fake, below) == ("down", "up") else of_fake
    return way(gradient(lambda x: loss(x, g), r)), of_fake


def way(slope: Tensor) -> str:
    """Where descent along a slope leads."""
    if not bool(torch.isfinite(slope).all()):
        return "NaN"
    if not bool(slope.any()):
        return "nowhere"
    return "up" if bool((slope <= 0).all()) else "down" if bool((slope >= 0).all()) else "both ways"


def curvature(loss: Loss) -> bool:
    """Whether a loss is quadratic in real scores: its slope changes evenly, and not by nothing."""
    first, second, third = (slope_at(loss, "real", x) for x in (0.0, 1.0, 2.0))
    return abs(second - first) > 1e-6 and math.isclose(second - first, third - second, rel_tol=1e-6)


def slope_at(loss: Loss, of: str, x: float) -> float:
    """The derivative of a critic's loss by one score at x, of a batch of one, the other score being 0."""
    at, zero = torch.full((1, 1), x, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    return float(gradient(of_half(loss, of, zero), at))


def of_half(loss: Loss, of: str, others: Tensor) -> Callable[[Tensor], Tensor]:
    """A loss as a function of its real scores alone, or of the generated ones, beside others."""
    return (lambda x: loss(x, others)) if of == "real" else (lambda x: loss(others, x))


# --- values and halves -------------------------------------------------------------------------------------------------


def at_zero(form: LossForm) -> Held:
    """The losses where every score is 0, with the words for numbers that are known."""
    zero = torch.zeros(4, 1, dtype=torch.float64)
    values = {who: float(loss(zero, zero).mean()) for who, loss in form.players.items()}
    told = ", ".join(f"{who} {named(value)}" for who, value in values.items())
    if not all(map(math.isfinite, values.values())):
        return broken(told, "a logarithm or a root of zero")
    return holds(told + (" (probabilities of 1/2)" if form.squashed else ""))


def named(value: float) -> str:
    words = (f" = {word}" for x, word in KNOWN.items() if math.isclose(value, x, rel_tol=1e-9))
    return f"{value:.6g}{next(words, '')}"


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# How the slopes of a critic's halves look: by a real score, by a generated one.
TEMPLATES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "cross-entropy": (lambda x: -sigmoid(-x), sigmoid),
    "least squares": (lambda x: x - 1, lambda x: x),
    "squares": (lambda x: 2 * (x - 1), lambda x: 2 * x),
}
PROBES = (-2.0, -0.7, 0.4, 1.7)


def halves_of(form: LossForm) -> Held | None:
    loss = form.critic
    if loss is None:
        return None
    for name, (real, fake) in TEMPLATES.items():
        a, b = share(loss, "real", real), share(loss, "fake", fake)
        if a and b and math.isclose(a, b, rel_tol=1e-6):
            return holds(f"both are {name}")
        if a and b and 0.5 < a / b < 1:
            said = f"the real half is {a / b:.6g} of {name}, whose best score for real points is as before"
            missing = f"{1 - a / b:.6g} of the other label is missing"
            return broken(said, f"label smoothing without its second half: {missing}")
    if share(loss, "fake", lambda x: sigmoid(x - 1)):
        return broken("the generated half is log sigmoid(1 - g) where log sigmoid(-g) belongs",
                      'log-sigmoid of "one minus the score" for "minus the score"')  # fmt: skip
    if share(loss, "real", lambda x: -sigmoid(-sigmoid(x)) * sigmoid(x) * sigmoid(-x)):
        return broken("the real half is cross-entropy of sigmoid(r), whose slope is below 1/8 everywhere",
                      "a sigmoid before a loss of logits, which has one: squashed twice")  # fmt: skip
    if label := label_of_fakes(loss):
        said = f"generated scores have the label {label:.6g}"
        return note(f"{said}: smoothing on their side keeps mass where no point is real")
    return note("no cross-entropy and no least squares: nothing is known of how its halves belong together")


def label_of_fakes(loss: Loss) -> float | None:
    """The label of generated scores where their half is cross-entropy with one between 0 and 1/2; None where it is none such."""
    low, *others = (slope_at(loss, "fake", x) - sigmoid(x) for x in PROBES)
    fits = all(math.isclose(low, other, abs_tol=1e-6) for other in others)
    return -low if fits and 1e-6 < -low < 0.5 else None


def share(loss: Loss, of: str, slope: Callable[[float], float]) -> float | None:
    """Of a half of a loss, how many times a known one it is; None where it is none such."""
    found = [slope_at(loss, of, x) for x in PROBES]
    size = found[0] / slope(PROBES[0]) if slope(PROBES[0]) else 0.0
    fits = all(math.isclose(y, size * slope(x), rel_tol=1e-6, abs_tol=1e-9) for x, y in zip(PROBES, found, strict=True))
    return size if fits and size > 0 else None


def seeds_apart(form: LossForm) -> Held:
    if form.together is None:
        return note("one seed at a time; toygan run wants scores [seed, batch, 1] and losses [seed]: mean(dim=(1, 2))")
    r, g = (torch.stack([scores(seed=s)[i] for s in (0, 7)]) for i in range(2))
    for i, both in enumerate(form.together(r, g)):
        alone = form.together(r[:1], g[:1])[i]
        if not close(both[:1], alone):
            said = f"the loss of a seed is {alone[0]:.6g} alone and {both[0]:.6g} beside another"
            return broken(said, "a mean or norm across seeds")
    return holds("the loss of a seed is the same beside others as alone")


def own_gradients(form: LossForm) -> Held:
    r, g = scores(4)
    for (who, loss), (of, x, others) in product(form.players.items(), (("real", r, g), ("generated", g, r))):
        f = of_half(loss, of, others)
        found, wanted = gradient(f, x), differences(f, x)
        told = f"the {who}'s gradient by {of} scores is"
        if not bool(torch.isfinite(found).all()):
            return broken(f"{told} NaN", "NaN from a square root or a logarithm at zero")
        if not close(found, wanted, CLOSE):
            cut = "" if bool(found.any()) else ": nothing reaches it"
            wrong = f"{told} {found.norm():.6g} where differences say {wanted.norm():.6g}{cut}"
            return broken(wrong, "a detach or .data on the way")
    return holds(AGREES)


def order(form: LossForm) -> Held:
    r, g = scores()
    mixed = torch.tensor([3, 0, 5, 1, 4, 2])
    moved = [who for who, loss in form.players.items() if not close(loss(r, g).mean(), loss(r[mixed], g[mixed]).mean())]
    return broken(f"the loss of {' and '.join(moved)} depends on it") if moved else holds("it does not matter")


def mean_not_sum(form: LossForm) -> Held:
    r, g = scores()
    for who, loss in form.players.items():
        once, twice = loss(r, g), loss(torch.cat((r, r)), torch.cat((g, g)))
        if once.numel() > 1:
            return broken(f"the {who}'s loss is {list(once.shape)}, a number a point", "a reduction that was left out")
        if not close(once, twice):
            grown = f"{twice / once:.6g} times as large" if abs(float(once.detach())) > 1e-12 else "another"
            wrong = f"the {who}'s loss of a batch twice over is {grown}"
            return broken(wrong, "a sum over the batch where a mean belongs")
    return holds("a batch twice over has the same loss")


def large(form: LossForm) -> Held:
    players = form.players
    worst = [(who, size) for who, loss in players.items() for size in (60.0, 200.0) if not finite_at(loss, size)]
    if not worst:
        return holds("finite at scores of 60 and 200 either way, in single precision")
    who, size = worst[0]
    if not finite_at(players[who], 1.0):
        return note(f"the {who}'s loss or its slope is NaN at small scores already")
    if grows(players[who]):
        return note(f"the {who}'s loss is infinite at scores of {size:g}: it grows as an exponential does")
    return broken(f"the {who}'s loss or its slope is NaN or infinite at scores of {size:g}",
                  "log(sigmoid(x)) or log(1 - p), where softplus or logsigmoid is meant")  # fmt: skip


def finite_at(loss: Loss, size: float) -> bool:
    """Whether a loss and its slopes are finite at scores of that size, of either sign, single precision being torch's default."""
    torch.set_default_dtype(torch.float32)
    try:
        for sign in (1, -1):
            r, g = (torch.full((2, 1), s * sign * size, requires_grad=True) for s in (1, -1))
            value = loss(r, g).sum()
            slopes = torch.autograd.grad(value, (r, g), materialize_grads=True) if value.requires_grad else ()
            if not all(bool(torch.isfinite(x).all()) for x in (value, *slopes)):
                return False
        return True
    finally:
        torch.set_default_dtype(torch.float64)


def grows(loss: Loss) -> bool:
    """Whether a loss grows as an exponential of its scores."""

    def size(x: float) -> float:
        ends = (torch.full((1, 1), sign * x, dtype=torch.float64) for sign in (1, -1))
        return max(abs(float(loss(end, -end).detach().mean())) for end in ends)

    return size(12.0) > 5 * size(10.0)


LOSS: Contract[LossForm] = {
    "form": told_form,
    "orientation": orientation,
    "values at zero scores": at_zero,
    "both halves": halves_of,
    "seeds": seeds_apart,
    "gradients": own_gradients,
    "order in the batch": order,
    "mean over the batch": mean_not_sum,
    "large scores": large,
    **around(lambda form: (lambda r, g: [loss(r, g) for loss in form.players.values()], scores())),
}
