"""A table of customers at one moment, without dates: read, typed, cut into levels, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from supportlab.errors import DataError, ParameterError, did_you_mean, listed
from supportlab.metrics.dimensions import MISSING

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["Feature", "Snapshot", "open_snapshot"]

# More levels than this name single customers rather than groups of them.
MOST_LEVELS = 50
# Numbers with more values than this are cut at quantiles.
MOST_VALUES = 6
# A number that is 0 for at least this share is cut into 0 and the rest.
MOSTLY_ZERO = 0.5
FEWEST_COUNTS = 3


@dataclass(frozen=True)
class Feature:
    """
    One column as levels.

    Parameters
    ----------
    name : str
        The column.
    is_number : bool
        Whether all its values are numbers.
    cuts : tuple of float
        Lower bounds of all bins but the first; empty where values are levels themselves.
    n_levels : int
        Distinct values, missing counted.
    is_zero_first : bool
        Whether the first bin holds zeros alone.
    """

    name: str
    is_number: bool
    cuts: tuple[float, ...]
    n_levels: int
    is_zero_first: bool = False

    @property
    def is_group(self) -> bool:
        """Whether its levels hold groups of customers."""
        return self.is_number or self.n_levels <= MOST_LEVELS

    def labels(self) -> tuple[str, ...]:
        """Return the names of the bins, lowest first; empty where values are levels."""
        if not self.cuts:
            return ()
        first = "0" if self.is_zero_first else f"under {_number(self.cuts[0])}"
        middle = [
            f"{_number(low)} to under {_number(high)}"
            for low, high in zip(self.cuts, self.cuts[1:], strict=False)
        ]
        return (first, *middle, f"{_number(self.cuts[-1])} or more")


@dataclass(frozen=True)
class Snapshot:
    """
    Customers at one moment, each with whether they had left.

    Parameters
    ----------
    label : str
        Name for people.
    table : ibis.Table
        One row per customer: ``left`` (0/1) and the features as text, a number also as number.
    features : mapping of str to Feature
        What can be asked about.
    n, n_left, n_unknown : int
        Customers, those who had left, and rows left out since it is not known.
    key : str or None
        Column that identifies a customer.
    """

    label: str
    table: Any
    features: dict[str, Feature]
    n: int
    n_left: int
    n_unknown: int
    key: str | None = None
    _keep_alive: Any = field(default=None, repr=False)

    def feature(self, name: str, argument: str) -> Feature:
        """Return a feature, or say which there are."""
        if name not in self.features:
            raise ParameterError(f"{argument} {name!r}: {did_you_mean(name, self.features)}")
        return self.features[name]

    def cells(self, names: Sequence[str]) -> pd.DataFrame:
        """Count customers and those who had left by the levels of features, in a fixed order."""
        keys = {f"level_{place}": self.level(name) for place, name in enumerate(names)}
        labelled = self.table.mutate(**keys)
        counted = labelled.group_by(list(keys)).aggregate(
            n=labelled.count().cast("int64"), n_events=labelled.left.sum().cast("int64")
        )
        frame: pd.DataFrame = counted.execute().sort_values(list(keys), ignore_index=True)
        return frame.rename(columns=dict(zip(keys, names, strict=True)))

    def level(self, name: str) -> Any:
        """Return the expression of a feature's level."""
        import ibis

        feature = self.features[name]
        if not feature.cuts:
            return self.table[name].fill_null(MISSING)
        value = self.table[name].try_cast("float64")
        bounds = [
            (value < cut, text) for cut, text in zip(feature.cuts, feature.labels(), strict=False)
        ]
        return ibis.cases((value.isnull(), MISSING), *bounds, else_=feature.labels()[-1])

    def values(self, name: str) -> pd.DataFrame:
        """Count customers and those who had left by the values of a number."""
        known = self.table.mutate(value=self.table[name].try_cast("float64"))
        known = known.filter(known.value.notnull())
        counted = known.group_by("value").aggregate(
            n=known.count().cast("int64"), n_events=known.left.sum().cast("int64")
        )
        frame: pd.DataFrame = counted.execute().sort_values("value", ignore_index=True)
        return frame


def open_snapshot(
    source: str | Path | Table,
    left: str,
    left_value: str,
    *,
    stayed_value: str | None = None,
    key: str | None = None,
    missing: Sequence[str] = (),
) -> Snapshot:
    """
    Read a table of customers at one moment.

    Not for data with dates: `open_desk` reads them, and says more.

    Parameters
    ----------
    source : str, Path or ibis Table
        A CSV or Parquet file, or a table of any engine.
    left, left_value : str
        Column that tells who had left, and its value for them.
    stayed_value : str, optional
        Its value for the others; every other value when left out.
    key : str, optional
        Column that identifies a customer.
    missing : sequence of str
        Texts that stand for a missing value; blanks always do.

    Returns
    -------
    Snapshot
        With every column but `left` and `key` as a feature.

    Raises
    ------
    DataError
        The file cannot be read, or a customer has several rows.
    ParameterError
        A column is not there, or a value does not occur.
    """
    table, label, alive = _read(source)
    for name in [left, *([key] if key else [])]:
        if name not in table.columns:
            raise ParameterError(f"column {name!r}: {did_you_mean(name, table.columns)}")
    text = _texts(table, missing)
    _check_values(text, left, left_value, stayed_value)
    _check_key(text, key, label)
    others = [text[left].notnull()] if stayed_value is None else [text[left] == stayed_value]
    known = text.filter((text[left] == left_value) | others[0])
    flag = (known[left] == left_value).ifelse(1, 0).cast("int64")
    names = [name for name in table.columns if name not in (left, key)]
    rows = known.select(**({"customer_key": known[key]} if key else {}), left=flag,
                        **{name: known[name] for name in names})  # fmt: skip
    size = rows.aggregate(n=rows.count(), n_left=rows.left.sum()).execute().iloc[0]
    n, n_left = int(size["n"]), int(size["n_left"])
    features = {name: _feature(rows, name) for name in names}
    n_unknown = int(text.count().execute()) - n
    return Snapshot(label, rows, features, n, n_left, n_unknown, key, alive)


