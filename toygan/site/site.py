"""The site of all exhibits: where to start, an index of questions, a page an exhibit, the matrix, the leaderboard, words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toygan.draw.exhibit import PANELS
from toygan.draw.thumbnail import DAY, is_dark, is_tall, poster, shrunk, small_film
from toygan.exhibits.claims import BY_CONSTRUCTION, JUDGED, Verdict, counted
from toygan.exhibits.dials import dials_of
from toygan.exhibits.published import Published
from toygan.exhibits.show import Picture, Showing, curves_of, labelled
from toygan.files.disk import write_aside
from toygan.files.memory import give_back
from toygan.site.boards import cells_of, leaderboard, matrix
from toygan.site.film import About, Shown, film, labels, night_tones, place_runs
from toygan.site.glossary import glossary_body
from toygan.site.markup import PAGES, command_box, document, file_name, linked, marked, paragraphs, tag, text
from toygan.site.page import final_table, section, still, write_assets
from toygan.site.phases import dials
from toygan.site.protocols import protocols_body
from toygan.site.start import start_body
from toygan.view.records import Record

STILL, CARD = 1600, 240  # pixels wide
GLOSSARY = "../glossary.html"
LAB = "lab/index.html"
SIGNS = {JUDGED[True]: "✓", JUDGED[False]: "✗", BY_CONSTRUCTION: "=", JUDGED[None]: "–"}
LEAD = (
    "Every way in which a GAN fails or holds, asked as a question and answered by runs that you can play with. Each answer is "
    "checked: what was claimed, whether it held, and by which numbers."
)
QUICK = "Quick: fewer seeds and fewer steps than the full gallery. Verdicts and numbers may differ from it."

Way = Sequence[tuple[str, str]]  # pages as they are read, each its file among the exhibits and its question


def write_site(
    place: Path, showings: Sequence[Showing], quick: bool, at_once: int = 1, protocols: Sequence[Published] = ()
) -> Path:
    """Write the whole site into `place`, so many exhibits at once; its index. It opens from disk and from any web server."""
    write_assets(place)
    give_back()
    write_exhibits(place, showings, at_once)
    return write_index(place, showings, quick, protocols)


def write_exhibits(place: Path, showings: Sequence[Showing], at_once: int) -> None:
    """Write the pages of exhibits, so many at once, a share by this process: one that only waits holds as much memory."""
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown()  # whoever drew the exhibits still holds what that took
    way = in_order(showings)
    pages = [(showing, way, i) for i, showing in enumerate(showings, 1)]
    jobs = [delayed(write_exhibit)(place, *page) for i, page in enumerate(pages) if i % at_once]
    others = Parallel(n_jobs=min(at_once, len(pages)) - 1, return_as="generator")(jobs) if jobs else iter(())
    try:
        for page in pages[::at_once]:
            write_exhibit(place, *page)
        list(others)
    except BaseException:
        getattr(others, "close", lambda: None)()
        raise


def in_order(showings: Sequence[Showing]) -> Way:
    """The way through the exhibits as they come, from the start page to the matrix of all."""
    pages = [(f"{file_name(showing.exhibit.name)}.html", showing.exhibit.question) for showing in showings]
    return [("../start.html", "What is a GAN?"), *pages, ("../matrix.html", "All scenarios and methods")]


def write_exhibit(place: Path, showing: Showing, way: Way, i: int) -> None:
    """Write one exhibit's page, the i-th, `exhibits/NAME.html`, with data and pictures, each file whole or not at all."""
    name = file_name(showing.exhibit.name)
    for home in ("exhibits", "stills/cards"):
        (place / home).mkdir(parents=True, exist_ok=True)
    runs = film_runs(showing, place, name)
    write_card(place, showing, name, runs)
    prose = tag("div", tag("h2", "What to look for"), paragraphs(showing.exhibit.text), class_="prose")
    about = About(prose=prose, curves=curves_of(showing.exhibit), glossary=GLOSSARY, play=lab_links(place, runs))
    shown, seen = moving(showing, place, name, runs, about)
    body = exhibit_head(showing, way, i) + shown + exhibit_rest(showing, place, name, seen) + steps(way, i, True)
    write_aside(place / "exhibits" / f"{name}.html", document(showing.exhibit.question, body, "../", PAGES))
    give_back()


def lab_links(place: Path, runs: Sequence[Shown]) -> dict[str, str]:
    """Where the lab opens with each run's game, by what runs are called, where it lies within the site and has that game."""
    if not runs or not (place / LAB).is_file():
        return {}
    from toygan.site.lab import address_of

    found = {name: address_of(run.recording) for run, name in zip(runs, labels(runs), strict=True)}
    return {name: f"../{LAB}{behind}" for name, behind in found.items() if behind}


