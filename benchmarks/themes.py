"""
Theme many comments in several languages, and measure time and memory.

``python -m benchmarks.themes`` from the root of the repository; ``--comments 20000`` for a try-out.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AS_OF = "2026-07-01"
LANGUAGES = ("en", "es", "pt", "de", "fr", "ja", "ar", "it", "el")
SHARES = (0.42, 0.14, 0.10, 0.10, 0.07, 0.06, 0.04, 0.04, 0.03)


def main(argv: list[str] | None = None) -> int:
    """Make a world, theme it in a process of its own, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--comments", type=int, default=200_000)
    parser.add_argument("--only", metavar="FOLDER", help="measure one folder, inside")
    options = parser.parse_args(argv)
    if options.only:
        print(json.dumps(_measured(options.only)))
        return 0
    with tempfile.TemporaryDirectory(prefix="themes-") as folder:
        make_world(Path(folder), options.comments)
        command = [sys.executable, "-m", "benchmarks.themes", "--only", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    print("| comments | themes | opening s | themes s | shares s | watch s | all s | cpu s | GB |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    cells = [f"{options.comments:,}", str(found["n_themes"])]
    cells += [
        f"{found[one]:.0f}"
        for one in ("opening", "themes", "shares", "watch", "whole", "processor")
    ]
    print("| " + " | ".join([*cells, f"{found['peak_gb']:.1f}"]) + " |")
    return 0


def make_world(folder: Path, n: int) -> None:
    """Write feedback whose texts are sentences of the sample's phrases, each made different."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from supportlab.simulate.markets import LANGUAGES as TAGS
    from supportlab.simulate.texts import THEMES, compose

    rng = np.random.default_rng(n)
    spoken = rng.choice([TAGS.index(one) for one in LANGUAGES], n, p=SHARES)
    texts: pa.Array = compose(rng, spoken, rng.integers(0, len(THEMES), n))
    # Comments of life are hardly ever the same: a number and a word of each one's own.
    odd = np.char.add(" ", rng.integers(1, 4_000, n).astype(str))
    first = np.datetime64("2024-07-01", "s")
    table = pd.DataFrame(
        {
            "feedback_id": np.char.add("F", np.arange(n).astype(str)),
            "at": first + (rng.random(n) * 729 * 86_400).astype("timedelta64[s]"),
            "source": "review",
            "customer_id": np.char.add("C", rng.integers(0, n // 2, n).astype(str)),
            "language": np.array(TAGS)[spoken],
            "rating": rng.integers(1, 6, n).astype(float),
            "rating_min": 1.0,
            "rating_max": 5.0,
            "text": [f"{text}{more}" for text, more in zip(texts.to_pylist(), odd, strict=True)],
        }
    )
    table.to_parquet(folder / "feedback.parquet", index=False)


def _measured(folder: str) -> dict[str, float]:
    import supportlab as sl

    found: dict[str, float] = {}
    whole, spent = time.perf_counter(), time.process_time()
    config = {"reporting_currency": "USD", "timezone": "UTC"}
    steps = {
        "opening": lambda: sl.open_desk(folder, as_of=AS_OF, config=config, strict=False),
        "themes": lambda: sl.feedback.themes(desk),
        "shares": lambda: sl.feedback.theme_shares(desk),
        "watch": lambda: sl.feedback.emerging_themes(desk),
    }
    desk = None
    for name, step in steps.items():
        begun = time.perf_counter()
        result = step()
        desk = result if name == "opening" else desk
        found[name] = time.perf_counter() - begun
        if name == "themes":
            found["n_themes"] = len(result.table)
    found["whole"] = time.perf_counter() - whole
    # On a machine that others use too, processor seconds are what can be compared.
    found["processor"] = time.process_time() - spent
    found["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found


if __name__ == "__main__":
    raise SystemExit(main())