def _read(source: Any) -> tuple[Any, str, Any]:
    if not isinstance(source, str | Path):
        return source, "the table", None
    from supportlab.desk.connections import private_engine

    path = Path(source)
    if not path.is_file():
        raise DataError(f"{path.name}: there is no such file. Give a CSV or Parquet file.")
    backend, scratch = private_engine()
    try:
        if path.suffix == ".parquet":
            table = backend.read_parquet(path)
        else:
            table = backend.read_csv(path, all_varchar=True, header=True)
    except Exception as error:
        first = str(error).splitlines()[0]
        raise DataError(f"{path.name} cannot be read as a table: {first}") from error
    # Every column is asked several times: the text is read once.
    kept = backend.create_table("snapshot_rows", table, temp=True)
    return kept, path.name, (backend, scratch)


def _texts(table: Any, missing: Sequence[str]) -> Any:
    import ibis

    columns = {}
    for name in table.columns:
        value = table[name].cast("string")
        stripped = value.strip()
        empty = (stripped == "") | stripped.isin(list(missing) or [""])
        columns[name] = empty.ifelse(ibis.null("string"), value)
    return table.select(**columns)


def _check_values(text: Any, left: str, left_value: str, stayed_value: str | None) -> None:
    counted = text.group_by(left).aggregate(n=text.count()).order_by(left).execute()
    found = sorted(str(value) for value in counted[left].dropna())
    for argument, value in (("left_value", left_value), ("stayed_value", stayed_value)):
        if value is not None and value not in found:
            raise ParameterError(
                f"{argument} {value!r} does not occur in {left!r}; its values: {listed(found)}."
            )


def _check_key(text: Any, key: str | None, label: str) -> None:
    if key is None:
        return
    counted = text.group_by(key).aggregate(n=text.count())
    double = int(counted.filter(counted.n > 1).count().execute())
    if double:
        raise DataError(
            f"{label}: {double} values of {key!r} stand in several rows. A snapshot has one row "
            "per customer; data with several are a history and belong into the canonical tables."
        )


def _feature(rows: Any, name: str) -> Feature:
    value, text = rows[name].try_cast("float64"), rows[name]
    facts = rows.aggregate(
        texts=text.nunique(),
        unread=(value.isnull() & text.notnull()).ifelse(1, 0).cast("int64").sum(),
        unsaid=text.isnull().ifelse(1, 0).cast("int64").sum(),
        zeros=(value == 0).fill_null(False).ifelse(1, 0).cast("int64").sum(),
        negative=(value < 0).fill_null(False).ifelse(1, 0).cast("int64").sum(),
        known=value.count(),
    )
    seen = {column: int(number or 0) for column, number in facts.execute().iloc[0].items()}
    n_levels = seen["texts"] + (1 if seen["unsaid"] else 0)
    is_number = seen["unread"] == 0 and seen["known"] > 0
    cuts: tuple[float, ...] = ()
    zeros = seen["zeros"] >= MOSTLY_ZERO * seen["known"] and seen["negative"] == 0
    if is_number and seen["texts"] > (FEWEST_COUNTS if zeros else MOST_VALUES):
        cuts = _cuts(rows, name, zeros=zeros)
    return Feature(name, is_number, cuts, n_levels, zeros and bool(cuts))


def _cuts(rows: Any, name: str, *, zeros: bool) -> tuple[float, ...]:
    """Cut at quartiles; a number that is mostly 0 at 0 and at the median of the rest."""
    value = rows.select(value=rows[name].try_cast("float64"))
    value = value.filter(value.value.notnull())
    counted = value.group_by("value").aggregate(n=value.count())
    frame = counted.execute().sort_values("value", ignore_index=True)
    frame = frame[frame["value"] > 0] if zeros else frame
    passed = np.cumsum(frame["n"].to_numpy()) / frame["n"].sum()
    shares = (0.5,) if zeros else (0.25, 0.5, 0.75)
    # The first value above which at most the share lies: a bin starts there.
    spots = [frame["value"].to_numpy()[min(np.searchsorted(passed, share) + 1, len(frame) - 1)]
             for share in shares]  # fmt: skip
    first = [float(frame["value"].iloc[0])] if zeros else []
    return tuple(sorted({*first, *(float(spot) for spot in spots)}))


def _number(value: float) -> str:
    return f"{value:g}"
