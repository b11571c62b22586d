"""Density: how much of the breast is dense tissue, estimated from the image without calibration.

A breast is resampled to 256 pixels along its longer side, by means over areas. Dense is what is brighter than a
threshold in the interior, after thickness is equalised (see ``features/parenchyma/dense_tissue.py``). Dose, compression
and processing are unknown: percentages do not compare between machines.
Byng et al., Phys Med Biol 1994; 39:1629; Otsu, IEEE Trans SMC 1979; 9:62.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.features.parenchyma.base import Breast, Measure, MeasureFamily
from radiomics_mammo.features.parenchyma.dense_tissue import Dense, dense_tissue, separability


@dataclass(frozen=True, slots=True, eq=False)
class DensityTerms:
    """What the measures need.

    ``breast_area`` is in mm², or pixels where the spacing is unknown; ``proportion`` is NaN without a threshold.
    """

    dense: Dense
    breast_area: float
    proportion: float


def derive(breast: Breast) -> DensityTerms:
    """Compute the area of the breast and the proportion of it that is dense."""
    dense = dense_tissue(breast)
    row, column = breast.spacing or (1.0, 1.0)
    area = float(np.count_nonzero(breast.mask)) * row * column
    whole = np.count_nonzero(dense.grid.mask)
    proportion = np.count_nonzero(dense.region) / int(whole) if dense.defined else float("nan")
    return DensityTerms(dense, area, proportion)


def breast_area(m: DensityTerms) -> float:
    """Compute the area of the breast, band under the skin included

    How large the breast is on the image, without muscle and implant; says nothing of density by itself.
    """
    return m.breast_area


def dense_area(m: DensityTerms) -> float:
    """Compute PercentDensity / 100 · BreastArea

    Amount of fibroglandular tissue as the image shows it: large where much of the breast is white. Women with more of
    it have breast cancer more often, and masses hide in it.
    """
    return m.proportion * m.breast_area


def percent_density(m: DensityTerms) -> float:
    """Compute 100 · dense area / breast area, dense above max(Otsu's threshold, fat under the skin + 2.5 σ)

    Proportion of the breast that is white: about what a reader's density grade describes, low in fatty breasts and high
    in extremely dense ones. A higher proportion goes with a higher risk of cancer and hides more of it. An estimate
    without calibration.
    """
    return 100.0 * m.proportion


def separation(m: DensityTerms) -> float:
    """Compute σ²(between dense and fat) / σ²(interior), at the threshold of PercentDensity

    How clearly dense and fatty tissue separate: high where white gland stands in dark fat, low in uniform breasts of
    either kind, where the percentage means less.
    """
    return separability(m.dense.values, m.dense.threshold) if m.dense.defined else np.nan


def skewness(m: DensityTerms) -> float:
    """Compute Σ (x − x̄)³ / n / σ³ of the interior, thickness equalised

    Balance of dark and bright: positive where a fatty breast holds some white tissue, near 0 or
    negative in dense breasts.
    """
    if not m.dense.defined:
        return np.nan
    centred = m.dense.values - m.dense.values.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


_UNDEFINED = "the interior has fewer than 100 pixels, or one value only"
_YAFFE = "Byng, Boyd, Fishell, Jong and Yaffe, Phys Med Biol 1994; 39:1629"
_OTSU = "Otsu, IEEE Trans SMC 1979; 9:62"

FAMILY = MeasureFamily(
    name="density",
    title="Breast density",
    derive=derive,
    measures=(
        Measure("BreastArea", breast_area, "mm²", "> 0", _YAFFE),
        Measure("DenseArea", dense_area, "mm²", "≥ 0", _YAFFE, _UNDEFINED),
        Measure(
            "PercentDensity",
            percent_density,
            "%",
            "0 to 100",
            f"{_YAFFE}; thickness: Byng, Critten and Yaffe, Radiology 1997; 203:564; threshold: {_OTSU}",
            _UNDEFINED,
            "The lower bound of the threshold is ours.",
        ),
        Measure("Separability", separation, "1", "0 to 1", _OTSU, _UNDEFINED),
        Measure(
            "Skewness",
            skewness,
            "1",
            "any",
            "Byng, Boyd, Fishell, Jong and Yaffe, Phys Med Biol 1996; 41:909",
            _UNDEFINED,
            "The paper takes the mean over small squares; this is taken once over the interior.",
        ),
    ),
)
