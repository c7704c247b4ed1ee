"""The command line: results on stdout, the rest on stderr, exit codes, and pages that can be copied."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from conftest import sampled, undrawn
from PIL import Image
from rich.cells import cell_len
from typer.testing import CliRunner, Result

import toygan
from toygan.cli import console, drawing, main
from toygan.cli.catalogue import LISTS, pages
from toygan.cli.main import app
from toygan.files import cache
from toygan.files.config import Method
from toygan.files.scenario import read
from toygan.files.shipped import shipped, shipped_exhibits, shipped_protocols
from toygan.files.text import number
from toygan.game.casts import CASTS
from toygan.game.constraints import CONSTRAINTS
from toygan.game.methods import METHODS
from toygan.game.networks import ACTIVATIONS, INITIALISATIONS, CriticNormalisation
from toygan.game.objectives import OBJECTIVES
from toygan.game.optimisers import OPTIMISERS, SCHEDULES
from toygan.game.players import CRITICS, GENERATORS, LATENTS
from toygan.game.rules import RULES
from toygan.game.zoo import ZOO
from toygan.many import run as runs
from toygan.many.progress import Progress
from toygan.quantities import diagnosis
from toygan.quantities.table import QUANTITIES
from toygan.targets.table import TARGETS

NAMED = [*OPTIMISERS, *SCHEDULES, *ACTIVATIONS, *get_args(CriticNormalisation), *INITIALISATIONS, *LATENTS]

SMALL = """\
title = "Small"
[target]
kind = "ring"
[generator]
width = 8
[critic]
width = 8
[training]
steps = 20
frames = 3
points = 50
batch = 16
[methods.mine]
objective = "hinge"
look_for = "Mine"
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder with a small scenario in it."""
    (tmp_path / "small.toml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bare() -> Iterator[None]:
    """Runs draw nothing: no test of theirs looks at a picture."""
    with undrawn():
        yield


SMALLER = ["--width", "300"]
SHORT = [*SMALLER, "--seconds", "0.1"]  # two frames


def call(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def one_object(text: str) -> dict:
    """The one JSON object that is all of a text; NaN is none."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


# --- run, compare, draw ----------------------------------------------------------------------------------------------


def test_a_run_says_what_came_out_and_a_second_one_that_it_is_kept(here):
    first = call("run", "small.toml")
    assert "small / wgan-gp" in first.stdout
    assert "done at step 20 of 20" in first.stdout
    assert "runs/small/wgan-gp/picture.png" in first.stdout
    assert "training, 1/20" in first.stderr
    again = call("run", "small.toml")
    assert again.stdout == first.stdout
    assert again.stderr == f"small / wgan-gp: {console.KEPT}\n"


def test_the_film_can_wait(here):
    call("run", "small.toml", "--no-animation")
    film = here / "runs" / "small" / "wgan-gp" / "animation.gif"
    assert not film.exists()
    call("run", "small.toml")
    assert film.exists()


def test_json_is_one_object_and_nothing_else(here, bare):
    facts = one_object(call("run", "small.toml", "--no-animation", "--json").stdout)
    assert (facts["status"], facts["scenario"], facts["method"]) == ("done", "small", "wgan-gp")
    assert facts["folder"] == "runs/small/wgan-gp"
    assert "small / wgan-gp" in call("run", "small.toml", "--no-animation", "--fresh", "--json").stderr


def test_a_diverged_run_is_a_result(here):
    rates = ["--set", "method.critic_rate=1e6", "--set", "method.generator_rate=1e6", "--no-animation"]
    facts = one_object(call("run", "small.toml", "--json", *rates).stdout)
    assert facts["status"] == "diverged"
    assert "diverged" in call("run", "small.toml", *rates).stdout


@pytest.mark.parametrize("film", sampled([True, False], 2))
def test_several_methods_end_with_a_comparison(film, here, bare, monkeypatch):
    words = ["run", "small.toml", "-m", "mine", "-m", "hinge+r1", "-m", "mine", *([] if film else ["--no-animation"])]
    result = call(*words)
    assert [line.split()[0] for line in result.stdout.splitlines()[2:4]] == ["mine", "hinge+r1"]
    assert (here / "runs" / "small" / "comparison.png").exists()
    assert (here / "runs" / "small" / "comparison.gif").exists() is film
    monkeypatch.setattr(drawing, "drawn_together", lambda *_, **__: None)  # once is enough
    several = one_object(call(*words, "--json").stdout)
    assert [facts["method"] for facts in several["runs"]] == ["mine", "hinge+r1"]
    assert several["picture"] == "runs/small/comparison.png"
    assert ("film" in several) is film


