"""The finding: one number that somebody may quote, with everything that qualifies it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from supportlab.errors import ParameterError, did_you_mean
from supportlab.records import Check, plain
from supportlab.vocabulary import FINDING_KEYS, STUDIES, Design, Unit, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Finding", "findings_frame", "findings_json"]


@dataclass(frozen=True)
class Finding:
    """
    One number that somebody may quote, with everything that qualifies it.

    The fields are those of the results contract and all of them are always written.

    Raises
    ------
    ParameterError
        When the record contradicts itself: an estimate without a number, a number without its
        interval's order, a refusal without a reason.

    Examples
    --------
    >>> refused = Finding.refused(
    ...     id="support.fcr", study="data-readiness", question="How often is one contact enough?",
    ...     estimand="share of mature tickets", unit="proportion", reason="no ticket is mature")
    >>> refused.status, refused.estimate
    ('not_estimable', None)
    """

    id: str
    study: str
    question: str
    estimand: str
    unit: Unit
    group: Mapping[str, str] = field(default_factory=dict)
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    ci_level: float | None = None
    n: int | None = None
    n_clusters: int | None = None
    method: str | None = None
    design: Design = "descriptive"
    status: Literal["estimated", "not_estimable"] = "estimated"
    reason: str | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    verdict: Verdict | None = None
    sensitivity: Mapping[str, object] | None = None
    checks: tuple[Check, ...] = ()
    caveats: tuple[str, ...] = ()
    as_of: str | None = None
    start: str | None = None
    end: str | None = None

    def __post_init__(self) -> None:
        """Refuse a record that contradicts itself."""
        _require_known("unit", self.unit, get_args(Unit))
        _require_known("design", self.design, get_args(Design))
        _require_known("study", self.study, STUDIES)
        if self.status == "estimated":
            self._require_estimate()
        else:
            self._require_refusal()

    @classmethod
    def refused(cls, *, reason: str, **known: Any) -> Finding:
        """Return a finding that says why there is no number."""
        return cls(status="not_estimable", reason=reason, **known)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the results contract, all keys present."""
        values = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        values["checks"] = [check.to_dict() for check in self.checks]
        return {key: values[key] for key in FINDING_KEYS}

    def _require_estimate(self) -> None:
        if self.estimate is None or not math.isfinite(self.estimate):
            raise ParameterError(f"{self.id}: an estimated finding needs a finite estimate.")
        bounds = (self.ci_low, self.ci_high)
        if (bounds[0] is None) != (bounds[1] is None) and self.unit not in ("hours", "minutes"):
            raise ParameterError(f"{self.id}: an interval needs both ends, got {bounds}.")
        # A reader may compare ends after rounding; the order itself must hold to the last bit
        # but for the representation error of the estimate.
        slack = 1e-9 * max(1.0, abs(self.estimate))
        below = self.ci_low is not None and self.ci_low > self.estimate + slack
        above = self.ci_high is not None and self.ci_high < self.estimate - slack
        if below or above:
            raise ParameterError(
                f"{self.id}: the estimate {self.estimate} lies outside its interval {bounds}."
            )

    def _require_refusal(self) -> None:
        if not self.reason:
            raise ParameterError(f"{self.id}: a finding that is not estimable needs a reason.")
        numbers = (self.estimate, self.ci_low, self.ci_high, self.p_value)
        if any(value is not None for value in numbers):
            raise ParameterError(f"{self.id}: a finding that is not estimable carries no number.")


def findings_json(findings: Iterable[Finding | Mapping[str, Any]]) -> str:
    """
    Write findings as the JSON text of the results contract.

    Parameters
    ----------
    findings : iterable of Finding or mapping
        Records, or objects read back from a ``findings.json``.

    Returns
    -------
    str
        UTF-8 text that depends on nothing but the findings and their order.

    Examples
    --------
    >>> findings_json([])
    '[]\\n'
    """
    rows = [item.to_dict() if isinstance(item, Finding) else dict(item) for item in findings]
    return json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def findings_frame(findings: Sequence[Finding | Mapping[str, Any]]) -> pd.DataFrame:
    """
    Lay findings out flat, one row a finding, for ``findings.csv``.

    Parameters
    ----------
    findings : sequence of Finding or mapping
        Records, or objects read back from a ``findings.json``.

    Returns
    -------
    pandas.DataFrame
        The contract's keys as columns; objects and lists as compact JSON text.
    """
    import pandas as pd

    rows = [item.to_dict() if isinstance(item, Finding) else dict(item) for item in findings]
    flat = [{key: _flat(row[key]) for key in FINDING_KEYS} for row in rows]
    return pd.DataFrame(flat, columns=list(FINDING_KEYS), dtype=object)


def _flat(value: object) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value


def _require_known(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ParameterError(f"{what} {value!r} is not known. {did_you_mean(value, known)}")
