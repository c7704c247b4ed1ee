"""What somebody meets who types `toygan` for the first time: what to type next, help in words, names, completion."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys

import pytest
from test_cli import SMALL, call, here  # noqa: F401  (a fixture)
from typer.testing import CliRunner

import toygan
from toygan.cli import completion
from toygan.cli.catalogue import LISTS, pages
from toygan.cli.completion import rows_of
from toygan.cli.main import EXAMPLES, FIRST, app, in_lines
from toygan.cli.shared import in_columns
from toygan.files import scenario
from toygan.files.catalogue import ROWS
from toygan.files.config import Config, Method, Training, View
from toygan.files.mistakes import UserError
from toygan.files.scenario import read, spelled
from toygan.game.methods import METHODS
from toygan.quantities.diagnosis import RULES
from toygan.quantities.glossary import label_lines, thresholds_of
from toygan.quantities.table import QUANTITIES
from toygan.quantities.thresholds import THRESHOLDS
from toygan.targets.target import moved

COMMANDS = [
    "run",
    "draw",
    "compare",
    "list",
    "show",
    "doctor",
    "check",
    "lab",
    "sweep",
    "table",
    "demo",
    "gallery",
    "protocol",
    "distance",
    "dirac",
]


# --- what to type next -----------------------------------------------------------------------------------------------


def test_toygan_alone_says_what_to_type_next():
    told = call().stdout
    assert all(command in told for command in FIRST)
    assert len(told.splitlines()) <= 10
    assert max(map(len, told.splitlines())) <= 80
    assert "toygan --help" in told


@pytest.mark.parametrize("command", [name for name in EXAMPLES if name])
def test_a_command_without_its_words_shows_examples(command):
    told = call(command, code=2).stderr
    assert "Missing argument" in told
    assert all(example in told for example in EXAMPLES[command])
    assert f"{command} --help says more" in told
    assert max(map(len, told.splitlines())) <= 80


def test_examples_are_commands_that_exist():
    names = {command.split()[1] for table in (FIRST, *EXAMPLES.values()) for command in table}
    assert names <= set(COMMANDS)


def test_the_version_is_told():
    assert call("--version").stdout == f"toygan {toygan.__version__}\n"


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=str)
def test_help_speaks_no_types(command):
    told = call(*command, "--help").stdout
    for word in ("<", "INTEGER", "TEXT", "range", "x>=", "x<=", "list["):
        assert word not in told
    assert "None" not in told


@pytest.mark.parametrize("columns", [60, 120])
@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=str)
def test_help_cuts_no_word(command, columns):
    told = CliRunner().invoke(app, [*command, "--help"], terminal_width=columns).stdout
    assert "…" not in told
    assert not re.search(r"[a-z]\.\.\.", told)  # as a sentence that is cut ends
    assert max(map(len, told.splitlines())) <= columns
    if command and command[0] in ("run", "sweep"):
        assert "(points [n, 2], real [n, 2])" in " ".join(told.split())


@pytest.mark.parametrize("columns", [60, 120])
def test_what_to_type_next_has_room_in_any_terminal(columns):
    for commands in (FIRST, *EXAMPLES.values()):
        lines = in_lines(commands, columns)
        assert " ".join(" ".join(lines).split()).count("toygan") >= len(commands)
        assert all(len(line) <= max(columns, 4 + max(map(len, commands))) for line in lines)


def test_a_last_column_without_room_stands_beneath():
    rows = [("a name", "what is said of it at length")]
    assert in_columns(rows) == "a name  what is said of it at length"
    assert in_columns(rows, 33) == "a name  what is said of it at\n        length"
    assert in_columns(rows, 31) == "a name\n    what is said of it at\n    length"


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("WGAN-GP", "wgan-gp"), ("wgan_gp", "wgan-gp"), ("Hinge+R1", "hinge+r1"), ("F_KL+None", "f-kl+none")],
)
def test_a_method_is_known_in_any_spelling(typed, meant, here):  # noqa: F811
    assert read("small.toml", typed) == read("small.toml", meant)
    assert spelled(typed) == meant
    assert pages(typed) == pages(meant)


def test_a_method_of_ones_own_keeps_its_spelling(here):  # noqa: F811
    own = SMALL + '[methods.GAN]\nobjective = "hinge"\n'
    (here / "own.toml").write_text(own)
    assert read("own.toml", "GAN").method.objective.kind == "hinge"
    assert read("own.toml", "gan").method.objective.kind == "minimax"
    assert read("own.toml", "MINE").method.name == "mine"
    (here / "again.toml").write_text(
        'title = "A"\n[target]\nkind = "dirac"\n[method]\nname = "WGAN"\nobjective = "hinge"\n'
    )
    assert read("again.toml").method.name == "WGAN"


@pytest.mark.parametrize(("typed", "near"), [("wgangp", "wgan-gp"), ("WGAN-GB", "wgan-gp"), ("hinge+R11", "r1")])
def test_a_near_miss_is_suggested(typed, near, here):  # noqa: F811
    with pytest.raises(UserError, match=rf'did you mean .*"{near}"'):
        read("small.toml", typed)


def test_what_show_does_not_know_is_told_in_a_line():
    assert call("show", "foo", code=2).stderr == "toygan: show 'foo': unknown; toygan list says every name\n"
    assert 'did you mean "wgan-gp"' in call("show", "wgan-gpp", code=2).stderr


# --- the glossary ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [label for label, *_ in RULES])
def test_every_label_is_explained_by_its_rule_and_thresholds(label):
    told = call("show", label).stdout
    _, predicate, rule, unless = next(row for row in RULES if row[0] == label)
    assert " ".join(rule.__doc__.split()) in told
    assert predicate in told
    assert all(other in told for other in unless)
    assert thresholds_of(label)
    assert all(THRESHOLDS[name][1] in told for name in thresholds_of(label))


def test_thresholds_are_those_that_a_rule_asks_for():
    assert thresholds_of("diverged") == ["runaway"]
    assert {"claims", "slopes", "logits"} <= set(thresholds_of("runaway-critic"))  # by way of a table
    assert {"floors", "astray", "quarter"} <= set(thresholds_of("converged"))  # by way of another module
    assert "quarter" not in thresholds_of("runaway-generator")  # a variable of theirs has the name of a function
    everywhere = {name for label, *_ in RULES for name in thresholds_of(label)}
    assert set(THRESHOLDS) - everywhere == {"reach", "regions", "crowd"}  # these make the places that rules look at
    assert all(label_lines(label)["what"] for label, *_ in RULES)


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_quantity_is_explained_under_its_name_and_under_what_pictures_call_it(name):
    row = QUANTITIES[name]
    (page,) = [page for page in pages(name) if page.title.startswith("quantity")]
    assert page.title == f"quantity {name}: {row.label}"
    assert page.lines["what"] == row.about
    assert page in pages(row.label)


def test_labels_and_quantities_are_listed():
    found = json.loads(call("list", "--json").stdout)
    assert set(found["labels"]) == {label for label, *_ in RULES}
    assert set(found["quantities"]) == set(QUANTITIES)


# --- completion ------------------------------------------------------------------------------------------------------


def test_completion_knows_every_name():
    names = set(completion.shown_names())
    unwritten = {
        name for name in QUANTITIES if name.startswith("slope_") and name != "slope_alignment"
    }  # made in a loop
    assert names == {name for rows in LISTS.values() for name in rows()} - unwritten
    assert set(completion.lists()) == {"all", *LISTS}
    assert rows_of("game.methods", "METHODS") == list(METHODS)


def test_completion_offers_the_keys_of_a_scenario_and_no_others():
    offered = {key.rstrip("=") for key in completion.settings()}
    for table, model in (("", Config), ("view.", View), ("training.", Training), ("method.", Method)):
        names = {table + name for name in model.model_fields} - {
            "name",
            "methods",
            *scenario.TABLES,
            "source",
            "view",
            "training",
        }
        assert {key for key in offered if key.rpartition(".")[0] == table.rstrip(".")} == names - {"method"}
    for table, kinds in completion.KINDS.items():
        functions = [*ROWS[kinds.removesuffix("s")].values(), *([moved] if kinds == "targets" else [])]
        parameters = [each for function in functions for each in inspect.signature(function).parameters.values()]
        names = {table + each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
        assert {key for key in offered if key.startswith(table) and key.count(".") == table.count(".")} == (
            names | {f"{table}kind"}
        )


OFFERED = {
    "toygan show wgan-g": "wgan-gp",
    "toygan show gradient-p": "gradient-penalty",
    "toygan show still": "still-improving",
    "toygan run swiss": "swiss-roll",
    "toygan run swiss-roll --set training.st": "training.steps=",
    "toygan run swiss-roll --set method.constraint.w": "method.constraint.weight=",
    "toygan sweep swiss-roll --grid training.ba": "training.batch=",
    "toygan sweep swiss-r": "swiss-roll",
    "toygan list lab": "labels",
    "toygan table runs --measure on_s": "on_skeleton",
}
COMPLETE = """
import contextlib, io, json, os, sys
from toygan.cli.main import app
for line in json.loads(sys.argv[1]):
    os.environ |= {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_TOYGAN_COMPLETE": "complete_bash"}
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        app(prog_name="toygan")
    heavy = {"torch", "matplotlib", "sklearn", "scipy", "numpy"} & sys.modules.keys()
    print(json.dumps([line, said.getvalue().split(), sorted(heavy)]))
"""


@pytest.fixture(scope="module")
def completed() -> dict[str, tuple[list[str], list[str]]]:
    """For each line what the Tab key offers at its end, and what heavy was imported by then, in one process of their own."""
    words = [sys.executable, "-c", COMPLETE, json.dumps([*OFFERED])]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return {line: (offered, heavy) for line, offered, heavy in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("line", OFFERED)
def test_completion_imports_nothing_heavy(line, completed):
    offered, heavy = completed[line]
    assert OFFERED[line] in offered
    assert heavy == []


def test_every_command_of_the_house_is_in_these_tests():
    assert {command.name or command.callback.__name__ for command in app.registered_commands} == set(COMMANDS)
