"""Fonts that have the letters of a language: what the machine has, for none is shipped."""

from __future__ import annotations

import logging
import os
from functools import cache

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties, fontManager, get_font

VARIABLE = "TOYGAN_FONT"  # of the environment: the path of a font file that is to be used
NEEDED = {"zh": "评判器得分"}  # letters without which a language cannot be written
LIKELY = ("cjk", "han", "hei", "song", "sung", "ming", "kai", "wenquan", "wqy", "pingfang", "yahei", "unicode", "noto",
          "fallback")  # fmt: skip


def families(language: str) -> list[str]:
    """The families for words of a language, the first to be asked first; LookupError with the remedy where there is none."""
    needed = NEEDED.get(language, "")
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # a weight that a font lacks is no trouble
    return ["DejaVu Sans", *([family_with(needed, os.environ.get(VARIABLE, ""))] if needed else [])]


@cache
def family_with(letters: str, path: str) -> str:
    """A family that has some letters: of the font at a path where one is given, else of those that are installed."""
    places = [path] if path else sorted({*known(), *font_manager.findSystemFonts()}, key=rank)
    for place in places:
        if has(place, letters):
            if place not in known():
                fontManager.addfont(place)
            return str(FontProperties(fname=place).get_name())
    where = f"{path} has no letters" if path else "no font on this machine has letters"
    raise LookupError(
        f"{where} such as {letters[:2]}: install one (on Debian and Ubuntu the package fonts-noto-cjk), or give the path "
        f"of a font file in {VARIABLE}"
    )


def known() -> set[str]:
    """The files of the fonts that matplotlib knows."""
    return {str(font.fname) for font in fontManager.ttflist}


def rank(place: str) -> tuple[bool, bool, str]:
    """Likely fonts first, and regular ones before bold ones."""
    name = os.path.basename(place).lower()
    return not any(word in name for word in LIKELY), not any(word in name for word in ("regular", "sc")), place


def has(place: str, letters: str) -> bool:
    """Whether the font at a path has all of some letters; matplotlib's last resort has boxes for all there are."""
    if "lastresort" in os.path.basename(place).lower():
        return False
    try:
        return all(ord(letter) in get_font(place).get_charmap() for letter in letters)
    except (OSError, RuntimeError):
        return False
