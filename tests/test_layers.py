"""The shape of the program, read from its source: imports point down, functions are short, nothing is pickled."""

import ast
import gc
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import toygan
from toygan.game.constraints import CONSTRAINTS
from toygan.game.methods import METHODS
from toygan.game.objectives import OBJECTIVES

ROOT = Path(toygan.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# The rooms of the house, from the top down: a module may import from its own room and from those below.
ROOMS = [
    "cli",
    "site",
    "exhibits",
    "many",
    "draw",
    "view",
    "session",
    "quantities",
    "engines",
    "files",
    "game",
    "targets",
]
# The only imports between modules of the game's parts, none of which knows how a game is played.
PARTS = {"objectives", "constraints", "networks", "players", "methods"}
BESIDE = {("constraints", "networks"), ("players", "networks")}
ALONE = {
    "targets.refusal",
    "files.mistakes",
    "files.strict",
    "files.shipped",
    "files.text",
    "files.disk",
    "game.methods",
}
TERMINAL = {"cli"}
DRAWN_FROM = {"draw", "view", "session", "quantities", "files"}
OWNERS = {"matplotlib": {"draw"}, "typer": TERMINAL, "rich": TERMINAL, "PIL": {"draw", "targets"}}


class Import(NamedTuple):
    """Who imports what, as dotted names below toygan, and where that stands."""

    who: str
    what: str
    line: str


def module_of(file: Path) -> str:
    """The dotted name of a file: draw/film.py -> draw.film, draw/__init__.py -> draw, __init__.py -> toygan."""
    parts = [part for part in file.relative_to(ROOT).with_suffix("").parts if part != "__init__"]
    return ".".join(parts) or "toygan"


def room_of(module: str) -> str:
    return module.split(".")[0]


@pytest.fixture(scope="module", autouse=True)
def trees() -> Iterator[None]:
    """A million small things without a circle: to look for one among them takes longer than all tests, so nobody does."""
    gc.disable()
    yield
    for kept in (tree_of, nodes_of, imports, own, docstrings):
        kept.cache_clear()
    gc.enable()


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def nodes_of(file: Path) -> list[ast.AST]:
    """All of a file's tree."""
    return list(ast.walk(tree_of(file)))


def imported(node: ast.AST) -> list[str]:
    """Dotted names that a node imports; `from toygan.game import rules` is toygan.game.rules."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written in full"
        named = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if name.removeprefix("toygan.") in MODULES else str(node.module) for name in named]
    return []


MODULES = {module_of(file) for file in FILES}


@cache
def imports() -> list[Import]:
    """Every import; found when it is asked for, as every process of the tests reads this file."""
    return [
        Import(module_of(file), name, f"{file.name}:{getattr(node, 'lineno', 0)}")
        for file in FILES
        for node in nodes_of(file)
        for name in imported(node)
    ]


@cache
def own() -> list[Import]:
    """Those of modules of toygan."""
    ours = [found for found in imports() if found.what.startswith("toygan.")]
    return [found._replace(what=found.what.removeprefix("toygan.")) for found in ours]


def inside() -> list[Import]:
    """Those of modules in rooms."""
    return [found for found in own() if found.who not in ("toygan", "__main__")]


def test_the_house_has_a_dozen_rooms():
    doors = {path.name for path in ROOT.iterdir() if not path.name.startswith("__pycache__")}
    assert doors - {"__init__.py", "__main__.py", "scenarios"} == set(ROOMS)
    assert len(ROOMS) <= 14


def test_imports_point_down():
    below = [found for found in inside() if ROOMS.index(room_of(found.what)) < ROOMS.index(room_of(found.who))]
    assert not below


def test_no_room_needs_more_than_eight_others():
    needs = {room: {room_of(found.what) for found in inside() if room_of(found.who) == room} - {room} for room in ROOMS}
    assert not {room: others for room, others in needs.items() if len(others) > 8}


def test_the_parts_of_a_game_do_not_know_each_other():
    pairs = {(found.who, found.what) for found in own() if found.who.removeprefix("game.") in PARTS}
    # How they refuse an option, and what they are all written in: numbers that may be turned, laws of random numbers.
    pairs -= {(f"game.{part}", what) for part in PARTS for what in ("targets.refusal", "game.dials", "game.laws")}
    pairs -= {("game.players", "targets.funnels")}  # formulas of points on the plane
    pairs -= {(f"game.{part}", "targets.target") for part in ("players", "constraints")}  # what an option may be
    assert pairs <= {(f"game.{who}", f"game.{what}") for who, what in BESIDE}


def test_nothing_imports_in_a_circle():
    below: dict[str, set[str]] = {module: set() for module in MODULES}
    for found in inside():
        if found.what != found.who and found.who != room_of(found.what):
            below[found.who].add(found.what)
    while leaves := {module for module, needs in below.items() if not needs}:
        below = {module: needs - leaves for module, needs in below.items() if module not in leaves}
    assert not below


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements in one or in a module, at any depth: what is not in an expression."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for one in getattr(node, block, ()):
            yield one
            yield from statements(one)


def made_in(file: Path) -> set[str]:
    """What a module makes itself, at any depth, and what it hands on by intent: a room's front door, `import Port as Port`."""
    found: set[str] = set()
    for node in nodes_of(file):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, ast.ImportFrom):
            door = file.name == "__init__.py"
            found |= {alias.name for alias in node.names if door or alias.asname == alias.name}
    return found


