"""
Run the feedback study's statistics on the reviews of Olist: ``python -m benchmarks.olist_reviews``.

Needs the imported Parquet files (``supportlab import``, see docs/olist-reviews.md) and the raw
files beside them; prints the tables of that page.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from supportlab.errors import NotEstimable
from supportlab.stats import e_value_of_difference
from supportlab.stats.cell_models import design_columns
from supportlab.stats.doubly_robust import aipw_cells
from supportlab.stats.sampled import sampled_mean
from supportlab.stats.shifts import find_shifts

__all__ = ["main"]

DELIVERED = "delivered"
COVARIATES = ("quarter", "state", "price_band", "promise_band", "weekday")


def main(argv: list[str] | None = None) -> int:
    """Print levels, the effect of late delivery, and shifts."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("imported", type=Path, help="folder that `supportlab import` wrote")
    parser.add_argument("raw", type=Path, help="folder with the files of Olist")
    options = parser.parse_args(argv)
    reviews = _reviews(options.imported, options.raw)
    _levels(reviews)
    done = reviews.loc[reviews["x_order_status"] == DELIVERED].dropna(subset=["x_delivered_at"])
    done = done.assign(is_late=done["x_delivered_at"] > done["x_promised_on"])
    _late(done)
    _dose(done)
    _shifts(done)
    return 0


def _reviews(imported: Path, raw: Path) -> pd.DataFrame:
    reviews = pd.read_parquet(imported / "surveys.parquet")
    orders = pd.read_csv(raw / "olist_orders_dataset.csv", parse_dates=["order_purchase_timestamp"])
    people = pd.read_csv(raw / "olist_customers_dataset.csv")
    items = pd.read_csv(raw / "olist_order_items_dataset.csv")
    price = items.groupby("order_id")["price"].sum().rename("price")
    known = orders.merge(people, on="customer_id").merge(price, on="order_id", how="left")
    known = known.drop(columns="customer_id")
    found = reviews.merge(known, left_on="x_order_id", right_on="order_id", how="left")
    placed = found["order_purchase_timestamp"]
    promised = found["x_promised_on"].dt.tz_localize(None) - placed
    big = found["customer_state"].value_counts().head(8).index
    return found.assign(
        is_good=(found["score"] >= 4).astype(float),
        quarter=placed.dt.to_period("Q").astype(str),
        weekday=placed.dt.day_name(),
        state=found["customer_state"].where(found["customer_state"].isin(big), "other"),
        price_band=pd.cut(found["price"], [0, 50, 100, 200, 1e9]).astype(str),
        promise_band=pd.cut(promised.dt.days, [-1, 15, 20, 25, 30, 1e4]).astype(str),
    )


def _levels(reviews: pd.DataFrame) -> None:
    print("| figure | as the rows stand | weighted to all orders | 95 % interval | reviews |")
    print("|---|---|---|---|---|")
    for words, column in (("CSAT (4 and 5)", "is_good"), ("mean score", "score")):
        plain = float(reviews[column].mean())
        found = sampled_mean(reviews[column], reviews["x_weight"], cluster=reviews["customer_id"])
        print(_line(words, plain, found, len(reviews)))
    for status, part in reviews.groupby("x_order_status"):
        if len(part) >= 100:
            found = sampled_mean(part["score"], np.ones(len(part)), cluster=part["customer_id"])
            print(_line(f"mean score, {status}", float(part["score"].mean()), found, len(part)))


def _line(words: str, plain: float, found: object, n: int) -> str:
    low, high, middle = found.low, found.high, found.estimate  # type: ignore[attr-defined]
    return f"| {words} | {plain:.3f} | {middle:.3f} | {low:.3f} to {high:.3f} | {n:,} |"


def _late(done: pd.DataFrame) -> None:
    print("\n| outcome | on time | late | naive difference | adjusted | 95 % interval | E-value |")
    print("|---|---|---|---|---|---|---|")
    for words, column, outcome in (
        ("CSAT (4 and 5)", "is_good", "binary"),
        ("mean score", "score", "mean"),
    ):
        means = done.groupby("is_late")[column].mean()
        cells = done.groupby([*COVARIATES, "is_late", "customer_id"], observed=True)[column]
        frame = cells.agg(["size", "sum"]).reset_index()
        design = design_columns({name: list(frame[name]) for name in COVARIATES}, frame["size"])
        found = aipw_cells(
            design.matrix,
            frame["is_late"],
            frame["size"],
            frame["sum"],
            outcome=outcome,  # type: ignore[arg-type]
            estimand="treated",
        )
        ends = found.by_clusters(frame["customer_id"], frame["size"], frame["sum"])
        strength = "-"
        if outcome == "binary":
            # Of not being satisfied, which late delivery makes more likely.
            value = e_value_of_difference(
                -ends.estimate, -float(ends.high), -float(ends.low), baseline=1 - means[False]
            )
            strength = f"{value.estimate:.1f}"
        print(
            f"| {words} | {means[False]:.3f} | {means[True]:.3f}"
            f" | {means[True] - means[False]:+.3f}"
            f" | {ends.estimate:+.3f} | {ends.low:+.3f} to {ends.high:+.3f} | {strength} |"
        )
    weighted = sampled_mean(done["is_late"].astype(float), np.ones(len(done)))
    print(f"\nlate: {weighted.estimate:.3f} ({weighted.low:.3f} to {weighted.high:.3f})")


def _dose(done: pd.DataFrame) -> None:
    days = (done["x_delivered_at"] - done["x_promised_on"]).dt.total_seconds() / 86400
    names = ["7 and more early", "up to 7 early", "up to 3 late", "3 to 7 late", "7 and more late"]
    band = pd.cut(days, [-1e4, -7, 0, 3, 7, 1e4], labels=names)
    print("\n| days | reviews | mean score | 95 % interval | CSAT |\n|---|---|---|---|---|")
    for name, part in done.groupby(band, observed=True):
        found = sampled_mean(part["score"], np.ones(len(part)), cluster=part["customer_id"])
        print(
            f"| {name} | {len(part):,} | {found.estimate:.2f} | {found.low:.2f} to {found.high:.2f}"
            f" | {part['is_good'].mean():.1%} |"
        )


def _shifts(done: pd.DataFrame) -> None:
    print("\n| delivered orders by month | months | found | candidate | p | detectable |")
    print("|---|---|---|---|---|---|")
    month = done["sent_at"].dt.tz_localize(None).dt.to_period("M")
    kept = (month >= "2017-01") & (month <= "2018-08")
    for words, share in (("CSAT", done["is_good"]), ("on time", 1.0 - done["is_late"])):
        sums = share[kept].groupby(month[kept]).agg(["sum", "size"])
        try:
            found = find_shifts(sums["sum"], sums["size"])
        except NotEstimable as refusal:
            print(f"| {words} | {len(sums)} | {refusal} | | | |")
            continue
        at = [f"{sums.index[one.place]} ({one.estimate:+.3f})" for one in found.shifts]
        nearest = found.candidate
        print(
            f"| {words} | {len(sums)} | {', '.join(at) or 'none'} | {sums.index[nearest.place]} "
            f"({nearest.estimate:+.3f}; {nearest.low:+.3f} to {nearest.high:+.3f}) | "
            f"{found.p_value:.3f} | {found.detectable:.3f} |"
        )


if __name__ == "__main__":
    raise SystemExit(main())
