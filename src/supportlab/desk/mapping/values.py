"""Rules turned into typed expressions, each with a probe that finds what it cannot read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import ibis

from supportlab.desk.known_codes import currencies, markets
from supportlab.desk.mapping.models import Rule
from supportlab.desk.mapping.numbers import TYPES, boolean, in_minutes, listing, read_number
from supportlab.desk.mapping.scope import SEQUENCE, Scope, all_hold
from supportlab.desk.mapping.times import in_utc, time_meaning
from supportlab.desk.mapping.walk import composite_parts

__all__ = ["Compiler", "Probe", "type_of"]


@dataclass(frozen=True)
class Probe:
    """What finds values that a rule cannot read: where it stands, which rows, and what is read."""

    path: str
    rule: str
    text: Any
    bad: Any
    allowed: str


def type_of(kind: str) -> str:
    """Return the engine's type of a rule set."""
    return TYPES.get(kind, "string")


@dataclass(frozen=True)
class _Use:
    """What a value is for: rule set, codes, the rows that need it, and whether it is a row's."""

    kind: str
    codes: tuple[str, ...]
    active: Any
    in_rows: bool


class Compiler:
    """
    Turns the rules of one block into expressions.

    Parameters
    ----------
    scope : Scope
        The columns.
    is_collapsed : bool
        Whether values are those of groups of rows.
    """

    def __init__(self, scope: Scope, *, is_collapsed: bool = False) -> None:
        self.scope = scope
        self.is_collapsed = is_collapsed
        self.probes: list[Probe] = []

    def value(
        self,
        rule: Rule,
        kind: str,
        path: str,
        codes: tuple[str, ...] = (),
        active: Any = None,
        *,
        in_rows: bool = False,
    ) -> Any:
        """
        Return the expression of a rule.

        Parameters
        ----------
        rule : Rule
            A valid rule.
        kind : str
            Rule set of the result.
        path : str
            Where the rule stands.
        codes : tuple of str
            Codes allowed, for codes.
        active : ibis value, optional
            Rows whose value is used; others are not probed.
        in_rows : bool
            Whether a value a row is wanted, in a collapsed block too.

        Returns
        -------
        ibis value
            Of the type of the rule set; an aggregate where the rule takes one.
        """
        where = all_hold(self.scope, rule.where) if rule.where else None
        if where is not None:
            active = where if active is None else active & where
        if rule.take in ("count", "any") and not _has_source(rule):
            return self._rows(rule.take, where)
        is_group = self.is_collapsed and not in_rows
        use = _Use(kind, codes, active, in_rows=not is_group or rule.take is not None)
        value = self._row_value(rule, path, use)
        if rule.take is not None:
            return _taken(self.scope, rule, value, where)
        # The key of a group is one value in all its rows.
        return value.arbitrary() if is_group and rule.column is not None else value

    def _rows(self, take: str, where: Any) -> Any:
        n = self.scope.table.count(where=where)
        return n if take == "count" else n > 0

    def _row_value(self, rule: Rule, path: str, use: _Use) -> Any:
        if rule.take in ("count", "count_distinct") and use.kind == "int":
            use = replace(use, kind="text")
        is_leaf = rule.column is not None or rule.constant is not None
        value = (self._leaf if is_leaf else self._composite)(rule, path, use)
        if rule.plus:
            minutes = self._part(rule.plus, "float", f"{path}.plus", use)
            value = value + (minutes * 60_000).round().cast("int64").as_interval("ms")
        return value.cast(type_of(use.kind))

    def _part(self, rule: Rule, kind: str, path: str, use: _Use) -> Any:
        return self.value(rule, kind, path, use.codes, use.active, in_rows=use.in_rows)

    def _composite(self, rule: Rule, path: str, use: _Use) -> Any:
        if rule.when is not None:
            return self._when(rule, path, use)
        inner = "text" if rule.concat is not None else use.kind
        inner = "time" if rule.minutes_between is not None else inner
        parts = [self._part(part, inner, place, use) for place, part in composite_parts(rule, path)]
        if rule.coalesce is not None:
            return ibis.coalesce(*parts)
        if rule.minutes_between is not None:
            return (parts[1].epoch_seconds() - parts[0].epoch_seconds()) / 60
        if rule.concat is not None and rule.separator:
            parts = [parts[0], *(rule.separator + part for part in parts[1:])]
        joined = reduce(add, parts)
        return rule.prefix + joined if rule.prefix else joined

    def _when(self, rule: Rule, path: str, use: _Use) -> Any:
        rest = ibis.literal(True) if use.active is None else use.active
        branches = []
        for index, branch in enumerate(rule.when or ()):
            holds = all_hold(self.scope, branch.where)
            there = replace(use, active=rest & holds)
            then = self._part(branch.then, use.kind, f"{path}.when[{index}].then", there)
            branches.append((holds, then))
            rest = rest & ~holds
        otherwise: Any = ibis.null(type_of(use.kind))
        if rule.otherwise:
            there = replace(use, active=rest)
            otherwise = self._part(rule.otherwise, use.kind, f"{path}.otherwise", there)
        return ibis.cases(*branches, else_=otherwise)

    def _leaf(self, rule: Rule, path: str, use: _Use) -> Any:
        kind, active = use.kind, use.active
        source = (
            ibis.literal(rule.constant) if rule.constant is not None else self._column(rule.column)
        )
        if not source.type().is_string():
            if kind in TYPES and not rule.codes:
                return in_minutes(rule, source)
            source = source.cast("string")
        text = _changed(rule, source)
        coded = _coded(rule, text)
        value, allowed = self._parsed(rule, kind, coded, use.codes)
        if rule.codes is not None and rule.other is None:
            known = sorted(rule.codes)
            self._probe(path, "unknown_code", text, text.notin(known), listing(known), active)
        if allowed:
            bad = coded.notnull() & value.isnull()
            self._probe(path, f"not_{kind}", coded, bad, allowed, active)
        return rule.prefix + value if rule.prefix else value

    def _column(self, name: str | None) -> Any:
        return self.scope.column(str(name))

    def _probe(self, path: str, rule: str, text: Any, bad: Any, allowed: str, active: Any) -> None:
        bad = bad.fill_null(False)
        found = bad if active is None else bad & active
        self.probes.append(Probe(path, rule, text, found, allowed))

    def _parsed(self, rule: Rule, kind: str, text: Any, codes: tuple[str, ...]) -> tuple[Any, str]:
        """Return the typed value, and what is allowed in words where it may be refused."""
        if kind in ("time", "date") and rule.time is not None:
            time = in_utc(rule.time, text, self.scope)
            return time.cast(type_of(kind)), time_meaning(rule.time)
        if kind == "date":
            return text.try_cast("date"), "ISO 8601 dates, or give `time`"
        if kind == "bool":
            return boolean(rule, text)
        if kind in ("int", "float", "money", "rate"):
            code = self.scope.text(rule.minor_units).upper() if rule.minor_units else None
            return read_number(rule, kind, text, code)
        return _listed_text(kind, text, codes)


