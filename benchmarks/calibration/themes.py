"""Calibration of themes: planted ones found again, false alarms and delay of the watch."""

from __future__ import annotations

import time

import numpy as np
from scipy.stats import beta, chi2_contingency, norm

from benchmarks.calibration.tally import Row, rejection_row
from supportlab.stats.emerging import scan_rises
from supportlab.stats.text.features import Tokens, weighted_terms
from supportlab.stats.text.topics import assign, find_themes

__all__ = ["planted_comments", "rows", "weekly_world"]

N_SERIES, N_WEEKS = 15, 78


def rows(scale: float) -> list[Row]:
    """Return the lines of this family."""
    runs, few = max(10, round(200 * scale)), max(3, round(12 * scale))
    found = [
        _alarms(runs, 0.0, 0.0, 1500),
        _alarms(runs, 0.01, 0.0, 1501),
        _alarms(runs, 0.02, 0.0, 1502),
        _alarms(runs, 0.01, 0.4, 1503),
        _alarms(runs, 0.02, 0.4, 1506),
        _alarms(runs, 0.02, 0.6, 1507, is_stress=True),
        _delay(runs, 0.01, 0.08, 1504),
        _delay(runs, 0.01, 0.04, 1505),
    ]
    return [*found, *(_recovery(few, n, 0.3, 1510 + n) for n in (400, 2000))]


def weekly_world(
    rng: np.random.Generator, spread: float, carried: float, rise: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return weekly counts and comments of series whose shares swing; the first one rises."""
    n = rng.poisson(55 * rng.gamma(20.0, 1 / 20.0, N_WEEKS)) * np.ones((N_SERIES, 1), dtype=int)
    share = np.exp(rng.uniform(np.log(0.005), np.log(0.15), N_SERIES))
    share[0] = 0.01
    state = rng.normal(size=N_SERIES)
    counts = np.zeros((N_SERIES, N_WEEKS))
    for week in range(N_WEEKS):
        state = carried * state + np.sqrt(1 - carried**2) * rng.normal(size=N_SERIES)
        level = share.copy()
        level[0] += rise * np.clip((week - 60 + 1) / 3, 0, 1)
        if spread > 0:
            mass = 1 / spread - 1
            level = beta.ppf(norm.cdf(state), level * mass, (1 - level) * mass)
        counts[:, week] = rng.binomial(n[:, week].astype(int), level)
    return counts, n.astype(float)


def _naive(counts: np.ndarray, n: np.ndarray) -> bool:
    """Chi-square of each week against all weeks before, at 1 % each, as dashboards do."""
    for series in range(len(counts)):
        for week in range(12, N_WEEKS):
            now, past = counts[series, week], counts[series, :week].sum()
            table = [[now, n[series, week] - now], [past, n[series, :week].sum() - past]]
            is_up = past > 0 and now * n[series, :week].sum() > past * n[series, week]
            if is_up and chi2_contingency(table, correction=False).pvalue < 0.01:
                return True
    return False


def _alarms(runs: int, spread: float, carried: float, seed: int, *, is_stress: bool = False) -> Row:
    def trial(rng: np.random.Generator) -> tuple[float, float]:
        counts, n = weekly_world(rng, spread, carried)
        found = scan_rises(counts, n)
        flagged = any(one is not None and one.first_week is not None for one in found)
        return (0.0 if flagged else 1.0), (0.0 if _naive(counts, n) else 1.0)

    name = f"{N_SERIES} themes, {N_WEEKS} weeks, swing {spread:g}, carry-over {carried:g}"
    return rejection_row(
        "scan_rises", name, "weekly chi-square at 1 %", trial, runs=runs, seed=seed,
        is_stress=is_stress,
    )  # fmt: skip


def _delay(runs: int, spread: float, rise: float, seed: int) -> Row:
    """Report the share found and the median week after the start at whose end it was."""
    rng = np.random.default_rng(seed)
    begun, delays = time.process_time(), []
    for _ in range(runs):
        counts, n = weekly_world(rng, spread, 0.0, rise)
        first = scan_rises(counts, n)[0]
        at = first.first_week if first is not None else None
        delays.append(np.inf if at is None or at < 60 else at - 60 + 1)
    spent = 1000 * (time.process_time() - begun) / runs
    found = float(np.isfinite(delays).mean())
    middle = float(np.median(delays))
    words = f"found {found:.1%}, median after {middle:.0f} weeks" if np.isfinite(middle) else (
        f"found {found:.1%} within 18 weeks"
    )  # fmt: skip
    name = f"rise of {rise:g} over 3 weeks from 0.01, swing {spread:g}"
    return Row("scan_rises", name, runs, "", "", words, "", f"{spent:.1f}", "power")


def planted_comments(
    rng: np.random.Generator, n: int, noise: float
) -> tuple[list[Tokens], np.ndarray]:
    """Return comments of ten themes in five phrases each; some say two things of one theme."""
    phrases = [
        [[f"t{theme}p{phrase}w{word}" for word in range(4)] for phrase in range(5)]
        for theme in range(10)
    ]
    share = np.linspace(2.0, 0.5, 10)
    truth = rng.choice(10, n, p=share / share.sum())
    comments = []
    for theme in truth:
        said = [phrases[theme][rng.integers(5)]]
        if rng.random() < 0.25:
            said.append(phrases[theme][rng.integers(5)])
        words = [word for one in said for word in one]
        # Words that mean nothing, and a remark that any theme may carry.
        words += [f"noise{rng.integers(60)}" for _ in range(rng.poisson(2 * noise))]
        if rng.random() < noise:
            words += [f"mood{rng.integers(4)}", "feeling"]
        comments.append(Tokens(tuple(words), tuple(words)))
    return comments, truth


def _recovery(runs: int, n: int, noise: float, seed: int) -> Row:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    begun, ours, plain = time.process_time(), [], []
    spent = 0.0
    for _ in range(runs):
        comments, truth = planted_comments(rng, n, noise)
        begun = time.process_time()
        weighted = weighted_terms(comments)
        member, _ = assign(weighted, find_themes(weighted).themes)
        spent += time.process_time() - begun
        ours.append(adjusted_rand_score(truth, member))
        other = KMeans(10, n_init=3, random_state=0).fit_predict(weighted.matrix)
        plain.append(adjusted_rand_score(truth, other))
    figure = f"adjusted Rand {np.mean(ours):.2f} (lowest {np.min(ours):.2f})"
    naive = f"k-means with the true number: adjusted Rand {np.mean(plain):.2f}"
    name = f"{n:,} comments, 10 themes in 5 phrases each, remarks in {noise:.0%}"
    return Row("find_themes", name, runs, "", "", figure, naive, f"{1000 * spent / runs:.0f}", "")
