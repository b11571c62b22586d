"""The simulated mammograms: the same whenever they are made, and like what they stand for."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle

import numpy as np
import pytest
from scipy import ndimage

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.phantom.breast import FIELD_MM, power_law
from radiomics_mammo.readers.phantom.reader import PhantomReader, PhantomView

SMALL = 350


@pytest.fixture(scope="module")
def samples() -> list[tuple[Case, Sample]]:
    reader = PhantomReader(patients=70, rows=SMALL)
    return [(case, reader.load(case)[0]) for case in reader.cases()]


def digest(reader: PhantomReader, case: Case) -> str:
    sample = reader.load(case)[0]
    return hashlib.sha256(sample.image.tobytes() + sample.mask.tobytes()).hexdigest()


def test_a_case_is_the_same_alone_in_another_order_and_in_a_larger_collection() -> None:
    small, large = PhantomReader(patients=4, rows=SMALL), PhantomReader(patients=9, rows=SMALL)
    few = small.cases()
    assert [c.case_id for c in large.cases()[: len(few)]] == [c.case_id for c in few]
    forwards = {c.case_id: digest(small, c) for c in few}
    backwards = {c.case_id: digest(large, c) for c in reversed(large.cases()[: len(few)])}
    assert forwards == backwards
    assert len(set(forwards.values())) == len(few)


def test_a_case_is_the_same_in_another_process() -> None:
    reader = PhantomReader(patients=2, rows=SMALL)
    case = reader.cases()[-1]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(digest, (reader, case)) == digest(reader, case)


def test_another_seed_gives_other_pictures() -> None:
    one, other = (PhantomReader(patients=1, rows=SMALL, seed=s) for s in (1, 2))
    assert digest(one, one.cases()[0]) != digest(other, other.cases()[0])


def test_the_reader_keeps_its_contract() -> None:
    reader = PhantomReader(patients=30, seed=3, rows=SMALL)
    assert pickle.loads(pickle.dumps(reader)) == reader
    cases = reader.cases()
    assert len({c.case_id for c in cases}) == len(cases)
    for case in cases:
        assert list(case.columns) == [name for name, _ in reader.columns]
        assert all(type(case.columns[name]) is kind for name, kind in reader.columns)
        assert case.patient_id in case.case_id
    settings = reader.describe()
    assert settings.pop("reader") == "phantom"
    assert PhantomReader(**settings) == reader  # type: ignore[arg-type]


def test_the_collection_is_mixed_as_real_ones_are() -> None:
    cases = PhantomReader(patients=200).cases()
    malignant = np.array([c.columns["malignant"] for c in cases])
    assert 0.36 < malignant.mean() < 0.48
    seen: dict[tuple[str, object, object], set[object]] = {}
    classes: dict[str, set[object]] = {}
    sides: dict[str, set[object]] = {}
    for c in cases:
        key = (c.patient_id, c.columns["laterality"], c.columns["abnormality_id"])
        seen.setdefault(key, set()).add(c.columns["view"])
        classes.setdefault(c.patient_id, set()).add(c.columns["malignant"])
        sides.setdefault(c.patient_id, set()).add(c.columns["laterality"])
    assert all(views == {"CC", "MLO"} for views in seen.values())
    assert sum(len(s) == 2 for s in sides.values()) > 30
    assert sum(len(c) == 2 for c in classes.values()) > 10
    assert any(number > 1 for _, _, number in seen)
    assert {c.columns["breast_density"] for c in cases} == {1, 2, 3, 4}
    benign = {c.columns["pathology"] for c in cases if not c.columns["malignant"]}
    assert benign == {"BENIGN", "BENIGN_WITHOUT_CALLBACK"}
    for word in ("mass_shape", "mass_margins"):
        groups = [{c.columns[word] for c in cases if c.columns["malignant"] == m} for m in (0, 1)]
        assert groups[0] == groups[1], "every descriptor occurs in both classes"


@pytest.mark.parametrize("seed", range(5))
def test_even_a_few_patients_hold_both_classes(seed: int) -> None:
    cases = PhantomReader(patients=6, seed=seed).cases()
    assert {c.columns["malignant"] for c in cases} == {0, 1}


def test_the_default_picture_is_12_bit_with_pixels_of_0_3_mm() -> None:
    reader = PhantomReader(patients=1)
    sample = reader.load(reader.cases()[0])[0]
    assert sample.image.shape == sample.mask.shape == (700, 560)
    assert sample.image.dtype == np.uint16
    assert 1500 < sample.image.max() < 4096
    assert sample.spacing == (0.3, 0.3)
    assert sample.phantom
    assert sample.image.flags.c_contiguous and sample.mask.flags.c_contiguous


def test_the_chest_wall_is_on_the_side_of_the_laterality(samples: list[tuple[Case, Sample]]) -> None:
    for case, sample in samples:
        left, right = sample.image[:, :10].mean(), sample.image[:, -10:].mean()
        assert (left > right) == (case.columns["laterality"] == "LEFT")


def test_masks_are_whole_inside_the_breast_and_of_the_stated_size(samples: list[tuple[Case, Sample]]) -> None:
    millimetres = FIELD_MM[0] / SMALL
    for case, sample in samples:
        _, pieces = ndimage.label(sample.mask, np.ones((3, 3)))
        assert pieces == 1, case.case_id
        assert np.array_equal(ndimage.binary_fill_holes(sample.mask), sample.mask)
        assert not sample.mask[[0, -1]].any() and not sample.mask[:, [0, -1]].any()
        assert np.percentile(sample.image[sample.mask], 1) > 300, "air under the mask"
        across = 2 * np.sqrt(sample.mask.sum() / np.pi) * millimetres
        assert 5.0 < across < 42.0


def test_masses_of_one_breast_lie_apart() -> None:
    reader = PhantomReader(patients=40, rows=SMALL)
    by_view: dict[tuple[object, ...], list[np.ndarray]] = {}
    for case in reader.cases():
        source = case.source
        assert isinstance(source, PhantomView)
        key = (source.patient, source.side, source.view)
        by_view.setdefault(key, []).append(reader.load(case)[0].mask)
    several = [masks for masks in by_view.values() if len(masks) > 1]
    assert len(several) > 5
    assert sum(np.sum(masks, axis=0).max() > 1 for masks in several) <= len(several) // 10


def test_a_mass_is_alike_in_its_two_views(samples: list[tuple[Case, Sample]]) -> None:
    area: dict[tuple[object, ...], dict[object, float]] = {}
    for case, sample in samples:
        key = (case.patient_id, case.columns["laterality"], case.columns["abnormality_id"])
        area.setdefault(key, {})[case.columns["view"]] = float(np.log(sample.mask.sum()))
    pairs = np.array([[a["CC"], a["MLO"]] for a in area.values()])
    assert 0.85 < np.corrcoef(pairs.T)[0, 1] < 1.0
    assert not np.array_equal(pairs[:, 0], pairs[:, 1])


def test_margins_look_as_they_are_called() -> None:
    """Spiculated outlines are ragged; ill-defined edges are soft, circumscribed ones sharp."""
    reader = PhantomReader(patients=40)
    ragged: dict[object, list[float]] = {}
    steep: dict[object, list[float]] = {}
    for case in reader.cases():
        if case.columns["view"] != "CC":
            continue
        sample = reader.load(case)[0]
        mask, margin = sample.mask, case.columns["mass_margins"]
        edge = (mask & ~ndimage.binary_erosion(mask)).sum()
        ragged.setdefault(margin, []).append(edge / np.sqrt(mask.sum()))
        inside = ndimage.distance_transform_edt(mask)
        outside = ndimage.distance_transform_edt(~mask)
        image = sample.image.astype(float)
        core = image[inside > 0.6 * inside.max()].mean()
        near = [image[(d > 0) & (d <= 2)].mean() for d in (inside, outside)]
        far = image[(outside > 12) & (outside <= 20)].mean()
        steep.setdefault(margin, []).append((near[0] - near[1]) / max(core - far, 100.0))
    assert np.median(ragged["SPICULATED"]) > 1.2 * np.median(ragged["CIRCUMSCRIBED"])
    assert np.median(steep["CIRCUMSCRIBED"]) > 1.5 * np.median(steep["ILL_DEFINED"])


def test_dense_breasts_are_brighter() -> None:
    reader = PhantomReader(patients=60, rows=SMALL)
    bright: dict[object, list[float]] = {}
    for case in reader.cases():
        if case.columns["view"] == "CC" and case.columns["abnormality_id"] == 1:
            image = reader.load(case)[0].image
            breast = image > 400
            bright.setdefault(case.columns["breast_density"], []).append(float((image[breast] > 1250).mean()))
    middles = [np.mean(bright[grade]) for grade in (1, 2, 3, 4)]
    assert middles == sorted(middles)
    assert middles[3] > 2 * middles[0]


@pytest.mark.parametrize("beta", [2.0, 3.0])
def test_the_random_field_follows_its_power_law(beta: float) -> None:
    field = power_law((512, 512), beta=beta, pixel_mm=0.25, coarsest_mm=1000.0, rng=np.random.default_rng(0))
    assert field.mean() == pytest.approx(0, abs=1e-4)
    assert field.std() == pytest.approx(1, rel=1e-4)
    assert slope(field, 4, 200) == pytest.approx(-beta, abs=0.12)


def test_parenchyma_has_the_spectrum_of_mammograms(samples: list[tuple[Case, Sample]]) -> None:
    """Exponents measured on mammograms lie about 3 (Burgess 2001: 2.5 to 3.5)."""
    slopes = []
    for case, sample in samples:
        if case.columns["view"] == "CC" and case.columns["abnormality_id"] == 1:
            image = sample.image if case.columns["laterality"] == "LEFT" else sample.image[:, ::-1]
            patch = image[SMALL // 2 - 48 : SMALL // 2 + 48, 10:106].astype(float)
            slopes.append(slope((patch - patch.mean()) * np.outer(np.hanning(96), np.hanning(96)), 3, 30))
    assert -3.6 < np.mean(slopes) < -2.4


def slope(field: np.ndarray, low: int, high: int) -> float:
    """Slope of the radially averaged power spectrum in log-log, over frequencies low to high (cycles)."""
    power = np.abs(np.fft.fft2(field)) ** 2
    f = np.fft.fftfreq(field.shape[0]) * field.shape[0]
    radius = np.rint(np.hypot(f[:, None], f[None, :])).astype(int)
    mean = np.bincount(radius.ravel(), power.ravel()) / np.bincount(radius.ravel())
    k = np.arange(low, high)
    return float(np.polyfit(np.log(k), np.log(mean[k]), 1)[0])


def test_classes_overlap_and_can_be_told_apart(samples: list[tuple[Case, Sample]]) -> None:
    """A plain logistic regression on plain features, patients kept together, is neither blind nor perfect."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = np.array([plain_features(sample) for _, sample in samples])
    malignant = np.array([case.columns["malignant"] for case, _ in samples])
    patients = np.array([case.patient_id for case, _ in samples])
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    p = cross_val_predict(model, features, malignant, groups=patients, cv=folds, method="predict_proba")
    assert 0.70 < roc_auc_score(malignant, p[:, 1]) < 0.92


