"""The one strict parser of user files: TOML text to frozen values, with every mistake of a file in one message.

A mistake names file, line, key and value, says what is legal, and suggests the nearest legal word.
"""

from __future__ import annotations

import inspect
import json
import re
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from toygan.files.mistakes import Key, Mistake, Place, UserError, in_toml, shortened, suggestion
from toygan.targets.refusal import Refusal

Names = tuple[str, ...]
Item = Mapping[str, Any]  # one of pydantic's errors
Schema = dict[str, Any]  # of a model, or of a part of it
Parsed = TypeVar("Parsed", bound=BaseModel)
# A nought too many should be a message and not the end of the machine.
LARGEST = {"modes": 10_000, "rows": 100, "columns": 100, "width": 8192, "depth": 64, "latent_dim": 1024}
DATA = dict.fromkeys((".csv", ".tsv", ".txt", ".npy", ".npz"), "points")
DATA |= dict.fromkeys((".png", ".jpg", ".jpeg"), "image")
DEEPEST = 12  # tables and lists in each other
LARGEST_FILE = 2**24  # bytes; a scenario has a few thousand
ENDLESS = re.compile(r"\d[\d_]{4000}")
TOO_LARGE = ("is too large", "whole numbers have at most 64 bits")
SAME = 3  # elements of a list that are told
PART = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
DOTTED = rf"{PART}(?:\s*\.\s*{PART})*"
WRONG_TYPES = {"int_type": "an integer", "float_type": "a number", "tuple_type": "a list", "string_type": "a string"}
# What a list's schema calls its elements -> what these are: one alone should be a list of one.
ELEMENTS: Mapping[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "integer": (int,)}
EXAMPLES = {"integer": 1, "number": 0.5, "string": "some words", "path": "points.csv", "boolean": True, "object": {}}
OWN = "a user's own"  # pydantic's tag for a part that is none of a table's rows


class Strict(BaseModel):
    """A frozen value in which an unknown key, a wrong type, NaN or infinity is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Source(NamedTuple):
    """Where values came from, for the messages' sake: the file's text, and where the command line put something on top."""

    name: str
    text: str = ""
    overrides: Mapping[Key, Place] = {}


def options_model(kind: str, *functions: Callable[..., Any]) -> type[Strict]:
    """A model of `kind` and of the functions' keyword arguments: their annotations and defaults are the rules."""
    fields: dict[str, Any] = {"kind": (Literal[kind], kind)}
    for function in functions:
        hints = get_type_hints(function, include_extras=True)
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY:
                default, hint = ... if parameter.default is parameter.empty else parameter.default, hints[name]
                if name in LARGEST and int in (hint, *get_args(hint)):
                    hint = Annotated[hint, Field(le=LARGEST[name])]
                fields[name] = (hint, default)
    return create_model(kind, __base__=Strict, __doc__=functions[0].__doc__, **fields)


def one_of(table: Mapping[str, Callable[..., Any]], *extra: Callable[..., Any]) -> Any:
    """The type "one row of this table": the key `kind` says which, the other keys are its options."""
    return Annotated[reduce(or_, models_of(table, *extra).values()), Field(discriminator="kind")]


def models_of(table: Mapping[str, Callable[..., Any]], *extra: Callable[..., Any]) -> dict[str, type[Strict]]:
    """The options model of every row of a table."""
    return {kind: options_model(kind, function, *extra) for kind, function in table.items()}


def options(value: BaseModel, *functions: Callable[..., Any]) -> dict[str, Any]:
    """The options of a parsed value that the functions take."""
    names = frozenset[str]().union(*map(taken_by, functions))
    return {name: given for name, given in value if name in names}


@lru_cache(maxsize=512)
def taken_by(function: Callable[..., Any]) -> frozenset[str]:
    """The names of all that a function takes; a game asks for its rows' at every step."""
    return frozenset(inspect.signature(function).parameters)


