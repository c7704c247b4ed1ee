"""Pictures, films and comparisons of recordings. Nothing here trains, and no figure is ever global."""

from toygan.draw.film import save_film
from toygan.draw.panels import critic_contour, loss_curves, share_curves, slope_field, w1_curves
from toygan.draw.reel import Pace
from toygan.draw.sheet import comparison, save_comparison
from toygan.draw.together import save_comparison_film
from toygan.draw.whole import picture, save_picture
from toygan.view.apart import names_apart
from toygan.view.chosen import looks_at, of_seed
from toygan.view.look import Options
from toygan.view.scene import Scene, scene

__all__ = [
    "Options",
    "Pace",
    "Scene",
    "comparison",
    "critic_contour",
    "looks_at",
    "loss_curves",
    "names_apart",
    "of_seed",
    "picture",
    "save_comparison",
    "save_comparison_film",
    "save_film",
    "save_picture",
    "scene",
    "share_curves",
    "slope_field",
    "w1_curves",
]
