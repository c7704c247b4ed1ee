"""The lab in a real browser: it opens from disk and plays, and anyone can use it. Its games are tested in test_lab_games."""

from __future__ import annotations

import base64
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import sampled
from PIL import Image
from scipy.optimize import linear_sum_assignment
from test_browser import Seen, browser  # noqa: F401
from test_browser import pytestmark as pytestmark
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.engines.tree import named
from toygan.files.scenario import read
from toygan.files.shipped import shipped
from toygan.files.world import build_target
from toygan.game import play
from toygan.game.methods import METHODS
from toygan.game.players import LATENTS
from toygan.game.streams import draws, starts
from toygan.game.zoo import ZOO
from toygan.quantities.critic import Judged, clouds_of, critic_gap, critic_value
from toygan.quantities.diagnosis import findings
from toygan.quantities.evidence import Story, with_points
from toygan.quantities.modes import high_quality, modes_kept
from toygan.quantities.optimal import of_clouds
from toygan.quantities.skeleton import on_skeleton, skeleton_coverage
from toygan.session.ground import curve_of
from toygan.session.playable import WINDOWS, pool
from toygan.session.simulation import simulation
from toygan.site.lab import FIRST_PLACE, POOL, SIDE, SIZES, address, sized, sketch, write_lab, write_lab_of

SHIPPED = ["eight-gaussians", "swiss-roll", "two-moons", "dirac"]
PLAYED = ["ns-gan", "wgan-gp", "wgan", "ns-gan-r1", "rpgan"]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> str:
    """Where a page of a few methods and scenarios is."""
    home = tmp_path_factory.mktemp("lab")
    return write_lab(home, SHIPPED, PLAYED, opening={"scenario": "eight-gaussians", "method": "ns-gan"}).as_uri()


SCREEN = {"width": 1300, "height": 1000}


@pytest.fixture(scope="module")
def shared() -> Iterator[list[Seen]]:
    """The page that tests have in common: to load one and to start its engine takes five times as long as to go on with it."""
    pages: list[Seen] = []
    yield pages
    for one in pages:
        one.context.close()


@pytest.fixture
def seen(browser, shared, request) -> Iterator[Seen]:  # noqa: F811
    """A page with whatever experiment earlier tests left there; after a failure it is another one."""
    if not shared:
        shared.append(Seen(browser, viewport=SCREEN, reduced_motion="reduce"))
    (one,), failed = shared, request.session.testsfailed
    one.page.set_viewport_size(SCREEN)
    yield one
    one.page.emulate_media(reduced_motion="reduce", color_scheme="light")
    if one.complaints or request.session.testsfailed > failed:
        shared.pop().context.close()
    assert one.complaints == []


# As if somebody had changed the address, and nothing had happened before.
GO = """address => {
  const { page, told } = lab;
  for (const key in told) if (!["ready", "interactive", "playing"].includes(key)) delete told[key];
  Object.assign(page, { speed: "most", tool: null, own: null });
  lab.before = page.panels[0];
  history.replaceState(null, "", address || location.pathname);
  scrollTo(0, 0);
  document.activeElement.blur();
  dispatchEvent(new Event("hashchange"));
}"""
IS_THERE = "lab.told.ready && lab.page.panels[0] !== lab.before && lab.look() && lab.look().samples"


def opened(seen: Seen, place: str, address: str = "", anew: bool = False) -> None:
    """At an address, the engine ready and the first look there; loaded anew where it is asked for."""
    if anew or seen.page.url.split("#")[0] != place:
        seen.page.goto("about:blank")
        seen.page.goto(place + address)
    else:
        seen.page.evaluate(GO, address)
    seen.page.wait_for_function(IS_THERE, timeout=60_000)


def played_again(seen: Seen, place: str, step: int, anew: bool = False) -> tuple[dict, dict]:
    """The look at a step, and that of a page which is opened at the address that the first one has by then."""
    seen.page.wait_for_function(f"lab.look().step === {step}")
    seen.page.wait_for_function("location.hash === lab.page.addressNow()")
    first, address = look(seen.page), seen.page.evaluate("location.hash")
    opened(seen, place, address, anew)
    seen.page.wait_for_function(f"lab.look().step === {step}")
    return first, look(seen.page)


def after_one_step(seen: Seen, place: str) -> dict:
    """The look of a game that has played one step as it is."""
    opened(seen, place)
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")
    return look(seen.page)


SOON = """async function soon(is) {
  for (const end = performance.now() + 30000; !is(); await new Promise((next) => setTimeout(next, 5)))
    if (performance.now() > end) throw Error(`never: ${is}`);
}"""
STEPS = "n => { for (let k = 0; k < n; k++) document.querySelector('#one').click(); }"
PARTS = f"""async (parts) => {{ {SOON}
  for (const part of parts) {{
    document.querySelector("#one").click();
    await soon(() => lab.look().slow && lab.look().slow.part === part);
  }}
}}"""


def in_slow_motion(page, *parts: str) -> None:
    """Play these parts of a step, one after the other."""
    page.select_option("#speed", "slow")
    page.evaluate(PARTS, parts)


def until(page, step: int) -> None:
    page.wait_for_function(f"lab.look().step >= {step}", timeout=60_000)


def look(page) -> dict:
    kept = page.evaluate(
        "({step: lab.look().step, samples: [...lab.look().samples], report: lab.look().report, dials: lab.look().dials})"
    )
    return kept | {"samples": np.array(kept["samples"])}


def still(page) -> None:
    """Paused, and everything told."""
    page.wait_for_function("lab.told.playing === false")
    page.wait_for_timeout(300)


def slid(page, key: str, place: int) -> None:
    page.eval_on_selector(f"#dial-{key}", f"one => {{ one.value = {place}; one.dispatchEvent(new Event('input')); }}")


def test_it_opens_from_disk_asks_for_nothing_and_plays(seen, place):
    before = len(seen.requests)
    opened(seen, place, anew=True)
    assert look(seen.page)["step"] == 0  # reduced motion: nothing moves unasked
    seen.page.click("#play")
    until(seen.page, 50)
    seen.page.click("#play")
    still(seen.page)
    kept = look(seen.page)
    assert np.isfinite(kept["samples"]).all()
    assert {name for name, value in kept["report"].items() if value is not None} == {
        "critic_loss",
        "generator_loss",
        "penalty",
    }
    folder, asked = place.rsplit("/", 1)[0], seen.requests[before:]
    assert asked
    assert [url for url in asked if not url.startswith((folder, "data:", "blob:", "about:"))] == []
    assert f"step {kept['step']} of 5000" in seen.page.inner_text("#step")


def test_it_plays_by_itself_where_motion_is_welcome(seen, place):
    seen.page.set_viewport_size({"width": 800, "height": 900})
    seen.page.emulate_media(reduced_motion="no-preference")
    opened(seen, place, anew=True)
    until(seen.page, 5)
    seen.page.evaluate("lab.page.still = true")  # as for the tests to come


def test_the_same_address_gives_the_same_game(seen, place):
    opened(seen, place, "#s=swiss-roll&m=wgan-gp&seed=2")
    seen.page.evaluate(STEPS, 3)
    seen.page.wait_for_function("lab.look().step === 3")
    slid(seen.page, "generator_rate", 350)
    seen.page.wait_for_function("Math.abs(lab.look().dials.generator_rate - 0.002) > 0.001")
    slid(seen.page, "critic_steps", 399)
    seen.page.click("#kick-critic")
    seen.page.click("#moveCritic")
    seen.page.evaluate(STEPS, 2)
    first, again = played_again(seen, place, 5, anew=True)
    assert again["dials"] == first["dials"]
    assert np.array_equal(again["samples"], first["samples"])
    assert again["report"] == first["report"]


def test_going_back_and_on_is_the_same_game(seen, place):
    opened(seen, place)
    seen.page.evaluate(STEPS, 6)
    seen.page.wait_for_function("lab.look().step === 6")
    end = look(seen.page)
    seen.page.fill("#time", "2")
    seen.page.wait_for_function("lab.look().step === 2")
    seen.page.evaluate(STEPS, 4)
    seen.page.wait_for_function("lab.look().step === 6")
    assert np.array_equal(look(seen.page)["samples"], end["samples"])


def test_moves_alone_and_a_frozen_player(seen, place):
    opened(seen, place)
    before = look(seen.page)
    seen.page.click("#moveCritic")
    seen.page.wait_for_function("lab.look().moved === 'critic'")
    assert look(seen.page)["step"] == 0
    assert np.array_equal(look(seen.page)["samples"], before["samples"])
    seen.page.click("#moveGenerator")
    seen.page.wait_for_function("lab.look().moved === 'generator'")
    moved = look(seen.page)
    assert not np.array_equal(moved["samples"], before["samples"])
    seen.page.select_option("#frozen", "generator")
    seen.page.evaluate(STEPS, 2)
    seen.page.wait_for_function(f"lab.look().step === {moved['step'] + 2}")
    assert np.array_equal(look(seen.page)["samples"], moved["samples"])


@pytest.mark.parametrize(
    ("scenario", "method", "steps", "near"), [("dirac", "ns-gan-r1", 20, 1e-5), ("swiss-roll", "wgan-gp", 4, 1e-3)]
)
def test_pythons_draws_give_pythons_game(seen, place, scenario, method, steps, near):
    """The trainer's own feeding, in WASM: under plain descent to rounding, under Adam as far as float32 allows."""
    opened(seen, place, f"#s={scenario}&m={method}")
    config = sized(scenario, method, "small")
    sim = simulation(config)
    state = sim.start
    seen.page.evaluate("state => lab.load(state)", plain(named(sim.start, "state")))
    for _, draw in zip(range(steps), draws(sim.source, 0, sim.start.memory), strict=False):
        critics = [("critic", play.row_of(draw, k)) for k in range(config.method.critic_steps)]
        for name, row in [*critics, ("generator", play.row_of(draw, -1))]:
            seen.page.evaluate("([name, feeds]) => lab.probe(name, feeds)", [name, plain(named(dict(row), "draw"))])
            seen.page.wait_for_function("lab.told.probed")
        state = sim.world.step(state, draw, sim.world.dials)
    ours = seen.page.evaluate("lab.told.probed")
    for name, leaf in named(state, "state").items():
        right = leaf.detach().numpy().ravel()
        apart = np.abs(np.array(ours[name]) - right)
        assert np.median(apart) <= near * np.abs(right).max() + 1e-9, name
    assert ours["state/0"] == [steps]


