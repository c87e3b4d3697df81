"""``python -m supportlab.desk.mapping PAGE`` writes the reference of today into a page."""

from __future__ import annotations

import sys
from pathlib import Path

from supportlab.desk.mapping.reference import with_reference

__all__ = ["main"]


def main(page: str) -> None:
    """
    Write the reference of the mapping language between the marks of a page.

    Parameters
    ----------
    page : str
        Path of the page.
    """
    path = Path(page)
    path.write_text(with_reference(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/mappings.md")
