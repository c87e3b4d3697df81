"""What the source holds: its tables, its faults, and which columns are filled when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.desk.contract import CONTRACT
from supportlab.errors import ParameterError, did_you_mean
from supportlab.format import format_count, format_value
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import refused_estimate
from supportlab.studies.common.scope import whole_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from supportlab.desk import Desk

__all__ = ["coverage", "faults", "tables"]

# A column filled less often than this cannot carry a comparison without a word about the rest.
NEARLY_ALL = 0.95


def tables(desk: Desk) -> Estimate:
    """
    List the tables that the source has, with their rows and times.

    Not for what is wrong with them: that is `faults`.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    Estimate
        One row a table: ``table``, ``n_rows``, ``n_provided_columns``, ``n_absent_columns``,
        ``first_at``, ``last_at``, ``n_after_as_of``. In a slice, rows and times are those of the
        slice at the moment of the data, and ``n_after_as_of`` is left out: rows after that moment
        are counted for the whole source only.
    """
    listed = _of_slice(desk) if desk.slice else desk.audit.tables
    absent = [len(text.split(", ")) if text else 0 for text in listed["absent_columns"]]
    table = listed.drop(columns=["absent_columns", "extra_columns"]).copy()
    table.insert(3, "n_absent_columns", absent)
    missing = [name for name in CONTRACT if name not in set(listed["table"])]
    sentences = [_size_sentence(desk, listed)]
    if missing:
        sentences.append(f"Not provided: {', '.join(missing)}.")
    after = int(desk.audit.tables["n_after_as_of"].sum())
    if after and desk.slice:
        sentences.append(
            f"In the whole source {format_count(after)} rows lie after the moment of the data "
            "and wait."
        )
    elif after:
        sentences.append(f"{format_count(after)} rows lie after the moment of the data and wait.")
    return Estimate("tables", "What the source holds", table, sentences=tuple(sentences))


def faults(desk: Desk) -> Estimate:
    """
    List what is wrong with the source, worst first.

    Not for what is merely absent: that is `coverage`.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    Estimate
        One row a fault; one check that says whether any fault stops the source.
    """
    table = desk.audit.faults
    counts = table["severity"].value_counts()
    parts = [f"{int(counts.get(kind, 0))} {words}" for kind, words in _SEVERITIES]
    check = Check("the source keeps the contract", not desk.audit.stops, ", ".join(parts))
    words = "No fault was found." if table.empty else f"Found: {', '.join(parts)}."
    return Estimate("faults", "Faults of the source", table, sentences=(words,), checks=(check,))


def coverage(
    desk: Desk, table: str = "tickets", *, start: str | None = None, end: str | None = None
) -> Estimate:
    """
    Compute which share of a table's rows has a value, by column and month.

    Not for columns that the source does not have: they are named, not drawn.

    Parameters
    ----------
    desk : Desk
        The data.
    table : str
        A canonical table with a time.
    start, end : str, optional
        ISO dates of that time, end excluded.

    Returns
    -------
    Estimate
        One row a column: ``column``, ``n_rows``, ``n_filled``, ``filled_share``, and the month
        in which it is filled least; the figure shows every month.

    Raises
    ------
    ParameterError
        When there is no such canonical table.
    """
    if table not in CONTRACT:
        raise ParameterError(f"table {table!r} is not known. {did_you_mean(table, CONTRACT)}")
    title = f"Coverage of {table} over time"
    name = f"coverage-{table.replace('_', '-')}"
    moment = CONTRACT[table].time
    if not desk.has(table):
        return refused_estimate(name, title, f"there is no table of {table}")
    if moment is None or not desk.has(table, moment):
        return refused_estimate(name, title, f"{table} have no time that puts a row into a month")
    counts = _counts(desk, table, moment, start, end)
    if counts.empty:
        return refused_estimate(name, title, f"no row of {table} lies in the period")
    tidy = _tidy(desk, table, counts)
    return Estimate(
        name,
        title,
        _by_column(tidy),
        sentences=_sentences(desk, table, tidy),
        draw=lambda ax: _draw(tidy, title, ax),
        alt=_alt(tidy),
    )


_SEVERITIES = (("stop", "faults that stop"), ("warn", "warnings"), ("note", "notes"))


def _of_slice(desk: Desk) -> pd.DataFrame:
    """Return the audit's tables with the rows and times of the slice."""
    listed = desk.audit.tables.drop(columns="n_after_as_of").copy()
    counts = [_size(desk, str(name)) for name in listed["table"]]
    listed["n_rows"] = [int(count["n_rows"]) for count in counts]
    for name in ("first_at", "last_at"):
        listed[name] = pd.Series([count[name] for count in counts], index=listed.index).astype(
            listed[name].dtype
        )
    return listed


