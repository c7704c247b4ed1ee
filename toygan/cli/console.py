"""What the terminal shows: a progress bar, tables, a summary. Only this file and `cli` know rich."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from time import monotonic
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column, Table
from rich.text import Text

from toygan.cli.shared import duration
from toygan.files import cache
from toygan.files.advice import advice
from toygan.files.catalogue import Entry
from toygan.files.config import Config
from toygan.files.text import number, one_line, say, tell, visible
from toygan.many.progress import Progress, Watcher, live
from toygan.many.run import LIBRARIES, automatic, backends_here, installed
from toygan.quantities.table import QUANTITIES, label_of, shown_in, written
from toygan.session.recording import Recording, like_perfect

WIDE = 110  # columns of a terminal in which a bar may take its ease
EVERY = 10.0  # seconds between plain lines where stderr is no terminal
KEPT = "already there and kept; --fresh plays it again"


class Terminal(Console):
    """A console on which text is text: no word of it is a command to rich or to the terminal."""

    def __init__(self, **how: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **how)

    def render_str(self, text: str, **how: Any) -> Text:
        """The text with its control characters visible."""
        return super().render_str(visible(text), **how)

    def show(self, table: Table) -> None:
        """Print a table, without blanks at the ends of its lines where these go to a file or a pipe."""
        if self.is_terminal:
            self.print(table)
            return
        with self.capture() as captured:
            self.print(table)
        self.print("\n".join(line.rstrip() for line in captured.get().splitlines()), soft_wrap=True)


def console(stream: TextIO, stderr: bool) -> Terminal:
    """A console on a stream; what goes into a file or a pipe is never wrapped."""
    is_narrow = stream.isatty() or "COLUMNS" in os.environ
    return Terminal(stderr=stderr, width=None if is_narrow else 1000)


out, err = console(sys.stdout, stderr=False), console(sys.stderr, stderr=True)


def tell_advice(configs: Iterable[Config]) -> None:
    """What their owner may not expect of the configs' targets, on stderr, each thing once."""
    for words in dict.fromkeys(f"{config.name}: {words}" for config in configs for words in advice(config)):
        tell(words)


@contextmanager
def watching(name: str) -> Iterator[Watcher]:
    """A watcher that shows a bar on a terminal, and now and then a plain line elsewhere."""
    if not err.is_terminal:
        yield plain_lines(name)
        return
    label = Column(no_wrap=True, min_width=min(len(name), 28), max_width=28)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=label),
        BarColumn(bar_width=8 if err.width < WIDE else 30),
        TextColumn("{task.fields[note]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
    )
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task(visible(name), total=None, note="starting")
        meter = Meter()

        def watch(progress: Progress) -> None:
            if progress.doing == "kept":
                bar.console.print(f"{name}: {KEPT}")
            bar.update(task, completed=progress.step, total=progress.steps, note=meter.note(progress))

        yield watch


def plain_lines(name: str) -> Watcher:
    """A watcher that prints a line whenever it starts something else, and every few seconds."""
    meter, then, before = Meter(), 0.0, ""

    def watch(progress: Progress) -> None:
        nonlocal then, before
        if progress.doing != before or monotonic() - then > EVERY:
            note = KEPT if progress.doing == "kept" else f"{progress.doing}, {meter.note(progress)}"
            tell(f"{name}: {note}")
            then, before = monotonic(), progress.doing

    return watch


class Meter:
    """Remembers when it first looked, to say how fast it goes."""

    def __init__(self) -> None:
        self.start: tuple[float, int] | None = None

    def note(self, progress: Progress) -> str:
        """How far, how fast, how long it will take, and the latest numbers; at the end what is being done."""
        if progress.doing != "training":
            return progress.doing if err.is_terminal else f"step {progress.step} of {progress.steps}"
        self.start = self.start or (monotonic(), progress.step)
        seconds, steps = monotonic() - self.start[0], progress.step - self.start[1]
        parts = [f"{progress.step}/{progress.steps}"]
        if seconds > 0.5 and steps:
            left = duration((progress.steps - progress.step) * seconds / steps)
            parts += [f"{steps / seconds:.0f}/s", f"{left} left"]
        return "  ".join([*parts, *live(progress.numbers)[: None if err.width >= WIDE else 2]])


def print_summary(recording: Recording) -> None:
    """Status, measures of every seed, and where the files are."""
    facts = recording.facts
    out.print(recording.name, style="bold", end="")
    out.print(f"  {facts.status} at step {facts.step} of {facts.steps}, {facts.all_seconds:.1f} s")
    rows = facts.ends
    told = ["seed", *shown_in("terminal"), *facts.own_measures, "diverged_at"]
    show_rows([name for name in told if any(row.get(name) is not None for row in rows)], rows)
    for words in (*floor_words(recording), *facts.summary.diagnosis):
        out.print(words)
    for name in ("picture.png", "animation.gif"):
        if recording.folder and (recording.folder / name).exists():
            out.print(str(recording.folder / name), soft_wrap=True)