def test_one_of_several_may_fail(here, bare, monkeypatch):
    keep = runs.keep

    def unlucky(look, past, ledger):
        if ledger.facts["method"] == "gan":
            raise RuntimeError("out of luck")
        keep(look, past, ledger)

    monkeypatch.setattr(runs, "keep", unlucky)
    several = call("run", "small.toml", "-m", "gan", "-m", "mine", "--json", code=3)
    assert "toygan: small / gan: RuntimeError: out of luck" in several.stderr
    facts = one_object(several.stdout)
    assert [run["method"] for run in facts["runs"]] == ["mine"]
    assert facts["failed"] == ["out of luck"]
    alone = call("run", "small.toml", "-m", "gan", code=1)
    assert "RuntimeError: out of luck" in alone.stderr
    assert "nothing is lost" in alone.stderr


def test_a_run_that_leaves_ends_only_itself(here, monkeypatch):
    def leave(recording, order):
        raise SystemExit(0)

    monkeypatch.setattr(
        runs, "draw", lambda recording, order: leave(recording, order) if recording.facts.method == "gan" else None
    )
    several = call("run", "small.toml", "-m", "gan", "-m", "mine", "--no-animation", code=3)
    assert "small / gan: SystemExit: 0" in several.stderr
    assert "small / mine" in several.stdout
    alone = call("run", "small.toml", "-m", "gan", code=1)
    assert "SystemExit: 0" in alone.stderr


def test_an_interrupted_run_exits_130_and_says_how_to_go_on(here, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "draw", interrupt)
    for methods in ([], ["-m", "gan", "-m", "mine"]):
        result = call("run", "small.toml", *methods, code=130)
        assert result.stderr.endswith("toygan: interrupted; the same command goes on from here\n")
        assert result.stdout == ""


def test_a_folder_in_use_exits_2(here):
    from toygan.session.folder import claimed

    with claimed(here / "runs" / "small" / "wgan-gp"):
        assert "another process" in call("run", "small.toml", code=2).stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, Path]:
    """Two finished runs that have drawn nothing."""
    place = tmp_path_factory.mktemp("finished")
    (place / "small.toml").write_text(SMALL)
    with undrawn():
        folders = [toygan.run(str(place / "small.toml"), method, out=place).folder for method in ("mine", "gan")]
    return folders[0], folders[1]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg", "gif", "webp"])
def test_a_run_is_drawn_again_in_every_format(suffix, finished, tmp_path):
    short = SHORT if suffix in ("gif", "webp") else []
    result = call("draw", str(finished[0]), "--format", suffix, *short, "--out", str(tmp_path / "new"))
    (file,) = (tmp_path / "new").iterdir()
    assert result.stdout == f"{file}\n"
    assert file.suffix == f".{suffix}"
    assert file.stat().st_size > 1000


def test_more_points_are_drawn_than_were_recorded(finished, tmp_path):
    result = call("draw", str(finished[0]), "--points", "70", "-f", "svg", "-f", "png", "--out", str(tmp_path / "new"))
    assert result.stdout == f"{tmp_path / 'new' / 'points.svg'}\n{tmp_path / 'new' / 'points.png'}\n"
    assert "70 fresh points a seed" in (tmp_path / "new" / "points.svg").read_text()
    refused = {("-f", "gif"): "--points makes a picture", ("--view", "inside"): "leave out --view"}
    for words, said in refused.items():
        assert said in call("draw", str(finished[0]), "--points", "70", *words, code=2).stderr
    bare = shutil.copytree(finished[0], tmp_path / "bare")
    (bare / "weights.npz").unlink()
    assert call("draw", str(bare), "--points", "70", code=2).stderr == (
        f"toygan: {bare}: has no weights.npz to draw more points from; --fresh plays the run again, with it\n"
    )