def read_toml(path: Path) -> tuple[dict[str, Any], Source]:
    """Parse a file; UserError for one that is missing, not text, empty or broken."""
    try:
        text = bytes_of(path).decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(in_file(path, "there is no such file")) from None
    except OSError as error:
        raise UserError(in_file(path, f"cannot be read ({error.strerror})")) from None
    except UnicodeDecodeError:
        raise UserError(in_file(path, "is not UTF-8 text")) from None
    if not text.strip():
        raise UserError(in_file(path, "is empty; copy a shipped scenario and change it"))
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(broken_toml(path, text, str(error))) from None
    except RecursionError:
        data = None
    except ValueError:
        raise UserError(endless_number(path, text)) from None
    if data is None or depth(data) > DEEPEST:
        raise UserError(in_file(path, "tables and lists are nested deeper than anything a scenario has"))
    return data, Source(str(path), text)


def file_of(what: str, name: str, shipped: Callable[[], Sequence[str]], folder: Path) -> Path:
    """The file of a shipped name, such as an exhibit's, or of a path; UserError for neither."""
    path = Path(name)
    if path.suffix == ".toml":
        return path
    if name in {one.stem for one in folder.glob("*.toml")}:
        return folder / f"{name}.toml"
    kind = DATA.get(path.suffix.lower(), "")
    if kind and "scenario" in what and path.is_file():
        lines = f'title = {in_toml(path.stem)}\n[target]\nkind = "{kind}"\npath = {in_toml(path.name)}'
        advice = f"write a .toml file beside it with these four lines, and run that:\n{lines}"
        raise UserError(Mistake(None, "is no scenario, but one may be made of it", advice, place=Place(str(path))))
    wrong = f"no {what} has this name; {suggestion(name, shipped(), 'names')}"
    place = Place(f"{what.removeprefix('shipped ')} {name!r}")
    raise UserError(Mistake(None, wrong, "or give the path of a .toml file", place=place))


def in_file(path: Path, message: str) -> Mistake:
    return Mistake(None, message, place=Place(str(path)))


def bytes_of(path: Path) -> bytes:
    """The content of a file; UserError for what is no file or larger than any scenario, OSError for what is shut."""
    try:
        kind = path.stat()
    except ValueError:
        raise UserError(Mistake(None, "is no name of a file", place=Place(repr(str(path))))) from None
    if not (stat.S_ISREG(kind.st_mode) or stat.S_ISDIR(kind.st_mode)):  # a pipe or device may never end
        raise UserError(in_file(path, "is no regular file; copy it into one that ends in .toml"))
    if kind.st_size > LARGEST_FILE:
        raise UserError(in_file(path, f"has {kind.st_size} bytes; no file of ours has more than {LARGEST_FILE}"))
    return path.read_bytes()


def endless_number(path: Path, text: str) -> Mistake:
    """What is said of a whole number with more digits than Python reads, or of a date or time that is none."""
    lines = key_lines(text)
    number = next((i for i, line in enumerate(text.split("\n"), start=1) if ENDLESS.search(line)), None)
    if number is None:
        return in_file(path, "broken TOML: a date, time or number in it is none")
    before = [key for key, line in lines.items() if line <= number]
    shown = shortened(text.split("\n")[number - 1].strip())
    return Mistake(before[-1] if before else None, "; ".join(TOO_LARGE), place=Place(str(path), number, text=shown))


def depth(value: Any, reached: int = 0) -> int:
    """How deep tables and lists are nested; counting stops where it is too deep anyway."""
    if reached > DEEPEST or not isinstance(value, dict | list):
        return reached
    inner = value.values() if isinstance(value, dict) else value
    return max((depth(item, reached + 1) for item in inner), default=reached)


def broken_toml(path: Path, text: str, message: str) -> Mistake:
    """The parser's complaint with file, line and the line itself; before Python 3.14 it has the line in words alone."""
    lines = text.rstrip("\n").split("\n")
    found = re.search(r" \(at line (\d+), column \d+\)", message)
    line = int(found[1]) if found else len(lines)
    what = re.sub(r" \(at .*\)", "", message)
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    return Mistake(None, f"broken TOML: {what}", place=Place(str(path), line, text=shortened(shown)))


