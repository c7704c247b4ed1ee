"""Commands and flags for looking inside: views of a recorded run, and phase portraits of the Dirac-GAN.

`app.command()(dirac)` and, in `toygan draw RUN --view VIEW`, `drawn_view` are all that the command line has to know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toygan.cli import drawing
from toygan.cli.completion import complete_method
from toygan.cli.exits import clear_faults
from toygan.cli.shared import Changes, Json, again, option, use_threads
from toygan.files.mistakes import UserError
from toygan.files.text import say, say_json, tell

if TYPE_CHECKING:
    from toygan.draw import Options
    from toygan.draw.saved import Figure
    from toygan.session.dirac import Portrait
    from toygan.session.recording import Recording

SIDE_BY_SIDE = ("density", "spectrum")  # views that may show several steps
USUAL_METHODS = ["ns-gan", "ns-gan-r1"]
USUAL_RULES = ["simultaneous", "alternating", "extragradient", "optimistic", "sga", "cgd"]
OF_RULES = "An update rule, or RULE:OPTION=VALUE,...; repeatable; the method's own by default."
OF_GAME = (
    "A game of your own in place of a method: a formula that x minimises and y maximises; or two with a ; between, the first "
    "x minimises, the second y."
)
OF_METHODS = "A name, or OBJECTIVE+CONSTRAINT; repeatable; ns-gan and ns-gan-r1 by default."


def drawn_points(recording: Recording, n: int, suffix: str, folder: Path, options: Options) -> Path:
    """Draw n fresh points of every seed's last generator as FOLDER/points.SUFFIX; where it is."""
    from toygan.draw.clouds import fresh
    from toygan.draw.saved import save_figure

    drawing.refuse_films([suffix], "--points makes a picture")
    path = folder / f"points.{suffix}"
    save_figure(fresh(recording, recording.sample(n)), path, recording.facts.command, options)
    return path


def seen_by(recording: Recording, view: str, steps: str | None, formats: Sequence[str]) -> list[Recording]:
    """The recordings that a view is of: the run at its end, or at each of the steps in a list, played again up to the last of
    them; UserError for a film, for steps that it has not, and for more than a view of them has room for. How far it is, and
    where it is not what was recorded, is told on stderr.
    """
    drawing.refuse_films(formats, "a view is a picture")
    if view in drawing.LEARNED:
        use_threads()
    if steps is None:
        return [recording]
    from toygan.cli.console import watching
    from toygan.draw.moments import MOST
    from toygan.many.progress import Progress
    from toygan.session.again import OTHERWISE
    from toygan.session.again import again as played_again

    asked, most = list(dict.fromkeys(drawing.steps_in(steps))), MOST if view in SIDE_BY_SIDE else 1
    if len(asked) > most:
        room = "shows one step at a time" if most == 1 else f"has room for {most} steps beside each other"
        raise UserError(f"--steps {steps}: --view {view} {room}")
    with watching(recording.name) as watch:
        found = played_again(recording, asked, lambda step: watch(Progress(step, max(asked), "training", {})))
    for one in found:
        if one.facts.status == OTHERWISE:
            tell(otherwise_in_words(one))
    return found


def otherwise_in_words(moment: Recording) -> str:
    facts = moment.facts
    known = ", ".join(f"{name} {facts.versions[name]}" for name in ("toygan", "torch") if facts.versions.get(name))
    by = f" (by {known}, {facts.backend})" if known else ""
    return f"step {facts.step}: played again, but points at its looks are others than those that were recorded{by}"


def drawn_view(recordings: list[Recording], view: str, suffix: str, folder: Path, options: Options, tail: str) -> Path:
    """Draw one view of a run, or of it at several steps, as FOLDER/VIEW.SUFFIX, TAIL after its name; where it is."""
    from toygan.draw.saved import save_figure

    path = folder / f"{view}{tail}.{suffix}"
    save_figure(seen(recordings, view), path, recordings[0].facts.command, options)
    return path


def seen(recordings: Sequence[Recording], view: str) -> Figure:
    """One view of a run, or of it at several steps; UserError where it has none. Torch is imported where it is needed."""
    from toygan.draw import players

    first, *more = recordings
    if view in players.VIEWS:
        return players.VIEWS[view](first)
    if view == "dirac":
        return phases(first)
    from toygan.draw.clouds import refined_clouds
    from toygan.draw.density import densities, densities_at
    from toygan.draw.search import anomalies, edits
    from toygan.draw.spectrum import spectra, spectra_at
    from toygan.session.density import seen_density
    from toygan.session.refined import refined
    from toygan.session.search import seen_anomaly, seen_edit
    from toygan.session.spectrum import spectrum_of

    views: dict[str, tuple[Callable[..., Figure], Callable[[Recording], Any]]] = {
        "density": (densities_at if more else densities, seen_density),
        "spectrum": (spectra_at if more else spectra, spectrum_of),
        "refined": (refined_clouds, refined),
        "anomaly": (anomalies, seen_anomaly),
        "edit": (edits, seen_edit),
    }
    drawn, found = views[view]
    return drawn(recordings, list(map(found, recordings))) if more else drawn(first, found(first))


