"""Hostile text and planted personal data through a whole run, down to a real browser."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from supportlab.cli import main
from supportlab.reporting.registry import NOTEBOOKS_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
# It marks the page when it runs, by any of three ways.
MARK = "document.documentElement.setAttribute('data-ran','1')"
SCRIPT = f"<script>{MARK}</script>"
IMAGE = f'"><img src=x onerror="{MARK}">'
FORMULA = "=cmd|' /C calc'!A0"
OVERRIDE = "\u202egpj.exe"
HOSTILE = (SCRIPT, IMAGE, FORMULA, "../../../outside", OVERRIDE, "a\x1b]0;owned\x07\x9b31m")
# None of them stands anywhere else in the repository.
PERSONAL = {
    "e-mail": "planted.person@private.example",
    "phone": "+49 171 5550199",
    "card": "4929 1234 5678 9015",
    "name": "Plantedname Secondname",
}
# Longer than any output that a page takes in.
LONG = "lengthy " * 400_000
SLICES = (f"../../../outside{SCRIPT}", f"{FORMULA}{OVERRIDE}{IMAGE}")
PARAMETERS = """
data: str = ""  # folder
as_of: str = ""  # ISO date
start: str = ""  # ISO date
end: str = ""  # ISO date
market: str = ""  # market code
topic: str = ""  # any words
""".strip()
SHOWS = """
import pandas as pd
from IPython.display import display
import supportlab as sl
from supportlab.results import Check, Definition, Estimate, Finding

params = sl.parameters(
    data=data, as_of=as_of, start=start, end=end, market=market, topic=topic
)
desk = sl.open_desk(params.data, as_of=params.as_of or None)
report = sl.Report("channel-choice", params, desk)
topics = desk.table("tickets").select("category").distinct().order_by("category").execute()
words = desk.table("surveys").select("comment").distinct().order_by("comment").execute()
texts = [*topics["category"].dropna(), *words["comment"].dropna(), topic]
""".strip()
REPORTS = """
table = pd.DataFrame({"topic": texts, texts[0]: range(len(texts))})
found = [
    Finding(
        id="channel.fcr.effect", study="channel-choice", question=text, unit="proportion",
        estimand=text, group={"channel": text[:300], "number": str(number)}, estimate=0.1, n=6,
        ci_low=0.0, ci_high=0.2, ci_level=0.95, caveats=(text,), method=text,
    )
    for number, text in enumerate(text[:1000] for text in texts)
]
lacking = Finding.refused(
    id="channel.csat.effect", study="channel-choice", question="q", unit="proportion",
    estimand="e", reason=max(texts, key=len),
)
estimate = Estimate(
    name=texts[0] + "../../up", title=texts[1], table=table, findings=(*found, lacking),
    sentences=tuple(texts), checks=tuple(Check(text, False, text) for text in texts),
    definitions=(Definition("d", texts[0], texts[1], n=1),), caveats=tuple(texts),
    draw=lambda ax: pd.Series([1.0, 2.0]).plot(ax=ax), alt=" ".join(texts)[:900],
)
report.show(estimate)
report.figure(estimate)
""".strip()
PRINTS = """
print(*texts[:20], sep="\\n")
display(table)
for text in texts:
    report.text(text)
