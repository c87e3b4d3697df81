"""``supportlab import``: an export of another system turned into canonical tables."""

from __future__ import annotations

import click

__all__ = ["import_export"]


@click.command("import")
@click.argument("mapping")
@click.argument("source", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder to write.")
@click.option("--replace", is_flag=True, help="Replace a folder that no import wrote.")
@click.option("--as-of", "as_of", metavar="TIME", help="Moment of the extract, ISO 8601.")
def import_export(mapping: str, source: str, out: str, replace: bool, as_of: str | None) -> None:
    """
    Turn an export into canonical Parquet tables.

    MAPPING is a TOML or YAML file, or the name of a mapping that comes with supportlab
    (adyen_accounting, adyen_settlement, braintree, olist, paypal, servicenow, stripe). What only
    you can know of your export, such a mapping asks for, with a file to fill in. SOURCE is the
    folder of the export, or its one file. Every row of the source is accounted for in
    OUT/import.json. Status 2: the mapping or an option is wrong, or a needed answer is missing; 3:
    the source does not fit the mapping, with all faults told.
    """
    from supportlab.desk.mapping import run_import

    result = run_import(mapping, source, out, replace=replace, as_of=as_of)
    for line in result.lines():
        click.echo(line)
    click.echo(f"Written to {result.folder}. Next: supportlab check {out}")
