"""What there is, in words: every name that a file may hold, with its formula and settings."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from toygan.files.advice import advice
from toygan.files.config import as_data, toml_lines, toml_value
from toygan.files.mistakes import UserError, did_you_mean, nearest, plainly
from toygan.files.scenario import NAMED, find, read, spelled, unset_view
from toygan.files.shipped import shipped, shipped_folder
from toygan.files.strict import read_toml
from toygan.game.casts import CASTS
from toygan.game.constraints import CONSTRAINTS
from toygan.game.methods import PAPERS
from toygan.game.networks import INITIALISATIONS
from toygan.game.objectives import OBJECTIVES
from toygan.game.optimisers import OPTIMISERS, SCHEDULES
from toygan.game.players import CRITICS, GENERATORS, LATENTS
from toygan.game.rules import RULES
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.targets.table import TARGETS

Makers = Mapping[str, tuple[Collection[str], Callable[[str], "Entry"]]]  # kind -> names that exist, and who shows one
WORDS_SHOWN = {"formula": "formula", "about": "look at", "look_for": "look for", "reference": "reference"}
NORMALISATIONS_IN_WORDS = {
    "none": "Nothing is normalised.",
    "layer": "Each point's hidden units, with their bias, to mean 0 and variance 1, then a learned scale and shift "
    "(Ba et al., 2016, arXiv:1607.06450).",
    "batch": "Each hidden unit to mean 0 and variance 1 over the batch, then a learned scale and shift "
    "(Ioffe and Szegedy, 2015, arXiv:1502.03167).",
    "batch-running": "As batch while the critic learns; looked at with the running averages of mean and variance.",
}
ACTIVATIONS_IN_WORDS = {
    "relu": "max(0, x).",
    "leaky-relu": "x for positive x, 0.2 x for others.",
    "tanh": "The hyperbolic tangent.",
    "silu": "x sigmoid(x), also called swish.",
    "softplus": "log(1 + e^x).",
    "groupsort": "Units in pairs, each in rising order (Anil et al., 2018, arXiv:1811.05381).",
}


class Entry(NamedTuple):
    """One thing explained: what it is, lines of "name: text", and its settings as TOML."""

    title: str
    lines: Mapping[str, str]
    settings: str


def scenarios() -> dict[str, str]:
    """Scenario -> what to look at."""
    files = {name: tomllib.loads((shipped_folder() / f"{name}.toml").read_text(encoding="utf-8")) for name in shipped()}
    return {name: data.get("about", data["title"]) for name, data in files.items()}


def methods() -> dict[str, str]:
    """Method -> formula."""
    return {name: method["formula"] for name, method in NAMED.items()}


def sentences(table: Mapping[str, Callable[..., Any]]) -> dict[str, str]:
    return {name: summary_of(function) for name, function in table.items()}


def summary_of(function: Callable[..., Any]) -> str:
    """The whole docstring on one line."""
    return re.sub(r"\s+", " ", inspect.getdoc(function) or "").strip()


# What a row is -> where its name may stand in a file, and every name with its sentence.
NAMES: dict[str, tuple[str, Callable[[], dict[str, str]]]] = {
    "optimiser": ("[method]\noptimiser", lambda: sentences(OPTIMISERS)),
    "schedule": ("[method]\nschedule", lambda: sentences(SCHEDULES)),
    "activation": ("[generator]\nactivation", lambda: ACTIVATIONS_IN_WORDS),
    "normalisation": ("[critic]\nnormalisation", lambda: NORMALISATIONS_IN_WORDS),
    "initialisation": ("[generator]\ninitialisation", lambda: sentences(INITIALISATIONS)),
    "latent": ("[generator]\nlatent", lambda: sentences(LATENTS)),
}
# What a row is -> the table of functions whose options a file may set.
ROWS: dict[str, Mapping[str, Callable[..., Any]]] = {
    "objective": OBJECTIVES,
    "constraint": CONSTRAINTS,
    "rule": RULES,
    "target": TARGETS,
    "generator": GENERATORS,
    "critic": CRITICS,
    "cast": CASTS,
}

LISTS: dict[str, Callable[[], dict[str, str]]] = {
    "scenarios": scenarios,
    "methods": methods,
    **{f"{what}s": partial(sentences, table) for what, table in ROWS.items()},
    **{f"{what}s": every for what, (_, every) in NAMES.items()},
}


def pages(name: str, more: Makers) -> list[Entry]:
    """Everything of that name, here or in what `more` is shown, or the file at that path; UserError where there is nothing."""
    makers: Makers = {
        "scenario": (shipped(), scenario_page),
        "method": (NAMED, method_page),
        **{what: (table, partial(function_page, what)) for what, table in ROWS.items()},
        **{what: (every(), partial(name_page, what)) for what, (_, every) in NAMES.items()},
        **more,
    }
    every = list(dict.fromkeys(row for names, _ in makers.values() for row in names))
    name = name if name in every else {plainly(row): row for row in every}.get(plainly(name), name)
    found = [make(name) for names, make in makers.values() if name in names]
    if not found and name.endswith(".toml"):
        return [scenario_page(name)]
    if not found and "+" in name:
        return [method_page(spelled(name))]
    if not found:
        near = nearest(name, every)
        meant = f"{did_you_mean(near)} " if near else ""
        raise UserError(f"show {name!r}: unknown; {meant}toygan list says every name")
    return found


def scenario_page(name: str) -> Entry:
    """A scenario: what to look at, where it is from, its view if that follows the target, advice, and the file itself."""
    config = read(name)
    lines, unset = words(as_data(config)), unset_view(read_toml(find(name))[0])
    if unset:
        ends = ", ".join(f"{axis} = {toml_value(getattr(config.view, axis))}" for axis in unset)
        lines["view"] = f"{ends}, around the target, as the file does not set it"
    told = [] if name in shipped() else advice(config)  # of ours there is nothing to tell, which takes a second or two
    lines |= {f"note {i}": sentence for i, sentence in enumerate(told, 1)}
    return Entry(f"scenario {name}: {config.title}", lines, find(name).read_text(encoding="utf-8-sig"))


def method_page(name: str) -> Entry:
    data = as_data(read(PLAYED_ON.get(name, "eight-gaussians") if name in ZOO else "swiss-roll", name))["method"]
    settings = {key: value for key, value in data.items() if key not in (*WORDS_SHOWN, "name")}
    paper = {"the paper's own settings": PAPERS[name]} if name in PAPERS else {}
    return Entry(f"method {name}", words(data) | paper, toml_lines(settings))


def words(data: Mapping[str, Any]) -> dict[str, str]:
    return {label: data[key] for key, label in WORDS_SHOWN.items() if data.get(key)}


def name_page(what: str, name: str) -> Entry:
    key, every = NAMES[what]
    return Entry(f"{what} {name}", {"what": every()[name]}, f'{key} = "{name}"\n')


def function_page(what: str, name: str) -> Entry:
    function = ROWS[what][name]
    hints = get_type_hints(function)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    lines = [setting(p, type_in_words(p.annotation, hints[p.name])) for p in parameters]
    return Entry(f"{what} {name}", {"what": summary_of(function)}, "\n".join([f'kind = "{name}"', *lines]) + "\n")


def setting(parameter: inspect.Parameter, kind: str) -> str:
    """An option with its default and its type, as a line of TOML; a comment where there is no default."""
    if parameter.default is parameter.empty:
        return f"# {parameter.name} must be given: {kind}"
    if parameter.annotation == "Switch":
        return f"{parameter.name} = false  # {kind}"
    if parameter.default is None:
        return f"# {parameter.name} may be given: {kind}"
    return f"{parameter.name} = {toml_value(parameter.default)}  # {kind}"


def type_in_words(annotation: str, hint: Any) -> str:
    """A type as a user would say it; a name that stands for literals as its values."""
    values = get_args(hint)
    if get_origin(hint) is Literal:
        return " or ".join(map(str, values))
    if get_origin(hint) is tuple:
        return "numbers" if Ellipsis in values else f"{len(values)} numbers"
    plain = re.sub(r"\s*\|\s*None\b|^Annotated\[|, Field\(.*", "", annotation)
    return "numbers" if "tuple[" in plain else PLAIN_TYPES.get(plain, plain)


PLAIN_TYPES = {
    "PositiveInt": "whole number above 0",
    "NonNegativeInt": "whole number, 0 or more",
    "PositiveFloat": "number above 0",
    "NonNegativeFloat": "number, 0 or more",
    "float": "number",
    "int": "whole number",
    "bool": "true or false",
    "Switch": "true or false",
    "str": "text",
    "Path": "path of a file",
}
