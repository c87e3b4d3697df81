"""Figures in words, made from the data that the figure shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.format import format_count, format_interval, format_month, format_value

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.vocabulary import Unit

__all__ = ["alt_coverage", "alt_curves", "alt_dots", "alt_lines"]


def alt_lines(table: pd.DataFrame, *, subject: str, unit: Unit, counted: str = "answers") -> str:
    """
    Say what a line by month shows: first, last, lowest, highest, and how many rows.

    Not for a figure that is not drawn by `line_with_interval`.

    Parameters
    ----------
    table : pandas.DataFrame
        As for the figure.
    subject : str
        What the line shows, as a noun.
    unit : str
        Unit of the estimate.
    counted : str
        What ``n`` counts, in the plural.

    Returns
    -------
    str
        Two or three sentences.

    Examples
    --------
    >>> import pandas as pd
    >>> alt_lines(pd.DataFrame({"month": ["2026-01"], "estimate": [None], "n": [0]}),
    ...           subject="CSAT", unit="proportion")
    'Line of CSAT by month: no month can be estimated.'
    """
    known = table.loc[table["estimate"].notna()]
    if known.empty:
        return f"Line of {subject} by month: no month can be estimated."
    first, last = known.iloc[0], known.iloc[-1]
    levels = known["estimate"].to_numpy(dtype=float)
    lowest, highest = known.iloc[int(levels.argmin())], known.iloc[int(levels.argmax())]
    text = (
        f"Line of {subject} by month with interval bands, {len(known)} months. "
        f"It starts at {_at(first, unit)} and ends at {_at(last, unit)}; "
        f"the lowest is {_at(lowest, unit)}, the highest {_at(highest, unit)}. "
    )
    return text + _counts(table, "A month", counted)


def alt_dots(
    table: pd.DataFrame,
    *,
    label: str,
    subject: str,
    unit: Unit,
    counted: str = "answers",
    is_difference: bool = False,
) -> str:
    """
    Say what a dot plot shows: its ends with their intervals, and how many rows.

    Not for a figure that is not drawn by `dot_intervals`.

    Parameters
    ----------
    table : pandas.DataFrame
        As for the figure.
    label : str
        Column with the group's name.
    subject : str
        What the dots show, as a noun.
    unit : str
        Unit of the estimate.
    counted : str
        What ``n`` counts, in the plural.
    is_difference : bool
        The estimates are differences: with signs, those of shares in points.

    Returns
    -------
    str
        Two or three sentences.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"market": ["DE"], "estimate": [0.7], "ci_low": [0.65],
    ...                       "ci_high": [0.75], "n": [400]})
    >>> alt_dots(table, label="market", subject="CSAT", unit="proportion").split(":")[0]
    'Dots of CSAT with intervals by market, 1 in all'
    """
    known = table.loc[table["estimate"].notna()]
    if known.empty:
        return f"Dots of {subject}: none of {len(table)} groups can be estimated."
    top, bottom = known.iloc[0], known.iloc[-1]
    unknown = len(table) - len(known)
    text = f"Dots of {subject} with intervals by {label}, {len(known)} in all: "
    text += f"from {top[label]} at {_interval(top, unit, is_difference)} "
    text += f"to {bottom[label]} at {_interval(bottom, unit, is_difference)}. "
    if unknown:
        text += f"{unknown} more cannot be estimated. "
    return text + _counts(table, "A group", counted)


def alt_curves(
    table: pd.DataFrame,
    *,
    subject: str,
    series: str | None = None,
    medians: dict[str, str] | None = None,
) -> str:
    """
    Say what step curves show: where each begins, ends, and its median.

    Not for a figure that is not drawn by `step_curves`.

    Parameters
    ----------
    table : pandas.DataFrame
        As for the figure.
    subject : str
        What the curve shows, as a noun.
    series : str, optional
        Column that tells the curves apart.
    medians : dict, optional
        Median of each series in words; the key of a single curve is empty.

    Returns
    -------
    str
        One sentence a curve.

    Examples
    --------
    >>> import pandas as pd
    >>> alt_curves(pd.DataFrame({"time": [0.0, 2.0], "survival": [1.0, 0.2]}),
    ...            subject="tickets waiting for a first reply")
    'Falling step curve of tickets waiting for a first reply. After 2.0 h 20.0 % remain.'
    """
    parts = [("", table)] if series is None else list(table.groupby(series, sort=False))
    sentences = [f"Falling step curve of {subject}."]
    for name, part in parts:
        last = part.iloc[-1]
        who = f"{name}: " if str(name) else ""
        median = (medians or {}).get(str(name))
        half = f"half are done after {median}; " if median else ""
        end = f"after {format_value(last['time'], 'hours')} "
        end += f"{format_value(last['survival'], 'proportion')} remain."
        sentence = who + half + end
        sentences.append(sentence[0].upper() + sentence[1:])
    return " ".join(sentences)


def alt_coverage(table: pd.DataFrame, *, row: str, share: str = "share") -> str:
    """
    Say what coverage strips show: what is full, what has gaps, what is empty.

    Not for a figure that is not drawn by `coverage_strips`.

    Parameters
    ----------
    table : pandas.DataFrame
        As for the figure.
    row : str
        Column with the strip's name.
    share : str
        Column with the share.

    Returns
    -------
    str
        Up to three sentences.

    Examples
    --------
    >>> import pandas as pd
    >>> alt_coverage(pd.DataFrame({"column": ["market"], "month": ["2026-01"], "share": [1.0]}),
    ...              row="column")
    'Strips of coverage by month. Always filled: market.'
    """
    means = table.groupby(row, sort=False)[share].agg(["min", "max"])
    full = [str(name) for name in means.index[means["min"] >= 0.995]]
    empty = [str(name) for name in means.index[means["max"] <= 0.005]]
    rest = [name for name in means.index if str(name) not in (*full, *empty)]
    sentences = ["Strips of coverage by month."]
    if full:
        sentences.append(f"Always filled: {', '.join(full)}.")
    if rest:
        words = [
            f"{name} ({format_value(means.loc[name, 'min'], 'proportion')} to "
            f"{format_value(means.loc[name, 'max'], 'proportion')})"
            for name in rest
        ]
        sentences.append(f"Partly filled: {', '.join(words)}.")
    if empty:
        sentences.append(f"Always empty: {', '.join(empty)}.")
    return " ".join(sentences)


def _at(row: pd.Series, unit: Unit) -> str:
    return f"{format_value(row['estimate'], unit)} in {format_month(row['month'])}"


def _interval(row: pd.Series, unit: Unit, is_difference: bool = False) -> str:
    ends = (row["estimate"], row["ci_low"], row["ci_high"])
    return format_interval(*ends, unit, is_difference=is_difference)


def _counts(table: pd.DataFrame, each: str, counted: str) -> str:
    low, high = table["n"].min(), table["n"].max()
    if low == high:
        return f"{each} rests on {format_count(low)} {counted}."
    return f"{each} rests on {format_count(low)} to {format_count(high)} {counted}."
