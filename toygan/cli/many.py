"""The commands for many runs: `sweep` and `table`. They are put onto the command line by `cli`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from toygan.cli import drawing
from toygan.cli.completion import complete_method, complete_quantity, complete_scenario, complete_setting
from toygan.cli.exits import SOME_FAILED, clear_faults, complain
from toygan.cli.shared import Changes, OwnCode, again, argument, duration, option, with_budget
from toygan.files.mistakes import UserError
from toygan.files.text import room, say, tell, visible

if TYPE_CHECKING:
    from toygan.draw import Options
    from toygan.many.sweep import Plan, SaidAt, Standing, Watch
    from toygan.many.table import Table
    from toygan.many.task import Task
    from toygan.view.records import Record

EVERY = 10.0  # seconds between plain lines where stderr is no terminal
MOST = 4  # names of runs at work that are shown
PICTURES = ("methods", "quality-against-time", "grid")

OF_METHODS = "Repeat it, or say all; each scenario's own by default."
OF_ENGINES = "local: the cores of this machine; dask: a cluster."
OF_MEASURE = "A function of yours (points [n, 2], real [n, 2]) -> number, measured at every frame; repeatable."
OF_PANELS = f"Of the pictures over all runs these alone: {', '.join(PICTURES)}."
OF_KEYS = "Keys, with commas: method/scenario. Settings of a grid stay apart."
OF_NAMES = "Another name for a column, method or scenario; in LaTeX may be $...$. Repeat it."
OF_BEST = "In markdown and LaTeX, the best of a column and its ties in bold."

Scenarios = Annotated[list[str], argument("SCENARIO", "Names, or paths; or one sweep file.", complete_scenario)]
Methods = Annotated[list[str], option("--method -m", "METHOD", OF_METHODS, complete_method)]
Seeds = Annotated[int | None, typer.Option(metavar="N", min=1, help="How many seeds every run trains together.")]
Steps = Annotated[int | None, typer.Option(metavar="N", min=1, help="Generator steps of every run.")]
Grid = Annotated[list[str], option("--grid", "KEY=V1,V2,...", "A setting's values.", complete_setting)]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Where the run folders go; runs by default.")]
Engine = Annotated[str, option("--engine", "NAME", OF_ENGINES, ("local", "dask"))]
Address = Annotated[str | None, typer.Option(metavar="URL", help="The Dask scheduler's, tcp://HOST:8786.")]
OwnMeasures = Annotated[list[str], option("--measure", "FILE.py:NAME", OF_MEASURE)]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Local processes; one a core by default.")]
Kinds = Annotated[str | None, option("--panels", "NAME,...", OF_PANELS)]


def sweep(
    context: typer.Context,
    scenarios: Scenarios,
    methods: Methods = [],  # noqa: B006
    seeds: Seeds = None,
    grid: Grid = [],  # noqa: B006
    changes: Changes = [],  # noqa: B006
    measures: OwnMeasures = [],  # noqa: B006
    own: OwnCode = [],  # noqa: B006
    out: Out = None,
    engine: Engine = "local",
    address: Address = None,
    workers: Workers = None,
    animation: Annotated[bool, typer.Option("--animation/--no-animation", help="Draw a film of every run.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace what the folders hold.")] = False,
    steps: Steps = None,
    formats: drawing.PictureFormats = [],  # noqa: B006
    panels: Kinds = None,
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many runs and how long, and play none.")] = False,
) -> None:
    """Do many runs: scenarios by methods by settings; the same command goes on where it was."""
    with clear_faults("\n    nothing is lost: the same command goes on", "; the same command goes on from here"):
        from toygan.many import sweep as sweeps

        drawing.refuse_films(formats)
        options, wanted = drawing.looked(look), drawing.panels_in(panels, PICTURES)
        drawing.fits(options, formats or ["png"])
        changes = [*with_budget(changes, steps), *measuring(measures)]
        plan, places = plan_of(scenarios, methods, seeds, grid, changes, own, out, animation)
        tasks, place = sweeps.planned(plan, places), Path(plan.out)
        if dry_run:
            say(forecast(tasks, engine, address, workers))
            return
        tell_of(tasks)
        with watching() as watch:
            failed = sweeps.carry_out(tasks, place, engine, address, workers, fresh, watch, complain)
        command = again(context, "out")
        show_results(sweeps.outcome(tasks, failed), place, formats or ["png"], options, wanted or PICTURES, command)
        tell_failed(failed, len(tasks))


def tell_failed(failed: dict[str, str], tasks: int | None = None) -> None:
    """Say which runs failed and why, and end so."""
    if failed:
        listed = "".join(f"\n    {name}: {message}" for name, message in failed.items())
        told = f"{len(failed)} of {tasks}" if tasks else f"{len(failed)}"
        complain(f"{told} runs failed; the same command tries them again{listed}")
        raise typer.Exit(SOME_FAILED)


def measuring(words: list[str]) -> list[str]:
    """The change that names measures of one's own, if there are any."""
    return [f"measures={json.dumps(words)}"] if words else []