def test_a_name_is_imported_from_where_it_is_made():
    """Nobody hands on by accident what another module makes: a reader finds it where the import says."""
    made = {f"toygan.{module_of(file)}": made_in(file) for file in FILES if module_of(file) != "toygan"}
    others = [path for folder in ("tests", "docs", "benchmarks") for path in (ROOT.parent / folder).glob("*.py")]
    handed_on = [
        f"{file.name}:{node.lineno} {node.module} {alias.name}"
        for file in [*FILES, *others]
        for node in statements(tree_of(file) if file in FILES else ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in made
        for alias in node.names
        if alias.name not in made[node.module] and f"{node.module}.{alias.name}" not in made
    ]
    assert not handed_on


def test_what_everybody_needs_stands_alone():
    assert not [found for found in own() if found.who in ALONE and found.what not in ALONE]


@pytest.mark.parametrize("library", OWNERS)
def test_libraries_stay_with_their_owner(library):
    users = {room_of(found.who) for found in imports() if found.what.split(".")[0] == library}
    assert users <= OWNERS[library]


def test_drawing_knows_no_torch_and_no_method():
    drawing = [found for found in imports() if room_of(found.who) == "draw"]
    assert not {found.what.split(".")[0] for found in drawing} & {"torch", "sklearn", "ot"}
    assert {room_of(found.what) for found in own() if room_of(found.who) == "draw"} <= DRAWN_FROM
    names = {*METHODS, *OBJECTIVES, *CONSTRAINTS} - {"none", "clip"}  # matplotlib has these words too
    words = {
        node.value
        for file in FILES
        if room_of(module_of(file)) == "draw"
        for node in nodes_of(file)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not words & names


def test_engines_know_no_game():
    """Of other rooms only where things are kept."""
    needs = {found.what for found in own() if room_of(found.who) == "engines"}
    assert {what for what in needs if room_of(what) != "engines"} == {"files.cache"}
    assert {found.what for found in own() if found.who == "files.cache"} == {"files.disk"}
    text = "".join(file.read_text(encoding="utf-8") for file in FILES if room_of(module_of(file)) == "engines")
    assert not [name for name in METHODS if re.search(rf"\b{name}\b", text)]


@cache
def loaded_by(module: str) -> set[str]:
    """All modules that a process has which imports this one."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    return {*done.stdout.split()}


@pytest.mark.parametrize("module", ["toygan", "toygan.cli.main", "toygan.game.methods", "toygan.files.shipped"])
def test_quick_modules_import_nothing_heavy(module):
    assert module in (loaded := loaded_by(module))
    assert not {"torch", "numpy", "matplotlib", "sklearn", "scipy", "ot", "pydantic"} & loaded


@pytest.mark.parametrize("module", ["toygan.draw", "toygan.session.recording"])
def test_looking_at_a_recording_needs_no_torch(module):
    assert module in (loaded := loaded_by("toygan.draw"))
    assert "torch" not in loaded


# Where `run.json` is read and where it is written: everybody else has `Facts`, whose values have names.
READER, WRITER = "session", "many.run"


def keys_asked(file: Path) -> list[str]:
    """Where a file looks a key up in the facts of a run, `facts["steps"]` or `run.facts.get("steps")`."""
    found = []
    for node in nodes_of(file):
        looked = node.value if isinstance(node, ast.Subscript) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            looked = node.func.value
        if looked is not None and re.search(r"\bfacts(\.said)?$", ast.unparse(looked)):
            found.append(f"{file.name}:{node.lineno}")
    return found


def test_only_one_reader_asks_for_keys_of_run_json(tmp_path):
    others = [file for file in FILES if room_of(module_of(file)) != READER and module_of(file) != WRITER]
    assert not [place for file in others for place in keys_asked(file)]
    parsing = [file for file in others if re.search(r"\bread_json\b", file.read_text(encoding="utf-8"))]
    assert {module_of(file) for file in parsing} == {"files.disk"}
    (tmp_path / "a.py").write_text("facts['steps']\nrun.facts.get('floors')\nrun.facts.steps\nfacts.said['x']\n")
    assert keys_asked(tmp_path / "a.py") == ["a.py:1", "a.py:2", "a.py:4"]


def test_a_distance_needs_no_library_that_its_solver_does_without():
    """And leaves all of it to whoever asks for it later."""
    heavy = {"torch", "sklearn", "networkx", "scipy.stats", "scipy.optimize", "ot", "ot.bregman", "ot.gromov"}
    code = (
        "import sys, numpy; from toygan.quantities.transport import w1; points = numpy.eye(2); print(w1(points, points + 1));"
        f"print(sorted({heavy} & set(sys.modules)));"
        "sys.modules |= dict.fromkeys(('sklearn', 'networkx')); import ot;"  # which takes these where they are, for a second
        "print(w1(points, points + 1)); print(ot.lp is sys.modules['ot.lp'], ot.emd2 is ot.lp.emd2, callable(ot.sinkhorn))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    distance, found, again, whole = done.stdout.splitlines()
    assert float(distance) == float(again) == 2**0.5
    assert found == "[]"
    assert whole == "True True True"


def test_drawing_needs_no_library_of_fonts():
    """Of which matplotlib writes a PDF."""
    assert not {"fontTools.subset", "torch", "matplotlib.pyplot"} & loaded_by("toygan.draw")


def test_functions_are_short():
    functions = [
        (node.end_lineno - node.lineno + 1, f"{file.name}:{node.name}")
        for file in FILES
        for node in nodes_of(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert not [name for lines, name in functions if lines > 40]
    assert sorted(functions)[len(functions) // 2][0] <= 8


def types_in(file: Path) -> list[str]:
    """The public types that a module makes: classes, and other names for types, which begin like one.

    Of the command line the classes alone: what else begins so there are its options.
    """
    tree = tree_of(file).body
    classes = [node.name for node in tree if isinstance(node, ast.ClassDef)]
    assigned = [node for node in tree if isinstance(node, ast.Assign) and room_of(module_of(file)) != "cli"]
    targets = [target for node in assigned for target in node.targets]
    names = [target.id for target in targets if isinstance(target, ast.Name) and not target.id.isupper()]
    return [name for name in classes + names if name[0].isupper()]


def test_no_two_types_have_one_name():
    types = [(name, module_of(file)) for file in FILES for name in types_in(file)]
    assert len(types) > 300
    homes = {name: {home for other, home in types if other == name} for name, _ in types}
    assert not {name: where for name, where in homes.items() if len(where) > 1}


def test_nothing_is_pickled_or_run():
    assert not [
        found
        for found in imports()
        if found.what.split(".")[0] in {"pickle", "dill", "cloudpickle", "shelve", "marshal"}
    ]
    for file in FILES:
        for node in nodes_of(file):
            if isinstance(node, ast.Call):
                text = ast.unparse(node.func)
                assert text not in {"eval", "exec", "compile", "torch.load", "torch.save", "__import__"}, (
                    f"{file.name}:{node.lineno}"
                )
                if text in {"np.load", "numpy.load"}:
                    assert "allow_pickle=False" in ast.unparse(node), f"{file.name}:{node.lineno}"


def test_files_name_what_they_hold_themselves():
    """A renamed field must not change a file: no record is written by the names of a tuple's fields."""
    names = [node.attr for file in FILES for node in nodes_of(file) if isinstance(node, ast.Attribute)]
    assert not {"_asdict", "_fields", "asdict", "__dict__"} & set(names)


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
PRINTED = {"game", "targets"}  # rooms whose functions are rows that toygan show explains by their docstrings


def asked_of_others() -> set[str]:
    """What modules take from each other, such as files.own.short; of a module taken whole every name that is asked of it."""
    found: set[str] = set()
    for file in FILES:
        taken = [node for node in nodes_of(file) if isinstance(node, ast.ImportFrom)]
        whole = {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in taken for alias in node.names}
        asked = [node for node in nodes_of(file) if isinstance(node, ast.Attribute)]
        of_names = [node for node in asked if isinstance(node.value, ast.Name) and node.value.id in whole]
        found |= {*whole.values(), *(f"{whole[node.value.id]}.{node.attr}" for node in of_names)}
    return {name.removeprefix("toygan.") for name in found if name.startswith("toygan.")}


def test_what_others_import_says_what_it_is():
    """A function of one module alone whose name says it all needs no sentence."""
    functions = [(file, node) for file in FILES for node in tree_of(file).body if isinstance(node, ast.FunctionDef)]
    bare = {f"{module_of(file)}.{node.name}" for file, node in functions if not ast.get_docstring(node)}
    public = asked_of_others()
    assert {"files.own.short", "many.run.here"} <= public
    assert not {name for name in bare if name in public or room_of(name) in PRINTED}


@cache
def docstrings() -> dict[str, str]:
    """What is said of every module, class and function, by where it is."""
    return {
        f"{file.name}:{getattr(node, 'lineno', 1)}": text
        for file in FILES
        for node in nodes_of(file)
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node))
    }


