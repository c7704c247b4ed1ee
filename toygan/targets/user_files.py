"""The user's own points and pictures, read strictly: bounded, never a pickle, and parsed once whoever asks.

Everything that is wrong with a file is a Refusal of the option `path` that names the file.
"""

from __future__ import annotations

import io
import math
import re
import warnings
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toygan.targets.refusal import Refusal

if TYPE_CHECKING:
    from PIL import Image

LARGEST_FILE = 256 * 2**20  # bytes: ten million points as text
LARGEST_PICTURE = 25_000_000  # pixels: what cameras make; a small file may claim any number
FINEST_PICTURE = 512  # pixels of the longer side; a larger picture is averaged over blocks of pixels
FARTHEST = 1e18  # of a coordinate: float32 still holds its square
# What may stand between two columns, the one that is tried first on top, and how a message says that it does not; blanks
# are None, as for str.split.
MARKS: dict[str | None, str] = {
    ";": " with a semicolon between them",
    "\t": " with a tab between them",
    ",": "",
    None: " with blanks between them",
}
ASIDE = re.compile(r"\s*(#|sep=.\s*$)", re.IGNORECASE)  # a comment, or what tells Excel which mark is meant
THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*")  # what a comma may part in 1,234
HEADERS: dict[tuple[int, int], Callable[[io.BytesIO], tuple[tuple[int, ...], bool, np.dtype]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,  # differs in the names of columns, which no point has
}


def read_points(path: Path) -> np.ndarray:
    """Points [n, 2] of a text, NPY or NPZ file, not to be written to; ValueError, with the row, for anything else."""
    form = path.suffix.lower()
    if path.is_file() and form not in READERS:
        raise Refusal(f"{path.name} is neither {' nor '.join(READERS)}", option="path")
    return parsed_points(path.name, form, content_of(path))


def content_of(path: Path) -> bytes:
    """The bytes of a file; ValueError where there is none or it is too large."""
    if not path.is_file():
        raise Refusal(f"no file {path}", option="path")
    if path.stat().st_size > LARGEST_FILE:
        raise Refusal(f"{path.name} is larger than {LARGEST_FILE // 2**20} MiB", "take a sample of it", "path")
    return path.read_bytes()


@lru_cache(maxsize=2)  # by content: a changed file is another one
def parsed_points(name: str, form: str, content: bytes) -> np.ndarray:
    """The points of a file's content, checked."""
    table = READERS[form](name, content)
    if table.ndim != 2 or table.shape[1] != 2 or not len(table):
        raise Refusal(f"{name} has shape {list(table.shape)}", "needed are n rows of 2 columns", "path")
    for wrong, is_so in (
        ("is not a finite point", ~np.isfinite(table).all(axis=1)),
        ("is too far away to be trained on", (np.abs(table) > FARTHEST).any(axis=1)),
    ):
        for i in np.flatnonzero(is_so)[:1]:
            raise Refusal(f"{name}, row {i + 1}: {table[i].tolist()} {wrong}", option="path")
    table.setflags(write=False)
    return table


def read_text(name: str, content: bytes) -> np.ndarray:
    """Two columns of numbers with one of MARKS between them, after a line of names if there is one; ValueError for the first
    row of anything else.
    """
    lines = content.decode("utf-8-sig").splitlines()
    rows = [line for line in lines if line.strip() and not ASIDE.match(line)]
    mark = mark_of(rows)
    rows = rows if mark == "," else without_decimal_commas(name, rows, mark)
    rows = rows[1:] if rows and is_header(rows, mark) else rows
    try:
        table = np.loadtxt(rows, delimiter=mark, comments=None, ndmin=2) if rows else np.empty((0, 2))
    except ValueError:  # numpy's parser is quick, its messages are of no file and no row
        table = np.empty((0, 0))
    if table.shape[1] == 2:
        return table
    return np.array([two_numbers(name, i, row, mark) for i, row in enumerate(rows, start=1)], dtype=float)


def mark_of(rows: list[str]) -> str | None:
    """What stands between the columns: what parts the first row that is two numbers; where none is, what is in the last."""
    for row in rows:
        for mark in MARKS:
            cells = (row if mark == "," else row.replace(",", ".")).split(mark)
            if len(cells) == 2 and all(map(is_number, cells)):
                return mark
    last = rows[-1] if rows else ""
    return next((mark for mark in MARKS if mark and mark in last), None if len(last.split()) > 1 else ",")


def without_decimal_commas(name: str, rows: list[str], mark: str | None) -> list[str]:
    """Rows of columns that no comma parts, with points for decimal commas; ValueError where these may part thousands."""
    if not any("," in row for row in rows):
        return rows
    cells = [(row, cell) for row in rows for cell in row.split(mark) if is_number(cell.replace(",", "."))]
    commas = [(row, cell) for row, cell in cells if "," in cell]
    if commas and any("." in cell for _, cell in cells):
        both = "has a comma in a number, and other rows have points"
        raise Refusal(f"{name}: {shown(commas[0][0])} {both}", "write every number with a point", "path")
    if commas and all(THOUSANDS.fullmatch(cell) for _, cell in commas):
        number = commas[0][1].strip()
        ways = f"write {number.replace(',', '.')} or {number.replace(',', '')}"
        raise Refusal(f"{name}: {shown(commas[0][0])}: the comma may be a decimal one or part thousands", ways, "path")
    return [row.replace(",", ".") for row in rows]


def is_header(rows: list[str], mark: str | None) -> bool:
    """Whether the first row holds names, none of them a number; or pandas' default ones, 0 and 1, which are names where
    every other number is written with a point or an exponent.
    """
    names = [cell.strip() for cell in rows[0].split(mark)]
    if names == ["0", "1"]:
        return len(rows) > 1 and all(re.search(r"[.eE]", cell) for row in rows[1:] for cell in row.split(mark))
    return not any(is_number(cell) for cell in names)


def two_numbers(name: str, i: int, row: str, mark: str | None) -> list[float]:
    """The point of a row; ValueError where it is none."""
    cells = row.split(mark)
    if len(cells) != 2 or not all(map(is_number, cells)):
        hint = f"keep two of its {len(cells)} columns" if len(cells) > 2 else ""
        raise Refusal(f"{name}, row {i}: {shown(row)} is not two numbers{MARKS[mark]}", hint, "path")
    return [float(cell) for cell in cells]


def shown(row: str) -> str:
    """A row as a message has it."""
    return repr(row if len(row) <= 80 else f"{row[:77]}...")


def is_number(text: str) -> bool:
    """Whether it is a number as files have them: Python also reads 1_000."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def read_npy(name: str, content: bytes) -> np.ndarray:
    """A numpy array of real numbers; never a pickle."""
    try:
        return array_of(io.BytesIO(content), len(content))
    except Exception as error:  # a header is Python text, and numpy lets through whatever its parser thinks of garbage
        raise Refusal(f"{name} is not a numpy array of numbers ({in_short(error)})", option="path") from None


def read_npz(name: str, content: bytes) -> np.ndarray:
    """The only array of an archive; never a pickle."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) != 1:
                raise ValueError(f"it holds {len(members)} arrays, not one")
            if members[0].file_size > LARGEST_FILE:
                raise ValueError("it is too large")
            return read_npy(name, archive.read(members[0]))
    except Refusal:
        raise
    except Exception as error:  # as above; zip files have faults of their own
        raise Refusal(f"{name} is not an archive of one array ({error})", option="path") from None


def array_of(file: io.BytesIO, size: int) -> np.ndarray:
    """The array of a NPY file of so many bytes; ValueError for what is no real numbers or shorter than it claims."""
    shape, by_column, dtype = HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.kind not in "iuf":
        raise ValueError(f"it holds {dtype}")
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize > size - file.tell():
        raise ValueError(f"it ends before its shape, {shape}")
    flat = np.frombuffer(file.read(), dtype, math.prod(shape))
    with np.errstate(over="ignore"):  # a long double beyond float64: told as not finite
        return flat.reshape(shape, order="F" if by_column else "C").astype(float)


def in_short(error: Exception) -> str:
    """The first line of an error, or its kind where it says nothing."""
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__


READERS: dict[str, Callable[[str, bytes], np.ndarray]] = {
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
    ".npy": read_npy,
    ".npz": read_npz,
}


def read_darkness(path: Path, invert: bool = False) -> np.ndarray:
    """Darkness [rows, columns] from 0 (white or transparent) to 1 (black), row 0 on top, or lightness from 0 (black or
    transparent) to 1 (white); ValueError for bad files.
    """
    return parsed_darkness(path.name, content_of(path), invert)


@lru_cache(maxsize=2)  # by content, as points are
def parsed_darkness(name: str, content: bytes, invert: bool) -> np.ndarray:
    """The darkness of a picture's content, or its lightness, not to be written to."""
    picture = opened(name, content)
    ink = lightness(picture, "black") if invert else 1 - lightness(picture, "white")
    if not ink.sum() > 0:
        dark, turned = ("light", "leave target.invert out") if invert else ("dark", "invert = true turns that round")
        raise Refusal(f"{name} is blank", f"{dark} pixels are where points are likely; {turned}", "path")
    cells = averaged(ink, -(-max(ink.shape) // FINEST_PICTURE))
    cells.setflags(write=False)
    return cells


def background(path: Path, invert: bool = False) -> tuple[float, float]:
    """What a picture's edge says of its background, which should get no points; ValueError for bad files.

    The share of the outermost pixels that are more likely than not, and that of all points which fall on pixels at most
    twice as likely as the median of them.
    """
    cells = read_darkness(path, invert)
    edge = np.concatenate([cells[0], cells[-1], cells[1:-1, 0], cells[1:-1, -1]])
    pale = cells[cells <= 2 * np.median(edge)]
    return float((edge > 0.5).mean()), float(pale.sum() / cells.sum())


def opened(name: str, content: bytes) -> Image.Image:
    """A picture, upright and decoded; ValueError for what is none or has too many pixels to be worth it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # of size: told below, before anything is decoded; of what a camera noted: not used
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(content))
            size = picture.size
            if math.prod(size) <= LARGEST_PICTURE:
                return ImageOps.exif_transpose(picture)
    except Exception as error:  # Pillow's decoders raise what they like on damaged files
        why = "of no known kind" if isinstance(error, UnidentifiedImageError) else in_short(error)
        raise Refusal(f"{name} is not a picture that can be read ({why})", option="path") from None
    large = f"{name} has {size[0]} x {size[1]} pixels, more than {LARGEST_PICTURE // 10**6} million"
    raise Refusal(large, "scale it down", "path")


def lightness(picture: Image.Image, paper: str) -> np.ndarray:
    """Lightness [rows, columns] from 0 to 1 on white or black paper, of 8 or 16 bits; ValueError where white is unknown."""
    from PIL import Image

    if picture.mode == "F":
        raise Refusal("a picture of real numbers does not say what is white", "save it as PNG", "path")
    if picture.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip to 8
        return np.clip(np.asarray(picture, dtype=float) / 65535, 0, 1)
    if picture.has_transparency_data:
        inked = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", inked.size, paper), inked)
    elif picture.mode not in ("L", "1"):
        picture = picture.convert("RGB")
    return np.asarray(picture.convert("L"), dtype=float) / 255


def averaged(cells: np.ndarray, block: int) -> np.ndarray:
    """Means [rows, columns] over blocks x blocks of cells, the margins filled with 0."""
    if block == 1:
        return cells
    rows, columns = (-(-size // block) for size in cells.shape)
    full = np.zeros((rows * block, columns * block))
    full[: cells.shape[0], : cells.shape[1]] = cells
    return np.asarray(full.reshape(rows, block, columns, block).mean(axis=(1, 3)))
