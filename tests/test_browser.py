"""The pages in a real browser: they play, say what the recording says, stay in their folder, and anyone can read them."""

from __future__ import annotations

import base64
import io
import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from conftest import crossed, sampled, undrawn
from PIL import Image
from scipy.interpolate import RegularGridInterpolator
from test_draw import synthetic
from test_gallery import HOSTILE, folder_of, showing
from test_tricks import TINY

import toygan
from toygan.draw.companions import KINDS
from toygan.draw.exhibit import PANELS
from toygan.draw.exhibit_parts import Labelled, Material
from toygan.draw.panels import band_colours, band_edges
from toygan.draw.thumbnail import banded
from toygan.exhibits import dials
from toygan.exhibits.claims import Verdict
from toygan.exhibits.files import Phases
from toygan.exhibits.show import Picture
from toygan.files.text import number, percent
from toygan.game.zoo import PLAYED_ON
from toygan.many.results import records
from toygan.quantities.table import better
from toygan.session import ground
from toygan.session.recording import load
from toygan.site import page
from toygan.site.extras import ink_or
from toygan.site.film import AXES, NIGHT, night_ramp, quantities, ramp
from toygan.site.page import write_page
from toygan.site.site import write_site
from toygan.view.axes import scale_of
from toygan.view.levels import levels_of
from toygan.view.scene import scene

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install 'toygan[test]'")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here: apt-get install chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--js-flags=--liftoff-only",  # WebAssembly is compiled once: a quicker program later takes a quarter of a page's time
]  # fmt: skip

SHAPE = {"frames": 9, "points": 200, "grid": 81, "coarse": 21, "seeds": 3, "modes": 4}
PLAIN = {"grid": 21, "coarse": 9}  # where nobody looks at details of a critic
PAGES = ("start.html", "index.html", "matrix.html", "leaderboard.html", "glossary.html", "protocols.html",
         "exhibits/dirac.html", "exhibits/who-collapses.html")  # fmt: skip
EXHIBIT = PAGES[-1]
DIALS = (Phases(name="games", methods=("ns-gan", "ns-gan-r1"), updates=("simultaneous",)),)
LAPTOP, WIDE, PHONE = {"width": 1280, "height": 720}, {"width": 1920, "height": 1080}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A site of one exhibit with two films and hostile words wherever a user may write some."""
    home = tmp_path_factory.mktemp("site")
    event = {"step": 1000, "seed": 0, "label": "mode-collapse", "evidence": HOSTILE}
    runs = [synthetic(**SHAPE, method=name, events=[event], title=HOSTILE) for name in ("gan", "wgan-gp")]
    folders = [folder_of(home / "runs" / run.facts.method, run) for run in runs]
    verdicts = [Verdict(HOSTILE, held, HOSTILE) for held in (True, False, None)]
    words = dict.fromkeys(("title", "question", "text", "reference", "command"), HOSTILE)
    pictures = [Picture(folders[0] / "picture.png", HOSTILE, HOSTILE, folders[1] / "picture.png")]
    pair = folder_of(home / "runs" / "pair", synthetic(**SHAPE, method="hinge+clip"))
    shown = showing(folders, **words, verdicts=verdicts, pictures=pictures)
    dirac = showing([], name="dirac", records=[{"phases": "games"}], phases=DIALS)
    write_site(home / "site", [shown._replace(records=[*shown.records, *records([pair])]), dirac], True)
    return home


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Seen:
    """A page with all it complained of and all it asked for; still, unless motion is not minded."""

    def __init__(self, browser: sync_api.Browser, **options) -> None:
        self.context = browser.new_context(**{"reduced_motion": "reduce"} | options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture
def seen(browser, loaded, request) -> Iterator[Seen]:
    """A page at no address yet, with nothing kept from before; one renderer for all, as to start another takes long."""
    failed, one = request.session.testsfailed, loaded.get(BLANK) or Seen(browser, viewport=SCREEN)
    loaded[BLANK] = one
    one.page.set_viewport_size(SCREEN)
    one.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    one.complaints.clear()
    one.requests.clear()
    yield one
    complaints = [*one.complaints]
    if complaints or request.session.testsfailed > failed:
        loaded.pop(BLANK).context.close()
    else:
        one.page.evaluate("localStorage.clear(), sessionStorage.clear()")
        one.page.goto(BLANK)  # where nothing plays on
    assert complaints == []


BLANK = "about:blank"


@pytest.fixture(scope="module")
def loaded() -> Iterator[dict[str, Seen]]:
    """Pages that tests have in common, by address: to load one takes longer than most of what is asked of it."""
    pages: dict[str, Seen] = {}
    yield pages
    for one in pages.values():
        one.context.close()


SCREEN = {"width": 1300, "height": 1000}
LOADED = """() => {
  const key = (one) => (one.matches("details") ? "open" : one.type === "checkbox" ? "checked" : "value");
  window.asLoaded = [...document.querySelectorAll("input, select, details")].map((one) => [one, key(one), one[key(one)]]);
}"""
AS_LOADED = """async () => {
  document.activeElement.blur();
  if (window.toygan && toygan.player && toygan.player.state.playing) document.getElementById("play").click();
  for (const [one, key, value] of window.asLoaded) {
    if (one[key] === value) continue;
    one[key] = value;
    for (const event of ["input", "change"]) one.dispatchEvent(new Event(event, { bubbles: true }));
  }
  scrollTo(0, 0);
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
}"""


@pytest.fixture
def at(browser, loaded, request) -> Iterator[Callable[..., sync_api.Page]]:
    """At an address, a page as it was when it was loaded; after a failure it is loaded anew."""
    used, failed = set(), request.session.testsfailed

    def page(address: str, ready: str = "true", screen: dict[str, int] = SCREEN, scheme: str = "light"):
        if fresh := address not in loaded:
            loaded[address] = Seen(browser, viewport=screen, color_scheme=scheme)
        one = loaded[address].page
        used.add(address)
        one.set_viewport_size(screen)
        one.emulate_media(color_scheme=scheme)
        one.mouse.move(1, 1)
        if fresh:
            one.goto(address)
        one.wait_for_function(ready)
        one.evaluate(LOADED if fresh else AS_LOADED)
        return one

    yield page
    complaints = [word for address in used for word in loaded[address].complaints]
    if complaints or request.session.testsfailed > failed:
        for address in used:
            loaded.pop(address).context.close()
    assert complaints == []


ALL_LIVE = "document.querySelectorAll('canvas.ready').length === 2"


@pytest.fixture
def film(at, place) -> sync_api.Page:
    """The exhibit's page, all panels live."""
    return at((place / "site" / EXHIBIT).as_uri(), ALL_LIVE)


CHARTED = """([row, values, best, axes]) => {
 const run = { label: "one", colour: "#0072b2", dash: 0, seeds: [0], step: values.map((_, t) => t), steps: 3, events: [],
   best: { [row.name]: best }, curves: { [row.name]: [values] } };
 const place = document.createElement("div");
 document.body.append(place);
 toygan.curves(place, { steps: 3, axes, quantities: [row], runs: [run] }, 0, () => {}, () => true);
 const heights = Array.from(place.querySelector(".bold").getAttribute("d").matchAll(/ ([\\d.]+)/g), (one) => Number(one[1]));
 const floor = place.querySelector(".floor");
 const numbers = Array.from(place.querySelectorAll(".grid + text"), (one) => one.textContent);
 const title = place.querySelector("figcaption").textContent;
 place.remove();
 return { heights, numbers, title, floor: floor && Number(floor.getAttribute("y1")) };
}"""
SAID = "the first frame reaches from"


