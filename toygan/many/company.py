"""Runs of a sweep that differ in dials alone, played as one game: their seeds side by side on the seed axis, each dial `[seed]`.

Of two seeds or more a run's numbers are the same to the last bit in company and alone, and a company in which they are not
plays no further, so that nobody need know: every run is kept in a folder of its own, and whoever is interrupted goes on in
other company, or alone. What is shared is the work: one graph, one drawing of random numbers, one call for each operator.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice, pairwise
from time import process_time
from typing import NamedTuple

import torch
from torch import Tensor

from toygan.engines.graph import Untraceable
from toygan.engines.table import Running, Unusable, begin
from toygan.files.config import Config, as_data
from toygan.files.dials import Dials, dials_of
from toygan.game.play import Draw, State, mapped
from toygan.game.streams import draws
from toygan.many import run
from toygan.many.progress import Progress
from toygan.many.run import Ledger, Order
from toygan.session import folder as folders
from toygan.session.looks import is_over, like, named, step_of
from toygan.session.measuring import Gauge
from toygan.session.simulation import Simulation, on_host
from toygan.session.stream import looked, with_number

MOST = 8  # runs in one game: more gain nothing
ROOM = 2**18  # numbers of one hidden layer of all rows, 1 MB: more no longer stay near a core (docs/speed.md)
FEWEST_SEEDS = 2  # one seed alone is plain matrices, whose sums are rounded otherwise
TRIED = 16  # steps that runs also play alone, to see that their bits are the same


def program_of(config: Config) -> str:
    """What two runs have in common that differ in dials alone: the config with nothing in the place of each dial."""
    data, dials = as_data(config), sorted(dials_of(config).keys() - {"steps"})
    for key in dials:
        data = with_number(data, key, 0.0)
    return json.dumps([data, dials], sort_keys=True)


def seats(config: Config) -> int:
    """How many such runs one game has room for; 1 for a run that is played alone."""
    training = config.training
    seeds, told = len(training.seed_list), [getattr(table, "width", 1) for table in (config.generator, config.critic)]
    widths = [width if isinstance(width, int) else 64 for width in told]  # of one's own networks it may be anything
    room = ROOM // (seeds * training.batch * max(widths))
    return max(1, min(MOST, room)) if seeds >= FEWEST_SEEDS else 1


def companies(configs: Sequence[Config | None], workers: int) -> list[list[int]]:
    """Which runs are played together, by their places: those of one program, as many as there is room for, but so few that
    every worker has two companies or more. What is no config is alone.
    """
    most = max(1, len(configs) // (2 * max(workers, 1)))
    found, room = defaultdict[str, list[int]](list), dict[str, int]()
    for place, config in enumerate(configs):
        program = f"no config {place}" if config is None else program_of(config)
        found[program].append(place)
        room[program] = 1 if config is None else min(most, seats(config))
    return [
        places[first : first + room[program]]
        for program, places in found.items()
        for first in range(0, len(places), room[program])
    ]


class Companion(NamedTuple):
    """One of several runs: what is asked, what it is measured by, what it has kept, its record, and where it stands."""

    order: Order
    work: Gauge
    past: folders.Trail
    ledger: Ledger
    state: State | None


def play_together(runs: Sequence[tuple[Config, Order]]) -> None:
    """Play the steps of runs that differ in dials alone, each into its own folder, and finish these. Whoever cannot take part,
    or goes no further, is left as it was or as an interrupted run is, for `run.carry_out` to play or to refuse.
    """
    with ExitStack() as claims:
        there = [part for config, order in runs if (part := seated(config, order, claims))]
        # Together are those that stand at one step and go on by one engine.
        abreast = defaultdict[tuple[int, str], list[Companion]](list)
        for part in there:
            abreast[-1 if part.state is None else step_of(part.state), part.ledger.backend].append(part)
        try:
            for parts in abreast.values():
                if len(parts) > 1:
                    play_company(parts)
        except KeyboardInterrupt:
            for part in there:
                if not part.ledger.is_finished:
                    part.ledger.leave(status="interrupted")
            raise


def seated(config: Config, order: Order, claims: ExitStack) -> Companion | None:
    """A run with its folder claimed, made ready; None where there is nothing to play, or where that fails."""
    try:
        claims.enter_context(folders.claimed(order.folder))
        ledger = run.opened(config, order)
        if ledger.is_finished:
            return None
        work, past, state = run.begun(config, order, ledger)
    except Exception:  # whatever it is, it comes again where the run is alone, and is told there
        return None
    return Companion(order, work, past, ledger, state) if state is None or not is_over(work.sim, state) else None


def play_company(parts: Sequence[Companion]) -> None:
    """Play a company to the end, looking at each run when it is due, as long as its folder takes it and it is not over."""
    first = -1 if parts[0].state is None else step_of(parts[0].state)
    try:
        with sharing(parts):
            running, moves = company_started(parts)
    except (Unusable, Untraceable):
        return
    there = dict(enumerate(parts))
    for k, part in there.items():
        if part.state is None:  # it begins, and its trail is that of the backend that it has begun with
            there[k] = part._replace(past=folders.trail(part.work.config, part.ledger.facts))
    sim, rows = parts[0].work.sim, len(parts[0].work.sim.source.seeds)
    for last, step in pairwise([first, *(step for step in sim.frame_steps if step > first)]):
        with sharing(list(there.values())):
            are_same = all(islice(moves, step - max(last, 0)))
            state = running.state()
        parts[0].order.watch(Progress(step, sim.steps, "training", {}))
        there = {k: part for k, part in there.items() if are_same and goes_on(part, row_of(state, k * rows, rows))}
        if not there:
            return


def goes_on(part: Companion, state: State) -> bool:
    """Look at a run and keep what is seen, and finish it when it is over; whether it has steps left, and a folder."""
    try:
        run.keep(looked(part.work, state), part.past, part.ledger)
        if is_over(part.work.sim, state):
            run.conclude(part.work, state, part.order, part.ledger)
    except Exception:  # it goes on alone from its last look, and what is wrong is told there
        return False
    return not is_over(part.work.sim, state)


def company_started(parts: Sequence[Companion]) -> tuple[Running, Iterator[bool]]:
    """The runs as one game at where they stand, and its moves, as `moves_checked` has them. Raises Unusable."""
    sims, backend = [part.work.sim for part in parts], parts[0].ledger.backend
    states = [sim.start if part.state is None else part.state for sim, part in zip(sims, parts, strict=True)]
    seeds, step, at = len(sims[0].source.seeds), sims[0].world.step, step_of(states[0])
    state, dials = side_by_side(states), dials_by_row([sim.world.dials for sim in sims], seeds)
    first = next(draws_of(parts, at))
    begun = begin(backend, step, state, first, dials, sims[0].steps - at)
    for part in parts:
        part.ledger.put(backend=begun.engine)
        part.ledger.write()
    # How a product or a sum is rounded may hang on where its numbers lie in memory, which is elsewhere for every run.
    one = begin(begun.engine, step, states[0], of_first(first, seeds), sims[0].world.dials).running
    apart = [one, *map(one.beside, states[1:])]
    alone = {k * seeds: pair for k, pair in enumerate(zip(apart, sims, strict=True))}
    return begun.running, moves_checked(begun.running, dials, alone, draws_of(parts, at))


def moves_checked(
    running: Running, dials: Dials, alone: Mapping[int, tuple[Running, Simulation]], draws: Iterable[Draw]
) -> Iterator[bool]:
    """The joint game's moves, without end: whether its numbers are those of every run by itself, as long as these are tried."""
    for k, draw in enumerate(draws):
        running.advance(draw, dials)
        yield k >= TRIED or all(is_alike(running, first, own, sim, draw) for first, (own, sim) in alone.items())


