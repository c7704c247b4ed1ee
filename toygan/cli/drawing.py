"""Options of commands that draw: what is drawn, in which formats, how it looks, how a film plays, how wide it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from toygan.cli.shared import option
from toygan.files.mistakes import UserError, shortened, suggestion

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

OF_FORMAT = f"{', '.join(PICTURES + FILMS)}; repeatable; png and gif by default."
OF_PICTURES = "Of pictures: png, pdf, svg; repeatable."
OF_STYLE = "paper: as tall as need be; slide: 16:9; dark: 16:9 on a dark ground."
OF_WIDTH = f"800px (or 800): of films and PNGs, {NARROWEST} to {WIDEST}; 90mm: of pictures on paper, 20 to 2000."
OF_SIZE = "Of plain words in pictures, 4 to 40; 9 by default, 15 on slides."
OF_SCALE = "Colours on each frame's own scale (frame), or on one of the whole run (run)."
OF_FPS = f"Frames a second of a film, {SLOWEST} to {FASTEST}; a frame is a recorded look."
OF_SECONDS = "How long a film plays; first and last frame are held besides."
OF_STEPS = (
    "Draw the looks nearest to these steps, up to 6, side by side: --steps 0,500,2500. With --view "
    f"{' or '.join([', '.join(LEARNED[:-1]), LEARNED[-1]])} the run is played again up to these very steps."
)
OF_PANELS = (
    "Draw these panels alone: critic, optimal, slope, curves, inside, latent, transport; kinds, regions, classes, "
    "reconstructions, code, worlds, pairs (or extras: those that there are); and losses, w1, found, "
    "agreement, trails, plan, steepness, layers, slopes, gradient, weights, scores."
)
OF_SEED = "Draw this seed, or all: a panel each; the run's first by default."
OF_VIEW = f"Another picture of the run: {', '.join(VIEWS)}."
OF_POINTS = "Draw so many fresh points of every seed's last generator."
OF_NONE = "Draw the critic without real and generated points."
OF_FEW = "Draw 200 of the real and of the generated points."

Formats = Annotated[list[str], option("--format -f", "FORMAT", OF_FORMAT, PICTURES + FILMS)]
PictureFormats = Annotated[list[str], option("--format -f", "FORMAT", OF_PICTURES, PICTURES)]


class Appearance(NamedTuple):
    """How any picture looks."""

    style: Annotated[str, option("--style", "NAME", OF_STYLE, STYLES)] = "paper"
    width: Annotated[str | None, option("--width", "WIDTH", OF_WIDTH)] = None
    type_size: Annotated[float | None, option("--font-size", "POINTS", OF_SIZE)] = None
    language: Annotated[str, option("--language", "NAME", "Of words in pictures: en or zh.", ("en", "zh"))] = "en"


class FewerPoints(NamedTuple):
    """How many points pictures of critics have."""

    no_points: Annotated[bool, typer.Option("--no-points", help=OF_NONE)] = False
    thin_points: Annotated[bool, typer.Option("--thin-points", help=OF_FEW)] = False

    def drawn(self, other: str = "") -> Drawn:
        """How many points are drawn; UserError for both, or one beside another option that makes a picture."""
        none, thin = self
        if none and thin:
            raise UserError("--no-points and --thin-points: choose one of them")
        if other and (none or thin):
            raise UserError(f"--{'no' if none else 'thin'}-points: changes the sheet and the film; leave out {other}")
        return "none" if none else "thin" if thin else "all"


class Critics(NamedTuple):
    """How critics are drawn."""

    scale: Annotated[str, option("--scale", "NAME", OF_SCALE, SCALES)] = "frame"
    fewer: FewerPoints = FewerPoints()


class Film(NamedTuple):
    """How a film plays."""

    fps: Annotated[float | None, option("--fps", "NUMBER", OF_FPS)] = None
    seconds: Annotated[float | None, option("--seconds", "NUMBER", OF_SECONDS)] = None


class Selected(NamedTuple):
    """Which moments, panels and seed of runs are drawn in place of the usual picture."""

    steps: Annotated[str | None, option("--steps --step", "STEP,...", OF_STEPS)] = None
    panels: Annotated[str | None, option("--panels", "NAME,...", OF_PANELS)] = None
    seed: Annotated[str | None, option("--seed", "SEED", OF_SEED)] = None

    @property
    def in_panels(self) -> bool:
        """Whether panels are drawn alone: some by name, or one a seed."""
        return bool(self.panels) or self.seed == "all"

    @property
    def tail(self) -> str:
        """What follows in a file's name where a seed is asked for."""
        return "" if self.seed is None else f"-seed-{self.seed}"


