"""A user's own objective, penalty, rule or target: a function of a file that the command line named, or one given in Python.

A scenario, an exhibit or a sweep file may name such a part, `mine.py:my_loss`, and its options; it never makes it run: what
is not in `LOADED` is refused, and only `allow`, `recall` and `given`, which no file reaches, put something there.
"""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial, reduce
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from operator import or_
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
import torch
from pydantic import ConfigDict, Discriminator, Field, Tag
from torch import Tensor

from toygan.files.mistakes import Mistake, Place, UserError, shortened, suggestion
from toygan.files.own_settings import is_object, settings_of, what_runs
from toygan.files.strict import OWN, Strict, models_of
from toygan.game.constraints import Constraint, Sight
from toygan.game.dials import over
from toygan.game.laws import uniform
from toygan.game.networks import Network
from toygan.game.objectives import Extra, Heads, Losses, Objective, needs_real
from toygan.game.players import Generator
from toygan.game.rules import Rule
from toygan.targets.target import Target

WORD = re.compile(r"(?P<path>.+\.py):(?P<name>[^\W\d]\w*)")
PAIR = re.compile(r"(?P<objective>.+?\.py:[^+]*|[^+]*)\+(?P<constraint>.*)")
KIND = re.compile(r"[^/\\]+:\w+")
IN_PYTHON = "python"  # where a function comes from that is in no file of its own
TAKEN = {"kind", "path", "r", "g", "sight"}  # words that no option can have
LOADED: dict[tuple[str, str], Code] = {}  # by kind and path: what was named on the command line, or given in Python
PARTS = ("objective", "constraint", "also", "update")  # of a method, that may be a user's own
PLAYED = ("target", "generator", "critic")  # of a config


class Own(Strict):
    """A user's own part: what it is called, its file (of one given in Python the beginning of its digest), its options."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, bool | int | float | str | tuple[float, ...] | tuple[int, ...] | tuple[str, ...]]

    kind: Annotated[str, Field(pattern=KIND.pattern)]
    path: str


class Code(NamedTuple):
    """A function of a user's, what it is called, the file in which its lines are, and its source."""

    kind: str
    function: Callable[..., Any]
    path: str
    file: str
    source: bytes

    def __hash__(self) -> int:
        """A callable that compares by value, as a dataclass does, has no hash of its own."""
        return hash((self.kind, self.path, id(self.function)))

    @property
    def digest(self) -> str:
        return sha256(self.source).hexdigest()

    @property
    def place(self) -> Place:
        known = getattr(inspect.unwrap(what_runs(self.function)), "__code__", None)
        return source_line(self.file, getattr(known, "co_firstlineno", 0))

    def fault(self, wrong: str, hint: str = "") -> UserError:
        """What is wrong with it, with its place."""
        return UserError(Mistake(None, f"{self.kind}: {wrong}", hint, place=self.place))


def is_own(kind: Any) -> bool:
    """Whether the kind of a part is a user's own function."""
    return isinstance(kind, str) and bool(KIND.fullmatch(kind))


def tag_of(value: Any) -> Any:
    """Which choice of a part's type a value is for."""
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return OWN if is_own(kind) else kind


def own_or_one_of(table: Mapping[str, Callable[..., Any]], *extra: Callable[..., Any]) -> Any:
    """The type "one row of this table, or a user's own function"; more options as in `one_of`."""
    models = {**models_of(table, *extra), OWN: Own}
    tagged = [Annotated[model, Tag(kind)] for kind, model in models.items()]
    return Annotated[reduce(or_, tagged), Discriminator(tag_of)]


def short(kind: str) -> str:
    """A kind as a word that may name a folder: `mine.py:my_loss` is `mine.my_loss`."""
    file, colon, name = kind.rpartition(":")
    return re.sub(r"[^\w.-]+", "-", file.removesuffix(".py")).lstrip("-.") + "." + name if colon else kind


def halves(word: str) -> tuple[str, str] | None:
    """Both halves of a pair with a part of one's own, `mine.py:my_loss` being one without a constraint; None for other words."""
    found = PAIR.fullmatch(word)
    both = (found["objective"], found["constraint"]) if found else (word, "none")
    return both if any(map(WORD.fullmatch, both)) else None