@pytest.mark.parametrize(
    ("method", "net"),
    sampled(
        [
            ("ns-gan", "1*14*2*10*2"),
            ("wgan-gp", "4*20*5*7*1"),
            ("wgan", "2*40*1*3*2"),
            ("ns-gan-r1", "6*9*3*12*2"),
            ("rpgan", "1*5*1*5*2"),
        ],
        4,
    ),
)
def test_players_cut_to_measure_play_as_python_s(seen, place, method, net):
    """First parameters to the last bit, and the game that the copied command is of, under plain descent."""
    opened(
        seen,
        place,
        f"#s=two-moons&m={method}&z=own&net={net}&c=0*critic_optimiser*descent!0*generator_optimiser*descent",
    )
    seen.page.click("#copyCommand")
    command = seen.page.input_value("#copied")
    found = [one or other for one, other in re.findall(r"--set (?:'([^']*)'|(\S+))", command)]
    config = read("two-moons", method, found)
    assert config.method.optimiser == "descent"
    sim = simulation(config)
    free, state = seen.page.evaluate("lab.page.catalogue.free"), sim.start
    own = {
        player: np.array(seen.page.evaluate(f"[...lab.setup().held['{player}']]")) > free / 2
        for player in sim.start.players
    }
    for player, learned in sim.start.players.items():
        first = np.array(seen.page.evaluate(f"[...lab.setup().starts['{player}']]"), np.float32)
        assert np.array_equal(first[own[player]], learned.parameters[0].numpy())
    for _, draw in zip(range(8), draws(sim.source, 0, sim.start.memory), strict=False):
        critics = [("critic", play.row_of(draw, k)) for k in range(config.method.critic_steps)]
        for name, row in [*critics, ("generator", play.row_of(draw, -1))]:
            wide = {**row, "latent": torch.nn.functional.pad(row["latent"], (0, 2 - row["latent"].shape[-1]))}
            seen.page.evaluate("([name, feeds]) => lab.probe(name, feeds)", [name, plain(named(wide, "draw"))])
            seen.page.wait_for_function("lab.told.probed")
        state = sim.world.step(state, draw, sim.world.dials)
    ours, places = seen.page.evaluate("[lab.told.probed, lab.setup().places]")
    for player, learned in state.players.items():
        right, numbers = learned.parameters[0].detach().numpy(), np.array(ours[places[player]])
        assert np.allclose(numbers[own[player]], right, atol=1e-5 * np.abs(right).max()), player
        assert not np.array_equal(right, sim.start.players[player].parameters[0].numpy())
        first = np.array(seen.page.evaluate(f"[...lab.setup().starts['{player}']]"))
        assert np.array_equal(numbers[~own[player]], first[~own[player]])  # what is not its own stays


@pytest.mark.slow
def test_where_no_layers_and_neurons_can_be_chosen_the_size_is_a_usual_one(seen, tmp_path):
    """Nothing of an address was broken, and all methods stay choosable."""
    place = write_lab(tmp_path, ["two-moons", "dirac"], ["ns-gan", "wgan-l1"]).as_uri()
    opened(seen, place, "#s=two-moons&m=ns-gan&z=own")
    assert seen.page.eval_on_selector_all("#method option[disabled]", "all => all.length") == 0
    for where, chosen in (("#method", "wgan-l1"), ("#scenario", "dirac")):
        if where == "#scenario":
            opened(seen, place, "#s=two-moons&m=ns-gan&z=own")
        seen.page.select_option(where, chosen)
        seen.page.wait_for_function("lab.setup() && !lab.setup().players && lab.look() && lab.look().step > 0")
        assert seen.page.input_value("#size") == "small"
        assert seen.page.input_value(where) == chosen
        over = seen.page.evaluate(
            "lab.page.words.over.replace('{step}', lab.look().dials.steps)"
        )  # as 500 steps may be
        assert seen.page.inner_text(".said") in ("", over)


@pytest.mark.slow
def test_layers_and_neurons_are_chosen_on_the_page_and_travel_in_the_address(seen, place):
    opened(seen, place)
    seen.page.select_option("#size", "own")
    seen.page.wait_for_function("lab.setup() && lab.setup().players")
    slid(seen.page, "generator-layers", 4)
    seen.page.wait_for_function("lab.setup() && lab.setup().players.generator.layers === 5")
    slid(seen.page, "critic-width", 49)
    seen.page.wait_for_function("lab.setup() && lab.setup().players.critic.width === 50")
    seen.page.select_option("#inputs", "1")
    seen.page.wait_for_function("lab.setup() && lab.setup().players.inputs === 1 && lab.look() && lab.look().step > 0")
    seen.page.select_option("#generator-optimiser", "descent")
    slid(seen.page, "generator_steps", 2)
    seen.page.wait_for_function("lab.look().plain.generator && lab.look().generatorSteps === 3")
    seen.page.click("#play")
    still(seen.page)
    seen.page.click("#copyCommand")
    command, comment = seen.page.input_value("#copied").split("  # ")
    assert "--set generator.depth=5" in command
    assert "--set critic.width=50" in command
    assert "--set generator.latent_dim=1" in command
    assert (
        comment
        == "only in the page: generator moves a step: 3; generator’s optimiser: plain descent (SGD; wants larger rates)"
    )
    first, address = look(seen.page), seen.page.evaluate("location.hash")
    opened(seen, place, address)
    seen.page.wait_for_function(f"lab.look().step === {first['step']}")
    assert np.array_equal(look(seen.page)["samples"], first["samples"])


def plain(tensors) -> dict[str, list[float]]:
    """Numbers that JSON knows: NaN, which is not known yet, as 0."""
    return {name: np.nan_to_num(one.detach().numpy().ravel().astype(float)).tolist() for name, one in tensors.items()}


def test_the_assignment_is_exact_and_its_duals_are_tight(seen, place):
    opened(seen, place)
    rng = np.random.default_rng(1)
    for n, shift in ((5, 0.0), (60, 1.0), (200, 0.3)):
        real, fake = rng.standard_normal((n, 2)), rng.standard_normal((n, 2)) + shift
        real[0] = real[1]  # ties
        told = seen.page.evaluate(
            "([a, b]) => lab.assign(a, b).then(one => ({...one, duals: [...one.duals], pair: [...one.pair]}))",
            [real.ravel().tolist(), fake.ravel().tolist()],
        )
        costs = np.linalg.norm(real.astype(np.float32)[:, None] - fake.astype(np.float32)[None], axis=2)
        rows, columns = linear_sum_assignment(costs)
        assert told["distance"] == pytest.approx(costs[rows, columns].mean(), rel=1e-5)
        assert sorted(told["pair"]) == list(range(n))
        u = (costs - np.array(told["duals"])).min(axis=1)
        assert u.sum() + sum(told["duals"]) == pytest.approx(costs[rows, columns].sum(), rel=1e-4)


def test_the_distance_has_its_floor(seen, place):
    opened(seen, place)
    seen.page.wait_for_function("lab.told.floor && lab.told.distance !== undefined")
    low, high = seen.page.evaluate("lab.told.floor")
    assert 0 < low < high < seen.page.evaluate("lab.told.distance")


UNANSWERED = """() => { const { trainer } = lab.page, send = trainer.postMessage;
  lab.page.main().asked = null;
  trainer.postMessage = (words, ...more) => { if (words.do !== "gauge") send.call(trainer, words, ...more); };
  return new Promise((resolve) => { const wait = setInterval(() => {
    lab.page.repaint();
    if (lab.page.assigning) { clearInterval(wait); delete trainer.postMessage; resolve(); }
  }, 20); }); }"""


def test_a_game_that_is_left_while_it_is_measured_keeps_no_other_from_it(seen, place):
    opened(seen, place)
    seen.page.wait_for_function("lab.told.distance !== undefined && !lab.page.assigning")
    seen.page.evaluate(UNANSWERED)
    opened(seen, place, "#s=swiss-roll&m=wgan-gp")
    seen.page.wait_for_function("lab.told.distance !== undefined")


def test_own_points_are_drawn_and_travel_in_the_address(seen, place):
    opened(seen, place)
    seen.page.click("#draw")
    seen.page.locator("#stage").scroll_into_view_if_needed()
    box = seen.page.locator("#stage").bounding_box()
    seen.page.mouse.move(box["x"] + 50, box["y"] + 60)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 200, box["y"] + 160, steps=10)
    seen.page.mouse.up()
    seen.page.wait_for_timeout(900)
    points = seen.page.evaluate("[...lab.setup().pool]")
    assert len(points) > 40
    address = seen.page.evaluate("location.hash")
    opened(seen, place, address)
    assert np.allclose(seen.page.evaluate("[...lab.setup().pool]"), points, atol=4.4 / 1000)
    seen.page.click("#copyCommand")
    assert seen.page.input_value("#copied").startswith("toygan run drawn.toml -m ns-gan")


