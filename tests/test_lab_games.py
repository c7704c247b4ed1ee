"""The lab: the page is whole and small, its games are Python's games, and in a browser it opens from disk and plays."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from conftest import first_of_each, sampled
from scipy.optimize import linear_sum_assignment
from typer.testing import CliRunner

from toygan.cli.main import app
from toygan.engines.onnx import NEXT
from toygan.engines.opening import session
from toygan.engines.tree import named
from toygan.files.config import Config
from toygan.files.scenario import read
from toygan.game import duel, play
from toygan.game.methods import METHODS
from toygan.game.optimisers import OPTIMISERS
from toygan.game.streams import draws, starts
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.quantities import companions, divergences, state
from toygan.quantities.critic import Clouds
from toygan.quantities.divergences import Nodes, blurred_divergences, grid_around
from toygan.quantities.optimal import (
    OPTIMA,
    bandwidth,
    from_densities,
    known_optimum,
    log_of_points,
    of_clouds,
    optimal_critic,
)
from toygan.quantities.transport import simplex, solved
from toygan.session.beginning import beginning
from toygan.session.looks import Frame, observe
from toygan.session.measuring import optimum_of, told_by
from toygan.session.playable import (
    WINDOWS,
    Model,
    Playable,
    best_of,
    divergence_model,
    kinds_in,
    moves,
    optimum,
    places,
    playable,
    pool,
    potential_model,
    shift_of,
)
from toygan.session.simulation import Simulation, simulation
from toygan.session.tailored import FREE, tailored
from toygan.site.folding import folded
from toygan.site.lab import (
    DESCENT,
    MEASURED,
    OWN,
    SCRIPTS,
    SIZES,
    address,
    cast,
    catalogue,
    sized,
    told_apart,
    write_lab,
)
from toygan.site.lab_files import letters
from toygan.site.site import lab_links

SHIPPED = ["eight-gaussians", "dirac"]
PLAYED = ["ns-gan", "unrolled-gan"]  # of the last one a whole step is a model, of the other each move


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A page of a few methods and scenarios."""
    home = tmp_path_factory.mktemp("lab")
    write_lab(home, SHIPPED, PLAYED, opening={"scenario": "eight-gaussians", "method": "ns-gan"})
    return home


def arrived(file: Path) -> tuple[dict, bytes]:
    """The header and the bytes of a data file, as the page reads them."""
    header, content = unpacked(file)
    return (json.loads(content[: header["head"]]), content[header["head"] :]) if "head" in header else (header, content)


def unpacked(file: Path) -> tuple[dict, bytes]:
    """What stands in a data file, and all of its bytes."""
    told = file.read_bytes().decode("utf-16")[len("lab.arrive(") : -len(");\n")]
    before, quote, size = told.rpartition('",')
    name, header, text = json.loads(f'[{before}"]')
    assert (name, quote) == (file.stem, '",')
    codes = np.frombuffer(text.encode("utf-16-le"), "<u2").astype(int)[:, None] - 0x100
    content = np.packbits(codes >> np.arange(14, -1, -1) & 1).tobytes()[: int(size)]
    if "head" not in header:
        return header, content
    if "after" not in header:
        return header, gzip.decompress(content)
    before = b"".join(unpacked(file.with_stem(name))[1] for name in header["after"])
    return header, unfolded(gzip.decompress(content), before)


def unfolded(content: bytes, before: bytes) -> bytes:
    """What a folded content is of."""
    out, at = bytearray(before), 0

    def number() -> int:
        nonlocal at
        end = next(i for i in range(at, len(content)) if content[i] < 128) + 1
        digits, at = content[at:end], end
        return sum((digit & 127) << 7 * i for i, digit in enumerate(digits))

    length = number()
    end = fresh = at + length
    while at < end:
        own, copied, back = number(), number(), number()
        out += content[fresh : fresh + own]
        fresh += own
        for _ in range(copied):
            out.append(out[-back])
    return bytes(out[len(before) :] + content[fresh:])


@pytest.mark.parametrize("letters", [2, 256])
def test_what_is_folded_comes_back(letters):
    """With runs, copies of copies, nothing before and nothing at all."""
    rng = np.random.default_rng(letters)
    pieces = [bytes(rng.integers(letters, size=n).astype(np.uint8)) for n in (1, 7, 33, 80, 200)] + [bytes(300)]
    for n in range(60):
        before, content = (
            b"".join(pieces[k] for k in rng.integers(len(pieces), size=rng.integers(n + 1))) for _ in "ab"
        )
        assert unfolded(folded(content, before), before) == content


def test_what_stands_far_before_costs_little():
    far = np.random.default_rng(0).bytes(100_000)
    assert len(folded(far[:70_000], far)) < 100
    assert len(gzip.compress(far[:70_000] + far[:70_000])) > 130_000  # which gzip does not see


def test_letters_hold_bytes():
    rng = np.random.default_rng(0)
    for n in (0, 1, 14, 15, 16, 1000):
        content = rng.bytes(n)
        text = letters(content).decode("utf-16-le")
        assert all(0x100 <= ord(letter) < 0x8100 for letter in text)
        bits = "".join(f"{ord(letter) - 0x100:015b}" for letter in text)
        assert bytes(int(bits[8 * i : 8 * i + 8], 2) for i in range(n)) == content


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_is_classic_scripts_that_ask_for_nothing(place):
    text = (place / "index.html").read_text()
    assert 'type="module"' not in text
    assert "http" not in text
    for source in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert source.startswith("data:") or (place / source).is_file()
    assert (
        (place / "data" / "catalogue.js").read_bytes().startswith(b"\xff\xfe")
    )  # says its own letters, whatever a server says
    own = "".join((place / "assets" / name).read_text() for name in SCRIPTS)
    own = own.replace('"http://www.w3.org/2000/svg"', "")  # the name of a kind of element, which nothing asks for
    assert not re.search(r"\bfetch\(|XMLHttpRequest|importScripts|https?:", own)