def parse_override(text: str, option: str = "--set") -> tuple[Names, Any]:
    """`KEY=VALUE` of an option, the value as TOML; plain words are taken as a string. UserError where it is neither."""
    name, equals, value = text.partition("=")
    place = Place(f"{option} {shortened(text)}")
    if not equals or not name.strip():
        raise UserError(Mistake(None, "expected KEY=VALUE, for example training.steps=500", place=place))
    key = parse_key(name, option)
    try:
        parsed = tomllib.loads(f"value = {value}")
        if set(parsed) == {"value"}:
            return key, parsed["value"]
    except (ValueError, RecursionError):
        if ENDLESS.search(value):
            raise UserError(Mistake(key, "; ".join(TOO_LARGE), place=place)) from None
        if re.fullmatch(r"""\s*[^\W\d][^"'\[\]{}=\n]*|\s*[./~][^"'\[\]{}=\n]*""", value):
            return key, value.strip()
    wrong = f"{shortened(repr(value))} is not a TOML value"
    raise UserError(Mistake(None, wrong, "for example 3, 0.5, true, [1, 2] or 'some text'", place=place))


def parse_key(name: str, option: str = "--set", place: Place | None = None) -> Names:
    """`methods."my own".ema` -> ("methods", "my own", "ema"), by TOML's own rules; UserError for what is no key."""
    key: list[str] = []
    try:
        table: Any = tomllib.loads(f"{name} = 0")
        while isinstance(table, dict):
            ((part, table),) = table.items()
            key.append(part)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        wrong, said = "is not a key, such as training.steps", Place(f"{option} {shortened(name)}")
        raise UserError(Mistake(None, f"{name!r} {wrong}" if place else wrong, place=place or said)) from None
    return tuple(key)


def set_key(data: dict[str, Any], key: Names, value: Any, place: Place) -> None:
    """Set a nested key in place; a part of the path that is not a table is a UserError.

    Another kind brings its own options: the old kind's go.
    """
    *path, last = key
    for part in path:
        table = data
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            raise UserError(Mistake(None, f"{part} is not a table and has no key {last!r}", place=place))
    if path and last == "kind" and value != data.get("kind"):
        data = table[part] = {}
    data[last] = value


def as_kind(value: Any) -> Any:
    """A part of a method that is given as a word, as a table."""
    return {"kind": value} if isinstance(value, str) else value


def check(model: type[Parsed], data: Mapping[str, Any], source: Source) -> Parsed:
    """The parsed value; UserError with every mistake otherwise."""
    value, mistakes = examined(model, data)
    if value is None:
        raise UserError(*placed(mistakes, data, source))
    return value


def examined(model: type[Parsed], data: Mapping[str, Any]) -> tuple[Parsed | None, list[Mistake]]:
    """The parsed value, or None and every mistake."""
    mistakes: list[Mistake] = []
    data = within_64_bits(data, mistakes)
    try:
        value = model.model_validate_json(json.dumps(data, default=json_default), strict=True)
        return (None if mistakes else value), mistakes
    except ValidationError as error:
        return None, [*mistakes, *mistakes_in(model, data, error)]


def mistakes_in(model: type[BaseModel], data: Mapping[str, Any], error: ValidationError) -> list[Mistake]:
    """What pydantic has found, as mistakes; what the branches of one "this or that" say of one value stays together."""
    groups: dict[Key | int, list[Item]] = {}
    for number, item in enumerate(error.errors(include_url=False)):
        if not follows(data, item):
            groups.setdefault(union_place(data, item["loc"]) or number, []).append(item)
    return [mistake for place, group in groups.items() for mistake in explain_group(model, data, place, group)]


