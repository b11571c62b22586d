"""A row is the same to the bit whatever shares its batch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from radiomics_mammo import FeatureExtractor
from radiomics_mammo.compute.reductions import divide, mean_over_angles, total
from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines import cpu
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.recipes.recipe import recipe_from

RECIPES = [
    {"setting": {"binWidth": 1}},
    {"setting": {"binCount": 64}},
    {"setting": {"binWidth": 25, "symmetricalGLCM": False, "distances": [1, 3]}},
    {"setting": {"binCount": 16, "weightingNorm": "euclidean", "gldm_a": 1}},
]


def sample(seed: int, *, size: int = 30, top: int = 60, spacing: tuple[float, float] | None = None) -> Sample:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, : size + seed % 5]
    image = rng.integers(0, top, y.shape)
    mask = np.hypot(y - size / 2, x - size / 2) < size * (0.25 + 0.05 * (seed % 4))
    mask &= rng.random(y.shape) < 0.95
    return Sample(f"case-{seed}", f"P_{seed}", image.astype(np.uint16), mask, spacing)


def collection() -> list[Sample]:
    """Regions of many sizes and numbers of levels, one of them with 5,000."""
    samples = [
        sample(seed, size=12 + 7 * (seed % 6), top=[3, 60, 250, 1000][seed % 4], spacing=[None, (0.1, 0.07)][seed % 2])
        for seed in range(14)
    ]
    return [*samples, sample(99, size=80, top=5000)]


SAMPLES = collection()


def rows(engine: CpuEngine, samples: list[Sample]) -> dict[str, bytes]:
    results = engine.measure(samples).results
    assert all(isinstance(r, np.ndarray) for r in results), results
    return {s.case_id: r.tobytes() for s, r in zip(samples, results, strict=True)}


@pytest.fixture(scope="module", params=RECIPES, ids=str)
def engine(request) -> CpuEngine:
    return CpuEngine(recipe_from(request.param))


@pytest.fixture(scope="module")
def alone(engine) -> dict[str, bytes]:
    return {s.case_id: rows(engine, [s])[s.case_id] for s in SAMPLES}


def test_together_is_as_alone(engine, alone):
    assert rows(engine, SAMPLES) == alone


def test_the_order_does_not_matter(engine, alone):
    assert rows(engine, SAMPLES[::-1]) == alone
    shuffled = [SAMPLES[k] for k in np.random.default_rng(5).permutation(len(SAMPLES))]
    assert rows(engine, shuffled) == alone


@pytest.mark.parametrize(
    "neighbour", [SAMPLES[-1], SAMPLES[0], sample(7, size=150, top=2)], ids=["5,000 levels", "3", "2"]
)
def test_the_neighbour_does_not_matter(engine, alone, neighbour):
    for one in SAMPLES[1:6]:
        found = engine.measure([neighbour, one, neighbour]).results[1]
        assert found.tobytes() == alone[one.case_id]


@pytest.mark.parametrize(("pixels", "levels"), [(1, 10**9), (10**12, 1), (1, 1), (10**12, 10**9), (3000, 1500)])
def test_the_bounds_of_a_batch_do_not_matter(engine, alone, monkeypatch, pixels, levels):
    monkeypatch.setattr(cpu, "BATCH_PIXELS", pixels)
    monkeypatch.setattr(cpu, "BATCH_LEVELS", levels)
    assert rows(engine, SAMPLES) == alone


def test_many_of_one_kind(engine):
    """Folding sums over a longer axis, or padded levels, would show here."""
    (row,) = set(rows(engine, [sample(3)]).values())
    many = [Sample(str(k), "", sample(3).image, sample(3).mask) for k in range(40)]
    assert set(rows(engine, many).values()) == {row}


def test_a_bad_sample_neither_moves_nor_changes_the_others(engine, alone):
    empty = Sample("empty", "P", np.zeros((9, 9)), np.zeros((9, 9), dtype=bool))
    nan = Sample("nan", "P", np.full((9, 9), np.nan), np.ones((9, 9), dtype=bool))
    mixed = [empty, SAMPLES[0], nan, SAMPLES[1], SAMPLES[2], empty]
    results = engine.measure(mixed).results
    assert [isinstance(r, Failure) for r in results] == [True, False, True, False, False, True]
    assert [r.case_id for r in results if isinstance(r, Failure)] == ["empty", "nan", "empty"]
    for one, result in zip(mixed, results, strict=True):
        if isinstance(result, np.ndarray):
            assert result.tobytes() == alone[one.case_id]


def test_nothing_at_all(engine):
    assert engine.measure([]).results == []


def test_nothing_is_remembered_by_identity():
    """flash-radiomics kept images under their id(), which Python gives again: another region's values came back."""
    engine = CpuEngine(recipe_from({"setting": {"binCount": 16}}))
    expected = {seed: rows(CpuEngine(engine.recipe), [sample(seed)])[f"case-{seed}"] for seed in range(20)}
    addresses = set()
    for _ in range(3):
        for seed in range(20):
            fleeting = sample(seed)
            addresses.add(id(fleeting.image))
            assert rows(engine, [fleeting])[fleeting.case_id] == expected[seed]
            del fleeting
    assert len(addresses) < 60  # identities were used again, or this would prove nothing