@pytest.mark.slow
def test_of_nothing_no_game_learns_and_it_goes_on_with_the_first_point(seen, place):
    """Everything erased in the middle of a game, and drawn anew; beyond the points that are kept earlier ones make room."""
    opened(seen, place, "#m=ns-gan")
    seen.page.click("#play")
    until(seen.page, 5)
    seen.page.click("#draw")
    still(seen.page)
    assert "nothing to learn from" in seen.page.inner_text(".said")
    assert seen.page.get_attribute("#target-eight-gaussians", "aria-pressed") == "false"
    step = look(seen.page)["step"]
    seen.page.click("#one")
    seen.page.click("#play")
    still(seen.page)
    assert look(seen.page)["step"] == step
    seen.page.locator("#stage").scroll_into_view_if_needed()
    box = seen.page.locator("#stage").bounding_box()
    seen.page.mouse.click(box["x"] + 100, box["y"] + 100)
    seen.page.wait_for_function(f"lab.told.playing && lab.look().step > {step}")
    assert seen.page.inner_text(".said") == ""
    seen.page.mouse.down()
    for k in range(30):
        seen.page.mouse.move(box["x"] + 20 + 280 * (k % 2), box["y"] + 10 + 10 * k, steps=4)
    seen.page.mouse.up()
    seen.page.wait_for_function("lab.page.experiment.drawn.length === 3000")
    low, high = seen.page.evaluate("lab.page.viewOf().slice(2)")
    heights = (high - np.array(seen.page.evaluate("lab.page.experiment.drawn"))[1::2]) / (high - low) * box["height"]
    assert heights.max() > 290  # the last stroke is there
    seen.page.click("#clear")
    still(seen.page)
    seen.page.select_option("#seed", "3")  # of nothing no game begins anew: the shipped target is there again
    seen.page.wait_for_function("lab.setup() && lab.setup().seed === 3")
    assert seen.page.evaluate("lab.setup().pool.every(Number.isFinite) && lab.setup().pool.length") > 5000


def test_a_csv_file_becomes_the_target(seen, place, tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "own.csv", rng.standard_normal((300, 2)) * 0.1 + [50, -20], delimiter=",", header="x,y")
    opened(seen, place)
    seen.page.set_input_files("#csv", tmp_path / "own.csv")
    seen.page.wait_for_function("lab.setup() && lab.setup().pool.length === 600 && lab.look()")
    until(seen.page, 3)


@pytest.mark.parametrize(
    ("text", "points", "out"),
    sampled([
        ("x;y\n1,5;2,25\n-0,5;1e0\n", [[1.5, 2.25], [-0.5, 1.0]], 1),
        ("\ufeffx,y,label\r\n1,2,a\r\nnan,3,b\r\n4,5,c\r\n", [[1, 2], [4, 5]], 2),
        ('"1" "2"\n\n3 4\n5\n', [[1, 2], [3, 4]], 1), ("0,0\n", [[0, 0]], 0),
        ("1,1\n1,1\n1,1\n", [[1, 1]] * 3, 0), ("0,0\n1e300,1\n2,inf\n", [[0, 0]], 2),
    ], 6),
)  # fmt: skip
def test_csv_files_of_many_habits(seen, place, tmp_path, text, points, out):
    (tmp_path / "own.csv").write_bytes(text.encode())
    opened(seen, place)
    seen.page.set_input_files("#csv", tmp_path / "own.csv")
    seen.page.wait_for_function(f"lab.setup() && lab.setup().pool.length === {2 * len(points)} && lab.look()")
    assert np.allclose(np.array(seen.page.evaluate("[...lab.setup().pool]")).reshape(-1, 2), points, atol=0.01)
    seen.page.wait_for_function(f"lab.page.said.includes('{out} lines hold no two numbers')")
    until(seen.page, 3)
    assert seen.page.evaluate("lab.look().samples.every(Number.isFinite)")


@pytest.mark.slow
def test_a_large_csv_file_is_thinned_and_one_without_numbers_refused(seen, place, tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "large.csv", rng.standard_normal((100_000, 2)), delimiter=",")
    (tmp_path / "words.csv").write_text("a,b\nc,d\n")
    opened(seen, place)
    seen.page.set_input_files("#csv", tmp_path / "large.csv")
    seen.page.wait_for_function("lab.setup() && lab.setup().pool.length === 3000 && lab.look()", timeout=60_000)
    seen.page.wait_for_function("lab.page.said.startsWith('100000 points read, 1500 of them are kept')")
    points = np.array(seen.page.evaluate("[...lab.setup().pool]")).reshape(-1, 2)
    assert np.allclose(points.std(axis=0), 1, atol=0.1)
    seen.page.set_input_files("#csv", tmp_path / "words.csv")
    seen.page.wait_for_function("lab.page.said.startsWith('No two numbers')")


def test_the_command_says_what_python_needs(seen, place):
    opened(seen, place, "#s=swiss-roll&m=wgan-gp&seed=3&c=0*constraint~weight*5!0*critic_steps*4")
    seen.page.click("#copyCommand")
    command = seen.page.input_value("#copied")
    size = SIZES["small"]
    for part in (
        f"generator.width={size.width}",
        f"training.batch={size.batch}",
        "method.constraint.weight=5.0",
        "method.critic_steps=4",
    ):
        assert f"--set {part}" in command
    found = re.findall(r"--set (?:'([^']*)'|(\S+))", command)
    config = read("swiss-roll", "wgan-gp", [one or other for one, other in found])
    assert (config.method.constraint.weight, config.training.seeds) == (5.0, (3,))


@pytest.mark.slow
def test_the_address_of_a_runs_config_opens_its_game(seen, place):
    changes = [
        "method.constraint.weight=10.0",
        "method.critic_steps=5",
        "method.critic_rate=1e-5",
        "generator.width=32",
    ]
    opened(seen, place, address(read("swiss-roll", "wgan-gp", [*changes, "training.steps=700"]), 4))
    told = seen.page.evaluate("({...lab.look().dials, critic_steps: lab.look().criticSteps, seed: lab.setup().seed})")
    wanted = {"constraint.weight": 10, "critic_steps": 5, "critic_rate": 1e-5, "steps": 700, "seed": 4}
    assert {key: told[key] for key in wanted} == wanted
    assert seen.page.input_value("#scenario") == "swiss-roll"


@pytest.mark.parametrize(
    ("address", "parts"),
    sampled([
        ("#s=no-such&m=ns-gan", "s"), ("#m=nsgan&seed=3", "m"), ("#z=huge&seed=x", "seed, z"), ("#c=0*steps*50!1*frozen*me", "c"),
        ("#c=0*critic_steps*100000", "c"), ("#mv=1*2&b=gan*1!nogan*2", "mv, b"), ("#p=AAAA&d=!!", "p, d"),
        ("#v=crgz&l=none&n=cauchy", "l, v, n"),
        ("#nonsense&net=1*2*3", "nonsense, net"), ("#net=9*999*0*5*7&z=own&m=ns-gan", "net"), ("#mv=99*1p000*1p000", "mv"),
    ], 6),
)  # fmt: skip
def test_what_of_an_address_cannot_be_read_is_named_and_the_rest_plays(seen, place, address, parts):
    opened(seen, place, address)
    assert seen.page.inner_text(".said").endswith(f"these parts of it are left out: {parts}.")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")


WHOLE = (
    "#s=swiss-roll&m=wgan-gp&z=large&seed=3&step=2&c=0*constraint~weight*5!0*critic_steps*4!1*frozen*generator!1*kick*critic"
    "!2*only*critic&b=ns-gan*0!wgan*2&v=crgamtkso&l=lambda&lang=en&hide=share!own",
    "#m=ns-gan&z=own&net=3*14*2*10*1&n=uniform&c=0*critic_optimiser*descent!0*generator_steps*3!1*betas~0*0p5",
    "#s=eight-gaussians&m=ns-gan-r1&mv=0*m0p700*0p300!3*1p000*m2p000&step=2&v=crgd",
)


def damaged(rng: np.random.Generator, address: str) -> str:
    """An address with a few letters gone, changed or too many, or cut off."""
    letters = list(address)
    for _ in range(rng.integers(1, 6)):
        at, what = int(rng.integers(1, max(len(letters), 2))), rng.random()
        new = [] if what < 0.3 else [str(rng.choice(list("aZ01*!~&=%#-_.mp é中")))]
        letters[at : at + (what < 0.6)] = new
        letters = letters[:at] if what > 0.95 else letters
    return "".join(letters)


@pytest.mark.slow
def test_damaged_addresses_play_or_say_what_is_wrong(seen, place):
    """Never a blank page, an error in the console, or numbers that are none."""
    rng = np.random.default_rng(1)
    opened(seen, place)
    for k in range(24):
        address = damaged(rng, WHOLE[k % len(WHOLE)])
        seen.page.evaluate("address => { lab.before = lab.page.panels[0]; location.hash = address; }", address)
        seen.page.wait_for_function(
            "address => location.hash !== address && (lab.page.panels[0] === lab.before || (lab.look() && lab.look().samples))",
            arg="", timeout=60_000,
        )  # fmt: skip
        assert seen.page.evaluate("!lab.look() || lab.look().samples.every(Number.isFinite)"), address
        assert len(seen.page.inner_text("main")) > 300, address
        assert "wrong" not in seen.page.inner_text(".said"), address


def test_games_side_by_side(seen, place):
    opened(seen, place, "#s=eight-gaussians&m=ns-gan&b=wgan-gp*0!ns-gan*1")
    seen.page.wait_for_function("document.querySelectorAll('figure.panel canvas').length === 3")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.looks().every(one => one && one.step === 1)")


@pytest.mark.slow
def test_a_thousand_steps_are_gone_at_once(seen, place):
    opened(seen, place, "#s=dirac&m=ns-gan-r1&c=0*steps*100000")
    seen.page.click("#ahead")
    seen.page.wait_for_function("lab.look().step === 1000 && lab.told.playing === false", timeout=60_000)
    seen.page.click("#ahead")
    seen.page.wait_for_function("lab.look().step === 2000 && lab.told.playing === false", timeout=60_000)


@pytest.mark.slow
def test_a_pause_on_the_way_to_a_step_forgets_it(seen, place):
    opened(seen, place, "#s=dirac&m=ns-gan-r1&c=0*steps*100000")
    seen.page.evaluate("lab.page.ahead(400)")
    until(seen.page, 1)
    seen.page.evaluate("lab.page.pause()")
    still(seen.page)
    seen.page.evaluate("lab.page.play()")
    until(seen.page, 401)
    assert look(seen.page)["step"] > 400