def charted(film, name, values, best=None):
    (row,) = quantities([name], [name])
    return film.evaluate(CHARTED, [row, values, best, AXES])


@pytest.mark.parametrize(("first", "cut"), [(-40, True), (-0.5, False)])
@pytest.mark.parametrize("name", sampled(["critic_value", "generator_loss"], 2))
def test_players_that_have_not_learned_do_not_flatten_a_chart(film, name, first, cut):
    """What later frames do is seen; how far the first one reaches is said, as pictures say it."""
    found = charted(film, name, [first, 0, 1, 0.5])
    later = found["heights"][1:]
    assert max(later) - min(later) > 60
    assert max(found["heights"]) <= 170
    assert (SAID in found["title"]) == cut


def test_a_logarithmic_chart_has_two_numbers_at_least(film):
    """One number on such an axis tells no scale."""
    for values in (
        [1.7, 2, 2.6, 2],
        [0.073, 0.12, 0.1, 0.11],
        [3.1, 3.2, 3.15, 3.2],
        [1e-4, 30, 1, 1],
        [0.5, 0.5, 0.5, 0.5],
    ):
        found = charted(film, "travel", values)
        assert "(log scale)" in found["title"]
        assert 2 <= len(found["numbers"]) <= 9, values


NARROW = """([row, axes, across]) => {
 const run = { label: "one", colour: "#0072b2", dash: 0, seeds: [0], step: [0, 1], steps: 10000, events: [], best: { w1: null },
   curves: { w1: [[1, 2]] } };
 const place = document.createElement("div");
 place.className = "curves";
 place.style.width = `${across}px`;
 document.body.append(place);
 toygan.curves(place, { steps: 10000, axes, quantities: [row], runs: [run] }, 0, () => {}, () => true);
 const words = Array.from(place.querySelectorAll("svg text"), (one) => [one.textContent, one.getBoundingClientRect()]);
 place.remove();
 return words.filter(([word]) => ["0", "5000", "step 10000"].includes(word)).map(([_, box]) => [box.left, box.right]);
}"""


def test_numbers_beneath_a_narrow_chart_stand_apart(film):
    for across in (180, 215, 235, 300):
        places = film.evaluate(NARROW, [quantities(["w1"], ["w1"])[0], AXES, across])
        assert len(places) == (2 if across < 230 else 3)
        assert all(left - right > 2 for (_, right), (left, _) in itertools.pairwise(sorted(places))), across


STARTS = {  # what a curve does in four frames, and whether the first one leaves a picture and a chart
    "critic_value": [([-40, 0, 1, 0.5], True), ([-0.5, 0, 1, 0.5], False), ([-400, 0.9, 1, 1.1], False)],
    "critic_loss": [
        ([2.4, 0.7, 0.6, 0.5], True),
        ([-2, 0.7, 0.6, 0.5], True),
        ([5, 0.7, 0.6, 0.5], False),
        ([0.8, 0.7, 0.6, 0.5], False),
        ([0.5, 0.5, 0.5, 0.5], False),
    ],
    "my_own": [([-7, 1, 2, 3], True), ([7, 1, 2, 3], False)],
    "centre_x": [([-9, 0.5, 0.1, 0.2], True), ([0.1, 0.5, 0.6, 0.7], False)],
    "critic_gap": [([0, 0.52, 0.6, 0.7], False)],
    "optimal_correlation": [([0.1, 0.8, 0.9, 0.9], False)],
    "slope_alignment": [([0, 0.52, 0.6, 0.7], False), ([-0.9, 0.9, 0.91, 0.92], False)],
    "modes": [([0, 6, 7, 8], False)],
    "high_quality": [([0, 0.8, 0.9, 0.9], False)],
    "steep_share": [([0, 0.8, 0.9, 0.9], False)],
    "kl": [([9, -0.01, 0.1, 0.1], False)],
    "critic_lipschitz": [([4, 1, 1.1, 1.2], False)],
}


@pytest.mark.parametrize(("name", "values", "cut"), [(name, *one) for name, some in STARTS.items() for one in some])
def test_charts_cut_what_pictures_cut_and_nothing_else(film, name, values, cut):
    """Elsewhere all of a curve is in view, its ceiling too."""
    best = 1.0 if better(name) == "higher" else None
    found = charted(film, name, values, best)
    run = synthetic(**SHAPE | PLAIN | {"frames": len(values), "seeds": 1})
    known = type(run)(run.facts, run.frames, {**run.metrics, name: np.array(values, float)[:, None]})
    figure = PANELS["curves"].draw(Material("a", "b", recordings=[Labelled("one", known)], measure=name))
    drawn = " ".join(text.get_text() for axis in figure.axes for text in axis.texts)
    assert (SAID in found["title"], SAID in drawn) == (cut, cut)
    if scale_of(name) != "log":  # of others a chart's axis is logarithmic wherever it can be
        assert ("(log scale)" in found["title"]) == ("log" in {axis.get_yscale() for axis in figure.axes})
    if not cut:
        assert all(9 < height < 149 for height in [*found["heights"], found["floor"] or 10])


def pixels(page) -> list[str]:
    return page.eval_on_selector_all("canvas", "all => all.map(canvas => canvas.toDataURL())")


def test_data_is_asked_for_when_it_is_needed(seen, place):
    film = seen.page
    film.goto((place / "site" / EXHIBIT).as_uri())
    film.wait_for_function(ALL_LIVE)
    assert sum("/data/" in url for url in seen.requests) == 2
    film.select_option("#seed", "2")
    film.wait_for_timeout(400)
    assert sorted(url.split("/")[-1] for url in seen.requests if "/data/" in url) == [
        "0-0.js",
        "0-2.js",
        "1-0.js",
        "1-2.js",
    ]


def test_the_slider_moves_every_panel(film):
    end = pixels(film)
    film.fill("#time", "3")
    middle = pixels(film)
    assert all(one != other for one, other in zip(end, middle, strict=True))
    assert film.inner_text("#step") == "step 750 of 2000"
    film.fill("#time", "8")
    assert pixels(film) == end


def test_keys_play_and_step(film):
    time = film.locator("#time")
    for key, tick in (("Home", "0"), ("ArrowRight", "1"), ("ArrowRight", "2"), ("ArrowLeft", "1"), ("End", "8")):
        film.keyboard.press(key)
        assert time.input_value() == tick
    film.keyboard.press("Home")
    film.keyboard.press("Space")
    assert film.get_attribute("#play", "aria-label") == "Pause"
    film.wait_for_function("Number(document.getElementById('time').value) >= 2")
    film.keyboard.press("Space")
    assert film.get_attribute("#play", "aria-label") == "Play"
    assert film.inner_text("#told").startswith("paused at step")


