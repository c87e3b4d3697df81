"""The data contract as code: every canonical table, its columns and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from supportlab.desk.shared_columns import CHANNELS
from supportlab.desk.specs import Column, ColumnKind, TableSpec
from supportlab.desk.tables_customer import CUSTOMER_TABLES
from supportlab.desk.tables_service import SERVICE_TABLES
from supportlab.desk.tables_team import TEAM_TABLES

__all__ = ["CHANNELS", "CONTRACT", "Column", "ColumnKind", "TableSpec"]

CONTRACT: Mapping[str, TableSpec] = MappingProxyType(
    {spec.name: spec for spec in (*SERVICE_TABLES, *CUSTOMER_TABLES, *TEAM_TABLES)}
)
