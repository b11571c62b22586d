"""Rows of the catalogue, from the records beside the formulas."""

from __future__ import annotations

from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.base import Feature
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
"""Papers of the feature classes."""


def family_rows(*, optional: bool = False) -> list[Row]:
    """List the rows of features of every region, or of those that a recipe must name."""
    return [
        {**_row(f"original_{family.name}_{each.name}", each, family.title, SOURCES[family.name]), "ibsi": each.ibsi}
        for family in FAMILIES.values()
        for each in (family.optional if optional else family.features)
    ]


def parenchymal_rows() -> list[Row]:
    """List the rows of the measures that only a whole breast has."""
    return [
        measure_row(f"original_{family.name}_{measure.name}", measure, title=family.title)
        for family in PARENCHYMA.values()
        for measure in family.measures
    ]


def measure_row(name: str, measure: Measure, *, title: str) -> Row:
    """Return the row of a parenchymal measure; ``name`` is its column, ``title`` its family's."""
    return _row(name, measure, title, measure.source)


def _row(name: str, item: Feature | Measure, title: str, source: str) -> Row:
    return {
        "name": name,
        "family": title,
        "feature": item.name,
        "formula": item.formula_text,
        "ibsi": "",
        "unit": item.unit,
        "range": item.range,
        "undefined": item.undefined,
        "remark": item.remark,
        "source": source,
        "meaning": item.meaning,
    }
