"""The cases of a report: mistakes, typical cases, and a list of all, with what surrounds each."""

from radiomics_mammo.reports.cases.records import CasesPart, Picture, Pictures, Wanted
from radiomics_mammo.reports.cases.section import cases_part
from radiomics_mammo.reports.cases.selection import wanted_pictures

__all__ = ["CasesPart", "Picture", "Pictures", "Wanted", "cases_part", "wanted_pictures"]
