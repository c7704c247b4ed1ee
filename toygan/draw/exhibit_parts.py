"""What the pictures of an exhibit share: what they are made from, the page with its words, names, numbers and floors."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toygan.draw.sheet import WIDTH, blank, even, first_lines, point_legend, say
from toygan.draw.style import INK, LARGE, PLAIN, SMALL, quiet
from toygan.draw.sweep import BARS
from toygan.files.text import number
from toygan.quantities.table import QUANTITIES, better
from toygan.session.recording import Recording
from toygan.view.axes import WIDE, may_be_wide
from toygan.view.records import Row, groups, known_values
from toygan.view.scene import Points, seeds_in_words
from toygan.view.statistics import FEWEST, median

if TYPE_CHECKING:
    from toygan.session.dirac import Portrait

TEXT = 136  # characters of small prose across a page
LOST = "diverged"
NO_BARS = f"no bars: intervals need {FEWEST} seeds"

Rows = Sequence[Row]


class Labelled(NamedTuple):
    """A run, and the shortest name that tells it apart from the others of its panel."""

    label: str
    recording: Recording


class Material(NamedTuple):
    """What one panel of an exhibit is drawn from; `note` says what is cut short, `command` what makes the picture again.

    `rows` are records, one a run and seed (or one a piece of theory), with the run's `label` and the `labels` of its
    seed's diagnosis; `{measure}_floor` is what a perfect generator scores, where it is known. `recordings` are loaded
    for the kinds that need them only, `phases` for phase portraits; `points` are those drawn on the plane.
    """

    title: str
    command: str
    note: str = ""
    rows: Rows = ()
    recordings: Sequence[Labelled] = ()
    measure: str = "w1"
    across: str = ""
    down: str = ""
    phases: Sequence[Portrait] = ()
    points: Points = "all"


class Page(NamedTuple):
    """A figure with its words, and the room that they leave, in inches from its lower edge."""

    figure: Figure
    bottom: float
    top: float


# --- the page --------------------------------------------------------------------------------------------------------


def page(material: Material, tall: float, told: Sequence[str], points: bool = False) -> Page:
    """A figure with `tall` inches of room between its title, what was run and how to read it, and its command."""
    titles = textwrap.wrap(material.title, 50 if points else 62, max_lines=3, placeholder=" …")
    said = [line for words in told for line in textwrap.wrap(words, TEXT - 18 * points)]
    notes = textwrap.wrap(material.note, TEXT - 20 - 18 * points)
    commands = first_lines(material.command)
    bottom = 0.16 + 0.15 * len(commands)
    head = max(0.16 + 0.26 * len(titles) + 0.16 * (len(said) + len(notes)), 0.75 * points)
    figure = blank(even(bottom + tall + head))
    lines_down(figure, titles, notes, said)
    for row, words in enumerate(reversed(commands)):
        say(figure, 0.2, 0.1 + 0.15 * row, words, SMALL, family="monospace")
    if points:
        point_legend(figure, WIDTH - 0.15, figure.get_figheight() - 0.3)
    return Page(figure, bottom, figure.get_figheight() - head)


def lines_down(figure: Figure, titles: Sequence[str], notes: Sequence[str], said: Sequence[str]) -> None:
    height = figure.get_figheight() - 0.08
    for line in titles:
        height -= 0.26
        say(figure, 0.2, height, line, 15, weight="bold")
    height -= 0.03
    for line, weight in [(line, "bold") for line in notes] + [(line, "normal") for line in said]:
        height -= 0.16
        say(figure, 0.2, height, line, SMALL, weight=weight)


def nothing(material: Material, words: str = "there is no run to show") -> Figure:
    """A page that says why it is empty."""
    made = page(material, 0.7, ())
    say(made.figure, 0.2, made.bottom + 0.3, words, PLAIN)
    return made.figure


def titled(axis: Axes, words: str, size: float = LARGE) -> None:
    """A panel's title, cut where it would run into its neighbour's."""
    axis.set_title(words, size=size, loc="left", pad=4, weight="bold", color=INK, parse_math=False)


def absent(axis: Axes, words: str = "not recorded") -> None:
    """An empty panel that says why."""
    axis.set(xticks=[], yticks=[])
    axis.text(0.5, 0.5, words, transform=axis.transAxes, ha="center", va="center", color=INK, size=PLAIN)
    quiet(axis)


# --- which runs ------------------------------------------------------------------------------------------------------


def runs_in_words(every_run: Sequence[Labelled], shown: bool, most: int | None = None) -> str:
    """How many runs, of which seeds, which one is shown, and at which step they end: of all, or of the first ones alone."""
    recordings = [run.recording for run in every_run[:most]]
    every = [recording.facts.seeds for recording in recordings]
    seeds = f"shown: {shown_seeds(every)}" if shown else " / ".join(dict.fromkeys(map(all_seeds, every)))
    steps = sorted({int(recording.frames["step"][-1]) for recording in recordings})
    ends = f"step {steps[0]}" if len(steps) == 1 else f"steps {steps[0]} to {steps[-1]}"
    left_out = f" · the first {most} of {len(every_run)}" if len(every_run) > len(recordings) else ""
    return f"{counted(len(recordings), 'run')} · {seeds} · last frame: {ends}{left_out}"


def shown_seeds(several: Sequence[Sequence[int]]) -> str:
    """Which seeds are shown of several runs, the first of each, and of how many."""
    firsts, counts = sorted({seeds[0] for seeds in several}), sorted({len(seeds) for seeds in several})
    of = "" if counts == [1] else f", one of {'up to ' if len(counts) > 1 else ''}{counts[-1]}"
    return all_seeds(firsts) + of


def all_seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {seeds_in_words(seeds)}"


def diverged_words(recording: Recording) -> str:
    """That the portrait seed diverged and when, and how many seeds did where others are among them; else nothing."""
    own, *others = steps = recording.facts.diverged_at
    lost = sum(step is not None for step in steps)
    parts = ["" if own is None else f"diverged at step {own}",
             f"{lost} of {len(steps)} seeds diverged" if any(step is not None for step in others) else ""]  # fmt: skip
    return " · ".join(filter(None, parts))


def rows_in_words(rows: Rows) -> str:
    """How many runs and seeds, and how many of them were lost or did not end."""
    lost = sum(row.get("status") == LOST for row in rows)
    unfinished = sum(row.get("status") not in ("done", LOST, None) for row in rows)
    sizes = [len(members) for members in groups(rows, ("scenario", "label", "folder")).values()]
    even = len(set(sizes)) == 1  # two runs of two seeds are not two runs and four seeds
    many = f"{counted(len(sizes), 'run')} {'of' if even else '·'} {counted(sizes[0] if even else len(rows), 'seed')}"
    return many + f", {counted(lost, 'seed')} diverged" * bool(lost) + f" · {unfinished} not ended" * bool(unfinished)


def counted(count: int, what: str) -> str:
    """One run, two runs."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def by_column(rows: Rows, name: str) -> dict[str, Rows]:
    """Rows by what they have in a column, in order of first appearance; without those that have nothing there."""
    return {str(value): members for (value,), members in groups(rows, (name,)).items() if value is not None}


