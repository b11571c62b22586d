"""The BI-RADS concepts (ACR, 5th edition) nearest to radiomic features.

A feature is no BI-RADS descriptor: no radiologist assessed it. The concept is what a radiologist would inspect to see
what the feature measures. Four choices:

- *Margin* covers smooth against lobulated or spiculated outlines. It is measured on the annotated outline, so it
  depends on the annotator.
- *Density* is how bright the tissue is, in its mean and where bright or dark areas prevail. *Calcification* is what a
  few small bright spots decide; the brightest pixel of a mass without calcifications goes with its density.
- *Asymmetry* is what is computed between the two breasts (``-asymmetry``, ``-difference``), of density, texture or
size:
  only both sides together show it. BI-RADS has the word for density.
- *Texture* is how mixed, even or fine the tissue is. BI-RADS has no word for it inside a lesion; in a whole breast
  it is the pattern of the parenchyma, which it is named after here. A filtered image (wavelet, LoG, LBP …) shows no
  density any more: what would be density there is texture at the filter's scale. Means and
  quantiles over the windows or the images of a breast still show it; a spread over the windows is texture, whatever
  of.
"""

from __future__ import annotations

from radiomics_mammo.tables.aggregation.feature_rules import OF_BOTH
from radiomics_mammo.tables.feature_table import feature_parts, is_embedding, is_feature_name

BIRADS_CONCEPTS: dict[str, str] = {
    "shape": "Shape and size",
    "margin": "Margin",
    "density": "Density",
    "calcification": "Calcification",
    "asymmetry": "Asymmetry",
    "parenchyma": "Texture",
    "embedding": "Network embedding",
    "other": "Other",
}
"""Titles of the concepts, in the order in which they are read; the last two are none of BI-RADS'."""

FAMILY_TITLES: dict[str, str] = {
    "shape2D": "Shape",
    "shape": "Shape",
    "firstorder": "First order",
    "glcm": "Co-occurrence (GLCM)",
    "gldm": "Dependence (GLDM)",
    "glrlm": "Run lengths (GLRLM)",
    "glszm": "Size zones (GLSZM)",
    "ngtdm": "Grey tone difference (NGTDM)",
    "density": "Breast density",
    "spectrum": "Power spectrum",
    "fractal": "Fractal dimensions",
    "windows": "Lattice of windows",
    "embedding": "Embedding",
    "other": "Other",
}
"""Titles of the families; one that is not here keeps its own name."""

_DEFAULT = {
    "shape2D": "shape",
    "shape": "shape",
    "firstorder": "parenchyma",
    "glcm": "parenchyma",
    "gldm": "parenchyma",
    "glrlm": "parenchyma",
    "glszm": "parenchyma",
    "ngtdm": "parenchyma",
    "density": "density",
    "spectrum": "parenchyma",
    "fractal": "parenchyma",
    "windows": "parenchyma",
}
_SHOWS_DENSITY = ("original", "retroareolar", "latticeMean", "latticeOutlying", "latticeP")
"""How sources begin that show the image itself."""
_SPREAD = "latticeSd"
CONCEPT_EXCEPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "shape2D": {"margin": ("PerimeterSurfaceRatio", "Sphericity")},
    "firstorder": {
        "density": (
            "10Percentile",
            "90Percentile",
            "Energy",
            "Maximum",
            "Mean",
            "Median",
            "Minimum",
            "RootMeanSquared",
            "TotalEnergy",
        ),
        "calcification": ("Kurtosis", "Skewness"),
    },
    "glcm": {
        "density": ("Autocorrelation", "JointAverage", "SumAverage"),
        "calcification": ("ClusterProminence", "ClusterShade"),
    },
    "gldm": {
        "density": (
            "HighGrayLevelEmphasis",
            "LargeDependenceHighGrayLevelEmphasis",
            "LargeDependenceLowGrayLevelEmphasis",
            "LowGrayLevelEmphasis",
        ),
        "calcification": ("SmallDependenceHighGrayLevelEmphasis",),
    },
    "glrlm": {
        "density": (
            "HighGrayLevelRunEmphasis",
            "LongRunHighGrayLevelEmphasis",
            "LongRunLowGrayLevelEmphasis",
            "LowGrayLevelRunEmphasis",
        ),
        "calcification": ("ShortRunHighGrayLevelEmphasis",),
    },
    "glszm": {
        "density": (
            "HighGrayLevelZoneEmphasis",
            "LargeAreaHighGrayLevelEmphasis",
            "LargeAreaLowGrayLevelEmphasis",
            "LowGrayLevelZoneEmphasis",
        ),
        "calcification": ("SmallAreaHighGrayLevelEmphasis",),
    },
    "ngtdm": {"calcification": ("Complexity",)},
    "density": {"shape": ("BreastArea",), "parenchyma": ("Separability", "Skewness")},
}
"""Features with another concept than most of their family: family, concept, features."""

_CONCEPTS = {
    (family, feature): concept
    for family, concepts in CONCEPT_EXCEPTIONS.items()
    for concept, features in concepts.items()
    for feature in features
}


def parts_of(name: str) -> tuple[str, str, str]:
    """Return family, filter and feature of a feature's name.

    Embeddings of all networks are the family and filter ``embedding``; a column that is not named like a feature
    (``age``) is of the family ``other`` and the filter ``none``.
    """
    if is_embedding(name):
        return "embedding", "embedding", name.rpartition("_")[2]
    if not is_feature_name(name):
        return "other", "none", name
    source, family, feature = feature_parts(name)
    return family, source, feature


def concept_of(name: str) -> str:
    """Return the key in ``BIRADS_CONCEPTS`` of a feature; ``other`` if unknown."""
    family, source, feature = parts_of(name)
    if family == "embedding":
        return "embedding"
    if source.rpartition("-")[2] in OF_BOTH:
        return "asymmetry"
    if source.startswith(_SPREAD):
        return "parenchyma"
    concept = _CONCEPTS.get((family, feature)) or _DEFAULT.get(family, "other")
    return "parenchyma" if concept == "density" and not source.startswith(_SHOWS_DENSITY) else concept