def show_rows(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(label_of(name), justify="left" if name in ("run", "status") else "right")
    for row in rows:
        table.add_row(*(cell(name, row.get(name)) for name in names))
    out.show(table)


def floor_words(recording: Recording) -> list[str]:
    """The final floor of W1 with its band, and how many seeds lie in it; nothing where a run knows no band."""
    floor, facts = recording.floor("w1", "final"), recording.facts
    known = [like for row in facts.summary.rows if (like := like_perfect(facts, row.get("w1"))) is not None]
    if floor is None or not known:
        return []
    band = f"{number(floor.low)} to {number(floor.high)} in 90 % of perfect samplers, of {floor.draws}"
    told = f"{sum(known)} of {len(facts.seeds)} seeds indistinguishable from a perfect sampler by W1 alone"
    return [f"W1 floor {number(floor.mean)} ({band}); {told}"]


def table_rows(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """One row a run: its mean measures over seeds."""
    return [
        {"run": recording.name, "status": recording.facts.status, "seeds": len(recording.facts.seeds)}
        | dict(recording.facts.means)
        | {"train_seconds": recording.facts.seconds.get("train")}
        for recording in recordings
    ]


def print_table(recordings: Sequence[Recording], paths: Mapping[str, str]) -> None:
    """One line a run, means over seeds, and where the comparison is."""
    rows = table_rows(recordings)
    alone = len({recording.facts.scenario for recording in recordings}) == 1  # then it goes without saying
    if alone:
        out.print(recordings[0].facts.scenario, style="bold")
    names = told_apart(recordings, [one.facts.method if alone else one.name for one in recordings])
    for row, name in zip(rows, names, strict=True):
        row["run"] = name
    said = {"status"} if all(row["status"] == "done" for row in rows) else set()
    own = dict.fromkeys(name for recording in recordings for name in recording.facts.own_measures)
    told = ["run", "status", "seeds", *shown_in("terminal"), *own, "train_seconds"]
    show_rows([name for name in told if any(name in row for row in rows) and name not in said], rows)
    for path in paths.values():
        out.print(path, soft_wrap=True)


def told_apart(recordings: Sequence[Recording], names: Sequence[str]) -> Sequence[str]:
    """The names if they differ; else what does, as pictures say it."""
    if len(set(names)) == len(names):
        return names
    from toygan.draw import names_apart

    return names_apart(recordings)


def print_measures(recordings: Sequence[Recording]) -> None:
    """Every final measure, a line a measure and a column a run: means over seeds, and what the target itself scores."""
    table = Table(box=None, pad_edge=False)
    table.add_column("measure (in brackets: the target itself)")
    for run in told_apart(recordings, [recording.name for recording in recordings]):
        table.add_column(run, justify="right", overflow="fold")
    for name in dict.fromkeys(name for recording in recordings for name in recording.facts.means):
        if name not in QUANTITIES or QUANTITIES[name].source != "floor":
            table.add_row(label_of(name), *(beside_floor(recording, name) for recording in recordings))
    out.show(table)
    out.print()


def beside_floor(recording: Recording, name: str) -> str:
    """The mean of a measure, with what a perfect sampler scores where that is known."""
    said, floor = cell(name, recording.facts.means.get(name)), recording.floor(name, "final")
    return said if floor is None else f"{said} ({written(name, floor.mean)})"


def cell(name: str, value: Any) -> str:
    """A cell of a table: numbers as their quantity writes them, steps and counts as they are."""
    if value is None:
        return "-"
    return written(name, value) if name in QUANTITIES or isinstance(value, float) else str(value)


def print_list(found: Mapping[str, Mapping[str, str]]) -> None:
    """Every name with its sentence, a table a list."""
    for what, rows in found.items():
        table = Table(box=None, pad_edge=False, show_header=False, title=what, title_justify="left", title_style="bold")
        table.add_column(no_wrap=True, style="cyan")
        table.add_column()
        for name, text in rows.items():
            table.add_row(name, text)
        out.show(table)
        out.print()


def print_page(page: Entry) -> None:
    """Title, lines, settings."""
    out.print(page.title, style="bold")
    for name, text in page.lines.items():
        say(f"{name}: {one_line(text)}")
    out.print()
    out.print(page.settings, soft_wrap=True)  # as it is, so that it can be copied


def kept_in() -> str:
    """Where floors and large graphs are kept between runs, and how much of it there is."""
    try:
        sizes = [path.stat().st_size for path in cache.folder().rglob("*") if path.is_file()]
    except (OSError, RuntimeError) as error:
        return f"there is none ({error})"
    return f"{cache.folder()} ({len(sizes)} files, {sum(sizes) / 1e6:.1f} MB); TOYGAN_CACHE names another"


def print_doctor() -> None:
    """Versions, device, threads, encoders, and what is missing."""
    import torch

    for name in LIBRARIES:
        say(f"{name} {installed(name)}")
    say(f"python {sys.version.split()[0]} on {sys.platform}")
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none that torch sees; runs go to the CPU"
    say(f"GPU: {gpu}")
    for name, lacking in backends_here().items():
        say(f"backend {name}: {lacking or 'ready'}")
    say(f"backend auto: {automatic()}")
    say(f"cache: {kept_in()}")
    say(f"threads: 1 a run by default, {torch.get_num_threads()} possible")
    mp4 = ", mp4" if find_spec("imageio_ffmpeg") else "  (mp4: pip install 'toygan[mp4]')"
    say(f"films: gif, webp{mp4}")
