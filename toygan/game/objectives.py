"""What both players want: one function of the critic's outputs for each objective.

Everywhere r = f(real) and g = f(fake) are the critic's outputs [seed, batch, outputs], E is the mean over one seed's
batch, sp is softplus, and a higher score means "more real". One more objective is one function here and one row in
`OBJECTIVES`; its options are its keyword arguments, and their annotations say what is legal. A row is a function of
(r, g); where there is more to say than losses, it is a function of the options alone that returns an `Objective`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, reduce
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import softplus

from toygan.targets.refusal import Refusal


class Losses(NamedTuple):
    """What each player minimises, one number a seed: `critic [seed]`, `generator [seed]`."""

    critic: Tensor
    generator: Tensor


class Extra(NamedTuple):
    """What else a loss may look at: the objective's memory, uniform `chance [seed, batch, 2]`, the generated points' latents."""

    memory: Tensor
    chance: Tensor
    latent: Tensor


def first_output(outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
    """The drawn score where nothing else is said: outputs [..., outputs] -> score [...]."""
    return outputs[..., 0]


def first_only(outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
    """The derivative of the first output by all outputs: 1 for the first, 0 for the others."""
    pull = torch.zeros_like(outputs)
    pull[..., 0] = 1
    return pull


class Objective(NamedTuple):
    """What the game needs to know of an objective; all but the losses have a neutral default.

    `losses(r, g, extra)`; whether the generator's loss looks at real points; the width of the critic's head;
    `score(outputs, r, g)`, the drawn score, and `pull(outputs, r, g)`, its derivative by the outputs;
    `remember(memory, r, g)` after each critic move; `rehearse(r, g, extra)`, the losses in the critic's head start.
    """

    losses: Callable[[Tensor, Tensor, Extra], Losses]
    generator_needs_real: bool = True
    outputs: int = 1
    score: Callable[[Tensor, Tensor, Tensor], Tensor] = first_output
    pull: Callable[[Tensor, Tensor, Tensor], Tensor] = first_only
    remember: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda memory, r, g: memory
    rehearse: Callable[[Tensor, Tensor, Extra], Losses] | None = None


def mean(values: Tensor) -> Tensor:
    """E, for each seed alone: values [seed, batch, outputs] -> [seed]."""
    return values.mean(dim=(1, 2))


# --- classifiers and critics -----------------------------------------------------------------------------------------


def minimax(r: Tensor, g: Tensor) -> Losses:
    """The saturating game: critic E sp(-r) + E sp(g), generator -E sp(g) (Goodfellow et al., 2014, arXiv:1406.2661)."""
    critic = mean(softplus(-r)) + mean(softplus(g))
    return Losses(critic, generator=-mean(softplus(g)))


def non_saturating(r: Tensor, g: Tensor) -> Losses:
    """Critic E sp(-r) + E sp(g), generator E sp(-g) (Goodfellow et al., 2014, arXiv:1406.2661)."""
    critic = mean(softplus(-r)) + mean(softplus(g))
    return Losses(critic, generator=mean(softplus(-g)))


def least_squares(r: Tensor, g: Tensor, *, fake: float = 0.0, real: float = 1.0, wanted: float = 1.0) -> Losses:
    """Critic 1/2 E (r - real)^2 + 1/2 E (g - fake)^2, generator 1/2 E (g - wanted)^2 (Mao et al., 2016, arXiv:1611.04076)."""
    critic = mean((r - real) ** 2) / 2 + mean((g - fake) ** 2) / 2
    return Losses(critic, generator=mean((g - wanted) ** 2) / 2)


def wasserstein(r: Tensor, g: Tensor) -> Losses:
    """Critic E g - E r, generator -E g (Arjovsky et al., 2017, arXiv:1701.07875)."""
    critic = mean(g) - mean(r)
    return Losses(critic, generator=-mean(g))


def hinge(r: Tensor, g: Tensor) -> Losses:
    """Critic E max(0, 1 - r) + E max(0, 1 + g), generator -E g (Lim and Ye, 2017, arXiv:1705.02894)."""
    critic = mean((1 - r).relu()) + mean((1 + g).relu())
    return Losses(critic, generator=-mean(g))


def relativistic(r: Tensor, g: Tensor) -> Losses:
    """Paired: critic E sp(g - r), generator E sp(r - g) (Jolicoeur-Martineau, 2018, arXiv:1807.00734)."""
    critic = mean(softplus(g - r))
    return Losses(critic, generator=mean(softplus(r - g)))


def relativistic_average(r: Tensor, g: Tensor) -> Losses:
    """Critic E sp(E g - r) + E sp(g - E r), generator mirrored (Jolicoeur-Martineau, 2018, arXiv:1807.00734)."""
    real_lead = r - g.mean(dim=(1, 2), keepdim=True)
    fake_lead = g - r.mean(dim=(1, 2), keepdim=True)
    critic = mean(softplus(-real_lead)) + mean(softplus(fake_lead))
    return Losses(critic, generator=mean(softplus(real_lead)) + mean(softplus(-fake_lead)))


def boundary_seeking(r: Tensor, g: Tensor) -> Losses:
    """Critic E sp(-r) + E sp(g), generator 1/2 E g^2: to where the critic cannot tell (Hjelm et al., 2017, arXiv:1702.08431)."""
    critic = mean(softplus(-r)) + mean(softplus(g))
    return Losses(critic, generator=mean(g**2) / 2)


Labels = tuple[float, float]


def soft_labels(*, real: Labels = (0.7, 1.2), fake: Labels = (0.0, 0.3)) -> Objective:
    """Cross-entropy with labels y, z drawn from ranges: critic E [y sp(-r) + (1-y) sp(r)] + E [z sp(-g) + (1-z) sp(g)],
    generator E sp(-g) (after Salimans et al., 2016, arXiv:1606.03498).
    """

    def losses(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        chance = extra.chance[:, : r.shape[1]]  # packs are fewer than points
        y, z = between(real, chance[..., :1]), between(fake, chance[..., 1:])
        r, g = r[..., :1], g[..., :1]
        critic = mean(y * softplus(-r) + (1 - y) * softplus(r)) + mean(z * softplus(-g) + (1 - z) * softplus(g))
        return Losses(critic, generator=mean(softplus(-g)))

    return Objective(losses, generator_needs_real=False)


def between(ends: Labels, chance: Tensor) -> Tensor:
    """Uniform numbers between two ends."""
    return ends[0] + (ends[1] - ends[0]) * chance


# --- f-divergences: a pair (T, f* o T), both functions of the raw score v --------------------------------------------


def f_losses(r: Tensor, g: Tensor, t: Callable[[Tensor], Tensor], c: Callable[[Tensor], Tensor], trick: bool) -> Losses:
    """Critic -E T(r) + E f*(T(g)), generator -E f*(T(g)), or with the trick -E T(g) (Nowozin et al., 2016, arXiv:1606.00709)."""
    critic = mean(c(g)) - mean(t(r))
    return Losses(critic, generator=-mean(t(g) if trick else c(g)))


def f_kl(r: Tensor, g: Tensor, *, trick: bool = False) -> Losses:
    """KL(p | q): T(v) = v, f*(T) = exp(v - 1); optimal T = 1 + log p/q (Nowozin et al., 2016, arXiv:1606.00709)."""
    return f_losses(r, g, lambda v: v, lambda v: (v - 1).exp(), trick)


def f_reverse_kl(r: Tensor, g: Tensor, *, trick: bool = False) -> Losses:
    """KL(q | p): T(v) = -exp(-v), f*(T) = v - 1; optimal T = -q/p (Nowozin et al., 2016, arXiv:1606.00709)."""
    return f_losses(r, g, lambda v: -(-v).exp(), lambda v: v - 1, trick)


def f_pearson(r: Tensor, g: Tensor, *, trick: bool = False) -> Losses:
    """Pearson chi^2: T(v) = v, f*(T) = v^2/4 + v; optimal T = 2 (p/q - 1) (Nowozin et al., 2016, arXiv:1606.00709)."""
    return f_losses(r, g, lambda v: v, lambda v: v**2 / 4 + v, trick)


def f_hellinger(r: Tensor, g: Tensor, *, trick: bool = False) -> Losses:
    """Squared Hellinger: T(v) = 1 - exp(-v), f*(T) = exp(v) - 1; optimal T = 1 - sqrt(q/p) (Nowozin et al., 2016)."""
    return f_losses(r, g, lambda v: 1 - (-v).exp(), lambda v: v.exp() - 1, trick)


def f_js(r: Tensor, g: Tensor, *, trick: bool = False) -> Losses:
    """Jensen-Shannon: T(v) = log 2 - sp(-v), f*(T) = sp(v) - log 2; optimal T = log 2p/(p+q) (Nowozin et al., 2016)."""
    return f_losses(r, g, lambda v: LOG2 - softplus(-v), lambda v: softplus(v) - LOG2, trick)


def f_total_variation(r: Tensor, g: Tensor, *, trick: bool = False) -> Losses:
    """Total variation: T(v) = tanh(v)/2, f*(T) = T; optimal T = sign(p - q)/2 (Nowozin et al., 2016)."""
    return f_losses(r, g, lambda v: v.tanh() / 2, lambda v: v.tanh() / 2, trick)


LOG2 = 0.6931471805599453


# --- energies: the score is minus an energy D, as an autoencoder critic gives it -------------------------------------


def energy(*, margin: PositiveFloat = 1.0, pulling_away: NonNegativeFloat = 0.0) -> Objective:
    """With D = -score: critic E D(real) + E max(0, margin - D(fake)), generator E D(fake) + pulling_away * A.

    A is the `alignment` of codes.
    While the critic has its head start it learns E D(real) alone. Zhao et al., 2016, arXiv:1609.03126.
    """

    def losses(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        d_real, d_fake = -r[..., :1], -g[..., :1]
        critic = mean(d_real) + mean((margin - d_fake).relu())
        return Losses(critic, generator=mean(d_fake) + (pulling_away * alignment(g[..., 1:]) if pulling_away else 0.0))

    def rehearse(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        return losses(r, g, extra)._replace(critic=mean(-r[..., :1]))

    return Objective(losses, generator_needs_real=False, rehearse=rehearse)


def alignment(codes: Tensor) -> Tensor:
    """E over pairs of the squared cosine between two points' codes: [seed, batch, d] -> [seed]."""
    n = codes.shape[1]
    unit = codes / (codes.square().sum(dim=2, keepdim=True) + 1e-12).sqrt()
    squares = (unit @ unit.transpose(1, 2)).square().sum(dim=(1, 2))
    return (squares - unit.square().sum(dim=2).square().sum(dim=1)) / max(n * (n - 1), 1)


