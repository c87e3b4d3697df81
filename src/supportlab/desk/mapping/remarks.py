"""What an import has to say of tables that are right in form and yet cannot carry a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

__all__ = ["remarks"]

# The metrics of payments refuse on the same two.
FAILURES = ("declined", "abandoned")
ONLY_SUCCESSES = (
    "payments: none of the {n:,} attempts is declined or abandoned, so this source holds only "
    "successes. The decline rate is unknown, not 0: success and decline rates will be refused. "
    "Export the failed attempts too, where the platform gives them."
)
NO_PAYMENTS = "payments: no attempt is left after the rows that were left out."


def remarks(backend: BaseBackend, folder: Path, names: list[str]) -> list[str]:
    """
    Return what the user should know of the tables that came out.

    Parameters
    ----------
    backend : ibis backend
        Private engine.
    folder : Path
        Where the tables were written.
    names : list of str
        Which.

    Returns
    -------
    list of str
        Sentences; none where there is nothing to say.
    """
    if "payments" not in names:
        return []
    engine: Any = backend
    table = engine.read_parquet(folder / "payments.parquet")
    failed = table.status.isin(FAILURES).fill_null(False)
    counted = table.aggregate(n=table.count(), n_failed=table.count(where=failed)).execute()
    n, n_failed = int(counted["n"].iloc[0]), int(counted["n_failed"].iloc[0])
    if not n:
        return [NO_PAYMENTS]
    return [] if n_failed else [ONLY_SUCCESSES.format(n=n)]