class Wanted(NamedTuple):
    """What of a run is drawn in place of its sheet and film."""

    view: Annotated[str | None, option("--view", "NAME", OF_VIEW, VIEWS)] = None
    points: Annotated[int | None, typer.Option("--points", metavar="N", min=1, max=10**6, help=OF_POINTS)] = None
    chosen: Selected = Selected()

    @property
    def own(self) -> list[str]:
        """The options that make a picture of their own."""
        steps, panels, _ = self.chosen
        told = {"points": self.points, "steps": steps, "view": self.view, "panels": panels}
        return [name for name, value in told.items() if value]


def with_command(recording: Recording, command: str) -> Recording:
    """The same recording with the command of a picture of it beside its own, to be written beneath."""
    both = "\n".join(filter(None, (recording.facts.command, command)))
    return replace(recording, facts=replace(recording.facts, command=both))


def steps_in(text: str) -> list[int]:
    """The steps in a list such as `0,500,2500`; UserError for what is none."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise UserError(f"--steps {shortened(text)}: must be whole numbers, 0 or more, with commas, such as 0,500,2500")
    return [int(part) for part in parts]


def looked(look: Appearance, critics: Critics = Critics(), other: str = "") -> Options:  # noqa: B008
    """How pictures are to look; UserError for what cannot be. `other` is an option that leaves the points no choice."""
    from toygan.draw import Options
    from toygan.view.language import LANGUAGES

    points = critics.fewer.drawn(other)
    style, scale = one_of("style", look.style, STYLES), one_of("scale", critics.scale, SCALES)
    one_of("language", look.language, list(LANGUAGES))
    within("font-size", look.type_size, 4, 40)
    px, mm = width_in(look.width)
    with blamed("--language", LookupError):
        from toygan.draw.fonts import families

        families(look.language)
    return Options(points, scale, style, mm, px, look.type_size, look.language)


def one_of(option: str, word: str, legal: Sequence[str], many: str = "") -> Any:
    """The word; UserError where it is none of the legal ones, of which there are `many`."""
    if word not in legal:
        raise UserError(f"--{option} {word}: unknown; {suggestion(word, legal, many or f'{option}s')}")
    return word


def width_in(text: str | None) -> tuple[int | None, float | None]:
    """Pixels or millimetres in a width such as `800px`, `800` or `90mm`; UserError for what is none."""
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


def go_together(asked: Wanted, options: Options, formats: Sequence[str], own_width: bool) -> None:
    """UserError for an unknown view, and for options of which one leaves nothing to the other, as `fits` has it too."""
    own, seed, view = asked.own, asked.chosen.seed, asked.view
    if view:
        one_of("view", view, VIEWS)
    if len(own) > 1 and own != ["steps", "panels"] and not (own == ["steps", "view"] and view in LEARNED):
        raise UserError(f"--{own[0]}: makes a picture of its own; leave out --{own[1]}")
    if seed is not None and (asked.points or view == "dirac"):
        told = "--points shows every seed" if asked.points else "--view dirac has none"
        raise UserError(f"--seed {seed}: {told}; leave out either")
    if seed == "all" and view:
        raise UserError(f"--seed all: --view {view} shows one seed; give its number, or --panels")
    films = [suffix for suffix in formats if suffix in FILMS]
    if films and asked.chosen.in_panels:
        which = "--panels" if asked.chosen.panels else "--seed all"
        raise UserError(f"--format {films[0]}: {which} makes a picture; choose from {', '.join(PICTURES)}")
    if options.scale == "run" and (asked.points or view):
        raise UserError(f"--scale run: is about critics' colours; leave out --{own[0]}")
    fits(options, formats, own_width)


def fits(options: Options, formats: Sequence[str], own_width: bool | None = None) -> None:
    """UserError for a width that no file of these formats has, or that says with the type's size two things at once;
    `own_width` is whether what is drawn is laid out for a width, None where nothing is that the command draws.
    """
    told, film = ", ".join(formats), next((suffix for suffix in formats if suffix in FILMS), None)
    if options.px and not set(formats) & {"png", *FILMS}:
        raise UserError(f"--width {options.px}px: is in pixels, and {told} has none; give millimetres, such as 90mm")
    if options.mm and film:
        raise UserError(f"--width {options.mm:g}mm: a film is measured in pixels, such as --width 800px; {film} is one")
    if options.type_size and film:
        raise UserError(f"--font-size {options.type_size:g}: is about pictures, and {film} is a film")
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
    looks: Sequence[Sequence[int]],
    options: Options,
    asked: str = "",
) -> None:
    """Draw panels, of each recording at its looks; UserError, with the option that `asked` for them, where none can be."""
    from toygan.draw.choice import save_chosen

    with blamed(asked or f"--panels {','.join(names)}", ValueError):
        save_chosen(recordings, names, path, looks, options)


def names_in(panels: str | None, usual: str) -> list[str]:
    """The names in a list such as `critic,slope`, each once."""
    return list(dict.fromkeys(filter(None, (part.strip() for part in (panels or usual).split(",")))))


@contextmanager
def blamed(what: object, *errors: type[Exception]) -> Iterator[None]:
    """A UserError that names an option, or a run, where one of some errors arises."""
    try:
        yield
    except errors as error:
        raise UserError(f"{what}: {error}") from None


def seeds_seen(recording: Recording, seed: str | None, points: Drawn) -> list[Recording]:
    """The recording with the seed shown that is asked for, or with every seed in its turn; UserError for what is none, for a
    seed that was not run, and for one of which nothing is left to draw without its points.
    """
    from toygan.draw import of_seed
    from toygan.files.text import tell

    if seed is None:
        return [recording]
    if seed == "all":
        return [of_seed(recording, one) for one in sorted(recording.facts.seeds)[:24]]
    if not (seed.isdecimal() and seed.isascii()):
        raise UserError(f"--seed {shortened(seed)}: must be the number of a seed, or all")
    n = int(seed)
    with blamed(f"--seed {n}", ValueError):
        chosen = of_seed(recording, n)
    if "scores" not in chosen.frames:
        having = recording.frames["scores"].shape[1] if "scores" in recording.frames else 0
        kept = f"seed {', '.join(map(str, recording.facts.seeds[:having]))}" if having else "none"
        if points == "none":
            raise UserError(f"--no-points: of seed {n} points alone were kept, and the critic of {kept}; leave it out")
        tell(f"the critic of seed {n} was not kept: its points alone are shown (critics were kept of {kept})")
    return [chosen]


def looks_of(recording: Recording, text: str | None, formats: Sequence[str]) -> list[int]:
    """The looks nearest to the steps in a list, none without a list; UserError for others, and for films of them."""
    from toygan.draw import looks_at
    from toygan.draw.steps import MOST

    if text is None:
        return []
    refuse_films(formats, "--steps makes a picture")
    asked = steps_in(text)
    many = len(asked)
    if many > MOST:
        raise UserError(f"--steps: {many} looks do not fit beside each other; give up to {MOST}, or draw the film")
    with blamed(f"--steps {text}", ValueError):
        return looks_at(recording, asked)


def drawn_looks(recording: Recording, path: Path, looks: Sequence[int], options: Options) -> None:
    """Draw some looks side by side."""
    from toygan.draw.saved import save_figure
    from toygan.draw.steps import steps

    save_figure(steps(recording, looks, options), path, recording.facts.command, options)


def refuse_films(formats: Sequence[str], why: str = "unknown") -> None:
    """UserError for a format that is none of a picture, before anything is played."""
    for name in formats:
        if name not in PICTURES:
            raise UserError(f"--format {name}: {why}; {suggestion(name, PICTURES, 'formats')}")


def files_of(out: Path, formats: Sequence[str], options: Options) -> list[Path]:
    """The files of a picture at OUT: OUT, or one for each format; UserError where there can be none, and as `fits` has it."""
    refuse_films(formats)
    if out.name in ("", ".."):
        raise UserError(f"--out {out}: is a folder; give the name of a file, such as {out / 'picture.png'}")
    suffix = out.suffix[1:].lower()
    if not formats and suffix not in PICTURES:
        raise UserError(f"--out {out}: unknown format; {suggestion(out.suffix[1:], PICTURES, 'formats')}")
    bare = out.with_suffix("") if suffix in PICTURES else out
    files = [bare.with_name(f"{bare.name}.{name}") for name in dict.fromkeys(formats)] or [out]
    for path in files:
        if path.is_dir():
            raise UserError(f"--out {path}: is a folder; give the name of a file, such as {path / 'picture.png'}")
        if taken := next((folder for folder in path.parents if folder.exists() and not folder.is_dir()), None):
            raise UserError(f"--out {path}: {taken} is a file, and no folder; give another place")
    fits(options, [path.suffix[1:].lower() for path in files])
    return files


def panels_in(panels: str | None, legal: Sequence[str]) -> list[str]:
    """The names in a list of panels; UserError for one that is not among those that there are."""
    return [one_of("panels", name, legal, "panels") for name in names_in(panels, "")]


def chosen_formats(formats: Sequence[str], otherwise: Sequence[str]) -> list[str]:
    """The formats asked for, each once; UserError for an unknown one."""
    return list(dict.fromkeys(one_of("format", suffix, PICTURES + FILMS) for suffix in formats or otherwise))


def pace_of(formats: Sequence[str], film: Film, px: int | None) -> Pace:
    """How films play; UserError for a number out of bounds, or one that nothing in these formats has."""
    from toygan.draw import Pace

    within("fps", film.fps, SLOWEST, FASTEST)
    within("seconds", film.seconds, 0.1, LONGEST)
    told = ", ".join(formats)
    for name, value in (("fps", film.fps), ("seconds", film.seconds)):
        if value is not None and not set(formats) & set(FILMS):
            raise UserError(f"--{name} {value:g}: is about films, and {told} is none; a film is {', '.join(FILMS)}")
    return Pace(film.fps, film.seconds, px or Pace().width)


def within(option: str, value: float | None, least: float, most: float, unit: str = "", more: str = "") -> None:
    """UserError for a number, of a unit, that is not between two others, and for one that is none; `more` is said after."""
    if value is not None and not least <= value <= most:
        raise UserError(f"--{option} {value:g}: must be a number{unit} from {least:g} to {most:g}{more}")


def drawn(recording: Recording, path: Path, pace: Pace, options: Options) -> None:
    """Draw a run's picture or film, by the suffix. A slide has the main panels alone."""
    from toygan.draw import save_film, save_picture

    if options.style != "paper":
        asked = f"--style {options.style}"
        still = partial(chosen_panels, [recording], ["usual"], looks=[()], options=options, asked=asked)
    else:
        still = partial(save_picture, recording, options=options)
    saved(still, partial(save_film, recording, pace=pace, options=options), path)