def test_an_image_changed_in_place_is_measured_anew():
    engine = CpuEngine(recipe_from({"setting": {"binCount": 16}}))
    one = sample(1)
    before = rows(engine, [one])
    one.image[one.mask] = one.image[one.mask][::-1] // 2
    after = rows(engine, [one])
    assert before != after
    assert after == rows(CpuEngine(engine.recipe), [one])


def test_two_engines_do_not_disturb_each_other(alone, engine):
    other = CpuEngine(recipe_from({"setting": {"binCount": 5, "distances": [2]}}))
    for one in SAMPLES[:5]:
        other.measure([one])
        assert rows(engine, [one])[one.case_id] == alone[one.case_id]


def test_execute_gives_the_row_of_the_batch(engine, alone):
    extractor = FeatureExtractor(engine.recipe, engine="cpu")
    for one in SAMPLES[:6]:
        row = extractor.execute(one.image, one.mask, spacing=one.spacing)
        found = np.array([row[name] for name in engine.feature_names])
        assert found.tobytes() == alone[one.case_id]


def test_fewer_features_are_the_same_features(engine, alone):
    chosen = {"glcm": ["Contrast", "MCC"], "firstorder": ["Mean"], "glszm": []}
    few = CpuEngine(recipe_from({"setting": _setting(engine), "featureClass": chosen}))
    for one in SAMPLES[:4]:
        whole = dict(zip(engine.feature_names, np.frombuffer(alone[one.case_id]), strict=True))
        found = dict(zip(few.feature_names, few.measure([one]).results[0], strict=True))
        assert found == {name: whole[name] for name in found}


def _setting(engine: CpuEngine) -> dict[str, object]:
    import yaml

    return yaml.safe_load(engine.recipe.text)["setting"]


FLOATS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=40), elements=st.floats(-1e6, 1e6))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(FLOATS, st.integers(0, 70))
def test_total_is_the_sum_and_zeros_behind_do_not_change_a_bit(a, zeros):
    found = total(a)
    exact = np.apply_along_axis(math.fsum, -1, a)
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-8)
    padded = np.concatenate([a, np.zeros((*a.shape[:-1], zeros))], axis=-1)
    np.testing.assert_array_equal(total(padded), found)


def folded(a: np.ndarray) -> np.ndarray:
    """The order of additions that every engine keeps: the upper half onto the lower, until one is left."""
    size = 1
    while size < a.shape[-1]:
        size *= 2
    b = np.concatenate([a, np.zeros((*a.shape[:-1], size - a.shape[-1]))], axis=-1)
    while size > 1:
        size //= 2
        b = b[..., :size] + b[..., size:]
    return b[..., 0]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 17, 64, 65, 129, 1000])
def test_total_adds_in_one_order_whatever_lies_behind(n):
    a = np.random.default_rng(n).normal(size=(4, 3, n))
    assert total(a).tobytes() == folded(a).tobytes()
    strided = np.repeat(a, 2, axis=-1)[..., ::2]
    assert total(strided).tobytes() == folded(a).tobytes()
    for zeros in (1, 7, 100):
        padded = np.concatenate([a, np.zeros((4, 3, zeros))], axis=-1)
        assert total(padded).tobytes() == total(a).tobytes()


def test_division_and_means_leave_out_what_is_not_there():
    nan = np.nan
    a = np.array([[1.0, 2.0, nan, 3.0], [nan, nan, nan, nan], [4.0, nan, nan, nan]])
    np.testing.assert_array_equal(mean_over_angles(a, xp=np), [2.0, nan, 4.0])
    quotient = divide(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0]), xp=np, otherwise=7.0)
    np.testing.assert_array_equal(quotient, [0.5, 7.0, 7.0])