PICTURE = "document.querySelector('#stage').toDataURL()"


@pytest.mark.parametrize("letter", sampled(["d", "s", "m", "p", "k", "t"], 6))
def test_what_is_shown_is_drawn_and_goes_again(seen, place, letter):
    opened(seen, place, "#s=swiss-roll&m=ns-gan")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 2")
    seen.page.wait_for_timeout(300)
    before = seen.page.evaluate(PICTURE)
    seen.page.check(f"#show-{letter}")
    seen.page.wait_for_function(f"before => {PICTURE} !== before", arg=before)
    seen.page.uncheck(f"#show-{letter}")
    seen.page.wait_for_function(f"before => {PICTURE} === before", arg=before)


@pytest.mark.slow
def test_latents_are_carried_to_where_the_generator_sends_them(seen, place):
    opened(seen, place, "#s=swiss-roll&m=ns-gan&v=rg")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")
    seen.page.wait_for_timeout(300)
    before = seen.page.evaluate(PICTURE)
    latents = np.array(seen.page.evaluate("[...lab.page.main().latents]")).reshape(-1, 2)
    assert len(latents) == len(seen.page.evaluate("[...lab.look().samples]")) / 2
    assert np.abs(latents[: WINDOWS["samples"]].std(axis=0) - 1).max() < 0.15
    seen.page.click("#carry")
    seen.page.wait_for_function(f"before => {PICTURE} !== before", arg=before)
    apart = "lab.page.main().stage.trails.map(({ points }) => points.every((one, i) => one === lab.look().samples[i]))"
    assert seen.page.evaluate(apart)[-1]  # a trail is of where points were, not of what is on its way
    seen.page.wait_for_function(f"before => {PICTURE} === before", arg=before)


def test_every_lesson_begins_to_move(seen, place):
    """By itself; how soon depends on the machine."""
    opened(seen, place)
    for name in seen.page.evaluate("[...document.querySelectorAll('.chip')].map(one => one.id)")[1:]:
        seen.page.click(f"#{name}")
        # It is seen while it plays, not at its end only.
        seen.page.wait_for_function("lab.told.playing && lab.look() && lab.look().step > 0", timeout=60_000)
        assert seen.page.inner_text(".lesson h2")


def test_keys_play_and_step(seen, place):
    opened(seen, place)
    seen.page.keyboard.press("ArrowRight")
    seen.page.wait_for_function("lab.look().step === 1")
    seen.page.keyboard.press("Space")
    until(seen.page, 10)
    seen.page.keyboard.press("Space")
    still(seen.page)


def shape_of(words) -> object:
    return (
        {key: shape_of(inner) for key, inner in words.items()}
        if isinstance(words, dict)
        else sorted(re.findall(r"\{\w+\}", words))
    )


def test_languages_have_the_same_words_and_blanks(seen, place):
    opened(seen, place)
    english, chinese = seen.page.evaluate("[lab.words.en, lab.words.zh]")
    assert set(chinese.pop("lookFors")) == {*METHODS, *ZOO}
    assert set(chinese.pop("scenarios")) >= set(shipped()) - {"dirac"}
    assert shape_of(english) == shape_of(chinese)
    seen.page.select_option("#language", "zh")
    seen.page.wait_for_function("document.documentElement.lang === 'zh'")
    assert "评判器" in seen.page.inner_text("main")


@pytest.mark.parametrize("width", sampled([360, 390, 800, 1280, 1920], 4))
def test_nothing_sticks_out(seen, place, width):
    seen.page.set_viewport_size({"width": width, "height": 900})
    opened(seen, place)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    sampled([(1280, "light", "en"), (1280, "dark", "zh"), (390, "light", "zh"), (390, "dark", "en")], 4),
)
def test_axe_finds_nothing(seen, place, width, scheme, language):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    seen.page.set_viewport_size({"width": width, "height": 900})
    seen.page.emulate_media(color_scheme=scheme)
    opened(seen, place, f"#lang={language}&l=collapse&v=crgamo&m=wgan-gp")
    seen.page.wait_for_timeout(1000)
    assert seen.complaints == []
    found = axe.Axe().run(seen.page).response["violations"]
    seen.complaints.clear()  # it asks for the page's styles, which nobody may who was opened from disk
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found] == []


def test_the_optimal_critic_stands_beside_the_learned_one(seen, place):
    opened(seen, place, "#s=swiss-roll&m=wgan-gp&v=crgao")
    seen.page.wait_for_function("lab.look().optimal", timeout=30_000)
    scores = np.array(seen.page.evaluate("[...lab.look().optimal]")).reshape(40, 40)
    side = 5.0 / 39  # the view is five units wide
    assert np.abs(np.diff(scores, axis=1)).max() <= side * 1.001  # 1-Lipschitz
    assert scores.max() - scores.min() > 0.5


@pytest.mark.slow
def test_of_densities_too_it_is_python_s_for_the_points_that_are_seen(seen, place):
    opened(seen, place, "#s=swiss-roll&m=ns-gan-r1&v=crgao")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1 && lab.look().optimal")
    points, real, fake, ours = (
        np.array(seen.page.evaluate(f"[...{what}]"))
        for what in ("lab.page.main().setup.windows.scores", "lab.page.main().setup.windows.some",
                     "lab.look().samples.slice(0, 800)", "lab.look().optimal")
    )  # fmt: skip
    clouds = [numbers.reshape(-1, 2) for numbers in (points, real, fake)]
    right = of_clouds("non-saturating", *clouds, np.ptp(clouds[0], axis=0).max() / 39, {})
    assert np.abs(right).max() > 5
    assert np.allclose(ours, right, rtol=1e-3, atol=1e-3)
    assert "kernel estimate: log p/q" in seen.page.inner_text(".optimal")


@pytest.mark.slow
def test_it_comes_when_it_is_asked_for_and_where_none_is_known_that_is_said(seen, place):
    opened(seen, place, "#m=ns-gan&v=crg")
    assert seen.page.evaluate("lab.look().optimal") is None
    seen.page.check("#show-o")
    seen.page.wait_for_function("lab.look().optimal")
    opened(seen, place, "#s=dirac&m=ns-gan&v=crgo")
    assert "None is drawn here" in seen.page.inner_text(".optimal")
    assert not seen.page.is_visible(".optimal canvas")


def test_levels_share_out_scores_and_endless_ones_are_at_the_ends(seen, place):
    opened(seen, place, "#m=ns-gan&v=crgo")
    places = seen.page.evaluate("""() => {
      const stage = lab.page.at.optimalStage, none = new Float32Array(0);
      const of = (field) => [...stage.levelled(Float32Array.from({ length: 1600 }, field), none)];
      const ratio = (_, i) => (i === 0 ? -Infinity : i === 1 ? Infinity : Math.exp(i / 50));
      return [of((_, i) => (i % 2 ? 1 : -1)), of(ratio), of(() => Infinity)];
    }""")
    steps, ratio, endless = map(np.array, places)
    bands = seen.page.evaluate("lab.page.catalogue.bands.length")
    assert set(np.floor(steps)) == {0, bands - 1}
    assert np.floor(ratio[:2]).tolist() == [0, bands - 1]
    assert (np.diff(ratio[2:]) >= 0).all()
    assert len(set(np.floor(ratio))) > bands / 2  # evenly they would be two
    assert set(np.floor(endless)) == {bands - 1}


def test_a_class_may_hide_parts(seen, place):
    opened(seen, place, "#hide=dials!share!own!beside!lessons!flow!about!scenario")
    assert seen.page.locator(".dials, .lessons, #copyLink, #draw, #beside, .about, .targets").count() == 0
    assert not seen.page.is_visible(".flow")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")


# What is said, lit and current after each of so many parts.
SLOWLY = f"""async (n) => {{ {SOON}
  const all = (selector, of) => [...document.querySelectorAll(selector)].map(of), found = [];
  const said = () => document.querySelector(".said").innerText;
  while (found.length < n) {{
    const before = said();
    document.querySelector("#one").click();
    await soon(() => said() !== before);
    found.push([said(), all(".box.lit", (one) => one.className.split(" ")[1]), all(".lines .lit", (one) => one.dataset.way),
      all(".parts li[aria-current]", (one) => one.innerText)]);
  }}
  return found;
}}"""


def test_slow_motion_goes_through_the_parts_of_both_moves(seen, place):
    """Each part is told, lights up its share of the flow, and a step of such parts is the step as it is."""
    opened(seen, place, "#m=wgan-gp&s=swiss-roll")
    assert seen.page.is_visible(".flow")
    assert seen.page.locator(".box.lit, .lines .lit, .parts li[aria-current]").count() == 0
    seen.page.select_option("#speed", "slow")
    told = seen.page.evaluate(SLOWLY, 15)  # two critic moves and the generator's
    said, lit, lines, current = zip(
        *((said, lit, {*lines}, current) for said, lit, lines, current in told), strict=True
    )
    assert [one.split(",")[0] for one in said] == ["The critic’s move"] * 10 + ["The generator’s move"] * 5
    assert [re.search(r", (\d) of 5", one)[1] for one in said] == list("12345") * 3
    assert lit[0] == ["latent", "generator", "fake", "real"]
    assert "real" not in lit[10]
    forward, back = {"latent generator", "generator fake"}, {"generatorLoss generatorSlopes"}
    assert lines[0] == lines[10] == forward
    assert lines[1] == {"real critic", "fake critic", "critic realScores", "critic fakeScores"}
    assert lines[13:] == (back, {"generatorSlopes generator"})
    assert current == (["points"], ["scores"], ["loss"], ["gradient"], ["change"]) * 3
    assert seen.page.evaluate("lab.look().step") == 1
    slow = look(seen.page)
    opened(seen, place, "#m=wgan-gp&s=swiss-roll")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")
    assert np.array_equal(look(seen.page)["samples"], slow["samples"])


