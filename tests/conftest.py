"""What the tests share: one thread, numbers from a seed in float64, small worlds, and tables of exact facts."""

import gc
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
import typer.main
import typer.testing
from torch import Tensor

from toygan.cli.main import SELDOM
from toygan.engines import table
from toygan.files import own
from toygan.files.disk import write_aside
from toygan.files.own_parts import Measure
from toygan.files.world import NOISE, World, samplers
from toygan.game import duel, play
from toygan.game.constraints import CONSTRAINTS, Constraint
from toygan.game.duel import CRITIC, GENERATOR, critic_opinion, generator_opinion
from toygan.game.networks import Network
from toygan.game.objectives import Extra, Heads, Losses, Objective, objective
from toygan.game.optimisers import OPTIMISERS, SCHEDULES, Optimiser, constant
from toygan.game.play import Game, Opinion, Player, State
from toygan.game.players import GENERATORS, Generator, mlp_critic
from toygan.game.rules import RULES, Rule
from toygan.game.streams import Randomness, draws
from toygan.many import record, run
from toygan.many.executors import Local
from toygan.session import ground, measuring
from toygan.session.looks import like, named
from toygan.session.recording import Recording
from toygan.session.simulation import Simulation, first_state
from toygan.targets.mixtures import ring
from toygan.targets.target import Target

