"""Six small notebooks of the weight of a report's, and a desk of eight markets for them."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

__all__ = ["MARKETS", "STUDIES", "write_desk", "write_notebooks"]

MARKETS = ("AT", "BR", "DE", "ES", "FR", "GB", "JP", "US")
N_TICKETS = 4_000

_PARAMETERS = """
data: str = "."  # folder of the tables
market: str = ""  # market code; all when empty
""".strip()
_IMPORTS = """
import numpy as np
import pandas as pd
import seaborn as sns
import statsmodels.api as sm
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
""".strip()
_ROWS = """
tickets = pd.read_csv(f"{data}/tickets.csv")
rows = tickets[tickets["market"] == market] if market else tickets
closed = (rows["status"] == "closed").astype(int)
hours = pd.to_datetime(rows["created_at"]).dt.hour
rows.groupby("channel").size()
""".strip()
# What differs from one to the next: a fit that is shown as numbers.
STUDIES = {
    "closing": "sm.Logit(closed, sm.add_constant(hours)).fit(disp=0).params.round(6)",
    "by-hour": "sm.OLS(closed, sm.add_constant(hours)).fit().params.round(6)",
    "by-channel": "pd.crosstab(rows['channel'], closed)",
    "counts": (
        "sm.GLM(hours, np.ones(len(rows)), family=sm.families.Poisson()).fit().params.round(6)"
    ),
    "ranking": "LogisticRegression().fit(hours.to_frame(), closed).coef_.round(6)",
    "spread": "hours.groupby(rows['channel']).describe().round(3)",
}
_FIGURE = """
figure, ax = plt.subplots(figsize=(6, 3))
sns.histplot(x=hours, hue=closed.to_numpy(), ax=ax, legend=False)
plt.show()
""".strip()


def write_notebooks(folder: Path) -> list[Path]:
    """Write the notebooks; each imports, reads, fits and draws."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (study, fit) in enumerate(STUDIES.items()):
        cells = [
            new_markdown_cell(f"# {study.capitalize()}"),
            new_code_cell(_PARAMETERS, metadata={"tags": ["parameters"]}),
            *(new_code_cell(source) for source in (_IMPORTS, _ROWS, fit, _FIGURE)),
        ]
        for at, cell in enumerate(cells):
            cell.id = f"cell-{at}"
        spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
        paths.append(folder / f"{number:02d}-{study}.ipynb")
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": spec}), paths[-1])
    return paths


def write_desk(folder: Path, markets: tuple[str, ...]) -> None:
    """Write a table of tickets of some markets that holds the contract."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(20261127)  # noqa: S311  made-up tickets, not secrets
    with (folder / "tickets.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["ticket_id", "customer_id", "channel", "status", "created_at", "market"])
        for number in range(N_TICKETS):
            moment = f"2026-{rng.randint(1, 6):02d}-{rng.randint(1, 28):02d}"
            hour = f"T{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00Z"
            status = "closed" if rng.random() < 0.7 else "open"
            channel = rng.choice(["email", "chat", "phone"])
            market = markets[number % len(markets)]
            key = (f"T{number}", f"C{rng.randint(1, 900)}")
            write.writerow([*key, channel, status, moment + hour, market])