def test_a_film_begins_over(film):
    film.evaluate("""() => { window.ticks = []; const time = document.getElementById("time");
        new MutationObserver(() => ticks.push(Number(time.value))).observe(time, { attributeFilter: ["aria-valuetext"] }); }""")
    film.select_option("#speed", "4")
    film.click("#play")
    film.wait_for_function("ticks.includes(8) && ticks.lastIndexOf(2) > ticks.indexOf(8)")
    assert film.get_attribute("#play", "aria-label") == "Pause"


@pytest.mark.slow
def test_a_film_is_long_enough_to_be_seen(film):
    """Nine frames: at the usual twelve a second they would be gone in less than one."""
    film.keyboard.press("Home")
    began = film.evaluate("performance.now()")
    film.keyboard.press("Space")
    film.wait_for_function("Number(document.getElementById('time').value) >= 4")
    assert film.evaluate("performance.now()") - began >= 0.5 * 4000


def moving(seen: Seen, screen: dict[str, int]) -> Seen:
    """The page of somebody who does not mind motion."""
    seen.page.set_viewport_size(screen)
    seen.page.emulate_media(reduced_motion="no-preference")
    return seen


@pytest.mark.parametrize(("screen", "name"), crossed([LAPTOP, WIDE], [EXHIBIT, "start.html"], 2))
def test_something_moves_within_the_first_screen(seen, place, name, screen):
    one = moving(seen, screen)
    one.page.goto((place / "site" / name).as_uri())
    one.page.wait_for_selector("canvas.ready")
    begun = one.page.locator("#play").get_attribute("aria-label")
    one.page.wait_for_function("Number(document.getElementById('time').value) >= 1")
    box = one.page.locator(".stage").first.bounding_box()
    assert (begun, one.page.evaluate("scrollY")) == ("Pause", 0)
    assert box["y"] + 0.7 * box["height"] <= screen["height"]
    one.page.keyboard.press("Space")  # and whoever minds can stop it
    assert one.page.get_attribute("#play", "aria-label") == "Play"


def test_cards_in_sight_move(seen, place):
    one = moving(seen, LAPTOP)
    one.page.goto((place / "site" / "index.html").as_uri())
    one.page.wait_for_function("document.querySelector('.thumb img').getAttribute('src').endsWith('-film.webp')")
    box = one.page.locator(".thumb img").first.bounding_box()
    assert box["y"] + 0.7 * box["height"] <= LAPTOP["height"]
    one.page.click("#play-all")
    one.page.mouse.move(1, 1)
    assert one.page.get_attribute(".thumb img", "src").endswith("who-collapses.webp")


def test_the_pointer_tells_step_and_values_of_a_curve(film, place):
    film.evaluate(NARROW, [quantities(["w1"], ["w1"])[0], AXES, 180])  # a chart of another width, drawn since
    chart = film.locator(".curves figure").first
    svg = chart.locator("svg")
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    film.mouse.move(box["x"] + 54 + (box["width"] - 66) * 0.5, box["y"] + 60)
    told = chart.locator(".told").inner_text().split("\n")
    w1 = {name: load(place / "runs" / name).curve("w1")[4, 0] for name in ("gan", "wgan-gp")}
    labels = [one.inner_text() for one in film.locator(".panel strong").all()]
    assert told == [
        "step 1000",
        *(f"{label}: {number(value)}" for label, value in zip(labels, w1.values(), strict=True)),
    ]
    film.mouse.move(1, 1)
    assert not chart.locator(".told").is_visible()


def test_names_on_the_picture_follow_its_points(film, place):
    film.fill("#time", "3")
    before = pixels(film)[0]
    words = """() => { const found = [], draw = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (words, x, y) { found.push([words, x / this.canvas.width,
            1 - y / this.canvas.height]); draw.call(this, words, x, y); };
        document.getElementById("show-names").click(); return found; }"""
    said = {name: (x, y) for name, x, y in film.evaluate(words)[:3]}
    assert pixels(film)[0] != before
    frames = load(place / "runs" / "gan").frames
    real, made = ((points + 3) / 6 for points in (frames["real"][:1000], frames["samples"][3, 0]))
    assert said["real"][0] == pytest.approx(real[real[:, 1].argmax(), 0], abs=0.06)
    assert np.hypot(*(made - said["generated"]).T).min() < 0.15
    assert "critic" in said


@pytest.fixture(scope="module")
def bare(browser) -> Iterator[sync_api.Page]:
    """A blank page with what paints panels."""
    one = Seen(browser, viewport=SCREEN)
    one.page.set_content("<canvas></canvas>")
    for name in ("unpack", "curves", "paint"):
        one.page.add_script_tag(path=Path(toygan.__file__).parent / "site" / "assets" / f"{name}.js")
    yield one.page
    one.context.close()
    assert one.complaints == []


BANDS_OF = """([field, bands, width, height]) => {
    const surface = toygan.surface(document.querySelector("canvas"), width, height);
    field.codes = Uint16Array.from(field.codes);
    toygan.paintField(surface, field, 0, toygan.palette(bands));
    return Array.from(surface.bands); }"""


@pytest.mark.parametrize(
    "bands", [{"edges": [-0.71, -0.13, 0.02, 1.37]}, {"start": -0.9, "width": 0.4}], ids=["shared", "even"]
)
def test_lines_between_bands_lie_where_the_score_is_theirs(bare, bands):
    """Scores are linear between the field's points, whatever is between the levels: levels far apart move no line."""
    rows, columns, width, height, levels, low, high = 5, 6, 97, 61, 1000, -1.5, 2.0
    codes = np.random.default_rng(0).integers(1, levels + 2, (rows, columns))
    codes[2, 3] = 0
    field = {"rows": rows, "columns": columns, "levels": levels, "low": [low], "high": [high], "frames": 1}
    shades = {"colours": [i * 1000 for i in range(5)]} | bands
    made = np.array(bare.evaluate(BANDS_OF, [field | {"codes": codes.ravel().tolist()}, shades, width, height]))
    scores = np.where(codes, low + (codes - 1) * (high - low) / levels, np.nan)
    (i, u), (j, v) = places(height, rows, flipped=True), places(width, columns)
    left, right = (scores[i, k] + (scores[i + 1, k] - scores[i, k]) * u for k in (j, j + 1))
    wanted = left + (right - left) * v
    edges = np.array(bands.get("edges") or -0.9 + 0.4 * np.arange(4))
    expected = np.where(np.isnan(wanted), len(edges) + 1, np.searchsorted(edges, wanted, side="right"))
    assert set(np.unique(expected)) == {*range(len(edges) + 2)}
    assert (made.reshape(height, width) == expected).all()


