"""The synchronised panels of several runs under one slider: what a page must know of them, and its HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from toygan.draw.exhibit_parts import diverged_words, shown_seeds
from toygan.draw.panels import BANDS, BOUNDARY, METHOD_COLOURS, band_edges
from toygan.draw.points import DISC_INK, GENERATED, INK_ADDED, PALE, REAL, REAL_INK, RIM
from toygan.draw.style import INK
from toygan.draw.thumbnail import Tones, poster, shrunk
from toygan.files.disk import write_aside
from toygan.files.memory import give_back
from toygan.files.text import number
from toygan.quantities.table import QUANTITIES, When, axis_name, row_of, shown_in
from toygan.session.facts import Summary
from toygan.session.recording import Recording, load
from toygan.site.extras import bands_between, colours, extras_facts, extras_html, round_to
from toygan.site.markup import command_box, data, tag, text
from toygan.site.pack import (
    alive_of,
    critics_of,
    digits,
    kept_frames,
    optimal_fields,
    packed_runs,
    shown_extras,
    zero_where_unknown,
)
from toygan.view.apart import names_apart, worlds
from toygan.view.axes import STRETCHED, WIDE, may_be_wide, may_leave, scale_of
from toygan.view.chosen import nearest_frames
from toygan.view.scene import Scene, events_of, missing, optimum_in_words, scene, steepest, title_of
from toygan.view.shares import RINGS_IN_WORDS
from toygan.view.words import MANY

POSTER, SHEET = 420, 1000  # pixels wide
SPEEDS = (("0.25", "¼×"), ("0.5", "½×"), ("1", "1×"), ("2", "2×"), ("4", "4×"))
SWITCHES = (
    ("points", "points", True),
    ("critic", "critic", True),
    ("arrows", "gradient arrows", False),
    ("optimal", "optimal critic", False),
    ("latent", "latent map", False),
    ("trails", "trails", False),
    ("extras", "further panels", True),
    ("names", "names", False),
)
KEYS = (("Space", "plays and pauses"), ("← →", "step"), ("Home", "goes to the start"), ("End", "to the end"))
OURS = re.compile(r"\d+(-\d+\.js|(-sheet)?\.webp)")  # files of runs
UNSEEN = {"real_scores", "fake_scores", "real_slopes", "fake_slopes"}  # of single points
AXES = {"stretched": STRETCHED, "wide": WIDE}  # when a chart's axis is cut, or logarithmic: as in pictures
DASHES = ("solid", "dashed", "dotted")
SIZES = ("one", "two", "few", "few", "many")  # how wide panels are, by how many there are
NO_SCRIPTS = "These panels play where scripts are allowed. Below is the sheet of each run."
PLAY = "play with this"
NIGHT = {"real": "#eaf1fc", "generated": "#ff9a4a", "boundary": "#f0a3d6", "rim": "#ffc38f", "mist": "#3a4452",
         "haze": "#8fa0b8"}  # fmt: skip
DARK = ("#0f1a33", "#1b3352", "#27505f", "#456a55", "#807243")  # a critic's colours on a dark page, even in lightness

NO_NAMES: Mapping[str, str] = {}
Choices = Sequence[tuple[str, str]]


class About(NamedTuple):
    """What is around some films: HTML that says what to look for, which curves belong there, where the glossary is, whether the
    picture names its parts, and where the lab opens with a run's game, by what the run is called.
    """

    prose: str = ""
    curves: Sequence[str] = ()
    glossary: str = ""
    named: bool = False
    play: Mapping[str, str] = NO_NAMES


PLAIN = About()


class Shown(NamedTuple):
    """One run on a page: its recording, what is drawn of it, and the files a page loads for it."""

    recording: Recording
    scene: Scene
    files: Mapping[int, str]  # by a seed's place in the run's list
    poster: str
    sheet: str
    name: str = ""  # what to call it, where somebody knows better than its own facts


def place_runs(
    folders: Sequence[Path], place: Path, root: str, under: str, names: Mapping[str, str] = NO_NAMES
) -> list[Shown]:
    """Pack runs below `place/data/under` and their pictures below `place/stills/under`; paths start at `root`. `names`
    says what runs are called, by folder.

    What lay there before and is no longer of use is removed at the end.
    """
    homes = [place / kind / under for kind in ("data", "stills")]
    for home in homes:
        home.mkdir(parents=True, exist_ok=True)
    runs = [
        place_run(folder, place, root, f"{under}/{i}", names.get(str(folder), "")) for i, folder in enumerate(folders)
    ]
    used = {Path(path).name for run in runs for path in (*run.files.values(), run.poster, run.sheet)}
    for old in (file for home in homes for file in home.iterdir() if file.name not in used):
        if OURS.fullmatch(old.name):
            old.unlink()
    return runs


def place_run(folder: Path, place: Path, root: str, name: str, called: str) -> Shown:
    """Pack one run, without what no page shows, a third of its memory; its files start with `name`."""
    recording = load(folder)
    seen = {key: table for key, table in recording.frames.items() if key not in UNSEEN}
    recording = replace(recording, frames=seen)
    shown, files = scene(recording), {}
    for s, content in packed_runs(recording):
        files[s] = f"{root}data/{name}-{s}.js"
        write_aside(place / f"data/{name}-{s}.js", content, durable=False)
    write_aside(place / f"stills/{name}.webp", poster(shown, POSTER), durable=False)
    picture = folder / "picture.png"
    sheet = f"{root}stills/{name}-sheet.webp" if picture.is_file() else ""
    if sheet:
        write_aside(place / f"stills/{name}-sheet.webp", shrunk(picture, SHEET), durable=False)
    give_back()
    return Shown(recording, shown, files, f"{root}stills/{name}.webp", sheet, called)


# --- what the scripts know -------------------------------------------------------------------------------------------


def film_facts(runs: Sequence[Shown], about: About = PLAIN) -> dict[str, Any]:
    """Everything but the bytes: one clock for all runs, by the share of training that is done, and each run's facts."""
    total = max(len(kept_frames(run.recording)) for run in runs)
    lengths = {run.recording.facts.steps for run in runs}
    chosen = dict.fromkeys([*about.curves, *shown_in("curves"), *shown_in("line")])  # the chosen ones first
    own = list(dict.fromkeys(name for run in runs for name in run.recording.facts.own_measures))
    names = [*chosen, *own]
    known = [name for name in about.curves if any(run.recording.curve(name) is not None for run in runs)]
    return {
        "ticks": total,
        "steps": lengths.pop() if len(lengths) == 1 else None,
        "colours": {"real": REAL, "generated": GENERATED, "boundary": BOUNDARY, "rim": RIM} | colours(),
        "inks": {"real": REAL_INK, "generated": INK_ADDED, "pale": PALE, "disc": DISC_INK},
        "ramp": ramp(),
        "night": NIGHT | {"ramp": night_ramp()},
        "many": MANY,
        "bands": bands_of_all(runs),
        "glossary": about.glossary,
        "axes": AXES,
        "quantities": quantities(names, [*(known or shown_in("curves")), *own]),
        "runs": [
            run_facts(run, i, total, label, names)
            for i, (run, label) in enumerate(zip(runs, labels(runs), strict=True))
        ],
    }


