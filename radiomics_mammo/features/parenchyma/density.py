"""Density: how much of the breast is dense tissue, estimated from the picture alone.

A breast is brought to 256 pixels along its longer side, by means over areas. Dense is what is brighter than a
threshold in the interior, after the darkening towards the skin is evened out (``features/parenchyma/dense_tissue.py``
says how). Nothing is known of dose, compression and processing, so percentages of one machine are not those of another.
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

    Attributes
    ----------
    dense : Dense
    breast_area : float
        mm², or pixels where the spacing is unknown.
    share : float
        Dense part of the breast, 0 to 1; NaN where nothing can be told.
    """

    dense: Dense
    breast_area: float
    share: float


def derive(breast: Breast) -> DensityTerms:
    """Find the dense tissue and count it."""
    dense = dense_tissue(breast)
    row, column = breast.spacing or (1.0, 1.0)
    area = float(np.count_nonzero(breast.mask)) * row * column
    whole = np.count_nonzero(dense.grid.mask)
    share = np.count_nonzero(dense.region) / int(whole) if dense.told else float("nan")
    return DensityTerms(dense, area, share)


def breast_area(m: DensityTerms) -> float:
    """Area of the breast, band under the skin included

    How large the breast is on the picture, without muscle and implant; says nothing of density by itself.
    """
    return m.breast_area


def dense_area(m: DensityTerms) -> float:
    """PercentDensity / 100 · BreastArea

    Amount of fibroglandular tissue as the picture shows it: large where much of the breast is white. Women with more of
    it have breast cancer more often, and masses hide in it.
    """
    return m.share * m.breast_area


def percent_density(m: DensityTerms) -> float:
    """100 · dense area / breast area, dense being brighter than max(Otsu's threshold, fat under the skin + 2.5 σ)

    Share of the breast that is white: about what a reader's density grade speaks of, low in fatty breasts and high in
    extremely dense ones. A higher share goes with a higher risk of cancer and hides more of it. An
    estimate without calibration.
    """
    return 100.0 * m.share


def separation(m: DensityTerms) -> float:
    """σ²(between dense and fat) / σ²(interior), at the threshold of PercentDensity

    How clearly dense and fatty tissue part: high where white gland stands in dark fat, low in uniform breasts of
    either kind, where the percentage means less.
    """
    return separability(m.dense.values, m.dense.threshold) if m.dense.told else np.nan


def skewness(m: DensityTerms) -> float:
    """Σ (x − x̄)³ / n / σ³ of the interior, thickness evened out

    Balance of dark and bright: positive where a fatty breast holds some white tissue, near 0 or
    negative in dense breasts.
    """
    if not m.dense.told:
        return np.nan
    apart = m.dense.values - m.dense.values.mean()
    return float(np.mean(apart**3) / np.mean(apart**2) ** 1.5)


_UNTOLD = "the interior has fewer than 100 pixels, or one value only"
_YAFFE = "Byng, Boyd, Fishell, Jong and Yaffe, Phys Med Biol 1994; 39:1629"
_OTSU = "Otsu, IEEE Trans SMC 1979; 9:62"

FAMILY = MeasureFamily(
    name="density",
    title="Breast density",
    derive=derive,
    measures=(
        Measure("BreastArea", breast_area, "mm²", "> 0", _YAFFE),
        Measure("DenseArea", dense_area, "mm²", "≥ 0", _YAFFE, _UNTOLD),
        Measure(
            "PercentDensity",
            percent_density,
            "%",
            "0 to 100",
            f"{_YAFFE}; thickness: Byng, Critten and Yaffe, Radiology 1997; 203:564; threshold: {_OTSU}",
            _UNTOLD,
            "The lower bound of the threshold is ours.",
        ),
        Measure("Separability", separation, "1", "0 to 1", _OTSU, _UNTOLD),
        Measure(
            "Skewness",
            skewness,
            "1",
            "any",
            "Byng, Boyd, Fishell, Jong and Yaffe, Phys Med Biol 1996; 41:909",
            _UNTOLD,
            "The paper takes the mean over small squares; this is taken once over the interior.",
        ),
    ),
)
