"""What CONTRIBUTING.md walks through is so: a run's way through the house, and one more row of each table."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import pytest
from conftest import draw_itself
from typer.testing import CliRunner

import toygan
from toygan.cli.main import app
from toygan.files import cache
from toygan.many import run

ROOT = Path(toygan.__file__).parent
TEXT = (ROOT.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
SMALL = {"training.steps": 4, "training.frames": 2, "training.points": 60, "generator.width": 8, "critic.width": 8}


# where a block goes
HOMES = {
    "OBJECTIVES": "game/objectives.py",
    "CONSTRAINTS": "game/constraints.py",
    "TARGETS": "targets/table.py",
    "QUANTITIES": "quantities/table.py",
    "PANELS": "draw/exhibit.py",
    "MOMENTS": "exhibits/forms.py",
}


class Block(NamedTuple):
    """A block of the document: code, the table it ends with, and the name and text of its row."""

    code: str
    table: str
    name: str
    row: str


def blocks() -> list[Block]:
    """Every block of Python, each a function and its row."""
    found = []
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        code, _, table = block.rpartition("\n\n\n")
        ((home, name, row),) = re.findall(r'^(\w+) = \{\n    \.\.\.,\n(?=    "(\w+)": )(.*\n)\}', table, re.MULTILINE)
        found.append(Block(code, home, name, row))
    return found


def with_more(folder: Path) -> None:
    """A copy of the package in a folder, compiled as it is, with every block put where the document says."""
    shutil.copytree(ROOT, folder / "toygan")
    shutil.copytree(ROOT.parent / "scenarios", folder / "scenarios")
    for block in blocks():
        place = HOMES[block.table]
        assert f"`toygan/{place}`" in TEXT
        text = (folder / "toygan" / place).read_text(encoding="utf-8")
        begun = re.search(rf"^{block.table}[^\n]* = \{{\n", text, re.MULTILINE)
        text = text[: begun.start()] + f"{block.code}\n\n\n{begun[0]}{block.row}" + text[begun.end() :]
        (folder / "toygan" / place).write_text(text, encoding="utf-8")


PLAYED = """
import json, sys
import numpy as np, torch, toygan
from typer.testing import CliRunner
from toygan.cli.main import app
from toygan.draw.exhibit import PANELS
from toygan.draw.exhibit_parts import Material
from toygan.exhibits.aloud import aloud
from toygan.exhibits.claims import judge
from toygan.exhibits.files import Claim
from toygan.game.objectives import OBJECTIVES
from toygan.many.results import records
from toygan.session import measuring

measuring.FINAL_W1 = 100  # floors on fewer points, as all tests have them
run = toygan.run("world.toml", method="quadratic+gentle", seeds=2, overrides=json.loads(sys.argv[1]), animation=False)
told = [{"label": "one"} | row for row in records([run.folder])]
zero, one = torch.zeros(2, 5, 1, dtype=torch.float64), torch.ones(2, 5, 1, dtype=torch.float64)
losses = OBJECTIVES["quadratic"]
dial = torch.tensor([1.0, 2.0], dtype=torch.float64)
claim = Claim.model_validate({"says": "so", "value": {"measure": "w1", "at": "quarter"}, "above": 0})
shown = lambda rows: [text.get_text() for text in PANELS["seeds"].draw(Material("Seeds", "toygan demo", rows=rows)).texts]
print(json.dumps({
    "file": toygan.__file__,
    "zero": [losses(zero, zero).critic.tolist(), losses(zero, zero).generator.tolist()],
    "fall": bool((losses(one, -one).critic < 2).all() and (losses(zero, one).generator < 0).all()),
    "by seed": losses(zero, zero, margin=dial).critic.tolist(),
    "penalty": run.curve("penalty")[-1].min(),
    "modes": len(run.frames["mode_centres"]),
    "spread": [run.curve("spread")[-1, 0], float(np.sqrt(run.frames["samples"][-1, 0].astype(float).var(axis=0).sum()))],
    "listed": CliRunner().invoke(app, ["list"]).stdout,
    "panel": shown(told),
    "empty": shown([]),
    "judged": [aloud(claim), judge(claim, told).held, judge(claim, told).numbers],
}))
"""
WORLD = 'title = "Cross"\n[target]\nkind = "cross"\nstd = 0.1\n[view]\nx = [-2.0, 2.0]\ny = [-2.0, 2.0]\n'


def test_one_more_of_each_plays_and_is_seen(tmp_path):
    assert {block.table for block in blocks()} == HOMES.keys()
    with_more(tmp_path)
    (tmp_path / "world.toml").write_text(WORLD)
    env = os.environ | {"PYTHONPATH": str(tmp_path), "TOYGAN_CACHE": str(tmp_path / "cache")}
    words = [sys.executable, "-c", PLAYED, json.dumps(SMALL)]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["file"]).is_relative_to(tmp_path)
    assert found["zero"] == [[2, 2], [0, 0]]  # the objective's losses are [seed], and fall when each gets what it wants
    assert found["fall"]
    assert found["by seed"] == [2, 8]  # an option may be one a seed
    assert found["penalty"] > 0
    assert found["modes"] == 4
    assert found["spread"][0] == pytest.approx(found["spread"][1], rel=1e-6)
    assert all(block.name in found["listed"] for block in blocks() if block.table not in ("PANELS", "MOMENTS"))
    assert {"one: 2", "1 run of 2 seeds"} <= {*found["panel"]}
    assert any("no run" in words for words in found["empty"])
    condition, held, numbers = found["judged"]
    assert condition == "of the median: w1 after a quarter of the frames is above 0"
    assert held
    assert numbers.startswith("W1 after a quarter: median ")


ENTERED = re.findall(r"^\| `([\w/]+\.py)` \| `(\w+)` \|", TEXT, re.MULTILINE)


def test_a_run_goes_the_way_that_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MADE", {})  # what tests before this one have made
    monkeypatch.setattr(run, "draw", draw_itself)  # whatever they have drawn
    codes: dict[int, CodeType] = {}  # by identity, in the order in which they were entered first

    def entered(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            codes.setdefault(id(frame.f_code), frame.f_code)

    words = [
        "run",
        "eight-gaussians",
        "-m",
        "gan",
        "--no-animation",
        *(f"--set={key}={value}" for key, value in SMALL.items()),
    ]
    sys.setprofile(entered)
    try:
        result = CliRunner().invoke(app, words)
    finally:
        sys.setprofile(None)
    assert result.exit_code == 0, result.output
    own = [code for code in codes.values() if code.co_filename.startswith(str(ROOT))]
    seen: dict[tuple[str, str], int] = {}
    for at, code in enumerate(own):
        seen.setdefault((str(Path(code.co_filename).relative_to(ROOT)), code.co_name), at)
    assert len(ENTERED) > 12
    assert not [step for step in ENTERED if step not in seen]
    assert [seen[step] for step in ENTERED] == sorted(seen[step] for step in ENTERED)


def facts_wanted() -> set[tuple[str, str]]:
    """Every table of exact facts that a new row may be missing in, and its file, as the tests' own messages name them."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT.parent / "tests").glob("test_*.py")]
    return {found for text in texts for found in re.findall(r'facts_of\([^"]*"([A-Z_]+) in tests/(\w+\.py)"', text)}


def test_every_table_of_facts_is_told():
    lines = TEXT.splitlines()
    assert len(facts_wanted()) > 15
    assert not [one for one in facts_wanted() if not any(all(f"`{name}`" in line for name in one) for line in lines)]


@pytest.mark.parametrize("room", sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()))
def test_the_house_tells_every_room(room):
    assert f"| `{room}` |" in TEXT
