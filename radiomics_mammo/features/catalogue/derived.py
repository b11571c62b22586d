"""Rows of the catalogue for columns derived from others: summaries over windows and over images."""

from __future__ import annotations

import re
from typing import NamedTuple

from radiomics_mammo.features.catalogue.rows import Row, family_rows, measure_row
from radiomics_mammo.features.parenchyma.lattice import RETROAREOLAR, SHAPE
from radiomics_mammo.features.parenchyma.window_statistics import SUMMARIES, WINDOW_MEASURES, Summary, quantile_title
from radiomics_mammo.tables.aggregation.feature_rules import OF_BOTH, RULES
from radiomics_mammo.tables.feature_table import feature_parts

SPREAD = "latticeSd"

_QUANTILE = re.compile(r"latticeP(\d+(?:\.\d+)?)")


class OverImages(NamedTuple):
    """Description of a rule of ``aggregate``.

    Attributes
    ----------
    source : str
        The paper; empty where none is needed.
    """

    formula: str
    meaning: str
    range: str = ""
    source: str = ""


_OF_IMAGES = {
    "mean": OverImages(
        "Mean over the images of each view, then over the views",
        "The usual level over the images of a breast or a patient.",
    ),
    "max": OverImages("Largest over the images", "The highest level on any image of a breast or a patient."),
    "asymmetry": OverImages(
        "Mean over the views of |left − right|",
        "How much left and right differ: near 0 in like breasts, high where one of them stands out.",
        "≥ 0",
        "Zheng et al., Eur J Radiol 2012; 81:3222; Tan et al., Acad Radiol 2013; 20:1542",
    ),
    "difference": OverImages(
        "Mean over the views of this breast − the other",
        "How much higher it is in this breast than in the other, which serves as control: 0 in like breasts.",
        "any",
        "Yin et al., Med Phys 1991; 18:955",
    ),
}


def lattice_rows() -> list[Row]:
    """List the rows of the lattice of ``features/breast.yaml``, in the table's order."""
    bases = [row for row in family_rows() if feature_parts(row["name"])[1] != SHAPE]
    grid = [summed_up(base, prefix) for prefix in SUMMARIES if prefix != RETROAREOLAR for base in bases]
    counts = [measure_row(f"lattice_windows_{m.name}", m, title="Lattice of windows") for m in WINDOW_MEASURES]
    return [*grid, *counts, *(summed_up(base, RETROAREOLAR) for base in bases)]


def summary_of(prefix: str) -> Summary | None:
    """Return the description of columns with a prefix; None for another prefix."""
    match = _QUANTILE.fullmatch(prefix)
    if prefix in SUMMARIES or match is None:
        return SUMMARIES.get(prefix)
    middle = SUMMARIES["latticeP50"]
    return middle._replace(
        title=quantile_title(match[1]),
        meaning=f"The level below which {match[1]} % of the windows lie. In each window of the lattice: {{meaning}}",
    )


def summed_up(base: Row, prefix: str) -> Row:
    """Return the row of a feature summed up over the windows."""
    summary = summary_of(prefix)
    if summary is None:
        raise KeyError(prefix)
    _, family, feature = feature_parts(base["name"])
    single = prefix == RETROAREOLAR
    where = "" if single else "in all windows but one " if prefix == SPREAD else "in every window "
    missing = base["undefined"] and f"{where}{base['undefined']}"
    return {
        **base,
        "name": f"{prefix}_{family}_{feature}",
        "formula": f"{summary.title[0].upper()}{summary.title[1:]}: {base['formula']}",
        "ibsi": "",
        "range": base["range"] if single else _range(base["range"], spread=prefix == SPREAD),
        "undefined": ", or ".join(part for part in (summary.undefined, missing) if part),
        "source": f"{summary.source}; {base['source']}",
        "meaning": summary.meaning.format(meaning=base["meaning"]),
    }


def of_filtered_image(base: Row, image_type: str, text: str) -> Row:
    """Return the row of a feature of a filtered image from that of the original."""
    _, family, feature = feature_parts(base["name"])
    return {
        **base,
        "name": f"{image_type}_{family}_{feature}",
        "formula": f"Of the filtered image: {base['formula']}",
        "ibsi": "",
        "range": base["range"] if family != "firstorder" else "",
        "meaning": f"Of the image filtered by {text}: {base['meaning']}",
    }


def aggregated(base: Row, rule: str) -> Row:
    """Return the row of a feature over the images of a breast or a patient."""
    prefix, family, feature = feature_parts(base["name"])
    over = _OF_IMAGES[rule]
    compares = rule in OF_BOTH
    where = "in every such view, on all images of one side," if compares else "on all images"
    missing = base["undefined"] and f"{where} {base['undefined']}"
    no_pair = "no view is known on both sides" if compares else ""
    return {
        **base,
        "name": f"{prefix}-{rule}_{family}_{feature}",
        "formula": f"{over.formula}: {base['formula']}",
        "ibsi": "",
        "range": over.range or _range(base["range"], spread=False),
        "undefined": ", or ".join(part for part in (no_pair, missing) if part),
        "source": "; ".join(part for part in (over.source, base["source"]) if part),
        "meaning": f"{over.meaning} {base['meaning']}",
    }


def aggregation_of(column: str) -> tuple[str, str] | None:
    """Split ``original-mean_glcm_Contrast`` into ``original_glcm_Contrast``, ``mean``."""
    prefix, family, feature = feature_parts(column)
    inner, _, rule = prefix.rpartition("-")
    return (f"{inner}_{family}_{feature}", rule) if inner and rule in RULES else None


def _range(of_value: str, *, spread: bool) -> str:
    """Return the range of a mean or a quantile of values: gaps fill up; a standard deviation is 0 or more."""
    return "≥ 0" if spread or of_value == "≥ 1, or 0" else of_value
