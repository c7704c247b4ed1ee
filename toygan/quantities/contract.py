"""Is this loss, penalty or critic right? Anybody's code, brought into one form and held against the contract of its part."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from toygan.files.mistakes import UserError, suggestion
from toygan.files.own import SHAPES, Code, blaming, in_one_line, is_fixed, parameters
from toygan.files.own_networks import ENDS, INPUTS, OUTPUTS
from toygan.files.own_parts import own_measure
from toygan.files.samplers import is_sampler, reseed, sampler_of
from toygan.quantities.forms import CRITICS, GENERATORS, Called, critics_in, is_score, losses_of, needed, penalty_of
from toygan.quantities.held import Contract, Held, all_held, normal, streams_kept
from toygan.quantities.loss_contract import LOSS
from toygan.quantities.measure_contract import MEASURE
from toygan.quantities.network_contract import CRITIC, GENERATOR, FedNetwork, N
from toygan.quantities.penalty_contract import PENALTY
from toygan.quantities.target_contract import TARGET, Looked

MEASURED = (["points", "real"], ["samples", "real"], ["generated", "real"])
LATENT = (["z"], ["noise"], ["latent"], ["latents"])
PENALTIES = ("penalty", "_gp", "gp_", "r1", "r2", "regul", "lipschitz", "clip_")
LATENTS = (2, 1, 3, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512)  # how wide they may be
HIDDEN = dict.fromkeys(("hidden", "hidden_dim", "hidden_size", "width", "h", "dim_hidden", "ndf", "ngf"), 16)
HIDDEN |= dict.fromkeys(("depth", "layers", "n_layers", "num_layers"), 2)


def held(code: Code, role: str | None = None) -> tuple[str, list[Held]]:
    """What a user's code is taken for, and every fact of that part's contract. UserError where it cannot be called so."""
    chosen = role or guessed(code)
    if chosen not in PARTS:
        raise UserError(f"--as {chosen}: unknown; {suggestion(chosen, list(PARTS), 'parts')}")
    form, contract = PARTS[chosen]
    with streams_kept():
        reseed(0)  # the first weights of a class are the same each time
        return chosen, all_held(code, contract, form(code))


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
    called_generator = name in GENERATORS or "generator" in name
    if makes_network(code):
        return "generator" if called_generator else "critic"
    if is_module(code) and len(fixed) < 2:
        return "generator" if called_generator or fixed[:1] in LATENT else "critic"
    seems_penalty = fixed == ["sight"] or any(word in name for word in PENALTIES)
    if seems_penalty or ("loss" not in name and differentiates(code, fixed)):
        return "penalty"
    if len(fixed) == 1 and any(word in name for word in (*CRITICS[1:8], "judge")):
        return "critic"
    if len(fixed) == 1 and (fixed in LATENT or (called_generator and "loss" not in name)):
        return "generator"
    return "objective"


def differentiates(code: Code, fixed: Sequence[str]) -> bool:
    """Whether a function of a critic, or of scores and points, takes gradients itself."""
    known = getattr(inspect.unwrap(code.function), "__code__", None)
    takes_grad = bool({"grad", "gradient"} & {*(known.co_names if known else ())})
    return takes_grad and (bool(critics_in(fixed)) or any(is_score(one) for one in fixed))


def is_module(code: Code) -> bool:
    """Whether it is a module, or the class of one."""
    made = code.function
    return isinstance(made, nn.Module) or (isinstance(made, type) and issubclass(made, nn.Module))


def given_to(code: Code) -> list[str]:
    """What a function is given at a call, or a module's `forward`."""
    called: Any = code.function
    asked = parameters(code._replace(function=called.forward) if is_module(code) else code)
    fixed = [name for name, one in asked.items() if is_fixed(one)]
    return fixed[1:] if fixed[:1] == ["self"] else fixed


def as_function(code: Code) -> Code:
    """A module, or the class of one, as the function that it is called as."""
    if not is_module(code):
        return code
    with blaming(code.file):
        made: Any = code.function() if isinstance(code.function, type) else code.function
    return code._replace(function=made.double().forward)


def latents_of(code: Code, made: nn.Module) -> int:
    """How wide the latents are that a generator takes. UserError where it takes none."""
    first = [one.shape[1] for one in made.parameters() if one.ndim == 2][:1]
    said = ""
    for d in dict.fromkeys([*first, *LATENTS]):
        try:
            with torch.no_grad():
                made(normal(6, d))
            return int(d)
        except Exception as error:
            said = said or in_one_line(error)
    hint = "a generator takes latents [n, d] and gives points [n, 2]; a sampler is checked --as target"
    raise code.fault(f"takes no latents [n, d] ({said})", hint)


def made_network(code: Code, part: str) -> nn.Module:
    """A network in double precision, made with what its arguments usually are. UserError for arguments that say nothing."""
    made: Any = code.function
    if isinstance(made, type) or makes_network(code):
        fixed, widths = needed(code), usual_widths(part)
        unknown = [name for name in fixed if name.lower() not in widths]
        if unknown:
            hint = "give it a default, or name a function, or a module that is made already"
            raise code.fault(f"what is {unknown[0]!r}?", hint)
        given = [name for name in parameters(code) if name in fixed or name.lower() in (*INPUTS, *OUTPUTS)]
        made = made(**{name: widths[name.lower()] for name in given})
    return (made if isinstance(made, nn.Module) else Called(made)).double()


def makes_network(code: Code) -> bool:
    """Whether a function seems to return a module of so many inputs and outputs."""
    asked, fixed = ({name.lower() for name in names} for names in (parameters(code), given_to(code)))
    return not isinstance(code.function, nn.Module) and bool(asked & {*OUTPUTS}) and fixed <= {*usual_widths("critic")}


def usual_widths(part: str) -> dict[str, int]:
    """What the arguments of a network's class usually are, in the size of a check; a generator is fed more than two numbers."""
    inputs, outputs = ENDS[part]
    ends = dict.fromkeys(inputs, 2 if part == "critic" else 4) | dict.fromkeys(outputs, 1 if part == "critic" else 2)
    return HIDDEN | ends | ({"dim": 2, "d": 2} if part == "generator" else {})


def critic_of(code: Code) -> FedNetwork:
    """A critic: a module, the class of one, or a function of points."""
    with blaming(code.file):
        made = made_network(code, "critic")
        made(torch.zeros(2, 2, dtype=torch.float64))
    return FedNetwork(made, normal(N, 2), "point", "score")


def generator_of(code: Code) -> FedNetwork:
    """A generator: a module, the class of one, or a function of latents."""
    with blaming(code.file):
        made = made_network(code, "generator")
    return FedNetwork(made, normal(N, latents_of(code, made)), "latent", "point")


# What code may be: how it is brought into the one form that is looked at, and the facts of that form.
PARTS: dict[str, tuple[Callable[[Code], Any], Contract[Any]]] = {
    "objective": (lambda code: losses_of(as_function(code)), LOSS),
    "penalty": (lambda code: penalty_of(as_function(code)), PENALTY),
    "critic": (critic_of, CRITIC),
    "generator": (generator_of, GENERATOR),
    "target": (lambda code: Looked(blaming(code.file)(sampler_of)(code)), TARGET),
    "measure": (own_measure, MEASURE),
}
