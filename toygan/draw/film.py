"""Films: the critic and its slopes over time, as GIF, WebP or MP4.

A figure is drawn once; then a frame restores the still parts and redraws only the artists that move.
"""

from __future__ import annotations

import importlib
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from types import ModuleType

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from PIL import Image

from toygan.draw import panels, sheet
from toygan.draw.pixels import score_pixels, steepness_pixels
from toygan.draw.points import generated_cloud, move_cloud, real_points, visible
from toygan.files.disk import write_aside
from toygan.session.recording import Recording
from toygan.view.scene import (
    Milestone,
    Points,
    Scene,
    event_in_words,
    events_of,
    optimum_label,
    outside_share,
    scene,
    seeds_of,
    steepest,
    title_of,
)
from toygan.view.words import frame_words

DOTS = 100  # per inch
FRAME, LAST = 80, 2400  # milliseconds
FILM_FORMATS = ("gif", "webp", "mp4")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Moving:
    """Artists of one panel that a frame redraws, from back to front, and how they are set to frame `t`."""

    axis: Axes
    artists: Sequence[Artist]
    show: Callable[[int], None]


def save_film(recording: Recording, path: str | Path, progress: Progress | None = None, points: Points = "all") -> None:
    """Write the film of one run: its critic and slopes over time, on one colour scale and one arrow scale.

    `progress(done, total)` is called after every frame. ValueError for an unknown suffix, ImportError without an encoder.
    """
    kind = sheet.suffix_in(path, FILM_FORMATS)
    shown = scene(recording, points)
    figure, parts = film_figure(shown)
    pictures = rendered(figure, parts, len(shown.steps), progress)
    write_film(pictures, kind, Path(path), recording.facts.command)


def film_figure(shown: Scene) -> tuple[Figure, list[Moving]]:
    """The still parts of a run's film, and its moving ones."""
    side = sheet.THIRD if shown.optimal_moves else sheet.SIDE
    tall = sheet.panel_height(shown, side)
    command = sheet.command_lines(shown.recording, 112)[:2]
    below = 0.66 + 0.15 * len(command)
    figure = sheet.blank(sheet.even(below + sheet.UNDER + tall + 0.95))
    sheet.header(
        figure,
        title_of(shown.recording),
        seeds_of(shown.recording) + (f" · {shown.note}" if shown.note else ""),
        [shown],
    )
    places = np.linspace(sheet.MARGIN, sheet.WIDTH - sheet.RIGHT - side, 3 if shown.optimal_moves else 2)
    moving = moving_panels([sheet.axis_at(figure, left, below + sheet.UNDER, side, tall) for left in places], shown)
    for row, line in enumerate(reversed(command)):
        sheet.say(figure, sheet.MARGIN - 0.15, 0.08 + 0.15 * row, line, panels.SMALL, family="monospace")
    return figure, [*moving, time_bar(figure, shown, below - 0.42)]


def moving_panels(axes: Sequence[Axes], shown: Scene) -> list[Moving]:
    """The critic, the optimal one where every frame has its own, and the critic's slopes."""
    contour, *best, field = axes
    sheet.panel_titles(contour, field)
    moving = [moving_critic(contour, shown, short=bool(best)), moving_slopes(field, shown)]
    for axis in best:
        moving.insert(1, moving_optimum(axis, shown))
        sheet.beside_optimum(axis, field)
    return moving


def moving_critic(axis: Axes, shown: Scene, short: bool) -> Moving:
    """The critic panel of a film, with its colour bar."""
    edges = panels.band_edges(shown.scores)
    panels.score_bar(axis, edges, "score, median removed" + ("" if short else " (higher = more real)"))
    return moving_contour(axis, shown, edges)


def moving_optimum(axis: Axes, shown: Scene) -> Moving:
    """The optimal critic against each frame's points, on its own colour scale through the film."""
    assert shown.optimal is not None
    optimal, edges = shown.optimal, panels.band_edges(shown.optimal)
    axis.set_title("the optimal critic", size=panels.PLAIN, loc="left", pad=5, color=panels.INK)
    panels.score_bar(axis, edges, optimum_label(shown.recording))
    panels.frame_view(axis, shown)
    field = score_pixels(axis, optimal[0], edges)
    real, cloud = real_points(axis, shown), generated_cloud(axis, shown, 0)

    def show(t: int) -> None:
        field.set_values(optimal[t])
        move_cloud(cloud, shown, t)

    return Moving(axis, [field, real, *cloud.artists, *axis.spines.values()], show)


