"""The sample is what the command writes, byte for byte."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from supportlab.cli.simulate import simulate
from supportlab.desk import Desk
from supportlab.simulate import WorldSettings, simulate_world, write_world

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "data" / "sample"
MOST_BYTES = 8_000_000


def _pinned(name: str) -> str | None:
    lock = REPOSITORY / "requirements.lock"
    lines = lock.read_text(encoding="utf-8").splitlines() if lock.exists() else []
    found = [
        line.split("==")[1].split()[0].rstrip("\\; ")
        for line in lines
        if line.startswith(f"{name}==")
    ]
    return found[0] if found else None


def _is_pinned_here() -> bool:
    names = ("numpy", "pyarrow", "holidays", "pandas")
    return all(_pinned(name) in (None, version(name)) for name in names)


def test_the_sample_is_reproduced_byte_for_byte(tmp_path) -> None:
    if not _is_pinned_here():
        pytest.skip("numpy, pyarrow, pandas or holidays is not the pinned version")
    result = CliRunner().invoke(simulate, ["--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in SAMPLE.iterdir()}
    assert sorted(written) == sorted(kept)
    assert [name for name, content in kept.items() if written[name] != content] == []


def test_the_sample_is_small_enough() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= MOST_BYTES


def test_the_sample_opens_without_fault(sample_desk: Desk) -> None:
    faults = sample_desk.audit.faults
    assert faults[faults["severity"].isin(["stop", "warn"])].empty


def test_the_readme_defines_every_column_and_names_the_seed(sample_desk: Desk) -> None:
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert f"Seed {WorldSettings().seed}" in text
    desk = sample_desk
    for name in desk.table_names:
        assert f"## {name}." in text
        for column in desk.table(name).columns:
            assert f"| `{column}` |" in text


def test_the_truth_is_strict_json() -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert set(truth) == {
        "service",
        "authority",
        "channels",
        "surveys",
        "churn",
        "payments",
        "feedback",
    }


def test_same_settings_same_bytes_other_seed_other_bytes(tmp_path) -> None:
    def digest(seed: int, name: str) -> dict[str, bytes]:
        settings = WorldSettings(seed=seed, n_tickets=500, start="2025-01", months=12)
        write_world(simulate_world(settings), tmp_path / name)
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    first, again, other = digest(5, "a"), digest(5, "b"), digest(6, "c")
    assert first == again
    assert first["tickets.csv"] != other["tickets.csv"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--months", "3"], "months"),
        (["--tickets", "5"], "tickets"),
        (["--start", "2025-13"], "start"),
        (["--seed", "-1"], "seed"),
    ],
)
def test_bad_options_are_refused_with_status_2(
    options: list[str], word: str, tmp_path, capsys
) -> None:
    from supportlab.cli import main

    with pytest.raises(SystemExit) as stop:
        main(["simulate", "--out", str(tmp_path / "new"), *options])
    assert stop.value.code == 2
    assert word in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_all_bad_settings_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"seed.*tickets.*months.*start"):
        WorldSettings(seed=-1, n_tickets=1, start="July", months=1)
