"""Fonts for labels in any script: Arabic, Greek, Japanese, Chinese and Thai beside Latin."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["drawable", "script_families"]

# DejaVu Sans has Latin, Greek, Cyrillic and Arabic (matplotlib shapes and orders it); these
# packages carry what it lacks. Absent ones cost a label, not the figure.
_PACKAGES = (
    ("noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf"),
    ("fontpkg_noto_sans_thai", "files/NotoSansThai[wdth,wght].ttf"),
)
BASE_FAMILY = "DejaVu Sans"


@cache
def script_families() -> tuple[str, ...]:
    """
    Return the font families that labels in any script are drawn with, the usual one first.

    Not for body text of pages: browsers have their own.

    Returns
    -------
    tuple of str
        Names that matplotlib knows; those of absent packages are left out.

    Examples
    --------
    >>> script_families()[0]
    'DejaVu Sans'
    """
    from matplotlib import font_manager

    found = [BASE_FAMILY]
    for package, name in _PACKAGES:
        spec = find_spec(package)
        places = list(spec.submodule_search_locations or []) if spec else []
        file = next((Path(one) / name for one in places if (Path(one) / name).is_file()), None)
        if file is not None:
            # The manager's cache does not notice new files.
            font_manager.fontManager.addfont(file)
            found.append(font_manager.FontProperties(fname=file).get_name())
    return tuple(found)


def drawable(text: str, otherwise: str) -> str:
    """
    Return a label if every letter of it can be drawn, else another one.

    Not a check of shaping: that is matplotlib's.

    Parameters
    ----------
    text : str
        The label.
    otherwise : str
        What stands for it, in letters that every font has.

    Returns
    -------
    str
        One of the two.

    Examples
    --------
    >>> drawable("refund", "en-01"), drawable("\\ue123", "xx-01")
    ('refund', 'xx-01')
    """
    letters = {ord(letter) for letter in text if not letter.isspace()}
    return text if letters <= _covered() else otherwise


@cache
def _covered() -> frozenset[int]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    found: set[int] = set()
    for family in script_families():
        file = font_manager.findfont(family, fallback_to_default=False)
        found |= set(FT2Font(str(file)).get_charmap())
    return frozenset(found)
