"""What the terminal shows: a progress bar, tables, a summary. Only this file and `cli` know rich."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeRemainingColumn
from rich.table import Table

from toygan.catalogue import Page
from toygan.recording import Recording
from toygan.runs import LIBRARIES, Progress, Watcher

EVERY = 10.0  # seconds between plain lines where stderr is no terminal
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


# --- progress --------------------------------------------------------------------------------------------------------


@contextmanager
def watching(name: str) -> Iterator[Watcher]:
    """A watcher that shows a bar on a terminal, and now and then a plain line elsewhere."""
    if not err.is_terminal:
        yield plain_lines(name)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task(name, total=None, note="starting")
        meter = Meter()

        def watch(progress: Progress) -> None:
            bar.update(task, completed=progress.step, total=progress.steps, note=meter.note(progress))

        yield watch


def plain_lines(name: str) -> Watcher:
    """A watcher that prints a line whenever it starts something else, and every few seconds."""
    meter, last = Meter(), [0.0, ""]

    def watch(progress: Progress) -> None:
        if progress.doing != last[1] or monotonic() - float(last[0]) > EVERY:
            print(f"{name}: {meter.note(progress)}", file=sys.stderr, flush=True)
            last[:] = [monotonic(), progress.doing]

    return watch


class Meter:
    """Remembers when it first looked, to say how fast it goes."""

    def __init__(self) -> None:
        self.start: tuple[float, int] | None = None

    def note(self, progress: Progress) -> str:
        """What is done, how far, how fast, and the latest numbers."""
        self.start = self.start or (monotonic(), progress.step)
        seconds, steps = monotonic() - self.start[0], progress.step - self.start[1]
        rate = f"{steps / seconds:.0f} steps/s" if seconds > 0.5 and steps else ""
        left = f"{(progress.steps - progress.step) * seconds / steps:.0f} s left" if rate and not err.is_terminal else ""
        numbers = "  ".join(f"{name} {value:.3g}" for name, value in progress.numbers.items())
        parts = (progress.doing, f"step {progress.step} of {progress.steps}", rate, left, numbers)
        return "  ".join(part for part in parts if part)


# --- results ---------------------------------------------------------------------------------------------------------


def print_summary(recording: Recording) -> None:
    """Status, measures of every seed, and where the files are."""
    facts = recording.facts
    seconds = sum(facts["seconds"].values())
    out.print(f"[bold]{recording.name}[/]  {facts['status']} at step {facts['step']} of {facts['steps']}, {seconds:.1f} s")
    table = Table(box=None, pad_edge=False)
    rows = facts["summary"]["seeds"]
    names = [name for name in rows[0] if name != "diverged_at" or any(row[name] is not None for row in rows)]
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(number(row[name]) for name in names))
    out.print(table)
    for name in ("picture.png", "animation.gif"):
        if recording.folder and (recording.folder / name).exists():
            out.print(str(recording.folder / name), soft_wrap=True)


def table_rows(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """One row a run: its mean measures over seeds."""
    return [
        {"run": recording.name, "status": recording.facts["status"], "seeds": len(recording.facts["seeds"])}
        | recording.facts["summary"]["mean"]
        | {"train_seconds": recording.facts["seconds"]["train"]}
        for recording in recordings
    ]


def print_table(recordings: Sequence[Recording], paths: Mapping[str, str]) -> None:
    """One line a run, means over seeds, and where the comparison is."""
    rows = table_rows(recordings)
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="left" if name in ("run", "status") else "right")
    for row in rows:
        table.add_row(*(number(row.get(name)) for name in names))
    out.print(table)
    for path in paths.values():
        out.print(path, soft_wrap=True)


def number(value: Any) -> str:
    """A cell of a table."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_list(found: Mapping[str, Mapping[str, str]]) -> None:
    """Every name with its sentence, a table a list."""
    for what, rows in found.items():
        table = Table(box=None, pad_edge=False, show_header=False, title=what, title_justify="left", title_style="bold")
        table.add_column(no_wrap=True, style="cyan")
        table.add_column()
        for name, text in rows.items():
            table.add_row(name, plain_text(text))
        out.print(table)
        out.print()


def plain_text(text: str) -> Any:
    """Text in which brackets are brackets."""
    from rich.text import Text

    return Text(text)


def print_page(page: Page) -> None:
    """Title, lines, settings."""
    out.print(plain_text(page.title), style="bold")
    for name, text in page.lines.items():
        out.print(plain_text(f"{name}: {text}"))
    out.print()
    out.print(plain_text(page.settings))


def print_doctor() -> None:
    """Versions, device, threads, encoders, and what is missing."""
    import torch

    for name in LIBRARIES:
        out.print(f"{name} {installed(name)}")
    out.print(f"python {sys.version.split()[0]} on {sys.platform}")
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none that torch sees; runs go to the CPU"
    out.print(f"GPU: {gpu}")
    out.print(f"threads: 1 a run by default, {torch.get_num_threads()} possible")
    films = "gif, webp" + (", mp4" if find_spec("imageio_ffmpeg") else "")
    missing = "" if find_spec("imageio_ffmpeg") else "  (mp4: pip install 'toygan[mp4]')"
    out.print(plain_text(f"films: {films}{missing}"))


def installed(name: str) -> str:
    """The version of a package, or that it is missing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "is missing"
