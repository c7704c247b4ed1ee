"""Where the runs of a sweep are played: processes of this machine (loky) or a Dask cluster.

Both are a pool that takes tasks and gives futures. Neither schedules by itself: loky and Dask do.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from queue import Empty
from time import monotonic, time
from typing import Any

from toygan.files.config import Config
from toygan.files.mistakes import UserError, shortened
from toygan.many.company import companies
from toygan.many.task import TOPIC, End, Task, brought_home, cargo_for, error_in_words, perform_all
from toygan.session.facts import Facts, read_facts

TICK = 0.5  # seconds between two looks at what is running
DEATHS = 3  # a run whose process died so often while it was at work goes on alone, to see whose fault it is
DEATHS_IN_A_ROW = 10  # without one run ended in between: something is wrong with the machine
ANSWER = 10.0  # seconds for a scheduler to answer
ASKING = 3.0  # seconds between two questions whether it has workers
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
FEW, PER_CORE = 16, 8  # processes that any machine bears, and that each of its cores does

Shares = dict[str, float]  # runs at work by name, and the share of their steps that is behind them
Listener = Callable[[Shares], None]
Waiting = dict[Future[list[End]], Sequence[Task]]  # several tasks are played as one game


def ends(tasks: Sequence[Task], pool: Pool, look: Listener) -> Iterator[tuple[Task, End]]:
    """Play every task in a pool and yield each with its end, as they come; `look` is called now and then.

    What was lost with a process is played again, and so is a task whose folder another process keeps: that it was
    `busy` is yielded, and its end later. Raises RuntimeError when the pool itself is lost.
    """
    suspects: list[Task] = []
    yield from together(tasks, pool, look, suspects)
    for task in suspects:
        while (end := alone(task, pool, look)).status == "busy":
            yield task, end
        yield task, end


def together(tasks: Sequence[Task], pool: Pool, look: Listener, suspects: list[Task]) -> Iterator[tuple[Task, End]]:
    """Play tasks side by side; those whose process died too often while they were at work are left as suspects."""
    waiting, deaths, in_a_row = submitted_at_first(tasks, pool), Counter[str](), 0
    while waiting:
        ended = looked(waiting, pool, look)
        at_work, lost, busy = pool.at_work(waiting), list[Task](), list[Task]()
        for future in ended:
            some = waiting.pop(future)
            found = ends_of(future, some)
            if not found:
                lost += some
                continue
            in_a_row = 0
            for task, end in zip(some, found, strict=True):
                busy += [task] if end.status == "busy" else []
                yield task, end
        waiting |= submitted(busy, pool)
        if lost:
            in_a_row += 1
            if in_a_row > DEATHS_IN_A_ROW:
                raise RuntimeError(f"{in_a_row} times in a row a process died before any run came to its end")
            pool.renew()
            deaths.update(task.name for task in lost if task.name in at_work or not at_work)
            suspects += [task for task in lost if deaths[task.name] >= DEATHS]
            waiting |= submitted((task for task in lost if deaths[task.name] < DEATHS), pool)


def alone(task: Task, pool: Pool, look: Listener) -> End:
    """Play a suspect with nobody else to blame."""
    waiting = submitted([task], pool)
    while not (ended := looked(waiting, pool, look)):
        pass
    if found := ends_of(ended.pop(), [task]):
        return found[0]
    pool.renew()
    return End("failed", f"its process died {DEATHS} times among others, then alone")


def submitted(tasks: Iterable[Task], pool: Pool) -> Waiting:
    return {pool.submit([task]): [task] for task in tasks}


def submitted_at_first(tasks: Sequence[Task], pool: Pool) -> Waiting:
    """The tasks that one game has room for are played together, where the pool can. One that is submitted again is alone."""
    if not pool.has_companies:
        return submitted(tasks, pool)
    found = companies([read_again(task) for task in tasks], pool.workers)
    games = ([tasks[place] for place in places] for places in found)
    return {pool.submit(some): some for some in games}


def read_again(task: Task) -> Config | None:
    """A task's config; None where there is something wrong with it, which the run itself tells."""
    try:
        return task.game
    except UserError:
        return None


def looked(waiting: Waiting, pool: Pool, look: Listener) -> set[Future[list[End]]]:
    """What has ended after a moment: something, nothing yet, or everything where the pool broke."""
    ended = wait(waiting, TICK, "FIRST_COMPLETED").done
    look(pool.at_work(waiting))
    broke = any(not one.cancelled() and isinstance(one.exception(), BrokenProcessPool) for one in ended)
    return wait(waiting).done if broke else ended


def ends_of(future: Future[list[End]], tasks: Sequence[Task]) -> list[End]:
    """The ends of tasks, brought home; none where they were lost with their process."""
    try:
        ends = future.result()
    except BrokenProcessPool:
        return []
    except CancelledError:
        raise RuntimeError("the Dask cluster is lost: its scheduler does not answer any more") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # such as a run that killed its Dask worker too often
        return [End("failed", error_in_words(error))] * len(tasks)
    return [brought_home(task, end) for task, end in zip(tasks, ends, strict=True)]


