"""Read the parameters cell of a notebook without running it, and bind values to it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportlab.errors import ParameterError, did_you_mean
from supportlab.reporting.parameters import date_fault
from supportlab.reporting.secrets import secret_reason
from supportlab.reporting.values import KINDS, Kind, typed

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["ParameterSpec", "Signature", "load_notebook", "read_signature"]

_NUMBER = r"[+-]?\d[\d_,]*(?:\.\d+)?(?:[eE][+-]?\d+)?"
_BETWEEN = re.compile(rf"({_NUMBER}) to ({_NUMBER})")
_AT_LEAST = re.compile(rf"at least ({_NUMBER})")
_AT_MOST = re.compile(rf"at most ({_NUMBER})")
_ONE_OF = re.compile(r"one of ([\w.+-]+(?:, [\w.+-]+)*)")
_DATES = ("as_of", "start", "end")


@dataclass(frozen=True)
class ParameterSpec:
    """
    One parameter of a notebook, as its parameters cell declares it.

    Parameters
    ----------
    name : str
        The variable.
    kind : Kind
        Its type, from the annotation.
    default : object
        The literal.
    comment : str
        Unit and bounds in words.
    low, high : float or None
        Bounds, both included, when the comment has ``1 to 365``, ``at least 1``, ``at most 9``.
    choices : tuple of str
        What is allowed, when the comment has ``one of csat, nps, ces``.
    is_date : bool
        Whether the value must be an ISO date: ``as_of``, ``start``, ``end``, and text whose
        comment says "ISO date".
    """

    name: str
    kind: Kind
    default: Any
    comment: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    is_date: bool = False

    def value(self, text: str) -> Any:
        """Return the typed value of a text; a ``ValueError`` says what is wrong."""
        value = typed(text, self.kind)
        fault = self.fault(value)
        if fault:
            raise ValueError(fault)
        return value

    def fault(self, value: Any) -> str | None:
        """Say what is wrong with a typed value, if anything."""
        if value is None or (value == "" and self.is_date):
            return None
        items = value if isinstance(value, list) else [value]
        faults = (self._item_fault(item) for item in items)
        return next((fault for fault in faults if fault), None)

    def _item_fault(self, value: Any) -> str | None:
        if self.is_date:
            return date_fault(value, moment=self.name == "as_of")
        if self.choices and value != "" and str(value) not in self.choices:
            return f"got {value!r}. {did_you_mean(str(value), self.choices)}"
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number:
            return None
        below = self.low is not None and value < self.low
        above = self.high is not None and value > self.high
        return f"got {value}; allowed is {self._bounds()}" if below or above else None

    def _bounds(self) -> str:
        if self.low is None:
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Signature:
    """
    The parameters of one notebook.

    Parameters
    ----------
    notebook : str
        File name, for messages.
    specs : mapping
        Parameter specifications by name, in the order of the cell.
    """

    notebook: str
    specs: Mapping[str, ParameterSpec]

    def faults(self, texts: Mapping[str, str]) -> list[str]:
        """
        List what is wrong with values given as text.

        Parameters
        ----------
        texts : mapping of str to str
            Parameter names with what the user wrote.

        Returns
        -------
        list of str
            One sentence a fault; empty when all is well.
        """
        found = []
        for name, text in texts.items():
            reason = secret_reason(name, text)
            if reason:
                found.append(_secret_words(name, reason))
            elif name not in self.specs:
                hint = did_you_mean(name, self.specs)
                found.append(f"{name}: {self.notebook} has no such parameter. {hint}")
            else:
                found += self._value_faults(name, text)
        return found

    def bind(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """
        Type values given as text by the annotations of the cell.

        Parameters
        ----------
        texts : mapping of str to str
            Parameter names with what the user wrote.

        Returns
        -------
        dict
            Values to inject.

        Raises
        ------
        ParameterError
            With all faults at once.
        """
        faults = self.faults(texts)
        if faults:
            raise ParameterError("\n- ".join([f"{self.notebook} cannot be run so:", *faults]))
        return {name: self.specs[name].value(text) for name, text in texts.items()}

    def _value_faults(self, name: str, text: str) -> list[str]:
        try:
            self.specs[name].value(text)
        except ValueError as error:
            comment = self.specs[name].comment
            return [f"{name}: {error}" + (f" ({comment})" if comment else "")]
        return []


def read_signature(path: Path) -> Signature:
    """
    Read the parameters of a notebook from its cell tagged ``parameters``.

    Nothing is executed. The cell has annotated literals only, one a line, with a comment that
    gives unit and bounds: ``window_days: int = 7  # days, 1 to 365``.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.

    Returns
    -------
    Signature
        Empty when the notebook has no such cell.

    Raises
    ------
    ParameterError
        When the file is no notebook, or its parameters cell has something else than annotated
        literals; all faults at once.
    """
    cells = [
        cell.source
        for cell in load_notebook(path).cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
    ]
    if not cells:
        return Signature(path.name, {})
    specs, faults = _read_cell(cells[0])
    faults += [
        _secret_words(name, reason)
        for name, spec in specs.items()
        if (reason := secret_reason(name, spec.default))
    ]
    if faults:
        raise ParameterError("\n- ".join([f"The parameters cell of {path.name}:", *faults]))
    return Signature(path.name, specs)


def load_notebook(path: Path) -> NotebookNode:
    """
    Read a notebook file.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.

    Returns
    -------
    nbformat.NotebookNode
        In format 4.

    Raises
    ------
    ParameterError
        When there is no such file or it is no notebook.
    """
    import nbformat

    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except FileNotFoundError as error:
        raise ParameterError(f"There is no notebook {path.name!r}.") from error
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ParameterError(f"{path.name} cannot be read as a notebook: {reason}") from error
    return notebook


def _read_cell(source: str) -> tuple[dict[str, ParameterSpec], list[str]]:
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        return {}, [f"line {error.lineno} is no Python: {error.msg}"]
    comments = _comments(source)
    specs: dict[str, ParameterSpec] = {}
    faults = []
    for statement in body:
        try:
            spec = _spec(statement, comments.get(statement.end_lineno or 0, ""))
        except ValueError as error:
            faults.append(f"line {statement.lineno}: {error}")
        else:
            specs[spec.name] = spec
    return specs, faults


def _spec(statement: ast.stmt, comment: str) -> ParameterSpec:
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        raise ValueError("write `name: type = literal`, nothing derived")
    name, annotation = statement.target.id, ast.unparse(statement.annotation).replace(" ", "")
    kind = KINDS.get(annotation)
    if kind is None:
        raise ValueError(f"{name}: type {annotation!r}. {did_you_mean(annotation, KINDS)}")
    try:
        default = ast.literal_eval(statement.value) if statement.value else None
    except ValueError:
        raise ValueError(f"{name}: its default is not a literal") from None
    if statement.value is None or not kind.holds(default):
        raise ValueError(f"{name}: its default must be a literal of type {annotation}")
    low, high = _bounds(comment)
    choices = _ONE_OF.search(comment)
    is_date = kind.item is str and (name in _DATES or "iso date" in comment.lower())
    listed = tuple(choices[1].split(", ")) if choices else ()
    spec = ParameterSpec(name, kind, default, comment, low, high, listed, is_date)
    fault = spec.fault(default)
    if fault:
        raise ValueError(f"{name}: its own default breaks its comment: {fault}")
    return spec


def _bounds(comment: str) -> tuple[float | None, float | None]:
    between = _BETWEEN.search(comment)
    if between:
        return _number(between[1]), _number(between[2])
    low, high = _AT_LEAST.search(comment), _AT_MOST.search(comment)
    return _number(low[1]) if low else None, _number(high[1]) if high else None


def _number(text: str) -> float:
    return float(text.replace("_", "").replace(",", ""))


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _secret_words(name: str, reason: str) -> str:
    return (
        f"{name}: refused because {reason}; parameters are saved in the notebook and the "
        "manifest, so keep the secret in the environment or in a named connection"
    )
