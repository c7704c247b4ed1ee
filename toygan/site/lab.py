"""The lab: a page that opens from disk and trains, with the graphs of the Python step and a runtime that travels with it.

The page has no formula. What is numerical in a game are models (`toygan.session.playable`); the scripts beside them feed
these, draw random numbers by the names of their laws, and paint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import chain, count, product
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np

from toygan import __version__
from toygan.draw.companions import KINDS
from toygan.draw.panels import band_colours
from toygan.draw.points import GENERATED, REAL
from toygan.files.cache import digest
from toygan.files.config import Config, Method, as_data, deciding, differing
from toygan.files.dials import floats_in, with_floats
from toygan.files.disk import write_aside
from toygan.files.mistakes import UserError
from toygan.files.scenario import read
from toygan.files.shipped import shipped
from toygan.files.world import classes_of, world
from toygan.game.methods import METHODS
from toygan.game.zoo import ZOO
from toygan.quantities.diagnosis import CLAIMS, RULES
from toygan.quantities.evidence import CEILINGS
from toygan.quantities.modes import SIGMAS
from toygan.quantities.thresholds import THRESHOLDS
from toygan.session.looks import RUNAWAY
from toygan.session.playable import (
    WINDOWS,
    Playable,
    density_model,
    divergence_model,
    drawable,
    if_playable,
    playable,
    pool,
    potential_model,
)
from toygan.session.recording import Recording
from toygan.session.tailored import FREE, tailored
from toygan.site.lab_files import NOTHING, VENDOR, File, file_content, models_file, runtime_file, script, target_file
from toygan.site.markup import document_of_scripts

OWN = Path(__file__).parent / "assets" / "lab"
SCRIPTS = (
    "words-en.js", "words-zh.js", "methods-zh.js", "lessons.js", "bytes.js", "numbers.js", "address.js", "draws.js",
    "trainer.js", "assignment.js", "measures.js", "stories.js", "rhythm.js", "diagnosis.js", "stage.js", "marks.js", "curves.js",
    "panels.js", "gif.js", "experiment.js", "games.js", "painting.js", "watch.js", "flow.js", "hands.js", "share.js",
    "rooms.js", "lab.js",
)  # fmt: skip
STYLES = ("lab.css",)
FIRST = "store.js"  # before the data


class Size(NamedTuple):
    """How wide both players are, and how many points a move sees."""

    width: int
    batch: int


SIZES = {"small": Size(32, 128), "large": Size(64, 256)}
SEEDS = range(8)
OWN_SIZE = "own"  # of players that the visitor chooses layers and neurons of
MEASURED = (
    "gan", "ns-gan", "lsgan", "wgan", "wgan-gp", "wgan-lp", "wgan-none", "hinge-gan", "ns-gan-r1", "dragan", "rpgan", "r3gan",
    "wgan-l2clip", "ragan", "f-kl", "f-reverse-kl", "f-pearson", "f-hellinger", "f-js", "f-total-variation", "bs-gan",
    "mmd-gan", "cramer-gan", "unrolled-gan", "pacgan", "ns-gan-instance-noise", "ns-gan-smooth", "ns-gan-flip", "wgan-sn",
)  # fmt: skip  # methods that play with such
LARGEST = ((32, 3), (100, 6))  # neurons and layers of the games that such players stand in, the cheaper one first
# The dials with which Adam and RMSprop are plain descent: rate m / (sqrt(v) + epsilon) is rate/epsilon times the gradient where
# epsilon is so large that single precision does not see sqrt(v) beside it, and m is the gradient where nothing is remembered.
# Rates are to be multiplied by `epsilon`.
DESCENT = {"betas.0": 0.0, "epsilon": 1e8}
POOL = 4096  # real points that come with a scenario; batches are drawn from them
BANDS = 9  # of the critic's colours on each side of the middle one
AS_RUN = "run"  # the size of games that are played as they were run
TRICKS = ("ema", "instance_noise", "noisy_labels", "mutual_information")  # zero is none of it, and another program
SKETCHED, SIDE, FIRST_PLACE = 160, 64, ord("0")  # points of a sketch; places a side; the letter of the first one


class Repertoire(NamedTuple):
    """A method on every scenario: its games by name, and which one a scenario plays at a size."""

    games: Mapping[str, Playable]
    plays: Mapping[str, Mapping[str, str]]  # scenario -> size -> game


def write_lab(
    place: Path,
    scenarios: Sequence[str],
    methods: Sequence[str],
    told: Callable[[str], None] = lambda method: None,
    opening: Mapping[str, Any] | None = None,
) -> Path:
    """Write the page for these scenarios and methods into `place`, and return its `index.html`.

    `told` hears each method's name before its models are made; `opening` is what the page opens with, a `scenario` as it
    was said and a `method`. Raises UserError where a scenario cannot be read, or a method plays on none of them. Scenarios that
    none of the methods plays in a page are left out.
    """
    worlds = told_apart(scenarios)
    about: dict[str, Any] = {}
    if opening and "scenario" in opening:
        opened = read(opening["scenario"], opening.get("method", methods[0]))
        drawable(opened, world(opened))
    first: dict[str, bytes] = {}  # the first method's files, which most others are like
    for number, method in enumerate(methods):
        told(method)
        made = cast(list(worlds), method)
        about[method] = about_method(made, read(next(iter(made.plays)), method), worlds, number)
        games = models_file(made.games, made.plays)
        put(place, f"method-{number}", games, first)
        own = {f"method-{number}": file_content(*games)}
        if method in MEASURED:
            stands_in, on = measured(made.plays, method)
            cut = models_file(stands_in, {})
            put(place, f"measured-{number}", cut, {**first, **own})
            about[method]["measured"] = {"file": f"measured-{number}", "on": [worlds[said].name for said in on]}
            own[f"measured-{number}"] = file_content(*cut)
        first = first or own
    played = {name for one in about.values() for name in one["on"]}
    worlds = {said: config for said, config in worlds.items() if config.name in played}
    return completed(place, catalogue(worlds, about, opening or {}), worlds.values())


def completed(place: Path, known: dict[str, Any], worlds: Iterable[Config]) -> Path:
    """The page around its methods: targets, the engine, what is known of all, scripts. Returns its `index.html`."""
    for number, config in enumerate(worlds):
        put(place, f"target-{number}", target_file(pool(config, POOL)))
    models = {"potential": potential_model(), "divergence": divergence_model(), "density": density_model()}
    put(place, "engine", ({}, (VENDOR / "ort-wasm-simd-threaded.wasm.gz").read_bytes()))
    put(place, "runtime", runtime_file(models))
    put(place, "catalogue", (known, b""))
    (place / "assets").mkdir(parents=True, exist_ok=True)
    for name in (FIRST, *SCRIPTS, *STYLES):
        write_aside(place / "assets" / name, (OWN / name).read_bytes(), durable=False)
    write_aside(place / "index.html", document_of_scripts("toygan lab", STYLES, (FIRST, *SCRIPTS), ("catalogue",)))
    return place / "index.html"


def write_lab_of(place: Path, runs: Mapping[str, Recording]) -> dict[str, str]:
    """Write a page that plays the games of some runs as they were run, by what they are called, into `place`; returns what
    stands behind its address so that it opens with each. Runs that no page can play are left out; without any nothing is written.
    """
    games = {name: found for name, run in runs.items() if (found := game_of(run)) is not None}
    worlds: dict[str, Config] = {}
    about, links = {}, {}
    for number, (name, (config, game)) in enumerate(games.items()):
        said = next((said for said, other in worlds.items() if same_ground(other, config)), unlike(config.name, worlds))
        worlds.setdefault(said, config.model_copy(update={"name": said}))
        made = Repertoire({"own": game}, {said: {AS_RUN: "own"}})
        about[name] = about_method(made, config, worlds, number)
        put(place, f"method-{number}", models_file(made.games, made.plays))
        links[name] = "#" + urlencode({"s": said, "m": name, "seed": str(runs[name].facts.seeds[0])})
    if games:
        config = next(iter(games.values()))[0]
        size = Size(getattr(config.generator, "width", 0), config.training.batch)
        completed(place, catalogue(worlds, about, {}, {AS_RUN: size}), worlds.values())
    return links


def game_of(recording: Recording) -> tuple[Config, Playable] | None:
    """A recorded run's config for one seed, and its game; None where no page plays it, or another version recorded it."""
    if recording.facts.is_recorded:
        return None
    try:
        config = recording.config()
    except UserError:
        return None
    one = config.training.model_copy(update={"seeds": 1, "precision": "single"})
    config = config.model_copy(update={"training": one})
    game = if_playable(config, SEEDS)
    return None if game is None else (config, game)


