"""Linear algebra on one thread: the same digits on any machine, and no quarrel over its cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """
    Run the linear algebra of a block on one thread.

    Not for one product of huge matrices, which several threads do finish sooner.

    Yields
    ------
    None
        Nothing; the limit holds inside the block.

    Notes
    -----
    How many threads share a product decides the order of its sums, and with it the last digits.
    Hundreds of small products also spend most of their time waiting for each other's threads:
    a fit of 60 columns took 1 second on one thread, and 15 on two busy cores.

    Examples
    --------
    >>> with one_thread():
    ...     pass
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1, user_api="blas"):
        yield
