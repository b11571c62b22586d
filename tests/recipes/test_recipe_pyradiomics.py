"""pyradiomics' own parameter files and defaults, taken as they are."""

from __future__ import annotations

import re
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.core.records import Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.features import columns_of
from radiomics_mammo.recipes.image_types import filter_options
from radiomics_mammo.recipes.recipe import load_recipe, recipe_from
from radiomics_mammo.recipes.settings_rules import INTERPOLATORS, WITHOUT_EFFECT, settings_from

GLCM = """
    - 'Autocorrelation'
    - 'JointAverage'
    - 'ClusterProminence'
    - 'ClusterShade'
    - 'ClusterTendency'
    - 'Contrast'
    - 'Correlation'
    - 'DifferenceAverage'
    - 'DifferenceEntropy'
    - 'DifferenceVariance'
    - 'JointEnergy'
    - 'JointEntropy'
    - 'Imc1'
    - 'Imc2'
    - 'Idm'
    - 'Idmn'
    - 'Id'
    - 'Idn'
    - 'InverseVariance'
    - 'MaximumProbability'
    - 'SumEntropy'
    - 'SumSquares'
"""

# pyradiomics' own examples (examples/exampleSettings), without the filters and, where named, the 3-D shape.
MR_2D_EXTRACTION = f"""
imageType:
  Original: {{}}
featureClass:
  shape2D:
  firstorder:
  glcm:{GLCM}
  glrlm:
  glszm:
  gldm:
  ngtdm:
setting:
  # Normalization:
  normalize: true
  normalizeScale: 100
  # Z-plane resolution should not be modified to avoid mask errors
  interpolator: 'sitkBSpline'
  resampledPixelSpacing: [2, 2, 0]
  padDistance: 10
  preCrop: true
  force2D: true
  force2Ddimension: 0
  binWidth: 5
  voxelArrayShift: 300
  label: 1
"""
MR_NO_RESAMPLING = f"""
imageType:
  Original: {{}}
featureClass:
  firstorder:
  glcm:  # Disable SumAverage by specifying all other GLCM features available{GLCM}
  glrlm:
  glszm:
  gldm:
setting:
  normalize: true
  normalizeScale: 100  # This allows you to use more or less the same bin width.
  preCrop: true
  force2D: true
  force2Ddimension: 0  # axial slices, for coronal slices, use dimension 1 and for sagittal, dimension 2.
  #minimumROIDimensions: 2
  #minimumROISize: 50
  binWidth: 5
  voxelArrayShift: 300
  label: 1
"""
PARAMS = f"""
setting:
  binWidth: 25
  label: 1
  interpolator: 'sitkBSpline' # This is an enumerated value, here None is not allowed
  resampledPixelSpacing: # This disables resampling, as it is interpreted as None
  weightingNorm: # If no value is specified, it is interpreted as None
imageType:
  Original: {{}}
featureClass:
  firstorder: [] # specifying an empty list has the same effect as specifying nothing.
  glcm:{GLCM}
  glrlm: # for lists none values are allowed, in this case, all features are enabled
  glszm:
  gldm:
"""


@pytest.mark.parametrize(
    ("text", "n_features"),
    [(MR_2D_EXTRACTION, 9 + 18 + 22 + 16 + 16 + 14 + 5), (MR_NO_RESAMPLING, 86), (PARAMS, 86), ("", 102)],
    ids=["MR_2D_extraction", "exampleMR_NoResampling", "Params", "empty"],
)
def test_pyradiomics_own_files_are_accepted(tmp_path, text, n_features):
    path = tmp_path / "theirs.yaml"
    path.write_text(text, encoding="utf-8")
    recipe = load_recipe(path)
    assert recipe.name == "theirs"
    assert len(columns_of(recipe.features)) == n_features
    assert ("original_glcm_SumAverage" in columns_of(recipe.features)) == (text == "")


def test_their_values_arrive():
    import yaml

    settings = recipe_from(yaml.safe_load(MR_2D_EXTRACTION)).settings
    assert (settings.normalize, settings.normalizeScale, settings.padDistance) == (True, 100.0, 10)
    assert settings.resampledPixelSpacing == (2.0, 2.0)
    assert (settings.binWidth, settings.voxelArrayShift, settings.label) == (5.0, 300, 1)


@pytest.mark.parametrize("text", [MR_NO_RESAMPLING, PARAMS], ids=["exampleMR_NoResampling", "Params"])
def test_an_accepted_file_gives_pyradiomics_numbers(tmp_path, text):
    featureextractor = pytest.importorskip("radiomics.featureextractor", reason="needs the reference extra")
    import SimpleITK as sitk

    path = tmp_path / "theirs.yaml"
    path.write_text(text.replace("  preCrop: true\n", ""), encoding="utf-8")
    rng = np.random.default_rng(1)
    image = rng.integers(0, 200, (20, 24)).astype(np.float64)
    mask = np.zeros(image.shape, dtype=bool)
    mask[3:15, 4:20] = rng.random((12, 16)) < 0.9
    engine = CpuEngine(load_recipe(path))
    (ours,) = engine.measure([Sample("", "", image, mask)]).results
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how it loads its own checks
        extractor = featureextractor.RadiomicsFeatureExtractor(str(path), force2D=False)
    theirs = extractor.execute(sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype(np.uint8)))
    columns = [name for name in theirs if name.startswith("original_")]
    assert set(columns) == set(engine.feature_names)
    assert dict(zip(engine.feature_names, ours, strict=True)) == pytest.approx(
        {name: float(theirs[name]) for name in columns}, rel=1e-9, abs=1e-12
    )


def test_every_setting_of_pyradiomics_is_supported_or_has_its_reason():
    radiomics = pytest.importorskip("radiomics", reason="needs the reference extra")
    import yaml

    schema = yaml.safe_load((Path(radiomics.__file__).parent / "schemas" / "paramSchema.yaml").read_text("utf-8"))
    theirs = {*schema["mapping"]["setting"]["mapping"], *schema["mapping"]["voxelSetting"]["mapping"]}
    ours = {setting.name for setting in fields(Settings)}
    handled = {*ours, *WITHOUT_EFFECT, *filter_options(), "label_channel"}
    assert theirs == handled - {"enableCExtensions", "verbose"}
    assert not ours & {*WITHOUT_EFFECT, *filter_options()}


def test_defaults_are_pyradiomics():
    featureextractor = pytest.importorskip("radiomics.featureextractor", reason="needs the reference extra")
    theirs = featureextractor.RadiomicsFeatureExtractor._getDefaultSettings()
    for name, value in theirs.items():
        if name not in WITHOUT_EFFECT and name != "label":  # masks are 0 and 255 more often than 0 and 1
            default = getattr(Settings(), name)
            assert (list(default) if isinstance(default, tuple) else default) == value, name


def test_every_interpolator_is_simpleitks():
    import SimpleITK as sitk

    for number, name in enumerate(INTERPOLATORS, start=1):
        assert isinstance(getattr(sitk, name), int)
        assert settings_from({"interpolator": number}).interpolator == name


def test_the_readme_lists_every_setting_with_its_default():
    import yaml

    readme = (Path(__file__).parents[2] / "features" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", readme, re.MULTILINE)
    assert [name for name, _ in rows] == [setting.name for setting in fields(Settings)]
    for name, default in rows:
        assert settings_from({name: yaml.safe_load(default)}) == Settings(), name
