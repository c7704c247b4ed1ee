"""An exhibit after its runs: its rows, the verdicts on its claims, its pictures. Nothing here trains."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from toygan.exhibits.answer import answer
from toygan.exhibits.claims import Verdict, matching
from toygan.exhibits.explained import Behind, with_explanations
from toygan.exhibits.files import PIECES, Exhibit, Panel
from toygan.exhibits.refined import refined_rows
from toygan.exhibits.theory import phase_portraits, theory_rows
from toygan.exhibits.work import Work, columns_of, halves
from toygan.files.memory import give_back
from toygan.files.mistakes import UserError
from toygan.many.results import facts_of, records_of
from toygan.many.sweep import seeds_of
from toygan.many.task import Task
from toygan.quantities.table import QUANTITIES, label_of
from toygan.session.dirac import Portrait
from toygan.session.recording import Recording, load
from toygan.view.apart import said
from toygan.view.chosen import of_seed
from toygan.view.look import USUAL, Options
from toygan.view.records import Record, Row

if TYPE_CHECKING:
    from toygan.draw.exhibit_parts import Material  # matplotlib, which judging claims does not need

QUICK = "quick: at most 2 seeds and a quarter of the steps"
Portraits = Sequence[tuple[Mapping[str, Any], Portrait]]
CURVED = ("curves", "ends", "price", "critics")  # kinds of panels that say of what they are
MEASURED = ("curves", "ends", "price", "matrix")  # kinds of panels whose measure is what is drawn
NAMED = 8  # runs that a picture's words call by name
OF_CRITICS = ("critics", "steepness", "levels")  # kinds of panels that are nothing without one


class Picture(NamedTuple):
    """A still picture of an exhibit: where it is, its title, what it shows in words, and where it is on a dark ground."""

    path: Path
    title: str
    about: str
    dark: Path | None = None


class Pictures(NamedTuple):
    """What of an exhibit's pictures is asked for: panels by kind or number, all without any; the seed of the critics shown,
    the first without one; further formats beside PNG; and how they look.
    """

    panels: Sequence[str] = ()
    seed: int | None = None
    formats: Sequence[str] = ()
    look: Options = USUAL


ALL = Pictures()


class Showing(NamedTuple):
    """An exhibit after its runs: everything that a page needs. All texts are the users' own and to be escaped. `films` are the
    folders of the runs to show as moving panels, `folders` those of all runs; `answer` is computed from its claims.
    """

    exhibit: Exhibit
    command: str
    films: Sequence[Path]
    folders: Sequence[Path]
    records: Sequence[Record]
    verdicts: Sequence[Verdict]
    pictures: Sequence[Picture]
    quick: bool
    answer: str = ""


def showing(
    exhibit: Exhibit,
    works: Sequence[Work],
    place: Path,
    command: str,
    quick: bool,
    explaining: Sequence[Sequence[Work]] = (),
    asked: Pictures = ALL,
) -> Showing:
    """Judge the claims of an exhibit whose runs have ended, and draw its panels into a place, as far as they are asked for;
    `explaining` are the runs behind its explanations, if these were done. UserError for a seed that a run of a panel has not.
    """
    portraits = phase_portraits(exhibit)
    runs = run_rows(works)
    rows = [*runs, *refined_rows(exhibit, runs), *theory_rows(exhibit, portraits)]
    finished = [row for row in rows if row.get("status") in (None, "done", "diverged")]
    films = [row for panel in exhibit.panels if panel.kind == "films" for row in matching(panel.of, runs)]
    found = [(own, run_rows(own)) for own in explaining]
    others = [Behind(own, [*there, *refined_rows(exhibit, there)]) for own, there in found]
    verdicts = with_explanations(exhibit, Behind(works, rows), others)
    shown = Showing(
        exhibit=exhibit,
        command=command,
        films=folders_of(row for row in films if row in finished),
        folders=folders_of(runs),
        records=rows,
        verdicts=verdicts,
        pictures=pictures(exhibit, finished, portraits, place, command, QUICK if quick else "", asked),
        quick=quick,
        answer=answered(answer(verdicts), quick),
    )
    give_back()  # a gallery shows dozens of exhibits in one process
    return shown


def answered(sentence: str, quick: bool) -> str:
    """The answer as a page says it: quick runs answer nothing for good."""
    return f"From quick runs, which decide nothing: {sentence[:1].lower()}{sentence[1:]}" if quick else sentence


def curves_of(exhibit: Exhibit) -> list[str]:
    """The quantities whose curves belong to an exhibit: of its panels of curves, of its other panels, of its claims."""
    panels = sorted(exhibit.panels, key=lambda panel: panel.kind != "curves")
    shown = [name.strip() for panel in panels if panel.kind in CURVED for name in panel.measure.split(",")]
    terms = [term for claim in exhibit.claims for term in claim.terms.values()]
    claimed = [name for term in terms for name in (term.measure, *term.becomes.values()) if isinstance(name, str)]
    names = dict.fromkeys([*shown, *claimed])
    return [name for name in names if name in QUANTITIES and QUANTITIES[name].when == "frame"]


def folders_of(rows: Any) -> list[Path]:
    return list(dict.fromkeys(Path(row["folder"]) for row in rows))


def run_rows(works: Sequence[Work]) -> list[Record]:
    """One row a run and seed: group, scenario, method, settings, status, measures, what a perfect generator scores in each as
    `NAME_floor`, labels; and a name for the run.
    """
    rows = []
    for work in works:
        if not (work.task.folder / "run.json").exists():
            continue
        facts = facts_of(work.task.folder)
        settings = work.task.settings
        group = {key: value for key, value in work.columns.items() if key == "group"}
        floors = {f"{name}_floor": floor.mean for name, floor in facts.floors("final").items()}
        about, short = {"changes": work.changes, "as_shipped": work.as_shipped}, short_settings(settings)
        for row in records_of(replace(facts, settings=settings), work.task.folder):
            found = facts.labels_of(row["seed"]) if row["status"] in ("done", "diverged") else frozenset()
            told = {"labels": sorted(found), "short_settings": short}
            rows.append({**group, **halves(work.task.config), **row, **floors, **about, **told})
    return labelled(rows)


def labelled(rows: Sequence[Row]) -> list[Record]:
    """The rows with the shortest name that tells their runs apart."""
    return [{**row, "label": label} for row, label in zip(rows, run_labels(rows), strict=True)]


def run_labels(rows: Sequence[Row]) -> list[str]:
    """The shortest name of each row's run, by what tells runs apart, without the method where groups tell it; else numbered."""
    columns = ("scenario", "method", "group", "short_settings")
    told = [name for name in columns if len({row.get(name) for row in rows}) > 1] or ["method"]
    told = [name for name in told if name != "method" or not groups_tell(rows)] or told
    names = [name_of(row, told) for row in rows]
    folders: dict[str, dict[Any, int]] = {}  # of one name, numbered
    for name, row in zip(names, rows, strict=True):
        alike = folders.setdefault(name, {})
        alike.setdefault(row.get("folder"), len(alike) + 1)
    return [f"{name}, {folders[name][row.get('folder')]}" if len(folders[name]) > 1 else name
            for name, row in zip(names, rows, strict=True)]  # fmt: skip