report.export()
""".strip()
FAILS = "raise ValueError(' '.join(sorted(texts, key=len)))"


def status(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def write_notebook(path: Path, title: str, *sources: str) -> None:
    cells = [new_markdown_cell(f"# {title}")]
    cells.append(new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}))
    cells += [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells), path)


def write_desk(folder: Path) -> None:
    folder.mkdir()
    texts = [*HOSTILE, *(f"I am here: {value}" for key, value in PERSONAL.items() if key != "name")]
    (folder / "desk.toml").write_text(f"name = {json.dumps(SCRIPT)}\ntimezone = 'UTC'\n")
    with (folder / "tickets.csv").open("w", newline="") as file:
        write = csv.writer(file)
        names = ["ticket_id", "customer_id", "channel", "status", "created_at", "market", "category"]
        write.writerow([*names, "customer_name", SCRIPT, "=1+1"])
        for number in range(60):
            key = f"{IMAGE}{number}" if number % 7 else PERSONAL["e-mail"]
            row = [f"{FORMULA}{number}", key, "email", "closed", f"2026-03-{1 + number % 28:02d}"]
            topic = texts[number % len(texts)]
            write.writerow([*row, ("DE", "US")[number % 2], topic, PERSONAL["name"], SCRIPT, FORMULA])
    rows = []
    for number in range(60):
        moment = pd.Timestamp(f"2026-03-{1 + number % 28:02d}", tz="UTC")
        comment = LONG if number == 5 else f"{texts[-1 - number % len(texts)]} ok"
        row = {"survey_id": f"S{number}", "ticket_id": f"{FORMULA}{number}", "kind": "csat"}
        row |= {"sent_at": moment, "responded_at": moment, "score": float(1 + number % 5)}
        row |= {"scale_min": 1.0, "scale_max": 5.0, "comment": comment}
        rows.append({**row, "email": PERSONAL["e-mail"], SCRIPT: PERSONAL["name"]})
    pd.DataFrame(rows).to_parquet(folder / "surveys.parquet")
    (folder / f"{PERSONAL['e-mail']}<img src=x onerror=1>.csv").write_text("a\n1\n")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run of hostile notebooks for hostile parameters, with its log."""
    home = tmp_path_factory.mktemp("hostile")
    write_desk(home / "desk")
    own = home / "notebooks"
    own.mkdir()
    write_notebook(own / f"04-{OVERRIDE} {IMAGE[2:20]}=1.ipynb", SCRIPT, SHOWS, REPORTS, PRINTS)
    write_notebook(own / "05-fails.ipynb", "Fails", SHOWS, FAILS)
    lines = "\n".join(f"  {{ topic = {json.dumps(text)} }}," for text in SLICES)
    (home / "reports.toml").write_text(
        f"[[report]]\nname = 'hostile'\ndata = 'desk'\njobs = 2\nslices = [\n{lines}\n]\n"
    )
    patch = pytest.MonkeyPatch()
    patch.chdir(home)
    patch.setenv(NOTEBOOKS_VARIABLE, str(own))
    log = home / "log"
    with log.open("w") as file:
        patch.setattr("sys.stderr", file)
        ended = status("report", "--config", "reports.toml", "--as-of", "2026-04-01", "--log", "json")
    patch.undo()
    assert ended == 1, log.read_text()[:3000]
    return home


def made(run: Path) -> list[Path]:
    return [path for path in (run / "reports").rglob("*") if path.is_file()]


def texts_of(run: Path) -> dict[str, str]:
    found = {str(path.relative_to(run)): path.read_text() for path in made(run) if path.suffix != ".png"}
    return {**found, "log": (run / "log").read_text()}


def test_every_path_is_plain_and_in_its_place(run):
    assert {path.name for path in run.iterdir()} == {
        "desk", "notebooks", "reports", "reports.toml", "log",
    }  # fmt: skip
    folders = {path.name for path in (run / "reports" / "hostile" / "latest").iterdir()}
    assert len([name for name in folders if name.startswith("topic-")]) == len(SLICES)
    for path in (run / "reports").rglob("*"):
        assert re.fullmatch(r"[A-Za-z0-9_.=-]+", path.name), path
        assert ".." not in path.name


def test_one_notebook_ran_and_the_other_is_named_as_failed(run):
    manifest = json.loads((run / "reports" / "hostile" / "latest" / "run.json").read_text())
    assert [item["status"] for item in manifest["studies"]] == ["ok", "failed"] * len(SLICES)
    assert all(len(str(item["error"])) < 3000 for item in manifest["studies"])


def test_no_control_character_or_override_is_left(run):
    for name, text in texts_of(run).items():
        found = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert not found, (name, found[:3])


def test_the_log_is_one_object_a_line(run):
    lines = (run / "log").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert len(events) > len(SLICES)
    assert (events[-1]["event"], events[-1]["status"]) == ("ended", 1)
    assert max(map(len, lines)) < 5000


def test_no_cell_of_a_csv_is_a_formula(run):
    csv.field_size_limit(len(LONG) + 1000)
    paths = [path for path in made(run) if path.suffix == ".csv"]
    assert len(paths) >= len(SLICES) + 2
    for path in paths:
        with path.open(newline="") as file:
            for cell in (cell for row in csv.reader(file) for cell in row):
                is_number = re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", cell)
                assert is_number or not cell.lstrip().startswith(("=", "+", "-", "@")), path