def places(pixels: int, points: int, flipped: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel along a side, the point before it and how far it is to the next one; rows [n, 1] where it is flipped."""
    at = np.arange(pixels) / (pixels - 1)
    at = (1 - at[:, None] if flipped else at) * (points - 1)
    before = np.minimum(np.floor(at).astype(int), points - 2)
    return before, at - before


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.314, 1.27, ["\u22120.31", "1.3"]),
        (1.001, 1.0042, ["1.001", "1.004"]),
        (1.0, 1.000012, ["1", "1.00001"]),
        (0.996, 1.004, ["0.996", "1"]),
        (-2.50012e-6, -2.5e-6, ["\u22122.5001·10⁻⁶", "\u22122.5·10⁻⁶"]),
        (0.0, 0.0, ["0", "0"]),
    ],
)
def test_ends_of_colours_are_told_apart(bare, low, high, said):
    assert bare.evaluate("shades => toygan.ends(shades)", {"edges": [], "low": low, "high": high}) == said


@pytest.fixture
def plane(at, place) -> sync_api.Page:
    """The page with dials, its paths there."""
    return at((place / "site" / "exhibits/dirac.html").as_uri(), "toygan.dials.points()")


PATH = """() => { const { state, placeOf, points, facts } = toygan.dials, k = state.at[1] * facts.starts.length + state.at[0];
    return Array.from({ length: facts.steps + 1 }, (_, step) => placeOf(points(), step, k)); }"""


def test_dials_show_what_was_played(plane):
    for weight, game in zip((0.3, 1.0, 3.0), dials.played_games("ns-gan-r1", "simultaneous")[3:6], strict=True):
        plane.select_option("#dial-method", "ns-gan-r1")
        plane.wait_for_function("toygan.dials.points()")
        plane.select_option("#dial-weight", str(weight).removesuffix(".0"))
        assert (game.rate, game.weight) == (0.2, weight)
        start = dials.SIDE * 9 + 9
        np.testing.assert_allclose(plane.evaluate(PATH), game.paths[:, start], atol=1.01 * 8 / 4094)
        assert plane.inner_text("#dial-motion") == game.motion
        assert plane.inner_text("#dial-theory") == game.theory
        left, first = (number(float(np.hypot(*game.paths[t, start]))) for t in (-1, 0))
        told = plane.inner_text("#dial-now")
        assert told.startswith("step 120 of 120: ")
        assert told.endswith(f" from rest, {first} at the start")
        assert abs(float(told.split(" ")[4]) - float(left)) < 0.004


def test_the_start_can_be_dragged_and_moved_by_keys(plane):
    box = plane.locator("#plane svg").bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    at = [(26 + (420 - 52) * share) / 420 * side for share in (0.25, 0.5)]
    plane.mouse.move(left + at[0], top + at[1])
    plane.mouse.down()
    plane.mouse.up()
    assert plane.evaluate(PATH)[0] == pytest.approx([-1, 0], abs=0.01)
    plane.focus("#dial-psi")
    plane.keyboard.press("ArrowRight")
    assert plane.get_attribute("#dial-psi", "aria-valuetext") == "0.333"
    assert plane.evaluate(PATH)[0] == pytest.approx([-1, 1 / 3], abs=0.01)
    assert not plane.locator("#dial-weight").is_visible()  # this game has no penalty


def test_the_dials_play_within_the_first_screen(seen, place):
    one = moving(seen, LAPTOP)
    one.page.goto((place / "site" / "exhibits/dirac.html").as_uri())
    one.page.wait_for_function("toygan.dials.state.playing && toygan.dials.state.step >= 2")
    box = one.page.locator("#plane svg").bounding_box()
    assert box["y"] + 0.9 * box["height"] <= LAPTOP["height"]
    one.page.click("#dial-play")
    assert one.page.get_attribute("#dial-play", "aria-label") == "Play"


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES[2:4])
def test_boards_are_three_screens_high_at_most(browser, tmp_path, name):
    runs = [folder_of(tmp_path / str(i), synthetic(**SHAPE | {"frames": 2, "points": 20}, method=f"method-{i}", scenario=place))
            for i, place in enumerate(["ring"] * 36 + ["roll"] * 36)]  # fmt: skip
    rows = [row | {"method": f"method-{i // 3 % 36}"} for i, row in enumerate(records(runs))]
    write_site(tmp_path / "site", [showing(runs, films=[], records=rows)], False)
    one = Seen(browser, viewport=LAPTOP)
    one.page.goto((tmp_path / "site" / name).as_uri())
    assert one.page.locator("tbody tr").count() >= 36
    assert one.page.evaluate("document.documentElement.scrollHeight") <= 3 * LAPTOP["height"]
    one.context.close()


@pytest.mark.parametrize("tick", [0, 5, 8])
def test_the_pointer_reads_what_was_recorded(film, place, tick):
    film.fill("#time", str(tick))
    box = film.locator(".stage").first.bounding_box()
    film.locator(".stage").first.hover(position={"x": 0.3 * box["width"], "y": 0.6 * box["height"]})
    at = film.evaluate("[toygan.player.state.pointer.u, toygan.player.state.pointer.v]")
    frames = load(place / "runs" / "gan").frames
    x, y = (-3 + 6 * share for share in at)
    scores = frames["scores"][tick, 0].astype(float) - np.median(frames["scores"][tick, 0])
    wanted = RegularGridInterpolator((frames["grid_y"], frames["grid_x"]), scores)([y, x])[0]
    reading = film.locator(".reading").first
    assert float(reading.get_attribute("data-score")) == pytest.approx(wanted, abs=0.01 * np.ptp(scores))
    slope = RegularGridInterpolator((frames["slope_y"], frames["slope_x"]), frames["slopes"][tick, 0])([y, x])[0]
    found = float(reading.get_attribute("data-slope"))
    assert found == pytest.approx(np.hypot(*slope), abs=0.01 * float(np.abs(frames["slopes"][tick, 0]).max()))
    mode = np.hypot(*(frames["mode_centres"] - [x, y]).T)
    assert f"mode {mode.argmin() + 1} is {float(f'{mode.min():.3g}'):g} away" in reading.inner_text()


@pytest.fixture(scope="module")
def hard(tmp_path_factory) -> Path:
    """A page of two runs: one lost two seeds and knows optimal critics, the other has another floor."""
    home = tmp_path_factory.mktemp("hard")
    one, other = (synthetic(**SHAPE | PLAIN, method=name) for name in ("gan", "wgan-gp"))
    one.frames["optimal_scores"] = one.frames["scores"][..., ::-1].copy()
    other.metrics["w1_floor"] *= 0.9
    folders = [folder_of(home / "gan", one, {0: 1000, 2: 500}), folder_of(home / "wgan-gp", other)]
    return write_page(home / "page", "Lost seeds", "", folders, "c")


@pytest.fixture
def lost(at, hard) -> sync_api.Page:
    """The same in a browser, all panels live."""
    return at(hard.as_uri(), ALL_LIVE)


@pytest.mark.parametrize(("tick", "told"), [
    (1, "seed 0, one of 3 · step 250 of 2000 · W1"),
    (2, "seed 0, one of 3 · step 500 of 2000 · 1 of 3 seeds diverged · W1"),
    (8, "seed 0, one of 3 · step 2000 of 2000 · diverged at step 1000 · 2 of 3 seeds diverged · W1"),
])  # fmt: skip
def test_a_panel_says_that_seeds_have_diverged(lost, tick, told):
    lost.fill("#time", str(tick))
    first, second = lost.locator(".panel .numbers").all_inner_texts()
    assert first.startswith(told)
    assert "diverged" not in second


def test_slopes_beside_the_optimal_critic_are_called_the_learned_ones(lost):
    lost.check("#show-optimal")
    lost.check("#show-arrows")
    lost.locator(".stage").first.hover(position={"x": 100, "y": 150})
    first, second = lost.locator(".reading").all_inner_texts()
    assert "optimal score" in first
    assert "slope of the learned critic" in first
    assert "learned" not in second  # which has no optimal critic
    assert lost.locator(".over").first.inner_text().endswith("the optimal critic, arrows of the learned one")


def test_the_boundary_is_a_line_over_the_critic_alone(seen, tmp_path):
    run = synthetic(**SHAPE | PLAIN, method="gan", summary={"boundary": 1.0})
    run.frames["scores"][:] = np.tile(run.frames["grid_x"], (21, 1)) + 0.25  # so x = 3/4 is where it cannot tell
    run.frames["optimal_scores"] = run.frames["scores"][..., ::-1].copy()
    index = write_page(tmp_path / "page", "A boundary", "", [folder_of(tmp_path / "gan", run)], "c")
    seen.page.goto(index.as_uri())
    seen.page.wait_for_selector("canvas.ready")
    seen.page.uncheck("#show-points")
    left, right = run.frames["grid_x"][[0, -1]]
    find = """canvas => { const { width, height } = canvas, copy = new OffscreenCanvas(width, height);
        const context = copy.getContext("2d", { willReadFrequently: true });
        context.drawImage(canvas, 0, 0);
        const row = context.getImageData(0, Math.round(height / 3), width, 1).data, found = [];
        const purple = (r, g, b) => r > g + 40 && b > g + 20;
        for (let x = 0; x < width; x++) if (purple(...row.slice(4 * x, 4 * x + 3))) found.push(x / width);
        return found; }"""
    places = seen.page.eval_on_selector("canvas", find)
    assert places
    assert np.abs(np.array(places) - (0.75 - left) / (right - left)).max() < 0.01
    seen.page.check("#show-optimal")
    assert seen.page.eval_on_selector("canvas", find) == []


def test_a_touch_leaves_its_reading(browser, hard):
    one = Seen(browser, viewport=PHONE, has_touch=True)
    one.page.goto(hard.as_uri())
    stage, told = one.page.locator(".stage").first, "document.querySelector('.reading').innerText"
    stage.scroll_into_view_if_needed()
    one.page.wait_for_selector("canvas.ready")
    stage.tap(position={"x": 60, "y": 60})
    one.page.wait_for_function(f"{told}.includes('score')")
    before = one.page.locator(".reading").first.inner_text()
    assert "score" in before
    stage.tap(position={"x": 120, "y": 120})
    one.page.wait_for_function(f"before => {told} !== before", arg=before)
    assert "score" in one.page.locator(".reading").first.inner_text() != before
    one.context.close()


def test_floors_are_named_above_their_lines(lost):
    box = "one => { const box = one.getBoundingClientRect(); return [box.top, box.bottom]; }"
    chart = lost.locator(".curves figure").first
    lines = [top for top, _ in (line.evaluate(box) for line in chart.locator(".floor").all())]
    (name,) = chart.locator(".floor-name").all()
    assert len(lines) == 2
    assert name.evaluate(box)[1] <= min(lines) + 1
    assert name.inner_html().startswith("floors 0.0")


def test_the_axis_says_what_it_counts_at_its_end(lost):
    words = lost.locator(".curves figure").first.locator("text").evaluate_all("all => all.map(one => one.textContent)")
    assert "step 2000" in words
    assert "step" not in words


def rgb_of(colour: str) -> list[float]:
    """Red, green and blue of a computed colour, from 0 to 1."""
    parts = [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
    return [part if colour.startswith("color(") else part / 255 for part in parts]


def contrast(one: list[float], other: list[float]) -> float:
    """The contrast of two colours by the rule of WCAG 2."""
    linear = [[v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb] for rgb in (one, other)]
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear)
    return (high + 0.05) / (low + 0.05)


def test_thin_lines_and_the_legend_can_be_seen_in_the_dark(seen, hard):
    one = seen
    one.page.emulate_media(color_scheme="dark")
    one.page.goto(hard.as_uri())
    one.page.wait_for_selector(".curves .thin")
    style = "all => all.map(one => [getComputedStyle(one).stroke, Number(getComputedStyle(one).opacity)])"
    paper = rgb_of(one.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    for colour, opacity in one.page.locator(".curves .thin").evaluate_all(style):
        mixed = [opacity * a + (1 - opacity) * b for a, b in zip(rgb_of(colour), paper, strict=True)]
        assert contrast(mixed, paper) >= 3
    for mark in ("disc", "square"):
        shown = one.page.locator(f".legend .{mark}").evaluate("one => getComputedStyle(one).backgroundColor")
        assert contrast(rgb_of(shown), paper) >= 3


@pytest.mark.parametrize("width", [1000, 1300, 390])
def test_seed_and_speed_stand_on_one_line(at, place, width):
    page = at((place / "site" / EXHIBIT).as_uri(), ALL_LIVE, {"width": width, "height": 844})
    seed, speed = (page.locator(name).bounding_box() for name in ("#seed", "#speed"))
    assert seed["y"] == speed["y"]


def test_on_a_phone_the_leaderboard_shows_its_first_number(seen, place):
    one = seen
    one.page.set_viewport_size(PHONE)
    one.page.goto((place / "site" / "leaderboard.html").as_uri())
    cells = one.page.locator("#leaderboard tbody tr").first.locator("th, td")
    number = cells.nth(1).bounding_box()
    assert number["x"] + number["width"] <= 390
    one.page.set_viewport_size({"width": 240, "height": 844})  # where not all columns find room
    before, number = (cells.nth(i).bounding_box()["x"] for i in (0, 1))
    one.page.locator("#leaderboard").evaluate("one => { one.parentElement.scrollLeft = 40; }")
    assert cells.nth(1).bounding_box()["x"] == number - 40
    assert cells.first.bounding_box()["x"] == pytest.approx(before, abs=1)


def test_on_a_phone_the_measures_show_a_number_beside_the_run(seen, place):
    one = seen
    one.page.set_viewport_size(PHONE)
    one.page.goto((place / "site" / EXHIBIT).as_uri())
    table = one.page.locator("#measures table")
    for row in table.locator("tbody tr").all():
        cells = row.locator("th, td")
        boxes = [cells.nth(i).bounding_box() for i in range(3)]
        assert boxes[2]["x"] + boxes[2]["width"] <= 390
        before = boxes[0]["x"]
        table.evaluate("one => { one.parentElement.scrollLeft = 60; }")
        assert cells.first.bounding_box()["x"] == pytest.approx(before, abs=1)
        table.evaluate("one => { one.parentElement.scrollLeft = 0; }")


def test_every_panel_reads_its_own_value_at_the_same_place(film):
    film.locator(".stage").last.hover(position={"x": 50, "y": 200})
    assert all("score" in words for words in film.locator(".reading").all_inner_texts())
    film.mouse.move(1, 1)
    assert film.locator(".reading").all_inner_texts() == ["", ""]


@pytest.mark.parametrize("name", ["points", "critic", "arrows", "trails"])
def test_switches_change_the_picture_and_back(film, name):
    film.fill("#time", "3")
    before = pixels(film)
    film.click(f"#show-{name}")
    assert pixels(film)[0] != before[0]
    film.click(f"#show-{name}")
    assert pixels(film) == before


def test_points_lie_where_they_were_recorded(film, place):
    frames = load(place / "runs" / "gan").frames
    film.uncheck("#show-critic")
    picture = Image.open(io.BytesIO(base64.b64decode(pixels(film)[0].split(",")[1])))
    shown, (width, height) = np.asarray(picture.convert("RGB")).astype(int), picture.size
    orange = (shown[..., 0] - shown[..., 2] > 60).nonzero()  # see-through on paper, or on a real point
    found = np.stack([orange[1] / width * 6 - 3, 3 - orange[0] / height * 6], 1)
    points = frames["samples"][-1, 0]
    far = np.sqrt(((found[:, None] - points) ** 2).sum(-1)).min(1)
    assert len(found) > 300
    assert far.max() < 0.08  # half a marker and a pixel, in a plane 6 wide


CENTRES, WEIGHTS = np.array([[-1.5, -1.5], [1.5, -1.5], [0.0, 1.5]]), np.array([0.5, 0.25, 0.25])
COUNTS = [[0, 0, 0], [200, 0, 0], [100, 50, 50], [60, 0, 90]]  # of 200 points at four frames; the others are astray


@pytest.fixture(scope="module")
def shares(tmp_path_factory) -> Path:
    """A page of one run with modes, its points in their middles or in a corner."""
    home = tmp_path_factory.mktemp("shares")
    run = synthetic(**SHAPE | PLAIN | {"frames": len(COUNTS)}, method="gan")
    astray = [200 - sum(counts) for counts in COUNTS]
    points = [np.repeat([*CENTRES, [2.8, 2.8]], [*counts, rest], axis=0)
              for counts, rest in zip(COUNTS, astray, strict=True)]  # fmt: skip
    run.frames["samples"] = np.tile(np.array(points, "f4")[:, None], (1, 3, 1, 1))
    told = {"mode_centres": CENTRES, "mode_weights": WEIGHTS, "mode_covariances": np.tile(1e-4 * np.eye(2), (3, 1, 1))}
    run.frames.update(told)
    return write_page(home / "page", "Shares", "", [folder_of(home / "gan", run)], "c")


@pytest.fixture
def counted(at, shares) -> sync_api.Page:
    """The same in a browser, without its critic."""
    page = at(shares.as_uri(), "document.querySelector('canvas.ready')")
    page.uncheck("#show-critic")
    return page


@pytest.mark.parametrize("seed", [0, 2])
@pytest.mark.parametrize("frame", sampled(range(len(COUNTS)), 3))
def test_areas_of_discs_over_rings_are_shares_over_weights(counted, frame, seed):
    counted.evaluate("frame => toygan.player.go(frame)", frame)
    if seed:  # of other seeds every second frame, and the last, is kept
        counted.select_option("#seed", str(seed))
        counted.wait_for_function("document.querySelector('.numbers').textContent.startsWith('seed 2')")
    i = [0, 0, 1, 2][frame] if seed else frame
    find = """([seed, i]) => { const panel = toygan.player.panels[0], data = panel.data[seed];
        return [data.frames[i], toygan.circles(panel.surface, panel.run, data.modes, i)]; }"""
    kept, circles = counted.evaluate(find, [seed, i])
    shares = np.array(COUNTS[kept]) / 200
    discs, rings = (np.array([one[name] for one in circles]) for name in ("disc", "ring"))
    np.testing.assert_allclose(discs**2 / rings**2, shares / WEIGHTS, rtol=1e-6)
    picture = Image.open(io.BytesIO(base64.b64decode(pixels(counted)[0].split(",")[1]))).convert("RGB")
    shown, (rows, columns) = np.asarray(picture).astype(int), np.indices(picture.size[::-1])
    orange = shown[..., 0] - shown[..., 2] > 60
    for one, share, weight in zip(circles, shares, WEIGHTS, strict=True):
        near = (
            np.hypot(columns + 0.5 - one["x"], rows + 0.5 - one["y"])
            < 1.2 * one["ring"] * max(share / weight, 0.1) ** 0.5
        )
        expected = np.pi * one["ring"] ** 2 * share / weight
        line = 0.9 * picture.width / 245 + 1  # of the ring, which covers a part of a disc beyond it
        covered = 2 * np.pi * one["ring"] * line * (share >= weight)
        assert (orange & near).sum() == pytest.approx(expected, rel=0.05, abs=covered + 4)


def test_the_pointer_reads_a_mode_s_share(counted):
    counted.evaluate("toygan.player.go(3)")
    box = counted.locator(".stage").first.bounding_box()
    counted.locator(".stage").first.hover(position={"x": 0.5 * box["width"], "y": 0.25 * box["height"]})
    said = counted.inner_text(".reading").replace("\N{NO-BREAK SPACE}", " ")
    assert said.endswith("away, has 45 % of the points, 25 % due")


def test_without_points_there_are_no_rings(counted):
    counted.evaluate("toygan.player.go(2)")
    counted.uncheck("#show-points")
    picture = Image.open(io.BytesIO(base64.b64decode(pixels(counted)[0].split(",")[1]))).convert("RGB")
    assert len(picture.getcolors()) == 1


def test_critics_have_the_colours_of_the_pictures(film, place):
    film.select_option("#scale", "run")
    film.fill("#time", "1")
    film.uncheck("#show-points")
    picture = Image.open(io.BytesIO(base64.b64decode(pixels(film)[0].split(",")[1]))).convert("RGB")
    shown = scene(load(place / "runs" / "gan"))
    known = {tuple(map(int, colour[:3])) for colour in band_colours(band_edges(shown.scores))}
    counts = {colour: count for count, colour in picture.getcolors(1 << 20) if colour in known}
    assert len(counts) > 3
    assert sum(counts.values()) > 0.8 * picture.width * picture.height  # the rest are lines between bands


def test_each_moment_has_the_levels_of_the_pictures(film, place):
    film.select_option("#scale", "frame")
    film.uncheck("#show-points")
    shown = scene(load(place / "runs" / "gan"))
    for look in (0, 4, 8):
        film.fill("#time", str(look))
        picture = np.asarray(
            Image.open(io.BytesIO(base64.b64decode(pixels(film)[0].split(",")[1]))).convert("RGB"), int
        )
        of = levels_of(shown, shown.scores, [look])
        want = banded(shown.scores[look], of.edges, picture.shape[1::-1])[::-1].astype(int)
        assert len(np.unique(want.reshape(-1, 3), axis=0)) > 8  # no moment is flat
        assert (np.abs(picture - want).max(axis=2) <= 24).mean() > 0.75  # the rest are lines between bands


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_maps_are_dark_on_dark_pages_and_points_stand_out(seen, place, scheme):
    seen.page.emulate_media(color_scheme=scheme)
    seen.page.goto((place / "site" / EXHIBIT).as_uri())
    seen.page.wait_for_selector(".panel canvas.ready")
    seen.page.fill("#time", "4")

    def lightness():
        picture = Image.open(io.BytesIO(base64.b64decode(pixels(seen.page)[0].split(",")[1]))).convert("L")
        return np.asarray(picture, float)

    seen.page.uncheck("#show-points")
    bare = lightness()
    assert (np.median(bare) < 128) == (scheme == "dark")
    seen.page.check("#show-points")
    marked = lightness() - bare
    darker, lighter = (marked < -40).mean(), (marked > 40).mean()
    assert (lighter > 10 * darker) == (scheme == "dark")
    assert max(lighter, darker) > 0.005
    seen.page.click("#theme")  # to light
    seen.page.click("#theme")  # to dark
    seen.page.uncheck("#show-points")
    assert np.median(lightness()) < 128


def test_colours_of_dark_maps_grow_lighter_by_seen_steps():
    """The lighter, the more real, on dark pages too; and every dark colour leaves points their contrast."""
    dark = [[((colour >> shift) & 255) / 255 for shift in (16, 8, 0)] for colour in night_ramp()]
    assert len(dark) == len(ramp())
    bright = [contrast(colour, [0.0, 0.0, 0.0]) for colour in dark]
    assert all(b > 1.05 * a for a, b in itertools.pairwise(bright))
    real, made = ([int(NIGHT[name][i : i + 2], 16) / 255 for i in (1, 3, 5)] for name in ("real", "generated"))
    assert contrast(real, dark[-1]) > 3
    assert contrast(made, dark[len(dark) // 2]) > 3
    kinds = [colour for colour in map(ink_or, KINDS) if colour != "var(--ink)"]  # ink is light there
    paper = [part / 255 for part in (16, 20, 27)]
    assert len(kinds) == len(KINDS) - 1
    assert all(contrast([int(one[i : i + 2], 16) / 255 for i in (1, 3, 5)], paper) > 2.5 for one in kinds)


def test_other_seeds_say_that_they_have_no_critic(film):
    film.select_option("#seed", "1")
    film.wait_for_function("document.querySelector('.numbers').textContent.startsWith('seed 1')")
    assert "no critic kept for this seed, only for seed 0" in film.locator(".over").first.inner_text()
    film.uncheck("#show-critic")
    assert "no critic" not in film.locator(".over").first.inner_text()


def test_curves_move_time(film):
    chart = film.locator(".curves svg").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    film.mouse.click(box["x"] + 46 + (box["width"] - 58) * 0.25, box["y"] + box["height"] / 2)
    assert film.locator("#time").input_value() == "2"
    assert film.locator(".curves .event").count() == 2


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_letters_of_a_chart_are_as_large_as_those_of_the_page(at, place, width):
    page = at((place / "site" / EXHIBIT).as_uri(), ALL_LIVE, {"width": width, "height": 900})
    scale = "all => all.map(one => one.getBoundingClientRect().width / one.viewBox.baseVal.width)"
    found = page.locator("#curves svg").evaluate_all(scale)
    assert len(found) > 1
    assert np.abs(np.array(found) - 1).max() < 0.05


def test_an_event_where_a_logarithm_is_not_has_no_mark(seen, tmp_path):
    event = {"step": 1000, "seed": 0, "label": "mode-collapse", "evidence": "e"}
    run = synthetic(**SHAPE | PLAIN, method="gan", events=[event])
    run.metrics["w1"][4] = 0.0
    index = write_page(tmp_path / "page", "An event", "", [folder_of(tmp_path / "gan", run)], "c")
    seen.page.goto(index.as_uri())
    seen.page.wait_for_selector(".curves .bold")
    assert seen.page.locator(".curves .event").count() == 0  # and nothing is complained of


def test_events_are_told_and_lead_to_their_step(film):
    film.click("summary:has-text('Diagnosed events')")
    assert "mode-collapse in seed 0" in film.locator("#events li").first.inner_text()
    film.click("#events button >> nth=0")
    assert film.inner_text("#step") == "step 1000 of 2000"


def test_the_command_can_be_copied(film):
    film.click("button.copy")
    film.wait_for_function("document.querySelector('button.copy').textContent === 'Copied'")


def test_dark_and_light(seen, place):
    seen.page.emulate_media(color_scheme="dark")
    seen.page.goto((place / "site" / EXHIBIT).as_uri())
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = seen.page.evaluate(colour)
    stills = seen.page.locator(".still a")
    assert [one.is_visible() for one in stills.all()] == [False, True]
    seen.page.click("#theme")
    assert seen.page.inner_text("#theme") == "Theme: light"
    assert dark == "rgb(20, 24, 31)"
    assert seen.page.evaluate(colour) == "rgb(255, 255, 255)"
    assert [one.is_visible() for one in stills.all()] == [True, False]
    border = "getComputedStyle(document.querySelector('.still img')).borderWidth"
    assert seen.page.evaluate(border) == "0px"  # one that is turned dark would be light


def fits(page, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 740})
    page.evaluate("async () => { for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); }")
    return page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("name", "scheme"), crossed(PAGES, ["light", "dark"], 2))
def test_a_page_asks_for_nothing_outside_fits_its_screen_and_is_for_everybody(seen, place, name, scheme):
    """One load for all that is asked of every page: requests, nothing run that a text smuggles in, width, and axe's rules."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    one, home, widths = seen, (place / "site").as_uri(), {"light": (360, 1920), "dark": (1920, 360)}[scheme]
    one.page.set_viewport_size({"width": widths[0], "height": 740})
    one.page.emulate_media(color_scheme=scheme)
    one.page.goto(f"{home}/{name}")
    one.page.wait_for_timeout(500)
    assert [width for width in widths if not fits(one.page, width)] == []
    assert one.requests
    assert [url for url in one.requests if not url.startswith((home, "data:"))] == []
    assert one.page.evaluate("window.pwned") is None
    assert one.complaints == []  # axe makes some
    one.page.set_viewport_size(SCREEN)
    found = axe.Axe().run(one.page, options={"resultTypes": ["violations"]}).response["violations"]
    one.complaints.clear()
    assert [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]] == []


