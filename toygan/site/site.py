"""The site of all exhibits: an index of questions, a page an exhibit, the matrix and the leaderboard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from toygan.draw.thumbnail import poster, shrunk, small_film
from toygan.exhibits.claims import BY_CONSTRUCTION, JUDGED, Verdict, counted
from toygan.exhibits.show import Picture, Showing, labelled
from toygan.files.disk import write_aside
from toygan.site.boards import cells_of, leaderboard, matrix
from toygan.site.film import Shown, film, place_runs
from toygan.site.markup import PAGES, command_box, document, linked, paragraphs, tag, text
from toygan.site.page import final_table, section, write_assets
from toygan.view.records import Record

STILL, THUMBNAIL, CARD = 1600, 96, 240  # pixels wide
SIGNS = {JUDGED[True]: "✓", JUDGED[False]: "✗", BY_CONSTRUCTION: "=", JUDGED[None]: "–"}
LEAD = (
    "Every way in which a GAN fails or holds, asked as a question and answered by runs that you can play with. Each answer is "
    "checked: what was claimed, whether it held, and by which numbers."
)
QUICK = "Quick: fewer seeds and fewer steps than the full gallery. Verdicts and numbers may differ from it."


def write_site(place: Path, showings: Sequence[Showing], quick: bool, at_once: int = 1) -> Path:
    """Write the whole site into `place`, so many exhibits at once, and return its index. It opens from disk and from any
    web server.
    """
    from joblib import Parallel, delayed

    write_assets(place)
    Parallel(n_jobs=min(at_once, len(showings)))(delayed(write_exhibit)(place, showing) for showing in showings)
    return write_index(place, showings, quick)


# --- exhibits --------------------------------------------------------------------------------------------------------


def write_exhibit(place: Path, showing: Showing) -> None:
    """Write one exhibit's page, `exhibits/NAME.html`, with its data and pictures, each file whole or not at all."""
    name = file_name(showing.name)
    for home in ("exhibits", "stills/cards"):
        (place / home).mkdir(parents=True, exist_ok=True)
    runs = film_runs(showing, place, name)
    write_card(place, showing, name, runs)
    body = exhibit_head(showing) + (film(runs) if runs else "") + exhibit_rest(showing, place, name)
    content = document(showing.question, body, "../", PAGES)
    write_aside(place / "exhibits" / f"{name}.html", content)


def runs_of(showing: Showing) -> list[Record]:
    """The records that are of runs; the others are pieces of theory."""
    return [dict(row) for row in showing.records if "folder" in row]


def file_name(name: str) -> str:
    """A name that is safe in a path and a link on every system, and another one for every other name."""
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "exhibit"
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def exhibit_head(showing: Showing) -> str:
    """Question, what to look at, and whether the page is a quick one."""
    parts = [
        tag("p", text(showing.title), class_="kicker"),
        tag("h1", text(showing.question)),
        banner(showing.quick),
        tag("div", paragraphs(showing.text), class_="prose"),
    ]
    return tag("div", *parts, class_="opening")


def banner(quick: bool) -> str:
    """What a reader of a quick page must know."""
    return tag("p", text(QUICK), class_="banner") if quick else ""


def film_runs(showing: Showing, place: Path, name: str) -> list[Shown]:
    """The runs of the synchronised panels, packed."""
    films = set(map(str, showing.films))
    rows = labelled([row for row in showing.records if row.get("folder") in films])
    names = {str(row["folder"]): str(row["label"]) for row in rows}
    return place_runs(list(showing.films), place, "../", name, names) if showing.films else []


def exhibit_rest(showing: Showing, place: Path, name: str) -> str:
    """Claims, pictures, measures, reference and command."""
    parts = [
        section("Claims", verdicts(showing.verdicts)),
        section("Pictures", *pictures(showing.pictures, place, name)),
        section("Final measures", final_table(runs_of(showing), showing.folders)),
        section("Reference", tag("p", linked(showing.reference)) if showing.reference else ""),
        section("The command that made this", command_box(showing.command)),
    ]
    return "".join(parts)


def verdicts(found: Sequence[Verdict]) -> str:
    """Every claim with what became of it and its numbers, whichever way it went."""
    return tag("ul", *map(verdict_line, found), class_="verdicts") if found else ""