def same_ground(config: Config, other: Config) -> bool:
    parts = ("target", "source", "view", "training")
    return all(getattr(config, part) == getattr(other, part) for part in parts)


def unlike(name: str, others: Container[str]) -> str:
    return next(one for one in chain([name], (f"{name} {i}" for i in count(2))) if one not in others)


def told_apart(scenarios: Sequence[str]) -> dict[str, Config]:
    """The scenarios as they were said, the first one of each name: an own file goes before a shipped one."""
    first: dict[str, tuple[str, Config]] = {}
    for said in scenarios:
        config = read(said)
        first.setdefault(config.name, (said, config))
    return dict(first.values())


def put(place: Path, name: str, file: File, after: Mapping[str, bytes] = NOTHING) -> None:
    """A data file of the page, which may be read after others."""
    (place / "data").mkdir(parents=True, exist_ok=True)
    write_aside(place / "data" / f"{name}.js", script(name, *file, after), durable=False)


def cast(scenarios: Sequence[str], method: str) -> Repertoire:
    """A method's games on those of the scenarios that can play it; scenarios with the same players share a game."""
    games: dict[str, Playable] = {}
    plays: dict[str, dict[str, str]] = {}
    refused: list[UserError] = []
    for scenario, size in product(scenarios, SIZES):
        try:
            config = sized(scenario, method, size)
        except UserError as error:
            refused.append(error)
            continue
        name = program(config, size)
        same = [game for other, game in games.items() if other.split()[-1] == name.split()[-1]]  # at whatever size
        try:
            games[name] = same[0] if same else playable(config, SEEDS)
        except UserError as error:  # it plays, and not in a page: that is told first
            refused.insert(0, error)
            continue
        plays.setdefault(scenario, {})[size] = name
    if not games and refused:
        raise refused[0]
    return Repertoire(games, plays)