def _size(desk: Desk, name: str) -> dict[Any, Any]:
    rows = desk.table(name)
    moment = CONTRACT[name].time
    times: dict[str, Any] = {}
    if moment is not None and desk.has(name, moment):
        times = {"first_at": rows[moment].min(), "last_at": rows[moment].max()}
    found = rows.aggregate(n_rows=rows.count(), **times).execute().iloc[0]
    return {"first_at": pd.NaT, "last_at": pd.NaT, **found.to_dict()}


def _size_sentence(desk: Desk, listed: pd.DataFrame) -> str:
    if listed.empty:
        return "The source holds no canonical table."
    sizes = [
        f"{format_count(rows)} {name}"
        for name, rows in zip(listed["table"], listed["n_rows"], strict=True)
    ]
    if desk.slice:
        return (
            f"Of {whole_words(desk.slice)} the source holds, with the tables of reference in "
            f"full, {len(listed)} tables: {', '.join(sizes)}."
        )
    return f"The source holds {len(listed)} tables: {', '.join(sizes)}."


def _counts(desk: Desk, name: str, moment: str, start: str | None, end: str | None) -> pd.DataFrame:
    from supportlab.metrics.periods import between, period

    rows: Any = desk.table(name)
    rows = rows.filter(between(rows[moment], period(start, end)))
    provided = desk.provided(name)
    columns = [column for column in CONTRACT[name].names if column in provided]
    filled = {column: rows[column].notnull().cast("int64").sum() for column in columns}
    counted = rows.group_by(month=rows[moment].strftime("%Y-%m")).aggregate(
        n_rows_of_month=rows.count(), **filled
    )
    return pd.DataFrame(counted.order_by("month").execute())


def _tidy(desk: Desk, name: str, counts: pd.DataFrame) -> pd.DataFrame:
    columns = [column for column in CONTRACT[name].names if column in desk.provided(name)]
    long = counts.melt(
        id_vars=["month", "n_rows_of_month"],
        value_vars=columns,
        var_name="column",
        value_name="n_filled",
    ).rename(columns={"n_rows_of_month": "n"})
    long["share"] = long["n_filled"] / long["n"]
    return long[["column", "month", "n", "n_filled", "share"]].reset_index(drop=True)


def _by_column(tidy: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for column, part in tidy.groupby("column", sort=False):
        least = part.iloc[int(part["share"].to_numpy().argmin())]
        n, n_filled = int(part["n"].sum()), int(part["n_filled"].sum())
        rows.append(
            {
                "column": column,
                "n_rows": n,
                "n_filled": n_filled,
                "filled_share": n_filled / n,
                "lowest_month": least["month"],
                "lowest_month_share": float(least["share"]),
            }
        )
    return pd.DataFrame(rows)


def _sentences(desk: Desk, name: str, tidy: pd.DataFrame) -> tuple[str, ...]:
    totals = tidy.groupby("column", sort=False)[["n", "n_filled"]].sum()
    shares = totals["n_filled"] / totals["n"]
    gaps = shares[shares < NEARLY_ALL].sort_values(kind="stable")
    months = tidy["month"].nunique()
    first = f"Over {months} months {len(shares) - len(gaps)} of {len(shares)} columns of {name}"
    words = [f"{first} are filled in at least {format_value(NEARLY_ALL, 'proportion')} of rows."]
    if len(gaps):
        shown = [
            f"{column} {format_value(share, 'proportion')}"
            for column, share in gaps.head(6).items()
        ]
        words.append(f"Filled least: {', '.join(shown)}.")
    absent = [column for column in CONTRACT[name].names if column not in desk.provided(name)]
    if absent:
        words.append(f"Not provided at all: {', '.join(absent)}.")
    return tuple(words)


def _draw(tidy: pd.DataFrame, title: str, ax: Axes | None) -> Axes:
    from supportlab.plots import coverage_strips

    return coverage_strips(tidy, row="column", title=title, ax=ax)


def _alt(tidy: pd.DataFrame) -> str:
    from supportlab.plots import alt_coverage

    return alt_coverage(tidy, row="column")
