"""The cases of a report: errors, typical cases and a list of all, with images, waterfalls and neighbours."""

from radiomics_mammo.reports.cases.records import CasesPart, Picture, Pictures, WantedPictures
from radiomics_mammo.reports.cases.selection import wanted_pictures

__all__ = ["CasesPart", "Picture", "Pictures", "WantedPictures", "wanted_pictures"]
