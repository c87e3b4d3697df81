"""Cells of two arms with their covariates, and the two models that adjust for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from supportlab.errors import NotEstimable, ParameterError, did_you_mean
from supportlab.stats.cell_models import fit_logistic, fit_means
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["ArmCells", "Estimand", "Outcome"]

Estimand = Literal["all", "treated", "untreated"]
Outcome = Literal["binary", "mean"]
ESTIMANDS, OUTCOMES = ("all", "treated", "untreated"), ("binary", "mean")
# Below this in either arm neither model can be fitted to more than its mean.
FEWEST_IN_ARM = 30


@dataclass(frozen=True)
class ArmCells:
    """
    Counts per cell of covariates and arm, checked to fit each other.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_cells, n_columns)
        Covariates.
    treated : numpy.ndarray of shape (n_cells,)
        Arm.
    n, total : numpy.ndarray of shape (n_cells,)
        Rows, and the sum of their outcomes.
    fold, stratum : numpy.ndarray of shape (n_cells,)
        Codes from 0; one code alone for none.
    outcome, estimand : str
        As of `aipw_cells`.
    """

    matrix: FloatArray
    treated: NDArray[np.bool_]
    n: FloatArray
    total: FloatArray
    fold: NDArray[np.intp]
    stratum: NDArray[np.intp]
    outcome: Outcome
    estimand: Estimand

    @classmethod
    def read(
        cls,
        design: ArrayLike,
        is_treated: ArrayLike,
        n: ArrayLike,
        total: ArrayLike,
        outcome: Outcome,
        estimand: Estimand,
        fold: ArrayLike | None,
        stratum: ArrayLike | None,
    ) -> ArmCells:
        """Check what came."""
        for name, value, known in (
            ("outcome", outcome, OUTCOMES),
            ("estimand", estimand, ESTIMANDS),
        ):
            if value not in known:
                raise ParameterError(f"{name} came as {value!r}. {did_you_mean(value, known)}")
        columns = {"n": n, "is_treated": is_treated}
        arm = aligned(columns)[1]
        sums = aligned({"total": total, **columns}, min_zero=outcome == "binary")[0]
        rows = aligned({"n": n})[0]
        if outcome == "binary":
            over = np.flatnonzero(sums > rows)
            if over.size:
                raise ParameterError(f"total is above n in {over.size} cell(s); it is a part of n.")
        matrix = np.asarray(design, dtype=np.float64).reshape(rows.size, -1)
        return cls(
            matrix,
            arm > 0,
            rows,
            sums,
            _codes("fold", fold, rows.size),
            _codes("stratum", stratum, rows.size),
            outcome,
            estimand,
        )

    def in_shared_strata(self) -> NDArray[np.bool_]:
        """Return the cells in whose stratum both arms have rows."""
        size = int(self.stratum.max()) + 1
        arms = [
            np.bincount(self.stratum, self.n * part, size) > 0
            for part in (self.treated, ~self.treated)
        ]
        found: NDArray[np.bool_] = (arms[0] & arms[1])[self.stratum] & (self.n > 0)
        return found

    def refuse_few(self, kept: NDArray[np.bool_]) -> None:
        """Refuse where an arm has too few rows."""
        n_treated = float(self.n[kept & self.treated].sum())
        n_control = float(self.n[kept & ~self.treated].sum())
        if min(n_treated, n_control) < FEWEST_IN_ARM:
            raise NotEstimable(
                f"Where both arms occur there are {n_treated:,.0f} treated rows and "
                f"{n_control:,.0f} others; each arm needs at least {FEWEST_IN_ARM}."
            )

    def propensity(self, kept: NDArray[np.bool_]) -> FloatArray:
        """Return the fitted chance of treatment, from the cells that are kept."""
        hits = self.n * self.treated
        found = np.empty(self.n.size)
        for inside, here in self._folds(kept):
            fit = fit_logistic(self.matrix[inside], self.n[inside], hits[inside])
            found[here] = expit(fit[0] + self.matrix[here] @ fit[1:])
        return found

    def means(self, kept: NDArray[np.bool_], arm: NDArray[np.bool_]) -> FloatArray:
        """Return the fitted mean outcome of an arm, from the cells that are kept."""
        fitter = fit_logistic if self.outcome == "binary" else fit_means
        found = np.empty(self.n.size)
        for inside, here in self._folds(kept):
            part = inside & arm
            fit = fitter(self.matrix[part], self.n[part], self.total[part])
            linear = fit[0] + self.matrix[here] @ fit[1:]
            found[here] = expit(linear) if self.outcome == "binary" else linear
        return found

    def naive(self, kept: NDArray[np.bool_]) -> float:
        """Return the difference of the raw means over the cells that are kept."""
        parts = [kept & self.treated, kept & ~self.treated]
        means = [float(self.total[part].sum() / self.n[part].sum()) for part in parts]
        return means[0] - means[1]

    def _folds(self, kept: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        codes = np.unique(self.fold)
        if codes.size == 1:
            return [(kept, np.ones(kept.size, dtype=bool))]
        return [(kept & (self.fold != code), self.fold == code) for code in codes]


def _codes(name: str, values: ArrayLike | None, size: int) -> NDArray[np.intp]:
    if values is None:
        return np.zeros(size, dtype=np.intp)
    found = np.unique(np.asarray(values), return_inverse=True)[1].ravel()
    if found.size != size:
        raise ParameterError(f"{name} has {found.size} values for {size} cells.")
    return found
