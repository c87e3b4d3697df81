"""One small world with hard rows in it, and the engines that it is asked on."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supportlab.desk import Desk, open_desk
from supportlab.simulate import WorldSettings, simulate_world, write_world

SETTINGS = WorldSettings(seed=7, n_tickets=400, start="2025-01", months=12)
# Clocks change in Berlin and New York; the last and the first microsecond of a year and a month.
HARD_TIMES = (
    "2025-03-30T00:59:59.999999",
    "2025-03-30T01:00:00",
    "2025-03-09T07:00:00.000001",
    "2025-10-26T00:30:00",
    "2025-10-26T01:30:00",
    "2025-06-30T23:59:59.999999",
    "2025-07-01T00:00:00",
    "2025-02-02T23:59:59.5",
)
# Code points order these otherwise than a German or an American dictionary does.
HARD_LABELS = ("Zeta", "alpha", "Alpha", "Ärger", "ärger", "日本", "a b", "a-b", "_x", "é")


@dataclass(frozen=True)
class Material:
    """Parquet files, one a table, and the settings that go with them."""

    folder: Path
    config: dict[str, Any]


def _reviews(tickets: pa.Table) -> str:
    """Reviews of tickets on two forms, some scores halfway between two shares of the scale."""
    lines = ["review_id,ticket_id,agent_id,reviewed_at,score,scale_min,scale_max"]
    chosen = tickets.slice(0, 40).to_pylist()
    for place, row in enumerate(chosen):
        form = "0,3" if place % 2 else "1,8"
        score = "" if place == 5 else 1 + place % 3
        agent = row["agent_id"] or ""
        lines.append(f"R{place},{row['ticket_id']},{agent},2025-12-01T10:00:00Z,{score},{form}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The world in the contract's types, with hard rows, the same for every engine."""
    written, folder = (tmp_path_factory.mktemp(name) for name in ("written", "typed"))
    world = simulate_world(SETTINGS)
    write_world(world, written)
    (written / "quality_reviews.csv").write_text(_reviews(world.tables["tickets"]))
    desk = open_desk(written)
    for name in desk.table_names:
        rows = desk.table(name)
        table = rows.select(*(c for c in rows.columns if c in desk.provided(name))).to_pyarrow()
        hard = {"tickets": _hard_tickets, "surveys": _hard_surveys}.get(name)
        if hard:
            made = [dict.fromkeys(table.column_names) | row for row in hard()]
            table = pa.concat_tables([table, pa.Table.from_pylist(made, schema=table.schema)])
        if name == "feedback":
            table = table.slice(0, 0)
        pq.write_table(table, folder / f"{name}.parquet")
    config = tomllib.loads((written / "desk.toml").read_text(encoding="utf-8"))
    return Material(folder, {**config, "timezone": "UTC", "as_of": SETTINGS.as_of_text})


def _hard_tickets() -> list[dict[str, Any]]:
    pairs = zip(HARD_TIMES, reversed(HARD_TIMES), strict=True)
    rows = [
        {
            "ticket_id": f"hard-{i}-{HARD_LABELS[i]}",
            "channel": "email",
            "status": "closed" if i % 2 else "open",
            "created_at": datetime.fromisoformat(early),
            "first_response_at": datetime.fromisoformat(late),
            "resolved_at": datetime.fromisoformat(late) if i % 3 else None,
            "category": HARD_LABELS[i],
            "reopened_count": i % 2,
        }
        for i, (early, late) in enumerate(pairs)
    ]
    tied = {
        "channel": "chat",
        "status": "resolved",
        "created_at": datetime.fromisoformat(HARD_TIMES[0]),
        "resolved_at": datetime.fromisoformat(HARD_TIMES[1]),
    }
    return [*rows, *({**tied, "ticket_id": name, "category": name} for name in HARD_LABELS)]


def _hard_surveys() -> list[dict[str, Any]]:
    form = {"kind": "csat", "scale_min": 1.0, "scale_max": 5.0, "high_is_good": True}
    at = datetime.fromisoformat(HARD_TIMES[5])
    # Two answers to one ticket at one moment, one never answered, one off the scale.
    scores = (5.0, 1.0, None, 9.0)
    return [
        {
            **form,
            "survey_id": f"hard-{HARD_LABELS[i]}",
            "ticket_id": "alpha",
            "sent_at": at,
            "responded_at": at if score else None,
            "score": score,
        }
        for i, score in enumerate(scores)
    ]


