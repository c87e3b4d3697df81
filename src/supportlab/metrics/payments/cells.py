"""Payments as cells: counts by any columns, and the profiles of the customers behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from supportlab.metrics.dimensions import group_names, with_cells
from supportlab.metrics.options import days_option, one_of
from supportlab.metrics.payments.attempts import ATTEMPT_SUCCESS, MARKET_NOTE
from supportlab.metrics.payments.checkouts import CHECKOUT_SUCCESS
from supportlab.metrics.payments.joining import GAP_SECONDS, join_words
from supportlab.metrics.payments.units import AMOUNT_EDGES, UNITS, unit_rows
from supportlab.metrics.periods import between, period
from supportlab.metrics.profiles import ordered_profiles, profile_table
from supportlab.metrics.score_squares import score_squares
from supportlab.metrics.sums import count_where
from supportlab.records import Definition

if TYPE_CHECKING:
    import pandas as pd

    from supportlab.desk import Desk

__all__ = ["OUTCOMES", "PaymentCells", "payment_cells"]

OUTCOMES = ("n_success", "n_declined", "n_abandoned")
# What all clusters of one profile share, and what is only added up over them.
SHARED = ("n", *OUTCOMES)
ADDED = ("n_reversed", "n_pending", "n_excluded")

FIRST_ATTEMPT = Definition(
    name="first_attempt",
    title="First attempts of checkouts",
    statement=(
        "The first attempt of each checkout and its own outcome. A retry comes after a failure, "
        "so its chances are not those of a fresh attempt."
    ),
    anchor="attempted_at of the first attempt",
    stop="status of the first attempt",
    cohort="attempted_at of the first attempt",
    exclusions=ATTEMPT_SUCCESS.exclusions,
)
_DEFINITIONS = {
    "attempt": ATTEMPT_SUCCESS,
    "first_attempt": FIRST_ATTEMPT,
    "checkout": CHECKOUT_SUCCESS,
}


@dataclass(frozen=True)
class PaymentCells:
    """
    Payments counted by cell; rows stay in the engine.

    Parameters
    ----------
    table : ibis.Table
        One row per profile: ``by``, then ``n``, ``n_success``, ``n_declined``,
        ``n_abandoned`` of one cluster, ``n_clusters`` that have these counts, and over all of
        them ``n_reversed``, ``n_pending``, ``n_excluded``.
    clusters : ibis.Table
        One row per cell and cluster.
    definition : Definition
        The record without counts.
    by : tuple of str
        Group columns, all text; a missing value is the group ``(missing)``.
    unit : str
        ``attempt``, ``first_attempt`` or ``checkout``.
    cluster_name : str or None
        What a cluster is; ``row`` where each row stands alone.
    as_of : datetime
        The moment of the data.
    """

    table: Any
    clusters: Any
    definition: Definition
    by: tuple[str, ...]
    unit: str
    cluster_name: str | None
    as_of: datetime
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_clustered(self) -> bool:
        """Whether rows of one cluster are alike; if not, they count as independent."""
        return self.cluster_name not in (None, "row")

    def profiles(self) -> pd.DataFrame:
        """
        Bring the profiles to Python, once.

        Returns
        -------
        pandas.DataFrame
            The rows of `table` ordered by group and profile; counts are int64.
        """
        if "profiles" not in self._known:
            self._known["profiles"] = ordered_profiles(self.table, (*self.by, *SHARED))
        frame: pd.DataFrame = self._known["profiles"]
        return frame.copy()

    def fetch(self) -> pd.DataFrame:
        """
        Return the counts by cell.

        Returns
        -------
        pandas.DataFrame
            One row a cell, ordered: ``by``, the counts, and ``n_clusters`` with ``n`` above 0.
        """
        import pandas as pd

        frame = self.profiles()
        for name in SHARED:
            frame[name] = frame[name] * frame["n_clusters"]
        frame["n_clusters"] = frame["n_clusters"].where(frame["n"] > 0, 0)
        counts = [*SHARED, *ADDED, "n_clusters"]
        if not self.by:
            return pd.DataFrame([frame[counts].sum()])
        return frame.groupby(list(self.by), sort=True)[counts].sum().reset_index()

    def record(self) -> Definition:
        """
        Return the definition record with its counts.

        Returns
        -------
        Definition
            With ``n``, ``n_immature``, ``n_excluded`` and ``as_of``.
        """
        total = self.fetch()[["n", "n_pending", "n_excluded"]].sum()
        return self.definition.with_counts(
            n=int(total["n"]),
            n_immature=int(total["n_pending"]),
            n_excluded=int(total["n_excluded"]),
            as_of=self.as_of.isoformat(),
        )

    def score_squares(
        self, scores: pd.DataFrame, *, outcome: str = "n_declined", per_by: str | None = None
    ) -> pd.DataFrame:
        """
        Sum up squared scores of clusters in the engine, for the variance of linear estimators.

        Parameters
        ----------
        scores : pandas.DataFrame
            As for `supportlab.metrics.score_squares.score_squares`: the columns of ``by``, and
            ``a_NAME`` and ``b_NAME`` for each estimator.
        outcome : str
            One of `OUTCOMES`: what ``b`` multiplies.
        per_by : str, optional
            One of ``by``: sums for each of its groups.

        Returns
        -------
        pandas.DataFrame
            One row an estimator (and group): ``n_clusters``, ``sum_of_scores``,
            ``sum_of_squares``.
        """
        one_of("outcome", outcome, OUTCOMES)
        return score_squares(self.clusters, self.by, scores, outcome, per_by)


def payment_cells(
    desk: Desk,
    by: str | Sequence[str] = (),
    *,
    unit: str = "attempt",
    cluster: str | None = "customer_id",
    start: str | date | None = None,
    end: str | date | None = None,
    amount_edges: Sequence[float] = AMOUNT_EDGES,
    gap_seconds: int | None = None,
) -> PaymentCells:
    """
    Count payments and their outcomes by any columns.

    Not rates: shares and intervals are made of the counts a floor higher.

    Parameters
    ----------
    desk : Desk
        The data; payments, with those that failed.
    by : str or sequence of str
        Group columns of payments or of their customer; ``month``, ``week``, ``day``;
        ``amount_band`` (reporting currency at the day's rate), ``local_currency``, ``rate_shown``;
        of checkouts and first attempts also ``history_band`` (what the customer's checkout before
        this one came to), ``first_status`` and ``retried``.
    unit : {"attempt", "first_attempt", "checkout"}
        Every try; the first try of each checkout; checkouts with retries joined, grouped by what
        their first attempt was.
    cluster : str or None
        Column whose values are clusters.
    start, end : str, date or None
        ISO dates (UTC) of the attempt, or of a checkout's first; ``end`` is not in.
    amount_edges : sequence of float
        Bounds of the amount bands.
    gap_seconds : int, optional
        Longest time between an attempt and its retry where no checkout is named; 60.

    Returns
    -------
    PaymentCells
        ``n`` is what was decided: ``n_success`` (reversed ones too), ``n_declined`` and
        ``n_abandoned``; of an unpaid checkout the last decided attempt tells which.

    Raises
    ------
    NotEstimable
        There are no payments, or none of them failed.
    ParameterError
        An option or a group is not known.
    """
    one_of("unit", unit, UNITS)
    gap = days_option("gap_seconds", gap_seconds, GAP_SECONDS)
    names, days = group_names(by), period(start, end)
    rows = unit_rows(desk, unit, names, gap, amount_edges)
    rows = rows.of(rows.table.filter(between(rows.table.attempted_at, days)))
    cells = with_cells(desk, rows, names, cluster or None, ("outcome", "is_reversed"))
    clusters = _per_cluster(cells.table, cells.keys)
    definition = _definition(desk, unit, gap, amount_edges if "amount_band" in names else None)
    cluster_name = cells.cluster_name
    return PaymentCells(
        profile_table(clusters, names, SHARED, ADDED),
        clusters,
        definition,
        names,
        unit,
        cluster_name,
        desk.as_of,
    )


def _per_cluster(cases: Any, keys: Sequence[str]) -> Any:
    outcome = cases.outcome
    measures = {
        "n": count_where(outcome.isin(("success", "declined", "abandoned"))),
        "n_success": count_where(outcome == "success"),
        "n_declined": count_where(outcome == "declined"),
        "n_abandoned": count_where(outcome == "abandoned"),
        "n_reversed": count_where((cases.is_reversed == 1) & (outcome == "success")),
        "n_pending": count_where(outcome == "immature"),
        "n_excluded": count_where(outcome == "excluded"),
    }
    return cases.group_by(list(keys)).aggregate(**measures) if keys else cases.aggregate(**measures)


def _definition(desk: Desk, unit: str, gap: int, edges: Sequence[float] | None) -> Definition:
    options: dict[str, object] = {} if unit == "attempt" else {"gap_seconds": gap}
    if edges is not None:
        options["amount_edges"] = list(edges)
    parts = (MARKET_NOTE,) if unit == "attempt" else (join_words(desk), MARKET_NOTE)
    return _DEFINITIONS[unit].with_counts(parts=parts, options=options)
