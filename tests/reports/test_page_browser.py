"""The page in a headless browser: sorting, saving, printing, narrow screens, and nothing from anywhere else."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from radiomics_mammo.reports.components.export import write_parts
from radiomics_mammo.reports.components.page import render
from tests.support.browser import needs_browser, opened, played, printed
from tests.support.finished_run import toy_run
from tests.support.report_page import FORMULA, HANDLER, SCRIPT, composed, hostile_run, toy_page, toy_text

pytestmark = needs_browser

SAVED = """
  let last = "";
  out.files = {};
  window.Blob = class { constructor(parts) { last = parts.join(""); } };
  URL.createObjectURL = () => "blob:x";
  URL.revokeObjectURL = () => {};
  HTMLAnchorElement.prototype.click = function () { out.files[this.download] = last; };
  document.querySelectorAll("button.save").forEach((one) => one.click());
"""
COLUMN = """
  const table = document.querySelector('table[data-file="%s"]');
  const heads = [...table.tHead.rows[0].cells];
  const at = heads.findIndex((cell) => cell.textContent === "%s");
  const words = (cell) => cell.firstChild.textContent;
  const column = () => [...table.tBodies[0].rows].map((row) => words(row.cells[at]));
  const button = heads[at].querySelector("button");
  out.before = column();
  out.tag = [button.tagName, button.tabIndex, button.type];
  button.click(); out.first = column(); out.said = heads.map((one) => one.getAttribute("aria-sort"));
  button.click(); out.second = column(); out.again = heads[at].getAttribute("aria-sort");
