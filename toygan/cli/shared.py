"""Options that several commands share, as one parameter of each: a named tuple whose fields are options of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_type_hints

import typer

OwnCode = Annotated[
    list[str],
    typer.Option(
        "--own",
        metavar="FILE.py:NAME",
        help="A function or class of yours that a file or a run names, and may be run; repeatable.",
    ),
]


def sharing(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer is to see it: in place of every parameter that is a named tuple the tuple's fields."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, tuple)}
    params = list(spread(signature(command).parameters.values(), hints, groups))

    @wraps(command)
    def called(**given: Any) -> None:
        shared = {name: group(*map(given.pop, get_type_hints(group))) for name, group in groups.items()}
        command(**given, **shared)

    del called.__wrapped__  # or its parameters would be read there
    called.__annotations__ = {param.name: param.annotation for param in params}
    called.__signature__ = Signature(params)  # type: ignore[attr-defined]
    return called


def spread(params: Any, hints: dict[str, Any], groups: dict[str, Any]) -> Iterator[Parameter]:
    """The parameters of a command, each group's fields where the group stands."""
    for param in params:
        group = groups.get(param.name)
        if group is None:
            yield param.replace(annotation=hints[param.name], kind=Parameter.KEYWORD_ONLY)
        else:
            for name, option in get_type_hints(group, include_extras=True).items():
                default = group._field_defaults[name]
                yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=option)
