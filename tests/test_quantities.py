"""The one table of quantities: its rows are sound, and a new row is everywhere by itself."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from conftest import undrawn
from matplotlib.text import Text
from typer.testing import CliRunner

import toygan
from toygan import draw
from toygan.cli.console import print_measures, print_summary
from toygan.cli.main import app
from toygan.exhibits import read
from toygan.exhibits.claims import judge
from toygan.many.results import records
from toygan.many.table import medians
from toygan.many.written import written as table_text
from toygan.quantities import glossary
from toygan.quantities.critic import Judged
from toygan.quantities.kinds import Kinds
from toygan.quantities.measure import Against, seen
from toygan.quantities.table import (
    QUANTITIES,
    Quantity,
    axis_name,
    cloud,
    critic,
    derived,
    label_of,
    ratio,
    shown_in,
    written,
)  # fmt: skip
from toygan.session.recording import Recording, load
from toygan.site.page import write_page
from toygan.view.words import frame_words

PLACES = {"live", "last", "line", "end", "share", "curves", "terminal", "table", "page", "board"}
SMALL = {
    "training.seed": 4217,
    "training.steps": 4,
    "training.frames": 2,
    "training.points": 60,
    "generator.width": 8,
    "critic.width": 8,
}


POINTS = np.random.default_rng(0).normal(size=(30, 2))
SEEN = seen(POINTS, Against(POINTS), None, None, Kinds()).keys()


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_row_is_sound(name):
    row = QUANTITIES[name]
    assert row.label
    assert row.about
    assert set(row.shown.split()) <= PLACES
    assert (row.of is None) == (row.source not in ("cloud", "critic", "derived"))
    if row.source == "derived":
        assert set(row.needs.split()) <= QUANTITIES.keys()
    if row.source in ("cloud", "critic"):
        assert set(row.needs.split()) <= SEEN
    if "share" in row.shown.split() or (row.source == "critic" and math.isfinite(row.best)):
        assert row.best <= 1
        assert row.better == "higher"


def test_a_number_without_a_unit_has_no_empty_brackets():
    assert not [words for words in glossary.quantities().values() if "()" in words]
    assert glossary.quantity_lines("mmd")["unit"] == "none"


def test_labels_tell_quantities_apart():
    labels = [row.label for row in QUANTITIES.values()]
    assert len(set(labels)) == len(labels)


def test_every_place_shows_something():
    assert all(shown_in(place) for place in PLACES)


def test_derived_quantities_are_of_numbers_and_of_arrays():
    assert derived({"w1": 0.3, "w1_floor": 0.1}) == {"w1_over_floor": pytest.approx(3)}
    assert math.isnan(derived({"w1": 0.3, "w1_floor": 0.0})["w1_over_floor"])
    assert derived({"w1": 0.3}) == {}
    found = derived({"w1": np.array([[0.3, np.nan]]), "w1_floor": np.array([[0.1, 0.1]])})["w1_over_floor"]
    np.testing.assert_allclose(found, [[3, np.nan]])


def test_a_value_is_written_as_its_unit_asks():
    told = [("w1", 0.12345, "0.123"), ("high_quality", 0.9871, "99\N{NO-BREAK SPACE}%"), ("modes", 8.0, "8"),
            ("critic_loss", -0.5, "−0.5"), ("critic_loss", 1.2e7, "1.2·10⁷"), ("unheard_of", 2.0, "2")]  # fmt: skip
    assert [written(name, value) for name, value, _ in told] == [words for *_, words in told]
    assert (axis_name("w1"), axis_name("modes")) == ("W1 (plane units, lower is better)", "modes (higher is better)")
    assert label_of("unheard_of") == "unheard of"


def left(points: np.ndarray) -> float:
    """The share of points [n, 2] left of the y axis."""
    return float((points[:, 0] < 0).mean())


def wide(judged: Judged) -> float:
    """How wide the critic's scores of real points are."""
    return float(np.std(judged.real_scores, dtype=float))


EXHIBIT = """
title = "One more quantity"
question = "Is a quantity that somebody adds everywhere?"
text = "Look at the left half."
reference = "None."
[[runs]]
scenarios = ["eight-gaussians"]
methods = ["gan"]
[[panels]]
kind = "ends"
measure = "left"
[[claims]]
says = "No more than everything lies left."
value = { measure = "left" }
at_most = 1.0
above = -1.0
"""


def test_a_new_row_is_everywhere(tmp_path, monkeypatch, capsys):
    everywhere = "live line end curves terminal table page board"
    rows = {
        "left": cloud("left of it", "share left of 0", "share", "neither", left, "points", everywhere),
        "wide": critic("width of scores", "of real points", "score", "neither", wide, "judged", f"last {everywhere}"),
        "lost": Quantity("derived", "left over W1", "of 1", "ratio", "neither", ratio, "left w1", everywhere),
    }
    for name, row in rows.items():
        monkeypatch.setitem(QUANTITIES, name, row)
    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "cache"))
    numbers: dict[str, float] = {}
    with undrawn():
        run = toygan.run(
            "eight-gaussians", method="gan", seeds=1, overrides=SMALL, out=tmp_path,
            watch=lambda progress: numbers.update(progress.numbers),
        )  # fmt: skip
    assert isinstance(run, Recording)
    assert rows.keys() <= numbers.keys()
    value = run.curve("left")
    np.testing.assert_allclose(value[-1, 0], left(run.frames["samples"][-1, 0]))
    floor = run.floor("left")
    assert abs(floor.mean - 0.5) < 0.2
    assert any("left of it" in words for words in frame_words(run, 1))
    sheet = draw.picture(run)
    shown = " ".join(text.get_text() for text in sheet.findobj(Text))
    print_summary(run)
    printed = capsys.readouterr().out.replace("\n", " ")
    print_measures([run, run])
    compared = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    for name, row in rows.items():  # of each source: in the film's line, on the sheet, in the terminal, side by side
        assert row.label in compared
        assert run.final(name)[0] == pytest.approx(run.facts.ends[0][name])
        assert any(row.label in words for words in frame_words(run, 1))
        assert row.label in shown
        assert row.label in printed
    assert sum("left of it" in text.get_text() for text in sheet.findobj(Text)) == 1  # in the table of the end
    folder = Path(run.folder)
    rows = records([folder])
    assert rows[0]["left"] == run.final("left")[0]
    assert "left" in table_text([medians(rows)], "text")
    told = CliRunner().invoke(app, ["show", "left"]).stdout
    assert "share left of 0" in told
    assert json.loads(CliRunner().invoke(app, ["list", "quantities", "--json"]).stdout)["quantities"]["left"]
    (tmp_path / "own.toml").write_text(EXHIBIT)
    claim = read(str(tmp_path / "own.toml")).claims[0]
    assert judge(claim, [row | {"label": "gan"} for row in rows]).held
    page = write_page(tmp_path / "page", "One", "", [folder], "").read_text()
    assert page.count("left of it") == 3  # the table, the curve's title, the words beneath the panel
    assert load(folder).final("left")[0] == run.final("left")[0]
