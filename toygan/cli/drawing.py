"""Options of commands that draw: what is drawn, in which formats, how it looks, how a film plays, how wide it is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from toygan.cli.completion import complete_words

if TYPE_CHECKING:
    from toygan.draw import Options, Pace
    from toygan.session.recording import Recording
    from toygan.view.scene import Points as Drawn

PICTURES, FILMS = ("png", "pdf", "svg"), ("gif", "webp", "mp4")
SLOWEST, FASTEST = 1, 50  # frames a second: a GIF's shortest frame is two hundredths
LONGEST = 600  # seconds
NARROWEST, WIDEST = 200, 4000  # pixels
THINNEST, BROADEST = 20, 2000  # millimetres
LEARNED = ("density", "spectrum", "refined", "anomaly", "edit")  # views of what was learned, at the end or by any step
VIEWS = ("inside", "latent", "transport", *LEARNED, "dirac")
STYLES, SCALES = ("paper", "slide", "dark"), ("frame", "run")

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
PictureFormats = Annotated[
    list[str],
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="Of pictures: png, pdf, svg; repeatable.",
        autocompletion=complete_words(*PICTURES),
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
    str | None,
    typer.Option(
        "--width",
        metavar="WIDTH",
        help=f"800px (or 800): of films and PNGs, {NARROWEST} to {WIDEST}; 90mm: of pictures on paper, 20 to 2000.",
    ),
]
TypeSize = Annotated[
    float | None,
    typer.Option(
        "--font-size", metavar="POINTS", help="Of plain words in pictures, 4 to 40; 9 by default, 15 on slides."
    ),
]
Style = Annotated[
    str,
    typer.Option(
        "--style",
        metavar="NAME",
        help="paper: as tall as need be; slide: 16:9; dark: 16:9 on a dark ground.",
        autocompletion=complete_words(*STYLES),
    ),
]
Language = Annotated[
    str,
    typer.Option(
        "--language", metavar="NAME", help="Of words in pictures: en or zh.", autocompletion=complete_words("en", "zh")
    ),
]
Scale = Annotated[
    str,
    typer.Option(
        "--scale",
        metavar="NAME",
        help="Colours on each frame's own scale (frame), or on one of the whole run (run).",
        autocompletion=complete_words(*SCALES),
    ),
]
Panels = Annotated[
    str | None,
    typer.Option(
        "--panels",
        metavar="NAME,...",
        help="Draw these panels alone: critic, optimal, slope, curves, inside, latent, transport; kinds, regions, classes, "
        "reconstructions, code, worlds, pairs (or extras: those that there are); and losses, w1, found, "
        "agreement, trails, plan, steepness, layers, slopes, gradient, weights, scores.",
    ),
]

Steps = Annotated[
    str | None,
    typer.Option(
        "--steps",
        "--step",
        metavar="STEP,...",
        help="Draw the looks nearest to these steps, up to 6, side by side: --steps 0,500,2500. With --view "
        f"{' or '.join([', '.join(LEARNED[:-1]), LEARNED[-1]])} the run is played again up to these very steps.",
    ),
]
Seed = Annotated[
    str | None,
    typer.Option("--seed", metavar="SEED", help="Draw this seed, or all: a panel each; the run's first by default."),
]

View = Annotated[
    str | None,
    typer.Option(
        "--view",
        metavar="NAME",
        help=f"Another picture of the run: {', '.join(VIEWS)}.",
        autocompletion=complete_words(*VIEWS),
    ),
]

Points = Annotated[
    int | None,
    typer.Option(
        "--points", metavar="N", min=1, max=10**6, help="Draw so many fresh points of every seed's last generator."
    ),
]

NoPoints = Annotated[bool, typer.Option("--no-points", help="Draw the critic without real and generated points.")]
ThinPoints = Annotated[bool, typer.Option("--thin-points", help="Draw 200 of the real and of the generated points.")]


class Appearance(NamedTuple):
    """How any picture looks."""

    style: Style = "paper"
    width: Width = None
    type_size: TypeSize = None
    language: Language = "en"


class Critics(NamedTuple):
    """How critics are drawn."""

    scale: Scale = "frame"
    no_points: NoPoints = False
    thin_points: ThinPoints = False


class Film(NamedTuple):
    """How a film plays."""

    fps: Fps = None
    seconds: Seconds = None


class Wanted(NamedTuple):
    """What of a run is drawn in place of its sheet and film."""

    view: View = None
    points: Points = None
    steps: Steps = None
    panels: Panels = None
    seed: Seed = None

    @property
    def own(self) -> list[str]:
        """The options that make a picture of their own."""
        return [name for name in ("points", "steps", "view", "panels") if getattr(self, name)]


class FewerPoints(NamedTuple):
    """How many points pictures of critics have."""

    no_points: NoPoints = False
    thin_points: ThinPoints = False


class Selected(NamedTuple):
    """Which moments, panels and seed of runs are drawn in place of the usual picture."""

    steps: Steps = None
    panels: Panels = None
    seed: Seed = None


def picture_command(command: str, folders: Sequence[Path], asked: Wanted, look: Appearance, critics: Critics) -> str:
    """The command that makes one of runs' further pictures; folders that are told from the root by their last two parts."""
    places = [str(Path(*folder.parts[-2:]) if folder.is_absolute() else folder) for folder in folders]
    told = {name: getattr(asked, name) for name in ("view", "points", "steps", "panels", "seed")}
    return shlex.join(["toygan", command, *places, *option_words(told), *look_words(look, critics)])