def test_without_scripts_pictures_and_tables_remain(browser, place):
    one = Seen(browser, java_script_enabled=False, viewport={"width": 1300, "height": 1000})
    one.page.goto((place / "site" / EXHIBIT).as_uri())
    posters = one.page.locator(".stage img")
    assert posters.count() == 2
    assert all(posters.nth(i).is_visible() for i in range(2))
    assert one.page.locator("noscript img").count() == 2
    assert not one.page.locator(".controls").is_visible()
    assert one.page.locator("table").is_visible()
    one.context.close()


def test_the_leaderboard_sorts_and_finds(seen, place):
    seen.page.goto((place / "site" / "leaderboard.html").as_uri())
    names = seen.page.locator(".board tbody th")
    seen.page.click("th:has-text('Method') button")
    assert names.all_inner_texts() == ["gan", "hinge+clip", "wgan-gp"]
    seen.page.click("th:has-text('Method') button")
    assert names.all_inner_texts() == ["wgan-gp", "hinge+clip", "gan"]
    assert seen.page.get_attribute("th:has-text('Method')", "aria-sort") == "descending"
    seen.page.fill("#find", "wgan")
    assert [name.inner_text() for name in names.all() if name.is_visible()] == ["wgan-gp"]


def test_a_column_sorts_its_numbers_as_numbers(seen, place):
    """Minus signs, powers of ten, shares and numbers within words, as the program writes them."""
    seen.page.goto((place / "site" / "leaderboard.html").as_uri())
    fill = """words => { const body = document.querySelector("#leaderboard tbody"), row = body.rows[0]; body.replaceChildren();
      for (const word of words) { const one = row.cloneNode(true); one.cells[1].textContent = word; body.append(one); } }"""
    numbers = [*map(number, (2.5e-6, 1e7, -0.5, 0.2, 3.0, float("inf"))), "–", percent(0.0001), "0.1 – 0.4"]
    for words, ordered in (
        (numbers, [number(-0.5), number(2.5e-6), *numbers[-2:], number(0.2), "3", number(1e7), "inf", "–"]),
        (["batch=256", "batch=64", "–", "batch=1024"], ["batch=64", "batch=256", "batch=1024", "–"]),
    ):
        seen.page.reload()
        seen.page.evaluate(fill, words)
        seen.page.locator("#leaderboard thead button").nth(1).click()
        assert seen.page.locator("#leaderboard tbody tr > :nth-child(2)").all_inner_texts() == ordered


