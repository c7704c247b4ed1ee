"""The one strict parser of user files: TOML text to frozen values, with every mistake of a file in one message.

A mistake names file, line, key and value, says what is legal, and suggests the nearest legal word.
"""

from __future__ import annotations

import difflib
import inspect
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

Key = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A frozen value in which an unknown key, a wrong type, NaN or infinity is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Mistake(NamedTuple):
    """One thing that is wrong: where (key), what, and what would be right."""

    key: Key
    message: str
    hint: str = ""


class UserError(ValueError):
    """What a user did wrong, as one message that needs no traceback."""


class Source(NamedTuple):
    """Where values came from: the file's text, and the overrides put on top of it, for the messages' sake."""

    name: str
    text: str = ""
    overrides: Mapping[Key, str] = {}


# --- models from signatures ------------------------------------------------------------------------------------------


def options_model(kind: str, *functions: Callable[..., Any]) -> type[Strict]:
    """A model of `kind` and of the functions' keyword arguments: their annotations and defaults are the rules."""
    fields: dict[str, Any] = {"kind": (Literal[kind], kind)}
    for function in functions:
        hints = get_type_hints(function, include_extras=True)
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY:
                default = ... if parameter.default is parameter.empty else parameter.default
                fields[name] = (hints[name], default)
    return create_model(kind, __base__=Strict, __doc__=functions[0].__doc__, **fields)


def one_of(table: Mapping[str, Callable[..., Any]], *extra: Callable[..., Any]) -> Any:
    """The type "one row of this table": the key `kind` says which, the other keys are its options."""
    return Annotated[reduce(or_, models_of(table, *extra).values()), Field(discriminator="kind")]


def models_of(table: Mapping[str, Callable[..., Any]], *extra: Callable[..., Any]) -> dict[str, type[Strict]]:
    """The options model of every row of a table."""
    return {kind: options_model(kind, function, *extra) for kind, function in table.items()}


def options(value: BaseModel, *functions: Callable[..., Any]) -> dict[str, Any]:
    """The options of a parsed value that the functions take."""
    names = {name for function in functions for name in inspect.signature(function).parameters}
    return {name: getattr(value, name) for name in type(value).model_fields if name in names}


# --- reading ---------------------------------------------------------------------------------------------------------


def read_toml(path: Path) -> tuple[dict[str, Any], Source]:
    """Parse a file; UserError for one that is missing, not text, empty or broken."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text") from None
    if not text.strip():
        raise UserError(f"{path}: is empty; copy a shipped scenario and change it")
    try:
        return tomllib.loads(text), Source(str(path), text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(broken_toml(path, text, str(error))) from None


def broken_toml(path: Path, text: str, message: str) -> str:
    """The parser's complaint with file, line and the line itself."""
    found = re.search(r" \(at line (\d+), column \d+\)", message)
    line = int(found[1]) if found else len(text.splitlines())
    what = re.sub(r" \(at .*\)", "", message)
    shown = text.splitlines()[line - 1].strip() if text.splitlines()[line - 1 : line] else ""
    return f"{path}, line {line}: broken TOML: {what}\n    {shown}"


def parse_override(text: str) -> tuple[Key, Any]:
    """`KEY=VALUE`, the value as TOML; a bare word is taken as a string. UserError where it is neither."""
    name, equals, value = text.partition("=")
    key = tuple(part.strip() for part in name.split("."))
    if not equals or not all(key):
        raise UserError(f"--set {text}: expected KEY=VALUE, for example training.steps=500")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        if re.fullmatch(r"\s*[A-Za-z][\w./-]*\s*", value):
            return key, value.strip()
        raise UserError(f"--set {text}: {value!r} is not a TOML value") from None


def put(data: dict[str, Any], key: Key, value: Any, source: str) -> None:
    """Set a nested key in place; a part of the path that is not a table is a UserError."""
    *path, last = key
    for part in path:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            raise UserError(f"{source}: {part} is not a table and has no key {last!r}")
    data[last] = value


# --- checking --------------------------------------------------------------------------------------------------------


def check(model: type[Model], data: Mapping[str, Any], source: Source) -> Model:
    """The parsed value; UserError with every mistake otherwise."""
    try:
        return model.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        mistakes = [explain(model, dict(data), item) for item in error.errors(include_url=False)]
    raise UserError(report(mistakes, data, source))


def report(mistakes: Sequence[Mistake], data: Mapping[str, Any], source: Source) -> str:
    """Every mistake with its place, one paragraph each, in the order of the file."""
    lines = key_lines(source.text)
    placed = sorted(mistakes, key=lambda mistake: line_of(mistake.key, lines) or 0)
    return "\n".join(paragraph(mistake, data, source, lines) for mistake in placed)


def paragraph(mistake: Mistake, data: Mapping[str, Any], source: Source, lines: Mapping[Key, int]) -> str:
    """Place, key, value and message; below it the line itself and what would be right."""
    place, shown = locate(mistake.key, source, lines)
    value = lookup(data, mistake.key)
    given = "" if value is None or isinstance(value, dict) else f" = {json.dumps(value, default=str)}"
    head = f"{place}: {dotted(mistake.key)}{given}: {mistake.message}"
    return "\n    ".join(part for part in (head, shown, mistake.hint) if part)


