"""Pictures of runs side by side on the plane: final critics, critics over their optimum, steepness, latents, level lines."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from toygan.draw import exhibit_parts as shared
from toygan.draw import panels
from toygan.draw.companions import marks_of_kind
from toygan.draw.exhibit_curves import histogram, layer_lines
from toygan.draw.exhibit_parts import Labelled, Material, Page
from toygan.draw.layout import axis_at, cut, fitted_to, panel_height, place_beneath, size_of
from toygan.draw.players import AROUND_ONE, around_one, latent_map
from toygan.draw.points import REAL, counted, generated_cloud, marker_size, pale_points, real_points
from toygan.draw.sheet import WIDTH, columns_for, measure_lines, note_of
from toygan.draw.style import FAINT, INK, LARGE, PLAIN, SMALL, quiet
from toygan.files.text import percent
from toygan.quantities.table import label_of
from toygan.view.apart import worlds
from toygan.view.levels import Levels, at, levels, range_in_words, scales
from toygan.view.scene import PLACED, THIN, Points, Scene, endless, no_critic, no_optimum, outside_share, scene
from toygan.view.shares import RINGS_IN_WORDS

MOST = 24  # runs on one page: a 25th would be a stamp
LEFT = 0.35  # inches before the first panel of a row
BAR, HEADING = 0.45, 0.16  # inches that a colour bar takes beneath a panel, and a small title above it
GOLDEN = 0.6180339887498949
LIGHTER = "Lighter = the critic holds it for more real, for every method; every panel on its own colour scale."
CIRCLES = f"{RINGS_IN_WORDS[0].upper()}{RINGS_IN_WORDS[1:]}, as areas."
TOLD_POINTS = {
    "thin": f"So that critics show, clouds are thinned to at most {THIN} points.",
    "none": "Points are not drawn.",
}
CATEGORIES = "Generated points, a colour and mark for each category of the latents, over real points (pale)."
LEVELS = LinearSegmentedColormap.from_list("lines", ["#1b4f8f", "#3f8fbf", "#57b894", "#b9b13a", "#d98b1e"], N=256)
MOST_TARGETS, NAMES, APART = 5, 0.75, 0.12  # columns of level lines at most; inches for rows' names, and between panels
FOOT, HISTOGRAMS = 4.3, 4  # inches of the foot; histograms in it
LEVELS_IN_WORDS = (
    "Lines join places of one score, blue ones low, orange ones high; dots are real points, and generated ones are not drawn. "
    "The last row is the best critic that there is for the clouds of the first method."
)
DEEP_IN_WORDS = (
    "Beneath: size of the loss's gradient at each layer of the other runs' critics (faint: at first, bold: at last), and their "
    "weights in per cent of 41 bins (grey: at first, blue: at last)."
)
LATENTS = "The square of latents, coloured as the small one, where the generator sends it; dark rim: folded; discs: real points."

Words = Callable[[Material, Labelled, Scene], Sequence[str]]
# A run on a page: its axis, whose left, bottom, width and height are inches, what it shows, and what is said beneath.
OnPage = tuple[Axes, tuple[float, float, float, float], Scene, str]


def label_lines(label: str, side: float) -> list[str]:
    """A run's name as lines above its panel."""
    wide = max(int(side * 11.5), 8)
    return textwrap.wrap(label, wide, max_lines=2, placeholder=" …", break_on_hyphens=False) or [" "]