def test_the_matrix_shows_another_measure(seen, place):
    seen.page.goto((place / "site" / "matrix.html").as_uri())
    value = seen.page.locator("#matrix .value").first
    assert (value.inner_text(), value.get_attribute("title")) == ("3", "3 seeds, 2 to 4")
    seen.page.select_option("#matrix-choice", "core_seconds")
    assert (value.inner_text(), value.get_attribute("title")) == ("2", "3 seeds")
    assert seen.page.locator(".measure-name").first.inner_text() == "core-seconds"
    assert seen.page.locator(".pairs .value").first.inner_text() == "2"


def test_a_number_opens_its_film(seen, place):
    seen.page.goto((place / "site" / "matrix.html").as_uri())
    seen.page.locator("#matrix .value").nth(1).click()
    seen.page.wait_for_selector("canvas.ready")
    assert seen.page.url.endswith("exhibits/who-collapses.html#run-1")
    assert seen.page.locator("#run-1 .stage").bounding_box()["y"] < 1000


def test_thumbnails_play_when_asked(seen, place):
    seen.page.goto((place / "site" / "index.html").as_uri())
    image = seen.page.locator(".thumb img.day")
    still = image.get_attribute("src")
    seen.page.click("#play-all")
    assert image.get_attribute("src").endswith("-film.webp")
    seen.page.click("#play-all")
    seen.page.mouse.move(1, 1)
    assert image.get_attribute("src") == still


