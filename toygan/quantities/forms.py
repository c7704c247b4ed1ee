"""People's losses, penalties and critics brought into one form, so that one contract serves all of them.

A loss becomes a function of scores [n, 1] of real and of generated points, a penalty one of a critic and points [n, 2],
whatever axes, argument names or squashed scores they were written for. What cannot be brought there is a UserError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from toygan.files.own import Code, blaming, in_words, is_fixed, parameters
from toygan.game.constraints import Constraint, Sight
from toygan.game.objectives import Extra, Objective

Loss = Callable[[Tensor, Tensor], Tensor]  # scores [n, 1] of real and generated points -> a number []
Theirs = Callable[..., Any]  # a loss as somebody has it: scores of real and generated points -> whatever it returns
GENERATORS = ("g", "gen", "generator", "netg", "net_g", "g_net")
LATENTS = ("z", "noise", "latent", "latents")
CRITICS = ("d", "disc", "discriminator", "critic", "netd", "net_d", "d_net", "dis", "f", "model", "net", "judge")
SHAPES = {"[seed, batch, 1]": (2, 5, 1), "[batch, 1]": (5, 1), "[batch]": (5,)}
LABELS = ("y_true", "labels", "label", "target", "targets", "y", "gt", "truth", "ytrue")
# Of real and of generated scores: those of Keras' Wasserstein loss come last.
SAID = ((1.0, 0.0), (1.0, -1.0), (-1.0, 1.0))
ASKED = ("target_is_real", "is_real", "label_is_real", "target_real")
REAL = ("x", "data", "r", "img", "imgs", "images", "pred", "logits", "scores", "x_in", "inputs", "input", "d_out", "output",
        "out")  # fmt: skip
USUAL = {"device": "cpu", "use_cuda": False, "cuda": False, "weight": 10.0, "gp_weight": 10.0, "gamma": 10.0}


class LossForm(NamedTuple):
    """A loss in one form: what either player minimises, None where the function does not say it; how it wants scores, whether
    as probabilities; the function as it is, of scores [seed, batch, 1], where it takes them; and what labels it was given.
    """

    critic: Loss | None
    generator: Loss | None
    shape: str
    squashed: bool
    together: Callable[[Tensor, Tensor], Sequence[Tensor]] | None
    labels: str = ""

    @property
    def players(self) -> dict[str, Loss]:
        """What it says that players minimise."""
        both = {"critic": self.critic, "generator": self.generator}
        return {who: loss for who, loss in both.items() if loss}


class PenaltyForm(NamedTuple):
    """A penalty in one form: a function of a critic (points -> scores) and of points [n, 2], how it was called, and the penalty
    of a `Sight` itself where it is one, [seed].
    """

    of: Callable[[nn.Module, Tensor, Tensor], Tensor]
    call: str
    seen: Callable[[Sight], Any] | None = None


# --- losses ------------------------------------------------------------------------------------------------------------


def losses_of(code: Code) -> LossForm:
    """A loss in one form. UserError where no way of calling it gives losses."""
    names = needed(code)
    if not names:
        return of_objective(code)
    tried: list[str] = []
    for squash, (shape, size) in product((False, True), SHAPES.items()):
        call, told = best_caller(code, names, squash, size)
        found, why = outcome(call, size)
        if found is not None and (squash or all(bool(one.isfinite().all()) for one in found)):
            return with_form(call, len(names) == 1, shape, squash, len(found))._replace(labels=told)
        tried.append(f"scores {shape}{' as probabilities' if squash else ''}: {why or 'NaN or infinite'}")
    hint = "write def NAME(r, g), of scores [seed, batch, 1], which returns (critic, generator), each [seed]"
    raise code.fault("\n    ".join(["cannot be called as a loss", *dict.fromkeys(tried)]), hint)


def best_caller(code: Code, names: Sequence[str], squash: bool, size: Sequence[int]) -> tuple[Theirs, str]:
    """A loss as a function of scores, of scores and labels with those labels by which it pushes real scores up; and which."""
    if not labels_in(names):
        return caller(code, names, squash), ""
    calls = {said: caller(code, names, squash, said) for said in SAID}
    best = next((said for said, call in calls.items() if pushes_real_up(call, size)), SAID[0])
    return calls[best], f"labels {best[0]:g} for real and {best[1]:g} for generated"


def pushes_real_up(call: Theirs, size: Sequence[int]) -> bool:
    """Whether descent of the critic's loss raises real scores and lowers generated ones."""
    r, g = (torch.full(tuple(size), 0.5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    try:
        of_real, of_fake = torch.autograd.grad(call(r, g)[0].sum(), (r, g), materialize_grads=True)
    except Exception:
        return False
    return float(of_real.sum()) < 0 < float(of_fake.sum())


def needed(code: Code) -> list[str]:
    """The arguments by position that a function has no default for."""
    return [name for name, one in parameters(code).items() if is_fixed(one) and one.kind is not one.VAR_POSITIONAL]


def caller(code: Code, names: Sequence[str], squash: bool, said: tuple[float, float] = SAID[0]) -> Theirs:
    """A loss as a function of scores, also where it wants a critic and points, or scores and the labels `said` of both."""
    change = torch.sigmoid if squash else (lambda scores: scores)
    labels, of_critic = labels_in(names), critics_in(names)
    is_asked = len(names) == 2 and names[1].lower() in ASKED

    def of_cloud(scores: Tensor, is_real: bool) -> Any:
        if is_asked:  # which it is taken for
            return code.function(scores, is_real)
        label = torch.full_like(scores, said[0] if is_real else said[1])  # as Keras has it
        return code.function(**{name: label if name == labels else scores for name in names})

    def call(r: Tensor, g: Tensor, attached: bool = False) -> Any:
        real, fake = change(r), change(g)
        if is_asked or labels:
            told = [of_cloud(*pair) for pair in ((real, True), (fake, False), (fake, True))]
            return told[0] + told[1], told[2]
        if of_critic:
            critic = Called(lambda points: change(attached_again(points, (r, g)) if attached else points))
            return code.function(**{name: critic_or(name, names, of_critic, r, g, critic) for name in names})
        return code.function(*ordered(names, real, fake))

    return call


def labels_in(names: Sequence[str]) -> str:
    """Of two arguments the one that means labels, where the other one means scores; empty where neither does."""
    found = [name for name in names if name.lower() in LABELS]
    return found[0] if len(names) == 2 and len(found) == 1 else ""


def critics_in(names: Sequence[str]) -> list[str]:
    """The names that mean a critic: of two arguments called r and f neither does."""
    return [name for name in names if name.lower() in CRITICS and (len(name) > 1 or len(names) > 2 or name == "D")]


def critic_or(name: str, names: Sequence[str], critics: Sequence[str], r: Tensor, g: Tensor, critic: nn.Module) -> Any:
    """What an argument of `loss(D, real, fake)` is given: points are their own scores, critic and generator the identity."""
    if name.lower() in GENERATORS and any(other.lower() in LATENTS for other in names):
        return Called(lambda scores: scores)
    if name.lower() in LATENTS:
        return g
    return critic if name in critics else argument(name, r, g)


class Called(nn.Module):
    """A function as the module that people's code calls."""

    def __init__(self, of: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.of = of

    def forward(self, points: Tensor) -> Tensor:
        return self.of(points)


def attached_again(points: Tensor, known: Sequence[Tensor]) -> Tensor:
    """Of points that come detached, as a critic's own loss has them by right, the known tensor that they are; else they."""
    for one in known if not points.requires_grad else ():
        same = one.shape == points.shape and one.untyped_storage()._cdata == points.untyped_storage()._cdata
        if one.requires_grad and same:
            return one
    return points


def ordered(names: Sequence[str], real: Tensor, fake: Tensor) -> list[Any]:
    """Scores in the order in which the arguments' names want them: real ones first where they do not say."""
    if len(names) == 1:
        return [fake]
    return [fake, real] if is_fake(names[0].lower()) and not is_fake(names[1].lower()) else [real, fake]


def is_fake(name: str) -> bool:
    """Whether a name means generated points, or their scores."""
    return "fake" in name or "gen" in name or name in ("f", "g", "x_g", "d_g", "g_z", "dgz", "xhat")


def outcome(call: Theirs, size: Sequence[int]) -> tuple[list[Tensor] | None, str]:
    """What a loss says of scores of that shape, one tensor a player, or why it says nothing."""
    rng = torch.Generator().manual_seed(0)
    r, g = (torch.randn(*size, generator=rng, dtype=torch.float64) for _ in range(2))
    try:
        said = tensors(call(r, g))
    except Exception as error:
        return None, f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"
    legal = [(size[0],)] if len(size) == 3 else [(), tuple(size[:1]), tuple(size)]  # a number, or one a seed or point
    fits = said is not None and all(tuple(one.shape) in legal for one in said)
    return (said, "") if fits else (None, f"it returns {in_words(call(r, g))}")


def tensors(said: Any) -> list[Tensor] | None:
    """One or two tensors that a function has returned, however it packs them."""
    if isinstance(said, Mapping):
        said = [said[key] for key in sorted(said, key=lambda key: str(key).lower().startswith("g"))]
    parts = list(said) if isinstance(said, tuple | list) else [said]
    return parts if 1 <= len(parts) <= 2 and all(isinstance(one, Tensor) for one in parts) else None


def with_form(call: Theirs, alone: bool, shape: str, squash: bool, count: int) -> LossForm:
    """A loss in its one form; what is said `alone` is the generator's."""
    axes = len(SHAPES[shape])

    def said(i: int, r: Tensor, g: Tensor) -> Tensor:
        """What one player minimises; the critic of two may have points detached."""
        return (tensors(call(r, g, i == 0 and count > 1)) or [])[i]

    def loss(i: int, r: Tensor, g: Tensor) -> Tensor:
        found = said(i, *(x[None] if axes == 3 else x[:, 0] if axes == 1 else x for x in (r, g)))
        return found.reshape(()) if found.numel() == 1 else found

    both = [partial(loss, i) for i in range(count)]
    critic, generator = ([None, *both] if alone else [*both, None])[:2]
    together = (lambda r, g: [said(i, r, g) for i in range(count)]) if axes == 3 else None
    return LossForm(critic, generator, shape, squash, together)


def of_objective(code: Code) -> LossForm:
    """An `Objective` made by a function of options alone. UserError where it makes none, or one whose outputs are features."""
    with blaming(code.file):
        made = code.function()
    if not isinstance(made, Objective):
        raise code.fault(f"takes no scores and returns {in_words(made)}")
    if dict(made.heads) != {"score": 1}:
        raise code.fault(f"its critic has no score, but {dict(made.heads)}")

    def call(r: Tensor, g: Tensor, attached: bool = False) -> Any:
        chance = {name: torch.full((*r.shape[:2], law.columns), 0.5).to(r) for name, law in made.draws.items()}
        return made.losses({"score": r}, {"score": g}, Extra(r.new_zeros(len(r)), chance))

    return with_form(call, False, "[seed, batch, 1]", False, 2)


def argument(name: str, real: Tensor, fake: Tensor) -> Any:
    """What an argument besides the critic is given, by its name. KeyError for a name that says nothing."""
    low = name.lower()
    if "real" in low or low in REAL:
        return real
    if is_fake(low):
        return fake
    if low == "batch_size":
        return len(real)
    return 10.0 if low.startswith("lam") else USUAL[low]


# --- penalties ---------------------------------------------------------------------------------------------------------


def penalty_of(code: Code) -> PenaltyForm:
    """A penalty in one form. UserError where it is none."""
    required = needed(code)
    if not required:
        return of_constraint(code)
    if len(required) == 1:
        return of_sight(code.function, f"{required[0]}: a Sight")
    critics = critics_in(required)
    if any(is_score(name) for name in required):
        return of_scores(code, required)
    if not critics:
        wrong = f"its arguments {', '.join(required)} name no critic, such as D or critic"
        raise code.fault(wrong, "or write def NAME(sight), which returns [seed]")

    def of(f: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        given = {name: f if name in critics else argument(name, real, fake) for name in required}
        return one_number(code.function(**given))

    known(code, [name for name in required if name not in critics])
    return PenaltyForm(of, f"({', '.join(required)}), points [batch, 2]")


def known(code: Code, names: Sequence[str]) -> None:
    """UserError for arguments whose names say nothing."""
    for name in names:
        try:
            argument(name, torch.zeros(1, 2), torch.zeros(1, 2))
        except KeyError:
            hint = "real, fake, D, device, batch_size, lambda_gp and the like are known; give it a default"
            raise code.fault(f"what is {name!r}?", hint) from None


def is_score(name: str) -> bool:
    """Whether a name means scores that are given, and not asked for."""
    return any(word in name.lower() for word in ("pred", "score", "logit", "validity", "d_out", "output"))


def of_scores(code: Code, names: Sequence[str]) -> PenaltyForm:
    """A penalty `r1(real_pred, real_img)` of scores, and of the points that they were made of."""
    known(code, [name for name in names if not is_score(name)])

    def of(f: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        points = [x.detach().clone().requires_grad_() for x in (real, fake)]
        wanted = {is_fake(n.lower()) for n in names if is_score(n)}  # scores of real points (0), of generated ones (1)
        scores = [f(x) if i in wanted else x for i, x in enumerate(points)]
        return one_number(code.function(**{n: argument(n, *(scores if is_score(n) else points)) for n in names}))

    return PenaltyForm(of, f"({', '.join(names)}), scores and the points that they are of")


def one_number(said: Any) -> Tensor:
    """What a penalty says, as a number []. ValueError for anything but a tensor."""
    if isinstance(said, tuple | list) and said and isinstance(said[0], Tensor):  # some return slopes besides
        said = said[0]
    if not isinstance(said, Tensor):
        raise ValueError(f"it returns {in_words(said)}, and not a tensor")
    return said.reshape(()) if said.numel() == 1 else said


def of_constraint(code: Code) -> PenaltyForm:
    """A `Constraint` made by a function of options alone. UserError where it makes none, or one without a penalty."""
    with blaming(code.file):
        made = code.function()
    if not isinstance(made, Constraint) or made.penalty is Constraint().penalty:
        raise code.fault(f"returns {in_words(made)}: no penalty to check")
    return of_sight(made.penalty, "a Constraint")


def of_sight(seen: Callable[[Sight], Any], call: str) -> PenaltyForm:
    return PenaltyForm(lambda f, real, fake: one_number(seen(sight_of(f, real, fake))), call, seen)


def sight_of(f: nn.Module, real: Tensor, fake: Tensor) -> Sight:
    """What a penalty of toygan's form sees of one seed's critic."""

    def slopes_at(points: Tensor) -> Tensor:
        leaf = points[0].detach().requires_grad_()
        return torch.autograd.grad(f(leaf).sum(), leaf, create_graph=True)[0][None]

    # In a game they are given, and a recorder should not take them for the penalty's own.
    with _disable_current_modes():
        draw = {name: torch.rand(1, len(real), width, dtype=real.dtype) for name, width in (("mix", 1), ("around", 2))}
    both = real[None], fake[None]
    return Sight(*both, draw, lambda: slopes_at(both[0]), lambda: slopes_at(both[1]), slopes_at, list)