def tell_of(tasks: Sequence[Task]) -> None:
    """What the owner of each scenario's target may not expect, by the scenario's first run."""
    from toygan.cli.console import tell_advice

    first = {task.config["name"]: task for task in reversed(tasks)}
    tell_advice(task.game for task in reversed(first.values()))


def plan_of(
    scenarios: list[str],
    methods: list[str],
    seeds: int | None,
    grid: list[str],
    changes: list[str],
    own: list[str],
    out: Path | None,
    animation: bool,
) -> tuple[Plan, SaidAt]:
    """What the words of the command ask for, and where in a sweep file the rest stands; its keys give way to them."""
    from toygan.files.own import allow, allow_named
    from toygan.files.strict import parse_override
    from toygan.many import sweep as sweeps

    on_grid = sweeps.grid_of(grid)
    allow_named(own)
    allow([*scenarios, *methods, *changes, *(value for values in on_grid.values() for value in values)])
    files = [name for name in scenarios if sweeps.is_sweep_file(name)]
    if files and len(scenarios) > 1:
        raise UserError(f"{files[0]}: is a sweep file, and stands alone")
    plan, places = sweeps.Plan(scenarios=tuple(scenarios)), sweeps.NOWHERE
    if files:
        plan, places = sweeps.read_plan(Path(files[0]))
    overrides = {".".join(key): value for key, value in map(parse_override, changes)}
    said = {
        "methods": tuple(methods) or plan.methods,
        "seeds": seeds or plan.seeds,
        "grid": sweeps.flat(plan.grid) | on_grid,
        "set": sweeps.flat(plan.set) | overrides,
        "out": str(out or plan.out),
        "animation": animation or plan.animation,
    }
    typed = {("grid", key) for key in on_grid} | {("set", key) for key in overrides}
    typed |= {(name, "") for name, value in (("methods", methods), ("seeds", seeds), ("out", out)) if value}
    return plan.model_copy(update=said), {key: place for key, place in places.items() if key not in typed}


def forecast(tasks: Sequence[Task], engine: str, address: str | None, workers: int | None) -> str:
    """How many runs there are, how many are still to be played, and about how long that takes."""
    from toygan.many import sweep as sweeps

    todo = sweeps.unfinished(tasks, fresh=False)
    line = f"{len(tasks)} runs, {len(tasks) - len(todo)} of them finished"
    if not todo:
        return line
    seconds = sweeps.estimated_seconds(todo)
    with sweeps.pool_of(engine, workers, address, len(todo)) as pool:
        at_once, trouble = max(1, min(pool.workers, len(todo))), pool.trouble()
    if trouble:
        complain(trouble)
    return f"{line}; about {duration(seconds / at_once)} on {at_once} workers ({duration(seconds)} of one core)"


def show_results(
    rows: list[Record], place: Path, formats: Sequence[str], options: Options, wanted: Sequence[str], command: str
) -> None:
    from toygan.draw.sweep import save_sweep
    from toygan.many.table import medians
    from toygan.many.written import parted, written

    if not rows:
        return
    say(written(parted(medians(rows), room()), "text"))
    drawn = save_sweep(rows, place, formats=formats, options=options, wanted=wanted, command=command)
    for path in [place / "results.csv", *drawn]:
        say(path)


