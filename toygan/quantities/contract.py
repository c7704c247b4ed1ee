"""Is this loss, penalty or critic right? Anybody's code, brought into one form and held against the contract of its part."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from toygan.engines.graph import Graph, Untraceable, recorded
from toygan.files.own import SHAPES, Code, blaming, in_one_line, is_fixed, parameters
from toygan.files.own_networks import ENDS, INPUTS, OUTPUTS
from toygan.files.own_parts import own_measure
from toygan.files.samplers import is_sampler, sampler_of
from toygan.files.strict import UserError, suggestion
from toygan.quantities.critic_contract import critic_facts
from toygan.quantities.forms import (
    CRITICS,
    GENERATORS,
    LossForm,
    PenaltyForm,
    critics_in,
    is_score,
    losses_of,
    penalty_of,
)
from toygan.quantities.generator_contract import generator_facts
from toygan.quantities.held import Held, holds, normal, note, one_held, reseed, streams_kept
from toygan.quantities.loss_contract import loss_facts, scores
from toygan.quantities.measure_contract import measure_facts
from toygan.quantities.penalty_contract import clouds, penalty_facts, small
from toygan.quantities.target_contract import target_facts


def held(code: Code, role: str | None = None) -> tuple[str, list[Held]]:
    """What a user's code is taken for, and every fact of that part's contract. UserError where it cannot be called so."""
    chosen = role or guessed(code)
    if chosen not in ROLES:
        raise UserError(f"--as {chosen}: unknown; {suggestion(chosen, list(ROLES), 'parts')}")
    with streams_kept():
        reseed(0)  # the first weights of a class are the same each time
        return chosen, ROLES[chosen](code)


def guessed(code: Code) -> str:
    """The part that a function seems to be, by what it is, what it is called and what it takes."""
    name = code.kind.rpartition(":")[2].lower()
    if is_sampler(code):
        return "target"
    fixed = [one.lower() for one in given_to(code)]
    if fixed in MEASURED:
        return "measure"
    if fixed == [*SHAPES["update"].takes]:
        hint = f"toygan run SCENARIO --set method.update={code.kind} tries it before the run"
        raise code.fault("is a rule, which is tried in a game alone", hint)
    if makes_network(code):
        return "generator" if is_called_generator(name) else "critic"
    if is_module(code) and len(fixed) < 2:
        return "generator" if is_called_generator(name) or fixed[:1] in LATENT else "critic"
    if (
        fixed == ["sight"]
        or any(word in name for word in PENALTIES)
        or ("loss" not in name and differentiates(code, fixed))
    ):
        return "penalty"
    if len(fixed) == 1 and any(word in name for word in (*CRITICS[1:8], "judge")):
        return "critic"
    if len(fixed) == 1 and (fixed in LATENT or (is_called_generator(name) and "loss" not in name)):
        return "generator"
    return "objective"


def differentiates(code: Code, fixed: Sequence[str]) -> bool:
    """Whether a function of a critic, or of scores and points, takes gradients itself."""
    known = getattr(inspect.unwrap(code.function), "__code__", None)
    takes_grad = bool({"grad", "gradient"} & {*(known.co_names if known else ())})
    return takes_grad and (bool(critics_in(fixed)) or any(is_score(one) for one in fixed))


MEASURED = (["points", "real"], ["samples", "real"], ["generated", "real"])
LATENT = (["z"], ["noise"], ["latent"], ["latents"])


def is_called_generator(name: str) -> bool:
    """Whether a name means a generator."""
    return name in GENERATORS or "generator" in name


PENALTIES = ("penalty", "_gp", "gp_", "r1", "r2", "regul", "lipschitz", "clip_")


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


def as_function(code: Code) -> Code:
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
    form = losses_of(as_function(code))
    return [*loss_facts(code, form), one_held(code, "traceable", lambda: loss_traced(form))]


def penalty_held(code: Code) -> list[Held]:
    """The contract of a gradient penalty."""
    form = penalty_of(as_function(code))
    return [*penalty_facts(code, form), one_held(code, "traceable", lambda: penalty_traced(form))]


def critic_held(code: Code) -> list[Held]:
    """The contract of a critic: a module, the class of one, or a function of points."""
    with blaming(code.file):
        made = made_network(code, "critic")
        made(torch.zeros(2, 2, dtype=torch.float64))
    traced = one_held(code, "traceable", lambda: traceable(lambda points: [made(points)], [normal(6, 2)]))
    return [*critic_facts(code, made), traced]


def generator_held(code: Code) -> list[Held]:
    """The contract of a generator: a module, the class of one, or a function of latents."""
    with blaming(code.file):
        made = made_network(code, "generator")
    d = latents_of(code, made)
    traced = one_held(code, "traceable", lambda: traceable(lambda z: [made(z)], [normal(6, d)]))
    return [*generator_facts(code, made, d), traced]


def latents_of(code: Code, made: Callable[[Tensor], Tensor]) -> int:
    """How wide the latents are that a generator takes. UserError where it takes none."""
    first = next((p for p in made.parameters() if p.ndim == 2), None) if isinstance(made, nn.Module) else None
    said = ""
    for d in dict.fromkeys([*([] if first is None else [first.shape[1]]), *LATENTS]):
        try:
            with torch.no_grad():
                made(normal(6, d))
            return int(d)
        except Exception as error:
            said = said or in_one_line(error)
    hint = "a generator takes latents [n, d] and gives points [n, 2]; a sampler is checked --as target"
    raise code.fault(f"takes no latents [n, d] ({said})", hint)


LATENTS = (2, 1, 3, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512)


def target_held(code: Code) -> list[Held]:
    """The contract of a target: a sampler, and its density where it says one."""
    with blaming(code.file):
        sampler = sampler_of(code)
    return target_facts(code, sampler)


def made_network(code: Code, part: str) -> Callable[[Tensor], Tensor]:
    """A network in double precision, made with what its arguments usually are. UserError for arguments that say nothing."""
    made: Any = code.function
    if isinstance(made, type) or makes_network(code):
        asked, widths = parameters(code), widths_of(part)
        fixed = [name for name, one in asked.items() if is_fixed(one) and one.kind is not one.VAR_POSITIONAL]
        unknown = [name for name in fixed if name.lower() not in widths]
        if unknown:
            hint = "give it a default, or name a function, or a module that is made already"
            raise code.fault(f"what is {unknown[0]!r}?", hint)
        made = made(
            **{name: widths[name.lower()] for name in asked if name in fixed or name.lower() in (*INPUTS, *OUTPUTS)}
        )
    return made.double() if isinstance(made, nn.Module) else made


def makes_network(code: Code) -> bool:
    """Whether a function seems to return a module of so many inputs and outputs."""
    asked, fixed = ({name.lower() for name in names} for names in (parameters(code), given_to(code)))
    return not isinstance(code.function, nn.Module) and bool(asked & {*OUTPUTS}) and fixed <= {*widths_of("critic")}


def widths_of(part: str) -> dict[str, int]:
    """What the arguments of a network's class usually are, in the size of a check; a generator is fed more than two numbers."""
    inputs, outputs = ENDS[part]
    ends = dict.fromkeys(inputs, 2 if part == "critic" else 4) | dict.fromkeys(outputs, 1 if part == "critic" else 2)
    return HIDDEN | ends | ({"dim": 2, "d": 2} if part == "generator" else {})


HIDDEN = dict.fromkeys(
    ("hidden", "hidden_dim", "hidden_size", "width", "h", "dim_hidden", "ndf", "ngf"), 16
) | dict.fromkeys(("depth", "layers", "n_layers", "num_layers"), 2)


def measure_held(code: Code) -> list[Held]:
    """The contract of a measure of clouds. UserError for a function that is none."""
    return measure_facts(code, own_measure(code)())


ROLES: dict[str, Callable[[Code], list[Held]]] = {
    "objective": objective_held,
    "penalty": penalty_held,
    "critic": critic_held,
    "generator": generator_held,
    "target": target_held,
    "measure": measure_held,
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
