"""The shape of the program, read from its source: imports point down, functions are short, nothing is pickled."""

import ast
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

import toygan
from toygan.constraints import CONSTRAINTS
from toygan.methods import METHODS
from toygan.objectives import OBJECTIVES

ROOT = Path(toygan.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# From the top down; a module may import from its own row or from a lower one, as long as nothing goes in a circle.
LAYERS = [
    {"toygan", "__main__"},
    {"cli", "cli_many", "cli_distance", "cli_gallery", "cli_inside", "console"},
    {"faults"},
    {"exhibits", "gallery", "sweeps", "engines", "tasks", "catalogue"},
    {"runs"},
    {"draw"},
    {
        "measure",
        "measures",
        "diagnose",
        "story",
        "thresholds",
        "dirac",
        "distance",
        "optimal",
        "table",
        "results",
        "written",
    },
    {"cache"},
    {"simulate", "inside", "recording", "folder"},
    {"scenario", "strict", "shipped", "terminal", "disk", "records", "statistics", "text"},
    {"rules", "game", "streams", "optimisers"},
    {"objectives", "constraints", "networks", "players", "targets", "user_files", "methods"},
]
BOTTOM = LAYERS[-1]
# The only imports between modules of the bottom row.
BESIDE = {("constraints", "networks"), ("players", "networks"), ("targets", "user_files")}
TERMINAL = {"cli", "cli_many", "cli_distance", "cli_gallery", "cli_inside", "console", "faults"}
OWNERS = {"matplotlib": {"draw"}, "typer": TERMINAL, "rich": TERMINAL, "PIL": {"draw", "user_files"}}


class Import(NamedTuple):
    """Who imports what, and where that stands."""

    who: str
    what: str
    line: str


def module_of(file: Path) -> str:
    """The module of the first level a file belongs to: draw/film.py -> draw, __init__.py -> toygan."""
    first = file.relative_to(ROOT).parts[0].removesuffix(".py")
    return "toygan" if first == "__init__" else first


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(node: ast.AST) -> list[str]:
    """Dotted names that a node imports; `from toygan import game` is toygan.game."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written in full"
        return [f"toygan.{alias.name}" for alias in node.names] if node.module == "toygan" else [str(node.module)]
    return []


IMPORTS = [
    Import(module_of(file), name, f"{file.name}:{getattr(node, 'lineno', 0)}")
    for file in FILES
    for node in ast.walk(tree_of(file))
    for name in imported(node)
]
OWN = [found._replace(what=found.what.split(".")[1]) for found in IMPORTS if found.what.startswith("toygan.")]


def level(module: str) -> int:
    for number, layer in enumerate(LAYERS):
        if module in layer:
            return number
    return pytest.fail(f"say in LAYERS in tests/test_layers.py where {module!r} belongs")


def test_every_module_has_its_layer():
    assert len(FILES) > 15
    assert all(level(module_of(file)) >= 0 for file in FILES)


def test_imports_point_down():
    assert not [found for found in OWN if level(found.what) < level(found.who)]


def test_the_parts_of_a_game_do_not_know_each_other():
    pairs = {(found.who, found.what) for found in OWN if found.who in BOTTOM and found.what != found.who}
    assert pairs <= BESIDE


def test_nothing_imports_in_a_circle():
    below: dict[str, set[str]] = {module_of(file): set() for file in FILES}
    for found in OWN:
        itself = found.what == found.who or found.who == "toygan"
        if found.what in below and not itself:
            below[found.who].add(found.what)
    while leaves := {module for module, needs in below.items() if not needs}:
        below = {module: needs - leaves for module, needs in below.items() if module not in leaves}
    assert not below


def test_strict_and_shipped_and_methods_stand_alone():
    assert not [found for found in OWN if found.who in {"strict", "shipped", "methods"}]


@pytest.mark.parametrize("library", OWNERS)
def test_libraries_stay_with_their_owner(library):
    users = {found.who for found in IMPORTS if found.what.split(".")[0] == library}
    assert users <= OWNERS[library]


def test_drawing_knows_no_torch_and_no_method():
    assert not [
        found for found in IMPORTS if found.who == "draw" and found.what.split(".")[0] in {"torch", "sklearn", "ot"}
    ]
    assert not {found.what for found in OWN if found.who == "draw"} - {
        "draw",
        "recording",
        "measure",
        "records",
        "statistics",
        "disk",
    }
    names = {*METHODS, *OBJECTIVES, *CONSTRAINTS} - {"none", "clip"}  # matplotlib has these words too
    words = {
        node.value
        for file in FILES
        if module_of(file) == "draw"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not words & names


@pytest.mark.parametrize("module", ["toygan", "toygan.cli", "toygan.methods", "toygan.shipped"])
def test_quick_modules_import_nothing_heavy(module):
    heavy = "{'torch', 'numpy', 'matplotlib', 'sklearn', 'scipy', 'ot', 'pydantic'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["toygan.draw", "toygan.recording"])
def test_looking_at_a_recording_needs_no_torch(module):
    code = f"import sys, {module}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert done.stdout.strip() == "False"


def test_functions_are_short():
    functions = [
        (node.end_lineno - node.lineno + 1, f"{file.name}:{node.name}")
        for file in FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert not [name for lines, name in functions if lines > 40]
    assert sorted(functions)[len(functions) // 2][0] <= 8


def test_nothing_is_pickled_or_run():
    assert not [
        found for found in IMPORTS if found.what.split(".")[0] in {"pickle", "dill", "cloudpickle", "shelve", "marshal"}
    ]
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Call):
                text = ast.unparse(node.func)
                assert text not in {"eval", "exec", "compile", "torch.load", "torch.save", "__import__"}, (
                    f"{file.name}:{node.lineno}"
                )
                if text in {"np.load", "numpy.load"}:
                    assert "allow_pickle=False" in ast.unparse(node), f"{file.name}:{node.lineno}"


def test_there_is_no_drawer_for_everything():
    assert not {file.stem for file in FILES} & {"utils", "helpers", "common", "misc"}


def test_layers_have_no_module_twice():
    assert not [one & other for one, other in pairwise(LAYERS) if one & other]