def within_64_bits(data: Any, mistakes: list[Mistake], key: Key = ()) -> Any:
    """The data with nothing in place of whole numbers that TOML does not know, each of which becomes a mistake."""
    if isinstance(data, Mapping):
        return {name: within_64_bits(value, mistakes, (*key, name)) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [within_64_bits(value, mistakes, (*key, place)) for place, value in enumerate(data)]
    if isinstance(data, int) and not -(2**63) <= data < 2**63:
        mistakes.append(Mistake(key, *TOO_LARGE))
        return None
    return data


def follows(data: Mapping[str, Any], item: Item) -> bool:
    """Whether a list is only too short because pydantic does not count its wrong elements, which are told anyway."""
    value = lookup(data, real_key(data, item["loc"]))
    return item["type"] == "too_short" and isinstance(value, list) and len(value) >= item["ctx"]["min_length"]


def json_default(value: Any) -> Any:
    """Paths and numpy's numbers as JSON; a date becomes something that fits nowhere."""
    if isinstance(value, Path):
        return str(value)
    return value.item() if hasattr(value, "item") else [str(value)]


def placed(mistakes: Sequence[Mistake], data: Mapping[str, Any], source: Source) -> list[Mistake]:
    """Every mistake with its value and place, in the order of the file."""
    lines = key_lines(source.text)
    first: dict[Key, Mistake] = {}  # one key, one message
    for mistake in mistakes:
        key = mistake.key or ()
        value = lookup(data, key)
        given = "" if value is None or isinstance(value, dict) else shortened(in_toml(value))
        first.setdefault(key, mistake._replace(key=key, given=given, place=locate(key, source)))

    def in_order(key: Key) -> tuple[int, list[str]]:
        return line_of(key, lines), [f"{part:09}" if isinstance(part, int) else part for part in key]

    return without_repeats([first[key] for key in sorted(first, key=in_order)])


def without_repeats(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Of mistakes that many elements of one list share the first few, the last of which says how many more there are."""
    alike: dict[tuple[Key | None, str], list[Mistake]] = {}
    for mistake in mistakes:
        listed = mistake.key[:-1] if mistake.key and isinstance(mistake.key[-1], int) else mistake.key
        alike.setdefault((listed, mistake.message), []).append(mistake)
    left = {mistake for some in alike.values() for mistake in some[:SAME]}
    more = {some[SAME - 1]: f" (and {len(some) - SAME} more of this list)" for some in alike.values() if some[SAME:]}
    return [one._replace(message=one.message + more.get(one, "")) for one in mistakes if one in left]


def locate(key: Key, source: Source) -> Place:
    """The place of a key: the option that put it there, or the line of the file and the text that stands there."""
    said = [one for one in source.overrides if key[: len(one)] == one or one[: len(key)] == key]
    if said:
        return source.overrides[max(said, key=len)]
    line = line_of(key, key_lines(source.text))
    return Place(source.name, line, text=shortened(source.text.split("\n")[line - 1].strip()) if line else "")


def lookup(data: Any, key: Key) -> Any:
    """The value at a key, None where there is none."""
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


@lru_cache(maxsize=64)
def key_lines(text: str) -> Mapping[Key, int]:
    """The line of every table header and key, elements of arrays of tables counted; tomllib itself keeps no positions."""
    lines: dict[Key, int] = {}
    last: dict[Key, int] = {}  # the element that an array of tables has come to
    table: Key = ()
    inside = 0  # brackets of a value that are still open
    # Strings over several lines, which may hold what looks like keys, are nothing but line ends.
    bare = re.sub(r"(\"{3}|'{3}).*?\1", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(bare.split("\n"), start=1):
        if inside:
            inside += opened(line)
        elif header := re.match(rf"\s*(\[{{1,2}})\s*({DOTTED})\s*\]{{1,2}}\s*(#.*)?\r?$", line):
            table = in_elements(split_key(header[2]), last)
            lines.setdefault(table, number)
            if header[1] == "[[":
                last[table] = last.get(table, -1) + 1
                table = (*table, last[table])
                lines[table] = number
        elif entry := re.match(rf"\s*({DOTTED})\s*=", line):
            key = (*table, *split_key(entry[1]))
            for end in range(len(table) + 1, len(key) + 1):
                lines.setdefault(key[:end], number)
            inside = opened(line[entry.end() :])
    return lines


def opened(text: str) -> int:
    """How many more brackets a line opens than it closes, strings and comments aside."""
    bare = re.sub(r""""(?:\\.|[^"\\])*"|'[^']*'|#.*""", "", text)
    return sum(map(bare.count, "[{")) - sum(map(bare.count, "]}"))