@pytest.mark.slow
def test_a_generator_that_compares_with_target_points_is_shown_them(seen, place):
    """Its model reads them: then they are told of and lit, and a line leads from their scores to its loss."""
    for method, compares in (("ns-gan", False), ("rpgan", True)):
        opened(seen, place, f"#m={method}")
        in_slow_motion(seen.page, "sample", "judge", "loss", "pull", "update", "sample")
        seen.page.wait_for_function("document.querySelector('.said').textContent.startsWith('The generator')")
        assert ("as many target points" in seen.page.inner_text(".said")) == compares
        assert seen.page.locator(".box.real.lit").count() == compares
        assert (seen.page.locator("[data-way='realScores generatorLoss']").count() > 0) == compares


MINIS = ("latent", "generator", "fake", "real", "critic", "realScores", "fakeScores", "generatorSlopes")


def painted(page, name: str) -> np.ndarray:
    """A miniature's picture."""
    url = page.eval_on_selector(f"#mini-{name} canvas", "one => one.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")).astype(int)


def test_every_part_of_the_game_has_its_miniature(seen, place):
    """What it has made just now: each is painted, those of players change as they learn, the target's stays."""
    opened(seen, place)
    seen.page.wait_for_timeout(300)
    before = {name: painted(seen.page, name) for name in MINIS}
    assert all(len(np.unique(one.reshape(-1, 3), axis=0)) > 2 for one in before.values())
    seen.page.evaluate("lab.page.ahead(100)")
    until(seen.page, 100)
    still(seen.page)
    changed = {name for name in MINIS if not np.array_equal(painted(seen.page, name), before[name])}
    assert changed == {"generator", "fake", "critic", "realScores", "fakeScores", "generatorSlopes"}
    report = seen.page.evaluate("lab.look().report")
    for player in ("critic", "generator"):
        told = float(seen.page.inner_text(f".{player}Loss .count"))
        assert told == pytest.approx(report[f"{player}_loss"], rel=6e-3)
        share = float(seen.page.eval_on_selector(f".{player}Loss .bar", "one => one.style.getPropertyValue('--share')"))
        assert 0 < abs(share) <= 1
        assert np.sign(share) == np.sign(report[f"{player}_loss"])


def test_a_miniature_shows_the_same_in_the_large_picture(seen, place):
    opened(seen, place)
    for name, letter in (("generator", "m"), ("critic", "c"), ("realScores", "s"), ("generatorSlopes", "p")):
        was = seen.page.is_checked(f"#show-{letter}")
        seen.page.focus(f"#mini-{name}")
        seen.page.keyboard.press("Enter")
        assert seen.page.is_checked(f"#show-{letter}") != was
        assert seen.page.get_attribute(f"#mini-{name}", "aria-pressed") == str(not was).lower()


@pytest.mark.slow
@pytest.mark.parametrize("width", sampled([360, 390, 860, 1280, 1920], 4))
def test_lines_lead_from_part_to_part(browser, place, width):  # noqa: F811
    """Each begins and ends at the border of a box, and no two boxes lie on each other."""
    one = Seen(browser, viewport={"width": width, "height": 900}, reduced_motion="reduce")
    opened(one, place)
    one.page.wait_for_timeout(300)
    ends, boxes = one.page.evaluate("""() => {
      const inside = (box) => {
        const { left, right, top, bottom } = box.getBoundingClientRect();
        return [box.classList[1], [left, right, top, bottom]];
      };
      const home = document.querySelector(".lines").getBoundingClientRect();
      const place = ({ x, y }) => [x + home.left, y + home.top];
      const lines = [...document.querySelectorAll(".lines path:not(.head)")].map((path) =>
        [path.dataset.way, ...[0, path.getTotalLength()].map((far) => place(path.getPointAtLength(far)))]);
      return [lines, Object.fromEntries([...document.querySelectorAll(".box")].map(inside))];
    }""")
    assert len(ends) == 13
    for way, *places in ends:
        for name, (x, y) in zip(way.split(), places, strict=True):
            left, right, top, bottom = boxes[name]
            assert left - 2 <= x <= right + 2, way
            assert top - 2 <= y <= bottom + 2, way
    for (name, a), (other, b) in itertools.combinations(boxes.items(), 2):
        apart = a[1] <= b[0] + 1 or b[1] <= a[0] + 1 or a[3] <= b[2] + 1 or b[3] <= a[2] + 1
        assert apart, (name, other)
    one.context.close()


@pytest.mark.slow
@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_lines_move_in_slow_motion_where_motion_is_welcome(browser, place, motion, moves):  # noqa: F811
    one = Seen(browser, viewport={"width": 1280, "height": 900}, reduced_motion=motion)
    opened(one, place)
    one.page.select_option("#speed", "slow")
    if one.page.evaluate("lab.told.playing") is False:
        one.page.click("#play")
    one.page.wait_for_function("lab.look().slow && document.querySelector('.lines .lit')")
    assert one.page.evaluate("document.getAnimations().some((one) => one.animationName === 'along')") == moves
    assert one.complaints == []
    one.context.close()


def test_targets_are_chosen_by_their_pictures(seen, place):
    opened(seen, place)
    assert seen.page.locator(".target").count() == len(SHIPPED)
    assert seen.page.get_attribute("#target-eight-gaussians", "aria-pressed") == "true"
    seen.page.click("#target-two-moons")
    seen.page.wait_for_function("lab.setup() && lab.look() && lab.page.experiment.scenario === 'two-moons'")
    assert seen.page.input_value("#scenario") == "two-moons"
    assert seen.page.get_attribute("#target-two-moons", "aria-pressed") == "true"


def test_a_target_s_picture_has_a_spot_on_each_place_of_its_sketch_and_none_elsewhere(seen, place):
    opened(seen, place)
    pixels = seen.page.evaluate("""() => {
      const canvas = document.querySelector("#target-eight-gaussians canvas"), [w, h] = [canvas.width, canvas.height];
      return [w, h, [...canvas.getContext("2d").getImageData(0, 0, w, h).data]]; }""")
    shown = np.reshape(pixels[2], (pixels[1], pixels[0], 4))[..., :3].sum(axis=2) < 700
    codes = np.array([ord(letter) - FIRST_PLACE for letter in sketch(read("eight-gaussians"))]).reshape(-1, 2)
    places = np.stack([SIDE - 1 - codes[:, 1], codes[:, 0]], axis=1)  # rows count from above
    assert shown.shape == (SIDE, SIDE)
    assert shown[tuple(places.T)].all()
    apart = np.abs(np.argwhere(shown)[:, None] - places).max(axis=2).min(axis=1)
    assert apart.max() <= 1


def test_a_target_s_sketch_is_of_its_points():
    config = read("eight-gaussians")
    codes = np.array([ord(letter) - FIRST_PLACE for letter in sketch(config)]).reshape(-1, 2)
    points = (codes + 0.5) / SIDE * (config.view.x[1] - config.view.x[0]) + config.view.x[0]
    centres = build_target(config).modes[0]
    away = np.linalg.norm(points[:, None] - centres, axis=2)
    assert away.min(axis=0).max() < 0.1  # a place on every mode
    assert away.min(axis=1).max() < 0.3  # and none elsewhere
    assert len(sketch(read("dirac"))) == 2


@pytest.mark.slow
def test_a_target_that_is_moved_in_the_middle_of_a_slow_step_is_the_next_steps(seen, place):
    """What was begun ends with the points that it was begun with, and the next step sees the others."""
    right = after_one_step(seen, place)
    opened(seen, place)
    in_slow_motion(seen.page, "sample", "judge")
    seen.page.click("#drag")
    seen.page.locator("#stage").scroll_into_view_if_needed()
    centre = seen.page.evaluate("lab.page.target.modes.centres[0]")
    box, view = seen.page.locator("#stage").bounding_box(), seen.page.evaluate("lab.page.viewOf()")
    x = box["x"] + (centre[0] - view[0]) / (view[1] - view[0]) * box["width"]
    y = box["y"] + (view[3] - centre[1]) / (view[3] - view[2]) * box["height"]
    seen.page.mouse.move(x, y)
    seen.page.mouse.down()
    seen.page.mouse.move(x + 40, y + 40, steps=4)
    seen.page.mouse.up()
    seen.page.wait_for_function("lab.look().step === 1 && !lab.look().slow")
    assert np.array_equal(look(seen.page)["samples"], right["samples"])
    assert seen.page.evaluate("lab.page.experiment.moved.length") == 1


@pytest.mark.slow
def test_a_step_that_was_begun_slowly_is_ended_before_the_next(seen, place):
    right = after_one_step(seen, place)
    opened(seen, place)
    in_slow_motion(seen.page, "sample", "judge", "loss", "pull", "update", "sample")
    seen.page.select_option("#speed", "most")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")
    assert np.array_equal(look(seen.page)["samples"], right["samples"])


@pytest.mark.parametrize("what", sampled(["critic_steps", "only", "rate"], 3))
def test_what_is_changed_in_the_middle_of_a_slow_step_is_where_the_address_has_it(seen, place, what):
    opened(seen, place, "#m=wgan-gp&s=swiss-roll&c=0*only*generator")
    in_slow_motion(seen.page, "sample", "judge", "loss", "pull", "update", "sample", "judge")
    if what == "critic_steps":
        slid(seen.page, "critic_steps", 0)
        seen.page.wait_for_function("lab.look().criticSteps === 1")
    elif what == "rate":
        slid(seen.page, "critic_rate", 350)
        seen.page.wait_for_function("lab.look().changes.length === 2")
    else:
        seen.page.click("#moveCritic")
        seen.page.wait_for_function("lab.look().changes.length === 2")
    assert seen.page.evaluate("[lab.look().step, lab.look().changes[1][0]]") == [1, 1]
    seen.page.select_option("#speed", "most")
    seen.page.click("#one")
    first, again = played_again(seen, place, 2)
    assert np.array_equal(again["samples"], first["samples"])