def measured(scenarios: Iterable[str], method: str) -> tuple[dict[str, Playable], list[str]]:
    """The games that players cut to measure stand in, and those of the scenarios whose game is the same then."""
    found, on = dict[str, Playable](), list[str]()
    for width, depth in LARGEST:
        configs = {scenario: to_measure(scenario, method, width, depth) for scenario in scenarios}
        names = {scenario: program(config, OWN_SIZE) for scenario, config in configs.items() if config is not None}
        most = max(names.values(), key=list(names.values()).count, default=None)
        on = [scenario for scenario, name in names.items() if name == most]
        if on and (config := configs[on[0]]) is not None:
            found[f"{width} {depth}"] = playable(config, SEEDS, to_measure=True)
    return found, on


def to_measure(scenario: str, method: str, width: int, depth: int) -> Config | None:
    """A scenario's game with players as large as those cut to measure may be; None where its players are no perceptrons."""
    plain = read(scenario, method)
    if plain.generator.kind != "mlp" or plain.critic.kind != "mlp":
        return None
    return read(scenario, method, tailored(width, depth, SIZES["small"].batch))


def sized(scenario: str, method: str, size: str) -> Config:
    """A scenario's game at a size of the page; kinds of players that have no width, and batches of one, stay."""
    plain = read(scenario, method)
    return read(scenario, method, settings(plain, size))


def settings(config: Config, size: str) -> list[str]:
    """What `toygan run` has to be told to play at a size, as KEY=VALUE."""
    width, batch = SIZES[size]
    wide = [f"{name}.width={width}" for name, player in (("generator", config.generator), ("critic", config.critic))
            if hasattr(player, "width")]  # fmt: skip
    return [*wide, f"training.batch={batch}"] if config.training.batch > 1 else wide


def program(config: Config, size: str) -> str:
    """The name of a config's game; configs of one name differ in target and budget, not in the classes players are told."""
    data, told = deciding(as_data(config)), [classes_of(config)] if config.method.labels else []
    return f"{size} {digest([data[key] for key in ('generator', 'critic', 'method')] + [config.training.batch, *told])[:12]}"


def about_method(made: Repertoire, config: Config, worlds: Mapping[str, Config], number: int) -> dict[str, Any]:
    row, game = config.method, next(iter(made.games.values()))
    return {
        "file": f"method-{number}",
        "formula": row.formula,
        "reference": row.reference,
        "look_for": row.look_for,
        "rule": row.update.kind,
        "optimiser": row.optimiser,
        "labels": config.method.labels is not None,
        "worlds": any(port.name.endswith("/other") for port in game.models["look"].outputs),  # points of two
        "on": [config.name for said, config in worlds.items() if said in made.plays],
    }