def moving(showing: Showing, place: Path, name: str, runs: Sequence[Shown], about: About) -> tuple[str, int]:
    """What stands first on an exhibit's page, with what to look for, and how many of its pictures that took."""
    if runs:
        return film(runs, about), 0
    if all(turning := dials_of(showing.exhibit)):
        return dials(*turning, place, "../", name, about.prose), 0
    return tag("div", *pictures(showing.pictures[:1], place, name), about.prose, class_="plain"), 1


def runs_of(showing: Showing) -> list[Record]:
    """The records that are of runs; the others are pieces of theory."""
    return [dict(row) for row in showing.records if "folder" in row]


def exhibit_head(showing: Showing, way: Way, i: int) -> str:
    count = tag("span", f"question {i} of {len(way) - 2}", class_="count")
    kicker = tag("p", text(showing.exhibit.title), count, class_="kicker")
    parts = [
        tag("div", kicker, steps(way, i, False), class_="whereabouts"),
        tag("h1", marked(showing.exhibit.question)),
        tag("p", text(showing.answer), class_="answer") if showing.answer else "",
        banner(showing.quick),
    ]
    return tag("div", *parts, class_="opening")


def steps(way: Way, i: int, at_length: bool) -> str:
    """Links to the page before and the one after: as arrows at the top, with their questions at the end."""
    (back, before), (on, after) = way[i - 1], way[i + 1]
    links = [
        tag("a", f"←\u00a0{text(before)}" if at_length else "← previous", href=back, rel="prev"),
        tag("a", f"{text(after)}\u00a0→" if at_length else "next →", href=on, rel="next"),
    ]
    kind, name = ("steps", "Previous and next page") if at_length else ("steps short", "Previous and next")
    return tag("nav", *links, class_=kind, aria_label=name)


def banner(quick: bool) -> str:
    return tag("p", text(QUICK), class_="banner") if quick else ""


def film_runs(showing: Showing, place: Path, name: str) -> list[Shown]:
    films = set(map(str, showing.films))
    rows = labelled([row for row in showing.records if row.get("folder") in films])
    names = {str(row["folder"]): str(row["label"]) for row in rows}
    return place_runs(list(showing.films), place, "../", name, names) if showing.films else []


def exhibit_rest(showing: Showing, place: Path, name: str, seen: int) -> str:
    stills = pictures(showing.pictures, place, name, seen, bool(showing.films))
    measures = final_table(runs_of(showing), showing.folders, GLOSSARY, curves_of(showing.exhibit))
    parts = [
        section("Pictures", tag("div", *stills, class_="stills") if stills else ""),
        section("Claims", verdicts(showing.verdicts, showing.quick)),
        section("Final measures", measures, name="measures"),
        section("Reference", tag("p", linked(showing.exhibit.reference)) if showing.exhibit.reference else ""),
        section("The command that made this", command_box(showing.command)),
    ]
    return "".join(parts)


def verdicts(found: Sequence[Verdict], quick: bool = False) -> str:
    """Every claim with what became of it and its numbers, whichever way it went."""
    return tag("ul", *(verdict_line(one, quick) for one in found), class_="verdicts") if found else ""


def verdict_line(found: Verdict, quick: bool = False) -> str:
    """One claim. Quick runs judge nothing: what became of it in them is told without the colours of a verdict."""
    words = found.words
    sign = tag("span", SIGNS[words], aria_hidden="true")
    kind = "quick" if quick and words != BY_CONSTRUCTION else words.replace(" ", "-")
    told = tag("small", "in quick runs") if kind == "quick" else ""
    mark = tag("span", sign, f" {words}", told, class_=f"verdict {kind}")
    others = [tag("li", tag("strong", marked(one.setting)), ": ", marked(one.words)) for one in found.explanations]
    elsewhere = tag("ul", *others, class_="elsewhere") if others else ""
    return tag("li", mark, tag("p", marked(found.says)), tag("p", marked(found.evidence), class_="evidence"), elsewhere)


def pictures(found: Sequence[Picture], place: Path, name: str, seen: int = 0, filmed: bool = False) -> list[str]:
    """The stills of an exhibit after the first `seen`, but those whose film is there, by day and by night, each a link."""
    told = []
    for i, picture in list(enumerate(found))[seen:]:
        if filmed and kind_of(picture) == "films":
            continue
        kind = "still" + " chart" * is_chart(picture) + " tall" * is_tall(picture.path)
        file, day = f"{name}/picture-{i}", "day" if picture.dark else None
        links = [still(picture.path, STILL, place, "../", file, picture.about, day)]
        if picture.dark is not None:
            links.append(still(picture.dark, STILL, place, "../", f"{file}-dark", picture.about, "night"))
        told.append(tag("figure", *links, tag("figcaption", text(picture.title)), class_=kind))
    return told