def in_elements(key: Key, last: Mapping[Key, int]) -> Key:
    """A header's key with the last element's number after every array of tables on the way."""
    way: Key = ()
    for part in key[:-1]:
        way = (*way, part)
        way = (*way, last[way]) if way in last else way
    return (*way, key[-1])


def split_key(text: str) -> Key:
    """`methods."my own"` -> ("methods", "my own")."""
    return tuple(part.strip("\"'") for part in re.findall(PART, text))


def line_of(key: Key, lines: Mapping[Key, int]) -> int:
    """The line of a key, or of the nearest table around it; 0 where there is none."""
    return next((lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in lines), 0)


# --- saying what is wrong --------------------------------------------------------------------------------------------


def union_place(data: Any, location: Key) -> Key | None:
    """Where a location enters a branch of a union: pydantic names the branch there, though the value is no table."""
    key = real_key(data, location)
    branches = (location[:end] for end, part in enumerate(location) if isinstance(part, str) and part not in key)
    return next((place for place in branches if not isinstance(lookup(data, real_key(data, place)), dict)), None)


def explain_group(
    model: type[BaseModel], data: Mapping[str, Any], place: Key | int, group: Sequence[Item]
) -> list[Mistake]:
    """The mistakes of the branch that has the value's shape; one mistake where none has."""
    if isinstance(place, int):  # no union's
        return [explain(model, data, item) for item in group]
    key = real_key(data, place)
    a_list = isinstance(lookup(data, key), list)
    inside = [item for item in group if a_list == item["loc"][len(place)].startswith("tuple")]
    if a_list or not {item["type"] for item in inside} <= WRONG_TYPES.keys():
        return [explain(model, data, item) for item in inside]
    wanted = " or ".join(dict.fromkeys(WRONG_TYPES[item["type"]] for item in group))
    return [Mistake(key, f"must be {wanted}", example_of(example(node_at(model, place))))]


def explain(model: type[BaseModel], data: Mapping[str, Any], item: Item) -> Mistake:
    """One of pydantic's errors in the words of the file."""
    key, location, kind = real_key(data, item["loc"]), item["loc"], item["type"]
    if kind == "value_error":
        return refused(key, item["ctx"]["error"])
    if kind == "string_pattern_mismatch":
        return Mistake(key, "names a folder: must be one word of letters, digits and . + - _", example_of("my-own"))
    node, around, value = node_at(model, location), node_at(model, location[:-1]), lookup(data, key)
    if kind == "extra_forbidden":
        return Mistake(key, "unknown key", suggestion(str(key[-1]), [*around.get("properties", ())], "keys"))
    if kind == "union_tag_not_found" and not isinstance(value, dict):
        return Mistake(key, "must be a table", example_of(example(node)))
    if kind == "union_tag_not_found":
        return Mistake((*key, "kind"), "this key is missing", f"legal values: {', '.join(sorted(by_kind(node)))}")
    if kind == "union_tag_invalid":
        legal = suggestion(str(value["kind"]), [*by_kind(node)], "values")
        return Mistake((*key, "kind"), "not one of the legal values", legal)
    if kind == "literal_error":
        several = node.get("anyOf", (node,))
        words = [str(word) for one in several for word in one.get("enum", [one["const"]] if "const" in one else [])]
        return Mistake(key, "not one of the legal values", suggestion(str(value), words, "values"))
    if kind == "missing" and isinstance(key[-1], int):
        return Mistake(key[:-1], "a value is missing", example_of(example(around)))
    if kind == "missing":
        return Mistake(key, "this key is missing", f"keys here: {', '.join(around.get('properties', ()))}")
    an_element = kind == "tuple_type" and type(value) in ELEMENTS.get(node.get("items", {}).get("type"), ())
    return Mistake(key, plain_words(item["msg"]), example_of([value] if an_element else example(node)))


