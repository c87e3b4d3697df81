"""What each metric is called, where its findings belong, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError, did_you_mean
from supportlab.studies.common.scope import scope_words

if TYPE_CHECKING:
    from supportlab.metrics.sums import Sums
    from supportlab.vocabulary import Unit

__all__ = ["MEASURES", "Measure", "measure_of"]


@dataclass(frozen=True)
class Measure:
    """
    How a metric is spoken of and where its findings belong.

    Parameters
    ----------
    name : str
        Name of the metric's function.
    finding_id, study : str
        Where its levels are reported.
    unit : str
        Unit of the estimate.
    title, subject : str
        Heading, and the noun for the middle of a sentence.
    question : str
        What the number answers.
    of_whom : str
        The rows that the estimand is about.
    what : str
        What is estimated of them.
    counted : str
        What ``n`` counts, in the plural.
    pooled : mapping of str to str
        Columns that are pooled unless grouped by, with the words for it.
    """

    name: str
    finding_id: str
    study: str
    unit: Unit
    title: str
    subject: str
    question: str
    of_whom: str
    what: str
    counted: str
    pooled: Mapping[str, str] = field(default_factory=dict)

    @property
    def sums(self) -> Callable[..., Sums]:
        """The metric's function."""
        function: Any = getattr(import_module("supportlab.metrics"), self.name)
        return function  # type: ignore[no-any-return]

    def estimand(
        self,
        group: Mapping[str, str] | None = None,
        narrowed: Mapping[str, Sequence[str]] | None = None,
        *,
        apart: Sequence[str] = (),
    ) -> str:
        """Say of whom what is estimated, in one group or in all of a desk or its slice."""
        told = {*(group or {}), *(narrowed or {}), *apart}
        pooled = [words for name, words in self.pooled.items() if name not in told]
        scope = scope_words(group or {}, narrowed or {})
        return ", ".join([f"{self.what} of {self.of_whom}", *pooled, scope])


_READINESS = "data-readiness"
_FEEDBACK = "feedback-trends"

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure(
                "fcr",
                "support.fcr",
                _READINESS,
                "proportion",
                "First contact resolution",
                "first contact resolution",
                "How often does one contact settle the issue?",
                "tickets old enough to judge",
                "share resolved at the first contact",
                "tickets",
            ),
            Measure(
                "first_response",
                "support.first_response",
                _READINESS,
                "hours",
                "Time to first response",
                "the median time to first response",
                "How long does a customer wait for the first answer of a person?",
                "tickets, the unanswered ones censored",
                "median time to the first public reply of a human agent",
                "tickets",
            ),
            Measure(
                "resolution_time",
                "support.resolution_time",
                _READINESS,
                "hours",
                "Time to resolution",
                "the median time to resolution",
                "How long does it take until an issue is resolved?",
                "tickets, the open ones censored",
                "median time to the last resolution",
                "tickets",
            ),
            Measure(
                "csat",
                "feedback.csat.level",
                _FEEDBACK,
                "proportion",
                "CSAT",
                "CSAT",
                "How many of those who answer are satisfied?",
                "customers who answered",
                "share of satisfied answers",
                "answers",
            ),
            Measure(
                "nps",
                "feedback.nps.level",
                _FEEDBACK,
                "score",
                "NPS",
                "NPS",
                "How many more would recommend than warn?",
                "customers who answered",
                "share of promoters minus share of detractors, times 100,",
                "answers",
            ),
            Measure(
                "ces",
                "feedback.ces.level",
                _FEEDBACK,
                "score",
                "Customer effort score",
                "the customer effort score",
                "How much effort did it cost the customer?",
                "customers who answered",
                "mean score",
                "answers",
            ),
            Measure(
                "response_rate",
                "feedback.response_rate",
                _FEEDBACK,
                "proportion",
                "Response rate",
                "the response rate",
                "How many of those who were asked answer?",
                "invitations old enough to judge",
                "share answered",
                "invitations",
                {"kind": "all kinds of survey pooled"},
            ),
            Measure(
                "churn",
                "churn.rate",
                "churn-and-service-quality",
                "proportion",
                "Churn per month",
                "churn per month",
                "How many customers leave in a month?",
                "customer-months",
                "share in which the customer left,",
                "customer-months",
            ),
        )
    }
)


def measure_of(name: str) -> Measure:
    """
    Return the measure of that name.

    Not for a metric without a level of its own, such as volumes.

    Parameters
    ----------
    name : str
        A key of `MEASURES`.

    Returns
    -------
    Measure
        Its record.

    Raises
    ------
    ParameterError
        When there is no such measure.

    Examples
    --------
    >>> measure_of("csat").finding_id
    'feedback.csat.level'
    """
    if name not in MEASURES:
        raise ParameterError(f"metric {name!r} has no level. {did_you_mean(name, MEASURES)}")
    return MEASURES[name]
