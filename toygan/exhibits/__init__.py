"""Exhibits: questions as data. Which runs and pieces of theory to look at, which panels to draw, which claims must hold.

`read` parses a file, `planned` are its runs, `showing` judges its claims and draws its panels.
"""

from toygan.exhibits.claims import Verdict, judge
from toygan.exhibits.files import Exhibit, read
from toygan.exhibits.show import Showing, showing
from toygan.exhibits.work import behind, planned
from toygan.files.shipped import shipped_exhibits

__all__ = ["Exhibit", "Showing", "Verdict", "behind", "judge", "planned", "read", "shipped_exhibits", "showing"]
