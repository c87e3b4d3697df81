"""CSV files at full precision that a spreadsheet cannot be tricked with."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.reporting.names import clean_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "write_csv"]

# A spreadsheet takes a cell that starts so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def csv_text(frame: pd.DataFrame) -> str:
    r"""
    Write a frame as CSV text, without its index.

    Not for reading: numbers have all their digits.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame.

    Returns
    -------
    str
        Lines end in ``\n``; missing values are empty; times are ISO; text that a spreadsheet
        would take for a formula starts with an apostrophe.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_text(pd.DataFrame({"topic": ["=1+1"], "share": [0.1]}))
    "topic,share\n'=1+1,0.1\n"
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_cell(str(name)) for name in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue()


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """
    Write a frame to a CSV file, UTF-8, with its folder.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame.
    path : pathlib.Path
        The file to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(csv_text(frame), encoding="utf-8", newline="")


def _cell(value: Any) -> str:
    if hasattr(value, "item") and not isinstance(value, date):
        value = value.item()
    if _is_missing(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict | tuple):
        return _neutral(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))
    return _neutral(value) if isinstance(value, str) else str(value)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return not isinstance(value, list | dict | tuple | str) and bool(pd.isna(value))


def _neutral(text: str) -> str:
    text = clean_text(text)
    is_formula = text.lstrip(" ").startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text
