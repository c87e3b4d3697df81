"""What the two values at stake share: their record, table and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.findings import Finding
from supportlab.format import format_count
from supportlab.records import Check
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text
from supportlab.studies.payments.measures import STUDY
from supportlab.vocabulary import INTERVAL_LEVEL

if TYPE_CHECKING:
    from supportlab.desk import Desk


__all__ = ["rate_check", "refuse_unvalued", "stake_estimate", "stake_known", "with_ends"]

# Below this share of checkouts with an amount the sum would stand for rows it does not hold.
LEAST_VALUED = 0.95


def stake_known(
    desk: Desk, name: str, question: str, design: str, start: str | None, end: str | None
) -> dict[str, Any]:
    """Return what the finding of a value at stake carries."""
    return {
        "id": name,
        "study": STUDY,
        "question": question,
        "unit": "money",
        "group": {"currency": desk.config.reporting_currency},
        "design": design,
        "as_of": as_of_text(desk),
        "start": start,
        "end": end,
    }


def refuse_unvalued(amounts: pd.DataFrame, missing: str) -> None:
    """Refuse where too few checkouts have an amount in the reporting currency."""
    n, valued = int(amounts["n"].sum()), int(amounts["n_valued"].sum())
    if n == 0 or valued < LEAST_VALUED * n:
        lacking = f" No rate: {missing}." if missing else ""
        raise NotEstimable(
            f"of {n:,} checkouts {valued:,} have an amount in the reporting currency, too few for "
            f"a sum.{lacking}"
        )


def rate_check(missing: str) -> Check:
    """Say which amounts had no rate."""
    detail = f"left out for want of a rate: {missing}" if missing else "every amount has a rate"
    return Check("exchange rates", not missing, detail)


def with_ends(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its interval in place of the error, in money."""
    from supportlab.stats.interval import normal_quantile

    half = normal_quantile(INTERVAL_LEVEL) * table["error"]
    ends = {"ci_low": table["estimate"] - half, "ci_high": table["estimate"] + half}
    return table.assign(**ends, unit="money").drop(columns="error")


def stake_estimate(
    desk: Desk,
    name: str,
    title: str,
    table: pd.DataFrame,
    known: dict[str, Any],
    check: Check,
    caveats: tuple[str, ...],
) -> Estimate:
    """Return the estimate with its one finding, of the first row of the table."""
    head = table.iloc[0]
    finding = Finding(
        **known,
        estimate=float(head["estimate"]),
        ci_low=float(head["ci_low"]),
        ci_high=float(head["ci_high"]),
        ci_level=INTERVAL_LEVEL,
        n=int(head["n"]),
        checks=(check,),
        caveats=caveats,
    )
    currency = desk.config.reporting_currency
    words = (
        f"{title}: {format_count(head['estimate'])} {currency} over the period (95 % interval "
        f"{format_count(head['ci_low'])} to {format_count(head['ci_high'])}). This is what goes "
        "with the difference, not what a change would surely bring."
    )
    return Estimate(
        name,
        title,
        table,
        findings=(finding,),
        sentences=(words,),
        checks=(check,),
        caveats=caveats,
    )
