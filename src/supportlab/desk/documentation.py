"""Pages about the data, written from the contract so that they cannot drift from it."""

from __future__ import annotations

from supportlab.desk.contract import CONTRACT
from supportlab.desk.needs import NEEDS, Need
from supportlab.desk.specs import Column, TableSpec

__all__ = ["BEGIN", "END", "contract_markdown", "needs_markdown", "with_generated_parts"]

BEGIN = "<!-- generated: {name} -->"
END = "<!-- end of generated: {name} -->"


def contract_markdown() -> str:
    """
    Write every table and column of the contract.

    Returns
    -------
    str
        Markdown, one heading and one table of columns a canonical table.
    """
    return "\n\n".join(_table(spec) for spec in CONTRACT.values())


def needs_markdown() -> str:
    """
    Write what each study needs, and what it says less without.

    Returns
    -------
    str
        A Markdown table, one row a study.
    """
    lines = ["| study | needs | says less without |", "| --- | --- | --- |"]
    for needs in NEEDS:
        groups = [_any_of(group) for group in needs.any_of]
        better = ", ".join(dict.fromkeys(_need(need) for need in needs.better_with))
        lines.append(f"| {needs.study} | {' and '.join(groups)} | {better} |")
    return "\n".join(lines)


def with_generated_parts(page: str) -> str:
    """
    Return a page with its generated parts written anew.

    Parameters
    ----------
    page : str
        Markdown that holds the marks of the parts ``contract`` and ``needs``.

    Returns
    -------
    str
        The page, the same wherever its parts were up to date.
    """
    for name, text in (("contract", contract_markdown()), ("needs", needs_markdown())):
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


def _table(spec: TableSpec) -> str:
    heading = f"### {spec.name}\n\n{spec.grain[0].upper()}{spec.grain[1:]}."
    key = f" Key: {', '.join(f'`{name}`' for name in spec.key)}." if spec.key else ""
    lines = ["| column | type | needed | meaning |", "| --- | --- | --- | --- |"]
    lines += [_column(column) for column in spec.columns]
    return f"{heading}{key}\n\n" + "\n".join(lines)


def _column(column: Column) -> str:
    codes = f"; one of {', '.join(f'`{code}`' for code in column.codes)}" if column.codes else ""
    money = f"; currency in `{column.currency_column}`" if column.currency_column else ""
    owner = f"; refers to `{column.references}`" if column.references else ""
    needed = "yes" if column.is_required else ""
    return f"| `{column.name}` | {column.kind} | {needed} | {column.meaning}{codes}{money}{owner} |"


def _any_of(group: tuple[Need, ...]) -> str:
    if len(group) == len(CONTRACT):
        return "any table"
    return " or ".join(_need(need) for need in group)


def _need(need: Need) -> str:
    columns = ", ".join(f"`{name}`" for name in need.columns)
    return f"`{need.table}`" + (f" ({columns})" if columns else "")