# --- what is measured and told ----------------------------------------------------------------------------------------


def test_first_parameters_are_pythons(seen, place):
    """Any seed's, to the last bit of float32."""
    opened(seen, place, "#m=wgan-gp&seed=12345")
    config = sized("eight-gaussians", "wgan-gp", "small")
    for name, player in simulation(config).world.game.players.items():
        right = starts(config.training.seed, [12345], name, player.network.initial)[0].astype(np.float32)
        ours = seen.page.evaluate(f"[...lab.setup().starts['{name}']]")
        assert np.array_equal(np.array(ours, np.float32), right)


def test_clouds_are_measured_as_python_measures_them(seen, place):
    opened(seen, place, "#s=eight-gaussians&m=ns-gan")
    rng = np.random.default_rng(0)
    target = build_target(read("eight-gaussians"))
    points = np.vstack([target.sample(rng, 90), rng.standard_normal((60, 2))]).astype(np.float32)
    flat = points.ravel().tolist()
    told = seen.page.evaluate("a => lab.measures.ofModes(a, lab.page.target.modes, lab.page.catalogue.sigmas)", flat)
    assert told["modes"] == modes_kept(points, target.modes)
    assert told["high_quality"] == pytest.approx(high_quality(points, target.modes))
    curve = curve_of(build_target(read("swiss-roll")))
    told = seen.page.evaluate(
        "([a, curve, radius]) => lab.measures.ofCurve(a, { curve, radius })",
        [flat, curve.points.ravel().tolist(), curve.radius],
    )
    assert told["on_skeleton"] == pytest.approx(on_skeleton(points, curve))
    assert told["skeleton_coverage"] == pytest.approx(skeleton_coverage(points, curve))


@pytest.mark.parametrize("scenario", sampled(["eight-gaussians", "two-moons"], 2))
def test_where_clouds_by_chance_are_is_what_python_counts(seen, place, scenario):
    """Shares of the places, the share that is near one, and what would be near if the cloud were put on the target's middle."""
    opened(seen, place, f"#s={scenario}&m=ns-gan")
    rng, known = np.random.default_rng(5), pool(read(scenario), POOL)
    shifts, sizes = rng.normal(0, 1, (80, 1, 2)), 10 ** rng.uniform(-1, 1, (80, 1, 1))
    chosen = known.points[rng.integers(POOL, size=(80, 200))]
    clouds = (chosen * sizes + shifts * (sizes != 1) + 0.2 * rng.standard_normal((80, 200, 2))).astype(np.float32)
    told = seen.page.evaluate(
        "clouds => { const { target, catalogue } = lab.page;"
        " return clouds.map(one => lab.measures.ofPlaces(one, target.places, target, catalogue.limits.quarter)); }",
        clouds.reshape(80, -1).tolist(),
    )
    right = with_points(story(None, None, [0.0]), clouds.astype(float), known.points, known.places)
    assert (
        np.abs([one["shares"] for one in told] - right.shares).max() <= 2 / 200
    )  # a point on a border falls to one side
    assert np.abs(np.array([one["home"] for one in told]) - right.home).max() <= 2 / 200
    assert np.mean(np.array([one["carried"] for one in told]) == right.carried) >= 0.97
    assert len({one["carried"] for one in told}) > 3


def test_the_gap_of_the_critic_is_pythons(seen, place):
    opened(seen, place)
    rng = np.random.default_rng(3)
    real, fake = rng.standard_normal((2, 40, 2)).astype(np.float32)

    def f(x):
        return np.sin(x[:, 0]) + 0.3 * x[:, 1]

    told = seen.page.evaluate(
        """([real, fake, realScores, fakeScores, steepest]) => lab.assign(real, fake).then(({ pair, distance }) =>
        lab.measures.ofScores({ real, fake, pair, distance, realScores, fakeScores, steepest }))""",
        [real.ravel().tolist(), fake.ravel().tolist(), f(real).tolist(), f(fake).tolist(), 0.9],
    )
    slopes = np.array([[0.9, 0.0]])
    judged = Judged(f(real), f(fake), slopes, slopes, slopes)
    assert told["critic_value"] == pytest.approx(critic_value(judged))
    assert told["critic_gap"] == pytest.approx(critic_gap(judged, clouds_of(fake, real, fake)), rel=1e-5)


def story(shares, home, w1, **curves) -> Story:
    """A story of a ring of eight modes, whose numbers are whatever a test says."""
    n = len(w1)
    known = {
        "w1": np.asarray(w1, float),
        "w1_floor": np.full(n, 0.1),
        **{k: np.asarray(v, float) for k, v in curves.items()},
    }
    return Story(
        steps=np.arange(n) * 10,
        alive=n,
        curves=known,
        layers=None,
        shares=None if shares is None else np.asarray(shares, float),
        home=None if home is None else np.asarray(home, float),
        carried=None if shares is None else (np.asarray(shares) > 0.03).sum(axis=1).astype(float),
        weights=np.full(8, 1 / 8),
        has_modes=True,
        centre=None,
        width=None,
        ceilings={"modes": 8.0, "high_quality": 0.98},
        size=1.4,
        points=400,
        floor_spread=0.03,
        error=0.05,
    )