def moving_contour(axis: Axes, shown: Scene, edges: np.ndarray) -> Moving:
    """The critic's bands with real and generated points, on one scale through the film."""
    panels.frame_view(axis, shown)
    field = score_pixels(axis, shown.scores[0], edges)
    real, cloud, note = real_points(axis, shown), generated_cloud(axis, shown, 0), moving_note(axis)
    boundary = panels.decision_boundary(axis, shown, 0)

    def show(t: int) -> None:
        field.set_values(shown.scores[t])
        move_cloud(cloud, shown, t)
        note.set_text(outside_share(shown.samples[t], shown.view))
        panels.move_boundary(boundary, shown, t)

    return Moving(axis, [field, real, *cloud.artists, *boundary, note, *axis.spines.values()], show)


def moving_slopes(axis: Axes, shown: Scene) -> Moving:
    """The slope panel of a film: one arrow scale and one steepness scale through it."""
    longest = steepest(shown.slopes)
    panels.frame_view(axis, shown)
    field = steepness_pixels(axis, panels.steepness(shown.slopes[0]), longest)
    real, generated = panels.faint_points(axis, shown, 0)
    uphill: Quiver = panels.arrows(axis, shown, 0, longest)
    panels.steepness_bar(axis, longest, "steepness |∇ score|, per unit length")

    def show(t: int) -> None:
        field.set_values(panels.steepness(shown.slopes[t]))
        generated.set_data(*visible(shown, t).T)
        uphill.set_UVC(*panels.arrow_lengths(shown, t, longest))

    return Moving(axis, [field, real, generated, uphill, *axis.spines.values()], show)


def moving_note(axis: Axes) -> Text:
    """An empty note in the lower left corner."""
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    return axis.text(
        0.015, 0.015, "", transform=axis.transAxes, size=panels.SMALL, color=panels.INK, bbox=box, va="bottom", zorder=6
    )


def time_bar(figure: Figure, shown: Scene, bottom: float) -> Moving:
    """A bar of all steps with a mark at every event; above it the measures, below it the two latest events."""
    recording = shown.recording
    end = max(recording.facts.steps, int(shown.steps[-1]), 1)
    axis = sheet.axis_at(figure, sheet.MARGIN, bottom, sheet.WIDTH - sheet.RIGHT - sheet.MARGIN, 0.36)
    axis.set(xlim=(0, end), ylim=(0, 1))
    axis.set_axis_off()
    axis.plot([0, end], [0.25, 0.25], color="#dddddd", linewidth=4, solid_capstyle="butt")
    events = events_of(recording)
    (done,) = axis.plot([0, 0], [0.25, 0.25], color=panels.INK, linewidth=4, solid_capstyle="butt")
    marks = event_marks(axis, events, recording.facts.portrait)
    state = axis.text(0, 0.95, "", size=panels.PLAIN, va="center", color=panels.INK, transform=axis.transAxes)
    latest = axis.text(0, -0.16, "", size=panels.PLAIN, va="center", color=panels.GENERATED, transform=axis.transAxes,
                       parse_math=False)  # fmt: skip

    def show(t: int) -> None:
        step = int(shown.steps[t])
        done.set_xdata([0, step])
        state.set_text(" · ".join([f"step {step} of {end}", *frame_words(recording, t)]))
        past = [event for event in events if event.step <= step]
        latest.set_text(shorten("; ".join(f"◆ {event_in_words(event)}" for event in past[-2:]), 104, placeholder=" …"))

    return Moving(axis, [done, *marks, state, latest], show)


def event_marks(axis: Axes, events: Sequence[Milestone], portrait: int) -> list[Line2D]:
    """Diamonds on the time bar: full for the seed shown, hollow for the others."""
    marks = []
    for own in (False, True):
        steps = [event.step for event in events if (portrait in event.seeds) == own]
        marks += axis.plot(steps, [0.25] * len(steps), "d", color=panels.GENERATED if own else "white", markersize=6,
                           markeredgecolor="white" if own else panels.GENERATED, markeredgewidth=0.6 if own else 1.0,
                           clip_on=False)  # fmt: skip
    return marks


def save_comparison_film(
    recordings: Sequence[Recording], path: str | Path, progress: Progress | None = None, points: Points = "all"
) -> None:
    """Write several runs' critics side by side, in step by share of training; raises as `save_film`, ValueError for none."""
    kind = sheet.suffix_in(path, FILM_FORMATS)
    scenes = [scene(recording, points) for recording in recordings]
    figure, axes = sheet.comparison_grid(scenes, curve_height=0)
    parts = [moving_run(axis, shown) for axis, shown in zip(axes, scenes, strict=True)]
    total = max(len(shown.steps) for shown in scenes)
    parts = [in_time(part, nearest_frames(shown, total)) for part, shown in zip(parts, scenes, strict=True)]
    pictures = rendered(figure, parts, total, progress)
    write_film(pictures, kind, Path(path), "\n".join(r.facts.command for r in recordings))