def phases(recording: Recording) -> Figure:
    """The phase portrait of a run's own config; UserError where the run has none or is not a Dirac-GAN."""
    from toygan.draw.dirac import portraits
    from toygan.session.dirac import portrait

    config = recording.folder / "config.toml" if recording.folder else None
    if config is None or not config.exists():
        raise UserError("--view dirac: the recording has no config.toml beside it")
    return portraits([portrait(scenario=str(config))], recording.facts.command)


def dirac(
    context: typer.Context,
    methods: Annotated[list[str], option("-m --method", "METHOD", OF_METHODS, complete_method)] = [],  # noqa: B006
    rules: Annotated[list[str], option("-u --update", "RULE", OF_RULES)] = [],  # noqa: B006
    changes: Changes = [],  # noqa: B006
    game: Annotated[str | None, option("--game", "FORMULA", OF_GAME)] = None,
    rate: Annotated[float | None, option("--rate", "H", "Of a --game: both step sizes, 0.2 by default.")] = None,
    start: Annotated[str | None, option("--start", "X,Y", "Of a --game: where it starts, 1,1 by default.")] = None,
    steps: Annotated[int | None, option("--steps", "N", "Of a --game: how many steps, 500 by default.")] = None,
    window: Annotated[float | None, option("--window", "W", "Of a --game: drawn from -W to W, 2 by default.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The picture: .png, .pdf or .svg.")] = Path("dirac.png"),
    formats: drawing.PictureFormats = [],  # noqa: B006
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    as_json: Json = False,
) -> None:
    """Draw phase portraits of the Dirac-GAN, or of a game that you type in: field, path and eigenvalues under every rule."""
    from toygan.files.own import allow

    with clear_faults():
        options = drawing.looked(look)
        files = drawing.files_of(out, formats, options)
        allow([*methods, *changes])
        told = {"rate": rate, "start": start, "steps": steps, "window": window}
        told = {name: value for name, value in told.items() if value is not None}
        portraits = asked_portraits(game, methods, rules, changes, told)
        out.parent.mkdir(parents=True, exist_ok=True)
        command = again(context, "out")
        for path in files:
            save_phases(portraits, path, command, options, game)
        say_phases(portraits, files, as_json)


def save_phases(several: Sequence[Portrait], path: Path, command: str, options: Options, game: str | None) -> None:
    from toygan.draw.dirac import portraits, typed_portraits
    from toygan.draw.saved import save_figure

    figure = portraits(several, command) if game is None else typed_portraits(game, several, command)
    save_figure(figure, path, command, options)


def asked_portraits(
    game: str | None, methods: Sequence[str], rules: Sequence[str], changes: Sequence[str], told: Mapping[str, Any]
) -> list[Portrait]:
    """The portraits of a typed game, or of methods; UserError for options that belong to the other."""
    use_threads()
    if game is not None and methods:
        raise UserError(f"--method {methods[0]}: --game is in place of a method; leave out either")
    if game is None and told:
        raise UserError(f"--{next(iter(told))}: it goes with --game; of a method it is --set KEY=VALUE")
    if game is None:
        from toygan.session.dirac import portrait

        chosen = [[setting_of(rule)] for rule in rules] or [[]]
        return [portrait(method, [*changes, *rule]) for method in methods or USUAL_METHODS for rule in chosen]
    from toygan.session.typed import ask_of, config_of, typed, typed_portrait

    read, ask = typed(game), ask_of(**told)
    configs = [config_of(ask, [*changes, setting_of(rule)]) for rule in rules or USUAL_RULES]
    return [typed_portrait(read, ask, config) for config in configs]


def setting_of(rule: str) -> str:
    """A rule as a setting: NAME, or NAME:OPTION=VALUE,... with its options."""
    name, _, options = rule.partition(":")
    given = [f"kind={json.dumps(name)}", *filter(None, options.split(","))]
    return f"method.update={{{', '.join(given)}}}"


def say_phases(portraits: Sequence[Portrait], files: Sequence[Path], as_json: bool) -> None:
    if as_json:
        say_json({"picture": str(files[0]), "portraits": [facts_of(portrait) for portrait in portraits]})
        return
    lines = [". ".join((f"{portrait.title}: {portrait.words}", *portrait.more)) for portrait in portraits]
    say("\n".join([*lines, *map(str, files)]))


def facts_of(portrait: Portrait) -> dict[str, Any]:
    """What a portrait says, for programs: complex numbers as [real, imaginary]."""
    return {
        "title": portrait.title,
        "words": portrait.words,
        "rate": portrait.rate,
        "multipliers": [[value.real, value.imag] for value in portrait.eigenvalues.multipliers],
        "eigenvalues": [[value.real, value.imag] for value in portrait.eigenvalues.rates],
        "end": portrait.path[-1].tolist(),
        "rests": portrait.rests.tolist(),
    }
