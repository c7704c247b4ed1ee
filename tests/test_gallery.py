"""Pages hold what the recordings hold, within the bits they have, and nothing a user wrote is ever markup."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import zlib
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from test_draw import synthetic

from toygan.cli import exhibits
from toygan.cli.main import write_page
from toygan.draw import thumbnail
from toygan.exhibits.agreement import compared
from toygan.exhibits.claims import Verdict
from toygan.exhibits.files import Exhibit
from toygan.exhibits.protocol_files import read as read_protocol
from toygan.exhibits.published import Published, drawn, published
from toygan.exhibits.show import Picture, Showing, answered
from toygan.files.disk import packed, write_aside, write_json
from toygan.files.shipped import shipped_protocols
from toygan.many.results import records
from toygan.quantities.glossary import labels
from toygan.quantities.table import QUANTITIES, shown_in
from toygan.session.facts import Facts
from toygan.session.recording import Recording, load, metric_lines
from toygan.site import film, markup, pack, page, site, start
from toygan.site.boards import cells_of
from toygan.view.scene import scene

HOSTILE = '<img src=x onerror="window.pwned=1">\'&</script><script>window.pwned=1</script>\u2028${1}'
NONE_LOST: Mapping[int, int] = {}
SMALL = {"frames": 7, "points": 60, "grid": 81, "coarse": 9, "seeds": 3, "modes": 4}
FEW = SMALL | {"frames": 4, "grid": 21}  # of runs that are not looked into


def folder_of(place: Path, recording: Recording, lost: Mapping[int, int] = NONE_LOST) -> Path:
    """A run folder that holds a made-up recording; `lost` says at which step seeds diverged."""
    place.mkdir(parents=True)
    seeds = recording.facts.seeds
    rows = [
        {"seed": s, "w1": 0.2 + 0.1 * s, "w1_floor": 0.1, "modes": 4 - s, "diverged_at": lost.get(s)} for s in seeds
    ]
    facts = {
        "format": 1,
        "seconds": {"train": 6.0},
        "config": {"target": {"kind": "ring", "modes": 4}},
        "status": "done",
    }
    summary = dict(recording.facts.said["summary"]) | {"seeds": rows, "diagnosis": ["All well."]}
    write_json(place / "run.json", facts | dict(recording.facts.said) | {"summary": summary})
    write_aside(place / "frames.npz", packed(recording.frames))
    for t, step in enumerate(recording.frames["step"]):
        row = {name: values[t] for name, values in recording.metrics.items()}
        with open(place / "metrics.jsonl", "a") as file:
            file.writelines(metric_lines(row, int(step), seeds))
    Image.new("RGB", (40, 30), "white").save(place / "picture.png")
    return place


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Path]:
    place = tmp_path_factory.mktemp("runs")
    event = {"step": 667, "seed": 0, "label": "mode-collapse", "evidence": "3 of 4 kept"}
    some = {name: synthetic(**FEW, method=name, events=[event]) for name in ("gan", "wgan-gp")}
    return [folder_of(place / name, run) for name, run in some.items()]


def showing(folders, **facts) -> Showing:
    """What an exhibit shows, with other facts; those that its file says are the exhibit's own."""
    said = {"name": "who-collapses", "title": "Collapse", "question": "Who collapses?", "text": "Look.\n\nAgain."}
    said |= {"reference": "Some One, 2017, arXiv:1704.00028", "panels": (), "claims": ()}
    said |= {key: facts.pop(key) for key in [*facts] if key in Exhibit.model_fields}
    known = {
        "exhibit": Exhibit.model_construct(**said),
        "quick": False,
        "verdicts": [Verdict("it holds", True, "8 of 8")],
    }
    known |= {"command": "toygan demo who-collapses", "films": folders, "folders": folders, "pictures": []}
    return Showing(**known | {"records": [*records(folders), {"distance": "w1", "value": 1.0}]} | facts)


def boards(folders, **facts) -> Showing:
    """The same without films: what its runs do to pages that are about all exhibits."""
    return showing(folders, films=[], **facts)


@pytest.fixture(scope="module")
def plain_site(tmp_path_factory, runs) -> Path:
    """The site of one exhibit."""
    site.write_site(place := tmp_path_factory.mktemp("site"), [showing(runs)], False)
    return place


# --- packing ---------------------------------------------------------------------------------------------------------


