"""Small worlds of customers, and what the panel says of them, worked out row by row."""

from __future__ import annotations

import csv
from calendar import monthrange
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

AS_OF = datetime.fromisoformat("2026-05-15")
BEGIN = datetime.fromisoformat("2025-01-01")
WINDOW, GAP, RESPONSE = timedelta(days=90), timedelta(days=30), timedelta(days=14)
RATES = {"USD": 1.0, "EUR": 1.25}
CHANNELS = ("email", "phone", "bot")
Row = dict[str, Any]


def stamp(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(sep="T") + "Z"


def world(seed: int, n_customers: int = 45) -> dict[str, list[Row]]:  # noqa: C901
    """Return tables of a world in which everything that can go wrong does now and then."""
    rng = np.random.default_rng(seed)
    span = (AS_OF - BEGIN).total_seconds()

    def when(low: float = 0.0, high: float = 1.0) -> datetime:
        return BEGIN + timedelta(seconds=int(span * rng.uniform(low, high)))

    def chance(share: float) -> bool:
        return bool(rng.random() < share)

    tables: dict[str, list[Row]] = {
        name: []
        for name in ("customers", "subscriptions", "tickets", "events", "surveys", "payments")
    }
    for number in range(n_customers):
        name = f"C{number:03d}"
        came = BEGIN - timedelta(days=int(rng.integers(0, 700))) if chance(0.6) else when(0, 0.8)
        if chance(0.1):
            came = datetime.fromisoformat("2025-06-01")
        periods, start = [], came
        for _ in range(int(rng.integers(1, 5))):
            end = start + timedelta(days=float(rng.integers(20, 400)), hours=5)
            if end >= AS_OF:
                periods.append((start, None))
                break
            periods.append((start, end))
            start = end + timedelta(days=float(rng.choice([0, 10, 30, 31, 90])))
            if start >= AS_OF:
                break
        last = periods[-1][1]
        kind = "" if last is None else str(rng.choice(["voluntary", "involuntary"]))
        for begun, ended in periods:
            tables["subscriptions"].append(
                {
                    "customer_id": name,
                    "started_at": begun,
                    "ended_at": ended,
                    "plan": str(rng.choice(["basic", "pro"])),
                    "monthly_value": int(rng.integers(5, 12)),
                    "currency": str(rng.choice(["USD", "EUR", "XAF"], p=[0.5, 0.4, 0.1])),
                }
            )
        tables["customers"].append(
            {
                "customer_id": name,
                "market": str(rng.choice(["DE", "US", ""])),
                "segment": str(rng.choice(["consumer", "enterprise"])),
                "signed_up_at": came,
                "churned_at": last,
                "churn_kind": kind,
                "preferred_channel": str(rng.choice(["email", "phone", ""])),
            }
        )
        for _ in range(int(rng.poisson(4))):
            _ticket(rng, tables, name, when())
        for _ in range(int(rng.poisson(2))):
            tables["payments"].append(
                {
                    "attempt_id": f"P{len(tables['payments'])}",
                    "checkout_id": f"K{len(tables['payments']) // 2}",
                    "customer_id": name,
                    "attempted_at": when(),
                    "status": str(rng.choice(["succeeded", "declined"])),
                    "amount": 5,
                    "presentment_currency": "USD",
                    "method": "card",
                }
            )
    return tables


def _ticket(
    rng: np.random.Generator, tables: dict[str, list[Row]], customer: str, created: datetime
) -> None:
    name = f"T{len(tables['tickets']):04d}"
    moments, at = [], created
    for _ in range(int(rng.integers(0, 5))):
        at = at + timedelta(minutes=int(rng.exponential(40_000)))
        if at >= AS_OF:
            break
        moments.append(at)
    ended, again = moments[0::2], moments[1::2]
    is_ended = len(ended) > len(again)
    reply = created + timedelta(minutes=int(rng.exponential(900)))
    ticket = {
        "ticket_id": name,
        "customer_id": customer,
        "channel": str(rng.choice(CHANNELS)),
        "category": str(rng.choice(["address", "fault"])),
        "initiated_by": str(rng.choice(["customer", "agent"], p=[0.9, 0.1])),
        "status": str(rng.choice(["resolved" if is_ended else "open", "spam"], p=[0.95, 0.05])),
        "created_at": created,
        "first_response_at": reply if rng.random() < 0.8 and reply < AS_OF else None,
        "resolved_at": ended[0] if ended else None,
        "closed_at": ended[-1] if is_ended else None,
        "reopened_count": len(again),
        "escalated": bool(rng.random() < 0.2),
        "is_logged": bool(rng.random() < 0.6),
        "ended": ended,
        "again": again,
    }
    if is_ended and not again and rng.random() < 0.05:
        ticket["resolved_at"] = ticket["closed_at"] = None
        ticket["ended"], ticket["is_logged"] = [], False
    tables["tickets"].append(ticket)
    if ticket["is_logged"]:
        states = [(created, "open"), *[(at, "resolved") for at in ended]]
        for at, state in sorted([*states, *[(at, "open") for at in again]]):
            tables["events"].append(
                {
                    "ticket_id": name,
                    "at": at,
                    "actor": "system",
                    "kind": "status",
                    "value": state,
                    "is_public": False,
                }
            )
    for _ in range(int(rng.integers(0, 3))):
        sent = created + timedelta(hours=int(rng.integers(1, 2000)))
        answered = sent + timedelta(hours=int(rng.integers(1, 500)))
        if sent >= AS_OF:
            continue
        is_answer = rng.random() < 0.6 and answered < AS_OF
        kind = str(rng.choice(["csat", "nps"]))
        tables["surveys"].append(
            {
                "survey_id": f"S{len(tables['surveys'])}",
                "ticket_id": name,
                "customer_id": customer,
                "kind": kind,
                "sent_at": sent,
                "responded_at": answered if is_answer else None,
                "score": int(rng.integers(1, 6) if kind == "csat" else rng.integers(0, 11))
                if is_answer
                else "",
                "scale_min": 1 if kind == "csat" else 0,
                "scale_max": 5 if kind == "csat" else 10,
                "high_is_good": True,
            }
        )


def write(tables: dict[str, list[Row]], folder: Path) -> None:
    """Write the tables as a source."""
    rates = [
        {"date": (BEGIN + timedelta(days=day)).date(), "currency": "EUR", "per_unit": RATES["EUR"]}
        for day in range(0, 480, 5)
    ]
    hidden = {"is_logged", "ended", "again"}
    for name, rows in {**tables, "fx_rates": rates}.items():
        columns = [column for column in rows[0] if column not in hidden]
        with (folder / f"{name}.csv").open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(columns)
            for row in rows:
                out.writerow([_text(row[column]) for column in columns])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return stamp(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def stays(tables: dict[str, list[Row]], customer: str) -> list[tuple[datetime, datetime | None]]:
    """Join paid periods across short gaps."""
    found: list[list[Any]] = []
    for row in (row for row in tables["subscriptions"] if row["customer_id"] == customer):
        if found and found[-1][1] is not None and row["started_at"] <= found[-1][1] + GAP:
            found[-1][1] = row["ended_at"]
        else:
            found.append([row["started_at"], row["ended_at"]])
    return [(begun, left) for begun, left in found]


def limit(waits: list[tuple[int, bool]]) -> int:
    """Return the smallest minute at which at most a quarter still waits (Kaplan-Meier)."""
    share = 1.0
    for minute in sorted({minute for minute, _ in waits}):
        at_risk = sum(other >= minute for other, _ in waits)
        share *= 1 - sum(over and other == minute for other, over in waits) / at_risk
        if share <= 0.25 + 1e-12:
            return minute
    raise AssertionError("three quarters have not ended")


def counted(tables: dict[str, list[Row]]) -> list[Row]:
    return [
        row
        for row in tables["tickets"]
        if row["status"] != "spam" and row["initiated_by"] != "agent"
    ]


def limits(tables: dict[str, list[Row]]) -> dict[str, int]:
    """Return the two limits of slow in whole minutes."""
    first, full = [], []
    for row in counted(tables):
        until, resolved = row["first_response_at"], row["resolved_at"]
        if row["channel"] != "bot":
            end = until or resolved or AS_OF
            first.append((_minutes(end - row["created_at"]), until is not None))
        if resolved or row["status"] != "resolved":
            full.append((_minutes((resolved or AS_OF) - row["created_at"]), resolved is not None))
    return {"slow_first_response": limit(first), "slow_resolution": limit(full)}


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def service(tables: dict[str, list[Row]], customer: Row, start: datetime) -> Row:
    """Return what is known of a customer's service when a month begins."""
    slow = limits(tables)
    out: Row = dict.fromkeys(
        (
            "reopened",
            "slow_first_response",
            "slow_resolution",
            "slow_resolution_closed",
            "unresolved",
            "escalated",
            "channel_mismatch",
            "administrative",
            "contacts",
            "bad_tickets",
        ),
        0,
    )
    for row in counted(tables):
        created = row["created_at"]
        if row["customer_id"] != customer["customer_id"]:
            continue
        if not start - WINDOW <= created < start:
            continue
        flags = _flags(row, start, slow)
        wished = customer["preferred_channel"]
        flags["channel_mismatch"] = bool(wished) and wished != row["channel"]
        flags["administrative"] = row["category"] == "address"
        for name, value in flags.items():
            out[name] |= int(value)
        out["contacts"] += 1
        bad = ("reopened", "slow_first_response", "slow_resolution", "unresolved", "escalated")
        out["bad_tickets"] += any(flags[name] for name in bad) or _scored_bad(tables, row, start)
    out["bad_tickets"] = min(3, out["bad_tickets"])
    return out


def _flags(row: Row, start: datetime, slow: dict[str, int]) -> dict[str, bool]:
    created, resolved = row["created_at"], row["resolved_at"]
    untold = resolved is None and row["status"] == "resolved"
    done = resolved is not None and resolved < start
    late_first = created + timedelta(minutes=slow["slow_first_response"] + 1)
    late_full = created + timedelta(minutes=slow["slow_resolution"] + 1)
    replied = row["first_response_at"] or resolved
    slow_full = not untold and late_full < start and (resolved is None or resolved >= late_full)
    again, open_again = _again(row, start)
    return {
        "reopened": again,
        "slow_first_response": row["channel"] != "bot"
        and late_first < start
        and (replied is None or replied >= late_first),
        "slow_resolution": slow_full,
        "slow_resolution_closed": slow_full and done,
        "unresolved": (not done and not untold) or open_again,
        "escalated": row["escalated"] and done,
    }


def _again(row: Row, start: datetime) -> tuple[bool, bool]:
    """Return whether a ticket had left the resolved state, and whether it was open again."""
    if not row["is_logged"]:
        known = row["reopened_count"] > 0 and row["closed_at"] is not None
        return known and row["closed_at"] < start, False
    before = [at for at in row["again"] if at < start]
    if not before:
        return False, False
    return True, not any(before[-1] < at < start for at in row["ended"])


def _answers(tables: dict[str, list[Row]], kind: str) -> list[Row]:
    return [
        row
        for row in tables["surveys"]
        if row["kind"] == kind
        and row["responded_at"] is not None
        and row["responded_at"] <= row["sent_at"] + RESPONSE
    ]


def _scored_bad(tables: dict[str, list[Row]], ticket: Row, start: datetime) -> bool:
    return any(
        row["ticket_id"] == ticket["ticket_id"]
        and row["score"] <= 2
        and row["responded_at"] < start
        for row in _answers(tables, "csat")
    )


def voices(tables: dict[str, list[Row]], customer: str, start: datetime) -> Row:
    """Return what a customer had said and paid when a month began."""
    out: Row = {}
    for kind, flag, worst in (("csat", "csat_bad", 2), ("nps", "nps_detractor", 6)):
        heard = [
            row
            for row in _answers(tables, kind)
            if row["customer_id"] == customer and start - WINDOW <= row["responded_at"] < start
        ]
        out[f"answered_{kind}"] = int(bool(heard))
        out[flag] = int(any(row["score"] <= worst for row in heard))
    asked = [
        row
        for row in tables["surveys"]
        if row["customer_id"] == customer and start - WINDOW <= row["sent_at"] < start
    ]
    silent = not any(row["responded_at"] and row["responded_at"] < start for row in asked)
    out["surveyed"] = int(any(row["sent_at"] + RESPONSE <= start for row in asked))
    out["survey_silent"] = int(bool(out["surveyed"]) and silent)
    tries: dict[str, list[Row]] = {}
    for row in tables["payments"]:
        if row["customer_id"] == customer:
            tries.setdefault(row["checkout_id"], []).append(row)
    near = [
        rows
        for rows in tries.values()
        if start - WINDOW <= min(row["attempted_at"] for row in rows) < start
    ]
    out["payment_declined"] = int(
        any(
            row["status"] == "declined" and start - WINDOW <= row["attempted_at"] < start
            for rows in tries.values()
            for row in rows
        )
    )
    out["usage_band"] = "4+" if len(near) >= 4 else str(len(near))
    return out


def panel(tables: dict[str, list[Row]], first: datetime) -> dict[tuple[str, str], Row]:
    """Return every complete customer-month from a first one on."""
    months = [
        datetime.fromisoformat(f"{year}-{month:02}-01")
        for year in (2025, 2026)
        for month in range(1, 13)
    ]
    out: dict[tuple[str, str], Row] = {}
    for start, end in pairwise(months):
        if start < first or end > AS_OF - GAP:
            continue
        for customer in tables["customers"]:
            name = customer["customer_id"]
            for number, (begun, left) in enumerate(stays(tables, name), start=1):
                if begun <= start and (left is None or left > start):
                    gone = left is not None and left < end
                    known = gone and customer["churned_at"] == left
                    out[name, f"{start:%Y-%m}"] = {
                        "spell": number,
                        "left": int(gone),
                        "left_kind": customer["churn_kind"] if known else None,
                        "tenure_months": _whole_months(customer["signed_up_at"], start),
                        **_plan(tables, name, start),
                        **service(tables, customer, start),
                        **voices(tables, name, start),
                    }
    return out


def _whole_months(came: datetime, start: datetime) -> int:
    months = 0
    while _later(came, months + 1) <= start:
        months += 1
    return months


def _later(moment: datetime, months: int) -> datetime:
    number = moment.year * 12 + moment.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def _plan(tables: dict[str, list[Row]], customer: str, start: datetime) -> Row:
    begun = [
        row
        for row in tables["subscriptions"]
        if row["customer_id"] == customer and row["started_at"] <= start
    ]
    return {"plan": begun[-1]["plan"]}
