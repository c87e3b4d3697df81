"""Which studies these data can carry, and why not the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportlab.results import Estimate

if TYPE_CHECKING:
    from supportlab.desk import Desk

__all__ = ["carried"]


def carried(desk: Desk) -> Estimate:
    """
    Say what each study can and cannot say with these data.

    Not a promise: a study still refuses groups that are too small.

    Parameters
    ----------
    desk : Desk
        The data.

    Returns
    -------
    Estimate
        One row a study: ``study``, ``can_run``, ``missing``, ``weaker_without``.
    """
    from supportlab.desk.needs import study_readiness

    table = study_readiness(desk)
    able = list(table.loc[table["can_run"], "study"])
    unable = list(table.loc[~table["can_run"], "study"])
    weaker = int((table["can_run"] & (table["weaker_without"] != "")).sum())
    words = [f"These data can carry {_named(able)}."]
    if weaker:
        words.append(f"{weaker} of them would say more with what is named beside them.")
    if unable:
        words.append(f"They cannot carry {_named(unable)}.")
    return Estimate("carried", "What these data can carry", table, sentences=tuple(words))


def _named(studies: list[str]) -> str:
    if not studies:
        return "no study"
    if len(studies) == 1:
        return studies[0]
    return f"{', '.join(studies[:-1])} and {studies[-1]}"
