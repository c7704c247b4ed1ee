"""Scenario files, parsed strictly: a world, the players' sizes and the training budget.

`read` gives a `Config`: one scenario with one method, fully resolved.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from os.path import isfile  # which says no of a name that is none, where Path raises
from pathlib import Path
from typing import Any, NamedTuple

from toygan.files import strict
from toygan.files.config import Config, Method, View
from toygan.files.memory import memory
from toygan.files.mistakes import Key, Mistake, Place, UserError, in_toml, plainly, shortened, suggestion
from toygan.files.own import PARTS, WORD, given, half_as_table, halves, in_its_file, is_own, short
from toygan.files.own_parts import filled
from toygan.files.shipped import shipped, shipped_folder
from toygan.files.strict import Names, Source, as_kind, json_default, refused, set_key
from toygan.files.world import BUILDERS, build_target
from toygan.game.constraints import CONSTRAINTS
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES
from toygan.game.zoo import ZOO
from toygan.targets.refusal import Refusal
from toygan.targets.target import Target, window

DEFAULT_METHOD = "wgan-gp"
KINDED = {*PARTS, "cast"}  # of a method, tables with a kind
NAMED = METHODS | ZOO  # every shipped method
METHOD: Key = ("method", "name")
TABLES = {"target": None, "generator": "mlp", "critic": "mlp"}  # tables with a kind, and the kind that need not be said
FARTHEST = 1e9
ECHOING = ("method", "generator", "critic")


def find(name: str) -> Path:
    """The file of a shipped name or of a path; UserError for neither."""
    path = Path(name)
    if name not in shipped() and path.suffix != ".toml" and isfile(path / "run.json"):
        again = f"its config repeats it: toygan run {path / 'config.toml'}"
        hint = again if (path / "config.toml").is_file() else "a recorded loop cannot be played; toygan draw draws it"
        wrong = "is the folder of a run and no scenario"
        raise UserError(Mistake(None, wrong, hint, place=Place(f"scenario {name!r}")))
    return strict.file_of("shipped scenario", name, shipped, shipped_folder())


def read(
    scenario: str | Callable[..., Any],
    method: str | Method | None = None,
    overrides: Sequence[str | tuple[str, Any]] = (),
    said: Mapping[str, Place] = {},
) -> Config:
    """Resolve a scenario (shipped name or path, or a target of one's own) and a method (name, OBJECTIVE+CONSTRAINT or `Method`),
    overrides last.

    An override is "KEY=VALUE" or a pair (KEY, value). `said` tells where pairs of some keys, and the method under
    "method.name", were said if not on the command line. Raises UserError with every mistake that was found.
    """
    return of_data(*scenario_of(scenario), method, overrides, said)


def of_data(
    file: Mapping[str, Any],
    source: Source,
    folder: Path,
    method: str | Method | None = None,
    overrides: Sequence[str | tuple[str, Any]] = (),
    said: Mapping[str, Place] = {},
) -> Config:
    """The same of what a file says, with its name, whose paths are relative to that folder."""
    said_there = copy.deepcopy(dict(file))
    taken = [overriding(override, said) for override in overrides]
    changes = sorted(taken, key=lambda change: not (change.key[-1] == "kind" or is_part(change.key)))  # kinds first
    own = [change for change in changes if change.key[0] == "methods"]
    apply(own, said_there)
    spelled, unknown = resolved(said_there, method)
    data = with_kinds(spelled, folder)
    cast = cast_of(data)
    apply([change for change in changes if change not in own], data)
    table, now = as_table(data.get("method")), cast_of(data)
    if now != cast and isinstance(now, str) and isinstance(table.get("name"), str):
        table["name"] += f"+{now}"  # overrides gave it another cast: `cgan` becomes `cgan+encoder`
    data, more = with_own(with_kinds(data, Path.cwd()))
    unknown += more
    places: dict[Key, Place] = {change.key: change.place for change in changes}
    if isinstance(method, str):
        places[METHOD] = said.get("method.name", Place(f"--method {shortened(method)}"))
    return with_view(checked(data, source._replace(overrides=places), unknown), unset_view(data))


def cast_of(data: Mapping[str, Any]) -> Any:
    return as_table(as_kind(as_table(data.get("method")).get("cast"))).get("kind")


def scenario_of(scenario: str | Callable[..., Any]) -> tuple[dict[str, Any], Source, Path]:
    """The data of a scenario, where they are from, and the folder that its paths start from; of a target of one's own,
    FILE.py:NAME or a function, a scenario of that target and nothing else.
    """
    if isinstance(scenario, str) and not WORD.fullmatch(scenario):
        path = find(scenario)
        file, source = strict.read_toml(path)
        return {"name": folder_name(path)} | file, source, path.parent
    target = half_as_table(scenario) if isinstance(scenario, str) else given(scenario)
    name = short(target["kind"])
    title = name.rpartition(".")[2].replace("_", " ")
    return {"name": name, "title": title, "target": target}, Source(str(scenario)), Path.cwd()


def unset_view(data: Mapping[str, Any]) -> list[str]:
    """Which axes of the view a scenario leaves to its target."""
    return [axis for axis in View.model_fields if axis not in as_table(data.get("view"))]


def with_view(config: Config, unset: Sequence[str]) -> Config:
    """The config with the window around its target's mass along those axes that no view was set for."""
    around = dict(view_around(build_target(config))) if unset else {}
    view = config.view.model_copy(update={axis: around[axis] for axis in unset})
    return config.model_copy(update={"view": view})


def view_around(target: Target) -> View:
    """The window around a target's mass, or the usual one where that is farther away than any file can say."""
    x, y = window(target)
    return View(x=x, y=y) if max(map(abs, (*x, *y))) <= FARTHEST else View()


def checked(data: Mapping[str, Any], source: Source, mistakes: Sequence[Mistake]) -> Config:
    """The config; UserError with these mistakes and all others."""
    config, more = strict.examined(Config, data)
    found = [*mistakes, *beyond(data), *more]
    bad = {mistake.key[0] for mistake in found if mistake.key}
    found += impossible_parts(data, bad) if found or config is None else impossible(config)
    if found or config is None:
        raise UserError(*strict.placed(found, data, source))
    return config


class Override(NamedTuple):
    """An override: its key, its value, and where it was said."""

    key: Names
    value: Any
    place: Place


def overriding(override: str | tuple[str, Any], said: Mapping[str, Place]) -> Override:
    """An override taken apart; UserError where it is none."""
    if isinstance(override, str):
        return Override(*strict.parse_override(override), Place(f"--set {shortened(override)}"))
    if not (isinstance(override, tuple) and len(override) == 2 and isinstance(override[0], str)):
        raise UserError(f"override {override!r}: expected a key and a value, for example {{'training.steps': 500}}")
    key, value = override
    typed = value if isinstance(value, str) else in_toml(json_default(value) if hasattr(value, "item") else value)
    place = said.get(key)
    return Override(strict.parse_key(key, place=place), value, place or Place(f"--set {key}={shortened(typed)}"))


def apply(changes: Sequence[Override], data: dict[str, Any]) -> None:
    for key, value, place in changes:
        set_key(data, key, (given(value) if callable(value) else as_kind(value)) if is_part(key) else value, place)


def is_part(key: Names) -> bool:
    """Whether a key is that of a table which may be said as a word, its kind."""
    return (len(key) == 1 and key[0] in TABLES) or (tuple(key[:-1]) == ("method",) and key[-1] in PARTS)


def folder_name(path: Path) -> str:
    """A file's name as the name of a scenario, for a file that does not say its own."""
    return re.sub(r"[^\w.+-]+", "-", path.stem).lstrip("-.+") or "scenario"


def resolved(data: dict[str, Any], method: str | Method | None) -> tuple[dict[str, Any], list[Mistake]]:
    """The file's data with its method spelled out under `method`, and what is wrong with the method's name."""
    own = as_table(data.get("methods"))
    asked = data.pop("method", {})
    if isinstance(asked, str):
        asked = {"name": asked}
    if not isinstance(asked, dict):
        return data | {"method": asked}, [Mistake(("method",), "must be a name or a table", 'for example "wgan-gp"')]
    if isinstance(method, Method):
        whole = method.model_dump(mode="json", exclude_unset=True)
        return data | {"method": merged({} if "objective" in asked else asked, whole) | {"name": name_of(method)}}, []
    name = asked.get("name", DEFAULT_METHOD) if method is None else method
    if "objective" not in asked or name != asked.get("name"):  # one that is spelled out is called as it likes
        name = spelled(name, own)
    # A method that is spelled out belongs to its name; without an objective, the keys are this world's habits for all.
    changes = asked if "objective" not in asked or name == asked.get("name") else {}
    mistakes: list[Mistake] = []
    base: Mapping[str, Any] = STAND_INS["method"]
    try:
        base = method_named(name, own, changes)
    except Refusal as error:
        mistakes.append(refused(METHOD, error))
    return data | {"method": merged(base, changes) | {"name": called(name, own)}}, mistakes


def called(name: Any, own: Collection[str] = ()) -> Any:
    """The name of a method as a run has it: `mine.py:my_loss+r1` is `mine.my_loss+r1`; any other word as it is."""
    both = halves(name) if isinstance(name, str) and name not in own else None
    return "+".join(short(half_as_table(half)["kind"]) for half in both if half != "none") if both else name


def name_of(method: Method) -> str:
    return "+".join(short(part.kind) for part in (method.objective, method.constraint) if part.kind != "none")


def with_own(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
    """The data with every option of the parts that are a user's own functions, and what is wrong with them."""
    found, mistakes = dict(data), list[Mistake]()
    if method := dict(as_table(data.get("method"))):
        for part in [part for part in PARTS if part in method]:
            method[part], wrong = with_options(method[part], part)
            mistakes += [mistake._replace(key=("method", *(mistake.key or ()))) for mistake in wrong]
        found["method"] = method
    for table in TABLES.keys() & data.keys():
        found[table], wrong = with_options(data[table], table)
        mistakes += wrong
    if isinstance(measures := data.get("measures"), list | tuple):
        both = [with_options(given(one) if callable(one) else as_kind(one), "measure") for one in measures]
        found["measures"] = [table for table, _ in both]
        mistakes += [mistake._replace(key=("measures",)) for _, wrong in both for mistake in wrong]
    return found, mistakes


def with_options(value: Any, part: str) -> tuple[Any, list[Mistake]]:
    """A part that is a user's own function with all its options, and what is wrong with them; any other as it is."""
    table = in_its_file(as_table(value))
    return filled(table, part) if is_own(table.get("kind")) else (value, [])


def spelled(name: Any, own: Collection[str] = ()) -> Any:
    """The name of a method as it is written here, whoever writes it WGAN-GP or wgan_gp; as it is where none is meant."""
    if not isinstance(name, str) or name in own or name in NAMED or halves(name):
        return name
    tables = ([*own, *NAMED],) if "+" not in name else (OBJECTIVES, CONSTRAINTS)
    plain = [{plainly(word): word for word in reversed([*table])} for table in tables]
    parts = name.split("+", 1)
    return "+".join(words.get(plainly(half), half) for half, words in zip(parts, plain, strict=True))


def method_named(name: Any, own: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table of a method: the file's own, a shipped one or a pair; Refusal for an unknown one."""
    if not isinstance(name, str):
        raise Refusal("must be a text", 'for example "wgan-gp"')
    if name in own:
        table = as_table(own[name])
        return {part: as_kind(value) if part in KINDED else value for part, value in table.items()}
    if name in NAMED:
        return NAMED[name]
    if "objective" in changes:  # a resolved file spells its method out
        return {}
    if own_halves := halves(name):
        return pair_named(*own_halves)
    head, plus, tail = name.partition("+")
    if not plus:
        raise Refusal("unknown", f"{suggestion(name, [*own, *NAMED], 'names')}, or a pair OBJECTIVE+CONSTRAINT")
    if "+" in tail:
        first, second = tail.split("+", 1)
        both = f"a second one is method.also: --method {head}+{first} --set method.also={second}"
        raise Refusal(f"{tail!r} is no constraint", both)
    return pair_named(head, tail)


def pair_named(head: str, tail: str) -> Mapping[str, Any]:
    """The table of a pair; Refusal where a half of it is nothing."""
    parts = {"objective": half_as_table(head), "constraint": half_as_table(tail)}
    for (what, part), legal in zip(parts.items(), (OBJECTIVES, CONSTRAINTS), strict=True):
        if (half := part["kind"]) not in legal and not is_own(half):
            raise Refusal(f"{half!r} is no {what}", suggestion(half, list(legal), what + "s"))
    return parts


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Base with changes on top, tables key by key; a table of another kind replaces the whole table."""
    result = copy.deepcopy(dict(base))
    for key, value in changes.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
            value = merged(old, value)
        result[key] = value
    return result


def with_kinds(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Spell out what may be left unsaid: the kinds of tables, a kind given as a word, paths relative to the folder."""
    data = copy.deepcopy(dict(given))
    for table, kind in TABLES.items():
        if kind and isinstance(data.setdefault(table, {}), dict):
            data[table].setdefault("kind", kind)
    for method in [data.get("method"), *as_table(data.get("methods")).values()]:
        for part in as_table(method).keys() & KINDED:
            method[part] = in_its_file(as_kind(method[part]))
    for target in (as_table(data.get("target")), as_table(data.get("source"))):
        at = target.get("path")
        if not is_own(target.get("kind")) and isinstance(at, str | Path) and "\0" not in str(at):
            target["path"] = str((folder / Path(at).expanduser()).resolve())
    return data


def as_table(value: Any) -> dict[str, Any]:
    """The value if it is a table, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def beyond(data: Any, key: Key = ()) -> list[Mistake]:
    """Numbers too large for single precision or the machine's memory, or with squares of nothing; seeds may be any."""
    if isinstance(data, Mapping | list | tuple):
        inner = dict(data) if isinstance(data, Mapping) else dict(enumerate(data))
        return [found for part in inner if part not in ("seed", "seeds") for found in beyond(inner[part], (*key, part))]
    size = abs(data) if isinstance(data, int | float) else 0
    if FARTHEST < size < math.inf:
        return [Mistake(key, "is too large; numbers of a scenario stay within 1e9")]
    return [Mistake(key, "is too small; numbers of a scenario are 0 or 1e-30 and more")] if 0 < size < 1e-30 else []


def impossible(config: Config) -> list[Mistake]:
    """What each part's own function refuses, though every key is legal by itself; or what no machine holds."""
    mistakes = []
    for key, build in BUILDERS:
        try:
            build(config)
        except UserError:  # in code of the user's own, with its line
            raise
        except UnicodeDecodeError:
            mistakes.append(Mistake((key, "path"), "is not UTF-8 text"))
        except OSError as error:
            mistakes.append(Mistake((key, "path"), f"cannot be read ({error.strerror})"))
        except ValueError as error:
            mistakes.append(refused((key,), error))
    # What is refused of a method is told once, where it was found first: players are built of it too.
    first = {mistake.message: mistake for mistake in reversed(mistakes) if mistake.key and mistake.key[0] in ECHOING}
    return [mistake for mistake in mistakes if first.get(mistake.message, mistake) is mistake] + too_big(config)


def impossible_parts(data: Mapping[str, Any], bad: set[str | int]) -> list[Mistake]:
    """What `impossible` says of the tables that are not `bad`, with harmless ones in place of the others."""
    good = {key: data[key] for key in ("target", "source", "generator", "critic") if key in data and key not in bad}
    if "source" in bad:  # it is there, though wrong: nothing lacks it
        good["source"] = STAND_INS["target"]
    config, _ = strict.examined(Config, STAND_INS | good)
    return impossible(config) if config else []


STAND_INS: dict[str, Any] = {
    "name": "any",
    "title": "any",
    "target": {"kind": "dirac"},
    "generator": {"kind": "point"},
    "critic": {"kind": "linear"},
    "method": {"name": "any", "objective": {"kind": "hinge"}},
}


def too_big(config: Config) -> list[Mistake]:
    """Whether the largest arrays, in bytes and generously, fit in what this machine has."""
    training, players = config.training, (config.generator, config.critic)
    seeds = training.seeds if isinstance(training.seeds, int) else len(training.seeds)
    shapes = [(whole(player, "width", 2), whole(player, "depth", 1)) for player in players]
    sizes = {
        "frames x seeds x points": 32 * training.frames * seeds * training.points,
        "data": 32 * (training.data or 0),
        "seeds x batch x width x depth": 8 * seeds * training.batch * sum(width * depth for width, depth in shapes),
        "seeds x batch x critic_steps": 32 * 32 * seeds * training.batch * (config.method.critic_steps + 1),
        "seeds x width x width x depth": 32 * seeds * sum(width * width * depth for width, depth in shapes),
    }
    there = memory()
    has = f"and this machine has {there / 2**30:.0f}; make one of them smaller"
    wrong = [
        f"{product} needs about {size / 2**30:.0f} GiB of memory" for product, size in sizes.items() if size > there
    ]
    return [Mistake(("training",), one, has) for one in wrong]


def whole(player: Any, option: str, usual: int) -> int:
    """An option of a player that is a whole number; the usual one where it is none, as one's own may be."""
    found = getattr(player, option, usual)
    return found if isinstance(found, int) else usual