def look_words(look: Appearance, critics: Critics = Critics()) -> list[str]:  # noqa: B008
    """The options of a command that make pictures look as they do, without those that are as usual."""
    told = {"style": look.style, "width": look.width, "font-size": look.type_size, "language": look.language,
            "scale": critics.scale, "no-points": critics.no_points, "thin-points": critics.thin_points}  # fmt: skip
    usual = ("paper", "en", "frame")
    return option_words({name: value for name, value in told.items() if value not in usual})


def option_words(told: Mapping[str, object]) -> list[str]:
    """Options as words of a command: a switch alone, a list once for each, and no word of one that was not given."""
    given = [(name, one) for name, value in told.items() for one in (value if isinstance(value, list) else [value])]
    given = [(name, one) for name, one in given if one is not None and one is not False]
    return [part for name, one in given for part in (f"--{name}", *([] if one is True else [str(one)]))]


def with_command(recording: Recording, command: str) -> Recording:
    """The same recording with the command of a picture of it beside its own, to be written beneath."""
    both = "\n".join(filter(None, (recording.facts.command, command)))
    return replace(recording, facts=replace(recording.facts, command=both))


def points_drawn(none: bool, thin: bool, other: str = "") -> Drawn:
    """How many points a picture or film has; UserError where both are asked for, or one beside another option that makes
    a picture of its own.
    """
    from toygan.files.strict import UserError

    asked = "--no-points" if none else "--thin-points"
    if none and thin:
        raise UserError("--no-points and --thin-points: choose one of them")
    if other and (none or thin):
        raise UserError(f"{asked}: changes the sheet and the film; leave out {other}")
    return "none" if none else "thin" if thin else "all"


def steps_in(text: str) -> list[int]:
    """The steps in a list such as `0,500,2500`; UserError for what is none."""
    from toygan.files.strict import UserError, shortened

    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise UserError(f"--steps {shortened(text)}: must be whole numbers, 0 or more, with commas, such as 0,500,2500")
    return [int(part) for part in parts]


def looked(look: Appearance, critics: Critics = Critics(), other: str = "") -> Options:  # noqa: B008
    """How pictures are to look; UserError for what is none of the words, and for numbers out of bounds. `other` is an
    option that leaves the points no choice.
    """
    from toygan.draw import Options
    from toygan.view.language import LANGUAGES

    points = points_drawn(critics.no_points, critics.thin_points, other)
    one_of("style", look.style, STYLES)
    one_of("scale", critics.scale, SCALES)
    one_of("language", look.language, list(LANGUAGES))
    within("font-size", look.type_size, 4, 40)
    px, mm = width_in(look.width)
    style: Any = look.style
    scale: Any = critics.scale
    with fonts():
        from toygan.draw.fonts import families

        families(look.language)
    return Options(points, scale, style, mm, px, look.type_size, look.language)


