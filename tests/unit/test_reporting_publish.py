"""A run takes its target's place whole, and nothing else is ever replaced."""

import json
import os
import threading
from pathlib import Path

import pytest

from supportlab.errors import ParameterError
from supportlab.reporting import publish
from supportlab.reporting.publish import exchange, staging

N_FILES = 5


def write_run(folder: Path, mark: str) -> None:
    (folder / "study").mkdir(parents=True, exist_ok=True)
    manifest = {"run_id": mark, "contract_version": "1.0"}
    (folder / "run.json").write_text(json.dumps(manifest))
    for number in range(N_FILES):
        (folder / "study" / f"{number}.txt").write_text(mark)


def published(target: Path, mark: str) -> None:
    with staging(target) as place:
        write_run(place.run, mark)
        place.publish()


def marks(target: Path) -> set[str]:
    """Read a run as a watcher does: open the folder once, then read what is in it."""
    handle = os.open(target, os.O_RDONLY)
    try:
        study = os.open("study", os.O_RDONLY, dir_fd=handle)
        try:
            names = [f"{number}.txt" for number in range(N_FILES)]
            files = [os.open(name, os.O_RDONLY, dir_fd=study) for name in names]
        finally:
            os.close(study)
    finally:
        os.close(handle)
    found = {os.read(file, 100).decode() for file in files}
    for file in files:
        os.close(file)
    return found


@pytest.mark.parametrize("has_exchange", [True, False])
def test_a_run_is_published_and_replaced(tmp_path, monkeypatch, has_exchange):
    if not has_exchange:
        monkeypatch.setattr(publish, "exchange", lambda first, second: False)
    target = tmp_path / "deep" / "latest"
    for mark in ("one", "two"):
        published(target, mark)
        assert marks(target) == {mark}
    assert [path.name for path in target.parent.iterdir()] == ["latest"]


def test_an_empty_folder_is_used(tmp_path):
    target = tmp_path / "latest"
    target.mkdir()
    published(target, "one")
    assert marks(target) == {"one"}


def test_a_link_to_a_run_stays_a_link(tmp_path):
    published(tmp_path / "real", "one")
    (tmp_path / "latest").symlink_to("real")
    published(tmp_path / "latest", "two")
    assert (tmp_path / "latest").is_symlink()
    assert marks(tmp_path / "real") == {"two"}


def test_a_watcher_always_sees_one_whole_run(tmp_path):
    """The test holds where the system can exchange two folders in one step."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    if not exchange(first, second):
        pytest.skip("this file system cannot exchange folders")
    target = tmp_path / "latest"
    published(target, "start")
    stop, seen, faults = threading.Event(), [], []

    def watch():
        while not stop.is_set():
            try:
                manifest = json.loads((target / "run.json").read_text())
                seen.append(manifest["run_id"])
            except (OSError, ValueError) as fault:
                faults.append(repr(fault))

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for number in range(20):
        published(target, str(number))
        assert marks(target) == {str(number)}
    stop.set()
    for watcher in watchers:
        watcher.join()
    assert faults == []
    assert len(set(seen)) > 2


@pytest.mark.parametrize("content", [None, "not json", "[]", '{"run_id": 1}'])
def test_what_is_no_run_is_never_replaced(tmp_path, content):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.txt").write_text("years of work")
    if content is not None:
        (target / "run.json").write_text(content)
    with pytest.raises(ParameterError, match="would be lost"):
        published(target, "one")
    assert (target / "chapter.txt").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_a_file_is_never_replaced(tmp_path):
    (tmp_path / "latest").write_text("a file")
    with pytest.raises(ParameterError, match="is a file"):
        published(tmp_path / "latest", "one")


def test_a_folder_that_fills_while_the_run_is_built_is_kept(tmp_path):
    target = tmp_path / "latest"
    with staging(target) as place:
        write_run(place.run, "one")
        target.mkdir()
        (target / "notes.txt").write_text("kept")
        with pytest.raises(ParameterError, match="would be lost"):
            place.publish()
    assert (target / "notes.txt").read_text() == "kept"


@pytest.mark.parametrize("has_exchange", [True, False])
def test_a_run_that_breaks_off_leaves_the_old_one(tmp_path, monkeypatch, has_exchange):
    if not has_exchange:
        monkeypatch.setattr(publish, "exchange", lambda first, second: False)
    target = tmp_path / "latest"
    published(target, "one")

    def interrupted():
        with staging(target) as place:
            write_run(place.run, "half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert marks(target) == {"one"}
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_a_second_rename_that_fails_puts_the_old_run_back(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "exchange", lambda first, second: False)
    target = tmp_path / "latest"
    published(target, "one")
    rename = Path.rename

    def failing(self, other):
        if self.name == "run":
            raise OSError("disk trouble")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="disk trouble"):
        published(target, "two")
    assert marks(target) == {"one"}


def test_what_a_killed_run_left_is_put_back_or_cleared(tmp_path):
    target = tmp_path / "latest"
    write_run(tmp_path / ".latest.staging-killed" / "old", "one")
    write_run(tmp_path / ".latest.staging-other" / "run", "half")
    with staging(target) as place:
        assert marks(target) == {"one"}
        others = [path for path in tmp_path.glob(".latest.staging-*") if path != place.home]
        assert others == []


def test_a_run_that_is_still_being_built_is_left_alone(tmp_path):
    target = tmp_path / "latest"
    with staging(target) as first:
        write_run(first.run, "first")
        published(target, "second")
        assert first.run.is_dir()
        first.publish()
    assert marks(target) == {"first"}