def labels(runs: Sequence[Shown]) -> list[str]:
    """What tells the runs apart: their names, or the method, and scenario or settings where these differ too; where none
    of these do, what their configs differ in, as pictures say it.
    """
    if all(run.name for run in runs):
        return [run.name for run in runs]
    facts = [run.recording.facts for run in runs]
    several = len({one.scenario for one in facts}) > 1
    heads = worlds([run.recording for run in runs])
    names = [f"{head} · {one.method}" if several else one.method for head, one in zip(heads, facts, strict=True)]
    settings = [", ".join(f"{key} = {value}" for key, value in one.settings.items()) for one in facts]
    told = [f"{name} ({extra})" if extra else name for name, extra in zip(names, settings, strict=True)]
    return told if len(set(told)) == len(told) else names_apart([run.recording for run in runs])


def quantities(names: Sequence[str], chosen: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the table of quantities that have a curve or stand beneath a panel, as the scripts know them. The curves
    that were chosen are shown at once, the table's other ones when asked for.
    """
    best = {"lower": "floor", "higher": "ceiling", "neither": ""}
    return [
        {
            "name": name,
            "label": row_of(name).label,
            "title": axis_name(name),
            "about": row_of(name).about,
            "unit": row_of(name).unit,
            "scale": scale_of(name),
            "unbounded": may_be_wide(name),
            "leaves": may_leave(name),
            "best": best[row_of(name).better],
            "curve": name in chosen,
            "more": name not in chosen and name in shown_in("curves"),
            "line": name in shown_in("line") or name not in QUANTITIES,
        }
        for name in names
    ]


def run_facts(run: Shown, i: int, ticks: int, label: str, names: Sequence[str]) -> dict[str, Any]:
    recording, shown = run.recording, run.scene
    kept, facts = kept_frames(recording), recording.facts
    floors = {name: recording.floor(name) for name in names}
    steps = recording.frames["step"][kept]
    centres = recording.frames.get("mode_centres")
    return {
        "label": label,
        "colour": colour_of(i),
        "dash": dash_of(i),
        "seeds": list(facts.seeds),
        "critics": critics_of(recording.frames),
        "alive": [len(alive_of(recording, kept, s)) for s in range(len(facts.seeds))],
        "note": missing(recording, len(shown.steps)),
        "diverged": facts.diverged_at,
        "steps": facts.steps,
        "step": steps.tolist(),
        "clock": nearest_frames(steps, facts.steps, ticks).tolist(),
        "view": shown.view,
        "bands": bands_of(shown.scores),
        "optimalBands": None
        if shown.optimal is None
        else bands_of(optimal_fields(recording.frames["optimal_scores"], kept, 0)),
        "boundary": boundaries(recording, kept),
        "longest": steepest(shown.slopes) if shown.critic_kept else 1.0,
        "followed": facts.followed,
        "modes": [] if centres is None else np.asarray(centres, float).round(5).tolist(),
        "rings": rings_known(shown),
        "curves": curves_of(recording, kept, names),
        "best": {name: None if floor is None else round_to(floor.mean) for name, floor in floors.items()},
        "events": [
            {"step": event.step, "label": event.label, "seeds": event.seeds, "why": event.why}
            for event in events_of(recording)
        ],
        "files": {str(s): path for s, path in run.files.items()},
    } | extras_facts(shown)


def boundaries(recording: Recording, kept: np.ndarray) -> list[list[float]] | None:
    """For every seed with a critic and every kept frame, how far above the scores' median the critic cannot tell."""
    score = recording.facts.summary.boundary
    if score is None or "scores" not in recording.frames:
        return None
    medians = np.median(zero_where_unknown(recording.frames["scores"][kept]), axis=(2, 3))
    return [digits(score - line) for line in medians.T]


def rings_known(shown: Scene) -> dict[str, Any] | None:
    """The share due to each mode, and the radius of a circle that stands for all points, in widths of the view."""
    if shown.rings is None:
        return None
    across = shown.view[1] - shown.view[0]
    return {"due": digits(shown.rings.modes.weights), "whole": round_to(shown.rings.whole / across)}


def colour_of(i: int) -> str:
    """The colour of a run's lines; ink is whatever the theme writes with."""
    colour = METHOD_COLOURS[i % len(METHOD_COLOURS)]
    return "currentColor" if colour == INK else colour


def dash_of(i: int) -> int:
    """How a run's lines are broken when the colours are used up."""
    return i // len(METHOD_COLOURS) % len(DASHES)


def bands_of(scores: np.ndarray) -> dict[str, Any]:
    """The bands of scores [T, g, g] as in the pictures: where they start, how wide they are, and their colours."""
    known = scores[np.isfinite(scores).all((1, 2))] if np.isfinite(scores).all((1, 2)).any() else scores
    edges = band_edges(known if np.isfinite(known).all() else known[np.isfinite(known)].reshape(1, 1, -1))
    return bands_between(edges)


def bands_of_all(runs: Sequence[Shown]) -> dict[str, Any] | None:
    """The bands of all runs' critics on one scale; None where there are fewer than two with a critic."""
    known = [run.scene.scores for run in runs if run.scene.critic_kept]
    frames = [frame.reshape(1, -1) for scores in known for frame in scores]
    return bands_between(band_edges(frames)) if len(known) > 1 else None


def night_ramp() -> list[int]:
    """The critic's colours on a dark page, as many as on a light one: the lighter, the more real, there too."""
    stops = np.array([[int(one[i : i + 2], 16) for i in (1, 3, 5)] for one in DARK], float)
    at = np.linspace(0, len(stops) - 1, len(ramp()))
    mixed = np.stack([np.interp(at, range(len(stops)), stops[:, part]) for part in range(3)], axis=1)
    return [int.from_bytes(bytes(colour), "big") for colour in mixed.round().astype(np.uint8)]


def night_tones() -> Tones:
    """The colours of a small picture on a dark page."""
    critic = np.array([list(colour.to_bytes(3, "big")) for colour in night_ramp()], np.uint8)
    return Tones(NIGHT["real"], NIGHT["generated"], NIGHT["rim"], critic)


def ramp() -> list[int]:
    """The critic's colours, the lowest first, for a scale of a moment's own."""
    return bands_between(np.arange(BANDS - 1.0))["colours"]


def curves_of(recording: Recording, kept: np.ndarray, names: Sequence[str]) -> dict[str, list[list[float | None]]]:
    known = {name: recording.curve(name) for name in names}
    return {
        name: [[round_to(v) if np.isfinite(v) else None for v in line] for line in values[kept].T]
        for name, values in known.items()
        if values is not None
    }


# --- HTML ------------------------------------------------------------------------------------------------------------


def film(runs: Sequence[Shown], about: About = PLAIN) -> str:
    """Controls, panels, what to look for, curves. Without scripts: the last frames, and each run's sheet."""
    size = SIZES[min(len(runs), len(SIZES)) - 1]
    names = labels(runs)
    panels = [
        panel(run, i, label, about.play.get(label, ""), bool(about.play))
        for i, (run, label) in enumerate(zip(runs, names, strict=True))
    ]
    more = tag("details", tag("summary", "More curves"), tag("div", id="more", class_="curves"), class_="needs-js")
    beside = [
        about.prose,
        tag("div", id="curves", class_="curves needs-js"),
        more,
        tag("details", tag("summary", "Diagnosed events"), tag("div", id="events"), class_="needs-js"),
    ]
    inner = [
        data(film_facts(runs, about), "film-facts"),
        player_html(runs),
        tag("div", tag("div", tag("div", *panels, class_=f"panels {size}"), legend(runs), options(runs, about), class_="left"),
            tag("div", *beside, class_="right"), class_=f"seen {size}"),
        tag("details", tag("summary", "How to read the panels"),
            tag("p", text(points_in_words([run.recording for run in runs]))), tag("p", notes(runs)), class_="note"),
        optima(runs, names),
        tag("noscript", tag("p", NO_SCRIPTS), *sheets(runs, names)),
    ]  # fmt: skip
    return tag("section", *inner, class_="film", aria_label="Films of the runs")


def optima(runs: Sequence[Shown], names: Sequence[str]) -> str:
    lines = [
        tag("li", tag("strong", text(name)), " ", text(optimum_in_words(run.recording)))
        for run, name in zip(runs, names, strict=True)
        if run.scene.optimal is not None
    ]
    return tag("details", tag("summary", "The optimal critics"), tag("ul", *lines), class_="note") if lines else ""


def player_html(runs: Sequence[Shown]) -> str:
    buttons = [
        tag("button", "▶", type="button", id="play", class_="main", aria_label="Play"),
        tag("button", "‹", type="button", id="back", aria_label="One frame back"),
        tag("button", "›", type="button", id="forward", aria_label="One frame on"),
    ]
    slider = tag("input", type="range", id="time", min="0", max="1", value="1", step="1", aria_label="Training step")
    bar = tag("div", tag("div", id="marks", aria_hidden="true"), slider, class_="time")
    lists = tag("div", choice("Seed", "seed", seeds_to_choose(runs)), choice("Speed", "speed", SPEEDS, "1"),
                choice("Colours", "scale", scales_to_choose(runs), "frame"), class_="choices")  # fmt: skip
    inner = [*buttons, bar, tag("output", id="step", for_="time"), lists]
    line = tag("div", *inner, class_="row controls needs-js", role="group", aria_label="Player")
    return line + tag("div", id="told", class_="unseen", aria_live="polite")


def scales_to_choose(runs: Sequence[Shown]) -> Choices:
    """What a colour of a critic stands for: at each moment as it comes, the same through a run's film, or in all runs."""
    several = sum(run.scene.critic_kept for run in runs) > 1
    rows = [("frame", "each moment's scale"), ("run", "each run's scale" if several else "the run's scale")]
    return [*rows, ("all", "one scale for all")] if several else rows


def seeds_to_choose(runs: Sequence[Shown]) -> Choices:
    """Every seed of any run, and of which there is no critic to see."""
    seeds = list(dict.fromkeys(seed for run in runs for seed in run.recording.facts.seeds))
    with_critic = {seed for run in runs for seed in run.recording.facts.seeds[: critics_of(run.recording.frames)]}
    return [(str(seed), f"seed {seed}" + ("" if seed in with_critic else " (points only)")) for seed in seeds]


def options(runs: Sequence[Shown], about: About) -> str:
    optimal = any(run.scene.optimal is not None for run in runs)
    lacking = {"optimal": not optimal, "extras": not any(shown_extras(run.scene) for run in runs)}
    rows = [row for row in SWITCHES if not lacking.get(row[0])]
    chosen = []
    for name, words, on in rows:
        box = tag("input", type="checkbox", id=f"show-{name}", checked=on or (name == "names" and about.named))
        chosen.append(tag("label", box, f" {text(words)}"))
    keys = " · ".join(f"<kbd>{key}</kbd> {words}" for key, words in KEYS)
    switches = tag("div", *chosen, class_="switches", role="group", aria_label="What is drawn")
    return tag("div", switches, tag("span", keys, class_="keys"), class_="row options needs-js")


def choice(words: str, name: str, rows: Choices, chosen: str = "") -> str:
    """A list to choose from: values, and what they are called, as HTML."""
    options = (tag("option", said, value=value, selected=value == chosen) for value, said in rows)
    return tag("label", f"{text(words)} ", tag("select", *options, id=name), class_="choice")


def legend(runs: Sequence[Shown]) -> str:
    ring = tag("span", tag("i", class_="ring"), text(RINGS_IN_WORDS))
    line = tag("span", tag("i", class_="line"), "boundary: the critic cannot tell", class_="needs-js")
    parts = [
        tag("span", tag("i", class_="disc"), "real"),
        tag("span", tag("i", class_="square"), "generated"),
        tag("span", "critic: less real ", tag("i", class_="ramp"), " more real"),
        *([ring] if any(run.scene.rings for run in runs) else []),
        *([line] if any(run.scene.boundary is not None for run in runs) else []),
    ]
    return tag("p", *parts, class_="legend")


def panel(run: Shown, i: int, label: str, play: str = "", others: bool = False) -> str:
    """One run: a poster until its data is there, then the canvas; a link to the lab, or room if `others` have one."""
    left, right, bottom, top = run.scene.view
    width, height = POSTER, round(POSTER * (top - bottom) / (right - left))
    lost = diverged_words(run.recording)
    about = f"Last frame of {title_of(run.recording)}{f' ({lost})' if lost else ''}: the critic, real points and generated ones"
    image = tag("img", src=run.poster, alt=about, width=width, height=height, loading="lazy")
    stage = tag("div", image, tag("canvas", aria_hidden="true"), tag("div", class_="over", aria_hidden="true"), class_="stage",
                style=f"aspect-ratio:{right - left:.6g}/{top - bottom:.6g}")  # fmt: skip
    swatch = tag("i", class_="swatch", style=f"color:{colour_of(i)};border-top-style:{DASHES[dash_of(i)]}")
    caption = tag("figcaption", tag("strong", swatch, text(label)), tag("span", last_words(run), class_="numbers"),
                  tag("a", PLAY, href=play, class_="play-with", aria_label=f"{PLAY}: {label}") if play
                  else tag("span", "\N{NO-BREAK SPACE}", class_="play-with") if others else "",
                  tag("span", class_="reading"))  # fmt: skip
    return tag("figure", stage, caption, extras_html(run.scene), class_="panel", id=f"run-{i}")


def last_words(run: Shown) -> str:
    """Seed and step of the last frame and whether it was lost, before the scripts say so."""
    seeds, steps = run.recording.facts.seeds, run.recording.facts.steps
    parts = [shown_seeds([seeds]), f"step {run.scene.steps[-1]} of {steps}", diverged_words(run.recording)]
    return text(" · ".join(part for part in parts if part))


def points_in_words(recordings: Sequence[Recording]) -> str:
    """On how many points the numbers beneath the panels stand, and on how many those of the end, with the floors of W1."""
    ends = [recording.facts.summary for recording in recordings]
    frame = sample_in_words([recording.frames["samples"].shape[2] for recording in recordings],
                            [end.critic_points for end in ends])  # fmt: skip
    here, there = floor_in_words(recordings, "frame"), floor_in_words(recordings, "final")
    return (f"Numbers beneath the panels are of a frame's {frame}{here}; claims about the end and the final measures are of "
            f"{fresh_in_words(ends)}{there}.")  # fmt: skip


def fresh_in_words(ends: Sequence[Summary]) -> str:
    """On how many points the measures of the end stand, as the summaries of some runs tell."""
    points, transported = [end.points for end in ends], [end.w1_points for end in ends]
    kinds = list(dict.fromkeys(end.points_of for end in ends))
    kind = kinds[0] if len(kinds) == 1 else f"points ({' or '.join(kinds)})"
    return sample_in_words(points, transported, kind)


def sample_in_words(points: Sequence[int | None], transported: Sequence[int | None], kind: str = "points") -> str:
    """How many points measures take, and how many of them W1 takes, as far as runs tell."""
    many, few = (" or ".join(map(str, sorted({n for n in counts if n}))) for counts in (points, transported))
    return (f"{many} {kind}" if many else kind) + (f", W1 on {few} of them" if few else "")


def floor_in_words(recordings: Sequence[Recording], when: When) -> str:
    """The floor of W1 in brackets, with its band where that is known, where all runs have the same."""
    found = {floor_of(recording, when) for recording in recordings}
    return f" (floor {found.pop()})" if len(found) == 1 and "" not in found else ""


def floor_of(recording: Recording, when: When) -> str:
    best = recording.floor("w1", when)
    if best is None:
        return ""
    band = f", {number(best.low)} to {number(best.high)} in 90 % of perfect samplers"
    return number(best.mean) + (band if best.draws else "")


def notes(runs: Sequence[Shown]) -> str:
    grid = min(64, len(runs[0].recording.frames["grid_x"]))
    arrows = len(runs[0].recording.frames["slope_x"])
    some = any(critics_of(run.recording.frames) < len(run.files) for run in runs)
    parts = [
        "The lighter, the more real. Colours change at levels that share out what is seen at each moment, unless another scale "
        "is chosen, and the range stands beneath; the median is removed in each frame, for an offset says nothing.",
        f"At the pointer: the score from a {grid} × {grid} grid, its slope from one of {arrows} × {arrows}, in between "
        "linearly, in eight bits.",
        "Critics, arrows and latent maps were kept for the first seed only; of the other seeds the page has 200 points in every "
        "second frame.",
        "Losses of different methods are in units of their own. Trails follow 60 points over eight frames.",
    ]  # fmt: skip
    return " ".join(parts[:2] + (parts[2:3] if some else []) + parts[3:])


def sheets(runs: Sequence[Shown], names: Sequence[str]) -> list[str]:
    return [tag("p", tag("img", src=run.sheet, alt=f"Sheet of {title_of(run.recording)}: critic, slopes and curves", width=SHEET,
                         style="height:auto", loading="lazy"), tag("br"), text(name))
            for run, name in zip(runs, names, strict=True) if run.sheet]  # fmt: skip


def commands(runs: Sequence[Shown]) -> str:
    """The command of each run, to copy."""
    return command_box("\n".join(dict.fromkeys(run.recording.facts.command for run in runs)))