torch.set_num_threads(1)
os.environ.pop("COLUMNS", None)  # tests on several cores are told a width; a pipe has none
sys.dont_write_bytecode = False  # tests start dozens of processes, each of which would compile all of toygan
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Keep what runs share with pytest's own things, not in the user's cache folder."""
    if kept := getattr(config, "cache", None):  # pytest may be told to keep nothing
        os.environ.setdefault("TOYGAN_CACHE", str(kept.mkdir("toygan")))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Of `-n auto` one more than there are cores: those that wait for a browser or for other processes leave a core idle."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", allowed + 1))


# Files that start browsers or many processes: one that begins last keeps the others waiting.
LONGEST = (
    "lab",
    "browser",
    "cli",
    "lab_games",
    "terminal",
    "sweep",
    "draw_exhibit",
    "faults",
    "docs",
    "company",
    "own_networks",
    "own",
    "recorder",
    "companions",
    "draw",
    "exhibits",
    "game",
    "options",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; `--no-loadscope-reorder` keeps this order among several processes."""
    place = {f"test_{name}": at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


def pytest_collection_finish() -> None:
    """What is there once all tests are known is no garbage, and is not searched again; new objects are as seldom as by the
    command line, which saves a tenth of the suite's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def sampled(values: Iterable[Any], every: int) -> list[Any]:
    """Parameters of a test: the first of each `every` always, the others only with -m slow."""
    return [
        pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=[pytest.mark.slow] if at % every else [])
        for at, value in enumerate(values)
    ]


def first_of_each(values: Iterable[Any], kinds: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """Parameters of a test: always those that have a kind which none before them has, the others only with -m slow."""
    found, seen = [], set()
    for value in values:
        new = {*kinds(value)} - seen
        seen |= new
        found.append(pytest.param(value, marks=[] if new else [pytest.mark.slow]))
    return found


def crossed(rows: Iterable[Any], columns: Iterable[Any], every: int) -> list[Any]:
    """Pairs as parameters of a test: one in `every` always, so that each row and each column occurs, the others with -m slow.

    `every` is at most the number of rows and that of columns: with more, some would occur in no pair.
    """
    rows, columns = list(rows), list(columns)
    assert every <= min(len(rows), len(columns))
    return [
        pytest.param(row, column, marks=[pytest.mark.slow] if (i + j) % every else [])
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


EVERY_SAMPLER, FOUND_OR_KEPT = ground.floors_of, ground.floors_on  # of 40, as users have it
FEW_SAMPLERS = 10
FEW = table.FEW  # as users have it, and so the processes that tests start


GPU = torch.cuda.is_available()


@pytest.fixture(scope="session", autouse=True)
def without_gpu() -> Iterator[None]:
    """Tests are of what a CPU does, in processes of their own too; tests/test_cuda.py takes the GPU back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        yield


def by_few(perfect: ground.Perfect, about: Sequence[Any], own: Mapping[str, Measure] = {}) -> ground.Floors:
    """Floors by few samplers, kept apart from those of processes that tests start, which are as users have them."""
    return FOUND_OR_KEPT(perfect, [*about, f"by {FEW_SAMPLERS}"], own)


@pytest.fixture(scope="session", autouse=True)
def short_runs() -> Iterator[None]:
    """Final W1 and floors on 100 points, not 1000, these of 10 perfect samplers, not 40, so that one takes .03 s, not 3; the
    shortest run is a graph, as longer ones are; versions are looked up once; nothing waits for the disk, as only a machine that
    stops would show. Runs in processes of their own are as users have them.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "FINAL_W1", 100)
        patch.setattr(ground, "floors_of", partial(EVERY_SAMPLER, draws=FEW_SAMPLERS))
        patch.setattr(ground, "floors_on", by_few)
        patch.setattr(record, "floors_on", by_few)
        patch.setattr(table, "FEW", 0)
        patch.setattr(run, "version", cache(version))
        patch.setattr(os, "fsync", lambda number: None)
        yield


@pytest.fixture
def every_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Floors of as many perfect samplers as users have."""
    monkeypatch.setattr(ground, "floors_of", EVERY_SAMPLER)
    monkeypatch.setattr(ground, "floors_on", FOUND_OR_KEPT)


draw_itself = run.draw


def draw_once(drawn: Path, recording: Recording, order: run.Order) -> None:
    """The picture and the film of a run, which take longer than the run: drawn for the first of a kind, then given again.

    Of one kind are runs whose recordings have the same arrays and measures, and differ in numbers and names.
    """
    facts, wanted = recording.facts, run.drawings(order)
    names = (*sorted(recording.frames), *sorted(recording.metrics))
    kind = repr((*wanted, *names, len(facts.seeds) > 1, facts.status, facts.step > 0))
    first = drawn / hashlib.sha256(kind.encode()).hexdigest()
    if not all((first / name).exists() for name in wanted):
        draw_itself(recording, order)
        first.mkdir(exist_ok=True)
        for name in wanted:  # by no function of toygan's, which a test may have break off
            shutil.copy(order.folder / name, whole := first / f"{os.getpid()}-{name}")
            whole.rename(first / name)
        return
    order.watch(run.Progress(facts.step, facts.steps, "drawing", {}))
    for name in wanted:
        write_aside(order.folder / name, (first / name).read_bytes())


@pytest.fixture(scope="session", autouse=True)
def few_pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a run draws by itself is drawn once for each kind of recording, by the first process. No test compares these."""
    place = tmp_path_factory.getbasetemp()
    drawn = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "drawn"
    drawn.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "draw", partial(draw_once, drawn))
        yield


@contextmanager
def undrawn() -> Iterator[None]:
    """Runs whose tests draw them themselves, or ask for no picture, draw none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "draw", lambda recording, order: None)
        yield


class AtOnce(Executor):
    """Plays a run in this process, as it is handed in."""

    def submit(self, play: Any, task: Any, **_: Any) -> Future[Any]:  # type: ignore[override]
        future: Future[Any] = Future()
        future.set_result(play(task))
        return future


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many runs are played in this process: another takes three seconds to start. Those of test_sweep.py are real."""
    monkeypatch.setattr(Local, "renew", lambda pool: setattr(pool, "pool", AtOnce()))


DOUBLE = torch.empty(0, dtype=torch.float64)
T = TypeVar("T")


@pytest.fixture
def mine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a file of the user's own code in it: what the module of the tests calls MINE."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own, "LOADED", {})
    path = tmp_path / "mine.py"
    path.write_text(request.module.MINE)
    return path


def facts_of(facts: Mapping[str, T], name: str, where: str) -> T:
    """The row of a table of exact facts; a new row of the product fails here until its facts are written down."""
    if name not in facts:
        pytest.fail(f"add the exact facts of {name!r} to {where}")
    return facts[name]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers in float64."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def fractions(*shape: int, seed: int = 0) -> Tensor:
    """Uniform numbers in [0, 1) in float64."""
    return torch.from_numpy(np.random.default_rng(seed).random(shape))


def differences(f: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-6) -> Tensor:
    """The gradient of the sum of f by central differences."""
    flat = [
        (f(x + e).sum() - f(x - e).sum()) / (2 * step) for e in step * torch.eye(x.numel()).to(x).view(-1, *x.shape)
    ]
    return torch.stack(flat).view_as(x)


def gradient(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of the sum of f by autograd; zero where f does not depend on x."""
    x = x.detach().requires_grad_()
    # An empty sum of x adds nothing to f, and stands for it where f does not depend on x.
    (found,) = torch.autograd.grad(f(x).sum() + x[:0].sum(), x)
    return found


