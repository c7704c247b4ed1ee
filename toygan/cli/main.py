"""The command line. Results go to stdout, progress and complaints to stderr.

Heavy things are imported where they are used.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

import toygan
from toygan.cli import check, distance, drawing, exhibits, exits, lab, many, protocol, shared, views
from toygan.cli.completion import complete_list, complete_method, complete_name, complete_scenario
from toygan.cli.shared import Changes, Json, OwnCode, again, argument, option, sharing
from toygan.cli.streams import mend_streams
from toygan.files.mistakes import UserError, suggestion
from toygan.files.text import room, say, say_json

if TYPE_CHECKING:
    from toygan.draw import Options, Pace
    from toygan.files.config import Config
    from toygan.many.run import Order
    from toygan.session.recording import Recording

    Job = tuple[Config, Order]


class Commands(TyperGroup):
    """The commands; what is wrong with a command line is said like every other mistake."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line, and end the program unless that is not wanted."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except TyperException as error:
            if not standalone_mode:
                raise
            complain_of_usage(error)
            code = error.exit_code
        return sys.exit(code or 0) if standalone_mode else code

    def get_params(self, ctx: Any) -> list[Any]:
        return plainly(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command, whose help says what is meant and names no types of a programming language."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            plainly(command.get_params(ctx))
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Every command with all that is said of it, wrapped where there is no room."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.get_command(ctx, name).help) for name in self.list_commands(ctx)])


def plainly(params: list[Any]) -> list[Any]:
    """Parameters that tell no type and no range beside what they are called: a switch has none, a word says the rest."""
    for param in params:
        param._get_number_range_help_str = nothing
        if getattr(param, "is_flag", True):  # an argument is no flag, and is called what it is
            param.display_type_rich = nothing
    return params


def nothing(ctx: Any = None) -> None:
    """What there is to say of the type of a switch."""


def complain_of_usage(error: TyperException) -> None:
    """One message, with what to type next: the command that says more, and examples where a word is missing."""
    context = getattr(error, "ctx", None)
    command = context.command.name if context else None
    lines = [re.sub(r"\s*\n\s*", " ", error.format_message())]
    if type(error).__name__ == "MissingParameter" and command in EXAMPLES:
        lines += ["for example", *in_lines(EXAMPLES[command], room(sys.stderr) - 4)]
    exits.complain("\n    ".join([*lines, *([f"{context.command_path} --help says more"] if context else [])]))


def in_lines(commands: dict[str, str], columns: int) -> list[str]:
    return shared.in_columns([(f"    {command} ", does) for command, does in commands.items()], columns).split("\n")


WIDEST = 110  # columns of help
# New objects between two searches for garbage, and how many of these between deeper ones: what is imported is no garbage.
SELDOM = (200_000, 10, 5)
ABOUT = "The laboratory for GANs on distributions that fit on a sheet of paper."
MORE = "toygan --help names every command, toygan COMMAND --help its options."
OF_VERSION = "Say the version and end."
FIRST = {
    "toygan run swiss-roll": "train a GAN and draw what happened",
    "toygan demo": "what there is to ask; toygan demo NAME answers",
    "toygan list": "every name; toygan show NAME explains one",
}
# command -> what may be typed where a word is missing
EXAMPLES: dict[str | None, dict[str, str]] = {
    "run": {
        "toygan run swiss-roll": "the usual method, wgan-gp",
        "toygan run eight-gaussians -m gan -m r3gan": "two methods side by side",
        "toygan list scenarios": "every scenario there is",
    },
    "draw": {"toygan draw runs/swiss-roll/wgan-gp": "the folder that toygan run named"},
    "compare": {"toygan compare runs/swiss-roll/gan runs/swiss-roll/wgan": "two runs"},
    "show": {
        "toygan show wgan-gp": "a method, a scenario, an exhibit ...",
        "toygan show w1": "a quantity",
        "toygan show mode-collapse": "a label of the diagnosis",
        "toygan list": "every name",
    },
    "sweep": {"toygan sweep swiss-roll -m gan -m wgan-gp --seeds 8": "with 8 seeds each"},
    "table": {"toygan table runs": "the folder that toygan run or toygan sweep filled"},
    "distance": {"toygan distance swiss-roll two-moons": "how far targets are apart"},
    "check": {"toygan check mine.py:my_loss": "a function in a file of yours"},
}


app = typer.Typer(
    cls=Commands,
    help=ABOUT,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # which takes [n, 2] for a command of its own, and cuts words where a terminal is narrow
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
)


def tell_version(wanted: bool) -> None:
    if wanted:
        say(f"toygan {toygan.__version__}")
        raise typer.Exit


@app.callback()
def toygan_itself(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=tell_version, is_eager=True, help=OF_VERSION)] = False,
) -> None:
    """The laboratory for GANs on distributions that fit on a sheet of paper."""
    if context.invoked_subcommand is None:
        say("\n".join([ABOUT, "", *in_lines(FIRST, room()), "", MORE]))