def catalogue(
    worlds: Mapping[str, Config],
    methods: Mapping[str, Any],
    opening: Mapping[str, Any],
    sizes: Mapping[str, Size] = SIZES,
) -> dict[str, Any]:
    colours = band_colours(np.arange(-BANDS, BANDS + 2) - 0.5)[:, :3]
    titles = Counter(config.title for config in worlds.values())
    return {
        "version": __version__,
        "scenarios": {
            config.name: about_scenario(said, config, i, sizes)
            | ({"title": f"{config.title} ({config.name})"} if titles[config.title] > 1 else {})
            for i, (said, config) in enumerate(worlds.items())
        },
        "methods": methods,
        "sizes": {name: {"width": size.width, "batch": size.batch} for name, size in sizes.items()},
        "seeds": len(SEEDS),
        "measured": {"largest": LARGEST[-1], "batch": SIZES["small"].batch, "settings": tailored_settings()},
        "free": FREE,
        "descent": DESCENT,
        "windows": WINDOWS,
        "bands": [int.from_bytes(bytes(colour), "big") for colour in colours],
        "colours": {"real": REAL, "generated": GENERATED},
        "runaway": RUNAWAY,
        "limits": {name: limit for name, (limit, _) in THRESHOLDS.items()},
        "claims": [list(one) for one in CLAIMS],
        "sigmas": SIGMAS,
        "ceilings": CEILINGS,
        "rules": [[label, sorted(unless)] for label, _, _, unless in RULES],
        "kinds": KINDS,
        "sketch": {"side": SIDE, "first": FIRST_PLACE},
        "opening": {key: read(said).name if key == "scenario" else said for key, said in opening.items()},
    }  # fmt: skip


def about_scenario(said: str, config: Config, number: int, sizes: Mapping[str, Size]) -> dict[str, Any]:
    return {
        "file": f"target-{number}",
        "said": said,
        "title": config.title,
        "about": config.about,
        "view": [*config.view.x, *config.view.y],
        "steps": config.training.steps,
        "settings": {size: settings(config, size) if size in SIZES else [] for size in sizes},
        "sketch": sketch(config),
    }


def sketch(config: Config) -> str:
    """A few points of a target as places of a grid over the view, two letters each, from left to right and from bottom to top."""
    points = pool(config, SKETCHED).points
    low, high = np.transpose([config.view.x, config.view.y])
    places = np.floor((points - low) / (high - low) * SIDE).astype(int)
    seen = places[((places >= 0) & (places < SIDE)).all(axis=1)]
    return "".join(chr(FIRST_PLACE + x) + chr(FIRST_PLACE + y) for x, y in dict.fromkeys(map(tuple, seen.tolist())))


def tailored_settings() -> list[str]:
    """What `toygan run` has to be told of players cut to measure besides their layers and neurons, as KEY=VALUE."""
    chosen = (".width=", ".depth=", ".latent_dim=", ".latent=")
    return [one for one in tailored(*LARGEST[0], SIZES["small"].batch) if not any(key in one for key in chosen)]


def address(config: Config, seed: int = 0) -> str | None:
    """What stands behind the page's own address so that it opens with a config's game, at the nearest of its sizes; None where
    its method, with these settings, is not among the games of a page of shipped scenarios and methods.
    """
    name, method = config.name, config.method
    if name not in shipped() or method.name not in METHODS | ZOO:
        return None
    usual = read(name, method.name)
    dials, others = floats_in(method), floats_in(usual.method)
    if differing(without(method, dials), without(usual.method, others)):
        return None
    changes = {key: value for key, value in dials.items() if value != others.get(key)}
    changes |= {"steps": config.training.steps} if config.training.steps != usual.training.steps else {}
    changes |= {"critic_steps": method.critic_steps} if method.critic_steps != usual.method.critic_steps else {}
    width = getattr(config.generator, "width", SIZES["small"].width)
    nearest = min(SIZES, key=lambda size: abs(SIZES[size].width - width))
    parts = {"s": name, "m": method.name, "z": nearest, "seed": str(seed)}
    numbers = {key: f"{value:g}".replace("-", "m").replace(".", "p").replace("+", "") for key, value in changes.items()}
    turned = "!".join("*".join(("0", key.replace(".", "~"), value)) for key, value in numbers.items())  # before step 0
    return "#" + urlencode(parts | ({"c": turned} if turned else {}))


def address_of(recording: Recording) -> str | None:
    """The address of a recorded run's game with its first seed; None where the page has no such game."""
    try:
        return address(recording.config(), recording.facts.seeds[0])
    except UserError:  # recorded by another version
        return None


def without(method: Method, dials: Mapping[str, float]) -> dict[str, Any]:
    """A method's program: what is left without its numbers that may be turned, and without what the page turns itself. Of a
    trick's number it stays whether it is used at all.
    """
    used: Mapping[str, Any] = {key: float(key in TRICKS and value > 0) for key, value in dials.items()}
    return deciding(with_floats(method, used.get).model_dump(exclude={"critic_steps", "name"}))