def check_gradient(f: Callable[[Tensor], Tensor], x: Tensor, tolerance: float = 1e-6) -> None:
    """The gradient of the sum of f agrees with central differences along a few directions no coordinate is alone in."""
    slope, step = gradient(f, x), 1e-6
    for seed in range(4):
        way = numbers(*x.shape, seed=100 + seed)
        wanted = (f(x + step * way).sum() - f(x - step * way).sum()) / (2 * step)
        torch.testing.assert_close((slope * way).sum(), wanted, rtol=tolerance, atol=tolerance)


def extra_of(scores: Tensor, memory: Tensor | None = None, **known: Tensor) -> Extra:
    """What a loss may look at besides scores [seed, batch, outputs]: a memory of 1/2, fixed chances and what is known."""
    seeds, batch, _ = scores.shape
    chance = fractions(seeds, batch, 2, seed=99)
    drawn = {"labels": chance, "swap": chance[..., :1], **known}
    real, fake = scores.new_zeros(seeds, batch, 2), scores.new_tensor((1.2, 1.6)).expand(seeds, batch, 2)  # two apart
    return Extra(scores.new_full((seeds,), 0.5) if memory is None else memory, drawn, real, fake)


def by_head(one: Objective, outputs: Tensor) -> Heads:
    """A critic's outputs by the objective's heads; what is left over is an autoencoder's code."""
    parts, start = {}, 0
    for name, width in one.heads.items():
        parts[name] = outputs[..., start : start + width]
        start += width
    return parts | ({"code": outputs[..., start:]} if outputs.shape[-1] > start else {})


def said(one: Objective, r: Tensor, g: Tensor, **known: Tensor) -> Losses:
    """The losses on these scores, the rest neutral unless it is known."""
    return one.losses(by_head(one, r), by_head(one, g), extra_of(g, **known))


