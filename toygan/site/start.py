"""The page for who has never seen a GAN: one game that goes well, beside one on the same data that does not, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toygan.exhibits.show import Showing
from toygan.files.text import number, percent
from toygan.session.recording import Recording, load
from toygan.site.boards import median_over_floor
from toygan.site.film import About, Shown, film, place_runs
from toygan.site.markup import file_name, tag, text
from toygan.view.records import groups
from toygan.view.scene import title_of

QUESTION = "What is a GAN?"
ANSWER = "Two players that learn from each other: a generator makes points, a critic tells them from real ones until it cannot."
MOVED = 3.0  # times nearer than at its start: a film in which something happens
PLAYERS = (
    "The round points, dark or white as the page is light or dark, are real: a sample that the generator never sees. The orange "
    "ones are generated: the generator turns random numbers into points of the plane. The colours beneath are the critic's "
    "scores: lightest where it takes points for real, deep blue where it takes them for made."
)
HANDS = (
    "Pause and drag the slider to go through the training; point at a picture to read the critic's score there. Everything on "
    "these pages was played and recorded, and each answer is checked against its runs."
)


def start_body(showings: Sequence[Showing], place: Path, glossary: str) -> str:
    """The page's content; films of the pair go below `place`, named `start`."""
    pair = chosen(showings)
    head = tag("div", tag("h1", text(QUESTION)), tag("p", text(ANSWER), class_="answer"), class_="opening")
    if not pair:
        return head + tag("p", "No run was filmed for these pages whose points come near their target.")
    names = dict(zip(pair, ("a game that goes well", "the same data, another game"), strict=False))
    runs = place_runs(list(map(Path, pair)), place, "", "start", names if len(pair) > 1 else {})
    about = About(prose=story(runs), curves=("w1", "modes"), glossary=glossary, named=True)
    first = showings[0].exhibit
    link = tag("a", text(first.question), href=f"exhibits/{file_name(first.name)}.html", rel="next")
    onward = tag("p", "Next, the first question: ", link, class_="onward")
    papers = tag("p", "For readers of papers: ", tag("a", "published experiments", href="protocols.html"), ".")
    return head + film(runs, about) + onward + papers


def chosen(showings: Sequence[Showing]) -> list[str]:
    """The folders of two runs, of one or of none: of all filmed runs of one generator and one critic whose points came much
    nearer, the one that ended nearest to its floor, in the median over its seeds, one with modes if there is any, for these
    can be counted, and with another run on the same data; and of those of the same scenario, budget aside, the one that
    ended farthest from it.
    """
    rows = [row for one in showings for row in one.records if str(row.get("folder")) in set(map(str, one.films))]
    by_folder = {str(folder): members for (folder,), members in groups(rows, ["folder"]).items()}
    scores = {folder: median_over_floor(members) for folder, members in by_folder.items() if shows(Path(folder))}
    known = {folder: score for folder, score in scores.items() if np.isfinite(score)}
    if not known:
        return []
    first = {folder: by_folder[folder][0] for folder in known}
    same = {
        folder: [one for one in known if first[one]["scenario"] == row["scenario"]] for folder, row in first.items()
    }
    best = min(known, key=lambda folder: (first[folder].get("modes") is None, len(same[folder]) == 1, known[folder]))
    worst = max(same[best], key=lambda folder: known[folder])
    return [best, worst] if worst != best else [best]


def shows(folder: Path) -> bool:
    """Whether a run's film shows what the page tells: one generator of latents and one critic, no further players, worlds,
    classes or categories, and a first seed that comes much nearer to its target.
    """
    recording = load(folder)
    config, w1 = recording.facts.config, recording.curve("w1")
    method = config.get("method") or {}
    if w1 is None or config.get("source") or any(method.get(key) for key in ("cast", "labels", "categories")):
        return False
    line = w1[np.isfinite(w1[:, 0]), 0]
    return len(line) > 1 and bool(line[0] > MOVED * line.min())


def story(runs: Sequence[Shown]) -> str:
    """A dozen sentences, the numbers in them those of the films."""
    well, *others = [run.recording for run in runs]
    parts = [PLAYERS, turns(well), end(well, bool(others)), *(contrast(well, one) for one in others), HANDS]
    return tag("div", *(tag("p", words) for words in parts), class_="prose")


def turns(run: Recording) -> str:
    frames = len(run.frames["step"])
    return text(
        "The critic learns to score real points above generated ones; then the generator moves its points uphill, to where the "
        f"critic scores higher. They take turns, here {run.facts.steps} times, of which the film shows {frames} moments."
    )


def end(run: Recording, beside: bool) -> str:
    """What became of the first seed of a run, alone or beside another, and how that is told in a number."""
    first, last = (curve_end(run, "w1", t) for t in (0, -1))
    best = run.floor("w1")
    floor = f"; a perfect sampler's would score about {number(best.mean)}" if best else ""
    where = "On the left" if beside else "Here"
    return text(
        "How near the two clouds are is told by W1, the mean distance that a generated point has to travel until the clouds are "
        f"alike. {where}, {title_of(run)}, it falls from {number(first)} to {number(last)}{floor}{modes(run)}."
    )


def curve_end(run: Recording, name: str, t: int) -> float:
    """The first seed's number at the first (0) or last (-1) frame where it is known."""
    curve = run.curve(name)
    known = np.array([np.nan]) if curve is None else curve[np.isfinite(curve[:, 0]), 0]
    return float(known[t]) if len(known) else float("nan")


def modes(run: Recording) -> str:
    """On how many modes the first seed's points end, where there are any."""
    centres = run.frames.get("mode_centres")
    if centres is None or run.curve("modes") is None:
        return ""
    share = run.curve("high_quality")
    near = "" if share is None else f", {percent(curve_end(run, 'high_quality', -1))} of them close to one"
    return f", and the points end on {curve_end(run, 'modes', -1):.0f} of {len(centres)} modes{near}"


def contrast(well: Recording, other: Recording) -> str:
    words = f"On the right is another game, {title_of(other)}: W1 ends at {number(curve_end(other, 'w1', -1))}{modes(other)}."
    return text(f"It does not always go so well. {words} Why games like this one fail, and what mends them, is what the "
                "questions are about.")  # fmt: skip
