"""The commands for exhibits: `demo` and `gallery`. They are put onto the command line by `cli`."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toygan.cli import drawing
from toygan.cli.completion import complete_exhibit
from toygan.cli.exits import FAILED, clear_faults
from toygan.cli.many import tell_failed, watching
from toygan.cli.shared import Json, OwnCode, again, argument, option, options_again
from toygan.files.mistakes import UserError
from toygan.files.shipped import shipped, shipped_exhibits
from toygan.files.text import say, say_json, tell

if TYPE_CHECKING:
    from toygan.exhibits import Exhibit, Showing, Verdict
    from toygan.exhibits.published import Published
    from toygan.exhibits.show import Pictures
    from toygan.many.task import Task

RUNS, PROTOCOLS = Path("runs/exhibits"), Path("runs/protocols")
LONGEST_NAME = 255  # bytes of a file's or folder's name on the usual disks
CLAIM = ("says", "held", "numbers", "by_construction", "restated", "explanations")
ELSEWHERE = ("setting", "held", "numbers", "differs", "decides", "words")
OF_KINDS = "Draw these of the exhibit's panels alone, by kind or number: critics,2."
OF_OUT = "Where pictures and page go, in a folder of the exhibit's name."
OF_ONLY = "A name or the path of a .toml; repeat it."

Quick = Annotated[bool, typer.Option("--quick", help="At most 2 seeds and a quarter of the steps; the page says so.")]
RunsFolder = Annotated[Path, option("--runs", "DIR", "Where the run folders are kept, for every exhibit.")]
Kinds = Annotated[str | None, option("--panels", "KIND,...", OF_KINDS)]
Seed = Annotated[int | None, option("--seed", "SEED", "The seed whose critics pictures show; the first by default.")]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes; one a core by default.")]
GO_ON = "\n    nothing is lost: the same command goes on", "; the same command goes on from here"


def demo(
    context: typer.Context,
    name: Annotated[str | None, argument("EXHIBIT", "A name or the path of a .toml.", complete_exhibit)] = None,
    quick: Quick = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 unless every claim held.")] = False,
    out: Annotated[Path, option("--out", "DIR", OF_OUT)] = Path("demo"),
    runs: RunsFolder = RUNS,
    workers: Workers = None,
    own: OwnCode = [],  # noqa: B006
    formats: drawing.PictureFormats = [],  # noqa: B006
    panels: Kinds = None,
    seed: Seed = None,
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    points: drawing.FewerPoints = drawing.FewerPoints(),  # noqa: B008
    as_json: Json = False,
) -> None:
    """Run one exhibit and say which of its claims held; without a name, list them by question."""
    with clear_faults(*GO_ON):
        if name is None:
            list_named("exhibits", as_json)
            return
        from toygan.exhibits import read
        from toygan.files.own import allow_named
        from toygan.site.site import write_site

        refuse_a_file("--runs", runs)
        refuse_a_file("--out", out)
        allow_named(own)
        exhibit, options = read(name), drawing.looked(look, drawing.Critics(fewer=points))
        drawing.fits(options, ["png", *formats])
        asked = asked_of(exhibit, formats, panels, seed)._replace(look=options)
        shown, failed = shown_exhibits([exhibit], [again(context)], out, runs, quick, workers, asked)
        write_site(out, shown, quick)
        report(shown[0], out / exhibit.name, as_json, formats)
        end(shown, failed, strict)


def asked_of(exhibit: Exhibit, formats: Sequence[str], panels: str | None, seed: int | None) -> Pictures:
    """What of an exhibit's pictures is asked for; UserError for a kind or number of panels that it has not."""
    from toygan.exhibits.show import Pictures

    drawing.refuse_films(formats)
    kinds = dict.fromkeys(panel.kind for panel in exhibit.panels)
    legal = [*kinds, *(str(i) for i, _ in enumerate(exhibit.panels, 1))]
    return Pictures(drawing.panels_in(panels, legal), seed, formats)


def gallery(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the site goes.")] = Path("site"),
    only: Annotated[list[str], option("--only", "EXHIBIT", OF_ONLY, complete_exhibit)] = [],  # noqa: B006
    quick: Quick = False,
    runs: RunsFolder = RUNS,
    workers: Workers = None,
    own: OwnCode = [],  # noqa: B006
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    as_json: Json = False,
) -> None:
    """Build the site of all exhibits; it opens from disk and needs no network."""
    with clear_faults(*GO_ON):
        from joblib import cpu_count

        from toygan.exhibits import read
        from toygan.exhibits.show import Pictures
        from toygan.files.own import allow_named
        from toygan.site.site import write_site

        refuse_a_file("--runs", runs)
        refuse_a_file("--out", out)
        names, options = only or shipped_exhibits(), drawing.looked(look)
        drawing.fits(options, ["png"])
        commands = [shlex.join(["toygan", "demo", name, *options_again(context)]) for name in names]
        allow_named(own)
        exhibits = [read(name) for name in names]
        asked = Pictures(look=options)
        shown, failed = shown_exhibits(exhibits, commands, runs / "pictures", runs, quick, workers, asked)
        papers = [] if only else beside_questions(out, runs)
        index = write_site(out, shown, quick, workers or cpu_count(), papers)
        if as_json:
            say_json({"index": str(index), "exhibits": [facts_of(one) for one in shown]})
        else:
            say("\n".join([*map(tally, shown), str(index)]))
        end(shown, failed, strict=False)