def test_every_scenario_has_a_game_of_every_method_at_every_size(place):
    catalogue, _ = arrived(place / "data" / "catalogue.js")
    for about in catalogue["methods"].values():
        header, content = arrived(place / "data" / f"{about['file']}.js")
        for scenario in about["on"]:
            for size in SIZES:
                game = header["games"][header["plays"][catalogue["scenarios"][scenario]["said"]][size]]
                assert {*game["models"]} - {"optimum", "over"} in (
                    {"critic", "generator", "look", "map", "gauge"},
                    {"step", "look", "map", "gauge"},
                )
                for model in game["models"].values():
                    start, length = model["at"]
                    session(content[start : start + length])
                for player, start in game["starts"].items():
                    assert start["size"] == game["state"][game["places"][player]]["size"]
    assert set(catalogue["methods"]) == set(PLAYED)
    assert all(set(about["on"]) == set(SHIPPED) for about in catalogue["methods"].values())


def test_a_method_that_no_scenario_can_play_is_refused(tmp_path):
    done = CliRunner().invoke(app, ["lab", "dirac", "-m", "no-such-method", "--out", str(tmp_path / "lab")])
    assert done.exit_code == 2
    assert "no-such-method" in done.output


def test_the_command_writes_the_page(tmp_path):
    done = CliRunner().invoke(app, ["lab", "two-moons", "-m", "gan", "--out", str(tmp_path / "lab")])
    assert done.exit_code == 0
    assert done.output.strip().endswith("index.html")
    catalogue, _ = arrived(tmp_path / "lab" / "data" / "catalogue.js")
    assert catalogue["opening"] == {"scenario": "two-moons", "method": "gan"}
    assert list(catalogue["methods"]) == ["gan"]
    assert len(catalogue["scenarios"]) > 10


def test_scripts_hold_no_formula():
    """Losses, penalties, networks and optimisers are Python's; the page has only names of things to show."""
    own = "".join((OWN / name).read_text() for name in SCRIPTS if not name.startswith(("words", "methods")))
    code = re.sub(r"//.*", "", own)
    assert not re.search(
        r"softplus|sigmoid|relu|tanh|adam|momentum\s*\*|(?<![\w-])gradient(?!\w)|backward|matmul", code, re.IGNORECASE
    )
    without_lessons = re.sub(r"(?s)lab\.lessons = .*?\n\];", "", code)
    said = {name for name in METHODS if re.search(rf"[\"']{re.escape(name)}[\"']", without_lessons)}
    assert said <= {"r3gan", "ns-gan-r1"}  # what the page opens with


def test_a_runs_config_has_an_address_of_the_same_game():
    plain = read("swiss-roll", "wgan-gp")
    assert address(plain) == "#s=swiss-roll&m=wgan-gp&z=large&seed=0"
    turned = ["method.constraint.weight=10.0", "method.critic_steps=5", "training.steps=300", "generator.width=24"]
    told = address(read("swiss-roll", "wgan-gp", turned), 3)
    assert (
        told
        == "#s=swiss-roll&m=wgan-gp&z=small&seed=3&c=0%2Aconstraint~weight%2A10%210%2Asteps%2A300%210%2Acritic_steps%2A5"
    )
    assert address(read("swiss-roll", "hinge+clip")) is None
    assert address(read("swiss-roll", "wgan-gp", ["method.update=simultaneous"])) is None
    assert address(read("swiss-roll", "ns-gan", ["method.ema=0.9"])) is None  # an average is a part of the program


def test_an_exhibit_leads_to_the_lab_with_each_runs_game(tmp_path):
    def run(scenario, method, *changes):
        recording = SimpleNamespace(config=lambda: read(scenario, method, changes), facts=SimpleNamespace(seeds=(2,)))
        return SimpleNamespace(recording=recording, name=f"{method} <here>")

    runs = [
        run("swiss-roll", "wgan-gp"),
        run("swiss-roll", "hinge+r1"),
        run("two-moons", "gan", "method.critic_rate=0.1"),
    ]
    assert lab_links(tmp_path, runs) == {}
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "index.html").touch()
    assert lab_links(tmp_path, runs) == {
        "wgan-gp <here>": "../lab/index.html#s=swiss-roll&m=wgan-gp&z=large&seed=2",
        "gan <here>": "../lab/index.html#s=two-moons&m=gan&z=large&seed=2&c=0%2Acritic_rate%2A0p1",
    }


def test_an_own_scenario_goes_before_a_shipped_one_of_its_name(tmp_path):
    own = tmp_path / "two-moons.toml"
    own.write_text('title = "Mine"\n[target]\nkind = "ring"\n')
    assert [config.title for config in told_apart([str(own), "two-moons", "swiss-roll"]).values()] == [
        "Mine",
        "Swiss roll",
    ]


# --- the same game ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def opened(content: bytes):
    """A model's session, opened once for all steps of a game."""
    return session(content)


def fed(game: Playable | Moves, name: str, state: dict[str, np.ndarray], draw: play.Draw, held=()) -> None:
    """One of the page's models on a state, as the trainer feeds it."""
    model = game.models[name]
    given = {**state, **{f"draw/{key}": one.numpy() for key, one in draw.items()}}
    given |= {f"held/{player}": numbers for player, numbers in dict(held).items()}
    given |= {f"dials/{key}": np.array(value) for key, value in game.dials.items()}
    inputs = {port.name: np.asarray(given[port.name]).reshape(port.stored) for port in model.inputs}
    out = opened(model.content).run([port.name for port in model.outputs], inputs)
    for port, values in zip(model.outputs, out, strict=True):
        state[port.name.removeprefix(NEXT)] = values