def stories() -> dict[str, Story]:
    """One of each kind of game, and some noise."""
    rng, n = np.random.default_rng(7), 45
    t, even = np.arange(n), np.full((n, 8), 1 / 8)
    down = 0.1 + 1.3 * np.exp(-t / 8) + 0.01 * rng.random(n)
    two = np.where(np.arange(8) < 2, 0.5, 0.0) * np.ones((n, 1))
    hops = np.eye(8)[(t // 4) % 8]
    late = np.where((t > 25)[:, None], two, even)
    found = {
        "converged": story(even, np.ones(n), down, high_quality=np.minimum(0.97, t / 20), modes=np.minimum(8, t)),
        "collapse": story(two, np.ones(n), np.full(n, 0.9), high_quality=np.full(n, 0.9), modes=np.full(n, 2.0)),
        "late collapse": story(late, np.ones(n), 0.3 + 0.6 * (t > 25), high_quality=np.full(n, 0.9)),
        "hopping": story(hops, np.ones(n), np.full(n, 1.0), high_quality=np.full(n, 0.8)),
        "improving": story(even, np.ones(n), 2 - 0.03 * t),
        "swinging": story(even, np.zeros(n), 1 + 0.7 * np.sin(2 * np.pi * t / 7) + 0.01 * rng.random(n)),
        "critic runs": story(even, np.zeros(n), np.full(n, 1.0), critic_loss=-np.exp(t / 4), score_range=np.exp(t / 4)),
        "swapped": story(even, np.zeros(n), 1 + 0.05 * t, lead=-1 - 0.1 * t, score_range=np.full(n, 2.0)),
        "generator runs": story(even, np.zeros(n), 1 + 0.5 * t),
        "no gradient": story(
            even, np.zeros(n), np.full(n, 1.5), generator_gradient=np.exp(-t / 2), score_saturation=np.ones(n)
        ),
        "clipped": story(even, np.ones(n), down, weight_saturation=np.full(n, 0.8)),
        "layers": story(even, np.zeros(n), np.full(n, 1.0))._replace(
            layers=np.outer(np.ones(n), [1e-5, 1e-3, 0.1, 1.0])
        ),
        "shrunk": story(None, None, np.full(n, 1.0))._replace(
            width=np.full(n, 0.1), weights=np.ones(1), has_modes=False
        ),
        "lost": story(even, np.ones(n), down)._replace(alive=30),
    }
    found["shrunk"] = found["shrunk"]._replace(weights=np.empty(0))
    for k in range(20):
        walk = np.abs(1 + 0.2 * rng.standard_normal(n).cumsum())
        path = 0.4 * rng.standard_normal((n, 2)).cumsum(axis=0)
        found[f"walk {k}"] = story(
            rng.dirichlet(np.full(8, 0.3), size=n), rng.random(n), walk, high_quality=rng.random(n), lead=rng.standard_normal(n),
            critic_loss=10 ** rng.standard_normal(n), generator_gradient=10.0 ** rng.standard_normal(n),
        )._replace(centre=path)  # fmt: skip
    return found


def as_plain(one: Story) -> dict:
    """A story as the page has it."""

    def rows(values):
        return None if values is None else np.asarray(values).tolist()

    return {
        "steps": rows(one.steps), "alive": one.alive, "curves": {name: rows(values) for name, values in one.curves.items()},
        "layers": rows(one.layers), "shares": rows(one.shares), "home": rows(one.home), "carried": rows(one.carried),
        "weights": rows(one.weights), "hasModes": one.has_modes, "centre": rows(one.centre), "width": rows(one.width),
        "ceilings": one.ceilings, "size": one.size, "points": one.points, "floorSpread": one.floor_spread, "error": one.error,
    }  # fmt: skip


def test_the_diagnosis_is_pythons(seen, place):
    """The same labels from the same frames on, of games of every kind and of noise."""
    opened(seen, place)
    kinds = set()
    for name, one in stories().items():
        right = {label: found.frame for label, found in findings(one).items()}
        told = seen.page.evaluate("story => lab.diagnosis(story, lab.page.catalogue)", as_plain(one))
        assert {label: found["frame"] for label, found in told.items()} == right, name
        kinds |= set(right)
    assert len(kinds) >= 12, kinds


MADE_UP = 400  # stories of every seed from 0 on


@pytest.mark.slow
def test_the_diagnosis_is_pythons_on_hundreds_of_stories_by_chance(seen, place):
    """What the page's rules are is a port, since no graph holds their conditions: the same labels, from the same frames on."""
    opened(seen, place)
    told = [made_up(seed) for seed in range(MADE_UP)]
    ours = seen.page.evaluate(
        "all => all.map(story => Object.entries(lab.diagnosis(story, lab.page.catalogue)).map(([k, one]) => [k, one.frame]))",
        [as_plain(one) for one in told],
    )
    apart, kinds = {}, Counter()
    for seed, (one, found) in enumerate(zip(told, ours, strict=True)):
        right = {label: finding.frame for label, finding in findings(one).items()}
        kinds.update(list(right))
        if dict(found) != right:
            apart[seed] = (dict(found), right)
    assert apart == {}
    assert len(kinds) >= 13, kinds
    assert kinds.total() > MADE_UP / 2


def made_up(seed: int) -> Story:
    """A story of curves that are all drawn by chance from a few families, some of them unknown or lost on the way."""
    rng = np.random.default_rng([seed, 14])
    n, k = int(rng.integers(3, 60)), int(rng.integers(1, 10))
    t = np.arange(n)

    def curve(low: float, high: float) -> np.ndarray:
        size = 10 ** rng.uniform(np.log10(low), np.log10(high))
        families = [
            np.ones(n), np.exp(-t / rng.uniform(1, 20)), np.exp(t / rng.uniform(2, 20)), 1 + t * rng.uniform(0, 0.3),
            1 + 0.8 * np.sin(2 * np.pi * t / rng.uniform(2, 15)), (t > rng.integers(n)) + 0.05,
            np.abs(1 + 0.2 * rng.standard_normal(n).cumsum()),
        ]  # fmt: skip
        found = size * families[rng.integers(len(families))] * (1 + rng.choice([0, 0.02, 0.3]) * rng.standard_normal(n))
        holes = rng.random(n) < 0.1 * (rng.random() < 0.15)
        return np.where(holes, np.nan, found)

    def maybe(make, chance: float = 0.7):
        return make() if rng.random() < chance else None

    def some_shares() -> np.ndarray:
        even, few = np.full((n, k), 1 / k), np.where(t[:, None] >= 0, np.eye(k)[rng.integers(k)], 0)
        hops = np.eye(k)[(t // int(rng.integers(1, 8))) % k]
        found = [even, few, hops, rng.dirichlet(np.full(k, 0.5), size=n), np.where((t > n // 2)[:, None], few, even)]
        return found[rng.integers(len(found))]

    w1, alive = np.abs(curve(0.03, 30)), n if rng.random() < 0.8 else int(rng.integers(1, n))
    w1[0] = w1[0] if np.isfinite(w1[0]) else 1.0
    names = ("critic_loss", "steepness", "score_gap", "score_range", "generator_gradient", "lead")
    curves = {
        name: curve(1e-4, 1e4) * rng.choice([-1, 1] if name in ("lead", "critic_loss") else [1]) for name in names
    }
    kept = {name: values for name, values in curves.items() if rng.random() < 0.7}
    shares = {"weight_saturation", "score_saturation", "high_quality", "on_skeleton", "skeleton_coverage"}
    kept |= {name: np.clip(curve(0.05, 3), 0, 1) for name in sorted(shares) if rng.random() < 0.4}
    kept |= {"modes": np.clip(np.nan_to_num(curve(1, 10)).round(), 0, k)} if rng.random() < 0.5 else {}
    kept |= {"w1": w1, "w1_floor": np.full(n, 0.05)} if rng.random() < 0.9 else {}
    grouped = maybe(some_shares)
    circle = np.stack([np.cos(t / rng.uniform(0.3, 4)), np.sin(t / rng.uniform(0.3, 4))], axis=1)
    return Story(
        steps=t * 10, alive=alive, curves=kept,
        layers=maybe(lambda: 10 ** (rng.uniform(-2, 2) * np.arange(4)[::-1] + 0.1 * rng.standard_normal((n, 4)))),
        shares=grouped, home=None if grouped is None else np.clip(curve(0.2, 2), 0, 1),
        carried=None if grouped is None else (grouped > 0.03).sum(axis=1).astype(float),
        weights=np.full(k, 1 / k) if rng.random() < 0.6 else rng.dirichlet(np.full(k, 2.0)), has_modes=rng.random() < 0.7,
        centre=maybe(lambda: [circle, rng.standard_normal((n, 2)).cumsum(axis=0), np.zeros((n, 2))][rng.integers(3)]),
        width=maybe(lambda: np.abs(curve(0.01, 3))),
        ceilings={"modes": float(k), "high_quality": 0.98, "on_skeleton": 0.95, "skeleton_coverage": 0.9},
        size=rng.uniform(0.5, 3), points=int(rng.choice([200, 400, 1000])), floor_spread=0.02, error=0.05,
    )  # fmt: skip


# --- games of more players, classes and worlds -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zoo_place(tmp_path_factory) -> str:
    """Where a page of classes, two worlds and several generators is."""
    home = tmp_path_factory.mktemp("zoo")
    return write_lab(
        home, ["eight-gaussians", "unbalanced-gaussians", "ring-to-grid"], ["cgan", "cyclegan", "mgan", "ali"]
    ).as_uri()


@pytest.mark.slow
def test_watched_real_points_are_told_their_own_classes(seen, zoo_place):
    """Of both choices of points that are looked at, those of the map and those that are measured."""
    opened(seen, zoo_place, "#s=unbalanced-gaussians&m=cgan")
    wrong = seen.page.evaluate(
        """() => { const { points, labels } = lab.page.target, windows = lab.page.windowsOf(lab.page.target), of = new Map();
          labels.forEach((label, i) => of.set(`${points[2 * i]} ${points[2 * i + 1]}`, label));
          return [["real", "realLabels"], ["judged", "judgedLabels"]].map(([cloud, told]) =>
            windows[told].length !== windows[cloud].length / 2 ? "lengths" :
            windows[told].filter((label, i) => label !==
              of.get(`${windows[cloud][2 * i]} ${windows[cloud][2 * i + 1]}`)).length); }"""
    )
    assert wrong == [0, 0]


@pytest.mark.slow
def test_classes_have_colours_and_labels_go_with_their_points(seen, zoo_place):
    opened(seen, zoo_place, "#s=unbalanced-gaussians&m=cgan")
    assert seen.page.evaluate("lab.page.main().kinds.word") == "class"
    assert "4 classes" in seen.page.inner_text("figcaption")
    told = seen.page.evaluate(
        """() => { const draws = lab.draws(), game = { ...lab.setup(), seed: 5 }, n = 64, columns = game.draws['real label'][1];
        return { points: [...draws.drawn(game, 'real', 2 * n, 3, 1)],
          labels: [...draws.drawn(game, 'real label', columns * n, 3, 1)],
          centres: lab.page.target.modes.centres }; }"""
    )
    points, centres = np.array(told["points"]).reshape(-1, 2), np.array(told["centres"])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    assert np.array_equal(np.array(told["labels"]).reshape(64, -1).argmax(axis=1), nearest)
    seen.page.click("#play")
    until(seen.page, 3)
    seen.page.click("#draw")  # one's own points have no classes
    seen.page.wait_for_function("lab.page.experiment.method !== 'cgan'")


@pytest.mark.slow
def test_two_worlds_stand_side_by_side(seen, zoo_place):
    opened(seen, zoo_place, "#s=ring-to-grid&m=cyclegan&v=crgab")
    assert seen.page.locator("figure.two canvas").count() == 2
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1 && lab.look().other && lab.look().reconstructed")
    source = np.array(seen.page.evaluate("[...lab.setup().source]")).reshape(-1, 2)
    assert np.abs(np.linalg.norm(source, axis=1) - 1.4).max() < 0.5
    for name in ("other", "reconstructed"):
        assert np.isfinite(seen.page.evaluate(f"[...lab.look().{name}]")).all()
    opened(seen, zoo_place, "#s=eight-gaussians&m=mgan")
    assert seen.page.evaluate("Math.max(...lab.page.main().kinds.of)") == 3
    assert seen.page.locator("figure.two").count() == 0


MINE = """
from torch.nn.functional import softplus


def my_loss(r, g, *, beta: float = 1.0):
    critic = (softplus(-r) + beta * softplus(g)).mean(dim=(1, 2))
    return critic, softplus(-g).mean(dim=(1, 2))


def my_target(rng, n, std: float = 0.05):
    corner = rng.integers(2, size=(n, 2)) * 2 - 1
    return corner + std * rng.standard_normal((n, 2)), 2 * (corner[:, 0] > 0) + (corner[:, 1] > 0)
"""


@pytest.mark.slow
def test_a_loss_and_a_target_of_ones_own_play(seen, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["lab", "mine.py:my_target", "-m", "mine.py:my_loss+r1", "--out", "lab"])
    assert done.exit_code == 0, done.output
    opened(seen, (tmp_path / "lab" / "index.html").as_uri())
    assert seen.page.evaluate("lab.page.experiment.method") == "mine.py:my_loss+r1"
    points = np.array(seen.page.evaluate("[...lab.setup().pool]"))
    assert np.abs(np.abs(points) - 1).max() < 0.5
    slid(seen.page, "objective-beta", 399)
    seen.page.wait_for_function("lab.look().dials['objective.beta'] > 50")
    seen.page.click("#one")
    seen.page.wait_for_function("lab.look().step === 1")
    seen.page.click("#copyCommand")
    assert seen.page.input_value("#copied").startswith("toygan run mine.py:my_target -m mine.py:my_loss+r1 ")


# --- hands on, and what is taken along ---------------------------------------------------------------------------------


def dragged(page, *places: tuple[float, float]) -> None:
    """A stroke over the stage, in shares of it."""
    page.locator("#stage").scroll_into_view_if_needed()
    box = page.locator("#stage").bounding_box()
    for k, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if not k:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(900)
    page.wait_for_function("location.hash === lab.page.addressNow()")


def test_a_mode_is_dragged_with_its_points_and_travels_in_the_address(seen, place):
    opened(seen, place)
    before = np.array(seen.page.evaluate("[...lab.setup().pool]")).reshape(-1, 2)
    centres = np.array(seen.page.evaluate("lab.page.target.modes.centres"))
    left, right, bottom, top = seen.page.evaluate("lab.page.viewOf()")
    k = int(centres[:, 0].argmax())
    x, y = (centres[k, 0] - left) / (right - left), (top - centres[k, 1]) / (top - bottom)
    seen.page.click("#drag")
    dragged(seen.page, (x, y), (x - 0.2, y + 0.1))
    after = np.array(seen.page.evaluate("[...lab.setup().pool]")).reshape(-1, 2)
    its = np.linalg.norm(before[:, None] - centres, axis=2).argmin(axis=1) == k
    moved = after - before
    assert np.allclose(moved[~its], 0)
    assert np.allclose(moved[its], [-0.2 * (right - left), -0.1 * (top - bottom)], atol=0.03)
    assert "modes moved: 1" in seen.page.inner_text(".side")
    address = seen.page.evaluate("location.hash")
    opened(seen, place, address)
    assert np.allclose(seen.page.evaluate("[...lab.setup().pool]"), after.ravel(), atol=2e-3)
    seen.page.click("#copyCommand")
    assert "toygan run drawn.toml" in seen.page.input_value("#copied")


@pytest.mark.slow
def test_a_density_is_painted_erased_and_travels_in_the_address(seen, place):
    opened(seen, place)
    seen.page.click("#paint")
    dragged(seen.page, (0.2, 0.2), (0.8, 0.2))
    painted = np.array(seen.page.evaluate("[...lab.setup().pool]")).reshape(-1, 2)
    left, right, bottom, top = seen.page.evaluate("lab.page.viewOf()")
    assert len(painted) > 2000
    assert (painted[:, 1] > top - 0.35 * (top - bottom)).all()
    seen.page.click("#erase")
    dragged(seen.page, (0.55, 0.2), (0.9, 0.2))
    erased = np.array(seen.page.evaluate("[...lab.setup().pool]")).reshape(-1, 2)
    right_of = left + 0.6 * (right - left)
    assert (erased[:, 0] > right_of).mean() < 0.1 < (painted[:, 0] > right_of).mean()
    opened(seen, place, seen.page.evaluate("location.hash"))
    assert np.allclose(seen.page.evaluate("[...lab.setup().pool]"), erased.ravel(), atol=1e-4)


def test_a_kick_moves_the_generator_or_shakes_a_player(seen, place):
    opened(seen, place)
    before = look(seen.page)["samples"].reshape(-1, 2)[:400]
    seen.page.click("#kick-move")
    seen.page.wait_for_function("lab.look().why === 'set'")
    moved = look(seen.page)["samples"].reshape(-1, 2)[:400] - before
    assert np.allclose(moved, moved[0], atol=1e-4)
    assert np.linalg.norm(moved[0]) == pytest.approx(seen.page.evaluate("lab.setup().push"), rel=1e-3)


def test_the_pointer_reads_score_slope_and_nearest_mode(seen, place):
    opened(seen, place)
    box = seen.page.locator("#stage").bounding_box()
    seen.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    said = seen.page.inner_text(".hover")
    assert re.fullmatch(r" ?· at -0\.\d+, 0\.\d+: score \S+, slope \S+, mode [1-8] at \S+ sigma", said), said


def saved(page, name: str) -> bytes:
    page.wait_for_function(f"lab.told.saved && lab.told.saved.name === '{name}'")
    return bytes(page.evaluate("lab.told.saved.blob.arrayBuffer().then(whole => [...new Uint8Array(whole)])"))


@pytest.mark.slow
def test_a_gif_and_a_film_show_what_was_played(seen, place):
    opened(seen, place, "#m=ns-gan&b=wgan-gp*0")
    seen.page.click("#gif")
    seen.page.click("#play")
    seen.page.wait_for_timeout(1500)
    seen.page.click("#gif")
    with Image.open(io.BytesIO(saved(seen.page, "toygan.gif"))) as film:
        assert film.n_frames > 1
        assert film.size == (360, 360)
        first = np.asarray(film.convert("RGB")).astype(int)
        film.seek(film.n_frames - 1)
        last = np.asarray(film.convert("RGB")).astype(int)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 10
    assert (np.abs(first - last).sum(axis=2) > 30).mean() > 0.005
    seen.page.click("#film")
    seen.page.wait_for_timeout(1500)
    seen.page.click("#film")
    assert saved(seen.page, "toygan.webm").startswith(b"\x1a\x45\xdf\xa3")
    seen.page.click("#savePicture")
    with Image.open(io.BytesIO(saved(seen.page, "toygan.png"))) as picture:
        assert picture.size == (720, 720)


@pytest.mark.slow
def test_eight_seeds_of_one_game(seen, place):
    opened(seen, place)
    seen.page.select_option("#beside", "#8")
    seen.page.wait_for_function("lab.looks().length === 8 && lab.looks().every(Boolean)", timeout=60_000)
    seen.page.wait_for_function("lab.looks().every(one => one.step > 0)", timeout=60_000)
    clouds = [tuple(cloud[:4]) for cloud in seen.page.evaluate("lab.looks().map(one => [...one.samples.slice(0, 4)])")]
    assert len(set(clouds)) == 8
    assert seen.page.evaluate("lab.page.panels.map(one => one.seed)") == list(range(8))


def test_curves_and_events_follow_the_game(seen, place):
    opened(seen, place, "#m=ns-gan&c=0*steps*100")
    seen.page.select_option("#speed", "ten")
    seen.page.click("#play")
    seen.page.wait_for_function("lab.told.frame && lab.page.main().story.frames.length >= 10", timeout=120_000)
    seen.page.click("#play")
    frame = seen.page.evaluate("lab.told.frame")
    assert 0 <= frame["high_quality"] <= 1
    assert -1 <= frame["critic_gap"] <= 1 + 1e-6
    assert all(
        np.isfinite(frame[name]) and frame[name] >= 0 for name in ("generator_gradient", "critic_gradient", "steepness")
    )
    assert set(seen.page.evaluate("lab.told.labels")) <= set(
        seen.page.evaluate("lab.page.catalogue.rules.map(one => one[0])")
    )
    for chart in ("distance", "losses", "cover", "gap", "sizes"):
        assert seen.page.evaluate(f"lab.page.charts.{chart}.points.length") > 5


LATIN = {
    "W1", "x,y", "CSV", "WebAssembly", "SIMD", "Firefox", "Chrome", "Safari", "toygan", "Python", "Adam", "λ", "GAN", "D", "log",
         "k", "C", "G", "sp", "x", "eˣ", "Wasserstein", "Dirac", "Jensen-Shannon", "Kullback-Leibler", "RMSprop", "SGD",
          "Dirac-GAN", "beta", "c", "g", "r", "γ", "p", "q",
}  # fmt: skip


def test_no_english_is_left_in_chinese(seen, place):
    """But for names, units and keys."""
    opened(seen, place)
    methods = set(seen.page.evaluate("lab.page.catalogue && Object.keys(lab.words.zh.lessons)"))
    texts = seen.page.evaluate(
        "() => { const all = (one) => typeof one === 'string' ? [one] : Object.values(one).flatMap(all);"
        " return all(lab.words.zh); }"
    )
    left = {
        word
        for text in texts
        for word in re.findall(r"[A-Za-zλγ][\w,-]*", re.sub(r"\{\w+\}", "", text))
        if word not in LATIN and word not in METHODS and word not in methods
    }
    assert left == set()


@pytest.mark.parametrize("law", sampled(["normal", "uniform", "sphere"], 3))
def test_latents_follow_pythons_laws(seen, place, law):
    opened(seen, place, f"#m=ns-gan&n={law}")
    told = seen.page.evaluate("[...lab.draws().drawn(lab.setup(), 'latent', 20000, 1, 1)]")
    ours, right = np.array(told).reshape(-1, 2), LATENTS[law](np.random.default_rng(0), 10_000, 2)
    levels = np.linspace(0.02, 0.98, 25)
    for axis in (0, 1):
        assert np.allclose(np.quantile(ours[:, axis], levels), np.quantile(right[:, axis], levels), atol=0.1)
    assert np.allclose((ours**2).sum(axis=1).mean(), (right**2).sum(axis=1).mean(), rtol=0.05)
    assert np.corrcoef(ours.T)[0, 1] == pytest.approx(0, abs=0.05)
    seen.page.click("#copyCommand")
    assert f"--set generator.latent={law}" in seen.page.input_value("#copied")
    assert seen.page.input_value("#latent") == law


# --- other pages: last, for the common one would have to be loaded once more after them ---------------------------------


def test_a_recorded_runs_own_lab_plays_its_game(seen, tmp_path):
    changes = ["generator.width=12", "critic.width=20", "training.batch=48", "method.constraint.weight=0.7"]
    config = read("two-moons", "ns-gan-r1", changes)
    run = SimpleNamespace(config=lambda: config, facts=SimpleNamespace(seeds=(3,), is_recorded=False))
    strange = SimpleNamespace(facts=SimpleNamespace(is_recorded=True))
    links = write_lab_of(tmp_path / "lab", {"mine & yours": run, "a loop": strange})
    assert list(links) == ["mine & yours"]
    opened(seen, (tmp_path / "lab" / "index.html").as_uri(), links["mine & yours"])
    assert seen.page.evaluate("[lab.setup().batch, lab.setup().seed, lab.setup().dials['constraint.weight']]") == [
        48,
        3,
        0.7,
    ]
    right = starts(config.training.seed, [3], "critic", simulation(config).world.game.players["critic"].network.initial)
    assert np.array_equal(
        np.array(seen.page.evaluate("[...lab.setup().starts.critic]"), np.float32), right[0].astype(np.float32)
    )
    assert write_lab_of(tmp_path / "none", {"a loop": strange}) == {}
    assert not (tmp_path / "none").exists()


def test_without_simd_a_message_stands_there(seen, place):
    seen.page.goto(place + "?without-simd")
    assert "SIMD" in seen.page.inner_text("[role=alert]")