@contextmanager
def watching() -> Iterator[Watch]:
    """A watcher that shows one bar for all runs on a terminal, and now and then a plain line elsewhere."""
    from toygan.cli.console import err

    if not err.is_terminal:
        yield plain_lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("sweep"), BarColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False))
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("sweep", total=1.0, note="starting")
        yield lambda standing: bar.update(task, completed=standing.share, note=visible(counts(standing)))


def plain_lines() -> Watch:
    """A watcher that prints a line when a run ends, but not too often, and every few seconds."""
    began, last, told = monotonic(), [0.0], [""]

    def watch(standing: Standing) -> None:
        over = standing.kept + standing.ended.total() == standing.total
        if over or standing.note != told[0] or monotonic() - last[0] > EVERY:
            last[0], told[0] = monotonic(), standing.note
            share, spent = standing.share, monotonic() - began
            left = f"  {duration(spent * (1 - share) / share)} left" if 0.02 < share < 1 and spent > 5 else ""
            tell(f"sweep: {counts(standing)}{left}")

    return watch


def counts(standing: Standing) -> str:
    """How many runs ended how, which are at work, and what the others wait for, if it is for something else than their turn."""
    ended = standing.ended
    over = standing.kept + ended.total()
    parts = [f"{over} of {standing.total} runs", *([f"{standing.kept} kept"] if standing.kept else [])]
    parts += [f"{ended[status]} {status}" for status in ("done", "diverged", "failed")]
    names = [f"{name} {share:.0%}" for name, share in list(standing.at_work.items())[:MOST]]
    more = f" and {len(standing.at_work) - MOST} more" if len(standing.at_work) > MOST else ""
    at_work = f"; at work: {', '.join(names)}{more}" if names else ""
    busy = sorted(standing.busy)
    more = f" and {len(busy) - MOST} more" if len(busy) > MOST else ""
    waiting = f"; another process is at work in: {', '.join(busy[:MOST])}{more}" if busy else ""
    return ", ".join(parts) + at_work + waiting + (f"; {standing.note}" if standing.note else "")


By = Annotated[str, option("--by", "ROWS[/COLUMNS]", OF_KEYS)]
Form = Annotated[str, option("--format", "NAME", "text, markdown, csv or latex.", ("text", "markdown", "csv", "latex"))]
Measures = Annotated[list[str], option("--measure", "QUANTITY", "Repeat it, or say all.", complete_quantity)]
Names = Annotated[list[str], option("--name", "OLD=NEW", OF_NAMES)]
Best = Annotated[bool, typer.Option("--best/--no-best", help=OF_BEST)]


def table(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with runs at any depth.")],
    by: By = "",
    form: Form = "text",
    measures: Measures = [],  # noqa: B006
    against: Annotated[str | None, typer.Option(metavar="METHOD", help="The one to compare others with.")] = None,
    names: Names = [],  # noqa: B006
    best: Best = True,
) -> None:
    """Sum many runs up: rates and medians with 95 % intervals, differences between methods paired by seed."""
    with clear_faults():
        from toygan.many.results import records, run_folders
        from toygan.many.written import new_names, parted, renamed, written

        chosen = new_names(names)
        rows = records(run_folders(folder), complain)
        wanted = measures or (["all"] if form == "csv" and "/" not in by else [])
        found = tables_of(rows, by, wanted, against, best and form in ("markdown", "latex"))
        found = [renamed(table, chosen) for table in found]
        shown = [part for table in found for part in parted(table, room())] if form == "text" else found
        say(written(shown, form), end="")


def tables_of(rows: list[Record], by: str, measures: list[str], against: str | None, best: bool) -> list[Table]:
    """The medians and the differences; with columns asked for, one measure across them; the best marked if wanted."""
    from toygan.many.table import crossed, differences, marked, medians

    marking = marked if best else (lambda table: table)
    down, across = (re.findall(r"[^,\s]+", side) for side in by.partition("/")[::2])
    if not across:
        found = [marking(medians(rows, down, measures)), differences(rows, down, measures, against)]
        return [table for table in found if table]
    measure = (measures or ["w1"])[0]
    return [crossed(marking(medians(rows, [*down, *across], [measure])), across, measure)]
