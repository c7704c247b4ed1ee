"""The documents: their commands run, their tables are the program's own, their pictures are there."""

import re
import runpy
import shlex
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from conftest import sampled
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.game.methods import METHODS
from toygan.game.zoo import ZOO

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SMALL = [f"--set=training.{budget}" for budget in ("steps=4", "points=60", "batch=16", "frames=3")]


def commands(document: Path) -> list[list[str]]:
    """Every `toygan ...` line of the document's shell blocks, as words."""
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split(" && ")[-1] for block in blocks for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] for line in words if line and Path(line[0]).name == "toygan"]


FILE = r"```python\n# (\w+\.py)\n(.*?)```"


def files(document: Path) -> dict[str, str]:
    """The files that a document's commands need: blocks of Python that begin with their name."""
    return dict(re.findall(FILE, document.read_text(encoding="utf-8"), re.DOTALL))


@pytest.mark.parametrize(
    "document",
    sampled(sorted(DOCUMENTS, key=lambda path: path.name != "targets.md"), len(DOCUMENTS)),
    ids=lambda path: path.name,
)
def test_commands_run(document, tmp_path, monkeypatch, no_processes):
    monkeypatch.chdir(tmp_path)
    for short in ("exhibits.dials.STEPS", "site.phases.STEPS", "exhibits.dials.SIDE"):  # half a minute of paths
        monkeypatch.setattr(f"toygan.{short}", 3)
    for name, text in files(document).items():
        (tmp_path / name).write_text(text)
    for words in commands(document):
        small = [*SMALL] if words[0] in ("run", "sweep") else []
        small += ["--dry-run"] if words[0] == "sweep" and {"all", "benchmarks/constraints.toml"} & {*words} else []
        words = [str(ROOT / word) if (ROOT / word).is_file() else word for word in words]
        looks = {"--steps": "0,2,4", "--step": "2"}
        fewer = {"draw": looks, "compare": looks, "sweep": {"--seeds": "2"}}.get(words[0], {})
        words = [fewer.get(before, word) for before, word in pairwise(["", *words])]
        result = CliRunner().invoke(app, [*words, *small])
        assert result.exit_code == 0, f"{' '.join(words)}: {result.output}"