def test_points_are_thinned_or_left_out_of_pictures(finished, tmp_path):
    one = str(finished[0])
    for words in ([], ["--thin-points"], ["--no-points"]):
        place = tmp_path / "".join(["new", *words])
        call("draw", one, *words, "-f", "svg", "-f", "gif", *SHORT, "--out", str(place))
        assert ("points not drawn" in (place / "picture.svg").read_text()) == (words == ["--no-points"])
        call("compare", one, str(finished[1]), *words, "--no-animation", *SMALLER, "--out", str(place))
    pictures = {
        (place / name).read_bytes() for place in tmp_path.iterdir() for name in ("comparison.png", "animation.gif")
    }
    assert len(pictures) == 6  # fifty points are all drawn when thinned, without rings
    refused = {"--no-points": ["--points", "9"], "--thin-points": ["--view", "latent"]}
    for word, other in refused.items():
        assert (
            f"{word}: changes the sheet and the film; leave out {other[0]}"
            in call("draw", one, word, *other, code=2).stderr
        )
    for command in (["draw", one], ["compare", one, one]):
        assert "choose one of them" in call(*command, "--no-points", "--thin-points", code=2).stderr


def test_drawing_explains_what_it_cannot_do(finished, tmp_path, monkeypatch):
    assert '"png"?' in call("draw", str(finished[0]), "-f", "pgn", code=2).stderr
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert "toygan[mp4]" in call("draw", str(finished[0]), "-f", "mp4", "--out", str(tmp_path), code=2).stderr
    (tmp_path / "file").write_text("")
    for words in ([], ["--points", "9"], ["--view", "latent"]):
        below = str(tmp_path / "file" / "below")
        assert "with --out" in call("draw", str(finished[0]), *words, "--out", below, code=2).stderr


def test_chosen_steps_and_seeds_are_drawn(here, bare):
    folder = one_object(call("run", "small.toml", "--seeds", "2", "--json").stdout)["folder"]
    told = call("draw", folder, "--steps", "0,12", "-f", "svg", "-f", "png", "--width", "400", "--out", "new")
    assert told.stdout == "new/steps.svg\nnew/steps.png\n"
    told = call("draw", folder, "--seed", "1", *SHORT, "--out", "new")
    assert told.stdout == "new/picture-seed-1.png\nnew/animation-seed-1.gif\n"
    assert "the critic of seed 1 was not kept: its points alone are shown (critics were kept of seed 0)" in told.stderr
    both = ["--seed", "1", "--step", "20", "--format", "svg", "--out", "new"]
    assert call("draw", folder, *both).stdout == "new/steps-seed-1.svg\n"
    assert "step 20" in Path("new/steps-seed-1.svg").read_text(encoding="utf-8")
    assert call("draw", folder, "--seed", "0", "--view", "latent", *SMALLER).stdout == f"{folder}/latent-seed-0.png\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--steps", "9000"], "--steps 9000: step 9000 was never looked at; this run's looks are from step 0 to 20"),
        (["--steps", "0,x"], "--steps 0,x: must be whole numbers, 0 or more, with commas, such as 0,500,2500"),
        (["--step", "-1"], "--steps -1: must be whole numbers, 0 or more, with commas, such as 0,500,2500"),
        (["--steps", "1,2,3,4,5,6,7"], "--steps: 7 looks do not fit beside each other; give up to 6, or draw the film"),
        (["--steps", "1", "-f", "gif"], "--format gif: --steps makes a picture; legal formats: png, pdf, svg"),
        (["--steps", "1", "--view", "inside"], "--steps: makes a picture of its own; leave out --view"),
        (["--steps", "1", "--points", "9"], "--points: makes a picture of its own; leave out --steps"),
        (["--seed", "7"], "--seed 7: seed 7 was not run; this run's are 0"),
        (["--seed", "0", "--points", "9"], "--seed 0: --points shows every seed; leave out either"),
        (["--seed", "0", "--view", "dirac"], "--seed 0: --view dirac has none; leave out either"),
        (["--width", "3in"], "--width 3in: must be pixels, such as 800px, or millimetres, such as 90mm"),
        (["--width", "90.5px"], "--width 90.5px: must be pixels, such as 800px, or millimetres, such as 90mm"),
        (["--width", "9mm"], "--width 9: must be a number of millimetres from 20 to 2000"),
        (
            ["--width", "90mm", "-f", "gif"],
            "--width 90mm: a film is measured in pixels, such as --width 800px; gif is one",
        ),
        (["--font-size", "2"], "--font-size 2: must be a number from 4 to 40"),
        (["--font-size", "9", "-f", "mp4"], "--font-size 9: is about pictures, and mp4 is a film"),
        (["--style", "drak"], '--style drak: unknown; did you mean "dark"? legal styles: paper, slide, dark'),
        (["--scale", "fram"], '--scale fram: unknown; did you mean "frame"? legal scales: frame, run'),
        (["--scale", "run", "--view", "inside"], "--scale run: is about critics' colours; leave out --view"),
        (["--language", "fr"], "--language fr: unknown; legal languages: en, zh"),
        (["--seed", "x"], "--seed x: must be the number of a seed, or all"),
        (["--seed", "all", "-f", "gif"], "--format gif: --seed all makes a picture; choose from png, pdf, svg"),
        (["--panels", "critic", "-f", "gif"], "--format gif: --panels makes a picture; choose from png, pdf, svg"),
        (["--panels", "critic", "--view", "inside"], "--view: makes a picture of its own; leave out --panels"),
        (
            ["--panels", "latent", "--font-size", "9", "--width", "30mm"],
            "--panels latent: 1 panel does not fit on a width of 30 mm with words of this size; choose fewer or smaller words",
        ),
    ],
    ids=" ".join,
)
def test_what_cannot_be_chosen_is_one_message(words, said, finished, tmp_path):
    assert call("draw", str(finished[0]), *words, "--out", str(tmp_path), code=2).stderr == f"toygan: {said}\n"
    assert not list(tmp_path.iterdir())