def opened(content: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """A data file as a browser reads it: header and codes."""
    header, text = re.fullmatch(rb'toygan\.arrive\((.*),"([^"]*)"\);\n', content).groups()
    header, data, at, codes = json.loads(header), zlib.decompress(base64.b64decode(text), 31), 0, {}
    for part in header["parts"]:
        size = int(np.prod(part["shape"])) * (2 if part["kind"] == "motion" else 1)
        codes[part["name"]] = DECODERS[part["kind"]](np.frombuffer(data[at : at + size], np.uint8), part["shape"])
        at += size
    assert at == len(data)
    return header, codes


def motion(data, shape):
    frames, n, _ = shape
    low, high = data.reshape(2, frames, 2, n).astype(int)
    zigzag = low + 256 * high
    return np.where(zigzag % 2, -(zigzag + 1) // 2, zigzag // 2).cumsum(0).transpose(0, 2, 1)


def summed(data, shape, axes):
    codes = data.reshape(shape)
    for axis in axes:
        codes = codes.cumsum(axis, dtype=np.uint8)
    return codes


DECODERS = {
    "motion": motion,
    "field": lambda data, shape: summed(data, shape, (0, 1, 2)),
    "arrows": lambda data, shape: summed(data, shape, (2,)).view(np.int8),
}


def first_file(recording):
    return opened(next(iter(pack.packed_runs(recording)))[1])


def test_points_are_kept_to_twelve_bits_of_the_view():
    recording = synthetic(**SMALL)
    recording.frames["samples"][2, 0, 5] = np.nan
    recording.frames["samples"][3, 0, 6] = [0.0, 3.001]
    header, codes = first_file(recording)
    points, samples = codes["points"], recording.frames["samples"][:, 0]
    gone = (points == 0).all(-1)
    assert gone[2, 5]
    assert gone[3, 6]
    np.testing.assert_array_equal(gone, ~(np.abs(samples) <= 3).all(-1))
    assert np.abs((points[~gone] - 1) / 4094 * 6 - 3 - samples[~gone]).max() <= 3.001 / 4094
    assert header["frames"] == list(range(7))


def test_critics_are_kept_to_eight_bits_of_each_frames_range():
    recording = synthetic(**SMALL | {"grid": 64})
    header, codes = first_file(recording)
    part = next(part for part in header["parts"] if part["name"] == "scores")
    low, high = (np.array(part[end])[:, None, None] for end in ("low", "high"))
    wanted = recording.frames["scores"][:, 0] - np.median(recording.frames["scores"][:, 0], axis=(1, 2), keepdims=True)
    found = low + (codes["scores"].astype(float) - 1) / 254 * (high - low)
    assert (np.abs(found - wanted) <= (high - low) / 508 * 1.001).all()


def test_a_finer_grid_is_read_off_linearly():
    lines = np.linspace(-1, 1, 81)[None, :, None] * np.ones((1, 1, 81))
    np.testing.assert_allclose(pack.resampled(lines)[0, :, 7], np.linspace(-1, 1, 64), atol=1e-12)
    assert pack.resampled(np.zeros((2, 13, 20))).shape == (2, 13, 20)


def test_slopes_are_kept_to_eight_bits():
    recording = synthetic(**SMALL)
    header, codes = first_file(recording)
    high = np.array(next(part for part in header["parts"] if part["name"] == "slopes")["high"])[:, None, None, None]
    assert np.abs(codes["slopes"] / 127 * high - recording.frames["slopes"][:, 0]).max() <= high.max() / 254 * 1.001


def test_a_page_knows_how_high_each_frames_boundary_lies(tmp_path):
    run = synthetic(**SMALL, summary={"boundary": 0.5})
    folders = [folder_of(tmp_path / "one", run), folder_of(tmp_path / "old", synthetic(**SMALL))]
    one, old = facts_of(*folders, place=tmp_path / "page")["runs"]
    wanted = 0.5 - np.median(run.frames["scores"][:, 0], axis=(1, 2))
    assert one["boundary"] == [pytest.approx(wanted, rel=1e-5)]
    assert old["boundary"] is None
    shown = film.place_runs(folders, tmp_path / "again", "", "runs")
    assert "boundary: the critic cannot tell" in film.legend(shown)
    assert "boundary" not in film.legend(shown[1:])


def test_what_is_unknown_in_an_optimal_critic_stays_unknown():
    scores = np.arange(49.0).reshape(1, 7, 7)
    scores[0, 2, 3], scores[0, 0, 0] = np.nan, np.inf
    part = pack.field("optimal", pack.optimal_fields(scores, np.array([0]), 0))
    codes = summed(np.frombuffer(part.content, np.uint8), part.shape, (0, 1, 2))
    assert np.argwhere(codes == 0).tolist() == [[0, 2, 3]]
    assert codes[0, 0, 0] == codes.max() == 255


@pytest.mark.parametrize(("shape", "frames"), [((1, 9, 9), 1), ((7, 1, 9, 9), 7)], ids=["last only", "over time"])
def test_optimal_critics_of_one_frame_and_of_all(shape, frames):
    recording = synthetic(**SMALL)
    recording.frames["optimal_scores"] = np.random.default_rng(0).normal(size=shape)
    _, codes = first_file(recording)
    assert codes["optimal"].shape == (frames, 9, 9)


def test_other_seeds_have_points_only_and_fewer():
    files = dict(pack.packed_runs(synthetic(**SMALL | {"points": 500, "frames": 8})))
    assert sorted(files) == [0, 1, 2]
    header, codes = opened(files[2])
    assert header["frames"] == [0, 2, 4, 6, 7]
    assert {name: part.shape for name, part in codes.items()} == {"points": (5, 200, 2)}


def test_long_films_are_thinned_and_keep_their_ends():
    recording = synthetic(**SMALL | {"frames": 200, "grid": 9})
    kept = pack.kept_frames(recording)
    assert (len(kept), kept[0], kept[-1]) == (61, 0, 199)


def test_the_same_run_makes_the_same_bytes_and_few_of_them():
    recording = synthetic(grid=81)
    sizes = []
    for (_, once), (_, again) in zip(pack.packed_runs(recording), pack.packed_runs(recording), strict=True):
        assert once == again
        sizes.append(len(once))
    assert sizes[0] < 450_000
    assert max(sizes[1:]) < 30_000


# --- what a page knows -----------------------------------------------------------------------------------------------


def facts_of(*folders, place):
    return film.film_facts(film.place_runs(folders, place, "", "runs"))


def test_runs_of_different_lengths_share_a_clock(tmp_path):
    short = synthetic(**SMALL | {"frames": 3}, step=1000, steps=1000)
    short.frames["step"] = np.array([0, 500, 1000])
    long = folder_of(tmp_path / "a", synthetic(**SMALL | {"frames": 5}, steps=2000))
    facts = facts_of(long, folder_of(tmp_path / "b", short), place=tmp_path)
    assert (facts["ticks"], facts["steps"]) == (5, None)
    assert facts["runs"][0]["clock"] == [0, 1, 2, 3, 4]
    assert facts["runs"][1]["clock"] == [0, 0, 1, 1, 2]  # ticks halfway between two frames show the earlier one


def test_a_diverged_seed_is_shown_up_to_its_last_finite_frame(tmp_path):
    recording = synthetic(**SMALL)
    recording.frames["samples"][4:, 0] = np.nan
    recording.frames["scores"][4:, 0] = np.inf
    recording.frames["samples"][6:, 2] = np.nan
    run = facts_of(folder_of(tmp_path / "a", recording), place=tmp_path)["runs"][0]
    assert run["alive"] == [4, 7, 6]
    assert "diverged" in run["note"]
    _, codes = first_file(load(tmp_path / "a"))
    assert codes["scores"].shape[0] == 4


def test_a_panel_says_which_seeds_diverged_before_scripts_do(tmp_path):
    def said(name, lost):
        runs = film.place_runs([folder_of(tmp_path / name, synthetic(**SMALL), lost)], tmp_path, "", "runs")
        return film.film_facts(runs)["runs"][0]["diverged"], film.last_words(runs[0])

    assert said("a", {}) == ([None, None, None], "seed 0, one of 3 · step 2000 of 2000")
    assert said("b", {0: 667}) == ([667, None, None], "seed 0, one of 3 · step 2000 of 2000 · diverged at step 667")
    steps, words = said("c", {1: 333, 2: 667})
    assert steps == [None, 333, 667]
    assert words.endswith(" · step 2000 of 2000 · 2 of 3 seeds diverged")
    assert said("d", {0: 667, 1: 333})[1].endswith(" · diverged at step 667 · 2 of 3 seeds diverged")


def test_panels_and_table_say_of_how_many_points_they_are(tmp_path):
    floors = {"frame": {"w1": {"mean": 0.2, "spread": 0.1}}, "final": {"w1": {"mean": 0.05, "spread": 0.1}}}
    ends = {"points": 77, "w1_points": 55, "critic_points": 33}
    folder = folder_of(tmp_path / "run", synthetic(**SMALL, summary=ends, floors=floors))
    said = film.points_in_words([load(folder)])
    assert "of a frame's 60 points, W1 on 33 of them (floor 0.2);" in said
    assert "of 77 fresh points, W1 on 55 of them (floor 0.05)." in said
    band = {"mean": 0.05, "spread": 0.1, "low": 0.04, "high": 0.06, "draws": 40}
    banded = folder_of(tmp_path / "banded", synthetic(**SMALL, summary=ends, floors={"final": {"w1": band}}))
    assert "(floor 0.05, 0.04 to 0.06 in 90 % of perfect samplers)" in film.points_in_words([load(banded)])
    assert "on 77 fresh points, W1 on 55 of them" in page.final_table(records([folder]), [folder])
    other = folder_of(tmp_path / "other", synthetic(**SMALL | {"points": 61}, summary=ends | {"points": 88}))
    said = film.points_in_words([load(folder), load(other)])
    assert "of a frame's 60 or 61 points, W1 on 33 of them; " in said  # unlike runs have no common floor
    assert said.endswith("of 77 or 88 fresh points, W1 on 55 of them.")


def test_a_run_without_a_finite_frame_still_has_a_page(tmp_path):
    recording = synthetic(**SMALL)
    for name in ("samples", "scores", "slopes"):
        recording.frames[name][:] = np.nan
    assert page.write_page(tmp_path / "page", "t", "", [folder_of(tmp_path / "a", recording)], "c").exists()


def test_a_page_takes_no_two_worlds_of_one_title_for_one(tmp_path):
    runs = [synthetic(**SMALL, scenario=name, title="Ring", method="gan") for name in ("ring", "my-ring")]
    told = write_page([load(folder_of(tmp_path / str(i), run)) for i, run in enumerate(runs)], tmp_path / "both")
    said = Path(told["page"]).read_text(encoding="utf-8")
    assert "<h1>ring, my-ring: gan</h1>" in said
    assert all(f">{name} · gan<" in said for name in ("ring", "my-ring"))


def test_labels_tell_runs_apart():
    def named(*facts):
        runs = [
            SimpleNamespace(
                name="", recording=SimpleNamespace(facts=Facts.of({"scenario": "a", "title": "A", "method": "m"} | one))
            )
            for one in facts
        ]
        return film.labels(runs)

    assert named({"method": "gan"}, {"method": "wgan"}) == ["gan", "wgan"]
    assert named({}, {"scenario": "b", "title": "B"}) == ["A · m", "B · m"]
    assert named({}, {"scenario": "b"}) == ["a · m", "b · m"]  # two worlds of one title
    assert named({}, {"scenario": "b", "method": "n"}) == ["a · m", "b · n"]
    assert named({"settings": {"x": 1}}, {"settings": {"x": 2}}) == ["m (x = 1)", "m (x = 2)"]
    assert named({}, {}) == ["m (1)", "m (2)"]  # as in pictures
    configs = ({"config": {"training": {"batch": batch}}} for batch in (8, 9))
    assert named(*configs) == ["batch 8", "batch 9"]


def test_bands_are_those_of_the_pictures():
    shown = scene(synthetic(**SMALL))
    bands = film.bands_of(shown.scores)
    edges = film.band_edges(shown.scores)
    assert len(bands["colours"]) == len(edges) + 1
    picture = thumbnail.banded(shown.scores[-1], edges, (81, 81))
    row, column = 40, 12
    band = int(np.clip(np.floor((shown.scores[-1][row, column] - bands["start"]) / bands["width"]) + 1, 0, len(edges)))
    assert int.from_bytes(bytes(picture[row, column]), "big") == bands["colours"][band]


# --- markup ----------------------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """All elements of a page, with what they point to."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.links = set(), set(), set()
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {
            value
            for name, value in attrs
            if name in ("src", "href", "data-film") and not value.startswith(("#", "data:"))
        }


def test_text_is_never_markup(tmp_path):
    event = {"step": 667, "seed": 0, "label": HOSTILE, "evidence": HOSTILE}
    facts = dict.fromkeys(("scenario", "method", "title", "command"), HOSTILE) | {
        "settings": {HOSTILE: HOSTILE},
        "events": [event],
    }
    folder = folder_of(tmp_path / "run", synthetic(**SMALL | facts))
    hostile_words = dict.fromkeys(("name", "title", "question", "text", "reference", "command"), HOSTILE)
    verdicts = [Verdict(HOSTILE, held, HOSTILE) for held in (True, False, None)]
    pictures = [Picture(folder / "picture.png", HOSTILE, HOSTILE)]
    shown = showing([folder], **hostile_words, verdicts=verdicts, pictures=pictures)
    site.write_site(tmp_path / "site", [shown], True)
    page.write_page(tmp_path / "page", HOSTILE, HOSTILE, [folder], HOSTILE)
    pages = [*(tmp_path / "site").rglob("*.html"), tmp_path / "page" / "index.html"]
    assert len(pages) == 8
    assert (
        sum("window.pwned" in one.read_text() for one in pages) == 6
    )  # all but the glossary and the protocols, which have no user's words
    for one in pages:
        content = one.read_text()
        found = Elements(content)
        assert "onerror" not in found.attributes
        assert "x" not in found.links
        assert (
            content.count("<script")
            == content.count("</script>")
            == content.count("<script src=") + content.count("<script type=")
        )


def test_data_for_scripts_cannot_end_its_element():
    words = markup.data({"a": HOSTILE}, "facts")
    inner = words.removeprefix('<script type="application/json" id="facts">').removesuffix("</script>")
    assert not set("<>&") & set(inner)
    assert json.loads(inner) == {"a": HOSTILE}


def test_references_become_links():
    assert '<a href="https://arxiv.org/abs/1704.00028" rel="noreferrer">arXiv:1704.00028</a>, p' in markup.linked(
        "arXiv:1704.00028, p"
    )
    assert 'href="https://doi.org/10.1214/aos/1176344552"' in markup.linked("doi:10.1214/aos/1176344552.")
    assert "<a" not in markup.linked("arXiv:<b>")


def test_what_stands_in_backticks_is_code_and_never_markup():
    assert (
        markup.marked("In `mgan` and `<b>`, a ` alone") == "In <code>mgan</code> and <code>&lt;b&gt;</code>, a ` alone"
    )
    assert "<code>ali</code> (arXiv" in markup.paragraphs("`ali` (arXiv:1606.00704x)")
    quoted = Verdict("At most half of `ali`'s.", True, "`ali`: 3")
    assert "half of <code>ali</code>&#x27;s." in site.verdicts([quoted])


def test_every_asset_is_placed():
    assert sorted(markup.ASSETS) == sorted(file.name for file in page.OWN.iterdir() if file.is_file())


# --- pages and sites -------------------------------------------------------------------------------------------------


def test_a_page_stands_alone(tmp_path, runs):
    index = page.write_page(tmp_path / "page", "Two methods", "About.", runs, "toygan compare")
    content = index.read_text()
    links = Elements(content).links
    assert links
    assert all((index.parent / link).is_file() for link in links)
    facts = json.loads(re.search(r'id="film-facts">(.*?)</script>', content)[1])
    assert all((index.parent / path).is_file() for run in facts["runs"] for path in run["files"].values())
    before_data = sum(
        file.stat().st_size for file in index.parent.rglob("*") if file.is_file() and file.parent.parent.name != "data"
    )
    assert before_data < 3_000_000


def test_a_page_needs_a_run(tmp_path):
    with pytest.raises(ValueError, match="at least one run"):
        page.write_page(tmp_path, "t", "", [], "c")


def test_a_page_made_again_leaves_nothing_behind(tmp_path, runs):
    page.write_page(tmp_path, "t", "", runs, "c")
    own = tmp_path / "data" / "runs" / "mine.txt"
    own.write_text("kept")
    page.write_page(tmp_path, "t", "", runs[:1], "c")
    assert {file.name for file in (tmp_path / "data/runs").iterdir()} == {"0-0.js", "0-1.js", "0-2.js", "mine.txt"}
    assert not list(tmp_path.rglob("*.part"))


def test_links_of_a_site_lead_somewhere(tmp_path, runs):
    site.write_site(
        tmp_path,
        [showing(runs), showing([], name="theory", pictures=[Picture(runs[0] / "picture.png", "t", "a")])],
        False,
    )
    for one in tmp_path.rglob("*.html"):
        links = {link for link in Elements(one.read_text()).links if not link.startswith("https://")}
        assert links
        assert [link for link in links if not leads_somewhere(one.parent, link)] == []


# --- published experiments ---------------------------------------------------------------------------------------------


PAPER = """
title = "Shapes <b>& sizes</b>"
reference = "Nobody, 2020, arXiv:2001.00001"
[target]
kind = "ring"
modes = 4
[training]
steps = 40
[protocol]
source = "the authors' <i>code</i>"
setting = "A small ring."
unlike = ["it is invented"]
[[runs]]
name = "plain & bold"
method = "gan"
[[rows]]
run = "plain & bold"
measure = "modes"
published = 3.5
[[rows]]
run = "plain & bold"
measure = "high_quality"
says = "Everything lies on modes."
"""


def published_of(folder: Path, values: list[float] | None) -> Published:
    """A protocol of one number and one picture, run or not."""
    (folder / "paper.toml").write_text(PAPER)
    protocol = read_protocol(str(folder / "paper.toml"))
    rows = [compared(row, values, 0.5, modes=4) for row in protocol.rows]
    picture = None if values is None else drawn(protocol, rows, False, folder, "c")
    return Published(protocol, rows, picture, "toygan protocol paper")


def test_a_site_shows_published_numbers_beside_ours(tmp_path, runs):
    paper = published_of(tmp_path, [1.0, 1.0, 1.5])
    site.write_site(tmp_path / "site", [showing(runs)], False, protocols=[paper])
    markup = (tmp_path / "site/protocols.html").read_text()
    told = unescape(text_of(tmp_path / "site/protocols.html"))
    for words in ("Shapes <b>& sizes</b>", "the authors' <i>code</i>", "A small ring.", "3.5 (no spread)", "modes found",
                  "1.17", "(3 seeds)", "differs, after 50", "unlike: it is invented", "Everything lies on modes."):  # fmt: skip
        assert words in told, words
    assert "<b>&" not in markup
    assert "<i>code" not in markup
    assert markup.count('class="verdict did-not-hold"') == 1
    assert re.findall(r"<td[^>]*>(\d+)</td>", markup)[:4] == ["0", "1", "1", "0"]
    assert "https://arxiv.org/abs/2001.00001" in markup
    for one in (tmp_path / "site").rglob("*.html"):
        links = {link for link in Elements(one.read_text()).links if not link.startswith("https://")}
        assert [link for link in links if not leads_somewhere(one.parent, link)] == []
    for name in ("start.html", "index.html"):
        assert 'href="protocols.html"' in (tmp_path / "site" / name).read_text().partition("<main")[2]
    assert (tmp_path / "site/stills/protocols/paper.webp").stat().st_size < 200_000


def test_a_site_without_published_experiments_says_how_to_run_them(tmp_path):
    site.write_site(tmp_path / "site", [showing([])], False, protocols=[published_of(tmp_path, None)])
    told = text_of(tmp_path / "site/protocols.html")
    assert "No published experiment was run for these pages." in told
    assert "toygan protocol paper" in told
    assert "Published and ours" not in told


def test_protocols_are_told_in_order_and_without_runs_have_none(tmp_path):
    found = published(tmp_path)
    assert sorted(one.protocol.name for one in found) == shipped_protocols()
    numbers = [one.protocol.protocol.number for one in found]
    assert numbers == sorted(numbers)
    assert all(one.picture is None for one in found)
    assert all(set(one.counts) == {"agrees", "differs", "cannot be told", "not run"} for one in found)
    assert sum(one.counts["not run"] for one in found) == sum(len(one.protocol.rows) for one in found)


def leads_somewhere(home: Path, link: str) -> bool:
    """Whether a file is there, and in it what the link means."""
    path, _, name = link.partition("#")
    return (home / path).is_file() and (not name or f'id="{name}"' in (home / path).read_text())


def test_pages_follow_each_other_from_the_start_to_the_matrix(tmp_path, runs):
    names = ["first", "second", "third"]
    site.write_site(tmp_path, [showing(runs, name=names[0]), *(boards(runs, name=name) for name in names[1:])], False)
    found, here = ["exhibits/first.html"], tmp_path / "exhibits/first.html"
    assert set(re.findall(r'href="([^"]*)" rel="prev"', here.read_text())) == {"../start.html"}
    while on := re.search(r'href="([^"]*)" rel="next"', here.read_text()):
        here = here.parent / on[1]
        found.append(on[1])
    assert found[1:] == ["second.html", "third.html", "../matrix.html"]
    assert 'href="exhibits/first.html" rel="next"' in (tmp_path / "start.html").read_text()


def test_an_answer_stands_on_the_page_and_on_its_card(tmp_path):
    site.write_site(tmp_path, [showing([], answer="Both claims held: W1 = 0.2 with gan.")], False)
    for name in ("index.html", "exhibits/who-collapses.html"):
        assert "Both claims held: W1 = 0.2 with gan." in text_of(tmp_path / name)


def test_quick_runs_do_not_judge(tmp_path):
    verdicts = [Verdict("a", True, "8 of 8"), Verdict("b", False, "2 of 8"), Verdict("c", True, "1", "a theorem")]
    site.write_site(tmp_path, [showing([], verdicts=verdicts, quick=True)], True)
    page = (tmp_path / "exhibits/who-collapses.html").read_text()
    assert re.findall(r'class="verdict ([a-z-]*)"', page) == ["quick", "quick", "by-construction"]
    assert "did not holdin quick runs" in text_of(tmp_path / "exhibits/who-collapses.html")
    assert answered("Both claims held.", True) == "From quick runs, which decide nothing: both claims held."


def test_an_exhibit_chooses_its_curves(tmp_path, runs):
    chosen = film.film_facts(film.place_runs(runs, tmp_path, "", "runs"), film.About(curves=["modes", "steep_share"]))
    told = {row["name"]: (row["curve"], row["more"]) for row in chosen["quantities"]}
    assert told["modes"] == (True, False)
    assert told["w1"] == (False, True)
    none = film.film_facts(film.place_runs(runs, tmp_path, "", "runs"), film.About(curves=["code_information"]))
    assert {row["name"] for row in none["quantities"] if row["curve"]} == set(shown_in("curves"))


def test_every_word_of_the_tables_is_in_the_glossary(plain_site):
    glossary = (plain_site / "glossary.html").read_text()
    for name in [*QUANTITIES, *labels()]:
        assert glossary.count(f'id="{page.anchor(name)}"') == 1
    links = re.findall(r'href="\.\./glossary\.html#([^"]*)"', (plain_site / "exhibits/who-collapses.html").read_text())
    assert page.anchor("w1") in links
    assert all(f'id="{name}"' in glossary for name in links)


def test_the_start_page_plays_what_went_best_beside_what_went_worst(tmp_path, runs):
    rows = records(runs)
    for row in rows:
        row["w1_over_floor"] = {"gan": 5.0, "wgan-gp": 1.1}[row["method"]]
    shown = [showing(runs, records=rows)]
    assert start.chosen(shown) == [str(runs[1]), str(runs[0])]
    site.write_site(tmp_path, shown, False)
    words = text_of(tmp_path / "start.html")
    assert "a game that goes well" in words
    assert "It does not always go so well." in words
    told = re.sub(r"<[^>]*>", " ", start.story(placed(runs, tmp_path)))
    assert len(re.findall(r"[.?!]\s", told)) >= 10


@pytest.mark.parametrize("other", [{"source": {"kind": "ring"}}, {"method": {"cast": {"kind": "translators"}}},
                                   {"method": {"labels": "both"}}, {"method": {"categories": 8}}])  # fmt: skip
def test_the_start_page_plays_one_generator_of_latents_against_one_critic(tmp_path, runs, other):
    """However well two translators do: they are not what the page tells of."""
    special = tmp_path / "special"
    shutil.copytree(runs[1], special)
    facts = json.loads((special / "run.json").read_text())
    facts["config"] |= other
    (special / "run.json").write_text(json.dumps(facts))
    rows = [row | {"w1_over_floor": 1.1} for row in records(runs)]
    rows += [row | {"folder": str(special), "w1_over_floor": 1.0} for row in rows if row["folder"] == str(runs[1])]
    pair = start.chosen([showing([*runs, special], records=rows)])
    assert str(special) not in pair
    assert pair


def test_the_start_page_prefers_a_run_that_has_another_on_the_same_data(tmp_path, runs):
    rows = [row | {"w1_over_floor": 1.1} for row in records(runs)]
    alone = tmp_path / "alone"
    shutil.copytree(runs[1], alone)
    rows += [
        row | {"folder": str(alone), "scenario": "elsewhere", "w1_over_floor": 1.0}
        for row in rows
        if row["folder"] == str(runs[1])
    ]
    assert str(alone) not in start.chosen([showing([*runs, alone], records=rows)])
    told = re.sub(r"<[^>]*>", " ", start.story(placed(runs[:1], tmp_path)))
    assert "On the left" not in told
    assert "Here, " in told


def placed(runs, place):
    return film.place_runs(runs, place / "again", "", "start")


def test_verdicts_are_all_told(tmp_path):
    verdicts = [Verdict("a", True, "8 of 8"), Verdict("b", False, "2 of 8"), Verdict("c", None, "no seed hopped")]
    site.write_site(tmp_path, [showing([], verdicts=verdicts)], False)
    words = text_of(tmp_path / "exhibits/who-collapses.html")
    for told in ("✓ held", "✗ did not hold", "– not judged", "2 of 8", "no seed hopped"):
        assert told in words
    assert "3 claims: 1 held, 1 did not hold, 1 not judged" in text_of(tmp_path / "index.html")


def test_what_cannot_fail_has_a_class_of_its_own_and_counts_as_no_evidence(tmp_path):
    verdicts = [
        Verdict("a", True, "8 of 8"),
        Verdict("b", True, "0.5", "a theorem", "it was another one"),
        Verdict("c", False, "0.7", "a theorem"),
    ]
    shown = showing([], verdicts=verdicts)
    site.write_site(tmp_path, [shown], False)
    page = tmp_path / "exhibits/who-collapses.html"
    assert "= by construction" in text_of(page)
    assert "0.5; no evidence: a theorem; restated: it was another one" in text_of(page)
    assert 'class="verdict by-construction"' in page.read_text()
    assert page.read_text().count('class="verdict did-not-hold"') == 1  # a theorem that fails is as loud as any claim
    assert "3 claims: 1 held, 1 did not hold, 1 by construction" in text_of(tmp_path / "index.html")
    assert exhibits.tally(shown) == "who-collapses: 1 of 2 claims held, 1 true by construction"
    assert [claim["verdict"] for claim in exhibits.facts_of(shown)["claims"]] == [one.words for one in verdicts]


def text_of(file: Path) -> str:
    return re.sub(r"<[^>]*>", "", file.read_text())


@pytest.mark.parametrize("quick", [False, True])
def test_quick_pages_say_so(tmp_path, runs, quick):
    site.write_site(tmp_path, [boards(runs, quick=quick)], quick)
    pages = list(tmp_path.rglob("*.html"))
    unjudged = [one for one in pages if one.name in ("glossary.html", "start.html", "protocols.html")]
    assert (len(pages), len(unjudged)) == (7, 3)
    assert all((site.QUICK in text_of(one)) == (quick and one not in unjudged) for one in pages)


def test_pictures_lead_to_their_files(tmp_path, runs):
    Image.new("RGB", (1600, 900), "white").save(tmp_path / "wide.png")
    site.write_site(tmp_path, [showing(runs, pictures=[Picture(tmp_path / "wide.png", "t", "a")])], False)
    link = re.search(
        r'<figure class="still"><a href="([^"]*)"><img', (tmp_path / "exhibits/who-collapses.html").read_text()
    )
    assert picture_of((tmp_path / "exhibits" / link[1]).read_bytes()).size == (1600, 900)


@pytest.mark.parametrize(("name", "ground", "dark", "kind", "days"), [
    ("1-curves.png", "white", False, "still chart", [""]),
    ("1-curves.png", "#15171c", False, "still", [""]),
    ("1-critics.png", "white", False, "still", [""]),
    ("1-critics.png", "white", True, "still", ["day", "night"]),
])  # fmt: skip
def test_a_still_is_turned_dark_or_has_a_dark_twin_or_keeps_its_colours(tmp_path, runs, name, ground, dark, kind, days):
    Image.new("RGB", (80, 60), ground).save(tmp_path / name)
    Image.new("RGB", (80, 60), "black").save(tmp_path / "dark.png")
    picture = Picture(tmp_path / name, "t", "a", tmp_path / "dark.png" if dark else None)
    (figure,) = site.pictures([picture], tmp_path, "some")
    assert re.findall(r'<figure class="([^"]*)"', figure) == [kind]
    links = re.findall(r'<a href="\.\./([^"]*)"(?: class="(\w+)")?><img src="\.\./([^"]*)"', figure)
    assert ([day for _, day, _ in links], [link for link, _, _ in links]) == (days, [file for _, _, file in links])
    shown = [np.asarray(picture_of((tmp_path / file).read_bytes()).convert("L")).mean() for file, _, _ in links]
    assert [bool(light > 128) for light in shown] == ([True, False] if dark else [ground == "white"])


def test_cards_have_pictures_and_films_for_dark_pages(tmp_path, runs):
    (tmp_path / "site/stills/cards").mkdir(parents=True)
    site.write_card(tmp_path / "site", showing(runs), "some", film.place_runs(runs[:1], tmp_path / "site", "", "some"))
    light = {
        name: np.asarray(picture_of((tmp_path / f"site/stills/cards/{name}.webp").read_bytes()).convert("L")).mean()
        for name in ("some", "some-dark", "some-film", "some-film-dark")
    }
    assert [bool(value > 128) for value in light.values()] == [True, False, True, False]
    images = re.findall(r'<img src="([^"]*)"[^>]*class="(\w+)" data-film="([^"]*)"', site.card(showing(runs)))
    at = "stills/cards/who-collapses"
    assert images == [(f"{at}.webp", "day", f"{at}-film.webp"), (f"{at}-dark.webp", "night", f"{at}-film-dark.webp")]


def test_the_measures_that_an_exhibit_is_about_come_first(tmp_path, runs):
    rows = [row | {"critic_gap": 0.5 + 0.1 * row["seed"]} for row in records(runs)]
    told = page.final_table(rows, runs, "", ["critic_gap", "steep_share"])
    heads = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<th [^>]*scope=\"col\".*?</th>", told)]
    assert heads[:4] == ["Method", "Seeds", "share of W1 seen", "W1 over its floor"]
    assert "steep share" not in heads