def played(game: Playable | Moves, sim: Simulation, steps: int) -> dict[str, np.ndarray]:
    """The page's state after so many steps on Python's draws."""
    state = {place: leaf.numpy() for place, leaf in named(sim.start, "state").items()}
    for _, draw in zip(range(steps), draws(sim.source, 0, sim.start.memory), strict=False):
        if "step" in game.models:
            fed(game, "step", state, draw)
            continue
        for k in range(game.critic_steps):
            fed(game, "critic", state, play.row_of(draw, k))
        fed(game, "generator", state, play.row_of(draw, -1))
        over(game, state)
    return state


def over(game: Playable | Moves, state: dict[str, np.ndarray]) -> None:
    """The end of a step, as the trainer has it."""
    if "over" in game.models:
        fed(game, "over", state, {})
    else:
        state[game.places["step"]] = state[game.places["step"]] + 1


def python_plays(sim: Simulation, steps: int) -> dict[str, np.ndarray]:
    state = sim.start
    for _, draw in zip(range(steps), draws(sim.source, 0, sim.start.memory), strict=False):
        state = sim.world.step(state, draw, sim.world.dials)
    return {place: leaf.detach().numpy() for place, leaf in named(state, "state").items()}


SMALL = ["generator.width=16", "critic.width=16", "training.batch=64", "training.points=100"]
GENTLE = [
    "method.optimiser=descent",
    "method.betas=[0.0, 0.9]",
    "method.generator_rate=0.01",
    "method.critic_rate=0.01",
]


class Moves(NamedTuple):
    """What a page needs to play a game without looking at it."""

    models: Mapping[str, Model]
    dials: Mapping[str, float]
    places: Mapping[str, str]
    critic_steps: int


def moved(method: str, *changes: str) -> tuple[Simulation, Moves]:
    """A method's game on its scenario, as Python has it and as a page moves it."""
    config = read(PLAYED_ON.get(method, "eight-gaussians"), method, [*SMALL, *changes])
    sim = simulation(config)
    dials = {key: float(dial) for key, dial in sim.world.dials.items()}
    return sim, Moves(moves(config, sim), dials, places(sim.start), config.method.critic_steps)


@cache
def whole(method: str) -> tuple[Config, Simulation, Playable]:
    """A method's game on its scenario, and all that a page has of it."""
    config = read(PLAYED_ON.get(method, "eight-gaussians"), method, SMALL)
    return config, simulation(config), playable(config, [0])


def new_to_a_look(method: str) -> set[tuple[str, object]]:
    """What looks and gauges of a method hang on besides its objective."""
    row = read(PLAYED_ON.get(method, "eight-gaussians"), method).method
    return {("cast", row.cast and row.cast.kind), ("critic", row.critic), ("labels", row.labels)}


@pytest.mark.parametrize("method", first_of_each([*METHODS, *ZOO], new_to_a_look))
def test_every_game_can_be_looked_at(method):
    _, _, game = whole(method)
    assert {"look", "map", "gauge"} < set(game.models)


@pytest.mark.parametrize("method", METHODS)
def test_ten_steps_of_the_page_are_pythons_under_descent(method):
    sim, game = moved(method, *GENTLE)
    ours, theirs = played(game, sim, 10), python_plays(sim, 10)
    assert set(ours) == set(theirs)
    for place, right in theirs.items():
        assert np.allclose(ours[place].reshape(right.shape), right, rtol=1e-5, atol=1e-5, equal_nan=True), place


@pytest.mark.parametrize("method", ZOO)
def test_the_page_plays_the_zoo_as_python_does(method):
    sim, game = moved(method, *GENTLE)
    ours, theirs = played(game, sim, 6), python_plays(sim, 6)
    for place, right in theirs.items():
        assert np.allclose(ours[place].reshape(right.shape), right, rtol=1e-5, atol=1e-5, equal_nan=True), place


def seen_by(model, sim: Simulation, at: dict[str, np.ndarray], held=()) -> dict[str, np.ndarray]:
    """What one of the page's models sees of the first state, some numbers of players `held`."""
    given = {place: leaf.numpy() for place, leaf in named(sim.start, "state").items()}
    given |= {f"at/{name}": values for name, values in at.items()}
    given |= {f"dials/{key}": dial.numpy() for key, dial in sim.world.dials.items()}
    given |= {f"held/{name}": numbers for name, numbers in dict(held).items()}
    inputs = {port.name: np.asarray(given[port.name]).reshape(port.stored) for port in model.inputs}
    found = session(model.content).run(None, inputs)
    return {
        port.name.removeprefix(f"{NEXT}seen/"): values.reshape(port.shape)
        for port, values in zip(model.outputs, found, strict=True)
    }


@pytest.mark.parametrize("method", ["ns-gan", "r3gan", "wgan-gp", "cgan", "mgan", "began"])
def test_a_gauge_is_what_python_measures(method):
    _, sim, game = whole(method)
    n = WINDOWS["judged"]
    latents, real = (
        sim.watched[:1, :n].repeat(1, 2, 1)[:, :n],
        torch.from_numpy(sim.ground.real[None]).float().repeat(1, 2, 1)[:, :n],
    )
    found = seen_by(game.models["gauge"], sim, {"latents": latents.numpy(), "real": real.numpy()})
    live = duel.carried(sim.world.game, sim.start.parameters, latents)
    clouds = state.Watched(real, live, latents)
    told = state.at_points(sim.world.game, sim.start, clouds, clouds)
    critic = sim.start.players["critic"].parameters
    right = {
        "real_scores": told["real_scores"],
        "fake_scores": told["fake_scores"],
        "generator_gradient": state.generator_gradient(sim.world.game, sim.start, clouds),
        "score_saturation": state.score_saturation(sim.world.game, sim.start, clouds),
        "weight_saturation": state.weight_saturation(critic),
        "layer_gradients": state.layer_gradients(sim.world.game, sim.start, clouds),
        "steepness": torch.cat([told[f"{at}_slopes"] for at in ("real", "fake", "between")], dim=1).norm(dim=2),
    }
    for name, values in right.items():
        assert np.allclose(found[name], values.detach().numpy(), rtol=1e-4, atol=1e-5), name


