"""What the studies of markets share in words: refusals, names of lists, direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from supportlab.findings import Finding
from supportlab.results import Estimate
from supportlab.studies.common.refusals import as_of_text, refused_estimate
from supportlab.studies.payments.measures import PAYMENT_MEASURES, STUDY

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["capital", "names_listed", "refused_market", "worse_sign"]

# A list longer than this is read by nobody; the table has all of it.
MOST_LISTED = 8


def capital(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def names_listed(names: Sequence[object]) -> str:
    """Return names with commas and a last "and"; those beyond eight are only counted."""
    words = [str(name) for name in names]
    if len(words) > MOST_LISTED:
        words = [*words[:MOST_LISTED], f"{len(words) - MOST_LISTED} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def worse_sign(rate: str) -> int:
    """Return 1 where more of the rate is worse for who wants to pay, -1 where less is."""
    return -1 if rate == "success_rate" else 1


def refused_market(
    desk: Desk,
    rate: str,
    name: str,
    title: str,
    reason: str,
    period: tuple[str | None, str | None],
    by: str,
    *,
    suffix: str = "",
) -> Estimate:
    """
    Return the estimate that says why a rate by market cannot be given.

    Parameters
    ----------
    desk : Desk
        The data.
    rate : str
        As of the study.
    name, title : str
        As of the estimate that was asked for.
    reason : str
        Why not.
    period : tuple of (str or None, str or None)
        Start and end as asked.
    by : str
        Group columns, in words.
    suffix : str
        Ending of the finding's id.

    Returns
    -------
    Estimate
        With one refused finding.
    """
    measure = PAYMENT_MEASURES[rate]
    finding = Finding.refused(
        id=measure.finding_id + suffix,
        study=STUDY,
        question=measure.question,
        estimand=f"{measure.estimand({}, desk.slice)}, by {by}",
        unit="proportion",
        group={"by": by},
        reason=reason,
        as_of=as_of_text(desk),
        start=period[0],
        end=period[1],
    )
    return refused_estimate(name, title, reason, (finding,))