class Local:
    """Processes of this machine, one thread each, that play every run in its own folder."""

    has_companies = True

    def __init__(self, workers: int) -> None:
        self.workers, self.started = workers, time()
        self.renew()

    def renew(self) -> None:
        """Start afresh, at first and after a process died."""
        from joblib.externals.loky import ProcessPoolExecutor

        self.pool = ProcessPoolExecutor(self.workers, env=ONE_THREAD)

    def kill(self) -> None:
        """End at once. Loky stumbles with a traceback over work that it has not taken from its queue: leave it none."""
        with suppress(Empty):
            while True:
                self.pool._work_ids.get_nowait()
        self.pool.shutdown(wait=True, kill_workers=True)

    def trouble(self) -> str:
        """Nothing: the processes are our own."""
        return ""

    def submit(self, tasks: Sequence[Task]) -> Future[list[End]]:
        """Play a task, or several that differ in dials alone as one game."""
        return self.pool.submit(perform_all, tasks, driver=os.getpid())

    def at_work(self, waiting: Waiting) -> Shares:
        """Those whose record was written since the sweep began and does not say that it ended."""
        begun = (tasks for future, tasks in waiting.items() if future.running() or future.done())
        given = itertools.chain.from_iterable(begun)
        known = ((task.name, record_since(self.started, task.folder)) for task in given)
        return {name: facts.step / max(facts.steps, 1) for name, facts in known if facts and facts.status == "running"}


def record_since(began: float, folder: Path) -> Facts | None:
    """What a folder says of its run, if it was written since a time; None where nothing of the kind is there."""
    try:
        return read_facts(folder) if (folder / "run.json").stat().st_mtime > began else None
    except (OSError, ValueError):  # none, somebody else's, or gone meanwhile: it is told when the run has ended
        return None


@contextmanager
def local(workers: int | None = None, runs: int = 1) -> Iterator[Local]:
    """A process for every core, or so many, but no more than there are runs; UserError for more than such a machine bears."""
    from joblib import cpu_count

    cores = cpu_count()
    most = max(FEW, PER_CORE * cores)
    if workers is not None and not 1 <= workers <= most:
        raise UserError(f"--workers {shortened(str(workers))}: must be 1 to {most}; this machine has {cores} cores")
    pool = Local(max(1, min(workers or cores, runs)))
    try:
        yield pool
    except BaseException:
        pool.kill()
        raise
    pool.pool.shutdown(wait=True)


class Cluster:
    """The workers of a Dask cluster; a run travels there by itself, as data, and back as bytes."""

    has_companies = False

    def __init__(self, client: Any) -> None:
        self.client, self.names, self.shares = client, dict[str, str](), Shares()
        self.address, self.asked, self.alone = client.scheduler.address, 0.0, False
        self.pool = client.get_executor(pure=False)
        client.subscribe_topic(TOPIC, self.hear)

    @property
    def workers(self) -> int:
        """How many runs the workers that are there now play at once."""
        try:
            return sum(self.client.nthreads().values())
        except (OSError, TimeoutError):  # a lost scheduler is told by its futures
            return 0

    def renew(self) -> None:
        """Dask renews its workers itself."""

    def trouble(self) -> str:
        """Whether no worker is there; asked now and then."""
        if monotonic() - self.asked > ASKING:
            self.asked = monotonic()
            self.alone = not self.workers
        return f"the scheduler has no workers; waiting for one (dask worker {self.address} --nthreads 1)" * self.alone

    def submit(self, tasks: Sequence[Task]) -> Future[list[End]]:
        """Play one task on one of the workers; its key is its own, so that what still runs there is found again."""
        (task,) = tasks
        try:
            cargo = cargo_for(task)
        except OSError as error:  # such as a points file that has gone
            ended: Future[list[End]] = Future()
            ended.set_result([End("failed", error_in_words(error))])
            return ended
        digest = hashlib.sha256(json.dumps([task.name, task.config], sort_keys=True).encode()).hexdigest()
        key = f"{task.name}-{digest[:16]}"
        self.names[key] = task.name
        return self.pool.submit(perform_all, tasks, cargo=cargo, key=key)

    def hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        said = event[1]
        if said["key"] in self.names:
            self.shares[self.names[said["key"]]] = said["share"]

    def at_work(self, waiting: Waiting) -> Shares:
        """Those of which a worker told and that have not ended."""
        return {task.name: self.shares[task.name] for (task,) in waiting.values() if task.name in self.shares}


@contextmanager
def cluster(address: str | None) -> Iterator[Cluster]:
    """The Dask cluster at an address; UserError where there is none."""
    if not address:
        raise UserError(
            "--engine dask: needs --address, the one that `dask scheduler` prints; for example tcp://127.0.0.1:8786"
        )
    try:
        from distributed import Client
    except ImportError:
        raise UserError("--engine dask: Dask is not installed; pip install 'toygan[dask]'") from None
    try:
        who = answering(address)
        if who != "Scheduler":
            raise UserError(f"--address {address}: a Dask {who.lower()} answers there; give the scheduler's address")
        client = Client(address, timeout=ANSWER, set_as_default=False)
    except UserError:
        raise
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"--address {address}: no Dask scheduler answers there ({error_in_words(error)})") from None
    talk = logging.getLogger("distributed.client")
    before = talk.level
    talk.setLevel(logging.CRITICAL)  # a lost scheduler is told once, by us
    try:
        with client:
            yield Cluster(client)
    finally:
        talk.setLevel(before)


def answering(address: str) -> str:
    """What answers at an address: `Scheduler`, `Worker` or `Nanny`. Raises OSError, ValueError or TypeError where nothing
    does.

    A client that finds nobody is not closed and complains at the end of the program: so ask before there is one.
    """
    from distributed import Security, rpc

    async def ask() -> str:
        async with rpc(address, timeout=ANSWER, connection_args=Security().get_connection_args("client")) as there:
            return str((await asyncio.wait_for(there.identity(), 2 * ANSWER))["type"])

    with ThreadPoolExecutor(1) as thread:  # a notebook has a loop of its own in this one
        return thread.submit(lambda: asyncio.run(ask())).result()


Pool = Local | Cluster
ENGINES: dict[str, Callable[[int | None, str | None, int], AbstractContextManager[Pool]]] = {
    "local": lambda workers, address, runs: local(workers, runs),
    "dask": lambda workers, address, runs: cluster(address),
}
