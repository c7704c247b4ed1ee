"""toygan in a notebook: a bar while it plays, a player of what came of it, frames and tables, axes of one's own."""

import builtins
import re
import shutil
import sys
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient
from test_draw import synthetic
from test_faults import SMALL, hurry

import toygan
from toygan.files.mistakes import UserError
from toygan.many import progress
from toygan.many.progress import Progress
from toygan.session.recording import Recording

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"
FEWER = {'"training.steps": 600': '"training.steps": 20, "training.points": 100', "601, 50": "101, 50", "(1000": "(100"}


SHORT = "from toygan.session import measuring\nmeasuring.FINAL_W1 = 100"  # as `conftest.short_runs`


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Recording:
    place = tmp_path_factory.mktemp("played")
    (place / "small.toml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr)
        return toygan.run(str(place / "small.toml"), "wgan-gp", out=place, animation=False)


# --- the document --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> tuple[Any, Path]:
    """The notebook of the documents by a kernel, on a few steps, and where it ran."""
    place = tmp_path_factory.mktemp("notebook")
    text = NOTEBOOK.read_text(encoding="utf-8")
    for many, few in FEWER.items():
        many, few = (one.replace('"', '\\"') for one in (many, few))  # as it stands in JSON
        assert many in text
        text = text.replace(many, few)
    book = nbformat.reads(text, as_version=4)
    book.cells.insert(0, nbformat.v4.new_code_cell(SHORT))
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(place)}}).execute()
    return book, place


def outputs(book: Any, word: str) -> list[Any]:
    """What the cell that has a word in it has shown."""
    (cell,) = [cell for cell in book.cells if cell.cell_type == "code" and word in cell.source]
    return list(cell.outputs)


def html_of(shown: list[Any]) -> str:
    return "".join(one["data"].get("text/html", "") for one in shown if "data" in one)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_notebook_of_the_documents_runs(executed):
    book, place = executed
    shown = html_of(outputs(book, "recording = toygan.run"))
    assert "srcdoc=" in shown
    assert outputs(book, "recording = toygan.run")[0]["data"]["text/html"] == "", "the bar is gone when the run is over"
    assert "image/png" in outputs(book, "plt.subplots")[-1]["data"]
    assert "<table" in html_of(outputs(book, "dataframe"))
    assert not [one for cell in book.cells for one in cell.get("outputs", []) if one["output_type"] == "error"]
    assert not [one for cell in book.cells for one in cell.get("outputs", []) if one.get("name") == "stderr"]
    assert (place / "both.html").stat().st_size > 10_000
    assert toygan.load(place / "runs" / "by-hand").facts.is_recorded
    assert html_of(outputs(book, "both = toygan.player")).count("class=&quot;panel&quot;") == 3


def test_the_notebook_is_kept_without_what_it_shows():
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]


# --- the bar -------------------------------------------------------------------------------------------------------------


class Place:
    """What a notebook shows beneath a cell."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, html: Any) -> None:
        self.shown.append(html)


@pytest.fixture
def kernel(monkeypatch) -> Place:
    """A notebook's kernel, as far as a bar sees it."""
    place = Place()
    shell = SimpleNamespace(kernel=object())
    display = SimpleNamespace(HTML=str, display=lambda *_, **__: place)
    monkeypatch.setitem(
        sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display, version_info=(9,))
    )
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return place


def test_progress_is_a_bar_in_a_notebook(kernel, tmp_path, monkeypatch):
    (tmp_path / "small.toml").write_text(SMALL)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    recording = toygan.run(str(tmp_path / "small.toml"), "gan", out=tmp_path, animation=False)
    told = [one for one in kernel.shown if one]
    assert len(told) > recording.facts.steps
    assert all(one.startswith("<progress value=") for one in told)
    assert '<progress value="1" max="1"></progress> step 20 of 20 · ' in told[-1]
    assert re.search(r" · W1 \d\.\d+ · modes \d · ", told[-1])
    assert kernel.shown[-1] == ""


def test_a_bar_shows_words_as_words(monkeypatch):
    assert progress.bar_of(Progress(3, 12, "by <engine>", {})) == (
        '<progress value="0.25" max="1"></progress> step 3 of 12 · by &lt;engine&gt;'
    )


def test_a_sweep_has_one_bar_for_all_its_runs(kernel, tmp_path, monkeypatch, no_processes):
    (tmp_path / "small.toml").write_text(SMALL)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    hurry(monkeypatch.setattr)
    toygan.sweep(
        str(tmp_path / "small.toml"), ["gan", "hinge-gan"], overrides={"training.steps": 3}, out=tmp_path / "many"
    )
    told = [re.sub(r'value="[^"]*"', "", one) for one in kernel.shown if one]
    assert list(dict.fromkeys(told)) == [f'<progress  max="1"></progress> {n} of 2 runs' for n in (0, 1)]
    assert kernel.shown[-1] == ""


def test_there_is_no_bar_elsewhere(kernel, tmp_path, monkeypatch):
    assert progress.in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not progress.in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))  # of a terminal
    assert not progress.in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not progress.in_notebook()
    assert kernel.shown == []


# --- the player ------------------------------------------------------------------------------------------------------------


def page_in(html: str) -> str:
    (told,) = re.findall(r'srcdoc="([^"]*)"', html)
    return unescape(told)


