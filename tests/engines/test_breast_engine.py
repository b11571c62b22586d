"""Whole breasts: each window is what the engine gives for the cut-out, and a breast's row is its own affair."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from radiomics_mammo import FeatureExtractor
from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines.base import Engine, Limits, Measured, WarmUp
from radiomics_mammo.engines.breast import BreastEngine, inner_recipe
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.engines.cuda import CudaEngine
from radiomics_mammo.engines.registry import open_engine
from radiomics_mammo.errors import RoiError
from radiomics_mammo.features.parenchyma import PARENCHYMA, lattice
from radiomics_mammo.features.parenchyma.base import Breast, Measure, MeasureFamily
from radiomics_mammo.features.parenchyma.lattice import Box, LatticeSettings, retroareolar_window
from radiomics_mammo.imaging.breast.skin_depth import skin_depth
from radiomics_mammo.recipes.recipe import Recipe, load_recipe, recipe_from
from radiomics_mammo.tables.feature_table import is_feature_name
from tests.support.devices import open_device
from tests.support.lattice_breasts import breast, half_ellipse, texture
from tests.support.parity import reference_engine

CLASSES = {"shape2D": ["Perimeter"], "firstorder": ["Mean", "Entropy"], "glcm": ["Contrast", "Id"], "glszm": []}
LATTICE = {"windowPx": 16, "outlyingWindows": 2}
BODY = {"featureClass": CLASSES, "setting": {"binCount": 16}, "lattice": LATTICE}
TOY = {"setting": {"binCount": 16}, "featureClass": CLASSES}
MASK = half_ellipse((90, 60))


def whole_breast(seed: int = 0, **more) -> Sample:
    return breast(MASK, image=texture(MASK.shape, seed), name=f"b{seed}", nipple=(45.0, 59.0), **more)


def row(engine: Engine, sample: Sample) -> dict[str, float]:
    (result,) = engine.measure([sample]).results
    assert isinstance(result, np.ndarray), result
    return dict(zip(engine.feature_names, result.tolist(), strict=True))


def windows(sample: Sample, settings: LatticeSettings) -> list[Box]:
    return lattice.windows(Breast.of(sample), settings)


def cut_out(sample: Sample, box: Box) -> Sample:
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    return Sample("cut", "P", sample.image[cut].copy(), sample.marks.interior[cut].copy(), sample.spacing)


def alone(engine: Engine, sample: Sample) -> np.ndarray:
    (result,) = engine.measure([sample]).results
    assert isinstance(result, np.ndarray)
    return result


def test_columns_are_named_and_ordered():
    recipe = recipe_from(
        {"featureClass": {"shape2D": ["Perimeter"], "glcm": ["Id"], "density": []}, "lattice": LATTICE}
    )
    names = open_engine("cpu", recipe).feature_names
    density = [f"original_density_{measure.name}" for measure in PARENCHYMA["density"].measures]
    prefixes = ["latticeMean", "latticeSd", "latticeP10", "latticeP50", "latticeP90", "latticeOutlying"]
    assert list(names) == [
        "original_shape2D_Perimeter",
        "original_glcm_Id",
        *density,
        *(f"{prefix}_glcm_Id" for prefix in prefixes),
        *(f"lattice_windows_{name}" for name in ("Count", "Outlyingness", "Depth")),
        "retroareolar_glcm_Id",
    ]
    every = open_engine("cpu", load_recipe("breast")).feature_names
    assert len(set(every)) == len(every)
    assert all(map(is_feature_name, every))
    without = recipe_from({**BODY, "lattice": {"retroareolar": False}})
    assert not [name for name in open_engine("cpu", without).feature_names if name.startswith("retro")]


def test_the_whole_breast_is_measured_as_without_a_lattice():
    found = row(open_engine("cpu", recipe_from(BODY)), whole_breast())
    plain = row(open_engine("cpu", recipe_from(TOY)), whole_breast())
    assert {name: found[name] for name in plain} == plain


def test_windows_and_summaries_from_pyradiomics_on_each_cut_out():
    recipe = recipe_from(BODY)
    sample = whole_breast(3, interior=skin_depth(MASK) > 2)  # some windows hold some of the band under the skin
    classes = {name: list(names) for name, names in recipe.lattice.featureClass.items()}
    reference = reference_engine(recipe_from({"featureClass": classes, "setting": {"binCount": 16}}))
    boxes = windows(sample, recipe.lattice)
    assert len(boxes) > 8
    table = np.array([alone(reference, cut_out(sample, box)) for box in boxes])
    behind = alone(
        reference, cut_out(sample, retroareolar_window(Breast.of(sample), recipe.lattice, nipple=sample.marks.nipple))
    )
    expected = {
        "latticeMean": table.mean(axis=0),
        "latticeSd": table.std(axis=0, ddof=1),
        **{f"latticeP{q}": np.percentile(table, q, axis=0) for q in (10, 50, 90)},
        "retroareolar": behind,
    }
    found = row(open_engine("cpu", recipe), sample)
    for prefix, values in expected.items():
        for name, value in zip(reference.feature_names, values, strict=True):
            column = name.replace("original", prefix)
            assert found[column] == pytest.approx(value, rel=1e-9), column
    assert found["lattice_windows_Count"] == len(boxes)


@pytest.mark.parametrize("spacing", [None, (0.5, 0.25)], ids=["pixels", "millimetres"])
def test_every_engine_gives_the_same_row(spacing):
    body = {**BODY, "lattice": {**LATTICE, "windowMm": 8.0}}
    recipe, sample = recipe_from(body), whole_breast(1, spacing=spacing)
    reference_engine(recipe_from({}))
    ours, theirs = row(open_engine("cpu", recipe), sample), row(open_engine("pyradiomics", recipe), sample)
    assert list(ours) == list(theirs)
    np.testing.assert_allclose(list(ours.values()), list(theirs.values()), rtol=1e-9, atol=1e-12)
    assert not np.isnan(list(ours.values())).any()


@pytest.mark.parametrize("name", ["host-256", pytest.param("gpu", marks=pytest.mark.gpu)])
def test_the_cuda_engine_gives_the_same_row(name):
    recipe = recipe_from({**BODY, "featureClass": {"firstorder": ["Mean", "Median"], "glcm": ["Contrast"]}})
    sample = breast(half_ellipse((36, 30)), nipple=(18.0, 29.0))
    recipe = replace(recipe, lattice=replace(recipe.lattice, windowPx=10))
    cuda = BreastEngine(CudaEngine(inner_recipe(recipe), open_device(name)), recipe)
    ours, theirs = row(cuda, sample), row(open_engine("cpu", recipe), sample)
    np.testing.assert_allclose(list(ours.values()), list(theirs.values()), rtol=1e-9)


def test_rows_do_not_depend_on_who_shares_the_call_or_on_order():
    engine = open_engine("cpu", recipe_from(BODY))
    samples = [whole_breast(seed) for seed in range(3)]
    alone_rows = [alone(engine, sample) for sample in samples]
    together = engine.measure(samples[::-1]).results[::-1]
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(alone_rows, together, strict=True))


def slow_family(seen: list[Breast]) -> MeasureFamily:
    """A family that notes what it is given, and takes a while."""

    def derive(given: Breast) -> Breast:
        seen.append(given)
        time.sleep(0.05)
        return given

    def size(terms: Breast) -> float:
        return float(terms.interior.sum())

    def thin(terms: Breast) -> float:
        raise RoiError("too thin", remedy="Nothing.")

    measures = (Measure("Size", size, "px", "", ""), Measure("Thin", thin, "px", "", ""))
    return MeasureFamily("toy", "Toy", measures, derive)


def test_a_bad_sample_costs_its_own_row(monkeypatch):
    seen: list[Breast] = []
    monkeypatch.setitem(PARENCHYMA, "toy", slow_family(seen))
    engine = open_engine("cpu", recipe_from({**BODY, "featureClass": {**CLASSES, "toy": ["Size"]}}))
    good = whole_breast(1)
    empty = breast(np.zeros_like(MASK), name="empty")
    holes = breast(MASK, image=np.where(MASK, np.nan, 0.0), name="holes")
    other = replace(good, case_id="other", mask=MASK[:50])
    coarse = replace(good, case_id="coarse", spacing=(9.0, 9.0))
    results = engine.measure([empty, good, holes, other, good, coarse]).results
    failures = [r for r in results if isinstance(r, Failure)]
    assert [f.case_id for f in failures] == ["empty", "holes", "other", "coarse"]
    assert [f.error for f in failures] == ["MaskError", "RoiError", "MaskError", "RoiError"]
    assert {f.stage for f in failures} == {"prepare"}
    assert all(f.cause and f.remedy for f in failures)
    assert "windowMm" in failures[-1].remedy
    assert len(seen) == 2, "measures see no region that cannot be measured"
    assert np.array_equal(results[1], results[4])
    assert np.array_equal(results[1], alone(engine, good))


def test_what_only_the_engine_finds_wrong_costs_the_row_too():
    engine = open_engine("cpu", recipe_from({**BODY, "setting": {"binWidth": 1e-9}}))
    (result,) = engine.measure([whole_breast()]).results
    assert isinstance(result, Failure)
    assert "binCount" in result.remedy
    assert result.case_id == "b0"


def test_a_window_that_cannot_be_measured_is_left_out():
    body = {**BODY, "lattice": {**LATTICE, "coverage": 0.4}}
    sample = whole_breast(2)
    everything, larger = recipe_from(body), recipe_from({**body, "setting": {"binCount": 16, "minimumROISize": 200}})
    boxes = windows(sample, everything.lattice)
    kept = [box for box in boxes if sample.mask[box[0] : box[1], box[2] : box[3]].sum() > 200]
    assert 2 < len(kept) < len(boxes)
    found = row(open_engine("cpu", larger), sample)
    assert found["lattice_windows_Count"] == len(kept)
    means = [sample.image[b[0] : b[1], b[2] : b[3]][sample.mask[b[0] : b[1], b[2] : b[3]]].mean() for b in kept]
    assert found["latticeMean_firstorder_Mean"] == pytest.approx(np.mean(means))
    assert row(open_engine("cpu", everything), sample)["lattice_windows_Count"] == len(boxes)


def test_without_windows_the_lattice_is_undefined_and_the_rest_is_not():
    found = row(open_engine("cpu", recipe_from({**BODY, "lattice": {"windowPx": 200}})), whole_breast())
    assert found["lattice_windows_Count"] == 0.0
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert undefined == {n for n in found if n.startswith(("lattice", "retro")) and n != "lattice_windows_Count"}


def test_windows_have_the_pixel_size_of_the_breast():
    body = {"featureClass": {"firstorder": ["Energy", "TotalEnergy"]}, "lattice": {"windowMm": 4.0}}
    found = row(open_engine("cpu", recipe_from(body)), whole_breast(spacing=(0.5, 0.25)))
    for prefix in ("original", "latticeMean", "retroareolar"):
        energy = found[f"{prefix}_firstorder_Energy"]
        assert found[f"{prefix}_firstorder_TotalEnergy"] == pytest.approx(0.125 * energy)


def test_a_lesion_is_measured_as_a_breast_without_marks():
    sample = replace(whole_breast(), marks=None)
    found = row(open_engine("cpu", recipe_from(BODY)), sample)
    assert found["lattice_windows_Count"] > 8
    assert {name for name, value in found.items() if np.isnan(value)} == {n for n in found if n.startswith("retro")}


def test_the_planted_window_is_the_most_outlying():
    sample = whole_breast(5)
    recipe = recipe_from({**BODY, "lattice": {**LATTICE, "outlyingWindows": 1}})
    boxes = windows(sample, recipe.lattice)
    top, bottom, left, right = boxes[7]
    rng = np.random.default_rng(0)
    sample.image[top:bottom, left:right] = rng.integers(3500, 4095, size=(bottom - top, right - left))
    found = row(open_engine("cpu", recipe), sample)
    assert found["latticeOutlying_firstorder_Mean"] == pytest.approx(sample.image[top:bottom, left:right].mean())
    before = row(open_engine("cpu", recipe), whole_breast(5))
    assert found["lattice_windows_Outlyingness"] > 1.5 * before["lattice_windows_Outlyingness"]


def test_parenchymal_measures_alone():
    recipe = recipe_from({"featureClass": {"density": ["BreastArea"]}})
    found = row(open_engine("cpu", recipe), whole_breast())
    assert found == {"original_density_BreastArea": MASK.sum()}


def test_parenchymal_measures_see_the_breast_and_its_interior(monkeypatch):
    seen: list[Breast] = []
    monkeypatch.setitem(PARENCHYMA, "toy", slow_family(seen))
    sample = whole_breast(interior=np.s_[:, :40], spacing=(0.1, 0.2))
    found = row(open_engine("cpu", recipe_from({"featureClass": {"toy": ["Size"]}})), sample)
    assert found == {"original_toy_Size": MASK[:, :40].sum()}
    assert np.array_equal(seen[0].values, sample.image)
    assert seen[0].spacing == (0.1, 0.2)
    measured = open_engine("cpu", recipe_from({"featureClass": {"toy": []}})).measure([sample])
    assert 0.05 <= measured.extract_s < 1.0
    (result,) = measured.results
    assert isinstance(result, Failure)
    assert (result.stage, result.cause) == ("extract", "too thin")


def test_windows_may_have_features_that_the_breast_has_not():
    body = {"featureClass": {"glcm": ["Id"]}, "lattice": {"windowPx": 16, "featureClass": {"firstorder": ["Mean"]}}}
    found = row(open_engine("cpu", recipe_from(body)), whole_breast())
    assert [n for n in found if n.startswith("original")] == ["original_glcm_Id"]
    assert "latticeMean_firstorder_Mean" in found
    assert "latticeMean_glcm_Id" not in found


class Recorder:
    """An engine that notes what it is given and measures nothing but sizes; it takes its time on both sides."""

    name = "recorder"
    limits = Limits(cases=64, bytes=1000, seconds=3.0, ahead=2)
    feature_names = ("original_firstorder_Mean",)

    def __init__(self) -> None:
        self.started: list[list[Sample]] = []
        self.finished = 0

    def warm_up(self) -> WarmUp:
        return WarmUp(1.0, 5)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        return self.start(samples)()

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        self.started.append(list(samples))

        def finish() -> Measured:
            self.finished += 1
            return Measured([np.array([float(s.mask.sum())]) for s in samples], 10.0, 20.0)

        return finish


def recorded() -> tuple[Recorder, BreastEngine]:
    inner = Recorder()
    recipe = recipe_from({"featureClass": {"firstorder": ["Mean"]}, "lattice": LATTICE})
    return inner, BreastEngine(inner, recipe)


def test_breasts_and_windows_go_to_the_inner_engine_in_one_call_as_views():
    inner, engine = recorded()
    samples = [whole_breast(0), whole_breast(1)]
    finish = engine.start(samples)
    assert len(inner.started) == 1
    assert inner.finished == 0
    (given,) = inner.started
    count = len(windows(samples[0], engine.recipe.lattice))
    assert len(given) == 2 * (1 + count + 1)
    assert all(np.shares_memory(region.image, samples[0].image) for region in given[: len(given) // 2])
    assert all(
        np.shares_memory(region.mask, samples[1].marks.interior if k else samples[1].mask)
        for k, region in enumerate(given[len(given) // 2 :])
    )
    assert len({region.case_id for region in given}) == len(given)
    found = finish()
    assert inner.finished == 1
    assert [result[0] for result in found.results] == [MASK.sum(), MASK.sum()]


def test_the_face_is_the_inner_engines_with_smaller_batches():
    inner, engine = recorded()
    assert engine.name == "recorder"
    assert engine.limits == Limits(cases=16, bytes=500, seconds=3.0, ahead=2)
    start = time.perf_counter()
    found = engine.measure([whole_breast()])
    elapsed = time.perf_counter() - start
    assert 10.0 < found.prepare_s < 10.0 + elapsed
    assert 20.0 < found.extract_s < 20.0 + elapsed
    warm_up = engine.warm_up()
    assert warm_up.compiled == 5
    assert len(inner.started) == 2
    assert engine.measure([]).results == []


def test_only_recipes_of_breasts_are_wrapped():
    assert isinstance(open_engine("cpu", Recipe()), CpuEngine)
    engine = open_engine("cpu", recipe_from(BODY))
    assert isinstance(engine, BreastEngine)
    assert isinstance(engine.inner, CpuEngine)
    assert not engine.inner.recipe.of_breast


def test_windows_are_not_measured_for_what_only_breasts_have():
    engine = open_engine("cpu", recipe_from(BODY))
    assert isinstance(engine, BreastEngine)
    assert engine.window_engine is not None
    assert not [name for name in engine.window_engine.feature_names if "shape2D" in name]
    assert "original_shape2D_Perimeter" in engine.inner.feature_names
    assert open_engine("cpu", recipe_from({"featureClass": {"density": []}})).window_engine is None


def test_one_engine_for_all_gives_the_same_as_two():
    recipe = recipe_from({**BODY, "featureClass": {**CLASSES, "density": []}})
    two = open_engine("cpu", recipe)
    one = BreastEngine(CpuEngine(inner_recipe(recipe)), recipe)
    samples = [whole_breast(0), breast(np.zeros_like(MASK), name="empty"), whole_breast(1, interior=np.s_[:, :50])]
    for a, b in zip(one.measure(samples).results, two.measure(samples).results, strict=True):
        if isinstance(a, Failure):
            assert a == b
        else:
            assert np.array_equal(a, b, equal_nan=True)


def test_a_breast_that_is_all_muscle_is_a_failure():
    sample = breast(MASK, pectoral=MASK, implant=MASK)
    for body in (BODY, {"featureClass": {"density": []}}):
        (result,) = open_engine("cpu", recipe_from(body)).measure([sample]).results
        assert isinstance(result, Failure)
        assert "without muscle and implant" in result.cause


def test_the_band_under_the_skin_is_in_the_breast_and_in_no_window():
    sample = whole_breast(interior=skin_depth(MASK) > 4)
    bright = replace(sample, image=np.where(MASK & ~sample.marks.interior, 4095, sample.image).astype(np.uint16))
    engine = open_engine("cpu", recipe_from({"featureClass": {"firstorder": ["Mean"]}, "lattice": LATTICE}))
    before, after = row(engine, sample), row(engine, bright)
    assert after.pop("original_firstorder_Mean") > before.pop("original_firstorder_Mean")
    assert after == before


def test_the_most_outlying_windows_may_be_a_share():
    count = int(row(open_engine("cpu", recipe_from(BODY)), whole_breast())["lattice_windows_Count"])
    for share, windows_of in zip((0.25, 0.01, 0.999), (round(0.25 * count), 1, count), strict=True):
        shares, whole = (
            row(
                open_engine("cpu", recipe_from({**BODY, "lattice": {**LATTICE, "outlyingWindows": many}})),
                whole_breast(),
            )
            for many in (share, windows_of)
        )
        assert shares == whole


def test_the_python_interface_takes_the_recipe():
    extractor = FeatureExtractor(BODY, engine="cpu")
    sample = whole_breast()
    found = extractor.execute(sample.image, sample.mask.astype(np.uint8))
    expected = row(open_engine("cpu", recipe_from(BODY)), replace(sample, marks=None))
    assert all(np.array_equal(found[name], value, equal_nan=True) for name, value in expected.items())
    frame = extractor.extract([sample])
    assert frame["retroareolar_glcm_Id"].notna().all()
