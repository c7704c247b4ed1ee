"""A mistake is one message that names file, line, key, value and what is legal; all mistakes of a file at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.exhibits import files as exhibits
from toygan.exhibits.work import planned
from toygan.files.mistakes import Mistake, Place, UserError, headline, paragraph
from toygan.files.scenario import read
from toygan.many import run

HEAD = 'title = "t"\n[target]\n'
RING = HEAD + 'kind = "ring"\n'
MIXTURE = HEAD + 'kind = "mixture"\nstds = 0.1\n'
NESTED = "x." * 3000


def complaint(file: Path, method: str | None = None, *overrides: str) -> str:
    """What is said about a scenario that must not be read."""
    with pytest.raises(UserError) as caught:
        read(str(file), method, overrides)
    return str(caught.value)


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "world.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


# What stands in the file, and what the message must say, each in one line of it.
FILES: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", ["is empty"]),
    "blank": (" \n\n", ["is empty"]),
    "binary": (bytes(range(256)), ["is not UTF-8 text"]),
    "utf-16": ('title = "t"'.encode("utf-16"), ["is not UTF-8 text"]),
    "broken": (HEAD + "kind = \n", ["line 3: broken TOML", "kind ="]),
    "broken at the end": ('title = "t"\n[target', ["line 2: broken TOML", "[target"]),
    "the same key twice": (RING + "std = 0.1\nstd = 0.2\n", ["line 5: broken TOML", "std = 0.2"]),
    "byte order mark": (b"\xef\xbb\xbf" + HEAD.encode() + b'kind = "rin"', ["line 3: target.kind"]),
    "windows lines": (
        RING.replace("\n", "\r\n") + "modse = 3\r\n",
        ["line 4: target.modse = 3: unknown key", '"modes"?'],
    ),
    "only a comment": (
        "# hello",
        ["title: this key is missing", "target: this key is missing", "keys here: name, title"],
    ),
    "nested lists": ("a = " + "[" * 3000 + "]" * 3000, ["nested deeper"]),
    "nested tables": (f"{RING}{NESTED}y = 1", ["nested deeper"]),
    "keys in a long string": (
        'title = """\n[target]\nmodse = 1\n"""\n[target]\nkind = "ring"\nmodse = 1',
        ["line 7: target.modse"],
    ),
    "no target": ('title = "t"', ["target: this key is missing"]),
    "a number for a table": ('title = "t"\ntarget = 3', ["line 2: target = 3: must be a table", "single brackets"]),
    "a word for a table": ('title = "t"\ntarget = "ring"', ['line 2: target = "ring": must be a table']),
    "an array of tables": (
        'title = "t"\n[[target]]\nkind = "ring"',
        ["line 2: target =", "must be a table", "single brackets"],
    ),
    "methods is no table": (f"methods = 3\n{RING}", ["line 1: methods = 3: must be a table"]),
    "a method is no table": (f"{RING}[methods]\nmine = 3", ["line 5: methods.mine = 3: must be a table"]),
    "method is no table": (
        f"method = 3\n{RING}",
        ["line 1: method = 3: must be a name or a table", 'example "wgan-gp"'],
    ),
    "a method's name is a number": (f"{RING}[method]\nname = 3", ["line 5: method.name = 3: must be a text"]),
    "a method's name is a list": (f'{RING}[method]\nname = ["x"]', ["line 5: method.name = "]),
    "unknown method": (
        f'method = "wgan-pg"\n{RING}',
        ['line 1: method.name = "wgan-pg": unknown', '"wgan-gp"?', "r3gan"],
    ),
    "wrong kind": (
        HEAD + 'kind = "rign"',
        ['line 3: target.kind = "rign"', 'did you mean "ring"?', "swiss-roll, ring, grid"],
    ),
    "no kind": (HEAD + "modes = 8", ["line 2: target.kind: this key is missing", "ring, s-curve"]),
    "kind is a number": (HEAD + "kind = 3", ["line 3: target.kind = 3", "swiss-roll, ring, grid"]),
    "kind is a table": (HEAD + "kind = { a = 1 }", ["line 3: target.kind", "swiss-roll, ring, grid"]),
    "wrong critic": (f'{RING}[critic]\nkind = "point"', ['line 5: critic.kind = "point"', "mlp, linear"]),
    "misspelt": (
        RING + "modse = 8",
        ["line 4: target.modse = 8: unknown key", 'did you mean "modes"?', "radius, std, weights"],
    ),
    "misspelt table": (f"{RING}[trainin]\nsteps = 3", ["line 4: trainin: unknown key", 'did you mean "training"?']),
    "a key of another kind": (
        f'{RING}[generator]\nkind = "point"\nwidth = 3',
        ["line 6: generator.width", "legal keys: kind, start"],
    ),
    "text for a number": (RING + 'modes = "8"', ['line 4: target.modes = "8": must be an integer', "for example 8"]),
    "true for a number": (
        RING + "radius = true",
        ["line 4: target.radius = true: must be a number", "for example 2.0"],
    ),
    "a fraction for a count": (RING + "modes = 8.5", ["line 4: target.modes = 8.5: must be an integer"]),
    "a date": (RING + "radius = 2020-01-01", ["line 4: target.radius", "must be a number"]),
    "a date for a title": ('title = 2020-01-01\n[target]\nkind = "ring"', ["line 1: title", "must be a string"]),
    "out of range": (
        RING + "modes = 0\nstd = -1",
        ["target.modes = 0: must be greater than 0", "target.std = -1: must be"],
    ),
    "not a number": (
        RING + "std = nan\nradius = inf",
        ["line 4: target.std = nan: must be a finite", "line 5: target.radius = inf"],
    ),
    "beyond floats": (RING + "std = 1e400", ["line 4: target.std = inf: must be a finite number"]),
    "huge floats": (RING + "scale = 1e300", ["line 4: target.scale = 1e+300: is too large"]),
    "tiny floats": (RING + "scale = 1e-200", ["line 4: target.scale = 1e-200: is too small", "0 or 1e-30 and more"]),
    "huge counts": (f"{RING}[training]\nsteps = 1{'0' * 30}", ["line 5: training.steps = 1000", "is too large"]),
    "many modes": (
        RING + "modes = 100000000",
        ["line 4: target.modes = 100000000: must be less than or equal to 10000"],
    ),
    "a wide player": (
        f"{RING}[critic]\nwidth = 100000\ndepth = 1000",
        ["critic.width = 100000: must be less", "critic.depth = 1000"],
    ),
    "too much together": (
        f"{RING}[training]\nseeds = 9000\npoints = 90000\nframes = 9000",
        ["frames x seeds x points needs about"],
    ),
    "no seed": (f"{RING}[training]\nseeds = []", ["line 5: training.seeds = []", "for example 4 or [0, 1, 2, 3]"]),
    "a seed twice": (
        f"{RING}[training]\nseeds = [1, 1]",
        ["line 5: training.seeds = [1, 1]: must name each seed once"],
    ),
    "negative seeds": (
        f"{RING}[training]\nseeds = [-1]\nseed = -2",
        ["training.seeds[0] = -1: must be", "training.seed = -2: must be"],
    ),
    "seeds as text": (f'{RING}[training]\nseeds = "x"', ['line 5: training.seeds = "x": must be an integer or a list']),
    "seeds that are none": (
        f'{RING}[training]\nseeds = [1, "x"]',
        ['line 5: training.seeds[1] = "x": must be an integer'],
    ),
    "no seeds at all": (f"{RING}[training]\nseeds = 0", ["line 5: training.seeds = 0: must be greater than 0"]),
    "empty title": ('title = ""\n[target]\nkind = "ring"', ["line 1: title"]),
    "a name that climbs": ('name = "../x"\n' + RING, ['line 1: name = "../x": names a folder']),
    "an empty name": ('name = ""\n' + RING, ['line 1: name = "": names a folder']),
    "an endless name": (f'name = "{"a" * 300}"\n{RING}', ["line 1: name", "at most 100 characters"]),
    "a method that climbs": (f'{RING}[methods."../x"]\nobjective = "hinge"', ["line 4: methods.../x: names a folder"]),
    "dotted keys": (f"method.constraint.wieght = 1\n{RING}", ["line 1: method.constraint.wieght", '"weight"?']),
    "inline tables": ('title = "t"\ntarget = { kind = "ring", modse = 8 }', ["line 2: target.modse = 8", '"modes"?']),
    "inside a list": (
        MIXTURE + "centres = [\n[0, 1],\n[1, 'x'],\n]",
        ['line 5: target.centres[1][1] = "x": must be a number'],
    ),
    "a point of three": (MIXTURE + "centres = [[0, 1, 2]]", ["line 5: target.centres[0] = [0, 1, 2]", "at most 2"]),
    "a point of one": (
        MIXTURE + "centres = [[0]]",
        ["line 5: target.centres[0] = [0]: a value is missing", "[0.5, 0.5]"],
    ),
    "no centre": (MIXTURE + "centres = []", ["line 5: target.centres = []: no centre given"]),
    "weights for others": (
        MIXTURE + "centres = [[0, 1]]\nweights = [1, 2]",
        ["line 6: target.weights = [1, 2]: 2 weights for 1 modes"],
    ),
    "an empty window": (
        f"{RING}[view]\nx = [3, -3]\ny = [1]",
        ["line 5: view.x = [3, -3]", "line 6: view.y = [1]: a value is missing"],
    ),
    "a window of a hair": (f"{RING}[view]\nx = [0, 1e-320]\ny = [1, 1.0000001]", ["line 6: view.y"]),
    "unknown objective": (
        f'{RING}[methods.a]\nobjective = "hing"',
        ["line 5: methods.a.objective.kind", '"hinge"?', "relativistic"],
    ),
    "no objective": (
        f'{RING}[methods.a]\nconstraint = "r1"',
        ["line 4: methods.a.objective: this key is missing", "critic_steps"],
    ),
    "unknown option": (
        f'{RING}[methods.a]\nobjective = "hinge"\nconstraint = {{ kind = "clip", bond = 1 }}',
        ["line 6", '"bound"?'],
    ),
    "no such choice": (
        f'{RING}[method]\nconstraint = {{ kind = "gradient-penalty", sides = 3 }}',
        ["sides = 3", "legal values: 1, 2"],
    ),
    "no such optimiser": (f'{RING}[method]\noptimiser = "adm"', ['"adam"?', "adam, rmsprop, descent"]),
    "a memory of one": (
        f"{RING}[method]\nbetas = [0.5, 1.0]",
        ["line 5: method.betas = [0.5, 1.0]: each must be below 1"],
    ),
    "a memory that rmsprop has not": (
        f'{RING}[method]\noptimiser = "rmsprop"\nbetas = [0.5, 0.9]',
        ["line 6: method.betas = [0.5, 0.9]: rmsprop does not use the first of the betas", "leave it at [0.0, 0.9]"],
    ),
    "memories that descent has not": (
        f'{RING}[method]\noptimiser = "descent"\nbetas = [0.5, 0.99]',
        ["line 6: method.betas = [0.5, 0.99]: descent does not use the betas", "leave it at [0.0, 0.9]"],
    ),
    "many at once": (
        "tite = 3\n"
        + MIXTURE
        + "centres = [[0, 1]]\nweights = [1, 2]\n[view]\nx = [3, 1]\n[training]\nsteps = 'x'\n[method]\nema = 1",
        ["line 1: tite", "line 7: target.weights", "line 9: view.x", "line 11: training.steps", "line 13: method.ema"],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_explained(name, tmp_path):
    text, expected = FILES[name]
    file = write(tmp_path, text)
    said = complaint(file)
    assert str(file) in said
    assert [words for words in expected if words not in said] == []


def test_each_mistake_is_said_once(tmp_path):
    said = complaint(write(tmp_path, f'{RING}[training]\nseeds = [1, "x", 2.5]\nsteps = 1{"0" * 20}\n'))
    assert said.count("world.toml") == 3


def test_no_file_a_folder_and_an_unknown_name(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    assert "there is no such file" in complaint(tmp_path / "none.toml")
    assert "cannot be read" in complaint(tmp_path / "folder.toml")
    assert 'did you mean "swiss-roll"?' in complaint(Path("swissroll"))


def test_a_file_with_spaces_in_its_name_needs_no_name_of_its_own(tmp_path):
    file = tmp_path / "my own world.toml"
    file.write_text(RING)
    assert read(str(file)).name == "my-own-world"


BIG, ENDLESS, HEXADECIMAL = "9" * 400, "9" * 5000, "0x" + "f" * 5000


@pytest.mark.parametrize("number", [BIG, ENDLESS, HEXADECIMAL], ids=["400 digits", "5,000 digits", "hexadecimal"])
@pytest.mark.parametrize("key", ["steps = {}", "seeds = [1, {}]", "seed = -{}", "batch = {{ a = {} }}"])
def test_a_huge_number_is_told_with_its_place(key, number, tmp_path):
    if "-" in key and number is HEXADECIMAL:
        number = BIG  # TOML has no negative hexadecimals
    said = complaint(write(tmp_path, f"{RING}[training]\n{key.format(number)}\n"))
    assert f"world.toml, line 5: training.{key.split()[0]}" in said
    assert "too large" in said
    assert len(said) < 1000
    with pytest.raises(UserError, match=r"--set training\.steps=.*too large"):
        read(str(write(tmp_path, RING)), None, [f"training.steps={number}"])
    with pytest.raises(UserError, match=r"--set training\.steps=.*too large"):
        read(
            str(write(tmp_path, RING)), None, [("training.steps", int(number, 0) if number is not ENDLESS else 9**9999)]
        )


@pytest.mark.parametrize("number", [BIG, ENDLESS, HEXADECIMAL], ids=["400 digits", "5,000 digits", "hexadecimal"])
def test_a_huge_number_of_a_sweep_or_exhibit_is_told_with_its_place(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, RING)
    Path("sweep.toml").write_text(f'scenarios = ["world.toml"]\n[grid]\ntraining.steps = [3, {number}]\n')
    exhibit = f'title = "t"\nquestion = "q"\ntext = "t"\n[[runs]]\nscenario = "dirac"\nset.training.steps = {number}\n'
    Path("exhibit.toml").write_text(exhibit)
    for words, place in (
        (["sweep", "sweep.toml", "--out", "o"], "sweep.toml, line 3: grid.training.steps"),
        (["demo", "exhibit.toml"], "exhibit.toml, line 6: runs[0].set.training.steps"),
        (["sweep", "world.toml", "--grid", f"training.steps=3,{number}", "--out", "o"], "--grid training.steps="),
        (["run", "world.toml", "--threads", number], "--threads"),
        (["run", "world.toml", "--seeds", number], "seeds"),
        (["run", "world.toml", "--steps", number], "steps"),
    ):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2, result.output
        assert place in result.stderr


def test_more_threads_than_any_machine_has_are_refused(tmp_path):
    result = CliRunner().invoke(app, ["run", str(write(tmp_path, RING)), "--threads", "1000000"])
    assert result.exit_code == 2
    assert "--threads 1000000: give 1 to" in result.stderr


def test_what_may_never_end_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "large.toml").write_bytes(b"#" * 2**25)
    for name in ("pipe.toml", "zero.toml"):
        assert "is no regular file" in complaint(tmp_path / name)
    assert "bytes; no file of ours" in complaint(tmp_path / "large.toml")
    assert "name" in complaint(tmp_path / "\0.toml")
    assert "too long" in complaint(tmp_path / f"{'a' * 300}.toml")


# Options on the command line, and what the message must say.
OVERRIDES: dict[str, list[str]] = {
    "training.steps": ["--set training.steps: expected KEY=VALUE"],
    "=3": ["expected KEY=VALUE"],
    "training..steps=3": ["is not a key"],
    "training.steps=": ["is not a TOML value"],
    "training.steps=[1": ["is not a TOML value"],
    "training.steps=1\nseed=2": ["is not a TOML value"],
    "training.steps=10**3": ["is not a TOML value"],
    "training.stpes=3": ["--set training.stpes=3: training.stpes = 3: unknown key", '"steps"', "batch, frames"],
    "trainin.steps=3": ["--set trainin.steps=3: trainin: unknown key", '"training"'],
    "training=3": ["--set training=3: training = 3: must be a table"],
    "title.x=3": ["--set title.x=3: title is not a table"],
    "training.steps.x=3": ["training.steps: must be an integer"],
    "training.steps=-1": ["--set training.steps=-1", "must be greater than 0"],
    "training.steps=many": ['--set training.steps=many: training.steps = "many": must be an integer'],
    "training.seeds=x": ["must be an integer or a list"],
    "target.kind=rign": ["--set target.kind=rign", '"ring"'],
    "target.path=x.csv": ["--set target.path=x.csv: target.path", "unknown key"],
    "target.normalise=true": ["--set target.normalise=true: target.normalise = true: unknown key"],
    "target.std=nan": ["--set target.std=nan: target.std = nan: must be a finite number"],
    "method=hinge": ["--set method=hinge"],
    "method.objective=hing": ["--set method.objective=hing", '"hinge"?', "minimax"],
    "method.constraint.wight=1": ['"weight"'],
    "methods.x.objectiv=hinge": ["methods.x.objective: this key is missing", "methods.x.objectiv", '"objective"?'],
    "name=a/b": ["--set name=a/b", "names a folder"],
}


@pytest.mark.parametrize("override", OVERRIDES)
def test_a_bad_override_is_explained(override, tmp_path):
    said = complaint(write(tmp_path, RING), None, override)
    assert [words for words in OVERRIDES[override] if words not in said] == []


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("wgan-pg", ["--method wgan-pg", '"wgan-gp"', "OBJECTIVE+CONSTRAINT"]),
        ("", ["--method", "unknown"]),
        ("hinge+r9", ["'r9' is no constraint", "none, clip"]),
        ("hing+r1", ["'hing' is no objective", '"hinge"?']),
        ("hinge+", ["'' is no constraint"]),
        ("hinge+r1+r2", ["'r1+r2' is no constraint", "--method hinge+r1 --set method.also=r2"]),
        ("a+b+c", ["'b+c' is no constraint", "method.also=c"]),
    ],
)
def test_a_bad_method_is_explained_together_with_the_rest(method, expected, tmp_path):
    said = complaint(write(tmp_path, RING + "std = -1"), method)
    assert [words for words in [*expected, "line 4: target.std"] if words not in said] == []


# --- points of one's own ---------------------------------------------------------------------------------------------

POINTS: dict[str, tuple[bytes, str]] = {
    "text.csv": (b"hello\nworld\n", "'world' is not two numbers"),
    "column.csv": (b"1\n2\n", "'1' is not two numbers"),
    "three.csv": (b"1,2,3\n", "'1,2,3' is not two numbers"),
    "semicolons.csv": (b"x;y\n1;2\n3;foo\n", "row 2: '3;foo' is not two numbers with a semicolon between them"),
    "tabs.tsv": (b"1\t2\n3\t\n", "row 2: '3\\t' is not two numbers with a tab between them"),
    "blanks.txt": (b"1 2 3\n4 5 6\n", "is not two numbers with blanks between them"),
    "commas.csv": (b"1,250;2,500\n", "the comma may be a decimal one or part thousands"),
    "late.csv": (b"x,y\n1,2\n3,foo\n", "'3,foo' is not two numbers"),
    "nan.csv": (b"1,2\nnan,3\n", "row 2: [nan, 3.0] is not a finite point"),
    "empty.csv": (b"", "needed are n rows of 2 columns"),
    "names.csv": (b"x,y\n", "needed are n rows of 2 columns"),
    "binary.csv": (bytes(range(256)), "is not UTF-8 text"),
    "picture.bmp": (b"", "is neither .csv nor .tsv nor .txt nor .npy"),
    "text.npy": (b"1,2\n", "is not a numpy array of numbers"),
}


@pytest.mark.parametrize("name", POINTS)
def test_a_bad_points_file_is_explained(name, tmp_path):
    content, expected = POINTS[name]
    (tmp_path / name).write_bytes(content)
    said = complaint(write(tmp_path, f'{HEAD}kind = "points"\npath = "{name}"'))
    assert "line 4: target.path" in said
    assert expected in said


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2, 2)), np.zeros(4), np.zeros((0, 2)), np.array([["a", "b"]]), np.zeros(3, [("a", float)])],
    ids=["three dimensions", "one dimension", "no rows", "text", "structured"],
)
def test_a_bad_array_is_explained(array, tmp_path):
    np.save(tmp_path / "points.npy", array)
    assert "line 4: target.path" in complaint(write(tmp_path, f'{HEAD}kind = "points"\npath = "points.npy"'))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("normalise = 3", ["line 5: target.normalise = 3: must be a boolean", "for example true"]),
        ('normalise = "yes"', ["line 5: target.normalise", "must be a boolean"]),
        ("normalize = true", ["line 5: target.normalize = true: unknown key", '"normalise"?']),
        ("normalise = true", ["line 5: target.normalise = true: all points are one, which has no scale"]),
        ("invert = true", ["line 5: target.invert = true: unknown key"]),
    ],
)
def test_a_bad_option_of_points_is_explained(settings, expected, tmp_path):
    np.save(tmp_path / "p.npy", np.ones((4, 2)))
    said = complaint(write(tmp_path, f'{HEAD}kind = "points"\npath = "p.npy"\n{settings}'))
    assert [words for words in expected if words not in said] == []


def test_a_pickle_is_never_opened(tmp_path):
    np.save(tmp_path / "points.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert "target.path" in complaint(write(tmp_path, f'{HEAD}kind = "points"\npath = "points.npy"'))


def test_whole_numbers_and_one_row_are_points_too(tmp_path):
    np.save(tmp_path / "points.npy", np.array([[1, 2]]))
    assert (
        read(str(write(tmp_path, f'{HEAD}kind = "points"\npath = "points.npy"'))).target.path == tmp_path / "points.npy"
    )


@pytest.mark.parametrize("path", ["none.csv", "", ".", "a\\u0000b.csv"])
def test_a_path_to_nothing_is_explained(path, tmp_path):
    assert "line 4: target.path" in complaint(write(tmp_path, f'{HEAD}kind = "points"\npath = "{path}"'))


# --- through the program ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["run", "none.toml"],
        ["run", "swissroll"],
        ["run", "swiss-roll", "-m", "wgan-pg"],
        ["run", "swiss-roll", "--set", "x"],
        ["run", "swiss-roll", "--steps", "0"],
        ["run", "swiss-roll", "--seeds", "0"],
        ["run", "swiss-roll", "--seeds", "many"],
        ["run", "swiss-roll", "--threads", "0"],
        ["run", "swiss-roll", "--device", "tpu"],
        ["run", "swiss-roll", "--unknown"],
        ["run"],
        ["unknown"],
        ["draw", "."],
        ["draw", "none"],
        ["compare", "none", "none"],
        ["compare", "none"],
        ["list", "objective"],
        ["show", "wgan-pg"],
        ["show", "hinge+r9"],
        ["show", "none.toml"],
    ],
    ids=" ".join,
)
def test_a_users_mistake_exits_2_without_a_traceback(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("overrides", [[3], [("a", 1, 2)], [(3, 4)], {"training.steps": object()}, "training.stpes=3"])
def test_python_explains_mistakes_too(overrides, tmp_path):
    with pytest.raises(UserError, match=r"override|training"):
        run.run("dirac", overrides=overrides, out=tmp_path)


# --- a mistake is data until it is printed ---------------------------------------------------------------------------


def mistakes_of(call: Callable[[], object]) -> list[Mistake]:
    """The mistakes of what must be refused; the message is made of them and nothing else."""
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value) == "\n".join(map(paragraph, caught.value.mistakes))
    return list(caught.value.mistakes)


def test_a_mistake_carries_file_line_key_and_value(tmp_path):
    file = write(tmp_path, RING + 'std = -1.0\nkindd = "x"\n')
    wrong, unknown = mistakes_of(lambda: read(str(file), None, ()))
    assert wrong == Mistake(
        ("target", "std"),
        "must be greater than or equal to 0",
        wrong.hint,
        "-1.0",
        Place(str(file), 4, text="std = -1.0"),
    )
    assert (unknown.key, unknown.place.line, unknown.message) == (("target", "kindd"), 5, "unknown key")
    assert 'did you mean "kind"? legal keys: kind' in unknown.hint


def test_a_mistake_of_an_option_carries_the_option():
    (wrong,) = mistakes_of(lambda: read("dirac", None, ["training.steps=0"]))
    assert (wrong.key, wrong.given, wrong.place) == (("training", "steps"), "0", Place("--set training.steps=0"))
    (wrong,) = mistakes_of(lambda: read("dirac", "a; b", ()))
    assert (wrong.key, wrong.given, wrong.message) == (("method", "name"), '"a; b"', "unknown")


def test_a_mistake_travels_between_processes(tmp_path):
    file = write(tmp_path, RING + "std = -1.0\n")
    with pytest.raises(UserError) as caught:
        read(str(file), None, ())
    kind, arguments, *_ = caught.value.__reduce__()  # what any way of sending an exception makes of it
    assert kind(*arguments).mistakes == caught.value.mistakes


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", "1,2\n3;4\n", "p.csv, row 2: '3;4' is not two numbers"),
        ("p.csv", "1,2\n3; 4\n", "p.csv, row 2: '3; 4' is not two numbers"),
        ("a; b.csv", "1\n", "a; b.csv, row 1: '1' is not two numbers"),
        ("stds: x.csv", "1\n", "stds: x.csv, row 1: '1' is not two numbers"),
    ],
)
def test_what_a_file_holds_is_not_taken_for_the_messages_own_words(name, content, message, tmp_path):
    (tmp_path / name).write_text(content)
    file = write(tmp_path, HEAD + f'kind = "points"\npath = "{name}"\n')
    (wrong,) = mistakes_of(lambda: read(str(file), None, ()))
    assert (wrong.key, wrong.message, wrong.hint) == (("target", "path"), message, "")


def test_the_complaint_of_a_library_stays_in_one_piece(tmp_path):
    (tmp_path / "p.npy").write_bytes(b"\x93NUMPX" + b"\0" * 100)
    file = write(tmp_path, HEAD + 'kind = "points"\npath = "p.npy"\n')
    (wrong,) = mistakes_of(lambda: read(str(file), None, ()))
    assert wrong.message.startswith("p.npy is not a numpy array of numbers (the magic string is not correct; expected")
    assert wrong.hint == ""


EXHIBIT = """\
title = "t"
question = "q"
text = "t"
{piece}
[[panels]]
kind = "{kind}"
[[claims]]
says = "s"
value = {{ measure = "w1" }}
below = 1
"""
RUNS = '[[runs]]\nscenarios = ["{scenario}"]\nmethods = ["{method}"]\n[runs.set]\n{setting}\n'
SWEPT = '[[distances]]\nname = "d"\na = "dirac"\nb = "dirac"\nover = "{over}"\n'

# What stands in an exhibit; the line, the key, and the message to be placed there.
PLACED = {
    "a setting": (RUNS.format(scenario="dirac", method="gan", setting="training.steps = 0"), "ends", 8,
                  'runs[0].set.training.steps = 0: must be greater than 0'),
    "no key": (RUNS.format(scenario="dirac", method="gan", setting='"a b" = 1'), "ends", 7,
               "runs[0].set: 'a b' is not a key, such as training.steps"),
    "a word of a list": (RUNS.format(scenario="dirac", method="a; b", setting="view.x = [-1, 1]"), "ends", 6,
                         'runs[0].methods: "a; b": unknown'),
    "a name": (RUNS.format(scenario="nowhere, line 3", method="gan", setting="view.x = [-1, 1]"), "ends", 5,
               "runs[0].scenarios: scenario 'nowhere, line 3': no shipped scenario has this name"),
    "a value of a sweep": (SWEPT.format(over="target.scale=-1:1:3"), "distances", 8,
                           "distances[0].over: target.scale = -1.0: must be greater than 0"),
    "a place in no list": (SWEPT.format(over="target.scale.1=1:2:3"), "distances", 8,
                           "distances[0].over: target.scale is not a list"),
    "a value of a list": (SWEPT.format(over="target.shift.0=-1e10:1:3"), "distances", 8,
                          "distances[0].over: target.shift[0] = -10000000000.0: is too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACED)
def test_what_an_exhibit_asks_for_is_placed_in_its_file(name, tmp_path):
    piece, kind, line, message = PLACED[name]
    file = tmp_path / "question.toml"
    file.write_text(EXHIBIT.format(piece=piece, kind=kind))
    (wrong, *_) = mistakes_of(lambda: planned(exhibits.read(str(file)), tmp_path))
    assert headline(wrong).startswith(f"{file}, line {line}: {message}")
    assert wrong.place.text == file.read_text().split("\n")[line - 1]


@pytest.mark.parametrize("name", ["x" * 300, "a\\u0000b", "deep/" + "y" * 300])
@pytest.mark.parametrize("key", ["scenarios", "out"])
def test_a_sweep_file_with_a_name_that_no_disk_takes_is_told_with_its_place(key, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = {"scenarios": '["dirac"]', "out": '"out"'} | {key: f'["{name}"]' if key == "scenarios" else f'"{name}"'}
    Path("many.toml").write_text("".join(f"{one} = {value}\n" for one, value in lines.items()))
    result = CliRunner().invoke(app, ["sweep", "many.toml"])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"toygan: many.toml, line {1 if key == 'scenarios' else 2}")
    assert key in result.stderr.split("\n")[0]


def test_of_a_list_of_wrong_values_a_few_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("many.toml").write_text(f'scenarios = ["dirac"]\nmethods = {[*range(50)]}\nseeds = 0\n')
    said = CliRunner().invoke(app, ["sweep", "many.toml"]).stderr
    assert said.count("many.toml, line 2: methods[") == 3
    assert "methods[2] = 2: must be a string (and 47 more of this list)" in said
    assert "many.toml, line 3: seeds = 0" in said


@pytest.mark.parametrize(
    ("name", "kind"), [("gps.csv", "points"), ('a"\\b.tsv', "points"), ("a.NPZ", "points"), ("face.png", "image")]
)
def test_who_runs_a_file_of_points_is_told_what_to_write(name, kind, tmp_path):
    """A first minute with one's own data: the four lines that make a scenario of them."""
    given = np.random.default_rng(0).random((40, 2))
    if name.endswith("NPZ"):
        with (tmp_path / name).open("wb") as file:
            np.savez(file, points=given)
    elif kind == "image":
        Image.fromarray((given * 255).astype("u1")).save(tmp_path / name)
    else:
        np.savetxt(tmp_path / name, given, delimiter=",")
    found = CliRunner().invoke(app, ["run", str(tmp_path / name)])
    said = found.output + (found.stderr or "")
    assert found.exit_code == 2
    assert "no shipped scenario" not in said
    advised = said[said.index("title = ") :]
    (tmp_path / "mine.toml").write_text("\n".join(line.strip() for line in advised.splitlines()[:4]))
    made = read(str(tmp_path / "mine.toml"))
    assert (made.target.kind, Path(made.target.path).name) == (kind, name)