def seeds_of_each(recordings: Sequence[Recording], seed: str | None, points: Drawn) -> list[list[Recording]]:
    """For every run, it with the seed that is asked for, or with each of its own; UserError with the run that has it not."""
    found = []
    for recording in recordings:
        with blamed(recording.folder, UserError):
            found.append(seeds_seen(recording, seed, points))
    return found


def drawn_apart(each: Sequence[Sequence[Recording]], path: Path, chosen: Selected, options: Options) -> None:
    """Draw chosen panels, moments or seeds of several runs, each run a list of its seeds."""
    recordings, looks = [recording for own in each for recording in own], list[list[int]]()
    for recording in recordings:
        with blamed(recording.folder, UserError):
            looks.append(looks_of(recording, chosen.steps, [path.suffix[1:]]))
    chosen_panels(recordings, names_in(chosen.panels, "critic"), path, looks, options)


def drawn_together(recordings: Sequence[Recording], path: Path, pace: Pace, options: Options) -> None:
    """Draw several runs' picture or film, by the suffix."""
    from toygan.draw import save_comparison, save_comparison_film

    still = partial(save_comparison if options.style == "paper" else slide_of, recordings, options=options)
    saved(still, partial(save_comparison_film, recordings, pace=pace, options=options), path)


def slide_of(recordings: Sequence[Recording], path: Path, options: Options) -> None:
    """Draw two runs' critics and W1 alone, laid out for a slide: a whole comparison would stand small in its middle, as it does
    where there is no room for them, or more runs, whose critics would be smaller still.
    """
    from toygan.draw import save_comparison
    from toygan.draw.choice import save_chosen

    if len(recordings) > 2:
        return save_comparison(recordings, path, options=options)
    try:
        save_chosen(recordings, ["critic", "w1"], path, options=options)
    except ValueError:  # too small a page
        save_comparison(recordings, path, options=options)


def saved(still: Callable[..., None], film: Callable[..., None], path: Path) -> None:
    """Save what the suffix asks for."""
    suffix = path.suffix[1:]
    if suffix in PICTURES:
        still(path=path)
    else:
        with blamed(f"--format {suffix}", ImportError):
            film(path=path)