def one_of(option: str, word: str, legal: Sequence[str], many: str = "") -> None:
    """UserError for a word that is none of the legal ones, of which there are `many`."""
    from toygan.files.strict import UserError, suggestion

    if word not in legal:
        raise UserError(f"--{option} {word}: unknown; {suggestion(word, legal, many or f'{option}s')}")


def width_in(text: str | None) -> tuple[int | None, float | None]:
    """Pixels or millimetres in a width such as `800px`, `800` or `90mm`; UserError for what is none."""
    from toygan.files.strict import UserError, shortened

    if text is None:
        return None, None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(px|mm|)", text.strip())
    if not found or (found[2] != "mm" and "." in found[1]):
        raise UserError(f"--width {shortened(text)}: must be pixels, such as 800px, or millimetres, such as 90mm")
    if found[2] == "mm":
        within("width", float(found[1]), THINNEST, BROADEST, " of millimetres")
        return None, float(found[1])
    within("width", float(found[1]), NARROWEST, WIDEST, " of pixels", f"; of a picture on paper it is {found[1]}mm")
    return int(found[1]), None


def go_together(asked: Wanted, options: Options, formats: Sequence[str]) -> None:
    """UserError for options of `draw` of which one leaves nothing to the other."""
    from toygan.files.strict import UserError

    own, seed, view = asked.own, asked.seed, asked.view
    if len(own) > 1 and own != ["steps", "panels"] and not (own == ["steps", "view"] and view in LEARNED):
        raise UserError(f"--{own[0]}: makes a picture of its own; leave out --{own[1]}")
    if seed is not None and (asked.points or view == "dirac"):
        told = "--points shows every seed" if asked.points else "--view dirac has none"
        raise UserError(f"--seed {seed}: {told}; leave out either")
    if seed == "all" and view:
        raise UserError(f"--seed all: --view {view} shows one seed; give its number, or --panels")
    films = [suffix for suffix in formats if suffix in FILMS]
    if films and (asked.panels or seed == "all"):
        which = "--panels" if asked.panels else "--seed all"
        raise UserError(f"--format {films[0]}: {which} makes a picture; choose from {', '.join(PICTURES)}")
    if options.scale == "run" and (asked.points or view):
        raise UserError(f"--scale run: is about critics' colours; leave out --{own[0]}")


def fits(options: Options, formats: Sequence[str], own_width: bool | None = None) -> None:
    """UserError for a width that no file of these formats has, or that says with the type's size two things at once;
    `own_width` is whether what is drawn is laid out for a width, None where nothing is that the command draws.
    """
    from toygan.files.strict import UserError

    told = ", ".join(formats)
    films = [suffix for suffix in formats if suffix in FILMS]
    if options.px and not set(formats) & {"png", *FILMS}:
        raise UserError(f"--width {options.px}px: is in pixels, and {told} has none; give millimetres, such as 90mm")
    if options.mm and films:
        raise UserError(
            f"--width {options.mm:g}mm: a film is measured in pixels, such as --width 800px; {films[0]} is one"
        )
    if options.type_size and films:
        raise UserError(f"--font-size {options.type_size:g}: is about pictures, and {films[0]} is a film")
    if options.type_size and (options.mm or options.px) and not own_width:
        panels = "" if own_width is None else ", or choose --panels, which are laid out for both"
        raise UserError(
            f"--font-size {options.type_size:g}: this picture is magnified as a whole, and --width says how much; leave out "
            f"either{panels}"
        )


def chosen_panels(
    recordings: Sequence[Recording],
    names: Sequence[str],
    path: Path,
    suffix: str,
    looks: Sequence[Sequence[int]],
    options: Options,
) -> Path:
    """Draw chosen panels as PATH.SUFFIX, of each recording at its looks; where it is. UserError for a name or number of them
    that cannot be.
    """
    from toygan.draw.choice import save_chosen
    from toygan.files.strict import UserError

    place = path.with_name(f"{path.name}.{suffix}")
    try:
        save_chosen(recordings, names, place, looks, options)
    except ValueError as error:
        raise UserError(f"--panels {','.join(names)}: {error}") from None
    return place