@pytest.mark.parametrize(("width", "depth"), [(16, 2), (5, 1), (32, 3)])
def test_the_gauge_of_players_cut_to_measure_counts_their_own_numbers_alone(width, depth):
    small = simulation(read("two-moons", "ns-gan", tailored(width, depth, 64)))
    config = read("two-moons", "ns-gan", tailored(32, 3, 64))
    sim, game = simulation(config), playable(config, [0], to_measure=True)
    first = {name: learned.parameters[0].numpy() for name, learned in small.start.players.items()}
    first["critic"] = first["critic"].clip(-0.1, 0.1)  # as after a clip
    stands = {name: standing(numbers, game.cut["layers"][name], width, depth) for name, numbers in first.items()}
    clipped = state.weight_saturation(torch.from_numpy(first["critic"])[None])
    critic = small.start.players["critic"]._replace(parameters=torch.from_numpy(first["critic"])[None])
    small = small._replace(start=small.start._replace(players={**small.start.players, "critic": critic}))
    players = {
        name: one._replace(parameters=torch.from_numpy(stands[name][0])[None])
        for name, one in sim.start.players.items()
    }
    n = WINDOWS["judged"]
    rng = np.random.default_rng(0)
    latents, real = (torch.from_numpy(rng.standard_normal((1, n, 2))).float() for _ in range(2))
    clouds = state.Watched(real, duel.carried(small.world.game, small.start.parameters, latents), latents)
    right = float(state.generator_gradient(small.world.game, small.start, clouds))
    sim = sim._replace(start=sim.start._replace(players=players))
    model, at = game.models["gauge"], {"latents": latents.numpy(), "real": real.numpy()}
    found = [
        seen_by(model, sim, at, dict(zip(stands, held, strict=True)))
        for held in zip(*((own, np.full_like(own, FREE)) for _, own in stands.values()), strict=True)
    ]
    assert np.allclose(found[0]["samples"], clouds.fake.numpy(), atol=1e-5)
    assert float(found[0]["generator_gradient"].squeeze()) == pytest.approx(right, rel=1e-4)
    assert clipped > 0.1
    assert float(found[0]["weight_saturation"].squeeze()) == pytest.approx(float(clipped), abs=1e-6)
    passes_on = depth < 3  # then layers that are not its own have gradients too
    assert (float(found[1]["generator_gradient"].squeeze()) > 1.01 * right) == passes_on


def standing(small: np.ndarray, shapes, width: int, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """A small perceptron's parameters where they stand in a large one's, and what is held of these, as the page places them."""
    numbers, held, rest, last = [], [], list(small), len(shapes) - 1
    for layer, (rows, columns) in enumerate(shapes):
        into, out = width if layer else rows, columns if layer == last else width
        weights, is_free, bias, bias_free = (np.zeros((k, columns), "f4") for k in (rows, rows, 1, 1))
        if layer < depth or layer == last:
            weights[:into, :out] = np.reshape(rest[: into * out], (into, out))
            bias[:, :out] = rest[into * out : (into + 1) * out]
            is_free[:into, :out] = bias_free[:, :out] = 1
            del rest[: (into + 1) * out]
        else:
            weights[:into, :out] = np.eye(into, out)
        numbers += [weights.ravel(), bias.ravel()]
        held += [
            np.where(free > 0, np.float32(FREE), own).ravel() for free, own in ((is_free, weights), (bias_free, bias))
        ]
    assert not rest
    return np.concatenate(numbers), np.concatenate(held)


@pytest.mark.parametrize("method", sampled(MEASURED, 6))
def test_players_cut_to_measure_play_the_small_players_game(method):
    """What is told and their own numbers after some steps, under descent; what is held stays."""
    width, depth, descent = 10, 2, [one.replace("0.01", "0.002") for one in GENTLE]
    small = simulation(read("two-moons", method, [*tailored(width, depth, 64), *descent]))
    config = read("two-moons", method, [*tailored(24, 4, 64), *descent])
    sim, game = simulation(config), playable(config, [0], to_measure=True)
    first = {name: learned.parameters[0].numpy() for name, learned in small.start.players.items()}
    stands = {name: standing(numbers, game.cut["layers"][name], width, depth) for name, numbers in first.items()}
    held = {name: free for name, (_, free) in stands.items()}
    now = {place: leaf.numpy() for place, leaf in named(sim.start, "state").items()}
    now |= {place: stands[one["player"]][0] for place, one in game.state.items() if one["player"]}
    for _, draw in zip(range(6), draws(small.source, 0, small.start.memory), strict=False):
        if "step" in game.models:
            fed(game, "step", now, draw, held)
            continue
        for k in range(game.critic_steps):
            fed(game, "critic", now, play.row_of(draw, k), held)
        fed(game, "generator", now, play.row_of(draw, -1), held)
        over(game, now)
    right, its = python_plays(small, 6), places(small.start)
    for name, place in game.places.items():
        ours, theirs = now[place].ravel(), right[its[name]].ravel()
        if (player := "generator" if name == "average" else name) in stands:
            own = held[player] > FREE / 2
            assert np.array_equal(ours[~own], stands[player][0][~own]), name
            ours = ours[own]
        assert np.isfinite(theirs).all(), name
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-5), name


