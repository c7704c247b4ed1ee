"""Options of `draw` and `compare`: what is drawn, in which formats, how a film plays, how wide it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toygan.cli.completion import complete_words

if TYPE_CHECKING:
    from toygan.draw import Pace
    from toygan.draw.sheet import Points as Drawn
    from toygan.session.recording import Recording

PICTURES, FILMS = ("png", "pdf", "svg"), ("gif", "webp", "mp4")
SLOWEST, FASTEST = 1, 50  # frames a second: a GIF's shortest frame is two hundredths
LONGEST = 600  # seconds
NARROWEST, WIDEST = 200, 4000  # pixels

Formats = Annotated[
    list[str],
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{', '.join(PICTURES + FILMS)}; repeatable; png and gif by default.",
        autocompletion=complete_words(*PICTURES, *FILMS),
    ),
]
Fps = Annotated[
    float | None,
    typer.Option(
        "--fps",
        metavar="NUMBER",
        help=f"Frames a second of a film, {SLOWEST} to {FASTEST}; a frame is a recorded look.",
    ),
]
Seconds = Annotated[
    float | None,
    typer.Option("--seconds", metavar="NUMBER", help="How long a film plays; first and last frame are held besides."),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width", metavar="PIXELS", help=f"Width of films and PNGs, {NARROWEST} to {WIDEST}; 800 and 1600 by default."
    ),
]

Steps = Annotated[
    str | None,
    typer.Option(
        "--steps",
        "--step",
        metavar="STEP,...",
        help="Draw the looks nearest to these steps, up to 6, side by side: --steps 0,500,2500.",
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="SEED", help="Draw this seed; the run's first by default.")]


def steps_in(text: str) -> list[int]:
    """The steps in a list such as `0,500,2500`; UserError for what is none."""
    from toygan.files.strict import UserError, shortened

    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise UserError(f"--steps {shortened(text)}: must be whole numbers, 0 or more, with commas, such as 0,500,2500")
    return [int(part) for part in parts]


def go_together(view: str | None, points: int | None, steps: str | None, seed: int | None, width: int | None) -> None:
    """UserError for options of `draw` of which one leaves nothing to the other."""
    from toygan.files.strict import UserError

    asked = [name for name, value in (("points", points), ("steps", steps), ("view", view)) if value is not None]
    if len(asked) > 1:
        raise UserError(f"--{asked[0]}: makes a picture of its own; leave out --{asked[1]}")
    if width is not None and (points or view):
        raise UserError(f"--width {width}: is for picture, film and --steps; leave out --{asked[0]}")
    if seed is not None and (points or view == "dirac"):
        told = "--points shows every seed" if points else "--view dirac has none"
        raise UserError(f"--seed {seed}: {told}; leave out either")


def seen(recording: Recording, seed: int | None, points: Drawn = "all") -> Recording:
    """The recording with a seed shown, by default its first; UserError for a seed that was not run, and for one of which
    nothing is left to draw without its points.
    """
    from toygan.draw import of_seed
    from toygan.files.strict import UserError
    from toygan.files.text import tell

    if seed is None:
        return recording
    try:
        chosen = of_seed(recording, seed)
    except ValueError as error:
        raise UserError(f"--seed {seed}: {error}") from None
    if "scores" not in chosen.frames:
        kept = ", ".join(map(str, recording.facts.seeds[: recording.frames["scores"].shape[1]]))
        if points == "none":
            raise UserError(
                f"--no-points: of seed {seed} points alone were kept, and the critic of seed {kept}; leave it out"
            )
        tell(f"the critic of seed {seed} was not kept: its points alone are shown (critics were kept of seed {kept})")
    return chosen


def looks_of(recording: Recording, text: str | None, formats: Sequence[str]) -> list[int]:
    """The looks nearest to the steps in a list, none without a list; UserError for others, and for films of them."""
    from toygan.draw import looks_at
    from toygan.draw.steps import MOST
    from toygan.files.strict import UserError, suggestion

    if text is None:
        return []
    for suffix in formats:
        if suffix not in PICTURES:
            raise UserError(f"--format {suffix}: --steps makes a picture; {suggestion(suffix, PICTURES, 'formats')}")
    steps = steps_in(text)
    if len(steps) > MOST:
        raise UserError(
            f"--steps: {len(steps)} looks do not fit beside each other; give up to {MOST}, or draw the film"
        )
    try:
        return looks_at(recording, steps)
    except ValueError as error:
        raise UserError(f"--steps {text}: {error}") from None


def drawn_looks(recording: Recording, path: Path, suffix: str, looks: Sequence[int], width: int | None) -> Path:
    """Draw some looks side by side as PATH.SUFFIX; where it is."""
    from toygan.draw.steps import save_steps

    place = path.with_name(f"{path.name}.{suffix}")
    save_steps(recording, looks, place, dots_of(width))
    return place


def chosen_formats(formats: Sequence[str], otherwise: Sequence[str]) -> list[str]:
    """The formats asked for, each once; UserError for an unknown one."""
    from toygan.files.strict import UserError, suggestion

    for suffix in formats:
        if suffix not in PICTURES + FILMS:
            raise UserError(f"--format {suffix}: unknown; {suggestion(suffix, PICTURES + FILMS, 'formats')}")
    return list(dict.fromkeys(formats or otherwise))


def pace_of(formats: Sequence[str], fps: float | None, seconds: float | None, width: int | None) -> Pace:
    """How films play; UserError for a number out of bounds, or one that nothing in these formats has."""
    from toygan.draw import Pace
    from toygan.files.strict import UserError

    within("fps", fps, SLOWEST, FASTEST)
    within("seconds", seconds, 0.1, LONGEST)
    within("width", width, NARROWEST, WIDEST)
    told = ", ".join(formats)
    for option, value in (("fps", fps), ("seconds", seconds)):
        if value is not None and not set(formats) & set(FILMS):
            raise UserError(f"--{option} {value:g}: is about films, and {told} is none; a film is {', '.join(FILMS)}")
    if width is not None and not set(formats) & {"png", *FILMS}:
        raise UserError(f"--width {width}: is in pixels, and {told} has none; png, {', '.join(FILMS)} have")
    return Pace(fps, seconds, width or Pace().width)


def within(option: str, value: float | None, least: float, most: float) -> None:
    """UserError for a number that is not between two others, and for one that is none."""
    from toygan.files.strict import UserError

    if value is not None and not least <= value <= most:
        raise UserError(f"--{option} {value:g}: must be a number from {least:g} to {most:g}")


def drawn(recording: Recording, path: Path, suffix: str, pace: Pace, width: int | None, points: Drawn = "all") -> Path:
    """Draw a run's picture or film, by the suffix, as PATH.SUFFIX; where it is."""
    from toygan.draw import save_film, save_picture

    still = partial(save_picture, recording, dots=dots_of(width), points=points)
    return saved(still, partial(save_film, recording, pace=pace, points=points), path, suffix)