def began(*, gamma: PositiveFloat = 0.5, pace: PositiveFloat = 0.001) -> Objective:
    """With D = -score: critic E D(real) - k E D(fake), generator E D(fake); after each critic move
    k += pace (gamma E D(real) - E D(fake)), kept in [0, 1] (Berthelot et al., 2017, arXiv:1703.10717).
    """

    def losses(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        d_real, d_fake = mean(-r[..., :1]), mean(-g[..., :1])
        return Losses(critic=d_real - extra.memory * d_fake, generator=d_fake)

    def remember(k: Tensor, r: Tensor, g: Tensor) -> Tensor:
        return (k + pace * (gamma * mean(-r[..., :1]) - mean(-g[..., :1]))).clamp(0, 1)

    return Objective(losses, generator_needs_real=False, remember=remember)


# --- distances between clouds of features ----------------------------------------------------------------------------

Widths = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]


def mmd(
    *,
    kernel: Literal["gaussian", "rational-quadratic"] = "gaussian",
    bandwidths: Widths = (0.1, 0.3, 1.0, 3.0),
    features: PositiveInt = 8,
) -> Objective:
    """Critic -MMD^2, generator MMD^2 of the critic's features, unbiased; the score is their witness.

    The witness is E k(., real) - E k(., fake).
    Gaussian: mean of exp(-d^2 / 2 b^2); rational quadratic: mean of (1 + d^2 / 2b)^-b. Li et al., 2017,
    arXiv:1705.08584; Binkowski et al., 2018, arXiv:1801.01401.
    """
    similar = partial(KERNELS[kernel], bandwidths=bandwidths)

    def losses(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        distance = off_diagonal(similar(r, r)) + off_diagonal(similar(g, g)) - 2 * similar(r, g).mean(dim=(1, 2))
        return Losses(critic=-distance, generator=distance)

    def witness(outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
        return similar(outputs, r).mean(dim=2) - similar(outputs, g).mean(dim=2)

    return Objective(losses, outputs=features, score=witness, pull=pull_of(witness))


def cramer(*, features: PositiveInt = 8) -> Objective:
    """Critic -D, generator D, the energy distance D = 2 E|r - g| - E|r - r'| - E|g - g'| of the critic's features,
    unbiased; the score is its witness E|. - fake| - E|. - real| (Bellemare et al., 2017, arXiv:1705.10743).

    Their critic maximises E(|r - g| - |r|) - E(|g' - g| - |g'|) instead, for want of a second real sample.
    """

    def losses(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        distance = 2 * lengths(r, g).mean(dim=(1, 2)) - off_diagonal(lengths(r, r)) - off_diagonal(lengths(g, g))
        return Losses(critic=-distance, generator=distance)

    def witness(outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
        return lengths(outputs, g).mean(dim=2) - lengths(outputs, r).mean(dim=2)

    return Objective(losses, outputs=features, score=witness, pull=pull_of(witness))


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """|a_i - b_j|^2 = |a_i|^2 + |b_j|^2 - 2 a_i b_j: [seed, n, d], [seed, m, d] -> [seed, n, m].

    One matrix product instead of n m differences; moved to their middle first, so that little is lost to cancellation.
    """
    middle = a.detach().mean(dim=1, keepdim=True)
    a, b = a - middle, b - middle
    squares = a.square().sum(dim=2, keepdim=True) + b.square().sum(dim=2, keepdim=True).mT
    return torch.baddbmm(squares, a, b.mT, alpha=-2).clamp(min=0)


def lengths(a: Tensor, b: Tensor) -> Tensor:
    """|a_i - b_j|, with derivative 0 instead of NaN where both are the same: [seed, n, m]."""
    squares = squared_distances(a, b)
    return squares.clamp(min=torch.finfo(squares.dtype).tiny).sqrt()


def gaussian_kernel(a: Tensor, b: Tensor, bandwidths: Widths) -> Tensor:
    """Mean over bandwidths of exp(-d^2 / 2 b^2): [seed, n, m]."""
    d2 = squared_distances(a, b)
    # Beyond 10 widths the kernel is 2e-22 and flat: smaller numbers would be denormal, and a hundred times slower.
    parts = [(d2 * (-1 / (2 * width**2))).clamp(min=-50).exp() for width in bandwidths]
    return reduce(torch.add, parts) / len(bandwidths)


def rational_quadratic_kernel(a: Tensor, b: Tensor, bandwidths: Widths) -> Tensor:
    """Mean over bandwidths of (1 + d^2 / 2b)^-b: [seed, n, m]."""
    d2 = squared_distances(a, b)
    return reduce(torch.add, [(1 + d2 / (2 * width)) ** -width for width in bandwidths]) / len(bandwidths)


KERNELS = {"gaussian": gaussian_kernel, "rational-quadratic": rational_quadratic_kernel}


def off_diagonal(pairs: Tensor) -> Tensor:
    """Mean over i != j, which makes the estimate unbiased: [seed, n, n] -> [seed]."""
    n = pairs.shape[1]
    return (pairs.sum(dim=(1, 2)) - pairs.diagonal(dim1=1, dim2=2).sum(dim=1)) / max(n * (n - 1), 1)


def pull_of(score: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The derivative of a score by the outputs, itself differentiable."""

    def pull(outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
        with torch.enable_grad():
            # A copy, because the outputs may be r or g themselves, and only their part as points is asked for.
            at = outputs.clone() if outputs.requires_grad else outputs.detach().requires_grad_()
            return torch.autograd.grad(score(at, r, g).sum(), at, create_graph=True)[0]

    return pull


# --- from a row to an objective --------------------------------------------------------------------------------------


def objective(kind: str, **options: Any) -> Objective:
    """The objective of that name with its options filled in."""
    make = OBJECTIVES[kind]
    if "r" not in inspect.signature(make).parameters:
        return make(**options)
    losses = partial(make, **options)
    # An autoencoder gives its code besides its score, and only the score is judged.
    return Objective(lambda r, g, extra: losses(r[..., :1], g[..., :1]), generator_needs_real=needs_real(losses))


def needs_real(losses: Callable[[Tensor, Tensor], Losses]) -> bool:
    """Whether the generator's loss depends on r at all; where it does not, its move can do without real scores."""
    r, g = torch.zeros(2, 1, 2, 1, requires_grad=True)
    (slope,) = torch.autograd.grad(losses(r, g).generator.sum(), r, allow_unused=True)
    return slope is not None


def with_noisy_labels(base: Objective, share: float) -> Objective:
    """Each pair of labels is swapped with probability `share` while the critic learns (after Chintala et al., 2016)."""

    def losses(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        decisive = extra.chance[..., :1]
        swapped = (decisive < share)[:, : r.shape[1]]
        told_real, told_fake = torch.where(swapped, g, r), torch.where(swapped, r, g)
        # What is left of the decisive number is uniform again, so that soft labels do not depend on who is swapped.
        left = torch.where(decisive < share, decisive / share, (decisive - share) / (1 - share))
        told = extra._replace(chance=torch.cat((left, extra.chance[..., 1:]), dim=2))
        return Losses(base.losses(told_real, told_fake, told).critic, base.losses(r, g, extra).generator)

    return base._replace(losses=losses)


def with_information(base: Objective, categories: int, weight: float) -> Objective:
    """Both players also minimise weight * E -log softmax(head)[category]: a second head of the critic tells the
    latent's category from the generated point (Chen et al., 2016, arXiv:1606.03657).
    """
    width = base.outputs
    if base.score is not first_output:
        raise Refusal("needs an objective whose score is the critic's first output", option="mutual_information")

    def losses(r: Tensor, g: Tensor, extra: Extra) -> Losses:
        said = base.losses(r[..., :width], g[..., :width], extra)
        hidden = -(extra.latent[..., :categories] * g[..., width:].log_softmax(dim=2)).sum(dim=2).mean(dim=1)
        return Losses(said.critic + weight * hidden, said.generator + weight * hidden)

    return base._replace(losses=losses, outputs=width + categories)


OBJECTIVES: dict[str, Callable[..., Any]] = {
    "minimax": minimax,
    "non-saturating": non_saturating,
    "least-squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic": relativistic,
    "relativistic-average": relativistic_average,
    "f-kl": f_kl,
    "f-reverse-kl": f_reverse_kl,
    "f-pearson": f_pearson,
    "f-hellinger": f_hellinger,
    "f-js": f_js,
    "f-total-variation": f_total_variation,
    "boundary-seeking": boundary_seeking,
    "soft-labels": soft_labels,
    "energy": energy,
    "began": began,
    "mmd": mmd,
    "cramer": cramer,
}
