"""
Kill runs at random moments, take the disk away from them, and look at what is left.

``python benchmarks/kills.py --kills 60``: a whole run is replaced by another one again and again,
and each time one of its processes is killed without warning: the command, a worker, a kernel, or
the warm process. Then runs are made on a disk that is full at a random byte, to targets that cannot
be read, written or replaced, and two at a time to one target. What may be left is the whole old run
or the whole new one, no process, and after the next run no litter. The figures go into
docs/reliability.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "notebooks" / "fixtures"
SUPPORTLAB = str(Path(sys.executable).with_name("supportlab"))
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- kills: begin -->", "<!-- kills: end -->"
VICTIMS = ("command", "worker", "kernel", "warm process")
SIGNALS = ("Ctrl-C", "SIGTERM")
FULL, TWO = "full disk", "two runs at once"
NOT_HERE = "not possible here"
LONGEST_SECONDS = 120.0
# Of these one changes with every run, and the others hold a time or seconds.
OF_THE_MOMENT = "run.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--full", type=int, default=12, help="runs on a full disk")
    parser.add_argument("--pairs", type=int, default=8, help="pairs of runs to one target")
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311  moments, not secrets
    with tempfile.TemporaryDirectory(prefix="supportlab-kills-") as folder:
        desk = Path(folder)
        shutil.copytree(FIXTURES / "tiny", desk / "tiny")
        known, seconds = _whole_runs(desk)
        counts: Counter[tuple[str, str]] = Counter()
        for number in range(options.kills):
            victim = (*VICTIMS, *SIGNALS)[number % (len(VICTIMS) + len(SIGNALS))]
            counts[victim, _killed(desk, known, victim, rng.uniform(0.2, seconds), number)] += 1
            print(number + 1, victim, dict(counts), flush=True)
        for number in range(options.full):
            counts[FULL, _on_full_disk(desk, known, rng, number)] += 1
            print(number + 1, FULL, dict(counts), flush=True)
        for number in range(options.pairs):
            counts[TWO, _two_at_once(desk, known, rng.uniform(0, seconds), number)] += 1
            print(number + 1, TWO, dict(counts), flush=True)
        for name, words in _bad_targets(desk, known).items():
            counts[name, words] += 1
        _run(desk, 7).wait()
        litter = sorted(path.name for path in desk.iterdir() if path.name.startswith("."))
    text = f"{_table(counts)}\n\nLeft over after the last run: {', '.join(litter) or 'nothing'}."
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="")
    bad = [words for _, words in counts if words.startswith("BAD")]
    return int(bool(bad or litter))


def _run(desk: Path, window: int, out: str = "out") -> subprocess.Popen[bytes]:
    words = ["report", "--data", "tiny", "--studies", "data-readiness,channel-choice"]
    words += ["--out", out, "--jobs", "2", "--kernels", "forked", "-p", f"window_days={window}"]
    return subprocess.Popen(
        [SUPPORTLAB, *words],
        cwd=desk,
        env={**os.environ, "SUPPORTLAB_NOTEBOOKS": str(FIXTURES)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _whole_runs(desk: Path) -> tuple[dict[str, int], float]:
    known = {}
    for window in (7, 14):
        begun = time.monotonic()
        assert _run(desk, window).wait() == 0, "the run itself fails"
        seconds = time.monotonic() - begun
        known[_digest(desk / "out")] = window
    assert len(known) == 2, "both runs are the same"
    return known, seconds


def _killed(desk: Path, known: dict[str, int], victim: str, after: float, number: int) -> str:
    process = _run(desk, (7, 14)[number % 2])
    family = _after(process, after, victim)
    process.wait(LONGEST_SECONDS)
    if not _all_gone(family):
        return "BAD: a process stayed"
    return _left(desk / "out", known, number)


def _left(out: Path, known: dict[str, int], number: int) -> str:
    window = known.get(_digest(out))
    if window is None:
        return "BAD: neither the old run nor the new one"
    return "new run" if window == (7, 14)[number % 2] else "old run"


def _on_full_disk(desk: Path, known: dict[str, int], rng: random.Random, number: int) -> str:
    """Replace a run on a small disk of its own that is full at a random byte."""
    disk = desk / "disk"
    disk.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        return NOT_HERE
    try:
        shutil.copytree(desk / "out", disk / "out")
        old = _digest(disk / "out")
        whole = sum(path.stat().st_size for path in (disk / "out").rglob("*"))
        room = shutil.disk_usage(disk).free - int(rng.uniform(0.0, 1.6) * whole)
        with (disk / "ballast").open("wb") as file:
            file.write(b"x" * max(0, room))
        status = _run(desk, (7, 14)[number % 2], "disk/out").wait(LONGEST_SECONDS)
        found = _digest(disk / "out")
        if found not in known or (status == 0 and known[found] != (7, 14)[number % 2]):
            return "BAD: neither the old run nor the new one"
        if status and found != old:
            return "BAD: it says that it failed, and replaced the run"
        if [path for path in disk.iterdir() if path.name.startswith(".")]:
            return "BAD: litter"
        return _left(disk / "out", known, number)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
        disk.rmdir()


def _two_at_once(desk: Path, known: dict[str, int], after: float, number: int) -> str:
    """Start a run to the target of another one: it is refused, or comes after it."""
    first = _run(desk, (7, 14)[number % 2])
    time.sleep(after)
    second = _run(desk, (7, 14)[(number + 1) % 2])
    statuses = (first.wait(LONGEST_SECONDS), second.wait(LONGEST_SECONDS))
    if statuses not in ((0, 0), (0, 1), (1, 0)):
        return f"BAD: statuses {statuses}"
    # The last that went well is the one that is there.
    window = (7, 14)[(number + (statuses[1] == 0)) % 2]
    if statuses != (0, 0) and known.get(_digest(desk / "out")) != window:
        return "BAD: not the run that went well"
    return _left(desk / "out", known, number)


def _bad_targets(desk: Path, known: dict[str, int]) -> dict[str, str]:
    """Name targets that cannot be used: each is refused and left as it is."""
    (desk / "file").write_text("mine")
    other = desk / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    shutil.copytree(desk / "out", desk / "fixed" / "out")
    found = {
        "target is a file": _refused(desk, "file"),
        "target holds something else": _refused(desk, "other"),
        "parent of the target is a file": _refused(desk, "file/out"),
    }
    place = desk / "fixed"
    mounted = subprocess.run(["mount", "--bind", place, place], capture_output=True, check=False)
    if mounted.returncode:
        return {**found, "target on a disk that is read only": NOT_HERE}
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
        found["target on a disk that is read only"] = _refused(desk, "fixed/out")
    finally:
        subprocess.run(["umount", "-l", place], check=True)
    return found


def _refused(desk: Path, out: str) -> str:
    before = _seen(desk)
    status = _run(desk, 14, out).wait(LONGEST_SECONDS)
    if status not in (1, 2):
        return f"BAD: status {status}"
    return "old run" if _seen(desk) == before else "BAD: something has changed"


def _seen(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _after(process: subprocess.Popen[bytes], seconds: float, victim: str) -> list[psutil.Process]:
    """Kill one process of the family, as soon after a moment as it is there."""
    begun = time.monotonic()
    family: dict[int, psutil.Process] = {}
    while process.poll() is None:
        for item in _members(process.pid):
            family.setdefault(item.pid, item)
        if time.monotonic() - begun >= seconds and victim in SIGNALS:
            process.send_signal(signal.SIGINT if victim == "Ctrl-C" else signal.SIGTERM)
            break
        if time.monotonic() - begun >= seconds:
            targets = _victims(process.pid, victim)
            if targets:
                targets[-1].send_signal(signal.SIGKILL)
                break
        time.sleep(0.01)
    return list(family.values())


def _members(pid: int) -> list[psutil.Process]:
    try:
        own = psutil.Process(pid)
        return [own, *own.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _victims(pid: int, victim: str) -> list[psutil.Process]:
    command, *others = _members(pid) or [None]
    warm = [item for item in others if _is_warm(item)]
    forked = [item for item in others if item.ppid() in {one.pid for one in warm}]
    kinds = {
        "command": [command] if command else [],
        "warm process": warm,
        # A worker asks for its kernel, so it is the older one of two.
        "worker": forked[:1],
        "kernel": forked[2:] or forked[1:],
    }
    return kinds[victim]


def _is_warm(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
        return (
            "supportlab.reporting.warm_server" in words
            and "supportlab" in (process.parent() or process).name()
        )
    except psutil.NoSuchProcess:
        return False


def _all_gone(family: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not any(_is_alive(item) for item in family):
            return True
        time.sleep(0.05)
    return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != OF_THE_MOMENT:
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _table(counts: Counter[tuple[str, str]]) -> str:
    lines = [
        "| killed, or in the way | times | whole old run | whole new run | anything else |",
        "|---|---|---|---|---|",
    ]
    for victim in dict.fromkeys(name for name, _ in counts):
        found = {words: n for (name, words), n in counts.items() if name == victim}
        old, new, total = found.get("old run", 0), found.get("new run", 0), sum(found.values())
        lines.append(f"| {victim} | {total} | {old} | {new} | {total - old - new} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