def beside_questions(out: Path, runs: Path) -> list[Published]:
    """Write the lab, before the pages that lead there, and judge the published experiments that were run beside the exhibits."""
    from toygan.exhibits.published import published
    from toygan.files import catalogue
    from toygan.site.lab import write_lab

    write_lab(out / "lab", list(shipped()), list(catalogue.methods()))
    return published(runs.parent / PROTOCOLS.name)


def shown_exhibits(
    exhibits: list[Exhibit],
    commands: list[str],
    place: Path,
    runs: Path,
    quick: bool,
    workers: int | None,
    asked: Pictures,
) -> tuple[list[Showing], dict[str, str]]:
    """Do every run of some exhibits, then judge and draw them, several at once; also the runs that failed."""
    from joblib import Parallel, cpu_count, delayed

    from toygan.exhibits import behind, planned, showing
    from toygan.exhibits.show import refuse_seed
    from toygan.exhibits.work import quickened, tasks_of
    from toygan.files.memory import give_back

    for name, count in Counter(exhibit.name for exhibit in exhibits).items():
        if count > 1:
            raise UserError(f"--only: {count} exhibits are called {name!r}; give one of them another name in its file")
    works = [planned(exhibit, runs, quick) for exhibit in exhibits]
    for exhibit, own in zip(exhibits, works, strict=True):
        refuse_seed(exhibit, own, asked)
    beside = [[] if quick else behind(exhibit, runs) for exhibit in exhibits]  # quick runs explain nothing
    every = [*works, *(own for each in beside for own in each)]
    failed = played(tasks_of([work for each in every for work in each]), runs, workers)
    give_back()  # what planning hundreds of runs took
    judged = map(quickened, exhibits) if quick else exhibits
    at_once = min(len(exhibits), workers or cpu_count())
    jobs = [
        delayed(showing)(exhibit, own, place / exhibit.name, command, quick, explaining, asked)
        for exhibit, own, command, explaining in zip(judged, works, commands, beside, strict=True)
    ]
    made = []
    for shown in Parallel(n_jobs=at_once, return_as="generator")(jobs):
        made.append(shown)
        tell(f"drawn: {tally(shown)}")
    return made, failed


def refuse_a_file(option: str, place: Path) -> None:
    """UserError where a folder can not be: a file is or stands in its way, or a name is too long for the disk."""
    for path in (place, *place.parents):
        if len(os.fsencode(path.name)) > LONGEST_NAME:
            raise UserError(f"{option} {place}: a name of a folder has at most {LONGEST_NAME} bytes")
        if path.exists() and not path.is_dir():
            raise UserError(f"{option} {place}: {path} is a file; give a folder, or the name of one to make")


def played(tasks: Sequence[Task], runs: Path, workers: int | None) -> dict[str, str]:
    """Play what is not finished; the messages of the runs that failed."""
    from toygan.many import sweep

    if not tasks:
        return {}
    with watching() as watch:
        return sweep.carry_out(tasks, runs, workers=workers, watch=watch)


def end(shown: Sequence[Showing], failed: dict[str, str], strict: bool) -> None:
    tell_failed(failed)
    if strict and any(not verdict.held for one in shown for verdict in one.verdicts):
        raise typer.Exit(FAILED)


def list_named(what: str, as_json: bool) -> None:
    """Every name of a list with its sentence: exhibits with their questions, protocols with their titles."""
    from toygan.cli.catalogue import LISTS
    from toygan.cli.console import print_list

    found = {what: LISTS[what]()}
    say_json(found) if as_json else print_list(found)


def report(shown: Showing, place: Path, as_json: bool, formats: Sequence[str] = ()) -> None:
    if as_json:
        say_json(facts_of(shown))
        return
    from toygan.site.markup import file_name

    say(f"{shown.exhibit.question}\n\n{shown.answer}\n")
    for verdict in shown.verdicts:
        say(f"  {verdict.words}: {verdict.says}\n      {verdict.evidence}")
        for one in verdict.explanations:
            say(f"      {one.setting}: {one.words}")
    page = place.parent / "exhibits" / f"{file_name(shown.exhibit.name)}.html"
    suffixes = dict.fromkeys(["png", *formats])
    files = [str(picture.path.with_suffix(f".{suffix}")) for picture in shown.pictures for suffix in suffixes]
    say("\n".join(["", *files, str(page)]))


def facts_of(shown: Showing) -> dict[str, Any]:
    return {
        "name": shown.exhibit.name,
        "question": shown.exhibit.question,
        "answer": shown.answer,
        "quick": shown.quick,
        "claims": [plain(one) for one in shown.verdicts],
        "pictures": [str(picture.path) for picture in shown.pictures],
        "runs": [str(folder) for folder in shown.folders],
    }


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain data but for its cases, with what became of its claim elsewhere."""
    elsewhere = [dict(zip(ELSEWHERE, one, strict=True)) for one in verdict.explanations]
    return {name: getattr(verdict, name) for name in CLAIM} | {"explanations": elsewhere, "verdict": verdict.words}


def tally(shown: Showing) -> str:
    """How many claims of an exhibit held, on one line; those that cannot fail are told apart, for they are no evidence."""
    from toygan.exhibits.claims import BY_CONSTRUCTION, JUDGED, counted

    counts = counted(shown.verdicts)
    certain = f", {counts[BY_CONSTRUCTION]} true by construction" if counts[BY_CONSTRUCTION] else ""
    judged = len(shown.verdicts) - counts[BY_CONSTRUCTION]
    quick = " (quick: fewer seeds and steps than the claims are about)" if shown.quick else ""
    return f"{shown.exhibit.name}: {counts[JUDGED[True]]} of {judged} claims held{certain}{quick}"