def drawn_together(
    recordings: Sequence[Recording], path: Path, suffix: str, pace: Pace, width: int | None, points: Drawn = "all"
) -> Path:
    """Draw several runs' picture or film, by the suffix, as PATH.SUFFIX; where it is."""
    from toygan.draw import save_comparison, save_comparison_film

    still = partial(save_comparison, recordings, dots=dots_of(width), points=points)
    return saved(still, partial(save_comparison_film, recordings, pace=pace, points=points), path, suffix)


def saved(still: Callable[..., None], film: Callable[..., None], path: Path, suffix: str) -> Path:
    """Save what the suffix asks for as PATH.SUFFIX; where it is."""
    place = path.with_name(f"{path.name}.{suffix}")
    if suffix in PICTURES:
        still(path=place)
    else:
        with encoding(suffix):
            film(path=place)
    return place


def dots_of(width: int | None) -> float:
    """Dots an inch of a PNG so many pixels wide; the usual ones where that is not asked for."""
    from toygan.draw import sheet

    return sheet.DOTS if width is None else width / sheet.WIDTH


@contextmanager
def encoding(suffix: str) -> Iterator[None]:
    """A UserError where a format's encoder is missing."""
    from toygan.files.strict import UserError

    try:
        yield
    except ImportError as error:
        raise UserError(f"--format {suffix}: {error}") from None


def without_film(formats: Sequence[str], animation: bool) -> None:
    """UserError where a film is asked for and forbidden at once."""
    from toygan.files.strict import UserError

    films = [suffix for suffix in formats if suffix in FILMS]
    if films and not animation:
        raise UserError(f"--no-animation: leaves no film, and --format {films[0]} is one; leave out either")


def named(paths: Sequence[Path]) -> dict[str, Path]:
    """Files by what they are: picture and film, further ones with their format, such as `picture.pdf`."""
    found: dict[str, Path] = {}
    for path in paths:
        kind, suffix = "picture" if path.suffix[1:] in PICTURES else "film", path.suffix
        found[kind if kind not in found else f"{kind}{suffix}"] = path
    return found