def test_runs_are_compared(finished, tmp_path):
    words = ["compare", *map(str, finished), "--out", str(tmp_path), "--no-animation"]
    told = call(*words).stdout
    assert "comparison.png" in told
    floor = toygan.load(finished[0]).facts.floor("sliced_w1", "final").mean
    (line,) = [line for line in told.splitlines() if line.startswith("sliced W1")]
    assert line.count(f"({number(floor)})") == 2
    assert [row["run"] for row in one_object(call(*words, "--json").stdout)["runs"]] == ["small / mine", "small / gan"]
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.png"]


def test_a_comparison_has_the_panels_moments_and_seeds_that_are_asked_for(finished, tmp_path):
    folders = list(map(str, finished))
    for words, name in (
        (["--panels", "critic,w1", "--width", "120mm", "--font-size", "7", "-f", "svg"], "comparison-panels.svg"),
        (["--steps", "0,20"], "comparison-steps.png"),
        ([*SMALLER, "--steps", "0", "--panels", "slope", "--seed", "0"], "comparison-panels-seed-0.png"),
        ([*SMALLER, "--seed", "all"], "comparison-panels-seed-all.png"),
        (["--seed", "0", "-f", "png", "-f", "gif", *SHORT], "comparison-seed-0.gif"),
    ):
        told = call("compare", *folders, *words, "--out", str(tmp_path)).stdout
        assert name in told
        assert (tmp_path / name).exists()
    with Image.open(tmp_path / "comparison-steps.png") as picture:
        *runs, own = picture.info["Description"].splitlines()
    assert len(runs) == 2
    assert own.startswith("toygan compare ")
    assert own.endswith(" --steps 0,20")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--panels", "kinds"], "--panels kinds: none of these runs has a panel 'kinds'"),
        (["--steps", "0", "-f", "gif"], "--format gif: --steps makes a picture; legal formats: png, pdf, svg"),
        (["--seed", "77"], "{0}: --seed 77: seed 77 was not run; this run's are 0"),
        (["--panels", "critic", "-f", "gif"], "--format gif: --panels makes a picture; choose from png, pdf, svg"),
    ],
    ids=" ".join,
)
def test_what_a_comparison_cannot_show_is_one_message(words, said, finished, tmp_path):
    told = call("compare", *map(str, finished), *words, "--out", str(tmp_path), code=2).stderr
    assert said.format(finished[0]) in told
    assert "Traceback" not in told
    assert not list(tmp_path.iterdir())