def half_as_table(word: str) -> dict[str, Any]:
    """A half of a pair as a table: its kind and, for one's own, its file."""
    if not (found := WORD.fullmatch(word)):
        return {"kind": word}
    return {"kind": f"{Path(found['path']).name}:{found['name']}", "path": absolute(found["path"])}


def in_its_file(table: Any) -> Any:
    """The table of a part, with the file of one's own where it says that in its kind alone; any other value as it is."""
    kind = table.get("kind") if isinstance(table, Mapping) and "path" not in table else None
    return {**table, **half_as_table(kind)} if isinstance(kind, str) and WORD.fullmatch(kind) else table


def absolute(path: str) -> str:
    return str(Path(path).expanduser().resolve())


# --- from a file or a cell to a function -------------------------------------------------------------------------------


def allow(words: Iterable[Any]) -> None:
    """Load what was named on the command line: of `mine.py:my_loss+r1` or `method.also=mine.py:my_penalty` the function of
    that file. UserError for a file that cannot be imported or has no such function.
    """
    for text in (text for word in words for text in texts_in(word)):
        allow_named(half for half in halves(text) or () if WORD.fullmatch(half))


def texts_in(word: Any) -> list[str]:
    """The words in what was said of a key: one, or those of a list."""
    if isinstance(word, list | tuple):
        return [text for one in word for text in texts_in(one)]
    if not isinstance(word, str):
        return []
    text = word.rpartition("=")[2].strip()
    return [one.strip(" \"'") for one in (text[1:-1].split(",") if text.startswith("[") else [text])]


def function_named(word: str) -> Code:
    """The function that FILE.py:NAME names. UserError for any other word."""
    if not (found := WORD.fullmatch(word)):
        raise UserError(Mistake(None, "is no FILE.py:NAME, such as mine.py:my_loss", place=Place(repr(word))))
    return load(absolute(found["path"]), found["name"])


def allow_named(words: Iterable[str]) -> None:
    """Load every FILE.py:NAME of an option that names what may run. UserError for any other word."""
    for word in words:
        function_named(word)


def load_again(config: Mapping[str, Any], functions: Iterable[Code] = ()) -> None:
    """Load the parts of a config that another process of the same command has checked, and take functions that it was given."""
    for code in functions:
        in_reach(code)
    for table in own_tables(config).values():
        if str(table.get("path")).endswith(".py"):
            load(table["path"], table["kind"].rpartition(":")[2])


