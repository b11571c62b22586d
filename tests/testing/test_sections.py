"""Every registered section passes its conformance check; a section that breaks a rule does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markupsafe import Markup

from radiomics_mammo.reports.components.page import Figure, PagePart, ReportTable
from radiomics_mammo.reports.section import Section
from radiomics_mammo.reports.sections import CHAPTERS, SECTIONS
from radiomics_mammo.testing.sections import check_section

TABLE = ReportTable("Models", ["Model", "AUROC"], [["XGBoost", "0.7"]])
DRAWN = Markup('<svg role="img" aria-label="Bars of ten values of one model"><g id="a"/></svg>')


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.slug)
def test_registered_sections_conform(section):
    check_section(section)


def test_slugs_and_headings_of_the_page_are_unique_and_chapters_known():
    slugs = [*CHAPTERS, *(section.slug for section in SECTIONS)]
    assert len(set(slugs)) == len(slugs)
    titles = [*CHAPTERS.values(), *(section.title for section in SECTIONS)]
    assert len(set(titles)) == len(titles)
    assert {section.chapter for section in SECTIONS} == {"", *CHAPTERS}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (PagePart(text=["The price of it"]), "the word 'price'"),
        (PagePart(tables=[replace(TABLE, caption="")]), "a table has no caption"),
        (PagePart(tables=[replace(TABLE, rows=[["XGBoost"]])]), "differ in length"),
        (PagePart(tables=[replace(TABLE, rows=[["XGBoost", "nan"]])]), "a missing value is printed"),
        (PagePart(figures=[Figure(Markup("<svg></svg>"), "Bars.")]), "no alternative text"),
        (PagePart(figures=[Figure(DRAWN, "")]), "a figure has no caption"),
        (PagePart(figures=[Figure(DRAWN, "One."), Figure(DRAWN, "Two.")]), "id 'a' occurs twice"),
        (PagePart(parts=[PagePart("a", "A"), PagePart("a", "B")]), "slug 'a' occurs twice"),
        (PagePart(parts=[PagePart("a", "A"), PagePart("b", "A")]), "heading 'A' occurs twice"),
        (None, "nothing is built"),
    ],
)
def test_a_section_that_breaks_a_rule_fails(part, message):
    with pytest.raises(AssertionError, match=message):
        check_section(Section("broken", "Broken", lambda _: part))


def test_a_section_that_reads_more_than_it_declares_fails():
    with pytest.raises(AssertionError, match="no anchor"):
        check_section(Section("Not an anchor", "Title", lambda _: PagePart()))
    with pytest.raises(TypeError):
        check_section(Section("pairs", "Pairs", lambda inputs: PagePart(text=[str(len(inputs.results.pairs))])))
    check_section(Section("pairs", "Pairs", lambda inputs: PagePart(text=[str(len(inputs.results.pairs))]), ("pairs",)))