# --- further players, classes, a second world --------------------------------------------------------------------------

BESIDE = {
    "cgan": {"kinds", "classes", "way"},
    "mgan": {"kinds", "regions"},
    "cat-gan": {"regions"},
    "ali": {"reconstructions", "code"},
    "cyclegan": {"reconstructions", "worlds"},
    "cogan": {"pairs"},
    "adagan": {"rounds"},
    "deq-gan": {"way"},
    "gman": set(),
}


@contextmanager
def in_short() -> Iterator[None]:
    """Runs and pages of which nobody reads floors or plays the games: floors of two perfect samplers, and no lab."""
    with pytest.MonkeyPatch.context() as patch, undrawn():
        patch.setattr(ground, "PERFECT", 2)
        patch.setattr(ground, "floors_of", partial(ground.floors_of, draws=2))
        patch.setattr(page, "play_links", lambda place, runs: {})
        yield


@pytest.fixture(scope="module")
def zoo(tmp_path_factory) -> Path:
    """A page of tiny games of the zoo."""
    home = tmp_path_factory.mktemp("zoo")
    small = TINY | {"training.seeds": 2, "training.steps": 4, "training.frames": 3, "training.points": 60}

    def played(name: str) -> Path:
        scenario = PLAYED_ON.get(name, "eight-gaussians")
        return toygan.run(scenario, method=name, overrides=small, out=home / name, backend="eager").folder

    with in_short():
        write_page(home / "page", "zoo", "", [played(name) for name in BESIDE], "toygan compare")
    return home / "page"