@pytest.mark.parametrize(("changes", "said", "beside"), [
    (("steps=1", "steps=1"), "steps=1; 3 seeds each", ""),
    (("steps=1", "steps=2"), "settings differ and stand beneath the method; 3 seeds each", "steps=1"),
], ids=["equal", "unequal"])  # fmt: skip
def test_equal_budgets_are_said_once_and_unequal_ones_beside_their_runs(tmp_path, runs, changes, said, beside):
    rows = [row | {"changes": changes[row["method"] == "gan"]} for row in records(runs)]
    site.write_site(tmp_path, [boards(runs, records=rows)], False)
    page = (tmp_path / "leaderboard.html").read_text()
    assert f"</strong>: {said}</caption>" in page
    head, *lines = (
        [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", line)]
        for line in re.findall(r"<tr>(.*?)</tr>", page)
    )
    assert head[:3] == ["Method", "W1 over its floor", "Spread"]
    assert [line[1] for line in lines] == ["3", "3"]
    assert {line[0] for line in lines} >= {f"wgan-gp{beside}"}


def test_numbers_are_medians_over_seeds(plain_site):
    board = text_of(plain_site / "leaderboard.html")
    assert "gan" in board
    assert "32 – 4" in board  # W1 of 0.2, 0.3, 0.4 over a floor of 0.1
    assert "2 – 4" in board
    facts = json.loads(re.search(r'id="matrix-facts">(.*?)</script>', (plain_site / "matrix.html").read_text())[1])
    assert facts["cells"]["0"]["w1_over_floor"] == ["3", "3 seeds, 2 to 4"]
    assert facts["cells"]["0"]["core_seconds"] == ["2", "3 seeds"]


def test_a_column_of_the_matrix_has_one_budget(tmp_path, runs):
    rows = [row | {"changes": changes, "as_shipped": shipped, "folder": f"{row['folder']}-{changes}"} for row in records(runs)
            for changes, shipped in (("steps=1", True), ("steps=2", True), ("margin=3", False))]  # fmt: skip
    site.write_site(tmp_path, [boards(runs, records=rows)], False)
    matrix, own = (tmp_path / "matrix.html").read_text().split("<details>")
    scenario = rows[0]["scenario"]
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', matrix)
    assert heads == ["Method", f"{scenario}<small>steps=1</small>", f"{scenario}<small>steps=2</small>"]
    assert matrix.count("data-cell") == 4
    assert own.count("data-cell") == own.count("margin=3") == 2


def test_numbers_open_their_runs(plain_site):
    for name in ("matrix.html", "leaderboard.html"):
        found = re.findall(r'href="(exhibits/[^"]*)"', (plain_site / name).read_text())
        assert sorted(found) == ["exhibits/who-collapses.html#run-0", "exhibits/who-collapses.html#run-1"]


def test_pairs_stand_in_a_table_of_their_own(tmp_path):
    runs = [
        folder_of(tmp_path / name, synthetic(**FEW, method=name))
        for name in ("gan", "hinge+clip", "hinge+r1", "mmd+clip")
    ]
    site.write_site(tmp_path / "site", [boards(runs)], False)
    page = (tmp_path / "site" / "matrix.html").read_text()
    methods, pairs = page.split("<h2>Every objective with every constraint on ")
    assert re.findall(r'<th scope="row">(.*?)</th>', methods) == ["gan"]
    assert re.findall(r'<th scope="row">(.*?)</th>', pairs) == ["hinge", "mmd"]
    assert [cell.count('class="value"') for cell in re.findall(r"<td>(.*?)</td>", pairs)] == [1, 1, 1, 0]
    facts = json.loads(re.search(r'id="matrix-facts">(.*?)</script>', page)[1])
    assert sorted(facts["cells"]) == sorted(re.findall(r'data-cell="(\d+)"', page)) == ["0", "1", "2", "3"]


def test_a_site_of_theory_alone_has_no_boards(tmp_path):
    site.write_site(tmp_path, [showing([], records=[{"value": 1.0}])], False)
    assert all("No run was trained" in text_of(tmp_path / name) for name in ("matrix.html", "leaderboard.html"))


def test_a_run_that_exhibits_share_counts_once(runs):
    rows = records(runs)
    cells = cells_of([*rows, *rows], {str(runs[0]): "a.html"})
    assert [(cell.method, len(cell.members), cell.page) for cell in cells] == [("gan", 3, "a.html"), ("wgan-gp", 3, "")]


def test_runs_with_other_settings_are_never_taken_together(runs):
    first, second = records(runs[:1]), [row | {"folder": "elsewhere"} for row in records(runs[:1])]
    rows = [row | {"changes": "steps=1"} for row in first] + [row | {"changes": "steps=2"} for row in second]
    assert [(cell.settings, len(cell.members)) for cell in cells_of(rows, {})] == [("steps=1", 3), ("steps=2", 3)]


def test_names_of_exhibits_are_safe_in_paths():
    names = ["../../Etc/passwd", "äß", "ßä", "a.b", "a_b", "A", "a"]
    files = [site.file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all(re.fullmatch("[a-z0-9-]+", name) for name in files)
    assert files[-1] == "a"


# --- small pictures --------------------------------------------------------------------------------------------------


def picture_of(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_posters_have_the_view_s_shape_and_the_points():
    recording = synthetic(**SMALL)
    recording.frames["grid_y"] = np.linspace(-1.5, 1.5, 81)
    recording.frames["samples"][:] = 0.0
    picture = picture_of(thumbnail.poster(scene(recording), 200))
    assert picture.size == (200, 100)
    red, _, blue = picture.convert("RGB").getpixel((100, 50))
    assert red - blue > 100  # orange


def test_small_films_are_short():
    film_of_run = picture_of(thumbnail.small_film(scene(synthetic(**SMALL | {"frames": 40})), 60))
    assert film_of_run.n_frames == 16
    seconds = [(film_of_run.seek(t), film_of_run.load(), film_of_run.info["duration"])[-1] / 1000 for t in range(16)]
    assert film_of_run.info["loop"] == 0
    assert 4 <= sum(seconds) <= 8


def test_pictures_are_only_ever_made_smaller(tmp_path):
    Image.new("RGBA", (300, 90)).save(tmp_path / "a.png")
    assert picture_of(thumbnail.shrunk(tmp_path / "a.png", 100)).size == (100, 30)
    assert picture_of(thumbnail.shrunk(tmp_path / "a.png", 900)).size == (300, 90)
