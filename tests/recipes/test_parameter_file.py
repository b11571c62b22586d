"""Parameter files as people have them: read as YAML 1.2, all faults at once with their lines, notes for what is 3-D."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from radiomics_mammo import FeatureExtractor
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RecipeError
from radiomics_mammo.features import columns_of
from radiomics_mammo.recipes.recipe import load_recipe, recipe_from


@pytest.fixture
def read(tmp_path):
    def load(content, name="params.yaml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_recipe(path)

    return load


@pytest.fixture
def refused(read):
    def message(content, name="params.yaml"):
        with pytest.raises(RecipeError) as caught:
            read(content, name)
        assert caught.value.remedy
        return str(caught.value)

    return message


def pyradiomics(parameters):
    featureextractor = pytest.importorskip("radiomics.featureextractor", reason="needs the reference extra")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how it loads its own checks
        return featureextractor.RadiomicsFeatureExtractor(parameters)


def _sitk():
    import SimpleITK

    return SimpleITK


def reported(what, right):
    return pytest.mark.reported("Parameter files", what, right)


@reported("a key twice", "refused, naming the key and its lines")
def test_a_key_twice_is_refused_with_its_lines(refused):
    message = refused("setting:\n  binWidth: 5\n\nsetting:\n  label: 1\n")
    assert "the key 'setting' stands twice, in lines 1 and 4" in message
    message = refused('{"setting": {"label": 1,\n"binCount": 8,\n"label": 1}}', "p.json")
    assert "the key 'label' stands twice, in lines 1 and 3" in message
    assert "'shape' stands twice, in lines 2 and 4" in refused("featureClass:\n  shape:\n  glcm:\n  shape:\n")


NUMBERS = [
    ("geometryTolerance: 1e-6", 1e-6), ("geometryTolerance: 1E-6", 1e-6), ("geometryTolerance: 1e+1", 10.0),
    ("geometryTolerance: .5", 0.5), ("geometryTolerance: 2.", 2.0), ("binWidth: +5", 5.0), ("binWidth: 1_000", 1000.0),
    ("label: 010", 10), ("label: 0o10", 8), ("label: 0x10", 16), ("voxelArrayShift: -300", -300), ("label:\t7", 7),
    ("resegmentRange: [-1e3, 1.5e2]", (-1000.0, 150.0)), ("binWidth: !!float 5", 5.0), ("normalize: yes", True),
]  # fmt: skip


@reported("1e-6; label: 010", "0.000001 and 10, the numbers of YAML 1.2")
@pytest.mark.parametrize(("line", "value"), NUMBERS)
def test_numbers_are_those_of_yaml_1_2(read, line, value):
    assert getattr(read(f"setting:\n  {line}\n").settings, line.partition(":")[0]) == value


def test_numbers_are_read_as_pyradiomics_reads_them(tmp_path):
    lines = ["geometryTolerance: 1e-6", "label: 010", "binWidth: 2.", "voxelArrayShift: -300", "removeOutliers: 3"]
    path = tmp_path / "p.yaml"
    path.write_text("setting:\n  " + "\n  ".join(lines) + "\n", encoding="utf-8")
    theirs = pyradiomics(str(path)).settings
    ours = load_recipe(path).settings
    for line in lines:
        name = line.partition(":")[0]
        assert getattr(ours, name) == theirs[name], name


@reported("JSON's 1e-05, indented with tabs", "read")
def test_json_with_tabs_and_exponents(read):
    text = '{\n\t"setting": {\n\t\t"geometryTolerance": 1e-05,\n\t\t"binCount":\t32\n\t}\n}\n'
    for name in ("p.json", "P.JSON", "p.yml"):
        settings = read(text, name).settings
        assert (settings.geometryTolerance, settings.binCount) == (1e-5, 32)


def test_a_block_indented_with_tabs_is_refused_with_the_reason(refused):
    message = refused("setting:\n\tbinWidth: 5\n")
    assert "line 2" in message
    assert "tab" in message


@reported("P.YAML, P.YML, P.JSON, any file by its path", "read")
@pytest.mark.parametrize("name", ["P.YAML", "P.YML", "p.Yaml", "params.txt", "params"])
def test_endings(read, name):
    assert read("setting: {binWidth: 5}", name).settings.binWidth == 5.0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "gbk"])
def test_encodings(read, encoding):
    comment = {"gbk": "# 图像", "latin-1": "# Größe"}.get(encoding, "# Größe 图像")
    assert read(f"setting:\r\n  binWidth: 5 {comment}\r\n  label: 2\r\n".encode(encoding)).settings.label == 2


@reported("binWidth: null beside binCount", "read")
def test_empty_values(read, refused):
    settings = read("setting:\n  binWidth: null\n  binCount: 32\n  normalize:\n  preCrop: ~\n  label:\n").settings
    assert settings == Settings(binCount=32)
    assert read("imageType:\n  Original: {binWidth: , binCount: 8}").settings == Settings(binCount=8)
    assert "binWidth is empty" in refused("setting:\n  binWidth:\n")
    assert "symmetricalGLCM is empty" in refused("setting:\n  symmetricalGLCM:\n")
    recipe = read("setting:\n  interpolator:\n  resampledPixelSpacing: [1, 1]\n")
    assert recipe.settings == Settings()
    assert len(recipe.notes) == 1


@reported("resegmentRange: []", "read: no resegmentation")
def test_an_empty_range_is_none(read):
    assert read("setting:\n  resegmentRange: []\n").settings == Settings()
    assert recipe_from({"setting": {"resegmentRange": np.array([])}}).settings == Settings()


@reported("np.int64 in a dictionary", "read")
def test_numbers_of_numpy(read):
    given = {"binWidth": np.float32(5), "label": np.int64(3), "normalize": np.bool_(True),
             "distances": np.array([1, 2]), "resampledPixelSpacing": [np.float64(0.5), 0.5]}  # fmt: skip
    plain = {"binWidth": 5, "label": 3, "normalize": True, "distances": [1, 2], "resampledPixelSpacing": [0.5, 0.5]}
    expected = recipe_from({"setting": plain})
    assert recipe_from({"setting": given}).hash == expected.hash
    assert FeatureExtractor(given, engine="cpu").recipe.hash == expected.hash  # settings alone
    assert recipe_from({"imageType": {"LoG": {"sigma": np.array([1.5, 2.0])}}}).image_types[0].options.sigma == (1.5, 2)


@reported("StandardDeviation named", "measured, as in pyradiomics; not without its name")
@pytest.mark.parametrize("engine", ["cpu", "pyradiomics"])
def test_features_that_must_be_named(engine):
    body = {"featureClass": {"shape2D": ["SphericalDisproportion", "Sphericity"],
                             "firstorder": ["StandardDeviation", "Mean"]}}  # fmt: skip
    image = np.random.default_rng(3).integers(0, 200, (12, 14)).astype(float)
    mask = np.zeros(image.shape, np.uint8)
    mask[2:9, 3:12] = 1
    theirs = pyradiomics(body).execute(*map(_sitk().GetImageFromArray, (image, mask)))
    ours = FeatureExtractor({**body, "setting": {"additionalInfo": False}}, engine=engine).execute(image, mask)
    assert set(ours) == {name for name in theirs if not name.startswith("diagnostics")}
    assert dict(ours) == pytest.approx({name: float(theirs[name]) for name in ours}, rel=1e-12)
    assert not [name for name in recipe_from({}).columns if name.endswith(("StandardDeviation", "Disproportion"))]


def test_features_that_pyradiomics_leaves_out_are_noted(read):
    recipe = read("featureClass:\n  glcm:\n  - Homogeneity1\n  - Idm\n  gldm: [DependencePercentage]\n")
    assert recipe.columns == ("original_glcm_Idm",)
    assert [note[:26] for note in recipe.notes] == ["line 2: glcm Homogeneity1 ", "line 5: gldm DependencePer"]


VOLUME = """\
featureClass:
  shape: [VoxelVolume]
  glcm: [Idm]