def locate(key: Key, source: Source, lines: Mapping[Key, int]) -> tuple[str, str]:
    """The place of a key in words, and the text that stands there."""
    for override, text in source.overrides.items():
        if key[: len(override)] == override or override[: len(key)] == key:
            return f"--set {text}", ""
    line = line_of(key, lines)
    if not line:
        return source.name, ""
    return f"{source.name}, line {line}", source.text.splitlines()[line - 1].strip()


def dotted(key: Key) -> str:
    """A key as people write it: target.centres[2]."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.lstrip(".") or "file"


def lookup(data: Any, key: Key) -> Any:
    """The value at a key, None where there is none."""
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def key_lines(text: str) -> dict[Key, int]:
    """The line of every table header and key; tomllib itself keeps no positions."""
    lines: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}\s*(#.*)?$", line):
            table = split_key(header[1])
            lines.setdefault(table, number)
        elif entry := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            key = (*table, *split_key(entry[1]))
            for end in range(len(table) + 1, len(key) + 1):
                lines.setdefault(key[:end], number)
    return lines


def split_key(text: str) -> Key:
    """`methods."my own"` -> ("methods", "my own")."""
    parts = re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", text)
    return tuple(part.strip("\"'") for part in parts)


def line_of(key: Key, lines: Mapping[Key, int]) -> int | None:
    """The line of a key, or of the nearest table around it."""
    for end in range(len(key), 0, -1):
        if key[:end] in lines:
            return lines[key[:end]]
    return None


# --- saying what is wrong --------------------------------------------------------------------------------------------


def explain(model: type[BaseModel], data: dict[str, Any], item: Mapping[str, Any]) -> Mistake:
    """One of pydantic's errors in the words of the file."""
    key, location, kind, context = real_key(data, item["loc"]), item["loc"], item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        legal = legal_keys(model, location[:-1])
        return Mistake(key, "unknown key", suggestion(str(key[-1]), legal, "keys"))
    if kind in ("union_tag_invalid", "literal_error"):
        legal = re.findall(r"'([^']*)'|(\b\d+\b)", context.get("expected_tags") or context["expected"])
        words = [text or number for text, number in legal]
        key = (*key, "kind") if kind == "union_tag_invalid" else key
        return Mistake(key, "not one of the legal values", suggestion(str(lookup(data, key)), words, "values"))
    if kind == "missing":
        return Mistake(key, "this key is missing", legal_hint(model, location))
    if kind == "value_error":
        return from_value_error(key, str(context["error"]))
    return Mistake(key, plain_words(item["msg"]))


def from_value_error(key: Key, text: str) -> Mistake:
    """A check of our own says `name: what is wrong; what would be right`."""
    name, colon, rest = text.partition(": ")
    named = colon and re.fullmatch(r"[\w.\[\]]+", name)
    message, _, hint = (rest if named else text).partition("; ")
    return Mistake((*key, *split_key(name)) if named else key, message, hint)


def plain_words(message: str) -> str:
    """pydantic's sentence without its jargon."""
    for old, new in {
        "Input should be a valid": "must be a",
        "Input should be": "must be",
        "a array": "an array",
        "a integer": "an integer",
        "valid tuple": "list",
        "a tuple": "a list",
        "Tuple": "the list",
        "dictionary": "table",
        " after validation": "",
    }.items():
        message = message.replace(old, new)
    return message


def legal_hint(model: type[BaseModel], location: Key) -> str:
    """What could stand at a missing key, if the model tells."""
    return "keys here: " + ", ".join(legal_keys(model, location[:-1]))


def suggestion(word: str, legal: Sequence[str], what: str) -> str:
    """The nearest legal word, if one is near, and all legal ones."""
    near = difflib.get_close_matches(word, legal, n=2, cutoff=0.6)
    return (f"did you mean {' or '.join(map(json.dumps, near))}? " if near else "") + f"legal {what}: " + ", ".join(legal)


def real_key(data: Any, location: Key) -> Key:
    """pydantic's location without the union tags that it puts between a table and its key."""
    key: list[str | int] = []
    for part in location:
        if isinstance(data, dict) and part not in data and data.get("kind") == part:
            continue
        if isinstance(part, str) and not isinstance(data, dict):
            continue
        data = lookup(data, (part,))
        key.append(part)
    return tuple(key)


def legal_keys(model: type[BaseModel], location: Key) -> list[str]:
    """The keys of the table at pydantic's location."""
    schema = model.model_json_schema()
    node: Any = schema
    for part in location:
        node = step_into(schema, node, part)
    return list(resolved(schema, node).get("properties", {}))


def step_into(schema: Mapping[str, Any], node: Any, part: str | int) -> Any:
    """The schema one step further down: into a property, a tagged choice, an item or any key of a mapping."""
    node = resolved(schema, node)
    tags = node.get("discriminator", {}).get("mapping", {})
    if part in tags:
        return {"$ref": tags[part]}
    if part in node.get("properties", {}):
        return node["properties"][part]
    more = node.get("additionalProperties")
    return more if isinstance(more, dict) else node.get("items", node)


def resolved(schema: Mapping[str, Any], node: Any) -> dict[str, Any]:
    """A schema node with its reference followed."""
    while isinstance(node, dict) and "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node if isinstance(node, dict) else {}