def refused(key: Key, error: ValueError) -> Mistake:
    """What a function or a check of our own refuses, as a mistake of the table or the key that it was asked about."""
    if not isinstance(error, Refusal):
        return Mistake(key, str(error))
    return Mistake((*key, *split_key(error.option)), error.message, error.hint)


def plain_words(message: str) -> str:
    for old, new in {
        "Input should be a valid": "must be a",
        "Input should be": "must be",
        "a integer": "an integer",
        "a array": "a list",
        "an array": "a list",
        "an object": "a table",
        "a object": "a table",
        "valid tuple": "list",
        "Tuple": "the list",
        "String": "the text",
        "dictionary": "table",
        " after validation": "",
    }.items():
        message = message.replace(old, new)
    return message


def example_of(value: Any) -> str:
    if isinstance(value, dict):
        return "write it as one table: its name in single brackets, then a line key = value for each key"
    return "" if value is None else f"for example {in_toml(value)}"


def example(node: Schema) -> Any:
    """A legal value: the default, or one made from the type; None where the schema says too little."""
    if examples := node.get("examples"):
        return examples[0]
    if isinstance(node.get("default"), bool | int | float | str | list):
        return node["default"]
    if choices := node.get("anyOf"):
        return next((found for choice in choices if (found := example(choice)) is not None), None)
    if items := node.get("prefixItems"):
        return [example(item) for item in items]
    if node.get("type") == "array":
        return [example(node.get("items", {}))]
    if "properties" in node or "oneOf" in node:
        return {}
    return EXAMPLES.get(str(node.get("format", node.get("type"))))


def real_key(data: Any, location: Key) -> Key:
    """Turn pydantic's location into the file's: without the union tags that it puts between a table and its key."""
    key: list[str | int] = []
    for part in location:
        if isinstance(data, dict) and part not in data and part in (OWN, data.get("kind")):
            continue
        if isinstance(part, str) and (not isinstance(data, dict) or part == "[key]"):
            continue
        data = lookup(data, (part,))
        key.append(part)
    return tuple(key)


def by_kind(node: Schema) -> dict[str, Schema]:
    """The choices of a part's type by their kinds; a user's own has none."""
    choices = [(choice["properties"]["kind"], choice) for choice in node.get("oneOf", ())]
    return {kind["const"]: choice for kind, choice in choices if "const" in kind}


def node_at(model: type[BaseModel], location: Key) -> Schema:
    """What the schema says of pydantic's location."""
    return reduce(step_into, location, schema_of(model))


@lru_cache(maxsize=64)
def schema_of(model: type[BaseModel]) -> Schema:
    """The schema of a model with its references followed, to be read only: making it takes a quarter of a second."""
    schema = model.model_json_schema()

    @cache
    def named(reference: str) -> Any:
        return followed(schema["$defs"][reference.rsplit("/", 1)[1]])

    def followed(node: Any) -> Any:
        """A part of it; of what may be left out, what may be there."""
        if isinstance(node, list):
            return [followed(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return named(node["$ref"])
        present = [choice for choice in node.get("anyOf", ()) if choice != {"type": "null"}]
        return followed(present[0]) if len(present) == 1 else {key: followed(part) for key, part in node.items()}

    return followed({key: part for key, part in schema.items() if key != "$defs"})


def step_into(node: Schema, part: str | int) -> Schema:
    """The schema one step further down: into a property, a tagged choice, an item or any key of a mapping."""
    below = {**node.get("properties", {}), **by_kind(node), **dict(enumerate(node.get("prefixItems", ())))}
    if part in below:
        return below[part]
    for choice in node.get("anyOf", ()) if isinstance(part, int) else ():
        if choice.get("type") == "array":
            return step_into(choice, part)
    more = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), None)
    return more if isinstance(more, dict) else node.get("items", node)
