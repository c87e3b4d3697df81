"""Why a ticket's figure is another one elsewhere: codes, sentences, and their use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add, or_
from typing import Any

__all__ = ["REASONS", "explained", "state_of"]

REASONS: Mapping[str, str] = {
    "equal": "equal",
    "unanswered": "unanswered: censored here, missing there",
    "left_out_here": "left out here",
    "agent_initiated": "started by an agent: another reply counts there, or no question is seen",
    "starts_elsewhere": "the clock starts at another moment there",
    "public_note": "a public note counts as a reply there",
    "other_reply": "another reply is the first there",
    "no_question_there": "no message of the customer is seen, so nothing starts there",
    "no_reply_there": "no reply that counts there",
    "no_hours_there": "no working hours apply to it, so it has no figure there",
    "wrong_order_there": "the reply comes before the start there",
    "office_hours": "closed hours are subtracted there",
    "rounded": "rounded down to whole minutes there",
    "too_young": "too young here: the customer may still come back",
    "window_open": "resolved so late that the customer may still come back: a failure here",
    "came_back": "a second ticket of the customer within the window: a failure here",
    "several_contacts": "the customer wrote more than once",
    "transferred": "handed over",
    "reopened": "reopened",
    "several_replies": "more than one public reply: a failure there",
    "no_reply": "no public reply: a failure there",
    "slow": "not resolved in less than 15 minutes: a failure there",
    "not_resolved_there": "not resolved, so left out there",
    "count_missing_there": "a count or time that the rule needs is missing there",
    "unexplained": "unexplained",
}


def state_of(ours: Any, theirs: Any) -> Any:
    """Return ``equal``, ``differ``, ``only_ours``, ``only_theirs`` or ``neither``."""
    import ibis

    return ibis.cases(
        (ours.isnull() & theirs.isnull(), "neither"),
        (theirs.isnull(), "only_ours"),
        (ours.isnull(), "only_theirs"),
        (ours == theirs, "equal"),
        else_="differ",
    )


def explained(table: Any, flags: Mapping[str, Any]) -> Any:
    """
    Add ``codes`` and ``reason`` made of the flags that hold.

    Equal figures say so. A difference without any flag says ``unexplained``, so that it is seen.
    """
    import ibis

    held = {code: flag.fill_null(False) for code, flag in flags.items()}
    any_held = reduce(or_, held.values())
    words = {code: ibis.literal(f"; {REASONS[code]}") for code in held}
    # What we leave out has a reason of its own, which is the better sentence.
    own = (ibis.literal(" (") + table.our_reason + ibis.literal(")")).fill_null("")
    if "left_out_here" in words:
        words["left_out_here"] = words["left_out_here"] + own
    empty = ibis.literal("")
    codes = reduce(add, [flag.ifelse(ibis.literal(f";{c}"), empty) for c, flag in held.items()])
    reasons = reduce(add, [flag.ifelse(words[c], empty) for c, flag in held.items()])
    equal = table.state == "equal"
    return table.mutate(
        codes=ibis.cases((equal, "equal"), (any_held, codes.substr(1)), else_="unexplained"),
        reason=ibis.cases((equal, "equal"), (any_held, reasons.substr(2)), else_="unexplained"),
    )
