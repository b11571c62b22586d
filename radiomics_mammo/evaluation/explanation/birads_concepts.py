"""What features speak of, in a radiologist's words: the concepts of BI-RADS (ACR, 5th edition) nearest to them.

A number is no descriptor: nobody looked. The concept says what a radiologist would look at to see what the feature
measures. Four choices:

- *Margin* holds what tells a smooth outline from a lobulated or spiculated one. It is measured on the outline that was
  drawn, so it says as much about who drew it.
- *Density* is how bright the tissue is, in its mean and where bright or dark areas prevail. *Calcification* is what a
  few small bright spots decide; the brightest pixel of a mass without calcifications goes with its density.
- *Asymmetry* is what is taken between her two breasts (``-asymmetry``, ``-difference``), of density, texture or size:
  only both sides together show it. BI-RADS has the word for density.
- *Texture* is how mixed, even or fine the tissue looks. BI-RADS has no word for it inside a lesion; in a whole breast
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

FAMILIES: dict[str, str] = {
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
DIFFERENT: dict[str, dict[str, tuple[str, ...]]] = {
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
"""Features that speak of something else than most of their family: family, concept, features."""

_NOTION = {
    (family, feature): concept
    for family, concepts in DIFFERENT.items()
    for concept, features in concepts.items()
    for feature in features
}


def parts_of(name: str) -> tuple[str, str, str]:
    """Split a feature's name into family, filter and feature.

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
    """Return the concept of a feature, a key of ``BIRADS_CONCEPTS``; ``other`` if unknown."""
    family, source, feature = parts_of(name)
    if family == "embedding":
        return "embedding"
    if source.rpartition("-")[2] in OF_BOTH:
        return "asymmetry"
    if source.startswith(_SPREAD):
        return "parenchyma"
    concept = _NOTION.get((family, feature)) or _DEFAULT.get(family, "other")
    return "parenchyma" if concept == "density" and not source.startswith(_SHOWS_DENSITY) else concept
