"""The site of all exhibits: an index of questions, a page an exhibit, the matrix and the leaderboard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from toygan.draw.scene import scene
from toygan.draw.thumbnail import poster, shrunk, small_film
from toygan.exhibits.claims import WORDS, Verdict
from toygan.exhibits.show import Picture, Showing, labelled
from toygan.gallery.boards import cells_of, leaderboard, matrix
from toygan.gallery.film import film, place_runs
from toygan.gallery.markup import PAGES, command_box, document, linked, paragraphs, tag, text
from toygan.gallery.page import final_table, section, write_assets
from toygan.recording import load, write_aside
from toygan.table import Record

STILL, THUMBNAIL, CARD = 1400, 96, 240  # pixels wide
SIGNS = {True: "✓", False: "✗", None: "–"}
LEAD = (
    "Every way in which a GAN fails or holds, asked as a question and answered by runs that you can play with. Each answer is "
    "checked: what was claimed, whether it held, and by which numbers."
)
QUICK = "Quick: fewer seeds and fewer steps than the full gallery. Verdicts and numbers may differ from it."


def write_site(place: Path, showings: Sequence[Showing], quick: bool) -> Path:
    """Write the whole site into `place` and return its index. It opens from disk and from any web server."""
    for showing in showings:
        write_exhibit(place, showing)
    return write_index(place, showings, quick)


# --- exhibits --------------------------------------------------------------------------------------------------------


def write_exhibit(place: Path, showing: Showing) -> None:
    """Write one exhibit's page, `exhibits/NAME.html`, with its data and pictures, each file whole or not at all."""
    name = file_name(showing.name)
    write_assets(place)
    (place / "exhibits").mkdir(exist_ok=True)
    body = exhibit_head(showing) + exhibit_films(showing, place, name) + exhibit_rest(showing, place, name)
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


def exhibit_films(showing: Showing, place: Path, name: str) -> str:
    """The synchronised panels, if the exhibit has any."""
    films = set(map(str, showing.films))
    rows = labelled([row for row in showing.records if row.get("folder") in films])
    names = {str(row["folder"]): str(row["label"]) for row in rows}
    return film(place_runs(list(showing.films), place, "../", name, names)) if showing.films else ""


def exhibit_rest(showing: Showing, place: Path, name: str) -> str:
    """Claims, pictures, measures, reference and command."""
    parts = [
        section("Claims", verdicts(showing.verdicts)),
        section("Pictures", *pictures(showing.pictures, place, name)),
        section("Final measures", final_table(runs_of(showing))),
        section("Reference", tag("p", linked(showing.reference)) if showing.reference else ""),
        section("The command that made this", command_box(showing.command)),
    ]
    return "".join(parts)


def verdicts(found: Sequence[Verdict]) -> str:
    """Every claim with what became of it and its numbers, whichever way it went."""
    return tag("ul", *map(verdict_line, found), class_="verdicts") if found else ""


def verdict_line(found: Verdict) -> str:
    """One claim."""
    words, sign = found.words, SIGNS[found.held]
    mark = tag("span", tag("span", sign, aria_hidden="true"), f" {words}", class_=f"verdict {words.replace(' ', '-')}")
    return tag("li", mark, tag("p", text(found.says)), tag("p", text(found.numbers), class_="evidence"))


def pictures(found: Sequence[Picture], place: Path, name: str) -> list[str]:
    """The stills of an exhibit."""
    home = place / "stills" / name
    home.mkdir(parents=True, exist_ok=True)
    told = []
    for i, picture in enumerate(found):
        write_aside(home / f"picture-{i}.webp", shrunk(picture.path, STILL), durable=False)
        image = tag("img", src=f"../stills/{name}/picture-{i}.webp", alt=picture.about, loading="lazy")
        told.append(tag("figure", image, tag("figcaption", text(picture.title)), class_="still"))
    return told


# --- index, matrix, leaderboard --------------------------------------------------------------------------------------


def write_index(place: Path, showings: Sequence[Showing], quick: bool) -> Path:
    """Write the index of questions, the matrix and the leaderboard of all exhibits' runs; returns the index."""
    write_assets(place)
    (place / "stills" / "cards").mkdir(parents=True, exist_ok=True)
    stills = dict(chain.from_iterable(thumbnails(place, showing) for showing in showings))
    cells = cells_of([row for showing in showings for row in runs_of(showing)], stills)
    cards = tag("ul", *(card(place, showing) for showing in showings), class_="cards")
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


def thumbnails(place: Path, showing: Showing) -> list[tuple[str, tuple[str, str]]]:
    """The last frame of every film of an exhibit, very small, by the run's folder, with the page where it plays."""
    name, found = file_name(showing.name), []
    for i, folder in enumerate(showing.films):
        path = f"stills/cards/{name}-{i}.webp"
        write_aside(place / path, poster(scene(load(folder)), 2 * THUMBNAIL), durable=False)
        found.append((str(folder), (path, f"exhibits/{name}.html")))
    return found


def card(place: Path, showing: Showing) -> str:
    """One question with its film as a thumbnail and the tally of its claims."""
    name = file_name(showing.name)
    image = tag("img", src=still_of(place, showing, name), alt="", width=CARD, height=CARD, loading="lazy",
                data_film=film_of(place, showing, name)) if showing.films or showing.pictures else ""  # fmt: skip
    title = tag("p", text(showing.title), class_="kicker")
    question = tag("h2", tag("a", text(showing.question), href=f"exhibits/{name}.html"))
    return tag(
        "li", tag("div", image, class_="thumb"), title, question, tag("p", tally(showing.verdicts), class_="tally")
    )


def tally(found: Sequence[Verdict]) -> str:
    """How many claims held, did not, and could not be judged."""
    counts = [(words, sum(verdict.held is held for verdict in found)) for held, words in WORDS.items()]
    said = [f"{count} {words}" for words, count in counts if count]
    return f"{len(found)} claim{'' if len(found) == 1 else 's'}: {', '.join(said)}" if said else "no claims"


def still_of(place: Path, showing: Showing, name: str) -> str:
    """The picture of a card: the first film's last frame, else the first still."""
    path = f"stills/cards/{name}.webp"
    first = showing.films[0] if showing.films else None
    content = poster(scene(load(first)), 2 * CARD) if first else shrunk(showing.pictures[0].path, 2 * CARD)
    write_aside(place / path, content, durable=False)
    return path


def film_of(place: Path, showing: Showing, name: str) -> str | None:
    """The moving picture of a card."""
    if not showing.films:
        return None
    path = f"stills/cards/{name}-film.webp"
    write_aside(place / path, small_film(scene(load(showing.films[0])), CARD), durable=False)
    return path
