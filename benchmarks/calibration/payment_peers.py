"""Mixed logistic models of another package on the same counts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import expit

__all__ = ["mixed_glm"]


def mixed_glm(
    hits: np.ndarray, n: np.ndarray, groups: Mapping[str, Sequence[str]], kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return rates of cells with limits from statsmodels' BinomialBayesMixedGLM.

    It takes a row a trial; intercept and effects are its posterior means, their variances add up.
    """
    from scipy.sparse import csr_matrix
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

    times = np.asarray(n, dtype=int)
    part = np.asarray(hits, dtype=int)
    cell = np.repeat(np.arange(times.size), times)
    outcome = np.concatenate(
        [np.r_[np.ones(y), np.zeros(m - y)] for y, m in zip(part, times, strict=True)]
    )
    blocks, ident = [], []
    for number, labels in enumerate(groups.values()):
        levels = sorted(set(labels))
        blocks.append(np.array([[float(one == level) for level in levels] for one in labels]))
        ident += [number] * len(levels)
    per_cell = np.hstack(blocks)
    model = BinomialBayesMixedGLM(
        outcome, np.ones((outcome.size, 1)), csr_matrix(per_cell[cell]), np.array(ident),
        vcp_p=1.0, fe_p=4.0,
    )  # fmt: skip
    # The peer warns where it does not converge; what it then says is scored like the rest.
    state = np.random.get_state()
    np.random.seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.fit_map() if kind == "MAP" else model.fit_vb()
    np.random.set_state(state)
    middle = found.fe_mean[0] + per_cell @ found.vc_mean
    deviation = np.sqrt(found.fe_sd[0] ** 2 + per_cell @ found.vc_sd**2)
    return expit(middle), expit(middle - 1.96 * deviation), expit(middle + 1.96 * deviation)