def moving_run(axis: Axes, shown: Scene) -> Moving:
    """One run of a comparison film: its critic, and its measures beneath."""
    panel = moving_contour(axis, shown, panels.band_edges(shown.scores))
    words = sheet.place_beneath(axis)

    def show(t: int) -> None:
        panel.show(t)
        words.set_text(sheet.fitted(axis, [f"step {shown.steps[t]}", *sheet.measure_lines(shown, t)]))

    return Moving(axis, [*panel.artists, words], show)


def in_time(part: Moving, frames: np.ndarray) -> Moving:
    """The same panel on another clock: at tick `t` it shows its frame `frames[t]`."""
    return Moving(part.axis, part.artists, lambda t: part.show(int(frames[t])))


def nearest_frames(shown: Scene, total: int) -> np.ndarray:
    """For `total` even shares of training from 0 to 1, the frame [total] whose share of the run's steps is nearest."""
    share = shown.steps / max(shown.recording.facts.steps, int(shown.steps[-1]), 1)
    return np.asarray(np.abs(np.linspace(0, 1, total)[:, None] - share).argmin(axis=1))


def rendered(figure: Figure, parts: Sequence[Moving], total: int, progress: Progress | None) -> Iterator[Image.Image]:
    """Each frame as a picture: the still background once, then only what moves."""
    figure.set_dpi(DOTS)
    canvas = FigureCanvasAgg(figure)
    for part in parts:
        for artist in part.artists:
            artist.set_animated(True)
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)
    for t in range(total):
        canvas.restore_region(background)
        for part in parts:
            part.show(t)
            for artist in part.artists:
                part.axis.draw_artist(artist)
        yield Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        if progress:
            progress(t + 1, total)


def write_film(pictures: Iterator[Image.Image], kind: str, path: Path, command: str) -> None:
    """Encode and write the film, whole or not at all."""
    write_aside(path, {"gif": gif, "webp": webp, "mp4": mp4}[kind](pictures, command))


def gif(pictures: Iterator[Image.Image], command: str) -> bytes:
    """A GIF that loops for ever, on one palette and without dithering, so that flat bands stay flat and files small."""
    frames = list(pictures)
    palette = shared_palette(frames)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations(len(frames)), loop=0,
                   comment=command.encode(), optimize=False, palette=bytes(palette.getpalette() or []))  # fmt: skip
    return buffer.getvalue()


def shared_palette(frames: Sequence[Image.Image]) -> Image.Image:
    """At most 256 colours for the whole film: those of the scales, and the commonest of a few frames."""
    chosen = [frames[i] for i in sorted({0, len(frames) // 3, 2 * len(frames) // 3, len(frames) - 1})]
    width, height = chosen[0].size
    strip = Image.new("RGB", (width, height * len(chosen)))
    for row, frame in enumerate(chosen):
        strip.paste(frame, (0, row * height))
    common = strip.quantize(200, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).getpalette() or []
    scales = [
        panels.SCORES(np.linspace(0, 1, 40), bytes=True)[:, :3],
        panels.STEEPNESS(np.arange(panels.STEEPNESS.N), bytes=True)[:, :3],
    ]
    colours = np.concatenate([np.asarray(common).reshape(-1, 3), *scales])
    colours[(colours >= 248).all(1)] = 255  # paper is white; Pillow looks colours up in boxes of 8: no rivals
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.unique(colours, axis=0).astype(np.uint8).tobytes())
    return palette


def webp(pictures: Iterator[Image.Image], command: str) -> bytes:
    """An animated WebP that loops for ever."""
    frames, buffer = list(pictures), io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=durations(len(frames)), loop=0,
                   quality=80, method=2)  # fmt: skip
    return buffer.getvalue()


def mp4(pictures: Iterator[Image.Image], command: str) -> bytes:
    """An H.264 MP4 that every browser and slide program plays: yuv420p, even sizes, index first."""
    encoder = video_encoder()
    frames = [np.ascontiguousarray(np.asarray(picture)) for picture in pictures]
    height, width = (size - size % 2 for size in frames[0].shape[:2])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "film.mp4"
        writer = encoder.write_frames(
            str(file), (width, height), fps=1000 / FRAME, codec="libx264", pix_fmt_out="yuv420p", macro_block_size=2,
            output_params=["-movflags", "+faststart", "-threads", "1", "-metadata", f"comment={command}"],
        )  # fmt: skip
        writer.send(None)
        for frame in frames + frames[-1:] * (LAST // FRAME - 1):
            writer.send(np.ascontiguousarray(frame[:height, :width]))
        writer.close()
        return file.read_bytes()


def video_encoder() -> ModuleType:
    """The module that brings ffmpeg; raises ImportError saying how to get it."""
    try:
        return importlib.import_module("imageio_ffmpeg")
    except ImportError as missing:
        raise ImportError("an MP4 needs imageio-ffmpeg: pip install 'toygan[mp4]' (GIF and WebP do not)") from missing


def durations(frames: int) -> list[int]:
    """Milliseconds of each frame; the last one stays."""
    return [FRAME] * (frames - 1) + [LAST]
