"""One row of the catalogue for each thing that is measured, from the records beside its formula."""

from __future__ import annotations

from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.parenchyma import PARENCHYMA
from radiomics_mammo.features.parenchyma.base import Measure

Row = dict[str, str]

COLUMNS = (
    "name", "family", "feature", "formula", "ibsi", "unit", "range", "undefined", "remark", "source", "meaning",
)  # fmt: skip

SOURCES: dict[str, str] = {
    "shape2D": "pyradiomics shape2D",
    "firstorder": "pyradiomics firstorder; IBSI 3.3 and 3.4",
    "glcm": "Haralick, Shanmugam and Dinstein, IEEE Trans SMC 1973; IBSI 3.6",
    "gldm": "Sun and Wee, CVGIP 1983; IBSI 3.11",
    "glrlm": "Galloway, Computer Graphics and Image Processing 1975; IBSI 3.7",
    "glszm": "Thibault et al., PRIP 2009; IBSI 3.8",
    "ngtdm": "Amadasun and King, IEEE Trans SMC 1989; IBSI 3.10",
}
"""Where each feature class comes from, as its module says."""


def family_rows() -> list[Row]:
    """Rows of the features that every region has, in the table's order."""
    return [
        {
            "name": f"original_{family.name}_{feature.name}",
            "family": family.title,
            "feature": feature.name,
            "formula": feature.formula_text,
            "ibsi": feature.ibsi,
            "unit": feature.unit,
            "range": feature.range,
            "undefined": feature.undefined,
            "remark": feature.remark,
            "source": SOURCES[family.name],
            "meaning": feature.meaning,
        }
        for family in FAMILIES.values()
        for feature in family.features
    ]


def parenchymal_rows() -> list[Row]:
    """Rows of the measures that only a whole breast has."""
    return [
        measure_row(f"original_{family.name}_{measure.name}", measure, title=family.title)
        for family in PARENCHYMA.values()
        for measure in family.measures
    ]


def measure_row(name: str, measure: Measure, *, title: str) -> Row:
    """Give the row of a measure.

    Parameters
    ----------
    name : str
        Its column.
    measure : Measure
    title : str
        Its family in words.
    """
    return {
        "name": name,
        "family": title,
        "feature": measure.name,
        "formula": measure.formula_text,
        "ibsi": "",
        "unit": measure.unit,
        "range": measure.range,
        "undefined": measure.undefined,
        "remark": measure.remark,
        "source": measure.source,
        "meaning": measure.meaning,
    }