OPERATOR = re.compile(r"^[=+*/^<>]|[=+*/^<>(]$")


def test_formulas_and_shapes_are_not_broken_over_lines():
    lines = [(place, line) for place, text in docstrings().items() for line in text.split("\n")]
    assert not [(place, line) for place, line in lines if line.count("`") % 2 or line.count("[") != line.count("]")]
    assert not [(place, line) for place, line in lines if OPERATOR.search(line)]


def test_formulas_keep_their_letters_at_the_beginning_of_a_sentence():
    """A symbol is no word: `M / (1 - b1^t)` is not the m that was meant. E is a mean, N a normal law."""
    beginnings = [(place, text) for place, text in docstrings().items() if re.match(r"[A-Z]\b(?!-)", text)]
    assert {text[0] for _, text in beginnings} <= {"A", "E", "N"}
    assert not [place for place, text in beginnings if text[0] == "E" and re.search(r"\be\b", text)]


def test_there_is_no_drawer_for_everything():
    assert not {file.stem for file in FILES} & {"utils", "helpers", "common", "misc"}


# functions that do the same for another kind of file or of code, or a level higher; a rule about a quantity has its name
NAMESAKES = {
    "exhibits": {"read", "planned", "tasks_of"},
    "many": {"carry_out", "keep_failure"},
    "quantities": {"again", "by_batch", "order", "weight_saturation"},
    "session": {"gauge"},
    "site": {"script"},
}


@pytest.mark.parametrize("room", ["exhibits", "files", "many", "quantities", "session", "site", "targets", "view"])
def test_a_functions_name_means_one_thing_in_its_room(room):
    trees = [tree_of(file) for file in FILES if room_of(module_of(file)) == room]
    names = Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))
    assert {name for name, count in names.items() if count > 1} == NAMESAKES.get(room, set())