def test_a_recording_shows_a_player_that_needs_nothing_else(played):
    page = page_in(played._repr_html_())
    assert page.startswith("<!doctype html>")
    assert not re.findall(r'(?:src|href)="(?!data:)[^"]*"', page.partition("</style>")[2])
    assert not re.findall(r"https?://(?!www\.w3\.org)", page)
    assert page.count("</script>") == page.count("<script") == 1 + 1 + len(played.facts.seeds) + 4
    assert synthetic(frames=2, points=5)._repr_html_() is not None
    assert Recording(played.facts, {"step": np.arange(2)})._repr_html_() is None


def test_several_recordings_stand_under_one_slider(played, tmp_path):
    path = toygan.player(played, played).save(tmp_path / "both.html")
    text = path.read_text(encoding="utf-8")
    assert text.count('class="panel"') == 2
    for wrong in ([], [3]):
        with pytest.raises(UserError, match=r"is no recording; toygan.load"):
            toygan.player(*wrong)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_the_player_plays_inside_of_a_notebooks_page(played, tmp_path):
    from playwright.sync_api import sync_playwright

    (tmp_path / "cell.html").write_text(f"<!doctype html><body>{played._repr_html_()}</body>", encoding="utf-8")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page, faults = browser.new_page(), list[str]()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: faults.append(asked.url) if asked.url.startswith("http") else None)
        page.goto((tmp_path / "cell.html").as_uri())
        frame = page.frame_locator("iframe")
        frame.locator("canvas.ready").wait_for()
        frame.locator("#play").click()
        frame.locator("#time").fill("0")
        frame.locator("#seed").select_option("1")
        frame.locator("canvas.ready").wait_for()
        assert "seed 1" in frame.locator(".numbers").inner_text()
        browser.close()
    assert faults == []


# --- frames and tables -----------------------------------------------------------------------------------------------------


def test_a_frame_is_what_was_recorded_of_it(played):
    for i in (0, 2, -1):
        moment = played.frame(i)
        assert moment.step == played.frames["step"][i]
        np.testing.assert_array_equal(moment.points, played.frames["samples"][i])
        np.testing.assert_array_equal(moment.critic, played.frames["scores"][i])
        np.testing.assert_array_equal(moment.slopes, played.frames["slopes"][i])
        np.testing.assert_array_equal(moment.optimal, played.frames["optimal_scores"][i])
        np.testing.assert_array_equal(moment.measures["w1"], played.metrics["w1"][i])
        assert moment.measures["w1_over_floor"].shape == (2,)
    for wrong in (4, -5, "last"):
        with pytest.raises(UserError, match="has 4 frames, numbered 0 to 3"):
            played.frame(wrong)


def test_a_table_has_a_row_a_frame_and_seed(played):
    table = played.dataframe()
    assert list(table.columns[:2]) == ["step", "seed"]
    assert table["step"].tolist() == np.repeat(played.frames["step"], 2).tolist()
    assert table["seed"].tolist() == [0, 1] * 4
    np.testing.assert_array_equal(table["w1"].to_numpy().reshape(4, 2), played.metrics["w1"])
    assert table["critic_loss"].isna().sum() == 2  # before the first step
    assert not {name for name in table if table[name].isna().all()}


def test_a_table_without_pandas_names_what_to_install(played, monkeypatch):
    real = builtins.__import__

    def without(name: str, *words: Any, **named: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *words, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"needs pandas: pip install 'toygan\[notebook\]'"):
        played.dataframe()


# --- axes ------------------------------------------------------------------------------------------------------------------


def test_drawing_functions_take_an_axis_and_return_it(played):
    for name in ("points", "critic", "slopes", "curves"):
        axis = Figure().subplots()
        assert getattr(toygan.draw, name)(axis, played) is axis
        assert axis.has_data()
    shown = toygan.draw.scene(played)
    for name in ("critic_contour", "slope_field"):
        axis = Figure().subplots()
        assert getattr(toygan.draw, name)(axis, shown) is axis
    for name in ("loss_curves", "share_curves", "w1_curves"):
        axis = Figure().subplots()
        assert getattr(toygan.draw, name)(axis, played) is axis


def test_what_is_drawn_is_the_frame_and_the_seed_that_were_asked_for(played):
    axis = toygan.draw.points(Figure().subplots(), played, frame=1, seed=1)
    drawn = np.concatenate([line.get_xydata() for line in axis.lines])
    expected = played.frames["samples"][1, 1].astype(float)
    left, right = axis.get_xlim()
    inside = expected[(np.abs(expected) <= right).all(axis=1)]
    assert left == -right
    assert {tuple(point) for point in inside} <= {tuple(point) for point in drawn}
    axis = toygan.draw.curves(Figure().subplots(), played, "critic_loss", "generator_loss")
    named = {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}
    assert set(named) == {"critic loss", "generator loss"}
    np.testing.assert_array_equal(named["critic loss"].get_ydata(), played.metrics["critic_loss"][:, 0])


def test_what_cannot_be_drawn_is_told(played):
    axis = Figure().subplots()
    with pytest.raises(ValueError, match=r"frame 9: .* has 4 frames that can be drawn, from 0 on"):
        toygan.draw.critic(axis, played, frame=9)
    with pytest.raises(ValueError, match="The critic of seed 1 was not kept"):
        toygan.draw.critic(axis, played, seed=1)
    with pytest.raises(ValueError, match="seed 5 was not run"):
        toygan.draw.points(axis, played, seed=5)
    with pytest.raises(ValueError, match=r"nothing: small / wgan-gp has no curve of it; it has .*w1"):
        toygan.draw.curves(axis, played, "nothing")