def score_of(one: Objective, outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
    """The drawn score of these outputs against those of two clouds."""
    return one.score(by_head(one, outputs), by_head(one, r), by_head(one, g))


def pull_of(one: Objective, outputs: Tensor, r: Tensor, g: Tensor) -> Tensor:
    """The derivative of the drawn score by these outputs."""
    return duel.pull(small_world(one).game, outputs, r, g)


def columns(one: Objective) -> int:
    """How many outputs an objective asks the critic for."""
    return sum(one.heads.values())


def small_critic(outputs: int = 1, pack: int = 1) -> Network:
    return mlp_critic(2 * pack, outputs, width=6, depth=2)


def small_world(
    wanted: Objective | str = "wasserstein",
    constraint: Constraint | str = "none",
    *,
    target: Target | None = None,
    generator: Generator | None = None,
    critic: Network | None = None,
    optimiser: Optimiser | None = None,
    rule: Rule | str = "alternating",
    rate: float = 1e-2,
    critic_steps: int = 2,
    head_start: int = 0,
    ema: float = 0.0,
    noise: float = 0.0,
    noise_schedule: str = "linear",
    pack: int = 1,
) -> World:
    """A world in which a step takes a millisecond."""
    one = objective(wanted) if isinstance(wanted, str) else wanted
    held = CONSTRAINTS[constraint]() if isinstance(constraint, str) else constraint
    order = RULES[rule]() if isinstance(rule, str) else rule
    generator = generator or GENERATORS["mlp"](width=6, depth=2)
    body, by = held.extend(critic or small_critic(columns(one), pack)), optimiser or OPTIMISERS["adam"]((0.5, 0.9))
    ours = Player(body, order.wrap(by), rate, critic_opinion, lambda own: held.project(own, body.layers))
    theirs = Player(
        generator.network,
        order.wrap(by),
        rate,
        generator_opinion,
        ema=torch.tensor(ema, dtype=torch.float64) if ema else None,
        head_start=head_start,
    )
    rules = Game(
        players={CRITIC: ours, GENERATOR: theirs},
        critics=(CRITIC,),
        generators=(GENERATOR,),
        critic_steps=critic_steps,
        objective=one,
        constraint=held,
        rule=order.step,
        schedule=constant,
        noise=noise or None,
        noise_schedule=SCHEDULES[noise_schedule],
        pack=pack,
        steps=100,
    )
    laws = {**one.draws, **held.draws, **(NOISE if noise else {})}
    return World(target or ring(), generator, laws, lambda dials: rules, {}, rules)


def with_game(world: World, **changes: Any) -> World:
    """The same world with a game of other rules."""
    game = world.game._replace(**changes)
    return world._replace(game=game, game_at=lambda dials: game)


def with_players(world: World, *names: str, **changes: Any) -> World:
    """The same world with something else about these players, or about all of them."""
    players = {
        name: player._replace(**changes) if name in names or not names else player
        for name, player in world.game.players.items()
    }
    return with_game(world, players=players)


def body_of(world: World, name: str) -> Network:
    """A player's body."""
    return world.game.players[name].network


def opinion_of(
    world: World, name: str, parameters: Mapping[str, Tensor], state: State, row: Mapping[str, Tensor]
) -> Opinion:
    """What a player makes of a move."""
    return world.game.players[name].opinion(world.game, parameters, state, row)


def source_of(world: World, seeds: Sequence[int], batch: int = 8, scenario_seed: int = 0) -> Randomness:
    return Randomness(scenario_seed, seeds, batch, moves=world.game.critic_steps + 1, laws=samplers(world))


def beginning(world: World, seeds: Sequence[int], like: Tensor = DOUBLE) -> State:
    return first_state(world, source_of(world, seeds), like)


def states_of(world: World, seeds: Sequence[int], steps: int, like: Tensor = DOUBLE) -> list[State]:
    """The first state and those after each of the steps."""
    source, state = source_of(world, seeds), beginning(world, seeds, like)
    later: Iterator[State] = play.play(world.game, state, draws(source, 0, like))
    return [state, *islice(later, steps)]


def with_parameters(state: State, parameters: Mapping[str, Tensor]) -> State:
    """The same state with other parameters of some players."""
    players = {name: state.players[name]._replace(parameters=own) for name, own in parameters.items()}
    return state._replace(players={**state.players, **players})


def states_in(sim: Simulation) -> list[State]:
    """The first state of a simulation and those after each of its steps."""
    states = play.play(sim.world.game, sim.start, draws(sim.source, 0, like(sim.start)))
    return [sim.start, *islice(states, sim.steps)]


def tensors_of(state: State) -> dict[str, Tensor]:
    """Every tensor of a state by name, each [seed, ...]; those of all seeds together are left out."""
    return {name: tensor for name, tensor in named(state).items() if tensor.ndim}


@contextmanager
def called() -> Iterator[None]:
    """Short runs are called step by step, as users have them, and draw nothing of their own accord."""
    with undrawn(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "FEW", FEW)
        yield


@pytest.fixture
def by_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among runs that are called: those of this test are graphs, however short they are."""
    monkeypatch.setattr(table, "FEW", 0)


@pytest.fixture(scope="module")
def step_by_step() -> Iterator[None]:
    """Runs are played without a graph, which takes longer to make than a few steps: for modules that ask nothing of engines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "FEW", 10**6)
        yield


@pytest.fixture(scope="session", autouse=True)
def commands_built_once() -> Iterator[None]:
    """A process of a user's calls one command line, that of the tests a thousand: all of these by the same commands."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(typer.main.get_command)
        patch.setattr(typer.main, "get_command", once)
        patch.setattr(typer.testing, "_get_command", once)
        yield