def is_chart(picture: Picture) -> bool:
    """Whether a picture is lines and letters on light paper, which may be turned dark; maps keep their colours."""
    kind = PANELS.get(kind_of(picture))
    return kind is not None and kind.chart and not is_dark(picture.path)


def kind_of(picture: Picture) -> str:
    """The kind of panel that a picture is of, by its file's name."""
    return picture.path.stem.partition("-")[2]


def write_card(place: Path, showing: Showing, name: str, runs: Sequence[Shown]) -> None:
    """The picture of the card, which moves if there is a film, in colours for light pages and for dark ones."""
    contents: dict[str, bytes] = {}
    for end, tones in (("", DAY), ("-dark", night_tones())) if runs else ():
        contents[name + end] = poster(runs[0].scene, 2 * CARD, tones)
        contents[f"{name}-film{end}"] = small_film(runs[0].scene, CARD, tones)
    for end, path in stills_of(showing).items() if not runs else ():
        contents[name + end] = shrunk(path, 2 * CARD)
    for file, content in contents.items():
        write_aside(place / f"stills/cards/{file}.webp", content, durable=False)


def stills_of(showing: Showing) -> dict[str, Path]:
    """The first picture of an exhibit, and the same on a dark ground if it is there, by how their files end."""
    first = showing.pictures[0] if showing.pictures else None
    return {end: path for end, path in (("", first.path), ("-dark", first.dark)) if path} if first else {}


def write_index(place: Path, showings: Sequence[Showing], quick: bool, protocols: Sequence[Published]) -> Path:
    """Write the pages that are about all exhibits; returns the index."""
    pages = [(showing, f"exhibits/{file_name(showing.exhibit.name)}.html") for showing in showings]
    tables = {str(folder): f"{page}#measures" for showing, page in reversed(pages) for folder in showing.folders}
    films = {str(folder): f"{page}#run-{i}" for showing, page in pages for i, folder in enumerate(showing.films)}
    where = tables | films  # where each run is to be seen: a film says more than a line of a table
    cells = cells_of([row for showing in showings for row in runs_of(showing)], where)
    cards = tag("ul", *(card(showing) for showing in showings), class_="cards")
    play = tag("button", "Play all films", type="button", id="play-all", class_="quiet needs-js")
    lab = tag("p", tag("a", "The lab: train any of these yourself", href=LAB)) if (place / LAB).is_file() else ""
    papers = tag("p", tag("a", "Published experiments, and whether their numbers come out here", href="protocols.html"))
    opening = tag("div", tag("p", LEAD, class_="lead"), play, class_="lead-row") + lab + papers
    ranked = [showing for showing in showings if showing.exhibit.name == "leaderboard"] or showings
    best = cells_of([row for showing in ranked for row in runs_of(showing)], where)
    bodies = {
        "start.html": start_body(showings, place, "glossary.html"),
        "index.html": tag("h1", "Questions about GANs, on a sheet of paper") + opening + banner(quick) + cards,
        "matrix.html": tag("h1", "Scenarios and methods") + banner(quick) + matrix(cells),
        "leaderboard.html": tag("h1", "Leaderboard") + banner(quick) + leaderboard(best),
        "protocols.html": protocols_body(protocols, place),
        "glossary.html": glossary_body(),
    }
    for page, title in PAGES:
        write_aside(place / page, document(f"{title} · toygan", bodies[page], "", PAGES, page))
    return place / "index.html"


def card(showing: Showing) -> str:
    name = file_name(showing.exhibit.name)
    still = f"stills/cards/{name}"
    ends = {"": "day", "-dark": "night"} if showing.films or "-dark" in stills_of(showing) else {"": None}
    images = [tag("img", src=f"{still}{end}.webp", alt="", width=CARD, height=CARD, loading="lazy", class_=day,
                  data_film=f"{still}-film{end}.webp" if showing.films else None) for end, day in ends.items()]  # fmt: skip
    title = tag("p", text(showing.exhibit.title), class_="kicker")
    question = tag("h2", tag("a", text(showing.exhibit.question), href=f"exhibits/{name}.html"))
    kind = "thumb chart" if not showing.films and showing.pictures and is_chart(showing.pictures[0]) else "thumb"
    thumb = tag("div", *(images if showing.films or showing.pictures else []), class_=kind)
    answered = tag("p", text(showing.answer or tally(showing.verdicts)), class_="tally")
    return tag("li", thumb, title, question, answered)


def tally(found: Sequence[Verdict]) -> str:
    said = [f"{count} {words}" for words, count in counted(found).items() if count]
    return f"{len(found)} claim{'' if len(found) == 1 else 's'}: {', '.join(said)}" if said else "no claims"