def names_in(panels: str | None, usual: str) -> list[str]:
    """The names in a list such as `critic,slope`, each once."""
    return list(dict.fromkeys(filter(None, (part.strip() for part in (panels or usual).split(",")))))


@contextmanager
def fonts() -> Iterator[None]:
    """A UserError where no font has the letters of a language."""
    from toygan.files.strict import UserError

    try:
        yield
    except LookupError as error:
        raise UserError(f"--language: {error.args[0]}") from None


def seeds_seen(recording: Recording, seed: str | None, points: Drawn) -> list[Recording]:
    """The recording with the seed shown that is asked for, or with every seed in its turn; UserError for what is none."""
    from toygan.files.strict import UserError, shortened

    if seed == "all":
        with_critics = [seen(recording, one, points, quietly=True) for one in sorted(recording.facts.seeds)]
        return with_critics[:24]
    if seed is not None and not (seed.isdecimal() and seed.isascii()):
        raise UserError(f"--seed {shortened(seed)}: must be the number of a seed, or all")
    return [seen(recording, None if seed is None else int(seed), points)]


def seen(recording: Recording, seed: int | None, points: Drawn = "all", quietly: bool = False) -> Recording:
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
    if "scores" not in chosen.frames and not quietly:
        having = recording.frames["scores"].shape[1] if "scores" in recording.frames else 0
        kept = f"seed {', '.join(map(str, recording.facts.seeds[:having]))}" if having else "none"
        if points == "none":
            raise UserError(
                f"--no-points: of seed {seed} points alone were kept, and the critic of {kept}; leave it out"
            )
        tell(f"the critic of seed {seed} was not kept: its points alone are shown (critics were kept of {kept})")
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


def drawn_looks(recording: Recording, path: Path, suffix: str, looks: Sequence[int], options: Options) -> Path:
    """Draw some looks side by side as PATH.SUFFIX; where it is."""
    from toygan.draw.steps import save_steps

    place = path.with_name(f"{path.name}.{suffix}")
    save_steps(recording, looks, place, options)
    return place


def refuse_films(formats: Sequence[str]) -> None:
    """UserError for a format that is none of a picture, before anything is played."""
    from toygan.files.strict import UserError, suggestion

    for name in formats:
        if name not in PICTURES:
            raise UserError(f"--format {name}: unknown; {suggestion(name, PICTURES, 'formats')}")


def files_of(out: Path, formats: Sequence[str]) -> list[Path]:
    """The files that a picture at OUT is written to: OUT itself, or with the suffix of each format that is asked for;
    UserError for what is no format of a picture, and for a place where no file can be.
    """
    from toygan.files.strict import UserError, suggestion

    refuse_films(formats)
    if out.name in ("", ".."):
        raise UserError(f"--out {out}: is a folder; give the name of a file, such as {out / 'picture.png'}")
    suffix = out.suffix[1:].lower()
    if not formats and suffix not in PICTURES:
        raise UserError(f"--out {out}: unknown format; {suggestion(out.suffix[1:], PICTURES, 'formats')}")
    bare = out.with_suffix("") if suffix in PICTURES else out
    files = [bare.with_name(f"{bare.name}.{name}") for name in dict.fromkeys(formats)] or [out]
    for path in files:
        refuse_taken(path)
    return files


def refuse_taken(path: Path) -> None:
    """UserError where a folder has a picture's name, or a file stands where its folder is to be."""
    from toygan.files.strict import UserError

    if path.is_dir():
        raise UserError(f"--out {path}: is a folder; give the name of a file, such as {path / 'picture.png'}")
    for folder in path.parents:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"--out {path}: {folder} is a file, and no folder; give another place")


def panels_in(panels: str | None, legal: Sequence[str]) -> list[str]:
    """The names in a list of panels; UserError for one that is not among those that there are."""
    names = names_in(panels, "")
    for name in names:
        one_of("panels", name, legal, "panels")
    return names