setting:
  force2D: true
  force2Ddimension: 1
  resampledPixelSpacing: [2, 2, 3]
  wavelet: coif1
voxelSetting:
  kernelRadius: 2
  initValue: nan
"""


@reported("shape:, voxelSetting:, a third spacing, force2D", "read, one note each with its line")
def test_what_is_three_dimensional_is_noted(read):
    recipe = read(VOLUME)
    assert recipe.columns == ("original_glcm_Idm",)
    assert recipe.settings == Settings(force2D=True, resampledPixelSpacing=(2.0, 2.0))
    starts = ["line 9: voxelSetting", "line 7: the third number", "line 5: force2D is", "line 6: force2Ddimension",
              "line 8: wavelet", "line 2: the class shape"]  # fmt: skip
    assert len(recipe.notes) == len(starts)
    assert all(note.startswith(start) for note, start in zip(sorted(recipe.notes), sorted(starts), strict=True))


def test_a_file_of_shape_alone_is_refused(refused):
    assert "no features but those of 3-D shape" in refused("featureClass:\n  shape:\n")


@reported("force2D on an image of one plane", "equal to pyradiomics on a volume of one slice with force2D")
def test_force2d_equals_pyradiomics_on_one_slice():
    body = {"setting": {"binWidth": 25, "force2D": True, "label": 1},
            "featureClass": dict.fromkeys(["glcm", "glrlm", "glszm", "gldm", "ngtdm"])}  # fmt: skip
    image = np.random.default_rng(1).integers(0, 300, (20, 22)).astype(np.int16)
    mask = np.zeros(image.shape, np.uint8)
    mask[4:16, 3:18] = 1
    theirs = pyradiomics(body).execute(*map(_sitk().GetImageFromArray, (image[None], mask[None])))
    for engine in ("cpu", "pyradiomics"):
        extractor = FeatureExtractor(body, engine=engine)
        ours = extractor.execute(image, mask)
        assert {n: ours[n] for n in extractor.feature_names} == pytest.approx(
            {n: float(theirs[n]) for n in extractor.feature_names}, rel=1e-9, abs=1e-12
        )


FAULTS = """\
imageType:
  Original: {}
  Wavelet: {}
  LBP2D:
