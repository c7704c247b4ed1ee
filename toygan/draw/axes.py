"""One thing of a recording in an axis of one's own: points, critic, slopes, curves. Each takes the axis and returns it."""

from __future__ import annotations

from matplotlib.axes import Axes

from toygan.draw import panels
from toygan.draw.points import generated_cloud, real_points
from toygan.quantities.table import axis_name, label_of
from toygan.session.recording import Recording
from toygan.view.axes import scale_of
from toygan.view.chosen import of_seed
from toygan.view.scene import Scene, no_critic, scene


def points(axis: Axes, recording: Recording, frame: int = -1, seed: int | None = None) -> Axes:
    """Draw the real and the generated points of a frame, -1 for the last one that can be drawn, of the first seed or another
    one, with a ring for what is due to each mode. Raises ValueError for a seed or a frame that there is not.
    """
    shown, look = seen(recording, frame, seed)
    real_points(axis, shown)
    generated_cloud(axis, shown, look)
    panels.say_outside(axis, shown, look)
    panels.frame_view(axis, shown)
    return axis


def critic(axis: Axes, recording: Recording, frame: int = -1, seed: int | None = None) -> Axes:
    """Draw the critic's scores of a frame beneath the points, lighter for more real; arguments as in `points`. Raises
    ValueError, too, where the seed's critic was not kept.
    """
    shown, look = seen(recording, frame, seed, critic=True)
    return panels.critic_contour(axis, shown, look)


def slopes(axis: Axes, recording: Recording, frame: int = -1, seed: int | None = None) -> Axes:
    """Draw the critic's slopes of a frame as arrows over its steepness; arguments as in `critic`."""
    shown, look = seen(recording, frame, seed, critic=True)
    return panels.slope_field(axis, shown, look)


def curves(axis: Axes, recording: Recording, *names: str) -> Axes:
    """Draw quantities over the steps, W1 unless others are named, a line a seed and the floor of one. Raises ValueError
    for a quantity that the recording has no curve of.
    """
    names = names or ("w1",)
    known = {name: recording.curve(name) for name in names}
    for name, values in known.items():
        if values is None:
            there = ", ".join(sorted(recording.metrics))
            raise ValueError(f"{name}: {recording.name} has no curve of it; it has {there}")
    for i, (name, values) in enumerate(known.items()):
        colour = panels.GENERATED if len(names) == 1 else panels.METHOD_COLOURS[i % len(panels.METHOD_COLOURS)]
        panels.plot_seeds(axis, recording, values, label_of(name) if len(names) > 1 else "", colour, "-")
    if {scale_of(name) for name in names} == {"log"}:
        panels.logarithmic(axis, list(known.values()))
    if names == ("w1",):
        panels.floor_band(axis, recording.curve("w1_floor"), "floor", recording.floor("w1"))
    panels.dress_curves(axis, recording, axis_name(names[0]) if len(names) == 1 else "")
    return axis


def seen(recording: Recording, frame: int, seed: int | None, critic: bool = False) -> tuple[Scene, int]:
    """What a seed shows, and the number of a frame of it; ValueError where there is none, or no critic if asked."""
    shown = scene(recording if seed is None else of_seed(recording, seed))
    look = frame + len(shown.steps) if frame < 0 else frame
    if not 0 <= look < len(shown.steps):
        raise ValueError(f"frame {frame}: {recording.name} has {len(shown.steps)} frames that can be drawn, from 0 on")
    if critic and not shown.critic_kept:
        raise ValueError(no_critic(shown.recording))
    return shown, look