@pytest.mark.parametrize(
    ("method", "names"),
    [("ali", {"reconstructed"}), ("cvae-gan", {"reconstructed"}), ("cyclegan", {"reconstructed", "other"}), ("cogan", {"other"}),
     ("ns-gan", set())],
)  # fmt: skip
def test_a_look_sees_what_comes_back_and_the_other_world(method, names):
    _, sim, game = whole(method)
    rows = WINDOWS["samples"] + WINDOWS["mesh"] ** 2
    latents = sim.watched[:1].repeat(1, -(-rows // sim.watched.shape[1]), 1)[:, :rows]
    real = torch.from_numpy(sim.ground.real[None]).float().repeat(1, 3, 1)[:, : WINDOWS["real"]]
    grids = {"scores": np.zeros((1, WINDOWS["scores"] ** 2, 2)), "slopes": np.zeros((1, WINDOWS["slopes"] ** 2, 2))}
    at = {"latents": latents, "real": real} | grids
    found = seen_by(game.models["look"], sim, {name: np.asarray(values, np.float32) for name, values in at.items()})
    assert set(found) == {"samples"} | names
    samples = duel.carried(sim.world.game, sim.start.averaged, latents[:, : WINDOWS["samples"]])
    few = WINDOWS["real"]
    clouds = state.Watched(real, samples[:, :few], latents[:, :few])
    right = companions.of_maps(sim.world.game, sim.start, clouds, real)
    for name in names:
        n = min(found[name].shape[1], right[name].shape[1])
        assert np.allclose(found[name][:, :n], right[name][:, :n], atol=1e-4), name


@pytest.mark.parametrize(("method", "shows"), [("ns-gan", True), ("cgan", True), ("adagan", False)])
def test_a_page_knows_whether_its_plan_is_between_what_the_critic_is_shown(method, shows):
    """Else the share of the distance that the critic sees cannot be told from the points that are looked at."""
    assert whole(method)[2].shows_samples is shows


def test_kinds_of_points_are_known_by_what_makes_them():
    kinds = {
        "mgan": {"word": "generator", "start": 0, "stop": 0, "makers": [i % 4 for i in range(WINDOWS["samples"])]},
        "cgan": {"word": "class", "start": 0, "stop": 8, "makers": []},
        "ns-gan": None,
    }
    for method, right in kinds.items():
        assert whole(method)[2].kinds == right
    assert kinds_in(simulation(read("eight-gaussians", "infogan", SMALL)))["word"] == "category"


def test_the_generator_is_moved_by_two_parameters():
    for scenario, method in (
        ("eight-gaussians", "ns-gan"),
        ("dirac", "ns-gan"),
        ("two-rings", "cogan"),
        ("ring-to-grid", "cyclegan"),
    ):
        config = sized(scenario, method, "small")
        sim = simulation(config)
        shift, own = shift_of(sim), dict(sim.start.parameters)
        before = duel.carried(sim.world.game, own, sim.watched[:1])
        own["generator"] = own["generator"].clone()
        own["generator"][:, shift] += 3.0
        after = duel.carried(sim.world.game, own, sim.watched[:1])
        assert torch.allclose(after - before, torch.tensor([3.0, 0.0]), atol=1e-4)


@pytest.mark.parametrize("method", ["ns-gan", "sngan", "wgan-weight-norm", "mgan"])
def test_first_parameters_are_told_by_the_numbers_of_their_stream(method):
    config = read("eight-gaussians", method, SMALL)
    for name, player in simulation(config).world.game.players.items():
        right = starts(config.training.seed, range(3), name, player.network.initial)
        told = beginning(config.training.seed, range(3), name, player.network.initial)
        if told.recipe is None:
            assert method == "wgan-weight-norm"
            assert np.allclose(told.numbers, right)
            continue
        for seed in range(3):
            rng = np.random.default_rng([seed if one is None else one for one in told.entropy])
            drawn = np.concatenate([rng.uniform(low, high, n) for low, high, n in told.recipe.draws])
            made = [
                drawn[part[0] : part[0] + part[1]] if part[0] is not None else np.full(part[1], part[2])
                for part in told.recipe.parts
            ]
            assert np.array_equal(np.concatenate(made), right[seed])


def test_labels_go_with_the_points_of_a_page():
    config = read("unbalanced-gaussians", "cgan")
    made = pool(config, 500)
    centres = made.modes.centres
    nearest = np.linalg.norm(made.points[:, None] - centres, axis=2).argmin(axis=1)
    assert made.classes == len(centres)
    assert np.array_equal(nearest, made.labels)
    other = pool(read("ring-to-grid", "cyclegan"), 500)
    assert np.abs(np.linalg.norm(other.source, axis=1) - 1.4).max() < 0.5


NOISY = """title = "Data and noise"
[target]
kind = "ring"
[generator]
kind = "data-plus-noise"
"""


def test_the_lab_refuses_to_open_with_what_it_cannot_play_and_leaves_such_worlds_out(tmp_path):
    (tmp_path / "noisy.toml").write_text(NOISY)
    done = CliRunner().invoke(
        app, ["lab", str(tmp_path / "noisy.toml"), "-m", "ns-gan", "--out", str(tmp_path / "lab")]
    )
    assert done.exit_code == 2
    assert "has no noisy data" in done.output
    assert "toygan run" in done.output
    write_lab(tmp_path / "lab", ["eight-gaussians", str(tmp_path / "noisy.toml")], ["wgan-l2"])
    catalogue, _ = arrived(tmp_path / "lab" / "data" / "catalogue.js")
    assert list(catalogue["scenarios"]) == ["eight-gaussians"]


def test_worlds_of_one_title_are_told_apart_in_the_menu():
    ring = read("eight-gaussians")
    worlds = {
        "eight-gaussians": ring,
        "mine.toml": ring.model_copy(update={"name": "mine"}),
        "two-moons": read("two-moons"),
    }
    titles = {name: about["title"] for name, about in catalogue(worlds, {}, {})["scenarios"].items()}
    assert titles["eight-gaussians"] == f"{ring.title} (eight-gaussians)"
    assert titles["mine"] == f"{ring.title} (mine)"
    assert titles["two-moons"] == read("two-moons").title


@pytest.mark.parametrize("method", sampled(["ns-gan", "wgan-gp", "r3gan", "sngan", "unrolled-gan"], 3))
def test_under_its_own_optimiser_the_game_parts_by_rounding_alone(method):
    sim, game = moved(method)
    ours, theirs = played(game, sim, 20), python_plays(sim, 20)
    for player in ("critic", "generator"):
        right = theirs[game.places[player]]
        apart = np.abs(ours[game.places[player]].reshape(right.shape) - right)
        assert np.median(apart) < 1e-3 * np.abs(right).max()
    assert ours[game.places["step"]] == 20


def test_dials_change_the_page_as_they_change_python():
    sim, turned = moved("wgan-gp", *GENTLE, "method.constraint.weight=3.0", "method.critic_rate=0.02")
    game = moved("wgan-gp", *GENTLE)[1]._replace(dials=turned.dials)
    ours, theirs = played(game, sim, 5), python_plays(sim, 5)
    assert np.allclose(ours[game.places["critic"]].ravel(), theirs[game.places["critic"]].ravel(), atol=1e-5)


def test_a_look_sees_what_python_sees():
    config, sim, game = whole("wgan-gp")
    frame: Frame = observe(sim, sim.start)
    rows = WINDOWS["samples"] + WINDOWS["mesh"] ** 2
    latents = np.zeros((rows, 2), np.float32)
    latents[:100] = sim.watched[0, :100].numpy()
    axes = [np.linspace(*config.view.x, WINDOWS["scores"]), np.linspace(*config.view.y, WINDOWS["scores"])]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2).astype(np.float32)
    coarse = np.zeros((WINDOWS["slopes"] ** 2, 2), np.float32)
    given = {place: leaf.numpy() for place, leaf in named(sim.start, "state").items()}
    given |= {"at/latents": latents, "at/scores": grid, "at/slopes": coarse}
    found = {}
    for model in (game.models["look"], game.models["map"]):
        inputs = {port.name: np.asarray(given[port.name]).reshape(port.stored) for port in model.inputs}
        names = [port.name for port in model.outputs]
        found |= zip(names, session(model.content).run(None, inputs), strict=True)
    assert np.allclose(found["next seen/samples"][:100], frame.arrays["samples"][0, :100], atol=1e-5)
    corners = frame.arrays["scores"][0][[0, 0, -1, -1], [0, -1, 0, -1]]
    side = found["next seen/scores"].reshape(WINDOWS["scores"], WINDOWS["scores"])
    assert np.allclose(side[[0, 0, -1, -1], [0, -1, 0, -1]], corners, atol=1e-4)


def test_the_optimal_critic_attains_the_distance():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((2, WINDOWS["judged"], 2))
    fake += 1.5
    costs = np.linalg.norm(real[:, None] - fake[None], axis=2)
    rows, columns = linear_sum_assignment(costs)
    distance = costs[rows, columns].mean()
    duals = duals_of(costs)
    points = np.zeros((WINDOWS["scores"] ** 2, 2), np.float32)
    points[: WINDOWS["judged"]], points[WINDOWS["judged"] : 2 * WINDOWS["judged"]] = real, fake
    run = session(potential_model().content)
    (phi,) = run.run(
        None, {"at/points": points, "at/ends": fake.astype(np.float32), "at/duals": duals.astype(np.float32)}
    )
    ours = phi[: WINDOWS["judged"]].mean() - phi[WINDOWS["judged"] : 2 * WINDOWS["judged"]].mean()
    assert ours == pytest.approx(distance, rel=1e-4)


AXES = np.linspace(-2.5, 2.0, WINDOWS["scores"]), np.linspace(-2.0, 2.5, WINDOWS["scores"])
GRID = np.stack(np.meshgrid(*AXES), -1).reshape(-1, 2)


def some_clouds() -> tuple[np.ndarray, np.ndarray]:
    """Target and generated points of a page, [n, 2] each, as float32 has them."""
    rng = np.random.default_rng(4)
    real = 0.3 * rng.standard_normal((WINDOWS["samples"], 2)) + rng.choice([-1.0, 1.0], (WINDOWS["samples"], 1))
    return tuple(cloud.astype(np.float32) for cloud in (real, 0.7 * rng.standard_normal((WINDOWS["samples"], 2))))


def python_draws(config, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """The optimal critic on the grid as a run's pictures have it, [g, g], where the target's density is not known."""
    row = config.method.objective
    few, noise = WINDOWS["samples"], config.method.instance_noise
    known = known_optimum(row.kind, real, *AXES, options=row.model_dump(), noise=noise, told=told_by(config), few=few)
    return optimal_critic(known, Clouds(fake, real, fake, solved(fake[:2], real[:2]))).on_grid()


def page_draws(config, sim: Simulation, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """The same by the page's model."""
    at = {"points": GRID.astype(np.float32), "real": real, "fake": fake}
    found = seen_by(optimum(config, sim)["optimum"], sim, at)
    return found["optimal"].reshape(WINDOWS["scores"], WINDOWS["scores"])


def agree(ours: np.ndarray, right: np.ndarray) -> None:
    """Scores of float32 and float64 on one grid: alike to rounding, and both endless or faint in the same places."""
    low, high = np.finfo(np.float32).tiny, np.finfo(np.float32).max / 1e3
    held = np.abs(right) < high
    assert held.mean() > 0.3
    assert (np.sign(ours[~held]) == np.sign(right[~held])).all()
    assert (np.abs(ours[~held]) > high / 1e3).all()
    assert np.allclose(ours[held], right[held], rtol=2e-3, atol=1e-3 + low)


@pytest.mark.parametrize("method", [*METHODS, *ZOO])
def test_the_page_draws_the_optimal_critic_of_python(method):
    config = read(PLAYED_ON.get(method, "eight-gaussians"), method, SMALL)
    sim = simulation(config)
    best, known = best_of(config, sim), optimum_of(config, sim)
    if best is None:
        assert known is None
        return
    assert known is not None
    if best.source == "potential":
        assert optimum(config, sim) == {}
        return
    real, fake = some_clouds()
    agree(page_draws(config, sim, real, fake), python_draws(config, real.astype(float), fake.astype(float)))


def test_every_objective_whose_optimum_densities_or_a_kernel_decide_is_drawn_by_some_method():
    shipped = {read("eight-gaussians", name).method.objective.kind for name in METHODS}
    shipped |= {read(PLAYED_ON.get(name, "eight-gaussians"), name).method.objective.kind for name in ZOO}
    assert shipped >= {*from_densities(), *(kind for kind, row in OPTIMA.items() if row.source == "kernel")}


@pytest.mark.parametrize(
    ("method", "key", "value"),
    [("lsgan", "method.objective.real", 3.0), ("ebgan", "method.objective.margin", 0.25),
     ("ns-gan-flip", "method.noisy_labels", 0.3), ("d2gan", "method.objective.weight", 0.2)],
)  # fmt: skip
def test_a_dial_moves_the_drawn_optimum_as_it_moves_python_s(method, key, value):
    config, other = (read("eight-gaussians", method, [*SMALL, *more]) for more in ([], [f"{key}={value}"]))
    sim = simulation(config)
    turned = sim._replace(world=sim.world._replace(dials=simulation(other).world.dials))
    real, fake = some_clouds()
    at = {"points": GRID.astype(np.float32), "real": real, "fake": fake}
    model = optimum(config, sim)["optimum"]
    ours = seen_by(model, turned, at)["optimal"].reshape(WINDOWS["scores"], WINDOWS["scores"])
    agree(ours, python_draws(other, real.astype(float), fake.astype(float)))
    assert not np.allclose(ours, page_draws(config, sim, real, fake))


@pytest.mark.parametrize("kind", [name for name, row in OPTIMA.items() if row.source != "potential"])
def test_tensors_give_what_arrays_give(kind):
    real, fake = (cloud.astype(float) for cloud in some_clouds())
    clouds = [GRID[::7], real, fake]
    ours = of_clouds(kind, *map(torch.from_numpy, clouds), torch.tensor(0.1, dtype=torch.float64), {}).numpy()
    right = of_clouds(kind, *clouds, 0.1, {})
    assert np.allclose(ours, right, rtol=1e-6, atol=1e-9)


def test_an_averaged_generator_s_page_knows_where_the_average_is():
    sim, game = moved("ns-gan", "method.ema=0.9")
    kept = named(sim.start, "state")
    assert torch.equal(kept[game.places["average"]], sim.start.players["generator"].average)
    assert game.places["average"] != game.places["generator"]
    assert "average" not in whole("ns-gan")[2].places


@pytest.mark.parametrize("method", ["adagan", "gogan"])
def test_rounds_go_on_where_the_generator_is_frozen(method):
    """What a cast changes at the end of a step is a model of its own."""
    sim, game = moved(method, *GENTLE, "training.steps=4")
    state = {place: leaf.numpy() for place, leaf in named(sim.start, "state").items()}
    right = sim.start
    for _, draw in zip(range(4), draws(sim.source, 0, sim.start.memory), strict=False):
        fed(game, "critic", state, play.row_of(draw, 0))
        over(game, state)
        turned = sim.world.game_at(sim.world.dials)
        right = play.move(turned, right, turned.critics, play.row_of(draw, 0), at=right)
        right = turned.cast.between(turned, play.over_with(right))
    for place, leaf in named(right, "state").items():
        ours = state[place].reshape(leaf.shape)
        assert np.allclose(ours, leaf.detach().numpy(), rtol=1e-4, atol=1e-4, equal_nan=True), place
    last = {"adagan": "state/1/shares/0", "gogan": "state/1/last/0"}[method]
    assert not np.array_equal(state[last], named(sim.start, "state")[last].numpy())


def test_a_generator_may_move_several_times_a_step():
    sim, game = moved("ns-gan", *GENTLE)
    state = {place: leaf.numpy() for place, leaf in named(sim.start, "state").items()}
    right, turned = sim.start, sim.world.game_at(sim.world.dials)
    for _, draw in zip(range(3), draws(sim.source, 0, sim.start.memory), strict=False):
        for names, kind, times in ((turned.critics, "critic", 1), (turned.generators, "generator", 3)):
            for _ in range(times):
                fed(game, kind, state, play.row_of(draw, -1))
                right = play.move(turned, right, names, play.row_of(draw, -1), at=right)
        over(game, state)
        right = play.over_with(right)
    for place, leaf in named(right, "state").items():
        assert np.allclose(state[place].reshape(leaf.shape), leaf.detach().numpy(), atol=1e-5, equal_nan=True), place
    assert state[game.places["step"]] == 3


@pytest.mark.parametrize("name", ["adam", "rmsprop"])
def test_an_optimiser_with_the_dials_of_descent_is_descent(name):
    rng, betas = np.random.default_rng(0), (DESCENT["betas.0"], 0.9)
    optimiser = OPTIMISERS[name](betas, DESCENT["epsilon"])
    parameters = torch.from_numpy(rng.standard_normal((1, 200))).float()
    slots, right = (torch.zeros_like(parameters),) * optimiser.slots, parameters
    for t in range(1, 20):
        size = 10.0 ** rng.uniform(-4, 3, (1, 200))
        gradient = torch.from_numpy(size * rng.standard_normal((1, 200))).float()
        rate, at = torch.tensor(0.1, dtype=torch.float64), torch.tensor(float(t), dtype=torch.float64)
        moved = optimiser.move(parameters, gradient, slots, at, rate * DESCENT["epsilon"])
        parameters, slots = moved
        right = OPTIMISERS["descent"](betas, 1e-8).move(right, gradient, (), at, rate).parameters
    assert torch.allclose(parameters, right, rtol=1e-4, atol=1e-4 * float(right.abs().max()))


def test_the_page_s_divergences_are_those_of_their_formulas():
    rng = np.random.default_rng(2)
    model = session(divergence_model().content)
    for shift, scale in ((0.0, 1.0), (1.0, 0.5), (6.0, 0.1), (0.0, 0.0)):
        real, fake = rng.standard_normal((2, WINDOWS["judged"], 2))
        fake = scale * fake + shift
        kl, js = model.run(
            ["next seen/kl", "next seen/js"], {"at/real": real.astype("f4"), "at/fake": fake.astype("f4")}
        )
        width = max(float(bandwidth(real)), float(grid_around(real, bandwidth(real))[1].max()))
        nodes = lattice(real, fake, width)
        assert all(abs(1 - nodes.weights @ np.exp(log)) < 1e-9 for log in (nodes.log_p, nodes.log_q))
        assert kl == pytest.approx(divergences.kl(nodes), rel=1e-3, abs=1e-4)
        assert js == pytest.approx(divergences.js(nodes), rel=1e-3, abs=1e-4)
        assert js <= np.log(2) + 1e-5


def lattice(real: np.ndarray, fake: np.ndarray, width: float) -> Nodes:
    """Both kernel estimates on a lattice so fine beside their kernel that sums are integrals."""
    low, high = (f(np.concatenate([real, fake]), axis=0) for f in (np.min, np.max))
    sides = [np.arange(a - 9 * width, b + 9 * width, width / 2) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*sides), -1).reshape(-1, 2)
    logs = [log_of_points(points, cloud, width) for cloud in (real, fake)]
    return Nodes(*logs, np.full(len(points), (width / 2) ** 2))


@pytest.mark.parametrize("far", [3.0, 42.0, 424.0, 1e4])
def test_one_far_point_changes_a_divergence_by_no_more_than_its_share(far):
    """Else a cloud that lost all modes but one, and one point, would look better than perfect samplers."""
    rng = np.random.default_rng(0)
    real, good, lost = (ring(rng, 200, modes) for modes in (8, 8, 1))
    for cloud, low, high in ((good, 0.0, 0.03), (lost, 0.4, np.log(2))):
        strayed = np.concatenate([[[far, -far]], cloud[1:]])
        before, after = (blurred_divergences(real, one) for one in (cloud, strayed))
        assert low < before["js"] < high
        assert after["js"] == pytest.approx(before["js"], abs=1 / len(cloud))
        assert after["kl"] == pytest.approx(before["kl"], rel=1e-2, abs=0.02)


def ring(rng: np.random.Generator, n: int, modes: int) -> np.ndarray:
    """Points [n, 2] at so many of eight places on a circle."""
    angles = rng.integers(modes, size=n) * np.pi / 4
    return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.05 * rng.standard_normal((n, 2))


def test_of_clouds_apart_all_is_told_and_of_a_target_in_one_place_nothing():
    rng = np.random.default_rng(0)
    heights = rng.random(200)
    line, there = (np.stack([np.full(200, x), heights], axis=1) for x in (0.0, 3.0))
    apart, alike = (blurred_divergences(line, cloud) for cloud in (there, line))
    assert apart["js"] == pytest.approx(np.log(2), abs=1e-5)
    assert alike == pytest.approx({"kl": 0.0, "js": 0.0}, abs=1e-6)
    model = session(divergence_model().content)
    dirac = np.zeros((WINDOWS["judged"], 2), "f4")
    for fake in (dirac, dirac + np.array([1, 0], "f4")):
        assert np.isnan(model.run(None, {"at/real": dirac, "at/fake": fake})).all()


def test_the_optimal_critic_is_blurred_by_what_is_left_of_instance_noise():
    config = read("eight-gaussians", "ns-gan-instance-noise", [*SMALL, "training.steps=100"])
    sim = simulation(config)
    real, fake = some_clouds()
    late = sim._replace(start=sim.start._replace(step=sim.start.step + 50))
    first, then = (page_draws(config, one, real, fake) for one in (sim, late))
    assert best_of(config, sim).about.endswith(", both blurred by no less than what is left of the noise")
    assert first.std() < 0.9 * then.std()
    half = read("eight-gaussians", "ns-gan-instance-noise", [*SMALL, "method.instance_noise=0.25"])
    agree(then, python_draws(half, real.astype(float), fake.astype(float)))


def duals_of(costs: np.ndarray) -> np.ndarray:
    """Column duals of the assignment, by POT."""
    _, log = simplex(costs)
    return log["v"]


def test_scenarios_share_games_that_are_the_same():
    made = cast(["swiss-roll", "two-moons", "eight-gaussians"], "ns-gan")
    assert made.plays["swiss-roll"] == made.plays["two-moons"]
    assert made.plays["swiss-roll"] != made.plays["eight-gaussians"]  # another activation
    assert sized("dirac", "ns-gan", "large").training.batch == 1


def test_a_part_leaves_out_what_it_does_not_read_or_change():
    _, _, game = whole("ns-gan")
    read_by = {port.name for port in game.models["generator"].inputs}
    changed = {port.name for port in game.models["generator"].outputs}
    assert "draw/real" not in read_by
    assert "dials/critic_rate" not in read_by
    assert f"{NEXT}{game.places['critic']}" not in changed
    assert (
        f"{NEXT}{game.places['step']}" not in changed
    )  # that is the end of a step, which may come after several moves
    assert set(game.models) == {
        "critic",
        "generator",
        "look",
        "map",
        "gauge",
        "optimum",
    }  # where nothing else changes then
    assert torch.float64 in {port.dtype for port in game.models["generator"].inputs}