def _has_source(rule: Rule) -> bool:
    names = ("column", "constant", "coalesce", "concat", "when", "sum_of", "minutes_between")
    return any(getattr(rule, name) is not None for name in names)


def _changed(rule: Rule, text: Any) -> Any:
    if rule.missing:
        text = ibis.cases((text.isin(rule.missing), ibis.null("string")), else_=text)
    if rule.strip:
        text = text.strip().nullif("")
    if rule.case:
        text = text.lower() if rule.case == "lower" else text.upper()
    return text


def _coded(rule: Rule, text: Any) -> Any:
    if rule.codes is None:
        return text
    pairs = [(text == key, ibis.literal(code).nullif("")) for key, code in rule.codes.items()]
    if rule.other is not None:
        pairs.append((text.notnull(), ibis.literal(rule.other).nullif("")))
    return ibis.cases(*pairs, else_=None) if pairs else ibis.null("string")


def _listed_text(kind: str, text: Any, codes: tuple[str, ...]) -> tuple[Any, str]:
    known = {
        "code": list(codes),
        "market": sorted(markets()),
        "currency": sorted(currencies()),
    }.get(kind)
    if not known:
        return text, ""
    words = {
        "market": "ISO 3166-1 alpha-2 codes, as DE (change the case, or map names by `codes`)",
        "currency": "ISO 4217 codes, as EUR (change the case, or map names by `codes`)",
    }.get(kind, listing(known))
    return ibis.cases((text.isin(known), text), else_=None), words


def _taken(scope: Scope, rule: Rule, value: Any, where: Any) -> Any:
    if rule.take in ("first", "last"):
        order = scope.table[SEQUENCE]
        pick = value.first if rule.take == "first" else value.last
        return pick(where=where, order_by=order, include_null=not rule.skip_missing)
    if rule.take == "count":
        return value.count(where=where)
    if rule.take == "count_distinct":
        return value.nunique(where=where)
    if rule.take == "sum" and value.type().is_floating():
        # Floats added in another order differ in the last bits.
        return value.cast("decimal(28, 6)").sum(where=where).cast("float64")
    return getattr(value, str(rule.take))(where=where)