def name_of(row: Row, columns: Sequence[str]) -> str:
    """A run's name of these columns: a group that is called as its settings begin is not said twice."""
    parts = [str(row[name]) for name in columns if row.get(name)]
    twice = [before for before, after in itertools.pairwise(parts) if after.startswith(f"{before} ")]
    return ", ".join(part for part in parts if part not in twice) or str(row.get("method"))


def groups_tell(rows: Sequence[Row]) -> bool:
    """Whether every run is of a group, and every group of one method: its name is the author's own for what it plays."""
    pairs = {(row.get("group"), row.get("method")) for row in rows}
    groups = {group for group, _ in pairs}
    return all(groups) and 1 < len(groups) == len(pairs)


def short_settings(settings: Mapping[str, Any]) -> str:
    """The settings of a grid by the last word of their keys, or by whole keys where these would be alike."""
    last = [key.rsplit(".", 1)[-1] for key in settings]
    names = last if len(set(last)) == len(last) else list(settings)
    return ", ".join(in_short(name, value) for name, value in zip(names, settings.values(), strict=True))


def in_short(name: str, value: Any) -> str:
    """One setting: a table by its kind and its own settings."""
    if not isinstance(value, Mapping):
        return f"{name.replace('_', ' ')} {said(value)}"
    return ", ".join([str(value.get("kind", name)), *(in_short(*item) for item in value.items() if item[0] != "kind")])


def pictures(
    exhibit: Exhibit,
    rows: Sequence[Row],
    portraits: Portraits,
    place: Path,
    command: str,
    note: str,
    asked: Pictures = ALL,
) -> list[Picture]:
    """Every panel of an exhibit that is asked for as a PNG file in a place, those that a page cannot turn dark on a dark ground
    too; a panel with nothing to show is left out.
    """
    from toygan.draw.exhibit import PANELS
    from toygan.draw.saved import save_figure, save_on_dark

    clear(place)
    made = []
    for i, panel in enumerate(exhibit.panels, 1):
        chosen = labelled(shown_in(panel, rows))
        if not chosen or not is_asked(panel, i, asked):
            continue
        kind, path = PANELS[panel.kind], place / f"{i}-{panel.kind}.png"
        title = panel.title or kind.title
        shorter = "" if panel.kind in PIECES else note  # theory is no shorter for being quick
        turns = kind.chart or panel.kind == "films"  # on a page, which plays films instead
        dark = None if turns or asked.look.style != "paper" else path.with_stem(f"{path.stem}-dark")
        for suffix in dict.fromkeys(["png", *asked.formats]):
            material = material_of(panel, chosen, portraits, asked)
            figure = kind.draw(material._replace(title=title, command=command, note=shorter))
            save_figure(figure, path.with_suffix(f".{suffix}"), command, asked.look)
            if dark and suffix == "png":
                save_on_dark(figure, dark, command, asked.look)
            give_back()
        made.append(Picture(path, title, f"{title}: {kind.about}{of_what(panel, chosen)}", dark))
    return made