def test_runs_of_one_method_are_compared_by_what_differs(bare, tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    settings = [{"training.batch": 16}, {"training.batch": 8}]
    recordings = [
        toygan.run(str(tmp_path / "small.toml"), "gan", overrides=one, out=tmp_path / f"{i}", animation=False)
        for i, one in enumerate(settings)
    ]
    names = console.told_apart(recordings, ["gan", "gan"])
    assert len(set(names)) == 2
    assert all(words in name for name, words in zip(names, ("16", "8"), strict=True))
    assert console.told_apart(recordings[:1], ["gan"]) == ["gan"]


@pytest.mark.parametrize(
    ("formats", "kinds"),
    [
        (["svg"], ["picture"]),
        (["webp", "pdf"], ["film", "picture"]),
        (["png", "svg", "gif", "webp", "png"], ["picture", "picture.svg", "film", "film.webp"]),
    ],
)
def test_runs_are_compared_in_every_format(formats, kinds, finished, tmp_path):
    words = [word for suffix in formats for word in ("--format", suffix)] + SHORT * ("webp" in formats)
    told = one_object(call("compare", *map(str, finished), *words, "--out", str(tmp_path), "--json").stdout)
    found = {kind: Path(path) for kind, path in told.items() if kind != "runs"}
    assert list(found) == kinds
    assert [path.name for path in found.values()] == [f"comparison.{suffix}" for suffix in dict.fromkeys(formats)]
    assert {*tmp_path.iterdir()} == {*found.values()}


def test_runs_of_one_method_are_told_apart_in_tables_too(here, bare, monkeypatch):
    monkeypatch.setattr(main, "draw_all", lambda *_: {})
    folders = [
        str(toygan.run("small.toml", "gan", overrides=changes, out=f"runs-{i}", animation=False).folder)
        for i, changes in enumerate([{"training.batch": 8}, {"training.batch": 9, "method.critic_steps": 5}])
    ]
    told = " ".join(call("compare", *folders, "--no-animation").stdout.split())
    assert told.count("batch 8, 1 critic step") == 2
    assert told.count("batch 9, 5 critic steps") == 2


def test_films_are_as_fast_as_long_and_as_wide_as_asked(finished, tmp_path):
    for words in (["draw", str(finished[0])], ["compare", *map(str, finished)]):
        call(*words, "--fps", "4", "--seconds", "0.5", "--width", "300", "--out", str(tmp_path))
    for name, frames in {"animation.gif": 2, "comparison.gif": 2, "picture.png": 1, "comparison.png": 1}.items():
        with Image.open(tmp_path / name) as picture:
            assert (picture.width, getattr(picture, "n_frames", 1)) == (300, frames)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fps", "0"], "--fps 0: must be a number from 1 to 50"),
        (["--fps", "nan"], "--fps nan: must be a number from 1 to 50"),
        (["--seconds", "-2"], "--seconds -2: must be a number from 0.1 to 600"),
        (
            ["--width", "10"],
            "--width 10: must be a number of pixels from 200 to 4000; of a picture on paper it is 10mm",
        ),
        (["--format", "pdf", "--fps", "9"], "--fps 9: is about films, and pdf is none; a film is gif, webp, mp4"),
        (
            ["--format", "pdf", "--width", "900"],
            "--width 900px: is in pixels, and pdf has none; give millimetres, such as 90mm",
        ),
        (["--format", "film"], "--format film: unknown; legal formats: png, pdf, svg, gif, webp, mp4"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("command", ["draw", "compare"])
def test_what_a_film_cannot_be_is_one_message(command, words, said, finished, tmp_path):
    folders = map(str, finished[: 1 if command == "draw" else 2])
    assert call(command, *folders, *words, "--out", str(tmp_path), code=2).stderr == f"toygan: {said}\n"
    assert not list(tmp_path.iterdir())


def test_a_film_that_is_asked_for_and_forbidden_is_a_mistake(finished, tmp_path):
    words = ["compare", *map(str, finished), "--out", str(tmp_path), "--no-animation"]
    assert "leave out either" in call(*words, "--format", "gif", code=2).stderr
    assert "comparison.svg" in call(*words, "--format", "svg").stdout


def test_python_gives_a_recording(here):
    recording = toygan.run("small.toml", "mine", seeds=[4, 2], overrides={"training.steps": 10}, animation=False)
    assert repr(recording) == "<Recording small / mine: done, step 10 of 10, seeds [4, 2]>"
    assert recording._repr_png_().startswith(b"\x89PNG")
    assert toygan.load("runs/small/mine").facts == recording.facts
    with pytest.raises(AttributeError, match="it has"):
        _ = toygan.nothing


@pytest.mark.parametrize("methods", [["gan"], ["gan", "wgan-gp"]])
def test_a_page_is_made_of_runs_and_comparisons(methods, here, bare, monkeypatch):
    words = [word for method in methods for word in ("-m", method)]
    told = one_object(call("run", "small.toml", *words, "--page", "--no-animation", "--json").stdout)
    page = Path(told["page"])
    assert all(method in page.read_text(encoding="utf-8") for method in methods)
    if len(methods) > 1:
        folders = [run["folder"] for run in told["runs"]]
        seeded = one_object(
            call("compare", *folders, "--seed", "0", "--page", "--no-animation", "--out", "both", "--json").stdout
        )
        assert "toygan compare" not in Path(seeded["page"]).read_text(encoding="utf-8")  # which made no run of these
        monkeypatch.setattr(drawing, "drawn_together", lambda *_, **__: None)  # once is enough
        again = one_object(call("compare", *folders, "--page", "--no-animation", "--out", "all", "--json").stdout)
        assert Path(again["page"]).exists()
    else:
        assert "iframe" in toygan.load(told["folder"])._repr_html_()


# --- list, show, doctor ----------------------------------------------------------------------------------------------


def literals(hint) -> set[str]:
    """Every word that a type allows."""
    return {word for part in get_args(hint) for word in ({part} if isinstance(part, str) else literals(part))}


@pytest.mark.parametrize(
    "kind",
    [
        *GENERATORS,
        *CRITICS,
        *(one for table in (RULES, CONSTRAINTS, OBJECTIVES, TARGETS) for one in sampled(table, 3)),
    ],
)
def test_every_word_that_an_option_may_be_is_shown(kind):
    """What a page says may stand behind `activation =` and the like has a page of its own, or is explained there."""
    for page in pages(kind):
        for key in ("activation", "normalisation", "initialisation", "latent"):
            for line in page.settings.splitlines():
                if line.startswith(f"{key} = ") and "#" in line:
                    words = line.partition("#")[2].strip().split(" or ")
                    assert [word for word in words if not pages(word)] == []
                    known = set(LISTS[f"{key}s"]()) - (
                        {"batch-running"} if page.title.startswith("generator") else set()
                    )
                    assert set(words) == known


@pytest.mark.parametrize(
    "name",
    [
        field
        for field in Method.model_fields
        if field != "labels" and literals(Method.model_fields[field].annotation)  # who is told is no row
    ],
)
def test_every_name_that_a_method_may_hold_is_shown(name):
    for word in literals(Method.model_fields[name].annotation):
        assert pages(word)


def test_lists_name_every_row(here):
    tables = {
        "rules": RULES,
        "generators": GENERATORS,
        "critics": CRITICS,
        "optimisers": OPTIMISERS,
        "schedules": SCHEDULES,
        "activations": ACTIVATIONS,
        "normalisations": get_args(CriticNormalisation),
        "initialisations": INITIALISATIONS,
        "latents": LATENTS,
        "objectives": OBJECTIVES,
        "constraints": CONSTRAINTS,
        "targets": TARGETS,
        "methods": METHODS | ZOO,
        "casts": CASTS,
        "scenarios": shipped(),
        "quantities": QUANTITIES,
        "labels": {label for label, *_ in diagnosis.RULES},
        "exhibits": shipped_exhibits(),
        "protocols": shipped_protocols(),
    }
    found = one_object(call("list", "--json").stdout)
    assert {what: set(rows) for what, rows in found.items()} == {what: set(table) for what, table in tables.items()}
    for what in LISTS:
        lines = call("list", what).stdout.splitlines()
        assert [line for line in lines if line.endswith(" ")] == []
        assert len(lines) == len(tables[what]) + 2  # a title, an empty line at the end, and no wrapping in between


@pytest.mark.parametrize(
    "name",
    [
        *(
            one
            for table in (shipped(), METHODS, OBJECTIVES, CONSTRAINTS, TARGETS, RULES, GENERATORS, CRITICS, NAMED)
            for one in sampled(table, 4)
        ),
        "hinge+r1",
        "small.toml",
    ],
)
def test_everything_is_shown_with_settings_that_can_be_copied(name, here):
    said = call("show", name).stdout
    for page in pages(name):
        assert page.title in said
        assert page.settings in said
        assert tomllib.loads(page.settings) or page.settings.startswith("#")


def test_a_shown_method_can_be_pasted_into_a_file(here):
    (page,) = pages("wgan-gp")
    (here / "pasted.toml").write_text(f"{SMALL}[methods.pasted]\n{page.settings}")
    assert read("pasted.toml", "pasted").method.constraint == read("small.toml", "wgan-gp").method.constraint


def test_doctor_names_versions_and_what_is_missing():
    said = call("doctor").stdout
    assert [name for name in runs.LIBRARIES if name not in said] == []
    assert "GPU" in said
    assert "backend auto: onnx; eager for fewer than 80 steps" in said
    assert f"cache: {cache.folder()} (" in said


def test_without_the_runtime_a_run_calls_its_steps_and_says_so_once(here, bare, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    said = call("run", "small.toml", "--no-animation")
    assert said.stderr.count("by eager (onnx: onnxruntime is not installed)") == 1
    refused = call("run", "small.toml", "--out", "other", "--backend", "onnx", code=2)
    assert refused.stderr == "toygan: backend onnx: onnxruntime is not installed\n"
    assert not (here / "other").exists()


@pytest.mark.parametrize("command", [[], ["run"], ["draw"], ["compare"], ["list"], ["show"], ["doctor"]], ids=str)
def test_every_command_has_help(command):
    assert "Usage" in call(*command, "--help").stdout


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from toygan.cli.main import app;"
        "assert CliRunner().invoke(app, ['run', '--help']).exit_code == 0;"
        "sys.exit(', '.join({'torch', 'matplotlib', 'sklearn', 'scipy', 'numpy', 'ot'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    ("words", "reader"),
    [
        ("--help", "true"),
        pytest.param("list", "head -c 1", marks=pytest.mark.slow),
        pytest.param("list --json", "head -c 1", marks=pytest.mark.slow),
    ],
)
def test_a_pipe_may_close_early(words, reader):
    command = f"{sys.executable} -m toygan {words} | {reader}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- what a terminal shows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 200])
def test_the_bars_numbers_fit(width, monkeypatch):
    monkeypatch.setattr(console, "err", console.Terminal(stderr=True, force_terminal=True, width=width))
    clock = iter([0.0, 0.0, 10.0])
    monkeypatch.setattr(console, "monotonic", lambda: next(clock))
    meter = console.Meter()
    numbers = {"critic_loss": -0.123, "w1": 0.0712, "w1_floor": 0.05, "modes": 25.0}
    meter.note(Progress(0, 5000, "training", numbers))
    note = meter.note(Progress(1000, 5000, "training", numbers))
    assert note.startswith("1000/5000  100/s  40 s left  W1 0.0712  modes 25")
    assert cell_len(note) + len("eight-gaussians / wgan-gp") + 8 + 2 <= max(width, 85)
    assert ("critic loss" in note) is (width == 200)


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (185, "3:05 min"), (7800, "2:10 h")])
def test_durations_in_words(seconds, words):
    assert console.duration(seconds) == words


def test_the_bar_of_a_terminal_says_what_is_done(monkeypatch, capsys):
    monkeypatch.setattr(console, "err", console.Terminal(stderr=True, force_terminal=True, width=80))
    with console.watching("small / mine") as watch:
        watch(Progress(1, 2, "training", {}))
        watch(Progress(2, 2, "kept", {}))
    assert f"small / mine: {console.KEPT}" in capsys.readouterr().err


def test_points_are_not_left_out_where_nothing_else_is_drawn(here, bare):
    told = call("run", "small.toml", "-m", "gan", "--seeds", "2", "--steps", "4", "--no-animation", "--json")
    folder = one_object(told.stdout)["folder"]
    assert "leave out --view" in call("draw", folder, "--view", "inside", "--no-points", code=2).stderr
    assert "points alone were kept" in call("draw", folder, "--seed", "1", "--no-points", code=2).stderr
    assert not (Path(folder) / "picture-seed-1.png").exists()