def absent(reason: str) -> None:
    """Skip, or fail where the machine has promised every engine."""
    if os.environ.get("SUPPORTLAB_REQUIRE_ENGINES"):
        pytest.fail(f"{reason}, and SUPPORTLAB_REQUIRE_ENGINES is set", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def duckdb_desk(material: Material) -> Desk:
    """What the others are held against."""
    return open_desk(material.folder, config=material.config, strict=False)


@pytest.fixture(scope="session")
def pyspark_desk(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The same files as views of Spark in local mode."""
    if find_spec("pyspark") is None:
        absent("the extra supportlab[spark] is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        absent("no Java on this machine")
    import ibis
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.showConsoleProgress": "false",
        # On so few rows, compiling a query costs far more than running it.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.session.timeZone": "UTC",
        # Else a folder of that name is left wherever the tests are started.
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }
    builder = SparkSession.builder.master("local[2]").appName("supportlab conformance")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    for path in sorted(material.folder.glob("*.parquet")):
        session.read.parquet(str(path)).coalesce(1).cache().createOrReplaceTempView(path.stem)
    yield open_desk(ibis.pyspark.connect(session), config=material.config, strict=False)
    session.stop()


@pytest.fixture(scope="session")
def postgres_desk(material: Material) -> Iterator[Desk]:
    """The same rows in a server of our own, on a socket in a folder of its own."""
    if find_spec("psycopg") is None:
        absent("the extra supportlab[postgres] is not installed")
    programs = _postgres_programs()
    if programs is None:
        absent("no PostgreSQL server on this machine")
    # A socket's path may not be long, so the folder lies directly under the temporary one.
    place = Path(tempfile.mkdtemp(prefix="sl-pg-"))
    try:
        _start(programs, place)
        import ibis

        connection = ibis.postgres.connect(host=str(place), user="supportlab", database="postgres")
        _load(connection, material.folder)
        yield open_desk(connection, config=material.config, strict=False)
        connection.disconnect()
    finally:
        _as_server([str(programs / "pg_ctl"), "-D", str(place / "data"), "-m", "immediate", "stop"])
        shutil.rmtree(place, ignore_errors=True)


def _postgres_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("pg_ctl")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _as_server(command: list[str], *, check: bool = False) -> None:
    # The server refuses to run as root.
    user = {"user": "nobody", "extra_groups": []} if os.getuid() == 0 else {}
    subprocess.run(
        command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **user
    )


def _start(programs: Path, place: Path) -> None:
    if os.getuid() == 0:
        os.chown(place, pwd.getpwnam("nobody").pw_uid, -1)
    data = str(place / "data")
    locale = ["-E", "UTF8", "--locale=C.UTF-8"]
    _as_server(
        [str(programs / "initdb"), "-D", data, "-U", "supportlab", "-A", "trust", "-N", *locale],
        check=True,
    )
    # On so few rows, compiling a query costs far more than running it.
    speed = "-c fsync=off -c jit=off"
    options = f"-k {place} -c listen_addresses='' -c TimeZone=America/New_York {speed}"
    start = ["-w", "-l", str(place / "log"), "-o", options, "start"]
    _as_server([str(programs / "pg_ctl"), "-D", data, *start], check=True)


def _load(connection: Any, folder: Path) -> None:
    import duckdb
    import ibis

    for path in sorted(folder.glob("*.parquet")):
        connection.create_table(path.stem, schema=ibis.read_parquet(path).schema())
        text = folder / "copy.txt"
        duckdb.sql(f"COPY (FROM '{path}') TO '{text}' (FORMAT csv, HEADER false, NULLSTR '\\N')")
        copy = f"COPY {path.stem} FROM STDIN (FORMAT csv, NULL '\\N')"
        with connection.con.cursor() as cursor, cursor.copy(copy) as channel:
            channel.write(text.read_bytes())
        connection.con.commit()
        text.unlink()
