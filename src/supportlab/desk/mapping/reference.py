"""The reference of the mapping language, written from its models so that it cannot drift."""

from __future__ import annotations

import inspect
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from supportlab.desk.mapping import models

__all__ = ["BEGIN", "END", "language_reference", "with_reference"]

BEGIN = "<!-- reference: begin (written by supportlab.desk.mapping.language_reference) -->"
END = "<!-- reference: end -->"

_ORDER = (
    models.MappingFile,
    models.DeskSection,
    models.AsOf,
    models.Asked,
    models.Input,
    models.Sequence,
    models.Block,
    models.Unpivot,
    models.Join,
    models.Drop,
    models.Condition,
    models.Rule,
    models.WhenCase,
    models.TimeFormat,
    models.NumberFormat,
)
_TITLES = {
    "MappingFile": "The file",
    "DeskSection": "desk",
    "AsOf": "as_of",
    "Asked": "asked",
    "Input": "input",
    "Sequence": "sequence",
    "Block": "block",
    "Unpivot": "unpivot",
    "Join": "join",
    "Drop": "drop",
    "Condition": "condition",
    "Rule": "rule",
    "WhenCase": "branch of when",
    "TimeFormat": "time",
    "NumberFormat": "number",
}
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", object: "any"}


def language_reference() -> str:
    """
    Return the reference of the mapping language in Markdown.

    Returns
    -------
    str
        One section a part of a mapping, with a table of its keys.

    Examples
    --------
    >>> "### rule" in language_reference()
    True
    """
    return "\n".join(_section(model) for model in _ORDER)


def with_reference(page: str) -> str:
    """
    Put the reference between the marks of a page.

    Parameters
    ----------
    page : str
        Markdown with both marks.

    Returns
    -------
    str
        The page with the reference of today.
    """
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{language_reference()}\n{END}{tail}"


def _section(model: type[BaseModel]) -> str:
    words = inspect.cleandoc(model.__doc__ or "").replace("``", "`")
    rows = [_row(name, field) for name, field in model.model_fields.items()]
    lines = [f"### {_TITLES[model.__name__]}", "", words, ""]
    return "\n".join([*lines, "| key | holds | meaning |", "|---|---|---|", *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    need = " (needed)" if field.is_required() else ""
    meaning = (field.description or "").replace("|", "\\|")
    default = field.get_default(call_default_factory=True)
    if isinstance(default, str) and default:
        meaning += f"; `{default}` when absent"
    return f"| `{field.alias or name}`{need} | {_holds(field.annotation)} | {meaning} |"


def _holds(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " or ".join(_holds(part) for part in arguments if part is not type(None))
    if origin is Literal:
        shown = ["`true`" if value is True else f"`{value}`" for value in arguments]
        return " ".join(shown)
    if origin is list:
        return f"list of {_holds(arguments[0])}"
    if origin is dict:
        return f"table: name to {_holds(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (
            f"[{_TITLES[annotation.__name__]}](#{_TITLES[annotation.__name__].replace(' ', '-')})"
        )
    return _PLAIN.get(annotation, str(annotation))
