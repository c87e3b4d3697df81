"""The metric table on millions of tickets: supportlab, SQL by hand, Polars and pandas."""
