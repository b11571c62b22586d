"""The diagnostics of ``execute`` against pyradiomics' own."""

from __future__ import annotations

import warnings
from importlib.metadata import version

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_mammo import FeatureExtractor

BODY = {"setting": {"binWidth": 25, "label": 2}, "featureClass": {"firstorder": ["Mean"]}}


@pytest.fixture
def pair():
    rng = np.random.default_rng(4)
    image = sitk.GetImageFromArray(rng.integers(-50, 900, (30, 41)).astype(np.int16))
    regions = np.zeros((30, 41), np.uint8)
    regions[4:9, 5:12] = regions[9:12, 12:20] = regions[20:25, 30:36] = 2  # the first two touch at a corner
    mask = sitk.GetImageFromArray(regions)
    for item in (image, mask):
        item.SetSpacing((0.07, 0.05))
        item.SetOrigin((12.5, -3.0))
        item.SetDirection((0.0, 1.0, 1.0, 0.0))
    return image, mask


@pytest.mark.reported("Parameter files", "pyradiomics' 22 diagnostics_ entries", "the same names, order and values")
@pytest.mark.parametrize("engine", ["cpu", "pyradiomics"])
def test_the_diagnostics_are_pyradiomics(pair, engine):
    featureextractor = pytest.importorskip("radiomics.featureextractor", reason="needs the reference extra")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how it loads its own checks
        reference = featureextractor.RadiomicsFeatureExtractor(BODY)
    theirs = {name: value for name, value in reference.execute(*pair).items() if name.startswith("diagnostics_")}
    row = FeatureExtractor(BODY, engine=engine).execute(*pair)
    ours = {name: value for name, value in row.items() if name.startswith("diagnostics_")}
    assert list(ours)[:22] == list(theirs)
    assert len(theirs) == 22
    settings = ours.pop("diagnostics_Configuration_Settings")
    expected = theirs.pop("diagnostics_Configuration_Settings")
    assert {name: settings[name] for name in expected} == expected
    assert ours.pop("diagnostics_Versions_PyWavelet") == version("PyWavelets")
    del theirs["diagnostics_Versions_PyWavelet"]  # pywt.__version__ of some of its releases is another's
    if engine == "cpu":
        assert ours.pop("diagnostics_Versions_PyRadiomics").startswith("radiomics_mammo ")
        theirs.pop("diagnostics_Versions_PyRadiomics")
    else:
        theirs["diagnostics_Versions_PyRadiomics"] = theirs["diagnostics_Versions_PyRadiomics"].removeprefix("v")
    for name, value in theirs.items():
        assert ours[name] == (pytest.approx(value, rel=1e-12) if isinstance(value, (float, tuple)) else value), name


def test_arrays_have_no_place_and_no_pixel_size(pair):
    image, mask = map(sitk.GetArrayFromImage, pair)
    row = FeatureExtractor(BODY).execute(image, mask)
    assert row["diagnostics_Image-original_Spacing"] is None
    assert row["diagnostics_Mask-original_CenterOfMass"] == row["diagnostics_Mask-original_CenterOfMassIndex"]
