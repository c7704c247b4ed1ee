"""What both players want: one function of the critic's outputs for each objective.

Everywhere r = f(real) and g = f(fake) are the critic's scores [seed, batch, 1], E is the mean over one seed's batch, sp is
softplus, and a higher score means "more real". One more objective is one function here and one row in `OBJECTIVES`; its
options are its keyword arguments, and their annotations say what is legal: those that are floats are dials. A row is a
function of (r, g); where there is more to say than losses, it is a function of the options alone that returns an
`Objective`, whose losses take the outputs of the critic by head.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial, reduce
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import softplus

from toygan.game.dials import Dial, over
from toygan.game.laws import Law, one_hot, uniform
from toygan.targets.refusal import Refusal

Heads = Mapping[str, Tensor]  # a critic's outputs by head, each [seed, batch, width]
Labels = tuple[float, float]
Widths = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
LOG2 = 0.6931471805599453
LARGE = 30.0  # outputs of about this size are tried, so that margins are passed


class Losses(NamedTuple):
    """What each player minimises, one number a seed: `critic [seed]`, `generator [seed]`."""

    critic: Tensor
    generator: Tensor


class Extra(NamedTuple):
    """What else a loss may look at: the objective's memory [seed], the move's draws by name, each [seed, batch, c], and the
    points as the critic was shown them [seed, batch, d]; a generator's move has shown no real ones.
    """

    memory: Tensor
    draw: Mapping[str, Tensor]
    real: Tensor | None = None
    fake: Tensor | None = None


def first_score(outputs: Heads, r: Heads, g: Heads) -> Tensor:
    """The drawn score where nothing else is said: the head `score`, [..., 1] -> [...]."""
    return outputs["score"][..., 0]


class Objective(NamedTuple):
    """What the game needs to know of an objective; all but the losses have a neutral default.

    `losses(real, fake, extra)` of the outputs by head; whether the generator's loss looks at real points; the critic's
    `heads` with their widths; the `draws` it needs, by name and law; which of them are `codes`, carried by the generator;
    `score(outputs, real, fake)`, the drawn score; `remember(memory, real, fake)` after each critic move;
    `rehearse(real, fake, extra)`, the losses in the critic's head start; the heads that it `wants` of the critic's own,
    by name, with the option that asks for them where it is not zero.
    """

    losses: Callable[[Heads, Heads, Extra], Losses]
    generator_needs_real: bool = True
    heads: Mapping[str, int] = {"score": 1}
    draws: Mapping[str, Law] = {}
    codes: tuple[str, ...] = ()
    score: Callable[[Heads, Heads, Heads], Tensor] = first_score
    remember: Callable[[Tensor, Heads, Heads], Tensor] = lambda memory, real, fake: memory
    rehearse: Callable[[Heads, Heads, Extra], Losses] | None = None
    wants: Mapping[str, str] = {}


def mean(values: Tensor) -> Tensor:
    """E, for each seed alone: values [seed, batch, outputs] -> [seed]."""
    return values.mean(dim=(1, 2))


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
    critic = mean((r - over(real, r)) ** 2) / 2 + mean((g - over(fake, g)) ** 2) / 2
    return Losses(critic, generator=mean((g - over(wanted, g)) ** 2) / 2)


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


def soft_labels(*, real: Labels = (0.7, 1.2), fake: Labels = (0.0, 0.3)) -> Objective:
    """Cross-entropy with labels y, z drawn from ranges: critic E [y sp(-r) + (1-y) sp(r)] + E [z sp(-g) + (1-z) sp(g)],
    generator E sp(-g) (after Salimans et al., 2016, arXiv:1606.03498).
    """

    def losses(on_real: Heads, on_fake: Heads, extra: Extra) -> Losses:
        r, g = on_real["score"], on_fake["score"]
        chance = extra.draw["labels"][:, : r.shape[1]]  # packs are fewer than points
        y, z = between(real, chance[..., :1]), between(fake, chance[..., 1:])
        critic = mean(y * softplus(-r) + (1 - y) * softplus(r)) + mean(z * softplus(-g) + (1 - z) * softplus(g))
        return Losses(critic, generator=mean(softplus(-g)))

    return Objective(losses, generator_needs_real=False, draws={"labels": uniform(2)})


def between(ends: tuple[Dial, Dial], chance: Tensor) -> Tensor:
    """Uniform numbers between two ends."""
    low, high = ends
    return over(low, chance) + over(high - low, chance) * chance


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


def density_ratio(r: Tensor, g: Tensor) -> Losses:
    """Critic E g^2/2 - E r, generator -E g: the score is the ratio p/q itself (Uehara et al., 2016, arXiv:1610.02920, of the
    Pearson divergence; twice this minus two is the f-GAN's, whose generator with the trick this is).
    """
    return Losses(mean(g**2) / 2 - mean(r), generator=-mean(g))


def positive_ratio(r: Tensor, g: Tensor, *, weight: PositiveFloat = 1.0) -> Losses:
    """With D = sp(score): critic -weight E log D(real) + E D(fake), generator -E D(fake); optimal D = weight p/q (Nguyen et al.,
    2017, arXiv:1709.03831, one of their two critics; the cast opposed adds the other).
    """
    critic = mean(softplus(g)) - over(weight, mean(r)) * mean(log_softplus(r))
    return Losses(critic, generator=-mean(softplus(g)))


def log_softplus(v: Tensor) -> Tensor:
    """log sp(v), which is v far below zero: sp(v) = e^v to rounding for v below -20."""
    return torch.where(v < -20, v, softplus(v.clamp(min=-20)).log())


def loss_sensitive(*, margin: PositiveFloat = 1.0, weight: PositiveFloat = 1.0) -> Objective:
    """With the loss L = -score: critic E sp(L(real)) + weight E max(0, margin |x - x'| + L(real) - L(fake)) over pairs of a real
    point x and a generated one x', generator E L(fake) (Qi, 2017, arXiv:1701.06264; without softplus the first term has no
    lower bound, as every loss may be less by one constant).
    """

    def losses(on_real: Heads, on_fake: Heads, extra: Extra) -> Losses:
        r, g = on_real["score"], on_fake["score"]
        apart = torch.zeros_like(r)
        if extra.real is not None and extra.fake is not None:  # a generator's move has shown no real points
            apart = (extra.real - extra.fake).square().sum(dim=2, keepdim=True).clamp(min=1e-30).sqrt()
        short = (over(margin, apart) * apart - r + g).relu()
        return Losses(mean(softplus(-r)) + over(weight, mean(short)) * mean(short), generator=-mean(g))

    return Objective(losses, generator_needs_real=False)


def margin(r: Tensor, g: Tensor, *, margin: PositiveFloat = 1.0) -> Losses:
    """Paired: critic E max(0, margin - r + g), generator -E g (Juefei-Xu et al., 2017, arXiv:1704.04865)."""
    critic = mean((over(margin, r) - r + g).relu())
    return Losses(critic, generator=-mean(g))


def c_transform(*, learned: Literal["real", "fake"] = "real") -> Objective:
    """The critic maximises E f(x) + E f^c(y), f^c(y) = min over the batch's x of |x - y| - f(x), which is at most the batches' W1
    whatever f is, so that nothing else need hold it; generator -E g (Mallasto et al., 2019, arXiv:1910.03875).

    Learned on real points x, f is the score and y are generated; learned on `fake` ones f is minus the score and y are real.
    At the other side's points the score is only what the net makes of it.
    """

    def losses(on_real: Heads, on_fake: Heads, extra: Extra) -> Losses:
        r, g = on_real["score"], on_fake["score"]
        if extra.real is None or extra.fake is None:  # a generator's move has shown no real points
            return Losses(mean(g) - mean(r), generator=-mean(g))
        apart = (extra.real[:, :, None] - extra.fake[:, None]).square().sum(dim=3).clamp(min=1e-30).sqrt()
        if learned == "real":
            return Losses(-mean(r) - (apart - r).amin(dim=1).mean(dim=1), generator=-mean(g))
        return Losses(mean(g) - (apart + g.mT).amin(dim=2).mean(dim=1), generator=-mean(g))

    return Objective(losses, generator_needs_real=False)


def categorical(*, categories: Annotated[int, Field(ge=2, le=1000)] = 8) -> Objective:
    """With p(k | x) of so many classes, H its entropy: critic E H[p(. | real)] - E H[p(. | fake)] - H[E p(. | real)], generator
    E H[p(. | fake)] - H[E p(. | fake)]; the drawn score is -H[p(. | x)], how sure the critic is (Springenberg, 2015,
    arXiv:1511.06390).
    """

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        r, g = real["category"], fake["category"]
        sure, unsure = entropy(r.log_softmax(dim=2)).mean(dim=1), entropy(g.log_softmax(dim=2)).mean(dim=1)
        critic = sure - unsure - of_mean(r)
        return Losses(critic, generator=unsure - of_mean(g))

    def certainty(outputs: Heads, real: Heads, fake: Heads) -> Tensor:
        return -entropy(outputs["category"].log_softmax(dim=-1))

    return Objective(losses, generator_needs_real=False, heads={"category": categories}, score=certainty)


def entropy(log_p: Tensor) -> Tensor:
    """The entropy H = -sum p log p of classes' logarithms of probabilities, in nats: [..., K] -> [...]."""
    return -(log_p.exp() * log_p).sum(dim=-1)


def of_mean(logits: Tensor) -> Tensor:
    """The entropy of the mean over the batch of classes' probabilities: [seed, batch, K] -> [seed]."""
    return entropy(logits.softmax(dim=2).mean(dim=1).clamp(min=1e-30).log())


def energy(*, margin: PositiveFloat = 1.0, pulling_away: NonNegativeFloat = 0.0) -> Objective:
    """With D = -score: critic E D(real) + E max(0, margin - D(fake)), generator E D(fake) + pulling_away * A.

    A is the `alignment` of codes.
    While the critic has its head start it learns E D(real) alone. Zhao et al., 2016, arXiv:1609.03126.
    """

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        d_real, d_fake = -real["score"], -fake["score"]
        critic = mean(d_real) + mean((over(margin, d_fake) - d_fake).relu())
        if "code" not in fake:  # only autoencoders have one
            return Losses(critic, generator=mean(d_fake))
        aligned = alignment(fake["code"])
        return Losses(critic, generator=mean(d_fake) + over(pulling_away, aligned) * aligned)

    def rehearse(real: Heads, fake: Heads, extra: Extra) -> Losses:
        return losses(real, fake, extra)._replace(critic=mean(-real["score"]))

    return Objective(losses, generator_needs_real=False, rehearse=rehearse, wants={"code": "pulling_away"})


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

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        d_real, d_fake = mean(-real["score"]), mean(-fake["score"])
        return Losses(critic=d_real - extra.memory * d_fake, generator=d_fake)

    def remember(k: Tensor, real: Heads, fake: Heads) -> Tensor:
        lag = over(gamma, k) * mean(-real["score"]) - mean(-fake["score"])
        return (k + over(pace, k) * lag).clamp(0, 1)

    return Objective(losses, generator_needs_real=False, remember=remember)


# --- distances between clouds of features ----------------------------------------------------------------------------


def mmd(
    *,
    kernel: Literal["gaussian", "rational-quadratic"] = "gaussian",
    bandwidths: Widths = (0.1, 0.3, 1.0, 3.0),
    features: PositiveInt = 8,
) -> Objective:
    """Critic -MMD^2, generator MMD^2 of the critic's features, unbiased; the score is their witness.

    The witness is E k(., real) - E k(., fake). Gaussian: mean of exp(-d^2 / 2 b^2); rational quadratic: mean of
    (1 + d^2 / 2b)^-b. Li et al., 2017, arXiv:1705.08584; Binkowski et al., 2018, arXiv:1801.01401.
    """

    def similar(a: Tensor, b: Tensor) -> Tensor:
        d2 = squared_distances(a, b)
        return reduce(torch.add, [KERNELS[kernel](d2, width) for width in bandwidths]) / len(bandwidths)

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        r, g = real["features"], fake["features"]
        distance = off_diagonal(similar(r, r)) + off_diagonal(similar(g, g)) - 2 * similar(r, g).mean(dim=(1, 2))
        return Losses(critic=-distance, generator=distance)

    def witness(outputs: Heads, real: Heads, fake: Heads) -> Tensor:
        at, r, g = outputs["features"], real["features"], fake["features"]
        return similar(at, r).mean(dim=2) - similar(at, g).mean(dim=2)

    return Objective(losses, heads={"features": features}, score=witness)


def cramer(*, features: PositiveInt = 8) -> Objective:
    """Critic -D, generator D, the energy distance D = 2 E|r - g| - E|r - r'| - E|g - g'| of the critic's features,
    unbiased; the score is its witness E|. - fake| - E|. - real| (Bellemare et al., 2017, arXiv:1705.10743).

    Their critic maximises E(|r - g| - |r|) - E(|g' - g| - |g'|) instead, for want of a second real sample.
    """

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        r, g = real["features"], fake["features"]
        distance = 2 * lengths(r, g).mean(dim=(1, 2)) - off_diagonal(lengths(r, r)) - off_diagonal(lengths(g, g))
        return Losses(critic=-distance, generator=distance)

    def witness(outputs: Heads, real: Heads, fake: Heads) -> Tensor:
        at, r, g = outputs["features"], real["features"], fake["features"]
        return lengths(at, g).mean(dim=2) - lengths(at, r).mean(dim=2)

    return Objective(losses, heads={"features": features}, score=witness)


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


# of squared distances and a bandwidth
KERNELS: dict[str, Callable[[Tensor, Dial], Tensor]] = {
    # Beyond 10 widths the kernel is 2e-22 and flat: smaller numbers would be denormal, and a hundred times slower.
    "gaussian": lambda d2, width: (d2 * over(-1 / (2 * width**2), d2)).clamp(min=-50).exp(),
    "rational-quadratic": lambda d2, width: (1 + d2 / over(2 * width, d2)) ** over(-width, d2),
}


def off_diagonal(pairs: Tensor) -> Tensor:
    """Mean over i != j, which makes the estimate unbiased: [seed, n, n] -> [seed]."""
    n = pairs.shape[1]
    return (pairs.sum(dim=(1, 2)) - pairs.diagonal(dim1=1, dim2=2).sum(dim=1)) / max(n * (n - 1), 1)


def objective(kind: str, **options: Any) -> Objective:
    """The objective of that name with its options filled in."""
    return objective_of(OBJECTIVES[kind], **options)


def objective_of(make: Callable[..., Any], **options: Any) -> Objective:
    """The objective that a row makes of its options."""
    if takes_options_alone(make):
        return make(**options)
    losses = partial(make, **options)
    return Objective(lambda real, fake, extra: losses(real["score"], fake["score"]), needs_real(make))


@lru_cache(maxsize=512)
def takes_options_alone(make: Callable[..., Any]) -> bool:
    """Whether a row is a whole objective made of its options, and no function of scores."""
    return all(one.kind is one.KEYWORD_ONLY for one in inspect.signature(make).parameters.values())


@cache
def needs_real(losses: Callable[[Tensor, Tensor], Losses]) -> bool:
    """Whether the generator's loss depends on r at all; where it does not, its move can do without real scores."""
    r, g = torch.zeros(2, 1, 2, 1, requires_grad=True)
    (slope,) = torch.autograd.grad(losses(r, g).generator.sum(), r, allow_unused=True)
    return slope is not None


def zero_sum(objective: Objective, n: int = 64) -> bool:
    """Whether a generated point gains for the generator what it loses for the critic, so that the two losses differ by what
    generated points do not change: their slopes by the outputs for these are opposite, tried on n random outputs.
    """
    r, g, extra = by_chance(objective, n, LARGE)
    told = objective.losses(r, {name: one.requires_grad_() for name, one in g.items()}, extra)
    if not all(loss.requires_grad for loss in told):  # generated points change nothing
        return False
    ways = [torch.autograd.grad(loss.sum(), list(g.values()), retain_graph=True, allow_unused=True) for loss in told]
    return all(
        one is not None and other is not None and torch.allclose(one, -other, rtol=1e-9, atol=1e-12)
        for one, other in zip(*ways, strict=True)
    )


def by_chance(objective: Objective, n: int, size: float = 1.0) -> tuple[dict[str, Tensor], dict[str, Tensor], Extra]:
    """A critic's outputs for n real and n generated points, and what else a loss may look at: random numbers of a size."""
    rng = np.random.default_rng(0)

    def tried(width: int) -> Tensor:
        return torch.from_numpy(size * rng.standard_normal((1, n, width)))

    r, g = ({name: tried(width) for name, width in objective.heads.items()} for _ in range(2))
    draw = {name: torch.from_numpy(law.sample(rng, n))[None] for name, law in objective.draws.items()}
    return r, g, Extra(torch.full((1,), 0.5).double(), draw, tried(2), tried(2))


def whole(base: Objective) -> Objective:
    """A zero-sum objective whose generator minimises all of minus the critic's loss, real points too: for those who foresee
    the critic's answer, which changes that part as well (Metz et al., 2016, arXiv:1611.02163, equation 8).
    """

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        critic = base.losses(real, fake, extra).critic
        return Losses(critic, generator=-critic)

    return base._replace(losses=losses, generator_needs_real=True)


def with_noisy_labels(base: Objective, share: Dial) -> Objective:
    """Each pair of labels is swapped with probability `share` while the critic learns (after Chintala et al., 2016)."""

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        chance = extra.draw["swap"]
        swapped = chance < over(share, chance)

        def told(own: Heads, other: Heads) -> Heads:
            return {name: torch.where(swapped[:, : x.shape[1]], other[name], x) for name, x in own.items()}

        critic = base.losses(told(real, fake), told(fake, real), extra).critic
        return Losses(critic, base.losses(real, fake, extra).generator)

    return base._replace(losses=losses, draws={**base.draws, "swap": uniform(1)})


def with_information(base: Objective, categories: int, weight: Dial) -> Objective:
    """Both players also minimise weight * E -log softmax(head)[category]: a second head of the critic tells the
    latent's category from the generated point (Chen et al., 2016, arXiv:1606.03657).
    """
    if base.score is not first_score:
        raise Refusal("needs an objective whose score is the critic's first output", option="mutual_information")
    return with_guess(with_code(base, "category", one_hot(categories)), "category", categories, weight)


def with_guess(base: Objective, name: str, columns: int, weight: Dial) -> Objective:
    """Both players also minimise weight * E -log softmax(head)[draw]: a second head of the critic, called as a one-hot draw of so
    many columns is, tells it from the generated point.
    """

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        said = base.losses(real, fake, extra)
        told = cross_entropy(fake[name], extra.draw[name])
        hidden = over(weight, told) * told
        return Losses(said.critic + hidden, said.generator + hidden)

    return base._replace(losses=losses, heads={**base.heads, name: columns})


def cross_entropy(logits: Tensor, one_hot: Tensor) -> Tensor:
    """E -log softmax(logits)[class]: [seed, batch, K] twice -> [seed]."""
    return -(one_hot * logits.log_softmax(dim=2)).sum(dim=2).mean(dim=1)


def with_code(base: Objective, name: str, law: Law) -> Objective:
    """The generator is fed a draw of a name besides its latent, in front of it."""
    return base._replace(draws={**base.draws, name: law}, codes=(*base.codes, name))


def with_classes(base: Objective, classes: int, weight: Dial) -> Objective:
    """A second head of the critic tells a point's class: the critic also minimises weight times the sum of
    E -log softmax(head(x))[class] over both kinds of points, the generator that of generated ones alone (Odena et al., 2016,
    arXiv:1610.09585).
    """

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        said, label = base.losses(real, fake, extra), extra.draw["real label"]
        on_real, on_fake = (cross_entropy(one["class"], label) for one in (real, fake))
        told = over(weight, on_fake)
        return Losses(said.critic + told * (on_real + on_fake), said.generator + told * on_fake)

    return base._replace(losses=losses, heads={**base.heads, "class": classes})


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
    "density-ratio": density_ratio,
    "positive-ratio": positive_ratio,
    "loss-sensitive": loss_sensitive,
    "margin": margin,
    "c-transform": c_transform,
    "categorical": categorical,
    "mmd": mmd,
    "cramer": cramer,
}