def chosen_formats(formats: Sequence[str], otherwise: Sequence[str]) -> list[str]:
    """The formats asked for, each once; UserError for an unknown one."""
    from toygan.files.strict import UserError, suggestion

    for suffix in formats:
        if suffix not in PICTURES + FILMS:
            raise UserError(f"--format {suffix}: unknown; {suggestion(suffix, PICTURES + FILMS, 'formats')}")
    return list(dict.fromkeys(formats or otherwise))


def pace_of(formats: Sequence[str], film: Film, px: int | None) -> Pace:
    """How films play; UserError for a number out of bounds, or one that nothing in these formats has."""
    from toygan.draw import Pace
    from toygan.files.strict import UserError

    within("fps", film.fps, SLOWEST, FASTEST)
    within("seconds", film.seconds, 0.1, LONGEST)
    told = ", ".join(formats)
    for option, value in (("fps", film.fps), ("seconds", film.seconds)):
        if value is not None and not set(formats) & set(FILMS):
            raise UserError(f"--{option} {value:g}: is about films, and {told} is none; a film is {', '.join(FILMS)}")
    return Pace(film.fps, film.seconds, px or Pace().width)


def within(option: str, value: float | None, least: float, most: float, unit: str = "", more: str = "") -> None:
    """UserError for a number, of a unit, that is not between two others, and for one that is none; `more` is said after."""
    from toygan.files.strict import UserError

    if value is not None and not least <= value <= most:
        raise UserError(f"--{option} {value:g}: must be a number{unit} from {least:g} to {most:g}{more}")


def drawn(recording: Recording, path: Path, suffix: str, pace: Pace, options: Options) -> Path:
    """Draw a run's picture or film, by the suffix, as PATH.SUFFIX; where it is. A slide has the main panels alone."""
    from toygan.draw import save_film, save_picture
    from toygan.draw.choice import save_chosen

    if options.style == "paper":
        still = partial(save_picture, recording, options=options)
    else:
        still = partial(save_chosen, [recording], ["usual"], options=options)
    return saved(still, partial(save_film, recording, pace=pace, options=options), path, suffix)


@contextmanager
def told_of(recording: Recording) -> Iterator[None]:
    """A UserError about one of several runs says which."""
    from toygan.files.strict import UserError

    try:
        yield
    except UserError as error:
        raise UserError(f"{recording.folder}: {error}") from None


def seeds_of_each(recordings: Sequence[Recording], seed: str | None, points: Drawn) -> list[list[Recording]]:
    """For every run, it with the seed that is asked for, or with each of its own; UserError with the run that has it not."""
    found = []
    for recording in recordings:
        with told_of(recording):
            found.append(seeds_seen(recording, seed, points))
    return found


def drawn_apart(each: Sequence[Sequence[Recording]], path: Path, suffix: str, asked: Wanted, options: Options) -> Path:
    """Draw chosen panels, moments or seeds of several runs, each run a list of its seeds, beside `path`; where it is."""
    recordings, looks = [recording for own in each for recording in own], list[list[int]]()
    for recording in recordings:
        with told_of(recording):
            looks.append(looks_of(recording, asked.steps, [suffix]))
    kind = "panels" if asked.panels or asked.seed == "all" else "steps"
    tail = "" if asked.seed is None else f"-seed-{asked.seed}"
    stem = path.with_name(f"{path.name}-{kind}{tail}")
    return chosen_panels(recordings, names_in(asked.panels, "critic"), stem, suffix, looks, options)


def drawn_together(recordings: Sequence[Recording], path: Path, suffix: str, pace: Pace, options: Options) -> Path:
    """Draw several runs' picture or film, by the suffix, as PATH.SUFFIX; where it is."""
    from toygan.draw import save_comparison, save_comparison_film

    still = partial(save_comparison, recordings, options=options)
    return saved(still, partial(save_comparison_film, recordings, pace=pace, options=options), path, suffix)


def saved(still: Callable[..., None], film: Callable[..., None], path: Path, suffix: str) -> Path:
    """Save what the suffix asks for as PATH.SUFFIX; where it is."""
    place = path.with_name(f"{path.name}.{suffix}")
    if suffix in PICTURES:
        still(path=place)
    else:
        with encoding(suffix):
            film(path=place)
    return place


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
