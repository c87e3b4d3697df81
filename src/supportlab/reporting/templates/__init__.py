"""The pages' templates, and the one way to fill them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from supportlab.reporting.names import clean_text

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]


def render(name: str, **values: Any) -> str:
    """
    Fill a template; every value is escaped unless it is marked safe there.

    Control characters and direction overrides are replaced, wherever they came from.

    Parameters
    ----------
    name : str
        ``report.html``, ``index.html`` or ``comparison.html``.
    **values : object
        What the template shows.

    Returns
    -------
    str
        The page.
    """
    page = _environment().get_template(f"{name}.j2").render(**values)
    return clean_text(page).rstrip("\n") + "\n"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("supportlab.reporting.templates", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