def plane_page(material: Material, told: Sequence[str], words: Words, stories: int = 1, beneath: float = 0.3,
               foot: float = 0.0, legend: bool = True, points: Points = "all") -> tuple[Page, Iterator[OnPage]]:  # fmt: skip
    """The page, and its first MOST runs to be drawn one by one: at most four in a row, of so many `stories` of panels, with words
    `beneath`, so many inches lower; `foot`: inches under all runs; `points`: how many are drawn where nothing else is asked for.
    """
    points = points if material.points == "all" else material.points
    runs = [(run, scene(run.recording, points)) for run in material.recordings[:MOST]]
    circles = CIRCLES if legend and any(counted(shown) for _, shown in runs) else ""
    placed = PLACED if legend and any(len(shown.places[0]) for _, shown in runs) else ""
    columns = columns_for(len(runs))
    side = min((WIDTH - 0.3) / columns - 0.3, 3.4)
    tall = max(panel_height(shown, side) for _, shown in runs)
    heading = 0.16 * max(len(label_lines(run.label, side)) for run, _ in runs) + 0.12
    lines = [fitted_to(side, words(material, run, shown)) for run, shown in runs]
    row = heading + stories * tall + (beneath + 0.14 * max(text.count("\n") + 1 for text in lines) + 0.15)
    said = shared.runs_in_words(material.recordings, True, MOST)
    prose = [said, *told, circles, placed, TOLD_POINTS.get(points, "")]
    made = shared.page(material, -(-len(runs) // columns) * row + foot, prose, legend)

    def on_page() -> Iterator[OnPage]:
        for i, ((run, shown), text) in enumerate(zip(runs, lines, strict=True)):
            left = LEFT + (i % columns) * ((WIDTH - 0.3) / columns)
            place = left, made.top - (i // columns) * row - heading - tall, side, tall
            axis = axis_at(made.figure, *place)
            shared.titled(axis, "\n".join(label_lines(run.label, side)), LARGE if columns < 4 else PLAIN)
            axis.tick_params(labelleft=left == LEFT)
            yield axis, place, shown, text

    return made, on_page()


def contour(axis: Axes, shown: Scene, scores: np.ndarray, edges: np.ndarray) -> None:
    """Scores [g, g] with the points; in a small panel the points are smaller, the generated ones more so."""
    panels.score_bands(axis, shown, scores, edges)
    cloud(axis, shown)


def cloud(axis: Axes, shown: Scene) -> None:
    shrink = min((size_of(axis)[0] / 2.4) ** 0.5, 1.0)
    real = real_points(axis, shown)
    generated = generated_cloud(axis, shown, -1).marks
    real.set_markersize(real.get_markersize() * max(shrink, 0.9))
    generated.set_markersize(generated.get_markersize() * shrink)
    panels.frame_view(axis, shown)


def of_measures(material: Material, run: Labelled) -> list[str]:
    """The panel's measures of one run in words, over its seeds."""
    said, seeds = [], len(run.recording.facts.seeds)
    for measure in shared.measures_in(material):
        values = shared.at_end(material, run, measure)
        lost = f", {seeds - len(values)} of {seeds} without" if 0 < len(values) < seeds else ""
        said.append(f"{label_of(measure)}: {shared.middle_in_words(values)}{lost}")
    return said


def films(material: Material) -> Figure:
    """Final critics side by side with their points, measures beneath; the still behind a synchronised film."""
    made, runs = plane_page(material, [LIGHTER], final_words)
    for axis, _, shown, words in runs:
        if shown.critic_kept:
            contour(axis, shown, shown.scores[-1], scales(shown).critic.edges)
            panels.decision_boundary(axis, shown, -1)
        else:
            cloud(axis, shown)
        place_beneath(axis).set_text(words)
    return made.figure


def final_words(material: Material, run: Labelled, shown: Scene) -> list[str]:
    """The measures of the portrait seed, the range over all, and the panel's own measure."""
    extra = [] if material.measure == "w1" else of_measures(material, run)
    numbers = [line for line in measure_lines(shown, shown.last) if line != note_of(shown)]
    critic = range_in_words(scales(shown).critic) if shown.critic_kept else no_critic(shown.recording)
    seen = [critic, outside_share(shown.samples[-1], shown.view)]
    return [lost_at(shown), *numbers, *extra, *seen]


def critics(material: Material) -> Figure:
    """The learned critic of each run over the optimal one at the last frame, of a lone run beside it, with a measure beneath."""
    beside = len(material.recordings) == 1
    first, second = ("Left", "right") if beside else ("Upper", "lower")
    frames = [run.recording.frames for run in material.recordings]
    endless_ones = any("optimal_scores" in one and endless(one) for one in frames)
    told = [
        f"{first}: the learned critic; {second}: the optimal one for its objective. Bars: score, median removed. {LIGHTER}",
        "Beneath: median (range) of the seeds." + " Infinite scores are cut off." * endless_ones,
    ]
    room = (1, BAR) if beside else (2, 2 * BAR + HEADING)
    made, runs = plane_page(material, told, measured_words, *room, points="thin")
    for above, (left, bottom, side, tall), shown, words in runs:
        with_bar(above, shown, shown.scores[-1], scales(shown).critic)
        panels.decision_boundary(above, shown, -1)
        across, down = ((WIDTH - 0.3) / 2, 0.0) if beside else (0.0, BAR + HEADING + tall)
        other = axis_at(made.figure, left + across, bottom - down, side, tall)
        other.tick_params(labelleft=left == LEFT and not beside)
        best(other, shown)
        other.set_title("optimal", size=SMALL, loc="left", pad=3, color=INK)
        place_beneath(above if beside else other, BAR).set_text(words)
    return made.figure


def measured_words(material: Material, run: Labelled, shown: Scene) -> list[str]:
    return [lost_at(shown), *of_measures(material, run), outside_share(shown.samples[-1], shown.view)]


def with_bar(axis: Axes, shown: Scene, scores: np.ndarray, of: Levels) -> None:
    """A critic's scores [g, g] with their colour bar."""
    contour(axis, shown, scores, of.edges)
    axis.tick_params(labelbottom=False)
    panels.score_bar(axis, of, "", below=0.2)


def best(axis: Axes, shown: Scene) -> None:
    """The optimal critic with its colour bar, or why there is none."""
    of = scales(shown).optimal
    if of is None or shown.optimal is None:
        panels.frame_view(axis, shown)
        shared.absent(axis, without_optimum(axis, shown))
    else:
        with_bar(axis, shown, shown.optimal[-1], of)


def without_optimum(axis: Axes, shown: Scene) -> str:
    """Why a run has no optimal critic, in lines that a panel has room for; one that was lost before its end has recorded none,
    and of one whose game is not known nothing else can be said.
    """
    known = shown.recording.facts.config.get("method") and not shown.note
    words = f"No optimal critic: {no_optimum(shown.recording)}." if known else "not recorded"
    return fitted_to(0.85 * size_of(axis)[0], [words])


def lost_at(shown: Scene) -> str:
    """Which seeds diverged, and the step of the picture where the run did not reach its end."""
    return " · ".join(filter(None, [shared.diverged_words(shown.recording), note_of(shown)]))


def steepnesses(material: Material) -> Figure:
    """Where the critic is steeper than 1, orange, and how often at the data, a panel a run at the last frame."""
    how = (
        "Blue: |∇ score| below 1; orange: above; line: 1; dark dots: real points. Beneath: the share above 1 at real "
        "points, at generated ones, and on the segments between the two, where transport goes; read off the grid of slopes."
    )
    made, runs = plane_page(material, [how], steep_words, foot=0.45, legend=False, points="thin")
    for axis, _, shown, words in runs:
        around_one(axis, shown)
        place_beneath(axis).set_text(words)
    common_bar(made)
    return made.figure


def steep_words(material: Material, run: Labelled, shown: Scene) -> list[str]:
    n = min(len(shown.real), shown.samples.shape[1])
    real, fake = shown.real[:n], shown.samples[-1, :n]
    e = ((GOLDEN * np.arange(1, n + 1)) % 1.0)[:, None]  # even along the segments, and always the same
    places = {"real": real, "generated": fake, "between": e * real + (1 - e) * fake}
    parts = [f"{name} {share}" for name, points in places.items() if (share := share_above(shown, points))]
    return [lost_at(shown), "above 1: " + (", ".join(parts) or "not known")]


def share_above(shown: Scene, points: np.ndarray) -> str:
    """The share of points [n, 2] at which the interpolated steepness is above 1; empty where none lies on the grid."""
    from scipy.interpolate import RegularGridInterpolator

    grid, steepness = (shown.slope_y, shown.slope_x), panels.steepness(shown.slopes[-1])
    steep = RegularGridInterpolator(grid, steepness, bounds_error=False)
    found = steep(points[np.isfinite(points).all(axis=1)][:, ::-1])
    found = found[np.isfinite(found)]
    return percent(float((found > 1).mean())) if len(found) else ""


def common_bar(made: Page) -> None:
    place = axis_at(made.figure, 0.35, made.bottom + 0.2, 3.0, 0.11)
    colours = ScalarMappable(LogNorm(0.1, 10), AROUND_ONE)
    drawn = made.figure.colorbar(colours, cax=place, orientation="horizontal", extendfrac=0.03)
    drawn.set_ticks([0.1, 1, 10], labels=["≤ 0.1", "1", "≥ 10"])
    place.xaxis.set_minor_locator(NullLocator())
    place.tick_params(labelsize=SMALL, length=2, pad=1.5, color=FAINT)
    drawn.outline.set(linewidth=0.4, edgecolor=FAINT)
    place.text(1.1, 0.5, "|∇ score|, per unit length", transform=place.transAxes, size=SMALL, va="center", color=INK)


def latents(material: Material) -> Figure:
    """Generated points by category where the latents have some, else the square of latents where it is sent."""
    coloured = any("categories" in run.recording.frames for run in material.recordings)
    how = CATEGORIES if coloured else LATENTS
    made, runs = plane_page(material, [how], measured_words, legend=False)
    for axis, _, shown, words in runs:
        (by_category if "categories" in shown.recording.frames else latent_map)(axis, shown)
        place_beneath(axis).set_text(words)
    return made.figure


def by_category(axis: Axes, shown: Scene) -> None:
    """The portrait seed's generated points, a colour and a mark for each category; beneath them the real points, pale."""
    pale_points(axis, shown)
    chosen, points = shown.recording.frames["categories"][0], shown.samples[-1]
    for category in np.unique(chosen).tolist():
        marks = marks_of_kind(axis, category, 2.0 * marker_size(len(points)))
        marks.set_data(*points[chosen == category].T)
        marks.set_label(str(category))
    panels.frame_view(axis, shown)


def level_lines(material: Material) -> Figure:
    """Runs whose generator is frozen as maps of levels, the others as layers and weights beneath."""
    maps = [run for run in material.recordings if is_frozen(run)]
    deep = [run for run in material.recordings if run not in maps]
    targets = list(dict.fromkeys(run.recording.facts.scenario for run in maps))
    columns = in_columns(maps, targets[:MOST_TARGETS])
    rows = list(dict.fromkeys(name for _, column in columns for name in column))
    side = (WIDTH - NAMES - 0.3) / max(len(columns), 1) - APART
    tall = bool(maps) * ((1 + len(rows)) * (side + APART) + 0.3) + bool(deep) * FOOT
    words = shared.runs_in_words(material.recordings, shown=True)
    left_out = f" · the first {MOST_TARGETS} of {len(targets)} targets" if len(targets) > MOST_TARGETS else ""
    made = shared.page(material, tall, [words + left_out, LEVELS_IN_WORDS, DEEP_IN_WORDS if deep else ""])
    for place, (name, column) in enumerate(columns):
        draw_column(made, name, column, place, side, rows)
    if deep:
        foot(made, deep)
    return made.figure


def is_frozen(run: Labelled) -> bool:
    """Whether a run's generator is real points plus noise, so that only its critic learns."""
    return (run.recording.facts.config.get("generator") or {}).get("kind") == "data-plus-noise"


def in_columns(runs: Sequence[Labelled], targets: Sequence[str]) -> list[tuple[str, dict[str, Scene]]]:
    """The name of each target's column, and what stands in it: a row a method, or a run where a method was run twice on one."""
    facts = [run.recording.facts for run in runs]
    alone = len({(one.scenario, one.method) for one in facts}) == len(runs)
    heads = dict(zip([one.scenario for one in facts], worlds([run.recording for run in runs]), strict=True))
    columns: dict[str, dict[str, Scene]] = {target: {} for target in targets}
    for run, one in zip(runs, facts, strict=True):
        if one.scenario in columns:
            name = one.method if alone else shared.within(run.label, one.scenario)
            columns[one.scenario][name] = scene(run.recording)
    return [(heads[target], column) for target, column in columns.items()]


def draw_column(made: Page, name: str, column: dict[str, Scene], place: int, side: float, rows: Sequence[str]) -> None:
    """One target: a panel a row from above, empty where the target has no run of it, and the optimum; rows' names at the left."""
    first = next(iter(column.values()))
    for row, method in enumerate([*rows, "optimum"]):
        bottom = made.top - 0.3 - (row + 1) * (side + APART) + APART
        axis = axis_at(made.figure, NAMES + place * (side + APART), bottom, side, side)
        if row == len(rows):
            over_points(axis, first, None if first.optimal is None else first.optimal[-1])
        elif method in column:
            over_points(axis, column[method], column[method].scores[-1])
        else:
            shared.absent(axis, "not run")
        if row == 0:
            shared.titled(axis, cut(name, int(13 * side)), PLAIN)
        if place == 0:
            axis.set_ylabel("\n".join(label_lines(method, side)), size=PLAIN, color=INK, labelpad=6, parse_math=False)


def over_points(axis: Axes, shown: Scene, scores: np.ndarray | None) -> None:
    """Level lines of scores [g, g] over the real points."""
    axis.plot(*shown.seen(shown.real).T, "o", color=REAL, markersize=1.6, markeredgewidth=0, alpha=0.55, zorder=3)
    panels.frame_view(axis, shown)
    axis.set(xticks=[], yticks=[])
    if scores is None or not np.isfinite(scores).any():
        shared.absent(axis, without_optimum(axis, shown))
        return
    edges = levels(scores, at(shown, scores, shown.real)).edges
    axis.contour(shown.grid_x, shown.grid_y, scores, edges, cmap=LEVELS, linewidths=1.1, zorder=2)
    quiet(axis)


def foot(made: Page, runs: Sequence[Labelled]) -> None:
    """Gradients by layer, and beneath them histograms of the weights beside each other."""
    named = [run._replace(label=shared.within(run.label, run.recording.facts.scenario)) for run in runs]
    axis = axis_at(made.figure, NAMES, made.bottom + FOOT - 2.25, 4.6, 1.75)
    layer_lines(axis, named)
    pitch = (WIDTH - NAMES - 0.2) / HISTOGRAMS
    for place, run in enumerate(named[:HISTOGRAMS]):
        panel = axis_at(made.figure, NAMES + place * pitch, made.bottom + 0.45, pitch - 0.45, 0.75)
        histogram(panel, run)
        shared.titled(panel, run.label, SMALL)