def test_python_of_the_readme_runs(tmp_path, monkeypatch):
    """As it stands, on a tenth of the steps, with three frames of fewer points."""
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(?!# \w+\.py\n)(.*?)```", readme, re.DOTALL)
    assert len(blocks) == 2
    fewer = {
        "501, 50": "51, 25",
        '"training.steps": 500': '"training.steps": 50, "training.frames": 3, "training.points": 100',
        "250:": "25:",
    }
    assert all(steps in "".join(blocks) for steps in fewer)
    for block in blocks:  # each by itself
        for steps, few in fewer.items():
            block = block.replace(steps, few)
        (tmp_path / "block.py").write_text(block)
        runpy.run_path(str(tmp_path / "block.py"))


def test_python_of_your_own_code_runs(tmp_path, monkeypatch):
    """From a file, as functions are that a notebook has."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "own-code.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(?!# \w+\.py\n)(.*?)```", text, re.DOTALL)
    assert '"training.steps": 500' in code
    few = '"training.steps": 20, "training.frames": 3, "training.points": 100'
    (tmp_path / "cell.py").write_text(code.replace('"training.steps": 500', few))
    made = runpy.run_path(str(tmp_path / "cell.py"))
    assert made["recording"].facts.method == "python.my_loss+r1"


def test_the_shown_check_is_what_the_command_prints(monkeypatch):
    """As far as what it costs is not looked at: a shorter game does."""
    monkeypatch.setattr("toygan.session.cost.STEPS", 25)
    text = (ROOT / "docs" / "own-code.md").read_text(encoding="utf-8")
    shown = re.findall(r"^    (.+)$", text.partition("theirs.py:gp_whole_batch\n```")[2], re.MULTILINE)[1:5]
    result = CliRunner().invoke(app, ["check", str(ROOT / "tests" / "peoples_code.py") + ":gp_whole_batch"])
    assert shown == result.stdout.splitlines()[1:5]


def test_readme_lists_every_method():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, method in METHODS.items():
        assert f"| `{name}` | {method['formula'].replace('|', '&#124;')} |" in readme, f"run docs/tables.py for {name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / link).exists(), link


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_the_bias_of_estimates_is_what_the_command_prints(every, monkeypatch, capsys):
    """Of every fourth case. Numbers agree to what another library may round; the rest is the same text."""
    tables = module_of(ROOT / "docs" / "tables.py")
    monkeypatch.setattr("sys.argv", ["tables.py", "bias"])
    monkeypatch.setattr(tables, "CASES", tables.CASES[::every])
    tables.main()
    text = (ROOT / "docs" / "truth.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```console\npython docs/tables.py bias\n```\n\n((?:\|.*\n)+)", text)
    head, line, *rows = found.splitlines()
    told, made = [head, line, *rows[::every]], capsys.readouterr().out.splitlines()
    number = r"-?\d+\.\d+"
    assert [re.sub(number, "#", row) for row in told] == [re.sub(number, "#", row) for row in made]
    for row, other in zip(told, made, strict=True):
        told_numbers, made_numbers = (list(map(float, re.findall(number, one))) for one in (row, other))
        assert told_numbers == pytest.approx(made_numbers, abs=0.02)


def module_of(path: Path) -> ModuleType:
    """A script as a module, which does not run what it does when it is called."""
    spec = spec_from_file_location(path.stem, path)
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


BLOCK = r"```console\n(toygan table .*)\n```\n\n((?:\|.*\n)+)"
RESULTS = [(path, *block) for path in DOCUMENTS for block in re.findall(BLOCK, path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("document", "command", "table"), RESULTS, ids=lambda part: getattr(part, "name", None))
def test_tables_of_results_can_be_made_by_the_command_above_them(document, command, table):
    """Its keys and measures are the columns, and seeds that diverged have no value."""
    words = shlex.split(command)
    option = lambda name: [after for word, after in pairwise(words) if word == name]  # noqa: E731
    head, _, *rows = [[cell.strip() for cell in line[1:-2].split(" | ")] for line in table.splitlines()]
    keys, measures = option("--by")[0].split(","), option("--measure")
    assert head[: len(keys)] == keys
    assert head[-len(measures) :] == measures
    assert set(head[len(keys) : -len(measures)]) <= {"seeds", "not ended", "diverged", "all modes", "indistinguishable"}
    for row in rows:
        assert len(row) == len(head)
        cells = dict(zip(head, row, strict=True))
        if cells["diverged"].startswith("1 ["):
            assert {cells[name] for name in measures if name != "core_seconds"} == {"-"}


# --- the zoo ---------------------------------------------------------------------------------------------------------

ZOO_PAGE = runpy.run_path(str(ROOT / "docs" / "zoo.py"))


def test_the_zoo_page_is_what_its_command_writes():
    assert (ROOT / "docs" / "zoo.md").read_text() == ZOO_PAGE["page"](), "run docs/zoo.py"


def test_every_row_of_the_zoo_is_some_name_s_and_has_a_picture():
    named = [row for names in ZOO_PAGE["GROUPS"].values() for one in names for row in one.rows]
    assert set(ZOO) <= set(named)
    names = [one.name for group in ZOO_PAGE["GROUPS"].values() for one in group]
    assert len(set(names)) == len(names)
    assert all(one.why for one in ZOO_PAGE["ELSEWHERE"])
    pictures = list((ROOT / "docs" / "pictures" / "zoo").glob("*.png"))
    assert {path.stem for path in pictures} <= ZOO.keys()
    assert sum(path.stat().st_size for path in pictures) < 4e6


def test_a_row_of_numbers_is_the_medians_of_its_seeds():
    empty = dict.fromkeys((*ZOO_PAGE["KEPT"], *ZOO_PAGE["EXTRA"]), "")
    rows = [empty | {"w1": w1, "modes": "8", "high_quality": "0.5", "status": "done"} for w1 in ("1", "3", "2")]
    lost = empty | {"status": "diverged"}
    assert ZOO_PAGE["numbers_in_words"]([*rows, lost]) == ["4", "1", "2", "8", "50\N{NO-BREAK SPACE}%", ""]
