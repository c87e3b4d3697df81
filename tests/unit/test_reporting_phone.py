"""Tables of findings on a phone, measured in a browser: what a row is about stays in sight."""

from __future__ import annotations

import json
import re
import subprocess

import pandas as pd
import pytest

from supportlab.reporting.cells import reading_table
from supportlab.reporting.markup import table_html
from supportlab.reporting.templates import render

WIDTH = 390
PROBE = """
<script>addEventListener('load', () => setTimeout(() => {
  const page = document.querySelector('iframe').contentDocument;
  const scroll = page.querySelector('.sl-scroll');
  const box = selector => page.querySelector(selector).getBoundingClientRect();
  const still = {name: box('tbody th').width, estimate: box('tbody td').right};
  scroll.scrollLeft = 10000;
  const found = {...still, page: page.documentElement.scrollWidth, moved: scroll.scrollLeft,
                 left: box('tbody th').left, head: box('thead th').left,
                 last: box('tbody td:last-child').right, from: scroll.getBoundingClientRect().left,
                 why: box('.sl-why span').right, whyleft: box('.sl-why span').left};
  document.documentElement.dataset.found = JSON.stringify(found);
}, 200))</script>
"""


@pytest.fixture(scope="module")
def measured(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("phone")
    frame = pd.DataFrame(
        {
            "measure": ["slow_first_response", "reopened"],
            "title": ["a slow first response (over 15.2 hours)", "a reopened ticket"],
            "n_with": [14_126, 3_420],
            "estimate": [1.10, None],
            "ci_low": [0.94, None],
            "ci_high": [1.29, None],
            "unit": ["hazard_ratio"] * 2,
            "p_adjusted": [0.88, None],
            "verdict": ["no_difference_shown", None],
            **{f"n_{number}_more": [1_234, 5_678] for number in range(6)},
            "reason": [None, "too few events: at the average hazard 8.4 customers would leave"],
        }
    )
    table = table_html(reading_table(frame), "Leaving after bad service: hazard ratios")
    page = render(
        "report.html", title="Churn", study="Churn", facts={}, failed=0, headings=[], formats=[],
        blocks=[{"kind": "prose", "html": table}],
    )  # fmt: skip
    # The probe looks into the page from outside, as the page itself runs nothing.
    (folder / "page.html").write_text(page, encoding="utf-8")
    frame_html = f'<iframe src="page.html" style="border:0;width:{WIDTH}px;height:800px"></iframe>'
    (folder / "phone.html").write_text(frame_html + PROBE, encoding="utf-8")
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            "--allow-file-access-from-files", f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=3000", (folder / "phone.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = re.search(r'data-found="([^"]*)"', done.stdout)
    assert found, done.stdout[:500]
    return json.loads(found[1].replace("&quot;", '"'))


@pytest.mark.browser
def test_the_page_itself_does_not_scroll_sideways(measured):
    assert measured["page"] == WIDTH


@pytest.mark.browser
def test_name_and_estimate_of_a_row_are_seen_at_once(measured):
    assert measured["name"] <= 0.48 * WIDTH
    assert measured["estimate"] <= WIDTH


@pytest.mark.browser
def test_the_name_stays_while_the_rest_is_scrolled_to_its_end(measured):
    assert measured["moved"] > 100
    assert measured["left"] == pytest.approx(measured["from"], abs=1)
    assert measured["head"] == pytest.approx(measured["from"], abs=1)
    assert measured["last"] <= WIDTH
    assert measured["whyleft"] >= 0
    assert measured["why"] <= WIDTH