def verdict_line(found: Verdict) -> str:
    """One claim."""
    words = found.words
    sign = tag("span", SIGNS[words], aria_hidden="true")
    mark = tag("span", sign, f" {words}", class_=f"verdict {words.replace(' ', '-')}")
    return tag("li", mark, tag("p", text(found.says)), tag("p", text(found.evidence), class_="evidence"))


def pictures(found: Sequence[Picture], place: Path, name: str) -> list[str]:
    """The stills of an exhibit, each a link to its file: on a phone they are too small to read."""
    home = place / "stills" / name
    home.mkdir(parents=True, exist_ok=True)
    told = []
    for i, picture in enumerate(found):
        write_aside(home / f"picture-{i}.webp", shrunk(picture.path, STILL), durable=False)
        file = f"../stills/{name}/picture-{i}.webp"
        image = tag("img", src=file, alt=f"{picture.about} (opens at full size)", loading="lazy")
        told.append(tag("figure", tag("a", image, href=file), tag("figcaption", text(picture.title)), class_="still"))
    return told


# --- the pictures of an exhibit elsewhere ----------------------------------------------------------------------------


def write_card(place: Path, showing: Showing, name: str, runs: Sequence[Shown]) -> None:
    """The last frame of every film, very small, and the picture of the card, which moves if there is a film."""
    if runs:
        contents = {f"{name}-{i}": poster(run.scene, 2 * THUMBNAIL) for i, run in enumerate(runs)}
        contents |= {name: poster(runs[0].scene, 2 * CARD), f"{name}-film": small_film(runs[0].scene, CARD)}
    else:
        contents = {name: shrunk(showing.pictures[0].path, 2 * CARD)} if showing.pictures else {}
    for still, content in contents.items():
        write_aside(place / f"stills/cards/{still}.webp", content, durable=False)


def thumbnails(showing: Showing) -> dict[str, tuple[str, str]]:
    """The thumbnail of every film of an exhibit, by the run's folder, with the page where it plays."""
    name = file_name(showing.name)
    return {
        str(folder): (f"stills/cards/{name}-{i}.webp", f"exhibits/{name}.html")
        for i, folder in enumerate(showing.films)
    }


# --- index, matrix, leaderboard --------------------------------------------------------------------------------------


def write_index(place: Path, showings: Sequence[Showing], quick: bool) -> Path:
    """Write the index of questions, the matrix and the leaderboard of all exhibits' runs; returns the index."""
    stills = dict(chain.from_iterable(thumbnails(showing).items() for showing in showings))
    cells = cells_of([row for showing in showings for row in runs_of(showing)], stills)
    cards = tag("ul", *(card(showing) for showing in showings), class_="cards")
    play = tag("button", "Play all films", type="button", id="play-all", class_="quiet needs-js")
    opening = tag("p", LEAD, class_="lead")
    ranked = [showing for showing in showings if showing.name == "leaderboard"] or showings
    best = cells_of([row for showing in ranked for row in runs_of(showing)], stills)
    bodies = {
        "index.html": tag("h1", "Questions about GANs, on a sheet of paper") + opening + banner(quick) + play + cards,
        "matrix.html": tag("h1", "Scenarios and methods") + banner(quick) + matrix(cells),
        "leaderboard.html": tag("h1", "Leaderboard") + banner(quick) + leaderboard(best),
    }
    for page, title in PAGES:
        write_aside(place / page, document(f"{title} · toygan", bodies[page], "", PAGES, page))
    return place / "index.html"


def card(showing: Showing) -> str:
    """One question with its film as a thumbnail and the tally of its claims."""
    name = file_name(showing.name)
    still = f"stills/cards/{name}"
    image = tag("img", src=f"{still}.webp", alt="", width=CARD, height=CARD, loading="lazy",
                data_film=f"{still}-film.webp" if showing.films else None)  # fmt: skip
    title = tag("p", text(showing.title), class_="kicker")
    question = tag("h2", tag("a", text(showing.question), href=f"exhibits/{name}.html"))
    thumb = tag("div", image if showing.films or showing.pictures else "", class_="thumb")
    return tag("li", thumb, title, question, tag("p", tally(showing.verdicts), class_="tally"))


def tally(found: Sequence[Verdict]) -> str:
    """How many claims held, did not, could not fail, and could not be judged."""
    said = [f"{count} {words}" for words, count in counted(found).items() if count]
    return f"{len(found)} claim{'' if len(found) == 1 else 's'}: {', '.join(said)}" if said else "no claims"
