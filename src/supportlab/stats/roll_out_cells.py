"""Cells of units and periods in which something starts at different times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportlab.errors import NotEstimable, ParameterError
from supportlab.stats.interval import FloatArray, aligned

__all__ = ["RollOutCells"]


@dataclass(frozen=True)
class RollOutCells:
    """
    Counts per unit and period, with the period in which each unit adopts.

    Parameters
    ----------
    unit, period, cluster : numpy.ndarray of shape (n_cells,)
        Codes from 0.
    n, total : numpy.ndarray of shape (n_cells,)
        Rows, and the sum of their outcomes.
    since : numpy.ndarray of shape (n_cells,)
        Periods since adoption; negative before, minus infinity where the unit never adopts.
    design : numpy.ndarray of shape (n_cells, n_columns)
        Covariates.
    cluster_names : tuple of str
        Names of the clusters in the order of their codes.
    anticipation : int
        Periods before adoption that do not count as untreated.
    """

    unit: NDArray[np.intp]
    period: NDArray[np.intp]
    cluster: NDArray[np.intp]
    n: FloatArray
    total: FloatArray
    since: FloatArray
    design: FloatArray
    cluster_names: tuple[str, ...]
    anticipation: int

    @classmethod
    def read(
        cls,
        unit: ArrayLike,
        period: ArrayLike,
        n: ArrayLike,
        total: ArrayLike,
        adopted: ArrayLike,
        cluster: ArrayLike | None,
        design: ArrayLike | None,
        anticipation: int,
    ) -> RollOutCells:
        """Check what came."""
        if anticipation < 0:
            raise ParameterError(f"anticipation came as {anticipation!r}; give 0 or more.")
        rows = aligned({"n": n})[0]
        sums, when = aligned({"total": total, "period": period}, min_zero=False)
        names = np.asarray(unit).ravel()
        start = np.asarray(adopted, dtype=np.float64).ravel()
        sizes = {"n": rows.size, "total": sums.size, "unit": names.size, "adopted": start.size}
        if len(set(sizes.values())) > 1:
            raise ParameterError(f"lengths differ: {sizes}; give one value per cell in each.")
        units = np.unique(names, return_inverse=True)[1].ravel()
        _refuse_two_dates(units, start)
        groups = names if cluster is None else np.asarray(cluster).ravel()
        labels, codes = np.unique(groups, return_inverse=True)
        columns = np.zeros((rows.size, 0)) if design is None else np.asarray(design, np.float64)
        return cls(
            units,
            np.unique(when, return_inverse=True)[1].ravel(),
            codes.ravel(),
            rows,
            sums,
            np.where(np.isfinite(start), when - start, -np.inf),
            columns.reshape(rows.size, -1),
            tuple(str(label) for label in labels),
            anticipation,
        )

    @cached_property
    def treated(self) -> NDArray[np.bool_]:
        """Cells at or after adoption that have rows."""
        found: NDArray[np.bool_] = (self.since >= 0) & (self.n > 0)
        return found

    @cached_property
    def untreated(self) -> NDArray[np.bool_]:
        """Cells before adoption and before it is anticipated that have rows."""
        found: NDArray[np.bool_] = (self.since < -self.anticipation) & (self.n > 0)
        return found

    @cached_property
    def columns(self) -> Any:
        """Unit and period effects as columns, then the covariates; sparse, one row a cell."""
        from scipy.sparse import coo_array, csr_array, hstack

        size, place = self.unit.size, np.arange(self.unit.size)
        one = np.ones(size)
        shape = (size, int(self.unit.max()) + 1)
        units = coo_array((one, (place, self.unit)), shape=shape)
        later = self.period > 0
        ends = (place[later], self.period[later] - 1)
        periods = coo_array((one[later], ends), shape=(size, int(self.period.max())))
        return csr_array(hstack([units, periods, csr_array(self.design)]))

    @cached_property
    def untreated_fit(self) -> FloatArray:
        """Coefficients over untreated cells: of all clusters, then without each."""
        return self.coefficients(self.columns, self.untreated)

    def coefficients(self, columns: Any, rows: NDArray[np.bool_]) -> FloatArray:
        """
        Return least-squares coefficients over some cells, weighted by rows.

        Returns
        -------
        numpy.ndarray of shape (n_clusters + 1, n_columns)
            Of all clusters first, then with one cluster left out each; the shortest solution.
        """
        size, width = len(self.cluster_names), columns.shape[1]
        grams, sides = np.zeros((size, width, width)), np.zeros((size, width))
        for g in range(size):
            own = np.flatnonzero(rows & (self.cluster == g))
            part = columns[own]
            grams[g] = (part.T @ part.multiply(self.n[own, None])).toarray()
            sides[g] = part.T @ self.total[own]
        gram, side = grams.sum(axis=0), sides.sum(axis=0)
        pairs = [(gram, side), *((gram - a, side - b) for a, b in zip(grams, sides, strict=True))]
        return np.array([np.linalg.lstsq(a, b, rcond=1e-11)[0] for a, b in pairs])

    def effects(self, chosen: NDArray[np.bool_]) -> tuple[float, FloatArray]:
        """Return the mean of observed less imputed over cells, and it without each cluster."""
        from scipy.sparse import csr_array

        size, place = len(self.cluster_names), np.flatnonzero(chosen)
        whose = self.cluster[place]
        weight = csr_array((self.n[place], (whose, place)), shape=(size, self.n.size))
        # A cluster's imputed sum is its sum of columns times the coefficients: no cell is imputed.
        sums = (weight @ self.columns).toarray()
        rows = np.bincount(whose, self.n[place], size)
        seen = np.bincount(whose, self.total[place], size)
        all_sums, all_rows, all_seen = sums.sum(axis=0), float(rows.sum()), float(seen.sum())
        left = all_rows - rows
        if not np.all(left > 0):
            raise NotEstimable("Only one cluster is treated; there is no effect without it.")
        fit = self.untreated_fit
        imputed = np.einsum("gp,gp->g", fit[1:], all_sums - sums)
        whole = (all_seen - float(fit[0] @ all_sums)) / all_rows
        return whole, (all_seen - seen - imputed) / left

    def is_tied(self) -> NDArray[np.bool_]:
        """Return the cells whose untreated mean can be told, also without any other cluster."""
        keys = np.stack([self.unit, self.period, self.cluster])[:, self.untreated]
        links = np.unique(keys, axis=1)
        found = self._tied(links)
        for g in range(len(self.cluster_names)):
            found &= (self.cluster == g) | self._tied(links[:, links[2] != g])
        return found

    def leads(self, most: int) -> FloatArray | None:
        """Return a column per period before adoption, None where units have no earlier periods."""
        last = -1 - self.anticipation
        places = [last - place for place in range(most)]
        rows = self.untreated
        known = [place for place in places if np.any(rows & (self.since == place))]
        earlier = rows & np.isfinite(self.since) & (self.since < last - most + 1)
        if len(known) < most or np.unique(self.cluster[earlier]).size < 2:
            return None
        return np.column_stack([(self.since == place).astype(np.float64) for place in known])

    def lead_fit(self, leads: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the leads' coefficients on untreated cells, and the same without each cluster."""
        from scipy.sparse import csr_array, hstack

        columns = csr_array(hstack([csr_array(leads), self.columns]))
        found = self.coefficients(columns, self.untreated)[:, : leads.shape[1]]
        return found[0], found[1:]

    def _tied(self, links: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return the cells whose unit and period are joined by a chain of untreated ones."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        n_units, n_periods = int(self.unit.max()) + 1, int(self.period.max()) + 1
        size = n_units + n_periods
        ends = (links[0], links[1] + n_units)
        graph = coo_array((np.ones(links.shape[1]), ends), shape=(size, size))
        part = connected_components(graph, directed=False)[1]
        found: NDArray[np.bool_] = part[self.unit] == part[self.period + n_units]
        return found


def _refuse_two_dates(units: NDArray[np.intp], start: FloatArray) -> None:
    known = np.where(np.isfinite(start), start, -1.0)
    first = np.full(int(units.max()) + 1, np.nan)
    first[units] = known
    if np.any(first[units] != known):
        raise ParameterError("adopted differs between cells of one unit; give one period per unit.")
