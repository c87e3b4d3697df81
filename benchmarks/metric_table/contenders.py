"""Who takes part, and how one of them is measured in the process that it has to itself."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.metric_table.by_hand import by_hand, by_hand_with_shortcut
from benchmarks.metric_table.in_polars import in_polars

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONTENDERS", "measured"]

BY = ["market", "channel", "month"]
PEAK_UNIT = 1024 if sys.platform == "linux" else 1


def _supportlab(folder: Path, as_of: str) -> tuple[pd.DataFrame, float, float]:
    from supportlab.desk import open_desk
    from supportlab.metrics import metric_table

    started, used = time.perf_counter(), _cpu_seconds()
    desk = open_desk(folder, as_of=as_of)
    opened = time.perf_counter() - started, _cpu_seconds() - used
    return metric_table(desk, by=BY).table, *opened


def _in_pandas(folder: Path, as_of: str) -> pd.DataFrame:
    from benchmarks.metric_table.in_pandas import in_pandas

    return in_pandas(folder, as_of)


def _only(contender: Callable[[Path, str], pd.DataFrame]) -> Callable[[Path, str], Any]:
    return lambda folder, as_of: (contender(folder, as_of), 0.0, 0.0)


CONTENDERS: dict[str, Callable[[Path, str], Any]] = {
    "supportlab": _supportlab,
    "SQL by hand": _only(by_hand),
    "SQL by hand, with our shortcut": _only(by_hand_with_shortcut),
    "Polars": _only(in_polars),
    "pandas": _only(_in_pandas),
}


def measured(name: str, folder: Path, as_of: str) -> dict[str, Any]:
    """
    Run a contender, keep its table beside the data, and say what it took.

    Parameters
    ----------
    name : str
        Of `CONTENDERS`.
    folder : Path
        Where the Parquet files lie.
    as_of : str
        The moment.

    Returns
    -------
    dict
        Seconds by the clock and of all cores, without opening; those of opening; peak memory.
    """
    # Libraries are loaded beforehand: nobody waits for them more than once.
    import pandas as pd  # noqa: F401

    import supportlab.metrics  # noqa: F401

    started, used = time.perf_counter(), _cpu_seconds()
    table, open_seconds, open_cpu = CONTENDERS[name](folder, as_of)
    seconds, cpu = time.perf_counter() - started, _cpu_seconds() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / 1e9
    settled = _settled(table)
    settled.to_parquet(folder / f"{name}.table")
    return {
        "seconds": round(seconds - open_seconds, 3),
        "cpu_seconds": round(cpu - open_cpu, 3),
        "open_seconds": round(open_seconds, 3),
        "open_cpu_seconds": round(open_cpu, 3),
        "peak_gb": round(peak, 3),
        "n_rows": len(settled),
        "n_columns": len(settled.columns) - len(BY),
    }


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _settled(table: pd.DataFrame) -> pd.DataFrame:
    """Bring a table to one order and one type: counts are whole, what is missing of them is 0."""
    settled = table.copy()
    for name in settled.columns:
        if name in BY:
            settled[name] = settled[name].astype(str)
        elif name.endswith("_seconds"):
            settled[name] = settled[name].astype("Int64")
        elif "_n" in name:
            settled[name] = settled[name].fillna(0).astype("int64")
    for name in [column for column in settled.columns if column.endswith("_n_success")]:
        n = settled[name.removesuffix("_success")]
        settled[name.replace("_n_success", "_rate")] = settled[name] / n.where(n > 0)
    return settled.sort_values(BY, ignore_index=True)
