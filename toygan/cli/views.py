"""Commands and flags for looking inside: views of a recorded run, and phase portraits of the Dirac-GAN.

`app.command()(dirac)` and, in `toygan draw RUN --view VIEW`, `drawn_view` are all that the command line has to know.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toygan.cli import drawing
from toygan.cli.completion import complete_method, complete_setting
from toygan.cli.exits import clear_faults
from toygan.files.text import say, say_json

if TYPE_CHECKING:
    from toygan.draw import Options
    from toygan.session.dirac import Portrait
    from toygan.session.recording import Recording


def drawn_points(recording: Recording, n: int, suffix: str, folder: Path, options: Options) -> Path:
    """Draw n fresh points of every seed's last generator as FOLDER/points.SUFFIX; where it is."""
    from toygan.draw.fresh import save_fresh
    from toygan.draw.sheet import PICTURE_FORMATS
    from toygan.files.strict import UserError, suggestion

    if suffix not in PICTURE_FORMATS:
        raise UserError(
            f"--format {suffix}: --points makes a picture; {suggestion(suffix, PICTURE_FORMATS, 'formats')}"
        )
    save_fresh(recording, recording.sample(n), folder / f"points.{suffix}", options)
    return folder / f"points.{suffix}"


def drawn_view(recording: Recording, view: str, suffix: str, folder: Path, options: Options, tail: str = "") -> Path:
    """Draw one view of a run as FOLDER/VIEW.SUFFIX, TAIL after its name; where it is. UserError for an unknown view or format."""
    from toygan.draw.players import save_view
    from toygan.draw.sheet import PICTURE_FORMATS
    from toygan.files.strict import UserError, suggestion

    if view not in drawing.VIEWS:
        raise UserError(f"--view {view}: unknown; {suggestion(view, drawing.VIEWS, 'views')}")
    if suffix not in PICTURE_FORMATS:
        raise UserError(f"--format {suffix}: a view is a picture; {suggestion(suffix, PICTURE_FORMATS, 'formats')}")
    path = folder / f"{view}{tail}.{suffix}"
    if view == "dirac":
        save_phases([portrait_of_run(recording)], path, recording.facts.command, options)
    elif view == "density":
        draw_density(recording, path, options)
    elif view == "spectrum":
        draw_spectrum(recording, path, options)
    else:
        save_view(recording, view, path, options)
    return path


def draw_density(recording: Recording, path: Path, options: Options) -> None:
    """Draw the exact density of a run's last generator; UserError where it has none."""
    from toygan.draw.density import save_density
    from toygan.session.density import seen_density

    save_density(recording, seen_density(recording), path, options)


def draw_spectrum(recording: Recording, path: Path, options: Options) -> None:
    """Draw the eigenvalues of a step from where a run ended; UserError where its players are too large for that."""
    from toygan.draw.spectrum import save_spectrum
    from toygan.session.spectrum import spectrum_of

    save_spectrum(recording, spectrum_of(recording), path, options)


def portrait_of_run(recording: Recording) -> Portrait:
    """The phase portrait of a run's own config; UserError where the run has none or is not a Dirac-GAN."""
    from toygan.files.strict import UserError
    from toygan.session.dirac import portrait

    config = recording.folder / "config.toml" if recording.folder else None
    if config is None or not config.exists():
        raise UserError("--view dirac: the recording has no config.toml beside it")
    return portrait(scenario=str(config))


def save_phases(portraits: Sequence[Portrait], path: Path, command: str, options: Options) -> None:
    """Draw portraits side by side."""
    from toygan.draw.dirac import save_portraits

    save_portraits(portraits, path, command, options)


Rules = Annotated[
    list[str],
    typer.Option("--update", "-u", metavar="RULE", help="An update rule; repeatable; the method's own by default."),
]
Changes = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override any key of the scenario.", autocompletion=complete_setting
    ),
]
Out = Annotated[Path, typer.Option(metavar="FILE", help="The picture: .png, .pdf or .svg.")]


def dirac(
    methods: Annotated[
        list[str],
        typer.Option(
            "--method",
            "-m",
            metavar="METHOD",
            help="A name, or OBJECTIVE+CONSTRAINT; repeatable.",
            autocompletion=complete_method,
        ),
    ] = ["ns-gan", "ns-gan-r1"],  # noqa: B006
    rules: Rules = [],  # noqa: B006
    changes: Changes = [],  # noqa: B006
    out: Out = Path("dirac.png"),
    look: drawing.Appearance = drawing.Appearance(),  # noqa: B008
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")] = False,
) -> None:
    """Draw phase portraits of the Dirac-GAN: field, path and eigenvalues of every method under every rule."""
    from toygan.draw.sheet import PICTURE_FORMATS
    from toygan.files.own import allow
    from toygan.files.strict import UserError, suggestion

    with clear_faults():
        if out.suffix[1:].lower() not in PICTURE_FORMATS:
            raise UserError(f"--out {out}: unknown format; {suggestion(out.suffix[1:], PICTURE_FORMATS, 'formats')}")
        options = drawing.looked(look)
        drawing.fits(options, [out.suffix[1:].lower()])
        allow([*methods, *changes])
        portraits = all_portraits(methods, rules, changes)
        out.parent.mkdir(parents=True, exist_ok=True)
        save_phases(portraits, out, command_of(methods, rules, changes), options)
        if as_json:
            say_json({"picture": str(out), "portraits": [facts_of(portrait) for portrait in portraits]})
        else:
            say("\n".join([*(f"{portrait.title}: {portrait.words}" for portrait in portraits), str(out)]))


def all_portraits(methods: Sequence[str], rules: Sequence[str], changes: Sequence[str]) -> list[Portrait]:
    """Every method under every rule, or under its own where none is named."""
    import torch

    from toygan.session.dirac import portrait

    torch.set_num_threads(1)
    chosen = [[f"method.update={json.dumps(rule)}"] for rule in rules] or [[]]
    return [portrait(method, [*changes, *rule]) for method in methods for rule in chosen]


def command_of(methods: Sequence[str], rules: Sequence[str], changes: Sequence[str]) -> str:
    """The command that repeats the picture."""
    words = ["toygan", "dirac"]
    for option, values in (("-m", methods), ("-u", rules), ("--set", changes)):
        words += [word for value in values for word in (option, value)]
    return shlex.join(words)


def facts_of(portrait: Portrait) -> dict[str, Any]:
    """What a portrait says, for programs: complex numbers as [real, imaginary]."""
    return {
        "title": portrait.title,
        "words": portrait.words,
        "rate": portrait.rate,
        "multipliers": [[value.real, value.imag] for value in portrait.eigenvalues.multipliers],
        "eigenvalues": [[value.real, value.imag] for value in portrait.eigenvalues.rates],
        "end": portrait.path[-1].tolist(),
    }