@pytest.fixture
def animals(at, zoo) -> sync_api.Page:
    """That page, all panels live."""
    ready = f"document.querySelectorAll('canvas.ready').length === {len(BESIDE)}"
    return at((zoo / "index.html").as_uri(), ready, {"width": 1300, "height": 6000})


def extra_pixels(page: sync_api.Page) -> list[str]:
    return page.eval_on_selector_all(".extra canvas", "all => all.map(canvas => canvas.toDataURL())")


def test_a_page_shows_what_its_data_has(animals):
    shown = animals.eval_on_selector_all(
        ".panel", "all => all.map(one => Array.from(one.querySelectorAll('.extra'), (extra) => extra.dataset.extra))"
    )
    assert [set(names) for names in shown] == list(BESIDE.values())
    end = extra_pixels(animals)
    animals.fill("#time", "0")
    start = extra_pixels(animals)
    same = [
        name
        for name, one, other in zip([name for names in shown for name in names], start, end, strict=True)
        if one == other
    ]
    assert set(same) <= {"regions", "code"}  # which four steps of learning may leave as they were
    animals.uncheck("#show-extras")
    assert not animals.locator(".extra").first.is_visible()


def test_a_page_names_generators_with_their_shares(animals):
    words = animals.locator("#run-1 .extra[data-extra=kinds] .words").inner_text()
    assert re.findall(r"(\d): 25", words) == ["1", "2", "3", "4"]
    assert "generator" in words


def test_other_seeds_have_their_points_and_say_what_was_not_kept(animals):
    before = extra_pixels(animals)
    animals.select_option("#seed", "1")
    animals.wait_for_timeout(600)
    assert all(one != other for one, other in zip(before, extra_pixels(animals), strict=True))


def test_colours_may_be_one_scale_for_all_runs_or_each_moments_own(animals):
    animals.fill("#time", "1")
    told = {}
    for scale in ("run", "all", "frame"):
        animals.select_option("#scale", scale)
        told[scale] = [
            re.search(r"colours from .*", words)[0] for words in animals.locator(".panel .numbers").all_inner_texts()
        ]
    assert len(set(told["all"])) == 1
    assert len(set(told["run"])) > 1
    assert len(set(told["frame"])) > 1
    animals.fill("#time", "2")
    later = [re.search(r"colours from .*", words)[0] for words in animals.locator(".panel .numbers").all_inner_texts()]
    assert later != told["frame"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_further_panels_are_dark_on_dark_pages(seen, zoo, scheme):
    seen.page.emulate_media(color_scheme=scheme)
    seen.page.goto((zoo / "index.html").as_uri())
    seen.page.wait_for_selector(".panel canvas.ready")
    of_ready = (
        "all => all.filter(one => one.width !== 300).map(one => one.toDataURL('image/png'))"  # 300 where none is drawn
    )
    drawn = seen.page.locator(".extra canvas").evaluate_all(of_ready)
    assert len(drawn) > 2
    for one in drawn:
        picture = Image.open(io.BytesIO(base64.b64decode(one.split(",")[1]))).convert("L")
        assert (np.median(np.asarray(picture)) < 100) == (scheme == "dark")
    still = seen.page.eval_on_selector(".stage img", "one => getComputedStyle(one).filter")
    assert (still != "none") == (scheme == "dark")
