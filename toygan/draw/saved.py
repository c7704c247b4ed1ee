"""How a figure becomes a file: of which width, on which page, in which style and language."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from toygan.draw.finish import finish
from toygan.files.disk import write_aside
from toygan.view.look import ASPECT, TYPE, USUAL, Options

DOTS, FINE = 200, 300  # dots an inch, in a PNG: as laid out, and where its width on paper is asked for
ON_SLIDE = 1920  # pixels across, in the PNG of a slide
VECTOR: dict[Any, Any] = {"svg.hashsalt": "toygan", "svg.fonttype": "none", "pdf.fonttype": 42}  # words stay words


class Paper(NamedTuple):
    """The part of the plane, in inches as laid out, that a page shows, and how much larger it is there."""

    left: float
    bottom: float
    width: float
    height: float
    times: float = 1.0


def page_of(figure: Figure, options: Options) -> Paper:
    """The page of a figure: as it is on paper, in the middle of 16:9 on a slide; as wide, or its words as large, as asked."""
    width, height = (float(side) for side in figure.get_size_inches())
    wide, tall = width, height
    if options.style != "paper":
        wide, tall = max(width, height * ASPECT), max(height, width / ASPECT)
    times = options.inches / wide if options.inches else (options.type_size or TYPE) / TYPE
    return Paper((width - wide) / 2, (height - tall) / 2, wide, tall, times)


def save_figure(
    figure: Figure, path: str | Path, command: str | None, options: Options = USUAL, page: Paper | None = None
) -> None:
    """Write a figure as PNG, PDF or SVG, whole or not at all, the command in its metadata but no date: equal pictures are equal
    files. Raises ValueError for another suffix.
    """
    written, told, undated = WRITERS[suffix_in(path, WRITERS)]
    finish(figure, options)
    with rc_context(VECTOR), warnings.catch_warnings():
        # A letter that the font lacks is a box in the picture; the warning would show a path of this machine.
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
        data = written(figure, page or page_of(figure, options), options, {told: command or "", **undated})
    write_aside(Path(path), data)


def save_on_dark(figure: Figure, path: Path, command: str | None, options: Options = USUAL) -> None:
    """Write a figure that was saved on paper once more on a dark ground, as large as there; it stays dark."""
    page = page_of(figure, options)
    px = options.px or round(page.width * (FINE if options.mm else DOTS) * page.times)
    save_figure(figure, path, command, options._replace(style="dark", px=px), page)


def png(figure: Figure, page: Paper, options: Options, metadata: dict[str, Any]) -> bytes:
    """A PNG so many pixels wide, or so many millimetres at 300 dots an inch."""
    times = page.times * (FINE / DOTS if options.mm else 1)
    px = options.px or (ON_SLIDE if options.style != "paper" and not options.mm else None)
    dots = px / page.width if px else DOTS * times
    buffer = io.BytesIO()
    on_paper = {"dpi": (FINE, FINE)} if options.mm else {}
    figure.savefig(buffer, format="png", dpi=dots, metadata=metadata, pil_kwargs=on_paper)
    return buffer.getvalue() if page[:2] == (0, 0) else padded(buffer, figure, page, dots)


def padded(buffer: io.BytesIO, figure: Figure, page: Paper, dots: float) -> bytes:
    """A PNG in the middle of a larger page of its own colour, with what was written into it."""
    buffer.seek(0)
    info, larger = PngInfo(), io.BytesIO()
    with Image.open(buffer) as small:
        for key, value in small.info.items():
            if isinstance(value, str):
                info.add_text(str(key), value)
        dpi, picture = small.info.get("dpi"), small.convert("RGB")
    wide = Image.new("RGB", (round(page.width * dots), round(page.height * dots)), to_hex(figure.get_facecolor()))
    wide.paste(picture, (round(-page.left * dots), round(-page.bottom * dots)))
    wide.save(larger, "PNG", pnginfo=info, dpi=dpi)
    return larger.getvalue()


def pdf(figure: Figure, page: Paper, options: Options, metadata: dict[str, Any]) -> bytes:
    """A PDF of the page's size, everything on it as much larger: matplotlib's own writer has no scale."""
    from matplotlib.backends.backend_mixed import MixedModeRenderer
    from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf  # which brings a library of fonts

    buffer, dots = io.BytesIO(), figure.dpi
    figure.dpi = 72  # points of a PDF
    width, height = (float(side) for side in figure.get_size_inches())
    file = PdfFile(buffer, metadata=metadata)
    try:
        file.newPage(page.width * page.times, page.height * page.times)
        file.output(*figure.get_facecolor()[:3], Op.setrgb_nonstroke)
        file.output(0, 0, 72 * page.width * page.times, 72 * page.height * page.times, Op.rectangle, Op.fill)
        moved = (-72 * page.left * page.times, -72 * page.bottom * page.times)
        file.output(page.times, 0, 0, page.times, *moved, Op.concat_matrix)
        renderer = MixedModeRenderer(figure, width, height, DOTS, RendererPdf(file, DOTS, height, width))
        figure.draw(renderer)  # type: ignore[arg-type]
        renderer.finalize()
        file.finalize()
    finally:
        file.close()
        figure.dpi = dots
    return buffer.getvalue()


def svg(figure: Figure, page: Paper, options: Options, metadata: dict[str, Any]) -> bytes:
    """An SVG of the page's size: its view box says what of the plane is on it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata=metadata)
    if (*page[:2], page.times) == (0, 0, 1):
        return buffer.getvalue()
    left, top, wide, tall = (f"{72 * size:.6g}" for size in (page.left, page.bottom, page.width, page.height))
    width, height = (f"{72 * size * page.times:.6g}pt" for size in (page.width, page.height))
    size = f'width="{width}" height="{height}" viewBox="{left} {top} {wide} {tall}"'
    words = re.sub(r'width="[^"]*" height="[^"]*" viewBox="[^"]*"', size, buffer.getvalue().decode(), count=1)
    colour = to_hex(figure.get_facecolor())
    ground = f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}" fill="{colour}"/>\n '
    return words.replace('<g id="figure_1">', f'{ground}<g id="figure_1">', 1).encode()


def suffix_in(path: str | Path, known: Collection[str]) -> str:
    """The file's format by its suffix; raises ValueError naming the legal ones."""
    kind = Path(path).suffix[1:].lower()
    if kind not in known:
        raise ValueError(f"{path}: format {kind!r} cannot be written; one of {', '.join(known)} can")
    return kind


WRITERS: dict[str, tuple[Callable[..., bytes], str, dict[str, None]]] = {  # with the command's name, and no date
    "png": (png, "Description", {}),
    "pdf": (pdf, "Subject", {"CreationDate": None}),
    "svg": (svg, "Description", {"Date": None}),
}