def clear(place: Path) -> None:
    """Make a folder for pictures, without those of panels that are no more."""
    from toygan.draw.exhibit import PANELS

    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        if re.fullmatch(rf"\d+-({'|'.join(PANELS)})(-dark)?\.(png|pdf|svg)", old.name):
            old.unlink()


def of_what(panel: Panel, rows: Sequence[Row]) -> str:
    """Which quantities and runs a picture is of, for those who do not see it; empty where it is of theory."""
    names = [name.strip() for name in panel.measure.split(",")] if panel.kind in MEASURED else []
    quantities = f" ({', '.join(label_of(name) for name in names)})" if any(names) else ""
    runs = list(dict.fromkeys(str(row["label"]) for row in rows if "folder" in row))
    more = f" and {len(runs) - NAMED} more" if len(runs) > NAMED else ""
    return quantities + (f"; of {'; '.join(runs[:NAMED])}{more}" if runs else "")


def shown_in(panel: Panel, rows: Sequence[Row]) -> list[Row]:
    """The rows that a panel is about: those of runs, or of theory, by its kind."""
    return [row for row in matching(panel.of, rows) if ("folder" in row) != (panel.kind in PIECES)]


def material_of(panel: Panel, rows: Sequence[Row], portraits: Portraits, asked: Pictures) -> Material:
    from toygan.draw.exhibit import PANELS
    from toygan.draw.exhibit_parts import Labelled, Material

    recorded = PANELS[panel.kind].recorded
    wanted = {row["folder"]: row["label"] for row in rows if recorded and "folder" in row}
    return Material(
        title=panel.title,
        command="",
        rows=rows,
        recordings=[Labelled(label, seen(Path(folder), asked.seed, panel.kind)) for folder, label in wanted.items()],
        measure=panel.measure,
        across=panel.across,
        down=panel.down,
        phases=told_apart([one for one in portraits if matching(panel.of, [one[0]])]),
        points=asked.look.points,
    )


def seen(folder: Path, seed: int | None, kind: str) -> Recording:
    """The recording of a run with the seed that is asked for; UserError where it has none, or not the critic of a panel."""
    if seed is None:
        return load(folder)
    try:
        found = of_seed(load(folder), seed)
    except ValueError as error:
        raise UserError(f"--seed {seed}: {folder.name}: {error}") from None
    if kind in OF_CRITICS and "scores" not in found.frames:
        raise no_critic(seed, folder.name)
    return found


def refuse_seed(exhibit: Exhibit, works: Sequence[Work], asked: Pictures) -> None:
    """UserError, before anything is played, for a seed that a run of the panels will not have, or a critic not be kept of."""
    if asked.seed is None:
        return
    from toygan.draw.exhibit import PANELS

    rows = [columns_of(work) | {"work": work} for work in works]
    for i, panel in enumerate(exhibit.panels, 1):
        if is_asked(panel, i, asked) and PANELS[panel.kind].recorded:
            for row in shown_in(panel, rows):
                refuse_unplanned(row["work"].task, asked.seed, panel.kind)


def refuse_unplanned(task: Task, seed: int, kind: str) -> None:
    """UserError for a seed that a run will not have, or whose critic it will not keep."""
    name, planned = task.folder.name, seeds_of(task)
    if seed not in planned:
        listed = ", ".join(map(str, planned))
        raise UserError(f"--seed {seed}: {name}: seed {seed} is not among those that it plays: {listed}")
    if kind in OF_CRITICS and planned.index(seed) >= task.config["training"]["portraits"]:
        raise no_critic(seed, name)


def no_critic(seed: int, name: str) -> UserError:
    return UserError(
        f"--seed {seed}: {name}: its critic was not kept; choose other panels with --panels, or keep it by "
        "set = { training.portraits = 4 } in the exhibit's file"
    )


def is_asked(panel: Panel, place: int, asked: Pictures) -> bool:
    """Whether a panel, the `place`-th of its exhibit counted from 1, is among those that are asked for."""
    return not asked.panels or bool({panel.kind, str(place)} & {*asked.panels})


def told_apart(portraits: Portraits) -> list[Portrait]:
    """Phase portraits of one panel, several of them called by what tells them apart."""
    told = [key for key in ("phases", "method", "update") if len({columns[key] for columns, _ in portraits}) > 1]
    titles = [" · ".join(columns[key] for key in told) for columns, _ in portraits]
    return [one._replace(title=title) if told else one for title, (_, one) in zip(titles, portraits, strict=True)]