def main() -> None:
    """Run the command line."""
    mend_streams()
    gc.set_threshold(*SELDOM)
    atexit.register(gc.disable)  # the last search, through all that was imported, frees what the system frees anyway
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, exits.stop)
    try:
        app()
    except (KeyboardInterrupt, SystemExit):  # typer takes a stop outside of a command without a word
        if not exits.stopping.is_set():
            raise
        exits.complain("interrupted")
        sys.exit(exits.INTERRUPTED)
    except OSError as error:  # what is printed outside of a command, such as help, onto a full disk
        exits.complain(exits.fault_in_words(error))
        sys.exit(exits.FAILED)


OF_SCENARIO = "A shipped name, the path of a .toml, or a target of yours, FILE.py:NAME."
OF_METHODS = "A name, or OBJECTIVE+CONSTRAINT. Repeat it to compare."
OF_LISTS = "scenarios, methods, objectives, targets, critics, quantities, labels, exhibits, ...; all by default."
Methods = Annotated[list[str], option("--method -m", "METHOD", OF_METHODS, complete_method)]
Page = Annotated[bool, typer.Option("--page", help="Make a page to play with, page/index.html, that opens from disk.")]
Folder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
BACKENDS = ("auto", "eager", "onnx", "cuda")
OF_BACKENDS = "What runs the steps: auto, eager, onnx or cuda; auto is the fastest that is there."
OF_THREADS = "CPU threads of eager steps; more than one rarely helps."
OF_OUT = "Where picture and film go; the runs' common folder by default."


