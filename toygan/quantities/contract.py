"""Is this loss, penalty or critic right? Anybody's code, brought into one form and held against the contract of its part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from toygan.engines.graph import Graph, Untraceable, recorded
from toygan.files.own import Code, blaming, is_fixed, parameters
from toygan.files.strict import Mistake, UserError, suggestion
from toygan.quantities.critic_contract import critic_facts
from toygan.quantities.forms import CRITICS, LossForm, PenaltyForm, losses_of, penalty_of
from toygan.quantities.held import Held, holds, normal, note, one_held, reseed, streams_kept
from toygan.quantities.loss_contract import loss_facts, scores
from toygan.quantities.penalty_contract import clouds, penalty_facts, small


def held(code: Code, role: str | None = None) -> tuple[str, list[Held]]:
    """What a user's code is taken for, and every fact of that part's contract. UserError where it cannot be called so."""
    chosen = role or guessed(code)
    if chosen not in ROLES:
        raise UserError(f"--as {chosen}: unknown; {suggestion(chosen, list(ROLES), 'parts')}")
    with streams_kept():
        return chosen, ROLES[chosen](code)


def guessed(code: Code) -> str:
    """The part that a function seems to be, by what it is, what it is called and what it takes."""
    name = code.kind.rpartition(":")[2].lower()
    fixed = [one.lower() for one in given_to(code)]
    if is_module(code) and len(fixed) < 2:
        return "critic"
    if fixed == ["sight"] or any(word in name for word in PENALTIES):
        return "penalty"
    if len(fixed) == 1 and any(word in name for word in (*CRITICS[1:8], "judge")):
        return "critic"
    return "objective"


PENALTIES = ("penalty", "_gp", "gp_", "r1", "r2", "regul", "lipschitz")


def is_module(code: Code) -> bool:
    """Whether it is a module, or the class of one."""
    return isinstance(code.function, nn.Module) or (
        isinstance(code.function, type) and issubclass(code.function, nn.Module)
    )


def given_to(code: Code) -> list[str]:
    """What a function is given at a call, or a module's `forward`."""
    bare: Any = code.function
    bare = code._replace(function=bare.forward) if is_module(code) else code
    fixed = [name for name, one in parameters(bare).items() if is_fixed(one)]
    return fixed[1:] if fixed[:1] == ["self"] else fixed


def called(code: Code) -> Code:
    """A module, or the class of one, as the function that it is called as."""
    if not is_module(code):
        return code
    made: Any = code.function
    if isinstance(made, type):
        with blaming(code.file):
            made = made()
    return code._replace(function=made.double().forward)


# --- the parts ---------------------------------------------------------------------------------------------------------


def objective_held(code: Code) -> list[Held]:
    """The contract of a loss."""
    form = losses_of(called(code))
    return [*loss_facts(code, form), one_held(code, "traceable", lambda: loss_traced(form))]


def penalty_held(code: Code) -> list[Held]:
    """The contract of a gradient penalty."""
    form = penalty_of(called(code))
    return [*penalty_facts(code, form), one_held(code, "traceable", lambda: penalty_traced(form))]


def critic_held(code: Code) -> list[Held]:
    """The contract of a critic: a module, the class of one, or a function of points."""
    with blaming(code.file):
        made = made_critic(code)
        made(torch.zeros(2, 2, dtype=torch.float64))
    traced = one_held(code, "traceable", lambda: traceable(lambda points: [made(points)], [normal(6, 2)]))
    return [*critic_facts(code, made), traced]


def made_critic(code: Code) -> Callable[[Tensor], Tensor]:
    """The critic in double precision, made with what its arguments usually are. UserError for arguments that say nothing."""
    critic: Any = code.function
    if isinstance(critic, type):
        fixed = [name for name, one in parameters(code).items() if is_fixed(one)]
        unknown = [name for name in fixed if name.lower() not in WIDTHS]
        if unknown:
            hint = "give it a default, or name a function of points, or a module that is made already"
            raise UserError(Mistake(None, f"{code.kind}: what is {unknown[0]!r}?", hint, place=code.place))
        critic = critic(**{name: WIDTHS[name.lower()] for name in fixed})
    return critic.double() if isinstance(critic, nn.Module) else critic


WIDTHS = {"in_dim": 2, "input_dim": 2, "dim": 2, "d": 2, "in_features": 2, "data_dim": 2, "x_dim": 2, "input_size": 2,
          "hidden": 16, "hidden_dim": 16, "hidden_size": 16, "width": 16, "h": 16, "dim_hidden": 16, "ndf": 16, "out_dim": 1,
          "output_dim": 1, "output_size": 1, "depth": 2, "layers": 2, "n_layers": 2, "num_layers": 2}  # fmt: skip


ROLES: dict[str, Callable[[Code], list[Held]]] = {
    "objective": objective_held,
    "penalty": penalty_held,
    "critic": critic_held,
}


# --- graphs ------------------------------------------------------------------------------------------------------------


def loss_traced(form: LossForm) -> Held:
    """Whether a loss is a graph of its scores."""
    players = [loss for loss in (form.critic, form.generator) if loss]
    return traceable(lambda r, g: [loss(r, g) for loss in players], scores())


def penalty_traced(form: PenaltyForm) -> Held:
    """Whether a penalty is a graph of its points and of the critic's parameters."""
    critic = small()
    names = list(dict(critic.named_parameters()))

    def step(real: Tensor, fake: Tensor, *values: Tensor) -> list[Tensor]:
        return [form.of(Called(critic, dict(zip(names, values, strict=True))), real, fake)]

    return traceable(step, [*clouds(), *(p.detach().clone().requires_grad_() for p in critic.parameters())])


class Called(nn.Module):
    """A critic with other parameters than its own."""

    def __init__(self, critic: nn.Module, values: dict[str, Tensor]) -> None:
        super().__init__()
        self.of = lambda points: torch.func.functional_call(critic, values, (points,))

    def forward(self, points: Tensor) -> Tensor:
        """Scores of points."""
        return self.of(points)


def traceable(step: Callable[..., Sequence[Tensor]], args: Sequence[Tensor]) -> Held:
    """Whether a function is a graph of its arguments; where it is none it runs all the same, as it is written."""

    def graph_of(given: Sequence[Tensor]) -> Graph:
        reseed(0)
        return recorded(step, given)[0]

    try:
        graph, other = graph_of(args), graph_of([given + 0.1 for given in args])
    except Untraceable as error:
        return note(f"runs by the eager engine, not as a graph: {error}")
    pairs = zip(graph.constants.values(), other.constants.values(), strict=False)
    if len(graph.nodes) != len(other.nodes) or not all(torch.equal(*pair) for pair in pairs):
        return note("runs by the eager engine, not as a graph: it takes numbers out of tensors")
    return holds(f"a graph of {len(graph.nodes)} operators")