def plain_features(sample: Sample) -> list[float]:
    mask, image = sample.mask, sample.image.astype(float)
    outside = ndimage.distance_transform_edt(~mask)
    inside = image[mask]
    edge = (mask & ~ndimage.binary_erosion(mask)).sum()
    ring = image[(outside > 2) & (outside <= 6)]
    rim = image[(outside > 0) & (outside <= 2)]
    return [
        float(np.log(mask.sum())),
        edge / np.sqrt(mask.sum()),
        (inside.mean() - ring.mean()) / 1000,
        (rim.mean() - ring.mean()) / 1000,
        inside.std() / inside.mean(),
    ]


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"patients": 0}, "patients"), ({"seed": -1}, "seed"), ({"rows": 20}, "rows"), ({"rows": 9000}, "rows")],
)
def test_settings_out_of_range_are_refused(settings: dict[str, int], word: str) -> None:
    with pytest.raises(InputError, match=word):
        PhantomReader(**settings)


def test_a_case_of_another_collection_is_refused() -> None:
    reader = PhantomReader(patients=2)
    with pytest.raises(InputError, match="not a case"):
        reader.load(PhantomReader(patients=3).cases()[-1])
    with pytest.raises(InputError, match="not a case"):
        reader.load(Case("x", "x"))


@pytest.mark.parametrize("size", [128, 333, 1000])
def test_every_size_shows_the_same_anatomy(size: int) -> None:
    reader = PhantomReader(patients=1, rows=size)
    sample = reader.load(reader.cases()[0])[0]
    reference = PhantomReader(patients=1)
    expected = reference.load(reference.cases()[0])[0]
    assert sample.image.shape == (size, round(0.8 * size))
    ratio = sample.mask.sum() / expected.mask.sum() * (700 / size) ** 2
    assert ratio == pytest.approx(1, abs=0.08)