def by_scenario(rows: Rows) -> dict[str, dict[str, Rows]]:
    """A panel's rows by scenario, then by run; all in one panel where the runs are of a scenario each."""
    found = {
        title: {within(label, title): own for label, own in by_column(members, "label").items()}
        for title, members in by_column(rows, "scenario").items()
    }
    alone = len(found) > 1 and all(len(runs) == 1 for runs in found.values())
    return {"": by_column(rows, "label")} if alone else found


def within(label: str, scenario: str) -> str:
    """A run's name, which a scenario begins where it tells runs apart, in a panel that names the scenario already."""
    return label.removeprefix(f"{scenario}, ")


# --- measures --------------------------------------------------------------------------------------------------------


def measures_in(material: Material) -> list[str]:
    """The measures of a panel: several are separated by commas."""
    return [name for part in material.measure.split(",") if (name := part.strip())]


def medians_in_words(rows: Rows, measures: Sequence[str], drawn: str, more: str) -> list[str]:
    """What was run, what is drawn of it, and what bars and dashed lines are: a median of fewer than six values has no bar."""
    runs = [members for own in by_scenario(rows).values() for members in own.values()]
    counts = {count for own in runs for measure in measures if (count := len(known(own, measure))) > 1}
    bars = NO_BARS if counts and max(counts) < FEWEST else BARS
    floors = dict.fromkeys(floor_name(measure) for measure in measures if math.isfinite(floor_of(rows, measure)))
    meanings = {"floor": "floor (a perfect generator)", "ceiling": "ceiling (a perfect generator)"}
    dashed = f"dashed: {', '.join(meanings.get(name, name) for name in floors)}" if floors else ""
    return [rows_in_words(rows), " · ".join(filter(None, [drawn, bars, more, dashed]))]


def known(rows: Rows, measure: str) -> list[float]:
    """The finite values of a measure."""
    return [float(x) for x in known_values(rows, measure) if isinstance(x, int | float) and math.isfinite(x)]


def lost_in_words(rows: Rows, measure: str) -> str:
    """How many of a run's seeds have no value, empty for none."""
    without = [row for row in rows if not known([row], measure)]
    why = LOST if all(row.get("status") == LOST for row in without) else "no value"
    return f"{len(without)} of {len(rows)} {why}" if without else ""


def middle_in_words(values: Sequence[float]) -> str:
    """A median with its range."""
    if not values:
        return "no value"
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"median {number(float(np.median(values)))} ({low} to {high})"


def floor_of(rows: Rows, measure: str) -> float:
    """What a perfect generator, or critic, scores; NaN where it is not known."""
    told = [median(known(rows, f"{measure}_{kind}")).value for kind in ("floor", "ceiling")]
    best = max(known(rows, "modes_of"), default=math.nan) if measure == "modes" else best_of_critics(measure)
    return next(filter(math.isfinite, told), best)


def best_of_critics(measure: str) -> float:
    """What exact transport scores in a quantity of critics, unless a run knows its own ceiling; NaN for other quantities."""
    row = QUANTITIES.get(measure)
    return row.best if row and row.source == "critic" else math.nan


def floor_name(measure: str) -> str:
    """What the floor of a measure is called."""
    if math.isfinite(best_of_critics(measure)):
        return "exact transport"
    return {"higher": "ceiling", "lower": "floor"}.get(better(measure), "a perfect generator")


def at_end(material: Material, run: Labelled, measure: str) -> list[float]:
    """A measure at the end of a run, a value a seed: of the rows, or else of the last frame."""
    own = [row for row in material.rows if row.get("folder") == str(run.recording.folder)]
    own = own or [row for row in material.rows if row.get("label") == run.label]
    values = run.recording.curve(measure)
    last = [] if values is None else [float(value) for value in values[-1] if np.isfinite(value)]
    return known(own, measure) or last


def is_wide(values: np.ndarray, measure: str) -> bool:
    """Whether a measure's values need a logarithmic axis: unbounded, none negative, and the positive ones far apart."""
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    far = len(positive) > 0 and positive.max() > WIDE * positive.min()
    return bool(far and may_be_wide(measure) and finite.min() >= 0)