def settled(config: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Make the functions that are loaded those of a recorded config, which knows the digests of its inputs: of the same name and
    source, wherever their file lies now. UserError for a file that has changed since.
    """
    for table in own_tables(config).values():
        kind, path = str(table.get("kind")), str(table.get("path"))
        name, wanted = kind.rpartition(":")[2], inputs.get(path)
        alike = [one for one in LOADED.values() if one.kind.rpartition(":")[2] == name and wanted == one.digest]
        if alike:
            in_reach(alike[-1]._replace(kind=kind, path=path))
        elif (kind, path) in LOADED and path.endswith(".py"):
            wrong, hint = "has changed since this run", "the run's folder has a copy of what it was: name that one"
            raise UserError(Mistake(None, wrong, hint, place=Place(path)))


def own_tables(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The tables of a config that are a user's own functions, by the part that they are."""
    method, measures = config.get("method"), config.get("measures")
    parts = {part: method.get(part) for part in PARTS} if isinstance(method, Mapping) else {}
    parts |= {table: config.get(table) for table in PLAYED}
    listed = measures if isinstance(measures, list | tuple) else ()
    parts |= {f"measure {i}": one for i, one in enumerate(listed, 1)}
    return {part: table for part, table in parts.items() if isinstance(table, dict) and is_own(table.get("kind"))}


def own_code(config: Any) -> dict[str, Code]:
    """The user's own functions among the parts of a parsed config."""
    return {part: code_of(Own(**table)) for part, table in own_tables(config.model_dump()).items()}


def load(path: str, name: str) -> Code:
    module, source = imported(path)
    function: Any = getattr(module, name, None)
    samples = callable(getattr(function, "sample", None))  # as torch's distributions do, which are not called
    if not callable(function) and not samples:
        things = {key: one for key, one in vars(module).items() if inspect.isfunction(one) or inspect.isclass(one)}
        own = [key for key, one in things.items() if one.__module__ == module.__name__]
        wrong = f"has no function {name!r}" if function is None else f"{name} is no function"
        raise UserError(Mistake(None, wrong, suggestion(name, own, "names") if own else "", place=Place(path)))
    return in_reach(Code(f"{Path(path).name}:{name}", function, path, path, source))


def imported(path: str) -> tuple[ModuleType, bytes]:
    """A file as a module, with its neighbours within reach, and its source. UserError, with the line, where it cannot be."""
    try:
        source = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        wrong = f"cannot be read ({getattr(error, 'strerror', error)})"
        raise UserError(Mistake(None, wrong, place=Place(path))) from None
    linecache.checkcache(path)
    name = f"toygan_own_{Path(path).stem}"
    loader = Anew(name, path)
    module = module_from_spec(spec_from_file_location(name, path, loader=loader))  # type: ignore[arg-type]
    sys.modules[name] = module
    folder = str(Path(path).parent)  # its neighbours may be imported
    with blaming(path):
        sys.path.insert(0, folder)
        try:
            loader.exec_module(module)
        finally:
            sys.path.remove(folder)
    return module, source


class Anew(SourceFileLoader):
    """Compiles a file as it stands: byte code that was kept of it is told from a change by the second only."""

    def get_code(self, fullname: str) -> Any:  # noqa: ARG002
        return self.source_to_code(self.get_data(self.path), self.path)


def given(function: Any) -> dict[str, Any]:
    """A part of a method from a function that was given in Python, or a `functools.partial` that sets its options: its table."""
    bare, options = (function.func, dict(function.keywords)) if isinstance(function, partial) else (function, {})
    name = re.sub(r"\W", "_", getattr(bare, "__name__", type(bare).__name__))
    text = type(inspect.unwrap(bare)) if is_object(bare) else bare
    try:
        source, file = inspect.getsource(text), inspect.getsourcefile(text) or ""
    except (OSError, TypeError):  # typed at a prompt, which keeps no text
        source, file = getattr(getattr(what_runs(bare), "__code__", None), "co_code", b"").hex(), ""
    known = sha256(f"{source}{settings_of(bare)}".encode()).hexdigest()[:16]
    code = in_reach(Code(f"{IN_PYTHON}:{name}", bare, known, file, source.encode()))
    return {"kind": code.kind, "path": known, **options}


def in_reach(code: Code) -> Code:
    LOADED[code.kind, code.path] = code
    return code


def is_loaded(part: Own) -> bool:
    """Whether the function of a part is there."""
    return (part.kind, part.path) in LOADED


def code_of(part: Own) -> Code:
    """The function of a part. UserError where it was not named on the command line or given in Python."""
    if not is_loaded(part):
        where = f"{part.path}:{part.kind.rpartition(':')[2]}"
        way = "its function was given in Python, and has to be again"
        if part.path.endswith(".py"):
            way = f"name it there: --own {where}, or in Python toygan.load(folder, own=[{where!r}])"
        wrong = f"{part.kind}: own code runs only where its file is named on the command line"
        raise UserError(Mistake(None, wrong, way))
    return LOADED[part.kind, part.path]


# --- what it takes -----------------------------------------------------------------------------------------------------


class Form(NamedTuple):
    """A part as a function: its name, what it is given and returns; the whole part's type, and what a game calls of it."""

    what: str
    takes: tuple[str, ...]
    returns: str
    made: type[Any]
    calls: str = ""


PENALTY = Form("a penalty", ("sight",), "a penalty [seed]", Constraint, "penalty")
LOSSES = "a pair (critic, generator) of losses, each [seed]"
SHAPES = {
    "objective": Form("an objective", ("r", "g"), LOSSES, Objective, "losses"),
    "constraint": PENALTY,
    "also": PENALTY,
    "update": Form("a rule", ("game", "state", "draw"), "the next state", Rule, "step"),
    "measure": Form("a measure", ("points", "real"), "a number", float),
    "target": Form("a target", ("rng", "n"), "points [n, 2], or points and a label for each", Target, "sample"),
    "generator": Form("a generator", ("inputs", "outputs"), "a torch.nn.Module", Generator),
    "critic": Form("a critic", ("inputs", "outputs"), "a torch.nn.Module", Network),
}


def takes(code: Code, part: str) -> int:
    """How many tensors a function is given: as many as its part gives, or none, where it takes options alone and returns
    the whole part. UserError for any other number.
    """
    fixed = [name for name, parameter in parameters(code).items() if is_fixed(parameter)]
    if len(fixed) not in (0, len(SHAPES[part].takes)):
        raise wrong_shape(code, part, f"it takes {', '.join(fixed)}")
    return len(fixed)


def wrong_shape(code: Code, part: str, said: str) -> UserError:
    """What is said of a function that is no such part."""
    want = SHAPES[part]
    name, call = code.kind.rpartition(":")[2], ", ".join(want.takes)
    hint = f"write def {name}({call}, *, option: float = 1.0), which returns {want.returns}; toygan check says more"
    return UserError(Mistake(None, f"{name} is not the function of {want.what}: {said}", hint, place=code.place))


def parameters(code: Code) -> Mapping[str, inspect.Parameter]:
    """A function's parameters. UserError for one that does not tell them."""
    try:
        return inspect.signature(what_runs(code.function)).parameters
    except (TypeError, ValueError):
        raise code.fault("does not tell what it takes") from None


def is_fixed(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is none of the options."""
    free = (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return parameter.kind in (*free, parameter.VAR_POSITIONAL) and parameter.default is parameter.empty


def called_as(code: Code, part: str, function: Callable[..., Any], options: Iterable[inspect.Parameter]) -> Code:
    """The same code as a function of what its part is given, and of options by name."""
    given = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in SHAPES[part].takes]
    by_name = [one.replace(kind=one.KEYWORD_ONLY) for one in options]
    function.__signature__ = inspect.Signature([*given, *by_name])  # type: ignore[attr-defined]
    return code._replace(function=function)


def signed(code: Code) -> Callable[..., Any]:
    """A function of a user's options alone, its other parameters, by their annotations or by their defaults' types."""
    with blaming(code.file):
        hints = get_type_hints(what_runs(code.function), include_extras=True)
    found = [option(code, name, one, hints) for name, one in parameters(code).items() if not is_fixed(one)]

    def row(**options: Any) -> Any:
        return code.function(**options)

    row.__annotations__ = {one.name: one.annotation for one in found}
    row.__signature__ = inspect.Signature(found)  # type: ignore[attr-defined]
    return row


def option(code: Code, name: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> inspect.Parameter:
    """An option as the tables' own rows have it. UserError for one that says nothing of what is legal."""
    default = parameter.default
    hint = hints.get(name, type(default) if isinstance(default, bool | int | float | str) else None)
    if parameter.kind is parameter.VAR_KEYWORD or hint is None or name in TAKEN:
        why = "is a word of toygan's own; call it otherwise" if name in TAKEN else "needs an annotation, such as float"
        raise code.fault(f"its option {name!r} {why}")
    default = float(default) if hint is float and isinstance(default, int) else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


# --- from a function and its options to a part -------------------------------------------------------------------------


def own_objective(code: Code, /, **options: Any) -> Objective:
    """A user's own objective."""

    def losses(real: Heads, fake: Heads, extra: Extra) -> Losses:
        r, g = real["score"], fake["score"]
        if not any(is_by_seed(option) for option in options.values()):
            return pair(code, answer_of(code, (r, g), options, r), len(r))
        alone = [pair(code, answer_of(code, one, its, one[0]), 1) for *one, its in each_seed(r, g, options)]
        return Losses(*map(torch.cat, zip(*alone, strict=True)))

    return Objective(losses, looks_at_real(code))


def is_by_seed(option: Any) -> bool:
    return isinstance(option, Tensor) and option.ndim == 1


def each_seed(r: Tensor, g: Tensor, options: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The scores and options of one seed after the other: a user's function need not know how a dial [seed] is laid out."""
    for s in range(len(r)):
        its = {name: option[s] if is_by_seed(option) else option for name, option in options.items()}
        yield r[s : s + 1], g[s : s + 1], its


@cache
def looks_at_real(code: Code) -> bool:
    """Whether the generator's loss depends on real scores, as far as can be told without options."""
    try:
        return needs_real(lambda r, g: pair(code, code.function(r, g), len(r)))
    except Exception:  # it needs options, or something is wrong with it, which is told when it is tried
        return True


def own_constraint(code: Code, /, **options: Any) -> Constraint:
    """A user's own penalty. It may ask for `mix`, a number from 0 to 1 a point."""

    def penalty(sight: Sight) -> Tensor:
        seeds = sight.real[:, 0, 0]
        return one_a_seed(code, answer_of(code, (sight,), options, seeds), len(seeds), "penalty")

    return Constraint(penalty, draws={"mix": uniform(1)})


def made_whole(code: Code, part: str, /, **options: Any) -> Any:
    """The part that a function of options alone returns, whose faults are told as the user's."""
    want = SHAPES[part]
    with blaming(code.file):
        made = code.function(**options)
    if not isinstance(made, want.made):
        raise wrong_shape(code, part, f"it takes options alone and returns {in_words(made)}, no {want.made.__name__}")
    return made._replace(**{want.calls: blaming(code.file)(getattr(made, want.calls))})


def answer_of(code: Code, given: Sequence[Any], options: Mapping[str, Any], values: Tensor) -> Any:
    """What a user's function says, with its dials as they go with these values."""
    with blaming(code.file):
        dials = {name: over(one, values) for name, one in options.items() if isinstance(one, Tensor)}
        return code.function(*given, **{**options, **dials})


def pair(code: Code, said: Any, seeds: int) -> Losses:
    """The losses that a user's function has returned. UserError where they are none."""
    both = [said.get("critic"), said.get("generator")] if isinstance(said, Mapping) else said
    if not isinstance(both, tuple | list) or len(both) != 2:
        raise wrong_shape(code, "objective", f"it returns {in_words(said)}")
    critic, generator = both
    return Losses(one_a_seed(code, critic, seeds, "loss of the critic"),
                  one_a_seed(code, generator, seeds, "loss of the generator"))  # fmt: skip


def one_a_seed(code: Code, said: Any, seeds: int, what: str) -> Tensor:
    """A tensor [seed] that a user's function has returned. UserError for anything else."""
    if not isinstance(said, Tensor) or said.shape != (seeds,):
        wrong = f"the {what} is {in_words(said)} where one number a seed is wanted, [{seeds}]"
        hint = "scores are [seed, batch, 1]: a mean over dim=(1, 2) gives [seed]; slopes are [seed, batch, 2]"
        raise code.fault(wrong, hint)
    return said


def in_words(said: Any) -> str:
    """What a value is."""
    if isinstance(said, Tensor):
        return f"a tensor {list(said.shape)}"
    if isinstance(said, np.ndarray):
        return f"an array {list(said.shape)}"
    if isinstance(said, tuple | list):
        return f"a {type(said).__name__} of {len(said)}: {', '.join(map(in_words, said))}"
    return f"{type(said).__name__} {shortened(repr(said), 40)}" if said is not None else "nothing"


# --- whose fault it is -------------------------------------------------------------------------------------------------


@contextmanager
def blaming(file: str) -> Iterator[None]:
    """UserError, with the line of the user's file, for whatever its code raises; what toygan itself raises passes."""
    try:
        yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # theirs may be of no usual kind
        if not type(error).__module__.startswith("toygan."):
            raise UserError(Mistake(None, in_one_line(error), place=place_of(error, file))) from None
        raise


def in_one_line(error: BaseException) -> str:
    """An error's type and its words, none where its own code cannot say them."""
    try:
        words = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:
        words = "an error that cannot be put into words"
    return shortened(" ".join(f"{type(error).__name__}: {words}".split()), 200)


def place_of(error: BaseException, file: str) -> Place:
    """The innermost line of a file at which an error came up."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return source_line(file, error.lineno or 0)
    lines = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return source_line(file, lines[-1] if lines else 0)


def source_line(file: str, number: int) -> Place:
    return Place(file, number, text=shortened(linecache.getline(file, number).strip()))
