"""
Kill runs at random moments and look at what is left.

``python benchmarks/kills.py --kills 60``: a whole run is replaced by another one again and again,
and each time one of its processes is killed without warning: the command, a worker, a kernel, or
the warm process. What may be left is the whole old run or the whole new one, no process, and after
the next run no litter.
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
VICTIMS = ("command", "worker", "kernel", "warm process")
LONGEST_SECONDS = 120.0
# Of these one changes with every run, and the others hold a time or seconds.
OF_THE_MOMENT = "run.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311  moments, not secrets
    with tempfile.TemporaryDirectory(prefix="supportlab-kills-") as folder:
        desk = Path(folder)
        shutil.copytree(FIXTURES / "tiny", desk / "tiny")
        known, seconds = _whole_runs(desk)
        counts: Counter[tuple[str, str]] = Counter()
        for number in range(options.kills):
            victim = VICTIMS[number % len(VICTIMS)]
            counts[victim, _killed(desk, known, victim, rng.uniform(0.2, seconds), number)] += 1
            print(number + 1, victim, dict(counts), flush=True)
        _run(desk, 7).wait()
        litter = sorted(path.name for path in desk.iterdir() if path.name.startswith("."))
    print(_table(counts))
    print(f"litter after the last run: {litter or 'none'}")
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
    window = known.get(_digest(desk / "out"))
    if window is None:
        return "BAD: neither the old run nor the new one"
    return "new run" if window == (7, 14)[number % 2] else "old run"


def _after(process: subprocess.Popen[bytes], seconds: float, victim: str) -> list[psutil.Process]:
    """Kill one process of the family, as soon after a moment as it is there."""
    begun = time.monotonic()
    family: dict[int, psutil.Process] = {}
    while process.poll() is None:
        for item in _members(process.pid):
            family.setdefault(item.pid, item)
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
        "| killed | kills | whole old run | whole new run | anything else |",
        "|---|---|---|---|---|",
    ]
    for victim in VICTIMS:
        found = {words: n for (name, words), n in counts.items() if name == victim}
        old, new, total = found.get("old run", 0), found.get("new run", 0), sum(found.values())
        lines.append(f"| {victim} | {total} | {old} | {new} | {total - old - new} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
