"""The cases of a report: mistakes, typical cases, and a list of all, with what surrounds each."""

from radiomics_mammo.explain.cases.chosen import wanted_pictures
from radiomics_mammo.explain.cases.part import cases_part
from radiomics_mammo.explain.cases.records import CasesPart, Picture, Pictures, Wanted

__all__ = ["CasesPart", "Picture", "Pictures", "Wanted", "cases_part", "wanted_pictures"]