def is_alike(joint: Running, first: int, alone: Running, sim: Simulation, draw: Draw) -> bool:
    """Whether a run that takes this step alone stands where it stands in company, to the last bit."""
    seeds = len(sim.source.seeds)
    alone.advance(of_first(draw, seeds), sim.world.dials)
    return same_bits(row_of(joint.state(), first, seeds), alone.state())


def same_bits(one: State, other: State) -> bool:
    pairs = zip(named(one).values(), named(other).values(), strict=True)
    return all(on_host(a).tobytes() == on_host(b).tobytes() for a, b in pairs)


@contextmanager
def sharing(parts: Sequence[Companion]) -> Iterator[None]:
    """Charge every run of a company with its share of the core's seconds inside."""
    start = process_time()
    yield
    share = (process_time() - start) / len(parts)
    for part in parts:
        part.ledger.spend({"train": share})


# --- the seed axis ---------------------------------------------------------------------------------------------------


def side_by_side(states: Sequence[State]) -> State:
    """Several games' states as one: seeds one behind the other; the step and the number of moves are the same."""
    return mapped(lambda *each: torch.cat(each) if each[0].ndim else each[0], *states)


def row_of(state: State, first: int, rows: int) -> State:
    """The state of those seeds alone, in memory of its own."""
    return mapped(lambda leaf: leaf[first : first + rows].clone() if leaf.ndim else leaf, state)


def dials_by_row(dials: Sequence[Dials], seeds: int) -> dict[str, Tensor]:
    """The dials of several games as those of one: where they differ, a number for each seed."""

    def joined(key: str) -> Tensor:
        each = [own[key] for own in dials]
        same = all(torch.equal(one, each[0]) for one in each)
        return each[0] if same else torch.stack(each).repeat_interleave(seeds)

    return {key: joined(key) for key in dials[0]}


def of_first(draw: Draw, seeds: int) -> Draw:
    """The part of a joint draw that is one run's; every other's is the same."""
    return {name: numbers[:, :seeds].contiguous() for name, numbers in draw.items()}


def draws_of(parts: Sequence[Companion], first: int) -> Iterator[Draw]:
    """The draws of one run's steps, once for every run: streams know no dials."""
    sim = parts[0].work.sim
    for draw in draws(sim.source, first, like(sim.start)):
        yield {name: numbers.repeat(1, len(parts), *[1] * (numbers.ndim - 2)) for name, numbers in draw.items()}