def test_the_longest_text_is_whole_in_the_table_and_short_on_the_page(run):
    (folder, *_) = sorted((run / "reports" / "hostile" / "latest").glob("topic-*"))
    (table,) = [path for path in folder.rglob("tables/*.csv")]
    assert LONG.strip() in table.read_text()
    for path in folder.rglob("*.html"):
        assert path.stat().st_size < 1.15 * len(LONG), path


def test_personal_data_are_in_no_file_and_in_no_line_of_the_log(run):
    planted = [*PERSONAL.values(), "plantedname", "4929123456789015", "5550199"]
    found = {name: text.lower() for name, text in texts_of(run).items()}
    for name, text in found.items():
        for value in planted:
            assert value.lower() not in text, (name, value)
    pages = [text for name, text in found.items() if name.endswith("report.html")]
    assert sum("[e-mail]" in page for page in pages) >= len(SLICES)
    assert sum("[card]" in page and "[phone]" in page for page in pages) >= len(SLICES)


@pytest.mark.browser
def test_nothing_runs_in_a_browser_even_without_the_policy(run, chromium, tmp_path):
    latest = run / "reports" / "hostile" / "latest"
    (slice_folder, *_) = sorted(latest.glob("topic-*"))
    pages = [latest / "index.html", slice_folder / "index.html", *slice_folder.glob("*/report.html")]
    for number, page in enumerate([*pages, None]):
        text = page.read_text() if page else f"<html><body>{SCRIPT}</body></html>"
        # The policy would stop what slips through; here it must not have to.
        bare = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", text)
        assert (bare != text) == bool(page)
        copy = tmp_path / f"{number}.html"
        copy.write_text(bare)
        assert has_run(chromium, copy) == (page is None), page


@pytest.mark.browser
def test_outputs_of_the_notebook_run_nothing_either(run, chromium, tmp_path):
    (folder, *_) = sorted((run / "reports" / "hostile" / "latest").glob("topic-*"))
    parts = []
    for path in folder.rglob("*.ipynb"):
        book = nbformat.read(path, as_version=4)
        outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
        parts += [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert parts
    copy = tmp_path / "outputs.html"
    copy.write_text("\n".join(parts))
    assert not has_run(chromium, copy)


def has_run(chromium: str, page: Path) -> bool:
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    profile = f"--user-data-dir={page.parent / 'profile'}"
    done = subprocess.run(
        [*command, profile, "--virtual-time-budget=2000", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "<html" in done.stdout
    return bool(re.search(r"<html[^>]*data-ran", done.stdout))


def test_a_hostile_market_code_stops_before_anything_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NOTEBOOKS_VARIABLE, str(Path(__file__).parent / "fixtures"))
    shutil.copytree(Path(__file__).parent / "fixtures" / "tiny", "tiny")
    text = Path("tiny/tickets.csv").read_text()
    Path("tiny/tickets.csv").write_text(text.replace(",US", f",../../{OVERRIDE}\x1b[2J"))
    words = ["report", "--data", "tiny", "--studies", "data-readiness", "--by", "market"]
    assert status(*words, "--out", "out") == 3
    shown = capsys.readouterr().err
    assert "market" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", shown)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny"]


def test_committed_notebooks_show_no_personal_data(tmp_path, monkeypatch, warm):
    """The planted desk through notebooks that people read; small, so most figures are refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NOTEBOOKS_VARIABLE, str(ROOT / "notebooks"))
    write_desk(tmp_path / "desk")
    words = ["report", "--data", "desk", "--studies", "feedback-trends"]
    assert status(*words, "--jobs", "2", "--out", "out") == 0
    for path in (tmp_path / "out").rglob("*"):
        text = path.read_text() if path.is_file() and path.suffix != ".png" else ""
        for value in PERSONAL.values():
            assert value not in text, (path, value)
        # Tables, findings and notebooks are data, in which markup is text.
        assert SCRIPT not in text or path.suffix in {".csv", ".json", ".ipynb"}
