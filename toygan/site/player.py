"""The page's player of recordings as one text of HTML: shown in a notebook, or kept as a page of a single file.

Nothing of it lies elsewhere and nothing is fetched: styles, scripts and data stand in the text.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from toygan.draw.thumbnail import poster
from toygan.files.disk import write_aside
from toygan.files.mistakes import UserError
from toygan.session.recording import Recording
from toygan.site.film import POSTER, Shown, film, labels
from toygan.site.markup import SCRIPTS, STYLES, page, tag
from toygan.site.pack import packed_runs
from toygan.view.scene import scene

OWN = Path(__file__).parent / "assets"
FIRST, *OTHERS = (name for name in SCRIPTS if name not in ("dials.js", "tables.js"))
TALL = 900  # pixels of a player in a notebook


class PagePlayer:
    """Recordings under one slider, as a page has them: shows itself in a notebook; `save` keeps it as a page of one file."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = tuple(recordings)

    def html(self) -> str:
        """The whole page as one text; data files by the names under which its scripts ask for them."""
        shown, files = zip(*(packed_run(recording, i) for i, recording in enumerate(self.recordings)), strict=True)
        head = [*(tag("style", read(name)) for name in STYLES), tag("script", read(FIRST))]
        data = [tag("script", content, data_path=name) for one in files for name, content in one.items()]
        body = tag("main", film(shown), *data, *(tag("script", read(name)) for name in OTHERS), id="content")
        return page(", ".join(labels(shown)), head, [body], class_="js", data_theme="auto")

    def save(self, path: str | Path) -> Path:
        """Write the page, which opens from disk and needs no other file; where it is. OSError where it cannot be written."""
        write_aside(Path(path), self.html().encode())
        return Path(path)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that its styles and a notebook's leave each other alone."""
        name = escape(", ".join(recording.name for recording in self.recordings))
        return (
            f'<iframe srcdoc="{escape(self.html())}" title="{name}" width="100%" height="{TALL}" style="border:0" '
            'loading="lazy"></iframe>'
        )


def player(*recordings: Recording) -> PagePlayer:
    """A player of one recording, or of several under one slider. UserError for none, or for what is no recording."""
    wrong = [type(one).__name__ for one in recordings if not isinstance(one, Recording)]
    if wrong or not recordings:
        raise UserError(f"player: {wrong[0] if wrong else 'nothing'} is no recording; toygan.load(folder) gives one")
    return PagePlayer(recordings)


def packed_run(recording: Recording, i: int) -> tuple[Shown, dict[str, str]]:
    seen = scene(recording)
    files = {f"{i}-{s}": content.decode() for s, content in packed_runs(recording)}
    names = {int(name.rpartition("-")[2]): name for name in files}
    image = base64.b64encode(poster(seen, POSTER)).decode()
    return Shown(recording, seen, names, f"data:image/webp;base64,{image}", ""), files


def read(name: str) -> str:
    return (OWN / name).read_text(encoding="utf-8")