featureClass:
  GLCM:
  firstorder: [Mean, mode]
setting:
  binwidth: 5
  binCount: -3
  label: one
inputImage:
  Original:
normalize: true
"""


@reported("several faults in one file; filters that are not available", "one message, with all of them and their lines")
def test_all_faults_are_said_at_once(refused):
    message = refused(FAULTS)
    lines = [line.strip() for line in message.splitlines()]
    assert lines[0].endswith("params.yaml: 8 faults:")
    begins = [
        "line 3: image types that are not available: Wavelet, LBP2D (line 4)",
        "line 6: unknown feature class 'GLCM' (is glcm meant?)",
        "line 7: unknown feature of firstorder 'mode'", "line 9: unknown setting 'binwidth' (is binWidth meant?)",
        "line 10: setting binCount is -3", "line 11: setting label is 'one'", "line 12: unknown section 'inputImage'",
        "line 14: normalize stands outside of the section setting",
    ]  # fmt: skip
    assert [line[: len(begin)] for line, begin in zip(lines[1:], begins, strict=True)] == begins


LAUGHS = (
    "".join(f"&b{n} [" if n < 9 else "" for n in (8, 7, 6, 5, 4, 3, 2, 1, 0))
    + "1,1,1,1,1,1,1,1,1]"
    + "".join(f",{','.join([f'*b{n}'] * 8)}]" for n in range(8))
)
ATTACKS = {
    "aliases": f"setting:\n  binWidth: {LAUGHS}\n",
    "aliases of sigma": f"imageType:\n  LoG:\n    sigma: {LAUGHS}\n",
    "aliases as section": f"setting: {LAUGHS}\n",
    "aliases as features": f"featureClass:\n  glcm: {LAUGHS}\n",
    "date": "setting:\n  label: 2020-99-99\n",
    "tag of a number": "setting:\n  label: !!int foo\n",
    "tag of Python": "setting:\n  label: !!python/object/apply:os.system ['true']\n",
    "5,000 digits": f"setting:\n  label: {'9' * 5000}\n",
    "5,000 digits of a width": f"setting:\n  binWidth: -{'9' * 5000}\n",
    "200 digits": f"setting:\n  label: -{'9' * 200}\n",
    "long exponent": "setting:\n  binWidth: 1e999999\n",
    "long text": f"setting:\n  weightingNorm: {'x' * 100000}\n",
    "deep": f"setting:\n  distances: {'[' * 5000}{']' * 5000}\n",
    "deep block": "setting:\n" + "".join(" " * n + "a:\n" for n in range(1, 500)),
    "alias of itself": "setting: &a\n  binWidth: *a\n",
    "unknown alias": "setting:\n  label: *nothing\n",
    "two documents": "setting: {}\n---\nsetting: {}\n",
    "a list as key": "setting:\n  ? [1, 2]\n  : 3\n",
    "NUL": "setting:\n  label: 1\0\n",
    "a merge of nothing": "setting:\n  <<: 3\n",
    "too large": "#" * 1_100_000,
}


@reported("aliases that multiply, 2020-99-99, !!int foo, 5,000 digits, deep nesting", "refused in one line")
@pytest.mark.parametrize("kind", ATTACKS)
def test_attacks_are_refused_in_one_line(refused, kind):
    message = refused(ATTACKS[kind])
    assert len(message) < 1500
    assert "\n" not in message or kind == "two documents"


@reported("imageType LoG without sigma", "read, with a note: it gives no image, as in pyradiomics")
def test_a_filter_without_its_settings_gives_no_image(read, refused):
    recipe = read("imageType:\n  Original: {}\n  LoG: {}\n")
    assert [each.name for each in recipe.image_types] == ["Original"]
    assert recipe.notes == ("line 3: imageType LoG gives no image, as in pyradiomics: it has no sigma",)
    assert "gives no image" in refused("imageType:\n  LoG:\n")
    shared = read("imageType: {Original: {}, LoG: {}}\nsetting: {sigma: [1.0]}\n")
    assert [each.name for each in shared.image_types] == ["Original", "LoG"]


def test_a_message_lists_no_more_than_thirty_faults(refused):
    message = refused("setting:\n" + "".join(f"  wrong{n}: 1\n" for n in range(200)))
    assert message.splitlines()[0].endswith("200 faults:")
    assert "and 170 more" in message
    assert len(message) < 4000


def test_aliases_and_merges_of_plain_values_are_read(read):
    recipe = read(
        "setting: &s\n  binWidth: 7\n  label: 2\nimageType:\n  Original: &o\n    binWidth: 9\n  LoG:\n    <<: *o\n"
        "    sigma: &l [1.0]\n"
    )
    assert (recipe.settings.binWidth, recipe.settings.label) == (9.0, 2)
    assert recipe.image_types[1].settings.binWidth == 9.0


def test_huge_numbers_of_a_dictionary_are_refused():
    with pytest.raises(RecipeError, match="more than 40 digits"):
        recipe_from({"setting": {"label": -(10**5000)}})


def test_settings_alone_are_no_file(refused):
    assert columns_of(recipe_from({"binWidth": 3}).features)
    assert recipe_from({"binWidth": 3}).settings.binWidth == 3.0
    assert "outside of the section setting" in refused("binWidth: 3\nlabel: 1\n")
