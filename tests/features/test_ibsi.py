"""The features against the consensus values of the Image Biomarker Standardisation Initiative (IBSI 1).

IBSI's digital phantom has four slices; its "2D" values are the means over slices (and angles) of what is measured in
each. Kurtosis, isolated pixels and bins of fixed width are where pyradiomics, and so this package, departs from IBSI.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest

from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.features.catalogue import catalogue
from radiomics_mammo.recipes.recipe import recipe_from

IBSI: dict[str, tuple[str, str]] = {
    "firstorder_10Percentile": ("stat_p10", "QG58"),
    "firstorder_90Percentile": ("stat_p90", "8DWT"),
    "firstorder_Energy": ("stat_energy", "N8CA"),
    "firstorder_Entropy": ("ih_entropy", "TLU2"),
    "firstorder_InterquartileRange": ("stat_iqr", "SALO"),
    "firstorder_Kurtosis": ("stat_kurt", "IPH6"),
    "firstorder_Maximum": ("stat_max", "84IY"),
    "firstorder_Mean": ("stat_mean", "Q4LE"),
    "firstorder_MeanAbsoluteDeviation": ("stat_mad", "4FUA"),
    "firstorder_Median": ("stat_median", "Y12H"),
    "firstorder_Minimum": ("stat_min", "1GSF"),
    "firstorder_Range": ("stat_range", "2OJQ"),
    "firstorder_RobustMeanAbsoluteDeviation": ("stat_rmad", "1128"),
    "firstorder_RootMeanSquared": ("stat_rms", "5ZWQ"),
    "firstorder_Skewness": ("stat_skew", "KE2A"),
    "firstorder_Uniformity": ("ih_uniformity", "BJ5W"),
    "firstorder_Variance": ("stat_var", "ECT3"),
    "glcm_Autocorrelation": ("cm_auto_corr", "QWB0"),
    "glcm_ClusterProminence": ("cm_clust_prom", "AE86"),
    "glcm_ClusterShade": ("cm_clust_shade", "7NFM"),
    "glcm_ClusterTendency": ("cm_clust_tend", "DG8W"),
    "glcm_Contrast": ("cm_contrast", "ACUI"),
    "glcm_Correlation": ("cm_corr", "NI2N"),
    "glcm_DifferenceAverage": ("cm_diff_avg", "TF7R"),
    "glcm_DifferenceEntropy": ("cm_diff_entr", "NTRS"),
    "glcm_DifferenceVariance": ("cm_diff_var", "D3YU"),
    "glcm_Id": ("cm_inv_diff", "IB1Z"),
    "glcm_Idm": ("cm_inv_diff_mom", "WF0Z"),
    "glcm_Idmn": ("cm_inv_diff_mom_norm", "1QCO"),
    "glcm_Idn": ("cm_inv_diff_norm", "NDRX"),
    "glcm_Imc1": ("cm_info_corr1", "R8DG"),
    "glcm_Imc2": ("cm_info_corr2", "JN9H"),
    "glcm_InverseVariance": ("cm_inv_var", "E8JP"),
    "glcm_JointAverage": ("cm_joint_avg", "60VM"),
    "glcm_JointEnergy": ("cm_energy", "8ZQL"),
    "glcm_JointEntropy": ("cm_joint_entr", "TU9B"),
    "glcm_MaximumProbability": ("cm_joint_max", "GYBY"),
    "glcm_SumAverage": ("cm_sum_avg", "ZGXS"),
    "glcm_SumEntropy": ("cm_sum_entr", "P6QZ"),
    "glcm_SumSquares": ("cm_joint_var", "UR99"),
    "gldm_DependenceEntropy": ("ngl_dc_entr", "FCBV"),
    "gldm_DependenceNonUniformity": ("ngl_dcnu", "Z87G"),
    "gldm_DependenceNonUniformityNormalized": ("ngl_dcnu_norm", "OKJI"),
    "gldm_DependenceVariance": ("ngl_dc_var", "DNX2"),
    "gldm_GrayLevelNonUniformity": ("ngl_glnu", "FP8K"),
    "gldm_GrayLevelVariance": ("ngl_gl_var", "1PFV"),
    "gldm_HighGrayLevelEmphasis": ("ngl_hgce", "OAE7"),
    "gldm_LargeDependenceEmphasis": ("ngl_hde", "IMOQ"),
    "gldm_LargeDependenceHighGrayLevelEmphasis": ("ngl_hdhge", "9QMG"),
    "gldm_LargeDependenceLowGrayLevelEmphasis": ("ngl_hdlge", "NBZI"),
    "gldm_LowGrayLevelEmphasis": ("ngl_lgce", "TL9H"),
    "gldm_SmallDependenceEmphasis": ("ngl_lde", "SODN"),
    "gldm_SmallDependenceHighGrayLevelEmphasis": ("ngl_ldhge", "JA6D"),
    "gldm_SmallDependenceLowGrayLevelEmphasis": ("ngl_ldlge", "EQ3F"),
    "glrlm_GrayLevelNonUniformity": ("rlm_glnu", "R5YN"),
    "glrlm_GrayLevelNonUniformityNormalized": ("rlm_glnu_norm", "OVBL"),
    "glrlm_GrayLevelVariance": ("rlm_gl_var", "8CE5"),
    "glrlm_HighGrayLevelRunEmphasis": ("rlm_hgre", "G3QZ"),
    "glrlm_LongRunEmphasis": ("rlm_lre", "W4KF"),
    "glrlm_LongRunHighGrayLevelEmphasis": ("rlm_lrhge", "3KUM"),
    "glrlm_LongRunLowGrayLevelEmphasis": ("rlm_lrlge", "IVPO"),
    "glrlm_LowGrayLevelRunEmphasis": ("rlm_lgre", "V3SW"),
    "glrlm_RunEntropy": ("rlm_rl_entr", "HJ9O"),
    "glrlm_RunLengthNonUniformity": ("rlm_rlnu", "W92Y"),
    "glrlm_RunLengthNonUniformityNormalized": ("rlm_rlnu_norm", "IC23"),
    "glrlm_RunPercentage": ("rlm_r_perc", "9ZK5"),
    "glrlm_RunVariance": ("rlm_rl_var", "SXLW"),
    "glrlm_ShortRunEmphasis": ("rlm_sre", "22OV"),
    "glrlm_ShortRunHighGrayLevelEmphasis": ("rlm_srhge", "GD3A"),
    "glrlm_ShortRunLowGrayLevelEmphasis": ("rlm_srlge", "HTZT"),
    "glszm_GrayLevelNonUniformity": ("szm_glnu", "JNSA"),
    "glszm_GrayLevelNonUniformityNormalized": ("szm_glnu_norm", "Y1RO"),
    "glszm_GrayLevelVariance": ("szm_gl_var", "BYLV"),
    "glszm_HighGrayLevelZoneEmphasis": ("szm_hgze", "5GN9"),
    "glszm_LargeAreaEmphasis": ("szm_lze", "48P8"),
    "glszm_LargeAreaHighGrayLevelEmphasis": ("szm_lzhge", "J17V"),
    "glszm_LargeAreaLowGrayLevelEmphasis": ("szm_lzlge", "YH51"),
    "glszm_LowGrayLevelZoneEmphasis": ("szm_lgze", "XMSY"),
    "glszm_SizeZoneNonUniformity": ("szm_zsnu", "4JP3"),
    "glszm_SizeZoneNonUniformityNormalized": ("szm_zsnu_norm", "VB3A"),
    "glszm_SmallAreaEmphasis": ("szm_sze", "5QRC"),
    "glszm_SmallAreaHighGrayLevelEmphasis": ("szm_szhge", "HW1V"),
    "glszm_SmallAreaLowGrayLevelEmphasis": ("szm_szlge", "5RAI"),
    "glszm_ZoneEntropy": ("szm_zs_entr", "GU8N"),
    "glszm_ZonePercentage": ("szm_z_perc", "P30P"),
    "glszm_ZoneVariance": ("szm_zs_var", "3NSA"),
    "ngtdm_Busyness": ("ngt_busyness", "NQ30"),
    "ngtdm_Coarseness": ("ngt_coarseness", "QCDE"),
    "ngtdm_Complexity": ("ngt_complexity", "HDEZ"),
    "ngtdm_Contrast": ("ngt_contrast", "65HE"),
    "ngtdm_Strength": ("ngt_strength", "1X9X"),
}
"""Feature to its tag in IBSI's table of reference values and its code in IBSI's manual."""

AGGREGATED = {"firstorder": "", "glcm": "_2D_avg", "glrlm": "_2D_avg", "glszm": "_2D", "gldm": "_2D", "ngtdm": "_2D"}
REMARKS = {row["name"]: row["remark"] for row in catalogue()}


def measure(*samples: Sample) -> list[dict[str, float]]:
    engine = CpuEngine(recipe_from({"setting": {"binWidth": 1, "minimumROIDimensions": 0}}))
    return [dict(zip(engine.feature_names, row, strict=True)) for row in engine.measure(samples).results]


def toy(levels: list[list[int]]) -> Sample:
    """Grey levels; 0 is outside."""
    image = np.array(levels, dtype=np.uint8)
    return Sample("toy", "", image, image > 0)


@pytest.fixture(scope="module")
def consensus(shared_data) -> dict[str, float]:
    path = shared_data / "ibsi" / "reference_tables" / "ibsi_1_reference_values_digital_phantom.csv"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["tolerance"] for row in rows if row["family"] != "Morphology"} <= {"0", ""}
    return {row["tag"]: float(row["reference value"]) for row in rows if row["reference value"]}


@pytest.fixture(scope="module")
def measured(shared_data) -> dict[str, float]:
    import SimpleITK as sitk

    folder = shared_data / "ibsi" / "phantoms" / "ibsi_1_digital_phantom" / "nifti"
    image = sitk.GetArrayFromImage(sitk.ReadImage(folder / "image" / "phantom.nii.gz"))
    mask = sitk.GetArrayFromImage(sitk.ReadImage(folder / "mask" / "mask.nii.gz")) > 0
    slices = measure(*(Sample(str(k), "", i, m) for k, (i, m) in enumerate(zip(image, mask, strict=True))))
    found = {name: float(np.mean([row[name] for row in slices])) for name in slices[0]}
    # First order does not care where a voxel lies, so that the slices may be laid side by side.
    (whole,) = measure(Sample("whole", "", image.reshape(-1, image.shape[-1]), mask.reshape(-1, mask.shape[-1])))
    found.update({name: value for name, value in whole.items() if "_firstorder_" in name})
    return found


@pytest.mark.parametrize("feature", IBSI)
def test_digital_phantom(measured, consensus, feature):
    value = measured[f"original_{feature}"]
    if feature == "firstorder_Kurtosis":
        value -= 3.0  # IBSI's is the excess
    expected = consensus[IBSI[feature][0] + AGGREGATED[feature.split("_")[0]]]
    assert float(f"{value:.3g}") == expected  # the consensus is given to three digits, without tolerance


def test_codes_are_ibsis():
    codes = {row["name"].removeprefix("original_"): row["ibsi"] for row in catalogue() if row["ibsi"]}
    assert codes == {feature: code for feature, (_, code) in IBSI.items()}


def test_cluster_tendency_is_sum_variance_and_difference_average_dissimilarity(measured, consensus):
    """Two IBSI features that have no column of their own, being equal to others."""
    for feature, tag in (("ClusterTendency", "cm_sum_var"), ("DifferenceAverage", "cm_dissimilarity")):
        assert float(f"{measured[f'original_glcm_{feature}']:.3g}") == consensus[f"{tag}_2D_avg"]


def test_kurtosis_is_not_the_excess():
    (row,) = measure(toy([[1, 1, 2], [2, 1, 2]]))
    assert row["original_firstorder_Kurtosis"] == pytest.approx(1.0)  # two equal peaks; IBSI: -2
    assert "3 more than IBSI's" in REMARKS["original_firstorder_Kurtosis"]


def test_isolated_pixels_count_in_the_grey_tone_differences():
    """Four pixels in a block and one alone: differences 3 x 1/3 for level 1 and 1 for level 2, none for level 5."""
    (row,) = measure(toy([[1, 1, 0, 0], [1, 2, 0, 5]]))
    assert row["original_ngtdm_Coarseness"] == pytest.approx(1 / (3 / 5 * 1 + 1 / 5 * 1))  # IBSI: 1 / (3/4 + 1/4)
    for name, remark in REMARKS.items():
        assert ("IBSI leaves them out" in remark) == ("_ngtdm_" in name)


def test_angles_without_a_line_are_left_out_of_the_runs():
    """Two equal pixels side by side: a run of two along the row, runs of one along the three other angles."""
    (row,) = measure(toy([[0, 0, 0, 0], [0, 3, 3, 0]]))
    assert row["original_glrlm_LongRunEmphasis"] == pytest.approx(4.0)  # IBSI: (4 + 1 + 1 + 1) / 4
    for name, remark in REMARKS.items():
        assert ("IBSI keeps its runs of one" in remark) == ("_glrlm_" in name)


def test_bins_of_fixed_width_start_at_a_multiple_of_the_width():
    engine = CpuEngine(recipe_from({"featureClass": {"firstorder": ["Uniformity"]}, "setting": {"binWidth": 25}}))
    image = np.array([[30, 54], [55, 30]], dtype=np.uint8)
    ((value,),) = engine.measure([Sample("", "", image, image > 0)]).results
    assert value == pytest.approx(2 * (2 / 4) ** 2)  # 30 30 | 54 55; IBSI, from the minimum: 30 30 54 | 55