@app.command()
def run(
    scenario: Annotated[str, argument("SCENARIO", OF_SCENARIO, complete_scenario)],
    methods: Methods = [],  # noqa: B006  (typer copies it)
    seeds: Annotated[int | None, typer.Option(metavar="N", min=1, help="How many seeds to train together.")] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", min=1, help="Generator steps.")] = None,
    changes: Changes = [],  # noqa: B006
    measures: many.OwnMeasures = [],  # noqa: B006
    own: OwnCode = [],  # noqa: B006
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the run folders go.")] = Path("runs"),
    device: Annotated[str, option("--device", "NAME", "auto, cpu or cuda.", ("auto", "cpu", "cuda"))] = "auto",
    backend: Annotated[str, option("--backend", "NAME", OF_BACKENDS, BACKENDS)] = "auto",
    threads: Annotated[int, typer.Option(metavar="N", min=1, help=OF_THREADS)] = 1,
    animation: Annotated[bool, typer.Option("--animation/--no-animation", help="Draw the film.")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace what the folder holds.")] = False,
    page: Page = False,
    as_json: Json = False,
) -> None:
    """Train a generator against a critic, and show what happened."""
    with exits.clear_faults(
        "\n    nothing is lost: the same command goes on from the last frame", "; the same command goes on from here"
    ):
        from toygan.files.own import allow_named
        from toygan.many.run import Order

        shared.use_threads(threads)
        allow_named(own)
        wanted = Order(out, device=device, animation=animation, fresh=fresh, backend=backend)
        changes = shared.with_budget([*changes, *many.measuring(measures)], steps, seeds)
        jobs = prepared(scenario, methods, changes, wanted)
        recordings, faults = run_all(jobs)
        if not recordings:
            raise faults[-1]
        report(recordings, faults, animation, page, as_json)
        if faults:
            raise typer.Exit(exits.SOME_FAILED)


def prepared(scenario: str, methods: list[str], changes: list[str], wanted: Order) -> list[Job]:
    """One job a method; every one is checked before the first one starts."""
    from toygan.files.own import allow
    from toygan.many import run

    allow([scenario, *methods, *changes])
    asked: list[str | None] = [*dict.fromkeys(methods)] or [None]
    return [run.prepared(scenario, method, changes, wanted) for method in asked]


def run_all(jobs: list[Job]) -> tuple[list[Recording], list[BaseException]]:
    """One run after the other; of several, one that fails does not keep the others from running."""
    from toygan.cli.console import tell_advice, watching
    from toygan.many import run

    tell_advice(config for config, _ in jobs)
    recordings, faults = list[Any](), list[BaseException]()
    for config, order in jobs:
        name = f"{config.name} / {config.method.name}"
        try:
            with watching(name) as watch:
                recordings.append(run.carry_out(config, order._replace(watch=watch)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of a run's own code
            if len(jobs) == 1 or exits.stopping.is_set():
                raise
            exits.complain(f"{name}: {error if isinstance(error, UserError) else exits.fault_in_words(error)}")
            faults.append(error)
    return recordings, faults


def report(recordings: list[Recording], faults: list[BaseException], film: bool, page: bool, as_json: bool) -> None:
    """What the runs came to; several end with a picture side by side."""
    from toygan.cli.console import print_summary, print_table

    place = common_folder(recordings) if len(recordings) > 1 else recordings[0].folder
    formats = ["png", "gif"] if film else ["png"]
    paths = draw_comparison(recordings, place, formats) if len(recordings) > 1 and place else {}
    paths |= write_page(recordings, place) if page and place else {}
    if as_json:
        told = [dict(recording.facts.said) | {"folder": str(recording.folder)} for recording in recordings]
        several = {"runs": told, "failed": [str(fault) for fault in faults]}
        say_json((told[0] if len(told) == 1 and not faults else several) | paths)
    elif len(recordings) == 1:
        print_summary(recordings[0])
        say("\n".join(paths.values()), end="\n" if paths else "")
    else:
        print_table(recordings, paths)


def write_page(recordings: list[Recording], folder: Path) -> dict[str, str]:
    """The page of several runs, or of one, in `page/` below a folder; where it is."""
    from toygan.site.page import write_page as write
    from toygan.view.apart import worlds

    titles = dict.fromkeys(worlds(recordings))
    methods = dict.fromkeys(recording.facts.method for recording in recordings)
    about = dict.fromkeys(str(recording.facts.config.get("about", "")) for recording in recordings)
    commands = dict.fromkeys(recording.facts.command for recording in recordings)
    folders = [recording.folder for recording in recordings if recording.folder]
    title = f"{', '.join(titles)}: {', '.join(methods)}"
    page = write(folder / "page", title, "\n\n".join(filter(None, about)), folders, "\n".join(commands))
    return {"page": shown(page)}


def common_folder(recordings: list[Recording]) -> Path:
    return Path(os.path.commonpath([recording.folder.resolve().parent for recording in recordings if recording.folder]))


def draw_comparison(recordings: list[Recording], folder: Path, formats: list[str]) -> dict[str, str]:
    """Pictures and films of several runs, with the command that draws them again; where they are."""
    from toygan.draw import Options, Pace

    folders = [shared.folder_told(recording.folder) for recording in recordings if recording.folder]
    told = [*recordings[:-1], drawing.with_command(recordings[-1], shlex.join(["toygan", "compare", *folders]))]
    stem = usable(folder) / "comparison"
    return draw_all(formats, stem, partial(drawing.drawn_together, told, pace=Pace(), options=Options()))


def draw_all(formats: list[str], stem: Path, draw: Callable[..., None]) -> dict[str, str]:
    """Draw STEM in every format; where picture and film are, and further ones by their format too, such as `picture.pdf`."""
    found: dict[str, str] = {}
    for suffix in formats:
        kind, path = "picture" if suffix in drawing.PICTURES else "film", stem.with_name(f"{stem.name}.{suffix}")
        draw(path=path)
        found[f"{kind}.{suffix}" if kind in found else kind] = shown(path)
    return found


def shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def draw(
    context: typer.Context,
    folder: Folder,
    formats: drawing.Formats = [],  # noqa: B006
    asked: drawing.Wanted = drawing.Wanted(),  # noqa: B008
    film: drawing.Film = drawing.Film(),  # noqa: B008
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    critics: drawing.Critics = drawing.Critics(),  # noqa: B008
    own: OwnCode = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Another folder for the files.")] = None,
    page: Page = False,
) -> None:
    """Draw a run again from its recording, or more points of its generators; nothing is trained."""
    with exits.clear_faults():
        from toygan.files.own import allow_named

        allow_named(own)
        chosen, other = asked.chosen, [f"--{name}" for name in asked.own if name in ("points", "view")]
        options = drawing.looked(look, critics, *other[:1])
        still = asked.own or chosen.in_panels or look.type_size or options.mm
        formats = drawing.chosen_formats(formats, ["png"] if still else ["png", "gif"])
        drawing.go_together(asked, options, formats, chosen.in_panels or (look.style != "paper" and not asked.own))
        recording, pace = opened(folder), drawing.pace_of(formats, film, options.px)
        place = usable(out or folder)
        moments = views.seen_by(recording, asked.view, chosen.steps, formats) if asked.view else [recording]
        recordings = [one for moment in moments for one in drawing.seeds_seen(moment, chosen.seed, options.points)]
        if shared.options_again(context):  # without any it is the picture that the run's own command makes
            recordings = [drawing.with_command(one, again(context)) for one in recordings]
        looks = [] if asked.view else drawing.looks_of(recording, chosen.steps, formats)
        for suffix in formats:
            say(drawn_as_asked(recordings, place, suffix, asked, looks, pace, options))
        if page:
            say(write_page([recording], place)["page"])


def drawn_as_asked(
    recordings: list[Recording],
    place: Path,
    suffix: str,
    asked: drawing.Wanted,
    looks: list[int],
    pace: Pace,
    options: Options,
) -> Path:
    """Draw what is asked for of a run, one seed of it or all, into a folder, in one format; where it is."""
    tail, first = asked.chosen.tail, recordings[0]
    if asked.points:
        return views.drawn_points(first, asked.points, suffix, place, options)
    if asked.view:
        steps = [f"-step-{one.facts.step}" for one in recordings if asked.chosen.steps]
        return views.drawn_view(recordings, asked.view, suffix, place, options, "".join([*steps, tail]))
    if asked.chosen.in_panels:
        path = place / f"panels{tail}.{suffix}"
        names = drawing.names_in(asked.chosen.panels, "critic")
        drawing.chosen_panels(recordings, names, path, [looks] * len(recordings), options)
    elif looks:
        path = place / f"steps{tail}.{suffix}"
        drawing.drawn_looks(first, path, looks, options)
    else:
        stem = "animation" if suffix in drawing.FILMS else "picture" if options.style == "paper" else "slide"
        path = place / f"{stem}{tail}.{suffix}"
        drawing.drawn(first, path, pace, options)
    return path


def usable(folder: Path) -> Path:
    """The folder, made if need be; UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be used ({error.strerror}); choose another place with --out") from None
    return folder


def opened(folder: Path) -> Recording:
    """The recording of a folder; UserError where there is none."""
    from toygan.session.recording import load

    try:
        return load(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{folder}: holds no finished run; {unfinished(folder)}") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UserError(f"{folder}: cannot be read as a run ({error})") from None


def unfinished(folder: Path) -> str:
    """How a run that was begun in a folder ends; how one begins where there is none."""
    from toygan.session.facts import read_facts

    try:
        facts = read_facts(folder)
    except (OSError, ValueError):
        return "toygan run makes one"
    reached = f"one is there that got to step {facts.step} of {facts.steps} ({facts.status})"
    return f"{reached}, and goes on by its command\n    {facts.command}"


def compare(
    context: typer.Context,
    folders: Annotated[list[Path], typer.Argument(metavar="RUN", help="Folders of finished runs.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help=OF_OUT)] = None,
    formats: drawing.Formats = [],  # noqa: B006
    chosen: drawing.Selected = drawing.Selected(),  # noqa: B008
    film: drawing.Film = drawing.Film(),  # noqa: B008
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    critics: drawing.Critics = drawing.Critics(),  # noqa: B008
    animation: Annotated[bool, typer.Option("--animation/--no-animation", help="Draw the film.")] = True,
    page: Page = False,
    as_json: Json = False,
) -> None:
    """Put several runs side by side: one picture, one film, every measure with its floor."""
    with exits.clear_faults():
        if len(folders) < 2:
            raise UserError("compare needs two runs or more")
        if not animation and (films := [suffix for suffix in formats if suffix in drawing.FILMS]):
            raise UserError(f"--no-animation: leaves no film, and --format {films[0]} is one; leave out either")
        options, asked = drawing.looked(look, critics), drawing.Wanted(chosen=chosen)
        own = bool(asked.own or chosen.in_panels)
        still = own or look.type_size or options.mm or not animation
        formats = drawing.chosen_formats(formats, ["png"] if still else ["png", "gif"])
        drawing.go_together(asked, options, formats, own)
        pace, played = drawing.pace_of(formats, film, options.px), [opened(folder) for folder in folders]
        place = usable(out or common_folder(played))
        told = [*played[:-1], drawing.with_command(played[-1], again(context))]
        each = drawing.seeds_of_each(told, chosen.seed, options.points)
        stem, draw_one = "comparison", partial(drawing.drawn_together, [one for one, *_ in each], pace=pace)
        if own:
            stem = "comparison-panels" if chosen.in_panels else "comparison-steps"
            draw_one = partial(drawing.drawn_apart, each, chosen=chosen)
        paths = draw_all(formats, place / f"{stem}{chosen.tail}", partial(draw_one, options=options))
        paths |= write_page(played, place) if page else {}
        tell_compared(played, paths, as_json)


def tell_compared(recordings: list[Recording], paths: dict[str, str], as_json: bool) -> None:
    from toygan.cli.console import print_measures, print_table, table_rows

    if as_json:
        say_json({"runs": table_rows(recordings)} | paths)
    else:
        print_measures(recordings)
        print_table(recordings, paths)


@app.command("list")
def list_(what: Annotated[str, argument("WHAT", OF_LISTS, complete_list)] = "all", as_json: Json = False) -> None:
    """List what there is."""
    with exits.clear_faults():
        from toygan.cli.catalogue import LISTS
        from toygan.cli.console import print_list

        if what not in ("all", *LISTS):
            raise UserError(f"list {what}: unknown; {suggestion(what, list(LISTS), 'lists')}")
        found = {name: make() for name, make in LISTS.items() if what in ("all", name)}
        say_json(found) if as_json else print_list(found)


@app.command()
def show(name: Annotated[str, argument("NAME", "Any name that toygan list tells, or a pair.", complete_name)]) -> None:
    """Explain one thing: a method, scenario, exhibit, quantity, label of the diagnosis, or any other name."""
    with exits.clear_faults():
        from toygan.cli.catalogue import pages
        from toygan.cli.console import print_page

        for page in pages(name):
            print_page(page)


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and what the machine offers."""
    with exits.clear_faults():
        from toygan.cli.console import print_doctor

        print_doctor()


PLAYED = (many.sweep, many.table, exhibits.demo, exhibits.gallery, protocol.protocol, lab.lab)
for command in (draw, compare, distance.distance, views.dirac, *PLAYED):
    app.command()(sharing(command))
check.register(app)
