"""How a film plays, and how its frames become a file: GIF, WebP or MP4.

A frame is a look of the run, never a blend of two: what is shown was there. The first look is held a moment, for it is
also what a still preview shows, and the last one longer.
"""

from __future__ import annotations

import importlib
import io
import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from toygan.draw import panels

FIRST, LAST = 500, 2000  # milliseconds: how long the first and the last look are held
FASTEST = 25.0  # frames a second by default: beyond it nobody sees more, and GIF players falter
BRIEFEST = 2.5  # seconds that a film of few looks takes at least, without its holds
TICK = 10  # milliseconds: GIF counts in hundredths of a second
RIVALS = 200  # squares of distances from white, of colours that would stand for it
FLUID = 12  # frames a second that an MP4 has at least; players stumble over slower ones


class Pace(NamedTuple):
    """How a film is asked to play: frames a second, seconds without its holds (None: as suits its looks), pixels across."""

    fps: float | None = None
    seconds: float | None = None
    width: int = 800


PACE = Pace()
Colours = Sequence[tuple[int, int, int]]


class Reel(NamedTuple):
    """The looks [n] that a film shows one after the other, how long each stays [n] in milliseconds, and its rate."""

    looks: list[int]
    times: list[int]
    fps: float


def reel(count: int, pace: Pace, last: int = LAST) -> Reel:
    """The frames of a film of `count` looks: all of them, or the nearest in time where rate and length leave others out.

    Without a wish a look is a frame, at 25 a second, slower where the film would be shorter than 2.5 seconds.
    """
    if pace.fps:
        fps = pace.fps
        total = max(round(fps * pace.seconds), 2) if pace.seconds else count
    else:
        seconds = pace.seconds or max(count / FASTEST, BRIEFEST)
        total = min(count, max(round(FASTEST * seconds), 2))
        fps = total / seconds
    shown = np.linspace(0, count - 1, total).round().astype(int)
    ends = (np.arange(1, total + 1) * 1000 / fps / TICK).round() * TICK
    looks, begins = np.unique(shown, return_index=True)  # a look that is shown again is shown for longer
    stops = ends[np.append(begins[1:], total) - 1]
    times = np.diff(stops, prepend=0.0).clip(TICK).astype(int).tolist()
    times[0] = max(times[0], FIRST)
    times[-1] = max(times[-1], last)
    return Reel(looks.tolist(), times, fps)


def gif(pictures: Iterator[Image.Image], command: str, played: Reel, colours: Colours) -> bytes:
    """A GIF that loops for ever, on one palette, which has some colours, without dithering: flat bands stay flat, files small."""
    frames = list(pictures)
    palette = shared_palette(frames, colours)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=played.times, loop=0,
                   comment=command.encode(), optimize=False, palette=bytes(palette.getpalette() or []))  # fmt: skip
    return buffer.getvalue()


def shared_palette(frames: Sequence[Image.Image], wanted: Colours = ()) -> Image.Image:
    """At most 256 colours for the whole film: those of the scales, those wanted besides, and the commonest of a few frames."""
    few = [frames[i] for i in sorted({0, len(frames) // 3, 2 * len(frames) // 3, len(frames) - 1})]
    width, height = few[0].size
    strip = Image.new("RGB", (width, height * len(few)))
    for row, frame in enumerate(few):
        strip.paste(frame, (0, row * height))
    strip = strip.resize((width // 2, strip.height // 2), Image.Resampling.NEAREST)  # a quarter has the same colours
    common = strip.quantize(200 - len(wanted), method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).getpalette()
    scores = panels.SCORES(np.linspace(0, 1, 40), bytes=True)[:, :3]
    slopes = panels.STEEPNESS(np.arange(panels.STEEPNESS.N), bytes=True)[:, :3]
    chosen = (np.asarray(common or []).reshape(-1, 3), scores, slopes, np.asarray(wanted, int).reshape(-1, 3))
    colours = np.concatenate(chosen)
    colours[((255 - colours) ** 2).sum(1) < RIVALS] = 255  # paper is white; Pillow looks colours up in boxes of 8
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.unique(colours, axis=0).astype(np.uint8).tobytes())
    return palette


def webp(pictures: Iterator[Image.Image], command: str, played: Reel, colours: Colours) -> bytes:
    """An animated WebP that loops for ever."""
    frames, buffer = list(pictures), io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=played.times, loop=0,
                   quality=80, method=2)  # fmt: skip
    return buffer.getvalue()


def mp4(pictures: Iterator[Image.Image], command: str, played: Reel, colours: Colours) -> bytes:
    """An H.264 MP4 that every browser and slide program plays: yuv420p, even sizes, index first."""
    try:
        encoder = importlib.import_module("imageio_ffmpeg")
    except ImportError as missing:
        raise ImportError("an MP4 needs imageio-ffmpeg: pip install 'toygan[mp4]' (GIF and WebP do not)") from missing
    frames = [np.ascontiguousarray(np.asarray(picture)) for picture in pictures]
    height, width = (size - size % 2 for size in frames[0].shape[:2])
    fps = played.fps * math.ceil(FLUID / played.fps)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "film.mp4"
        writer = encoder.write_frames(
            str(file), (width, height), fps=fps, codec="libx264", pix_fmt_out="yuv420p", macro_block_size=2,
            output_params=["-movflags", "+faststart", "-threads", "1", "-metadata", f"comment={command}"],
        )  # fmt: skip
        writer.send(None)
        for frame, times in zip(frames, repeats(played.times, fps), strict=True):
            for _ in range(times):
                writer.send(np.ascontiguousarray(frame[:height, :width]))
        writer.close()
        return file.read_bytes()


def repeats(times: Sequence[int], fps: float) -> list[int]:
    """How often each frame is written at so many a second, that it ends when its time [n], in milliseconds, is up."""
    ends = np.cumsum(times) * fps / 1000
    counts: list[int] = np.diff(ends.round(), prepend=0.0).clip(1).astype(int).tolist()
    return counts


ENCODERS = {"gif": gif, "webp": webp, "mp4": mp4}
