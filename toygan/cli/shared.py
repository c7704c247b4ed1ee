"""What commands share: options of several as one parameter, a named tuple of them, and a command told by its options."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from toygan.cli.completion import Completer, complete_setting, starting
from toygan.files.mistakes import Mistake, Place, UserError, shortened
from toygan.files.text import UNBOUNDED, folded


def option(names: str, metavar: str, about: str, words: Sequence[str] | Completer | None = None) -> Any:
    """An option of some names: what its value is called, what it is for, and which words the Tab key offers for it."""
    offered = starting(lambda: words) if isinstance(words, Sequence) else words
    return typer.Option(*names.split(), metavar=metavar, help=about, autocompletion=offered)


def argument(metavar: str, about: str, words: Completer) -> Any:
    """A word of a command that is no option, likewise."""
    return typer.Argument(metavar=metavar, help=about, autocompletion=words)


OF_OWN = "A function or class of yours that a file or a run names, and may be run; repeatable."
OwnCode = Annotated[list[str], option("--own", "FILE.py:NAME", OF_OWN)]
Changes = Annotated[list[str], option("--set", "KEY=VALUE", "Override any key of the scenario.", complete_setting)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
# Options that change no picture: where files go, and how the work is done.
BESIDE = {"out", "formats", "page", "as_json", "form", "animation", "only", "workers", "engine", "address", "fresh",
          "dry_run", "strict"}  # fmt: skip
LEAST = 24  # letters of a column in which words can be read


def sharing(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer is to see it: in place of every parameter that is a named tuple the tuple's fields, at any depth."""
    hints = {name: hint for name, hint in get_type_hints(command, include_extras=True).items() if name != "return"}
    plain = signature(command).parameters
    params = [one for name, hint in hints.items() for one in spread(name, hint, plain[name].default)]

    @wraps(command)
    def called(**given: Any) -> None:
        command(**{name: gathered(name, hint, given) for name, hint in hints.items()})

    del called.__wrapped__  # or its parameters would be read there
    called.__annotations__ = {param.name: param.annotation for param in params}
    called.__signature__ = Signature(params)  # type: ignore[attr-defined]
    return called


def spread(name: str, hint: Any, default: Any) -> Iterator[Parameter]:
    """A parameter of a command, or those that its fields are."""
    if not is_group(hint):
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        return
    for field, option in get_type_hints(hint, include_extras=True).items():
        yield from spread(field, option, hint._field_defaults[field])


def gathered(name: str, hint: Any, given: Mapping[str, Any]) -> Any:
    """The value of a parameter: the one that was given, or those of its fields."""
    if not is_group(hint):
        return given[name]
    fields = get_type_hints(hint, include_extras=True)
    return hint(*(gathered(field, option, given) for field, option in fields.items()))


def is_group(hint: Any) -> bool:
    """Whether a parameter stands for several options."""
    return isinstance(hint, type) and issubclass(hint, tuple)


def again(context: typer.Context, *also: str) -> str:
    """The command that makes a picture again: its arguments, and its options as `options_again` has them."""
    arguments = [param for param in context.command.params if param.param_type_name == "argument"]
    given = [place for param in arguments for place in words_of(param, context.params.get(param.name or ""))]
    return shlex.join(["toygan", str(context.command.name), *given, *options_again(context, *also)])


def options_again(context: typer.Context, *also: str) -> list[str]:
    """The options of a command that are not as usual, as words, without those that change no picture, but for some."""
    options = [param for param in context.command.params if param.param_type_name == "option"]
    chosen = [param for param in options if param.name not in BESIDE]
    chosen += [param for param in options if param.name in ("formats", *also)]
    return [word for param in chosen for word in words_of(param, context.params.get(param.name or ""))]


def words_of(param: Any, value: Any) -> list[str]:
    """A parameter as words of a command: a switch alone, a list once for each, none for what is as usual."""
    if value is None or value is False or value == param.default:
        return []
    values = value if isinstance(value, list | tuple) else [value]
    if param.param_type_name == "argument":
        return [folder_told(one) if isinstance(one, Path) else str(one) for one in values]
    several = [str(one).removesuffix(".0") if isinstance(one, float) else str(one) for one in values]
    return [param.opts[0]] if value is True else [word for one in several for word in (param.opts[0], one)]


def folder_told(folder: Path) -> str:
    """A folder as a picture tells it: from here, and one that is elsewhere by its last two parts."""
    if not folder.is_absolute():
        return str(folder)
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else Path(*folder.parts[-2:]))


def with_budget(changes: list[str], steps: int | None, seeds: int | None = None) -> list[str]:
    """The changes with what --steps and --seeds say. UserError where --set says another number."""
    from toygan.files.strict import parse_override

    said = {".".join(key): value for key, value in map(parse_override, changes)}
    more = {key: number for key, number in (("training.steps", steps), ("training.seeds", seeds)) if number is not None}
    for key, number in more.items():
        if said.get(key, number) != number:
            option = f"--{key.rpartition('.')[2]} {number}"
            wrong, place = f"{said[key]}, and {option} says otherwise", Place(f"--set {key}={said[key]}")
            raise UserError(Mistake(None, wrong, "say it once", place=place))
    return [*changes, *(f"{key}={number}" for key, number in more.items())]


def use_threads(threads: int = 1) -> None:
    """Let torch have so many threads, which wait for each other in small products; UserError for too many."""
    import torch

    most = max(64, os.cpu_count() or 1)
    if threads > most:
        given = shortened(str(threads))
        raise UserError(f"--threads {given}: give 1 to {most}; this machine has {os.cpu_count()} cores")
    torch.set_num_threads(threads)


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 3:05 min, 2:10 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"


def in_columns(rows: list[tuple[str, ...]], room: int = UNBOUNDED) -> str:
    """Rows of words under each other; the last column is folded, or stands beneath where there is next to no room for it."""
    *widths, _ = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left, lines = room - sum(widths) - 2 * len(widths), list[str]()
    for *words, last in rows:
        head = "".join(word.ljust(width) + "  " for word, width in zip(words, widths, strict=True))
        inset = len(head) if left >= LEAST else len(head) - len(head.lstrip(" ")) + 4
        first, *more = folded(last, room - inset).split("\n")
        lines += [head + first] if left >= LEAST else [head, " " * inset + first]
        lines += [" " * inset + part for part in more]
    return "\n".join(line.rstrip() for line in lines)