"""


def numbers(cells: list[str]) -> list[float]:
    """What a reader sees, as numbers, without what has none."""
    plain = [cell.replace("−", "-").replace("<", "").replace("%", "").split(" of ")[0] for cell in cells]
    return [float(cell) for cell in plain if cell != "–"]


def test_nothing_is_complained_of_or_asked_for_and_the_pages_own_script_runs(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(toy_text(), encoding="utf-8")
    found = opened(page)
    assert found.console == []
    assert found.dom.count('class="save"') >= 30  # made by the script, which the policy lets run by its hash
    addresses = re.findall(r'([\w:-]+)="(?:https?:)?//[^"]*"', found.dom)
    assert set(addresses) <= {"xmlns", "xmlns:xlink"}
    assert not re.search(r"@import|url\((?!#|&quot;#)", found.dom)


def test_another_script_is_not_run(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(toy_text().replace("</body>", "<script>document.title='taken'</script></body>"), encoding="utf-8")
    found = opened(page)
    assert "<title>taken" not in found.dom
    assert any("Content Security Policy" in line for line in found.console)


@pytest.mark.parametrize(
    ("table", "heading"),
    [("models", "AUROC"), ("paired-1", "p"), ("paired-1", "Difference"), ("certified-1", "FN patients")],
)
def test_numbers_sort_as_numbers_both_ways_and_missing_ones_stay_last(tmp_path, table, heading):
    found = played(toy_text(), COLUMN % (table, heading), tmp_path)
    assert found["tag"] == ["BUTTON", 0, "button"]  # so a keyboard reaches and presses it
    assert sorted(found["first"]) == sorted(found["before"])
    assert numbers(found["first"]) == sorted(numbers(found["before"]), reverse=True)
    assert numbers(found["second"]) == sorted(numbers(found["before"]))
    assert [one for one in found["said"] if one] == ["descending"]
    assert found["again"] == "ascending"
    for order in ("first", "second"):
        assert len(numbers(found[order])) < len(found[order]) or table != "certified-1"
        tail = len(found[order]) - len(numbers(found[order]))
        assert all(cell.startswith("–") for cell in found[order][len(found[order]) - tail :])


def test_words_sort_from_a_first(tmp_path):
    found = played(toy_text(), COLUMN % ("paired-1", "Verdict"), tmp_path)
    assert found["first"] == sorted(found["before"])
    assert found["second"] == sorted(found["before"], reverse=True)


def test_what_the_buttons_save_is_what_is_written_as_parts(tmp_path):
    found = played(toy_text(), SAVED, tmp_path)["files"]
    written = {path.name: path for path in write_parts(toy_page(), tmp_path / "parts")}
    assert {name for name in written if name.endswith(".csv")} <= set(found)
    for name, path in written.items():
        if name.endswith(".csv"):
            assert found[name] == path.read_bytes().decode(), name
    drawings = [text for name, text in found.items() if name.endswith(".svg")]
    assert len(drawings) >= sum(name.endswith(".svg") for name in written) >= 9
    for text in drawings:
        assert ElementTree.fromstring(text).get("style", "").startswith("color:#1c2430")


def test_hostile_text_is_text_and_no_formula(tmp_path):
    run, results = hostile_run()
    page = composed(run, results)
    steps = (
        SAVED
        + """
      out.scripts = document.querySelectorAll("script:not([type]):not([src])").length;
      out.images = document.querySelectorAll("img[onerror], [onerror]").length;
      out.banners = [...document.querySelectorAll(".banner, .alarm")].map((one) => one.textContent.slice(0, 6));
      out.body = document.body.textContent;
    """
    )
    found = played(render(page), steps, tmp_path)
    assert found["scripts"] == 2  # the page's own, and this test's
    assert found["images"] == 0
    assert found["banners"] == ["FORCED", "FORCED"]  # at the top, and with the embedders
    assert found["body"].count(SCRIPT) > 10
    assert found["body"].count(HANDLER) > 10
    cells = [
        cell
        for name, text in found["files"].items()
        if name.endswith(".csv")
        for row in csv.reader(io.StringIO(text))
        for cell in row
    ]
    assert f"'{FORMULA}" in cells
    assert not [cell for cell in cells if re.match(r"[=@\t\r]|[+-](?![\d.])", cell)]
    by_python = {path.name: path.read_bytes() for path in write_parts(page, tmp_path / "parts")}
    for name, text in found["files"].items():
        if name.endswith(".csv") and name in by_python:
            assert text.encode() == by_python[name], name


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_is_wider_than_the_screen_and_everything_is_named(tmp_path, width):
    steps = """
      const all = (css) => [...document.querySelectorAll(css)];
      document.querySelectorAll("details").forEach((one) => (one.open = true));
      out.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      out.screen = document.documentElement.clientWidth;
      const named = (one) => one.closest("[aria-hidden=true]") || one.getAttribute("aria-label") || one.alt
        || (document.getElementById(one.getAttribute("aria-labelledby")) || {}).textContent;
      out.nameless = all("svg, img, [role=region], [role=group], nav").filter((one) => !named(one)).length;
      out.captions = all("table").filter((one) => !one.caption || !one.caption.textContent.trim()).length;
      out.scopes = all("th").filter((one) => !one.scope).length;
      out.buttons = all("button").filter((one) => !(one.textContent.trim() || one.getAttribute("aria-label"))).length;
      out.levels = all("main h2, main h3, main h4").map((one) => Number(one.tagName[1]));
      out.lang = document.documentElement.lang;
      out.marks = ["main", "nav", "header", "footer"].map((one) => all(`body > ${one}`).length);
    """
    found = played(toy_text(), steps, tmp_path, width=width)
    assert found["screen"] == width
    assert found["wide"] <= 0
    assert (found["nameless"], found["captions"], found["scopes"], found["buttons"]) == (0, 0, 0, 0)
    assert found["lang"] == "en"
    assert found["marks"] == [1, 1, 1, 1]
    levels = [1, *found["levels"]]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_without_scripts_everything_is_there_but_buttons(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(re.sub(r"script-src &#39;[^;]*&#39;", "script-src &#39;none&#39;", toy_text()), encoding="utf-8")
    dom = opened(page).dom
    assert dom.count("<table") == toy_text().count("<table")
    assert 'class="save"' not in dom
    assert 'class="sort"' not in dom


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_a_print_opens_what_is_folded_and_has_no_buttons(tmp_path):
    page, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(toy_text(), encoding="utf-8")
    printed(page, pdf)
    text = words_of(pdf)
    assert '{"max_depth": 3}' in text  # of a folded table
    assert "Classification reports (cross-validation)" in text
    assert "CSV" not in text
    assert "↕" not in text
    assert "Skip to the results" not in text


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_a_long_table_has_its_headings_on_every_printed_page(tmp_path):
    run, results = toy_run()
    long = pd.concat([results.tuned_parameters.assign(repeat=repeat) for repeat in range(60)])
    page, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(render(composed(run, results.replace({"tuned_parameters": long}))), encoding="utf-8")
    printed(page, pdf)
    tables = [text for text in pages_of(pdf) if '{"max_depth": 3}' in text]
    assert len(tables) >= 3
    assert all("Threshold" in text and "Settings" in text for text in tables)


def test_tables_that_nearly_fit_do_not_scroll(tmp_path):
    steps = """
      const over = (one) => one.scrollWidth > one.clientWidth;
      out.over = [...document.querySelectorAll(".columns .scroll")].filter(over).length;
      out.all = document.querySelectorAll(".columns .scroll").length;
    """
    found = played(toy_text(), steps, tmp_path, width=1400)
    assert found["all"] >= 3
    assert found["over"] == 0


def pages_of(pdf: Path) -> list[str]:
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    return done.stdout.split("\f")


def words_of(pdf: Path) -> str:
    return re.sub(r"\s+", " ", " ".join(pages_of(pdf)))
