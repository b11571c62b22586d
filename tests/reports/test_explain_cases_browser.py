"""Search and filters of the cases, in a headless browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support import browser
from tests.support.finished_run_cases import case_run, cases_part, section_page, some_pictures

pytestmark = browser.needs_browser

HELP = """
const form = document.querySelector(".case-filters");
const seen = (css) => [...document.querySelectorAll(css)].filter((one) => one.checkVisibility());
const names = (css) => seen(css).map((one) => one.querySelector("h4, th").textContent.trim().replace(/\\s+/g, " "));
const state = () => ({
  cards: names(".case-card"), lines: names(".case-table tbody tr"),
  said: document.getElementById("cases-shown").textContent, none: seen(".case-none").length,
});
async function choose(name, value) {
  form.elements[name].value = value;
  form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
  await wait(30);
}
async function type(text) {
  form.elements.search.value = text;
  form.elements.search.dispatchEvent(new Event("input", { bubbles: true }));
  await wait(250);
}
"""


def played(page: str, steps: str, folder: Path, *, width: int = 1400) -> dict[str, Any]:
    return browser.played(page, HELP + steps, folder, width=width)


@pytest.fixture(scope="module")
def toy():
    run, results = case_run()
    return cases_part(run, results, pictures=some_pictures(run.cases["case_id"].tolist()))


def cards_of(part) -> list:
    return [card for group in part.cases.groups for card in group.cards]


def test_search_and_filters_work_on_cards_and_list(toy, tmp_path):
    steps = """
      out.start = state();
      await choose("outcome", "=FN"); out.missed = state();
      await choose("view", "=MLO"); out.both = state();
      form.reset(); await wait(30); out.reset = state();
      await choose("out-of-range", "=yes"); out.beyond = state();
      form.reset(); await wait(30);
      await type("p_00003"); out.searched = state();
      await type("MLO feature2"); out.words = state();
      await type("no such thing"); out.nothing = state();
    """
    out = played(section_page(toy), steps, tmp_path)
    cards, lines = cards_of(toy), toy.cases.lines

    def wanted(keep) -> tuple[list[str], list[str]]:
        return [one.case_id for one in cards if keep(one)], [one.case_id for one in lines if keep(one)]

    for key, keep in {
        "start": lambda _: True,
        "missed": lambda one: one.attributes.outcome == "FN",
        "both": lambda one: one.attributes.outcome == "FN" and one.attributes.view == "MLO",
        "reset": lambda _: True,
        "beyond": lambda one: one.attributes.out_of_range == "yes",
        "nothing": lambda _: False,
    }.items():
        assert (out[key]["cards"], out[key]["lines"]) == wanted(keep), key
    assert out["searched"]["cards"] == [one.case_id for one in cards if "P_00003" in told(one)]
    assert {"P_00003_0", "P_00003_1"} <= set(out["searched"]["lines"])
    assert set(out["searched"]["lines"]) == {"P_00003_0", "P_00003_1", *out["searched"]["cards"]}
    assert out["words"]["cards"]
    assert set(out["words"]["lines"]) == set(out["words"]["cards"])
    assert out["missed"]["said"] == (
        f"Shown: {len(wanted(lambda o: o.attributes.outcome == 'FN')[0])} of {len(cards)} cards, "
        f"{len(wanted(lambda o: o.attributes.outcome == 'FN')[1])} of {len(lines)} in the list."
    )
    assert out["missed"]["none"] == 3  # the other groups
    assert out["nothing"]["none"] == 5


def told(card) -> str:
    """Everything on a card that names a case."""
    return " ".join([card.case_id, *(one.case_id for one in card.neighbours)])


def test_the_fields_can_be_reached_by_keyboard_and_have_names(toy, tmp_path):
    steps = """
      const fields = [...form.querySelectorAll("input, select, button")];
      out.named = fields.every((one) => one.tabIndex >= 0 && (one.labels?.[0] ?? one).textContent.trim());
      out.live = document.getElementById("cases-shown").getAttribute("aria-live");
      out.fields = fields.length;
      form.requestSubmit(); await wait(30);
      out.here = location.href.includes("played.html") && !location.search;
    """
    out = played(section_page(toy), steps, tmp_path)
    assert out == {"named": out["named"], "live": "polite", "fields": 2 + len(toy.cases.filters), "here": True}
    assert out["named"]


def test_without_the_script_everything_is_visible(toy, tmp_path):
    page = re.sub(r"<script>.*?</script>", "", section_page(toy), flags=re.DOTALL)
    out = played(page, "out.now = state(); out.form = form.checkVisibility();", tmp_path)
    assert len(out["now"]["cards"]) == len(cards_of(toy))
    assert len(out["now"]["lines"]) == len(toy.cases.lines)
    assert out["form"] is False


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_is_wider_than_the_screen(toy, tmp_path, width):
    steps = "const page = document.documentElement; out.wide = page.scrollWidth; out.height = page.scrollHeight;"
    out = played(section_page(toy), steps, tmp_path, width=width)
    assert out["wide"] <= width
    assert out["height"] > 3_000


def test_a_thousand_cases_stay_smooth(tmp_path):
    run, results = case_run(patients=900, at=0.72)
    part = cases_part(run, results, pictures=some_pictures(run.cases["case_id"].tolist()))
    assert len(part.cases.lines) == 1_800
    steps = """
      await type("p"); // the first key reads the text
      const times = [];
      for (const text of ["p_00", "p_0001", "p_00012", "mlo", "zzz", ""]) {
        const start = performance.now();
        form.elements.search.value = text;
        form.elements.search.dispatchEvent(new Event("input", { bubbles: true }));
        times.push(performance.now() - start);
        await wait(250);
      }
      out.key = Math.max(...times);
      const start = performance.now();
      form.elements.outcome.value = "=FN";
      form.elements.outcome.dispatchEvent(new Event("input", { bubbles: true }));
      await wait(0); await wait(0);
      document.body.offsetHeight;
      out.filter = performance.now() - start;
    """
    out = played(section_page(part), steps, tmp_path)
    assert out["key"] < 50  # ms: a key only starts the clock
    assert out["filter"] < 1_500
